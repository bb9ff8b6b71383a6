//! The key under which personal columns are hashed.
//!
//! It comes from `[pii] hash_key`, or is made once and kept beside a local store, readable by its owner only: hashes
//! must be the same after a restart, or joins over two refreshes break. On an object store it must be configured,
//! because replicas have to share it.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use rand::TryRngCore;
use secrecy::ExposeSecret;

use super::StartError;
use crate::auth::PiiHasher;
use crate::config::Config;
use crate::odata::Sealer;

const FILE: &str = "pii.key";

/// What is made of the key.
pub struct Keyed {
    pub hasher: PiiHasher,
    /// For the addresses of next pages, which whoever shares the store has to understand.
    pub sealer: Sealer,
}

/// Reads the key of this gateway, or makes it.
///
/// Errors: the key file cannot be read or written.
pub fn keyed(config: &Config) -> Result<Keyed, StartError> {
    let key = match &config.pii.hash_key {
        Some(key) => key.expose_secret().as_bytes().to_vec(),
        None => match config.store.url.to_file_path() {
            Ok(folder) if config.store.is_local() => kept_key(&folder)?,
            // The configuration has been checked: without a key, no caller's view hashes anything.
            _ => random_key()?.to_vec(),
        },
    };
    let too_short = || StartError::Io {
        what: "the key for hashing personal columns is too short",
        source: ErrorKind::InvalidData.into(),
    };
    let hasher = PiiHasher::new(&key).map_err(|_| too_short())?;
    Ok(Keyed { hasher, sealer: Sealer::new(&key).ok_or_else(too_short)? })
}

fn kept_key(folder: &Path) -> Result<Vec<u8>, StartError> {
    let path = folder.join(FILE);
    let io = |source| StartError::Io {
        what: "the key for hashing personal columns cannot be kept beside the store",
        source,
    };
    match fs::read(&path) {
        Ok(key) if key.len() >= 32 => return Ok(key),
        Ok(_) => return Err(io(std::io::Error::new(ErrorKind::InvalidData, "the key file is shorter than 32 bytes"))),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(io(error)),
    }
    let key = random_key()?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).map_err(io)?;
    file.write_all(&key).and_then(|()| file.sync_all()).map_err(io)?;
    Ok(key.to_vec())
}

fn random_key() -> Result<[u8; 32], StartError> {
    let mut key = [0; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut key).map_err(|error| StartError::Io {
        what: "the operating system gives no random bytes",
        source: std::io::Error::other(error),
    })?;
    Ok(key)
}
