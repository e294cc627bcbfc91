//! A sink for decisions, as OPA's own would be: it takes arrays of events, packed with gzip, and keeps them.
//!
//! Deliberately absent: HTTP beyond what the sidecar sends.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Clone)]
pub struct Sink {
    pub address: String,
    pub events: Arc<Mutex<Vec<Value>>>,
    /// What it answers.
    pub status: Arc<AtomicU16>,
    pub tokens: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
}

impl Sink {
    /// Listens.
    pub fn start() -> Self {
        Self::listen("127.0.0.1:0", Arc::default())
    }

    fn listen(at: &str, events: Arc<Mutex<Vec<Value>>>) -> Self {
        let listener = TcpListener::bind(at).expect("an address");
        let sink = Self {
            address: listener.local_addr().expect("an address").to_string(),
            events,
            status: Arc::new(AtomicU16::new(200)),
            tokens: Arc::default(),
            stop: Arc::default(),
        };
        let mine = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if mine.stop.load(Ordering::Relaxed) {
                    return;
                }
                let mine = mine.clone();
                std::thread::spawn(move || mine.serve(&stream));
            }
        });
        sink
    }

    /// Another one at its address, which knows what it had taken: until it is dead it takes more.
    pub fn again(&self) -> Self {
        Self::listen(&self.address, Arc::clone(&self.events))
    }

    /// Takes nothing more: its address answers nobody.
    pub fn kill(&self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(&self.address));
    }

    pub fn ids(&self) -> Vec<String> {
        let events = self.events.lock().expect("a lock");
        events.iter().map(|event| event["decision_id"].as_str().expect("an id").to_owned()).collect()
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        loop {
            let (mut length, mut head) = (0, String::new());
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || self.stop.load(Ordering::Relaxed) {
                    return;
                }
                if line == "\r\n" {
                    break;
                }
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
                if lower.starts_with("authorization:") {
                    self.tokens.lock().expect("a lock").push(line["authorization:".len()..].trim().to_owned());
                }
                head.push_str(&lower);
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() {
                return;
            }
            assert!(
                head.contains("content-encoding: gzip") && head.contains("content-type: application/json"),
                "{head}"
            );
            let status = self.status.load(Ordering::Relaxed);
            if status == 200 {
                let mut text = String::new();
                GzDecoder::new(body.as_slice()).read_to_string(&mut text).expect("gzip");
                let events: Vec<Value> = serde_json::from_str(&text).expect("an array of events");
                self.events.lock().expect("a lock").extend(events);
            }
            let answered = write!(&*stream, "HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n");
            if answered.is_err() {
                return;
            }
        }
    }
}
