//! Pages in, raw batches out: the hot path.

use std::sync::Arc;

use foldhash::fast::RandomState;
use jiff::tz::TimeZone;

use super::cells::ColumnCells;
use super::error::{FlattenError, RecordFault};
use super::hash::{self, Salt};
use super::json::Place;
use super::kinds::Kind;
use super::paths::{Paths, Role, Section, Shape};
use super::raw::writer::{Sizes, Writer};
use super::raw::{BASE_HIGH, BASE_LOW, CONTENT, INTEGERS, RawBatch, TEXTS, TIME, TS, UTC};
use super::record::{Record, Stop, Walk};
use super::seen::{Seen, Sight};
use super::times::{Moment, Times, day_number_of, minute_of};

/// What all records of a walk share.
#[derive(Clone, Debug)]
pub struct EventSpec {
    /// CleverTap's id of the project; part of `row_id`.
    pub account_id: String,
    /// Empty for tables other than events.
    pub event_name: String,
    /// The project's zone, in which `ts` is given.
    pub zone: TimeZone,
}

/// Flattens the pages of one walk.
pub struct Flattener {
    salt: Salt,
    paths: Paths,
    times: Times,
    seen: Seen,
    records: u64,
    page: Page,
}

/// The rows of the page at hand. Its vectors are kept from page to page.
#[derive(Default)]
struct Page {
    rows: u32,
    hasher: RandomState,
    time: Vec<i64>,
    utc: Vec<i64>,
    ts: Vec<i64>,
    base_high: Vec<i64>,
    base_low: Vec<i64>,
    content: Vec<i64>,
    fixed: [ColumnCells; TEXTS.len()],
    properties: Vec<ColumnCells>,
}

/// The place of `object_id` among the fixed text columns.
const OBJECT_ID: u8 = 0;

impl Flattener {
    /// For CleverTap's own event records.
    pub fn new(spec: Arc<EventSpec>) -> Self {
        Self::of(&spec, Shape::Event)
    }

    /// For the records that [`super::records`] writes, of which tables other than `events` are made.
    pub fn for_records(spec: Arc<EventSpec>) -> Self {
        Self::of(&spec, Shape::Record)
    }

    fn of(spec: &EventSpec, shape: Shape) -> Self {
        let fixed = TEXTS.iter().zip(0..).map(|((_, key), index)| (*key, index));
        Self {
            salt: Salt::new(&spec.account_id, &spec.event_name),
            paths: Paths::new(shape, fixed),
            times: Times::new(spec.zone.clone()),
            seen: Seen::default(),
            records: 0,
            page: Page::default(),
        }
    }

    /// Flattens the JSON array of records of one page.
    ///
    /// Errors: the first record that cannot be read refuses the page. The flattener is then of no further use, because
    /// it has seen half a page: start the walk again with a new one.
    pub fn page(&mut self, records: &[u8]) -> Result<RawBatch, FlattenError> {
        // The fast check says only that something is wrong, the other one where.
        match simdutf8::basic::from_utf8(records).or_else(|_| std::str::from_utf8(records)) {
            Ok(text) => self.read(text),
            Err(error) => {
                // Read up to the fault, to learn in which record it is.
                let at = error.valid_up_to();
                let sound = records.get(..at).map(std::str::from_utf8);
                match sound.map_or(Err(FlattenError::NotAnArray { at }), |text| self.read(text.unwrap_or_default())) {
                    Err(FlattenError::Record { record, fault: RecordFault::NotJson { .. } }) => {
                        Err(FlattenError::Record { record, fault: RecordFault::NotUtf8 { at } })
                    }
                    Err(error) => Err(error),
                    Ok(_) => Err(FlattenError::NotAnArray { at }),
                }
            }
        }
    }

    /// What the pages so far held.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    pub fn finish(self) -> Seen {
        self.seen
    }

    fn read(&mut self, text: &str) -> Result<RawBatch, FlattenError> {
        let mut walk = Walk::new(text, &mut self.paths);
        let page = &mut self.page;
        let not_an_array = |at| FlattenError::NotAnArray { at };
        if walk.reader.byte().map_err(|fault| not_an_array(fault.at))? != b'[' {
            return Err(not_an_array(0));
        }
        let mut place = Place::First;
        let mut number = 0;
        while let Some(first) = walk.reader.element(&mut place).map_err(|fault| not_an_array(fault.at))? {
            let start = walk.reader.offset() - 1;
            self.records += 1;
            walk.read(first, self.records).map_err(|stop| of_record(number, stop))?;
            let bytes = text.as_bytes().get(start..walk.reader.offset()).unwrap_or_default();
            let fault = |fault| FlattenError::Record { record: number, fault };
            let record = &walk.record;
            let ts = record.time.as_ref().ok_or(fault(RecordFault::NoTime))?;
            let moment = self.times.read(record.text(ts)).ok_or(fault(RecordFault::UnreadableTime))?;
            page.add(record, walk.paths, moment, bytes, &self.salt, &mut self.seen)?;
            number += 1;
        }
        walk.reader.end().map_err(|fault| not_an_array(fault.at))?;
        page.finish(&mut self.seen)
    }
}

fn of_record(record: usize, stop: Stop) -> FlattenError {
    match stop {
        Stop::Fault(fault) => FlattenError::Record { record, fault },
        Stop::Table(error) => error,
    }
}

impl Page {
    /// Adds the cells of a record to their columns.
    fn add(
        &mut self,
        record: &Record<'_>,
        paths: &mut Paths,
        moment: Moment,
        bytes: &[u8],
        salt: &Salt,
        seen: &mut Seen,
    ) -> Result<(), FlattenError> {
        let mut properties = 0u128;
        let mut object_id = None;
        for cell in &record.cells {
            let node = paths.node(cell.node);
            let text = record.text(&cell.text);
            properties = properties.wrapping_add(cell.hash);
            let (column, kind) = match (node.role, node.column()) {
                (Role::Fixed(index), _) => {
                    if index == OBJECT_ID {
                        object_id = Some(text);
                    }
                    let Some(column) = self.fixed.get_mut(usize::from(index)) else { continue };
                    (column, Kind::Text)
                }
                (role, number) => {
                    let number = match number {
                        Some(number) => number,
                        None => {
                            let number = seen.add_path(paths.keys(cell.node))?;
                            paths.node(cell.node).set_column(number);
                            self.properties.push(ColumnCells::default());
                            number
                        }
                    };
                    let section = match role {
                        Role::Property { section, .. } => section,
                        _ => Section::Profile,
                    };
                    let place = (section as u64) << 32 | u64::from(cell.position);
                    // Columns and paths are numbered alike.
                    let column = &mut self.properties[number as usize];
                    column.note(cell.kind, Sight { time: moment.local, place }, seen.path(number));
                    (column, cell.kind)
                }
            };
            column.push(self.rows, kind, cell, text, &self.hasher)?;
        }
        let content = hash::content(bytes);
        let day = seen.day(day_number_of(moment.local))?;
        day.rows += 1;
        day.content = day.content.wrapping_add(content);
        day.minutes.add(minute_of(moment.local), 1);
        let base = record.key.unwrap_or_else(|| salt.base(object_id, moment.ts, properties));
        self.time.push(moment.local);
        self.utc.push(moment.utc);
        self.ts.push(moment.ts);
        self.base_high.push((base >> 64) as i64);
        self.base_low.push(base as i64);
        self.content.push(content as i64);
        self.rows += 1;
        Ok(())
    }

    fn finish(&mut self, seen: &mut Seen) -> Result<RawBatch, FlattenError> {
        let of_records = Sizes { integers: INTEGERS.len() * self.rows as usize, ..Sizes::default() };
        let sizes = self.fixed.iter().chain(&self.properties).map(ColumnCells::sizes);
        let mut writer = Writer::for_values(sizes.fold(of_records, Sizes::add));
        for (name, integers) in [
            (TIME, &mut self.time),
            (UTC, &mut self.utc),
            (TS, &mut self.ts),
            (BASE_HIGH, &mut self.base_high),
            (BASE_LOW, &mut self.base_low),
            (CONTENT, &mut self.content),
        ] {
            writer.push_integers(name, integers);
            integers.clear();
        }
        for (column, (name, _)) in self.fixed.iter_mut().zip(TEXTS) {
            column.hand_over(name, self.rows, &mut writer);
        }
        for (column, path) in self.properties.iter_mut().zip(seen.paths_mut()) {
            if let Some((kind, sight)) = column.hand_over(&path.text(), self.rows, &mut writer) {
                path.note(kind, sight);
            }
        }
        self.rows = 0;
        writer.finish()
    }
}
