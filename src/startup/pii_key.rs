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

/// The key file appears whole or not at all: half a key would stop every later start. Of several processes that start at
/// once the first one's key is everybody's.
fn kept_key(folder: &Path) -> Result<Vec<u8>, StartError> {
    let path = folder.join(FILE);
    let io = |source| StartError::Io {
        what: "the key for hashing personal columns cannot be kept beside the store",
        source,
    };
    if let Some(key) = read_key(&path).map_err(io)? {
        return Ok(key);
    }
    // Readable by its owner only, as temporary files are.
    let mut file = tempfile::Builder::new().prefix(".pii-").tempfile_in(folder).map_err(io)?;
    file.write_all(&random_key()?).and_then(|()| file.as_file().sync_all()).map_err(io)?;
    match file.persist_noclobber(&path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io(error.error)),
    }
    read_key(&path).map_err(io)?.ok_or_else(|| io(ErrorKind::NotFound.into()))
}

/// `None`: there is none yet.
fn read_key(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(key) if key.len() >= 32 => Ok(Some(key)),
        Ok(_) => Err(std::io::Error::new(ErrorKind::InvalidData, "the key file is shorter than 32 bytes")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn random_key() -> Result<[u8; 32], StartError> {
    let mut key = [0; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut key).map_err(|error| StartError::Io {
        what: "the operating system gives no random bytes",
        source: std::io::Error::other(error),
    })?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_who_starts_at_once_gets_the_same_key_and_nobody_half_of_it() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let keys: Vec<Vec<u8>> = std::thread::scope(|scope| {
                let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| kept_key(folder.path()).unwrap())).collect();
                starts.into_iter().map(|start| start.join().unwrap()).collect()
            });
            assert!(keys.iter().all(|key| key.len() == 32 && *key == keys[0]));
            let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
            assert_eq!(left, [FILE]);
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
            }
        }
    }
}
