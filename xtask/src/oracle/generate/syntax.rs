//! Modules of which a piece was left out, doubled, moved or replaced: most are refused, and both must say the same.
//!
//! Deliberately absent: modules that are hardly text; the readers' own tests have them.

use super::policies;
use crate::oracle::case::Case;
use crate::oracle::dice::Dice;

/// Pieces that are put in the place of others.
const PIECES: &[&str] = &[
    "if", "contains", "else", "not", "some", "every", "in", "with", "as", "default", "import", "package", "null",
    "true", ":=", "=", "==", "|", "&", "-", "+", "*", "/", "%", "!=", "<", ">=", ",", ";", ":", ".", "(", ")", "[",
    "]", "{", "}", "\n", "_", "x", "input", "data", "1", "01", "1.", "1e", "\"a\"", "\"", "`", "#", "$\"{x}\"", "\\",
    "é", "set()", "{}", "[]",
];

/// A module that was changed.
pub fn case(dice: &mut Dice, texts: &[String]) -> Case {
    let mut case = match texts.len() {
        0 => policies::case(dice),
        _ if dice.chance(50) => policies::case(dice),
        many => Case::of(texts[dice.below(many)].clone()),
    };
    // Whether it is refused, and why: it need not be evaluated.
    case.query = "1".to_owned();
    case.inputs.truncate(1);
    let Some((_, text)) = case.modules.first_mut() else { return case };
    for _ in 0..=dice.below(2) {
        let mut pieces = split(text);
        if pieces.len() < 2 {
            break;
        }
        let (at, other) = (dice.below(pieces.len()), dice.below(pieces.len()));
        match dice.below(4) {
            0 => drop(pieces.remove(at)),
            1 => pieces[at] = dice.one(PIECES).to_owned(),
            2 => pieces.insert(at, dice.one(PIECES).to_owned()),
            _ => pieces[at] = pieces[other].clone(),
        }
        *text = pieces.concat();
    }
    case
}

/// Words, signs and what stands between them.
fn split(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut before = None;
    for sign in text.chars() {
        let kind = match sign {
            _ if sign.is_alphanumeric() || sign == '_' => 0,
            ' ' | '\t' => 1,
            _ => 2,
        };
        match pieces.last_mut() {
            Some(last) if before == Some(kind) && kind != 2 => last.push(sign),
            _ => pieces.push(sign.to_string()),
        }
        before = Some(kind);
    }
    pieces
}
