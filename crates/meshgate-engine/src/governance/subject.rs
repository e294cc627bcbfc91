//! What a selection is held against: one descriptor in one run.
//!
//! Deliberately absent: rules.

use crate::config::{Patterns, Where};
use meshgate_core::model::Input;
use std::collections::BTreeMap;

/// One descriptor in one run.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub domain: Option<&'a str>,
    pub stage: Option<&'a str>,
    pub event: Option<&'a str>,
    pub format: &'a str,
    pub kind: &'a str,
    pub tags: &'a [String],
    pub labels: &'a BTreeMap<String, String>,
    pub id: Option<&'a str>,
}

impl<'a> Subject<'a> {
    /// Returns the subject that a model is.
    pub fn of(input: &'a Input) -> Self {
        let contract = input.contracts.first();
        let tags = match (&input.product, contract) {
            (Some(product), _) => &product.tags[..],
            (None, Some(contract)) => &contract.tags[..],
            (None, None) => &[],
        };
        Self {
            domain: input.context.domain.as_deref(),
            stage: input.context.stage.as_deref(),
            event: input.context.event.as_deref(),
            format: input.format.as_str(),
            kind: input.kind.as_str(),
            tags,
            labels: &input.context.labels,
            id: input.id(),
        }
    }

    /// Says what does not fit, if anything does not.
    pub fn misfit(&self, place: &Where) -> Option<String> {
        let one = |what: &str, wanted: &Option<Patterns>, is: Option<&str>| {
            let wanted = wanted.as_ref()?;
            let fits = is.is_some_and(|is| wanted.0.iter().any(|pattern| pattern.matches_any_case(is)));
            (!fits).then(|| match is {
                Some(is) => format!("its {what} is `{is}`, not {}", listed(wanted)),
                None => format!("its {what} is not known, and should be {}", listed(wanted)),
            })
        };
        let tags = || {
            let wanted = place.tags.as_ref()?;
            let fits = self.tags.iter().any(|tag| wanted.0.iter().any(|pattern| pattern.matches_any_case(tag)));
            (!fits).then(|| format!("none of its tags is {}", listed(wanted)))
        };
        let labels = || {
            let mut wanted = place.labels.iter();
            wanted.find_map(|(key, wanted)| {
                one(&format!("label `{key}`"), &Some(wanted.clone()), self.labels.get(key).map(String::as_str))
            })
        };
        one("domain", &place.domain, self.domain)
            .or_else(|| one("stage", &place.stage, self.stage))
            .or_else(|| one("event", &place.event, self.event))
            .or_else(|| one("format", &place.format, Some(self.format)))
            .or_else(|| one("kind", &place.kind, Some(self.kind)))
            .or_else(|| one("id", &place.id, self.id))
            .or_else(tags)
            .or_else(labels)
    }
}

fn listed(patterns: &Patterns) -> String {
    let words: Vec<String> = patterns.0.iter().map(|pattern| format!("`{pattern}`")).collect();
    words.join(" or ")
}
