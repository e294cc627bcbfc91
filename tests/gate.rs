//! The gate as a team meets it: a rule is broken, one finding mended, another waived, and the waiver expires. And what a
//! configuration gets wrong.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

use serde_json::{Value, json};
use support::{CONTRACT, CUSTOMERS, check, folder, rules, run, write};

fn waiver(rule: &str, more: &str, expires: &str) -> String {
    format!(
        "version: 1\nwaivers:\n- rule: {rule}\n  {more}\n  reason: masked in the access layer\n  approver: dpo@example.com\n  \
         expires: {expires}\n  ticket: DG-12\n"
    )
}

#[test]
fn a_story_of_one_team() {
    let here = folder(&[("meshgate.yaml", "version: 1\n"), ("sales/customers.odcs.yaml", CUSTOMERS)]);
    // The rule is broken twice, and the team sees the lines.
    let ran = run(here.path(), &["check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("--> sales/customers.odcs.yaml:15:21"), "{}", ran.stdout);
    assert!(ran.stdout.contains("restricted column `birth_date` has no masking strategy"));
    assert!(ran.stdout.ends_with("denied: 2 errors · 1 descriptor, 6 rules, 0 faults\n"));
    // One is mended.
    let mended = CUSTOMERS.replace(
        "  - name: iban\n    classification: restricted\n",
        "  - name: iban\n    classification: restricted\n    customProperties: [{property: maskingStrategy, value: hash}]\n",
    );
    write(here.path(), "sales/customers.odcs.yaml", mended.as_bytes());
    let ran = run(here.path(), &["check"]);
    assert!(ran.stdout.contains("denied: 1 error ·"), "{}", ran.stdout);
    // The other one is waived by the data protection officer, for a year.
    let waived = waiver("privacy.unmasked_restricted_column", "column: customers.birth_date", "2099-12-31");
    write(here.path(), "meshgate.yaml", waived.as_bytes());
    let ran = run(here.path(), &["check"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let shown = "waived error[privacy.unmasked_restricted_column]: restricted column `birth_date` has no masking strategy\n  \
                 --> sales/customers.odcs.yaml:15:21\n   = masked in the access layer (approved by dpo@example.com, until \
                 2099-12-31, DG-12)\n";
    assert!(ran.stdout.contains(shown), "{}", ran.stdout);
    let report = check(here.path(), &[]).json();
    assert_eq!(
        report["findings"][0]["waiver"],
        json!({"kind": "waiver", "reason": "masked in the access layer", "approver": "dpo@example.com",
               "expires": "2099-12-31", "ticket": "DG-12", "origin": "meshgate.yaml:3:3"})
    );
    assert_eq!((&report["summary"]["errors"], &report["summary"]["waived"]), (&json!(0), &json!(1)));
    // Shortly before its end it is said; on its last day it holds; the day after, the gate is shut again.
    for (day, code, said) in [
        ("2099-12-30", 0, vec!["privacy.unmasked_restricted_column", "governance.waiver_expires_soon"]),
        ("2099-12-31", 0, vec!["privacy.unmasked_restricted_column", "governance.waiver_expires_soon"]),
        ("2100-01-01", 1, vec!["privacy.unmasked_restricted_column", "governance.waiver_expired"]),
    ] {
        let ran = check(here.path(), &["--at", day]);
        let report = ran.json();
        let mut found = rules(&report);
        found.sort_unstable();
        let mut expected = said.clone();
        expected.sort_unstable();
        assert_eq!((ran.code, found), (code, expected), "{day}");
    }
    let ran = run(here.path(), &["waivers", "--at", "2100-01-01", "--strict"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.starts_with("expired privacy.unmasked_restricted_column  column customers.birth_date\n"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("until 2099-12-31 (yesterday), 1 finding, approved by dpo@example.com"),
        "{}",
        ran.stdout
    );
    // Mended at last, the waiver is to be removed.
    let clean = mended.replace("birth_date\n    classification: restricted", "birth_date\n    classification: public");
    write(here.path(), "sales/customers.odcs.yaml", clean.as_bytes());
    let ran = check(here.path(), &[]);
    assert_eq!((ran.code, rules(&ran.json())), (0, vec!["governance.waiver_unused"]));
    let listed = run(here.path(), &["waivers", "--format", "json"]).json();
    assert_eq!((&listed[0]["state"], &listed[0]["findings"]), (&json!("unused"), &json!(0)));
}

#[test]
fn waivers_cover_what_they_name_and_nothing_else() {
    let masked = "privacy.unmasked_restricted_column";
    for (more, waived) in [
        ("product: customers", 2),
        ("product: 'cust*'", 2),
        ("product: orders", 0),
        ("column: customers.iban", 1),
        ("column: iban", 1),
        ("column: '*.iban'", 1),
        ("column: orders.iban", 0),
        ("column: ib", 0),
        ("file: 'sales/*'", 2),
        ("file: finance/*", 0),
        ("pointer: /schema/0/properties/1/classification", 1),
        ("pointer: '/schema/0/*'", 2),
        ("pointer: /schema/0", 0),
    ] {
        let config = waiver(masked, more, "2099-01-01");
        let here = folder(&[("meshgate.yaml", &config), ("sales/c.yaml", CUSTOMERS)]);
        let ran = check(here.path(), &[]);
        assert_eq!(ran.json()["summary"]["waived"], waived, "{more}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, i32::from(waived < 2), "{more}");
    }
}

#[test]
fn waivers_stand_in_files_of_their_own() {
    let own = waiver("'privacy.*'", "product: customers", "2099-01-01");
    for (named, files) in [
        ("waiver_files: [w/a.yaml]", vec![("w/a.yaml", own.as_str())]),
        ("waiver_files: [w]", vec![("w/a.yaml", own.as_str()), ("w/b.yaml", "version: 1\nwaivers: []\n")]),
    ] {
        let here = folder(&files);
        write(here.path(), "meshgate.yaml", format!("version: 1\n{named}\n").as_bytes());
        write(here.path(), "c.yaml", CUSTOMERS.as_bytes());
        let ran = check(here.path(), &[]);
        assert_eq!(ran.code, 0, "{named}: {}", ran.stderr);
        assert_eq!(ran.json()["findings"][0]["waiver"]["origin"], "w/a.yaml:3:3");
    }
    let here = folder(&[("meshgate.yaml", "version: 1\nwaiver_files: [none.yaml]\n"), ("c.yaml", CUSTOMERS)]);
    let ran = check(here.path(), &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stdout.contains("none.yaml"), "{}", ran.stdout);
}

#[test]
fn who_may_waive_what_is_a_policy() {
    let policy = |approvers: &str, more: &str| {
        let waiver = waiver("privacy.unmasked_restricted_column", "product: customers", "2026-12-31");
        format!("{waiver}waiver: {{ approvers: {{ {approvers} }}{more} }}\n")
    };
    for (approvers, more, code, said) in [
        ("'privacy.*': dpo@example.com", "", 0, ""),
        ("'privacy.*': ['*@legal.example.com', 'dpo@*']", "", 0, ""),
        (
            "'privacy.*': legal@example.com",
            "",
            1,
            "`dpo@example.com` may not waive `privacy.*`: `legal@example.com` may",
        ),
        ("'*': nobody, 'privacy.*': dpo@example.com", "", 0, ""),
        ("'*': nobody", "", 1, "may not waive"),
        ("'quality.*': nobody", "", 0, ""),
        ("'*': '*'", ", max_days: 3", 1, "it lasts 364 days more, at most 3 are accepted"),
    ] {
        let here = folder(&[("meshgate.yaml", &policy(approvers, more)), ("c.yaml", CUSTOMERS)]);
        let ran = check(here.path(), &["--at", "2026-01-01"]);
        assert_eq!(ran.code, code, "{approvers}: {}", ran.stdout);
        assert!(ran.stdout.contains(said), "{approvers}: {}", ran.stdout);
        assert_eq!(ran.stdout.contains("governance.waiver_refused"), code == 1, "{approvers}");
        if approvers.starts_with("'privacy.*': legal") {
            let text = run(here.path(), &["check", "--at", "2026-01-01"]).stdout;
            assert!(text.contains("= note: may be waived by legal@example.com"), "{text}");
        }
    }
    // However the rule is written.
    for rule in ["'*.unmasked_restricted_column'", "'p*'", "'*unmasked*'", "'privacy.unmasked_restricted_colum*'"] {
        let waiver = waiver(rule, "product: customers", "2026-12-31");
        let config = format!("{waiver}waiver: {{ approvers: {{ 'privacy.*': legal, '*': '*' }} }}\n");
        let here = folder(&[("meshgate.yaml", &config), ("c.yaml", CUSTOMERS)]);
        let ran = check(here.path(), &["--at", "2026-01-01"]);
        assert_eq!((ran.code, ran.stdout.contains("governance.waiver_refused")), (1, true), "{rule}: {}", ran.stdout);
    }
    // Who waives a whole category must be one who may waive every rule in it.
    let waiver = waiver("'privacy.*'", "product: customers", "2026-12-31");
    let config = format!("{waiver}waiver: {{ approvers: {{ privacy.unmasked_restricted_column: legal }} }}\n");
    let here = folder(&[("meshgate.yaml", &config), ("c.yaml", CUSTOMERS)]);
    assert_eq!(check(here.path(), &["--at", "2026-01-01"]).code, 1);
}

#[test]
fn a_waiver_never_covers_a_fault_or_what_cannot_be_read() {
    let slow = "# METADATA\n# title: t\n# custom: {severity: error}\npackage meshgate.rules.quality.slow\n\n\
                findings contains {\"pointer\": 1, \"message\": \"m\"} if true\n";
    let config = waiver("'quality.*'", "file: '*'", "2099-01-01") + "bundles: [{name: b, path: b}]\n";
    let here = folder(&[("meshgate.yaml", &config), ("b/slow.rego", slow), ("c.yaml", CONTRACT)]);
    let ran = check(here.path(), &[]);
    assert_eq!((ran.code, ran.json()["faults"][0]["kind"].clone()), (1, json!("bad_output")), "{}", ran.stdout);
    for rule in ["read.syntax", "'read.*'", "governance.layer_override"] {
        let here = folder(&[("meshgate.yaml", &*waiver(rule, "file: '*'", "2099-01-01")), ("c.yaml", CONTRACT)]);
        let ran = check(here.path(), &[]);
        assert_eq!(ran.code, 2, "{rule}");
        assert!(ran.stdout.contains("cannot be waived: nothing was judged there"), "{}", ran.stdout);
    }
}

#[test]
fn one_unreadable_file_among_many_is_told_and_the_rest_is_judged() {
    let here = folder(&[("meshgate.yaml", "version: 1\n"), ("bad.yaml", "kind: DataContract\n  id: [")]);
    for number in 0..1000 {
        write(
            here.path(),
            &format!("c{number}.yaml"),
            CONTRACT.replace("id: c\n", &format!("id: c{number}\n")).as_bytes(),
        );
    }
    let ran = check(here.path(), &[]);
    let report = ran.json();
    assert_eq!((ran.code, rules(&report)), (1, vec!["read.syntax"]));
    assert_eq!((&report["findings"][0]["file"], &report["summary"]["descriptors"]), (&json!("bad.yaml"), &json!(1001)));
    let denied = report["descriptors"].as_array().unwrap().iter().filter(|one| one["verdict"] == "deny").count();
    assert_eq!(denied, 1);
}

#[test]
fn exceptions_of_conftest_are_waivers_that_say_so() {
    let policy = "package main\n\nimport rego.v1\n\ndeny_version contains \"no version\" if not input.release\n\n\
                  deny contains \"bare\" if true\n\nexception contains rules if { input.id == \"customers\"; rules := [\"version\"] }\n";
    let here = folder(&[
        ("policy/p.rego", policy),
        ("c.yaml", CUSTOMERS),
        ("d.yaml", &CUSTOMERS.replace("id: customers", "id: d")),
    ]);
    let ran = check(here.path(), &["--no-embedded", "--policy", "policy", "--conftest-namespace", "main"]);
    assert_eq!(ran.code, 1);
    let report = ran.json();
    let told: Vec<(&str, &str, &Value)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["file"].as_str().unwrap(), f["message"].as_str().unwrap(), &f["waiver"]["kind"]))
        .collect();
    assert_eq!(
        told,
        [
            ("c.yaml", "bare", &Value::Null),
            ("c.yaml", "no version", &json!("exception")),
            ("d.yaml", "bare", &Value::Null),
            ("d.yaml", "no version", &Value::Null),
        ]
    );
    assert!(ran.stderr.contains("`exception` is deprecated"), "{}", ran.stderr);
    // An exception of a rule that passes is none; a wrong one is a fault, and denies.
    let wrong = policy.replace("[\"version\"]", "\"version\"");
    write(here.path(), "policy/p.rego", wrong.as_bytes());
    let ran = check(here.path(), &["c.yaml", "--no-embedded", "--policy", "policy"]);
    assert_eq!((ran.code, &ran.json()["faults"][0]["rule"]), (1, &json!("main.exception")));
}

#[test]
fn conftest_sees_the_document_as_it_is() {
    // A document that its standard's schema refuses, with a reference that leads nowhere: conftest does not care.
    let text = "apiVersion: v3.1.0\nkind: DataContract\nrelease: 1\nschema: { $ref: nowhere.yaml }\n";
    let policy =
        "package main\n\ndeny contains msg if { input.schema[\"$ref\"] != \"nowhere.yaml\"; msg := \"changed\" }\n";
    let here = folder(&[("policy/p.rego", policy), ("c.yaml", text), ("other.yaml", "a: 1\n")]);
    let ran = check(here.path(), &["--no-embedded", "--policy", "policy"]);
    let report = ran.json();
    assert_eq!((ran.code, rules(&report).len()), (0, 0), "{report:#}");
    assert_eq!((&report["summary"]["descriptors"], &report["descriptors"][0]["schema"]), (&json!(2), &Value::Null));
}

#[test]
fn hooks_hand_over_files_that_are_no_descriptors() {
    let here = folder(&[("c.yaml", CUSTOMERS), ("ci.yaml", "stages: []\n"), ("bad.yaml", "a: [")]);
    assert_eq!(run(here.path(), &["check", "ci.yaml"]).code, 2);
    let ran = run(here.path(), &["check", "--skip-unknown", "ci.yaml"]);
    assert_eq!((ran.code, ran.stdout.starts_with("allowed: no findings")), (0, true), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(run(here.path(), &["check", "--skip-unknown", "ci.yaml", "c.yaml"]).code, 1);
    // What cannot be read might be a descriptor, and what is not there is a mistake.
    assert_eq!(run(here.path(), &["check", "--skip-unknown", "bad.yaml"]).code, 1);
    assert_eq!(run(here.path(), &["check", "--skip-unknown", "none.yaml"]).code, 2);
}

#[test]
fn a_contract_and_the_product_that_offers_it_are_judged_alike() {
    let product = "apiVersion: v1.0.0\nkind: DataProduct\nid: crm\nname: crm\nversion: 1.0.0\nstatus: active\nteam: {name: t}\n\
                   outputPorts: [{name: out, version: 1.0.0, contractId: customers}]\n";
    for contract in ["a.yaml", "z.yaml"] {
        for (waived, code) in [("customers", 0), ("crm", 0), ("'*'", 0), ("orders", 1)] {
            let config = waiver("privacy.unmasked_restricted_column", &format!("product: {waived}"), "2099-01-01");
            let here = folder(&[("meshgate.yaml", &config), (contract, CUSTOMERS), ("p.yaml", product)]);
            let ran = check(here.path(), &[]);
            assert_eq!(ran.code, code, "{contract} {waived}: {}", ran.stdout);
            assert_eq!(ran.json()["summary"]["errors"], if code == 0 { 0 } else { 2 }, "{contract} {waived}");
        }
        // What is known of the contract is known of the product, wherever the file lies.
        let here =
            folder(&[("meshgate.yaml", "version: 1\nbaseline: b.json\n"), (contract, CUSTOMERS), ("p.yaml", product)]);
        write(here.path(), "b.json", b"{\"version\": 1, \"findings\": []}");
        assert_eq!(check(here.path(), &[]).code, 1);
        assert!(run(here.path(), &["baseline", "-o", "b.json"]).stderr.contains("wrote 2 findings"));
        assert_eq!(check(here.path(), &[]).code, 0, "{contract}: {}", check(here.path(), &[]).stdout);
        std::fs::create_dir(here.path().join("moved")).unwrap();
        std::fs::rename(here.path().join(contract), here.path().join("moved/other.yaml")).unwrap();
        assert_eq!(check(here.path(), &[]).code, 0, "{contract}: {}", check(here.path(), &[]).stdout);
    }
    // Whose verdict is a denial has a finding that says why.
    let config = waiver("privacy.unmasked_restricted_column", "product: customers\n  file: other.yaml", "2099-01-01");
    let here = folder(&[("meshgate.yaml", &config), ("c.yaml", CUSTOMERS), ("p.yaml", product)]);
    assert!(run(here.path(), &["check"]).stdout.contains("error[privacy.unmasked_restricted_column]"));
}
