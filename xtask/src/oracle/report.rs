//! What a run found, for people and for programs.
//!
//! Deliberately absent: colours.

use super::{Found, Outcome};
use serde_json::json;
use std::fmt::Write;

/// The shape that other tools read.
pub fn json(outcome: &Outcome) -> String {
    let one = |found: &Found| {
        let mut text = found.case.json();
        text["input"] = json!(found.case.inputs.first().cloned().flatten());
        text["ours"] = json!(found.ours.to_string());
        text["opa"] = json!(found.opa.to_string());
        text["of"] = json!(found.of);
        text["difference"] = json!(format!("{:?}: {}", found.difference.sort, found.difference.detail));
        text
    };
    let differences: Vec<_> = outcome.unknown.iter().map(one).collect();
    json!({
        "compared": outcome.total(),
        "seed": outcome.seed,
        "differences": differences,
        "difference_count": outcome.unknown_count,
        "excluded": outcome.excluded,
        "remarks": outcome.remarks,
        "absent": outcome.absent,
    })
    .to_string()
}

/// For reading, and for pasting.
pub fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    for found in &outcome.unknown {
        let _ = writeln!(text, "{} ({:?} {})", found.of, found.difference.sort, found.difference.detail);
        for (file, module) in &found.case.modules {
            let _ = writeln!(text, "--- {file}\n{}", module.trim_end());
        }
        if let Some(data) = &found.case.data
            && found.case.text().contains("data.")
        {
            let _ = writeln!(text, "--- data\n{data}");
        }
        if let Some(input) = found.case.inputs.first().and_then(Option::as_ref) {
            let _ = writeln!(text, "--- input\n{input}");
        }
        let _ = writeln!(text, "--- {}\nours: {}\nOPA:  {}\n", found.case.query, found.ours, found.opa);
    }
    let known: u64 = outcome.excluded.values().sum();
    for (name, count) in &outcome.excluded {
        let _ = writeln!(text, "known: {count:>6} {name}");
    }
    for absent in &outcome.absent {
        let _ = writeln!(text, "skipped: {absent} is not here");
    }
    for remark in &outcome.remarks {
        let _ = writeln!(text, "{remark}");
    }
    let by_kind: Vec<String> = outcome.compared.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let _ = write!(
        text,
        "{} answers compared ({}) from seed {}: {} unknown differences, {known} known ones",
        outcome.total(),
        by_kind.join(", "),
        outcome.seed,
        outcome.unknown_count
    );
    text
}
