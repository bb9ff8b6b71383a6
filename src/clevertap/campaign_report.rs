//! Get Campaign Report: `POST /1/targets/result.json`. What one campaign has come to, or why that is not known.
//!
//! Only a completed campaign has a report. CleverTap says the rest in many ways (409; 500; 200 with a success and an
//! error; a success without anything), so the text counts before the status.

use bytes::Bytes;
use serde_json::json;

use super::account::CleverTap;
use super::answer::Answer;
use super::ask::Unanswered;
use super::call::{Call, Patience};
use super::error::UpstreamError;
use super::pacing::{Api, RankHandle};

const API: Api = Api("campaign_report");
const PATH: &str = "1/targets/result.json";

/// What CleverTap says of one campaign. Reasons are its own words, quoted as in [`UpstreamError`], or ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CampaignReport {
    /// The metrics: a JSON object with at least one key, as sent. Its nesting is unknown.
    Ready(String),
    /// The campaign is scheduled, running or paused.
    NotCompleted(String),
    /// There is nothing to report yet.
    NoResult(String),
    /// CleverTap refuses this campaign: the id is wrong, or the report makes no sense.
    Error(String),
}

impl CleverTap {
    /// The report of the campaign with this id.
    ///
    /// Errors: only what is not about the campaign, such as credentials, redirects, or no answer.
    pub async fn campaign_report(
        &self,
        id: &str,
        rank: impl Into<RankHandle>,
    ) -> Result<CampaignReport, UpstreamError> {
        let (rank, party) = (rank.into(), "".into());
        let patience = Patience::for_data(&self.inner.tuning);
        let call = Call { body: body(id), ..Call::post(API, PATH, &json!({}), &rank, &party, patience) };
        match self.ask_closely(&call).await {
            Ok(answer) => report_in(&answer),
            Err(Unanswered { error: UpstreamError::Refused { said }, status }) => refusal(said, status),
            Err(unanswered) => Err(unanswered.error),
        }
    }
}

/// CleverTap's ids are numbers. One that is none, or is larger than ours, goes as text and keeps its digits.
fn body(id: &str) -> Bytes {
    let number: Option<u64> = id.parse().ok().filter(|number: &u64| number.to_string() == id);
    Bytes::from(match number {
        Some(number) => json!({ "id": number }).to_string(),
        None => json!({ "id": id }).to_string(),
    })
}

fn report_in(answer: &Answer) -> Result<CampaignReport, UpstreamError> {
    if answer.is_partial() {
        return Err(UpstreamError::malformed("a partial answer where a campaign report was expected"));
    }
    let Some(result) = answer.raw("result") else {
        return Ok(CampaignReport::NoResult("CleverTap sent a success without a result".to_owned()));
    };
    Ok(match result.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(inside) if inside.trim().is_empty() => {
            CampaignReport::NoResult("CleverTap sent an empty result".to_owned())
        }
        Some(_) => CampaignReport::Ready(result.to_owned()),
        None => CampaignReport::Error("CleverTap sent a result that is not an object".to_owned()),
    })
}

fn refusal(said: String, status: Option<u16>) -> Result<CampaignReport, UpstreamError> {
    let text = said.to_lowercase();
    let not_completed = ["been completed", "not completed", "not complete", "incomplete", "still running"];
    Ok(match status {
        _ if text.contains("no result") => CampaignReport::NoResult(said),
        _ if not_completed.iter().any(|words| text.contains(words)) => CampaignReport::NotCompleted(said),
        _ if text.contains("invalid campaign") => CampaignReport::Error(said),
        Some(409) => CampaignReport::NotCompleted(said),
        // The request never reached the API: that is no word about the campaign.
        Some(300..=399 | 405) | None => return Err(UpstreamError::Refused { said }),
        Some(_) => CampaignReport::Error(said),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Rank;
    use super::super::fake_server::{FakeServer, Step, json as answered, reply};
    use super::*;

    /// The report and how often it was asked for.
    async fn report(step: Step) -> (Result<CampaignReport, UpstreamError>, usize) {
        let server = FakeServer::start([step]).await;
        let report = server.client().campaign_report("1457432766", Rank::Waiting).await;
        (report, server.lines().len())
    }

    #[tokio::test]
    async fn a_result_comes_out_as_it_was_sent() {
        let result = r#"{ "sent": 82, "android":{"clicked":90071992547409931234} }"#;
        let (answer, _) = report(answered(&format!(r#"{{"status":"success","result":{result}}}"#))).await;
        assert_eq!(answer, Ok(CampaignReport::Ready(result.to_owned())));
        let beside = format!(r#"{{"status":"success","error":"a remark","code":200,"result":{result}}}"#);
        assert_eq!(report(answered(&beside)).await.0, Ok(CampaignReport::Ready(result.to_owned())));
    }

    #[tokio::test]
    async fn a_campaign_under_way_is_not_completed() {
        let hasnt = "This target hasn't been completed";
        for (step, reason) in [
            (answered(r#"{"status":"success","error":"This target hasn't been completed","code":200}"#), hasnt),
            (reply(500, br#"{"status":"fail","error":"This target hasn't been completed","code":500}"#), hasnt),
            (reply(409, br#"{"status":"fail","error":"Conflict","code":409}"#), "Conflict"),
            (reply(409, br#"{"status":"fail","error":"busy"}"#), "HTTP 409: busy"),
            (reply(409, b""), "HTTP 409 without a text"),
            (
                reply(200, br#"{"status":"fail","error":"Campaign is not completed","code":400}"#),
                "Campaign is not completed",
            ),
        ] {
            let (answer, asked) = report(step).await;
            assert_eq!((answer, asked), (Ok(CampaignReport::NotCompleted(reason.to_owned())), 1));
        }
    }

    #[tokio::test]
    async fn no_result_is_asked_for_once_even_when_it_comes_as_a_server_error() {
        for step in [
            reply(500, br#"{"status":"fail","error":"This target has no result as of yet","code":500}"#),
            reply(500, br#"{"status":"fail","error":"This target has no result as of yet"}"#),
            reply(409, br#"{"status":"fail","error":"This target has no result as of yet","code":409}"#),
            answered(r#"{"status":"success"}"#),
            answered(r#"{"status":"success","result":null}"#),
            answered(r#"{"status":"success","result":{ }}"#),
            reply(204, b""),
        ] {
            let (answer, asked) = report(step).await;
            assert!(matches!(answer, Ok(CampaignReport::NoResult(ref reason)) if !reason.is_empty()), "{answer:?}");
            assert_eq!(asked, 1);
        }
    }

    #[tokio::test]
    async fn a_wrong_id_is_a_report_that_says_so() {
        for step in [
            reply(400, br#"{"status":"fail","error":"Invalid campaign id","code":400}"#),
            reply(500, br#"{"status":"fail","error":"Invalid campaign id","code":500}"#),
            reply(409, br#"{"status":"fail","error":"Invalid campaign id","code":409}"#),
            reply(404, br#"{"status":"fail","error":"Unknown target"}"#),
            answered(r#"{"status":"fail","error":"Incorrect Usage","code":3}"#),
            answered(r#"{"status":"success","result":[1]}"#),
            answered(r#"{"status":"success","result":"N/A"}"#),
        ] {
            let (answer, asked) = report(step).await;
            assert!(matches!(answer, Ok(CampaignReport::Error(ref reason)) if !reason.is_empty()), "{answer:?}");
            assert_eq!(asked, 1);
        }
    }

    #[tokio::test]
    async fn what_is_not_about_the_campaign_stays_an_error() {
        for (step, outcome) in [
            (reply(401, br#"{"status":"fail","error":"Invalid Credentials","code":401}"#), "unauthorized"),
            (reply(403, b""), "unauthorized"),
            (reply(302, b""), "refused"),
            (reply(405, br#"{"status":"fail","error":"Method Not Allowed","code":405}"#), "refused"),
            (reply(429, b""), "overloaded"),
            (reply(500, b"<html>no luck</html>"), "unavailable"),
            (reply(200, b""), "malformed"),
            (answered(r#"{"status":"partial","req_id":7}"#), "malformed"),
            (Step::SendAndClose(Vec::new()), "unavailable"),
        ] {
            assert_eq!(report(step).await.0.unwrap_err().outcome(), outcome);
        }
    }

    #[test]
    fn an_id_goes_as_a_number_and_never_loses_a_digit() {
        for (id, sent) in [
            ("1457432766", r#"{"id":1457432766}"#),
            ("90071992547409931234", r#"{"id":"90071992547409931234"}"#),
            ("007", r#"{"id":"007"}"#),
            ("+7", r#"{"id":"+7"}"#),
            ("a\"b", r#"{"id":"a\"b"}"#),
        ] {
            assert_eq!(body(id), sent.as_bytes());
        }
    }
}
