//! Plugins from outside: the commands for their authors, what the platform grants, and a rule in two languages.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

use serde_json::Value;
use std::path::Path;
use support::{CONTRACT, folder, meshgate, plugin, root, rules, run, write};

fn wasm(name: &str) -> String {
    root().join(format!("plugins/{name}/{name}.wasm")).display().to_string()
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file");
        }
    }
}

#[test]
fn a_rule_and_its_twin_render_identically() {
    let here = tempfile::tempdir().expect("a folder");
    let policies = root().join("policies");
    let rule = "privacy/unmasked_restricted_column";
    copy(&policies.join("lib"), &here.path().join("rules/lib"));
    copy(&policies.join(rule), &here.path().join("rules").join(rule));
    copy(&root().join("examples/mesh"), &here.path().join("mesh"));
    copy(&policies.join(rule).join("examples"), &here.path().join("mesh/examples"));
    std::fs::remove_file(here.path().join("mesh/meshgate.yaml")).expect("a file");
    let check = |more: &[&str]| run(here.path(), &[&["check", "mesh", "--no-embedded"], more].concat());
    let twin = wasm("unmasked");
    let (rego, plugin) = (check(&["--bundle", "rules"]), check(&["--plugin", &twin]));
    assert!(rego.stdout.contains("restricted column `tax_id`") && rego.code == 1, "{}", rego.stdout);
    assert_eq!(rego.stdout, plugin.stdout);
    let json = |more: &[&str]| check(&[more, &["--format", "json"]].concat()).stdout;
    let (rego, plugin) = (json(&["--bundle", "rules"]), json(&["--plugin", &twin]));
    assert_eq!(rego.replace(r#""source": "rego""#, r#""source": "plugin""#), plugin);
    // And it is explained alike, but for where it came from.
    let explain = |more: &[&str]| {
        let ran =
            run(here.path(), &[&["explain", "privacy.unmasked_restricted_column", "--no-embedded"], more].concat());
        ran.stdout.lines().take(6).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(explain(&["--bundle", "rules"])[0], explain(&["--plugin", &twin])[0]);
}

#[test]
fn plugins_in_all_languages_judge_the_mesh() {
    let mut args = vec!["check", "examples/mesh", "--format", "json"];
    let python = wasm("sample-data");
    if Path::new(&python).exists() {
        args.extend(["--plugin", &python]);
    } else {
        println!("skipped in part: plugins/sample-data is not built here; `plugins/build sample-data` does");
    }
    let ran = run(&root(), &args);
    let report = ran.json();
    assert_eq!(report["summary"]["faults"], 0, "{report:#}");
    let said = rules(&report);
    for rule in ["naming.misspelt_term", "quality.sql_unknown_column", "privacy.unmasked_restricted_column"] {
        assert!(said.contains(&rule), "{rule}: {said:?}");
    }
    assert_eq!(run(&root(), &args).stdout, ran.stdout, "side by side, and in the same order each time");
}

#[test]
fn examples_of_every_plugin_pass() {
    for name in ["vocabulary", "unmasked", "quality-sql", "schedules", "sample-data"] {
        if !Path::new(&wasm(name)).exists() {
            println!("skipped in part: {name} is not built here");
            continue;
        }
        let ran = run(&root(), &["plugin", "test", &format!("plugins/{name}")]);
        assert!(ran.code == 0 && ran.stdout.contains(", 0 failed"), "{name}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn committed_components_are_those_of_their_digests() {
    for name in ["vocabulary", "unmasked", "quality-sql", "schedules"] {
        let path = root().join(format!("plugins/{name}/{name}.wasm"));
        let size = std::fs::metadata(&path).expect("a component").len();
        assert!(size < 2_000_000, "{name} has {size} bytes");
        let provenance = std::fs::read_to_string(path.with_extension("provenance.json")).expect("a provenance");
        let provenance: Value = serde_json::from_str(&provenance).expect("JSON");
        let seen = run(&root(), &["plugin", "inspect", &path.display().to_string(), "--format", "json"]).json();
        assert_eq!(provenance["digest"], seen["digest"], "{name} was built, and its provenance was not written");
    }
}

#[test]
fn a_component_is_inspected() {
    let seen = run(&root(), &["plugin", "inspect", &wasm("quality-sql"), "--format", "json"]).json();
    assert_eq!((seen["id"].as_str(), seen["version"].as_str()), (Some("quality-sql"), Some("0.1.0")));
    assert!(
        seen["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:") && digest.len() == 71),
        "{seen:#}"
    );
    assert!(
        seen["imports"].as_array().is_some_and(|imports| imports.iter().any(|i| i == "meshgate:plugin/host@0.1.0"))
    );
    assert_eq!(seen["capabilities"], Value::Array(Vec::new()));
    assert_eq!(seen["rules"][0]["id"], "quality.sql_unknown_column");
    assert_eq!(seen["settings_schema"]["type"], "object");
    let here = tempfile::tempdir().expect("a folder");
    let old =
        std::fs::read_to_string(root().join("crates/meshgate-plugin/tests/compat/plugin-0.1.0.wat")).expect("text");
    write(here.path(), "old.wasm", &wat::parse_str(old).expect("a component"));
    let seen = run(here.path(), &["plugin", "inspect", "old.wasm", "--format", "json"]).json();
    assert_eq!(seen["capabilities"], serde_json::json!(["files", "data", "clock", "random"]));
    let shown = run(here.path(), &["plugin", "inspect", "old.wasm"]).stdout;
    assert!(shown.contains("capabilities  files, data, clock, random") && shown.contains("hostile.test"), "{shown}");
}

#[test]
fn the_usual_mistakes_are_told() {
    let here = tempfile::tempdir().expect("a folder");
    let wasi = r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#;
    let newer = r#"(component (import "meshgate:plugin/host@0.9.0" (instance)))"#;
    for (name, bytes, said) in [
        ("core.wasm", wat::parse_str("(module)").expect("a module"), "is a core module, not a component"),
        (
            "empty.wasm",
            wat::parse_str("(component)").expect("a component"),
            "is not of the contract `meshgate:plugin@0.1.0`",
        ),
        ("wasi.wasm", wat::parse_str(wasi).expect("a component"), "plugins have no WASI"),
        ("newer.wasm", wat::parse_str(newer).expect("a component"), "this host knows the contract up to 0.1.0"),
        ("text.wasm", b"(component)".to_vec(), "is WebAssembly as text"),
        ("script.wasm", b"#!/bin/sh".to_vec(), "is not WebAssembly"),
    ] {
        write(here.path(), name, &bytes);
        for command in [&["plugin", "inspect", name][..], &["check", ".", "--plugin", name]] {
            let ran = run(here.path(), command);
            assert_eq!(ran.code, 2, "{command:?}: {}{}", ran.stdout, ran.stderr);
            assert!((ran.stderr + &ran.stdout).contains(said), "{command:?}");
        }
    }
    assert_eq!(run(here.path(), &["plugin", "inspect", "nowhere.wasm"]).code, 2);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_no_plugin() {
    let here = folder(&[("c.yaml", CONTRACT)]);
    std::os::unix::fs::symlink("/dev/zero", here.path().join("zero.wasm")).expect("a link");
    let ran = run(here.path(), &["check", "c.yaml", "--plugin", "zero.wasm"]);
    assert!(ran.code == 2 && ran.stdout.contains("it is not a regular file"), "{}", ran.stdout);
    assert_eq!(run(here.path(), &["plugin", "inspect", "zero.wasm"]).code, 2);
}

#[test]
fn a_plugin_is_run_with_what_it_is_given() {
    let here = folder(&[("c.yaml", CONTRACT), ("settings.yaml", "terms: [customer]\nclosed: true\n")]);
    let name = wasm("vocabulary");
    let ran = run(here.path(), &["plugin", "run", &name, "c.yaml"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("vocabulary: one call took"), "{}", ran.stderr);
    let contract = CONTRACT.replace("name: a\n", "name: zebra\n");
    write(here.path(), "z.yaml", contract.as_bytes());
    let args = ["plugin", "run", &name, "z.yaml", "--settings", "settings.yaml", "--format", "json"];
    assert_eq!(rules(&run(here.path(), &args).json()), ["naming.unknown_term"]);
    write(here.path(), "settings.yaml", b"term: []\n");
    let ran = run(here.path(), &args);
    assert!(ran.code == 2 && ran.stdout.contains("refuses its settings: unknown field `term`"), "{}", ran.stdout);
    write(here.path(), "trap.wasm", &plugin("(unreachable)"));
    let ran = run(here.path(), &["plugin", "run", "trap.wasm", "c.yaml"]);
    assert!(ran.code == 1 && ran.stdout.contains("fault[hostile]") && ran.stdout.contains("trap"), "{}", ran.stdout);
    write(here.path(), "loop.wasm", &plugin("(loop $l (br $l)) (unreachable)"));
    let ran = run(here.path(), &["plugin", "run", "loop.wasm", "c.yaml", "--deadline-ms", "50"]);
    assert!(ran.code == 1 && ran.stdout.contains("ran longer than 50 ms"), "{}", ran.stdout);
    for (grant, said) in [("network", "is no capability"), ("files:x", "names no folder"), ("data:", "no path of data")]
    {
        let ran = run(here.path(), &["plugin", "run", &name, "c.yaml", "--grant", grant]);
        assert!(
            ran.code == 2 && (ran.stderr.clone() + &ran.stdout).contains(said),
            "{grant}: {}{}",
            ran.stderr,
            ran.stdout
        );
    }
}

#[test]
fn examples_that_are_wrong_fail_and_folders_that_are_wrong_are_told() {
    let here = folder(&[("meshgate.yaml", "")]);
    let config =
        format!("version: 1\nplugins: [{{id: v, path: {}, settings: {{closed: true}}}}]\n", wasm("vocabulary"));
    write(here.path(), "meshgate.yaml", config.as_bytes());
    let test = || run(here.path(), &["plugin", "test", "."]);
    assert!(test().code == 2 && test().stderr.contains("has no examples"), "{}", test().stderr);
    write(here.path(), "examples/naming.unknown_term/fail_public.odcs.yaml", CONTRACT.as_bytes());
    let ran = test();
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("FAIL naming.unknown_term/fail_public.odcs.yaml: the rule is silent"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("FAIL naming.misspelt_term/pass_*: the rule has no example"), "{}", ran.stdout);
    write(here.path(), "examples/naming.unknown_term/pass_broken.odcs.yaml", b"a: [");
    assert!(test().stdout.contains("FAIL naming.unknown_term/pass_broken.odcs.yaml: "), "{}", test().stdout);
    let json = run(here.path(), &["plugin", "test", ".", "--format", "json"]).json();
    assert!(json["tests"].as_array().is_some_and(|tests| tests.iter().any(|test| test["passed"] == false)), "{json:#}");
    write(here.path(), "examples/naming.unknown_term/pass_nothing.yaml", b"a: 1\n");
    write(here.path(), "examples/naming.unknown_term/README.md", b"not an example");
    let said = test().stdout;
    assert!(said.contains("FAIL naming.unknown_term/pass_nothing.yaml: the file is no descriptor"), "{said}");
    // `run` gives it what the configuration beside it gives.
    let name = wasm("vocabulary");
    let here_too = folder(&[("z.yaml", &CONTRACT.replace("name: a\n", "name: zebra\n"))]);
    std::fs::copy(&name, here_too.path().join("v.wasm")).expect("a component");
    write(
        here_too.path(),
        "meshgate.yaml",
        b"version: 1\nplugins: [{id: v, path: v.wasm, settings: {closed: true}}]\n",
    );
    let ran = run(here_too.path(), &["plugin", "run", "v.wasm", "z.yaml", "--format", "json"]);
    assert_eq!(rules(&ran.json()), ["naming.unknown_term"], "{}", ran.stderr);
    assert!(ran.stderr.contains("with the settings and grants of `v`"), "{}", ran.stderr);
    write(here.path(), "examples/naming.unknown_term/other.yaml", CONTRACT.as_bytes());
    assert!(test().code == 2 && test().stderr.contains("neither `fail_…` nor `pass_…`"), "{}", test().stderr);
    std::fs::remove_file(here.path().join("examples/naming.unknown_term/other.yaml")).expect("a file");
    write(here.path(), "examples/naming.unknown/fail_x.yaml", CONTRACT.as_bytes());
    assert!(test().code == 2 && test().stderr.contains("is named for no rule of the plugin"), "{}", test().stderr);
}

#[test]
fn a_plugin_is_timed() {
    let here = folder(&[("c.yaml", CONTRACT)]);
    let args = ["plugin", "bench", &wasm("unmasked"), "c.yaml", "--millis", "50", "--format", "json"];
    let seen = run(here.path(), &args).json();
    assert!(seen["calls"].as_u64().is_some_and(|calls| calls >= 10), "{seen:#}");
    assert!(seen["p50_us"].as_f64() <= seen["p99_us"].as_f64(), "{seen:#}");
    write(here.path(), "trap.wasm", &plugin("(unreachable)"));
    let ran = run(here.path(), &["plugin", "bench", "trap.wasm", "c.yaml"]);
    assert!(ran.code == 2 && ran.stderr.contains("stopped itself"), "{}", ran.stderr);
}

#[test]
fn a_new_plugin_holds_all_that_it_needs_and_imports_only_what_was_asked_for() {
    let here = tempfile::tempdir().expect("a folder");
    for (lang, source) in [("rust", "src/lib.rs"), ("python", "app.py"), ("ts", "app.ts"), ("c", "plugin.c")] {
        let name = format!("my-{lang}");
        let ran = run(
            here.path(),
            &["plugin", "new", &name, "--lang", lang, "--capability", "files:words", "--capability", "data:org/terms"],
        );
        assert!(ran.code == 0 && ran.stdout.contains(&format!("{name}/{source}")), "{}{}", ran.stdout, ran.stderr);
        let made = here.path().join(&name);
        let read =
            |path: &str| std::fs::read_to_string(made.join(path)).unwrap_or_else(|e| panic!("{name}/{path}: {e}"));
        for path in [source, "README.md", "meshgate.yaml", "build", "sdk/toolchain.sh", "words/README.md"] {
            let marks = ["{{name}}", "{{rule}}", "{{source}}", "{{grants}}", "{{capabilit", "{{language}}", "{{world"];
            assert!(!marks.iter().any(|mark| read(path).contains(mark)), "{name}/{path} has a mark left");
        }
        assert!(read(source).contains("files:words"), "{name} asks for its capabilities");
        if lang == "python" || lang == "ts" {
            let world = read("wit/world.wit");
            assert!(world.contains("import meshgate:plugin/files@0.1.0;") && !world.contains("clock"), "{world}");
        }
        // The configuration is one that loads: what is missing is the component alone.
        let ran = run(here.path(), &["plugin", "test", &name]);
        assert!(ran.code == 2 && ran.stderr.contains(&format!("{name}.wasm: cannot be read")), "{}", ran.stderr);
        assert!(run(here.path(), &["plugin", "new", &name, "--lang", lang]).stderr.contains("is there already"));
    }
    let ran = run(here.path(), &["plugin", "new", "x", "--lang", "c", "--capability", "network"]);
    assert!(ran.code == 2 && ran.stderr.contains("`network` is no capability"), "{}", ran.stderr);
    assert_eq!(run(here.path(), &["plugin", "new", "../x", "--lang", "c"]).code, 2);
}

#[test]
fn capabilities_are_granted_by_the_configuration_alone() {
    let old =
        std::fs::read_to_string(root().join("crates/meshgate-plugin/tests/compat/plugin-0.1.0.wat")).expect("text");
    let here = folder(&[("c.yaml", CONTRACT), ("words/a.txt", "a"), ("b/data.yaml", "org: {x: 1}\n")]);
    write(here.path(), "old.wasm", &wat::parse_str(old).expect("a component"));
    let check = |capabilities: &str| {
        let config = format!(
            "version: 1\nembedded: false\nbundles: [{{name: b, path: b}}]\nplugins:\n- {{id: old, path: old.wasm{capabilities}}}\n"
        );
        write(here.path(), "meshgate.yaml", config.as_bytes());
        run(here.path(), &["check", "c.yaml"])
    };
    let ran = check("");
    let said = "imports `meshgate:plugin/files@0.1.0`, which it was not granted";
    assert!(ran.code == 2 && ran.stdout.contains(said), "{}", ran.stdout);
    let all = ", capabilities: {files: {w: words}, data: [org], clock: true, random: true}";
    let ran = check(all);
    assert!(ran.code == 0 && ran.stdout.contains("hostile.test"), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("is granted `files:w`, which it does not ask for"), "{}", ran.stderr);
    for (capabilities, said) in [
        (", capabilities: {network: true}", "unknown field `network`"),
        (", capabilities: {file: {w: words}}", "did you mean `files`"),
        (", capabilities: {files: {w: nowhere}}", "folder `w`"),
        (", capabilities: {files: {'a/b': words}}", "is no name of a folder"),
        (", capabilities: {data: ['']}", "is no path of data"),
        (", capabilities: {data: [org], clock: true}", said),
    ] {
        let ran = check(capabilities);
        let all = ran.stdout.clone() + &ran.stderr;
        assert!(ran.code == 2 && all.contains(said), "{capabilities}: {all}");
    }
}

#[cfg(unix)]
#[test]
fn compiled_code_is_kept_where_it_is_safe() {
    use std::os::unix::fs::PermissionsExt;
    let here = folder(&[("c.yaml", CONTRACT), ("home/x", "")]);
    write(here.path(), "p.wasm", &plugin("(i32.const 3072)"));
    let kept = |path: &str| std::fs::read_dir(here.path().join(path)).map_or(0, Iterator::count);
    let check = |cache: Option<&str>, ci: Option<&str>| {
        let mut command = meshgate(here.path());
        command.args(["check", "c.yaml", "--plugin", "p.wasm"]).env("HOME", here.path().join("home")).env_remove("CI");
        command.env_remove("XDG_CACHE_HOME").env_remove("MESHGATE_PLUGIN_CACHE");
        cache.map(|cache| command.env("MESHGATE_PLUGIN_CACHE", cache));
        ci.map(|ci| command.env("CI", ci));
        let output = command.output().expect("the program");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let usual = "home/.cache/meshgate/plugins";
    assert_eq!(check(None, Some("true")).0, Some(0));
    assert_eq!(kept(usual), 0, "not in CI");
    assert_eq!(check(Some("off"), None).0, Some(0));
    assert_eq!(kept(usual), 0, "not when it is off");
    assert_eq!(check(None, None).0, Some(0));
    assert_eq!(kept(usual), 2, "code and description");
    let relative = meshgate(here.path())
        .args(["check", "c.yaml", "--plugin", "p.wasm"])
        .env("HOME", ".")
        .env_remove("CI")
        .env_remove("XDG_CACHE_HOME")
        .env_remove("MESHGATE_PLUGIN_CACHE")
        .status();
    assert!(relative.expect("the program").success());
    assert_eq!(kept(".cache/meshgate/plugins"), 0, "not in the tree that is judged");
    assert_eq!(check(Some("mine"), Some("true")).0, Some(0));
    assert_eq!(kept("mine"), 2, "in CI when it is asked for");
    let all = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(here.path().join("mine"), all.clone()).expect("a mode");
    let (code, said) = check(Some("mine"), None);
    assert!(code == Some(2), "{said}");
    std::fs::set_permissions(here.path().join(usual), all).expect("a mode");
    let (code, said) = check(None, None);
    assert!(code == Some(0) && said.contains("plugins are compiled anew each time") && said.contains("0755"), "{said}");
}
