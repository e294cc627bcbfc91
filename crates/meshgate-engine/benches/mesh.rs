//! Ten thousand descriptors in one run, against one thousand in the same process: time and memory a descriptor must not
//! grow with their number, and all cores must be busy. `cargo bench -p meshgate-engine`.
//!
//! Deliberately absent: rules; what they cost is theirs. This is reading, modelling, schemas and the mesh.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot write its files has nothing to measure")]

use meshgate_engine::{Additions, CheckOptions, Config, Engine};
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// A contract of about 19 KB, like those of the field.
fn contract(id: usize) -> String {
    let mut text =
        format!("apiVersion: v3.1.0\nkind: DataContract\nid: c-{id}\nversion: 1.0.0\nstatus: active\nschema:\n");
    for table in 0..4 {
        let _ = write!(text, "  - name: table_{table}\n    properties:\n");
        for column in 0..24 {
            let _ = write!(
                text,
                "      - name: column_{column}\n        logicalType: string\n        physicalType: varchar(20)\n        \
                 description: The column number {column} of table {table}\n        classification: internal\n"
            );
        }
    }
    text
}

fn product(id: usize) -> String {
    format!(
        "apiVersion: v1.0.0\nkind: DataProduct\nid: p-{id}\nname: p-{id}\nstatus: active\ninputPorts:\n- {{name: i, version: 1.0.0, contractId: c-{}}}\n\
         outputPorts:\n- {{name: o, version: 1.0.0, contractId: c-{id}}}\n",
        id / 2
    )
}

fn mesh(folder: &Path, descriptors: usize) {
    for id in 0..descriptors / 2 {
        let domain = folder.join(format!("d{}", id % 50));
        std::fs::create_dir_all(&domain).unwrap();
        std::fs::write(domain.join(format!("{id}.odcs.yaml")), contract(id)).unwrap();
        std::fs::write(domain.join(format!("{id}.odps.yaml")), product(id)).unwrap();
    }
}

/// Wall clock and processor time.
fn timed(run: impl FnOnce() -> usize) -> (Duration, Duration, usize) {
    let (wall, processor) = (Instant::now(), processor_time());
    let found = run();
    (wall.elapsed(), processor_time() - processor, found)
}

fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: u64 = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|t| t.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Peak memory of this process, MB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let additions = Additions { no_embedded: true, ..Additions::default() };
    let engine = Engine::new(&Config::default(), &additions).unwrap();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{:>12}{:>10}{:>10}{:>14}{:>12}{:>10}",
        "descriptors", "MB", "seconds", "descriptors/s", "cores busy", "peak MB"
    );
    let mut rates = Vec::new();
    for descriptors in [1_000, 10_000] {
        let path = folder.path().join(descriptors.to_string());
        mesh(&path, descriptors);
        let (wall, processor, found) =
            timed(|| engine.check(std::slice::from_ref(&path), &CheckOptions::default()).report.descriptors.len());
        assert_eq!(found, descriptors);
        let bytes = (contract(0).len() + product(0).len()) * descriptors / 2;
        let rate = descriptors as f64 / wall.as_secs_f64();
        rates.push(rate);
        println!(
            "{descriptors:>12}{:>10}{:>10.2}{rate:>14.0}{:>12.2}{:>10}",
            bytes / 1_000_000,
            wall.as_secs_f64(),
            processor.as_secs_f64() / wall.as_secs_f64(),
            peak()
        );
    }
    if let [small, large] = rates.as_slice() {
        println!("ten times as many descriptors: each costs {:.2} times as much; {cores} cores", small / large);
    }
}
