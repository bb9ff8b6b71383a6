//! Where a day is kept: one Delta Lake table per account, table and event name, one live Parquet file per day.
//!
//! In: record batches of one day, sorted by `event_time, row_id`, and the day's facts. Out: a [`Snapshot`], the plain
//! values a reader needs (columns, and per day a file and its facts). The room keeps the promises that are hard to
//! keep: a day is replaced as a whole or not at all, whoever else writes to the same folder or bucket; what was
//! committed survives a kill and a power cut; columns only ever get added, or widened from integer to number.
//!
//! It does not know what a day means, when it is too old, or what its rows say. `deltalake` types stay inside;
//! `object_store` shows only as the handle that readers give to their Parquet scan.
//!
//! | file | subject |
//! |---|---|
//! | `lake` | the whole store: its runtime, its tables |
//! | `table` | one table: snapshots, the writer's lock |
//! | `snapshot` | what is kept, as plain values; `facts`: what is known of a day |
//! | `pinned` | a table at an earlier version |
//! | `commit` | one atomic change, as a compare-and-set on the table's version |
//! | `write`, `rewrite` | a day as a Parquet file; integer columns rewritten as number |
//! | `read` | the rows of a day, read back |
//! | `columns` | our columns as a Delta schema, and how they grow |
//! | `place`, `disk`, `key` | where: folder or bucket, durable local writes, a table's path |
//! | `staging`, `spill` | rows that wait for their types, in memory and on disk |
//! | `upkeep` | checkpoints, log clean-up, vacuum |

mod columns;
mod commit;
mod disk;
mod error;
mod facts;
mod key;
mod lake;
mod pinned;
mod place;
mod read;
mod rewrite;
mod snapshot;
mod spill;
mod staging;
mod table;
mod upkeep;
mod write;

pub use error::StoreError;
pub use facts::DayFacts;
pub use key::TableKey;
pub use lake::Store;
pub use read::DayRows;
pub use snapshot::{Snapshot, StoredDay};
pub use staging::{StagedBatches, Staging};
pub use table::{DayTable, TableWriter};
pub use upkeep::{IsPassing, UpkeepReport};
pub use write::NewDay;

#[cfg(test)]
mod tests;
