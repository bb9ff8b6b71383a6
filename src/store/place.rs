//! Where the store is: a folder, or a bucket of S3, Google Cloud Storage or Azure, and whether it is fit for use.
//!
//! Everything inside is addressed from the store's root, whatever prefix the URL has.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use deltalake::logstore::{LogStoreRef, StorageConfig, default_logstore};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, Error, ObjectStore, ObjectStoreExt, PutMode, RetryConfig};
use url::Url;
use uuid::Uuid;

use crate::config::StoreConfig;
use crate::store::StoreError;
use crate::store::disk::DurableDisk;

/// The opened place.
#[derive(Clone)]
pub(super) struct Place {
    /// Rooted at the store's root.
    pub objects: Arc<dyn ObjectStore>,
    /// The folder on this machine, when it is one.
    pub folder: Option<PathBuf>,
    /// Scheme and host for the log's file names; no prefix, because `objects` has it already.
    base: Url,
}

/// What a local store calls itself towards the Delta crate. With `file://` the crate would look for the table's folder
/// by itself, below the root of the disk instead of the store's.
const LOCAL: &str = "flattap://store/";

/// How long a bucket may keep a caller waiting before it counts as unreachable.
fn patience() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(4),
            base: 2.,
        },
        max_retries: 5,
        retry_timeout: Duration::from_secs(30),
    }
}

impl Place {
    /// Opens the place; nothing but a local folder is touched.
    ///
    /// Credentials come from the options, else from the environment as the cloud's own tools read it.
    pub fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        let url = &config.url;
        let failed = |error: Error| match StoreError::sort(format_args!("opening {}", shown(url)), &error) {
            full @ StoreError::DiskFull { .. } => full,
            StoreError::Unusable { what } | StoreError::Unreachable { what } | StoreError::Internal { what } => {
                unusable(what)
            }
            other => other,
        };
        match url.scheme() {
            "file" => {
                if let Some(option) = config.options.keys().next() {
                    return Err(unknown_option(option, "a local folder takes no options"));
                }
                let folder = url
                    .to_file_path()
                    .map_err(|()| unusable(format!("`{}` is no folder of this machine", shown(url))))?;
                let disk = DurableDisk::open(&folder).map_err(failed)?;
                Ok(Self { objects: Arc::new(disk), folder: Some(folder), base: base(url, LOCAL)? })
            }
            "s3" => {
                let mut builder = AmazonS3Builder::from_env().with_url(url.as_str()).with_retry(patience());
                for (key, value) in options(&config.options)? {
                    builder = builder.with_config(key, value);
                }
                Self::bucket(url, Arc::new(builder.build().map_err(failed)?))
            }
            "gs" => {
                let mut builder = GoogleCloudStorageBuilder::from_env().with_url(url.as_str()).with_retry(patience());
                for (key, value) in options(&config.options)? {
                    builder = builder.with_config(key, value);
                }
                Self::bucket(url, Arc::new(builder.build().map_err(failed)?))
            }
            "az" => {
                let mut builder = MicrosoftAzureBuilder::from_env().with_url(url.as_str()).with_retry(patience());
                for (key, value) in options(&config.options)? {
                    builder = builder.with_config(key, value);
                }
                Self::bucket(url, Arc::new(builder.build().map_err(failed)?))
            }
            other => Err(unusable(format!("`{other}://` is not one of file://, s3://, gs:// and az://"))),
        }
    }

    fn bucket(url: &Url, objects: Arc<dyn ObjectStore>) -> Result<Self, StoreError> {
        let prefix = Path::from_url_path(url.path()).map_err(|error| unusable(error.to_string()))?;
        let objects = match prefix.as_ref().is_empty() {
            true => objects,
            false => Arc::new(PrefixStore::new(objects, prefix)) as Arc<dyn ObjectStore>,
        };
        let root = format!("{}://{}/", url.scheme(), url.host_str().unwrap_or_default());
        Ok(Self { objects, folder: None, base: base(url, &root)? })
    }

    /// A place for tests: any object store, reached as a local one.
    #[cfg(test)]
    pub fn of(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, folder: None, base: Url::parse(LOCAL).expect("a constant") }
    }

    /// The log of the table in this folder.
    pub fn log(&self, folder: &Path) -> Result<LogStoreRef, StoreError> {
        let url = self
            .base
            .join(&format!("{folder}/"))
            .map_err(|error| StoreError::internal(format!("the table folder {folder} is no URL: {error}")))?;
        let table: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(self.objects.clone(), folder.clone()));
        Ok(default_logstore(table, self.objects.clone(), &url, &StorageConfig::default()))
    }

    /// Writes, reads, lists and deletes a small object, and checks that an object cannot be created twice: two
    /// writers keep apart by nothing else.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let failed = |doing: &'static str| {
            move |error: Error| match error {
                Error::NotFound { .. } => unusable(format!("{doing}: {error}")),
                error => StoreError::sort(doing, &error),
            }
        };
        let path = Path::from(format!(".probe/{}", Uuid::now_v7()));
        let content = "flattap";
        self.objects
            .put_opts(&path, content.into(), PutMode::Create.into())
            .await
            .map_err(failed("writing a first object"))?;
        let checked = async {
            let read = self.objects.get(&path).await.map_err(failed("reading it back"))?;
            let read = read.bytes().await.map_err(failed("reading it back"))?;
            if read != content {
                return Err(unusable("an object that was just written reads differently".into()));
            }
            match self.objects.put_opts(&path, "again".into(), PutMode::Create.into()).await {
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(()),
                Err(error) => Err(failed("creating it a second time")(error)),
                Ok(_) => Err(unusable(
                    "it lets an object be created twice (conditional put is not honoured), so writers could \
                     overwrite each other's commits"
                        .into(),
                )),
            }
        }
        .await;
        let deleted = self.objects.delete(&path).await.map_err(failed("deleting the object again"));
        checked.and(deleted)
    }

    /// Whether the store answers now.
    pub async fn ready(&self) -> Result<(), StoreError> {
        if let Some(folder) = &self.folder {
            let there = tokio::fs::metadata(folder).await.is_ok_and(|found| found.is_dir());
            return match there {
                true => Ok(()),
                false => Err(StoreError::Unreachable { what: "the store's folder is gone".into() }),
            };
        }
        match tokio::time::timeout(Duration::from_secs(5), self.objects.head(&Path::from(".probe/ready"))).await {
            Ok(Ok(_) | Err(Error::NotFound { .. })) => Ok(()),
            Ok(Err(error)) => Err(StoreError::sort("asking the store", &error)),
            Err(_) => Err(StoreError::Unreachable { what: "no answer within 5 seconds".into() }),
        }
    }
}

fn options<K: FromStr>(options: &BTreeMap<String, String>) -> Result<Vec<(K, &String)>, StoreError> {
    options
        .iter()
        .map(|(name, value)| match name.to_ascii_lowercase().parse() {
            Ok(key) => Ok((key, value)),
            Err(_) => Err(unknown_option(name, "this kind of store has no such option")),
        })
        .collect()
}

fn unknown_option(name: &str, why: &str) -> StoreError {
    unusable(format!("`{name}` in [store.options]: {why}"))
}

fn unusable(what: String) -> StoreError {
    StoreError::Unusable { what }
}

fn base(url: &Url, root: &str) -> Result<Url, StoreError> {
    Url::parse(root).map_err(|error| unusable(format!("{}: {error}", shown(url))))
}

/// The URL without anything that may be secret.
fn shown(url: &Url) -> String {
    format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str, option: Option<(&str, &str)>) -> String {
        let options = option.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let Err(error) = Place::open(&StoreConfig { url: url.parse().unwrap(), options }) else {
            panic!("{url} was opened")
        };
        assert!(matches!(error, StoreError::Unusable { .. }), "{error:?}");
        error.to_string()
    }

    #[test]
    fn what_cannot_work_is_refused_with_its_name() {
        assert!(refused("ftp://host/x", None).contains("ftp://"));
        assert!(refused("s3://bucket/x", Some(("aws_regoin", "eu"))).contains("aws_regoin"));
        assert!(refused("file:///tmp/x", Some(("aws_region", "eu"))).contains("aws_region"));
    }

    #[tokio::test]
    async fn a_folder_with_an_odd_name_is_fit_for_use() {
        let folder = tempfile::tempdir().unwrap();
        let url = Url::from_directory_path(folder.path().join("größe #1 %20")).unwrap();
        let local = Place::open(&StoreConfig { url, options: BTreeMap::new() }).unwrap();
        local.probe().await.unwrap();
        local.ready().await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path().join("größe #1 %20/.probe")).unwrap().count(), 0);
        std::fs::remove_dir_all(folder.path().join("größe #1 %20")).unwrap();
        assert!(matches!(local.ready().await, Err(StoreError::Unreachable { .. })));
    }
}
