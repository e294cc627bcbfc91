//! OPA's compliance suite through our own evaluation: which cases pass, by folder, and which do not.
//!
//! Deliberately absent: the fast gear, which is not built yet: nothing is eligible. And any list of cases; what fails is
//! what this prints.

use meshgate_core::limits::EvaluationLimits;
use meshgate_rego::{Module, Options, Query};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
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
}

impl Outcome {
    fn totals(&self) -> (usize, usize) {
        self.folders.values().fold((0, 0), |sum, folder| (sum.0 + folder.0, sum.1 + folder.1))
    }

    /// The shape that other tools read.
    pub fn json(&self) -> String {
        let (passed, total) = self.totals();
        let failed: Vec<&str> = self.failed.iter().map(|(note, _)| note.as_str()).collect();
        let fast = json!({"eligible": 0, "passed": 0, "wrong": []});
        json!({"total": total, "interpreter": {"passed": passed, "failed": failed}, "fast": fast}).to_string()
    }

    /// For reading.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (note, why) in &self.failed {
            let _ = writeln!(text, "failed: {note}: {why}");
        }
        for (folder, (passed, total)) in &self.folders {
            let _ = writeln!(text, "{folder:<40} {passed:>4}/{total}");
        }
        let (passed, total) = self.totals();
        let _ = write!(text, "interpreter {passed}/{total}, fast gear: nothing eligible");
        text
    }
}

/// Runs every case below a folder.
pub fn run(folder: &Path) -> Result<Outcome, String> {
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
            match judge(case) {
                Ok(()) => counts.0 += 1,
                Err(why) => outcome.failed.push((text(case, "note").to_owned(), why)),
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

fn judge(case: &Value) -> Result<(), String> {
    let modules = case.get("modules").and_then(Value::as_array).into_iter().flatten().enumerate();
    let modules: Vec<Module> = modules
        .map(|(index, text)| Module {
            file: format!("{index}.rego"),
            text: text.as_str().unwrap_or_default().to_owned(),
        })
        .collect();
    let data: Vec<Value> = case.get("data").filter(|data| data.is_object()).cloned().into_iter().collect();
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
    let answer = query.evaluate();
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
