//! `[store]`: where loaded days are kept.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Deserialize;
use url::Url;

use super::error::Problem;

#[derive(Clone)]
pub struct StoreConfig {
    /// `file:///…`, `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`. Default
    /// `file:///var/lib/flattap`.
    pub url: Url,
    /// `[store.options]`: handed to the object store, e.g. `aws_endpoint`. Values may be secrets.
    pub options: BTreeMap<String, String>,
}

/// The object stores that we have, by scheme.
const SCHEMES: [&str; 8] = ["file", "s3", "s3a", "gs", "az", "azure", "abfs", "abfss"];

impl StoreConfig {
    /// A store in a folder of this machine. A relative path counts from the current folder.
    ///
    /// Errors: the path has no absolute form (the current folder is gone).
    pub fn folder(path: &Path) -> std::io::Result<Self> {
        let absolute = std::path::absolute(path)?;
        let url = Url::from_directory_path(absolute)
            .map_err(|()| std::io::Error::new(std::io::ErrorKind::InvalidInput, "not an absolute folder"))?;
        Ok(Self { url, options: BTreeMap::new() })
    }

    /// Whether the store is a folder of this machine.
    pub fn is_local(&self) -> bool {
        self.url.scheme() == "file"
    }

    pub(super) fn check(&self) -> Result<(), Problem> {
        let refuse = |text: &str| Err(Problem::at("store.url", text));
        if !SCHEMES.contains(&self.url.scheme()) {
            return refuse(
                "expected `file:///folder`, `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`",
            );
        }
        if !self.url.username().is_empty() || self.url.password().is_some() {
            let is_azure = self.url.scheme().starts_with("abfs") && self.url.password().is_none();
            if !is_azure {
                return refuse(
                    "must not hold credentials; give them under [store.options] or as the cloud's own variables",
                );
            }
        }
        if self.url.query().is_some() || self.url.fragment().is_some() {
            return refuse("must not have `?` or `#`; options go under [store.options]");
        }
        if self.is_local() && self.url.to_file_path().is_err() {
            return refuse("a folder of this machine is written with three slashes: `file:///var/lib/flattap`");
        }
        if !self.is_local() && !self.url.has_host() {
            return refuse("names no bucket: expected e.g. `s3://bucket/prefix`");
        }
        Ok(())
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        let url = Url::parse("file:///var/lib/flattap").expect("a constant address");
        Self { url, options: BTreeMap::new() }
    }
}

impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConfig").field("url", &self.url.as_str()).field("options", &self.options.keys()).finish()
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    url: Option<String>,
    options: BTreeMap<String, String>,
}

impl Written {
    /// A text without a scheme is a folder, counted from the configuration file.
    pub fn resolve(self, folder: &Path) -> Result<StoreConfig, Problem> {
        let mut store = match self.url.as_deref() {
            None => StoreConfig::default(),
            Some("") => return Err(Problem::at("store.url", "expected a folder or a bucket, found an empty text")),
            Some(text) if !text.contains("://") => StoreConfig::folder(&folder.join(text))
                .map_err(|_| Problem::at("store.url", "expected a folder or a bucket"))?,
            Some(text) => {
                let url = Url::parse(text).map_err(|_| {
                    Problem::at("store.url", "expected `file:///folder`, `s3://bucket/prefix`, `gs://…` or `az://…`")
                })?;
                StoreConfig { url, options: BTreeMap::new() }
            }
        };
        store.options = self.options;
        Ok(store)
    }
}
