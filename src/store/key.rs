//! The name of a table and the folder it lives in.
//!
//! `{account_id}/{table}/{readable event name}-{16 hex digits of its SHA-256}`, or `{account_id}/{table}/all` for a
//! table without an event; a part of either has a folder of its own, with the part in the digits. Folder names are plain ASCII whatever the event is called, so that no file system,
//! bucket or URL parser ever disagrees about them. The event name itself is kept in the table's properties.

use object_store::path::Path;
use sha2::{Digest, Sha256};

/// Which table: CleverTap account id, our table name, the event for tables that are kept per event, and the part for
/// those of which one question's answer is kept at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableKey {
    pub account_id: String,
    pub table: String,
    pub event: Option<String>,
    /// What was asked besides the event, as text that is the same for the same question: a filter, a period, a way of
    /// counting. It stands in the table's properties, so whoever makes it puts no person into it; the folder has its hash.
    pub part: Option<String>,
}

const READABLE: usize = 40;

impl TableKey {
    /// The table's folder below the store's root.
    pub fn folder(&self) -> Path {
        let leaf = match (&self.event, &self.part) {
            (Some(event), None) => hashed(event),
            (None, None) => "all".to_owned(),
            // No event's name has a NUL, so no part is ever taken for an event.
            (event, Some(part)) => {
                let event = event.as_deref().unwrap_or("all");
                named(event, format!("{event}\u{0}{part}").as_bytes())
            }
        };
        Path::from_iter([plain_or_hashed(&self.account_id), plain_or_hashed(&self.table), leaf])
    }
}

/// The event when there is one, for logs and errors.
impl std::fmt::Display for TableKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.account_id, self.table)?;
        match &self.event {
            Some(event) => write!(f, "/{event}"),
            None => Ok(()),
        }
    }
}

fn plain_or_hashed(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let fits = (1..=64).contains(&name.len()) && name.chars().all(plain) && !name.starts_with(['_', '-']);
    if fits { name.to_owned() } else { hashed(name) }
}

fn hashed(name: &str) -> String {
    named(name, name.as_bytes())
}

/// What can be read of `name`, and the hash of `whole`.
fn named(name: &str, whole: &[u8]) -> String {
    let mut readable = String::with_capacity(READABLE + 17);
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        if readable.len() == READABLE {
            break;
        }
        match c.is_ascii_alphanumeric() {
            true => readable.push(c),
            false if readable.is_empty() || readable.ends_with('-') => {}
            false => readable.push('-'),
        }
    }
    let readable = readable.trim_end_matches('-');
    let readable = if readable.is_empty() { "event" } else { readable };
    let digest = Sha256::digest(whole);
    format!("{readable}-{}", hex::encode(&digest[..8]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(event: Option<&str>) -> String {
        TableKey { account_id: "ABC-123Z".into(), table: "events".into(), event: event.map(str::to_owned), part: None }
            .folder()
            .to_string()
    }

    #[test]
    fn a_folder_is_readable_ascii_and_differs_for_every_event() {
        assert_eq!(folder(Some("App Launched")), "ABC-123Z/events/app-launched-3dec8771e6a89f93");
        assert_eq!(folder(None), "ABC-123Z/events/all");
        for odd in ["größe/日本", "../..", "", "....", "a#1", "_delta_log", &"x".repeat(500)] {
            let path = folder(Some(odd));
            let leaf = path.rsplit('/').next().unwrap();
            assert!(leaf.len() <= READABLE + 17 && leaf.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
            assert!(leaf.starts_with(|c: char| c.is_ascii_alphanumeric()), "{leaf}");
            assert_eq!(path.matches('/').count(), 2);
        }
        assert_ne!(folder(Some("charged")), folder(Some("Charged")));
    }

    #[test]
    fn a_part_has_a_folder_of_its_own_that_says_nothing_of_it() {
        let key = |event: Option<&str>, part: Option<&str>| TableKey {
            account_id: "A".into(),
            table: "profiles".into(),
            event: event.map(str::to_owned),
            part: part.map(str::to_owned),
        };
        let folder = |event, part| key(event, part).folder().to_string();
        let of_ana = folder(None, Some("email=ana@example.com"));
        assert!(of_ana.starts_with("A/profiles/all-") && !of_ana.contains("ana@"), "{of_ana}");
        assert!(folder(Some("Charged"), Some("x")).starts_with("A/profiles/charged-"));
        assert_ne!(folder(Some("Charged"), Some("x")), folder(Some("Charged"), Some("y")));
        assert_ne!(folder(Some("Charged"), Some("x")), folder(Some("Charged"), None));
        assert!(!format!("{}", key(None, Some("ana"))).contains("ana"));
    }

    #[test]
    fn an_account_id_cannot_leave_its_folder() {
        let key = TableKey { account_id: "../x".into(), table: "events".into(), event: None, part: None };
        assert!(key.folder().to_string().starts_with("x-"));
    }
}
