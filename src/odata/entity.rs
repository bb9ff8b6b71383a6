//! Entity types: the columns of a table as OData names and types them, and the key that tells its rows apart.

use super::names::Names;
use crate::catalog::Key;
use crate::table::ColumnType;

/// The key that is computed where a table has none of its own.
const ROW_KEY: &str = "row_key";

/// The type of a set's entities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityType {
    /// The set's name, which is the type's as well.
    pub set: String,
    /// In the order of the table's columns; a key that is computed comes first.
    pub properties: Vec<Property>,
    /// Names of the properties that tell entities apart.
    pub key: Vec<String>,
    /// The property that is computed, with the columns that it is computed from.
    pub made: Option<MadeKey>,
    /// Whether there may be further properties, which nobody knows before the table is loaded for the first time.
    pub open: bool,
}

/// A key that is computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeKey {
    pub property: String,
    /// Columns of the table.
    pub of: Vec<String>,
}

/// One property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    pub name: String,
    /// The table's column; `None` for a key that is computed.
    pub column: Option<String>,
    pub kind: ColumnType,
    pub nullable: bool,
}

impl EntityType {
    /// The type of a set with this key and these columns (name, type, whether it can be null), as the caller gets them.
    ///
    /// A key whose columns the caller does not get is computed from what they do get.
    pub fn new(set: &str, key: Key, columns: &[(String, ColumnType, bool)], open: bool) -> Self {
        let has = |name: &&str| columns.iter().any(|(column, ..)| column == *name);
        let mut names = Names::default();
        // A property that is called as its type breaks readers written in C#.
        names.own(set);
        let (own, made): (&[&str], Option<Vec<String>>) = match key {
            Key::Own(own) if own.iter().all(&has) => (own, None),
            Key::Own(of) | Key::Made(of) => {
                let there: Vec<String> = of.iter().filter(|name| has(name)).map(|name| (*name).to_owned()).collect();
                let all = || columns.iter().map(|(column, ..)| column.clone()).collect();
                (&[], Some(if there.is_empty() { all() } else { there }))
            }
        };
        let mut properties = Vec::with_capacity(columns.len() + 1);
        let made = made.map(|of| {
            let property = names.own(free(columns));
            properties.push(Property { name: property.clone(), column: None, kind: ColumnType::Text, nullable: false });
            MadeKey { property, of }
        });
        for (column, kind, nullable) in columns {
            let is_key = own.contains(&column.as_str());
            properties.push(Property {
                name: names.own(column),
                column: Some(column.clone()),
                kind: *kind,
                nullable: *nullable && !is_key,
            });
        }
        let key = match &made {
            Some(made) => vec![made.property.clone()],
            None => own.iter().filter_map(|name| named(&properties, name)).collect(),
        };
        Self { set: set.to_owned(), properties, key, made, open }
    }

    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }
}

/// What a computed key is called: not as a column of the table.
fn free(columns: &[(String, ColumnType, bool)]) -> &'static str {
    let taken = |name: &str| columns.iter().any(|(column, ..)| column.eq_ignore_ascii_case(name));
    [ROW_KEY, "flattap_row_key"].into_iter().find(|name| !taken(name)).unwrap_or("flattap_row_key_of_its_own")
}

fn named(properties: &[Property], column: &str) -> Option<String> {
    properties.iter().find(|property| property.column.as_deref() == Some(column)).map(|property| property.name.clone())
}

/// The Edm type of a column.
pub fn edm_type(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Text | ColumnType::Json => "Edm.String",
        ColumnType::Integer => "Edm.Int64",
        ColumnType::Number => "Edm.Double",
        ColumnType::Boolean => "Edm.Boolean",
        // With the project's offset of that moment, or in UTC.
        ColumnType::Timestamp | ColumnType::TimestampUtc => "Edm.DateTimeOffset",
        ColumnType::Date => "Edm.Date",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Vec<(String, ColumnType, bool)> {
        names.iter().map(|name| ((*name).to_owned(), ColumnType::Text, true)).collect()
    }

    #[test]
    fn a_table_with_a_key_keeps_it() {
        let entity = EntityType::new(
            "items",
            Key::Own(&["row_id", "item_index"]),
            &columns(&["row_id", "x", "item_index"]),
            false,
        );
        assert_eq!(entity.key, ["row_id", "item_index"]);
        assert_eq!(entity.made, None);
        assert_eq!(entity.properties.iter().map(|p| p.nullable).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn a_table_without_one_gets_a_property_for_it_in_front() {
        let entity =
            EntityType::new("campaigns", Key::Made(&["campaign_id"]), &columns(&["campaign_id", "name"]), false);
        assert_eq!(entity.key, ["row_key"]);
        assert_eq!(entity.properties[0].name, "row_key");
        assert!(!entity.properties[0].nullable && entity.properties[0].column.is_none());
        assert_eq!(entity.made.unwrap().of, ["campaign_id"]);
    }

    #[test]
    fn columns_that_the_caller_does_not_get_are_in_no_key() {
        let dropped = EntityType::new("x", Key::Own(&["a", "b"]), &columns(&["b", "c"]), false);
        assert_eq!(dropped.made.unwrap().of, ["b"]);
        let none_left = EntityType::new("x", Key::Made(&["a"]), &columns(&["b", "c"]), false);
        assert_eq!(none_left.made.unwrap().of, ["b", "c"]);
    }

    #[test]
    fn properties_have_names_of_their_own() {
        let entity = EntityType::new("x", Key::Made(&[]), &columns(&["X", "count(*)", "count", "row_key", "1"]), false);
        let names: Vec<&str> = entity.properties.iter().map(|property| property.name.as_str()).collect();
        assert_eq!(names, ["flattap_row_key", "X_2", "count", "count_2", "row_key", "_1"]);
    }
}
