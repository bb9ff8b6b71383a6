//! Whole configurations, as a user writes them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use rstest::rstest;
use secrecy::ExposeSecret;

use super::*;

mod sample;

const HASH: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

const SMALL: &str = r#"
[accounts.main]
region = "in1"
account_id = "ABC-DEF-123Z"
passcode = "PASS-CODE"
timezone = "Asia/Kolkata"
[[auth.keys]]
name = "powerbi"
hash = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"#;

fn file(text: &str) -> ConfigFile {
    ConfigFile { path: PathBuf::from("/etc/flattap/flattap.toml"), text: text.to_owned() }
}

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::read(Some(&file(text)), [])
}

fn with_variables(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Config::read(Some(&file(text)), variables)
}

#[track_caller]
fn refusal(text: &str) -> String {
    read(text).expect_err("must be refused").to_string()
}

#[test]
fn what_is_not_written_has_the_contracts_default() {
    let config = read(SMALL).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.admin_listen.to_string(), "127.0.0.1:8081");
    assert_eq!(config.server.default_wait, Duration::from_secs(90));
    assert_eq!(config.server.max_wait, Duration::from_secs(100));
    assert_eq!(config.server.fresh_floor, Duration::from_secs(10));
    assert!(config.server.key_in_query && config.server.public_url.is_none() && config.server.tls.is_none());
    assert_eq!((config.limits.range_days, config.limits.concurrent_requests), (800, 256));
    assert_eq!(config.limits.requests_per_key, None);
    assert_eq!(config.store.url.as_str(), "file:///var/lib/flattap");
    assert_eq!((config.cache.memory, config.cache.answer, config.cache.spool), (256 << 20, 16 << 20, 4 << 30));
    let account = &config.accounts["main"];
    assert_eq!((account.concurrency, account.late_days), (2, 3));
    assert_eq!(account.open_day_ttl, Duration::from_secs(300));
    assert_eq!(account.base_url.as_str(), "https://in1.api.clevertap.com/");
    assert_eq!(account.timezone.iana_name(), Some("Asia/Kolkata"));
    let key = &config.auth.keys[0];
    assert!(key.accounts.is_empty() && key.tables.is_empty() && !key.refresh && key.expires.is_none());
    assert_eq!((key.events.as_slice(), key.pii), (["*".to_owned()].as_slice(), PiiMode::Hash));
}

#[test]
fn the_variable_wins_and_is_read_by_what_stands_there() {
    let config = with_variables(
        SMALL,
        &[
            ("FLATTAP__ACCOUNTS__MAIN__PASSCODE", "12345"),
            ("FLATTAP__ACCOUNTS__MAIN__CONCURRENCY", "1"),
            ("FLATTAP__ACCOUNTS__MAIN__OPEN_DAY_TTL", "6h"),
            ("FLATTAP__SERVER__LISTEN", "0.0.0.0:80"),
            ("FLATTAP__SERVER__KEY_IN_QUERY", "false"),
            ("FLATTAP__SERVER__CORS_ORIGINS", r#"["https://a.example"]"#),
            ("FLATTAP__SERVER__TLS", r#"{ cert = "a.pem", key = "b.pem" }"#),
            ("FLATTAP__SERVER__TLS__KEY", "c.pem"),
            ("FLATTAP__CACHE__MEMORY", "1GiB"),
            ("FLATTAP__STORE__OPTIONS__AWS_REGION", "ap-south-1"),
            ("FLATTAP__AUTH__KEYS", &format!(r#"[{{ name = "n", hash = "{HASH}", expires = 2027-01-01 }}]"#)),
            ("FLATTAP_LOG", "debug"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    let account = &config.accounts["main"];
    assert_eq!(account.passcode.expose_secret(), "12345");
    assert_eq!((account.concurrency, account.open_day_ttl), (1, Duration::from_secs(6 * 3600)));
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:80");
    assert!(!config.server.key_in_query);
    assert_eq!(config.server.cors_origins, ["https://a.example"]);
    let tls = config.server.tls.unwrap();
    assert_eq!((tls.cert, tls.key), (PathBuf::from("/etc/flattap/a.pem"), PathBuf::from("/etc/flattap/c.pem")));
    assert_eq!(config.cache.memory, 1 << 30);
    assert_eq!(config.store.options["aws_region"], "ap-south-1");
    assert_eq!(config.auth.keys[0].name, "n");
    assert_eq!(config.auth.keys[0].expires, Some(jiff::civil::date(2027, 1, 1)));
}

#[test]
fn variables_alone_are_a_configuration() {
    let variables = [
        ("FLATTAP__ACCOUNTS__SHOP__BASE_URL", "http://127.0.0.1:9099"),
        ("FLATTAP__ACCOUNTS__SHOP__ACCOUNT_ID", "ABC"),
        ("FLATTAP__ACCOUNTS__SHOP__PASSCODE", "p"),
        ("FLATTAP__ACCOUNTS__SHOP__TIMEZONE", "Europe/Berlin"),
        ("FLATTAP__AUTH__ANONYMOUS", "true"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()));
    let config = Config::read(None, variables).unwrap();
    assert_eq!(config.accounts["shop"].base_url.as_str(), "http://127.0.0.1:9099/");
    assert!(config.auth.anonymous);
}

#[test]
fn a_variable_reaches_an_account_whose_name_it_cannot_spell() {
    let text = SMALL.replace("accounts.main", "accounts.Shop-India");
    let config = with_variables(&text, &[("FLATTAP__ACCOUNTS__SHOP_INDIA__LATE_DAYS", "5")]).unwrap();
    assert_eq!(config.accounts["Shop-India"].late_days, 5);
}

#[rstest]
#[case("[server]\nlistn = \"127.0.0.1:1\"", "`server.listn`; did you mean `server.listen`?")]
#[case("[servr]\nlisten = \"127.0.0.1:1\"", "`servr`; did you mean `server`?")]
#[case("[server]\nrange_days = 3", "`server.range_days`; did you mean `limits.range_days`?")]
#[case("[accounts.main]\npascode = \"x\"", "`accounts.main.pascode`; did you mean `accounts.main.passcode`?")]
#[case("[[auth.keys]]\nnmae = \"x\"", "`auth.keys[].nmae`; did you mean `auth.keys[].name`?")]
#[case("bananas = 1", "unknown key `bananas`")]
fn an_unknown_key_names_the_nearest_known_one(#[case] text: &str, #[case] expected: &str) {
    let refusal = refusal(text);
    assert!(refusal.contains(expected), "{refusal}");
    assert!(refusal.starts_with("/etc/flattap/flattap.toml: "), "{refusal}");
}

#[rstest]
#[case("FLATTAP__SERVR__LISTEN", "did you mean `FLATTAP__SERVER__LISTEN`?")]
#[case("FLATTAP__ACCOUNTS__MAIN__PASCODE", "did you mean `FLATTAP__ACCOUNTS__MAIN__PASSCODE`?")]
#[case("FLATTAP__AUTH__KEYS__NAME", "did you mean `FLATTAP__AUTH__KEYS`?")]
#[case("FLATTAP__SERVER__LISTEN__MORE", "unknown key `server.listen.more`")]
#[case("FLATTAP__", "unknown key")]
fn an_unknown_variable_is_refused(#[case] name: &str, #[case] expected: &str) {
    let refusal = with_variables(SMALL, &[(name, "hidden-value")]).unwrap_err().to_string();
    assert!(refusal.contains(expected) && refusal.contains(name), "{refusal}");
    assert!(!refusal.contains("hidden-value"), "{refusal}");
}

#[rstest]
#[case("region = \"in1\"", "region = \"in9\"", "`accounts.main.region`: expected eu1, in1")]
#[case("region = \"in1\"\n", "", "`accounts.main.region`: is missing")]
#[case("timezone = \"Asia/Kolkata\"\n", "", "`accounts.main.timezone`: is missing")]
#[case("Asia/Kolkata", "Asia/Kolkatta", "did you mean `Asia/Kolkata`?")]
#[case("Asia/Kolkata", "Etc/Unknown", "`accounts.main.timezone`")]
#[case("account_id = \"ABC-DEF-123Z\"\n", "", "`accounts.main.account_id`: is missing")]
#[case("ABC-DEF-123Z", "../../etc", "`accounts.main.account_id`")]
#[case("passcode = \"PASS-CODE\"\n", "", "`accounts.main.passcode`: is missing")]
#[case("passcode = \"PASS-CODE\"", "passcode = \"a\\nb\"", "`accounts.main.passcode`")]
#[case("name = \"powerbi\"", "name = \"\"", "`auth.keys[0].name`")]
#[case("name = \"powerbi\"", "name = \"anonymous\"", "`auth.keys[0].name`")]
#[case("sha256:ba", "sha256:zz", "`auth.keys[0].hash`: expected `sha256:`")]
#[case("sha256:ba", "ba", "`auth.keys[0].hash`: expected `sha256:`")]
#[case("name = \"powerbi\"", "name = \"p\"\nexpires = \"2027-13-01\"", "`auth.keys[0].expires`: expected a date")]
#[case("name = \"powerbi\"", "name = \"p\"\npii = \"none\"", "`auth.keys[0].pii`: expected `hash`, `drop` or `clear`")]
#[case("name = \"powerbi\"", "name = \"p\"\ntables = \"events\"", "`auth.keys[0].tables`: expected a list")]
#[case("name = \"powerbi\"", "name = \"p\"\ntables = [\"\"]", "`auth.keys[0].tables[0]`")]
#[case("region = \"in1\"", "region = \"in1\"\nconcurrency = 0", "`accounts.main.concurrency`")]
#[case(
    "region = \"in1\"",
    "region = \"in1\"\nconcurrency = -1",
    "`accounts.main.concurrency`: expected a whole number"
)]
#[case("region = \"in1\"", "region = \"in1\"\nopen_day_ttl = 5", "`accounts.main.open_day_ttl`: expected a text")]
#[case(
    "region = \"in1\"",
    "region = \"in1\"\nopen_day_ttl = \"5\"",
    "`accounts.main.open_day_ttl`: expected a duration"
)]
#[case(
    "region = \"in1\"",
    "region = \"in1\"\nbase_url = \"x\"",
    "`accounts.main.base_url`: expected an absolute address"
)]
#[case("[[auth.keys]]", "[server]\nlisten = \"localhost\"\n[[auth.keys]]", "`server.listen`: expected an IP address")]
#[case(
    "[[auth.keys]]",
    "[server]\nadmin_listen = \"0.0.0.0:8080\"\n[[auth.keys]]",
    "`server.admin_listen`: takes the port"
)]
#[case("[[auth.keys]]", "[server]\nlisten = \"127.0.0.1:8081\"\n[[auth.keys]]", "`server.listen`: is where /livez")]
#[case("[[auth.keys]]", "[server]\ndefault_wait = \"2h\"\n[[auth.keys]]", "`server.default_wait`: must not be longer")]
#[case("[[auth.keys]]", "[server]\ntls = { cert = \"a\" }\n[[auth.keys]]", "`server.tls.key`: is missing")]
#[case("[[auth.keys]]", "[server]\ncors_origins = [\"x/y\"]\n[[auth.keys]]", "`server.cors_origins[0]`")]
#[case("[[auth.keys]]", "[limits]\nrange_days = 0\n[[auth.keys]]", "`limits.range_days`")]
#[case(
    "[[auth.keys]]",
    "[limits]\nrequests_per_key = \"many\"\n[[auth.keys]]",
    "`limits.requests_per_key`: expected `off`"
)]
#[case("[[auth.keys]]", "[cache]\nmemory = \"lots\"\n[[auth.keys]]", "`cache.memory`: expected a size")]
#[case("[[auth.keys]]", "[cache]\nmemory = \"1MiB\"\nanswer = \"2MiB\"\n[[auth.keys]]", "`cache.answer`")]
#[case("[[auth.keys]]", "[store]\nurl = \"ftp://x\"\n[[auth.keys]]", "`store.url`: expected")]
#[case("[[auth.keys]]", "[store]\nurl = \"file://data\"\n[[auth.keys]]", "`store.url`: a folder of this machine")]
#[case("[[auth.keys]]", "[store]\nurl = \"s3://u:p@b/\"\n[[auth.keys]]", "`store.url`: must not hold credentials")]
#[case("[[auth.keys]]", "[store]\nurl = \"s3://bucket\"\n[[auth.keys]]", "`pii.hash_key`: is missing")]
#[case("[[auth.keys]]", "[pii]\nhash_key = \"short\"\n[[auth.keys]]", "`pii.hash_key`: is too short")]
#[case("[[auth.keys]]", "server = 5\n[[auth.keys]]", "`accounts.main.server`")]
fn a_value_that_cannot_be_is_refused_at_its_key(#[case] was: &str, #[case] becomes: &str, #[case] expected: &str) {
    assert!(SMALL.contains(was));
    let refusal = refusal(&SMALL.replacen(was, becomes, 1));
    assert!(refusal.contains(expected), "{refusal}");
}

#[test]
fn nobody_who_could_call_is_refused_unless_everybody_may() {
    let nobody = SMALL.split("[[auth.keys]]").next().unwrap();
    let refusal = read(nobody).unwrap().check_callers().unwrap_err().to_string();
    assert!(refusal.contains("`auth.keys`") && refusal.contains("anonymous = true"), "{refusal}");
    assert!(read(&format!("{nobody}\n[auth]\nanonymous = true")).unwrap().check_callers().is_ok());
}

#[test]
fn a_configuration_without_an_account_is_refused() {
    let refusal = refusal(&format!("[[auth.keys]]\nname = \"a\"\nhash = \"{HASH}\""));
    assert!(refusal.contains("`accounts`: there is none"), "{refusal}");
}

#[test]
fn names_and_hashes_and_projects_are_their_own() {
    let other = HASH.replace("ba78", "ffff");
    let same_name = refusal(&format!("{SMALL}\n[[auth.keys]]\nname = \"powerbi\"\nhash = \"{other}\""));
    assert!(same_name.contains("`auth.keys[1].name`"), "{same_name}");
    let same_hash =
        refusal(&format!("{SMALL}\n[[auth.keys]]\nname = \"b\"\nhash = \"{}\"", HASH.replace("ba78", "BA78")));
    assert!(same_hash.contains("`auth.keys[1].hash`"), "{same_hash}");
    let account = SMALL.split("[[auth.keys]]").next().unwrap();
    let same_project = refusal(&format!("{SMALL}\n{}", account.replace("accounts.main", "accounts.other")));
    assert!(same_project.contains("account_id"), "{same_project}");
}

#[rstest]
#[case("issuer = \"i\"\naudience = \"a\"\njwks_url = \"https://x/\"", "")]
#[case("issuer = \"i\"\njwks_url = \"https://x/\"", "`auth.jwt.audience`: is missing")]
#[case("issuer = \"i\"\naudience = \"\"\njwks_url = \"https://x/\"", "`auth.jwt.audience`: must not be empty")]
#[case("audience = \"a\"\njwks_url = \"https://x/\"", "`auth.jwt.issuer`: is missing")]
#[case("issuer = \"i\"\naudience = \"a\"", "`auth.jwt.jwks_url`: is missing")]
#[case("issuer = \"i\"\naudience = \"a\"\nhs_secret = \"x\"\njwks_url = \"https://x/\"", "`auth.jwt`: keep one")]
#[case(
    "issuer = \"i\"\naudience = \"a\"\nhs_secret = \"0123456789012345678901234567890\"",
    "`auth.jwt.hs_secret`: is too short"
)]
#[case("issuer = \"i\"\naudience = \"a\"\nhs_secret = \"01234567890123456789012345678901\"", "")]
#[case(
    "issuer = \"i\"\naudience = \"a\"\nhs_secret = \"01234567890123456789012345678901\"\nalgorithms = [\"RS256\"]",
    "`auth.jwt.algorithms`: a shared secret"
)]
#[case(
    "issuer = \"i\"\naudience = \"a\"\njwks_url = \"https://x/\"\nalgorithms = [\"HS256\"]",
    "`auth.jwt.algorithms`: public keys"
)]
#[case(
    "issuer = \"i\"\naudience = \"a\"\njwks_url = \"https://x/\"\nalgorithms = [\"none\"]",
    "`auth.jwt.algorithms[0]`: expected one of"
)]
#[case(
    "issuer = \"i\"\naudience = \"a\"\njwks_url = \"https://x/\"\nalgorithms = []",
    "`auth.jwt.algorithms`: must name"
)]
#[case("issuer = \"i\"\naudience = \"a\"\njwks_url = \"http://x/\"", "`auth.jwt.jwks_url`: expected https")]
#[case("issuer = \"i\"\naudience = \"a\"\njwks_url = \"http://x/\"\njwks_allow_http = true", "")]
#[case("issuer = \"i\"\naudience = \"a\"\njwks_url = \"http://127.0.0.1:1/\"", "")]
#[case(
    "issuer = \"i\"\naudience = \"a\"\npublic_key_file = \"none.pem\"",
    "`auth.jwt.public_key_file`: /etc/flattap/none.pem cannot be read"
)]
fn tokens_need_an_issuer_an_audience_and_one_safe_key(#[case] section: &str, #[case] expected: &str) {
    match (read(&format!("{SMALL}\n[auth.jwt]\n{section}")), expected) {
        (Ok(_), "") => {}
        (Ok(_), _) => panic!("must be refused: {expected}"),
        (Err(refusal), expected) => {
            assert!(!expected.is_empty() && refusal.to_string().contains(expected), "{refusal}");
        }
    }
}

#[test]
fn a_secret_may_lie_in_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("passcode"), "FROM-FILE\r\n").unwrap();
    let text = SMALL.replace("passcode = \"PASS-CODE\"", "passcode_file = \"passcode\"");
    let file = ConfigFile { path: folder.path().join("flattap.toml"), text: text.clone() };
    assert_eq!(Config::read(Some(&file), []).unwrap().accounts["main"].passcode.expose_secret(), "FROM-FILE");

    std::fs::write(folder.path().join("passcode"), "\n").unwrap();
    let refusal = Config::read(Some(&file), []).unwrap_err().to_string();
    assert!(refusal.contains("`accounts.main.passcode_file`") && refusal.contains("is empty"), "{refusal}");

    let both = ConfigFile { text: text.replace("region", "passcode = \"x\"\nregion"), ..file };
    let refusal = Config::read(Some(&both), []).unwrap_err().to_string();
    assert!(refusal.contains("keep one of the two"), "{refusal}");
}

#[cfg(unix)]
#[rstest]
#[case(SMALL, 0o600, true)]
#[case(SMALL, 0o640, true)]
#[case(SMALL, 0o644, false)]
#[case("[store.options]\naws_secret_access_key = \"x\"", 0o644, false)]
#[case("[auth]\nanonymous = true", 0o644, true)]
fn a_secret_that_everyone_may_read_is_refused(#[case] text: &str, #[case] mode: u32, #[case] accepted: bool) {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flattap.toml");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    let refused = matches!(Config::load(Some(&path)), Err(ConfigError::ReadableByEveryone { .. }));
    assert_eq!(refused, !accepted);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let refusal = Config::load(Some(Path::new("/nowhere/flattap.toml"))).unwrap_err().to_string();
    assert!(refusal.starts_with("/nowhere/flattap.toml cannot be read"), "{refusal}");
}

#[test]
fn broken_toml_is_placed_but_never_quoted() {
    let refusal = refusal("[accounts.main]\npasscode = \"TOP-SECRET\nregion = 1");
    assert!(refusal.contains("line 2, column"), "{refusal}");
    assert!(!refusal.contains("TOP-SECRET"), "{refusal}");
}

#[rstest]
#[case("passcode = 13371337")]
#[case("passcode = [\"13371337\"]")]
#[case("passcode = { a = \"13371337\" }")]
#[case("timezone = 13371337")]
#[case("concurrency = \"13371337\"")]
#[case("region = \"13371337\"")]
#[case("base_url = \"https://u:13371337@x/\"")]
#[case("account_id = \"13371337/\"")]
fn no_refusal_quotes_a_value(#[case] line: &str) {
    let key = line.split(' ').next().unwrap();
    let text: String =
        SMALL.lines().filter(|other| !other.starts_with(key)).map(|other| format!("{other}\n")).collect();
    let refusal = refusal(&text.replace("[accounts.main]", &format!("[accounts.main]\n{line}")));
    assert!(refusal.contains(&format!("`accounts.main.{key}")), "{refusal}");
    assert!(!refusal.contains("13371337"), "{refusal}");
}

#[test]
fn debug_shows_no_secret() {
    let config = read(&format!(
        "{SMALL}\n[pii]\nhash_key = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n[store.options]\naws_secret_access_key = \"BBBB\"\n\
         [auth.jwt]\nissuer = \"i\"\naudience = \"a\"\nhs_secret = \"CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC\""
    ))
    .unwrap();
    let shown = format!("{config:?} {config:#?}");
    for secret in ["PASS-CODE", "AAAA", "BBBB", "CCCC"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn a_store_may_be_a_folder_beside_the_file() {
    let config = read(&format!("{SMALL}\n[store]\nurl = \"data\"")).unwrap();
    assert_eq!(config.store.url.as_str(), "file:///etc/flattap/data/");
    assert!(config.store.is_local());
}

#[test]
fn a_bucket_needs_no_hash_key_when_nothing_is_ever_hashed() {
    let text = SMALL.replace("name = \"powerbi\"", "name = \"powerbi\"\npii = \"clear\"");
    assert!(read(&format!("{text}\n[store]\nurl = \"s3://bucket/prefix\"")).is_ok());
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let warnings = read(SMALL).unwrap().warnings();
    assert!(warnings.iter().any(|warning| warning.contains("`powerbi` has no `tables`")), "{warnings:?}");
}

#[test]
fn a_configuration_built_in_code_follows_the_same_rules() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::for_testing(Url::parse("http://127.0.0.1:9099").unwrap(), folder.path());
    config.check().unwrap();
    assert!(Config::local(folder.path()).unwrap().check().is_err());
}

proptest! {
    #[test]
    fn no_text_makes_the_reading_panic(text in "[\\[\\]a-z.= \"{}\\n0-9#]{0,60}") {
        let _ = read(&text);
        let _ = with_variables(SMALL, &[("FLATTAP__AUTH__KEYS", &text), ("FLATTAP__LIMITS__RANGE_DAYS", &text)]);
    }
}
