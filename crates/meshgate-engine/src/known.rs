//! Names of rules in a configuration that no rule has: a typing mistake must not switch anything off, or leave it on.
//!
//! Deliberately absent: patterns of approvers and of delegation; those may be written before the rules.

use crate::builtin::BUILTINS;
use crate::config::{ALL, Config, ConfigError, ConfigSource};
use crate::embedded;
use crate::governance::LayerRules;
use crate::pattern::Pattern;
use crate::waivers::Waiver;
use meshgate_core::pointer::Pointer;
use meshgate_core::rule::Rule;
use std::collections::BTreeSet;

/// Finds patterns that cover no rule.
pub fn unknown(config: &Config, waivers: &[Waiver], known: &BTreeSet<&str>) -> Vec<ConfigError> {
    let Some(source) = &config.source else { return Vec::new() };
    let root = Pointer::root();
    // What is compiled in is known, in force or not: `--no-embedded` must not break a configuration.
    let embedded = embedded::rule_ids();
    let mut all: BTreeSet<&str> = known.iter().copied().chain(embedded.iter().map(String::as_str)).collect();
    all.extend(BUILTINS.iter().map(|builtin| builtin.id));
    let mut errors = Vec::new();
    let mut look = |pattern: &Pattern, source: &ConfigSource, at: Pointer, is_key: bool| {
        if !all.iter().any(|id| pattern.matches(id)) {
            let message = message(pattern, &all);
            errors.push(if is_key { source.key_error(&at, message) } else { source.error(&at, message) });
        }
    };
    for pattern in config.enforcement.keys().filter(|pattern| pattern.as_str() != "default") {
        look(pattern, source, root.key("enforcement").key(pattern.as_str()), true);
    }
    for (index, selection) in config.select.iter().enumerate() {
        for pattern in &selection.rules.0 {
            look(pattern, source, root.key("select").index(index).key("rules"), false);
        }
    }
    for waiver in waivers {
        look(&waiver.entry.rule, &waiver.source, waiver.pointer.key("rule"), false);
    }
    for pattern in config.enforcement.keys().filter(|pattern| always_denies(pattern, &all)) {
        let message = format!("`{pattern}`: what cannot be read, and what breaks the law of layers, always denies");
        errors.push(source.key_error(&root.key("enforcement").key(pattern.as_str()), message));
    }
    for waiver in waivers.iter().filter(|waiver| always_denies(&waiver.entry.rule, &all)) {
        let message = format!("`{}` cannot be waived: nothing was judged there", waiver.entry.rule);
        errors.push(waiver.source.error(&waiver.pointer.key("rule"), message));
    }
    errors
}

/// Finds parameters that a layer sets and that no rule of its own has; and those of rules above it, which it may not set.
pub fn params(config: &Config, own: &[&Rule], above: &BTreeSet<&str>) -> (Vec<ConfigError>, Vec<(Pointer, String)>) {
    let (mut errors, mut attempts) = (Vec::new(), Vec::new());
    let Some(source) = &config.source else { return (errors, attempts) };
    // `--no-embedded` must not break a configuration.
    let embedded = embedded::rule_ids();
    for (id, values) in &config.params {
        let at = Pointer::root().key("params").key(id);
        if let Some(rule) = own.iter().find(|rule| rule.id.as_str() == id) {
            let names: Vec<&str> = rule.params.iter().map(|param| param.name.as_str()).collect();
            for name in values.keys().filter(|name| !names.contains(&name.as_str())) {
                let has = if names.is_empty() { "none".to_owned() } else { format!("`{}`", names.join("`, `")) };
                let message = format!("the rule `{id}` has no parameter `{name}`; it has {has}");
                errors.push(source.key_error(&at.key(name), message));
            }
        } else if above.contains(id.as_str()) {
            attempts.push((at, format!("parameters of `{id}` are its own layer's to set")));
        } else if !embedded.iter().any(|known| known == id) {
            let all = own.iter().map(|rule| rule.id.as_str()).collect();
            let help = closest(id, &all).map(|close| format!("; did you mean `{close}`?")).unwrap_or_default();
            errors.push(source.key_error(&at, format!("there is no rule `{id}` here{help}")));
        }
    }
    (errors, attempts)
}

/// Finds profiles that no rule belongs to.
pub fn profiles(config: &Config, said: &[String], rules: &[&Rule]) -> Vec<ConfigError> {
    // As with rules, what is compiled in is known, in force or not.
    let own = rules.iter().flat_map(|rule| rule.profiles.iter().map(String::as_str));
    let names: BTreeSet<&str> = own.chain(embedded::PROFILES).collect();
    let known = |name: &str| name == ALL || names.contains(name);
    let message = |name: &str| {
        let names: Vec<&str> = names.iter().copied().chain([ALL]).collect();
        format!("there is no profile `{name}`; there are `{}`", names.join("`, `"))
    };
    let mut errors: Vec<ConfigError> = Vec::new();
    for name in said.iter().filter(|name| !known(name)) {
        errors.push(ConfigError { place: "--profile".to_owned(), message: message(name) });
    }
    if let (Some(source), true) = (&config.source, said.is_empty()) {
        for (index, name) in config.profiles.iter().enumerate().filter(|(_, name)| !known(name)) {
            errors.push(source.error(&Pointer::root().key("profiles").index(index), message(name)));
        }
    }
    errors
}

/// Finds what is likely a typing mistake, and may be right: approvers and delegations may be written before the rules,
/// and domains come from descriptors.
pub fn doubtful(config: &Config, known: &BTreeSet<&str>, layers: &[LayerRules]) -> Vec<String> {
    let Some(source) = &config.source else { return Vec::new() };
    let root = Pointer::root();
    let mut doubts = Vec::new();
    let covers = |pattern: &Pattern| {
        known.iter().any(|id| pattern.matches(id)) || BUILTINS.iter().any(|builtin| pattern.matches(builtin.id))
    };
    for pattern in config.waiver.approvers.keys().filter(|pattern| !covers(pattern)) {
        let at = root.key("waiver").key("approvers").key(pattern.as_str());
        doubts.push(source.key_error(&at, format!("no rule is covered by `{pattern}`")).to_string());
    }
    for (name, patterns) in &config.delegate {
        for pattern in patterns.0.iter().filter(|pattern| !covers(pattern)) {
            let at = root.key("delegate").key(name);
            doubts.push(source.key_error(&at, format!("no rule is covered by `{pattern}`")).to_string());
        }
    }
    // Where the root names its domains, others are likely slips.
    if !config.domains.is_empty() {
        let domains: Vec<&str> = config.domains.keys().map(String::as_str).collect();
        let is_one = |pattern: &Pattern| domains.iter().any(|domain| pattern.matches_any_case(domain));
        for (index, selection) in config.select.iter().enumerate() {
            let said = selection.place.domain.iter().flat_map(|patterns| &patterns.0);
            for pattern in said.filter(|pattern| !is_one(pattern)) {
                let at = root.key("select").index(index).key("where").key("domain");
                doubts.push(source.key_error(&at, format!("`{pattern}` is none of the domains here")).to_string());
            }
        }
        for layer in layers.iter().filter(|layer| layer.by_domain) {
            let name = layer.layer.word();
            if !domains.iter().any(|domain| domain.eq_ignore_ascii_case(name)) {
                let at = root.key("domains");
                doubts.push(
                    source
                        .key_error(&at, format!("`{name}`, the layer of a bundle or plugin, is none of the domains"))
                        .to_string(),
                );
            }
        }
    }
    doubts
}

/// Does a pattern cover nothing but what always denies?
fn always_denies(pattern: &Pattern, known: &BTreeSet<&str>) -> bool {
    let mut covered = known.iter().filter(|id| pattern.matches(id)).peekable();
    covered.peek().is_some() && covered.all(|id| id.starts_with("read.") || id.starts_with("governance."))
}

/// The known id that a text is most like, if it is like one.
fn closest<'a>(text: &str, known: &BTreeSet<&'a str>) -> Option<&'a str> {
    let close = known.iter().map(|id| (strsim::jaro_winkler(text, id), *id));
    close.filter(|(score, _)| *score > 0.85).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, id)| id)
}

fn message(pattern: &Pattern, known: &BTreeSet<&str>) -> String {
    match closest(pattern.as_str(), known) {
        Some(close) => format!("there is no rule `{pattern}`; did you mean `{close}`?"),
        None => format!("no rule is covered by `{pattern}`; `meshgate rules list` shows the loaded ones"),
    }
}
