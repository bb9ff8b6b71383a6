//! The nearest right word to a wrong one.

/// Longer words are not compared: nobody mistypes a hundred letters, and the comparison costs their product.
const LONGEST: usize = 100;

/// The one of `known` that was probably meant, or `None` when none is near.
///
/// Near is: the same but for case and separators; one of its parts (`event_name` for `event`); or few edits away (one
/// in three letters). The first of equally near ones wins.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.trim();
    if word.is_empty() || word.chars().nth(LONGEST).is_some() {
        return None;
    }
    let plain = plain(word);
    let lower = word.to_lowercase();
    known
        .into_iter()
        .filter(|candidate| candidate.chars().nth(LONGEST).is_none())
        .filter_map(|candidate| distance(&plain, &lower, candidate).map(|distance| (distance, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// 0: the same letters; 1: a part of it; otherwise edits, which count double so that parts win over guesses.
fn distance(plain_word: &str, lower_word: &str, candidate: &str) -> Option<usize> {
    let plain_candidate = plain(candidate);
    if plain_word == plain_candidate {
        return Some(0);
    }
    if lower_word.split(['_', '-', ' ', '.']).any(|part| part == candidate) {
        return Some(1);
    }
    let edits = strsim::damerau_levenshtein(plain_word, &plain_candidate);
    let allowed = (plain_candidate.chars().count() / 3).max(1);
    (edits <= allowed && edits < plain_candidate.chars().count()).then_some(edits * 2)
}

fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_that_was_meant_is_found() {
        let known = ["event", "from", "to", "until", "range", "fresh", "datetime", "newlines", "download"];
        for (word, meant) in [
            ("evnt", "event"),
            ("Event", "event"),
            ("events", "event"),
            ("event_name", "event"),
            ("form", "from"),
            ("date_from", "from"),
            ("date-time", "datetime"),
            ("dowload", "download"),
            ("rnage", "range"),
        ] {
            assert_eq!(nearest(word, known), Some(meant), "{word}");
        }
    }

    #[test]
    fn a_word_like_no_other_has_no_near_one() {
        let known = ["event", "from", "to"];
        for word in ["", " ", "zzz", "limit", "q", &"e".repeat(5000)] {
            assert_eq!(nearest(word, known), None, "{word}");
        }
    }
}
