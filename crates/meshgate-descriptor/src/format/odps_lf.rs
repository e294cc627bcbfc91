//! Linux Foundation Open Data Product Specification 3 to 4.2 (opendataproducts.org) to the model.
//!
//! | model | LF ODPS |
//! |---|---|
//! | `id`, `name`, `version`, `status`, `description`, `tags` | `product.details.<language>.{productID,name,productVersion,…}`: English, else the first language |
//! | `domain` | `product.dataHolder.businessDomain` |
//! | `owner` | `product.dataHolder`: `legalName` is the team, `contactName` and `email` the person |
//! | `support[]` | `SLA.support`, `support` |
//! | `ports[]` | `product.dataAccess`, a list or a map: output ports |
//! | `ports[].contract` | `product.contract` (its inline `spec` as ODCS or DCS), with the product's `SLA`, `license` as `terms`, `pricingPlans` as `pricing` |
//!
//! Up to 4.0 these parts stand at the root, later in `product`; both places are looked at.
//!
//! Deliberately absent: other languages than the one that is chosen; the raw document has them.

use super::{dcs, odcs};
use crate::cursor::Cursor;
use meshgate_core::model::{Contract, Direction, Owner, Port, Product, Sla, Support};
use std::sync::Arc;

/// Builds the model of a product and of the contract that it carries.
pub fn product(root: &Cursor<'_>) -> (Product, Vec<Arc<Contract>>) {
    let details = root.at(&["product", "details"]).or_else(|| root.get("product"));
    let details = details.as_ref().and_then(language);
    let text = |key: &str| details.as_ref().and_then(|details| details.string(key));
    let contracts = contracts(root);
    let contract = contracts.first().cloned();
    let contract_id = named(root).first().and_then(|contract| contract.string("id"));
    let holder = part(root, "dataHolder");
    let mut ports: Vec<Port> =
        part(root, "dataAccess").iter().flat_map(accesses).map(|(name, a)| port(name, &a)).collect();
    for port in &mut ports {
        port.contract_id.clone_from(&contract_id);
        port.contract.clone_from(&contract);
    }
    let product = Product {
        id: text("productID"),
        fqn: None,
        name: text("name"),
        version: text("productVersion"),
        domain: holder.as_ref().and_then(|holder| holder.string("businessDomain")),
        status: text("status"),
        deprecated: text("status").map(|status| matches!(status.as_str(), "sunset" | "retired")).filter(|gone| *gone),
        description: text("description"),
        tags: details.as_ref().map(|details| details.strings("tags")).unwrap_or_default(),
        owner: holder.as_ref().and_then(owner),
        support: support(root),
        ports,
        pointer: root.pointer(),
    };
    (product, contracts)
}

/// A part of the product: in `product` since 4.0, at the root before.
fn part<'a>(root: &Cursor<'a>, key: &str) -> Option<Cursor<'a>> {
    root.at(&["product", key]).or_else(|| root.get(key))
}

/// The English words, or those of the first language.
fn language<'a>(cursor: &Cursor<'a>) -> Option<Cursor<'a>> {
    let is_language = |key: &str| key.len() == 2 && key.bytes().all(|b| b.is_ascii_lowercase());
    let first = || cursor.entries().into_iter().find(|(key, value)| is_language(key) && value.is_map());
    cursor.get("en").or_else(|| first().map(|(_, value)| value))
}

/// A text, or the same in several languages (a map, or a list of maps).
fn words(cursor: &Cursor<'_>) -> Option<String> {
    let one = |cursor: &Cursor<'_>| {
        cursor.string("en").or_else(|| cursor.entries().iter().find_map(|(_, value)| value.text()))
    };
    cursor.text().or_else(|| one(cursor)).or_else(|| cursor.items().find_map(|item| one(&item)))
}

/// A list, or a map of named things.
fn accesses<'a>(cursor: &Cursor<'a>) -> Vec<(Option<String>, Cursor<'a>)> {
    if cursor.is_list() {
        return cursor.items().map(|item| (None, item)).collect();
    }
    let named = cursor.entries().into_iter().filter(|(_, value)| value.is_map() || value.is_list());
    named.map(|(name, value)| (Some(name.to_owned()), value)).collect()
}

fn port(key: Option<String>, cursor: &Cursor<'_>) -> Port {
    let say = |name: &str| cursor.get(name).and_then(|value| words(&value));
    Port {
        name: say("name").or_else(|| key.clone()),
        id: key,
        description: say("description"),
        port_type: cursor.any_string(&["outputPortType", "outputPorttype", "interface"]),
        ..Port::new(Direction::Output, cursor.pointer())
    }
}

fn owner(holder: &Cursor<'_>) -> Option<Owner> {
    let owner = Owner {
        id: holder.string("businessID"),
        name: holder.string("contactName"),
        email: holder.string("email"),
        team: holder.string("legalName"),
    };
    (owner != Owner::default()).then_some(owner)
}

fn support(root: &Cursor<'_>) -> Vec<Support> {
    let levels = part(root, "SLA");
    let of_levels = levels.iter().flat_map(|sla| {
        let profiles = sla.get("declarative").map(|levels| accesses(&levels)).unwrap_or_default();
        let own = sla.get("support").into_iter();
        own.chain(profiles.into_iter().filter_map(|(_, profile)| profile.get("support"))).collect::<Vec<_>>()
    });
    let channel = |cursor: Cursor<'_>| {
        let url = cursor.any_string(&["documentationURL", "email", "phoneNumber"])?;
        let channel = cursor.string("email").map_or("support", |_| "email");
        Some(Support { channel: Some(channel.to_owned()), url: Some(url), pointer: cursor.pointer() })
    };
    of_levels.chain(part(root, "support")).filter_map(channel).collect()
}

/// The first contract has what the product says of levels, terms and prices; the others have what is theirs.
fn contracts(root: &Cursor<'_>) -> Vec<Arc<Contract>> {
    let named = named(root);
    let first = contract(root, named.first(), true);
    let others = named.iter().skip(1).filter_map(|profile| contract(root, Some(profile), false));
    first.into_iter().chain(others).map(Arc::new).collect()
}

fn contract(root: &Cursor<'_>, named: Option<&Cursor<'_>>, first: bool) -> Option<Contract> {
    let levels = part(root, "SLA").filter(|_| first).map(|sla| sla_rows(&sla)).unwrap_or_default();
    let license = part(root, "license").filter(|_| first);
    let pricing = part(root, "pricingPlans").filter(|_| first);
    if named.is_none() && levels.is_empty() && license.is_none() && pricing.is_none() {
        return None;
    }
    let spec = named.and_then(|contract| contract.get("spec")).filter(Cursor::is_map);
    // The contract may be a file beside the product.
    let spec = spec.or_else(|| named.and_then(|contract| contract.contract_at(&contract.string("contractURL")?)));
    let mut contract = match &spec {
        Some(spec) if spec.get("dataContractSpecification").is_some() => dcs::contract(spec),
        Some(spec) => odcs::contract(spec),
        None => Contract { pointer: named.unwrap_or(root).pointer(), ..Contract::default() },
    };
    let said = |key: &str| named.and_then(|named| named.string(key));
    contract.id = said("id").or(contract.id);
    contract.version = said("contractVersion").or(contract.version);
    contract.sla.extend(levels);
    contract.terms = contract.terms.or_else(|| license.map(|license| license.to_value()));
    contract.pricing = contract.pricing.or_else(|| pricing.map(|plans| plans.to_value()));
    Some(contract)
}

/// The contracts: since 4.2 there may be several profiles. The one that ports carry stands first: the one called
/// `default`, else the first.
fn named<'a>(root: &Cursor<'a>) -> Vec<Cursor<'a>> {
    let known = ["id", "type", "contractURL", "spec", "$ref", "contractVersion"];
    let places = [root.at(&["product", "contract"]), root.get("contract")];
    let mut found = Vec::new();
    for place in places.into_iter().flatten() {
        let profiles = accesses(&place);
        if known.iter().any(|key| place.get(key).is_some()) || profiles.is_empty() {
            found.push(place);
        } else {
            let (default, others): (Vec<_>, Vec<_>) =
                profiles.into_iter().partition(|(name, _)| name.as_deref() == Some("default"));
            found.extend(default.into_iter().chain(others).map(|(_, profile)| profile));
        }
    }
    found
}

/// Returns the files of contracts, and where they are named.
pub fn contract_files(root: &Cursor<'_>) -> Vec<(String, String)> {
    let file = |contract: Cursor<'_>| {
        let url = contract.get("contractURL")?;
        let file = url.text().filter(|text| !text.contains("://"))?;
        Some((file, url.pointer()))
    };
    named(root).into_iter().filter_map(file).collect()
}

/// Dimensions stand in the list, or in profiles of their own below it.
fn sla_rows(sla: &Cursor<'_>) -> Vec<Sla> {
    // Since 4.0 the profiles may stand in `SLA` itself.
    let declared = sla.get("declarative").unwrap_or_else(|| sla.clone());
    let mut rows = Vec::new();
    for (_, profile) in accesses(&declared) {
        if profile.get("dimension").is_some() {
            rows.push(row(&profile));
        }
        rows.extend(profile.list("dimensions").map(|dimension| row(&dimension)));
        rows.extend(profile.items().map(|dimension| row(&dimension)));
    }
    rows
}

fn row(cursor: &Cursor<'_>) -> Sla {
    Sla {
        property: cursor.string("dimension"),
        value: cursor.get("objective").map(|objective| objective.to_value()).filter(|value| !value.is_null()),
        unit: cursor.string("unit"),
        pointer: cursor.pointer(),
        ..Sla::default()
    }
}
