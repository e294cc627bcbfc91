//! One plugin behind `POST /v1/check`: answers a second and processor time of the sidecar for each, with a contract of 5 KB.
//! `cargo bench -p meshgate-cli --bench plugin`. The limit is a third of the 416 µs that Kubewarden's policy server took for a
//! trivial policy, measured before this was written.
//!
//! Deliberately absent: a load generator of fame; the client here is a few threads that write and read, and its own time does
//! not count, since only the sidecar's is read.

#![expect(clippy::indexing_slicing, reason = "the client reads into a buffer whose bounds it keeps")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot prepare has nothing to measure")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ROUND: Duration = Duration::from_secs(5);
const CONNECTIONS: usize = 16;
const LIMIT_MICROS: f64 = 416.0 / 3.0;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A contract as it lies on disk: 5 KB of indented JSON.
fn contract() -> String {
    let mut text = r#"{
  "apiVersion": "v3.1.0",
  "kind": "DataContract",
  "id": "orders",
  "name": "orders",
  "version": "1.0.0",
  "status": "active",
  "schema": [
    {
      "name": "orders",
      "logicalType": "object",
      "properties": ["#
        .to_owned();
    let mut number = 0;
    while text.len() < 5_000 {
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}
        {{
          "name": "order_reference_{number}",
          "logicalType": "string",
          "description": "The reference that the customer gave the order.",
          "classification": "internal"
        }}"#
        );
        number += 1;
    }
    text + "\n      ]\n    }\n  ]\n}\n"
}

struct Sidecar {
    child: Child,
    address: String,
}

impl Sidecar {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_meshgate"))
            .args(["serve", "--no-embedded", "--listen", "127.0.0.1:0", "--admin", "off"])
            .args(args)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| Some(line.ok()?.split_once("http://")?.1.to_owned())).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// Processor time so far, user's and system's. A tick is a hundredth of a second, on every Linux that is met.
    fn processor(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Asks until the time is over; gives the answers.
fn ask(address: &str, body: &str, until: Instant, answers: &AtomicUsize) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!(
        "POST /v1/check HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut buffer = vec![0; 64 << 10];
    while Instant::now() < until {
        stream.write_all(request.as_bytes()).unwrap();
        let (mut read, mut whole) = (0, usize::MAX);
        while read < whole {
            let more = stream.read(&mut buffer[read..]).unwrap();
            assert!(more > 0, "the sidecar hung up");
            read += more;
            if whole == usize::MAX {
                let head = String::from_utf8_lossy(&buffer[..read]);
                if let Some((head, _)) = head.split_once("\r\n\r\n") {
                    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                    whole = head.len() + 4 + length.parse::<usize>().unwrap();
                }
            }
        }
        answers.fetch_add(1, Ordering::Relaxed);
    }
}

fn measure(name: &str, args: &[&str], body: &str) {
    let sidecar = Sidecar::start(args);
    let answers = AtomicUsize::new(0);
    let load = |time: Duration| {
        let until = Instant::now() + time;
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| ask(&sidecar.address, body, until, &answers));
            }
        });
    };
    load(Duration::from_millis(500));
    answers.store(0, Ordering::Relaxed);
    let (before, begun) = (sidecar.processor(), Instant::now());
    load(ROUND);
    let (spent, took) = (sidecar.processor() - before, begun.elapsed());
    let count = answers.load(Ordering::Relaxed) as f64;
    let each = spent.as_secs_f64() * 1e6 / count;
    println!(
        "{name:<28} {:>8.0} answers a second, {each:>7.1} µs of processor each: {:>6.0} a second a core, {:.1} times the limit's 7,200",
        count / took.as_secs_f64(),
        1e6 / each,
        LIMIT_MICROS / each
    );
}

fn main() {
    let body = contract();
    println!("POST /v1/check, a contract of {} bytes, {CONNECTIONS} connections", body.len());
    let plugin = |name: &str| repository().join(format!("plugins/{name}/{name}.wasm")).display().to_string();
    for (name, language) in
        [("unmasked", "Rust"), ("schedules", "C"), ("quality-sql", "TypeScript"), ("sample-data", "Python")]
    {
        let path = plugin(name);
        if Path::new(&path).exists() {
            measure(&format!("{name} ({language})"), &["--plugin", &path], &body);
        }
    }
}
