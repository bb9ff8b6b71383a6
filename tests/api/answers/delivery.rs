//! Codings, and answers that break off.

use std::io::Read;
use std::path::{Path, PathBuf};

use flattap::simulator::Rows;
use reqwest::Method;

use super::{CSV, with};
use crate::support::{Setup, TestGateway};

fn unpacked(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap(),
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut plain).unwrap(),
        "zstd" => zstd::stream::read::Decoder::new(bytes).unwrap().read_to_end(&mut plain).unwrap(),
        other => panic!("{other}"),
    };
    plain
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_packed_only_when_asked_and_unpack_to_the_same_bytes() {
    let gateway = TestGateway::start().await;
    let plain = gateway.get(CSV).await.good();
    assert!(!plain.headers.contains_key("content-encoding"), "nobody asked");
    let mut tags = vec![plain.header("etag").to_owned()];
    for coding in ["gzip", "br", "zstd"] {
        for _ in 0..2 {
            let packed = gateway.get_with(CSV, &[("accept-encoding", coding)]).await.good();
            assert_eq!(packed.header("content-encoding"), coding);
            assert_eq!(unpacked(coding, packed.bytes()), plain.bytes(), "{coding}");
            assert!(packed.bytes().len() < plain.bytes().len() / 2, "{coding}");
            if !tags.iter().any(|tag| tag == packed.header("etag")) {
                tags.push(packed.header("etag").to_owned());
            }
        }
        let tag = tags.last().unwrap().clone();
        let known = gateway.get_with(CSV, &[("accept-encoding", coding), ("if-none-match", &tag)]).await;
        assert_eq!(known.status, 304, "{coding}");
    }
    assert_eq!(tags.len(), 4, "each coding has one tag of its own: {tags:?}");
    for unpackable in ["identity", "deflate", "gzip;q=0", "*"] {
        let answer = gateway.get_with(CSV, &[("accept-encoding", unpackable)]).await.good();
        assert!(!answer.headers.contains_key("content-encoding"), "{unpackable}");
    }
    gateway.get_with(CSV, &[("accept-encoding", "identity;q=0")]).await.refused(406, "request_not_acceptable");
}

/// A table of many days whose answer is too large for the memory.
async fn large() -> TestGateway {
    let mut setup = Setup::default().config(|config| {
        config.cache.answer = 64 * 1024;
        config.cache.memory = 256 * 1024;
    });
    setup.simulator.rows = Rows::Exactly(300);
    TestGateway::with(setup).await
}

const LARGE: &str = "/v1/events.csv?event=Charged&from=2026-11-05&to=2026-11-12";

/// The stored files of a day.
fn files_of(store: &Path, day: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![store.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "parquet") && path.to_string_lossy().contains(day) {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "no files of {day}");
    files
}

fn delete(path: &Path) {
    std::fs::remove_file(path).unwrap();
}

fn truncate(path: &Path) {
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length / 2).unwrap();
}

fn scramble(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 4..bytes.len() / 2;
    bytes[middle].fill(0xa5);
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_after_the_first_byte_breaks_the_connection() {
    for (what, harm) in [("deleted", delete as fn(&Path)), ("truncated", truncate), ("scrambled", scramble)] {
        let mut gateway = large().await;
        let whole = gateway.get(LARGE).await.good();
        assert!(whole.headers.get("content-length").is_none(), "it streams");
        gateway.restart().await;
        files_of(gateway.store(), "2026-11-12").iter().for_each(|path| harm(path));
        for coding in ["identity", "gzip"] {
            let broken = gateway.get_with(LARGE, &[("accept-encoding", coding)]).await;
            match broken.status.as_u16() {
                200 => assert!(broken.body.is_err(), "{what}, {coding}: a short table looks whole"),
                500.. => {
                    broken.header("cache-control");
                }
                other => panic!("{what}: {other}"),
            }
        }
        let broken = gateway.get_with(LARGE, &[("accept-encoding", "identity")]).await;
        assert!(broken.status != 200 || broken.body.is_err(), "{what}: also the next time");
        for request in
            [gateway.request(Method::HEAD, LARGE), with(gateway.request(Method::GET, LARGE), &[("range", "bytes=0-9")])]
        {
            let answer = gateway.send(request).await;
            assert!(answer.status.is_server_error(), "{what}: its length is not known: {}", answer.status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_before_the_first_byte_is_a_problem() {
    let mut gateway = large().await;
    gateway.get(LARGE).await.good();
    gateway.restart().await;
    files_of(gateway.store(), "2026-11-05").iter().for_each(|path| delete(path));
    let answer = gateway.get(LARGE).await;
    assert!(answer.status.is_server_error(), "{}", answer.status);
    let code = answer.json()["code"].as_str().unwrap().to_owned();
    assert!(code.starts_with("store_"), "{}", answer.text());
    assert!(!answer.text().contains("parquet") && !answer.text().contains(gateway.store().to_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_answer_has_parts_and_a_length_from_disk() {
    let gateway = large().await;
    let whole = gateway.get(LARGE).await.good();
    assert!(whole.bytes().len() > 500_000, "{}", whole.bytes().len());
    let head = gateway.send(gateway.request(Method::HEAD, LARGE)).await;
    assert_eq!(head.header("content-length"), whole.bytes().len().to_string());
    let part = gateway.get_with(LARGE, &[("range", "bytes=400000-400099")]).await;
    assert_eq!(part.status, 206);
    assert_eq!(part.bytes(), &whole.bytes()[400_000..400_100]);
}
