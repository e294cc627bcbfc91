//! The product side of the model: owner, support, ports.
//!
//! Deliberately absent: internal components; no rule of the model speaks of how a product is built.

use super::contract::Contract;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// A data product.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Product {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its fully qualified name, a URN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fqn: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The domain that owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Its status, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Is it on its way out?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<bool>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Where help is to be had.
    pub support: Vec<Support>,
    /// Its ports.
    pub ports: Vec<Port>,
    /// Where it is in the document.
    pub pointer: String,
}

/// Who answers for a product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Owner {
    /// A user name or id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
}

impl Owner {
    /// Returns the word that says best who this is: the id, mail address, name or team.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        [&self.id, &self.email, &self.name, &self.team].into_iter().find_map(Option::as_deref)
    }
}

/// A support channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Support {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Where it is in the document.
    pub pointer: String,
}

/// The direction of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Data comes in.
    Input,
    /// Data goes out to consumers.
    Output,
    /// What the product offers, for discovery.
    Discovery,
    /// How it is doing.
    Observability,
    /// How it is configured.
    Control,
    /// Other management ports.
    Management,
}

/// A port.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Port {
    /// Its direction.
    pub direction: Direction,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its status, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Is it on its way out?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<bool>,
    /// Does it carry personal data? Only where the standard has a field for it (DPS `containsPii`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pii: Option<bool>,
    /// Its type, as written (`tables`, `topic`, `datastore-services`).
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub port_type: Option<String>,
    /// The platform it runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Where its data is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The id of its contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_id: Option<String>,
    /// What it is made from: ids of contracts or ports.
    pub upstream: Vec<String>,
    /// The contract itself, when it is in sight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<Arc<Contract>>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Where it is.
    pub pointer: String,
}

impl Port {
    /// Returns an empty port of that direction.
    #[must_use]
    pub fn new(direction: Direction, pointer: String) -> Self {
        Self {
            direction,
            name: None,
            version: None,
            id: None,
            description: None,
            status: None,
            deprecated: None,
            pii: None,
            port_type: None,
            platform: None,
            location: None,
            contract_id: None,
            upstream: Vec::new(),
            contract: None,
            tags: Vec::new(),
            pointer,
        }
    }
}

/// Where data is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Location {
    /// The cloud region, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The country, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The server's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}
