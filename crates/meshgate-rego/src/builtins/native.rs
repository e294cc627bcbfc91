//! regorus' own builtins, told of: in the fast gear an error of one of them is swallowed, whether or not errors are
//! strict. Where they are, each is called through here, and the error is kept beside.
//!
//! Deliberately absent: builtins of ours; they tell of themselves.

use super::{Call, native, settle};
use anyhow::Result;
use regorus::Value;
use regorus::unstable::{Expr, Ref, Span};

macro_rules! natives {
    ($($name:literal),* $(,)?) => {
        /// By their names.
        const NATIVE: &[(&str, Call)] = &[$(($name, {
            fn call(span: &Span, parameters: &[Ref<Expr>], values: &[Value], _: bool) -> Result<Value> {
                settle($name, native($name, span, parameters, values, true), values, true)
            }
            call
        })),*];
    };
}

natives![
    "__builtin_sets.intersection",
    "__builtin_sets.union",
    "abs",
    "array.concat",
    "array.reverse",
    "array.slice",
    "base64.decode",
    "base64.encode",
    "base64.is_valid",
    "base64url.decode",
    "base64url.encode",
    "base64url.encode_no_pad",
    "bits.and",
    "bits.negate",
    "bits.or",
    "bits.rsh",
    "bits.xor",
    "ceil",
    "contains",
    "endswith",
    "floor",
    "format_int",
    "graph.reachable",
    "hex.decode",
    "hex.encode",
    "indexof",
    "indexof_n",
    "intersection",
    "is_array",
    "is_boolean",
    "is_null",
    "is_number",
    "is_object",
    "is_set",
    "is_string",
    "json.filter",
    "json.marshal",
    "json.marshal_with_options",
    "json.patch",
    "json.remove",
    "max",
    "min",
    "net.cidr_contains",
    "net.cidr_is_valid",
    "object.filter",
    "object.get",
    "object.keys",
    "object.remove",
    "object.union",
    "object.union_n",
    "product",
    "round",
    "sort",
    "split",
    "startswith",
    "strings.any_prefix_match",
    "strings.any_suffix_match",
    "strings.reverse",
    "substring",
    "sum",
    "time.clock",
    "time.date",
    "time.diff",
    "time.weekday",
    "to_number",
    "trim",
    "trim_left",
    "trim_prefix",
    "trim_right",
    "trim_space",
    "trim_suffix",
    "type_name",
    "union",
    "units.parse",
    "units.parse_bytes",
    "urlquery.decode_object",
    "urlquery.encode",
    "urlquery.encode_object",
    "uuid.parse",
    "walk",
    "yaml.marshal",
];

/// All of them.
pub fn all() -> impl Iterator<Item = (&'static str, Call)> {
    NATIVE.iter().copied()
}

/// The builtin that tells of its errors, if it is one of regorus' own.
pub fn told(name: &str) -> Option<Call> {
    NATIVE.iter().find(|(known, _)| *known == name).map(|(_, call)| *call)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::find;
    use regorus::unstable::BUILTINS;

    #[test]
    fn none_of_them_is_forgotten() {
        let forgotten: Vec<&str> =
            BUILTINS.keys().copied().filter(|name| find(name).is_none() && told(name).is_none()).collect();
        assert!(forgotten.is_empty(), "{forgotten:?}");
    }
}
