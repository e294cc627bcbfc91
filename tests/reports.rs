//! Every format of reports, over one run that has everything: findings that deny, warn and are waived, a fault, a text that
//! cannot be read, and descriptors that try to write into the report.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

use roxmltree::Document;
use serde_json::Value;
use std::path::Path;
use support::{CONTRACT, folder, golden, root, run};

const FORMATS: [&str; 10] =
    ["text", "concise", "json", "sarif", "junit", "github", "gitlab", "markdown", "html", "tap"];

const CONFIG: &str = "version: 1
bundles: [{ name: b, path: rules }]
enforcement: { quality.told: warn }
waivers:
- rule: privacy.unmasked_restricted_column
  column: iban
  reason: masked in the access layer
  approver: dpo@example.com
  expires: 2999-12-31
  ticket: DG-12
";

const RULES: &str = "# METADATA
# title: A rule that tells
# description: It tells what it sees.
# related_resources: [{ref: 'https://example.com/a b'}]
# custom:
#   severity: error
#   remedy: Do it.
package meshgate.rules.quality.told

findings contains {\"pointer\": \"/id\", \"message\": sprintf(\"id is `%s`\", [input.contracts[0].id]), \"label\": \"this\",
  \"related\": [{\"pointer\": \"/version\", \"message\": \"and its version\"}]} if input.contracts[0]
";

const FAULTY: &str = "# METADATA
# title: A rule that fails
# custom: {severity: error}
package meshgate.rules.quality.faulty

findings contains {\"pointer\": 7, \"message\": \"m\"} if input.contracts[0].id == \"broken\"
";

fn estate() -> tempfile::TempDir {
    let customers = CONTRACT.replace("id: c\n", "id: customers\ndomain: sales\n")
        + "  - name: iban\n    classification: restricted\n  - name: birth_date\n    classification: restricted\n";
    let hostile = CONTRACT.replace("id: c\n", "id: '</script><script>alert(1)</script>'\n")
        + "  - name: \"]]> | `x` <b> & \\\" ' % : , @all \\e[31m\\n::error::gotcha\"\n    classification: restricted\n";
    folder(&[
        ("meshgate.yaml", CONFIG),
        ("rules/told.rego", RULES),
        ("rules/faulty.rego", FAULTY),
        ("sales/customers.yaml", &customers),
        ("sales/a clean, one%.yaml", &CONTRACT.replace("id: c\n", "id: clean\ndomain: sales\n")),
        ("broken.yaml", &CONTRACT.replace("id: c\n", "id: broken\n")),
        ("hostile.yaml", &hostile),
        ("unread.yaml", "kind: DataContract\n  x: ["),
    ])
}

/// Runs once, with every format.
fn reports(folder: &Path) -> Vec<(&'static str, String)> {
    let targets: Vec<String> = FORMATS.iter().map(|format| format!("{format}=out.{format}")).collect();
    let mut args = vec!["check"];
    targets.iter().for_each(|target| args.extend(["--format", target]));
    let ran = run(folder, &args);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    let read = |format: &str| std::fs::read_to_string(folder.join(format!("out.{format}"))).expect("a report");
    FORMATS.iter().map(|format| (*format, read(format))).collect()
}

#[test]
fn every_format_tells_the_same() {
    let here = estate();
    for (format, text) in reports(here.path()) {
        golden(&format!("reports/{format}"), &text);
        for word in [
            "privacy.unmasked_restricted_column",
            "quality.told",
            "read.syntax",
            "quality.faulty",
            "birth_date",
            "masked in the access layer",
        ] {
            // Markup may split a word.
            let plain = text.replace("\\_", "_");
            assert!(plain.contains(word), "{format} does not tell {word}");
        }
        assert!(!text.contains('\u{1b}'), "{format} has an escape sequence");
    }
}

#[test]
fn json_is_of_its_own_schema() {
    let here = estate();
    let schema: Value = run(here.path(), &["schema", "report"]).json();
    let report: Value = serde_json::from_str(&reports(here.path())[2].1).expect("JSON");
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .expect("a schema")
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn sarif_is_valid_and_says_what_is_waived() {
    let here = estate();
    let (_, text) = reports(here.path()).swap_remove(3);
    let sarif: Value = serde_json::from_str(&text).expect("JSON");
    let schema = std::fs::read(root().join("tests/schemas/sarif-2.1.0.json")).expect("the schema");
    let mut schema: Value = serde_json::from_slice(&schema).expect("JSON");
    // The one pattern in it that is no regular expression.
    for of in ["run", "toolComponent"] {
        schema["definitions"][of]["properties"]["language"].as_object_mut().expect("an object").remove("pattern");
    }
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
    let errors: Vec<String> =
        validator.iter_errors(&sarif).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().expect("results");
    let suppressed: Vec<&Value> =
        results.iter().filter(|result| result["suppressions"].as_array().is_some_and(|all| !all.is_empty())).collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(suppressed[0]["suppressions"][0]["kind"], "external");
    assert!(suppressed[0]["suppressions"][0]["justification"].as_str().unwrap().contains("dpo@example.com"));
    for result in results {
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("an index") as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(!rule["help"]["text"].as_str().unwrap().is_empty(), "{rule}");
        assert_eq!(result["partialFingerprints"]["meshgate/v1"].as_str().unwrap().len(), 32);
    }
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    // What only warns is no error there.
    let told = results.iter().find(|result| result["ruleId"] == "quality.told").expect("a result");
    assert_eq!(
        (&told["level"], &told["relatedLocations"][0]["message"]["text"]),
        (&"warning".into(), &"and its version".into())
    );
    assert!(text.contains("\"uri\": \"sales/a%20clean,%20one%25.yaml\""), "{text}");
}

#[test]
fn junit_counts_what_it_lists() {
    let here = estate();
    let (_, text) = reports(here.path()).swap_remove(4);
    let xml = Document::parse(&text).expect("XML");
    let suites = xml.root_element();
    let count =
        |node: &roxmltree::Node<'_, '_>, name: &str| node.descendants().filter(|n| n.has_tag_name(name)).count();
    let said =
        |node: &roxmltree::Node<'_, '_>, name: &str| node.attribute(name).expect(name).parse::<usize>().expect(name);
    let with = |node: &roxmltree::Node<'_, '_>, name: &str| {
        node.descendants()
            .filter(|n| n.has_tag_name("testcase") && n.children().any(|child| child.has_tag_name(name)))
            .count()
    };
    assert_eq!(said(&suites, "tests"), count(&suites, "testcase"));
    for suite in suites.children().filter(|node| node.has_tag_name("testsuite")) {
        assert_eq!(said(&suite, "tests"), count(&suite, "testcase"));
        assert_eq!(said(&suite, "failures") + said(&suite, "errors"), with(&suite, "failure") + with(&suite, "error"));
        assert_eq!(said(&suite, "skipped"), with(&suite, "skipped"));
    }
    // Rules that held have names, too.
    let customers =
        suites.children().find(|node| node.attribute("name") == Some("sales/customers.yaml")).expect("a suite");
    let names: Vec<&str> = customers.descendants().filter_map(|node| node.attribute("name")).skip(1).collect();
    assert!(names.contains(&"quality.sla_missing"), "{names:?}");
    // What the grammar of Jenkins' schema allows, and no more; `schemas/junit-check` holds it against the schema itself.
    for node in suites.descendants().filter(|node| node.is_element()) {
        let (attributes, children): (&[&str], &[&str]) = match node.tag_name().name() {
            "testsuites" => (&["name", "tests", "failures", "errors"], &["testsuite"]),
            "testsuite" => (&["name", "tests", "failures", "errors", "skipped"], &["testcase"]),
            "testcase" => (&["name", "classname"], &["skipped", "error", "failure", "system-out"]),
            "failure" | "error" | "skipped" => (&["type", "message"], &[]),
            "system-out" => (&[], &[]),
            other => panic!("`{other}`"),
        };
        assert!(node.attributes().all(|attribute| attributes.contains(&attribute.name())), "{node:?}");
        assert!(
            node.children()
                .filter(roxmltree::Node::is_element)
                .all(|child| children.contains(&child.tag_name().name()))
        );
    }
}

#[test]
fn no_descriptor_writes_into_a_report() {
    let here = estate();
    let reports = reports(here.path());
    let of = |wanted: &str| &reports.iter().find(|(format, _)| *format == wanted).expect("a report").1;
    for line in of("github").lines() {
        assert!(["::error ", "::warning ", "::notice ", "denied"].iter().any(|word| line.starts_with(word)), "{line}");
    }
    let html = of("html");
    assert_eq!(html.matches("<script>").count(), 1);
    assert!(!html.contains("<b> &") && !html.contains("alert(1)</script>"));
    let tap = of("tap");
    let points = tap.lines().filter(|line| line.starts_with("ok ") || line.starts_with("not ok ")).count();
    assert!(tap.starts_with(&format!("TAP version 14\n1..{points}\n")), "{tap}");
    for row in of("markdown").lines().filter(|line| line.starts_with("| error") || line.starts_with("| warning")) {
        let bars = row.replace("\\|", "").matches('|').count();
        assert_eq!(bars, 5, "{row}");
        // Within a quote nothing is markup.
        let outside: String = row.split('`').step_by(2).collect();
        assert!(!outside.contains("@all") && !outside.contains("<b>"), "{row}");
    }
    let issues: Value = serde_json::from_str(of("gitlab")).expect("JSON");
    let mut prints: Vec<&str> = issues.as_array().unwrap().iter().map(|i| i["fingerprint"].as_str().unwrap()).collect();
    let all = prints.len();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), all);
}

#[test]
fn what_is_found_has_the_same_fingerprint_wherever_it_stands() {
    let prints = |text: &str| -> Vec<String> {
        let here = folder(&[("c.yaml", text)]);
        let issues = run(here.path(), &["check", "--format", "gitlab"]).json();
        issues.as_array().unwrap().iter().map(|issue| issue["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let text = CONTRACT.to_owned() + "  - name: iban\n    classification: restricted\n";
    let moved = CONTRACT
        .replace("schema:\n", "# a comment\nschema:\n- name: new\n  properties: [{name: x, classification: public}]\n")
        + "  - name: iban\n    classification: restricted\n";
    assert_eq!(prints(&text), prints(&moved));
    assert_ne!(prints(&text), prints(&text.replace("iban", "bic")));
}

#[test]
fn github_gets_a_summary_beside_the_annotations() {
    let here = estate();
    let summary = here.path().join("summary.md");
    std::fs::write(&summary, "before\n").expect("a file");
    let mut command = support::meshgate(here.path());
    let output = command
        .args(["check", "--format", "github"])
        .env("GITHUB_STEP_SUMMARY", &summary)
        .output()
        .expect("the program");
    assert_eq!(output.status.code(), Some(1));
    let text = std::fs::read_to_string(&summary).expect("a file");
    assert!(text.starts_with("before\n### Meshgate: denied\n"), "{text}");
}

#[test]
fn formats_are_named_and_have_one_standard_output() {
    let here = folder(&[("c.yaml", CONTRACT)]);
    for (args, said) in [
        (vec!["--format", "xml"], "format `xml` is not one of `text`, `concise`, `json`"),
        (vec!["--format", "json="], "`json=` names no file"),
        (vec!["--format", "json", "--format", "sarif"], "two formats for standard output"),
        (vec!["--format", "sarif=nowhere/x.sarif"], "nowhere/x.sarif cannot be written"),
    ] {
        let mut all = vec!["check"];
        all.extend(args);
        let ran = run(here.path(), &all);
        assert!(ran.code == 2 && ran.stderr.contains(said), "{all:?}: {}", ran.stderr);
    }
}

#[test]
fn a_large_report_fits_into_a_comment_and_says_what_is_left_out() {
    let columns: String =
        (0..2000).map(|n| format!("  - name: column_{n}\n    classification: restricted\n")).collect();
    let here = folder(&[("c.yaml", &(CONTRACT.to_owned() + &columns))]);
    let text = run(here.path(), &["check", "--format", "markdown"]).stdout;
    assert!(text.len() < 65_000, "{}", text.len());
    let more = text.lines().find(|line| line.starts_with("and ")).expect("the rest");
    let rows = text.lines().filter(|line| line.starts_with("| error")).count();
    assert_eq!(more, format!("and {} more", 2000 - rows));
}
