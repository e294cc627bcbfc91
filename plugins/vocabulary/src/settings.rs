//! What a domain team writes in `meshgate.yaml` under `settings:`.
//!
//! Deliberately absent: files; the vocabulary is small and travels in the configuration.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Words that mean the same in every domain.
const GENERAL: &str = "id key code name type status state date time timestamp at on by from to of in is has no year month \
    week day hour minute second start end begin first last next previous min max sum avg total count number amount \
    value rate ratio percent price cost unit quantity currency description text comment note title label category class \
    group level rank order index position version revision source target reference url uri email phone address street \
    city zip postal country region language latitude longitude created updated deleted modified valid active enabled \
    flag hash token file path size length width height weight json xml raw data table column row customer order product \
    payment invoice account shipment delivery employee supplier contract transaction department company balance contact \
    and or not with without per all any one two three four five six seven eight nine ten";

/// Abbreviations that a newcomer has to ask about, for teams that have not listed their own.
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("acct", "account"),
    ("addr", "address"),
    ("amt", "amount"),
    ("cust", "customer"),
    ("desc", "description"),
    ("dept", "department"),
    ("dt", "date"),
    ("inv", "invoice"),
    ("nbr", "number"),
    ("pmt", "payment"),
    ("qty", "quantity"),
    ("txn", "transaction"),
];

/// The settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The domain's own terms, singular: `customer`, `shipment`, `consignee`.
    #[serde(default)]
    pub terms: BTreeSet<String>,
    /// Abbreviations that are not to be used, and what to write: `cust: customer`. Default: the usual ones.
    #[serde(default = "abbreviations")]
    pub abbreviations: BTreeMap<String, String>,
    /// How alike a word must be to a term to be taken for its misspelling, 0 to 1. Default 0.8.
    #[serde(default = "similarity")]
    pub similarity: f64,
    /// Also remark on words that are unknown and like no term. Default false.
    #[serde(default)]
    pub closed: bool,
}

fn abbreviations() -> BTreeMap<String, String> {
    ABBREVIATIONS.iter().map(|(short, long)| ((*short).to_owned(), (*long).to_owned())).collect()
}

fn similarity() -> f64 {
    0.8
}

impl Settings {
    /// Says what is wrong with values of the right shape.
    pub fn check(&self) -> Result<(), String> {
        if (0.5..=1.0).contains(&self.similarity) {
            return Ok(());
        }
        Err(format!("`similarity` is {}; it is between 0.5 and 1", self.similarity))
    }
}

/// The words of the settings, ready to be asked about.
#[derive(Debug)]
pub struct Lexicon {
    /// Abbreviation to word, in lower case.
    pub abbreviations: BTreeMap<String, String>,
    /// Does a word that is like no term deserve a remark?
    pub closed: bool,
    similarity: f64,
    known: HashSet<String>,
    /// What a misspelling may have meant, the domain's own terms first: a tie is decided for them.
    terms: Vec<(String, usize)>,
}

impl Lexicon {
    /// Makes words comparable.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let lower = |(short, long): (&String, &String)| (short.to_lowercase(), long.to_lowercase());
        let abbreviations: BTreeMap<String, String> = settings.abbreviations.iter().map(lower).collect();
        let own: Vec<String> = settings.terms.iter().map(|term| term.trim().to_lowercase()).collect();
        let general = || GENERAL.split_whitespace().map(str::to_owned);
        let known = own.iter().cloned().chain(abbreviations.values().cloned()).chain(general()).collect();
        let terms =
            own.into_iter().chain(abbreviations.values().cloned()).chain(general().filter(|term| term.len() > 4));
        let terms = terms.map(|term| (term.clone(), term.chars().count())).collect();
        Self { abbreviations, closed: settings.closed, similarity: settings.similarity, known, terms }
    }

    /// Says whether a word may be used.
    #[must_use]
    pub fn knows(&self, word: &str) -> bool {
        self.known.contains(word) || plural(word).any(|one| self.known.contains(&one))
    }

    /// Returns the known term most like a word, if it is like enough.
    #[must_use]
    pub fn nearest(&self, word: &str) -> Option<&str> {
        let length = word.chars().count();
        let mut best: Option<(&str, f64)> = None;
        for (term, term_length) in &self.terms {
            // Each letter more is an edit: what is too short or too long cannot be like enough.
            let (short, long) = (length.min(*term_length), length.max(*term_length));
            if (short as f64) < self.similarity * long as f64 {
                continue;
            }
            let score = strsim::normalized_damerau_levenshtein(word, term);
            if score >= self.similarity && best.is_none_or(|(_, so_far)| score > so_far) {
                best = Some((term, score));
            }
        }
        best.map(|(term, _)| term)
    }
}

fn plural(word: &str) -> impl Iterator<Item = String> {
    let one = word.strip_suffix('s').map(str::to_owned);
    let es = word.strip_suffix("es").map(str::to_owned);
    let ies = word.strip_suffix("ies").map(|stem| format!("{stem}y"));
    [one, es, ies].into_iter().flatten()
}
