# What the document itself has at a pointer of the model.
package meshgate.lib.raws

default at(_) := {}

# What lies in another file is not in `input.raw`.
at(pointer) := object.get(input.raw, [_step(step) | some step in split(trim_prefix(pointer, "/"), "/")], {}) if {
	startswith(pointer, "/")
}

_step(step) := to_number(step) if regex.match(`^[0-9]+$`, step)

_step(step) := replace(replace(step, "~1", "/"), "~0", "~") if not regex.match(`^[0-9]+$`, step)
