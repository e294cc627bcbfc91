//! `crypto.md5`, `crypto.sha1`, `crypto.sha256` and `crypto.hmac.*`, as OPA has them: texts in, lower-case hex out.
//!
//! Deliberately absent: certificates and keys; see `x509` and `keys`.

use super::{hex, operand};
use anyhow::{Result, bail};
use hmac::digest::{Digest, KeyInit};
use hmac::{Hmac, Mac};
use md5::Md5;
use regorus::Value;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

fn hash<D: Digest>(values: &[Value]) -> Result<Value> {
    Ok(Value::from(hex(&D::digest(operand(values, 0)?.as_bytes()))))
}

fn hmac<M: Mac + KeyInit>(values: &[Value]) -> Result<Value> {
    let (message, key) = (operand(values, 0)?, operand(values, 1)?);
    // Any length of key is right for HMAC.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key.as_bytes()) else { bail!("the key is refused") };
    mac.update(message.as_bytes());
    Ok(Value::from(hex(&mac.finalize().into_bytes())))
}

pub fn md5(values: &[Value]) -> Result<Value> {
    hash::<Md5>(values)
}

pub fn sha1(values: &[Value]) -> Result<Value> {
    hash::<Sha1>(values)
}

pub fn sha256(values: &[Value]) -> Result<Value> {
    hash::<Sha256>(values)
}

pub fn hmac_md5(values: &[Value]) -> Result<Value> {
    hmac::<Hmac<Md5>>(values)
}

pub fn hmac_sha1(values: &[Value]) -> Result<Value> {
    hmac::<Hmac<Sha1>>(values)
}

pub fn hmac_sha256(values: &[Value]) -> Result<Value> {
    hmac::<Hmac<Sha256>>(values)
}

pub fn hmac_sha512(values: &[Value]) -> Result<Value> {
    hmac::<Hmac<Sha512>>(values)
}

/// Compares without telling by its time where two texts differ.
pub fn hmac_equal(values: &[Value]) -> Result<Value> {
    let (a, b) = (operand(values, 0)?.as_bytes(), operand(values, 1)?.as_bytes());
    let same = a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0;
    Ok(Value::from(same))
}
