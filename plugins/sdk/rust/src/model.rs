//! The model of a descriptor, the same for every standard: what a Rego rule sees as `input`.
//!
//! Deliberately absent: fields that few rules look at; they are in the document itself, [`Input::raw`].

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A descriptor.
#[derive(Debug, Deserialize)]
pub struct Input {
    /// `dpds`, `odps`, `odcs`, `odps-lf`, `dcs`, `dps`, `witboost` or `generic`.
    #[serde(default)]
    pub format: String,
    /// `data-product`, `data-contract` or `other`.
    #[serde(default)]
    pub kind: String,
    /// The file as it was named.
    #[serde(default)]
    pub file: String,
    /// The data product, when it is one.
    pub product: Option<Product>,
    /// Every contract in sight: the document itself when it is one, and those of the product's output ports.
    #[serde(default)]
    pub contracts: Vec<Contract>,
    /// What the run says of itself.
    #[serde(default)]
    pub context: Context,
    // Kept as text: most plugins look at neither, and reading them costs more than the rest.
    raw: Option<Box<RawValue>>,
    mesh: Option<Box<RawValue>>,
}

impl Input {
    /// Reads what the host gives, or what a test makes up.
    ///
    /// # Errors
    /// When the text is not JSON of this shape.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("the input cannot be read: {error}"))
    }

    /// The document itself, its references resolved; every pointer leads into it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn raw(&self) -> Result<Value, String> {
        value(self.raw.as_deref())
    }

    /// The reduced index of all descriptors of the run.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn mesh(&self) -> Result<Value, String> {
        value(self.mesh.as_deref())
    }

    /// Every column of every contract, nested ones after the one that holds them.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.contracts.iter().flat_map(Contract::columns)
    }
}

fn value(raw: Option<&RawValue>) -> Result<Value, String> {
    raw.map_or(Ok(Value::Null), |raw| serde_json::from_str(raw.get()).map_err(|error| error.to_string()))
}

/// A data product.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Product {
    /// Its id.
    pub id: Option<String>,
    /// Its fully qualified name.
    pub fqn: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its domain.
    pub domain: Option<String>,
    /// Its status, as the standard words it.
    pub status: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Who answers for it.
    pub owner: Option<Owner>,
    /// Its ports.
    pub ports: Vec<Port>,
    /// Where it stands.
    pub pointer: String,
}

/// Who answers for something.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Owner {
    /// Their id.
    pub id: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// Their team.
    pub team: Option<String>,
}

/// A port of a product.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Port {
    /// `input`, `output`, `discovery`, `observability`, `control` or `management`.
    pub direction: String,
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its id.
    pub id: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Its type, as the standard words it.
    pub r#type: Option<String>,
    /// The platform that it is on.
    pub platform: Option<String>,
    /// The contract that it keeps, by id.
    pub contract_id: Option<String>,
    /// What it reads from.
    pub upstream: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Where it stands.
    pub pointer: String,
}

/// A contract.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Contract {
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its status.
    pub status: Option<String>,
    /// Its domain.
    pub domain: Option<String>,
    /// Its tables.
    pub schema: Vec<Table>,
    /// What it promises of its service.
    pub sla: Vec<Sla>,
    /// Where its data is served.
    pub servers: Vec<Server>,
    /// Who may have access.
    pub roles: Vec<Role>,
    /// How long data is kept.
    pub retention: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Where it stands.
    pub pointer: String,
}

impl Contract {
    /// Every column of every table, nested ones after the one that holds them.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.schema.iter().flat_map(Table::all_columns)
    }
}

/// A table, a topic, a file: what has columns.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Table {
    /// Its name.
    pub name: Option<String>,
    /// Its name where it is stored.
    pub physical_name: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its quality rules, as the standard words them.
    pub quality: Vec<Value>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Where it stands.
    pub pointer: String,
}

impl Table {
    /// Its columns, nested ones after the one that holds them.
    pub fn all_columns(&self) -> impl Iterator<Item = &Column> {
        let mut left: Vec<&Column> = self.columns.iter().rev().collect();
        std::iter::from_fn(move || {
            let column = left.pop()?;
            left.extend(column.columns.iter().rev());
            Some(column)
        })
    }
}

/// A column.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Column {
    /// Its name.
    pub name: Option<String>,
    /// Its logical type.
    pub r#type: Option<String>,
    /// Its type where it is stored.
    pub physical_type: Option<String>,
    /// Must it have a value?
    pub required: Option<bool>,
    /// Does every value stand once?
    pub unique: Option<bool>,
    /// Is it part of the primary key?
    pub primary_key: Option<bool>,
    /// What it is.
    pub description: Option<String>,
    /// Its classification, as it is written.
    pub classification: Option<String>,
    /// Is it personal data?
    pub pii: Option<bool>,
    /// Is it encrypted?
    pub encrypted: Option<bool>,
    /// How it is masked. Present whatever its shape.
    pub masking: Option<Value>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its quality rules, as the standard words them.
    pub quality: Vec<Value>,
    /// Columns within.
    pub columns: Vec<Column>,
    /// Where it stands.
    pub pointer: String,
}

/// A promise of service.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sla {
    /// What is promised.
    pub property: Option<String>,
    /// How much.
    pub value: Option<Value>,
    /// In what unit.
    pub unit: Option<String>,
    /// Of what.
    pub element: Option<String>,
    /// Where it stands.
    pub pointer: String,
}

/// Where data is served.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Server {
    /// Its name.
    pub name: Option<String>,
    /// Its type.
    pub r#type: Option<String>,
    /// Its environment.
    pub environment: Option<String>,
    /// Where it stands.
    pub pointer: String,
}

/// Who may have access.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Role {
    /// Its name.
    pub role: Option<String>,
    /// What it may do.
    pub access: Option<String>,
    /// Where it stands.
    pub pointer: String,
}

/// What the run says of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Context {
    /// The stage of the deployment, when given.
    pub stage: Option<String>,
    /// The event that asks, when given.
    pub event: Option<String>,
    /// The domain of the descriptor, when it names one.
    pub domain: Option<String>,
    /// The time of the check, RFC 3339 in UTC. It needs no capability.
    pub now: String,
}
