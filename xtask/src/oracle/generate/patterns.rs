//! Texts with a grammar of their own: regular expressions, globs, formats, layouts and points in time, durations, networks,
//! versions, units, schemas, YAML.
//!
//! Deliberately absent: whether they are valid; some are not.

use super::builtins;
use crate::oracle::case::Case;
use crate::oracle::dice::Dice;
use std::collections::BTreeMap;

/// Zones.
pub const ZONES: &[&str] = &["", "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Nowhere/Town"];

/// Builtins of patterns.
const OF_PATTERNS: &[&str] = &[
    "regex.match",
    "regex.split",
    "regex.find_n",
    "regex.replace",
    "regex.find_all_string_submatch_n",
    "regex.is_valid",
    "glob.match",
    "sprintf",
    "time.parse_ns",
    "time.format",
    "time.parse_duration_ns",
    "time.add_date",
    "time.diff",
    "json.match_schema",
    "yaml.unmarshal",
    "units.parse",
    "units.parse_bytes",
    "semver.compare",
    "net.cidr_contains",
    "net.cidr_merge",
    "regex.template_match",
];

/// A call of a builtin that takes a pattern.
pub fn case(dice: &mut Dice) -> Case {
    let name = dice.one(OF_PATTERNS);
    let letters = builtins::BUILTINS.iter().find(|(other, _)| *other == name).map_or("", |(_, letters)| letters);
    builtins::call(dice, name, letters)
}

/// A regular expression of RE2, or nearly one.
pub fn regex(dice: &mut Dice, depth: usize) -> String {
    let many = 1 + dice.below(3);
    (0..many).map(|_| regex_piece(dice, depth)).collect()
}

fn regex_piece(dice: &mut Dice, depth: usize) -> String {
    let atom = match dice.below(if depth == 0 { 4 } else { 7 }) {
        0 => dice.one(&["a", "b", "c", "foo", "x", "-", ",", "é", " "]).to_owned(),
        1 => dice
            .one(&[".", "\\d", "\\w", "\\s", "\\D", "\\W", "\\S", "^", "$", "\\b", "\\B", "\\A", "\\z", "\\."])
            .to_owned(),
        2 => dice
            .one(&[
                "[a-c]",
                "[^a]",
                "[[:alpha:]]",
                "[\\d-]",
                "[a-]",
                "[&&a]",
                "[a--b]",
                "[]a]",
                "[^\\s]",
                "[[:^digit:]a]",
                "[a&&b]",
                "[~~]",
            ])
            .to_owned(),
        3 => dice
            .one(&[
                "\\pL",
                "\\p{Greek}",
                "\\P{Lu}",
                "\\x41",
                "\\x{1F600}",
                "\\Qa.b\\E",
                "\\C",
                "\\Z",
                "\\h",
                "\\R",
                "\\1",
                "\\uAAAA",
                "\\a",
                "\\07",
                "\\-",
                "\\_",
            ])
            .to_owned(),
        4 => format!("({})", regex(dice, depth - 1)),
        5 => format!("({}|{})", regex(dice, depth - 1), regex(dice, depth - 1)),
        _ => {
            let open = dice.one(&["(?:", "(?i:", "(?P<n>", "(?<n>", "(?s:", "(?U:", "(?=", "(?i)(", "(?x:", "(?m:"]);
            format!("{open}{})", regex(dice, depth - 1))
        }
    };
    let repeat = dice.one(&[
        "", "", "", "", "*", "+", "?", "{2}", "{1,2}", "{,2}", "{2,}", "*?", "+?", "**", "{0}", "{1001}", "{a}", "++",
    ]);
    format!("{atom}{repeat}")
}

/// A glob.
pub fn glob(dice: &mut Dice, depth: usize) -> String {
    let many = 1 + dice.below(3);
    let piece = |dice: &mut Dice| match dice.below(if depth == 0 { 4 } else { 5 }) {
        0 => dice.one(&["a", "b", "foo", "ab", "x"]).to_owned(),
        1 => dice.one(&["*", "?", "**", "***"]).to_owned(),
        2 => dice.one(&[".", "/", ":", "-", ",", "é", "+", "$", "^", "(", "|"]).to_owned(),
        3 => dice
            .one(&["[a-c]", "[!a]", "[abc]", "[^a]", "[a", "\\*", "\\a", "]", "}", "[!a-c]", "[]", "[-]"])
            .to_owned(),
        _ => format!("{{{},{}}}", glob(dice, depth - 1), glob(dice, depth - 1)),
    };
    (0..many).map(|_| piece(dice)).collect()
}

/// A format of `sprintf`.
pub fn format(dice: &mut Dice) -> String {
    let many = dice.below(3);
    let verb = |dice: &mut Dice| {
        let flags = dice.one(&["", "", "", "-", "+", "#", "0", " "]);
        let width = dice.one(&["", "", "", "5", "2", "*", "[1]"]);
        let precision = dice.one(&["", "", "", ".2", ".0", "."]);
        let verb =
            dice.one(&["v", "d", "s", "f", "q", "x", "X", "t", "e", "g", "b", "o", "c", "T", "%", "U", "z", "E", "G"]);
        format!("{}%{flags}{width}{precision}{verb}", dice.one(&["", "a", " "]))
    };
    (0..=many).map(|_| verb(dice)).collect()
}

/// Nanoseconds.
pub fn nanoseconds(dice: &mut Dice) -> String {
    let all = [
        "0",
        "1706659200000000000",
        "1582977600000000000",
        "1709164800000000000",
        "-1",
        "1",
        "1706659261123456789",
        "951782400000000000",
        "4102444800000000000",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "1.5",
        "1711846800000000000",
    ];
    dice.one(&all).to_owned()
}

/// A point in time: nanoseconds, perhaps with a zone.
pub fn time(dice: &mut Dice) -> String {
    if dice.chance(30) { format!("[{}, \"{}\"]", nanoseconds(dice), dice.one(ZONES)) } else { nanoseconds(dice) }
}

/// A layout of Go.
pub fn layout(dice: &mut Dice) -> String {
    if dice.chance(25) {
        return dice
            .one(&[
                "RFC3339",
                "RFC1123",
                "ANSIC",
                "Kitchen",
                "DateTime",
                "RFC3339Nano",
                "UnixDate",
                "RFC822Z",
                "Stamp",
                "DateOnly",
            ])
            .to_owned();
    }
    let parts = [
        "2006",
        "06",
        "01",
        "1",
        "Jan",
        "January",
        "02",
        "2",
        "_2",
        "002",
        "15",
        "03",
        "3",
        "04",
        "4",
        "05",
        "5",
        "PM",
        "pm",
        "Mon",
        "Monday",
        "MST",
        "Z07:00",
        "-0700",
        "-07:00",
        "-07",
        "Z0700",
        ".000",
        ".999",
        ",000",
        ".000000000",
    ];
    let many = 1 + dice.below(5);
    (0..many).map(|_| format!("{}{}", dice.one(&parts), dice.one(&["-", " ", ":", "T", "", "/", "年"]))).collect()
}

/// A point in time as people write it.
pub fn written_time(dice: &mut Dice) -> String {
    let all = [
        "2024-01-31T00:00:00Z",
        "2024-02-29T23:59:59.123456789+01:00",
        "2024-01-31",
        "2024-1-31",
        "2024-02-30T00:00:00Z",
        "31/01/2024",
        "Wed, 31 Jan 2024 00:00:00 UTC",
        "2024-01-31 01:02:03",
        "3:04PM",
        "2024-01-31T00:00:00",
        "2024-01-31T24:00:00Z",
        "Jan 31 00:00:00",
        "2024-01-31T00:00:00z",
        "2024-01-31t00:00:00Z",
        " 2024-01-31T00:00:00Z",
        "2024-01-31T00:00:00Z ",
        "20240131",
        "2024-01-31T00:00:60Z",
        "2024-01-31T00:00:00,5Z",
        "2024-01-31T00:00:00+24:00",
        "1677-01-01T00:00:00Z",
        "2300-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "",
    ];
    dice.one(&all).to_owned()
}

/// A duration.
pub fn duration(dice: &mut Dice) -> String {
    let many = 1 + dice.below(2);
    let part = |dice: &mut Dice| {
        let number = dice.one(&["1", "0", "1.5", "24", "100", ".5", "-1", "1e3", "999999999", "+2", "3."]);
        format!("{number}{}", dice.one(&["s", "h", "m", "ms", "us", "µs", "ns", "d", "w", "y", "", "H", "M", " s"]))
    };
    (0..many).map(|_| part(dice)).collect()
}

/// A network or an address.
pub fn network(dice: &mut Dice) -> String {
    let all = [
        "10.0.0.0/8",
        "10.1.2.3",
        "192.168.0.0/24",
        "192.168.0.128/25",
        "192.168.1.0/24",
        "10.1.2.3/30",
        "::1",
        "2001:db8::/32",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "::ffff:10.0.0.0/104",
        "0.0.0.0/0",
        "::/0",
        "10.0.0.0/33",
        "10.0.0",
        "010.0.0.1",
        "fe80::1%eth0",
        "10.0.0.0/",
        "a",
        "10.0.0.1-10.0.0.5",
        "192.168.0.0/23",
        "2001:db8::/126",
        "10.0.0.0/31",
        "1.2.3.4/32",
    ];
    dice.one(&all).to_owned()
}

/// A version.
pub fn version(dice: &mut Dice) -> String {
    let all = [
        "1.2.3",
        "1.2.4",
        "1.10.0",
        "1.2.3-alpha",
        "1.2.3-alpha.1",
        "1.2.3-alpha.beta",
        "1.2.3+build",
        "v1.2.3",
        "1.2",
        "01.2.3",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3-rc.10",
        "1.2.3-rc.9",
        "",
        "1.2.3.4",
        "99999999999999999999.0.0",
        "1.2.3-é",
        "1.2.3 ",
        "0.0.0",
    ];
    dice.one(&all).to_owned()
}

/// A number with a unit, or without.
pub fn units(dice: &mut Dice) -> String {
    let number = dice.one(&[
        "1", "10", "0", "1.5", "-1", "0.1", ".5", "5.", "1e3", "100", "0x10", "1_000", " 1", "+1", "", "1.5e-2", "00",
    ]);
    format!(
        "{number}{}",
        dice.one(&[
            "", "", "", "K", "k", "M", "m", "Mi", "mib", "GB", "gi", "Ti", "P", "E", "kb", "Kib", "B", "b", " M", "x"
        ])
    )
}

/// An identifier of a resource, or a query.
pub fn uri(dice: &mut Dice) -> String {
    let all = [
        "https://example.com/a/b?x=1&y=2#f",
        "http://u:p@h:80/",
        "/a/b",
        "a=1&b=2&a=3",
        "mailto:a@b.c",
        "http://[::1]:8080/x",
        "%zz",
        "a%20b+c",
        "http://h:port/",
        "",
        "a=%41&=b&c",
        "//h/p",
        "urn:a:b",
        "http://é.de/ü",
        "a;b=1",
        "http://h/%2F?q",
        "x:",
        ":x",
        "a b",
        "?a",
    ];
    dice.one(&all).to_owned()
}

/// A template of `regex.template_match`.
pub fn template(dice: &mut Dice) -> String {
    dice.one(&["urn:{[a-z]+}:x", "a{.*}", "{a}{b}", "plain", "a{", "a}b", "{{x}}", "{", "", "x{[}]}"]).to_owned()
}

/// Text in base 64, tokens and ids among it.
pub fn base64(dice: &mut Dice) -> String {
    let all = [
        "YWI=",
        "YWJj",
        "",
        "YQ==",
        "YQ",
        "YW_-",
        "YW+/",
        "Y Q==",
        "YQ==\n",
        "YR==",
        "=",
        "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln",
        "a.b.c",
        "eyJhbGciOiJub25lIn0.e30.",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "00000000-0000-4000-8000-000000000000",
        "é",
    ];
    dice.one(&all).to_owned()
}

/// YAML.
pub fn yaml(dice: &mut Dice, depth: usize) -> String {
    match dice.below(if depth == 0 { 2 } else { 5 }) {
        0 => dice
            .one(&[
                "a",
                "1",
                "yes",
                "no",
                "true",
                "null",
                "~",
                "0x1F",
                "0o17",
                "017",
                "1e3",
                "1_000",
                ".inf",
                "2024-01-31",
                "\"q\"",
                "'s'",
                "1.50",
                "on",
                "-",
                "- ",
                "y",
            ])
            .to_owned(),
        1 => dice
            .one(&[
                "&x a",
                "*x",
                "!!str 1",
                "|\n a\n b\n",
                ">\n a\n b\n",
                "[1, 2]",
                "{a: 1}",
                "a: b: c",
                "\ta",
                "? a\n: b",
                "--- 1\n--- 2",
                "{a, b}",
                "!!binary YQ==",
                "<<: {a: 1}",
            ])
            .to_owned(),
        2 => format!("a: {}\nb: {}\n", yaml(dice, 0), yaml(dice, 0)),
        3 => format!("- {}\n- {}\n", yaml(dice, 0), yaml(dice, 0)),
        _ => format!("a:\n  x: {}\n{}: 1\n", yaml(dice, 0), yaml(dice, 0)),
    }
}

/// A JSON schema.
pub fn schema(dice: &mut Dice, depth: usize) -> String {
    let many = 1 + dice.below(2);
    let mut parts = BTreeMap::new();
    for _ in 0..many {
        let sub = |dice: &mut Dice| if depth == 0 { "{}".to_owned() } else { schema(dice, depth - 1) };
        let part = match dice.below(20) {
            0 => format!(
                "\"type\": \"{}\"",
                dice.one(&["string", "number", "integer", "object", "array", "boolean", "null"])
            ),
            1 => format!("\"properties\": {{\"a\": {}, \"b\": {}}}", sub(dice), sub(dice)),
            2 => "\"required\": [\"a\"]".to_owned(),
            3 => format!("\"additionalProperties\": {}", dice.one(&["false", "true", "{\"type\": \"string\"}"])),
            4 => format!("\"minimum\": {}", dice.one(&["1", "1.5"])),
            5 => format!("\"exclusiveMinimum\": {}", dice.one(&["1", "true"])),
            6 => format!("\"maxLength\": {}", dice.one(&["1", "0"])),
            7 => format!("\"pattern\": \"{}\"", dice.one(&["^a", "b$", "[0-9]"])),
            8 => format!("\"enum\": {}", dice.one(&["[1, \"a\"]", "[null]"])),
            9 => format!("\"const\": {}", dice.one(&["1", "\"a\""])),
            10 => format!("\"items\": {}", sub(dice)),
            11 => format!("\"items\": [{}]", sub(dice)),
            12 => format!("\"anyOf\": [{}, {}]", sub(dice), sub(dice)),
            13 => format!("\"oneOf\": [{}, {}]", sub(dice), sub(dice)),
            14 => format!("\"allOf\": [{}]", sub(dice)),
            15 => format!("\"not\": {}", sub(dice)),
            16 => format!(
                "\"format\": \"{}\"",
                dice.one(&["date", "email", "ipv4", "uri", "date-time", "uuid", "hostname", "nope"])
            ),
            17 => format!("\"if\": {}, \"then\": {}", sub(dice), sub(dice)),
            18 => format!("\"minItems\": {}, \"uniqueItems\": true", dice.one(&["1", "2"])),
            _ => format!("\"multipleOf\": {}", dice.one(&["2", "0.1"])),
        };
        // A keyword stands once.
        let name = part.split(':').next().unwrap_or_default().to_owned();
        parts.insert(name, part);
    }
    format!("{{{}}}", parts.into_values().collect::<Vec<_>>().join(", "))
}
