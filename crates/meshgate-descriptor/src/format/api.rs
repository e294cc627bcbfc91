//! Tables of an API definition that stands in, or behind, a DPDS port.
//!
//! | definition | table | columns |
//! |---|---|---|
//! | datastoreapi | `schema.tables[]` | `columns[]`, or the table's own `definition`: JSON Schema or Avro |
//! | OpenAPI | `components.schemas.*`, `definitions.*` (2.0) | `properties` |
//! | AsyncAPI | the messages of `channels.*` and `components.messages.*` | `payload`: JSON Schema or Avro |
//! | Avro | the record, or each of a list | `fields[]`; maps, unions and arrays of records are nested |
//! | JSON Schema | the object | `properties`; those of elements and of every alternative are nested |
//!
//! Deliberately absent: Protobuf and definitions as one text; their tables are unknown, not empty.

use crate::cursor::Cursor;
use crate::extract;
use crate::hash::HashSet;
use meshgate_core::model::{Column, Table};

/// Returns the tables of a definition of any kind.
pub fn tables(definition: &Cursor<'_>) -> Vec<Table> {
    if let Some(tables) = definition.get("schema").and_then(|schema| schema.get("tables")) {
        let named = tables.entries().into_iter().map(|(name, cursor)| table(Some(name), &cursor));
        return tables.items().map(|cursor| table(None, &cursor)).chain(named).collect();
    }
    if definition.get("dataContractSpecification").is_some() {
        return super::dcs::contract(definition).schema;
    }
    if definition.string("kind").as_deref() == Some("DataContract") {
        return super::odcs::contract(definition).schema;
    }
    if definition.get("asyncapi").is_some() {
        return messages(definition);
    }
    if definition.get("openapi").is_some() || definition.get("swagger").is_some() {
        return openapi(definition);
    }
    // Avro allows a list of records, one file.
    let listed = definition.items().flat_map(|schema| of_schema(None, &schema)).collect::<Vec<_>>();
    if listed.is_empty() { of_schema(None, definition).into_iter().collect() } else { listed }
}

/// Named schemas, and what responses hold that has no name.
fn openapi(definition: &Cursor<'_>) -> Vec<Table> {
    let named = definition.at(&["components", "schemas"]).or_else(|| definition.get("definitions"));
    let mut tables: Vec<Table> =
        entries(named).iter().filter_map(|(name, schema)| of_schema(Some(name), schema)).collect();
    let mut known: HashSet<String> = tables.iter().map(|table| table.pointer.clone()).collect();
    // A webhook sends what a request's body holds.
    for (name, methods) in entries(definition.get("webhooks")) {
        for (_, method) in methods.entries() {
            let bodies = entries(method.at(&["requestBody", "content"])).into_iter();
            tables.extend(bodies.filter_map(|(_, body)| of_schema(Some(name), &body.get("schema")?)));
        }
    }
    for (path, methods) in entries(definition.get("paths")) {
        for (_, method) in methods.entries() {
            for (_, response) in entries(method.get("responses")) {
                let contents = entries(response.get("content")).into_iter().filter_map(|(_, body)| body.get("schema"));
                let headers = entries(response.get("headers")).into_iter();
                let headers = headers.map(|(_, header)| header.get("schema").unwrap_or(header));
                // A reference to a named schema is that table again.
                for schema in contents.chain(response.get("schema")).chain(headers) {
                    tables.extend(of_schema(Some(path), &schema).filter(|table| known.insert(table.pointer.clone())));
                }
            }
        }
    }
    tables
}

fn table(name: Option<&str>, cursor: &Cursor<'_>) -> Table {
    // The columns stand in the table and in its `definition`, as a list, as JSON Schema properties or as Avro fields.
    let body = cursor.get("definition").filter(Cursor::is_map);
    let parts = [Some(cursor.clone()), body.clone()];
    let mut columns = Vec::new();
    for part in parts.iter().flatten() {
        columns.extend(part.list("columns").map(|c| column(&c, c.string("name"), None)));
        columns.extend(nested(part).columns);
    }
    let said = |key: &str| cursor.string(key).or_else(|| body.as_ref().and_then(|body| body.string(key)));
    Table {
        name: said("name").or_else(|| name.map(str::to_owned)),
        physical_name: cursor.string("physicalName"),
        description: said("description"),
        deprecated: cursor.boolean("deprecated"),
        tags: cursor.strings("tags"),
        quality: parts.iter().flatten().flat_map(|part| part.list("quality")).map(|rule| rule.to_value()).collect(),
        columns,
        pointer: cursor.pointer(),
    }
}

/// A schema is a table when it has columns; a scalar that is classified is one of one column.
fn of_schema(name: Option<&str>, schema: &Cursor<'_>) -> Option<Table> {
    let whole = column(schema, Some("value".to_owned()), None);
    let said = whole.classification.is_some() || whole.pii.is_some();
    let columns = if whole.columns.is_empty() && said { vec![whole] } else { whole.columns };
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
    let mut found: Vec<(String, Cursor<'_>)> = Vec::new();
    for (channel, body) in entries(definition.get("channels")) {
        for direction in ["subscribe", "publish"] {
            found.extend(body.at(&[direction, "message"]).map(|message| (channel.to_owned(), message)));
        }
        found.extend(entries(body.get("messages")).into_iter().map(|(_, message)| (channel.to_owned(), message)));
    }
    let named = entries(definition.at(&["components", "messages"])).into_iter();
    found.extend(named.map(|(name, message)| (name.to_owned(), message)));
    let mut tables: Vec<Table> = Vec::new();
    let mut known: HashSet<String> = HashSet::default();
    for (channel, message) in found {
        let one = message.clone();
        for message in message.list("oneOf").chain([one]) {
            for part in ["payload", "headers"].iter().filter_map(|key| message.get(key)) {
                // AsyncAPI 3 may wrap the schema of a payload, to name its format.
                let schemas = [part.get("schema"), Some(part)];
                let Some(mut table) = schemas.iter().flatten().find_map(|schema| of_schema(None, schema)) else {
                    continue;
                };
                table.physical_name = Some(channel.clone());
                table.name =
                    message.any_string(&["messageId", "name"]).or(table.name).or_else(|| Some(channel.clone()));
                // A message that a channel refers to is that table again.
                if known.insert(table.pointer.clone()) {
                    tables.push(table);
                }
            }
        }
    }
    tables
}

fn entries<'a>(cursor: Option<Cursor<'a>>) -> Vec<(&'a str, Cursor<'a>)> {
    cursor.map(|cursor| cursor.entries()).unwrap_or_default()
}

/// What is in a schema: the columns of JSON Schema's properties, of Avro's fields, of the elements of lists and maps, of
/// every alternative. What is said of elements and alternatives themselves is said of the whole. Schemas that hold
/// themselves were cut where they do, so this ends.
fn nested(schema: &Cursor<'_>) -> Column {
    let required: HashSet<String> = schema.strings("required").into_iter().collect();
    let mut whole = Column::default();
    for key in ["properties", "patternProperties", "dependentSchemas"] {
        whole.columns.extend(
            entries(schema.get(key)).iter().map(|(name, cursor)| {
                column(cursor, Some((*name).to_owned()), required.contains(*name).then_some(true))
            }),
        );
    }
    whole.columns.extend(schema.list("fields").map(|field| avro(&field)));
    for key in [
        "items",
        "additionalProperties",
        "unevaluatedProperties",
        "unevaluatedItems",
        "values",
        "contains",
        "not",
        "if",
        "then",
        "else",
    ] {
        for part in schema
            .get(key)
            .into_iter()
            .flat_map(|part| if part.is_list() { part.items().collect() } else { vec![part] })
        {
            extract::of_elements(&mut whole, column(&part, None, None));
        }
    }
    for key in ["allOf", "oneOf", "anyOf", "prefixItems"] {
        for part in schema.list(key) {
            extract::of_elements(&mut whole, column(&part, None, None));
        }
    }
    // Avro nests types in `type`: a map, or a union of several.
    let types = schema.get("type").filter(|kind| kind.is_map() || kind.is_list());
    for part in types.into_iter().flat_map(|kind| if kind.is_list() { kind.items().collect() } else { vec![kind] }) {
        if part.is_map() {
            extract::of_elements(&mut whole, column(&part, None, None));
        }
    }
    whole
}

/// A field of an Avro record; one that may be null is not required.
fn avro(field: &Cursor<'_>) -> Column {
    let kind = field.get("type");
    let alternatives: Vec<Cursor<'_>> = match &kind {
        Some(kind) if kind.is_list() => kind.items().collect(),
        Some(kind) => vec![kind.clone()],
        None => Vec::new(),
    };
    let is_null = |kind: &Cursor<'_>| kind.text().as_deref() == Some("null");
    let value = alternatives.iter().find(|kind| !is_null(kind));
    let name = |kind: &Cursor<'_>| kind.text().or_else(|| kind.any_string(&["logicalType", "type"]));
    let mut avro = column(field, field.string("name"), None);
    avro.logical_type = value.and_then(name);
    avro.required = Some(!alternatives.is_empty() && !alternatives.iter().any(is_null));
    avro.description = field.string("doc").or(avro.description);
    avro
}

fn column(cursor: &Cursor<'_>, name: Option<String>, required: Option<bool>) -> Column {
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
        ..Column::default()
    };
    extract::privacy(cursor, &mut column);
    extract::of_elements(&mut column, nested(cursor));
    column
}
