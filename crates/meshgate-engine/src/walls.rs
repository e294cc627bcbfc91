//! Ownership of paths: Rego packages and data documents are open to whoever writes a module, so a lower layer must not have
//! one at, under or above a path that a higher layer has.
//!
//! Deliberately absent: enforcement by the evaluator. Layers are compiled apart, so a module that got in here would still
//! change nothing above; the refusal says so aloud, before anybody relies on it.

use crate::bundle::Files;
use meshgate_core::rule::RuleId;
use serde_json::Value;
use std::collections::BTreeMap;

/// Ids that only Meshgate's own remarks have.
const RESERVED: &[&str] = &["read", "schema", "reference", "governance", "compat", "meshgate"];

/// Paths of one layer, each with the file or plugin that has it.
#[derive(Debug, Clone, Default)]
pub struct Owned {
    packages: BTreeMap<String, String>,
    data: BTreeMap<String, String>,
    rules: BTreeMap<String, String>,
}

/// A path that somebody above has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trespass {
    /// The file that has it here.
    pub file: String,
    /// What is wrong.
    pub message: String,
}

impl Owned {
    /// Adds the packages and the data of a bundle.
    pub fn add<'a>(&mut self, packages: impl Iterator<Item = (&'a str, &'a str)>, files: &Files) {
        for (file, package) in packages {
            self.packages.entry(package.to_owned()).or_insert_with(|| file.to_owned());
        }
        for (document, file) in files.data.iter().zip(&files.data_files) {
            leaves(document, String::new(), &mut |path| {
                self.data.entry(path).or_insert_with(|| file.clone());
            });
        }
    }

    /// Adds a rule that no module has: a plugin's.
    pub fn add_rule(&mut self, id: &RuleId, origin: &str) {
        self.rules.insert(id.to_string(), origin.to_owned());
    }

    /// Adds what another one has.
    pub fn extend(&mut self, other: &Self) {
        for (into, from) in
            [(&mut self.packages, &other.packages), (&mut self.data, &other.data), (&mut self.rules, &other.rules)]
        {
            from.iter().for_each(|(path, file)| {
                into.entry(path.clone()).or_insert_with(|| file.clone());
            });
        }
    }

    /// Finds what a lower layer has at, under or above a path of this one.
    pub fn trespasses(&self, lower: &Self) -> Vec<Trespass> {
        let mut found = Vec::new();
        let theirs = lower.packages.iter().map(|(path, file)| ("package", path, file));
        for (what, path, file) in theirs.chain(lower.data.iter().map(|(path, file)| ("data document", path, file))) {
            let owners = [("package", &self.packages), ("data document", &self.data)];
            let owner = owners.into_iter().find_map(|(kind, owned)| Some((kind, touching(owned, path)?)));
            if let Some((kind, (owned, by))) = owner {
                let message =
                    format!("{what} `{path}` is at, under or above {kind} `{owned}`, which a layer above has ({by})");
                found.push(Trespass { file: file.clone(), message });
            }
        }
        for (id, file) in lower.ids() {
            if let Some((_, by)) = self.ids().find(|(other, _)| *other == id) {
                let message = format!("rule `{id}` is a rule of a layer above ({by})");
                if found.iter().all(|other| other.file != *file) {
                    found.push(Trespass { file: file.clone(), message });
                }
            }
        }
        found
    }

    /// Ids of rules, by packages and by plugins.
    fn ids(&self) -> impl Iterator<Item = (&str, &String)> {
        let packages =
            self.packages.iter().filter_map(|(path, file)| Some((path.strip_prefix("meshgate.rules.")?, file)));
        packages.chain(self.rules.iter().map(|(id, file)| (id.as_str(), file)))
    }
}

/// Is this the id of a remark that only Meshgate makes?
pub fn is_reserved(id: &RuleId) -> bool {
    id.as_str().split('.').next().is_some_and(|category| RESERVED.contains(&category))
}

/// The path that is this one, or above or below it.
fn touching<'a>(owned: &'a BTreeMap<String, String>, path: &str) -> Option<(&'a String, &'a String)> {
    let above = |owned: &str| path.strip_prefix(owned).is_some_and(|rest| rest.starts_with('.'));
    let below = format!("{path}.");
    let at_or_above = || {
        let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
        ends.filter_map(|end| owned.get_key_value(path.get(..end)?)).find(|(owned, _)| *owned == path || above(owned))
    };
    at_or_above().or_else(|| owned.range(below.clone()..).next().filter(|(owned, _)| owned.starts_with(&below)))
}

fn leaves(value: &Value, path: String, tell: &mut dyn FnMut(String)) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(value, path, tell);
            }
        }
        _ if path.is_empty() => {}
        _ => tell(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn owned(packages: &[&str], data: Value) -> Owned {
        let mut owned = Owned::default();
        let files = Files { data: vec![data], data_files: vec!["data.json".to_owned()], ..Files::default() };
        owned.add(packages.iter().map(|package| ("x.rego", *package)), &files);
        owned
    }

    #[test]
    fn at_under_and_above_are_refused_and_beside_is_free() {
        let global = owned(
            &["meshgate.rules.privacy.masked", "meshgate.lib.columns"],
            json!({"org": {"glossary": {"terms": []}}}),
        );
        for (package, data, refused) in [
            ("meshgate.rules.privacy.masked", json!({}), true),
            ("meshgate.rules.privacy.masked.extra", json!({}), true),
            ("meshgate.rules", json!({}), true),
            ("meshgate", json!({}), true),
            ("meshgate.rules.privacy.other", json!({}), false),
            ("meshgate.rules.privacy.mask", json!({}), false),
            ("org.glossary", json!({}), true),
            ("sales", json!({"org": {"glossary": {"terms": ["x"]}}}), true),
            ("sales", json!({"org": 1}), true),
            ("sales", json!({"org": {"glossary": {"terms": {"deep": 1}}}}), true),
            ("sales", json!({"meshgate": {"lib": {"columns": {"restricted": false}}}}), true),
            ("sales", json!({"org": {"sales": 1}, "sales": 2}), false),
        ] {
            let lower = owned(&[package], data.clone());
            assert_eq!(!global.trespasses(&lower).is_empty(), refused, "{package} {data}");
        }
    }
}
