//! A reader who takes a little of an answer and then waits.

use flattap::config::TEST_KEY;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Its connection, and what it has read: the first kilobyte, head included. Little more lies in buffers between.
pub async fn read_a_little(base: &str, path_and_query: &str) -> (TcpStream, Vec<u8>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    let address = base.strip_prefix("http://").unwrap().parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let request =
        format!("GET {path_and_query} HTTP/1.1\r\nhost: x\r\nx-api-key: {TEST_KEY}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut read = vec![0; 1_000];
    stream.read_exact(&mut read).await.unwrap();
    assert!(read.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&read));
    (stream, read)
}
