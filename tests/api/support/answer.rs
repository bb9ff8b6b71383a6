//! An answer, read whole, with checks that point at the caller's line.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Status, headers and body of an answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// `Err` when the body broke off.
    pub body: Result<Vec<u8>, String>,
}

/// The cells of a CSV table as text, by column; a null is missing, an empty text is there.
#[derive(Debug, PartialEq)]
pub struct Rows {
    pub columns: Vec<String>,
    pub rows: Vec<BTreeMap<String, String>>,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map(|bytes| bytes.to_vec()).map_err(|error| error.to_string());
        Self { status, headers, body }
    }

    #[track_caller]
    pub fn good(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        assert!(self.body.is_ok(), "the body broke off: {:?}", self.body);
        self
    }

    /// Checks the status and the problem's code, and gives the problem.
    ///
    /// Below `/odata` it is the error of that form.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        if self.headers.contains_key("odata-version") {
            return self.refused_by_odata(status, code);
        }
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem: Value = serde_json::from_str(&self.text()).expect("a problem is JSON");
        assert_eq!(problem["code"], code, "{problem:#}");
        assert_eq!(problem["status"], status, "{problem:#}");
        assert!(problem["request_id"].is_string() && problem["title"].is_string(), "{problem:#}");
        problem
    }

    #[track_caller]
    fn refused_by_odata(&self, status: u16, code: &str) -> Value {
        let versions: Vec<_> = self.headers.get_all("odata-version").iter().collect();
        assert_eq!(versions, ["4.0"], "exactly one");
        assert_eq!(self.header("content-type"), "application/json;odata.metadata=minimal;charset=utf-8");
        let error = self.json()["error"].clone();
        assert_eq!((&error["code"], &error["innererror"]["status"]), (&code.into(), &status.into()), "{error:#}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error:#}");
        assert_eq!(error["innererror"]["request_id"], self.header("x-request-id"), "{error:#}");
        error
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("no header {name} in {:?}", self.headers))
            .to_str()
            .expect("text")
    }

    #[track_caller]
    pub fn bytes(&self) -> &[u8] {
        self.body.as_deref().expect("a whole body")
    }

    #[track_caller]
    pub fn text(&self) -> String {
        match &self.body {
            Ok(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Err(error) => format!("broken body: {error}"),
        }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.bytes()).expect("JSON")
    }

    /// Reads the CSV. Null and empty text are told apart as the contract writes them: nothing, and `""`.
    #[track_caller]
    pub fn csv(&self) -> Rows {
        let text = String::from_utf8(self.bytes().to_vec()).expect("UTF-8");
        let mut records = parse(text.strip_prefix('\u{feff}').unwrap_or(&text)).into_iter();
        let columns: Vec<String> =
            records.next().expect("a header").into_iter().map(|cell| cell.expect("a column name")).collect();
        let rows = records
            .map(|record| {
                assert_eq!(record.len(), columns.len(), "a ragged row: {record:?}");
                columns.iter().cloned().zip(record).filter_map(|(name, cell)| cell.map(|cell| (name, cell))).collect()
            })
            .collect();
        Rows { columns, rows }
    }

    /// Reads the JSON array of flat objects as the same kind of rows. Checks that every object has every column.
    #[track_caller]
    pub fn json_rows(&self) -> Rows {
        let Value::Array(objects) = self.json() else { panic!("not an array") };
        let columns: Vec<String> = match objects.first() {
            Some(Value::Object(first)) => first.keys().cloned().collect(),
            _ => Vec::new(),
        };
        let rows = objects
            .iter()
            .map(|object| {
                let Value::Object(object) = object else { panic!("not an object") };
                assert_eq!(object.len(), columns.len(), "an object lacks a column");
                object
                    .iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| (name.clone(), json_cell(value)))
                    .collect()
            })
            .collect();
        Rows { columns, rows }
    }
}

/// A JSON scalar as CSV would write it.
fn json_cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => {
            let plain = format!("{}", number.as_f64().expect("a double"));
            if plain.contains('.') { plain } else { format!("{plain}.0") }
        }
        other => other.to_string(),
    }
}

/// RFC 4180 with quoted and unquoted empty fields told apart, which no CSV crate does.
fn parse(text: &str) -> Vec<Vec<Option<String>>> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut characters = text.chars().peekable();
    while characters.peek().is_some() {
        let cell = if characters.next_if_eq(&'"').is_some() {
            let mut cell = String::new();
            loop {
                match characters.next().expect("a closing quote") {
                    '"' if characters.next_if_eq(&'"').is_some() => cell.push('"'),
                    '"' => break,
                    other => cell.push(other),
                }
            }
            Some(cell)
        } else {
            let mut cell = String::new();
            while let Some(other) = characters.next_if(|next| !matches!(next, ',' | '\r')) {
                assert_ne!(other, '"', "a stray quote");
                cell.push(other);
            }
            (!cell.is_empty()).then_some(cell)
        };
        record.push(cell);
        match characters.next() {
            Some(',') => {}
            Some('\r') => {
                assert_eq!(characters.next(), Some('\n'), "CRLF ends a line");
                records.push(std::mem::take(&mut record));
            }
            other => panic!("{other:?} after a field"),
        }
    }
    assert!(record.is_empty(), "the last line has no end");
    records
}
