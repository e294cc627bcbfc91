//! The formats of a report, by the names that the command line has for them.
//!
//! Deliberately absent: files; a format says how, not where.

use crate::printing::for_people;
use crate::{concise, github, gitlab, html, json, junit, markdown, sarif, tap, text};
use meshgate_core::report::Report;
use meshgate_core::shown;

/// A format of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For a terminal.
    Text,
    /// One line a finding.
    Concise,
    /// Report JSON v1.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// Annotations of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// For a merge request's comment.
    Markdown,
    /// A page of its own.
    Html,
    /// Test Anything Protocol 14.
    Tap,
}

impl Format {
    /// Every format, with its name.
    pub const ALL: [(&'static str, Self); 10] = [
        ("text", Self::Text),
        ("concise", Self::Concise),
        ("json", Self::Json),
        ("sarif", Self::Sarif),
        ("junit", Self::Junit),
        ("github", Self::Github),
        ("gitlab", Self::Gitlab),
        ("markdown", Self::Markdown),
        ("html", Self::Html),
        ("tap", Self::Tap),
    ];

    /// Finds a format by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, format)| format)
    }

    /// Renders a report. Colour is for [`Format::Text`] alone. Whatever names, places and messages hold, nothing of it is
    /// hidden from people, and nothing is a command of the CI system that reads it.
    #[must_use]
    pub fn render(self, report: &Report, colour: bool) -> String {
        match self {
            Self::Text => text::render(report, colour),
            Self::Concise => shown::printed(&concise::render(&for_people(report))).into_owned(),
            Self::Json => json::render(report),
            Self::Sarif => sarif::render(report),
            Self::Junit => junit::render(report),
            // Its lines are commands; what others wrote is escaped within them.
            Self::Github => github::render(&for_people(report)),
            Self::Gitlab => gitlab::render(report),
            Self::Markdown => shown::printed(&markdown::render(&for_people(report))).into_owned(),
            Self::Html => shown::printed(&html::render(&for_people(report))).into_owned(),
            Self::Tap => shown::printed(&tap::render(&for_people(report))).into_owned(),
        }
    }
}
