//! The judgement: each column of each contract, each word of its name.
//!
//! Deliberately absent: severity and lines; the host knows both.

use crate::settings::Settings;
use crate::words::{Word, split};
use serde_json::Value;

/// What is said of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub rule: &'static str,
    pub pointer: String,
    pub message: String,
    pub label: String,
}

/// Judges one descriptor.
pub fn judge(input: &Value, settings: &Settings) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for contract in list(input, "contracts") {
        for table in list(contract, "schema") {
            for column in list(table, "columns") {
                judge_column(column, settings, &mut remarks);
            }
        }
    }
    remarks
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn judge_column(column: &Value, settings: &Settings, remarks: &mut Vec<Remark>) {
    let text = |key: &str| column.get(key).and_then(Value::as_str);
    if let (Some(name), Some(pointer)) = (text("name"), text("pointer")) {
        for word in split(name) {
            if let Some(mut remark) = judge_word(name, &word, settings) {
                remark.pointer = pointer.to_owned();
                remarks.push(remark);
            }
        }
    }
    for nested in list(column, "columns") {
        judge_column(nested, settings, remarks);
    }
}

fn judge_word(name: &str, word: &Word, settings: &Settings) -> Option<Remark> {
    let instead = |term: &str| format!("{}{term}{}", &name[..word.start], &name[word.end..]);
    let remark = |rule, message, label| Some(Remark { rule, pointer: String::new(), message, label });
    let text = &word.text;
    if let Some(long) = settings.abbreviations.get(text) {
        let message = format!("column `{name}` abbreviates `{long}` as `{text}`");
        return remark("naming.abbreviated_term", message, format!("write `{}`", instead(long)));
    }
    // Two letters are an article or a unit, not a misspelling.
    if text.chars().count() < 3 || settings.knows(text) {
        return None;
    }
    if let Some((term, _)) = settings.nearest(text) {
        let message = format!("column `{name}` has the unknown word `{text}`; did you mean `{term}`?");
        return remark("naming.misspelt_term", message, format!("write `{}`", instead(&term)));
    }
    if settings.closed {
        let message = format!("column `{name}` has the word `{text}`, which is not in the domain's vocabulary");
        return remark("naming.unknown_term", message, "use a term of the vocabulary, or add this one to it".into());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(names: &[&str], settings: Value) -> Vec<String> {
        let columns: Vec<Value> =
            names.iter().enumerate().map(|(i, name)| json!({"name": name, "pointer": format!("/{i}")})).collect();
        let input = json!({"contracts": [{"schema": [{"columns": columns}]}]});
        let settings = Settings::parse(&settings.to_string()).unwrap();
        judge(&input, &settings).into_iter().map(|r| format!("{} {} {}", r.pointer, r.rule, r.label)).collect()
    }

    #[test]
    fn misspellings_get_the_term_that_was_meant() {
        let settings = json!({"terms": ["customer", "shipment"]});
        assert_eq!(
            said(&["custmoer_id", "shipments", "foo"], settings),
            ["/0 naming.misspelt_term write `customer_id`"]
        );
    }

    #[test]
    fn abbreviations_are_spelt_out() {
        let settings = json!({"abbreviations": {"cust": "customer"}});
        assert_eq!(said(&["custName", "customer"], settings), ["/0 naming.abbreviated_term write `customerName`"]);
    }

    #[test]
    fn a_closed_vocabulary_remarks_on_every_stranger() {
        let settings = json!({"terms": ["customer"], "closed": true});
        let label = "use a term of the vocabulary, or add this one to it";
        assert_eq!(said(&["zebra_id"], settings), [format!("/0 naming.unknown_term {label}")]);
    }

    #[test]
    fn nested_columns_are_judged_too() {
        let input = json!({"contracts": [{"schema": [{"columns": [
            {"name": "customer", "pointer": "/a", "columns": [{"name": "custmer_name", "pointer": "/a/b"}]}]}]}]});
        let settings = Settings::parse(r#"{"terms":["customer"]}"#).unwrap();
        assert_eq!(judge(&input, &settings).len(), 1);
    }

    #[test]
    fn without_settings_the_usual_words_are_known() {
        let label = ["/0 naming.abbreviated_term write `quantity`", "/1 naming.misspelt_term write `delivery_address`"];
        assert_eq!(said(&["qty", "delivery_adress", "frobnicator"], json!({})), label);
    }

    #[test]
    fn settings_are_checked() {
        assert!(Settings::parse(r#"{"term": []}"#).unwrap_err().contains("unknown field"));
        assert!(Settings::parse(r#"{"terms":["a"],"similarity":3}"#).unwrap_err().contains("between"));
    }
}
