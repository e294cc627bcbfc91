//! What a caller says of a run, and what comes of it.
//!
//! Deliberately absent: arguments and requests; the edges have those.

use crate::base::Base;
use meshgate_core::date::Date;
use meshgate_core::report::Report;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the caller says of the run.
#[derive(Debug, Clone, Default)]
pub struct CheckOptions {
    /// The stage of the deployment, given to rules as `input.context.stage`.
    pub stage: Option<String>,
    /// The event that asks, given to rules as `input.context.event`.
    pub event: Option<String>,
    /// What else is known of the run, given to rules as `input.context.labels`.
    pub labels: BTreeMap<String, String>,
    /// Does the run see the whole mesh? Rules that argue from absence need this.
    pub mesh_complete: bool,
    /// Hosts that references may lead to.
    pub allow_hosts: Vec<String>,
    /// The day to judge for, when it is not today.
    pub at: Option<Date>,
    /// What to compare with: rules see it as `input.previous`.
    pub against: Option<Arc<Base>>,
    /// The earlier version of a text.
    pub previous: Option<Vec<u8>>,
    /// Do only findings deny that are not there in what is compared with?
    pub new_only: bool,
    /// Are only files judged that differ from what is compared with, and those that depend on them?
    pub changed: bool,
    /// Are named files of no known format passed over, like those of a folder?
    pub skip_unknown: bool,
    /// Who hears how far the run is.
    pub listener: Option<Listener>,
}

/// How far a run is, in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Judged.
    pub done: usize,
    /// To be judged in all.
    pub total: usize,
}

/// Who hears how far a run is; on any thread.
#[derive(Clone)]
pub struct Listener(pub Arc<dyn Fn(Progress) + Send + Sync>);

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listener")
    }
}

/// A report, and what kept the job from being done in full.
#[derive(Debug)]
pub struct Outcome {
    /// What was judged.
    pub report: Report,
    /// Why the job could not be done in full (exit code 2); empty when it was.
    pub errors: Vec<String>,
    /// What the caller should know, and is no error.
    pub notes: Vec<String>,
    /// Every waiver of the layers of the run.
    pub waivers: Vec<WaiverReport>,
    /// Files that were not judged because nothing about them changed.
    pub left_out: usize,
}

/// A waiver, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaiverReport {
    /// The rule, or the pattern of rules.
    pub rule: String,
    /// What narrows it: `product …`, `column …`.
    pub scope: Vec<String>,
    /// Why.
    pub reason: String,
    /// Who approved it.
    pub approver: String,
    /// Its last day.
    pub expires: Date,
    /// Where it was discussed.
    pub ticket: Option<String>,
    /// Where it stands: `file:line:column`.
    pub origin: String,
    /// `active`, `soon` (expires soon), `expired`, `refused`, `unused`; what the run did not look at is `active`.
    pub state: &'static str,
    /// Why it is refused.
    pub why: Option<String>,
    /// Days that it still lasts; negative when it has expired.
    pub days_left: i64,
    /// Findings that it covers, or would if it counted.
    pub findings: usize,
    /// Did the run look at something that it speaks of?
    pub in_view: bool,
}
