//! Get Message Reports: `POST /1/message/report.json`. Every message of every channel that started on these days.
//!
//! The answer comes at once, without a cursor, but it may take minutes to its first byte: 90 days took 110 s.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::account::CleverTap;
use super::answer::Answer;
use super::call::{Call, Patience};
use super::error::UpstreamError;
use super::pacing::{Api, RankHandle};
use crate::period::{Days, compact};

pub(super) const API: Api = Api("message_reports");
pub(super) const PATH: &str = "1/message/report.json";

/// Which messages are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageQuery {
    /// Days of the messages' starts. One that began earlier and still runs is not among them.
    pub days: Days,
    /// Whether the numbers are split by day.
    pub daily: bool,
    /// What the messages are narrowed to, by CleverTap's words: `channel`, `delivery`, `status`, `message_type`,
    /// `label`, each with its values. One without values narrows nothing.
    pub lists: Vec<(&'static str, Vec<String>)>,
}

impl MessageQuery {
    /// The days go as text here, and only here.
    pub(super) fn body(&self) -> Map<String, Value> {
        let narrowed = self.lists.iter().filter(|(_, values)| !values.is_empty());
        let mut body: Map<String, Value> =
            narrowed.map(|(name, values)| ((*name).to_owned(), values.clone().into())).collect();
        body.insert("from".to_owned(), compact(self.days.first).to_string().into());
        body.insert("to".to_owned(), compact(self.days.last).to_string().into());
        body.insert("daily".to_owned(), self.daily.into());
        body
    }
}

impl CleverTap {
    /// The messages: a JSON array of any length, as CleverTap sent it. Nothing is known of its elements.
    pub async fn message_reports(
        &self,
        query: &MessageQuery,
        rank: impl Into<RankHandle>,
    ) -> Result<Bytes, UpstreamError> {
        let (rank, party) = (rank.into(), "".into());
        let patience = Patience::for_reports(&self.inner.tuning);
        messages_in(&self.ask(&Call::post(API, PATH, &query.body().into(), &rank, &party, patience)).await?)
    }
}

fn messages_in(answer: &Answer) -> Result<Bytes, UpstreamError> {
    if answer.is_partial() {
        return Err(UpstreamError::malformed("a partial answer where messages were expected"));
    }
    match answer.part("messages") {
        None => Ok(Bytes::from_static(b"[]")),
        Some(messages) if messages.starts_with(b"[") => Ok(messages),
        Some(_) => Err(UpstreamError::malformed("messages that are not an array")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::fake_server::{FakeServer, Step, charged, json, reply};
    use super::super::{Rank, Tuning};
    use super::*;

    fn of_one_day() -> MessageQuery {
        MessageQuery { days: charged().days, daily: false, lists: Vec::new() }
    }

    #[tokio::test]
    async fn messages_come_as_they_were_sent() {
        let messages = r#"[ {"message id":90071992547409931234,"sent":"N/A"} , 7 ]"#;
        let body = format!(r#"{{"status":"success","total_results":1,"messages":{messages}}}"#);
        let server = FakeServer::start([json(&body)]).await;
        assert_eq!(server.client().message_reports(&of_one_day(), Rank::Waiting).await.unwrap(), messages);
        assert_eq!(server.lines(), ["POST /1/message/report.json"]);
        assert!(server.asked()[0].ends_with(r#"{"daily":false,"from":"20261101","to":"20261101"}"#));
    }

    #[tokio::test]
    async fn the_question_is_narrowed_by_the_lists_that_have_values() {
        let lists = vec![
            ("channel", vec!["push".to_owned(), "email".to_owned()]),
            ("status", Vec::new()),
            ("label", vec!["on \"boarding\"".to_owned()]),
        ];
        let query = MessageQuery { daily: true, lists, ..of_one_day() };
        let server = FakeServer::start([json(r#"{"status":"success"}"#)]).await;
        server.client().message_reports(&query, Rank::Waiting).await.unwrap();
        let request = server.asked().remove(0);
        let sent: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        let body = serde_json::json!({
            "from": "20261101", "to": "20261101", "daily": true,
            "channel": ["push", "email"], "label": ["on \"boarding\""],
        });
        assert_eq!(sent, body);
    }

    #[tokio::test]
    async fn no_messages_are_an_empty_array() {
        for step in [
            json(r#"{"status":"success"}"#),
            json(r#"{"status":"success","total_results":0,"messages":null}"#),
            json(r#"{"status":"success","messages":[]}"#),
            reply(204, b""),
        ] {
            let server = FakeServer::start([step]).await;
            assert_eq!(server.client().message_reports(&of_one_day(), Rank::Waiting).await.unwrap(), "[]");
        }
    }

    #[tokio::test]
    async fn what_is_no_list_of_messages_is_not_taken_for_one() {
        for body in [
            r#"{"status":"success","messages":{"20170907":[]}}"#,
            r#"{"status":"success","messages":"none"}"#,
            r#"{"status":"partial","req_id":7}"#,
        ] {
            let server = FakeServer::start([json(body)]).await;
            let answer = server.client().message_reports(&of_one_day(), Rank::Waiting).await;
            assert!(matches!(answer, Err(UpstreamError::Malformed { .. })), "{body}: {answer:?}");
        }
    }

    #[tokio::test]
    async fn a_report_may_take_longer_to_its_first_byte_than_anything_else() {
        let tuning = Tuning {
            first_byte: Duration::from_millis(50),
            first_byte_of_reports: Duration::from_secs(10),
            retries: 0,
            ..Tuning::for_testing()
        };
        // Ten pieces: the head is whole after some 400 ms.
        let body = "HTTP/1.1 200 OK\r\ncontent-length: 37\r\n\r\n{\"status\":\"success\",\"messages\":[1.5]}";
        let slow = || Step::Drip(body.as_bytes().to_vec(), Duration::from_millis(100));
        let server = FakeServer::start([slow()]).await;
        let client = server.client_with(tuning);
        assert_eq!(client.message_reports(&of_one_day(), Rank::Waiting).await.unwrap(), "[1.5]");
        let answer = client.campaigns(charged().days, Rank::Waiting).await;
        assert!(matches!(answer, Err(UpstreamError::TimedOut { .. })), "{answer:?}");
    }
}
