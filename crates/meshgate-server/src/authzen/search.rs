//! AuthZEN's searches: which subjects, resources or actions a policy would allow.
//!
//! Deliberately absent: search by asking for everything. A policy that can tell says so; without one it is 501.

use super::{context, entity, error, object, unavailable, weight, with_id};
use crate::app::{App, Current};
use crate::body;
use crate::log::{Arrival, Event, Took, decision_id};
use crate::request::Peer;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use meshgate_engine::value_of_json;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Instant;

/// Results of one page, when nobody says.
const PAGE: u64 = 1_000;

/// `POST /access/v1/search/subject`.
pub async fn search_subject(app: State<App>, peer: Peer, request: Request) -> Response {
    search(app, peer, request, "subject").await
}

/// `POST /access/v1/search/resource`.
pub async fn search_resource(app: State<App>, peer: Peer, request: Request) -> Response {
    search(app, peer, request, "resource").await
}

/// `POST /access/v1/search/action`.
pub async fn search_action(app: State<App>, peer: Peer, request: Request) -> Response {
    search(app, peer, request, "action").await
}

async fn search(State(app): State<App>, Peer(peer): Peer, request: Request, kind: &'static str) -> Response {
    let arrival = Arrival::now(peer);
    let (parts, body) = request.into_parts();
    let current = app.current();
    let answered = if current.engine.has(&["authzen", "search", kind]) {
        match object(&app, &parts, body).await {
            Ok(of) => found(&app, &current, &arrival, &of, kind).await,
            Err(response) => Err(response),
        }
    } else {
        let message = format!("no policy answers `data.authzen.search.{kind}`");
        Err(Box::new(error(StatusCode::NOT_IMPLEMENTED, &message)))
    };
    with_id(&parts.headers, answered.unwrap_or_else(|response| *response))
}

/// What a policy gets. What is searched for needs no id.
fn input(of: &Map<String, Value>, kind: &str) -> Result<Value, String> {
    let mut input = Map::new();
    let wanted = |name: &str| if name == kind { &["type"][..] } else { &["type", "id"] };
    for name in ["subject", "resource"] {
        let mut found = entity(of.get(name), name, wanted(name))?.clone();
        if let (true, Some(map)) = (name == kind, found.as_object_mut()) {
            map.remove("id");
        }
        input.insert(name.to_owned(), found);
    }
    if kind != "action" {
        input.insert("action".to_owned(), entity(of.get("action"), "action", &["name"])?.clone());
    }
    if let Some(context) = context(of.get("context"))? {
        input.insert("context".to_owned(), context.clone());
    }
    Ok(Value::Object(input))
}

/// From where, and how many.
fn page(of: &Map<String, Value>) -> Result<(usize, usize), String> {
    let Some(page) = of.get("page") else { return Ok((0, usize::try_from(PAGE).unwrap_or(usize::MAX))) };
    let page = page.as_object().ok_or("`page` is no object")?;
    let start = match page.get("token") {
        None => 0,
        Some(Value::String(token)) if token.is_empty() => 0,
        Some(Value::String(token)) => token.parse::<usize>().map_err(|_| "`page.token` is none of ours")?,
        Some(_) => return Err("`page.token` is no text".to_owned()),
    };
    let limit = match page.get("limit") {
        None => PAGE,
        Some(limit) => limit.as_u64().filter(|limit| *limit > 0).ok_or("`page.limit` is no number from 1 on")?,
    };
    Ok((start, usize::try_from(limit.min(PAGE)).unwrap_or(usize::MAX)))
}

async fn found(
    app: &App,
    current: &Arc<Current>,
    arrival: &Arrival,
    of: &Map<String, Value>,
    kind: &'static str,
) -> Result<Response, Box<Response>> {
    let bad = |message: String| Box::new(error(StatusCode::BAD_REQUEST, &message));
    let failed = |message: String| Box::new(error(StatusCode::INTERNAL_SERVER_ERROR, &message));
    let input = Arc::new(input(of, kind).map_err(bad)?);
    let (start, limit) = page(of).map_err(bad)?;
    let work = {
        let input = Arc::clone(&input);
        move |current: &Current| {
            let began = Instant::now();
            let found = current.engine.query(&["authzen", "search", kind], Some(&value_of_json(&input)));
            (found, Took::since(began))
        }
    };
    let answered = app.answer(&format!("authzen search {kind}"), weight(&input), current, work).await;
    let path = format!("authzen/search/{kind}");
    let (found, took) = match answered {
        Ok(answered) => answered,
        Err(error) => {
            app.record_none(&path, Some(&input.to_string()), current, arrival, error).await;
            return Err(Box::new(unavailable(error)));
        }
    };
    let record = async |result: Option<&str>, error: Option<&Value>| {
        if !app.logs() {
            return Ok(());
        }
        let (id, input) = (decision_id(), input.to_string());
        let of = Event::of(&id, &path, current, arrival);
        let event = Event { input: Some(&input), result, error, took, ..of };
        app.record(&event)
            .await
            .map_err(|failure| failed(format!("the answer could not be written to the log: {failure}")))
    };
    let results = match found {
        Ok(found) => results(found.as_ref().map(serde_json::to_value), kind),
        Err(error) => Err(format!("the policy failed: {}", error.message)),
    };
    let results = match results {
        Ok(results) => results,
        Err(why) => {
            record(None, Some(&json!({"code": "evaluation_error", "message": why}))).await?;
            return Err(failed(why));
        }
    };
    let total = results.len();
    let shown: Vec<Value> = results.into_iter().skip(start).take(limit).collect();
    let end = start.saturating_add(shown.len());
    let next = if end < total { end.to_string() } else { String::new() };
    let answer = json!({
        "page": {"next_token": next, "count": shown.len(), "total": total},
        "results": shown,
    });
    record(Some(&answer.to_string()), None).await?;
    Ok(body::json(false, format!("{answer}\n")))
}

/// The entities that a policy found. One that is none is a fault of the policy: leaving it out would be a wrong answer.
fn results(found: Option<Result<Value, serde_json::Error>>, kind: &str) -> Result<Vec<Value>, String> {
    let found = match found {
        None => return Ok(Vec::new()),
        Some(found) => found.map_err(|error| error.to_string())?,
    };
    let Value::Array(items) = found else { return Err(format!("`data.authzen.search.{kind}` is no set or list")) };
    let wanted: &[&str] = if kind == "action" { &["name"] } else { &["type", "id"] };
    let is_entity = |item: &Value| wanted.iter().all(|key| item.get(key).is_some_and(Value::is_string));
    match items.iter().find(|item| !is_entity(item)) {
        None => Ok(items),
        Some(item) => Err(format!("`data.authzen.search.{kind}` has `{item}`, which has no {}", wanted.join(" and "))),
    }
}
