//! Numbers, strings and templates.
//!
//! Deliberately absent: collections; see `terms`.

use super::super::ast::{Expr, ExprKind, Node, Part, Term};
use super::super::lex::Resume;
use super::super::token::Kind;
use super::Parser;
use crate::number::Number;

impl Parser<'_> {
    pub(super) fn number(&mut self) -> Option<Term> {
        let span = self.here();
        let mut text = String::new();
        if self.s.kind == Kind::Sub {
            text.push('-');
            self.scan();
            if !matches!(self.s.kind, Kind::Number | Kind::Dot) {
                self.illegal("expected number");
                return None;
            }
        }
        let point = self.s.kind == Kind::Dot;
        if point {
            self.scan();
            if self.s.kind != Kind::Number {
                self.illegal("expected number");
                return None;
            }
            // OPA keeps `.5` as it stands, and cannot write it: it is written as JSON has it.
            text.push_str("0.");
        }
        let digits = self.text();
        let mut rest = digits.bytes().skip(1);
        if !point && digits.starts_with('0') && rest.next().is_some_and(|next| !matches!(next, b'.' | b'e' | b'E')) {
            self.illegal("expected number without leading zero");
            return None;
        }
        if point && digits.contains('.') {
            self.illegal("invalid float");
            return None;
        }
        text.push_str(digits);
        if is_too_big(&text) {
            let here = self.here();
            self.error(here, "number too big");
            return None;
        }
        Some(Term::new(span, Node::Number(Number::new(text))))
    }

    pub(super) fn string(&mut self) -> Option<Term> {
        let (span, text) = (self.here(), self.text());
        let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
        if text.starts_with('`') || !inner.contains('\\') {
            let name = self.name(inner);
            return Some(Term::string(span, name));
        }
        match unescaped(inner) {
            Some(inner) => {
                let name = self.name(&inner);
                Some(Term::string(span, name))
            }
            None => {
                self.error(span, format!("illegal string literal: {text}"));
                None
            }
        }
    }

    pub(super) fn template(&mut self, resume: Resume) -> Option<Term> {
        let start = self.s.start;
        let (mut parts, mut highest) = (Vec::new(), 0);
        let mut skip = 2;
        loop {
            let (span, text) = (self.here(), self.text());
            let inner = text.get(skip..text.len().saturating_sub(1)).unwrap_or_default();
            skip = 0;
            let said = if resume == Resume::Raw { Some(inner.replace("\\{", "{")) } else { unescaped(&braced(inner)) };
            let Some(said) = said else {
                self.error(span, format!("illegal template-string part: {text}"));
                return None;
            };
            if !said.is_empty() {
                parts.push(Part::Term(Term::string(span, said)));
            }
            if matches!(self.s.kind, Kind::TemplateEnd | Kind::RawTemplateEnd) {
                break;
            }
            let before = self.comments.len();
            self.scan();
            let comments = self.comments.len() > before;
            let Some(expr) = self.literal() else {
                let here = self.here();
                self.error(here, "invalid template-string expression");
                return None;
            };
            highest = highest.max(self.height);
            if let Some(message) = unfit(&expr) {
                self.error(expr.span, message);
                return None;
            }
            parts.push(match expr.kind {
                ExprKind::Term(term) if term.is_scalar() && !comments && expr.with.is_empty() => Part::Term(term),
                _ => Part::Expr(expr),
            });
            if self.s.kind != Kind::RBrace {
                let here = self.here();
                self.error(here, format!("expected {} to end template string expression", Kind::RBrace.name()));
                return None;
            }
            self.advance(false, Some(resume));
            if !matches!(
                self.s.kind,
                Kind::TemplatePart | Kind::TemplateEnd | Kind::RawTemplatePart | Kind::RawTemplateEnd
            ) {
                let here = self.here();
                self.error(here, "expected template-string part");
                return None;
            }
        }
        self.lift(highest)?;
        Some(Term::new(self.span(start, self.s.end), Node::Template(parts)))
    }
}

/// Why a statement cannot stand in a template.
fn unfit(expr: &Expr) -> Option<&'static str> {
    if expr.negated {
        return Some("unexpected negation ('not') in template-string expression");
    }
    match &expr.kind {
        _ if expr.is_equality() => Some("unexpected unification ('=') in template-string expression"),
        _ if expr.is_assignment() => Some("unexpected assignment (':=') in template-string expression"),
        ExprKind::Every(_) => Some("unexpected 'every' in template-string expression"),
        ExprKind::Some(_) => Some("unexpected 'some' in template-string expression"),
        ExprKind::Not { .. } => Some("unexpected negation ('not') in template-string expression"),
        ExprKind::And(_) => Some("unexpected 'and' in template-string expression"),
        ExprKind::Or(_) => Some("unexpected 'or' in template-string expression"),
        _ => None,
    }
}

/// Does it need more than a hundred thousand bits before or behind the point?
fn is_too_big(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: String = whole.chars().chain(part.chars()).collect();
    let kept = digits.trim_start_matches('0');
    if kept.is_empty() {
        return false;
    }
    let Ok(exponent) = exponent.parse::<i64>() else { return true };
    let leading: String = kept.chars().take(17).collect();
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let scale = exponent.saturating_sub(count(part.len())).saturating_add(count(kept.len() - leading.len()));
    #[expect(clippy::cast_precision_loss, reason = "only the size is asked for")]
    let bits = leading.parse::<f64>().unwrap_or(1.0).log2() + scale as f64 * std::f64::consts::LOG2_10;
    (bits.floor() + 1.0).abs() > 1e5
}

/// A template's `\{` is a brace.
fn braced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if char == '\\' {
            match chars.next() {
                Some('{') => out.push('{'),
                Some(next) => out.extend(['\\', next]),
                None => out.push('\\'),
            }
        } else {
            out.push(char);
        }
    }
    out
}

/// What a string of JSON says, as Go reads it; half a pair of surrogates becomes U+FFFD.
fn unescaped(text: &str) -> Option<String> {
    if !text.contains('\\') {
        return Some(text.to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let code = |text: &str| text.get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    while let Some(char) = rest.chars().next() {
        rest = rest.get(char.len_utf8()..)?;
        if u32::from(char) < 0x20 || char == '"' {
            return None;
        }
        if char != '\\' {
            out.push(char);
            continue;
        }
        let escape = rest.chars().next()?;
        rest = rest.get(escape.len_utf8()..)?;
        out.push(match escape {
            '"' | '\\' | '/' => escape,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                if rest.starts_with('+') {
                    return None;
                }
                let first = code(rest)?;
                rest = rest.get(4..)?;
                let second = rest.strip_prefix("\\u").and_then(code).filter(|low| (0xdc00..0xe000).contains(low));
                match (first, second) {
                    (0xd800..0xdc00, Some(low)) => {
                        rest = rest.get(6..)?;
                        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00))?
                    }
                    _ => char::from_u32(first).unwrap_or('\u{fffd}'),
                }
            }
            _ => return None,
        });
    }
    Some(out)
}
