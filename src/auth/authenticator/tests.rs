//! Who is let in, by what they show.

use jiff::civil::date;
use jsonwebtoken::Algorithm::{ES256, HS256};
use rstest::rstest;
use secrecy::SecretString;
use serde_json::json;

use super::*;
use crate::auth::testing::*;
use crate::config::{AuthConfig, JwtKeys, KeyConfig, PiiMode};

const ALPHA: &str = "ft_alpha";
const BETA: &str = "ft_beta";
const OLD: &str = "ft_old";

fn clock_at(text: &'static str) -> Clock {
    Clock::from_fn(move || text.parse().unwrap())
}

fn config() -> Config {
    let mut beta = KeyConfig::all_seeing("beta", BETA);
    beta.tables = vec!["events".to_owned()];
    beta.pii = PiiMode::Drop;
    beta.refresh = true;
    let mut old = KeyConfig::all_seeing("old", OLD);
    old.expires = Some(date(2026, 11, 23));
    let keys = vec![KeyConfig::all_seeing("alpha", ALPHA), beta, old];
    let auth = AuthConfig { keys, ..AuthConfig::default() };
    Config { auth, ..Config::default() }
}

fn gate(config: &Config) -> Authenticator {
    Authenticator::new(config, clock_at("2026-11-24T00:00:00Z")).unwrap()
}

fn shown(ways: &[(&str, &str)]) -> Shown {
    let mut shown = Shown::default();
    for (way, text) in ways {
        match *way {
            "bearer" => shown.authorization(format!("Bearer {text}").as_bytes()),
            "basic" => shown.authorization(format!("Basic {}", padded(format!("anyone:{text}").as_bytes())).as_bytes()),
            "scheme" => shown.authorization(text.as_bytes()),
            "header" => shown.api_key(text.as_bytes()),
            "query" => shown.query(&format!("from=today&api_key={text}"), true),
            other => panic!("{other}"),
        }
    }
    shown
}

/// Base64 for Basic; the keys of these tests need neither `+` nor `/`.
fn padded(bytes: &[u8]) -> String {
    let bare = base64url(bytes);
    assert!(!bare.contains(['-', '_']));
    format!("{bare}{}", "=".repeat((4 - bare.len() % 4) % 4))
}

#[rstest]
#[case("bearer")]
#[case("basic")]
#[case("header")]
#[case("query")]
fn a_key_opens_in_every_way(#[case] way: &str) {
    let granted = gate(&config()).authenticate(&shown(&[(way, BETA)])).unwrap();
    assert_eq!(granted.caller(), "beta");
    assert!(granted.sees_table("events") && !granted.sees_table("profiles"));
    assert!(granted.may_refresh());
    assert_eq!(granted.pii(), PiiMode::Drop);
}

#[rstest]
#[case("bearer", "ft_gamma", Way::Bearer, Refusal::UnknownKey)]
#[case("bearer", "", Way::Bearer, Refusal::Empty)]
#[case("bearer", "FT_ALPHA", Way::Bearer, Refusal::UnknownKey)]
#[case("bearer", "ft_alpha ft_alpha", Way::Bearer, Refusal::UnknownKey)]
#[case("bearer", "a.b.c", Way::Bearer, Refusal::UnknownKey)]
#[case("basic", "ft_gamma", Way::Basic, Refusal::UnknownKey)]
#[case("basic", "", Way::Basic, Refusal::Empty)]
#[case("header", "", Way::ApiKeyHeader, Refusal::Empty)]
#[case("header", "sha256:x", Way::ApiKeyHeader, Refusal::UnknownKey)]
#[case("query", "", Way::Query, Refusal::Empty)]
#[case("scheme", "Negotiate YII=", Way::OtherScheme, Refusal::Unreadable)]
#[case("scheme", "ft_alpha", Way::OtherScheme, Refusal::Unreadable)]
fn what_opens_nothing_is_invalid_whatever_else_is_shown(
    #[case] way: &str,
    #[case] text: &str,
    #[case] found: Way,
    #[case] reason: Refusal,
) {
    let gate = gate(&config());
    let refused = Err(AuthError::Invalid { way: found, reason });
    assert_eq!(gate.authenticate(&shown(&[(way, text)])), refused);
    assert_eq!(gate.authenticate(&shown(&[("header", ALPHA), (way, text)])), refused);
    assert_eq!(gate.authenticate(&shown(&[("header", ALPHA), ("query", BETA), (way, text)])), refused);
    assert_eq!(gate.authenticate(&shown(&[(way, text), ("header", ALPHA)])), refused);
}

#[test]
fn the_hash_of_a_key_is_not_the_key() {
    let config = config();
    for hash in [config.auth.keys[0].hash.clone(), config.auth.keys[0].hash.replace("sha256:", "")] {
        assert!(gate(&config).authenticate(&shown(&[("bearer", &hash)])).is_err());
    }
}

#[test]
fn nothing_shown_is_missing() {
    assert_eq!(gate(&config()).authenticate(&shown(&[])), Err(AuthError::Missing { query_key_ignored: false }));
}

#[test]
fn the_same_caller_in_several_ways_is_one_caller() {
    let granted = gate(&config()).authenticate(&shown(&[("bearer", ALPHA), ("header", ALPHA), ("query", ALPHA)]));
    assert_eq!(granted.unwrap().caller(), "alpha");
}

#[test]
fn two_callers_at_once_are_ambiguous() {
    let gate = gate(&config());
    assert_eq!(gate.authenticate(&shown(&[("bearer", ALPHA), ("header", BETA)])), Err(AuthError::Ambiguous));
    assert_eq!(gate.authenticate(&shown(&[("query", ALPHA), ("query", BETA)])), Err(AuthError::Ambiguous));
}

#[test]
fn a_heap_of_credentials_is_refused() {
    let many = vec![("header", ALPHA); 9];
    let refused = gate(&config()).authenticate(&shown(&many));
    assert_eq!(refused, Err(AuthError::Invalid { way: Way::ApiKeyHeader, reason: Refusal::TooMany }));
}

#[rstest]
#[case("2026-11-23T23:59:59Z", true)]
#[case("2026-11-24T00:00:00Z", false)]
fn a_key_is_good_until_its_last_day_has_ended_in_utc(#[case] now: &'static str, #[case] good: bool) {
    let gate = Authenticator::new(&config(), clock_at(now)).unwrap();
    let expired = AuthError::Invalid { way: Way::Bearer, reason: Refusal::ExpiredKey(date(2026, 11, 23)) };
    match gate.authenticate(&shown(&[("bearer", OLD)])) {
        Ok(granted) => assert!(good && granted.caller() == "old"),
        Err(error) => assert!(!good && error == expired),
    }
}

#[test]
fn a_key_in_the_query_proves_nothing_where_it_is_turned_off() {
    let mut shown = Shown::default();
    shown.query(&format!("api_key={ALPHA}"), false);
    assert_eq!(gate(&config()).authenticate(&shown), Err(AuthError::Missing { query_key_ignored: true }));
    shown.api_key(BETA.as_bytes());
    assert_eq!(gate(&config()).authenticate(&shown).unwrap().caller(), "beta");
}

#[test]
fn everybody_is_let_in_only_where_that_is_written_and_only_without_credentials() {
    let mut config = config();
    config.auth.anonymous = true;
    let gate = gate(&config);
    let granted = gate.authenticate(&shown(&[])).unwrap();
    assert_eq!((granted.caller(), granted.pii(), granted.may_refresh()), ("anonymous", PiiMode::Hash, false));
    assert!(granted.sees_account("main") && granted.sees_table("profiles") && granted.sees_event("Charged"));
    assert!(gate.authenticate(&shown(&[("bearer", "")])).is_err());
    assert_eq!(gate.authenticate(&shown(&[("bearer", BETA)])).unwrap().caller(), "beta");
}

fn with_tokens() -> Config {
    let mut config = config();
    config.auth.jwt = Some(accepting(&[HS256], JwtKeys::Secret(SecretString::from(SECRET))));
    config
}

#[test]
fn a_token_is_a_bearer_and_nothing_else() {
    let gate = gate(&with_tokens());
    let token = token(&Signer::shared(), HS256, None, &claims());
    assert_eq!(gate.authenticate(&shown(&[("bearer", &token)])).unwrap().caller(), "jwt:ann");
    assert_eq!(gate.authenticate(&shown(&[("bearer", ALPHA)])).unwrap().caller(), "alpha");
    for way in ["basic", "header", "query"] {
        let reason = gate.authenticate(&shown(&[(way, &token)])).unwrap_err();
        assert!(matches!(reason, AuthError::Invalid { reason: Refusal::UnknownKey, .. }), "{way}: {reason:?}");
    }
}

#[test]
fn a_key_and_a_token_are_two_callers_and_so_are_two_rights_of_one() {
    let gate = gate(&with_tokens());
    let one = token(&Signer::shared(), HS256, None, &claims());
    let same = token(&Signer::shared(), HS256, None, &claims_with(json!({ "jti": "2" })));
    let richer = token(&Signer::shared(), HS256, None, &claims_with(json!({ "flattap_accounts": "*" })));
    assert_eq!(gate.authenticate(&shown(&[("bearer", &one), ("header", ALPHA)])), Err(AuthError::Ambiguous));
    assert_eq!(gate.authenticate(&shown(&[("bearer", &one), ("bearer", &richer)])), Err(AuthError::Ambiguous));
    assert_eq!(gate.authenticate(&shown(&[("bearer", &one), ("bearer", &same)])).unwrap().caller(), "jwt:ann");
}

#[test]
fn a_token_that_cannot_be_checked_is_nobodys_fault() {
    let mut config = config();
    config.auth.jwt = Some(accepting(&[ES256], published("https://login.example.com/")));
    let token = token(&Signer::p256().key, ES256, Some("one"), &claims());
    assert_eq!(gate(&config).authenticate(&shown(&[("bearer", &token)])), Err(AuthError::KeysUnavailable));
}

#[test]
fn a_hash_that_is_none_stops_the_start() {
    let mut config = config();
    config.auth.keys[1].hash = "sha256:abc".to_owned();
    assert!(matches!(Authenticator::new(&config, Clock::system()), Err(AuthSetupError::KeyHash(1))));
}

#[test]
fn no_error_and_no_value_shows_a_credential() {
    let gate = gate(&with_tokens());
    let ways = ["bearer", "basic", "header", "query"];
    for way in ways {
        let shown = shown(&[(way, "TOP-SECRET")]);
        let error = gate.authenticate(&shown).unwrap_err();
        let text = format!("{shown:?} {error} {error:?}");
        assert!(!text.contains("TOP-SECRET"), "{text}");
    }
    let granted = gate.authenticate(&shown(&[("bearer", ALPHA)])).unwrap();
    assert!(!format!("{granted:?}").contains(ALPHA));
}

#[test]
fn callers_with_the_same_rights_share_a_view() {
    let mut twin = KeyConfig::all_seeing("twin", "ft_twin");
    twin.tables = vec!["*".to_owned(), "*".to_owned()];
    let mut config = config();
    config.auth.keys.push(twin);
    let gate = gate(&config);
    let view = |key: &str| gate.authenticate(&shown(&[("bearer", key)])).unwrap().view().clone();
    assert_eq!(view(ALPHA), view("ft_twin"));
    assert_ne!(view(ALPHA), view(BETA));
}
