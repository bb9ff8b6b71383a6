//! The threads on which queries in SQL are understood and run.
//!
//! Apart from those of the store, because a query can keep a thread busy for as long as one may work, and loads and
//! reads of tables must not wait for it. With deep stacks, because the engine walks a query's tree by recursion; the
//! tree's depth is bounded where the text is read.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::allocator;

/// Reserved and not used: only what a query's depth needs is ever touched.
const STACK: usize = 32 * 1024 * 1024;

/// A handle to the threads; they end with its last clone.
#[derive(Clone)]
pub struct QueryThreads(Arc<Threads>);

struct Threads {
    handle: Handle,
    /// Always there until the drop.
    runtime: Option<Runtime>,
}

impl QueryThreads {
    /// Errors: the system refuses the threads.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(available_parallelism().map_or(2, usize::from).clamp(2, 8))
            .thread_name("flattap-query")
            .on_thread_park(allocator::settle)
            .thread_stack_size(STACK)
            .enable_all()
            .build()?;
        Ok(Self(Arc::new(Threads { handle: runtime.handle().clone(), runtime: Some(runtime) })))
    }

    /// Runs a future there. It ends at its next pause when the handle is dropped.
    pub fn spawn<F>(&self, work: F) -> AbortOnDropHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        AbortOnDropHandle::new(self.0.handle.spawn(work.in_current_span()))
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
