//! What is known of a kept day, beside its rows. It lives in the tags of the day's file in the Delta log, so it is
//! exactly as atomic and as durable as the rows themselves.

use std::collections::HashMap;

use jiff::Timestamp;

/// The facts of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayFacts {
    /// When CleverTap was last asked about this day.
    pub fetched_at: Timestamp,
    /// When the rows last became different ones.
    pub changed_at: Timestamp,
    /// A sum over the records' content, independent of their order: equal sums mean equal rows.
    pub content: u128,
    /// The time zone (IANA name) by which records were sorted into days.
    pub zone: String,
}

const FETCHED_AT: &str = "flattap.fetched_at";
const CHANGED_AT: &str = "flattap.changed_at";
const CONTENT: &str = "flattap.content";
const ZONE: &str = "flattap.zone";

/// A file's tags as the log keeps them.
pub(super) type Tags = HashMap<String, Option<String>>;

impl DayFacts {
    pub(super) fn to_tags(&self) -> Tags {
        HashMap::from([
            (FETCHED_AT.to_owned(), Some(self.fetched_at.to_string())),
            (CHANGED_AT.to_owned(), Some(self.changed_at.to_string())),
            (CONTENT.to_owned(), Some(format!("{:032x}", self.content))),
            (ZONE.to_owned(), Some(self.zone.clone())),
        ])
    }

    /// `None` when a tag is missing or unreadable: then somebody else wrote the file, and the day counts as unknown.
    pub(super) fn from_tags(tags: &Tags) -> Option<Self> {
        let tag = |name: &str| tags.get(name)?.as_deref();
        Some(Self {
            fetched_at: tag(FETCHED_AT)?.parse().ok()?,
            changed_at: tag(CHANGED_AT)?.parse().ok()?,
            content: u128::from_str_radix(tag(CONTENT)?, 16).ok()?,
            zone: tag(ZONE)?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back_from_tags_and_half_of_them_are_none() {
        let facts = DayFacts {
            fetched_at: "2026-11-02T03:04:05.123456789Z".parse().unwrap(),
            changed_at: "2026-11-01T00:00:00Z".parse().unwrap(),
            content: u128::MAX - 7,
            zone: "Asia/Kolkata".into(),
        };
        let mut tags = facts.to_tags();
        assert_eq!(DayFacts::from_tags(&tags).as_ref(), Some(&facts));
        tags.insert("other.engine".into(), None);
        assert!(DayFacts::from_tags(&tags).is_some());
        tags.remove(CONTENT);
        assert_eq!(DayFacts::from_tags(&tags), None);
    }
}
