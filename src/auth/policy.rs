//! What a caller's view makes of a column.
//!
//! In: a column of a table and the caller's mode. Out: a [`Cell`]. Nothing here touches data; `query` builds the view
//! from it before anything of the caller's own is applied.

use super::personal::{Holds, JOINING, PersonalColumns};
use crate::config::{PiiConfig, PiiMode};
use crate::table::{Column, ColumnType, Origin};

/// What becomes of a column's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cell {
    Clear,
    Hashed(HashRule),
    /// The column is absent.
    Dropped,
}

/// How a personal cell is hashed. Null stays null under each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashRule {
    /// The text as it is; a number by its digits, JSON by its text.
    Text,
    /// The digits of a telephone number, so that `+49 151 …` and `49151…` meet.
    Phone,
    /// A JSON array of identities, element by element; it stays an array.
    Elements,
}

impl HashRule {
    /// The type of the hashed column.
    pub fn kind(self) -> ColumnType {
        match self {
            // The identities are JSON in a text column, hashed as in clear.
            Self::Text | Self::Phone | Self::Elements => ColumnType::Text,
        }
    }
}

/// The rules for personal columns, with those that the configuration adds.
pub struct Policy(PersonalColumns);

impl Policy {
    pub fn new(config: &PiiConfig) -> Self {
        Self(PersonalColumns::new(config))
    }

    /// Whether the schema page calls this column personal.
    pub fn is_personal(&self, table: &str, column: &Column) -> bool {
        self.0.holds(table, column).is_some()
    }

    /// What a caller of this mode sees of this column. The table is named as in its URL.
    pub fn treatment(&self, table: &str, column: &Column, mode: PiiMode) -> Cell {
        let Some(holds) = self.0.holds(table, column) else {
            return Cell::Clear;
        };
        let rule = match holds {
            Holds::Text => HashRule::Text,
            Holds::Phone => HashRule::Phone,
            Holds::Identities => HashRule::Elements,
        };
        let joins = column.name == JOINING && matches!(column.origin, Origin::Fixed(_));
        match mode {
            PiiMode::Clear => Cell::Clear,
            PiiMode::Drop if !joins => Cell::Dropped,
            PiiMode::Hash | PiiMode::Drop => Cell::Hashed(rule),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("email", PiiMode::Clear, Cell::Clear)]
    #[case("email", PiiMode::Hash, Cell::Hashed(HashRule::Text))]
    #[case("email", PiiMode::Drop, Cell::Dropped)]
    #[case("phone", PiiMode::Hash, Cell::Hashed(HashRule::Phone))]
    #[case("all_identities", PiiMode::Hash, Cell::Hashed(HashRule::Elements))]
    #[case("profile_id", PiiMode::Clear, Cell::Clear)]
    #[case("profile_id", PiiMode::Hash, Cell::Hashed(HashRule::Text))]
    #[case("profile_id", PiiMode::Drop, Cell::Hashed(HashRule::Text))]
    #[case("object_id", PiiMode::Drop, Cell::Clear)]
    fn a_column_is_treated_by_the_callers_mode(#[case] name: &str, #[case] mode: PiiMode, #[case] cell: Cell) {
        let column = Column::fixed(name, ColumnType::Text, true, "");
        assert_eq!(Policy::new(&PiiConfig::default()).treatment("profiles", &column, mode), cell);
    }
}
