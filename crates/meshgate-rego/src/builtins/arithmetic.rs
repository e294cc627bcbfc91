//! The operators as functions: undefined where their operands are not what they work on, as in OPA. regorus' operators are
//! an error there, in any mode.
//!
//! Deliberately absent: numbers of our own; regorus' are used.

use super::{Operand, weight};
use anyhow::{Result, bail};
use regorus::Value;

/// Two numbers and an operation on them.
macro_rules! numbers {
    ($values:expr, $a:ident, $b:ident, $operation:expr) => {{
        let (Some(Value::Number($a)), Some(Value::Number($b))) = ($values.first(), $values.get(1)) else {
            bail!(Operand("operands must be numbers".to_owned()));
        };
        Ok(Value::from($operation))
    }};
}

/// Two sets.
macro_rules! sets {
    ($values:expr, $operation:ident) => {{
        let (Some(Value::Set(a)), Some(Value::Set(b))) = ($values.first(), $values.get(1)) else {
            bail!(Operand("operands must be sets".to_owned()));
        };
        Ok(Value::from(a.$operation(b)))
    }};
}

fn is_zero(value: Option<&Value>) -> bool {
    value == Some(&Value::from(0_i64))
}

pub fn plus(values: &[Value]) -> Result<Value> {
    numbers!(values, a, b, a.add(b)?)
}

pub fn minus(values: &[Value]) -> Result<Value> {
    if matches!((values.first(), values.get(1)), (Some(Value::Set(_)), Some(Value::Set(_)))) {
        return sets!(values, difference);
    }
    numbers!(values, a, b, a.sub(b)?)
}

pub fn mul(values: &[Value]) -> Result<Value> {
    if let (Some(a), Some(b)) = (values.first(), values.get(1)) {
        weight::product_of(a, b)?;
    }
    numbers!(values, a, b, a.mul(b)?)
}

pub fn div(values: &[Value]) -> Result<Value> {
    if is_zero(values.get(1)) {
        bail!("divide by zero");
    }
    numbers!(values, a, b, a.clone().divide(b)?)
}

pub fn rem(values: &[Value]) -> Result<Value> {
    if is_zero(values.get(1)) {
        bail!("modulo by zero");
    }
    numbers!(values, a, b, {
        if !a.is_integer() || !b.is_integer() {
            bail!("modulo on floating-point number");
        }
        a.clone().modulo(b)?
    })
}

pub fn and(values: &[Value]) -> Result<Value> {
    sets!(values, intersection)
}

pub fn or(values: &[Value]) -> Result<Value> {
    sets!(values, union)
}
