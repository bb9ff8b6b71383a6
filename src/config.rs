//! (being written)

use std::collections::BTreeMap;

use url::Url;

/// `[store]`: where the tables are kept.
pub struct StoreConfig {
    /// `file://`, `s3://`, `gs://` or `az://`.
    pub url: Url,
    /// Handed to the object store's builder, e.g. `aws_endpoint`.
    pub options: BTreeMap<String, String>,
}
