//! Comparison: a revision of git, a folder, a file, a baseline. What is new is told from what was there.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use support::{CONTRACT, Ran, check, folder, rules, run, write};

fn git(folder: &Path, args: &[&str]) {
    let done = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "-c",
            "commit.gpgsign=false",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(args)
        .env_remove("GIT_DIR")
        .output()
        .expect("git");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn commit(folder: &Path) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "x"]);
}

fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let here = folder(files);
    git(here.path(), &["init", "-q"]);
    commit(here.path());
    here
}

fn contract(id: &str) -> String {
    CONTRACT.replace("id: c\n", &format!("id: {id}\n"))
}

/// With a restricted column that nobody masks.
fn unmasked(id: &str, column: &str) -> String {
    contract(id) + &format!("  - name: {column}\n    classification: restricted\n")
}

/// A rule that wants versions to grow when columns go.
const GROWS: &str = "# METADATA
# title: t
# custom:
#   severity: error
package meshgate.rules.versioning.grows

findings contains {\"pointer\": \"/version\", \"message\": sprintf(\"%s of %s lost %v\", [input.previous.contracts[0].id, input.previous.file, lost])} if {
\tlost := names(input.previous) - names(input)
\tcount(lost) > 0
\tinput.previous.contracts[0].version == input.contracts[0].version
\tnot input.previous.context
\tobject.get(input.previous, \"previous\", null) == null
}

names(of) := {column.name | some column in of.contracts[0].schema[0].columns}
";

#[test]
fn rules_see_the_version_before() {
    let here = repository(&[
        ("meshgate.yaml", "version: 1\nbundles: [{name: b, path: b}]\n"),
        ("b/grows.rego", GROWS),
        ("p/c.yaml", &contract("c")),
    ]);
    write(here.path(), "p/c.yaml", contract("c").replace("name: a", "name: b").as_bytes());
    write(here.path(), "p/new.yaml", contract("new").as_bytes());
    let ran = check(here.path(), &["--against", "main"]);
    assert_eq!((ran.code, rules(&ran.json())), (1, vec!["versioning.grows"]), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.json()["findings"][0]["message"], "c of p/c.yaml lost {\"a\"}");
    assert!(ran.stderr.contains("comparing with main ("), "{}", ran.stderr);
    assert_eq!(check(here.path(), &[]).code, 0);
    // From within, and by a file's name.
    assert_eq!(check(&here.path().join("p"), &["--against", "HEAD", "."]).code, 1);
    assert_eq!(check(&here.path().join("p"), &["--against", "HEAD", "c.yaml"]).code, 1);
    // A file that moved is known by its id.
    std::fs::rename(here.path().join("p/c.yaml"), here.path().join("moved.yaml")).unwrap();
    let ran = check(here.path(), &["--against", "main"]);
    assert_eq!(ran.json()["findings"][0]["file"], "moved.yaml", "{}", ran.stdout);
}

#[test]
fn folders_and_files_are_compared_too() {
    let here = folder(&[
        ("meshgate.yaml", "version: 1\nbundles: [{name: b, path: b}]\n"),
        ("b/grows.rego", GROWS),
        ("old/x/c.yaml", &contract("c")),
        ("new/x/c.yaml", &contract("c").replace("name: a", "name: b")),
        ("same/x/c.yaml", &contract("c")),
    ]);
    for (path, against, code) in [
        ("new", "old", 1),
        ("./new", "./old/", 1),
        ("same", "old", 0),
        ("new/x/c.yaml", "old/x/c.yaml", 1),
        ("new/x/c.yaml", "old/x", 1),
        ("new/x", "old/x", 1),
    ] {
        let ran = check(here.path(), &[path, "--against", against]);
        assert_eq!(ran.code, code, "{path} {against}: {}{}", ran.stdout, ran.stderr);
    }
    let ran = check(here.path(), &["new", "same", "--against", "old/x/c.yaml"]);
    assert!(ran.code == 2 && ran.stderr.contains("it stands for one file only"), "{}", ran.stderr);
}

#[test]
fn what_is_no_base_is_told() {
    let here = repository(&[("c.yaml", CONTRACT), ("main/d.yaml", CONTRACT)]);
    for (against, said) in [
        ("nowhere", "there is no revision `nowhere` here; if it is another branch, fetch it first"),
        ("--help", "a value is required"),
        ("-x", "unexpected argument"),
        ("main", "is a path and a revision of git: write `./main`"),
    ] {
        let ran = check(here.path(), &["--against", against, "c.yaml"]);
        assert_eq!(ran.code, 2, "{against}");
        assert!(ran.stderr.contains(said), "{against}: {}", ran.stderr);
    }
    let outside = folder(&[("c.yaml", CONTRACT)]);
    let ran = check(outside.path(), &["--against", "HEAD"]);
    assert!(ran.code == 2 && ran.stderr.contains("no revision of git"), "{}", ran.stderr);
    for flag in ["--new-only", "--changed"] {
        assert_eq!(check(here.path(), &[flag]).code, 2, "{flag}");
    }
}

#[test]
fn only_what_is_new_denies() {
    let here = repository(&[("c.yaml", &unmasked("c", "iban")), ("d.yaml", &unmasked("d", "tax_id"))]);
    let known = check(here.path(), &["--against", "main", "--new-only"]);
    assert_eq!(known.code, 0, "{}{}", known.stdout, known.stderr);
    let report = known.json();
    assert_eq!((&report["summary"]["errors"], &report["summary"]["waived"]), (&0.into(), &2.into()));
    assert_eq!(report["findings"][0]["waiver"]["kind"], "known");
    assert!(report["descriptors"].as_array().unwrap().iter().all(|one| one["verdict"] == "allow"));
    // Lines move, lists grow at their beginning: what was there is still known; one column more is not.
    let text = unmasked("c", "birth_date").replace(
        "schema:\n- name: t\n  properties:\n",
        "# a comment\nschema:\n- name: t\n  properties:\n  - name: first\n    classification: public\n",
    );
    write(here.path(), "c.yaml", (text + "  - name: iban\n    classification: restricted\n").as_bytes());
    let ran = check(here.path(), &["--against", "main", "--new-only"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    let report = ran.json();
    let new: Vec<&Value> = report["findings"].as_array().unwrap().iter().filter(|f| f["waiver"].is_null()).collect();
    assert_eq!(new.len(), 1, "{report:#}");
    assert!(new[0]["message"].as_str().unwrap().contains("`birth_date`"));
    let text = run(here.path(), &["check", "--against", "main"]);
    assert_eq!(text.code, 1);
    assert_eq!(text.stdout.matches("= note: new: it is not in what is compared with").count(), 1, "{}", text.stdout);
    // A second descriptor that calls itself like an old one is new, and so are its findings.
    write(here.path(), "e.yaml", unmasked("d", "tax_id").as_bytes());
    write(here.path(), "c.yaml", unmasked("c", "iban").as_bytes());
    assert_eq!(check(here.path(), &["--against", "main", "--new-only"]).code, 1);
    // But a file may move.
    std::fs::rename(here.path().join("d.yaml"), here.path().join("e.yaml")).unwrap();
    assert_eq!(check(here.path(), &["--against", "main", "--new-only"]).code, 0);
    // What cannot be read is never known.
    write(here.path(), "bad.yaml", b"kind: DataContract\n  x: [");
    commit(here.path());
    assert_eq!(check(here.path(), &["--against", "HEAD", "--new-only"]).code, 1);
}

#[test]
fn a_baseline_lets_an_old_estate_begin() {
    let here = folder(&[("meshgate.yaml", "version: 1\n"), ("c.yaml", &unmasked("c", "iban"))]);
    let ran = run(here.path(), &["baseline"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("wrote 1 finding to meshgate-baseline.json"), "{}", ran.stderr);
    write(here.path(), "meshgate.yaml", b"version: 1\nbaseline: meshgate-baseline.json\n");
    let ran = run(here.path(), &["check"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("= known: it is in meshgate-baseline.json"), "{}", ran.stdout);
    write(here.path(), "d.yaml", unmasked("d", "tax_id").as_bytes());
    assert_eq!(run(here.path(), &["check"]).code, 1);
    // Written again, what was known stays, and what is new is added.
    assert!(run(here.path(), &["baseline"]).stderr.contains("wrote 2 findings"));
    assert_eq!(run(here.path(), &["check"]).code, 0);
    write(here.path(), "bad.yaml", b"kind: DataContract\n  x: [");
    assert_eq!(run(here.path(), &["check"]).code, 1);
    write(here.path(), "meshgate-baseline.json", b"{\"version\": 1}");
    let ran = run(here.path(), &["check"]);
    assert!(ran.code == 2 && ran.stdout.contains("is no baseline"), "{}", ran.stdout);
    // What was not judged is in no baseline.
    let broken = folder(&[("b/x.rego", "package x\n\ny := "), ("c.yaml", CONTRACT)]);
    let ran = run(broken.path(), &["baseline", "--bundle", "b"]);
    assert!(ran.code == 2 && !broken.path().join("meshgate-baseline.json").exists(), "{}", ran.stderr);
}

/// The files that a run judged.
fn judged(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let all = report["descriptors"].as_array().expect("descriptors");
    all.iter().map(|one| one["file"].as_str().expect("a file").to_owned()).collect()
}

#[test]
fn only_what_changed_and_what_depends_on_it_is_judged() {
    let product = |id: &str, reads: &str, offers: &str| {
        format!(
            "apiVersion: v1.0.0\nkind: DataProduct\nid: {id}\nname: {id}\nversion: 1.0.0\nstatus: active\nteam: {{name: t}}\n\
             inputPorts: [{{name: in, version: 1.0.0, contractId: {reads}}}]\noutputPorts: [{{name: out, version: 1.0.0, contractId: {offers}}}]\n"
        )
    };
    let files = [
        ("meshgate.yaml", "version: 1\nbundles: [{name: b, path: b}]\n".to_owned()),
        ("b/x.rego", "package x\n\ny := 1\n".to_owned()),
        ("a/p.yaml", product("a", "raw", "orders")),
        ("a/orders.yaml", contract("orders")),
        ("b2/p.yaml", product("b", "orders", "invoices")),
        ("b2/invoices.yaml", contract("invoices")),
        ("z/alone.yaml", contract("alone")),
        ("z/policies/own.rego", "package z\n\ny := 1\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let here = repository(&files);
    let changed = || check(here.path(), &["--against", "HEAD", "--changed"]);
    let ran = changed();
    assert_eq!((ran.code, judged(&ran).len()), (0, 0), "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stderr.contains("0 descriptors changed or depend on what changed; 5 files are left out"),
        "{}",
        ran.stderr
    );
    let touch = |file: &str, text: &str| {
        write(here.path(), file, text.as_bytes());
        let files = judged(&changed());
        git(here.path(), &["checkout", "-q", "--", "."]);
        files
    };
    assert_eq!(touch("z/alone.yaml", &(contract("alone") + "# x\n")), ["z/alone.yaml"]);
    // A contract, the product that offers it, and the one that reads it.
    assert_eq!(touch("a/orders.yaml", &(contract("orders") + "# x\n")), ["a/orders.yaml", "a/p.yaml", "b2/p.yaml"]);
    // A product's own rules; the root's rules and configuration.
    assert_eq!(touch("z/policies/own.rego", "package z\n\ny := 2\n"), ["z/alone.yaml"]);
    assert_eq!(touch("b/x.rego", "package x\n\ny := 2\n").len(), 5);
    assert_eq!(touch("meshgate.yaml", "version: 1\nbundles: [{name: b, path: b}]\n# x\n").len(), 5);
    // What a configuration in the tree names.
    write(here.path(), "b2/meshgate.yaml", b"version: 1\nwaiver_files: [w.yaml]\n");
    write(here.path(), "b2/w.yaml", b"version: 1\nwaivers: []\n");
    commit(here.path());
    assert_eq!(touch("b2/w.yaml", "version: 1\nwaivers: []\n# x\n"), ["b2/invoices.yaml", "b2/p.yaml"]);
    git(here.path(), &["rm", "-q", "b2/meshgate.yaml", "b2/w.yaml"]);
    commit(here.path());
    // Rules and configurations that come and go.
    write(here.path(), "a/policies/new.rego", b"package a\n\ny := 1\n");
    assert_eq!(judged(&changed()), ["a/orders.yaml", "a/p.yaml", "b2/p.yaml"]);
    std::fs::remove_dir_all(here.path().join("a/policies")).unwrap();
    write(here.path(), "b2/meshgate.yaml", b"version: 1\n");
    assert_eq!(judged(&changed()), ["b2/invoices.yaml", "b2/p.yaml"]);
    std::fs::remove_file(here.path().join("b2/meshgate.yaml")).unwrap();
    std::fs::remove_dir_all(here.path().join("z/policies")).unwrap();
    assert_eq!(judged(&changed()), ["z/alone.yaml"]);
    git(here.path(), &["checkout", "-q", "--", "."]);
    // A contract that is gone is missed by those who name it.
    std::fs::remove_file(here.path().join("a/orders.yaml")).unwrap();
    assert_eq!(judged(&changed()), ["a/p.yaml", "b2/p.yaml"]);
    git(here.path(), &["checkout", "-q", "--", "."]);
    // A file that git does not know is new.
    write(here.path(), "z/new.yaml", contract("new").as_bytes());
    assert_eq!(judged(&changed()), ["z/new.yaml"]);
}

#[cfg(unix)]
#[test]
fn nothing_that_was_hidden_is_known_and_nothing_that_is_shown_is_unchanged() {
    let text = unmasked("evil", "iban");
    let here = repository(&[
        ("meshgate.yaml", "version: 1\n"),
        ("s/notes.txt", &text),
        ("s/policies/own.rego", "package s\n\ny := 1\n"),
        ("s/policies/examples/fail_1.yaml", &text),
        (
            "s/p.yaml",
            &contract("p").replace("slaProperties", "description: {purpose: {$ref: gone.json}}\nslaProperties"),
        ),
        ("s/gone.json", "\"x\""),
    ]);
    // A link to what was no descriptor.
    std::os::unix::fs::symlink("notes.txt", here.path().join("s/evil.yaml")).unwrap();
    let ran = check(here.path(), &["--against", "HEAD", "--changed"]);
    assert_eq!((ran.code, judged(&ran)), (1, vec!["s/evil.yaml".to_owned()]), "{}", ran.stderr);
    assert!(ran.stderr.contains("1 file is an example of rules, and not judged"), "{}", ran.stderr);
    std::fs::remove_file(here.path().join("s/evil.yaml")).unwrap();
    // An example that becomes a descriptor.
    git(here.path(), &["mv", "s/policies/examples/fail_1.yaml", "s/evil.yaml"]);
    assert_eq!(check(here.path(), &["--against", "HEAD", "--new-only"]).code, 1);
    git(here.path(), &["reset", "-q", "--hard"]);
    // A file that was ignored.
    write(here.path(), "s/.gitignore", b"hidden.yaml\n");
    write(here.path(), "s/hidden.yaml", text.as_bytes());
    git(here.path(), &["add", "-f", "s/.gitignore", "s/hidden.yaml"]);
    commit(here.path());
    std::fs::remove_file(here.path().join("s/.gitignore")).unwrap();
    assert!(judged(&check(here.path(), &["--against", "HEAD", "--changed"])).contains(&"s/hidden.yaml".to_owned()));
    assert_eq!(check(here.path(), &["--against", "HEAD", "--new-only"]).code, 1);
}

#[test]
fn a_name_that_is_several_revisions_is_none() {
    let here = repository(&[("c.yaml", CONTRACT)]);
    git(here.path(), &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    assert_eq!(check(here.path(), &["--against", "origin/main"]).code, 0);
    git(here.path(), &["tag", "origin/main"]);
    let ran = check(here.path(), &["--against", "origin/main"]);
    assert!(
        ran.code == 2 && ran.stderr.contains("there are refs/tags/origin/main and refs/remotes/origin/main"),
        "{}",
        ran.stderr
    );
    assert_eq!(check(here.path(), &["--against", "refs/remotes/origin/main"]).code, 0);
    git(here.path(), &["tag", "-d", "origin/main"]);
    write(here.path(), "origin/main/c.yaml", CONTRACT.as_bytes());
    let ran = check(here.path(), &["c.yaml", "--against", "origin/main"]);
    assert!(ran.code == 2 && ran.stderr.contains("is a path and a revision of git"), "{}", ran.stderr);
}

/// Whoever may write into the tree, or into a copy of a repository, must not make the gate run anything.
#[test]
fn no_repository_makes_git_run_a_command() {
    let ran = |here: &Path, args: &[&str]| {
        let marker = here.join("ran");
        let ran = check(here, args);
        assert!(!marker.exists(), "git ran a command: {}", ran.stderr);
        ran
    };
    // Objects that are missing are not asked for from a remote.
    let here = repository(&[("c.yaml", &unmasked("c", "iban"))]);
    let marker = here.path().join("ran");
    for (key, value) in [
        ("core.repositoryformatversion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", here.path().to_str().unwrap()),
        ("remote.origin.uploadpack", &*format!("touch {};", marker.display())),
        ("core.fsmonitor", &*format!("touch {}", marker.display())),
        ("core.sshCommand", &*format!("touch {}", marker.display())),
    ] {
        git(here.path(), &["config", key, value]);
    }
    let id =
        Command::new("git").arg("-C").arg(here.path()).args(["rev-parse", "HEAD:c.yaml"]).output().expect("git").stdout;
    let id = String::from_utf8(id).unwrap().trim().to_owned();
    std::fs::remove_file(here.path().join(".git/objects").join(&id[..2]).join(&id[2..])).expect("an object");
    assert_ne!(ran(here.path(), &["--against", "HEAD", "--new-only"]).code, 0);
    assert_ne!(ran(here.path(), &["--against", "HEAD", "--changed"]).code, 0);
    // A folder that is made to look like a repository is none.
    let here = repository(&[("sub/c.yaml", CONTRACT)]);
    let sub = here.path().join("sub");
    git(&sub, &["init", "-q", "--bare", "inner"]);
    for entry in std::fs::read_dir(sub.join("inner")).unwrap().flatten() {
        std::fs::rename(entry.path(), sub.join(entry.file_name())).unwrap();
    }
    let config =
        format!("[core]\n\tbare = true\n\tfsmonitor = touch {0}\n\tworktree = ..\n", sub.join("ran").display());
    write(&sub, "config", config.as_bytes());
    ran(&sub, &["--against", "HEAD"]);
}
