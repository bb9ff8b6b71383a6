//! `message_reports` (reference 6.4): one record per message, per variant of an A/B message, and per day if asked so.
//!
//! A row's own day is that on which its message starts. What is documented are a message's facts and its three metrics;
//! where CleverTap puts days and variants is not, so each is taken wherever it may be:
//!
//! - variants: a list (or an object by name) of objects under a key such as `variants`, or messages with the same id;
//! - days: a list of objects that have a date, an object whose keys are dates (of objects, or of one metric's values),
//!   or messages with the same id and a date each.
//!
//! A row that has variants or days under it is not a row itself, so that sums over the rows are right; its texts
//! go down to them, its numbers do not. Everything else that CleverTap says of a message becomes a column of its own.
//! `"N/A"` and `"-"` are null.

mod fields;
mod lines;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use twox_hash::XxHash3_128;

use self::fields::{Fact, Metric};
use self::lines::{Line, lines};
use super::sheet::{Sheet, object, quoted};
use super::value::{Members, elements, is_not_there, records, said};
use super::{Dated, Placed, Undated, dates};
use crate::flatten::error::FlattenError;

/// How finely a report is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessagesBy {
    /// `report_date` is null.
    Total,
    Day,
}

/// The messages of a report.
///
/// In: a JSON array of CleverTap's `messages`. Rows that are equal in every cell are one row. Errors: a message that is
/// no object refuses the report.
pub fn messages(report: &[u8], by: MessagesBy, zone: &TimeZone, placed: Placed) -> Result<Dated, FlattenError> {
    let mut dated = Dated { page: Vec::new(), undated: Vec::new(), outside: 0 };
    let mut rows = Vec::new();
    for (record, json) in records(report)?.into_iter().enumerate() {
        let message = Members::of_record(record, json)?;
        let lines = lines(&message, by);
        let start = |line: &Line<'_>| line.fact(Fact::Start).and_then(|json| dates::read(json, zone));
        // All rows of a message lie together, whatever one of its variants says.
        let first = lines.iter().find_map(start);
        for line in lines {
            let start = start(&line).or(first);
            let day = match (placed, first) {
                (Placed::On(day), _) => Some(day),
                (Placed::Within(_), Some(first)) => placed.day(first.date()),
                (Placed::Within(_), None) => {
                    let undated = undated(&line);
                    if !dated.undated.contains(&undated) {
                        dated.undated.push(undated);
                    }
                    continue;
                }
            };
            match day {
                Some(day) => rows.push((day, start, line)),
                None => dated.outside += 1,
            }
        }
    }
    rows.sort_by(|(day, start, line), (other_day, other_start, other)| {
        let by_identity = (day, start, line.order()).cmp(&(other_day, other_start, other.order()));
        // Brings equal rows together.
        by_identity.then_with(|| line.cmp(other))
    });
    rows.dedup();
    let mut sheet = Sheet::new(report.len());
    for (position, (day, start, line)) in rows.iter().enumerate() {
        write(&mut sheet, *day, *start, position, line);
    }
    dated.page = sheet.finish();
    Ok(dated)
}

fn undated(line: &Line<'_>) -> Undated {
    let text = |fact| line.fact(fact).map(|json| said(json).into_owned());
    Undated { id: text(Fact::Id).unwrap_or_default(), day: text(Fact::Start) }
}

fn write(sheet: &mut Sheet, day: jiff::civil::Date, start: Option<DateTime>, position: usize, line: &Line<'_>) {
    let id = line.fact(Fact::Id).map(said).unwrap_or_default();
    let second_of = |start: DateTime| start.duration_since(start.date().at(0, 0, 0, 0)).as_secs();
    let seconds = start.map_or(0, second_of);
    let id_order = id.parse().unwrap_or_else(|_| XxHash3_128::oneshot(id.as_bytes()) as u64);
    let key = u128::from(seconds.unsigned_abs()) << 96 | u128::from(id_order) << 32 | position as u128 & 0xffff_ffff;
    let mut row = sheet.row(day, key);
    row.json("message_id", line.fact(Fact::Id))
        .json("message_name", line.fact(Fact::Name))
        .date("report_date", line.date)
        .json("variant", line.fact(Fact::Variant))
        .json("channel", line.fact(Fact::Channel))
        .json("delivery", line.fact(Fact::Delivery))
        .json("message_type", line.fact(Fact::Type))
        .json("status", line.fact(Fact::Status))
        .local("start_time", start)
        .json("conversion_event", line.fact(Fact::ConversionEvent))
        .json("labels", line.fact(Fact::Labels).map(list).as_deref())
        .json("device", line.fact(Fact::Device).map(list).as_deref())
        .count("sent", line.metric(Metric::Sent))
        .count("viewed", line.metric(Metric::Viewed))
        .count("clicked", line.metric(Metric::Clicked));
    let others = line.others();
    if others.is_empty() {
        row.end(&[]);
    } else {
        row.end(&[("message", &object(others.iter().map(|(key, json)| (*key, json.as_ref()))))]);
    }
}

/// A list, also one written as text with commas, as JSON.
fn list(json: &str) -> String {
    if json.starts_with('{') {
        return json.to_owned();
    }
    if !json.starts_with('"') {
        return elements(json).map_or_else(|| format!("[{json}]"), |_| json.to_owned());
    }
    let text = said(json);
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty() && !is_not_there(&quoted(part)));
    format!("[{}]", parts.map(quoted).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests;
