//! The rules compiled into the program: the repository's `policies/`.
//!
//! Deliberately absent: examples and pages; only modules and data are of use at run time.

use include_dir::{Dir, DirEntry, include_dir};
use meshgate_core::rule::{Rule, Source};
use meshgate_rego::Module;
use std::collections::HashSet;
use std::sync::LazyLock;

static POLICIES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../policies");

/// The profiles of the embedded rules, the smallest first.
pub const PROFILES: [&str; 5] = ["starter", "baseline", "strict", "gdpr", "production"];

/// Returns the embedded modules, tests among them, in the order of their paths.
pub fn modules() -> Vec<Module> {
    let mut modules = Vec::new();
    let mut open = vec![&POLICIES];
    while let Some(folder) = open.pop() {
        for entry in folder.entries() {
            match entry {
                DirEntry::Dir(folder) => open.push(folder),
                DirEntry::File(file) => {
                    let name = file.path().display().to_string();
                    if let Some(text) = file.contents_utf8().filter(|_| name.ends_with(".rego")) {
                        modules.push(Module { file: format!("policies/{name}"), text: text.to_owned() });
                    }
                }
            }
        }
    }
    modules.sort_by(|a, b| a.file.cmp(&b.file));
    modules
}

/// Returns the record of what is cleared for the fast gear.
pub fn clearance() -> Option<&'static str> {
    POLICIES.get_file(crate::bundle::CLEARANCE)?.contents_utf8()
}

/// Returns the ids of the embedded rules, by their folders.
pub fn rule_ids() -> Vec<String> {
    let name = |folder: &Dir<'_>| folder.path().file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let mut ids = Vec::new();
    for category in POLICIES.dirs() {
        for rule in category.dirs() {
            if let (Some(category), Some(rule)) = (name(category), name(rule))
                && rule.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            {
                ids.push(format!("{category}.{rule}"));
            }
        }
    }
    ids
}

/// Is a rule one of these, wherever it was read from? Then its messages are our words.
pub fn is_own(rule: &Rule) -> bool {
    static IDS: LazyLock<HashSet<String>> = LazyLock::new(|| rule_ids().into_iter().collect());
    let Some((category, name)) = rule.id.as_str().split_once('.') else { return false };
    let file = format!("policies/{category}/{name}/{name}.rego");
    rule.source == Source::Rego && IDS.contains(rule.id.as_str()) && rule.origin.ends_with(&file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_is_not_looked_at_when_the_program_starts_is_looked_at_here() {
        let types = crate::schemas::types(false, false);
        let options = meshgate_rego::Options { types, ..meshgate_rego::Options::default() };
        let load = || meshgate_rego::Bundle::load(&modules(), &[], options).map(|_| ());
        let loaded = std::thread::Builder::new().stack_size(64 << 20).spawn(load).unwrap().join().unwrap();
        assert!(loaded.is_ok(), "{loaded:?}");
    }

    #[test]
    fn every_rule_is_of_known_profiles() {
        let mut found = BTreeSet::new();
        for module in modules().iter().filter(|module| !module.is_test()) {
            let said = module.text.lines().find_map(|line| line.strip_prefix("#   profiles: ["));
            if module.text.contains("package meshgate.rules.") {
                let said = said.unwrap_or_else(|| panic!("{} names no profile", module.file));
                found.extend(said.trim_end_matches(']').split(", ").map(str::to_owned));
            }
        }
        assert_eq!(found, PROFILES.map(str::to_owned).into());
    }
}
