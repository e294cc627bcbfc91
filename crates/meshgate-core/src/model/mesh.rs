//! The mesh side of the model: what a rule may know of the other descriptors of the run.
//!
//! Deliberately absent: columns and texts. An index of ten thousand descriptors is shared by all of them.

use super::product::Direction;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// The descriptors of a run. The same for each of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Mesh {
    /// Does the run see the whole mesh (`--mesh`, or `mesh: complete`)? Only then may a rule argue from absence.
    pub complete: bool,
    /// The data products, by file.
    pub products: Vec<MeshProduct>,
    /// The data contracts that are files of their own, by file.
    pub contracts: Vec<MeshContract>,
    /// References to contracts or ports that no descriptor of the run has.
    pub dangling: Vec<Dangling>,
    /// Output ports that no product of the run reads.
    pub orphans: Vec<Orphan>,
    /// Products that are made from one another: the ids of each circle.
    pub cycles: Vec<Vec<String>>,
    /// Where things are in the lists above, so that a rule need not go through all of them for each descriptor.
    pub index: MeshIndex,
}

/// Positions in the lists of a mesh, from 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct MeshIndex {
    /// What is of a file, by the file's name.
    pub files: BTreeMap<String, InFile>,
    /// Products, by id.
    pub products: BTreeMap<String, Vec<usize>>,
    /// Circles that a product is in, by its id.
    pub cycles: BTreeMap<String, Vec<usize>>,
}

/// What of a mesh is of one file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct InFile {
    /// Its products.
    pub products: Vec<usize>,
    /// Its references to what is not there.
    pub dangling: Vec<usize>,
    /// Its ports that nobody reads.
    pub orphans: Vec<usize>,
}

impl Mesh {
    /// Makes the index of what is in the lists.
    pub fn index(&mut self) {
        let mut index = MeshIndex::default();
        for (at, product) in self.products.iter().enumerate() {
            index.files.entry(product.file.clone()).or_default().products.push(at);
            index.products.entry(product.id.clone()).or_default().push(at);
        }
        for (at, one) in self.dangling.iter().enumerate() {
            index.files.entry(one.file.clone()).or_default().dangling.push(at);
        }
        for (at, one) in self.orphans.iter().enumerate() {
            index.files.entry(one.file.clone()).or_default().orphans.push(at);
        }
        for (at, circle) in self.cycles.iter().enumerate() {
            for id in circle {
                index.cycles.entry(id.clone()).or_default().push(at);
            }
        }
        self.index = index;
    }
}

/// A data product of the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct MeshProduct {
    /// Its id, or its fully qualified name, or its name.
    pub id: String,
    /// Its fully qualified name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fqn: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Its status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Its owner: the id, mail address, name or team, whichever is there first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The standard it is written in.
    pub format: &'static str,
    /// Its file.
    pub file: String,
    /// Its ports.
    pub ports: Vec<MeshPort>,
    /// The products that it reads, by id.
    pub upstream: Vec<String>,
    /// The products that read it, by id.
    pub consumers: Vec<String>,
}

/// A port of a product of the run.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MeshPort {
    /// Its direction.
    pub direction: Direction,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The id of its contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_id: Option<String>,
    /// What it is made from.
    pub upstream: Vec<String>,
    /// The products that read it, by id.
    pub consumers: Vec<String>,
    /// Where it is, in its product's file.
    pub pointer: String,
}

/// A data contract of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MeshContract {
    /// Its id, or its name.
    pub id: String,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Its status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The standard it is written in.
    pub format: &'static str,
    /// Its file.
    pub file: String,
    /// The products whose output ports keep it, by id.
    pub providers: Vec<String>,
    /// The products whose input ports rely on it, by id.
    pub consumers: Vec<String>,
}

/// A reference to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Dangling {
    /// The product that refers.
    pub product: String,
    /// Its file.
    pub file: String,
    /// The port that refers.
    pub pointer: String,
    /// What it refers to.
    pub reference: String,
}

/// A port that nobody reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Orphan {
    /// The product.
    pub product: String,
    /// Its file.
    pub file: String,
    /// The port's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// Where the port is.
    pub pointer: String,
}
