//! Certificates of the sidecar and of who may speak to it, read again when their files change.
//!
//! Deliberately absent: versions of TLS before 1.2, and HTTP/2: what sidecars are asked is small and one at a time.

use crate::credentials::{read_named, wrong};
use meshgate_engine::{TlsSettings, fingerprint_of};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// The certificates of the moment.
pub struct Tls {
    files: Files,
    current: RwLock<Arc<ServerConfig>>,
    /// What the files were like when they were read.
    read: AtomicU64,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

struct Files {
    cert: PathBuf,
    key: PathBuf,
    clients: Option<PathBuf>,
}

impl Tls {
    /// Reads certificates and key.
    ///
    /// # Errors
    /// When one of them cannot be read, or they do not fit.
    pub fn open(settings: &TlsSettings, folder: &Path) -> io::Result<Self> {
        let files = Files {
            cert: folder.join(&settings.cert_file),
            key: folder.join(&settings.key_file),
            clients: settings.client_ca_file.as_ref().map(|file| folder.join(file)),
        };
        let read = AtomicU64::new(files.fingerprint());
        let current = RwLock::new(Arc::new(files.read()?));
        Ok(Self { files, current, read })
    }

    /// What the next connection is taken with.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Reads again what has changed. Connections that there are go on as they are.
    ///
    /// # Errors
    /// When a file cannot be read, or they do not fit: what was known before goes on, and it is tried again.
    pub fn refresh(&self) -> io::Result<bool> {
        let now = self.files.fingerprint();
        if now == self.read.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let config = Arc::new(self.files.read()?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = config;
        self.read.store(now, Ordering::Relaxed);
        Ok(true)
    }
}

impl Files {
    fn fingerprint(&self) -> u64 {
        let all: Vec<PathBuf> = [&self.cert, &self.key].into_iter().chain(&self.clients).cloned().collect();
        fingerprint_of(&all)
    }

    fn read(&self) -> io::Result<ServerConfig> {
        let chain = certificates(&self.cert)?;
        let key = PrivateKeyDer::from_pem_slice(read_named(&self.key)?.as_bytes())
            .map_err(|error| wrong(&self.key, &format!("holds no private key: {error}")))?;
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(file)? {
                    roots.add(certificate).map_err(|error| wrong(file, &error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| wrong(file, &error))?)
            }
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| wrong(&self.key, &format!("does not fit the certificate: {error}")))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn certificates(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let text = read_named(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(wrong(file, &"holds no certificate")),
        Err(error) => Err(wrong(file, &error)),
    }
}
