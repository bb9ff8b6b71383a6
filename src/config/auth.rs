//! `[auth]` and `[[auth.keys]]`: who may call.

use std::collections::HashSet;
use std::path::Path;

use jiff::civil::Date;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::error::Problem;
use super::jwt::{self, JwtConfig};
use super::pii::PiiMode;

#[derive(Clone, Debug, Default)]
pub struct AuthConfig {
    pub keys: Vec<KeyConfig>,
    pub jwt: Option<JwtConfig>,
    /// Whether a request without any credential is answered: with everything, personal columns hashed.
    pub anonymous: bool,
    /// Whether `?api_key=` proves anything below `/odata`, where `server.key_in_query` lets it at all. Default false:
    /// it is not in the address of a next page. Who comes in by it gets all rows in one page.
    pub key_in_odata_query: bool,
}

/// A key and what it opens. Globs know `*`; everything else in them is literal.
#[derive(Clone, Debug)]
pub struct KeyConfig {
    /// Names the caller in logs.
    pub name: String,
    /// `sha256:` and the hex SHA-256 of the key's text.
    pub hash: String,
    /// Globs over account names. Default: none.
    pub accounts: Vec<String>,
    /// Globs over table names. Default: none.
    pub tables: Vec<String>,
    /// Globs over event names. Default: all.
    pub events: Vec<String>,
    pub pii: PiiMode,
    /// Whether it may have days loaded again.
    pub refresh: bool,
    /// The last day, in UTC, on which the key is good.
    pub expires: Option<Date>,
}

impl KeyConfig {
    /// A key that sees every table and event of every account, personal columns hashed.
    pub fn all_seeing(name: &str, key: &str) -> Self {
        let all = || vec!["*".to_owned()];
        Self {
            name: name.to_owned(),
            hash: hash_of_key(key),
            accounts: all(),
            tables: all(),
            events: all(),
            pii: PiiMode::Hash,
            refresh: false,
            expires: None,
        }
    }

    /// The 32 bytes of the hash, or `None` when it is not one.
    pub fn hash_bytes(&self) -> Option<[u8; 32]> {
        let hex = self.hash.strip_prefix("sha256:")?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(hex, &mut bytes).ok()?;
        Some(bytes)
    }

    fn check(&self, at: &str) -> Result<(), Problem> {
        check_name(&self.name).map_err(|text| Problem::at(format!("{at}.name"), text))?;
        if self.hash_bytes().is_none() {
            return Err(Problem::at(
                format!("{at}.hash"),
                "expected `sha256:` and 64 hex digits, as `flattap key new` prints them",
            ));
        }
        for (list, globs) in [("accounts", &self.accounts), ("tables", &self.tables), ("events", &self.events)] {
            if let Some(index) = globs.iter().position(String::is_empty) {
                return Err(Problem::at(
                    format!("{at}.{list}[{index}]"),
                    "expected a name or a glob, found an empty text",
                ));
            }
        }
        Ok(())
    }
}

/// How the configuration stores a key.
pub fn hash_of_key(key: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(key.as_bytes())))
}

/// The rule for a key's name; the text says what is expected.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | ' ');
    if name.trim().is_empty() || name.chars().count() > 64 || !name.chars().all(is_plain) {
        return Err("expected a name of up to 64 letters, digits, spaces, `-`, `_`, `.` or `@`");
    }
    if name == ANONYMOUS {
        return Err("`anonymous` is the name of callers without a key; choose another");
    }
    Ok(())
}

/// The name under which a caller without credentials appears.
pub const ANONYMOUS: &str = "anonymous";

impl AuthConfig {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let (mut names, mut hashes) = (HashSet::new(), HashSet::new());
        for (index, key) in self.keys.iter().enumerate() {
            let at = format!("auth.keys[{index}]");
            key.check(&at)?;
            if !names.insert(key.name.as_str()) {
                return Err(Problem::at(format!("{at}.name"), "is the name of an earlier key; each needs its own"));
            }
            if !hashes.insert(key.hash_bytes()) {
                return Err(Problem::at(format!("{at}.hash"), "is the hash of an earlier key; each needs its own"));
            }
        }
        if let Some(jwt) = &self.jwt {
            jwt.check()?;
        }
        Ok(())
    }

    /// Whether there is somebody who could call.
    pub(super) fn check_callers(&self) -> Result<(), Problem> {
        if self.keys.is_empty() && self.jwt.is_none() && !self.anonymous {
            return Err(Problem::at(
                "auth.keys",
                "nobody could call: there is no key and no [auth.jwt]; make a key with `flattap key new`, \
                 or write `anonymous = true` under [auth] to let everybody in",
            ));
        }
        Ok(())
    }

    /// Whether some caller gets hashed values: `drop` hashes `profile_id`, and a token says its mode only when it
    /// comes.
    pub(super) fn may_hash(&self) -> bool {
        self.anonymous || self.jwt.is_some() || self.keys.iter().any(|key| key.pii != PiiMode::Clear)
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    anonymous: bool,
    key_in_odata_query: bool,
    keys: Vec<WrittenKey>,
    jwt: Option<jwt::Written>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenKey {
    name: Option<String>,
    hash: Option<String>,
    accounts: Vec<String>,
    tables: Vec<String>,
    events: Option<Vec<String>>,
    pii: PiiMode,
    refresh: bool,
    expires: Option<Day>,
}

/// A date, as text or as TOML's own date.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Day(Date);

impl TryFrom<String> for Day {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse_day(&text).map(Self).ok_or("expected a date such as `2027-01-01`")
    }
}

/// `2027-01-01` and nothing else: jiff alone would also take date-times and drop their time.
pub fn parse_day(text: &str) -> Option<Date> {
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_plain.then(|| text.parse().ok()).flatten()
}

impl Written {
    pub fn resolve(self, folder: &Path) -> Result<AuthConfig, Problem> {
        let key = |(index, key): (usize, WrittenKey)| key.resolve(&format!("auth.keys[{index}]"));
        Ok(AuthConfig {
            keys: self.keys.into_iter().enumerate().map(key).collect::<Result<_, _>>()?,
            jwt: self.jwt.map(|jwt| jwt.resolve(folder)).transpose()?,
            anonymous: self.anonymous,
            key_in_odata_query: self.key_in_odata_query,
        })
    }
}

impl WrittenKey {
    fn resolve(self, at: &str) -> Result<KeyConfig, Problem> {
        let missing = |name: &str, text: &str| Problem::at(format!("{at}.{name}"), text);
        Ok(KeyConfig {
            name: self.name.ok_or_else(|| missing("name", "is missing: a name for this key"))?,
            hash: self.hash.ok_or_else(|| missing("hash", "is missing: `flattap key new` prints it"))?,
            accounts: self.accounts,
            tables: self.tables,
            events: self.events.unwrap_or_else(|| vec!["*".to_owned()]),
            pii: self.pii,
            refresh: self.refresh,
            expires: self.expires.map(|day| day.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_sha256_of_the_keys_text() {
        assert_eq!(hash_of_key("abc"), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_day_is_a_plain_date() {
        assert_eq!(parse_day("2027-01-01"), Some(jiff::civil::date(2027, 1, 1)));
        for wrong in ["2027-1-1", "01.01.2027", "2027-02-30", "2027-01-01T00:00:00", "20270101", "", "tomorrow"] {
            assert_eq!(parse_day(wrong), None, "{wrong}");
        }
    }
}
