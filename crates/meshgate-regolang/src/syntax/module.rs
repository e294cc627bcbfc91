//! A module out of its statements: rules that read as queries, and what v1 demands of rules.
//!
//! Deliberately absent: what takes more than one module.

use super::ast::{Body, Expr, ExprKind, Head, Module, Name, Node, Rule, RuleKind, Term};
use super::parse::{Parser, Statement};
use super::token;
use crate::error::{Code, Error};
use crate::source::{Source, Span};

/// Which Rego a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// v1
    #[default]
    V1,
    /// v0
    V0,
}

/// Reads a module; `file` is its index among those that are compiled together.
///
/// # Errors
/// What OPA says, the first first.
pub fn module(source: &Source, file: u32, version: Version) -> Result<Module, Vec<Error>> {
    let v1 = version == Version::V1;
    let mut parser = Parser::new(source, file, v1);
    let statements = parser.statements(true);
    if !parser.errors.is_empty() {
        return Err(parser.errors);
    }
    let comments = parser.comments;
    let mut statements = statements.into_iter();
    let parse = |span, message: &str| Error::new(Code::Parse, span, message);
    let mut errors = Vec::new();
    let start = Span { file, start: 0, end: 0 };
    let mut module = Module {
        span: start,
        package: Vec::new(),
        imports: Vec::new(),
        rules: Vec::new(),
        comments,
        v1_compatible: v1,
        v1,
    };
    match statements.next() {
        // As in OPA, nothing is in line 0.
        None => return Err(vec![parse(Span { start: u32::MAX, ..start }, "empty module")]),
        Some(Statement::Package(span, path)) => {
            module.span = span;
            module.package = std::iter::once(Term::var(span, "data")).chain(path).collect();
        }
        Some(Statement::Import(import)) => errors.push(parse(import.span, "package expected")),
        Some(Statement::Rules(rules)) => {
            errors.extend(rules.first().map(|rule| parse(rule.span, "package expected")));
            // As in OPA, the further bodies of the first rule are rules of their own.
            module.rules.extend(rules.into_iter().skip(1));
        }
        Some(Statement::Body(body)) => errors.extend(body.first().map(|expr| parse(expr.span, "package expected"))),
    }
    for statement in statements {
        match statement {
            Statement::Package(span, _) => errors.push(parse(span, "unexpected package")),
            Statement::Import(import) => {
                module.v1_compatible |= matches!(import.steps(), [rego, v1] if rego.to_string() == "rego"
                    && matches!(&v1.node, Node::String(name) if &**name == "v1"));
                module.imports.push(import);
            }
            Statement::Rules(rules) => module.rules.extend(rules),
            Statement::Body(body) => {
                let span = body.first().map_or(start, |expr| expr.span);
                match rule_of(body) {
                    Ok(mut rule) => {
                        rule.generated_body = true;
                        module.rules.push(rule);
                    }
                    Err(message) => errors.push(Error::new(Code::Parse, span, message)),
                }
            }
        }
    }
    if module.v1_compatible {
        for rule in &module.rules {
            let mut next = Some(rule);
            while let Some(rule) = next {
                demands(rule, &mut errors);
                next = rule.els.as_deref();
            }
        }
    }
    if errors.is_empty() { Ok(module) } else { Err(errors) }
}

/// Reads a query.
///
/// # Errors
/// What OPA says, the first first.
pub fn query(source: &Source, file: u32) -> Result<Body, Vec<Error>> {
    let mut parser = Parser::new(source, file, true);
    let statements = parser.statements(false);
    if !parser.errors.is_empty() {
        return Err(parser.errors);
    }
    let mut body = Vec::new();
    for statement in statements {
        match statement {
            Statement::Body(more) => body.extend(more),
            Statement::Import(import) => {
                return Err(vec![Error::new(Code::Parse, import.span, "expected body but got *ast.Import")]);
            }
            Statement::Package(span, _) => {
                return Err(vec![Error::new(Code::Parse, span, "expected body but got *ast.Package")]);
            }
            Statement::Rules(_) => {}
        }
    }
    Ok(body)
}

fn head(span: Span, reference: Vec<Term>) -> Head {
    let name = match reference.as_slice() {
        [only] => only.as_var().cloned(),
        _ => None,
    };
    Head {
        span,
        reference,
        args: Vec::new(),
        key: None,
        value: None,
        name,
        assign: false,
        generated_value: false,
        has_if: false,
        has_contains: false,
    }
}

/// The rule that a query at the top of a module is.
fn rule_of(body: Body) -> Result<Rule, String> {
    let [expr] = <[Expr; 1]>::try_from(body).map_err(|_| "multiple expressions cannot be used for rule head")?;
    if !expr.with.is_empty() {
        return Err("expressions using with keyword cannot be used for rule head".to_owned());
    }
    if expr.negated {
        return Err("negated expressions cannot be used for rule head".to_owned());
    }
    let span = expr.span;
    let assign = expr.is_assignment();
    let equal = assign || expr.is_equality();
    match expr.kind {
        ExprKind::Some(_) => Err("'some' declarations cannot be used for rule head".to_owned()),
        ExprKind::Term(term) => of_term(term),
        ExprKind::Call(terms) if equal => {
            let [_, left, right] = <[Term; 3]>::try_from(terms).map_err(|_| "assignment requires two operands")?;
            let mut rule = of_pair(left, right)?;
            (rule.span, rule.head.span, rule.head.assign) = (span, span, assign);
            Ok(rule)
        }
        ExprKind::Call(terms) => {
            let mut terms = terms.into_iter();
            let function = terms.next().ok_or("expression cannot be used for rule head")?;
            if crate::types::declarations::is_builtin(&function.to_string()) {
                return Err("rule name conflicts with built-in function".to_owned());
            }
            let args: Vec<_> = terms.collect();
            if args.is_empty() {
                return Err("rule argument list must take at least one argument".to_owned());
            }
            let at = function.span;
            let mut head = head(at, steps_of(function)?);
            head.value = Some(Term::new(at, Node::Bool(true)));
            head.args = args;
            Ok(rule(at, head, at))
        }
        _ => Err("expression cannot be used for rule head".to_owned()),
    }
}

fn rule(span: Span, head: Head, body: Span) -> Rule {
    Rule { span, head, body: vec![Expr::truth(body)], els: None, default: false, generated_body: true }
}

fn steps_of(term: Term) -> Result<Vec<Term>, String> {
    match term.node {
        Node::Ref(steps) if steps.first().and_then(Term::as_var).is_some() => Ok(steps),
        Node::Ref(steps) => Err(format!("invalid rule head: {}", super::print::reference(&steps))),
        _ => Err(format!("{} cannot be used for rule name", term.kind())),
    }
}

fn of_term(term: Term) -> Result<Rule, String> {
    let (span, kind) = (term.span, term.kind());
    let Node::Ref(steps) = term.node else { return Err(format!("{kind} cannot be used for rule name")) };
    if steps.len() == 1 {
        return Err(format!("{kind}s cannot be used for rule head"));
    }
    let mut steps = steps_of(Term::new(span, Node::Ref(steps)))?;
    if steps.len() > 2 {
        let mut head = head(span, steps);
        head.value = Some(Term::new(span, Node::Bool(true)));
        head.generated_value = true;
        return Ok(rule(span, head, span));
    }
    let key = steps.pop();
    let mut head = head(span, steps);
    head.key = key;
    Ok(rule(span, head, span))
}

fn of_pair(left: Term, right: Term) -> Result<Rule, String> {
    let (span, at) = (left.span, right.span);
    match left.node {
        Node::Call(terms) => {
            let mut terms = terms.into_iter();
            let function = terms.next().ok_or("call cannot be used for rule name")?;
            let kind = function.kind();
            let Node::Ref(_) = function.node else {
                return Err(format!("{kind}s cannot be used in function signature"));
            };
            let mut head = head(span, steps_of(function)?);
            head.value = Some(right);
            head.args = terms.collect();
            Ok(rule(span, head, at))
        }
        Node::Ref(steps) => {
            let steps = steps_of(Term::new(span, Node::Ref(steps)))?;
            let pair: Option<(Name, Term)> = match steps.as_slice() {
                [name, key] => name.as_var().cloned().zip(Some(key.clone())),
                _ => None,
            };
            let mut head = head(at, steps);
            if let Some((name, key)) = pair {
                (head.name, head.key) = (Some(name), Some(key));
            }
            head.value = Some(right);
            Ok(rule(at, head, at))
        }
        Node::Var(name) => {
            let mut head = head(span, vec![Term::var(span, name)]);
            head.value = Some(right);
            Ok(rule(span, head, at))
        }
        _ => Err(format!("{} cannot be used for rule name", left.kind())),
    }
}

/// What v1 demands of a rule.
fn demands(rule: &Rule, errors: &mut Vec<Error>) {
    let kind = if rule.head.args.is_empty() { "rule" } else { "function" };
    let mut tell = |message: String| errors.push(Error::new(Code::Parse, rule.span, message));
    let name = rule.head.name.as_deref().unwrap_or_default();
    if rule.head.reference.len() < 2 && token::is_reserved(name, true) {
        tell(format!("{name} keyword cannot be used for rule name"));
    }
    if rule.generated_body && rule.head.generated_value {
        tell(format!("{kind} must have value assignment and/or body declaration"));
    }
    if !rule.generated_body && !rule.head.has_if && !rule.default {
        tell(format!("`if` keyword is required before {kind} body"));
    }
    if rule.head.kind() == RuleKind::Multi && !rule.head.has_contains {
        tell("`contains` keyword is required for partial set rules".to_owned());
    }
}
