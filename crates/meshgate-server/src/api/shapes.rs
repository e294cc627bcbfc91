//! The parts of the OpenAPI document: parameters, bodies and answers. What we read and write ourselves is generated from its
//! types; what others defined is written as they did.
//!
//! Deliberately absent: routes.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

type Responses = Vec<(&'static str, Value)>;

/// The schema of a type, by itself.
pub fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    SchemaGenerator::new(settings).into_root_schema_for::<T>().into()
}

/// A text in the query. Whatever is not understood is as if it were not there.
pub fn query(name: &str, description: &str) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": {"type": "string"}})
}

pub fn header(name: &str, description: &str) -> Value {
    json!({"name": name, "in": "header", "description": description, "schema": {"type": "string"}})
}

pub fn parameter(name: &str, description: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "description": description,
        "schema": {"type": "string", "minLength": 1}})
}

pub fn body(kinds: &[&str], schema: &Value, required: bool) -> Value {
    let content: Map<String, Value> =
        kinds.iter().map(|kind| ((*kind).to_owned(), json!({"schema": schema}))).collect();
    json!({"required": required, "content": content})
}

pub fn json_response(status: &'static str, description: &str, schema: &Value) -> (&'static str, Value) {
    (status, json!({"description": description, "content": {"application/json": {"schema": schema}}}))
}

pub fn text_response(status: &'static str, description: &str) -> (&'static str, Value) {
    (status, json!({"description": description, "content": {"text/plain": {"schema": {"type": "string"}}}}))
}

/// RFC 9457.
pub fn problem_responses(statuses: &[&'static str]) -> Responses {
    let schema = json!({"type": "object", "required": ["type", "title", "status", "detail"], "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "detail": {"type": "string"}}});
    let description = |status| match status {
        "400" => "The request is wrong.",
        "413" => "The body is too large.",
        "415" => "The content type is none of those that are taken.",
        "422" => "No rule looks at such a document.",
        "503" => "Too many requests wait, or the time was up. Where a decision was asked for, this denies.",
        _ => "Something failed. Where a decision was asked for, this denies.",
    };
    let one = |status| {
        let content = json!({"application/problem+json": {"schema": schema}});
        (status, json!({"description": description(status), "content": content}))
    };
    statuses.iter().map(|status| one(*status)).collect()
}

pub fn opa_error(description: &str) -> Value {
    let schema = json!({"type": "object", "required": ["code", "message"], "properties": {
        "code": {"type": "string"}, "message": {"type": "string"}, "errors": {"type": "array"}}});
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}

pub fn opa_errors() -> Responses {
    vec![
        ("400", opa_error("The request is wrong.")),
        ("500", opa_error("The evaluation failed. Where a decision was asked for, this denies.")),
        ("503", opa_error("Too many requests wait, or the time was up.")),
    ]
}

pub fn opa_question() -> Value {
    json!({"type": "object", "properties": {"input": {}}})
}

pub fn opa_answer() -> Value {
    json!({"type": "object", "properties": {
        "result": {}, "decision_id": {"type": "string"}, "metrics": {"type": "object"},
        "provenance": {"type": "object"}, "explanation": {"type": "array", "items": {"type": "string"}},
        "warning": {"type": "object"}}})
}

pub fn opa_batch() -> Value {
    json!({"type": "object", "required": ["inputs"], "properties": {
        "inputs": {"type": "object", "minProperties": 1}, "common_input": {}}})
}

pub fn opa_batch_answer() -> Value {
    json!({"type": "object", "required": ["batch_decision_id", "responses"], "properties": {
        "batch_decision_id": {"type": "string"}, "responses": {"type": "object"}, "metrics": {"type": "object"}}})
}

/// A batch's requests are read one by one: one that is wrong is denied, and says why.
pub fn access_batch() -> Value {
    json!({"type": "object", "additionalProperties": false, "required": ["requests"], "properties": {
        "requests": {"type": "object", "minProperties": 1, "additionalProperties": {}}}})
}

pub fn check_body() -> Value {
    let text = json!({"type": ["string", "null"]});
    let envelope = json!({"type": "object", "additionalProperties": false, "required": ["descriptor"], "properties": {
        "file": text, "descriptor": {"type": "string"}, "previous": text,
        "context": {"type": "object", "additionalProperties": false, "properties": {
            "stage": text, "event": text,
            "labels": {"type": "object", "additionalProperties": {"type": "string"}}}}}});
    // A descriptor is whatever it is: one that cannot be read is a report that denies, and one of no standard is 422.
    json!({"required": true, "content": {
        "application/yaml": {"schema": {}},
        "application/json": {"schema": {}},
        "application/vnd.meshgate.check+json": {"schema": envelope},
    }})
}

/// The report; `meshgate schema report` has all of it.
pub fn report() -> Value {
    let keys = ["version", "verdict", "summary", "descriptors", "findings", "faults", "obligations"];
    json!({"type": "object", "required": keys,
        "properties": {"version": {"const": "v1"}, "verdict": {"enum": ["allow", "deny"]}}})
}

fn entity(members: &[&str]) -> Value {
    let text = json!({"type": "string", "minLength": 1});
    let mut properties: Map<String, Value> =
        members.iter().map(|member| ((*member).to_owned(), text.clone())).collect();
    properties.insert("properties".to_owned(), json!({"type": "object"}));
    json!({"type": "object", "required": members, "properties": properties})
}

pub fn evaluation() -> Value {
    json!({"type": "object", "required": ["subject", "action", "resource"], "properties": {
        "subject": entity(&["type", "id"]), "action": entity(&["name"]), "resource": entity(&["type", "id"]),
        "context": {"type": "object"}}})
}

pub fn evaluated() -> Value {
    json!({"type": "object", "required": ["decision"], "properties": {
        "decision": {"type": "boolean"}, "context": {"type": "object"}}})
}

pub fn evaluations() -> Value {
    let semantics = ["execute_all", "deny_on_first_deny", "permit_on_first_permit"];
    json!({"type": "object", "required": ["evaluations"], "properties": {
        "evaluations": {"type": "array", "minItems": 1, "items": {}},
        "options": {"type": "object", "properties": {"evaluations_semantic": {"enum": semantics}}}}})
}

pub const fn search_id(kind: &str) -> &'static str {
    match kind.as_bytes() {
        b"subject" => "searchSubject",
        b"resource" => "searchResource",
        _ => "searchAction",
    }
}

pub fn search(kind: &str) -> Value {
    let of = |name: &str| entity(if name == kind { &["type"][..] } else { &["type", "id"] });
    let mut wanted = vec!["subject", "resource"];
    let mut properties = json!({"subject": of("subject"), "resource": of("resource"), "context": {"type": "object"},
        "page": {"type": "object", "properties": {
            "token": {"type": "string", "pattern": "^[0-9]{0,9}$"}, "limit": {"type": "integer", "minimum": 1}}}});
    if let (true, Some(properties)) = (kind != "action", properties.as_object_mut()) {
        wanted.push("action");
        properties.insert("action".to_owned(), entity(&["name"]));
    }
    json!({"type": "object", "required": wanted, "properties": properties})
}

pub fn found() -> Value {
    json!({"type": "object", "required": ["results"], "properties": {
        "results": {"type": "array"}, "page": {"type": "object"}}})
}

/// A text, as AuthZEN has its errors.
pub fn authzen_errors() -> Responses {
    let one = |status, description| json_response(status, description, &json!({"type": "string"}));
    vec![
        one("400", "The request is wrong."),
        one("413", "The body is too large."),
        one("500", "The policy failed; this denies."),
        one("503", "Too many requests wait, or the time was up; this denies."),
    ]
}

pub fn odm_question() -> Value {
    json!({"type": "object", "required": ["policy", "objectToEvaluate"], "properties": {
        "policy": {"type": "object", "required": ["rawContent"], "properties": {
            "rawContent": {"type": "string", "pattern": "(^|\\n)package[ \\t]+[^\\s]"}}},
        "objectToEvaluate": {"type": "object", "minProperties": 1},
        "verbose": {"type": ["boolean", "null"]}, "policyEvaluationId": {}}})
}

pub fn odm_answer() -> Value {
    json!({"type": "object", "required": ["policyEvaluationId", "evaluationResult", "outputObject"], "properties": {
        "policyEvaluationId": {}, "evaluationResult": {"type": "boolean"},
        "outputObject": {"type": ["object", "string"]}}})
}

pub fn odm_errors() -> Responses {
    let schema = json!({"type": "object", "required": ["status", "code", "message", "path", "timestamp"]});
    let one = |status, description| json_response(status, description, &schema);
    vec![
        one("400", "The request is wrong."),
        one("413", "The body is too large."),
        one("415", "The content type is not application/json."),
        one("503", "Too many requests wait, or the time was up."),
    ]
}
