//! Settings that only the root configuration has: what schemas are worth, names that teams use, bounds, gears, network.
//!
//! Deliberately absent: reading; see `config`.

use meshgate_core::limits::{EvaluationLimits, ReadLimits};
use meshgate_core::model::Format;
use meshgate_core::severity::Severity;
use meshgate_descriptor::Extract;
use meshgate_rego::GearSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;

/// The lowest severity that denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DenyAt {
    /// Errors deny.
    Error,
    /// Warnings too.
    Warning,
    /// Everything denies.
    Info,
}

impl From<DenyAt> for Severity {
    fn from(at: DenyAt) -> Self {
        match at {
            DenyAt::Error => Self::Error,
            DenyAt::Warning => Self::Warning,
            DenyAt::Info => Self::Info,
        }
    }
}

/// How much of the mesh a run sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MeshExtent {
    /// All of it.
    Complete,
    /// A part; what is not seen may still be there. The default.
    Partial,
}

/// What a violation of a standard's schema is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaSeverity {
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// An info.
    Info,
    /// Nothing: only the verdict is told, in `descriptors[].schema`.
    Off,
}

impl<'de> Deserialize<'de> for SchemaSeverity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match (value.as_str(), value.as_bool()) {
            (Some("error"), _) => Ok(Self::Error),
            (Some("warning"), _) => Ok(Self::Warning),
            (Some("info"), _) => Ok(Self::Info),
            // YAML reads `off` as false.
            (Some("off"), _) | (_, Some(false)) => Ok(Self::Off),
            _ => Err(de::Error::custom(format!("{value} is not one of `error`, `warning`, `info`, `off`"))),
        }
    }
}

impl JsonSchema for SchemaSeverity {
    fn schema_name() -> Cow<'static, str> {
        "SchemaSeverity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"enum": ["error", "warning", "info", "off", false],
            "description": "What a violation of a standard's schema is worth; `off`: only the verdict is told."})
    }
}

impl SchemaSeverity {
    /// Returns the severity; `None` is nothing.
    #[must_use]
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Info => Some(Severity::Info),
            Self::Off => None,
        }
    }
}

/// What a violation of each standard's schema is worth.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SchemaSeverities {
    /// Open Data Mesh DPDS. Default `warning`: the standard's own examples break its schema.
    #[serde(default)]
    pub dpds: Option<SchemaSeverity>,
    /// Bitol ODPS. Default `error`.
    #[serde(default)]
    pub odps: Option<SchemaSeverity>,
    /// Bitol ODCS. Default `error`.
    #[serde(default)]
    pub odcs: Option<SchemaSeverity>,
    /// LF ODPS. Default `warning`: the standard's own examples break its schema.
    #[serde(default)]
    pub odps_lf: Option<SchemaSeverity>,
    /// Data Contract Specification. Default `error`.
    #[serde(default)]
    pub dcs: Option<SchemaSeverity>,
    /// Data Product Specification. Default `error`.
    #[serde(default)]
    pub dps: Option<SchemaSeverity>,
}

impl SchemaSeverities {
    /// Nothing is worth anything: only other rules count.
    #[must_use]
    pub const fn off() -> Self {
        let off = Some(SchemaSeverity::Off);
        Self { dpds: off, odps: off, odcs: off, odps_lf: off, dcs: off, dps: off }
    }

    /// Returns what is said of a format, if anything is.
    #[must_use]
    pub const fn said(&self, format: Format) -> Option<SchemaSeverity> {
        match format {
            Format::Dpds => self.dpds,
            Format::OdpsLf => self.odps_lf,
            Format::Odps => self.odps,
            Format::Odcs => self.odcs,
            Format::Dcs => self.dcs,
            Format::Dps => self.dps,
            Format::Witboost | Format::Generic => None,
        }
    }

    /// Returns what a violation is worth in a format; `None` is nothing.
    #[must_use]
    pub fn severity(&self, format: Format) -> Option<Severity> {
        let default = match format {
            Format::Dpds | Format::OdpsLf => SchemaSeverity::Warning,
            Format::Odps | Format::Odcs | Format::Dcs | Format::Dps => SchemaSeverity::Error,
            Format::Witboost | Format::Generic => return None,
        };
        self.said(format).unwrap_or(default).severity()
    }
}

/// The names under which teams write what the standards have no field for; looked for before the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtractNames {
    /// Custom properties that hold a classification.
    #[serde(default)]
    pub classification: Vec<String>,
    /// Custom properties that say that a column is personal data.
    #[serde(default)]
    pub pii: Vec<String>,
    /// Tags that say so.
    #[serde(default)]
    pub pii_tags: Vec<String>,
    /// Custom properties that hold a list of tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Custom properties that name a masking.
    #[serde(default)]
    pub masking: Vec<String>,
    /// Custom properties that say that a column is encrypted.
    #[serde(default)]
    pub encrypted: Vec<String>,
    /// Custom properties that name an owner.
    #[serde(default)]
    pub owner: Vec<String>,
    /// Custom properties that say how long data is kept.
    #[serde(default)]
    pub retention: Vec<String>,
}

impl ExtractNames {
    /// Returns these names, and then the defaults.
    #[must_use]
    pub fn resolve(&self) -> Extract {
        let default = Extract::default();
        let both = |own: &[String], default: Vec<String>| own.iter().cloned().chain(default).collect();
        Extract {
            classification: both(&self.classification, default.classification),
            pii: both(&self.pii, default.pii),
            pii_tags: both(&self.pii_tags, default.pii_tags),
            tags: both(&self.tags, default.tags),
            masking: both(&self.masking, default.masking),
            encrypted: both(&self.encrypted, default.encrypted),
            owner: both(&self.owner, default.owner),
            retention: both(&self.retention, default.retention),
        }
    }
}

/// Bounds on what is read and run.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Wall clock of one rule on one descriptor, milliseconds. Default 200.
    #[serde(default)]
    pub rule_deadline_ms: Option<u64>,
    /// Wall clock of one plugin call, milliseconds. Default 1000.
    #[serde(default)]
    pub plugin_deadline_ms: Option<u64>,
    /// Linear memory of one plugin instance, MiB. Default 64.
    #[serde(default)]
    pub plugin_memory_mib: Option<usize>,
    /// Bytes of one descriptor. Default 16777216.
    #[serde(default)]
    pub file_bytes_max: Option<usize>,
    /// Values in one descriptor's file, with every use of a YAML alias counted. Default 1000000.
    #[serde(default)]
    pub nodes_max: Option<usize>,
    /// Memory of the whole process, MiB; an evaluation that would need more fails. Default 4096.
    #[serde(default)]
    pub memory_mib: Option<u64>,
    /// Memory of one evaluation in the fast gear, MiB. Default 256.
    #[serde(default)]
    pub rego_memory_mib: Option<u64>,
    /// Memory up to which the data of a bundle is copied for each thread, MiB; 0: never. Default 64.
    #[serde(default)]
    pub data_copy_mib: Option<usize>,
}

/// How Rego is evaluated: in the interpreter, or in the fast gear where that is cleared.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegoSettings {
    /// May the fast gear be used? Default true.
    #[serde(default)]
    pub fast: Option<bool>,
    /// Evaluations in both gears that must agree before a rule runs in the fast one alone; with 0 only a bundle's record
    /// clears it. Default 100.
    #[serde(default)]
    pub shadow: Option<u32>,
    /// The share of evaluations that are compared for good, from 0 to 1. Default 0.001.
    #[serde(default)]
    pub compare: Option<f64>,
    /// What an error of a builtin is in check rules: a fault, which denies, or undefined, as in OPA, where a rule that could
    /// not look finds nothing. Default `fault`; `undefined` is there for one release.
    #[serde(default)]
    pub builtin_errors: BuiltinErrors,
    /// What an error of types in a module is, such as a field that the model does not have: an error, with which its bundle
    /// does not load, or a warning. Default `error`; `warn` is there for one release.
    #[serde(default)]
    pub types: TypeErrors,
}

/// What an error of types is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TypeErrors {
    /// An error.
    #[default]
    Error,
    /// A warning.
    Warn,
}

/// What an error of a builtin is in check rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BuiltinErrors {
    /// A fault, unless the METADATA of a rule says otherwise.
    #[default]
    Fault,
    /// Undefined.
    Undefined,
}

impl RegoSettings {
    /// Returns how gears are chosen.
    #[must_use]
    pub fn gears(&self) -> GearSettings {
        let default = GearSettings::default();
        GearSettings {
            fast: self.fast.unwrap_or(default.fast),
            shadow: self.shadow.unwrap_or(default.shadow),
            compare: self.compare.unwrap_or(default.compare).clamp(0.0, 1.0),
            warm_up: default.warm_up,
        }
    }
}

/// What `http.send` may reach.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Hosts: `host`, or `host:port`. None: `http.send` is off.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Wall clock of one request, milliseconds. Default 5000.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// Bytes of one answer. Default 1048576.
    #[serde(default)]
    pub bytes_max: Option<usize>,
    /// May requests go over the proxy that the environment names (`HTTPS_PROXY`, `ALL_PROXY`, …)? Then the proxy resolves
    /// names, and nobody judges where they lead. Default false.
    #[serde(default)]
    pub proxy_from_environment: bool,
}

impl Limits {
    /// Returns the bounds of evaluation.
    #[must_use]
    pub fn evaluation(&self) -> EvaluationLimits {
        let default = EvaluationLimits::default();
        EvaluationLimits {
            rule_deadline: self.rule_deadline_ms.map_or(default.rule_deadline, Duration::from_millis),
            plugin_deadline: self.plugin_deadline_ms.map_or(default.plugin_deadline, Duration::from_millis),
            plugin_memory_bytes_max: self.plugin_memory_mib.map_or(default.plugin_memory_bytes_max, |mib| mib << 20),
            rego_memory_bytes_max: self.rego_memory_mib.map_or(default.rego_memory_bytes_max, |mib| mib << 20),
            data_copy_bytes_max: self.data_copy_mib.map_or(default.data_copy_bytes_max, |mib| mib << 20),
            ..default
        }
    }

    /// Returns the bounds of reading.
    #[must_use]
    pub fn read(&self) -> ReadLimits {
        let default = ReadLimits::default();
        ReadLimits {
            file_bytes_max: self.file_bytes_max.unwrap_or(default.file_bytes_max),
            nodes_max: self.nodes_max.unwrap_or(default.nodes_max),
            ..default
        }
    }
}
