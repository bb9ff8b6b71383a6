//! Globs over names: `*` stands for any run of characters, everything else for itself.

/// A list of globs; a name is seen when one of them matches it whole. The empty list sees nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Globs(Vec<String>);

impl Globs {
    /// The order and repetitions do not matter: lists that say the same are equal.
    pub fn new(globs: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut globs: Vec<String> = globs.into_iter().map(Into::into).collect();
        globs.sort_unstable();
        globs.dedup();
        Self(globs)
    }

    pub fn all() -> Self {
        Self::new(["*"])
    }

    /// Whether every name is seen.
    pub fn matches_all(&self) -> bool {
        self.0.iter().any(|glob| glob == "*")
    }

    /// What they take in memory.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|glob| size_of::<String>() + glob.len()).sum()
    }

    pub fn matches(&self, name: &str) -> bool {
        self.0.iter().any(|glob| matches(glob, name))
    }
}

/// Takes the earliest place for every part between two stars, which leaves the most for the parts after it; so no
/// choice is ever tried again and the time is bounded by the product of the lengths.
fn matches(glob: &str, name: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else {
        return glob == name;
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        match left.find(part).and_then(|at| left.get(at + part.len()..)) {
            Some(after) => left = after,
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    #[test]
    fn a_star_is_any_run_and_the_rest_is_literal() {
        for (glob, name) in
            [("*", ""), ("*", "x"), ("event_*", "event_"), ("event_*", "event_counts"), ("*a*a*", "aa"), ("a**b", "ab")]
        {
            assert!(matches(glob, name), "{glob} {name}");
        }
        for (glob, name) in [
            ("", "x"),
            ("event", "events"),
            ("events", "event"),
            ("event_*", "events"),
            ("a*a", "a"),
            ("ab*ba", "aba"),
            ("a.c", "abc"),
            ("a?c", "abc"),
            ("[a]", "a"),
            ("Charged", "charged"),
        ] {
            assert!(!matches(glob, name), "{glob} {name}");
        }
    }

    #[test]
    fn an_empty_list_sees_nothing() {
        assert!(!Globs::new(Vec::<String>::new()).matches(""));
        assert!(!Globs::new(Vec::<String>::new()).matches("events"));
    }

    #[test]
    fn lists_that_say_the_same_are_equal() {
        assert_eq!(Globs::new(["b", "a", "b"]), Globs::new(["a", "b"]));
    }

    proptest! {
        #[test]
        fn a_glob_is_the_anchored_expression_with_everything_escaped(
            glob in "[ab.*\\[$ü\\n]{0,8}", name in "[ab.*\\[$ü\\n]{0,10}"
        ) {
            let parts: Vec<String> = glob.split('*').map(regex::escape).collect();
            let expression = Regex::new(&format!("(?s)\\A{}\\z", parts.join(".*"))).unwrap();
            prop_assert_eq!(matches(&glob, &name), expression.is_match(&name));
        }

        #[test]
        fn a_name_matches_itself_and_every_glob_cut_from_it(name in ".{0,12}", from in 0usize..12, to in 0usize..12) {
            let letters: Vec<char> = name.replace('*', "").chars().collect();
            let (from, to) = (from.min(letters.len()), to.min(letters.len()));
            let glob: String = letters[..from.min(to)].iter().chain(&['*']).chain(&letters[from.max(to)..]).collect();
            let name: String = letters.iter().collect();
            prop_assert!(matches(&name, &name));
            prop_assert!(matches(&glob, &name));
        }
    }
}
