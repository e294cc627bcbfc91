//! How fast is `meshgate serve`? `cargo bench -p meshgate-cli --bench serve`; with `OPA=/path/to/opa`, beside OPA's server.
//!
//! The access policy and the 4 MB of data of `meshgate-rego/benches/access.rs`, asked over HTTP with inputs that are all
//! different, the decision log on; beside it a bare axum handler that reads the same bodies as JSON and writes them back. Each
//! server has one core, the clients another, which never sleeps. Rates are told per second, and per second of the server's processor; the
//! ratio of the latter to the bare handler's is the one to compare: OPA's server has a thirteenth of it, as it was measured
//! before there was a sidecar.
//!
//! Deliberately absent: pass and fail. A benchmark measures; the ratios are for the reader.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to measure")]
#![expect(clippy::indexing_slicing, reason = "what is wrong about it must end it")]

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const POLICY: &str = include_str!("../../meshgate-rego/benches/access.rego");
/// The same rules as an access policy of ours.
const ACCESS: &str = r#"package meshgate.access.terms

product := data.products[input.resource.product]

grants contains {"reason": "within the terms"} if product

denials contains {"message": sprintf("product %v is not served in %v", [input.resource.product, input.context.region])} if {
	not input.context.region in product.regions
}

denials contains {"message": sprintf("purpose %v is not in the terms", [input.purpose])} if {
	not input.purpose in product.terms.purposes
}

denials contains {"message": "the terms have expired"} if {
	time.parse_rfc3339_ns(product.terms.expires) < time.parse_rfc3339_ns(input.context.time)
}

denials contains {"message": sprintf("column %v is above the clearance of %v", [column, input.subject.id])} if {
	some column in input.resource.columns
	data.levels[product.columns[column].classification] > input.subject.attributes.level
}

masks contains {"column": column, "mask": product.columns[column].mask} if {
	some column in input.resource.columns
	product.columns[column].pii
	not input.purpose in product.terms.clear
}
"#;
const ROUND: Duration = Duration::from_secs(4);
const ROUNDS: usize = 3;
/// Requests that are made beforehand; no two in a round are alike until they come round again.
const REQUESTS: usize = 20_000;

/// Two thousand products of twenty columns: 4 MB.
fn data() -> Value {
    let classifications = ["public", "internal", "confidential", "restricted"];
    let column = |product: usize, column: usize| {
        let class = classifications.get((product + column) % 4);
        let column_of = json!({"classification": class, "pii": column.is_multiple_of(5), "mask": "hash",
            "type": "string", "unit": "none"});
        (format!("column_{column:02}"), column_of)
    };
    let product = |number: usize| {
        let columns: serde_json::Map<_, _> = (0..20).map(|at| column(number, at)).collect();
        let terms =
            json!({"purposes": ["analytics", "billing"], "clear": ["fraud"], "expires": "2030-01-01T00:00:00Z"});
        let of = json!({"regions": ["eu-west", "eu-north"], "terms": terms, "columns": columns});
        (format!("product-{number:04}"), of)
    };
    let products: serde_json::Map<_, _> = (0..2000).map(product).collect();
    json!({"products": products, "levels": {"public": 0, "internal": 1, "confidential": 2, "restricted": 3}})
}

fn columns() -> Vec<String> {
    (0..8).map(|at| format!("column_{at:02}")).collect()
}

fn question(number: usize) -> Value {
    json!({"input": {
        "product": {"id": format!("product-{:04}", number % 2000), "port": "orders"},
        "consumer": {"id": format!("team-{number}"), "level": 2}, "columns": columns(),
        "region": "eu-west", "purpose": "analytics", "time": format!("2026-01-01T00:00:{:02}Z", number % 60),
    }})
}

fn access(number: usize) -> Value {
    json!({
        "subject": {"id": format!("team-{number}"), "attributes": {"level": 2}},
        "action": "read",
        "resource": {"product": format!("product-{:04}", number % 2000), "columns": columns()},
        "purpose": "analytics",
        "context": {"region": "eu-west", "time": format!("2026-01-01T00:00:{:02}Z", number % 60)},
    })
}

fn requests(path: &str, body: fn(usize) -> Value) -> Arc<Vec<Vec<u8>>> {
    let one = |number: usize| {
        let body = body(number).to_string();
        let length = body.len();
        format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
            .into_bytes()
    };
    Arc::new((0..REQUESTS).map(one).collect())
}

/// A server in a process of its own.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command on one core.
fn pinned(core: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    command
}

fn meshgate(folder: &Path, log: bool) -> Server {
    let mut command = pinned("0", Path::new(env!("CARGO_BIN_EXE_meshgate")));
    command.current_dir(folder).args(["serve", "--no-embedded", "--bundle", "bundle", "--listen", "127.0.0.1:0"]);
    command.args(["--admin", "off"]).env_remove("RUST_BACKTRACE");
    if log {
        command.args(["--decision-log", "decisions.jsonl"]);
    }
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find(|line| line.contains("http://")).unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    Server { child, address: line.split("http://").nth(1).unwrap().parse().unwrap() }
}

/// This program again, as the bare handler.
fn echo() -> Server {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let child = pinned("0", &std::env::current_exe().unwrap()).env("ECHO", address.to_string()).spawn().unwrap();
    Server { child, address }
}

fn opa(folder: &Path, program: &str) -> Server {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut command = pinned("0", Path::new(program));
    command.current_dir(folder).env("GOMAXPROCS", "1");
    command.args(["run", "--server", "--addr", &address.to_string(), "--log-level", "error"]);
    command.args(["--set", "decision_logs.console=true", "bundle"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    Server { child, address }
}

fn serve_echo(address: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let echo = |body: Bytes| async move {
            let value: Value = serde_json::from_slice(&body).unwrap();
            ([("content-type", "application/json")], serde_json::to_string(&value).unwrap())
        };
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        axum::serve(listener, Router::new().route("/{*path}", post(echo))).await.unwrap();
    });
}

/// Seconds of processor that a process has used, and bytes that it has in memory.
fn used(pid: u32) -> (f64, u64) {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> =
        stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pages are few")]
    ((number(11) + number(12)) / 100.0, number(21) as u64 * 4096)
}

/// What a round gave.
struct Round {
    rate: f64,
    /// A second of the server's processor.
    per_core: f64,
    quantiles: [f64; 3],
    memory: u64,
}

async fn connect(address: SocketAddr) -> TcpStream {
    for _ in 0..200 {
        if let Ok(stream) = TcpStream::connect(address).await {
            let _ = stream.set_nodelay(true);
            return stream;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    TcpStream::connect(address).await.unwrap()
}

/// Asks once, and reads the whole answer.
async fn ask(stream: &mut TcpStream, request: &[u8], answer: &mut Vec<u8>) {
    stream.write_all(request).await.unwrap();
    answer.clear();
    loop {
        let read = stream.read_buf(answer).await.unwrap();
        assert!(read > 0, "the server closed: {}", String::from_utf8_lossy(answer));
        let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{}", String::from_utf8_lossy(answer));
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
        if answer.len() >= end + 4 + length.unwrap() {
            return;
        }
    }
}

fn round(server: &Server, requests: &Arc<Vec<Vec<u8>>>, connections: usize, time: Duration) -> Round {
    let runtime = tokio::runtime::Builder::new_current_thread().event_interval(4).enable_all().build().unwrap();
    let pid = server.child.id();
    let next = Arc::new(AtomicU64::new(0));
    let mut times: Vec<u32> = Vec::new();
    let (mut wall, mut before, mut after) = (0.0, (0.0, 0), (0.0, 0));
    runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..connections {
            streams.push(connect(server.address).await);
        }
        // Waking a sleeping core costs whoever wakes it more than an answer does, and the faster a server is the less it has
        // to: the clients never sleep.
        let awake = tokio::spawn(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
        before = used(pid);
        let began = Instant::now();
        let tasks: Vec<_> = streams
            .into_iter()
            .map(|mut stream| {
                let (requests, next) = (Arc::clone(requests), Arc::clone(&next));
                tokio::spawn(async move {
                    let (mut times, mut answer) = (Vec::new(), Vec::with_capacity(4096));
                    while began.elapsed() < time {
                        let number = next.fetch_add(1, Ordering::Relaxed) as usize % requests.len();
                        let asked = Instant::now();
                        ask(&mut stream, &requests[number], &mut answer).await;
                        times.push(u32::try_from(asked.elapsed().as_nanos() / 100).unwrap_or(u32::MAX));
                    }
                    times
                })
            })
            .collect();
        for task in tasks {
            times.extend(task.await.unwrap());
        }
        wall = began.elapsed().as_secs_f64();
        awake.abort();
        after = used(pid);
    });
    times.sort_unstable();
    let at = |share: f64| f64::from(times[((times.len() - 1) as f64 * share) as usize]) / 10_000.0;
    let many = times.len() as f64;
    Round {
        rate: many / wall,
        per_core: many / (after.0 - before.0),
        quantiles: [at(0.5), at(0.99), at(0.999)],
        memory: after.1,
    }
}

fn tell(name: &str, rounds: &[Round], bare: Option<f64>) -> f64 {
    let mut per_core: Vec<f64> = rounds.iter().map(|round| round.per_core).collect();
    per_core.sort_by(f64::total_cmp);
    let median = per_core[per_core.len() / 2];
    let round = rounds.iter().find(|round| round.per_core == median).unwrap();
    let [half, most, worst] = round.quantiles;
    let share = bare.map(|bare| format!(", {:.2} of the bare handler", median / bare)).unwrap_or_default();
    println!(
        "{name:<34} {:>8.0}/s, {median:>8.0} per core-second{share}; p50 {half:.3} ms, p99 {most:.3}, p99.9 {worst:.3}; {} MiB",
        round.rate,
        round.memory >> 20
    );
    median
}

fn main() {
    if let Ok(address) = std::env::var("ECHO") {
        return serve_echo(&address);
    }
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle");
    std::fs::create_dir_all(&bundle).unwrap();
    std::fs::write(bundle.join("access.rego"), POLICY).unwrap();
    std::fs::write(bundle.join("terms.rego"), ACCESS).unwrap();
    let text = data().to_string();
    std::fs::write(bundle.join("data.json"), &text).unwrap();
    println!("data {:.1} MB; a request has {} bytes", text.len() as f64 / 1e6, question(0).to_string().len());
    // The clients have the other cores.
    let _ = Command::new("taskset").args(["-cp", "1", &std::process::id().to_string()]).stdout(Stdio::null()).status();
    let data = requests("/v1/data/access/decision", question);
    let decide = requests("/v1/decide", access);
    let connections = 8;
    let (bare, logged, unlogged) = (echo(), meshgate(folder.path(), true), meshgate(folder.path(), false));
    let peer = std::env::var("OPA").ok().map(|program| opa(folder.path(), &program));
    let warm = Duration::from_millis(1500);
    for server in [&bare, &logged, &unlogged].into_iter().chain(&peer) {
        round(server, &data, connections, warm);
    }
    for server in [&logged, &unlogged] {
        round(server, &decide, connections, warm);
    }
    let mut rounds: [Vec<Round>; 6] = Default::default();
    for _ in 0..ROUNDS {
        rounds[0].push(round(&bare, &data, connections, ROUND));
        rounds[1].push(round(&logged, &data, connections, ROUND));
        rounds[2].push(round(&unlogged, &data, connections, ROUND));
        rounds[3].push(round(&logged, &decide, connections, ROUND));
        rounds[4].push(round(&unlogged, &decide, connections, ROUND));
        if let Some(peer) = &peer {
            rounds[5].push(round(peer, &data, connections, ROUND));
        }
    }
    let echoed = tell("bare axum handler", &rounds[0], None);
    let ours = tell("data API, decision log on", &rounds[1], Some(echoed));
    tell("data API, no log", &rounds[2], Some(echoed));
    tell("/v1/decide, decision log on", &rounds[3], Some(echoed));
    tell("/v1/decide, no log", &rounds[4], Some(echoed));
    match peer {
        Some(_) => {
            let theirs = tell("OPA's server, console log", &rounds[5], Some(echoed));
            println!("{:.1} times OPA, per core", ours / theirs);
        }
        None => println!(
            "no OPA (OPA=/path/to/opa); a thirteenth of the bare handler would be {:.0}: {:.1} times that",
            echoed / 13.0,
            ours / (echoed / 13.0)
        ),
    }
    println!("the curve, decision log on:");
    for connections in [1, 10, 100, 1000] {
        tell(&format!("{connections} connections"), &[round(&logged, &data, connections, ROUND)], Some(echoed));
    }
}
