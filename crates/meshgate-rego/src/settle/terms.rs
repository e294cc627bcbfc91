//! Terms of comprehensions that may be undefined: the fast gear makes an element of them. So they are moved into the body,
//! which does not hold without them: `[x.a | some x in xs]` becomes `[t | some x in xs; t := (x.a)]`.
//!
//! And values that are taken apart: `[a, b] := f(x)` becomes `some v; v = (f(x)); [a, b] := v`, for the same reason.
//!
//! And steps without a name: `xs[_] == 1` becomes `some v in (xs); v == 1`, since loops within expressions end others.
//!
//! Deliberately absent: sets, where the fast gear leaves them out.

use crate::index;
use crate::lexical::{Kind, Page};
use crate::rewrite::{Names, is_defined, seek};
use crate::syntax::{self, Node};
use crate::text::{Edit, Piece};
use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt, Module, Query, Ref, Rule, Span};
use std::collections::BTreeSet;
use std::ops::Range;

/// Returns the edits of the outermost comprehensions that have such terms; those within are another round's.
pub fn edits(module: &Module, text: &str, names: &Names) -> Vec<Edit> {
    let page = Page::new(text);
    let mut edits = Vec::new();
    for rule in module.policy.iter().filter(|rule| !matches!(rule.as_ref(), Rule::Default { .. })) {
        let locals = index::locals(rule);
        syntax::visit(syntax::parts(rule), |node| {
            let found = match node {
                Node::Expr(expr) => of(expr, &page, &locals),
                Node::Statement(statement) => {
                    wildcard(statement, &page).or_else(|| unified(statement, &page, &locals, &|name| names.has(name)))
                }
                Node::Query(_) => None,
            };
            let goes_on = found.is_none();
            edits.extend(found.into_iter().flatten());
            goes_on
        });
    }
    edits
}

fn of(expr: &Expr, page: &Page<'_>, locals: &BTreeSet<String>) -> Option<Vec<Edit>> {
    let bar = |last: &Expr| seek(page.text, syntax::range(last.span()).end, b'|');
    match expr {
        Expr::ArrayCompr { span, term, query, .. } if !is_defined(term, locals) => {
            let start = syntax::range(span).start + 1;
            settle(page, span, query, std::slice::from_ref(&(start..bar(term)?)))
        }
        Expr::ObjectCompr { span, key, value, query, .. }
            if !(is_defined(key, locals) && is_defined(value, locals)) =>
        {
            let start = syntax::range(span).start + 1;
            let colon = seek(page.text, syntax::range(key.span()).end, b':')?;
            settle(page, span, query, &[start..colon, colon + 1..bar(value)?])
        }
        _ => None,
    }
}

/// `xs[_].a == 1` becomes `some v in (xs); v.a == 1`: a loop that is a statement is where it stands.
fn wildcard(statement: &LiteralStmt, page: &Page<'_>) -> Option<Vec<Edit>> {
    let Literal::Expr { expr, .. } = &statement.literal else { return None };
    let mut first: Option<usize> = None;
    syntax::visit(vec![Node::Expr(expr)], |node| {
        let Node::Expr(expr) = node else { return false };
        match expr.as_ref() {
            Expr::RefBrack { index, .. } => {
                if let Expr::Var { span, .. } = index.as_ref()
                    && span.text() == "_"
                {
                    let at = syntax::range(span).start;
                    first = Some(first.map_or(at, |first| first.min(at)));
                }
            }
            Expr::ArrayCompr { .. } | Expr::SetCompr { .. } | Expr::ObjectCompr { .. } => return false,
            _ => {}
        }
        true
    });
    let open = page.at(first?).checked_sub(1).filter(|open| page.is_mark(*open, b'['))?;
    let close = open + 2;
    if !page.is_mark(close, b']') {
        return None;
    }
    let begin = term_start(page, open)?;
    let range = page.tokens.get(begin)?.range.start..page.tokens.get(open)?.range.start;
    let start = page.start(syntax::range(&statement.span).start);
    let name = format!("__step_{}__", range.start);
    let pieces =
        vec![Piece::Text(format!("some {name} in (")), Piece::Copy(range.clone()), Piece::Text("\n); ".to_owned())];
    let whole = range.start..page.tokens.get(close)?.range.end;
    Some(vec![Edit::of(start..start, pieces), Edit::new(whole, name)])
}

/// The token that a term begins with which ends before another token: names, points, and what is in brackets.
fn term_start(page: &Page<'_>, end: usize) -> Option<usize> {
    let mut at = end;
    loop {
        let before = at.checked_sub(1)?;
        let token = page.tokens.get(before)?;
        let touches = page.tokens.get(at).is_some_and(|next| next.range.start == token.range.end);
        if !touches {
            return (at < end).then_some(at);
        }
        at = match token.kind {
            Kind::Word | Kind::Mark(b'.') => before,
            Kind::Mark(close @ (b']' | b')' | b'}')) => {
                let opener = match close {
                    b']' => b'[',
                    b')' => b'(',
                    _ => b'{',
                };
                let opens = |index: &usize| {
                    let open = page.tokens.get(*index);
                    open.is_some_and(|open| open.depth == token.depth && open.kind == Kind::Mark(opener))
                };
                let open = (0..before).rev().find(opens)?;
                // A literal begins a term; an index or a call goes on before it.
                if close == b'}' {
                    return Some(open);
                }
                let goes_on = open.checked_sub(1).and_then(|index| page.tokens.get(index)).is_some_and(|previous| {
                    previous.range.end == page.tokens.get(open).map_or(0, |open| open.range.start)
                        && matches!(previous.kind, Kind::Word | Kind::Text | Kind::Mark(b']' | b')' | b'}'))
                });
                if !goes_on {
                    return Some(open);
                }
                open
            }
            _ => return (at < end).then_some(at),
        };
    }
}

/// Which side of a unification is a pattern, and which a value that may be undefined; see `is_value`.
pub enum Sides<'a> {
    /// Neither has to be moved.
    Plain,
    /// The value.
    Value(&'a Ref<Expr>),
    /// Both have variables that nothing else binds.
    Both,
}

/// Looks at `[a, b] = value` and its like.
///
/// `known` are names that are no variables: of rules and imports.
pub fn sides<'a>(statement: &'a LiteralStmt, locals: &BTreeSet<String>, known: &dyn Fn(&str) -> bool) -> Sides<'a> {
    let Literal::Expr { expr, .. } = &statement.literal else { return Sides::Plain };
    let Expr::AssignExpr { op, lhs, rhs, .. } = expr.as_ref() else { return Sides::Plain };
    let is_pattern = |side: &Expr| matches!(side, Expr::Array { .. } | Expr::Object { .. } | Expr::Set { .. });
    if !(is_pattern(lhs) || is_pattern(rhs)) {
        return Sides::Plain;
    }
    if *op == AssignOp::ColEq {
        return if is_defined(rhs, locals) { Sides::Plain } else { Sides::Value(rhs) };
    }
    let is_bound = |side: &Ref<Expr>| {
        let mut used = BTreeSet::new();
        index::variables(side, &mut used);
        used.iter().all(|name| locals.contains(name) || known(name))
    };
    match [rhs, lhs].into_iter().find(|side| is_bound(side)) {
        Some(side) if is_defined(side, locals) => Sides::Plain,
        // A variable that takes a value takes nothing apart.
        Some(side) if is_pattern(side) && [lhs, rhs].iter().any(|one| matches!(one.as_ref(), Expr::Var { .. })) => {
            Sides::Plain
        }
        Some(side) => Sides::Value(side),
        None => Sides::Both,
    }
}

/// `[a, b] := value` becomes `some v; v = (value); [a, b] := v`.
fn unified(
    statement: &LiteralStmt,
    page: &Page<'_>,
    locals: &BTreeSet<String>,
    known: &dyn Fn(&str) -> bool,
) -> Option<Vec<Edit>> {
    let Sides::Value(value) = sides(statement, locals, known) else { return None };
    let Literal::Expr { expr, .. } = &statement.literal else { return None };
    let Expr::AssignExpr { lhs, .. } = expr.as_ref() else { return None };
    let start = page.start(syntax::range(&statement.span).start);
    let end = page.close(statement)?;
    // The mark is the first at the statement's depth behind the left side.
    let from = page.at(start);
    let depth = page.tokens.get(from)?.depth;
    let is_mark = |index: &usize| {
        let token = page.tokens.get(*index);
        token.is_some_and(|token| token.depth == depth && token.kind == Kind::Mark(b'='))
    };
    let mark = (from..page.tokens.len()).find(is_mark)?;
    let equals = page.tokens.get(mark)?;
    let before = page.tokens.get(mark.checked_sub(1)?)?;
    let left_end = if before.kind == Kind::Mark(b':') { before.range.start } else { equals.range.start };
    let range = if std::ptr::eq(value, lhs) { start..left_end } else { equals.range.end..end };
    let name = format!("__value_{start}__");
    let pieces = vec![
        Piece::Text(format!("some {name}; {name} = (")),
        Piece::Copy(range.clone()),
        Piece::Text("\n); ".to_owned()),
    ];
    Some(vec![Edit::of(start..start, pieces), Edit::new(range, format!(" {name} "))])
}

fn settle(page: &Page<'_>, span: &Span, query: &Query, terms: &[Range<usize>]) -> Option<Vec<Edit>> {
    let end = page.close(query.stmts.last()?)?;
    let mut edits = Vec::new();
    let mut pieces = Vec::new();
    for (number, range) in terms.iter().cloned().enumerate() {
        let name = format!("__term_{}_{number}__", syntax::range(span).start);
        // A comment in the term must not swallow what follows.
        pieces.extend([
            Piece::Text(format!("; {name} := (")),
            Piece::Copy(range.clone()),
            Piece::Text("\n)".to_owned()),
        ]);
        edits.push(Edit::new(range, format!("{name} ")));
    }
    edits.push(Edit::of(end..end, pieces));
    Some(edits)
}
