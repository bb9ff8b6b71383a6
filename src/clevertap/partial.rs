//! Answers that CleverTap works out: `POST` the question, then `GET …?req_id=` while the answer is `partial`.
//!
//! Counts, trends and top values share this. Every poll takes a slot of its own and gives it back, so nothing is held
//! while CleverTap works.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::account::CleverTap;
use super::answer::Answer;
use super::call::{Call, Patience, Query};
use super::error::UpstreamError;
use super::pacing::{Api, Party, RankHandle};
use super::tuning::for_ever;
use super::value;

/// A question whose answer may have to be waited for.
pub(super) struct Question<'a> {
    pub(super) api: Api,
    pub(super) path: &'static str,
    pub(super) body: Value,
    pub(super) rank: &'a RankHandle,
    pub(super) party: &'a Party,
}

/// The label under which the one group of a question is asked for and answered. CleverTap puts it beside `status`,
/// so no name of the caller's is used.
pub(super) const GROUP: &str = "g0";

impl CleverTap {
    /// The finished answer. An id that CleverTap has forgotten begins the question once more.
    pub(super) async fn worked_out(&self, question: &Question<'_>) -> Result<Answer, UpstreamError> {
        let tuning = &self.inner.tuning;
        let patience = Patience::for_data(tuning);
        let &Question { api, path, ref body, rank, party } = question;
        let begin = || Call::post(api, path, body, rank, party, patience);
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
            answer = match self.ask(&Call::get(api, path, rank, party, patience).with(again)).await {
                Err(error) if is_forgotten(&error) && !begun_again => {
                    begun_again = true;
                    self.ask(&begin()).await?
                }
                answer => answer?,
            };
        }
        Ok(answer)
    }
}

/// The id to ask again with, while the answer is unfinished. It is text: as a number it would lose digits.
fn unfinished(answer: &Answer) -> Result<Option<String>, UpstreamError> {
    if !answer.is_partial() {
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

/// The `count` of an answer. A success without one is no zero.
pub(super) fn count_of(answer: &Answer) -> Result<u64, UpstreamError> {
    let count = answer.raw("count").and_then(value::count);
    count.ok_or_else(|| UpstreamError::malformed("an answer without a count"))
}

/// What was answered to the one group of the question: `None` when CleverTap had nothing at all to say, which it does
/// by leaving a key out.
pub(super) fn group_of(answer: &Answer) -> Result<Option<&str>, UpstreamError> {
    match answer.raw(GROUP) {
        None if answer.has_more_than(&["req_id"]) => {
            Err(UpstreamError::malformed("an answer without the group that was asked for"))
        }
        group => Ok(group),
    }
}

#[cfg(test)]
mod tests;
