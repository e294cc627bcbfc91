//! Layers as their teams use them: a domain and a product add rules of their own; and every way in which one might loosen
//! what is above it.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

use serde_json::Value;
use support::{CONTRACT, check, folder, plugin, rule, rules, run, write};

fn contract(id: &str, domain: &str) -> String {
    CONTRACT.replace("id: c\n", &format!("id: {id}\ndomain: {domain}\n"))
}

/// A contract that breaks a global rule: its column is restricted and not masked.
fn unmasked(id: &str, domain: &str) -> String {
    contract(id, domain).replace("classification: public", "classification: restricted")
}

fn by_file<'a>(report: &'a Value, file: &str) -> Vec<&'a str> {
    let all = report["findings"].as_array().expect("findings");
    all.iter().filter(|f| f["file"] == file).map(|f| f["rule"].as_str().expect("a rule")).collect()
}

const ROOT: &str = "version: 1\ndomains: { sales: [sales], finance: [finance] }\n";

#[test]
fn a_domain_adds_rules_for_what_is_its_own_and_asks_nobody() {
    let here = folder(&[
        ("meshgate.yaml", ROOT),
        ("sales/meshgate.yaml", "version: 1\nbundles: [{name: own, path: rules}]\n"),
        ("sales/rules/quality/own/own.rego", &rule("quality", "own", "error")),
        ("sales/orders/c.yaml", &contract("orders", "sales")),
        ("finance/c.yaml", &contract("ledger", "finance")),
    ]);
    let ran = check(here.path(), &[]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let report = ran.json();
    assert_eq!(by_file(&report, "sales/orders/c.yaml"), ["quality.own"]);
    assert_eq!(report["findings"][0]["message"], "own in layer sales of sales");
    assert!(by_file(&report, "finance/c.yaml").is_empty());
    let verdicts: Vec<&Value> = report["descriptors"].as_array().unwrap().iter().map(|d| &d["verdict"]).collect();
    assert_eq!(verdicts, ["allow", "deny"]);
    // Checked from within, the configuration above is the root all the same.
    let within = check(&here.path().join("sales/orders"), &["."]);
    assert_eq!(by_file(&within.json(), "c.yaml"), ["quality.own"], "{}", within.stderr);
}

#[test]
fn a_domain_of_the_root_is_found_by_what_descriptors_say() {
    let here = folder(&[
        ("meshgate.yaml", "version: 1\nbundles: [{name: sales, path: for-sales, layer: sales}]\n"),
        ("for-sales/own.rego", &rule("quality", "own", "warning")),
        ("a.yaml", &contract("a", "Sales")),
        ("b.yaml", &contract("b", "finance")),
    ]);
    let report = check(here.path(), &[]).json();
    assert_eq!((by_file(&report, "a.yaml"), by_file(&report, "b.yaml").len()), (vec!["quality.own"], 0));
    let listed = run(here.path(), &["rules", "list", "--format", "json"]).json();
    let own = listed.as_array().unwrap().iter().find(|rule| rule["id"] == "quality.own").expect("the rule");
    assert_eq!(own["layer"], "sales");
    let why = run(here.path(), &["rules", "list", "--for", "b.yaml"]);
    let line = why.stdout.lines().find(|line| line.contains("quality.own")).expect("the rule");
    assert!(line.ends_with("it is of the layer of domain `sales`"), "{}", why.stdout);
}

#[test]
fn a_product_has_its_policies_beside_it_and_they_are_for_it_alone() {
    let product = "apiVersion: v1.0.0\nkind: DataProduct\nid: p\nname: p\nversion: 1.0.0\nstatus: active\ndomain: sales\nteam: {name: t}\n";
    let here = folder(&[
        ("p/product.yaml", product),
        ("p/contracts/c.yaml", &contract("c", "sales")),
        ("p/policies/quality/own/own.rego", &rule("quality", "own", "error")),
        ("p/policies/quality/own/own_test.rego", "package own_test\n\ntest_it if true\n"),
        ("p/policies/quality/own/examples/fail_it.odcs.yaml", &contract("example", "sales")),
        ("q/product.yaml", &product.replace("id: p", "id: q")),
        ("q/contracts/c.yaml", &contract("d", "sales")),
        ("p/inner/product.yaml", &product.replace("id: p", "id: inner")),
        ("p/inner/c.yaml", &contract("e", "sales")),
    ]);
    let report = check(here.path(), &[]).json();
    assert_eq!(by_file(&report, "p/contracts/c.yaml"), ["quality.own"]);
    assert_eq!(report["findings"].as_array().unwrap().len(), 1, "{report:#}");
    assert_eq!(report["findings"][0]["message"], "own in layer product of sales");
    // Whatever is named: the rules of a product do not depend on the rest of the run.
    let alone = check(here.path(), &["p/contracts/c.yaml"]).json();
    assert_eq!(rules(&alone), ["quality.own"]);
    assert_eq!(rules(&check(here.path(), &["q"]).json()), [""; 0]);
}

#[test]
fn a_product_ships_its_plugins_with_it() {
    let here = folder(&[("p/c.yaml", &contract("c", "sales")), ("q/c.yaml", &contract("d", "sales"))]);
    write(here.path(), "p/policies/own.wasm", &plugin("(return (i32.const 3072))"));
    let ran = check(here.path(), &[]);
    let report = ran.json();
    let faults = report["faults"].as_array().unwrap();
    let spoke = report["findings"].as_array().unwrap().iter().chain(faults).map(|one| &one["file"]).collect::<Vec<_>>();
    assert!(!spoke.is_empty() && spoke.iter().all(|file| *file == "p/c.yaml"), "{report:#}\n{}", ran.stderr);
}

#[test]
fn domains_are_beside_one_another() {
    let here = folder(&[
        ("meshgate.yaml", "version: 1\ndomains: { sales: [sales] }\nbundles: [{ name: f, path: f, layer: finance }]\n"),
        ("f/own.rego", &rule("quality", "own", "error")),
        ("sales/p/c.yaml", &contract("c", "sales")),
        ("sales/p/policies/own.rego", &rule("quality", "own", "warning")),
        // What would end the search elsewhere hides nothing here.
        ("sales/p/.git", "gitdir: nowhere\n"),
        ("sales/meshgate.yaml", "version: 1\ndeny_at: warning\n"),
    ]);
    let ran = check(here.path(), &[]);
    assert_eq!((ran.code, rules(&ran.json())), (1, vec!["quality.own"]), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_pattern_of_one_domain_says_nothing_of_anothers_rules() {
    let here = folder(&[
        ("meshgate.yaml", &*format!("{ROOT}bundles: [{{ name: f, path: f, layer: finance }}]\n")),
        ("f/own.rego", &rule("quality", "own", "error")),
        ("finance/c.yaml", &contract("f", "finance")),
        (
            "sales/meshgate.yaml",
            "version: 1\nenforcement: { 'quality.mine*': warn, quality.own: warn }\nbundles: [{ name: m, path: m }]\n",
        ),
        ("sales/m/mine.rego", &rule("quality", "mine", "error")),
        ("sales/c.yaml", &contract("s", "sales")),
    ]);
    let ran = check(here.path(), &["sales"]);
    assert_eq!((ran.code, rules(&ran.json())), (0, vec!["quality.mine"]), "{}", ran.stdout);
    assert_eq!(rules(&check(here.path(), &["finance"]).json()), ["quality.own"]);
}

#[test]
fn a_plugin_has_no_rule_of_a_layer_above() {
    let here = folder(&[
        ("meshgate.yaml", "version: 1\nbundles: [{ name: o, path: o }]\n"),
        ("o/test.rego", &rule("hostile", "test", "error")),
        ("p/c.yaml", &contract("c", "sales")),
    ]);
    write(here.path(), "p/policies/own.wasm", &plugin("(return (i32.const 3072))"));
    let report = check(here.path(), &[]).json();
    let found = by_file(&report, "p/c.yaml");
    assert_eq!(found, ["hostile.test"], "{report:#}");
    assert!(report.to_string().contains("rule `hostile.test` is a rule of a layer above"), "{report:#}");
}

/// Its name, its files, and what the gate says.
type Attack = (&'static str, Vec<(&'static str, String)>, &'static str);

/// Ways of a product or a domain to loosen what is above it.
fn attacks() -> Vec<Attack> {
    let masked = "privacy.unmasked_restricted_column";
    let config = |text: &str| vec![("sales/meshgate.yaml", format!("version: 1\n{text}\n"))];
    let module = |path: &'static str, text: &str| vec![(path, text.to_owned())];
    let empty = "package meshgate.rules.privacy.unmasked_restricted_column\n\nimport rego.v1\n\nfindings := set()\n";
    let metadata = "# METADATA\n# title: t\n# custom: {severity: info}\n";
    vec![
        ("off", config(&format!("enforcement: {{ {masked}: off }}")), "is set to `off` here"),
        ("a pattern", config("enforcement: { 'privacy.*': audit }"), "are set to `audit` here"),
        ("every rule", config("enforcement: { '*': warn }"), "are set to `warn` here"),
        (
            "by stage",
            config(&format!("enforcement: {{ {masked}: {{ mode: block, stages: {{ prod: off }} }} }}")),
            "is set to `off` here",
        ),
        (
            "by date",
            config(&format!("enforcement: {{ {masked}: {{ mode: block, until: 2020-01-01, then: off }} }}")),
            "is set to `off` here",
        ),
        ("a selection", config("select: [{ rules: 'privacy.*', where: { domain: nowhere } }]"), "selected here"),
        (
            "a waiver",
            config(&format!("waivers: [{{ rule: {masked}, reason: r, approver: a, expires: 2999-01-01 }}]")),
            "waived here",
        ),
        (
            "a waiver of a category",
            config("waivers: [{ rule: 'privacy.*', reason: r, approver: a, expires: 2999-01-01 }]"),
            "waived here",
        ),
        (
            "a waiver of the schema",
            config("waivers: [{ rule: 'schema.*', reason: r, approver: a, expires: 2999-01-01 }]"),
            "waived here",
        ),
        (
            "delegation to itself",
            config(&format!("delegate: {{ sales: ['*'] }}\nenforcement: {{ {masked}: off }}")),
            "is set to `off` here",
        ),
        ("extract", config("extract: { classification: [nothing] }"), "only the root configuration says `extract`"),
        ("embedded", config("embedded: false"), "only the root configuration says `embedded`"),
        ("domains", config("domains: { finance: [.] }"), "only the root configuration says `domains`"),
        ("a baseline", config("baseline: b.json"), "only the root configuration says `baseline`"),
        ("limits", config("limits: { rule_deadline_ms: 1 }"), "only the root configuration says `limits`"),
        ("the schema", config("schema: { odcs: off }"), "violations of the schema of Bitol ODCS are loosened here"),
        (
            "another layer",
            config("bundles: [{ name: x, path: rules, layer: global }]"),
            "says that it is of another layer",
        ),
        (
            "a global rule replaced",
            module("sales/p/policies/x.rego", &format!("{metadata}{empty}")),
            "is at, under or above package",
        ),
        (
            "a rule under a global rule",
            module(
                "sales/p/policies/x.rego",
                &format!("{metadata}package meshgate.rules.{masked}.x\n\nfindings := set()\n"),
            ),
            "is at, under or above package",
        ),
        (
            "a package above all",
            module("sales/p/policies/x.rego", "package meshgate.rules\n\nprivacy := {}\n"),
            "is at, under or above package",
        ),
        (
            "a library replaced",
            module("sales/p/policies/x.rego", "package meshgate.lib.columns\n\nrestricted(_) := false\n"),
            "is at, under or above package",
        ),
        (
            "data over a package",
            vec![
                ("sales/p/policies/x.rego", "package sales.x\n\ny := 1\n".to_owned()),
                (
                    "sales/p/policies/data.json",
                    "{\"meshgate\": {\"rules\": {\"privacy\": {\"unmasked_restricted_column\": {\"findings\": []}}}}}"
                        .to_owned(),
                ),
            ],
            "is at, under or above package",
        ),
        (
            "data of the platform",
            vec![
                ("sales/p/policies/x.rego", "package sales.x\n\ny := 1\n".to_owned()),
                ("sales/p/policies/org/data.yaml", "terms: {}\n".to_owned()),
            ],
            "is at, under or above data document `org.terms.a`",
        ),
        (
            "a category of Meshgate's own",
            module(
                "sales/p/policies/x.rego",
                &format!("{metadata}package meshgate.rules.read.syntax\n\nfindings := set()\n"),
            ),
            "is in a category of Meshgate's own remarks",
        ),
        (
            "a file named like a global bundle",
            module("sales/p/policies/.manifest", "{\"roots\": [\"\"], \"input\": \"raw\"}"),
            "",
        ),
        (
            "a link out of the folder",
            vec![
                ("sales/p/policies/y.rego", "package sales.y\n\nz := 1\n".to_owned()),
                ("LINK sales/p/policies/x.rego", "../../../org/x.rego".to_owned()),
            ],
            "is a link that leads out of its folder",
        ),
        (
            "a link for a folder",
            vec![
                ("LINK sales/p/policies", "../../other".to_owned()),
                ("other/y.rego", "package other.y\n\nz := 1\n".to_owned()),
            ],
            "leads out of the folder",
        ),
        (
            "a link for a configuration",
            vec![
                ("loose.yaml", "version: 1\n".to_owned()),
                ("LINK sales/p/meshgate.yaml", "../../loose.yaml".to_owned()),
            ],
            "is a link that leads out of its folder",
        ),
        (
            "a plugin that reads the machine",
            config("plugins: [{ id: x, path: x.wasm, capabilities: { files: { etc: /etc } } }]"),
            "is granted the folder `etc`, which is not below this file",
        ),
        (
            "a plugin that reads the platform's data",
            config("plugins: [{ id: x, path: x.wasm, capabilities: { data: [org] } }]"),
            "is granted data of bundles",
        ),
        ("a configuration that is none", config("enforcment: {}"), "unknown field `enforcment`"),
        (
            "a configuration deeper still",
            vec![
                ("sales/p/q/meshgate.yaml", format!("version: 1\nenforcement: {{ {masked}: off }}\n")),
                ("sales/p/q/c.yaml", unmasked("deep", "sales")),
            ],
            "is set to `off` here",
        ),
        ("waivers from elsewhere", config("waiver_files: [/etc/passwd]"), "is not there, or not below this file"),
        ("a profile", config("profile: lax"), "unknown field `profile`"),
        ("profiles", config("profiles: [starter]"), "only the root configuration says `profiles`"),
        (
            "parameters of a rule above",
            config("params: { privacy.unclassified_personal_column: { names: [] } }"),
            "parameters of `privacy.unclassified_personal_column` are its own layer's to set",
        ),
        (
            "parameters of a rule that is not in force",
            config("params: { retention.too_long: { max_years: 1000 } }"),
            "parameters of `retention.too_long` are its own layer's to set",
        ),
        (
            "parameters of no rule",
            config("params: { quality.none: { days: 1 } }"),
            "there is no rule `quality.none` here",
        ),
        ("another name", vec![("sales/meshgate.yml", "version: 1\n".to_owned())], "call it meshgate.yaml"),
        (
            "a threshold",
            vec![("sales/meshgate.yaml", "version: 1\ndeny_at: error\n".to_owned())],
            "`deny_at` is `error` here, where it is `warning`",
        ),
    ]
}

#[test]
fn no_layer_loosens_what_is_above_it() {
    for (name, files, said) in attacks() {
        let here = folder(&[
            (
                "meshgate.yaml",
                "version: 1\ndeny_at: warning\ndomains: { sales: [sales] }\nbundles: [{ name: org, path: org }]\n",
            ),
            ("org/org/data.json", "{\"terms\": {\"a\": 1}}"),
            ("org/x.rego", "package org.x\n\ny := 1\n"),
            ("sales/p/c.yaml", &unmasked("c", "sales")),
        ]);
        for (file, text) in &files {
            match file.strip_prefix("LINK ") {
                #[cfg(unix)]
                Some(link) => std::os::unix::fs::symlink(text, here.path().join(link)).expect("a link"),
                #[cfg(not(unix))]
                Some(_) => continue,
                None => write(here.path(), file, text.as_bytes()),
            }
        }
        let ran = check(here.path(), &["sales", "--stage", "prod"]);
        let report = ran.json();
        assert_ne!(ran.code, 0, "{name}: {report:#}");
        // The global rule has found what it finds, it is not waived, and it denies.
        let found: Vec<&Value> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| f["rule"] == "privacy.unmasked_restricted_column" && f["source"] == "rego")
            .collect();
        assert!(!found.is_empty(), "{name}: {report:#}");
        for finding in found {
            assert_eq!((&finding["severity"], &finding["enforcement"]), (&"error".into(), &"block".into()), "{name}");
            assert_eq!(finding["waiver"], Value::Null, "{name}");
        }
        // And the attempt is told.
        let all = format!("{report:#}");
        assert!(all.contains(said), "{name}: {all}");
        let tried = |f: &Value| {
            f["rule"] == "governance.layer_override" && f["source"] == "governance" && f["severity"] == "error"
        };
        let finding = report["findings"].as_array().unwrap().iter().any(tried);
        let load = report["faults"].as_array().unwrap().iter().any(|fault| fault["kind"] == "load");
        assert_eq!(ran.code, if load { 2 } else { 1 }, "{name}: {}", ran.stderr);
        assert!(said.is_empty() || finding || load, "{name}: {all}");
        let named = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| tried(f))
            .all(|f| f["file"].as_str().is_some_and(|file| file.starts_with("sales/")));
        assert!(named, "{name}: {all}");
    }
}

#[test]
fn what_a_team_calls_a_bundle_hides_no_descriptor_and_no_rule() {
    let here = folder(&[
        ("meshgate.yaml", "version: 1\n"),
        ("s/meshgate.yaml", "version: 1\nbundles: [{ name: x, path: . }]\n"),
        ("s/mine.rego", "package s.mine\n\ny := 1\n"),
        ("s/examples/pass_orders.odcs.yaml", &unmasked("orders", "sales")),
    ]);
    let ran = check(here.path(), &[]);
    assert_eq!((ran.code, rules(&ran.json())), (1, vec!["privacy.unmasked_restricted_column"]), "{}", ran.stderr);
    let here = folder(&[
        ("meshgate.yaml", "version: 1\n"),
        ("a/meshgate.yaml", "version: 1\nbundles: [{ name: x, path: ../z }]\n"),
        ("a/c.yaml", &contract("a", "sales")),
        ("z/c.yaml", &contract("z", "sales")),
        ("z/policies/own.rego", &rule("quality", "own", "error")),
        ("z/in/c.yaml", &contract("in", "sales")),
        ("z/in/policies/README.md", "nothing"),
        (
            "z/p.yaml",
            "apiVersion: v1.0.0\nkind: DataProduct\nid: z\nname: z\nversion: 1.0.0\nstatus: active\nteam: {name: t}\n",
        ),
    ]);
    let report = check(here.path(), &[]).json();
    assert_eq!(
        (by_file(&report, "z/c.yaml"), by_file(&report, "z/in/c.yaml")),
        (vec!["quality.own"], vec!["quality.own"])
    );
}

#[test]
fn a_product_asks_nothing_over_the_roots_network() {
    let asks = "package meshgate.rules.quality.asks\n\n# METADATA\n# title: t\n# custom: {severity: info}\n\
        findings contains {\"pointer\": \"\", \"message\": \"m\"} if http.send({\"method\": \"get\", \"url\": \"http://127.0.0.1:1/\"}).status_code\n";
    let here = folder(&[
        ("meshgate.yaml", "version: 1\nhttp: { hosts: ['127.0.0.1:1'] }\n"),
        ("p/c.yaml", CONTRACT),
        ("p/policies/asks.rego", asks),
    ]);
    let ran = check(here.path(), &[]);
    assert_eq!((ran.code, &ran.json()["faults"][0]["kind"]), (2, &"load".into()), "{}", ran.stdout);
    assert!(ran.stdout.contains("http.send"), "{}", ran.stdout);
}

#[test]
fn a_products_raw_rules_do_not_switch_the_schema_off() {
    let broken = contract("c", "sales").replace("status: active\n", "");
    let here = folder(&[
        ("meshgate.yaml", "version: 1\nembedded: false\n"),
        ("p/c.yaml", &broken),
        ("p/policies/.manifest", "{\"input\": \"raw\"}"),
        ("p/policies/own.rego", &rule("quality", "own", "info")),
    ]);
    let ran = check(here.path(), &[]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("schema.missing_key"), "{}", ran.stdout);
}

#[test]
fn an_attempt_harms_nobody_else() {
    let here = folder(&[
        ("meshgate.yaml", ROOT),
        ("sales/meshgate.yaml", "version: 1\nenforcement: { 'privacy.*': off }\n"),
        ("sales/c.yaml", &contract("a", "sales")),
        ("finance/c.yaml", &contract("b", "finance")),
    ]);
    let report = check(here.path(), &[]).json();
    let verdicts: Vec<(&Value, &Value)> =
        report["descriptors"].as_array().unwrap().iter().map(|d| (&d["file"], &d["verdict"])).collect();
    assert_eq!(verdicts, [(&"finance/c.yaml".into(), &"allow".into()), (&"sales/c.yaml".into(), &"deny".into())]);
    assert_eq!(check(here.path(), &["finance"]).code, 0);
}

#[test]
fn what_is_delegated_may_be_loosened_by_whom_it_is_delegated_to() {
    let root = format!("{ROOT}delegate: {{ sales: ['privacy.unmasked*'], product: ['quality.*'] }}\n");
    let waiver = "waivers: [{ rule: privacy.unmasked_restricted_column, reason: r, approver: a, expires: 2999-01-01 }]";
    for (config, code, shown) in [
        ("enforcement: { privacy.unmasked_restricted_column: warn }", 0, "\"enforcement\": \"warn\""),
        ("enforcement: { privacy.unmasked_restricted_column: off }", 0, "\"errors\": 0"),
        (waiver, 0, "\"reason\": \"r\""),
        ("enforcement: { 'privacy.*': warn }", 1, "governance.layer_override"),
    ] {
        let files = [
            ("meshgate.yaml", root.as_str()),
            ("sales/meshgate.yaml", &*format!("version: 1\n{config}\n")),
            ("sales/c.yaml", &unmasked("c", "sales")),
        ];
        let ran = check(folder(&files).path(), &[]);
        assert_eq!(ran.code, code, "{config}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(shown), "{config}: {}", ran.stdout);
    }
    // Not by another domain, nor by a product of that domain.
    for place in ["finance", "sales/deep"] {
        let config = "version: 1\nenforcement: { privacy.unmasked_restricted_column: warn }\n";
        let here = folder(&[
            ("meshgate.yaml", root.as_str()),
            (&*format!("{place}/meshgate.yaml"), config),
            (&*format!("{place}/c.yaml"), &unmasked("c", "sales")),
        ]);
        let ran = check(here.path(), &[]);
        assert_eq!(ran.code, 1, "{place}");
        assert!(ran.stdout.contains("governance.layer_override"), "{place}: {}", ran.stdout);
    }
    let here = folder(&[("meshgate.yaml", "version: 1\ndelegate: { nobody: ['*'] }\n"), ("c.yaml", CONTRACT)]);
    let ran = check(here.path(), &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stdout.contains("meshgate.yaml:2:13"), "{}", ran.stdout);
}

#[test]
fn a_lower_layer_tightens() {
    let here = folder(&[
        ("meshgate.yaml", &*format!("{ROOT}enforcement: {{ 'privacy.*': warn }}\n")),
        (
            "sales/meshgate.yaml",
            "version: 1\nenforcement: { privacy.unmasked_restricted_column: block }\ndeny_at: warning\nschema: { odcs: error }\n",
        ),
        ("sales/c.yaml", &unmasked("c", "sales")),
        ("finance/c.yaml", &unmasked("d", "finance")),
    ]);
    let report = check(here.path(), &[]).json();
    let modes: Vec<(&Value, &Value)> =
        report["findings"].as_array().unwrap().iter().map(|f| (&f["file"], &f["enforcement"])).collect();
    assert_eq!(modes, [(&"finance/c.yaml".into(), &"warn".into()), (&"sales/c.yaml".into(), &"block".into())]);
    assert_eq!((check(here.path(), &["sales"]).code, check(here.path(), &["finance"]).code), (1, 0));
}

#[test]
fn a_descriptor_cannot_leave_its_domain() {
    let here = folder(&[
        (
            "meshgate.yaml",
            &*format!("{ROOT}select: [{{ rules: privacy.unmasked_restricted_column, where: {{ domain: sales }} }}]\n"),
        ),
        ("sales/c.yaml", &unmasked("c", "elsewhere")),
    ]);
    let report = check(here.path(), &[]).json();
    assert_eq!(rules(&report), ["governance.domain_mismatch", "privacy.unmasked_restricted_column"]);
}

#[test]
fn a_global_configuration_is_above_everything_in_the_tree() {
    let elsewhere = folder(&[("org.yaml", "version: 1\nenforcement: { default: warn, 'privacy.*': block }\n")]);
    let here = folder(&[
        ("meshgate.yaml", "version: 1\nenforcement: { 'privacy.*': off }\n"),
        ("c.yaml", &unmasked("c", "sales")),
    ]);
    let org = elsewhere.path().join("org.yaml");
    let ran = check(here.path(), &["--config", org.to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert_eq!(rules(&ran.json()), ["privacy.unmasked_restricted_column", "governance.layer_override"]);
    let ran = run(here.path(), &["check"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stderr.contains("using meshgate.yaml as the root: no --config or MESHGATE_CONFIG names one"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_configuration_extends_another_one_that_is_pinned() {
    let org = "version: 1\nenforcement: { 'privacy.*': block }\n";
    let digest = {
        let here = folder(&[
            ("org.yaml", org),
            ("meshgate.yaml", "version: 1\nextends: { path: org.yaml, sha256: x }\n"),
            ("c.yaml", CONTRACT),
        ]);
        let ran = run(here.path(), &["check"]);
        assert_eq!(ran.code, 2);
        let said = ran.stderr.split("has the SHA-256 ").nth(1).expect(&ran.stderr).to_owned();
        said.split(',').next().expect("a digest").to_owned()
    };
    let own =
        format!("version: 1\nextends: {{ path: org.yaml, sha256: {digest} }}\nenforcement: {{ 'privacy.*': off }}\n");
    let here = folder(&[("org.yaml", org), ("meshgate.yaml", &own), ("c.yaml", &unmasked("c", "sales"))]);
    let ran = check(here.path(), &[]);
    assert_eq!((ran.code, rules(&ran.json()).len()), (1, 2), "{}", ran.stdout);
    assert!(ran.stdout.contains("governance.layer_override"));
    let bundle = "version: 1\nbundles: [{ name: b, path: b }]\n";
    let digest = {
        let own = "version: 1\nextends: { path: org.yaml, sha256: x }\n";
        let here = folder(&[("org.yaml", bundle), ("meshgate.yaml", own), ("c.yaml", CONTRACT)]);
        run(here.path(), &["check"])
            .stderr
            .split("SHA-256 ")
            .nth(1)
            .expect("a digest")
            .split(',')
            .next()
            .unwrap()
            .to_owned()
    };
    let own = format!("version: 1\nextends: {{ path: org.yaml, sha256: {digest} }}\n");
    let here = folder(&[("org.yaml", bundle), ("meshgate.yaml", &own), ("c.yaml", CONTRACT)]);
    let ran = run(here.path(), &["check"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("org.yaml:2:28: `sha256` is missing: what an extended configuration names must be pinned"),
        "{}",
        ran.stderr
    );
}
