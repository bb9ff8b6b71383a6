//! Logs to stderr: lines for people on a terminal, JSON objects otherwise.
//!
//! What is logged is set by `FLATTAP_LOG`, else `RUST_LOG`, in the usual form (`debug`, `info,flattap::clevertap=debug`).

use std::fs::File;
use std::io::{self, IsTerminal};

use tracing_subscriber::filter::{Directive, EnvFilter};
use tracing_subscriber::fmt::writer::EitherWriter;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::prelude::*;

use super::lines::{Lines, Members};

/// Without a variable: our own steps, of the libraries only what is wrong.
///
/// Lost races for a commit and tables that do not exist yet are errors to Delta and everyday life to us; we log those
/// that matter.
const DEFAULT: &str = "warn,flattap=info,deltalake=error,deltalake_core=error,buoyant_kernel=off";

/// The same where a command tells by itself which days could not be loaded, and why.
const TOLD_OTHERWISE: &str =
    "warn,flattap=info,flattap::freshness=error,deltalake=error,deltalake_core=error,buoyant_kernel=off";

/// Who reads the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Whoever runs a server: the log is all they see.
    Operator,
    /// Whoever typed a command that tells what becomes of it.
    Caller,
}

/// These never go below info, whatever a variable says: they print headers, and headers hold passcodes and keys.
const HELD_BACK: [&str; 6] =
    ["actix_http=info", "h2=info", "hyper=info", "hyper_util=info", "reqwest=info", "rustls=info"];

/// Starts logging. A second call, or one after somebody else's, changes nothing: tests start many servers.
pub fn init(reader: Reader) {
    let wish = ["FLATTAP_LOG", "RUST_LOG"].into_iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default();
    let (filter, misread) = filter(&wish, reader);
    let to_terminal = io::stderr().is_terminal();
    let people = to_terminal.then(|| fmt::layer().compact().with_writer(io::stderr));
    let machines =
        (!to_terminal).then(|| fmt::layer().fmt_fields(Members).event_format(Lines).with_writer(Unlocked::stderr()));
    let started = tracing_subscriber::registry().with(filter).with(people).with(machines).try_init().is_ok();
    if started && misread {
        tracing::warn!("FLATTAP_LOG or RUST_LOG could not be read; logging at the usual level");
    }
}

/// Where lines go: each in one piece, and no thread waits for another to have written its own. The standard handle has
/// a lock.
struct Unlocked(Option<File>);

impl Unlocked {
    fn stderr() -> Self {
        #[cfg(unix)]
        let own = std::os::fd::AsFd::as_fd(&io::stderr()).try_clone_to_owned();
        #[cfg(windows)]
        let own = std::os::windows::io::AsHandle::as_handle(&io::stderr()).try_clone_to_owned();
        Self(own.ok().map(File::from))
    }
}

impl<'writer> MakeWriter<'writer> for Unlocked {
    type Writer = EitherWriter<&'writer File, io::Stderr>;

    fn make_writer(&'writer self) -> Self::Writer {
        match &self.0 {
            Some(file) => EitherWriter::A(file),
            None => EitherWriter::B(io::stderr()),
        }
    }
}

/// The filter, and whether the wish could not be read.
fn filter(wish: &str, reader: Reader) -> (EnvFilter, bool) {
    let usual = match reader {
        Reader::Operator => DEFAULT,
        Reader::Caller => TOLD_OTHERWISE,
    };
    let wished = (!wish.trim().is_empty()).then(|| EnvFilter::try_new(wish));
    let misread = matches!(wished, Some(Err(_)));
    let filter = wished.and_then(Result::ok).unwrap_or_else(|| EnvFilter::new(usual));
    let held_back = HELD_BACK.iter().filter_map(|directive| directive.parse::<Directive>().ok());
    (held_back.fold(filter, EnvFilter::add_directive), misread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_that_cannot_be_read_falls_back_to_the_usual() {
        assert!(filter("flattap=loud,,=", Reader::Operator).1);
        assert!(!filter("flattap=debug", Reader::Operator).1);
        assert!(!filter("", Reader::Operator).1);
        assert!(filter("", Reader::Operator).0.to_string().contains("flattap=info"));
        assert!(!filter("", Reader::Operator).0.to_string().contains("freshness"));
        assert!(filter("", Reader::Caller).0.to_string().contains("flattap::freshness=error"));
        assert!(!filter("flattap=debug", Reader::Caller).0.to_string().contains("freshness"));
    }

    #[test]
    fn libraries_that_print_headers_stay_quiet() {
        let shown = filter("trace,h2=trace,hyper=debug", Reader::Caller).0.to_string();
        for held in HELD_BACK {
            assert!(shown.split(',').any(|directive| directive == held), "{shown}");
        }
        assert!(!shown.contains("h2=trace"), "{shown}");
    }

    #[test]
    fn starting_twice_is_harmless() {
        init(Reader::Operator);
        init(Reader::Operator);
    }
}
