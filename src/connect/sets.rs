//! Names of the OData entity sets, as texts refer to them.

use crate::catalog::{Filling, TableSpec};
use crate::table::normalise;

/// The words of a query string that an entity set takes as they are.
pub const WORDS: [&str; 4] = ["account", "from", "to", "range"];

/// The set with the rows of a table for these events; `None` where no set has them.
pub fn of_table(spec: &TableSpec, events: &[String]) -> Option<String> {
    match (spec.filling, events) {
        (Filling::Events | Filling::EventItems, [event]) => Some(format!("{}_{}", spec.name, normalise(event))),
        _ if spec.required.is_empty() && spec.choice.is_empty() => Some(spec.name.to_owned()),
        _ => None,
    }
}

pub fn of_view(name: &str) -> String {
    format!("view_{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{event_counts, event_items, events, profile, profiles};

    #[test]
    fn sets_are_those_of_one_event_and_of_tables_that_need_none() {
        let events_of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(of_table(&events::TABLE, &events_of(&["App Launched"])).unwrap(), "events_app_launched");
        assert_eq!(of_table(&event_items::TABLE, &events_of(&["Charged"])).unwrap(), "event_items_charged");
        assert_eq!(of_table(&profiles::TABLE, &events_of(&["App Launched"])).unwrap(), "profiles");
        assert_eq!(of_table(&events::TABLE, &events_of(&["A", "B"])), None);
        assert_eq!(of_table(&event_counts::TABLE, &events_of(&["A"])), None);
        assert_eq!(of_table(&profile::TABLE, &[]), None);
        assert_eq!(of_view("revenue_by_day"), "view_revenue_by_day");
    }
}
