//! What do clients notice when a large bundle is loaded anew? `cargo bench -p meshgate-cli --bench reload`.
//!
//! The access policy of `meshgate-rego/benches/access.rs` over 98 MB of data, asked by eight clients as fast as they are
//! answered, and then by eight that ask two thousand times a second: for some seconds, and while the bundle is read anew
//! after one of its modules has changed. Told are the slowest one in a hundred of each, as a ratio, and the server's memory.
//! Server and clients share all cores, as a sidecar and its product do.
//!
//! Deliberately absent: pass and fail. A benchmark measures; the ratios are for the reader.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to measure")]
#![expect(clippy::indexing_slicing, reason = "what is wrong about it must end it")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

const POLICY: &str = include_str!("../../meshgate-rego/benches/access.rego");
const PRODUCTS: usize = 46_000;
const CLIENTS: usize = 8;
const QUIET: Duration = Duration::from_secs(5);
/// Of each kind of load; what is told is the one in the middle.
const RELOADS: usize = 5;
/// Questions a second, of all clients, where they are paced.
const PACE: f64 = 2000.0;

/// Writes products of twenty columns each.
fn data(products: usize) -> String {
    let mut text =
        String::from(r#"{"levels": {"public": 0, "internal": 1, "confidential": 2, "restricted": 3}, "products": {"#);
    for product in 0..products {
        let comma = if product == 0 { "" } else { "," };
        let terms = r#"{"purposes": ["analytics", "billing"], "clear": ["fraud"], "expires": "2030-01-01T00:00:00Z"}"#;
        let _ = write!(
            text,
            r#"{comma}"product-{product:05}":{{"regions":["eu-west","eu-north"],"terms":{terms},"columns":{{"#
        );
        for column in 0..20 {
            let comma = if column == 0 { "" } else { "," };
            let class = ["public", "internal", "confidential", "restricted"][(product + column) % 4];
            let pii = column % 5 == 0;
            let _ = write!(
                text,
                r#"{comma}"column_{column:02}":{{"classification":"{class}","pii":{pii},"mask":"hash","type":"string","unit":"none"}}"#
            );
        }
        text.push_str("}}");
    }
    text.push_str("}}");
    text
}

fn request(number: usize) -> Vec<u8> {
    let columns = (0..8).map(|at| format!("\"column_{at:02}\"")).collect::<Vec<_>>().join(",");
    let body = format!(
        r#"{{"input":{{"product":{{"id":"product-{:05}","port":"orders"}},"consumer":{{"id":"team-{number}","level":2}},"columns":[{columns}],"region":"eu-west","purpose":"analytics","time":"2026-01-01T00:00:{:02}Z"}}}}"#,
        number % PRODUCTS,
        number % 60
    );
    let head = "POST /v1/data/access/decision HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A sidecar, and what it says.
struct Server {
    child: Child,
    address: String,
    said: mpsc::Receiver<String>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_meshgate"));
        command.current_dir(folder).args([
            "serve",
            "--config",
            "meshgate.yaml",
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "off",
        ]);
        let mut child = command.env_remove("RUST_BACKTRACE").stderr(Stdio::piped()).spawn().unwrap();
        let (tell, said) = mpsc::channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        std::thread::spawn(move || lines.for_each(|line| drop(tell.send(line))));
        let mut server = Self { child, address: String::new(), said };
        let line = server.wait_for("http://");
        server.address = line.split("http://").nth(1).unwrap().trim().to_owned();
        server
    }

    fn wait_for(&self, text: &str) -> String {
        loop {
            let line = self.said.recv_timeout(Duration::from_secs(120)).unwrap();
            if line.contains(text) {
                return line;
            }
        }
    }

    /// MiB of memory, by its name in `/proc`.
    fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
    }
}

/// What clients saw: the time of each answer in microseconds.
struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<std::thread::JoinHandle<Vec<u32>>>,
}

impl Load {
    fn start(server: &Server, pace: Option<f64>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let next = Arc::new(AtomicU64::new(0));
        let client = |_| {
            let (stop, next) = (Arc::clone(&stop), Arc::clone(&next));
            let mut stream = TcpStream::connect(&server.address).unwrap();
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || {
                let (mut times, mut answer, mut due) = (Vec::new(), [0; 8192], Instant::now());
                while !stop.load(Ordering::Relaxed) {
                    let number = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap();
                    let request = request(number.wrapping_mul(7919));
                    // A client that was kept waiting asks late; what it waited counts from when it would have asked.
                    let began = match pace {
                        Some(pace) => {
                            due += Duration::from_secs_f64(CLIENTS as f64 / pace);
                            std::thread::sleep(due.saturating_duration_since(Instant::now()));
                            due
                        }
                        None => Instant::now(),
                    };
                    stream.write_all(&request).unwrap();
                    let read = stream.read(&mut answer).unwrap();
                    let text = std::str::from_utf8(&answer[..read]).unwrap();
                    assert!(text.starts_with("HTTP/1.1 200") && text.contains("result"), "{text}");
                    times.push(u32::try_from(began.elapsed().as_micros()).unwrap());
                }
                times
            })
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { stop, clients }
    }

    /// The rate is for the reader; then the median, the slowest one in a hundred and in a thousand, in milliseconds.
    fn end(self) -> (usize, [f64; 3]) {
        self.stop.store(true, Ordering::Relaxed);
        let mut times: Vec<u32> = self.clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
        times.sort_unstable();
        let at = |share: f64| f64::from(times[((times.len() - 1) as f64 * share) as usize]) / 1000.0;
        (times.len(), [at(0.5), at(0.99), at(0.999)])
    }
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle");
    std::fs::create_dir_all(&bundle).unwrap();
    std::fs::write(bundle.join("access.rego"), POLICY).unwrap();
    let text = data(PRODUCTS);
    std::fs::write(bundle.join("data.json"), &text).unwrap();
    println!("data {:.1} MB", text.len() as f64 / 1e6);
    drop(text);
    let touch = |number: usize| {
        std::fs::write(bundle.join("other.rego"), format!("package other\n\nnumber := {number}\n")).unwrap();
    };
    touch(0);
    std::fs::write(
        folder.path().join("meshgate.yaml"),
        "version: 1\nembedded: false\nbundles: [{ name: large, path: bundle }]\n",
    )
    .unwrap();
    let began = Instant::now();
    let server = Server::start(folder.path());
    println!("loaded in {:.2} s", began.elapsed().as_secs_f64());
    let load = Load::start(&server, None);
    std::thread::sleep(QUIET);
    load.end();
    let steady = server.memory("VmRSS");
    println!("{steady} MiB after its first answers, {} MiB while it was loaded", server.memory("VmHWM"));
    let mut number = 0;
    for (name, pace) in [("as fast as answered", None), ("2,000 a second", Some(PACE))] {
        let (mut quiet, mut busy) = (Vec::new(), Vec::new());
        for _ in 0..RELOADS {
            let load = Load::start(&server, pace);
            std::thread::sleep(QUIET);
            let (many, before) = load.end();
            number += 1;
            let load = Load::start(&server, pace);
            touch(number);
            let began = Instant::now();
            drop(server.wait_for("read anew"));
            let took = began.elapsed().as_secs_f64();
            let (_, during) = load.end();
            std::thread::sleep(Duration::from_secs(1));
            println!(
                "{name}: {:>6.0}/s; p50 {:.2} ms, p99 {:.2}, p99.9 {:.2}; while loading for {took:.1} s: {:.2}, {:.2}, {:.2}; then {} MiB, at most {} so far",
                many as f64 / QUIET.as_secs_f64(),
                before[0],
                before[1],
                before[2],
                during[0],
                during[1],
                during[2],
                server.memory("VmRSS"),
                server.memory("VmHWM"),
            );
            quiet.push(before[1]);
            busy.push(during[1]);
        }
        let (quiet, busy) = (middle(quiet), middle(busy));
        println!("{name}: p99 {quiet:.2} ms, while loading {busy:.2}: {:.2} times", busy / quiet);
    }
    let peak = server.memory("VmHWM");
    println!(
        "memory: {steady} MiB, at most {peak}: {:.2} times; {} at the end",
        peak as f64 / steady as f64,
        server.memory("VmRSS")
    );
}
