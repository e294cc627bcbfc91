//! The descriptors of what is compared with: read by their names of today, found again by their ids where files moved.
//!
//! Deliberately absent: rules.

use super::Base;
use crate::discover::Found;
use crate::judge::Earlier;
use crate::judge::Prepared;
use crate::mesh::Entry;
use crate::sources::{Tree, name as shown_name, tidy};
use meshgate_core::evaluate::Shared;
use meshgate_core::limits::ReadLimits;
use meshgate_core::model::Context;
use meshgate_descriptor::{Extract, Files, Opened, Recognised, Unopened, host, recognise};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The descriptors of what is compared with.
pub struct History {
    pub base: Arc<Base>,
    limits: ReadLimits,
    extract: Arc<Extract>,
    /// Files of contracts, by id.
    contracts: HashMap<String, String>,
    /// Files, and which of their documents, by the descriptor's id.
    descriptors: HashMap<String, (String, usize)>,
    /// What was read of it already.
    pub prepared: Mutex<Vec<Prepared>>,
}

impl History {
    pub fn new(base: Arc<Base>, limits: ReadLimits, extract: Arc<Extract>) -> Self {
        Self {
            base,
            limits,
            extract,
            contracts: HashMap::new(),
            descriptors: HashMap::new(),
            prepared: Mutex::default(),
        }
    }

    /// Adds what a file brings.
    pub fn add(&mut self, entry: &Entry, file: &str, index: usize) {
        let id = match entry {
            Entry::Contract(contract) => {
                self.contracts.entry(contract.id.clone()).or_insert_with(|| file.to_owned());
                &contract.id
            }
            Entry::Product(product) => &product.id,
        };
        self.descriptors.entry(id.clone()).or_insert_with(|| (file.to_owned(), index));
    }

    /// Was any descriptor found?
    pub fn is_readable(&self) -> bool {
        let prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        let readable = |file: &Prepared| {
            file.parsed.as_ref().is_some_and(|parsed| parsed.diagnostics.is_empty() && !parsed.documents.is_empty())
        };
        prepared.iter().any(readable)
    }

    /// Ids and files that were there.
    pub fn descriptors(&self) -> impl Iterator<Item = (&str, &str)> {
        self.descriptors.iter().map(|(id, (file, _))| (id.as_str(), file.as_str()))
    }

    pub fn take_prepared(&self) -> Vec<Prepared> {
        std::mem::take(&mut *self.prepared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn model(&self, file: &str, index: usize, id: Option<&str>) -> Option<Arc<Shared>> {
        let bytes = self.base.read(file).ok()??;
        let parsed = meshgate_descriptor::read(file, &bytes, &self.limits);
        let mut models = parsed.documents.into_iter().filter_map(|document| {
            let Recognised::Known(format) = recognise(&document) else { return None };
            let extract = Arc::clone(&self.extract);
            let (descriptor, _) = meshgate_descriptor::join(file, document, format, self, &self.limits, extract);
            Some(meshgate_descriptor::model(&descriptor, Context { layer: "global".to_owned(), ..Context::default() }))
        });
        let models: Vec<_> = models.by_ref().collect();
        let same = models.iter().position(|model| id.is_some() && model.id() == id);
        let found = models.into_iter().nth(same.unwrap_or(index))?;
        let mut value = found.to_value();
        // The run is one: only the descriptor has an earlier version.
        if let Some(map) = value.as_object_mut() {
            map.shift_remove("context");
        }
        Some(Arc::new(Shared::new(value)))
    }
}

impl Earlier for History {
    fn of(&self, file: &str, index: usize, id: Option<&str>) -> Option<Arc<Shared>> {
        let here = catch_unwind(AssertUnwindSafe(|| self.model(file, index, id))).ok().flatten();
        // A file that moved is known by its id.
        here.or_else(|| {
            let (file, index) = self.descriptors.get(id?)?;
            catch_unwind(AssertUnwindSafe(|| self.model(file, *index, id))).ok().flatten()
        })
    }
}

impl Tree for History {
    fn bytes(&self, file: &Found, _: usize) -> std::io::Result<Vec<u8>> {
        self.base.read(&file.name)?.ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }

    fn files(&self) -> &dyn Files {
        self
    }
}

impl Files for History {
    fn open(&self, from: &str, reference: &str) -> Result<Opened, Unopened> {
        if reference.starts_with("file:") {
            return Err(Unopened::Outside);
        }
        if let Some(host) = host(reference) {
            return Err(Unopened::Remote(host.to_owned()));
        }
        let folder = Path::new(from).parent().unwrap_or(Path::new(""));
        let file = shown_name(&tidy(&folder.join(reference)));
        match self.base.read(&file) {
            Ok(Some(bytes)) => Ok(Opened { file, bytes }),
            Ok(None) => Err(Unopened::Missing),
            Err(error) => Err(Unopened::Unreadable(error.to_string())),
        }
    }

    fn contract(&self, id: &str) -> Option<Opened> {
        let file = self.contracts.get(id)?.clone();
        let bytes = self.base.read(&file).ok()??;
        Some(Opened { file, bytes })
    }

    fn contract_file(&self, id: &str) -> Option<String> {
        self.contracts.get(id).cloned()
    }
}
