//! How memory goes back to the system: for the binary and for the benchmarks that measure its memory and speed.
//!
//! Sets numbers of mimalloc's; who links another allocator is not affected by those.

use libmimalloc_sys::{mi_option_set, mi_option_t};

/// Options by their positions in mimalloc 3's `mi_option_t` (the Rust bindings do not name them), the environment variable
/// that stands for each, and the value that a gateway wants.
const OPTIONS: [(mi_option_t, &str, std::ffi::c_long); 3] = [
    // Arenas take pages when they need them, so that what they reserve is not counted as held.
    (4, "MIMALLOC_ARENA_EAGER_COMMIT", 0),
    // Freed pages go back after so many milliseconds. At once costs a load a sixth of its time in page faults,
    // because each page of CleverTap's takes again what the one before gave back; 100 ms save a twelfth of it, and cost
    // 25 MB at a load's peak and 45 MB with six readers.
    (15, "MIMALLOC_PURGE_DELAY", 15),
    // Every thread looks through its own pages for wholly free ones once in so many slow allocations, ten times as often
    // as by default: what one thread takes another frees here, and who took it does not notice.
    (34, "MIMALLOC_GENERIC_COLLECT", 1_000),
];

/// Lets the allocator return freed pages to the system soon after they become free, not when it next finds the time:
/// a load frees what it took on threads that then sleep, and nobody else would return it. Environment variables of
/// mimalloc's win. To be called first in `main`.
pub fn give_memory_back_soon() {
    for (option, variable, value) in OPTIONS {
        if std::env::var_os(variable).is_none() {
            // SAFETY: sets a number in a table of the allocator; at worst another thread sees it a moment later.
            unsafe { mi_option_set(option, value) };
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
        assert_eq!(now(), OPTIONS.map(|(.., value)| value));
    }
}
