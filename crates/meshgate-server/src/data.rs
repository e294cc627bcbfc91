//! `GET` and `POST /v1/data/{path}`: OPA's data API. Undefined is 200 without `result`; errors have OPA's shape.
//!
//! Deliberately absent: writes, `explain`, `metrics` and `provenance`.

use crate::app::{App, Unavailable, json};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use meshgate_engine::{QueryError, RegoValue, parse_json};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json as object};

/// The query of `GET /v1/data`.
#[derive(Debug, Deserialize)]
pub struct DataQuery {
    /// The input as JSON text.
    input: Option<String>,
}

/// Evaluates the whole document with the input of the query.
pub async fn get_root(app: State<App>, query: Query<DataQuery>) -> Response {
    get(app, Path(String::new()), query).await
}

/// Evaluates a document with the input of the query.
pub async fn get(State(app): State<App>, Path(path): Path<String>, Query(query): Query<DataQuery>) -> Response {
    let input = match query.input.as_deref().map(|text| parse_json(text.as_bytes())).transpose() {
        Ok(input) => input,
        Err(error) => return malformed(&format!("parameter contains malformed input document: {error}")),
    };
    evaluate(app, path, input, false).await
}

/// Evaluates the whole document.
pub async fn post_root(app: State<App>, body: Result<Bytes, BytesRejection>) -> Response {
    post(app, Path(String::new()), body).await
}

/// Evaluates a document with `{"input": …}`.
pub async fn post(State(app): State<App>, Path(path): Path<String>, body: Result<Bytes, BytesRejection>) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return malformed(&rejection.body_text()),
    };
    if body.is_empty() {
        return evaluate(app, path, None, true).await;
    }
    match parse_json(&body) {
        Ok(RegoValue::Object(body)) => {
            let input = body.get(&RegoValue::from("input")).cloned();
            let missing = input.is_none();
            evaluate(app, path, input, missing).await
        }
        Ok(_) => malformed("body contains malformed input document: expected an object with the key `input`"),
        Err(error) => malformed(&format!("body contains malformed input document: {error}")),
    }
}

/// The answer, in OPA's shape; what is undefined has no result.
#[derive(Debug, Serialize)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<RegoValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<Warning>,
}

#[derive(Debug, Serialize)]
struct Warning {
    code: &'static str,
    message: &'static str,
}

async fn evaluate(app: App, path: String, input: Option<RegoValue>, missing: bool) -> Response {
    let query = move |engine: &meshgate_engine::Engine| {
        let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
        engine.query(&steps, input.as_ref())
    };
    match app.run(query).await {
        Ok(Ok(result)) => {
            let warning = missing
                .then_some(Warning { code: "api_usage_warning", message: "'input' key missing from the request" });
            match serde_json::to_string(&Answer { result, warning }) {
                Ok(body) => json(body + "\n"),
                Err(error) => self::error(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", &error.to_string()),
            }
        }
        Ok(Err(error)) => failed(&error),
        Err(Unavailable::Busy) => {
            let mut response = error(StatusCode::SERVICE_UNAVAILABLE, "internal_error", "too many requests wait");
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
            response
        }
        Err(Unavailable::Died) => error(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "evaluation failed"),
    }
}

fn malformed(message: &str) -> Response {
    error(StatusCode::BAD_REQUEST, "invalid_parameter", message)
}

fn failed(reason: &QueryError) -> Response {
    let body = object!({
        "code": "internal_error",
        "message": "error(s) occurred while evaluating query",
        "errors": [{"code": reason.kind.as_str(), "message": reason.message}],
    });
    respond(StatusCode::INTERNAL_SERVER_ERROR, &body)
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    respond(status, &object!({"code": code, "message": message}))
}

fn respond(status: StatusCode, body: &Value) -> Response {
    let text = serde_json::to_string_pretty(body).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{text}\n")).into_response()
}
