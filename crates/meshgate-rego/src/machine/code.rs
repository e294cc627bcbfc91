//! What the machine runs: the program that regorus compiles, with every operand where it is used. Tables are looked up,
//! builtins found and steps of a reference put together once, when an entry point is compiled, not at each evaluation.
//!
//! Deliberately absent: a compiler. What regorus' program says is what happens here; what it says that is not known is an
//! error, and the entry point stays in the interpreter.

use super::once::{keep, settle, shorten};
use crate::pool::unshared;
use regorus::Value;
use regorus::rvm::instructions::{ComprehensionMode, GuardMode, Instruction, LiteralOrRegister, LoopMode};
use regorus::rvm::program::{Program, RuleInfo, RuleType};
use regorus::unstable::{BuiltinFcn, Expr, Ref, Span};
use std::fmt;

/// A place of a rule's own.
pub type Register = u8;
/// The number of an instruction.
pub type Place = usize;

/// How a builtin is called.
pub type Builtin = fn(&Span, &[Ref<Expr>], &[Value], bool) -> anyhow::Result<Value>;

/// A step of a reference.
#[derive(Debug, Clone)]
pub enum Step {
    Name(Value),
    Of(Register),
}

/// What two values are compared for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Where a loop or a comprehension reads, and where it puts keys and values.
#[derive(Debug, Clone, Copy)]
pub struct Over {
    pub collection: Register,
    pub key: Register,
    pub value: Register,
    pub result: Register,
    pub body: Place,
    pub end: Place,
}

/// One instruction. Documents, literals and results go to `to`.
#[derive(Clone)]
pub enum Op {
    Literal {
        to: Register,
        value: Value,
    },
    Data {
        to: Register,
    },
    Input {
        to: Register,
    },
    Move {
        to: Register,
        from: Register,
    },
    Compare {
        to: Register,
        left: Register,
        right: Register,
        relation: Relation,
    },
    Either {
        to: Register,
        left: Register,
        right: Register,
    },
    Not {
        to: Register,
        from: Register,
    },
    Same {
        left: Register,
        right: Register,
    },
    Guard {
        register: Register,
        mode: GuardMode,
    },
    Jump {
        place: Place,
    },
    /// Jumps if this is true.
    JumpIf {
        register: Register,
        place: Place,
    },
    Call {
        to: Register,
        builtin: Builtin,
        arguments: Box<[Register]>,
    },
    Function {
        to: Register,
        rule: usize,
        arguments: Box<[Register]>,
    },
    Rule {
        to: Register,
        rule: usize,
    },
    Begin,
    End,
    Return {
        from: Register,
    },
    Path {
        to: Register,
        root: Register,
        steps: Box<[Step]>,
    },
    /// A path in a loop: where its first names lead is kept, in this place, for as long as the root is the same.
    Again {
        to: Register,
        root: Register,
        kept: usize,
        names: usize,
        steps: Box<[Step]>,
    },
    /// A path below a part of the data.
    Below {
        to: Register,
        part: Value,
        steps: Box<[Step]>,
    },
    Document {
        to: Register,
        steps: Box<[Step]>,
    },
    Array {
        to: Register,
        items: Box<[Register]>,
    },
    Set {
        to: Register,
        items: Box<[Register]>,
    },
    Object {
        to: Register,
        template: Value,
        named: Box<[(Value, Register)]>,
        computed: Box<[(Register, Register)]>,
    },
    Put {
        object: Register,
        key: Register,
        value: Register,
    },
    Add {
        set: Register,
        value: Register,
    },
    Contains {
        to: Register,
        collection: Register,
        value: Register,
    },
    Count {
        to: Register,
        collection: Register,
    },
    Loop {
        mode: LoopMode,
        over: Over,
    },
    Next,
    Comprehend {
        mode: ComprehensionMode,
        over: Over,
    },
    Yield {
        value: Register,
        key: Option<Register>,
    },
    Comprehended,
}

/// What a rule gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    Value,
    Set,
    Object,
}

/// One body of a definition.
#[derive(Debug, Clone, Copy)]
pub struct Body {
    pub begins: Place,
    /// Is the body after it an `else`?
    pub then_else: bool,
}

/// One definition: what takes its arguments apart, and its bodies.
#[derive(Debug, Clone)]
pub struct Definition {
    pub takes: Option<Place>,
    pub bodies: Box<[Body]>,
}

/// A rule or a function.
#[derive(Debug, Clone)]
pub struct Rule {
    pub gives: Gives,
    pub function: bool,
    pub default: Option<Value>,
    pub result: Register,
    pub registers: usize,
    /// All definitions give the same value.
    pub first_is_enough: bool,
    pub definitions: Box<[Definition]>,
}

/// An entry point, ready to be run.
#[derive(Clone)]
pub struct Code {
    pub ops: Box<[Op]>,
    pub rules: Box<[Rule]>,
    pub begins: Place,
    pub registers: usize,
    /// How many paths keep something.
    pub kept: usize,
    /// Which paths are rules, `{"data": {"a": {"b": 3}}}`.
    pub tree: Value,
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("ops", &self.ops.len()).finish_non_exhaustive()
    }
}

impl Code {
    /// Makes the code of a program's first entry point.
    ///
    /// # Errors
    /// What there is in it that is not known here.
    pub fn of(program: &Program) -> Result<Self, String> {
        let begins = program.entry_points.values().next().ok_or("there is no entry point")?;
        let known = |instruction| op(program, instruction).ok_or_else(|| format!("{instruction:?} is not known"));
        let mut ops = program.instructions.iter().map(known).collect::<Result<Box<[Op]>, String>>()?;
        shorten(&mut ops);
        let kept = keep(&mut ops);
        let rules: Option<Box<[Rule]>> = program.rule_infos.iter().map(|info| rule(program, info)).collect();
        Ok(Self {
            ops,
            kept,
            rules: rules.ok_or("it has a rule that is not known")?,
            begins: *begins,
            registers: usize::from(program.dispatch_window_size),
            tree: program.rule_tree.clone(),
        })
    }

    /// A copy that shares nothing with other machines, since threads that count references in one place wait for one
    /// another; names that begin at `data` are looked up in this one.
    pub fn own(&self, data: &Value) -> Self {
        let mut code = self.clone();
        settle(&mut code.ops, data);
        for op in &mut code.ops {
            match op {
                Op::Literal { value, .. } => *value = unshared(value),
                Op::Path { steps, .. }
                | Op::Again { steps, .. }
                | Op::Below { steps, .. }
                | Op::Document { steps, .. } => {
                    for step in steps {
                        if let Step::Name(name) = step {
                            *name = unshared(name);
                        }
                    }
                }
                Op::Object { template, named, .. } => {
                    *template = unshared(template);
                    for (name, _) in named {
                        *name = unshared(name);
                    }
                }
                _ => {}
            }
        }
        for rule in &mut code.rules {
            if let Some(default) = &mut rule.default {
                *default = unshared(default);
            }
        }
        code
    }
}

fn rule(program: &Program, info: &RuleInfo) -> Option<Rule> {
    let definition = |(at, bodies): (usize, &Vec<u32>)| {
        let is_else = |index: usize| info.else_bodies.get(at).and_then(|all| all.get(index)).copied().unwrap_or(false);
        let bodies = bodies.iter().enumerate();
        let bodies = bodies.map(|(index, begins)| {
            Some(Body { begins: usize::try_from(*begins).ok()?, then_else: is_else(index + 1) })
        });
        let takes = info.destructuring_blocks.get(at).copied().flatten();
        Some(Definition { takes: takes.map(usize::try_from).transpose().ok()?, bodies: bodies.collect::<Option<_>>()? })
    };
    Some(Rule {
        gives: match info.rule_type {
            RuleType::Complete => Gives::Value,
            RuleType::PartialSet => Gives::Set,
            RuleType::PartialObject => Gives::Object,
        },
        function: info.function_info.is_some(),
        default: match info.default_literal_index {
            Some(index) => Some(program.literals.get(usize::from(index))?.clone()),
            None => None,
        },
        result: info.result_reg,
        registers: usize::from(info.num_registers),
        first_is_enough: info.early_exit_on_first_success,
        definitions: info.definitions.iter().enumerate().map(definition).collect::<Option<_>>()?,
    })
}

fn steps(program: &Program, components: &[LiteralOrRegister]) -> Option<Box<[Step]>> {
    let step = |component: &LiteralOrRegister| {
        Some(match component {
            LiteralOrRegister::Literal(index) => Step::Name(program.literals.get(usize::from(*index))?.clone()),
            LiteralOrRegister::Register(register) => Step::Of(*register),
        })
    };
    components.iter().map(step).collect()
}

fn op(program: &Program, instruction: &Instruction) -> Option<Op> {
    let data = &program.instruction_data;
    let literal = |index: u16| program.literals.get(usize::from(index)).cloned();
    let compare = |to, left, right, relation| Some(Op::Compare { to, left, right, relation });
    Some(match *instruction {
        Instruction::Load { dest, literal_idx } => Op::Literal { to: dest, value: literal(literal_idx)? },
        Instruction::LoadBool { dest, value } => Op::Literal { to: dest, value: Value::Bool(value) },
        Instruction::LoadTrue { dest } => Op::Literal { to: dest, value: Value::Bool(true) },
        Instruction::LoadFalse { dest } => Op::Literal { to: dest, value: Value::Bool(false) },
        Instruction::LoadNull { dest } => Op::Literal { to: dest, value: Value::Null },
        Instruction::LoadData { dest } => Op::Data { to: dest },
        Instruction::LoadInput { dest } => Op::Input { to: dest },
        Instruction::Move { dest, src } => Op::Move { to: dest, from: src },
        Instruction::Eq { dest, left, right } => return compare(dest, left, right, Relation::Equal),
        Instruction::Ne { dest, left, right } => return compare(dest, left, right, Relation::NotEqual),
        Instruction::Lt { dest, left, right } => return compare(dest, left, right, Relation::Less),
        Instruction::Le { dest, left, right } => return compare(dest, left, right, Relation::LessOrEqual),
        Instruction::Gt { dest, left, right } => return compare(dest, left, right, Relation::Greater),
        Instruction::Ge { dest, left, right } => return compare(dest, left, right, Relation::GreaterOrEqual),
        Instruction::Or { dest, left, right } => Op::Either { to: dest, left, right },
        Instruction::Not { dest, operand } => Op::Not { to: dest, from: operand },
        // Its result is the register that is looked at.
        Instruction::AnyOfNext { check, result, end_pc } if check == result => {
            Op::JumpIf { register: check, place: usize::from(end_pc) + 1 }
        }
        Instruction::AssertEq { left, right } => Op::Same { left, right },
        Instruction::Guard { register, mode } => Op::Guard { register, mode },
        Instruction::BuiltinCall { params_index } => {
            let params = data.get_builtin_call_params(params_index)?;
            let info = program.builtin_info_table.get(usize::from(params.builtin_index))?;
            let (builtin, _): &BuiltinFcn = program.resolved_builtins.get(usize::from(params.builtin_index))?;
            let arguments: Box<[Register]> = params.arg_registers().into();
            // A wrong number is an error of each call, which nobody has written.
            if usize::from(info.num_args) != arguments.len() {
                return None;
            }
            Op::Call { to: params.dest, builtin: *builtin, arguments }
        }
        Instruction::FunctionCall { params_index } => {
            let params = data.get_function_call_params(params_index)?;
            let rule = usize::from(params.func_rule_index);
            program.rule_infos.get(rule)?;
            Op::Function { to: params.dest, rule, arguments: params.arg_registers().into() }
        }
        Instruction::CallRule { dest, rule_index } => {
            program.rule_infos.get(usize::from(rule_index))?;
            Op::Rule { to: dest, rule: usize::from(rule_index) }
        }
        // A rule's result is made ready before its bodies are run.
        Instruction::RuleInit { result_reg, rule_index } => {
            let rule = program.rule_infos.get(usize::from(rule_index))?;
            if rule.result_reg != result_reg {
                return None;
            }
            Op::Begin
        }
        Instruction::RuleReturn {} | Instruction::DestructuringSuccess {} => Op::End,
        Instruction::Return { value } => Op::Return { from: value },
        Instruction::Index { dest, container, key } => {
            Op::Path { to: dest, root: container, steps: [Step::Of(key)].into() }
        }
        Instruction::IndexLiteral { dest, container, literal_idx } => {
            Op::Path { to: dest, root: container, steps: [Step::Name(literal(literal_idx)?)].into() }
        }
        Instruction::ChainedIndex { params_index } => {
            let params = data.get_chained_index_params(params_index)?;
            Op::Path { to: params.dest, root: params.root, steps: steps(program, &params.path_components)? }
        }
        Instruction::VirtualDataDocumentLookup { params_index } => {
            let params = data.get_virtual_data_document_lookup_params(params_index)?;
            Op::Document { to: params.dest, steps: steps(program, &params.path_components)? }
        }
        Instruction::ArrayCreate { params_index } => {
            let params = data.get_array_create_params(params_index)?;
            Op::Array { to: params.dest, items: params.element_registers().into() }
        }
        Instruction::SetCreate { params_index } => {
            let params = data.get_set_create_params(params_index)?;
            Op::Set { to: params.dest, items: params.element_registers().into() }
        }
        Instruction::ObjectCreate { params_index } => {
            let params = data.get_object_create_params(params_index)?;
            let named = params.literal_key_field_pairs().iter().map(|(name, value)| Some((literal(*name)?, *value)));
            Op::Object {
                to: params.dest,
                template: literal(params.template_literal_idx)?,
                named: named.collect::<Option<_>>()?,
                computed: params.field_pairs().into(),
            }
        }
        Instruction::ObjectSet { obj, key, value } => Op::Put { object: obj, key, value },
        Instruction::SetAdd { set, value } => Op::Add { set, value },
        Instruction::Contains { dest, collection, value } => Op::Contains { to: dest, collection, value },
        Instruction::Count { dest, collection } => Op::Count { to: dest, collection },
        Instruction::LoopStart { params_index } => {
            let params = data.get_loop_params(params_index)?;
            let over = Over {
                collection: params.collection,
                key: params.key_reg,
                value: params.value_reg,
                result: params.result_reg,
                body: usize::from(params.body_start),
                end: usize::from(params.loop_end),
            };
            Op::Loop { mode: params.mode, over }
        }
        Instruction::LoopNext { .. } => Op::Next,
        Instruction::ComprehensionBegin { params_index } => {
            let params = data.get_comprehension_begin_params(params_index)?;
            let over = Over {
                collection: params.collection_reg,
                key: params.key_reg,
                value: params.value_reg,
                result: params.result_reg,
                body: usize::from(params.body_start),
                end: usize::from(params.comprehension_end),
            };
            Op::Comprehend { mode: params.mode.clone(), over }
        }
        Instruction::ComprehensionYield { value_reg, key_reg } => Op::Yield { value: value_reg, key: key_reg },
        Instruction::ComprehensionEnd {} => Op::Comprehended,
        // Arithmetic is rewritten to calls of our own; the rest is of other languages.
        _ => return None,
    })
}
