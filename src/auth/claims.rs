//! The claims of a token, and the rights they give.

use serde::Deserialize;

use super::globs::Globs;
use super::granted::{Granted, View};
use super::token::TokenRefusal;
use crate::config::PiiMode;

/// Longest subject, in bytes, as OpenID Connect has it.
const LONGEST_SUBJECT: usize = 255;

/// Most words of one scope claim.
const MOST_GLOBS: usize = 1_000;

/// What is read of a token; `exp`, `nbf`, `aud` are judged before. A claim that is written twice is refused by the
/// reading: which of the two would count is a matter of taste.
#[derive(Deserialize)]
pub(super) struct Claims {
    /// Read here as well because a list of issuers would pass the library's own check.
    pub iss: String,
    sub: Option<String>,
    client_id: Option<String>,
    azp: Option<String>,
    flattap_accounts: Option<Scope>,
    flattap_tables: Option<Scope>,
    flattap_events: Option<Scope>,
    flattap_pii: Option<String>,
}

/// A list, or words with spaces between.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scope {
    List(Vec<String>),
    Words(String),
}

impl Scope {
    /// An absent claim grants nothing.
    fn globs(claim: Option<Self>) -> Result<Globs, TokenRefusal> {
        let words: Vec<String> = match claim {
            None => Vec::new(),
            Some(Self::List(list)) => list,
            Some(Self::Words(text)) => text.split_ascii_whitespace().map(str::to_owned).collect(),
        };
        if words.len() > MOST_GLOBS {
            return Err(TokenRefusal::Claims);
        }
        Ok(Globs::new(words))
    }
}

impl Claims {
    /// Errors: an unknown `flattap_pii`, a subject that is not fit for a log.
    pub fn granted(self) -> Result<Granted, TokenRefusal> {
        let pii = match self.flattap_pii {
            None => PiiMode::default(),
            Some(text) => text.parse().map_err(|_| TokenRefusal::Claims)?,
        };
        let subject = self.sub.or(self.client_id).or(self.azp).unwrap_or_default();
        if subject.len() > LONGEST_SUBJECT || subject.chars().any(char::is_control) {
            return Err(TokenRefusal::Claims);
        }
        let view = View {
            accounts: Scope::globs(self.flattap_accounts)?,
            tables: Scope::globs(self.flattap_tables)?,
            events: Scope::globs(self.flattap_events)?,
            pii,
        };
        Ok(Granted::new(format!("jwt:{subject}"), view, false))
    }
}
