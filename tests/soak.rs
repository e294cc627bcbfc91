//! Half a minute of everything at once, or `SOAK_SECONDS` of it: load whose every answer is checked, bundles that change and
//! break, a sink that dies, a process that is killed, policies and plugins that misbehave. Nothing that was answered may be
//! wrong, or missing from the log, and memory may not grow.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

#[path = "support/sidecar.rs"]
#[expect(dead_code, reason = "each test binary uses its own part")]
mod sidecar;

#[path = "support/sink.rs"]
mod sink;

use serde_json::{Value, json};
use sidecar::Sidecar;
use sink::Sink;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use support::{CONTRACT, folder, plugin, write};

fn policy(version: u64) -> String {
    format!(
        "package app\n\nimport rego.v1\n\nversion := {version}\n\ndouble := input.n * 2\n\nbig := count([x | some x in data.list; x > input.n])\n\nanswer := {{\"version\": version, \"other\": data.other.version, \"double\": double, \"big\": big}}\n"
    )
}

fn other(version: u64) -> String {
    format!("package other\n\nversion := {version}\n")
}

/// Policies that never end, that want all memory, that fail.
const HOSTILE: &str = "package hostile\n\nimport rego.v1\n\nendless := count([1 | some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); a == b + input.n])\n\nlarge := concat(\"\", [x | some i in numbers.range(1, 50000); x := sprintf(\"%0200000d\", [i + input.n])])\n\nfails := 1 / (input.n - input.n)\n";

/// Eight levels of ten aliases each.
const LAUGHS: &str = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\na1: &a1 [*a0, *a0, *a0, *a0, *a0, *a0, *a0, *a0, *a0, *a0]\na2: &a2 [*a1, *a1, *a1, *a1, *a1, *a1, *a1, *a1, *a1, *a1]\na3: &a3 [*a2, *a2, *a2, *a2, *a2, *a2, *a2, *a2, *a2, *a2]\na4: &a4 [*a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3]\na5: &a5 [*a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4]\na6: &a6 [*a5, *a5, *a5, *a5, *a5, *a5, *a5, *a5, *a5, *a5]\na7: &a7 [*a6, *a6, *a6, *a6, *a6, *a6, *a6, *a6, *a6, *a6]\n";

/// A client that keeps its connection for as long as it can.
struct Client {
    address: Arc<Mutex<String>>,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    /// Asks; `None` when there was no whole answer, which says nothing.
    fn post(&mut self, path: &str, mime: &str, body: &[u8]) -> Option<(u16, String)> {
        let answered = self.try_post(path, mime, body);
        if answered.is_none() {
            self.stream = None;
            std::thread::sleep(Duration::from_millis(5));
        }
        answered
    }

    fn try_post(&mut self, path: &str, mime: &str, body: &[u8]) -> Option<(u16, String)> {
        if self.stream.is_none() {
            let address = self.address.lock().expect("a lock").clone();
            let stream = TcpStream::connect(address).ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
            stream.set_nodelay(true).ok()?;
            self.stream = Some(BufReader::new(stream));
        }
        let reader = self.stream.as_mut()?;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {mime}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        reader.get_mut().write_all(&[head.as_bytes(), body].concat()).ok()?;
        let (mut status, mut length, mut close) = (0, None, false);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(rest) = lower.strip_prefix("http/1.1 ") {
                status = rest.get(..3)?.parse().ok()?;
            } else if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse::<usize>().ok();
            } else if lower.starts_with("connection: close") {
                close = true;
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut bytes = vec![0; length?];
        reader.read_exact(&mut bytes).ok()?;
        if close {
            self.stream = None;
        }
        Some((status, String::from_utf8(bytes).ok()?))
    }
}

struct Soak {
    here: tempfile::TempDir,
    address: Arc<Mutex<String>>,
    stop: AtomicBool,
    /// Held while the bundle is broken: a process that begins then has nothing to go on with, and says so.
    broken: Mutex<()>,
    /// The decisions that were answered.
    answered: Mutex<BTreeSet<String>>,
    /// The versions that were ever written as a whole.
    versions: AtomicU64,
    asked: AtomicU64,
    hostile: AtomicU64,
    plugins: AtomicU64,
}

impl Soak {
    fn runs(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn client(&self) -> Client {
        Client { address: Arc::clone(&self.address), stream: None }
    }

    fn note(&self, answer: &Value) {
        let id = answer["decision_id"].as_str().unwrap_or_else(|| panic!("no id in {answer}"));
        self.answered.lock().expect("a lock").insert(id.to_owned());
    }

    /// Asks without end, and checks each answer.
    fn load(&self, seed: u64) {
        let mut client = self.client();
        let mut n = seed;
        while self.runs() {
            n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = (n >> 40) % 1_000;
            let body = json!({"input": {"n": number}}).to_string();
            let Some((status, text)) = client.post("/v1/data/app/answer", "application/json", body.as_bytes()) else {
                continue;
            };
            // 503 and 500 are no answers; what is answered is right.
            if status != 200 {
                assert!(matches!(status, 500 | 503), "{status}: {text}");
                continue;
            }
            let answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            let result = &answer["result"];
            assert_eq!(result["double"], json!(number * 2), "{answer}");
            assert_eq!(result["big"], json!(1_000 - number.min(1_000)), "{answer}");
            assert_eq!(result["version"], result["other"], "half of two bundles: {answer}");
            assert!(result["version"].as_u64().is_some_and(|v| v <= self.versions.load(Ordering::Relaxed)), "{answer}");
            self.note(&answer);
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Asks for what never ends, wants too much, or fails: never an answer that looks like one.
    fn misbehave(&self) {
        let mut client = self.client();
        let mut n: u64 = 0;
        while self.runs() {
            n += 1;
            let path =
                ["endless", "large", "fails"].get(usize::try_from(n % 3).unwrap_or(0)).copied().unwrap_or("fails");
            let body = json!({"input": {"n": n}}).to_string();
            let path = format!("/v1/data/hostile/{path}");
            if let Some((status, text)) = client.post(&path, "application/json", body.as_bytes()) {
                let answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
                assert!(status != 200 || answer.get("result").is_none(), "{path}: {answer}");
                if status == 200 {
                    self.note(&answer);
                }
                self.hostile.fetch_add(1, Ordering::Relaxed);
            }
            // Bodies that would become far more than they are: refused, and nothing of them stays.
            let laughs = format!("{LAUGHS}{}input: *a7\n", "# ".repeat(usize::try_from(n % 7).unwrap_or(0)) + "\n");
            let batch = json!({"subject": {"type": "user", "id": "a", "properties": {"x": vec!["a"; 50_000]}},
                "action": {"name": "read"}, "resource": {"type": "t", "id": "1"}, "evaluations": vec![json!({}); 900]});
            for (path, mime, body) in [
                ("/v1/data/app/answer", "application/yaml", laughs),
                ("/access/v1/evaluations", "application/json", batch.to_string()),
            ] {
                if let Some((status, text)) = client.post(path, mime, body.as_bytes()) {
                    assert!(matches!(status, 400 | 404 | 413 | 501 | 503), "{path}: {status} {text}");
                }
            }
            // A plugin that loops: the check denies, by a fault that names it.
            if let Some((200, text)) = client.post("/v1/check?file=c.yaml", "application/yaml", CONTRACT.as_bytes()) {
                let report: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
                assert_eq!(report["verdict"], "deny", "{report}");
                assert!(text.contains("\"hostile"), "{report}");
                self.plugins.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Renews the bundle; every third time it is broken for a while.
    fn renew(&self) {
        let folder = self.here.path();
        let mut version = 1;
        while self.runs() {
            std::thread::sleep(Duration::from_millis(900));
            version += 1;
            let _broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            if version % 3 == 0 {
                write(folder, "policy/app.rego", b"package app\n\nthis is no rego {\n");
                std::thread::sleep(Duration::from_millis(1_200));
            }
            self.versions.store(version, Ordering::Relaxed);
            write(folder, "policy/app.rego", policy(version).as_bytes());
            write(folder, "policy/other.rego", other(version).as_bytes());
        }
    }
}

/// Ends the threads, however it ends itself.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The memory that a process has, in KiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn start(here: &Path) -> Sidecar {
    Sidecar::start(here, &["--config", "meshgate.yaml"])
}

#[test]
fn everything_at_once_leaves_no_wrong_answer_and_loses_none() {
    let seconds = std::env::var("SOAK_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(30);
    let lasts = Duration::from_secs(seconds);
    let mut sink = Sink::start();
    let config = format!(
        "version: 1\nembedded: false\nbundles: [{{ name: org, path: policy }}]\nplugins: [{{ id: hostile.test, path: hostile.wasm, limits: {{ deadline_ms: 50 }} }}]\nlimits: {{ rule_deadline_ms: 200, rego_memory_mib: 64 }}\nserver:\n  limits: {{ deadline_ms: 1000 }}\n  decision_log: {{ to: \"http://{}/logs\", spool: {{ folder: spool }} }}\n",
        sink.address
    );
    let here = folder(&[("meshgate.yaml", &config), ("policy/app.rego", &policy(1)), ("policy/other.rego", &other(1))]);
    write(here.path(), "policy/hostile.rego", HOSTILE.as_bytes());
    let list: Vec<u32> = (1..=1_000).collect();
    write(here.path(), "policy/data.json", json!({ "list": list }).to_string().as_bytes());
    write(here.path(), "hostile.wasm", &plugin("(loop $l (br $l)) (unreachable)"));
    let mut sidecar = start(here.path());
    let soak = Soak {
        here,
        address: Arc::new(Mutex::new(sidecar.main.clone())),
        stop: AtomicBool::new(false),
        broken: Mutex::default(),
        answered: Mutex::default(),
        versions: AtomicU64::new(1),
        asked: AtomicU64::new(0),
        hostile: AtomicU64::new(0),
        plugins: AtomicU64::new(0),
    };
    let began = Instant::now();
    let mut memory: Vec<u64> = Vec::new();
    let mut revived = 0;
    std::thread::scope(|scope| {
        let soak = &soak;
        let _end = End(&soak.stop);
        let mut threads: Vec<_> = (0..3).map(|seed| scope.spawn(move || soak.load(seed))).collect();
        threads.push(scope.spawn(|| soak.misbehave()));
        threads.push(scope.spawn(|| soak.renew()));
        let mut killed = 0;
        let watched =
            |threads: &[std::thread::ScopedJoinHandle<'_, ()>]| threads.iter().any(|thread| thread.is_finished());
        while began.elapsed() < lasts && !watched(&threads) {
            std::thread::sleep(Duration::from_millis(500));
            let part = began.elapsed().as_millis() * 30 / lasts.as_millis().max(1);
            // The sink dies now and then; whoever has its address next begins with what is spooled.
            match part {
                4 | 14 | 20 => sink.kill(),
                6 | 17 | 22 if part > revived => {
                    revived = part;
                    sink.kill();
                    std::thread::sleep(Duration::from_millis(50));
                    sink = sink.again();
                }
                _ => {}
            }
            // The process dies twice, in the middle of everything; in the last half it lives, and is weighed.
            if (part >= 5 && killed == 0) || (part >= 10 && killed == 1) {
                killed += 1;
                let _whole = soak.broken.lock().unwrap_or_else(PoisonError::into_inner);
                sidecar.child.kill().expect("a kill");
                sidecar.child.wait().expect("its end");
                sidecar = start(soak.here.path());
                *soak.address.lock().expect("a lock") = sidecar.main.clone();
            }
            if part >= 15 {
                memory.push(resident(sidecar.child.id()));
            }
        }
        soak.stop.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().expect("no wrong answer");
        }
    });
    // Whatever waits is sent.
    let answered = soak.answered.lock().expect("a lock").clone();
    let missing = |sink: &Sink| {
        let there: BTreeSet<String> = sink.ids().into_iter().collect();
        answered.iter().filter(|id| !there.contains(*id)).count()
    };
    sidecar.eventually("every event that was answered for", || missing(&sink) == 0);
    let (asked, hostile, plugins) = (&soak.asked, &soak.hostile, &soak.plugins);
    println!(
        "{seconds} s: {} answers checked, {} hostile ones, {} by a hostile plugin, {} bundles, {} events there; {} MiB, then {} MiB",
        asked.load(Ordering::Relaxed),
        hostile.load(Ordering::Relaxed),
        plugins.load(Ordering::Relaxed),
        soak.versions.load(Ordering::Relaxed),
        answered.len(),
        memory.first().map_or(0, |kib| kib / 1024),
        memory.last().map_or(0, |kib| kib / 1024),
    );
    assert!(asked.load(Ordering::Relaxed) > 100 && hostile.load(Ordering::Relaxed) > 2);
    assert!(plugins.load(Ordering::Relaxed) > 0 && soak.versions.load(Ordering::Relaxed) > 5);
    // Flat: what the second half of the second half needs at most is not much more than what the first did.
    let (early, late) = memory.split_at(memory.len() / 2);
    let most = |part: &[u64]| part.iter().max().copied().unwrap_or(0);
    assert!(most(late) < most(early) + most(early) / 3 + (32 << 10), "{memory:?} KiB");
}
