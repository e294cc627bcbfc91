//! Types out of JSON Schemas, as OPA makes them.
//!
//! Deliberately absent: validation; a type says less than a schema.

use super::{Maybe, Type, or};
use crate::source::Span;
use crate::syntax::ast::Term;
use serde_json::Value;
use std::collections::BTreeMap;

/// How deep schemas may refer to one another.
const DEPTH_MAX: usize = 64;

/// The type of a schema. Where `open`, objects with properties may have others, too, unless `additionalProperties` is
/// false: OPA knows no others.
///
/// # Errors
/// A part that refers to what is not there.
pub fn of(schema: &Value, open: bool) -> Result<Type, String> {
    Reader { root: schema, open, known: BTreeMap::new() }.of(schema, 0)
}

struct Reader<'s> {
    root: &'s Value,
    open: bool,
    known: BTreeMap<String, Option<Type>>,
}

impl<'s> Reader<'s> {
    fn of(&mut self, schema: &'s Value, depth: usize) -> Result<Type, String> {
        if depth > DEPTH_MAX {
            return Ok(Type::any());
        }
        if let Some(place) = schema.get("$ref").and_then(Value::as_str) {
            return match self.known.get(place) {
                // A schema that refers to itself is anything where it does so.
                Some(of) => Ok(of.clone().unwrap_or_else(Type::any)),
                None => {
                    let target =
                        self.at(place).ok_or_else(|| format!("the schema refers to `{place}`, which is not in it"))?;
                    self.known.insert(place.to_owned(), None);
                    let of = self.of(target, depth + 1)?;
                    self.known.insert(place.to_owned(), Some(of.clone()));
                    Ok(of)
                }
            };
        }
        if let Some(alternatives) =
            schema.get("anyOf").or_else(|| schema.get("oneOf").filter(|_| self.open)).and_then(Value::as_array)
        {
            let mut all: Maybe = None;
            if schema.get("properties").is_some() {
                all = Some(self.typed(schema, depth)?);
            }
            for one in alternatives {
                let one = self.of(one, depth + 1)?;
                all = or(Some(one), all);
            }
            return Ok(all.unwrap_or_else(Type::any));
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let mut all: Option<Type> =
                schema.get("properties").is_some().then(|| self.typed(schema, depth)).transpose()?;
            for part in parts {
                let part = self.of(part, depth + 1)?;
                all = Some(match all {
                    Some(before) => both(&before, &part),
                    None => part,
                });
            }
            return Ok(all.unwrap_or_else(Type::any));
        }
        self.typed(schema, depth)
    }

    fn typed(&mut self, schema: &'s Value, depth: usize) -> Result<Type, String> {
        let kinds: Vec<&str> = match schema.get("type") {
            Some(kind) => match kind.as_str() {
                Some(kind) => vec![kind],
                None => kind.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
            },
            None if schema.get("properties").is_some() => vec!["object"],
            None if schema.get("items").is_some() => vec!["array"],
            None => Vec::new(),
        };
        if !self.open {
            // OPA takes the first of these, whatever others there are.
            let first = ["boolean", "string", "integer", "number", "object", "array"]
                .into_iter()
                .find(|kind| kinds.contains(kind));
            return first.map_or(Ok(Type::any()), |kind| self.kind(kind, schema, depth));
        }
        let mut all: Maybe = None;
        for kind in kinds {
            let one = self.kind(kind, schema, depth)?;
            all = or(all, Some(one));
        }
        Ok(all.unwrap_or_else(Type::any))
    }

    fn kind(&mut self, kind: &str, schema: &'s Value, depth: usize) -> Result<Type, String> {
        Ok(match kind {
            "null" => Type::Null,
            "boolean" => Type::Bool,
            "string" => Type::String,
            "integer" | "number" => Type::Number,
            "array" => match schema.get("items") {
                Some(items) => match items.as_array() {
                    Some(list) => {
                        let mut fixed = Vec::with_capacity(list.len());
                        for one in list {
                            fixed.push(Some(self.of(one, depth + 1)?));
                        }
                        Type::array(fixed, None)
                    }
                    None => Type::array_of(Some(self.of(items, depth + 1)?)),
                },
                None => Type::array_of(Some(Type::any())),
            },
            "object" => {
                let mut fixed = Vec::new();
                for (key, value) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                    fixed.push((Term::string(Span::NONE, key.as_str()), Some(self.of(value, depth + 1)?)));
                }
                let others = match schema.get("additionalProperties").filter(|_| self.open) {
                    Some(others) if others.is_object() => Some(self.of(others, depth + 1)?),
                    _ => None,
                };
                let dynamic = match others {
                    Some(of) => Some((Some(Type::String), Some(of))),
                    None if fixed.is_empty() => Some((Some(Type::any()), Some(Type::any()))),
                    None => None,
                };
                Type::object(fixed, dynamic)
            }
            _ => Type::any(),
        })
    }

    /// What a local reference names.
    fn at(&self, place: &str) -> Option<&'s Value> {
        let mut at = self.root;
        for word in place.strip_prefix('#')?.split('/').filter(|word| !word.is_empty()) {
            at = at.get(word.replace("~1", "/").replace("~0", "~"))?;
        }
        Some(at)
    }
}

/// What is both: of objects, the keys of either.
fn both(a: &Type, b: &Type) -> Type {
    match (a, b) {
        (Type::Object(x), Type::Object(y)) => {
            let mut fixed = x.fixed.clone();
            for (key, value) in &y.fixed {
                match fixed.iter_mut().find(|(other, _)| crate::syntax::compare::same(other, key)) {
                    Some((_, known)) => *known = or(known.clone(), value.clone()),
                    None => fixed.push((key.clone(), value.clone())),
                }
            }
            let dynamic = match (&x.dynamic, &y.dynamic) {
                _ if fixed.is_empty() => x.dynamic.clone().or_else(|| y.dynamic.clone()),
                (Some(_), None) if !x.fixed.is_empty() => x.dynamic.clone(),
                (None, Some(_)) if !y.fixed.is_empty() => y.dynamic.clone(),
                _ => None,
            };
            Type::object(fixed, dynamic)
        }
        (Type::Any(of), other) | (other, Type::Any(of)) if of.is_empty() => other.clone(),
        _ => a.clone(),
    }
}
