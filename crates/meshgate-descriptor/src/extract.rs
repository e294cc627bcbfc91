//! Where teams write what the standards have no field for: classification, personal data, masking and owner, in custom
//! properties, `x-` keys and tags.
//!
//! Deliberately absent: guessing from names; that a column called `email` is personal is a rule's remark, not the model's.

use crate::document::Cursor;
use meshgate_core::model::Column;

const CLASSIFICATION: &[&str] = &["classification", "dataClassification", "confidentiality", "sensitivity"];
const PII: &[&str] = &["pii", "isPii", "containsPii", "personalData"];
const MASKING: &[&str] = &[
    "masking",
    "maskingStrategy",
    "anonymizationStrategy",
    "anonymisationStrategy",
    "pseudonymization",
    "tokenization",
];
const ENCRYPTED: &[&str] = &["encrypted", "encryption"];
const PII_TAGS: &[&str] = &["pii", "personal", "personal-data", "personal_data", "gdpr", "sensitive:pii"];

/// Fills in what a column says of privacy.
pub fn privacy(cursor: &Cursor<'_>, column: &mut Column) {
    column.classification = property(cursor, CLASSIFICATION).or_else(|| tagged(&column.tags)).map(|c| c.to_lowercase());
    let said = property(cursor, PII).map(|value| affirmative(&value));
    let tag = column.tags.iter().any(|tag| PII_TAGS.iter().any(|known| tag.eq_ignore_ascii_case(known)));
    column.pii = if tag { Some(true) } else { said };
    column.encrypted = match cursor.string("encryptedName") {
        Some(_) => Some(true),
        None => property(cursor, ENCRYPTED).map(|value| affirmative(&value)),
    };
    column.masking = property(cursor, MASKING).filter(|strategy| affirmative(strategy));
}

/// Returns the first of these that the thing has: as a field, an `x-` field, or a custom property.
pub fn property(cursor: &Cursor<'_>, names: &[&str]) -> Option<String> {
    let custom = cursor.get("customProperties");
    names.iter().find_map(|name| {
        cursor.string(name).or_else(|| cursor.string(&format!("x-{name}"))).or_else(|| {
            let custom = custom.as_ref()?;
            // The standard says a list of {property, value}; many write a map.
            let listed =
                custom.items().find(|row| row.string("property").is_some_and(|p| p.eq_ignore_ascii_case(name)));
            listed.map_or_else(|| custom.string(name), |row| row.string("value"))
        })
    })
}

/// A tag like `classification:restricted` or `confidentiality=internal`.
fn tagged(tags: &[String]) -> Option<String> {
    tags.iter().find_map(|tag| {
        let (key, value) = tag.split_once([':', '='])?;
        CLASSIFICATION.iter().any(|name| key.trim().eq_ignore_ascii_case(name)).then(|| value.trim().to_owned())
    })
}

/// `none` is a way of saying that there is nothing.
fn affirmative(value: &str) -> bool {
    !["none", "no", "false", "off", "n/a", "na", "0"].iter().any(|word| value.trim().eq_ignore_ascii_case(word))
}
