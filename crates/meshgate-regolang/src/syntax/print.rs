//! Terms and statements as OPA prints them in its messages.
//!
//! Deliberately absent: layout; what is printed is one line.

use super::ast::{Body, Every, Expr, ExprKind, Logical, Node, Part, Term};
use super::token;
use std::fmt::{self, Display, Formatter, Write as _};

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Null => f.write_str("null"),
            Node::Bool(value) => write!(f, "{value}"),
            Node::Number(number) => f.write_str(number.as_str()),
            Node::String(text) => f.write_str(&quoted(text)),
            Node::Var(name) => f.write_str(var(name)),
            Node::Ref(steps) => f.write_str(&reference(steps)),
            Node::Call(terms) => f.write_str(&call(terms)),
            Node::Array(terms) => write!(f, "[{}]", list(terms)),
            Node::Set(terms) if terms.is_empty() => f.write_str("set()"),
            Node::Set(terms) => write!(f, "{{{}}}", list(terms)),
            Node::Object(pairs) => {
                let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                write!(f, "{{{}}}", pairs.join(", "))
            }
            Node::ArrayCompr(term, inner) => write!(f, "[{term} | {}]", body(inner)),
            Node::SetCompr(term, inner) => write!(f, "{{{term} | {}}}", body(inner)),
            Node::ObjectCompr(pair, inner) => write!(f, "{{{}: {} | {}}}", pair.0, pair.1, body(inner)),
            Node::Template(parts) => {
                f.write_str("$\"")?;
                for part in parts {
                    match part {
                        Part::Term(Term { node: Node::String(text), .. }) => {
                            let text = quoted(text);
                            f.write_str(&text.get(1..text.len() - 1).unwrap_or_default().replace('{', "\\{"))?;
                        }
                        Part::Term(term) => write!(f, "{{{term}}}")?,
                        Part::Expr(expr) => write!(f, "{{{expr}}}")?,
                    }
                }
                f.write_str("\"")
            }
        }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("not ")?;
        }
        match &self.kind {
            ExprKind::Term(term) => write!(f, "{term}")?,
            ExprKind::Call(terms) => f.write_str(&infix(terms).unwrap_or_else(|| call(terms)))?,
            ExprKind::Some(symbols) => write!(f, "some {}", list(symbols))?,
            ExprKind::Every(every) => {
                let Every { key, value, domain, body: inner, .. } = &**every;
                let key = key.as_ref().map(|key| format!("{key}, ")).unwrap_or_default();
                write!(f, "every {key}{value} in {domain} {{ {} }}", body(inner))?;
            }
            ExprKind::Not { body: inner, .. } => write!(f, "not {{ {} }}", body(inner))?,
            ExprKind::And(pair) => f.write_str(&logical(pair, "and"))?,
            ExprKind::Or(pair) => f.write_str(&logical(pair, "or"))?,
        }
        for with in &self.with {
            write!(f, " with {} as {}", with.target, with.value)?;
        }
        Ok(())
    }
}

fn logical(pair: &Logical, word: &str) -> String {
    let side = |inner: &Body, explicit| if explicit { format!("{{ {} }}", body(inner)) } else { body(inner) };
    format!("{} {word} {}", side(&pair.left, pair.explicit_left), side(&pair.right, pair.explicit_right))
}

fn var(name: &str) -> &str {
    if super::ast::is_wildcard(name) { "_" } else { name }
}

fn list(terms: &[Term]) -> String {
    terms.iter().map(Term::to_string).collect::<Vec<_>>().join(", ")
}

/// Statements, with semicolons.
pub fn body(body: &[Expr]) -> String {
    body.iter().map(Expr::to_string).collect::<Vec<_>>().join("; ")
}

/// A call: `f(a, b)`.
pub fn call(terms: &[Term]) -> String {
    match terms.split_first() {
        Some((function, args)) => format!("{function}({})", list(args)),
        None => String::new(),
    }
}

fn infix(terms: &[Term]) -> Option<String> {
    let [function, left, right] = terms else { return None };
    let sign = match function.to_string().as_str() {
        "eq" => "=",
        "assign" => ":=",
        "equal" => "==",
        "neq" => "!=",
        "lt" => "<",
        "lte" => "<=",
        "gt" => ">",
        "gte" => ">=",
        "plus" => "+",
        "minus" => "-",
        "mul" => "*",
        "div" => "/",
        "rem" => "%",
        "and" => "&",
        "or" => "|",
        "internal.member_2" => "in",
        _ => return None,
    };
    Some(format!("{left} {sign} {right}"))
}

/// A reference, with dots where a step is a word.
pub fn reference(steps: &[Term]) -> String {
    let mut text = String::new();
    for (index, step) in steps.iter().enumerate() {
        match &step.node {
            Node::Var(name) if index == 0 => text.push_str(var(name)),
            Node::String(name) if index == 0 => text.push_str(name),
            _ if index == 0 => text.push_str(&step.to_string()),
            Node::String(name) if is_word(name) => {
                text.push('.');
                text.push_str(name);
            }
            _ => {
                let _ = write!(text, "[{step}]");
            }
        }
    }
    text
}

fn is_word(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|char| char.is_ascii_alphabetic() || char == '_')
        && chars.all(|char| char.is_ascii_alphanumeric() || char == '_')
        && !token::is_reserved(text, true)
}

/// A string in quotes, as Go writes it.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\u{b}' => out.push_str("\\v"),
            char if u32::from(char) < 0x20 || u32::from(char) == 0x7f => {
                let _ = write!(out, "\\x{:02x}", u32::from(char));
            }
            char if char.is_control() || matches!(char, '\u{a0}' | '\u{ad}' | '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(char));
            }
            char => out.push(char),
        }
    }
    out.push('"');
    out
}
