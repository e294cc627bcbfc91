//! The fast gear: the program that regorus compiles, with our builtins in the place of its own, and machines that are kept.
//!
//! Deliberately absent: the decision to use it; see `gears`.

use crate::builtins;
use crate::context::{self, Moment};
use crate::evaluate::{QueryError, believed, failed};
use crate::machine::{Bounds, Code, Machine, Stop};
use crate::modules::Places;
use crate::options::Options;
use crate::pool::{Copies, Pool};
use meshgate_core::fault::FaultKind;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::instructions::{BuiltinCallParams, Instruction};
use regorus::rvm::program::{BuiltinInfo, Program};
use regorus::{CompiledPolicy, LimitError, Value};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// One entry point, compiled.
pub struct Fast {
    code: Code,
    strict: bool,
    idle: Pool<Machine>,
}

impl fmt::Debug for Fast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fast").field("code", &self.code).finish_non_exhaustive()
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
        Ok(Self { code: Code::of(&program)?, strict, idle: Pool::default() })
    }

    /// A machine with code and data.
    fn machine(&self, data: &Copies) -> Option<Machine> {
        self.idle.take().or_else(|| {
            let data = data.here();
            Machine::new(self.code.own(data), data.clone(), self.strict)
        })
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
        let internal = |message: &str| QueryError::new(FaultKind::Internal, "eval_internal_error", message);
        let mut machine = self.machine(data).ok_or_else(|| internal("the fast gear has no machine"))?;
        let limits = &options.limits;
        // The machine may be one that was made for a longer time.
        let deadline = context::allowed(limits.rule_deadline);
        let bounds = Bounds {
            deadline,
            instructions_max: limits.rego_instructions_max,
            // In so little time there is not much to be taken, and the process has its bound.
            bytes_max: Some(limits.rego_memory_bytes_max).filter(|bytes| *bytes > 0 && deadline > UNCOUNTED),
        };
        let (outcome, left) =
            context::scope(moment, options, || catch_unwind(AssertUnwindSafe(|| machine.run(input, bounds))));
        // A machine that panicked is not used again.
        let Ok(outcome) = outcome else { return Err(internal("the fast gear failed")) };
        self.idle.put(machine);
        let memory = || {
            let message = "needed more memory than it may have".to_owned();
            QueryError::new(FaultKind::Memory, "eval_cancel_error", message)
        };
        match outcome {
            Ok(value) => believed(&left, options).map(|()| value),
            Err(Stop::Time | Stop::Limit(LimitError::TimeLimitExceeded { .. })) => {
                let message = format!("ran longer than {} ms", deadline.as_millis());
                Err(QueryError::new(FaultKind::Deadline, "eval_cancel_error", message))
            }
            Err(Stop::Steps) => {
                let message = format!("takes more than {} steps", limits.rego_instructions_max);
                Err(QueryError::new(FaultKind::Limit, "eval_cancel_error", message))
            }
            Err(Stop::Memory) => Err(memory()),
            Err(Stop::Limit(LimitError::MemoryLimitExceeded { .. })) if left.breach.is_none() => Err(memory()),
            Err(Stop::Limit(limit)) => Err(failed(&limit.to_string(), &left, options, &Places::default())),
            Err(Stop::Broken | Stop::Failed) => Err(internal("the fast gear does not have this")),
        }
    }
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
