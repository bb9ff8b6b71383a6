//! The catalogue: every code, its status, who has to act, and what to do about it.
//!
//! Codes are part of the interface. A code keeps its meaning for good; one that is no longer used moves to
//! [`RETIRED`] and is never given again. The page `/docs/errors` and the OpenAPI document are made from this table.

use actix_web::http::StatusCode;

/// Who has to act so that the refusal goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Whoever wrote the request or holds the credential.
    Caller,
    /// CleverTap, or whoever keeps the account's settings.
    CleverTap,
    /// Whoever runs this server.
    Gateway,
    /// Nobody: it passes by waiting.
    Nobody,
}

/// One line of the catalogue.
#[derive(Debug)]
pub struct Entry {
    pub code: Code,
    pub name: &'static str,
    pub status: StatusCode,
    pub fault: Fault,
    /// The same for every occurrence; also the reason phrase, because some tools show nothing else.
    pub title: &'static str,
    pub meaning: &'static str,
    pub hint: &'static str,
}

macro_rules! codes {
    ($($code:ident $name:literal $status:ident $fault:ident $title:literal $meaning:literal $hint:literal;)*) => {
        /// What went wrong, as a program can tell it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($code,)* }

        static CATALOGUE: &[Entry] = &[$(Entry {
            code: Code::$code,
            name: $name,
            status: StatusCode::$status,
            fault: Fault::$fault,
            title: $title,
            meaning: $meaning,
            hint: $hint,
        },)*];
    };
}

codes! {
    AuthMissing "auth_missing" UNAUTHORIZED Caller
        "A key is needed"
        "The request shows no key and no token."
        "Send the key as the password of Basic authentication, as `Authorization: Bearer KEY`, as `X-API-Key: KEY`, or as `?api_key=KEY` where that is allowed.";
    AuthInvalid "auth_invalid" UNAUTHORIZED Caller
        "The key is not valid"
        "The key or token is unknown, expired, or not meant for this server."
        "Check that the whole key was copied and that it has not expired. A token must not be older than its `exp`.";
    AuthAmbiguous "auth_ambiguous" BAD_REQUEST Caller
        "Two different callers"
        "The request shows two valid credentials that name different callers."
        "Send one credential. A tool may add its stored one to the one in the URL.";
    AuthForbidden "auth_forbidden" FORBIDDEN Caller
        "This key may not do that"
        "The caller is known but has no right to do this, and another credential would have it."
        "Ask whoever runs this server for a key with that right.";

    AuthUnavailable "auth_unavailable" SERVICE_UNAVAILABLE Gateway
        "Tokens cannot be checked now"
        "The keys of the identity provider are not at hand, so no token can be checked."
        "Try again in a moment. Keys of this server work meanwhile.";

    RequestPrecondition "request_precondition" PRECONDITION_FAILED Caller
        "The answer is another one by now"
        "`If-Match` or `If-Unmodified-Since` names an answer that is not, or no longer, the one at this address."
        "Ask without the condition.";
    RequestUnknownParameter "request_unknown_parameter" BAD_REQUEST Caller
        "Unknown parameter"
        "A word of the query string or of the body is not one of those that this address takes."
        "Parameter names are lower-case; the list is in the API description.";
    RequestBadParameter "request_bad_parameter" BAD_REQUEST Caller
        "A parameter has a wrong value"
        "A value is not of the form that the parameter takes, or the period is empty."
        "The detail says which values are right.";
    RequestRepeatedParameter "request_repeated_parameter" BAD_REQUEST Caller
        "A parameter is repeated"
        "A parameter that takes one value stands in the request several times."
        "Leave all but one away. The description of each parameter says whether it may be repeated.";
    RequestMissingParameter "request_missing_parameter" BAD_REQUEST Caller
        "A parameter is missing"
        "The table cannot be read without this parameter."
        "Add the parameter that the detail names.";
    RequestContradiction "request_contradiction" BAD_REQUEST Caller
        "Two parameters contradict each other"
        "Both parameters say the same thing in different ways."
        "Leave one of them away. A period is `range` alone, or `from` with either `to` or `until`.";
    RequestPeriodTooLong "request_period_too_long" BAD_REQUEST Caller
        "The period is too long"
        "The period has more days than one request may ask for."
        "Ask for a shorter period, several times if need be.";
    RequestMalformed "request_malformed" BAD_REQUEST Caller
        "The request cannot be read"
        "The query string or the body is not readable: a broken percent-encoding, text that is not UTF-8, or broken JSON."
        "In a URL a space is `%20` or `+`, a percent sign `%25`, an ampersand inside a value `%26`.";
    RequestUnknownPath "request_unknown_path" NOT_FOUND Caller
        "There is nothing at this address"
        "No table, page or function has this address."
        "Tables are at /v1/{table}.csv, and /v1/tables lists them.";
    RequestMethod "request_method" METHOD_NOT_ALLOWED Caller
        "This method is not possible here"
        "The address exists, but not for this method. The header `Allow` lists those that it takes."
        "Tables are read with GET.";
    RequestNotAcceptable "request_not_acceptable" NOT_ACCEPTABLE Caller
        "None of the accepted forms is offered"
        "The header `Accept` names no format, or `Accept-Encoding` no coding, that this server writes."
        "Put the format into the address instead, such as `.csv` or `.json`; an extension beats the header.";
    RequestBadSql "request_bad_sql" BAD_REQUEST Caller
        "The SQL cannot be run"
        "The query is not one SELECT, names a column that is not there, or computes something that cannot be computed."
        "The detail says where. `/v1/tables` lists the tables and what they are called in SQL; names with capitals stand in double quotes.";
    RequestQueryLimit "request_query_limit" PAYLOAD_TOO_LARGE Caller
        "The query needs too much"
        "The query needs more memory, time or rows than one query may take."
        "Narrow it: fewer days, fewer columns, a filter before a join, an aggregate instead of rows.";
    RequestTooLarge "request_too_large" PAYLOAD_TOO_LARGE Caller
        "The body is too large"
        "The body of the request is larger than any that is understood here."
        "A query in SQL has 64 KiB at most; a refresh is a small JSON object.";
    RequestUriTooLong "request_uri_too_long" URI_TOO_LONG Caller
        "The address is too long"
        "The query string is longer, or has more parameters, than a request may have."
        "Ask for fewer events in one request. A long query in SQL can be the body of `POST /v1/sql.{format}`.";
    RequestMediaType "request_media_type" UNSUPPORTED_MEDIA_TYPE Caller
        "The body is of another kind"
        "The header `Content-Type` names a kind of body that is not understood here."
        "Send the header `Content-Type: application/json`.";
    RequestUnsupported "request_unsupported" NOT_IMPLEMENTED Caller
        "OData has that, and this server has not"
        "The request uses a part of OData that is not served here, such as `$expand`, `$search`, `$apply` or `$batch`."
        "Served are `$select`, `$filter`, `$orderby`, `$top`, `$skip`, `$count`, `$format`, `/$count` and single entities by key.";
    RequestRange "request_range" RANGE_NOT_SATISFIABLE Caller
        "That part of the answer does not exist"
        "The header `Range` asks for bytes beyond the end of the answer."
        "Ask without `Range`, or look up the size with HEAD first.";
    RequestRateLimited "request_rate_limited" TOO_MANY_REQUESTS Caller
        "Too many requests with this key"
        "This key has used up its number of requests for now."
        "Wait as long as `Retry-After` says, or refresh less often.";
    RequestTooMany "request_too_many" SERVICE_UNAVAILABLE Nobody
        "Too many requests at once"
        "The server is answering as many requests as it may."
        "Try again after the seconds in `Retry-After`.";

    TableUnknown "table_unknown" NOT_FOUND Caller
        "There is no such table"
        "No table of this name exists for this key."
        "/v1/tables lists the tables that this key may read.";
    TableUnknownAccount "table_unknown_account" NOT_FOUND Caller
        "There is no such account"
        "No account of this name exists for this key."
        "Leave `account` away when the key sees one account only.";
    TableUnknownEvent "table_unknown_event" NOT_FOUND Caller
        "There is no such event"
        "The CleverTap project has no event of this name, or not for this key."
        "Event names are written exactly as CleverTap shows them, capitals and spaces included.";
    TableUnknownRow "table_unknown_row" NOT_FOUND Caller
        "There is no such row"
        "No row of this key is in the table, in the period that was asked for."
        "Without `from`, `to` or `range` only the last 30 days are looked at.";
    TableGone "table_gone" GONE Caller
        "The data of this page is gone"
        "The address of a next page is good for two days, and as long as the data that the first page came from is kept: a day after it was replaced."
        "Begin again with the first page.";
    TableUnknownFormat "table_unknown_format" NOT_FOUND Caller
        "There is no such format"
        "The extension of the address is no format that this server writes."
        "Use one of the listed extensions.";
    TableUnfit "table_unfit" PAYLOAD_TOO_LARGE Caller
        "The table does not fit this format"
        "The table has more rows, more columns or longer texts than the format can hold. Nothing is cut to make it fit."
        "Ask for a shorter period or fewer rows, or for `csv` or `parquet`, which have no such limit.";
    TableUnknownJob "table_unknown_job" NOT_FOUND Caller
        "There is no such job"
        "No loading job of this id is known for this key. Finished jobs are forgotten after a while and at a restart."
        "/v1/jobs lists the jobs that are known.";
    TableLoading "table_loading" SERVICE_UNAVAILABLE Nobody
        "The data is still loading"
        "CleverTap is still being read for this period. Loading goes on without anybody waiting."
        "Try again after the seconds in `Retry-After`; most tools do so by themselves. The first load of a long period can take minutes.";

    UpstreamUnauthorized "upstream_unauthorized" BAD_GATEWAY CleverTap
        "CleverTap refuses the account's credentials"
        "CleverTap does not accept the account id and passcode that this server is configured with."
        "CleverTap answers alike in four cases, so check all of them: a wrong account id or passcode; a wrong region; a user passcode that has expired (they last 1 to 365 days), or a project switched to user passcodes; an IP restriction that leaves this server out. `flattap check` tries the credentials.";
    UpstreamRefused "upstream_refused" BAD_GATEWAY CleverTap
        "CleverTap refuses the request"
        "CleverTap understood the request and declined it. Its own words are in the detail."
        "The detail says what CleverTap said. Some events cannot be exported, such as those of notifications, but they can be counted.";
    UpstreamMalformed "upstream_malformed" BAD_GATEWAY CleverTap
        "CleverTap's answer cannot be read"
        "CleverTap answered with something that is none of the shapes it documents. Nothing of it was kept."
        "Try again later. If it stays, tell whoever runs this server.";
    UpstreamOverloaded "upstream_overloaded" SERVICE_UNAVAILABLE CleverTap
        "CleverTap is overloaded"
        "CleverTap turned requests away as too many, again and again. Other tools may be using the same account."
        "Try again after the seconds in `Retry-After`.";
    UpstreamUnavailable "upstream_unavailable" SERVICE_UNAVAILABLE CleverTap
        "CleverTap cannot be reached"
        "CleverTap is down, the connection broke again and again, or this server has no way to it."
        "Try again after the seconds in `Retry-After`.";
    UpstreamTimeout "upstream_timeout" GATEWAY_TIMEOUT CleverTap
        "CleverTap did not answer in time"
        "CleverTap was asked and did not finish its answer in the time that one page may take."
        "Try again later, or ask for a shorter period.";

    StoreUnavailable "store_unavailable" SERVICE_UNAVAILABLE Gateway
        "The store cannot be used"
        "The place where loaded days are kept cannot be read or written."
        "Try again later. Whoever runs this server finds the cause in its log.";
    StoreFull "store_full" INSUFFICIENT_STORAGE Gateway
        "The store is full"
        "There is no room left to keep loaded days or large answers, or for what a query puts aside while it works."
        "Whoever runs this server has to make room. Days that are already kept can still be read.";

    Internal "internal" INTERNAL_SERVER_ERROR Gateway
        "Something went wrong in this server"
        "A mistake in this server, not in the request. The cause is in its log."
        "Tell whoever runs this server, with the `request_id`.";
}

/// Codes of the past, with the reason. They are never given again.
pub const RETIRED: &[(&str, &str)] = &[];

/// All codes, in the order in which a request can meet them.
pub fn catalogue() -> &'static [Entry] {
    CATALOGUE
}

impl Code {
    pub fn entry(self) -> &'static Entry {
        // The catalogue is written by the macro that writes the enum, in the same order.
        &CATALOGUE[self as usize]
    }

    pub fn name(self) -> &'static str {
        self.entry().name
    }

    pub fn status(self) -> StatusCode {
        self.entry().status
    }

    /// Seconds to wait before trying again when nothing better is known. Upstream failures are remembered for half a
    /// minute, so trying again sooner gives the same answer.
    pub(super) fn retry_after(self) -> Option<u64> {
        match self {
            Self::RequestTooMany => Some(2),
            Self::AuthUnavailable | Self::RequestRateLimited | Self::TableLoading | Self::StoreUnavailable => Some(10),
            Self::UpstreamOverloaded | Self::UpstreamUnavailable | Self::UpstreamTimeout => Some(30),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const GROUPS: [&str; 5] = ["auth_", "request_", "table_", "upstream_", "store_"];

    #[test]
    fn every_code_finds_its_own_entry() {
        for entry in catalogue() {
            assert_eq!(entry.code.entry().name, entry.name);
        }
    }

    #[test]
    fn codes_are_unique_grouped_and_never_taken_from_the_retired() {
        let mut seen: HashSet<_> = RETIRED.iter().map(|(name, _)| *name).collect();
        for entry in catalogue() {
            assert!(seen.insert(entry.name), "{} twice", entry.name);
            assert!(entry.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", entry.name);
            assert!(
                entry.name == "internal" || GROUPS.iter().any(|group| entry.name.starts_with(group)),
                "{}",
                entry.name
            );
        }
    }

    #[test]
    fn every_entry_speaks_to_people() {
        for entry in catalogue() {
            assert!(entry.status.is_client_error() || entry.status.is_server_error(), "{}", entry.name);
            assert!(entry.title.is_ascii() && !entry.title.ends_with('.'), "{}", entry.name);
            assert!(entry.meaning.ends_with('.') && entry.hint.ends_with('.'), "{}", entry.name);
        }
    }

    #[test]
    fn a_caller_is_never_told_to_wait_for_their_own_mistake() {
        for entry in catalogue() {
            let passes = entry.code.retry_after().is_some();
            assert_eq!(passes, matches!(entry.status.as_u16(), 429 | 503 | 504), "{}", entry.name);
        }
    }

    #[test]
    fn the_hint_of_refused_credentials_names_every_cause_that_looks_the_same() {
        let hint = Code::UpstreamUnauthorized.entry().hint;
        for cause in ["passcode", "region", "expired", "IP restriction"] {
            assert!(hint.contains(cause), "{cause}");
        }
    }
}
