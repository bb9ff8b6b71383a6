//! Starts: allocator, TLS provider, logs, command line. Decides nothing.

use std::process::ExitCode;

use clap::Parser;
use flattap::cli::{self, Cli};
use flattap::telemetry;
use mimalloc::MiMalloc;

/// Gives memory back and stays fast with the many small pieces that JSON makes.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    give_memory_back_at_once();
    // The tree holds two TLS providers; rustls wants to be told which. An error only says that it was told before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = Cli::parse();
    telemetry::init();
    cli::run(cli)
}

/// Lets the allocator return freed pages to the system when they become free, not when it next finds the time: a
/// load frees what it took on threads that then sleep, and nobody else would return it. The same can be had, or
/// undone, with `MIMALLOC_PURGE_DELAY` and `MIMALLOC_ARENA_EAGER_COMMIT`, which win.
fn give_memory_back_at_once() {
    // Positions in `mi_option_t`, the same in mimalloc 2 and 3; the Rust bindings do not name them.
    const ARENA_EAGER_COMMIT: libmimalloc_sys::mi_option_t = 4;
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    for (option, variable) in
        [(ARENA_EAGER_COMMIT, "MIMALLOC_ARENA_EAGER_COMMIT"), (PURGE_DELAY, "MIMALLOC_PURGE_DELAY")]
    {
        if std::env::var_os(variable).is_none() {
            // SAFETY: sets a number in a table of the allocator, before there are other threads.
            unsafe { libmimalloc_sys::mi_option_set(option, 0) };
        }
    }
}
