//! Listening and stopping: on SIGTERM or Ctrl-C no new connection is taken and the running requests are answered.
//!
//! Deliberately absent: TLS; a sidecar speaks to its neighbour on loopback.

use crate::app::App;
use crate::log::DecisionLog;
use crate::watch::{Reload, watch as look_after};
use crate::{admin, api};
use axum::serve::ListenerExt;
use meshgate_engine::{Engine, ServerSettings};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
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
#[derive(Debug, Error)]
#[error("{address}: {source}")]
pub struct ServeError {
    address: String,
    source: std::io::Error,
}

/// What is served, and how.
pub struct Serving {
    /// Who answers.
    pub engine: Engine,
    /// What the configuration says of the sidecar.
    pub settings: ServerSettings,
    /// Where decisions are written down.
    pub log: Option<DecisionLog>,
    /// Makes the engine anew when descriptors change.
    pub reload: Reload,
    /// Who hears of it.
    pub say: Arc<dyn Fn(&str) + Send + Sync>,
}

/// How long the requests that were taken may still last when the process is told to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves until the process is told to stop. `started` learns the bound addresses. Says whether every request that was taken
/// was answered.
///
/// # Errors
/// [`ServeError`] when an address cannot be bound.
pub async fn serve(
    serving: Serving,
    addresses: Addresses,
    started: impl FnOnce(SocketAddr, Option<SocketAddr>),
) -> Result<bool, ServeError> {
    let main = bind(&addresses.main).await?;
    let admin = match &addresses.admin {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let of = |address: &str, source| ServeError { address: address.to_owned(), source };
    let bound = main.local_addr().map_err(|error| of(&addresses.main, error))?;
    let signals = signals().map_err(|error| of("signals", error))?;
    let Serving { engine, settings, log, reload, say } = serving;
    let app = App::new(engine, settings, log).map_err(|error| of("threads", error))?;
    started(bound, admin.as_ref().and_then(|listener| listener.local_addr().ok()));

    let (stop, stopped) = watch::channel(false);
    if let Some(listener) = admin {
        let (stopped, app) = (wait(stopped.clone()), app.clone());
        tokio::spawn(async move { axum::serve(listener, admin::routes(app)).with_graceful_shutdown(stopped).await });
    }
    tokio::spawn(look_after(app.clone(), reload, say));
    tokio::spawn(async move {
        signals.await;
        let _ = stop.send(true);
    });
    let routes = api::routes(app).into_make_service_with_connect_info::<SocketAddr>();
    // Answers are small, and whoever asks waits for them.
    let main = main.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let served = axum::serve(main, routes).with_graceful_shutdown(wait(stopped.clone()));
    // A client that never ends its request must not keep the process.
    let patience = async {
        wait(stopped).await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        served = served => served.map(|()| true).map_err(|error| of(&addresses.main, error)),
        () = patience => Ok(false),
    }
}

async fn bind(address: &str) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| ServeError { address: address.to_owned(), source })
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
