//! Every route once: who answers it, and what the OpenAPI document says of it.
//!
//! Deliberately absent: `/health/{path}`, of which the document says nothing but that it is there: it fails by design where
//! no policy answers.

mod shapes;

use crate::app::App;
use crate::opa::{self, batch, data, state};
use crate::{authzen, check, decide, ext_authz, odm, problem};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{MethodRouter, any, get, post};
use serde_json::{Map, Value, json};
use shapes::{body, header, json_response, parameter, problem_responses, query, text_response};

/// What the document says of one method of one path.
struct Operation {
    method: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: Vec<(&'static str, Value)>,
}

/// One path.
struct Path {
    /// As the document has it.
    path: &'static str,
    /// As the router has it.
    route: &'static str,
    handler: MethodRouter<App>,
    operations: Vec<Operation>,
}

/// The data API's methods; of others it is told why not.
fn data_api() -> MethodRouter<App> {
    get(data::get).post(data::post).fallback(opa::no_other)
}

/// Whatever method a request has that is passed on; one that nobody knows is 405, which does not let it pass.
fn every_method() -> MethodRouter<App> {
    let handler = get(ext_authz::answer).post(ext_authz::answer).put(ext_authz::answer).patch(ext_authz::answer);
    handler.delete(ext_authz::answer).options(ext_authz::answer).trace(ext_authz::answer)
}

fn opa_paths() -> Vec<Path> {
    const TAG: &str = "OPA";
    let asking = || {
        vec![
            query("pretty", "Indent the answer."),
            query("provenance", "Tell what it was decided by."),
            query("metrics", "Tell how long it took."),
            query(
                "explain",
                "`notes`: what `print` and `trace` said; `full`, `fails`, `debug`: also what is not true.",
            ),
            query("strict-builtin-errors", "Raise errors of builtins, which else are undefined."),
        ]
    };
    let input = || {
        let input = json!({"name": "input", "in": "query", "description": "The input.",
            "content": {"application/json": {"schema": {}}}});
        asking().into_iter().chain([input]).collect::<Vec<_>>()
    };
    let with_path = |mut parameters: Vec<Value>| {
        parameters
            .push(parameter("path", "The path of a rule, a package or a document; its steps may be joined by `/`."));
        parameters
    };
    let errors = || shapes::opa_errors();
    let answered =
        || vec![json_response("200", "The answer; what is undefined has no `result`.", &shapes::opa_answer())];
    let asked = |id, method, summary, parameters, body| Operation {
        method,
        id,
        tag: TAG,
        summary,
        parameters,
        body,
        responses: answered().into_iter().chain(errors()).collect(),
    };
    let of_body = || Some(body(&["application/json", "application/yaml"], &shapes::opa_question(), false));
    let raw = || Some(body(&["application/json"], &json!({}), false));
    let told = |id, summary, schema, more: Vec<(&'static str, Value)>, parameters: Vec<Value>| Operation {
        method: "get",
        id,
        tag: TAG,
        summary,
        parameters,
        body: None,
        responses: [json_response("200", "The answer.", &schema)].into_iter().chain(more).collect(),
    };
    let undefined = || ("404", shapes::opa_error("It is undefined."));
    let result = || json!({"type": "object", "required": ["result"]});
    vec![
        Path {
            path: "/v1/data",
            route: "/v1/data",
            handler: data_api(),
            operations: vec![
                asked("getData", "get", "The whole document.", input(), None),
                asked("postData", "post", "The whole document, for an input.", asking(), of_body()),
            ],
        },
        Path {
            path: "/v1/data/{path}",
            route: "/v1/data/{*path}",
            handler: data_api(),
            operations: vec![
                asked("getDataOf", "get", "A rule or a document.", with_path(input()), None),
                asked("postDataOf", "post", "A rule or a document, for an input.", with_path(asking()), of_body()),
            ],
        },
        Path {
            path: "/v0/data/{path}",
            route: "/v0/data/{*path}",
            handler: post(data::post_v0),
            operations: vec![Operation {
                method: "post",
                id: "postDataV0",
                tag: TAG,
                summary: "A rule or a document; the body is the input, and the answer the value.",
                parameters: with_path(vec![query("pretty", "Indent the answer.")]),
                body: raw(),
                responses: [json_response("200", "The value.", &json!({})), undefined()]
                    .into_iter()
                    .chain(errors())
                    .collect(),
            }],
        },
        Path {
            path: "/",
            route: "/",
            handler: post(data::post_root),
            operations: vec![Operation {
                method: "post",
                id: "postDefaultDecision",
                tag: TAG,
                summary: "The default decision; the body is the input, and the answer the value.",
                parameters: vec![query("pretty", "Indent the answer.")],
                body: raw(),
                responses: [json_response("200", "The value.", &json!({})), undefined()]
                    .into_iter()
                    .chain(errors())
                    .collect(),
            }],
        },
        Path {
            path: "/v1/batch/data/{path}",
            route: "/v1/batch/data/{*path}",
            handler: post(batch::post),
            operations: vec![Operation {
                method: "post",
                id: "postBatch",
                tag: TAG,
                summary: "One path for many inputs.",
                parameters: with_path(asking()),
                body: Some(body(&["application/json"], &shapes::opa_batch(), true)),
                responses: [
                    json_response("200", "All have an answer.", &shapes::opa_batch_answer()),
                    json_response("207", "Some have an answer.", &shapes::opa_batch_answer()),
                ]
                .into_iter()
                .chain(errors())
                .collect(),
            }],
        },
        Path {
            path: "/v1/policies",
            route: "/v1/policies",
            handler: get(state::policies),
            operations: vec![told(
                "getPolicies",
                "The modules.",
                result(),
                errors(),
                vec![query("pretty", "Indent the answer.")],
            )],
        },
        Path {
            path: "/v1/policies/{id}",
            route: "/v1/policies/{*id}",
            handler: get(state::one_policy).fallback(opa::no_other_policy),
            operations: vec![told(
                "getPolicy",
                "One module.",
                result(),
                [("404", shapes::opa_error("There is no such module."))].into_iter().chain(errors()).collect(),
                vec![parameter("id", "The module's file."), query("pretty", "Indent the answer.")],
            )],
        },
        Path {
            path: "/v1/status",
            route: "/v1/status",
            handler: get(state::status),
            operations: vec![told("getStatus", "The state of bundles.", result(), Vec::new(), Vec::new())],
        },
        Path {
            path: "/v1/config",
            route: "/v1/config",
            handler: get(state::config),
            operations: vec![told(
                "getConfig",
                "The configuration, without secrets.",
                result(),
                Vec::new(),
                Vec::new(),
            )],
        },
        Path {
            path: "/health",
            route: "/health",
            handler: get(state::health),
            operations: vec![told(
                "getHealth",
                "Is it there? `/health/<path>` asks `data.system.health.<path>`, and is 500 unless that is true.",
                json!({"type": "object"}),
                Vec::new(),
                Vec::new(),
            )],
        },
    ]
}

fn own_paths() -> Vec<Path> {
    const TAG: &str = "Meshgate";
    let sql = || {
        json!({"name": "sql", "in": "query", "description": "Add row filters and masks as SQL of this dialect.",
            "schema": {"type": "string", "enum": ["postgres", "trino", "snowflake", "bigquery", "duckdb"]}})
    };
    let decided = |id, summary, request, answer, parameters| Operation {
        method: "post",
        id,
        tag: TAG,
        summary,
        parameters,
        body: Some(body(&["application/json"], &request, true)),
        responses: [json_response("200", "The decision, whichever it is.", &answer)]
            .into_iter()
            .chain(problem_responses(&["400", "413", "415", "500", "503"]))
            .collect(),
    };
    vec![
        Path {
            path: "/v1/decide",
            route: "/v1/decide",
            handler: post(decide::post),
            operations: vec![decided(
                "decide",
                "May this consumer use these columns of this port for this purpose, and under which obligations?",
                shapes::of::<decide::AccessRequest>(),
                shapes::of::<meshgate_engine::Answer>(),
                vec![sql(), query("pretty", "Indent the answer.")],
            )],
        },
        Path {
            path: "/v1/batch/decide",
            route: "/v1/batch/decide",
            handler: post(decide::post_batch),
            operations: vec![decided(
                "decideBatch",
                "Many decisions at once. A request that is wrong is denied, and the others are answered.",
                shapes::access_batch(),
                shapes::of::<decide::AccessAnswers>(),
                vec![sql(), query("pretty", "Indent the answer.")],
            )],
        },
        Path {
            path: "/v1/check",
            route: "/v1/check",
            handler: post(check::check),
            operations: vec![Operation {
                method: "post",
                id: "check",
                tag: TAG,
                summary: "Judge a descriptor, as `meshgate check` does.",
                parameters: vec![query("file", "The name that the report gives the descriptor.")],
                body: Some(shapes::check_body()),
                responses: [json_response("200", "The report, whatever its verdict.", &shapes::report())]
                    .into_iter()
                    .chain(problem_responses(&["400", "413", "415", "422", "500", "503"]))
                    .collect(),
            }],
        },
        Path {
            path: "/openapi.json",
            route: "/openapi.json",
            handler: get(document),
            operations: vec![Operation {
                method: "get",
                id: "openapi",
                tag: TAG,
                summary: "This document.",
                parameters: Vec::new(),
                body: None,
                responses: vec![json_response("200", "This document.", &json!({"type": "object"}))],
            }],
        },
    ]
}

fn authzen_paths(app: &App) -> Vec<Path> {
    const TAG: &str = "AuthZEN";
    let id = || vec![header("X-Request-ID", "Given back with the answer.")];
    let asked = |id_of, summary, request, answer| Operation {
        method: "post",
        id: id_of,
        tag: TAG,
        summary,
        parameters: id(),
        body: Some(body(&["application/json"], &request, true)),
        responses: [json_response("200", "The answer; a denial is one.", &answer)]
            .into_iter()
            .chain(shapes::authzen_errors())
            .collect(),
    };
    let mut paths = vec![
        Path {
            path: "/access/v1/evaluation",
            route: "/access/v1/evaluation",
            handler: post(authzen::evaluation),
            operations: vec![asked("accessEvaluation", "One evaluation.", shapes::evaluation(), shapes::evaluated())],
        },
        Path {
            path: "/access/v1/evaluations",
            route: "/access/v1/evaluations",
            handler: post(authzen::evaluations),
            operations: vec![asked(
                "accessEvaluations",
                "Several evaluations.",
                shapes::evaluations(),
                json!({"type": "object"}),
            )],
        },
        Path {
            path: "/.well-known/authzen-configuration",
            route: "/.well-known/authzen-configuration",
            handler: get(authzen::configuration),
            operations: vec![Operation {
                method: "get",
                id: "authzenConfiguration",
                tag: TAG,
                summary: "What there is of AuthZEN.",
                parameters: id(),
                body: None,
                responses: vec![json_response("200", "The endpoints.", &json!({"type": "object"}))],
            }],
        },
    ];
    let current = app.current();
    let searches: [(&'static str, &'static str, MethodRouter<App>); 3] = [
        ("subject", "/access/v1/search/subject", post(authzen::search_subject)),
        ("resource", "/access/v1/search/resource", post(authzen::search_resource)),
        ("action", "/access/v1/search/action", post(authzen::search_action)),
    ];
    for (kind, path, handler) in searches {
        let there = current.engine.has(&["authzen", "search", kind]);
        let operation =
            || asked(shapes::search_id(kind), "What a policy would allow.", shapes::search(kind), shapes::found());
        // Without a policy it is 501, and in no document.
        paths.push(Path { path, route: path, handler, operations: if there { vec![operation()] } else { Vec::new() } });
    }
    paths
}

fn proxy_paths() -> Vec<Path> {
    let operation = |method, id, parameters| Operation {
        method,
        id,
        tag: "Proxies",
        summary: "May the request pass that a proxy asks about?",
        parameters,
        body: None,
        responses: vec![
            text_response(
                "200",
                "It may; `X-Meshgate-Masks`, `-Row-Filters` and `-Duties` say under which obligations.",
            ),
            text_response("403", "It may not."),
            text_response("503", "Ask again; until then it may not."),
        ],
    };
    let headers = |method: &str, uri: &str| vec![header(method, "The request's method."), header(uri, "Its address.")];
    // These ask by GET, whatever the request is; Envoy asks by the request's own method.
    let named = |path, id, method: &str, uri: &str| Path {
        path,
        route: path,
        handler: get(ext_authz::answer),
        operations: vec![operation("get", id, headers(method, uri))],
    };
    let envoy = [
        ("get", "extAuthzEnvoyGet"),
        ("put", "extAuthzEnvoyPut"),
        ("post", "extAuthzEnvoyPost"),
        ("delete", "extAuthzEnvoyDelete"),
        ("options", "extAuthzEnvoyOptions"),
        ("head", "extAuthzEnvoyHead"),
        ("patch", "extAuthzEnvoyPatch"),
        ("trace", "extAuthzEnvoyTrace"),
    ];
    let envoy = envoy.map(|(method, id)| operation(method, id, vec![parameter("path", "The request's path.")]));
    let untold = |path, route| Path { path, route, handler: every_method(), operations: Vec::new() };
    vec![
        named("/ext-authz/nginx", "extAuthzNginx", "X-Original-Method", "X-Original-URI"),
        named("/ext-authz/caddy", "extAuthzCaddy", "X-Forwarded-Method", "X-Forwarded-Uri"),
        named("/ext-authz/traefik", "extAuthzTraefik", "X-Forwarded-Method", "X-Forwarded-Uri"),
        Path {
            path: "/ext-authz/envoy/{path}",
            route: "/ext-authz/envoy/{*path}",
            handler: every_method(),
            operations: envoy.into(),
        },
        untold("/ext-authz/envoy", "/ext-authz/envoy"),
        untold("/ext-authz", "/ext-authz"),
        untold("/ext-authz/{path}", "/ext-authz/{*path}"),
    ]
}

fn odm_paths() -> Vec<Path> {
    let evaluate = |path, id| Path {
        path,
        route: path,
        handler: post(odm::evaluate),
        operations: vec![Operation {
            method: "post",
            id,
            tag: "Open Data Mesh",
            summary: "A policy's Rego over the state of a data product.",
            parameters: Vec::new(),
            body: Some(body(&["application/json"], &shapes::odm_question(), true)),
            responses: [json_response("200", "What came of it; what fails does not pass.", &shapes::odm_answer())]
                .into_iter()
                .chain(shapes::odm_errors())
                .collect(),
        }],
    };
    vec![
        evaluate("/api/v1/up/validator/evaluate-policy", "evaluatePolicy"),
        // Where the address that the policy service was given has the path already.
        evaluate("/api/v1/up/validator/api/v1/up/validator/evaluate-policy", "evaluatePolicyTwice"),
        Path {
            path: "/api/v1/up/validator/actuator/health",
            route: "/api/v1/up/validator/actuator/health",
            handler: get(odm::health),
            operations: vec![Operation {
                method: "get",
                id: "validatorHealth",
                tag: "Open Data Mesh",
                summary: "Is it there?",
                parameters: Vec::new(),
                body: None,
                responses: vec![json_response("200", "It is.", &json!({"type": "object"}))],
            }],
        },
    ]
}

fn paths(app: &App) -> Vec<Path> {
    let mut all = own_paths();
    all.extend(opa_paths());
    all.extend(authzen_paths(app));
    all.extend(proxy_paths());
    if app.settings().odm.enabled {
        all.extend(odm_paths());
    }
    all
}

/// The routes that data products query.
pub fn routes(app: App) -> Router {
    let mut router = Router::new();
    for Path { route, handler, .. } in paths(&app) {
        router = router.route(route, handler);
    }
    router
        // Clients end paths with a slash, too.
        .route("/v1/data/", data_api())
        .route("/v1/policies/", get(state::policies))
        .route("/health/", get(state::health))
        .route("/health/{*path}", get(state::health_of))
        .route("/v1/query", any(opa::no_queries))
        .route("/v1/compile", any(opa::no_queries))
        .route("/v1/compile/{*path}", any(opa::no_queries))
        .fallback(problem::not_found)
        .with_state(app)
}

/// The OpenAPI document.
pub fn openapi(app: &App) -> Value {
    let mut told: Map<String, Value> = Map::new();
    for Path { path, operations, .. } in paths(app) {
        let mut methods = Map::new();
        for operation in operations {
            let mut one = json!({
                "operationId": operation.id,
                "tags": [operation.tag],
                "summary": operation.summary,
                "parameters": operation.parameters,
                "responses": Value::Object(operation.responses.into_iter().map(|(s, r)| (s.to_owned(), r)).collect()),
            });
            if let (Some(body), Some(map)) = (operation.body, one.as_object_mut()) {
                map.insert("requestBody".to_owned(), body);
            }
            methods.insert(operation.method.to_owned(), one);
        }
        if !methods.is_empty() {
            told.insert(path.to_owned(), Value::Object(methods));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Meshgate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Decisions about data products: access, checks of descriptors, and the APIs of OPA, AuthZEN and Open Data Mesh.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": told,
    })
}

async fn document(State(app): State<App>) -> Response {
    crate::body::json(false, format!("{}\n", openapi(&app)))
}
