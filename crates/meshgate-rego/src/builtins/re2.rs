//! Regular expressions as Go reads them (RE2's syntax), written again for the `regex` crate, which has other classes, escapes,
//! bounds and operators. What Go refuses is refused, in its words.
//!
//! Deliberately absent: matching; and two names of groups that Go does not keep apart either.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// How often something may be repeated, its repeats within counted.
const REPEAT_MAX: u32 = 1_000;
/// Groups within groups.
const DEPTH_MAX: usize = 1_000;
/// Unicode's general categories, as Go names them.
const CATEGORIES: &[&str] = &[
    "C", "Cc", "Cf", "Co", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
];
/// POSIX' classes, as ranges.
const POSIX: &[(&str, &str)] = &[
    ("alnum", "0-9A-Za-z"),
    ("alpha", "A-Za-z"),
    ("ascii", "\\x00-\\x7F"),
    ("blank", "\\t "),
    ("cntrl", "\\x00-\\x1F\\x7F"),
    ("digit", "0-9"),
    ("graph", "!-~"),
    ("lower", "a-z"),
    ("print", " -~"),
    ("punct", "!-/:-@\\[-`{-~"),
    ("space", "\\t\\n\\x0B\\f\\r "),
    ("upper", "A-Z"),
    ("word", "0-9A-Za-z_"),
    ("xdigit", "0-9A-Fa-f"),
];

/// Writes a pattern again.
///
/// # Errors
/// What is no pattern, in Go's words.
pub fn translated(pattern: &str) -> Result<String, String> {
    let mut writer = Writer {
        rest: pattern,
        out: String::with_capacity(pattern.len() * 2),
        groups: Vec::new(),
        names: BTreeSet::new(),
        last: None,
        most: 1,
    };
    writer.all(pattern)?;
    Ok(writer.out)
}

/// What a repeat is of.
struct Atom {
    /// Where it begins in what is written.
    at: usize,
    /// How often what is within it may be repeated.
    most: u32,
    /// Is it a repeat itself?
    repeated: bool,
    /// Must it be put into a group to be repeated?
    bare: bool,
}

struct Writer<'a> {
    rest: &'a str,
    out: String,
    /// Where the groups begin that are open, and the most repeats before each.
    groups: Vec<(usize, u32)>,
    names: BTreeSet<String>,
    last: Option<Atom>,
    /// The most repeats within the group at hand.
    most: u32,
}

fn failed(what: &str, text: &str) -> String {
    format!("error parsing regexp: {what}: `{text}`")
}

impl<'a> Writer<'a> {
    fn all(&mut self, pattern: &str) -> Result<(), String> {
        while let Some(letter) = self.rest.chars().next() {
            match letter {
                '(' => self.open(pattern)?,
                ')' => {
                    self.skip(1);
                    let Some((at, before)) = self.groups.pop() else { return Err(failed("unexpected )", pattern)) };
                    self.out.push(')');
                    self.last = Some(Atom { at, most: self.most, repeated: false, bare: false });
                    self.most = self.most.max(before);
                }
                '|' => {
                    self.skip(1);
                    self.out.push('|');
                    self.last = None;
                }
                '*' | '+' | '?' => self.repeat(1, &letter.to_string(), 1)?,
                '{' => match bounds(self.rest) {
                    Some((length, least, most)) => {
                        let shown = self.rest.get(..length).unwrap_or_default().to_owned();
                        let too_many = least > REPEAT_MAX || most.is_some_and(|most| most > REPEAT_MAX || most < least);
                        if too_many {
                            return Err(failed("invalid repeat count", &shown));
                        }
                        self.repeat(length, &shown, most.unwrap_or(least))?;
                    }
                    None => self.literal('{', 1),
                },
                '.' => self.atom(1, "."),
                '^' | '$' => self.look(1, &letter.to_string()),
                '[' => self.class()?,
                '\\' => self.escape()?,
                _ => self.literal(letter, letter.len_utf8()),
            }
        }
        if self.groups.is_empty() { Ok(()) } else { Err(failed("missing closing )", pattern)) }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn atom(&mut self, bytes: usize, text: &str) {
        self.skip(bytes);
        self.last = Some(Atom { at: self.out.len(), most: 1, repeated: false, bare: false });
        self.out.push_str(text);
    }

    fn look(&mut self, bytes: usize, text: &str) {
        self.atom(bytes, text);
        if let Some(last) = &mut self.last {
            last.bare = true;
        }
    }

    fn literal(&mut self, letter: char, bytes: usize) {
        let text = written(letter);
        self.atom(bytes, &text);
    }

    fn repeat(&mut self, length: usize, shown: &str, times: u32) -> Result<(), String> {
        let operator = self.rest.get(..length).unwrap_or_default();
        let lazy = self.rest.get(length..).is_some_and(|rest| rest.starts_with('?'));
        let whole = if lazy { format!("{operator}?") } else { operator.to_owned() };
        let Some(last) = self.last.take() else { return Err(failed("missing argument to repetition operator", shown)) };
        if last.repeated {
            // What is stacked is shown from the first of them.
            let before = self.out.get(last.at..).unwrap_or_default();
            let first = before.trim_start_matches(|sign: char| !matches!(sign, '*' | '+' | '?' | '{'));
            return Err(failed("invalid nested repetition operator", &format!("{first}{operator}")));
        }
        if last.bare {
            self.out.insert_str(last.at, "(?:");
            self.out.push(')');
        }
        let most = last.most.saturating_mul(times.max(1));
        if most > REPEAT_MAX {
            return Err(failed("invalid repeat count", shown));
        }
        self.most = self.most.max(most);
        self.out.push_str(&whole);
        self.skip(whole.len());
        self.last = Some(Atom { at: last.at, most, repeated: true, bare: false });
        Ok(())
    }

    fn open(&mut self, pattern: &str) -> Result<(), String> {
        if self.groups.len() >= DEPTH_MAX {
            return Err(failed("expression nests too deeply", pattern));
        }
        let at = self.out.len();
        let mut named = None;
        if let Some(rest) = self.rest.strip_prefix("(?") {
            match rest.strip_prefix("P<").or_else(|| rest.strip_prefix('<')) {
                Some(rest) => {
                    let Some((name, behind)) = rest.split_once('>') else {
                        return Err(failed("invalid named capture", self.rest));
                    };
                    let is_name = !name.is_empty() && name.chars().all(|sign| sign == '_' || sign.is_alphanumeric());
                    if !is_name {
                        let shown = self.rest.get(..self.rest.len() - behind.len()).unwrap_or_default();
                        return Err(failed("invalid named capture", shown));
                    }
                    named = Some((name.to_owned(), behind));
                }
                None => return self.flags(at),
            }
        }
        match named {
            Some((name, behind)) => {
                self.rest = behind;
                // The first of a name is the one that is meant by it.
                let is_known = !self.names.insert(name.clone());
                let begins = name.starts_with(|sign: char| sign == '_' || sign.is_ascii_alphabetic());
                if is_known || !begins || !name.is_ascii() {
                    self.out.push('(');
                } else {
                    let _ = write!(self.out, "(?P<{name}>");
                }
            }
            None => {
                self.skip(1);
                self.out.push('(');
            }
        }
        self.groups.push((at, self.most));
        self.most = 1;
        self.last = None;
        Ok(())
    }

    /// `(?i)`, `(?i-s:…)` and their like.
    fn flags(&mut self, at: usize) -> Result<(), String> {
        let rest = self.rest.get(2..).unwrap_or_default();
        let mut negative = false;
        let mut any = false;
        for (index, sign) in rest.char_indices() {
            match sign {
                'i' | 'm' | 's' | 'U' => any = true,
                '-' if !negative => (negative, any) = (true, false),
                ':' | ')' if !negative || any => {
                    let flags = rest.get(..index).unwrap_or_default();
                    let length = 2 + index + 1;
                    let is_group = sign == ':';
                    if is_group {
                        let _ = write!(self.out, "(?{flags}:");
                        self.groups.push((at, self.most));
                        self.most = 1;
                    } else if !flags.is_empty() {
                        let _ = write!(self.out, "(?{flags})");
                    }
                    self.skip(length);
                    self.last = None;
                    return Ok(());
                }
                _ => {
                    let shown = self.rest.get(..2 + index + sign.len_utf8()).unwrap_or_default();
                    return Err(failed("invalid or unsupported Perl syntax", shown));
                }
            }
        }
        Err(failed("missing closing )", self.rest))
    }

    fn escape(&mut self) -> Result<(), String> {
        let mut signs = self.rest.chars();
        signs.next();
        match signs.next() {
            None => Err("error parsing regexp: trailing backslash at end of expression: ``".to_owned()),
            Some('A') => {
                self.look(2, "\\A");
                Ok(())
            }
            Some('z') => {
                self.look(2, "\\z");
                Ok(())
            }
            Some('b') => {
                self.look(2, "(?-u:\\b)");
                Ok(())
            }
            Some('B') => {
                self.look(2, "(?-u:\\B)");
                Ok(())
            }
            Some('Q') => {
                let rest = self.rest.get(2..).unwrap_or_default();
                let (text, behind) = rest.split_once("\\E").unwrap_or((rest, ""));
                for letter in text.chars() {
                    self.literal(letter, 0);
                }
                self.rest = behind;
                Ok(())
            }
            Some(sign @ ('d' | 'D' | 's' | 'S' | 'w' | 'W')) => {
                let text = perl(sign);
                self.atom(2, &text);
                Ok(())
            }
            Some('p' | 'P') => {
                let (text, length) = unicode(self.rest)?;
                self.atom(length, &text);
                Ok(())
            }
            Some(_) => {
                let (letter, length) = escaped(self.rest)?;
                self.literal(letter, length);
                Ok(())
            }
        }
    }

    fn class(&mut self) -> Result<(), String> {
        let whole = self.rest;
        let missing = || failed("missing closing ]", whole);
        let mut rest = whole.get(1..).unwrap_or_default();
        let mut text = "[".to_owned();
        if let Some(behind) = rest.strip_prefix('^') {
            text.push('^');
            rest = behind;
        }
        let mut first = true;
        loop {
            let letter = rest.chars().next().ok_or_else(missing)?;
            if letter == ']' && !first {
                rest = rest.get(1..).unwrap_or_default();
                break;
            }
            first = false;
            if let Some(inner) = rest.strip_prefix("[:")
                && let Some((name, behind)) = inner.split_once(":]")
            {
                let (negated, plain) = name.strip_prefix('^').map_or(("", name), |plain| ("^", plain));
                let Some((_, ranges)) = POSIX.iter().find(|(known, _)| *known == plain) else {
                    return Err(failed("invalid character class range", &format!("[:{name}:]")));
                };
                let _ = write!(text, "[{negated}{ranges}]");
                rest = behind;
                continue;
            }
            if letter == '\\' {
                match rest.chars().nth(1) {
                    Some('p' | 'P') => {
                        let (class, length) = unicode(rest)?;
                        text.push_str(&class);
                        rest = rest.get(length..).unwrap_or_default();
                        continue;
                    }
                    Some(sign @ ('d' | 'D' | 's' | 'S' | 'w' | 'W')) => {
                        text.push_str(&perl(sign));
                        rest = rest.get(2..).unwrap_or_default();
                        continue;
                    }
                    _ => {}
                }
            }
            let range = rest;
            let (from, length) = one(rest, whole)?;
            rest = rest.get(length..).unwrap_or_default();
            let mut to = from;
            if let Some(behind) = rest.strip_prefix('-').filter(|behind| !behind.starts_with(']')) {
                if behind.is_empty() {
                    return Err(missing());
                }
                let (end, length) = one(behind, whole)?;
                rest = behind.get(length..).unwrap_or_default();
                to = end;
                if to < from {
                    let shown = range.get(..range.len() - rest.len()).unwrap_or_default();
                    return Err(failed("invalid character class range", shown));
                }
            }
            text.push_str(&written(from));
            if to != from {
                text.push('-');
                text.push_str(&written(to));
            }
        }
        text.push(']');
        self.atom(whole.len() - rest.len(), &text);
        Ok(())
    }
}

/// A character of a class, and its length.
fn one(rest: &str, whole: &str) -> Result<(char, usize), String> {
    match rest.chars().next() {
        None => Err(failed("missing closing ]", whole)),
        Some('\\') => escaped(rest),
        Some(letter) => Ok((letter, letter.len_utf8())),
    }
}

/// A character as the other crate writes it.
fn written(letter: char) -> String {
    if letter.is_alphanumeric() || letter == '_' {
        letter.to_string()
    } else {
        format!("\\x{{{:X}}}", u32::from(letter))
    }
}

fn perl(sign: char) -> String {
    let ranges = match sign.to_ascii_lowercase() {
        'd' => "0-9",
        's' => "\\t\\n\\f\\r ",
        _ => "0-9A-Za-z_",
    };
    format!("[{}{ranges}]", if sign.is_ascii_uppercase() { "^" } else { "" })
}

/// `\pL`, `\p{Greek}`, `\P{^Lu}`: the class, and its length.
fn unicode(rest: &str) -> Result<(String, usize), String> {
    let mut negated = rest.starts_with("\\P");
    let behind = rest.get(2..).unwrap_or_default();
    let (name, length) = match behind.strip_prefix('{') {
        Some(inner) => {
            let Some((name, _)) = inner.split_once('}') else {
                return Err(failed("invalid character class range", rest));
            };
            (name, 2 + name.len() + 2)
        }
        None => match behind.chars().next() {
            Some(letter) => (behind.get(..letter.len_utf8()).unwrap_or_default(), 2 + letter.len_utf8()),
            None => return Err(failed("invalid character class range", rest)),
        },
    };
    let shown = rest.get(..length).unwrap_or_default();
    let plain = name.strip_prefix('^').inspect(|_| negated = !negated).unwrap_or(name);
    let sign = if negated { 'P' } else { 'p' };
    let text = if plain == "Any" {
        format!("\\{sign}{{any}}")
    } else if CATEGORIES.contains(&plain) {
        format!("\\{sign}{{gc={plain}}}")
    } else {
        // Go's names of scripts begin with a capital.
        let text = format!("\\{sign}{{sc={plain}}}");
        let is_name = plain.starts_with(|first: char| first.is_ascii_uppercase())
            && plain.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '_');
        if !is_name || regex::Regex::new(&text).is_err() {
            return Err(failed("invalid character class range", shown));
        }
        text
    };
    Ok((text, length))
}

/// An escaped character, and the length of its escape.
fn escaped(rest: &str) -> Result<(char, usize), String> {
    let mut signs = rest.char_indices().skip(1);
    let wrong = |end: usize| Err(failed("invalid escape sequence", rest.get(..end).unwrap_or(rest)));
    let Some((_, sign)) = signs.next() else {
        return Err("error parsing regexp: trailing backslash at end of expression: ``".to_owned());
    };
    let octal = |rest: &str| rest.chars().take_while(|sign| matches!(sign, '0'..='7')).take(3).count();
    match sign {
        '1'..='7' if octal(rest.get(1..).unwrap_or_default()) < 2 => wrong(2),
        '0'..='7' => {
            let digits = octal(rest.get(1..).unwrap_or_default());
            let value = u32::from_str_radix(rest.get(1..=digits).unwrap_or_default(), 8).ok().and_then(char::from_u32);
            value.map_or_else(|| wrong(1 + digits), |letter| Ok((letter, 1 + digits)))
        }
        'x' => {
            let behind = rest.get(2..).unwrap_or_default();
            let (digits, length) = match behind.strip_prefix('{') {
                Some(inner) => match inner.split_once('}') {
                    Some((digits, _)) => (digits, 4 + digits.len()),
                    None => return wrong(rest.len()),
                },
                None => (behind.get(..2).unwrap_or_default(), 4),
            };
            let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let value = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex).and_then(char::from_u32);
            value.map_or_else(|| wrong(length.min(rest.len())), |letter| Ok((letter, length)))
        }
        'a' => Ok(('\u{7}', 2)),
        'f' => Ok(('\u{c}', 2)),
        'n' => Ok(('\n', 2)),
        'r' => Ok(('\r', 2)),
        't' => Ok(('\t', 2)),
        'v' => Ok(('\u{b}', 2)),
        sign if sign.is_ascii() && !sign.is_ascii_alphanumeric() => Ok((sign, 2)),
        sign => wrong(1 + sign.len_utf8()),
    }
}

/// The bounds of a repeat: its length, the least and the most. What is none is text.
fn bounds(rest: &str) -> Option<(usize, u32, Option<u32>)> {
    let (inner, _) = rest.strip_prefix('{')?.split_once('}')?;
    let number = |text: &str| {
        let is_number = !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'));
        // What is too large is too large in any case.
        is_number.then(|| text.parse().unwrap_or(u32::MAX))
    };
    let length = inner.len() + 2;
    match inner.split_once(',') {
        None => number(inner).map(|times| (length, times, Some(times))),
        Some((least, "")) => number(least).map(|least| (length, least, None)),
        Some((least, most)) => Some((length, number(least)?, Some(number(most)?))),
    }
}
