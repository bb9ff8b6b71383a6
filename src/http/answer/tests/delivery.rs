use futures_util::future::join_all;

use super::*;

#[actix_web::test]
async fn identical_requests_at_once_and_later_are_one_build() {
    let server = Server::of(SMALL);
    let all = join_all((0..8).map(|_| server.get(&[]))).await;
    assert!(all.iter().all(|said| said.status == 200 && said.body == expected(SMALL) && said.tag() == all[0].tag()));
    assert_eq!(server.get(&[]).await.header("cache-status"), Some("flattap; hit"));
    assert_eq!(server.builds(), 1);
}

#[actix_web::test]
async fn a_large_answer_comes_in_chunks_and_whole() {
    let server = Server::of(LARGE);
    for accept in ["identity", "gzip"] {
        let said = server.get(&[("Accept-Encoding", accept)]).await;
        assert_eq!((said.status, said.header("transfer-encoding")), (200, Some("chunked")));
        assert_eq!(said.header("cache-status"), Some("flattap; fwd=miss; detail=store"));
        assert!(said.whole);
        assert!(accept != "identity" || said.body == expected(LARGE));
    }
}

#[actix_web::test]
async fn a_failure_after_the_first_byte_leaves_the_body_without_its_end() {
    let server = Server::start(LARGE, Breaks::AtTheEnd, AnswerLimits { answer: 10_000, ..LIMITS });
    for accept in ["identity", "gzip", "br", "zstd"] {
        let said = server.get(&[("Accept-Encoding", accept)]).await;
        assert_eq!((said.status, said.header("transfer-encoding")), (200, Some("chunked")), "{accept}");
        assert!(!said.whole, "{accept}: a broken table was passed off as whole");
    }
}

#[actix_web::test]
async fn a_failure_before_the_first_byte_is_a_refusal_and_is_not_kept() {
    // Large: nothing of it can be sent. Small: its failure comes before all of it is gathered. HEAD: while it is spooled.
    for (rows, breaks, method) in
        [(LARGE, Breaks::AtOnce, "GET"), (SMALL, Breaks::AtTheEnd, "GET"), (LARGE, Breaks::AtTheEnd, "HEAD")]
    {
        let server = Server::start(rows, breaks, LIMITS);
        for build in 1..=2 {
            let said = server.ask(method, &[]).await;
            assert_eq!((said.status, said.header("etag")), (503, None));
            assert_ne!(said.header("content-type"), Some(Format::Csv.media_type()));
            let text = String::from_utf8(said.body).unwrap();
            assert!(method == "HEAD" || text.contains("the rows are gone") && !text.contains("the row 0"), "{text}");
            assert_eq!(server.builds(), build);
        }
    }
}

#[actix_web::test]
async fn an_incomplete_answer_says_so_and_is_never_taken_for_the_complete_one() {
    let server = Server::of(SMALL);
    server.change(|facts| facts.complete = false);
    let incomplete = server.get(&[]).await;
    assert_eq!(incomplete.header("flattap-complete"), Some("false"));
    server.change(|facts| facts.complete = true);
    let complete = server.get(&[("If-None-Match", incomplete.tag())]).await;
    assert_eq!((complete.status, complete.header("cache-status")), (200, Some("flattap; fwd=miss; detail=store")));
}
