//! Going through regorus' syntax tree, without recursion: a policy may be a chain of a hundred thousand operators.
//!
//! Deliberately absent: scopes; see `lint`.

use regorus::unstable::{ArithOp, Expr, Literal, LiteralStmt, Module, Query, Ref, Rule, RuleHead, Span};

/// A node of the tree.
#[derive(Clone, Copy)]
pub enum Node<'a> {
    Expr(&'a Ref<Expr>),
    Query(&'a Ref<Query>),
    Statement(&'a LiteralStmt),
}

/// Returns the nodes right below a node, in the order of the text.
pub fn children<'a>(node: Node<'a>) -> Vec<Node<'a>> {
    match node {
        Node::Query(query) => query.stmts.iter().map(Node::Statement).collect(),
        Node::Statement(statement) => {
            let mut found = match &statement.literal {
                Literal::SomeVars { .. } => Vec::new(),
                Literal::SomeIn { key, value, collection, .. } => {
                    key.iter().chain([value, collection]).map(Node::Expr).collect()
                }
                Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => vec![Node::Expr(expr)],
                Literal::Every { domain, query, .. } => vec![Node::Expr(domain), Node::Query(query)],
            };
            found.extend(statement.with_mods.iter().flat_map(|with| [Node::Expr(&with.refr), Node::Expr(&with.r#as)]));
            found
        }
        Node::Expr(expr) => match expr.as_ref() {
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. }
            | Expr::Var { .. } => Vec::new(),
            Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().map(Node::Expr).collect(),
            Expr::Object { fields, .. } => {
                fields.iter().flat_map(|(_, key, value)| [Node::Expr(key), Node::Expr(value)]).collect()
            }
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                vec![Node::Expr(term), Node::Query(query)]
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                vec![Node::Expr(key), Node::Expr(value), Node::Query(query)]
            }
            Expr::Call { fcn, params, .. } => std::iter::once(fcn).chain(params).map(Node::Expr).collect(),
            Expr::UnaryExpr { expr, .. } => vec![Node::Expr(expr)],
            Expr::RefDot { refr, .. } => vec![Node::Expr(refr)],
            Expr::RefBrack { refr, index, .. } => vec![Node::Expr(refr), Node::Expr(index)],
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => vec![Node::Expr(lhs), Node::Expr(rhs)],
            Expr::Membership { key, value, collection, .. } => {
                key.iter().chain([value, collection]).map(Node::Expr).collect()
            }
        },
    }
}

/// Returns the parts of a rule that are evaluated: arguments, keys and values of its head, and its bodies.
pub fn parts(rule: &Rule) -> Vec<Node<'_>> {
    match rule {
        Rule::Default { args, value, .. } => args.iter().chain([value]).map(Node::Expr).collect(),
        Rule::Spec { head, bodies, .. } => {
            let mut found: Vec<Node<'_>> = match head {
                RuleHead::Compr { refr, assign, .. } => brackets(refr)
                    .into_iter()
                    .chain(assign.as_ref().map(|assign| &assign.value))
                    .map(Node::Expr)
                    .collect(),
                RuleHead::Set { refr, key, .. } => brackets(refr).into_iter().chain(key).map(Node::Expr).collect(),
                RuleHead::Func { args, assign, .. } => {
                    args.iter().chain(assign.as_ref().map(|assign| &assign.value)).map(Node::Expr).collect()
                }
            };
            for body in bodies {
                found.extend(body.assign.as_ref().map(|assign| Node::Expr(&assign.value)));
                found.push(Node::Query(&body.query));
            }
            found
        }
    }
}

/// The indices in the brackets of a head: `p[x].y[z]`.
pub fn brackets(refr: &Ref<Expr>) -> Vec<&Ref<Expr>> {
    let mut found = Vec::new();
    let mut at = refr;
    loop {
        match at.as_ref() {
            Expr::RefBrack { refr, index, .. } => {
                found.push(index);
                at = refr;
            }
            Expr::RefDot { refr, .. } => at = refr,
            _ => break,
        }
    }
    found.reverse();
    found
}

/// Visits every node below some nodes; what `enter` says no to is not gone into.
pub fn visit<'a>(nodes: Vec<Node<'a>>, mut enter: impl FnMut(Node<'a>) -> bool) {
    let mut open: Vec<Node<'a>> = nodes;
    open.reverse();
    while let Some(node) = open.pop() {
        if enter(node) {
            let mut below = children(node);
            below.reverse();
            open.extend(below);
        }
    }
}

/// How deep the nodes of a module are nested.
pub fn depth(module: &Module) -> usize {
    let mut deepest = 0;
    let mut open: Vec<(Node<'_>, usize)> =
        module.policy.iter().flat_map(|rule| parts(rule)).map(|node| (node, 1)).collect();
    while let Some((node, depth)) = open.pop() {
        deepest = deepest.max(depth);
        open.extend(children(node).into_iter().map(|node| (node, depth + 1)));
    }
    deepest
}

/// The reference that names a rule.
pub fn head(rule: &Rule) -> &Ref<Expr> {
    match rule {
        Rule::Spec {
            head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. },
            ..
        }
        | Rule::Default { refr, .. } => refr,
    }
}

/// The variable that a reference begins with, and the steps behind it that are constant texts.
pub fn path(expr: &Expr) -> Option<(&Span, Vec<String>)> {
    let mut steps = Vec::new();
    let mut at = expr;
    loop {
        match at {
            Expr::Var { span, .. } => {
                steps.reverse();
                return Some((span, steps));
            }
            Expr::RefDot { refr, field, .. } => {
                steps.push(field.0.text().to_owned());
                at = refr;
            }
            Expr::RefBrack { refr, index, .. } => {
                match index.as_ref() {
                    Expr::String { value, .. } | Expr::RawString { value, .. } => {
                        steps.push(value.as_string().ok()?.to_string());
                    }
                    Expr::Number { span, .. } | Expr::Bool { span, .. } | Expr::Null { span, .. } => {
                        steps.push(span.text().to_owned());
                    }
                    // What is looked up by a value ends what is known.
                    _ => steps.clear(),
                }
                at = refr;
            }
            _ => return None,
        }
    }
}

/// The name of what a call calls, as `a.b.c`.
pub fn callee(function: &Expr) -> Option<String> {
    let (root, steps) = path(function)?;
    Some(std::iter::once(root.text()).chain(steps.iter().map(String::as_str)).collect::<Vec<_>>().join("."))
}

/// What OPA calls the builtin of an operator.
pub const fn operator(op: &ArithOp) -> &'static str {
    match op {
        ArithOp::Add => "plus",
        ArithOp::Sub => "minus",
        ArithOp::Mul => "mul",
        ArithOp::Div => "div",
        ArithOp::Mod => "rem",
    }
}

/// The range of a span.
pub fn range(span: &Span) -> std::ops::Range<usize> {
    let offset = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
    offset(span.start)..offset(span.end)
}
