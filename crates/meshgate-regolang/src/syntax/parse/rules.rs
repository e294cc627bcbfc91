//! Rules and their heads.
//!
//! Deliberately absent: rules that read as queries; see `module`.

use super::super::ast::{Expr, Head, Name, Node, Rule, Term};
use super::super::print::reference;
use super::super::token::Kind;
use super::super::walk::{Item, Names, terms};
use super::Parser;
use crate::source::Span;

impl Parser<'_> {
    /// A rule and its further bodies. None, perhaps without an error, if there is none here.
    pub(super) fn rules(&mut self) -> Option<Vec<Rule>> {
        let span = self.here();
        let offset = self.s.start;
        self.ref_ahead();
        let default = self.s.kind == Kind::Default;
        if default {
            self.scan();
            self.ref_ahead();
        }
        if self.s.kind != Kind::Ident {
            return None;
        }
        let (mut head, contains) = self.head(default)?;
        head.has_contains = contains;
        if default {
            let rule = Rule { span, head, body: vec![Expr::truth(span)], els: None, default, generated_body: false };
            return self.is_default(&rule).then(|| vec![rule]);
        }
        let has_if = self.s.kind == Kind::If;
        if let [name, step] = head.reference.as_slice() {
            let step = step.clone();
            let name: Option<Name> = name.as_var().cloned();
            if has_if && !contains {
                let is_ref = matches!(step.node, Node::Ref(_));
                if (!step.is_ground() || is_ref) && head.args.is_empty() {
                    head.key = Some(step);
                }
                if head.value.is_none() {
                    head.generated_value = true;
                    head.value = Some(Term::new(head.span, Node::Bool(true)));
                } else {
                    head.name = Some(name?);
                }
            } else if !has_if && !contains && head.args.is_empty() {
                head.name = Some(name?);
                head.key = Some(step);
                if head.value.is_none() {
                    head.reference.truncate(1);
                }
            }
        }
        let mut rule = Rule { span, head, body: Vec::new(), els: None, default, generated_body: false };
        if has_if {
            rule.head.has_if = true;
            self.scan();
            let s = self.s;
            let brace = self.s.kind == Kind::LBrace;
            let literal = self.literal();
            match literal {
                Some(expr) if !(brace && is_set(&expr)) => rule.body.push(expr),
                _ if !brace => return None,
                _ => {
                    self.restore(s);
                    self.scan();
                    rule.body = self.body(Kind::RBrace)?;
                    self.scan();
                }
            }
        } else if self.s.kind == Kind::LBrace {
            self.scan();
            rule.body = self.body(Kind::RBrace)?;
            self.scan();
        } else if contains {
            rule.body = vec![Expr::truth(rule.span)];
            rule.generated_body = true;
            rule.span = rule.head.span;
            return Some(vec![rule]);
        } else {
            return None;
        }
        if self.s.kind == Kind::Else && !self.ref_ahead() {
            let here = self.here();
            if rule.head.reference.len() > 1 && !rule.head.reference.iter().skip(1).all(Term::is_ground) {
                self.error(here, "else keyword cannot be used on rules with variables in head");
                return None;
            }
            if rule.head.key.is_some() {
                self.error(here, "else keyword cannot be used on multi-value rules");
                return None;
            }
            rule.els = Some(Box::new(self.els(&rule.head)?));
        }
        rule.span = self.span(offset, self.s.last_end);
        let mut rules = vec![rule];
        while self.s.kind == Kind::LBrace {
            let first = rules.first()?;
            if first.els.is_some() {
                let here = self.here();
                self.error(here, "expected else keyword");
                return None;
            }
            let start = self.s.start;
            self.scan();
            let body = self.body(Kind::RBrace)?;
            self.scan();
            let span = self.span(start, self.s.last_end);
            let mut head = rules.first()?.head.clone();
            self.fresh(&mut head, Some(span));
            rules.push(Rule { span, head, body, els: None, default: false, generated_body: false });
        }
        Some(rules)
    }

    /// A head that is used again has wildcards of its own, and another place.
    fn fresh(&mut self, head: &mut Head, span: Option<Span>) {
        for arg in &mut head.args {
            if arg.as_var().is_some_and(|name| super::super::ast::is_wildcard(name)) {
                arg.node = Node::Var(self.wildcard());
            }
        }
        if let Some(span) = span {
            head.span = span;
            head.args.iter_mut().chain(&mut head.key).chain(&mut head.value).for_each(|term| term.span = span);
        }
    }

    fn els(&mut self, head: &Head) -> Option<Rule> {
        let (span, offset) = (self.here(), self.s.start);
        let mut next = head.clone();
        (next.generated_value, next.has_if) = (false, false);
        self.fresh(&mut next, None);
        next.span = span;
        self.scan();
        match self.s.kind {
            Kind::LBrace | Kind::If => {
                next.generated_value = true;
                next.value = Some(Term::new(Span::NONE, Node::Bool(true)));
            }
            Kind::Assign | Kind::Unify => {
                next.assign = self.s.kind == Kind::Assign;
                self.scan();
                next.value = Some(self.infix()?);
                next.span = self.span(offset, self.s.last_end);
            }
            _ => {
                self.illegal("expected else value term or rule body");
                return None;
            }
        }
        let mut rule = Rule { span, head: next, body: Vec::new(), els: None, default: false, generated_body: false };
        let has_if = self.s.kind == Kind::If;
        if !has_if && self.s.kind != Kind::LBrace {
            rule.span = self.span(offset, self.s.last_end);
            rule.body = vec![Expr::truth(rule.span)];
            rule.generated_body = true;
            return Some(rule);
        }
        if has_if {
            rule.head.has_if = true;
            self.scan();
        }
        if self.s.kind == Kind::LBrace {
            self.scan();
            rule.body = self.body(Kind::RBrace)?;
            self.scan();
        } else if self.s.kind == Kind::End {
            self.illegal("rule body expected");
            return None;
        } else {
            rule.body.push(self.literal()?);
        }
        if self.s.kind == Kind::Else {
            rule.els = Some(Box::new(self.els(head)?));
        }
        rule.span = self.span(offset, self.s.last_end);
        Some(rule)
    }

    fn head(&mut self, default: bool) -> Option<(Head, bool)> {
        let offset = self.s.start;
        let term = self.var();
        let Some(named) = self.head_finish(term) else {
            self.illegal("expected rule head name");
            return None;
        };
        let called = matches!(named.node, Node::Call(_) | Node::Set(_));
        let (reference_of, args) = match named.node {
            Node::Var(_) => (vec![named], Vec::new()),
            Node::Ref(steps) => (steps, Vec::new()),
            Node::Call(terms) => {
                let mut terms = terms.into_iter();
                let steps = match terms.next() {
                    Some(Term { node: Node::Ref(steps), .. }) => steps,
                    Some(term) => vec![term],
                    None => return None,
                };
                if steps.first().and_then(Term::as_var).is_none() {
                    self.illegal(&format!("rule head ref {} invalid", reference(&steps)));
                    return None;
                }
                (steps, terms.collect())
            }
            _ => return None,
        };
        let name = reference(&reference_of);
        let mut head = Head {
            span: self.span(offset, self.s.last_end),
            reference: reference_of,
            args,
            key: None,
            value: None,
            name: None,
            assign: false,
            generated_value: false,
            has_if: false,
            has_contains: false,
        };
        if head.reference.len() == 1 {
            head.name = head.reference.first().and_then(Term::as_var).cloned();
        }
        let example = |part: &str| format!("expected {part}");
        match self.s.kind {
            Kind::Contains => {
                if called {
                    self.illegal(&format!("the contains keyword can only be used with multi-value rule definitions (e.g., {name} contains <VALUE> {{ ... }})"));
                }
                self.scan();
                head.key = self.infix();
                if head.key.is_none() {
                    self.illegal(&example(&format!("rule key term (e.g., {name} contains <VALUE> {{ ... }})")));
                    return None;
                }
                head.span = self.span(offset, self.s.last_end);
                return Some((head, true));
            }
            Kind::Unify => {
                self.scan();
                head.value = self.infix();
                if head.value.is_none() {
                    self.illegal(&example(&format!(
                        "rule value term (e.g., {name}[%!s(*ast.Term=<nil>)] = <VALUE> {{ ... }})"
                    )));
                    return None;
                }
            }
            Kind::Assign => {
                self.scan();
                head.assign = true;
                head.value = self.infix();
                if head.value.is_none() {
                    let what = if !head.args.is_empty() {
                        format!("function value term (e.g., {name}(...) := <VALUE> {{ ... }})")
                    } else if default {
                        format!("default rule value term (e.g., default {name} := <VALUE>)")
                    } else {
                        format!("rule value term (e.g., {name} := <VALUE> {{ ... }})")
                    };
                    self.illegal(&example(&what));
                    return None;
                }
            }
            _ => {}
        }
        head.span = self.span(offset, self.s.last_end);
        if head.value.is_none() && (head.reference.len() != 2 || !head.args.is_empty()) {
            head.generated_value = true;
            head.value = Some(Term::new(head.span, Node::Bool(true)));
        }
        Some((head, false))
    }

    fn head_finish(&mut self, head: Term) -> Option<Term> {
        use Kind as K;
        let offset = self.s.start;
        self.scan_space();
        match self.s.kind {
            K::Add | K::Sub | K::Mul | K::Quo | K::Rem | K::And | K::Or => self.illegal(""),
            K::Equal | K::Neq | K::Gt | K::Gte | K::Lt | K::Lte => self.illegal(""),
            K::Space => self.scan(),
            _ => {}
        }
        self.finish_with(head, offset)
    }

    /// A default's value is a constant, perhaps with comprehensions, and its arguments are distinct variables.
    fn is_default(&mut self, rule: &Rule) -> bool {
        let Some(value) = &rule.head.value else {
            self.error(rule.span, "illegal default rule (must have a value)");
            return false;
        };
        let mut wrong = Vec::new();
        terms(Item::Term(value), &mut |term| match term.node {
            Node::Ref(_) | Node::Var(_) | Node::Call(_) => {
                wrong.push(format!("illegal default rule (value cannot contain {})", term.kind()));
                true
            }
            Node::ArrayCompr(..) | Node::SetCompr(..) | Node::ObjectCompr(..) => true,
            _ => false,
        });
        let mut seen = Names::default();
        let args = if wrong.is_empty() { rule.head.args.as_slice() } else { &[] };
        for arg in args {
            match arg.as_var() {
                Some(name) if seen.insert(name.clone()) => {}
                Some(_) => wrong.push(format!("illegal default rule (arguments cannot be repeated {arg})")),
                None => wrong.push(format!("illegal default rule (arguments cannot contain {})", arg.kind())),
            }
        }
        for message in &wrong {
            self.error(rule.span, message.clone());
        }
        wrong.is_empty()
    }
}

/// Set literals always hold: braces around terms alone are a body.
fn is_set(expr: &Expr) -> bool {
    matches!(&expr.kind, super::super::ast::ExprKind::Term(Term { node: Node::Set(_), .. }))
}
