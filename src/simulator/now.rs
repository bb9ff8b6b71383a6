//! `POST /1/now.json`: who is active right now, in all and by slices. Also the cheapest way to try credentials.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::Answer;
use super::question::Question;
use super::shop::random::{Purpose, Random};
use super::world::{Project, World};

/// What can be asked for besides the count, and how many in a hundred each value has. The last one gets the rest.
const SLICES: [(&str, &[(&str, u64)]); 5] = [
    ("user_type", &[("new", 8), ("existing", 92)]),
    ("session_source", &[("Direct", 55), ("Others", 30), ("Search", 12), ("Social", 3)]),
    ("browser", &[("Chrome", 60), ("Safari", 25), ("Firefox", 10), ("Edge", 5)]),
    ("os", &[("Android", 58), ("iOS", 26), ("Windows", 12), ("Mac OS X", 4)]),
    ("device", &[("Mobile", 80), ("Desktop", 16), ("Tablet", 4)]),
];

pub(super) fn answer(world: &World, project: &Project, question: &Question) -> Answer {
    let asked = if question.body.is_empty() { Ok(Value::Null) } else { question.json() };
    let asked = match asked {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let count = active(world, project);
    let mut answer = json!({"status": "success", "count": count});
    for (slice, shares) in SLICES {
        if asked[slice] == true {
            answer[slice] = json!(split(count, shares));
        }
    }
    Answer::value(&answer)
}

/// Different every minute.
pub(super) fn active(world: &World, project: &Project) -> u64 {
    let minute = world.config.clock.now().as_second().div_euclid(60);
    let mut random = Random::new(project.shop.seed(), Purpose::Slice, minute as u64, 0);
    u64::from(20 + random.below(100))
}

pub(super) fn active_by(world: &World, project: &Project, slice: &str) -> BTreeMap<String, u64> {
    let shares = SLICES.iter().find_map(|(name, shares)| (*name == slice).then_some(*shares));
    shares.map(|shares| split(active(world, project), shares)).unwrap_or_default()
}

/// Adds up to the count.
fn split(count: u64, shares: &[(&str, u64)]) -> BTreeMap<String, u64> {
    let mut left = count;
    let mut slice = BTreeMap::new();
    for (place, (name, share)) in shares.iter().enumerate() {
        let part = if place + 1 == shares.len() { left } else { count * share / 100 };
        left -= part;
        slice.insert((*name).to_owned(), part);
    }
    slice
}
