//! OpenID AuthZEN 1.0: evaluation, evaluations, search, discovery, answered by policies in `data.authzen`.
//!
//! A policy answers `data.authzen.evaluation`, a boolean or `{decision, context}`, or else `data.authzen.allow`, a boolean;
//! searches are `data.authzen.search.subject`, `.resource` and `.action`, sets or lists of entities.
//!
//! Deliberately absent: signed metadata; and guesses: what is undefined, or has another shape, is no.

mod search;

pub use search::{search_action, search_resource, search_subject};

use crate::app::{App, Current, HELD_BYTES_MAX, Unavailable};
use crate::body;
use crate::log::{Arrival, Event, Took, decision_id};
use crate::request::Peer;
use crate::unique::Tree;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use meshgate_engine::{QueryError, RegoValue, value_of_json};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

/// Evaluations of one request.
const EVALUATIONS_MAX: usize = 1_000;
const REQUEST_ID: &str = "x-request-id";

/// A string, as AuthZEN has its errors.
pub(crate) fn error(status: StatusCode, message: &str) -> Response {
    let mut response = body::json(false, format!("{}\n", Value::from(message)));
    *response.status_mut() = status;
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// Gives the request's id back, whatever became of it.
pub(crate) fn with_id(headers: &HeaderMap, mut response: Response) -> Response {
    if let Some(id) = headers.get(REQUEST_ID) {
        response.headers_mut().insert(REQUEST_ID, id.clone());
    }
    response
}

pub(crate) fn unavailable(unavailable: Unavailable) -> Response {
    error(unavailable.status(), unavailable.message())
}

/// Reads a body that is an object. A wrong content type is 400 here, not 415.
pub(crate) async fn object(app: &App, parts: &Parts, body: Body) -> Result<Map<String, Value>, Box<Response>> {
    let bad = |message: &str| Box::new(error(StatusCode::BAD_REQUEST, message));
    if !body::is_json(&parts.headers) {
        return Err(bad("the content type is not application/json"));
    }
    let bytes = app.body(&parts.headers, body).await;
    let bytes = bytes.map_err(|refused| Box::new(error(refused.status(), refused.message())))?;
    let much = bytes.len() > HELD_BYTES_MAX;
    let read = app.apart(much, move || serde_json::from_slice::<Tree>(&bytes)).await;
    match read.map_err(|error| Box::new(unavailable(error)))? {
        Ok(Tree(Value::Object(map))) => Ok(map),
        Ok(_) => Err(bad("the body is no object")),
        Err(error) => Err(bad(&format!("the body is no JSON: {error}"))),
    }
}

/// What is wrong with an entity, which has members that are texts; what else it has is taken as it is.
pub(crate) fn entity<'a>(found: Option<&'a Value>, key: &str, wanted: &[&str]) -> Result<&'a Value, String> {
    let found = found.ok_or_else(|| format!("`{key}` is missing"))?;
    let map = found.as_object().ok_or_else(|| format!("`{key}` is no object"))?;
    for member in wanted {
        match map.get(*member) {
            Some(Value::String(text)) if !text.is_empty() => {}
            Some(_) => return Err(format!("`{key}.{member}` is no text with something in it")),
            None => return Err(format!("`{key}.{member}` is missing")),
        }
    }
    if map.get("properties").is_some_and(|properties| !properties.is_object()) {
        return Err(format!("`{key}.properties` is no object"));
    }
    Ok(found)
}

pub(crate) fn context(found: Option<&Value>) -> Result<Option<&Value>, String> {
    match found {
        None => Ok(None),
        Some(context @ Value::Object(_)) => Ok(Some(context)),
        Some(_) => Err("`context` is no object".to_owned()),
    }
}

/// The members of one evaluation, with what is wanted of each.
const MEMBERS: [(&str, &[&str]); 4] =
    [("subject", &["type", "id"]), ("action", &["name"]), ("resource", &["type", "id"]), ("context", &[])];

/// What a policy gets of one evaluation: its members, where several may have some of them in common.
struct Input<'a>(Vec<(&'static str, &'a Value)>);

impl<'a> Input<'a> {
    /// Reads what an evaluation says itself, and what it has in common with others: a member of its own stands for the whole
    /// of the common one.
    fn read(own: &'a Map<String, Value>, common: Option<&'a Map<String, Value>>) -> Result<Self, String> {
        let member = |key: &str| own.get(key).or_else(|| common?.get(key));
        let mut members = Vec::with_capacity(MEMBERS.len());
        for (key, wanted) in MEMBERS {
            let found = if key == "context" { context(member(key))? } else { Some(entity(member(key), key, wanted)?) };
            members.extend(found.map(|found| (key, found)));
        }
        Ok(Self(members))
    }

    /// As the policy gets it; what is in common is made once.
    fn value(&self, known: &mut HashMap<*const Value, RegoValue>) -> RegoValue {
        let members = self.0.iter().map(|(key, value)| {
            let made = known.entry(std::ptr::from_ref(*value)).or_insert_with(|| value_of_json(value));
            (RegoValue::from(*key), made.clone())
        });
        RegoValue::from(members.collect::<BTreeMap<_, _>>())
    }

    /// As JSON text, for the log.
    fn text(&self) -> String {
        let members: Vec<String> = self.0.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }

    fn weight(&self) -> usize {
        self.0.iter().map(|(_, value)| weight(value)).fold(0, usize::saturating_add)
    }
}

/// One evaluation: the decision, and what failed.
struct Decided {
    answer: Value,
    failed: Option<QueryError>,
    took: Took,
}

impl Decided {
    fn allows(&self) -> bool {
        self.answer.get("decision") == Some(&Value::Bool(true))
    }
}

/// Asks the policy. What fails denies.
fn evaluate(current: &Current, value: &RegoValue) -> Decided {
    let began = Instant::now();
    let ask = |name: &str| current.engine.query(&["authzen", name], Some(value));
    let found = match ask("evaluation") {
        Ok(None) => ask("allow"),
        found => found,
    };
    let took = Took::since(began);
    let no = || json!({"decision": false});
    match found {
        Ok(found) => Decided { answer: found.as_ref().and_then(shaped).unwrap_or_else(no), failed: None, took },
        Err(failed) => Decided { answer: no(), failed: Some(failed), took },
    }
}

/// A boolean, or `{decision, context?}`.
fn shaped(found: &RegoValue) -> Option<Value> {
    let json = serde_json::to_value(found).ok()?;
    if let Value::Bool(decision) = json {
        return Some(json!({"decision": decision}));
    }
    let decision = json.get("decision")?.as_bool()?;
    let mut answer = json!({"decision": decision});
    if let (Some(map), Some(context @ Value::Object(_))) = (answer.as_object_mut(), json.get("context")) {
        map.insert("context".to_owned(), context.clone());
    }
    Some(answer)
}

/// About the bytes of a tree, counted up to what is too much for a connection's thread.
pub(crate) fn weight(value: &Value) -> usize {
    let mut open = vec![value];
    let mut sum = 0_usize;
    while let Some(value) = open.pop() {
        sum += 16;
        match value {
            Value::String(text) => sum += text.len(),
            Value::Array(items) => open.extend(items),
            Value::Object(entries) => {
                sum += entries.keys().map(String::len).sum::<usize>();
                open.extend(entries.values());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        if sum > HELD_BYTES_MAX {
            return usize::MAX;
        }
    }
    sum
}

/// Writes an evaluation down.
async fn record(
    app: &App,
    current: &Arc<Current>,
    arrival: &Arrival,
    batch: Option<&str>,
    input: Option<&Input<'_>>,
    decided: &Decided,
) -> Result<(), Box<Response>> {
    if !app.logs() {
        return Ok(());
    }
    let input = input.map_or_else(|| "null".to_owned(), Input::text);
    let (id, result) = (decision_id(), decided.answer.to_string());
    let failed = decided.failed.as_ref().map(|error| json!({"code": error.code, "message": error.message}));
    let event = Event {
        batch,
        input: Some(&input),
        result: Some(&result),
        error: failed.as_ref(),
        took: decided.took,
        ..Event::of(&id, "authzen/evaluation", current, arrival)
    };
    app.record(&event).await.map_err(|failure| {
        let message = format!("the decision could not be written to the log: {failure}");
        Box::new(error(StatusCode::INTERNAL_SERVER_ERROR, &message))
    })
}

/// `POST /access/v1/evaluation`.
pub async fn evaluation(State(app): State<App>, Peer(peer): Peer, request: Request) -> Response {
    let arrival = Arrival::now(peer);
    let (parts, body) = request.into_parts();
    let answered = match object(&app, &parts, body).await {
        Ok(of) => one(&app, &arrival, &Arc::new(of)).await,
        Err(response) => Err(response),
    };
    with_id(&parts.headers, answered.unwrap_or_else(|response| *response))
}

async fn one(app: &App, arrival: &Arrival, of: &Arc<Map<String, Value>>) -> Result<Response, Box<Response>> {
    let input = Input::read(of, None).map_err(|message| Box::new(error(StatusCode::BAD_REQUEST, &message)))?;
    let current = app.current();
    let work = {
        let of = Arc::clone(of);
        // It was read before.
        move |current: &Current| match Input::read(&of, None) {
            Ok(input) => evaluate(current, &input.value(&mut HashMap::new())),
            Err(message) => Decided { answer: denied(400, &message), failed: None, took: Took::default() },
        }
    };
    let decided = app.answer("authzen", input.weight(), &current, work).await;
    let decided = match decided {
        Ok(decided) => decided,
        Err(error) => {
            app.record_none("authzen/evaluation", Some(&input.text()), &current, arrival, error).await;
            return Err(Box::new(unavailable(error)));
        }
    };
    record(app, &current, arrival, None, Some(&input), &decided).await?;
    if let Some(failed) = &decided.failed {
        let message = format!("the policy failed, treat it as a denial: {}", failed.message);
        return Err(Box::new(error(StatusCode::INTERNAL_SERVER_ERROR, &message)));
    }
    Ok(body::json(false, format!("{}\n", decided.answer)))
}

/// When a list of evaluations is at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Semantics {
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

impl Semantics {
    fn of(options: Option<&Value>) -> Result<Self, String> {
        let Some(options) = options else { return Ok(Self::ExecuteAll) };
        let options = options.as_object().ok_or("`options` is no object")?;
        match options.get("evaluations_semantic").map(Value::as_str) {
            None | Some(Some("execute_all")) => Ok(Self::ExecuteAll),
            Some(Some("deny_on_first_deny")) => Ok(Self::DenyOnFirstDeny),
            Some(Some("permit_on_first_permit")) => Ok(Self::PermitOnFirstPermit),
            Some(_) => {
                Err("`options.evaluations_semantic` is none of execute_all, deny_on_first_deny, permit_on_first_permit"
                    .to_owned())
            }
        }
    }

    const fn ends(self, allows: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !allows,
            Self::PermitOnFirstPermit => allows,
        }
    }
}

/// `POST /access/v1/evaluations`.
pub async fn evaluations(State(app): State<App>, Peer(peer): Peer, request: Request) -> Response {
    let arrival = Arrival::now(peer);
    let (parts, body) = request.into_parts();
    let answered = match object(&app, &parts, body).await {
        Ok(of) => many(&app, &arrival, of).await,
        Err(response) => Err(response),
    };
    with_id(&parts.headers, answered.unwrap_or_else(|response| *response))
}

async fn many(app: &App, arrival: &Arrival, mut of: Map<String, Value>) -> Result<Response, Box<Response>> {
    let bad = |message: &str| Box::new(error(StatusCode::BAD_REQUEST, message));
    let semantics = Semantics::of(of.get("options")).map_err(|message| bad(&message))?;
    let items = match of.remove("evaluations") {
        // Without any it is one evaluation.
        None => return one(app, arrival, &Arc::new(of)).await,
        Some(Value::Array(items)) if items.is_empty() => return one(app, arrival, &Arc::new(of)).await,
        Some(Value::Array(items)) => items,
        Some(_) => return Err(bad("`evaluations` is no list")),
    };
    if items.len() > EVALUATIONS_MAX {
        return Err(bad(&format!("{} evaluations, at most {EVALUATIONS_MAX} are taken", items.len())));
    }
    // What they have in common stands once in memory, but in the log with each of them.
    let batch = Arc::new(Batch { of, items });
    let common: usize = batch.of.values().map(long).sum();
    if common.saturating_mul(batch.items.len()) > app.body_max() {
        let message =
            format!("what {} evaluations have in common is in all of them more than a body may be", batch.items.len());
        return Err(bad(&message));
    }
    let current = app.current();
    let work = {
        let batch = Arc::clone(&batch);
        move |current: &Current| -> Vec<Decided> {
            let mut decided = Vec::new();
            let mut known = HashMap::new();
            for item in &batch.items {
                let one = match batch.input(item) {
                    Ok(input) => evaluate(current, &input.value(&mut known)),
                    Err(message) => Decided { answer: denied(400, &message), failed: None, took: Took::default() },
                };
                let end = semantics.ends(one.allows());
                decided.push(one);
                if end {
                    break;
                }
            }
            decided
        }
    };
    let all = app.answer("authzen batch", usize::MAX, &current, work).await;
    let all = match all {
        Ok(all) => all,
        Err(error) => {
            app.record_none("authzen/evaluation", None, &current, arrival, error).await;
            return Err(Box::new(unavailable(error)));
        }
    };
    let id = decision_id();
    let mut answers = Vec::new();
    for (item, mut decided) in batch.items.iter().zip(all) {
        let input = batch.input(item).ok();
        record(app, &current, arrival, Some(&id), input.as_ref(), &decided).await?;
        if let Some(failed) = &decided.failed {
            decided.answer = denied(500, &format!("the policy failed: {}", failed.message));
        }
        answers.push(decided.answer);
    }
    Ok(body::json(false, format!("{}\n", json!({"evaluations": answers}))))
}

/// Several evaluations, and what they have in common.
struct Batch {
    of: Map<String, Value>,
    items: Vec<Value>,
}

impl Batch {
    fn input<'a>(&'a self, item: &'a Value) -> Result<Input<'a>, String> {
        Input::read(item.as_object().ok_or("an evaluation is no object")?, Some(&self.of))
    }
}

/// Bytes of a tree as text, about.
fn long(value: &Value) -> usize {
    let mut open = vec![value];
    let mut sum = 0_usize;
    while let Some(value) = open.pop() {
        sum += 2;
        match value {
            Value::String(text) => sum += text.len(),
            Value::Array(items) => open.extend(items),
            Value::Object(entries) => {
                sum += entries.keys().map(|key| key.len() + 3).sum::<usize>();
                open.extend(entries.values());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => sum += 4,
        }
    }
    sum
}

/// An evaluation of several that has no answer.
fn denied(status: u16, message: &str) -> Value {
    json!({"decision": false, "context": {"error": {"status": status, "message": message}}})
}

/// `GET /.well-known/authzen-configuration`.
pub async fn configuration(State(app): State<App>, request: Request) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    // A host that is none would make addresses of something else.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    let host = if host.bytes().all(plain) { host } else { "localhost" };
    let base = app
        .settings()
        .public_url
        .as_deref()
        .map_or_else(|| format!("http://{host}"), |url| url.trim_end_matches('/').to_owned());
    let mut told = json!({
        "policy_decision_point": base,
        "access_evaluation_endpoint": format!("{base}/access/v1/evaluation"),
        "access_evaluations_endpoint": format!("{base}/access/v1/evaluations"),
    });
    let current = app.current();
    for kind in ["subject", "resource", "action"] {
        if let (true, Some(map)) = (current.engine.has(&["authzen", "search", kind]), told.as_object_mut()) {
            map.insert(format!("search_{kind}_endpoint"), Value::from(format!("{base}/access/v1/search/{kind}")));
        }
    }
    with_id(request.headers(), body::json(false, format!("{told}\n")))
}
