//! `POST /1/targets/list.json`: the campaigns that are scheduled to start in a period of up to 31 days.

use serde_json::{Value, json};

use super::answer::Answer;
use super::campaigns;
use super::config::ScheduledOnForm;
use super::question::{Question, Subject, period};
use super::world::{Project, World};

const MOST_DAYS: i32 = 31;

pub(super) fn subject(question: &Question) -> Subject {
    let period = question.json().and_then(|body| period(&body)).ok();
    Subject { period, ..Subject::default() }
}

pub(super) fn answer(world: &World, project: &Project, question: &Question) -> Answer {
    let (first, last) = match question.json().and_then(|body| period(&body)) {
        Ok(period) => period,
        Err(refusal) => return refusal,
    };
    if (last - first).get_days() >= MOST_DAYS {
        return Answer::bad_date("Invalid date range: more than 31 days");
    }
    let targets: Vec<Value> = campaigns::of(world, project)
        .into_iter()
        .filter(|campaign| (first..=last).contains(&campaign.scheduled_on.date()))
        .map(|campaign| {
            let start = campaign.scheduled_on;
            let scheduled_on = match world.config.scheduled_on_form {
                ScheduledOnForm::Digits => {
                    let digits: i64 = start.strftime("%Y%m%d%H%M").to_string().parse().unwrap_or_default();
                    Value::from(digits)
                }
                ScheduledOnForm::Text => Value::from(start.strftime("%d %b, %Y %H:%M:%S").to_string()),
                ScheduledOnForm::Seconds => {
                    let start = project.zone.to_ambiguous_timestamp(start).compatible();
                    Value::from(start.map_or(0, jiff::Timestamp::as_second))
                }
            };
            json!({
                "id": campaign.id,
                "name": campaign.name,
                "scheduled_on": scheduled_on,
                "status": campaign.status,
            })
        })
        .collect();
    // No key when there are none.
    Answer::value(&if targets.is_empty() {
        json!({"status": "success"})
    } else {
        json!({"status": "success", "targets": targets})
    })
}
