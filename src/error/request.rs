//! [`RequestError`] in codes.

use super::api_error::ApiError;
use super::code::Code;
use super::refusals::sentence;
use crate::request::{Function, RequestError};

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        let code = match &error {
            RequestError::Unknown { .. } => Code::RequestUnknownParameter,
            RequestError::Repeated { .. } => Code::RequestRepeatedParameter,
            RequestError::Missing { .. } => Code::RequestMissingParameter,
            RequestError::BadValue { .. } | RequestError::Backwards { .. } | RequestError::Expression { .. } => {
                Code::RequestBadParameter
            }
            RequestError::Unserved { .. } => Code::RequestUnsupported,
            RequestError::Contradiction { .. } => Code::RequestContradiction,
            RequestError::PeriodTooLong { .. } => Code::RequestPeriodTooLong,
            RequestError::Encoding { .. } | RequestError::BodyEncoding { .. } | RequestError::Body { .. } => {
                Code::RequestMalformed
            }
            RequestError::TooLong { .. } => Code::RequestUriTooLong,
        };
        let mut refusal = Self::new(code, sentence(&error.to_string())).near(error.near());
        if let Some(name) = error.parameter() {
            refusal = refusal.parameter(name);
        }
        if let Some(near) = error.near() {
            refusal = refusal.hint(format!("Did you mean `{near}`?"));
        }
        match error {
            RequestError::Unknown { known, near, .. } => {
                if near.is_none() {
                    refusal = refusal.hint(match known.as_slice() {
                        [] => "This address takes no parameters.".to_owned(),
                        known => format!("The parameters here are {}.", known.join(", ")),
                    });
                }
                refusal.available(known)
            }
            RequestError::Unserved { .. } => {
                let functions = Function::ALL.map(Function::name);
                refusal.hint(format!("The functions here are {}.", functions.join(", "))).available(functions)
            }
            RequestError::BodyEncoding { .. } => refusal.hint("Send the text as UTF-8."),
            RequestError::Body { .. } => refusal.hint(
                "A body in JSON is one object; names and texts stand in double quotes, and a line break in a text is `\\n`.",
            ),
            _ => refusal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use crate::request::{QueryKey, Rules, parse};

    fn refuse(query: &str) -> ApiError {
        let rules = Rules { query_key: QueryKey::Known, longest_days: 800 };
        parse(query, &catalog::events::TABLE, rules).unwrap_err().into()
    }

    #[test]
    fn each_cause_has_its_code_and_names_its_parameter() {
        for (query, code, parameter, near) in [
            ("event=A&form=today", "request_unknown_parameter", Some("form"), &["from"][..]),
            ("event=A&range=last_7_day", "request_bad_parameter", Some("range"), &["last_7_days"]),
            ("event=A&wait=90", "request_bad_parameter", Some("wait"), &["90s"]),
            ("event=A&bom=1&bom=1", "request_repeated_parameter", Some("bom"), &[]),
            ("range=today", "request_missing_parameter", Some("event"), &[]),
            ("event=A&range=today&from=today", "request_contradiction", Some("range"), &[]),
            ("event=A&filter=event_time lt now()", "request_unsupported", Some("filter"), &[]),
            ("event=A&from=2026-11-02&to=2026-11-01", "request_bad_parameter", Some("to"), &[]),
            ("event=A&range=last_900_days", "request_period_too_long", None, &[]),
            ("event=50%", "request_malformed", None, &[]),
            (&"a=b&".repeat(129), "request_uri_too_long", None, &[]),
        ] {
            let error = refuse(query);
            assert_eq!(error.code().name(), code, "{query}");
            assert_eq!(error.parts().parameter.as_deref(), parameter, "{query}");
            assert_eq!(error.parts().near, near, "{query}");
        }
    }

    #[test]
    fn an_unknown_word_like_no_other_gets_the_list() {
        let error = refuse("event=A&zzzzzz=1");
        assert!(error.parts().hint.as_deref().is_some_and(|hint| hint.contains("range, select")));
    }

    #[test]
    fn what_is_wrong_with_a_body_is_not_said_of_the_address() {
        for error in [
            RequestError::BodyEncoding { position: 7 },
            RequestError::Body { line: 1, column: 2, why: "a JSON object is expected".to_owned() },
        ] {
            let refusal = ApiError::from(error);
            let said = format!("{} {}", refusal.detail(), refusal.parts().hint.as_deref().unwrap_or_default());
            assert_eq!(refusal.code(), Code::RequestMalformed);
            assert!(said.starts_with("The body is not readable") && !said.contains("URL"), "{said}");
        }
    }

    #[test]
    fn details_are_sentences() {
        assert_eq!(refuse("event=A&form=1").detail(), "There is no parameter `form` here.");
    }
}
