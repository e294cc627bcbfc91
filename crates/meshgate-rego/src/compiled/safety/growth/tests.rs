//! What grows by being put into itself, and what does not.

use crate::{Bundle, Module, Options};

fn refused(body: &str) -> Option<String> {
    let module = Module { file: "x.rego".to_owned(), text: format!("package x\n\n{body}\n") };
    let loaded = Bundle::load_plain(&[module], Options::default());
    loaded.err().map(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn tower(height: usize, step: &str) -> String {
    let lines: Vec<String> =
        (1..height).map(|at| step.replace("NOW", &format!("x{at}")).replace("THEN", &format!("x{}", at - 1))).collect();
    lines.join("\n\t")
}

#[test]
fn towers_are_refused_however_they_are_built() {
    let body = |step: &str| format!("p if {{\n\tx0 := [1]\n\t{}\n\tx44 == input.z\n}}", tower(45, step));
    for step in [
        "NOW := [THEN, THEN]",
        "NOW = [THEN, THEN]",
        "[THEN, THEN] = NOW",
        "NOW := {\"a\": THEN, \"b\": [THEN]}",
        "NOW := array.concat(THEN, THEN)",
        "NOW := object.union({\"a\": THEN}, {\"b\": THEN})",
        "NOW := {[THEN, 1], [THEN, 2]}",
        "NOW := [y | some y in [THEN, THEN]]",
        "some NOW in [[THEN, THEN]]",
        "NOW := f(THEN)",
        "[NOW] = [[THEN, THEN]]",
        "{\"a\": NOW} = {\"a\": [THEN, THEN]}",
        "NOW = qNOW\n\tNOW = [THEN, THEN]",
        "wNOW = [0, THEN]\n\t[iNOW, jNOW] = wNOW\n\tNOW = [jNOW, jNOW]",
        "NOW := [THEN | some _ in input.xs]",
    ] {
        let text = format!("f(x) := [x, x]\n\n{}", body(step));
        let said = refused(&text).unwrap_or_else(|| panic!("{step} is loaded"));
        assert!(said.contains("parts"), "{step}: {said}");
    }
    // In another order, as rules, as functions of functions, and through the input.
    let mut lines: Vec<String> = (1..45).map(|at| format!("x{at} = [x{}, x{}]", at - 1, at - 1)).collect();
    lines.reverse();
    assert!(refused(&format!("p if {{\n\tx0 = 1\n\t{}\n}}", lines.join("\n\t"))).is_some());
    let rules: String = (1..45).map(|at| format!("r{at} := [r{}, r{}]\n", at - 1, at - 1)).collect();
    assert!(refused(&format!("r0 := [1]\n{rules}")).is_some());
    let functions: String = (1..45).map(|at| format!("f{at}(x) := f{}([x, x])\n", at - 1)).collect();
    assert!(refused(&format!("f0(x) := x\n{functions}\np := f44(1)")).is_some());
    let inputs: String = (1..45).map(|at| format!("i{at} if i{} with input as [input, input]\n", at - 1)).collect();
    assert!(refused(&format!("i0 if input == input\n{inputs}\nq := [input]\n")).is_some());
}

#[test]
fn what_is_not_put_into_itself_again_is_loaded() {
    for text in [
        "p contains x if { some x in input.xs }\nq := {\"all\": p, \"again\": p, \"n\": count(p)}",
        "names := [c.name | some c in input.columns]\nrows contains {\"name\": n, \"all\": names} if some n in names\n\
         report := {\"rows\": rows, \"names\": names}",
        "f(x) := {\"a\": x, \"b\": x}\np := f(f(f(input)))",
        "p := sprintf(\"%s %s %s\", [a, a, b]) if { a := concat(\",\", [input.x, input.x]); b := upper(a) }",
        "p if { x := input.a; y := [x, x]; z := [y, y]; z != [] }",
        "p contains r if { data.q[i][j] = 2; r = [i, j]; arr = [r, i]; arr[_] = [x, 2] }",
        "a := [x | some e in input.xs; x := {\"n\": e.n}]\nb := [y | some x in a; y := {\"x\": x}]\n\
         c := [z | some y in b; z := {\"y\": y}]\nd := {e | some z in c; e := {\"z\": z}}\np := {\"d\": d, \"c\": c}",
        "f(c) := {\"a\": c, \"b\": 1}\na := [f(c) | some c in input.xs]\nb := [f(x) | some x in a]\nd := [f(x) | some x in b]",
    ] {
        assert_eq!(refused(text), None, "{text}");
    }
}
