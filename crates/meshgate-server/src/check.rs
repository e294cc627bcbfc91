//! `POST /v1/check`: a descriptor in, report JSON v1 out. The verdict is in the report; the status is 200 either way, and
//! 422 where the command line exits with 2: no rule looks at such a document.
//!
//! Deliberately absent: files. A text comes without those beside it, and without the layers of a folder.

use crate::app::{App, Unavailable, json};
use crate::problem::problem;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use meshgate_engine::CheckOptions;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The query of `/v1/check`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckQuery {
    /// The name that the report gives the descriptor.
    file: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    file: Option<String>,
    descriptor: String,
    previous: Option<String>,
    #[serde(default)]
    context: EnvelopeContext,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeContext {
    stage: Option<String>,
    event: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

const ENVELOPE: &str = "application/vnd.meshgate.check+json";

/// Judges the body.
pub async fn check(
    State(app): State<App>,
    query: Result<Query<CheckQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Query(query) = match query {
        Ok(query) => query,
        Err(rejection) => return problem(rejection.status(), rejection.body_text()),
    };
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return problem(rejection.status(), rejection.body_text()),
    };
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let mime = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let (file, bytes, options) = match mime.as_str() {
        "application/yaml" | "application/x-yaml" | "text/yaml" => {
            (query.file.unwrap_or_else(|| "descriptor.yaml".into()), body.to_vec(), CheckOptions::default())
        }
        "application/json" => {
            (query.file.unwrap_or_else(|| "descriptor.json".into()), body.to_vec(), CheckOptions::default())
        }
        ENVELOPE => match serde_json::from_slice::<Envelope>(&body) {
            Ok(envelope) => {
                let EnvelopeContext { stage, event, labels } = envelope.context;
                let previous = envelope.previous.map(String::into_bytes);
                let options = CheckOptions { stage, event, labels, previous, ..CheckOptions::default() };
                let file = envelope.file.or(query.file).unwrap_or_else(|| "descriptor.yaml".into());
                (file, envelope.descriptor.into_bytes(), options)
            }
            Err(error) => return problem(StatusCode::BAD_REQUEST, format!("the envelope is wrong: {error}")),
        },
        other => {
            let detail = format!("content type `{other}` is none of application/yaml, application/json, {ENVELOPE}");
            return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
        }
    };
    let judged = app.run(move |engine| engine.check_text(&file, &bytes, &options)).await;
    match judged {
        // A report without findings would be a denial without a reason.
        Ok(outcome) if !outcome.errors.is_empty() => {
            problem(StatusCode::UNPROCESSABLE_ENTITY, format!("nothing was judged: {}", outcome.errors.join("; ")))
        }
        Ok(outcome) => json(meshgate_report::json::render(&outcome.report)),
        Err(Unavailable::Busy) => {
            problem(StatusCode::SERVICE_UNAVAILABLE, "too many requests wait; come back in a second")
        }
        Err(Unavailable::Died) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the check failed; treat it as a denial"),
    }
}
