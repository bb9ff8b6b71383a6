//! What of CleverTap's words may be repeated to people.
//!
//! In: any text that came over the wire. Out: at most 200 characters on one line, without the account's credentials,
//! the cursor of the request, or any long run of letters and digits that could be a cursor or a key.

use secrecy::{ExposeSecret, SecretString};

use super::cursor::Cursor;

/// Characters of a quoted text.
pub(super) const LONGEST: usize = 200;
/// Bytes looked at: enough for 200 characters after tidying, bounded whatever arrives.
const LOOKED_AT: usize = 16 * 1024;
/// A word longer than this is no word.
const LONGEST_WORD: usize = 64;
/// A credential shorter than this cannot be told from ordinary text.
const SHORTEST_SECRET: usize = 4;
const INSTEAD: &str = "[…]";

/// The account's secrets, to be kept out of every text.
pub(super) struct Quoting {
    account_id: String,
    passcode: SecretString,
}

impl Quoting {
    pub(super) fn new(account_id: &str, passcode: &SecretString) -> Self {
        Self { account_id: account_id.to_owned(), passcode: passcode.clone() }
    }

    /// The text, fit to be shown.
    pub(super) fn quote(&self, text: &str, cursor: Option<&Cursor>) -> String {
        let mut text = cut_at_a_word(text).to_owned();
        let mut strike = |secret: &str| {
            if secret.len() >= SHORTEST_SECRET && text.contains(secret) {
                text = text.replace(secret, INSTEAD);
            }
        };
        strike(self.passcode.expose_secret());
        strike(&self.account_id);
        if let Some(cursor) = cursor {
            for form in cursor.forms() {
                strike(&form);
            }
        }
        shorten(&one_line(&text))
    }
}

/// The first 200 characters, with a mark when something was left out.
pub(super) fn shorten(text: &str) -> String {
    if text.chars().nth(LONGEST).is_none() {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LONGEST - 1).collect();
    short.push('…');
    short
}

/// The beginning of a long text, ending before a word so that half a secret is not missed.
fn cut_at_a_word(text: &str) -> &str {
    if text.len() <= LOOKED_AT {
        return text;
    }
    let head = &text[..text.floor_char_boundary(LOOKED_AT)];
    head.rfind(char::is_whitespace).map_or(INSTEAD, |end| &head[..end])
}

fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(1024));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        let mut rest = word;
        while !rest.is_empty() {
            let run = rest.find(|c| !could_be_a_token(c)).unwrap_or(rest.len());
            line.push_str(if run > LONGEST_WORD { INSTEAD } else { &rest[..run] });
            rest = &rest[run..];
            let plain = rest.find(could_be_a_token).unwrap_or(rest.len());
            line.push_str(&rest[..plain]);
            rest = &rest[plain..];
        }
        if line.len() > 8 * LONGEST {
            break;
        }
    }
    line
}

fn could_be_a_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '%' | '+' | '/' | '=' | '_' | '-' | '.' | '~')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoting() -> Quoting {
        Quoting::new("ABC-DEF-123Z", &SecretString::from("s3cret-pass"))
    }

    #[test]
    fn an_ordinary_text_is_kept() {
        assert_eq!(quoting().quote("Invalid event : Charged ✓", None), "Invalid event : Charged ✓");
    }

    #[test]
    fn credentials_and_the_cursor_are_struck_out() {
        let cursor = Cursor::received("Zy%2Bab%3D").unwrap().unwrap();
        let said = quoting().quote("s3cret-pass of ABC-DEF-123Z at Zy%2Bab%3D or Zy+ab=", Some(&cursor));
        assert_eq!(said, "[…] of […] at […] or […]");
    }

    #[test]
    fn a_run_that_could_be_a_cursor_is_struck_out() {
        let said = quoting().quote(&format!("bad cursor '{}' given", "Zy%2B".repeat(40)), None);
        assert_eq!(said, "bad cursor '[…]' given");
    }

    #[test]
    fn it_is_one_line_of_at_most_200_characters() {
        let said = quoting().quote(&"wörd\u{0}\n\t".repeat(200), None);
        assert_eq!(said.chars().count(), LONGEST);
        assert!(said.starts_with("wörd wörd") && said.ends_with('…'));
        assert!(!said.chars().any(char::is_control));
    }

    #[test]
    fn a_huge_text_with_a_secret_at_the_cut_shows_no_half_of_it() {
        for shift in 0..16 {
            let text = format!("{}{}", " ".repeat(LOOKED_AT - shift), "s3cret-pass ".repeat(3));
            assert!(!quoting().quote(&text, None).contains("s3"), "{shift}");
        }
        assert_eq!(quoting().quote(&"é".repeat(LOOKED_AT), None), INSTEAD);
    }

    proptest::proptest! {
        #[test]
        fn whatever_arrives_the_passcode_does_not_come_out(before in "\\PC{0,300}", after in "\\PC{0,300}") {
            let said = quoting().quote(&format!("{before}s3cret-pass{after}"), None);
            proptest::prop_assert!(!said.contains("s3cret-pass"));
            proptest::prop_assert!(said.chars().count() <= LONGEST);
        }
    }
}
