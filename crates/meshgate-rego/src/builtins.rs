//! Builtins that regorus lacks, and bounds on those whose result may be far larger than their arguments: regorus looks at
//! the clock between steps, not inside a builtin, and an allocation that fails kills the process, so what would explode
//! is refused before it begins.
//!
//! Deliberately absent: bounds on builtins that only take time in proportion to their arguments; the deadline sees to
//! those. And builtins that are missing still (`io.jwt.*`, `crypto.x509.*`, `graphql.*`, …): a policy that calls one is
//! refused when it is loaded.

mod crypto;
mod net;

use anyhow::{Result, bail};
use regorus::unstable::{BUILTINS, Expr, Ref, Span};
use regorus::{Engine, LimitError, Source, Value};
use std::collections::BTreeSet;
use thiserror::Error;

/// Elements that one builtin may make.
const ELEMENTS_MAX: i64 = 1_000_000;
/// Bytes of text that one builtin may make.
const BYTES_MAX: usize = 16 << 20;
/// Bits by which a number may be shifted.
const SHIFT_MAX: i64 = 65_536;
/// Bits of a network's hosts: a /16 of IPv4.
const HOST_BITS_MAX: u32 = 16;
/// Paths through a graph.
const PATHS_MAX: usize = 100_000;

/// Builtins that are there and must not be called.
pub const REFUSED: &[(&str, &str)] = &[
    // regorus' own yields nothing, silently: a rule that relies on it would pass.
    ("http.send", "policies have no network; give what it would fetch as data or input"),
    ("test.sleep", "it would sleep through its deadline"),
];

type Guard = fn(&[Value]) -> Result<()>;

const GUARDS: &[(&str, Guard)] = &[
    ("numbers.range", range),
    ("numbers.range_step", range_step),
    ("net.cidr_expand", cidr_expand),
    ("bits.lsh", shift),
    ("replace", replace),
    ("strings.replace_n", replace_n),
    ("graph.reachable_paths", paths),
];

type Added = fn(&[Value]) -> Result<Value>;

/// Builtins that regorus lacks, with the number of their arguments.
const ADDED: &[(&str, u8, Added)] = &[
    ("array.flatten", 1, flatten),
    ("crypto.hmac.equal", 2, crypto::hmac_equal),
    ("crypto.hmac.md5", 2, crypto::hmac_md5),
    ("crypto.hmac.sha1", 2, crypto::hmac_sha1),
    ("crypto.hmac.sha256", 2, crypto::hmac_sha256),
    ("crypto.hmac.sha512", 2, crypto::hmac_sha512),
    ("crypto.md5", 1, crypto::md5),
    ("crypto.sha1", 1, crypto::sha1),
    ("crypto.sha256", 1, crypto::sha256),
    ("net.cidr_contains_matches", 2, net::contains_matches),
    ("net.cidr_intersects", 2, net::intersects),
    ("net.cidr_merge", 1, net::merge),
];

/// Returns how many arguments a builtin takes, ours or regorus'.
pub fn arguments(name: &str) -> Option<u8> {
    let ours = ADDED.iter().find(|(known, ..)| *known == name).map(|(_, arguments, _)| *arguments);
    ours.or_else(|| BUILTINS.get(name).map(|(_, arguments)| *arguments))
}

/// A bound was met. This is a failure in any mode, never an undefined value, which `not` would turn into true.
#[derive(Debug, Error)]
#[error("{0}")]
struct Exceeded(String);

/// What a builtin said: without strict errors, what it can make no sense of is undefined.
fn settle(result: Result<Value>, strict: bool) -> Result<Value> {
    match result {
        Err(error) if strict || error.is::<LimitError>() || error.is::<Exceeded>() => Err(error),
        result => Ok(result.unwrap_or(Value::Undefined)),
    }
}

/// Adds what regorus lacks, and puts the bounds before what it has. `strict` raises builtin errors.
pub fn install(engine: &mut Engine, strict: bool) -> Result<()> {
    for (name, arguments, added) in ADDED {
        let call = move |values: Vec<Value>| settle(added(&values), strict);
        engine.add_extension((*name).to_owned(), *arguments, Box::new(call))?;
    }
    for (name, guard) in GUARDS {
        let Some((builtin, arguments)) = BUILTINS.get(name).copied() else { bail!("builtin `{name}` is gone") };
        let source = Source::from_contents(format!("<{name}>"), " ".to_owned())?;
        let span = Span { source, line: 1, col: 1, start: 0, end: 0 };
        let null = || Ref::new(Expr::Null { span: span.clone(), value: Value::Null, eidx: 0 });
        let parameters: Vec<Ref<Expr>> = (0..arguments).map(|_| null()).collect();
        let span = span.clone();
        let bounded = move |values: Vec<Value>| {
            guard(&values)?;
            settle(builtin(&span, &parameters, &values, strict), strict)
        };
        engine.add_extension((*name).to_owned(), arguments, Box::new(bounded))?;
    }
    Ok(())
}

/// One level of arrays in an array is taken apart.
fn flatten(values: &[Value]) -> Result<Value> {
    let Some(Value::Array(items)) = values.first() else { bail!("array.flatten: operand 1 must be array") };
    let mut flat = Vec::with_capacity(items.len());
    for item in items.iter() {
        match item {
            Value::Array(inner) => flat.extend(inner.iter().cloned()),
            other => flat.push(other.clone()),
        }
    }
    Ok(Value::from(flat))
}

fn integer(value: Option<&Value>) -> Option<i64> {
    value?.as_i64().ok()
}

fn text(value: Option<&Value>) -> Option<&str> {
    value?.as_string().ok().map(AsRef::as_ref)
}

fn elements(from: Option<&Value>, to: Option<&Value>, step: i64) -> Result<()> {
    // Numbers beyond 64 bits are as good as endless; what is no number is the builtin's own affair.
    let is_number =
        |value: Option<&Value>| value.is_some_and(|value| value.as_number().is_ok_and(|number| number.is_integer()));
    let count = match (integer(from), integer(to)) {
        (Some(from), Some(to)) => from.abs_diff(to) / step.unsigned_abs().max(1),
        _ if is_number(from) && is_number(to) => u64::MAX,
        _ => return Ok(()),
    };
    if count > ELEMENTS_MAX.unsigned_abs() {
        bail!(Exceeded(format!("the range has more than {ELEMENTS_MAX} elements")));
    }
    Ok(())
}

fn range(values: &[Value]) -> Result<()> {
    elements(values.first(), values.get(1), 1)
}

fn range_step(values: &[Value]) -> Result<()> {
    match (integer(values.get(2)), values.get(2)) {
        // A step beyond 64 bits does not take many steps through what fits a number.
        (None, Some(step)) if step.as_number().is_ok() => Ok(()),
        (step, _) => elements(values.first(), values.get(1), step.unwrap_or(1)),
    }
}

fn cidr_expand(values: &[Value]) -> Result<()> {
    let Some((address, prefix)) = text(values.first()).and_then(|cidr| cidr.split_once('/')) else { return Ok(()) };
    let bits: u32 = if address.contains(':') { 128 } else { 32 };
    let hosts = prefix.parse::<u32>().map_or(0, |prefix| bits.saturating_sub(prefix));
    if hosts > HOST_BITS_MAX {
        bail!(Exceeded(format!("the network has more than 2^{HOST_BITS_MAX} hosts")));
    }
    Ok(())
}

fn shift(values: &[Value]) -> Result<()> {
    if integer(values.get(1)).is_some_and(|by| by > SHIFT_MAX) {
        bail!(Exceeded(format!("a number is shifted by more than {SHIFT_MAX} bits")));
    }
    Ok(())
}

fn replaced(text: &str, old: &str, new: &str) -> Result<()> {
    // An empty pattern is between any two characters.
    let times = if old.is_empty() { text.len() + 1 } else { text.len() / old.len() };
    if times.saturating_mul(new.len()) > BYTES_MAX {
        bail!(Exceeded(format!("the replaced text has more than {BYTES_MAX} bytes")));
    }
    Ok(())
}

fn replace(values: &[Value]) -> Result<()> {
    match (text(values.first()), text(values.get(1)), text(values.get(2))) {
        (Some(text), Some(old), Some(new)) => replaced(text, old, new),
        _ => Ok(()),
    }
}

fn replace_n(values: &[Value]) -> Result<()> {
    let (Some(Ok(patterns)), Some(whole)) = (values.first().map(Value::as_object), text(values.get(1))) else {
        return Ok(());
    };
    patterns.iter().try_for_each(|(old, new)| match (text(Some(old)), text(Some(new))) {
        (Some(old), Some(new)) => replaced(whole, old, new),
        _ => Ok(()),
    })
}

/// Counts paths as the builtin walks them: no node twice on one way.
fn paths(values: &[Value]) -> Result<()> {
    let Some(Ok(graph)) = values.first().map(Value::as_object) else { return Ok(()) };
    let starts: Vec<&Value> = match values.get(1) {
        Some(Value::Array(starts)) => starts.iter().collect(),
        Some(Value::Set(starts)) => starts.iter().collect(),
        _ => return Ok(()),
    };
    let next = |node: &Value| -> Vec<Value> {
        match graph.get(node) {
            Some(Value::Array(next)) => next.iter().cloned().collect(),
            Some(Value::Set(next)) => next.iter().cloned().collect(),
            _ => Vec::new(),
        }
    };
    let mut steps = 0_usize;
    for start in starts {
        let mut way: BTreeSet<Value> = BTreeSet::new();
        // A node, and whether it is left.
        let mut open = vec![(start.clone(), false)];
        while let Some((node, left)) = open.pop() {
            if left {
                way.remove(&node);
                continue;
            }
            steps += 1;
            if steps > PATHS_MAX {
                bail!(Exceeded(format!("the graph has more than {PATHS_MAX} paths")));
            }
            if way.insert(node.clone()) {
                open.push((node.clone(), true));
                open.extend(next(&node).into_iter().map(|node| (node, false)));
            }
        }
    }
    Ok(())
}
