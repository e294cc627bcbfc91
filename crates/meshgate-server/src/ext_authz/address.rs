//! The address of a request that a proxy asks about, taken apart as OPA's plugin for Envoy does.
//!
//! Deliberately absent: repair. A path that one program reads otherwise than the next is refused, since the policy would
//! decide about another one than is served.

use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

/// Can a step be read as another one: as the way up, as several, or as one without what stands at its end? Programs differ
/// on blanks and points at the end of a name, on signs that look like others, and on what is not seen.
fn is_odd(step: &str) -> bool {
    let folded: String = step.chars().filter(|letter| !is_unseen(*letter)).map(narrow).collect();
    let ends = |text: &str| text.trim().len() < text.len() || text.ends_with('.');
    folded.contains(['/', '\\', ';', '%'])
        || folded.chars().any(char::is_control)
        || folded.chars().all(|letter| letter == '.')
        || ends(step)
        || ends(&folded)
}

/// The plain sign that others are read as, where they are normalised.
fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        // One, two and three points, and those of other scripts that stand for one in names.
        '\u{2024}' | '\u{2025}' | '\u{2026}' | '\u{fe52}' | '\u{fe19}' | '\u{3002}' | '\u{ff61}' => '.',
        '\u{2044}' | '\u{2215}' | '\u{29f8}' => '/',
        '\u{2216}' | '\u{fe68}' | '\u{29f5}' | '\u{29f9}' => '\\',
        '\u{fe54}' | '\u{37e}' => ';',
        '\u{fe6a}' => '%',
        '\u{3000}' | '\u{2000}'..='\u{200a}' => ' ',
        letter => letter,
    }
}

/// Signs that are not seen, and that some programs leave out.
const fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// An address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// The steps of its path, unpacked.
    pub steps: Vec<String>,
    /// Its query, unpacked.
    pub query: BTreeMap<String, Vec<String>>,
}

impl Address {
    /// Reads `/path?query`, or a whole address.
    ///
    /// # Errors
    /// What is ambiguous about it.
    pub fn read(uri: &str) -> Result<Self, String> {
        // Some take what follows for a fragment, others for a part of the path.
        if uri.contains('#') {
            return Err("the address has a `#`".to_owned());
        }
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let whole = path.strip_prefix("https://").or_else(|| path.strip_prefix("http://"));
        let path = whole.map_or(path, |rest| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default());
        if !path.starts_with('/') {
            return Err(format!("the path `{}` does not begin with `/`", path.escape_default()));
        }
        let mut steps = Vec::new();
        let inner = path.strip_prefix('/').unwrap_or_default();
        let last = inner.split('/').count().saturating_sub(1);
        for (index, step) in inner.split('/').enumerate() {
            // An end of `/` is usual; nothing in between is not.
            if step.is_empty() && index == last {
                continue;
            }
            let text = percent_decode_str(step).decode_utf8().map_err(|_| "the path is not UTF-8".to_owned())?;
            let odd = text.is_empty() || is_odd(&text);
            if odd {
                return Err(format!("the path `{}` can be read in several ways", path.escape_default()));
            }
            steps.push(text.into_owned());
        }
        let mut pairs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            pairs.entry(key.into_owned()).or_default().push(value.into_owned());
        }
        Ok(Self { steps, query: pairs })
    }
}
