//! Bodies: bounded, unpacked where they come packed, and packed where that is wanted and worth it.
//!
//! Deliberately absent: what they mean, and the shape of an error; each API has its own.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use hyper::body::Body as _;
use meshgate_core::work::{Share, Stopped, look};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::future::poll_fn;
use std::io::{Read, Write};
use std::pin::Pin;

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
    /// There is no thread to unpack it, or no memory to hold it.
    Busy,
    /// It holds more values than there may be.
    TooMany,
    /// It needs more memory than one request may have.
    Memory,
}

impl From<Stopped> for Refused {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Memory => Self::Memory,
            Stopped::Cancelled | Stopped::Room => Self::Busy,
        }
    }
}

impl Refused {
    /// In a sentence.
    pub const fn message(self) -> &'static str {
        match self {
            Self::TooLarge => "request body too large",
            Self::Packing => "the body is not packed as its Content-Encoding says; only gzip is known",
            Self::Cut => "the body did not come to its end",
            Self::Busy => "too many requests wait; come back in a second",
            Self::TooMany => "request body holds too many values",
            Self::Memory => "the request needs more memory than one request may have",
        }
    }
}

impl Refused {
    /// The status for it, where an API has no other.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::TooLarge | Self::TooMany | Self::Memory => StatusCode::PAYLOAD_TOO_LARGE,
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

/// Does a request say that its body is YAML?
pub fn is_yaml(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("yaml"))
}

/// Writes a value as JSON. Values are shared, and what is written is a tree: it is bounded while it is written.
///
/// # Errors
/// [`Stopped`] when it is too long, or nobody waits for it any more.
pub fn written<T: Serialize>(value: &T) -> Result<String, Stopped> {
    let mut bounded = Bounded { text: Vec::with_capacity(128), looked: 0, stopped: None };
    let outcome = serde_json::to_writer(&mut bounded, value);
    match (outcome, bounded.stopped) {
        (Ok(()), _) => String::from_utf8(bounded.text).map_err(|_| Stopped::Memory),
        (Err(_), stopped) => Err(stopped.unwrap_or(Stopped::Memory)),
    }
}

/// Bytes of an answer.
const ANSWER_MAX: usize = 64 << 20;
/// After how many bytes it is looked whether the work may go on.
const LOOK_EVERY: usize = 256 << 10;

struct Bounded {
    text: Vec<u8>,
    /// How long it was when it was last looked.
    looked: usize,
    stopped: Option<Stopped>,
}

impl Bounded {
    /// Looks whether more may be written.
    #[cold]
    fn check(&mut self) -> std::io::Result<()> {
        self.looked = self.text.len();
        let outcome = if self.text.len() > ANSWER_MAX { Err(Stopped::Memory) } else { look() };
        outcome.map_err(|stopped| {
            self.stopped = Some(stopped);
            std::io::Error::other(stopped)
        })
    }
}

// Values are written in pieces of a few bytes.
impl Write for Bounded {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.text.extend_from_slice(bytes);
        if self.text.len() - self.looked < LOOK_EVERY { Ok(()) } else { self.check() }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Reads a body to its end, and says whether it is packed. Each byte of it is held as it comes.
///
/// # Errors
/// [`Refused`].
pub async fn read(headers: &HeaderMap, body: Body, most: usize, share: &Share) -> Result<(Bytes, bool), Refused> {
    let said = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|said| said > most as u64) {
        return Err(Refused::TooLarge);
    }
    let bytes = collect(body, most, share).await?;
    match headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok((bytes, false)),
        Some(word) if word.eq_ignore_ascii_case(b"gzip") => Ok((bytes, true)),
        Some(_) => Err(Refused::Packing),
    }
}

/// Joins what comes of a body. Until all of it is there it is held in blocks: a list that grows by doubling would hold twice
/// what came, and the pieces as they come may each hold a whole buffer of the connection.
async fn collect(mut body: Body, most: usize, share: &Share) -> Result<Bytes, Refused> {
    let mut next = async || poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    let mut first: Option<Bytes> = None;
    let mut length = 0_usize;
    while let Some(frame) = next().await {
        let Ok(bytes) = frame.map_err(|_| Refused::Cut)?.into_data() else { continue };
        if bytes.is_empty() {
            continue;
        }
        share.add(bytes.len() as u64)?;
        length = length.saturating_add(bytes.len());
        if length > most {
            return Err(Refused::TooLarge);
        }
        // Most bodies come at once, and are not copied.
        if first.is_none() && blocks.is_empty() {
            first = Some(bytes);
            continue;
        }
        for mut piece in first.take().into_iter().chain([bytes]) {
            while !piece.is_empty() {
                if blocks.last().is_none_or(|block| block.len() == block.capacity()) {
                    let room = if blocks.is_empty() { BLOCK_MIN } else { BLOCK_MAX };
                    blocks.push(Vec::with_capacity(room));
                }
                if let Some(block) = blocks.last_mut() {
                    let fits = (block.capacity() - block.len()).min(piece.len());
                    block.extend_from_slice(&piece.split_to(fits));
                }
            }
        }
    }
    match (first, blocks.len()) {
        (Some(first), _) => Ok(first),
        (None, 0 | 1) => Ok(Bytes::from(blocks.pop().unwrap_or_default())),
        _ => {
            let mut all = Vec::with_capacity(length);
            // What is copied is let go of.
            for block in blocks {
                all.extend_from_slice(&block);
            }
            Ok(Bytes::from(all))
        }
    }
}

/// Bytes of the first block of a body, and of each that follows.
const BLOCK_MIN: usize = 64 << 10;
const BLOCK_MAX: usize = 512 << 10;
/// Bytes that are unpacked at once.
const UNPACKED_AT_ONCE: usize = 64 << 10;

/// Unpacks a body, and holds what it becomes.
///
/// # Errors
/// [`Refused`].
pub fn unpack(bytes: &[u8], most: usize, share: &Share) -> Result<Bytes, Refused> {
    let mut unpacked = Vec::new();
    let mut decoder = MultiGzDecoder::new(bytes);
    loop {
        let before = unpacked.len();
        let taken = decoder.by_ref().take(UNPACKED_AT_ONCE as u64).read_to_end(&mut unpacked);
        taken.map_err(|_| Refused::Packing)?;
        let more = unpacked.len() - before;
        if more == 0 {
            return Ok(Bytes::from(unpacked));
        }
        share.add(more as u64)?;
        look()?;
        if unpacked.len() > most {
            return Err(Refused::TooLarge);
        }
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
