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
//! A `$ref` within the document is followed.
//!
//! Deliberately absent: `$ref` to other files; a port behind one is no port of the model but a diagnostic, since nobody
//! has looked at it.

use super::datastore;
use crate::document::Cursor;
use crate::read::Diagnostic;
use meshgate_core::model::{Contract, Direction, Location, Owner, Port, Product, Sla, Support};

const PORTS: [(&str, Direction); 5] = [
    ("inputPorts", Direction::Input),
    ("outputPorts", Direction::Output),
    ("discoveryPorts", Direction::Discovery),
    ("observabilityPorts", Direction::Observability),
    ("controlPorts", Direction::Control),
];

/// Builds the model of a product.
pub fn product(root: &Cursor<'_>) -> Product {
    let info = root.get("info");
    let text = |key: &str| info.as_ref().and_then(|info| info.string(key));
    let mut ports = Vec::new();
    for (key, direction) in PORTS {
        if let Some(list) = root.at(&["interfaceComponents", key]) {
            ports.extend(list.items().filter_map(|cursor| cursor.follow()).map(|cursor| port(&cursor, direction)));
        }
    }
    Product {
        id: text("id"),
        fqn: text("fullyQualifiedName"),
        name: text("name"),
        version: text("version"),
        domain: text("domain"),
        status: text("status"),
        description: text("description"),
        tags: root.strings("tags"),
        owner: root.at(&["info", "owner"]).and_then(|owner| self::owner(&owner)),
        support: info.iter().flat_map(|info| info.list("contactPoints")).map(|c| support(&c)).collect(),
        ports,
        pointer: root.pointer(),
    }
}

/// Returns the ports that cannot be looked at, because their `$ref` is not followed or names nothing.
pub fn references(root: &Cursor<'_>) -> Vec<Diagnostic> {
    let lists = PORTS.iter().filter_map(|(key, _)| root.at(&["interfaceComponents", key]));
    let unseen = lists.flat_map(|list| list.items()).filter(|port| port.follow().is_none());
    let diagnostic = |port: Cursor<'_>| {
        let reference = port.get("$ref")?;
        let target = reference.text().unwrap_or_default();
        let (message, help) = if target.starts_with('#') {
            (format!("reference `{target}` names nothing in this document"), "name a value of this document")
        } else {
            let help = "write the port into the descriptor: references to other files are not followed yet";
            (format!("port lies in `{target}`, which was not judged"), help)
        };
        Some(Diagnostic::new("read.unresolved_reference", message, reference.span(), help))
    };
    unseen.filter_map(diagnostic).collect()
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
        port_type: promise("servicesType"),
        location,
        platform,
        upstream: dependencies(cursor),
        contract: contract(cursor),
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
    Some(Contract {
        id: api.string("fullyQualifiedName").or_else(|| api.string("id")),
        name: api.string("name"),
        version: api.string("version"),
        description: None,
        terms: port.get("obligations").map(|terms| terms.to_value()),
        schema: api.get("definition").map(|definition| datastore::tables(&definition)).unwrap_or_default(),
        sla: port.at(&["promises", "slo"]).map(|slo| levels(&slo)).unwrap_or_default(),
        pointer: api.pointer(),
        ..Contract::default()
    })
}

/// Service levels stand as free properties in the definition, in groups (`x-operationalSlo: {availability: …}`).
fn levels(slo: &Cursor<'_>) -> Vec<Sla> {
    let mut rows = Vec::new();
    for (key, value) in slo.get("definition").iter().flat_map(|definition| definition.entries()) {
        if value.is_map() {
            rows.extend(value.entries().map(|(key, value)| level(key, &value)));
        } else {
            rows.push(level(key, &value));
        }
    }
    rows
}

fn level(key: &str, cursor: &Cursor<'_>) -> Sla {
    let property = key.strip_prefix("x-").unwrap_or(key).to_owned();
    let value = Some(cursor.to_value()).filter(|value| !value.is_null());
    Sla { property: Some(property), value, pointer: cursor.pointer(), ..Sla::default() }
}
