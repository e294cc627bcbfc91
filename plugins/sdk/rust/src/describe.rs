//! What a plugin says of itself.
//!
//! Deliberately absent: reading it from a file; it is part of the component.

/// How bad a rule's findings are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Denies, unless the platform says otherwise.
    Error,
    /// Worth mending.
    Warning,
    /// Worth knowing.
    Info,
}

/// One rule of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// `category.name_of_the_smell`.
    pub id: String,
    /// How bad its findings are.
    pub severity: Severity,
    /// One line: what it looks for.
    pub title: String,
    /// Why it matters.
    pub description: String,
    /// What to do about a finding, one sentence.
    pub remedy: Option<String>,
    /// Addresses to read more at.
    pub related: Vec<String>,
    /// `data-product`, `data-contract`; empty means all.
    pub applies_to: Vec<String>,
}

impl Rule {
    /// Makes a rule.
    #[must_use]
    pub fn new(id: &str, severity: Severity, title: &str) -> Self {
        Self {
            id: id.to_owned(),
            severity,
            title: title.to_owned(),
            description: String::new(),
            remedy: None,
            related: Vec::new(),
            applies_to: Vec::new(),
        }
    }

    /// Says why it matters.
    #[must_use]
    pub fn description(mut self, text: &str) -> Self {
        text.clone_into(&mut self.description);
        self
    }

    /// Says what to do about a finding.
    #[must_use]
    pub fn remedy(mut self, text: &str) -> Self {
        self.remedy = Some(text.to_owned());
        self
    }

    /// Names an address to read more at.
    #[must_use]
    pub fn related(mut self, address: &str) -> Self {
        self.related.push(address.to_owned());
        self
    }

    /// Names a kind of descriptor that it looks at, `data-product` or `data-contract`.
    #[must_use]
    pub fn applies_to(mut self, kind: &str) -> Self {
        self.applies_to.push(kind.to_owned());
        self
    }
}

/// A plugin's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Lower case, digits, `-` and `_`.
    pub id: String,
    /// As its author counts.
    pub version: String,
    /// Its rules; at least one.
    pub rules: Vec<Rule>,
    /// JSON Schema of the settings.
    pub settings_schema: Option<String>,
    /// `files:NAME`, `data:PATH`, `clock`, `random`.
    pub capabilities: Vec<String>,
}

impl Description {
    /// Makes a description without rules.
    #[must_use]
    pub fn new(id: &str, version: &str) -> Self {
        Self {
            id: id.to_owned(),
            version: version.to_owned(),
            rules: Vec::new(),
            settings_schema: None,
            capabilities: Vec::new(),
        }
    }

    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Describes the settings by a JSON Schema.
    #[must_use]
    pub fn settings_schema(mut self, schema: &str) -> Self {
        self.settings_schema = Some(schema.to_owned());
        self
    }

    /// Asks for a capability that the plugin cannot work without.
    #[must_use]
    pub fn capability(mut self, capability: &str) -> Self {
        self.capabilities.push(capability.to_owned());
        self
    }
}
