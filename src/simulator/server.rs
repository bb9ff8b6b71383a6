//! The HTTP server, on a thread of its own, so that a simulator can be started from anywhere.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{App, HttpServer};

use super::connection::keep_line;
use super::door;
use super::world::World;

/// The largest request body that is read.
const MOST_BODY: usize = 1024 * 1024;

/// A server that is running. It stops when dropped.
pub struct Running {
    pub address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    world: Arc<World>,
}

impl Running {
    /// Binds and serves. When this returns, requests are answered.
    ///
    /// Errors: the address cannot be listened on, or no thread can be started.
    pub fn start(world: Arc<World>) -> io::Result<Self> {
        let listener = TcpListener::bind(world.config.listen)?;
        let address = listener.local_addr()?;
        let (started, wait) = mpsc::channel();
        let stopping = Arc::clone(&world);
        let thread = thread::Builder::new().name("simulator".to_owned()).spawn(move || {
            let workers = world.config.workers.max(1);
            let world = Data::from(world);
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(Data::clone(&world))
                        .app_data(PayloadConfig::new(MOST_BODY))
                        .default_service(web::to(door::serve))
                })
                .on_connect(keep_line)
                .workers(workers)
                .disable_signals()
                .shutdown_timeout(1)
                .tcp_nodelay(true)
                // A client that has gone is noticed at once: what it waited for is given up.
                .h1_allow_half_closed(false)
                // Long, so that a client's pool never meets a connection that is just being closed.
                .keep_alive(Duration::from_secs(300))
                .client_request_timeout(Duration::from_secs(60));
                match server.listen(listener) {
                    Ok(server) => {
                        let server = server.run();
                        // Fails only when nobody waits any more; the server then ends with its handle.
                        let _ = started.send(Ok(server.handle()));
                        let _ = server.await;
                    }
                    Err(error) => {
                        let _ = started.send(Err(error));
                    }
                }
            });
        })?;
        let handle = wait.recv().map_err(|_| io::Error::other("the simulator's thread ended early"))??;
        Ok(Self { address, handle, thread: Some(thread), world: stopping })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.world.stopped.store(true, Ordering::SeqCst);
        // The order to stop is given by the call; the future only tells when it has been followed.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            // Its panic, if any, was reported on its own.
            let _ = thread.join();
        }
    }
}
