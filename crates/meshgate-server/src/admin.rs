//! The admin listener: `/live`, `/ready`, `/version`, `/metrics`, `/loglevel`, and `/differences` between the gears.
//!
//! Deliberately absent: anything that changes an answer.

use crate::app::App;
use crate::metrics;
use crate::problem;
use crate::voice::Voice;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::sync::watch;

/// What its routes know.
#[derive(Clone)]
struct Admin {
    app: App,
    voice: Voice,
    stopped: watch::Receiver<bool>,
}

/// The routes that operators query.
pub fn routes(app: App, voice: Voice, stopped: watch::Receiver<bool>) -> Router {
    let version = || async { told(concat!("{\"version\":\"", env!("CARGO_PKG_VERSION"), "\"}")) };
    Router::new()
        .route("/live", get(|| async { "live\n" }))
        .route("/ready", get(ready))
        .route("/version", get(version))
        .route("/metrics", get(all_metrics))
        .route("/loglevel", get(level).put(set_level))
        .route("/differences", get(differences))
        .fallback(problem::not_found)
        .with_state(Admin { app, voice, stopped })
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
