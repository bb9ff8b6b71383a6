//! Every metric: name, kind, labels, meaning. One table; `/metrics` prints its help texts.
//!
//! Prometheus' conventions: base units, `_total` for counters, `_seconds` and `_bytes` in the name. Labels have few
//! values: routes are templates, never paths; callers, event names and property names are no labels.

pub const HTTP_REQUESTS: &str = "flattap_http_requests_total";
pub const HTTP_DURATION: &str = "flattap_http_request_duration_seconds";
pub const HTTP_IN_FLIGHT: &str = "flattap_http_requests_in_flight";
pub const AUTH_REFUSALS: &str = "flattap_auth_refusals_total";
pub const UPSTREAM_REQUESTS: &str = "flattap_upstream_requests_total";
pub const UPSTREAM_DURATION: &str = "flattap_upstream_request_duration_seconds";
pub const UPSTREAM_SLOTS: &str = "flattap_upstream_slots_in_use";
pub const FILLS: &str = "flattap_fills_total";
pub const FILL_DURATION: &str = "flattap_fill_duration_seconds";
pub const FILL_ROWS: &str = "flattap_fill_rows_total";
pub const STORE_COMMITS: &str = "flattap_store_commits_total";
pub const ANSWERS: &str = "flattap_answers_total";
pub const ANSWER_BYTES: &str = "flattap_answer_bytes_total";
pub const CACHE_BYTES: &str = "flattap_answer_cache_bytes";
pub const BUILD: &str = "flattap_build_info";
pub const MEMORY: &str = "process_resident_memory_bytes";

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

const fn metric(name: &'static str, kind: Kind, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind, labels, help }
}

/// All metrics, in the order of a request.
pub const ALL: [Metric; 16] = [
    metric(HTTP_REQUESTS, Kind::Counter, &["method", "route", "status"], "Requests answered."),
    metric(HTTP_DURATION, Kind::Histogram, &["method", "route"], "Time until the head of the answer."),
    metric(HTTP_IN_FLIGHT, Kind::Gauge, &[], "Requests at work, until the last byte is sent."),
    metric(AUTH_REFUSALS, Kind::Counter, &["reason"], "Requests refused for their credentials."),
    metric(UPSTREAM_REQUESTS, Kind::Counter, &["account", "api", "outcome"], "Requests sent to CleverTap."),
    metric(UPSTREAM_DURATION, Kind::Histogram, &["account", "api"], "Time until CleverTap's answer was read."),
    metric(UPSTREAM_SLOTS, Kind::Gauge, &["account", "api"], "Requests to CleverTap in flight."),
    metric(FILLS, Kind::Counter, &["account", "table", "outcome"], "Fills of days that ended."),
    metric(FILL_DURATION, Kind::Histogram, &["account", "table"], "Time a fill took."),
    metric(FILL_ROWS, Kind::Counter, &["account", "table"], "Rows written by fills."),
    metric(STORE_COMMITS, Kind::Counter, &["table", "outcome"], "Commits to the store."),
    metric(ANSWERS, Kind::Counter, &["format", "from"], "Tables answered, by cache, store or upstream."),
    metric(ANSWER_BYTES, Kind::Counter, &["format"], "Bytes of answered tables, as sent."),
    metric(CACHE_BYTES, Kind::Gauge, &[], "Bytes of finished answers in memory."),
    metric(BUILD, Kind::Gauge, &["version"], "Always 1; the version is the label."),
    metric(MEMORY, Kind::Gauge, &[], "Resident memory of the process."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        for metric in ALL {
            assert_eq!(metric.kind == Kind::Counter, metric.name.ends_with("_total"), "{}", metric.name);
            assert_eq!(metric.kind == Kind::Histogram, metric.name.ends_with("_seconds"), "{}", metric.name);
            assert!(metric.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", metric.name);
        }
        let mut names: Vec<&str> = ALL.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
