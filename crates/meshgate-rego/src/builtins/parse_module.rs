//! `rego.parse_module`: a module as OPA's syntax tree in JSON, as far as regorus' parser tells it apart.
//!
//! Deliberately absent: locations and comments, which OPA leaves out too unless asked; and generated variables: `_` stays.

use super::operand;
use anyhow::{Result, anyhow};
use regorus::unstable::{AssignOp, BinOp, BoolOp, Expr, Literal, LiteralStmt, Module, Parser, Query, Rule, RuleHead};
use regorus::{Source, Value};
use serde_json::{Map, Value as Json, json};

/// Bytes of a module that a policy may parse.
const MODULE_MAX: usize = 1 << 20;

pub fn parse(values: &[Value]) -> Result<Value> {
    let (file, text) = (operand(values, 0)?, operand(values, 1)?);
    if text.len() > MODULE_MAX {
        anyhow::bail!(super::Exceeded(format!("the module has more than {MODULE_MAX} bytes")));
    }
    let failed = |error: anyhow::Error| anyhow!("rego_parse_error: {error}");
    let source = Source::from_contents(file.to_owned(), text.to_owned()).map_err(failed)?;
    let mut parser = Parser::new(&source).map_err(failed)?;
    parser.enable_rego_v1().map_err(failed)?;
    let module = parser.parse().map_err(failed)?;
    Ok(super::value_of(self::module(&module)))
}

fn module(module: &Module) -> Json {
    let mut path = vec![json!({"type": "var", "value": "data"})];
    path.extend(steps(&module.package.refr));
    let mut map = Map::new();
    map.insert("package".to_owned(), json!({"path": path}));
    let imports: Vec<Json> = module
        .imports
        .iter()
        .map(|import| {
            let path = json!({"type": "ref", "value": reference(&import.refr)});
            match &import.r#as {
                Some(alias) => json!({"path": path, "alias": alias.text()}),
                None => json!({"path": path}),
            }
        })
        .collect();
    if !imports.is_empty() {
        map.insert("imports".to_owned(), Json::Array(imports));
    }
    let rules: Vec<Json> = module.policy.iter().flat_map(|rule| self::rule(rule)).collect();
    if !rules.is_empty() {
        map.insert("rules".to_owned(), Json::Array(rules));
    }
    Json::Object(map)
}

/// The steps of a reference, the first as a text.
fn steps(expr: &Expr) -> Vec<Json> {
    let mut path = reference(expr);
    if let Some(first) = path.first_mut().and_then(Json::as_object_mut) {
        first.insert("type".to_owned(), json!("string"));
    }
    path
}

fn reference(expr: &Expr) -> Vec<Json> {
    let mut steps = Vec::new();
    let mut at = expr;
    loop {
        match at {
            Expr::RefDot { refr, field, .. } => {
                steps.push(json!({"type": "string", "value": field.1}));
                at = refr;
            }
            Expr::RefBrack { refr, index, .. } => {
                steps.push(term(index));
                at = refr;
            }
            Expr::Var { value, .. } => {
                steps.push(json!({"type": "var", "value": value}));
                break;
            }
            other => {
                steps.push(term(other));
                break;
            }
        }
    }
    steps.reverse();
    steps
}

fn call(name: &str, arguments: &[&Expr]) -> Json {
    let path: Vec<Json> = name
        .split('.')
        .enumerate()
        .map(|(at, step)| json!({"type": if at == 0 { "var" } else { "string" }, "value": step}))
        .collect();
    let function = json!({"type": "ref", "value": path});
    Json::Array(std::iter::once(function).chain(arguments.iter().map(|argument| term(argument))).collect())
}

/// The function and the arguments of an expression that is a call.
fn terms(expr: &Expr) -> Option<Json> {
    Some(match expr {
        Expr::Call { fcn, params, .. } => {
            let function = json!({"type": "ref", "value": reference(fcn)});
            Json::Array(std::iter::once(function).chain(params.iter().map(|parameter| term(parameter))).collect())
        }
        Expr::BinExpr { op, lhs, rhs, .. } => call(if *op == BinOp::Intersection { "and" } else { "or" }, &[lhs, rhs]),
        Expr::BoolExpr { op, lhs, rhs, .. } => {
            let name = match op {
                BoolOp::Lt => "lt",
                BoolOp::Le => "lte",
                BoolOp::Eq => "equal",
                BoolOp::Ge => "gte",
                BoolOp::Gt => "gt",
                BoolOp::Ne => "neq",
            };
            call(name, &[lhs, rhs])
        }
        Expr::ArithExpr { op, lhs, rhs, .. } => call(crate::syntax::operator(op), &[lhs, rhs]),
        Expr::AssignExpr { op, lhs, rhs, .. } => call(if *op == AssignOp::Eq { "eq" } else { "assign" }, &[lhs, rhs]),
        Expr::Membership { key: Some(key), value, collection, .. } => {
            call("internal.member_3", &[key, value, collection])
        }
        Expr::Membership { key: None, value, collection, .. } => call("internal.member_2", &[value, collection]),
        _ => return None,
    })
}

fn term(expr: &Expr) -> Json {
    let list = |kind: &str, items: &[regorus::unstable::Ref<Expr>]| json!({"type": kind, "value": items.iter().map(|item| term(item)).collect::<Vec<_>>()});
    match expr {
        Expr::String { value, .. } | Expr::RawString { value, .. } => json!({"type": "string", "value": value}),
        Expr::Number { value, .. } => json!({"type": "number", "value": value}),
        Expr::Bool { value, .. } => json!({"type": "boolean", "value": value}),
        Expr::Null { .. } => json!({"type": "null", "value": null}),
        Expr::Var { span, value, .. } if ["input", "data"].contains(&span.text()) => {
            json!({"type": "ref", "value": [{"type": "var", "value": value}]})
        }
        Expr::Var { value, .. } => json!({"type": "var", "value": value}),
        Expr::RefDot { .. } | Expr::RefBrack { .. } => json!({"type": "ref", "value": reference(expr)}),
        Expr::Array { items, .. } => list("array", items),
        Expr::Set { items, .. } => list("set", items),
        Expr::Object { fields, .. } => {
            let pairs: Vec<Json> = fields.iter().map(|(_, key, value)| json!([term(key), term(value)])).collect();
            json!({"type": "object", "value": pairs})
        }
        Expr::ArrayCompr { term: head, query, .. } => {
            json!({"type": "arraycomprehension", "value": {"term": term(head), "body": body(query)}})
        }
        Expr::SetCompr { term: head, query, .. } => {
            json!({"type": "setcomprehension", "value": {"term": term(head), "body": body(query)}})
        }
        Expr::ObjectCompr { key, value, query, .. } => {
            let parts = json!({"key": term(key), "value": term(value), "body": body(query)});
            json!({"type": "objectcomprehension", "value": parts})
        }
        Expr::UnaryExpr { expr: inner, .. } => match term(inner) {
            Json::Object(map) if map.get("type") == Some(&json!("number")) => {
                let text = format!("-{}", map.get("value").cloned().unwrap_or_default());
                json!({"type": "number", "value": serde_json::from_str::<Json>(&text).unwrap_or_default()})
            }
            other => json!({"type": "call", "value": [{"type": "ref", "value": [{"type": "var", "value": "minus"}]},
                            {"type": "number", "value": 0}, other]}),
        },
        other => json!({"type": "call", "value": terms(other)}),
    }
}

fn body(query: &Query) -> Json {
    query.stmts.iter().enumerate().map(|(index, statement)| self::statement(index, statement)).collect()
}

fn statement(index: usize, statement: &LiteralStmt) -> Json {
    let whole = |expr: &Expr| terms(expr).unwrap_or_else(|| term(expr));
    let mut map = Map::new();
    map.insert("index".to_owned(), json!(index));
    let terms = match &statement.literal {
        Literal::Expr { expr, .. } => whole(expr),
        Literal::NotExpr { expr, .. } => {
            map.insert("negated".to_owned(), json!(true));
            whole(expr)
        }
        Literal::SomeVars { vars, .. } => {
            let symbols: Vec<Json> = vars.iter().map(|span| json!({"type": "var", "value": span.text()})).collect();
            json!({"symbols": symbols})
        }
        Literal::SomeIn { key, value, collection, .. } => {
            let member = match key {
                Some(key) => call("internal.member_3", &[key, value, collection]),
                None => call("internal.member_2", &[value, collection]),
            };
            json!({"symbols": [{"type": "call", "value": member}]})
        }
        Literal::Every { key, value, domain, query, .. } => {
            let key = key.as_ref().map_or(Json::Null, |key| json!({"type": "var", "value": key.text()}));
            json!({"key": key, "value": {"type": "var", "value": value.text()}, "domain": term(domain),
                   "body": body(query)})
        }
    };
    map.insert("terms".to_owned(), terms);
    let with: Vec<Json> =
        statement.with_mods.iter().map(|with| json!({"target": term(&with.refr), "value": term(&with.r#as)})).collect();
    if !with.is_empty() {
        map.insert("with".to_owned(), Json::Array(with));
    }
    Json::Object(map)
}

fn truth() -> Json {
    json!({"type": "boolean", "value": true})
}

/// A rule; independent bodies are rules of their own, `else` hangs below its rule.
fn rule(rule: &Rule) -> Vec<Json> {
    let always = || json!([{"index": 0, "terms": truth()}]);
    let named = |refr: &Expr| {
        let path = reference(refr);
        let name = path.first().and_then(|first| first.get("value")).cloned().unwrap_or_default();
        (name, path)
    };
    match rule {
        Rule::Default { refr, args, value, .. } => {
            let (name, path) = named(refr);
            let mut head = json!({"name": name, "value": term(value), "ref": path});
            if let (false, Some(head)) = (args.is_empty(), head.as_object_mut()) {
                head.insert("args".to_owned(), args.iter().map(|argument| term(argument)).collect());
            }
            vec![json!({"default": true, "head": head, "body": always()})]
        }
        Rule::Spec { head, bodies, .. } => {
            let mut made = Map::new();
            let refr = match head {
                RuleHead::Compr { refr, assign, .. } => {
                    made.insert("value".to_owned(), assign.as_ref().map_or_else(truth, |assign| term(&assign.value)));
                    refr
                }
                RuleHead::Set { refr, key, .. } => {
                    made.extend(key.as_ref().map(|key| ("key".to_owned(), term(key))));
                    refr
                }
                RuleHead::Func { refr, args, assign, .. } => {
                    made.insert("args".to_owned(), args.iter().map(|argument| term(argument)).collect());
                    made.insert("value".to_owned(), assign.as_ref().map_or_else(truth, |assign| term(&assign.value)));
                    refr
                }
            };
            let (name, path) = named(refr);
            made.insert("name".to_owned(), name);
            made.insert("ref".to_owned(), Json::Array(path));
            if bodies.is_empty() {
                return vec![json!({"head": made, "body": always()})];
            }
            let mut rules: Vec<Json> = Vec::new();
            let mut chain: Vec<Json> = Vec::new();
            // From behind: an `else` goes into what stands before it.
            for part in bodies.iter().rev() {
                let mut head = made.clone();
                if let Some(assign) = &part.assign {
                    head.insert("value".to_owned(), term(&assign.value));
                } else if part.is_else {
                    head.insert("value".to_owned(), truth());
                }
                let body = if part.query.stmts.is_empty() { always() } else { body(&part.query) };
                let mut one = json!({"head": head, "body": body});
                if let (Some(below), Some(one)) = (chain.pop(), one.as_object_mut()) {
                    one.insert("else".to_owned(), below);
                }
                if part.is_else { chain.push(one) } else { rules.push(one) }
            }
            rules.reverse();
            rules
        }
    }
}
