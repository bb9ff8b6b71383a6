//! How memory goes back to the system: for the binary and for the benchmarks that measure its memory and speed.
//!
//! Within milliseconds in general. While a load is under way ([`Load`]) only when there is much of it, since a load
//! takes again at once what it frees. Every thread has memory of its own, which no other can give back for it: after a
//! load or a long answer, and four times a second while the process is large, each does so when it finds the time. Sets
//! numbers of mimalloc's; who links another allocator is not affected by those.

use std::cell::Cell;
use std::ffi::c_long;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use libmimalloc_sys::{mi_collect, mi_option_set, mi_option_t};
use parking_lot::Mutex;

/// Options by their positions in mimalloc 3's `mi_option_t` (the Rust bindings do not name them), the environment variable
/// that stands for each, and the value that a gateway wants.
const OPTIONS: [(mi_option_t, &str, c_long); 3] = [
    // Arenas take pages when they need them, so that what they reserve is not counted as held.
    (4, "MIMALLOC_ARENA_EAGER_COMMIT", 0),
    // Freed pages go back after so many milliseconds; while something is loaded later, see [`Load`].
    (PURGE_DELAY, "MIMALLOC_PURGE_DELAY", SOON),
    // Every thread looks through its own pages for wholly free ones once in so many slow allocations, ten times as often
    // as by default: what one thread takes another frees here, and who took it does not notice.
    (34, "MIMALLOC_GENERIC_COLLECT", 1_000),
];

const PURGE_DELAY: mi_option_t = 15;
const SOON: c_long = 15;
/// While a load is under way: what one page frees, the next one takes.
const LATE: c_long = 1_000;
/// Resident bytes above which a load gives back what it freed all the same, at most once in [`SOON`]. The end of a large
/// day needs 50 MB more for a moment.
const MOST_KEPT: usize = 176 << 20;
/// How often a thread looks for itself while nothing is loaded: what it keeps grows over minutes, as others free what it
/// took. It costs a millisecond.
const SELDOM: Duration = Duration::from_millis(250);
/// Resident bytes above which it does.
const MOST_KEPT_READING: usize = 128 << 20;
/// Pieces of work after which the end of a load gives back as well. Small loads come by the hundred, and to look through
/// all memory after each would slow down those who read.
const PIECES: usize = 16;
/// Pieces of an answer, of some 128 KiB each, after which its end gives back as well: it took a tenth of a second.
const LONG: usize = 256;

/// Whether the delay is ours to set.
static OURS: AtomicBool = AtomicBool::new(false);
/// Parts of loads under way. Whoever changes it sets the delay before letting go of it.
static LOADS: Mutex<usize> = Mutex::new(0);
/// Whether there is any.
static LOADING: AtomicBool = AtomicBool::new(false);
/// Pieces of work since a load last ended with much of it.
static DONE: AtomicUsize = AtomicUsize::new(0);
static LAST_LOOK: Mutex<Option<Instant>> = Mutex::new(None);
/// How often much work has ended.
static ENDED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// [`ENDED`] when this thread last gave back what it had.
    static SEEN: Cell<usize> = const { Cell::new(0) };
    /// When it last looked whether the process is large.
    static LOOKED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A part of a load under way. While there is one, freed memory is kept for what comes next, as long as the process is
/// small: each page of CleverTap's takes again what the one before gave back, and page faults are a fifth of a load's
/// time otherwise.
#[derive(Debug)]
pub struct Load(());

impl Load {
    pub fn begin() -> Self {
        let mut loads = LOADS.lock();
        *loads += 1;
        if OURS.load(Ordering::Relaxed) {
            set(PURGE_DELAY, LATE);
            LOADING.store(true, Ordering::Relaxed);
        }
        Self(())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let mut loads = LOADS.lock();
        *loads -= 1;
        if *loads == 0 && LOADING.swap(false, Ordering::Relaxed) {
            set(PURGE_DELAY, SOON);
            drop(loads);
            if DONE.load(Ordering::Relaxed) >= PIECES {
                DONE.store(0, Ordering::Relaxed);
                ENDED.fetch_add(1, Ordering::Relaxed);
                settle();
            }
        }
    }
}

/// An answer under way. When a long one ends, what it took goes back.
#[derive(Debug, Default)]
pub struct Reading {
    pieces: usize,
}

impl Reading {
    pub fn piece(&mut self) {
        self.pieces += 1;
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if self.pieces >= LONG {
            ENDED.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// To be called for every page, batch or large chunk, by readers as well: while something is loaded it looks, at most
/// once in [`SOON`], whether too much is kept. Takes microseconds, and then a millisecond or so.
pub fn pace() {
    if !LOADING.load(Ordering::Relaxed) {
        return settle();
    }
    DONE.fetch_add(1, Ordering::Relaxed);
    // Who finds it taken would do what is being done.
    let Some(mut last) = LAST_LOOK.try_lock() else { return };
    if last.is_none_or(|last| last.elapsed().as_millis() >= SOON as u128) {
        if resident().is_some_and(|bytes| bytes > MOST_KEPT) {
            give_back();
        }
        *last = Some(Instant::now());
    }
}

/// To be called by threads that are about to sleep: gives back what this one keeps, if nothing is being loaded and either
/// much work has ended since it last did or the process is large.
pub fn settle() {
    if LOADING.load(Ordering::Relaxed) {
        return;
    }
    let ended = ENDED.load(Ordering::Relaxed);
    if SEEN.replace(ended) != ended || (time_to_look() && resident().is_some_and(|bytes| bytes > MOST_KEPT_READING)) {
        give_back();
    }
}

fn time_to_look() -> bool {
    let now = Instant::now();
    let is_time = LOOKED.get().is_none_or(|last| now.duration_since(last) >= SELDOM);
    if is_time {
        LOOKED.set(Some(now));
    }
    is_time
}

fn set(option: mi_option_t, value: c_long) {
    // SAFETY: writes an aligned number and a flag in a table of the allocator, which other threads may be reading; at
    // worst one of them sees the new number a moment later.
    unsafe { mi_option_set(option, value) };
}

/// Returns to the system what the calling thread has freed, and whatever else lies ready in the arenas.
fn give_back() {
    // SAFETY: may be called by any thread at any time; it touches free memory only.
    unsafe { mi_collect(true) };
}

/// Resident bytes of this process, where the system tells: Linux.
pub fn resident() -> Option<usize> {
    #[cfg(target_os = "linux")]
    {
        let pages = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse::<usize>().ok()?;
        Some(pages * rustix::param::page_size())
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// Lets the allocator return freed pages to the system soon after they become free, not when it next finds the time:
/// a load frees what it took on threads that then sleep, and nobody else would return it. Environment variables of
/// mimalloc's win. To be called first in `main`.
pub fn give_memory_back_soon() {
    for (option, variable, value) in OPTIONS {
        if std::env::var_os(variable).is_none() {
            set(option, value);
            if option == PURGE_DELAY {
                // Nothing is kept where nobody can say how much there is.
                OURS.store(resident().is_some(), Ordering::Relaxed);
            }
        }
    }
    // One byte still in use keeps a huge page: 100 MB of them after a load of 3 million events. Where the system does
    // not let us, it only costs that.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

#[cfg(test)]
mod tests {
    use libmimalloc_sys::mi_option_get;

    use super::*;

    #[test]
    fn the_options_stand_where_we_say_and_take_our_values() {
        // SAFETY: reads numbers in a table of the allocator.
        let now = || OPTIONS.map(|(option, ..)| unsafe { mi_option_get(option) });
        // Their defaults in mimalloc's `options.c`: another order would show here. (Nobody is to set them in the environment.)
        assert_eq!(now(), [2, 1_000, 10_000]);
        give_memory_back_soon();
        let [commit, delay, collect] = now();
        assert_eq!([commit, collect], [0, 1_000]);
        // Tests that load something may be running beside this one.
        assert!([SOON, LATE].contains(&delay), "{delay}");
        if cfg!(target_os = "linux") {
            let load = Load::begin();
            assert_eq!(now()[1], LATE, "what a load frees is kept for it");
            pace();
            drop(load);
            assert!(resident().is_some_and(|bytes| (1 << 20..1 << 40).contains(&bytes)));
        }
    }
}
