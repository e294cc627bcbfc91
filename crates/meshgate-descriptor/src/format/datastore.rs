//! Tables of an API definition that stands inside a DPDS port: datastoreapi with column lists or JSON Schema.
//!
//! Deliberately absent: OpenAPI, AsyncAPI, Avro and Protobuf definitions; their tables are unknown, not empty.

use crate::document::Cursor;
use crate::extract;
use meshgate_core::model::{Column, Table};

/// Returns the tables of `definition.schema.tables[]`.
pub fn tables(definition: &Cursor<'_>) -> Vec<Table> {
    let schema = definition.get("schema");
    schema.iter().flat_map(|schema| schema.list("tables")).map(|cursor| table(&cursor)).collect()
}

fn table(cursor: &Cursor<'_>) -> Table {
    // The columns stand in the table or in its `definition`, as a list or as JSON Schema properties.
    let body = cursor.get("definition").filter(Cursor::is_map).unwrap_or_else(|| cursor.clone());
    let mut columns: Vec<Column> = body.list("columns").map(|c| column(&c, c.string("name"), None)).collect();
    columns.extend(properties(&body));
    Table {
        name: cursor.string("name").or_else(|| body.string("name")),
        physical_name: cursor.string("physicalName"),
        description: cursor.string("description").or_else(|| body.string("description")),
        tags: cursor.strings("tags"),
        quality: body.list("quality").map(|rule| rule.to_value()).collect(),
        columns,
        pointer: cursor.pointer(),
    }
}

fn properties(schema: &Cursor<'_>) -> Vec<Column> {
    let required = schema.strings("required");
    let properties = schema.get("properties");
    let entries = properties.iter().flat_map(|properties| properties.entries());
    entries
        .map(|(name, cursor)| {
            column(&cursor, Some(name.to_owned()), required.iter().any(|r| r == name).then_some(true))
        })
        .collect()
}

fn column(cursor: &Cursor<'_>, name: Option<String>, required: Option<bool>) -> Column {
    let constraint = cursor.string("columnConstraint").map(|constraint| constraint.to_uppercase());
    let says = |word: &str| constraint.as_deref().filter(|constraint| *constraint == word).map(|_| true);
    let mut nested = properties(cursor);
    nested.extend(cursor.get("items").iter().flat_map(properties));
    let mut column = Column {
        name,
        logical_type: cursor.string("type"),
        physical_type: cursor.string("dataType").or_else(|| cursor.string("physicalType")),
        required: required.or_else(|| cursor.boolean("required")).or_else(|| says("NOT_NULL")),
        unique: cursor.boolean("unique").or_else(|| cursor.boolean("isUnique")),
        primary_key: cursor.boolean("primaryKey").or_else(|| says("PRIMARY_KEY")),
        description: cursor.string("description"),
        tags: cursor.strings("tags"),
        quality: cursor.list("quality").map(|rule| rule.to_value()).collect(),
        pointer: cursor.pointer(),
        columns: nested,
        ..Column::default()
    };
    extract::privacy(cursor, &mut column);
    column
}
