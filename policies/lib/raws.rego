# What the document itself has at a pointer of the model.
package meshgate.lib.raws

# What lies in another file is not in `input.raw`.
at(pointer) := object.get(input.raw, [_step(step) | some step in split(trim_prefix(pointer, "/"), "/")], {}) if {
	startswith(pointer, "/")
} else := {}

# Most steps are names as they are: digits sort before letters.
_step(step) := step if {
	step > ":"
	not contains(step, "~")
} else := to_number(step) if {
	regex.match(`^[0-9]+$`, step)
} else := replace(replace(step, "~1", "/"), "~0", "~")
