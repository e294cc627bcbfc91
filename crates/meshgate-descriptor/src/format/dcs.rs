//! Data Contract Specification 0.9 to 1.2 to the model.
//!
//! | model | DCS |
//! |---|---|
//! | `id`, `name`, `version`, `status` | `id`, `info.{title,version,status}` |
//! | `owner` | `info.owner`, with `info.contact.email` |
//! | `description` | `info.description`, `terms.usage`, `terms.limitations` |
//! | `terms`, `pricing` | `terms`, `terms.billing` |
//! | `schema[]`, `columns[]` | `models.*`, `fields.*`; nested under `fields`, `items`, `keys`, `values` |
//! | `sla[]` | `servicelevels.*`, the value that each is about |
//! | `servers[]`, `roles[]` | `servers.*`, `servers.*.roles[]` |
//!
//! A field with a `$ref` has what the definition says, and its own keys first.
//!
//! Deliberately absent: `definitions` that no field names.

use super::region;
use crate::cursor::Cursor;
use crate::extract;
use crate::hash::HashSet;
use meshgate_core::model::{Column, Contract, Description, Owner, Role, Server, Sla, Table};

/// Builds the model of a contract.
pub fn contract(root: &Cursor<'_>) -> Contract {
    let models = root.get("models").map(|models| models.entries()).unwrap_or_default();
    Contract { schema: models.iter().map(|(name, model)| table(name, model)).collect(), ..head(root) }
}

/// The contract without its models.
pub fn head(root: &Cursor<'_>) -> Contract {
    let info = root.get("info");
    let text = |key: &str| info.as_ref().and_then(|info| info.string(key));
    let terms = root.get("terms");
    let term = |key: &str| terms.as_ref().and_then(|terms| terms.string(key));
    let description =
        Description { purpose: text("description"), usage: term("usage"), limitations: term("limitations") };
    let entries = |key: &str| root.get(key).map(|map| map.entries()).unwrap_or_default();
    let sla = levels(root);
    let retention = root.at(&["servicelevels", "retention"]).and_then(|retention| retention.string("period"));
    Contract {
        id: root.string("id"),
        name: text("title"),
        version: text("version"),
        status: text("status"),
        domain: text("domain"),
        owner: owner(info.as_ref()),
        tags: root.strings("tags"),
        description: (description != Description::default()).then_some(description),
        pricing: terms.as_ref().and_then(|terms| terms.get("billing")).map(|billing| billing.to_value()),
        terms: terms.map(|terms| terms.to_value()),
        schema: Vec::new(),
        sla,
        servers: entries("servers").iter().map(|(name, server)| self::server(name, server)).collect(),
        roles: entries("servers").iter().flat_map(|(_, server)| server.list("roles")).map(|r| role(&r)).collect(),
        retention: retention.or_else(|| extract::retention(root)),
        pointer: root.pointer(),
    }
}

fn owner(info: Option<&Cursor<'_>>) -> Option<Owner> {
    let id = info?.string("owner");
    let contact = info?.get("contact");
    let of_contact = |key: &str| contact.as_ref().and_then(|contact| contact.string(key));
    let owner = Owner {
        email: of_contact("email").or_else(|| id.clone().filter(|id| id.contains('@'))),
        name: of_contact("name"),
        id,
        team: None,
    };
    (owner != Owner::default()).then_some(owner)
}

fn table(name: &str, cursor: &Cursor<'_>) -> Table {
    let keys: HashSet<String> = cursor.strings("primaryKey").into_iter().collect();
    let mut columns = fields(cursor);
    for column in &mut columns {
        if column.primary_key.is_none() && column.name.as_ref().is_some_and(|name| keys.contains(name)) {
            column.primary_key = Some(true);
        }
    }
    Table {
        name: Some(name.to_owned()),
        physical_name: None,
        description: cursor.string("description"),
        deprecated: None,
        tags: cursor.strings("tags"),
        quality: cursor.list("quality").map(|rule| rule.to_value()).collect(),
        columns,
        pointer: cursor.pointer(),
    }
}

fn fields(cursor: &Cursor<'_>) -> Vec<Column> {
    let fields = cursor.get("fields").map(|fields| fields.entries()).unwrap_or_default();
    fields.iter().map(|(name, field)| column(Some((*name).to_owned()), field)).collect()
}

fn column(name: Option<String>, cursor: &Cursor<'_>) -> Column {
    let lineage = cursor.at(&["lineage", "inputFields"]);
    let mut column = Column {
        name,
        logical_type: cursor.string("type"),
        physical_type: cursor.get("config").and_then(|config| physical_type(&config)),
        required: cursor.boolean("required"),
        unique: cursor.boolean("unique"),
        primary_key: cursor.boolean("primaryKey").or_else(|| cursor.boolean("primary")),
        description: cursor.string("description"),
        tags: cursor.strings("tags"),
        quality: cursor.list("quality").map(|rule| rule.to_value()).collect(),
        references: cursor.string("references").into_iter().collect(),
        upstream: lineage.iter().flat_map(|fields| fields.items()).filter_map(|field| input(&field)).collect(),
        pointer: cursor.pointer(),
        columns: fields(cursor),
        ..Column::default()
    };
    extract::privacy(cursor, &mut column);
    // The columns of an array of records belong to the array's column.
    for elements in ["items", "keys", "values"].iter().filter_map(|key| cursor.get(key)) {
        extract::of_elements(&mut column, self::column(None, &elements));
    }
    column
}

fn physical_type(config: &Cursor<'_>) -> Option<String> {
    let types = ["physicalType", "snowflakeType", "bigqueryType", "redshiftType", "sqlserverType", "databricksType"];
    config.any_string(&types).or_else(|| config.any_string(&["glueType", "avroType"]))
}

/// `namespace.name.field`, the parts that are there.
fn input(cursor: &Cursor<'_>) -> Option<String> {
    let parts: Vec<String> = ["namespace", "name", "field"].iter().filter_map(|key| cursor.string(key)).collect();
    (!parts.is_empty()).then(|| parts.join("."))
}

/// What each service level is about, in the order in which its keys are looked for.
const LEVELS: [(&str, &[&str]); 7] = [
    ("availability", &["percentage"]),
    ("retention", &["period", "unlimited"]),
    ("latency", &["threshold"]),
    ("freshness", &["threshold"]),
    ("frequency", &["interval", "cron", "type"]),
    ("support", &["time", "responseTime"]),
    ("backup", &["interval", "cron"]),
];

fn levels(root: &Cursor<'_>) -> Vec<Sla> {
    let Some(levels) = root.get("servicelevels") else { return Vec::new() };
    let row = |(property, cursor): (&str, Cursor<'_>)| {
        let keys = LEVELS.iter().find(|(known, _)| *known == property).map_or(&[][..], |(_, keys)| keys);
        Sla {
            property: Some(property.to_owned()),
            value: keys.iter().find_map(|key| cursor.get(key)).map(|value| value.to_value()),
            element: cursor.any_string(&["timestampField", "sourceTimestampField"]),
            pointer: cursor.pointer(),
            ..Sla::default()
        }
    };
    levels.entries().into_iter().filter(|(_, level)| level.is_map()).map(row).collect()
}

fn server(name: &str, cursor: &Cursor<'_>) -> Server {
    Server {
        name: Some(name.to_owned()),
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
    Role { role: cursor.string("name"), access: None, approvers: Vec::new(), pointer: cursor.pointer() }
}
