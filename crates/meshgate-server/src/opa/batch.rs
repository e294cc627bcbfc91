//! `POST /v1/batch/data/{path}`: one path, many inputs. 200 when all have an answer, 207 when some failed, 500 when all did.
//!
//! Deliberately absent: an answer for the whole that hides one of its parts.

use super::data::{Evaluated, MALFORMED, evaluate, malformed, text, unlogged};
use super::params::{Explain, Params};
use super::{error, refused, unavailable};
use crate::app::{App, Current};
use crate::body;
use crate::log::{Arrival, Event, decision_id};
use crate::request::{Peer, segments};
use crate::unique::Tree;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Inputs of one batch.
const INPUTS_MAX: usize = 10_000;

#[derive(Deserialize)]
struct Posted {
    inputs: Map<String, Value>,
    #[serde(default)]
    common_input: Option<Value>,
}

/// Evaluates all inputs.
pub async fn post(State(app): State<App>, Peer(peer): Peer, request: Request) -> Response {
    let arrival = Arrival::now(peer);
    let (parts, body) = request.into_parts();
    let bytes = match app.body(&parts.headers, body).await {
        Ok(bytes) => bytes,
        Err(error) => return refused(error),
    };
    let yaml = body::is_yaml(&parts.headers).then(|| app.values_max());
    let read = move || -> Result<Posted, String> {
        let Tree(tree) = body::object(text(yaml, &bytes)?.as_bytes())?;
        serde_json::from_value(tree).map_err(|error| error.to_string())
    };
    let posted = match app.apart(true, read).await {
        Ok(Ok(posted)) => posted,
        Ok(Err(message)) => return malformed(&message),
        Err(error) => return unavailable(error),
    };
    if posted.inputs.is_empty() || posted.inputs.len() > INPUTS_MAX {
        return malformed(&format!("`inputs` has {} inputs; from 1 to {INPUTS_MAX} are taken", posted.inputs.len()));
    }
    // Each input is joined with what all have in common when its turn comes, and counts as a whole.
    let posted = Arc::new(posted);
    let common = posted.common_input.as_ref().map_or(0, |common| common.to_string().len());
    let all = common.saturating_mul(posted.inputs.len());
    if all > app.body_max() {
        return malformed(&format!(
            "`common_input` in each of {} inputs is more than a body may be",
            posted.inputs.len()
        ));
    }
    let params = Params::of(&parts.uri);
    let path = segments(parts.uri.path(), "/v1/batch/data");
    let question = path.join("/");
    let current = app.current();
    let work = {
        let (posted, path) = (Arc::clone(&posted), path.clone());
        let params = Params { explain: Explain::Off, ..params.clone() };
        move |current: &Current| -> Vec<(String, Result<Evaluated, String>)> {
            let one = |input: &Value| {
                let text = joined(posted.common_input.as_ref(), input.clone()).to_string();
                let evaluated = evaluate(&current.engine, &path, Some(&text), &params);
                (text, evaluated)
            };
            posted.inputs.values().map(one).collect()
        }
    };
    // A batch is not quick, however quick each of its parts is.
    let evaluated = match app.answer(&format!("batch {question}"), usize::MAX, &current, work).await {
        Ok(evaluated) => evaluated,
        Err(error) => {
            app.record_none(&question, None, &current, &arrival, error).await;
            return unavailable(error);
        }
    };
    let batch = decision_id();
    let mut responses = Map::new();
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (name, (input, evaluated)) in posted.inputs.keys().zip(evaluated) {
        let evaluated = match evaluated {
            Ok(evaluated) => evaluated,
            Err(message) => {
                return error(StatusCode::BAD_REQUEST, "invalid_parameter", &format!("{MALFORMED}: {message}"));
            }
        };
        let id = app.logs().then(decision_id);
        if let Some(id) = &id {
            let event = Event {
                batch: Some(&batch),
                input: Some(&input),
                ..evaluated.event(Event::of(id, &question, &current, &arrival))
            };
            if let Err(failure) = app.record(&event).await {
                return unlogged(&failure);
            }
        }
        let (list, mut response) = match evaluated.result {
            Ok(result) => {
                let result = result.map(|text| serde_json::from_str::<Value>(&text).unwrap_or_default());
                (&mut good, result.map_or_else(|| json!({}), |result| json!({"result": result})))
            }
            Err(error) => (&mut bad, error.0),
        };
        if let (Some(id), Some(map)) = (id, response.as_object_mut()) {
            map.insert("decision_id".to_owned(), Value::from(id));
        }
        list.push(name.clone());
        responses.insert(name.clone(), response);
    }
    // In a mixed answer each says how it went.
    let mixed = !good.is_empty() && !bad.is_empty();
    for (names, status) in [(&good, "200"), (&bad, "500")].into_iter().filter(|_| mixed) {
        for name in names {
            if let Some(map) = responses.get_mut(name).and_then(Value::as_object_mut) {
                map.insert("http_status_code".to_owned(), Value::from(status));
            }
        }
    }
    let status = match (good.is_empty(), bad.is_empty()) {
        (_, true) => StatusCode::OK,
        (true, _) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::MULTI_STATUS,
    };
    let mut answer = json!({"batch_decision_id": batch, "responses": responses});
    if let Some(map) = answer.as_object_mut().filter(|_| params.metrics) {
        let handler = u64::try_from(arrival.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        map.insert("metrics".to_owned(), json!({"timer_server_handler_ns": handler}));
    }
    let gzip = body::takes_gzip(&parts.headers);
    let mut response = app.told(gzip, params.pretty, format!("{answer}\n")).await;
    *response.status_mut() = status;
    response
}

/// An input over what all have in common: objects are joined, and the input's own counts.
fn joined(common: Option<&Value>, input: Value) -> Value {
    match (common, input) {
        (Some(Value::Object(common)), Value::Object(input)) => {
            let mut all = common.clone();
            for (key, value) in input {
                let value = joined(all.get(&key), value);
                all.insert(key, value);
            }
            Value::Object(all)
        }
        (_, input) => input,
    }
}
