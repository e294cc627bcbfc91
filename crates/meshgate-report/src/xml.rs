//! Text in XML, for every report that is XML.
//!
//! Deliberately absent: elements; whoever writes a format knows its own.

use meshgate_core::shown;
use std::fmt::Write;

/// Escapes text, for elements and for attributes in double quotes. What is not seen is written as its number; what XML 1.0
/// has no character for is shown as `\u{…}`. Nothing begins a command of a CI system.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' | '\r' => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push_str(&shown::line(&c.to_string())),
            c if shown::is_hidden(c) => {
                let _ = write!(escaped, "&#x{:x};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    // None of the escapes above has a `#` beside another one.
    shown::hashes(&escaped, "&#35;").into_owned()
}

/// The same of what people read: nothing in it is hidden.
#[must_use]
pub fn prose(text: &str) -> String {
    escape(&shown::text(text))
}
