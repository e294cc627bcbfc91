//! A decision of the access policy beside this file over a data document of 4 MB, in both gears and in OPA's own engine,
//! in turns within one run; then the same from two threads. Input and answer are JSON text on every side.
//! `cargo bench -p meshgate-rego --bench access`. OPA comes from PyPI (`opa.py`); without Python, or a way to get it, only
//! the gears are compared.
//!
//! Deliberately absent: pass and fail. A benchmark measures; the ratios are for the reader.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot prepare has nothing to measure")]

mod peer;

use meshgate_rego::{Bundle, GearSettings, Module, Options, parse_json};
use peer::{Peer, median, timed};
use serde_json::{Value, json};
use std::time::Duration;

const POLICY: &str = include_str!("access.rego");
const ROUND: Duration = Duration::from_millis(1000);
const ROUNDS: usize = 5;

/// Two thousand products of twenty columns.
fn data() -> Value {
    let classifications = ["public", "internal", "confidential", "restricted"];
    let column = |product: usize, column: usize| {
        let name = format!("column_{column:02}");
        let class = classifications.get((product + column) % 4);
        (
            name,
            json!({"classification": class, "pii": column.is_multiple_of(5), "mask": "hash", "type": "string", "unit": "none"}),
        )
    };
    let product = |number: usize| {
        let columns: serde_json::Map<_, _> = (0..20).map(|at| column(number, at)).collect();
        let terms =
            json!({"purposes": ["analytics", "billing"], "clear": ["fraud"], "expires": "2030-01-01T00:00:00Z"});
        (
            format!("product-{number:04}"),
            json!({"regions": ["eu-west", "eu-north"], "terms": terms, "columns": columns}),
        )
    };
    let products: serde_json::Map<_, _> = (0..2000).map(product).collect();
    json!({"products": products, "levels": {"public": 0, "internal": 1, "confidential": 2, "restricted": 3}})
}

fn input() -> Value {
    let columns: Vec<String> = (0..8).map(|at| format!("column_{at:02}")).collect();
    json!({
        "product": {"id": "product-1000", "port": "orders"}, "consumer": {"id": "team-7", "level": 2}, "columns": columns,
        "region": "eu-west", "purpose": "analytics", "time": "2026-01-01T00:00:00Z",
    })
}

fn bundle(data: &Value, fast: bool) -> Bundle {
    let module = Module { file: "access.rego".to_owned(), text: POLICY.to_owned() };
    let gears = GearSettings { fast, warm_up: 0, shadow: 100, ..GearSettings::default() };
    Bundle::load(&[module], &[meshgate_rego::value_of_json(data)], Options { gears, ..Options::default() }).unwrap()
}

/// One decision, from text to text.
fn decide(bundle: &Bundle, path: &[&str], input: &str) -> String {
    let answer = bundle.value(path, parse_json(input.as_bytes()).unwrap()).unwrap();
    serde_json::to_string(&answer).unwrap()
}

fn main() {
    let (data, input) = (data(), input().to_string());
    println!("data {:.1} MB, input {} bytes", data.to_string().len() as f64 / 1e6, input.len());
    let (fast, slow) = (bundle(&data, true), bundle(&data, false));
    let decision: &[&str] = &["access", "decision"];
    for _ in 0..300 {
        assert_eq!(decide(&fast, decision, &input), decide(&slow, decision, &input));
    }
    assert!(fast.gear_counts().fast >= 100 && fast.gear_counts().differences == 0, "{:?}", fast.gear_counts());
    let mut opa = Peer::start("access", POLICY, &data.to_string(), ROUND);
    let parsed = parse_json(input.as_bytes()).unwrap();
    let [mut fast_text, mut slow_text, mut opa_text, mut opa_constant, mut fast_alone, mut slow_alone] =
        <[Vec<f64>; 6]>::default();
    for _ in 0..ROUNDS {
        fast_text.push(timed(ROUND, || decide(&fast, decision, &input)));
        slow_text.push(timed(ROUND, || decide(&slow, decision, &input)));
        fast_alone.push(timed(ROUND, || fast.value(decision, parsed.clone())));
        slow_alone.push(timed(ROUND, || slow.value(decision, parsed.clone())));
        if let Some(opa) = &mut opa {
            let (nanos, answer) = opa.ask("access.decision", &input);
            assert_eq!(answer, serde_json::from_str::<Value>(&decide(&fast, decision, &input)).unwrap());
            opa_text.push(nanos);
            opa_constant.push(opa.ask("access.constant", &input).0);
        }
    }
    let [fast_text, slow_text, opa_text, opa_constant, fast_alone, slow_alone] =
        [fast_text, slow_text, opa_text, opa_constant, fast_alone, slow_alone].map(median);
    let line = |name: &str, text: f64, alone: f64| {
        println!("{name:<12} {:>7.1} µs from text to text, {:>7.1} µs the evaluation alone", text / 1e3, alone / 1e3);
    };
    line("fast gear", fast_text, fast_alone);
    line("interpreter", slow_text, slow_alone);
    if opa.is_some() {
        // What a constant costs there is its reading, writing and calling.
        let opa_alone = opa_text - opa_constant;
        line("OPA", opa_text, opa_alone);
        println!("fast gear over OPA: {:.1} times as fast, {:.1} alone", opa_text / fast_text, opa_alone / fast_alone);
        println!(
            "interpreter over OPA: {:.1} times as fast, {:.1} alone",
            opa_text / slow_text,
            opa_alone / slow_alone
        );
    }
    for (bundle, name) in [(&fast, "fast gear"), (&slow, "interpreter")] {
        let [one, two] = [1, 2].map(|threads| {
            std::thread::scope(|scope| {
                let run = || timed(ROUND, || decide(bundle, decision, &input));
                let workers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
                workers.into_iter().map(|worker| 1e9 / worker.join().unwrap()).sum::<f64>()
            })
        });
        println!("{name}: {one:.0} decisions a second from one thread, {two:.0} from two, {:.2} times", two / one);
    }
}
