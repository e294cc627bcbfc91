//! `strings.render_template`: Go's text templates, as far as policies use them: fields and variables, `if`, `with`,
//! `range`, pipelines, and the functions `and or not eq ne lt le gt ge len index print printf println`.
//!
//! Deliberately absent: `define`, `template`, `block`, `call` and the escapers; a template that uses one is an error
//! with its name. No library does it within bounds: nested ranges are as many steps as one likes, and here they count.

use super::sprintf::plain;
use super::{BYTES_MAX, Exceeded, Operand, operand};
use anyhow::{Result, anyhow, bail};
use regorus::Value;

/// Steps of one rendering.
const STEPS_MAX: usize = 1_000_000;
/// Actions within actions.
const NESTING_MAX: usize = 64;

/// A part of a template.
enum Node {
    Text(String),
    Show(Pipeline),
    Branch { kind: Kind, pipeline: Pipeline, then: Vec<Node>, otherwise: Vec<Node> },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    If,
    With,
    Range,
}

/// Commands whose values go on to the next, and the variables that take the last.
struct Pipeline {
    variables: Vec<String>,
    /// `=` changes a variable, `:=` makes one.
    declares: bool,
    commands: Vec<Vec<Term>>,
}

enum Term {
    /// A path from the dot, `$`, a variable or a value in parentheses.
    Path(Root, Vec<String>),
    Value(Value),
    Function(String),
}

enum Root {
    Dot,
    Variable(String),
    Inner(Box<Pipeline>),
}

/// A template in texts and actions.
struct Parser {
    parts: Vec<Part>,
    at: usize,
}

enum Part {
    Text(String),
    Action(Vec<String>),
}

/// Splits the text at `{{` and `}}`, with their `-` that trim.
fn parts(template: &str) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = template;
    let mut trim = false;
    loop {
        let (text, behind) = rest.split_once("{{").map_or((rest, None), |(text, behind)| (text, Some(behind)));
        let text = if trim { text.trim_start() } else { text };
        let Some(behind) = behind else {
            parts.push(Part::Text(text.to_owned()));
            return Ok(parts);
        };
        let (behind, trims) = match behind.strip_prefix("- ").or_else(|| behind.strip_prefix("-\n")) {
            Some(behind) => (behind, true),
            None => (behind, false),
        };
        parts.push(Part::Text(if trims { text.trim_end() } else { text }.to_owned()));
        let (words, after) = words(behind)?;
        trim = after.1;
        rest = after.0;
        let comment = words.first().is_some_and(|word| word.starts_with("/*"));
        if !comment {
            parts.push(Part::Action(words));
        }
    }
}

/// The words of one action, what is behind it, and whether that is trimmed.
fn words(text: &str) -> Result<(Vec<String>, (&str, bool))> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut chars = text.char_indices().peekable();
    let end = |word: &mut String, words: &mut Vec<String>| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    while let Some((at, c)) = chars.next() {
        let rest = text.get(at..).unwrap_or_default();
        if let Some(behind) = rest.strip_prefix("}}") {
            end(&mut word, &mut words);
            return Ok((words, (behind, false)));
        }
        match c {
            '-' if rest.starts_with("-}}") && word.is_empty() => {
                return Ok((words, (rest.get(3..).unwrap_or_default(), true)));
            }
            '/' if rest.starts_with("/*") && words.is_empty() && word.is_empty() => {
                let (_, behind) =
                    rest.split_once("*/").ok_or_else(|| anyhow!("a comment of the template has no end"))?;
                let behind = behind.trim_start();
                let trimmed = behind.strip_prefix("-}}").map(|behind| (behind, true));
                let end = trimmed.or_else(|| behind.strip_prefix("}}").map(|behind| (behind, false)));
                return end
                    .map(|end| (vec!["/*".to_owned()], end))
                    .ok_or_else(|| anyhow!("a comment of the template has no end"));
            }
            '"' | '`' => {
                end(&mut word, &mut words);
                let mut quoted = String::from(c);
                loop {
                    match chars.next() {
                        Some((_, '\\')) if c == '"' => {
                            quoted.push('\\');
                            quoted.extend(chars.next().map(|(_, escaped)| escaped));
                        }
                        Some((_, close)) if close == c => break,
                        Some((_, inner)) => quoted.push(inner),
                        None => bail!("a text of the template has no end"),
                    }
                }
                quoted.push(c);
                words.push(quoted);
            }
            '(' | ')' | '|' | ',' => {
                end(&mut word, &mut words);
                words.push(c.to_string());
                // `(x).y`: the path belongs to the parentheses.
                if c == ')' && chars.peek().is_some_and(|(_, next)| *next == '.') {
                    word.push('\u{1}');
                }
            }
            ':' if rest.starts_with(":=") => {
                chars.next();
                end(&mut word, &mut words);
                words.push(":=".to_owned());
            }
            '=' => {
                end(&mut word, &mut words);
                words.push("=".to_owned());
            }
            c if c.is_whitespace() => end(&mut word, &mut words),
            c => word.push(c),
        }
    }
    bail!("an action of the template has no `}}}}`")
}

/// What closes or splits a branch.
enum Close {
    End,
    Else(Vec<String>),
    Text,
}

impl Parser {
    fn nodes(&mut self, depth: usize) -> Result<(Vec<Node>, Close)> {
        if depth > NESTING_MAX {
            bail!("the template is nested more than {NESTING_MAX} times");
        }
        let mut nodes = Vec::new();
        while let Some(part) = self.parts.get(self.at) {
            self.at += 1;
            let words = match part {
                Part::Text(text) => {
                    nodes.push(Node::Text(text.clone()));
                    continue;
                }
                Part::Action(words) => words.clone(),
            };
            let (first, rest) = words.split_first().ok_or_else(|| anyhow!("an action of the template is empty"))?;
            match first.as_str() {
                "end" => return Ok((nodes, Close::End)),
                "else" => return Ok((nodes, Close::Else(rest.to_vec()))),
                "if" => nodes.push(self.branch(Kind::If, rest, depth)?),
                "with" => nodes.push(self.branch(Kind::With, rest, depth)?),
                "range" => nodes.push(self.branch(Kind::Range, rest, depth)?),
                "define" | "template" | "block" | "break" | "continue" => {
                    bail!("`{first}` is not available in templates here")
                }
                _ => nodes.push(Node::Show(pipeline(&words, depth)?)),
            }
        }
        Ok((nodes, Close::Text))
    }

    fn branch(&mut self, kind: Kind, words: &[String], depth: usize) -> Result<Node> {
        let pipeline = pipeline(words, depth)?;
        let (then, end) = self.nodes(depth + 1)?;
        let otherwise = match end {
            Close::End => Vec::new(),
            Close::Text => bail!("a branch of the template has no `end`"),
            Close::Else(words) => match words.split_first() {
                None => match self.nodes(depth + 1)? {
                    (otherwise, Close::End) => otherwise,
                    _ => bail!("a branch of the template has no `end`"),
                },
                Some((first, rest)) if first == "if" => vec![self.branch(Kind::If, rest, depth + 1)?],
                Some((first, rest)) if first == "with" => vec![self.branch(Kind::With, rest, depth + 1)?],
                Some((first, _)) => bail!("`else {first}` is not available in templates here"),
            },
        };
        Ok(Node::Branch { kind, pipeline, then, otherwise })
    }
}

fn pipeline(words: &[String], depth: usize) -> Result<Pipeline> {
    if depth > NESTING_MAX {
        bail!("the template is nested more than {NESTING_MAX} times");
    }
    let assigned = words.iter().position(|word| word == ":=" || word == "=");
    let (variables, body) = match assigned {
        Some(at) => (words.get(..at).unwrap_or_default(), words.get(at + 1..).unwrap_or_default()),
        None => (&[][..], words),
    };
    let declares = assigned.and_then(|at| words.get(at)).is_some_and(|word| word == ":=");
    let mut names = Vec::new();
    for word in variables.iter().filter(|word| *word != ",") {
        let name = word.strip_prefix('$').ok_or_else(|| anyhow!("`{word}` is no variable of a template"))?;
        names.push(name.to_owned());
    }
    let mut commands = vec![Vec::new()];
    let mut at = 0;
    while let Some(word) = body.get(at) {
        at += 1;
        match word.as_str() {
            "|" => commands.push(Vec::new()),
            "(" => {
                let start = at;
                let mut open = 1;
                while open > 0 {
                    match body.get(at).map(String::as_str) {
                        Some("(") => open += 1,
                        Some(")") => open -= 1,
                        Some(_) => {}
                        None => bail!("parentheses of the template do not close"),
                    }
                    at += 1;
                }
                let inner = pipeline(body.get(start..at - 1).unwrap_or_default(), depth + 1)?;
                let path = body.get(at).and_then(|word| word.strip_prefix('\u{1}'));
                at += usize::from(path.is_some());
                let term = Term::Path(Root::Inner(Box::new(inner)), steps(path.unwrap_or_default()));
                push(&mut commands, term);
                continue;
            }
            ")" => bail!("parentheses of the template do not open"),
            word => {
                let term = term(word)?;
                push(&mut commands, term);
                continue;
            }
        }
    }
    if commands.iter().any(Vec::is_empty) {
        bail!("a pipeline of the template has an empty command");
    }
    Ok(Pipeline { variables: names, declares, commands })
}

fn push(commands: &mut [Vec<Term>], term: Term) {
    if let Some(command) = commands.last_mut() {
        command.push(term);
    }
}

fn steps(path: &str) -> Vec<String> {
    path.split('.').filter(|step| !step.is_empty()).map(str::to_owned).collect()
}

fn term(word: &str) -> Result<Term> {
    if let Some(path) = word.strip_prefix('.') {
        return Ok(Term::Path(Root::Dot, steps(path)));
    }
    if let Some(path) = word.strip_prefix('$') {
        let (name, path) = path.split_once('.').unwrap_or((path, ""));
        return Ok(Term::Path(Root::Variable(name.to_owned()), steps(path)));
    }
    if word.starts_with('"') {
        return Ok(Term::Value(Value::from_json_str(word)?));
    }
    if let Some(raw) = word.strip_prefix('`') {
        return Ok(Term::Value(Value::from(raw.trim_end_matches('`'))));
    }
    match word {
        "true" => return Ok(Term::Value(Value::from(true))),
        "false" => return Ok(Term::Value(Value::from(false))),
        "nil" => return Ok(Term::Value(Value::Null)),
        _ => {}
    }
    if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return Value::from_json_str(word).map(Term::Value).map_err(|_| anyhow!("`{word}` is no number"));
    }
    const FUNCTIONS: &[&str] =
        &["and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "print", "printf", "println"];
    if FUNCTIONS.contains(&word) {
        Ok(Term::Function(word.to_owned()))
    } else {
        bail!("function \"{word}\" not defined")
    }
}

/// The state of one rendering.
struct Renderer {
    written: String,
    variables: Vec<(String, Value)>,
    steps: usize,
}

/// Go's idea of truth: not empty, not zero, not nil.
fn holds(value: &Value) -> bool {
    match value {
        Value::Undefined | Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_f64().is_none_or(|number| number != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Set(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

impl Renderer {
    fn step(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            bail!(Exceeded(format!("the template takes more than {STEPS_MAX} steps")));
        }
        if self.written.len() > BYTES_MAX {
            bail!(Exceeded(format!("the rendered template has more than {BYTES_MAX} bytes")));
        }
        Ok(())
    }

    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Result<()> {
        let scope = self.variables.len();
        for node in nodes {
            self.step()?;
            match node {
                Node::Text(text) => self.written.push_str(text),
                Node::Show(pipeline) => {
                    let value = self.pipeline(pipeline, dot)?;
                    if pipeline.variables.is_empty() {
                        self.show(&value);
                    }
                }
                Node::Branch { kind: Kind::Range, pipeline, then, otherwise } => {
                    self.range(pipeline, then, otherwise, dot)?;
                }
                Node::Branch { kind, pipeline, then, otherwise } => {
                    let scope = self.variables.len();
                    let value = self.pipeline(pipeline, dot)?;
                    let inner = if *kind == Kind::With { &value } else { dot };
                    if holds(&value) {
                        self.nodes(then, inner)?;
                    } else {
                        self.nodes(otherwise, dot)?;
                    }
                    self.variables.truncate(scope);
                }
            }
        }
        self.variables.truncate(scope);
        Ok(())
    }

    fn show(&mut self, value: &Value) {
        match value {
            Value::Undefined | Value::Null => self.written.push_str("<undefined>"),
            value => self.written.push_str(&shown(value)),
        }
    }

    fn range(&mut self, pipeline: &Pipeline, then: &[Node], otherwise: &[Node], dot: &Value) -> Result<()> {
        let value = self.commands(&pipeline.commands, dot)?;
        let items: Vec<(Value, Value)> = match &value {
            Value::Array(items) => items.iter().enumerate().map(|(at, item)| (Value::from(at), item.clone())).collect(),
            Value::Set(items) => items.iter().enumerate().map(|(at, item)| (Value::from(at), item.clone())).collect(),
            Value::Object(map) => map.iter_sorted().map(|(key, item)| (key.clone(), item.clone())).collect(),
            Value::Undefined | Value::Null => Vec::new(),
            other => bail!("range can't iterate over {}", plain(other)),
        };
        if items.is_empty() {
            return self.nodes(otherwise, dot);
        }
        for (key, item) in items {
            self.step()?;
            let scope = self.variables.len();
            match pipeline.variables.as_slice() {
                [one] => self.variables.push((one.clone(), item.clone())),
                [index, one] => {
                    self.variables.push((index.clone(), key));
                    self.variables.push((one.clone(), item.clone()));
                }
                _ => {}
            }
            self.nodes(then, &item)?;
            self.variables.truncate(scope);
        }
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Value) -> Result<Value> {
        let value = self.commands(&pipeline.commands, dot)?;
        for name in &pipeline.variables {
            let known = self.variables.iter_mut().rev().find(|(known, _)| known == name);
            match known {
                Some((_, old)) if !pipeline.declares => *old = value.clone(),
                None if !pipeline.declares => bail!("undefined variable: ${name}"),
                _ => self.variables.push((name.clone(), value.clone())),
            }
        }
        Ok(value)
    }

    fn commands(&mut self, commands: &[Vec<Term>], dot: &Value) -> Result<Value> {
        let mut last: Option<Value> = None;
        for command in commands {
            self.step()?;
            let (first, rest) = command.split_first().ok_or_else(|| anyhow!("a command of the template is empty"))?;
            let mut arguments = Vec::new();
            for term in rest {
                arguments.push(self.term(term, dot)?);
            }
            let piped = last.take();
            let value = match first {
                Term::Function(name) => {
                    arguments.extend(piped);
                    function(name, &arguments)?
                }
                _ if !arguments.is_empty() || piped.is_some() => bail!("can't give argument to non-function"),
                term => self.term(term, dot)?,
            };
            last = Some(value);
        }
        last.ok_or_else(|| anyhow!("missing value for a pipeline of the template"))
    }

    fn term(&mut self, term: &Term, dot: &Value) -> Result<Value> {
        let (root, path) = match term {
            Term::Value(value) => return Ok(value.clone()),
            Term::Function(name) => return function(name, &[]),
            Term::Path(root, path) => (root, path),
        };
        let mut value = match root {
            Root::Dot => dot.clone(),
            Root::Variable(name) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                known.map(|(_, value)| value.clone()).ok_or_else(|| anyhow!("undefined variable: ${name}"))?
            }
            Root::Inner(pipeline) => self.pipeline(pipeline, dot)?,
        };
        for step in path {
            value = match &value {
                Value::Object(map) => map.get(&Value::from(step.as_str())).cloned().unwrap_or(Value::Undefined),
                Value::Undefined | Value::Null => bail!("nil data; no entry for key \"{step}\""),
                other => bail!("can't evaluate field {step} in {}", plain(other)),
            };
        }
        Ok(value)
    }
}

/// A value as Go prints it: lists in brackets without commas, maps as `map[k:v]`.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
        Value::Set(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let pairs = map.iter_sorted().map(|(key, value)| format!("{}:{}", shown(key), shown(value)));
            format!("map[{}]", pairs.collect::<Vec<_>>().join(" "))
        }
        Value::Undefined | Value::Null => "<undefined>".to_owned(),
        other => plain(other),
    }
}

fn function(name: &str, arguments: &[Value]) -> Result<Value> {
    let two = || match arguments {
        [a, b] => Ok((a, b)),
        _ => Err(anyhow!("wrong number of args for {name}: want 2 got {}", arguments.len())),
    };
    let one = || match arguments {
        [one] => Ok(one),
        _ => Err(anyhow!("wrong number of args for {name}: want 1 got {}", arguments.len())),
    };
    let comparable = |(a, b): (&Value, &Value)| match (a, b) {
        (Value::Number(_), Value::Number(_)) | (Value::String(_), Value::String(_)) => Ok(a.cmp(b)),
        _ => Err(anyhow!("incompatible types for comparison")),
    };
    Ok(match name {
        "not" => Value::from(!holds(one()?)),
        "and" => arguments.iter().find(|value| !holds(value)).or(arguments.last()).cloned().unwrap_or(Value::Undefined),
        "or" => arguments.iter().find(|value| holds(value)).or(arguments.last()).cloned().unwrap_or(Value::Undefined),
        "eq" => match arguments.split_first() {
            Some((first, rest)) if !rest.is_empty() => Value::from(rest.iter().any(|other| other == first)),
            _ => bail!("wrong number of args for eq"),
        },
        "ne" => Value::from(two().map(|(a, b)| a != b)?),
        "lt" => Value::from(comparable(two()?)?.is_lt()),
        "le" => Value::from(comparable(two()?)?.is_le()),
        "gt" => Value::from(comparable(two()?)?.is_gt()),
        "ge" => Value::from(comparable(two()?)?.is_ge()),
        "len" => Value::from(match one()? {
            Value::String(text) => text.len(),
            Value::Array(items) => items.len(),
            Value::Set(items) => items.len(),
            Value::Object(map) => map.len(),
            _ => bail!("error calling len: a value without a length"),
        }),
        "index" => {
            let (first, keys) = arguments.split_first().ok_or_else(|| anyhow!("wrong number of args for index"))?;
            let mut value = first.clone();
            for key in keys {
                value = match (&value, key) {
                    (Value::Array(items), Value::Number(at)) => {
                        let at = at.as_u64().and_then(|at| usize::try_from(at).ok());
                        at.and_then(|at| items.get(at)).cloned().ok_or_else(|| anyhow!("index out of range"))?
                    }
                    (Value::Object(map), key) => map.get(key).cloned().unwrap_or(Value::Undefined),
                    _ => bail!("can't index item"),
                };
            }
            value
        }
        "printf" => {
            let (format, rest) = arguments.split_first().ok_or_else(|| anyhow!("wrong number of args for printf"))?;
            super::sprintf::sprintf(&[format.clone(), Value::from(rest.to_vec())])?
        }
        "print" => Value::from(arguments.iter().map(shown).collect::<String>()),
        "println" => Value::from(format!("{}\n", arguments.iter().map(shown).collect::<Vec<_>>().join(" "))),
        _ => bail!("function \"{name}\" not defined"),
    })
}

pub fn render(values: &[Value]) -> Result<Value> {
    let template = operand(values, 0)?;
    let Some(data @ Value::Object(_)) = values.get(1) else {
        bail!(Operand("operand 2 must be object".to_owned()));
    };
    let mut parser = Parser { parts: parts(template)?, at: 0 };
    let (nodes, end) = parser.nodes(0)?;
    if !matches!(end, Close::Text) {
        bail!("the template has an `end` or `else` without a branch");
    }
    let mut renderer = Renderer { written: String::new(), variables: vec![(String::new(), data.clone())], steps: 0 };
    renderer.nodes(&nodes, data)?;
    Ok(Value::from(renderer.written))
}

#[cfg(test)]
mod tests;
