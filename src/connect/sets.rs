//! Names and addresses of the OData entity sets, as texts refer to them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::catalog::{Filling, SELECTION, TableSpec};
use crate::table::normalise;

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');

/// The property whose items are a set without its name.
const ITEMS: &str = "Items";

/// The set with the rows of a table for these events; `None` where no set has them.
pub fn of_table(spec: &TableSpec, events: &[String], property: Option<&str>) -> Option<String> {
    match (spec.filling, events, property) {
        (Filling::Events, [event], _) => Some(format!("events_{}", normalise(event))),
        (Filling::EventItems, [event], None | Some(ITEMS)) => Some(format!("event_items_{}", normalise(event))),
        (Filling::EventItems, [event], Some(property)) => {
            Some(format!("event_items_{}_{}", normalise(event), normalise(property)))
        }
        _ if spec.required.is_empty() && spec.choice.is_empty() => Some(spec.name.to_owned()),
        _ => None,
    }
}

pub fn of_view(name: &str) -> String {
    format!("view_{name}")
}

/// The service root with this one set, below the base: Power BI keeps a service's metadata, and so what changes in one
/// table spoils no other.
pub fn root(set: &str, account: Option<&str>) -> String {
    let account = account.map(|account| format!("a/{}/", utf8_percent_encode(account, SEGMENT))).unwrap_or_default();
    format!("odata/{account}t/{}/", utf8_percent_encode(set, SEGMENT))
}

/// A word of a request that a set does not take as it is: columns and rows are chosen in the tool.
pub fn is_lost(word: &str) -> bool {
    SELECTION.iter().any(|selection| selection.name == word)
}

/// A word that is in the name or the root of a set.
pub fn is_named(spec: Option<&TableSpec>, word: &str) -> bool {
    let is_of_event = spec.is_some_and(|spec| matches!(spec.filling, Filling::Events | Filling::EventItems));
    word == "account" || (is_of_event && matches!(word, "event" | "property"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{event_counts, event_items, events, profile, profiles};

    #[test]
    fn sets_are_those_of_one_event_and_of_tables_that_need_none() {
        let events_of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(of_table(&events::TABLE, &events_of(&["App Launched"]), None).unwrap(), "events_app_launched");
        let items = |property| of_table(&event_items::TABLE, &events_of(&["Charged"]), property).unwrap();
        assert_eq!(items(Some("Items")), "event_items_charged");
        assert_eq!(items(Some("Gift cards")), "event_items_charged_gift_cards");
        assert_eq!(of_table(&profiles::TABLE, &events_of(&["App Launched"]), None).unwrap(), "profiles");
        assert_eq!(of_table(&events::TABLE, &events_of(&["A", "B"]), None), None);
        assert_eq!(of_table(&event_counts::TABLE, &events_of(&["A"]), None), None);
        assert_eq!(of_table(&profile::TABLE, &[], None), None);
        assert_eq!(of_view("revenue_by_day"), "view_revenue_by_day");
    }

    #[test]
    fn a_set_has_a_root_of_its_own_in_its_account() {
        assert_eq!(root("events_größe", None), "odata/t/events_gr%C3%B6%C3%9Fe/");
        assert_eq!(root("profiles", Some("main/2")), "odata/a/main%2F2/t/profiles/");
    }
}
