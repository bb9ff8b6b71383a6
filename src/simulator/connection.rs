//! The TCP connection under a request: a second grip on it, for resetting it.

use std::any::Any;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use parking_lot::Mutex;

/// A second handle of a connection. The connection ends only when this is dropped too.
pub struct Line {
    #[cfg(unix)]
    stream: std::net::TcpStream,
}

/// The handle waits with its connection until a fault takes it.
struct Spare(Mutex<Option<Line>>);

/// To be called for every new connection.
pub fn keep_line(connection: &dyn Any, extensions: &mut Extensions) {
    let line = connection.downcast_ref::<TcpStream>().and_then(Line::of);
    extensions.insert(Spare(Mutex::new(line)));
}

/// Takes the handle of the connection this request came on.
pub fn take_line(request: &HttpRequest) -> Option<Line> {
    request.conn_data::<Spare>().and_then(|spare| spare.0.lock().take())
}

#[cfg(unix)]
impl Line {
    fn of(stream: &TcpStream) -> Option<Self> {
        use std::os::fd::AsFd;
        let descriptor = stream.as_fd().try_clone_to_owned().ok()?;
        Some(Self { stream: std::net::TcpStream::from(descriptor) })
    }

    /// From now on the end of this connection is a reset.
    pub fn end_with_reset(self) -> Self {
        if let Ok(stream) = self.stream.try_clone().and_then(TcpStream::from_std) {
            // Where it fails the connection is closed the usual way, which is a fault all the same.
            let _ = stream.set_zero_linger();
        }
        self
    }
}

#[cfg(not(unix))]
impl Line {
    fn of(_: &TcpStream) -> Option<Self> {
        None
    }

    /// Elsewhere a reset is a close.
    pub fn end_with_reset(self) -> Self {
        self
    }
}
