//! What can go wrong with CleverTap, as the decisions a caller can take.
//!
//! Everything that may pass was already tried again when one of these comes out. `said` is CleverTap's own text, at
//! most 200 characters, without control characters, credentials, cursors or record bodies.

/// Why CleverTap's answer cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// Give up and tell the operator. A wrong passcode, another region's passcode, an expired user passcode and an
    /// IP restriction cannot be told apart for certain.
    #[error("CleverTap did not accept the credentials: {said}")]
    Unauthorized { said: String },
    /// Give up: CleverTap understood and says no (an event that may not be exported, a bad date, a wrong path).
    #[error("CleverTap refused the request: {said}")]
    Refused { said: String },
    /// Give up: this project has no such event.
    #[error("CleverTap does not know the event: {said}")]
    UnknownEvent { said: String },
    /// Give up: an answer that makes no sense. `what` is ours, `said` is quoted and may be empty.
    #[error("CleverTap's answer cannot be understood: {what}{}", quoted(.said))]
    Malformed { what: String, said: String },
    /// Start the day again from the beginning: the cursor is expired or invalid.
    #[error("CleverTap no longer knows the cursor: {said}")]
    CursorLost { said: String },
    /// Come back later: too many requests at once, for longer than we were ready to wait.
    #[error("CleverTap is overloaded: {said}")]
    Overloaded { said: String },
    /// Come back later: server errors, broken connections, no route to the host.
    #[error("CleverTap cannot be reached: {said}")]
    Unavailable { said: String },
    /// Come back later: no answer in time, or still being prepared.
    #[error("CleverTap did not answer in time: {what}")]
    TimedOut { what: String },
    /// The operator's settings cannot make a request.
    #[error("the account's settings cannot be used: {what}")]
    BadSettings { what: String },
}

impl UpstreamError {
    /// Whether the same question may succeed later without anybody changing anything.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Overloaded { .. } | Self::Unavailable { .. } | Self::TimedOut { .. })
    }

    /// Whether the event is one of those that CleverTap counts and never exports, such as those of notifications.
    pub fn is_no_export(&self) -> bool {
        matches!(self, Self::Refused { said } if said.to_lowercase().contains("export not allowed"))
    }

    /// Whether CleverTap does not have the property whose values were to be counted or summed.
    pub fn is_unknown_property(&self) -> bool {
        matches!(self, Self::Refused { said } if said.to_lowercase().contains("invalid group"))
    }

    /// Whether CleverTap's words or status point at a restriction to certain IP addresses. A 403 does: a wrong
    /// passcode is documented as 401.
    pub fn points_at_ip_restriction(&self) -> bool {
        let Self::Unauthorized { said } = self else { return false };
        let mut words = said.split(|c: char| !c.is_alphanumeric());
        words.any(|word| {
            ["ip", "403", "whitelist", "whitelisted", "allowlist"].iter().any(|sign| word.eq_ignore_ascii_case(sign))
        })
    }

    /// What the operator can look at, for the errors that have a usual cause.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unauthorized { .. } => Some(
                "Check the account id, the passcode and the region: a wrong passcode, the passcode of another region and \
                 an expired user passcode look alike. A 401 or 403 can also mean that the project accepts requests from \
                 certain IP addresses only.",
            ),
            Self::Refused { .. } | Self::UnknownEvent { .. } | Self::CursorLost { .. } => None,
            Self::Malformed { .. } => Some(
                "Check base_url (an unknown path is answered with an empty body) and whether payload encryption is \
                 switched on for the account.",
            ),
            Self::Overloaded { .. } => Some(
                "CleverTap allows three requests at once per API, shared with every other tool of the project. Lower \
                 the account's concurrency, or let the other tools run at another time.",
            ),
            Self::Unavailable { .. } => Some("Check the network, the region and CleverTap's status page."),
            Self::TimedOut { .. } | Self::BadSettings { .. } => None,
        }
    }

    /// The `outcome` label of the metrics.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Unauthorized { .. } => "unauthorized",
            Self::Refused { .. } => "refused",
            Self::UnknownEvent { .. } => "unknown_event",
            Self::Malformed { .. } => "malformed",
            Self::CursorLost { .. } => "cursor_lost",
            Self::Overloaded { .. } => "overloaded",
            Self::Unavailable { .. } => "unavailable",
            Self::TimedOut { .. } => "timed_out",
            Self::BadSettings { .. } => "bad_settings",
        }
    }

    /// An answer that makes no sense, without anything worth quoting.
    pub(super) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed { what: what.into(), said: String::new() }
    }
}

fn quoted(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ip_restriction_is_recognised_by_words_and_by_403() {
        let unauthorized = |said: &str| UpstreamError::Unauthorized { said: said.to_owned() };
        assert!(unauthorized("Your IP is not whitelisted").points_at_ip_restriction());
        assert!(unauthorized("HTTP 403: Forbidden").points_at_ip_restriction());
        assert!(!unauthorized("Invalid Credentials").points_at_ip_restriction());
        assert!(!unauthorized("the recipient is unknown").points_at_ip_restriction());
    }

    #[test]
    fn nothing_quoted_leaves_no_dangling_colon() {
        assert!(UpstreamError::malformed("no status").to_string().ends_with("no status"));
    }
}
