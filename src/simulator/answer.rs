//! What CleverTap says: the envelope, and the answers it is known for, word by word.

use bytes::Bytes;
use serde_json::{Value, json};

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

/// A whole answer, before anything happens to it on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Bytes,
}

impl Answer {
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, content_type: JSON, body: body.into() }
    }

    pub fn value(body: &Value) -> Self {
        Self::json(200, body.to_string())
    }

    /// Labels beside `status`, each with an object whose entries go out in this order.
    pub fn labelled(labels: impl IntoIterator<Item = (String, Vec<(String, Value)>)>) -> Self {
        let mut body = r#"{"status":"success""#.to_owned();
        for (label, entries) in labels {
            body.push_str(&format!(",{}:{{", Value::from(label)));
            for (place, (key, value)) in entries.into_iter().enumerate() {
                let comma = if place == 0 { "" } else { "," };
                body.push_str(&format!("{comma}{}:{value}", Value::from(key)));
            }
            body.push('}');
        }
        body.push('}');
        Self::json(200, body)
    }

    /// `{"status":"fail","error":…,"code":…}`.
    pub fn fail(status: u16, error: &str, code: u16) -> Self {
        Self::json(status, json!({"status": "fail", "error": error, "code": code}).to_string())
    }

    /// What the host answers to any path it does not know: 200 and no byte.
    pub fn empty() -> Self {
        Self::json(200, Bytes::new())
    }

    pub fn html(status: u16) -> Self {
        let body =
            format!("<html>\r\n<head><title>{status}</title></head>\r\n<body><h1>{status}</h1></body>\r\n</html>\r\n");
        Self { status, content_type: HTML, body: body.into() }
    }

    /// What an account with encrypted payloads would send.
    pub fn binary() -> Self {
        let body: Vec<u8> = (0..512u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        Self { status: 200, content_type: "application/octet-stream", body: body.into() }
    }

    pub fn unknown_account() -> Self {
        // As recorded, spaces included.
        Self::json(401, r#"{ "status" : "fail" , "error" : "Account ID is not valid" , "code" : 401}"#)
    }

    pub fn invalid_credentials() -> Self {
        Self::fail(401, "Invalid Credentials", 401)
    }

    pub fn method_not_allowed() -> Self {
        Self::fail(405, "Method Not Allowed", 405)
    }

    pub fn too_many_requests() -> Self {
        Self::fail(429, "Too many concurrent requests", 429)
    }

    pub fn in_progress(status: u16) -> Self {
        Self::fail(status, "Request still in progress, please retry later", 2)
    }

    pub fn incorrect_usage() -> Self {
        Self::fail(200, "Incorrect Usage", 3)
    }

    pub fn bad_date(error: &str) -> Self {
        Self::fail(400, error, 4002)
    }

    pub fn export_not_allowed() -> Self {
        Self::fail(400, "Export not allowed for this event", 400)
    }

    /// A JSON array inside a text, as CleverTap does it.
    pub fn invalid_event(status: u16, event: &str) -> Self {
        Self::fail(status, &json!([format!("Invalid event : {event}")]).to_string(), 400)
    }

    pub fn cursor_invalidated() -> Self {
        let body = json!({"status": "fail", "error": "Cursor is invalid or has expired", "code": "CURSOR_INVALIDATED"});
        Self::json(400, body.to_string())
    }

    pub fn invalid_group() -> Self {
        Self::fail(400, "Invalid group", 400)
    }

    pub fn invalid_request_id() -> Self {
        Self::fail(400, "Invalid request id", 400)
    }
}
