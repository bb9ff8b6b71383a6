use super::*;

#[actix_web::test]
async fn head_says_the_length_that_get_then_has_and_both_are_one_build() {
    for count in [SMALL, LARGE] {
        let server = Server::of(count);
        let whole = expected(count);
        let head = server.ask("HEAD", &[]).await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), Some(whole.len().to_string().as_str()));
        let get = server.get(&[]).await;
        assert!(get.body == whole && get.whole);
        assert_eq!(get.header("content-length"), head.header("content-length"));
        assert_eq!(get.tag(), head.tag());
        assert_eq!(get.header("cache-status"), Some("flattap; hit"));
        assert_eq!(server.builds(), 1);
    }
}

#[actix_web::test]
async fn head_of_a_packed_answer_says_the_packed_length() {
    for count in [SMALL, LARGE] {
        let server = Server::of(count);
        let accept = [("Accept-Encoding", "gzip")];
        let head = server.ask("HEAD", &accept).await;
        let get = server.get(&accept).await;
        assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()));
        assert_eq!(head.header("content-encoding"), Some("gzip"));
        // A range means nothing to HEAD.
        assert_eq!(
            server.ask("HEAD", &[("Range", "bytes=0-1"), accept[0]]).await.header("content-length"),
            head.header("content-length")
        );
    }
}

#[actix_web::test]
async fn every_kind_of_range_gives_exactly_its_bytes() {
    for count in [SMALL, LARGE] {
        let server = Server::of(count);
        let whole = expected(count);
        let length = whole.len();
        for (range, from, to) in [
            ("bytes=0-0".to_owned(), 0, 1),
            ("bytes=0-3".to_owned(), 0, 4),
            ("bytes=100-".to_owned(), 100, length),
            ("bytes=-7".to_owned(), length - 7, length),
            (format!("bytes=-{}", length * 2), 0, length),
            (format!("bytes={}-{}", length - 5, length + 100), length - 5, length),
            (format!("bytes=0-{}", length - 1), 0, length),
        ] {
            let said = server.get(&[("Range", &range)]).await;
            assert_eq!(said.status, 206, "{range}");
            assert!(said.body == whole[from..to] && said.whole, "{range}");
            let content_range = format!("bytes {from}-{}/{length}", to - 1);
            assert_eq!(said.header("content-range"), Some(content_range.as_str()));
        }
        assert_eq!(server.builds(), 1, "the pieces of one download must come from the same bytes");
    }
}

#[actix_web::test]
async fn a_range_beyond_the_end_is_416_and_says_the_length() {
    for count in [SMALL, LARGE] {
        let server = Server::of(count);
        let length = expected(count).len();
        for range in [format!("bytes={length}-"), "bytes=-0".to_owned()] {
            let said = server.get(&[("Range", &range)]).await;
            assert_eq!(said.status, 416, "{range}");
            assert_eq!(said.header("content-range"), Some(format!("bytes */{length}").as_str()));
            assert!(said.whole);
        }
    }
}

#[actix_web::test]
async fn several_ranges_or_nonsense_get_the_whole_answer() {
    let server = Server::of(SMALL);
    for range in
        ["bytes=0-1,5-6", "bytes=5-2", "bytes=a-b", "rows=0-1", "bytes", "bytes=", "bytes=-", ",", "bytes=0-1,x"]
    {
        let said = server.get(&[("Range", range)]).await;
        assert_eq!((said.status, said.body == expected(SMALL)), (200, true), "{range}");
        assert_eq!(said.header("content-range"), None);
    }
}

#[actix_web::test]
async fn if_range_gives_the_part_only_of_the_same_bytes() {
    let server = Server::of(SMALL);
    let tag = server.get(&[]).await.tag().to_owned();
    let packed = server.get(&[("Accept-Encoding", "gzip")]).await.tag().to_owned();
    for (named, status) in [
        (tag.clone(), 206),
        ("Sun, 01 Nov 2026 12:47:11 GMT".to_owned(), 206),
        (format!("W/{tag}"), 200),
        (packed, 200),
        ("\"other\"".to_owned(), 200),
        ("Sun, 01 Nov 2026 12:47:10 GMT".to_owned(), 200),
        ("Mon, 02 Nov 2026 12:47:11 GMT".to_owned(), 200),
        ("nonsense".to_owned(), 200),
    ] {
        let said = server.get(&[("Range", "bytes=3-5"), ("If-Range", &named)]).await;
        assert_eq!(said.status, status, "{named}");
        let body = expected(SMALL);
        assert!(said.body == if status == 206 { &body[3..6] } else { &body[..] });
    }
    // Beyond the end of bytes that are no longer the same: the whole, not a refusal.
    assert_eq!(server.get(&[("Range", "bytes=99999999-"), ("If-Range", "\"other\"")]).await.status, 200);
}

#[actix_web::test]
async fn parts_are_of_the_unpacked_bytes_unless_those_are_refused() {
    let server = Server::of(SMALL);
    let said = server.get(&[("Range", "bytes=0-9"), ("Accept-Encoding", "gzip, br")]).await;
    assert_eq!((said.status, said.header("content-encoding")), (206, None));
    assert_eq!(said.body, expected(SMALL)[..10]);
    let accept = ("Accept-Encoding", "gzip, identity;q=0");
    let whole = server.get(&[accept]).await;
    let said = server.get(&[("Range", "bytes=2-9"), accept]).await;
    assert_eq!((said.status, said.header("content-encoding")), (206, Some("gzip")));
    assert_eq!(said.body, whole.body[2..10]);
    assert_eq!(said.tag(), whole.tag());
}

#[actix_web::test]
async fn a_client_that_knows_no_chunks_gets_a_length() {
    let server = Server::of(LARGE);
    let said = wire::ask(server.address, "GET", "1.0", &[]).await;
    assert_eq!(said.header("transfer-encoding"), None);
    assert_eq!(said.header("content-length"), Some(expected(LARGE).len().to_string().as_str()));
    assert!(said.body == expected(LARGE));
}

#[actix_web::test]
async fn without_room_on_disk_a_length_is_refused_before_any_byte_and_a_plain_reader_is_served() {
    let server = Server::start(LARGE, Breaks::Never, AnswerLimits { spool: 200_000, ..LIMITS });
    for (method, headers) in [("HEAD", &[][..]), ("GET", &[("Range", "bytes=0-9")])] {
        let said = server.ask(method, headers).await;
        assert_eq!(said.status, 507);
        assert_eq!(said.header("etag"), None);
    }
    let said = server.get(&[]).await;
    assert!(said.status == 200 && said.whole && said.body == expected(LARGE));
}
