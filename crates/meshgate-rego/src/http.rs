//! `http.send`: what a policy may ask of which hosts, and what it gets. Off unless hosts are allowed by name.
//!
//! Deliberately absent: sockets. Who owns the network hands in a [`Transport`]; and TLS options of a request, which are
//! the platform's to set.

use crate::builtins::{Operand, json, value_of};
use crate::context;
use anyhow::{Result, anyhow, bail};
use meshgate_core::size::has_more_values;
use regorus::Value;
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Redirects that are followed.
const REDIRECTS_MAX: usize = 5;
/// Answers that are kept between evaluations.
const ANSWERS_MAX: usize = 1_000;

/// One request, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// `http://` or `https://`.
    pub url: String,
    /// Headers by name.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Vec<u8>>,
    /// Wall clock for all of it.
    pub timeout: Duration,
    /// Bytes of the answer that are taken.
    pub bytes_max: usize,
    /// May the host be on this machine or in a private network?
    pub private: bool,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers by name, in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What sends requests. It follows no redirects, and refuses private addresses unless the request allows them.
pub trait Transport: Send + Sync {
    /// Sends one request.
    ///
    /// # Errors
    /// What went wrong, in words.
    fn send(&self, request: &Request) -> Result<Response, String>;

    /// Looks a name up.
    ///
    /// # Errors
    /// What went wrong, in words.
    fn lookup(&self, host: &str) -> Result<Vec<String>, String>;
}

/// An answer that is kept.
struct Kept {
    until: Instant,
    response: Response,
}

/// The network that policies have: hosts, bounds and what sends.
#[derive(Default)]
pub struct Network {
    /// Allowed hosts: `host` or `host:port`; none is off.
    pub hosts: Vec<String>,
    /// Bytes of one answer. 1 MiB when 0.
    pub bytes_max: usize,
    /// Wall clock of one request. 5 s when zero.
    pub timeout: Duration,
    /// What sends.
    pub transport: Option<Arc<dyn Transport>>,
    kept: Mutex<HashMap<String, Kept>>,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

impl Network {
    /// Makes a network of these hosts.
    #[must_use]
    pub fn new(hosts: Vec<String>, transport: Arc<dyn Transport>) -> Self {
        Self { hosts, transport: Some(transport), ..Self::default() }
    }

    /// Is any host allowed?
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.transport.is_some() && !self.hosts.is_empty()
    }

    fn allows(&self, host: &str) -> bool {
        let bare = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map(|(h, _)| h);
        let named = |allowed: &String| {
            allowed.eq_ignore_ascii_case(host) || bare.is_some_and(|bare| allowed.eq_ignore_ascii_case(bare))
        };
        self.hosts.iter().any(named)
    }
}

/// The keys that a request may have, as OPA's.
const KEYS: &[&str] = &[
    "method",
    "url",
    "body",
    "enable_redirect",
    "force_json_decode",
    "force_yaml_decode",
    "headers",
    "raw_body",
    "tls_use_system_certs",
    "tls_ca_cert",
    "tls_ca_cert_file",
    "tls_ca_cert_env_variable",
    "tls_client_cert",
    "tls_client_cert_file",
    "tls_client_cert_env_variable",
    "tls_client_key",
    "tls_client_key_file",
    "tls_client_key_env_variable",
    "tls_insecure_skip_verify",
    "tls_server_name",
    "timeout",
    "cache",
    "force_cache",
    "force_cache_duration_seconds",
    "raise_error",
    "caching_mode",
    "max_retry_attempts",
    "cache_ignored_headers",
];

/// What a policy asks.
struct Asked {
    request: Request,
    redirects: bool,
    force_json: bool,
    force_yaml: bool,
    raise: bool,
    retries: u64,
    cache: bool,
    force_cache: Option<Duration>,
}

impl Asked {
    fn parse(value: Option<&Value>, network: &Network) -> Result<Self> {
        let Some(object @ Value::Object(_)) = value else { bail!(Operand("operand 1 must be object".to_owned())) };
        let Json::Object(map) = json(object)? else { bail!(Operand("operand 1 must be object".to_owned())) };
        let unknown: Vec<&str> = map.keys().map(String::as_str).filter(|key| !KEYS.contains(key)).collect();
        if !unknown.is_empty() {
            bail!(Operand(format!("invalid request parameters(s): {}", unknown.join(", "))));
        }
        let missing: Vec<&str> = ["method", "url"].into_iter().filter(|key| !map.contains_key(*key)).collect();
        if !missing.is_empty() {
            bail!(Operand(format!("missing required request parameters(s): {}", missing.join(", "))));
        }
        if let Some(key) = map.keys().find(|key| key.starts_with("tls_")) {
            bail!("`{key}` is not available: which certificates are trusted is the platform's to say");
        }
        let text = |key: &str| map.get(key).and_then(Json::as_str);
        let flag = |key: &str, default: bool| map.get(key).map_or(default, |value| value.as_bool().unwrap_or(false));
        let (Some(method), Some(url)) = (text("method"), text("url")) else {
            bail!(Operand("\"method\" and \"url\" must be strings".to_owned()));
        };
        let mut headers = Vec::new();
        for (name, value) in map.get("headers").and_then(Json::as_object).into_iter().flatten() {
            let value = value.as_str().ok_or_else(|| anyhow!("the header `{name}` is no string"))?;
            headers.push((name.clone(), value.to_owned()));
        }
        let body = match (map.get("body"), text("raw_body")) {
            (_, Some(raw)) => Some(raw.as_bytes().to_vec()),
            (Some(body), None) => {
                if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                    headers.push(("content-type".to_owned(), "application/json".to_owned()));
                }
                Some(body.to_string().into_bytes())
            }
            (None, None) => None,
        };
        let default = if network.timeout.is_zero() { Duration::from_secs(5) } else { network.timeout };
        let timeout = map.get("timeout").map_or(Ok(default), timeout)?.min(context::remaining());
        let seconds = map.get("force_cache_duration_seconds").and_then(Json::as_u64);
        let force_cache = match (flag("force_cache", false), seconds) {
            (true, Some(seconds)) => Some(Duration::from_secs(seconds)),
            (true, None) => bail!("'force_cache' set but 'force_cache_duration_seconds' parameter is missing"),
            (false, _) => None,
        };
        Ok(Self {
            request: Request {
                method: method.to_ascii_uppercase(),
                url: url.to_owned(),
                headers,
                body,
                timeout,
                bytes_max: if network.bytes_max == 0 { 1 << 20 } else { network.bytes_max },
                // A host that was allowed by name may be anywhere.
                private: true,
            },
            redirects: flag("enable_redirect", false),
            force_json: flag("force_json_decode", false),
            force_yaml: flag("force_yaml_decode", false),
            raise: flag("raise_error", true),
            retries: map.get("max_retry_attempts").and_then(Json::as_u64).unwrap_or(0).min(5),
            cache: flag("cache", false),
            force_cache,
        })
    }
}

fn timeout(value: &Json) -> Result<Duration> {
    let nanoseconds = match value {
        Json::Number(number) => number.as_u64(),
        Json::String(text) => {
            let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
            let scale = match unit {
                "ns" | "" => Some(1.0),
                "us" | "µs" => Some(1e3),
                "ms" => Some(1e6),
                "s" => Some(1e9),
                "m" => Some(6e10),
                _ => None,
            };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a timeout is not negative")]
            let scaled = |(number, scale): (f64, f64)| (number * scale).max(0.0) as u64;
            number.parse::<f64>().ok().zip(scale).map(scaled)
        }
        _ => None,
    };
    nanoseconds.map(Duration::from_nanos).ok_or_else(|| anyhow!("invalid timeout value {value}"))
}

/// The host, with its port, of a URL.
fn host(url: &str) -> Result<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let rest = rest.ok_or_else(|| anyhow!("`{url}` is no http or https URL"))?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.contains('@') {
        bail!("`{url}` names no plain host");
    }
    Ok(authority)
}

/// How long an answer says that it may be kept.
fn fresh_for(response: &Response) -> Option<Duration> {
    let control = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("cache-control"))?;
    let mut seconds = None;
    for part in control.1.split(',').map(str::trim) {
        if part.eq_ignore_ascii_case("no-store") || part.eq_ignore_ascii_case("no-cache") {
            return None;
        }
        seconds = seconds.or(part.strip_prefix("max-age=").and_then(|seconds| seconds.parse().ok()));
    }
    seconds.map(Duration::from_secs)
}

fn exchange(network: &Network, transport: &dyn Transport, asked: &Asked) -> Result<Response, String> {
    let mut request = asked.request.clone();
    for _ in 0..=REDIRECTS_MAX {
        let at = host(&request.url).map_err(|error| error.to_string())?;
        if !network.allows(at) {
            return Err(format!("the host `{at}` is not allowed"));
        }
        let mut sent = transport.send(&request);
        for _ in 0..asked.retries {
            if sent.is_ok() {
                break;
            }
            sent = transport.send(&request);
        }
        let response = sent?;
        let location = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"));
        match location {
            Some((_, location)) if asked.redirects && (300..400).contains(&response.status) => {
                let origin = request.url.find("://").map_or(0, |at| at + 3) + at.len();
                let origin = request.url.get(..origin).unwrap_or_default();
                let target = if location.starts_with('/') { format!("{origin}{location}") } else { location.clone() };
                // Where somebody else leads must not be inside: not even a host that is allowed by name.
                request = Request { url: target, private: false, ..request };
                if response.status == 303 {
                    request = Request { method: "GET".to_owned(), body: None, ..request };
                }
            }
            _ => return Ok(response),
        }
    }
    Err(format!("more than {REDIRECTS_MAX} redirects"))
}

/// A body that is too large to be read is no body that is not there.
fn too_much(message: String) -> anyhow::Error {
    context::breach(format!("http.send: {message}"))
}

/// Values in a body that is read as JSON.
const BODY_VALUES_MAX: usize = 1_000_000;

/// The answer as OPA gives it.
fn answer(response: &Response, asked: &Asked) -> Result<Value, String> {
    let mut headers: Map<String, Json> = Map::new();
    for (name, value) in &response.headers {
        let all = headers.entry(name.to_ascii_lowercase()).or_insert_with(|| Json::Array(Vec::new()));
        if let Json::Array(all) = all {
            all.push(Json::from(value.as_str()));
        }
    }
    let raw = String::from_utf8_lossy(&response.body).into_owned();
    let kind = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let kind = kind.map(|(_, value)| value.as_str()).unwrap_or_default();
    let body = if asked.force_json || kind.contains("json") {
        if has_more_values(raw.as_bytes(), BODY_VALUES_MAX) {
            return Err(format!("the body holds more than {BODY_VALUES_MAX} values"));
        }
        serde_json::from_str(&raw).ok().map(value_of)
    } else if asked.force_yaml || kind.contains("yaml") {
        match crate::yaml::read(&raw) {
            Ok(body) => Some(body),
            Err(error) if error.is::<crate::yaml::TooMuch>() => return Err(error.to_string()),
            // What cannot be read has no body, as in OPA.
            Err(_) => None,
        }
    } else {
        None
    };
    let reason = reason(response.status);
    let mut value = value_of(json!({
        "status": format!("{} {reason}", response.status).trim_end(), "status_code": response.status,
        "headers": headers, "raw_body": raw,
    }));
    if let Ok(object) = value.as_object_mut() {
        object.insert(Value::from("body"), body.unwrap_or(Value::Null));
    }
    Ok(value)
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

pub fn send(values: &[Value]) -> Result<Value> {
    context::asks_others();
    let network = context::network();
    let asked = Asked::parse(values.first(), &network)?;
    let Some(transport) = network.transport.as_deref().filter(|_| network.is_on()) else {
        // Never undefined, which `not` would turn into true.
        return Err(context::breach(
            "`http.send` is off; `http: { hosts: […] }` in the configuration allows hosts".to_owned(),
        ));
    };
    context::once("http.send", values, || {
        let key = asked.request.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        let key = format!("{} {} {:?} {key}", asked.request.method, asked.request.url, asked.request.headers);
        let kept = || network.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let caches = asked.cache || asked.force_cache.is_some();
        if caches && let Some(known) = kept().get(&key).filter(|known| known.until > Instant::now()) {
            return answer(&known.response, &asked).map_err(too_much);
        }
        match exchange(&network, transport, &asked) {
            Ok(response) => {
                if let (true, Some(life)) = (caches, asked.force_cache.or_else(|| fresh_for(&response))) {
                    let mut kept = kept();
                    if kept.len() >= ANSWERS_MAX {
                        let now = Instant::now();
                        kept.retain(|_, known| known.until > now);
                    }
                    if let (true, Some(until)) = (kept.len() < ANSWERS_MAX, Instant::now().checked_add(life)) {
                        kept.insert(key, Kept { until, response: response.clone() });
                    }
                }
                answer(&response, &asked).map_err(too_much)
            }
            Err(message) if asked.raise => bail!("http.send: {message}"),
            Err(message) => Ok(value_of(
                json!({"status_code": 0, "error": {"code": "eval_http_send_network_error", "message": message}}),
            )),
        }
    })
}

/// `net.lookup_ip_addr`: addresses stand for themselves; names are looked up where the network is on for them.
pub fn lookup(values: &[Value]) -> Result<Value> {
    context::asks_others();
    let name = crate::builtins::operand(values, 0)?;
    let set = |addresses: Vec<String>| {
        Value::from(addresses.into_iter().map(Value::from).collect::<std::collections::BTreeSet<_>>())
    };
    if let Ok(address) = name.parse::<std::net::IpAddr>() {
        return Ok(set(vec![address.to_string()]));
    }
    if name.eq_ignore_ascii_case("localhost") {
        return Ok(set(vec!["127.0.0.1".to_owned()]));
    }
    let network = context::network();
    match network.transport.as_deref().filter(|_| network.allows(name)) {
        Some(transport) => context::once("net.lookup_ip_addr", values, || {
            transport.lookup(name).map(set).map_err(|error| anyhow!("{error}"))
        }),
        None => Err(context::breach(format!("`net.lookup_ip_addr` may not look up `{name}`: the host is not allowed"))),
    }
}
