//! The one model of a table: named, typed columns and a stream of Arrow record batches.
//!
//! Everything before this model deals with CleverTap's shapes, everything after it with bytes. It depends on nothing
//! of ours. Column facts that Arrow does not know (where a column comes from, whether it is JSON) travel in the
//! Arrow field's metadata, so they live in the Delta log beside the data and come back with it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;
use futures_util::stream::BoxStream;

/// What the cells of a column are. The names are those of the schema page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    Text,
    /// Within ±2^53, so that every tool keeps all digits.
    Integer,
    /// IEEE double.
    Number,
    Boolean,
    /// Microseconds, project-local wall clock, no offset.
    Timestamp,
    /// Microseconds since the Unix epoch.
    TimestampUtc,
    Date,
    /// JSON text.
    Json,
}

impl ColumnType {
    /// The Arrow type that carries it in memory. Text is a view array: sorting and slicing copy 16 bytes a cell.
    pub fn arrow(self) -> DataType {
        match self {
            Self::Text | Self::Json => DataType::Utf8View,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::TimestampUtc => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Date => DataType::Date32,
        }
    }

    /// The name on the schema page. Both timestamps are `timestamp` there; [`clock`](Self::clock) tells them apart.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Timestamp | Self::TimestampUtc => "timestamp",
            Self::Date => "date",
            Self::Json => "json",
        }
    }

    /// On whose clock its times are: the project's or that of UTC. `None` for what is no time.
    pub fn clock(self) -> Option<&'static str> {
        match self {
            Self::Timestamp => Some("project"),
            Self::TimestampUtc => Some("UTC"),
            _ => None,
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Self::TimestampUtc => "timestamp_utc",
            other => other.name(),
        }
    }

    fn from_tag(tag: &str) -> Option<Self> {
        Some(match tag {
            "text" => Self::Text,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "timestamp" => Self::Timestamp,
            "timestamp_utc" => Self::TimestampUtc,
            "date" => Self::Date,
            "json" => Self::Json,
            _ => return None,
        })
    }
}

/// Where a column's cells come from in CleverTap's answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A column that every table of its kind has (`event_time`, `object_id` …); the text is the source path shown
    /// on the schema page, empty when the value is computed here.
    Fixed(String),
    /// A property: the keys from the record's root, e.g. `["event_props", "Payment mode"]`.
    Property(Vec<String>),
    /// Values of a property that did not fit the type of its own column.
    Sibling(Vec<String>),
}

impl Origin {
    /// The source path of the schema page, e.g. `event_props.Payment mode`.
    pub fn display(&self) -> String {
        match self {
            Self::Fixed(path) => path.clone(),
            Self::Property(keys) | Self::Sibling(keys) => keys.join("."),
        }
    }
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: ColumnType,
    pub nullable: bool,
    pub origin: Origin,
}

const TYPE_KEY: &str = "flattap.type";
const ORIGIN_KEY: &str = "flattap.origin";
const PATH_KEY: &str = "flattap.path";

impl Column {
    pub fn fixed(name: &str, kind: ColumnType, nullable: bool, source: &str) -> Self {
        Self { name: name.to_owned(), kind, nullable, origin: Origin::Fixed(source.to_owned()) }
    }

    /// The Arrow field, with the facts Arrow lacks in its metadata.
    pub fn field(&self) -> Field {
        let (origin, path) = match &self.origin {
            Origin::Fixed(path) => ("fixed", path.clone()),
            Origin::Property(keys) => ("property", json_array(keys)),
            Origin::Sibling(keys) => ("sibling", json_array(keys)),
        };
        Field::new(&self.name, self.kind.arrow(), self.nullable).with_metadata(HashMap::from([
            (TYPE_KEY.to_owned(), self.kind.tag().to_owned()),
            (ORIGIN_KEY.to_owned(), origin.to_owned()),
            (PATH_KEY.to_owned(), path),
        ]))
    }

    /// Reads a column back from an Arrow field made by [`Column::field`].
    ///
    /// Errors: the field lacks our metadata, that is, somebody else made it.
    pub fn from_field(field: &Field) -> Result<Self, ForeignField> {
        let foreign = || ForeignField(field.name().clone());
        let meta = field.metadata();
        let kind = meta.get(TYPE_KEY).and_then(|tag| ColumnType::from_tag(tag)).ok_or_else(foreign)?;
        let path = meta.get(PATH_KEY).ok_or_else(foreign)?;
        let keys = || serde_json::from_str::<Vec<String>>(path).map_err(|_| foreign());
        let origin = match meta.get(ORIGIN_KEY).map(String::as_str) {
            Some("fixed") => Origin::Fixed(path.clone()),
            Some("property") => Origin::Property(keys()?),
            Some("sibling") => Origin::Sibling(keys()?),
            _ => return Err(foreign()),
        };
        Ok(Self { name: field.name().clone(), kind, nullable: field.is_nullable(), origin })
    }
}

fn json_array(keys: &[String]) -> String {
    serde_json::Value::from(keys).to_string()
}

/// A field that was not written by flattap.
#[derive(Debug, thiserror::Error)]
#[error("column `{0}` was not written by flattap")]
pub struct ForeignField(pub String);

/// A key of CleverTap's as part of a column name: lower-cased, every run of characters that are neither letters nor
/// digits one `_`, none at the ends, `unnamed` when nothing is left.
pub fn normalise(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    let mut gap = false;
    for letter in key.to_lowercase().chars() {
        if !letter.is_alphanumeric() {
            gap = true;
            continue;
        }
        if gap && !name.is_empty() {
            name.push('_');
        }
        gap = false;
        name.push(letter);
    }
    if name.is_empty() { "unnamed".to_owned() } else { name }
}

/// The Arrow schema of these columns, in their order.
pub fn schema_of(columns: &[Column]) -> SchemaRef {
    Arc::new(Schema::new(columns.iter().map(Column::field).collect::<Vec<_>>()))
}

/// Record batches of one schema, in the table's order. An error ends the stream; what came before it is then not a
/// whole table.
pub type BatchStream<E> = BoxStream<'static, Result<RecordBatch, E>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_comes_back_from_its_arrow_field() {
        for origin in [
            Origin::Fixed("profile.objectId".into()),
            Origin::Property(vec!["event_props".into(), "a.b \"c\"".into()]),
            Origin::Sibling(vec!["event_props".into(), "größe".into()]),
        ] {
            for kind in [ColumnType::Text, ColumnType::Json, ColumnType::Timestamp, ColumnType::TimestampUtc] {
                let column = Column { name: "x".into(), kind, nullable: true, origin: origin.clone() };
                assert_eq!(Column::from_field(&column.field()).unwrap(), column);
            }
        }
    }

    #[test]
    fn a_field_without_our_facts_is_refused() {
        assert!(Column::from_field(&Field::new("x", DataType::Utf8, true)).is_err());
    }
}
