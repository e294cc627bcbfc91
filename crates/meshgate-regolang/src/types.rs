//! Types as OPA has them: what a term can be, as far as that is known before it is evaluated.
//!
//! Deliberately absent: where types come from; see `compile::check` and `schema`.

pub mod declarations;
pub mod schema;

use crate::syntax::ast::{Name, Node, Term};
use crate::syntax::compare;
use std::cmp::Ordering;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

/// A type, or nothing where it is not known.
pub type Maybe = Option<Type>;

/// What a term can be.
#[derive(Debug, Clone)]
pub enum Type {
    /// `null`
    Null,
    /// true or false
    Bool,
    /// a number
    Number,
    /// a string
    String,
    /// an array
    Array(Arc<Array>),
    /// an object
    Object(Arc<Object>),
    /// a set
    Set(Arc<Set>),
    /// one of these, sorted; of none: anything
    Any(Arc<[Type]>),
    /// a function
    Function(Arc<Function>),
}

/// How many parts a type may have, what it shares counted each time: values that hold values twice, again and again, have
/// types like that. Beyond, it is only known what kind it is of.
const PARTS_MAX: u32 = 20_000;

/// What is asked often of a type, and counted when it is made.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    parts: u32,
    nil: bool,
}

impl Sum {
    fn of(types: impl Iterator<Item = Option<Self>>) -> Self {
        types.fold(Self { parts: 1, nil: false }, |all, one| match one {
            Some(one) => Self { parts: all.parts.saturating_add(one.parts), nil: all.nil | one.nil },
            None => Self { parts: all.parts.saturating_add(1), nil: true },
        })
    }
}

/// The elements that are known one by one, and what the others are.
#[derive(Debug, Clone, Default)]
pub struct Array {
    sum: Sum,
    /// The first ones.
    pub fixed: Vec<Maybe>,
    /// The others, if there may be more.
    pub rest: Maybe,
}

/// The keys that are known, sorted, and what others there may be.
#[derive(Debug, Clone, Default)]
pub struct Object {
    sum: Sum,
    /// Constant keys.
    pub fixed: Vec<(Term, Maybe)>,
    /// Keys and values that are not known one by one.
    pub dynamic: Option<(Maybe, Maybe)>,
}

/// What is in a set.
#[derive(Debug, Clone, Default)]
pub struct Set {
    sum: Sum,
    /// Its elements.
    pub of: Maybe,
}

/// A function.
#[derive(Debug, Clone, Default)]
pub struct Function {
    /// Its arguments.
    pub args: Vec<Named>,
    /// Its result; none of what only prints.
    pub result: Option<Named>,
    /// What it takes any number of.
    pub variadic: Maybe,
}

/// A type that has a name in messages.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// The name.
    pub name: Option<Name>,
    /// The type.
    pub of: Maybe,
}

impl Type {
    /// Anything.
    pub fn any() -> Self {
        Self::Any(Arc::from([]))
    }

    /// An array of which nothing is known but what its elements are.
    pub fn array_of(of: Maybe) -> Self {
        // As in OPA, an array of what is not known is known to be one.
        let sum = Sum {
            nil: of.as_ref().is_some_and(|of| of.sum().nil),
            ..Sum::of([of.as_ref().map(Self::sum)].into_iter())
        };
        Self::Array(Arc::new(Array { sum, fixed: Vec::new(), rest: of }))
    }

    /// An array with these elements, and perhaps others behind them.
    pub fn array(fixed: Vec<Maybe>, rest: Maybe) -> Self {
        let others = rest.as_ref().map(|rest| Some(rest.sum()));
        let sum = Sum::of(fixed.iter().map(|one| one.as_ref().map(Self::sum)).chain(others));
        if sum.parts > PARTS_MAX {
            return Self::array_of(Some(Self::any()));
        }
        Self::Array(Arc::new(Array { sum, fixed, rest }))
    }

    /// A set.
    pub fn set_of(of: Maybe) -> Self {
        let sum = Sum::of([of.as_ref().map(Self::sum)].into_iter());
        if sum.parts > PARTS_MAX { Self::set_of(Some(Self::any())) } else { Self::Set(Arc::new(Set { sum, of })) }
    }

    /// An object; its keys are sorted here.
    pub fn object(mut fixed: Vec<(Term, Maybe)>, dynamic: Option<(Maybe, Maybe)>) -> Self {
        fixed.sort_by(|a, b| compare::terms(&a.0, &b.0));
        let pair = |(key, value): &(Maybe, Maybe)| [key.as_ref().map(Self::sum), value.as_ref().map(Self::sum)];
        let others = dynamic.iter().flat_map(pair);
        let sum = Sum::of(fixed.iter().map(|(_, value)| value.as_ref().map(Self::sum)).chain(others));
        if sum.parts > PARTS_MAX {
            return Self::object(Vec::new(), Some((Some(Self::any()), Some(Self::any()))));
        }
        Self::Object(Arc::new(Object { sum, fixed, dynamic }))
    }

    fn sum(&self) -> Sum {
        match self {
            Self::Array(array) => array.sum,
            Self::Object(object) => object.sum,
            Self::Set(set) => set.sum,
            // As in OPA, what is one of several is known.
            Self::Any(of) => Sum { nil: false, ..Sum::of(of.iter().map(|one| Some(one.sum()))) },
            Self::Function(function) => {
                let parts = function.args.iter().chain(&function.result).map(|one| one.of.as_ref().map(Self::sum));
                Sum::of(parts)
            }
            _ => Sum { parts: 1, nil: false },
        }
    }

    /// One of these, which are sorted.
    fn one_of(of: Vec<Self>) -> Self {
        let all = Self::Any(of.into());
        if all.sum().parts > PARTS_MAX { Self::any() } else { all }
    }

    /// A function of a policy.
    pub fn function(args: Vec<Maybe>, result: Maybe) -> Self {
        let named = |of| Named { name: None, of };
        let result = result.map(|of| named(Some(of)));
        Self::Function(Arc::new(Function { args: args.into_iter().map(named).collect(), result, variadic: None }))
    }

    /// Is it anything?
    pub fn is_any(&self) -> bool {
        matches!(self, Self::Any(of) if of.is_empty())
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool => 1,
            Self::Number => 2,
            Self::String => 3,
            Self::Array(_) => 4,
            Self::Object(_) => 5,
            Self::Set(_) => 6,
            Self::Any(_) => 7,
            Self::Function(_) => 8,
        }
    }
}

fn maybe(a: Option<&Type>, b: Option<&Type>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => order(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn each<'a>(mut pairs: impl Iterator<Item = Ordering> + 'a, lengths: Ordering) -> Ordering {
    pairs.find(|order| order.is_ne()).unwrap_or(lengths)
}

/// OPA's order of types.
pub fn order(a: &Type, b: &Type) -> Ordering {
    match (a, b) {
        (Type::Array(x), Type::Array(y)) if Arc::ptr_eq(x, y) => Ordering::Equal,
        (Type::Object(x), Type::Object(y)) if Arc::ptr_eq(x, y) => Ordering::Equal,
        (Type::Array(x), Type::Array(y)) => maybe(x.rest.as_ref(), y.rest.as_ref()).then_with(|| {
            let pairs = x.fixed.iter().zip(&y.fixed).map(|(a, b)| maybe(a.as_ref(), b.as_ref()));
            each(pairs, x.fixed.len().cmp(&y.fixed.len()))
        }),
        (Type::Object(x), Type::Object(y)) => match (&x.dynamic, &y.dynamic) {
            (Some((k, v)), Some((l, w))) => maybe(k.as_ref(), l.as_ref()).then_with(|| maybe(v.as_ref(), w.as_ref())),
            (k, l) => k.is_some().cmp(&l.is_some()),
        }
        .then_with(|| {
            let pairs = x
                .fixed
                .iter()
                .zip(&y.fixed)
                .map(|((k, v), (l, w))| compare::terms(k, l).then_with(|| maybe(v.as_ref(), w.as_ref())));
            each(pairs, x.fixed.len().cmp(&y.fixed.len()))
        }),
        (Type::Set(x), Type::Set(y)) => maybe(x.of.as_ref(), y.of.as_ref()),
        (Type::Any(x), Type::Any(y)) => each(x.iter().zip(y.iter()).map(|(a, b)| order(a, b)), x.len().cmp(&y.len())),
        (Type::Function(x), Type::Function(y)) => {
            let pairs = x.args.iter().zip(&y.args).map(|(a, b)| maybe(a.of.as_ref(), b.of.as_ref()));
            x.args.len().cmp(&y.args.len()).then_with(|| each(pairs, Ordering::Equal)).then_with(|| {
                let result = |function: &Function| function.result.as_ref().and_then(|named| named.of.clone());
                maybe(result(x).as_ref(), result(y).as_ref())
            })
        }
        _ => a.rank().cmp(&b.rank()),
    }
}

/// What is one or the other.
pub fn or(a: Maybe, b: Maybe) -> Maybe {
    let (Some(a), Some(b)) = (&a, &b) else { return a.or(b) };
    match (a, b) {
        (Type::Function(x), Type::Function(y)) => union_of_functions(x, y),
        (Type::Function(_), _) | (_, Type::Function(_)) => None,
        (Type::Any(x), Type::Any(y)) => {
            if x.is_empty() || y.is_empty() {
                return Some(Type::any());
            }
            let mut all: Vec<_> = x.iter().chain(y.iter()).cloned().collect();
            all.sort_by(order);
            all.dedup_by(|a, b| order(a, b).is_eq());
            Some(Type::one_of(all))
        }
        (Type::Any(of), other) | (other, Type::Any(of)) => Some(merged(of, other)),
        _ if order(a, b).is_eq() => Some(a.clone()),
        _ => {
            let mut both = vec![a.clone(), b.clone()];
            both.sort_by(order);
            Some(Type::one_of(both))
        }
    }
}

fn merged(of: &Arc<[Type]>, other: &Type) -> Type {
    if of.is_empty() {
        return Type::Any(of.clone());
    }
    match of.binary_search_by(|one| order(one, other)) {
        Ok(_) => Type::Any(of.clone()),
        Err(at) => {
            let mut all = of.to_vec();
            all.insert(at, other.clone());
            Type::one_of(all)
        }
    }
}

fn union_of_functions(a: &Function, b: &Function) -> Maybe {
    if a.args.len() != b.args.len() || a.variadic.is_some() != b.variadic.is_some() {
        return None;
    }
    let named = |of| Named { name: None, of };
    let args = a.args.iter().zip(&b.args).map(|(x, y)| named(or(x.of.clone(), y.of.clone()))).collect();
    let result = |function: &Function| function.result.as_ref().and_then(|named| named.of.clone());
    let result = or(result(a), result(b)).map(|of| named(Some(of)));
    Some(Type::Function(Arc::new(Function { args, result, variadic: or(a.variadic.clone(), b.variadic.clone()) })))
}

/// Does `a` hold all of `b`?
pub fn contains(a: &Type, b: &Type) -> bool {
    match a {
        Type::Any(of) => {
            !matches!(b, Type::Function(_)) && (of.is_empty() || of.binary_search_by(|one| order(one, b)).is_ok())
        }
        _ => order(a, b).is_eq(),
    }
}

/// The type of a constant.
pub fn of_constant(term: &Term) -> Type {
    match &term.node {
        Node::Null => Type::Null,
        Node::Bool(_) => Type::Bool,
        Node::Number(_) => Type::Number,
        Node::String(_) => Type::String,
        Node::Array(terms) | Node::Set(terms) => {
            let fixed = terms.iter().map(|term| Some(of_constant(term))).collect();
            Type::array(fixed, None)
        }
        Node::Object(pairs) => {
            let fixed = pairs.iter().map(|(key, value)| (key.clone(), Some(of_constant(value)))).collect();
            Type::object(fixed, None)
        }
        _ => Type::any(),
    }
}

/// What is at a constant key.
pub fn select(of: &Type, key: &Term) -> Maybe {
    match of {
        Type::Array(array) => {
            let Node::Number(number) = &key.node else { return None };
            let at = usize::try_from(number.position()?).ok()?;
            match array.fixed.get(at) {
                Some(one) => one.clone(),
                None => array.rest.clone(),
            }
        }
        Type::Object(object) => {
            if let Ok(at) = object.fixed.binary_search_by(|(fixed, _)| compare::terms(fixed, key)) {
                return object.fixed.get(at).and_then(|(_, value)| value.clone());
            }
            let (keys, values) = object.dynamic.as_ref()?;
            if contains(keys.as_ref()?, &of_constant(key)) { values.clone() } else { None }
        }
        Type::Set(of) => {
            let (of, key) = (of.of.as_ref()?, of_constant(key));
            if order(of, &key).is_eq() {
                return Some(of.clone());
            }
            match of {
                Type::Any(_) if contains(of, &key) => Some(key),
                _ => None,
            }
        }
        Type::Any(of) if of.is_empty() => Some(Type::any()),
        Type::Any(of) => of.iter().fold(None, |all, one| or(select(one, key), all)),
        _ => None,
    }
}

/// What its keys are.
pub fn keys(of: &Type) -> Maybe {
    match of {
        Type::Array(_) => Some(Type::Number),
        Type::Object(object) => {
            let fixed = object.fixed.iter().fold(None, |all, (key, _)| or(all, Some(of_constant(key))));
            match &object.dynamic {
                Some((keys, _)) => or(fixed, keys.clone()),
                None => fixed,
            }
        }
        Type::Set(set) => set.of.clone(),
        Type::Any(of) if of.is_empty() => Some(Type::any()),
        Type::Any(of) => of.iter().fold(None, |all, one| or(keys(one), all)),
        _ => None,
    }
}

/// What its values are.
pub fn values(of: &Type) -> Maybe {
    match of {
        Type::Array(array) => {
            let fixed = array.fixed.iter().fold(None, |all, one| or(all, one.clone()));
            or(fixed, array.rest.clone())
        }
        Type::Object(object) => {
            let fixed = object.fixed.iter().fold(None, |all, (_, value)| or(all, value.clone()));
            match &object.dynamic {
                Some((_, values)) => or(fixed, values.clone()),
                None => fixed,
            }
        }
        Type::Set(set) => set.of.clone(),
        Type::Any(of) if of.is_empty() => Some(Type::any()),
        Type::Any(of) => of.iter().fold(None, |all, one| or(values(one), all)),
        _ => None,
    }
}

/// Is some part of it not known?
pub fn is_nil(of: Option<&Type>) -> bool {
    of.is_none_or(|of| of.sum().nil)
}

/// As messages have it; `???` where it is not known.
pub fn show(of: Option<&Type>) -> String {
    of.map_or_else(|| "???".to_owned(), Type::to_string)
}

/// A list in parentheses.
pub fn show_list(types: &[Maybe]) -> String {
    let types: Vec<_> = types.iter().map(|one| show(one.as_ref())).collect();
    format!("({})", types.join(", "))
}

/// The arguments of a function in parentheses, and its result with them if `whole`.
pub fn show_args(function: &Function, whole: bool) -> String {
    let named = |named: &Named| match &named.name {
        Some(name) => format!("{name}: {}", show(named.of.as_ref())),
        None => show(named.of.as_ref()),
    };
    let mut parts: Vec<_> = function.args.iter().map(named).collect();
    if whole {
        parts.extend(function.result.as_ref().map(named));
    }
    parts.extend(function.variadic.as_ref().map(|of| format!("{of}...")));
    format!("({})", parts.join(", "))
}

/// A key as Go prints it: a string without quotes.
fn bare(key: &Term) -> String {
    match &key.node {
        Node::String(text) => text.to_string(),
        _ => key.to_string(),
    }
}

impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let angled =
            |parts: Vec<String>| if parts.is_empty() { String::new() } else { format!("<{}>", parts.join(", ")) };
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("boolean"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::Array(array) => {
                write!(f, "array{}", angled(array.fixed.iter().map(|one| show(one.as_ref())).collect()))?;
                array.rest.iter().try_for_each(|rest| write!(f, "[{rest}]"))
            }
            Self::Object(object) => {
                let pair = |(key, value): &(Term, Maybe)| format!("{}: {}", bare(key), show(value.as_ref()));
                write!(f, "object{}", angled(object.fixed.iter().map(pair).collect()))?;
                object.dynamic.iter().try_for_each(|(k, v)| write!(f, "[{}: {}]", show(k.as_ref()), show(v.as_ref())))
            }
            Self::Set(set) => write!(f, "set[{}]", show(set.of.as_ref())),
            Self::Any(of) => write!(f, "any{}", angled(of.iter().map(Self::to_string).collect())),
            Self::Function(function) => {
                let plain = Function {
                    args: function.args.iter().map(|arg| Named { name: None, of: arg.of.clone() }).collect(),
                    result: None,
                    variadic: function.variadic.clone(),
                };
                let result = function.result.as_ref().and_then(|named| named.of.as_ref());
                write!(f, "{} => {}", show_args(&plain, false), show(result))
            }
        }
    }
}
