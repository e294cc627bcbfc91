# What every rule of the library must have: a policy about policies. The tidy check gives it all rules as `input.rules`:
# `{id, folder, texts: {file: text}, examples: [file], rule: {title, description, severity, remedy, applies_to, profiles, params}}`.
package library

remarks contains sprintf("%s: %s", [one.id, remark]) if {
	some one in input.rules
	some remark in _of(one)
}

_of(one) := ((_metadata(one) | _files(one)) | _examples(one)) | _style(one)

_metadata(one) := {remark |
	some [name, least] in [["title", 5], ["description", 60], ["remedy", 10]]
	count(object.get(one.rule, name, "")) < least
	remark := sprintf("METADATA has no `%s` that says something", [name])
} | {remark |
	some name in ["applies_to", "profiles"]
	count(one.rule[name]) == 0
	remark := sprintf("METADATA names no `%s`", [name])
} | {remark |
	count(one.rule.title) > 70
	remark := "its title is longer than a line of a report"
} | {remark |
	endswith(one.rule.title, ".")
	remark := "its title is no sentence, and ends with a full stop"
} | {remark |
	not _ends_a_sentence(one.rule.remedy)
	remark := "its remedy is a sentence, and does not end as one"
} | {remark |
	not contains(_module(one), "#   since: ")
	remark := "METADATA does not say `since` when it is there"
}

_ends_a_sentence(text) if regex.match("[.`)]$", text)

_name(one) := split(one.id, ".")[1]

_module(one) := object.get(one.texts, sprintf("%s.rego", [_name(one)]), "")

_files(one) := {remark |
	one.folder != replace(one.id, ".", "/")
	remark := sprintf("it lies in `%s`", [one.folder])
} | {remark |
	_module(one) == ""
	remark := "its module is not called as it is"
} | {remark |
	not one.texts[sprintf("%s_test.rego", [_name(one)])]
	remark := "it has no tests"
} | {remark |
	some other in input.rules
	other.folder != one.folder
	other.id == one.id
	remark := sprintf("`%s` has the same id", [other.folder])
}

_examples(one) := {remark |
	some kind in ["fail_", "pass_"]
	count([1 | some example in one.examples; startswith(example, kind)]) == 0
	remark := sprintf("it has no example `%s…`", [kind])
} | {remark |
	count({standard | some example in one.examples; standard := _standard(example)}) < 2
	remark := "its examples are of one standard"
}

_standard(example) := parts[count(parts) - 2] if parts := split(example, ".")

_style(one) := {remark |
	some file, text in one.texts
	some at, line in split(text, "\n")
	some what in _odd(file, line)
	remark := sprintf("%s:%d: %s", [file, at + 1, what])
}

_odd(_, line) := {"is indented with spaces; tabs are the style"} if regex.match(`^\t* +[^ ]`, line)

_odd(file, line) := {sprintf("has more than %d columns", [_most(file)])} if {
	not regex.match(`^\t* +[^ ]`, line)
	not startswith(line, "#")
	count(replace(line, "\t", "    ")) > _most(file)
}

_odd(_, line) := {sprintf("`%s`: names of rules and functions are snake_case, without `get_`, `list_`, `is_is`", [name])} if {
	name := regex.find_n(`^_?[A-Za-z0-9_]+`, line, 1)[0]
	not regex.match(`^_?[a-z][a-z0-9_]*$`, name)
}

_odd(_, line) := {"`get_…`: a rule is called what it is, not what is done"} if regex.match(`^_?(get|list|fetch)_`, line)

# Rows of a test's data may be long.
_most(file) := 220 if {
	endswith(file, "_test.rego")
} else := 120
