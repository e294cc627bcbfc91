//! What the black-box tests share: the program, a clean environment, golden files.
//!
//! Deliberately absent: the crates; these tests know the program only.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// The program, with nothing of the environment that it reads.
pub fn meshgate(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshgate"));
    // Most tests are about the program: a rule more in the library must not change what they see.
    command.env("MESHGATE_PROFILE", "starter");
    command.current_dir(folder).env_remove("MESHGATE_CONFIG").env_remove("NO_COLOR").env_remove("RUST_BACKTRACE");
    command.env("MESHGATE_PLUGIN_CACHE", plugin_cache());
    command
}

/// Compiled plugins of all tests: many programs at once share them, as they do at a desk.
fn plugin_cache() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins");
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    drop(builder.create(&folder));
    folder
}

/// The public descriptors that the repository does not hold; says so when they are absent.
pub fn shared() -> Option<PathBuf> {
    let shared = root().join("../shared/data");
    if !shared.is_dir() {
        println!("skipped: ../shared/data is absent");
        return None;
    }
    Some(shared)
}

/// A folder with these files.
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        write(folder.path(), name, text.as_bytes());
    }
    folder
}

pub fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(path, bytes).expect("a file");
}

/// The rules of a report's findings, in order.
pub fn rules(report: &Value) -> Vec<&str> {
    report["findings"].as_array().expect("findings").iter().map(|f| f["rule"].as_str().expect("a rule")).collect()
}

pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}

pub fn run(folder: &Path, args: &[&str]) -> Ran {
    let Output { status, stdout, stderr } = meshgate(folder).args(args).output().expect("the program");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: status.code().expect("an exit code, not a signal"), stdout: text(stdout), stderr: text(stderr) }
}

/// Compares with `tests/golden/NAME`; `BLESS=1` writes it.
pub fn golden(name: &str, actual: &str) {
    let path = root().join("tests/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, actual).expect("a golden file");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = actual.lines().zip(expected.lines()).find(|(now, then)| now != then);
    assert!(
        actual == expected,
        "{name} has changed, first in {differing:#?}; if that is right, run the test with BLESS=1"
    );
}

/// A plugin from the hostile suite's template, whose `evaluate` has this body.
pub fn plugin(body: &str) -> Vec<u8> {
    let path = root().join("crates/meshgate-plugin/tests/hostile/plugin.wat");
    let text = std::fs::read_to_string(path).expect("the template");
    wat::parse_str(text.replace(";; @evaluate:", &format!("{body}\n;;"))).expect("a component")
}

pub const CONTRACT: &str = "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\n\
    slaProperties: [{property: latency, value: 1}]\nschema:\n- name: t\n  properties:\n  - name: a\n    classification: public\n";

/// A contract of a customer table: an e-mail address that nobody classified, a birth date that nobody masks.
pub const CUSTOMERS: &str = "apiVersion: v3.1.0
kind: DataContract
id: customers
version: 1.0.0
status: active
domain: sales
tags: [pii, crm]
slaProperties: [{property: latency, value: 1}]
schema:
- name: customers
  properties:
  - name: id
    classification: public
  - name: birth_date
    classification: restricted
  - name: iban
    classification: restricted
";

/// Judges this folder, as JSON.
pub fn check(folder: &Path, more: &[&str]) -> Ran {
    let mut args = vec!["check", "--format", "json"];
    args.extend(more);
    run(folder, &args)
}

/// A rule that remarks on every contract.
pub fn rule(category: &str, name: &str, severity: &str) -> String {
    format!(
        "# METADATA\n# title: {name}\n# custom:\n#   severity: {severity}\npackage meshgate.rules.{category}.{name}\n\n\
         findings contains {{\"pointer\": \"\", \"message\": sprintf(\"{name} in layer %s of %v\", \
         [input.context.layer, object.get(input.context, \"domain\", null)])}} if input.kind == \"data-contract\"\n"
    )
}
