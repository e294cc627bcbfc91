//! Patterns of objects. `{"a": x} := input` takes an object apart that has the one key `a`, and no other; regorus takes larger
//! ones, too. So the object is counted: `v := input; is_object(v); count(v) == 1; {"a": x} := v`.
//!
//! Deliberately absent: objects without variables, which regorus compares whole.

use crate::index;
use crate::lexical::Page;
use crate::rewrite::Names;
use crate::syntax::{self, Node};
use crate::text::{Edit, Piece};
use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt, Module, Ref, Rule, RuleHead};
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// What a name begins with that stands for an object which was counted.
const COUNTED: &str = "__object_";

/// Returns the edits of the outermost patterns; those within them are another round's.
pub fn edits(module: &Module, text: &str, names: &Names) -> Vec<Edit> {
    let late = OnceCell::new();
    let page = || late.get_or_init(|| Page::new(text));
    let mut edits = Vec::new();
    for (at, rule) in module.policy.iter().enumerate() {
        let mut known = index::locals(rule);
        known.extend(names.all());
        below(syntax::parts(rule), &known, &page, &mut edits);
        if let Rule::Spec { head: RuleHead::Func { args, .. }, .. } = rule.as_ref() {
            let objects: Vec<&Ref<Expr>> = args.iter().flat_map(|argument| outermost(argument)).collect();
            if !objects.is_empty() {
                let end = module.policy.get(at + 1).map_or(text.len(), |next| syntax::range(next.span()).start);
                edits.extend(arguments(rule, &objects, page(), end).into_iter().flatten());
            }
        }
    }
    edits
}

/// The same, of the statements below some nodes; `known` are names of variables
/// that are declared, of rules and of imports: others may be given a value by a unification.
pub fn below<'p, 't: 'p>(
    nodes: Vec<Node<'_>>,
    known: &BTreeSet<String>,
    page: &dyn Fn() -> &'p Page<'t>,
    edits: &mut Vec<Edit>,
) {
    syntax::visit(nodes, |node| {
        if let Node::Statement(statement) = node
            && let Some((objects, assigns)) = patterns(statement, known)
        {
            edits.extend(counted(statement, &objects, assigns, page()).into_iter().flatten());
        }
        true
    });
}

/// The outermost objects with variables of a pattern.
fn outermost(pattern: &Ref<Expr>) -> Vec<&Ref<Expr>> {
    let mut found = Vec::new();
    syntax::visit(vec![Node::Expr(pattern)], |node| {
        let Node::Expr(expr) = node else { return false };
        match expr.as_ref() {
            Expr::Object { .. } => {
                let mut names = BTreeSet::new();
                index::variables(expr, &mut names);
                if !names.is_empty() {
                    found.push(expr);
                }
                false
            }
            Expr::Array { .. } => true,
            _ => false,
        }
    });
    found
}

/// The objects that a statement takes apart, and whether it declares their variables.
fn patterns<'a>(statement: &'a LiteralStmt, known: &BTreeSet<String>) -> Option<(Vec<&'a Ref<Expr>>, bool)> {
    let is_counted = |expr: &Expr| matches!(expr, Expr::Var { span, .. } if span.text().starts_with(COUNTED));
    // What was counted is not counted again; what is within it is.
    let within = |expr: &'a Ref<Expr>| -> Vec<&'a Ref<Expr>> {
        match expr.as_ref() {
            Expr::Object { fields, .. } => fields.iter().flat_map(|(_, _, value)| outermost(value)).collect(),
            _ => outermost(expr),
        }
    };
    let (objects, assigns) = match &statement.literal {
        Literal::Expr { expr, .. } => {
            let Expr::AssignExpr { op, lhs, rhs, .. } = expr.as_ref() else { return None };
            let is_new = |expr: &Expr| matches!(expr, Expr::Var { span, .. } if !known.contains(span.text()));
            if *op == AssignOp::ColEq {
                (if is_counted(rhs) { within(lhs) } else { outermost(lhs) }, true)
            } else if is_counted(lhs) || is_counted(rhs) {
                (if is_counted(lhs) { within(rhs) } else { within(lhs) }, false)
            } else if [lhs, rhs].iter().all(|side| matches!(side.as_ref(), Expr::Object { .. }))
                || is_new(lhs)
                || is_new(rhs)
            {
                // Two that are written out are compared key by key; or a value is made, and given a name.
                return None;
            } else {
                let left = outermost(lhs);
                (if left.is_empty() { outermost(rhs) } else { left }, false)
            }
        }
        Literal::SomeIn { value, .. } => (outermost(value), true),
        _ => return None,
    };
    (!objects.is_empty()).then_some((objects, assigns))
}

/// The text of an object, with its braces.
fn range(object: &Expr, page: &Page<'_>) -> Option<std::ops::Range<usize>> {
    // The span of an object begins with its last pair.
    let Expr::Object { fields, .. } = object else { return None };
    let (_, key, _) = fields.first()?;
    let mut open = page.at(syntax::range(key.span()).start);
    while !page.is_mark(open, b'{') {
        open = open.checked_sub(1)?;
    }
    let first = page.tokens.get(open)?;
    let close = (open + 1..page.tokens.len()).find(|index| {
        page.is_mark(*index, b'}') && page.tokens.get(*index).is_some_and(|last| last.depth == first.depth)
    })?;
    Some(first.range.start..page.tokens.get(close)?.range.end)
}

fn fields(object: &Expr) -> usize {
    if let Expr::Object { fields, .. } = object { fields.len() } else { 0 }
}

/// What counts an object and takes it apart, and the edit that puts a name in its place.
fn one(object: &Expr, assigns: bool, page: &Page<'_>) -> Option<(Edit, Vec<Piece>)> {
    let range = range(object, page)?;
    let name = format!("{COUNTED}{}__", range.start);
    let sign = if assigns { ":=" } else { "=" };
    let pieces = vec![
        Piece::Text(format!("is_object({name}); count({name}) == {}; ", fields(object))),
        Piece::Copy(range.clone()),
        Piece::Text(format!(" {sign} {name}")),
    ];
    Some((Edit::new(range, name), pieces))
}

fn counted(statement: &LiteralStmt, objects: &[&Ref<Expr>], assigns: bool, page: &Page<'_>) -> Option<Vec<Edit>> {
    let (start, end) = (page.at(syntax::range(&statement.span).start), page.close(statement)?);
    let before = |index: usize| page.tokens.get(index.checked_sub(1)?).and_then(|token| page.word(token));
    let start = if before(start) == Some("some") { start - 1 } else { start };
    // A statement that begins with an object has its span, which begins too late.
    let opens = objects.iter().filter_map(|object| Some(page.at(range(object, page)?.start)));
    let start = opens.fold(start, usize::min);
    let is_bare = before(start) == Some("if");
    let mut edits = Vec::new();
    let mut behind = Vec::new();
    if is_bare {
        let at = page.tokens.get(start)?.range.start;
        edits.push(Edit::new(at..at, "{ "));
    }
    for object in objects {
        let (edit, pieces) = one(object, assigns, page)?;
        edits.push(edit);
        behind.push(Piece::Text("; ".to_owned()));
        behind.extend(pieces);
    }
    if is_bare {
        behind.push(Piece::Text(" }".to_owned()));
    }
    edits.push(Edit::of(end..end, behind));
    Some(edits)
}

/// Arguments are taken apart in every body.
fn arguments(rule: &Rule, objects: &[&Ref<Expr>], page: &Page<'_>, end: usize) -> Option<Vec<Edit>> {
    let Rule::Spec { bodies, .. } = rule else { return None };
    let mut edits = Vec::new();
    let mut taken = Vec::new();
    for object in objects {
        let (edit, pieces) = one(object, false, page)?;
        edits.push(edit);
        taken.extend(pieces);
        taken.push(Piece::Text("; ".to_owned()));
    }
    for body in bodies.iter().filter(|body| !body.query.stmts.is_empty()) {
        let (first, last) = (body.query.stmts.first()?, body.query.stmts.last()?);
        let mut at = page.at(syntax::range(&first.span).start);
        let before = |index: usize| page.tokens.get(index.checked_sub(1)?).and_then(|token| page.word(token));
        while matches!(before(at), Some("some" | "not" | "every")) || (at > 0 && page.is_mark(at - 1, b'(')) {
            at -= 1;
        }
        let is_bare = before(at) == Some("if");
        let start = page.tokens.get(at)?.range.start;
        let mut pieces = taken.clone();
        if is_bare {
            pieces.insert(0, Piece::Text("{ ".to_owned()));
            let close = page.close(last)?;
            edits.push(Edit::new(close..close, " }"));
        }
        edits.push(Edit::of(start..start, pieces));
    }
    if bodies.iter().all(|body| body.query.stmts.is_empty()) {
        let last = page.tokens.iter().rposition(|token| token.range.end <= end)?;
        let at = page.tokens.get(last)?.range.end;
        let mut pieces = vec![Piece::Text(" if { ".to_owned())];
        pieces.extend(taken);
        pieces.push(Piece::Text("true }".to_owned()));
        edits.push(Edit::of(at..at, pieces));
    }
    Some(edits)
}

#[cfg(test)]
mod tests {
    use super::edits;
    use crate::rewrite::Names;
    use crate::settle::settled;
    use std::collections::BTreeSet;

    fn counted(rule: &str) -> String {
        let names = Names { imports: BTreeSet::new(), rules: BTreeSet::from(["rule".to_owned()]) };
        settled(rule, 4, |module, text| edits(module, text, &names))
    }

    #[test]
    fn patterns_are_counted() {
        for (rule, wanted) in [
            (
                "p := x if {\"a\": x} := input",
                "p := x if { __object_21__ := input; is_object(__object_21__); count(__object_21__) == 1; {\"a\": x} := __object_21__ }",
            ),
            (
                "p if { {\"a\": x, \"b\": 1} = input.c; q }",
                "p if { __object_18__ = input.c; is_object(__object_18__); count(__object_18__) == 2; {\"a\": x, \"b\": 1} = __object_18__; q }",
            ),
            (
                "p if some {\"a\": x} in rule",
                "p if { some __object_21__ in rule; is_object(__object_21__); count(__object_21__) == 1; {\"a\": x} := __object_21__ }",
            ),
            (
                "f({\"a\": x}) := x",
                "f(__object_13__) := x if { is_object(__object_13__); count(__object_13__) == 1; {\"a\": x} = __object_13__; true }",
            ),
        ] {
            assert_eq!(counted(rule), wanted);
        }
        for same in ["p if {\"a\": 1} = input", "p if y = {\"a\": x}", "p := {\"a\": x} if x := 1", "p if [x] = input"]
        {
            assert_eq!(counted(same), same);
        }
    }
}
