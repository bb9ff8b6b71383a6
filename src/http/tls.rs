//! HTTPS by itself: the certificate of the configuration, read again when its files change.
//!
//! A certificate that cannot be read when it changes is logged and the old one stays in use: a half-written file must
//! not take the service down.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::config::Tls;

/// How often the files are looked at.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(30);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("the certificate or key in {file} cannot be read: {why}")]
    Unreadable { file: String, why: String },
    #[error("the certificate and the key do not fit together: {0}")]
    Unfit(#[from] rustls::Error),
}

/// The certificate in use.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// The server's TLS settings. They follow the files from now on; call it inside a Tokio runtime.
pub fn server_config(files: &Tls) -> Result<ServerConfig, TlsError> {
    let current = Arc::new(Current(ArcSwap::from_pointee(read(files)?)));
    tokio::spawn(follow(files.clone(), current.clone()));
    Ok(ServerConfig::builder().with_no_client_auth().with_cert_resolver(current))
}

/// Whether the files can be used.
pub fn check(files: &Tls) -> Result<(), TlsError> {
    read(files).map(drop)
}

async fn follow(files: Tls, current: Arc<Current>) {
    let mut seen = changed_at(&files);
    loop {
        tokio::time::sleep(LOOKED_AT_EVERY).await;
        let now = changed_at(&files);
        if now == seen {
            continue;
        }
        match read(&files) {
            Ok(fresh) => {
                current.0.store(Arc::new(fresh));
                seen = now;
                tracing::info!("certificate read again");
            }
            Err(error) => tracing::error!(%error, "the changed certificate is not usable, the old one stays"),
        }
    }
}

fn changed_at(files: &Tls) -> [Option<SystemTime>; 2] {
    [&files.cert, &files.key].map(|file| std::fs::metadata(file).and_then(|facts| facts.modified()).ok())
}

fn read(files: &Tls) -> Result<CertifiedKey, TlsError> {
    let chain = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(&files.cert, &error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unreadable(&files.key, &error))?;
    let fit = CertifiedKey::new(chain, any_supported_type(&key)?);
    match fit.keys_match() {
        // A key of a kind whose public half rustls cannot read is not known to be wrong.
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(fit),
        Err(error) => Err(error.into()),
    }
}

fn unreadable(file: &Path, why: &dyn std::fmt::Display) -> TlsError {
    TlsError::Unreadable { file: file.display().to_string(), why: why.to_string() }
}
