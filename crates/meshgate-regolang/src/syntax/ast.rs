//! The tree of a module, close to OPA's own.
//!
//! Deliberately absent: comments and spaces; see [`tokens`](super::tokens).

use crate::number::Number;
use crate::source::Span;
use std::sync::Arc;

/// A name or a string.
pub type Name = Arc<str>;

/// A value, a variable, or what makes values.
#[derive(Debug, Clone)]
pub struct Term {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub node: Node,
}

/// What a term is. Sets and objects are sorted, each element and key once, as in OPA.
#[derive(Debug, Clone)]
pub enum Node {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Name),
    /// A variable.
    Var(Name),
    /// A head and the steps from it.
    Ref(Vec<Term>),
    /// A function, which is a reference, and its arguments.
    Call(Vec<Term>),
    /// `[…]`
    Array(Vec<Term>),
    /// `{k: v}`
    Object(Vec<(Term, Term)>),
    /// `{…}`
    Set(Vec<Term>),
    /// `[term | body]`
    ArrayCompr(Box<Term>, Body),
    /// `{key: value | body}`
    ObjectCompr(Box<(Term, Term)>, Body),
    /// `{term | body}`
    SetCompr(Box<Term>, Body),
    /// `$"…"`
    Template(Vec<Part>),
}

/// A part of a template.
#[derive(Debug, Clone)]
pub enum Part {
    /// Text, or a constant.
    Term(Term),
    /// An expression in braces.
    Expr(Expr),
}

/// Statements that hold together.
pub type Body = Vec<Expr>;

/// A statement.
#[derive(Debug, Clone)]
pub struct Expr {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub kind: ExprKind,
    /// Is there `not` before it?
    pub negated: bool,
    /// What it is evaluated with.
    pub with: Vec<With>,
    /// Was it written with `:=`, before the compiler made it `=`?
    pub assigned: bool,
    /// Did the compiler write it?
    pub generated: bool,
}

/// What a statement says.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A term that must be defined and not false.
    Term(Term),
    /// A call; the first is the function.
    Call(Vec<Term>),
    /// `some x, y` or `some k, v in xs`, which is one call of `internal.member_2` or `_3`.
    Some(Vec<Term>),
    /// `every k, v in xs { … }`
    Every(Box<Every>),
    /// `not { … }`, where `future.keywords.not` is imported.
    Not {
        /// What must not hold.
        body: Body,
        /// Did its author write the braces?
        explicit: bool,
    },
    /// `… and …`
    And(Box<Logical>),
    /// `… or …`
    Or(Box<Logical>),
}

/// The operands of `and` and `or`, and whether their authors wrote braces.
#[derive(Debug, Clone)]
pub struct Logical {
    /// The left one.
    pub left: Body,
    /// The right one.
    pub right: Body,
    /// Braces on the left?
    pub explicit_left: bool,
    /// Braces on the right?
    pub explicit_right: bool,
}

/// `every`
#[derive(Debug, Clone)]
pub struct Every {
    /// Where it begins.
    pub span: Span,
    /// The key's variable.
    pub key: Option<Term>,
    /// The value's variable.
    pub value: Term,
    /// What is gone through.
    pub domain: Term,
    /// What must hold.
    pub body: Body,
}

/// `with target as value`
#[derive(Debug, Clone)]
pub struct With {
    /// Where it stands.
    pub span: Span,
    /// What is replaced.
    pub target: Term,
    /// By what.
    pub value: Term,
}

/// The name of a rule, its arguments, its key or its value.
#[derive(Debug, Clone)]
pub struct Head {
    /// Where it stands.
    pub span: Span,
    /// The first is a variable: the rule's name.
    pub reference: Vec<Term>,
    /// The arguments of a function.
    pub args: Vec<Term>,
    /// What a set contains; of v0 and of `p[x] if …`, also the last step of an object.
    pub key: Option<Term>,
    /// The value.
    pub value: Option<Term>,
    /// The name, where OPA keeps one beside the reference.
    pub name: Option<Name>,
    /// `:=`
    pub assign: bool,
    /// Nobody wrote the value.
    pub generated_value: bool,
    /// There is `if`.
    pub has_if: bool,
    /// There is `contains`.
    pub has_contains: bool,
}

/// What a rule makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// One value, or one for each key.
    Single,
    /// A set.
    Multi,
}

impl Head {
    /// What the rule makes.
    pub fn kind(&self) -> RuleKind {
        if self.key.is_some() && self.value.is_none() { RuleKind::Multi } else { RuleKind::Single }
    }
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Where it stands.
    pub span: Span,
    /// Its head.
    pub head: Head,
    /// Its body.
    pub body: Body,
    /// What follows `else`.
    pub els: Option<Box<Rule>>,
    /// `default`
    pub default: bool,
    /// Nobody wrote the body.
    pub generated_body: bool,
}

/// `import path as alias`
#[derive(Debug, Clone)]
pub struct Import {
    /// Where it stands.
    pub span: Span,
    /// The path, a reference.
    pub path: Term,
    /// Its other name.
    pub alias: Option<Name>,
}

impl Import {
    /// The name that the module has for it.
    pub fn name(&self) -> Option<Name> {
        if let Some(alias) = &self.alias {
            return Some(alias.clone());
        }
        match &self.path.node {
            Node::Ref(steps) => match &steps.last()?.node {
                Node::String(name) | Node::Var(name) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// The steps of the path.
    pub fn steps(&self) -> &[Term] {
        match &self.path.node {
            Node::Ref(steps) => steps,
            _ => &[],
        }
    }
}

/// A comment.
#[derive(Debug, Clone)]
pub struct Comment {
    /// From `#` to the end of the line.
    pub span: Span,
    /// What follows `#`.
    pub text: Name,
}

/// A module.
#[derive(Debug, Clone)]
pub struct Module {
    /// Where `package` stands.
    pub span: Span,
    /// `data` and the steps of the package.
    pub package: Vec<Term>,
    /// Its imports.
    pub imports: Vec<Import>,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// Its comments.
    pub comments: Vec<Comment>,
    /// Is it held to what v1 demands? So are modules of v0 that import `rego.v1`.
    pub v1_compatible: bool,
    /// Is it of v1?
    pub v1: bool,
}

impl Term {
    /// A term at a place.
    pub fn new(span: Span, node: Node) -> Self {
        Self { span, node }
    }

    /// A variable.
    pub fn var(span: Span, name: impl Into<Name>) -> Self {
        Self::new(span, Node::Var(name.into()))
    }

    /// A string.
    pub fn string(span: Span, text: impl Into<Name>) -> Self {
        Self::new(span, Node::String(text.into()))
    }

    /// A reference to a function by its name, with dots.
    pub fn function(span: Span, name: &str) -> Self {
        let mut parts = name.split('.');
        let head = Self::var(span, parts.next().unwrap_or_default());
        let steps = std::iter::once(head).chain(parts.map(|part| Self::string(span, part))).collect();
        Self::new(span, Node::Ref(steps))
    }

    /// Is it a string, number, boolean or null?
    pub fn is_scalar(&self) -> bool {
        matches!(self.node, Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_))
    }

    /// Does evaluating it mean nothing: no variable, reference, call or comprehension in it?
    pub fn is_constant(&self) -> bool {
        match &self.node {
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => true,
            Node::Array(terms) | Node::Set(terms) => terms.iter().all(Self::is_constant),
            Node::Object(pairs) => pairs.iter().all(|(key, value)| key.is_constant() && value.is_constant()),
            _ => false,
        }
    }

    /// OPA's `IsGround`: no variable in it, but those that references begin with.
    pub fn is_ground(&self) -> bool {
        match &self.node {
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => true,
            Node::Var(_) => false,
            Node::Ref(steps) => steps.iter().skip(1).all(Self::is_ground),
            Node::Array(terms) | Node::Set(terms) | Node::Call(terms) => terms.iter().all(Self::is_ground),
            Node::Object(pairs) => pairs.iter().all(|(key, value)| key.is_ground() && value.is_ground()),
            Node::ArrayCompr(term, _) | Node::SetCompr(term, _) => term.is_ground(),
            Node::ObjectCompr(pair, _) => pair.0.is_ground() && pair.1.is_ground(),
            Node::Template(_) => true,
        }
    }

    /// The variable that it is.
    pub fn as_var(&self) -> Option<&Name> {
        match &self.node {
            Node::Var(name) => Some(name),
            _ => None,
        }
    }

    /// The steps of the reference that it is.
    pub fn as_ref(&self) -> Option<&[Term]> {
        match &self.node {
            Node::Ref(steps) => Some(steps),
            _ => None,
        }
    }

    /// Is it one of the three comprehensions?
    pub fn is_comprehension(&self) -> bool {
        matches!(self.node, Node::ArrayCompr(..) | Node::ObjectCompr(..) | Node::SetCompr(..))
    }

    /// The word that OPA's messages have for what it is.
    pub fn kind(&self) -> &'static str {
        match self.node {
            Node::Null => "null",
            Node::Bool(_) => "boolean",
            Node::Number(_) => "number",
            Node::String(_) => "string",
            Node::Var(_) => "var",
            Node::Ref(_) => "ref",
            Node::Call(_) => "call",
            Node::Array(_) => "array",
            Node::Object(_) => "object",
            Node::Set(_) => "set",
            Node::ArrayCompr(..) => "arraycomprehension",
            Node::ObjectCompr(..) => "objectcomprehension",
            Node::SetCompr(..) => "setcomprehension",
            Node::Template(_) => "templatestring",
        }
    }
}

impl Expr {
    /// A statement.
    pub fn new(span: Span, kind: ExprKind) -> Self {
        Self { span, kind, negated: false, with: Vec::new(), assigned: false, generated: false }
    }

    /// `true`
    pub fn truth(span: Span) -> Self {
        Self::new(span, ExprKind::Term(Term::new(span, Node::Bool(true))))
    }

    /// `left = right`, written by the compiler.
    pub fn unify(span: Span, left: Term, right: Term) -> Self {
        Self::new(span, ExprKind::Call(vec![Term::function(span, "eq"), left, right]))
    }

    /// The steps of the function that it calls.
    pub fn operator(&self) -> Option<&[Term]> {
        match &self.kind {
            ExprKind::Call(terms) => terms.first().and_then(Term::as_ref),
            _ => None,
        }
    }

    /// Does it call the function of this name, which has no dots?
    pub fn calls(&self, name: &str) -> bool {
        match self.operator() {
            Some([head]) => head.as_var().is_some_and(|head| &**head == name),
            _ => false,
        }
    }

    /// `:=`
    pub fn is_assignment(&self) -> bool {
        self.calls("assign")
    }

    /// `=`
    pub fn is_equality(&self) -> bool {
        self.calls("eq")
    }

    /// The arguments of the call that it is.
    pub fn operands(&self) -> &[Term] {
        match &self.kind {
            ExprKind::Call(terms) => terms.get(1..).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Both operands of a call of two.
    pub fn pair(&self) -> Option<(&Term, &Term)> {
        match self.operands() {
            [left, right] => Some((left, right)),
            _ => None,
        }
    }
}

/// Is it `_`, which the parser numbers?
pub fn is_wildcard(name: &str) -> bool {
    name.starts_with('$')
}

/// Did the compiler make it?
pub fn is_generated(name: &str) -> bool {
    name.starts_with("__local")
}
