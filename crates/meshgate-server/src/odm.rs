//! The validator of Open Data Mesh: a caller's Rego against the state of a product, as its policy service asks.
//!
//! Every request has an engine of its own, without data of bundles and without a network, and leaves nothing behind; nothing
//! is shared with the requests beside it.
//!
//! Deliberately absent: policies that are kept; the policy service has them.

use crate::app::{App, Current, HELD_BYTES_MAX, Unavailable};
use crate::body;
use crate::log::{Arrival, Event, Took, decision_id};
use crate::request::Peer;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::{SecondsFormat, Utc};
use meshgate_engine::{OdmOutput, Validated, validate};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Instant;

/// Both shapes of an error at once: that of the platform, and that of its reference validator.
fn error(path: &str, status: StatusCode, code: &str, message: &str) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let told = json!({
        "status": status.as_u16(),
        "code": code,
        "description": message,
        "error": reason,
        "message": message,
        "path": path,
        "timestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
    });
    let mut response = body::json(false, format!("{told}\n"));
    *response.status_mut() = status;
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// `GET …/actuator/health`.
pub async fn health() -> Response {
    body::json(false, "{\"status\":\"UP\"}\n".to_owned())
}

/// What is asked: the policy's Rego, and the object that it is to look at.
fn asked(of: &Map<String, Value>) -> Result<(String, Value), (&'static str, String)> {
    let raw = match of.get("policy").map(|policy| policy.get("rawContent")) {
        None => return Err(("40002", "`policy` is missing".to_owned())),
        Some(Some(Value::String(raw))) if !raw.trim().is_empty() => raw.clone(),
        Some(_) => return Err(("40003", "`policy.rawContent`, the policy's Rego, is missing or empty".to_owned())),
    };
    let has_package = raw.lines().any(|line| {
        line.strip_prefix("package")
            .is_some_and(|rest| rest.starts_with(char::is_whitespace) && !rest.trim().is_empty())
    });
    if !has_package {
        return Err(("40003", "`policy.rawContent` has no `package` line".to_owned()));
    }
    match of.get("objectToEvaluate") {
        None | Some(Value::Null) => Err(("40004", "`objectToEvaluate` is missing".to_owned())),
        Some(Value::Object(object)) if object.is_empty() => Err(("40004", "`objectToEvaluate` is empty".to_owned())),
        // States that are null are told to the policy as null.
        Some(object @ Value::Object(_)) => Ok((raw, object.clone())),
        Some(_) => Err(("40004", "`objectToEvaluate` is no object".to_owned())),
    }
}

/// `POST …/evaluate-policy`.
pub async fn evaluate(State(app): State<App>, Peer(peer): Peer, request: Request) -> Response {
    let arrival = Arrival::now(peer);
    let (parts, sent) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if !body::is_json(&parts.headers) {
        return error(&path, StatusCode::UNSUPPORTED_MEDIA_TYPE, "50001", "the content type is not application/json");
    }
    let bytes = match app.body(&parts.headers, sent).await {
        Ok(bytes) => bytes,
        Err(refused) => return error(&path, refused.status(), "50001", refused.message()),
    };
    let read = app.apart(bytes.len() > HELD_BYTES_MAX, move || serde_json::from_slice::<Value>(&bytes));
    let of = match read.await {
        Ok(Ok(Value::Object(of))) => of,
        Ok(Ok(_)) => return error(&path, StatusCode::BAD_REQUEST, "50001", "the body is no object"),
        Ok(Err(wrong)) => {
            return error(&path, StatusCode::BAD_REQUEST, "50001", &format!("the body is no JSON: {wrong}"));
        }
        Err(unavailable) => return none(&path, unavailable),
    };
    let (raw, object) = match asked(&of) {
        Ok(asked) => asked,
        Err((code, message)) => return error(&path, StatusCode::BAD_REQUEST, code, &message),
    };
    let verbose = match of.get("verbose") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(verbose)) => *verbose,
        Some(_) => return error(&path, StatusCode::BAD_REQUEST, "50001", "`verbose` is no boolean"),
    };
    let id = of.get("policyEvaluationId").cloned().unwrap_or_default();
    let current = app.current();
    let object = Arc::new(object);
    let work = {
        let object = Arc::clone(&object);
        move |current: &Current| {
            let began = Instant::now();
            (validate(&current.engine, &raw, &object, verbose), Took::since(began))
        }
    };
    let (validated, took) = match app.answer_guest(&current, work).await {
        Ok(answered) => answered,
        Err(unavailable) => {
            app.record_none("odm/validator", None, &current, &arrival, unavailable).await;
            return none(&path, unavailable);
        }
    };
    let decision = decision_id();
    let Validated { passes, mut output } = validated;
    if let Some(output) = output.as_object_mut() {
        output.insert("decision_id".to_owned(), Value::from(decision.as_str()));
    }
    if app.logs() {
        let (input, result) =
            (object.to_string(), json!({"evaluationResult": passes, "outputObject": output}).to_string());
        let of = Event::of(&decision, "odm/validator", &current, &arrival);
        let event = Event { input: Some(&input), result: Some(&result), took, ..of };
        if let Err(failure) = app.record(&event).await {
            let message = format!("the evaluation could not be written to the log: {failure}");
            return error(&path, StatusCode::INTERNAL_SERVER_ERROR, "50001", &message);
        }
    }
    let output = match app.settings().odm.output {
        OdmOutput::Object => output,
        OdmOutput::String => Value::from(output.to_string()),
    };
    let answer = json!({"policyEvaluationId": id, "evaluationResult": passes, "outputObject": output});
    body::json(body::takes_gzip(&parts.headers), format!("{answer}\n"))
}

fn none(path: &str, unavailable: Unavailable) -> Response {
    error(path, unavailable.status(), "50001", unavailable.message())
}
