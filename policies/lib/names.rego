# What messages call a thing.
package meshgate.lib.names

of(thing) := object.get(thing, "name", object.get(thing, "id", "?"))
