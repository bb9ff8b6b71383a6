//! The shape of a table's description.

use crate::catalog::{Parameter, shared};
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
    /// Its own optional ones; those that all tables share come on top.
    pub optional: &'static [Parameter],
    pub filling: Filling,
    /// The columns it always has, in their order. Further ones follow as they are seen.
    pub columns: &'static [FixedColumn],
}

/// Where the rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// CleverTap's Get Events, walked day by day; one kept table per event name.
    Events,
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
    pub fn column(&self) -> Column {
        Column::fixed(self.name, self.kind, self.nullable, self.source)
    }
}

impl TableSpec {
    /// Every parameter it takes: required, own, shared. The key is not among them.
    pub fn parameters(&self) -> impl Iterator<Item = &'static Parameter> {
        self.required.iter().chain(self.optional).chain(shared::parameters())
    }

    /// What a column means, for the schema page. The text of a property names it as CleverTap does.
    pub fn describe(&self, column: &Column) -> String {
        match &column.origin {
            Origin::Fixed(_) => self
                .columns
                .iter()
                .find(|fixed| fixed.name == column.name)
                .map_or_else(String::new, |fixed| fixed.description.to_owned()),
            Origin::Property(keys) => property(keys),
            Origin::Sibling(keys) => {
                format!("{} Only the values that do not fit the type of its own column.", property(keys))
            }
        }
    }
}

fn property(keys: &[String]) -> String {
    let (kind, rest) = match keys {
        [root, rest @ ..] if root == "event_props" => ("Event property", rest),
        [root, rest @ ..] if root == "session_props" => ("Session property", rest),
        [root, data, rest @ ..] if root == "profile" && data == "profileData" => ("Profile property", rest),
        all => ("Property", all),
    };
    let as_of = if kind == "Profile property" { ", as the profile was when the day was read" } else { "" };
    format!("{kind} `{}`{as_of}.", rest.join("."))
}
