//! The model that rules see as `input`: one shape for every standard. Absent is absent, never null; a list is always
//! there, empty when the document has none.
//!
//! Deliberately absent: how a standard maps onto it (`meshgate-descriptor`), and wire types of reports (`meshgate-report`).

mod contract;
mod mesh;
mod product;

pub use contract::{Column, Contract, Description, Role, Server, Sla, Table};
pub use mesh::{Dangling, Mesh, MeshContract, MeshPort, MeshProduct, Orphan};
pub use product::{Direction, Location, Owner, Port, Product, Support};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The format of a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Open Data Mesh Data Product Descriptor Specification.
    Dpds,
    /// Bitol Open Data Product Standard.
    Odps,
    /// Bitol Open Data Contract Standard.
    Odcs,
    /// Linux Foundation Open Data Product Specification.
    OdpsLf,
    /// Data Contract Specification (datacontract.com).
    Dcs,
    /// Data Product Specification (datamesh-architecture.com).
    Dps,
    /// Witboost data product specification.
    Witboost,
    /// Any other YAML or JSON document.
    Generic,
}

impl Format {
    /// Every standard that is read, in the order of the documentation.
    pub const STANDARDS: [Self; 7] =
        [Self::Dpds, Self::Odps, Self::Odcs, Self::OdpsLf, Self::Dcs, Self::Dps, Self::Witboost];

    /// Returns the standard's own name and abbreviation.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Dpds => "Open Data Mesh DPDS",
            Self::Odps => "Bitol ODPS",
            Self::Odcs => "Bitol ODCS",
            Self::OdpsLf => "LF ODPS",
            Self::Dcs => "Data Contract Specification",
            Self::Dps => "Data Product Specification",
            Self::Witboost => "Witboost",
            Self::Generic => "generic",
        }
    }

    /// Returns the short name used everywhere.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dpds => "dpds",
            Self::Odps => "odps",
            Self::Odcs => "odcs",
            Self::OdpsLf => "odps-lf",
            Self::Dcs => "dcs",
            Self::Dps => "dps",
            Self::Witboost => "witboost",
            Self::Generic => "generic",
        }
    }
}

/// What a descriptor describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A data product.
    DataProduct,
    /// A data contract.
    DataContract,
    /// Anything else.
    Other,
}

impl Kind {
    /// Returns the short name used everywhere.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DataProduct => "data-product",
            Self::DataContract => "data-contract",
            Self::Other => "other",
        }
    }
}

/// What the run says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Context {
    /// The stage of the deployment (`dev`, `prod`, …), when given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The event that asks (`DATA_PRODUCT_VERSION_CREATION`, …), when given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The domain of the descriptor, when it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Whose rules look: `global`, a domain's name, or `product`.
    pub layer: String,
    /// What the caller says of the run.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The time of the check, RFC 3339 in UTC.
    pub now: String,
}

/// A descriptor as rules see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Input {
    /// The standard it is written in.
    pub format: Format,
    /// What it describes.
    pub kind: Kind,
    /// The file as it was named.
    pub file: String,
    /// The data product, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<Product>,
    /// Every contract in sight.
    pub contracts: Vec<Arc<Contract>>,
    /// What the run says of itself.
    pub context: Context,
    /// The document itself, references resolved.
    pub raw: Value,
}

impl Input {
    /// Returns the id of the product, or of the contract.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match &self.product {
            Some(product) => product.id.as_deref().or(product.fqn.as_deref()).or(product.name.as_deref()),
            None => self.contracts.first().and_then(|c| c.id.as_deref().or(c.name.as_deref())),
        }
    }

    /// Returns the JSON that rules see.
    #[must_use]
    pub fn to_value(&self) -> Value {
        // Strings, lists and string-keyed maps only: this cannot fail, and if it ever did, an empty input would show.
        serde_json::to_value(self).unwrap_or_else(|_| Value::Object(Map::new()))
    }
}
