//! Access decisions: a request, the policies that speak of the product it is for, and the answer in the shape that is given
//! over HTTP and to policies that call `meshgate.decide`.
//!
//! Deliberately absent: the verdict itself, a pure function of `meshgate-core`; and HTTP.

mod answer;
mod request;

pub use answer::{Answer, Obligations};
pub use request::{BadRequest, Request, dialect};

use crate::config::{Config, KeyFile};
use crate::engine::{Engine, today};
use crate::governance::{Chain, LayerRules};
use crate::layers::Layers;
use crate::sidecar::served::{Columns, Product, Served, spelt};
use meshgate_core::access::{AccessDecision, decide};
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::sql::{HashKey, HashKeys};
use meshgate_rego::{Bundle, Decide, Value as RegoValue};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;

/// Everything that decides about access.
#[derive(Default)]
pub struct Access {
    pub(crate) served: Served,
    /// Policies of the layers that speak of every product.
    global: Vec<Arc<Bundle>>,
    /// Policies and troubles of what is served, by id.
    chains: HashMap<String, Speaking>,
    /// Products of which nothing is known any more, and why.
    revoked: RwLock<BTreeMap<String, String>>,
    /// What it was made of, as a digest.
    pub(crate) revision: String,
    /// How long one decision may take.
    pub(crate) deadline: Duration,
    /// The keys of hash masks.
    keys: HashKeys,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("served", &self.served.products.len()).finish_non_exhaustive()
    }
}

/// Who speaks of a product.
#[derive(Default)]
struct Speaking {
    bundles: Vec<Arc<Bundle>>,
    faults: Vec<Fault>,
}

impl Speaking {
    /// The layers of a chain that speak of a product of this domain.
    fn of(chain: &Chain, domain: Option<&str>) -> Self {
        let domain = chain.domain.as_deref().or(domain);
        let mut speaking = Self::default();
        for layer in chain.layers.iter().filter(|layer| layer.counts_for(domain)) {
            let LayerRules { access, faults, .. } = layer.as_ref();
            speaking.bundles.extend(access.iter().cloned());
            speaking.faults.extend(faults.iter().cloned());
        }
        speaking
    }
}

impl Access {
    /// Joins what is served with the layers of an engine.
    pub fn of(engine: &Engine, served: Served, keys: HashKeys) -> Self {
        let files: Vec<PathBuf> = served.products.values().map(|product| product.file.clone()).collect();
        let layers = engine.pool.install(|| Layers::of(engine, &files, None, today()));
        let chains = served.products.iter().map(|(id, product)| {
            let chain = layers.chain(&product.file).unwrap_or(&engine.chain);
            (id.clone(), Speaking::of(chain, product.domain.as_deref()))
        });
        let chains: HashMap<String, Speaking> = chains.collect();
        let mut revision = Sha256::new();
        let mut names: Vec<&str> = engine.revisions.iter().map(|(_, digest)| digest.as_str()).collect();
        names.sort_unstable();
        names.iter().for_each(|digest| revision.update(digest));
        revision.update(served.document.as_ref().map(ToString::to_string).unwrap_or_default());
        let mut own: Vec<(&String, String)> = chains
            .iter()
            .flat_map(|(id, speaking)| speaking.bundles.iter().map(move |bundle| (id, bundle)))
            .flat_map(|(id, bundle)| bundle.modules().map(move |(file, text)| (id, format!("{file}\u{0}{text}"))))
            .collect();
        own.sort();
        own.iter().for_each(|(_, text)| revision.update(text));
        Self {
            global: Speaking::of(&engine.chain, None).bundles,
            chains,
            served,
            revoked: RwLock::default(),
            revision: crate::bundle::hex(&revision.finalize()).chars().take(16).collect(),
            deadline: Duration::from_millis(engine.root.server.limits.deadline_ms.unwrap_or(2_000)),
            keys,
        }
    }

    /// What of the products' own layers did not load: every access to them is denied.
    pub fn troubles(&self) -> Vec<String> {
        let told = |(id, speaking): (&String, &Speaking)| {
            let told = |fault: &Fault| format!("{}: {}: every access to `{id}` is denied", fault.rule, fault.message);
            speaking.faults.iter().map(told).collect::<Vec<_>>()
        };
        let mut all: Vec<String> = self.chains.iter().flat_map(told).collect();
        all.sort();
        all
    }

    /// What decisions are made by, as a digest.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The ids of what is served.
    pub fn products(&self) -> impl Iterator<Item = &str> {
        self.served.products.keys().map(String::as_str)
    }

    /// Did any of the files of what is served change since they were read?
    #[must_use]
    pub fn is_stale(&self) -> bool {
        // What is denied for a change is read anew, even if the change was taken back.
        !self.revoked.read().unwrap_or_else(PoisonError::into_inner).is_empty() || self.served.changed()
    }

    /// Denies everything about what changed, until it is read anew.
    pub fn revoke_changed(&self, why: &str) {
        self.revoke(self.served.changed_products(), why);
    }

    /// Denies everything about products, until they are read anew.
    fn revoke(&self, ids: Vec<String>, why: &str) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.extend(ids.into_iter().map(|id| (id, why.to_owned())));
    }

    /// Decides. What is asked for and is not there is denied; what is there is asked for by the names that its descriptor
    /// has, since policies compare them.
    pub fn decide(&self, request: &Request) -> AccessDecision {
        let denied = |rule: &str, message: String| AccessDecision::denied(rule, message);
        let asked = &request.product;
        if let Some(why) = self.revoked.read().unwrap_or_else(PoisonError::into_inner).get(asked) {
            return failed(asked, format!("what it is made of changed and cannot be read any more: {why}"));
        }
        match (self.chains.get(asked), self.served.products.get(asked)) {
            (Some(speaking), Some(product)) => {
                if !product.unread.is_empty() {
                    return failed(asked, format!("not all of `{asked}` can be read: {}", product.unread.join("; ")));
                }
                let input = match named(product, request) {
                    Ok(input) => input,
                    Err((rule, message)) => return denied(rule, message),
                };
                self.among(&speaking.bundles, &speaking.faults, &input, product.columns.as_deref())
            }
            _ if !self.served.products.is_empty() => {
                denied("access.unknown_product", format!("no product `{asked}` is served here"))
            }
            _ => self.among(&self.global, &[], &request.input, None),
        }
    }

    fn among(
        &self,
        bundles: &[Arc<Bundle>],
        faults: &[Fault],
        input: &RegoValue,
        columns: Option<&Columns>,
    ) -> AccessDecision {
        let (mut opinions, mut faults) = (Vec::new(), faults.to_vec());
        meshgate_rego::within(self.deadline, || {
            for bundle in bundles {
                bundle.opinions(input, &mut opinions, &mut faults);
            }
        });
        if let Some(columns) = columns {
            for opinion in &mut opinions {
                for mask in &mut opinion.masks {
                    match spelt(columns, &mask.column) {
                        Some(name) => name.clone_into(&mut mask.column),
                        // Nobody would apply it, and the column that was meant would be shown.
                        None if !columns.contains_key(&mask.column.to_lowercase()) => faults.push(Fault {
                            file: None,
                            rule: opinion.rule.clone(),
                            kind: FaultKind::BadOutput,
                            message: format!("masks `{}`, a column that no contract of the product has", mask.column),
                        }),
                        None => {}
                    }
                }
            }
        }
        decide(opinions, faults)
    }

    /// The whole answer, SQL included.
    pub fn answer(&self, request: &Request) -> Answer {
        Answer::of(self.decide(request), request.dialect, &self.revision, &self.keys)
    }

    /// What stands in SQL for the keys of masks, and must stand in no log.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.keys.values().flat_map(HashKey::secrets)
    }
}

/// Bytes that a key has at least: fewer can be tried.
const KEY_MIN: usize = 16;
/// Bytes of the file of one.
const KEY_MAX: usize = 64 << 10;

/// Reads the keys of hash masks.
///
/// # Errors
/// Which key is wrong, and why.
pub fn mask_keys(root: &Config) -> Result<HashKeys, Vec<String>> {
    let one = |(name, file): (&String, &KeyFile)| -> Result<(String, HashKey), String> {
        let path = root.folder.join(&file.file);
        let failed = |why: &dyn std::fmt::Display| format!("`mask_keys.{name}`: {}: {why}", path.display());
        let bytes = crate::reading::whole(&path, KEY_MAX).map_err(|error| failed(&error))?;
        // An editor ends a file with a line end; a key of bytes does not end with one by chance that matters.
        let key = bytes.trim_ascii_end();
        if key.len() < KEY_MIN {
            return Err(failed(&format!("a key has {KEY_MIN} bytes at least, and it has {}", key.len())));
        }
        let digest: Vec<u8>;
        let key = if key.len() > 64 {
            digest = Sha256::digest(key).to_vec();
            &digest
        } else {
            key
        };
        let mut block = [0; 64];
        block.iter_mut().zip(key).for_each(|(slot, byte)| *slot = *byte);
        Ok((name.clone(), HashKey::new(&block)))
    };
    let (mut keys, mut errors) = (HashKeys::new(), Vec::new());
    for key in root.server.mask_keys.iter().map(one) {
        match key {
            Ok((name, key)) => drop(keys.insert(name, key)),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(keys) } else { Err(errors) }
}

fn failed(rule: &str, message: String) -> AccessDecision {
    decide(Vec::new(), vec![Fault { file: None, rule: rule.to_owned(), kind: FaultKind::Load, message }])
}

/// The input with the names that the descriptor has, or what is asked for and is not there.
fn named(product: &Product, request: &Request) -> Result<RegoValue, (&'static str, String)> {
    let port = match &request.port {
        // A contract that is served by itself has no ports.
        Some(port) if product.has_ports => match product.ports.get(&port.to_lowercase()) {
            Some(known) => Some(known),
            None => return Err(("access.unknown_port", format!("`{}` has no port `{port}`", request.product))),
        },
        _ => None,
    };
    let in_sight = port.map_or(product.columns.as_ref(), |port| port.columns.as_ref());
    let mut names = request.columns.clone();
    if let Some(columns) = in_sight {
        let mut unknown = Vec::new();
        for name in &mut names {
            match spelt(columns, name) {
                Some(known) => known.clone_into(name),
                None => unknown.push(format!("`{name}`")),
            }
        }
        if !unknown.is_empty() {
            let contract =
                port.map_or_else(|| "the contracts".to_owned(), |port| format!("the contract of `{}`", port.name));
            let message = format!("there is no column {} in {contract} of `{}`", unknown.join(", "), request.product);
            return Err(("access.unknown_column", message));
        }
    }
    let same_port = port.is_none_or(|port| request.port.as_ref() == Some(&port.name));
    if same_port && names == request.columns {
        return Ok(request.input.clone());
    }
    let mut input = request.input.clone();
    let resource = input.as_object_mut().ok().and_then(|input| input.get_mut(&RegoValue::from("resource")));
    if let Some(Ok(resource)) = resource.map(|resource| resource.as_object_mut()) {
        if let Some(port) = port {
            resource.insert(RegoValue::from("port"), RegoValue::from(port.name.as_str()));
        }
        let names: Vec<RegoValue> = names.iter().map(|name| RegoValue::from(name.as_str())).collect();
        resource.insert(RegoValue::from("columns"), RegoValue::from(names));
    }
    Ok(input)
}

/// Answers `meshgate.decide`, once there is somebody who decides.
#[derive(Default)]
pub struct Deciding(OnceLock<Weak<Access>>);

impl Deciding {
    pub fn set(&self, access: &Arc<Access>) {
        // It is set once, where an engine is made.
        let _ = self.0.set(Arc::downgrade(access));
    }
}

impl Decide for Deciding {
    fn decide(&self, request: &RegoValue) -> Result<RegoValue, String> {
        let access = self.0.get().and_then(Weak::upgrade).ok_or("there is nobody to decide yet")?;
        let request = Request::of(request.clone()).map_err(|bad| bad.to_string())?;
        let answer = serde_json::to_value(access.answer(&request)).map_err(|error| error.to_string())?;
        Ok(meshgate_rego::value_of_json(&answer))
    }
}

impl Engine {
    /// Who decides about access. Decisions are made on the calling thread: call it on one with a large stack.
    #[must_use]
    pub const fn access(&self) -> &Arc<Access> {
        &self.access
    }
}
