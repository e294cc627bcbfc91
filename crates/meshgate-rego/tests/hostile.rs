//! Policies that are written to kill the process: each is refused, or fails within its bound, and the process lives.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::evaluate::{EvaluationInput, Evaluator};
use meshgate_core::fault::FaultKind;
use meshgate_core::limits::EvaluationLimits;
use meshgate_rego::{Bundle, Gear, GearSettings, Module, Options};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const HEAD: &str = "# METADATA\n# title: T\n# custom:\n#   severity: error\npackage meshgate.rules.test.a\n\n";

/// On a stack like the engine's.
fn on_a_large_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(64 << 20).spawn(run).unwrap().join().unwrap()
}

fn load(body: String, options: Options) -> Result<Bundle, String> {
    let module = Module { file: "a.rego".to_owned(), text: format!("{HEAD}{body}\n") };
    Bundle::load(&[module], &[], options)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn options() -> Options {
    Options::from(EvaluationLimits { rule_deadline: Duration::from_millis(300), ..EvaluationLimits::default() })
}

/// The kind of the fault that a body ends in, and how long it took.
fn fault(body: &str) -> (FaultKind, Duration) {
    let text = format!("findings contains {{\"pointer\": \"\", \"message\": \"m\"}} if {{\n\t{body}\n}}");
    on_a_large_stack(move || {
        let bundle = load(text.clone(), options()).unwrap_or_else(|error| panic!("{text}: {error}"));
        let start = Instant::now();
        let said = bundle.evaluate(&EvaluationInput::new("f", "data-contract", json!({"n": 1})));
        let [fault] = said.faults.as_slice() else { panic!("{text}: {:?}", said.faults) };
        (fault.kind, start.elapsed())
    })
}

/// serde's private name of a number, which regorus would read as one; failing that, it loses the whole document.
#[test]
fn no_key_of_a_document_hides_it() {
    let text = "findings contains {\"pointer\": \"\", \"message\": \"m\"} if input.n == 1\n\n\
                findings contains {\"pointer\": \"\", \"message\": input.o[k]} if some k\n\n\
                findings contains {\"pointer\": \"\", \"message\": concat(\"\", [\"u\", m])} if m := json.unmarshal(input.text)[_]\n";
    let number = "$serde_json::private::Number";
    on_a_large_stack(move || {
        let bundle = load(text.to_owned(), options()).unwrap();
        for written in ["x", "1"] {
            let text = json!({ number: written }).to_string();
            let input = json!({"n": 1, "o": { number: written }, "text": text});
            let said = bundle.evaluate(&EvaluationInput::new("f", "data-contract", input));
            let messages: BTreeSet<&str> = said.remarks.iter().map(|remark| remark.message.as_str()).collect();
            assert_eq!(messages, BTreeSet::from(["m", written, &format!("u{written}")]));
            assert_eq!(said.faults, []);
        }
    });
}

#[test]
fn a_million_operators_are_refused() {
    for text in [
        format!("findings contains 1 if {{ x := {}1 }}", "1 + ".repeat(250_000)),
        format!("findings contains 1 if {{ x := {}1 }}", "1 +\n ".repeat(150_000)),
        format!("findings contains 1 if {{ x := {}1{} }}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("findings contains 1 if {{ x := input{} }}", "[0]".repeat(20_000)),
        format!("findings contains 1 if {{ x := $\"{}\" }}", "{$\"".repeat(5_000)),
        format!("findings contains 1 if {{ {} }}", "not ".repeat(20_000)),
    ] {
        let said = on_a_large_stack(move || load(text, options()).map(|_| ()));
        assert!(said.is_err());
    }
}

#[test]
fn ten_thousand_rules_load_and_answer() {
    let rules: String = (0..10_000).map(|n| format!("p if {{\n\tinput.n == {n}\n}}\n\n")).collect();
    let said = on_a_large_stack(move || {
        let patient = EvaluationLimits { rule_deadline: Duration::from_secs(30), ..EvaluationLimits::default() };
        let body = format!("findings contains {{\"pointer\": \"\", \"message\": \"m\"}} if p\n\n{rules}");
        let bundle = load(body, Options::from(patient)).unwrap();
        bundle.evaluate(&EvaluationInput::new("f", "data-contract", json!({"n": 9_999})))
    });
    assert_eq!((said.remarks.len(), said.faults), (1, vec![]));
}

#[test]
fn what_takes_too_long_ends_at_its_deadline() {
    for body in [
        "count([1 | some a in numbers.range(1, 1000); some b in numbers.range(1, 1000); some c in numbers.range(1, 1000)]) > 0",
        "every a in numbers.range(1, 3000) { every b in numbers.range(1, 3000) { a + b > 0 } }",
    ] {
        let (kind, took) = fault(body);
        assert!(matches!(kind, FaultKind::Deadline), "{body}: {kind:?}");
        assert!(took < Duration::from_secs(20), "{body}: {took:?}");
    }
}

#[test]
fn what_would_be_too_large_is_a_limit() {
    for body in [
        "strings.render_template(\"{{range .l}}{{range $.l}}{{range $.l}}x{{end}}{{end}}{{end}}\", {\"l\": numbers.range(1, 1000)}) != \"\"",
        "sprintf(\"%99999999d\", [1]) != \"\"",
        "regex.match(concat(\"\", [\"a\" | some _ in numbers.range(1, 70000)]), \"a\")",
        "json.unmarshal(concat(\"\", [\"[\" | some _ in numbers.range(1, 2000)])) == 1",
    ] {
        assert_eq!(fault(body).0, FaultKind::Limit, "{body}");
    }
}

#[test]
fn a_catastrophic_pattern_is_linear() {
    let (kind, took) = fault(
        "not regex.match(\"(a+)+$\", concat(\"\", array.concat([\"a\" | some _ in numbers.range(1, 30)], [\"b\"])))\n\tnumbers.range(1, 9000000000)",
    );
    assert_eq!(kind, FaultKind::Limit);
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn a_rule_comes_to_the_fast_gear_by_agreement() {
    on_a_large_stack(|| {
        let gears = GearSettings { fast: true, shadow: 5, compare: 0.5, warm_up: 2 };
        let body = "findings contains {\"pointer\": \"\", \"message\": m} if {\n\tsome x in input.l\n\tm := sprintf(\"%v\", [x])\n}";
        let bundle = load(body.to_owned(), Options { gears, ..options() }).unwrap();
        let rule = bundle.rules()[0].id.clone();
        assert_eq!(bundle.gear(&rule), Some(Gear::Shadowing { left: 5 }));
        for n in 0..40 {
            let said = bundle.evaluate(&EvaluationInput::new("f", "data-contract", json!({"l": [n, n + 1]})));
            assert_eq!(said.remarks.len(), 2);
        }
        assert_eq!(bundle.gear(&rule), Some(Gear::Fast { by_record: false }));
        let counts = bundle.gear_counts();
        assert_eq!((counts.interpreter + counts.fast, counts.differences), (40, 0));
        assert!(counts.fast > 10 && counts.compared > 15, "{counts:?}");
    });
}
