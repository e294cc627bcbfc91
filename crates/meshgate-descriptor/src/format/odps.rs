//! Bitol Open Data Product Standard 0.9, 1.0 and 1.1 to the model.
//!
//! | model | ODPS |
//! |---|---|
//! | `id`, `name`, `version`, `domain`, `status`, `tags` | the same |
//! | `description` | `description.purpose` |
//! | `owner` | `team.name`, and the first of `team.members[]` whose role is an owner's |
//! | `ports[]` | `inputPorts[]`, `outputPorts[]`, `managementPorts[]` by their `content` |
//! | `ports[].upstream` | `outputPorts[].inputContracts[].id` |
//! | `ports[].contract` | the contract of the run with that id, or the file at that path |
//!
//! Deliberately absent: contracts that are nowhere in sight; ODPS names them by id and they live in files of their own.

use super::purpose;
use crate::cursor::Cursor;
use crate::extract;
use meshgate_core::model::{Direction, Owner, Port, Product, Support};

/// Builds the model of a product.
pub fn product(root: &Cursor<'_>) -> Product {
    let mut ports = Vec::new();
    for (key, direction) in [("inputPorts", Direction::Input), ("outputPorts", Direction::Output)] {
        ports.extend(root.list(key).map(|cursor| port(&cursor, direction)));
    }
    ports.extend(root.list("managementPorts").map(|cursor| port(&cursor, management(&cursor))));
    Product {
        id: root.string("id"),
        fqn: None,
        name: root.string("name"),
        version: root.string("version"),
        domain: root.string("domain"),
        status: root.string("status"),
        deprecated: root.boolean("deprecated"),
        description: purpose(root, "description"),
        tags: root.strings("tags"),
        owner: owner(root),
        support: root.list("support").map(|cursor| support(&cursor)).collect(),
        ports,
        pointer: root.pointer(),
    }
}

/// Returns the contracts that ports name, and where.
pub fn contracts(root: &Cursor<'_>) -> Vec<(String, String)> {
    let ports = ["inputPorts", "outputPorts"].iter().flat_map(|key| root.list(key));
    ports
        .filter_map(|port| {
            let named = port.get("contractId")?;
            Some((named.text()?, named.pointer()))
        })
        .collect()
}

fn management(cursor: &Cursor<'_>) -> Direction {
    match cursor.string("content").as_deref() {
        Some("discoverability") => Direction::Discovery,
        Some("observability") => Direction::Observability,
        Some("control") => Direction::Control,
        _ => Direction::Management,
    }
}

fn port(cursor: &Cursor<'_>, direction: Direction) -> Port {
    Port {
        name: cursor.string("name"),
        version: cursor.string("version"),
        id: cursor.string("id"),
        description: purpose(cursor, "description"),
        deprecated: cursor.boolean("deprecated"),
        port_type: cursor.string("type"),
        contract_id: cursor.string("contractId"),
        upstream: cursor.list("inputContracts").filter_map(|contract| contract.string("id")).collect(),
        tags: cursor.strings("tags"),
        ..Port::new(direction, cursor.pointer())
    }
}

/// Returns the owner that a team of either Bitol standard names.
pub fn owner(root: &Cursor<'_>) -> Option<Owner> {
    let team = root.get("team").or_else(|| root.get("stakeholders"));
    // ODPS 0.9 and ODCS 3.0 write the team as a list of members; ODCS 2 calls them stakeholders.
    let members: Vec<_> = match &team {
        Some(team) if team.is_map() => team.list("members").collect(),
        Some(team) => team.items().collect(),
        None => Vec::new(),
    };
    // Who has left answers for nothing.
    let member =
        members.iter().find(|m| m.string("dateOut").is_none() && m.string("role").is_some_and(|role| is_owner(&role)));
    let user = member.and_then(|member| member.string("username"));
    let named = Owner {
        email: user.clone().filter(|user| user.contains('@')),
        id: user,
        name: member.and_then(|member| member.string("name")),
        team: team.as_ref().and_then(|team| team.string("name")),
    };
    let found = named != Owner::default();
    if found { Some(named) } else { extract::owner(root) }
}

/// An owner by whatever name (`owner`, `Data Owner`, `dataProductOwner`), but no former one.
fn is_owner(role: &str) -> bool {
    let role = role.to_lowercase();
    let mut words = role.split(|c: char| !c.is_alphanumeric());
    let former = ["former", "ex", "previous", "past", "old"];
    words.clone().all(|word| !former.contains(&word)) && words.any(|word| word.ends_with("owner"))
}

fn support(cursor: &Cursor<'_>) -> Support {
    Support { channel: cursor.string("channel"), url: cursor.string("url"), pointer: cursor.pointer() }
}
