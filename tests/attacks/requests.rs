//! Requests that would take all memory or every thread: each beside a neighbour who only wants a decision, and each measured
//! against a quiet run of the same process. Then requests that nobody thought of.

use crate::sidecar::Sidecar;
use crate::support::folder;
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const POLICY: &str = "package app\n\nimport rego.v1\n\ndefault allow := false\n\nallow if input.user == \"ada\"\n\n\
    small if units.parse_bytes(input.memory) <= 1073741824\n\nsame := input.input == input.input\n";
const AUTHZEN: &str = "package authzen\n\nimport rego.v1\n\ndefault allow := false\n\nallow if \"analysts\" in input.subject.properties.groups\n";

fn start() -> (tempfile::TempDir, Sidecar) {
    let here = folder(&[("b/app.rego", POLICY), ("b/authzen.rego", AUTHZEN)]);
    let sidecar = Sidecar::start(here.path(), &["--bundle", "b", "--no-embedded"]);
    (here, sidecar)
}

/// Resident memory, in MiB.
pub fn resident(sidecar: &Sidecar) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", sidecar.child.id())).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("resident memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") >> 10
}

/// Asks for a decision beside the attacker; returns how long that took.
pub fn neighbour(sidecar: &Sidecar) -> Duration {
    asked(sidecar).unwrap_or_else(|answer| panic!("{answer}"))
}

pub fn asked(sidecar: &Sidecar) -> Result<Duration, String> {
    let began = Instant::now();
    let (status, answer) = sidecar.data("app/allow", "{\"input\": {\"user\": \"ada\"}}");
    if status == 200 && answer["result"] == true { Ok(began.elapsed()) } else { Err(format!("{status}: {answer}")) }
}

/// Waits for the resident memory to be near what it was, 5 s at most; says what it is then, in MiB.
pub fn settle(sidecar: &Sidecar, before: u64) -> u64 {
    let began = Instant::now();
    while resident(sidecar) > before * 6 / 5 && began.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(100));
    }
    resident(sidecar)
}

pub fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}

/// Connects from another address of the loopback: another client than the neighbour.
fn elsewhere(address: &str) -> Option<TcpStream> {
    let (ours, theirs): (SocketAddr, SocketAddr) = ("127.0.0.2:0".parse().ok()?, address.parse().ok()?);
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).ok()?;
    bind(&socket, &ours).ok()?;
    connect(&socket, &theirs).ok()?;
    Some(TcpStream::from(socket))
}

/// Heavy tests take turns: each measures what its own attack does to others.
pub static TURN: Mutex<()> = Mutex::new(());

/// Sends a request; says what status came, and 0 for none.
pub fn attack(sidecar: &Sidecar, path: &str, mime: &str, body: &[u8]) -> u16 {
    attack_for(Duration::from_secs(20), sidecar, path, mime, body)
}

fn attack_for(patience: Duration, sidecar: &Sidecar, path: &str, mime: &str, body: &[u8]) -> u16 {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {mime}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let Some(mut stream) = elsewhere(&sidecar.main) else { return 0 };
    let _ = stream.set_read_timeout(Some(patience));
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

fn laughs(levels: usize) -> String {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..levels {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        text += &format!("a{level}: &a{level} [{below}]\n");
    }
    format!("{text}input: *a{}\n", levels - 1)
}

/// What took a sidecar's memory or threads, and its kin.
fn bombs() -> Vec<(&'static str, &'static str, &'static str, Vec<u8>)> {
    let groups = json!({"groups": ["analysts"], "x": vec!["a"; 150_000]});
    let many = |field: &str| {
        let mut body = json!({"subject": {"type": "user", "id": "ada"}, "action": {"name": "read"},
            "resource": {"type": "t", "id": "1"}, "evaluations": vec![json!({}); 1_000]});
        body[field]["properties"] = groups.clone();
        body.to_string().into_bytes()
    };
    let list = |item: &str, bytes: usize| format!("{item},").repeat(bytes / (item.len() + 1));
    let yaml = |item: &str| format!("input: [{}x]\n", list(item, 16 << 20)).into_bytes();
    let json_list = |item: &str| format!("{{\"input\": [{}0]}}", list(item, 24 << 20)).into_bytes();
    let towers = format!("{{\"input\": {}1{}}}", "[".repeat(60_000), "]".repeat(60_000)).into_bytes();
    let keys: String = (0..400_000).map(|n| format!("\"k{n}\":{n},")).collect();
    let data = "/v1/data/app/allow";
    let (yml, jsn) = ("application/yaml", "application/json");
    vec![
        ("ten levels of aliases", data, yml, laughs(10).into_bytes()),
        ("the same on the first path of OPA", "/v0/data/app/allow", yml, laughs(9).into_bytes()),
        ("the same in a batch", "/v1/batch/data/app/allow", yml, laughs(9).into_bytes()),
        ("a list of YAML", data, yml, yaml("a")),
        ("maps of YAML", data, yml, yaml("{}")),
        ("lists of YAML", data, yml, yaml("[]")),
        ("a list of JSON", data, jsn, json_list("{}")),
        ("lists of JSON", data, jsn, json_list("[]")),
        ("depth", data, jsn, towers),
        ("keys", data, jsn, format!("{{\"input\": {{{keys}\"z\":0}}}}").into_bytes()),
        ("a subject for a thousand", "/access/v1/evaluations", jsn, many("subject")),
        ("a resource for a thousand", "/access/v1/evaluations", jsn, many("resource")),
        ("an action for a thousand", "/access/v1/evaluations", jsn, many("action")),
        ("an exponent", "/v1/data/app/small", jsn, b"{\"input\": {\"memory\": \"1e999999999\"}}".to_vec()),
        ("a larger one", "/v1/data/app/small", jsn, b"{\"input\": {\"memory\": \"1e-99999999E\"}}".to_vec()),
        ("a number", data, jsn, b"{\"input\": 1e999999999}".to_vec()),
    ]
}

#[test]
fn nobodys_request_takes_the_memory_or_the_threads_of_others() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (_here, sidecar) = start();
    // The first requests make what a process keeps.
    for _ in 0..50 {
        neighbour(&sidecar);
    }
    let (quiet, memory) = (median((0..50).map(|_| neighbour(&sidecar)).collect()), resident(&sidecar));
    let mut worst = (0, "");
    for (name, path, mime, body) in bombs() {
        let done = AtomicBool::new(false);
        let (statuses, seen, peak) = std::thread::scope(|scope| {
            let attackers: Vec<_> = (0..4).map(|_| scope.spawn(|| attack(&sidecar, path, mime, &body))).collect();
            let watch = scope.spawn(|| {
                let mut peak = 0;
                while !done.load(Ordering::Relaxed) {
                    peak = peak.max(resident(&sidecar));
                    std::thread::sleep(Duration::from_millis(5));
                }
                peak
            });
            let mut seen = Vec::new();
            while seen.len() < 5 || attackers.iter().any(|one| !one.is_finished()) {
                seen.push(asked(&sidecar));
            }
            done.store(true, Ordering::Relaxed);
            let statuses: Vec<u16> = attackers.into_iter().map(|one| one.join().expect("a thread")).collect();
            (statuses, seen, watch.join().expect("a thread"))
        });
        assert!(statuses.iter().all(|status| (200..=503).contains(status)), "{name}: {statuses:?}");
        let refused: Vec<&String> = seen.iter().filter_map(|one| one.as_ref().err()).collect();
        // One may come when every place is taken, and is told to come back.
        let few = refused.len() <= 1 + seen.len() / 50;
        assert!(few, "{name}: {} of {}: {:?}", refused.len(), seen.len(), refused.first());
        let seen = seen.into_iter().filter_map(Result::ok).collect();
        // Two processors are shared with four attackers and a program without optimisation.
        let slow = median(seen).as_secs_f64() / quiet.as_secs_f64().max(0.000_5);
        assert!(slow < 60.0, "{name}: a neighbour waits {slow:.1} times as long");
        // Four bodies, what is made of them within their budgets, and no multiple of that.
        assert!(peak < memory + 1_500, "{name}: {peak} MiB, and {memory} before");
        if std::env::var_os("EACH").is_some() {
            std::thread::sleep(Duration::from_millis(300));
            println!("{name}: {statuses:?} {slow:.1} at most {peak} MiB, then {}", resident(&sidecar));
        }
        if peak > worst.0 {
            worst = (peak, name);
        }
    }
    let after = settle(&sidecar, memory);
    println!("quiet {memory} MiB, at most {} MiB ({}), afterwards {after} MiB", worst.0, worst.1);
    assert!(after <= memory * 6 / 5, "{after} MiB after, {memory} before");
    let metrics = sidecar.send(&sidecar.admin, "GET /metrics HTTP/1.1", b"").2;
    assert!(metrics.contains("meshgate_held_threads 0\n"), "{metrics}");
    assert!(metrics.contains("meshgate_requests_bytes 0\n"), "{metrics}");
    assert_eq!(sidecar.send(&sidecar.admin, "GET /ready HTTP/1.1", b"").0, 200);
}

#[test]
fn bodies_that_never_end_have_one_bound_together() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (_here, sidecar) = start();
    let before = resident(&sidecar);
    let piece = vec![b' '; 12 << 20];
    let held: Vec<TcpStream> = (0..200)
        .filter_map(|_| {
            let mut stream = elsewhere(&sidecar.main)?;
            let _ = stream.set_write_timeout(Some(Duration::from_millis(300)));
            let head = "POST /v1/data/app/allow HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 16000000\r\n\r\n";
            stream.write_all(head.as_bytes()).ok()?;
            let _ = stream.write_all(&piece);
            Some(stream)
        })
        .collect();
    assert!(held.len() > 50, "{}", held.len());
    let during = resident(&sidecar);
    assert!(during < before + 1_300, "{during} MiB while {} bodies wait, {before} before", held.len());
    drop(held);
    sidecar.eventually("bodies are given back", || {
        sidecar.send(&sidecar.admin, "GET /metrics HTTP/1.1", b"").2.contains("meshgate_requests_bytes 0\n")
    });
    neighbour(&sidecar);
}

/// A generator of numbers, so that a failure can be repeated.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count.max(1)
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// A value of anything, small in text and perhaps large in what it says.
fn value(dice: &mut Dice, depth: usize) -> String {
    match dice.below(if depth > 5 { 7 } else { 11 }) {
        0 => dice
            .one(&["1", "-0", "1e400", "1e-999999999", "123456789012345678901234567890", "0.1", "1E5", "-"])
            .to_owned(),
        1 => dice
            .one(&["true", "null", "nul", "NaN", "\"\\ud800\"", "\"\\u0000\"", "\"##vso[x]\"", "\"\u{202e}\""])
            .to_owned(),
        2 => format!("\"{}\"", "x".repeat(dice.below(5_000))),
        3 => "\"ada\"".to_owned(),
        4 => format!("[{}0]", "0,".repeat(dice.below(20_000))),
        5 => format!("{}{}", "[".repeat(dice.below(300)), "]".repeat(dice.below(300))),
        6 => format!("{{{}\"z\": 0}}", "\"a\": {},".repeat(dice.below(500))),
        7 => format!("[{}]", (0..dice.below(6)).map(|_| value(dice, depth + 1)).collect::<Vec<_>>().join(",")),
        _ => {
            let names = [
                "input",
                "subject",
                "id",
                "properties",
                "resource",
                "action",
                "evaluations",
                "inputs",
                "common_input",
                "requests",
                "name",
                "type",
                "groups",
                "user",
                "context",
                "product",
                "columns",
                "memory",
            ];
            let pairs: Vec<String> =
                (0..dice.below(6)).map(|_| format!("\"{}\": {}", dice.one(&names), value(dice, depth + 1))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

/// The first of them make what a process keeps: threads, schemas, compiled queries.
const KEPT: u64 = 1_000;

#[test]
fn requests_that_nobody_thought_of_are_answered() {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let seed = std::env::var("FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (_here, sidecar) = start();
    for _ in 0..50 {
        neighbour(&sidecar);
    }
    let quiet = median((0..50).map(|_| neighbour(&sidecar)).collect());
    let mut memory = 0;
    let mut dice = Dice(seed);
    let (began, mut sent, mut beside) = (Instant::now(), 0_u64, Vec::new());
    while began.elapsed() < Duration::from_secs(seconds) || sent <= 2 * KEPT {
        let path = dice.one(&[
            "/v1/data/app/allow",
            "/v1/data",
            "/v0/data/app",
            "/",
            "/v1/decide",
            "/v1/batch/decide",
            "/v1/batch/data/app/allow",
            "/access/v1/evaluation",
            "/access/v1/evaluations",
            "/v1/check",
            "/v1/query",
            "/v1/compile",
            "/v1/data/app/small",
            "/v1/data/app/same",
            "/ext-authz/x",
            "/%2e%2e/v1",
            "/v1//data",
        ]);
        let mime =
            dice.one(&["application/json", "application/yaml", "text/plain", "application/json; charset=x", "x"]);
        let header = dice.one(&[
            "",
            "",
            "",
            "\r\ncontent-encoding: gzip",
            "\r\norigin: https://evil.example",
            "\r\nhost: evil.example",
            "\r\nexpect: 100-continue",
            "\r\ntransfer-encoding: chunked",
            "\r\nx: \u{1}",
            "\r\nsec-fetch-site: cross-site",
            "\r\ncontent-length: 3",
            "\r\ntraceparent: 00-x",
        ]);
        let mut body = value(&mut dice, 0).into_bytes();
        // Some are cut, some have a byte of something else.
        if dice.below(4) == 0 {
            body.truncate(dice.below(body.len() + 1));
        }
        if dice.below(6) == 0 && !body.is_empty() {
            let at = dice.below(body.len());
            body[at] = dice.below(256) as u8;
        }
        // A body that is shorter than its header says is waited for, by the sidecar.
        let is_short = ["content-length", "transfer-encoding", "expect"].iter().any(|name| header.contains(name));
        let patience = Duration::from_millis(if is_short { 50 } else { 5_000 });
        let status = attack_for(patience, &sidecar, path, &format!("{mime}{header}"), &body);
        // One that is no request is not answered, and the next one is.
        assert!(status != 500, "{path} {mime} {header:?} {:?}", String::from_utf8_lossy(&body));
        sent += 1;
        if sent == KEPT {
            memory = settle(&sidecar, 0);
        }
        if sent.is_multiple_of(10) {
            beside.push(neighbour(&sidecar));
        }
    }
    assert!(sent > 2 * KEPT && !beside.is_empty(), "{sent}");
    let slow = median(beside).as_secs_f64() / quiet.as_secs_f64().max(0.000_5);
    let after = settle(&sidecar, memory);
    println!("{sent} requests; a neighbour waits {slow:.1} times as long; {after} MiB, {memory} before");
    assert!(slow < 20.0, "a neighbour waits {slow:.1} times as long");
    assert!(after <= memory * 6 / 5, "{after} MiB after {sent} requests, {memory} before");
    let (_, metrics) = ((), sidecar.send(&sidecar.admin, "GET /metrics HTTP/1.1", b"").2);
    assert!(metrics.contains("meshgate_held_threads 0\n"), "{metrics}");
}
