//! Open Data Mesh Data Product Descriptor Specification 1.0 to the model.
//!
//! | model | DPDS |
//! |---|---|
//! | `id`, `fqn`, `name`, `version`, `domain` | `info.{id,fullyQualifiedName,name,version,domain}` |
//! | `owner` | `info.owner`; an `id` with an `@` is its mail address |
//! | `support[]` | `info.contactPoints[]` |
//! | `ports[]` | `interfaceComponents.{input,output,discovery,observability,control}Ports[]` |
//! | `ports[].contract` | `promises.api` and its definition's tables, `promises.slo`, `obligations` as `terms` |
//!
//! A reference stands for what it names, in this file or another; a port behind a reference that leads nowhere is no port
//! of the model but a diagnostic, since nobody has looked at it.
//!
//! Deliberately absent: internal components; no rule of the model speaks of how a product is built.

use super::api;
use crate::cursor::Cursor;
use crate::extract;
use meshgate_core::model::{Contract, Direction, Location, Owner, Port, Product, Sla, Support};
use serde_json::Value;
use std::sync::Arc;

const PORTS: [(&str, Direction); 5] = [
    ("inputPorts", Direction::Input),
    ("outputPorts", Direction::Output),
    ("discoveryPorts", Direction::Discovery),
    ("observabilityPorts", Direction::Observability),
    ("controlPorts", Direction::Control),
];

/// Returns the ports behind a reference that leads nowhere.
pub fn unseen<'a>(root: &Cursor<'a>) -> Vec<Cursor<'a>> {
    let lists = PORTS.iter().filter_map(|(key, _)| root.at(&["interfaceComponents", key]));
    lists.flat_map(|list| list.items()).filter_map(|port| port.get("$ref")).collect()
}

/// Returns the API definitions of output ports in which no columns were found.
pub fn unread<'a>(root: &Cursor<'a>) -> Vec<Cursor<'a>> {
    let ports = root.at(&["interfaceComponents", "outputPorts"]).into_iter().flat_map(|list| list.items());
    let definitions = ports.filter_map(|port| port.at(&["promises", "api", "definition"]));
    // A reference that leads nowhere, and one to another language, are told by themselves.
    let said = definitions.filter(|definition| !definition.is_null() && definition.get("$ref").is_none());
    said.filter(|definition| api::tables(definition).iter().all(|table| table.columns.is_empty())).collect()
}

/// Builds the model of a product.
pub fn product(root: &Cursor<'_>) -> Product {
    let info = root.get("info");
    let text = |key: &str| info.as_ref().and_then(|info| info.string(key));
    let mut ports = Vec::new();
    for (key, direction) in PORTS {
        if let Some(list) = root.at(&["interfaceComponents", key]) {
            // A `$ref` that is still one leads nowhere.
            let seen = list.items().filter(|cursor| cursor.get("$ref").is_none());
            ports.extend(seen.map(|cursor| port(&cursor, direction)));
        }
    }
    Product {
        id: text("id"),
        fqn: text("fullyQualifiedName"),
        name: text("name"),
        version: text("version"),
        domain: text("domain"),
        status: text("status"),
        deprecated: None,
        description: text("description"),
        tags: root.strings("tags"),
        owner: root.at(&["info", "owner"]).and_then(|owner| self::owner(&owner)),
        support: info.iter().flat_map(|info| info.list("contactPoints")).map(|c| support(&c)).collect(),
        ports,
        pointer: root.pointer(),
    }
}

fn owner(cursor: &Cursor<'_>) -> Option<Owner> {
    let id = cursor.string("id").or_else(|| cursor.text());
    let owner = Owner {
        email: cursor.string("email").or_else(|| id.clone().filter(|id| id.contains('@'))),
        id,
        name: cursor.string("name"),
        team: cursor.string("team"),
    };
    (owner != Owner::default()).then_some(owner)
}

fn support(cursor: &Cursor<'_>) -> Support {
    Support {
        channel: cursor.string("channel").or_else(|| cursor.string("name")),
        url: cursor.string("address"),
        pointer: cursor.pointer(),
    }
}

fn port(cursor: &Cursor<'_>, direction: Direction) -> Port {
    // The specification says `servicesType`; its own example says `serviceType`.
    let promise = |key: &str| cursor.at(&["promises", key]).and_then(|value| value.text());
    let platform = promise("platform");
    // `westeurope.azure::postgres`: the region stands before the first dot.
    let region = platform.as_ref().and_then(|p| p.split_once("::")?.0.split_once('.').map(|(region, _)| region));
    let location = region.map(|region| Location { region: Some(region.to_owned()), ..Location::default() });
    Port {
        name: cursor.string("name"),
        version: cursor.string("version"),
        id: cursor.string("id").or_else(|| cursor.string("fullyQualifiedName")),
        description: cursor.string("description").or_else(|| cursor.string("displayName")),
        port_type: promise("servicesType").or_else(|| promise("serviceType")),
        location,
        platform,
        upstream: dependencies(cursor),
        contract: contract(cursor).map(Arc::new),
        tags: cursor.strings("tags"),
        ..Port::new(direction, cursor.pointer())
    }
}

fn dependencies(cursor: &Cursor<'_>) -> Vec<String> {
    let one = cursor.string("dependsOn");
    one.map_or_else(|| cursor.strings("dependsOn"), |id| vec![id])
}

/// A port promises a contract when it names its API; the tables come from the API's definition.
fn contract(port: &Cursor<'_>) -> Option<Contract> {
    let api = port.at(&["promises", "api"])?;
    let sla = port.at(&["promises", "slo"]).map(|slo| levels(&slo)).unwrap_or_default();
    let kept = sla.iter().find(|row| row.property.as_deref().is_some_and(|p| p.eq_ignore_ascii_case("retention")));
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let retention = kept.and_then(|row| row.value.as_ref().map(text));
    Some(Contract {
        id: api.string("fullyQualifiedName").or_else(|| api.string("id")),
        name: api.string("name"),
        version: api.string("version"),
        tags: api.strings("tags"),
        terms: port.get("obligations").map(|terms| terms.to_value()),
        schema: api.get("definition").map(|definition| api::tables(&definition)).unwrap_or_default(),
        retention: retention.or_else(|| extract::retention(port)),
        sla,
        pointer: api.pointer(),
        ..Contract::default()
    })
}

/// Service levels stand as free properties in the definition, in groups (`x-operationalSlo: {availability: …}`).
fn levels(slo: &Cursor<'_>) -> Vec<Sla> {
    let mut rows = Vec::new();
    for (key, value) in slo.get("definition").map(|definition| definition.entries()).unwrap_or_default() {
        // `{value: 1, unit: d}` is one level; other maps are groups of them.
        if value.is_map() && value.get("value").is_none() {
            rows.extend(value.entries().iter().map(|(key, value)| level(key, value)));
        } else {
            rows.push(level(key, &value));
        }
    }
    rows
}

fn level(key: &str, cursor: &Cursor<'_>) -> Sla {
    let property = key.strip_prefix("x-").unwrap_or(key).to_owned();
    let own = cursor.get("value").unwrap_or_else(|| cursor.clone());
    let value = Some(own.to_value()).filter(|value| !value.is_null());
    Sla { property: Some(property), value, unit: cursor.string("unit"), pointer: cursor.pointer(), ..Sla::default() }
}
