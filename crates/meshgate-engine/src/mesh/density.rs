//! How much a run joins: each product's rules see the contracts of its ports whole, so many products over the same contracts
//! are far more to look at than their files are to read.
//!
//! Deliberately absent: the mesh's own edges, which `mesh` counts; and what becomes of who joins too much.

use meshgate_core::model::Input;
use std::collections::{BTreeSet, HashMap};

/// Values that a run may join, for each value that its files have.
const TIMES_MAX: usize = 8;
/// Values that any run may join.
const FREE: usize = 250_000;

/// What one document is, and what is joined to it.
#[derive(Debug, Clone, Default)]
pub struct Weight {
    /// Its own values.
    pub own: usize,
    /// Values of the files that it refers to.
    pub referred: usize,
    /// The id, of a contract.
    pub contract: Option<String>,
    /// Contracts that it names, and that were not found by a reference.
    pub named: BTreeSet<String>,
}

impl Weight {
    pub fn of(input: &Input, own: usize, referred: usize) -> Self {
        let ports = input.product.iter().flat_map(|product| &product.ports);
        let named = ports.filter(|port| port.contract.is_none()).filter_map(|port| port.contract_id.clone()).collect();
        let contract = if input.product.is_none() { input.id().map(str::to_owned) } else { None };
        Self { own, referred, contract, named }
    }
}

/// Says which files of a run join too much, with how much: those that join the most, until the rest is in proportion to what
/// there is to read. Each is given by its name and the weights of its documents.
pub fn too_dense<'a>(files: &[(&'a str, &[Weight])]) -> HashMap<&'a str, String> {
    let weights = || files.iter().flat_map(|(_, weights)| weights.iter());
    let mut contracts: HashMap<&str, usize> = HashMap::new();
    for weight in weights() {
        if let Some(id) = &weight.contract {
            contracts.entry(id).or_insert(weight.own);
        }
    }
    let joined = |weight: &Weight| {
        let named = weight.named.iter().filter_map(|id| contracts.get(id.as_str()));
        named.sum::<usize>().saturating_add(weight.referred)
    };
    let mut each: Vec<(usize, &str)> =
        files.iter().map(|(name, weights)| (weights.iter().map(joined).sum(), *name)).collect();
    let own: usize = weights().map(|weight| weight.own).sum();
    let most = own.saturating_mul(TIMES_MAX).saturating_add(FREE);
    let mut all: usize = each.iter().map(|(joined, _)| joined).sum();
    if all <= most {
        return HashMap::new();
    }
    let whole = all;
    each.sort_by(|a, b| b.cmp(a));
    let mut dense = HashMap::new();
    for (joined, name) in each {
        if all <= most {
            break;
        }
        all -= joined;
        dense.insert(
            name,
            format!(
                "the contracts of its ports have {joined} values, and those of all products together {whole}: more than \
                 {most}, which is {TIMES_MAX} times what all files have, and {FREE}; check fewer products in one run"
            ),
        );
    }
    dense
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(id: usize, own: usize) -> Weight {
        Weight { own, contract: Some(format!("c{id}")), ..Weight::default() }
    }

    fn product(named: impl Iterator<Item = usize>, referred: usize) -> Weight {
        let named: BTreeSet<String> = named.map(|id| format!("c{id}")).collect();
        Weight { own: 5 + 4 * named.len(), referred, named, contract: None }
    }

    fn dense(weights: &[Weight]) -> usize {
        let names: Vec<String> = (0..weights.len()).map(|index| index.to_string()).collect();
        let files: Vec<(&str, &[Weight])> = names.iter().map(String::as_str).zip(weights.chunks(1)).collect();
        too_dense(&files).len()
    }

    #[test]
    fn a_mesh_as_there_are_is_judged_whatever_its_size() {
        // Each product offers one contract and reads four.
        for count in [10, 1_000, 50_000] {
            let contracts = (0..count).map(|id| contract(id, 600));
            let products = (0..count).map(|id| product([id, id / 2, id / 3, id / 5, id / 7].into_iter(), 0));
            assert_eq!(dense(&contracts.chain(products).collect::<Vec<_>>()), 0, "{count}");
        }
    }

    #[test]
    fn products_over_the_same_contracts_are_refused_until_the_rest_is_in_proportion() {
        for count in [200, 500] {
            let contracts = (0..count).map(|id| contract(id, 110));
            let all: Vec<Weight> = contracts.chain((0..count).map(|_| product(0..count, 0))).collect();
            let own: usize = all.iter().map(|weight| weight.own).sum();
            let left = count - dense(&all);
            assert!(left > 0 && left * count * 110 <= own * TIMES_MAX + FREE, "{count}: {left}");
        }
    }

    #[test]
    fn references_count_and_small_products_stay() {
        let mut all: Vec<Weight> = (0..100).map(|_| product(std::iter::empty(), 100_000)).collect();
        all.extend((0..100).map(|_| product(std::iter::empty(), 10)));
        let refused = dense(&all);
        assert!((95..100).contains(&refused), "{refused}");
    }
}
