//! Get Event Count: `POST /1/counts/events.json`, then `GET …?req_id=` while the answer is `partial`.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::time::{Instant, sleep};

use super::account::CleverTap;
use super::answer::Answer;
use super::call::{Call, Patience, Query};
use super::error::UpstreamError;
use super::events::EventQuery;
use super::pacing::{Api, RankHandle};
use super::tuning::for_ever;

const API: Api = Api("event_count");
const PATH: &str = "1/counts/events.json";

impl CleverTap {
    /// How often the event occurred on these days, by CleverTap's own count. It need not equal the number of
    /// exported records.
    pub async fn event_count(&self, query: &EventQuery, rank: impl Into<RankHandle>) -> Result<u64, UpstreamError> {
        let tuning = &self.inner.tuning;
        let (rank, party, patience) = (rank.into(), query.party(), Patience::for_data(tuning));
        let body = query.body();
        let begin = || Call::post(API, PATH, &body, &rank, &party, patience);
        let mut answer = self.ask(&begin()).await?;
        let mut pauses = for_ever(tuning.while_counting);
        let begun = Instant::now();
        let mut begun_again = false;
        while let Some(request) = unfinished(&answer)? {
            let pause = pauses.next().unwrap_or_default();
            if begun.elapsed() + pause > tuning.within {
                return Err(UpstreamError::TimedOut { what: format!("still counting (req_id {request})") });
            }
            sleep(pause).await;
            let again = Query::Plain(format!("req_id={}", utf8_percent_encode(&request, NON_ALPHANUMERIC)));
            answer = match self.ask(&Call::get(API, PATH, &rank, &party, patience).with(again)).await {
                Err(error) if is_forgotten(&error) && !begun_again => {
                    begun_again = true;
                    self.ask(&begin()).await?
                }
                answer => answer?,
            };
        }
        count_of(&answer)
    }
}

/// The id to ask again with, while the count is unfinished. It is text: as a number it would lose digits.
fn unfinished(answer: &Answer) -> Result<Option<String>, UpstreamError> {
    if !answer.text("status").is_some_and(|status| status.eq_ignore_ascii_case("partial")) {
        return Ok(None);
    }
    match answer.digits("req_id") {
        Some(id) if !id.is_empty() && id.len() <= 100 && id.chars().all(|c| c.is_ascii_graphic()) => Ok(Some(id)),
        _ => Err(UpstreamError::malformed("a partial answer without a usable req_id")),
    }
}

fn is_forgotten(error: &UpstreamError) -> bool {
    matches!(error, UpstreamError::Refused { said } if said.to_lowercase().contains("invalid request id"))
}

fn count_of(answer: &Answer) -> Result<u64, UpstreamError> {
    let count = answer.digits("count").and_then(|count| count.trim().parse().ok());
    count.ok_or_else(|| UpstreamError::malformed("an answer without a count"))
}

#[cfg(test)]
mod tests {
    use super::super::fake_server::{FakeServer, charged, json, reply};
    use super::super::{Rank, Tuning};
    use super::*;

    const POST: &str = "POST /1/counts/events.json";

    #[tokio::test]
    async fn a_count_may_come_at_once_as_number_or_text() {
        for body in [r#"{"status":"success","count":7138}"#, r#"{"status":"success","count":"7138"}"#] {
            let server = FakeServer::start([json(body)]).await;
            assert_eq!(server.client().event_count(&charged(), Rank::Waiting).await, Ok(7138));
        }
    }

    #[tokio::test]
    async fn a_partial_count_is_asked_for_with_all_digits_of_its_id() {
        for id in ["9384649162721759820", "\"9384649162721759820\""] {
            let partial = json(&format!(r#"{{"status":"partial","req_id":{id}}}"#));
            let done = json(r#"{"status":"success","count":5}"#);
            let server = FakeServer::start([partial.clone(), partial.clone(), partial, done]).await;
            assert_eq!(server.client().event_count(&charged(), Rank::Waiting).await, Ok(5));
            let get = "GET /1/counts/events.json?req_id=9384649162721759820";
            assert_eq!(server.lines(), [POST, get, get, get]);
        }
    }

    #[tokio::test]
    async fn a_forgotten_id_begins_the_count_once_more() {
        let partial = json(r#"{"status":"partial","req_id":7}"#);
        let forgotten = reply(400, br#"{"status":"fail","error":"Invalid request id","code":400}"#);
        let server = FakeServer::start([partial, forgotten]).await;
        let answer = server.client().event_count(&charged(), Rank::Waiting).await;
        assert!(matches!(answer, Err(UpstreamError::Refused { .. })), "{answer:?}");
        let get = "GET /1/counts/events.json?req_id=7";
        assert_eq!(server.lines(), [POST, get, POST]);
    }

    #[tokio::test]
    async fn counting_for_ever_is_a_time_out_that_names_the_id() {
        let server = FakeServer::start([json(r#"{"status":"partial","req_id":7}"#)]).await;
        let tuning = Tuning { within: std::time::Duration::from_millis(60), ..Tuning::for_testing() };
        let answer = server.client_with(tuning).event_count(&charged(), Rank::Waiting).await;
        let Err(UpstreamError::TimedOut { what }) = answer else { panic!("{answer:?}") };
        assert_eq!(what, "still counting (req_id 7)");
    }

    #[tokio::test]
    async fn a_success_without_a_usable_count_is_no_zero() {
        for body in [
            r#"{"status":"success"}"#,
            r#"{"status":"success","count":null}"#,
            r#"{"status":"success","count":-1}"#,
            r#"{"status":"success","count":1.5}"#,
            r#"{"status":"success","count":[]}"#,
            r#"{"status":"partial","req_id":"a b"}"#,
        ] {
            let server = FakeServer::start([json(body)]).await;
            let answer = server.client().event_count(&charged(), Rank::Waiting).await;
            assert!(matches!(answer, Err(UpstreamError::Malformed { .. })), "{body}: {answer:?}");
        }
    }
}
