//! Rules and functions: their definitions one after the other, and what comes of them together.
//!
//! Deliberately absent: the choice of definitions that can hold; see `slices`.

use super::code::{Body, Code, Definition, Gives, Register, Rule};
use super::{Machine, Stop};
use regorus::Value;
use std::mem;

/// Rules that call one another: regorus refuses circles, so that only long chains come here.
const DEPTH_MAX: usize = 512;

impl Machine {
    /// The value of a rule, or of a function for these arguments.
    pub(super) fn rule(&mut self, code: &Code, index: usize, arguments: &[Register]) -> Result<Value, Stop> {
        let rule = code.rules.get(index).ok_or(Stop::Broken)?;
        let value = if rule.definitions.is_empty() {
            rule.default.clone().unwrap_or(Value::Undefined)
        } else {
            if self.depth >= DEPTH_MAX {
                return Err(Stop::Broken);
            }
            let (outer, floor) = (self.base, self.blocks.len());
            let base = self.stack.len();
            self.stack.push(Value::Undefined);
            for register in arguments {
                let value = self.get(*register).clone();
                self.stack.push(value);
            }
            self.stack.resize(base + rule.registers.max(1 + arguments.len()), Value::Undefined);
            self.base = base;
            self.depth += 1;
            let outcome = self.definitions(code, rule, floor, arguments.len());
            self.stack.truncate(base);
            self.blocks.truncate(floor);
            self.base = outer;
            self.depth -= 1;
            outcome?
        };
        if !rule.function
            && let Some(known) = self.known.get_mut(index)
        {
            *known = Some(value.clone());
        }
        Ok(value)
    }

    fn definitions(&mut self, code: &Code, rule: &Rule, floor: usize, arguments: usize) -> Result<Value, Stop> {
        let single = rule.function || rule.gives == Gives::Value;
        // The result of a rule that gathers, and arguments, are kept from one body to the next.
        let kept = if rule.function { 1 + arguments } else { usize::from(!single) };
        let empty = match rule.gives {
            Gives::Value => Value::Undefined,
            Gives::Set => Value::new_set(),
            Gives::Object => Value::new_object(),
        };
        self.set(rule.result, empty.clone())?;
        let mut first: Option<Value> = None;
        let mut dirty = false;
        'definitions: for Definition { takes, bodies } in &rule.definitions {
            for Body { begins, then_else } in bodies {
                if mem::replace(&mut dirty, true) {
                    let registers = self.stack.get_mut(self.base + kept..).unwrap_or_default();
                    registers.fill(Value::Undefined);
                    if rule.gives == Gives::Value {
                        self.set(rule.result, Value::Undefined)?;
                    }
                }
                if let Some(takes) = takes {
                    match self.execute(code, *takes) {
                        Ok(_) => {}
                        Err(Stop::Failed) => {
                            self.blocks.truncate(floor);
                            continue 'definitions;
                        }
                        Err(stop) => return Err(stop),
                    }
                }
                match self.execute(code, *begins) {
                    Ok(_) if single => {
                        let value = self.get(rule.result);
                        if !matches!(value, Value::Undefined) {
                            match &first {
                                // Two values for one thing: there is none, and no default either.
                                Some(first) if first != value => return Ok(Value::Undefined),
                                Some(_) => {}
                                None => {
                                    let value = value.clone();
                                    if rule.first_is_enough {
                                        return Ok(value);
                                    }
                                    first = Some(value);
                                }
                            }
                        }
                        break;
                    }
                    Ok(_) if *then_else => break,
                    Ok(_) => {}
                    Err(Stop::Failed) => self.blocks.truncate(floor),
                    Err(stop) => return Err(stop),
                }
            }
        }
        let value = match first {
            Some(value) => value,
            None => self.take(rule.result)?,
        };
        Ok(match value {
            Value::Undefined => match rule.gives {
                Gives::Value => rule.default.clone().unwrap_or(Value::Undefined),
                Gives::Set | Gives::Object => empty,
            },
            value => value,
        })
    }
}
