//! Column names from CleverTap's keys (contract 5.2), unique within a table.

use std::collections::HashSet;

pub use crate::table::normalise;

/// The name that a property asks for; whether it gets it is for [`Names`] to say.
///
/// `keys` are from the record's root. A section that is itself a value (not an object) is `unnamed`. Metrics of reports
/// (`result`, `message`) carry no prefix.
pub fn wanted(keys: &[String]) -> String {
    let at = |index: usize| keys.get(index).map(String::as_str);
    let (prefix, skipped) = match (at(0), at(1)) {
        (Some("session_props"), _) => ("session", 1),
        (Some("item"), _) => ("item", 1),
        (Some("result" | "message"), _) => ("", 1),
        (Some("event_props"), _) => ("prop", 1),
        (Some("profile"), Some("profileData")) => ("profile", 2),
        (Some("profile"), _) => ("profile", 1),
        _ => ("other", 0),
    };
    let mut name = prefix.to_owned();
    let mut push = |part: &str| {
        if !name.is_empty() {
            name.push('_');
        }
        name.push_str(part);
    };
    keys.iter().skip(skipped).for_each(|key| push(&normalise(key)));
    if keys.len() <= skipped {
        push("unnamed");
    }
    name
}

/// The names already taken in a table.
pub struct Names(HashSet<String>);

impl Names {
    pub fn new(taken: impl IntoIterator<Item = String>) -> Self {
        Self(taken.into_iter().collect())
    }

    /// Takes `name`, or `name_2`, `name_3` … when somebody was there before.
    pub fn take(&mut self, name: String) -> String {
        let mut given = name.clone();
        let mut next = 2usize;
        while !self.0.insert(given.clone()) {
            given = format!("{name}_{next}");
            next += 1;
        }
        given
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Payment mode", "payment_mode")]
    #[case("  CT App Version ", "ct_app_version")]
    #[case("a.b/c--d", "a_b_c_d")]
    #[case("ubicaciónHabilitada", "ubicaciónhabilitada")]
    #[case("日本 語", "日本_語")]
    #[case("ΟΔΟΣ", "οδος")]
    #[case("🙂", "unnamed")]
    #[case("", "unnamed")]
    #[case("___", "unnamed")]
    #[case("x²", "x²")]
    fn a_key_becomes_letters_digits_and_single_underscores(#[case] key: &str, #[case] name: &str) {
        assert_eq!(normalise(key), name);
    }

    #[rstest]
    #[case(&["event_props", "Payment mode"], "prop_payment_mode")]
    #[case(&["event_props", "a", "b", "c"], "prop_a_b_c")]
    #[case(&["event_props", "🙂", "b"], "prop_unnamed_b")]
    #[case(&["session_props", "utm_source"], "session_utm_source")]
    #[case(&["profile", "profileData", "Tier"], "profile_tier")]
    #[case(&["item", "Book name"], "item_book_name")]
    #[case(&["result", "Android", "sent"], "android_sent")]
    #[case(&["message", "sent"], "sent")]
    #[case(&["message"], "unnamed")]
    #[case(&["event_props"], "prop_unnamed")]
    #[case(&["profile", "profileData"], "profile_unnamed")]
    #[case(&["profile"], "profile_unnamed")]
    fn a_name_carries_its_section_as_prefix(#[case] keys: &[&str], #[case] name: &str) {
        assert_eq!(wanted(&keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>()), name);
    }

    #[test]
    fn whoever_comes_later_gets_the_next_free_number() {
        let mut names = Names::new(["prop_a".to_owned()]);
        assert_eq!(names.take("prop_a".into()), "prop_a_2");
        assert_eq!(names.take("prop_a_3".into()), "prop_a_3");
        assert_eq!(names.take("prop_a".into()), "prop_a_4");
        assert_eq!(names.take("prop_a_2".into()), "prop_a_2_2");
    }
}
