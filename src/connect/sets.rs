//! Addresses of the OData entity sets, as texts refer to them, and what of a request has a place there.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::catalog::{Filling, SELECTION, TableSpec};

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');

/// The service root with this one set, below the base: Power BI keeps a service's metadata, and so what changes in one
/// table spoils no other.
pub fn root(set: &str, account: Option<&str>) -> String {
    format!("{}t/{}/", service(account), utf8_percent_encode(set, SEGMENT))
}

/// The service root with all sets, below the base: that of an account by name, where one is named.
pub fn service(account: Option<&str>) -> String {
    let account = account.map(|account| format!("a/{}/", utf8_percent_encode(account, SEGMENT))).unwrap_or_default();
    format!("odata/{account}")
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
    #[test]
    fn a_set_has_a_root_of_its_own_in_its_account() {
        assert_eq!(root("events_größe", None), "odata/t/events_gr%C3%B6%C3%9Fe/");
        assert_eq!(root("profiles", Some("main/2")), "odata/a/main%2F2/t/profiles/");
        assert_eq!((service(None), service(Some("main"))), ("odata/".to_owned(), "odata/a/main/".to_owned()));
    }
}
