//! Rows made of another table's kept rows: the elements of a property, the devices and the deeds of people.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{Array, AsArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::record_batch::RecordBatch;
use jiff::civil::Date;

use super::World;
use crate::flatten::records::{self, ItemsOf};
use crate::freshness::job::FillError;
use crate::period::Days;
use crate::plan::Question;
use crate::request::nearest;
use crate::store::{DayRows, DayTable, Snapshot, StoredDay};
use crate::table::{Column, ColumnType, Origin};

/// The kept days that are still to be read, and the one at hand.
pub(in crate::freshness) struct Derived {
    table: Arc<DayTable>,
    days: VecDeque<(Date, StoredDay)>,
    open: Option<(Date, DayRows)>,
    made: Made,
}

/// What is made of a row.
enum Made {
    /// The elements of the arrays in these columns: the property's own, and the one with what does not fit its type.
    /// None: the table has no such column yet.
    Items {
        columns: Vec<String>,
        event: String,
    },
    Devices,
    EventSummaries,
}

const PLATFORM_INFO: &str = "platform_info";
const EVENT_SUMMARIES: &str = "event_summaries";

impl Derived {
    /// The days that are kept of the parent; whoever asks made sure that they are.
    ///
    /// Errors: there are rows, and neither these nor earlier ones have the property in a form that can hold a list.
    pub fn open(world: &World<'_>, days: Days) -> Result<Self, FillError> {
        let (Some(parent), Some(source)) = (world.parent, world.source.question.parent()) else {
            return Err(FillError::Aborted);
        };
        let made = match &world.source.question {
            Question::Items { property, .. } => {
                Made::Items { columns: columns_of(&parent.columns, property), event: world.event().to_owned() }
            }
            Question::Devices { .. } => Made::Devices,
            _ => Made::EventSummaries,
        };
        let kept = parent.days.range(days.first..=days.last).filter(|(_, stored)| stored.rows > 0);
        let days: VecDeque<_> = kept.map(|(day, stored)| (*day, stored.clone())).collect();
        if let (Made::Items { columns, .. }, Question::Items { property, .. }) = (&made, &world.source.question)
            && columns.is_empty()
            && !days.is_empty()
        {
            return Err(no_list(world, parent, property));
        }
        Ok(Self { table: world.store.table(&source.key), days, open: None, made })
    }

    /// The next page of records.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, FillError> {
        loop {
            if let Some((day, rows)) = &mut self.open {
                match rows.next().await {
                    Some(batch) => return Ok(Some(self.made.records(&batch?, *day)?)),
                    None => self.open = None,
                }
            }
            let Some((day, stored)) = self.days.pop_front() else { return Ok(None) };
            let columns = match &self.made {
                Made::Items { columns, .. } if columns.is_empty() => continue,
                Made::Items { columns, .. } => {
                    let own = ["row_id", "ts", "object_id", "identity"];
                    own.into_iter().chain(columns.iter().map(String::as_str)).collect()
                }
                Made::Devices => vec!["profile_id", PLATFORM_INFO],
                Made::EventSummaries => vec!["profile_id", EVENT_SUMMARIES],
            };
            self.open = Some((day, self.table.rows_of(&stored, &columns).await?));
        }
    }
}

impl Made {
    fn records(&self, batch: &RecordBatch, day: Date) -> Result<Vec<u8>, FillError> {
        match self {
            Self::Items { columns, event } => {
                let [ids, objects, identities] = ["row_id", "object_id", "identity"].map(|name| text(batch, name));
                let json: Vec<_> = columns.iter().map(|column| text(batch, column)).collect();
                let times = batch.column_by_name("ts").and_then(|cells| cells.as_primitive_opt::<Int64Type>());
                let parents = (0..batch.num_rows()).filter_map(|row| {
                    Some(ItemsOf {
                        row_id: cell(&ids, row)?,
                        ts: times.map(|times| times.value(row))?,
                        event_name: event,
                        object_id: cell(&objects, row),
                        identity: cell(&identities, row),
                        json: json.iter().find_map(|cells| cell(cells, row))?,
                    })
                });
                Ok(records::items(parents)?)
            }
            Self::Devices | Self::EventSummaries => {
                let people = text(batch, "profile_id");
                let name = if matches!(self, Self::Devices) { PLATFORM_INFO } else { EVENT_SUMMARIES };
                let json = text(batch, name);
                let rows = (0..batch.num_rows()).filter_map(|row| Some((cell(&people, row)?, cell(&json, row)?)));
                Ok(match self {
                    Self::Devices => records::devices(rows, day)?,
                    _ => records::event_summaries(rows, day)?,
                })
            }
        }
    }
}

/// A refusal with the nearest property that can hold a list. Others hear of it too, so it is none that is personal.
fn no_list(world: &World<'_>, parent: &Snapshot, property: &str) -> FillError {
    let names = parent.columns.iter().filter_map(|column| match &column.origin {
        Origin::Property(keys) if column.kind == ColumnType::Json => match keys.as_slice() {
            [root, key] if root == "event_props" => Some(key.as_str()),
            _ => None,
        },
        _ => None,
    });
    let near = nearest(property, names.filter(|name| !world.policy.value_is_personal("event_properties", name)));
    FillError::NoList { event: world.event().to_owned(), property: property.to_owned(), near: near.map(str::to_owned) }
}

/// The columns of an event property, by CleverTap's name for it or by ours. Only text can hold arrays.
fn columns_of(columns: &[Column], property: &str) -> Vec<String> {
    let is_its = |keys: &[String]| matches!(keys, [root, key] if root == "event_props" && key == property);
    let named = columns.iter().find_map(|column| match &column.origin {
        Origin::Property(keys) if is_its(keys) || column.name == property => Some(keys.as_slice()),
        _ => None,
    });
    let is_one = |column: &&Column| match &column.origin {
        Origin::Property(keys) | Origin::Sibling(keys) => {
            Some(keys.as_slice()) == named && matches!(column.kind, ColumnType::Text | ColumnType::Json)
        }
        Origin::Fixed(_) => false,
    };
    columns.iter().filter(is_one).map(|column| column.name.clone()).collect()
}

/// A text column, whichever of Arrow's kinds of text it is read as.
pub(super) fn text(batch: &RecordBatch, name: &str) -> Option<StringViewArray> {
    let cells = batch.column_by_name(name)?;
    Some(cast(cells, &DataType::Utf8View).ok()?.as_string_view().clone())
}

pub(super) fn cell(cells: &Option<StringViewArray>, row: usize) -> Option<&str> {
    cells.as_ref().filter(|cells| cells.is_valid(row)).map(|cells| cells.value(row))
}
