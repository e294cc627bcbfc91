# METADATA
# title: Proxies that ask before they pass a request on
# description: |
#   Answers `ext_authz/allow` by an access decision about the port that the path is of. Which path is of which port stands in
#   the configuration (`server.adapters.ext_authz.routes`); a path that is of none is denied. Obligations go back as headers.
package ext_authz

import rego.v1

settings := data.meshgate.adapters.ext_authz

default allow := {"allowed": false, "http_status": 403}

allow := {"allowed": false, "http_status": 403, "reasons": missing} if {
	count(missing) > 0
}

missing contains {"message": sprintf("the header `%s` is missing: nobody says who asks", [settings.subject_header])} if {
	not headers[settings.subject_header]
}

missing contains {"message": sprintf("the path `%s` is of no route", [path])} if count(covering) == 0

allow := {
	"allowed": decision.verdict == "allow",
	"http_status": 403,
	"reasons": decision.reasons,
	"obligations": decision.obligations,
}

headers := input.attributes.request.http.headers

subject := headers[settings.subject_header]

groups := [group |
	some word in split(headers[settings.groups_header], ",")
	group := trim_space(word)
	group != ""
]

reading := {"GET", "HEAD", "OPTIONS"}

action := "read" if is_read

action := "write" if not is_read

is_read if input.attributes.request.http.method in reading

path := concat("/", array.concat([""], input.parsed_path))

covering contains [count(one.path), index] if {
	some index, one in settings.routes
	covers(trim_right(one.path, "/"))
}

covers(prefix) if path == prefix

covers(prefix) if startswith(path, sprintf("%s/", [prefix]))

# The longest counts.
route := settings.routes[max(covering)[1]]

decision := meshgate.decide(object.union(purpose, {
	"subject": {"id": subject, "groups": groups},
	"action": action,
	"resource": object.union(port, {"product": route.product, "columns": route.columns}),
	"context": {"method": input.attributes.request.http.method, "path": path},
}))

purpose := {"purpose": headers[settings.purpose_header]}

default purpose := {}

port := {"port": route.port}

default port := {}
