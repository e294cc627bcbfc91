//! One builtin a case, with arguments that fit and arguments that do not, given as input: nothing about them is known before.
//!
//! Deliberately absent: builtins that ask the world (`http.send`, `net.lookup_ip_addr`, `opa.runtime`, `time.now_ns`,
//! `rand.intn`, `uuid.rfc4122`), those that sign with what is random, and certificates: `xtask` has no keys to make them from.

use super::{patterns, values};
use crate::oracle::case::Case;
use crate::oracle::dice::Dice;
use std::fmt::Write as _;

/// Names, and a letter for each argument: `n`umber, small `i`nteger, `s`tring, list `a`, object `o`, `S`et, list or set `c`,
/// list, set or object `C`, anything `x`, list of texts `t`, list of numbers `m`, set of sets `Z`, `r`egex, `g`lob, delimiters
/// `D`, `f`ormat, time in `N`anoseconds, `l`ayout, formatted `L`, du`d`ration, ci`q`r, `j`SON, `y`AML, `h`ex, base`6`4,
/// `v`ersion, `k` schema, paths `p`, patches `P`, units `u`, gr`G`aph, `U`RI, `T`emplate, list of lists `A`, list of objects `O`, time and how to write it `F`,
/// template `E`, replacements `R`, form `H`.
pub const BUILTINS: &[(&str, &str)] = &[
    ("abs", "n"),
    ("array.concat", "aa"),
    ("array.flatten", "A"),
    ("array.reverse", "a"),
    ("array.slice", "aii"),
    ("base64.decode", "6"),
    ("base64.encode", "s"),
    ("base64.is_valid", "6"),
    ("base64url.decode", "6"),
    ("base64url.encode", "s"),
    ("base64url.encode_no_pad", "s"),
    ("bits.and", "ii"),
    ("bits.lsh", "ii"),
    ("bits.negate", "i"),
    ("bits.or", "ii"),
    ("bits.rsh", "ii"),
    ("bits.xor", "ii"),
    ("ceil", "n"),
    ("concat", "st"),
    ("contains", "ss"),
    ("count", "x"),
    ("crypto.hmac.equal", "ss"),
    ("crypto.hmac.md5", "ss"),
    ("crypto.hmac.sha1", "ss"),
    ("crypto.hmac.sha256", "ss"),
    ("crypto.hmac.sha512", "ss"),
    ("crypto.md5", "s"),
    ("crypto.sha1", "s"),
    ("crypto.sha256", "s"),
    ("endswith", "ss"),
    ("floor", "n"),
    ("format_int", "ni"),
    ("glob.match", "gDs"),
    ("glob.quote_meta", "g"),
    ("graph.reachable", "Gt"),
    ("graph.reachable_paths", "Gt"),
    ("hex.decode", "h"),
    ("hex.encode", "s"),
    ("indexof", "ss"),
    ("indexof_n", "ss"),
    ("intersection", "Z"),
    ("is_array", "x"),
    ("is_boolean", "x"),
    ("is_null", "x"),
    ("is_number", "x"),
    ("is_object", "x"),
    ("is_set", "x"),
    ("is_string", "x"),
    ("io.jwt.decode", "6"),
    ("json.filter", "op"),
    ("json.is_valid", "j"),
    ("json.marshal", "x"),
    ("json.match_schema", "xk"),
    ("json.patch", "xP"),
    ("json.remove", "op"),
    ("json.unmarshal", "j"),
    ("json.verify_schema", "k"),
    ("lower", "s"),
    ("max", "c"),
    ("min", "c"),
    ("net.cidr_contains", "qq"),
    ("net.cidr_contains_matches", "QQ"),
    ("net.cidr_expand", "q"),
    ("net.cidr_intersects", "qq"),
    ("net.cidr_is_valid", "q"),
    ("net.cidr_merge", "Q"),
    ("numbers.range", "ii"),
    ("numbers.range_step", "iii"),
    ("object.filter", "oC"),
    ("object.get", "oxx"),
    ("object.keys", "o"),
    ("object.remove", "oC"),
    ("object.subset", "CC"),
    ("object.union", "oo"),
    ("object.union_n", "O"),
    ("product", "m"),
    ("regex.find_all_string_submatch_n", "rsi"),
    ("regex.find_n", "rsi"),
    ("regex.globs_match", "ss"),
    ("regex.is_valid", "r"),
    ("regex.match", "rs"),
    ("regex.replace", "srs"),
    ("regex.split", "rs"),
    ("regex.template_match", "Tsss"),
    ("replace", "sss"),
    ("round", "n"),
    ("semver.compare", "vv"),
    ("semver.is_valid", "v"),
    ("sort", "c"),
    ("split", "ss"),
    ("sprintf", "fa"),
    ("startswith", "ss"),
    ("strings.any_prefix_match", "tt"),
    ("strings.any_suffix_match", "tt"),
    ("strings.count", "ss"),
    ("strings.render_template", "Eo"),
    ("strings.replace_n", "Rs"),
    ("strings.reverse", "s"),
    ("strings.split_n", "ssi"),
    ("substring", "sii"),
    ("sum", "m"),
    ("time.add_date", "Niii"),
    ("time.clock", "N"),
    ("time.date", "N"),
    ("time.diff", "NN"),
    ("time.format", "F"),
    ("time.parse_duration_ns", "d"),
    ("time.parse_ns", "lL"),
    ("time.parse_rfc3339_ns", "L"),
    ("time.weekday", "N"),
    ("to_number", "u"),
    ("trim", "ss"),
    ("trim_left", "ss"),
    ("trim_prefix", "ss"),
    ("trim_right", "ss"),
    ("trim_space", "s"),
    ("trim_suffix", "ss"),
    ("type_name", "x"),
    ("union", "Z"),
    ("units.parse", "u"),
    ("units.parse_bytes", "u"),
    ("upper", "s"),
    ("uri.is_valid", "U"),
    ("uri.parse", "U"),
    ("urlquery.decode", "U"),
    ("urlquery.decode_object", "U"),
    ("urlquery.encode", "s"),
    ("urlquery.encode_object", "H"),
    ("uuid.parse", "6"),
    ("walk", "x"),
    ("yaml.is_valid", "y"),
    ("yaml.marshal", "x"),
    ("yaml.unmarshal", "y"),
];

/// Inputs of a case.
const INPUTS: usize = 6;

/// A call, and inputs for it.
pub fn case(dice: &mut Dice) -> Case {
    let (name, letters) = BUILTINS[dice.below(BUILTINS.len())];
    call(dice, name, letters)
}

/// A call of this builtin.
pub fn call(dice: &mut Dice, name: &str, letters: &str) -> Case {
    let letters: Vec<char> = letters.chars().collect();
    let mut arguments = Vec::new();
    for (at, letter) in letters.iter().enumerate() {
        let name = format!("input[{at}]");
        let is_set = match letter {
            'S' => true,
            'c' | 'C' | 'm' | 't' | 'Q' => dice.chance(25),
            _ => false,
        };
        arguments.push(match letter {
            'Z' => format!("{{{{y | some y in x}} | some x in {name}}}"),
            _ if is_set => format!("{{x | some x in {name}}}"),
            _ => name,
        });
    }
    let call = format!("{name}({})", arguments.join(", "));
    let text = if name == "walk" {
        format!("package t\n\nr := [x | {}, x)]\n", call.trim_end_matches(')'))
    } else {
        format!("package t\n\nr := {call}\n")
    };
    let one = |dice: &mut Dice| {
        let values: Vec<String> = letters.iter().map(|letter| argument(dice, *letter)).collect();
        Some(format!("[{}]", values.join(", ")))
    };
    let inputs = (0..INPUTS).map(|_| one(dice)).collect();
    Case { inputs, ..Case::of(text) }
}

/// Arithmetic and comparison over numbers of every spelling.
pub fn numbers(dice: &mut Dice) -> Case {
    let mut text = "package t\n\n".to_owned();
    let term = |dice: &mut Dice| match dice.below(3) {
        0 => dice.one(&["input[0]", "input[1]", "input[2]"]).to_owned(),
        1 => values::plain_number(dice),
        _ => values::number(dice),
    };
    let (one, other) = (term(dice), term(dice));
    let _ = match dice.below(7) {
        0 | 1 => writeln!(text, "r := {one} {} {other}", dice.one(&["+", "-", "*", "/"])),
        2 => writeln!(text, "r := {one} {} {other}", dice.one(&["==", "<", "<=", "!="])),
        3 => writeln!(text, "r := {}({one})", dice.one(&["round", "ceil", "floor", "abs", "json.marshal"])),
        4 => writeln!(text, "r := {}([{one}, {other}])", dice.one(&["sum", "product", "max", "min", "sort"])),
        5 => writeln!(text, "r := [{one}, {{{one}, {other}}}, {{{one}: {other}}}]"),
        _ => {
            writeln!(text, "r := {one} {} {other} {} {}", dice.one(&["+", "*"]), dice.one(&["-", "+", "*"]), term(dice))
        }
    };
    let one = |dice: &mut Dice| {
        let values: Vec<String> = (0..3).map(|_| values::number(dice)).collect();
        Some(format!("[{}]", values.join(", ")))
    };
    let inputs = (0..INPUTS).map(|_| one(dice)).collect();
    Case { inputs, ..Case::of(text) }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn one(dice: &mut Dice, of: &[&str]) -> String {
    quoted(dice.one(of))
}

fn argument(dice: &mut Dice, letter: char) -> String {
    if dice.chance(8) {
        return values::any(dice, 1);
    }
    match letter {
        'n' => values::number(dice),
        'i' => dice.one(&["0", "1", "2", "3", "-1", "5", "10", "16", "-2", "64", "2.0", "1.5", "63", "100"]).to_owned(),
        's' => values::text(dice),
        'a' => values::list(dice, 3, |dice| values::any(dice, 1)),
        'A' => values::list(dice, 3, |dice| values::any(dice, 2)),
        'o' => values::object(dice, 3, |dice| values::any(dice, 2)),
        'O' => values::list(dice, 3, |dice| values::object(dice, 3, |dice| values::any(dice, 1))),
        'c' => values::list(dice, 4, |dice| values::any(dice, 1)),
        'C' => match dice.below(2) {
            0 => values::list(dice, 3, |dice| values::any(dice, 1)),
            _ => values::object(dice, 3, |dice| values::any(dice, 1)),
        },
        'm' => values::list(dice, 4, values::number),
        't' => values::list(dice, 3, values::text),
        'S' | 'Z' => values::list(dice, 3, |dice| values::list(dice, 3, |dice| values::any(dice, 0))),
        'r' => quoted(&patterns::regex(dice, 2)),
        'g' => quoted(&patterns::glob(dice, 2)),
        'D' => match dice.below(4) {
            0 => "[]".to_owned(),
            1 => "null".to_owned(),
            _ => format!("[{}]", one(dice, &[".", "/", ":", "-", ",", "é"])),
        },
        'f' => quoted(&patterns::format(dice)),
        'N' => patterns::time(dice),
        'F' => match dice.below(3) {
            0 => patterns::time(dice),
            1 => format!("[{}, {}]", patterns::nanoseconds(dice), one(dice, patterns::ZONES)),
            _ => {
                let (time, zone) = (patterns::nanoseconds(dice), one(dice, patterns::ZONES));
                format!("[{time}, {zone}, {}]", quoted(&patterns::layout(dice)))
            }
        },
        'l' => quoted(&patterns::layout(dice)),
        'L' => quoted(&patterns::written_time(dice)),
        'd' => quoted(&patterns::duration(dice)),
        'q' => quoted(&patterns::network(dice)),
        'Q' => values::list(dice, 4, |dice| quoted(&patterns::network(dice))),
        'j' => quoted(&match dice.below(3) {
            0 => values::any(dice, 2),
            1 => values::plain(dice, 2),
            _ => dice
                .one(&["", "{", "[1,]", "01", "\"", "nul", "1 2", "{\"a\":1,\"a\":2}", "\"\\ud800\"", "[1e400]"])
                .to_owned(),
        }),
        'y' => quoted(&patterns::yaml(dice, 2)),
        'h' => one(dice, &["", "00", "6162", "ff", "0", "zz", "ABCD", " 61"]),
        '6' => quoted(&patterns::base64(dice)),
        'v' => quoted(&patterns::version(dice)),
        'k' => patterns::schema(dice, 2),
        'p' => values::list(dice, 2, |dice| match dice.below(3) {
            0 => one(dice, &["a", "a/b", "/a", "b/0", "x/a", "", "a~1b", "/"]),
            1 => values::list(dice, 2, |dice| one(dice, &["a", "b", "0", "x"])),
            _ => values::any(dice, 0),
        }),
        'P' => values::list(dice, 2, patch),
        'u' => quoted(&patterns::units(dice)),
        'G' => values::object(dice, 4, |dice| values::list(dice, 3, |dice| one(dice, &["a", "b", "c", "d"]))),
        'U' => quoted(&patterns::uri(dice)),
        'T' => quoted(&patterns::template(dice)),
        'E' => one(
            dice,
            &[
                "{{.a}}",
                "x",
                "{{range .b}}{{.}},{{end}}",
                "{{if .a}}y{{else}}n{{end}}",
                "{{.a.b}}",
                "{{",
                "{{.zz}}",
                "{{len .b}}",
            ],
        ),
        'R' => values::object(dice, 3, values::plain_text),
        'H' => values::object(dice, 3, |dice| match dice.below(2) {
            0 => values::text(dice),
            _ => values::list(dice, 2, values::text),
        }),
        _ => values::any(dice, 2),
    }
}

fn patch(dice: &mut Dice) -> String {
    let path = |dice: &mut Dice| match dice.below(4) {
        0 => values::list(dice, 2, |dice| one(dice, &["a", "b", "0"])),
        _ => one(dice, &["/a", "/b", "/0", "/-", "/a/b", "", "/a/0", "a", "/x/y", "/a~1b"]),
    };
    let op = dice.one(&["add", "remove", "replace", "copy", "move", "test", "nope"]);
    let mut text = format!("{{\"op\": \"{op}\", \"path\": {}", path(dice));
    if matches!(op, "copy" | "move") || dice.chance(5) {
        let _ = write!(text, ", \"from\": {}", path(dice));
    }
    if matches!(op, "add" | "replace" | "test") || dice.chance(5) {
        let _ = write!(text, ", \"value\": {}", values::any(dice, 1));
    }
    text + "}"
}
