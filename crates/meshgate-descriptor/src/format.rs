//! The standards: how each is recognised by its content, and its way to the model.
//!
//! | standard | recognised by | versions |
//! |---|---|---|
//! | Open Data Mesh DPDS | `dataProductDescriptor` | 1, 2 |
//! | Bitol ODPS | `kind: DataProduct` with `apiVersion` | 0.9, 1.0, 1.1 |
//! | Bitol ODCS | `kind: DataContract` | 2.2, 3.0, 3.1, 3.2 |
//! | LF ODPS | `schema` at opendataproducts.org, or `product.details` | 3, 4.0, 4.1, 4.2 |
//! | Data Contract Specification | `dataContractSpecification` | 0.9, 1.0, 1.1, 1.2 |
//! | Data Product Specification | `dataProductSpecification` | 0.0 |
//! | Witboost | `kind: dataproduct` with `urn:dmb:…` or `dataProductOwner` | — |
//!
//! Deliberately absent: file names. A descriptor is what it says it is.

mod api;
mod dcs;
mod dpds;
mod dps;
mod odcs;
mod odps;
mod odps_lf;
mod witboost;

use crate::cursor::Cursor;
use crate::descriptor::Descriptor;
use crate::document::Document;
use crate::extract::Extract;
use crate::read::Diagnostic;
use crate::reference::{self, Files, Resolution, Unopened};
use crate::schema::version_key;
use meshgate_core::limits::ReadLimits;
use meshgate_core::model::{Context, Contract, Direction, Format, Input, Kind};
use meshgate_core::pointer::Pointer;
use serde_json::Value;
use std::sync::Arc;

/// What a document was recognised as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognised {
    /// A descriptor in this standard.
    Known(Format),
    /// A descriptor, but it cannot be said of which standard or version. What is wrong, and what was expected.
    Unclear(Diagnostic),
    /// No descriptor.
    Unknown,
}

/// The versions of each standard that are read.
const VERSIONS: [(Format, &[&str]); 6] = [
    (Format::Dpds, &["1", "2"]),
    (Format::Odps, &["0.9", "1.0", "1.1"]),
    (Format::Odcs, &["2.2", "3.0", "3.1", "3.2"]),
    (Format::OdpsLf, &["3", "4.0", "4.1", "4.2"]),
    (Format::Dcs, &["0.9", "1.0", "1.1", "1.2"]),
    (Format::Dps, &["0.0"]),
];

/// Recognises the standard of a document by its content.
#[must_use]
pub fn recognise(document: &Document) -> Recognised {
    let text = |key: &str| document.top_text(key);
    let kind = text("kind").unwrap_or_default();
    let mut found: Vec<(Format, &str)> = Vec::new();
    for (key, format) in [
        ("dataProductDescriptor", Format::Dpds),
        ("dataContractSpecification", Format::Dcs),
        ("dataProductSpecification", Format::Dps),
    ] {
        if document.top(key) {
            found.push((format, key));
        }
    }
    let is_witboost = kind.eq_ignore_ascii_case("dataproduct")
        && !document.top("apiVersion")
        && (text("id").is_some_and(|id| id.starts_with("urn:dmb:")) || document.top("dataProductOwner"));
    match kind.as_str() {
        _ if is_witboost => found.push((Format::Witboost, "kind")),
        "DataProduct" => found.push((Format::Odps, "kind")),
        "DataContract" => found.push((Format::Odcs, "kind")),
        _ => {}
    }
    let schema = text("schema").unwrap_or_default().to_ascii_lowercase();
    if schema.contains("opendataproducts.org") || schema.contains("open-data-product-spec") {
        found.push((Format::OdpsLf, "schema"));
    } else if document.top("version") && document.has(&["product", "details"]) && found.is_empty() {
        found.push((Format::OdpsLf, "product"));
    }
    match found.as_slice() {
        [] => near_miss(document, &kind),
        [(format, _)] => version(document, *format),
        [(one, _), (other, key), ..] => {
            let message = format!("document is {} and {} at once", one.title(), other.title());
            let span = document.key_span(&Pointer::root().key(key));
            let help = format!("write one standard a document; take `{key}` away, or the keys of the other");
            Recognised::Unclear(Diagnostic::new("read.ambiguous_format", message, span, help))
        }
    }
}

/// A `kind` that is almost one of Bitol's, beside an `apiVersion` like theirs: skipped, it would pass unseen.
fn near_miss(document: &Document, kind: &str) -> Recognised {
    let known = ["DataProduct", "DataContract"];
    let near = known
        .iter()
        .find(|known| strsim::damerau_levenshtein(&known.to_lowercase(), &kind.to_lowercase()) <= 2 && kind.len() > 6);
    let versioned = document.top_text("apiVersion").is_some_and(|version| {
        let mut parts = version.trim_start_matches('v').split('.');
        parts.next().is_some_and(|part| part.parse::<u8>().is_ok()) && parts.next().is_some()
    });
    match near {
        Some(near) if versioned => {
            let span = document.span(&Pointer::root().key("kind"));
            let message = format!("`kind: {kind}` is no known kind: expected DataProduct or DataContract");
            let help = format!("did you mean `{near}`?");
            Recognised::Unclear(Diagnostic::new("read.unknown_format", message, span, help))
        }
        _ => Recognised::Unknown,
    }
}

/// A version that is not known may mean anything; one that is missing is the schema's remark.
fn version(document: &Document, format: Format) -> Recognised {
    let declared = version_key(format).and_then(|key| Some((key, document.top_text(key)?)));
    let known = VERSIONS.iter().find(|(known, _)| *known == format).map_or(&[][..], |(_, versions)| versions);
    let Some((key, declared)) = declared else { return Recognised::Known(format) };
    let plain = declared.trim_start_matches(['v', 'V']);
    let is = |version: &&str| {
        plain.strip_prefix(*version).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+']))
    };
    // `4` is `4.0`, written as a number.
    if known.iter().any(is) || known.iter().any(|version| version.strip_suffix(".0") == Some(plain)) {
        return Recognised::Known(format);
    }
    let message = format!("version `{declared}` of {} is not known: expected {}", format.title(), known.join(", "));
    let span = document.span(&Pointer::root().key(key));
    let help = format!("write a known version in `{key}`, or a newer Meshgate may know this one");
    Recognised::Unclear(Diagnostic::new("read.unknown_version", message, span, help))
}

/// Joins a document with the files that it refers to.
#[must_use]
pub fn join(
    file: &str,
    document: Document,
    format: Format,
    files: &dyn Files,
    limits: &ReadLimits,
    extract: Arc<Extract>,
) -> (Descriptor, Resolution) {
    let mut descriptor = Descriptor::new(format, file, document, extract);
    let mut resolution = reference::resolve(&mut descriptor, files, limits);
    let names = match format {
        Format::Odps => odps::contracts(&descriptor.root()),
        Format::Dps | Format::OdpsLf => {
            let product = product(&descriptor).0;
            product
                .into_iter()
                .flat_map(|product| product.ports)
                .filter_map(|p| Some((p.contract_id?, p.pointer)))
                .collect()
        }
        _ => Vec::new(),
    };
    for (name, pointer) in names {
        match reference::contract(&mut descriptor, &name, files, limits) {
            Ok(Some(part)) => descriptor.set_contract(name, part),
            // The contract may be no file at all: an id is enough for these standards.
            Ok(None) | Err(Unopened::Alone | Unopened::Remote(_)) => {}
            Err(unopened) => {
                let pointer = Pointer::parse(&pointer).unwrap_or_default();
                let why = match unopened {
                    Unopened::Outside => "lies outside of the folders that are checked".to_owned(),
                    Unopened::Unreadable(why) => format!("cannot be read: {why}"),
                    _ => "does not exist".to_owned(),
                };
                let span = descriptor.span(0, &pointer);
                let help = "mend the path; it is relative to this file";
                let message = format!("contract `{name}` {why}");
                let diagnostic = Diagnostic::new("read.unresolved_reference", message, span, help);
                resolution.diagnostics.push((0, diagnostic));
            }
        }
    }
    if format == Format::Odcs {
        resolution.notices.extend(odcs::relationships(&descriptor.root()));
    }
    (descriptor, resolution)
}

fn product(descriptor: &Descriptor) -> (Option<meshgate_core::model::Product>, Vec<Contract>) {
    let root = descriptor.root();
    let mut more = Vec::new();
    let mut product = match descriptor.format {
        Format::Dpds => dpds::product(&root),
        Format::Odps => odps::product(&root),
        Format::OdpsLf => {
            let (product, contract) = odps_lf::product(&root);
            more.extend(contract);
            product
        }
        Format::Dps => dps::product(&root),
        Format::Witboost => witboost::product(&root),
        Format::Odcs | Format::Dcs | Format::Generic => return (None, Vec::new()),
    };
    for port in &mut product.ports {
        let named = port.contract_id.as_deref().and_then(|id| descriptor.contract(id));
        if let Some(contract) = named.and_then(|root| contract_of(&root)) {
            port.contract = Some(contract);
        }
    }
    (Some(product), more)
}

/// A contract of either standard.
fn contract_of(root: &Cursor<'_>) -> Option<Contract> {
    if root.get("dataContractSpecification").is_some() {
        Some(dcs::contract(root))
    } else if root.string("kind").as_deref() == Some("DataContract") {
        Some(odcs::contract(root))
    } else {
        None
    }
}

/// Builds what rules see of a descriptor.
#[must_use]
pub fn model(descriptor: &Descriptor, context: Context) -> Input {
    Input { raw: descriptor.to_value(), ..outline_in(descriptor, context) }
}

/// Builds the model without the document itself.
#[must_use]
pub fn outline(descriptor: &Descriptor) -> Input {
    outline_in(descriptor, Context::default())
}

fn outline_in(descriptor: &Descriptor, mut context: Context) -> Input {
    let root = descriptor.root();
    let (product, mut contracts) = product(descriptor);
    let kind = match descriptor.format {
        Format::Odcs | Format::Dcs => {
            contracts.extend(contract_of(&root).or_else(|| Some(odcs::contract(&root))));
            Kind::DataContract
        }
        Format::Generic => Kind::Other,
        _ => Kind::DataProduct,
    };
    // A contract that several ports share is in sight once. That of an input port is its own product's to answer for.
    let own = product.iter().flat_map(|product| &product.ports).filter(|port| port.direction != Direction::Input);
    for contract in own.filter_map(|port| port.contract.as_ref()) {
        if !contracts.iter().any(|known| known.pointer == contract.pointer) {
            contracts.push(contract.clone());
        }
    }
    context.domain = match &product {
        Some(product) => product.domain.clone(),
        None => contracts.first().and_then(|contract| contract.domain.clone()),
    };
    let file = descriptor.parts().first().map(|part| part.file.clone()).unwrap_or_default();
    Input { format: descriptor.format, kind, file, product, contracts, context, raw: Value::Null }
}

/// Returns the text under a key, or its `purpose` when that is an object, as Bitol's standards write descriptions.
fn purpose(cursor: &Cursor<'_>, key: &str) -> Option<String> {
    let value = cursor.get(key)?;
    value.text().or_else(|| value.string("purpose"))
}

/// Returns the region of a server. A `location` is one only when it is no URL or path.
fn region(server: &Cursor<'_>) -> Option<String> {
    let location = server.string("location").filter(|location| !location.contains('/'));
    server.any_string(&["region", "regionName"]).or(location)
}
