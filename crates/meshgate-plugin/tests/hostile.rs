//! Hostile plugins (`hostile/README.md`): each gives a typed fault within its bound, and a healthy plugin beside it goes on.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

mod support;

use meshgate_core::evaluate::Evaluator;
use meshgate_core::fault::FaultKind;
use meshgate_plugin::{Grants, Host, HostSettings, Plugin, PluginSource};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{component, input, limits, load};

fn host() -> Host {
    Host::new(HostSettings::default()).unwrap()
}

fn refused(name: &str) -> String {
    refused_bytes(&component(name))
}

fn refused_bytes(bytes: &[u8]) -> String {
    load(&host(), bytes, "{}", Grants::default()).expect_err("to be refused")
}

fn fault(name: &str) -> (FaultKind, String) {
    fault_with(name, "{}", Grants::default())
}

/// Runs a hostile plugin, and a healthy one beside and after it.
fn fault_with(name: &str, settings: &str, grants: Grants) -> (FaultKind, String) {
    let host = host();
    let healthy = load(&host, &component("healthy"), "{}", Grants::default()).unwrap();
    let hostile = load(&host, &component(name), settings, grants).unwrap();
    let input = input();
    let (bad, good) = std::thread::scope(|scope| {
        let bad = scope.spawn(|| hostile.evaluate(&input));
        let good = scope.spawn(|| healthy.evaluate(&input));
        (bad.join().unwrap(), good.join().unwrap())
    });
    assert_eq!((good.remarks.len(), good.faults.len()), (1, 0), "the neighbour is unharmed");
    assert_eq!(healthy.evaluate(&input).remarks.len(), 1, "and so is the next call");
    assert!(bad.remarks.is_empty());
    let [fault] = bad.faults.as_slice() else { panic!("one fault, not {:?}", bad.faults) };
    (fault.kind, fault.message.clone())
}

#[test]
fn healthy_is_heard() {
    let host = host();
    let plugin = load(&host, &component("healthy"), "{}", Grants::default()).unwrap();
    assert_eq!((plugin.id(), plugin.version(), plugin.rules().len()), ("hostile", "0.1.0", 1));
    assert_eq!(plugin.evaluate(&input()).remarks[0].message, "a message");
}

#[test]
fn hostile_endless_loop() {
    assert_eq!(fault("endless_loop"), (FaultKind::Deadline, "ran longer than 150 ms".into()));
}

#[test]
fn hostile_many_loops_at_once() {
    // More loops than the host has room for: each meets its own deadline, and the healthy one gets its turn.
    let host = Host::new(HostSettings { concurrency: 2, ..HostSettings::default() }).unwrap();
    let healthy = load(&host, &component("healthy"), "{}", Grants::default()).unwrap();
    let hostile = load(&host, &component("endless_loop"), "{}", Grants::default()).unwrap();
    let input = input();
    std::thread::scope(|scope| {
        let loops: Vec<_> = (0..6).map(|_| scope.spawn(|| hostile.evaluate(&input))).collect();
        assert_eq!(healthy.evaluate(&input).remarks.len(), 1);
        for bad in loops {
            assert_eq!(bad.join().unwrap().faults[0].kind, FaultKind::Deadline);
        }
    });
}

#[test]
fn hostile_recursion() {
    assert_eq!(fault("recursion").0, FaultKind::Stack);
}

#[test]
fn hostile_memory_growth() {
    let message = "asked for more memory than it may have or there is; its limit is 4 MiB";
    assert_eq!(fault("memory_growth"), (FaultKind::Memory, message.into()));
}

#[test]
fn hostile_memory_refused_and_survived() {
    assert_eq!(fault("memory_refused_and_survived").0, FaultKind::Memory);
}

#[test]
fn hostile_own_maximum() {
    assert_eq!(fault("own_maximum").0, FaultKind::Memory);
}

#[test]
fn hostile_long_message() {
    let (kind, message) = fault("long_message");
    assert_eq!(kind, FaultKind::BadOutput);
    assert!(message.contains("has a text of 30000 bytes"), "{message}");
}

#[test]
fn hostile_memory_declared() {
    let said = refused("memory_declared");
    assert!(said.contains("needs at least 512 MiB of memory to begin with, and may have 64"), "{said}");
}

#[test]
fn hostile_table_growth() {
    assert_eq!(fault("table_growth"), (FaultKind::Memory, "asked for a larger table than it may have".into()));
}

#[test]
fn hostile_many_tables() {
    let said = refused("many_tables");
    assert!(said.contains("larger table than it may have"), "{said}");
}

#[test]
fn hostile_trap() {
    let (kind, message) = fault("trap");
    assert_eq!(kind, FaultKind::Trap);
    assert!(message.contains("unreachable"), "{message}");
}

#[test]
fn hostile_invalid_utf8() {
    let (kind, message) = fault("invalid_utf8");
    assert_eq!(kind, FaultKind::BadOutput, "{message}");
}

#[test]
fn hostile_huge_message() {
    assert_eq!(fault("huge_message"), (FaultKind::BadOutput, "returned more than 65536 bytes".into()));
}

#[test]
fn hostile_million_findings() {
    assert_eq!(fault("million_findings").0, FaultKind::BadOutput);
}

#[test]
fn hostile_too_many_findings() {
    // Well within what may be copied, so that it is their number that counts.
    let roomy = meshgate_core::limits::EvaluationLimits { output_bytes_max: 4 << 20, ..limits() };
    let bytes = component("too_many_findings");
    let source = PluginSource { origin: "x", bytes: &bytes, sha256: None, settings: "{}" };
    let plugin = Plugin::load(&host(), source, Grants::default(), roomy).unwrap();
    let faults = plugin.evaluate(&input()).faults;
    assert_eq!(faults[0].message, "returned 1000 findings, at most 100 are taken");
}

#[test]
fn hostile_list_outside_memory() {
    assert_eq!(fault("list_outside_memory").0, FaultKind::BadOutput);
}

#[test]
fn hostile_undeclared_rule() {
    let (kind, message) = fault("undeclared_rule");
    assert_eq!(kind, FaultKind::BadOutput);
    assert!(message.contains("xostile.test"), "{message}");
}

#[test]
fn hostile_million_rules() {
    let said = refused("million_rules");
    assert!(said.contains("`describe` failed"), "{said}");
}

#[test]
fn hostile_start_function_loops() {
    let said = refused("start_loops");
    assert!(said.contains("`describe` failed: ran longer than 150 ms"), "{said}");
}

#[test]
fn hostile_settings_loop() {
    let said = refused("settings_loop");
    assert!(said.contains("`validate-settings` failed: ran longer than 150 ms"), "{said}");
}

#[test]
fn hostile_log_flood() {
    assert_eq!(fault("log_flood"), (FaultKind::Limit, "flooded its log".into()));
}

#[test]
fn hostile_random_flood() {
    let mut grants = Grants::default();
    grants.random();
    let (kind, message) = fault_with("random_flood", "{}", grants);
    assert_eq!(kind, FaultKind::Limit);
    assert!(message.contains("65536 is the most"), "{message}");
}

/// A folder that may be read, with a file in it, beside one that may not; and links from the one to the other.
fn folders() -> (tempfile::TempDir, Grants) {
    let root = tempfile::tempdir().unwrap();
    let (open, shut) = (root.path().join("open"), root.path().join("shut"));
    std::fs::create_dir_all(open.join("deep")).unwrap();
    std::fs::create_dir_all(&shut).unwrap();
    std::fs::write(open.join("words.txt"), "some words").unwrap();
    std::fs::write(shut.join("secret.txt"), "a secret").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("words.txt", open.join("within")).unwrap();
        symlink("../shut/secret.txt", open.join("out")).unwrap();
        symlink(shut.join("secret.txt"), open.join("absolute")).unwrap();
        symlink("../shut", open.join("folder")).unwrap();
        symlink("deep/../../shut", open.join("winding")).unwrap();
        symlink("loop", open.join("loop")).unwrap();
    }
    let mut grants = Grants::default();
    grants.folder("shared", &open).unwrap();
    (root, grants)
}

fn read(path: &str, grants: Grants) -> String {
    let plugin = load(&host(), &component("files_read"), path, grants).unwrap();
    let called = plugin.call(&input());
    called.outcome.unwrap()[0].message.clone()
}

#[test]
fn files_are_read_below_the_folder_only() {
    let (root, grants) = folders();
    for (path, answer) in [
        ("words.txt", "some words"),
        ("./deep/../words.txt", "some words"),
        ("absent.txt", "not found"),
        ("deep", "wrong kind"),
        ("", "not found"),
        ("words.txt\0.exe", "not found"),
        ("words.txt/x", "wrong kind"),
    ] {
        assert_eq!(read(path, grants.clone()), answer, "{path}");
    }
    if cfg!(unix) {
        assert_eq!(read("within", grants.clone()), "some words");
    }
    let large = std::fs::File::create(root.path().join("open/large")).unwrap();
    large.set_len(1 << 40).unwrap();
    assert_eq!(read("large", grants), "too large");
}

#[test]
fn hostile_path_escape_by_reading() {
    let secret = "shut/secret.txt";
    for path in ["../shut/secret.txt", "deep/../../shut/secret.txt", "/etc/passwd", "..", "../../../../../etc/passwd"] {
        let (_root, grants) = folders();
        let (kind, message) = fault_with("files_read", path, grants);
        assert_eq!(kind, FaultKind::Capability, "{path}: {message}");
        assert!(message.contains("tried to leave the folder `shared`"), "{path}: {message}");
    }
    let (root, grants) = folders();
    let absolute = root.path().join(secret);
    assert_eq!(fault_with("files_read", absolute.to_str().unwrap(), grants).0, FaultKind::Capability);
}

#[cfg(unix)]
#[test]
fn hostile_path_escape_by_links() {
    for path in ["out", "absolute", "folder/secret.txt", "winding/secret.txt"] {
        let (_root, grants) = folders();
        let (kind, message) = fault_with("files_read", path, grants);
        assert_eq!(kind, FaultKind::Capability, "{path}: {message}");
    }
    let (_root, grants) = folders();
    assert_ne!(read("loop", grants), "a secret", "a link to itself is an error, and ends");
}

#[cfg(unix)]
#[test]
fn hostile_path_escape_by_listing() {
    for path in ["..", "/", "folder", "winding", "deep/../.."] {
        let (_root, grants) = folders();
        assert_eq!(fault_with("files_list", path, grants).0, FaultKind::Capability, "{path}");
    }
    let (_root, grants) = folders();
    let plugin = load(&host(), &component("files_list"), "", grants).unwrap();
    assert_eq!(plugin.call(&input()).outcome.unwrap()[0].message, "absolute", "what it may list, by name");
}

#[cfg(unix)]
#[test]
fn hostile_pipe() {
    // A pipe that nobody writes to would be waited for, and no deadline of a guest ends a wait of the host.
    let (root, grants) = folders();
    let pipe = root.path().join("open/pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no mkfifo here");
        return;
    }
    let begun = Instant::now();
    assert_eq!(read("pipe", grants), "wrong kind");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn hostile_folder_of_another_name() {
    let (_root, grants) = folders();
    let (kind, message) = fault_with("other_folder", "words.txt", grants);
    assert_eq!(kind, FaultKind::Capability);
    assert!(message.contains("asked for the folder `hostile`"), "{message}");
}

fn data() -> Grants {
    let mut grants = Grants::default().with_snapshot(Arc::new(json!({
        "org": {"glossary": {"terms": ["customer"]}, "salaries": {"anna": 1}, "glossary2": 2}
    })));
    grants.data("org/glossary").unwrap();
    grants
}

#[test]
fn data_is_read_below_the_path_only() {
    for (path, answer) in [
        ("org/glossary/terms", r#"["customer"]"#),
        ("/org/glossary/", r#"{"terms":["customer"]}"#),
        ("org/glossary/absent", "nothing"),
        ("org/glossary/terms/0", "nothing"),
    ] {
        let plugin = load(&host(), &component("data_read"), path, data()).unwrap();
        assert_eq!(plugin.call(&input()).outcome.unwrap()[0].message, answer, "{path}");
    }
}

#[test]
fn hostile_data_that_was_not_granted() {
    for path in ["org/salaries", "org", "", "org/glossary2", "org/glossary/../salaries/x"] {
        let (kind, message) = match path {
            // Not a way up, since data has none; but covered by the grant, so it is undefined rather than a fault.
            "org/glossary/../salaries/x" => {
                let plugin = load(&host(), &component("data_read"), path, data()).unwrap();
                assert_eq!(plugin.call(&input()).outcome.unwrap()[0].message, "nothing");
                continue;
            }
            _ => fault_with("data_read", path, data()),
        };
        assert_eq!(kind, FaultKind::Capability, "{path}: {message}");
    }
}

#[test]
fn hostile_describe_that_depends() {
    let said = load(&host(), &component("describe_reads"), "{}", data()).unwrap_err();
    assert!(said.contains("used a capability in `describe`"), "{said}");
}

#[test]
fn the_clock_is_there_when_it_is_granted() {
    let mut grants = Grants::default();
    grants.clock();
    let plugin = load(&host(), &component("clock"), "{}", grants).unwrap();
    assert_eq!(plugin.evaluate(&input()).remarks.len(), 1);
}

#[test]
fn hostile_imports_that_were_not_granted() {
    for (name, interface, how) in [
        ("files_read", "files", "files: { NAME: FOLDER }"),
        ("data_read", "data", "data: [ PATH ]"),
        ("clock", "clock", "clock: true"),
        ("random_flood", "random", "random: true"),
    ] {
        let said = refused(name);
        assert!(
            said.contains(&format!("imports `meshgate:plugin/{interface}@0.1.0`, which it was not granted")),
            "{said}"
        );
        assert!(said.contains(how), "{said}");
    }
    // One grant is not another.
    let mut grants = Grants::default();
    grants.clock();
    assert!(load(&host(), &component("random_flood"), "{}", grants).unwrap_err().contains("not granted"));
}

#[test]
fn hostile_foreign_imports() {
    let said = refused("wasi");
    assert!(said.contains("imports `wasi:cli/environment@0.2.0`") && said.contains("no WASI"), "{said}");
    let said = refused("unknown_interface");
    assert!(said.contains("imports `meshgate:plugin/network@0.1.0`, which is not in the contract"), "{said}");
    let said = refused("newer_contract");
    assert!(said.contains("this host knows the contract up to 0.1.0"), "{said}");
}

#[test]
fn hostile_not_a_plugin() {
    assert!(refused_bytes(b"#!/bin/sh").contains("is not WebAssembly"));
    assert!(refused_bytes(b"").contains("is not WebAssembly"));
    assert!(refused_bytes(b"(component)").contains("is WebAssembly as text"));
    assert!(refused_bytes(&wat::parse_str("(module)").unwrap()).contains("is a core module, not a component"));
    let said = refused_bytes(&wat::parse_str("(component)").unwrap());
    assert!(said.contains("is not of the contract `meshgate:plugin@0.1.0`") && said.contains("describe"), "{said}");
    assert!(refused_bytes(b"\0asm\x0d\0\x01\0garbage").contains("is broken"));
    assert!(
        refused_bytes(&std::fs::read("/proc/self/exe").unwrap_or_else(|_| b"\x7fELF".to_vec()))
            .contains("native program")
    );
}

#[test]
fn hostile_other_bytes() {
    // Another digest is told before anything of the component is run: this one would loop.
    let bytes = component("start_loops");
    let source = PluginSource { origin: "x", bytes: &bytes, sha256: Some(&"0f".repeat(32)), settings: "{}" };
    let said = Plugin::load(&host(), source, Grants::default(), limits()).unwrap_err().to_string();
    assert!(said.contains("and should have 0f0f"), "{said}");
}

fn bomb(module: &str) -> Vec<u8> {
    wat::parse_str(format!("(component (core module {module}))")).unwrap()
}

#[test]
fn hostile_compile_bomb_of_one_function() {
    let said = refused_bytes(&bomb(&format!("(func {})", "(drop (i32.const 1000000))".repeat(250_000))));
    assert!(said.contains("cannot be compiled within bounds: it has a function of"), "{said}");
}

#[test]
fn hostile_compile_bomb_of_variables() {
    let said = refused_bytes(&bomb(&format!("(func (local {}))", "i32 ".repeat(45_000))));
    assert!(said.contains("45000 local variables"), "{said}");
}

#[test]
fn hostile_compile_bomb_of_results() {
    // A call is three bytes, and a thousand values.
    let many = "i64 ".repeat(1000);
    let gets: String = (0..1000).map(|index| format!("(local.get {index})")).collect();
    let function = |calls: usize| {
        let calls = "(call $f)".repeat(calls);
        format!("(type $t (func (param {many}) (result {many}))) (func $f (type $t) {gets} {calls})")
    };
    let said = refused_bytes(&bomb(&function(1000)));
    assert!(said.contains("cannot be compiled within bounds: it has a function of"), "{said}");
    let blocks = format!(
        "(type $t (func (param {many}) (result {many}))) (func $f (type $t) {gets} {})",
        "(block (type $t))".repeat(1000)
    );
    assert!(refused_bytes(&bomb(&blocks)).contains("within bounds"));
}

#[test]
fn hostile_compile_bomb_of_instances() {
    // Nine hundred of nine hundred of nine hundred, in eight kilobytes.
    let layer = |number: usize, inner: &str| {
        format!("(component $c{number} {inner} {})", format!("(instance (instantiate $c{}))", number - 1).repeat(900))
    };
    let text = format!("(component {})", layer(3, &layer(2, &layer(1, "(component $c0)"))));
    let said = refused_bytes(&wat::parse_str(text).unwrap());
    assert!(said.contains("too many instances of one another"), "{said}");
}

#[test]
fn hostile_compile_bomb_of_many_functions() {
    let one = "(func (param i32) (result i32) (i32.mul (local.get 0) (i32.add (local.get 0) (i32.const 7))))";
    let bytes = bomb(&one.repeat(30_000));
    let deadline = Duration::from_millis(20);
    let host = Host::new(HostSettings { compile_deadline: deadline, ..HostSettings::default() }).unwrap();
    let begun = Instant::now();
    let said = load(&host, &bytes, "{}", Grants::default()).unwrap_err();
    assert!(said.contains("was not compiled within 20 ms"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(20), "nobody waits for the compiler");
}

#[test]
fn an_older_plugin_loads() {
    // Never changed: a component of contract 0.1.0 that imports all there was then.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat");
    let old = std::fs::read_to_string(folder.join("plugin-0.1.0.wat")).unwrap();
    let (_root, mut grants) = folders();
    grants.data("org").unwrap();
    grants.clock();
    grants.random();
    let plugin = load(&host(), &wat::parse_str(old).unwrap(), "{}", grants).unwrap();
    assert_eq!(plugin.evaluate(&input()).remarks.len(), 1);
}
