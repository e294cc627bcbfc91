//! `POST /v1/decide`: may this consumer use these columns of this port for this purpose, and under which obligations; and
//! `POST /v1/batch/decide`, many of them at once.
//!
//! Deliberately absent: a denial as an error. Whoever asks in the right shape gets 200 and a verdict; faults of policies deny.

use crate::app::{App, Current, HELD_BYTES_MAX};
use crate::body;
use crate::log::{Arrival, Event, Took, decision_id};
use crate::opa::params::Params;
use crate::problem::{problem, refused, unavailable};
use crate::request::Peer;
use crate::unique::Members;
use axum::body::Bytes;
use axum::extract::{Request as HttpRequest, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use meshgate_engine::{Answer, Dialect, Obligations, Request, UniqueJson, dialect};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

/// Requests of one batch.
const REQUESTS_MAX: usize = 1_000;
/// The name of these questions in the decision log.
const PATH: &str = "meshgate/decide";

/// A request for access, for those who read how to write one.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AccessRequest {
    /// Who asks.
    pub subject: Subject,
    /// What they want to do, `read` for example.
    #[schemars(length(min = 1))]
    pub action: String,
    /// Of what.
    pub resource: Resource,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "nonempty", transform = without_default)]
    pub purpose: Option<String>,
    /// What else policies may want to know.
    #[schemars(default)]
    pub context: serde_json::Map<String, Value>,
}

/// Who asks.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Subject {
    /// Their id.
    #[schemars(length(min = 1))]
    pub id: String,
    /// The groups that they are in.
    #[schemars(default)]
    pub groups: Vec<String>,
    /// What else is known of them.
    #[schemars(default)]
    pub attributes: serde_json::Map<String, Value>,
}

/// Of what.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Resource {
    /// The product's id.
    #[schemars(length(min = 1))]
    pub product: String,
    /// The port's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "nonempty", transform = without_default)]
    pub port: Option<String>,
    /// The columns; none is all.
    #[schemars(default)]
    pub columns: Vec<String>,
}

fn nonempty(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "minLength": 1})
}

/// What may be left out may not be null.
fn without_default(schema: &mut schemars::Schema) {
    schema.remove("default");
}

/// Their answers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AccessAnswers {
    /// The batch's id; each answer has its own besides.
    pub batch_decision_id: String,
    /// By the same names.
    pub answers: BTreeMap<String, Answer>,
}

/// What the query says.
fn asked_sql(uri: &Uri) -> Result<Option<Dialect>, String> {
    let mut found = None;
    for (key, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match key.as_ref() {
            "sql" => found = Some(dialect(&value).map_err(|bad| bad.to_string())?),
            "pretty" => {}
            other => return Err(format!("unknown parameter `{other}`; there are sql, pretty")),
        }
    }
    Ok(found)
}

/// What both routes read of a request: its head, the dialect that is asked for, the body.
async fn read(app: &App, request: HttpRequest) -> Result<(Parts, Option<Dialect>, Bytes), Box<Response>> {
    let (parts, body) = request.into_parts();
    if !body::is_json(&parts.headers) {
        let detail = "the content type is not application/json";
        return Err(Box::new(problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)));
    }
    let dialect = asked_sql(&parts.uri).map_err(|detail| Box::new(problem(StatusCode::BAD_REQUEST, detail)))?;
    let bytes = app.body(&parts.headers, body).await.map_err(|error| Box::new(refused(error)))?;
    Ok((parts, dialect, bytes))
}

/// Writes a decision down, if that is wanted.
async fn record(
    app: &App,
    event: Event<'_>,
    input: Option<&str>,
    answer: &Answer,
    told: &str,
    took: Took,
) -> Result<(), Box<Response>> {
    let failed = fault(answer);
    let rules: BTreeSet<&str> = answer.reasons.iter().map(|reason| reason.rule.as_str()).collect();
    let rules = serde_json::to_string(&rules).unwrap_or_default();
    let obliged = answer.obligations != Obligations::default();
    let obligations = obliged.then(|| serde_json::to_string(&answer.obligations).unwrap_or_default());
    let event = Event {
        input,
        result: Some(told),
        error: failed.as_ref(),
        rules: Some(&rules),
        obligations: obligations.as_deref(),
        took,
        ..event
    };
    app.record(&event).await.map_err(|failure| Box::new(unlogged(&failure)))
}

/// Answers one request.
pub async fn post(State(app): State<App>, Peer(peer): Peer, request: HttpRequest) -> Response {
    let arrival = Arrival::now(peer);
    let (parts, dialect, bytes) = match read(&app, request).await {
        Ok(read) => read,
        Err(response) => return *response,
    };
    let current = app.current();
    let work = {
        let text = bytes.clone();
        move |current: &Current| -> Result<(Answer, Took), String> {
            let UniqueJson(value) = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
            let request = Request::read(value, dialect).map_err(|bad| bad.to_string())?;
            Ok(decide(current, &request))
        }
    };
    let (mut answer, took) = match app.answer(PATH, bytes.len(), &current, work).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(detail)) => return problem(StatusCode::BAD_REQUEST, format!("the request is wrong: {detail}")),
        Err(error) => {
            app.record_none(PATH, std::str::from_utf8(&bytes).ok(), &current, &arrival, error).await;
            return unavailable(error);
        }
    };
    let id = decision_id();
    answer.decision_id = Some(id.clone());
    let told = match serde_json::to_string(&answer) {
        Ok(told) => told,
        Err(error) => return problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    };
    if app.logs() {
        let event = Event::of(&id, PATH, &current, &arrival);
        let input = std::str::from_utf8(&bytes).ok();
        if let Err(response) = record(&app, event, input, &answer, &told, took).await {
            return *response;
        }
    }
    let pretty = Params::of(&parts.uri).pretty;
    app.told(body::takes_gzip(&parts.headers), pretty, told + "\n").await
}

fn decide(current: &Current, request: &Request) -> (Answer, Took) {
    let began = Instant::now();
    let answer = current.engine.access().answer(request);
    (answer, Took::since(began))
}

/// What failed, for the log.
fn fault(answer: &Answer) -> Option<Value> {
    let faults: Vec<Value> = answer
        .faults
        .iter()
        .map(|fault| json!({"code": fault.kind.as_str(), "message": fault.message, "rule": fault.rule}))
        .collect();
    (!faults.is_empty()).then(|| json!({"code": "evaluation_error", "message": "policies failed", "errors": faults}))
}

/// An answer that nobody wrote down is none.
pub fn unlogged(failure: &std::io::Error) -> Response {
    let detail = format!("the decision could not be written to the log, treat it as a denial: {failure}");
    problem(StatusCode::INTERNAL_SERVER_ERROR, detail)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Posted {
    requests: Members,
}

/// Answers many. One that is wrong is denied, and says why; the others are answered.
pub async fn post_batch(State(app): State<App>, Peer(peer): Peer, request: HttpRequest) -> Response {
    let arrival = Arrival::now(peer);
    let (parts, dialect, bytes) = match read(&app, request).await {
        Ok(read) => read,
        Err(response) => return *response,
    };
    let much = bytes.len() > HELD_BYTES_MAX;
    let read = move || body::object::<Posted>(&bytes);
    let posted = match app.apart(much, read).await {
        Ok(Ok(posted)) if posted.requests.0.is_empty() || posted.requests.0.len() > REQUESTS_MAX => {
            let detail = format!("there are {} requests; from 1 to {REQUESTS_MAX} are taken", posted.requests.0.len());
            return problem(StatusCode::BAD_REQUEST, detail);
        }
        Ok(Ok(posted)) => Arc::new(posted),
        Ok(Err(detail)) => return problem(StatusCode::BAD_REQUEST, format!("the batch is wrong: {detail}")),
        Err(error) => return unavailable(error),
    };
    let current = app.current();
    let work = {
        let posted = Arc::clone(&posted);
        move |current: &Current| -> Vec<(Answer, Took)> {
            let one = |text: &RawValue| {
                let read = serde_json::from_str(text.get()).map_err(|error| error.to_string());
                let read =
                    read.and_then(|UniqueJson(value)| Request::read(value, dialect).map_err(|bad| bad.to_string()));
                match read {
                    Ok(request) => decide(current, &request),
                    Err(detail) => {
                        let access = current.engine.access();
                        (Answer::denied("access.bad_request", &detail, access.revision()), Took::default())
                    }
                }
            };
            posted.requests.0.values().map(|text| one(text)).collect()
        }
    };
    let answered = match app.answer("meshgate/batch", usize::MAX, &current, work).await {
        Ok(answered) => answered,
        Err(error) => {
            app.record_none(PATH, None, &current, &arrival, error).await;
            return unavailable(error);
        }
    };
    let batch = decision_id();
    let mut answers = BTreeMap::new();
    for ((name, text), (mut answer, took)) in posted.requests.0.iter().zip(answered) {
        let id = decision_id();
        answer.decision_id = Some(id.clone());
        if app.logs() {
            let told = serde_json::to_string(&answer).unwrap_or_default();
            let event = Event { batch: Some(&batch), ..Event::of(&id, PATH, &current, &arrival) };
            if let Err(response) = record(&app, event, Some(text.get()), &answer, &told, took).await {
                return *response;
            }
        }
        answers.insert(name.clone(), answer);
    }
    let answers = AccessAnswers { batch_decision_id: batch, answers };
    match serde_json::to_string(&answers) {
        Ok(told) => {
            let pretty = Params::of(&parts.uri).pretty;
            app.told(body::takes_gzip(&parts.headers), pretty, told + "\n").await
        }
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}
