//! The mesh of a run: who offers what, who reads it, what is referred to and is not there.
//!
//! Deliberately absent: judgement. That an orphan or a circle is wrong is a rule's remark.

pub mod density;

use meshgate_core::evaluate::Shared;
use meshgate_core::model::{
    Dangling, Direction, Input, Mesh, MeshContract, MeshPort, MeshProduct, Orphan, Port, Product,
};
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// What one descriptor brings to the mesh.
#[derive(Debug, Clone)]
pub enum Entry {
    Product(MeshProduct),
    Contract(MeshContract),
}

/// Returns what a descriptor brings to the mesh.
pub fn entry(input: &Input) -> Option<Entry> {
    let id = input.id()?.to_owned();
    if let Some(product) = &input.product {
        return Some(Entry::Product(MeshProduct {
            id,
            fqn: product.fqn.clone(),
            name: product.name.clone(),
            version: product.version.clone(),
            domain: product.domain.clone(),
            status: product.status.clone(),
            owner: owner(product),
            format: input.format.as_str(),
            file: input.file.clone(),
            ports: product.ports.iter().map(port).collect(),
            upstream: Vec::new(),
            consumers: Vec::new(),
        }));
    }
    let contract = input.contracts.first()?;
    Some(Entry::Contract(MeshContract {
        id,
        name: contract.name.clone(),
        version: contract.version.clone(),
        domain: contract.domain.clone(),
        status: contract.status.clone(),
        format: input.format.as_str(),
        file: input.file.clone(),
        ..MeshContract::default()
    }))
}

fn owner(product: &Product) -> Option<String> {
    product.owner.as_ref().and_then(|owner| owner.word()).map(str::to_owned)
}

fn port(port: &Port) -> MeshPort {
    MeshPort {
        direction: port.direction,
        name: port.name.clone(),
        id: port.id.clone(),
        version: port.version.clone(),
        contract_id: port.contract_id.clone().or_else(|| port.contract.as_ref().and_then(|c| c.id.clone())),
        upstream: port.upstream.clone(),
        consumers: Vec::new(),
        pointer: port.pointer.clone(),
    }
}

/// Products by the contracts that they offer.
pub fn providers(mesh: &Shared) -> HashMap<String, Vec<String>> {
    let list = |key: &str| mesh.value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut times: HashMap<&str, usize> = HashMap::new();
    for id in list("products").iter().filter_map(|product| product.get("id")?.as_str()) {
        *times.entry(id).or_default() += 1;
    }
    // Of an id that two products have, nobody knows whose it is.
    let is_one = |id: &&str| times.get(id).is_some_and(|times| *times == 1);
    let of = |contract: &Value| {
        let id = contract.get("id")?.as_str()?.to_owned();
        let providers = contract.get("providers")?.as_array()?.iter().filter_map(Value::as_str);
        Some((id, providers.filter(is_one).map(str::to_owned).collect()))
    };
    list("contracts").iter().filter_map(of).collect()
}

/// Readers of offers that are told: more mean that many products offer and read the same name.
const READERS_MAX: usize = 500_000;

/// Joins what the descriptors of a run bring, in the order of their files.
///
/// # Errors
/// When so many products offer and read the same names that the mesh cannot be told.
pub fn join(entries: Vec<Entry>, complete: bool) -> Result<Arc<Shared>, String> {
    let mut mesh = Mesh { complete, ..Mesh::default() };
    for entry in entries {
        match entry {
            Entry::Product(product) => mesh.products.push(product),
            Entry::Contract(contract) => mesh.contracts.push(contract),
        }
    }
    connect(&mut mesh)?;
    mesh.index();
    // Strings, lists and string-keyed maps only: this cannot fail.
    Ok(Arc::new(Shared::new(serde_json::to_value(&mesh).unwrap_or_default())))
}

/// Where an id leads: an output port of a product, or the product.
#[derive(Clone, Copy)]
struct Offer {
    product: usize,
    port: Option<usize>,
}

fn connect(mesh: &mut Mesh) -> Result<(), String> {
    let mut offers: HashMap<String, Vec<Offer>> = HashMap::new();
    for (product, of) in mesh.products.iter().enumerate() {
        for name in [Some(&of.id), of.fqn.as_ref()].into_iter().flatten().collect::<BTreeSet<_>>() {
            offers.entry(name.clone()).or_default().push(Offer { product, port: None });
        }
        for (index, port) in of.ports.iter().enumerate().filter(|(_, port)| port.direction == Direction::Output) {
            for name in [&port.id, &port.contract_id].into_iter().flatten().collect::<BTreeSet<_>>() {
                offers.entry(name.clone()).or_default().push(Offer { product, port: Some(index) });
            }
        }
    }
    let contracts: HashMap<String, Vec<usize>> =
        mesh.contracts.iter().enumerate().fold(HashMap::new(), |mut known, (index, contract)| {
            known.entry(contract.id.clone()).or_default().push(index);
            known
        });
    let mut edges: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut read: Vec<(Offer, usize)> = Vec::new();
    let mut of_contracts: Vec<(usize, bool, usize)> = Vec::new();
    for (product, of) in mesh.products.iter().enumerate() {
        for port in &of.ports {
            let input = port.direction == Direction::Input;
            // An input port reads by the contract's id; any port may say what it is made from.
            let mut wanted: BTreeSet<&String> = port.upstream.iter().collect();
            wanted.extend(port.contract_id.iter().filter(|_| input));
            wanted.extend(port.id.iter().filter(|id| input && offers.contains_key(*id)));
            for name in wanted {
                for offer in offers.get(name).into_iter().flatten() {
                    // A port made from another port of its own product is no reader of the mesh.
                    if read.len() > READERS_MAX {
                        return Err(format!(
                            "the mesh has more than {READERS_MAX} readers of offers: `{name}` is offered and read too often"
                        ));
                    }
                    if offer.product != product {
                        edges.insert((product, offer.product));
                        read.push((*offer, product));
                    } else if input && offer.port.is_some() {
                        edges.insert((product, product));
                    }
                }
            }
            let known = |name: &String| offers.contains_key(name) || contracts.contains_key(name);
            for contract in port.contract_id.iter().flat_map(|id| contracts.get(id)).flatten() {
                of_contracts.push((*contract, input, product));
            }
            let inline = !input && port.contract_id.as_ref().is_some_and(|id| !contracts.contains_key(id));
            let mut missing: Vec<&String> = port.contract_id.iter().filter(|id| input && !known(id)).collect();
            // An output port's contract is an offer by itself; the contract must be a file, or stand in the product.
            missing.extend(port.contract_id.iter().filter(|_| inline && named_contract(of)));
            missing.extend(port.upstream.iter().filter(|name| refers(of, name) && !known(name)));
            for reference in missing {
                mesh.dangling.push(Dangling {
                    product: of.id.clone(),
                    file: of.file.clone(),
                    pointer: port.pointer.clone(),
                    reference: reference.clone(),
                });
            }
        }
    }
    record(mesh, &edges, &read, &of_contracts);
    Ok(())
}

/// Standards whose contracts are files of their own, named by id.
fn named_contract(product: &MeshProduct) -> bool {
    matches!(product.format, "odps" | "dps")
}

/// Says whether an upstream is a reference into the mesh: ODPS names contracts, Witboost its own components; other
/// standards name systems outside.
fn refers(product: &MeshProduct, name: &str) -> bool {
    match product.format {
        "odps" => true,
        "witboost" => name.starts_with("urn:dmb:cmp:") || name.starts_with("urn:dmb:dp:"),
        _ => false,
    }
}

fn record(
    mesh: &mut Mesh,
    edges: &BTreeSet<(usize, usize)>,
    read: &[(Offer, usize)],
    of_contracts: &[(usize, bool, usize)],
) {
    let ids: Vec<String> = mesh.products.iter().map(|product| product.id.clone()).collect();
    let id = |index: usize| ids.get(index).cloned().unwrap_or_default();
    for (consumer, provider) in edges.iter().filter(|(consumer, provider)| consumer != provider) {
        if let Some(product) = mesh.products.get_mut(*consumer) {
            product.upstream.push(id(*provider));
        }
        if let Some(product) = mesh.products.get_mut(*provider) {
            product.consumers.push(id(*consumer));
        }
    }
    let mut told = HashSet::new();
    for (offer, consumer) in read {
        let product = mesh.products.get_mut(offer.product);
        let port = product.and_then(|product| product.ports.get_mut(offer.port?));
        if let Some(port) = port.filter(|_| told.insert((offer.product, offer.port, *consumer))) {
            port.consumers.push(id(*consumer));
        }
    }
    let mut told = HashSet::new();
    for (contract, input, product) in of_contracts.iter().filter(|of| told.insert(**of)) {
        if let Some(contract) = mesh.contracts.get_mut(*contract) {
            let list = if *input { &mut contract.consumers } else { &mut contract.providers };
            list.push(id(*product));
        }
    }
    for product in &mesh.products {
        // Who reads the product as a whole may read any of its ports.
        let read_whole = !product.consumers.is_empty() && product.ports.iter().all(|port| port.consumers.is_empty());
        for port in &product.ports {
            if port.direction == Direction::Output && port.consumers.is_empty() && !read_whole {
                mesh.orphans.push(Orphan {
                    product: product.id.clone(),
                    file: product.file.clone(),
                    port: port.name.clone(),
                    pointer: port.pointer.clone(),
                });
            }
        }
    }
    let graph = DiGraph::<(), ()>::from_edges(
        edges.iter().filter_map(|(from, to)| Some((u32::try_from(*from).ok()?, u32::try_from(*to).ok()?))),
    );
    let circles = tarjan_scc(&graph)
        .into_iter()
        .filter(|circle| circle.len() > 1 || circle.first().is_some_and(|node| graph.contains_edge(*node, *node)));
    mesh.cycles = circles
        .map(|circle| {
            let mut circle: Vec<String> = circle.into_iter().map(|node| id(node.index())).collect();
            circle.sort();
            circle
        })
        .collect();
    mesh.cycles.sort();
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn product(id: &str, inputs: &[&str], outputs: &[&str]) -> Entry {
        let port = |direction, contract: &&str| MeshPort {
            direction,
            name: Some((*contract).to_owned()),
            id: None,
            version: None,
            contract_id: Some((*contract).to_owned()),
            upstream: Vec::new(),
            consumers: Vec::new(),
            pointer: format!("/{contract}"),
        };
        let inputs = inputs.iter().map(|contract| port(Direction::Input, contract));
        let outputs = outputs.iter().map(|contract| port(Direction::Output, contract));
        Entry::Product(MeshProduct {
            id: id.to_owned(),
            format: "odps",
            file: format!("{id}.yaml"),
            ports: inputs.chain(outputs).collect(),
            ..MeshProduct::default()
        })
    }

    fn contract(id: &str) -> Entry {
        Entry::Contract(MeshContract { id: id.to_owned(), format: "odcs", ..MeshContract::default() })
    }

    fn mesh(entries: Vec<Entry>) -> Value {
        join(entries, true).unwrap().value.clone()
    }

    #[test]
    fn readers_and_providers_are_found_by_contract() {
        let mesh = mesh(vec![product("a", &[], &["orders"]), product("b", &["orders"], &[]), contract("orders")]);
        assert_eq!(mesh["products"][0]["consumers"], json!(["b"]));
        assert_eq!(mesh["products"][0]["ports"][0]["consumers"], json!(["b"]));
        assert_eq!(mesh["products"][1]["upstream"], json!(["a"]));
        assert_eq!(mesh["contracts"][0]["providers"], json!(["a"]));
        assert_eq!(mesh["contracts"][0]["consumers"], json!(["b"]));
        assert_eq!((&mesh["dangling"], &mesh["orphans"], &mesh["cycles"]), (&json!([]), &json!([]), &json!([])));
    }

    #[test]
    fn what_nobody_has_dangles_and_what_nobody_reads_is_an_orphan() {
        let mesh = mesh(vec![product("a", &["lost"], &["orders"]), contract("orders")]);
        assert_eq!(
            mesh["dangling"],
            json!([{"product": "a", "file": "a.yaml", "pointer": "/lost", "reference": "lost"}])
        );
        assert_eq!(
            mesh["orphans"],
            json!([{"product": "a", "file": "a.yaml", "port": "orders", "pointer": "/orders"}])
        );
    }

    #[test]
    fn an_output_port_whose_contract_is_no_file_dangles() {
        let mesh = mesh(vec![product("a", &[], &["orders"]), product("b", &["orders"], &[])]);
        assert_eq!(mesh["dangling"][0]["reference"], "orders");
        assert_eq!(mesh["dangling"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_name_that_all_offer_and_all_read_is_no_mesh() {
        let many = (0..1000).map(|id| product(&format!("p{id}"), &["x"], &["x"])).collect();
        assert!(join(many, true).unwrap_err().contains("`x` is offered and read too often"));
    }

    #[test]
    fn circles_are_found_of_any_length() {
        let mesh = mesh(vec![
            product("a", &["z"], &["x"]),
            product("b", &["x"], &["y"]),
            product("c", &["y"], &["z"]),
            product("d", &["own"], &["own"]),
            product("e", &["z"], &[]),
        ]);
        assert_eq!(mesh["cycles"], json!([["a", "b", "c"], ["d"]]));
    }
}
