//! The folder for rows that do not fit into memory.
//!
//! Each opened store has a folder of its own, locked while it lives and removed when it is dropped. What a killed
//! process left behind is recognised by its free lock and removed at the next start; so several processes may share
//! one place.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::store::disk::create_folders;

const PREFIX: &str = "flattap-spill-";
const LOCK: &str = "lock";

/// Inside a local store; never taken for an account.
pub(super) const FOLDER: &str = ".spill";

/// A private folder that goes away with this value.
#[derive(Debug)]
pub(super) struct SpillFolder {
    folder: TempDir,
    // Held, not read: the lock says that the folder is in use.
    _lock: File,
}

impl SpillFolder {
    /// Makes a folder (mode 0700) below `base`, and removes those whose process is gone.
    pub fn create(base: &Path) -> io::Result<Self> {
        create_folders(base)?;
        for left in left_behind(base)? {
            // Somebody else's, or taken this very moment: not ours to complain about.
            if let Err(error) = std::fs::remove_dir_all(&left) {
                tracing::debug!(%error, "a left-over spill folder stays");
            }
        }
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(base)?;
        let lock = File::create_new(folder.path().join(LOCK))?;
        lock.lock()?;
        Ok(Self { folder, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Spill folders that nobody holds. A folder without a lock file is one being made, or an empty rest; it stays.
fn left_behind(base: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(base)? {
        let entry = entry?;
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        // `file_type` does not follow links: a link with our prefix is not a folder of ours.
        if !ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let Ok(lock) = File::options().write(true).open(entry.path().join(LOCK)) else { continue };
        match lock.try_lock() {
            Ok(()) => found.push(entry.path()),
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_left_over_folder_is_removed_and_one_in_use_is_not() {
        let base = tempfile::tempdir().unwrap();
        let in_use = SpillFolder::create(base.path()).unwrap();
        let dead = base.path().join("flattap-spill-dead");
        std::fs::create_dir(&dead).unwrap();
        std::fs::write(dead.join(LOCK), "").unwrap();
        std::fs::write(dead.join("rows"), "left behind").unwrap();
        std::fs::create_dir(base.path().join("something-else")).unwrap();

        let second = SpillFolder::create(base.path()).unwrap();
        assert!(in_use.path().is_dir() && second.path().is_dir());
        assert!(!dead.exists());
        assert!(base.path().join("something-else").is_dir());

        let gone = second.path().to_owned();
        drop(second);
        assert!(!gone.exists());
    }
}
