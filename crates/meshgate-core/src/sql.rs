//! Row filters and masks as SQL text, for engines that take a condition and an expression: every name and every value is
//! written so that nothing in it can be read as anything else.
//!
//! Deliberately absent: names with parts. A column is one identifier, dots included; a nested field is no column of its own.

use crate::access::{Condition, Mask, MaskKind, Op, partial};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// What stands in the place of a redacted text.
pub const REDACTED: &str = "[redacted]";

/// An engine's SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// Trino.
    Trino,
    /// Snowflake.
    Snowflake,
    /// BigQuery (GoogleSQL).
    BigQuery,
    /// DuckDB.
    DuckDb,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Postgres, Self::Trino, Self::Snowflake, Self::BigQuery, Self::DuckDb];

    /// The word in requests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Trino => "trino",
            Self::Snowflake => "snowflake",
            Self::BigQuery => "bigquery",
            Self::DuckDb => "duckdb",
        }
    }

    /// The dialect that a word names.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        let word = if word == "postgresql" { "postgres" } else { word };
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == word)
    }
}

/// What cannot be said in SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsaid(pub String);

impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsaid {}

/// The condition that all of some conditions hold; `None` when there are none.
#[must_use]
pub fn all_of(conditions: &[String]) -> Option<String> {
    match conditions {
        [] => None,
        [one] => Some(one.clone()),
        all => Some(all.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(" AND ")),
    }
}

/// One condition.
///
/// # Errors
/// [`Unsaid`] for a name or a value that the dialect has no way to write.
pub fn condition(condition: &Condition, dialect: Dialect) -> Result<String, Unsaid> {
    match condition {
        Condition::Any(all) => joined(all, " OR ", dialect),
        Condition::All(all) => joined(all, " AND ", dialect),
        Condition::Column { column, op, value } => {
            let column = identifier(column, dialect)?;
            let compared = |sign: &str| Ok(format!("{column} {sign} {}", literal(value, dialect)?));
            let listed = |word: &str, none: &str| {
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                if items.is_empty() {
                    return Ok(none.to_owned());
                }
                let items: Vec<String> =
                    items.iter().map(|item| literal(item, dialect)).collect::<Result<_, Unsaid>>()?;
                Ok(format!("{column} {word} ({})", items.join(", ")))
            };
            match op {
                Op::Eq => compared("="),
                Op::Ne => compared("<>"),
                Op::Lt => compared("<"),
                Op::Le => compared("<="),
                Op::Gt => compared(">"),
                Op::Ge => compared(">="),
                // Of nothing, no engine takes a list.
                Op::In => listed("IN", "1 = 0"),
                Op::NotIn => listed("NOT IN", "1 = 1"),
                Op::Like => like(&column, value, dialect),
                Op::IsNull if *value == Value::Bool(false) => Ok(format!("{column} IS NOT NULL")),
                Op::IsNull => Ok(format!("{column} IS NULL")),
            }
        }
    }
}

fn joined(all: &[Condition], word: &str, dialect: Dialect) -> Result<String, Unsaid> {
    let all: Vec<String> =
        all.iter().map(|one| condition(one, dialect).map(|text| format!("({text})"))).collect::<Result<_, _>>()?;
    if all.is_empty() { Err(Unsaid("a condition of nothing".to_owned())) } else { Ok(all.join(word)) }
}

/// The character before one that is taken as it is. Not the backslash: whether it needs to be doubled in a text differs
/// between engines and their settings.
const ESCAPE: char = '!';

/// In a policy's pattern the backslash takes the next character as it is.
fn like(column: &str, value: &Value, dialect: Dialect) -> Result<String, Unsaid> {
    let pattern = value.as_str().unwrap_or_default();
    // BigQuery has the backslash, and no other.
    if dialect == Dialect::BigQuery {
        escaped(pattern, '\\')?;
        return Ok(format!("{column} LIKE {}", text(pattern, dialect)?));
    }
    Ok(format!("{column} LIKE {} ESCAPE '{ESCAPE}'", text(&escaped(pattern, ESCAPE)?, dialect)?))
}

/// The pattern with another character before those that are taken as they are.
fn escaped(pattern: &str, escape: char) -> Result<String, Unsaid> {
    let mut written = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some(next @ ('%' | '_')) => written.extend([escape, next]),
                Some('\\') => written.push('\\'),
                // What it would mean there is not the same everywhere.
                _ => {
                    let message = format!("in the pattern `{pattern}` a `\\` stands before none of `%`, `_` and `\\`");
                    return Err(Unsaid(message));
                }
            },
            c if c == escape => written.extend([escape, escape]),
            c => written.push(c),
        }
    }
    Ok(written)
}

/// What to read in the place of a column. The expression has no name of its own: `<expression> AS <column>`.
///
/// # Errors
/// [`Unsaid`], as for [`condition`].
pub fn mask(mask: &Mask, dialect: Dialect, keys: &HashKeys) -> Result<String, Unsaid> {
    let column = identifier(&mask.column, dialect)?;
    let as_text = match dialect {
        Dialect::BigQuery => format!("CAST({column} AS STRING)"),
        _ => format!("CAST({column} AS VARCHAR)"),
    };
    let argument = |key: &str| mask.args.as_ref().and_then(|args| args.get(key));
    match mask.kind {
        MaskKind::Null => Ok("NULL".to_owned()),
        MaskKind::Redact => text(REDACTED, dialect),
        MaskKind::Constant => literal(argument("value").unwrap_or(&Value::Null), dialect),
        MaskKind::Hash if argument("key").is_some() => {
            let name = argument("key").and_then(Value::as_str).unwrap_or_default();
            let key = keys.get(name).ok_or_else(|| Unsaid(format!("there is no key `{name}` for hash masks")))?;
            Ok(format!("CASE WHEN {column} IS NULL THEN NULL ELSE {} END", key.hash(&as_text, dialect)))
        }
        MaskKind::Hash => {
            let salted = match argument("salt").and_then(Value::as_str) {
                Some(salt) => format!("CONCAT({}, {as_text})", text(salt, dialect)?),
                None => as_text,
            };
            let hashed = match dialect {
                Dialect::Postgres => format!("ENCODE(SHA256(CONVERT_TO({salted}, 'UTF8')), 'hex')"),
                Dialect::Trino => format!("LOWER(TO_HEX(SHA256(TO_UTF8({salted}))))"),
                Dialect::Snowflake => format!("SHA2({salted}, 256)"),
                Dialect::BigQuery => format!("TO_HEX(SHA256({salted}))"),
                Dialect::DuckDb => format!("SHA256({salted})"),
            };
            // Some engines take a null in a concatenation for nothing: it would have the hash of the salt.
            Ok(format!("CASE WHEN {column} IS NULL THEN NULL ELSE {hashed} END"))
        }
        MaskKind::Partial => {
            let (first, last) = partial(mask.args.as_ref()).unwrap_or((0, 0));
            let shown = first.saturating_add(last);
            let length = format!("LENGTH({as_text})");
            let start = format!("SUBSTR({as_text}, 1, {first})");
            let end = format!("SUBSTR({as_text}, {length} - {last} + 1, {last})");
            let parts: Vec<&str> =
                [(first > 0).then_some(start.as_str()), Some("'***'"), (last > 0).then_some(end.as_str())]
                    .into_iter()
                    .flatten()
                    .collect();
            let whole = if parts.len() == 1 { "'***'".to_owned() } else { format!("CONCAT({})", parts.join(", ")) };
            // A value of which nothing would be hidden is hidden as a whole.
            Ok(format!("CASE WHEN {column} IS NULL THEN NULL WHEN {length} <= {shown} THEN '***' ELSE {whole} END"))
        }
    }
}

/// The keys of hash masks, by their names.
pub type HashKeys = BTreeMap<String, HashKey>;

/// A key of a hash mask: HMAC-SHA256 (RFC 2104), said by SHA-256 alone, which every dialect has. Who has not the key cannot
/// look a value up by hashing all that there may be.
#[derive(Clone, PartialEq, Eq)]
pub struct HashKey {
    /// The key with the inner and the outer padding, in hexadecimal digits.
    inner: String,
    outer: String,
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashKey").finish_non_exhaustive()
    }
}

impl HashKey {
    /// A key of 64 bytes: a shorter one is filled up with zeros, a longer one is its SHA-256 and zeros.
    #[must_use]
    pub fn new(block: &[u8; 64]) -> Self {
        let with = |pad: u8| block.iter().fold(String::new(), |text, byte| text + &format!("{:02x}", byte ^ pad));
        Self { inner: with(0x36), outer: with(0x5c) }
    }

    /// What is in SQL in the place of the key: it must stand in no log.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        [self.inner.as_str(), self.outer.as_str()].into_iter()
    }

    fn hash(&self, value: &str, dialect: Dialect) -> String {
        let Self { inner, outer } = self;
        match dialect {
            Dialect::Postgres => format!(
                "ENCODE(SHA256(DECODE('{outer}', 'hex') || SHA256(DECODE('{inner}', 'hex') || CONVERT_TO({value}, 'UTF8'))), 'hex')"
            ),
            Dialect::Trino => format!(
                "LOWER(TO_HEX(SHA256(CONCAT(FROM_HEX('{outer}'), SHA256(CONCAT(FROM_HEX('{inner}'), TO_UTF8({value})))))))"
            ),
            Dialect::Snowflake => format!(
                "SHA2(CONCAT(TO_BINARY('{outer}', 'HEX'), SHA2_BINARY(CONCAT(TO_BINARY('{inner}', 'HEX'), TO_BINARY({value}, 'UTF-8')), 256)), 256)"
            ),
            Dialect::BigQuery => format!(
                "TO_HEX(SHA256(CONCAT(FROM_HEX('{outer}'), SHA256(CONCAT(FROM_HEX('{inner}'), CAST({value} AS BYTES))))))"
            ),
            Dialect::DuckDb => {
                format!("SHA256(UNHEX('{outer}') || UNHEX(SHA256(UNHEX('{inner}') || ENCODE({value}))))")
            }
        }
    }
}

/// A column's name.
///
/// # Errors
/// [`Unsaid`] when it is empty, or has a character that no identifier of the dialect may have.
pub fn identifier(name: &str, dialect: Dialect) -> Result<String, Unsaid> {
    // Of a backtick and a backslash in a name BigQuery has none, and readers of its SQL differ on how they would be written.
    let refused = |c: char| c.is_control() || (dialect == Dialect::BigQuery && matches!(c, '`' | '\\'));
    if name.is_empty() || name.chars().any(refused) {
        return Err(Unsaid(format!("`{}` cannot be a column's name", name.escape_default())));
    }
    Ok(match dialect {
        Dialect::BigQuery => format!("`{name}`"),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    })
}

/// A scalar.
///
/// # Errors
/// [`Unsaid`] for what is none, and for a text that has characters which the dialect's texts cannot have.
pub fn literal(value: &Value, dialect: Dialect) -> Result<String, Unsaid> {
    match value {
        Value::Null => Ok("NULL".to_owned()),
        Value::Bool(true) => Ok("TRUE".to_owned()),
        Value::Bool(false) => Ok("FALSE".to_owned()),
        Value::Number(number) => {
            let text = number.to_string();
            let plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
            if text.chars().all(plain) { Ok(text) } else { Err(Unsaid(format!("`{text}` is no number of SQL"))) }
        }
        Value::String(text) => self::text(text, dialect),
        Value::Array(_) | Value::Object(_) => Err(Unsaid("a list or a map is no value of SQL".to_owned())),
    }
}

fn text(text: &str, dialect: Dialect) -> Result<String, Unsaid> {
    // No engine stores it, and some end the text there.
    if text.contains('\0') {
        return Err(Unsaid("a text has the character U+0000, which SQL cannot say".to_owned()));
    }
    let doubled = || text.replace('\'', "''");
    Ok(match dialect {
        Dialect::Trino | Dialect::DuckDb => format!("'{}'", doubled()),
        // With a backslash, what a plain text means depends on a setting of the server.
        Dialect::Postgres if text.contains('\\') => format!("E'{}'", doubled().replace('\\', "\\\\")),
        Dialect::Postgres => format!("'{}'", doubled()),
        Dialect::Snowflake => format!("'{}'", doubled().replace('\\', "\\\\")),
        Dialect::BigQuery => {
            let mut written = String::with_capacity(text.len() + 2);
            written.push('\'');
            for c in text.chars() {
                match c {
                    '\\' => written.push_str("\\\\"),
                    '\'' => written.push_str("\\'"),
                    '\n' => written.push_str("\\n"),
                    '\r' => written.push_str("\\r"),
                    c => written.push(c),
                }
            }
            written.push('\'');
            written
        }
    })
}

#[cfg(test)]
mod tests;
