//! OPA's own library, in a process beside this one.
//!
//! Deliberately absent: OPA's program; no package ships it.

use super::case::{Answer, Case, Fault};
use super::json::Json;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A case after which OPA has not answered is left out, and its process is ended.
const PATIENCE: Duration = Duration::from_secs(2);
/// The library keeps prepared queries; its process is ended after so many cases.
const CASES_MAX: usize = 2_000;
/// What the script says by its exit code: the library cannot be had.
const UNAVAILABLE: i32 = 3;

/// The process.
pub struct Opa {
    process: Option<Running>,
}

struct Running {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    asked: usize,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Opa {
    /// Starts it; `None` where it cannot be had on this machine.
    ///
    /// # Errors
    /// When it is there and does not work.
    pub fn start() -> Result<Option<Self>, String> {
        Ok(start()?.map(|running| Self { process: Some(running) }))
    }

    /// What OPA answers, for each input.
    pub fn ask(&mut self, case: &Case) -> Vec<Answer> {
        self.try_ask(case).unwrap_or_else(|| {
            self.process = None;
            vec![Answer::Nothing; case.inputs.len()]
        })
    }

    fn try_ask(&mut self, case: &Case) -> Option<Vec<Answer>> {
        if self.process.as_ref().is_none_or(|process| process.asked >= CASES_MAX) {
            self.process = start().ok()?;
        }
        let process = self.process.as_mut()?;
        process.asked += 1;
        writeln!(process.input, "{}", case.json()).ok()?;
        process.input.flush().ok()?;
        let line = process.lines.recv_timeout(PATIENCE).ok()?;
        let told = Json::read(&line)?;
        if let Some(refused) = told.get("load").and_then(Json::text) {
            return Some(vec![Answer::Refused(fault(&envelope_error(&Json::read(refused)?)?)); case.inputs.len()]);
        }
        let answers = told.get("answers")?.items().iter();
        answers.map(|answer| Some(read(&Json::read(answer.text()?)?))).collect()
    }
}

fn start() -> Result<Option<Running>, String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("../target"), PathBuf::from).join("opa");
    let mut command = Command::new("python3");
    command.arg(root.join("src/oracle.py")).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else { return Ok(None) };
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("OPA's process has no pipes".to_owned());
    };
    let (told, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            let Ok(line) = line else { break };
            if told.send(line).is_err() {
                break;
            }
        }
    });
    // The first time, the library is fetched.
    if lines.recv_timeout(Duration::from_secs(300)).is_err() {
        let _ = child.kill();
        let status = child.wait().map_err(|error| error.to_string())?;
        return match status.code() {
            Some(UNAVAILABLE) => Ok(None),
            _ => Err(format!("OPA's process ends with {status}")),
        };
    }
    Ok(Some(Running { child, input, lines, asked: 0 }))
}

fn envelope_error(envelope: &Json) -> Option<String> {
    envelope.get("error")?.get("message")?.text().map(str::to_owned)
}

/// Reads an envelope.
fn read(envelope: &Json) -> Answer {
    if let Some(message) = envelope_error(envelope) {
        let fault = fault(&message);
        let loading = fault.code.starts_with("rego_");
        return if loading { Answer::Refused(fault) } else { Answer::Failed(fault) };
    }
    match envelope.get("result").map(Json::items).unwrap_or_default() {
        [] => Answer::Undefined,
        [row] if row.get("bindings").is_none() && row.get("expressions").is_some_and(|all| all.items().len() == 1) => {
            let value = row.get("expressions").and_then(|all| all.items().first()?.get("value").cloned());
            value.map_or(Answer::Undefined, |value| Answer::Value(vec![value]))
        }
        rows => {
            let mut rows: Vec<Json> =
                rows.iter().map(|row| row.get("bindings").cloned().unwrap_or_else(|| Json::Map([].into()))).collect();
            rows.sort();
            Answer::Value(rows)
        }
    }
}

/// Takes the first error out of what OPA says.
fn fault(message: &str) -> Fault {
    let message = message.strip_prefix("bundle activation failed: ").unwrap_or(message);
    let rest = match message.split_once(" error occurred: ").or_else(|| message.split_once(" errors occurred:\n")) {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => message,
    };
    let line = rest.lines().next().unwrap_or_default();
    let is_code = |part: &str| part.starts_with("rego_") || part.starts_with("eval_");
    let mut parts = line.splitn(3, ": ");
    match (parts.next(), parts.next(), parts.next()) {
        (Some(place), Some(code), said) if is_code(code) => {
            Fault { code: code.to_owned(), place: place.to_owned(), message: said.unwrap_or_default().to_owned() }
        }
        (Some(code), said, more) if is_code(code) => {
            let said = [said, more].into_iter().flatten().collect::<Vec<_>>().join(": ");
            Fault { code: code.to_owned(), place: String::new(), message: said }
        }
        _ => Fault { code: "other".to_owned(), place: String::new(), message: line.to_owned() },
    }
}
