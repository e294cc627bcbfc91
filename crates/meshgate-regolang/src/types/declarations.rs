//! The builtins of OPA 1.20: their arguments and results, as OPA's own table has them (`opa capabilities`).
//!
//! Deliberately absent: what they do.

use super::{Function, Maybe, Named, Type};
use crate::source::Span;
use crate::syntax::ast::{Name, Term};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// A builtin, as the compiler needs to know it.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// Its name, with dots.
    pub name: Name,
    /// Its type.
    pub function: Arc<Function>,
    /// Is it refused in v1?
    pub deprecated: bool,
    /// May one call give several results?
    pub relation: bool,
    /// May two calls with equal arguments differ?
    pub nondeterministic: bool,
}

impl Declaration {
    /// The number of its arguments.
    pub fn arity(&self) -> usize {
        self.function.args.len()
    }
}

/// Builtins by their names.
pub type Table = HashMap<Name, Declaration, RandomState>;

static OPA: LazyLock<Arc<Table>> = LazyLock::new(|| {
    let lines = include_str!("declarations.txt").lines();
    Arc::new(lines.filter_map(declaration).map(|one| (one.name.clone(), one)).collect())
});

/// OPA's builtins.
pub fn opa() -> Arc<Table> {
    OPA.clone()
}

/// Does OPA have a builtin of this name?
pub fn is_builtin(name: &str) -> bool {
    OPA.contains_key(name)
}

/// Reads a declaration: `count(collection: any<…>) => n: number @deprecated`.
pub fn declaration(line: &str) -> Option<Declaration> {
    let mut reader = Reader(line.trim());
    let name = reader.until('(')?;
    let mut function = Function::default();
    while !reader.eat(")") {
        let arg = reader.named()?;
        if reader.eat("...") {
            function.variadic = arg.of;
        } else {
            function.args.push(arg);
        }
        reader.eat(", ");
    }
    if reader.eat(" => ") {
        function.result = Some(reader.named()?);
    }
    let has = |flag: &str| reader.0.split(' ').any(|word| word == flag);
    Some(Declaration {
        name: Name::from(name),
        function: Arc::new(function),
        deprecated: has("@deprecated"),
        relation: has("@relation"),
        nondeterministic: has("@nondeterministic"),
    })
}

struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn eat(&mut self, what: &str) -> bool {
        match self.0.strip_prefix(what) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn until(&mut self, char: char) -> Option<&'a str> {
        let (before, rest) = self.0.split_once(char)?;
        self.0 = rest;
        Some(before)
    }

    fn word(&mut self) -> &'a str {
        let end = self.0.find(|char: char| !char.is_ascii_alphanumeric() && !matches!(char, '_' | '-'));
        let (word, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        word
    }

    fn named(&mut self) -> Option<Named> {
        // A name may have spaces in it; a type has a bracket before it has a colon.
        let end = self.0.find(['<', '[', ')', ',', ':']).unwrap_or(self.0.len());
        if let Some((name, rest)) = self.0.split_at_checked(end)
            && let Some(rest) = rest.strip_prefix(": ")
        {
            self.0 = rest;
            return Some(Named { name: Some(Name::from(name)), of: Some(self.of()?) });
        }
        Some(Named { name: None, of: Some(self.of()?) })
    }

    fn list(&mut self) -> Option<Vec<Type>> {
        let mut types = Vec::new();
        if self.eat("<") {
            while !self.eat(">") {
                types.push(self.of()?);
                self.eat(", ");
            }
        }
        Some(types)
    }

    fn bracketed(&mut self) -> Option<Maybe> {
        if !self.eat("[") {
            return Some(None);
        }
        let of = self.of()?;
        self.eat("]").then_some(Some(of))
    }

    fn of(&mut self) -> Option<Type> {
        Some(match self.word() {
            "null" => Type::Null,
            "boolean" => Type::Bool,
            "number" => Type::Number,
            "string" => Type::String,
            "any" => {
                let mut of = self.list()?;
                of.sort_by(super::order);
                Type::Any(of.into())
            }
            "set" => Type::set_of(self.bracketed()?),
            "array" => {
                let fixed = self.list()?.into_iter().map(Some).collect();
                Type::array(fixed, self.bracketed()?)
            }
            "object" => {
                let mut fixed = Vec::new();
                if self.eat("<") {
                    while !self.eat(">") {
                        let key = Term::string(Span::NONE, self.word());
                        if !self.eat(": ") {
                            return None;
                        }
                        fixed.push((key, Some(self.of()?)));
                        self.eat(", ");
                    }
                }
                let mut dynamic = None;
                if self.eat("[") {
                    let key = self.of()?;
                    if !self.eat(": ") {
                        return None;
                    }
                    dynamic = Some((Some(key), Some(self.of()?)));
                    if !self.eat("]") {
                        return None;
                    }
                }
                Type::object(fixed, dynamic)
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_printed_as_it_stands() {
        for line in include_str!("declarations.txt").lines() {
            let one = declaration(line).unwrap_or_else(|| panic!("{line}"));
            let plain = line.split(" @").next().unwrap();
            let args = super::super::show_args(&one.function, false);
            let result = one.function.result.as_ref().map(|named| {
                let of = super::super::show(named.of.as_ref());
                named.name.as_ref().map_or(format!(" => {of}"), |name| format!(" => {name}: {of}"))
            });
            assert_eq!(format!("{}{args}{}", one.name, result.unwrap_or_default()), plain);
        }
        assert_eq!(OPA.len(), 206);
    }
}
