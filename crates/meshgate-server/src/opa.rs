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
use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
pub use errors::{Evaluation, error, failed};

/// What a request that is not taken is told. To OPA, a body that is too large is a wrong one.
pub fn refused(refused: Refused) -> Response {
    match refused {
        Refused::Busy => unavailable(Unavailable::Busy),
        _ => error(StatusCode::BAD_REQUEST, "invalid_parameter", refused.message()),
    }
}

/// What a request without an answer is told.
pub fn unavailable(unavailable: Unavailable) -> Response {
    let mut response = error(unavailable.status(), "internal_error", unavailable.message());
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// Other methods than those of the data API: writing is switched off, and says so.
pub async fn no_other(method: Method) -> Response {
    not_allowed(&method, "GET,HEAD,POST")
}

/// Other methods than those of a policy.
pub async fn no_other_policy(method: Method) -> Response {
    not_allowed(&method, "GET,HEAD")
}

fn not_allowed(method: &Method, allowed: &'static str) -> Response {
    let message = "policies and data come from bundles: writing is switched off";
    let mut response = match *method {
        Method::PUT | Method::PATCH | Method::DELETE => {
            error(StatusCode::METHOD_NOT_ALLOWED, "invalid_operation", message)
        }
        _ => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response
        }
    };
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// A caller's own Rego is not evaluated.
pub async fn no_queries() -> Response {
    let message = "queries of a caller's own Rego are switched off: ask for a rule by its path, `/v1/data/…`";
    error(StatusCode::NOT_FOUND, "resource_not_found", message)
}
