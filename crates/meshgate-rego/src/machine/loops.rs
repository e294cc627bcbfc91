//! Loops and comprehensions: what they go through, and where a body goes on when a condition does not hold.
//!
//! Deliberately absent: what stands in their bodies.

use super::code::{Over, Place, Register};
use super::{Machine, Stop};
use regorus::rvm::instructions::{ComprehensionMode, LoopMode};
use regorus::value::{Array, Object, ObjectCursor, Set, SetCursor};
use regorus::{Rc, Value};

/// Where a loop is.
pub enum Iteration {
    Array { items: Rc<Array>, at: usize },
    Object { items: Rc<Object>, cursor: ObjectCursor },
    Set { items: Rc<Set>, cursor: SetCursor },
}

impl Iteration {
    /// Of what can be gone through and is not empty.
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Array(items) if !items.is_empty() => Some(Self::Array { items: Rc::clone(items), at: 0 }),
            Value::Object(items) if !items.is_empty() => {
                Some(Self::Object { items: Rc::clone(items), cursor: items.cursor() })
            }
            Value::Set(items) if !items.is_empty() => {
                Some(Self::Set { items: Rc::clone(items), cursor: items.cursor() })
            }
            _ => None,
        }
    }

    /// The next key and value.
    fn step(&mut self) -> Option<(Value, Value)> {
        match self {
            Self::Array { items, at } => {
                let value = items.get(*at)?.clone();
                let key = Value::from(*at);
                *at += 1;
                Some((key, value))
            }
            Self::Object { items, cursor } => items.next(cursor).map(|(key, value)| (key.clone(), value.clone())),
            Self::Set { items, cursor } => items.next(cursor).map(|item| (item.clone(), item.clone())),
        }
    }
}

/// A loop or comprehension that is being run.
pub enum Block {
    Loop { mode: LoopMode, over: Over, iteration: Iteration, failed: bool, succeeded: bool },
    Comprehension { mode: ComprehensionMode, over: Over, iteration: Option<Iteration> },
}

impl Machine {
    /// Puts the next key and value where they belong; `false` at the end.
    fn advance(&mut self, step: Option<(Value, Value)>, over: Over) -> Result<bool, Stop> {
        let Some((key, value)) = step else { return Ok(false) };
        if over.key != over.value {
            self.set(over.key, key)?;
        }
        self.set(over.value, value)?;
        Ok(true)
    }

    /// Begins a loop; returns where to go on.
    pub(super) fn enter(&mut self, mode: LoopMode, over: Over) -> Result<Place, Stop> {
        let collection = self.get(over.collection);
        let Some(mut iteration) = Iteration::of(collection) else {
            let whole = matches!(collection, Value::Array(_) | Value::Object(_) | Value::Set(_));
            let result = match mode {
                LoopMode::Every if whole => Value::Bool(true),
                LoopMode::Every => Value::Undefined,
                LoopMode::Any | LoopMode::ForEach => Value::Bool(false),
            };
            self.set(over.result, result)?;
            return Ok(over.end);
        };
        self.set(over.result, Value::Bool(false))?;
        self.advance(iteration.step(), over)?;
        self.blocks.push(Block::Loop { mode, over, iteration, failed: false, succeeded: false });
        Ok(over.body)
    }

    /// Ends one round of a loop; returns where to go on.
    pub(super) fn next(&mut self, floor: usize) -> Result<Place, Stop> {
        if self.blocks.len() <= floor {
            return Err(Stop::Broken);
        }
        let Some(Block::Loop { mode, over, iteration, failed, succeeded }) = self.blocks.last_mut() else {
            return Err(Stop::Broken);
        };
        let over = *over;
        *succeeded |= !*failed;
        let result = match mode {
            LoopMode::Any if !*failed => true,
            LoopMode::Every if *failed => false,
            _ => {
                *failed = false;
                let succeeded = *succeeded;
                let step = iteration.step();
                if self.advance(step, over)? {
                    return Ok(over.body);
                }
                succeeded
            }
        };
        self.blocks.pop();
        self.set(over.result, Value::Bool(result))?;
        Ok(over.end)
    }

    /// A condition does not hold: goes on with the next round of what it stands in, or ends the body.
    pub(super) fn fail(&mut self, floor: usize) -> Result<Place, Stop> {
        if self.blocks.len() <= floor {
            return Err(Stop::Failed);
        }
        match self.blocks.last_mut() {
            Some(Block::Loop { mode: LoopMode::Every, over, .. }) => {
                let over = *over;
                self.blocks.pop();
                self.set(over.result, Value::Bool(false))?;
                Ok(over.end)
            }
            Some(Block::Loop { over, failed, .. }) => {
                *failed = true;
                // The last instruction of a loop begins the next round.
                over.end.checked_sub(1).ok_or(Stop::Broken)
            }
            Some(Block::Comprehension { over, iteration, .. }) => {
                let over = *over;
                let iteration = iteration.take();
                self.go_on(over, iteration)
            }
            None => Err(Stop::Failed),
        }
    }

    /// Begins a comprehension; one that goes through something itself says where to go on.
    pub(super) fn comprehend(&mut self, mode: &ComprehensionMode, over: Over) -> Result<Option<Place>, Stop> {
        let itself = over.collection != over.result;
        let iteration = if itself { Iteration::of(self.get(over.collection)) } else { None };
        self.set(
            over.result,
            match mode {
                ComprehensionMode::Set => Value::new_set(),
                ComprehensionMode::Array => Value::new_array(),
                ComprehensionMode::Object => Value::new_object(),
            },
        )?;
        self.blocks.push(Block::Comprehension { mode: mode.clone(), over, iteration: None });
        if itself { self.go_on(over, iteration).map(Some) } else { Ok(None) }
    }

    /// The next round of the innermost comprehension, or its end.
    fn go_on(&mut self, over: Over, iteration: Option<Iteration>) -> Result<Place, Stop> {
        let Some(mut now) = iteration else { return Ok(over.end) };
        if !self.advance(now.step(), over)? {
            return Ok(over.end);
        }
        if let Some(Block::Comprehension { iteration, .. }) = self.blocks.last_mut() {
            *iteration = Some(now);
        }
        Ok(over.body)
    }

    /// Adds to the innermost comprehension.
    pub(super) fn give(&mut self, floor: usize, value: Register, key: Option<Register>) -> Result<Option<Place>, Stop> {
        let at = self.blocks.iter().rposition(|block| matches!(block, Block::Comprehension { .. }));
        let at = at.filter(|at| *at >= floor).ok_or(Stop::Broken)?;
        let Some(Block::Comprehension { mode, over, iteration }) = self.blocks.get_mut(at) else {
            return Err(Stop::Broken);
        };
        let (mode, over, iteration) = (mode.clone(), *over, iteration.take());
        let key = self.get(key.unwrap_or(over.key)).clone();
        let value = self.get(value).clone();
        let mut whole = self.take(over.result)?;
        match (mode, &mut whole) {
            (ComprehensionMode::Set, Value::Set(items)) => {
                if !matches!(value, Value::Undefined) {
                    Rc::make_mut(items).insert(value);
                }
            }
            (ComprehensionMode::Array, Value::Array(items)) => Rc::make_mut(items).push(value),
            (ComprehensionMode::Object, Value::Object(items)) => {
                Rc::make_mut(items).insert(key, value);
            }
            _ => return Err(Stop::Broken),
        }
        self.set(over.result, whole)?;
        match iteration {
            // What goes through something itself has no loop within that is still open.
            Some(iteration) if at + 1 == self.blocks.len() => self.go_on(over, Some(iteration)).map(Some),
            Some(_) => Err(Stop::Broken),
            None => Ok(None),
        }
    }
}
