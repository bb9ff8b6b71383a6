//! The known word that somebody probably meant.

/// The candidate most like `word`, or `None` when nothing is close enough to be worth suggesting. Case is ignored.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const WORTH_SUGGESTING: f64 = 0.6;
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::normalized_damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= WORTH_SUGGESTING)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_its_word() {
        assert_eq!(nearest("listn", ["listen", "admin_listen", "tls"]), Some("listen"));
        assert_eq!(nearest("asia/kolkatta", ["Asia/Kolkata", "Asia/Karachi"]), Some("Asia/Kolkata"));
    }

    #[test]
    fn a_word_of_its_own_finds_nothing() {
        assert_eq!(nearest("banana", ["listen", "admin_listen", "tls"]), None);
    }
}
