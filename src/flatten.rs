//! From CleverTap's nested records to typed, sorted rows. Pure: no network, no files, nothing async.
//!
//! Two stages, because the types of a new column are settled by everything in the fill that first has it:
//!
//! 1. [`Flattener::page`] turns the records of a page into a [`RawBatch`] (cells by source path, untyped) and gathers
//!    in [`Seen`] which kinds of values every property has. Raw batches may be kept aside as Arrow IPC.
//! 2. [`Contract::grow`] settles names, types and order of the columns from all that was seen; [`assemble`] (or, batch
//!    by batch, [`Assembly`]) turns the raw batches of a day into rows in the order of `event_time, row_id`.
//!
//! | file | subject |
//! |---|---|
//! | `json` | tokens; the only file that knows the JSON library |
//! | `kinds` | what a value is, which types hold it |
//! | `paths`, `record` | the keys of a walk; one record → its cells |
//! | `times` | `ts` → local and UTC |
//! | `hash` | which records are identical |
//! | `cells`, `page` | cells → the columns of a page |
//! | `raw` | untyped batches; splitting them by time |
//! | `seen` | kinds, first sights, days |
//! | `names`, `contract` | column names; which columns there are |
//! | `typing`, `assemble` | untyped → typed; order, row ids |
//! | `records` | what other tables than `events` are made of, as event-shaped records |
//!
//! Source: CleverTap "Get Events" (developer.clevertap.com/docs/get-events-api), checked 2026-11.

mod assemble;
mod cells;
mod contract;
mod error;
mod hash;
mod json;
mod kinds;
mod names;
mod page;
mod paths;
mod raw;
mod record;
pub mod records;
mod seen;
#[cfg(test)]
mod tests;
mod times;
mod typing;

pub use assemble::{Assembly, assemble};
pub use contract::{Contract, Growth};
pub use error::{FlattenError, MAX_COLUMNS, MAX_DAYS, MAX_DEPTH, RecordFault};
pub use names::normalise;
pub use page::{EventSpec, Flattener};
pub use raw::RawBatch;
pub use seen::{DaySeen, Minutes, Seen};
