//! Decisions as Parquet: a column for what analysts ask by, and the whole of input and answer as JSON beside them.
//!
//! Deliberately absent: nested columns. Inputs have no common shape; every engine that reads Parquet reads JSON texts.

use super::decision::Decision;
use anyhow::{Context, Result};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::Value;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Decisions in one group of rows: what is held in memory.
const ROWS: usize = 20_000;

/// A column of texts.
type Text = (&'static str, &'static str, fn(&Decision) -> Option<String>);
/// A column of numbers.
type Number = (&'static str, &'static str, fn(&Decision) -> Option<i64>);

const NUMBERS: [Number; 3] = [
    ("timestamp", "TIMESTAMP(NANOS,true)", |decision| nanoseconds(decision.timestamp())),
    ("eval_ns", "INTEGER(64,true)", |decision| number(decision, "/metrics/timer_rego_query_eval_ns")),
    ("handler_ns", "INTEGER(64,true)", |decision| number(decision, "/metrics/timer_server_handler_ns")),
];
const TEXTS: [Text; 21] = [
    ("decision_id", "STRING", |decision| Some(decision.id().to_owned())),
    ("batch_decision_id", "STRING", |decision| text(decision, "/batch_decision_id")),
    ("path", "STRING", |decision| Some(decision.path().to_owned())),
    ("verdict", "STRING", |decision| decision.verdict().map(str::to_owned)),
    ("subject", "STRING", |decision| decision.subject().map(str::to_owned)),
    ("action", "STRING", |decision| decision.action().map(str::to_owned)),
    ("product", "STRING", |decision| decision.product().map(str::to_owned)),
    ("port", "STRING", |decision| decision.port().map(str::to_owned)),
    ("purpose", "STRING", |decision| decision.purpose().map(str::to_owned)),
    ("rules", "JSON", |decision| json(decision, "rules")),
    ("obligations", "JSON", |decision| json(decision, "obligations")),
    ("gear", "STRING", |decision| text(decision, "/gear")),
    ("bundles", "JSON", |decision| json(decision, "bundles")),
    ("plugins", "JSON", |decision| json(decision, "plugins")),
    ("labels", "JSON", |decision| json(decision, "labels")),
    ("requested_by", "STRING", |decision| text(decision, "/requested_by")),
    ("trace_id", "STRING", |decision| text(decision, "/trace_id")),
    ("input", "JSON", |decision| json(decision, "input")),
    ("result", "JSON", |decision| json(decision, "result")),
    ("error", "JSON", |decision| json(decision, "error")),
    ("erased", "JSON", |decision| json(decision, "erased")),
];

fn text(decision: &Decision, pointer: &str) -> Option<String> {
    decision.event.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn json(decision: &Decision, key: &str) -> Option<String> {
    decision.event.get(key).map(Value::to_string)
}

fn number(decision: &Decision, pointer: &str) -> Option<i64> {
    decision.event.pointer(pointer).and_then(Value::as_i64)
}

/// Nanoseconds since 1970 of a moment in UTC.
fn nanoseconds(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt()
}

/// Writes a file, group by group.
pub struct Export {
    writer: SerializedFileWriter<File>,
    held: Vec<Decision>,
}

impl Export {
    /// Begins a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(path: &Path) -> Result<Self> {
        let numbers = NUMBERS.iter().map(|(name, of, _)| format!("  OPTIONAL INT64 {name} ({of});\n"));
        let texts = TEXTS.iter().map(|(name, of, _)| format!("  OPTIONAL BYTE_ARRAY {name} ({of});\n"));
        let message = format!("message decisions {{\n{}}}", numbers.chain(texts).collect::<String>());
        let schema = parse_message_type(&message).context("the schema of decisions")?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let file =
            meshgate_engine::writing::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
        let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))?;
        Ok(Self { writer, held: Vec::new() })
    }

    /// Adds a decision.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&mut self, decision: Decision) -> Result<()> {
        self.held.push(decision);
        if self.held.len() >= ROWS { self.group() } else { Ok(()) }
    }

    fn group(&mut self) -> Result<()> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for (_, _, of) in NUMBERS {
            let values: Vec<Option<i64>> = held.iter().map(of).collect();
            let there: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
            let values: Vec<i64> = values.into_iter().flatten().collect();
            let mut column = group.next_column()?.context("a column too few")?;
            column.typed::<Int64Type>().write_batch(&values, Some(&there), None)?;
            column.close()?;
        }
        for (_, _, of) in TEXTS {
            let values: Vec<Option<String>> = held.iter().map(of).collect();
            let there: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
            let values: Vec<ByteArray> =
                values.into_iter().flatten().map(|text| ByteArray::from(text.into_bytes())).collect();
            let mut column = group.next_column()?.context("a column too few")?;
            column.typed::<ByteArrayType>().write_batch(&values, Some(&there), None)?;
            column.close()?;
        }
        group.close()?;
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(mut self) -> Result<()> {
        self.group()?;
        self.writer.close()?;
        Ok(())
    }
}
