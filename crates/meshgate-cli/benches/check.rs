//! How fast is `meshgate check` over many descriptors? `cargo bench -p meshgate-cli --bench check`
//!
//! The program judges descriptors of 20 KB, each another one, with the same conftest policy that OPA evaluates: OPA's own Go
//! library, which parses the YAML with its own parser (`yaml.unmarshal`, as `opa exec` does for each file) and evaluates. Rates are
//! of the wall clock, and what each costs the processor is told besides. Then the same descriptors with the embedded rules, and one file from start to exit.
//!
//! Deliberately absent: `opa exec` itself, of which no package is to be had; it reads files and writes JSON besides.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to measure")]

#[path = "../../meshgate-rego/benches/peer.rs"]
#[expect(dead_code, reason = "each benchmark uses its own part")]
mod peer;

use peer::{Peer, timed};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const ROUND: Duration = Duration::from_secs(3);
const MANY: usize = 2_000;

const POLICY: &str = r#"package main

import rego.v1

deny contains "no name" if not input.name

deny contains msg if {
	some table in input.schema
	some column in table.properties
	column.classification == "restricted"
	not column.masking
	msg := sprintf("column %s is not masked", [column.name])
}

warn contains msg if {
	some table in input.schema
	some column in table.properties
	not column.description
	msg := sprintf("column %s has no description", [column.name])
}

deny contains "no latency" if {
	count([1 | some sla in input.slaProperties; sla.property == "latency"]) == 0
}
"#;

/// What stands for `opa exec` on one file: it reads the text with OPA's own parser, and asks for the decision.
const EXEC: &str = "
decision := {\"deny\": deny, \"warn\": warn}

exec := answer if answer := decision with input as yaml.unmarshal(input.text)
";

fn descriptor(number: usize) -> String {
    let mut text = format!(
        "apiVersion: v3.1.0\nkind: DataContract\nid: contract-{number}\nname: contract {number}\nversion: 1.0.{}\nstatus: active\n\
         domain: domain{}\nslaProperties:\n- property: latency\n  value: 4\n  unit: h\nschema:\n- name: table_{number}\n  properties:\n",
        number % 9,
        number % 20
    );
    for column in 0..67 {
        let _ = write!(
            text,
            "  - name: column_{column}\n    logicalType: string\n    physicalType: varchar(255)\n    \
             description: \"The value of column {column}, as it came from the source system.\"\n    classification: internal\n    \
             required: true\n    tags: [raw, \"part-{column}\"]\n    customProperties:\n    - property: sourceColumn\n      \
             value: SRC_COLUMN_{column}\n"
        );
    }
    text
}

/// What a run of the program takes: seconds, seconds of processor, and MiB at its peak.
struct Used {
    seconds: f64,
    processor: f64,
    memory: f64,
}

fn run(folder: &Path, arguments: &[&str]) -> Used {
    // GNU time is not everywhere; the kernel's own account of a child is.
    let script = "import os, sys, time\nstart = time.perf_counter()\npid = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])\n\
                  _, status, used = os.wait4(pid, 0)\n\
                  print(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=sys.stderr)\n";
    let output = Command::new("python3")
        .args(["-c", script, env!("CARGO_BIN_EXE_meshgate")])
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let numbers: Vec<f64> = text.lines().last().unwrap().split(' ').map(|number| number.parse().unwrap()).collect();
    let [seconds, processor, memory]: [f64; 3] = numbers.try_into().unwrap();
    Used { seconds, processor, memory }
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy");
    std::fs::create_dir_all(&policy).unwrap();
    std::fs::write(policy.join("policy.rego"), POLICY).unwrap();
    let many = folder.path().join("many");
    std::fs::create_dir_all(&many).unwrap();
    for number in 0..MANY {
        std::fs::write(many.join(format!("c{number}.odcs.yaml")), descriptor(number)).unwrap();
    }
    println!("{MANY} descriptors of {} bytes", descriptor(0).len());

    let conftest = ["check", "many", "--no-embedded", "--policy", "policy", "--format", "concise"];
    let Used { seconds, processor, memory } = run(folder.path(), &conftest);
    let (rate, own) = (MANY as f64 / seconds, processor / MANY as f64);
    println!(
        "conftest policy: {rate:.0} a second on all cores, {:.2} ms of processor each, {memory:.0} MiB",
        own * 1e3
    );
    let question = serde_json::json!({"text": descriptor(0)}).to_string();
    if let Some(mut opa) = Peer::start("exec", &(POLICY.to_owned() + EXEC), "{}", ROUND) {
        let (theirs, cpu, answer) = opa.ask_all("main.exec", &question);
        assert!(answer.pointer("/deny").and_then(Value::as_array).is_some_and(Vec::is_empty), "OPA answers {answer}");
        println!(
            "OPA's library, one after the other as `opa exec` does: {:.0} a second, {:.2} ms of processor each",
            1e9 / theirs,
            cpu / 1e6
        );
        println!("{:.1} times the rate, {:.1} times less processor", rate * theirs / 1e9, cpu / 1e9 / own);
    }
    let Used { seconds, processor, memory } = run(folder.path(), &["check", "many", "--format", "concise"]);
    let (rate, own) = (MANY as f64 / seconds, processor / MANY as f64);
    println!("embedded rules: {rate:.0} a second on all cores, {:.2} ms of processor each, {memory:.0} MiB", own * 1e3);
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshgate"));
    command.args(["check", "many/c0.odcs.yaml"]).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let one = timed(ROUND, || command.status().unwrap());
    println!("one file from start to exit: {:.1} ms", one / 1e6);
}
