package library_test

import data.library

module := "# METADATA\n#   since: 0.1.0\npackage meshgate.rules.a.b\n\nfindings contains 1 if true\n"

good := {
	"id": "a.b",
	"folder": "a/b",
	"texts": {"b.rego": module, "b_test.rego": "package x_test\n\ntest_x if true\n"},
	"examples": ["fail_x.odcs.yaml", "pass_x.dcs.yaml"],
	"rule": {
		"title": "Nothing is there",
		"description": "What is not there cannot be found, and whoever looks for it loses the hour that this costs.",
		"remedy": "Put it there.",
		"applies_to": ["data-product"],
		"profiles": ["strict"],
	},
}

of(one) := found if found := library.remarks with input as {"rules": [one]}

test_a_good_rule_is_silent if of(good) == set()

test_metadata if {
	every pair in [
		[{"title": "x"}, "no `title`"], [{"description": "short"}, "no `description`"], [{"remedy": "?"}, "no `remedy`"],
		[{"applies_to": []}, "no `applies_to`"], [{"profiles": []}, "no `profiles`"], [{"title": "It ends so."}, "full stop"],
		[{"remedy": "Put it there where it belongs"}, "does not end as one"],
		[{"title": concat("", ["x" | some i in numbers.range(1, 80)])}, "longer than a line"],
	] {
		found := of(object.union(good, {"rule": pair[0]}))
		count([1 | some remark in found; contains(remark, pair[1])]) > 0
	}
}

test_files_and_examples if {
	every pair in [
		[{"folder": "a/c"}, "it lies in `a/c`"],
		[{"texts": {"b.rego": "package x\n"}}, "does not say `since`"],
		[{"examples": ["fail_x.odcs.yaml", "pass_x.odcs.yaml"]}, "are of one standard"],
		[{"examples": ["fail_x.odcs.yaml", "fail_x.dcs.yaml"]}, "no example `pass_…`"],
	] {
		found := of(object.union(good, pair[0]))
		count([1 | some remark in found; contains(remark, pair[1])]) > 0
	}
	untested := json.remove(good, ["texts/b_test.rego"])
	of(untested) == {"a.b: it has no tests"}
	misnamed := object.union(json.remove(good, ["texts/b.rego"]), {"texts": {"c.rego": module}})
	"a.b: its module is not called as it is" in of(misnamed)
}

test_ids_are_unique if {
	found := library.remarks with input as {"rules": [good, object.union(good, {"folder": "c/d"})]}
	"a.b: `c/d` has the same id" in found
}

test_style if {
	every pair in [
		["  x := 1", "tabs are the style"], ["\t  y", "tabs are the style"], ["camelCase := 1", "snake_case"],
		["get_x := 1", "`get_…`"], [concat("", ["x" | some i in numbers.range(1, 130)]), "more than 120 columns"],
	] {
		found := of(object.union(good, {"texts": {"b.rego": concat("\n", [module, pair[0]])}}))
		count([1 | some remark in found; contains(remark, pair[1])]) > 0
	}
}
