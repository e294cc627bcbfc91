//! Differences of today's engine that are known, by construct, with an example each. What is made right is taken off: an entry
//! whose example does not differ any more fails the run, and so does one that covers too much.
//!
//! Deliberately absent: reasons that cannot be told from a case that was made small.

use super::case::Answer;
use super::compare::Sort;
use super::json::Json;
use super::opa::Opa;
use super::{Case, Found, Outcome, differs};

/// A known difference.
struct Known {
    /// What differs.
    name: &'static str,
    /// Does this difference belong to it?
    fits: fn(&Found) -> bool,
    /// A module that shows it, and its input.
    example: (&'static str, &'static str),
}

/// Does a case call one of these?
fn calls(found: &Found, names: &[&str]) -> bool {
    let text = found.case.text();
    names.iter().any(|name| text.contains(name))
}

/// Is a name that of a local?
fn is_local(found: &Found, name: &str) -> bool {
    let text = found.case.text();
    let after = |after: char| matches!(after, ' ' | ',' | ']' | '}' | ';' | '\n' | '.' | '[');
    text.match_indices(name).any(|(at, _)| text[at + name.len()..].starts_with(after))
}

fn is(found: &Found, sorts: &[Sort]) -> bool {
    sorts.contains(&found.difference.sort)
}

/// Values, errors and codes: all that a builtin can be wrong in.
const RESULT: &[Sort] = &[Sort::Value, Sort::Undefined, Sort::Failure, Sort::Code, Sort::Spelling];

/// Is there a number that 64 bits do not hold, or that could be written otherwise?
fn has_odd_number(case: &Case) -> bool {
    let texts = [case.text(), case.inputs.iter().flatten().cloned().collect::<Vec<_>>().join(" ")].concat();
    let is_number = |word: &str| word.starts_with(|sign: char| sign.is_ascii_digit());
    let words = texts.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '.'));
    words.filter(|word| is_number(word)).any(|word| word.contains(['.', 'e', 'E']) || word.len() > 15)
        || texts.contains("-0")
}

/// Says whether two answers hold the same, whatever the order of lists.
fn same_unordered(found: &Found) -> bool {
    fn unordered(value: &Json) -> Json {
        match value {
            Json::List(items) => {
                let mut items: Vec<Json> = items.iter().map(unordered).collect();
                items.sort();
                Json::List(items)
            }
            Json::Map(map) => Json::Map(map.iter().map(|(key, value)| (key.clone(), unordered(value))).collect()),
            other => other.clone(),
        }
    }
    match (&found.ours, &found.opa) {
        (Answer::Value(ours), Answer::Value(opa)) => ours.iter().map(unordered).eq(opa.iter().map(unordered)),
        _ => false,
    }
}

/// The message of OPA's refusal.
fn refusal<'a>(found: &'a Found, code: &str) -> &'a str {
    match &found.opa {
        Answer::Refused(fault) if fault.code == code => &fault.message,
        _ => "",
    }
}

/// Ours.
fn our_message(found: &Found) -> &str {
    match &found.ours {
        Answer::Refused(fault) | Answer::Failed(fault) => &fault.message,
        _ => "",
    }
}

/// The list. The machine of our own empties it.
const KNOWN: &[Known] = &[
    Known {
        name: "graphql.* is refused by its name",
        fits: |found| is(found, &[Sort::Refused]) && calls(found, &["graphql."]),
        example: ("package t\n\nr := graphql.is_valid(\"{a}\", \"type Query { a: Int }\")\n", "{}"),
    },
    Known {
        name: "uri.* is refused by its name",
        fits: |found| is(found, &[Sort::Refused]) && calls(found, &["uri."]),
        example: ("package t\n\nr := uri.is_valid(\"a:b\")\n", "{}"),
    },
    Known {
        name: "numbers are written in one way, not in their own",
        fits: |found| is(found, &[Sort::Spelling]),
        example: ("package t\n\nr := 2.0\n", "{}"),
    },
    Known {
        name: "numbers are written in one way within texts",
        fits: |found| {
            is(found, &[Sort::Value])
                && calls(found, &["json.marshal", "concat", "<{", "format_int", "{[", "yaml.marshal"])
        },
        example: ("package t\n\nr := json.marshal(2.0)\n", "{}"),
    },
    Known {
        name: "arithmetic is of 53 bits",
        fits: |found| {
            is(found, &[Sort::Value, Sort::Undefined, Sort::Failure, Sort::Code])
                && calls(
                    found,
                    &[" + ", " - ", " * ", " / ", " % ", "sum(", "product(", "ceil(", "floor(", "round(", "abs("],
                )
        },
        example: ("package t\n\nr := 0.1 + 0.2 == 0.3\n", "{}"),
    },
    Known {
        name: "integers beyond 64 bits and decimals are compared as 53 bits",
        fits: |found| is(found, &[Sort::Value]) && has_odd_number(&found.case),
        example: ("package t\n\nr := 1.00000000000000000001 == 1\n", "{}"),
    },
    Known {
        name: "json.match_schema and json.verify_schema",
        fits: |found| is(found, RESULT) && calls(found, &["json.match_schema", "json.verify_schema"]),
        example: ("package t\n\nr := json.match_schema(input.a, {\"type\": \"string\"})\n", "{\"a\": 1}"),
    },
    Known {
        name: "yaml.*",
        fits: |found| is(found, RESULT) && calls(found, &["yaml."]),
        example: ("package t\n\nr := yaml.unmarshal(\"yes\")\n", "{}"),
    },
    Known {
        name: "units.*",
        fits: |found| is(found, RESULT) && calls(found, &["units."]),
        example: ("package t\n\nr := units.parse(\"5.\")\n", "{}"),
    },
    Known {
        name: "net.cidr_*",
        fits: |found| is(found, RESULT) && calls(found, &["net.cidr_"]),
        example: ("package t\n\nr := net.cidr_contains(\"10.0.0.0/8\", \"::ffff:10.0.0.1\")\n", "{}"),
    },
    Known {
        name: "sprintf of odd verbs and numbers",
        fits: |found| is(found, RESULT) && calls(found, &["sprintf"]),
        example: ("package t\n\nr := sprintf(\"%*v\", [])\n", "{}"),
    },
    Known {
        name: "time.* near the end of time, and time.diff over zones",
        fits: |found| is(found, RESULT) && calls(found, &["time."]),
        example: ("package t\n\nr := time.diff([0, \"Europe/Berlin\"], 9223372036854775807)\n", "{}"),
    },
    Known {
        name: "strings.render_template",
        fits: |found| is(found, RESULT) && calls(found, &["strings.render_template"]),
        example: ("package t\n\nr := strings.render_template(\"{{.a.b}}\", {})\n", "{}"),
    },
    Known {
        name: "encodings: line breaks, surrogates, bytes that are no text",
        fits: |found| {
            is(found, RESULT)
                && calls(found, &["base64", "hex.", "urlquery.", "json.unmarshal", "json.is_valid", "io.jwt."])
        },
        example: ("package t\n\nr := base64.decode(\"YQ==\\n\")\n", "{}"),
    },
    Known {
        name: "operands that are no whole numbers, empty patterns and other odd operands of texts, lists and bits",
        fits: |found| {
            is(found, &[Sort::Failure, Sort::Code, Sort::Value, Sort::Undefined])
                && calls(
                    found,
                    &[
                        "substring(",
                        "indexof",
                        "lower(",
                        "upper(",
                        "array.",
                        "bits.",
                        "format_int",
                        "numbers.range",
                        "replace",
                        "trim",
                        "strings.",
                        "split(",
                        "to_number",
                        "object.",
                        "type_name",
                        "cast_",
                        "uuid.",
                        "concat(",
                    ],
                )
        },
        example: ("package t\n\nr := indexof(\"a\", \"\")\n", "{}"),
    },
    Known {
        name: "paths of json.filter, json.remove and json.patch",
        fits: |found| is(found, RESULT) && calls(found, &["json.filter", "json.remove", "json.patch"]),
        example: ("package t\n\nr := json.filter({\"a\": 1}, [[]])\n", "{}"),
    },
    Known {
        name: "globs, templates and graphs where OPA's libraries are at odds with themselves",
        fits: |found| {
            is(found, RESULT)
                && calls(found, &["glob.", "regex.template_match", "graph.", "regex.globs_match", "crypto.", "semver."])
        },
        example: ("package t\n\nr := glob.match(\"?\", [], \"\")\n", "{}"),
    },
    Known {
        name: "min, max and sort of numbers that are equal",
        fits: |found| is(found, &[Sort::Value]) && calls(found, &["min(", "max(", "sort("]),
        example: ("package t\n\nr := min([0, -0, {}])\n", "{}"),
    },
    Known {
        name: "sets stand before objects in the order of values",
        fits: |found| is(found, &[Sort::Value]) && (same_unordered(found) || calls(found, &["{} < set()"])),
        example: ("package t\n\nr := {set(), {\"a\": 1}}\n", "{}"),
    },
    Known {
        name: "a loop over what is no collection fails",
        fits: |found| is(found, &[Sort::Failure, Sort::Code]) && our_message(found).contains("collection` expects"),
        example: ("package t\n\nr if some x in input.n\n", "{\"n\": 1}"),
    },
    Known {
        name: "a rule whose head has several steps is not there, instead of empty, when it never holds",
        fits: |found| {
            is(found, &[Sort::Value]) && found.opa.to_string().contains("{}") && found.case.text().contains("].")
        },
        example: ("package t\n\nr[input.s].k := 1 if input.u\n", "{\"s\": \"a\"}"),
    },
    Known {
        name: "a rule that was asked for before is not asked again for a mock of a function that it calls",
        fits: |found| {
            is(found, &[Sort::Value, Sort::Undefined]) && calls(found, &[" with data.", " with r", " with f"])
        },
        example: (
            "package t\n\nr := x if x := g with data.t.f as data.t.m\n\nf(x) := x\n\nm(x) := 9\n\ng := f(1)\n",
            "{}",
        ),
    },
    Known {
        name: "a rule is found by a number in another spelling than its head has",
        fits: |found| is(found, &[Sort::Value]) && calls(found, &["[1.0]"]),
        example: ("package t\n\np[1] := 2\n\nr := p[1.0]\n", "{}"),
    },
    Known {
        name: "of keys that turn out to be equal another one wins",
        fits: |found| is(found, &[Sort::Value]) && calls(found, &["{input.a: 1"]),
        example: ("package t\n\nr := {input.a: 1, \"x\": 2}\n", "{\"a\": \"x\"}"),
    },
    Known {
        name: "rego.parse_module tells no `assign`",
        fits: |found| is(found, RESULT) && calls(found, &["rego.parse_module"]),
        example: ("package t\n\nr := rego.parse_module(\"a\", \"package a\\nx := 1\")\n", "{}"),
    },
    Known {
        name: "all of data holds the rules below data.system",
        fits: |found| is(found, &[Sort::Value]) && calls(found, &["package system"]),
        example: ("package system.x\n\nb := 1\n", "{}"),
    },
    Known {
        name: "of a rule with a fixed path the parts are hidden that another definition gives by a variable",
        fits: |found| is(found, &[Sort::Undefined, Sort::Value]) && calls(found, &["p[q].r contains"]),
        example: (
            "# data.t.p.b.r.c = x\npackage t\n\np[q].r contains s if {\n\tx := [\"a\", \"b\", \"c\"]\n\tq := x[_]\n\ts := x[_]\n\tq != s\n}\n\np.b.r contains \"foo\"\n",
            "{}",
        ),
    },
    Known {
        name: "text that regorus' parser refuses",
        fits: |found| is(found, &[Sort::Refused]) && found.difference.detail == "rego_parse_error",
        example: ("package t\n\nr if 1 + 1 = 2\n", "{}"),
    },
    Known {
        name: "functions of ours, and of the suite",
        fits: |found| {
            is(found, &[Sort::Accepted]) && refusal(found, "rego_type_error").starts_with("undefined function")
        },
        example: ("package t\n\nr if test.sleep(\"1ms\")\n", "{}"),
    },
    Known {
        name: "modules of v0 are read as such, with a warning",
        fits: |found| {
            is(found, &[Sort::Accepted]) && refusal(found, "rego_parse_error").contains("keyword is required")
        },
        example: ("package t\n\nr { input.x }\n", "{}"),
    },
    Known {
        name: "what both refuse, `future.keywords.not` earlier and a query by another name",
        fits: |found| {
            is(found, &[Sort::Place])
                && (calls(found, &["future.keywords"])
                    || matches!(&found.ours, Answer::Refused(ours) if ours.place.starts_with("query")))
        },
        example: ("package t\n\nimport future.keywords.not\n\ny if not input.l[_] == 1\n", "{}"),
    },
    Known {
        name: "rules that our checks refuse, and OPA does not",
        fits: |found| is(found, &[Sort::Refused]),
        example: ("package t\n\nr if some x in [1 | some x in []]\n", "{}"),
    },
    Known {
        name: "errors of another code, and errors where OPA has none",
        fits: |found| {
            is(found, &[Sort::Code]) || (is(found, &[Sort::Failure]) && found.difference.detail.starts_with("fails"))
        },
        example: ("package t\n\nr if 1 with count as {x | some x in input.t}\n", "{\"t\": 1}"),
    },
];

/// What is known of the front end alone.
const FRONT: &[Known] = &[
    Known {
        name: "METADATA is not read",
        fits: |found| {
            let said = refusal(found, "rego_parse_error");
            is(found, &[Sort::Accepted]) && (said.starts_with("yaml") || said.contains("METADATA"))
        },
        example: ("package t\n\n# METADATA\n# : x\ny := rego.metadata.rule()\n", "{}"),
    },
    Known {
        name: "variables within `not` and `or` of future.keywords, by the front end",
        fits: |found| calls(found, &["future.keywords"]),
        example: ("package t\n\nimport future.keywords.not\n\ny if not input.l[_] == 1\n", "{}"),
    },
    Known {
        name: "a local with the name of a builtin hides it in a rule's other parts, or does not",
        fits: |found| is_local(found, "count") || is_local(found, "round"),
        example: ("package t\n\nr contains {1 | count == 1} if {\n\t{\"a\": count} := input.one\n}\n", "{}"),
    },
    Known {
        name: "a local with the name of a rule in `every`",
        fits: |found| {
            is(found, &[Sort::Accepted])
                && calls(
                    found,
                    &["every r0", "every r1", "every r2", "every r3", "r0 in ", "r1 in ", "r2 in ", "r3 in "],
                )
        },
        example: ("package t\n\nr0 := {1}\n\nr1 if every r0 in [r0 | input.b] { r0 != input.n }\n", "{}"),
    },
    Known {
        name: "OPA tells some references where another stands",
        fits: |found| is(found, &[Sort::Place]) && found.difference.detail.starts_with("rego_type_error, another"),
        example: ("package t\n\nf(a) := 1\n\nr1 := v if {\n\t[f, v] = input.n\n}\n\nr2 if {\n\tf(1) == 1\n}\n", "{}"),
    },
    Known {
        name: "OPA's order of checks where several things are wrong",
        fits: |found| is(found, &[Sort::Place]),
        example: (
            "package t\n\nr := count([]) if {\n\tevery count, x in [1] { x != inputn; count != \"b\" }\n}\n",
            "{}",
        ),
    },
    Known {
        name: "what OPA takes though a variable has no value, in templates and behind `:` in bodies",
        fits: |found| is(found, &[Sort::Refused]) && found.difference.detail == "rego_unsafe_var_error",
        example: (
            "package t\n\np contains x if {\n\t__local0__ = data.o\n\tobj = {\"a\": {\"x\": 1, \"y\": 2}, \"b\": $\"{x}\"}\n\tobj[_] = {\"x\": x, \"y\": 2}\n}\n",
            "{}",
        ),
    },
];

/// Of all that was compared, what one entry may cover.
const SHARE_MAX: f64 = 0.02;

/// The entry that a difference belongs to.
pub fn entry(found: &Found) -> Option<&'static str> {
    let list = if found.case.front { FRONT } else { KNOWN };
    list.iter().find(|known| (known.fits)(found)).map(|known| known.name)
}

/// Says what is wrong with the list: entries that differ no more, and, after a run of all kinds, those that cover too much.
pub fn hold(outcome: &mut Outcome, is_whole: bool) {
    let Ok(Some(mut opa)) = Opa::start() else { return };
    for (known, front) in KNOWN.iter().map(|known| (known, false)).chain(FRONT.iter().map(|known| (known, true))) {
        let (text, input) = known.example;
        // The query is the package, or all, or what the first line says.
        let query = match text.lines().next().unwrap_or_default() {
            "package t" => "data.t",
            line => line.strip_prefix("# ").unwrap_or("data"),
        };
        let case = Case { query: query.to_owned(), ..Case::of(text).with(Some(input.to_owned())) };
        let case = if front { case.front() } else { case };
        match differs(&mut opa, &case) {
            None => outcome.remarks.push(format!("`{}` differs no more: take it off the list", known.name)),
            Some((difference, _, ours, theirs)) => {
                let found = Found { of: "example".to_owned(), case, difference, ours, opa: theirs };
                if !(known.fits)(&found) {
                    outcome.remarks.push(format!("the example of `{}` does not belong to it", known.name));
                }
            }
        }
        let count = outcome.excluded.get(known.name).copied().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "counts of one run")]
        let share = count as f64 / outcome.total().max(1) as f64;
        if is_whole && share > SHARE_MAX {
            outcome.remarks.push(format!("`{}` covers {:.1} % of all", known.name, share * 100.0));
        }
    }
}
