//! flattap as it is installed: a process of its own, with what it says and how it ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use flattap::config::{TEST_KEY, hash_of_key};
use flattap::simulator::{self, Rows, Simulator, SimulatorConfig};
use reqwest::{Client, Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{sleep, timeout};

use super::Answer;

const FLATTAP: &str = env!("CARGO_BIN_EXE_flattap");
/// Nothing takes so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running flattap. It is killed when dropped.
pub struct Program {
    child: Child,
    lines: UnboundedReceiver<String>,
    said: Vec<String>,
}

impl Program {
    /// Starts `flattap` with these arguments and nothing of flattap's in the environment.
    pub fn start(arguments: &[&str]) -> Self {
        Self::begin(clean(FLATTAP).args(arguments))
    }

    /// The same where no file may become larger than `kib` KiB: writing on fails, as on a disk that is full.
    pub fn start_with_short_files(arguments: &[&str], kib: u32) -> Self {
        // Without the trap the kernel ends whoever writes on. The shell counts in blocks of 512 bytes.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", 2 * kib);
        Self::begin(clean("sh").args(["-c", &script, FLATTAP]).args(arguments))
    }

    fn begin(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (sender, lines) = unbounded_channel();
        let errors = BufReader::new(child.stderr.take().expect("its messages"));
        std::thread::spawn(move || errors.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        Self { child, lines, said: Vec::new() }
    }

    /// Waits for a message that contains these words.
    pub async fn line_with(&mut self, words: &str) -> String {
        while let Some(line) = timeout(PATIENCE, self.lines.recv()).await.expect("a message in time") {
            self.said.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
        panic!("it ended without saying {words:?}: {:#?}", self.said);
    }

    /// Sends a signal: `TERM`, `INT`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().expect("it was still running");
        self.child.wait().expect("its end");
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> ExitStatus {
        for _ in 0..PATIENCE.as_millis() / 20 {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return status;
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("it does not end: {:#?}", self.said);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `flattap` to its end.
pub fn run(arguments: &[&str]) -> Output {
    clean(FLATTAP).args(arguments).stdin(Stdio::null()).output().expect("the program starts")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// A command with nothing of flattap's in the environment.
fn clean(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FLATTAP_")) {
        command.env_remove(name);
    }
    command.env_remove("RUST_LOG");
    command
}

/// A configuration file for a gateway in front of a simulator, with its store beside it.
pub struct Configuration {
    pub path: PathBuf,
    pub text: String,
}

impl Configuration {
    /// Written into `folder`, readable by its owner only.
    pub fn write(folder: &Path, simulator: &Simulator) -> Self {
        let account = &simulator.config().accounts[0];
        let text = format!(
            r#"
[server]
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
[store]
url = "{store}"
[cache]
answer = "1KiB"
spool = "0"
[accounts.main]
account_id = "{id}"
passcode = "{passcode}"
timezone = "Asia/Kolkata"
base_url = "{base_url}"
[[auth.keys]]
name = "test"
hash = "{hash}"
accounts = ["*"]
tables = ["*"]
pii = "clear"
refresh = true
"#,
            store = store_of(folder).display(),
            id = account.account_id,
            passcode = account.passcode.expose_secret(),
            base_url = simulator.base_url(),
            hash = hash_of_key(TEST_KEY),
        );
        let configuration = Self { path: folder.join("flattap.toml"), text };
        configuration.save();
        configuration
    }

    /// Replaces a piece of its text, which must be there.
    pub fn replace(mut self, old: &str, new: &str) -> Self {
        assert!(self.text.contains(old), "{old} is not in {}", self.text);
        self.text = self.text.replace(old, new);
        self.save();
        self
    }

    pub fn argument(&self) -> &str {
        self.path.to_str().expect("a plain path")
    }

    fn save(&self) {
        std::fs::write(&self.path, &self.text).expect("the folder can be written");
        permit(&self.path, 0o600);
    }
}

/// Sets the rights of a file.
pub fn permit(file: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).expect("rights can be set");
}

pub fn store_of(folder: &Path) -> PathBuf {
    folder.join("lake")
}

/// A simulated CleverTap for programs, which have the clock of this machine: `rows` records of every event a day.
pub fn shop(rows: u32, latency: Duration) -> Simulator {
    let settings = SimulatorConfig {
        clock: simulator::Clock::system(),
        rows: Rows::Exactly(rows),
        first_page_polls: 0,
        latency,
        ..SimulatorConfig::for_testing()
    };
    Simulator::start(settings).expect("the simulator starts")
}

/// A gateway in a process of its own, and a client for it.
pub struct Served {
    pub program: Program,
    pub base: String,
    pub admin: String,
    pub client: Client,
}

impl Served {
    /// Starts it, and waits until it serves.
    pub async fn start(configuration: &Configuration) -> Self {
        Self::by(Program::start(&["serve", "--config", configuration.argument()])).await
    }

    /// The same where no file may become larger than `kib` KiB.
    pub async fn start_with_short_files(configuration: &Configuration, kib: u32) -> Self {
        Self::by(Program::start_with_short_files(&["serve", "--config", configuration.argument()], kib)).await
    }

    async fn by(mut program: Program) -> Self {
        let line = program.line_with("flattap is serving").await;
        let line: Value = serde_json::from_str(&line).expect("a log line is JSON");
        let address = |key: &str| format!("http://{}", line[key].as_str().expect("an address"));
        Self { program, base: address("listen"), admin: address("admin"), client: client() }
    }

    pub fn request(&self, method: Method, path_and_query: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path_and_query}", self.base)).header("x-api-key", TEST_KEY)
    }

    pub async fn get(&self, path_and_query: &str) -> Answer {
        Answer::of(self.request(Method::GET, path_and_query).send().await.expect("an answer")).await
    }
}

/// A client that keeps no connection for later, so that a stopping gateway has nobody to wait for.
pub fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_gzip().tls_certs_only([]).pool_max_idle_per_host(0).build().expect("a client")
}
