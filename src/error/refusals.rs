//! Refusals that several handlers say, each in one place.
//!
//! Whoever may not see a thing is told that it does not exist: callers of these functions pass only names that the
//! caller of the gateway may see.

use std::fmt::Display;
use std::time::Duration;

use actix_web::http::header::{ALLOW, HeaderName, HeaderValue};

use super::api_error::ApiError;
use super::code::Code;
use crate::request::nearest;

impl ApiError {
    /// `visible`: the tables that this caller may see.
    pub fn table_unknown<'a>(asked: &str, visible: impl IntoIterator<Item = &'a str>) -> Self {
        let visible: Vec<&str> = visible.into_iter().collect();
        let near = nearest(asked, visible.iter().copied());
        let error = Self::new(Code::TableUnknown, format!("There is no table `{}`.", short(asked)));
        match near {
            Some(near) => error.hint(format!("Did you mean `{near}`? /v1/tables lists the tables.")),
            None => error,
        }
        .near(near)
        .available(visible)
    }

    /// `visible`: the views that this caller may see.
    pub fn view_unknown<'a>(asked: &str, visible: impl IntoIterator<Item = &'a str>) -> Self {
        let visible: Vec<&str> = visible.into_iter().collect();
        let near = nearest(asked, visible.iter().copied());
        let error = Self::new(Code::TableUnknown, format!("There is no view `{}`.", short(asked)));
        match near {
            Some(near) => error.hint(format!("Did you mean `{near}`? /v1/tables lists the views.")),
            None => error.hint("/v1/tables lists the tables and views that this key may read."),
        }
        .near(near)
        .available(visible)
    }

    /// `near`: a set that the caller may see.
    pub fn set_unknown(asked: &str, near: Option<String>) -> Self {
        let error = Self::new(Code::TableUnknown, format!("There is no set `{}`.", short(asked)));
        match &near {
            Some(near) => error.hint(format!("Did you mean `{near}`? /odata/ lists the sets.")),
            None => error.hint("/odata/ lists the sets that this key may read."),
        }
        .near(near)
    }

    /// `meeting`: the events of this name that the caller may see, each with the name of its own set.
    pub fn set_ambiguous(asked: &str, meeting: &[(&str, String)]) -> Self {
        let sets: Vec<String> = meeting.iter().map(|(event, set)| format!("`{set}` is `{}`", short(event))).collect();
        let detail =
            format!("Several events meet in the name `{}`, so it is no set's: {}.", short(asked), sets.join(", "));
        Self::new(Code::TableUnknown, detail)
            .hint("Use the name of the one that is meant; it stays the same.")
            .available(meeting.iter().map(|(_, set)| set.as_str()))
    }

    /// `offered`: the extensions there are.
    pub fn format_unknown<'a>(asked: &str, offered: impl IntoIterator<Item = &'a str>) -> Self {
        let offered: Vec<&str> = offered.into_iter().collect();
        Self::new(Code::TableUnknownFormat, format!("There is no format `{}`.", short(asked)))
            .hint(format!("Use one of: {}.", offered.join(", ")))
            .near(nearest(asked, offered.iter().copied()))
            .available(offered)
    }

    /// `offered`: the media types there are.
    pub fn not_acceptable<'a>(offered: impl IntoIterator<Item = &'a str>) -> Self {
        let offered: Vec<&str> = offered.into_iter().collect();
        Self::new(Code::RequestNotAcceptable, format!("This server writes {}.", offered.join(", "))).available(offered)
    }

    /// `why`: which codings there are.
    pub fn no_coding(why: impl Display) -> Self {
        Self::new(Code::RequestNotAcceptable, sentence(&why.to_string()))
            .hint("Leave the header `Accept-Encoding` away, or let it name one of these without `q=0`.")
    }

    /// A query in SQL was sent as something else. `kind`: its media type.
    pub fn sql_of_another_kind(kind: &str) -> Self {
        Self::new(Code::RequestMediaType, format!("The body is sent as `{}`.", short(kind))).hint(
            "Send the SQL with `Content-Type: text/plain` (curl: -H 'Content-Type: text/plain'), or \
             {\"sql\": \"…\"} with `Content-Type: application/json`.",
        )
    }

    pub fn job_unknown(asked: &str) -> Self {
        Self::new(Code::TableUnknownJob, format!("There is no job `{}`.", short(asked)))
    }

    pub fn path_unknown(path: &str) -> Self {
        Self::new(Code::RequestUnknownPath, format!("There is nothing at `{}`.", short(path)))
    }

    /// `allowed`: the methods that the address takes, separated by commas.
    pub fn method_not_allowed(method: &str, allowed: &str) -> Self {
        let error = Self::new(Code::RequestMethod, format!("{} is not possible here.", short(method)))
            .hint(format!("Use {allowed}."));
        match HeaderValue::from_str(allowed) {
            Ok(value) => error.header(ALLOW, value),
            Err(_) => error,
        }
    }

    /// A browser asked whether a page of another origin may send its request.
    pub fn preflight_refused(headers: impl IntoIterator<Item = HeaderName>) -> Self {
        let headers: Vec<String> = headers.into_iter().map(|name| name.to_string()).collect();
        let detail = "Pages of this origin may not ask here, or not with this method or these headers.";
        Self::new(Code::RequestMalformed, detail).hint(format!(
            "Whoever runs this server lists the origins under `server.cors_origins`. Their pages may use GET, HEAD and \
             POST, with the headers {}.",
            headers.join(", ")
        ))
    }

    /// As many requests as may run at once are running.
    pub fn busy() -> Self {
        Self::new(Code::RequestTooMany, "As many requests as may run at once are running.")
    }

    /// The key has used up its requests for `wait`.
    pub fn rate_limited(wait: Duration) -> Self {
        Self::new(Code::RequestRateLimited, "This key has used up its requests for now.").retry_after(wait)
    }

    pub fn refresh_forbidden() -> Self {
        Self::new(Code::AuthForbidden, "This key may not ask for a refresh.")
            .hint("A key may refresh when it was made with `--refresh`; ask whoever runs this server.")
    }
}

/// With a capital and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let mut sentence: String = chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect();
    if !sentence.ends_with(['.', '?', '!', '…']) {
        sentence.push('.');
    }
    sentence
}

/// What the caller wrote, fit to be quoted.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_table_names_only_tables_that_are_visible() {
        let error = ApiError::table_unknown("evnts", ["events"]);
        assert_eq!(error.parts().near, ["events"]);
        let error = ApiError::table_unknown("evnts", []);
        assert!(error.parts().near.is_empty() && error.parts().hint.is_none());
    }

    #[test]
    fn what_the_caller_wrote_is_quoted_short_and_clean() {
        let error = ApiError::path_unknown(&format!("/a\r\nb{}", "x".repeat(5_000)));
        assert!(error.detail().len() < 150 && !error.detail().contains('\n'));
    }
}
