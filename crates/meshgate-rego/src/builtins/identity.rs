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

#[cfg(test)]
mod tests {
    use super::*;

    /// An octet key: what is asymmetric is read by the same way.
    fn signed(claims: &Json) -> (String, Signed) {
        let key = json!({"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMw"});
        let values =
            [json!({"alg": "HS256", "typ": "JWT"}), claims.clone(), key.clone()].map(|v| crate::json::value(&v));
        let token = context::quietly(|| jwt::encode_sign(&values)).unwrap();
        let keys = json!({"keys": [key]}).to_string();
        let of = |text: &str| text.to_owned();
        let algorithms = ["RS256", "HS256"].map(of).into();
        (of(token.as_string().unwrap()), Signed { keys, issuer: of("me"), audience: of("meshgate"), algorithms })
    }

    #[test]
    fn a_token_holds_for_its_issuer_audience_and_time_alone() {
        let good = json!({"iss": "me", "aud": "meshgate", "exp": 4_000_000_000_u64, "sub": "ada"});
        let (token, wanted) = signed(&good);
        assert_eq!(verified(&token, &wanted), Some(good.clone()));
        for (key, value) in [("iss", json!("you")), ("aud", json!("other")), ("exp", json!(1)), ("exp", Json::Null)] {
            let mut claims = good.clone();
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(key);
            } else {
                claims.as_object_mut().unwrap().insert(key.to_owned(), value);
            }
            let (token, wanted) = signed(&claims);
            assert_eq!(verified(&token, &wanted), None, "{claims}");
        }
        let other = Signed { algorithms: vec!["RS256".to_owned()], ..wanted.clone() };
        assert_eq!(verified(&token, &other), None);
        assert_eq!(verified(&format!("{token}x"), &wanted), None);
        assert_eq!(verified("a.b.c", &wanted), None);
    }
}
