//! Trends: `POST /1/counts/trends.json`, worked out as `partial` says. One number per day, week or month.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::account::CleverTap;
use super::answer::Answer;
use super::error::UpstreamError;
use super::events::EventQuery;
use super::pacing::{Api, RankHandle};
use super::partial::{GROUP, Question, group_of};
use super::value;

const API: Api = Api("trends");
const PATH: &str = "1/counts/trends.json";

/// How long one period of a trend is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrendBy {
    Daily,
    Weekly,
    Monthly,
}

impl TrendBy {
    fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }
}

/// Which trend is asked for. CleverTap takes at most one year.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrendQuery {
    pub query: EventQuery,
    pub by: TrendBy,
    /// Whether people are counted instead of occurrences.
    pub unique: bool,
    /// The event property whose values are summed instead.
    pub sum: Option<String>,
}

impl TrendQuery {
    fn body(&self) -> Map<String, Value> {
        let mut body = self.query.body();
        body.insert("unique".to_owned(), self.unique.into());
        body.insert("groups".to_owned(), json!({ GROUP: { "trend_type": self.by.name() } }));
        if let Some(property) = &self.sum {
            body.insert("sum_event_prop".to_owned(), property.as_str().into());
        }
        body
    }
}

/// One period of a trend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrendPoint {
    /// CleverTap's key of the period, as sent: `YYYYMMDD`, `YYYYWW` or `YYYYMM`.
    pub key: String,
    /// A number in JSON's syntax, as sent; it may have a fraction.
    pub value: String,
}

impl CleverTap {
    /// The trend of an event, ordered by key. Periods in which nothing happened may be missing.
    ///
    /// Errors: `Malformed` when a value is no number. A trend with holes would look like a trend.
    pub async fn trend(
        &self,
        trend: &TrendQuery,
        rank: impl Into<RankHandle>,
    ) -> Result<Vec<TrendPoint>, UpstreamError> {
        let (rank, party) = (rank.into(), trend.query.party());
        let question = Question { api: API, path: PATH, body: trend.body().into(), rank: &rank, party: &party };
        points_of(&self.worked_out(&question).await?)
    }
}

fn points_of(answer: &Answer) -> Result<Vec<TrendPoint>, UpstreamError> {
    let Some(group) = group_of(answer)? else { return Ok(Vec::new()) };
    let entries =
        value::entries(group).ok_or_else(|| UpstreamError::malformed("a trend that is not an object of periods"))?;
    // A period without a number is one of the missing ones.
    let counted = entries.into_iter().filter(|(_, value)| value.get() != "null");
    let point = |(key, value): (String, &RawValue)| match value::number(value.get()) {
        Some(value) => Ok(TrendPoint { key, value }),
        None => Err(UpstreamError::malformed("a trend with a value that is not a number")),
    };
    let mut points = counted.map(point).collect::<Result<Vec<_>, _>>()?;
    points.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::super::fake_server::{FakeServer, charged, json as answered, reply};
    use super::super::{Filters, Rank};
    use super::*;

    fn daily() -> TrendQuery {
        TrendQuery { query: charged(), by: TrendBy::Daily, unique: false, sum: None }
    }

    async fn trend(body: &str) -> Result<Vec<(String, String)>, UpstreamError> {
        let server = FakeServer::start([answered(body)]).await;
        let points = server.client().trend(&daily(), Rank::Waiting).await?;
        Ok(points.into_iter().map(|point| (point.key, point.value)).collect())
    }

    fn sent(request: &str) -> Value {
        serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    #[tokio::test]
    async fn points_come_in_the_order_of_their_keys_with_their_digits() {
        let body = r#"{"status":"success","g0":{"20161225":31,"20161223":"12.50","20161224":90071992547409931234}}"#;
        let points = [("20161223", "12.50"), ("20161224", "90071992547409931234"), ("20161225", "31")];
        assert_eq!(trend(body).await.unwrap(), points.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[tokio::test]
    async fn the_question_says_everything_that_was_asked() {
        let partial = answered(r#"{"status":"partial","req_id":7}"#);
        let server = FakeServer::start([partial, answered(r#"{"status":"success","g0":{"201652":5}}"#)]).await;
        let filters = r#"{"common_profile_properties":{"geo_fields":[["US"]]}}"#;
        let filters = Filters::new(serde_json::from_str(filters).unwrap());
        let query = EventQuery { filters, ..charged() };
        for (by, unique, sum) in [(TrendBy::Weekly, true, None), (TrendBy::Monthly, false, Some("Amount".to_owned()))] {
            server.client().trend(&TrendQuery { query: query.clone(), by, unique, sum }, Rank::Waiting).await.unwrap();
        }
        let asked = server.asked();
        assert_eq!(
            server.lines(),
            ["POST /1/counts/trends.json", "GET /1/counts/trends.json?req_id=7", "POST /1/counts/trends.json"]
        );
        let mut body = json!({
            "event_name": "Charged", "from": 20261101, "to": 20261101,
            "common_profile_properties": { "geo_fields": [["US"]] },
            "unique": true, "groups": { "g0": { "trend_type": "weekly" } },
        });
        assert_eq!(sent(&asked[0]), body);
        body["unique"] = false.into();
        body["groups"] = json!({ "g0": { "trend_type": "monthly" } });
        body["sum_event_prop"] = "Amount".into();
        assert_eq!(sent(&asked[2]), body);
    }

    #[tokio::test]
    async fn nothing_counted_is_an_empty_trend() {
        for body in [
            r#"{"status":"success","g0":{}}"#,
            r#"{"status":"success","g0":null}"#,
            r#"{"status":"success"}"#,
            r#"{"status":"success","req_id":7}"#,
            r#"{"status":"success","g0":{"20161224":null}}"#,
        ] {
            assert_eq!(trend(body).await, Ok(Vec::new()), "{body}");
        }
    }

    #[tokio::test]
    async fn what_is_not_a_trend_is_no_empty_trend() {
        for body in [
            r#"{"status":"success","foo":{"20161224":1}}"#,
            r#"{"status":"success","g0":[1]}"#,
            r#"{"status":"success","g0":7}"#,
            r#"{"status":"success","g0":{"20161224":"N/A"}}"#,
            r#"{"status":"success","g0":{"20161224":{"count":1}}}"#,
            r#"{"status":"success","g0":{"20161224":true}}"#,
            r#"{"status":"success","g0":{"20161224":1,"20161224":2}}"#,
        ] {
            let answer = trend(body).await;
            assert!(matches!(answer, Err(UpstreamError::Malformed { .. })), "{body}: {answer:?}");
        }
    }

    #[tokio::test]
    async fn an_invalid_group_is_refused_at_once_whatever_its_status() {
        for status in [200, 400, 500] {
            for code in ["", r#","code":400"#, r#","code":500"#] {
                let body = format!(r#"{{"status":"fail","error":"Invalid group : g0"{code}}}"#);
                let server = FakeServer::start([reply(status, body.as_bytes())]).await;
                let answer = server.client().trend(&daily(), Rank::Waiting).await;
                assert!(matches!(answer, Err(UpstreamError::Refused { .. })), "{status} {code}: {answer:?}");
                assert_eq!(server.lines().len(), 1);
            }
        }
    }
}
