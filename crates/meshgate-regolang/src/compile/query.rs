//! A query, against modules.
//!
//! Deliberately absent: packages and imports that a query is asked in; their names are written out.

use super::{Checked, Compiler, Options, locals, names, typing};
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
        let kept = std::mem::replace(&mut self.rules, vec![super::Node { rule, module, els: None, follows: false }]);
        let errors = self.stages_of_query();
        if let Some(node) = self.rules.pop() {
            *body = node.rule.body;
        }
        self.rules = kept;
        if !errors.is_empty() {
            return errors;
        }
        typing::Checker::with(std::mem::replace(&mut self.types, typing::Env::new()), &self.renamed).body(body)
    }

    fn stages_of_query(&mut self) -> Vec<Error> {
        // As in OPA, comparisons of a query stay what they are.
        let stages = [
            Self::rewrite_templates,
            Self::check_void_calls,
            Self::rewrite_prints,
            Self::expand_terms,
            Self::rewrite_comprehension_terms,
            Self::rewrite_withs,
            Self::check_functions,
            Self::check_safety,
            Self::rewrite_dynamics,
        ];
        for stage in stages {
            stage(self);
            if !self.errors.is_empty() {
                break;
            }
        }
        std::mem::take(&mut self.errors)
    }
}
