package meshgate.rules.documentation.description_missing_test

import data.meshgate.rules.documentation.description_missing as rule

of_product(fields) := {"kind": "data-product", "contracts": [], "product": object.union({"pointer": ""}, fields)}

contract(fields) := {"kind": "data-contract", "contracts": [object.union({"pointer": "", "schema": []}, fields)]}

test_no_description_is_found if {
	every bad in [of_product({}), of_product({"description": " "}), contract({}), contract({"description": {}}), contract({"description": {"purpose": ""}})] {
		found := rule.findings with input as bad
		count(found) == 1
	}
}

test_a_bare_product_is_found if {
	bare := of_product({"name": "p"})
	found := rule.findings with input as bare
	{finding.message | some finding in found} == {"data product `p` has no description"}
}

test_a_description_is_silent if {
	every good in [of_product({"description": "Orders."}), contract({"description": {"usage": "Reporting."}})] {
		found := rule.findings with input as good
		count(found) == 0
	}
}

test_described_tables_describe_the_contract if {
	found := rule.findings with input as contract({"schema": [{"description": "Orders."}]})
	count(found) == 0
}
