//! The small, fixed set of threads on which answers are written and compressed.
//!
//! Fixed, because every thread keeps some freed memory to itself; apart from the threads that serve connections,
//! because writing a big batch takes milliseconds in which nobody else would be served. Work never waits for a
//! reader, so a slow one holds no thread. It is a Tokio runtime of its own: queueing, waking, stopping are there.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

use super::EncodeError;
use crate::allocator;

/// Files that are written at once, each on a thread of its own; further ones wait. It bounds their memory.
const FILES_AT_ONCE: usize = 4;

/// Pieces of one answer under way for each thread, and for the reader. With one, compressed answers took a tenth longer:
/// the compressor waited for them.
const AHEAD: usize = 2;
/// Pieces of one answer when as many others as there are threads are under way.
const AHEAD_OF_MANY: usize = 3;

/// A handle to the threads; they end with its last clone.
#[derive(Clone)]
pub struct Workers(Arc<Threads>);

struct Threads {
    /// Always there until the drop.
    runtime: Option<Runtime>,
    count: usize,
    /// Answers under way.
    answers: AtomicUsize,
}

/// One answer under way, until it is dropped.
pub(super) struct Writing {
    threads: Arc<Threads>,
    /// How many of its pieces may be written, or wait for the reader, at once.
    pub pieces: usize,
    reading: allocator::Reading,
}

impl Writing {
    /// To be called for every piece.
    pub fn piece(&mut self) {
        self.reading.piece();
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.threads.answers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Workers {
    /// Errors: the system refuses the threads.
    pub fn start(count: usize) -> io::Result<Self> {
        let count = count.max(1);
        let runtime = Builder::new_multi_thread()
            .worker_threads(count)
            .max_blocking_threads(FILES_AT_ONCE)
            .thread_name("flattap-encode")
            .on_thread_park(allocator::settle)
            .build()?;
        Ok(Self(Arc::new(Threads { runtime: Some(runtime), count, answers: AtomicUsize::new(0) })))
    }

    /// As many threads as the machine has cores, at most eight.
    pub fn for_this_machine() -> io::Result<Self> {
        Self::start(available_parallelism().map_or(2, usize::from).min(8))
    }

    pub fn count(&self) -> usize {
        self.0.count
    }

    /// Begins an answer. The more are under way the fewer of its pieces are: it is their memory.
    pub(super) fn begin(&self) -> Writing {
        let others = self.0.answers.fetch_add(1, Ordering::Relaxed);
        let pieces = if others < self.count() { AHEAD * (self.count() + 1) } else { AHEAD_OF_MANY };
        Writing { threads: self.0.clone(), pieces, reading: allocator::Reading::default() }
    }

    /// Queues the work at once; work not yet begun when the future is dropped is not done at all.
    ///
    /// Errors: [`EncodeError::Thread`] when the work panicked.
    pub(super) fn run<T, F>(&self, work: F) -> impl Future<Output = Result<T, EncodeError>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.spawn(async { work() })
    }

    /// As [`run`](Self::run), for work that waits between its steps, each of which is milliseconds at most. Dropping
    /// the future ends it at its next step.
    pub(super) fn spawn<T, F>(&self, work: F) -> impl Future<Output = Result<T, EncodeError>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let queued = self.0.runtime.as_ref().map(|runtime| AbortOnDropHandle::new(runtime.spawn(work)));
        async move {
            match queued {
                Some(queued) => queued.await.map_err(|_| EncodeError::Thread),
                None => Err(EncodeError::Thread),
            }
        }
    }

    /// As [`run`](Self::run), for work that takes seconds and may wait: on one of a few other threads.
    pub(super) fn run_long<T, F>(&self, work: F) -> impl Future<Output = Result<T, EncodeError>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let queued = self.0.runtime.as_ref().map(|runtime| AbortOnDropHandle::new(runtime.spawn_blocking(work)));
        async move {
            match queued {
                Some(queued) => queued.await.map_err(|_| EncodeError::Thread),
                None => Err(EncodeError::Thread),
            }
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // The last clone may go inside async code, where waiting for threads is not allowed.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_more_answers_are_under_way_the_fewer_pieces_of_each() {
        let workers = Workers::start(2).unwrap();
        let mut answers: Vec<_> = (0..4).map(|_| workers.begin()).collect();
        assert_eq!(answers.iter().map(|answer| answer.pieces).collect::<Vec<_>>(), [6, 6, 3, 3]);
        answers.truncate(1);
        assert_eq!(workers.begin().pieces, 6);
    }

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_the_threads_live_on() {
        let workers = Workers::start(1).unwrap();
        assert!(matches!(workers.run(|| panic!("on purpose")).await, Err::<(), _>(EncodeError::Thread)));
        assert_eq!(workers.run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn dropped_work_that_waits_in_the_queue_is_never_done() {
        let workers = Workers::start(1).unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel::<()>();
        let first = workers.run(move || held.recv());
        drop(workers.run(move || tell.send(())));
        release.send(()).unwrap();
        assert!(first.await.unwrap().is_ok());
        assert!(workers.run(|| ()).await.is_ok());
        assert!(told.try_recv().is_err(), "the dropped work was done all the same");
    }
}
