package meshgate.rules.interoperability.closed_format_test

import data.meshgate.rules.interoperability.closed_format as rule

test_closed_formats_are_found_wherever_they_are_said if {
	every raw in [
		{"servers": [{"format": "xlsx"}]},
		{"servers": {"prod": {"format": "SAS7BDAT"}}},
		{"outputPorts": [{"server": {"format": "xls"}}]},
		{"components": [{"specific": {"format": "mdb"}}]},
		{"product": {"dataAccess": {"a": {"format": "xlsx"}}}},
	] {
		found := rule.findings with input as {"raw": raw}
		count(found) == 1
	}
}

test_odd_documents_are_no_faults if {
	every raw in [{"servers": 5}, {"outputPorts": "x"}, {"components": true}, {"product": {"dataAccess": null}}, {"servers": [5]}] {
		found := rule.findings with input as {"raw": raw}
		count(found) == 0
	}
}

test_open_formats_are_silent if {
	every format in ["parquet", "csv", 7] {
		found := rule.findings with input as {"raw": {"servers": [{"format": format}]}}
		count(found) == 0
	}
}
