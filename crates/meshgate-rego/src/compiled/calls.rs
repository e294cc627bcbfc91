//! Calls and references, checked before anything runs: unknown functions, wrong numbers of arguments, recursion, and
//! chains too deep for a stack.
//!
//! Deliberately absent: references through variables (`data.rules[name]`); regorus reports their recursion when it
//! evaluates, which is a fault, and their depth is bounded by the rules that are named.

use super::graph::Graph;
use crate::builtins::{self, MISSING, WORLDLY};
use crate::error::LoadError;
use crate::index::{Call, Definition, Index};
use std::collections::BTreeSet;

/// Functions and rules that lead on from one another. Each is a frame or several on the stack: 64 MiB hold many more.
const DEPTH_MAX: usize = 256;

/// Refuses what would abort or loop. `world` lets policies call what does something in the world.
pub fn check(index: &Index, world: bool) -> Vec<LoadError> {
    let mut graph = Graph::default();
    for (name, definitions) in &index.rules {
        for definition in definitions {
            // What a rule's own path takes in of its parts (`p.q` in `p`) is no recursion unless the part leads back.
            graph.add(name, index.leads_to(definition).into_iter());
        }
    }
    let definitions = || index.rules.values().flatten();
    let mut errors: Vec<LoadError> =
        definitions().flat_map(|definition| &definition.calls).filter_map(|call| wrong(call, index, world)).collect();
    let first = |name: &str| index.rules.get(name).and_then(|definitions| definitions.first());
    let place = |name: &str| first(name).map(|definition| definition.place.clone()).unwrap_or_default();
    if let Some(cycle) = graph.cycle() {
        let functions = cycle.iter().all(|name| first(name).is_some_and(|definition| definition.arguments.is_some()));
        let what = if functions { "functions call themselves" } else { "rules depend on themselves" };
        let message = format!("rego_recursion_error: {what}: {}; Rego has no recursion", cycle.join(" → "));
        errors.push(LoadError::new(cycle.first().map(|name| place(name)).unwrap_or_default(), message));
    } else if let Some((start, depth)) = graph.deepest().filter(|(_, depth)| *depth > DEPTH_MAX) {
        let message = format!(
            "rego_compile_error: `{start}` leads through {depth} rules and functions, one after another; at most {DEPTH_MAX}"
        );
        errors.push(LoadError::new(place(&start), message));
    }
    errors.extend(kinds(index));
    errors
}

/// A name is a rule's or a function's, and a function has one number of arguments.
fn kinds(index: &Index) -> Vec<LoadError> {
    let odd = |(name, definitions): (&String, &Vec<Definition>)| {
        let counts: BTreeSet<Option<usize>> = definitions.iter().map(|definition| definition.arguments).collect();
        let first = definitions.first()?;
        let other = definitions.iter().find(|definition| definition.arguments != first.arguments)?;
        let what =
            if counts.contains(&None) { "is a rule and a function" } else { "has definitions with other arguments" };
        Some(LoadError::new(&other.place, format!("rego_type_error: `{name}` {what}; see {}", first.place)))
    };
    index.rules.iter().filter_map(odd).collect()
}

/// What is wrong with a call.
fn wrong(call: &Call, index: &Index, world: bool) -> Option<LoadError> {
    let Call { written, resolved, arguments, place } = call;
    let takes = |wanted: &str| {
        let message = format!("rego_type_error: `{written}` takes {wanted}, and is given {arguments}");
        Some(LoadError::new(place, message))
    };
    let known = index.rules.get(resolved);
    let counts: BTreeSet<usize> = known.into_iter().flatten().filter_map(|definition| definition.arguments).collect();
    if !counts.is_empty() {
        // The value may be taken by one argument more: `f(x, out)` is `out = f(x)`.
        if counts.iter().any(|wanted| arguments == wanted || *arguments == wanted + 1) {
            return None;
        }
        return takes(&counts.iter().map(|wanted| many(*wanted)).collect::<Vec<_>>().join(" or "));
    }
    if let (false, Some((_, why))) = (world, WORLDLY.iter().find(|(name, _)| name == written)) {
        return Some(LoadError::new(place, format!("rego_type_error: `{written}` is not available: {why}")));
    }
    if MISSING.contains(&written.as_str()) {
        let message = format!("rego_type_error: `{written}` is a builtin of OPA that is not available here");
        return Some(LoadError::new(place, message));
    }
    match builtins::arguments(written) {
        _ if written == "print" => None,
        None => {
            let hint = nearest(written, index).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            let message = format!("rego_type_error: `{written}` is no function of Rego or of this bundle{hint}");
            Some(LoadError::new(place, message))
        }
        Some(wanted) => {
            let wanted = usize::from(wanted);
            // An argument more takes the value, where regorus knows the builtin; those of ours were rewritten.
            let out = builtins::is_native(written) && *arguments == wanted + 1;
            if *arguments == wanted || out { None } else { takes(&many(wanted)) }
        }
    }
}

/// The function whose name is a slip away.
fn nearest(written: &str, index: &Index) -> Option<String> {
    let functions = index.rules.iter().filter(|(_, all)| all.iter().any(|one| one.arguments.is_some()));
    let names = functions.map(|(name, _)| name.trim_start_matches("data.").to_owned());
    let builtins = builtins::names().map(str::to_owned);
    let close = names.chain(builtins).map(|name| (strsim::damerau_levenshtein(written, &name), name));
    close.filter(|(distance, _)| *distance <= 2).min().map(|(_, name)| name)
}

fn many(arguments: usize) -> String {
    if arguments == 1 { "1 argument".to_owned() } else { format!("{arguments} arguments") }
}
