//! What all routes read of a request: where it comes from, and the steps of a path.
//!
//! Deliberately absent: bodies.

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use std::convert::Infallible;
use std::net::SocketAddr;

/// Where a request comes from, when that is known.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub Option<SocketAddr>);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)))
    }
}

/// The steps of a path below a prefix, each unpacked; empty ones count for nothing, as for OPA.
pub fn segments(path: &str, prefix: &str) -> Vec<String> {
    let rest = path.strip_prefix(prefix).unwrap_or(path);
    let step = |step: &str| percent_encoding::percent_decode_str(step).decode_utf8_lossy().into_owned();
    rest.split('/').filter(|step| !step.is_empty()).map(step).collect()
}
