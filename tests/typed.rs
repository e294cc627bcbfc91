//! What can never hold is refused before anything is evaluated, by every command: rules and access policies are held to the
//! model, modules to their own types.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

use support::{CONTRACT, folder, run};

/// A rule with a body, its pointer being the whole.
fn rule(body: &str) -> String {
    format!(
        "# METADATA\n# title: t\n# custom:\n#   severity: error\npackage meshgate.rules.q.typo\n\nfindings contains {{\"pointer\": \"\", \"message\": \"m\"}} if {{\n{body}}}\n"
    )
}

const SLIPS: &str = "\tsome contract in input.contrcts\n\tsome table in contract.schema\n\tnot table.descriptoin\n";
const CONFIG: &str = "version: 1\nbundles: [{name: b, path: b}]\n";

/// Both slips are told, also the one that is only seen behind the other, at their words.
const WANTED: [&str; 2] = [
    "typo.rego:8:25: rego_type_error: undefined ref: input.contrcts[_]; did you mean `contracts`?",
    "typo.rego:10:12: rego_type_error: undefined ref: table.descriptoin; did you mean `description`?",
];

#[test]
fn a_field_that_the_model_does_not_have_is_refused_by_every_command() {
    let here = folder(&[("meshgate.yaml", CONFIG), ("b/typo.rego", &rule(SLIPS)), ("c.yaml", CONTRACT)]);
    for args in [
        &["lint", "b"][..],
        &["test", "b"],
        &["check", "c.yaml", "--config", "meshgate.yaml"],
        &["serve", "c.yaml", "--config", "meshgate.yaml", "--listen", "127.0.0.1:0", "--admin", "off"],
        &["eval", "data.meshgate.rules.q.typo", "-d", "b", "--format", "pretty"],
    ] {
        let ran = run(here.path(), args);
        let said = format!("{}{}", ran.stdout, ran.stderr).replace("error[rego_type_error]", "rego_type_error");
        assert_ne!(ran.code, 0, "{args:?}: {said}");
        for wanted in WANTED {
            let (place, message) = wanted.split_once(": rego").expect("a place");
            assert!(said.contains(place) && said.contains(&format!("rego{message}")[..60]), "{args:?}: {said}");
        }
    }
}

#[test]
fn for_one_release_errors_of_types_may_be_warnings() {
    let text = rule(SLIPS);
    for files in [
        &[
            ("meshgate.yaml", "version: 1\nbundles: [{name: b, path: b}]\nrego: {types: warn}\n"),
            ("b/typo.rego", &text),
        ][..],
        &[("meshgate.yaml", CONFIG), ("b/.manifest", "{\"types\": \"warn\"}"), ("b/typo.rego", &text)],
    ] {
        let here = folder(files);
        support::write(here.path(), "c.yaml", CONTRACT.as_bytes());
        let ran = run(here.path(), &["check", "c.yaml", "--config", "meshgate.yaml", "--no-embedded"]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(WANTED[0]) && ran.stderr.contains(WANTED[1]), "{}", ran.stderr);
    }
    let here = folder(&[("b/.manifest", "{\"types\": \"warn\"}"), ("b/typo.rego", &text)]);
    let ran = run(here.path(), &["lint", "b"]);
    assert!(ran.code == 0 && ran.stdout.contains("warning[rego_type_error]"), "{}", ran.stdout);
    let here = folder(&[("b/.manifest", "{\"types\": \"no\"}"), ("b/typo.rego", &text)]);
    let ran = run(here.path(), &["lint", "b"]);
    assert!(ran.code == 2 && ran.stderr.contains("`types` is neither `error` nor `warn`"), "{}", ran.stderr);
}

#[test]
fn who_brings_an_input_of_its_own_is_held_to_none() {
    let free = "package main\n\ndeny contains \"m\" if input.whatever.it.is\n";
    let raw = rule("\tinput.kindd == \"x\"\n");
    let here = folder(&[("p/deny.rego", free), ("raw/.manifest", "{\"input\": \"raw\"}"), ("raw/a.rego", &raw)]);
    for path in ["p", "raw"] {
        let ran = run(here.path(), &["lint", path]);
        assert_eq!(ran.code, 0, "{}", ran.stdout);
    }
}

#[test]
fn access_policies_are_held_to_the_request_and_the_products() {
    let policy =
        |body: &str| format!("package meshgate.access\n\ngrants contains {{\"reason\": \"r\"}} if {{\n{body}}}\n");
    for (body, says) in [
        ("\tinput.subject.group[_] == \"a\"\n", Some("3:16")),
        ("\tinput.resource.prodct == \"a\"\n", Some("did you mean `product`?")),
        ("\tinput.action == 1\n", Some("match error")),
        (
            "\tsome product in data.meshgate.products\n\tproduct.produkt.name == \"a\"\n",
            Some("did you mean `product`?"),
        ),
        ("\tinput.context.anything.at.all == input.subject.attributes.clearance\n", None),
        ("\tdata.meshgate.products[input.resource.product].product.domain in data.domains\n", None),
        ("\tdata.meshgate.products[input.resource.product].raw.whatever == 1\n", None),
    ] {
        let here = folder(&[("b/access.rego", &policy(body))]);
        let ran = run(here.path(), &["lint", "b"]);
        match says {
            Some(says) => {
                assert!(ran.code == 1 && ran.stdout.contains("error[rego_type_error]"), "{body}: {says} {}", ran.stdout)
            }
            None => assert_eq!(ran.code, 0, "{body}: {}", ran.stdout),
        }
        if let Some(says) = says.filter(|says| !says.starts_with("3:")) {
            assert!(ran.stdout.contains(says), "{body}: {}", ran.stdout);
        }
    }
}

#[test]
fn what_is_odd_about_a_module_is_told_at_its_line() {
    let odd = "package a\n\nimport data.org.exceptionz as ex\nimport data.meshgate.products\nimport data.given.by\n\n\
        # description: nobody reads this\ndeny contains \"m\" if {\n\tnot ex.granted\n\tregex.match(\"[a-\", input.x)\n\tglob.match(\"[a\", [], input.x)\n\
        \t1 == 2\n\tregex.replace(input.x, `(?P<n>a)`, \"b\") in products\n\tby.data\n}\n\n\
        x := 1 if { true } else := 2 if { input.x }\n\n# METADATA\n# description: somebody reads this\nallow if { x == 1; 2 > input.n }\n";
    let here = folder(&[("a.rego", odd), ("given/data.json", "{\"by\": {\"data\": true}}")]);
    let ran = run(here.path(), &["lint", "."]);
    let told: Vec<String> = ran
        .stdout
        .lines()
        .filter_map(|line| {
            let (place, rest) = line.strip_prefix("./a.rego:")?.split_once(": warning[")?;
            Some(format!("{} {}", place.split(':').next()?, rest.split(']').next()?))
        })
        .collect();
    let wanted = [
        "3 unresolved-import",
        "7 annotation-without-metadata",
        "10 invalid-pattern",
        "11 invalid-pattern",
        "12 constant-condition",
        "17 unreachable-else",
    ];
    assert_eq!(told, wanted, "{}", ran.stdout);
    let json = run(here.path(), &["lint", ".", "--format", "json"]).json();
    let first = &json["findings"][0];
    assert_eq!((first["file"].as_str(), first["place"].as_str()), (Some("./a.rego"), Some("./a.rego:3:1")), "{first}");
    assert_eq!(first["span"]["end"]["column"], 7, "{first}");
}

/// `with` that replaces the same twice would forget that the first value is undefined.
#[test]
fn what_with_replaces_twice_is_refused() {
    let text = "package a\n\np if q with input.x as input.gone with input.x as 1\n\nq if input.x == 1\n";
    let here = folder(&[("a.rego", text)]);
    let ran = run(here.path(), &["eval", "data.a.p", "-d", "a.rego", "--format", "pretty"]);
    assert!(
        ran.code != 0 && ran.stderr.contains("a.rego:3:35: rego_compile_error: `with` replaces `input.x` twice"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_manifest_says_the_version_of_each_file() {
    let (old, new) = ("package old\n\ndeny[\"v0\"] { input.x }\n", "package new\n\ndeny contains \"v1\" if input.x\n");
    for (manifest, is_right) in [
        ("{\"rego_version\": 1, \"file_rego_versions\": {\"/old/*.rego\": 0}}", true),
        ("{\"rego_version\": 0, \"file_rego_versions\": {\"new/a.rego\": 1}}", true),
        ("{\"rego_version\": 1, \"file_rego_versions\": {\"/old/b*\": 0}}", false),
        ("{\"rego_version\": 1, \"file_rego_versions\": {\"/old/*\": 2}}", false),
        ("{\"rego_version\": 1, \"file_rego_versions\": {\"/old/[\": 0}}", false),
    ] {
        let here = folder(&[
            ("b/.manifest", manifest),
            ("b/old/a.rego", old),
            ("b/new/a.rego", new),
            ("i.json", "{\"x\": 1}"),
        ]);
        let ran = run(here.path(), &["eval", "-d", "b", "-i", "i.json", "data", "--format", "raw"]);
        let wanted = "{\"new\":{\"deny\":[\"v1\"]},\"old\":{\"deny\":[\"v0\"]}}";
        assert_eq!(
            (ran.code == 0, ran.stdout.trim() == wanted),
            (is_right, is_right),
            "{manifest}: {}{}",
            ran.stdout,
            ran.stderr
        );
        let ran = run(here.path(), &["check", "i.json", "--bundle", "b", "--no-embedded"]);
        assert_eq!(
            ran.stdout.contains("rego_parse_error"),
            manifest.contains("b*"),
            "{manifest}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
}
