//! Whether an entry point may run in the fast gear at all. What regorus compiles for it is silently wrong about a few
//! constructs; they are listed here. `tests/gears.rs` holds what is left to the interpreter, on random policies.
//!
//! Deliberately absent: names of policies, tests or files. And trust: what is eligible must still be cleared.

use crate::index::{self, Definition, Index};
use crate::settle::terms::{self, Sides};
use crate::syntax::{self, Node};
use crate::wanted::{Wanted, wanted};
use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt, Query, Ref, Rule, RuleAssign, RuleHead};
use std::collections::BTreeSet;
use std::fmt;

/// A construct that the fast gear does not have, or has otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Construct {
    /// Not a rule: a package, a part of one, a document.
    NoRule,
    /// `with`: not supported.
    With,
    /// `print`: not supported.
    Print,
    /// A reference to a package or to a part of a rule's path: undefined rules leak into the value.
    Extent,
    /// A rule that may give two values to one thing: the conflict is not told.
    Conflict,
    /// A default that is computed: it is not.
    ComputedDefault,
    /// A default of a function: it is undefined.
    FunctionDefault,
    /// A head with more than one variable step: its levels are mixed up.
    DeepHead,
    /// `else` behind a body that iterates: it is not tried.
    ElseAfterLoop,
    /// A unification of two patterns that each bind: an undefined part is taken for one that is there.
    TwoPatterns,
    /// A negated reference with a step that a pattern binds: it is taken for a loop of its own.
    NegatedStep,
    /// A number as a step in a reference to data: names that are digits are not found.
    NumberStep,
    /// Asks somebody over a network: it must not be asked twice, by each gear.
    World,
    /// The compiler refuses it.
    Unsupported,
}

impl Construct {
    /// Says why, in a sentence's end.
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self {
            Self::NoRule => "is no rule",
            Self::With => "uses `with`",
            Self::Print => "uses `print`",
            Self::Extent => "refers to a package, or to a part of a rule's path, as a whole",
            Self::Conflict => "may give two values where one is allowed, which must be told",
            Self::ComputedDefault => "has a default that is computed",
            Self::FunctionDefault => "calls a function with a default",
            Self::DeepHead => "has a head with several variable steps",
            Self::ElseAfterLoop => "has an `else` behind a body that iterates",
            Self::TwoPatterns => "unifies two patterns that both have variables",
            Self::NegatedStep => "negates a reference with a step that a pattern binds",
            Self::NumberStep => "has a number as a step in a reference to data",
            Self::World => "asks somebody over a network",
            Self::Unsupported => "cannot be compiled for the fast gear",
        }
    }
}

/// Why an entry point stays in the interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The construct.
    pub construct: Construct,
    /// The rule that has it, `data.…`.
    pub rule: String,
    /// `file:line:column` of the definition, when there is one.
    pub place: String,
    /// More, from the compiler.
    pub detail: Option<String>,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.rule, self.construct.why())?;
        if !self.place.is_empty() {
            write!(f, " ({})", self.place)?;
        }
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

/// Says whether an entry point, and everything it leads to, is free of what the fast gear has otherwise.
pub fn check(index: &Index, path: &str) -> Result<(), Reason> {
    let reason = |construct, rule: &str, place: &str| Reason {
        construct,
        rule: rule.to_owned(),
        place: place.to_owned(),
        detail: None,
    };
    if !index.rules.contains_key(path) || index.below(path).next().is_some() {
        return Err(reason(Construct::NoRule, path, ""));
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut open = vec![path];
    while let Some(name) = open.pop() {
        let Some((name, definitions)) = index.rules.get_key_value(name).filter(|(name, _)| seen.insert(name)) else {
            continue;
        };
        for definition in definitions {
            let world = definition
                .calls
                .iter()
                .any(|call| ["http.send", "net.lookup_ip_addr"].contains(&call.written.as_str()));
            if world {
                return Err(reason(Construct::World, name, &definition.place));
            }
            if let Some(construct) = of_definition(index, definition) {
                return Err(reason(construct, name, &definition.place));
            }
            open.extend(index.may_lead_to(definition));
        }
        let place = definitions.first().map(|definition| definition.place.as_str()).unwrap_or_default();
        if may_conflict(index, definitions) {
            return Err(reason(Construct::Conflict, name, place));
        }
    }
    Ok(())
}

/// What one definition has.
fn of_definition(index: &Index, definition: &Definition) -> Option<Construct> {
    let rule = definition.rule.as_ref();
    match rule {
        Rule::Default { args, .. } if !args.is_empty() => return Some(Construct::FunctionDefault),
        Rule::Default { value, .. } if !is_constant(value) => return Some(Construct::ComputedDefault),
        Rule::Spec { head: RuleHead::Set { refr, .. }, .. } if !syntax::brackets(refr).is_empty() => {
            return Some(Construct::DeepHead);
        }
        Rule::Spec { head: RuleHead::Compr { refr, .. }, .. } if !is_plain(refr) => return Some(Construct::DeepHead),
        _ => {}
    }
    if definition.calls.iter().any(|call| call.written == "print") {
        return Some(Construct::Print);
    }
    for path in definition.references.iter().filter(|path| path.as_str() == "data" || path.starts_with("data.")) {
        // Of a rule's own path, what is behind the rule is its value.
        let whole = match index.named(path) {
            Some(name) => index.below(name).next().is_some(),
            None => index.below(path).next().is_some() || index.has_package(path),
        };
        if whole {
            return Some(Construct::Extent);
        }
    }
    let branches = branches(rule);
    let tried = branches.len().saturating_sub(1);
    let has_else = matches!(rule, Rule::Spec { bodies, .. } if bodies.iter().any(|body| body.is_else));
    if has_else && branches.iter().take(tried).any(|branch| has_many(index, definition, branch)) {
        return Some(Construct::ElseAfterLoop);
    }
    let locals = index::locals(rule);
    let known = |name: &str| names_rule(index, definition, name);
    let mut found = None;
    syntax::visit(syntax::parts(rule), |node| {
        match node {
            Node::Statement(statement) if negates_a_step(statement, &locals) => {
                found = found.or(Some(Construct::NegatedStep));
            }
            Node::Statement(statement) if matches!(terms::sides(statement, &locals, &known), Sides::Both) => {
                found = found.or(Some(Construct::TwoPatterns));
            }
            Node::Statement(statement) if !statement.with_mods.is_empty() => found = Some(Construct::With),
            Node::Expr(expr) if has_number_step(expr) => found = found.or(Some(Construct::NumberStep)),
            _ => {}
        }
        found != Some(Construct::With)
    });
    found
}

/// A negation with a variable as a step that is neither assigned nor declared.
fn negates_a_step(statement: &LiteralStmt, locals: &BTreeSet<String>) -> bool {
    let Literal::NotExpr { expr, .. } = &statement.literal else { return false };
    let mut found = false;
    syntax::visit(vec![Node::Expr(expr)], |node| {
        if let Node::Expr(expr) = node
            && let Expr::RefBrack { index, .. } = expr.as_ref()
        {
            found |= matches!(index.as_ref(), Expr::Var { span, .. } if !locals.contains(span.text()));
        }
        true
    });
    found
}

/// A reference that begins with `data` and has a number among its steps.
fn has_number_step(expr: &Expr) -> bool {
    let mut at = expr;
    let mut number = false;
    loop {
        match at {
            Expr::RefBrack { refr, index, .. } => {
                number |= matches!(index.as_ref(), Expr::Number { .. });
                at = refr;
            }
            Expr::RefDot { refr, .. } => at = refr,
            Expr::Var { span, .. } => return number && span.text() == "data",
            _ => return false,
        }
    }
}

/// A head whose steps are names, but for one variable step at its end.
fn is_plain(refr: &Ref<Expr>) -> bool {
    let brackets = syntax::brackets(refr);
    match (brackets.as_slice(), refr.as_ref()) {
        ([], _) => true,
        ([one], Expr::RefBrack { .. }) => matches!(one.as_ref(), Expr::Var { .. } | Expr::RefDot { .. }),
        _ => false,
    }
}

/// Literals, and lists of them.
fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::String { .. } | Expr::RawString { .. } | Expr::Number { .. } | Expr::Bool { .. } | Expr::Null { .. } => {
            true
        }
        Expr::UnaryExpr { expr, .. } => matches!(expr.as_ref(), Expr::Number { .. }),
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().all(|item| is_constant(item)),
        Expr::Object { fields, .. } => fields.iter().all(|(_, key, value)| is_constant(key) && is_constant(value)),
        _ => false,
    }
}

/// One way through a rule: its value, and the statements before it. No value is `true`.
struct Branch<'a> {
    value: Option<&'a Ref<Expr>>,
    query: Option<&'a Ref<Query>>,
}

fn branches(rule: &Rule) -> Vec<Branch<'_>> {
    let Rule::Spec { head, bodies, .. } = rule else { return Vec::new() };
    let assigned: Option<&RuleAssign> = match head {
        RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => assign.as_ref(),
        RuleHead::Set { .. } => None,
    };
    let value = assigned.map(|assign| &assign.value);
    if bodies.is_empty() {
        return vec![Branch { value, query: None }];
    }
    let branch = |body: &'_ regorus::unstable::RuleBody| body.assign.is_some() || body.is_else;
    bodies
        .iter()
        .map(|body| Branch {
            value: if branch(body) { body.assign.as_ref().map(|assign| &assign.value) } else { value },
            query: Some(&body.query),
        })
        .collect()
}

/// The text of a constant value, to compare by.
fn constant_text(value: Option<&Ref<Expr>>) -> Option<String> {
    match value {
        None => Some("true".to_owned()),
        Some(value) if is_constant(value) => Some(value.span().text().chars().filter(|c| !c.is_whitespace()).collect()),
        Some(_) => None,
    }
}

/// Says whether a rule or function may give two values to one thing.
fn may_conflict(index: &Index, definitions: &[Definition]) -> bool {
    let specs: Vec<&Definition> =
        definitions.iter().filter(|one| matches!(one.rule.as_ref(), Rule::Spec { .. })).collect();
    if specs.iter().all(|one| matches!(one.rule.as_ref(), Rule::Spec { head: RuleHead::Set { .. }, .. })) {
        return false;
    }
    let all: Vec<(&Definition, Branch<'_>)> =
        specs.iter().flat_map(|one| branches(&one.rule).into_iter().map(move |branch| (*one, branch))).collect();
    let constants: Option<BTreeSet<String>> = all.iter().map(|(_, branch)| constant_text(branch.value)).collect();
    if constants.is_some_and(|constants| constants.len() <= 1) {
        return false;
    }
    let objects = specs.iter().any(|one| {
        matches!(one.rule.as_ref(), Rule::Spec { head: RuleHead::Compr { refr, .. }, .. } if !syntax::brackets(refr).is_empty())
    });
    if objects {
        return true;
    }
    // A branch whose value is computed has one value if nothing in it iterates.
    let iterates = |(one, branch): &(&Definition, Branch<'_>)| {
        constant_text(branch.value).is_none() && has_many(index, one, branch)
    };
    if all.iter().any(iterates) {
        return true;
    }
    // Bodies of one definition that are not `else` stand beside each other.
    let beside = specs.iter().any(|one| match one.rule.as_ref() {
        Rule::Spec { bodies, .. } => bodies.iter().skip(1).any(|body| !body.is_else),
        Rule::Default { .. } => false,
    });
    beside || (specs.len() > 1 && !are_exclusive(&specs))
}

/// Says whether no two definitions can hold at once: an argument, or a value that each compares, has another constant in
/// each.
fn are_exclusive(specs: &[&Definition]) -> bool {
    let arguments = |one: &Definition, at: usize| match one.rule.as_ref() {
        Rule::Spec { head: RuleHead::Func { args, .. }, .. } => {
            args.get(at).filter(|argument| is_constant(argument)).and_then(|argument| constant_text(Some(argument)))
        }
        _ => None,
    };
    let distinct = |values: Option<Vec<String>>| {
        values.is_some_and(|values| values.iter().collect::<BTreeSet<_>>().len() == values.len())
    };
    let count = specs.first().and_then(|one| one.arguments).unwrap_or(0);
    if (0..count).any(|at| distinct(specs.iter().map(|one| arguments(one, at)).collect())) {
        return true;
    }
    let wanted: Vec<Wanted> = specs.iter().map(|one| wanted(&one.rule)).collect();
    // Of one place, each wants values that no other does.
    let apart = |place: &Vec<String>| {
        let mut all = BTreeSet::new();
        wanted.iter().all(|one| one.get(place).is_some_and(|values| values.iter().all(|value| all.insert(value))))
    };
    wanted.first().is_some_and(|first| first.keys().any(apart))
}

/// Says whether a branch may hold in more than one way.
fn has_many(index: &Index, definition: &Definition, branch: &Branch<'_>) -> bool {
    let mut bound = BTreeSet::new();
    if let Rule::Spec { head: RuleHead::Func { args, .. }, .. } = definition.rule.as_ref() {
        args.iter().for_each(|argument| index::variables(argument, &mut bound));
    }
    let statements: Vec<&LiteralStmt> = branch.query.map(|query| query.stmts.iter().collect()).unwrap_or_default();
    // What is assigned is bound; a name that is unified with something without a variable of its own is, too.
    for statement in &statements {
        if let Literal::Expr { expr, .. } = &statement.literal
            && let Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } = expr.as_ref()
        {
            index::variables(lhs, &mut bound);
        }
    }
    loop {
        let before = bound.len();
        for statement in &statements {
            let Literal::Expr { expr, .. } = &statement.literal else { continue };
            let Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } = expr.as_ref() else { continue };
            // What a pattern binds, the fast gear steps by as if nothing did.
            let is_name = |side: &Expr| matches!(side, Expr::Var { .. });
            for (pattern, value) in [(lhs, rhs), (rhs, lhs)].into_iter().filter(|(pattern, _)| is_name(pattern)) {
                let mut used = BTreeSet::new();
                index::variables(value, &mut used);
                if used.is_subset(&bound) {
                    index::variables(pattern, &mut bound);
                }
            }
        }
        if bound.len() == before {
            break;
        }
    }
    let known = |name: &str| bound.contains(name) || names_rule(index, definition, name);
    let many = |statement: &&LiteralStmt| match &statement.literal {
        Literal::SomeIn { .. } | Literal::SomeVars { .. } => true,
        Literal::Expr { expr, .. } => iterates(expr, &known),
        Literal::NotExpr { .. } | Literal::Every { .. } => false,
    };
    statements.iter().any(many) || branch.value.is_some_and(|value| iterates(value, &known))
}

/// Is the name that of a rule of the definition's own package, or of an import?
fn names_rule(index: &Index, definition: &Definition, name: &str) -> bool {
    // A name that the definition resolves to a path outside of itself is in its references.
    let suffix = format!(".{name}");
    ["input", "data"].contains(&name)
        || definition
            .references
            .iter()
            .any(|path| path.ends_with(&suffix) || index.named(path).is_some_and(|rule| rule.ends_with(&suffix)))
            && index.rules.keys().any(|rule| rule.ends_with(&suffix))
}

/// Says whether a variable that is not bound is a step of a reference, outside of comprehensions.
fn iterates(expr: &Ref<Expr>, known: &impl Fn(&str) -> bool) -> bool {
    let mut found = false;
    syntax::visit(vec![Node::Expr(expr)], |node| {
        let Node::Expr(expr) = node else { return false };
        match expr.as_ref() {
            Expr::RefBrack { index, .. } => {
                let mut used = BTreeSet::new();
                index::variables(index, &mut used);
                found |= used.iter().any(|name| name == "_" || !known(name));
            }
            Expr::ArrayCompr { .. } | Expr::SetCompr { .. } | Expr::ObjectCompr { .. } => return false,
            _ => {}
        }
        !found
    });
    found
}

#[cfg(test)]
mod tests;
