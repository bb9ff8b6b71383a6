//! A cursor: CleverTap's opaque mark of a place in an export.
//!
//! It arrives already percent-encoded and goes back exactly as it came: encoded a second time it is refused. It may
//! hold account data, so it is wiped when dropped and never printed; a used one is remembered as a hash only.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::error::UpstreamError;

/// Far above the 2.4 KB seen in the field, far below what the HTTP layer takes as a URL.
const LONGEST: usize = 32 * 1024;

/// What would end the query value or cannot stand in a URL. `%` and `+` are not here: they are part of the cursor.
const UNFIT_FOR_A_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'&').add(b'<').add(b'>');

pub(super) struct Cursor(SecretString);

/// A used cursor, to see it again without keeping it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 16]);

impl Cursor {
    /// `None` for a blank text, which some answers carry at the end instead of no cursor.
    pub(super) fn received(text: &str) -> Result<Option<Self>, UpstreamError> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        if text.len() > LONGEST {
            return Err(UpstreamError::malformed(format!("a cursor of {} bytes", text.len())));
        }
        Ok(Some(Self(SecretString::from(text))))
    }

    /// The query string that asks for its page.
    pub(super) fn query(&self) -> String {
        format!("cursor={}", utf8_percent_encode(self.0.expose_secret(), UNFIT_FOR_A_QUERY))
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        let hash = Sha256::digest(self.0.expose_secret().as_bytes());
        let mut short = [0; 16];
        for (to, from) in short.iter_mut().zip(hash.iter()) {
            *to = *from;
        }
        Fingerprint(short)
    }

    /// The forms in which CleverTap might repeat it in an error text.
    pub(super) fn forms(&self) -> [Cow<'_, str>; 2] {
        let text = self.0.expose_secret();
        [Cow::Borrowed(text), percent_decode_str(text).decode_utf8_lossy()]
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursor(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(text: &str) -> Cursor {
        Cursor::received(text).unwrap().unwrap()
    }

    #[test]
    fn a_percent_encoded_cursor_is_sent_as_it_came() {
        for text in ["ZyZjfQ%2BYJBQRi%2F%3D", "plain-Text_0~.", "a+b/c==", "50%", "%zz", "a'b"] {
            assert_eq!(cursor(text).query(), format!("cursor={text}"));
        }
    }

    #[test]
    fn what_would_end_the_value_is_escaped() {
        assert_eq!(cursor("a&b#c d\"é\n").query(), "cursor=a%26b%23c%20d%22%C3%A9%0A");
    }

    #[test]
    fn a_blank_cursor_is_none_and_a_giant_one_is_refused() {
        assert!(Cursor::received("").unwrap().is_none());
        assert!(Cursor::received(" ").unwrap().is_none());
        assert!(Cursor::received(&"a".repeat(LONGEST + 1)).is_err());
    }

    #[test]
    fn it_prints_nothing_of_itself() {
        assert_eq!(format!("{:?}", cursor("ZyZjfQ")), "Cursor(…)");
    }

    #[test]
    fn the_same_cursor_has_the_same_fingerprint() {
        assert!(cursor("a%3D").fingerprint() == cursor("a%3D").fingerprint());
        assert!(cursor("a%3D").fingerprint() != cursor("a=").fingerprint());
    }
}
