//! What all routes read of a request: where it comes from, what it is a part of, and the steps of a path.
//!
//! Deliberately absent: bodies.

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use std::convert::Infallible;
use std::net::SocketAddr;

/// Where a request stands in a trace, as W3C's `traceparent` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    /// Of the whole.
    pub trace: u128,
    /// Of whoever asked.
    pub span: u64,
}

impl Trace {
    /// Reads the header. What is wrong is none: a trace is no reason to refuse a question.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get("traceparent")?.to_str().ok()?;
        let mut parts = text.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, digits: usize| {
            text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        if !hex(version, 2) || version == "ff" || !hex(trace, 32) || !hex(span, 16) || !hex(flags, 2) {
            return None;
        }
        // Later versions may have more.
        if version == "00" && parts.next().is_some() {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok().filter(|trace| *trace != 0)?;
        let span = u64::from_str_radix(span, 16).ok().filter(|span| *span != 0)?;
        Some(Self { trace, span })
    }
}

/// Who asked, when that is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Caller {
    /// From where.
    pub address: Option<SocketAddr>,
    /// As a part of what.
    pub trace: Option<Trace>,
    /// The number of the request since the start.
    pub request: u64,
}

/// The number of a request, given to it when it comes.
#[derive(Debug, Clone, Copy)]
pub struct Number(pub u64);

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub Caller);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Caller {
            address: parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0),
            trace: Trace::of(&parts.headers),
            request: parts.extensions.get::<Number>().map_or(0, |number| number.0),
        }))
    }
}

/// The steps of a path below a prefix, each unpacked; empty ones count for nothing, as for OPA.
pub fn segments(path: &str, prefix: &str) -> Vec<String> {
    let rest = path.strip_prefix(prefix).unwrap_or(path);
    let step = |step: &str| percent_encoding::percent_decode_str(step).decode_utf8_lossy().into_owned();
    rest.split('/').filter(|step| !step.is_empty()).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Trace> {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", text.parse().unwrap());
        Trace::of(&headers)
    }

    #[test]
    fn a_traceparent_is_read_as_w3c_has_it() {
        let trace = of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        assert_eq!((trace.trace, trace.span), (0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, 0x00f0_67aa_0ba9_02b7));
        for wrong in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        assert!(of("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later").is_some());
    }
}
