//! `POST /v1/check`: a descriptor in, report JSON v1 out. The verdict is in the report; the status is 200 either way, and
//! 422 where the command line exits with 2: no rule looks at such a document.
//!
//! Deliberately absent: files. A text comes without those beside it, and without the layers of a folder.

use crate::app::{App, Current};
use crate::body;
use crate::log::{Arrival, Event, Took, decision_id};
use crate::problem::{problem, refused, unavailable};
use crate::request::Peer;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use meshgate_engine::{CheckOptions, Outcome};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

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
    #[serde(default, deserialize_with = "object")]
    context: EnvelopeContext,
}

/// A list is no context, though a structure could be read from one.
fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EnvelopeContext, D::Error> {
    let map = Map::<String, Value>::deserialize(deserializer)?;
    EnvelopeContext::deserialize(Value::Object(map)).map_err(de::Error::custom)
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
    Peer(peer): Peer,
    query: Result<Query<CheckQuery>, QueryRejection>,
    request: Request,
) -> Response {
    let arrival = Arrival::now(peer);
    let Query(query) = match query {
        Ok(query) => query,
        Err(rejection) => return problem(rejection.status(), rejection.body_text()),
    };
    let (parts, body) = request.into_parts();
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let mime = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let kind = match mime.as_str() {
        "application/yaml" | "application/x-yaml" | "text/yaml" => "descriptor.yaml",
        "application/json" => "descriptor.json",
        ENVELOPE => ENVELOPE,
        other => {
            let detail = format!("content type `{other}` is none of application/yaml, application/json, {ENVELOPE}");
            return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
        }
    };
    let bytes = match app.body(&parts.headers, body).await {
        Ok(bytes) => bytes,
        Err(error) => return refused(error),
    };
    let current = app.current();
    let work = move |current: &Current| -> Result<(Outcome, Took), String> {
        let (file, bytes, options) = if kind == ENVELOPE {
            let Envelope { file, descriptor, previous, context } =
                body::object(&bytes).map_err(|error| format!("the envelope is wrong: {error}"))?;
            let EnvelopeContext { stage, event, labels } = context;
            let previous = previous.map(String::into_bytes);
            let options = CheckOptions { stage, event, labels, previous, ..CheckOptions::default() };
            let file = file.or_else(|| query.file.clone()).unwrap_or_else(|| "descriptor.yaml".into());
            (file, descriptor.into_bytes(), options)
        } else {
            (query.file.clone().unwrap_or_else(|| kind.into()), bytes.to_vec(), CheckOptions::default())
        };
        // The engine's own threads have the pool that plugins run side by side on.
        Ok(current.engine.install(|engine| {
            let began = Instant::now();
            let outcome = engine.check_text(&file, &bytes, &options);
            (outcome, Took::since(began))
        }))
    };
    let judged = app.answer("meshgate/check", usize::MAX, &current, work).await;
    match judged {
        Ok(Err(detail)) => problem(StatusCode::BAD_REQUEST, detail),
        // A report without findings would be a denial without a reason.
        Ok(Ok((outcome, _))) if !outcome.errors.is_empty() => {
            problem(StatusCode::UNPROCESSABLE_ENTITY, format!("nothing was judged: {}", outcome.errors.join("; ")))
        }
        Ok(Ok((outcome, took))) => {
            let report = meshgate_report::json::render(&outcome.report);
            if let Err(failure) = record(&app, &current, &arrival, &report, took).await {
                return crate::decide::unlogged(&failure);
            }
            body::json(body::takes_gzip(&parts.headers), report)
        }
        Err(error) => {
            app.record_none("meshgate/check", None, &current, &arrival, error).await;
            unavailable(error)
        }
    }
}

/// Writes a check down: its report, which names the descriptor, and not the descriptor itself.
async fn record(app: &App, current: &Arc<Current>, arrival: &Arrival, report: &str, took: Took) -> std::io::Result<()> {
    if !app.logs() {
        return Ok(());
    }
    // It is written over several lines.
    let report = serde_json::from_str::<Value>(report).unwrap_or_default();
    let (rules, result) = (rules_of(&report), report.to_string());
    let id = decision_id();
    let of = Event::of(&id, "meshgate/check", current, arrival);
    app.record(&Event { result: Some(&result), rules: Some(&rules), took, ..of }).await
}

/// The ids of the rules that a report has findings of, as JSON text.
fn rules_of(report: &Value) -> String {
    let findings = report["findings"].as_array().into_iter().flatten();
    let rules: BTreeSet<&str> = findings.filter_map(|finding| finding["rule"].as_str()).collect();
    serde_json::to_string(&rules).unwrap_or_default()
}
