//! What a `$skiptoken` says: where the next page begins, and in which data.
//!
//! All pages come of the same data, so a token names the versions of the tables that the first page was read from, and
//! the days as they were then (`last_30_days` moves at midnight). It is bound to the question it continues by a digest of
//! that, and signed: nobody can make one, or use one for another question or with another key's view. It holds nothing
//! that its caller was not shown.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Days after the one on which it was made that a token is good for. The data it names is kept for a day after it was
/// replaced.
const GOOD_FOR: u32 = 2;
const FORM: u8 = 1;
const SIGNATURE: usize = 16;

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// Days since 1970-01-01, UTC.
    pub made_on: u32,
    /// Of what was asked, by whom as far as it decides what they see.
    pub digest: u128,
    pub data: Pinned,
    pub place: Place,
    /// Rows that are still to come of `$top`.
    pub rows_left: Option<u64>,
    /// Rows of a page.
    pub page: u64,
    /// `$count` as it was counted for the first page.
    pub count: Option<u64>,
}

/// The data that all pages are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pinned {
    /// First and last day, counted from 1970-01-01.
    pub days: (i32, i32),
    /// Half-open bounds in microseconds of the project's wall clock.
    pub window: Option<(i64, i64)>,
    /// The version of each table read, in the order of the plan; `None` where there was no table.
    pub versions: Vec<Option<u64>>,
}

/// The place in the order of the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// So many rows are behind us.
    Offset(u64),
    /// The last row in the order of time: microseconds of the project's wall clock, its id, the place of the item.
    After { time: i64, row_id: String, item: Option<i64> },
}

/// Why a token is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    #[error("it is not one that this server made")]
    Forged,
    #[error("it belongs to another question")]
    OfAnother,
    #[error("it is too old")]
    Expired,
}

/// Signs and checks tokens. Cheap to clone.
#[derive(Clone)]
pub struct Sealer(Hmac<Sha256>);

impl Sealer {
    /// `key` is one that whoever else answers later pages has as well. `None` for a key that no HMAC takes; there is
    /// none.
    pub fn new(key: &[u8]) -> Option<Self> {
        let mut derived = Hmac::<Sha256>::new_from_slice(key).ok()?;
        derived.update(b"flattap: continuations of OData answers");
        Hmac::new_from_slice(&derived.finalize().into_bytes()).ok().map(Self)
    }

    /// The text of a token.
    pub fn seal(&self, continuation: &Continuation) -> String {
        let mut bytes = continuation.bytes();
        let signature = self.signature(&bytes);
        bytes.extend_from_slice(&signature);
        hex::encode(bytes)
    }

    /// Reads a token. `today` in days since 1970-01-01.
    pub fn open(&self, token: &str, digest: u128, today: u32) -> Result<Continuation, BadToken> {
        let bytes = hex::decode(token).map_err(|_| BadToken::Forged)?;
        let split = bytes.len().checked_sub(SIGNATURE).ok_or(BadToken::Forged)?;
        let (said, signature) = bytes.split_at_checked(split).ok_or(BadToken::Forged)?;
        let mut mac = self.0.clone();
        mac.update(said);
        mac.verify_truncated_left(signature).map_err(|_| BadToken::Forged)?;
        let continuation = Reader(said).continuation().ok_or(BadToken::Forged)?;
        if continuation.digest != digest {
            return Err(BadToken::OfAnother);
        }
        match today.saturating_sub(continuation.made_on) <= GOOD_FOR {
            true => Ok(continuation),
            false => Err(BadToken::Expired),
        }
    }

    fn signature(&self, bytes: &[u8]) -> Vec<u8> {
        let mut mac = self.0.clone();
        mac.update(bytes);
        mac.finalize().into_bytes().into_iter().take(SIGNATURE).collect()
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Continuation {
    fn bytes(&self) -> Vec<u8> {
        let mut out = vec![FORM];
        out.extend_from_slice(&self.made_on.to_le_bytes());
        out.extend_from_slice(&self.digest.to_le_bytes());
        out.extend_from_slice(&self.data.days.0.to_le_bytes());
        out.extend_from_slice(&self.data.days.1.to_le_bytes());
        optional(&mut out, self.data.window, |out, (from, until)| {
            out.extend_from_slice(&from.to_le_bytes());
            out.extend_from_slice(&until.to_le_bytes());
        });
        out.extend_from_slice(&(self.data.versions.len() as u64).to_le_bytes());
        for version in &self.data.versions {
            optional(&mut out, *version, |out, version| out.extend_from_slice(&version.to_le_bytes()));
        }
        match &self.place {
            Place::Offset(rows) => {
                out.push(0);
                out.extend_from_slice(&rows.to_le_bytes());
            }
            Place::After { time, row_id, item } => {
                out.push(1);
                out.extend_from_slice(&time.to_le_bytes());
                out.extend_from_slice(&(row_id.len() as u64).to_le_bytes());
                out.extend_from_slice(row_id.as_bytes());
                optional(&mut out, *item, |out, item| out.extend_from_slice(&item.to_le_bytes()));
            }
        }
        optional(&mut out, self.rows_left, |out, rows| out.extend_from_slice(&rows.to_le_bytes()));
        out.extend_from_slice(&self.page.to_le_bytes());
        optional(&mut out, self.count, |out, count| out.extend_from_slice(&count.to_le_bytes()));
        out
    }
}

fn optional<T>(out: &mut Vec<u8>, value: Option<T>, write: impl FnOnce(&mut Vec<u8>, T)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        write(out, value);
    }
}

/// What is still to be read of a token.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.array()? {
            [0] => Some(None),
            [1] => read(self).map(Some),
            _ => None,
        }
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.u64()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    fn versions(&mut self) -> Option<Vec<Option<u64>>> {
        // Each takes a byte at least.
        let count = usize::try_from(self.u64()?).ok().filter(|count| *count <= self.0.len())?;
        (0..count).map(|_| self.optional(Self::u64)).collect()
    }

    fn place(&mut self) -> Option<Place> {
        match self.array()? {
            [0] => self.u64().map(Place::Offset),
            [1] => Some(Place::After { time: self.i64()?, row_id: self.text()?, item: self.optional(Self::i64)? }),
            _ => None,
        }
    }

    fn continuation(mut self) -> Option<Continuation> {
        if self.array()? != [FORM] {
            return None;
        }
        let continuation = Continuation {
            made_on: self.array().map(u32::from_le_bytes)?,
            digest: self.array().map(u128::from_le_bytes)?,
            data: Pinned {
                days: (self.array().map(i32::from_le_bytes)?, self.array().map(i32::from_le_bytes)?),
                window: self.optional(|reader| Some((reader.i64()?, reader.i64()?)))?,
                versions: self.versions()?,
            },
            place: self.place()?,
            rows_left: self.optional(Self::u64)?,
            page: self.u64()?,
            count: self.optional(Self::u64)?,
        };
        self.0.is_empty().then_some(continuation)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealer() -> Sealer {
        Sealer::new(b"a key of a server, long enough for it").unwrap()
    }

    fn places() -> impl Strategy<Value = Place> {
        prop_oneof![
            any::<u64>().prop_map(Place::Offset),
            (any::<i64>(), ".{0,40}", any::<Option<i64>>()).prop_map(|(time, row_id, item)| Place::After {
                time,
                row_id,
                item
            }),
        ]
    }

    fn continuations() -> impl Strategy<Value = Continuation> {
        let data = (any::<(i32, i32)>(), any::<Option<(i64, i64)>>(), any::<Vec<Option<u64>>>())
            .prop_map(|(days, window, versions)| Pinned { days, window, versions });
        (any::<u32>(), any::<u128>(), data, places(), any::<Option<u64>>(), any::<u64>(), any::<Option<u64>>())
            .prop_map(|(made_on, digest, data, place, rows_left, page, count)| Continuation {
                made_on,
                digest,
                data,
                place,
                rows_left,
                page,
                count,
            })
    }

    proptest! {
        #[test]
        fn a_token_reads_back_as_what_it_said(continuation in continuations()) {
            let token = sealer().seal(&continuation);
            prop_assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            let read = sealer().open(&token, continuation.digest, continuation.made_on);
            prop_assert_eq!(read.unwrap(), continuation);
        }

        #[test]
        fn a_token_of_which_anything_was_changed_is_none(
            continuation in continuations(),
            at in any::<prop::sample::Index>(),
            flip in 1..=255u8,
        ) {
            let mut bytes = hex::decode(sealer().seal(&continuation)).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let read = sealer().open(&hex::encode(bytes), continuation.digest, continuation.made_on);
            prop_assert_eq!(read.unwrap_err(), BadToken::Forged);
        }

        #[test]
        fn any_text_is_refused(token in "([0-9a-f]{2}){0,80}|.{0,40}") {
            prop_assert_eq!(sealer().open(&token, 0, 0).unwrap_err(), BadToken::Forged);
        }
    }

    #[test]
    fn a_token_is_for_its_own_question_its_own_server_and_its_own_time() {
        let continuation = Continuation {
            made_on: 20_000,
            digest: 7,
            data: Pinned::default(),
            place: Place::Offset(3),
            rows_left: None,
            page: 10,
            count: None,
        };
        let token = sealer().seal(&continuation);
        assert_eq!(sealer().open(&token, 8, 20_000).unwrap_err(), BadToken::OfAnother);
        assert!(sealer().open(&token, 7, 20_002).is_ok());
        assert_eq!(sealer().open(&token, 7, 20_003).unwrap_err(), BadToken::Expired);
        let other = Sealer::new(b"a key of another server, also long").unwrap();
        assert_eq!(other.open(&token, 7, 20_000).unwrap_err(), BadToken::Forged);
    }
}
