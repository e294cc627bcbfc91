//! `providers.aws.sign_req`: a request as `http.send` takes it, signed in AWS' version 4.
//!
//! Deliberately absent: credentials from anywhere but the policy, and the normalising of paths and queries: what is signed is
//! what is sent, as OPA has it.

use super::time::calendar::{self, Moment};
use super::{Operand, hex, json};
use anyhow::{Result, bail};
use chrono_tz::Tz;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use regorus::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Headers that proxies change: they are sent, and not signed.
const UNSIGNED: &[&str] = &["authorization", "user-agent", "x-amzn-trace-id"];
/// Services that want the payload's hash among the headers.
const HASHED: &[&str] = &["s3", "glacier"];

fn operand_error(message: String) -> anyhow::Error {
    anyhow::Error::new(Operand(message))
}

/// The texts under some keys, all of which must be there.
fn texts<'a>(object: &'a Value, operand: usize, what: &str, keys: &[&'static str]) -> Result<Vec<&'a str>> {
    let Value::Object(entries) = object else {
        return Err(operand_error(format!("operand {operand} must be object")));
    };
    let told = |keys: BTreeSet<&str>| keys.iter().map(|key| format!("{key:?}")).collect::<Vec<_>>().join(", ");
    let absent: BTreeSet<&str> = keys.iter().copied().filter(|key| !entries.contains_key(&Value::from(*key))).collect();
    if !absent.is_empty() {
        return Err(operand_error(format!(
            "operand {operand} missing required {what} parameters(s): {{{}}}",
            told(absent)
        )));
    }
    let text = |key: &&'static str| super::text(entries.get(&Value::from(*key)));
    let odd: BTreeSet<&str> = keys.iter().copied().filter(|key| text(key).is_none()).collect();
    if !odd.is_empty() {
        let message = format!("operand {operand} invalid values for required {what} parameters(s): {{{}}}", told(odd));
        return Err(operand_error(message));
    }
    Ok(keys.iter().filter_map(text).collect())
}

fn get<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    let Value::Object(entries) = object else { return None };
    entries.get(&Value::from(key))
}

/// What is signed of a URL: its host, its path and its query.
fn parts(url: &str) -> Result<(&str, &str, &str)> {
    let Some((_, rest)) = url.split_once("://") else { bail!("`{url}` is no absolute URL") };
    let rest = rest.split('#').next().unwrap_or_default();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.is_empty() {
        bail!("`{url}` has no host");
    }
    Ok((host, path, query))
}

/// A path with what may not stand in one escaped; what is escaped already stays.
fn escaped(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/%!$&'()*+,;=:@[]".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The body as it is sent: the raw one before the one that is a value.
fn body(request: &Value) -> Result<Vec<u8>> {
    match (get(request, "raw_body"), get(request, "body")) {
        (Some(Value::String(raw)), _) => Ok(raw.as_bytes().to_vec()),
        (Some(_), _) => Err(operand_error("operand 1 must have a `raw_body` that is string".to_owned())),
        (None, Some(body)) => Ok(json(body)?.to_string().into_bytes()),
        (None, None) => Ok(Vec::new()),
    }
}

/// The headers of a request by their names in lower case.
fn headers(request: &Value) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let Some(headers) = get(request, "headers") else { return Ok(found) };
    let Value::Object(entries) = headers else {
        return Err(operand_error("operand 1 must have `headers` that are object".to_owned()));
    };
    for (name, value) in entries.iter() {
        let Ok(name) = name.as_string() else { continue };
        let value = match value {
            Value::Array(items) => {
                items.iter().filter_map(|item| super::text(Some(item))).collect::<Vec<_>>().join(",")
            }
            value => super::text(Some(value)).unwrap_or_default().to_owned(),
        };
        found.insert(name.to_ascii_lowercase(), value);
    }
    Ok(found)
}

fn hmac(key: &[u8], text: &str) -> Result<Vec<u8>> {
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else { bail!("the key is refused") };
    mac.update(text.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

/// `20151228T140825Z` of nanoseconds since 1970.
fn stamp(nanos: &Value) -> Option<String> {
    let nanos = nanos.as_i64().ok().filter(|nanos| *nanos >= 0)?;
    let Moment { year, month, day, hour, minute, second, .. } = calendar::shown(nanos, Tz::UTC);
    Some(format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z"))
}

pub fn sign_req(values: &[Value]) -> Result<Value> {
    let [request, config, time] = values else { bail!("takes three operands") };
    let [method, url] = texts(request, 1, "request", &["method", "url"])?[..] else { bail!("no request") };
    let keys = ["aws_access_key", "aws_secret_access_key", "aws_service", "aws_region"];
    let [access, secret, service, region] = texts(config, 2, "AWS config", &keys)?[..] else { bail!("no config") };
    let unsigned_payload = match get(config, "disable_payload_signing") {
        None => false,
        Some(Value::Bool(disabled)) => *disabled,
        Some(_) => {
            let message = "operand 2 invalid value for 'disable_payload_signing' in AWS config";
            return Err(operand_error(message.to_owned()));
        }
    };
    let now = stamp(time)
        .ok_or_else(|| operand_error("operand 3 could not convert time_ns value into a unix timestamp".to_owned()))?;
    let date = now.get(..8).unwrap_or_default();
    let (host, path, query) = parts(url)?;
    let hash = if unsigned_payload { "UNSIGNED-PAYLOAD".to_owned() } else { hex(&Sha256::digest(body(request)?)) };
    let mut added = BTreeMap::from([("host".to_owned(), host.to_owned()), ("x-amz-date".to_owned(), now.clone())]);
    if HASHED.contains(&service) {
        added.insert("x-amz-content-sha256".to_owned(), hash.clone());
    }
    if let Some(token) = get(config, "aws_session_token").and_then(|token| super::text(Some(token))) {
        added.insert("x-amz-security-token".to_owned(), token.to_owned());
    }
    let mut signed = headers(request)?;
    signed.retain(|name, _| !UNSIGNED.contains(&name.as_str()));
    for (name, value) in &added {
        signed.entry(name.clone()).or_insert_with(|| value.clone());
    }
    let names = signed.keys().map(String::as_str).collect::<Vec<_>>().join(";");
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical = format!("{method}\n{}\n{query}\n{lines}\n{names}\n{hash}", escaped(path));
    let scope = format!("{date}/{region}/{service}/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [date, region, service, "aws4_request"] {
        key = hmac(&key, part)?;
    }
    let signature = hex(&hmac(&key, &to_sign)?);
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={access}/{scope},SignedHeaders={names},Signature={signature}");
    added.insert("Authorization".to_owned(), authorization);
    let mut all = get(request, "headers").cloned().unwrap_or_else(Value::new_object);
    let mut request = request.clone();
    let headers = all.as_object_mut()?;
    for (name, value) in added {
        headers.insert(Value::from(name), Value::from(value));
    }
    request.as_object_mut()?.insert(Value::from("headers"), all);
    Ok(request)
}
