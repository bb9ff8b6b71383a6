//! Starts: allocator, TLS provider, logs, command line. Decides nothing.

use std::process::ExitCode;

use clap::Parser;
use flattap::cli::{self, Cli};
use flattap::{allocator, telemetry};
use mimalloc::MiMalloc;

/// Gives memory back and stays fast with the many small pieces that JSON makes.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    allocator::give_memory_back_soon();
    // The tree holds two TLS providers; rustls wants to be told which. An error only says that it was told before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = Cli::parse();
    telemetry::init(cli.reader_of_the_log());
    cli::run(cli)
}
