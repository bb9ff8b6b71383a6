//! Key sets as providers publish them, and as they should not.

use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jsonwebtoken::Algorithm::{ES256, EdDSA, RS256};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::auth::testing::*;

/// A provider on a port of its own that answers every request with what was last set.
struct Provider {
    url: Url,
    answer: Arc<StdMutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    async fn start(set: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/jwks.json", listener.local_addr().unwrap())).unwrap();
        let provider =
            Self { url, answer: Arc::new(StdMutex::new(ok(&set.to_string()))), asked: Arc::new(AtomicUsize::new(0)) };
        let (answer, asked) = (Arc::clone(&provider.answer), Arc::clone(&provider.asked));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::SeqCst);
                let answer = answer.lock().unwrap().clone();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read(&mut byte).await.unwrap_or(0) == 0 {
                        break;
                    }
                    request.extend(byte);
                }
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        provider
    }

    fn answers(&self, answer: String) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn keys(&self, at_most_every: Duration) -> Arc<PublishedKeys> {
        let config = accepting(&[ES256, RS256], published("https://login.example.com/"));
        let pace = Pace { every: Duration::from_secs(3600), at_most_every, timeout: Duration::from_secs(20) };
        PublishedKeys::with_pace(self.url.clone(), config, pace)
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn set_of(ids: &[&str]) -> Value {
    let signer = Signer::p256();
    json!({ "keys": ids.iter().map(|id| signer.jwk_with(json!({ "kid": id }))).collect::<Vec<_>>() })
}

fn ids(keys: &PublishedKeys) -> Vec<String> {
    keys.current().map(|keys| keys.iter().filter_map(|key| key.id.clone()).collect()).unwrap_or_default()
}

#[actix_web::test]
async fn keys_are_fetched_and_fetched_again() {
    let provider = Provider::start(&set_of(&["one"])).await;
    let keys = provider.keys(Duration::ZERO);
    assert!(keys.current().is_none());
    keys.renew().await;
    assert_eq!(ids(&keys), ["one"]);
    provider.answers(ok(&set_of(&["two", "three"]).to_string()));
    keys.renew().await;
    assert_eq!(ids(&keys), ["two", "three"]);
}

#[actix_web::test]
async fn however_many_ask_the_provider_is_asked_once_in_a_while() {
    let provider = Provider::start(&set_of(&["one"])).await;
    let keys = provider.keys(Duration::from_secs(3600));
    futures_util::future::join_all((0..20).map(|_| keys.renew())).await;
    keys.renew().await;
    assert_eq!((provider.asked(), ids(&keys)), (1, vec!["one".to_owned()]));
}

#[rstest]
#[case::an_error("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned())]
#[case::a_redirect("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned())]
#[case::half_an_answer("HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\n{\"keys\":[".to_owned())]
#[case::silence(String::new())]
#[case::no_json(ok("<html>"))]
#[case::no_set(ok("[]"))]
#[case::an_empty_set(ok("{\"keys\":[]}"))]
#[case::too_many(ok(&set_of(&["k"; 101]).to_string()))]
#[case::too_large(ok(&json!({ "keys": [], "padding": "x".repeat(LARGEST) }).to_string()))]
#[actix_web::test]
async fn a_failed_fetch_leaves_the_earlier_keys(#[case] answer: String) {
    let provider = Provider::start(&set_of(&["one"])).await;
    let keys = provider.keys(Duration::ZERO);
    keys.renew().await;
    provider.answers(answer);
    keys.renew().await;
    assert_eq!((provider.asked(), ids(&keys)), (2, vec!["one".to_owned()]));
}

#[actix_web::test]
async fn the_first_keys_come_without_anybody_asking() {
    let provider = Provider::start(&set_of(&["one"])).await;
    let keys = provider.keys(Duration::ZERO);
    let upkeep = tokio::spawn(Arc::clone(&keys).keep_current());
    while keys.current().is_none() {
        tokio::task::yield_now().await;
    }
    provider.answers(ok(&set_of(&["two"]).to_string()));
    keys.ask();
    while ids(&keys) != ["two"] {
        tokio::task::yield_now().await;
    }
    upkeep.abort();
}

/// A set with one good key and this one.
fn usable_beside_a_good_one(other: Value) -> Vec<String> {
    let config = accepting(&[ES256, RS256, EdDSA], published("https://x/"));
    let set = json!({ "keys": [other, Signer::p256().jwk_with(json!({ "kid": "good" }))] });
    let keys = usable_keys(set.to_string().as_bytes(), &config).unwrap();
    keys.iter().filter_map(|key| key.id.clone()).collect()
}

#[rstest]
#[case::for_encryption(Signer::p256().jwk_with(json!({ "kid": "x", "use": "enc" })))]
#[case::for_signing_only(Signer::p256().jwk_with(json!({ "kid": "x", "key_ops": ["sign"] })))]
#[case::for_an_algorithm_that_is_not_accepted(Signer::rsa().jwk_with(json!({ "kid": "x", "alg": "RS512" })))]
#[case::for_an_algorithm_of_another_kind(Signer::p256().jwk_with(json!({ "kid": "x", "alg": "RS256" })))]
#[case::for_an_unknown_algorithm(Signer::p256().jwk_with(json!({ "kid": "x", "alg": "ES256K" })))]
#[case::a_shared_secret(json!({ "kid": "x", "kty": "oct", "k": "AAAA" }))]
#[case::of_a_curve_that_is_not_accepted(Signer::p384().jwk_with(json!({ "kid": "x" })))]
#[case::of_an_unknown_curve(Signer::p256().jwk_with(json!({ "kid": "x", "crv": "secp256k1" })))]
#[case::of_an_unknown_kind(json!({ "kid": "x", "kty": "AKP", "pub": "AAAA" }))]
#[case::rsa_too_short(json!({ "kid": "x", "kty": "RSA", "e": "AQAB", "n": base64url(&[0xff; 128]) }))]
#[case::rsa_too_short_with_zeros_before(
    json!({ "kid": "x", "kty": "RSA", "e": "AQAB", "n": base64url(&[[0; 200], [0xff; 200]].concat()) })
)]
#[case::rsa_too_long(json!({ "kid": "x", "kty": "RSA", "e": "AQAB", "n": base64url(&[0xff; 600]) }))]
#[case::rsa_without_a_number(json!({ "kid": "x", "kty": "RSA", "e": "AQAB", "n": "!!" }))]
#[case::ed25519_too_short(json!({ "kid": "x", "kty": "OKP", "crv": "Ed25519", "x": base64url(&[1; 31]) }))]
#[case::ed25519_too_long(json!({ "kid": "x", "kty": "OKP", "crv": "Ed25519", "x": base64url(&[1; 33]) }))]
#[case::a_point_too_short(json!({ "kid": "x", "kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA" }))]
#[case::a_name_that_is_a_number(Signer::p256().jwk_with(json!({ "kid": 5 })))]
#[case::no_key_at_all(json!(5))]
fn a_key_that_cannot_be_used_is_passed_over(#[case] key: Value) {
    assert_eq!(usable_beside_a_good_one(key), ["good"]);
}

#[rstest]
#[case::without_purpose(Signer::p256().jwk_with(json!({ "kid": "x" })))]
#[case::for_signatures(Signer::p256().jwk_with(json!({ "kid": "x", "use": "sig", "alg": "ES256" })))]
#[case::for_verifying(Signer::p256().jwk_with(json!({ "kid": "x", "key_ops": ["verify"] })))]
#[case::with_a_certificate(Signer::rsa().jwk_with(json!({ "kid": "x", "x5c": ["AAAA"], "x5t": "y", "issuer": "z" })))]
#[case::ed25519(Signer::ed25519().jwk_with(json!({ "kid": "x" })))]
fn a_key_for_signatures_is_used(#[case] key: Value) {
    assert_eq!(usable_beside_a_good_one(key), ["x", "good"]);
}

#[test]
fn a_point_that_is_not_on_its_curve_makes_no_panic() {
    let config = accepting(&[ES256, EdDSA], published("https://x/"));
    let off = base64url(&[0xff; 32]);
    let set = json!({ "keys": [
        { "kid": "ec", "kty": "EC", "crv": "P-256", "x": off, "y": off },
        { "kid": "ed", "kty": "OKP", "crv": "Ed25519", "x": off },
    ] });
    let keys = usable_keys(set.to_string().as_bytes(), &config).unwrap();
    for key in keys {
        for (signer, algorithm) in [(Signer::p256(), ES256), (Signer::ed25519(), EdDSA)] {
            let token = token(&signer.key, algorithm, None, &claims());
            assert!(jsonwebtoken::decode::<Value>(&token, &key.key, &key.validation).is_err());
        }
    }
}
