//! The standards' own schemas: which version a document declares, whether it is valid, and where it is not.
//!
//! The schemas are facts of the standards, written in one compact notation (`schemas/*.schema`), newest version first and
//! older ones as differences; tests hold them against the official JSON schemas.
//!
//! Deliberately absent: severities; the engine's configuration says what a violation is worth.

mod lint;
mod notation;
mod shape;
mod validate;
mod words;

pub use validate::{Focus, Violation};

use crate::descriptor::Descriptor;
use meshgate_core::model::Format;
use shape::Version;
use std::sync::OnceLock;

/// What a standard's schema says of a descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaCheck {
    /// The version of the schema.
    pub version: String,
    /// Where the document itself breaks it; empty when it is valid.
    pub violations: Vec<Violation>,
    /// Where the files that it refers to break it. They are no part of the standard's own verdict.
    pub referred: Vec<Violation>,
    /// Keys that are allowed and most likely misspelt.
    pub misspelt: Vec<Violation>,
}

/// Checks a descriptor against the schema of its standard and declared version; `None` where there is none.
#[must_use]
pub fn check(descriptor: &Descriptor) -> Option<SchemaCheck> {
    let version = version(descriptor.format, declared(descriptor).as_deref())?;
    let (violations, referred) = validate::violations(descriptor, version);
    let misspelt = lint::misspelt(descriptor, version);
    Some(SchemaCheck { version: version.name.to_string(), violations, referred, misspelt })
}

/// Returns the version of its standard that a descriptor declares, as it is written.
#[must_use]
pub fn declared(descriptor: &Descriptor) -> Option<String> {
    version_key(descriptor.format).and_then(|key| descriptor.root().string(key))
}

/// Returns the key that declares the version of a format.
pub(crate) const fn version_key(format: Format) -> Option<&'static str> {
    match format {
        Format::Dpds => Some("dataProductDescriptor"),
        Format::Odps | Format::Odcs => Some("apiVersion"),
        Format::OdpsLf => Some("version"),
        Format::Dcs => Some("dataContractSpecification"),
        Format::Dps => Some("dataProductSpecification"),
        Format::Witboost | Format::Generic => None,
    }
}

/// Returns the schema of a declared version. A version whose own schema was never published in this form is held
/// against the nearest one: ODCS 3.0.x against 3.0.2, ODPS 0.9 against 1.0.0, DCS 0.9 to 1.2 against 1.2.1, LF ODPS up
/// to 4.1 against 4.1.
fn version(format: Format, declared: Option<&str>) -> Option<&'static Version> {
    static ODCS: OnceLock<Vec<Version>> = OnceLock::new();
    static ODPS: OnceLock<Vec<Version>> = OnceLock::new();
    static ODPS_LF: OnceLock<Vec<Version>> = OnceLock::new();
    static DPDS: OnceLock<Vec<Version>> = OnceLock::new();
    static DCS: OnceLock<Vec<Version>> = OnceLock::new();
    static DPS: OnceLock<Vec<Version>> = OnceLock::new();
    let declared = declared.map(|declared| declared.trim_start_matches(['v', 'V']));
    // Without a version, the newest schema says that it is missing.
    let unsaid = declared.is_none();
    let begins = |prefixes: &[&str]| {
        declared.is_some_and(|declared| {
            prefixes.iter().any(|prefix| {
                declared.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
            })
        })
    };
    let (versions, text, name) = match format {
        Format::Odcs => {
            let name = if unsaid || begins(&["3.2"]) {
                "3.2.0"
            } else if begins(&["3.1"]) {
                "3.1.0"
            } else if begins(&["3.0"]) {
                "3.0.2"
            } else {
                return None;
            };
            (&ODCS, include_str!("../schemas/odcs.schema"), name)
        }
        Format::Odps => {
            let name = if unsaid || begins(&["1.1"]) {
                "1.1.0"
            } else if begins(&["0.9", "1.0"]) {
                "1.0.0"
            } else {
                return None;
            };
            (&ODPS, include_str!("../schemas/odps.schema"), name)
        }
        Format::Dpds if begins(&["1"]) => (&DPDS, include_str!("../schemas/dpds.schema"), "1.0.0"),
        Format::OdpsLf if unsaid || begins(&["3", "4.0", "4.1"]) || declared == Some("4") => {
            (&ODPS_LF, include_str!("../schemas/odps-lf.schema"), "4.1")
        }
        Format::Dcs if begins(&["0.9", "1.0", "1.1", "1.2"]) => (&DCS, include_str!("../schemas/dcs.schema"), "1.2.1"),
        Format::Dps => (&DPS, include_str!("../schemas/dps.schema"), "0.0.1"),
        Format::Dpds | Format::OdpsLf | Format::Dcs | Format::Witboost | Format::Generic => return None,
    };
    // The tests read every schema: an empty list cannot be met.
    let versions = versions.get_or_init(|| notation::parse(text).unwrap_or_default());
    versions.iter().find(|version| *version.name == *name)
}

#[cfg(test)]
mod tests {
    use super::notation::parse;
    use super::shape::{Record, Shape};
    use regex::Regex;

    fn expressions(shape: &Shape, found: &mut Vec<String>) {
        match shape {
            Shape::Text { pattern: Some(pattern), .. } => found.push(pattern.source.to_string()),
            Shape::List { item, .. } => expressions(item, found),
            Shape::AnyOf(all) | Shape::OneOf(all) | Shape::AllOf(all) => {
                all.iter().for_each(|shape| expressions(shape, found));
            }
            Shape::Record(record) => in_record(record, found),
            _ => {}
        }
    }

    fn in_record(record: &Record, found: &mut Vec<String>) {
        found.extend(record.names.iter().map(|pattern| pattern.source.to_string()));
        for (pattern, shape) in &record.patterns {
            found.push(pattern.source.to_string());
            expressions(shape, found);
        }
        let cases = record.choices.iter().flat_map(|choice| choice.cases.values());
        let fields = record.fields.iter().map(|field| &field.shape);
        let conditions = record.conditions.iter().flat_map(|(condition, then)| [condition, then]);
        fields
            .chain(&record.rest)
            .chain(&record.extends)
            .chain(&record.is)
            .chain(cases)
            .chain(conditions)
            .for_each(|s| expressions(s, found));
    }

    #[test]
    fn every_schema_is_read_and_its_expressions_compile() {
        let mut expressions_read = 0;
        for (text, versions) in [
            (include_str!("../schemas/odcs.schema"), 3),
            (include_str!("../schemas/odps.schema"), 2),
            (include_str!("../schemas/odps-lf.schema"), 1),
            (include_str!("../schemas/dpds.schema"), 1),
            (include_str!("../schemas/dcs.schema"), 1),
            (include_str!("../schemas/dps.schema"), 1),
        ] {
            let parsed = parse(text).unwrap();
            assert_eq!(parsed.len(), versions);
            let mut found = Vec::new();
            parsed.iter().flat_map(|v| v.definitions.iter().flatten()).for_each(|s| expressions(s, &mut found));
            found.iter().for_each(|source| assert!(Regex::new(source).is_ok(), "{source}"));
            expressions_read += found.len();
        }
        assert!(expressions_read > 20);
    }

    #[test]
    fn what_is_not_defined_is_refused() {
        assert_eq!(parse("version 1\nRoot = { a: Nothing }").unwrap_err(), "`Nothing` is not defined");
        assert!(parse("version 1\nRoot = { a: strong }").unwrap_err().contains("`strong` is no type"));
    }
}
