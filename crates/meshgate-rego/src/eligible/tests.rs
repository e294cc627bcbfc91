//! The proof of each construct: a policy of little more than it, which the static check refuses for it, which the
//! interpreter answers as OPA does, and which the fast gear, asked all the same, does not. Where a later regorus is
//! right, the proof fails: the construct can go.

use super::{Construct, check};
use crate::bundle::Bundle;
use crate::context::Moment;
use crate::fast::Fast;
use crate::gears::{FastSource, GearSettings};
use crate::json;
use crate::options::{Module, Options};
use serde_json::{Value, json};

/// Every construct; the match makes a new one stand here, too.
const fn proof(construct: Construct) -> (&'static str, &'static str) {
    match construct {
        Construct::NoRule => ("s.a := 1", "data.t.s"),
        Construct::With => ("p if q with input.n as 2\n\nq if input.n == 2", "data.t.p"),
        Construct::Print => ("p if print(1)", "data.t.p"),
        Construct::Extent => ("p := data.t.s\n\ns.a := 1\n\ns.b := 2 if input.no", "data.t.p"),
        Construct::Conflict => ("p := 1 if input.n\n\np := 2 if input.l", "data.t.p"),
        Construct::ComputedDefault => ("default p := [x | x := input.n]\n\np := 2 if input.no", "data.t.p"),
        Construct::FunctionDefault => ("default f(_) := 0\n\nf(x) := x if x > 5\n\np := f(1)", "data.t.p"),
        Construct::DeepHead => ("p[x] contains y if {\n\tsome x in [\"a\", \"b\"]\n\tsome y in input.l\n}", "data.t.p"),
        Construct::ElseAfterLoop => ("p := 1 if {\n\tsome x in input.l\n\tx > 5\n} else := 2", "data.t.p"),
        Construct::TwoPatterns => ("p if [[input.no], _] = [_, input.n]", "data.t.p"),
        Construct::NegatedStep => ("p := x if {\n\t[2, input.n] = [x, 1]\n\tnot input.l[x] == 2\n}", "data.t.p"),
        Construct::NumberStep => ("p := data.digits[0]", "data.t.p"),
        // Of no construct of the machine's: it would be asked by both gears.
        Construct::World => ("p := net.lookup_ip_addr(\"127.0.0.1\")", "data.t.p"),
        // It has 256 registers.
        Construct::Unsupported => ("p := count([MANY])", "data.t.p"),
    }
}

/// What OPA answers to it; an error by its code.
fn expected(construct: Construct) -> Result<Value, &'static str> {
    Ok(match construct {
        Construct::NoRule => json!({"a": 1}),
        Construct::With | Construct::Print => json!(true),
        Construct::Extent => json!({"a": 1}),
        Construct::Conflict => return Err("eval_conflict_error"),
        Construct::ComputedDefault => json!([1]),
        Construct::FunctionDefault => json!(0),
        Construct::DeepHead => json!({"a": [1, 2], "b": [1, 2]}),
        Construct::ElseAfterLoop | Construct::NegatedStep => json!(2),
        Construct::TwoPatterns => json!("undefined"),
        Construct::NumberStep => json!("x"),
        Construct::World => json!(["127.0.0.1"]),
        Construct::Unsupported => json!(300),
    })
}

const ALL: [Construct; 13] = [
    Construct::NoRule,
    Construct::With,
    Construct::Print,
    Construct::Extent,
    Construct::Conflict,
    Construct::ComputedDefault,
    Construct::FunctionDefault,
    Construct::DeepHead,
    Construct::ElseAfterLoop,
    Construct::TwoPatterns,
    Construct::NegatedStep,
    Construct::NumberStep,
    Construct::Unsupported,
];

#[test]
fn what_asks_over_a_network_is_asked_once() {
    let (body, path) = proof(Construct::World);
    let module = Module { file: "a.rego".to_owned(), text: format!("package t\n\n{body}\n") };
    let options = Options { world: true, ..Options::default() };
    let bundle = Bundle::load(&[module], &[], options).unwrap_or_else(|errors| panic!("{errors:?}"));
    assert_eq!(check(&bundle.index, path).map_err(|reason| reason.construct), Err(Construct::World));
    let answer = bundle.value(&["t", "p"], regorus::Value::Undefined).map_err(|error| error.message);
    assert_eq!(told(answer), expected(Construct::World).map_err(str::to_owned));
}

fn told(answer: Result<regorus::Value, String>) -> Result<Value, String> {
    match answer? {
        regorus::Value::Undefined => Ok(json!("undefined")),
        value => serde_json::to_value(&value).map_err(|error| error.to_string()),
    }
}

#[test]
fn each_construct_is_answered_otherwise() {
    let input = json::value(&json!({"n": 1, "l": [1, 2]}));
    for construct in ALL {
        let (body, path) = proof(construct);
        let body = body.replace("MANY", &["input.n"; 300].join(", "));
        let module = Module { file: "a.rego".to_owned(), text: format!("package t\n\n{body}\n") };
        let gears = GearSettings { fast: false, ..GearSettings::default() };
        let options = Options { gears, ..Options::default() };
        let bundle = Bundle::load(&[module], &[crate::value_of_json(&json!({"digits": {"0": "x"}}))], options)
            .unwrap_or_else(|errors| panic!("{construct:?}: {errors:?}"));
        let steps: Vec<&str> = path.split('.').skip(1).collect();
        let slow = told(bundle.value(&steps, input.clone()).map_err(|error| error.code.to_owned()));
        assert_eq!(slow, expected(construct).map_err(str::to_owned), "{construct:?} in the interpreter");
        let asked = || -> Result<regorus::Value, String> {
            let mut engine = bundle.fast_engine().ok_or("does not load")?;
            let policy = engine.compile_with_entrypoint(&path.into()).map_err(|error| error.to_string())?;
            let fast = Fast::compile(&policy, path, false)?;
            fast.evaluate(input.clone(), &bundle.data, &bundle.options, Moment::now())
                .map_err(|error| error.code.to_owned())
        };
        let fast = told(asked());
        assert_ne!(fast, slow, "{construct:?}: the fast gear has it right, it need not be refused");
        match check(&bundle.index, path) {
            Err(reason) => assert_eq!(reason.construct, construct),
            // That its compiler refuses is found out when it is asked to compile.
            Ok(()) => assert!(construct == Construct::Unsupported && fast.is_err(), "{construct:?}: {fast:?}"),
        }
    }
}
