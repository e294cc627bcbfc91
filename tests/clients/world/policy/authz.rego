package authz

import rego.v1

default allow := false

allow if input.subject == "alice"

greeting := sprintf("hello %s", [input.subject])
