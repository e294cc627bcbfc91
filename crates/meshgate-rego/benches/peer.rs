//! The peer of the benchmarks: OPA's Go library in a Python process, and how both sides are timed.
//!
//! Deliberately absent: any number; the benchmarks print theirs.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark whose peer does not answer has nothing to measure")]

use serde_json::Value;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// OPA, asked over a pipe; the process ends with its standard input.
pub struct Peer {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts OPA with one policy and one data document; says why in a line when it is not to be had.
    pub fn start(name: &str, policy: &str, data: &str, round: Duration) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/opa");
        let written = |file: &str, text: &str| -> PathBuf {
            let path = root.join(file);
            std::fs::create_dir_all(&root).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        };
        let process = Command::new("python3")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../meshgate-rego/benches/opa.py"))
            .arg(&root)
            .arg(written(&format!("{name}.rego"), policy))
            .arg(written(&format!("{name}.json"), data))
            .arg(round.as_secs_f64().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut process) = process else {
            println!("OPA: not measured, there is no python3");
            return None;
        };
        let questions = process.stdin.take();
        let mut answers = BufReader::new(process.stdout.take().unwrap());
        let mut ready = String::new();
        if answers.read_line(&mut ready).is_err() || ready.trim() != "ready" {
            println!("OPA: not measured, its library did not start (see above)");
            return None;
        }
        Some(Self { process, questions, answers })
    }

    /// Returns the median time of an evaluation in nanoseconds, and the answer.
    pub fn ask(&mut self, query: &str, input: &str) -> (f64, Value) {
        let (nanoseconds, _, answer) = self.ask_all(query, input);
        (nanoseconds, answer)
    }

    /// The same with what an evaluation costs the processor between them, in nanoseconds.
    pub fn ask_all(&mut self, query: &str, input: &str) -> (f64, f64, Value) {
        writeln!(self.questions.as_mut().unwrap(), "{query}\t{input}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        let number = |at: &str| answer.pointer(at).and_then(Value::as_f64).unwrap();
        (number("/ns"), number("/cpu_ns"), answer.pointer("/result").cloned().unwrap_or_default())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.questions = None;
        let _ = self.process.wait();
    }
}

/// The median time of a run, in nanoseconds.
pub fn timed<T>(round: Duration, mut run: impl FnMut() -> T) -> f64 {
    let (end, mut taken) = (Instant::now() + round, Vec::new());
    while Instant::now() < end || taken.len() < 10 {
        let start = Instant::now();
        black_box(run());
        taken.push(start.elapsed().as_nanos() as f64);
    }
    median(taken)
}

/// The middle one.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
