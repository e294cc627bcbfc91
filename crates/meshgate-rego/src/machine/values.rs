//! What instructions make of values: comparisons, references into documents, objects.
//!
//! Deliberately absent: arithmetic, which is calls of builtins.

use super::code::{Code, Register, Relation, Step};
use super::{Machine, Stop};
use regorus::{Rc, Value};
use std::mem;

impl Machine {
    pub(super) fn compare(&self, left: Register, right: Register, relation: Relation) -> Result<Value, Stop> {
        let (left, right) = (self.get(left), self.get(right));
        if matches!(left, Value::Undefined) || matches!(right, Value::Undefined) {
            return Ok(Value::Undefined);
        }
        let orders = !matches!(relation, Relation::Equal | Relation::NotEqual);
        if orders && self.strict && mem::discriminant(left) != mem::discriminant(right) {
            return Err(Stop::Failed);
        }
        Ok(Value::Bool(match relation {
            Relation::Equal => left == right,
            Relation::NotEqual => left != right,
            Relation::Less => left < right,
            Relation::LessOrEqual => left <= right,
            Relation::Greater => left > right,
            Relation::GreaterOrEqual => left >= right,
        }))
    }

    pub(super) fn either(&self, left: Register, right: Register) -> Result<Value, Stop> {
        let (left, right) = (self.get(left), self.get(right));
        if matches!(left, Value::Undefined) || matches!(right, Value::Undefined) {
            return Ok(Value::Undefined);
        }
        let truth = |value: &Value| match value {
            Value::Bool(value) => Some(*value),
            Value::Null if !self.strict => Some(true),
            _ => None,
        };
        match (truth(left), truth(right)) {
            (Some(left), Some(right)) => Ok(Value::Bool(left || right)),
            _ => Err(Stop::Failed),
        }
    }

    /// All of these, if they all are there.
    pub(super) fn all(&self, items: &[Register]) -> Option<Vec<Value>> {
        let item = |register: &Register| Some(self.get(*register)).filter(|item| !matches!(item, Value::Undefined));
        items.iter().map(|register| item(register).cloned()).collect()
    }

    fn key<'a>(&'a self, step: &'a Step) -> &'a Value {
        match step {
            Step::Name(name) => name,
            Step::Of(register) => self.get(*register),
        }
    }

    pub(super) fn follow<'a>(&'a self, root: &'a Value, steps: &'a [Step]) -> &'a Value {
        let mut value = root;
        for step in steps {
            value = &value[self.key(step)];
            if matches!(value, Value::Undefined) {
                break;
            }
        }
        value
    }

    /// Follows a path that was perhaps followed before. What is kept holds the root too, so that nothing else can come to
    /// lie where it lies, and nobody changes it in place.
    pub(super) fn again(&mut self, root: Register, kept: usize, names: usize, steps: &[Step]) -> Value {
        let (first, rest) = steps.split_at_checked(names).unwrap_or((steps, &[]));
        if let (Value::Object(root), Some(Some((known, part)))) = (self.get(root), self.kept.get(kept))
            && Rc::ptr_eq(root, known)
        {
            return self.follow(part, rest).clone();
        }
        let value = self.get(root);
        let part = self.follow(value, first).clone();
        let found = self.follow(&part, rest).clone();
        if let Value::Object(root) = value {
            let root = Rc::clone(root);
            if let Some(slot) = self.kept.get_mut(kept) {
                *slot = Some((root, part));
            }
        }
        found
    }

    /// What lies below `data` where steps are known only now: a rule's value, or a part of the data.
    pub(super) fn document(&mut self, code: &Code, steps: &[Step]) -> Result<Value, Stop> {
        let mut rules = &code.tree["data"];
        let mut document = &self.data;
        for (at, step) in steps.iter().enumerate() {
            let key = self.key(step);
            rules = &rules[key];
            document = &document[key];
            match rules {
                Value::Number(_) => {
                    let value = self.numbered(code, rules)?;
                    return Ok(self.follow(&value, steps.get(at + 1..).unwrap_or_default()).clone());
                }
                Value::Undefined => {
                    return Ok(self.follow(document, steps.get(at + 1..).unwrap_or_default()).clone());
                }
                _ => {}
            }
        }
        let document = document.clone();
        self.extent(code, rules, document)
    }

    /// The value of the rule with a number from the tree.
    fn numbered(&mut self, code: &Code, number: &Value) -> Result<Value, Stop> {
        let rule = number.as_u64().ok().and_then(|rule| usize::try_from(rule).ok()).ok_or(Stop::Broken)?;
        match self.known.get(rule) {
            Some(Some(known)) => Ok(known.clone()),
            _ => self.rule(code, rule, &[]),
        }
    }

    /// All rules below a path as one document, with the data that lies there.
    fn extent(&mut self, code: &Code, rules: &Value, document: Value) -> Result<Value, Stop> {
        let Value::Object(below) = rules else { return self.numbered(code, rules) };
        let mut whole = if matches!(document, Value::Object(_)) { document } else { Value::new_object() };
        for (name, rules) in below.iter() {
            let is_function = |rule: usize| code.rules.get(rule).is_some_and(|rule| rule.function);
            if rules.as_u64().ok().and_then(|rule| usize::try_from(rule).ok()).is_some_and(is_function) {
                continue;
            }
            let document = whole[name].clone();
            let value = self.extent(code, rules, document)?;
            if !matches!(value, Value::Undefined) {
                whole.as_object_mut().map_err(|_| Stop::Broken)?.insert(name.clone(), value);
            }
        }
        Ok(whole)
    }

    pub(super) fn object(
        &self,
        template: &Value,
        named: &[(Value, Register)],
        computed: &[(Register, Register)],
    ) -> Result<Value, Stop> {
        let missing = |register: &Register| matches!(self.get(*register), Value::Undefined);
        if named.iter().any(|(_, value)| missing(value))
            || computed.iter().any(|(key, value)| missing(key) || missing(value))
        {
            return Ok(Value::Undefined);
        }
        let mut whole = template.clone();
        let object = whole.as_object_mut().map_err(|_| Stop::Broken)?;
        for (name, value) in named {
            let value = self.get(*value).clone();
            match object.get_mut(name) {
                Some(slot) => *slot = value,
                None => {
                    object.insert(name.clone(), value);
                }
            }
        }
        for (key, value) in computed {
            object.insert(self.get(*key).clone(), self.get(*value).clone());
        }
        Ok(whole)
    }
}
