//! Who asks: signed tokens and certificates, read as `io.jwt.decode_verify` and `crypto.x509.parse_certificates` read them,
//! so that a policy sees what it would have found itself.
//!
//! Deliberately absent: policies; and tokens that never end.

use super::{jwt, x509};
use crate::context;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
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
    if !is_plain(token) {
        return None;
    }
    let one = |algorithm: &String| {
        let wanted = json!({"cert": signed.keys, "iss": signed.issuer, "aud": signed.audience, "alg": algorithm});
        let values = [Value::from(token), crate::json::value(&wanted)];
        let found = context::quietly(|| jwt::decode_verify(&values)).ok()?;
        let found = serde_json::to_value(&found).ok()?;
        let claims = found.get(2)?;
        let names_somebody = claims.get("sub").and_then(Json::as_str).is_some_and(|subject| !subject.is_empty());
        (found.get(0) == Some(&Json::Bool(true)) && claims.get("exp").is_some_and(Json::is_number) && names_somebody)
            .then(|| claims.clone())
    };
    signed.algorithms.iter().find_map(one)
}

/// Is a token written in the one way there is, and wants nothing that is not understood here? What must be understood
/// (`crit`), is packed (`zip`), or is signed otherwise (`b64`) is none.
fn is_plain(token: &str) -> bool {
    if token.contains('=') {
        return false;
    }
    let header = token.split('.').next().and_then(|header| URL_SAFE_NO_PAD.decode(header).ok());
    let header = header.and_then(|header| serde_json::from_slice::<Json>(&header).ok());
    header.is_some_and(|header| {
        header.is_object() && ["crit", "zip", "b64", "enc"].iter().all(|key| header.get(key).is_none())
    })
}

/// The keys of a set that may verify: those that are for something else (`use`, `key_ops`) are left out. PEM says nothing of
/// what it is for.
#[must_use]
pub fn verifying(keys: &str) -> String {
    let Ok(mut set) = serde_json::from_str::<Json>(keys) else { return keys.to_owned() };
    let may = |key: &Json| {
        key.get("use").is_none_or(|of| of == "sig")
            && key
                .get("key_ops")
                .is_none_or(|all| all.as_array().is_some_and(|all| all.iter().any(|one| one == "verify")))
    };
    if let Some(all) = set.get_mut("keys").and_then(Json::as_array_mut) {
        all.retain(may);
    } else if !may(&set) {
        set = json!({"keys": []});
    }
    set.to_string()
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
        signed_as(&json!({"alg": "HS256", "typ": "JWT"}), claims)
    }

    fn signed_as(header: &Json, claims: &Json) -> (String, Signed) {
        let key = json!({"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMw"});
        let values = [header.clone(), claims.clone(), key.clone()].map(|v| crate::json::value(&v));
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

    #[test]
    fn a_token_that_wants_more_than_is_understood_is_none() {
        let good = json!({"iss": "me", "aud": "meshgate", "exp": 4_000_000_000_u64, "sub": "ada"});
        let (token, wanted) = signed(&good);
        assert!(verified(&token, &wanted).is_some() && verified(&format!("{token}="), &wanted).is_none());
        for (key, value) in [("crit", json!(["exp"])), ("zip", json!("DEF")), ("b64", json!(false))] {
            let header = json!({"alg": "HS256", "typ": "JWT", key: value});
            let (token, wanted) = signed_as(&header, &good);
            assert_eq!(verified(&token, &wanted), None, "{key}");
        }
        for subject in [json!(""), Json::Null, json!(7)] {
            let mut claims = good.clone();
            claims["sub"] = subject;
            let (token, wanted) = signed(&claims);
            assert_eq!(verified(&token, &wanted), None, "{claims}");
        }
    }

    #[test]
    fn keys_that_are_for_something_else_verify_nothing() {
        let key = |more: Json| {
            let mut key = json!({"kty": "oct", "k": "x"});
            key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            key
        };
        let all = [
            json!({}),
            json!({"use": "sig"}),
            json!({"use": "enc"}),
            json!({"key_ops": ["verify"]}),
            json!({"key_ops": ["encrypt"]}),
        ];
        let set = json!({"keys": all.map(key)}).to_string();
        let left: Json = serde_json::from_str(&verifying(&set)).unwrap();
        assert_eq!(left["keys"].as_array().map(Vec::len), Some(3));
        assert!(!verifying(&key(json!({"use": "enc"})).to_string()).contains("oct"));
        assert_eq!(verifying("-----BEGIN"), "-----BEGIN");
    }
}
