//! The words of an identifier: `custOrderID_2` is `cust`, `order`, `id`.
//!
//! Deliberately absent: languages; a word is letters between boundaries.

/// A word and where it stands in its name, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub start: usize,
    pub end: usize,
}

/// Splits at everything that is no letter, at `aB` and at `ABc`.
pub fn split(name: &str) -> Vec<Word> {
    let chars: Vec<(usize, char)> = name.char_indices().collect();
    let mut words = Vec::new();
    let mut start = None;
    for (index, &(at, c)) in chars.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|i| chars.get(i)).map(|&(_, c)| c);
        let after = chars.get(index + 1).map(|&(_, c)| c);
        let camel = c.is_uppercase()
            && (before.is_some_and(char::is_lowercase)
                || (before.is_some_and(char::is_uppercase) && after.is_some_and(char::is_lowercase)));
        if (!c.is_alphabetic() || camel)
            && let Some(begun) = start.take()
        {
            words.push(word(name, begun, at));
        }
        if c.is_alphabetic() && start.is_none() {
            start = Some(at);
        }
    }
    if let Some(begun) = start {
        words.push(word(name, begun, name.len()));
    }
    words
}

fn word(name: &str, start: usize, end: usize) -> Word {
    Word { text: name[start..end].to_lowercase(), start, end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_as_people_read_them() {
        let split = |name| split(name).into_iter().map(|w| w.text).collect::<Vec<_>>();
        assert_eq!(split("customer_id"), ["customer", "id"]);
        assert_eq!(split("custOrderID_2"), ["cust", "order", "id"]);
        assert_eq!(split("HTTPStatus"), ["http", "status"]);
        assert_eq!(split("Straße-größe"), ["straße", "größe"]);
        assert!(split("_42_").is_empty());
    }
}
