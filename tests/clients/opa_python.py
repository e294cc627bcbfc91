"""What opa-python-client asks of OPA, asked of the sidecar. The only argument is its address."""

import sys

from opa_client.errors import PolicyNotFoundError
from opa_client.opa import OpaClient

host, port = sys.argv[1].split(":")
client = OpaClient(host=host, port=int(port), timeout=10)
assert client.check_connection() is True
assert client.check_health() and client.check_health(query={"bundles": True})
assert client.wait_for_ready()
assert client.query_rule({"subject": "alice"}, "authz", "allow")["result"] is True
assert client.query_rule({"subject": "bob"}, "authz", "allow")["result"] is False
assert client.query_rule({"subject": "bob"}, "authz")["result"] == {"allow": False, "greeting": "hello bob"}
explained = client.query_rule({"subject": "bob"}, "authz", "allow", {"explain": "full", "metrics": True, "pretty": True})
assert explained["metrics"]["timer_server_handler_ns"] > 0 and explained["explanation"], explained
assert client.get_data("meshgate/products/urn:orders/product/name")["result"] == "orders"
try:
    client.get_data("nothing/here")
    raise AssertionError("what is undefined is not found")
except PolicyNotFoundError:
    pass
policies = client.get_policies_list()
assert any(name.endswith("authz.rego") for name in policies), policies
name = next(name for name in policies if name.endswith("authz.rego"))
assert "package authz" in client.get_policy(name)["result"]["raw"]
info = client.get_policies_info()[name]
assert any(rule.endswith("/allow") for rule in info["rules"]), info
assert client.get_config()["result"]["default_decision"] == "/authz/allow"
assert client.get_status()["result"]["bundles"]["world"]["active_revision"]
print("opa-python-client: answered")
