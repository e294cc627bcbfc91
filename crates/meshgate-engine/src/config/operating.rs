//! How a sidecar is run: where decisions are written, who may ask, over which certificates.
//!
//! Deliberately absent: the files that are named; whoever runs the sidecar reads them.

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::path::PathBuf;

/// Where decisions are written: a file, `stdout`, an address, or all of this.
#[derive(Debug, Clone, Default, PartialEq, Eq, JsonSchema)]
#[schemars(with = "DecisionLogSchema")]
pub struct DecisionLogSettings {
    /// Where to.
    pub to: Vec<String>,
    /// What happens to an answer whose event cannot be written.
    pub full: WhenFull,
    /// Is every event on the disk before its answer leaves?
    pub fsync: Fsync,
    /// When files are ended; never without.
    pub rotate: Option<Rotation>,
    /// What is sent waits here.
    pub spool: SpoolSettings,
    /// How it is sent.
    pub upload: Upload,
}

/// The same, as a map has it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DecisionLogMap {
    /// A file, `stdout`, an address that takes what OPA sends, or a list of these.
    to: Places,
    /// What happens to an answer whose event cannot be written: `deny` fails it, `block` waits for as long as the request
    /// may take and then fails it, `shed` lets it go and counts. Default `deny`.
    #[serde(default)]
    full: WhenFull,
    /// `always` answers when the event is on the disk: it then survives a loss of power, too. Default `never`: it survives
    /// the end of the process.
    #[serde(default)]
    fsync: Fsync,
    /// When files are ended and numbered. Default never.
    #[serde(default)]
    rotate: Option<Rotation>,
    /// Where events wait to be sent.
    #[serde(default)]
    spool: SpoolSettings,
    /// How events are sent to an address.
    #[serde(default)]
    upload: Upload,
}

/// For the schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is there for its schema")]
enum DecisionLogSchema {
    /// A file, `stdout`, or an address.
    To(String),
    /// More than that.
    Settings(Box<DecisionLogMap>),
}

/// One text or several.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(with = "PlacesSchema")]
struct Places(Vec<String>);

#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is there for its schema")]
enum PlacesSchema {
    One(String),
    Several(Vec<String>),
}

impl<'de> Deserialize<'de> for Places {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of;
        impl<'de> Visitor<'de> for Of {
            type Value = Places;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a file, `stdout`, an address, or a list of these")
            }

            fn visit_str<E>(self, text: &str) -> Result<Places, E> {
                Ok(Places(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Places, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    all.push(item);
                }
                Ok(Places(all))
            }
        }
        deserializer.deserialize_any(Of)
    }
}

impl<'de> Deserialize<'de> for DecisionLogSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of;
        impl<'de> Visitor<'de> for Of {
            type Value = DecisionLogSettings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a file, `stdout`, an address, or a map with `to`")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(DecisionLogSettings { to: vec![text.to_owned()], ..DecisionLogSettings::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let DecisionLogMap { to, full, fsync, rotate, spool, upload } =
                    DecisionLogMap::deserialize(MapAccessDeserializer::new(map))?;
                Ok(DecisionLogSettings { to: to.0, full, fsync, rotate, spool, upload })
            }
        }
        deserializer.deserialize_any(Of)
    }
}

/// What happens to an answer whose event cannot be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WhenFull {
    /// It is an error, which denies.
    #[default]
    Deny,
    /// It waits for as long as the request may take, and then is an error.
    Block,
    /// It leaves, and the event is counted and lost.
    Shed,
}

/// When events are on the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fsync {
    /// When the system writes them.
    #[default]
    Never,
    /// Before the answer leaves.
    Always,
}

/// When a file is ended: it becomes `<name>.1`, plain, that one `<name>.2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// A file is ended at so many MiB.
    pub max_mib: u64,
    /// So many numbered files are kept; the oldest goes. Default 10.
    #[serde(default)]
    pub keep: Option<usize>,
}

impl Rotation {
    /// In bytes.
    #[must_use]
    pub const fn bytes_max(self) -> u64 {
        self.max_mib << 20
    }

    /// How many numbered files are kept.
    #[must_use]
    pub fn keep(self) -> usize {
        self.keep.unwrap_or(10)
    }
}

/// Where events wait to be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpoolSettings {
    /// The folder, which one process has for itself. Default `.meshgate/spool`.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// Its bound, MiB. Default 256.
    #[serde(default)]
    pub max_mib: Option<u64>,
}

/// How events are sent to an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// A file with the bearer token to send with; it is read for each request. Default none.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// A file with the certificates (PEM) that the address' own is to be signed by. Default those of the web.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// So many KiB of events, before packing, are one request. Default 512.
    #[serde(default)]
    pub batch_kib: Option<u64>,
}

/// Certificates of the sidecar, and of who may speak to it. Files are read again when they change.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// The certificate and those that lead to its root, PEM.
    pub cert_file: PathBuf,
    /// Its private key, PEM.
    pub key_file: PathBuf,
    /// The certificates that clients' own must be signed by, PEM: nobody without one is spoken to. Default: anybody.
    #[serde(default)]
    pub client_ca_file: Option<PathBuf>,
}

/// Who asks. Where tokens or JWTs are named, nobody is answered who has none.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Authentication {
    /// Bearer tokens, each in a file of its own.
    #[serde(default)]
    pub tokens: Vec<TokenSettings>,
    /// Signed tokens.
    #[serde(default)]
    pub jwt: Option<JwtSettings>,
}

/// A bearer token.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenSettings {
    /// Who has it: `input.identity` of the authorization policy.
    pub id: String,
    /// The file it is in; read again when it changes.
    pub file: PathBuf,
}

/// Signed tokens.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwtSettings {
    /// The keys: a JWK set, or a certificate or public key as PEM. Read again when it changes.
    pub keys_file: PathBuf,
    /// Who must have issued it.
    pub issuer: String,
    /// For whom it must be.
    pub audience: String,
    /// Which algorithms it may be signed by. Default RS256, ES256 and PS256.
    #[serde(default)]
    pub algorithms: Option<Vec<String>>,
}

/// What may be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Authorization {
    /// Everything, by everybody who is answered at all.
    #[default]
    Off,
    /// What `data.system.authz.allow` allows, as for OPA.
    Policy,
}

/// What the sidecar says of itself, on standard error.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// How much. Default `info`: starts, stops, reloads, what fails; `debug` has each request.
    #[serde(default)]
    pub level: LogLevel,
    /// `text` or `json`. Default `text`.
    #[serde(default)]
    pub format: LogFormat,
}

/// How much is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What fails.
    Error,
    /// And what is odd.
    Warn,
    /// And what happens to the sidecar.
    #[default]
    Info,
    /// And each request.
    Debug,
}

/// How it is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}
