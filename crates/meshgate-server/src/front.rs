//! What every request passes before a route sees it: its number, who asks, whether they may, and what is counted and said of
//! it afterwards.
//!
//! Deliberately absent: connections (`listen`), and decisions about data.

use crate::app::{App, CURRENT, Current};
use crate::body;
use crate::credentials::{Credentials, Identity};
use crate::held::{self, SHARE};
use crate::hosts::{Hosts, is_of_a_page};
use crate::metrics;
use crate::opa;
use crate::problem::{problem, unavailable};
use crate::request::{Number, Trace, segments};
use crate::voice::Voice;
use crate::workers::CLIENT;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::response::Response;
use hyper::body::Incoming;
use meshgate_engine::{Authorization, LogLevel, QueryError, RegoValue, value_of_json};
use serde_json::{Map, Value, json};
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tower_service::Service;

/// Says what an answer was made by.
const REVISION: HeaderName = HeaderName::from_static("meshgate-revision");
/// Headers that the authorization policy does not see: their values are secrets.
const SECRET: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

/// What stands before the routes.
pub struct Front {
    pub app: App,
    pub router: Router,
    pub credentials: Option<Credentials>,
    pub voice: Voice,
    pub requests: AtomicU64,
    /// The names that it answers to.
    pub hosts: Hosts,
}

/// What is known of a connection.
#[derive(Debug, Clone)]
pub struct Connection {
    pub peer: SocketAddr,
    /// The client's certificates, as `crypto.x509.parse_certificates` shows them.
    pub certificates: Option<Arc<Value>>,
}

impl Front {
    /// Answers a request.
    pub async fn answer(&self, request: Request<Incoming>, connection: &Connection) -> Result<Response, Infallible> {
        let began = Instant::now();
        let (mut parts, body) = request.into_parts();
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let handler = metrics::handler(parts.uri.path());
        let method = parts.method.clone();
        let said = self.voice.says(LogLevel::Debug).then(|| {
            let trace = Trace::of(&parts.headers);
            (parts.uri.path().to_owned(), trace)
        });
        parts.extensions.insert(ConnectInfo(connection.peer));
        parts.extensions.insert(Number(number));
        let current = self.app.latest();
        let admitted = CURRENT.scope(Arc::clone(&current), self.admit(&parts, connection)).await;
        let mut response = match admitted {
            Ok(client) => {
                let request = Request::from_parts(parts, Body::new(body));
                let mut router = self.router.clone();
                let share = self.app.share();
                let answered = SHARE.scope(Arc::clone(&share), CLIENT.scope(client, router.call(request)));
                let response = CURRENT.scope(Arc::clone(&current), answered).await?;
                held::note(&share);
                let response = held::sent(response, share);
                held::give_back();
                response
            }
            Err(response) => *response,
        };
        response.headers_mut().insert(REVISION, current.revision.clone());
        let (took, status) = (began.elapsed(), response.status().as_u16());
        let metrics = self.app.metrics();
        metrics.request(handler, &method, status, took);
        if status == 503 {
            metrics.shed.fetch_add(1, Ordering::Relaxed);
        }
        if let Some((path, trace)) = said {
            let mut fields = vec![
                ("req_id", json!(number)),
                ("client_addr", json!(connection.peer.to_string())),
                ("req_method", json!(method.as_str())),
                ("req_path", json!(path)),
                ("resp_status", json!(status)),
                ("resp_duration", json!(took.as_secs_f64() * 1e3)),
            ];
            if let Some(trace) = trace {
                fields.push(("trace_id", json!(format!("{:032x}", trace.trace))));
                fields.push(("span_id", json!(format!("{:016x}", trace.span))));
            }
            self.voice.say(LogLevel::Debug, "Sent response.", &fields);
        }
        Ok(response)
    }

    /// Says whether a request may be answered, and whose it is.
    async fn admit(&self, request: &Parts, connection: &Connection) -> Result<u64, Box<Response>> {
        let path = request.uri.path();
        // Who looks whether it is alive may know it by its address alone.
        let is_health = path == "/health" || path.starts_with("/health/");
        if let Err((status, why)) =
            self.hosts.takes(&request.uri, &request.headers).or_else(|no| if is_health { Ok(()) } else { Err(no) })
        {
            self.app.metrics().misdirected.fetch_add(1, Ordering::Relaxed);
            return Err(Box::new(refused(path, status, "invalid_parameter", why)));
        }
        // OPA takes whatever a body is said to be; a page could send it so without asking whether it may.
        let has_body = request.method != Method::GET && request.method != Method::HEAD;
        if has_body
            && is_of_a_page(&request.headers)
            && !body::is_json(&request.headers)
            && !body::is_yaml(&request.headers)
        {
            let why = "a page may only send JSON or YAML, and say so: the content type is neither";
            return Err(Box::new(refused(path, StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_parameter", why)));
        }
        let identity = match &self.credentials {
            None => None,
            Some(credentials) => match credentials.identity(&request.headers) {
                Some(identity) => Some(identity),
                None => {
                    self.app.metrics().unknown.fetch_add(1, Ordering::Relaxed);
                    let mut response =
                        refusal(path, StatusCode::UNAUTHORIZED, "who asks is not known: a bearer token is wanted");
                    let challenge = HeaderValue::from_static("Bearer realm=\"meshgate\"");
                    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                    return Err(Box::new(response));
                }
            },
        };
        // Everybody behind one address is one client, unless they say who they are.
        let mut client = DefaultHasher::new();
        (connection.peer.ip(), identity.as_ref().map(|identity| &identity.id)).hash(&mut client);
        let client = client.finish();
        if self.app.settings().authorization == Authorization::Off {
            return Ok(client);
        }
        let input = input(request, identity.as_ref(), connection);
        let current = self.app.current();
        let work = move |current: &Current| {
            let input = value_of_json(&input);
            let found = current.engine.query(&["system", "authz", "allow"], Some(&input));
            verdict(found)
        };
        let bytes = request.uri.path().len();
        // It waits in its client's queue, as all else of that client.
        let verdict = CLIENT.scope(client, self.app.answer("system/authz", bytes, &current, work)).await;
        match verdict {
            Ok(Ok(())) => Ok(client),
            Ok(Err(reason)) => {
                self.app.metrics().unauthorized.fetch_add(1, Ordering::Relaxed);
                Err(Box::new(refusal(path, status(path), &reason)))
            }
            Err(none) if is_opas(path) => Err(Box::new(opa::unavailable(none))),
            Err(none) => Err(Box::new(unavailable(none))),
        }
    }
}

/// What the authorization policy sees, as OPA has it.
fn input(request: &Parts, identity: Option<&Identity>, connection: &Connection) -> Value {
    let mut params: Map<String, Value> = Map::new();
    for (key, value) in form_urlencoded::parse(request.uri.query().unwrap_or_default().as_bytes()) {
        let list = params.entry(key.into_owned()).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(Value::from(value.into_owned()));
        }
    }
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in &request.headers {
        if SECRET.contains(&name.as_str()) {
            continue;
        }
        // Go writes names so: `X-Request-Id`.
        let name: Vec<String> = name
            .as_str()
            .split('-')
            .map(|part| {
                let mut letters = part.chars();
                letters
                    .next()
                    .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
            })
            .collect();
        let list = headers.entry(name.join("-")).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(Value::from(String::from_utf8_lossy(value.as_bytes()).into_owned()));
        }
    }
    let mut input = json!({
        "method": request.method.as_str(),
        "path": segments(request.uri.path(), ""),
        "params": params,
        "headers": headers,
        "client_addr": connection.peer.to_string(),
    });
    if let Some(map) = input.as_object_mut() {
        if let Some(identity) = identity {
            let (id, claims) = identity.told();
            map.insert("identity".to_owned(), id);
            if !claims.is_null() {
                map.insert("claims".to_owned(), claims);
            }
        }
        if let Some(certificates) = &connection.certificates {
            map.insert("client_certificates".to_owned(), certificates.as_ref().clone());
        }
    }
    input
}

/// `true`, or `{"allowed": true}`, allows; anything else, and what fails, does not.
fn verdict(found: Result<Option<RegoValue>, QueryError>) -> Result<(), String> {
    let reason = |text: Option<&str>| text.unwrap_or("request rejected by administrative policy").to_owned();
    match found {
        Ok(Some(RegoValue::Bool(true))) => Ok(()),
        Ok(Some(value)) => {
            let value = serde_json::to_value(&value).unwrap_or_default();
            match value.get("allowed") {
                Some(Value::Bool(true)) => Ok(()),
                _ => Err(reason(value.get("reason").and_then(Value::as_str))),
            }
        }
        Ok(None) => Err(reason(None)),
        Err(_) => Err("the authorization policy failed, which denies".to_owned()),
    }
}

/// Is it one of OPA's own paths?
fn is_opas(path: &str) -> bool {
    let ours = ["/v1/decide", "/v1/batch/decide", "/v1/check"];
    !ours.contains(&path) && (path == "/" || ["/v1/", "/v0/", "/health"].iter().any(|begin| path.starts_with(begin)))
}

/// OPA says 401 where its policy refuses; everybody else says 403 of somebody who is known.
fn status(path: &str) -> StatusCode {
    if is_opas(path) { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN }
}

fn refusal(path: &str, status: StatusCode, message: &str) -> Response {
    refused(path, status, "unauthorized", message)
}

fn refused(path: &str, status: StatusCode, code: &str, message: &str) -> Response {
    if is_opas(path) { opa::error(status, code, message) } else { problem(status, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_so_allows() {
        let of = |value: Value| verdict(Ok(Some(value_of_json(&value)))).is_ok();
        assert!(of(json!(true)) && of(json!({"allowed": true, "reason": "x"})));
        for other in [json!(false), json!(1), json!("true"), json!({}), json!({"allowed": "true"}), json!([true])] {
            assert!(!of(other.clone()), "{other}");
        }
        assert!(verdict(Ok(None)).is_err());
        assert_eq!(verdict(Ok(Some(value_of_json(&json!({"allowed": false, "reason": "no"}))))), Err("no".to_owned()));
    }
}
