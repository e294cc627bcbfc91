//! Listening and stopping: on SIGTERM or Ctrl-C no new connection is taken and the running requests are answered.
//!
//! Deliberately absent: what a connection may do (`listen`), and what a request may ask (`front`).

use crate::app::App;
use crate::credentials::Credentials;
use crate::front::Front;
use crate::hosts::Hosts;
use crate::listen::Listening;
use crate::loader::Loader;
use crate::log::DecisionLog;
use crate::tls::Tls;
use crate::voice::Voice;
use crate::watch::{Source, Watching};
use crate::{admin, api};
use meshgate_engine::{Engine, ServerSettings};
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Where to listen.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// For data products.
    pub main: String,
    /// For operators; `None` is off.
    pub admin: Option<String>,
}

/// The sidecar cannot run.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub struct ServeError {
    what: String,
    // Not a source: it is all told here.
    why: Error,
}

/// What is served, and how.
pub struct Serving {
    /// Who answers.
    pub engine: Engine,
    /// What the configuration says of the sidecar.
    pub settings: ServerSettings,
    /// Where names of files in it begin.
    pub folder: PathBuf,
    /// Where decisions are written down.
    pub log: Option<DecisionLog>,
    /// Makes the engine anew when what it was made of changes.
    pub source: Source,
    /// Where that is done: on the thread that made the engine.
    pub loader: Loader,
    /// Who hears of it.
    pub voice: Voice,
}

/// How long the requests that were taken may still last when the process is told to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves until the process is told to stop. `started` learns the bound addresses. Says whether every request that was taken
/// was answered.
///
/// # Errors
/// [`ServeError`] when an address cannot be bound, or a file of certificates or tokens cannot be read.
pub async fn serve(
    serving: Serving,
    addresses: Addresses,
    started: impl FnOnce(SocketAddr, Option<SocketAddr>),
) -> Result<bool, ServeError> {
    let Serving { engine, settings, folder, log, source, loader, voice } = serving;
    let of = |what: &str, why| ServeError { what: what.to_owned(), why };
    let tls = settings.tls.as_ref().map(|tls| Tls::open(tls, &folder)).transpose();
    let tls = tls.map_err(|error| of("server.tls", error))?.map(Arc::new);
    let credentials =
        Credentials::of(&settings.authentication, &folder).map_err(|error| of("server.authentication", error))?;
    let main = bind(&addresses.main).await?;
    let admin = match &addresses.admin {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let bound = main.local_addr().map_err(|error| of(&addresses.main, error))?;
    if !bound.ip().is_loopback()
        && credentials.is_none()
        && settings.tls.as_ref().is_none_or(|tls| tls.client_ca_file.is_none())
    {
        voice.warn(&format!("{bound} is open to others, and nobody is asked who they are (`server.authentication`)"));
    }
    let hosts = Hosts::of(&settings.hosts, bound.ip());
    let admin_bound = admin.as_ref().and_then(|listener| listener.local_addr().ok());
    let admin_hosts = Hosts::of(&settings.hosts, admin_bound.map_or(bound.ip(), |address| address.ip()));
    if hosts.any() {
        voice.info(&format!("{bound} answers to every host name (`server.hosts` can name those of it)"));
    }
    let signals = signals().map_err(|error| of("signals", error))?;
    let limits = settings.limits;
    let app = App::new(engine, settings, log).map_err(|error| of("threads", error))?;
    started(bound, admin.as_ref().and_then(|listener| listener.local_addr().ok()));

    let (stop, stopped) = watch::channel(false);
    let draining = stopped.clone();
    let router = api::routes(app.clone());
    let requests = AtomicU64::new(0);
    let front = Arc::new(Front { app: app.clone(), router, credentials, voice: voice.clone(), requests, hosts });
    if let Some(listener) = admin {
        // It answers until the end: who looks wants to know how it stops.
        let routes = admin::routes(app.clone(), Arc::clone(&front), draining, admin_hosts);
        let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, routes).await });
    }
    let watching = Watching { app: app.clone(), source, loader, front: Arc::clone(&front), tls: tls.clone(), voice };
    tokio::spawn(watching.run());
    let resting = app.clone();
    tokio::spawn(crate::held::wake_when_much_was_freed(move || resting.wake()));
    tokio::spawn(async move {
        signals.await;
        let _ = stop.send(true);
    });
    let listening = Listening::new(front, tls, &limits);
    let served = listening.run(main, stopped.clone());
    // A client that never ends its request must not keep the process.
    let patience = async {
        wait(stopped).await;
        tokio::time::sleep(PATIENCE).await;
    };
    let answered = tokio::select! {
        () = served => true,
        () = patience => false,
    };
    // What is left to be sent is sent, for a while.
    let _ = tokio::task::spawn_blocking(move || {
        if let Some(log) = app.log() {
            log.close();
        }
    })
    .await;
    Ok(answered)
}

async fn bind(address: &str) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|why| {
        let why = match why.kind() {
            ErrorKind::InvalidInput => Error::other("is no address: write a host and a port, 127.0.0.1:8181"),
            _ => why,
        };
        ServeError { what: format!("`{address}`"), why }
    })
}

async fn wait(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Listens for the signals to stop. They are listened for as soon as this returns, not when the future is first polled:
/// a SIGTERM right after the start must drain like any other.
#[cfg(unix)]
fn signals() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    })
}

/// Listens for Ctrl-C.
#[cfg(not(unix))]
fn signals() -> std::io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
