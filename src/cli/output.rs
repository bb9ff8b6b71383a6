//! Data on stdout.

use std::io::{ErrorKind, Write, stdout};

/// Writes data to stdout. A reader who has seen enough (`| head`) is no failure.
pub(super) fn print(text: &str) -> std::io::Result<()> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
