//! Policies: rules of every form over statements of every form, with names that shadow each other now and then.
//!
//! Deliberately absent: odd numbers, texts and patterns; `builtins` and `patterns` have them, where a difference is told apart.

use super::values;
use crate::oracle::case::Case;
use crate::oracle::dice::Dice;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Any,
    Number,
    Text,
    Bool,
    List,
    Object,
    Set,
}

const OF: &[Of] = &[Of::Number, Of::Text, Of::Bool, Of::List, Of::Object, Of::Set];
const LOCALS: &[&str] = &["x", "y", "z", "k", "v", "i"];

struct Rule {
    name: String,
    of: Of,
    /// Arguments of a function.
    arguments: Option<usize>,
}

struct Maker<'a> {
    dice: &'a mut Dice,
    /// What may be called and referred to.
    rules: Vec<Rule>,
    /// Names that have a value here.
    scope: Vec<String>,
}

/// A policy, and inputs for it.
pub fn case(dice: &mut Dice) -> Case {
    let mut maker = Maker { dice, rules: Vec::new(), scope: Vec::new() };
    let mut text = "package t\n".to_owned();
    let mut second = None;
    if maker.dice.chance(5) {
        text += "\nimport data.d.q as imported\n";
    }
    for number in 0..5 {
        // A choice for each: what is left out leaves the rest as it is.
        if number > 0 && !maker.dice.chance(70) {
            break;
        }
        let rule = maker.rule(number);
        if number > 0 && maker.dice.chance(5) {
            second.get_or_insert_with(|| "package t\n".to_owned()).push_str(&format!("\n{rule}"));
        } else {
            text += "\n";
            text += &rule;
        }
    }
    let inputs = (0..3).map(|_| Some(values::input(dice))).collect();
    let mut modules = vec![("t.rego".to_owned(), text)];
    modules.extend(second.map(|text| ("u.rego".to_owned(), text)));
    let data = "{\"d\": {\"q\": 2, \"l\": [1, 2], \"o\": {\"a\": 1, \"b\": 2}, \"s\": \"ab\"}}".to_owned();
    Case { modules, data: Some(data), inputs, query: "data.t".to_owned(), front: false }
}

impl Maker<'_> {
    fn rule(&mut self, number: usize) -> String {
        let name = format!("r{number}");
        let of = OF[self.dice.below(OF.len())];
        self.scope.clear();
        let form = self.dice.below(14);
        let text = match form {
            0 => format!("{name} if {}\n", self.body(3)),
            1 | 2 => {
                let body = self.body(3);
                format!("{name} := {} if {body}\n", self.term(of, 2))
            }
            3 => {
                let body = self.body(3);
                format!("{name} contains {} if {body}\n", self.term(Of::Any, 1))
            }
            4 => {
                let body = self.body(3);
                format!("{name}[{}] := {} if {body}\n", self.term(Of::Text, 1), self.term(of, 1))
            }
            5 => {
                let value = values::plain(self.dice, 1);
                let body = self.body(3);
                format!("default {name} := {value}\n\n{name} := {} if {body}\n", self.term(of, 1))
            }
            6 => {
                let first = self.body(2);
                let one = self.term(of, 1);
                self.scope.clear();
                let second = self.body(2);
                let other = self.term(of, 1);
                let last = if self.dice.chance(50) {
                    format!(" else := {}", values::plain(self.dice, 0))
                } else {
                    String::new()
                };
                format!("{name} := {one} if {first} else := {other} if {second}{last}\n")
            }
            7 => {
                let first = self.body(2);
                let value = self.constant(of);
                self.scope.clear();
                format!("{name} := {value} if {first} {}\n", self.body(2))
            }
            8 => {
                let mut text = String::new();
                for _ in 0..2 {
                    self.scope.clear();
                    let body = self.body(2);
                    text += &format!("{name} := {} if {body}\n\n", self.term(of, 1));
                }
                text
            }
            9 => {
                let body = self.body(2);
                format!("{name}.a.{} := {} if {body}\n", self.dice.one(&["b", "c"]), self.term(of, 1))
            }
            10 => {
                let body = self.body(2);
                let key = self.term(Of::Text, 0);
                format!("{name}[{key}].k := {} if {body}\n", self.term(of, 1))
            }
            _ => return self.function(&name, of),
        };
        let of = match form {
            0 => Of::Bool,
            3 => Of::Set,
            4 | 9 | 10 => Of::Object,
            _ => of,
        };
        self.rules.push(Rule { name, of, arguments: None });
        text
    }

    fn function(&mut self, name: &str, of: Of) -> String {
        let arguments = 1 + self.dice.below(2);
        let mut text = String::new();
        for _ in 0..=self.dice.below(2) {
            self.scope.clear();
            let mut heads = Vec::new();
            for at in 0..arguments {
                heads.push(match self.dice.below(12) {
                    0 => values::plain_number(self.dice),
                    1 => {
                        let (one, other) = (format!("a{at}"), format!("b{at}"));
                        self.scope.extend([one.clone(), other.clone()]);
                        format!("[{one}, {other}]")
                    }
                    2 => "_".to_owned(),
                    _ => {
                        let name = format!("a{at}");
                        self.scope.push(name.clone());
                        name
                    }
                });
            }
            let body = self.body(2);
            text += &format!("{name}({}) := {} if {body}\n\n", heads.join(", "), self.term(of, 1));
        }
        if self.dice.chance(15) {
            let names: Vec<String> = (0..arguments).map(|at| format!("a{at}")).collect();
            text = format!("default {name}({}) := {}\n\n{text}", names.join(", "), values::plain(self.dice, 0));
        }
        self.rules.push(Rule { name: name.to_owned(), of, arguments: Some(arguments) });
        text
    }

    fn body(&mut self, most: usize) -> String {
        let mut text = "{\n".to_owned();
        for at in 0..most {
            if at > 0 && !self.dice.chance(70) {
                break;
            }
            text += &format!("\t{}\n", self.statement(2));
        }
        text + "}"
    }

    /// A body of its own within another one: what it names is not seen outside.
    fn inner(&mut self, most: usize, depth: usize) -> String {
        let many = 1 + self.dice.below(most);
        (0..many).map(|_| self.statement(depth)).collect::<Vec<_>>().join("; ")
    }

    /// Something of which nothing is known before, which may be what is wanted.
    fn source(&mut self, of: Of) -> String {
        match (of, self.dice.below(4)) {
            (Of::List, 0) => "input.pair".to_owned(),
            (Of::List, 1) => "input.l".to_owned(),
            (Of::List, 2) => "input.m".to_owned(),
            (Of::Object, 0) => "input.one".to_owned(),
            (Of::Object, 1) => "input.o".to_owned(),
            (Of::Object, 2) => "input.p.a".to_owned(),
            _ => self.path(),
        }
    }

    /// A name that is not taken here; rarely one that is a rule's or a builtin's.
    fn fresh(&mut self) -> String {
        let mut name = if self.dice.chance(3) {
            match self.rules.len() {
                0 => "count".to_owned(),
                many => self.rules[self.dice.below(many)].name.clone(),
            }
        } else {
            self.dice.one(LOCALS).to_owned()
        };
        while self.scope.contains(&name) {
            name.push('1');
        }
        self.scope.push(name.clone());
        name
    }

    fn statement(&mut self, depth: usize) -> String {
        let form = self.dice.below(if depth == 0 { 6 } else { 18 });
        match form {
            0 => self.term(Of::Any, 0),
            1 => {
                let value = self.term(Of::Any, depth);
                format!("{} := {value}", self.fresh())
            }
            2 => self.comparison(depth),
            3 => {
                let list = self.collection(depth);
                format!("some {} in {list}", self.fresh())
            }
            4 => {
                let list = self.collection(depth);
                let (key, value) = (self.fresh(), self.fresh());
                format!("some {key}, {value} in {list}")
            }
            5 => {
                let list = self.collection(depth);
                format!("{} in {list}", self.term(Of::Any, 0))
            }
            6 | 7 => format!("not {}", self.negated(depth - 1)),
            8 => {
                let domain = self.collection(depth - 1);
                let kept = self.scope.len();
                let pair = self.dice.chance(30);
                let key = if pair { Some(self.fresh()) } else { None };
                let value = self.fresh();
                // What is named must be used.
                let mut body = format!("{value} {} {}", self.dice.one(&["!=", "==", ">"]), self.field(Of::Any));
                if let Some(key) = &key {
                    body += &format!("; {key} != {}", self.constant(Of::Text));
                }
                if self.dice.chance(40) {
                    body += &format!("; {}", self.statement(depth - 1));
                }
                self.scope.truncate(kept);
                let names = key.map_or_else(|| value.clone(), |key| format!("{key}, {value}"));
                format!("every {names} in {domain} {{ {body} }}")
            }
            9 => self.with(depth - 1),
            10 => {
                let list = self.collection(0);
                format!("{} = {list}[{}]", self.fresh(), self.dice.one(&["_", "0", "\"a\""]))
            }
            11 => {
                let list = self.source(Of::Object);
                let key = self.fresh();
                format!("some {key}; {list}[{key}]")
            }
            12 => {
                let (one, other) = (self.fresh(), self.fresh());
                let source = self.source(Of::List);
                format!("[{one}, {other}] {} {source}", self.dice.one(&[":=", "="]))
            }
            13 => {
                let one = self.fresh();
                let source = self.source(Of::Object);
                format!("{{\"a\": {one}}} {} {source}", self.dice.one(&[":=", "="]))
            }
            14 => {
                let list = self.source(Of::List);
                let value = self.fresh();
                let constant = values::plain_number(self.dice);
                format!("some [{constant}, {value}] in {list}")
            }
            15 => format!("{} = {}", self.term(Of::Any, 1), self.term(Of::Any, 1)),
            16 => self.call(depth - 1),
            _ => format!("print({}, {})", self.term(Of::Any, 1), self.term(Of::Any, 0)),
        }
    }

    fn negated(&mut self, depth: usize) -> String {
        match self.dice.below(6) {
            0 => self.path(),
            1 => self.comparison(depth),
            2 => self.call(depth),
            3 => {
                let list = self.collection(0);
                format!("{} in {list}", self.term(Of::Any, 0))
            }
            4 => self.with(depth),
            _ => self.term(Of::Any, depth),
        }
    }

    fn with(&mut self, depth: usize) -> String {
        let inner = if self.dice.chance(40) { self.comparison(depth) } else { self.term(Of::Any, depth) };
        let mut text = inner;
        for _ in 0..=usize::from(self.dice.chance(20)) {
            let value = self.term(Of::Any, 0);
            let functions: Vec<String> =
                self.rules.iter().filter(|rule| rule.arguments.is_some()).map(|rule| rule.name.clone()).collect();
            let target = match self.dice.below(6) {
                0 | 1 => format!("input.{}", self.dice.one(&["n", "s", "l", "o", "u"])),
                2 => "input".to_owned(),
                3 => "data.d.q".to_owned(),
                4 if !self.rules.is_empty() => format!("data.t.{}", self.rules[self.dice.below(self.rules.len())].name),
                _ if !functions.is_empty() => functions[self.dice.below(functions.len())].clone(),
                _ => "count".to_owned(),
            };
            text += &format!(" with {target} as {value}");
        }
        text
    }

    fn comparison(&mut self, depth: usize) -> String {
        let below = depth.saturating_sub(1);
        let of = OF[self.dice.below(2)];
        let (left, right) = (self.term(of, below), self.term(of, below));
        format!("{left} {} {right}", self.dice.one(&["==", "!=", "<", "<=", ">", ">="]))
    }

    fn path(&mut self) -> String {
        let fields = [
            "input.n",
            "input.s",
            "input.o.a",
            "input.u",
            "input.l[0]",
            "input.p.a.b",
            "input.m[0].a",
            "data.d.q",
            "data.d.u",
        ];
        self.dice.one(&fields).to_owned()
    }

    fn call(&mut self, depth: usize) -> String {
        let functions: Vec<usize> = (0..self.rules.len()).filter(|at| self.rules[*at].arguments.is_some()).collect();
        if !functions.is_empty() && self.dice.chance(60) {
            let rule = functions[self.dice.below(functions.len())];
            let (name, many) = (self.rules[rule].name.clone(), self.rules[rule].arguments.unwrap_or_default());
            let of: Vec<String> = (0..many).map(|_| self.term(Of::Any, depth.saturating_sub(1))).collect();
            return format!("{name}({})", of.join(", "));
        }
        let below = depth.saturating_sub(1);
        match self.dice.below(5) {
            0 => format!("startswith({}, {})", self.term(Of::Text, below), self.term(Of::Text, 0)),
            1 => format!("contains({}, {})", self.term(Of::Text, below), self.term(Of::Text, 0)),
            2 => format!("is_string({})", self.term(Of::Any, below)),
            3 => format!("object.subset({}, {})", self.term(Of::Object, below), self.term(Of::Object, 0)),
            _ => format!("count({})", self.collection(below)),
        }
    }

    /// A call that gives what is wanted, as far as that is known.
    fn call_of(&mut self, of: Of, depth: usize) -> String {
        let fit = |rule: &Rule| rule.arguments.is_some() && rule.of == of;
        let functions: Vec<usize> = (0..self.rules.len()).filter(|at| fit(&self.rules[*at])).collect();
        if functions.is_empty() {
            return self.built(of, depth);
        }
        let rule = functions[self.dice.below(functions.len())];
        let (name, many) = (self.rules[rule].name.clone(), self.rules[rule].arguments.unwrap_or_default());
        let of: Vec<String> = (0..many).map(|_| self.term(Of::Any, depth.saturating_sub(1))).collect();
        format!("{name}({})", of.join(", "))
    }

    fn collection(&mut self, depth: usize) -> String {
        let of = [Of::List, Of::Object, Of::Set][self.dice.below(3)];
        self.term(of, depth)
    }

    fn constant(&mut self, of: Of) -> String {
        match of {
            Of::Number | Of::Any => values::plain_number(self.dice),
            Of::Text => values::plain_text(self.dice),
            Of::Bool => self.dice.one(&["true", "false"]).to_owned(),
            Of::List => values::list(self.dice, 3, values::plain_number),
            Of::Object => values::object(self.dice, 2, values::plain_number),
            Of::Set => match self.dice.below(3) {
                0 => "set()".to_owned(),
                1 => format!("{{{}}}", values::plain_number(self.dice)),
                _ => format!("{{{}, {}}}", values::plain_number(self.dice), values::plain_text(self.dice)),
            },
        }
    }

    fn term(&mut self, of: Of, depth: usize) -> String {
        let of = if of == Of::Any || self.dice.chance(2) { OF[self.dice.below(OF.len())] } else { of };
        let form = self.dice.below(if depth == 0 { 5 } else { 10 });
        match form {
            0 => self.constant(of),
            1 => self.field(of),
            2 => match self.scope.len() {
                0 => self.constant(of),
                many => self.scope[self.dice.below(many)].clone(),
            },
            3 => self.reference(of),
            4 => self.path(),
            5 if depth > 0 => self.call_of(of, depth - 1),
            6 => {
                let base = self.field(Of::Object);
                let key = self.term(Of::Text, 0);
                format!("{base}[{key}]")
            }
            _ => self.built(of, depth - 1),
        }
    }

    fn field(&mut self, of: Of) -> String {
        let fields: &[&str] = match of {
            Of::Number | Of::Any => &["input.n", "data.d.q"],
            Of::Text => &["input.s", "data.d.s"],
            Of::Bool => &["input.b"],
            Of::List => &["input.l", "input.t", "input.m", "data.d.l"],
            Of::Object => &["input.o", "input.p", "data.d.o"],
            Of::Set => return "{q | some q in input.t}".to_owned(),
        };
        self.dice.one(fields).to_owned()
    }

    fn reference(&mut self, of: Of) -> String {
        let fit: Vec<usize> = (0..self.rules.len()).filter(|at| self.rules[*at].of == of).collect();
        if fit.is_empty() {
            return self.field(of);
        }
        let rule = &self.rules[fit[self.dice.below(fit.len())]];
        let (name, arguments) = (rule.name.clone(), rule.arguments);
        match arguments {
            None => name,
            Some(many) => {
                let of: Vec<String> = (0..many).map(|_| self.term(Of::Any, 0)).collect();
                format!("{name}({})", of.join(", "))
            }
        }
    }

    fn built(&mut self, of: Of, depth: usize) -> String {
        match of {
            Of::Number | Of::Any => match self.dice.below(3) {
                0 => format!(
                    "{} {} {}",
                    self.term(Of::Number, 0),
                    self.dice.one(&["+", "-", "*", "%"]),
                    self.term(Of::Number, 0)
                ),
                1 => format!("count({})", self.collection(depth)),
                _ => format!("sum({})", self.term(Of::List, depth)),
            },
            Of::Text => match self.dice.below(3) {
                0 => format!("concat(\"-\", {})", self.term(Of::List, depth)),
                1 => format!("$\"<{{{}}}>\"", self.term(Of::Any, 0)),
                _ => format!("lower({})", self.term(Of::Text, depth)),
            },
            Of::Bool => format!("({})", self.comparison(depth)),
            Of::List | Of::Object | Of::Set => self.composite(of, depth),
        }
    }

    fn composite(&mut self, of: Of, depth: usize) -> String {
        if self.dice.chance(50) {
            let (one, other) = (self.term(Of::Any, depth), self.term(Of::Any, 0));
            return match of {
                Of::List => format!("[{one}, {other}]"),
                Of::Object => format!("{{\"a\": {one}, \"b\": {other}}}"),
                _ => format!("{{{one}, {other}}}"),
            };
        }
        let kept = self.scope.len();
        let body = self.inner(2, depth.min(1));
        let (key, value) = (self.term(Of::Text, 0), self.term(Of::Any, 0));
        self.scope.truncate(kept);
        match of {
            Of::List => format!("[{value} | {body}]"),
            Of::Object => format!("{{{key}: {value} | {body}}}"),
            _ => format!("{{{value} | {body}}}"),
        }
    }
}
