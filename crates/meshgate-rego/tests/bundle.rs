//! Bundles from outside: what is refused when it is loaded, and what becomes a fault when it is evaluated.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::evaluate::{EvaluationInput, Evaluator};
use meshgate_core::fault::FaultKind;
use meshgate_core::limits::EvaluationLimits;
use meshgate_rego::{Bundle, Module, TestOptions};
use serde_json::json;
use std::time::Duration;

const HEAD: &str = "# METADATA\n# title: T\n# custom:\n#   severity: error\npackage meshgate.rules.test.";

fn rule(name: &str, body: &str) -> Module {
    Module { file: format!("{name}.rego"), text: format!("{HEAD}{name}\n\n{body}\n") }
}

fn load(modules: &[Module]) -> Result<Bundle, String> {
    let limits = EvaluationLimits {
        rule_deadline: Duration::from_millis(300),
        findings_max: 100,
        ..EvaluationLimits::default()
    };
    Bundle::load(modules, &[], limits)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn refused(modules: &[Module]) -> String {
    load(modules).expect_err("to be refused")
}

fn text(file: &str, text: &str) -> Module {
    Module { file: file.into(), text: text.into() }
}

/// Evaluates one bad rule beside a good one; the good one must be heard.
fn fault(body: &str) -> (FaultKind, String) {
    let good = rule("good", "findings contains {\"pointer\": \"\", \"message\": \"m\"}");
    let bundle = load(&[rule("bad", body), good]).unwrap();
    let said = bundle.evaluate(&EvaluationInput::new("f", "data-contract", json!({"n": 1})));
    assert_eq!(said.remarks.iter().map(|r| r.rule.as_str()).collect::<Vec<_>>(), ["test.good"]);
    let [fault] = said.faults.as_slice() else { panic!("one fault, not {:?}", said.faults) };
    assert_eq!(fault.rule, "test.bad");
    (fault.kind, fault.message.clone())
}

#[test]
fn broken_rego_is_refused_with_its_place() {
    let said = refused(&[text("x.rego", "package a\n\np if {")]);
    assert!(said.starts_with("x.rego:3:"), "{said}");
    let said = refused(&[rule("a", "findings contains x if y")]);
    assert!(said.contains("a.rego:7:19: rego_unsafe_var_error: var x is unsafe"), "{said}");
}

#[test]
fn an_unknown_function_is_refused() {
    let said = refused(&[rule("a", "findings contains {\"pointer\": \"\", \"message\": nonsense.call(input)}")]);
    assert!(
        said.starts_with("a.rego:7:") && said.contains("rego_type_error: undefined function nonsense.call"),
        "{said}"
    );
    assert!(
        refused(&[rule("a", "x := graphql.is_valid(\"a\", \"b\")\n\nfindings contains x if false")])
            .contains("`graphql.is_valid` is a builtin of OPA that is not available here")
    );
    let library = text("l.rego", "package lib.text\n\nf(x) := x\n\ndefault g(_) := 1\n\ng(x) := 2 if x");
    let body = "import data.lib.text\nimport data.lib.text.f as same\n\nfindings contains x if {\n\tx := text.f(same(data.lib.text.g(count([]))))\n\tfalse\n}";
    assert!(load(&[library, rule("a", body)]).is_ok());
}

#[test]
fn recursion_is_refused_with_its_cycle() {
    let said = refused(&[rule("a", "f(x) := g(x)\n\ng(x) := f(x)\n\nfindings contains f(1)")]);
    assert!(
        said.contains("data.meshgate.rules.test.a.f -> data.meshgate.rules.test.a.g -> data.meshgate.rules.test.a.f"),
        "{said}"
    );
    for body in ["f(x) := data[\"meshgate\"].rules.test.a.f(x)", "f(x) := data.meshgate[\"rules\"].test[\"a\"].f(x)"] {
        assert!(
            refused(&[rule("a", &format!("{body}\n\nfindings contains f(1)"))])
                .contains("data.meshgate.rules.test.a.f is recursive"),
            "{body}"
        );
    }
    let library = text("l.rego", "package lib\n\nimport data.other\n\nf(x) := other.g(x)");
    let other = text("o.rego", "package other\n\ng(x) := data.lib.f(x)");
    assert!(
        refused(&[library, other]).contains("rule data.lib.f is recursive: data.lib.f -> data.other.g -> data.lib.f")
    );
}

#[test]
fn metadata_is_required_and_checked() {
    let bare = text("a.rego", "package meshgate.rules.test.a\n\nfindings contains 1 if false");
    assert!(refused(&[bare]).contains("has no METADATA"));
    let of = |custom: &str| {
        text(
            "a.rego",
            &format!(
                "# METADATA\n# title: T\n# custom:\n#   {custom}\npackage meshgate.rules.test.a\n\nfindings contains 1 if false"
            ),
        )
    };
    assert!(refused(&[of("severity: fatal")]).contains("severity `fatal` is not one of"));
    assert!(refused(&[of("severty: error")]).contains("unknown key `severty`"));
    assert!(refused(&[rule("a", "deny contains 1 if false")]).contains("defines no `findings`"));
    assert!(
        refused(&[rule("a", "findings contains 1"), text("b.rego", &rule("a", "findings contains 2").text)])
            .contains("defined in")
    );
    assert!(refused(&[of("applies_to: data-product\n#   severity: error")]).contains("is not a list"));
    let elsewhere = rule("a", "findings contains 1 if false").text.replace("meshgate.rules", "meshgate.rule");
    assert!(refused(&[text("a.rego", &elsewhere)]).contains("where nobody looks"));
    assert!(refused(&[text("a_test.rego", &rule("a_test", "findings contains 1").text)]).contains("named like a test"));
    assert!(refused(&[text("a.rego", "package meshgate.rules.Test\n\nx := 1")]).contains("is not a rule id"));
}

#[test]
fn other_shapes_are_faults() {
    assert_eq!(fault("findings := [1]").0, FaultKind::BadOutput);
    assert_eq!(fault("findings contains 1").0, FaultKind::BadOutput);
    assert_eq!(fault("findings contains {\"pointer\": \"schema[0]\", \"message\": \"m\"}").0, FaultKind::BadOutput);
    assert_eq!(fault("findings contains {\"pointer\": \"\"}").0, FaultKind::BadOutput);
    assert_eq!(
        fault("findings contains {\"pointer\": \"\", \"message\": \"m\", \"severity\": \"info\"}").0,
        FaultKind::BadOutput
    );
    let (kind, message) = fault(
        "findings contains {\"pointer\": \"\", \"message\": sprintf(\"%d\", [n])} if some n in numbers.range(1, 500)",
    );
    assert_eq!((kind, message.as_str()), (FaultKind::BadOutput, "500 findings, at most 100 are taken"));
}

#[test]
fn a_rule_that_does_not_end_is_a_deadline_fault() {
    let body = "findings contains {\"pointer\": \"\", \"message\": \"m\"} if {\n\tsome a in numbers.range(1, 3000)\n\tsome b in numbers.range(1, 3000)\n\ta * b == -1\n}";
    assert_eq!(fault(body), (FaultKind::Deadline, "ran longer than 300 ms".into()));
}

#[test]
fn loading_does_not_run_the_rules() {
    let started = std::time::Instant::now();
    let body = "findings contains x if {\n\tsome x in numbers.range(1, 1000)\n\tsome y in numbers.range(1, 1000)\n\tsome z in numbers.range(1, 1000)\n\tx * y * z == -1\n}";
    assert!(load(&[rule("a", body)]).is_ok());
    // It would run for hours; a minute is no measure of speed.
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn conflicts_are_faults() {
    let (kind, message) = fault(
        "f(x) := 1 if x > 0\n\nf(x) := 2 if x > 0\n\nfindings contains {\"pointer\": \"\", \"message\": sprintf(\"%d\", [f(input.n)])}",
    );
    assert_eq!(kind, FaultKind::Evaluation, "{message}");
}

#[test]
fn queries_answer_as_opa_does() {
    let bundle = Bundle::load(
        &[text("a.rego", "package a.b\n\nallow if input.x == 1\n\nset contains 1")],
        &[meshgate_rego::value_of_json(&json!({"k": {"odd-key": 2}}))],
        EvaluationLimits::default(),
    )
    .unwrap();
    assert_eq!(bundle.query(&["a", "b", "allow"], Some(&json!({"x": 1}))), Ok(Some(json!(true))));
    assert_eq!(bundle.query(&["a", "b", "allow"], Some(&json!({"x": 2}))), Ok(None));
    assert_eq!(bundle.query(&["a", "b", "set"], None), Ok(Some(json!([1]))));
    assert_eq!(bundle.query(&["k", "odd-key"], None), Ok(Some(json!(2))));
    assert_eq!(bundle.query(&["nobody"], None), Ok(None));
    assert_eq!(bundle.query(&["k\"] == 1; data[\"a"], None), Ok(None), "a path is a path, not Rego");
}

#[test]
fn tests_pass_and_fail_by_their_value() {
    let modules = [
        text("a.rego", "package a\n\nx := 1"),
        text(
            "a_test.rego",
            "package a_test\n\ntest_good if data.a.x == 1\n\ntest_bad if data.a.x == 2\n\ntest_value := 3",
        ),
    ];
    let results = Bundle::test(&modules, &[], EvaluationLimits::default(), &TestOptions::default()).unwrap().results;
    let said: Vec<_> = results.iter().map(|r| (r.name.as_str(), r.passed)).collect();
    assert_eq!(said, [("a_test.test_good", true), ("a_test.test_bad", false), ("a_test.test_value", false)]);
    let failure = results[1].failure.as_ref().unwrap();
    assert_eq!((failure.file.as_str(), failure.line), ("a_test.rego", 5));
    assert_eq!(failure.expression, "data.a.x == 2");
    assert_eq!(failure.values, [("data.a.x".to_owned(), "1".to_owned())]);
}

#[test]
fn the_number_of_arguments_is_checked() {
    let calls = |call: &str| {
        rule(
            "a",
            &format!(
                "f(x, y) := x + y\n\nfindings contains {{\"pointer\": \"\", \"message\": m}} if {{\n\tm := {call}\n}}"
            ),
        )
    };
    for (call, said) in [
        ("f(1)", "rego_type_error: function data.meshgate.rules.test.a.f has arity 2, got 1 argument"),
        ("f(1, 2, 3, 4)", "has arity 2, got 4 arguments"),
        ("sprintf(\"x\")", "sprintf: arity mismatch (have: (string, ???); want: (format: string, values: array[any]))"),
        ("count()", "count: arity mismatch"),
    ] {
        let found = refused(&[calls(call)]);
        assert!(found.contains(said), "{call}: {found}");
    }
    // One argument more takes the value.
    assert!(
        load(&[rule("a", "f(x) := x\n\nfindings contains {\"pointer\": \"\", \"message\": m} if f(\"m\", m)")]).is_ok()
    );
    assert!(
        load(&[rule(
            "a",
            "findings contains {\"pointer\": \"\", \"message\": \"m\"} if {\n\tcount([1], n)\n\tn > 0\n}"
        )])
        .is_ok()
    );
}

#[test]
fn every_way_of_writing_walk_yields_what_there_is() {
    for walk in ["walk(input, [_, v])", "[_, v] := walk(input)", "[_, v] = walk(input)"] {
        let body =
            format!("findings contains {{\"pointer\": \"\", \"message\": v}} if {{\n\t{walk}\n\tis_string(v)\n}}");
        let bundle = load(&[rule("a", &body)]).unwrap();
        let said = bundle.evaluate(&EvaluationInput::new("f", "data-contract", json!({"a": ["deep"]})));
        assert_eq!(said.remarks.iter().map(|remark| remark.message.as_str()).collect::<Vec<_>>(), ["deep"], "{walk}");
    }
}

#[test]
fn rules_that_depend_on_themselves_are_refused_with_the_circle() {
    let said = refused(&[
        rule("a", "findings contains {\"pointer\": \"\", \"message\": \"m\"} if p\n\np if q\n\nq if data.other.r"),
        text("b.rego", "package other\n\nimport data.meshgate.rules.test.a\n\nr if a.p"),
    ]);
    assert!(said.contains("rego_recursion_error: rule data.meshgate.rules.test.a.p is recursive: "), "{said}");
    assert!(said.contains("data.other.r -> data.meshgate.rules.test.a.p"), "{said}");
    // A name of the rule's own is not the other rule of that name.
    let own = "findings contains {\"pointer\": \"\", \"message\": p} if {\n\tp := \"m\"\n\tevery q in [1] {\n\t\tq == 1\n\t}\n}\n\np if findings\n\nq if p\n\nf(p) := p";
    assert!(load(&[rule("a", own)]).is_ok(), "{:?}", load(&[rule("a", own)]).err());
}

/// A chain of rules and functions, one calling the next.
fn chain(length: usize) -> Module {
    let mut body = "findings contains {\"pointer\": \"\", \"message\": \"end\"} if f0(1) == 1\n".to_owned();
    for n in 0..length {
        body += &format!("\nf{n}(x) := f{}(x)\n", n + 1);
    }
    rule("a", &format!("{body}\nf{length}(x) := x\n"))
}

#[test]
fn chains_are_bounded_and_the_longest_is_evaluated() {
    for length in [300, 20_000] {
        let said = std::thread::Builder::new()
            .stack_size(64 << 20)
            .spawn(move || refused(&[chain(length)]))
            .unwrap()
            .join()
            .unwrap();
        assert!(said.contains("one after another; at most 256"), "{said}");
    }
    // On a thread like the engine's.
    let work = || {
        let bundle = load(&[chain(250)]).unwrap();
        bundle.evaluate(&EvaluationInput::new("f", "data-contract", json!({})))
    };
    let said = std::thread::Builder::new().stack_size(64 << 20).spawn(work).unwrap().join().unwrap();
    assert_eq!((said.remarks.len(), said.faults), (1, vec![]));
}

#[test]
fn builtins_that_explode_are_bounded() {
    for body in [
        "numbers.range(1, 9000000000000000000)",
        "numbers.range(1, 99999999999999999999999999)",
        "numbers.range_step(1, 9000000000000000000, 7)",
        "net.cidr_expand(\"0.0.0.0/0\")",
        "net.cidr_expand(\"::/64\")",
        "bits.lsh(1, 4294967295)",
        "replace(replace(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", \"a\", concat(\"\", [\"x\" | some _ in numbers.range(1, 10000)])), \"x\", \
         concat(\"\", [\"y\" | some _ in numbers.range(1, 10000)]))",
    ] {
        // `not` of what could not be made must not pass either.
        for rule in [format!("x := {body}\n\tx"), format!("not {body}")] {
            let (kind, message) =
                fault(&format!("findings contains {{\"pointer\": \"\", \"message\": \"m\"}} if {{\n\t{rule}\n}}"));
            assert!(matches!(kind, FaultKind::Limit | FaultKind::Deadline), "{body}: {message}");
        }
    }
}

#[test]
fn builtins_within_their_bounds_are_what_they_were() {
    for (body, expected) in [
        ("numbers.range(3, 1)", json!([3, 2, 1])),
        ("numbers.range_step(1, 6, 2)", json!([1, 3, 5])),
        ("count(net.cidr_expand(\"10.0.0.0/30\"))", json!(4)),
        ("bits.lsh(1, 40)", json!(1_099_511_627_776_u64)),
        ("replace(\"abab\", \"a\", \"xy\")", json!("xybxyb")),
        ("strings.replace_n({\"a\": \"1\", \"b\": \"2\"}, \"ab\")", json!("12")),
        ("graph.reachable_paths({\"a\": [\"b\"], \"b\": [\"a\"]}, [\"a\"])", json!([["a", "b"]])),
    ] {
        let bundle = load(&[rule("a", &format!("findings := []\n\nanswer := {body}"))]).unwrap();
        let found = bundle.query(&["meshgate", "rules", "test", "a", "answer"], None).unwrap().unwrap();
        assert_eq!(
            found.as_u64().map_or(found.clone(), |n| json!(n)).to_string().trim_matches('"'),
            expected.to_string().trim_matches('"'),
            "{body}"
        );
    }
    // What makes no sense is undefined, not a failure.
    let bundle = load(&[rule(
        "a",
        "findings := []\n\nany(x) := object.get({\"x\": x}, \"x\", null)\n\nanswer := numbers.range(any(\"a\"), 1)",
    )])
    .unwrap();
    assert_eq!(bundle.query(&["meshgate", "rules", "test", "a", "answer"], None).unwrap(), None);
}

#[test]
fn what_would_silently_yield_nothing_is_refused() {
    let said = refused(&[rule(
        "a",
        "findings contains {\"pointer\": \"\", \"message\": \"m\"} if not http.send({\"method\": \"get\", \"url\": \"x\"}).body",
    )]);
    assert!(said.contains("`http.send` is not available: it is off"), "{said}");
}

#[test]
fn builtins_that_regorus_lacks_answer_as_opa_does() {
    for (body, expected) in [
        ("crypto.md5(\"lorem ipsum\")", json!("80a751fde577028640c419000e33eba6")),
        ("crypto.sha1(\"\")", json!("da39a3ee5e6b4b0d3255bfef95601890afd80709")),
        ("crypto.sha256(\"abc\")", json!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
        // RFC 2202 and RFC 4231, test case 2.
        ("crypto.hmac.md5(\"what do ya want for nothing?\", \"Jefe\")", json!("750c783e6ab0b503eaa86e310a5db738")),
        (
            "crypto.hmac.sha1(\"what do ya want for nothing?\", \"Jefe\")",
            json!("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        ),
        (
            "crypto.hmac.sha256(\"what do ya want for nothing?\", \"Jefe\")",
            json!("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ),
        ("crypto.hmac.equal(\"abc\", \"abd\")", json!(false)),
        ("array.flatten([[1, [2]], 3])", json!([1, [2], 3])),
        ("net.cidr_intersects(\"10.0.0.0/8\", \"10.1.0.0/16\")", json!(true)),
        ("net.cidr_merge([\"192.0.128.0/24\", \"192.0.129.0/24\"])", json!(["192.0.128.0/23"])),
        ("net.cidr_merge([\"192.0.2.112\", \"192.0.2.116/31\"])", json!(["192.0.2.0/24"])),
        (
            "net.cidr_contains_matches([[\"1.1.2.0/24\", 1], \"1.1.1.0/24\"], [\"1.1.1.1\", \"1.1.2.1\"])",
            json!([[0, 1], [1, 0]]),
        ),
    ] {
        let bundle = load(&[rule("a", &format!("findings := []\n\nanswer := {body}"))]).unwrap();
        let found = bundle.query(&["meshgate", "rules", "test", "a", "answer"], None).unwrap();
        assert_eq!(found, Some(expected), "{body}");
    }
    // What they make no sense of is undefined, as OPA has it without strict errors.
    let text_of = |body: &str| {
        rule("a", &format!("findings := []\n\nany(x) := object.get({{\"x\": x}}, \"x\", null)\n\nanswer if {body}"))
    };
    for (body, expected) in [
        ("crypto.sha256(any(1))", None),
        ("net.cidr_intersects(\"x\", \"10.0.0.0/8\")", None),
        ("not crypto.md5(any(1))", Some(json!(true))),
    ] {
        let found = load(&[text_of(body)]).unwrap().query(&["meshgate", "rules", "test", "a", "answer"], None);
        assert_eq!(found.unwrap(), expected, "{body}");
    }
}
