//! Cases that others wrote: OPA's compliance suite, the probes beside the design, our library with its tests, and every policy
//! among the examples and the tests.
//!
//! Deliberately absent: what they should give; OPA is asked.

use super::case::Case;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A case, and where it is from.
pub struct Given {
    /// For people.
    pub name: String,
    /// The case.
    pub case: Case,
}

impl Given {
    /// Its modules, for the front end alone.
    pub fn front(&self) -> Option<Self> {
        let has_modules = !self.case.modules.is_empty();
        has_modules.then(|| Self { name: format!("modules of {}", self.name), case: self.case.clone().front() })
    }
}

/// The folder of the project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All that are here; and what is not here.
pub fn all() -> (Vec<Given>, Vec<String>) {
    let (mut given, mut absent) = (Vec::new(), Vec::new());
    let shared = root().join("../shared/data");
    let suite = shared.join("rego-compliance");
    if suite.is_dir() {
        compliance(&suite, &mut given)
    } else {
        absent.push("OPA's compliance suite".to_owned())
    }
    let probes = shared.join("rego-oracle");
    if probes.is_dir() {
        probed(&probes, &mut given)
    } else {
        absent.push("the probes of the design".to_owned())
    }
    for folder in ["policies", "examples", "tests", "xtask/policies"] {
        policies(folder, &mut given);
    }
    (given, absent)
}

/// Texts of modules, to be changed.
pub fn texts(given: &[Given]) -> Vec<String> {
    let short = |text: &&String| (20..4_000).contains(&text.len());
    given.iter().flat_map(|one| one.case.modules.iter().map(|(_, text)| text)).filter(short).cloned().collect()
}

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
}

fn compliance(folder: &Path, given: &mut Vec<Given>) {
    let mut found = Vec::new();
    files(folder, "json", &mut found);
    for path in found {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let Ok(file) = serde_json::from_str::<Value>(&text) else { continue };
        for case in file.get("cases").and_then(Value::as_array).into_iter().flatten() {
            // A term may hold what JSON cannot; the bridge to the library takes JSON.
            if case.get("input_term").is_some() {
                continue;
            }
            let text = |key: &str| case.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let modules = case.get("modules").and_then(Value::as_array).into_iter().flatten().enumerate();
            let modules: Vec<(String, String)> = modules
                .map(|(at, module)| (format!("{at}.rego"), module.as_str().unwrap_or_default().to_owned()))
                .collect();
            let json = |key: &str| case.get(key).map(ToString::to_string);
            let case =
                Case { modules, data: json("data"), inputs: vec![json("input")], query: text("query"), front: false };
            given.push(Given { name: text("note"), case });
        }
    }
}

/// The probes are programs; they are run with somebody in the place of OPA who writes down what he is asked.
fn probed(folder: &Path, given: &mut Vec<Given>) {
    const LISTENER: &str = r#"
import glob, io, json, os, runpy, sys, types
out, told = sys.stdout, []
def ev(pol, q="data.t", inp="", data=None, cov=0, trace=0):
    told.append({"modules": {"t.rego": pol} if isinstance(pol, str) else pol, "query": q, "inputs": [inp or None], "data": data})
    return '{"result":[{"expressions":[{"value":1}]}]}'
o = types.ModuleType("o")
o.ev, o.short, o.json = ev, lambda r: r, json
o.P = lambda *a, **k: ev(*a, **k)
o.__all__ = ["ev", "short", "P", "json"]
sys.modules["o"] = o
sys.stdout = io.StringIO()
for path in sorted(glob.glob(os.path.join(sys.argv[1], "p*.py"))):
    try:
        runpy.run_path(path)
    except BaseException as error:
        print(path, error, file=sys.stderr)
for case in told:
    print(json.dumps(case), file=out)
"#;
    let asked = Command::new("python3").args(["-c", LISTENER]).arg(folder).output();
    let Ok(asked) = asked else { return };
    for (at, line) in String::from_utf8_lossy(&asked.stdout).lines().enumerate() {
        let Ok(told) = serde_json::from_str::<Value>(line) else { continue };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let modules = told.get("modules").and_then(Value::as_object).into_iter().flatten();
        let case = Case {
            modules: modules
                .map(|(file, module)| (file.clone(), module.as_str().unwrap_or_default().to_owned()))
                .collect(),
            data: told.get("data").and_then(text),
            inputs: told.get("inputs").and_then(Value::as_array).into_iter().flatten().map(text).collect(),
            query: told.get("query").and_then(text).unwrap_or_default(),
            front: false,
        };
        given.push(Given { name: format!("probe {at}"), case });
    }
}

/// Policies by folder: what stands in one belongs together, and tests are evaluated as rules.
fn policies(folder: &str, given: &mut Vec<Given>) {
    let base = root().join(folder);
    let mut found = Vec::new();
    files(&base, "rego", &mut found);
    let mut groups: BTreeMap<PathBuf, Vec<(String, String)>> = BTreeMap::new();
    for path in found {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let group = if folder == "policies" { base.clone() } else { path.parent().unwrap_or(&base).to_path_buf() };
        let name = path.strip_prefix(&base).unwrap_or(&path).display().to_string();
        groups.entry(group).or_default().push((name, text));
    }
    for (group, modules) in groups {
        let name = group.strip_prefix(root()).unwrap_or(&group).display().to_string();
        let case =
            Case { modules, data: None, inputs: vec![Some("{}".to_owned())], query: "data".to_owned(), front: false };
        given.push(Given { name, case });
    }
}
