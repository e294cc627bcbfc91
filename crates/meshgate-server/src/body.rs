//! Bodies: bounded, unpacked where they come packed, and packed where that is wanted and worth it.
//!
//! Deliberately absent: what they mean, and the shape of an error; each API has its own.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::Deserialize;
use serde_json::Value;
use std::io::{Read, Write};

/// Bytes from which on an answer is packed, as OPA's default has it.
const PACKED_MIN: usize = 1_024;

/// A body that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It has more bytes than there may be, as sent or unpacked.
    TooLarge,
    /// It is packed in a way that is not known, or wrongly.
    Packing,
    /// It did not come to its end.
    Cut,
    /// There is no thread to unpack it.
    Busy,
}

impl Refused {
    /// In a sentence.
    pub const fn message(self) -> &'static str {
        match self {
            Self::TooLarge => "request body too large",
            Self::Packing => "the body is not packed as its Content-Encoding says; only gzip is known",
            Self::Cut => "the body did not come to its end",
            Self::Busy => "too many requests wait; come back in a second",
        }
    }
}

impl Refused {
    /// The status for it, where an API has no other.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Packing | Self::Cut => StatusCode::BAD_REQUEST,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Does a request say that its body is JSON?
pub fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// Reads a body to its end, and says whether it is packed.
///
/// # Errors
/// [`Refused`].
pub async fn read(headers: &HeaderMap, body: Body, most: usize) -> Result<(Bytes, bool), Refused> {
    let said = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|said| said > most as u64) {
        return Err(Refused::TooLarge);
    }
    let bytes = to_bytes(body, most).await.map_err(|error| {
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        if source.contains("length limit") { Refused::TooLarge } else { Refused::Cut }
    })?;
    match headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok((bytes, false)),
        Some(word) if word.eq_ignore_ascii_case(b"gzip") => Ok((bytes, true)),
        Some(_) => Err(Refused::Packing),
    }
}

/// Unpacks a body.
///
/// # Errors
/// [`Refused`].
pub fn unpack(bytes: &[u8], most: usize) -> Result<Bytes, Refused> {
    let mut unpacked = Vec::new();
    let taken = MultiGzDecoder::new(bytes).take(most as u64 + 1).read_to_end(&mut unpacked);
    match taken {
        Err(_) => Err(Refused::Packing),
        Ok(size) if size > most => Err(Refused::TooLarge),
        Ok(_) => Ok(Bytes::from(unpacked)),
    }
}

/// Reads a body that must be an object: what reads structures would take a list for one, too.
///
/// # Errors
/// What it is not, in a sentence.
pub fn object<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err("it is no object".to_owned());
    }
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// Does whoever asks take gzip?
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let said = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    said.flat_map(|value| value.split(',')).any(|word| {
        let mut parts = word.split(';');
        let name = parts.next().unwrap_or_default().trim();
        let refused = parts.any(|part| matches!(part.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        name.eq_ignore_ascii_case("gzip") && !refused
    })
}

/// An answer of JSON, packed when that is wanted and worth it.
pub fn json(gzip: bool, text: String) -> Response {
    let packed = (gzip && text.len() >= PACKED_MIN).then(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).ok()
    });
    let (body, packed) = match packed.flatten() {
        Some(bytes) => (Body::from(bytes), true),
        None => (Body::from(text), false),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

/// The text indented, if that is wanted.
pub fn laid_out(text: String, pretty: bool) -> String {
    if !pretty {
        return text;
    }
    match serde_json::from_str::<Value>(&text).and_then(|value| serde_json::to_string_pretty(&value)) {
        Ok(pretty) => pretty + "\n",
        Err(_) => text,
    }
}
