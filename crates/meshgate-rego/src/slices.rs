//! Rules with very many definitions that each want one value of the input: `allow if input.role == "x"`, ten thousand
//! times. The engine would try all of them; here, the input's value chooses the few that can hold, and a slice of the
//! bundle with only these is evaluated in the place of the whole. Slices are made when they are first wanted.
//!
//! Deliberately absent: anything that could change an answer. Whatever is not plainly a comparison of the input with a
//! constant stays in every slice, and where a slice cannot be made, the whole bundle answers.

use crate::bundle::Bundle;
use crate::gears::{Difference, GearCounts};
use crate::index::{self, Definition, Index};
use crate::modules::{Places, Written};
use crate::syntax::{self, Node};
use crate::text::Edit;
use crate::wanted::{Wanted, wanted};
use regorus::Value;
use regorus::unstable::{Module as Parsed, Ref};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Definitions of one rule from which on slices pay.
const DEFINITIONS_MIN: usize = 32;
/// Groups that the definitions of a rule are put in, at most.
const GROUPS_MAX: usize = 512;
/// Slices of one bundle; inputs beyond are answered by the whole.
const SLICES_MAX: usize = 2_048;
/// Bytes of modules that all slices may have.
const BYTES_MAX: usize = 4 << 20;
/// Entry points whose rules are remembered.
const PATHS_MAX: usize = 4_096;
/// Of a rule, no definition that wants a value.
const NONE: u32 = u32::MAX;

/// A definition that can be left out.
#[derive(Debug)]
struct Part {
    file: String,
    bytes: Range<usize>,
    /// The groups that it belongs to.
    groups: BTreeSet<u32>,
}

/// A rule whose definitions are told apart by one value of the input.
#[derive(Debug)]
struct Keyed {
    /// The rule, `data.a.b`.
    rule: String,
    /// Where the value is in the input.
    steps: Vec<String>,
    /// The group of definitions that want a value.
    groups: BTreeMap<Value, u32>,
    parts: Vec<Part>,
}

impl Keyed {
    fn group(&self, input: &Value) -> u32 {
        let mut at = input;
        for step in &self.steps {
            let Value::Object(entries) = at else { return NONE };
            let Some(next) = entries.get(&Value::from(step.as_str())) else { return NONE };
            at = next;
        }
        self.groups.get(at).copied().unwrap_or(NONE)
    }
}

/// A slice, or the knowledge that there is none, by the group of each rule.
type Made = HashMap<Box<[u32]>, Option<Arc<Bundle>>>;

/// The slices of one bundle.
pub struct Slices {
    rules: Vec<Keyed>,
    /// How many rules each file has.
    rules_of: BTreeMap<String, usize>,
    /// Which of the rules an entry point leads to.
    reached: RwLock<BTreeMap<String, Arc<[bool]>>>,
    made: RwLock<Made>,
    bytes: Mutex<usize>,
}

impl Slices {
    /// Finds the rules that are worth it; `None` when there are none.
    pub fn of(index: &Index, modules: &[Ref<Parsed>], places: &Places, sources: &[Written]) -> Option<Self> {
        // A slice is chosen by the input as it was given, so nothing may put another in its place.
        if index.rules.values().all(|definitions| definitions.len() < DEFINITIONS_MIN) || replaces(modules) {
            return None;
        }
        let extents = Extents::of(modules, places, sources);
        let rules: Vec<Keyed> =
            index.rules.iter().filter_map(|(rule, definitions)| keyed(rule, definitions, &extents)).collect();
        (!rules.is_empty()).then(|| Self {
            rules,
            rules_of: extents.rules_of,
            reached: RwLock::default(),
            made: RwLock::default(),
            bytes: Mutex::default(),
        })
    }

    /// The slice for an entry point and an input; `None`: the whole bundle answers.
    pub fn slice(&self, whole: &Bundle, path: &str, input: &Value) -> Option<Arc<Bundle>> {
        let reached = self.reached(path, &whole.index)?;
        if !reached.contains(&true) {
            return None;
        }
        let groups: Box<[u32]> = self
            .rules
            .iter()
            .zip(reached.iter())
            .map(|(keyed, reached)| if *reached { keyed.group(input) } else { NONE })
            .collect();
        if let Some(known) = self.made.read().unwrap_or_else(PoisonError::into_inner).get(&groups) {
            return known.clone();
        }
        let sources = self.sources(&whole.sources, &groups);
        let bytes = sources.iter().map(|module| module.text.now.len()).sum::<usize>();
        if self.made.read().unwrap_or_else(PoisonError::into_inner).len() >= SLICES_MAX || !self.afford(bytes) {
            return None;
        }
        let slice = whole.sliced(sources).map(Arc::new);
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        made.entry(groups).or_insert(slice).clone()
    }

    fn afford(&self, bytes: usize) -> bool {
        let mut all = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let affordable = all.saturating_add(bytes) <= BYTES_MAX;
        if affordable {
            *all += bytes;
        }
        affordable
    }

    fn reached(&self, path: &str, index: &Index) -> Option<Arc<[bool]>> {
        if let Some(known) = self.reached.read().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Some(Arc::clone(known));
        }
        let all = index.reached_from(index.taken_in(path));
        let reached: Arc<[bool]> = self.rules.iter().map(|keyed| all.contains(keyed.rule.as_str())).collect();
        let mut known = self.reached.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= PATHS_MAX {
            return None;
        }
        known.insert(path.to_owned(), Arc::clone(&reached));
        Some(reached)
    }

    /// The modules without the definitions of other groups.
    fn sources(&self, sources: &[Written], groups: &[u32]) -> Vec<Written> {
        let mut out: BTreeMap<&str, Vec<Range<usize>>> = BTreeMap::new();
        for (keyed, group) in self.rules.iter().zip(groups) {
            for part in keyed.parts.iter().filter(|part| !part.groups.contains(group)) {
                out.entry(part.file.as_str()).or_default().push(part.bytes.clone());
            }
        }
        let mut cut = |module: &Written| -> Option<Written> {
            let Some(ranges) = out.get_mut(module.file.as_str()) else { return Some(module.clone()) };
            // A file whose rules are all left out is left out itself, unless it says something of its package.
            if self.rules_of.get(&module.file) == Some(&ranges.len()) && !module.text.now.contains("METADATA") {
                return None;
            }
            ranges.sort_by_key(|range| range.start);
            let mut joined: Vec<Range<usize>> = Vec::new();
            for range in ranges {
                let blank = |from, to| module.text.now.get(from..to).is_some_and(|between| between.trim().is_empty());
                match joined.last_mut().filter(|last| blank(last.end, range.start)) {
                    Some(last) => last.end = range.end,
                    None => joined.push(range.clone()),
                }
            }
            let mut module = module.clone();
            module.text.edit(joined.into_iter().map(|range| Edit::new(range, "")).collect());
            Some(module)
        };
        sources.iter().filter_map(&mut cut).collect()
    }

    fn each(&self) -> Vec<Arc<Bundle>> {
        self.made.read().unwrap_or_else(PoisonError::into_inner).values().flatten().map(Arc::clone).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.made.read().unwrap_or_else(PoisonError::into_inner).values().flatten().count()
    }

    /// What the slices' gears counted.
    pub fn counts(&self) -> GearCounts {
        self.each().iter().fold(GearCounts::default(), |sum, slice| sum.plus(slice.gear_counts()))
    }

    /// What the slices' gears differed on.
    pub fn differences(&self) -> Vec<Difference> {
        self.each().iter().flat_map(|slice| slice.differences()).collect()
    }
}

/// Does any expression replace the input or data?
fn replaces(modules: &[Ref<Parsed>]) -> bool {
    let replaced = |module: &Ref<Parsed>| {
        let imports = index::imports(module);
        let is_document = |name: &str| ["input", "data"].contains(&name) || imports.contains_key(name);
        let mut found = false;
        syntax::visit(module.policy.iter().flat_map(|rule| syntax::parts(rule)).collect(), |node| {
            if let Node::Statement(statement) = node {
                let mut with = statement.with_mods.iter();
                found |= with.any(|with| syntax::path(&with.refr).is_none_or(|(root, _)| is_document(root.text())));
            }
            !found
        });
        found
    };
    modules.iter().any(replaced)
}

/// Where every definition stands that can be taken out without touching another, by its file and line.
struct Extents {
    of: BTreeMap<(String, usize), Range<usize>>,
    rules_of: BTreeMap<String, usize>,
}

impl Extents {
    fn of(modules: &[Ref<Parsed>], places: &Places, sources: &[Written]) -> Self {
        // The lines that rules begin on: how many do, and whether at the margin.
        let mut starts: BTreeMap<&str, BTreeMap<usize, (usize, bool)>> = BTreeMap::new();
        for rule in modules.iter().flat_map(|module| &module.policy) {
            let span = rule.span();
            let Some((file, position)) = places.at(span.source.get_path(), syntax::range(span).start) else { continue };
            let line = starts.entry(file).or_default().entry(position.line.saturating_sub(1)).or_insert((0, true));
            *line = (line.0 + 1, line.1 && position.column == 1);
        }
        let mut of = BTreeMap::new();
        let mut rules_of = BTreeMap::new();
        for source in sources {
            let Some(starts) = starts.get(source.file.as_str()) else { continue };
            rules_of.insert(source.file.clone(), starts.values().map(|(rules, _)| rules).sum());
            let lines: Vec<&str> = source.text.now.split_inclusive('\n').collect();
            let mut offsets = vec![0];
            for line in &lines {
                offsets.push(offsets.last().unwrap_or(&0) + line.len());
            }
            let alone = |line: usize| starts.get(&line).is_none_or(|(rules, margin)| *rules == 1 && *margin);
            let ends = starts.keys().skip(1).copied().chain([lines.len()]);
            for (start, end) in starts.keys().zip(ends) {
                // Two on one line cannot be taken out one by one, and what begins within a line may end its neighbour.
                if !alone(*start) || !alone(end) || annotated(&lines, *start) {
                    continue;
                }
                let body = lines.get(*start..end).unwrap_or_default();
                let is_between = |line: &&&str| line.trim().is_empty() || line.trim_start().starts_with('#');
                let end = end - body.iter().rev().take_while(is_between).count();
                if let (Some(from), Some(to)) = (offsets.get(*start), offsets.get(end)) {
                    of.insert((source.file.clone(), *start + 1), *from..*to);
                }
            }
        }
        Self { of, rules_of }
    }

    fn get(&self, definition: &Definition) -> Option<(String, Range<usize>)> {
        let mut place = definition.place.rsplitn(3, ':');
        let (_, line, file) = (place.next()?, place.next()?.parse::<usize>().ok()?, place.next()?);
        let key = (file.to_owned(), line);
        let bytes = self.of.get(&key)?.clone();
        Some((key.0, bytes))
    }
}

/// Does METADATA stand above a line? Without its rule, it would be the next one's.
fn annotated(lines: &[&str], start: usize) -> bool {
    let above = lines.get(..start).unwrap_or_default();
    let between = |line: &&&str| line.trim().is_empty() || line.trim_start().starts_with('#');
    above.iter().rev().take_while(between).any(|line| line.contains("METADATA"))
}

/// A definition that can be left out: where it is, its file, and what it wants.
type Wanting = (Range<usize>, String, Wanted);

/// A rule, if enough of its definitions each want one of a few values in one place of the input.
fn keyed(rule: &str, definitions: &[Definition], extents: &Extents) -> Option<Keyed> {
    if definitions.len() < DEFINITIONS_MIN {
        return None;
    }
    // The first definition stays, so that the rule is one in every slice.
    let wanting: Vec<Wanting> = definitions
        .iter()
        .skip(1)
        .filter_map(|definition| {
            let (file, bytes) = extents.get(definition)?;
            Some((bytes, file, wanted(&definition.rule)))
        })
        .collect();
    // The place that tells most definitions apart.
    let mut places: BTreeMap<&Vec<String>, (usize, BTreeSet<&Value>)> = BTreeMap::new();
    for (steps, values) in wanting.iter().flat_map(|(_, _, conditions)| conditions) {
        let (count, all) = places.entry(steps).or_default();
        *count += 1;
        all.extend(values);
    }
    let (steps, (count, values)) = places.into_iter().max_by_key(|(_, (count, values))| values.len().min(*count))?;
    if count < DEFINITIONS_MIN || values.len() < 2 {
        return None;
    }
    let mut groups: BTreeMap<Value, u32> = BTreeMap::new();
    let (mut group, mut full, each) = (0, 0, count.div_ceil(GROUPS_MAX));
    let mut definitions_of: BTreeMap<&Value, usize> = BTreeMap::new();
    for value in wanting.iter().filter_map(|(_, _, conditions)| conditions.get(steps)).flatten() {
        *definitions_of.entry(value).or_default() += 1;
    }
    for (value, count) in definitions_of {
        if full > 0 && full + count > each {
            (group, full) = (group + 1, 0);
        }
        full += count;
        groups.insert(value.clone(), group);
    }
    let part = |(bytes, file, conditions): &Wanting| {
        let values = conditions.get(steps)?;
        let groups = values.iter().filter_map(|value| groups.get(value).copied()).collect();
        Some(Part { file: file.clone(), bytes: bytes.clone(), groups })
    };
    let parts = wanting.iter().filter_map(part).collect();
    Some(Keyed { rule: rule.to_owned(), steps: steps.clone(), groups, parts })
}
