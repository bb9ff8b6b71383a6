//! `GET /getSchema`: the names that the project knows.

use serde_json::{Value, json};

use super::answer::Answer;
use super::question::Question;
use super::shop::events::{Access, KINDS, find};
use super::world::World;

/// Custom profile properties and their types.
pub(super) const USER_PROPERTIES: [(&str, &str); 14] = [
    ("Last Visit", "date"),
    ("City", "string"),
    ("MSG-push", "boolean"),
    ("Customer Type", "string"),
    ("user_birth_date", "date"),
    ("Customer since", "date"),
    ("orders_total", "number"),
    ("is_verified", "string"),
    ("ubicaciónhabilitada", "boolean"),
    ("tags", "array"),
    ("Last Score", "number"),
    ("Größe", "number"),
    ("Favourite category", "string"),
    ("Lifetime value", "number"),
];

pub(super) fn answer(world: &World, question: &Question) -> Answer {
    match question.param("type") {
        Some("events") => Answer::value(&json!({"status": "success", "events": described(events(world))})),
        Some("userProperties") => {
            let properties: Vec<Value> = USER_PROPERTIES.iter().map(property).collect();
            Answer::value(&json!({"status": "success", "userProperties": properties}))
        }
        _ => Answer::fail(400, "Invalid type", 400),
    }
}

/// Every event with its status.
pub(super) fn events(world: &World) -> Vec<(String, &'static str)> {
    let own = KINDS.iter().map(|kind| {
        let status = if kind.access == Access::Discarded { "Discarded" } else { "Active" };
        (kind.name.to_owned(), status)
    });
    let given = world.given.events().into_iter().filter(|name| find(name).is_none());
    own.chain(given.map(|name| (name, "Active"))).collect()
}

fn described(events: Vec<(String, &'static str)>) -> Vec<Value> {
    let describe = |(name, status): (String, &'static str)| {
        let kind = find(&name).and_then(|kind| KINDS.get(kind));
        let properties: Vec<Value> = kind.into_iter().flat_map(|kind| kind.properties).map(property).collect();
        json!({"name": name, "status": status, "properties": properties})
    };
    events.into_iter().map(describe).collect()
}

fn property((name, kind): &(&str, &str)) -> Value {
    json!({"name": name, "type": kind})
}
