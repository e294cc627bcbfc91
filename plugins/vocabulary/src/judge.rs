//! The judgement: each column of each contract, each word of its name.
//!
//! Deliberately absent: severity and lines; the host knows both.

use crate::settings::{Lexicon, Settings};
use crate::words::{Word, split};
use meshgate_plugin_sdk::{Column, Finding, Input};
use std::collections::HashMap;

/// What is said of a word: of which rule, in which message, and what to write instead.
#[derive(Debug, Clone)]
enum Judgement {
    Fine,
    Abbreviated(String),
    Misspelt(String),
    Unknown,
}

/// Judges one descriptor.
#[must_use]
pub fn judge(input: &Input, settings: &Settings) -> Vec<Finding> {
    let lexicon = Lexicon::new(settings);
    // Few words make up most names.
    let mut judged: HashMap<String, Judgement> = HashMap::new();
    input.columns().flat_map(|column| judge_column(column, &lexicon, &mut judged)).collect()
}

fn judge_column(column: &Column, lexicon: &Lexicon, judged: &mut HashMap<String, Judgement>) -> Vec<Finding> {
    let Some(name) = &column.name else { return Vec::new() };
    let place = format!("{}/name", column.pointer);
    let mut found = Vec::new();
    for word in split(name) {
        let judgement = judged.entry(word.text.clone()).or_insert_with(|| judge_word(&word.text, lexicon));
        found.extend(finding(name, &place, &word, judgement));
    }
    found
}

fn judge_word(text: &str, lexicon: &Lexicon) -> Judgement {
    if let Some(long) = lexicon.abbreviations.get(text) {
        return Judgement::Abbreviated(long.clone());
    }
    // Two letters are an article or a unit, not a misspelling.
    if text.chars().count() < 3 || lexicon.knows(text) {
        return Judgement::Fine;
    }
    match lexicon.nearest(text) {
        Some(term) => Judgement::Misspelt(term.to_owned()),
        None if lexicon.closed => Judgement::Unknown,
        None => Judgement::Fine,
    }
}

fn finding(name: &str, place: &str, word: &Word, judgement: &Judgement) -> Option<Finding> {
    let instead = |term: &str| format!("write `{}{term}{}`", &name[..word.start], &name[word.end..]);
    let text = &word.text;
    let (rule, message, label) = match judgement {
        Judgement::Fine => return None,
        Judgement::Abbreviated(long) => {
            ("naming.abbreviated_term", format!("column `{name}` abbreviates `{long}` as `{text}`"), instead(long))
        }
        Judgement::Misspelt(term) => (
            "naming.misspelt_term",
            format!("column `{name}` has the unknown word `{text}`; did you mean `{term}`?"),
            instead(term),
        ),
        Judgement::Unknown => (
            "naming.unknown_term",
            format!("column `{name}` has the word `{text}`, which is not in the domain's vocabulary"),
            "use a term of the vocabulary, or add this one to it".to_owned(),
        ),
    };
    Some(Finding::new(rule, place, message).label(label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Vocabulary;
    use meshgate_plugin_sdk::Plugin;
    use serde_json::{Value, json};

    fn said(names: &[&str], settings: Value) -> Vec<String> {
        let columns: Vec<Value> =
            names.iter().enumerate().map(|(i, name)| json!({"name": name, "pointer": format!("/{i}")})).collect();
        let input = json!({"contracts": [{"schema": [{"columns": columns}]}]});
        let input = Input::parse(&input.to_string()).unwrap();
        let settings = serde_json::from_value(settings).unwrap();
        let found = Vocabulary::evaluate(&input, &settings).unwrap();
        found.into_iter().map(|f| format!("{} {} {}", f.pointer, f.rule, f.label.unwrap())).collect()
    }

    #[test]
    fn misspellings_get_the_term_that_was_meant() {
        let settings = json!({"terms": ["customer", "shipment"]});
        assert_eq!(
            said(&["custmoer_id", "shipments", "foo"], settings),
            ["/0/name naming.misspelt_term write `customer_id`"]
        );
    }

    #[test]
    fn abbreviations_are_spelt_out() {
        let settings = json!({"abbreviations": {"CUST": "customer"}});
        assert_eq!(said(&["custName", "customer"], settings), ["/0/name naming.abbreviated_term write `customerName`"]);
    }

    #[test]
    fn a_closed_vocabulary_remarks_on_every_stranger() {
        let settings = json!({"terms": ["customer"], "closed": true});
        let label = "use a term of the vocabulary, or add this one to it";
        assert_eq!(said(&["zebra_id"], settings), [format!("/0/name naming.unknown_term {label}")]);
    }

    #[test]
    fn nested_columns_are_judged_too() {
        let input = json!({"contracts": [{"schema": [{"columns": [
            {"name": "customer", "pointer": "/a", "columns": [{"name": "custmer_name", "pointer": "/a/b"}]}]}]}]});
        let settings = serde_json::from_str(r#"{"terms":["customer"]}"#).unwrap();
        assert_eq!(judge(&Input::parse(&input.to_string()).unwrap(), &settings).len(), 1);
    }

    #[test]
    fn without_settings_the_usual_words_are_known() {
        let label = [
            "/0/name naming.abbreviated_term write `quantity`",
            "/1/name naming.misspelt_term write `delivery_address`",
        ];
        assert_eq!(said(&["qty", "delivery_adress", "frobnicator"], json!({})), label);
    }

    #[test]
    fn settings_are_checked() {
        let read = |text| serde_json::from_str::<Settings>(text).map_err(|error| error.to_string());
        assert!(read(r#"{"term": []}"#).unwrap_err().contains("unknown field"));
        let settings = read(r#"{"terms":["a"],"similarity":3}"#).unwrap();
        assert!(Vocabulary::validate(&settings).unwrap_err().contains("between"));
    }
}
