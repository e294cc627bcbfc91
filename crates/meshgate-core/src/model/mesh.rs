//! The mesh side of the model: what a rule may know of the other descriptors of the run.
//!
//! Deliberately absent: columns and texts. An index of ten thousand descriptors is shared by all of them.

use super::product::Direction;
use schemars::JsonSchema;
use serde::Serialize;

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
