//! OPA's HTTP API, as its clients know it: the data API in its versions, batches, policies, health, status, configuration.
//!
//! Deliberately absent: writing, and queries of a caller's own Rego. Policies come from bundles.

pub mod batch;
pub mod data;
mod errors;
pub mod params;
pub mod state;

use crate::app::Unavailable;
use crate::body::Refused;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
pub use errors::{Evaluation, error, failed};

/// What a request that is not taken is told.
pub fn refused(refused: Refused) -> Response {
    error(StatusCode::BAD_REQUEST, "invalid_parameter", refused.message())
}

/// What a request without an answer is told.
pub fn unavailable(unavailable: Unavailable) -> Response {
    if !unavailable.is_passing() {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", unavailable.message());
    }
    let mut response = error(StatusCode::SERVICE_UNAVAILABLE, "internal_error", unavailable.message());
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Writing is switched off.
pub async fn read_only() -> Response {
    let message = "policies and data come from bundles: writing is switched off";
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED, "invalid_operation", message);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    response
}

/// A caller's own Rego is not evaluated.
pub async fn no_queries() -> Response {
    let message = "queries of a caller's own Rego are switched off: ask for a rule by its path, `/v1/data/…`";
    error(StatusCode::NOT_FOUND, "resource_not_found", message)
}
