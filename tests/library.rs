//! The embedded rules as a governance team has them: profiles choose among them, parameters set them.
//!
//! Deliberately absent: what each rule finds; its own tests and examples say so.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

use std::path::Path;
use support::{Ran, folder, meshgate, rules};

const CONTRACT: &str = "apiVersion: v3.1.0\nkind: DataContract\nid: c\nname: orders\nversion: 1.0.0\nstatus: active\n\
    description: { purpose: Delivery of orders to customers. }\nslaProperties: [{ property: retention, value: 5, unit: y }]\n\
    schema: [{ name: orders, properties: [{ name: email, logicalType: string, classification: confidential }] }]\n";

/// Without the profile that other tests choose.
fn run(here: &Path, args: &[&str]) -> Ran {
    let ran = meshgate(here).env_remove("MESHGATE_PROFILE").args(args).output().expect("the program");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: ran.status.code().expect("a code"), stdout: text(ran.stdout), stderr: text(ran.stderr) }
}

#[test]
fn a_profile_chooses_the_rules_in_force() {
    let here = folder(&[("c.yaml", CONTRACT), ("strict.yaml", "version: 1\nprofiles: [baseline, gdpr]\n")]);
    let counted = |args: &[&str]| {
        let report = run(here.path(), &[&["check", "c.yaml", "--format", "json"], args].concat()).json();
        report["summary"]["rules"].as_u64().expect("a number")
    };
    let (usual, strict, all) = (counted(&[]), counted(&["--profile", "strict"]), counted(&["--profile", "all"]));
    assert_eq!(usual, counted(&["--profile", "baseline"]));
    assert!(6 < usual && usual < strict && strict == all, "{usual} {strict} {all}");
    let both = counted(&["--config", "strict.yaml"]);
    assert!(usual < both && both < all, "{both}");
    // What is said on the command line goes before the configuration.
    assert_eq!(counted(&["--config", "strict.yaml", "--profile", "starter"]), 6);
    assert_eq!(counted(&["--profile", "baseline,gdpr"]), both);
    let list = run(here.path(), &["rules", "list"]);
    assert!(list.stderr.contains("more in other profiles (gdpr, production, strict)"), "{}", list.stderr);
    let shown = run(here.path(), &["explain", "retention.too_long"]).stdout;
    for wanted in ["strict, gdpr; none of them is chosen", "max_years: 10", "Years that personal data may be kept."] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
}

#[test]
fn a_profile_that_is_none_is_refused() {
    let here = folder(&[("c.yaml", CONTRACT), ("wrong.yaml", "version: 1\nprofiles:\n  - basline\n")]);
    let ran = run(here.path(), &["check", "c.yaml", "--profile", "lax"]);
    assert!(
        ran.code == 2 && ran.stdout.contains("there is no profile `lax`; there are `baseline`, "),
        "{}",
        ran.stdout
    );
    let ran = run(here.path(), &["check", "c.yaml", "--config", "wrong.yaml"]);
    assert!(ran.code == 2 && ran.stdout.contains("wrong.yaml:3:5"), "{}", ran.stdout);
    assert!(ran.stdout.contains("there is no profile `basline`"), "{}", ran.stdout);
}

#[test]
fn parameters_are_set_by_the_configuration_and_checked() {
    let config = |params: &str| format!("version: 1\nprofiles: [gdpr]\nparams:\n  {params}\n");
    let here = folder(&[("c.yaml", CONTRACT)]);
    let found = |params: &str| {
        support::write(here.path(), "meshgate.yaml", config(params).as_bytes());
        run(here.path(), &["check", "c.yaml", "--format", "json"])
    };
    assert!(!rules(&found("{}").json()).contains(&"retention.too_long"));
    let strict = found("retention.too_long: { max_years: 2 }");
    assert!(rules(&strict.json()).contains(&"retention.too_long"), "{}", strict.stdout);
    // What is compiled in is known, in force or not.
    let rule = "# METADATA\n# title: Never\n# custom:\n#   severity: info\npackage meshgate.rules.own.never\n\nfindings contains {} if false\n";
    support::write(here.path(), "rules/never.rego", rule.as_bytes());
    let ran = run(here.path(), &["check", "c.yaml", "--no-embedded", "--bundle", "rules", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    for (params, said) in [
        (
            "retention.too_long: { max_yeers: 2 }",
            "the rule `retention.too_long` has no parameter `max_yeers`; it has `max_years`",
        ),
        ("retention.too_long: { max_years: two }", "is not of type"),
        (
            "retention.too_lng: { max_years: 2 }",
            "there is no rule `retention.too_lng` here; did you mean `retention.too_long`?",
        ),
        ("ownership.owner_missing: { x: 1 }", "has no parameter `x`; it has none"),
    ] {
        let ran = found(params);
        assert!(ran.code == 2 && ran.stdout.contains(said), "{params}: {}", ran.stdout);
    }
}

#[test]
fn a_bundles_own_rules_have_parameters_and_profiles_too() {
    let rule = |params: &str| {
        format!(
            "# METADATA\n# title: Too many columns\n# custom:\n#   severity: error\n#   profiles: [wide]\n#   params:\n#     most: {params}\n\
             package meshgate.rules.shape.too_wide\n\nimport data.meshgate.params.shape.too_wide as params\n\n\
             findings contains {{\"pointer\": table.pointer, \"message\": \"too wide\"}} if {{\n\tsome table in input.contracts[_].schema\n\tcount(table.columns) > params.most\n}}\n"
        )
    };
    let here = folder(&[("c.yaml", CONTRACT)]);
    let check = |params: &str, more: &[&str]| {
        support::write(here.path(), "rules/too_wide.rego", rule(params).as_bytes());
        let args = ["check", "c.yaml", "--no-embedded", "--bundle", "rules", "--format", "json"];
        run(here.path(), &[&args, more].concat())
    };
    let most = "{ description: Columns., default: 0, type: integer }";
    assert_eq!(rules(&check(most, &["--profile", "wide"]).json()), ["shape.too_wide"]);
    assert!(!rules(&check(most, &[]).json()).contains(&"shape.too_wide"));
    for (params, said) in [
        ("{ description: Columns., type: integer }", "`params.most` has no `default`"),
        ("{ default: 1 }", "`params.most` has no `description`"),
        (
            "{ description: Columns., default: many, type: integer }",
            "`params.most`: its default is not what it must be",
        ),
    ] {
        let ran = check(params, &["--profile", "wide"]);
        assert!(ran.code == 2 && ran.stdout.contains(said), "{params}: {}", ran.stdout);
    }
}

/// Values that no rule may stumble over, wherever they stand.
const ODD: &[&str] = &[
    "\"05\"",
    "\"5_0\"",
    "1e999",
    "-0",
    "\"\u{665}\u{660}\"",
    "{a: {b: [1]}}",
    "[{a: 1}, {b: ~}]",
    "\"-----BEGIN PRIVATE KEY-----\"",
    "123456789012345678901234567890",
    "\"\\0\"",
    "[password, 7]",
    "{password: 123456, property: 5, value: [x]}",
    "5",
    "true",
    "[1, x]",
    "~",
    "\"a b\"",
    "-1.5",
    "[[1]]",
    "2024-01-01",
    "\"\"",
    "\"\\u202e\"",
    "\"(\"",
    "!!binary AA==",
];

/// Gives a line of YAML (`key: value`) another value.
fn with_value(line: &str, value: &str) -> Option<String> {
    let (key, old) = line.split_once(": ")?;
    let plain = |c: char| c.is_alphanumeric() || " -_\"$".contains(c);
    (!old.trim().is_empty() && key.chars().all(plain)).then(|| format!("{key}: {value}"))
}

#[test]
fn no_rule_of_the_library_stumbles_over_a_value() {
    let here = folder(&[]);
    let policies = support::root().join("policies");
    let (mut open, mut number) = (vec![policies], 0_usize);
    while let Some(folder) = open.pop() {
        let mut paths: Vec<_> =
            std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let name = path.display().to_string();
            if path.is_dir() {
                open.push(path);
            } else if name.contains("/examples/") && name.ends_with(".yaml") {
                let text = std::fs::read_to_string(&path).expect("a text");
                let lines: Vec<&str> = text.lines().collect();
                for (at, line) in lines.iter().enumerate() {
                    number += 1;
                    let Some(line) = with_value(line, ODD[number * 7 % ODD.len()]).filter(|_| number.is_multiple_of(5))
                    else {
                        continue;
                    };
                    let mut mutant = lines.clone();
                    mutant[at] = &line;
                    support::write(here.path(), &format!("{number}.yaml"), mutant.join("\n").as_bytes());
                }
            }
        }
    }
    let mutants = std::fs::read_dir(here.path()).expect("a folder").count();
    assert!(mutants > 500, "{mutants}");
    let profiles = "starter,baseline,strict,gdpr,production";
    let report = run(here.path(), &["check", ".", "--format", "json", "--mesh", "--profile", profiles]).json();
    let stumbled: Vec<_> = report["faults"].as_array().expect("faults").iter().take(5).collect();
    assert!(stumbled.is_empty(), "{stumbled:#?}");
}
