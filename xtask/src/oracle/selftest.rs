//! Plants a wrong answer of each kind and says whether the comparison finds it; and whether a case is made small.
//!
//! Deliberately absent: engines; what they say is made up here.

use super::case::{Answer, Case, Fault};
use super::compare::{Sort, compare};
use super::json::Json;
use super::shrink::shrink;

fn value(text: &str) -> Answer {
    Answer::Value(Json::read(text).into_iter().collect())
}

fn fault(code: &str, place: &str) -> Fault {
    Fault { code: code.to_owned(), place: place.to_owned(), message: String::new() }
}

/// What was planted, and whether it was found.
pub fn run() -> Vec<(&'static str, bool)> {
    let refused = |code: &str, place: &str| Answer::Refused(fault(code, place));
    let failed = |code: &str| Answer::Failed(fault(code, ""));
    let planted = [
        ("another value", Sort::Value, value("{\"a\": [1, 2]}"), value("{\"a\": [1, 3]}")),
        ("another value of a member", Sort::Value, value("{\"a\": 1}"), value("{\"a\": 1, \"b\": null}")),
        ("another text of a number", Sort::Spelling, value("[1.0]"), value("[1]")),
        ("another digit far behind", Sort::Spelling, value("12345678901234567890"), value("12345678901234567891")),
        ("a value where there is none", Sort::Undefined, value("true"), Answer::Undefined),
        ("none where there is a value", Sort::Undefined, Answer::Undefined, value("false")),
        ("no error where there is one", Sort::Failure, Answer::Undefined, failed("eval_builtin_error")),
        ("an error where there is none", Sort::Failure, failed("eval_builtin_error"), value("1")),
        ("another code of an evaluation", Sort::Code, failed("eval_type_error"), failed("eval_conflict_error")),
        ("what is to be refused", Sort::Accepted, value("1"), refused("rego_type_error", "t.rego:3")),
        ("what is not to be refused", Sort::Refused, refused("rego_type_error", "t.rego:3"), value("1")),
        ("another code", Sort::Place, refused("rego_parse_error", "t.rego:3"), refused("rego_type_error", "t.rego:3")),
        ("another place", Sort::Place, refused("rego_type_error", "t.rego:4"), refused("rego_type_error", "t.rego:3")),
    ];
    let mut told: Vec<(&'static str, bool)> = planted
        .into_iter()
        .map(|(what, sort, ours, opa)| (what, compare(&ours, &opa).is_some_and(|difference| difference.sort == sort)))
        .collect();
    let same = [
        value("{\"a\": 1, \"b\": 2}"),
        Answer::Undefined,
        failed("eval_builtin_error"),
        refused("rego_type_error", "t.rego:3"),
    ];
    told.push(("the same is the same", same.iter().all(|answer| compare(answer, answer).is_none())));
    told.push((
        "keys have no order",
        compare(&value("{\"a\": 1, \"b\": 2}"), &value("{\"b\": 2, \"a\": 1}")).is_none(),
    ));
    told.push(("a case is made small", is_made_small()));
    told
}

/// Of a hundred choices, only that one of them is at least seven matters.
fn is_made_small() -> bool {
    let choices: Vec<u32> = (0..100).collect();
    let wanted = super::Difference { sort: Sort::Value, detail: String::new() };
    let make = |choices: Vec<u32>| Case::of(choices.iter().map(u32::to_string).collect::<Vec<_>>().join(" "));
    let shown = |case: &Case| {
        let holds = case.text().split(' ').any(|one| one.parse::<u32>().is_ok_and(|one| one >= 7));
        holds.then(|| super::Difference { sort: Sort::Value, detail: String::new() })
    };
    shrink(choices, &wanted, make, shown).text() == "7"
}
