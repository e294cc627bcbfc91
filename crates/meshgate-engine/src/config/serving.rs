//! The sidecar, as a configuration describes it: addresses, bounds, and what the adapters of other programs need to know.
//!
//! Deliberately absent: the layer's law; only the root configuration speaks of the sidecar.

use super::operating::{Authentication, Authorization, DecisionLogSettings, LogSettings, TlsSettings};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The sidecar.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Where decisions are asked for. Default `127.0.0.1:8181`.
    #[serde(default)]
    pub listen: Option<String>,
    /// Where operators look, or `off`. Default `127.0.0.1:8282`.
    #[serde(default, deserialize_with = "address_or_off")]
    pub admin: Option<String>,
    /// Where every decision is written, one JSON object a line: a file, `stdout`, an address, or a map. Default none.
    #[serde(default)]
    pub decision_log: Option<DecisionLogSettings>,
    /// Certificates. Default none: plain HTTP.
    #[serde(default)]
    pub tls: Option<TlsSettings>,
    /// Who asks. Default: nobody is asked who they are.
    #[serde(default)]
    pub authentication: Authentication,
    /// What may be asked: `off`, or `policy` for `data.system.authz.allow`. Default `off`.
    #[serde(default, deserialize_with = "authorization")]
    pub authorization: Authorization,
    /// What the sidecar says of itself, on standard error.
    #[serde(default)]
    pub log: LogSettings,
    /// After so many seconds with bundles or descriptors that changed and cannot be loaded, `/ready` says no. Default:
    /// never.
    #[serde(default)]
    pub staleness_max_s: Option<u64>,
    /// What `POST /` answers, as a path. Default `system/main`.
    #[serde(default)]
    pub default_decision: Option<String>,
    /// Where clients reach it, for documents that say so (AuthZEN's discovery). Default: the host that was asked, by http.
    #[serde(default)]
    pub public_url: Option<String>,
    /// Names by which clients reach it, without ports: a request for another one is 421. Loopback names are always taken;
    /// `*` is any. Default: loopback names alone where it listens on loopback, any otherwise.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Keys of hash masks, by their names: a policy says `{"mask": "hash", "args": {"key": NAME}}`.
    #[serde(default)]
    pub mask_keys: BTreeMap<String, KeyFile>,
    /// What labels each decision has in the log.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Bounds on requests.
    #[serde(default)]
    pub limits: ServerLimits,
    /// The Open Data Mesh validator, which evaluates Rego that its callers send.
    #[serde(default)]
    pub odm: OdmSettings,
    /// What the adapters of other programs need to know.
    #[serde(default)]
    pub adapters: Adapters,
}

impl Server {
    /// What is wrong with values that fit their types.
    #[must_use]
    pub fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let limits = &self.limits;
        for (key, zero) in [
            ("deadline_ms", limits.deadline_ms == Some(0)),
            ("body_mib", limits.body_mib == Some(0)),
            ("queue", limits.queue == Some(0)),
            ("threads", limits.threads == Some(0)),
            ("header_kib", limits.header_kib == Some(0)),
            ("header_ms", limits.header_ms == Some(0)),
            ("body_ms", limits.body_ms == Some(0)),
            ("connections", limits.connections == Some(0)),
            ("connections_per_client", limits.connections_per_client == Some(0)),
            ("body_values", limits.body_values == Some(0)),
            ("request_mib", limits.request_mib == Some(0)),
            ("requests_mib", limits.requests_mib == Some(0)),
        ] {
            if zero {
                wrong.push(format!("`limits.{key}` is 0: no request would be answered"));
            }
        }
        if let Some(log) = &self.decision_log {
            if log.to.is_empty() {
                wrong.push("`decision_log.to` names nothing".to_owned());
            }
            if log.rotate.is_some_and(|rotate| rotate.max_mib == 0 || rotate.keep == Some(0)) {
                wrong.push("`decision_log.rotate` has a 0: nothing would be kept".to_owned());
            }
        }
        for (at, token) in self.authentication.tokens.iter().enumerate() {
            let twice = self.authentication.tokens.iter().take(at).any(|other| other.id == token.id);
            if token.id.is_empty() || twice {
                wrong.push(format!("`authentication.tokens` has the id `{}`, which is empty or there twice", token.id));
            }
        }
        if let Some(url) =
            self.public_url.as_ref().filter(|url| !url.starts_with("http://") && !url.starts_with("https://"))
        {
            wrong.push(format!("`public_url` is `{url}`, which begins with neither http:// nor https://"));
        }
        for host in self.hosts.iter().filter(|host| host.is_empty() || host.contains(['/', ' ']) || is_with_port(host))
        {
            wrong.push(format!("`hosts` has `{host}`: a host is a name or an address, without a port"));
        }
        let routes = &self.adapters.ext_authz.routes;
        for route in routes.iter().filter(|route| !route.path.starts_with('/')) {
            wrong.push(format!("`adapters.ext_authz.routes` has the path `{}`, which begins with no `/`", route.path));
        }
        for table in self.adapters.trino.tables.keys() {
            if table.split('.').count() != 3 || *table != table.to_lowercase() {
                wrong.push(format!(
                    "`adapters.trino.tables` has `{table}`: a table is written `catalog.schema.table`, in lower case"
                ));
            }
        }
        let ext = &self.adapters.ext_authz;
        for name in [&ext.subject_header, &ext.groups_header, &ext.purpose_header].into_iter().flatten() {
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            if name.is_empty() || !name.bytes().all(is_name) {
                wrong.push(format!("`adapters.ext_authz` has `{name}`, which is no name of a header"));
            }
        }
        wrong
    }
}

/// Has a host a port behind it? Colons are in addresses of IPv6, too.
fn is_with_port(host: &str) -> bool {
    !host.starts_with('[') && host.matches(':').count() == 1
}

/// Where a key lies.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// A file of 16 bytes at least.
    pub file: PathBuf,
}

/// Bounds on requests.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerLimits {
    /// Wall clock of one request, all of its rules and plugins and the waiting included, milliseconds. Default 2000.
    #[serde(default)]
    pub deadline_ms: Option<u64>,
    /// Bytes of a request's body, as sent and unpacked, MiB. Default 32.
    #[serde(default)]
    pub body_mib: Option<usize>,
    /// Requests that wait for a thread; more are told to come back. Default 512.
    #[serde(default)]
    pub queue: Option<usize>,
    /// Threads for evaluations that are not known to be quick. Default twice the number of cores, at least 4.
    #[serde(default)]
    pub threads: Option<usize>,
    /// How long requests may wait for a thread before others are told to come back, milliseconds; a quarter of it when
    /// that has gone on for as long. Default 250.
    #[serde(default)]
    pub wait_ms: Option<u64>,
    /// Bytes of a request's line and headers, KiB. Default 64.
    #[serde(default)]
    pub header_kib: Option<usize>,
    /// How long a request's line and headers may take to come, milliseconds; and how long a connection may have nothing to
    /// ask. Default 10000.
    #[serde(default)]
    pub header_ms: Option<u64>,
    /// How long a body may take to come, milliseconds. Default 30000.
    #[serde(default)]
    pub body_ms: Option<u64>,
    /// Connections at once; more are answered 503. Default 4096.
    #[serde(default)]
    pub connections: Option<usize>,
    /// Connections of one address at once. Default half of `connections`.
    #[serde(default)]
    pub connections_per_client: Option<usize>,
    /// Values in a request's body of JSON or YAML, with every use of an alias counted. Default 1000000.
    #[serde(default)]
    pub body_values: Option<usize>,
    /// Memory that one request may hold, from its body to its answer, MiB. Default 512.
    #[serde(default)]
    pub request_mib: Option<u64>,
    /// Memory that all requests together may hold, MiB; who would need more is told to come back. Bodies of up to 64 KiB are
    /// always taken. Default 1024.
    #[serde(default)]
    pub requests_mib: Option<u64>,
}

/// The Open Data Mesh validator.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OdmSettings {
    /// Is it there? Default false.
    #[serde(default)]
    pub enabled: bool,
    /// In what shape `outputObject` is; a policy service stores a string as it is. Default `object`.
    #[serde(default)]
    pub output: OdmOutput,
}

/// The shape of `outputObject`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OdmOutput {
    /// JSON.
    #[default]
    Object,
    /// JSON as text.
    String,
}

/// What the adapters of other programs need to know. Their policies see it as `data.meshgate.adapters`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adapters {
    /// Trino's access control.
    #[serde(default)]
    pub trino: TrinoAdapter,
    /// Kafka's authorizer.
    #[serde(default)]
    pub kafka: KafkaAdapter,
    /// Proxies that ask before they pass a request on.
    #[serde(default)]
    pub ext_authz: ExtAuthzAdapter,
    /// OpenID AuthZEN.
    #[serde(default)]
    pub authzen: AuthzenAdapter,
}

/// A port of a product.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The product's id.
    pub product: String,
    /// The port's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
}

/// Trino's access control.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrinoAdapter {
    /// Where tables are, by `catalog.schema.table` in lower case, beyond what the contracts' servers say.
    #[serde(default)]
    pub tables: BTreeMap<String, Place>,
    /// The purpose of queries. Without, the request has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Kinds of obligations that are met for Trino elsewhere; any other one denies. Default none.
    #[serde(default)]
    pub met: Vec<String>,
    /// Users who may do what no product speaks of: show and change what the engine itself has. Default none.
    #[serde(default)]
    pub admins: Vec<String>,
}

/// Kafka's authorizer.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KafkaAdapter {
    /// Where topics are, beyond what the contracts' servers say.
    #[serde(default)]
    pub topics: BTreeMap<String, Place>,
    /// The purpose of consumers. Without, the request has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Kinds of obligations that are met for Kafka elsewhere; any other one denies. Default none.
    #[serde(default)]
    pub met: Vec<String>,
    /// Principals who may do what no product speaks of, brokers among them. Default none.
    #[serde(default)]
    pub admins: Vec<String>,
    /// May every principal use every consumer group? Without, the one with its own name, and those of `prefixes`. Default
    /// false.
    #[serde(default)]
    pub open_groups: bool,
    /// By principal: beginnings of names of consumer groups and transactions that are its own.
    #[serde(default)]
    pub prefixes: BTreeMap<String, Vec<String>>,
}

/// Proxies that ask before they pass a request on.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtAuthzAdapter {
    /// Which paths are of which port; the longest path that fits counts.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// The header that names who asks; the proxy must set it. Default `x-meshgate-subject`.
    #[serde(default)]
    pub subject_header: Option<String>,
    /// The header that lists their groups, with commas; the proxy must set it. Default none: nobody has groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_header: Option<String>,
    /// The header that names the purpose; the proxy must set it. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose_header: Option<String>,
    /// The policy that answers, as a path. Default `ext_authz/allow`, or `envoy/authz/allow` where a bundle has that alone.
    #[serde(default)]
    pub decision: Option<String>,
}

/// A path of an API.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The path; it covers itself and what is below it.
    pub path: String,
    /// The product's id.
    pub product: String,
    /// The port's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// The columns that it shows; all of the port when absent.
    #[serde(default)]
    pub columns: Vec<String>,
}

/// OpenID AuthZEN.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthzenAdapter {
    /// The type of resources that are products; others are denied. Default `product`.
    #[serde(default)]
    pub resource_type: Option<String>,
    /// Do clients carry out the obligations that an answer's `context` tells? Without, a decision that has any is a denial.
    /// Default false.
    #[serde(default)]
    pub tells_obligations: bool,
}

impl Adapters {
    /// The same, with defaults in the place of what is not said.
    #[must_use]
    pub fn filled(&self) -> Self {
        let mut filled = self.clone();
        let fill = |slot: &mut Option<String>, default: &str| {
            // Proxies, and we, have names of headers in lower case.
            *slot = Some(slot.as_deref().unwrap_or(default).to_ascii_lowercase());
        };
        fill(&mut filled.ext_authz.subject_header, "x-meshgate-subject");
        for name in [&mut filled.ext_authz.groups_header, &mut filled.ext_authz.purpose_header].into_iter().flatten() {
            name.make_ascii_lowercase();
        }
        filled.authzen.resource_type.get_or_insert_with(|| "product".to_owned());
        filled
    }
}

/// YAML reads `off` as false.
fn address_or_off<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(address) => Ok(Some(address)),
        Value::Bool(false) => Ok(Some("off".to_owned())),
        other => Err(de::Error::custom(format!("{other} is neither an address nor `off`"))),
    }
}

/// YAML reads `off` as false.
fn authorization<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Authorization, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(false) => Ok(Authorization::Off),
        Value::String(word) if word == "off" => Ok(Authorization::Off),
        Value::String(word) if word == "policy" => Ok(Authorization::Policy),
        other => Err(de::Error::custom(format!("{other} is neither `off` nor `policy`"))),
    }
}
