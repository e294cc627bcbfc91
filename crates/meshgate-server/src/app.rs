//! The route tables and what the routes share.
//!
//! | listener | route | answers |
//! |---|---|---|
//! | main | `POST /v1/check` | report JSON v1 of one descriptor |
//! | main | `GET`, `POST /v1/data/{path}` | OPA's data API over the loaded bundles |
//! | main | `GET /health` | `{}` |
//! | admin | `GET /live`, `/ready`, `/version` | for whoever runs it |
//! | admin | `GET /metrics` | counts of Rego evaluations, in Prometheus' text format |
//! | admin | `GET /differences` | what the gears differed on, with the inputs |
//!
//! Deliberately absent: authentication; the sidecar listens on loopback unless told otherwise.

use crate::{check, data, problem};
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use meshgate_engine::Engine;
use std::sync::Arc;
use tokio::sync::{Semaphore, oneshot};

/// Bytes of a request's body; the descriptor itself is bounded by the engine.
const BODY_BYTES_MAX: usize = 32 << 20;
/// Requests that wait or run at once; more are told to come back.
const REQUESTS_MAX: usize = 512;

/// What the routes share.
#[derive(Debug, Clone)]
pub struct App {
    engine: Arc<Engine>,
    places: Arc<Semaphore>,
}

impl App {
    /// Makes the routes' state.
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, places: Arc::new(Semaphore::new(REQUESTS_MAX)) }
    }

    /// Runs work on the engine's threads: a policy that loops must not stall the runtime.
    ///
    /// # Errors
    /// A response: 503 when too many requests wait, 500 when the work died.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Unavailable::Busy)?;
        let (answer, answered) = oneshot::channel();
        let engine = Arc::clone(&self.engine);
        self.engine.spawn(move || {
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&engine)));
            // The client may have gone; its answer has nowhere to go, and that is fine.
            let _ = result.map(|result| answer.send(result));
            drop(place);
        });
        answered.await.map_err(|_| Unavailable::Died)
    }
}

/// Why work has no result.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unavailable {
    Busy,
    Died,
}

/// The routes that data products query.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/v1/check", post(check::check))
        .route("/v1/data", get(data::get_root).post(data::post_root))
        .route("/v1/data/{*path}", get(data::get).post(data::post))
        .route("/health", get(|| async { json("{}") }))
        .fallback(problem::not_found)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(app)
}

/// The routes that operators query.
pub fn admin_routes(app: App) -> Router {
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
    let counts = app.engine.gear_counts();
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
         meshgate_rego_slices {}\n",
        counts.interpreter,
        counts.fast,
        counts.compared,
        counts.differences,
        app.engine.slices()
    );
    ([(axum::http::header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// What the gears differed on, with the inputs: what to report to Meshgate's developers. The inputs are as they came.
async fn differences(State(app): State<App>) -> Response {
    match serde_json::to_string(&serde_json::json!({ "differences": app.engine.differences() })) {
        Ok(body) => json(body + "\n"),
        Err(error) => problem::problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// A JSON response.
pub(crate) fn json(body: impl Into<String>) -> Response {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], body.into()).into_response()
}
