//! The configuration as a platform team writes it: where rules apply, what is done about findings, and what it gets wrong.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

use serde_json::{Value, json};
use support::{CONTRACT, CUSTOMERS, check, folder, rule, rules, run, write};

#[test]
fn a_wrong_configuration_is_told_at_its_place() {
    let waiver_without = |key: &str| {
        let lines: Vec<&str> =
            "- rule: privacy.unmasked_restricted_column\n  reason: r\n  approver: a\n  expires: 2099-01-01"
                .lines()
                .filter(|line| !line.contains(key))
                .collect();
        format!("waivers:\n{}\n", lines.join("\n"))
    };
    for (text, said) in [
        (
            "enforcement: { privacy.unmasked_restrcted_column: warn }\n".to_owned(),
            "fault[meshgate.yaml:2:16]: there is no rule `privacy.unmasked_restrcted_column`; did you mean `privacy.unmasked_restricted_column`?",
        ),
        ("enforcement: { 'nothing.*': warn }\n".to_owned(), "no rule is covered by `nothing.*`"),
        (
            "enforcement: { 'read.*': warn }\n".to_owned(),
            "what cannot be read, and what breaks the law of layers, always denies",
        ),
        (
            "enforcement: { default: loud }\n".to_owned(),
            "enforcement `loud` is not one of `block`, `warn`, `audit`, `off`",
        ),
        ("enforcement: { default: { mode: warn, until: 2027-01-01 } }\n".to_owned(), "`until` needs `then`"),
        (
            "enforcement: { default: { mode: warn, until: tomorrow, then: block } }\n".to_owned(),
            "`until`: `tomorrow` is not a day",
        ),
        ("enforcement: { default: { mode: warn, form: x } }\n".to_owned(), "unknown field `form`"),
        ("select: [{ rules: 'privcy.*', where: { stage: prod } }]\n".to_owned(), "no rule is covered by `privcy.*`"),
        ("select: [{ rules: 'privacy.*', where: {} }]\n".to_owned(), "`where` says nothing"),
        ("select: [{ rules: 'privacy.*', where: { format: oddcs } }]\n".to_owned(), "`oddcs` is none of `dpds`"),
        (
            "select: [{ rules: 'privacy.*', where: { stages: prod } }]\n".to_owned(),
            "unknown field `stages`, expected one of",
        ),
        ("select: [{ rules: [], where: { stage: prod } }]\n".to_owned(), "the list is empty"),
        (waiver_without("expires"), "missing field `expires`"),
        (waiver_without("approver"), "missing field `approver`"),
        (waiver_without("reason"), "missing field `reason`"),
        (
            waiver_without("nothing").replace("2099-01-01", "2099-02-30"),
            "meshgate.yaml:6:12: `2099-02-30` is not a day",
        ),
        (waiver_without("nothing").replace("reason: r", "reason: ' '"), "a waiver says why"),
        (waiver_without("nothing").replace("privacy.unmasked_restricted_column", "'*'"), "this one would cover all"),
        (waiver_without("nothing").replace("unmasked", "unmaksed"), "fault[meshgate.yaml:3:9]: there is no rule"),
        ("baseline: none.json\n".to_owned(), "`meshgate baseline` writes it"),
    ] {
        let here = folder(&[("meshgate.yaml", &*format!("version: 1\n{text}")), ("c.yaml", CUSTOMERS)]);
        let ran = run(here.path(), &["check"]);
        assert_eq!(ran.code, 2, "{text}: {}{}", ran.stdout, ran.stderr);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(all.contains(said), "{text}: {all}");
    }
}

#[test]
fn a_gate_that_checked_nothing_says_so() {
    let nothing = "version: 1\nselect: [{ rules: '*', where: { stage: prod } }]\n";
    let here = folder(&[("meshgate.yaml", nothing), ("c.yaml", CUSTOMERS)]);
    for args in [vec!["check"], vec!["check", "c.yaml"], vec!["check", "--stage", "dev"]] {
        let ran = run(here.path(), &args);
        assert_eq!(ran.code, 2, "{args:?}: {}{}", ran.stdout, ran.stderr);
        assert!(
            ran.stderr.contains("leaves no rule") || ran.stderr.contains("leaves none"),
            "{args:?}: {}",
            ran.stderr
        );
        assert!(ran.stdout.starts_with("denied"), "{}", ran.stdout);
    }
    assert_eq!(run(here.path(), &["check", "--stage", "prod"]).code, 1);
    let off = folder(&[
        ("meshgate.yaml", "version: 1\nenforcement: { '*': off }\nschema: { odcs: off }\n"),
        ("c.yaml", CUSTOMERS),
    ]);
    assert_eq!(run(off.path(), &["check"]).code, 2);
}

#[test]
fn arguments_may_stand_in_the_environment() {
    let here = folder(&[("c.yaml", &CUSTOMERS.replace("restricted", "internal"))]);
    let mut command = support::meshgate(here.path());
    command.args(["check"]).env("MESHGATE_FORMAT", "concise,json=r.json").env("MESHGATE_STAGE", "prod");
    let output = command.output().expect("the program");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("allowed"));
    let report: Value = serde_json::from_slice(&std::fs::read(here.path().join("r.json")).unwrap()).unwrap();
    assert_eq!(report["verdict"], "allow");
    let output = support::meshgate(here.path()).args(["check"]).env("MESHGATE_DENY_AT", "loud").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn pages_show_configurations_that_are_valid() {
    let here = folder(&[]);
    let schema = run(here.path(), &["schema", "config"]).json();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let keys: Vec<String> = schema["properties"].as_object().expect("keys").keys().cloned().collect();
    let mut all = 0;
    let template = run(here.path(), &["init"]);
    assert_eq!(template.code, 0);
    // What the template has commented out is meant to be uncommented.
    let template = std::fs::read_to_string(here.path().join("meshgate.yaml")).expect("the template");
    let said = |line: &str| {
        let bare = line.trim_start_matches("# ").trim_start();
        let key = bare.split(':').next().unwrap_or_default();
        keys.iter().any(|known| known == key) || (line.starts_with("#   ") && !bare.is_empty())
    };
    let lines: Vec<String> = template
        .lines()
        .filter(|line| !line.starts_with('#') || said(line))
        .map(|line| line.strip_prefix("# ").unwrap_or(line).to_owned())
        .collect();
    let mut texts = vec![("the template".to_owned(), lines.join("\n") + "\n")];
    for page in [
        "README.md",
        "docs/governance.md",
        "docs/conftest.md",
        "docs/ci.md",
        "docs/sidecar.md",
        "docs/operations.md",
        "docs/library.md",
        "plugins/README.md",
    ] {
        let text = std::fs::read_to_string(support::root().join(page)).expect(page);
        texts.extend(configurations(&text, &keys).into_iter().map(|block| (page.to_owned(), block)));
    }
    for (page, block) in texts {
        write(here.path(), "block.yaml", block.as_bytes());
        let ran = run(here.path(), &["eval", "input", "-i", "block.yaml", "--format", "raw"]);
        assert_eq!(ran.code, 0, "{page}: {block}{}", ran.stderr);
        let errors: Vec<String> =
            validator.iter_errors(&ran.json()).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{page}: {block}{errors:?}");
        // And the program reads it: what it may miss are files and rules.
        write(here.path(), "c.yaml", CONTRACT.as_bytes());
        let ran = run(here.path(), &["check", "c.yaml", "--config", "block.yaml"]);
        let wrong = ran.stderr.lines().any(|line| line.contains("block.yaml:") && !line.starts_with("warning"));
        assert!(!wrong, "{page}: {block}{}", ran.stderr);
        all += 1;
    }
    assert!(all > 8, "{all}");
}

#[test]
fn stages_are_stages_whatever_their_case() {
    let config = "version: 1\nenforcement: { 'privacy.*': { mode: audit, stages: { Prod: block } } }\n";
    let here = folder(&[("meshgate.yaml", config), ("c.yaml", CUSTOMERS)]);
    for (stage, code) in [("prod", 1), ("PROD", 1), ("dev", 0)] {
        assert_eq!(check(here.path(), &["--stage", stage]).code, code, "{stage}");
    }
    let off = folder(&[("meshgate.yaml", "version: 1\nenforcement: { default: off }\n"), ("c.yaml", CUSTOMERS)]);
    assert_eq!(check(off.path(), &[]).code, 2);
}

#[test]
fn what_is_done_about_findings_is_the_platforms_to_say() {
    let masked = "privacy.unmasked_restricted_column";
    for (enforcement, args, code, mode) in [
        ("{ default: warn }".to_owned(), vec![], 0, Some("warn")),
        (format!("{{ default: block, {masked}: audit }}"), vec![], 0, Some("audit")),
        (format!("{{ 'privacy.*': off, {masked}: block }}"), vec![], 1, Some("block")),
        ("{ 'privacy.*': off }".to_owned(), vec![], 0, None),
        (
            format!("{{ {masked}: {{ mode: warn, until: 2030-01-01, then: block }} }}"),
            vec!["--at", "2029-12-31"],
            0,
            Some("warn"),
        ),
        (
            format!("{{ {masked}: {{ mode: warn, until: 2030-01-01, then: block }} }}"),
            vec!["--at", "2030-01-01"],
            1,
            Some("block"),
        ),
        (
            format!("{{ {masked}: {{ mode: warn, stages: {{ prod: block }} }} }}"),
            vec!["--stage", "prod"],
            1,
            Some("block"),
        ),
        (
            format!("{{ {masked}: {{ mode: warn, stages: {{ prod: block }} }} }}"),
            vec!["--stage", "dev"],
            0,
            Some("warn"),
        ),
        (
            format!(
                "{{ {masked}: {{ mode: off, stages: {{ prod: {{ mode: warn, until: 2030-01-01, then: block }} }} }} }}"
            ),
            vec!["--stage", "prod", "--at", "2031-01-01"],
            1,
            Some("block"),
        ),
    ] {
        let here =
            folder(&[("meshgate.yaml", &*format!("version: 1\nenforcement: {enforcement}\n")), ("c.yaml", CUSTOMERS)]);
        let ran = check(here.path(), &args);
        assert_eq!(ran.code, code, "{enforcement} {args:?}: {}{}", ran.stdout, ran.stderr);
        let report = ran.json();
        let found = report["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == masked);
        assert_eq!(found.map(|finding| finding["enforcement"].as_str().unwrap()), mode, "{enforcement} {args:?}");
    }
    // The severity is the rule's: what only warns is still an error.
    let here = folder(&[("meshgate.yaml", "version: 1\nenforcement: { default: warn }\n"), ("c.yaml", CUSTOMERS)]);
    let ran = run(here.path(), &["check"]);
    assert!(ran.stdout.contains("= note: does not deny: it is enforced as `warn`"), "{}", ran.stdout);
    assert!(ran.stdout.contains("allowed: 2 errors"), "{}", ran.stdout);
    // A threshold below does not change that; without enforcement it would.
    assert_eq!(run(here.path(), &["check", "--deny-at", "info"]).code, 0);
}

#[test]
fn rules_apply_where_they_are_selected() {
    let on = |place: &str| {
        format!("version: 1\nselect: [{{ rules: privacy.unmasked_restricted_column, where: {place} }}]\n")
    };
    let both = "version: 1\nselect:\n- { rules: 'privacy.*', where: { stage: prod } }\n- { rules: 'privacy.unmasked*', where: { tags: crm } }\n";
    for (config, args, found) in [
        (on("{ domain: sales }"), vec![], true),
        (on("{ domain: [finance, SALES] }"), vec![], true),
        (on("{ domain: finance }"), vec![], false),
        (on("{ stage: prod }"), vec!["--stage", "prod"], true),
        (on("{ stage: prod }"), vec!["--stage", "dev"], false),
        (on("{ stage: prod }"), vec![], false),
        (on("{ event: '*_CREATION' }"), vec!["--event", "DATA_PRODUCT_VERSION_CREATION"], true),
        (on("{ format: odcs, kind: data-contract }"), vec![], true),
        (on("{ format: dpds }"), vec![], false),
        (on("{ tags: [nope, PII] }"), vec![], true),
        (on("{ tags: nope }"), vec![], false),
        (on("{ id: 'cust*' }"), vec![], true),
        (on("{ id: orders }"), vec![], false),
        (on("{ labels: { team: checkout } }"), vec!["--label", "team=checkout"], true),
        (on("{ labels: { team: checkout } }"), vec!["--label", "team=crm"], false),
        (on("{ labels: { team: checkout } }"), vec![], false),
        (both.to_owned(), vec![], true),
    ] {
        let here = folder(&[("meshgate.yaml", &config), ("c.yaml", CUSTOMERS)]);
        let ran = check(here.path(), &args);
        assert_eq!(
            rules(&ran.json()).contains(&"privacy.unmasked_restricted_column"),
            found,
            "{config} {args:?}: {}",
            ran.stderr
        );
        let mut list = vec!["rules", "list", "--for", "c.yaml", "--format", "json"];
        list.extend(&args);
        let listed = run(here.path(), &list).json();
        let rule = listed[0]["rules"]
            .as_array()
            .unwrap()
            .iter()
            .find(|rule| rule["id"] == "privacy.unmasked_restricted_column");
        assert_eq!(rule.expect("the rule")["applies"], found, "{config} {args:?}");
    }
    let here = folder(&[("meshgate.yaml", &*on("{ stage: prod }")), ("c.yaml", CUSTOMERS)]);
    assert!(check(here.path(), &[]).stderr.contains("no --stage is given: 1 rule is selected by stage"));
    let why = run(here.path(), &["rules", "list", "--for", "c.yaml", "--stage", "dev"]).stdout;
    assert!(why.contains("its stage is `dev`, not `prod`"), "{why}");
}

#[test]
fn a_rule_has_a_life() {
    let rule = |more: &str| {
        format!(
            "# METADATA\n# title: t\n# custom:\n#   severity: error\n{more}package meshgate.rules.quality.young\n\n\
             findings contains {{\"pointer\": \"\", \"message\": \"m\"}} if true\n"
        )
    };
    for (more, at, code, mode) in [
        ("#   lifecycle: draft\n", "2026-01-01", 0, "audit"),
        ("#   lifecycle: deprecated\n", "2026-01-01", 1, "block"),
        ("#   lifecycle: enabled\n", "2026-01-01", 1, "block"),
        ("#   effective_on: 2026-06-01\n", "2026-05-31", 0, "warn"),
        ("#   effective_on: 2026-06-01\n", "2026-06-01", 1, "block"),
    ] {
        let here = folder(&[("b/young.rego", &*rule(more)), ("c.yaml", CONTRACT)]);
        let ran = check(here.path(), &["--bundle", "b", "--no-embedded", "--at", at]);
        assert_eq!((ran.code, &ran.json()["findings"][0]["enforcement"]), (code, &json!(mode)), "{more} {at}");
    }
    for (more, said) in [
        ("#   lifecycle: old\n", "lifecycle `old` is not one of `draft`, `enabled`, `deprecated`"),
        ("#   effective_on: soon\n", "`effective_on`: `soon` is not a day"),
    ] {
        let here = folder(&[("b/young.rego", &*rule(more)), ("c.yaml", CONTRACT)]);
        let ran = check(here.path(), &["--bundle", "b"]);
        assert!(ran.code == 2 && ran.stdout.contains(said), "{more}: {}", ran.stdout);
    }
}

/// The YAML of a page's configurations, each with its `version`.
fn configurations(page: &str, keys: &[String]) -> Vec<String> {
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let first = |block: &str| {
        let line = block.lines().find(|line| !line.starts_with('#') && !line.is_empty());
        line.and_then(|line| line.split(':').next()).unwrap_or_default().to_owned()
    };
    let ours = blocks.filter(|block| keys.contains(&first(block)));
    ours.map(|block| if block.contains("version: 1\n") { block.to_owned() } else { format!("version: 1\n{block}") })
        .collect()
}

#[test]
fn a_bundle_may_be_pinned() {
    let rule = rule("quality", "own", "warning");
    let config = |sha: &str| format!("version: 1\nbundles: [{{ name: b, path: b, sha256: {sha} }}]\n");
    let here = folder(&[("meshgate.yaml", &config("'00'")), ("b/own.rego", &rule), ("c.yaml", CONTRACT)]);
    let ran = check(here.path(), &[]);
    assert_eq!(ran.code, 2);
    let fault = ran.json()["faults"][0]["message"].as_str().unwrap().to_owned();
    let digest = fault.split_whitespace().find(|word| word.len() == 65).expect(&fault).trim_end_matches(',').to_owned();
    write(here.path(), "meshgate.yaml", config(&digest).as_bytes());
    assert_eq!(check(here.path(), &[]).code, 0);
    write(here.path(), "b/data.json", b"{\"own\": 1}");
    assert_eq!(check(here.path(), &[]).code, 2);
}
