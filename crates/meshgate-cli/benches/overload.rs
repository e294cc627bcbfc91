//! What do clients notice when there are too many? `cargo bench -p meshgate-cli --bench overload`.
//!
//! A policy that takes some milliseconds is asked by ever more connections of one client, each asking again as soon as it is
//! answered; another client asks now and then. Told are the times of the answers of both, and of what is told to come back.
//! What is expected: what is admitted takes no longer with sixteen times the connections, what is not is told so at once, and
//! the client who asks now and then is always answered.
//!
//! Deliberately absent: pass and fail. A benchmark measures; the ratios are for the reader.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to measure")]
#![expect(clippy::indexing_slicing, reason = "what is wrong about it must end it")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Pairs that the interpreter looks at one by one, as a policy of some size does.
const POLICY: &str = "package slow\n\nanswer := count([x | some x in numbers.range(1, 4000); x % 7 == input.n % 7])\n";
const ROUND: Duration = Duration::from_secs(5);
const BACK_OFF: Duration = Duration::from_millis(50);

/// The times of answers, and of those that were told to come back.
#[derive(Default)]
struct Seen {
    answered: Vec<Duration>,
    refused: Vec<Duration>,
}

async fn connect(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

/// Asks until the time is over.
async fn client(from: &str, to: SocketAddr, pause: Duration) -> Seen {
    let mut stream = connect(from, to).await;
    let (mut seen, mut answer, began) = (Seen::default(), vec![0; 4096], Instant::now());
    let mut number = 0_u64;
    while began.elapsed() < ROUND {
        number += 1;
        let body = format!(r#"{{"input":{{"n":{number}}}}}"#);
        let request = format!(
            "POST /v1/data/slow/answer HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let asked = Instant::now();
        stream.write_all(request.as_bytes()).await.unwrap();
        let read = stream.read(&mut answer).await.unwrap();
        let text = String::from_utf8_lossy(&answer[..read]);
        if text.starts_with("HTTP/1.1 200") {
            seen.answered.push(asked.elapsed());
        } else if text.starts_with("HTTP/1.1 503") {
            seen.refused.push(asked.elapsed());
            tokio::time::sleep(BACK_OFF).await;
        } else {
            // A connection too many is closed.
            stream = connect(from, to).await;
        }
        tokio::time::sleep(pause).await;
    }
    seen
}

fn quantiles(times: &mut [Duration]) -> String {
    times.sort_unstable();
    if times.is_empty() {
        return "none".to_owned();
    }
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    format!("{:>6.0}/s, p50 {:>6.2} ms, p99 {:>6.2}", times.len() as f64 / ROUND.as_secs_f64(), at(0.5), at(0.99))
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("slow.rego"), POLICY).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshgate"));
    command
        .args(["serve", "--no-embedded", "--listen", "127.0.0.1:0", "--admin", "off", "--bundle"])
        .arg(folder.path());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find(|line| line.contains("http://")).unwrap();
    let to: SocketAddr = line.split("http://").nth(1).unwrap().trim().parse().unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for connections in [1, 4, 16, 64, 256, 512] {
        let (mut greedy, mut seldom) = runtime.block_on(async {
            let greedy: Vec<_> =
                (0..connections).map(|_| tokio::spawn(client("127.0.0.1", to, Duration::ZERO))).collect();
            let seldom = tokio::spawn(client("127.0.0.2", to, Duration::from_millis(20)));
            let mut all = Seen::default();
            for one in greedy {
                let one = one.await.unwrap();
                all.answered.extend(one.answered);
                all.refused.extend(one.refused);
            }
            (all, seldom.await.unwrap())
        });
        println!(
            "{connections:>4} connections: answered {}; told to come back {}\n     another client: answered {}; told to come back {}",
            quantiles(&mut greedy.answered),
            quantiles(&mut greedy.refused),
            quantiles(&mut seldom.answered),
            quantiles(&mut seldom.refused)
        );
    }
    let _ = child.kill();
    let _ = child.wait();
}
