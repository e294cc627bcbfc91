//! One decision among 1, 100, 1,000 and 10,000 `allow` rules that differ in the value of one input, in both gears and in
//! OPA's own engine, which looks such rules up in an index. `cargo bench -p meshgate-rego --bench many`.
//!
//! Deliberately absent: pass and fail. A benchmark measures; the ratios are for the reader.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot prepare has nothing to measure")]

mod peer;

use meshgate_core::limits::EvaluationLimits;
use meshgate_rego::{Bundle, GearSettings, Module, Options, Value, parse_json};
use peer::{Peer, timed};
use std::fmt::Write;
use std::time::{Duration, Instant};

const ROUND: Duration = Duration::from_millis(400);

fn policy(rules: usize) -> String {
    let mut text = "package many\n\nimport rego.v1\n\ndefault allow := false\n\n".to_owned();
    for number in 0..rules {
        let _ = write!(text, "allow if {{\n\tinput.role == \"role-{number}\"\n\tinput.action == \"read\"\n}}\n\n");
    }
    text
}

fn bundle(text: &str, fast: bool) -> Bundle {
    let module = Module { file: "many.rego".to_owned(), text: text.to_owned() };
    let gears = GearSettings { fast, warm_up: 0, shadow: 10, ..GearSettings::default() };
    let limits = EvaluationLimits { rule_deadline: Duration::from_secs(5), ..EvaluationLimits::default() };
    Bundle::load(&[module], &[], Options { gears, limits, ..Options::default() }).unwrap()
}

fn main() {
    // Modules of ten thousand rules want more stack than a main thread has.
    std::thread::Builder::new().stack_size(256 << 20).spawn(measure).unwrap().join().unwrap();
}

fn measure() {
    println!("{:>6} {:>12} {:>14} {:>14} {:>14}   decision", "rules", "load", "fast gear", "interpreter", "OPA");
    for rules in [1, 100, 1000, 10_000] {
        let text = policy(rules);
        let start = Instant::now();
        let slow = bundle(&text, false);
        let load = start.elapsed();
        let fast = bundle(&text, true);
        let mut opa = Peer::start("many", &text, "{}", ROUND);
        for (role, name) in [(rules - 1, "the last rule allows"), (rules, "none allows")] {
            let input = format!("{{\"role\": \"role-{role}\", \"action\": \"read\"}}");
            let parsed = parse_json(input.as_bytes()).unwrap();
            let ask = |bundle: &Bundle| bundle.value(&["many", "allow"], parsed.clone()).unwrap();
            let agreed: Vec<Value> = (0..30).map(|_| ask(&fast)).collect();
            assert!(agreed.iter().all(|answer| *answer == ask(&slow)), "{agreed:?}");
            let before = fast.gear_counts().interpreter;
            let fast_ns = timed(ROUND, || ask(&fast));
            let is_fast = fast.gear_counts().interpreter - before < 10_000;
            let fast_text = if is_fast { format!("{:.2} µs", fast_ns / 1e3) } else { "not".to_owned() };
            let slow_ns = timed(ROUND, || ask(&slow));
            let opa_text = opa.as_mut().map_or_else(
                || "not".to_owned(),
                |opa| {
                    let (nanos, answer) = opa.ask("many.allow", &input);
                    assert_eq!(answer, serde_json::to_value(ask(&slow)).unwrap());
                    format!("{:.2} µs", nanos / 1e3)
                },
            );
            println!("{rules:>6} {load:>12.2?} {fast_text:>14} {:>11.2} µs {opa_text:>14}   {name}", slow_ns / 1e3);
        }
        let before = resident();
        let all = timed_once(|| {
            for role in 0..rules {
                let input =
                    parse_json(format!("{{\"role\": \"role-{role}\", \"action\": \"read\"}}").as_bytes()).unwrap();
                assert_eq!(slow.value(&["many", "allow"], input).unwrap(), Value::from(true));
            }
        });
        let more = resident().saturating_sub(before);
        println!("{rules:>6} every role once, in the interpreter: {all:.1?}, {more} KiB more memory");
    }
}

fn timed_once(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

/// Memory of this process, in KiB; 0 where nothing tells it.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or_default()
}
