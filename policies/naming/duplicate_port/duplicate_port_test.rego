package meshgate.rules.naming.duplicate_port_test

import data.meshgate.rules.naming.duplicate_port as rule

port(name, version) := {"direction": "output", "name": name, "version": version, "pointer": sprintf("/%s/%s", [name, version])}

of(ports) := {"product": {"ports": ports}}

test_the_same_name_is_found_once if {
	found := rule.findings with input as of([port("a", "1"), port("A", "1"), port("b", "1")])
	count(found) == 1
}

test_another_version_or_direction_is_silent if {
	found := rule.findings with input as of([port("a", "1"), port("a", "2"), object.union(port("a", "1"), {"direction": "input"})])
	count(found) == 0
}

test_nameless_ports_are_silent if {
	found := rule.findings with input as of([{"direction": "output"}, {"direction": "output"}])
	count(found) == 0
}
