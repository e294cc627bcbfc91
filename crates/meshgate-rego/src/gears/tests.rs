//! What happens when the gears differ, with an interpreter that answers something else on purpose.

use super::{Gear, GearSettings, Gears};
use crate::bundle::Bundle;
use crate::clearance::Clearance;
use crate::json;
use crate::options::{Module, Options};
use regorus::Value;
use serde_json::json;

const PATH: &str = "data.a.p";

fn bundle() -> Bundle {
    let module = Module { file: "a.rego".to_owned(), text: "package a\n\np := input.n + 1\n".to_owned() };
    Bundle::load(&[module], &[], Options::default()).unwrap()
}

fn settings(shadow: u32, compare: f64) -> GearSettings {
    GearSettings { fast: true, shadow, compare, warm_up: 0 }
}

fn ask(gears: &Gears, bundle: &Bundle, number: u64, interpreter: u64) -> Value {
    let input = json::value(&json!({ "n": number }));
    gears.evaluate(PATH, &input, &bundle.asked(false), |_| Ok(Value::from(interpreter))).unwrap()
}

#[test]
fn while_shadowing_a_difference_withdraws_the_program() {
    let bundle = bundle();
    let gears = Gears::new(settings(3, 0.0), Clearance::default());
    assert_eq!(ask(&gears, &bundle, 1, 2), Value::from(2_u64));
    assert_eq!(gears.gear(PATH, &bundle.asked(false)), Gear::Shadowing { left: 2 });
    // The interpreter's answer counts.
    assert_eq!(ask(&gears, &bundle, 2, 77), Value::from(77_u64));
    assert_eq!(gears.gear(PATH, &bundle.asked(false)), Gear::Withdrawn);
    let [difference] = gears.differences().try_into().unwrap();
    assert_eq!((difference.path.as_str(), difference.input.as_str()), (PATH, "{\n  \"n\": 2\n}"));
    assert_eq!((difference.interpreter.as_str(), difference.fast.as_str()), ("77", "3"));
    // From here on, nobody asks the fast gear.
    assert_eq!(ask(&gears, &bundle, 5, 55), Value::from(55_u64));
    let counts = gears.counts();
    assert_eq!((counts.fast, counts.compared, counts.differences), (0, 2, 1));
}

#[test]
fn once_cleared_the_interpreter_is_asked_for_a_share_only() {
    let bundle = bundle();
    let gears = Gears::new(settings(2, 0.25), Clearance::default());
    for number in [1, 2] {
        ask(&gears, &bundle, number, number + 1);
    }
    assert_eq!(gears.gear(PATH, &bundle.asked(false)), Gear::Fast { by_record: false });
    // Were it asked, it would say 0; every fourth evaluation, it is, and that is a difference.
    let answers: Vec<Value> = (2..6).map(|number| ask(&gears, &bundle, number, 0)).collect();
    assert_eq!(answers, [3, 4, 0, 0].map(|answer: u64| Value::from(answer)));
    assert_eq!(gears.gear(PATH, &bundle.asked(false)), Gear::Withdrawn);
    assert_eq!(gears.counts().differences, 1);
}

#[test]
fn a_record_clears_without_shadowing() {
    let bundle = bundle();
    let record = Clearance { cleared: [PATH.to_owned()].into(), ..Clearance::default() };
    let gears = Gears::new(settings(0, 0.0), record);
    assert_eq!(ask(&gears, &bundle, 1, 0), Value::from(2_u64));
    assert_eq!(gears.gear(PATH, &bundle.asked(false)), Gear::Fast { by_record: true });
    // Without one, and without shadowing, nothing is cleared.
    let gears = Gears::new(settings(0, 0.0), Clearance::default());
    assert_eq!(ask(&gears, &bundle, 1, 0), Value::from(0_u64));
    assert_eq!(gears.gear(PATH, &bundle.asked(false)), Gear::Uncleared);
}

#[test]
fn a_long_input_is_cut_off_in_the_report() {
    let bundle = bundle();
    let gears = Gears::new(settings(1, 0.0), Clearance::default());
    let input = json::value(&json!({"n": 1, "text": "x".repeat(1 << 20)}));
    gears.evaluate(PATH, &input, &bundle.asked(false), |_| Ok(Value::from(0_u64))).unwrap();
    let [difference] = gears.differences().try_into().unwrap();
    assert!(difference.input.len() < 100_000, "{}", difference.input.len());
}
