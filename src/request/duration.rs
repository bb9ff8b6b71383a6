//! Durations as they are written in requests: `90s`, `5m`, `6h`, `2d`.

use std::time::Duration;

use crate::request::RequestError;
use crate::request::error::quoted;

/// A hundred years: far beyond sense, and far from where adding it to an instant would overflow.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

/// One number and one unit. Zero is allowed.
pub(super) fn parse(parameter: &'static str, text: &str) -> Result<Duration, RequestError> {
    read(text).ok_or_else(|| RequestError::BadValue {
        parameter,
        value: quoted(text),
        expected: "it takes a whole number and a unit: 90s, 5m, 6h or 2d".into(),
        near: near(text),
    })
}

fn read(text: &str) -> Option<Duration> {
    let unit = match text.as_bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3_600,
        b'd' => 86_400,
        _ => return None,
    };
    let number = text.get(..text.len() - 1)?;
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds = number.parse::<u64>().ok()?.checked_mul(unit)?;
    Some(Duration::from_secs(seconds)).filter(|duration| *duration <= LONGEST)
}

/// `90` was probably meant in seconds, `5min`, `5 m` and `2 days` as their first letter says.
fn near(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(digits)?;
    let unit = match rest.trim() {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        _ => return None,
    };
    let guess = format!("{number}{unit}");
    read(&guess).map(|_| guess)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("5m", 300), ("6h", 21_600), ("2d", 172_800), ("007s", 7)] {
            assert_eq!(parse("wait", text).unwrap(), Duration::from_secs(seconds), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_nearest_right_one() {
        for (text, near) in [
            ("90", Some("90s")),
            ("5 min", Some("5m")),
            ("2days", Some("2d")),
            ("5M", Some("5m")),
            ("", None),
            ("s", None),
            ("-5s", None),
            ("1.5h", None),
            ("5w", None),
            ("1h30m", None),
            ("99999999999999999999d", None),
            ("99999999d", None),
            ("٣s", None),
        ] {
            let error = parse("fresh", text).unwrap_err();
            assert_eq!((error.parameter(), error.near()), (Some("fresh"), near), "{text}");
        }
    }
}
