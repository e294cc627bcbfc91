//! Variables that are called as a rule of the package or an import is. Within its scope the name is the variable's; regorus
//! takes the rule in some places. So such variables get a name of their own: `some i` becomes `some __local_i__`.
//!
//! Deliberately absent: variables that share their name with nothing, and what OPA refuses: calls of a name that is a variable.

use crate::index;
use crate::rewrite::Names;
use crate::syntax::{self, Node};
use crate::text::Edit;
use regorus::unstable::{AssignOp, Expr, Literal, Module, Query, Ref, Rule, RuleHead, Span};
use std::collections::BTreeSet;

/// Returns the edits of a module.
pub fn edits(module: &Module, names: &Names) -> Vec<Edit> {
    let mut edits = Vec::new();
    for rule in &module.policy {
        let shared: BTreeSet<String> = index::locals(rule).into_iter().filter(|name| names.has(name)).collect();
        if !shared.is_empty() {
            let mut walk = Walk { shared, scopes: Vec::new(), edits: Vec::new() };
            walk.rule(rule);
            edits.append(&mut walk.edits);
        }
    }
    edits
}

struct Walk {
    /// Names that mean something else, too.
    shared: BTreeSet<String>,
    /// Variables, from the outermost scope to the innermost.
    scopes: Vec<BTreeSet<String>>,
    edits: Vec<Edit>,
}

impl Walk {
    fn rule(&mut self, rule: &Rule) {
        let arguments = match rule {
            Rule::Spec { head: RuleHead::Func { args, .. }, .. } | Rule::Default { args, .. } => args.as_slice(),
            Rule::Spec { .. } => &[],
        };
        let mut bound = BTreeSet::new();
        arguments.iter().for_each(|argument| index::variables(argument, &mut bound));
        self.scopes.push(bound);
        arguments.iter().for_each(|argument| self.expr(argument));
        let Rule::Spec { head, bodies, .. } = rule else { return };
        let mut heads: Vec<&Ref<Expr>> = syntax::brackets(syntax::head(rule));
        match head {
            RuleHead::Set { key, .. } => heads.extend(key),
            RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => {
                heads.extend(assign.as_ref().map(|assign| &assign.value));
            }
        }
        if bodies.is_empty() {
            heads.iter().for_each(|expr| self.expr(expr));
        }
        for (at, body) in bodies.iter().enumerate() {
            self.scopes.push(declared(&body.query));
            if at == 0 {
                heads.iter().for_each(|expr| self.expr(expr));
            }
            body.assign.iter().for_each(|assign| self.expr(&assign.value));
            self.statements(&body.query);
            self.scopes.pop();
        }
    }

    fn statements(&mut self, query: &Query) {
        for statement in &query.stmts {
            match &statement.literal {
                Literal::SomeVars { vars, .. } => vars.iter().for_each(|span| self.name(span)),
                Literal::Every { key, value, domain, query, .. } => {
                    self.expr(domain);
                    let mut bound = declared(query);
                    bound.extend(key.iter().chain([value]).map(|span| span.text().to_owned()));
                    self.scopes.push(bound);
                    key.iter().chain([value]).for_each(|span| self.name(span));
                    self.statements(query);
                    self.scopes.pop();
                }
                _ => {
                    for node in syntax::children(Node::Statement(statement)) {
                        if let Node::Expr(expr) = node {
                            self.expr(expr);
                        }
                    }
                    continue;
                }
            }
            for with in &statement.with_mods {
                self.expr(&with.refr);
                self.expr(&with.r#as);
            }
        }
    }

    fn expr(&mut self, expr: &Ref<Expr>) {
        match expr.as_ref() {
            Expr::Var { span, .. } => self.name(span),
            Expr::ArrayCompr { query, .. } | Expr::SetCompr { query, .. } | Expr::ObjectCompr { query, .. } => {
                self.scopes.push(declared(query));
                for node in syntax::children(Node::Expr(expr)) {
                    if let Node::Expr(term) = node {
                        self.expr(term);
                    }
                }
                self.statements(query);
                self.scopes.pop();
            }
            _ => {
                for node in syntax::children(Node::Expr(expr)) {
                    if let Node::Expr(below) = node {
                        self.expr(below);
                    }
                }
            }
        }
    }

    fn name(&mut self, span: &Span) {
        let name = span.text();
        if self.shared.contains(name) && self.scopes.iter().any(|scope| scope.contains(name)) {
            self.edits.push(Edit::new(syntax::range(span), format!("__local_{name}__")));
        }
    }
}

/// The variables that a body declares, outside of what is within it.
fn declared(query: &Query) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for statement in &query.stmts {
        match &statement.literal {
            Literal::SomeVars { vars, .. } => found.extend(vars.iter().map(|span| span.text().to_owned())),
            Literal::SomeIn { key, value, .. } => {
                key.iter().chain([value]).for_each(|pattern| index::variables(pattern, &mut found));
            }
            Literal::Expr { expr, .. } => {
                if let Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } = expr.as_ref() {
                    index::variables(lhs, &mut found);
                }
            }
            Literal::NotExpr { .. } | Literal::Every { .. } => {}
        }
    }
    found
}
