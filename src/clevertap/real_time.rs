//! Real-time counts: `POST /1/now.json`. Who was active in the last five minutes; also the cheapest call that proves
//! the credentials.

use serde_json::{Map, Value, json};

use super::account::CleverTap;
use super::answer::Answer;
use super::call::{Call, Patience};
use super::error::UpstreamError;
use super::pacing::{Api, Rank, RankHandle};
use super::partial::count_of;
use super::value;

pub(super) const API: Api = Api("real_time");
pub(super) const PATH: &str = "1/now.json";

/// How deep the numbers of a slice are looked for. They are expected at depth 1.
const DEEPEST: usize = 8;

/// A split of the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RealTimeSlice {
    UserType,
    SessionSource,
    Browser,
    Os,
    Device,
}

impl RealTimeSlice {
    pub const ALL: [Self; 5] = [Self::UserType, Self::SessionSource, Self::Browser, Self::Os, Self::Device];

    /// CleverTap's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::UserType => "user_type",
            Self::SessionSource => "session_source",
            Self::Browser => "browser",
            Self::Os => "os",
            Self::Device => "device",
        }
    }
}

/// Who was active in the last five minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealTime {
    pub count: u64,
    /// Slice, value, count, in the order in which they were sent. A slice that CleverTap does not know has no rows.
    /// The value of a number that lies deeper joins the keys on its way with ` / `.
    pub slices: Vec<(String, String, u64)>,
}

impl CleverTap {
    /// The count of this moment, with these splits.
    pub async fn real_time(
        &self,
        slices: &[RealTimeSlice],
        rank: impl Into<RankHandle>,
    ) -> Result<RealTime, UpstreamError> {
        let (rank, party) = (rank.into(), "".into());
        let patience = Patience::for_data(&self.inner.tuning);
        let body: Map<String, Value> = slices.iter().map(|slice| (slice.name().to_owned(), true.into())).collect();
        let answer = self.ask(&Call::post(API, PATH, &body.into(), &rank, &party, patience)).await?;
        Ok(RealTime { count: count_of(&answer)?, slices: split(&answer, slices)? })
    }

    /// Whether CleverTap accepts the account's credentials. One cheap call, tried twice at most.
    pub async fn check(&self) -> Result<(), UpstreamError> {
        let (rank, party) = (RankHandle::from(Rank::Waiting), "".into());
        let patience = Patience::for_a_check(&self.inner.tuning);
        self.ask(&Call::post(API, PATH, &json!({}), &rank, &party, patience)).await.map(drop)
    }
}

/// The numbers under every object of the answer. The names of the splits are documented, their keys and nesting are
/// not: the first name on the way that was asked for is the slice, and without one the outermost key is.
fn split(answer: &Answer, asked: &[RealTimeSlice]) -> Result<Vec<(String, String, u64)>, UpstreamError> {
    let mut rows = Vec::new();
    for (name, raw) in answer.entries() {
        let is_asked_for = asked.iter().any(|slice| slice.name() == name);
        match raw {
            "null" => {}
            raw if raw.starts_with('{') => numbers(&mut vec![name.to_owned()], raw, asked, &mut rows)?,
            _ if is_asked_for => return Err(UpstreamError::malformed("a split that is not an object of counts")),
            _ => {}
        }
    }
    Ok(rows)
}

/// Adds the numbers in an object. `way` are the keys that lead to it.
fn numbers(
    way: &mut Vec<String>,
    raw: &str,
    asked: &[RealTimeSlice],
    rows: &mut Vec<(String, String, u64)>,
) -> Result<(), UpstreamError> {
    if way.len() > DEEPEST {
        return Err(UpstreamError::malformed("counts nested too deep"));
    }
    let entries = value::entries(raw).ok_or_else(|| UpstreamError::malformed("a split with the same key twice"))?;
    for (key, inside) in entries {
        way.push(key);
        let slice = way.iter().position(|key| asked.iter().any(|slice| slice.name() == key));
        match (inside.get(), value::count(inside.get())) {
            ("null", _) => {}
            (_, Some(count)) => rows.push(row(way, slice.unwrap_or(0), count)),
            (object, None) if object.starts_with('{') => numbers(way, object, asked, rows)?,
            _ if slice.is_some() => return Err(UpstreamError::malformed("a split with something that is no count")),
            // Beside the splits anything may stand.
            _ => {}
        }
        way.pop();
    }
    Ok(())
}

fn row(way: &[String], slice: usize, count: u64) -> (String, String, u64) {
    let name = way.get(slice).cloned().unwrap_or_default();
    let value = match way.get(slice + 1..).unwrap_or_default() {
        // {"new": {"count": 3}} says the same as {"new": 3}.
        [value @ .., last] if last == "count" && !value.is_empty() => value.join(" / "),
        value => value.join(" / "),
    };
    (name, value, count)
}

#[cfg(test)]
mod tests {
    use super::super::fake_server::{FakeServer, Step, json, reply};
    use super::*;

    async fn real_time(body: &str) -> Result<RealTime, UpstreamError> {
        let server = FakeServer::start([json(body)]).await;
        server.client().real_time(&[RealTimeSlice::UserType, RealTimeSlice::Os], Rank::Waiting).await
    }

    async fn slices(rest: &str) -> Result<Vec<(String, String, u64)>, UpstreamError> {
        real_time(&format!(r#"{{"status":"success","count":61{rest}}}"#)).await.map(|answer| answer.slices)
    }

    fn rows<const N: usize>(rows: [(&str, &str, u64); N]) -> Result<Vec<(String, String, u64)>, UpstreamError> {
        Ok(rows.map(|(slice, value, count)| (slice.to_owned(), value.to_owned(), count)).to_vec())
    }

    #[tokio::test]
    async fn the_question_names_the_slices() {
        let server = FakeServer::start([json(r#"{"status":"success","count":61}"#)]).await;
        let answer = server.client().real_time(&RealTimeSlice::ALL, Rank::Waiting).await;
        assert_eq!(answer, Ok(RealTime { count: 61, slices: Vec::new() }));
        let sent = server.asked().remove(0);
        let sent: Value = serde_json::from_str(sent.split_once("\r\n\r\n").unwrap().1).unwrap();
        let all = json!({ "user_type": true, "session_source": true, "browser": true, "os": true, "device": true });
        assert_eq!(sent, all);
        assert!(server.client().real_time(&[], Rank::Waiting).await.is_ok());
        assert!(server.asked()[1].ends_with("\r\n\r\n{}"));
    }

    #[tokio::test]
    async fn a_split_is_read_at_any_depth() {
        let flat = r#","user_type":{"new":3,"existing":"58"},"os":{"":1}"#;
        assert_eq!(slices(flat).await, rows([("user_type", "new", 3), ("user_type", "existing", 58), ("os", "", 1)]));
        let deep = r#","os":{"Android":{"10":3,"11":{"count":4}},"count":7}"#;
        assert_eq!(
            slices(deep).await,
            rows([("os", "Android / 10", 3), ("os", "Android / 11", 4), ("os", "count", 7)])
        );
        let wrapped = r#","result":{"user_type":{"new":3},"since":"12:00"},"generated":1793491200"#;
        assert_eq!(slices(wrapped).await, rows([("user_type", "new", 3)]));
        assert_eq!(slices(r#","browser":{"Chrome":3}"#).await, rows([("browser", "Chrome", 3)]));
        assert_eq!(slices(r#","user_type":null,"os":{"iOS":null}"#).await, rows([]));
    }

    #[tokio::test]
    async fn a_split_that_cannot_be_read_is_not_left_out() {
        let too_deep = format!(r#","os":{}1{}"#, r#"{"a":"#.repeat(20), "}".repeat(20));
        for rest in [
            r#","os":7"#,
            r#","os":[1]"#,
            r#","os":{"iOS":"many"}"#,
            r#","os":{"iOS":1.5}"#,
            r#","os":{"iOS":1,"iOS":2}"#,
            too_deep.as_str(),
        ] {
            let answer = slices(rest).await;
            assert!(matches!(answer, Err(UpstreamError::Malformed { .. })), "{rest}: {answer:?}");
        }
    }

    #[tokio::test]
    async fn a_success_without_a_count_is_no_zero() {
        for body in [r#"{"status":"success"}"#, r#"{"status":"partial","req_id":7}"#] {
            let answer = real_time(body).await;
            assert!(matches!(answer, Err(UpstreamError::Malformed { .. })), "{body}: {answer:?}");
        }
    }

    #[tokio::test]
    async fn a_method_that_is_not_allowed_is_refused() {
        let step: Step = reply(405, br#"{"status":"fail","error":"Method Not Allowed","code":405}"#);
        let server = FakeServer::start([step]).await;
        let answer = server.client().real_time(&[], Rank::Waiting).await;
        assert!(matches!(answer, Err(UpstreamError::Refused { .. })), "{answer:?}");
    }

    #[tokio::test]
    async fn good_credentials_pass_and_bad_ones_are_told_at_once() {
        let server = FakeServer::start([json(r#"{"status":"success","count":61}"#)]).await;
        assert_eq!(server.client().check().await, Ok(()));
        assert_eq!(server.lines(), ["POST /1/now.json"]);
        let server =
            FakeServer::start([reply(401, br#"{"status":"fail","error":"Invalid Credentials","code":401}"#)]).await;
        let answer = server.client().check().await;
        assert_eq!(answer, Err(UpstreamError::Unauthorized { said: "Invalid Credentials".to_owned() }));
        assert_eq!(server.lines().len(), 1);
    }

    #[tokio::test]
    async fn a_check_forgives_one_hiccup() {
        let server = FakeServer::start([reply(503, b"")]).await;
        assert!(matches!(server.client().check().await, Err(UpstreamError::Unavailable { .. })));
        assert_eq!(server.lines().len(), 2);
    }
}
