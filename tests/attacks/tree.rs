//! What a pull request may bring: links, pipes, archives, texts and names. The gate ends, says so, and writes nothing elsewhere.

use crate::support::{CONTRACT, folder, meshgate, run, write};
use serde_json::json;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RULE: &str = "# METADATA\n# title: t\n# custom:\n#   severity: error\npackage meshgate.rules.own.no\n\nimport rego.v1\n\n\
    findings contains {\"pointer\": \"\", \"message\": \"no\"}\n";

/// Runs a check that must end; returns code, text, seconds, and MiB at most.
fn bounded(folder: &Path, args: &[&str]) -> (i32, String, f64, u64) {
    let began = Instant::now();
    let mut child = meshgate(folder)
        .args(["check", "--format", "concise"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    // Standard input stays open: whoever reads it waits for ever.
    let held = child.stdin.take();
    let mut most = 0;
    let status = loop {
        if let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", child.id())) {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            most = most.max(line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0) >> 10);
        }
        if let Some(status) = child.try_wait().expect("a process") {
            break status;
        }
        if began.elapsed() > Duration::from_secs(60) {
            let _ = child.kill();
            panic!("{args:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    drop(held);
    let output = child.wait_with_output().expect("output");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (status.code().unwrap_or(-1), said, began.elapsed().as_secs_f64(), most)
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
}

#[test]
fn nothing_that_a_tree_names_is_read_from_a_device_a_pipe_or_a_link_that_leads_out() {
    let quiet = folder(&[("c.yaml", CONTRACT), ("root.yaml", "version: 1\n")]);
    let (code, _, _, least) = bounded(quiet.path(), &["--config", "root.yaml", "."]);
    assert_eq!(code, 0);
    for name in [
        ".gitignore",
        ".ignore",
        "meshgate.yaml",
        "sub/.gitignore",
        "policies/data.yaml",
        "policies/data.json",
        "policies/a.rego",
        "d.yaml",
        "policies/.clearance.json",
    ] {
        for target in ["/dev/zero", "/dev/stdin", "/dev/tty", "fifo", "/proc/self/mem"] {
            let here = folder(&[("c.yaml", CONTRACT), ("root.yaml", "version: 1\n"), ("sub/c.yaml", CONTRACT)]);
            write(
                here.path(),
                "p.odps.yaml",
                b"apiVersion: v1.0.0\nkind: DataProduct\nid: p\nname: p\nstatus: active\n",
            );
            let path = here.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            if name.starts_with("policies/") && name != "policies/a.rego" {
                write(here.path(), "policies/b.rego", RULE.as_bytes());
            }
            if target == "fifo" {
                fifo(&path)
            } else {
                symlink(target, &path).expect("a link")
            }
            let (code, said, took, most) = bounded(here.path(), &["--config", "root.yaml", "."]);
            assert!((0..=2).contains(&code) && took < 20.0, "{name} {target}: {code} {took} {said}");
            assert!(most < least * 2 + 50, "{name} {target}: {most} MiB, and {least} for a quiet run");
        }
    }
}

#[test]
fn what_a_configuration_names_is_no_pipe() {
    for line in [
        "waiver_files: [fifo]",
        "baseline: fifo",
        "bundles: [{ name: a, path: fifo }]",
        "extends: fifo",
        "plugins: [{ id: a.b, path: fifo }]",
    ] {
        let here = folder(&[("c.yaml", CONTRACT), ("meshgate.yaml", &format!("version: 1\n{line}\n"))]);
        fifo(&here.path().join("fifo"));
        let (code, said, ..) = bounded(here.path(), &["c.yaml"]);
        assert!(code == 2 && said.contains("fifo"), "{line}: {code} {said}");
    }
}

fn archive(folder: &Path, name: &str, script: &str) {
    let made = Command::new("sh").arg("-c").arg(script).current_dir(folder).status().expect("a shell");
    assert!(made.success() && folder.join(name).exists(), "{script}");
}

#[test]
fn an_archive_in_a_tree_takes_no_more_than_it_holds() {
    let quiet = folder(&[("c.yaml", CONTRACT), ("root.yaml", "version: 1\n")]);
    let (.., least) = bounded(quiet.path(), &["--config", "root.yaml", "."]);
    let here = folder(&[("root.yaml", "version: 1\n")]);
    for at in 0..4 {
        write(here.path(), &format!("d{at}/c.yaml"), CONTRACT.as_bytes());
        write(here.path(), &format!("d{at}/meshgate.yaml"), b"version: 1\nbundles: [{ name: x, path: bomb.tgz }]\n");
        write(here.path(), &format!("d{at}/a.rego"), RULE.as_bytes());
        archive(
            &here.path().join(format!("d{at}")),
            "bomb.tgz",
            "truncate -s 1G x.bin && truncate -s 300M data.json && tar czf bomb.tgz a.rego x.bin data.json && rm a.rego x.bin data.json",
        );
    }
    let (code, said, took, most) = bounded(here.path(), &["--config", "root.yaml", "."]);
    assert!(code != 0 && said.contains("bomb.tgz"), "{code} {said}");
    assert!(took < 40.0 && most < least * 3 + 100, "{took} s, {most} MiB, and {least} for a quiet run");
}

#[test]
fn texts_that_grow_are_refused_wherever_they_are_read() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs += &format!("a{level}: &a{level} [{below}]\n");
    }
    let quiet = folder(&[("c.yaml", CONTRACT)]);
    let (.., least) = bounded(quiet.path(), &["."]);
    let product = "apiVersion: v1.0.0\nkind: DataProduct\nid: p\nname: p\nstatus: active\n";
    let metadata =
        format!("# METADATA\n{}package x\n", laughs.lines().map(|line| format!("# {line}\n")).collect::<String>());
    for (name, text) in [
        ("policies/data.yaml", laughs.clone()),
        ("meshgate.yaml", format!("version: 1\n{laughs}")),
        ("policies/m.rego", metadata),
        ("d.yaml", format!("{CONTRACT}\n{laughs}")),
    ] {
        let here = folder(&[("p.odps.yaml", product), ("policies/a.rego", RULE), ("c.yaml", CONTRACT), (name, &text)]);
        let (code, said, took, most) = bounded(here.path(), &["."]);
        assert!(code != 0 && took < 20.0 && most < least * 2 + 100, "{name}: {code} {took} s {most} MiB {said}");
    }
}

#[test]
fn a_mesh_of_products_over_the_same_contracts_is_a_fault_and_no_wait() {
    let dense = |count: usize| {
        let here = folder(&[]);
        for at in 0..count {
            let ports: Vec<_> = (0..count)
                .map(|port| json!({"name": format!("o{port}"), "version": "1.0.0", "contractId": format!("c{port}")}))
                .collect();
            let product = json!({"apiVersion": "v1.0.0", "kind": "DataProduct", "id": format!("p{at}"), "name": "p",
                "version": "1.0.0", "status": "active", "outputPorts": ports});
            let columns: Vec<_> =
                (0..20).map(|column| json!({"name": format!("c{column}"), "logicalType": "string", "classification": "restricted"})).collect();
            let contract = json!({"apiVersion": "v3.1.0", "kind": "DataContract", "id": format!("c{at}"), "name": "n",
                "version": "1.0.0", "status": "active", "schema": [{"name": "t", "properties": columns}]});
            write(here.path(), &format!("p{at}.odps.json"), product.to_string().as_bytes());
            write(here.path(), &format!("c{at}.odcs.json"), contract.to_string().as_bytes());
        }
        here
    };
    let (small, large) = (dense(20), dense(150));
    let bytes = |folder: &Path| -> u64 {
        std::fs::read_dir(folder)
            .expect("a folder")
            .flatten()
            .map(|entry| entry.metadata().expect("a file").len())
            .sum()
    };
    // Reading, the mesh and the bound on what is joined: what rules take is the benchmark's.
    let args = ["--no-embedded", "--jobs", "1"];
    let (_, _, _, before) = bounded(small.path(), &args);
    let (code, said, _, after) = bounded(large.path(), &args);
    assert!(code != 0 && said.contains("check fewer products in one run"), "{said}");
    let times = bytes(large.path()) / bytes(small.path());
    let grown = (after as f64) / (before as f64);
    assert!(grown < times as f64, "{grown:.1} times the memory for {times} times the bytes");
    // The same mesh in parts is judged.
    let some: Vec<String> = (0..10).map(|at| format!("p{at}.odps.json")).collect();
    let args: Vec<&str> = args.iter().copied().chain(some.iter().map(String::as_str)).collect();
    assert!(!bounded(large.path(), &args).1.contains("fault["));
}

#[test]
fn a_git_below_hides_no_layer() {
    let here = folder(&[
        ("sales/meshgate.yaml", "version: 1\nbundles: [{ name: d, path: rules }]\n"),
        ("sales/rules/no.rego", RULE),
        ("sales/orders/c.yaml", CONTRACT),
        ("elsewhere/root.yaml", "version: 1\n"),
    ]);
    let config = here.path().join("elsewhere/root.yaml").display().to_string();
    let orders = here.path().join("sales/orders");
    for marker in [None, Some("sales/orders/.git"), Some("sales/.git"), Some("sales/orders/.git/HEAD")] {
        if let Some(marker) = marker {
            let _ = std::fs::remove_file(orders.join(".git"));
            write(here.path(), marker, b"gitdir: x\n");
        }
        for (at, args) in [
            (here.path(), vec!["--config", &config, "sales"]),
            (here.path(), vec!["--config", &config, "sales/orders"]),
            (here.path(), vec!["sales/orders"]),
            (orders.as_path(), vec!["."]),
        ] {
            let (code, said, ..) = bounded(at, &args);
            assert!(code == 1 && said.contains("own.no"), "{marker:?} {args:?}: {said}");
        }
    }
}

#[test]
fn no_tag_of_yaml_hides_what_a_descriptor_says() {
    let text = CONTRACT.to_owned() + "  - name: iban\n    classification: restricted\n";
    for (from, to) in [
        ("kind: DataContract", "kind: !!binary RGF0YUNvbnRyYWN0"),
        ("kind: DataContract", "!!binary a2luZA==: DataContract"),
        ("kind: DataContract", "kind: !!null DataContract"),
        ("kind: DataContract", "kind: !<tag:yaml.org,2002:binary> \"RGF0YUNv\\nbnRyYWN0\""),
        ("kind: DataContract", "kind: !!python/name:os.system DataContract"),
        ("classification: restricted", "classification: !!binary cmVzdHJpY3RlZA=="),
        ("classification: restricted", "!!binary Y2xhc3NpZmljYXRpb24=: !!binary |\n      cmVzdHJp\n      Y3RlZA=="),
        ("classification: restricted", "classification: !!null restricted"),
        ("classification: restricted", "classification: !x restricted"),
    ] {
        assert!(text.contains(from));
        let here = folder(&[("c.yaml", &text.replace(from, to))]);
        let (code, said, ..) = bounded(here.path(), &["c.yaml"]);
        assert!(code == 1 && said.contains("privacy.unmasked_restricted_column"), "{to}: {code} {said}");
    }
}

#[test]
fn no_command_writes_through_a_link_that_leads_out() {
    let outside = folder(&[("victim", "theirs"), ("RULE.md", "theirs")]);
    let here = folder(&[
        ("c.yaml", CONTRACT),
        ("rules/no.rego", RULE),
        (
            "rules/no_test.rego",
            "package meshgate.rules.own.no_test\n\nimport rego.v1\n\nimport data.meshgate.rules.own.no\n\ntest_it if count(no.findings) == 1\n",
        ),
    ]);
    let link = |name: &str, to: &str| {
        let _ = std::fs::remove_file(here.path().join(name));
        symlink(outside.path().join(to), here.path().join(name)).expect("a link");
    };
    for name in ["meshgate-baseline.json", "report.json", "rules/.clearance.json", "new.json"] {
        link(name, if name == "new.json" { "not-there" } else { "victim" });
    }
    for (args, name) in [
        (&["baseline"][..], "meshgate-baseline.json"),
        (&["baseline", "--output", "new.json"], "new.json"),
        (&["check", "--format", "json=report.json", "c.yaml"], "report.json"),
        (&["check", "--format", "sarif=./rules/../report.json", "c.yaml"], "report.json"),
        (&["test", "rules", "--clearance"], ".clearance.json"),
    ] {
        let ran = run(here.path(), args);
        assert!(ran.code == 2 && ran.stderr.contains("link"), "{args:?}: {} {}", ran.code, ran.stderr);
        assert!(ran.stderr.contains(name), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(std::fs::read_to_string(outside.path().join("victim")).expect("a file"), "theirs");
    assert!(!outside.path().join("not-there").exists());
    // Without the links they do their work.
    for name in ["meshgate-baseline.json", "report.json", "rules/.clearance.json"] {
        std::fs::remove_file(here.path().join(name)).expect("a link");
    }
    assert_eq!(run(here.path(), &["baseline"]).code, 0);
    assert_eq!(run(here.path(), &["test", "rules", "--clearance"]).code, 0);
}

#[test]
fn names_print_no_command() {
    let hostile =
        ["##[set-output name=verdict]allowed", "##vso[task.setvariable variable=A]x", "\u{1b}[2J", "\u{202e}x"];
    let mut text = CONTRACT.to_owned();
    for name in hostile {
        text += &format!("  - name: {}\n    classification: restricted\n", json!(name));
    }
    let rule = "# METADATA\n# title: \"t \\e[2J ##[error]x\"\n# related_resources:\n#   - \"https://x.example/\\e[2J\"\n# custom:\n\
        #   severity: error\n#   remedy: \"do\\n::stop-commands::tok\"\npackage meshgate.rules.own.no\n\nimport rego.v1\n\n\
        findings contains {\"pointer\": \"\", \"message\": \"a\\n::error::b\\u001b[31m\"}\n";
    let here = folder(&[("c.yaml", &text), ("rules/no.rego", rule)]);
    let odd = here.path().join("sub\n::set-output name=a::b\n");
    std::fs::create_dir(&odd).expect("a folder");
    std::fs::write(odd.join("meshgate.yaml"), "version: nothing\n").expect("a file");
    std::fs::write(odd.join("\u{1b}[2Jc.yaml"), &text).expect("a file");
    for args in [
        vec!["check", "--bundle", "rules", "."],
        vec!["check", "--bundle", "rules", ".", "--format", "concise"],
        vec!["check", "--bundle", "rules", ".", "--format", "tap"],
        vec!["check", "--bundle", "rules", ".", "--format", "markdown"],
        vec!["check", "--bundle", "rules", ".", "--format", "json"],
        vec!["check", "--bundle", "rules", ".", "--format", "sarif"],
        vec!["check", "--bundle", "rules", ".", "--format", "junit"],
        vec!["check", "--bundle", "rules", ".", "--format", "gitlab"],
        vec!["check", "--bundle", "rules", ".", "--format", "html"],
        vec!["explain", "own.no", "--bundle", "rules"],
        vec!["rules", "list", "--bundle", "rules"],
        vec!["show", "c.yaml"],
        vec!["lint", "rules"],
        vec!["eval", "data.meshgate.rules.own.no.findings", "--data", "rules"],
    ] {
        let ran = run(here.path(), &args);
        let said = [ran.stdout, ran.stderr].concat();
        assert!(!said.is_empty(), "{args:?}");
        for c in ['\u{1b}', '\u{202e}'] {
            assert!(!said.contains(c), "{args:?}: {said}");
        }
        let command = said.lines().find(|line| {
            let line = line.trim_start();
            line.contains("##[") || line.contains("##vso[") || (line.starts_with("::") && !line.starts_with(":::"))
        });
        assert_eq!(command, None, "{args:?}");
    }
}

#[test]
fn a_rule_that_cannot_look_has_not_passed() {
    let ask = "# METADATA\n# title: t\n# custom:\n#   severity: error\npackage meshgate.rules.own.no\n\nimport rego.v1\n\n\
        findings contains {\"pointer\": \"\", \"message\": \"no\"} if BODY\n";
    for body in [
        "{ r := http.send({\"method\": \"GET\", \"url\": \"http://localhost:1/x\"}); r.status_code == 200 }",
        "to_number(\"5_0\") > 5",
        "to_number(\"\u{665}\u{660}\") > 5",
        "time.parse_rfc3339_ns(\"yesterday\") > 0",
        "json.unmarshal(\"{\").a",
        "base64.decode(\"%\") == \"x\"",
        "io.jwt.decode(\"x\")[0].a",
    ] {
        let here = folder(&[
            ("c.yaml", CONTRACT),
            ("rules/no.rego", &ask.replace("BODY", body)),
            ("meshgate.yaml", "version: 1\nbundles: [{ name: o, path: rules }]\nhttp: { hosts: [localhost] }\n"),
        ]);
        let (code, said, ..) = bounded(here.path(), &["c.yaml"]);
        assert!(code != 0 && said.contains("fault[own.no]"), "{body}: {code} {said}");
    }
}
