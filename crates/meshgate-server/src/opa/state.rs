//! What OPA tells of itself: `/v1/policies`, `/v1/status`, `/v1/config`, `/health`.
//!
//! Deliberately absent: secrets. Of the configuration only the sidecar's own part is told.

use super::data::{empty, evaluate, value};
use super::params::Params;
use super::{error, unavailable};
use crate::app::{App, Current};
use crate::body;
use crate::request::segments;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use meshgate_engine::syntax_tree;
use serde_json::{Value, json};

fn policy(file: &str, text: &str) -> Value {
    let mut policy = json!({"id": file, "raw": text});
    // What is no v1 has no tree here.
    if let (Some(map), Some(tree)) = (policy.as_object_mut(), syntax_tree(file, text)) {
        map.insert("ast".to_owned(), tree);
    }
    policy
}

/// `GET /v1/policies`.
pub async fn policies(State(app): State<App>, request: Request) -> Response {
    let current = app.current();
    let pretty = Params::of(request.uri()).pretty;
    let gzip = body::takes_gzip(request.headers());
    let work =
        |current: &Current| -> Value { current.engine.modules().map(|(file, text)| policy(file, text)).collect() };
    match app.answer("policies", usize::MAX, &current, work).await {
        Ok(all) => app.told(gzip, pretty, format!("{}\n", json!({"result": all}))).await,
        Err(error) => unavailable(error),
    }
}

/// `GET /v1/policies/{id}`.
pub async fn one_policy(State(app): State<App>, request: Request) -> Response {
    let id = segments(request.uri().path(), "/v1/policies").join("/");
    let current = app.current();
    let pretty = Params::of(request.uri()).pretty;
    let gzip = body::takes_gzip(request.headers());
    let wanted = id.clone();
    let work = move |current: &Current| {
        // A file that was named by its whole path begins with a slash, which an address has already.
        let mut modules = current.engine.modules();
        let found = modules.find(|(file, _)| *file == wanted || file.strip_prefix('/') == Some(&wanted));
        found.map(|(file, text)| policy(file, text))
    };
    match app.answer("policies", usize::MAX, &current, work).await {
        Ok(Some(policy)) => value(gzip, &json!({"result": policy}), pretty),
        Ok(None) => {
            let message = format!("storage_not_found_error: policy id {}", Value::from(id));
            error(StatusCode::NOT_FOUND, "resource_not_found", &message)
        }
        Err(error) => unavailable(error),
    }
}

/// `GET /v1/status`.
pub async fn status(State(app): State<App>, request: Request) -> Response {
    let current = app.current();
    let stale = app.stale();
    let bundles = current.engine.bundles().map(|bundle| {
        let mut told = json!({"name": bundle.name, "active_revision": bundle.revision});
        if let (Some(stale), Some(map)) = (&stale, told.as_object_mut()) {
            map.insert("code".to_owned(), Value::from("bundle_error"));
            map.insert("message".to_owned(), Value::from(stale.why.as_str()));
        }
        (bundle.name.to_owned(), told)
    });
    // What was loaded before goes on, as for OPA.
    let state = if stale.is_some() { "WARN" } else { "OK" };
    let logs = json!({"state": if app.logs() { "OK" } else { "NOT_READY" }});
    let status = json!({"result": {
        "labels": app.settings().labels,
        "bundles": Value::Object(bundles.collect()),
        "plugins": {"bundle": {"state": state}, "decision_logs": logs},
    }});
    value(body::takes_gzip(request.headers()), &status, Params::of(request.uri()).pretty)
}

/// `GET /v1/config`.
pub async fn config(State(app): State<App>, request: Request) -> Response {
    let settings = app.settings();
    let decision = settings.default_decision.as_deref().unwrap_or("system/main").trim_matches('/');
    let config = json!({"result": {
        "default_decision": format!("/{decision}"),
        "default_authorization_decision": "/system/authz/allow",
        "labels": settings.labels,
        "decision_logs": {"console": false, "reporting": {}},
        "server": {"decoding": {"max_length": app.body_max(), "gzip": {"max_length": app.body_max()}}},
    }});
    value(body::takes_gzip(request.headers()), &config, Params::of(request.uri()).pretty)
}

/// `GET /health`.
pub async fn health() -> Response {
    // Whatever does not load keeps the sidecar from starting: bundles and plugins are there.
    empty(StatusCode::OK)
}

/// `GET /health/{path}`: what `data.system.health.<path>` says.
pub async fn health_of(State(app): State<App>, request: Request) -> Response {
    let steps = segments(request.uri().path(), "/health");
    let name = steps.join(".");
    let path: Vec<String> = ["system".to_owned(), "health".to_owned()].into_iter().chain(steps).collect();
    let input = json!({"plugin_state": {"bundle": "OK"}, "plugins_ready": true}).to_string();
    let current = app.current();
    let work = move |current: &Current| evaluate(&current.engine, &path, Some(&input), &Params::default());
    let unhealthy = |why: &str| {
        let told = json!({"error": format!("health check (data.system.health.{name}) {why}")});
        let mut response = value(false, &told, false);
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    };
    match app.answer("health", usize::MAX, &current, work).await {
        Ok(Ok(evaluated)) => match evaluated.result.as_ref().map(Option::as_deref) {
            Ok(Some("true")) => empty(StatusCode::OK),
            Ok(Some(_)) => unhealthy("returned unexpected value"),
            Ok(None) => unhealthy("was undefined"),
            Err(_) => unhealthy("failed"),
        },
        Ok(Err(message)) => unhealthy(&message),
        Err(error) => unavailable(error),
    }
}
