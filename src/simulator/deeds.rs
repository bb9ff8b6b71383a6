//! `advanced_query`: people who did some things, or did none of them.
//!
//! | key | who is meant |
//! |---|---|
//! | `did_all` | who did each of these events |
//! | `did_none` | who did none of them |
//! | `did_any` | who did `any_events`, together as often as `operator` and `value` say; without these, once or more |
//!
//! A person is who they are in a count of people. An event without a readable period is ignored, as is any other key.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::filter::Condition;
use super::given::Reading;
use super::question::EventQuery;
use super::shop::Flags;
use super::sweep::key_of_row;
use super::world::{Project, World};

/// One thing that somebody has to have done, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    kind: Kind,
    events: Vec<EventQuery>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    All,
    None,
    /// So often.
    Any(Condition),
}

impl Deed {
    pub fn read_all(advanced: &Value) -> Vec<Self> {
        let events = |list: &Value| -> Vec<EventQuery> {
            list.as_array().into_iter().flatten().filter_map(|event| EventQuery::read(event).ok()).collect()
        };
        let any = &advanced["did_any"];
        let once = json!({"operator": "greater_than_equals", "value": 1});
        let often = any.get("operator").and_then(|_| Condition::read(any)).or_else(|| Condition::read(&once));
        let deeds = [
            Some(Self { kind: Kind::All, events: events(&advanced["did_all"]) }),
            Some(Self { kind: Kind::None, events: events(&advanced["did_none"]) }),
            often.map(|often| Self { kind: Kind::Any(often), events: events(&any["any_events"]) }),
        ];
        deeds.into_iter().flatten().filter(|deed| !deed.events.is_empty()).collect()
    }
}

/// Who did what, counted.
pub struct Deeds(Vec<Counted>);

struct Counted {
    kind: Kind,
    /// How often everybody did each event.
    events: Vec<HashMap<String, u64>>,
}

impl Deeds {
    pub fn count(world: &World, project: &Project, deeds: &[Deed]) -> Self {
        let done = |query: &EventQuery| {
            let mut people = HashMap::new();
            let export = world.export(project, query, Flags::LEAN, Reading::Look);
            for key in export.rows().filter_map(|(_, row)| key_of_row(&project.shop, row)) {
                *people.entry(key).or_default() += 1;
            }
            people
        };
        let counted = |deed: &Deed| Counted { kind: deed.kind.clone(), events: deed.events.iter().map(done).collect() };
        Self(deeds.iter().map(counted).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this person did everything, as named by [`key_of_row`]. Nobody did nothing.
    pub fn admit(&self, person: Option<&str>) -> bool {
        self.0.iter().all(|Counted { kind, events }| {
            let mut times = events.iter().map(|people| person.and_then(|key| people.get(key)).copied().unwrap_or(0));
            match kind {
                Kind::All => times.all(|times| times > 0),
                Kind::None => times.all(|times| times == 0),
                Kind::Any(often) => often.holds(Some(&Value::from(times.sum::<u64>()))),
            }
        })
    }
}
