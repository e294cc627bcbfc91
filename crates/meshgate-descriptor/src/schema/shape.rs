//! What a schema says of one value, as the notation writes it.
//!
//! Deliberately absent: `format` (dates, URIs): the reference validators of these standards do not assert it either.

use regex::Regex;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// An index into the definitions of a version.
pub type DefinitionId = usize;

#[derive(Debug, Clone)]
pub enum Shape {
    Any,
    Null,
    Boolean,
    Integer(Option<Bound>),
    Number(Option<Bound>),
    Text {
        pattern: Option<Pattern>,
        chars_max: Option<usize>,
    },
    /// One of these words.
    Words(Vec<Box<str>>),
    /// Any map.
    Map,
    List {
        item: Box<Shape>,
        min: usize,
        max: usize,
        unique: bool,
    },
    Record(Box<Record>),
    Definition(DefinitionId),
    /// At least one.
    AnyOf(Vec<Shape>),
    /// Exactly one.
    OneOf(Vec<Shape>),
    /// Every one.
    AllOf(Vec<Shape>),
}

/// A lower bound.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    pub least: f64,
    pub exclusive: bool,
}

/// A regular expression, compiled when it is first needed.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub source: Box<str>,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub fn new(source: &str) -> Self {
        Self { source: source.into(), compiled: OnceLock::new() }
    }

    pub fn matches(&self, text: &str) -> bool {
        // The notation's own tests compile every expression: `None` cannot be met, and would refuse.
        self.compiled.get_or_init(|| Regex::new(&self.source).ok()).as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// A map with known keys.
#[derive(Debug, Clone, Default)]
pub struct Record {
    pub fields: Vec<Field>,
    /// Keys that match have this value.
    pub patterns: Vec<(Pattern, Shape)>,
    /// Every other key has this value.
    pub rest: Option<Shape>,
    /// No key but these.
    pub closed: bool,
    /// No key but these and those of the parts (`@is`, `@by`, `@if`).
    pub sealed: bool,
    /// A value that is no map is none of this record's business.
    pub only_maps: bool,
    pub needs: Vec<Box<str>>,
    pub forbids: Vec<Box<str>>,
    pub entries_min: usize,
    pub names: Option<Pattern>,
    /// What it builds on: its keys are known, whether it holds or not.
    pub extends: Vec<Shape>,
    /// What the map must be besides: its keys are known when it holds.
    pub is: Vec<Shape>,
    /// What the map must be if it is the first.
    pub conditions: Vec<(Shape, Shape)>,
    pub choices: Vec<Choice>,
}

#[derive(Debug, Clone)]
pub struct Field {
    pub key: Box<str>,
    pub required: bool,
    pub shape: Shape,
}

/// What the map must be besides, by the word under a key.
#[derive(Debug, Clone)]
pub struct Choice {
    pub key: Box<str>,
    /// Without the key, every case holds (as JSON Schema's `if` has it, when it does not require the key).
    pub vacuous: bool,
    pub cases: BTreeMap<Box<str>, Shape>,
}

impl Record {
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| *field.key == *key)
    }
}

/// The definitions of one version of a standard.
#[derive(Debug, Clone)]
pub struct Version {
    pub name: Box<str>,
    pub definitions: Vec<Option<Shape>>,
    pub root: DefinitionId,
}

impl Version {
    pub fn definition(&self, id: DefinitionId) -> &Shape {
        static ANY: Shape = Shape::Any;
        self.definitions.get(id).and_then(Option::as_ref).unwrap_or(&ANY)
    }
}
