//! The standards through the program: references and the jail around them, schema findings and their weight, contracts by
//! id, the mesh, names for extraction, documents as they are.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use support::{CONTRACT, folder, root, rules, run, shared};

const DPDS: &str = "dataProductDescriptor: 1.0.0\ninfo: {fullyQualifiedName: 'urn:x', name: n, version: 1.0.0, domain: d, owner: {id: o}}\n\
    interfaceComponents:\n  outputPorts:\n";
const PORT: &str = "name: p\nversion: 1.0.0\npromises:\n  slo: {name: s, version: 1.0.0, specification: x, definition: {availability: 1}}\n  \
    api:\n    name: a\n    version: 1.0.0\n    specification: datastoreapi\n    definition:\n      schema:\n        tables:\n        \
    - name: t\n          definition:\n            columns:\n            - name: c\n              classification: restricted\n";

fn check(folder: &Path, args: &[&str]) -> (i32, Value) {
    let ran = run(folder, &[&["check", "--format", "json"], args].concat());
    (ran.code, ran.json())
}

/// Rule, file and pointer of each finding.
fn places(report: &Value) -> Vec<[&str; 3]> {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().map(|f| ["rule", "file", "pointer"].map(|key| f[key].as_str().expect("text"))).collect()
}

#[test]
fn every_descriptor_of_the_corpus_has_its_format_and_its_official_verdict() {
    let Some(shared) = shared() else { return };
    let index: Vec<Value> =
        serde_json::from_slice(&std::fs::read(shared.join("descriptors/index.json")).expect("an index")).expect("JSON");
    let (_, report) = check(&shared.join("descriptors"), &["dcs", "dpds", "odcs", "odps", "odps-lf", "witboost"]);
    assert_eq!(report["faults"], json!([]));
    for entry in &index {
        let path = entry["path"].as_str().expect("a path");
        let of_file = |d: &&Value| d["file"] == path;
        let Some(descriptor) = report["descriptors"].as_array().expect("descriptors").iter().find(of_file) else {
            panic!("{path} is not in the report")
        };
        if entry["parses"] == true {
            let verdict = entry["schema_valid"].as_bool().map(|valid| if valid { "valid" } else { "invalid" });
            assert_eq!((&descriptor["format"], descriptor["schema"].as_str()), (&entry["format"], verdict), "{path}");
        } else {
            assert_eq!(descriptor["verdict"], "deny", "{path}");
        }
    }
}

#[test]
fn a_finding_in_another_file_is_reported_there() {
    let here = folder(&[("d/dp.yaml", &format!("{DPDS}  - $ref: ports/p.yaml\n")), ("d/ports/p.yaml", PORT)]);
    let (code, report) = check(here.path(), &["d"]);
    let column = "/promises/api/definition/schema/tables/0/definition/columns/0/classification";
    assert_eq!((code, places(&report)), (1, vec![["privacy.unmasked_restricted_column", "d/ports/p.yaml", column]]));
    assert_eq!(report["findings"][0]["span"]["start"], json!({"line": 16, "column": 31}));
    assert_eq!(report["descriptors"][0]["verdict"], "deny");
    let text = run(here.path(), &["check", "d"]).stdout;
    assert!(text.contains("d/ports/p.yaml:16:31") && text.contains("classification: restricted"), "{text}");
    let shown = run(here.path(), &["show", "d/dp.yaml"]).stdout;
    assert!(shown.contains("@ d/ports/p.yaml#/promises/api"), "{shown}");
}

#[cfg(target_os = "linux")]
#[test]
fn references_stay_within_the_folders_that_are_checked() {
    let secret = folder(&[("secret.yaml", PORT)]);
    let absolute = secret.path().join("secret.yaml");
    let up = format!("../../{}/secret.yaml", secret.path().file_name().and_then(|name| name.to_str()).expect("a name"));
    for reference in [
        absolute.to_str().expect("UTF-8"),
        &up,
        "link.yaml",
        "/etc/passwd",
        "../../../../../../etc/passwd",
        "/dev/zero",
        "dir",
    ] {
        let here = folder(&[("d/dp.yaml", &format!("{DPDS}  - $ref: '{reference}'\n")), ("d/dir/x.txt", "")]);
        std::os::unix::fs::symlink(&absolute, here.path().join("d/link.yaml")).expect("a link");
        let (code, report) = check(here.path(), &["d/dp.yaml"]);
        assert_eq!((code, rules(&report)), (1, vec!["read.unresolved_reference"]), "{reference}");
        assert!(!report.to_string().contains("restricted"), "{reference}");
    }
    // The folder that holds both may be checked.
    let both = folder(&[("d/dp.yaml", &format!("{DPDS}  - $ref: ../ports/p.yaml\n")), ("ports/p.yaml", PORT)]);
    assert_eq!(rules(&check(both.path(), &["d"]).1), ["read.unresolved_reference"]);
    assert_eq!(rules(&check(both.path(), &["."]).1), ["privacy.unmasked_restricted_column"]);
    // A file alone stands for its own folder, or for the nearest above that is marked as a whole.
    assert_eq!(rules(&check(both.path(), &["d/dp.yaml"]).1), ["read.unresolved_reference"]);
    std::fs::create_dir(both.path().join(".git")).expect("a folder");
    assert_eq!(rules(&check(both.path(), &["d/dp.yaml"]).1), ["privacy.unmasked_restricted_column"]);
    // Links within the tree are files of it, links out of it are not; what is no file is not waited for.
    let here = folder(&[("t/c.yaml", CONTRACT)]);
    std::os::unix::fs::symlink(&absolute, here.path().join("t/out.yaml")).expect("a link");
    std::os::unix::fs::symlink("/dev/zero", here.path().join("t/zero.yaml")).expect("a link");
    std::os::unix::fs::symlink("c.yaml", here.path().join("t/in.yaml")).expect("a link");
    assert!(
        std::process::Command::new("mkfifo").arg(here.path().join("t/pipe.yaml")).status().expect("mkfifo").success()
    );
    let (code, report) = check(here.path(), &["t"]);
    assert_eq!((code, rules(&report)), (1, vec!["read.unreadable"; 3]));
    assert_eq!(report["summary"]["descriptors"], 5);
}

#[test]
fn an_absolute_path_leads_to_the_same_places() {
    let here = folder(&[("d/dp.yaml", &format!("{DPDS}  - $ref: 'ports/p#1.yaml'\n")), ("d/ports/p#1.yaml", PORT)]);
    // `#` begins a fragment: that file cannot be named, and this is said.
    assert_eq!(rules(&check(here.path(), &["d"]).1), ["read.unresolved_reference"]);
    let here = folder(&[("d/dp.yaml", &format!("{DPDS}  - $ref: ports/p.yaml\n")), ("d/ports/p.yaml", PORT)]);
    let absolute = here.path().canonicalize().expect("a path").join("d");
    let (_, report) = check(here.path(), &[absolute.to_str().expect("UTF-8")]);
    let [place] = places(&report).try_into().expect("one finding");
    assert_eq!(place[1], absolute.join("ports/p.yaml").to_str().expect("UTF-8"));
    assert_eq!(place[2], "/promises/api/definition/schema/tables/0/definition/columns/0/classification");
}

#[test]
fn hosts_are_asked_only_when_they_are_allowed() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = server.local_addr().expect("an address").to_string();
    let asked = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for stream in server.incoming() {
            let mut stream = stream.expect("a connection");
            let mut bytes = [0; 1024];
            let read = stream.read(&mut bytes).expect("a request");
            let line = String::from_utf8_lossy(&bytes[..read]).lines().next().unwrap_or_default().to_owned();
            let answer = if line.contains("/p.yaml") {
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{PORT}", PORT.len())
            } else {
                "HTTP/1.1 302 Found\r\nLocation: /p.yaml\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
            };
            stream.write_all(answer.as_bytes()).expect("an answer");
            asked.push(line);
            if asked.len() == 2 {
                break;
            }
        }
        asked
    });
    let here = folder(&[
        ("dp.yaml", &format!("{DPDS}  - $ref: http://{host}/p.yaml\n")),
        ("moved.yaml", &format!("{DPDS}  - $ref: http://{host}/moved.yaml\n")),
    ]);
    let (_, report) = check(here.path(), &["dp.yaml"]);
    assert_eq!(rules(&report), ["read.unresolved_reference"]);
    assert!(report["findings"][0]["help"].as_str().expect("help").contains(&format!("--allow-host {host}")));
    let (_, report) = check(here.path(), &["dp.yaml", "--allow-host", &host]);
    assert_eq!(rules(&report), ["privacy.unmasked_restricted_column"]);
    assert_eq!(report["findings"][0]["file"], format!("http://{host}/p.yaml"));
    let (_, report) = check(here.path(), &["moved.yaml", "--allow-host", &host]);
    assert_eq!(rules(&report), ["read.unresolved_reference"], "redirects lead to hosts that nobody allowed");
    assert_eq!(asked.join().expect("a server").len(), 2, "nothing was asked before the host was allowed");
}

#[test]
fn the_configuration_weighs_schema_findings() {
    let wrong = CONTRACT.replace("status: active\n", "");
    for (setting, code, severity) in [
        ("", 1, Some("error")),
        ("schema: {odcs: warning}\n", 0, Some("warning")),
        ("schema: {odcs: info}\n", 0, Some("info")),
        ("schema: {odcs: 'off'}\n", 0, None),
    ] {
        let here = folder(&[("c.yaml", &wrong), ("meshgate.yaml", &format!("version: 1\n{setting}"))]);
        let (found, report) = check(here.path(), &["c.yaml"]);
        assert_eq!((found, report["findings"][0]["severity"].as_str()), (code, severity), "{setting}");
        assert_eq!(report["descriptors"][0]["schema"], "invalid", "the verdict is told whatever it weighs");
    }
    let here = folder(&[("c.yaml", CONTRACT), ("meshgate.yaml", "version: 1\nschema: {odsc: error}\n")]);
    let ran = run(here.path(), &["check", "c.yaml"]);
    assert!(
        ran.code == 2 && ran.stderr.contains("meshgate.yaml:2:") && ran.stderr.contains("did you mean `odcs`"),
        "{}",
        ran.stderr
    );
    // The schema is judged without any rule.
    let here = folder(&[("c.yaml", CONTRACT), ("w.yaml", "kind: dataproduct\nid: urn:dmb:dp:d:n:1\n")]);
    assert_eq!(check(here.path(), &["c.yaml", "--no-embedded"]).0, 0);
    assert_eq!(check(here.path(), &["w.yaml", "--no-embedded"]).0, 2, "nothing looks at a format without a schema");
}

#[test]
fn teams_write_classifications_where_the_configuration_says() {
    let contract = CONTRACT.replace(
        "    classification: public\n",
        "    customProperties: [{property: governance, value: {level: Restricted}}]\n",
    );
    let here = folder(&[("c.yaml", &contract)]);
    assert_eq!(check(here.path(), &["c.yaml"]).0, 0);
    let here = folder(&[
        ("c.yaml", &contract),
        ("meshgate.yaml", "version: 1\nextract: {classification: [governance.level]}\n"),
    ]);
    let (code, report) = check(here.path(), &["c.yaml"]);
    assert_eq!((code, rules(&report)), (1, vec!["privacy.unmasked_restricted_column"]));
    let shown = run(here.path(), &["show", "c.yaml"]).stdout;
    assert!(shown.contains("classification restricted"), "{shown}");
}

const MESH_RULE: &str = "# METADATA\n# title: Dangling\n# custom:\n#   severity: error\npackage meshgate.rules.mesh.dangling\n\n\
    findings contains {\"pointer\": d.pointer, \"message\": sprintf(\"`%s` is nowhere\", [d.reference])} if {\n\
    \tinput.mesh.complete\n\tsome d in input.mesh.dangling\n\td.file == input.file\n}\n";

fn product(id: &str, input: &str, output: &str) -> String {
    format!(
        "apiVersion: v1.0.0\nkind: DataProduct\nid: {id}\nname: {id}\nversion: 1.0.0\nstatus: active\nteam: {{name: t}}\n\
         inputPorts: [{{name: i, version: 1.0.0, contractId: {input}}}]\noutputPorts: [{{name: o, version: 1.0.0, contractId: {output}}}]\n"
    )
}

#[test]
fn rules_see_the_mesh_and_argue_from_absence_only_when_it_is_whole() {
    let here = folder(&[
        ("a.yaml", &product("a", "lost", "c")),
        ("c.yaml", CONTRACT),
        ("rules/dangling/dangling.rego", MESH_RULE),
        ("whole/meshgate.yaml", "version: 1\nmesh: complete\n"),
    ]);
    let args = ["--bundle", "rules", "."];
    assert_eq!(check(here.path(), &args).0, 0, "what is not seen may still be there");
    for more in [&["--mesh"][..], &["--config", "whole/meshgate.yaml"]] {
        let (code, report) = check(here.path(), &[&args, more].concat());
        assert_eq!((code, places(&report)), (1, vec![["mesh.dangling", "a.yaml", "/inputPorts/0"]]));
    }
    let shown = run(here.path(), &["show", "a.yaml", "--format", "json"]).json();
    assert_eq!(shown["mesh"]["products"][0]["id"], "a");
    assert_eq!(shown["mesh"]["complete"], false);
}

#[test]
fn a_product_answers_for_the_contracts_of_its_output_ports() {
    let restricted = CONTRACT.replace("classification: public", "classification: restricted");
    let here = folder(&[
        ("p.yaml", &product("p", "up", "c")),
        ("c.yaml", &restricted),
        ("up.yaml", &restricted.replace("id: c\n", "id: up\n")),
    ]);
    let (_, report) = check(here.path(), &["p.yaml", "c.yaml"]);
    assert_eq!(places(&report).len(), 1, "one place, though two descriptors lead to it");
    assert_eq!(places(&report)[0][1], "c.yaml");
    let verdicts: Vec<&str> =
        report["descriptors"].as_array().expect("descriptors").iter().filter_map(|d| d["verdict"].as_str()).collect();
    assert_eq!(verdicts, ["deny", "deny"]);
    let (_, report) = check(here.path(), &["p.yaml", "up.yaml"]);
    let of_product = report["descriptors"].as_array().expect("descriptors").iter().find(|d| d["file"] == "p.yaml");
    assert_eq!(of_product.expect("the product")["verdict"], "allow", "what it reads is its provider's to answer for");
}

#[test]
fn a_bundle_may_want_documents_as_they_are() {
    let rule = "# METADATA\n# title: No latest\n# custom:\n#   severity: error\npackage meshgate.rules.pod.latest\n\n\
        findings contains {\"pointer\": \"/image\", \"message\": \"latest\"} if endswith(input.image, \":latest\")\n";
    let here = folder(&[
        ("pods/a.yaml", "kind: Pod\nimage: x:latest\n"),
        ("pods/b.yaml", "kind: Pod\nimage: x:1\n"),
        ("raw/.manifest", "{\"revision\": \"1\", \"input\": \"raw\"}"),
        ("raw/latest/latest.rego", rule),
    ]);
    let (code, report) = check(here.path(), &["pods", "--bundle", "raw", "--no-embedded"]);
    assert_eq!((code, places(&report)), (1, vec![["pod.latest", "pods/a.yaml", "/image"]]));
    assert_eq!(report["descriptors"][1]["format"], "generic");
    // Beside a descriptor's own rules, and without the manifest, the same files are foreign.
    assert_eq!(check(here.path(), &["pods", "--no-embedded"]).0, 2);
    let wrong = folder(&[("a.yaml", CONTRACT), ("raw/.manifest", "{\"input\": \"rawr\"}"), ("raw/l.rego", rule)]);
    let ran = run(wrong.path(), &["check", "a.yaml", "--bundle", "raw"]);
    assert!(ran.code == 2 && ran.stdout.contains("`input` is neither `raw` nor `model`"), "{}", ran.stdout);
}

#[test]
fn what_meshgate_itself_remarks_is_explained() {
    for (id, word) in [
        ("schema.unknown_key", "customProperties"),
        ("read.circular_reference", "circle"),
        ("reference.remote", "--allow-host"),
    ] {
        let ran = run(&root(), &["explain", id]);
        assert!(ran.code == 0 && ran.stdout.contains(word), "{}", ran.stdout);
    }
}
