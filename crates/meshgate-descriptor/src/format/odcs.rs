//! Bitol Open Data Contract Standard, 2.2 and 3.x, to the model.
//!
//! | model | ODCS 3.x | ODCS 2.2 |
//! |---|---|---|
//! | `id`, `version`, `status` | the same | `uuid` for `id` |
//! | `name`, `domain` | the same | `dataset`, `domain` |
//! | `schema[].columns[]` | `schema[].properties[]`, `items` for arrays | `dataset[].columns[]` |
//! | `sla[]` | `slaProperties[]` | the same |
//! | `retention` | the `retention` row of `slaProperties` | the same |
//! | `servers[].region` | `region`, `regionName`, `location` | — |
//!
//! Deliberately absent: the schema of the standard itself; a contract that breaks it is still modelled as far as it goes.

use crate::document::Cursor;
use crate::extract;
use meshgate_core::model::{Column, Contract, Description, Role, Server, Sla, Table};

/// Builds the model of a contract.
pub fn contract(root: &Cursor<'_>) -> Contract {
    let sla: Vec<Sla> = root.list("slaProperties").map(|row| level(&row)).collect();
    let retention = sla.iter().find(|row| row.property.as_deref() == Some("retention")).and_then(|row| {
        let value = row.value.as_ref().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))?;
        Some(row.unit.as_ref().map_or(value.clone(), |unit| format!("{value} {unit}")))
    });
    let tables = if root.get("schema").is_some() { "schema" } else { "dataset" };
    Contract {
        id: root.string("id").or_else(|| root.string("uuid")),
        name: root.string("name").or_else(|| root.string("datasetName")),
        version: root.string("version"),
        status: root.string("status"),
        domain: root.string("domain").or_else(|| root.string("datasetDomain")),
        description: root.get("description").map(|description| Description {
            purpose: description.text().or_else(|| description.string("purpose")),
            usage: description.string("usage"),
            limitations: description.string("limitations"),
        }),
        terms: None,
        pricing: root.get("price").map(|price| price.to_value()),
        schema: root.list(tables).map(|table| self::table(&table)).collect(),
        sla,
        servers: root.list("servers").map(|server| self::server(&server)).collect(),
        roles: root.list("roles").map(|role| self::role(&role)).collect(),
        retention,
        pointer: root.pointer(),
    }
}

fn table(cursor: &Cursor<'_>) -> Table {
    let columns = if cursor.get("properties").is_some() { "properties" } else { "columns" };
    Table {
        name: cursor.string("name").or_else(|| cursor.string("table")),
        physical_name: cursor.string("physicalName"),
        description: cursor.string("description"),
        tags: cursor.strings("tags"),
        quality: cursor.list("quality").map(|rule| rule.to_value()).collect(),
        columns: cursor.list(columns).map(|column| self::column(&column)).collect(),
        pointer: cursor.pointer(),
    }
}

fn column(cursor: &Cursor<'_>) -> Column {
    let mut nested: Vec<Column> = cursor.list("properties").map(|column| self::column(&column)).collect();
    // The columns of an array of objects belong to the array's column.
    nested.extend(cursor.get("items").iter().flat_map(|items| items.list("properties")).map(|c| column(&c)));
    let mut column = Column {
        name: cursor.string("name").or_else(|| cursor.string("column")),
        logical_type: cursor.string("logicalType"),
        physical_type: cursor.string("physicalType"),
        required: cursor.boolean("required"),
        unique: cursor.boolean("unique"),
        primary_key: cursor.boolean("primaryKey"),
        description: cursor.string("description"),
        tags: cursor.strings("tags"),
        quality: cursor.list("quality").map(|rule| rule.to_value()).collect(),
        references: cursor.list("relationships").filter_map(|relation| relation.string("to")).collect(),
        pointer: cursor.pointer(),
        columns: nested,
        ..Column::default()
    };
    extract::privacy(cursor, &mut column);
    column
}

fn level(cursor: &Cursor<'_>) -> Sla {
    Sla {
        property: cursor.string("property"),
        value: cursor.get("value").map(|value| value.to_value()).filter(|value| !value.is_null()),
        unit: cursor.string("unit"),
        element: cursor.string("element").or_else(|| cursor.string("column")),
        driver: cursor.string("driver"),
        pointer: cursor.pointer(),
    }
}

fn server(cursor: &Cursor<'_>) -> Server {
    Server {
        name: cursor.string("server"),
        server_type: cursor.string("type"),
        environment: cursor.string("environment"),
        region: ["region", "regionName", "location"].iter().find_map(|key| cursor.string(key)),
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
