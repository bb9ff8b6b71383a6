use super::*;

const DATE: &str = "Sun, 01 Nov 2026 12:47:11 GMT";

#[actix_web::test]
async fn a_known_tag_gets_304_with_the_headers_of_the_answer_and_builds_nothing() {
    let server = Server::of(SMALL);
    let tag = server.get(&[]).await.tag().to_owned();
    server.change(|facts| facts.as_of = "2026-11-03T00:00:00Z".parse().unwrap());
    for value in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        for method in ["GET", "HEAD"] {
            let said = server.ask(method, &[("If-None-Match", &value)]).await;
            assert_eq!((said.status, said.body.len()), (304, 0), "{method} {value}");
            assert_eq!(said.tag(), tag);
            assert_eq!(said.header("flattap-as-of"), Some("2026-11-03T00:00:00Z"));
            for name in ["cache-control", "vary", "last-modified", "cache-status", "flattap-complete"] {
                assert!(said.header(name).is_some(), "{name}");
            }
        }
    }
    assert_eq!(server.builds(), 1);
    assert_eq!(server.get(&[("If-None-Match", "\"other\"")]).await.status, 200);
}

#[actix_web::test]
async fn the_tag_changes_with_whatever_the_bytes_depend_on() {
    let server = Server::of(1);
    let mut tags = vec![server.get(&[]).await.tag().to_owned()];
    let changes: [fn(&mut AnswerFacts); 4] = [
        |facts| facts.fingerprint = 8,
        |facts| facts.complete = false,
        |facts| facts.format = Format::Json,
        |facts| facts.options.bom = true,
    ];
    for change in changes {
        server.change(change);
        tags.push(server.get(&[]).await.tag().to_owned());
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 5);
    assert_eq!(server.builds(), 5);
}

#[actix_web::test]
async fn the_date_counts_only_when_no_tag_is_shown() {
    let server = Server::of(SMALL);
    assert_eq!(server.get(&[("If-Modified-Since", DATE)]).await.status, 304);
    assert_eq!(server.get(&[("If-Modified-Since", "Mon, 02 Nov 2026 00:00:00 GMT")]).await.status, 304);
    assert_eq!(server.get(&[("If-Modified-Since", "Sun, 01 Nov 2026 12:47:10 GMT")]).await.status, 200);
    assert_eq!(server.get(&[("If-Modified-Since", "yesterday")]).await.status, 200);
    assert_eq!(server.get(&[("If-Modified-Since", DATE), ("If-None-Match", "\"other\"")]).await.status, 200);
    assert_eq!(server.get(&[("If-Modified-Since", DATE), ("If-None-Match", "unreadable")]).await.status, 200);
}

#[actix_web::test]
async fn who_insists_on_a_state_that_is_gone_is_refused() {
    let server = Server::of(SMALL);
    let tag = server.get(&[]).await.tag().to_owned();
    for (name, value, status) in [
        ("If-Match", tag.as_str(), 200),
        ("If-Match", "*", 200),
        ("If-Match", "\"other\"", 412),
        ("If-Unmodified-Since", DATE, 200),
        ("If-Unmodified-Since", "Sun, 01 Nov 2026 12:47:10 GMT", 412),
    ] {
        assert_eq!(server.get(&[(name, value)]).await.status, status, "{name}: {value}");
    }
    assert_eq!(
        server.get(&[("If-Match", &format!("W/{tag}"))]).await.status,
        412,
        "a weak tag is never the same bytes"
    );
}

#[actix_web::test]
async fn only_reading_methods_are_conditional() {
    let server = Server::of(SMALL);
    let said = server.ask("POST", &[("If-None-Match", "*"), ("Range", "bytes=0-1"), ("Content-Length", "0")]).await;
    assert_eq!((said.status, said.body == expected(SMALL)), (200, true));
}

#[actix_web::test]
async fn each_coding_has_its_own_tag_and_unpacks_to_the_same_bytes() {
    use std::io::Read;

    let server = Server::of(SMALL);
    let plain = server.get(&[]).await;
    let mut tags = vec![plain.tag().to_owned()];
    for coding in ["gzip", "br", "zstd"] {
        let said = server.get(&[("Accept-Encoding", coding)]).await;
        assert_eq!(said.header("content-encoding"), Some(coding));
        assert!(said.body.len() < plain.body.len() / 2);
        assert_eq!(said.header("content-length"), Some(said.body.len().to_string().as_str()));
        let mut unpacked = Vec::new();
        match coding {
            "gzip" => drop(flate2::read::GzDecoder::new(&said.body[..]).read_to_end(&mut unpacked).unwrap()),
            "br" => drop(brotli::Decompressor::new(&said.body[..], 4096).read_to_end(&mut unpacked).unwrap()),
            _ => unpacked = zstd::stream::decode_all(&said.body[..]).unwrap(),
        }
        assert!(unpacked == plain.body, "{coding}");
        assert_eq!(server.get(&[("Accept-Encoding", coding), ("If-None-Match", said.tag())]).await.status, 304);
        assert_eq!(server.get(&[("If-None-Match", said.tag())]).await.status, 200, "{coding} was not accepted now");
        tags.push(said.tag().to_owned());
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 4);
}

#[actix_web::test]
async fn a_tiny_answer_is_not_packed_unless_unpacked_ones_are_refused() {
    let server = Server::of(3);
    let said = server.get(&[("Accept-Encoding", "gzip")]).await;
    assert_eq!((said.header("content-encoding"), said.body == expected(3)), (None, true));
    assert_eq!(said.tag(), server.get(&[]).await.tag());
    assert_eq!(server.get(&[("Accept-Encoding", "gzip"), ("If-None-Match", said.tag())]).await.status, 304);
    let packed = server.get(&[("Accept-Encoding", "gzip, identity;q=0")]).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_ne!(packed.tag(), said.tag());
    assert_eq!(server.get(&[("Accept-Encoding", "identity;q=0")]).await.status, 406);
}
