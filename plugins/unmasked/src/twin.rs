//! The rule: columns, one by one.
//!
//! Deliberately absent: tables and contracts; the SDK walks them.

use meshgate_plugin_sdk::{Description, Finding, Input, Plugin, Rule, Severity};
use serde::Deserialize;

/// The plugin.
#[derive(Debug)]
pub struct Unmasked;

/// It has no settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {}

impl Plugin for Unmasked {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("unmasked", env!("CARGO_PKG_VERSION")).rule(
            Rule::new("privacy.unmasked_restricted_column", Severity::Error, "Restricted column without masking")
                .description(
                    "A column classified `restricted` is read by more people than may see its values: analysts, \
                     pipelines, test systems. Unless the contract names how it is masked, each of them decides alone.",
                )
                .remedy(
                    "Name the strategy on the column, for example the custom property `maskingStrategy: hash`, or lower \
                     its classification.",
                )
                .related("https://gdpr-info.eu/art-32-gdpr/")
                .applies_to("data-product")
                .applies_to("data-contract"),
        )
    }

    fn evaluate(input: &Input, _: &Settings) -> Result<Vec<Finding>, String> {
        let unmasked = input
            .columns()
            .filter(|column| column.masking.is_none() && column.classification.as_deref().is_some_and(restricted));
        let finding = |column: &meshgate_plugin_sdk::Column| {
            let name = column.name.as_deref().unwrap_or("?");
            Finding::new(
                "privacy.unmasked_restricted_column",
                &format!("{}/classification", column.pointer),
                format!("restricted column `{name}` has no masking strategy"),
            )
            .label("restricted, and nothing says how it is masked")
        };
        Ok(unmasked.map(finding).collect())
    }
}

/// `restricted`, `highly restricted`, `Restricted - PII`, `top secret`; not `unrestricted`.
fn restricted(classification: &str) -> bool {
    let text = classification.to_lowercase();
    let words = text.split(|c: char| !c.is_ascii_lowercase());
    let negated = ["un", "non", "not"].iter().any(|start| text.starts_with(start));
    !negated && words.into_iter().any(|word| word == "restricted" || word == "secret")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classifications_are_read_as_the_rego_rule_reads_them() {
        for yes in ["restricted", "Highly Restricted", "Restricted - PII", "top secret", "secret_data"] {
            assert!(restricted(yes), "{yes}");
        }
        for no in ["public", "unrestricted", "not secret", "secretary", "", "non-restricted"] {
            assert!(!restricted(no), "{no}");
        }
    }

    #[test]
    fn what_is_masked_is_silent() {
        let input = |masking: &str| {
            let text = format!(
                r#"{{"contracts":[{{"schema":[{{"columns":[{{"name":"iban","pointer":"/c","classification":"restricted"{masking}}}]}}]}}]}}"#
            );
            Input::parse(&text).unwrap()
        };
        assert_eq!(Unmasked::evaluate(&input(""), &Settings {}).unwrap()[0].pointer, "/c/classification");
        assert!(Unmasked::evaluate(&input(r#","masking":"hash""#), &Settings {}).unwrap().is_empty());
    }
}
