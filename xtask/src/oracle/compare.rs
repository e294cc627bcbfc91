//! What is a difference between two answers. Values are compared by their text, errors by code and place.
//!
//! Deliberately absent: the words of errors; where theirs are OPA's, the tests of the compiler say so.

use super::case::{Answer, Fault};
use super::json::Json;

/// Kinds of differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// Both give a value, and not the same.
    Value,
    /// Both give the same numbers, written otherwise.
    Spelling,
    /// One gives a value, and the other none.
    Undefined,
    /// One fails, and the other does not.
    Failure,
    /// Both fail, with different codes.
    Code,
    /// OPA refuses what we take.
    Accepted,
    /// We refuse what OPA takes.
    Refused,
    /// Both refuse, with another code or at another line.
    Place,
}

/// A difference, and what tells it from others of its kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Difference {
    /// Its kind.
    pub sort: Sort,
    /// The codes that matter.
    pub detail: String,
}

/// Compares.
pub fn compare(ours: &Answer, opa: &Answer) -> Option<Difference> {
    use Answer::{Failed, Nothing, Refused, Undefined, Value};
    let of = |sort, detail: String| Some(Difference { sort, detail });
    match (ours, opa) {
        (Nothing, _) | (_, Nothing) | (Undefined, Undefined) => None,
        (Value(one), Value(other)) if one == other => None,
        (Value(one), Value(other)) => {
            let rounded = |rows: &[Json]| rows.iter().map(rounded).collect::<Vec<_>>();
            of(if rounded(one) == rounded(other) { Sort::Spelling } else { Sort::Value }, String::new())
        }
        (Value(_), Undefined) => of(Sort::Undefined, "is a value".to_owned()),
        (Undefined, Value(_)) => of(Sort::Undefined, "is undefined".to_owned()),
        (Refused(one), Refused(other)) => {
            // Which rule of a circle OPA tells first is up to its maps.
            let anywhere = other.place.is_empty() || other.code == "rego_recursion_error";
            let same = one.code == other.code && (one.place == other.place || anywhere);
            if same { None } else { of(Sort::Place, pair(one, other)) }
        }
        (_, Refused(fault)) => of(Sort::Accepted, fault.code.clone()),
        (Refused(fault), _) => of(Sort::Refused, fault.code.clone()),
        (Failed(one), Failed(other)) if one.code == other.code => None,
        (Failed(one), Failed(other)) => of(Sort::Code, pair(one, other)),
        (Failed(fault), Undefined | Value(_)) => of(Sort::Failure, format!("fails with {}", fault.code)),
        (Undefined | Value(_), Failed(fault)) => of(Sort::Failure, format!("does not fail with {}", fault.code)),
    }
}

fn pair(ours: &Fault, opa: &Fault) -> String {
    if ours.code == opa.code {
        format!("{}, another line", ours.code)
    } else {
        format!("{}, not {}", ours.code, opa.code)
    }
}

/// Numbers as the nearest of 64 bits.
fn rounded(value: &Json) -> Json {
    match value {
        Json::Plain(text) => {
            Json::Plain(text.parse::<f64>().map_or_else(|_| text.clone(), |number| format!("{number:e}")))
        }
        Json::Text(_) => value.clone(),
        Json::List(items) => Json::List(items.iter().map(rounded).collect()),
        Json::Map(map) => Json::Map(map.iter().map(|(key, value)| (key.clone(), rounded(value))).collect()),
    }
}
