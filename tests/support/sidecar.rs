//! A sidecar in a process of its own, asked over a socket.
//!
//! Deliberately absent: an HTTP client; what goes over the wire is written here.

use crate::support::meshgate;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub struct Sidecar {
    pub child: Child,
    pub main: String,
    pub admin: String,
    /// What it says on standard error after its addresses.
    pub said: Arc<Mutex<Vec<String>>>,
}

impl Sidecar {
    pub fn start(folder: &Path, args: &[&str]) -> Self {
        Self::start_with(folder, args, "http://")
    }

    /// The same, where the main address begins so.
    pub fn start_with(folder: &Path, args: &[&str], scheme: &str) -> Self {
        let mut child = meshgate(folder)
            .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .args(args)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
        let mut lines = lines.map_while(Result::ok);
        let mut before = Vec::new();
        let mut address = |scheme: &str| loop {
            let line = lines.next().unwrap_or_else(|| panic!("no address: {before:?}"));
            match line.split_once(scheme) {
                // In a line of JSON it ends with a quote.
                Some((_, address)) => break address.split('"').next().unwrap_or_default().to_owned(),
                None => before.push(line),
            }
        };
        let (main, admin) = (address(scheme), address("http://"));
        let said = Arc::new(Mutex::new(before));
        // The rest of stderr is drained, so that the sidecar never waits for us.
        let hears = Arc::clone(&said);
        std::thread::spawn(move || lines.for_each(|line| hears.lock().expect("a lock").push(line)));
        Self { child, main, admin, said }
    }

    /// Sends one request; returns status, headers and body.
    pub fn send(&self, address: &str, head: &str, body: &[u8]) -> (u16, String, String) {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let length = body.len();
        write!(stream, "{head}\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n")
            .expect("a request");
        // A server that refuses a body may close before it has read all of it.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).expect("UTF-8");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("an answer, not {answer:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, head.to_lowercase(), body.to_owned())
    }

    pub fn post(&self, path: &str, mime: &str, body: &[u8]) -> (u16, String, String) {
        self.send(&self.main, &format!("POST {path} HTTP/1.1\r\ncontent-type: {mime}"), body)
    }

    /// Posts JSON; returns status and JSON.
    pub fn json(&self, path: &str, body: &Value) -> (u16, Value) {
        let (status, _, body) = self.post(path, "application/json", body.to_string().as_bytes());
        (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}")))
    }

    /// Gets JSON.
    pub fn get(&self, path: &str) -> (u16, Value) {
        let (status, _, body) = self.send(&self.main, &format!("GET {path} HTTP/1.1"), b"");
        (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}")))
    }

    /// Waits until something is so.
    pub fn eventually(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let began = Instant::now();
        while !holds() {
            assert!(began.elapsed() < Duration::from_secs(30), "{what} never came: {:?}", self.said.lock());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn data(&self, path: &str, body: &str) -> (u16, Value) {
        let (status, _, body) = self.post(&format!("/v1/data/{path}"), "application/json", body.as_bytes());
        (status, serde_json::from_str(&body).expect("JSON"))
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
