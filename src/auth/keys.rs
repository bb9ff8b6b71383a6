//! Keys: long random texts of which only the SHA-256 is kept.
//!
//! A slow password hash would add nothing, since such a key cannot be guessed; what must not leak is how much of a
//! hash agreed, so every key is compared, whole, whatever was found before.

use jiff::civil::Date;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::granted::Granted;
use crate::config::KeyConfig;

pub(super) struct KeyRing {
    keys: Vec<Key>,
}

struct Key {
    hash: [u8; 32],
    /// The last day, in UTC, on which the key is good.
    expires: Option<Date>,
    granted: Granted,
}

/// What a text opens.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Granted(Granted),
    Expired(Date),
    Nothing,
}

impl KeyRing {
    /// Errors: the index of a key whose hash is none.
    pub fn new(keys: &[KeyConfig]) -> Result<Self, usize> {
        let key = |(index, key): (usize, &KeyConfig)| match key.hash_bytes() {
            Some(hash) => Ok(Key { hash, expires: key.expires, granted: Granted::of_key(key) }),
            None => Err(index),
        };
        Ok(Self { keys: keys.iter().enumerate().map(key).collect::<Result<_, _>>()? })
    }

    /// Looks up a key by its text, on this day in UTC.
    pub fn find(&self, text: &str, today: Date) -> Found {
        let shown: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let mut position = u64::MAX;
        for (index, key) in (0u64..).zip(&self.keys) {
            let is_it: Choice = key.hash.ct_eq(&shown);
            position.conditional_assign(&index, is_it);
        }
        match usize::try_from(position).ok().and_then(|index| self.keys.get(index)) {
            None => Found::Nothing,
            Some(key) => match key.expires {
                Some(last) if today > last => Found::Expired(last),
                _ => Found::Granted(key.granted.clone()),
            },
        }
    }
}
