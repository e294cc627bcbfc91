//! Witboost (Agile Lab) data product specification to the model.
//!
//! | model | Witboost |
//! |---|---|
//! | `id`, `fqn`, `name`, `version`, `domain`, `status`, `description` | the same |
//! | `owner` | `dataProductOwner`, `dataProductOwnerDisplayName`, `email`, `ownerGroup` |
//! | `tags` | `tags[].tagFQN` |
//! | output, observability ports | `components[]` of kind `outputport`, `observability` |
//! | input ports | `readsFrom[]` of the workloads |
//! | `ports[].upstream` | `dependsOn[]` |
//! | `ports[].contract` | `dataContract`: `schema[]` as one table, `SLA` as `sla[]`, `dataSharingAgreement(s)` as `terms` |
//! | `retention` | `retentionTime` |
//!
//! Deliberately absent: workloads and storage as such; no rule of the model speaks of how a product is built.

use crate::cursor::Cursor;
use crate::extract;
use meshgate_core::model::{Column, Contract, Description, Direction, Owner, Port, Product, Sla, Support, Table};
use std::sync::Arc;

/// Builds the model of a product.
pub fn product(root: &Cursor<'_>) -> Product {
    let mut ports = Vec::new();
    for component in root.list("components") {
        match component.string("kind").map(|kind| kind.to_lowercase()).as_deref() {
            Some("outputport") => ports.push(port(&component, Direction::Output)),
            Some("observability") => ports.push(port(&component, Direction::Observability)),
            Some("workload") => ports.extend(component.list("readsFrom").filter_map(|read| input(&read))),
            _ => {}
        }
    }
    let email = root.string("email").map(mail);
    let owner = Owner {
        id: root.string("dataProductOwner"),
        name: root.string("dataProductOwnerDisplayName"),
        email: email.clone(),
        team: root.string("ownerGroup"),
    };
    let contacts = root.get("contacts").map(|contacts| contacts.entries()).unwrap_or_default();
    let support = contacts.iter().filter_map(|(name, contact)| {
        Some(Support { channel: Some((*name).to_owned()), url: Some(contact.text()?), pointer: contact.pointer() })
    });
    Product {
        id: root.string("id"),
        fqn: root.string("id").filter(|id| id.starts_with("urn:")),
        name: root.string("name"),
        version: root.string("version"),
        domain: root.string("domain"),
        status: root.string("status"),
        deprecated: None,
        description: root.string("description"),
        tags: tags(root),
        owner: (owner != Owner::default()).then_some(owner),
        support: support.collect(),
        ports,
        pointer: root.pointer(),
    }
}

fn mail(address: String) -> String {
    address.strip_prefix("mailto:").map_or_else(|| address.clone(), str::to_owned)
}

/// Tags are OpenMetadata's: `{tagFQN, source, labelType, state}`.
fn tags(cursor: &Cursor<'_>) -> Vec<String> {
    cursor.list("tags").filter_map(|tag| tag.string("tagFQN").or_else(|| tag.text())).collect()
}

fn input(cursor: &Cursor<'_>) -> Option<Port> {
    let id = cursor.text()?;
    Some(Port {
        name: id.rsplit(':').next().map(str::to_owned),
        upstream: vec![id],
        ..Port::new(Direction::Input, cursor.pointer())
    })
}

fn port(cursor: &Cursor<'_>, direction: Direction) -> Port {
    Port {
        name: cursor.string("name"),
        version: cursor.string("version"),
        id: cursor.string("id"),
        description: cursor.string("description"),
        port_type: cursor.string("outputPortType"),
        platform: cursor.string("platform"),
        upstream: cursor.strings("dependsOn"),
        contract: contract(cursor).map(Arc::new),
        tags: tags(cursor),
        ..Port::new(direction, cursor.pointer())
    }
}

fn contract(port: &Cursor<'_>) -> Option<Contract> {
    let contract = port.get("dataContract")?;
    // The published example has `dataSharingAgreements`, and has it in either place.
    let keys = ["dataSharingAgreement", "dataSharingAgreements"];
    let agreement = keys.iter().find_map(|key| port.get(key).or_else(|| contract.get(key)));
    let said = |key: &str| agreement.as_ref().and_then(|agreement| agreement.string(key));
    let description =
        Description { purpose: said("purpose"), usage: said("intendedUsage"), limitations: said("limitations") };
    let columns: Vec<Column> = contract.list("schema").map(|c| column(&c)).collect();
    let table = (!columns.is_empty()).then(|| Table {
        name: port.string("name"),
        physical_name: port.get("specific").and_then(|specific| specific.string("table")),
        columns,
        pointer: contract.get("schema").unwrap_or_else(|| contract.clone()).pointer(),
        ..Table::default()
    });
    let levels = contract.get("SLA").map(|sla| sla.entries()).unwrap_or_default();
    Some(Contract {
        id: port.string("id"),
        name: port.string("name"),
        version: port.string("version"),
        description: (description != Description::default()).then_some(description),
        pricing: agreement.as_ref().and_then(|agreement| agreement.get("billing")).map(|billing| billing.to_value()),
        terms: agreement
            .map(|agreement| agreement.to_value())
            .or_else(|| contract.get("termsAndConditions").map(|terms| terms.to_value())),
        schema: table.into_iter().collect(),
        sla: levels.iter().map(|(property, level)| self::level(property, level)).collect(),
        retention: port.string("retentionTime").or_else(|| extract::retention(port)),
        pointer: contract.pointer(),
        ..Contract::default()
    })
}

fn level(property: &str, cursor: &Cursor<'_>) -> Sla {
    let value = Some(cursor.to_value()).filter(|value| !value.is_null());
    Sla { property: Some(property.to_owned()), value, pointer: cursor.pointer(), ..Sla::default() }
}

fn column(cursor: &Cursor<'_>) -> Column {
    let constraint = cursor.string("constraint").map(|constraint| constraint.to_uppercase());
    let says = |word: &str| constraint.as_deref().filter(|constraint| *constraint == word).map(|_| true);
    let mut column = Column {
        name: cursor.string("name"),
        logical_type: cursor.string("dataType"),
        physical_type: cursor.string("dataTypeDisplay"),
        required: says("NOT_NULL").or_else(|| says("PRIMARY_KEY")),
        unique: says("UNIQUE").or_else(|| says("PRIMARY_KEY")),
        primary_key: says("PRIMARY_KEY"),
        description: cursor.string("description"),
        tags: tags(cursor),
        columns: cursor.list("children").map(|child| column(&child)).collect(),
        pointer: cursor.pointer(),
        ..Column::default()
    };
    extract::privacy(cursor, &mut column);
    column
}
