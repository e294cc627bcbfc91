//! New findings that would pass for known ones: names that imitate a path, copies, further documents, twins; and findings
//! that stay known whatever we call them and wherever they move.

use crate::support::{CONTRACT, Ran, check, folder, run, write};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

fn git(folder: &Path, args: &[&str]) {
    let done = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
        .args(args)
        .env_remove("GIT_DIR")
        .output()
        .expect("git");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A contract with one finding: `birth_date`, unmasked, within the column `a` of `customers`.
fn nested(extra: Option<Value>, id: &str) -> String {
    let secret = json!({"name": "birth_date", "logicalType": "date", "classification": "restricted"});
    let a = json!({"name": "a", "logicalType": "object", "classification": "internal", "properties": [secret]});
    let mut tables = vec![json!({"name": "customers", "physicalName": "customers", "properties": [a]})];
    tables.extend(extra);
    json!({"apiVersion": "v3.0.2", "kind": "DataContract", "id": id, "name": id, "version": "1.0.0", "status": "active",
        "schema": tables})
    .to_string()
}

/// In a repository, and beside a baseline: both know what there is now.
fn known(files: &[(&str, &str)]) -> tempfile::TempDir {
    let here = folder(files);
    git(here.path(), &["init", "-q", "-b", "main"]);
    git(here.path(), &["add", "-A"]);
    git(here.path(), &["commit", "-q", "-m", "x"]);
    let ran = run(here.path(), &["baseline", "--output", "base.json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let configured = "version: 1\nbaseline: base.json\n";
    write(here.path(), "noted.yaml", configured.as_bytes());
    here
}

/// Against the branch, and by the baseline: how many findings deny.
fn denied(here: &Path) -> [usize; 2] {
    let count = |ran: Ran| {
        let report = ran.json();
        let open = report["findings"].as_array().expect("findings").iter();
        let open = open.filter(|finding| finding["waiver"].is_null() && finding["severity"] == "error").count();
        assert_eq!((ran.code == 1, report["verdict"] == "deny"), (open > 0, open > 0), "{report}");
        open
    };
    let against = ["--against", "main", "--new-only"];
    [count(check(here, &against)), count(check(here, &["--config", "noted.yaml"]))]
}

#[test]
fn a_name_that_imitates_a_path_is_no_old_acquaintance() {
    let here = known(&[("c.odcs.json", &nested(None, "c"))]);
    assert_eq!(denied(here.path()), [0, 0]);
    let secret = json!({"name": "birth_date", "logicalType": "date", "classification": "restricted"});
    for name in ["customers]/properties/[name=a", "customers\u{0}a", "customers/properties/a", "a"] {
        let table = json!({"name": name, "physicalName": "t", "properties": [secret]});
        write(here.path(), "c.odcs.json", nested(Some(table), "c").as_bytes());
        assert_eq!(denied(here.path()), [1, 1], "{name:?}");
    }
}

#[test]
fn what_moved_is_known_once_and_its_copies_are_new() {
    let here = known(&[("c.odcs.json", &nested(None, "c"))]);
    git(here.path(), &["mv", "c.odcs.json", "d1.odcs.json"]);
    assert_eq!(denied(here.path()), [0, 0]);
    let other = nested(None, "c").replace("\"physicalName\":\"customers\"", "\"physicalName\":\"other\"");
    write(here.path(), "d2.odcs.json", other.as_bytes());
    write(here.path(), "d3.odcs.json", nested(None, "c").as_bytes());
    assert_eq!(denied(here.path()), [2, 2]);
    // The one that stayed where it was is the old one, whatever lies before it.
    git(here.path(), &["mv", "d1.odcs.json", "c.odcs.json"]);
    write(here.path(), "a.odcs.json", other.as_bytes());
    let ran = check(here.path(), &["--against", "main", "--new-only"]).json();
    let old: Vec<&str> = ran["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| !finding["waiver"].is_null())
        .filter_map(|finding| finding["file"].as_str())
        .collect();
    assert_eq!((denied(here.path()), old.iter().all(|file| *file == "c.odcs.json")), ([3, 3], true));
}

#[test]
fn a_second_document_with_the_same_id_is_new() {
    let one = CONTRACT.to_owned() + "  - name: iban\n    classification: restricted\n";
    let here = known(&[("c.yaml", &one)]);
    let two = format!("{one}---\n{}", one.replace("version: 1.0.0", "version: 1.0.1"));
    write(here.path(), "c.yaml", two.as_bytes());
    assert_eq!(denied(here.path()), [1, 1]);
}

#[test]
fn a_second_twin_is_new() {
    let column = "  - name: iban\n    classification: restricted\n";
    let one = CONTRACT.to_owned() + column;
    let here = known(&[("c.yaml", &one)]);
    write(here.path(), "c.yaml", (one.clone() + column).as_bytes());
    let denied = denied(here.path());
    assert!(denied.iter().all(|count| *count >= 1), "{denied:?}");
}

/// A rule of somebody's, with words and perhaps a key.
fn rule(words: &str, key: &str) -> String {
    format!(
        "# METADATA\n# title: t\n# custom:\n#   severity: error\n#   applies_to: [data-contract]\npackage meshgate.rules.own.words\n\n\
         import rego.v1\n\nfindings contains {{\"pointer\": \"/schema\", \"message\": sprintf(\"{words} %s\", [n]){key}}} if some n in [\"a\", \"b\"]\n"
    )
}

#[test]
fn words_are_no_identity_where_there_is_a_key() {
    let config = "version: 1\nembedded: false\nbundles: [{ name: own, path: own }]\n";
    let noted = "version: 1\nembedded: false\nbundles: [{ name: own, path: own }]\nbaseline: base.json\n";
    for (key, known) in [(", \"key\": n", true), (", \"key\": [n, {\"of\": 1}]", true), ("", false)] {
        let here =
            folder(&[("c.yaml", CONTRACT), ("meshgate.yaml", config), ("own/words.rego", &rule("one says", key))]);
        assert_eq!(run(here.path(), &["baseline", "--output", "base.json"]).code, 0);
        write(here.path(), "meshgate.yaml", noted.as_bytes());
        assert_eq!(check(here.path(), &[]).code, 0, "{key}");
        write(here.path(), "own/words.rego", rule("somebody else says", key).as_bytes());
        let ran = check(here.path(), &[]);
        assert_eq!(ran.code, i32::from(!known), "{key}: {}", ran.stdout);
        // A third is new all the same.
        let third = rule("one says", key).replace("[\"a\", \"b\"]", "[\"a\", \"b\", \"c\"]");
        write(here.path(), "own/words.rego", third.as_bytes());
        let ran = check(here.path(), &[]).json();
        let new = ran["findings"].as_array().expect("findings").iter().filter(|one| one["waiver"].is_null());
        assert_eq!(new.map(|one| &one["message"]).collect::<Vec<_>>(), [&json!("one says c")], "{key}");
    }
}

#[test]
fn a_baseline_of_the_first_edition_is_read() {
    let text = CONTRACT.to_owned() + "  - name: iban\n    classification: restricted\n";
    let here = known(&[("c.yaml", &text)]);
    let written: Value =
        serde_json::from_slice(&std::fs::read(here.path().join("base.json")).expect("a file")).expect("JSON");
    assert_eq!(written["version"], 2);
    let old: Vec<Value> = written["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|entry| {
            json!({"file": entry["file"], "rule": entry["rule"], "message": entry["message"],
            "fingerprint": entry["fingerprint_v1"]})
        })
        .collect();
    assert_ne!(old[0]["fingerprint"], written["findings"][0]["fingerprint"]);
    write(here.path(), "base.json", json!({"version": 1, "findings": old}).to_string().as_bytes());
    assert_eq!(denied(here.path()), [0, 0]);
    write(here.path(), "d.yaml", text.as_bytes());
    assert_eq!(denied(here.path()), [1, 1]);
    write(here.path(), "base.json", json!({"version": 3, "findings": []}).to_string().as_bytes());
    let ran = check(here.path(), &["--config", "noted.yaml"]);
    assert!(ran.code == 2 && ran.stdout.contains("has the version 3"), "{}{}", ran.stdout, ran.stderr);
}

/// Copies the library, with other words in every message.
fn reworded(to: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let mut changed = 0;
    let mut open = vec![from.clone()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = path.strip_prefix(&from).expect("within").display().to_string();
            if path.is_dir() {
                open.push(path);
            } else if name.ends_with(".rego") && !name.ends_with("_test.rego") {
                let text = std::fs::read_to_string(&path).expect("a text");
                let new = text.replace("\"message\": sprintf(\"", "\"message\": sprintf(\"in other words: ");
                changed += usize::from(new != text);
                write(to, &format!("policies/{name}"), new.as_bytes());
            } else if name.ends_with(".json") && !name.contains("examples") && !name.starts_with('.') {
                write(to, &format!("policies/{name}"), &std::fs::read(&path).expect("a file"));
            }
        }
    }
    assert!(changed > 60, "{changed}");
}

#[test]
fn other_words_and_other_places_of_ours_make_nothing_new() {
    let here = folder(&[]);
    reworded(here.path());
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let mut files = 0;
    let mut open = vec![examples];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = path.display().to_string();
            if path.is_dir() {
                open.push(path);
            } else if name.contains("/examples/") && (name.ends_with(".yaml") || name.ends_with(".yml")) {
                files += 1;
                let text = std::fs::read_to_string(&path).expect("a text");
                write(here.path(), &format!("old/{files}.yaml"), text.as_bytes());
                write(here.path(), &format!("new/{files}.yaml"), format!("# A line more.\n\n{text}").as_bytes());
            }
        }
    }
    assert!(files > 100, "{files}");
    let profiles = "profiles: [starter, baseline, strict, gdpr, production]";
    let bundle = "embedded: false\nbundles: [{ name: library, path: policies }]";
    write(here.path(), "old.yaml", format!("version: 1\n{profiles}\n").as_bytes());
    write(here.path(), "meshgate.yaml", format!("version: 1\n{bundle}\n{profiles}\n").as_bytes());
    let found = |folder: &str, args: &[&str]| -> Vec<(String, String, String)> {
        let inner = here.path().join(folder);
        let all = [&["check", ".", "--format", "gitlab"], args].concat();
        let issues = run(&inner, &all).json();
        let of = |issue: &Value, key: &str| issue[key].as_str().unwrap_or_default().to_owned();
        let mut prints: Vec<_> = issues
            .as_array()
            .expect("a list")
            .iter()
            .map(|issue| {
                let file = issue["location"]["path"].as_str().unwrap_or_default().to_owned();
                (file, of(issue, "check_name"), of(issue, "fingerprint"))
            })
            .collect();
        prints.sort();
        prints
    };
    let (old, new) = (found("old", &["--config", "../old.yaml"]), found("new", &["--config", "../meshgate.yaml"]));
    assert!(old.len() > 400, "{}", old.len());
    let differ: Vec<_> = old.iter().filter(|one| !new.contains(one)).take(5).collect();
    assert!(differ.is_empty() && old.len() == new.len(), "{} {} {differ:#?}", old.len(), new.len());
}
