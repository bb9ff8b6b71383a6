//! What sets are called: after their events, tables and views, in a way that lasts.
//!
//! Names are those of columns: `events_app_launched`. Where several events meet in one name, none of them has it: each
//! bears its mark, made of the event's own name. So a name never passes from one event to another when an event is
//! added, or where a key sees fewer of them, and a report that asks by it is refused and not answered with other rows.
//! The name with the mark holds always, also where nothing else meets it.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::names::{LONGEST, identifier};
use crate::catalog::TableSpec;
use crate::table::normalise;

/// The property whose items are a set without its name.
pub const ITEMS: &str = "Items";

/// Digits of a mark.
const MARK: usize = 8;

/// The names of the sets that the events of a caller have.
#[derive(Debug, Default)]
pub struct SetNames {
    /// How many events have a name, in small letters as most databases have it.
    bearers: HashMap<String, usize>,
}

impl SetNames {
    /// `events`: all that the caller sees.
    pub fn new<'a>(events: impl IntoIterator<Item = &'a str>) -> Self {
        let mut bearers = HashMap::new();
        for event in events {
            *bearers.entry(part_of(event).to_lowercase()).or_default() += 1;
        }
        Self { bearers }
    }

    /// The set of an event's rows.
    pub fn of_event(&self, event: &str) -> String {
        fitting(&format!("events_{}", self.event(event)))
    }

    /// The set of the items of an event's property. `column`: the property's, where it is not [`ITEMS`].
    pub fn of_items(&self, event: &str, column: Option<&str>) -> String {
        items(&self.event(event), column)
    }

    fn event(&self, event: &str) -> String {
        let part = part_of(event);
        let meets = self.bearers.get(&part.to_lowercase()).is_some_and(|bearers| *bearers > 1);
        if meets || is_like_marked(&part) { marked(&part, event) } else { part }
    }
}

/// The set of an event's rows by the name that holds whatever other events there are.
pub fn lasting_of_event(event: &str) -> String {
    fitting(&format!("events_{}", marked(&part_of(event), event)))
}

/// The same of its items.
pub fn lasting_of_items(event: &str, column: Option<&str>) -> String {
    items(&marked(&part_of(event), event), column)
}

/// The name that the set of an event has where no other meets it.
pub fn plain_of_event(event: &str) -> String {
    fitting(&format!("events_{}", part_of(event)))
}

/// The same of its items.
pub fn plain_of_items(event: &str, column: Option<&str>) -> String {
    items(&part_of(event), column)
}

pub fn of_view(name: &str) -> String {
    format!("view_{name}")
}

/// Whether all of a table's rows are a set: it can be read without a word.
pub fn is_one(spec: &TableSpec) -> bool {
    spec.required.is_empty() && spec.choice.is_empty()
}

fn items(event: &str, column: Option<&str>) -> String {
    match column {
        None => fitting(&format!("event_items_{event}")),
        // No event's own name has two of them in a row, so none is mistaken for an event with a property.
        Some(column) => {
            let property = column.strip_prefix("prop_").unwrap_or(column);
            fitting(&format!("event_items_{event}__{property}"))
        }
    }
}

/// What of an event's name can stand in an identifier, behind others.
fn part_of(event: &str) -> String {
    let name = identifier(&format!("x_{}", normalise(event)));
    let parts: Vec<&str> = name.split('_').skip(1).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "unnamed".to_owned() } else { parts.join("_") }
}

fn marked(name: &str, of: &str) -> String {
    let digest = hex::encode(Sha256::digest(of.as_bytes()));
    let mark = digest.get(..MARK).unwrap_or(&digest);
    format!("{name}_{mark}")
}

/// Whether the name could be one with a mark, so that an event of such a name would be taken for another.
fn is_like_marked(name: &str) -> bool {
    name.rsplit_once('_').is_some_and(|(_, end)| end.len() == MARK && end.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A name that is not too long; one that is is cut and marked, so that it meets no other.
fn fitting(name: &str) -> String {
    match name.chars().nth(LONGEST) {
        None => name.to_owned(),
        Some(_) => marked(&name.chars().take(LONGEST - MARK - 1).collect::<String>(), name),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    #[test]
    fn sets_are_called_as_columns_are() {
        let names = SetNames::new(["App Launched", "Charged", "購入完了", "m²"]);
        assert_eq!(names.of_event("App Launched"), "events_app_launched");
        assert_eq!(names.of_event("購入完了"), "events_購入完了");
        assert_eq!(names.of_event("m²"), "events_m");
        assert_eq!(names.of_items("Charged", None), "event_items_charged");
        assert_eq!(names.of_items("Charged", Some("prop_gift_cards")), "event_items_charged__gift_cards");
        assert_eq!(of_view("revenue_by_day"), "view_revenue_by_day");
    }

    #[test]
    fn where_events_meet_none_has_the_name_and_each_keeps_its_own() {
        let alone = SetNames::new(["Charged"]);
        let three = SetNames::new(["CHARGED", "Charged", "charged!"]);
        assert_eq!(alone.of_event("Charged"), "events_charged");
        let own: Vec<_> = ["CHARGED", "Charged", "charged!"].map(|event| three.of_event(event)).into();
        assert!(
            own.iter().all(|name| name.starts_with("events_charged_") && name.len() == "events_charged_".len() + 8)
        );
        assert!(own[0] != own[1] && own[1] != own[2] && own[0] != own[2]);
        assert_eq!(own[1], lasting_of_event("Charged"), "whatever else there is");
        assert_eq!(three.of_items("Charged", None), lasting_of_items("Charged", None));
        let posing = own[1].strip_prefix("events_").unwrap();
        assert_ne!(SetNames::new([posing]).of_event(posing), own[1], "an event that is called as the mark of another");
    }

    #[test]
    fn an_event_is_not_mistaken_for_a_property() {
        let names = SetNames::new(["Charged", "Charged Items", "Charged  _ Items"]);
        let one = names.of_items("Charged", Some("prop_items"));
        assert!(![names.of_items("Charged Items", None), names.of_items("Charged", None)].contains(&one));
    }

    /// A simple identifier of OData.
    static VALID: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[\p{L}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]{0,127}$").unwrap());

    proptest! {
        #[test]
        fn any_events_have_names_of_their_own(events in proptest::collection::btree_set("(?s).{0,140}", 1..12)) {
            let names = SetNames::new(events.iter().map(String::as_str));
            let mut own: Vec<String> = events.iter().map(|event| names.of_event(event).to_lowercase()).collect();
            for name in &own {
                prop_assert!(VALID.is_match(name), "{name:?}");
            }
            own.sort();
            own.dedup();
            prop_assert_eq!(own.len(), events.len());
        }
    }
}
