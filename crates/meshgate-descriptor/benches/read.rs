//! What reading costs, as ratios within one run: spans, tree and model over the event parser alone; a text ten times as
//! long over the text itself. `cargo bench -p meshgate-descriptor`; with `../shared/data` at hand on real contracts,
//! otherwise on a generated one.
//!
//! Deliberately absent: pass and fail. A benchmark measures; the numbers are for the reader.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot read its input has nothing to measure")]

use libyaml_safer::{EventData, Parser};
use meshgate_core::limits::ReadLimits;
use meshgate_core::model::{Context, Format};
use meshgate_descriptor::{Extract, NoFiles, check_schema, join, model, outline, read};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The event parser alone.
fn events(text: &str) -> usize {
    let mut bytes = text.as_bytes();
    let mut parser = Parser::new();
    parser.set_input(&mut bytes);
    let mut count = 0;
    loop {
        let event = parser.parse().unwrap();
        count += 1;
        if matches!(event.data, EventData::StreamEnd) {
            return count;
        }
    }
}

/// Text to spanned tree.
fn tree(text: &str) -> usize {
    read("c.yaml", text.as_bytes(), &ReadLimits::default()).documents.len()
}

/// Text to spanned tree and model.
fn modelled(text: &str, raw: bool, extract: &Arc<Extract>) -> usize {
    let document = read("c.yaml", text.as_bytes(), &ReadLimits::default()).documents.into_iter().next().unwrap();
    let limits = ReadLimits::default();
    let (descriptor, _) = join("c.yaml", document, Format::Odcs, &NoFiles, &limits, Arc::clone(extract));
    let input = if raw { model(&descriptor, Context::default()) } else { outline(&descriptor) };
    input.contracts.len()
}

/// All of it, and the schema.
fn checked(text: &str, extract: &Arc<Extract>) -> usize {
    let document = read("c.yaml", text.as_bytes(), &ReadLimits::default()).documents.into_iter().next().unwrap();
    let limits = ReadLimits::default();
    let (descriptor, _) = join("c.yaml", document, Format::Odcs, &NoFiles, &limits, Arc::clone(extract));
    check_schema(&descriptor).map_or(0, |check| check.violations.len()) + outline(&descriptor).contracts.len()
}

/// The best of many runs: the machine's noise only ever adds.
fn best(mut run: impl FnMut() -> usize) -> Duration {
    let started = Instant::now();
    let mut best = Duration::MAX;
    let mut rounds = 0;
    while rounds < 10 || started.elapsed() < Duration::from_secs(1) {
        let at = Instant::now();
        black_box(run());
        best = best.min(at.elapsed());
        rounds += 1;
    }
    best
}

fn generated(tables: usize) -> String {
    let mut text =
        "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\nschema:\n".to_owned();
    for table in 0..tables {
        text += &format!("  - name: table_{table}\n    physicalType: table\n    properties:\n");
        for column in 0..20 {
            text += &format!(
                "      - name: column_{column}\n        logicalType: string\n        physicalType: varchar(20)\n        \
                 description: The column number {column} of the table {table}\n        classification: internal\n        \
                 tags: [a, b]\n"
            );
        }
    }
    text
}

fn main() {
    let extract = Arc::new(Extract::default());
    let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/descriptors/odcs");
    let real = |path: &str| std::fs::read_to_string(shared.join(path)).ok();
    let examples = "open-data-contract-standard/docs/examples/all";
    let texts = [
        ("generated", Some(generated(8))),
        ("full example", real(&format!("{examples}/full-example.odcs.yaml"))),
        ("adventureworks", real("datacontract-cli/tests/fixtures/odcs_v3/adventureworks.odcs.yaml")),
    ];
    println!(
        "{:<16}{:>8}{:>12}{:>8}{:>9}{:>9}{:>9}",
        "contract", "KB", "events µs", "tree ×", "model ×", "raw ×", "schema ×"
    );
    for (name, text) in texts {
        let Some(text) = text else {
            println!("{name:<16} skipped: ../shared/data is absent");
            continue;
        };
        let base = best(|| events(&text));
        let over = |duration: Duration| duration.as_secs_f64() / base.as_secs_f64();
        println!(
            "{name:<16}{:>8}{:>12.0}{:>8.2}{:>9.2}{:>9.2}{:>9.2}",
            text.len() / 1000,
            base.as_secs_f64() * 1e6,
            over(best(|| tree(&text))),
            over(best(|| modelled(&text, false, &extract))),
            over(best(|| modelled(&text, true, &extract))),
            over(best(|| checked(&text, &extract))),
        );
    }
    let (small, large) = (generated(8), generated(80));
    let growth = large.len() as f64 / small.len() as f64;
    let cost = best(|| checked(&large, &extract)).as_secs_f64() / best(|| checked(&small, &extract)).as_secs_f64();
    println!("a text {growth:.1} times as long costs {cost:.1} times as much");
}
