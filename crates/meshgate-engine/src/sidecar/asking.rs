//! Questions to the bundles, as OPA's data API asks them: documents and rules by their paths.
//!
//! Deliberately absent: HTTP, and the judgement of descriptors.

use crate::engine::Engine;
use meshgate_rego::{Bundle, Difference, GearCounts, QueryError, Value as RegoValue};

/// How a question is to be answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asking {
    /// Raise errors of builtins; without, they are undefined.
    pub strict: bool,
    /// Tell what `print` and `trace` said.
    pub notes: bool,
    /// Tell what is not true, too.
    pub why: bool,
}

/// A bundle, as it is told of.
#[derive(Debug, Clone, Copy)]
pub struct BundleOf<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its revision: what its manifest says, else the digest of its files.
    pub revision: &'a str,
}

impl Engine {
    /// Evaluates `data.<path>` in every bundle and merges the answers; the first bundle wins where two differ.
    /// `None` is undefined.
    ///
    /// # Errors
    /// [`QueryError`] when any bundle fails to evaluate.
    pub fn query(&self, path: &[&str], input: Option<&RegoValue>) -> Result<Option<RegoValue>, QueryError> {
        self.ask(path, input, Asking::default(), &mut Vec::new())
    }

    /// The same, as somebody wants it; notes are added to a list.
    ///
    /// # Errors
    /// [`QueryError`] when any bundle fails to evaluate.
    pub fn ask(
        &self,
        path: &[&str],
        input: Option<&RegoValue>,
        asking: Asking,
        notes: &mut Vec<String>,
    ) -> Result<Option<RegoValue>, QueryError> {
        let mut answer = RegoValue::Undefined;
        for bundle in &self.bundles {
            let input = input.cloned().unwrap_or(RegoValue::Undefined);
            let found = match asking {
                Asking { strict: true, .. } => bundle.value_strict(path, input)?,
                Asking { notes: false, why: false, .. } => bundle.value(path, input)?,
                Asking { why, .. } => bundle.value_explained(path, &input, why, notes)?,
            };
            if answer == RegoValue::Undefined {
                answer = found;
            } else {
                merge(&mut answer, found);
            }
        }
        Ok((answer != RegoValue::Undefined).then_some(answer))
    }

    /// Is there a rule, a package or a document at this path in any bundle?
    #[must_use]
    pub fn has(&self, path: &[&str]) -> bool {
        self.bundles.iter().any(|bundle| bundle.has(path))
    }

    /// The modules of all bundles, tests left out: name and text.
    pub fn modules(&self) -> impl Iterator<Item = (&str, &str)> {
        self.bundles.iter().flat_map(|bundle| bundle.modules())
    }

    /// The bundles.
    pub fn bundles(&self) -> impl Iterator<Item = BundleOf<'_>> {
        self.revisions.iter().map(|(name, revision)| BundleOf { name, revision })
    }

    /// The files that it was made of, descriptors apart.
    #[must_use]
    pub fn made_of(&self) -> &[std::path::PathBuf] {
        &self.sources
    }

    /// What they were like before they were read.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The name and the SHA-256 of each plugin.
    pub fn plugin_digests(&self) -> impl Iterator<Item = (&str, &str)> {
        self.plugins.iter().map(|plugin| (plugin.id(), plugin.digest()))
    }

    /// How often each gear answered, over all bundles.
    #[must_use]
    pub fn gear_counts(&self) -> GearCounts {
        self.bundles.iter().map(|bundle| bundle.gear_counts()).fold(GearCounts::default(), GearCounts::plus)
    }

    /// Slices that answer for bundles with rules of very many definitions.
    #[must_use]
    pub fn slices(&self) -> usize {
        self.bundles.iter().map(|bundle| bundle.slices()).sum()
    }

    /// What the gears differed on, the first few of each bundle.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        self.bundles.iter().flat_map(|bundle| bundle.differences()).collect()
    }

    /// Access policies of the layers that speak of every product, and of those of domains.
    pub fn access_policies(&self) -> impl Iterator<Item = &str> {
        self.bundles.iter().map(AsRef::as_ref).flat_map(Bundle::access_policies)
    }
}

fn merge(into: &mut RegoValue, from: RegoValue) {
    let (Ok(into), RegoValue::Object(from)) = (into.as_object_mut(), from) else { return };
    for (key, value) in from.iter() {
        match into.get_mut(key) {
            Some(present) => merge(present, value.clone()),
            None => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}
