//! Text of others, made safe to print: what cannot be seen is shown, and nothing begins a command of a CI system.
//!
//! Deliberately absent: the escapes of a format (XML, Markdown, URIs); each renderer has its own, on top of these.

use std::borrow::Cow;
use std::fmt::Write;

/// Shows a text of several lines: line ends and tabs stay.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    shown(text, |c| matches!(c, '\n' | '\t'))
}

/// Shows a name, a path or a value in one line: line ends and tabs are shown like what cannot be seen.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    shown(text, |_| false)
}

fn shown(text: &str, stays: fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|c| is_hidden(c) && !stays(c)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        // A line end of Windows is a line end.
        if c == '\r' && rest.peek() == Some(&'\n') && stays('\n') {
            continue;
        }
        if is_hidden(c) && !stays(c) {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// The last look at a text for people, whole: what cannot be seen is shown, and no line of it is a command.
///
/// Azure Pipelines and TeamCity read `##[…]`, `##vso[…]` and `##teamcity[…]` anywhere in a line, GitHub Actions `::…::` where
/// a line begins, and both at whatever distance from its edge.
#[must_use]
pub fn printed(text: &str) -> Cow<'_, str> {
    let shown = self::text(text);
    match commandless(&shown) {
        Cow::Borrowed(_) => shown,
        Cow::Owned(text) => Cow::Owned(text),
    }
}

/// The same without a look at what cannot be seen: for text that has colours.
#[must_use]
pub fn commandless(text: &str) -> Cow<'_, str> {
    if !text.contains("##") && !text.lines().any(begins_a_command) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        let line = hashes(line, "\\u{23}");
        match line.find("::").filter(|_| begins_a_command(&line)) {
            Some(at) => {
                let (before, from) = line.split_at(at);
                let _ = write!(safe, "{before}\\u{{3a}}{}", from.get(1..).unwrap_or_default());
            }
            None => safe.push_str(&line),
        }
    }
    Cow::Owned(safe)
}

fn begins_a_command(line: &str) -> bool {
    // What a terminal takes for colour is nothing that a reader of commands skips, but a cautious one may.
    let mut rest = line.trim_start();
    while let Some(code) = rest.strip_prefix("\u{1b}[") {
        let end = code.find(|c: char| c.is_ascii_alphabetic()).map_or(code.len(), |at| at + 1);
        rest = code.get(end..).unwrap_or_default().trim_start();
    }
    // `:::`, which our own drawings have, is the beginning of none.
    rest.strip_prefix("::").is_some_and(|rest| !rest.starts_with(':'))
}

/// Writes the first `#` of what begins a command as `hash`.
#[must_use]
pub fn hashes<'a>(text: &'a str, hash: &str) -> Cow<'a, str> {
    let mut at = 0;
    let mut safe = String::new();
    let mut from = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("##")) {
        let start = at + found;
        let behind = text.get(start + 2..).unwrap_or_default();
        let word = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).len();
        if behind.get(word..).is_some_and(|rest| rest.starts_with('[')) {
            safe.push_str(text.get(from..start).unwrap_or_default());
            safe.push_str(hash);
            from = start + 1;
        }
        at = start + 1;
    }
    if from == 0 && safe.is_empty() {
        return Cow::Borrowed(text);
    }
    safe.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(safe)
}

/// Writes what cannot be seen, and what begins a command, in the escapes of JSON: the same JSON, that shows what it holds.
/// `text` is JSON that a serialiser wrote, one text or one a line.
#[must_use]
pub fn json(text: String) -> String {
    // Line ends and blanks between the parts of JSON are its own; within strings a serialiser has escaped them.
    let hides = |c: char| (!c.is_ascii() || c == '\u{7f}') && is_hidden(c);
    let text = match hashes(&text, "\\u0023") {
        Cow::Owned(safe) => safe,
        Cow::Borrowed(_) => text,
    };
    if !text.chars().any(hides) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if !hides(c) {
            escaped.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

/// Can a character not be seen, or does it steer how others are seen? Control characters, line and paragraph separators,
/// characters of direction, of no width and of no glyph, tags, variation selectors, and what is no character.
#[must_use]
pub const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}'
        | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{fffe}' | '\u{ffff}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        for (given, wanted) in [
            ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
            ("user\u{202e}nimda", "user\\u{202e}nimda"),
            ("a\u{200b}\u{feff}\u{e0041}", "a\\u{200b}\\u{feff}\\u{e0041}"),
            ("a\u{85}b\u{2028}c\rd", "a\\u{85}b\\u{2028}c\\u{d}d"),
            ("Grüße, 東京, ελληνικά, हिन्दी", "Grüße, 東京, ελληνικά, हिन्दी"),
        ] {
            assert_eq!((&*line(given), &*text(given)), (wanted, wanted));
        }
        assert_eq!(&*line("a\n\tb"), "a\\u{a}\\u{9}b");
        assert_eq!(&*text("a\r\n\tb"), "a\n\tb".replace("\\", ""));
    }

    #[test]
    fn nothing_begins_a_command() {
        for (given, wanted) in [
            ("x ##vso[task.setvariable]y", "x \\u{23}#vso[task.setvariable]y"),
            ("##[error]a ###[b] ##teamcity[c]", "\\u{23}#[error]a #\\u{23}#[b] \\u{23}#teamcity[c]"),
            ("  ::error::a\nb::c\n\t::d::", "  \\u{3a}:error::a\nb::c\n\t\\u{3a}:d::"),
            ("a\u{2028}::error::b", "a\\u{2028}::error::b"),
            ("## [a] #[b] ##", "## [a] #[b] ##"),
        ] {
            assert_eq!(&*printed(given), wanted);
        }
        assert_eq!(&*commandless("\u{1b}[1m ::error::a"), "\u{1b}[1m \\u{3a}:error::a");
    }

    #[test]
    fn json_holds_the_same() {
        let value = serde_json::json!({"a\u{202e}": "\\##vso[b]\u{7f}\u{e0041}\n ##[c] ü", "##": "::x"});
        for written in [value.to_string(), format!("{value:#}")] {
            let shown = json(written.clone());
            assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
            assert!(!shown.contains("##vso[") && !shown.contains("##[") && !shown.contains('\u{202e}'), "{shown}");
            assert!(shown.is_ascii() || shown.contains('ü'));
        }
    }
}
