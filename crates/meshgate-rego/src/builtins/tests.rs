//! Every builtin, with arguments that are chosen to make it explode: none may run on for long behind its deadline, or take
//! memory without bound.

use crate::builtins::{self, WORLDLY};
use crate::{Bundle, Module, Options};
use meshgate_core::limits::EvaluationLimits;
use regorus::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What arguments are made of. Each is an expression of its own.
const POOL: &[&str] = &[
    "1",
    "-1",
    "0",
    "1.5",
    "1e308",
    "4611686018427387904",
    "123456789012345678901234567890123456789012345678901234567890",
    "bits.lsh(bits.lsh(bits.lsh(1, 60000), 60000), 60000)",
    "true",
    "null",
    "\"\"",
    "\"a\"",
    "\",\"",
    "\"1e999999999E\"",
    "\"9e99999999\"",
    "\"(a{1,100}){1,10}b\"",
    "\"(a*)*(a|b|ab)*$\"",
    "\"((((a*)*)*)*)*c\"",
    "\"{a,{b,{c,{d,*}}}}*{a,b}*{a,b}*{a,b}\"",
    "\"10.0.0.0/1\"",
    "\"::/0\"",
    "\"99999999999h\"",
    "\"2006-01-02T15:04:05Z07:00\"",
    "\"%1000000d%v%s%[1]v%[1]v\"",
    "\"{{range .}}{{range $}}{{range $}}x{{end}}{{end}}{{end}}\"",
    "long(\"a\", 1000)",
    "long(\"a\", 100000)",
    "long(\"é\", 1000000)",
    "long(\"9\", 1000000)",
    "long(\"[\", 100000)",
    "long(\"[],\", 300000)",
    "long(\"- \", 3000)",
    "long(\"(\", 2000)",
    "long(\"a*\", 2000)",
    "long(\"a \", 300000)",
    "long(\"{a,b}\", 500)",
    "numbers.range(1, 3)",
    "numbers.range(1, 1000000)",
    "numbers.range(1, 20000)",
    "[long(\"a\", 100000) | some _ in numbers.range(1, 2000)]",
    "[sprintf(\"%d\", [i]) | some i in numbers.range(1, 20000)]",
    "[numbers.range(1, 1000) | some _ in numbers.range(1, 500)]",
    "[sprintf(\"10.%d.%d.0/24\", [a, b]) | some a in numbers.range(0, 60); some b in numbers.range(0, 99)]",
    "{i | some i in numbers.range(1, 100000)}",
    "{{i} | some i in numbers.range(1, 1000)}",
    "{sprintf(\"k%d\", [i]): i | some i in numbers.range(1, 50000)}",
    "{sprintf(\"n%d\", [i]): [sprintf(\"n%d\", [i + 1]), sprintf(\"n%d\", [i + 2])] | some i in numbers.range(0, 60)}",
    "{\"a\": long(\"a\", 100000), \"b\": {\"a\": numbers.range(1, 100000)}}",
    "[{\"op\": \"copy\", \"from\": \"\", \"path\": sprintf(\"/%d\", [i])} | some i in numbers.range(1, 40)]",
    "[{\"op\": \"add\", \"path\": \"/x\", \"value\": numbers.range(1, 1000)} | some _ in numbers.range(1, 10000)]",
    "{\"$ref\": \"#/definitions/x30\", \"definitions\": {sprintf(\"x%d\", [i]): {\"allOf\": [{\"$ref\": sprintf(\"#/definitions/x%d\", [i - 1])}, {\"$ref\": sprintf(\"#/definitions/x%d\", [i - 1])}]} | some i in numbers.range(1, 30)}}",
    "{\"items\": {\"anyOf\": [{\"pattern\": \"^(a+)+$(?=b)\"}, {\"enum\": numbers.range(1, 1000)}]}}",
    "data.tower",
    "data.same",
    "data.wide",
];

/// A random number that is the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(most).unwrap()).unwrap()
    }
}

/// What arguments are made of, as data: an evaluation must not spend its time on making them.
fn pool() -> Value {
    const LONG: &str = "long(s, n) := concat(\"\", [s | some _ in numbers.range(1, n)])";
    let rules: Vec<String> = POOL.iter().enumerate().map(|(at, text)| format!("v{at} := {text}")).collect();
    let text = format!("package pool\n\n{LONG}\n\n{}\n", rules.join("\n\n"));
    let limits = EvaluationLimits { rule_deadline: Duration::from_secs(60), ..EvaluationLimits::default() };
    let module = Module { file: "pool.rego".to_owned(), text };
    let bundle = Bundle::load(&[module], &[documents()], Options::from(limits)).unwrap();
    let values = (0..POOL.len()).map(|at| {
        let name = format!("v{at}");
        let value = bundle.value(&["pool", &name], Value::Undefined).unwrap_or_else(|error| panic!("{name}: {error}"));
        (Value::from(name), value)
    });
    let values: BTreeMap<Value, Value> = values.collect();
    Value::from(BTreeMap::from([(Value::from("v"), Value::from(values))]))
}

/// A tower of as many parts as a document may have, its like, and one that is wide.
fn documents() -> Value {
    let tower = || (0..17).fold(Value::from("x"), |below, _| Value::from(vec![below.clone(), below]));
    let wide: Vec<Value> = (0..200_000_u64).map(Value::from).collect();
    let all = [("tower", tower()), ("same", tower()), ("wide", Value::from(wide))];
    Value::from(all.into_iter().map(|(key, value)| (Value::from(key), value)).collect::<BTreeMap<_, _>>())
}

const DEADLINE: Duration = Duration::from_millis(200);
/// The builds of tests are slow ones.
const MOST: Duration = Duration::from_millis(1_000);
/// Calls that are loaded at once.
const BATCH: usize = 200;

/// Evaluates calls; says which took too long.
fn too_long(calls: &[String], data: &Value, until: Instant) -> Vec<String> {
    let rules: Vec<String> = calls.iter().enumerate().map(|(at, call)| format!("p{at} := {call}")).collect();
    let text = format!("package x\n\n{}\n", rules.join("\n\n"));
    let limits = EvaluationLimits { rule_deadline: DEADLINE, ..EvaluationLimits::default() };
    let module = Module { file: "x.rego".to_owned(), text };
    let bundle = Bundle::load(&[module], std::slice::from_ref(data), Options::from(limits)).unwrap();
    let time = |at: usize| {
        let began = Instant::now();
        // What it is, and whether it is anything, is OPA's affair.
        let _ = bundle.value(&["x", &format!("p{at}")], Value::Undefined);
        began.elapsed()
    };
    let mut slow = Vec::new();
    for (at, call) in calls.iter().enumerate().take_while(|_| Instant::now() < until) {
        // What is slow once may have been interrupted; what is slow again is slow.
        if time(at) > MOST {
            let again = time(at);
            if again > MOST {
                slow.push(format!("{again:?} {call}"));
            }
        }
    }
    slow
}

#[test]
fn no_builtin_runs_on_behind_its_deadline() {
    let seconds = std::env::var("EXPLODE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let seed = std::env::var("EXPLODE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0x5eed_1234_5678_9abc);
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut names: Vec<&str> =
        builtins::names().filter(|name| WORLDLY.iter().all(|(other, _)| other != name)).collect();
    names.sort_unstable();
    names.dedup();
    // The policies evaluate on stacks as large as those of the engine.
    let run = move || {
        let data = pool();
        let mut dice = Dice(seed);
        let (mut count, mut slow) = (0, Vec::new());
        while Instant::now() < until {
            let call = |_| {
                let name = names[dice.below(names.len())];
                let arguments = builtins::arguments(name).map_or(0, usize::from);
                let of: Vec<String> = (0..arguments).map(|_| format!("data.v.v{}", dice.below(POOL.len()))).collect();
                format!("{name}({})", of.join(", "))
            };
            let calls: Vec<String> = (0..BATCH).map(call).collect();
            slow.extend(too_long(&calls, &data, until));
            count += BATCH;
        }
        (count, slow)
    };
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(run).unwrap();
    let (calls, slow) = thread.join().unwrap();
    println!("{calls} calls, seed {seed}");
    assert!(slow.is_empty(), "{} of {calls} calls ran on:\n{}", slow.len(), slow.join("\n"));
}

/// What only an evaluator of our own can stop: one step over a value in which a comprehension repeats a large one. It ends
/// late. The machine empties this list: what is in time is taken off it.
const UNTIL_THE_MACHINE: &[&str] = &["p if tower == other", "p if tower in [other]", "p := {tower: 1, other: 2}"];

#[test]
fn what_only_the_machine_can_stop_ends_late() {
    let run = || {
        for rule in UNTIL_THE_MACHINE {
            let text = format!(
                "package x\n\nimport rego.v1\n\nrow := numbers.range(1, 30000)\n\nmore := numbers.range(1, 30000)\n\n\
                 tower := [row | some _ in numbers.range(1, 30000)]\n\nother := [more | some _ in numbers.range(1, 30000)]\n\n{rule}\n"
            );
            let limits = EvaluationLimits { rule_deadline: DEADLINE, ..EvaluationLimits::default() };
            let module = Module { file: "x.rego".to_owned(), text };
            let bundle = Bundle::load(&[module], &[], Options::from(limits)).unwrap();
            let began = Instant::now();
            let _ = bundle.value(&["x", "p"], Value::Undefined);
            let took = began.elapsed();
            println!("{rule}: {took:?}");
            assert!(took > MOST, "`{rule}` ends in {took:?}: take it off the list");
            assert!(took < Duration::from_secs(60), "`{rule}` does not end");
        }
    };
    std::thread::Builder::new().stack_size(64 << 20).spawn(run).unwrap().join().unwrap();
}
