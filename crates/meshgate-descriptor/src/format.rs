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
mod relationship;
mod witboost;

use crate::cursor::Cursor;
use crate::descriptor::Descriptor;
use crate::document::Document;
use crate::extract::Extract;
use crate::hash::{HashMap, HashSet};
use crate::read::Diagnostic;
use crate::reference::{self, Files, Resolution, Unopened};
use crate::schema::{Focus, Violation, version_key};
use meshgate_core::limits::ReadLimits;
use meshgate_core::model::{Context, Contract, Direction, Format, Input, Kind, Product};
use meshgate_core::pointer::{Place, Pointer};
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

/// Recognises the standard of a document by its content. Of a key that stands twice, both values count: readers differ in
/// which of the two they take.
#[must_use]
pub fn recognise(document: &Document) -> Recognised {
    let texts = |key: &str| document.top_texts(key);
    let kinds = texts("kind");
    let mut found: Vec<(Format, &str)> = Vec::new();
    for (key, format) in KEYS {
        if document.top(key) {
            found.push((format, key));
        }
    }
    // Bitol's `apiVersion` is a number; other tools put theirs beside a Witboost kind.
    let bitol = texts("apiVersion").iter().any(|version| is_bitol_version(version));
    let of_witboost = texts("id").iter().any(|id| id.starts_with("urn:dmb:")) || document.top("dataProductOwner");
    if kinds.iter().any(|kind| kind.eq_ignore_ascii_case("dataproduct")) && !bitol && of_witboost {
        found.push((Format::Witboost, "kind"));
    } else if !is_kubernetes(document) {
        for (known, format) in [(&["DataProduct"][..], Format::Odps), (ODCS_KINDS, Format::Odcs)] {
            if kinds.iter().any(|kind| known.contains(&kind.as_str())) {
                found.push((format, "kind"));
            }
        }
    }
    let is_lf = |schema: &String| {
        let schema = schema.to_ascii_lowercase();
        schema.contains("opendataproducts.org") || schema.contains("open-data-product-spec")
    };
    if texts("schema").iter().any(is_lf) {
        found.push((Format::OdpsLf, "schema"));
    } else if document.top("version") && document.has(&["product", "details"]) && found.is_empty() {
        found.push((Format::OdpsLf, "product"));
    }
    match found.as_slice() {
        [] => near_miss(document, &kinds),
        [(format, _)] => version(document, *format),
        [(one, _), (other, key), ..] => {
            let message = format!("document is {} and {} at once", one.title(), other.title());
            let span = document.key_span(&Pointer::root().key(key));
            let help = format!("write one standard a document; take `{key}` away, or the keys of the other");
            Recognised::Unclear(Diagnostic::new("read.ambiguous_format", message, span, help))
        }
    }
}

/// A resource of Kubernetes or Backstage that happens to be called so: `apiVersion: group/version`, `metadata`, `spec`.
fn is_kubernetes(document: &Document) -> bool {
    let grouped = document.top_texts("apiVersion").iter().any(|version| version.contains('/'));
    let own = ["schema", "dataset", "outputPorts", "inputPorts"];
    grouped && document.top("metadata") && document.top("spec") && !own.iter().any(|key| document.top(key))
}

/// The second is what ODCS 2 called a contract of a view.
const ODCS_KINDS: &[&str] = &["DataContract", "virtualDataset"];

/// Keys that are a standard's own.
const KEYS: [(&str, Format); 3] = [
    ("dataProductDescriptor", Format::Dpds),
    ("dataContractSpecification", Format::Dcs),
    ("dataProductSpecification", Format::Dps),
];

/// `v3.1.0`, `3.1`, `v3`: other tools write `group/v1`, and Kubernetes `v1`.
fn is_bitol_version(version: &str) -> bool {
    let plain = version.trim_start_matches(['v', 'V']);
    plain.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())) && plain != "1"
}

/// A document that is almost a descriptor: skipped, it would pass unseen.
fn near_miss(document: &Document, kinds: &[String]) -> Recognised {
    let slips = |a: &str, b: &str| strsim::damerau_levenshtein(&a.to_lowercase(), &b.to_lowercase());
    let unclear = |pointer: Pointer, key: bool, message: String, help: String| {
        let span = if key { document.key_span(&pointer) } else { document.span(&pointer) };
        Recognised::Unclear(Diagnostic::new("read.unknown_format", message, span, help))
    };
    for key in document.top_keys().filter(|key| (15..40).contains(&key.len())) {
        if let Some((near, _)) = KEYS.iter().find(|(known, _)| slips(known, key) <= 2) {
            let message = format!("`{key}` is the key of no known standard");
            return unclear(Pointer::root().key(key), true, message, format!("did you mean `{near}`?"));
        }
    }
    if is_kubernetes(document) {
        return Recognised::Unknown;
    }
    for (written, known) in [("kind", "kind"), ("apiversion", "apiVersion"), ("schema", "schema")] {
        let slip = document.top_keys().find(|key| key.to_lowercase() == written && *key != known);
        let says = |key: &str| {
            document.top_texts(key).iter().any(|text| {
                ["dataproduct", "datacontract"].contains(&text.to_lowercase().as_str())
                    || text.contains("opendataproducts.org")
            })
        };
        if let Some(slip) = slip.filter(|slip| says(slip)) {
            let message = format!("`{slip}` is the key of no known standard");
            return unclear(Pointer::root().key(slip), true, message, format!("write `{known}`"));
        }
    }
    if document.list_of_descriptors() {
        let message = "document is a list of descriptors".to_owned();
        let help = "write each as a document of its own, divided by `---`".to_owned();
        return unclear(Pointer::root(), false, message, help);
    }
    let structure = ["schema", "dataset", "outputPorts", "inputPorts", "components", "dataProductOwner"];
    let versioned = document.top_texts("apiVersion").iter().any(|version| is_bitol_version(version));
    let like_one = versioned || structure.iter().any(|key| document.top(key));
    for kind in kinds.iter().filter(|kind| (7..40).contains(&kind.len())) {
        let near = ["DataProduct", "DataContract"].into_iter().find(|known| slips(known, kind) <= 2);
        if let Some(near) = near.filter(|_| like_one) {
            let message = format!("`kind: {kind}` is no known kind: expected DataProduct or DataContract");
            return unclear(Pointer::root().key("kind"), false, message, format!("did you mean `{near}`?"));
        }
    }
    let lacks = [
        (
            document.top("interfaceComponents") && document.top("info"),
            "interfaceComponents",
            "dataProductDescriptor: 1.0.0",
        ),
        (document.has(&["info", "title"]) && document.top_map("models"), "models", "dataContractSpecification: 1.2.1"),
        (versioned && kinds.is_empty() && document.top_list("schema"), "schema", "kind: DataContract"),
        (versioned && kinds.is_empty() && document.top_list("outputPorts"), "outputPorts", "kind: DataProduct"),
        (
            document.has(&["product", "details"]),
            "product",
            "schema: https://opendataproducts.org/v4.1/schema/odps.yaml",
        ),
        (document.top("dataProductOwner") && document.top("components"), "dataProductOwner", "kind: dataproduct"),
    ];
    for (looks, key, missing) in lacks {
        if looks {
            let message = "document looks like a descriptor and does not say of which standard".to_owned();
            return unclear(Pointer::root().key(key), true, message, format!("add `{missing}`"));
        }
    }
    Recognised::Unknown
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

/// Joins a document with the files that it refers to, and tells what in it nobody will see.
#[must_use]
pub fn join(
    file: &str,
    document: Document,
    format: Format,
    files: &dyn Files,
    limits: &ReadLimits,
    extract: Arc<Extract>,
) -> (Descriptor, Resolution) {
    let (descriptor, mut resolution) = link(file, document, format, files, limits, extract);
    if format == Format::Odcs {
        relationship::check(&descriptor, files, limits, &mut resolution);
    }
    unseen(&descriptor, &mut resolution);
    resolution.bound();
    (descriptor, resolution)
}

/// Takes a document as it is written, without what it refers to.
#[must_use]
pub fn plain(file: &str, document: Document, format: Format, limits: &ReadLimits, extract: Arc<Extract>) -> Descriptor {
    Descriptor::new(format, file, document, extract, limits.nodes_max)
}

/// Joins a document with the files that it refers to, and no more: enough to know what it brings to the mesh.
#[must_use]
pub fn link(
    file: &str,
    document: Document,
    format: Format,
    files: &dyn Files,
    limits: &ReadLimits,
    extract: Arc<Extract>,
) -> (Descriptor, Resolution) {
    let mut descriptor = Descriptor::new(format, file, document, extract, limits.nodes_max);
    let mut resolution = reference::resolve(&mut descriptor, files, limits);
    let mut names = match format {
        Format::Odps => odps::contracts(&descriptor.root()),
        Format::OdpsLf => odps_lf::contract_files(&descriptor.root()),
        _ => Vec::new(),
    };
    if matches!(format, Format::Dps | Format::OdpsLf) {
        let ports = product(&descriptor).0.into_iter().flat_map(|product| product.ports);
        names.extend(ports.filter_map(|port| Some((port.contract_id?, port.pointer))));
    }
    // Many ports may name one contract.
    let mut asked = HashSet::default();
    names.retain(|(name, _)| asked.insert(name.clone()));
    for (name, pointer) in names {
        match reference::contract(&mut descriptor, &name, files, limits, &mut resolution) {
            Ok(Some(part)) if contract_of(&descriptor.part_root(part)).is_some() => descriptor.set_contract(name, part),
            Ok(Some(_)) => {
                let why = Unopened::Unreadable("it is no data contract of a known standard".to_owned());
                unopened_contract(&descriptor, &name, &pointer, why, &mut resolution);
            }
            // The contract may be no file at all: an id is enough for these standards.
            Ok(None) => {}
            Err(unopened) => unopened_contract(&descriptor, &name, &pointer, unopened, &mut resolution),
        }
    }
    (descriptor, resolution)
}

/// Something that is told and does not deny by itself.
fn notice(at: &Cursor<'_>, rule: &'static str, message: String, help: &str) -> Violation {
    let (part, pointer) = at.local();
    Violation {
        rule,
        part,
        pointer: pointer.clone(),
        focus: Focus::Pointer,
        message,
        help: Some(help.to_owned()),
        key: None,
    }
}

fn unopened_contract(
    descriptor: &Descriptor,
    name: &str,
    pointer: &str,
    unopened: Unopened,
    resolution: &mut Resolution,
) {
    if resolution.full() {
        return;
    }
    let place = Place::parse(pointer).ok().and_then(|place| descriptor.locate(&place));
    let (part, pointer) = place.unwrap_or_default();
    let why = match unopened {
        Unopened::Remote(_) | Unopened::Alone => {
            // Its columns are unknown, as those of a contract that is named by id and not in sight.
            resolution.notices.push(Violation {
                rule: "reference.remote",
                part,
                pointer,
                focus: Focus::Pointer,
                message: format!("contract `{name}` was not read: its columns are not known to any rule"),
                help: Some("keep it beside the product, and check the folder that holds both".to_owned()),
                key: None,
            });
            return;
        }
        Unopened::Outside => "lies outside of the folders that are checked".to_owned(),
        Unopened::Unreadable(why) => format!("cannot be read: {why}"),
        Unopened::Missing => "does not exist".to_owned(),
    };
    let help = "mend the path, or the file; a path is relative to this file";
    let message = format!("contract `{name}` {why}");
    let diagnostic = Diagnostic::new("read.unresolved_reference", message, descriptor.span(part, &pointer), help);
    resolution.diagnostics.push((part, diagnostic));
}

/// What each standard keeps under these keys: lists (`true`) or maps. In any other shape nobody would see it.
const SHAPES: &[(Format, &[&str], bool)] = &[
    (Format::Dpds, &["info"], false),
    (Format::Dpds, &["interfaceComponents"], false),
    (Format::Dpds, &["interfaceComponents", "inputPorts"], true),
    (Format::Dpds, &["interfaceComponents", "outputPorts"], true),
    (Format::Dpds, &["interfaceComponents", "discoveryPorts"], true),
    (Format::Dpds, &["interfaceComponents", "observabilityPorts"], true),
    (Format::Dpds, &["interfaceComponents", "controlPorts"], true),
    (Format::Odps, &["inputPorts"], true),
    (Format::Odps, &["outputPorts"], true),
    (Format::Odps, &["managementPorts"], true),
    (Format::Odcs, &["schema"], true),
    (Format::Odcs, &["dataset"], true),
    (Format::Dcs, &["models"], false),
    (Format::Dps, &["inputPorts"], true),
    (Format::Dps, &["outputPorts"], true),
    (Format::Witboost, &["components"], true),
    (Format::OdpsLf, &["product"], false),
    (Format::OdpsLf, &["product", "contract"], false),
    (Format::OdpsLf, &["product", "contract", "spec"], false),
    (Format::OdpsLf, &["contract"], false),
];

/// Tells what stands in a descriptor and is not seen: ports behind references that lead nowhere, parts of another shape
/// than the standard's, contracts that multiply beyond bounds.
fn unseen(descriptor: &Descriptor, resolution: &mut Resolution) {
    let root = descriptor.root();
    for (value, message, help) in odd_parts(descriptor, &root) {
        let (part, pointer) = value.local();
        let span = descriptor.span(part, pointer);
        resolution.diagnostics.push((part, Diagnostic::new("read.unseen_part", message, span, help)));
    }
    if descriptor.format == Format::Dpds {
        for definition in dpds::unread(&root) {
            let message = "no columns were found in this definition: what it holds is not known to any rule".to_owned();
            let help = "write it as datastoreapi, OpenAPI, AsyncAPI, Avro, JSON Schema, ODCS or DCS";
            resolution.notices.push(notice(&definition, "reference.unseen", message, help));
        }
        for reference in dpds::unseen(&root) {
            if resolution.full() {
                break;
            }
            let (part, pointer) = reference.local();
            let span = descriptor.span(part, pointer);
            if !resolution.diagnostics.iter().any(|(told, diagnostic)| *told == part && diagnostic.span == span) {
                let message = "the port behind this reference was not seen".to_owned();
                let help = "refer to the port itself, in YAML or JSON";
                resolution.diagnostics.push((part, Diagnostic::new("read.unresolved_reference", message, span, help)));
            }
        }
    }
    if descriptor.format == Format::Dcs && root.get("models").is_none() {
        // Up to 0.9.0 the model could stand in another language.
        if let Some(schema) = root.get("schema") {
            let message = "the model stands in `schema`, in another language: its columns are not known to any rule";
            let help = "write it as `models`, which DCS has since 0.9.1";
            resolution.notices.push(notice(&schema, "reference.unseen", message.to_owned(), help));
        }
    }
    if shares_contracts(descriptor.format) && !product(descriptor).2 {
        let columns = descriptor.nodes_max() / COLUMN_NODES;
        let message = format!("the contracts of its ports come to more than {columns} columns");
        let span = descriptor.span(0, &Pointer::root());
        let diagnostic = Diagnostic::new("read.too_large", message, span, "let fewer ports share the contract");
        resolution.diagnostics.push((0, diagnostic));
    }
}

/// Many ports may name one contract in these standards. Elsewhere each port holds its own, within the reader's limits.
const fn shares_contracts(format: Format) -> bool {
    matches!(format, Format::Odps | Format::Dps | Format::OdpsLf)
}

/// Parts of another shape than the standard's, which would hide what is in them: those of `SHAPES`, and deeper ones of
/// standards that have no schema of their own.
fn odd_parts<'a>(descriptor: &Descriptor, root: &Cursor<'a>) -> Vec<(Cursor<'a>, String, &'static str)> {
    let mut odd = Vec::new();
    let mut shape = |value: Option<Cursor<'a>>, list: bool, name: &str| {
        let value = value.filter(|value| !value.is_null() && if list { !value.is_list() } else { !value.is_map() });
        if let Some(value) = value {
            let wanted = if list { "a list" } else { "a map" };
            let help = if list { "write a list" } else { "write a map" };
            odd.push((value, format!("`{name}` is not {wanted}: no rule sees what is in it"), help));
        }
    };
    for (_, path, list) in SHAPES.iter().filter(|(format, ..)| *format == descriptor.format) {
        shape(root.at(path), *list, &path.join("."));
    }
    match descriptor.format {
        Format::Witboost => {
            for component in root.list("components") {
                let contract = component.get("dataContract");
                shape(contract.clone(), false, "dataContract");
                shape(contract.as_ref().and_then(|contract| contract.get("schema")), true, "schema");
                let mut columns: Vec<Cursor<'a>> =
                    contract.iter().flat_map(|contract| contract.list("schema")).collect();
                while let Some(column) = columns.pop() {
                    shape(column.get("children"), true, "children");
                    columns.extend(column.list("children"));
                }
            }
            for component in root.list("components") {
                let Some(kind) = component.get("kind") else { continue };
                let said = kind.text().unwrap_or_default().to_lowercase();
                if !["outputport", "workload", "storage", "observability"].contains(&said.as_str()) {
                    let message = format!("component of the kind `{said}`, which no rule sees");
                    odd.push((kind, message, "write outputport, workload, storage or observability"));
                }
            }
        }
        Format::Odcs => {
            for table in root.list("dataset").chain(root.list("schema")) {
                shape(table.get("columns"), true, "columns");
                shape(table.get("properties"), true, "properties");
            }
        }
        _ => {}
    }
    odd
}

/// Values that a column comes to in the input of a rule, about.
const COLUMN_NODES: usize = 8;

/// A product, a contract that is no port's, and whether all contracts of its ports are within bounds; where they are not,
/// no port has one.
fn product(descriptor: &Descriptor) -> (Option<Product>, Vec<Arc<Contract>>, bool) {
    let root = descriptor.root();
    let mut more = Vec::new();
    let mut product = match descriptor.format {
        Format::Dpds => dpds::product(&root),
        Format::Odps => odps::product(&root),
        Format::OdpsLf => {
            let (product, contracts) = odps_lf::product(&root);
            more.extend(contracts);
            product
        }
        Format::Dps => dps::product(&root),
        Format::Witboost => witboost::product(&root),
        Format::Odcs | Format::Dcs | Format::Generic => return (None, Vec::new(), true),
    };
    let mut known: HashMap<String, Option<Arc<Contract>>> = HashMap::default();
    let mut columns = 0_usize;
    for port in &mut product.ports {
        if let Some(id) = &port.contract_id
            && let Some(root) = descriptor.contract(id)
        {
            let contract = known.entry(id.clone()).or_insert_with(|| contract_of(&root).map(Arc::new));
            port.contract = contract.clone().or(port.contract.take());
        }
        columns = columns.saturating_add(port.contract.as_ref().map_or(0, |contract| contract.size()));
    }
    let within = !shares_contracts(descriptor.format) || columns.saturating_mul(COLUMN_NODES) <= descriptor.nodes_max();
    if !within {
        product.ports.iter_mut().for_each(|port| port.contract = None);
    }
    (Some(product), more, within)
}

/// A contract of either standard.
fn contract_of(root: &Cursor<'_>) -> Option<Contract> {
    if root.get("dataContractSpecification").is_some() {
        Some(dcs::contract(root))
    } else if root.string("kind").is_some_and(|kind| ODCS_KINDS.contains(&kind.as_str())) {
        Some(odcs::contract(root))
    } else {
        None
    }
}

/// Builds what rules see of a descriptor.
#[must_use]
pub fn model(descriptor: &Descriptor, context: Context) -> Input {
    Input { raw: descriptor.to_value(), ..outline_in(descriptor, context, true) }
}

/// Builds the model without the document itself, and where that is a contract, without its tables: what the mesh wants of
/// it.
#[must_use]
pub fn outline(descriptor: &Descriptor) -> Input {
    outline_in(descriptor, Context::default(), false)
}

fn outline_in(descriptor: &Descriptor, mut context: Context, tables: bool) -> Input {
    let root = descriptor.root();
    let (product, mut contracts, _) = product(descriptor);
    let kind = match descriptor.format {
        Format::Odcs | Format::Dcs => {
            contracts.push(Arc::new(match tables {
                true => contract_of(&root).unwrap_or_else(|| odcs::contract(&root)),
                false if descriptor.format == Format::Dcs => dcs::head(&root),
                false => odcs::head(&root),
            }));
            Kind::DataContract
        }
        Format::Generic => Kind::Other,
        _ => Kind::DataProduct,
    };
    // A contract that several ports share is in sight once. That of an input port is its own product's to answer for.
    let own = product.iter().flat_map(|product| &product.ports).filter(|port| port.direction != Direction::Input);
    let mut known: HashSet<String> = contracts.iter().map(|contract| contract.pointer.clone()).collect();
    for contract in own.filter_map(|port| port.contract.as_ref()) {
        if known.insert(contract.pointer.clone()) {
            contracts.push(Arc::clone(contract));
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
