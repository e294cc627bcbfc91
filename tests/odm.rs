//! The validator of Open Data Mesh: its own fixtures, policies of every kind, and requests side by side.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

#[path = "support/sidecar.rs"]
#[expect(dead_code, reason = "each test binary uses its own part")]
mod sidecar;

use serde_json::{Value, json};
use sidecar::Sidecar;
use support::folder;

fn odm() -> Sidecar {
    let here = folder(&[("meshgate.yaml", "version: 1\nserver: { odm: { enabled: true } }\n")]);
    Sidecar::start(here.path(), &["--config", "meshgate.yaml"])
}

const VALIDATE: &str = "/api/v1/up/validator/evaluate-policy";

#[test]
fn open_data_mesh_is_answered_for_its_own_fixtures() {
    let Some(shared) = support::shared() else { return };
    let sidecar = odm();
    let read = |name: &str| std::fs::read_to_string(shared.join("odm/adapter").join(name)).expect("a fixture");
    let policy = |name: &str| -> Value {
        let mut policy: Value = serde_json::from_str(&read(&format!("policies/{name}"))).expect("JSON");
        // What they were called before.
        if let Some(raw) = policy.get("rawPolicy").cloned() {
            policy["rawContent"] = raw;
        }
        policy
    };
    let document = |name: &str| -> Value { serde_json::from_str(&read(&format!("documents/{name}"))).expect("JSON") };
    let ask = |policy: Value, object: Value| {
        sidecar.json(
            VALIDATE,
            &json!({"policyEvaluationId": 1, "policy": policy, "objectToEvaluate": object, "verbose": true}),
        )
    };
    for (name, object, wanted) in [
        ("policy1.json", "document1.json", true),
        ("policy1-updated.json", "document1.json", true),
        ("policy2.json", "document1.json", false),
        ("policy3.json", "document1.json", true),
        ("policy-versions.json", "dpd.json", true),
        ("policy-for-dp1-platform.json", "dpd.json", true),
        ("policy-with-no-allow-attribute.json", "document1.json", false),
    ] {
        let (status, answer) = ask(policy(name), document(object));
        assert_eq!((status, &answer["policyEvaluationId"]), (200, &json!(1)), "{name}: {answer}");
        assert_eq!(answer["evaluationResult"], json!(wanted), "{name}: {answer}");
        assert!(
            answer["outputObject"]["result"].is_object() && answer["outputObject"]["explanation"].is_array(),
            "{name}: {answer}"
        );
    }
    let (status, answer) = ask(policy("policy-with-missing-rego-package.json"), document("document1.json"));
    assert_eq!((status, &answer["status"]), (400, &json!(400)), "{answer}");
    let (status, answer) = ask(policy("policy-servicestype.json"), document("document-servicestype.json"));
    assert!(
        status == 200 && answer["evaluationResult"].is_boolean() && answer["outputObject"].get("error").is_none(),
        "{answer}"
    );
    for rego in ["rego1.txt", "rego2.txt", "rego-versions.txt", "rego-servicestype.txt"] {
        let (status, answer) = ask(json!({"rawContent": read(&format!("rego/{rego}"))}), document("dpd.json"));
        assert!(status == 200 && answer["outputObject"]["result"].is_object(), "{rego}: {answer}");
    }
}

#[test]
fn open_data_mesh_policies_of_every_kind_have_an_answer() {
    let sidecar = odm();
    let ask = |raw: &str, object: Value| {
        sidecar.json(VALIDATE, &json!({"policyEvaluationId": null, "policy": {"name": "p", "rawContent": raw, "createdAt": null}, "objectToEvaluate": object}))
    };
    let states =
        json!({"currentState": null, "afterState": {"dataProductVersion": {"info": {"name": "trip", "domain": "x"}}}});
    let v1 = "package a.b\n\nimport rego.v1\n\n";
    for (raw, wanted) in [
        (
            format!(
                "{v1}default allow := false\n\nallow if input.afterState.dataProductVersion.info.name == \"trip\"\n"
            ),
            true,
        ),
        (format!("{v1}allow if input.currentState == null\n"), true),
        (format!("{v1}allow if input.currentState.x\n"), false),
        (format!("{v1}allow := \"yes\"\n"), false),
        ("package a\n\ndefault allow = false\n\nallow = true { input.afterState }\n".to_owned(), true),
        (format!("{v1}deny contains \"no owner\" if not input.afterState.dataProductVersion.info.owner\n"), false),
        (format!("{v1}deny contains \"no name\" if not input.afterState.dataProductVersion.info.name\n"), true),
        (format!("{v1}violation_x contains {{\"msg\": \"x\"}}\n"), false),
        (format!("{v1}allow := true\n\ndeny contains \"x\"\n"), false),
        (format!("{v1}other := 1\n"), false),
        // What cannot be evaluated does not pass, and says why.
        (format!("{v1}allow if nothing.at.all(1)\n"), false),
        (format!("{v1}allow if f(1)\n\nf(x) := f(x)\n"), false),
        ("package dataproduct-name-checker\n\nallow := true\n".to_owned(), false),
        // An argument more takes the value, as Open Data Mesh's own examples have it.
        (format!("{v1}allow if trace(\"x\", true)\n"), true),
        (format!("{v1}allow if trace(\"x\", true, 1)\n"), false),
        (format!("{v1}allow if http.send({{\"method\": \"get\", \"url\": \"http://localhost\"}})\n"), false),
        (
            format!(
                "{v1}allow if count([1 | some i in numbers.range(1, 4000); some j in numbers.range(1, 4000); i == j]) > 0\n"
            ),
            false,
        ),
    ] {
        let (status, answer) = ask(&raw, states.clone());
        assert_eq!(
            (status, &answer["evaluationResult"], &answer["policyEvaluationId"]),
            (200, &json!(wanted), &Value::Null),
            "{raw}: {answer}"
        );
        assert!(answer["outputObject"].is_object(), "{raw}: {answer}");
    }
    let (_, answer) = ask(&format!("{v1}allow if trace(\"x\", true, 1)\n"), states.clone());
    assert!(
        answer["outputObject"]["error"].as_str().is_some_and(|why| why.contains("trace: arity mismatch")),
        "{answer}"
    );
    // Its data is nobody's but the caller's.
    let (_, answer) = ask(&format!("{v1}allow if data.meshgate\n"), states.clone());
    assert_eq!(answer["evaluationResult"], json!(false));
    // The doubled path, and both shapes of an error.
    let body = json!({"policy": {"rawContent": "package a\n\nallow := true\n"}, "objectToEvaluate": {"x": 1}});
    assert_eq!(sidecar.json("/api/v1/up/validator/api/v1/up/validator/evaluate-policy", &body).0, 200);
    assert_eq!(sidecar.get("/api/v1/up/validator/actuator/health"), (200, json!({"status": "UP"})));
    for (body, code) in [
        (json!({}), "40002"),
        (json!({"policy": {}}), "40003"),
        (json!({"policy": {"rawContent": "allow := true"}, "objectToEvaluate": {"x": 1}}), "40003"),
        (json!({"policy": {"rawContent": "package a"}}), "40004"),
        (json!({"policy": {"rawContent": "package a"}, "objectToEvaluate": {}}), "40004"),
        (json!([]), "50001"),
    ] {
        let (status, error) = sidecar.json(VALIDATE, &body);
        assert_eq!((status, &error["code"], &error["path"]), (400, &json!(code), &json!(VALIDATE)), "{body}: {error}");
        for key in ["status", "error", "message", "description", "timestamp"] {
            assert!(error.get(key).is_some(), "{key}: {error}");
        }
    }
}

#[test]
fn open_data_mesh_requests_side_by_side_do_not_meet() {
    let sidecar = odm();
    // The reference validator keeps a policy under the last step of its package: these would be one.
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let sidecar = &sidecar;
            scope.spawn(move || {
                for round in 0..10 {
                    let allow = (thread + round) % 2 == 0;
                    let raw = format!("package team{thread}.check\n\nallow := {allow}\n");
                    let body = json!({"policyEvaluationId": thread, "policy": {"rawContent": raw}, "objectToEvaluate": {"x": 1}});
                    let (status, answer) = sidecar.json(VALIDATE, &body);
                    assert_eq!((status, &answer["evaluationResult"], &answer["policyEvaluationId"]), (200, &json!(allow), &json!(thread)));
                }
            });
        }
    });
}

#[test]
fn open_data_mesh_is_off_unless_it_is_switched_on() {
    let here = folder(&[("meshgate.yaml", "version: 1\n")]);
    let sidecar = Sidecar::start(here.path(), &["--config", "meshgate.yaml"]);
    assert_eq!(sidecar.post(VALIDATE, "application/json", b"{}").0, 404);
    let here = folder(&[("meshgate.yaml", "version: 1\nserver: { odm: { enabled: true, output: string } }\n")]);
    let sidecar = Sidecar::start(here.path(), &["--config", "meshgate.yaml"]);
    let (_, answer) = sidecar.json(
        VALIDATE,
        &json!({"policy": {"rawContent": "package a\n\nallow := true\n"}, "objectToEvaluate": {"x": 1}}),
    );
    let text = answer["outputObject"].as_str().expect("a text");
    assert_eq!(serde_json::from_str::<Value>(text).expect("JSON")["result"], json!({"allow": true}));
}

#[test]
fn the_rules_of_the_library_are_asked_by_policies_of_the_platform() {
    let sidecar = odm();
    let ask = |policy: &str, descriptor: &Value| {
        let object = json!({"currentState": null, "afterState": {"dataProductVersion": descriptor}});
        let (status, answer) = sidecar.json(
            VALIDATE,
            &json!({"policyEvaluationId": 1, "policy": {"rawContent": policy}, "objectToEvaluate": object}),
        );
        assert_eq!(status, 200, "{answer}");
        answer
    };
    let owned = json!({
        "dataProductDescriptor": "1.0.0",
        "info": {"fullyQualifiedName": "urn:dpds:org.example:dataproducts:orders:1", "name": "orders", "version": "1.0.0",
                 "domain": "sales", "owner": {"id": "ana@shop.example"}},
        "interfaceComponents": {"outputPorts": []}
    });
    let mut nobody = owned.clone();
    nobody["info"]["owner"] = Value::Null;
    let policy = std::fs::read_to_string(support::root().join("examples/odm/owner.rego")).expect("a policy");
    let answer = ask(&policy, &owned);
    assert_eq!(answer["evaluationResult"], json!(true), "{answer}");
    let answer = ask(&policy, &nobody);
    assert_eq!(answer["evaluationResult"], json!(false), "{answer}");
    assert_eq!(
        answer["outputObject"]["result"]["deny"],
        json!(["ownership.owner_missing: data product `orders` names no owner"]),
        "{answer}"
    );
    let policy = std::fs::read_to_string(support::root().join("examples/odm/gate.rego")).expect("a policy");
    assert_eq!(ask(&policy, &owned)["evaluationResult"], json!(true));
    assert_eq!(ask(&policy, &nobody)["evaluationResult"], json!(false));
    // Without a descriptor there is nothing to allow.
    for name in ["owner", "gate"] {
        let policy =
            std::fs::read_to_string(support::root().join(format!("examples/odm/{name}.rego"))).expect("a policy");
        let object = json!({"currentState": {"activity": {}}, "afterState": null});
        let (_, answer) =
            sidecar.json(VALIDATE, &json!({"policy": {"rawContent": policy}, "objectToEvaluate": object}));
        assert_eq!(answer["evaluationResult"], json!(false), "{name}: {answer}");
    }
    // What is no descriptor passes nothing, however the policy asks.
    for policy in [
        "package p\n\nallow if count(meshgate.check(input.afterState.dataProductVersion).findings) < 100",
        "package p\n\ndeny contains f if some f in meshgate.check(input.afterState.dataProductVersion).findings",
        "package p\n\ndeny contains f if some f in meshgate.check(input.afterState.nowhere).findings",
    ] {
        let answer = ask(policy, &json!({"x": 1}));
        let is_undefined = policy.contains("nowhere");
        assert_eq!(answer["evaluationResult"], json!(is_undefined), "{policy}: {answer}");
    }
}
