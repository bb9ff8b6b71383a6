//! `event_catalog` and `profile_properties`: what is known of a project, as rows.

use jiff::civil::Date;

use super::sheet::{Sheet, held};

/// Who knows an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// The project's schema.
    Schema,
    /// Only what is kept here.
    Store,
}

/// An event of the project; the days and rows are those kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownEvent<'a> {
    pub event_name: &'a str,
    pub known_by: KnownBy,
    pub first_day: Option<Date>,
    pub last_day: Option<Date>,
    pub rows: Option<u64>,
}

/// `event_catalog`, kept under `day`, in the order given.
pub fn event_catalog<'a>(events: impl IntoIterator<Item = KnownEvent<'a>>, day: Date) -> Vec<u8> {
    let mut sheet = Sheet::new(0);
    for (position, event) in events.into_iter().enumerate() {
        let known_by = match event.known_by {
            KnownBy::Schema => "schema",
            KnownBy::Store => "store",
        };
        let mut row = sheet.row(day, position as u128);
        row.text("event_name", Some(event.event_name))
            .text("known_by", Some(known_by))
            .date("first_day", event.first_day)
            .date("last_day", event.last_day)
            .count("rows", event.rows.and_then(held));
        row.end(&[]);
    }
    sheet.finish()
}

/// A profile property of the project; column and type are those of `profiles` as kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileProperty<'a> {
    pub property: &'a str,
    pub column: Option<&'a str>,
    pub kind: Option<&'a str>,
    pub is_personal: bool,
}

/// `profile_properties`, kept under `day`, in the order given.
pub fn profile_properties<'a>(properties: impl IntoIterator<Item = ProfileProperty<'a>>, day: Date) -> Vec<u8> {
    let mut sheet = Sheet::new(0);
    for (position, property) in properties.into_iter().enumerate() {
        let mut row = sheet.row(day, position as u128);
        row.text("property", Some(property.property))
            .text("column", property.column)
            .text("type", property.kind)
            .boolean("is_personal", property.is_personal);
        row.end(&[]);
    }
    sheet.finish()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::super::testing::Table;
    use super::*;

    const DAY: Date = date(2026, 11, 20);

    fn events_table() -> Table {
        Table::of(&["event_name", "known_by", "first_day date", "last_day date", "rows integer"])
    }

    #[test]
    fn the_catalogue_keeps_its_order() {
        let unseen =
            KnownEvent { event_name: "Z", known_by: KnownBy::Schema, first_day: None, last_day: None, rows: None };
        let seen = KnownEvent {
            event_name: "A",
            known_by: KnownBy::Store,
            first_day: Some(date(2026, 1, 1)),
            last_day: Some(DAY),
            rows: Some(7),
        };
        assert_eq!(
            events_table().rows(&event_catalog([unseen, seen], DAY)),
            [
                "event_name=Z|known_by=schema",
                "event_name=A|known_by=store|first_day=2026-01-01|last_day=2026-11-20|rows=7"
            ]
        );
    }

    #[test]
    fn a_property_may_have_no_column_yet() {
        let email = ProfileProperty { property: "Email", column: Some("email"), kind: Some("text"), is_personal: true };
        let plan = ProfileProperty { property: "Plan", column: None, kind: None, is_personal: false };
        let table = Table::of(&["property", "column", "type", "is_personal boolean"]);
        assert_eq!(
            table.rows(&profile_properties([email, plan], DAY)),
            ["property=Email|column=email|type=text|is_personal=true", "property=Plan|is_personal=false"]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_answered(name in any::<String>(), rows in any::<u64>()) {
            let known_by = KnownBy::Store;
            let event = KnownEvent { event_name: &name, known_by, first_day: None, last_day: None, rows: Some(rows) };
            prop_assert_eq!(events_table().rows(&event_catalog([event], DAY)).len(), 1);
        }
    }
}
