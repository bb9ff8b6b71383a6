//! Secrets, written in the configuration or in a file of their own.
//!
//! Secret files may be readable by others: Docker and Kubernetes mount them so by default, inside a container that
//! nobody else is in.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::error::Problem;

/// A secret is a line of text; a file larger than this is not one.
const LARGEST: u64 = 64 * 1024;

/// The secret at `key`, or the content of the file at `key_file` without the line break at its end.
///
/// Errors: both are written; the file cannot be read, is not text or is empty.
pub(super) fn secret(
    key: &str,
    text: Option<SecretString>,
    file: Option<PathBuf>,
    folder: &Path,
) -> Result<Option<SecretString>, Problem> {
    let file_key = format!("{key}_file");
    match (text, file) {
        (Some(_), Some(_)) => Err(Problem::at(file_key, format!("is written beside `{key}`; keep one of the two"))),
        (Some(text), None) => Ok(Some(text)),
        (None, Some(file)) => read_text(&file_key, &folder.join(file)).map(Some),
        (None, None) => Ok(None),
    }
}

pub(super) fn read_text(key: &str, path: &Path) -> Result<SecretString, Problem> {
    let unreadable = |reason: std::io::Error| Problem::at(key, format!("{} cannot be read: {reason}", path.display()));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > LARGEST {
        return Err(Problem::at(key, format!("{} is too large to be a secret or a key", path.display())));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(Problem::at(key, format!("{} is empty", path.display())));
    }
    Ok(SecretString::from(text))
}
