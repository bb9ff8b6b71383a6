//! Why a configuration was refused.
//!
//! Every text names the place (file or variable), the key and what was expected. None of them quotes a value: a
//! value may be a secret, or a secret may have been written where something else belongs.

use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "there is no configuration: this folder has no `flattap.toml` and no FLATTAP__ variable is set; \
         name a file with --config, or try `flattap demo`"
    )]
    Nothing,
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: io::Error },
    #[error(
        "{} holds a secret (`{key}`) and everyone on this machine may read it (mode {mode:03o}); \
         run `chmod 600` on it, or move the secret into a variable or a file of its own",
        path.display()
    )]
    ReadableByEveryone { path: PathBuf, key: String, mode: u32 },
    #[error("{place}, line {line}, column {column}: {reason}")]
    Syntax { place: String, line: usize, column: usize, reason: String },
    #[error("{place}: unknown key `{key}`{}", suggestion(.nearest.as_deref()))]
    UnknownKey { place: String, key: String, nearest: Option<String> },
    #[error("{place}: `{key}`: {problem}")]
    Wrong { place: String, key: String, problem: String },
}

impl ConfigError {
    /// A problem of a configuration that is not, or no longer, a file.
    pub(super) fn anywhere(problem: Problem) -> Self {
        Self::Wrong { place: "the configuration".to_owned(), key: problem.key, problem: problem.text }
    }
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default()
}

/// A value that cannot be used, before it is known where it was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub key: String,
    pub text: String,
}

impl Problem {
    pub fn at(key: impl Into<String>, text: impl Into<String>) -> Self {
        Self { key: key.into(), text: text.into() }
    }
}
