//! The fast gear: regorus' virtual machine, with our builtins in the place of its own, and machines that are kept.
//!
//! Deliberately absent: the decision to use it; see `gears`.

use crate::builtins;
use crate::bundle::Options;
use crate::context::{self, Moment};
use crate::evaluate::{QueryError, believed, failed, timer};
use crate::modules::Places;
use crate::pool::{Copies, Pool, unshared};
use meshgate_core::fault::FaultKind;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::rvm::instructions::{BuiltinCallParams, Instruction};
use regorus::rvm::program::{BuiltinInfo, Program};
use regorus::rvm::vm::VmError;
use regorus::{CompiledPolicy, MemoryBudgetConfig, Value};
use std::fmt;
use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// One entry point, compiled.
pub struct Fast {
    program: Arc<Program>,
    idle: Pool<RegoVM>,
}

impl fmt::Debug for Fast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fast").field("instructions", &self.program.instructions.len()).finish_non_exhaustive()
    }
}

/// Where a call to a builtin that regorus does not know stands: the arguments are packed some instructions before.
const PACKED_BEFORE: usize = 5;

/// An evaluation that has no more time than this has no memory bound of its own.
const UNCOUNTED: Duration = Duration::from_millis(5);

impl Fast {
    /// Compiles an entry point, `data.a.b`.
    ///
    /// # Errors
    /// What the compiler does not take.
    pub fn compile(policy: &CompiledPolicy, path: &str, strict: bool) -> Result<Self, String> {
        let foreign: Vec<(&str, usize)> = builtins::all()
            .filter(|builtin| !builtins::is_native(builtin.name))
            .map(|builtin| (builtin.name, usize::from(builtin.arguments)))
            .collect();
        let compiled = catch_unwind(AssertUnwindSafe(|| {
            context::quietly(|| Compiler::compile_from_policy_with_host_await(policy, &[path], &foreign))
        }));
        let program = match compiled {
            Ok(Ok(program)) => program,
            Ok(Err(error)) => return Err(crate::error::parts(&error.to_string()).1),
            Err(_) => return Err("the compiler failed".to_owned()),
        };
        let mut program = Arc::try_unwrap(program).unwrap_or_else(|shared| shared.as_ref().clone());
        link(&mut program, strict)?;
        // Texts and places are kept once, by the bundle.
        program.sources.clear();
        program.instruction_spans.clear();
        slim(&mut program);
        Ok(Self { program: Arc::new(program), idle: Pool::default() })
    }

    /// A machine with program and data.
    fn machine(&self, data: &Copies, options: &Options) -> Result<RegoVM, VmError> {
        if let Some(machine) = self.idle.take() {
            return Ok(machine);
        }
        let mut machine = RegoVM::new();
        machine.load_program(Arc::new(own(&self.program)));
        machine.set_strict_builtin_errors(options.strict);
        machine.set_max_instructions(options.limits.rego_instructions_max);
        machine.set_data(data.here().clone())?;
        Ok(machine)
    }

    /// Evaluates the entry point.
    ///
    /// # Errors
    /// [`QueryError`]; of what kind says whether the interpreter may do better.
    pub fn evaluate(
        &self,
        input: Value,
        data: &Copies,
        options: &Options,
        moment: Moment,
    ) -> Result<Value, QueryError> {
        let internal = |message: String| QueryError::new(FaultKind::Internal, "eval_internal_error", message);
        let mut machine = self.machine(data, options).map_err(|error| internal(error.to_string()))?;
        // The machine may be one that was made for a longer time.
        let deadline = context::allowed(options.limits.rule_deadline);
        machine.set_execution_timer_config(Some(timer(deadline)));
        // In so little time there is not much to be taken, and the process has its bound: counting costs a thirtieth.
        let counted = deadline > UNCOUNTED;
        machine.set_memory_budget_config(
            NonZeroU64::new(options.limits.rego_memory_bytes_max)
                .filter(|_| counted)
                .map(|limit| MemoryBudgetConfig { limit }),
        );
        machine.set_input(input);
        let (outcome, left) = context::scope(moment, options, || {
            catch_unwind(AssertUnwindSafe(|| machine.execute_entry_point_by_index(0)))
        });
        match outcome {
            Ok(Ok(value)) => {
                // Neither the input nor the answer is kept by what waits.
                machine.set_input(Value::Undefined);
                self.idle.put(machine);
                believed(&left, options).map(|()| value)
            }
            Ok(Err(error)) => Err(match error {
                VmError::TimeLimitExceeded { .. } => {
                    let message = format!("ran longer than {} ms", deadline.as_millis());
                    QueryError::new(FaultKind::Deadline, "eval_cancel_error", message)
                }
                VmError::InstructionLimitExceeded { .. } => {
                    let message = format!("takes more than {} steps", options.limits.rego_instructions_max);
                    QueryError::new(FaultKind::Limit, "eval_cancel_error", message)
                }
                VmError::MemoryLimitExceeded { .. } | VmError::MemoryBudgetExceeded { .. } if left.breach.is_none() => {
                    let message = "needed more memory than it may have".to_owned();
                    QueryError::new(FaultKind::Memory, "eval_cancel_error", message)
                }
                error => failed(&error.to_string(), &left, options, &Places::default()),
            }),
            // A machine that panicked is not used again.
            Err(_) => Err(internal("the fast gear failed".to_owned())),
        }
    }
}

/// Takes out of the rules what only says what is so without it: a machine copies all of it at each call.
fn slim(program: &mut Program) {
    for rule in &mut program.rule_infos {
        if rule.destructuring_blocks.iter().all(Option::is_none) {
            rule.destructuring_blocks = Vec::new();
        }
        if rule.else_bodies.iter().flatten().all(|is_else| !is_else) {
            rule.else_bodies = Vec::new();
        }
        rule.name = String::new();
        if let Some(function) = &mut rule.function_info {
            function.param_names = Vec::new();
        }
    }
}

/// A copy that shares nothing with other machines: threads that count references in one place wait for one another.
fn own(program: &Program) -> Program {
    let mut program = program.clone();
    for literal in &mut program.literals {
        *literal = unshared(literal);
    }
    for rule in &mut program.rule_infos {
        rule.definitions = Arc::new(rule.definitions.as_ref().clone());
    }
    program
}

/// Puts our builtins where they are called; where errors are strict, those that tell of them.
fn link(program: &mut Program, strict: bool) -> Result<(), String> {
    for (at, info) in program.builtin_info_table.iter().enumerate() {
        let Some(resolved) = program.resolved_builtins.get_mut(at) else { continue };
        if let Some(builtin) = builtins::find(&info.name) {
            *resolved = (builtin.call, builtin.arguments);
        } else if let Some(call) = builtins::told(&info.name).filter(|_| strict) {
            resolved.0 = call;
        }
    }
    let sites: Vec<usize> = program
        .instructions
        .iter()
        .enumerate()
        .filter(|(_, instruction)| matches!(instruction, Instruction::HostAwait { .. }))
        .map(|(at, _)| at)
        .collect();
    for site in sites {
        let linked = link_foreign(program, site);
        linked.ok_or_else(|| "a builtin could not be linked".to_owned())?;
    }
    program.recompute_host_await_presence();
    Ok(())
}

/// Makes a plain call of one to a builtin that regorus does not know.
fn link_foreign(program: &mut Program, site: usize) -> Option<()> {
    let Some(Instruction::HostAwait { dest, arg, .. }) = program.instructions.get(site) else { return None };
    let (dest, packed) = (*dest, *arg);
    let Some(Instruction::Load { literal_idx, .. }) = program.instructions.get(site.checked_sub(1)?) else {
        return None;
    };
    let name = program.literals.get(usize::from(*literal_idx))?.as_string().ok()?.to_string();
    let builtin = builtins::find(&name)?;
    let Some(Instruction::ArrayCreate { params_index }) = program.instructions.get(site.checked_sub(PACKED_BEFORE)?)
    else {
        return None;
    };
    let packing = program.instruction_data.array_create_params.get(usize::from(*params_index))?;
    if packing.dest != packed || packing.elements.len() != usize::from(builtin.arguments) {
        return None;
    }
    let mut args = [0_u8; 8];
    for (slot, register) in args.iter_mut().zip(&packing.elements) {
        *slot = *register;
    }
    let known = program.builtin_info_table.iter().position(|info| info.name == name);
    let index = match known {
        Some(index) => u16::try_from(index).ok()?,
        None => {
            program.resolved_builtins.push((builtin.call, builtin.arguments));
            program.add_builtin_info(BuiltinInfo { name, num_args: u16::from(builtin.arguments) })
        }
    };
    let params = BuiltinCallParams { dest, builtin_index: index, num_args: builtin.arguments, args };
    let params_index = program.add_builtin_call_params(params);
    *program.instructions.get_mut(site)? = Instruction::BuiltinCall { params_index };
    Some(())
}
