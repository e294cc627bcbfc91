//! `GET` and `POST /v1/data/{path}`, `POST /v0/data/{path}`, `POST /`. What is undefined is 200 without `result` in v1, and
//! 404 in v0.
//!
//! Deliberately absent: trace events. An explanation is a list of lines: what `print` and `trace` said, and which
//! expressions are not true.

use super::params::{Explain, Params};
use super::{Evaluation, error, failed, refused, unavailable};
use crate::app::{App, Current, HELD_BYTES_MAX};
use crate::body::{self, written};
use crate::log::{Arrival, Event, Took, decision_id};
use crate::request::{Caller, Peer, segments};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use meshgate_engine::{Asking, Engine, parse_json};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

/// What a v1 request has.
#[derive(Deserialize)]
struct Posted<'a> {
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

/// `GET /v1/data/{path}`.
pub async fn get(State(app): State<App>, peer: Peer, request: Request) -> Response {
    let params = Params::of(request.uri());
    let input = params.input.clone();
    let path = segments(request.uri().path(), "/v1/data");
    let gzip = body::takes_gzip(request.headers());
    let asked = Asked { path, input, params, missing: false, version: Version::V1, gzip };
    answer(&app, peer.0, asked, "parameter contains malformed input document").await
}

/// `POST /v1/data/{path}`.
pub async fn post(State(app): State<App>, peer: Peer, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = match app.body(&parts.headers, body).await {
        Ok(bytes) => bytes,
        Err(error) => return refused(error),
    };
    let yaml = body::is_yaml(&parts.headers).then(|| app.values_max());
    let read = app.apart(yaml.is_some() || bytes.len() > HELD_BYTES_MAX, move || posted(yaml, &bytes)).await;
    let input = match read {
        Ok(Ok(input)) => input,
        Ok(Err(message)) => return malformed(&message),
        Err(error) => return unavailable(error),
    };
    let params = Params::of(&parts.uri);
    let missing = input.is_none();
    let path = segments(parts.uri.path(), "/v1/data");
    let gzip = body::takes_gzip(&parts.headers);
    let asked = Asked { path, input, params, missing, version: Version::V1, gzip };
    answer(&app, peer.0, asked, MALFORMED).await
}

/// `POST /v0/data/{path}`: the body is the input.
pub async fn post_v0(State(app): State<App>, peer: Peer, request: Request) -> Response {
    let path = segments(request.uri().path(), "/v0/data");
    plain(app, peer, request, path).await
}

/// `POST /`: the body is the input of the default decision.
pub async fn post_root(State(app): State<App>, peer: Peer, request: Request) -> Response {
    let decision = app.settings().default_decision.clone().unwrap_or_else(|| "system/main".to_owned());
    let path = segments(&decision, "");
    plain(app, peer, request, path).await
}

async fn plain(app: App, peer: Peer, request: Request, path: Vec<String>) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = match app.body(&parts.headers, body).await {
        Ok(bytes) => bytes,
        Err(error) => return refused(error),
    };
    let yaml = body::is_yaml(&parts.headers).then(|| app.values_max());
    let input = match bytes.trim_ascii() {
        [] => None,
        _ => match app.apart(yaml.is_some(), move || text(yaml, &bytes)).await {
            Ok(Ok(text)) => Some(text),
            Ok(Err(message)) => return malformed(&message),
            Err(error) => return unavailable(error),
        },
    };
    let params = Params::of(&parts.uri);
    let gzip = body::takes_gzip(&parts.headers);
    let asked = Asked { path, input, params, missing: false, version: Version::V0, gzip };
    answer(&app, peer.0, asked, MALFORMED).await
}

pub const MALFORMED: &str = "body contains malformed input document";

/// A body is not what it should be.
pub fn malformed(message: &str) -> Response {
    error(StatusCode::BAD_REQUEST, "invalid_parameter", &format!("{MALFORMED}: {message}"))
}

/// A body as JSON text; YAML of so many values at most.
pub fn text(yaml: Option<usize>, bytes: &Bytes) -> Result<String, String> {
    if let Some(values_max) = yaml {
        let value = meshgate_engine::document("body", bytes, bytes.len(), values_max).map_err(|error| error.message)?;
        return written(&value).map_err(|stopped| stopped.to_string());
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| "is not UTF-8".to_owned())
}

/// The input within `{"input": …}`.
fn posted(values_max: Option<usize>, bytes: &Bytes) -> Result<Option<String>, String> {
    if bytes.trim_ascii().is_empty() {
        return Ok(None);
    }
    let yaml;
    let bytes = if values_max.is_some() {
        yaml = text(values_max, bytes)?;
        yaml.as_bytes()
    } else {
        bytes
    };
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err("expected an object with the key `input`".to_owned());
    }
    // A null is none, as it is for OPA.
    let posted: Posted<'_> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    Ok(posted.input.map(|input| input.get().to_owned()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V0,
    V1,
}

/// A question.
struct Asked {
    path: Vec<String>,
    /// As JSON text.
    input: Option<String>,
    params: Params,
    /// Was there to be an input, and is none?
    missing: bool,
    version: Version,
    gzip: bool,
}

/// What evaluation gave.
pub struct Evaluated {
    /// The answer as JSON text; `None` is undefined.
    pub result: Result<Option<String>, Evaluation>,
    /// What was explained.
    pub notes: Vec<String>,
    /// How long reading the input took.
    pub parse_ns: u128,
    /// How long evaluation took.
    pub took: Took,
}

impl Evaluated {
    /// An event that says what came of it.
    pub fn event<'a>(&'a self, of: Event<'a>) -> Event<'a> {
        let result = self.result.as_ref();
        Event {
            result: result.ok().and_then(Option::as_deref),
            error: result.err().map(|error| &error.0),
            took: self.took,
            ..of
        }
    }
}

/// Evaluates a path, for an input of JSON text.
pub fn evaluate(engine: &Engine, path: &[String], input: Option<&str>, params: &Params) -> Result<Evaluated, String> {
    let began = Instant::now();
    let input = input.map(|text| parse_json(text.as_bytes())).transpose().map_err(|error| error.to_string())?;
    let parse_ns = began.elapsed().as_nanos();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let asking =
        Asking { strict: params.strict, notes: params.explain != Explain::Off, why: params.explain == Explain::Why };
    let mut notes = Vec::new();
    let found = engine.ask(&path, input.as_ref(), asking, &mut notes);
    let result = match found {
        Ok(None) => Ok(None),
        Ok(Some(value)) => match written(&value) {
            Ok(text) => Ok(Some(text)),
            Err(stopped) => Err(Evaluation(json!({"code": "internal_error", "message": stopped.to_string()}))),
        },
        Err(error) => Err(Evaluation::from(&error)),
    };
    let took = Took::since(began);
    Ok(Evaluated { result, notes, parse_ns, took: Took { ns: took.ns - parse_ns, gears: took.gears } })
}

async fn answer(app: &App, peer: Caller, asked: Asked, wrong: &'static str) -> Response {
    let arrival = Arrival::now(peer);
    let current = app.current();
    let question = asked.path.join("/");
    let bytes = asked.input.as_ref().map_or(0, String::len);
    let asked = Arc::new(asked);
    let work = {
        let asked = Arc::clone(&asked);
        move |current: &Current| evaluate(&current.engine, &asked.path, asked.input.as_deref(), &asked.params)
    };
    let evaluated = match app.answer(&question, bytes, &current, work).await {
        Ok(Ok(evaluated)) => evaluated,
        Ok(Err(message)) => return error(StatusCode::BAD_REQUEST, "invalid_parameter", &format!("{wrong}: {message}")),
        Err(error) => {
            app.record_none(&question, asked.input.as_deref(), &current, &arrival, error).await;
            return unavailable(error);
        }
    };
    let id = app.logs().then(decision_id);
    if let Some(id) = &id {
        let event =
            Event { input: asked.input.as_deref(), ..evaluated.event(Event::of(id, &question, &current, &arrival)) };
        if let Err(failure) = app.record(&event).await {
            return unlogged(&failure);
        }
    }
    match asked.version {
        Version::V1 => v1(app, &asked, &evaluated, id.as_deref(), &current, &arrival).await,
        Version::V0 => v0(app, &asked, evaluated, &current).await,
    }
}

/// An answer that nobody wrote down is none.
pub fn unlogged(failure: &std::io::Error) -> Response {
    let message = format!("the decision could not be written to the log: {failure}");
    error(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", &message)
}

async fn v0(app: &App, asked: &Asked, evaluated: Evaluated, current: &Current) -> Response {
    match evaluated.result {
        Ok(Some(text)) => app.told(asked.gzip, asked.params.pretty, text + "\n").await,
        Ok(None) => {
            let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
            let what = if current.engine.has(&path) { "document undefined" } else { "document missing" };
            let message = format!("{what}: data.{}", path.join("."));
            error(StatusCode::NOT_FOUND, "undefined_document", &message)
        }
        Err(error) => failed(&error),
    }
}

async fn v1(
    app: &App,
    asked: &Asked,
    evaluated: &Evaluated,
    id: Option<&str>,
    current: &Current,
    arrival: &Arrival,
) -> Response {
    let result = match &evaluated.result {
        Ok(result) => result.as_deref(),
        Err(error) => return failed(error),
    };
    let params = &asked.params;
    let mut text = String::with_capacity(result.map_or(0, str::len) + 96);
    let mut member = |name: &str, value: &str| {
        text.push(if text.is_empty() { '{' } else { ',' });
        // Writing to a string cannot fail.
        let _ = write!(text, "\"{name}\":{value}");
    };
    if let Some(id) = id {
        member("decision_id", &format!("\"{id}\""));
    }
    if params.explain != Explain::Off {
        member("explanation", &json!(evaluated.notes).to_string());
    }
    if params.metrics {
        member("metrics", &metrics(evaluated, arrival).to_string());
    }
    if params.provenance {
        member("provenance", &provenance(current).to_string());
    }
    if let Some(result) = result {
        member("result", result);
    }
    if asked.missing {
        member("warning", r#"{"code":"api_usage_warning","message":"'input' key missing from the request"}"#);
    }
    if text.is_empty() {
        text.push('{');
    }
    text.push_str("}\n");
    app.told(asked.gzip, params.pretty, text).await
}

/// OPA's names of what it measures; what has no meaning here is zero.
fn metrics(evaluated: &Evaluated, arrival: &Arrival) -> Value {
    let ns = |ns: u128| u64::try_from(ns).unwrap_or(u64::MAX);
    json!({
        "counter_server_query_cache_hit": 1,
        "timer_rego_external_resolve_ns": 0,
        "timer_rego_input_parse_ns": ns(evaluated.parse_ns),
        "timer_rego_query_compile_ns": 0,
        "timer_rego_query_eval_ns": ns(evaluated.took.ns),
        "timer_server_handler_ns": ns(arrival.began.elapsed().as_nanos()),
    })
}

/// What an answer was made by.
pub fn provenance(current: &Current) -> Value {
    let bundles: Value = serde_json::from_str(&current.bundles).unwrap_or_default();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "build_commit": "",
        "build_timestamp": "",
        "build_hostname": "",
        "bundles": bundles,
    })
}

/// An answer that is JSON already.
pub fn value(gzip: bool, value: &Value, pretty: bool) -> Response {
    body::json(gzip, body::laid_out(format!("{value}\n"), pretty))
}

/// An empty answer with a status.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::from("{}\n"));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
