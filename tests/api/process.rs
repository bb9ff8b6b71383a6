//! The program on its own: commands, exit codes, signals, listeners, HTTPS.

use std::process::Output;
use std::time::Duration;

use flattap::config::{TEST_KEY, Tls};
use flattap::simulator::{Endpoint, Fault, Simulator, SimulatorConfig};
use jiff::ToSpan;
use reqwest::Method;
use rstest::rstest;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::program::{Configuration, Program, Served, client, permit, run, shop, stderr, stdout};
use crate::support::{Answer, Setup, TestGateway};

fn configured() -> (TempDir, Simulator, Configuration) {
    let folder = tempfile::tempdir().unwrap();
    let simulator = shop(20, Duration::ZERO);
    let configuration = Configuration::write(folder.path(), &simulator);
    (folder, simulator, configuration)
}

#[track_caller]
fn ended(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "stdout: {}\nstderr: {}", stdout(output), stderr(output));
}

#[rstest]
#[case("TERM")]
#[case("INT")]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_lets_a_slow_answer_finish_and_nothing_new_begin(#[case] signal: &str) {
    let folder = tempfile::tempdir().unwrap();
    let simulator = shop(2_000, Duration::ZERO);
    let configuration = Configuration::write(folder.path(), &simulator);
    let today = simulator.today();
    let from = today.checked_sub(jiff::ToSpan::days(16)).unwrap();
    let path = format!("/v1/events.csv?event=Charged&from={from}&to={}", today.yesterday().unwrap());
    let gateway = Served::start(&configuration).await;
    let whole = gateway.get(&path).await.good();

    let mut slow = gateway.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(slow.content_length(), None, "it is streamed");
    let mut read = slow.chunk().await.unwrap().expect("a first piece").to_vec();
    gateway.program.signal(signal);
    let mut refused = false;
    for _ in 0..200 {
        refused = client().get(format!("{}/v1/", gateway.base)).send().await.is_err();
        if refused {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(refused, "no new connections");
    while let Some(piece) = slow.chunk().await.expect("the answer does not break off") {
        read.extend_from_slice(&piece);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(read.len() > 8_000_000, "larger than what lies in buffers: {}", read.len());
    assert!(read == whole.bytes(), "{} of {} bytes", read.len(), whole.bytes().len());
    drop(slow);
    assert_eq!(gateway.program.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_and_metrics_are_on_the_second_listener_only() {
    let (_folder, _simulator, configuration) = configured();
    let gateway = Served::start(&configuration).await;
    gateway.get("/v1/events.csv?event=Charged&range=yesterday").await.good();
    for path in ["/livez", "/readyz", "/metrics"] {
        let probe = Answer::of(gateway.client.get(format!("{}{path}", gateway.admin)).send().await.unwrap()).await;
        assert_eq!(probe.status, 200, "{path}: {}", probe.text());
        assert!(!probe.text().contains(TEST_KEY) && !probe.text().contains("DEM-OPA"), "no secrets");
        if path == "/metrics" {
            assert!(probe.text().contains("# TYPE "), "{}", probe.text());
        }
        assert_eq!(gateway.get(path).await.status, 404, "{path}");
    }
    gateway.program.signal("TERM");
    assert_eq!(gateway.program.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_listener_serves_both_when_they_are_written_equal() {
    let (_folder, _simulator, configuration) = configured();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let configuration = configuration.replace("127.0.0.1:0", &free);
    let gateway = Served::start(&configuration).await;
    assert_eq!(gateway.base, gateway.admin);
    assert_eq!(gateway.get("/livez").await.status, 200);
    assert_eq!(gateway.get("/v1/").await.status, 200);
    // The port is taken now: that is a failure, not a wrong configuration.
    let second = run(&["serve", "--config", configuration.argument()]);
    ended(&second, 1);
    assert!(stderr(&second).contains(&free), "{}", stderr(&second));
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_what_is_wrong_with_an_account() {
    let (_folder, simulator, configuration) = configured();
    let check = || run(&["check", "--config", configuration.argument()]);
    let good = check();
    ended(&good, 0);
    let table = stdout(&good);
    assert!(table.starts_with("account"), "{table}");
    assert!(table.lines().any(|line| line.starts_with("main") && line.ends_with("ok, all 7 APIs answer, 10 events in the catalogue")), "{table}");

    assert!(
        table.contains("answering: events, event_count, profiles, schema, campaigns, message_reports, real_time"),
        "{table}"
    );
    assert!(!table.contains("warning"), "{table}");

    simulator.faults().always(Endpoint::Campaigns, Fault::Fail { status: 400, error: "Not for this project" });
    let partly = check();
    ended(&partly, 0);
    let table = stdout(&partly);
    assert!(table.contains("6 of 7 APIs answer, 10 events in the catalogue"), "{table}");
    assert!(table.contains("answering: events, event_count, profiles, schema, message_reports, real_time"), "{table}");
    assert!(table.lines().any(|line| line.contains("campaigns: ") && line.contains("Not for this project")), "{table}");
    simulator.faults().clear();

    simulator.faults().outage(Fault::Forbidden);
    let forbidden = check();
    ended(&forbidden, 1);
    assert!(stdout(&forbidden).contains("(an IP restriction: allow"), "{}", stdout(&forbidden));
    assert!(!stdout(&forbidden).contains("passcode"), "{}", stdout(&forbidden));
    simulator.faults().outage_over();

    let text = configuration.text.clone();
    let wrong = Configuration { path: configuration.path.clone(), text }.replace("DEM-OPA-SSCD", "AAA-BBB-CCCC");
    let refused = run(&["check", "--config", wrong.argument()]);
    ended(&refused, 1);
    assert!(stdout(&refused).contains("wrong passcode, wrong region"), "{}", stdout(&refused));
    assert!(!stdout(&refused).contains("AAA-BBB-CCCC") && !stderr(&refused).contains("AAA-BBB-CCCC"));

    // A port that the system gives to nobody, so that no other test's server is met there.
    let nowhere = wrong.replace(&simulator.base_url(), "http://127.0.0.1:1");
    let unreachable = run(&["check", "--config", nowhere.argument()]);
    ended(&unreachable, 1);
    assert!(stdout(&unreachable).contains("no network"), "{}", stdout(&unreachable));
    assert!(!stdout(&unreachable).contains("wrong passcode"), "{}", stdout(&unreachable));

    let nowhen = nowhere.replace("Asia/Kolkata", "Asia/Kolkatta");
    let unknown = run(&["check", "--config", nowhen.argument()]);
    ended(&unknown, 2);
    assert!(stderr(&unknown).contains("Asia/Kolkata`"), "the right name is near: {}", stderr(&unknown));
    assert_eq!(stdout(&unknown), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_warns_when_the_data_is_not_of_the_configured_zone() {
    let (_folder, simulator, configuration) = configured();
    let check = || run(&["check", "--config", configuration.argument()]);
    let record = |time: jiff::civil::DateTime| {
        format!(r#"{{"ts":{},"event_props":{{}},"profile":{{"objectId":"o"}}}}"#, time.strftime("%Y%m%d%H%M%S"))
    };
    let now = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::get("Asia/Kolkata").unwrap()).datetime();
    for (time, words) in [
        (now.checked_add(2.hours()).unwrap(), "in this time zone: is it the project's?"),
        (now.checked_sub(50.hours()).unwrap(), "lie outside the days that were asked for: is the time zone right?"),
    ] {
        simulator.set_records("App Launched", simulator.today(), [record(time)]);
        let warned = check();
        ended(&warned, 0);
        let table = stdout(&warned);
        // Two hours from now it may be tomorrow.
        assert!(
            table.contains("warning: 1 of ") && (table.contains(words) || table.contains("lie outside")),
            "{table}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_of_the_accounts_also_where_nobody_may_call() {
    let (_folder, _simulator, configuration) = configured();
    let keys = configuration.text.find("[[auth.keys]]").unwrap();
    let entry = configuration.text[keys..].to_owned();
    let configuration = configuration.replace(&entry, "");
    let checked = run(&["check", "--config", configuration.argument()]);
    ended(&checked, 2);
    assert!(stdout(&checked).contains("ok, all 7 APIs answer"), "{}", stdout(&checked));
    assert!(stderr(&checked).contains("nobody could call"), "{}", stderr(&checked));
}

#[rstest]
#[case("[auth.jwt]\nissuer = \"i\"\naudience = \"a\"\npublic_key_file = \"Cargo.toml\"\n", "auth.jwt")]
#[case("[views.odd]\nsql = \"DELETE FROM campaigns\"\n", "view `odd`")]
#[case("[server.tls]\ncert = \"none.pem\"\nkey = \"none.pem\"\n", "none.pem")]
#[tokio::test(flavor = "multi_thread")]
async fn check_tells_of_settings_that_only_a_start_would_meet(#[case] section: &str, #[case] words: &str) {
    let (folder, _simulator, configuration) = configured();
    std::fs::write(folder.path().join("Cargo.toml"), "no key").unwrap();
    let configuration = configuration.replace("[store]", &format!("{section}[store]"));
    for command in ["check", "serve"] {
        let refused = run(&[command, "--config", configuration.argument()]);
        ended(&refused, 2);
        assert!(stderr(&refused).contains(words), "{command}: {}", stderr(&refused));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_every_account_and_fails_when_one_does() {
    let (_folder, simulator, configuration) = configured();
    let other = format!(
        "[accounts.second_shop]\naccount_id = \"X\"\npasscode = \"Y\"\ntimezone = \"UTC\"\nbase_url = \"{}\"\n[accounts.main]",
        simulator.base_url()
    );
    let configuration = configuration.replace("[accounts.main]", &other);
    let checked = run(&["check", "--config", configuration.argument()]);
    ended(&checked, 1);
    let table = stdout(&checked);
    assert!(table.lines().any(|line| line.starts_with("main") && line.ends_with("ok, all 7 APIs answer, 10 events in the catalogue")), "{table}");
    assert!(table.lines().any(|line| line.starts_with("second_shop") && line.contains("passcode")), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_opens_what_its_entry_says() {
    let (_folder, _simulator, configuration) = configured();
    let made = run(&["key", "new", "--name", "looker", "--table", "event*", "--account", "main", "--event", "Charged"]);
    ended(&made, 0);
    let text = stdout(&made);
    let (first, entry) = text.split_once('\n').unwrap();
    let key = first.strip_prefix("key = \"").and_then(|rest| rest.strip_suffix('"')).expect("the key first");
    assert!(!entry.contains(key) && !stderr(&made).contains(key), "it is shown once");
    let again = run(&["key", "new", "--name", "looker"]);
    assert_ne!(stdout(&again).lines().next(), Some(first), "every key is another");

    let configuration = configuration.replace("[[auth.keys]]", &format!("{entry}\n[[auth.keys]]"));
    let gateway = Served::start(&configuration).await;
    let ask = |path: &str| gateway.client.get(format!("{}{path}", gateway.base)).bearer_auth(key).send();
    let charged = Answer::of(ask("/v1/events.csv?event=Charged&range=yesterday").await.unwrap()).await.good();
    assert_eq!(charged.csv().rows.len(), 20);
    let other = Answer::of(ask("/v1/events.csv?event=App%20Launched&range=yesterday").await.unwrap()).await;
    assert_eq!(other.status, 404, "{}", other.text());
    let stranger = gateway.client.get(format!("{}/v1/", gateway.base)).bearer_auth(format!("{key}x")).send();
    assert_eq!(stranger.await.unwrap().status(), 401);
}

#[test]
fn openapi_is_printed_as_a_document_and_nothing_else() {
    let printed = run(&["openapi"]);
    ended(&printed, 0);
    let document: Value = serde_json::from_str(&stdout(&printed)).expect("JSON");
    assert!(document["openapi"].as_str().unwrap().starts_with("3."), "{document}");
    assert!(document["paths"].as_object().unwrap().keys().any(|path| path.starts_with("/v1/")));
    assert_eq!(stderr(&printed), "");
}

#[rstest]
#[case(&[], 2, "Usage")]
#[case(&["serv"], 2, "serve")]
#[case(&["serve", "--port", "1"], 2, "--port")]
#[case(&["serve", "--config", "/no/such/file.toml"], 2, "/no/such/file.toml")]
#[case(&["check", "--config", "/no/such/file.toml"], 2, "/no/such/file.toml")]
#[case(&["key", "new"], 2, "--name")]
#[case(&["key", "new", "--name", "a", "--expires", "2020-01-01"], 2, "passed")]
#[case(&["demo", "--listen", "nowhere"], 2, "--listen")]
#[case(&["simulate", "--listen", "192.0.2.1:1"], 1, "192.0.2.1:1")]
#[case(&["demo", "--listen", "192.0.2.1:1"], 1, "192.0.2.1:1")]
fn a_bad_line_is_2_and_a_failure_1(#[case] line: &[&str], #[case] code: i32, #[case] words: &str) {
    let output = run(line);
    ended(&output, code);
    assert!(stderr(&output).contains(words), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
}

#[rstest]
#[case("[server]", "[sever]", "server")]
#[case("passcode =", "pascode =", "passcode")]
#[case("pii = \"clear\"", "pii = \"clean\"", "clear")]
#[case("accounts = [\"*\"]\n", "accounts = \"*\"\n", "accounts")]
#[case("Asia/Kolkata", "Asia/Kolkatta", "timezone")]
#[case("timezone = \"Asia/Kolkata\"\n", "", "timezone")]
#[case("sha256:", "md5:", "hash")]
#[case("[[auth.keys]]", "[[auth.keys]", "line")]
fn a_wrong_configuration_is_2_and_names_the_place(#[case] old: &str, #[case] new: &str, #[case] words: &str) {
    let (_folder, _simulator, configuration) = configured();
    let configuration = configuration.replace(old, new);
    let output = run(&["serve", "--config", configuration.argument()]);
    ended(&output, 2);
    assert!(stderr(&output).contains(words), "{}", stderr(&output));
    assert!(!stderr(&output).contains("DEM-OPA-SSCD"), "no secrets: {}", stderr(&output));
}

#[test]
fn a_configuration_that_everyone_may_read_is_refused() {
    let (_folder, _simulator, configuration) = configured();
    permit(&configuration.path, 0o644);
    let output = run(&["serve", "--config", configuration.argument()]);
    ended(&output, 2);
    assert!(stderr(&output).contains("600"), "{}", stderr(&output));
}

#[test]
fn a_gateway_that_nobody_may_enter_does_not_start() {
    let (_folder, _simulator, configuration) = configured();
    let keys = configuration.text.find("[[auth.keys]]").unwrap();
    let entry = configuration.text[keys..].to_owned();
    let output = run(&["serve", "--config", configuration.replace(&entry, "").argument()]);
    ended(&output, 2);
    assert!(stderr(&output).contains("auth"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_that_the_demo_prints_works_in_a_shell() {
    let mut demo = Program::start(&["demo", "--listen", "127.0.0.1:0"]);
    let line = demo.line_with("  curl ").await;
    // The shell takes the line apart as it would for curl itself, which need not be installed here.
    let script = format!("curl() {{ printf '%s\\n' \"$@\"; }}\n{line}\n");
    let taken = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(taken.status.success(), "{taken:?}");
    let words = stdout(&taken);
    let words: Vec<&str> = words.lines().collect();
    let [option, header, url] = words[..] else { panic!("{words:?}") };
    assert_eq!(option, "-H");
    let (name, value) = header.split_once(": ").unwrap();
    let answer = Answer::of(client().get(url).header(name, value).send().await.unwrap()).await.good();
    let rows = answer.csv();
    assert!(!rows.rows.is_empty() && rows.columns.contains(&"prop_amount".to_owned()), "{:?}", rows.columns);
    let bare = client().get(url).send().await.unwrap();
    assert_eq!(bare.status(), 401, "the key is needed");
    demo.signal("INT");
    assert_eq!(demo.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_alone_is_an_account_to_check_against() {
    let mut simulated = Program::start(&["simulate", "--listen", "127.0.0.1:0"]);
    let line = simulated.line_with("http://").await;
    let url = &line[line.find("http://").unwrap()..];
    let account = simulated.line_with("account_id").await.replace(", ", "\n");
    let folder = tempfile::tempdir().unwrap();
    let stand_in = Simulator::start(SimulatorConfig::for_testing()).unwrap();
    let configuration = Configuration::write(folder.path(), &stand_in);
    let begin = configuration.text.find("account_id").unwrap();
    let end = configuration.text.find("timezone").unwrap();
    let old = configuration.text[begin..end].to_owned();
    let configuration = configuration.replace(&old, &format!("{account}\n")).replace(&stand_in.base_url(), url);
    let checked = run(&["check", "--config", configuration.argument()]);
    ended(&checked, 0);
    simulated.signal("TERM");
    assert_eq!(simulated.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_makes_it_https_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = Tls { cert, key };
    let gateway = TestGateway::with(Setup::default().config(move |config| config.server.tls = Some(tls.clone()))).await;
    let port = gateway.base.rsplit(':').next().unwrap();
    let known = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_gzip().tls_certs_only([known]).build().unwrap();
    let path = "/v1/events.csv?event=Charged&range=yesterday";
    let url = format!("https://localhost:{port}{path}");
    let answer = Answer::of(client.get(&url).header("x-api-key", TEST_KEY).send().await.unwrap()).await.good();
    let yesterday = gateway.today().yesterday().unwrap();
    assert_eq!(answer.csv().rows.len(), gateway.records("Charged", yesterday, yesterday).len());
    let stranger = reqwest::Client::builder().tls_certs_only([]).build().unwrap();
    assert!(stranger.get(&url).send().await.is_err(), "who does not know the certificate does not trust it");
    let plain = gateway.client.get(format!("{}{path}", gateway.base)).header("x-api-key", TEST_KEY).send().await;
    assert!(plain.is_err() || plain.is_ok_and(|answer| answer.status() == 400), "no tables without TLS");
    let probe = gateway.client.get(format!("{}/livez", gateway.admin)).send().await.unwrap();
    assert_eq!(probe.status(), 200, "probes stay plain");
}
