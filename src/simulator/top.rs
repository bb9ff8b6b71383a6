//! `/1/counts/top.json`: which values of a property are the most frequent.
//!
//! Under each label of the question stands a layer of types (`STR`, `NUM`, `BOOL`), and under these value → count, in
//! the order asked for; [`TopForm::Flat`] leaves the layer out. Of an array each element counts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::answer::Answer;
use super::config::TopForm;
use super::faults::Fault;
use super::filter::{app_field, demographic, profile_field, technographic};
use super::given::Reading;
use super::partial::number;
use super::question::EventQuery;
use super::schema::USER_PROPERTIES;
use super::shop::Flags;
use super::shop::events::{KINDS, find};
use super::world::{Project, World};

const MOST_VALUES: u64 = 100;
const USUAL_VALUES: u64 = 10;

/// What is asked for.
pub struct TopQuery {
    pub query: EventQuery,
    groups: Vec<Group>,
}

struct Group {
    label: String,
    place: Place,
    name: String,
    most: usize,
    descending: bool,
}

/// Where in a record a property is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Event,
    Session,
    Profile,
    App,
    Demographics,
    /// `OS` and `Device`.
    Technographics,
    /// The city; needs no name.
    Geography,
}

impl TopQuery {
    /// Errors: no groups; one that asks for something there is not.
    pub fn read(body: &Value) -> Result<Self, Answer> {
        let query = EventQuery::read(body)?;
        let groups = body["groups"].as_object().filter(|groups| !groups.is_empty());
        let groups = groups.ok_or_else(|| Answer::fail(400, "groups is missing", 400))?;
        let groups = groups.iter().map(|(label, group)| Group::read(label, group).ok_or_else(Answer::invalid_group));
        Ok(Self { query, groups: groups.collect::<Result<_, _>>()? })
    }

    /// A property that the event never had is an invalid group.
    pub fn refusal(&self, world: &World, project: &Project) -> Option<Answer> {
        let known = |group: &Group| group.in_schema(&self.query.event) || self.ever_seen(group, world, project);
        (!self.groups.iter().all(known)).then(Answer::invalid_group)
    }

    fn ever_seen(&self, group: &Group, world: &World, project: &Project) -> bool {
        let (first, last) = world.window(project);
        let always = EventQuery::new(&self.query.event, first.min(self.query.first), last);
        let export = world.export(project, &always, Flags::LEAN, Reading::Look);
        let mut record = Vec::new();
        (0..export.total()).rev().any(|number| {
            record.clear();
            export.write(number, &mut record);
            serde_json::from_slice(&record).is_ok_and(|record| group.find(&record).is_some())
        })
    }

    pub fn answer(&self, world: &World, project: &Project, fault: Option<&Fault>) -> Answer {
        if fault == Some(&Fault::NoCount) {
            return Answer::labelled([]);
        }
        // Type and value of each, and how often it is there.
        let mut tallies: Vec<BTreeMap<(&'static str, String), u64>> =
            self.groups.iter().map(|_| BTreeMap::new()).collect();
        let export = world.export(project, &self.query, Flags::LEAN, Reading::Look);
        let mut record = Vec::new();
        for row in 0..export.total() {
            record.clear();
            export.write(row, &mut record);
            let Ok(record) = serde_json::from_slice::<Value>(&record) else { continue };
            for (group, tallies) in self.groups.iter().zip(&mut tallies) {
                let found = group.find(&record);
                let elements = match found.as_ref() {
                    Some(Value::Array(elements)) => elements.as_slice(),
                    found => found.map(std::slice::from_ref).unwrap_or_default(),
                };
                for key in elements.iter().filter_map(typed) {
                    *tallies.entry(key).or_default() += 1;
                }
            }
        }
        let flat = world.config.top_form == TopForm::Flat;
        let labels = self.groups.iter().zip(tallies);
        Answer::labelled(labels.map(|(group, tallies)| {
            let mut values: Vec<((&str, String), u64)> = tallies.into_iter().collect();
            // Equal counts stay in the order of the values.
            values.sort_by_key(|(_, count)| if group.descending { u64::MAX - count } else { *count });
            values.truncate(group.most);
            let mut layers: Vec<(String, Value)> = Vec::new();
            for ((layer, value), count) in values {
                let count = number(Value::from(count), fault);
                if flat {
                    layers.push((value, count));
                    continue;
                }
                let at = layers.iter().position(|(known, _)| known == layer).unwrap_or_else(|| {
                    layers.push((layer.to_owned(), Value::Object(Map::new())));
                    layers.len() - 1
                });
                if let Some((_, Value::Object(values))) = layers.get_mut(at) {
                    values.insert(value, count);
                }
            }
            (group.label.clone(), layers)
        }))
    }
}

impl Group {
    fn read(label: &str, group: &Value) -> Option<Self> {
        let place = match group["property_type"].as_str()? {
            "event_properties" => Place::Event,
            "session_properties" => Place::Session,
            "profile_fields" => Place::Profile,
            "app_fields" => Place::App,
            "demographics" => Place::Demographics,
            "technographics" => Place::Technographics,
            "geo_fields" => Place::Geography,
            _ => return None,
        };
        let name = match group["name"].as_str() {
            Some(name) => name.to_owned(),
            None if place == Place::Geography => String::new(),
            None => return None,
        };
        let most = group["top_n"].as_u64().unwrap_or(USUAL_VALUES).clamp(1, MOST_VALUES) as usize;
        Some(Self { label: label.to_owned(), place, name, most, descending: group["order"] != "asc" })
    }

    /// The property's value in a record.
    fn find(&self, record: &Value) -> Option<Value> {
        let profile = &record["profile"];
        let found = match self.place {
            Place::Event => record["event_props"].get(&self.name).map(Cow::Borrowed),
            Place::Session => record["session_props"].get(&self.name).map(Cow::Borrowed),
            Place::Profile => profile_field(profile, &self.name),
            Place::App => app_field(profile, &self.name),
            Place::Demographics => demographic(profile, &self.name),
            Place::Technographics => technographic(profile, &self.name),
            Place::Geography => profile["profileData"].get("City").map(Cow::Borrowed),
        };
        found.map(Cow::into_owned).filter(|value| !value.is_null())
    }

    fn in_schema(&self, event: &str) -> bool {
        let named = |list: &[(&str, &str)]| list.iter().any(|(name, _)| *name == self.name);
        match self.place {
            Place::Event => find(event).and_then(|kind| KINDS.get(kind)).is_some_and(|kind| named(kind.properties)),
            Place::Profile => named(&USER_PROPERTIES),
            Place::Geography => true,
            Place::Session | Place::App | Place::Demographics | Place::Technographics => false,
        }
    }
}

/// The layer a value is in, and the value as a key.
fn typed(value: &Value) -> Option<(&'static str, String)> {
    match value {
        Value::String(text) => Some(("STR", text.clone())),
        Value::Number(number) => Some(("NUM", number.to_string())),
        Value::Bool(boolean) => Some(("BOOL", boolean.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
