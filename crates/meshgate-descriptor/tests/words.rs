//! What schema findings say, and where they point: golden pairs of a document and its violations.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::limits::ReadLimits;
use meshgate_descriptor::{Extract, Focus, NoFiles, Recognised, Violation, check_schema, join, read, recognise};
use std::sync::Arc;

/// What is said of a document: pointer, underlined text, message, help.
fn said(text: &str) -> Vec<[String; 4]> {
    let parsed = read("t.yaml", text.as_bytes(), &ReadLimits::default());
    assert_eq!(parsed.diagnostics, []);
    let document = parsed.documents.into_iter().next().unwrap();
    let Recognised::Known(format) = recognise(&document) else { panic!("{:?}", recognise(&document)) };
    let limits = ReadLimits::default();
    let (descriptor, _) = join("t.yaml", document.clone(), format, &NoFiles, &limits, Arc::new(Extract::default()));
    let check = check_schema(&descriptor).unwrap();
    let one = |violation: &Violation| {
        let span = match &violation.focus {
            Focus::Pointer => document.span(&violation.pointer),
            Focus::Value(pointer) => document.span(pointer),
            Focus::Key(pointer) => document.key_span(pointer),
        };
        let help = violation.help.clone().unwrap_or_default();
        [violation.pointer.to_string(), span.slice(text).to_owned(), violation.message.clone(), help]
    };
    check.violations.iter().chain(&check.misspelt).map(one).collect()
}

fn assert_said(text: &str, expected: &[[&str; 4]]) {
    let said = said(text);
    let said: Vec<[&str; 4]> = said.iter().map(|row| [&*row[0], &*row[1], &*row[2], &*row[3]]).collect();
    assert_eq!(said, expected, "{text}");
}

const ODCS: &str = "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\n";
const DPDS: &str = "dataProductDescriptor: 1.0.0\ninfo: {fullyQualifiedName: f, name: n, version: 1.0.0, domain: d, owner: {id: o}}\n\
    interfaceComponents:\n  outputPorts:\n";

#[test]
fn what_is_missing_is_named_with_what_it_should_be() {
    assert_said(
        "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\n",
        &[["", "apiVersion", "the document has no `status`", "add `status`: text"]],
    );
    assert_said(
        &format!("{ODCS}servers: [{{server: s, type: postgres, host: h, port: 1, database: d}}]\n"),
        &[["/servers/0", "server", "`servers[0]` has no `schema`", "add `schema`: text"]],
    );
    assert_said(
        &format!("{DPDS}  - name: p\n"),
        &[["/interfaceComponents/outputPorts/0", "p", "`outputPorts[0]` has no `version`", "add `version`: text"]],
    );
}

#[test]
fn what_is_wrong_is_told_with_the_way_out() {
    assert_said(
        &format!(
            "{ODCS}schema:\n- name: t\n  properties:\n  - name: a\n    logicalType: strin\n    required: 'true'\n    primaryKeyPosition: '1'\n"
        ),
        &[
            [
                "/schema/0/properties/0/logicalType",
                "strin",
                "`logicalType` expects one of string, date, timestamp, time, number, integer, object, array, boolean, found `strin`",
                "did you mean `string`?",
            ],
            [
                "/schema/0/properties/0/required",
                "'true'",
                "`required` expects true or false, found the text `true`",
                "write it without quotes",
            ],
            [
                "/schema/0/properties/0/primaryKeyPosition",
                "'1'",
                "`primaryKeyPosition` expects a whole number, found the text `1`",
                "write it without quotes",
            ],
        ],
    );
    assert_said(
        &ODCS.replace("1.0.0", "1.0"),
        &[["/version", "1.0", "`version` expects text, found the number `1.0`", "write it in quotes: \"1.0\""]],
    );
    assert_said(
        &format!("{ODCS}tags: {{a: b}}\n"),
        &[[
            "/tags",
            "tags",
            "`tags` expects a list, found a map",
            "begin each element with `- ` (in JSON, put them in brackets)",
        ]],
    );
}

#[test]
fn strangers_are_told_with_where_they_belong() {
    assert_said(
        &format!("{ODCS}sevrers: []\nextra: 1\n"),
        &[
            ["", "sevrers", "the document has no key `sevrers` in this standard", "did you mean `servers`?"],
            [
                "",
                "extra",
                "the document has no key `extra` in this standard",
                "move it to `customProperties`: {property: extra, value: …}",
            ],
        ],
    );
    assert_said(
        &format!("{ODCS}servers: [{{server: s, type: kafka, host: h, database: d}}]\n"),
        &[[
            "/servers/0",
            "database",
            "`servers[0]` cannot have `database` as it is",
            "`database` goes with `type: clickhouse` or `cloudsql` or `custom` or `db2` or `denodo` or `duckdb` or `glue` or \
             `hive` or `impala` or `informix` or `mysql` or `postgres` or `postgresql` or `redshift` or `snowflake` or \
             `sqlserver` or `synapse` or `vertica` or `zen`",
        ]],
    );
    assert_said(
        &format!("{DPDS}  - name: p\n    version: 1.0.0\n    promises: {{servceType: x, x-own: 1, own: 2}}\n"),
        &[[
            "/interfaceComponents/outputPorts/0/promises/servceType",
            "servceType",
            "`servceType` is no key of the standard, and has no effect",
            "did you mean `servicesType`?",
        ]],
    );
}

#[test]
fn a_quality_rule_says_what_it_lacks() {
    assert_said(
        &format!("{ODCS}schema: [{{name: t, quality: [{{type: sql, query: q}}]}}]\n"),
        &[[
            "/schema/0/quality/0",
            "type",
            "`quality[0]` needs one of `mustBe`, `mustNotBe`, `mustBeGreaterThan`, `mustBeGreaterOrEqualTo`, `mustBeLessThan`, \
             `mustBeLessOrEqualTo`, `mustBeBetween`, `mustNotBeBetween`",
            "",
        ]],
    );
}
