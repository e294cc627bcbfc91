//! Report JSON v1: the wire types, converted by hand so that the model may change and the wire may not.
//!
//! Deliberately absent: time and durations; equal inputs give equal bytes.

mod wire;

use meshgate_core::report::Report;
use meshgate_core::shown;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// Renders a report as JSON v1, indented, with a line end.
#[must_use]
pub fn render(report: &Report) -> String {
    // Plain data with string keys: serialisation cannot fail.
    let mut text = serde_json::to_string_pretty(&wire::Report::of(report)).unwrap_or_default();
    text.push('\n');
    shown::json(text)
}

/// Returns the JSON Schema of the report.
#[must_use]
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    generator.into_root_schema_for::<wire::Report<'_>>().to_value()
}
