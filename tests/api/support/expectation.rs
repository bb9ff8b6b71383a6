//! What a table must look like, computed the slow and obvious way from the records themselves.
//!
//! It shares no code with flattap and reads contract 5.2 on its own: every record becomes a list of (path, value),
//! every value keeps its text as written, types are settled over all records of a load, cells are rendered as CSV
//! shows them. `row_id` is left out: what it is made of is not visible from outside, only that it is unique and stable.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::value::RawValue;

/// A JSON value that keeps the text of its numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Array(String),
    Object(Vec<(String, Value)>, String),
}

impl Value {
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        match text.as_bytes()[0] {
            b'n' => Self::Null,
            b't' => Self::Bool(true),
            b'f' => Self::Bool(false),
            b'"' => Self::Text(serde_json::from_str(text).unwrap()),
            b'[' => Self::Array(text.to_owned()),
            b'{' => {
                let members: Vec<(String, Self)> =
                    members(text).into_iter().map(|(key, value)| (key, Self::read(value.get()))).collect();
                Self::Object(members, text.to_owned())
            }
            _ => Self::Number(text.to_owned()),
        }
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members, _) => members.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// As it stands in a text column.
    fn as_text(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool(value) => value.to_string(),
            Self::Number(text) | Self::Text(text) | Self::Array(text) | Self::Object(_, text) => text.clone(),
        }
    }
}

/// The members of an object in the order written.
fn members(text: &str) -> Vec<(String, Box<RawValue>)> {
    struct Members(Vec<(String, Box<RawValue>)>);
    impl<'de> serde::Deserialize<'de> for Members {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Members;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                    let mut members = Vec::new();
                    while let Some(member) = map.next_entry()? {
                        members.push(member);
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    serde_json::from_str::<Members>(text).unwrap().0
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Text,
    Integer,
    Number,
    Boolean,
    TimestampUtc,
    Json,
}

#[derive(Clone, Debug)]
struct Property {
    path: Vec<String>,
    name: String,
    kind: Type,
    /// Name of the sibling for what does not fit, once one is needed.
    sibling: Option<String>,
}

/// When a property was first seen: time, group, position in the record.
type Sight = (i64, usize, usize);

/// A table that grows load by load, as the contract says.
#[derive(Clone, Debug)]
pub struct Expectation {
    event: String,
    zone: TimeZone,
    properties: Vec<Property>,
    names: Vec<String>,
    rows: Vec<Vec<(Vec<String>, Value)>>,
    fixed: Vec<HashMap<&'static str, Option<String>>>,
}

const GROUPS: [(&str, &str); 3] = [("session_props", "session_"), ("event_props", "prop_"), ("profile", "profile_")];

pub const FIXED: [&str; 16] = [
    "event_name",
    "event_time",
    "event_time_utc",
    "event_date",
    "ts",
    "object_id",
    "identity",
    "email",
    "phone",
    "name",
    "all_identities",
    "platform",
    "make",
    "model",
    "os_version",
    "app_version",
];

impl Expectation {
    pub fn new(event: &str, zone: &str) -> Self {
        Self {
            event: event.to_owned(),
            zone: TimeZone::get(zone).unwrap(),
            properties: Vec::new(),
            names: Vec::new(),
            rows: Vec::new(),
            fixed: Vec::new(),
        }
    }

    /// One load: all records of all of its days.
    pub fn load(&mut self, records: &[String]) {
        let mut seen: BTreeMap<Vec<String>, (Vec<Value>, Sight)> = BTreeMap::new();
        for record in records {
            let record = Value::read(record);
            let ts = time_of(&record);
            let mut cells = Vec::new();
            for (group, (key, _)) in GROUPS.iter().enumerate() {
                let root = match *key {
                    "profile" => record.get("profile").and_then(|profile| profile.get("profileData")),
                    key => record.get(key),
                };
                let mut found = Vec::new();
                if let Some(root) = root {
                    leaves(root, &mut vec![(*key).to_owned()], &mut found);
                }
                for (position, (path, value)) in found.into_iter().enumerate() {
                    if value == Value::Null {
                        continue;
                    }
                    let sight = (ts, group, position);
                    let entry = seen.entry(path.clone()).or_insert_with(|| (Vec::new(), sight));
                    entry.0.push(value.clone());
                    entry.1 = entry.1.min(sight);
                    cells.push((path, value));
                }
            }
            self.rows.push(cells);
            self.fixed.push(self.fixed_cells(&record));
        }
        let mut order: Vec<_> = seen.iter().map(|(path, (values, sight))| (*sight, path.clone(), values)).collect();
        order.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        for (_, path, values) in order {
            match self.properties.iter().position(|known| known.path == path) {
                None => {
                    let name = self.free_name(&column_name(&path));
                    self.names.push(name.clone());
                    self.properties.push(Property { path, name, kind: settle(values), sibling: None });
                }
                Some(known) => {
                    let kind = self.properties[known].kind;
                    if kind == Type::Integer && values.iter().any(is_fraction) {
                        self.properties[known].kind = Type::Number;
                    }
                    let kind = self.properties[known].kind;
                    if self.properties[known].sibling.is_none() && values.iter().any(|value| !fits(kind, value)) {
                        let name = self.free_name(&format!("{}_text", self.properties[known].name));
                        self.names.push(name.clone());
                        self.properties[known].sibling = Some(name);
                    }
                }
            }
        }
    }

    fn free_name(&self, wanted: &str) -> String {
        let taken = |name: &str| self.names.iter().any(|known| known == name);
        if !taken(wanted) {
            return wanted.to_owned();
        }
        (2..).map(|n| format!("{wanted}_{n}")).find(|name| !taken(name)).unwrap()
    }

    /// Column names after the fixed ones, in order.
    pub fn property_names(&self) -> &[String] {
        &self.names
    }

    /// Rows as column name → CSV cell; a missing name is null. Not in any order.
    pub fn cells(&self) -> Vec<BTreeMap<String, String>> {
        let known: HashMap<&[String], &Property> =
            self.properties.iter().map(|property| (property.path.as_slice(), property)).collect();
        self.rows
            .iter()
            .zip(&self.fixed)
            .map(|(properties, fixed)| {
                let mut row: BTreeMap<String, String> = fixed
                    .iter()
                    .filter_map(|(name, cell)| cell.as_ref().map(|cell| ((*name).to_owned(), cell.clone())))
                    .collect();
                for (path, value) in properties {
                    let property = known[path.as_slice()];
                    if fits(property.kind, value) {
                        row.insert(property.name.clone(), render(property.kind, value));
                    } else {
                        row.insert(property.sibling.clone().unwrap(), value.as_text());
                    }
                }
                row
            })
            .collect()
    }

    fn fixed_cells(&self, record: &Value) -> HashMap<&'static str, Option<String>> {
        let local = datetime_of(time_of(record));
        let utc = self.zone.to_ambiguous_timestamp(local).compatible().unwrap();
        let text = |path: &[&str]| {
            let mut value = Some(record);
            for key in path {
                value = value.and_then(|value| value.get(key));
            }
            value.filter(|value| **value != Value::Null).map(Value::as_text)
        };
        HashMap::from([
            ("event_name", Some(self.event.clone())),
            ("event_time", Some(local.strftime("%Y-%m-%dT%H:%M:%S").to_string())),
            ("event_time_utc", Some(utc.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
            ("event_date", Some(local.date().to_string())),
            ("ts", text(&["ts"])),
            ("object_id", text(&["profile", "objectId"])),
            ("identity", text(&["profile", "identity"])),
            ("email", text(&["profile", "email"])),
            ("phone", text(&["profile", "phone"])),
            ("name", text(&["profile", "name"])),
            ("all_identities", text(&["profile", "all_identities"])),
            ("platform", text(&["profile", "platform"])),
            ("make", text(&["profile", "make"])),
            ("model", text(&["profile", "model"])),
            ("os_version", text(&["profile", "os_version"])),
            ("app_version", text(&["profile", "app_version"])),
        ])
    }
}

/// The 14 digits of `ts`.
pub fn time_of(record: &Value) -> i64 {
    record.get("ts").map(Value::as_text).and_then(|text| text.parse().ok()).expect("a record with a 14-digit ts")
}

fn datetime_of(ts: i64) -> DateTime {
    DateTime::strptime("%Y%m%d%H%M%S", ts.to_string()).unwrap()
}

/// Three keys flatten, what is deeper is JSON; `{}` is nothing.
fn leaves(value: &Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Value)>) {
    match value {
        Value::Object(members, _) if path.len() <= 3 => {
            let mut last: Vec<(&String, &Value)> = Vec::new();
            for (key, value) in members {
                match last.iter_mut().find(|(known, _)| *known == key) {
                    Some(known) => known.1 = value,
                    None => last.push((key, value)),
                }
            }
            for (key, value) in last {
                path.push(key.clone());
                leaves(value, path, found);
                path.pop();
            }
        }
        Value::Object(members, _) if members.is_empty() => {}
        other => found.push((path.clone(), other.clone())),
    }
}

fn column_name(path: &[String]) -> String {
    let prefix = GROUPS.iter().find(|(key, _)| *key == path[0]).unwrap().1;
    let parts: Vec<String> = path[1..].iter().map(|key| normalised(key)).collect();
    format!("{prefix}{}", parts.join("_"))
}

fn normalised(key: &str) -> String {
    let mut name = String::new();
    for character in key.to_lowercase().chars() {
        if character.is_alphanumeric() {
            name.push(character);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_matches('_');
    if name.is_empty() { "unnamed".into() } else { name.into() }
}

fn settle(values: &[Value]) -> Type {
    let number = |value: &Value| matches!(value, Value::Number(_));
    let numeric = |value: &Value| number(value) || matches!(value, Value::Text(text) if is_number_syntax(text));
    if values.iter().all(|value| matches!(value, Value::Bool(_))) {
        Type::Boolean
    } else if values.iter().all(|value| matches!(value, Value::Array(_) | Value::Object(..))) {
        Type::Json
    } else if values.iter().all(|value| matches!(value, Value::Text(text) if seconds(text).is_some())) {
        Type::TimestampUtc
    } else if values.iter().any(number) && values.iter().all(numeric) {
        if values.iter().any(|value| !is_fraction(value) && small_integer(&value.as_text()).is_none()) {
            Type::Text
        } else if values.iter().any(is_fraction) {
            Type::Number
        } else {
            Type::Integer
        }
    } else {
        Type::Text
    }
}

fn fits(kind: Type, value: &Value) -> bool {
    match kind {
        Type::Text => true,
        Type::Boolean => matches!(value, Value::Bool(_)),
        Type::Json => matches!(value, Value::Array(_) | Value::Object(..)),
        Type::TimestampUtc => matches!(value, Value::Text(text) if seconds(text).is_some()),
        Type::Integer => is_numeric(value) && small_integer(&value.as_text()).is_some(),
        Type::Number => is_numeric(value) && (is_fraction(value) || small_integer(&value.as_text()).is_some()),
    }
}

fn render(kind: Type, value: &Value) -> String {
    let text = value.as_text();
    match kind {
        Type::Text | Type::Json | Type::Boolean => text,
        Type::Integer => small_integer(&text).unwrap().to_string(),
        Type::Number => {
            let number: f64 = text.parse().unwrap();
            let plain = format!("{number}");
            if plain.contains('.') { plain } else { format!("{plain}.0") }
        }
        Type::TimestampUtc => {
            jiff::Timestamp::from_second(seconds(&text).unwrap()).unwrap().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
        }
    }
}

fn is_numeric(value: &Value) -> bool {
    matches!(value, Value::Number(_)) || matches!(value, Value::Text(text) if is_number_syntax(text))
}

fn is_number_syntax(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && text.ends_with(|last: char| last.is_ascii_digit())
        && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

fn is_fraction(value: &Value) -> bool {
    is_numeric(value) && value.as_text().contains(['.', 'e', 'E'])
}

/// Within ±2^53.
fn small_integer(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| number.unsigned_abs() <= 1 << 53)
}

fn seconds(text: &str) -> Option<i64> {
    let digits = text.strip_prefix("$D_")?;
    let plain = digits.strip_prefix('-').unwrap_or(digits);
    if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = digits.parse().ok()?;
    let year = jiff::Timestamp::from_second(seconds).ok()?.to_zoned(TimeZone::UTC).year();
    (1..=9999).contains(&year).then_some(seconds)
}
