//! `POST /1/targets/result.json`: the report of one campaign, in every way in which there may be none.

use serde_json::{Value, json};

use super::answer::Answer;
use super::campaigns::{self, CampaignReport};
use super::question::{Question, Subject};
use super::world::{Project, World};

/// The campaign's id takes the place of an event.
pub(super) fn subject(question: &Question) -> Subject {
    Subject { event: id(question).ok().flatten().map(|id| id.to_string()), ..Subject::default() }
}

pub(super) fn answer(world: &World, project: &Project, question: &Question) -> Answer {
    let id = match id(question) {
        Ok(id) => id,
        Err(refusal) => return refusal,
    };
    let campaign = campaigns::of(world, project).into_iter().find(|campaign| Some(campaign.id) == id);
    match campaign.map(|campaign| campaign.report) {
        None => Answer::fail(400, "Invalid campaign id", 400),
        Some(CampaignReport::Ready(result)) => Answer::value(&json!({"status": "success", "result": result})),
        Some(CampaignReport::NoResultYet) => Answer::fail(500, "This target has no result as of yet", 500),
        Some(CampaignReport::Conflict) => Answer::fail(409, "This target hasn't been completed", 409),
        Some(CampaignReport::NotCompleted) => {
            Answer::value(&json!({"status": "success", "error": "This target hasn't been completed", "code": 200}))
        }
    }
}

fn id(question: &Question) -> Result<Option<i64>, Answer> {
    Ok(match &question.json()?["id"] {
        Value::String(digits) => digits.parse().ok(),
        id => id.as_i64(),
    })
}
