//! PEM: blocks of base64 between `-----BEGIN X-----` and `-----END X-----`.
//!
//! Deliberately absent: encrypted blocks; their headers make them unreadable, which is an error where one is used.

use super::Exceeded;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes of certificates and keys in one text.
const BYTES_MAX: usize = 4 << 20;

/// One block.
pub struct Block {
    /// What it says it is.
    pub label: String,
    pub contents: Vec<u8>,
}

/// Returns the first block, and what stands behind it.
pub fn first(bytes: &[u8]) -> Option<(Block, &[u8])> {
    let (block, rest) = next(std::str::from_utf8(bytes).ok()?)?;
    Some((block, rest.as_bytes()))
}

fn next(text: &str) -> Option<(Block, &str)> {
    let start = text.find("-----BEGIN ")? + "-----BEGIN ".len();
    let (label, body) = text.get(start..)?.split_once("-----")?;
    let (body, rest) = body.split_once(&format!("-----END {label}-----"))?;
    let base64: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    let contents = STANDARD.decode(base64).ok()?;
    Some((Block { label: label.to_owned(), contents }, rest))
}

/// Returns all blocks.
pub fn all(bytes: &[u8]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let Ok(mut rest) = std::str::from_utf8(bytes) else { return blocks };
    while let Some((block, behind)) = next(rest) {
        blocks.push(block);
        rest = behind;
    }
    blocks
}

/// Takes PEM as it is, and what is base64 of PEM or of DER decoded.
pub fn or_base64(text: &str) -> anyhow::Result<Vec<u8>> {
    if text.len() > BYTES_MAX {
        anyhow::bail!(Exceeded(format!("the text has more than {BYTES_MAX} bytes")));
    }
    if text.trim_start().starts_with("-----BEGIN") {
        return Ok(text.as_bytes().to_vec());
    }
    STANDARD.decode(text).map_err(|error| anyhow::anyhow!("illegal base64 data: {error}"))
}

/// Says whether bytes are PEM.
pub fn is(bytes: &[u8]) -> bool {
    bytes.starts_with(b"-----BEGIN")
}
