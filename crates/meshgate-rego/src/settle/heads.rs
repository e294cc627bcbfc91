//! Heads whose values may be undefined. `p contains x.name if some x in input.all` is the set of the names that there are;
//! regorus loses the whole set, or fails, where one is missing. So what may be undefined is moved into the body:
//! `p contains h if { some x in input.all; h := x.name }`.
//!
//! Deliberately absent: heads of functions without `else`, and heads without bodies, with which regorus agrees.

use crate::index;
use crate::lexical::{Kind, Page, Token};
use crate::rewrite::is_defined;
use crate::syntax::{self, Node};
use crate::text::{Edit, Piece};
use regorus::unstable::{Expr, LiteralStmt, Module, Ref, Rule, RuleHead};
use std::collections::BTreeSet;
use std::ops::Range;

/// Returns the edits of a module. `braces`, for the fast gear, puts every body in braces, so that it may have more
/// statements.
///
/// And it makes every body look at `input` and `data` first: the fast gear loads them where a rule first names them, and
/// takes them from there ever after, even where that place was not reached.
pub fn edits(module: &Module, text: &str, braces: bool) -> Vec<Edit> {
    let wanted = |rule: &&Ref<Rule>| braces || moves(rule);
    if !module.policy.iter().any(|rule| wanted(&rule)) {
        return Vec::new();
    }
    let page = Page::new(text);
    let mut found: Vec<Edit> =
        module.policy.iter().filter(wanted).filter_map(|rule| page.rule(rule, braces)).flatten().collect();
    if braces {
        let starts: Vec<usize> = module.policy.iter().map(|rule| syntax::range(rule.span()).start).collect();
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        found.extend(module.policy.iter().zip(ends).filter_map(|(rule, end)| bodiless(rule, &page, end)));
    }
    found
}

/// Statements that hold always, and look at both documents.
const LOOK: &str = "not input == \"\\u0000\"; not data.internal_nothing; ";

/// Has a rule a comprehension or an `every`, within which a document may be named first?
fn has_inner_query(rule: &Rule) -> bool {
    let mut queries = 0;
    let bodies = match rule {
        Rule::Spec { bodies, .. } => bodies.len(),
        Rule::Default { .. } => return false,
    };
    syntax::visit(syntax::parts(rule), |node| {
        queries += usize::from(matches!(node, Node::Query(_)));
        true
    });
    queries > bodies
}

/// Gives a rule without a body one that looks at the documents.
fn bodiless(rule: &Rule, page: &Page<'_>, end: usize) -> Option<Edit> {
    let Rule::Spec { bodies, .. } = rule else { return None };
    let has_body = bodies.iter().any(|body| !body.query.stmts.is_empty());
    if has_body || !has_inner_query(rule) {
        return None;
    }
    let last = page.at(end.saturating_sub(1));
    let last =
        if page.tokens.get(last).is_some_and(|token| token.range.start < end) { last } else { last.checked_sub(1)? };
    let at = page.tokens.get(last)?.range.end;
    let look = LOOK.trim_end().trim_end_matches(';');
    Some(Edit::new(at..at, format!(" if {{ {look} }}")))
}

/// The values that a rule's head has, and those of its `else`.
fn values(rule: &Rule) -> Vec<&Ref<Expr>> {
    let Rule::Spec { head, bodies, .. } = rule else { return Vec::new() };
    let mut found: Vec<&Ref<Expr>> = match head {
        RuleHead::Compr { refr, assign, .. } => {
            syntax::brackets(refr).into_iter().chain(assign.as_ref().map(|assign| &assign.value)).collect()
        }
        RuleHead::Set { refr, key, .. } => syntax::brackets(refr).into_iter().chain(key).collect(),
        RuleHead::Func { assign, .. } => assign.iter().map(|assign| &assign.value).collect(),
    };
    found.extend(bodies.iter().filter_map(|body| body.assign.as_ref()).map(|assign| &assign.value));
    found
}

/// Says whether a rule has to be rewritten.
fn moves(rule: &Rule) -> bool {
    let Rule::Spec { head, bodies, .. } = rule else { return false };
    // Bodies beside each other share a head; they are of v0, and each would need its own.
    let beside = bodies.iter().skip(1).any(|body| !body.is_else);
    let function = matches!(head, RuleHead::Func { .. }) && bodies.len() < 2;
    if beside || function || bodies.iter().all(|body| body.query.stmts.is_empty()) {
        return false;
    }
    let locals = index::locals(rule);
    values(rule).into_iter().any(|value| may_be_undefined(value, &locals))
}

fn may_be_undefined(value: &Expr, locals: &BTreeSet<String>) -> bool {
    // A variable that is nowhere else is bound by the body.
    !matches!(value, Expr::Var { .. }) && !is_defined(value, locals)
}

/// Puts a variable in the place of a range.
fn take(range: Range<usize>, edits: &mut Vec<Edit>) -> (String, Range<usize>) {
    let name = format!("__head_{}__", range.start);
    edits.push(Edit::new(range.clone(), name.clone()));
    (name, range)
}

/// Settles heads by tokens: spans hold neither quotes nor parentheses.
impl Page<'_> {
    fn rule(&self, rule: &Rule, braces: bool) -> Option<Vec<Edit>> {
        let moves = moves(rule);
        let look = braces && has_inner_query(rule);
        let Rule::Spec { head, bodies, .. } = rule else { return None };
        let locals = index::locals(rule);
        let mut edits = Vec::new();
        let mut moved: Vec<(String, Range<usize>)> = Vec::new();
        let mut from = syntax::range(rule.span()).start;
        for (number, body) in bodies.iter().enumerate() {
            let Some(first) = body.query.stmts.first() else { continue };
            let opening = self.opening(from, syntax::range(&first.span).start)?;
            if !moves {
                // Only braces are wanted.
            } else if number == 0 {
                for index in syntax::brackets(syntax::head(rule)) {
                    if may_be_undefined(index, &locals) {
                        moved.push(take(self.within_brackets(index)?, &mut edits));
                    }
                }
                let value = match head {
                    RuleHead::Set { key, .. } => key.as_ref(),
                    RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => {
                        assign.as_ref().map(|assign| &assign.value)
                    }
                };
                if value.is_some_and(|value| may_be_undefined(value, &locals)) {
                    moved.push(take(self.value(from, opening)?, &mut edits));
                }
            } else if body.assign.as_ref().is_some_and(|one| may_be_undefined(&one.value, &locals)) {
                moved.push(take(self.value(from, opening)?, &mut edits));
            }
            let end = self.close(body.query.stmts.last()?)?;
            if braces || !moved.is_empty() {
                edits.extend(self.statements(opening, first, end, std::mem::take(&mut moved), look)?);
            }
            from = end;
        }
        Some(edits)
    }

    /// The last `if`, or `{` of v0, at the depth of rules before a body.
    fn opening(&self, from: usize, first: usize) -> Option<usize> {
        let range = self.at(from)..self.at(first);
        let opens = |index: &usize| {
            self.tokens.get(*index).is_some_and(|token| token.depth == 0 && self.word(token) == Some("if"))
        };
        let brace = |index: &usize| {
            self.tokens.get(*index).is_some_and(|token| token.depth == 0 && token.kind == Kind::Mark(b'{'))
        };
        range.clone().rev().find(opens).or_else(|| range.rev().find(brace))
    }

    /// The range of a value: from behind the `:=`, `=` or `contains` before it to the body. Spans of values do not always
    /// begin where the value does.
    fn value(&self, from: usize, opening: usize) -> Option<Range<usize>> {
        let start = self.at(from);
        let assigns = |index: &usize| {
            let token = self.tokens.get(*index);
            token.is_some_and(|token| {
                token.depth == 0
                    && (token.kind == Kind::Mark(b'=') || (*index > start && self.word(token) == Some("contains")))
            })
        };
        let first = (start..opening).find(assigns)? + 1;
        let last = opening.checked_sub(1)?;
        Some(self.tokens.get(first)?.range.start..self.tokens.get(last)?.range.end)
    }

    /// What stands between the brackets around an index.
    pub fn within_brackets(&self, index: &Expr) -> Option<Range<usize>> {
        let mut first = self.at(syntax::range(index.span()).start.saturating_sub(1));
        while !self.is_mark(first, b'[') {
            first = first.checked_sub(1)?;
        }
        let open = self.tokens.get(first)?;
        let closes = |token: &&Token| token.kind == Kind::Mark(b']') && token.depth == open.depth;
        let close = self.tokens.iter().skip(first).find(closes)?;
        Some(open.range.end..close.range.start)
    }

    /// Adds statements to the end of a body, with braces where it has none.
    fn statements(
        &self,
        opening: usize,
        first: &LiteralStmt,
        end: usize,
        moved: Vec<(String, Range<usize>)>,
        look: bool,
    ) -> Option<Vec<Edit>> {
        let start = syntax::range(&first.span).start;
        let is_word = self.tokens.get(opening).is_some_and(|token| token.kind == Kind::Word);
        let next = self.tokens.get(opening + 1)?;
        let braced = !is_word || (next.kind == Kind::Mark(b'{') && next.range.start < start);
        let mut edits = Vec::new();
        let mut pieces = Vec::new();
        if !braced {
            edits.push(Edit::new(next.range.start..next.range.start, "{ "));
        }
        if look {
            let at = if braced && is_word { self.tokens.get(opening + 1)?.range.end } else { next.range.start };
            let at = if braced && !is_word { self.tokens.get(opening)?.range.end } else { at };
            edits.push(Edit::new(at..at, format!(" {LOOK}")));
        }
        for (name, range) in moved {
            pieces.extend([Piece::Text(format!("; {name} := (")), Piece::Copy(range), Piece::Text(")".to_owned())]);
        }
        if !braced {
            pieces.push(Piece::Text(" }".to_owned()));
        }
        edits.push(Edit::of(end..end, pieces));
        Some(edits)
    }
}

#[cfg(test)]
mod tests {
    use super::edits;
    use crate::settle::settled;

    fn moved(rule: &str) -> String {
        settled(rule, 1, |module, text| edits(module, text, false))
    }

    #[test]
    fn what_may_be_undefined_is_moved() {
        for (rule, wanted) in [
            ("p contains x.y if x := input.z", "p contains __head_22__ if { x := input.z; __head_22__ := (x.y) }"),
            (
                "p := {x: {z: 1}, y: {w: 2}} if {\n\tx = 1\n\ty = \"b\"\n}",
                "p := __head_16__ if {\n\tx = 1\n\ty = \"b\"; __head_16__ := ({x: {z: 1}, y: {w: 2}})\n}",
            ),
            (
                "p := (x.y | {1}) if {\n\tx := (input.z) # c\n}",
                "p := __head_16__ if {\n\tx := (input.z); __head_16__ := ((x.y | {1})) # c\n}",
            ),
            (
                "p[x.a][\"b\"] := 1 if some x in input",
                "p[__head_13__][\"b\"] := 1 if { some x in input; __head_13__ := (x.a) }",
            ),
            (
                "p := input.x if input.y else := input.z if input.w",
                "p := __head_16__ if { input.y; __head_16__ := (input.x) } else := __head_43__ if { input.w; __head_43__ := (input.z) }",
            ),
            (
                "p := count(\"x\") if \"y\" in input",
                "p := __head_16__ if { \"y\" in input; __head_16__ := (count(\"x\")) }",
            ),
        ] {
            assert_eq!(moved(rule), wanted);
        }
        for same in [
            "p := 1 if x",
            "p contains x if some x in [1]",
            "p := input.x",
            "f(x) := x.y if x",
            "p contains {\"a\": x} if x := 1",
        ] {
            assert_eq!(moved(same), same);
        }
    }
}
