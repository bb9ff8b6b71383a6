//! What does this answer mean? The one place where the wire becomes a decision.
//!
//! In: HTTP status, body, and what could be read of it. Out: a [`Verdict`]. The body's text counts before the status,
//! because CleverTap sends refusals with 200, "no result yet" with 500, and "not ready" with either. The rule and
//! the texts are those of the client notes on CleverTap's response envelope.

use reqwest::StatusCode;

use super::answer::{Answer, Unreadable};
use super::cursor::Cursor;
use super::error::UpstreamError;
use super::quote::{Quoting, shorten};

/// What to do with one answer.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Take it. `status` is `success`, or `partial` with an id to ask again with.
    Done(Answer),
    /// It is being prepared: ask the same again, patiently.
    NotYet,
    /// A passing fault: ask the same again, a few times.
    Again(UpstreamError),
    /// Asking again changes nothing.
    Final(UpstreamError),
}

/// The words of a refusal, as found in the body.
struct Refusal {
    /// Unfiltered; may be empty.
    text: String,
    code: Option<i64>,
    /// `code` as it is written, which may be a word.
    word: String,
}

/// Judges a complete answer. `cursor` is the one that was sent, to keep it out of the quoted text.
pub(super) fn judge(
    http: StatusCode,
    body: &[u8],
    reading: Result<Answer, Unreadable>,
    quoting: &Quoting,
    cursor: Option<&Cursor>,
) -> Verdict {
    let quote = |text: &str| quoting.quote(text, cursor);
    if http == StatusCode::NO_CONTENT {
        return Verdict::Done(Answer::nothing());
    }
    match reading {
        Ok(answer) => judge_answer(http, answer, &quote),
        Err(unreadable) => {
            let said = match (&unreadable, std::str::from_utf8(body)) {
                (Unreadable::OtherText, Ok(text)) => quote(text),
                _ => String::new(),
            };
            let by_status = judge_status(http, &said);
            by_status.unwrap_or_else(|| judge_unreadable(unreadable, said, &quote))
        }
    }
}

/// The status that an answer means: its own code when that is one of HTTP's refusals, else HTTP's.
pub(super) fn meant_status(http: StatusCode, reading: &Result<Answer, Unreadable>) -> u16 {
    let own = reading.as_ref().ok().and_then(|answer| answer.digits("code")?.trim().parse().ok());
    own.filter(|code| (400..=599).contains(code)).unwrap_or(http.as_u16())
}

fn judge_answer(http: StatusCode, answer: Answer, quote: &impl Fn(&str) -> String) -> Verdict {
    let status = answer.text("status").unwrap_or_default().to_ascii_lowercase();
    let refusal = refusal_of(&answer);
    match status.as_str() {
        "fail" => judge_refusal(http, &refusal, quote),
        // "This target hasn't been completed" comes as a success.
        "success" if !refusal.text.is_empty() && !answer.has_content() => judge_refusal(http, &refusal, quote),
        "success" if http == StatusCode::ACCEPTED && !answer.has_content() => Verdict::NotYet,
        "success" if http.is_success() => Verdict::Done(answer),
        "partial" if http.is_success() && answer.digits("req_id").is_some() => Verdict::Done(answer),
        "partial" if http.is_success() => Verdict::NotYet,
        _ => judge_status(http, &quote(&refusal.text))
            .unwrap_or_else(|| Verdict::Final(UpstreamError::malformed("an object without a known status"))),
    }
}

fn judge_refusal(http: StatusCode, refusal: &Refusal, quote: &impl Fn(&str) -> String) -> Verdict {
    let text = refusal.text.to_lowercase();
    let said = || match quote(&refusal.text) {
        said if said.is_empty() && refusal.word.is_empty() => format!("HTTP {} without a text", http.as_u16()),
        said if said.is_empty() => quote(&format!("code {} without a text", refusal.word)),
        said if http == StatusCode::FORBIDDEN => shorten(&format!("HTTP 403: {said}")),
        said => said,
    };
    let code = refusal.code;
    if code == Some(2) || text.contains("still in progress") {
        return Verdict::NotYet;
    }
    let too_many = text.contains("too many concurrent requests") || text.contains("too many requests");
    if http == StatusCode::TOO_MANY_REQUESTS || code == Some(429) || too_many {
        return Verdict::Again(UpstreamError::Overloaded { said: said() });
    }
    if code == Some(3) || refusal.word.eq_ignore_ascii_case("CURSOR_INVALIDATED") || is_about_a_lost_cursor(&text) {
        return Verdict::Final(UpstreamError::CursorLost { said: said() });
    }
    let unauthorized = text.contains("invalid credentials") || text.contains("account id is not valid");
    if matches!(http.as_u16(), 401 | 403) || matches!(code, Some(401 | 403)) || unauthorized {
        return Verdict::Final(UpstreamError::Unauthorized { said: said() });
    }
    if is_about_an_unknown_event(&text) {
        return Verdict::Final(UpstreamError::UnknownEvent { said: said() });
    }
    if is_about_what_does_not_pass(&text) {
        return Verdict::Final(UpstreamError::Refused { said: said() });
    }
    match code {
        Some(500..=599) => Verdict::Again(UpstreamError::Unavailable { said: said() }),
        // CleverTap's own numbers (4002: bad date) and 4xx: it understood, whatever the HTTP status is.
        Some(code) if code != 202 => Verdict::Final(UpstreamError::Refused { said: said() }),
        _ => judge_status(http, &said()).unwrap_or_else(|| Verdict::Final(UpstreamError::Refused { said: said() })),
    }
}

/// What the HTTP status alone says; `None` for one that promises an answer.
fn judge_status(http: StatusCode, said: &str) -> Option<Verdict> {
    let said = || match said {
        "" => format!("HTTP {} without a text", http.as_u16()),
        said => shorten(&format!("HTTP {}: {said}", http.as_u16())),
    };
    Some(match http.as_u16() {
        202 => Verdict::NotYet,
        200..=299 => return None,
        300..=399 => Verdict::Final(UpstreamError::Refused {
            said: format!(
                "a redirect (HTTP {}), not followed: it would carry the credentials elsewhere",
                http.as_u16()
            ),
        }),
        401 | 403 => Verdict::Final(UpstreamError::Unauthorized { said: said() }),
        429 => Verdict::Again(UpstreamError::Overloaded { said: said() }),
        408 | 500..=599 => Verdict::Again(UpstreamError::Unavailable { said: said() }),
        _ => Verdict::Final(UpstreamError::Refused { said: said() }),
    })
}

fn judge_unreadable(unreadable: Unreadable, said: String, quote: &impl Fn(&str) -> String) -> Verdict {
    let what = match &unreadable {
        Unreadable::Empty => "an empty body".to_owned(),
        Unreadable::Binary => "bytes that are not UTF-8 text".to_owned(),
        Unreadable::OtherText => "text instead of JSON".to_owned(),
        Unreadable::Broken { line, column } => {
            format!("JSON that breaks off or is invalid at line {line}, column {column}")
        }
        Unreadable::NoObject => "JSON that is not an object".to_owned(),
        Unreadable::DuplicateKey(key) => format!("the key {:?} twice", quote(key)),
        Unreadable::TooManyKeys => "an object with too many keys".to_owned(),
    };
    let error = UpstreamError::Malformed { what, said };
    if unreadable.may_be_cut() { Verdict::Again(error) } else { Verdict::Final(error) }
}

fn refusal_of(answer: &Answer) -> Refusal {
    let text =
        ["error", "message"].iter().filter_map(|key| answer.raw(key)).map(words_of).find(|text| !text.is_empty());
    let word = answer.digits("code").unwrap_or_default();
    Refusal { text: text.unwrap_or_default(), code: word.trim().parse().ok(), word }
}

/// The words of an `error`: text, text that holds a JSON array of texts, such an array itself, or anything else as
/// it is written.
fn words_of(raw: &str) -> String {
    let text: String = serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned());
    match serde_json::from_str::<Vec<String>>(&text) {
        Ok(several) => several.join("; "),
        Err(_) => text.trim().to_owned(),
    }
}

fn is_about_a_lost_cursor(text: &str) -> bool {
    let lost = ["invalid", "expired", "not valid", "not found", "no longer"];
    text.contains("incorrect usage") || (text.contains("cursor") && lost.iter().any(|word| text.contains(word)))
}

/// What is said with any status, 500 among them, and will be said for ever: a campaign without a result answers so.
fn is_about_what_does_not_pass(text: &str) -> bool {
    const WORDS: [&str; 6] = [
        "no result as of yet",
        "been completed",
        "not completed",
        "invalid group",
        "invalid request id",
        "invalid campaign id",
    ];
    let nobody = text.contains("not found") && ["user", "profile"].iter().any(|who| text.contains(who));
    nobody || WORDS.iter().any(|words| text.contains(words))
}

/// "Invalid event : X", but not "Invalid event_properties".
fn is_about_an_unknown_event(text: &str) -> bool {
    const WORDS: &str = "invalid event";
    text.match_indices(WORDS).any(|(at, _)| {
        let rest = text.get(at + WORDS.len()..).unwrap_or_default().trim_start();
        rest.is_empty() || rest.starts_with(':')
    })
}

#[cfg(test)]
mod tests;
