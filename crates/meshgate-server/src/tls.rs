//! Certificates of the sidecar and of who may speak to it, read again when their files change.
//!
//! Deliberately absent: versions of TLS before 1.2, and HTTP/2: what sidecars are asked is small and one at a time.

use crate::credentials::Watched;
use meshgate_engine::TlsSettings;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// The certificates of the moment.
pub struct Tls {
    files: Mutex<Files>,
    current: RwLock<Arc<ServerConfig>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

struct Files {
    cert: Watched,
    key: Watched,
    clients: Option<Watched>,
}

impl Tls {
    /// Reads certificates and key.
    ///
    /// # Errors
    /// When one of them cannot be read, or they do not fit.
    pub fn open(settings: &TlsSettings, folder: &Path) -> io::Result<Self> {
        let watched = |path: &Path| Watched::new(folder.join(path));
        let files = Files {
            cert: watched(&settings.cert_file),
            key: watched(&settings.key_file),
            clients: settings.client_ca_file.as_deref().map(watched),
        };
        let current = RwLock::new(Arc::new(files.read()?));
        Ok(Self { files: Mutex::new(files), current })
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
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let Files { cert, key, clients } = &mut *files;
        // All of them are looked at: a key is replaced together with its certificate.
        let changed = [cert.has_changed(), key.has_changed(), clients.as_mut().is_some_and(Watched::has_changed)];
        if !changed.contains(&true) {
            return Ok(false);
        }
        let config = Arc::new(files.read()?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(true)
    }
}

impl Files {
    fn read(&self) -> io::Result<ServerConfig> {
        let chain = certificates(&self.cert)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.read()?.as_bytes())
            .map_err(|error| self.key.named(&format!("holds no private key: {error}")))?;
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(file)? {
                    roots.add(certificate).map_err(|error| file.named(&error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| file.named(&error))?)
            }
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| self.key.named(&format!("does not fit the certificate: {error}")))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn certificates(file: &Watched) -> io::Result<Vec<CertificateDer<'static>>> {
    let text = file.read()?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(file.named(&"holds no certificate")),
        Err(error) => Err(file.named(&error)),
    }
}
