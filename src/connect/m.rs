//! Power Query's language M, as far as it is written here: literals, names, records and lists.

use std::fmt::Write;

/// Words that name something else in M, so that they cannot stand bare as a name.
const KEYWORDS: [&str; 21] = [
    "and",
    "as",
    "each",
    "else",
    "error",
    "false",
    "if",
    "in",
    "is",
    "let",
    "meta",
    "not",
    "null",
    "or",
    "otherwise",
    "section",
    "shared",
    "then",
    "true",
    "try",
    "type",
];

/// A text literal: `"a ""b"" #(lf)"`.
pub fn text(value: &str) -> String {
    let mut literal = String::with_capacity(value.len() + 2);
    literal.push('"');
    escape(value, &mut literal);
    literal.push('"');
    literal
}

/// A name of a field or a variable: bare where it can be, else `#"…"`.
pub fn name(value: &str) -> String {
    let is_bare = value.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !KEYWORDS.contains(&value);
    match is_bare {
        true => value.to_owned(),
        false => format!("#{}", text(value)),
    }
}

/// The words of a query string as a record. A word that stands several times gets a list, which Power Query sends as
/// the same word several times.
pub fn record(words: &[(String, String)]) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in words {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let field = |wanted: &str| {
        let values: Vec<String> =
            words.iter().filter(|(name, _)| name == wanted).map(|(_, value)| text(value)).collect();
        match values.as_slice() {
            [value] => format!("{} = {value}", name(wanted)),
            several => format!("{} = {{{}}}", name(wanted), several.join(", ")),
        }
    };
    names.into_iter().map(field).collect()
}

/// A comment to the end of the line. What would end the line is left out.
pub fn comment(words: &str) -> String {
    let is_end = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    format!("// {}", words.replace(is_end, " "))
}

/// Doubles quotes and writes what no line of a program should hold as `#(…)`. So is `#(` itself.
fn escape(value: &str, out: &mut String) {
    let mut letters = value.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => out.push_str("\"\""),
            '#' if letters.peek() == Some(&'(') => out.push_str("#(#)"),
            '\n' => out.push_str("#(lf)"),
            '\r' => out.push_str("#(cr)"),
            '\t' => out.push_str("#(tab)"),
            // Writing to a String cannot fail.
            letter if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(out, "#({:04X})", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As Power Query reads a literal.
    fn read(literal: &str) -> String {
        let inner = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
        let mut value = String::new();
        let mut rest = inner;
        while let Some(letter) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("\"\"") {
                value.push('"');
                rest = after;
            } else if let Some((inside, after)) = rest.strip_prefix("#(").and_then(|rest| rest.split_once(')')) {
                value.push(match inside {
                    "#" => '#',
                    "lf" => '\n',
                    "cr" => '\r',
                    "tab" => '\t',
                    digits => char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap(),
                });
                rest = after;
            } else {
                assert!(letter != '"' && !letter.is_control(), "{literal}");
                value.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
        value
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(text("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(text("#(lf) #x"), "\"#(#)(lf) #x\"");
        assert_eq!(text("a\r\n\tb\u{1}\u{2028}"), "\"a#(cr)#(lf)#(tab)b#(0001)#(2028)\"");
    }

    #[test]
    fn names_are_bare_where_they_can_be() {
        assert_eq!(name("event"), "event");
        assert_eq!(name("type"), "#\"type\"");
        assert_eq!(name("prop_größe"), "#\"prop_größe\"");
        assert_eq!(name("1st \"x\""), "#\"1st \"\"x\"\"\"");
        assert_eq!(name(""), "#\"\"");
    }

    #[test]
    fn a_word_that_stands_twice_is_a_list() {
        let words = [("event", "A"), ("range", "today"), ("event", "B")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(record(&words), ["event = {\"A\", \"B\"}", "range = \"today\""]);
    }

    #[test]
    fn a_comment_stays_on_its_line() {
        assert_eq!(comment("a\r\nb\u{2028}c"), "// a  b c");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(value in "(?s).{0,60}") {
            prop_assert_eq!(read(&text(&value)), value);
        }
    }
}
