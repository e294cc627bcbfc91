//! Ten thousand descriptors in one run, against one thousand in the same process: time and memory a descriptor must not
//! grow with their number, and all cores must be busy. Then the rules of the mesh over small descriptors, and a dense mesh, in
//! which every product has a port for every contract: what a value costs must not grow. `cargo bench -p meshgate-engine`;
//! with `MESH_DESCRIPTORS=100000` the sparse mesh of small descriptors has so many.
//!
//! Deliberately absent: other rules; what they cost is theirs.

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

/// A small contract and product, for meshes that are large by their number.
fn sparse(folder: &Path, descriptors: usize) {
    for id in 0..descriptors / 2 {
        let domain = folder.join(format!("d{}", id % 500));
        std::fs::create_dir_all(&domain).unwrap();
        let contract = format!(
            "apiVersion: v3.1.0\nkind: DataContract\nid: c-{id}\nversion: 1.0.0\nstatus: active\nschema:\n- name: t\n  properties:\n  - {{name: a, logicalType: string}}\n"
        );
        std::fs::write(domain.join(format!("{id}.odcs.yaml")), contract).unwrap();
        std::fs::write(domain.join(format!("{id}.odps.yaml")), product(id)).unwrap();
    }
}

/// Products that each have a port for every contract.
fn dense(folder: &Path, descriptors: usize) {
    let count = descriptors / 2;
    std::fs::create_dir_all(folder).unwrap();
    let ports: String =
        (0..count).map(|port| format!("- {{name: o{port}, version: 1.0.0, contractId: c-{port}}}\n")).collect();
    for id in 0..count {
        let product = format!(
            "apiVersion: v1.0.0\nkind: DataProduct\nid: p-{id}\nname: p-{id}\nversion: 1.0.0\nstatus: active\noutputPorts:\n{ports}"
        );
        std::fs::write(folder.join(format!("{id}.odps.yaml")), product).unwrap();
        std::fs::write(folder.join(format!("{id}.odcs.yaml")), contract(id)).unwrap();
    }
}

fn bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| if entry.path().is_dir() { bytes(&entry.path()) } else { entry.metadata().unwrap().len() })
        .sum()
}

/// Rules of the mesh alone, which are asked of every product.
fn rules_of_the_mesh(folder: &Path) -> Engine {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    for part in ["lib", "mesh"] {
        copy(&policies.join(part), &folder.join("rules").join(part));
    }
    let text = "version: 1\nembedded: false\nbundles: [{ name: library, path: rules }]\nprofiles: [strict]\n";
    let file = folder.join("meshgate.yaml");
    std::fs::write(&file, text).unwrap();
    Engine::new(&Config::read_root(&file).unwrap(), &Additions { root_only: true, ..Additions::default() }).unwrap()
}

/// Copies modules, without their tests and examples.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else if name.to_string_lossy().ends_with(".rego") && !name.to_string_lossy().ends_with("_test.rego") {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

fn meshes(folder: &Path) {
    let engine = rules_of_the_mesh(folder);
    let most = std::env::var("MESH_DESCRIPTORS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    println!(
        "{:>12}{:>10}{:>10}{:>10}{:>16}{:>10}{:>10}",
        "mesh", "of", "MB", "edges", "µs a KB or edge", "faults", "peak MB"
    );
    for (name, sizes) in [("sparse", [most / 10, most]), ("dense", [200, 1_000])] {
        let mut costs = Vec::new();
        for size in sizes {
            let path = folder.join("meshes").join(format!("{name}{size}"));
            let edges = if name == "sparse" {
                sparse(&path, size);
                size
            } else {
                dense(&path, size);
                size / 2 * (size / 2)
            };
            let options = CheckOptions { mesh_complete: true, ..CheckOptions::default() };
            let mut faults = 0;
            let (wall, ..) = timed(|| {
                let report = engine.check(std::slice::from_ref(&path), &options).report;
                faults = report.faults.len();
                report.descriptors.len()
            });
            let bytes = bytes(&path);
            let cost = wall.as_secs_f64() * 1e6 / (bytes as f64 / 1e3 + edges as f64);
            costs.push(cost);
            println!("{name:>12}{size:>10}{:>10}{edges:>10}{cost:>16.1}{faults:>10}{:>10}", bytes / 1_000_000, peak());
            std::fs::remove_dir_all(&path).unwrap();
        }
        if let [small, large] = costs.as_slice() {
            println!("{name}: a KB or an edge of the larger costs {:.2} times as much", large / small);
        }
    }
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
    meshes(folder.path());
}
