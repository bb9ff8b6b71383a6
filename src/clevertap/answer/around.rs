//! The top level of a page without a pass over its records.
//!
//! Records are read once anyway, by whoever takes them, and reading them tells whether they are JSON. So it is enough to
//! find where their array begins and ends: at the first mention of its key and at the last `]` of the body. What is
//! around the array is read as JSON with an empty array in its place. That proves the guess as far as it goes: if what
//! lies between turns out to be one whole JSON array, then the body is this object and nothing else, because JSON can be
//! read in one way only. If not, the body has to be read whole.

use std::ops::Range;

use memchr::{memmem, memrchr};

/// What may be around the array; a page has a status, a cursor of 2 KB, and little else.
const LONGEST: usize = 64 << 10;
const EMPTY: &str = "[]";

/// The top-level keys and where their values lie, if the guess can be made.
pub(super) fn fields(body: &[u8], key: &str) -> Option<Vec<(String, Range<usize>)>> {
    let head = body.get(..body.len().min(LONGEST))?;
    let named = memmem::find(head, format!("\"{key}\"").as_bytes())? + key.len() + 2;
    let blank = |byte: &u8| byte.is_ascii_whitespace();
    let colon = named + head.get(named..)?.iter().position(|byte| !blank(byte))?;
    let start = colon + 1 + head.get(colon + 1..)?.iter().position(|byte| !blank(byte))?;
    let foot = body.len().saturating_sub(LONGEST).max(start);
    let end = foot + memrchr(b']', body.get(foot..)?)? + 1;
    if head.get(colon) != Some(&b':') || body.get(start) != Some(&b'[') {
        return None;
    }
    let edges = [body.get(..start)?, EMPTY.as_bytes(), body.get(end..)?].concat();
    let left_out = (end - start).checked_sub(EMPTY.len())?;
    let mut fields = super::fields(&edges).ok()?;
    let mut found = false;
    for (name, range) in &mut fields {
        if range.start == start {
            found = name == key;
            range.end += left_out;
        } else if range.start > start {
            *range = range.start + left_out..range.end + left_out;
        }
    }
    // Else the key was a word in some text, or a key further down.
    found.then_some(fields)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_edges_of_a_page_are_those_of_the_whole() {
        for body in [
            r#"{"status":"success","records":[{"a":"]"},{"b":[1]}]}"#,
            r#"{"status":"success","records":[],"next_cursor":"a%3D"}"#,
            " { \"records\" :\n[ {\"ts\":1}, [2] ] ,\t\"next_cursor\":\"a%3D\", \"n\": null } ",
            "\u{feff}{\"records\":[7]}",
        ] {
            let whole = super::super::fields(body.as_bytes()).unwrap();
            assert_eq!(fields(body.as_bytes(), "records").unwrap(), whole, "{body}");
        }
    }

    #[test]
    fn what_only_looks_like_a_page_is_left_to_the_careful_reader() {
        for body in [
            r#"{"status":"success","records":[{"a":1}"#,
            r#"{"status":"success","records":[{"a":1}],"next"#,
            r#"{"status":"success","records":{"a":[1]}}"#,
            r#"{"status":"success","records":null,"x":[1]}"#,
            r#"{"error":"no \"records\":[1]","x":[2]}"#,
            r#"{"deeper":{"records":[1]},"status":"success"}"#,
            r#"{"records":[1],"records":[2],"status":"success"}"#,
            r#"{"records":[1],"note":"a ] b"}"#,
            r#"{"status":"success"}"#,
            "[1]",
            "",
        ] {
            let guess = fields(body.as_bytes(), "records");
            // Two arrays make one guess, whose content is no array; all others make none.
            let between = guess.and_then(|fields| fields.into_iter().find(|(name, _)| name == "records"));
            if let Some((_, range)) = between {
                assert!(serde_json::from_str::<serde_json::Value>(&body[range]).is_err(), "{body}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_guess_that_holds_is_what_the_careful_reader_finds(
            body in r#"\{("a":(1|"x\]"|\[1\]),)?"r" ?:(\[(1|"\]"|\[\]|\{"r":\[2\]\})?\]|\[)(,"(b|r)":("\]\[|",|"y"|\[3\]))?\}"#,
        ) {
            let Some(guess) = fields(body.as_bytes(), "r") else { return Ok(()) };
            let range = guess.iter().find(|(name, _)| name == "r").unwrap().1.clone();
            if matches!(serde_json::from_str(&body[range]), Ok(serde_json::Value::Array(_))) {
                prop_assert_eq!(guess, super::super::fields(body.as_bytes()).unwrap());
            }
        }
    }
}
