//! The access policies over agreements as data (`examples/agreements`): one and the same terms for whoever asks.
//!
//! Deliberately absent: each policy by itself; `agreements_test.rego` has them.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

#[path = "support/sidecar.rs"]
#[expect(dead_code, reason = "each test binary uses its own part")]
mod sidecar;

use serde_json::{Value, json};
use sidecar::Sidecar;
use support::{folder, root};

const PRODUCT: &str = "urn:acme:sales:customer-360";

fn start() -> Sidecar {
    let config = format!(
        "version: 1\nserver: {{ adapters: {{ trino: {{ purpose: reporting }}, kafka: {{ purpose: reporting, topics: {{ customers: {{ product: '{PRODUCT}', port: customers }} }} }} }} }}\n"
    );
    let read = |name: &str| {
        std::fs::read_to_string(root().join("examples/mesh/sales").join(name)).expect("a descriptor of the example")
    };
    let names = ["customer-360.odps.yaml", "customers.odcs.yaml", "orders.odcs.yaml"];
    let files: Vec<(String, String)> = names.iter().map(|name| (format!("sales/{name}"), read(name))).collect();
    let mut all = vec![("meshgate.yaml", config.as_str())];
    all.extend(files.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let here = folder(&all);
    let terms = root().join("examples/agreements").display().to_string();
    Sidecar::start(here.path(), &["sales", "--config", "meshgate.yaml", "--bundle", &terms])
}

fn decide(sidecar: &Sidecar, fields: Value) -> Value {
    let mut asked = json!({"action": "read", "resource": {"product": PRODUCT, "port": "customers"}});
    asked.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    let (status, answer) = sidecar.json("/v1/decide", &asked);
    assert_eq!(status, 200, "{answer}");
    answer
}

#[test]
fn agreements_decide() {
    let sidecar = start();
    let analyst = json!({"id": "ada", "groups": ["analysts"], "attributes": {"clearance": "internal", "country": "DE", "channels": ["web"]}});
    let answer = decide(&sidecar, json!({"subject": analyst, "purpose": "reporting"}));
    assert_eq!((&answer["verdict"], &answer["reasons"][0]["message"]), (&json!("allow"), &json!("agreement DSA-1")));
    assert_eq!(
        answer["obligations"]["masks"],
        json!([{"column": "birth_date", "mask": "redact"}, {"column": "full_name", "mask": "hash", "reversible": true}])
    );
    let answer = decide(
        &sidecar,
        json!({"subject": analyst, "purpose": "reporting", "resource": {"product": PRODUCT, "port": "orders"}}),
    );
    assert_eq!(answer["obligations"]["row_filters"], json!([{"column": "channel", "op": "in", "value": ["web"]}]));
    for (fields, said) in [
        (json!({"subject": analyst}), "no purpose is named"),
        (
            json!({"subject": {"id": "ivy", "groups": ["interns"]}, "purpose": "reporting"}),
            "the agreement DSA-0 ended on 2020-12-31",
        ),
        (
            json!({"subject": {"id": "max", "groups": ["marketing"], "attributes": {"clearance": "restricted", "country": "DE"}}, "purpose": "marketing"}),
            "column `birth_date` is in no agreement for marketing",
        ),
        (
            json!({"subject": {"id": "ada", "groups": ["analysts"], "attributes": {"clearance": "restricted", "country": "US"}}, "purpose": "reporting"}),
            "personal data (`birth_date`) may not be read from US",
        ),
        // What the directory knows goes before what the caller says.
        (
            json!({"subject": {"id": "trino-bob", "groups": ["analysts"], "attributes": {"channels": ["web"], "clearance": "restricted"}}, "purpose": "ads"}),
            "is not for ads",
        ),
    ] {
        let answer = decide(&sidecar, fields.clone());
        assert!(answer["verdict"] == "deny" && answer["reasons"].to_string().contains(said), "{fields}: {answer}");
    }
    let emergency = json!({"subject": {"id": "joe", "groups": ["on-call"]}, "purpose": "emergency", "context": {"ticket": "INC-7"}});
    let answer = decide(&sidecar, emergency);
    assert_eq!(answer["verdict"], "allow", "{answer}");
    assert!(answer["obligations"]["duties"].to_string().contains("privacy@acme.example"), "{answer}");
}

#[test]
fn trino_and_kafka_keep_the_same_agreements() {
    let sidecar = start();
    let trino = |path: &str, user: &str, groups: &[&str], action: Value| {
        let context = json!({"identity": {"user": user, "groups": groups}, "queryId": "1", "softwareStack": {"trinoVersion": "434"}, "properties": {}});
        let (status, answer) = sidecar
            .data(&format!("trino/{path}"), &json!({"input": {"context": context, "action": action}}).to_string());
        assert_eq!(status, 200, "{answer}");
        answer["result"].clone()
    };
    let column = |name: &str| json!({"operation": "GetColumnMask", "resource": {"column": {"catalogName": "sales", "schemaName": "public", "tableName": "t_customers", "columnName": name, "columnType": "varchar"}}});
    let select = |columns: &[&str]| json!({"operation": "SelectFromColumns", "resource": {"table": {"catalogName": "sales", "schemaName": "public", "tableName": "t_customers", "columns": columns}}});
    // Bob's clearance is known: names are shown to him, birth dates are not.
    assert_eq!(trino("allow", "trino-bob", &["analysts"], select(&["customer_id", "birth_date"])), json!(true));
    assert_eq!(trino("column_mask", "trino-bob", &["analysts"], column("full_name")), Value::Null);
    assert_ne!(trino("column_mask", "trino-bob", &["analysts"], column("birth_date")), Value::Null);
    assert_eq!(trino("allow", "eve", &[], select(&["customer_id"])), json!(false));
    let kafka = |principal: &str| {
        let input = json!({
            "action": {"operation": "READ", "resourcePattern": {"name": "customers", "patternType": "LITERAL", "resourceType": "TOPIC", "unknown": false}, "resourceReferenceCount": 1, "logIfAllowed": true, "logIfDenied": true},
            "requestContext": {"principal": {"name": principal, "principalType": "User"}, "clientAddress": "192.168.64.4", "listenerName": "SASL_PLAINTEXT", "securityProtocol": "SASL_PLAINTEXT"}});
        let (status, answer) = sidecar.data("kafka/authz/allow", &json!({"input": input}).to_string());
        assert_eq!(status, 200, "{answer}");
        answer["result"].clone()
    };
    // A broker cannot mask: who would be shown masks reads nothing.
    assert_eq!(kafka("billing"), json!(true));
    assert_eq!(kafka("ada"), json!(false));
}
