//! Rules with many definitions, answered by slices and by the whole bundle: the answers are the same, whatever the
//! definitions look like and whatever is asked. `SLICE_SEEDS=2000` looks for longer.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::limits::EvaluationLimits;
use meshgate_rego::{Bundle, GearSettings, Module, Options, Value, value_of_json};
use serde_json::json;
use std::fmt::Write;
use std::time::Duration;

/// A small generator of numbers; a seed gives a policy.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }
}

const VALUES: &[&str] = &["\"a\"", "\"b\"", "\"c\"", "\"d\"", "1", "2", "\"1\"", "true", "null", "2.5"];

/// Something that a definition wants; some of it can be looked up, some cannot.
fn condition(random: &mut Random) -> String {
    let value = random.pick(VALUES).to_owned();
    let other = random.pick(VALUES).to_owned();
    let place =
        random.pick(&["input.role", "input.role", "input.role", "input.deep.kind", "input[\"deep\"].kind", "input.n"]);
    match random.below(14) {
        0..=5 => format!("{place} == {value}"),
        6 => format!("{value} == {place}"),
        7 => format!("{place} = {value}"),
        8 => format!("{place} in {{{value}, {other}}}"),
        9 => format!("{place} in [{value}, {other}]"),
        10 => format!("not {place} == {value}"),
        11 => format!("{place} != {value}"),
        12 => format!("{place} == data.wanted"),
        _ => "input.n > 1".to_owned(),
    }
}

fn body(random: &mut Random) -> String {
    let all: Vec<String> = (0..=random.below(2)).map(|_| condition(random)).collect();
    all.join("\n\t")
}

/// Rules of each kind, each with many definitions.
fn policy(random: &mut Random) -> String {
    let mut text = "package many\n\nimport rego.v1\n\ndefault allow := false\n\n".to_owned();
    for number in 0..250 + random.below(150) {
        let body = body(random);
        let value = random.pick(VALUES);
        let _ = match random.below(12) {
            0..=4 => write!(text, "allow if {{\n\t{body}\n}}\n\n"),
            5 | 6 => write!(text, "reasons contains {value} if {{\n\t{body}\n}}\n"),
            7 => write!(text, "limits[\"{number}\"] := {value} if {{\n\t{body}\n}}\n\n# A remark.\n\n"),
            8 => write!(text, "level := {value} if {{\n\t{body}\n}} else := 7 if {{\n\t{}\n}}\n\n", condition(random)),
            9 => write!(text, "known(x) if {{\n\tx == {value}\n\t{body}\n}}\n\n"),
            10 => write!(text, "# METADATA\n# title: T{number}\nreasons contains {value} if {{\n\t{body}\n}}\n\n"),
            _ => write!(text, "allow if {{\n\t{body}\n}}\nreasons contains {number} if input.role == {value}\n\n"),
        };
    }
    text.push_str("known(x) if x == \"last\"\n\nlevel := 7 if input.role == \"nobody\"\n\nlimits.x := 1 if input.role == \"x\"\n\n");
    text.push_str("reasons contains 0 if input.role == \"zero\"\n\n");
    text.push_str("all := {\"allow\": allow, \"reasons\": reasons, \"limits\": limits, \"known\": [x | some x in [1, \"a\", true]; known(x)]}\n");
    text
}

fn load(text: &str) -> Bundle {
    let module = Module { file: "many.rego".to_owned(), text: text.to_owned() };
    // Both gears beside each other, always: the slices' machines are compared as well.
    let gears = GearSettings { warm_up: 0, compare: 1.0, shadow: 1, ..GearSettings::default() };
    let limits = EvaluationLimits { rule_deadline: Duration::from_secs(20), ..EvaluationLimits::default() };
    Bundle::load(&[module], &[value_of_json(&json!({"wanted": "b"}))], Options { gears, limits, ..Options::default() })
        .unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

/// What replaces the input somewhere keeps the whole bundle whole.
const WHOLE: &str = "\nunasked if input.role == 1 with input as {}\n";

fn inputs() -> Vec<Value> {
    let mut found = vec![json!({}), json!(null), json!([1]), json!({"role": {"a": 1}, "deep": 3})];
    for value in VALUES.iter().chain(&["\"none\"", "1.0", "\"zero\"", "[\"a\"]"]) {
        let value: serde_json::Value = serde_json::from_str(value).unwrap();
        found.push(json!({"role": value, "n": 1, "deep": {"kind": "a"}}));
        found.push(json!({"role": "a", "n": value, "deep": {"kind": value}}));
    }
    let mut found: Vec<Value> = found.iter().map(value_of_json).collect();
    found.push(Value::Undefined);
    found
}

fn on_a_large_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(64 << 20).spawn(run).unwrap().join().unwrap()
}

#[test]
fn slices_answer_as_the_whole_does() {
    let seeds = std::env::var("SLICE_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let start: u64 = std::env::var("SLICE_START").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let made = on_a_large_stack(move || {
        let mut made = 0;
        for seed in start..start + seeds {
            let mut random = Random(seed);
            let text = policy(&mut random);
            let (sliced, whole) = (load(&text), load(&format!("{text}{WHOLE}")));
            for input in inputs() {
                for path in
                    [&["many", "all"][..], &["many", "allow"], &["many", "level"], &["many", "reasons"], &["many"]]
                {
                    let found = sliced.value(path, input.clone());
                    let expected = whole.value(path, input.clone());
                    match (found, expected) {
                        (Ok(found), Ok(expected)) => {
                            // The package of the whole has one rule more, which is undefined but for one input.
                            let found = found.to_string();
                            assert_eq!(found, expected.to_string(), "seed {seed}, {path:?}, {input}\n{text}");
                        }
                        (found, expected) => {
                            let codes = [found, expected].map(|answer| answer.map_err(|error| error.code));
                            assert_eq!(codes[0], codes[1], "seed {seed}, {path:?}, {input}\n{text}");
                        }
                    }
                }
            }
            assert_eq!((whole.slices(), sliced.differences()), (0, Vec::new()), "seed {seed}\n{text}");
            made += sliced.slices();
        }
        made
    });
    println!("{made} slices over {seeds} policies");
    assert!(made > 0);
}

/// A place in a slice is the place in the file.
#[test]
fn what_fails_in_a_slice_is_told_where_it_stands() {
    let mut text = "package many\n\n".to_owned();
    for number in 0..100 {
        let _ = write!(text, "value := [{number}, 1 / input.zero] if {{\n\tinput.role == {number}\n}}\n\n");
    }
    let said = on_a_large_stack(move || {
        let options = Options { strict: true, ..Options::default() };
        let bundle = Bundle::load(&[Module { file: "many.rego".to_owned(), text }], &[], options).unwrap();
        let input = value_of_json(&json!({"role": 50, "zero": 0}));
        let error = bundle.value(&["many", "value"], input).unwrap_err();
        (bundle.slices(), error.message)
    });
    assert_eq!(said.0, 1);
    // The 51st definition begins at line 3 + 50 * 4.
    assert!(said.1.contains("many.rego:203:"), "{}", said.1);
}

/// Two rules on one line, braces that end on another's line: such definitions stay in every slice.
#[test]
fn definitions_that_share_lines_are_never_cut() {
    let mut text = "package many\n\n".to_owned();
    for number in 0..80 {
        let _ = write!(
            text,
            "p contains {number} if {{\n\tinput.role == {number} }}  q contains {number} if {{\n\tinput.role == {number}\n}} p contains \"x{number}\" if {{\n\tinput.role == {number}\n}}\n"
        );
    }
    let answers = on_a_large_stack(move || {
        let bundle = load(&text);
        let input = value_of_json(&json!({"role": 50}));
        ["p", "q"].map(|rule| bundle.value(&["many", rule], input.clone()).unwrap().to_string())
    });
    assert_eq!(answers, ["[50,\"x50\"]", "[50]"]);
}

/// One file for each definition: the files of the others are not even read.
#[test]
fn definitions_in_files_of_their_own_are_slices_too() {
    let answers = on_a_large_stack(move || {
        let file = |number: usize| Module {
            file: format!("{number}.rego"),
            text: format!("package many\n\nallow if input.role == \"r{number}\"\n"),
        };
        let modules: Vec<Module> = (0..300).map(file).collect();
        let bundle = Bundle::load(&modules, &[], Options::default()).unwrap();
        let ask = |role: &str| bundle.value(&["many", "allow"], value_of_json(&json!({ "role": role }))).unwrap();
        (ask("r0"), ask("r299"), ask("r300"), bundle.slices())
    });
    assert_eq!(answers, (Value::from(true), Value::from(true), Value::Undefined, 2));
}

/// Forty definitions of a rule, told apart by the role.
fn forty(head: &str) -> String {
    (0..40)
        .map(|number| {
            format!("{} if {{\n\tinput.role == \"r{number}\"\n}}\n\n", head.replace("N", &number.to_string()))
        })
        .collect()
}

/// Rules that are reached in ways that are easily missed, inputs that are no inputs, and METADATA that would move.
#[test]
fn nothing_that_an_entry_point_leads_to_is_left_out() {
    let known: String = (0..40).map(|number| format!("known if {{\n\tinput.who == \"w{number}\"\n}}\n\n")).collect();
    let cases: [(&str, String, &str); 8] = [
        (
            "a rule within brackets",
            forty("level := \"lN\"")
                + "table := {\"l5\": {\"banned\": true}}\n\nask if {\n\tknown\n\tnot table[level].banned\n}\n",
            "r5",
        ),
        (
            "a call within brackets",
            forty("level(_) := \"lN\"")
                + "table := {\"l5\": {\"banned\": true}}\n\nask if {\n\tknown\n\tnot table[level(1)].banned\n}\n",
            "r5",
        ),
        (
            "a comprehension within brackets",
            forty("roles contains \"lN\"")
                + "table := {\"l5\": {\"x\": true}}\n\nask if {\n\tknown\n\tnot table[[r | some r in roles][0]].x\n}\n",
            "r5",
        ),
        (
            "a name that is local in another branch",
            forty("bad") + "ask := 1 if {\n\tbad := 1\n\tbad == 3\n} else := 2 if {\n\tknown\n\tbad\n}\n",
            "r5",
        ),
        (
            "a name that is local in an every",
            forty("bad") + "ask if {\n\tevery bad in [1, 2] { bad < 3 }\n\tknown\n\tbad\n}\n",
            "r5",
        ),
        (
            "a name that is local in a comprehension",
            forty("bad")
                + "helper if {\n\tnot bad\n\tcount([bad | bad := 1]) == 1\n}\n\nask if {\n\tknown\n\thelper\n}\n",
            "r5",
        ),
        (
            "the input under another name",
            "import input as i\n\n".to_owned() + &forty("p") + "ask if p with i.role as \"r5\"\n",
            "x",
        ),
        (
            "METADATA above a blank line",
            forty("p")
                + "# METADATA\n# title: T\n\np if input.role == \"zz\"\n\np if {\n\tinput.role == \"q\"\n\trego.metadata.rule().title == \"T\"\n}\n\nask if {\n\tknown\n\tnot p\n}\n",
            "x",
        ),
    ];
    for (name, body, role) in cases {
        let (imports, body) = body
            .split_once("import input as i\n\n")
            .map_or(("", body.as_str()), |(_, body)| ("import input as i\n\n", body));
        let text = format!("package many\n\n{imports}{known}{body}");
        let input = json!({"role": role, "who": "w3", "other": "r5"});
        on_a_large_stack(move || {
            let (sliced, whole) = (load(&text), load(&format!("{text}{WHOLE}")));
            let input = value_of_json(&input);
            let ask = |bundle: &Bundle| bundle.value(&["many", "ask"], input.clone()).map_err(|error| error.code);
            assert_eq!(ask(&sliced), ask(&whole), "{name}");
        });
    }
}

/// A file that says something of its package stays, whatever is left out of it.
#[test]
fn what_is_said_of_a_package_is_kept() {
    let said = on_a_large_stack(|| {
        let files = [
            ("b.rego", format!("# METADATA\n# title: PK\npackage many\n\n{}", forty("p"))),
            (
                "a.rego",
                format!(
                    "package many\n\nask := [chain, p] if {{\n\tchain := rego.metadata.chain()\n}}\n\n{}",
                    forty("p")
                ),
            ),
        ];
        let modules = files.map(|(file, text)| Module { file: file.to_owned(), text });
        let bundle = Bundle::load(&modules, &[], Options::default()).unwrap_or_else(|errors| panic!("{errors:?}"));
        let input = value_of_json(&json!({"role": "r7"}));
        (bundle.value(&["many", "ask"], input).unwrap().to_string(), bundle.slices())
    });
    assert!(said.0.contains("\"title\":\"PK\"") && said.1 == 1, "{said:?}");
}

#[test]
fn a_step_with_a_point_in_it_is_one_step() {
    let module = Module { file: "a.rego".to_owned(), text: "package a.b\n\nq := 1\n".to_owned() };
    let bundle = Bundle::load(&[module], &[], Options::default()).unwrap();
    assert_eq!(bundle.value(&["a", "b", "q"], Value::Undefined).unwrap(), Value::from(1_u64));
    assert_eq!(bundle.value(&["a.b", "q"], Value::Undefined).unwrap(), Value::Undefined);
}

/// Both places of a conflict are the author's.
#[test]
fn a_conflict_in_a_slice_is_told_by_both_places() {
    let text = format!("package many\n\n{}value := \"x\" if input.other\n", forty("value := N"));
    let message = on_a_large_stack(move || {
        let bundle = load(&text);
        let input = value_of_json(&json!({"role": "r39", "other": true}));
        bundle.value(&["many", "value"], input).unwrap_err().message
    });
    // The 40th definition begins at line 3 + 39 * 4, the last rule behind it.
    assert!(message.contains("many.rego:159:") && message.contains("many.rego:163:"), "{message}");
}
