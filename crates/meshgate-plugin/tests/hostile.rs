//! Hostile plugins: each gives a typed fault within its bound, and a healthy plugin beside it goes on.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::evaluate::{EvaluationInput, Evaluator};
use meshgate_core::fault::FaultKind;
use meshgate_core::limits::EvaluationLimits;
use meshgate_plugin::{Host, Plugin};
use serde_json::json;
use std::time::Duration;

const TEMPLATE: &str = include_str!("hostile/plugin.wat");
const HEALTHY: &str = "(i32.const 3072)";

fn limits() -> EvaluationLimits {
    EvaluationLimits {
        plugin_deadline: Duration::from_millis(100),
        plugin_memory_bytes_max: 4 << 20,
        output_bytes_max: 64 << 10,
        findings_max: 100,
        ..EvaluationLimits::default()
    }
}

fn component(import: &str, declare: &str, evaluate: &str) -> Vec<u8> {
    let text =
        TEMPLATE.replace("    ;;DECLARE", declare).replace("      ;;EVALUATE", evaluate).replace("  ;;IMPORT", import);
    wat::parse_str(text).expect("the test's own text")
}

fn load(host: &Host, bytes: &[u8]) -> Result<Plugin, String> {
    Plugin::load(host, "hostile.wasm", bytes, "{}", limits()).map_err(|error| error.to_string())
}

fn refused(bytes: &[u8]) -> String {
    load(&Host::new().unwrap(), bytes).expect_err("to be refused")
}

/// Runs a hostile plugin, and a healthy one beside and after it.
fn fault(declare: &str, evaluate: &str) -> (FaultKind, String) {
    let host = Host::new().unwrap();
    let healthy = load(&host, &component("", "", HEALTHY)).unwrap();
    let hostile = load(&host, &component("", declare, evaluate)).unwrap();
    let input = EvaluationInput::new("f.yaml", "data-contract", json!({"a": 1}));
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
    let host = Host::new().unwrap();
    let plugin = load(&host, &component("", "", HEALTHY)).unwrap();
    assert_eq!((plugin.id(), plugin.version(), plugin.rules().len()), ("hostile", "0.1.0", 1));
    let said = plugin.evaluate(&EvaluationInput::new("f.yaml", "data-contract", json!({})));
    assert_eq!(said.remarks[0].message, "a message");
}

#[test]
fn hostile_endless_loop() {
    assert_eq!(fault("", "(loop $l (br $l)) (unreachable)"), (FaultKind::Deadline, "ran longer than 100 ms".into()));
}

#[test]
fn hostile_memory() {
    let body = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)";
    assert_eq!(fault("", body), (FaultKind::Memory, "asked for more memory than the 4 MiB it may have".into()));
}

#[test]
fn hostile_memory_refused_and_survived() {
    assert_eq!(fault("", "(drop (memory.grow (i32.const 1000))) (i32.const 3072)").0, FaultKind::Memory);
}

#[test]
fn hostile_many_tables() {
    let declare = "(table $t 60000 funcref) (table $u 60000 funcref)";
    assert!(refused(&component("", declare, HEALTHY)).contains("asked for more memory"));
}

#[test]
fn hostile_table() {
    let declare = "(table $t 1 funcref)";
    let body = "(drop (table.grow $t (ref.null func) (i32.const 100000000))) (unreachable)";
    assert_eq!(fault(declare, body).0, FaultKind::Memory);
}

#[test]
fn hostile_recursion() {
    let declare = "(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))";
    assert_eq!(fault(declare, "(call $deep (i32.const 0))").0, FaultKind::Stack);
}

#[test]
fn hostile_trap() {
    let (kind, message) = fault("", "(unreachable)");
    assert_eq!(kind, FaultKind::Trap);
    assert!(message.contains("unreachable"), "{message}");
}

#[test]
fn hostile_invalid_utf8() {
    // The message's pointer now shows three bytes that are no text.
    let body =
        "(i32.store (i32.const 4112) (i32.const 1088)) (i32.store (i32.const 4116) (i32.const 3)) (i32.const 3072)";
    let (kind, message) = fault("", body);
    assert_eq!(kind, FaultKind::BadOutput, "{message}");
}

#[test]
fn hostile_huge_message() {
    let body = "(i32.store (i32.const 4112) (i32.const 1024)) (i32.store (i32.const 4116) (i32.const 900000)) (i32.const 3072)";
    assert_eq!(fault("", body), (FaultKind::BadOutput, "returned more than 65536 bytes".into()));
}

#[test]
fn hostile_million_findings() {
    // A list of a million findings that all lie in the same few pages would be 56 MB: the length alone says so.
    let body = "(i32.store (i32.const 3080) (i32.const 1000000)) (i32.const 3072)";
    assert_eq!(fault("", body).0, FaultKind::BadOutput);
}

#[test]
fn hostile_pointer_out_of_memory() {
    let body = "(i32.store (i32.const 3076) (i32.const 2000000000)) (i32.const 3072)";
    assert_eq!(fault("", body).0, FaultKind::BadOutput);
}

#[test]
fn hostile_undeclared_rule() {
    let (kind, message) = fault("", "(i32.store8 (i32.const 1024) (i32.const 120)) (i32.const 3072)");
    assert_eq!(kind, FaultKind::BadOutput);
    assert!(message.contains("xostile.test"), "{message}");
}

#[test]
fn hostile_start_function_loops() {
    let said = refused(&component("", "(func $s (loop $l (br $l))) (start $s)", HEALTHY));
    assert!(said.contains("`describe` failed: ran longer than 100 ms"), "{said}");
}

#[test]
fn hostile_foreign_import() {
    let said = refused(&component("(import \"wasi:cli/environment@0.2.0\" (instance))", "", HEALTHY));
    assert!(said.contains("imports `wasi:cli/environment@0.2.0`") && said.contains("no WASI"), "{said}");
    let said = refused(&component("(import \"meshgate:plugin/files@0.1.0\" (instance))", "", HEALTHY));
    assert!(said.contains("imports `meshgate:plugin/files@0.1.0`"), "{said}");
}

#[test]
fn hostile_not_a_plugin() {
    assert!(refused(b"#!/bin/sh").contains("is not WebAssembly"));
    assert!(refused(&wat::parse_str("(module)").unwrap()).contains("is a core module, not a component"));
    let said = refused(&wat::parse_str("(component)").unwrap());
    assert!(said.contains("is not of the world `meshgate:plugin@0.1.0`"), "{said}");
    assert!(refused(b"\0asm\x0d\0\x01\0garbage").contains("cannot be compiled"));
}
