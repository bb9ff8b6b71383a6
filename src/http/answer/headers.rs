//! The header fields of an answer (contract 5.4).

use std::fmt::{self, Write};

use actix_web::HttpResponseBuilder;
use actix_web::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, Charset, ContentDisposition, DispositionParam,
    DispositionType, ETAG, ExtendedValue, HeaderName, HeaderValue, LAST_MODIFIED, VARY, X_CONTENT_TYPE_OPTIONS,
};

use super::facts::{AnswerFacts, CacheStatus, Validators};
use crate::encode::{Coding, Escape, Format};

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const AS_OF: HeaderName = HeaderName::from_static("flattap-as-of");
const COMPLETE: HeaderName = HeaderName::from_static("flattap-complete");
const CSV_ESCAPED: HeaderName = HeaderName::from_static("x-csv-escaped");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// Bytes of a value, roughly.
const USUAL: usize = 64;
/// Bytes of a file name that every file system takes.
const LONGEST_NAME: usize = 200;

/// What every answer says, 304 included. `hit`: its bytes were at hand.
pub(super) fn common(
    response: &mut HttpResponseBuilder,
    facts: &AnswerFacts,
    validators: &Validators,
    coding: Coding,
    hit: bool,
) {
    let mut text = String::with_capacity(USUAL);
    let mut say = |name: HeaderName, value: fmt::Arguments<'_>| {
        text.clear();
        if text.write_fmt(value).is_ok()
            && let Ok(value) = HeaderValue::from_str(&text)
        {
            response.insert_header((name, value));
        }
    };
    say(ETAG, format_args!("\"{}\"", validators.tag(coding)));
    say(LAST_MODIFIED, format_args!("{}", httpdate::HttpDate::from(validators.modified())));
    say(AS_OF, format_args!("{:.0}", facts.as_of));
    say(CACHE_CONTROL, format_args!("private, max-age={}", facts.max_age.as_secs()));
    let vary = HeaderValue::from_static("Accept, Accept-Encoding, Authorization, X-API-Key");
    response.insert_header((VARY, vary));
    response.insert_header((CACHE_STATUS, cache_status(&facts.cache_status, hit)));
    let complete = if facts.complete { "true" } else { "false" };
    response.insert_header((COMPLETE, HeaderValue::from_static(complete)));
    if let Some(Ok(timing)) = facts.server_timing.as_deref().map(HeaderValue::from_str) {
        response.insert_header((SERVER_TIMING, timing));
    }
}

/// What only an answer with content says.
pub(super) fn content(response: &mut HttpResponseBuilder, facts: &AnswerFacts, coding: Coding) {
    response.insert_header((CONTENT_TYPE, HeaderValue::from_static(facts.format.media_type())));
    response.insert_header((X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")));
    response.insert_header((ACCEPT_RANGES, HeaderValue::from_static("bytes")));
    if coding != Coding::Identity {
        response.insert_header((CONTENT_ENCODING, HeaderValue::from_static(coding.token())));
    }
    if facts.format == Format::Csv && facts.options.escape == Escape::Formulas {
        response.insert_header((CSV_ESCAPED, HeaderValue::from_static("formulas")));
    }
    if let Some(name) = &facts.download_name {
        response.insert_header(disposition(name));
    }
}

fn cache_status(status: &CacheStatus, hit: bool) -> HeaderValue {
    let fixed = match status {
        CacheStatus::Store if hit => "flattap; hit",
        CacheStatus::Store => "flattap; fwd=miss; detail=store",
        // CleverTap was asked: that the bytes turned out the same does not undo it.
        CacheStatus::Upstream => "flattap; fwd=miss; detail=upstream",
        CacheStatus::Stale { detail } => {
            let stale = format!("flattap; fwd=stale; detail={}", token_or_string(detail));
            return HeaderValue::from_str(&stale).unwrap_or(HeaderValue::from_static("flattap; fwd=stale"));
        }
    };
    HeaderValue::from_static(fixed)
}

/// A structured-field token (RFC 8941) if the text is one, else a string of its printable ASCII.
fn token_or_string(text: &str) -> String {
    let in_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte);
    if text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(in_token) {
        return text.to_owned();
    }
    let mut string = String::from("\"");
    for letter in text.chars().filter(|letter| matches!(letter, ' '..='~')) {
        if matches!(letter, '"' | '\\') {
            string.push('\\');
        }
        string.push(letter);
    }
    string.push('"');
    string
}

/// `attachment` with the name twice (RFC 6266): in ASCII, and as it is.
pub(in crate::http) fn disposition(name: &str) -> ContentDisposition {
    let mut fit = String::new();
    for letter in name.trim_matches(['.', ' ']).chars() {
        let unfit = letter.is_control() || r#"/\:*?"<>|"#.contains(letter);
        let letter = if unfit { '_' } else { letter };
        if fit.len() + letter.len_utf8() > LONGEST_NAME {
            break;
        }
        fit.push(letter);
    }
    if fit.is_empty() {
        fit.push_str("table");
    }
    let ascii = fit.chars().map(|letter| if letter.is_ascii() { letter } else { '_' }).collect();
    let exact =
        ExtendedValue { charset: Charset::Ext("UTF-8".to_owned()), language_tag: None, value: fit.into_bytes() };
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(ascii), DispositionParam::FilenameExt(exact)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stale(detail: &str) -> String {
        let status = CacheStatus::Stale { detail: detail.to_owned() };
        cache_status(&status, true).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_detail_is_a_token_or_a_quoted_string_and_never_breaks_the_header() {
        assert_eq!(stale("upstream_unavailable"), "flattap; fwd=stale; detail=upstream_unavailable");
        assert_eq!(stale("over \"there\"\r\n\u{e9}"), "flattap; fwd=stale; detail=\"over \\\"there\\\"\"");
        assert_eq!(stale("5xx"), "flattap; fwd=stale; detail=\"5xx\"");
    }

    #[test]
    fn a_hit_is_said_only_when_nobody_was_asked() {
        assert_eq!(cache_status(&CacheStatus::Store, true), "flattap; hit");
        assert_eq!(cache_status(&CacheStatus::Store, false), "flattap; fwd=miss; detail=store");
        assert_eq!(cache_status(&CacheStatus::Upstream, true), "flattap; fwd=miss; detail=upstream");
    }

    #[test]
    fn a_file_name_is_said_in_ascii_and_as_it_is_and_never_leads_elsewhere() {
        assert_eq!(
            disposition("events-Käufe \"1\"/2.csv").to_string(),
            "attachment; filename=\"events-K_ufe _1__2.csv\"; filename*=UTF-8''events%2DK%C3%A4ufe%20_1__2.csv"
        );
        assert_eq!(disposition("..").to_string(), "attachment; filename=\"table\"; filename*=UTF-8''table");
        let control = disposition("a\r\nb\u{0}.csv").to_string();
        assert_eq!(control, "attachment; filename=\"a__b_.csv\"; filename*=UTF-8''a__b_.csv");
        assert!(disposition(&"é".repeat(5000)).to_string().len() < 1000);
    }
}
