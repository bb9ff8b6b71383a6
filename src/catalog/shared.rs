//! The parameters that all tables share, grouped by what they are about.

use crate::catalog::{Parameter, Period, Repeat, Values};

/// Names the caller. Read by `auth`; here only so that it is not an unknown word.
pub const API_KEY: Parameter = Parameter {
    name: "api_key",
    values: Values::Text,
    repeat: Repeat::Once,
    default: None,
    example: "YOUR_KEY",
    description: "The key, for tools that cannot send headers. A header is better where it can be sent. It is never \
                  logged. A server can have this way turned off.",
};

pub const ACCOUNT: Parameter = Parameter {
    name: "account",
    values: Values::Text,
    repeat: Repeat::Once,
    default: None,
    example: "main",
    description: "Which CleverTap account. May be left out when the key sees exactly one.",
};

/// Which days.
pub const PERIOD: &[Parameter] = &[
    Parameter {
        name: "from",
        values: Values::DayOrTime,
        repeat: Repeat::Once,
        default: None,
        example: "2026-11-01",
        description: "First day, in the project's time zone: `2026-11-01`, `20261101`, `today`, `yesterday`, or `-30d` \
                      for 30 days ago. With `until` also a date-time, `2026-11-01T00:00:00`, without an offset. \
                      Alone it runs to today.",
    },
    Parameter {
        name: "to",
        values: Values::Day,
        repeat: Repeat::Once,
        default: None,
        example: "2026-11-30",
        description: "Last day, itself included. Not together with `until`. It may lie in the future.",
    },
    Parameter {
        name: "until",
        values: Values::DayOrTime,
        repeat: Repeat::Once,
        default: None,
        example: "2026-12-01T00:00:00",
        description: "End of the period, itself excluded, instead of `to`: a day or a date-time. Made for incremental \
                      refresh, where one partition ends where the next begins.",
    },
    Parameter {
        name: "range",
        values: Values::Range,
        repeat: Repeat::Once,
        default: Some("last_7_days"),
        example: "last_30_days",
        description: "A named period instead of `from`, `to` and `until`: `today`, `yesterday`, `last_N_days` (N whole \
                      days, ends yesterday), `last_N_days_and_today`, `this_week`, `last_week`, `this_month`, \
                      `last_month`, `this_quarter`, `last_quarter`, `this_year`, `last_year`. Weeks are ISO weeks and \
                      begin on Monday.",
    },
];

/// How fresh, and how patient.
pub const FRESHNESS: &[Parameter] = &[
    Parameter {
        name: "fresh",
        values: Values::Duration,
        repeat: Repeat::Once,
        default: None,
        example: "10m",
        description: "Accept the rows of open days only when they were checked against CleverTap no longer ago than \
                      this: `0s`, `90s`, `10m`, `6h`, `2d`. The server has a floor. Closed days that are kept for \
                      good are not touched by it.",
    },
    Parameter {
        name: "wait",
        values: Values::Duration,
        repeat: Repeat::Once,
        default: None,
        example: "30s",
        description: "How long to wait for days that are still loading, at most the server's maximum. After that the \
                      answer is 503 with `Retry-After`, and loading goes on.",
    },
];

/// What to do when not all days are there in time.
pub const PARTIAL: Parameter = Parameter {
    name: "partial",
    values: Values::OneOf(&["refuse", "allow"]),
    repeat: Repeat::Once,
    default: Some("refuse"),
    example: "allow",
    description: "`allow` answers with the days that are there already; the answer then says \
                  `Flattap-Complete: false`. `refuse` never gives a part of a table.",
};

/// The query itself.
pub const SQL: Parameter = Parameter {
    name: "q",
    values: Values::Sql,
    repeat: Repeat::Once,
    default: None,
    example: "SELECT event_date, sum(prop_amount) AS revenue FROM events.\"Charged\" GROUP BY event_date",
    description: "One SELECT, joins and subqueries included. `/v1/tables` says how each table is called in it. The \
                  period of its tables is that of the request, narrowed by conditions on `event_date`.",
};

/// Which columns and rows, in which order.
pub const SELECTION: &[Parameter] = &[
    Parameter {
        name: "select",
        values: Values::Expression,
        repeat: Repeat::Once,
        default: None,
        example: "event_time,identity,prop_amount",
        description: "The columns wanted, separated by commas, in the order wanted. All when it is left out.",
    },
    Parameter {
        name: "filter",
        values: Values::Expression,
        repeat: Repeat::Once,
        default: None,
        example: "prop_amount gt 100 and contains(platform,'droid')",
        description: "Which rows, as a condition in OData v4's grammar: `eq ne gt ge lt le in`, `and or not`, \
                      `add sub mul div divby mod`, the functions contains, startswith, endswith, length, indexof, \
                      substring, tolower, toupper, trim, concat, year, month, day, hour, minute, second, date, round, \
                      floor, ceiling; text in single quotes, `2026-11-01`, `2026-11-01T09:30:00` with or without an \
                      offset, `null`. `ne` holds for null. A condition on `event_date` or `event_time` also narrows \
                      the days that are loaded.",
    },
    Parameter {
        name: "orderby",
        values: Values::Expression,
        repeat: Repeat::Once,
        default: None,
        example: "prop_amount desc,event_time",
        description: "The order of the rows: columns or expressions, each with `asc` (the default, null first) or \
                      `desc` (null last) behind it.",
    },
    Parameter {
        name: "top",
        values: Values::Whole { least: 0, most: MOST_ROWS },
        repeat: Repeat::Once,
        default: None,
        example: "50",
        description: "At most so many rows.",
    },
    Parameter {
        name: "skip",
        values: Values::Whole { least: 0, most: MOST_ROWS },
        repeat: Repeat::Once,
        default: Some("0"),
        example: "100",
        description: "Leaves out so many rows at the beginning.",
    },
];

/// More than any table has, and a number that every tool can write.
const MOST_ROWS: u64 = 1 << 53;

/// How the cells are written.
pub const FORM: &[Parameter] = &[
    Parameter {
        name: "headers",
        values: Values::OneOf(&["name", "source"]),
        repeat: Repeat::Once,
        default: Some("name"),
        example: "source",
        description: "CSV header line: our column names, or CleverTap's own property paths \
                      (`event_props.Payment mode`). A column `…_text` is called as the one it belongs to, with \
                      ` (text)` behind it: no two titles are equal.",
    },
    Parameter {
        name: "datetime",
        values: Values::OneOf(&["iso", "space"]),
        repeat: Repeat::Once,
        default: Some("iso"),
        example: "space",
        description: "Timestamps as `2026-11-01T12:47:11`, or with a space instead of the T for Sheets, Excel and \
                      Tableau web data connectors.",
    },
    Parameter {
        name: "newlines",
        values: Values::OneOf(&["keep", "space"]),
        repeat: Repeat::Once,
        default: Some("keep"),
        example: "space",
        description: "`space` turns line breaks inside CSV text into a space, for readers that split at every line end.",
    },
    Parameter {
        name: "escape",
        values: Values::OneOf(&["none", "formulas"]),
        repeat: Repeat::Once,
        default: Some("none"),
        example: "formulas",
        description: "`formulas` writes `'` before text cells that a spreadsheet would run as a formula. On by itself \
                      with `download=1`. The header `X-CSV-Escaped` says so.",
    },
    Parameter {
        name: "bom",
        values: Values::Flag,
        repeat: Repeat::Once,
        default: Some("0"),
        example: "1",
        description: "`1` writes a UTF-8 byte order mark before CSV, for a double click in Excel.",
    },
    Parameter {
        name: "download",
        values: Values::Flag,
        repeat: Repeat::Once,
        default: Some("0"),
        example: "1",
        description: "`1` asks for a file with a speaking name (`Content-Disposition: attachment`).",
    },
    Parameter {
        name: "shape",
        values: Values::OneOf(&["rows", "envelope"]),
        repeat: Repeat::Once,
        default: Some("rows"),
        example: "envelope",
        description: "JSON only. `rows` is one array. `envelope` is an object: `schema` (name, type and source of each \
                      column), `rows`, `as_of`, `complete`, and `next`, the address of the rows that follow, or null.",
    },
];

/// All of them except the key, in the order in which they are documented.
pub(super) fn parameters(period: Period) -> impl Iterator<Item = &'static Parameter> {
    let days = match period {
        Period::Used | Period::UsedUnless(_) => PERIOD,
        Period::Unused => &[],
    };
    std::iter::once(&ACCOUNT).chain(days).chain(SELECTION).chain(FRESHNESS).chain(std::iter::once(&PARTIAL)).chain(FORM)
}
