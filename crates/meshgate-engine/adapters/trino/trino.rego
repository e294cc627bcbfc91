# METADATA
# title: Trino's access control
# description: |
#   Answers the five endpoints of Trino's OPA plugin by access decisions about the products that are served:
#   `trino/allow`, `trino/batch`, `trino/row_filters`, `trino/column_mask`, `trino/batch_column_masks`.
#   All five must be named in Trino's configuration: without the last three, rows and columns are shown as they are.
package trino

import rego.v1

settings := data.meshgate.adapters.trino

user := input.context.identity.user

operation := input.action.operation

# What a query engine reads before and beside the data: no product speaks of it.
everybody := {"ExecuteQuery"}

reading := {"SelectFromColumns", "ShowColumns", "FilterTables", "FilterColumns", "CreateViewWithSelectFromColumns"}

writing := {"InsertIntoTable", "DeleteFromTable", "UpdateTableColumns", "TruncateTable"}

default allow := false

allow if operation in everybody

allow if {
	operation in reading
	table := input.action.resource.table
	columns := object.get(table, "columns", [])
	readable(table, columns)
	is_asked_for(table, columns)
}

# Trino asks for filters without the columns, and for masks of one column: what depends on columns together would be lost.
is_asked_for(table, columns) if {
	together := decided(table, columns, "read").obligations
	alone := decided(table, [], "read").obligations
	every filter in together.row_filters {
		filter in alone.row_filters
	}
	every column in columns {
		every mask in [mask | some mask in together.masks; is_of(mask, column)] {
			mask in decided(table, [column], "read").obligations.masks
		}
	}
}

# Functions and procedures, and whatever else is of a catalog in which products lie: some of them run queries of their own.
spoken_of contains name if {
	some resource in resources
	some kind, other in resource
	not kind in {"table", "schema", "catalog"}
	walk(other, [path, value])
	path[count(path) - 1] == "catalogName"
	name := lower(value)
	has_catalog(name)
}

# What the engine itself tells.
is_own(table) if lower(table.schemaName) == "information_schema"

allow if {
	operation in writing
	table := input.action.resource.table
	writable(table, object.get(table, "columns", []))
}

allow if {
	operation in {"AccessCatalog", "ShowSchemas"}
	has_catalog(catalog_of(input.action.resource))
}

allow if {
	operation == "ShowTables"
	has_schema(input.action.resource.schema)
}

# What the engine itself tells of a catalog; it asks for each table whether it may be shown.
allow if {
	operation in reading
	table := input.action.resource.table
	is_own(table)
	has_catalog(table.catalogName)
}

allow if {
	operation in {"ViewQueryOwnedBy", "KillQueryOwnedBy"}
	input.action.resource.user.user == user
}

# Administrators change what no product speaks of; that they speak for somebody else is not theirs to say.
allow if {
	user in settings.admins
	operation != "ImpersonateUser"
	count(spoken_of) == 0
}

resources := [input.action.resource, object.get(input.action, "targetResource", {})]

spoken_of contains name if {
	some resource in resources
	name := name_of(resource.table)
	is_known(name)
}

spoken_of contains name if {
	some resource in resources
	name := lower(sprintf("%s.%s", [resource.schema.catalogName, resource.schema.schemaName]))
	has_schema(resource.schema)
	not operation in {"ShowTables", "ShowFunctions", "ShowCreateSchema"}
}

spoken_of contains name if {
	some resource in resources
	name := lower(resource.catalog.name)
	has_catalog(name)
	not operation in {"AccessCatalog", "ShowSchemas"}
}

# METADATA
# description: What may be shown of a list, by its places in it.
# entrypoint: true
batch contains index if {
	operation != "FilterColumns"
	some index, resource in input.action.filterResources
	shown(resource)
}

batch contains index if {
	operation == "FilterColumns"
	table := input.action.filterResources[0].table
	some index, column in table.columns
	readable(table, [column])
}

shown(resource) if readable(resource.table, [])

shown(resource) if {
	operation == "FilterCatalogs"
	has_catalog(catalog_of(resource))
}

shown(resource) if {
	operation == "FilterSchemas"
	has_schema(resource.schema)
}

shown(resource) if {
	operation == "FilterViewQueryOwnedBy"
	resource.user.user == user
}

shown(_) if user in settings.admins

# METADATA
# entrypoint: true
row_filters contains {"expression": filter} if {
	decision := decided(input.action.resource.table, [], "read")
	is_usable(decision)
	some condition in decision.obligations.row_filters
	filter := condition.sql
}

# Whoever may not read is shown nothing.
row_filters contains {"expression": "1 = 0"} if not is_shown

is_shown if readable(input.action.resource.table, [])

is_shown if is_free(input.action.resource.table)

# METADATA
# entrypoint: true
column_mask := mask_of(input.action.resource.column)

# METADATA
# entrypoint: true
batch_column_masks contains {"index": index, "viewExpression": expression} if {
	some index, resource in input.action.filterResources
	expression := mask_of(resource.column)
}

mask_of(column) := {"expression": "NULL"} if {
	not is_column_shown(column)
	not is_free(column)
}

# A column without a name is none that may be read.
is_column_shown(column) if readable(column, [column.columnName])

mask_of(column) := {"expression": typed(mask, object.get(column, "columnType", ""))} if {
	decision := decided(column, [column.columnName], "read")
	is_usable(decision)
	some mask in decision.obligations.masks
	lower(mask.column) == lower(column.columnName)
	not is_masked_within(decision, column)
}

# Trino takes an expression of the column's own type: what is left of a value is a text.
typed(mask, _) := mask.sql if mask.mask in {"null", "constant"}

typed(mask, type) := mask.sql if {
	not mask.mask in {"null", "constant"}
	type in {"", "varchar"}
}

typed(mask, type) := sprintf("CAST(%s AS %s)", [mask.sql, type]) if {
	not mask.mask in {"null", "constant"}
	regex.match(`^(varchar|char)\([0-9]+\)$`, type)
}

typed(mask, type) := "NULL" if {
	not mask.mask in {"null", "constant"}
	not type in {"", "varchar"}
	not regex.match(`^(varchar|char)\([0-9]+\)$`, type)
}

# Trino masks columns, not what is in them: nothing of such a column is shown.
mask_of(column) := {"expression": "NULL"} if {
	decision := decided(column, [column.columnName], "read")
	is_usable(decision)
	is_masked_within(decision, column)
}

is_masked_within(decision, column) if {
	some mask in decision.obligations.masks
	startswith(lower(mask.column), sprintf("%s.", [lower(column.columnName)]))
}

is_of(mask, column) if lower(mask.column) == lower(column)

is_of(mask, column) if startswith(lower(mask.column), sprintf("%s.", [lower(column)]))

# Tables of which no product speaks, and which may be read nevertheless.
is_free(table) if is_own(table)

is_free(table) if {
	user in settings.admins
	not is_known(name_of(table))
}

readable(table, columns) if is_usable(decided(table, columns, "read"))

# A filter or a mask has no meaning for what is written.
writable(table, columns) if {
	decision := decided(table, columns, "write")
	is_usable(decision)
	count(decision.obligations.masks) == 0
	count(decision.obligations.row_filters) == 0
}

# An obligation that nobody meets denies.
is_usable(decision) if {
	decision.verdict == "allow"
	every duty in decision.obligations.duties {
		duty.kind in settings.met
	}
}

decided(table, columns, action) := meshgate.decide(object.union(purpose, {
	"subject": {"id": user, "groups": object.get(input.context.identity, "groups", [])},
	"action": action,
	"resource": object.union(port_of(place_of(table)), {"product": place_of(table).product, "columns": columns}),
	"context": {"query_id": object.get(input.context, "queryId", "")},
	"sql": "trino",
}))

purpose := {"purpose": settings.purpose}

default purpose := {}

port_of(place) := {"port": place.port} if place.port

port_of(place) := {} if not place.port

# `t$partitions` and its like tell of the data of `t`, and are the product's.
name_of(table) := lower(sprintf("%s.%s.%s", [table.catalogName, table.schemaName, base]) ) if {
	base := split(table.tableName, "$")[0]
}

place_of(table) := settings.tables[name_of(table)]

place_of(table) := data.meshgate.tables[name_of(table)] if not settings.tables[name_of(table)]

is_known(name) if settings.tables[name]

is_known(name) if data.meshgate.tables[name]

known contains name if some name, _ in settings.tables

known contains name if some name, _ in data.meshgate.tables

catalog_of(resource) := resource.catalog.name

catalog_of(resource) := resource.schema.catalogName if not resource.catalog

has_catalog(catalog) if {
	some name in known
	startswith(name, sprintf("%s.", [lower(catalog)]))
}

has_schema(schema) if {
	some name in known
	startswith(name, lower(sprintf("%s.%s.", [schema.catalogName, schema.schemaName])))
}
