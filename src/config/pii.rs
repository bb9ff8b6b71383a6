//! `[pii]`: personal data.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::error::Problem;
use super::secret::secret;

/// What a caller sees of personal columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum PiiMode {
    /// As CleverTap has it.
    Clear,
    /// A keyed hash: tables still join, nobody is named.
    #[default]
    Hash,
    /// The columns are absent.
    Drop,
}

impl PiiMode {
    pub fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Hash => "hash",
            Self::Drop => "drop",
        }
    }
}

impl FromStr for PiiMode {
    type Err = UnknownPiiMode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Clear, Self::Hash, Self::Drop].into_iter().find(|mode| mode.name() == text).ok_or(UnknownPiiMode)
    }
}

impl TryFrom<String> for PiiMode {
    type Error = UnknownPiiMode;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("expected `hash`, `drop` or `clear`")]
pub struct UnknownPiiMode;

/// Shortest key of the hash, and shortest secret of a token, in bytes.
pub(super) const SHORTEST_KEY: usize = 32;

#[derive(Clone, Debug, Default)]
pub struct PiiConfig {
    /// Columns that are personal besides the known ones, by name: `prop_customer_email`.
    pub columns: Vec<String>,
    /// Key of the hash, at least 32 bytes. Without it a local store keeps one of its own.
    pub hash_key: Option<SecretString>,
}

impl PiiConfig {
    pub(super) fn check(&self) -> Result<(), Problem> {
        if let Some(key) = &self.hash_key
            && key.expose_secret().len() < SHORTEST_KEY
        {
            return Err(Problem::at(
                "pii.hash_key",
                "is too short: at least 32 bytes, e.g. from `openssl rand -hex 32`",
            ));
        }
        for (index, column) in self.columns.iter().enumerate() {
            if column.trim().is_empty() {
                return Err(Problem::at(
                    format!("pii.columns[{index}]"),
                    "expected a column name, found an empty text",
                ));
            }
        }
        Ok(())
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    columns: Vec<String>,
    hash_key: Option<SecretString>,
    hash_key_file: Option<PathBuf>,
}

impl Written {
    pub fn resolve(self, folder: &Path) -> Result<PiiConfig, Problem> {
        Ok(PiiConfig {
            columns: self.columns,
            hash_key: secret("pii.hash_key", self.hash_key, self.hash_key_file, folder)?,
        })
    }
}
