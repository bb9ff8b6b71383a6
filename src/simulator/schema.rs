//! `GET /getSchema`: the names that the project knows.

use serde_json::{Value, json};

use super::answer::Answer;
use super::question::Question;
use super::shop::events::{Access, KINDS};
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
        Some("events") => Answer::value(&json!({"status": "success", "events": events(world)})),
        Some("userProperties") => {
            let properties: Vec<Value> = USER_PROPERTIES.iter().map(property).collect();
            Answer::value(&json!({"status": "success", "userProperties": properties}))
        }
        _ => Answer::fail(400, "Invalid type", 400),
    }
}

fn events(world: &World) -> Vec<Value> {
    let own = KINDS.iter().map(|kind| {
        let properties: Vec<Value> = kind.properties.iter().map(property).collect();
        let status = if kind.access == Access::Discarded { "Discarded" } else { "Active" };
        json!({"name": kind.name, "status": status, "properties": properties})
    });
    let given = world.given.events().into_iter().filter(|name| !KINDS.iter().any(|kind| kind.name == name));
    own.chain(given.map(|name| json!({"name": name, "status": "Active", "properties": []}))).collect()
}

fn property((name, kind): &(&str, &str)) -> Value {
    json!({"name": name, "type": kind})
}
