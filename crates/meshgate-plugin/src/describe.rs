//! What a plugin says of itself, as it is kept beside its code.
//!
//! Deliberately absent: trust. Ids, kinds and capabilities are looked at again whenever it is read.

use crate::bindings::meshgate::plugin::types;
use crate::capability::Capability;
use meshgate_core::rule::{Lifecycle, Rule, RuleId, Source};
use meshgate_core::severity::Severity;
use serde::{Deserialize, Serialize};

const KINDS: &[&str] = &["data-product", "data-contract"];

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The id that it gives itself.
    pub id: String,
    /// The version that it gives itself.
    pub version: String,
    rules: Vec<RuleSaid>,
    /// JSON Schema of its settings, as text.
    pub settings_schema: Option<String>,
    capabilities: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RuleSaid {
    id: String,
    title: String,
    description: String,
    severity: String,
    remedy: Option<String>,
    related: Vec<String>,
    applies_to: Vec<String>,
}

impl From<types::Description> for Description {
    fn from(said: types::Description) -> Self {
        let rule = |rule: types::Rule| RuleSaid {
            id: rule.id,
            title: rule.title,
            description: rule.description,
            severity: match rule.severity {
                types::Severity::Error => Severity::Error,
                types::Severity::Warning => Severity::Warning,
                types::Severity::Info => Severity::Info,
            }
            .to_string(),
            remedy: rule.remedy,
            related: rule.related,
            applies_to: rule.applies_to,
        };
        Self {
            id: said.id,
            version: said.version,
            rules: said.rules.into_iter().map(rule).collect(),
            settings_schema: said.settings_schema,
            capabilities: said.capabilities,
        }
    }
}

impl Description {
    /// What it cannot work without.
    ///
    /// # Errors
    /// When it wants what is no capability.
    pub fn capabilities(&self) -> Result<Vec<Capability>, String> {
        let parse = |text: &String| Capability::parse(text).map_err(|error| format!("wants a capability, but {error}"));
        self.capabilities.iter().map(parse).collect()
    }

    /// Its rules, as the engine knows rules.
    ///
    /// # Errors
    /// When the description breaks the contract.
    pub fn rules(&self, origin: &str) -> Result<Vec<Rule>, String> {
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if self.id.is_empty() || self.id.len() > 100 || !self.id.chars().all(named) {
            let id: String = self.id.chars().take(40).collect();
            return Err(format!("calls itself `{}`: write lower case letters, digits, `-` and `_`", id.escape_debug()));
        }
        if self.rules.is_empty() {
            return Err(format!("plugin `{}` describes no rules", self.id));
        }
        let mut rules: Vec<Rule> = Vec::new();
        for said in &self.rules {
            let rule = said.rule(origin)?;
            if rules.iter().any(|other| other.id == rule.id) {
                return Err(format!("describes the rule `{}` twice", rule.id));
            }
            rules.push(rule);
        }
        Ok(rules)
    }
}

impl RuleSaid {
    fn rule(&self, origin: &str) -> Result<Rule, String> {
        let id = RuleId::parse(&self.id).map_err(|error| error.to_string())?;
        if let Some(kind) = self.applies_to.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
            return Err(format!("rule `{id}` applies to `{kind}`, which is none of {}", KINDS.join(", ")));
        }
        if self.title.trim().is_empty() {
            return Err(format!("rule `{id}` has no title"));
        }
        let severity = match self.severity.as_str() {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            "info" => Severity::Info,
            other => return Err(format!("rule `{id}` has the severity `{other}`")),
        };
        Ok(Rule {
            id,
            title: self.title.clone(),
            description: self.description.clone(),
            severity,
            remedy: self.remedy.clone(),
            note: None,
            related: self.related.clone(),
            applies_to: self.applies_to.clone(),
            lifecycle: Lifecycle::Enabled,
            effective_on: None,
            profiles: Vec::new(),
            params: Vec::new(),
            errors_undefined: false,
            source: Source::Plugin,
            origin: origin.to_owned(),
        })
    }
}
