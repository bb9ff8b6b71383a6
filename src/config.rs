//! The configuration: one TOML file, every key also as a variable `FLATTAP__SECTION__KEY`.
//!
//! In: a file and the process's variables. Out: a [`Config`] in which every value has its type and every rule of the
//! contract holds, or a [`ConfigError`] that names the file or variable, the key, and what was expected. Nothing here
//! connects to anything. A configuration can as well be built in code from [`Config::local`] and the public fields;
//! [`Config::check`] then applies the same rules.

mod accounts;
mod auth;
mod cache;
mod error;
mod jwt;
mod limits;
mod nearest;
mod pii;
mod secret;
mod server;
mod shape;
mod source;
mod store;
#[cfg(test)]
mod tests;
mod value;
mod views;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::Path;

use jiff::tz::TimeZone;
use serde::Deserialize;
use toml::{Table, Value};
use url::Url;

pub use self::accounts::{Account, Region};
pub use self::auth::{ANONYMOUS, AuthConfig, KeyConfig, check_name, hash_of_key, parse_day};
pub use self::cache::CacheConfig;
pub use self::error::ConfigError;
pub use self::jwt::{JwtConfig, JwtKeys};
pub use self::limits::{Limits, RequestRate};
pub use self::nearest::nearest;
pub use self::pii::{PiiConfig, PiiMode};
pub use self::server::{Server, Tls};
pub use self::source::{ConfigFile, PREFIX};
pub use self::store::StoreConfig;
pub use self::views::{View, ViewParameter, ViewParameterType, ViewValue, sample_views};

use self::error::Problem;
use self::source::Merged;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "flattap.toml";

/// Everything that can be set.
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub server: Server,
    pub limits: Limits,
    pub store: StoreConfig,
    pub cache: CacheConfig,
    /// By the name that `account=` takes.
    pub accounts: BTreeMap<String, Account>,
    pub auth: AuthConfig,
    pub pii: PiiConfig,
    /// Saved queries, by name.
    pub views: BTreeMap<String, View>,
    /// A key that the page at `/` offers to everybody who opens it. No file and no variable can set it: it is for a demo,
    /// whose data is invented.
    pub offered_key: Option<String>,
}

/// The file's shape. The parts check themselves when they are resolved into [`Config`].
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    server: server::Written,
    limits: limits::Written,
    store: store::Written,
    cache: cache::Written,
    accounts: BTreeMap<String, accounts::Written>,
    auth: auth::Written,
    pii: pii::Written,
    views: BTreeMap<String, views::Written>,
}

impl Config {
    /// Reads this file, or [`DEFAULT_FILE`] of the current folder if there is one, and the process's variables.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let file = match file {
            Some(path) => Some(read_file(path)?),
            None if Path::new(DEFAULT_FILE).exists() => Some(read_file(Path::new(DEFAULT_FILE))?),
            None => None,
        };
        let variables: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, text)| Some((name.into_string().ok()?, text)))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .map(|(name, text)| match text.into_string() {
                Ok(text) => Ok((name, text)),
                Err(_) => Err(ConfigError::Wrong {
                    place: format!("variable {name}"),
                    key: name,
                    problem: "is not UTF-8 text".to_owned(),
                }),
            })
            .collect::<Result<_, _>>()?;
        if file.is_none() && variables.is_empty() {
            return Err(ConfigError::Nothing);
        }
        Self::read(file.as_ref(), variables)
    }

    /// Reads a file that is at hand and these variables; others than `FLATTAP__…` are passed over. Relative paths
    /// count from the file's folder, without a file from the current one.
    pub fn read(
        file: Option<&ConfigFile>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut merged = Merged::read::<Written>(file, variables)?;
        let table = Value::Table(std::mem::take(&mut merged.table));
        let written: Written = serde_path_to_error::deserialize(table).map_err(|error| {
            merged.place(Problem::at(error.path().to_string(), expectation(error.inner().message())))
        })?;
        let folder = file.and_then(|file| file.path.parent()).unwrap_or(Path::new(""));
        written.resolve(folder).and_then(|config| config.check_rules().map(|()| config)).map_err(|it| merged.place(it))
    }

    /// The defaults, with the store in this folder: a start for a configuration built in code. It has no account and
    /// no caller yet.
    ///
    /// Errors: the folder has no absolute path.
    pub fn local(store: &Path) -> io::Result<Self> {
        Ok(Self { store: StoreConfig::folder(store)?, ..Self::default() })
    }

    /// A whole configuration for tests: free ports, the account `main` (`TEST-ACCOUNT`, Asia/Kolkata) at this address,
    /// and the all-seeing key [`TEST_KEY`].
    pub fn for_testing(clevertap: Url, store: &Path) -> Self {
        let zone = TimeZone::get("Asia/Kolkata").expect("a zone of the bundled database");
        let any_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let mut config = Self::local(store).expect("a test's folder has an absolute path");
        config.server.listen = any_port;
        config.server.admin_listen = any_port;
        config.accounts.insert("main".to_owned(), Account::new("TEST-ACCOUNT", "TEST-PASSCODE", zone, clevertap));
        config.auth.keys.push(KeyConfig::all_seeing("test", TEST_KEY));
        config
    }

    /// The rules of the contract, for a configuration built in code. What [`Config::load`] gives already follows them.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_rules().map_err(ConfigError::anywhere)
    }

    /// A gateway needs somebody who may call it. `flattap pull` does not.
    pub fn check_callers(&self) -> Result<(), ConfigError> {
        self.auth.check_callers().map_err(ConfigError::anywhere)
    }

    fn check_rules(&self) -> Result<(), Problem> {
        self.server.check()?;
        self.limits.check()?;
        self.store.check()?;
        self.cache.check()?;
        self.check_accounts()?;
        self.auth.check()?;
        self.pii.check()?;
        self.views.iter().try_for_each(|(name, view)| view.check(name))?;
        if self.pii.hash_key.is_none() && !self.store.is_local() && self.auth.may_hash() {
            return Err(Problem::at(
                "pii.hash_key",
                "is missing: with a store in a bucket every replica needs the same key for hashed columns; \
                 set it, e.g. from `openssl rand -hex 32`",
            ));
        }
        Ok(())
    }

    fn check_accounts(&self) -> Result<(), Problem> {
        if self.accounts.is_empty() {
            return Err(Problem::at("accounts", "there is none: add a section such as [accounts.main]"));
        }
        let (mut names, mut ids) = (HashMap::new(), HashMap::new());
        for (name, account) in &self.accounts {
            let key = format!("accounts.{name}");
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
                return Err(Problem::at(key, "expected a name of up to 64 letters, digits, `-`, `_` or `.`"));
            }
            account.check(&key)?;
            if let Some(other) = names.insert(name.to_lowercase(), name) {
                return Err(Problem::at(key, format!("differs from `accounts.{other}` in case only")));
            }
            if let Some(other) = ids.insert(account.account_id.to_lowercase(), name) {
                let text = format!("is the project of `accounts.{other}` already; one account may serve several keys");
                return Err(Problem::at(format!("{key}.account_id"), text));
            }
        }
        Ok(())
    }

    /// What is allowed but probably not meant, one sentence each, for the log at the start.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for key in &self.auth.keys {
            let lacks = [("accounts", &key.accounts), ("tables", &key.tables), ("events", &key.events)];
            for (list, _) in lacks.iter().filter(|(_, globs)| globs.is_empty()) {
                warnings.push(format!("the key `{}` has no `{list}` and therefore sees nothing", key.name));
            }
        }
        if self.auth.anonymous && !self.server.listen.ip().is_loopback() {
            warnings.push(format!("everybody who reaches {} may read everything (auth.anonymous)", self.server.listen));
        }
        for (name, account) in &self.accounts {
            let is_local =
                account.base_url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
            if account.base_url.scheme() == "http" && !is_local {
                warnings.push(format!("the passcode of `accounts.{name}` travels unencrypted (base_url is http)"));
            }
            if account.concurrency > 3 {
                warnings.push(format!("`accounts.{name}.concurrency` is above 3, which CleverTap does not allow"));
            }
        }
        warnings
    }
}

/// The key that [`Config::for_testing`] accepts.
pub const TEST_KEY: &str = "ft_test_key";

impl Written {
    fn resolve(self, folder: &Path) -> Result<Config, Problem> {
        let view = |(name, view): (String, views::Written)| {
            let resolved = view.resolve(&name)?;
            Ok((name, resolved))
        };
        let account = |(name, account): (String, accounts::Written)| {
            let resolved = account.resolve(&format!("accounts.{name}"), folder)?;
            Ok((name, resolved))
        };
        Ok(Config {
            server: self.server.resolve(folder)?,
            limits: self.limits.resolve(),
            store: self.store.resolve(folder)?,
            cache: self.cache.resolve(),
            accounts: self.accounts.into_iter().map(account).collect::<Result<_, Problem>>()?,
            auth: self.auth.resolve(folder)?,
            pii: self.pii.resolve(folder)?,
            views: self.views.into_iter().map(view).collect::<Result<_, Problem>>()?,
            offered_key: None,
        })
    }
}

/// What serde expected, without the value that it found: that may be a secret.
fn expectation(message: &str) -> String {
    let Some((_, expected)) = message.split_once("expected ") else {
        return "has a value of the wrong kind".to_owned();
    };
    let kind = match expected.trim_end() {
        "u32" | "u64" | "usize" => "a whole number",
        "a string" | "string" => "a text in quotes",
        "a boolean" | "boolean" => "`true` or `false`",
        "a sequence" | "sequence" => "a list",
        "a map" => "a section",
        other if other.starts_with("struct ") => "a section",
        other => other,
    };
    format!("expected {kind}")
}

/// Reads the file and refuses it when everyone may read it and it holds a secret.
fn read_file(path: &Path) -> Result<ConfigFile, ConfigError> {
    let unreadable = |reason| ConfigError::Unreadable { path: path.to_owned(), reason };
    let file = ConfigFile { path: path.to_owned(), text: fs::read_to_string(path).map_err(unreadable)? };
    let mode = mode_of(path).map_err(unreadable)?;
    const OTHERS_MAY_READ: u32 = 0o004;
    if mode & OTHERS_MAY_READ != 0
        && let Some(key) = first_secret(&file.table()?)
    {
        return Err(ConfigError::ReadableByEveryone { path: path.to_owned(), key, mode });
    }
    Ok(file)
}

/// Who may read the file. A group may: that is how services are given their files.
#[cfg(unix)]
fn mode_of(path: &Path) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o777)
}

/// Elsewhere the mode says nothing.
#[cfg(not(unix))]
fn mode_of(_: &Path) -> io::Result<u32> {
    Ok(0)
}

/// The path of a secret that is written out in these values. The hash of a key is none: the key is long and random.
fn first_secret(table: &Table) -> Option<String> {
    let section = |table: &'_ Table, key: &str| table.get(key).and_then(Value::as_table).cloned().unwrap_or_default();
    let accounts = section(table, "accounts");
    let passcode = accounts.iter().find(|(_, account)| account.get("passcode").is_some());
    if let Some((name, _)) = passcode {
        return Some(format!("accounts.{name}.passcode"));
    }
    if section(&section(table, "auth"), "jwt").contains_key("hs_secret") {
        return Some("auth.jwt.hs_secret".to_owned());
    }
    if section(table, "pii").contains_key("hash_key") {
        return Some("pii.hash_key".to_owned());
    }
    const TELLING: [&str; 6] = ["secret", "key", "token", "password", "credential", "sas"];
    let options = section(&section(table, "store"), "options");
    let option = options.keys().find(|name| TELLING.iter().any(|word| name.to_lowercase().contains(word)));
    option.map(|name| format!("store.options.{name}"))
}
