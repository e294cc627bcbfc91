//! OPA's compliance suite through our own evaluation: which cases pass, by folder, and which do not.
//!
//! Deliberately absent: any list of cases; what fails is what this prints.

use meshgate_core::limits::EvaluationLimits;
use meshgate_rego::{FailedQuery, Module, Options, Query, Row};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// The engine's threads have this stack, and so has this one.
const STACK_BYTES: usize = 64 << 20;

/// What became of the cases.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Passed and all, by folder.
    folders: BTreeMap<String, (usize, usize)>,
    /// The notes of those that failed, and why.
    failed: Vec<(String, String)>,
    /// How many the static check admits to the fast gear, by folder.
    eligible: BTreeMap<String, usize>,
    /// The notes of those that the fast gear answers otherwise, and how.
    wrong: Vec<(String, String)>,
}

impl Outcome {
    fn totals(&self) -> (usize, usize) {
        self.folders.values().fold((0, 0), |sum, folder| (sum.0 + folder.0, sum.1 + folder.1))
    }

    /// The shape that other tools read.
    pub fn json(&self) -> String {
        let (passed, total) = self.totals();
        let failed: Vec<&str> = self.failed.iter().map(|(note, _)| note.as_str()).collect();
        let eligible: usize = self.eligible.values().sum();
        let wrong: Vec<&str> = self.wrong.iter().map(|(note, _)| note.as_str()).collect();
        let fast = json!({"eligible": eligible, "passed": eligible - wrong.len(), "wrong": wrong});
        json!({"total": total, "interpreter": {"passed": passed, "failed": failed}, "fast": fast}).to_string()
    }

    /// For reading.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (note, why) in &self.failed {
            let _ = writeln!(text, "failed: {note}: {why}");
        }
        for (note, why) in &self.wrong {
            let _ = writeln!(text, "wrong: {note}: {why}");
        }
        let _ = writeln!(text, "{:<40} interpreter    fast gear", "folder");
        for (folder, (passed, total)) in &self.folders {
            let eligible = self.eligible.get(folder).copied().unwrap_or(0);
            let _ = writeln!(text, "{folder:<40} {passed:>4}/{total:<8} {eligible:>4}");
        }
        let (passed, total) = self.totals();
        let eligible: usize = self.eligible.values().sum();
        let wrong = self.wrong.len();
        let _ = write!(text, "interpreter {passed}/{total}, fast gear {eligible} eligible, {wrong} wrong");
        text
    }
}

/// Runs every case below a folder and prints what became of them; exits with 2 when there are none.
#[expect(clippy::print_stderr, clippy::print_stdout, reason = "a tool for developers, which talks to a terminal")]
pub fn told(folder: &Path, json: bool) -> ExitCode {
    match run(folder) {
        Ok(outcome) => {
            println!("{}", if json { outcome.json() } else { outcome.text() });
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Runs every case below a folder.
fn run(folder: &Path) -> Result<Outcome, String> {
    let folder = folder.to_owned();
    // regorus' own panics are caught and counted as failures; their backtraces would bury the result.
    std::panic::set_hook(Box::new(|_| {}));
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || run_here(&folder));
    thread.map_err(|error| error.to_string())?.join().map_err(|_| "the runner failed".to_owned())?
}

fn run_here(root: &Path) -> Result<Outcome, String> {
    let mut files = Vec::new();
    list(root, &mut files)?;
    files.sort();
    let mut outcome = Outcome::default();
    for file in files {
        let bytes = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", file.display()))?;
        let folder = file.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
        let counts = outcome.folders.entry(folder.to_owned()).or_default();
        for case in value.get("cases").and_then(Value::as_array).into_iter().flatten() {
            counts.1 += 1;
            let note = || text(case, "note").to_owned();
            let (slow, fast) = judge(case);
            match slow {
                Ok(()) => counts.0 += 1,
                Err(why) => outcome.failed.push((note(), why)),
            }
            if let Some(fast) = fast {
                *outcome.eligible.entry(folder.to_owned()).or_default() += 1;
                if let Err(why) = fast {
                    outcome.wrong.push((note(), why));
                }
            }
        }
    }
    if outcome.folders.is_empty() { Err(format!("{}: no cases", root.display())) } else { Ok(outcome) }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What became of a case in the interpreter, and in the fast gear if it is eligible.
fn judge(case: &Value) -> (Result<(), String>, Option<Result<(), String>>) {
    let modules = case.get("modules").and_then(Value::as_array).into_iter().flatten().enumerate();
    let modules: Vec<Module> = modules
        .map(|(index, text)| Module {
            file: format!("{index}.rego"),
            text: text.as_str().unwrap_or_default().to_owned(),
        })
        .collect();
    let data: Vec<_> =
        case.get("data").filter(|data| data.is_object()).map(meshgate_rego::value_of_json).into_iter().collect();
    let query = Query {
        text: text(case, "query"),
        modules: &modules,
        data: &data,
        input: case.get("input").cloned(),
        input_term: case.get("input_term").and_then(Value::as_str),
        options: Options {
            limits: EvaluationLimits { rule_deadline: Duration::from_secs(10), ..EvaluationLimits::default() },
            strict: case.get("strict_error").and_then(Value::as_bool).unwrap_or(false),
            world: true,
            ..Options::default()
        },
    };
    let ready = match query.prepare() {
        Ok(ready) => ready,
        Err(error) => return (wanted(case, Err(error)), None),
    };
    let fast = ready.evaluate_fast().map(|answer| wanted(case, answer));
    (wanted(case, ready.evaluate()), fast)
}

/// Holds an answer to what the case wants.
fn wanted(case: &Value, answer: Result<Vec<Row>, FailedQuery>) -> Result<(), String> {
    let answer = answer
        .map(|rows| rows.iter().map(|row| serde_json::to_value(&row.bindings).unwrap_or_default()).collect::<Vec<_>>());
    let wants_error = case.get("want_error").is_some() || case.get("want_error_code").is_some();
    match (answer, case.get("want_result").and_then(Value::as_array)) {
        (Err(error), _) if wants_error => match text(case, "want_error_code") {
            "" => Ok(()),
            code if code == error.code => Ok(()),
            code => Err(format!("wants {code}, is {error}")),
        },
        (Err(error), _) => Err(error.to_string()),
        (Ok(answers), _) if wants_error => Err(format!("wants an error, is {}", Value::Array(answers))),
        (Ok(answers), Some(wanted)) => {
            // Results of a query are a set: their order is an accident in either engine. Where the case says so, what a
            // variable is bound to is one, too.
            let free = case.get("sort_bindings").and_then(Value::as_bool).unwrap_or(false);
            let sorted = |rows: &[Value]| {
                let mut rows: Vec<String> = rows.iter().map(|row| plain(&unordered(row, free)).to_string()).collect();
                rows.sort();
                rows
            };
            let (ours, theirs) = (sorted(&answers), sorted(wanted));
            if ours == theirs { Ok(()) } else { Err(format!("wants {theirs:?}, is {ours:?}")) }
        }
        (Ok(_), None) => Ok(()),
    }
}

/// A row whose lists are in one order.
fn unordered(row: &Value, free: bool) -> Value {
    let one = |value: &Value| match value {
        Value::Array(items) if free => {
            let mut items: Vec<Value> = items.iter().map(plain).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        other => other.clone(),
    };
    match row {
        Value::Object(map) => Value::Object(map.iter().map(|(key, value)| (key.clone(), one(value))).collect()),
        other => other.clone(),
    }
}

/// Numbers as one kind, and keys in order: `1` is `1.0`.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or_else(|| value.clone(), Value::from),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(map) => {
            let sorted: BTreeMap<&String, Value> = map.iter().map(|(key, value)| (key, plain(value))).collect();
            sorted.into_iter().map(|(key, value)| (key.clone(), value)).collect::<serde_json::Map<_, _>>().into()
        }
        other => other.clone(),
    }
}
