//! The one way from YAML text to a value: measured first, with every use of an alias counted, since a text of a few bytes
//! can stand for more values than a machine has room for.
//!
//! Deliberately absent: places of values; METADATA is told by the line of its block.

use anyhow::{Result, anyhow, bail};
use libyaml_safer::{EventData, Parser};
use meshgate_core::work::look;
use regorus::Value;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Bytes of a text.
pub const BYTES_MAX: usize = 16 << 20;
/// Values in it, with every use of an alias counted.
const VALUES_MAX: usize = 1_000_000;
/// Bytes of its texts, with every use of an alias counted.
const TEXT_MAX: usize = 2 * BYTES_MAX;
/// Nesting.
const DEPTH_MAX: usize = 120;
/// After how many events it is looked whether the work may go on.
const LOOK_EVERY: usize = 4_096;

/// A text holds more than is read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TooMuch(String);

/// Reads a text.
///
/// # Errors
/// [`TooMuch`] when it holds more than is read; else what it is not.
#[expect(clippy::disallowed_methods, reason = "this is the entrance: the text was measured")]
pub fn read(text: &str) -> Result<Value> {
    measure(text)?;
    Value::from_yaml_str(text)
}

/// What a value comes to when every alias is expanded.
#[derive(Clone, Copy, Default)]
struct Size {
    values: usize,
    text: usize,
    depth: usize,
}

impl Size {
    const fn plus(self, other: Self) -> Self {
        Self {
            values: self.values.saturating_add(other.values),
            text: self.text.saturating_add(other.text),
            depth: if other.depth >= self.depth { other.depth + 1 } else { self.depth },
        }
    }
}

/// Says whether a text is within the bounds, before anything is made of it.
///
/// # Errors
/// [`TooMuch`]; what is no YAML is not found here.
pub fn measure(text: &str) -> Result<()> {
    if is_small(text) {
        return Ok(());
    }
    if text.len() > BYTES_MAX {
        bail!(TooMuch(format!("the text to be read has more than {BYTES_MAX} bytes")));
    }
    // The parser has panics of its own.
    catch_unwind(AssertUnwindSafe(|| events(text))).unwrap_or_else(|_| Err(anyhow!("the YAML parser failed")))
}

/// Cannot a text be too large, as one sees without reading it? Without anchors it is as large as it is long, and its nesting
/// is no deeper than its brackets and its indentation: METADATA is so, and would be read twice.
fn is_small(text: &str) -> bool {
    const BYTES: usize = 64 << 10;
    const BRACKETS: usize = 40;
    const COLUMNS: usize = 40;
    let columns = |line: &str| line.len() - line.trim_start_matches([' ', '-', '?', ':', '\t']).len();
    text.len() <= BYTES
        && !text.contains('&')
        && text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() <= BRACKETS
        // A list may stand at the column of its key: two levels a column, at most.
        && text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).all(|line| columns(line) <= COLUMNS)
}

fn events(text: &str) -> Result<()> {
    let mut parser = Parser::new();
    let mut bytes = std::io::Read::chain(text.as_bytes(), &b"\n"[..]);
    parser.set_input(&mut bytes);
    let mut anchors: HashMap<String, Size> = HashMap::new();
    let mut open: Vec<(Option<String>, Size)> = vec![(None, Size::default())];
    let mut count = 0_usize;
    loop {
        count += 1;
        if count.is_multiple_of(LOOK_EVERY) {
            look()?;
        }
        let event = match parser.parse() {
            Ok(event) => event,
            // Nothing hides behind a difference of this parser and the reader's.
            Err(error) if text.contains('&') => bail!("{error}"),
            // What is no YAML is for the reader to say.
            Err(_) => return Ok(()),
        };
        let (size, anchor) = match event.data {
            EventData::StreamEnd => return Ok(()),
            EventData::Scalar { value, anchor, .. } => (Size { values: 1, text: value.len(), depth: 0 }, anchor),
            EventData::Alias { anchor } => (anchors.get(&anchor).copied().unwrap_or_default(), None),
            EventData::SequenceStart { anchor, .. } | EventData::MappingStart { anchor, .. } => {
                open.push((anchor, Size { values: 1, text: 0, depth: 0 }));
                if open.len() > DEPTH_MAX {
                    bail!(TooMuch(format!("the text to be read is nested more than {DEPTH_MAX} times")));
                }
                continue;
            }
            EventData::SequenceEnd | EventData::MappingEnd => {
                let (anchor, size) = open.pop().unwrap_or_default();
                (size, anchor)
            }
            _ => continue,
        };
        if let Some(anchor) = anchor {
            anchors.insert(anchor, size);
        }
        let Some((_, around)) = open.last_mut() else { return Ok(()) };
        *around = around.plus(size);
        let around = *around;
        if around.values > VALUES_MAX {
            bail!(TooMuch(format!("the text to be read stands for more than {VALUES_MAX} values")));
        }
        if around.text > TEXT_MAX {
            bail!(TooMuch(format!("the text to be read stands for more than {TEXT_MAX} bytes of text")));
        }
        if around.depth > DEPTH_MAX {
            bail!(TooMuch(format!("the text to be read is nested more than {DEPTH_MAX} times")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_small_by_its_looks_is_small() {
        let nested = |step: &str, end: &str, depth: usize| -> String {
            (0..depth).map(|at| format!("{}{}{end}", step.repeat(at), "a:")).collect()
        };
        let mut small = 0;
        for depth in [1, 10, 40, 41, 100, 130, 300] {
            let mut texts: Vec<String> =
                ["\n", "\r", "\r\n", "\u{85}", "\u{2028}"].map(|end| nested(" ", end, depth)).into();
            texts.extend([
                "- ".repeat(depth) + "x",
                "? ".repeat(depth) + "x",
                "[".repeat(depth),
                "{a: ".repeat(depth),
                format!("a: &b [{}]", "*b, ".repeat(depth)),
                (0..depth).map(|at| format!("{0}a:\n{0}- b:\n", " ".repeat(at * 2))).collect(),
            ]);
            for text in texts {
                if is_small(&text) {
                    small += 1;
                    assert!(events(&text).is_ok(), "{text:?}");
                }
            }
        }
        assert!(small > 20, "{small}");
        assert!(measure(&"[".repeat(200)).is_err() && measure(&nested(" ", "\r", 200)).is_err());
    }

    #[test]
    fn aliases_count_each_time() {
        let laughs = |levels: usize| {
            let first = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
            (1..levels).fold(first, |text, at| {
                text + &format!("a{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); 10].join(","))
            })
        };
        assert!(read(&laughs(3)).is_ok());
        assert!(read(&laughs(9)).unwrap_err().is::<TooMuch>());
        // One long list, again and again: each use is one alias only.
        let list = format!("a: &a [{}]\nb: [{}]\n", vec!["x"; 10_000].join(","), vec!["*a"; 10_000].join(","));
        assert!(measure(&list).unwrap_err().is::<TooMuch>());
        let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), vec!["*a"; 100].join(","));
        assert!(measure(&text).unwrap_err().is::<TooMuch>());
        assert!(measure(&"[".repeat(1_000)).unwrap_err().is::<TooMuch>());
        assert!(measure(&"- ".repeat(1_000)).unwrap_err().is::<TooMuch>());
    }

    #[test]
    fn what_is_no_yaml_is_said_by_the_reader() {
        assert!(measure("a: [").is_ok());
        assert!(!read("a: [").unwrap_err().is::<TooMuch>());
        assert_eq!(read("a: [1, yes]").unwrap().to_string(), "{\"a\":[1,\"yes\"]}");
    }
}
