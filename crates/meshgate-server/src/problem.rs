//! Errors of our own routes: RFC 9457 problem bodies.
//!
//! Deliberately absent: OPA's error shape; its routes have their own.

use crate::app::Unavailable;
use crate::body::Refused;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Makes a problem response.
pub fn problem(status: StatusCode, detail: impl Into<String>) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail.into()});
    let mut response =
        (status, [(header::CONTENT_TYPE, "application/problem+json")], format!("{body}\n")).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    response
}

/// What a request that is not taken is told.
pub fn refused(refused: Refused) -> Response {
    problem(refused.status(), refused.message())
}

/// What a request without an answer is told. It is a denial, where a decision was asked for.
pub fn unavailable(unavailable: Unavailable) -> Response {
    problem(unavailable.status(), unavailable.message())
}

/// There is no such route.
pub async fn not_found(uri: Uri) -> Response {
    problem(StatusCode::NOT_FOUND, format!("there is no `{}` here; see `GET /openapi.json`", uri.path()))
}
