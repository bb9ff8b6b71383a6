//! The tokens that open something, and every way to cheat that is known.

use jsonwebtoken::{Algorithm, EncodingKey, get_current_timestamp};
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::auth::testing::*;
use crate::config::PiiMode;

use Algorithm::{ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, RS256, RS512};

/// A provider that publishes one P-256 key named `one`.
fn provider() -> (TokenVerifier, Signer) {
    let signer = Signer::p256();
    let config = accepting(&[ES256], published("https://login.example.com/jwks"));
    let verifier = TokenVerifier::holding(&config, &json!({ "keys": [signer.jwk_with(json!({ "kid": "one" }))] }));
    (verifier, signer)
}

#[test]
fn a_genuine_token_grants_what_its_claims_say_and_no_more() {
    let (verifier, signer) = provider();
    let granted = verifier.verify(&token(&signer.key, ES256, Some("one"), &claims())).unwrap();
    assert_eq!(granted.caller(), "jwt:ann");
    assert!(granted.sees_account("main") && !granted.sees_account("other"));
    assert!(granted.sees_table("events") && granted.sees_table("event_counts") && !granted.sees_table("profiles"));
    assert!(granted.sees_event("App Launched") && !granted.sees_event("Charged"));
    assert_eq!(granted.pii(), PiiMode::Clear);
    assert!(!granted.may_refresh());
}

#[test]
fn absent_scope_claims_grant_nothing_and_an_absent_mode_hashes() {
    let (verifier, signer) = provider();
    let bare = claims_with(json!({
        "flattap_accounts": null, "flattap_tables": null, "flattap_events": null, "flattap_pii": null,
    }));
    let granted = verifier.verify(&token(&signer.key, ES256, Some("one"), &bare)).unwrap();
    assert!(!granted.sees_account("main") && !granted.sees_table("events") && !granted.sees_event("Charged"));
    assert_eq!(granted.pii(), PiiMode::Hash);
}

#[rstest]
#[case(RS256)]
#[case(RS512)]
#[case(PS256)]
fn rsa_signs_with_each_of_its_algorithms(#[case] algorithm: Algorithm) {
    let signer = Signer::rsa();
    let token = token(&signer.key, algorithm, None, &claims());
    let by_set = accepting(&[algorithm], published("https://x/"));
    assert!(TokenVerifier::holding(&by_set, &json!({ "keys": [signer.jwk] })).verify(&token).is_ok());
    let by_file = accepting(&[algorithm], JwtKeys::PublicKey { pem: signer.pem.clone() });
    assert!(TokenVerifier::new(&by_file).unwrap().verify(&token).is_ok());
    let other = accepting(&[Algorithm::RS384], JwtKeys::PublicKey { pem: signer.pem.clone() });
    assert_eq!(TokenVerifier::new(&other).unwrap().verify(&token), Err(TokenRefusal::Algorithm));
}

#[rstest]
#[case(Signer::p256(), ES256)]
#[case(Signer::p384(), ES384)]
#[case(Signer::ed25519(), EdDSA)]
fn curves_sign_with_their_one_algorithm(#[case] signer: Signer, #[case] algorithm: Algorithm) {
    let all = [RS256, ES256, ES384, EdDSA];
    let token = token(&signer.key, algorithm, None, &claims());
    let by_file = accepting(&all, JwtKeys::PublicKey { pem: signer.pem.clone() });
    assert!(TokenVerifier::new(&by_file).unwrap().verify(&token).is_ok());
    let by_set = accepting(&all, published("https://x/"));
    assert!(TokenVerifier::holding(&by_set, &json!({ "keys": [signer.jwk] })).verify(&token).is_ok());
}

#[rstest]
#[case(HS256)]
#[case(HS384)]
#[case(HS512)]
fn a_shared_secret_signs_as_configured(#[case] algorithm: Algorithm) {
    let config = |accepted: Algorithm| accepting(&[accepted], JwtKeys::Secret(SecretString::from(SECRET)));
    let token = token(&Signer::shared(), algorithm, None, &claims());
    assert!(TokenVerifier::new(&config(algorithm)).unwrap().verify(&token).is_ok());
    let other = if algorithm == HS256 { HS512 } else { HS256 };
    assert_eq!(TokenVerifier::new(&config(other)).unwrap().verify(&token), Err(TokenRefusal::Algorithm));
}

#[rstest]
#[case::another_audience(json!({ "aud": "other" }), TokenRefusal::Audience)]
#[case::several_audiences_without_ours(json!({ "aud": ["a", "b"] }), TokenRefusal::Audience)]
#[case::an_audience_that_begins_like_ours(json!({ "aud": "flattap2" }), TokenRefusal::Audience)]
#[case::no_audience(json!({ "aud": null }), TokenRefusal::MissingClaim)]
#[case::an_audience_that_is_none(json!({ "aud": 5 }), TokenRefusal::MissingClaim)]
#[case::another_issuer(json!({ "iss": "https://login.example.com" }), TokenRefusal::Issuer)]
#[case::no_issuer(json!({ "iss": null }), TokenRefusal::Claims)]
#[case::a_list_of_issuers(json!({ "iss": [ISSUER, "https://evil.example/"] }), TokenRefusal::Claims)]
#[case::expired(json!({ "exp": get_current_timestamp() - 31 }), TokenRefusal::Expired)]
#[case::expired_long_ago(json!({ "exp": 0 }), TokenRefusal::Expired)]
#[case::no_expiry(json!({ "exp": null }), TokenRefusal::MissingClaim)]
#[case::an_expiry_that_is_text(json!({ "exp": "2999-01-01" }), TokenRefusal::MissingClaim)]
#[case::an_expiry_before_time(json!({ "exp": -1 }), TokenRefusal::MissingClaim)]
#[case::not_yet_valid(json!({ "nbf": get_current_timestamp() + 120 }), TokenRefusal::NotYetValid)]
#[case::a_begin_that_is_text(json!({ "nbf": "now" }), TokenRefusal::Claims)]
#[case::an_unknown_mode(json!({ "flattap_pii": "none" }), TokenRefusal::Claims)]
#[case::a_mode_in_another_case(json!({ "flattap_pii": "Clear" }), TokenRefusal::Claims)]
#[case::a_mode_that_is_a_list(json!({ "flattap_pii": ["clear"] }), TokenRefusal::Claims)]
#[case::a_scope_that_is_a_number(json!({ "flattap_tables": 5 }), TokenRefusal::Claims)]
#[case::a_scope_with_a_number(json!({ "flattap_tables": ["events", 5] }), TokenRefusal::Claims)]
#[case::a_scope_without_end(json!({ "flattap_tables": vec!["a"; 1001] }), TokenRefusal::Claims)]
#[case::a_subject_with_line_breaks(json!({ "sub": "a\nb" }), TokenRefusal::Claims)]
#[case::a_subject_without_end(json!({ "sub": "a".repeat(256) }), TokenRefusal::Claims)]
fn a_genuine_signature_does_not_save_wrong_claims(#[case] changes: Value, #[case] refusal: TokenRefusal) {
    let (verifier, signer) = provider();
    let token = token(&signer.key, ES256, Some("one"), &claims_with(changes));
    assert_eq!(verifier.verify(&token), Err(refusal));
}

#[rstest]
#[case::expired_within_the_leeway(json!({ "exp": get_current_timestamp() - 10 }))]
#[case::begins_within_the_leeway(json!({ "nbf": get_current_timestamp() + 10 }))]
#[case::without_begin(json!({ "nbf": null }))]
#[case::several_audiences_with_ours(json!({ "aud": ["a", "flattap"] }))]
#[case::an_expiry_with_a_fraction(json!({ "exp": get_current_timestamp() as f64 + 60.5 }))]
#[case::without_subject(json!({ "sub": null }))]
fn clocks_may_differ_a_little_and_forms_vary(#[case] changes: Value) {
    let (verifier, signer) = provider();
    verifier.verify(&token(&signer.key, ES256, Some("one"), &claims_with(changes))).unwrap();
}

#[test]
fn a_token_without_signature_opens_nothing() {
    let (verifier, signer) = provider();
    let body = base64url(claims().to_string().as_bytes());
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        let head = base64url(json!({ "alg": algorithm, "kid": "one" }).to_string().as_bytes());
        for signature in ["", "AAAA"] {
            assert_eq!(verifier.verify(&format!("{head}.{body}.{signature}")), Err(TokenRefusal::Malformed));
        }
    }
    let genuine = token(&signer.key, ES256, Some("one"), &claims());
    let (message, _) = genuine.rsplit_once('.').unwrap();
    assert_eq!(verifier.verify(&format!("{message}.")), Err(TokenRefusal::Signature));
}

#[test]
fn a_public_key_is_no_shared_secret() {
    let signer = Signer::rsa();
    let by_file = TokenVerifier::new(&accepting(&[RS256], JwtKeys::PublicKey { pem: signer.pem.clone() })).unwrap();
    let by_set = TokenVerifier::holding(
        &accepting(&[RS256], published("https://x/")),
        &json!({ "keys": [signer.jwk_with(json!({ "kid": "one" }))] }),
    );
    let modulus = signer.jwk["n"].as_str().unwrap();
    for secret in [signer.pem.as_str(), signer.pem.trim_end(), modulus, &signer.jwk.to_string()] {
        for algorithm in [HS256, HS384, HS512] {
            let forged = token(&EncodingKey::from_secret(secret.as_bytes()), algorithm, Some("one"), &claims());
            assert_eq!(by_file.verify(&forged), Err(TokenRefusal::Algorithm));
            assert_eq!(by_set.verify(&forged), Err(TokenRefusal::UnknownKey));
        }
    }
}

#[test]
fn a_changed_token_opens_nothing() {
    let (verifier, signer) = provider();
    let genuine = token(&signer.key, ES256, Some("one"), &claims());
    let parts: Vec<&str> = genuine.split('.').collect();
    let richer = base64url(claims_with(json!({ "flattap_accounts": ["*"] })).to_string().as_bytes());
    assert_eq!(verifier.verify(&format!("{}.{richer}.{}", parts[0], parts[2])), Err(TokenRefusal::Signature));
    let head = base64url(json!({ "alg": "ES256", "kid": "one", "typ": "at+jwt" }).to_string().as_bytes());
    assert_eq!(verifier.verify(&format!("{head}.{}.{}", parts[1], parts[2])), Err(TokenRefusal::Signature));
    for at in (0..genuine.len()).step_by(7) {
        let mut bytes = genuine.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        assert!(verifier.verify(std::str::from_utf8(&bytes).unwrap()).is_err(), "changed at {at}");
    }
}

#[test]
fn a_token_cannot_bring_its_own_key() {
    let (verifier, _) = provider();
    let evil = Signer::p256();
    let mut header = Header::new(ES256);
    header.kid = Some("one".to_owned());
    header.jku = Some("https://evil.example/jwks".to_owned());
    header.jwk = serde_json::from_value(evil.jwk.clone()).ok();
    let forged = jsonwebtoken::encode(&header, &claims(), &evil.key).unwrap();
    assert_eq!(verifier.verify(&forged), Err(TokenRefusal::Signature));
}

#[test]
fn a_key_that_is_not_published_opens_nothing() {
    let (verifier, signer) = provider();
    for id in ["two", "", "../one", "ONE"] {
        let token = token(&signer.key, ES256, Some(id), &claims());
        assert_eq!(verifier.verify(&token), Err(TokenRefusal::UnknownKey));
        assert!(verifier.may_need_newer_keys(&token));
    }
    assert!(!verifier.may_need_newer_keys(&token(&signer.key, ES256, Some("one"), &claims())));
}

#[test]
fn a_token_that_names_no_key_may_not_try_them_all() {
    let (one, two) = (Signer::p256(), Signer::p256());
    let config = accepting(&[ES256], published("https://x/"));
    let both = json!({ "keys": [one.jwk_with(json!({ "kid": "1" })), two.jwk_with(json!({ "kid": "2" }))] });
    let token = token(&two.key, ES256, None, &claims());
    assert_eq!(TokenVerifier::holding(&config, &both).verify(&token), Err(TokenRefusal::UnknownKey));
    let single = json!({ "keys": [two.jwk_with(json!({ "kid": "2" }))] });
    assert!(TokenVerifier::holding(&config, &single).verify(&token).is_ok());
}

#[test]
fn two_published_keys_of_one_name_both_count() {
    let (one, two) = (Signer::p256(), Signer::p256());
    let set = json!({ "keys": [one.jwk_with(json!({ "kid": "k" })), two.jwk_with(json!({ "kid": "k" }))] });
    let verifier = TokenVerifier::holding(&accepting(&[ES256], published("https://x/")), &set);
    for signer in [&one, &two] {
        assert!(verifier.verify(&token(&signer.key, ES256, Some("k"), &claims())).is_ok());
    }
    let expired = claims_with(json!({ "exp": 1 }));
    assert_eq!(verifier.verify(&token(&two.key, ES256, Some("k"), &expired)), Err(TokenRefusal::Expired));
    let stranger = Signer::p256();
    assert_eq!(verifier.verify(&token(&stranger.key, ES256, Some("k"), &claims())), Err(TokenRefusal::Signature));
}

#[test]
fn a_critical_extension_is_refused_because_none_is_understood() {
    let (verifier, signer) = provider();
    for extension in [json!(["b64"]), json!([])] {
        let header: Header =
            serde_json::from_value(json!({ "alg": "ES256", "kid": "one", "crit": extension, "b64": false })).unwrap();
        let token = jsonwebtoken::encode(&header, &claims(), &signer.key).unwrap();
        assert_eq!(verifier.verify(&token), Err(TokenRefusal::Malformed));
    }
}

#[test]
fn a_claim_written_twice_is_refused() {
    let config = accepting(&[HS256], JwtKeys::Secret(SecretString::from(SECRET)));
    let verifier = TokenVerifier::new(&config).unwrap();
    let once = claims().to_string();
    let sign = |body: &str| {
        let message = format!("{}.{}", base64url(br#"{"alg":"HS256"}"#), base64url(body.as_bytes()));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &Signer::shared(), HS256).unwrap();
        format!("{message}.{signature}")
    };
    assert!(verifier.verify(&sign(&once)).is_ok());
    for twice in [r#""flattap_pii":"hash""#, r#""aud":"other""#, r#""exp":1"#, r#""iss":"other""#] {
        let body = once.replacen('{', &format!("{{{twice},"), 1);
        assert_eq!(verifier.verify(&sign(&body)), Err(TokenRefusal::Claims), "{twice}");
    }
}

#[test]
fn without_keys_at_hand_nothing_is_decided() {
    let config = accepting(&[ES256], published("https://login.example.com/jwks"));
    let verifier = TokenVerifier::new(&config).unwrap();
    let token = token(&Signer::p256().key, ES256, Some("one"), &claims());
    assert_eq!(verifier.verify(&token), Err(TokenRefusal::KeysUnavailable));
    assert_eq!(verifier.verify("a.b.c"), Err(TokenRefusal::Malformed));
}

#[rstest]
#[case::no_pem("hello")]
#[case::an_empty_pem("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n")]
#[case::garbage("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")]
fn a_public_key_that_is_none_stops_the_start(#[case] pem: &str) {
    let config = accepting(&[RS256, ES256], JwtKeys::PublicKey { pem: pem.to_owned() });
    assert!(TokenVerifier::new(&config).is_err());
}

#[test]
fn a_public_key_of_another_kind_than_the_algorithms_stops_the_start() {
    let config = accepting(&[RS256], JwtKeys::PublicKey { pem: Signer::p256().pem });
    assert_eq!(TokenVerifier::new(&config).err(), Some(UnusableKey::Algorithms));
}

#[test]
fn refusals_say_nothing_of_the_token() {
    let (verifier, signer) = provider();
    let secret = claims_with(json!({ "flattap_pii": "TOP-SECRET", "sub": "TOP-SECRET" }));
    let refusal = verifier.verify(&token(&signer.key, ES256, Some("one"), &secret)).unwrap_err();
    assert!(!format!("{refusal} {refusal:?}").contains("TOP-SECRET"));
}

mod any_text {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn makes_no_panic(head in ".{0,40}", body in ".{0,40}", signature in "[A-Za-z0-9_.-]{0,90}") {
            let (verifier, _) = provider();
            for text in [
                format!("{head}.{body}.{signature}"),
                format!("{}.{}.{signature}", base64url(head.as_bytes()), base64url(body.as_bytes())),
                format!("{}.{body}.{signature}", base64url(br#"{"alg":"ES256","kid":"one"}"#)),
            ] {
                prop_assert!(verifier.verify(&text).is_err());
                let _ = verifier.may_need_newer_keys(&text);
            }
        }
    }
}
