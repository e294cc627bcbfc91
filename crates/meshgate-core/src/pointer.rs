//! RFC 6901 JSON pointers, and places (`<file>#<pointer>`) for things that live in another file.
//!
//! Deliberately absent: lines and columns. Rules name pointers, the reader finds the lines.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// A JSON pointer: `""` is the whole document, `/ports/0/name` a value in it.
///
/// ```
/// use meshgate_core::pointer::Pointer;
/// assert_eq!(Pointer::root().key("ports").index(0).key("a/b").as_str(), "/ports/0/a~1b");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(String);

impl Pointer {
    /// Returns the pointer of the whole document.
    #[must_use]
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// Parses a pointer. A pointer is empty or begins with `/`.
    ///
    /// # Errors
    /// [`NotAPointer`] when the text is neither.
    pub fn parse(text: &str) -> Result<Self, NotAPointer> {
        if text.is_empty() || text.starts_with('/') {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAPointer(text.to_owned()))
        }
    }

    /// Appends the key of an object, escaping `~` and `/`.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let mut text = String::with_capacity(self.0.len() + key.len() + 1);
        text.push_str(&self.0);
        text.push('/');
        if !key.contains(['~', '/']) {
            text.push_str(key);
            return Self(text);
        }
        for c in key.chars() {
            match c {
                '~' => text.push_str("~0"),
                '/' => text.push_str("~1"),
                other => text.push(other),
            }
        }
        Self(text)
    }

    /// Appends the index of an array element.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut text = String::with_capacity(self.0.len() + 4);
        text.push_str(&self.0);
        // Writing to a string cannot fail.
        let _ = write!(text, "/{index}");
        Self(text)
    }

    /// Returns the unescaped steps from the root.
    pub fn steps(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.split('/').skip(1).map(|step| {
            if step.contains('~') {
                Cow::Owned(step.replace("~1", "/").replace("~0", "~"))
            } else {
                Cow::Borrowed(step)
            }
        })
    }

    /// Returns the pointer as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text was not a JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAPointer(pub String);

impl fmt::Display for NotAPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a JSON pointer: it must be empty or begin with `/`", self.0)
    }
}

impl std::error::Error for NotAPointer {}

/// A pointer, and the file it is in when that is not the descriptor itself. Written `<file>#<pointer>` or `<pointer>`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file as the report names it; `None` is the descriptor's own.
    pub file: Option<String>,
    /// The pointer in that file.
    pub pointer: Pointer,
}

impl Place {
    /// Parses `<pointer>` or `<file>#<pointer>`.
    ///
    /// # Errors
    /// [`NotAPointer`] when the part that should be a pointer is none.
    pub fn parse(text: &str) -> Result<Self, NotAPointer> {
        if text.is_empty() || text.starts_with('/') {
            return Ok(Self { file: None, pointer: Pointer::parse(text)? });
        }
        // A file name may hold `#`, a pointer begins with `/`: the last `#/` separates, or a `#` at the very end.
        let split = text.rfind("#/").or_else(|| text.strip_suffix('#').map(str::len));
        match split.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))) {
            Some((file, pointer)) if !file.is_empty() => {
                Ok(Self { file: Some(file.to_owned()), pointer: Pointer::parse(pointer)? })
            }
            _ => Err(NotAPointer(text.to_owned())),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}#")?;
        }
        write!(f, "{}", self.pointer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_escaped_and_read_back() {
        let pointer = Pointer::root().key("a/b").key("~c").index(3);
        assert_eq!(pointer.as_str(), "/a~1b/~0c/3");
        assert_eq!(pointer.steps().collect::<Vec<_>>(), ["a/b", "~c", "3"]);
    }

    #[test]
    fn the_root_has_no_steps() {
        assert_eq!(Pointer::root().steps().count(), 0);
        assert_eq!(Pointer::parse("/").map(|p| p.steps().count()), Ok(1));
    }

    #[test]
    fn places_name_files() {
        for text in ["", "/a/0", "ports/x.json#/name", "a#b.json#/name", "x.json#"] {
            assert_eq!(Place::parse(text).map(|p| p.to_string()).as_deref(), Ok(text));
        }
        assert!(Place::parse("schema[0].name").is_err());
        assert!(Place::parse("#/a").is_err());
    }
}
