//! The recorder behind the `metrics` macros, and its page in Prometheus' text form.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::names::{self, Kind};
use crate::allocator;

/// Upper bounds in seconds: from a cached answer to the longest wait.
const SECONDS: [f64; 15] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 100.0];

/// How often samples are moved into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Held while installing, so that two first calls at once do not meet.
static INSTALLED: Mutex<Option<Metrics>> = Mutex::new(None);

/// The process's metrics. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Starts counting; later calls give the same metrics.
    ///
    /// Errors: another recorder was installed in this process before the first call.
    pub fn install() -> Result<Self, BuildError> {
        let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(metrics) = installed.as_ref() {
            return Ok(metrics.clone());
        }
        let metrics = Self(builder()?.install_recorder()?);
        describe();
        Ok(installed.insert(metrics).clone())
    }

    /// The page of `/metrics`, `text/plain; version=0.0.4`.
    pub fn render(&self) -> String {
        if let Some(bytes) = allocator::resident() {
            gauge!(names::MEMORY).set(bytes as f64);
        }
        self.0.render()
    }

    /// Keeps memory bounded between two looks at the page. To be spawned by whoever starts the server; never ends.
    pub async fn upkeep(self) {
        let mut clock = tokio::time::interval(UPKEEP);
        loop {
            clock.tick().await;
            self.0.run_upkeep();
        }
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
}

fn describe() {
    for metric in names::ALL {
        match metric.kind {
            Kind::Counter => describe_counter!(metric.name, metric.help),
            Kind::Gauge => describe_gauge!(metric.name, metric.help),
            Kind::Histogram => describe_histogram!(metric.name, metric.help),
        }
    }
    gauge!(names::BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// Counts a request that was refused for its credentials. The reason is one of a few words.
pub fn count_refused_credential(reason: &'static str) {
    counter!(names::AUTH_REFUSALS, "reason" => reason).increment(1);
}

/// Counts an answered request. The route is its template.
pub(super) fn count_request(method: &'static str, route: String, status: u16, took: Duration) {
    // A thread that is ending counts no more.
    let _ = REQUESTS.try_with(|requests| requests.borrow_mut().count(method, route, status, took));
}

/// Does something with the number of requests at work.
pub(super) fn in_flight(change: impl FnOnce(&Gauge)) {
    let _ = IN_FLIGHT.try_with(change);
}

thread_local! {
    /// Handles of this thread's own: to find one among all metrics takes a lock that all threads share, and copies of
    /// all labels.
    static REQUESTS: RefCell<Requests> = RefCell::default();
    static IN_FLIGHT: Gauge = gauge!(names::HTTP_IN_FLIGHT);
}

/// The counts of requests, by method, route and status.
#[derive(Default)]
struct Requests(HashMap<(&'static str, String, u16), (Counter, Histogram)>);

impl Requests {
    fn count(&mut self, method: &'static str, route: String, status: u16, took: Duration) {
        let (requests, duration) = self.0.entry((method, route, status)).or_insert_with_key(|(method, route, _)| {
            (
                counter!(names::HTTP_REQUESTS, "method" => *method, "route" => route.clone(), "status" => status.to_string()),
                histogram!(names::HTTP_DURATION, "method" => *method, "route" => route.clone()),
            )
        });
        requests.increment(1);
        duration.record(took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_counters_buckets_and_help() {
        let recorder = builder().unwrap().build_recorder();
        let page = Metrics(recorder.handle());
        let text = metrics::with_local_recorder(&recorder, || {
            describe();
            Requests::default().count("GET", "/v1/{table}".to_owned(), 200, Duration::from_millis(3));
            count_refused_credential("missing");
            page.render()
        });
        for line in [
            "# HELP flattap_http_requests_total Requests answered.",
            "# TYPE flattap_http_request_duration_seconds histogram",
            "flattap_http_requests_total{method=\"GET\",route=\"/v1/{table}\",status=\"200\"} 1",
            "flattap_http_request_duration_seconds_bucket{method=\"GET\",route=\"/v1/{table}\",le=\"0.0025\"} 0",
            "flattap_http_request_duration_seconds_bucket{method=\"GET\",route=\"/v1/{table}\",le=\"0.005\"} 1",
            "flattap_auth_refusals_total{reason=\"missing\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(text.contains("flattap_build_info{version="), "{text}");
    }

    #[test]
    fn everyone_who_installs_at_once_gets_the_same_metrics() {
        let all: Vec<Metrics> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Metrics::install().unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        count_refused_credential("test_of_installing");
        let line = "flattap_auth_refusals_total{reason=\"test_of_installing\"} 1";
        assert!(all.iter().all(|one| one.render().contains(line)));
    }
}
