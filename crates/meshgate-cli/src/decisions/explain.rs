//! One decision, told to an auditor: who asked for what, what was answered, why, by which policies, from when.
//!
//! Deliberately absent: asking again. What was decided is told as it was written down; policies may have changed since.

use super::decision::{Decision, plain};
use meshgate_core::shown;
use serde_json::Value;
use std::fmt::Write;

/// Tells it.
pub fn text(decision: &Decision) -> String {
    let event = &decision.event;
    let mut text = String::new();
    let verdict = match decision.verdict() {
        Some("allow") => "allowed",
        Some(_) => "denied",
        None => "answered",
    };
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{verdict}: {} ({})\n", decision.id(), decision.timestamp());
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let _ = writeln!(text, "  {name:<12} {value}");
        }
    };
    let said = |value: Option<&str>| value.map(plain);
    line("who", said(decision.subject()));
    line("from", said(event["requested_by"].as_str()));
    line("asked for", said(decision.action()));
    line("product", said(decision.product()));
    line("port", said(decision.port()));
    let columns = event.pointer("/input/resource/columns").or_else(|| event.pointer("/input/columns"));
    line("columns", columns.map(short));
    line("purpose", said(decision.purpose()));
    line("by way of", said(event["path"].as_str()));
    line("trace", said(event["trace_id"].as_str()));
    line("batch", said(event["batch_decision_id"].as_str()));
    let reasons = decision.reasons();
    if !reasons.is_empty() {
        text.push_str("\nbecause\n");
        for (rule, message) in reasons {
            let rule = rule.map(|rule| format!(" ({})", plain(rule))).unwrap_or_default();
            let _ = writeln!(text, "  - {}{rule}", plain(message));
        }
    }
    if let Some(error) = event.get("error") {
        let _ = writeln!(text, "\nwhat failed\n  {}", plain(error["message"].as_str().unwrap_or("it does not say")));
        for error in error["errors"].as_array().into_iter().flatten() {
            let rule = error["rule"].as_str().map(|rule| format!("{}: ", plain(rule))).unwrap_or_default();
            let _ = writeln!(text, "  - {rule}{}", plain(error["message"].as_str().unwrap_or_default()));
        }
    }
    if let Some(obligations) = event.get("obligations") {
        text.push_str("\nunder the obligations\n");
        for (name, of) in [("mask", "masks"), ("only rows with", "row_filters"), ("duty", "duties")] {
            for obligation in obligations[of].as_array().into_iter().flatten() {
                let _ = writeln!(text, "  - {name} {}", short(obligation));
            }
        }
    }
    text.push_str("\nby\n");
    for (name, bundle) in event["bundles"].as_object().into_iter().flatten() {
        let _ = writeln!(text, "  - bundle {} at {}", plain(name), plain(bundle["revision"].as_str().unwrap_or("?")));
    }
    for (name, digest) in event["plugins"].as_object().into_iter().flatten() {
        let _ = writeln!(text, "  - plugin {} ({})", plain(name), plain(digest.as_str().unwrap_or("?")));
    }
    if let Some(gear) = event["gear"].as_str() {
        let took = event.pointer("/metrics/timer_rego_query_eval_ns").and_then(Value::as_u64).unwrap_or_default();
        let _ = writeln!(text, "  - the {} gear, in {} µs", plain(gear), took / 1_000);
    }
    for (name, label) in event["labels"].as_object().into_iter().flatten() {
        let _ = writeln!(text, "  - {} {}", plain(name), plain(label.as_str().unwrap_or("?")));
    }
    for (name, what) in [("erased", "taken out before it was written"), ("masked", "replaced before it was written")] {
        let paths: Vec<String> =
            event[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(plain).collect();
        if !paths.is_empty() {
            let _ = writeln!(text, "\n{what}: {}", paths.join(", "));
        }
    }
    if event["mask_failed"] == true {
        text.push_str("\nthe mask failed, so that nothing else of it was written\n");
    }
    for (name, value) in [("input", event.get("input")), ("answer", event.get("result"))] {
        if let Some(value) = value {
            let shown = shown::json(serde_json::to_string_pretty(value).unwrap_or_default());
            let shown: String = shown.lines().map(|line| format!("  {line}\n")).collect();
            let _ = write!(text, "\n{name}\n{shown}");
        }
    }
    text
}

fn short(value: &Value) -> String {
    match value {
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).map(plain).collect::<Vec<_>>().join(", ")
        }
        other => plain(&other.to_string()),
    }
}
