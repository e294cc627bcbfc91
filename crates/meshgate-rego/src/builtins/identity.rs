//! Who asks: signed tokens and certificates, read as `io.jwt.decode_verify` and `crypto.x509.parse_certificates` read them,
//! so that a policy sees what it would have found itself.
//!
//! Deliberately absent: policies; and tokens that never end.

use super::{jwt, x509};
use crate::context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regorus::Value;
use serde_json::{Value as Json, json};

/// What signed tokens must be.
#[derive(Debug, Clone)]
pub struct Signed {
    /// A JWK set, or certificates or public keys as PEM.
    pub keys: String,
    /// Who must have issued them.
    pub issuer: String,
    /// For whom they must be.
    pub audience: String,
    /// By which algorithms.
    pub algorithms: Vec<String>,
}

/// The claims of a token that holds now; `None` for any other, one that never ends among them.
#[must_use]
pub fn verified(token: &str, signed: &Signed) -> Option<Json> {
    let one = |algorithm: &String| {
        let wanted = json!({"cert": signed.keys, "iss": signed.issuer, "aud": signed.audience, "alg": algorithm});
        let values = [Value::from(token), crate::json::value(&wanted)];
        let found = context::quietly(|| jwt::decode_verify(&values)).ok()?;
        let found = serde_json::to_value(&found).ok()?;
        let claims = found.get(2)?;
        (found.get(0) == Some(&Json::Bool(true)) && claims.get("exp").is_some_and(Json::is_number))
            .then(|| claims.clone())
    };
    signed.algorithms.iter().find_map(one)
}

/// Certificates in DER as `crypto.x509.parse_certificates` shows them; `None` when one is none.
#[must_use]
pub fn certificates<'a>(ders: impl Iterator<Item = &'a [u8]>) -> Option<Json> {
    let all: Vec<u8> = ders.flatten().copied().collect();
    let values = [Value::from(STANDARD.encode(all))];
    let found = context::quietly(|| x509::parse_certificates(&values)).ok()?;
    serde_json::to_value(&found).ok()
}
