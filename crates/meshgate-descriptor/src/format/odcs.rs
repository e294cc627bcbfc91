//! Bitol Open Data Contract Standard 2.2 to 3.2 to the model.
//!
//! | model | ODCS 3 | ODCS 2.2 |
//! |---|---|---|
//! | `id`, `version`, `status` | the same | `uuid` for `id` |
//! | `name`, `domain` | the same | `datasetName`, `datasetDomain`, else the same |
//! | `owner` | `team`, the member with an owner's role, or a custom property | `stakeholders` |
//! | `schema[].columns[]` | `schema[].properties[]`; nested under `properties`, `items`, `map` | `dataset[].columns[]` |
//! | `required`, `unique`, `primary_key` | the same | `isNullable: false`, `isUnique`, `isPrimary` |
//! | `references[]` | `relationships[].to`, of the column or of the table | — |
//! | `upstream[]` | `transformSourceObjects[]` | `transformSourceTables[]` |
//! | `sla[]` | `slaProperties[]` | the same |
//! | `retention` | the `retention` row of `slaProperties`, or a custom property | the same |
//! | `servers[].region` | `region`, `regionName`, `location` | `server`, `type` alone |
//!
//! Deliberately absent: the schema of the standard itself; a contract that breaks it is still modelled as far as it goes.

use super::{odps, region};
use crate::cursor::Cursor;
use crate::extract;
use crate::hash::{HashMap, HashSet};
use meshgate_core::model::{Column, Contract, Description, Role, Server, Sla, Table};

/// Builds the model of a contract.
pub fn contract(root: &Cursor<'_>) -> Contract {
    let tables = ["schema", "dataset"].iter().flat_map(|key| root.list(key));
    Contract { schema: tables.map(|table| self::table(&table)).collect(), ..head(root) }
}

/// The contract without its tables.
pub fn head(root: &Cursor<'_>) -> Contract {
    let sla: Vec<Sla> = root.list("slaProperties").map(|row| level(&row)).collect();
    let retention = sla.iter().find(|row| row.property.as_deref() == Some("retention")).and_then(|row| {
        let value = row.value.as_ref().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))?;
        Some(row.unit.as_ref().map_or(value.clone(), |unit| format!("{value} {unit}")))
    });
    let mut servers: Vec<Server> = root.list("servers").map(|server| self::server(&server)).collect();
    // ODCS 2 writes one server at the root.
    servers.extend(root.get("server").filter(|server| server.text().is_some()).map(|server| Server {
        name: server.text(),
        server_type: root.any_string(&["sourcePlatform", "type"]),
        pointer: server.pointer(),
        ..Server::default()
    }));
    Contract {
        id: root.any_string(&["id", "uuid"]),
        name: root.any_string(&["name", "datasetName"]),
        version: root.string("version"),
        status: root.string("status"),
        domain: root.any_string(&["domain", "datasetDomain"]),
        owner: odps::owner(root),
        tags: root.strings("tags"),
        description: root.get("description").map(|description| Description {
            purpose: description.text().or_else(|| description.string("purpose")),
            usage: description.string("usage"),
            limitations: description.string("limitations"),
        }),
        terms: None,
        pricing: root.get("price").map(|price| price.to_value()),
        schema: Vec::new(),
        sla,
        servers,
        roles: root.list("roles").map(|role| self::role(&role)).collect(),
        retention: retention.or_else(|| extract::retention(root)),
        pointer: root.pointer(),
    }
}

fn table(cursor: &Cursor<'_>) -> Table {
    let columns = ["properties", "columns"].iter().flat_map(|key| cursor.list(key));
    let mut table = Table {
        name: cursor.any_string(&["name", "table"]),
        physical_name: cursor.string("physicalName"),
        description: cursor.string("description"),
        deprecated: cursor.boolean("deprecated"),
        tags: cursor.strings("tags"),
        quality: cursor.list("quality").map(|rule| rule.to_value()).collect(),
        columns: columns.map(|column| self::column(&column)).collect(),
        pointer: cursor.pointer(),
    };
    // A relationship of the table belongs to the column that it comes from.
    let by_name: HashMap<String, usize> =
        table.columns.iter().enumerate().filter_map(|(index, column)| Some((column.name.clone()?, index))).collect();
    let mut told: HashSet<(usize, String)> = HashSet::default();
    for relation in cursor.list("relationships") {
        for (from, to) in ends(&relation, "from").into_iter().zip(ends(&relation, "to")) {
            let name = from.rsplit(['.', '/']).next().unwrap_or_default();
            let Some(index) = by_name.get(name).copied() else { continue };
            let column =
                table.columns.get_mut(index).filter(|column| told.insert((index, to.clone())) && !has(column, &to));
            if let Some(column) = column {
                column.references.push(to);
            }
        }
    }
    table
}

/// What the column itself said; few columns say much.
fn has(column: &Column, to: &String) -> bool {
    column.references.iter().take(16).any(|known| known == to)
}

/// One end of a relationship: one place, or several for a composite key.
fn ends(relation: &Cursor<'_>, key: &str) -> Vec<String> {
    relation.string(key).map_or_else(|| relation.strings(key), |one| vec![one])
}

fn column(cursor: &Cursor<'_>) -> Column {
    let sources = cursor.strings("transformSourceObjects");
    let mut column = Column {
        name: cursor.any_string(&["name", "column"]),
        logical_type: cursor.string("logicalType"),
        physical_type: cursor.string("physicalType"),
        required: cursor.boolean("required").or_else(|| cursor.boolean("isNullable").map(|nullable| !nullable)),
        unique: cursor.boolean("unique").or_else(|| cursor.boolean("isUnique")),
        primary_key: cursor.boolean("primaryKey").or_else(|| cursor.boolean("isPrimary")),
        description: cursor.string("description"),
        deprecated: cursor.boolean("deprecated"),
        tags: cursor.strings("tags"),
        quality: cursor.list("quality").map(|rule| rule.to_value()).collect(),
        references: cursor.list("relationships").flat_map(|relation| ends(&relation, "to")).collect(),
        upstream: if sources.is_empty() { cursor.strings("transformSourceTables") } else { sources },
        pointer: cursor.pointer(),
        columns: cursor.list("properties").map(|nested| column(&nested)).collect(),
        ..Column::default()
    };
    extract::privacy(cursor, &mut column);
    // The columns of an array of objects belong to the array's column.
    for elements in [cursor.get("items"), cursor.at(&["map", "key"]), cursor.at(&["map", "value"])].iter().flatten() {
        extract::of_elements(&mut column, self::column(elements));
    }
    column
}

fn level(cursor: &Cursor<'_>) -> Sla {
    Sla {
        property: cursor.string("property"),
        value: cursor.get("value").map(|value| value.to_value()).filter(|value| !value.is_null()),
        unit: cursor.string("unit"),
        element: cursor.any_string(&["element", "column"]),
        driver: cursor.string("driver"),
        pointer: cursor.pointer(),
    }
}

fn server(cursor: &Cursor<'_>) -> Server {
    Server {
        name: cursor.string("server"),
        server_type: cursor.string("type"),
        environment: cursor.string("environment"),
        region: region(cursor),
        catalog: cursor.string("catalog"),
        database: cursor.any_string(&["database", "project"]),
        schema: cursor.any_string(&["schema", "dataset"]),
        topic: cursor.string("topic"),
        pointer: cursor.pointer(),
    }
}

fn role(cursor: &Cursor<'_>) -> Role {
    let levels = ["firstLevelApprovers", "secondLevelApprovers"];
    Role {
        role: cursor.string("role"),
        access: cursor.string("access"),
        approvers: levels.iter().filter_map(|key| cursor.string(key)).collect(),
        pointer: cursor.pointer(),
    }
}
