//! What rules see of a file, for those who write rules.
//!
//! Deliberately absent: evaluators. A model is shown whether or not any rule loads.

pub use crate::layers::shown;

use crate::check::{CheckOptions, context};
use crate::config::Config;
use crate::engine::today;
use crate::mesh;
use crate::reading;
use crate::sources::Sources;
use meshgate_core::span::Lines;
use meshgate_descriptor::{NoFiles, Recognised, recognise};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What rules see of one document.
#[derive(Debug)]
pub struct Shown {
    /// The document that rules see as `input`.
    pub input: Value,
    /// The standard's name.
    pub standard: &'static str,
    /// The version that the document declares.
    pub version: Option<String>,
}

/// What rules see of a file, and what could not be read in it.
#[derive(Debug, Default)]
pub struct ShownFile {
    /// Its documents.
    pub documents: Vec<Shown>,
    /// What could not be read: `file:line:column: message`.
    pub problems: Vec<String>,
}

/// Models a file, or a text when there are bytes. A document of no known standard is shown as `generic`.
///
/// # Errors
/// When the file cannot be opened.
pub fn show(config: &Config, path: &Path, text: Option<&[u8]>) -> std::io::Result<ShownFile> {
    let limits = config.limits.read();
    let extract = Arc::new(config.extract.resolve());
    let bytes =
        text.map_or_else(|| reading::named_for_reader(path, limits.file_bytes_max), |text| Ok(text.to_vec()))?;
    let name = path.display().to_string();
    let name = name.strip_prefix("./").unwrap_or(&name);
    let parsed = meshgate_descriptor::read(name, &bytes, &limits);
    let sources = Sources::new(&[PathBuf::from(path)], limits.file_bytes_max, None);
    let mut shown = ShownFile::default();
    let place = |file: &str, text: &str, offset, message: &str| {
        let at = Lines::of(text).position(text, offset);
        format!("{file}:{}:{}: {message}", at.line, at.column)
    };
    for diagnostic in &parsed.diagnostics {
        shown.problems.push(place(name, &parsed.text, diagnostic.span.start, &diagnostic.message));
    }
    for document in parsed.documents {
        let format = match recognise(&document) {
            Recognised::Known(format) => format,
            Recognised::Unknown => meshgate_core::model::Format::Generic,
            Recognised::Unclear(diagnostic) => {
                shown.problems.push(place(name, &parsed.text, diagnostic.span.start, &diagnostic.message));
                continue;
            }
        };
        let files: &dyn meshgate_descriptor::Files = if text.is_some() { &NoFiles } else { &sources };
        let (descriptor, resolution) =
            meshgate_descriptor::join(name, document, format, files, &limits, Arc::clone(&extract));
        for (part, diagnostic) in &resolution.diagnostics {
            if let Some(part) = descriptor.parts().get(*part) {
                let text = part.document.text();
                shown.problems.push(place(&part.file, text, diagnostic.span.start, &diagnostic.message));
            }
        }
        let model = meshgate_descriptor::model(&descriptor, context(&CheckOptions::default(), today()));
        let mesh = mesh::join(mesh::entry(&model).into_iter().collect(), false).unwrap_or_default();
        let mut input = model.to_value();
        if let Some(input) = input.as_object_mut() {
            input.insert("mesh".to_owned(), mesh.value.clone());
        }
        shown.documents.push(Shown {
            input,
            standard: format.title(),
            version: meshgate_descriptor::declared(&descriptor),
        });
    }
    Ok(shown)
}
