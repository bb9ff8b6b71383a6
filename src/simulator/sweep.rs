//! People instead of records: who did something, each once, and the profile record of each.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::export::Row;
use super::shop::{Flags, LookUp, Shop, Who};

/// Different people. Those who logged in are one each, whatever devices they have; of the others each device is one.
#[derive(Default)]
pub struct People {
    shop: BTreeSet<Who>,
    /// By identity or object id: people in records that a test put there, and these records.
    given: BTreeMap<String, Vec<Bytes>>,
}

impl People {
    /// Adds the person who did this. A record that names nobody adds nobody.
    pub fn add(&mut self, shop: &Shop, row: Row<'_>) {
        match row {
            Row::Shop(place) => {
                self.shop.insert(shop.who(place));
            }
            Row::Given(record) => {
                if let Some(key) = key_of(record) {
                    self.given.entry(key).or_default().push(record.clone());
                }
            }
        }
    }

    pub fn count(&self, shop: &Shop) -> u64 {
        (self.shop.len() + self.strangers(shop).len()) as u64
    }

    /// Those whom the shop does not have among these people.
    fn strangers(&self, shop: &Shop) -> Vec<&Vec<Bytes>> {
        if self.given.is_empty() {
            return Vec::new();
        }
        let known: HashSet<String> = self.shop.iter().map(|who| shop.key_of(*who)).collect();
        self.given.iter().filter(|(key, _)| !known.contains(*key)).map(|(_, records)| records).collect()
    }
}

/// The profile records of people, each with a number from 0.
pub struct Sweep {
    shop: Arc<Shop>,
    /// The day of the export, in days since 1970.
    today: i64,
    pub flags: Flags,
    known: Vec<Who>,
    strangers: Vec<Vec<u8>>,
}

impl Sweep {
    pub fn new(shop: Arc<Shop>, people: &People, today: i64, flags: Flags) -> Self {
        let strangers = people.strangers(&shop).into_iter().map(|records| stranger(records, flags)).collect();
        Self { known: people.shop.iter().copied().collect(), strangers, shop, today, flags }
    }

    pub fn total(&self) -> u64 {
        (self.known.len() + self.strangers.len()) as u64
    }

    /// Appends the JSON of somebody's record.
    pub fn write(&self, number: u64, out: &mut Vec<u8>) {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        if let Some(who) = self.known.get(number) {
            self.shop.write_person(*who, self.today, self.flags, out);
        } else if let Some(record) = number.checked_sub(self.known.len()).and_then(|at| self.strangers.get(at)) {
            out.extend_from_slice(record);
        }
    }
}

/// The record of one person, of the shop or of what a test put there.
pub fn look_up(shop: &Shop, given: &[Bytes], wanted: LookUp<'_>, today: i64) -> Option<Vec<u8>> {
    if let Some(who) = shop.find(wanted) {
        let mut record = Vec::new();
        shop.write_person(who, today, Flags::ALL, &mut record);
        return Some(record);
    }
    let (field, text) = match wanted {
        LookUp::Identity(text) => ("identity", text),
        LookUp::Email(text) => ("email", text),
        LookUp::ObjectId(text) => ("objectId", text),
    };
    let theirs = |record: &&Bytes| {
        let parsed = serde_json::from_slice::<Value>(record).ok();
        parsed.is_some_and(|record| word(&record["profile"][field]).is_some_and(|found| found == text))
    };
    let key = given.iter().find(theirs).and_then(|record| key_of(record))?;
    let theirs: Vec<Bytes> = given.iter().filter(|record| key_of(record).as_ref() == Some(&key)).cloned().collect();
    Some(stranger(&theirs, Flags::ALL))
}

/// Who did this: their identity, or their device's object id. `None` for a record that names nobody.
pub fn key_of_row(shop: &Shop, row: Row<'_>) -> Option<String> {
    match row {
        Row::Shop(place) => Some(shop.key_of(shop.who(place))),
        Row::Given(record) => key_of(record),
    }
}

/// Who a record is about: the identity, else the object id.
fn key_of(record: &[u8]) -> Option<String> {
    let record: Value = serde_json::from_slice(record).ok()?;
    let profile = &record["profile"];
    word(&profile["identity"]).or_else(|| word(&profile["objectId"]))
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A profile record made from somebody's event records: the newest profile, and every device that is in one of them.
fn stranger(records: &[Bytes], flags: Flags) -> Vec<u8> {
    let profiles = records.iter().filter_map(|record| serde_json::from_slice::<Value>(record).ok());
    let profiles: Vec<Map<String, Value>> =
        profiles.filter_map(|mut record| record["profile"].as_object_mut().map(std::mem::take)).collect();
    let mut devices: Vec<Value> = Vec::new();
    let mut person = Map::new();
    for mut profile in profiles {
        let mut device = Map::new();
        for key in ["platform", "os_version", "app_version", "make", "model", "push_token", "objectId"] {
            let of_app = !matches!(key, "platform" | "push_token" | "objectId");
            if let Some(value) = profile.remove(key).filter(|_| flags.app || !of_app) {
                device.insert(key.to_owned(), value);
            }
        }
        if !devices.iter().any(|known| known["objectId"] == device.get("objectId").cloned().unwrap_or_default()) {
            devices.push(Value::Object(device));
        }
        person = profile;
    }
    if !flags.profile {
        person.remove("profileData");
    }
    if !flags.events {
        person.remove("events");
    }
    person.insert("platformInfo".to_owned(), Value::Array(devices));
    json!(person).to_string().into_bytes()
}
