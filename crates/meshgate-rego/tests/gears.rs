//! The two gears side by side on policies that nobody wrote: whatever the static check admits, the fast gear answers as the
//! interpreter does, or fails, which the interpreter then answers. `GEAR_SEEDS=100000` looks for longer.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::limits::EvaluationLimits;
use meshgate_rego::{Bundle, Module, Options, Query};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// A small generator of numbers; a seed gives a policy.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// Writes policies.
struct Writer {
    random: Random,
    /// Variables in scope.
    scope: Vec<String>,
    fresh: usize,
}

impl Writer {
    fn name(&mut self) -> String {
        self.fresh += 1;
        format!("v{}", self.fresh)
    }

    fn scalar(&mut self) -> String {
        self.random
            .pick(&["1", "2", "0", "-1", "2.5", "\"a\"", "\"b\"", "\"x y\"", "\"\"", "true", "false", "null"])
            .to_owned()
    }

    fn reference(&mut self) -> String {
        let known = [
            "input.n",
            "input.s",
            "input.t",
            "input.list",
            "input.words",
            "input.map",
            "input.deep.a.b",
            "input.missing",
            "input.missing.x",
            "input.list[0]",
            "input.list[9]",
            "input.map.a",
            "input.map[\"b\"]",
            "input.objects[0].name",
            "data.base.limits.a",
            "data.base.names",
            "data.base.none",
            "complete",
            "undef",
            "setrule",
            "withdefault",
            "input",
            "constlist",
        ];
        if self.scope.is_empty() || self.random.chance(60) {
            return self.random.pick(&known).to_owned();
        }
        let at = self.random.below(self.scope.len());
        let name = self.scope[at].clone();
        match self.random.below(8) {
            0 => format!("{name}.name"),
            1 => format!("input.map[{name}]"),
            2 => format!("input.list[{name}]"),
            3 => format!("{name}[0]"),
            _ => name,
        }
    }

    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 {
            return if self.random.chance(40) { self.scalar() } else { self.reference() };
        }
        let sub = |w: &mut Self| w.expression(depth - 1);
        match self.random.below(23) {
            0 | 1 => self.scalar(),
            2..=6 => self.reference(),
            7 => format!("({} {} {})", sub(self), self.random.pick(&["+", "-", "*", "/", "%"]), sub(self)),
            8 => format!("[{}, {}]", sub(self), sub(self)),
            9 => format!("{{{}, {}}}", sub(self), sub(self)),
            10 => format!("{{\"k\": {}, \"l\": {}}}", sub(self), sub(self)),
            11 => format!("count({})", sub(self)),
            12 => format!(
                "{}({})",
                self.random.pick(&[
                    "to_number",
                    "lower",
                    "upper",
                    "sum",
                    "max",
                    "min",
                    "abs",
                    "type_name",
                    "is_string",
                    "crypto.md5",
                    "json.marshal",
                    "sort",
                    "trim_space",
                    "object.keys",
                    "array.flatten"
                ]),
                sub(self)
            ),
            13 => format!(
                "{}({}, {})",
                self.random.pick(&[
                    "startswith",
                    "split",
                    "array.concat",
                    "object.get_",
                    "contains",
                    "concat",
                    "union_",
                    "regex.match"
                ]),
                sub(self),
                sub(self)
            )
            .replace("object.get_(", "object.union(")
            .replace("union_(", "object.union("),
            14 => format!("object.get({}, {}, {})", sub(self), sub(self), sub(self)),
            15 => format!("sprintf(\"%v-%v\", [{}, {}])", sub(self), sub(self)),
            16 | 17 => self.comprehension(depth),
            18 => format!("f({})", sub(self)),
            19 => format!("g({}, {})", sub(self), sub(self)),
            20 => format!("({} {} {})", sub(self), self.random.pick(&["==", "!=", "<", "<=", ">", ">="]), sub(self)),
            21 => format!("({} {} {})", sub(self), self.random.pick(&["|", "&", "-"]), sub(self)),
            _ => format!("$\"a{{{}}}b\"", sub(self)),
        }
    }

    fn comprehension(&mut self, depth: usize) -> String {
        let outer = self.scope.len();
        let body = self.body(depth.saturating_sub(1), 2);
        let text = match self.random.below(3) {
            0 => format!("[{} | {}]", self.expression(depth - 1), body.join("; ")),
            1 => format!("{{{} | {}}}", self.expression(depth - 1), body.join("; ")),
            _ => format!("{{{}: {} | {}}}", self.expression(0), self.expression(depth - 1), body.join("; ")),
        };
        self.scope.truncate(outer);
        text
    }

    fn collection(&mut self) -> String {
        self.random
            .pick(&[
                "input.list",
                "input.words",
                "input.map",
                "input.objects",
                "input.missing",
                "{1, 2, 3}",
                "[[1, 2], [3]]",
                "setrule",
                "objrule",
                "data.base.names",
                "input.nested",
                "constlist",
            ])
            .to_owned()
    }

    fn statement(&mut self, depth: usize) -> String {
        match self.random.below(15) {
            0 | 1 => {
                let value = self.expression(depth);
                let name = self.name();
                self.scope.push(name.clone());
                format!("{name} := {value}")
            }
            2 | 3 => {
                let from = self.collection();
                let name = self.name();
                self.scope.push(name.clone());
                format!("some {name} in {from}")
            }
            4 => {
                let from = self.collection();
                let (key, name) = (self.name(), self.name());
                self.scope.extend([key.clone(), name.clone()]);
                format!("some {key}, {name} in {from}")
            }
            5 => {
                let from = self.collection();
                let name = self.name();
                self.scope.push(name.clone());
                format!("{name} := {from}[_]")
            }
            6 => {
                let from = self.collection();
                let (key, name) = (self.name(), self.name());
                self.scope.extend([key.clone(), name.clone()]);
                format!("{name} = {from}[{key}]")
            }
            7 => {
                let outer = self.scope.len();
                let inner = self.simple(depth);
                self.scope.truncate(outer);
                format!("not {inner}")
            }
            8 => {
                let from = self.collection();
                let outer = self.scope.len();
                let name = self.name();
                self.scope.push(name.clone());
                let body = self.body(depth.saturating_sub(1), 2);
                self.scope.truncate(outer);
                format!("every {name} in {from} {{ {} }}", body.join("; "))
            }
            9 => {
                let (a, b) = (self.name(), self.name());
                self.scope.extend([a.clone(), b.clone()]);
                format!(
                    "[{a}, {b}] := {}",
                    self.random.pick(&["input.pair", "[1, input.n]", "input.list", "input.missing"])
                )
            }
            10 => {
                let name = self.name();
                let value = self.expression(depth);
                self.scope.push(name.clone());
                format!("{{\"k\": {name}}} = {{\"k\": {value}}}")
            }
            _ => self.simple(depth),
        }
    }

    fn simple(&mut self, depth: usize) -> String {
        match self.random.below(7) {
            0..=2 => {
                let op = self.random.pick(&["==", "!=", "<", "<=", ">", ">="]);
                format!("{} {op} {}", self.expression(depth), self.expression(depth))
            }
            3 => format!("{} in {}", self.expression(depth), self.collection()),
            4 => format!("{}[_] == {}", self.collection(), self.expression(depth)),
            5 => format!("{} in {}", self.expression(0), self.expression(depth)),
            _ => self.expression(depth),
        }
    }

    fn body(&mut self, depth: usize, most: usize) -> Vec<String> {
        let count = 1 + self.random.below(most);
        (0..count).map(|_| self.statement(depth)).collect()
    }

    fn rule(&mut self, name: &str) -> String {
        self.scope.clear();
        let value = |w: &mut Self| w.expression(2);
        match self.random.below(9) {
            0 | 1 => {
                let body = self.body(2, 3).join("\n\t");
                format!("{name} if {{\n\t{body}\n}}\n")
            }
            2 => {
                let body = self.body(2, 3).join("\n\t");
                format!("{name} := {} if {{\n\t{body}\n}}\n", value(self))
            }
            3 | 4 => {
                let body = self.body(2, 3).join("\n\t");
                format!("{name} contains {} if {{\n\t{body}\n}}\n", value(self))
            }
            5 => {
                let first = self.body(1, 2).join("\n\t");
                self.scope.clear();
                let second = self.body(1, 2).join("\n\t");
                format!(
                    "default {name} := {}\n\n{name} := 1 if {{\n\t{first}\n}} else := 2 if {{\n\t{second}\n}}\n",
                    self.scalar()
                )
            }
            6 => {
                let first = self.body(1, 2).join("\n\t");
                self.scope.clear();
                let second = self.body(1, 2).join("\n\t");
                format!("{name} if {{\n\t{first}\n}}\n\n{name} if {{\n\t{second}\n}}\n")
            }
            7 => {
                let body = self.body(1, 2).join("\n\t");
                format!("{name}[{}] := true if {{\n\t{body}\n}}\n", self.scope.first().cloned().unwrap_or("x".into()))
            }
            _ => format!("{name} := {}\n", value(self)),
        }
    }

    fn module(&mut self) -> String {
        let mut text = String::from(
            "package test\n\ncomplete := {\"a\": 1, \"b\": [1, 2]}\n\nundef := 1 if input.missing\n\nsetrule contains x if some x in [3, 1, \"a\"]\n\n\
            objrule[k] := true if some k in [\"a\", \"b\"]\n\ndefault withdefault := 7\n\nwithdefault := 8 if input.n == 2\n\nconstlist := [1, \"a\", null]\n\n\
            f(x) := x if is_number(x)\n\ng(x, y) if x == y\n\n",
        );
        let _ = writeln!(text, "{}", self.rule("q"));
        // The entry point may use the rule before it.
        let entry = self.rule("p");
        text.push_str(&entry.replace("undef", if self.random.chance(50) { "q" } else { "undef" }));
        text
    }
}

fn input() -> Value {
    json!({"n": 1, "s": "a", "t": true, "list": [1, 2, "a", null, {"name": "a"}], "words": ["a", "b", "x y"], "map": {"a": 1, "b": [1], "c": null},
           "deep": {"a": {"b": "a"}}, "objects": [{"name": "a", "v": 1}, {"name": "b"}, {"v": 2}], "pair": [1, 2], "nested": [[1, 2], [], ["a"]]})
}

/// What the gears say of a policy; `None` when it does not load or is not eligible.
fn both(text: &str, reasons: &mut BTreeMap<String, usize>) -> Option<(Result<String, String>, Result<String, String>)> {
    let modules = [Module { file: "t.rego".into(), text: text.into() }];
    let data = [meshgate_rego::value_of_json(&json!({"base": {"limits": {"a": 1}, "names": ["a", "z"]}}))];
    let query = Query {
        text: "data.test.p = x",
        modules: &modules,
        data: &data,
        input: Some(input()),
        options: Options::default(),
        ..Query::default()
    };
    let ready = query.prepare().ok()?;
    if let Some(reason) = ready.why_not_fast() {
        *reasons.entry(format!("{:?} {}", reason.construct, reason.detail.unwrap_or_default())).or_default() += 1;
        return None;
    }
    let fast = ready.evaluate_fast()?;
    let told = |answer: Result<Vec<meshgate_rego::Row>, meshgate_rego::FailedQuery>| {
        answer
            .map(|rows| rows.iter().map(|row| row.bindings.to_string()).collect::<String>())
            .map_err(|error| error.to_string())
    };
    Some((told(ready.evaluate()), told(fast)))
}

#[test]
fn the_gears_agree_on_random_policies() {
    let seeds: u64 = std::env::var("GEAR_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_500);
    let start: u64 = std::env::var("GEAR_START").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    std::panic::set_hook(Box::new(|_| {}));
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(move || {
        let (mut eligible, mut defined, mut wrong) = (0_u64, 0_u64, Vec::new());
        let mut reasons = BTreeMap::new();
        for seed in start..start + seeds {
            let text = Writer { random: Random(seed), scope: Vec::new(), fresh: 0 }.module();
            let Some((slow, fast)) = both(&text, &mut reasons) else { continue };
            eligible += 1;
            defined += u64::from(slow.as_ref().is_ok_and(|value| !value.is_empty()));
            // A failure of the fast gear is made good by the interpreter; an answer that differs is not.
            if fast.is_ok() && fast != slow && (slow.is_ok() || std::env::var("GEAR_ERRORS").is_ok()) {
                wrong.push(format!(
                    "seed {seed}: interpreter {slow:?}, fast {fast:?}\n{}",
                    text.split("g(x, y) if x == y").last().unwrap()
                ));
            }
        }
        (eligible, defined, wrong, reasons)
    });
    let (eligible, defined, wrong, reasons) = thread.unwrap().join().unwrap();
    println!("{eligible} eligible of {seeds}, {defined} with a value, {} wrong", wrong.len());
    reasons.iter().for_each(|(reason, count)| println!("{count} stay in the interpreter: {reason}"));
    println!("{}", wrong.iter().take(8).cloned().collect::<Vec<_>>().join("\n----\n"));
    assert!(wrong.is_empty(), "the gears differ");
    assert!(eligible * 5 > seeds && defined * 8 > eligible, "{eligible} eligible, {defined} with a value");
}

/// An answer that one gear could not give was not agreed on.
#[test]
fn what_is_too_much_for_the_fast_gear_is_not_cleared() {
    let policy = "package a\n\np := count([x | some x in numbers.range(1, input.n)])\n";
    let test = "package a_test\n\nimport data.a\n\ntest_p if a.p == 50000 with input as {\"n\": 50000}\n";
    let modules = [("a.rego", policy), ("a_test.rego", test)]
        .map(|(file, text)| Module { file: file.to_owned(), text: text.to_owned() });
    let clear = |bytes| {
        let limits = EvaluationLimits { rego_memory_bytes_max: bytes, ..EvaluationLimits::default() };
        Bundle::clear(&modules, &[], Options::from(limits)).unwrap_or_else(|errors| panic!("{errors:?}"))
    };
    let enough = clear(256 << 20);
    assert!(enough.record.has("data.a.p"), "{enough:?}");
    let little = clear(64 << 10);
    assert!(!little.record.has("data.a.p") && little.differences.is_empty(), "{little:?}");
}
