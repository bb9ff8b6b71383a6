//! No key, passcode, hash or cursor leaves the process other than where it belongs.
//!
//! The real binary with everything logged, asked in good and bad ways, with a CleverTap that repeats secrets back.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use flattap::config::hash_of_key;
use flattap::simulator::{Endpoint, Fault, Simulator, SimulatorConfig};
use parking_lot::Mutex;
use reqwest::{Client, Method};

use crate::support::Answer;

const KEY: &str = "ft_QqTopSecretKeyOfTheTest";
const OTHER_KEY: &str = "ft_QqOtherSecretKey";
const WRONG_KEY: &str = "ft_QqWrongKeyOfAStranger";
const TOKEN: &str = "QqHeader.QqPayload.QqSignature";
const CURSOR: &str = "QqCursorOfTheTest0123";
const HASH_KEY: &str = "QqHashKey0000000000000000000000000000000";

/// A running flattap. It ends with the test.
struct Process {
    child: Child,
    log: Arc<Mutex<String>>,
    base: String,
    admin: String,
}

impl Process {
    fn start(simulator: &Simulator) -> (Self, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let account = &simulator.config().accounts[0];
        let config = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n\
             [store]\nurl = \"{store}\"\n\
             [accounts.main]\nbase_url = \"{base}\"\naccount_id = \"{id}\"\npasscode = \"{passcode}\"\n\
             timezone = \"Asia/Kolkata\"\n\
             [pii]\nhash_key = \"{HASH_KEY}\"\n\
             [[auth.keys]]\nname = \"one\"\nhash = \"{}\"\naccounts = [\"*\"]\ntables = [\"*\"]\n\
             [[auth.keys]]\nname = \"two\"\nhash = \"{}\"\naccounts = [\"*\"]\ntables = [\"*\"]\nrefresh = true\n",
            hash_of_key(KEY),
            hash_of_key(OTHER_KEY),
            store = folder.path().join("store").display(),
            base = simulator.base_url(),
            id = account.account_id,
            passcode = secrecy::ExposeSecret::expose_secret(&account.passcode),
        );
        let path = folder.path().join("flattap.toml");
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
        file.write_all(config.as_bytes()).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_flattap"))
            .args(["serve", "--config"])
            .arg(&path)
            .env("FLATTAP_LOG", "trace")
            .stderr(Stdio::piped())
            .spawn()
            .expect("flattap runs");
        let log = Arc::new(Mutex::new(String::new()));
        let (kept, (ready, addresses)) = (log.clone(), std::sync::mpsc::channel());
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if line.contains("flattap is serving") {
                    let line: serde_json::Value = serde_json::from_str(&line).expect("a log line is JSON");
                    let address = |name: &str| format!("http://{}", line[name].as_str().unwrap());
                    let _ = ready.send((address("listen"), address("admin")));
                }
                let mut kept = kept.lock();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let found = addresses.recv_timeout(Duration::from_secs(60));
        let (base, admin) = found.unwrap_or_else(|_| panic!("flattap did not start: {}", log.lock()));
        (Self { child, log, base, admin }, folder)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_any_log_line_answer_or_metric() {
    let mut settings = SimulatorConfig::for_testing();
    settings.clock = flattap::simulator::Clock::system();
    settings.accounts[0].passcode = secrecy::SecretString::from("QqPasscode-0123");
    let simulator = Simulator::start(settings).unwrap();
    let (gateway, _folder) = Process::start(&simulator);
    let client = Client::builder().no_gzip().build().unwrap();
    let mut seen = String::new();
    let table = "/v1/events.csv?range=yesterday&event=";
    let ask = |method: Method, path: &str| client.request(method, format!("{}{path}", gateway.base));
    let get = |path: &str| ask(Method::GET, path);
    let mut look = async |what: &str, request: reqwest::RequestBuilder, status: u16| {
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.text());
        seen.push_str(&format!("{what}: {:?}\n", answer.headers));
        if status >= 400 {
            seen.push_str(&answer.text());
        }
    };
    let charged = format!("{table}Charged");
    look("bearer", get(&charged).bearer_auth(KEY), 200).await;
    look("basic", get(&charged).basic_auth("x", Some(KEY)), 200).await;
    look("header", get(&charged).header("x-api-key", KEY), 200).await;
    look("query", get(&format!("{charged}&api_key={KEY}")), 200).await;
    look("query, bad value", get(&format!("{charged}&api_key={KEY}&fresh=soon")), 400).await;
    look("query, misspelt", get(&format!("{charged}&api_key={KEY}&nonsense=1")), 400).await;
    look("query, broken", get(&format!("{charged}&api_key={KEY}&x=%zz")), 400).await;
    look("query, unknown path", get(&format!("/v1/a/b?api_key={KEY}")), 404).await;
    look("query, public path", get(&format!("/nowhere?api_key={KEY}")), 404).await;
    look("query, wrong method", ask(Method::PUT, &format!("/v1/tables?api_key={KEY}")), 405).await;
    look("two keys", get(&format!("{charged}&api_key={KEY}")).bearer_auth(OTHER_KEY), 400).await;
    look("wrong bearer", get(&charged).bearer_auth(WRONG_KEY), 401).await;
    look("wrong basic", get(&charged).basic_auth(WRONG_KEY, Some(WRONG_KEY)), 401).await;
    look("wrong header", get(&charged).header("x-api-key", WRONG_KEY), 401).await;
    look("wrong query", get(&format!("{charged}&api_key={WRONG_KEY}")), 401).await;
    look("other scheme", get(&charged).header("authorization", format!("Digest {WRONG_KEY}")), 401).await;
    look("token", get(&charged).bearer_auth(TOKEN), 401).await;
    let refresh = serde_json::json!({"table": "events", "event": "Charged", "from": "yesterday", "to": "yesterday"});
    look("refresh", ask(Method::POST, "/v1/refresh").header("x-api-key", OTHER_KEY).json(&refresh), 202).await;
    look("jobs", get("/v1/jobs").bearer_auth(KEY), 200).await;

    let faults = simulator.faults();
    faults.always(Endpoint::EventsOpen.of("App Launched"), Fault::Unauthorized);
    look("upstream 401", get(&format!("{table}App%20Launched")).bearer_auth(KEY), 502).await;
    let id = &simulator.config().accounts[0].account_id;
    let echo = format!(r#"{{"status":"fail","error":"no event for {id} QqPasscode-0123","code":400}}"#);
    let page = format!(r#"{{"status":"success","cursor":"{CURSOR}"}}"#);
    let answer = |status, body: &str| Fault::Answer { status, body: body.as_bytes().to_vec() };
    faults.always(Endpoint::EventsOpen.of("Product Viewed"), answer(400, &echo));
    look("upstream repeats credentials", get(&format!("{table}Product%20Viewed")).bearer_auth(KEY), 502).await;
    faults.always(Endpoint::EventsOpen.of("Added To Cart"), answer(200, &page));
    let lost = get(&format!("{table}Added%20To%20Cart")).bearer_auth(KEY).send().await.unwrap();
    let lost = Answer::of(lost).await;
    assert!(lost.status.is_server_error(), "{}", lost.text());
    faults.times(1, Endpoint::EventsOpen.of("Wishlist Opened"), answer(502, "<html>QqPasscode-0123</html>"));
    look("upstream page", get(&format!("{table}Wishlist%20Opened")).bearer_auth(KEY), 200).await;

    let metrics = client.get(format!("{}/metrics", gateway.admin)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("flattap_"), "{metrics}");
    // What was answered is in the log by now, but for the lines on their way through the pipe.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let log = gateway.log.lock().clone();
    assert!(log.contains("request answered") && log.contains("\"TRACE\""), "everything is logged");
    for (place, text) in [("log", log), ("answers", seen + &lost.text()), ("metrics", metrics)] {
        let mut secrets = vec!["QqPasscode".to_owned(), CURSOR.to_owned(), HASH_KEY.to_owned()];
        for key in [KEY, OTHER_KEY, WRONG_KEY] {
            secrets.push(key.to_owned());
            secrets.push(hash_of_key(key).trim_start_matches("sha256:").to_owned());
        }
        secrets.extend(TOKEN.split('.').map(str::to_owned));
        // As Basic writes them.
        secrets.push("OmZ0X1FxVG9w".to_owned());
        secrets.push("eDpmdF9RcVRvcFNlY3JldEtleU9mVGhlVGVzdA".to_owned());
        for secret in secrets {
            let line = text.lines().find(|line| line.contains(&secret));
            assert!(line.is_none(), "{secret} is in the {place}: {}", line.unwrap_or_default());
        }
    }
}
