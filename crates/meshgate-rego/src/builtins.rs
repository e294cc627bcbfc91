//! Builtins: those that regorus lacks, those that it has otherwise than OPA, and bounds on those that may explode. Each is
//! one plain function, which the interpreter calls as an extension and the fast gear in the place of its own.
//!
//! Deliberately absent: `graphql.*`: a policy that calls one is refused, by its name, when it
//! is loaded.

mod arithmetic;
mod aws;
mod crypto;
mod evaluation;
mod glob;
mod guards;
mod identity;
mod jwt;
mod keys;
mod native;
mod net;
mod parse_module;
mod patterns;
mod pem;
mod re2;
mod schema;
mod semver;
mod sprintf;
mod strings;
mod template;
#[cfg(test)]
mod tests;
mod time;
mod weight;
mod x509;

pub use native::told;
pub use parse_module::parse;
pub use sprintf::term;

pub use identity::{Signed, certificates, verified, verifying};

use crate::{context, error, http};
use anyhow::{Result, anyhow};
use regorus::unstable::{BUILTINS, BuiltinFcn, Expr, Ref, Span};
use regorus::{Engine, LimitError, Source, Value};
use std::sync::OnceLock;
use thiserror::Error;

/// Elements that one builtin may make.
const ELEMENTS_MAX: i64 = 1_000_000;
/// Bytes of text that one builtin may make.
const BYTES_MAX: usize = 16 << 20;
/// Paths through a graph.
const PATHS_MAX: usize = 100_000;
/// Steps of paths that `walk` may make.
const WALK_MAX: usize = 5_000_000;

/// Builtins that do something in the world: they are not for rules, unless the platform turned them on.
pub const WORLDLY: &[(&str, &str)] = &[
    ("http.send", "it is off: `http: { hosts: […] }` in the configuration allows hosts"),
    ("test.sleep", "it would sleep through its deadline"),
];

/// Builtins that OPA has and that are not here.
pub const MISSING: &[&str] = &[
    "graphql.is_valid",
    "graphql.parse",
    "graphql.parse_and_verify",
    "graphql.parse_query",
    "graphql.parse_schema",
    "graphql.schema_is_valid",
    "uri.is_valid",
    "uri.parse",
];

/// How regorus calls a builtin: the place, the parameters' expressions, their values, and whether errors are strict.
pub type Call = fn(&Span, &[Ref<Expr>], &[Value], bool) -> Result<Value>;

/// One builtin of ours.
pub struct Builtin {
    pub name: &'static str,
    pub arguments: u8,
    pub call: Call,
}

/// A plain function in the shape that both gears call.
macro_rules! ours {
    ($($name:literal $arguments:literal $function:expr),* $(,)?) => {
        &[$(Builtin {
            name: $name,
            arguments: $arguments,
            call: {
                fn call(_: &Span, _: &[Ref<Expr>], values: &[Value], strict: bool) -> Result<Value> {
                    settle($name, $function(values), values, strict)
                }
                call
            },
        }),*]
    };
}

/// regorus' own builtin behind a bound.
macro_rules! bounded {
    ($($name:literal $arguments:literal $guard:path),* $(,)?) => {
        &[$(Builtin {
            name: $name,
            arguments: $arguments,
            call: {
                fn call(span: &Span, parameters: &[Ref<Expr>], values: &[Value], strict: bool) -> Result<Value> {
                    let result = context::may_go_on().and_then(|()| $guard(values));
                    let result = result.and_then(|()| native($name, span, parameters, values, strict));
                    settle($name, result, values, strict)
                }
                call
            },
        }),*]
    };
}

const OURS: &[Builtin] = ours![
    "array.flatten" 1 evaluation::flatten,
    "count" 1 evaluation::count,
    "crypto.hmac.equal" 2 crypto::hmac_equal,
    "crypto.hmac.md5" 2 crypto::hmac_md5,
    "crypto.hmac.sha1" 2 crypto::hmac_sha1,
    "crypto.hmac.sha256" 2 crypto::hmac_sha256,
    "crypto.hmac.sha512" 2 crypto::hmac_sha512,
    "crypto.md5" 1 crypto::md5,
    "crypto.parse_private_keys" 1 x509::parse_private_keys,
    "crypto.sha1" 1 crypto::sha1,
    "crypto.sha256" 1 crypto::sha256,
    "crypto.x509.parse_and_verify_certificates" 1 x509::parse_and_verify,
    "crypto.x509.parse_and_verify_certificates_with_options" 2 x509::parse_and_verify_with_options,
    "crypto.x509.parse_certificate_request" 1 x509::parse_certificate_request,
    "crypto.x509.parse_certificates" 1 x509::parse_certificates,
    "crypto.x509.parse_keypair" 2 x509::parse_keypair,
    "crypto.x509.parse_rsa_private_key" 1 x509::parse_rsa_private_key,
    "glob.match" 3 glob::matches,
    "glob.quote_meta" 1 glob::quote_meta,
    "graph.reachable_paths" 2 evaluation::reachable_paths,
    "http.send" 1 http::send,
    "internal.and" 2 arithmetic::and,
    "internal.collection" 1 evaluation::collection,
    "internal.div" 2 arithmetic::div,
    "internal.member_2" 2 evaluation::member_2,
    "internal.member_3" 3 evaluation::member_3,
    "internal.minus" 2 arithmetic::minus,
    "internal.mul" 2 arithmetic::mul,
    "internal.object" 1 evaluation::object,
    "internal.or" 2 arithmetic::or,
    "internal.plus" 2 arithmetic::plus,
    "internal.rem" 2 arithmetic::rem,
    "internal.template_string" 1 sprintf::template_string,
    "internal.walk" 1 strings::walk,
    "io.jwt.decode" 1 jwt::decode,
    "io.jwt.decode_verify" 2 jwt::decode_verify,
    "io.jwt.encode_sign" 3 jwt::encode_sign,
    "io.jwt.encode_sign_raw" 3 jwt::encode_sign_raw,
    "io.jwt.verify_eddsa" 2 jwt::verify_eddsa,
    "io.jwt.verify_es256" 2 jwt::verify_es256,
    "io.jwt.verify_es384" 2 jwt::verify_es384,
    "io.jwt.verify_es512" 2 jwt::verify_es512,
    "io.jwt.verify_hs256" 2 jwt::verify_hs256,
    "io.jwt.verify_hs384" 2 jwt::verify_hs384,
    "io.jwt.verify_hs512" 2 jwt::verify_hs512,
    "io.jwt.verify_ps256" 2 jwt::verify_ps256,
    "io.jwt.verify_ps384" 2 jwt::verify_ps384,
    "io.jwt.verify_ps512" 2 jwt::verify_ps512,
    "io.jwt.verify_rs256" 2 jwt::verify_rs256,
    "io.jwt.verify_rs384" 2 jwt::verify_rs384,
    "io.jwt.verify_rs512" 2 jwt::verify_rs512,
    "json.is_valid" 1 evaluation::json_is_valid,
    "json.match_schema" 2 schema::matches,
    "json.unmarshal" 1 evaluation::json_unmarshal,
    "json.verify_schema" 1 schema::verify,
    "lower" 1 strings::lower,
    "meshgate.check" 1 crate::access::check,
    "meshgate.decide" 1 crate::access::call,
    "net.cidr_contains_matches" 2 net::contains_matches,
    "net.cidr_intersects" 2 net::intersects,
    "net.cidr_merge" 1 net::merge,
    "net.lookup_ip_addr" 1 http::lookup,
    "numbers.range_step" 3 guards::stepped,
    "object.subset" 2 evaluation::subset,
    "opa.runtime" 0 evaluation::runtime,
    "providers.aws.sign_req" 3 aws::sign_req,
    "rand.intn" 2 evaluation::intn,
    "regex.find_all_string_submatch_n" 3 patterns::find_all_submatch_n,
    "regex.find_n" 3 patterns::find_n,
    "regex.globs_match" 2 strings::globs_match,
    "regex.is_valid" 1 patterns::is_valid,
    "regex.match" 2 patterns::matches,
    "regex.replace" 3 patterns::replace,
    "regex.split" 2 patterns::split,
    "regex.template_match" 4 patterns::template_match,
    "rego.parse_module" 2 parse,
    "semver.compare" 2 semver::compare,
    "semver.is_valid" 1 semver::is_valid,
    "sprintf" 2 sprintf::sprintf,
    "strings.count" 2 strings::count,
    "strings.render_template" 2 template::render,
    "strings.split_n" 3 strings::split_n,
    "test.sleep" 1 evaluation::sleep,
    "time.add_date" 4 time::add_date,
    "time.format" 1 time::format,
    "time.now_ns" 0 evaluation::now_ns,
    "time.parse_duration_ns" 1 time::parse_duration_ns,
    "time.parse_ns" 2 time::parse_ns,
    "time.parse_rfc3339_ns" 1 time::parse_rfc3339_ns,
    "trace" 1 evaluation::trace,
    "upper" 1 strings::upper,
    "urlquery.decode" 1 strings::unescaped,
    "uuid.rfc4122" 1 evaluation::uuid,
    "yaml.is_valid" 1 evaluation::yaml_is_valid,
];

const BOUNDED: &[Builtin] = bounded![
    "__builtin_sets.intersection" 2 weight::walked,
    "__builtin_sets.union" 2 weight::walked,
    "array.concat" 2 weight::joined,
    "base64.decode" 1 weight::once,
    "base64.encode" 1 weight::twice,
    "base64url.encode" 1 weight::twice,
    "base64url.encode_no_pad" 1 weight::twice,
    "bits.lsh" 2 guards::shift,
    "concat" 2 guards::concat,
    "format_int" 2 weight::number,
    "graph.reachable" 2 weight::walked,
    "hex.encode" 1 weight::twice,
    "indexof_n" 2 weight::parts,
    "intersection" 1 weight::walked,
    "json.filter" 2 weight::walked,
    "json.marshal" 1 weight::written,
    "json.marshal_with_options" 2 weight::written,
    "json.patch" 2 weight::patched,
    "json.remove" 2 weight::walked,
    "max" 1 weight::walked,
    "min" 1 weight::walked,
    "net.cidr_expand" 1 guards::cidr_expand,
    "numbers.range" 2 guards::range,
    "object.filter" 2 weight::walked,
    "object.remove" 2 weight::walked,
    "object.union" 2 weight::walked,
    "object.union_n" 1 weight::walked,
    "product" 1 weight::product,
    "replace" 3 guards::replace,
    "sort" 1 weight::walked,
    "split" 2 weight::parts,
    "strings.any_prefix_match" 2 weight::each_with_each,
    "strings.any_suffix_match" 2 weight::each_with_each,
    "strings.replace_n" 2 guards::replace_n,
    "strings.reverse" 1 weight::once,
    "to_number" 1 weight::numeral,
    "trim" 2 weight::cut,
    "trim_left" 2 weight::cut,
    "trim_right" 2 weight::cut,
    "union" 1 weight::walked,
    "units.parse" 1 weight::unit,
    "units.parse_bytes" 1 weight::unit,
    "urlquery.encode" 1 weight::thrice,
    "urlquery.encode_object" 1 weight::written,
    "yaml.marshal" 1 weight::written,
    "yaml.unmarshal" 1 guards::yaml,
];

/// Does a text fit a glob, whose `*` stands for any characters?
///
/// # Errors
/// Where the glob is none.
pub fn fits(glob: &str, text: &str) -> Result<bool, String> {
    let fits = glob::matches(&[Value::from(glob), Value::Null, Value::from(text)]);
    fits.map(|fits| fits == Value::Bool(true)).map_err(|error| error.to_string())
}

/// Why a text is no regular expression, or no glob; nothing when it is one.
pub fn not_a_pattern(is_glob: bool, text: &str) -> Option<String> {
    match is_glob {
        false => patterns::fault(text),
        true => fits(text, "").err(),
    }
}

/// All builtins of ours.
pub fn all() -> impl Iterator<Item = &'static Builtin> {
    OURS.iter().chain(BOUNDED)
}

/// Returns a builtin of ours.
pub fn find(name: &str) -> Option<&'static Builtin> {
    all().find(|builtin| builtin.name == name)
}

/// Returns how many arguments a builtin takes, ours or regorus'.
pub fn arguments(name: &str) -> Option<u8> {
    find(name).map(|builtin| builtin.arguments).or_else(|| BUILTINS.get(name).map(|(_, arguments)| *arguments))
}

/// The names of all builtins that a policy may call.
pub fn names() -> impl Iterator<Item = &'static str> {
    let ours = OURS.iter().map(|builtin| builtin.name).filter(|name| !name.starts_with("internal."));
    ours.chain(BUILTINS.keys().copied())
}

/// Is it the first step of a builtin's name?
pub fn is_root(name: &str) -> bool {
    names().any(|builtin| builtin.split('.').next() == Some(name))
}

/// Does regorus know the name? What it does not know, it can neither mock nor call with an output argument.
pub fn is_native(name: &str) -> bool {
    name == "print" || BUILTINS.contains_key(name)
}

/// The bound was met. This is a failure in any mode, never an undefined value, which `not` would turn into true.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Exceeded(pub String);

/// An operand is of a kind that the builtin does not take.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Operand(pub String);

/// Two values stand where one may.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Conflict(pub String);

/// A conflict is an error in any mode. The fast gear would swallow it, so it is kept beside.
pub fn conflict(message: String) -> anyhow::Error {
    context::trouble("eval_conflict_error", &message);
    anyhow::Error::new(Conflict(message))
}

/// What a builtin said: without strict errors, what it can make no sense of is undefined.
fn settle(name: &'static str, result: Result<Value>, values: &[Value], strict: bool) -> Result<Value> {
    let error = match result {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    if let Some(Exceeded(message)) = error.downcast_ref() {
        return Err(context::breach(format!("{name}: {message}")));
    }
    if error.is::<LimitError>() || error.is::<Conflict>() {
        return Err(error);
    }
    if !strict {
        return Ok(Value::Undefined);
    }
    let text = error.to_string();
    let (_, said) = error::parts(&text);
    let code = if error.is::<Operand>() { "eval_type_error" } else { "eval_builtin_error" };
    // regorus' own builtins draw the line they stand on, and tell by words what kind of error it is.
    let native = text.contains("\n-->");
    let code = if native { error::evaluation_code(&said) } else { code };
    let said = if said.starts_with(name) { said } else { format!("{name}: {said}") };
    let said = said + &called_with(name, values);
    context::trouble(code, &said);
    Err(anyhow!("{said}"))
}

/// Builtins whose arguments may be secrets.
const SECRET: [&str; 4] = ["crypto.", "http.", "io.jwt.", "providers."];
/// Characters of an argument that are told.
const TOLD_MAX: usize = 60;

/// The arguments of a call that failed, as far as they may be told.
fn called_with(name: &str, values: &[Value]) -> String {
    if SECRET.iter().any(|begin| name.starts_with(begin)) || weight::written(values).is_err() {
        return String::new();
    }
    let told = |value: &Value| {
        let text = term(value);
        let cut: String = text.chars().take(TOLD_MAX).collect();
        if cut.len() < text.len() { cut + "…" } else { cut }
    };
    let all: Vec<String> = values.iter().map(told).collect();
    format!(" (called with {})", all.join(", "))
}

fn native(name: &str, span: &Span, parameters: &[Ref<Expr>], values: &[Value], strict: bool) -> Result<Value> {
    let (call, _): &BuiltinFcn = BUILTINS.get(name).ok_or_else(|| anyhow!("builtin `{name}` is gone"))?;
    call(span, parameters, values, strict)
}

/// A place for builtins that are called without one.
fn nowhere() -> Result<&'static (Span, Vec<Ref<Expr>>)> {
    static NOWHERE: OnceLock<(Span, Vec<Ref<Expr>>)> = OnceLock::new();
    if let Some(known) = NOWHERE.get() {
        return Ok(known);
    }
    let source = Source::from_contents("<builtin>".to_owned(), " ".to_owned())?;
    let span = Span { source, line: 1, col: 1, start: 0, end: 0 };
    let null = || Ref::new(Expr::Null { span: span.clone(), value: Value::Null, eidx: 0 });
    let parameters = (0..8).map(|_| null()).collect();
    Ok(NOWHERE.get_or_init(|| (span.clone(), parameters)))
}

/// Adds what regorus lacks, and puts ours in the place of what it has. The evaluation says whether errors are raised.
pub fn install(engine: &mut Engine) -> Result<()> {
    let (span, parameters) = nowhere()?;
    for builtin in all() {
        let call = move |values: Vec<Value>| {
            let parameters = parameters.get(..values.len()).unwrap_or_default();
            (builtin.call)(span, parameters, &values, context::strict())
        };
        engine.add_extension(builtin.name.to_owned(), builtin.arguments, Box::new(call))?;
    }
    Ok(())
}

/// Puts regorus' own builtins behind those that tell with what they were called. It costs each call something: it is for an
/// evaluation that failed already.
pub fn install_told(engine: &mut Engine) -> Result<()> {
    let (span, parameters) = nowhere()?;
    for (name, call) in native::all().filter(|(name, _)| find(name).is_none()) {
        let Some((_, arguments)) = BUILTINS.get(name) else { continue };
        let call = move |values: Vec<Value>| {
            let parameters = parameters.get(..values.len()).unwrap_or_default();
            call(span, parameters, &values, true)
        };
        engine.add_extension(name.to_owned(), *arguments, Box::new(call))?;
    }
    Ok(())
}

/// An operand that is a text.
pub fn text(value: Option<&Value>) -> Option<&str> {
    value?.as_string().ok().map(AsRef::as_ref)
}

/// An operand that must be a text.
pub fn operand(values: &[Value], index: usize) -> Result<&str> {
    text(values.get(index)).ok_or_else(|| anyhow::Error::new(Operand(format!("operand {} must be string", index + 1))))
}

/// A number, to the nearest that 64 bits hold.
pub fn float(value: &Value) -> Option<f64> {
    let number = value.as_number().ok()?;
    number.as_f64().or_else(|| value.to_json_str().ok()?.parse().ok())
}

/// A value as JSON; sets are arrays.
pub fn json(value: &Value) -> Result<serde_json::Value> {
    Ok(serde_json::to_value(value)?)
}

/// JSON as a value.
pub fn value_of(json: serde_json::Value) -> Value {
    crate::json::value(&json)
}

/// Bytes in lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().map_or('0', char::from);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xF)]).collect()
}
