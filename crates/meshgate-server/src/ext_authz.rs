//! `/ext-authz/…`: proxies ask before they pass a request on. 200 lets it pass, and says the obligations in headers; anything
//! else does not.
//!
//! | route | who asks | where the request is |
//! |---|---|---|
//! | `/ext-authz/nginx` | `auth_request` | `X-Original-Method`, `X-Original-URI` |
//! | `/ext-authz/caddy`, `/ext-authz/traefik` | `forward_auth`, ForwardAuth | `X-Forwarded-Method`, `X-Forwarded-Uri` |
//! | `/ext-authz/envoy/…` | Envoy's HTTP `ext_authz` with this `path_prefix` | the request itself, below the prefix |
//! | `/ext-authz`, `/ext-authz/…` | any of them | the one of these that is there |
//!
//! A proxy passes its client's headers on. Of headers that it does not set itself, a client could make another request than
//! the one that is passed on: with a named route only that proxy's headers are read, without one everything but one source is
//! refused.
//!
//! Deliberately absent: Envoy's gRPC; and guesses about paths that proxies and servers read differently.

mod address;

use crate::app::{App, Current};
use crate::log::{Arrival, Event, Took, decision_id};
use crate::request::Peer;
use address::Address;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header as names};
use axum::response::Response;
use meshgate_engine::{RegoValue, value_of_json};
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

/// Headers that say what the obligations are; always there when a request passes.
const MASKS: &str = "x-meshgate-masks";
const ROW_FILTERS: &str = "x-meshgate-row-filters";
const DUTIES: &str = "x-meshgate-duties";
const DECISION: &str = "x-meshgate-decision-id";
/// Bytes of obligations that fit the headers of common proxies.
const HEADER_MAX: usize = 16 << 10;

/// The request that a proxy asks about.
struct Asked {
    method: String,
    uri: String,
}

/// Who asks, and where the request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Nginx,
    Forwarded,
    Envoy,
    Any,
}

const PREFIX: &str = "/ext-authz";

/// The source, and what is left of the path.
fn source(path: &str) -> (Source, &str) {
    let rest = path.strip_prefix(PREFIX).unwrap_or_default();
    let named = |name: &str| rest.strip_prefix(name).filter(|left| left.is_empty() || left.starts_with('/'));
    if named("/nginx").is_some() {
        (Source::Nginx, "")
    } else if named("/caddy").or_else(|| named("/traefik")).is_some() {
        (Source::Forwarded, "")
    } else if let Some(left) = named("/envoy") {
        (Source::Envoy, left)
    } else {
        (Source::Any, rest)
    }
}

fn asked(headers: &HeaderMap, method: &Method, path: &str, query: Option<&str>) -> Result<Asked, String> {
    let (source, rest) = source(path);
    let of = |method: &str, uri: &str| -> Result<Option<Asked>, String> {
        let Some(address) = one(headers, uri)? else { return Ok(None) };
        // Without it, every write would be decided about as a read.
        let method = one(headers, method)?.ok_or_else(|| format!("`{method}` is missing beside `{uri}`"))?;
        Ok(Some(Asked { method: method.to_ascii_uppercase(), uri: address.to_owned() }))
    };
    let original = || of("x-original-method", "x-original-uri");
    let forwarded = || of("x-forwarded-method", "x-forwarded-uri");
    let own = || {
        let uri = if rest.is_empty() { "/" } else { rest };
        let uri = query.map_or_else(|| uri.to_owned(), |query| format!("{uri}?{query}"));
        Asked { method: method.as_str().to_owned(), uri }
    };
    match source {
        Source::Nginx => original()?.ok_or_else(|| "`X-Original-URI` is missing".to_owned()),
        Source::Forwarded => forwarded()?.ok_or_else(|| "`X-Forwarded-Uri` is missing".to_owned()),
        Source::Envoy => Ok(own()),
        Source::Any => {
            let mut found: Vec<Asked> = [original()?, forwarded()?].into_iter().flatten().collect();
            if !rest.trim_matches('/').is_empty() {
                found.push(own());
            }
            let mut found = found.into_iter();
            match (found.next(), found.next()) {
                (Some(only), None) => Ok(only),
                (None, _) => Err("nothing says which request is meant".to_owned()),
                _ => Err(format!(
                    "several headers say which request is meant: use {PREFIX}/nginx, {PREFIX}/caddy, {PREFIX}/traefik or {PREFIX}/envoy"
                )),
            }
        }
    }
}

/// The only value of a header, if it has one. What is there twice, or is no text, says nothing that could be relied on.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, String> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| format!("`{name}` is no text")),
        (Some(_), Some(_)) => Err(format!("`{name}` is there twice")),
    }
}

/// The headers that a proxy sets beside the request, for its own route: of the client's certificate, and of the host.
const fn set_by(source: Source) -> (&'static str, &'static str) {
    match source {
        Source::Nginx => ("x-client-cert", "x-original-host"),
        Source::Forwarded => ("x-forwarded-tls-client-cert", "x-forwarded-host"),
        Source::Envoy => ("x-forwarded-client-cert", "host"),
        Source::Any => ("", ""),
    }
}

/// The client's certificate, as the proxy says it.
fn certificate(name: &str, text: &str) -> Value {
    if name == "x-forwarded-client-cert" {
        return json!({"xfcc": text});
    }
    json!({"pem": percent_encoding::percent_decode_str(text).decode_utf8_lossy()})
}

/// What the policy gets: the shape that OPA's plugin for Envoy gives.
fn input(
    headers: &HeaderMap,
    source: Source,
    asked: &Asked,
    address: &Address,
    peer: Option<std::net::SocketAddr>,
) -> Result<Value, String> {
    let (certificate_header, host_header) = set_by(source);
    let mut told = Map::new();
    for name in headers.keys() {
        let values: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        told.insert(name.as_str().to_owned(), Value::from(values.join(",")));
    }
    let set = |name: &str| if name.is_empty() { Ok(None) } else { one(headers, name) };
    let host = set(host_header)?.unwrap_or_default();
    let mut input = json!({
        "attributes": {"request": {"http": {
            "method": asked.method,
            "path": asked.uri,
            "host": host,
            "headers": told,
        }}},
        "parsed_path": address.steps,
        "parsed_query": address.query,
    });
    if let (Some(peer), Some(attributes)) = (peer, input.get_mut("attributes").and_then(Value::as_object_mut)) {
        attributes.insert("source".to_owned(), json!({"address": peer.ip().to_string()}));
    }
    if let (Some(text), Some(map)) = (set(certificate_header)?, input.as_object_mut()) {
        map.insert("certificate".to_owned(), certificate(certificate_header, text));
    }
    Ok(input)
}

/// What the log has of a request: its method and path, and who asks. Anything else may hold a secret.
fn without_secrets(input: &Value, known: &[&str]) -> Value {
    let mut input = input.clone();
    if let Some(map) = input.as_object_mut() {
        map.remove("certificate");
        map.remove("parsed_query");
    }
    let http = input.pointer_mut("/attributes/request/http").and_then(Value::as_object_mut);
    if let Some(http) = http {
        if let Some(Value::String(path)) = http.get_mut("path")
            && let Some(end) = path.find('?')
        {
            path.truncate(end);
        }
        if let Some(headers) = http.get_mut("headers").and_then(Value::as_object_mut) {
            headers.retain(|name, _| known.contains(&name.as_str()));
        }
    }
    input
}

/// The same of an answer: headers for the service behind the proxy may be its credentials.
fn answer_without_secrets(told: &Value) -> Value {
    let mut told = told.clone();
    for key in ["headers", "response_headers_to_add"] {
        for value in told.get_mut(key).and_then(Value::as_object_mut).into_iter().flatten().map(|(_, value)| value) {
            *value = Value::from("[redacted]");
        }
    }
    told
}

/// The policy that answers.
fn decision(app: &App, current: &Current) -> Vec<String> {
    let said = app.settings().adapters.ext_authz.decision.as_deref();
    let steps = |path: &str| crate::request::segments(path, "");
    match said {
        Some(path) => steps(path),
        // A bundle with a policy for Envoy and no other means that one.
        None if current.engine.has(&["envoy", "authz", "allow"]) => steps("envoy/authz/allow"),
        None => steps("ext_authz/allow"),
    }
}

/// Answers a proxy.
pub async fn answer(State(app): State<App>, Peer(peer): Peer, request: Request) -> Response {
    let arrival = Arrival::now(peer);
    let (parts, _) = request.into_parts();
    let current = app.current();
    let path = Arc::new(decision(&app, &current));
    let question = path.join("/");
    let settings = &app.settings().adapters.ext_authz;
    let named = [&settings.subject_header, &settings.groups_header, &settings.purpose_header];
    let known: Vec<String> = named.into_iter().flatten().map(|name| name.to_ascii_lowercase()).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).chain(["x-meshgate-subject"]).collect();
    let (source, _) = source(parts.uri.path());
    let read = || {
        let asked = asked(&parts.headers, &parts.method, parts.uri.path(), parts.uri.query())?;
        let address = Address::read(&asked.uri)?;
        // Of two values one is the client's own.
        for name in &known {
            one(&parts.headers, name)?;
        }
        input(&parts.headers, source, &asked, &address, peer.address)
    };
    let id = decision_id();
    let record = async |input: Option<&Value>, answer: &Answer, failed: Option<Value>, took: Took| {
        if !app.logs() {
            return Ok(());
        }
        let input = input.map(|input| without_secrets(input, &known).to_string());
        let result = answer_without_secrets(&answer.told).to_string();
        app.record(&Event {
            input: input.as_deref(),
            result: Some(&result),
            error: failed.as_ref(),
            took,
            ..Event::of(&id, &question, &current, &arrival)
        })
        .await
    };
    let unlogged = |failure: std::io::Error| {
        Answer::no(&format!("the decision could not be written to the log: {failure}")).respond(&id)
    };
    let input = match read() {
        Ok(input) => Arc::new(input),
        Err(why) => {
            let answer = Answer::no(&why);
            let failed = json!({"code": "invalid_parameter", "message": why});
            return match record(None, &answer, Some(failed), Took::default()).await {
                Ok(()) => answer.respond(&id),
                Err(failure) => unlogged(failure),
            };
        }
    };
    let work = {
        let (path, input) = (Arc::clone(&path), Arc::clone(&input));
        move |current: &Current| {
            let began = Instant::now();
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let found = current.engine.query(&path, Some(&value_of_json(&input)));
            let found = found.map(|found| found.unwrap_or(RegoValue::Undefined));
            (found.map(|value| serde_json::to_value(&value).unwrap_or_default()), Took::since(began))
        }
    };
    let (answer, failed, took) = match app.answer(&question, 0, &current, work).await {
        Ok((Ok(found), took)) => (Answer::of(&found), None, took),
        Ok((Err(error), took)) => {
            let failed = json!({"code": error.code, "message": error.message});
            (Answer::no(&format!("the policy failed: {}", error.message)), Some(failed), took)
        }
        Err(error) => {
            let status = match error.status() {
                StatusCode::SERVICE_UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::FORBIDDEN,
            };
            let failed = json!({"code": "internal_error", "message": error.message()});
            (Answer { status, ..Answer::no(error.message()) }, Some(failed), Took::default())
        }
    };
    match record(Some(&input), &answer, failed, took).await {
        Ok(()) => answer.respond(&id),
        Err(failure) => unlogged(failure),
    }
}

/// What the policy said.
struct Answer {
    allowed: bool,
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: String,
    told: Value,
}

impl Answer {
    fn no(why: &str) -> Self {
        let told = json!({"allowed": false});
        Self {
            allowed: false,
            status: StatusCode::FORBIDDEN,
            headers: Vec::new(),
            body: format!("denied: {why}\n"),
            told,
        }
    }

    /// A boolean, or `{allowed, headers?, response_headers_to_add?, http_status?, body?, obligations?, reasons?}`. Anything
    /// else is no.
    fn of(found: &Value) -> Self {
        let allowed = match found {
            Value::Bool(allowed) => *allowed,
            Value::Object(map) => map.get("allowed") == Some(&Value::Bool(true)),
            _ => false,
        };
        let mut answer = Self { allowed, told: found.clone(), ..Self::no("no policy allows this request") };
        let Value::Object(map) = found else {
            if allowed {
                answer.oblige(&Map::new());
            }
            return answer;
        };
        for key in ["headers", "response_headers_to_add"] {
            for (name, value) in map.get(key).and_then(Value::as_object).into_iter().flatten() {
                let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
                match (HeaderName::try_from(name.as_str()), value) {
                    (Ok(name), Some(value)) => answer.headers.push((name, value)),
                    // One that cannot be told might be the one that matters.
                    _ => return Self::no(&format!("the policy's header `{name}` is none")),
                }
            }
        }
        if allowed {
            let none = Map::new();
            let obligations = match map.get("obligations") {
                None => &none,
                Some(Value::Object(obligations)) => obligations,
                Some(_) => return Self::no("the policy's obligations are no object"),
            };
            if !answer.oblige(obligations) {
                return Self::no("the obligations are none that headers can tell");
            }
            return answer;
        }
        let status = map.get("http_status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        // A denial that looks like success would let the request pass.
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        answer.status = status.filter(|status| status.as_u16() >= 400).unwrap_or(StatusCode::FORBIDDEN);
        if let Some(body) = map.get("body").and_then(Value::as_str) {
            answer.body = body.to_owned();
        } else if let Some(reasons) = map.get("reasons").and_then(Value::as_array).filter(|all| !all.is_empty()) {
            let said = reasons.iter().filter_map(|reason| reason.get("message")?.as_str());
            answer.body = said.fold(String::new(), |text, said| format!("{text}denied: {said}\n"));
        }
        answer
    }

    /// Tells obligations in headers, and says whether they fit. One that nobody knows cannot be told.
    fn oblige(&mut self, obligations: &Map<String, Value>) -> bool {
        let known = |key: &String| ["masks", "row_filters", "duties", "sql"].contains(&key.as_str());
        let lists = obligations.iter().all(|(key, value)| key == "sql" || value.is_array());
        if !lists || !obligations.keys().all(known) {
            return false;
        }
        let mut size = 0;
        for (name, key) in [(MASKS, "masks"), (ROW_FILTERS, "row_filters"), (DUTIES, "duties")] {
            let text = ascii(obligations.get(key).unwrap_or(&Value::Array(Vec::new())));
            size += text.len();
            match HeaderValue::from_str(&text) {
                Ok(value) => self.headers.push((HeaderName::from_static(name), value)),
                Err(_) => return false,
            }
        }
        size <= HEADER_MAX
    }

    fn respond(self, id: &str) -> Response {
        let (status, text) = if self.allowed { (StatusCode::OK, String::new()) } else { (self.status, self.body) };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert(DECISION, id);
        }
        headers.entry(names::CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain; charset=utf-8"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(names::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// JSON of visible ASCII characters, which headers can have.
fn ascii(value: &Value) -> String {
    let mut text = String::new();
    for c in value.to_string().chars() {
        if c.is_ascii() && !c.is_ascii_control() {
            text.push(c);
        } else {
            let mut units = [0_u16; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests;
