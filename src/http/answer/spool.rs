//! Large answers on disk: written once, read as often and in such pieces as wanted, gone after some idle minutes.
//!
//! The files have no names: whatever becomes of this process, none is left behind. All of them share `cache.spool`
//! bytes; when these are used up, the answer that was idle longest makes room, if nobody is reading it.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt, stream};
use parking_lot::Mutex;
use tokio::io::AsyncWriteExt;
use tokio::sync::OnceCell;

use super::body::SLICE;
use super::budget::{Budget, Share};
use super::cache::Key;
use super::gather::Encoded;
use crate::encode::{Coding, Scratch};
use crate::error::{ApiError, Code};

/// A tool that looks up a size and then reads piece by piece takes seconds, a person's second try a minute or two.
const IDLE: Duration = Duration::from_secs(5 * 60);
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// What the connection takes at once.
const READ: u64 = 2 * SLICE as u64;

pub(super) struct Spools(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    budget: Arc<Budget>,
    index: Mutex<Index>,
}

#[derive(Default)]
struct Index {
    entries: HashMap<Key, Entry>,
    sweeping: bool,
}

#[derive(Clone)]
struct Entry {
    /// Empty while it is being written.
    file: Arc<OnceCell<Arc<Spooled>>>,
    used: Instant,
}

/// A finished answer on disk.
pub(super) struct Spooled {
    file: Arc<File>,
    coding: Coding,
    /// Its bytes of the budget are its length.
    share: Share,
}

impl Spools {
    pub(super) fn new(folder: PathBuf, limit: u64) -> Self {
        Self(Arc::new(Shared { folder, budget: Budget::new(limit), index: Mutex::default() }))
    }

    /// Room in the same folder, of the same bytes.
    pub(super) fn scratch(&self) -> Scratch {
        let (shared, mut share) = (self.0.clone(), self.0.budget.share());
        Scratch::new(&self.0.folder, move |bytes| shared.make_room(&mut share, bytes).map_err(io::Error::other))
    }

    /// A finished one.
    pub(super) fn find(&self, key: &Key) -> Option<Arc<Spooled>> {
        let mut index = self.0.index.lock();
        index.sweep(Instant::now());
        let entry = index.entries.get_mut(key)?;
        entry.used = Instant::now();
        entry.file.get().cloned()
    }

    /// The finished one, or the one that `make` writes. Who comes while it is being written waits for it.
    ///
    /// Errors: those of `make` and its bytes; 507 or 503 when there is no room. Nothing is kept then.
    pub(super) async fn find_or_write<M, F>(&self, key: Key, make: M) -> Result<Arc<Spooled>, ApiError>
    where
        M: FnOnce() -> F,
        F: Future<Output = Result<Encoded, ApiError>>,
    {
        let fresh = || Entry { file: Arc::default(), used: Instant::now() };
        let entry = self.0.index.lock().entries.entry(key).or_insert_with(fresh).clone();
        let written = entry.file.get_or_try_init(|| async { self.write(make().await?).await.map(Arc::new) }).await;
        let mut index = self.0.index.lock();
        match written {
            Ok(spooled) => {
                let spooled = spooled.clone();
                // It may have been swept or given up meanwhile.
                index.entries.insert(key, Entry { used: Instant::now(), ..entry });
                if !std::mem::replace(&mut index.sweeping, true) {
                    tokio::spawn(sweep(Arc::downgrade(&self.0)));
                }
                Ok(spooled)
            }
            Err(error) => {
                index.entries.retain(|_, other| !Arc::ptr_eq(&other.file, &entry.file));
                Err(error)
            }
        }
    }

    async fn write(&self, encoded: Encoded) -> Result<Spooled, ApiError> {
        let Encoded { coding, mut chunks } = encoded;
        let folder = self.0.folder.clone();
        let file = tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder)).await.map_err(io::Error::from);
        let mut file = tokio::fs::File::from_std(file.flatten().map_err(ApiError::of_disk)?);
        let mut share = self.0.budget.share();
        while let Some(chunk) = chunks.try_next().await? {
            self.0.make_room(&mut share, chunk.len() as u64)?;
            file.write_all(&chunk).await.map_err(ApiError::of_disk)?;
        }
        // The file answers for its last write only when flushed.
        file.flush().await.map_err(ApiError::of_disk)?;
        Ok(Spooled { file: Arc::new(file.into_std().await), coding, share })
    }
}

impl Shared {
    fn make_room(&self, share: &mut Share, bytes: u64) -> Result<(), ApiError> {
        while !share.grow(bytes) {
            if self.index.lock().drop_idlest() {
                continue;
            }
            let limit = self.budget.limit();
            if share.bytes() + bytes > limit {
                let detail = format!("The answer is larger than the {limit} bytes that `cache.spool` allows.");
                return Err(ApiError::new(Code::StoreFull, detail));
            }
            let detail = "Other large answers are being read, and together with them this one exceeds `cache.spool`.";
            return Err(ApiError::new(Code::StoreUnavailable, detail).retry_after(Duration::from_secs(30)));
        }
        Ok(())
    }
}

impl Index {
    /// Forgets what was not asked for during the idle time; who is reading it reads on.
    fn sweep(&mut self, now: Instant) {
        self.entries.retain(|_, entry| now.saturating_duration_since(entry.used) < IDLE || entry.is_busy());
    }

    /// False when every finished one is being read.
    fn drop_idlest(&mut self) -> bool {
        let idle = self.entries.iter().filter(|(_, entry)| entry.file.initialized() && !entry.is_busy());
        let idlest = idle.min_by_key(|(_, entry)| entry.used).map(|(key, _)| *key);
        idlest.is_some_and(|key| self.entries.remove(&key).is_some())
    }
}

impl Entry {
    /// Being written or read.
    fn is_busy(&self) -> bool {
        match self.file.get() {
            Some(spooled) => Arc::strong_count(spooled) > 1,
            None => Arc::strong_count(&self.file) > 1,
        }
    }
}

/// Sweeps until nothing is left.
async fn sweep(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let Some(shared) = shared.upgrade() else { return };
        let mut index = shared.index.lock();
        index.sweep(Instant::now());
        if index.entries.is_empty() {
            index.sweeping = false;
            return;
        }
    }
}

impl Spooled {
    pub(super) fn coding(&self) -> Coding {
        self.coding
    }

    pub(super) fn length(&self) -> u64 {
        self.share.bytes()
    }

    /// The bytes of a range within the length.
    pub(super) fn read(self: Arc<Self>, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> {
        stream::try_unfold((self, range), |(spooled, range)| async move {
            if range.is_empty() {
                return Ok(None);
            }
            let (file, at, length) = (spooled.file.clone(), range.start, (range.end - range.start).min(READ));
            let read = tokio::task::spawn_blocking(move || read_at(&file, at, length as usize)).await;
            let chunk = read.map_err(io::Error::from).flatten()?;
            if chunk.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let next = at + chunk.len() as u64..range.end;
            Ok(Some((chunk, (spooled, next))))
        })
    }
}

/// Some bytes from there on, at most `length`. It moves no position: others read the same file.
fn read_at(file: &File, at: u64, length: usize) -> io::Result<Bytes> {
    let mut buffer = vec![0; length];
    #[cfg(unix)]
    let read = std::os::unix::fs::FileExt::read_at(file, &mut buffer, at)?;
    #[cfg(windows)]
    let read = std::os::windows::fs::FileExt::seek_read(file, &mut buffer, at)?;
    buffer.truncate(read);
    Ok(buffer.into())
}

#[cfg(test)]
mod tests;
