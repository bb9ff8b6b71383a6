//! The shape of a table's description.

use crate::catalog::{Parameter, describe, shared};
use crate::table::{Column, ColumnType, Origin};

/// Everything we know of a table before anybody asks for it.
#[derive(Debug)]
pub struct TableSpec {
    /// As in the URL.
    pub name: &'static str,
    pub description: &'static str,
    /// What one row is, as the end of "one row is …".
    pub row: &'static str,
    pub required: &'static [Parameter],
    /// Exactly one of these is needed, if there are any.
    pub choice: &'static [Parameter],
    /// Its own optional ones; those that all tables share come on top.
    pub optional: &'static [Parameter],
    pub period: Period,
    pub filling: Filling,
    /// The columns it always has, in their order. Further ones follow as they are seen.
    pub columns: &'static [FixedColumn],
    /// Names of those among `columns` that stand behind the further ones.
    pub behind: &'static [&'static str],
    /// Columns that are kept beside `columns` and that no caller gets.
    pub stored: &'static [FixedColumn],
    /// The columns that rows are in the order of, ascending, null first. Empty where rows keep the order in which
    /// they were loaded, because it is not that of any column (the most frequent value first).
    pub order: &'static [&'static str],
    /// What tells its rows apart.
    pub key: Key,
}

/// The columns that tell the rows of a table apart, for faces that need a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// These are never null, and no two rows have the same in all of them.
    Own(&'static [&'static str]),
    /// These would be, but may be null, and nothing promises that CleverTap does not send two alike: a key is made of
    /// them. Empty: of all columns.
    Made(&'static [&'static str]),
}

/// Whether a table is about a stretch of days, that is, takes `from`, `to`, `until` and `range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Used,
    /// Used unless this parameter is given, which names what is wanted in another way.
    UsedUnless(&'static str),
    Unused,
}

/// Where the rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filling {
    /// CleverTap's Get Events, walked day by day; one kept table per event name.
    Events,
    /// The kept rows of `events`: the elements of one of its JSON columns.
    EventItems,
    /// Get Event Count, for each day or for the whole period.
    EventCounts,
    /// Trends: by day as days, by week or month as one answer.
    EventTrends,
    /// Top Property Counts, one answer for the whole period.
    PropertyCounts,
    /// Real-Time Counts, the moment they are asked.
    RealtimeCounts,
    /// Get User Profiles: everybody who did the event in the period, in one sweep.
    Profiles,
    /// The kept sweep of `profiles`: its devices.
    ProfileDevices,
    /// The kept sweep of `profiles`: its summaries of events.
    ProfileEvents,
    /// Get Profile Count, for each day or for the whole period.
    ProfileCounts,
    /// Get User Profile by one of its ids.
    Profile,
    /// Get Campaigns, by the day for which they are scheduled.
    Campaigns,
    /// Get Campaigns, and Get Campaign Report for each; or the report of one id.
    CampaignReports,
    /// Get Message Reports, by the day on which a message began.
    MessageReports,
    /// The schema API's events, and the kept tables.
    EventCatalog,
    /// The schema API's user properties, and the columns of the kept profiles.
    ProfileProperties,
}

/// A column that a table always has.
#[derive(Clone, Copy, Debug)]
pub struct FixedColumn {
    pub name: &'static str,
    pub kind: ColumnType,
    pub nullable: bool,
    /// The path in CleverTap's answer, empty when the value is computed here.
    pub source: &'static str,
    pub description: &'static str,
}

impl FixedColumn {
    /// Never null.
    pub(super) const fn always(
        name: &'static str,
        kind: ColumnType,
        source: &'static str,
        description: &'static str,
    ) -> Self {
        Self { name, kind, nullable: false, source, description }
    }

    /// Null where CleverTap has nothing, or nothing of this kind.
    pub(super) const fn nullable(
        name: &'static str,
        kind: ColumnType,
        source: &'static str,
        description: &'static str,
    ) -> Self {
        Self { name, kind, nullable: true, source, description }
    }

    pub fn column(&self) -> Column {
        Column::fixed(self.name, self.kind, self.nullable, self.source)
    }
}

impl TableSpec {
    /// Every parameter it takes: required, own, shared. The key is not among them.
    pub fn parameters(&self) -> impl Iterator<Item = &'static Parameter> {
        self.own_parameters().chain(shared::parameters(self.period))
    }

    /// Those of them that not every table has.
    pub fn own_parameters(&self) -> impl Iterator<Item = &'static Parameter> {
        self.required.iter().chain(self.choice).chain(self.optional)
    }

    /// Its own parameter of this name.
    pub fn own_parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.own_parameters().find(|parameter| parameter.name == name)
    }

    /// Whether its rows are about events, so that it takes `event`.
    pub fn takes_event(&self) -> bool {
        self.own_parameter("event").is_some()
    }

    /// Whether a column of this name may come up beside the fixed ones, as data is seen.
    pub fn may_have(&self, name: &str) -> bool {
        self.beginnings().iter().any(|beginning| name.starts_with(beginning))
    }

    /// Whether any column may come up beside the fixed ones.
    pub fn grows(&self) -> bool {
        !self.beginnings().is_empty()
    }

    /// What the names of such columns begin with.
    fn beginnings(&self) -> &'static [&'static str] {
        match self.filling {
            Filling::Events => &["session_", "prop_", "profile_"],
            Filling::EventItems => &["item_"],
            Filling::Profiles | Filling::Profile => &["profile_"],
            // Paths of metrics, which have no beginning of their own.
            Filling::CampaignReports | Filling::MessageReports => &[""],
            _ => &[],
        }
    }

    /// The columns that every kept table of this kind begins with: those that callers get, then the hidden ones.
    pub fn kept_columns(&self) -> Vec<Column> {
        self.columns.iter().chain(self.stored).map(FixedColumn::column).collect()
    }

    /// What callers get of a kept table's columns, in their order: without the hidden ones, and with those at the end
    /// that belong there.
    pub fn shown(&self, kept: impl IntoIterator<Item = Column>) -> Vec<Column> {
        let is_fixed = |column: &Column| matches!(column.origin, Origin::Fixed(_));
        let is_hidden =
            |column: &Column| is_fixed(column) && self.stored.iter().any(|stored| stored.name == column.name);
        let (last, mut shown): (Vec<Column>, Vec<Column>) = kept
            .into_iter()
            .filter(|column| !is_hidden(column))
            .partition(|column| is_fixed(column) && self.behind.contains(&column.name.as_str()));
        shown.extend(last);
        shown
    }

    /// What a column means, for the schema page. The text of a property names it as CleverTap does.
    pub fn describe(&self, column: &Column) -> String {
        match &column.origin {
            Origin::Fixed(_) => self
                .columns
                .iter()
                .find(|fixed| fixed.name == column.name)
                .map_or_else(String::new, |fixed| fixed.description.to_owned()),
            Origin::Property(keys) => describe::property(self.filling, keys),
            Origin::Sibling(keys) => {
                let property = describe::property(self.filling, keys);
                format!("{property} Only the values that do not fit the type of its own column.")
            }
        }
    }
}
