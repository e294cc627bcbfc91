//! Where teams write what the standards have no field for: classification, personal data, masking, encryption, retention
//! and owner, in custom properties, `x-` keys and tags. Names come from the configuration (`extract:`), then the defaults.
//!
//! Deliberately absent: guessing from names; that a column called `email` is personal is a rule's remark, not the model's.

use crate::cursor::Cursor;
use meshgate_core::model::{Column, Owner};

/// The names under which a team writes what the standards have no field for. Names of the configuration come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// Keys that hold a classification. Default `classification`, `dataClassification`, `confidentiality`, `sensitivity`,
    /// `classifications.sensitivity`. A dot leads into a map.
    pub classification: Vec<String>,
    /// Keys that say that something is personal data. Default `pii`, `isPii`, `containsPii`, `personalData`.
    pub pii: Vec<String>,
    /// Tags that say so. Default `pii`, `personal`, `personal-data`, `personal_data`, `gdpr`, `sensitive:pii`.
    pub pii_tags: Vec<String>,
    /// Keys whose lists hold such tags. Default `classifications.regulatoryTags`.
    pub tags: Vec<String>,
    /// Keys that name a masking. Default `masking`, `maskingStrategy`, `anonymizationStrategy` and its kin.
    pub masking: Vec<String>,
    /// Keys that say that something is encrypted. Default `encrypted`, `encryption`.
    pub encrypted: Vec<String>,
    /// Keys that name an owner. Default `owner`, `dataOwner`, `data-owner`, `productOwner`.
    pub owner: Vec<String>,
    /// Keys that say how long data is kept. Default `retention`, `retentionTime`, `retentionPeriod`.
    pub retention: Vec<String>,
}

impl Default for Extract {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            classification: names(&[
                "classification",
                "dataClassification",
                "confidentiality",
                "sensitivity",
                "classifications.sensitivity",
            ]),
            pii: names(&["pii", "isPii", "containsPii", "personalData"]),
            pii_tags: names(&["pii", "personal", "personal-data", "personal_data", "gdpr", "sensitive:pii"]),
            tags: names(&["classifications.regulatoryTags"]),
            masking: names(&[
                "masking",
                "maskingStrategy",
                "anonymizationStrategy",
                "anonymisationStrategy",
                "pseudonymization",
                "tokenization",
            ]),
            encrypted: names(&["encrypted", "encryption"]),
            owner: names(&["owner", "dataOwner", "data-owner", "productOwner"]),
            retention: names(&["retention", "retentionTime", "retentionPeriod"]),
        }
    }
}

/// Says whether a key may hold what is looked for under these names.
fn may_hold(names: &[String], key: &str) -> bool {
    let plain = key.strip_prefix("x-").unwrap_or(key);
    let is = |name: &String| name.strip_prefix(plain).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    matches!(key, "customProperties" | "custom") || names.iter().any(is)
}

/// Fills in what a column says of privacy.
pub fn privacy(cursor: &Cursor<'_>, column: &mut Column) {
    let extract = cursor.extract();
    let known = |tag: &String| extract.pii_tags.iter().any(|known| tag.eq_ignore_ascii_case(known));
    let classification = property(cursor, &extract.classification).and_then(|value| value.text());
    let classification = classification.or_else(|| tagged(&column.tags, &extract.classification));
    column.classification = classification.map(|text| text.to_lowercase());
    let said = property(cursor, &extract.pii).and_then(|value| value.text()).map(|text| affirmative(&text));
    let listed = extract.tags.iter().filter_map(|name| property(cursor, std::slice::from_ref(name)));
    let tag = column.tags.iter().any(known) || listed.flat_map(|list| list.texts()).any(|tag| known(&tag));
    column.pii = if tag { Some(true) } else { said };
    let encrypted = property(cursor, &extract.encrypted).and_then(|value| value.text());
    column.encrypted = match cursor.any_string(&["encryptedName", "encryptedColumnName"]) {
        Some(_) => Some(true),
        None => encrypted.map(|text| affirmative(&text)),
    };
    column.masking =
        property(cursor, &extract.masking).and_then(|value| value.text()).filter(|strategy| affirmative(strategy));
}

/// What is said of the elements of a list holds for the list, where the list says nothing itself.
pub fn of_elements(column: &mut Column, elements: Column) {
    column.classification = column.classification.take().or(elements.classification);
    column.pii = column.pii.or(elements.pii);
    column.encrypted = column.encrypted.or(elements.encrypted);
    column.masking = column.masking.take().or(elements.masking);
    column.columns.extend(elements.columns);
}

/// Returns the owner that a custom property names.
pub fn owner(cursor: &Cursor<'_>) -> Option<Owner> {
    property(cursor, &cursor.extract().owner).and_then(|value| value.text()).map(by_id)
}

/// Returns how long data is kept, where a custom property says so.
pub fn retention(cursor: &Cursor<'_>) -> Option<String> {
    property(cursor, &cursor.extract().retention).and_then(|value| value.text())
}

/// Makes an owner of an id; one with an `@` is a mail address too.
pub fn by_id(id: String) -> Owner {
    Owner { email: Some(id.clone()).filter(|id| id.contains('@')), id: Some(id), ..Owner::default() }
}

/// Returns the first of these that the thing has: as a field, an `x-` field, or a custom property.
fn property<'a>(cursor: &Cursor<'a>, names: &[String]) -> Option<Cursor<'a>> {
    // Most columns say nothing of the kind, and there are many columns.
    if !cursor.has_any(|key| may_hold(names, key)) {
        return None;
    }
    let custom: Vec<Cursor<'a>> = ["customProperties", "custom"].iter().filter_map(|key| cursor.get(key)).collect();
    names.iter().find_map(|name| {
        // `classifications.sensitivity` leads into a map.
        let (name, path) = name.split_once('.').map_or((name.as_str(), None), |(name, path)| (name, Some(path)));
        let inner = |value: Cursor<'a>| match path {
            Some(path) => path.split('.').try_fold(value, |value, step| value.get(step)),
            None => Some(value),
        };
        let field = cursor.get(name).or_else(|| cursor.get(&format!("x-{name}")));
        field.and_then(inner).filter(|value| !value.is_null()).or_else(|| {
            custom.iter().find_map(|custom| {
                // The standard says a list of {property, value}; many write a map.
                let listed =
                    custom.items().find(|row| row.string("property").is_some_and(|p| p.eq_ignore_ascii_case(name)));
                listed.map_or_else(|| custom.get(name), |row| row.get("value")).and_then(inner)
            })
        })
    })
}

/// A tag like `classification:restricted` or `confidentiality=internal`.
fn tagged(tags: &[String], names: &[String]) -> Option<String> {
    tags.iter().find_map(|tag| {
        let (key, value) = tag.split_once([':', '='])?;
        names.iter().any(|name| key.trim().eq_ignore_ascii_case(name)).then(|| value.trim().to_owned())
    })
}

/// `none` is a way of saying that there is nothing.
pub fn affirmative(value: &str) -> bool {
    !["none", "no", "false", "off", "n/a", "na", "0"].iter().any(|word| value.trim().eq_ignore_ascii_case(word))
}
