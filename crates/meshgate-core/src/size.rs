//! How much a text of JSON holds, told from its bytes before anything is made of them.
//!
//! Deliberately absent: parsing. A text that is not JSON has a size too; whoever reads it says what is wrong with it.

/// Counts the values of a text of JSON, or more: one for each bracket that opens and each comma, outside of strings.
///
/// ```
/// use meshgate_core::size::json_values;
/// assert_eq!(json_values(br#"{"a": [1, 2, "x,y"], "b": null}"#), 6);
/// ```
#[must_use]
pub fn json_values(text: &[u8]) -> usize {
    let mut values = 1_usize;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b',' | b'[' | b'{' => values += 1,
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'"' => break,
                        b'\\' => {
                            bytes.next();
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    values
}

/// Does a text of JSON hold more values than so many? Texts that are too short for it are not looked at.
#[must_use]
pub fn has_more_values(text: &[u8], most: usize) -> bool {
    // Each value but the first needs two bytes at least.
    text.len() / 2 >= most && json_values(text) > most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_missed() {
        for (text, at_least) in [("", 1), ("1", 1), ("[]", 1), ("[1]", 2), (r#"["\"",1,{"a":{}}]"#, 5), (r#""[,"#, 1)] {
            assert!(json_values(text.as_bytes()) >= at_least, "{text}");
        }
        assert!(!has_more_values(b"[1,2,3]", 100));
        assert!(has_more_values(b"[1,2,3,4,5,6]", 3));
        // A text in which commas stand in strings has no more values for it.
        assert!(!has_more_values(br#"["a,b,c,d,e,f,g,h,i,j"]"#, 5));
    }
}
