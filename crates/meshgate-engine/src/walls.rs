//! Ownership of paths: Rego packages and data documents are open to whoever writes a module, so a lower layer must not have
//! one at, under or above a path that a higher layer has.
//!
//! Deliberately absent: enforcement by the evaluator. Layers are compiled apart, so a module that got in here would still
//! change nothing above; the refusal says so aloud, before anybody relies on it.

use meshgate_core::rule::RuleId;
use meshgate_rego::Value as RegoValue;
use std::collections::BTreeMap;

/// Ids that only Meshgate's own remarks have.
const RESERVED: &[&str] = &["read", "schema", "reference", "governance", "compat", "meshgate"];

/// Paths of one layer, each with the file or plugin that has it.
#[derive(Debug, Clone, Default)]
pub struct Owned {
    packages: BTreeMap<String, String>,
    data: Vec<(RegoValue, String)>,
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
    /// Adds the packages and the data of a bundle, document by document with the file of each. Data is not copied: a
    /// document of a hundred megabytes has millions of paths.
    pub fn add<'a>(
        &mut self,
        packages: impl Iterator<Item = (&'a str, &'a str)>,
        documents: &[RegoValue],
        files: &[String],
    ) {
        for (file, package) in packages {
            self.packages.entry(package.to_owned()).or_insert_with(|| file.to_owned());
        }
        self.data.extend(documents.iter().cloned().zip(files.iter().cloned()));
    }

    /// Adds a rule that no module has: a plugin's.
    pub fn add_rule(&mut self, id: &RuleId, origin: &str) {
        self.rules.insert(id.to_string(), origin.to_owned());
    }

    /// Adds what another one has.
    pub fn extend(&mut self, other: &Self) {
        for (into, from) in [(&mut self.packages, &other.packages), (&mut self.rules, &other.rules)] {
            from.iter().for_each(|(path, file)| {
                into.entry(path.clone()).or_insert_with(|| file.clone());
            });
        }
        self.data.extend(other.data.iter().cloned());
    }

    /// Finds what a lower layer has at, under or above a path of this one.
    pub fn trespasses(&self, lower: &Self) -> Vec<Trespass> {
        let mut found = Vec::new();
        let mut tell = |what: &str, path: &str, file: &str, kind: &str, owned: &str, by: &str| {
            let message =
                format!("{what} `{path}` is at, under or above {kind} `{owned}`, which a layer above has ({by})");
            found.push(Trespass { file: file.to_owned(), message });
        };
        for (path, file) in &lower.packages {
            if let Some((owned, by)) = touching(&self.packages, path) {
                tell("package", path, file, "package", owned, by);
            } else if let Some((_, by)) = self.data.iter().find(|(document, _)| reaches(document, path)) {
                tell("package", path, file, "data document", path, by);
            }
        }
        for (document, file) in &lower.data {
            if let Some((owned, by)) = self.packages.iter().find(|(path, _)| reaches(document, path)) {
                tell("data document", owned, file, "package", owned, by);
            }
            for (above, by) in &self.data {
                if let Some((path, owned)) = common(above, document, String::new()) {
                    tell("data document", &path, file, "data document", &owned, by);
                }
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

/// Is there something in a document at, under or above this path?
fn reaches(document: &RegoValue, path: &str) -> bool {
    let mut at = document;
    for (number, step) in path.split('.').enumerate() {
        match at {
            RegoValue::Object(map) if !map.is_empty() => {
                let Some(below) = map.get(&RegoValue::from(step)) else { return false };
                at = below;
            }
            // What ends here is above, but a document that has nothing.
            _ => return number > 0,
        }
    }
    true
}

/// The path of a leaf below, and of one above, where one of two documents ends and the other has something.
fn common(above: &RegoValue, below: &RegoValue, path: String) -> Option<(String, String)> {
    match (above, below) {
        (RegoValue::Object(above), RegoValue::Object(below)) if !above.is_empty() && !below.is_empty() => {
            below.iter().find_map(|(key, value)| common(above.get(key)?, value, joined(&path, key)?))
        }
        _ if path.is_empty() => None,
        _ => Some((leaf(below, path.clone()), leaf(above, path))),
    }
}

fn joined(path: &str, key: &RegoValue) -> Option<String> {
    let RegoValue::String(name) = key else { return None };
    Some(if path.is_empty() { name.to_string() } else { format!("{path}.{name}") })
}

/// The first path at which a document ends.
fn leaf(value: &RegoValue, path: String) -> String {
    match value {
        RegoValue::Object(map) => match map.iter().next() {
            Some((key, value)) => joined(&path, key).map_or(path, |path| leaf(value, path)),
            None => path,
        },
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn owned(packages: &[&str], data: Value) -> Owned {
        let mut owned = Owned::default();
        let documents = [meshgate_rego::value_of_json(&data)];
        owned.add(packages.iter().map(|package| ("x.rego", *package)), &documents, &["data.json".to_owned()]);
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
