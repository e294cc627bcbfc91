//! Values as JSON, small ones first, with what is odd about numbers and texts.
//!
//! Deliberately absent: sets; JSON has none.

use crate::oracle::dice::Dice;

const NUMBERS: &[&str] = &[
    "1",
    "0",
    "2",
    "3",
    "-1",
    "10",
    "100",
    "0.5",
    "1.5",
    "2.0",
    "-0.5",
    "0.1",
    "0.2",
    "1e2",
    "1E5",
    "-0",
    "4.35",
    "1.10",
    "2.5",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "123456789012345678901234567890",
    "0.1234567890123456789",
    "1e-7",
    "1e21",
    "123456.789",
    "1234567.5",
    "3.0000000000000001",
];
const PLAIN_NUMBERS: &[&str] = &["1", "0", "2", "3", "-1", "10", "7", "100"];
const TEXTS: &[&str] = &[
    "a",
    "b",
    "c",
    "",
    "ab",
    "abc",
    "A",
    "x",
    "foo",
    "foo/bar",
    "a.b.c",
    "a,b,c",
    "hello world",
    " a ",
    "é",
    "日本",
    "😀",
    "a😀b",
    "1",
    "1.5",
    "true",
    "null",
    "-",
    "a\\nb",
    "\\t",
    "aaa",
    "ABC",
    "ß",
    "İ",
    "0",
    "10",
    "{}",
    "[1]",
    "a-b",
    "%d",
    "<&>",
];
const PLAIN_TEXTS: &[&str] = &["a", "b", "c", "ab", "abc", "foo", "x", "a,b"];

/// A number, in any spelling.
pub fn number(dice: &mut Dice) -> String {
    dice.one(NUMBERS).to_owned()
}

/// A number that every engine writes alike.
pub fn plain_number(dice: &mut Dice) -> String {
    dice.one(PLAIN_NUMBERS).to_owned()
}

/// A string in quotes.
pub fn text(dice: &mut Dice) -> String {
    format!("\"{}\"", dice.one(TEXTS))
}

/// A string in quotes, of letters.
pub fn plain_text(dice: &mut Dice) -> String {
    format!("\"{}\"", dice.one(PLAIN_TEXTS))
}

/// A list of what a function gives.
pub fn list(dice: &mut Dice, most: usize, mut item: impl FnMut(&mut Dice) -> String) -> String {
    let many = dice.below(most + 1);
    format!("[{}]", (0..many).map(|_| item(dice)).collect::<Vec<_>>().join(", "))
}

/// An object of what a function gives.
pub fn object(dice: &mut Dice, most: usize, mut item: impl FnMut(&mut Dice) -> String) -> String {
    let many = dice.below(most + 1);
    let mut names = vec!["a", "b", "c", "d", "x", "foo"];
    let pairs = (0..many).map(|_| {
        let name = names.remove(dice.below(names.len()));
        format!("\"{name}\": {}", item(dice))
    });
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
}

/// Anything.
pub fn any(dice: &mut Dice, depth: usize) -> String {
    match dice.below(if depth == 0 { 5 } else { 7 }) {
        0 => plain_number(dice),
        1 => plain_text(dice),
        2 => dice.one(&["true", "false", "null"]).to_owned(),
        3 => number(dice),
        4 => text(dice),
        5 => list(dice, 3, |dice| any(dice, depth - 1)),
        _ => object(dice, 3, |dice| any(dice, depth - 1)),
    }
}

/// Anything that every engine writes alike.
pub fn plain(dice: &mut Dice, depth: usize) -> String {
    match dice.below(if depth == 0 { 3 } else { 5 }) {
        0 => plain_number(dice),
        1 => plain_text(dice),
        2 => dice.one(&["true", "false", "null"]).to_owned(),
        3 => list(dice, 3, |dice| plain(dice, depth - 1)),
        _ => object(dice, 3, |dice| plain(dice, depth - 1)),
    }
}

/// The input of a generated policy: each of its fields may be missing, or be something else.
pub fn input(dice: &mut Dice) -> String {
    let mut fields = Vec::new();
    let mut field = |dice: &mut Dice, name: &str, value: fn(&mut Dice) -> String| {
        if !dice.chance(25) {
            let value = if dice.chance(8) { plain(dice, 1) } else { value(dice) };
            fields.push(format!("\"{name}\": {value}"));
        }
    };
    field(dice, "n", plain_number);
    field(dice, "s", plain_text);
    field(dice, "b", |dice| dice.one(&["true", "false"]).to_owned());
    field(dice, "l", |dice| list(dice, 3, plain_number));
    field(dice, "t", |dice| list(dice, 3, plain_text));
    field(dice, "o", |dice| object(dice, 3, plain_number));
    field(dice, "p", |dice| object(dice, 3, |dice| object(dice, 2, plain_number)));
    field(dice, "pair", |dice| format!("[{}, {}]", plain_number(dice), plain_text(dice)));
    field(dice, "one", |dice| format!("{{\"a\": {}}}", plain_number(dice)));
    field(dice, "m", |dice| list(dice, 2, |dice| object(dice, 2, plain_text)));
    format!("{{{}}}", fields.join(", "))
}
