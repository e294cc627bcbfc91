//! Tables of an API definition that stands in, or behind, a DPDS port.
//!
//! | definition | table | columns |
//! |---|---|---|
//! | datastoreapi | `schema.tables[]` | `columns[]`, or the table's own `definition`: JSON Schema or Avro |
//! | OpenAPI | `components.schemas.*`, `definitions.*` (2.0) | `properties` |
//! | AsyncAPI | the messages of `channels.*` and `components.messages.*` | `payload`: JSON Schema or Avro |
//! | Avro | the record | `fields[]` |
//! | JSON Schema | the object | `properties` |
//!
//! Deliberately absent: Protobuf and definitions as one text; their tables are unknown, not empty.

use crate::cursor::Cursor;
use crate::extract;
use meshgate_core::model::{Column, Table};

/// Nested columns are followed this deep: a record may hold itself.
const DEPTH_MAX: usize = 16;

/// Returns the tables of a definition of any kind.
pub fn tables(definition: &Cursor<'_>) -> Vec<Table> {
    if let Some(schema) = definition.get("schema").filter(|schema| schema.get("tables").is_some()) {
        return schema.list("tables").map(|cursor| table(&cursor)).collect();
    }
    if definition.get("asyncapi").is_some() {
        return messages(definition);
    }
    if definition.get("openapi").is_some() || definition.get("swagger").is_some() {
        let schemas = definition.at(&["components", "schemas"]).or_else(|| definition.get("definitions"));
        let schemas = schemas.map(|schemas| schemas.entries()).unwrap_or_default();
        return schemas.iter().filter_map(|(name, schema)| of_schema(Some(name), schema)).collect();
    }
    of_schema(None, definition).into_iter().collect()
}

fn table(cursor: &Cursor<'_>) -> Table {
    // The columns stand in the table or in its `definition`, as a list, as JSON Schema properties or as Avro fields.
    let body = cursor.get("definition").filter(Cursor::is_map).unwrap_or_else(|| cursor.clone());
    let mut columns: Vec<Column> = body.list("columns").map(|c| column(&c, c.string("name"), None, 0)).collect();
    columns.extend(nested(&body, 0));
    Table {
        name: cursor.string("name").or_else(|| body.string("name")),
        physical_name: cursor.string("physicalName"),
        description: cursor.string("description").or_else(|| body.string("description")),
        deprecated: cursor.boolean("deprecated"),
        tags: cursor.strings("tags"),
        quality: body.list("quality").map(|rule| rule.to_value()).collect(),
        columns,
        pointer: cursor.pointer(),
    }
}

/// A schema is a table when it has columns.
fn of_schema(name: Option<&str>, schema: &Cursor<'_>) -> Option<Table> {
    let columns = nested(schema, 0);
    (!columns.is_empty()).then(|| Table {
        name: name.map(str::to_owned).or_else(|| schema.any_string(&["name", "title"])),
        description: schema.any_string(&["description", "doc"]),
        deprecated: schema.boolean("deprecated"),
        columns,
        pointer: schema.pointer(),
        ..Table::default()
    })
}

fn messages(definition: &Cursor<'_>) -> Vec<Table> {
    let mut found: Vec<(Option<String>, Cursor<'_>)> = Vec::new();
    for (channel, body) in entries(definition.get("channels")) {
        for direction in ["subscribe", "publish"] {
            let message = body.at(&[direction, "message"]);
            found.extend(message.into_iter().map(|message| (Some(channel.to_owned()), message)));
        }
        found.extend(entries(body.get("messages")).into_iter().map(|(_, message)| (Some(channel.to_owned()), message)));
    }
    if found.is_empty() {
        let named = entries(definition.at(&["components", "messages"])).into_iter();
        found.extend(named.map(|(name, message)| (Some(name.to_owned()), message)));
    }
    let table = |(channel, message): (Option<String>, Cursor<'_>)| {
        let payload = message.get("payload")?;
        let mut table = of_schema(None, &payload)?;
        table.physical_name = channel.clone();
        table.name = message.any_string(&["messageId", "name"]).or(table.name).or(channel);
        Some(table)
    };
    found.into_iter().filter_map(table).collect()
}

fn entries<'a>(cursor: Option<Cursor<'a>>) -> Vec<(&'a str, Cursor<'a>)> {
    cursor.map(|cursor| cursor.entries()).unwrap_or_default()
}

/// The columns in a schema: JSON Schema's properties, an array's elements, Avro's fields.
fn nested(schema: &Cursor<'_>, depth: usize) -> Vec<Column> {
    if depth >= DEPTH_MAX {
        return Vec::new();
    }
    let required = schema.strings("required");
    let properties = schema.get("properties").map(|properties| properties.entries()).unwrap_or_default();
    let mut columns: Vec<Column> = properties
        .iter()
        .map(|(name, cursor)| {
            let required = required.iter().any(|known| known == name).then_some(true);
            column(cursor, Some((*name).to_owned()), required, depth)
        })
        .collect();
    columns.extend(schema.list("fields").map(|field| avro(&field, depth)));
    columns.extend(schema.get("items").iter().flat_map(|items| nested(items, depth + 1)));
    columns.extend(schema.list("allOf").flat_map(|part| nested(&part, depth + 1)));
    columns
}

/// A field of an Avro record; one that may be null is not required.
fn avro(field: &Cursor<'_>, depth: usize) -> Column {
    let kind = field.get("type");
    let alternatives: Vec<Cursor<'_>> = match &kind {
        Some(kind) if kind.is_list() => kind.items().collect(),
        Some(kind) => vec![kind.clone()],
        None => Vec::new(),
    };
    let is_null = |kind: &Cursor<'_>| kind.text().as_deref() == Some("null");
    let value = alternatives.iter().find(|kind| !is_null(kind));
    let name = |kind: &Cursor<'_>| kind.text().or_else(|| kind.any_string(&["logicalType", "type"]));
    let mut column = Column {
        name: field.string("name"),
        logical_type: value.and_then(name),
        required: Some(!alternatives.is_empty() && !alternatives.iter().any(is_null)),
        description: field.string("doc"),
        tags: field.strings("tags"),
        pointer: field.pointer(),
        columns: value.map(|kind| nested(kind, depth + 1)).unwrap_or_default(),
        ..Column::default()
    };
    extract::privacy(field, &mut column);
    column
}

fn column(cursor: &Cursor<'_>, name: Option<String>, required: Option<bool>, depth: usize) -> Column {
    let constraint = cursor.string("columnConstraint").map(|constraint| constraint.to_uppercase());
    let says = |word: &str| constraint.as_deref().filter(|constraint| *constraint == word).map(|_| true);
    let mut column = Column {
        name,
        logical_type: cursor.string("type").or_else(|| cursor.strings("type").into_iter().find(|kind| kind != "null")),
        physical_type: cursor.string("dataType").or_else(|| cursor.string("physicalType")),
        required: required.or_else(|| cursor.boolean("required")).or_else(|| says("NOT_NULL")),
        unique: cursor.boolean("unique").or_else(|| cursor.boolean("isUnique")).or_else(|| says("UNIQUE")),
        primary_key: cursor.boolean("primaryKey").or_else(|| says("PRIMARY_KEY")),
        description: cursor.string("description"),
        deprecated: cursor.boolean("deprecated"),
        tags: cursor.strings("tags"),
        quality: cursor.list("quality").map(|rule| rule.to_value()).collect(),
        pointer: cursor.pointer(),
        columns: nested(cursor, depth + 1),
        ..Column::default()
    };
    extract::privacy(cursor, &mut column);
    column
}
