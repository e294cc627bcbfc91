//! Where teams write what the standards have no field for: classification, personal data, masking, encryption, retention
//! and owner, in custom properties, `x-` keys and tags. Names come from the configuration (`extract:`), then the defaults.
//!
//! Deliberately absent: guessing from names; that a column called `email` is personal is a rule's remark, not the model's.

use crate::cursor::Cursor;
use meshgate_core::model::{Column, Owner};
use std::collections::HashSet;

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

/// Fills in what a column says of privacy. Where it says several things, the strictest counts.
pub fn privacy(cursor: &Cursor<'_>, column: &mut Column) {
    let extract = cursor.extract();
    let said = properties(cursor, &extract.classification).into_iter().flat_map(|value| words(&value));
    let tags = column.tags.iter().filter_map(|tag| tagged(tag, &extract.classification));
    column.classification = said.chain(tags).map(|text| text.to_lowercase()).max_by_key(|text| strictness(text));
    let listed = properties(cursor, &extract.tags).into_iter().flat_map(|list| words(&list));
    let tagged = column.tags.iter().cloned().chain(listed).any(|tag| says_personal(&tag, &extract.pii_tags));
    let said: Vec<bool> =
        properties(cursor, &extract.pii).iter().flat_map(words).map(|text| affirmative(&text)).collect();
    column.pii = if tagged { Some(true) } else { said.into_iter().reduce(|a, b| a || b) };
    let encrypted: Vec<bool> =
        properties(cursor, &extract.encrypted).iter().flat_map(words).map(|text| affirmative(&text)).collect();
    column.encrypted = encrypted.into_iter().reduce(|a, b| a && b);
    let masking: Vec<String> = properties(cursor, &extract.masking).iter().flat_map(words).collect();
    column.masking = masking.iter().all(|text| affirmative(text)).then(|| masking.into_iter().next()).flatten();
}

/// What is said of the elements of a list holds for the list, where it is as strict or stricter; a mask counts for what it
/// is written on.
pub fn of_elements(column: &mut Column, elements: Column) {
    let rank = |classification: &Option<String>| classification.as_deref().map(strictness);
    let (own, inner) = (rank(&column.classification), rank(&elements.classification));
    if inner > own {
        column.classification = elements.classification;
        column.masking = elements.masking;
    } else if inner.is_some() && inner == own && elements.masking.is_none() {
        column.masking = None;
    }
    column.pii = match (column.pii, elements.pii) {
        (Some(a), Some(b)) => Some(a || b),
        (a, b) => a.or(b),
    };
    column.encrypted = column.encrypted.or(elements.encrypted);
    if !elements.tags.is_empty() {
        let known: HashSet<String> = column.tags.iter().cloned().collect();
        column.tags.extend(elements.tags.into_iter().filter(|tag| !known.contains(tag)));
    }
    column.columns.extend(elements.columns);
}

/// The order of classifications, the strictest last. A word that is not known is more than `internal`: somebody thought
/// that it needed one.
fn strictness(classification: &str) -> u8 {
    let text = classification.trim();
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    let not = text.starts_with("un") || text.starts_with("non") || text.starts_with("not");
    match text {
        _ if !not && words.any(|word| matches!(word, "restricted" | "secret")) => 5,
        "public" | "open" | "unclassified" | "unrestricted" | "none" => 0,
        "internal" => 1,
        "confidential" | "sensitive" | "highly confidential" | "strictly confidential" => 3,
        _ => 2,
    }
}

/// A scalar, or the scalars of a list; empty text is nothing.
fn words(value: &Cursor<'_>) -> Vec<String> {
    value.text().map_or_else(|| value.texts(), |text| vec![text])
}

/// A tag, or the first word of one: `PII`, `PII.Sensitive`, `pii:name`.
fn says_personal(tag: &str, known: &[String]) -> bool {
    let first = tag.split(['.', ':', '=']).next().unwrap_or(tag).trim();
    known.iter().any(|known| tag.eq_ignore_ascii_case(known) || first.eq_ignore_ascii_case(known))
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

/// Returns the first of these that the thing has.
fn property<'a>(cursor: &Cursor<'a>, names: &[String]) -> Option<Cursor<'a>> {
    properties(cursor, names).into_iter().next()
}

/// Returns all of these that the thing has, as a field, an `x-` field, or a custom property, in the order of the names.
fn properties<'a>(cursor: &Cursor<'a>, names: &[String]) -> Vec<Cursor<'a>> {
    // Most columns say nothing of the kind, and there are many columns.
    if !cursor.has_any(|key| may_hold(names, key)) {
        return Vec::new();
    }
    let custom: Vec<Cursor<'a>> = ["customProperties", "custom"].iter().filter_map(|key| cursor.get(key)).collect();
    let mut found = Vec::new();
    for name in names {
        // `classifications.sensitivity` leads into a map.
        let (name, path) = name.split_once('.').map_or((name.as_str(), None), |(name, path)| (name, Some(path)));
        if custom.is_empty() && !cursor.has_any(|key| key.strip_prefix("x-").unwrap_or(key) == name) {
            continue;
        }
        let mut values: Vec<Cursor<'a>> =
            [name, &format!("x-{name}")].iter().filter_map(|key| cursor.get(key)).collect();
        for custom in &custom {
            // The standard says a list of {property, value}; many write a map.
            let rows =
                custom.items().filter(|row| row.string("property").is_some_and(|p| p.eq_ignore_ascii_case(name)));
            values.extend(rows.filter_map(|row| row.get("value")));
            values.extend(custom.get(name));
        }
        found.extend(values.into_iter().filter_map(|value| match path {
            Some(path) => path.split('.').try_fold(value, |value, step| value.get(step)),
            None => Some(value),
        }));
    }
    found.retain(|value| !value.is_null());
    found
}

/// A tag like `classification:restricted`, `confidentiality=internal` or `Classification.Restricted`.
fn tagged(tag: &str, names: &[String]) -> Option<String> {
    let (key, value) = tag.split_once([':', '=', '.'])?;
    names.iter().any(|name| key.trim().eq_ignore_ascii_case(name)).then(|| value.trim().to_owned())
}

/// `none` is a way of saying that there is nothing.
pub fn affirmative(value: &str) -> bool {
    const NOTHING: &[&str] = &[
        "none",
        "no",
        "false",
        "off",
        "n/a",
        "na",
        "0",
        "-",
        "null",
        "nothing",
        "disabled",
        "unmasked",
        "plain",
        "plaintext",
        "cleartext",
        "clear",
        "tbd",
        "todo",
        "unknown",
    ];
    !NOTHING.iter().any(|word| value.trim().eq_ignore_ascii_case(word))
}
