//! What is rewritten once a module is parsed, so that regorus means what OPA means: `walk` as a value, output arguments
//! of builtins that regorus lacks, mocks of builtins, `rego.metadata.*`, and objects whose keys must not clash.
//!
//! Deliberately absent: anything that changes what a policy says. Each rewriting is one that OPA's own compiler makes, or
//! that gives the same answers.

use crate::annotations::{self, Annotation};
use crate::builtins;
use crate::index;
use crate::lexical::{Kind, Page, Token};
use crate::syntax::{self, Node};
use crate::text::Edit;
use regorus::unstable::{ArithOp, AssignOp, BinOp, Expr, Literal, LiteralStmt, Module, Query, Rule, Span};
use std::collections::{BTreeMap, BTreeSet};

/// What a module is rewritten for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Variant {
    /// The interpreter.
    #[default]
    Plain,
    /// The fast gear, which takes an undefined value for one that is there, and two values of a key for one.
    Fast,
    /// The interpreter, where arithmetic on what is no number is undefined instead of an error.
    Careful,
}

/// The package of functions that stand for builtins which are mocked, or mock.
pub const STANDINS: &str = "internal_builtins";

/// The function that stands for a builtin.
fn standin(builtin: &str) -> String {
    format!("{}__", builtin.replace('.', "__"))
}

/// The module of these functions.
pub fn standins(builtins: &BTreeSet<String>) -> String {
    let functions = builtins.iter().filter_map(|name| {
        let count = builtins::arguments(name)?;
        let arguments = (0..count).map(|index| format!("a{index}")).collect::<Vec<_>>().join(", ");
        Some(format!("\n{}({arguments}) := {name}({arguments})\n", standin(name)))
    });
    format!("package {STANDINS}\n{}", functions.collect::<String>())
}

/// The names that mean something of their own in a module: imports, rules of the package.
pub struct Names {
    pub imports: BTreeSet<String>,
    pub rules: BTreeSet<String>,
}

impl Names {
    pub fn of(module: &Module, rules: &BTreeSet<String>) -> Self {
        let imports = module.imports.iter().filter_map(|import| match &import.r#as {
            Some(alias) => Some(alias.text().to_owned()),
            None => {
                let (root, steps) = syntax::path(&import.refr)?;
                Some(steps.last().cloned().unwrap_or_else(|| root.text().to_owned()))
            }
        });
        Self { imports: imports.collect(), rules: rules.clone() }
    }

    /// All of these names.
    pub fn all(&self) -> impl Iterator<Item = String> {
        let given = ["data", "input"].map(str::to_owned);
        self.imports.iter().chain(&self.rules).cloned().chain(given)
    }

    /// Is it a name that means something outside of a rule?
    pub fn has(&self, name: &str) -> bool {
        self.imports.contains(name) || self.rules.contains(name) || ["data", "input"].contains(&name)
    }

    /// The builtin that an expression names, unless something else is called so.
    pub fn builtin(&self, expr: &Expr) -> Option<String> {
        let name = syntax::callee(expr)?;
        let root = name.split('.').next().unwrap_or_default();
        (!self.has(root) && (builtins::arguments(&name).is_some() || name == "walk")).then_some(name)
    }
}

/// The builtins that need a function to stand for them: mocked ones that regorus does not know, and all that mock.
pub fn mocked(module: &Module, names: &Names) -> BTreeSet<String> {
    mocked_in(module.policy.iter().flat_map(|rule| syntax::parts(rule)).collect(), names)
}

/// The same, below some nodes.
pub fn mocked_in(nodes: Vec<Node<'_>>, names: &Names) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    syntax::visit(nodes, |node| {
        if let Node::Statement(statement) = node {
            for with in &statement.with_mods {
                found.extend(names.builtin(&with.refr).filter(|name| !builtins::is_native(name)));
                found.extend(names.builtin(&with.r#as));
            }
        }
        true
    });
    found
}

/// Makes the edits of one module.
pub struct Rewriter<'a> {
    pub page: &'a Page<'a>,
    pub file: &'a str,
    pub names: &'a Names,
    pub mocked: &'a BTreeSet<String>,
    pub annotations: &'a [Annotation],
    pub variant: Variant,
    /// Names of the rule at hand.
    pub locals: BTreeSet<String>,
    pub edits: Vec<Edit>,
}

impl Rewriter<'_> {
    pub fn module(&mut self, module: &Module) {
        let package = annotations::package(module);
        for rule in &module.policy {
            self.rule(rule, &package);
        }
    }

    /// Rewrites a query that is no part of a module.
    pub fn query(&mut self, query: &regorus::unstable::Ref<Query>) {
        let nodes = vec![Node::Query(query)];
        self.nodes(nodes, None);
    }

    fn rule(&mut self, rule: &Rule, package: &[String]) {
        self.locals = index::locals(rule);
        self.nodes(syntax::parts(rule), Some((rule, package)));
    }

    fn nodes(&mut self, nodes: Vec<Node<'_>>, rule: Option<(&Rule, &[String])>) {
        // The calls whose output argument is moved: they are statements.
        let mut outputs: BTreeMap<usize, bool> = BTreeMap::new();
        syntax::visit(nodes, |node| {
            match node {
                Node::Statement(statement) => {
                    if let Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } = &statement.literal
                        && let Expr::Call { span, .. } | Expr::Membership { span, .. } = expr.as_ref()
                    {
                        let is_negated = matches!(statement.literal, Literal::NotExpr { .. });
                        outputs.insert(syntax::range(span).start, is_negated);
                    }
                    self.with(statement);
                    if self.variant == Variant::Fast {
                        self.assignment(statement);
                    }
                    if self.variant == Variant::Fast || negates_a_step(statement) {
                        self.every(statement);
                    }
                }
                Node::Expr(expr) => match expr.as_ref() {
                    Expr::Call { span, fcn, params, .. } => {
                        let start = syntax::range(span).start;
                        self.call(span, fcn, params, outputs.get(&start).copied(), rule);
                    }
                    // A default has no calls; there is nothing for its keys to clash with.
                    _ if rule.is_some_and(|(rule, _)| matches!(rule, Rule::Default { .. })) => {}
                    Expr::ObjectCompr { span, key, value, .. } if self.variant == Variant::Fast => {
                        self.within_a_loop(span, value);
                        self.object(span, key, value);
                    }
                    Expr::ArrayCompr { span, term, .. } if self.variant == Variant::Fast => {
                        self.within_a_loop(span, term);
                    }
                    Expr::SetCompr { span, term, .. } if self.variant == Variant::Fast => {
                        self.within_a_loop(span, term);
                    }
                    // A product is the one operation whose result may be far larger than what it is made of.
                    Expr::ArithExpr { span, op, lhs, rhs, .. }
                        if self.variant != Variant::Plain || *op == ArithOp::Mul =>
                    {
                        self.operation(span, syntax::operator(op), lhs, rhs);
                    }
                    Expr::Membership { span, key, value, collection, .. }
                        if !outputs.contains_key(&syntax::range(span).start) =>
                    {
                        self.member(span, key.as_deref(), value, collection);
                    }
                    Expr::BinExpr { span, op, lhs, rhs, .. } if self.variant != Variant::Plain => {
                        self.operation(span, if *op == BinOp::Union { "or" } else { "and" }, lhs, rhs);
                    }
                    _ => {}
                },
                Node::Query(_) => {}
            }
            true
        });
    }

    fn with(&mut self, statement: &LiteralStmt) {
        for with in &statement.with_mods {
            for expr in [&with.refr, &with.r#as] {
                if let Some(name) = self.names.builtin(expr).filter(|name| self.mocked.contains(name)) {
                    // A builtin that regorus knows is mocked as it is; only what stands for it is written out.
                    if std::ptr::eq(expr, &raw const with.refr) && builtins::is_native(&name) {
                        continue;
                    }
                    self.replace(expr.span(), &name);
                }
            }
        }
    }

    fn replace(&mut self, span: &Span, builtin: &str) {
        self.edits.push(Edit::new(syntax::range(span), format!("data.{STANDINS}.{}", standin(builtin))));
    }

    fn call(
        &mut self,
        span: &Span,
        function: &Expr,
        params: &[regorus::unstable::Ref<Expr>],
        negated: Option<bool>,
        rule: Option<(&Rule, &[String])>,
    ) {
        let Some(name) = self.names.builtin(function).or_else(|| metadata_call(function)) else { return };
        let given = params.len();
        let whole = syntax::range(span);
        let called = syntax::range(function.span());
        if let ("rego.metadata.chain" | "rego.metadata.rule", Some((rule, package)), 0) = (name.as_str(), rule, given) {
            let literal = self.metadata(&name, rule, package);
            self.edits.push(Edit::new(whole, literal));
            return;
        }
        if self.mocked.contains(&name) && !builtins::is_native(&name) {
            self.edits.push(Edit::new(called.clone(), format!("data.{STANDINS}.{}", standin(&name))));
        } else if name == "walk" {
            self.edits.push(Edit::new(called.clone(), "internal.walk"));
        }
        let wanted = builtins::arguments(&name).map_or(0, usize::from);
        if let Some(negated) = negated
            && given == wanted + 1
            && let Some(last) = params.last()
        {
            self.output(&whole, last, given, negated);
        }
        if name == "walk" {
            self.edits.push(Edit::new(whole.end..whole.end, "[_]"));
        }
    }

    /// `f(x, out)` becomes `out = f(x)`, and `not f(x, out)` becomes `not out == f(x)`: what is negated gives no value.
    fn output(&mut self, call: &std::ops::Range<usize>, last: &Expr, given: usize, negated: bool) {
        let start = syntax::range(last.span()).start;
        let before = self.page.text.get(call.start..start).unwrap_or_default();
        // A text's span begins behind its quote, and parentheses are in no span.
        let separator = if given == 1 { '(' } else { ',' };
        let Some(cut) = before.rfind(separator).map(|at| call.start + at) else { return };
        let close = call.end - 1;
        let out = self.page.text.get(cut + 1..close).unwrap_or_default().trim().trim_end_matches(',').trim_end();
        let sign = if negated && matches!(last, Expr::Var { .. }) { "==" } else { "=" };
        self.edits.push(Edit::new(call.start..call.start, format!("{out} {sign} ")));
        let keep = usize::from(given == 1);
        self.edits.push(Edit::new(cut + keep..close, ""));
    }

    /// `x := value` becomes `some x; x = value`, which does not hold when there is no value.
    fn assignment(&mut self, statement: &LiteralStmt) {
        let Literal::Expr { expr, .. } = &statement.literal else { return };
        let Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. } = expr.as_ref() else { return };
        let Expr::Var { span, .. } = lhs.as_ref() else { return };
        if span.text() == "_" || is_defined(rhs, &self.locals) {
            return;
        }
        let name = syntax::range(span);
        let Some(colon) = seek(self.page.text, name.end, b':') else { return };
        self.edits.push(Edit::new(name.start..name.start, format!("some {}; ", span.text())));
        self.edits.push(Edit::new(colon..colon + 1, ""));
    }

    /// `every x in xs { body }` becomes the statement that there is an `xs`, and that no `x` of it is without a body that
    /// holds. The fast gear takes an undefined body for one that holds, and steps by `x` for loops of their own; the
    /// interpreter takes them so where they are negated.
    fn every(&mut self, statement: &LiteralStmt) {
        if let Literal::Every { key, value, query, .. } = &statement.literal {
            let edits = self.none_without(statement, key.as_ref(), value, query);
            self.edits.extend(edits.into_iter().flatten());
        }
    }

    fn none_without(
        &self,
        statement: &LiteralStmt,
        key: Option<&Span>,
        value: &Span,
        query: &Query,
    ) -> Option<Vec<Edit>> {
        let tokens = &self.page.tokens;
        let every = syntax::range(&statement.span).start;
        let first = self.page.at(syntax::range(&query.stmts.first()?.span).start);
        let name_end = syntax::range(value).end;
        let is_in = |token: &&Token| token.range.start >= name_end && self.page.word(token) == Some("in");
        let within = tokens.iter().find(is_in)?;
        let domain_end = tokens.get(first.checked_sub(2)?)?.range.end;
        let body_start = tokens.get(first)?.range.start;
        let body_end = self.page.close(query.stmts.last()?)?;
        let behind = tokens.iter().position(|token| token.range.start >= body_end && token.kind == Kind::Mark(b'}'))?;
        // The brace ended the statement: what comes next must not go on with what is put in its place, as `-1 == x` would.
        let goes_on = match tokens.get(behind + 1) {
            Some(next) => {
                !matches!(next.kind, Kind::Mark(b'}' | b']' | b')' | b';' | b','))
                    && self.page.word(next) != Some("with")
            }
            None => false,
        };
        let end = if goes_on { ";" } else { "" };
        let behind = tokens.get(behind)?;
        let names = key.map_or_else(|| value.text().to_owned(), |key| format!("{}, {}", key.text(), value.text()));
        let of = format!("__of_{every}__");
        Some(vec![
            Edit::new(every..within.range.end, format!("[1 | some {of} in [(")),
            Edit::new(
                domain_end..body_start,
                format!(
                    ")]; internal.collection({of}); [1 | some {names} in {of}; [1 | some __body_{every}__ in [0]; "
                ),
            ),
            Edit::new(body_end..behind.range.end, format!("] == []] == []] == [1]{end}")),
        ])
    }

    /// `[x | body]` becomes `[x | some _ in [0]; body]`: a statement that does not hold outside of a loop of its own would
    /// end the loop around the comprehension instead.
    fn within_a_loop(&mut self, span: &Span, last: &Expr) {
        let Some(bar) = seek(self.page.text, syntax::range(last.span()).end, b'|') else { return };
        let text = format!(" some __once_{}__ in [0]; ", syntax::range(span).start);
        self.edits.push(Edit::new(bar + 1..bar + 1, text));
    }

    /// `{k: v | body}` becomes `internal.object([[k, v] | body])`, which tells a clash of keys.
    fn object(&mut self, span: &Span, key: &Expr, value: &Expr) {
        let whole = syntax::range(span);
        let colon = seek(self.page.text, syntax::range(key.span()).end, b':');
        let bar = seek(self.page.text, syntax::range(value.span()).end, b'|');
        let (Some(colon), Some(bar)) = (colon, bar) else { return };
        self.edits.push(Edit::new(whole.start..whole.start + 1, "internal.object([["));
        self.edits.push(Edit::new(colon..colon + 1, ","));
        self.edits.push(Edit::new(bar..bar, "] "));
        self.edits.push(Edit::new(whole.end - 1..whole.end, "])"));
    }

    /// `a + b` becomes `internal.plus(a, b)`.
    fn operation(&mut self, span: &Span, name: &str, lhs: &Expr, rhs: &Expr) {
        let whole = syntax::range(span);
        let mut at = syntax::range(lhs.span()).end;
        let end = syntax::range(rhs.span()).start;
        let bytes = self.page.text.as_bytes();
        // The operator is the first mark behind closing quotes and parentheses.
        while let Some(byte) = bytes.get(at).filter(|_| at < end) {
            match byte {
                b'+' | b'-' | b'*' | b'/' | b'%' | b'|' | b'&' => break,
                b'#' => at += bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')).unwrap_or(1),
                _ => at += 1,
            }
        }
        let close = self.closing(syntax::range(rhs.span()).end, whole.end);
        let start = self.page.start(whole.start);
        self.edits.push(Edit::new(start..start, format!("internal.{name}(")));
        self.edits.push(Edit::new(at..at + 1, ","));
        self.edits.push(Edit::new(close..close, ")"));
    }

    /// `a in b`, where it is a value, becomes `internal.member_2(a, b)`, which has none when there is no `b`.
    fn member(&mut self, span: &Span, key: Option<&Expr>, value: &Expr, collection: &Expr) {
        let whole = syntax::range(span);
        let from = syntax::range(value.span()).end;
        let is_in = |token: &&Token| token.range.start >= from && self.page.word(token) == Some("in");
        let Some(within) = self.page.tokens.iter().find(is_in).map(|token| token.range.clone()) else { return };
        let close = self.closing(syntax::range(collection.span()).end, whole.end);
        let start = self.page.start(whole.start);
        let arity = if key.is_some() { 3 } else { 2 };
        self.edits.push(Edit::new(start..start, format!("internal.member_{arity}(")));
        self.edits.push(Edit::new(within, ","));
        self.edits.push(Edit::new(close..close, ")"));
    }

    /// The end of an expression: a text's span does not hold its closing quote.
    fn closing(&self, inner: usize, outer: usize) -> usize {
        let quote = self.page.text.as_bytes().get(inner).is_some_and(|byte| matches!(byte, b'"' | b'`'));
        outer.max(inner + usize::from(quote))
    }

    fn metadata(&self, name: &str, rule: &Rule, package: &[String]) -> String {
        let mut path = package.to_vec();
        if let Some((root, steps)) = syntax::path(syntax::head(rule)) {
            path.push(root.text().to_owned());
            path.extend(steps);
        }
        let at = syntax::range(rule.span()).start;
        if name == "rego.metadata.chain" {
            return annotations::chain(self.annotations, &path, at, self.file).to_string();
        }
        annotations::own(self.annotations, &path, at, self.file)
            .map_or_else(|| "{}".to_owned(), |map| serde_json::Value::Object(map.clone()).to_string())
    }
}

/// Says whether the body of an `every` negates a reference with a variable as a step.
fn negates_a_step(statement: &LiteralStmt) -> bool {
    let Literal::Every { query, .. } = &statement.literal else { return false };
    let mut found = false;
    let mut open: Vec<(Node<'_>, bool)> = vec![(Node::Query(query), false)];
    while let Some((node, negated)) = open.pop() {
        let mut below = negated;
        match node {
            Node::Statement(statement) => below |= matches!(statement.literal, Literal::NotExpr { .. }),
            Node::Expr(expr) if negated => {
                found |=
                    matches!(expr.as_ref(), Expr::RefBrack { index, .. } if matches!(index.as_ref(), Expr::Var { .. }));
            }
            _ => {}
        }
        open.extend(syntax::children(node).into_iter().map(|node| (node, below)));
    }
    found
}

/// `rego.metadata.*` are no functions: they are known when a module is read.
fn metadata_call(function: &Expr) -> Option<String> {
    syntax::callee(function).filter(|name| name.starts_with("rego.metadata."))
}

/// Is a term there whenever the statements before it hold?
pub fn is_defined(term: &Expr, locals: &BTreeSet<String>) -> bool {
    match term {
        Expr::Var { span, .. } => locals.contains(span.text()),
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::SetCompr { .. }
        | Expr::ArrayCompr { .. } => true,
        Expr::UnaryExpr { expr, .. } => matches!(expr.as_ref(), Expr::Number { .. }),
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().all(|item| is_defined(item, locals)),
        Expr::Object { fields, .. } => {
            fields.iter().all(|(_, key, value)| is_defined(key, locals) && is_defined(value, locals))
        }
        _ => false,
    }
}

/// The offset of a mark behind an expression: past closing quotes and parentheses, blanks and comments.
pub fn seek(text: &str, from: usize, mark: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        match bytes.get(at)? {
            byte if *byte == mark => return Some(at),
            b' ' | b'\t' | b'\r' | b'\n' | b')' | b'"' | b'`' => at += 1,
            b'#' => at += bytes.get(at..)?.iter().position(|byte| *byte == b'\n')?,
            _ => return None,
        }
    }
}
