//! Report JSON v1: the wire types, converted by hand so that the model may change and the wire may not.
//!
//! Deliberately absent: time and durations; equal inputs give equal bytes.

mod wire;

use meshgate_core::report::Report;

/// Renders a report as JSON v1, indented, with a line end.
#[must_use]
pub fn render(report: &Report) -> String {
    // Plain data with string keys: serialisation cannot fail.
    let mut text = serde_json::to_string_pretty(&wire::Report::of(report)).unwrap_or_default();
    text.push('\n');
    text
}
