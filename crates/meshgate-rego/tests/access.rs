//! Access policies through a bundle: what they may say, what is refused when they are loaded, what is a fault.
//!
//! Deliberately absent: the verdict; see `meshgate-core`.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::access::{Condition, MaskKind, Op, Opinion};
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_rego::{Bundle, GearSettings, Json, LoadError, Module, Options, Value};
use serde_json::json;

fn load(text: &str, documents: serde_json::Value) -> Result<Bundle, Vec<LoadError>> {
    let gears = GearSettings { fast: true, warm_up: 2, shadow: 3, compare: 0.0 };
    let documents = [meshgate_rego::value_of_json(&documents)].into();
    let module = Module { file: "a.rego".to_owned(), text: text.to_owned() };
    Bundle::load(&[module], &[], Options { gears, documents, ..Options::default() })
}

fn ask(bundle: &Bundle, input: &serde_json::Value) -> (Vec<Opinion>, Vec<Fault>) {
    let Json(input) = serde_json::from_str(&input.to_string()).expect("JSON");
    let (mut opinions, mut faults) = (Vec::new(), Vec::new());
    bundle.opinions(&input, &mut opinions, &mut faults);
    (opinions, faults)
}

const POLICY: &str = r#"package meshgate.access.orders

product := data.meshgate.products[input.resource.product]

grants contains {"reason": sprintf("%s may read %s", [input.subject.id, product.product.name])} if {
	some group in input.subject.groups
	group in product.readers
}

denials contains {"message": "not for marketing"} if input.purpose == "marketing"

masks contains {"column": column, "mask": "hash"} if {
	some column in product.personal
	not "privacy" in input.subject.groups
}

row_filters contains {"column": "region", "op": "in", "value": input.subject.attributes.regions}

row_filters contains {"any": [{"column": "a", "op": "is_null"}, {"column": "b", "op": "ge", "value": 3}]}

obligations contains {"kind": "notify", "to": "owner"} if input.subject.id == "eve"
"#;

fn served() -> serde_json::Value {
    json!({"meshgate": {"products": {"urn:o": {"product": {"name": "orders"}, "readers": ["sales"], "personal": ["iban"]}}}})
}

#[test]
fn a_policy_says_the_same_in_both_gears() {
    let bundle = load(POLICY, served()).expect("a bundle");
    assert!(bundle.has_access());
    let input = json!({"subject": {"id": "eve", "groups": ["sales"], "attributes": {"regions": ["eu", "us"]}},
        "resource": {"product": "urn:o"}, "purpose": "billing"});
    for _ in 0..20 {
        let (opinions, faults) = ask(&bundle, &input);
        assert_eq!(faults, []);
        let [opinion] = opinions.as_slice() else { panic!("{opinions:?}") };
        assert_eq!(opinion.rule, "access.orders");
        assert_eq!(opinion.grants, ["eve may read orders"]);
        assert!(opinion.denials.is_empty());
        assert_eq!(
            opinion.masks.iter().map(|mask| (mask.column.as_str(), mask.kind)).collect::<Vec<_>>(),
            [("iban", MaskKind::Hash)]
        );
        assert_eq!(opinion.row_filters.len(), 2, "{:?}", opinion.row_filters);
        assert!(opinion.row_filters.contains(&Condition::Column {
            column: "region".into(),
            op: Op::In,
            value: json!(["eu", "us"])
        }));
        assert_eq!(opinion.duties, [json!({"kind": "notify", "to": "owner"})]);
    }
    let counts = bundle.gear_counts();
    assert_eq!(counts.differences, 0, "{:?}", bundle.differences());
    assert!(counts.fast >= 10, "{counts:?}");
    // What joins the sets is nobody's to see.
    let whole = bundle.value(&[], Value::Undefined).map(|value| value.to_string()).unwrap_or_default();
    assert!(!whole.contains("mg_access"), "{whole}");
}

#[test]
fn a_policy_may_be_called_as_a_keyword_is() {
    for name in ["default", "with", "import", "some", "data", "input"] {
        let text = format!("package meshgate.access.{name}\n\ngrants contains {{\"reason\": \"x\"}}\n");
        let bundle = load(&text, json!({})).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        assert_eq!(ask(&bundle, &json!({})).0[0].grants, ["x"], "{name}");
    }
}

#[test]
fn what_would_never_count_is_refused() {
    for (text, wanted) in [
        ("package meshgate.access.a\ndenial contains {\"message\": \"x\"} if true", "did you mean `denials`"),
        ("package meshgate.access.a\ndenials := {{\"message\": \"x\"}}", "`denials` of an access policy is a set"),
        (
            "package meshgate.access.a\ngrants contains {\"reason\": \"x\"} if true\ndeny contains {\"message\": \"x\"} if true",
            "did you mean `denials`",
        ),
        (
            "package meshgate.access.a\ngrants contains {\"reason\": \"x\"} if true\nduties contains {\"kind\": \"x\"} if true",
            "did you mean `obligations`",
        ),
        ("package meshgate.access.a\nhelper := 1", "says nothing"),
        ("package meshgate.access.a.b\ngrants contains {\"reason\": \"x\"} if true", "one word"),
    ] {
        let errors = load(text, json!({})).expect_err("an error").iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(
            errors.iter().any(|error| error.contains(wanted) && error.starts_with("a.rego:")),
            "{text}: {errors:?}"
        );
    }
}

#[test]
fn what_cannot_be_understood_is_a_fault() {
    for (said, wanted) in [
        ("grants contains {\"message\": \"x\"}", "in `grants`: unknown key \"message\""),
        ("grants contains \"x\"", "is no object"),
        ("masks contains {\"column\": \"a\", \"mask\": \"blur\"}", "unknown mask `blur`"),
        ("masks contains {\"column\": \"a\", \"mask\": \"partial\", \"args\": {\"last\": -1}}", "whole numbers"),
        (
            "masks contains {\"column\": \"a\", \"mask\": \"hash\", \"args\": {\"pepper\": \"x\"}}",
            "no argument `pepper`",
        ),
        ("masks contains {\"column\": \"a\", \"mask\": \"constant\"}", "`args: {\"value\": …}`"),
        ("row_filters contains {\"column\": \"a\", \"op\": \"~\", \"value\": 1}", "unknown operator `~`"),
        ("row_filters contains {\"column\": \"a\", \"op\": \"in\", \"value\": [null]}", "takes a list"),
        ("row_filters contains {\"column\": \"a\", \"op\": \"eq\", \"value\": null}", "for null write `is_null`"),
        ("row_filters contains {\"any\": []}", "`any` is empty"),
        ("obligations contains {\"to\": \"x\"}", "has a `kind`"),
    ] {
        let bundle = load(&format!("package meshgate.access.a\n{said}"), json!({})).expect("a bundle");
        let (opinions, faults) = ask(&bundle, &json!({}));
        assert!(opinions.is_empty(), "{said}");
        let [fault] = faults.as_slice() else { panic!("{said}: {faults:?}") };
        assert!(fault.kind == FaultKind::BadOutput && fault.message.contains(wanted), "{said}: {fault:?}");
        assert_eq!(fault.rule, "access.a");
    }
}

#[test]
fn an_access_policy_cannot_ask_for_the_decision_that_it_is_part_of() {
    let text =
        "package meshgate.access.a\ngrants contains {\"reason\": \"x\"} if meshgate.decide(input).verdict == \"allow\"";
    let (opinions, faults) = ask(&load(text, json!({})).expect("a bundle"), &json!({}));
    assert!(opinions.is_empty());
    assert!(faults.iter().any(|fault| fault.message.contains("meshgate.decide")), "{faults:?}");
}

#[test]
fn a_slow_policy_is_a_fault_of_its_own() {
    let text = "package meshgate.access.a\ngrants contains {\"reason\": \"x\"} if count([1 | some i in numbers.range(1, 3000); some j in numbers.range(1, 3000); i * j == 7]) > 0";
    let bundle = load(text, json!({})).expect("a bundle");
    let (_, faults) = meshgate_rego::within(std::time::Duration::from_millis(20), || ask(&bundle, &json!({})));
    assert!(faults.iter().any(|fault| fault.kind == FaultKind::Deadline), "{faults:?}");
}

#[test]
fn documents_are_read_without_the_engine() {
    let bundle = load("package a.b\np := 1", json!({"x": {"y": [{"z": 5}]}, "a": {"c": 2}})).expect("a bundle");
    let value = |path: &[&str]| bundle.value(path, Value::Undefined).expect("a value").to_string();
    assert_eq!(value(&["x", "y", "0", "z"]), "5");
    assert_eq!(value(&["x", "nothing"]), "\"<undefined>\"");
    assert_eq!(value(&["a", "c"]), "2");
    assert_eq!(value(&["a", "b", "p"]), "1");
    assert_eq!(value(&["a"]), r#"{"b":{"p":1},"c":2}"#);
    assert!(bundle.has(&["x", "y"]) && bundle.has(&["a", "b"]) && !bundle.has(&["nothing"]));
}

#[test]
fn strict_errors_and_notes_are_there_when_asked_for() {
    let text = "package a\nimport rego.v1\np if { trace(\"seen\"); to_number(\"x\") == 1 }";
    let bundle = load(text, json!({})).expect("a bundle");
    assert_eq!(bundle.value(&["a", "p"], Value::Undefined), Ok(Value::Undefined));
    let strict = bundle.value_strict(&["a", "p"], Value::Undefined).expect_err("an error");
    assert_eq!(strict.code, "eval_builtin_error");
    let mut notes = Vec::new();
    let value = bundle.value_explained(&["a", "p"], &Value::Undefined, true, &mut notes);
    assert_eq!(value, Ok(Value::Undefined));
    assert!(notes.iter().any(|note| note == "seen") && notes.iter().any(|note| note.contains("a.rego:3")), "{notes:?}");
}

#[test]
fn what_a_builtin_makes_no_sense_of_is_a_fault_in_both_gears() {
    for wrong in [
        "to_number(input.x) > 1",
        "1 / input.zero > 0",
        "input.x + 1 > 0",
        "input.x - 1 > 0",
        "time.parse_rfc3339_ns(input.x) > 1",
        "json.unmarshal(input.x) == input.zero",
        "base64.decode(input.x) == input.zero",
        "regex.match(input.zero, \"a\")",
        "net.cidr_contains(input.x, \"10.0.0.1\")",
        "substring(input.zero, 0, 1) == input.zero",
        "split(input.zero, \",\")[0] == input.zero",
        "lower(input.zero) == input.zero",
        "startswith(input.zero, \"a\")",
        "count(input.zero) > 0",
        "object.get(input.zero, \"a\", 1) == input.zero",
        "concat(\",\", input.zero) == input.zero",
        "format_int(input.x, 10) == input.zero",
        "array.concat(input.zero, []) == input.zero",
        "sum(input.zero) == input.zero",
        "max(input.zero) == input.zero",
        "numbers.range(input.x, 3) == input.zero",
        "time.add_date(input.x, 1, 1, 1) == input.zero",
        "io.jwt.decode(input.x)[1].a == input.zero",
        "units.parse_bytes(input.x) == input.zero",
        "union(input.zero) == input.zero",
        "replace(input.zero, \"a\", \"b\") == input.zero",
        "trim(input.zero, \"a\") == input.zero",
        "abs(input.x) == input.zero",
    ] {
        let text = format!(
            "package meshgate.access.a\ngrants contains {{\"reason\": \"x\"}}\ndenials contains {{\"message\": \"m\"}} if {{\n\tinput.go\n\t{wrong}\n}}"
        );
        let bundle = load(&text, json!({})).expect("a bundle");
        // Both gears have agreed before it is asked for what it makes no sense of.
        for _ in 0..8 {
            let (opinions, faults) = ask(&bundle, &json!({"x": "abc", "zero": 0}));
            assert!(faults.is_empty() && opinions[0].denials.is_empty(), "{wrong}: {faults:?}");
        }
        for _ in 0..8 {
            let (opinions, faults) = ask(&bundle, &json!({"x": "abc", "zero": 0, "go": true}));
            assert!(
                opinions.is_empty() && faults.len() == 1,
                "{wrong}: {opinions:?} {faults:?} {:?}",
                bundle.gear_counts()
            );
        }
    }
}
