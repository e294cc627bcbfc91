//! The admin listener: `/live`, `/ready`, `/version`, `/metrics`, `/loglevel`, and `/differences` between the gears.
//!
//! Deliberately absent: anything that changes an answer.

use crate::app::App;
use crate::front::Front;
use crate::hosts::{Hosts, is_of_a_page};
use crate::metrics;
use crate::problem;
use crate::voice::Voice;
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::watch;

/// What its routes know.
#[derive(Clone)]
struct Admin {
    app: App,
    front: Arc<Front>,
    voice: Voice,
    stopped: watch::Receiver<bool>,
    hosts: Hosts,
}

/// The routes that operators query.
pub fn routes(app: App, front: Arc<Front>, stopped: watch::Receiver<bool>, hosts: Hosts) -> Router {
    let voice = front.voice.clone();
    let admin = Admin { app, front, voice, stopped, hosts };
    let version = || async { told(concat!("{\"version\":\"", env!("CARGO_PKG_VERSION"), "\"}")) };
    Router::new()
        .route("/live", get(|| async { "live\n" }))
        .route("/ready", get(ready))
        .route("/version", get(version))
        .route("/metrics", get(all_metrics))
        .route("/loglevel", get(level).put(set_level))
        .route("/differences", get(differences))
        .fallback(problem::not_found)
        .layer(from_fn_with_state(admin.clone(), admit))
        .with_state(admin)
}

/// Lets a request in that names a host which is served here; and one that changes something only from this machine and from
/// no page, or with a token. Probes know it by its address alone.
async fn admit(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let is_probe = matches!(request.uri().path(), "/live" | "/ready" | "/health");
    let (uri, headers) = (request.uri(), request.headers());
    if let Some((status, why)) = admin.hosts.takes(uri, headers).err().filter(|_| !is_probe) {
        return problem::problem(status, why);
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let is_here = peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback()) && !is_of_a_page(headers);
    let is_known = || admin.front.credentials.as_ref().is_some_and(|known| known.identity(headers).is_some());
    if reads || is_here || is_known() {
        return next.run(request).await;
    }
    let why = "this changes the sidecar: ask from its own machine and from no page, or with a token";
    problem::problem(StatusCode::FORBIDDEN, why)
}

/// Ready from the first answer on, whatever fails to load later; until it stops, or is stale for longer than it may.
async fn ready(State(admin): State<Admin>) -> Response {
    if *admin.stopped.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "it stops\n").into_response();
    }
    match admin.app.unready() {
        None => "ready\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn all_metrics(State(admin): State<Admin>) -> Response {
    let text = metrics::text(&admin.app);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

async fn level(State(admin): State<Admin>) -> Response {
    told(json!({"level": admin.voice.level()}).to_string())
}

/// Takes a name, or `{"level": name}`.
async fn set_level(State(admin): State<Admin>, body: String) -> Response {
    let said = serde_json::from_str::<Value>(&body).ok();
    let name = said.as_ref().and_then(|said| said["level"].as_str()).unwrap_or(body.trim());
    match Voice::named(name) {
        Some(level) => {
            admin.voice.set(level);
            admin.voice.info(&format!("the log level is {name} now"));
            told(json!({"level": name}).to_string())
        }
        None => {
            let name: String = name.chars().take(40).collect();
            problem::problem(StatusCode::BAD_REQUEST, format!("`{name}` is none of error, warn, info, debug"))
        }
    }
}

/// What the gears differed on, with the inputs: what to report to Meshgate's developers. The inputs are as they came.
async fn differences(State(admin): State<Admin>) -> Response {
    match serde_json::to_string(&json!({ "differences": admin.app.current().engine.differences() })) {
        Ok(body) => told(body + "\n"),
        Err(error) => problem::problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn told(body: impl Into<String>) -> Response {
    crate::body::json(false, body.into())
}
