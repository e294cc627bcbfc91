//! The descriptors that a sidecar serves: their models as data of every bundle (`data.meshgate.products`, by id), and where
//! their tables and topics are (`data.meshgate.tables`, `data.meshgate.topics`), so that policies speak of the products' own
//! columns, classifications, regions and terms.
//!
//! Deliberately absent: judgement of the descriptors, which is a check's; and watching them, which is the sidecar's.

use crate::config::Config;
use crate::discover::{Found, files};
use crate::mesh::{self, Entry};
use crate::reading;
use crate::sources::Sources;
use crate::sources::fetch::Fetcher;
use meshgate_core::model::{Contract, Direction, Input};
use meshgate_core::span::Lines;
use meshgate_descriptor::{Extract, Parsed, Recognised, recognise};
use meshgate_rego::{Value as RegoValue, value_of_json};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Violations of a standard's schema that are told of one descriptor.
const SHOWN_MAX: usize = 5;

/// What is served.
#[derive(Debug, Default)]
pub struct Served {
    /// By id: of a product, or of a contract that is served without one.
    pub products: BTreeMap<String, Product>,
    /// The document that all bundles have as data.
    pub document: Option<RegoValue>,
    /// Every file that was read, to see when one changes.
    files: BTreeMap<PathBuf, Option<Stamp>>,
    /// The same for the folders that were walked: a new file is a change, too.
    paths: Vec<PathBuf>,
    /// What is odd, but no error.
    pub warnings: Vec<String>,
}

/// What a file was like when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    /// Which file it is and when anything about it changed, where the system tells: a time can be set back.
    identity: Option<(u64, i64, i64)>,
}

/// One product, or one contract.
#[derive(Debug)]
pub struct Product {
    /// The file that it is in.
    pub file: PathBuf,
    /// The domain that it says.
    pub domain: Option<String>,
    /// By name and by id in lower case.
    pub ports: HashMap<String, PortOf>,
    /// Is it a product? A contract that is served by itself has no ports.
    pub has_ports: bool,
    /// All columns in sight, whatever the port; `None` when a contract is not in sight.
    pub columns: Option<Arc<Columns>>,
    /// Parts of it that could not be read: nothing may be decided on the rest.
    pub unread: Vec<String>,
    /// Ports whose contract was in sight once, and is not any more; for as long as it is not.
    gone: BTreeSet<String>,
}

/// A port that may be asked for.
#[derive(Debug, Clone)]
pub struct PortOf {
    /// Its name as policies know it.
    pub name: String,
    /// Its columns; `None` when its contract is not in sight.
    pub columns: Option<Arc<Columns>>,
}

/// Columns by their names in lower case: the spellings that contracts have.
pub type Columns = BTreeMap<String, BTreeSet<String>>;

/// The name of a column as its contract has it, however it is asked for; `None` when there is none, or when that cannot be
/// told.
pub fn spelt<'a>(columns: &'a Columns, asked: &str) -> Option<&'a str> {
    let spellings = columns.get(&asked.to_lowercase())?;
    match spellings.get(asked) {
        Some(exact) => Some(exact),
        None if spellings.len() == 1 => spellings.first().map(String::as_str),
        None => None,
    }
}

impl Served {
    /// Reads descriptors.
    ///
    /// # Errors
    /// What cannot be served: a path that is not there, a text that is none, ids that are missing or that two have.
    pub fn read(config: &Config, paths: &[PathBuf]) -> Result<Self, Vec<String>> {
        if paths.is_empty() {
            return Ok(Self::default());
        }
        let limits = config.limits.read();
        let extract = Arc::new(config.extract.resolve());
        let (mut errors, mut links) = (Vec::new(), 0);
        let mut found: Vec<Found> = paths.iter().flat_map(|path| files(path, &mut errors, &mut links)).collect();
        found.sort();
        found.dedup_by(|a, b| a.path == b.path);
        let mut served = Self { paths: paths.to_vec(), ..Self::default() };
        let fetcher: Option<Fetcher> = None;
        let mut sources = Sources::new(paths, limits.file_bytes_max, fetcher);
        let mut read: Vec<(Found, Parsed)> = Vec::new();
        for file in found {
            served.files.insert(file.path.clone(), stamp(&file.path));
            let bytes = match reading::regular(&file.path, limits.file_bytes_max) {
                Ok(bytes) => bytes,
                Err(error) => {
                    errors.push(format!("{}: cannot be opened: {error}", file.name));
                    continue;
                }
            };
            let parsed = meshgate_descriptor::read(&file.name, &bytes, &limits);
            for document in &parsed.documents {
                if let Recognised::Known(format) = recognise(document) {
                    let (descriptor, _) = meshgate_descriptor::link(
                        &file.name,
                        document.clone(),
                        format,
                        &sources,
                        &limits,
                        Arc::clone(&extract),
                    );
                    if let Some(Entry::Contract(contract)) = mesh::entry(&meshgate_descriptor::outline(&descriptor)) {
                        sources.add_contract(contract.id, &file.path);
                    }
                }
            }
            read.push((file, parsed));
        }
        let mut models = Vec::new();
        for (file, parsed) in read {
            served.models(config, &extract, &sources, &file, parsed, &mut models, &mut errors);
        }
        if models.is_empty() && errors.is_empty() {
            let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            errors.push(format!("{}: no descriptor found: nothing to serve", names.join(", ")));
        }
        served.join(models, &mut errors);
        for file in served.beside() {
            served.files.entry(file.clone()).or_insert_with(|| stamp(&file));
        }
        if errors.is_empty() { Ok(served) } else { Err(errors) }
    }

    #[expect(clippy::too_many_arguments, reason = "what reading a file takes, in one place")]
    fn models(
        &mut self,
        config: &Config,
        extract: &Arc<Extract>,
        sources: &Sources,
        file: &Found,
        parsed: Parsed,
        models: &mut Vec<(PathBuf, Input, Vec<String>)>,
        errors: &mut Vec<String>,
    ) {
        let place = |name: &str, text: &str, offset, message: &str| {
            let at = Lines::of(text).position(text, offset);
            format!("{name}:{}:{}: {message}", at.line, at.column)
        };
        let unread = parsed.diagnostics.iter();
        errors.extend(unread.map(|one| place(&file.name, &parsed.text, one.span.start, &one.message)));
        for document in parsed.documents {
            let format = match recognise(&document) {
                Recognised::Known(format) => format,
                Recognised::Unclear(one) => {
                    errors.push(place(&file.name, &parsed.text, one.span.start, &one.message));
                    continue;
                }
                Recognised::Unknown if file.named => {
                    errors.push(format!("{}: is no descriptor of a known standard", file.name));
                    continue;
                }
                Recognised::Unknown => continue,
            };
            let limits = config.limits.read();
            let (descriptor, resolution) =
                meshgate_descriptor::join(&file.name, document, format, sources, &limits, Arc::clone(extract));
            for part in descriptor.parts().iter().skip(1) {
                let path = PathBuf::from(&part.file);
                self.files.entry(path.clone()).or_insert_with(|| stamp(&path));
            }
            let unread = resolution.diagnostics.iter().filter_map(|(part, one)| {
                let part = descriptor.parts().get(*part)?;
                Some(place(&part.file, part.document.text(), one.span.start, &one.message))
            });
            let unread: Vec<String> = unread.collect();
            // What a standard does not know, policies do not see: a misspelt `classification` masks nothing.
            let check = meshgate_descriptor::check_schema(&descriptor);
            let violations = check.into_iter().flat_map(|check| check.violations.into_iter().chain(check.misspelt));
            self.warnings.extend(
                violations
                    .take(SHOWN_MAX)
                    .map(|violation| format!("{} at {}: {}", file.name, violation.pointer, violation.message)),
            );
            models.push((file.path.clone(), meshgate_descriptor::model(&descriptor, Default::default()), unread));
        }
    }

    /// Makes the documents of the models.
    fn join(&mut self, models: Vec<(PathBuf, Input, Vec<String>)>, errors: &mut Vec<String>) {
        let mut documents = Map::new();
        let (mut tables, mut topics): (Places, Places) = Default::default();
        let offered: BTreeSet<String> = models
            .iter()
            .filter_map(|(_, input, _)| input.product.as_ref())
            .flat_map(|product| &product.ports)
            .filter_map(|port| port.contract_id.clone().or_else(|| port.contract.as_ref()?.id.clone()))
            .collect();
        for (file, input, unread) in models {
            let Some(id) = input.id().map(str::to_owned) else {
                errors.push(format!("{}: has no id, so that nobody can ask for it", file.display()));
                continue;
            };
            if let Some(other) = self.products.get(&id) {
                let other = other.file.display();
                errors.push(format!(
                    "{}: `{id}` is the id of {other} too: no decision could tell them apart",
                    file.display()
                ));
                continue;
            }
            // A contract of a product that is served has its places there.
            if input.product.is_some() || !offered.contains(&id) {
                places(&id, &input, &mut tables, &mut topics);
            }
            let product = product(file, &input, unread);
            let mut blind: Vec<&str> =
                product.ports.values().filter(|port| port.columns.is_none()).map(|port| port.name.as_str()).collect();
            blind.sort_unstable();
            blind.dedup();
            self.warnings.extend(blind.iter().map(|port| {
                format!("the contract of port `{port}` of `{id}` is not in sight: its columns are not known")
            }));
            self.warnings.extend(product.unread.iter().map(|what| format!("{what}: every access to `{id}` is denied")));
            let mut model = input.to_value();
            if let Some(model) = model.as_object_mut() {
                model.remove("context");
            }
            documents.insert(id.clone(), model);
            self.products.insert(id, product);
        }
        let (tables, topics) = (self.told(tables), self.told(topics));
        let document = json!({"meshgate": {"products": documents, "tables": tables, "topics": topics}});
        self.document = Some(value_of_json(&document));
    }

    /// Places by name; a name that two products have stands for neither.
    fn told(&mut self, places: Places) -> Value {
        let mut told = Map::new();
        for (name, mut all) in places {
            match (all.pop_first(), all.is_empty()) {
                (Some((_, place)), true) => {
                    told.insert(name, place);
                }
                _ => self.warnings.push(format!("`{name}` is of several products or ports: it is found for none")),
            }
        }
        Value::Object(told)
    }

    /// The files of products' own policies: `policies/` beside a descriptor.
    fn beside(&self) -> BTreeSet<PathBuf> {
        let folders: BTreeSet<PathBuf> = self
            .products
            .values()
            .map(|product| product.file.parent().unwrap_or(Path::new("")).join(crate::layers::POLICIES))
            .collect();
        let walk = |folder: &PathBuf| ignore::WalkBuilder::new(folder).standard_filters(false).build();
        let found = folders.iter().filter(|folder| folder.is_dir()).flat_map(walk).flatten();
        found.filter(|entry| entry.path().is_file()).map(ignore::DirEntry::into_path).collect()
    }

    /// Did any of the files change since they were read?
    #[must_use]
    pub fn changed(&self) -> bool {
        if self.files.iter().any(|(path, known)| stamp(path) != *known) {
            return true;
        }
        // A file that came. Those that went were seen above.
        let (mut errors, mut links) = (Vec::new(), 0);
        let folders = self.paths.iter().filter(|path| path.is_dir());
        let now: Vec<Found> = folders.flat_map(|path| files(path, &mut errors, &mut links)).collect();
        now.iter().any(|file| !self.files.contains_key(&file.path))
            || self.beside().iter().any(|file| !self.files.contains_key(file))
    }

    /// The products of which a file has changed since they were read; all of them where a file changed that is not one
    /// product's own.
    pub fn changed_products(&self) -> Vec<String> {
        let changed: BTreeSet<&PathBuf> =
            self.files.iter().filter(|(path, known)| stamp(path) != **known).map(|(path, _)| path).collect();
        let of = |id: &String| self.products.get(id).map(|product| &product.file);
        let is_own =
            |path: &&PathBuf| self.products.values().any(|product| product.file == **path && product.has_ports);
        if changed.is_empty() || !changed.iter().all(is_own) {
            return self.products.keys().cloned().collect();
        }
        self.products.keys().filter(|id| of(id).is_some_and(|file| changed.contains(file))).cloned().collect()
    }

    /// Denies what was known of the ports before and is not any more: a contract went out of sight. It stays so however often
    /// the rest is read anew.
    pub fn hold_against(&mut self, before: &Self) {
        for (id, product) in &mut self.products {
            let Some(known) = before.products.get(id) else { continue };
            let was_in_sight = |name: &String| {
                known.gone.contains(name) || known.ports.get(name).is_some_and(|port| port.columns.is_some())
            };
            let gone = product.ports.iter().filter(|(name, port)| port.columns.is_none() && was_in_sight(name));
            product.gone = gone.map(|(name, _)| name.clone()).collect();
            let names: BTreeSet<&str> =
                product.gone.iter().filter_map(|name| product.ports.get(name)).map(|port| port.name.as_str()).collect();
            let told = names.iter().map(|name| format!("the contract of port `{name}` is not there any more"));
            product.unread.extend(told.collect::<Vec<_>>());
        }
    }
}

/// Where a name is, by product and port.
type Places = BTreeMap<String, BTreeMap<String, Value>>;

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    let identity = {
        use std::os::unix::fs::MetadataExt;
        Some((metadata.ino(), metadata.ctime(), metadata.ctime_nsec()))
    };
    #[cfg(not(unix))]
    let identity = None;
    Some(Stamp { modified: metadata.modified().ok(), bytes: metadata.len(), identity })
}

fn product(file: PathBuf, input: &Input, unread: Vec<String>) -> Product {
    let mut ports: HashMap<String, PortOf> = HashMap::new();
    let mut ambiguous = Vec::new();
    let offered = input.product.iter().flat_map(|product| &product.ports);
    for port in offered.filter(|port| port.direction != Direction::Input) {
        let contract = port.contract.as_deref().or_else(|| {
            let id = port.contract_id.as_ref()?;
            input.contracts.iter().find(|contract| contract.id.as_ref() == Some(id)).map(Arc::as_ref)
        });
        let Some(name) = port.name.as_ref().or(port.id.as_ref()) else { continue };
        for key in [&port.name, &port.id].into_iter().flatten() {
            let known = ports
                .entry(key.to_lowercase())
                .or_insert_with(|| PortOf { name: name.clone(), columns: Some(Arc::default()) });
            if known.name != *name {
                ambiguous.push(format!("ports `{}` and `{name}` are told apart by case alone", known.name));
            }
            // Versions of a port have its name: what any of them has may be asked for.
            known.columns = match (&known.columns, contract) {
                (Some(so_far), Some(contract)) => {
                    let mut all = so_far.as_ref().clone();
                    columns(contract, &mut all);
                    Some(Arc::new(all))
                }
                _ => None,
            };
        }
    }
    let mut all = Columns::new();
    input.contracts.iter().for_each(|contract| columns(contract, &mut all));
    let blind = ports.values().any(|port| port.columns.is_none()) || input.contracts.is_empty();
    let domain = input.product.as_ref().and_then(|product| product.domain.clone());
    let domain = domain.or_else(|| input.contracts.first().and_then(|contract| contract.domain.clone()));
    let unread = unread.into_iter().chain(ambiguous).collect();
    let has_ports = input.product.is_some();
    Product { file, domain, ports, has_ports, columns: (!blind).then(|| Arc::new(all)), unread, gone: BTreeSet::new() }
}

/// Adds the columns of a contract, nested ones as `outer.inner`.
fn columns(contract: &Contract, all: &mut Columns) {
    fn add(columns: &[meshgate_core::model::Column], outer: &str, all: &mut Columns) {
        for column in columns {
            let Some(name) = &column.name else { continue };
            let name = format!("{outer}{name}");
            add(&column.columns, &format!("{name}."), all);
            all.entry(name.to_lowercase()).or_default().insert(name);
        }
    }
    contract.schema.iter().for_each(|table| add(&table.columns, "", all));
}

/// Where the tables and topics of a descriptor are.
fn places(id: &str, input: &Input, tables: &mut Places, topics: &mut Places) {
    let mut add = |contract: &Contract, port: Option<&str>| {
        for table in &contract.schema {
            let Some(name) = table.physical_name.as_deref().or(table.name.as_deref()) else { continue };
            let mut place = json!({"product": id, "table": table.name.as_deref().unwrap_or(name)});
            if let (Some(place), Some(port)) = (place.as_object_mut(), port) {
                place.insert("port".to_owned(), Value::from(port));
            }
            let key = format!("{id}\u{0}{}", port.unwrap_or_default());
            let tell = |places: &mut Places, name: String| {
                places.entry(name.to_lowercase()).or_default().insert(key.clone(), place.clone());
            };
            // One that says where it is, says all of it.
            if name.split('.').count() == 3 {
                tell(tables, name.to_owned());
            }
            for server in &contract.servers {
                let catalog = server.catalog.as_deref().or(server.database.as_deref());
                // A schema in the table's own name counts before the server's.
                let parts: Vec<&str> = name.split('.').collect();
                match (catalog, server.schema.as_deref(), parts.as_slice()) {
                    (Some(catalog), Some(schema), [table]) => tell(tables, format!("{catalog}.{schema}.{table}")),
                    (Some(catalog), _, [schema, table]) => tell(tables, format!("{catalog}.{schema}.{table}")),
                    _ => {}
                }
                let kafka = server.server_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("kafka"));
                match &server.topic {
                    Some(topic) => {
                        topics.entry(topic.clone()).or_default().insert(key.clone(), place.clone());
                    }
                    None if kafka => {
                        topics.entry(name.to_owned()).or_default().insert(key.clone(), place.clone());
                    }
                    None => {}
                }
            }
        }
    };
    let Some(product) = &input.product else {
        return input.contracts.iter().for_each(|contract| add(contract, None));
    };
    for port in product.ports.iter().filter(|port| port.direction == Direction::Output) {
        let name = port.name.as_deref().or(port.id.as_deref());
        let contract = port.contract.as_deref().or_else(|| {
            let id = port.contract_id.as_ref()?;
            input.contracts.iter().find(|contract| contract.id.as_ref() == Some(id)).map(Arc::as_ref)
        });
        if let Some(contract) = contract {
            add(contract, name);
        }
    }
}
