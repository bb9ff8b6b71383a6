//! The same rules again, slowly and plainly: nothing is shared with the room but the columns it settled on.
//!
//! Records are taken apart with `serde_json`, kinds are regular expressions, cells are strings.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use regex::Regex;
use serde_json::value::RawValue;

use crate::table::{ColumnType, Origin};

pub type Path = Vec<String>;

/// A value: its kind in words, and its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    pub kind: &'static str,
    pub text: String,
    pub position: usize,
}

#[derive(Clone, Debug)]
pub struct Row {
    pub local: DateTime,
    pub ts: i64,
    pub fixed: BTreeMap<String, String>,
    pub properties: BTreeMap<Path, Value>,
    /// Equal for records that count as identical.
    pub identity: String,
}

/// The members of an object in their order, keys that come twice included.
fn members(raw: &str) -> Vec<(String, Box<RawValue>)> {
    struct Members;
    impl<'de> serde::de::Visitor<'de> for Members {
        type Value = Vec<(String, Box<RawValue>)>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    serde::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_str(raw), Members).unwrap()
}

fn string(raw: &str) -> String {
    serde_json::from_str(raw).unwrap()
}

fn is(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).unwrap().is_match(text)
}

fn number_kind(text: &str) -> &'static str {
    if is(r"^-?[0-9]+$", text) {
        let small = text.parse::<i128>().is_ok_and(|value| value.abs() <= 1 << 53);
        return if small { "integer" } else { "wide" };
    }
    if text.parse::<f64>().unwrap().is_finite() { "fraction" } else { "wide" }
}

fn kind(raw: &str) -> &'static str {
    match raw.as_bytes()[0] {
        b'"' => {
            let text = string(raw);
            if is(r"^\$D_-?[0-9]+$", &text) {
                let seconds = text[3..].parse::<i128>().unwrap();
                let first = "0001-01-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
                let end = "9999-12-30T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second() + 2 * 86_400;
                return if (i128::from(first)..i128::from(end)).contains(&seconds) { "date" } else { "text" };
            }
            if is(r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$", &text) {
                return match number_kind(&text) {
                    "integer" => "text integer",
                    "fraction" => "text fraction",
                    _ => "text",
                };
            }
            "text"
        }
        b'{' | b'[' => "json",
        b't' | b'f' => "boolean",
        _ => number_kind(raw),
    }
}

/// Takes a record apart. Its JSON is known to be right.
pub fn row(record: &str) -> Row {
    let mut leaves: Vec<(Path, String, usize)> = Vec::new();
    let mut position = 0;
    walk(record, &mut Vec::new(), &mut leaves, &mut position);
    let mut row = Row {
        local: DateTime::default(),
        ts: 0,
        fixed: BTreeMap::new(),
        properties: BTreeMap::new(),
        identity: String::new(),
    };
    let mut identity = BTreeMap::new();
    for (path, raw, position) in leaves {
        let text = if raw.starts_with('"') { string(&raw) } else { raw.clone() };
        let of_event = path[0] != "profile";
        if path == ["ts"] {
            row.ts = text.parse().unwrap();
            row.local = DateTime::strptime("%Y%m%d%H%M%S", &text).unwrap();
        } else if path.len() == 2 && !of_event && path[1] != "profileData" {
            row.fixed.insert(path[1].clone(), text);
        } else {
            if of_event {
                identity.insert(path.clone(), canonical(&raw));
            }
            row.properties.insert(path, Value { kind: kind(&raw), text, position });
        }
    }
    row.identity = format!("{:?} {} {identity:?}", row.fixed.get("objectId"), row.ts);
    row
}

/// JSON without white space and with keys in order.
fn canonical(raw: &str) -> String {
    match raw.as_bytes()[0] {
        b'{' => {
            let mut parts: Vec<String> =
                members(raw).iter().map(|(key, value)| format!("{key:?}:{}", canonical(value.get()))).collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
        b'[' => {
            let elements: Vec<Box<RawValue>> = serde_json::from_str(raw).unwrap();
            format!("[{}]", elements.iter().map(|raw| canonical(raw.get())).collect::<Vec<_>>().join(","))
        }
        b'"' => format!("{:?}", string(raw)),
        _ => raw.to_owned(),
    }
}

const PROFILE: [&str; 11] = [
    "objectId",
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

fn walk(raw: &str, path: &mut Path, leaves: &mut Vec<(Path, String, usize)>, position: &mut usize) {
    for (key, value) in members(raw) {
        let value = value.get();
        path.push(key);
        let known: Vec<&str> = path.iter().map(String::as_str).collect();
        let (section, container) = match known.as_slice() {
            ["profile"] => (Some(0), true),
            ["event_props" | "session_props", rest @ ..] | ["profile", "profileData", rest @ ..] => {
                (Some(rest.len()), rest.is_empty())
            }
            ["ts"] => (None, false),
            ["profile", field] if PROFILE.contains(field) => (None, false),
            _ => {
                path.pop();
                continue;
            }
        };
        // The last of a key that comes twice counts.
        leaves.retain(|(other, ..)| !other.starts_with(path));
        let empty = |open, close| value.starts_with(open) && value[1..].trim_start().starts_with(close);
        let nothing = value == "null" || section.is_some() && (empty('{', '}') || container && empty('[', ']'));
        if nothing {
        } else if value.starts_with('{') && section.is_some_and(|keys| keys < 3) {
            walk(value, path, leaves, position);
        } else {
            leaves.push((path.clone(), value.to_owned(), *position));
            *position += usize::from(section.is_some());
        }
        path.pop();
    }
}

/// The columns that a fill makes of an existing table: per column its origin and type.
pub fn grow(known: &[(Origin, ColumnType)], rows: &[Row]) -> Vec<(Origin, ColumnType)> {
    let mut columns = known.to_vec();
    let section = |path: &Path| match path[0].as_str() {
        "session_props" => 0,
        "event_props" => 1,
        _ => 2,
    };
    let mut seen: BTreeMap<Path, Vec<(DateTime, usize, usize, &'static str)>> = BTreeMap::new();
    for row in rows {
        for (path, value) in &row.properties {
            seen.entry(path.clone()).or_default().push((row.local, section(path), value.position, value.kind));
        }
    }
    let mut fresh = Vec::new();
    for (path, mut values) in seen {
        values.sort();
        let kinds: BTreeSet<&str> = values.iter().map(|value| value.3).collect();
        let own = Origin::Property(path.clone());
        let Some(column) = columns.iter_mut().find(|(origin, _)| *origin == own) else {
            fresh.push((values[0], path, own, settle(&kinds)));
            continue;
        };
        if column.1 == ColumnType::Integer && (kinds.contains("fraction") || kinds.contains("text fraction")) {
            column.1 = ColumnType::Number;
        }
        let column = column.1;
        let sibling = Origin::Sibling(path.clone());
        if let Some(first) = values.iter().find(|value| !fits(value.3, column))
            && !columns.iter().any(|(origin, _)| *origin == sibling)
        {
            fresh.push((*first, path, sibling, ColumnType::Text));
        }
    }
    fresh.sort_by_key(|((time, section, position, _), path, ..)| (*time, *section, *position, path.clone()));
    columns.extend(fresh.into_iter().map(|(_, _, origin, kind)| (origin, kind)));
    columns
}

fn settle(kinds: &BTreeSet<&str>) -> ColumnType {
    let only = |allowed: &[&str]| kinds.iter().all(|kind| allowed.contains(kind));
    let number = kinds.contains("integer") || kinds.contains("fraction");
    if only(&["boolean"]) {
        ColumnType::Boolean
    } else if only(&["date"]) {
        ColumnType::TimestampUtc
    } else if only(&["json"]) {
        ColumnType::Json
    } else if number && only(&["integer", "text integer"]) {
        ColumnType::Integer
    } else if number && only(&["integer", "fraction", "text integer", "text fraction"]) {
        ColumnType::Number
    } else {
        ColumnType::Text
    }
}

fn fits(kind: &str, column: ColumnType) -> bool {
    match column {
        ColumnType::Text => true,
        ColumnType::Integer => ["integer", "text integer"].contains(&kind),
        ColumnType::Number => ["integer", "text integer", "fraction", "text fraction"].contains(&kind),
        ColumnType::Boolean => kind == "boolean",
        ColumnType::TimestampUtc => kind == "date",
        ColumnType::Json => kind == "json",
        ColumnType::Timestamp | ColumnType::Date => false,
    }
}

/// The cells of a row, `row_id` left out.
pub fn cells(row: &Row, columns: &[(Origin, ColumnType)], zone: &TimeZone) -> Vec<Option<String>> {
    let micros = |time: DateTime| TimeZone::UTC.to_timestamp(time).unwrap().as_microsecond().to_string();
    let utc = zone.to_ambiguous_timestamp(row.local).compatible().unwrap().as_microsecond().to_string();
    let date = micros(row.local.date().at(0, 0, 0, 0)).parse::<i64>().unwrap() / 86_400_000_000;
    let mut cells = vec![
        Some("Charged".into()),
        Some(micros(row.local)),
        Some(utc),
        Some(date.to_string()),
        Some(row.ts.to_string()),
    ];
    cells.extend(PROFILE.iter().map(|field| row.fixed.get(*field).cloned()));
    let kind_of = |path: &Path| columns.iter().find(|(origin, _)| *origin == Origin::Property(path.clone())).unwrap().1;
    for (origin, _) in columns {
        let (path, own) = match origin {
            Origin::Property(path) => (path, true),
            Origin::Sibling(path) => (path, false),
            Origin::Fixed(_) => continue,
        };
        let column = kind_of(path);
        let value = row.properties.get(path).filter(|value| fits(value.kind, column) == own);
        let number = |text: &str| text.parse::<f64>().unwrap();
        cells.push(value.map(|value| match column {
            ColumnType::Integer if own => value.text.parse::<i64>().unwrap().to_string(),
            // An integer that is no double's text is read as an integer first: `-0` in a file of integers is 0.
            ColumnType::Number if own => format!("{:?}", number(&value.text)),
            ColumnType::TimestampUtc if own => {
                format!("{}000000", &value.text[3..]).parse::<i64>().unwrap().to_string()
            }
            _ => value.text.clone(),
        }));
    }
    cells
}
