//! Every answer that CleverTap is known or feared to give, and the decision it leads to.

use bytes::Bytes;
use rstest::rstest;
use secrecy::SecretString;

use super::*;

fn verdict(http: u16, body: &[u8]) -> Verdict {
    let quoting = Quoting::new("ABC-DEF-123Z", &SecretString::from("s3cret-pass"));
    let http = StatusCode::from_u16(http).unwrap();
    judge(http, body, Answer::read(Bytes::copy_from_slice(body)), &quoting, None)
}

/// The decision and the quoted text, in one word each.
fn told(http: u16, body: &[u8]) -> (&'static str, String) {
    let (kind, error) = match verdict(http, body) {
        Verdict::Done(_) => return ("done", String::new()),
        Verdict::NotYet => return ("not_yet", String::new()),
        Verdict::Again(error) => ("again", error),
        Verdict::Final(error) => ("final", error),
    };
    let outcome = match (kind, error.outcome()) {
        ("again", "overloaded") => "again overloaded",
        ("again", "unavailable") => "again unavailable",
        ("again", "malformed") => "again malformed",
        ("again", _) => "again something else",
        (_, outcome) => outcome,
    };
    let said = match error {
        UpstreamError::Malformed { what, said } => format!("{what}|{said}"),
        UpstreamError::Unauthorized { said }
        | UpstreamError::Refused { said }
        | UpstreamError::UnknownEvent { said }
        | UpstreamError::CursorLost { said }
        | UpstreamError::Overloaded { said }
        | UpstreamError::Unavailable { said } => said,
        UpstreamError::TimedOut { what } | UpstreamError::BadSettings { what } => what,
    };
    (outcome, said)
}

#[rstest]
// Success
#[case(200, r#"{"status":"success","cursor":"Zy%3D"}"#, "done", "")]
#[case(200, r#"{"status":"success"}"#, "done", "")]
#[case(201, r#"{"status":"success","count":7138}"#, "done", "")]
#[case(200, r#"{"status":"Success","records":[]}"#, "done", "")]
#[case(200, r#"{"status":"success","records":[],"next_cursor":"a"}"#, "done", "")]
#[case(200, r#"{"status":"success","error":"","records":[1]}"#, "done", "")]
#[case(200, r#"{"status":"partial","req_id":384649162721759820}"#, "done", "")]
#[case(200, r#"{"status":"partial","req_id":"384649162721759820"}"#, "done", "")]
#[case(204, "", "done", "")]
#[case(202, r#"{"status":"success","records":[1]}"#, "done", "")]
// Not ready
#[case(200, r#"{"status":"fail","error":"Request still in progress, please retry later","code":2}"#, "not_yet", "")]
#[case(200, r#"{"status":"fail","error":"other words","code":2}"#, "not_yet", "")]
#[case(200, r#"{"status":"fail","error":"other words","code":"2"}"#, "not_yet", "")]
#[case(400, r#"{"status":"fail","error":"Request STILL in progress"}"#, "not_yet", "")]
#[case(500, r#"{"status":"fail","error":"Request still in progress, please retry later","code":2}"#, "not_yet", "")]
#[case(202, r#"{"status":"success"}"#, "not_yet", "")]
#[case(202, r#"{"status":"fail","code":202}"#, "not_yet", "")]
#[case(202, "", "not_yet", "")]
#[case(202, "accepted", "not_yet", "")]
#[case(200, r#"{"status":"partial"}"#, "not_yet", "")]
// Too many
#[case(
    429,
    r#"{"status":"fail","error":"Too many concurrent requests","code":429}"#,
    "again overloaded",
    "Too many concurrent requests"
)]
#[case(
    200,
    r#"{"status":"fail","error":"Too many concurrent requests","code":429}"#,
    "again overloaded",
    "Too many concurrent requests"
)]
#[case(429, "", "again overloaded", "HTTP 429 without a text")]
#[case(429, "<html>slow down</html>", "again overloaded", "HTTP 429: <html>slow down</html>")]
// Credentials
#[case(
    401,
    r#"{ "status" : "fail" , "error" : "Account ID is not valid" , "code" : 401}"#,
    "unauthorized",
    "Account ID is not valid"
)]
#[case(401, r#"{"status":"fail","error":"Invalid Credentials","code":401}"#, "unauthorized", "Invalid Credentials")]
#[case(200, r#"{"status":"fail","error":"Invalid Credentials","code":"401"}"#, "unauthorized", "Invalid Credentials")]
#[case(403, r#"{"status":"fail","error":"Forbidden","code":403}"#, "unauthorized", "HTTP 403: Forbidden")]
#[case(403, r#"{"message":"Forbidden"}"#, "unauthorized", "HTTP 403: Forbidden")]
#[case(403, "", "unauthorized", "HTTP 403 without a text")]
#[case(
    401,
    r#"{"status":"fail","error":"bad passcode s3cret-pass of ABC-DEF-123Z"}"#,
    "unauthorized",
    "bad passcode […] of […]"
)]
// Cursors
#[case(200, r#"{"status":"fail","error":"Incorrect Usage","code":3}"#, "cursor_lost", "Incorrect Usage")]
#[case(400, r#"{"status":"fail","error":"Incorrect Usage","code":"3"}"#, "cursor_lost", "Incorrect Usage")]
#[case(400, r#"{"status":"fail","error":"Invalid cursor","code":400}"#, "cursor_lost", "Invalid cursor")]
#[case(410, r#"{"status":"fail","error":"The cursor has expired"}"#, "cursor_lost", "The cursor has expired")]
#[case(
    200,
    r#"{"status":"fail","code":"CURSOR_INVALIDATED"}"#,
    "cursor_lost",
    "code CURSOR_INVALIDATED without a text"
)]
#[case(500, r#"{"status":"fail","error":"x","code":"CURSOR_INVALIDATED"}"#, "cursor_lost", "x")]
// Refusals
#[case(
    400,
    r#"{"status":"fail","error":"Export not allowed for this event","code":400}"#,
    "refused",
    "Export not allowed for this event"
)]
#[case(
    200,
    r#"{"status":"fail","error":"Export not allowed for this event","code":400}"#,
    "refused",
    "Export not allowed for this event"
)]
#[case(405, r#"{"status":"fail","error":"Method Not Allowed","code":405}"#, "refused", "Method Not Allowed")]
#[case(409, r#"{"status":"fail","error":"not complete"}"#, "refused", "HTTP 409: not complete")]
#[case(200, r#"{"status":"fail","error":"Invalid date","code":4002}"#, "refused", "Invalid date")]
#[case(500, r#"{"status":"fail","error":"Invalid date","code":4002}"#, "refused", "Invalid date")]
#[case(
    500,
    r#"{"status":"fail","error":"This target has no result as of yet","code":500}"#,
    "refused",
    "This target has no result as of yet"
)]
#[case(
    500,
    r#"{"status":"fail","error":"This target hasn't been completed","code":500}"#,
    "refused",
    "This target hasn't been completed"
)]
#[case(500, r#"{"status":"fail","error":"Invalid group : g0","code":500}"#, "refused", "Invalid group : g0")]
#[case(500, r#"{"status":"fail","error":"Invalid request id","code":500}"#, "refused", "Invalid request id")]
#[case(503, r#"{"status":"fail","error":"User not found"}"#, "refused", "User not found")]
#[case(503, r#"{"status":"fail","error":"host not found"}"#, "again unavailable", "HTTP 503: host not found")]
#[case(
    200,
    r#"{"status":"success","error":"This target hasn't been completed","code":200}"#,
    "refused",
    "This target hasn't been completed"
)]
#[case(
    400,
    r#"{"status":"fail","error":"Invalid event_properties","code":400}"#,
    "refused",
    "Invalid event_properties"
)]
#[case(400, r#"{"status":"fail","message":"said differently"}"#, "refused", "HTTP 400: said differently")]
#[case(400, r#"{"status":"fail","error":"","message":"said differently","code":400}"#, "refused", "said differently")]
#[case(400, r#"{"status":"fail","error":{"reason":"odd"},"code":400}"#, "refused", r#"{"reason":"odd"}"#)]
#[case(400, r#"{"status":"fail","error":["one","two"],"code":400}"#, "refused", "one; two")]
#[case(200, r#"{"status":"fail"}"#, "refused", "HTTP 200 without a text")]
#[case(200, r#"{"status":"fail","code":7}"#, "refused", "code 7 without a text")]
#[case(404, "not here", "refused", "HTTP 404: not here")]
#[case(404, r#"{"status":"success"}"#, "refused", "HTTP 404 without a text")]
#[case(302, "", "refused", "a redirect (HTTP 302), not followed: it would carry the credentials elsewhere")]
// Unknown events
#[case(
    200,
    r#"{"status":"fail","error":"[\"Invalid event : Uninstalled\"]","code":400}"#,
    "unknown_event",
    "Invalid event : Uninstalled"
)]
#[case(
    400,
    r#"{"status":"fail","error":"[\"Invalid event : a\",\"Invalid event : b\"]"}"#,
    "unknown_event",
    "Invalid event : a; Invalid event : b"
)]
#[case(400, r#"{"status":"fail","error":["Invalid event: X"]}"#, "unknown_event", "Invalid event: X")]
// Servers in trouble
#[case(
    500,
    "<html><h1>Internal Server Error</h1></html>",
    "again unavailable",
    "HTTP 500: <html><h1>Internal Server Error</h1></html>"
)]
#[case(502, "", "again unavailable", "HTTP 502 without a text")]
#[case(503, r#"{"status":"fail","error":"try later"}"#, "again unavailable", "HTTP 503: try later")]
#[case(500, r#"{"status":"fail","error":"Internal error","code":500}"#, "again unavailable", "Internal error")]
#[case(200, r#"{"status":"fail","error":"Internal error","code":503}"#, "again unavailable", "Internal error")]
#[case(500, r#"{"status":"success","records":[]}"#, "again unavailable", "HTTP 500 without a text")]
#[case(504, r#"{"message":"Endpoint request timed out"}"#, "again unavailable", "HTTP 504: Endpoint request timed out")]
// Nonsense
#[case(200, "", "again malformed", "an empty body|")]
#[case(200, "<html>hello</html>", "again malformed", "text instead of JSON|<html>hello</html>")]
#[case(200, "OK", "again malformed", "text instead of JSON|OK")]
#[case(
    200,
    r#"{"status":"success","records":[{"email":"ana@example.com""#,
    "again malformed",
    "JSON that breaks off or is invalid at line 1, column 57|"
)]
#[case(200, r#"[{"email":"ana@example.com"}]"#, "malformed", "JSON that is not an object|")]
#[case(200, r#"{"records":[1]}"#, "malformed", "an object without a known status|")]
#[case(200, r#"{"status":"maybe","records":[1]}"#, "malformed", "an object without a known status|")]
#[case(200, r#"{"status":true}"#, "malformed", "an object without a known status|")]
#[case(200, r#"{"status":"success","records":[1],"records":[2]}"#, "malformed", "the key \"records\" twice|")]
#[case(200, r#"{"status":"fail","status":"success"}"#, "malformed", "the key \"status\" twice|")]
fn a_canned_answer_leads_to_its_decision(
    #[case] http: u16,
    #[case] body: &str,
    #[case] decision: &str,
    #[case] said: &str,
) {
    assert_eq!(told(http, body.as_bytes()), (decision, said.to_owned()));
}

#[test]
fn encrypted_or_broken_bytes_are_called_so() {
    assert_eq!(told(200, b"\x00\x01\xfe\xff"), ("again malformed", "bytes that are not UTF-8 text|".to_owned()));
    assert_eq!(
        told(200, b"{\"status\":\"success\",\"records\":[\"\xc3\x28\"]}"),
        ("again malformed", "bytes that are not UTF-8 text|".to_owned())
    );
}

#[test]
fn a_long_text_is_quoted_with_its_first_200_characters() {
    let (_, said) = told(502, "word ".repeat(10_000).as_bytes());
    assert_eq!(said.chars().count(), 200);
    assert!(said.starts_with("HTTP 502: word word"));
}

#[rstest]
#[case(400, r#"{"status":"fail","code":404}"#, 404)]
#[case(200, r#"{"status":"fail","code":"409"}"#, 409)]
#[case(404, r#"{"status":"fail","code":7}"#, 404)]
#[case(500, r#"{"status":"success","code":200}"#, 500)]
#[case(404, r#"{"status":"fail","code":99999999999999999999}"#, 404)]
#[case(404, "<html>", 404)]
fn an_answer_means_its_own_code_before_the_status_of_http(
    #[case] http: u16,
    #[case] body: &'static str,
    #[case] meant: u16,
) {
    let http = StatusCode::from_u16(http).unwrap();
    assert_eq!(meant_status(http, &Answer::read(Bytes::from_static(body.as_bytes()))), meant);
}

proptest::proptest! {
    #[test]
    fn any_answer_gets_a_verdict(http in 200u16..600, body in proptest::collection::vec(proptest::num::u8::ANY, 0..100)) {
        let _ = verdict(http, &body);
    }

    #[test]
    fn any_refusal_gets_a_verdict(http in 200u16..600, error in "\\PC*", code in proptest::num::i64::ANY) {
        let body = serde_json::json!({ "status": "fail", "error": error, "code": code }).to_string();
        proptest::prop_assert!(!matches!(verdict(http, body.as_bytes()), Verdict::Done(_)) || http == 204);
    }
}
