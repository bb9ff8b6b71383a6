//! What a caller asks, typed, and not yet judged.
//!
//! In: the text of a query string (or the small JSON body of a refresh) and the description of the table. Out: plain
//! values; nothing after this room looks at the text again. Whether the caller may have it, whether the account or the
//! event exists and which days are kept is for `plan` and `freshness`. Everything that can be refused without knowing
//! the account is refused here: unknown, repeated and missing words, bad values, contradictions, periods that are too
//! long. Whoever may not see a table must be told so *before* its parameters are read, or the refusals would tell them
//! that it exists.

mod duration;
mod error;
mod expression;
mod filters;
mod json;
mod nearest;
mod output;
mod own;
mod parameters;
mod period;
mod refresh;
mod selection;
mod sql;
mod table;

pub use error::{RequestError, quoted};
pub use expression::{
    Bounds, ColumnName, Direction, Expression, Function, Kind, Literal, Operator, OrderKey, day_bounds, refusal,
    unknown_column,
};
pub use nearest::nearest;
pub use output::{Delivery, OutputOptions};
pub use own::OwnParameters;
pub use parameters::split as pairs;
pub use period::{DayWord, End, Moment, NamedPeriod, Period, PeriodRequest, Unit};
pub use refresh::{RefreshRequest, parse_refresh, refresh_words};
pub use selection::{Selection, parse_selection};
pub use sql::{LONGEST_SQL, QueryRequest, SqlBody, around, parse_range, parse_sql, parse_view};
pub use table::{Partial, TableRequest, parse, parse_description, parse_listing, parse_nothing};

/// What the configuration says about how requests are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    pub query_key: QueryKey,
    /// The longest period of one request, in days.
    pub longest_days: u32,
}

/// Whether `api_key` is a word of the query string. `auth` reads it; here it is only known or unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryKey {
    Known,
    TurnedOff,
}
