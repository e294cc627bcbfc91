//! `not` over what may be undefined. OPA's compiler takes the operands of what is negated out of it, so that `not f(input.x)`
//! does not hold when there is no `input.x`: `x := input.x; not f(x)`. What stays negated is one plain step: a reference, or an
//! equality of references. regorus negates the whole, and an operand that is missing makes it hold.
//!
//! Deliberately absent: `not` over plain references and equalities of them, which regorus negates as OPA does.

use crate::index;
use crate::lexical::{Kind, Page};
use crate::rewrite::{Names, is_defined};
use crate::syntax::{self, Node};
use crate::text::{Edit, Piece};
use regorus::unstable::{AssignOp, BoolOp, Expr, Literal, LiteralStmt, Module, Ref};
use std::collections::BTreeSet;
use std::ops::Range;

/// Where a negation stands whose operands cannot be told apart: it must be refused, since it could hold where it must not.
#[derive(Debug, Clone, Copy)]
pub struct Unread(pub usize);

/// What is said of it.
pub const UNREAD: &str = "rego_compile_error: the operands of what is negated cannot be told apart here: give them names in statements before it";

/// Returns the edits of the outermost negations of a module; those within their operands are another round's.
///
/// # Errors
/// [`Unread`].
pub fn edits(module: &Module, text: &str, names: &Names) -> Result<Vec<Edit>, Unread> {
    let mut page = None;
    let mut edits = Vec::new();
    for rule in &module.policy {
        let parts = syntax::parts(rule);
        if has_negation(&parts) {
            let page = page.get_or_insert_with(|| Page::new(text));
            edits.extend(below(parts, page, &index::locals(rule), names)?);
        }
    }
    Ok(edits)
}

fn has_negation(parts: &[Node<'_>]) -> bool {
    let mut found = false;
    syntax::visit(parts.to_vec(), |node| {
        found |= matches!(node, Node::Statement(statement) if matches!(statement.literal, Literal::NotExpr { .. }));
        !found
    });
    found
}

/// The same, below some nodes; `locals` are names of variables.
///
/// # Errors
/// [`Unread`].
pub fn below(
    nodes: Vec<Node<'_>>,
    page: &Page<'_>,
    locals: &BTreeSet<String>,
    names: &Names,
) -> Result<Vec<Edit>, Unread> {
    let (mut edits, mut unread) = (Vec::new(), None);
    syntax::visit(nodes, |node| {
        let Node::Statement(statement) = node else { return true };
        let Literal::NotExpr { expr, .. } = &statement.literal else { return true };
        let found = Negation::of(statement, page, locals, names).and_then(|mut negation| negation.taken_out(expr));
        let Some(found) = found else {
            unread.get_or_insert(Unread(syntax::range(&statement.span).start));
            return false;
        };
        let goes_on = found.is_empty();
        edits.extend(found);
        goes_on
    });
    unread.map_or(Ok(edits), Err)
}

struct Negation<'a> {
    page: &'a Page<'a>,
    locals: &'a BTreeSet<String>,
    /// What means something outside of the rule.
    names: &'a Names,
    /// The `not`.
    at: usize,
    /// The tokens of what is negated, and those of the statement.
    tokens: Range<usize>,
    end: usize,
    /// The tokens of each operand, and whether all of its variables are declared.
    operands: Vec<(Range<usize>, bool)>,
}

impl<'a> Negation<'a> {
    fn of(statement: &LiteralStmt, page: &'a Page<'a>, locals: &'a BTreeSet<String>, names: &'a Names) -> Option<Self> {
        let from = page.at(syntax::range(&statement.span).start);
        let is_not = |index: &usize| page.tokens.get(*index).and_then(|token| page.word(token)) == Some("not");
        let at = [from, from.saturating_sub(1)].into_iter().find(is_not)?;
        let end = page.at(page.close(statement)?.checked_sub(1)?) + 1;
        let depth = page.tokens.get(at)?.depth;
        let is_with = |index: &usize| {
            let token = page.tokens.get(*index);
            token.is_some_and(|token| token.depth == depth && page.word(token) == Some("with"))
        };
        let last = if statement.with_mods.is_empty() { end } else { (at + 1..end).find(is_with)? };
        Some(Self { page, locals, names, at, tokens: at + 1..last, end, operands: Vec::new() })
    }

    /// The edits that take operands out; `None` when they cannot be told apart.
    fn taken_out(&mut self, expr: &Ref<Expr>) -> Option<Vec<Edit>> {
        self.statement(expr, self.tokens.clone())?;
        if self.operands.is_empty() {
            return Some(Vec::new());
        }
        let tokens = &self.page.tokens;
        let start = tokens.get(self.at)?.range.start;
        let end = tokens.get(self.end.checked_sub(1)?)?.range.end;
        let with = (self.tokens.end < self.end).then(|| Some(tokens.get(self.tokens.end)?.range.start..end)).flatten();
        let before = self.at.checked_sub(1).and_then(|index| tokens.get(index)).and_then(|token| self.page.word(token));
        let is_bare = before == Some("if");
        let mut pieces = Vec::new();
        let mut edits = Vec::new();
        if is_bare {
            pieces.push(Piece::Text("{ ".to_owned()));
            edits.push(Edit::new(end..end, " }"));
        }
        for (operand, is_declared) in &self.operands {
            let range = tokens.get(operand.start)?.range.start..tokens.get(operand.end.checked_sub(1)?)?.range.end;
            let name = format!("__not_{}__", range.start);
            // What a unification gives a value is waited for by another one only.
            let begin = if *is_declared { format!("{name} := (") } else { format!("some {name}; {name} = (") };
            pieces.extend([Piece::Text(begin), Piece::Copy(range.clone()), Piece::Text("\n)".to_owned())]);
            if let Some(with) = &with {
                pieces.extend([Piece::Text(" ".to_owned()), Piece::Copy(with.clone())]);
            }
            pieces.push(Piece::Text("; ".to_owned()));
            edits.push(Edit::new(range, name));
        }
        edits.push(Edit::of(start..start, pieces));
        Some(edits)
    }

    /// Tokens without the parentheses around all of them.
    fn bare(&self, mut range: Range<usize>) -> Range<usize> {
        while self.page.is_mark(range.start, b'(') && self.close(range.start) == range.end.checked_sub(1) {
            range = range.start + 1..range.end - 1;
        }
        range
    }

    /// The bracket that closes another one.
    fn close(&self, open: usize) -> Option<usize> {
        let depth = self.page.tokens.get(open)?.depth;
        (open + 1..self.page.tokens.len()).find(|index| {
            self.page
                .tokens
                .get(*index)
                .is_some_and(|token| token.depth == depth && matches!(token.kind, Kind::Mark(b')' | b']' | b'}')))
        })
    }

    /// The first token behind an expression for which something holds, outside of brackets within a range.
    fn behind(&self, expr: &Expr, range: &Range<usize>, is: impl Fn(usize) -> bool) -> Option<usize> {
        let depth = self.page.tokens.get(range.start)?.depth;
        let from = syntax::range(expr.span()).end;
        range.clone().find(|index| {
            let token = self.page.tokens.get(*index);
            token.is_some_and(|token| token.depth == depth && token.range.start >= from) && is(*index)
        })
    }

    /// The two sides of an operator.
    fn sides(&self, left: &Expr, range: &Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
        let is_sign = |index: usize| {
            let token = self.page.tokens.get(index);
            token.is_some_and(|token| {
                matches!(
                    token.kind,
                    Kind::Mark(b'=' | b'!' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'%' | b'|' | b'&')
                )
            })
        };
        let sign = self.behind(left, range, is_sign)?;
        let first = if self.page.is_mark(sign + 1, b'=') { sign + 2 } else { sign + 1 };
        Some((range.start..sign, first..range.end))
    }

    fn statement(&mut self, expr: &Ref<Expr>, range: Range<usize>) -> Option<()> {
        let range = self.bare(range);
        match expr.as_ref() {
            Expr::Call { fcn, params, .. } => self.arguments(fcn, params, &range)?,
            Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. } | Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } => {
                let (left, right) = self.sides(lhs, &range)?;
                self.equal(lhs, left)?;
                self.equal(rhs, right)?;
            }
            Expr::BoolExpr { lhs, rhs, .. } | Expr::ArithExpr { lhs, rhs, .. } | Expr::BinExpr { lhs, rhs, .. } => {
                let (left, right) = self.sides(lhs, &range)?;
                self.operand(lhs, left);
                self.operand(rhs, right);
            }
            Expr::Membership { key, value, collection, .. } => {
                let depth = self.page.tokens.get(range.start)?.depth;
                let is_in = |index: usize| {
                    let token = self.page.tokens.get(index);
                    token.is_some_and(|token| token.depth == depth && self.page.word(token) == Some("in"))
                };
                // The span of an empty set ends too late.
                let within = self.behind(value, &range, is_in).or_else(|| range.clone().find(|index| is_in(*index)))?;
                let mut start = range.start;
                if let Some(key) = key {
                    let comma = self.behind(key, &range, |index| self.page.is_mark(index, b','))?;
                    self.operand(key, start..comma);
                    start = comma + 1;
                }
                self.operand(value, start..within);
                self.operand(collection, within + 1..range.end);
            }
            _ => self.equal(expr, range)?,
        }
        Some(())
    }

    fn arguments(&mut self, function: &Expr, params: &[Ref<Expr>], range: &Range<usize>) -> Option<()> {
        let open = self.behind(function, range, |index| self.page.is_mark(index, b'('))?;
        let close = self.close(open)?;
        let depth = self.page.tokens.get(open).map_or(0, |token| token.depth + 1);
        let mut start = open + 1;
        for param in params {
            let is_comma = |index: &usize| {
                self.page.tokens.get(*index).is_some_and(|token| token.depth == depth && token.kind == Kind::Mark(b','))
            };
            let end = (start..close).find(is_comma).unwrap_or(close);
            self.operand(param, start..end);
            start = end + 1;
        }
        Some(())
    }

    /// Is a term there in any case? A variable is, when its statement is reached.
    fn is_there(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Var { span, .. } => self.locals.contains(span.text()) || !self.names.has(span.text()),
            Expr::ObjectCompr { .. } => true,
            _ => is_defined(expr, self.locals),
        }
    }

    /// Are all variables of a term declared, outside of the names of what it calls?
    fn is_declared(&self, expr: &Ref<Expr>) -> bool {
        let mut is_declared = true;
        let mut open = vec![expr];
        while let Some(expr) = open.pop() {
            match expr.as_ref() {
                Expr::Var { span, .. } => {
                    let name = span.text();
                    is_declared &= name == "_" || self.locals.contains(name) || self.names.has(name);
                }
                Expr::Call { params, .. } => open.extend(params),
                _ => open.extend(syntax::children(Node::Expr(expr)).into_iter().filter_map(|node| match node {
                    Node::Expr(expr) => Some(expr),
                    Node::Query(_) | Node::Statement(_) => None,
                })),
            }
        }
        is_declared
    }

    /// An operand of a call: it is taken out unless it is there in any case.
    fn operand(&mut self, expr: &Ref<Expr>, range: Range<usize>) {
        if !self.is_there(expr) && !range.is_empty() {
            self.operands.push((range, self.is_declared(expr)));
        }
    }

    /// A side of an equality, or all that is negated: references stay, and what they are looked up by is taken out.
    fn equal(&mut self, expr: &Ref<Expr>, range: Range<usize>) -> Option<()> {
        match expr.as_ref() {
            Expr::Var { .. } => {}
            Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                let bare = self.bare(range);
                self.steps(expr, &bare)?;
            }
            _ => self.operand(expr, range),
        }
        Some(())
    }

    fn steps(&mut self, expr: &Ref<Expr>, range: &Range<usize>) -> Option<()> {
        let mut at = expr;
        loop {
            match at.as_ref() {
                Expr::RefDot { refr, .. } => at = refr,
                Expr::RefBrack { refr, index, .. } => {
                    if !self.is_there(index) {
                        let inner = self.page.within_brackets(index)?;
                        let (first, last) = (self.page.at(inner.start), self.page.at(inner.end));
                        self.operands.push((first..last, self.is_declared(index)));
                    }
                    at = refr;
                }
                Expr::Var { .. } => return Some(()),
                // What is called or made is taken out as a whole.
                base => {
                    let end = match base {
                        Expr::Call { fcn, .. } => {
                            self.close(self.behind(fcn, range, |index| self.page.is_mark(index, b'('))?)?
                        }
                        _ if self.is_there(at) => return Some(()),
                        _ => self.close(range.start)?,
                    };
                    self.operand(at, range.start..end + 1);
                    return Some(());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::edits;
    use crate::rewrite::Names;
    use crate::settle::settled;
    use std::collections::BTreeSet;

    fn taken_out(rule: &str) -> String {
        let names = Names { imports: BTreeSet::new(), rules: BTreeSet::from(["rule".to_owned()]) };
        settled(rule, 4, |module, text| edits(module, text, &names).unwrap()).replace('\n', "")
    }

    #[test]
    fn operands_are_taken_out() {
        for (rule, wanted) in [
            ("p if not f(input.x)", "p if { __not_22__ := (input.x); not f(__not_22__) }"),
            ("p if { not f(\"a\", input.x, [1]) }", "p if { __not_29__ := (input.x); not f(\"a\", __not_29__, [1]) }"),
            ("p if not input.x > 3", "p if { __not_20__ := (input.x); not __not_20__ > 3 }"),
            ("p if { q; not (input.x != \"a\") }", "p if { q; __not_26__ := (input.x); not (__not_26__ != \"a\") }"),
            ("p if not input.x in {\"a\"}", "p if { __not_20__ := (input.x); not __not_20__ in {\"a\"} }"),
            ("p if not count(input.x) == 3", "p if { __not_20__ := (count(input.x)); not __not_20__ == 3 }"),
            ("p if not input.m[input.k]", "p if { __not_28__ := (input.k); not input.m[__not_28__] }"),
            ("p if not [input.x]", "p if { __not_20__ := ([input.x]); not __not_20__ }"),
            (
                "p if not f(1).y with input as {}",
                "p if { __not_20__ := (f(1)) with input as {}; not __not_20__.y with input as {} }",
            ),
            ("p if not f(rule)", "p if { __not_22__ := (rule); not f(__not_22__) }"),
            ("p if not 1 == input.x + 1", "p if { __not_25__ := (input.x + 1); not 1 == __not_25__ }"),
        ] {
            assert_eq!(taken_out(rule), wanted);
        }
        for same in [
            "p if not input.x",
            "p if not input.x.y == 1",
            "p if not q",
            "p if { x := 1; not f(x) }",
            "p if not data.a[_].b == input.c",
            "f(x) if not x",
            "p if not {x | x := input.y}",
        ] {
            assert_eq!(taken_out(same), same);
        }
    }
}
