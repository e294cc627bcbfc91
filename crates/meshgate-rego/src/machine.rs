//! The machine of the fast gear: it runs the program that regorus compiles. It does what regorus' own machine does in half
//! of the time, since operands are looked up once (`code`), steps of a reference are followed without a copy of what lies
//! between, and bounds are looked at every few hundred instructions instead of at each.
//!
//! Deliberately absent: a compiler, builtins, values, all of which are regorus' or stand in `builtins`; the suspension of
//! an evaluation; and trust: what it answers is compared with the interpreter's answers, see `gears`.

mod code;
mod loops;
mod once;
mod rules;
mod values;

pub use code::Code;

use code::{Builtin, Op, Place, Register};
use loops::Block;
use meshgate_core::work::{Stopped, look};
use regorus::rvm::instructions::GuardMode;
use regorus::unstable::{Expr, Ref, Source, Span};
use regorus::value::{Object, Set};
use regorus::{LimitError, Rc, Value, check_global_memory_limit};
use regorus_mimalloc::limits::current_thread_live_bytes;
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bounds are looked at each time so many instructions were run.
const STRIDE: u32 = 256;
/// A call counts as so many: builtins may take longer than instructions.
const CALL: u32 = 8;
/// What a builtin can be given.
const ARGUMENTS_MAX: usize = 8;

/// Why a run ended without a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stop {
    /// A condition does not hold: of this body, nothing follows. Never seen outside.
    Failed,
    /// The time is up.
    Time,
    /// Too many instructions.
    Steps,
    /// Too much memory.
    Memory,
    /// A builtin met a bound.
    Limit(LimitError),
    /// The program is not what a compiler makes.
    Broken,
}

/// What a run may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub deadline: Duration,
    pub instructions_max: usize,
    /// Bytes that this thread may come to have more than at the beginning; `None` leaves it to the process' bound.
    pub bytes_max: Option<u64>,
}

/// A machine with its code, its data, and room that is used again.
pub struct Machine {
    code: Arc<Code>,
    data: Value,
    input: Value,
    strict: bool,
    /// The registers of all rules that are being run, the innermost last.
    stack: Vec<Value>,
    /// Where those of the innermost begin.
    base: usize,
    blocks: Vec<Block>,
    depth: usize,
    /// What rules gave that have no arguments.
    known: Vec<Option<Value>>,
    /// Where paths in loops led.
    kept: Vec<Option<(Rc<Object>, Value)>>,
    arguments: Vec<Value>,
    span: Span,
    expressions: Vec<Ref<Expr>>,
    /// Instructions until bounds are looked at.
    fuel: u32,
    instructions: usize,
    began: Instant,
    bytes_before: i64,
    bounds: Bounds,
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("code", &self.code).finish_non_exhaustive()
    }
}

const UNDEFINED: &Value = &Value::Undefined;

impl Machine {
    /// A machine for this code over this data. `None` if regorus has no place for builtins to name.
    pub fn new(code: Code, data: Value, strict: bool) -> Option<Self> {
        let source = Source::from_contents("<builtin>".to_owned(), String::new()).ok()?;
        let span = Span { source, line: 1, col: 1, start: 0, end: 0 };
        let nothing = Ref::new(Expr::Null { span: span.clone(), value: Value::Null, eidx: 0 });
        Some(Self {
            known: vec![None; code.rules.len()],
            kept: vec![None; code.kept],
            code: Arc::new(code),
            data,
            input: Value::Undefined,
            strict,
            stack: Vec::new(),
            base: 0,
            blocks: Vec::new(),
            depth: 0,
            arguments: Vec::new(),
            expressions: vec![nothing; ARGUMENTS_MAX],
            span,
            fuel: 0,
            instructions: 0,
            began: Instant::now(),
            bytes_before: 0,
            bounds: Bounds { deadline: Duration::ZERO, instructions_max: 0, bytes_max: None },
        })
    }

    /// Runs the entry point.
    ///
    /// # Errors
    /// [`Stop`], but never [`Stop::Failed`].
    pub fn run(&mut self, input: Value, bounds: Bounds) -> Result<Value, Stop> {
        self.clear();
        self.input = input;
        self.bounds = bounds;
        self.began = Instant::now();
        self.bytes_before = current_thread_live_bytes();
        self.instructions = 0;
        self.fuel = STRIDE;
        let code = Arc::clone(&self.code);
        self.stack.resize(code.registers.max(2), Value::Undefined);
        let outcome =
            check_global_memory_limit().map_err(|_| Stop::Memory).and_then(|()| self.execute(&code, code.begins));
        let outcome = outcome.and_then(|value| self.look().map(|()| value));
        self.clear();
        match outcome {
            Ok(value) => value.ok_or(Stop::Broken),
            // A condition that nothing catches is one of no rule's.
            Err(Stop::Failed) => Err(Stop::Broken),
            Err(stop) => Err(stop),
        }
    }

    /// Nothing of a run is kept by what waits for the next.
    fn clear(&mut self) {
        self.stack.clear();
        self.blocks.clear();
        self.arguments.clear();
        self.known.fill(None);
        self.kept.fill(None);
        self.base = 0;
        self.depth = 0;
        self.input = Value::Undefined;
    }

    fn get(&self, register: Register) -> &Value {
        self.stack.get(self.base + usize::from(register)).unwrap_or(UNDEFINED)
    }

    fn set(&mut self, register: Register, value: Value) -> Result<(), Stop> {
        *self.stack.get_mut(self.base + usize::from(register)).ok_or(Stop::Broken)? = value;
        Ok(())
    }

    /// Takes what a register holds, so that it is changed in place.
    fn take(&mut self, register: Register) -> Result<Value, Stop> {
        let slot = self.stack.get_mut(self.base + usize::from(register)).ok_or(Stop::Broken)?;
        Ok(mem::replace(slot, Value::Undefined))
    }

    /// Counts instructions, and looks at the bounds now and then.
    fn spend(&mut self, fuel: u32) -> Result<(), Stop> {
        match self.fuel.checked_sub(fuel) {
            Some(left) if left > 0 => {
                self.fuel = left;
                Ok(())
            }
            _ => {
                self.instructions += usize::try_from(STRIDE).unwrap_or(usize::MAX);
                self.fuel = STRIDE;
                self.look()
            }
        }
    }

    fn look(&self) -> Result<(), Stop> {
        if self.instructions > self.bounds.instructions_max {
            return Err(Stop::Steps);
        }
        if self.began.elapsed() > self.bounds.deadline {
            return Err(Stop::Time);
        }
        self.weigh()?;
        look().map_err(|stopped| if stopped == Stopped::Cancelled { Stop::Time } else { Stop::Memory })?;
        check_global_memory_limit().map_err(|_| Stop::Memory)
    }

    /// Is there more memory than there may be?
    fn weigh(&self) -> Result<(), Stop> {
        let Some(max) = self.bounds.bytes_max else { return Ok(()) };
        let more = current_thread_live_bytes().saturating_sub(self.bytes_before);
        if u64::try_from(more).is_ok_and(|more| more > max) { Err(Stop::Memory) } else { Ok(()) }
    }

    /// Runs from one instruction until the body ends; what an entry point returns is its value.
    fn execute(&mut self, code: &Code, begins: Place) -> Result<Option<Value>, Stop> {
        // Blocks below are of the rules that called this one.
        let floor = self.blocks.len();
        let mut at = begins;
        loop {
            self.spend(1)?;
            let op = code.ops.get(at).ok_or(Stop::Broken)?;
            at += 1;
            let holds = match op {
                Op::Literal { to, value } => {
                    self.set(*to, value.clone())?;
                    true
                }
                Op::Data { to } => {
                    self.set(*to, self.data.clone())?;
                    true
                }
                Op::Input { to } => {
                    self.set(*to, self.input.clone())?;
                    true
                }
                Op::Move { to, from } => {
                    self.set(*to, self.get(*from).clone())?;
                    true
                }
                Op::Compare { to, left, right, relation } => {
                    let value = self.compare(*left, *right, *relation)?;
                    self.set(*to, value)?;
                    true
                }
                Op::Either { to, left, right } => {
                    let value = self.either(*left, *right)?;
                    self.set(*to, value)?;
                    true
                }
                Op::Not { to, from } => {
                    let value = Value::Bool(matches!(self.get(*from), Value::Undefined | Value::Bool(false)));
                    self.set(*to, value)?;
                    true
                }
                Op::Same { left, right } => {
                    let (left, right) = (self.get(*left), self.get(*right));
                    !matches!(left, Value::Undefined) && left == right
                }
                Op::Guard { register, mode } => {
                    let value = self.get(*register);
                    match mode {
                        GuardMode::Not => matches!(value, Value::Undefined | Value::Bool(false)),
                        GuardMode::Condition => !matches!(value, Value::Undefined | Value::Bool(false)),
                        GuardMode::NotUndefined => !matches!(value, Value::Undefined),
                    }
                }
                Op::Jump { place } => {
                    at = *place;
                    true
                }
                Op::JumpIf { register, place } => {
                    if matches!(self.get(*register), Value::Bool(true)) {
                        at = *place;
                    }
                    true
                }
                Op::Call { to, builtin, arguments } => {
                    let value = self.call(*builtin, arguments)?;
                    self.set(*to, value)?;
                    true
                }
                Op::Rule { to, rule } => {
                    let value = match self.known.get(*rule) {
                        Some(Some(known)) => known.clone(),
                        _ => self.rule(code, *rule, &[])?,
                    };
                    self.set(*to, value)?;
                    true
                }
                Op::Function { to, rule, arguments } => {
                    let value = self.rule(code, *rule, arguments)?;
                    self.set(*to, value)?;
                    self.weigh()?;
                    true
                }
                Op::Begin => true,
                Op::End => return Ok(None),
                Op::Return { from } => return Ok(Some(self.get(*from).clone())),
                Op::Path { to, root, steps } => {
                    let value = self.follow(self.get(*root), steps).clone();
                    self.set(*to, value)?;
                    true
                }
                Op::Again { to, root, kept, names, steps } => {
                    let value = self.again(*root, *kept, *names, steps);
                    self.set(*to, value)?;
                    true
                }
                Op::Below { to, part, steps } => {
                    let value = self.follow(part, steps).clone();
                    self.set(*to, value)?;
                    true
                }
                Op::Document { to, steps } => {
                    let value = self.document(code, steps)?;
                    self.set(*to, value)?;
                    true
                }
                Op::Array { to, items } => {
                    let items = self.all(items);
                    self.set(*to, items.map_or(Value::Undefined, Value::from))?;
                    true
                }
                Op::Set { to, items } => {
                    let items: Option<Set> = self.all(items).map(|items| {
                        let mut set = Set::new();
                        for item in items {
                            set.insert(item);
                        }
                        set
                    });
                    self.set(*to, items.map_or(Value::Undefined, Set::into_value))?;
                    true
                }
                Op::Object { to, template, named, computed } => {
                    let value = self.object(template, named, computed)?;
                    self.set(*to, value)?;
                    true
                }
                Op::Put { object, key, value } => {
                    let (key, value) = (self.get(*key).clone(), self.get(*value).clone());
                    let mut whole = self.take(*object)?;
                    whole.as_object_mut().map_err(|_| Stop::Broken)?.insert(key, value);
                    self.set(*object, whole)?;
                    true
                }
                Op::Add { set, value } => {
                    let value = self.get(*value).clone();
                    let mut whole = self.take(*set)?;
                    let items = whole.as_set_mut().map_err(|_| Stop::Broken)?;
                    if !matches!(value, Value::Undefined) {
                        items.insert(value);
                    }
                    self.set(*set, whole)?;
                    true
                }
                Op::Contains { to, collection, value } => {
                    let value = self.get(*value);
                    let found = match self.get(*collection) {
                        Value::Set(items) => items.contains(value),
                        Value::Array(items) => items.contains(value),
                        Value::Object(items) => items.values().any(|item| item == value),
                        _ => false,
                    };
                    self.set(*to, Value::Bool(found))?;
                    true
                }
                Op::Count { to, collection } => {
                    let count = match self.get(*collection) {
                        Value::Set(items) => Value::from(items.len()),
                        Value::Array(items) => Value::from(items.len()),
                        Value::Object(items) => Value::from(items.len()),
                        _ => Value::Undefined,
                    };
                    self.set(*to, count)?;
                    true
                }
                Op::Loop { mode, over } => {
                    at = self.enter(*mode, *over)?;
                    true
                }
                Op::Next => {
                    at = self.next(floor)?;
                    true
                }
                Op::Comprehend { mode, over } => {
                    if let Some(place) = self.comprehend(mode, *over)? {
                        at = place;
                    }
                    true
                }
                Op::Yield { value, key } => {
                    if let Some(place) = self.give(floor, *value, *key)? {
                        at = place;
                    }
                    true
                }
                Op::Comprehended => {
                    if self.blocks.len() <= floor || !matches!(self.blocks.pop(), Some(Block::Comprehension { .. })) {
                        return Err(Stop::Broken);
                    }
                    true
                }
            };
            if !holds {
                at = self.fail(floor)?;
            }
        }
    }

    fn call(&mut self, builtin: Builtin, arguments: &[Register]) -> Result<Value, Stop> {
        self.spend(CALL)?;
        self.arguments.clear();
        for register in arguments {
            let value = self.get(*register).clone();
            if matches!(value, Value::Undefined) {
                return Ok(Value::Undefined);
            }
            self.arguments.push(value);
        }
        let expressions = self.expressions.get(..arguments.len()).ok_or(Stop::Broken)?;
        let outcome = builtin(&self.span, expressions, &self.arguments, self.strict);
        self.arguments.clear();
        let value = match outcome {
            Ok(value) => value,
            Err(error) => match error.downcast_ref::<LimitError>() {
                Some(limit) => return Err(Stop::Limit(*limit)),
                None if self.strict => return Err(Stop::Failed),
                None => Value::Undefined,
            },
        };
        self.weigh()?;
        Ok(value)
    }
}
