//! The name of a table and the folder it lives in.
//!
//! `{account_id}/{table}/{readable event name}-{16 hex digits of its SHA-256}`, or `{account_id}/{table}/all` for a
//! table without an event. Folder names are plain ASCII whatever the event is called, so that no file system,
//! bucket or URL parser ever disagrees about them. The event name itself is kept in the table's properties.

use object_store::path::Path;
use sha2::{Digest, Sha256};

/// Which table: CleverTap account id, our table name, and the event for tables that are kept per event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableKey {
    pub account_id: String,
    pub table: String,
    pub event: Option<String>,
}

const READABLE: usize = 40;

impl TableKey {
    /// The table's folder below the store's root.
    pub fn folder(&self) -> Path {
        let leaf = match &self.event {
            Some(event) => hashed(event),
            None => "all".to_owned(),
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
    let digest = Sha256::digest(name.as_bytes());
    format!("{readable}-{}", hex::encode(&digest[..8]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(event: Option<&str>) -> String {
        TableKey { account_id: "ABC-123Z".into(), table: "events".into(), event: event.map(str::to_owned) }
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
    fn an_account_id_cannot_leave_its_folder() {
        let key = TableKey { account_id: "../x".into(), table: "events".into(), event: None };
        assert!(key.folder().to_string().starts_with("x-"));
    }
}
