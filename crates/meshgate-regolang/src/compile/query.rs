//! A query, against modules.
//!
//! Deliberately absent: packages and imports that a query is asked in; their names are written out.

use super::safety::{reordered, told};
use super::withs::Targets;
use super::{Checked, Compiler, Options, dynamics, locals, names, prints, typing, withs};
use crate::error::Error;
use crate::source::Source;
use crate::syntax::ast::{Body, Module, Rule};

/// Checks modules, and a query that is asked of them. What is wrong with modules comes first.
pub fn check_query(sources: &[Source], modules: Vec<Module>, query: &Source, body: Body, options: &Options) -> Checked {
    let mut compiler = Compiler::new(sources, modules, options);
    compiler.run();
    if !compiler.errors.is_empty() {
        return Checked { errors: compiler.errors, warnings: compiler.warnings };
    }
    let errors = compiler.query(query, body);
    Checked { errors, warnings: compiler.warnings }
}

impl Compiler<'_> {
    fn query(&mut self, source: &Source, mut body: Body) -> Vec<Error> {
        let mut fresh = names::Fresh::for_query(source);
        let (renamed, errors) = locals::query(&mut fresh, &self.options.builtins, &mut body);
        if !errors.is_empty() {
            return errors;
        }
        for (made, written) in renamed {
            self.renamed.insert(made, written);
        }
        std::mem::swap(&mut self.fresh, &mut fresh);
        let errors = self.query_stages(&mut body);
        std::mem::swap(&mut self.fresh, &mut fresh);
        errors
    }

    fn query_stages(&mut self, body: &mut Body) -> Vec<Error> {
        // The stages work on rules: the query is the body of one that nothing refers to.
        let module = self.units.len();
        let rule = Rule {
            span: body.first().map_or(crate::source::Span::NONE, |expr| expr.span),
            head: crate::syntax::ast::Head {
                span: crate::source::Span::NONE,
                reference: vec![crate::syntax::ast::Term::var(crate::source::Span::NONE, "query")],
                args: Vec::new(),
                key: None,
                value: None,
                name: None,
                assign: false,
                generated_value: true,
                has_if: true,
                has_contains: false,
            },
            body: std::mem::take(body),
            els: None,
            default: false,
            generated_body: false,
        };
        let kept = std::mem::replace(
            &mut self.rules,
            vec![super::Node { rule, module, els: None, follows: false }],
        );
        let arities: Vec<_> = kept.iter().map(|node| node.rule.head.args.len()).collect();
        let functions = withs::functions(&kept);
        let errors = self.stages_of_query(&arities, functions);
        if let Some(node) = self.rules.pop() {
            *body = node.rule.body;
        }
        self.rules = kept;
        if !errors.is_empty() {
            return errors;
        }
        typing::Checker::with(std::mem::replace(&mut self.types, typing::Env::new()), &self.renamed).body(body)
    }

    fn stages_of_query(&mut self, arities: &[usize], functions: Vec<bool>) -> Vec<Error> {
        let stages: [fn(&mut Self, &[usize]); 4] = [
            |compiler, arities| compiler.rewrite_templates_with(arities),
            |compiler, _| compiler.check_void_calls(),
            |compiler, arities| compiler.rewrite_prints_with(arities),
            |compiler, _| compiler.expand_terms(),
        ];
        for stage in stages {
            stage(self, arities);
            if !self.errors.is_empty() {
                return std::mem::take(&mut self.errors);
            }
        }
        self.rewrite_comprehension_terms();
        let Some(node) = self.rules.first_mut() else { return Vec::new() };
        let builtins = self.options.builtins.clone();
        let mut targets =
            Targets { builtins: &builtins, tree: &self.tree, functions, fresh: &mut self.fresh, errors: Vec::new() };
        targets.body(&mut node.rule.body);
        let errors = std::mem::take(&mut targets.errors);
        if !errors.is_empty() {
            return errors;
        }
        self.check_functions_with(arities);
        if !self.errors.is_empty() {
            return std::mem::take(&mut self.errors);
        }
        let arity = |steps: &[crate::syntax::ast::Term]| self.arity_with(arities, steps);
        let mut missing = Vec::new();
        let taken = self.rules.first().map(|node| node.rule.body.clone()).unwrap_or_default();
        let body = reordered(taken, &arity, &prints::reserved(), &mut missing);
        let errors = told(missing, &|name| self.renamed.written(name).clone());
        if let Some(node) = self.rules.first_mut() {
            node.rule.body = body;
            dynamics::dynamics(&mut self.fresh, &mut node.rule.body);
        }
        errors
    }
}
