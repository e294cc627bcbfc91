//! OPA's shape of an error: `{code, message, errors?}`, indented.
//!
//! Deliberately absent: problem bodies; our own routes have those.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use meshgate_engine::QueryError;
use serde_json::{Value, json};

/// An evaluation that failed, as it is told.
#[derive(Debug, Clone)]
pub struct Evaluation(pub Value);

impl From<&QueryError> for Evaluation {
    fn from(error: &QueryError) -> Self {
        let mut one = json!({"code": error.code, "message": error.message});
        // A place that begins the message is told by itself.
        let mut parts = error.message.splitn(4, ':');
        let (file, row, column, rest) = (parts.next(), parts.next(), parts.next(), parts.next());
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
        if let (Some(file), Some(row), Some(column), Some(rest), Some(map)) =
            (file, number(row), number(column), rest, one.as_object_mut())
        {
            map.insert("message".to_owned(), Value::from(rest.trim_start()));
            map.insert("location".to_owned(), json!({"file": file, "row": row, "col": column}));
        }
        Self(json!({
            "code": "internal_error",
            "message": "error(s) occurred while evaluating query",
            "errors": [one],
        }))
    }
}

/// An evaluation failed.
pub fn failed(evaluation: &Evaluation) -> Response {
    respond(StatusCode::INTERNAL_SERVER_ERROR, &evaluation.0)
}

/// Anything else went wrong.
pub fn error(status: StatusCode, code: &str, message: &str) -> Response {
    respond(status, &json!({"code": code, "message": message}))
}

fn respond(status: StatusCode, body: &Value) -> Response {
    let text = serde_json::to_string_pretty(body).unwrap_or_default();
    let mut response = Response::new(Body::from(format!("{text}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
