//! The contract side of the model: tables, columns, service levels, servers, roles.
//!
//! Deliberately absent: types of one database; `physical_type` is what the document says.

use super::product::Owner;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// A data contract.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Contract {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its status, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The domain that owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Its tags.
    pub tags: Vec<String>,
    /// What it is for and what it is not for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
    /// Terms of use, as the document has them (DPDS `obligations`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<Value>,
    /// What it costs, as the document has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pricing: Option<Value>,
    /// Tables, topics, files.
    pub schema: Vec<Table>,
    /// Service levels.
    pub sla: Vec<Sla>,
    /// Where the data is served.
    pub servers: Vec<Server>,
    /// Who may do what.
    pub roles: Vec<Role>,
    /// How long data is kept, as written with its unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<String>,
    /// Where it is.
    pub pointer: String,
}

impl Contract {
    /// Counts its tables and columns, nested ones too.
    #[must_use]
    pub fn size(&self) -> usize {
        fn columns_of(columns: &[Column]) -> usize {
            columns.iter().map(|column| 1 + columns_of(&column.columns)).sum()
        }
        self.schema.iter().map(|table| 1 + columns_of(&table.columns)).sum()
    }
}

/// What a contract is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Description {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// How to use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// What not to use it for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limitations: Option<String>,
}

/// A table, topic or file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Table {
    /// Its logical name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its name in the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub physical_name: Option<String>,
    /// What it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Is it on its way out?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<bool>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its quality rules, as the document has them.
    pub quality: Vec<Value>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Where it is.
    pub pointer: String,
}

/// A column, field or property.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Column {
    /// Its logical name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its logical type, as written.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub logical_type: Option<String>,
    /// Its type in the store, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub physical_type: Option<String>,
    /// Must it have a value?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// Is each value unique?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique: Option<bool>,
    /// Is it (part of) the primary key?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<bool>,
    /// What it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How confidential it is, in lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classification: Option<String>,
    /// Is it personal data? True when the document says so by field, property or tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pii: Option<bool>,
    /// Is it encrypted in the store?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// How it is masked; `none` counts as absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masking: Option<String>,
    /// Is it on its way out?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<bool>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its quality rules, as the document has them.
    pub quality: Vec<Value>,
    /// What it refers to (`table.column`), as written.
    pub references: Vec<String>,
    /// What it is made from, as written: columns or tables of other products.
    pub upstream: Vec<String>,
    /// Where it is.
    pub pointer: String,
    /// Columns nested in it.
    pub columns: Vec<Column>,
}

/// A service level.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Sla {
    /// What is promised (`latency`, `retention`, `availability`, …).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// How much, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Of what unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// For which column or table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub element: Option<String>,
    /// Why (`regulatory`, `analytics`, …).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Where it is.
    pub pointer: String,
}

/// A server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Server {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its type (`postgres`, `s3`, …).
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub server_type: Option<String>,
    /// Its environment (`prod`, …).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Its region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The catalog of its tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// The database, or the project, of its tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The schema, or the dataset, of its tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The topic, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Where it is.
    pub pointer: String,
}

/// A role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Role {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What it may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
    /// Who approves it.
    pub approvers: Vec<String>,
    /// Where it is.
    pub pointer: String,
}
