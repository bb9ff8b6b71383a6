//! Does each API that the gateway reads answer this account? One cheap call each, for `flattap check`.
//!
//! The APIs are asked at the same time: each has slots of its own, and without a network the check does not take the
//! sum of their limits.

use futures_util::future::{BoxFuture, FutureExt, join_all};
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::account::CleverTap;
use super::call::{Call, Patience};
use super::error::UpstreamError;
use super::events::{EVENTS, EventQuery};
use super::export::Export;
use super::filters::Filters;
use super::message_reports::MessageQuery;
use super::pacing::{Api, Rank, RankHandle};
use super::profiles::PROFILES;
use super::{campaigns, event_count, message_reports, real_time, schema};
use crate::period::Days;

/// An event that nearly every project has.
const USUAL_EVENT: &str = "App Launched";

/// What one API said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiCheck {
    /// The name that the metrics use too.
    pub api: &'static str,
    /// Whether it answers this account.
    pub result: Result<(), UpstreamError>,
    /// How many events the project knows; only with the schema.
    pub events: Option<usize>,
}

impl CleverTap {
    /// Asks each API once, or twice after a hiccup. `today` is the project's day. The same order every time; an event
    /// that the project does not have is an answer too.
    pub async fn check_apis(&self, today: Date) -> Vec<ApiCheck> {
        let days = Days::one(today);
        let query = EventQuery { event_name: USUAL_EVENT.to_owned(), days, filters: Filters::default() };
        let messages = MessageQuery { days, daily: false, lists: Vec::new() };
        let posted: [(Api, &'static str, Map<String, Value>); 4] = [
            (event_count::API, event_count::PATH, query.body()),
            (campaigns::API, campaigns::PATH, campaigns::body(days)),
            (message_reports::API, message_reports::PATH, messages.body()),
            (real_time::API, real_time::PATH, Map::new()),
        ];
        let [count, rest @ ..] = posted.map(|(api, path, body)| self.post_once(api, path, body.into()).boxed());
        let checks: Vec<BoxFuture<'_, ApiCheck>> = [
            self.open_once(&EVENTS, &query).boxed(),
            count,
            self.open_once(&PROFILES, &query).boxed(),
            self.read_schema().boxed(),
        ]
        .into_iter()
        .chain(rest)
        .collect();
        join_all(checks).await
    }

    async fn open_once(&self, export: &Export, query: &EventQuery) -> ApiCheck {
        let opened = export.open(self, query, &waiting(), self.for_a_check()).await;
        told(export.api, opened.map(drop))
    }

    async fn post_once(&self, api: Api, path: &'static str, body: Value) -> ApiCheck {
        let (rank, party) = (waiting(), "".into());
        let call = Call::post(api, path, &body, &rank, &party, self.for_a_check());
        told(api, self.ask(&call).await.map(drop))
    }

    async fn read_schema(&self) -> ApiCheck {
        let known = self.events_known(&waiting(), self.for_a_check()).await;
        let events = known.as_ref().ok().copied();
        ApiCheck { events, ..told(schema::API, known.map(drop)) }
    }

    fn for_a_check(&self) -> Patience {
        Patience::for_a_check(&self.inner.tuning)
    }
}

fn waiting() -> RankHandle {
    Rank::Waiting.into()
}

fn told(api: Api, result: Result<(), UpstreamError>) -> ApiCheck {
    let result = match result {
        // It answers; this project is an unusual one.
        Err(UpstreamError::UnknownEvent { .. }) => Ok(()),
        result => result,
    };
    ApiCheck { api: api.0, result, events: None }
}

#[cfg(test)]
mod tests {
    use super::super::fake_server::{FakeServer, Step, json as answered, reply};
    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 11, 24);

    async fn check(step: Step) -> (Vec<ApiCheck>, FakeServer) {
        let server = FakeServer::start([step]).await;
        let checks = server.client().check_apis(TODAY).await;
        (checks, server)
    }

    #[tokio::test]
    async fn each_api_is_asked_once_for_today() {
        let (checks, server) = check(answered(r#"{"status":"success","events":["Charged",{"name":"a"}]}"#)).await;
        let names: Vec<&str> = checks.iter().map(|check| check.api).collect();
        let all = ["events", "event_count", "profiles", "schema", "campaigns", "message_reports", "real_time"];
        assert_eq!(names, all);
        assert!(checks.iter().all(|check| check.result == Ok(())), "{checks:?}");
        let events: Vec<Option<usize>> = checks.iter().map(|check| check.events).collect();
        assert_eq!(events, [None, None, None, Some(2), None, None, None]);
        let mut lines = server.lines();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "GET /getSchema?type=events",
                "POST /1/counts/events.json",
                "POST /1/events.json?batch_size=4991&app=true&events=false&profile=true",
                "POST /1/message/report.json",
                "POST /1/now.json",
                "POST /1/profiles.json?batch_size=4991&app=true&events=true&profile=true",
                "POST /1/targets/list.json",
            ]
        );
        let of_today = server.asked().iter().filter(|request| request.contains("20261124")).count();
        assert_eq!(of_today, 5);
    }

    #[tokio::test]
    async fn an_unknown_event_and_an_unfinished_count_are_answers() {
        let (checks, _server) = check(reply(400, br#"{"status":"fail","error":"Invalid event : App Launched"}"#)).await;
        assert!(checks.iter().all(|check| check.result.is_ok()), "{checks:?}");
        let (checks, server) = check(answered(r#"{"status":"partial","req_id":7}"#)).await;
        assert!(checks.iter().all(|check| check.result.is_ok() || check.api == "schema"), "{checks:?}");
        assert_eq!(server.lines().len(), 7, "nothing is polled");
    }

    #[tokio::test]
    async fn every_api_tells_its_own_refusal_after_two_tries_at_most() {
        let (checks, server) =
            check(reply(401, br#"{"status":"fail","error":"Invalid Credentials","code":401}"#)).await;
        assert_eq!(server.lines().len(), 7);
        assert!(checks.iter().all(|check| matches!(check.result, Err(UpstreamError::Unauthorized { .. }))));
        let (checks, server) = check(reply(503, b"")).await;
        assert_eq!(server.lines().len(), 14);
        assert!(checks.iter().all(|check| matches!(check.result, Err(UpstreamError::Unavailable { .. }))));
        assert!(checks.iter().all(|check| check.events.is_none()));
    }
}
