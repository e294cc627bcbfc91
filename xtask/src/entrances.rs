//! One entrance to every parser: who may read files and parse text, by name. Whoever adds a place adds it here, and says why
//! the text is measured before: by the length of a body, by `meshgate_engine::reading`, by `meshgate_rego::json` or `yaml`.
//!
//! Deliberately absent: what is measured; that is each entrance's own. Methods that no place may call are in `clippy.toml`.

use std::path::Path;

/// What opens a file or parses text, and the files, from `crates/`, that may name it.
const ENTRANCES: &[(&str, &[&str])] = &[
    ("fs::read(", &[]),
    // Files that the sidecar writes itself, line by line.
    ("fs::read_to_string(", &["meshgate-server/src/log/spool.rs"]),
    (
        "File::open(",
        &[
            "meshgate-cli/src/commands/decisions.rs",
            "meshgate-cli/src/decisions/read.rs",
            "meshgate-server/src/log.rs",
            "meshgate-server/src/log/file.rs",
            "meshgate-server/src/log/spool.rs",
        ],
    ),
    ("libyaml_safer", &["meshgate-descriptor/src/yaml.rs", "meshgate-rego/src/yaml.rs"]),
    // Archives are unpacked within bounds for each member and for all, bodies as they come.
    ("tar::", &["meshgate-engine/src/bundle/archive.rs"]),
    ("GzDecoder", &["meshgate-engine/src/bundle/archive.rs", "meshgate-server/src/body.rs"]),
    ("GitignoreBuilder", &["meshgate-engine/src/discover/gitignore.rs"]),
    (
        "serde_json::from_slice",
        &[
            "meshgate-engine/src/reading.rs",
            "meshgate-rego/src/json.rs",
            // Parts of a token, whose length is bounded.
            "meshgate-rego/src/builtins/identity.rs",
            "meshgate-rego/src/builtins/jwt.rs",
            // Bodies that were counted.
            "meshgate-server/src/authzen.rs",
            "meshgate-server/src/body.rs",
            "meshgate-server/src/decide.rs",
            "meshgate-server/src/odm.rs",
            "meshgate-server/src/opa/data.rs",
        ],
    ),
    (
        "serde_json::from_str",
        &[
            // What Meshgate wrote itself: a log, a record of clearance, a cache, a line of an event.
            "meshgate-cli/src/commands/plugin.rs",
            "meshgate-cli/src/decisions/decision.rs",
            "meshgate-plugin/src/cache.rs",
            "meshgate-rego/src/clearance.rs",
            "meshgate-rego/src/metadata/params.rs",
            "meshgate-server/src/log.rs",
            "meshgate-server/src/log/spool.rs",
            // A descriptor, an answer of a plugin, a body: counted before.
            "meshgate-descriptor/src/json.rs",
            "meshgate-plugin/src/convert.rs",
            "meshgate-rego/src/http.rs",
            "meshgate-server/src/admin.rs",
            "meshgate-server/src/body.rs",
            "meshgate-server/src/check.rs",
            "meshgate-server/src/decide.rs",
            "meshgate-server/src/opa/batch.rs",
            "meshgate-server/src/opa/data.rs",
            // Arguments of builtins, which are weighed before the builtin begins.
            "meshgate-rego/src/builtins/evaluation.rs",
            "meshgate-rego/src/builtins/identity.rs",
            "meshgate-rego/src/builtins/jwt.rs",
            "meshgate-rego/src/builtins/keys.rs",
            "meshgate-rego/src/builtins/parse_module.rs",
            "meshgate-rego/src/builtins/schema.rs",
        ],
    ),
];

/// Says what a file of a crate opens or parses beside the entrances.
pub fn check(root: &Path, file: &Path, text: &str) -> Vec<String> {
    let Ok(name) = file.strip_prefix(root.join("crates")) else { return Vec::new() };
    let name = name.display().to_string();
    let is_test = name.contains("/tests") || name.contains("/benches/") || name.ends_with("testing.rs");
    if is_test {
        return Vec::new();
    }
    let lines: Vec<&str> = text
        .lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]") && !line.starts_with("#[cfg(all(test"))
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let has = |what: &str| lines.iter().any(|line| line.contains(what));
    let mut remarks: Vec<String> = ENTRANCES
        .iter()
        .filter(|(what, files)| has(what) && !files.contains(&name.as_str()))
        .map(|(what, _)| {
            format!("crates/{name}: `{what}` is an entrance of its own: use the one there is (xtask/src/entrances.rs)")
        })
        .collect();
    // Filters of the walk would read files that the tree names.
    if has("WalkBuilder::new") && !has("standard_filters(false)") {
        remarks
            .push(format!("crates/{name}: a walk with standard filters reads `.gitignore` and its kin without bounds"));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entrance_of_its_own_is_found() {
        let of = |name: &str, text: &str| check(Path::new("/r"), &Path::new("/r/crates").join(name), text).len();
        assert_eq!(of("a/src/b.rs", "let x = std::fs::read(path)?;"), 1);
        assert_eq!(of("a/src/b.rs", "use flate2::read::GzDecoder;\nserde_json::from_slice(x)"), 2);
        assert_eq!(of("a/src/b.rs", "// std::fs::read(path)\n#[cfg(test)]\nmod tests { fs::read(x) }"), 0);
        assert_eq!(of("meshgate-engine/src/reading.rs", "serde_json::from_slice(x)"), 0);
        assert_eq!(of("a/src/b.rs", "WalkBuilder::new(x).build()"), 1);
        assert_eq!(of("a/src/tests/b.rs", "std::fs::read(path)"), 0);
    }
}
