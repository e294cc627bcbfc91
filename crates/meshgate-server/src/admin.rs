//! The admin listener: `/live`, `/ready`, `/version`, `/metrics`, and `/differences` between the gears.
//!
//! Deliberately absent: anything that changes the sidecar.

use crate::app::App;
use crate::problem;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// The routes that operators query.
pub fn routes(app: App) -> Router {
    let version = || async { json(concat!("{\"version\":\"", env!("CARGO_PKG_VERSION"), "\"}")) };
    Router::new()
        .route("/live", get(|| async { "live\n" }))
        .route("/ready", get(|| async { "ready\n" }))
        .route("/version", get(version))
        .route("/metrics", get(metrics))
        .route("/differences", get(differences))
        .fallback(problem::not_found)
        .with_state(app)
}

/// How often each gear answered, and whether they ever differed: one difference is worth an alarm.
async fn metrics(State(app): State<App>) -> Response {
    let current = app.current();
    let counts = current.engine.gear_counts();
    let text = format!(
        "# HELP meshgate_rego_evaluations_total Evaluations that a gear answered.\n\
         # TYPE meshgate_rego_evaluations_total counter\n\
         meshgate_rego_evaluations_total{{gear=\"interpreter\"}} {}\n\
         meshgate_rego_evaluations_total{{gear=\"fast\"}} {}\n\
         # HELP meshgate_rego_compared_total Evaluations in both gears.\n\
         # TYPE meshgate_rego_compared_total counter\n\
         meshgate_rego_compared_total {}\n\
         # HELP meshgate_rego_differences_total Comparisons that differed; the interpreter's answer counted.\n\
         # TYPE meshgate_rego_differences_total counter\n\
         meshgate_rego_differences_total {}\n\
         # HELP meshgate_rego_slices Parts of bundles that answer for rules of very many definitions.\n\
         # TYPE meshgate_rego_slices gauge\n\
         meshgate_rego_slices {}\n\
         # HELP meshgate_waiting_requests Requests that wait for a thread.\n\
         # TYPE meshgate_waiting_requests gauge\n\
         meshgate_waiting_requests {}\n",
        counts.interpreter,
        counts.fast,
        counts.compared,
        counts.differences,
        current.engine.slices(),
        app.waiting()
    );
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// What the gears differed on, with the inputs: what to report to Meshgate's developers. The inputs are as they came.
async fn differences(State(app): State<App>) -> Response {
    match serde_json::to_string(&serde_json::json!({ "differences": app.current().engine.differences() })) {
        Ok(body) => json(body + "\n"),
        Err(error) => problem::problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn json(body: impl Into<String>) -> Response {
    crate::body::json(false, body.into())
}
