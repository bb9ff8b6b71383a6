//! `POST /1/now.json`: who is active right now. Also the cheapest way to try credentials.

use serde_json::{Value, json};

use super::answer::Answer;
use super::question::Question;
use super::shop::random::{Purpose, Random};
use super::world::{Project, World};

pub(super) fn answer(world: &World, project: &Project, question: &Question) -> Answer {
    let body: Value = if question.body.is_empty() {
        json!({})
    } else {
        match serde_json::from_slice(&question.body) {
            Ok(body) => body,
            Err(_) => return Answer::fail(400, "Malformed JSON", 400),
        }
    };
    let minute = world.config.clock.now().as_second().div_euclid(60);
    let mut random = Random::new(world.config.seed, Purpose::Slice, minute as u64, project.account_id.len() as u64);
    let (new, existing) = (random.below(9), 20 + random.below(90));
    let mut answer = json!({"status": "success", "count": new + existing});
    if body["user_type"] == true {
        answer["user_type"] = json!({"new": new, "existing": existing});
    }
    Answer::value(&answer)
}
