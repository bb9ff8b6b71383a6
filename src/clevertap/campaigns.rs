//! Get Campaigns: `POST /1/targets/list.json`. In practice it lists the campaigns that were made through the API.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::account::CleverTap;
use super::answer::Answer;
use super::call::{Call, Patience};
use super::error::UpstreamError;
use super::pacing::{Api, RankHandle};
use super::value;
use crate::period::{Days, compact};

pub(super) const API: Api = Api("campaigns");
pub(super) const PATH: &str = "1/targets/list.json";

/// One campaign of the list. What was sent as a number or anything else that is no text is kept as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// With all its digits.
    pub id: String,
    pub name: Option<String>,
    pub status: Option<String>,
    /// Usually `YYYYMMDDHHMM` in the project's time zone.
    pub scheduled_on: Option<String>,
}

/// An entry of the list; other fields are skipped.
#[derive(Deserialize)]
struct Target<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    scheduled_on: Option<&'a RawValue>,
}

impl CleverTap {
    /// The campaigns whose scheduled start is on these days, in CleverTap's order; pending ones start in the future.
    /// CleverTap means the list for 31 days or less.
    ///
    /// Errors: `Malformed` when an entry has no id.
    pub async fn campaigns(&self, days: Days, rank: impl Into<RankHandle>) -> Result<Vec<Campaign>, UpstreamError> {
        let (rank, party) = (rank.into(), "".into());
        let patience = Patience::for_data(&self.inner.tuning);
        campaigns_in(&self.ask(&Call::post(API, PATH, &body(days).into(), &rank, &party, patience)).await?)
    }
}

pub(super) fn body(days: Days) -> Map<String, Value> {
    let day = |name: &str, day| (name.to_owned(), compact(day).into());
    [day("from", days.first), day("to", days.last)].into_iter().collect()
}

fn campaigns_in(answer: &Answer) -> Result<Vec<Campaign>, UpstreamError> {
    if answer.is_partial() {
        return Err(UpstreamError::malformed("a partial answer where campaigns were expected"));
    }
    let Some(targets) = answer.raw("targets") else { return Ok(Vec::new()) };
    let targets =
        value::elements(targets).ok_or_else(|| UpstreamError::malformed("campaigns that are not an array"))?;
    targets.into_iter().map(campaign).collect()
}

fn campaign(target: &RawValue) -> Result<Campaign, UpstreamError> {
    let target: Target<'_> = match target.get() {
        object if object.starts_with('{') => serde_json::from_str(object).ok(),
        _ => None,
    }
    .ok_or_else(|| UpstreamError::malformed("a campaign that is not an object, or has a key twice"))?;
    let said = |field: Option<&RawValue>| field.and_then(|field| value::said(field.get()));
    let is_id = |id: &&RawValue| id.get().starts_with(|first: char| matches!(first, '"' | '-' | '0'..='9'));
    match said(target.id.filter(is_id)).filter(|id| !id.trim().is_empty()) {
        Some(id) => Ok(Campaign {
            id,
            name: said(target.name),
            status: said(target.status),
            scheduled_on: said(target.scheduled_on),
        }),
        None => Err(UpstreamError::malformed("a campaign without an id")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rank;
    use super::super::fake_server::{FakeServer, charged, json as answered};
    use super::*;

    async fn campaigns(body: &str) -> Result<Vec<Campaign>, UpstreamError> {
        FakeServer::start([answered(body)]).await.client().campaigns(charged().days, Rank::Waiting).await
    }

    #[tokio::test]
    async fn campaigns_come_as_listed() {
        let server = FakeServer::start([answered(
            r#"{"status":"success","targets":[
                {"id":1457429935,"name":"My API Campaign","scheduled_on":201603081508,"status":"pending"},
                {"id":"9384649162721759820123","name":null,"scheduled_on":"07 Sep, 2017 16:00:00","more":{}},
                {"id":90071992547409931234,"name":7}]}"#,
        )])
        .await;
        let days = Days::new(jiff::civil::date(2026, 1, 1), jiff::civil::date(2026, 1, 31)).unwrap();
        let listed = server.client().campaigns(days, Rank::Waiting).await.unwrap();
        let text = |text: &str| Some(text.to_owned());
        let campaign =
            |id: &str, name, status, scheduled_on| Campaign { id: id.to_owned(), name, status, scheduled_on };
        assert_eq!(
            listed,
            [
                campaign("1457429935", text("My API Campaign"), text("pending"), text("201603081508")),
                campaign("9384649162721759820123", None, None, text("07 Sep, 2017 16:00:00")),
                campaign("90071992547409931234", text("7"), None, None),
            ]
        );
        assert_eq!(server.lines(), ["POST /1/targets/list.json"]);
        assert!(server.asked()[0].ends_with(r#"{"from":20260101,"to":20260131}"#));
    }

    #[tokio::test]
    async fn no_targets_are_no_campaigns() {
        for body in [
            r#"{"status":"success"}"#,
            r#"{"status":"success","targets":[]}"#,
            r#"{"status":"success","targets":null}"#,
        ] {
            assert_eq!(campaigns(body).await, Ok(Vec::new()), "{body}");
        }
    }

    #[tokio::test]
    async fn a_campaign_that_cannot_be_named_spoils_the_list() {
        for targets in [
            r#"[{"name":"a"}]"#,
            r#"[{"id":null}]"#,
            r#"[{"id":" "}]"#,
            r#"[{"id":{}}]"#,
            r#"[{"id":true}]"#,
            r#"[{"id":1,"id":2}]"#,
            "[7]",
            "[[7]]",
            "[null]",
            r#"{"id":1}"#,
            "7",
        ] {
            let answer = campaigns(&format!(r#"{{"status":"success","targets":{targets}}}"#)).await;
            assert!(matches!(answer, Err(UpstreamError::Malformed { .. })), "{targets}: {answer:?}");
        }
        let partial = campaigns(r#"{"status":"partial","req_id":7}"#).await;
        assert!(matches!(partial, Err(UpstreamError::Malformed { .. })), "{partial:?}");
    }
}
