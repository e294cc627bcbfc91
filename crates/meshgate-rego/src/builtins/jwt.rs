//! `io.jwt.*`: tokens are decoded, verified and signed as OPA does, nested ones too.
//!
//! Deliberately absent: encrypted tokens (JWE), as in OPA, and cryptography of our own; see `keys`.

use super::keys::{self, Algorithm, Named, Private, Public};
use super::{json, operand, text, value_of};
use crate::context;
use anyhow::{Result, anyhow, bail};
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use regorus::Value;
use serde_json::{Map, Value as Json};

/// Tokens within tokens that are followed.
const NESTING_MAX: usize = 32;

/// With padding or without, as OPA takes it; written without.
pub(super) const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A token taken apart.
struct Token<'a> {
    header: Map<String, Json>,
    payload: Vec<u8>,
    signature: Vec<u8>,
    /// What was signed.
    signed: &'a str,
}

impl<'a> Token<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        if !text.contains('.') {
            bail!("encoded JWT had no period separators");
        }
        let sections: Vec<&str> = text.split('.').collect();
        let [header, payload, signature] = sections.as_slice() else {
            bail!("encoded JWT must have 3 sections, found {}", sections.len());
        };
        let decode = |section: &str, what: &str| {
            BASE64URL.decode(section).map_err(|error| anyhow!("JWT {what} had invalid encoding: {error}"))
        };
        let Ok(Json::Object(header)) = serde_json::from_slice(&decode(header, "header")?) else {
            bail!("JWT header is no JSON object");
        };
        if header.contains_key("enc") {
            bail!("JWT is a JWE object, which is not supported");
        }
        let signed = text.rsplit_once('.').map_or("", |(signed, _)| signed);
        Ok(Self { payload: decode(payload, "payload")?, signature: decode(signature, "signature")?, header, signed })
    }

    /// Says whether the payload is a token again.
    fn is_nested(&self) -> bool {
        self.header.get("cty").and_then(Json::as_str).is_some_and(|cty| cty.eq_ignore_ascii_case("JWT"))
    }

    fn inner(&self) -> Result<String> {
        // OPA takes a token that is quoted as a JSON string, too.
        match serde_json::from_slice(&self.payload) {
            Ok(Json::String(text)) => Ok(text),
            _ => Ok(std::str::from_utf8(&self.payload)?.to_owned()),
        }
    }

    fn claims(&self) -> Result<Map<String, Json>> {
        match serde_json::from_slice(&self.payload) {
            Ok(Json::Object(claims)) => Ok(claims),
            _ => bail!("JWT payload is no JSON object"),
        }
    }
}

pub fn decode(values: &[Value]) -> Result<Value> {
    let mut text = operand(values, 0)?.to_owned();
    for _ in 0..NESTING_MAX {
        let token = Token::parse(&text)?;
        if token.is_nested() {
            text = token.inner()?;
            continue;
        }
        let parts = [Json::Object(token.header.clone()), Json::Object(token.claims()?)];
        let mut parts: Vec<Value> = parts.into_iter().map(value_of).collect();
        parts.push(Value::from(super::hex(&token.signature)));
        return Ok(Value::from(parts));
    }
    bail!("JWT is nested more than {NESTING_MAX} times")
}

/// Returns the keys that may have signed a token: the one that its header names, or all.
fn candidates<'a>(keys: &'a [Named], header: &Map<String, Json>, algorithm: Algorithm) -> Vec<&'a Public> {
    let kid = header.get("kid").and_then(Json::as_str);
    match keys.iter().find(|named| kid.is_some() && named.kid.as_deref() == kid) {
        Some(named) => vec![&named.key],
        None => {
            let fits = |named: &&Named| named.algorithm.is_none_or(|wanted| wanted == algorithm);
            keys.iter().filter(fits).map(|named| &named.key).collect()
        }
    }
}

fn secret(text: &str) -> Vec<Named> {
    vec![Named { kid: None, algorithm: None, key: Public::Secret(text.as_bytes().to_vec()) }]
}

fn verify(values: &[Value], algorithm: Algorithm) -> Result<Value> {
    let (text, certificate) = (operand(values, 0)?, operand(values, 1)?);
    let token = Token::parse(text)?;
    let keys = if algorithm.is_hmac() { secret(certificate) } else { keys::public(certificate)? };
    let signs = |key: &&Public| key.verifies(algorithm, token.signed.as_bytes(), &token.signature);
    Ok(Value::from(candidates(&keys, &token.header, algorithm).iter().any(signs)))
}

macro_rules! verifiers {
    ($($name:ident $algorithm:ident),* $(,)?) => {
        $(pub fn $name(values: &[Value]) -> Result<Value> { verify(values, Algorithm::$algorithm) })*
    };
}

verifiers! {
    verify_rs256 Rs256, verify_rs384 Rs384, verify_rs512 Rs512, verify_ps256 Ps256, verify_ps384 Ps384,
    verify_ps512 Ps512, verify_es256 Es256, verify_es384 Es384, verify_es512 Es512, verify_eddsa EdDsa,
    verify_hs256 Hs256, verify_hs384 Hs384, verify_hs512 Hs512,
}

/// What `io.jwt.decode_verify` is to hold a token to.
struct Constraints {
    keys: Vec<Named>,
    algorithm: Option<String>,
    issuer: Option<String>,
    audience: Option<String>,
    /// Seconds since 1970.
    time: f64,
}

impl Constraints {
    fn parse(value: Option<&Value>) -> Result<Self> {
        let Some(Value::Object(given)) = value else { bail!(super::Operand("operand 2 must be object".to_owned())) };
        let mut found = Self { keys: Vec::new(), algorithm: None, issuer: None, audience: None, time: 0.0 };
        let (mut time, mut keyed) = (None, false);
        for (name, value) in given.iter() {
            let name = text(Some(name)).unwrap_or_default();
            let string = || text(Some(value)).ok_or_else(|| anyhow!("{name} constraint must be a string"));
            match name {
                "cert" | "secret" if std::mem::replace(&mut keyed, true) => bail!("duplicate key constraints"),
                "cert" => found.keys = keys::public(string()?)?,
                "secret" => found.keys = secret(string()?),
                "alg" => found.algorithm = Some(string()?.to_owned()),
                "iss" => found.issuer = Some(string()?.to_owned()),
                "aud" => found.audience = Some(string()?.to_owned()),
                "time" => match super::float(value) {
                    Some(nanoseconds) if nanoseconds >= 0.0 => time = Some(nanoseconds / 1e9),
                    _ => bail!("time constraint must be a number and not negative"),
                },
                _ => bail!("unknown token validation constraint `{name}`"),
            }
        }
        if !keyed {
            bail!("no key constraint");
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds keep the milliseconds that tokens have")]
        let now = context::now_ns() as f64 / 1e9;
        found.time = time.unwrap_or(now);
        Ok(found)
    }

    /// Says whether the signature is that of one of the keys.
    fn signed(&self, token: &Token<'_>) -> Result<bool> {
        let Some(name) = token.header.get("alg").and_then(Json::as_str) else { bail!("missing algorithm in header") };
        if self.algorithm.as_deref().is_some_and(|wanted| wanted != name) {
            return Ok(false);
        }
        let Some(algorithm) = Algorithm::parse(name) else { bail!("unknown JWT algorithm: {name}") };
        let signs = |key: &&Public| key.verifies(algorithm, token.signed.as_bytes(), &token.signature);
        Ok(candidates(&self.keys, &token.header, algorithm).iter().any(signs))
    }

    /// Says whether the registered claims hold.
    fn hold(&self, claims: &Map<String, Json>) -> Result<bool> {
        let issuer = claims.get("iss").and_then(Json::as_str);
        if self.issuer.is_some() && issuer != self.issuer.as_deref() {
            return Ok(false);
        }
        let named = |wanted: &str| match claims.get("aud") {
            Some(Json::String(one)) => one == wanted,
            Some(Json::Array(many)) => many.iter().any(|one| one.as_str() == Some(wanted)),
            _ => false,
        };
        match &self.audience {
            Some(wanted) if !named(wanted) => return Ok(false),
            None if claims.contains_key("aud") => return Ok(false),
            _ => {}
        }
        let number = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(Json::Number(number)) => Ok(number.as_f64()),
            Some(_) => bail!("{name} value must be a number"),
        };
        let (expires, begins) = (number("exp")?, number("nbf")?);
        Ok(expires.is_none_or(|expires| self.time < expires) && begins.is_none_or(|begins| self.time >= begins))
    }
}

pub fn decode_verify(values: &[Value]) -> Result<Value> {
    let unverified = || Value::from(vec![Value::from(false), Value::new_object(), Value::new_object()]);
    let mut text = operand(values, 0)?.to_owned();
    let constraints = Constraints::parse(values.get(1))?;
    for _ in 0..NESTING_MAX {
        let token = Token::parse(&text)?;
        if !constraints.signed(&token)? {
            return Ok(unverified());
        }
        if token.is_nested() {
            text = token.inner()?;
            continue;
        }
        let claims = token.claims()?;
        if !constraints.hold(&claims)? {
            return Ok(unverified());
        }
        let header = value_of(Json::Object(token.header));
        return Ok(Value::from(vec![Value::from(true), header, value_of(Json::Object(claims))]));
    }
    bail!("JWT is nested more than {NESTING_MAX} times")
}

fn sign(header: &str, payload: &str, key: &Json) -> Result<Value> {
    let Ok(Json::Object(fields)) = serde_json::from_str(header) else {
        bail!("missing or invalid 'alg' header: the header is no JSON object");
    };
    let Some(name) = fields.get("alg").and_then(Json::as_str) else { bail!("missing or invalid 'alg' header") };
    let Some(algorithm) = Algorithm::parse(name) else { bail!("unknown JWT algorithm: {name}") };
    let kind = fields.get("typ").and_then(Json::as_str).unwrap_or("JWT");
    if kind.eq_ignore_ascii_case("JWT") && serde_json::from_str::<Json>(payload).is_err() {
        bail!("type is JWT but payload is not JSON");
    }
    let signed = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(payload));
    let signature = Private::of_jwk(key)?.sign(algorithm, signed.as_bytes())?;
    Ok(Value::from(format!("{signed}.{}", BASE64URL.encode(signature))))
}

/// Keys in order, as OPA writes them.
fn sorted(value: Json) -> Json {
    match value {
        Json::Object(map) => {
            let mut entries: Vec<(String, Json)> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(entries.into_iter().collect())
        }
        Json::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

pub fn encode_sign(values: &[Value]) -> Result<Value> {
    let object = |index: usize| match values.get(index) {
        Some(value @ Value::Object(_)) => json(value).map(sorted),
        _ => bail!(super::Operand(format!("operand {} must be object", index + 1))),
    };
    sign(&object(0)?.to_string(), &object(1)?.to_string(), &object(2)?)
}

pub fn encode_sign_raw(values: &[Value]) -> Result<Value> {
    let key: Json =
        serde_json::from_str(operand(values, 2)?).map_err(|error| anyhow!("failed to parse a JWK: {error}"))?;
    sign(operand(values, 0)?, operand(values, 1)?, &key)
}
