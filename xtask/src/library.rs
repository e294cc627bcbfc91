//! The policy about policies (`xtask/policies/`), over the rules of the library.
//!
//! Deliberately absent: what a rule finds, which its tests and examples say, and what does not load, which its loading says.

use meshgate_core::evaluate::Evaluator;
use meshgate_core::limits::EvaluationLimits;
use meshgate_rego::{Bundle, Module, Options};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Returns what is wrong about rules, one line each.
pub fn check(root: &Path) -> Vec<String> {
    remarks(root).unwrap_or_else(|error| vec![format!("the policy about policies: {error}")])
}

fn remarks(root: &Path) -> Result<Vec<String>, String> {
    let rules = rules(&root.join("policies"))?;
    // It looks at every line of the library, in a debug build.
    let limits = EvaluationLimits { rule_deadline: Duration::from_secs(60), ..EvaluationLimits::default() };
    let policy = Bundle::load_plain(&modules(&root.join("xtask/policies"))?, Options::from(limits));
    let policy = policy.map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let found = policy.query(&["library", "remarks"], Some(&json!({"rules": rules}))).map_err(|error| error.message)?;
    let Some(Value::Array(found)) = found else { return Err("it says nothing".to_owned()) };
    Ok(found.iter().map(|remark| remark.as_str().unwrap_or("a remark that is no text").to_owned()).collect())
}

/// Every rule, with the files of its folder.
fn rules(folder: &Path) -> Result<Vec<Value>, String> {
    let modules = modules(folder)?;
    let bundle = Bundle::load(&modules, &[], Options::default());
    let bundle = bundle.map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let mut rules = Vec::new();
    for rule in bundle.rules() {
        let own = Path::new(&rule.origin).parent().unwrap_or(folder);
        let mut texts = Map::new();
        for module in modules.iter().filter(|module| Path::new(&module.file).parent() == Some(own)) {
            let name = Path::new(&module.file).file_name().unwrap_or_default().to_string_lossy().into_owned();
            texts.insert(name, json!(module.text));
        }
        let examples = std::fs::read_dir(own.join("examples")).into_iter().flatten().flatten();
        let examples: Vec<String> = examples.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        rules.push(json!({
            "id": rule.id.as_str(),
            "folder": own.strip_prefix(folder).unwrap_or(own).to_string_lossy().replace('\\', "/"),
            "texts": texts,
            "examples": examples,
            "rule": {
                "title": rule.title, "description": rule.description, "severity": rule.severity.as_str(),
                "remedy": rule.remedy, "applies_to": rule.applies_to, "profiles": rule.profiles,
                "params": rule.params.iter().map(|param| &param.name).collect::<Vec<_>>(),
            },
        }));
    }
    Ok(rules)
}

/// The modules below a folder, by path.
fn modules(folder: &Path) -> Result<Vec<Module>, String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        for path in paths {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rego") {
                let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                found.push(Module { file: path.display().to_string(), text });
            }
        }
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(found)
}
