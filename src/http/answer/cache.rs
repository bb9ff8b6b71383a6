//! Finished answers, and who makes those that are missing.
//!
//! The key holds what the bytes depend on, the version of the data included, so nothing here is ever out of date: new
//! data has new keys, and old answers go when others need their room. Two callers with the same view share answers.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use foldhash::quality::RandomState;
use moka::future::Cache;

use super::body::{Body, Kept};
use super::budget::Budget;
use super::gather::{Encoded, Gathered, gather};
use super::spool::Spools;
use crate::encode::{Scratch, Workers};
use crate::error::{ApiError, Code};
use crate::http::compression::Agreed;

/// What an entry takes besides its bytes.
const ENTRY: usize = 512;
/// Nobody asks for the old versions of yesterday.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);
const LARGE_REMEMBERED: u64 = 10_000;

/// The sizes of `[cache]`, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct AnswerLimits {
    /// All answers in memory, and once more as much for answers under way that may yet turn out small enough.
    pub memory: u64,
    /// The largest answer in memory, in the coding in which it is sent.
    pub answer: u64,
    /// All answers on disk.
    pub spool: u64,
}

/// The finished answers of this process; one for all workers. A key is a digest: nobody chooses those that collide.
pub struct AnswerCache {
    kept: Cache<Key, Arc<Kept>, RandomState>,
    /// Answers known to be too large to keep: they are not gathered first.
    large: Cache<Key, ()>,
    spools: Spools,
    gathering: Arc<Budget>,
    largest: u64,
    workers: Workers,
}

/// What the bytes on the wire depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) content: u128,
    pub(super) agreed: Agreed,
}

/// Whether the length must be known before the first byte is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Nothing,
    Length,
}

pub(super) struct Found {
    pub(super) body: Body,
    /// It was finished, or being made for somebody else.
    pub(super) hit: bool,
}

/// Why an answer under way was not kept, for those who waited for it.
enum Unkept {
    /// For the limit, or for the room that is left.
    TooLarge,
    Failed {
        code: Code,
        detail: String,
    },
}

impl AnswerCache {
    /// `folder` is where spool files go; it is made if it is not there. They have no names in it.
    ///
    /// Errors: the folder cannot be made.
    pub fn new(limits: AnswerLimits, folder: PathBuf, workers: Workers) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let kept = Cache::builder()
            .name("answers")
            .max_capacity(limits.memory)
            .weigher(|_, kept: &Arc<Kept>| u32::try_from(kept.bytes.len() + ENTRY).unwrap_or(u32::MAX))
            .time_to_idle(FORGOTTEN_AFTER)
            .build_with_hasher(RandomState::default());
        let large = Cache::builder().max_capacity(LARGE_REMEMBERED).time_to_idle(FORGOTTEN_AFTER).build();
        Ok(Self {
            kept,
            large,
            spools: Spools::new(folder, limits.spool),
            gathering: Budget::new(limits.memory),
            largest: limits.answer.min(limits.memory),
            workers,
        })
    }

    /// Bytes of the answers in memory, as they are counted against `cache.memory`.
    pub fn bytes_in_memory(&self) -> u64 {
        self.kept.weighted_size()
    }

    pub(super) fn workers(&self) -> &Workers {
        &self.workers
    }

    /// Room for what a format keeps on disk while it is written; it counts as spooled.
    pub(super) fn scratch(&self) -> Scratch {
        self.spools.scratch()
    }

    /// The finished answer, or the one that `make` begins.
    ///
    /// Errors: those of `make` and of its bytes, up to the first ones of a body that is streamed and in any of a body
    /// that is not. They are never kept, but shared with those who waited.
    pub(super) async fn find_or_make<M, F>(&self, key: Key, need: Need, make: M) -> Result<Found, ApiError>
    where
        M: FnOnce() -> F,
        F: Future<Output = Result<Encoded, ApiError>>,
    {
        if let Some(kept) = self.kept.get(&key).await {
            return Ok(Found { body: Body::Kept(kept), hit: true });
        }
        if let Some(spooled) = self.spools.find(&key) {
            return Ok(Found { body: Body::Spooled(spooled), hit: true });
        }
        // Whoever finds the answer does not carry the room for making one.
        Box::pin(self.make(key, need, make)).await
    }

    async fn make<M, F>(&self, key: Key, need: Need, make: M) -> Result<Found, ApiError>
    where
        M: FnOnce() -> F,
        F: Future<Output = Result<Encoded, ApiError>>,
    {
        if self.large.contains_key(&key) {
            return self.make_large(key, need, make).await;
        }
        let mut make = Some(make);
        let mut rest = None;
        let mut failure: Option<ApiError> = None;
        let made = self.kept.entry(key).or_try_insert_with(async {
            let Some(make) = make.take() else { return Err(Unkept::TooLarge) };
            let gathered = async {
                let Encoded { coding, chunks } = make().await?;
                Ok((coding, gather(chunks, self.largest, &self.gathering).await?))
            };
            match gathered.await {
                Ok((coding, Gathered::Whole(bytes))) => Ok(Arc::new(Kept { coding, bytes })),
                Ok((coding, Gathered::TooLarge(chunks))) => {
                    rest = Some(Encoded { coding, chunks });
                    self.large.insert(key, ()).await;
                    Err(Unkept::TooLarge)
                }
                Ok((coding, Gathered::NoRoom(chunks))) => {
                    rest = Some(Encoded { coding, chunks });
                    Err(Unkept::TooLarge)
                }
                Err(error) => {
                    let error = failure.insert(error);
                    Err(Unkept::Failed { code: error.code(), detail: error.detail().to_owned() })
                }
            }
        });
        let unkept = match made.await {
            Ok(entry) => {
                let hit = !entry.is_fresh();
                if !hit {
                    // The cache counts what it holds when it finds the time; large entries cannot wait for that.
                    self.kept.run_pending_tasks().await;
                }
                return Ok(Found { body: Body::Kept(entry.into_value()), hit });
            }
            Err(unkept) => unkept,
        };
        if let Some(error) = failure {
            return Err(error);
        }
        if let Unkept::Failed { code, detail } = &*unkept {
            return Err(ApiError::new(*code, detail.clone()));
        }
        match (rest, make) {
            (Some(encoded), _) => self.make_large(key, need, || async { Ok(encoded) }).await,
            // Somebody else's turned out too large: theirs is on its way to them, this one makes its own.
            (None, Some(make)) => self.make_large(key, need, make).await,
            (None, None) => Err(ApiError::internal("an answer was begun and lost")),
        }
    }

    async fn make_large<M, F>(&self, key: Key, need: Need, make: M) -> Result<Found, ApiError>
    where
        M: FnOnce() -> F,
        F: Future<Output = Result<Encoded, ApiError>>,
    {
        if need == Need::Length {
            let mut made = false;
            let spooled = self.spools.find_or_write(key, || {
                made = true;
                make()
            });
            let spooled = spooled.await?;
            return Ok(Found { body: Body::Spooled(spooled), hit: !made });
        }
        let Encoded { coding, chunks } = make().await?;
        let body = match gather(chunks, 0, &self.gathering).await? {
            Gathered::TooLarge(chunks) | Gathered::NoRoom(chunks) => Body::Streaming(Encoded { coding, chunks }),
            Gathered::Whole(bytes) => Body::Kept(Arc::new(Kept { coding, bytes })),
        };
        Ok(Found { body, hit: false })
    }
}

#[cfg(test)]
mod tests;
