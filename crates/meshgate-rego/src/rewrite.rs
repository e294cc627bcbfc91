//! What is rewritten once a module is parsed, so that regorus means what OPA means: `walk` as a value, output arguments
//! of builtins that regorus lacks, mocks of builtins, `rego.metadata.*`, and objects whose keys must not clash.
//!
//! Deliberately absent: anything that changes what a policy says. Each rewriting is one that OPA's own compiler makes, or
//! that gives the same answers.

use crate::annotations::{self, Annotation};
use crate::builtins;
use crate::syntax::{self, Node};
use crate::text::Edit;
use regorus::unstable::{Expr, Literal, LiteralStmt, Module, Rule, Span};
use std::collections::{BTreeMap, BTreeSet};

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

    /// The builtin that an expression names, unless something else is called so.
    pub fn builtin(&self, expr: &Expr) -> Option<String> {
        let name = syntax::callee(expr)?;
        let root = name.split('.').next().unwrap_or_default();
        let own = self.imports.contains(root) || self.rules.contains(root) || ["data", "input"].contains(&root);
        (!own && (builtins::arguments(&name).is_some() || name == "walk")).then_some(name)
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
    pub text: &'a str,
    pub file: &'a str,
    pub names: &'a Names,
    pub mocked: &'a BTreeSet<String>,
    pub annotations: &'a [Annotation],
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
    pub fn query(&mut self, query: &regorus::unstable::Ref<regorus::unstable::Query>) {
        let nodes = vec![Node::Query(query)];
        self.nodes(nodes, None);
    }

    fn rule(&mut self, rule: &Rule, package: &[String]) {
        self.nodes(syntax::parts(rule), Some((rule, package)));
    }

    fn nodes(&mut self, nodes: Vec<Node<'_>>, rule: Option<(&Rule, &[String])>) {
        // The calls whose output argument is moved: they are statements.
        let mut outputs: BTreeMap<usize, ()> = BTreeMap::new();
        syntax::visit(nodes, |node| {
            match node {
                Node::Statement(statement) => {
                    if let Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } = &statement.literal {
                        if let Expr::Call { span, .. } = expr.as_ref() {
                            outputs.insert(syntax::range(span).start, ());
                        }
                    }
                    self.with(statement);
                }
                Node::Expr(expr) => match expr.as_ref() {
                    Expr::Call { span, fcn, params, .. } => {
                        let start = syntax::range(span).start;
                        self.call(span, fcn, params.len(), params, outputs.contains_key(&start), rule);
                    }
                    // A default has no calls; there is nothing for its keys to clash with.
                    Expr::ObjectCompr { span, key, value, .. }
                        if !rule.is_some_and(|(rule, _)| matches!(rule, Rule::Default { .. })) =>
                    {
                        self.object(span, key, value);
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
        given: usize,
        params: &[regorus::unstable::Ref<Expr>],
        statement: bool,
        rule: Option<(&Rule, &[String])>,
    ) {
        let Some(name) = self.names.builtin(function).or_else(|| metadata_call(function)) else { return };
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
        let moves = name == "walk" || !builtins::is_native(&name);
        if moves && statement && given == wanted + 1 {
            if let Some(last) = params.last() {
                self.output(&whole, last, given);
            }
        }
        if name == "walk" {
            self.edits.push(Edit::new(whole.end..whole.end, "[_]"));
        }
    }

    /// `f(x, out)` becomes `out = f(x)`.
    fn output(&mut self, call: &std::ops::Range<usize>, last: &Expr, given: usize) {
        let start = syntax::range(last.span()).start;
        let before = self.text.get(call.start..start).unwrap_or_default();
        // A text's span begins behind its quote, and parentheses are in no span.
        let separator = if given == 1 { '(' } else { ',' };
        let Some(cut) = before.rfind(separator).map(|at| call.start + at) else { return };
        let close = call.end - 1;
        let out = self.text.get(cut + 1..close).unwrap_or_default().trim().trim_end_matches(',').trim_end();
        self.edits.push(Edit::new(call.start..call.start, format!("{out} = ")));
        let keep = usize::from(given == 1);
        self.edits.push(Edit::new(cut + keep..close, ""));
    }

    /// `{k: v | body}` becomes `internal.object([[k, v] | body])`, which tells a clash of keys in both gears.
    fn object(&mut self, span: &Span, key: &Expr, value: &Expr) {
        let whole = syntax::range(span);
        let colon = self.seek(syntax::range(key.span()).end, b':');
        let bar = self.seek(syntax::range(value.span()).end, b'|');
        let (Some(colon), Some(bar)) = (colon, bar) else { return };
        self.edits.push(Edit::new(whole.start..whole.start + 1, "internal.object([["));
        self.edits.push(Edit::new(colon..colon + 1, ","));
        self.edits.push(Edit::new(bar..bar, "] "));
        self.edits.push(Edit::new(whole.end - 1..whole.end, "])"));
    }

    /// The offset of a mark behind an expression: past closing quotes and parentheses, blanks and comments.
    fn seek(&self, from: usize, mark: u8) -> Option<usize> {
        let bytes = self.text.as_bytes();
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

/// `rego.metadata.*` are no functions: they are known when a module is read.
fn metadata_call(function: &Expr) -> Option<String> {
    syntax::callee(function).filter(|name| name.starts_with("rego.metadata."))
}
