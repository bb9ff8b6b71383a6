//! What a request shows as proof, gathered before any of it is judged.
//!
//! Everything that looks like a credential counts as shown, also what cannot be read: an empty `Bearer`, a scheme
//! that we do not speak, a second header. Nothing here fails; what is no credential will not open anything.

use std::fmt;

use jsonwebtoken::DecodingKey;
use secrecy::SecretString;
use url::form_urlencoded;

/// The query parameter that may hold a key.
pub(super) const QUERY_PARAMETER: &str = "api_key";

/// Longest credential that is looked at, in bytes. Tokens of providers that list groups reach some kilobytes.
const LONGEST: usize = 16 * 1024;

/// Most credentials of one request. Honest clients show one, some two.
const MOST: usize = 8;

/// Where a credential was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `Authorization: Bearer`
    Bearer,
    /// `Authorization: Basic`, the password
    Basic,
    /// `Authorization` of another kind
    OtherScheme,
    /// `X-API-Key`
    ApiKeyHeader,
    /// `?api_key=`
    Query,
}

impl Way {
    /// As a person would look for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Authorization: Bearer",
            Self::Basic => "Authorization: Basic",
            Self::OtherScheme => "Authorization",
            Self::ApiKeyHeader => "X-API-Key",
            Self::Query => QUERY_PARAMETER,
        }
    }
}

/// The credentials of one request.
#[derive(Default)]
pub struct Shown {
    credentials: Vec<Credential>,
    query_key_ignored: bool,
    too_many: bool,
}

pub(super) struct Credential {
    pub way: Way,
    pub text: Result<SecretString, Unfit>,
}

/// Why something shown is not even a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Empty,
    Unreadable,
}

impl Shown {
    /// Adds the value of an `Authorization` header.
    pub fn authorization(&mut self, value: &[u8]) {
        let value = value.trim_ascii();
        let end = value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len());
        let (scheme, rest) = value.split_at_checked(end).unwrap_or((value, &[]));
        let rest = rest.trim_ascii();
        if scheme.eq_ignore_ascii_case(b"bearer") {
            self.add(Way::Bearer, Some(rest));
        } else if scheme.eq_ignore_ascii_case(b"basic") {
            self.add(Way::Basic, basic_password(rest).as_deref());
        } else {
            self.add(Way::OtherScheme, None);
        }
    }

    /// Adds the value of an `X-API-Key` header.
    pub fn api_key(&mut self, value: &[u8]) {
        self.add(Way::ApiKeyHeader, Some(value.trim_ascii()));
    }

    /// Adds every `api_key` of a raw query string; where keys in the query are turned off they are left alone.
    pub fn query(&mut self, query: &str, keys_allowed: bool) {
        // Its name may be written otherwise, but not without one of these.
        if !query.contains(['%', '+']) && !query.contains(QUERY_PARAMETER) {
            return;
        }
        for (_, value) in form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == QUERY_PARAMETER) {
            if keys_allowed {
                self.add(Way::Query, Some(value.as_bytes()));
            } else {
                self.query_key_ignored = true;
            }
        }
    }

    fn add(&mut self, way: Way, text: Option<&[u8]>) {
        if self.credentials.len() == MOST {
            self.too_many = true;
            return;
        }
        let text = match text {
            Some([]) => Err(Unfit::Empty),
            Some(bytes) if bytes.len() <= LONGEST => {
                std::str::from_utf8(bytes).map(SecretString::from).map_err(|_| Unfit::Unreadable)
            }
            Some(_) | None => Err(Unfit::Unreadable),
        };
        self.credentials.push(Credential { way, text });
    }

    pub(super) fn credentials(&self) -> &[Credential] {
        &self.credentials
    }

    /// Whether a key in the query was passed over because they are turned off.
    pub(super) fn query_key_ignored(&self) -> bool {
        self.query_key_ignored
    }

    pub(super) fn too_many(&self) -> bool {
        self.too_many
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.credentials.iter().map(|credential| credential.way)).finish()
    }
}

/// The password of a Basic credential: what follows the first colon. The user name may be anything, in any encoding;
/// clients that leave the padding away are understood.
fn basic_password(encoded: &[u8]) -> Option<Vec<u8>> {
    if encoded.len() > 2 * LONGEST {
        return None;
    }
    let bare = std::str::from_utf8(encoded).ok()?.trim_end_matches('=');
    let padded = format!("{bare}{}", "=".repeat((4 - bare.len() % 4) % 4));
    // The decoder of base64 that is at hand; the bytes are wiped with it.
    let decoded = DecodingKey::from_base64_secret(&padded).ok()?;
    let bytes = decoded.try_get_as_bytes().ok()?;
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    bytes.get(colon + 1..).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use secrecy::ExposeSecret;

    use super::*;

    fn seen(shown: &Shown) -> Vec<(Way, Result<&str, Unfit>)> {
        shown.credentials().iter().map(one).collect()
    }

    fn one(credential: &Credential) -> (Way, Result<&str, Unfit>) {
        (credential.way, credential.text.as_ref().map(ExposeSecret::expose_secret).map_err(|unfit| *unfit))
    }

    #[rstest]
    #[case(b"Bearer abc", Way::Bearer, Ok("abc"))]
    #[case(b"bearer   abc ", Way::Bearer, Ok("abc"))]
    #[case(b"BEARER\tabc", Way::Bearer, Ok("abc"))]
    #[case(b"Bearer", Way::Bearer, Err(Unfit::Empty))]
    #[case(b"Bearer ", Way::Bearer, Err(Unfit::Empty))]
    #[case(b"Bearer \xff", Way::Bearer, Err(Unfit::Unreadable))]
    #[case(b"Basic dXNlcjpzZWNyZXQ=", Way::Basic, Ok("secret"))]
    #[case(b"basic dXNlcjpzZWNyZXQ", Way::Basic, Ok("secret"))]
    #[case(b"Basic OnNlY3JldDp4", Way::Basic, Ok("secret:x"))]
    #[case(b"Basic /zpzZWNyZXQ=", Way::Basic, Ok("secret"))]
    #[case(b"Basic dXNlcjo=", Way::Basic, Err(Unfit::Empty))]
    #[case(b"Basic dXNlcg==", Way::Basic, Err(Unfit::Unreadable))]
    #[case(b"Basic !!!", Way::Basic, Err(Unfit::Unreadable))]
    #[case(b"Basic", Way::Basic, Err(Unfit::Unreadable))]
    #[case(b"Negotiate YII=", Way::OtherScheme, Err(Unfit::Unreadable))]
    #[case(b"", Way::OtherScheme, Err(Unfit::Unreadable))]
    fn an_authorization_header_is_always_something_shown(
        #[case] value: &[u8],
        #[case] way: Way,
        #[case] text: Result<&str, Unfit>,
    ) {
        let mut shown = Shown::default();
        shown.authorization(value);
        assert_eq!(seen(&shown), [(way, text)]);
    }

    #[test]
    fn every_key_of_the_query_is_gathered_and_nothing_else() {
        let mut shown = Shown::default();
        shown.query("event=a&api_key=one&API_KEY=no&x=api_key&api%5Fkey=t%77o&api_key=", true);
        assert_eq!(seen(&shown), [(Way::Query, Ok("one")), (Way::Query, Ok("two")), (Way::Query, Err(Unfit::Empty))]);
    }

    #[test]
    fn a_query_key_that_is_turned_off_is_no_credential_but_noticed() {
        let mut shown = Shown::default();
        shown.query("api_key=one", false);
        assert!(shown.credentials().is_empty() && shown.query_key_ignored());
    }

    #[test]
    fn a_huge_credential_is_not_kept() {
        let mut shown = Shown::default();
        shown.api_key(&vec![b'a'; LONGEST + 1]);
        assert_eq!(seen(&shown), [(Way::ApiKeyHeader, Err(Unfit::Unreadable))]);
    }

    #[test]
    fn debug_shows_the_ways_only() {
        let mut shown = Shown::default();
        shown.authorization(b"Bearer TOP-SECRET");
        assert_eq!(format!("{shown:?}"), "[Bearer]");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_gathering_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40), text in ".{0,40}") {
            let mut shown = Shown::default();
            shown.authorization(&bytes);
            shown.authorization(&[b"Basic ", bytes.as_slice()].concat());
            shown.api_key(&bytes);
            shown.query(&text, true);
        }
    }
}
