//! Which tables we offer: plain facts about each, one file a table.
//!
//! A table is described by a [`TableSpec`]: its parameters, what one of its rows is, the columns it always has and how
//! it is filled. `request` reads the parameters from here, the OpenAPI document and `/v1/tables` show them, the schema
//! page shows the columns. Another table is one more file and one more line in [`tables`]. Nothing here knows of
//! callers, days or HTTP; CleverTap's field names appear as source paths.

pub mod events;
mod parameter;
mod shared;
mod spec;

pub use parameter::{Parameter, Repeat, Values};
pub use shared::{ACCOUNT, API_KEY, FORM, LOADING, PERIOD};
pub use spec::{Filling, FixedColumn, TableSpec};

/// All tables, in the order in which lists show them.
pub fn tables() -> &'static [&'static TableSpec] {
    static TABLES: [&TableSpec; 1] = [&events::TABLE];
    &TABLES
}

/// The table of this name, exactly as written: names are lower-case.
pub fn find(name: &str) -> Option<&'static TableSpec> {
    tables().iter().copied().find(|table| table.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_table_is_found_under_its_name_only() {
        for table in tables() {
            assert_eq!(find(table.name).map(|found| found.name), Some(table.name));
            assert!(find(&table.name.to_uppercase()).is_none());
        }
        assert!(find("").is_none());
    }

    #[test]
    fn no_table_has_two_parameters_or_two_columns_of_one_name() {
        for table in tables() {
            let mut names = HashSet::new();
            assert!(table.parameters().all(|parameter| names.insert(parameter.name)), "{}", table.name);
            let mut names = HashSet::new();
            assert!(table.columns.iter().all(|column| names.insert(column.name)), "{}", table.name);
        }
    }

    #[test]
    fn every_fact_is_a_sentence_for_people() {
        for table in tables() {
            let columns = table.columns.iter().map(|column| column.description);
            let parameters = table.parameters().map(|parameter| parameter.description);
            for text in columns.chain(parameters).chain([table.description]) {
                assert!(
                    text.ends_with('.') && text.starts_with(|first: char| first.is_uppercase() || first == '`'),
                    "{}: {text:?}",
                    table.name
                );
            }
        }
    }
}
