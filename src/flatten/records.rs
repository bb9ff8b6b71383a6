//! Adaptors: what CleverTap answers for tables other than `events`, as event-shaped records.
//!
//! In: CleverTap's JSON, rows of a stored table, or plain values. Out: one JSON array of records for
//! [`super::Flattener::for_records`]. Pure functions: nothing here asks, waits or panics, and what cannot be read is an
//! error or said, never left out.
//!
//!     {"ts": "20261101000000", "key": "<32 hex digits>", "event_props": {<fixed columns>},
//!      "profile": {"profileData": {…}}, "item": {…}, "result": {…}, "message": {…}}
//!
//! `ts` is the day under which the row is kept (of an item the time of its event), `key` the order within it. The fixed
//! columns are those of contract 5.2; the schema that types them is [`super::Contract::of`].
//!
//! | file | tables |
//! |---|---|
//! | `profiles` | `profiles`, `profile` |
//! | `children` | `profile_devices`, `profile_events`, from stored profiles |
//! | `items` | `event_items`, from stored events |
//! | `counts` | `event_counts`, `profile_counts`, `event_trends`, `property_counts`, `realtime_counts` |
//! | `campaigns` | `campaigns`, `campaign_reports` |
//! | `messages` | `message_reports` |
//! | `listings` | `event_catalog`, `profile_properties` |
//! | `recheck` | no table: which event records pass the filters that CleverTap was given |
//! | `sheet`, `value`, `dates` | writing records; reading values; reading dates |

mod campaigns;
mod children;
mod counts;
mod dates;
mod items;
mod listings;
mod messages;
mod profiles;
mod recheck;
mod sheet;
#[cfg(test)]
mod testing;
mod value;

use jiff::civil::Date;

use crate::period::Days;

pub use campaigns::{READY, Report, ReportOf, Target, campaign_reports, campaigns};
pub use children::{devices, event_summaries};
pub use counts::{TopOf, TrendBy, counts, real_time, top, trend};
pub use items::{ItemsOf, items};
pub use listings::{KnownBy, KnownEvent, ProfileProperty, event_catalog, profile_properties};
pub use messages::{MessagesBy, messages};
pub use profiles::profiles;
pub use recheck::{EventFilter, FilterError};

/// Under which day the rows of an answer are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Each under its own day. A row whose day is none of these belongs to another answer and is left out.
    Within(Days),
    /// All under this one: the answer is kept as a whole.
    On(Date),
}

impl Placed {
    /// The day of a row whose own day is this; `None` when the row is to be left out.
    fn day(self, own: Date) -> Option<Date> {
        match self {
            Self::Within(days) => days.contains(own).then_some(own),
            Self::On(day) => Some(day),
        }
    }
}

/// Rows that are kept by a day that CleverTap names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// The records, a JSON array.
    pub page: Vec<u8>,
    /// What has no place among the records, because its day cannot be read. Always empty under [`Placed::On`].
    pub undated: Vec<Undated>,
    /// How many rows were left out because their day is none of those asked for.
    pub outside: usize,
}

/// A campaign or message whose day cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undated {
    /// Its id, empty when it has none.
    pub id: String,
    /// What stands in the place of its day, as written; `None` when nothing does.
    pub day: Option<String>,
}
