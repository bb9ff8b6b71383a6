//! What OData's grammar has and ours has not. It is looked for only in a text that cannot be read, so that who asks is
//! told that it is not served here, and not that they wrote it wrongly.

use crate::request::RequestError;

/// Functions of OData 4.0, and the two that take a variable. They stand before a bracket.
const FUNCTIONS: [&str; 13] = [
    "now",
    "time",
    "fractionalseconds",
    "totalseconds",
    "totaloffsetminutes",
    "mindatetime",
    "maxdatetime",
    "cast",
    "isof",
    "any",
    "all",
    "matchespattern",
    "case",
];
const GEOGRAPHY: &str = "geo.";
const OPERATOR: &str = "has";

/// The refusal of a text, in the words of what is not served where it uses any of that.
pub(super) fn explained(refusal: RequestError, parameter: &'static str, text: &str) -> RequestError {
    match found_in(text) {
        Some(what) => RequestError::Unserved { parameter, what },
        None => refusal,
    }
}

fn found_in(text: &str) -> Option<String> {
    // Every second piece is a text in quotes.
    let bare: Vec<&str> = text.split('\'').step_by(2).collect();
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.');
    for piece in bare {
        let mut rest = piece;
        while let Some(start) = rest.find(is_part) {
            let (_, from) = rest.split_at_checked(start)?;
            let end = from.find(|letter| !is_part(letter)).unwrap_or(from.len());
            let (word, behind) = from.split_at_checked(end)?;
            let lower = word.to_ascii_lowercase();
            let is_call = behind.trim_start().starts_with('(');
            let is_found = match is_call {
                true => FUNCTIONS.contains(&lower.as_str()) || lower.starts_with(GEOGRAPHY),
                false => lower == OPERATOR,
            };
            if is_found {
                return Some(lower);
            }
            rest = behind;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::found_in;

    #[rstest]
    #[case("event_time lt now()", Some("now"))]
    #[case("platform has 'x'", Some("has"))]
    #[case("geo.distance(a,b) lt 1", Some("geo.distance"))]
    #[case("items/any(x:x eq 1)", Some("any"))]
    #[case("CAST (ts,Edm.String) eq 'x'", Some("cast"))]
    #[case("a eq 'now()' containz(b)", None)]
    #[case("nowhere(a) eq 1", None)]
    #[case("größe eq time", None)]
    fn what_odata_has_is_known_by_its_place(#[case] text: &str, #[case] found: Option<&str>) {
        assert_eq!(found_in(text).as_deref(), found);
    }
}
