//! Identifiers: what sets and properties may be called. Properties have each name once.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

/// Code points of a name, with room for a number behind it. OData allows 128.
pub(super) const LONGEST: usize = 120;

/// A text as a simple identifier: letters, digits and `_`, the first no digit. Every run of other characters becomes
/// one `_`. What is an identifier already stays as it is.
pub fn identifier(text: &str) -> String {
    // The characters that may stand in one, from the second on.
    static OTHERS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"[^\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]+").ok());
    static BEGINNING: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{Nl}_]").ok());
    let Some((others, beginning)) = OTHERS.as_ref().zip(BEGINNING.as_ref()) else { return "_".to_owned() };
    let mut name = others.replace_all(text, "_").into_owned();
    if name.len() != text.len() || name != text {
        // Only what was replaced is trimmed: a name of the user's own may end in `_`.
        name = name.trim_matches('_').to_owned();
    }
    if !beginning.is_match(&name) {
        name.insert(0, '_');
    }
    name.chars().take(LONGEST).collect()
}

/// Hands out names, each once. Names that differ in case only count as equal, as most databases have it.
#[derive(Debug, Default)]
pub struct Names(HashSet<String>);

impl Names {
    /// The text as an identifier, or where that is taken `…_2`, `…_3`.
    pub fn own(&mut self, text: &str) -> String {
        let name = identifier(text);
        let mut number = 1;
        loop {
            let own = if number == 1 { name.clone() } else { format!("{name}_{number}") };
            if self.0.insert(own.to_lowercase()) {
                return own;
            }
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("event_time", "event_time")]
    #[case("prop_größe", "prop_größe")]
    #[case("events_購入完了", "events_購入完了")]
    #[case("count(*)", "count")]
    #[case("Int64(1)", "Int64_1")]
    #[case("sum(a) / 2", "sum_a_2")]
    #[case("2nd", "_2nd")]
    #[case("m²", "m")]
    #[case("", "_")]
    #[case("***", "_")]
    #[case("_a_", "_a_")]
    fn a_text_becomes_an_identifier(#[case] text: &str, #[case] name: &str) {
        assert_eq!(identifier(text), name);
    }

    #[test]
    fn names_that_meet_are_numbered_in_their_order() {
        let mut names = Names::default();
        let own: Vec<_> = ["a b", "a-b", "A_B", "a_b_2"].map(|text| names.own(text)).into();
        assert_eq!(own, ["a_b", "a_b_2", "A_B_3", "a_b_2_2"]);
    }

    static VALID: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]{0,127}$").unwrap());

    proptest! {
        #[test]
        fn any_texts_have_names_of_their_own(texts in proptest::collection::vec("(?s).{0,140}", 1..12)) {
            let mut names = Names::default();
            let own: Vec<String> = texts.iter().map(|text| names.own(text)).collect();
            for name in &own {
                prop_assert!(VALID.is_match(name), "{name:?}");
                prop_assert_eq!(&identifier(name), name, "an identifier stays as it is");
            }
            let distinct: HashSet<String> = own.iter().map(|name| name.to_lowercase()).collect();
            prop_assert_eq!(distinct.len(), own.len());
        }
    }
}
