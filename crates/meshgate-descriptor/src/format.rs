//! The standards: how each is recognised by its content, and its way to the model.
//!
//! Deliberately absent: file names. A descriptor is what it says it is.

mod datastore;
mod dpds;
mod odcs;
mod odps;

use crate::document::{Cursor, Document};
use crate::read::Diagnostic;
use meshgate_core::model::{Context, Format, Input, Kind};

/// Recognises the standard of a document; `None` is a document of no known standard.
#[must_use]
pub fn recognise(document: &Document) -> Option<Format> {
    let root = document.root();
    if root.get("dataProductDescriptor").is_some() {
        return Some(Format::Dpds);
    }
    // `kind` alone is common (every Kubernetes manifest has one): these two values are the standards' own.
    match root.string("kind").as_deref() {
        Some("DataProduct") => Some(Format::Odps),
        Some("DataContract") => Some(Format::Odcs),
        _ => None,
    }
}

/// Builds what rules see of a document.
#[must_use]
pub fn model(document: &Document, format: Format, file: &str, mut context: Context) -> Input {
    let root = document.root();
    let (kind, product, contracts) = match format {
        Format::Dpds => {
            let product = dpds::product(&root);
            let contracts = product.ports.iter().filter_map(|port| port.contract.clone()).collect();
            (Kind::DataProduct, Some(product), contracts)
        }
        Format::Odps => (Kind::DataProduct, Some(odps::product(&root)), Vec::new()),
        Format::Odcs => (Kind::DataContract, None, vec![odcs::contract(&root)]),
        _ => (Kind::Other, None, Vec::new()),
    };
    context.domain = match &product {
        Some(product) => product.domain.clone(),
        None => contracts.first().and_then(|contract| contract.domain.clone()),
    };
    Input { format, kind, file: file.to_owned(), product, contracts, context, raw: document.to_value() }
}

/// Returns the parts of a document that its references hide from us.
#[must_use]
pub fn references(document: &Document, format: Format) -> Vec<Diagnostic> {
    match format {
        Format::Dpds => dpds::references(&document.root()),
        _ => Vec::new(),
    }
}

/// Returns the text under a key, or its `purpose` when that is an object, as Bitol's standards write descriptions.
fn purpose(cursor: &Cursor<'_>, key: &str) -> Option<String> {
    let value = cursor.get(key)?;
    value.text().or_else(|| value.string("purpose"))
}
