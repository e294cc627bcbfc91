//! What Meshgate itself remarks: texts that cannot be read, references, the standards' own schemas. So that whoever meets
//! such an id in a report can ask what it means.
//!
//! Deliberately absent: switches. Diagnostics (`read.…`) and attempts on other layers (`governance.…`) always deny;
//! `schema:` in the configuration weighs the rest.

use meshgate_core::rule::{Lifecycle, Rule, RuleId, Source};
use meshgate_core::severity::Severity;

/// What is known of a remark of Meshgate's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Builtin {
    /// The id, as reports have it.
    pub id: &'static str,
    /// What it says, one line.
    pub title: &'static str,
    /// Why, and what to do.
    pub description: &'static str,
}

impl Builtin {
    /// Returns it as reports know rules.
    #[must_use]
    pub fn rule(&self) -> Rule {
        let (severity, source) = match self.id.split('.').next() {
            Some("governance") => (Severity::Error, Source::Governance),
            Some("read") => (Severity::Error, Source::Read),
            _ => (Severity::Warning, Source::Schema),
        };
        Rule {
            id: RuleId::foreign(self.id),
            title: self.title.to_owned(),
            description: self.description.to_owned(),
            severity,
            remedy: None,
            note: None,
            related: Vec::new(),
            applies_to: Vec::new(),
            lifecycle: Lifecycle::Enabled,
            effective_on: None,
            profiles: Vec::new(),
            params: Vec::new(),
            errors_undefined: false,
            source,
            origin: "Meshgate itself".to_owned(),
        }
    }
}

const fn builtin(id: &'static str, title: &'static str, description: &'static str) -> Builtin {
    Builtin { id, title, description }
}

/// Every remark of Meshgate's own, by id.
pub const BUILTINS: &[Builtin] = &[
    builtin(
        "governance.domain_mismatch",
        "A descriptor says that it is of another domain than its folder",
        "The root configuration says whose the folder is, and that counts. Correct `domain`, or move the file.",
    ),
    builtin(
        "governance.layer_override",
        "A layer tries to loosen what is not its own",
        "A domain or a product adds rules and tightens those above it. It does not replace, switch off, select away or waive \
         them, unless their owner delegates that. What was tried has no effect, and the gate stays shut until it is gone.",
    ),
    builtin(
        "governance.waiver_expired",
        "A waiver has expired",
        "Its findings deny again. Mend what it covered and remove it, or have it approved anew.",
    ),
    builtin(
        "governance.waiver_expires_soon",
        "A waiver expires soon",
        "Mend what it covers before then. `waiver.soon_days` says how soon this is said.",
    ),
    builtin(
        "governance.waiver_refused",
        "A waiver does not count",
        "It was approved by one who may not, or for longer than is accepted (`waiver.approvers`, `waiver.max_days`).",
    ),
    builtin(
        "governance.waiver_unused",
        "A waiver covers nothing",
        "Remove it: what it was for is mended, or it names another place.",
    ),
    builtin("read.ambiguous_format", "A document is of two standards at once", "Keep the keys of one standard."),
    builtin(
        "read.circular_reference",
        "A reference leads back to itself",
        "Break the circle: one of its references must go. Schemas within an API definition may hold themselves.",
    ),
    builtin(
        "read.duplicate_key",
        "A key stands twice in the same map",
        "Readers differ in which of the two they take, so nobody can say what was judged. Keep one.",
    ),
    builtin("read.empty", "A named file holds no document", "Write a descriptor, or do not name the file."),
    builtin("read.not_utf8", "A file is not UTF-8", "Save it as UTF-8."),
    builtin("read.syntax", "A text is no YAML or JSON", "Mend it; nothing else in it was checked."),
    builtin(
        "read.too_large",
        "A document is larger than the limits, its aliases and references followed",
        "Split it, or raise `limits` in meshgate.yaml.",
    ),
    builtin(
        "read.unknown_format",
        "A document is almost a known standard",
        "Its `kind` is a slip away from one that is known: skipped, it would pass unseen. Mend the `kind`.",
    ),
    builtin(
        "read.unknown_version",
        "A standard's version is not known",
        "What a version means that nobody has read about cannot be judged. Declare a known version, or update Meshgate.",
    ),
    builtin("read.unreadable", "A file cannot be opened", "Make it readable, or add it to .gitignore."),
    builtin(
        "read.unresolved_reference",
        "A reference leads nowhere that may be read",
        "What it names was not judged. It is relative to its own file, and must stay within the folders that are checked.",
    ),
    builtin(
        "read.unseen_part",
        "A part of a descriptor has another shape than its standard's",
        "A list where a map is wanted, or the reverse: no rule sees what is in it. Write it as the standard has it.",
    ),
    builtin(
        "reference.remote",
        "A reference leads to another machine",
        "It was not followed, and the columns behind it are unknown. Keep a copy, or allow the host with --allow-host.",
    ),
    builtin(
        "reference.unseen",
        "Columns are described in a language that is not read",
        "No rule knows them. Describe them in Avro, JSON Schema, or the standard's own words.",
    ),
    builtin(
        "reference.unknown_target",
        "A relationship names a table or column that is not there",
        "Name one of this contract, or `file.yaml#schema/…` of another.",
    ),
    builtin("schema.ambiguous", "A value is two alternatives at once", "Write the keys of one of them."),
    builtin("schema.misfit", "A value does not fit as a whole", "Mend what else is said of it; it follows from that."),
    builtin("schema.missing_key", "A key that the standard requires is missing", "Add it."),
    builtin(
        "schema.misspelt_key",
        "A key is allowed, unknown to the standard, and a slip away from one that is known",
        "It has no effect. Correct it, or begin it with `x-` where the standard has such keys.",
    ),
    builtin("schema.out_of_range", "A number is too small", "See the message for the bound."),
    builtin("schema.repeated", "A list repeats an element", "Each may stand once."),
    builtin("schema.too_long", "A text is longer than the standard allows", "Shorten it."),
    builtin("schema.too_many", "More values break the schema than are shown", "Mend the first ones and check again."),
    builtin(
        "schema.unknown_key",
        "A key that the standard does not know, where it knows all",
        "Correct it, or move it to where the standard has room for your own (`customProperties`).",
    ),
    builtin("schema.unknown_value", "A word that is none of those the standard lists", "Write one of them."),
    builtin(
        "schema.wrong_form",
        "A text that does not have the form the standard wants",
        "See the message for the form.",
    ),
    builtin("schema.wrong_length", "A list or map with too few or too many elements", "See the message for how many."),
    builtin(
        "schema.wrong_type",
        "A value of another type than the standard's",
        "YAML reads `1.0` as a number and `yes` as true: write texts that look like these in quotes.",
    ),
];

/// Returns what is known of a remark of Meshgate's own.
#[must_use]
pub fn builtin_rule(id: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.id == id)
}
