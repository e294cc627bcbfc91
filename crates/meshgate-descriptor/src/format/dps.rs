//! Data Product Specification 0.0.1 (datamesh-architecture.com) to the model.
//!
//! | model | DPS |
//! |---|---|
//! | `id`, `name`, `domain`, `status`, `description` | `id`, `info.{title,domain,status,description}` |
//! | `owner` | `info.owner` |
//! | `ports[]` | `inputPorts[]`, `outputPorts[]` |
//! | `ports[].upstream` | `inputPorts[].sourceSystemId` |
//! | `ports[].pii` | `outputPorts[].containsPii` |
//! | `ports[].contract_id` | `outputPorts[].dataContractId` |
//!
//! Deliberately absent: contracts; they are files of their own.

use super::region;
use crate::cursor::Cursor;
use crate::extract;
use meshgate_core::model::{Direction, Location, Port, Product};

/// Builds the model of a product.
pub fn product(root: &Cursor<'_>) -> Product {
    let info = root.get("info");
    let text = |key: &str| info.as_ref().and_then(|info| info.string(key));
    let inputs = root.list("inputPorts").map(|cursor| port(&cursor, Direction::Input));
    let outputs = root.list("outputPorts").map(|cursor| port(&cursor, Direction::Output));
    Product {
        id: root.string("id"),
        name: text("title"),
        domain: text("domain"),
        status: text("status"),
        description: text("description"),
        tags: root.strings("tags"),
        owner: text("owner").map(extract::by_id),
        ports: inputs.chain(outputs).collect(),
        pointer: root.pointer(),
        ..Product::default()
    }
}

fn port(cursor: &Cursor<'_>, direction: Direction) -> Port {
    let region = cursor.get("server").and_then(|server| region(&server));
    Port {
        name: cursor.string("name"),
        id: cursor.string("id"),
        description: cursor.string("description"),
        status: cursor.string("status"),
        pii: cursor.boolean("containsPii"),
        port_type: cursor.string("type"),
        location: region.map(|region| Location { region: Some(region), ..Location::default() }),
        contract_id: cursor.string("dataContractId"),
        upstream: cursor.string("sourceSystemId").into_iter().collect(),
        tags: cursor.strings("tags"),
        ..Port::new(direction, cursor.pointer())
    }
}
