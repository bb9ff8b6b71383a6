//! A client that keeps what clients hide: whether the body came to its proper end.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Said {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The last chunk came, or as many bytes as were announced.
    pub whole: bool,
}

impl Said {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(had, _)| had == name).map(|(_, value)| value.as_str())
    }

    pub fn tag(&self) -> &str {
        self.header("etag").unwrap()
    }
}

pub async fn ask(address: SocketAddr, method: &str, version: &str, headers: &[(&str, &str)]) -> Said {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let mut request = format!("{method} /v1/events.csv HTTP/{version}\r\nHost: test\r\nConnection: close\r\n");
    headers.iter().for_each(|(name, value)| request.push_str(&format!("{name}: {value}\r\n")));
    request.push_str("\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is broken off may end in a reset: what came before is what counts.
    let _ = connection.read_to_end(&mut answer).await;
    parse(method, &answer)
}

fn parse(method: &str, answer: &[u8]) -> Said {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("no head came");
    let (head, mut rest) = (std::str::from_utf8(&answer[..end]).unwrap(), &answer[end + 4..]);
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut said = Said { status, headers, body: Vec::new(), whole: false };
    if said.header("transfer-encoding") == Some("chunked") {
        while let Some(line) = rest.windows(2).position(|two| two == b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
            rest = &rest[line + 2..];
            if size == 0 {
                said.whole = rest == b"\r\n";
                break;
            }
            let there = size.min(rest.len());
            said.body.extend_from_slice(&rest[..there]);
            rest = &rest[(there + 2).min(rest.len())..];
        }
    } else {
        said.body = rest.to_vec();
        let announced = said.header("content-length").map_or(0, |length| length.parse().unwrap());
        said.whole = if method == "HEAD" { rest.is_empty() } else { rest.len() == announced };
    }
    said
}
