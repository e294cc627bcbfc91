//! ODCS relationships: does the other end exist?
//!
//! | written | means |
//! |---|---|
//! | `table.column` | a column of this contract |
//! | `schema/table/properties/column` | the same, by names or ids |
//! | `file.yaml#schema/table/properties/column` | a column of that contract, relative to this file |
//! | `https://…` | a column elsewhere, which is not looked at |
//!
//! Deliberately absent: whether the two columns fit; their types are the contracts' affair.

use super::notice;
use crate::cursor::Cursor;
use crate::descriptor::Descriptor;
use crate::document::Document;
use crate::extract::Extract;
use crate::hash::HashMap;
use crate::read::{Diagnostic, read};
use crate::reference::{Files, Resolution, Unopened, host};
use meshgate_core::limits::ReadLimits;
use meshgate_core::model::Format;
use std::rc::Rc;
use std::sync::Arc;

/// Tables and columns by name and by id.
#[derive(Default)]
struct Names(HashMap<String, Rc<Names>>);

impl Names {
    fn of(root: &Cursor<'_>) -> Self {
        Self::in_list(root, "schema")
    }

    fn in_list(cursor: &Cursor<'_>, key: &str) -> Self {
        let mut names = HashMap::default();
        for item in cursor.list(key) {
            let below = Rc::new(Self::in_list(&item, "properties"));
            for name in [item.string("name"), item.string("id")].into_iter().flatten() {
                names.insert(name, Rc::clone(&below));
            }
        }
        Self(names)
    }

    /// Returns the step that is not there.
    fn missing<'a>(&self, steps: &[&'a str]) -> Option<(usize, &'a str)> {
        let mut at = self;
        for (index, step) in steps.iter().enumerate() {
            match at.0.get(*step) {
                Some(next) => at = next,
                None => return Some((index, step)),
            }
        }
        None
    }
}

/// Looks at every relationship of a contract.
pub fn check(descriptor: &Descriptor, files: &dyn Files, limits: &ReadLimits, resolution: &mut Resolution) {
    let root = descriptor.root();
    let mut ends = Vec::new();
    for table in root.list("schema") {
        ends_in(&table, &mut ends);
    }
    if ends.is_empty() {
        return;
    }
    let own = Names::of(&root);
    let mut others: HashMap<String, Result<Names, Unopened>> = HashMap::default();
    let file = descriptor.parts().first().map(|part| part.file.as_str()).unwrap_or_default();
    for end in ends {
        let Some(written) = end.text().filter(|written| host(written).is_none()) else { continue };
        let (other, path) = match written.split_once('#') {
            Some((other, path)) => (other, path),
            None => ("", written.as_str()),
        };
        let names = if other.is_empty() {
            &own
        } else {
            match others.entry(other.to_owned()).or_insert_with(|| open(file, other, files, limits)) {
                Ok(names) => names,
                Err(unopened) => {
                    unopened_end(&end, other, unopened, resolution);
                    continue;
                }
            }
        };
        let path = path.strip_prefix('/').unwrap_or(path);
        // A path of another form names what some registry knows.
        if path.contains('/') && !path.starts_with("schema/") {
            continue;
        }
        let steps: Vec<&str> =
            if path.contains('/') { path.split('/').skip(1).step_by(2).collect() } else { path.split('.').collect() };
        if let Some((index, missing)) = names.missing(&steps) {
            let whose = if other.is_empty() { "this contract".to_owned() } else { format!("`{other}`") };
            let message = match steps.first().filter(|_| index > 0) {
                Some(table) => format!("relationship names the column `{missing}`, which `{table}` does not have"),
                None => format!("relationship names the table `{missing}`, which {whose} does not have"),
            };
            let help = "name a table and column of this contract, or `file.yaml#schema/…` of another";
            resolution.notices.push(notice(&end, "reference.unknown_target", message, help));
        }
    }
}

fn ends_in<'a>(thing: &Cursor<'a>, found: &mut Vec<Cursor<'a>>) {
    for relation in thing.list("relationships") {
        for end in ["from", "to"].iter().filter_map(|key| relation.get(key)) {
            if end.is_list() { found.extend(end.items()) } else { found.push(end) }
        }
    }
    thing.list("properties").for_each(|column| ends_in(&column, found));
}

fn open(from: &str, other: &str, files: &dyn Files, limits: &ReadLimits) -> Result<Names, Unopened> {
    let opened = files.open(from, other)?;
    let parsed = read(&opened.file, &opened.bytes, limits);
    if let Some(problem) = parsed.diagnostics.first() {
        return Err(Unopened::Unreadable(problem.message.clone()));
    }
    let names = |document: &Document| {
        let extract = Arc::new(Extract::default());
        Names::of(&Descriptor::new(Format::Odcs, &opened.file, document.clone(), extract, limits.nodes_max).root())
    };
    parsed.documents.first().map(names).ok_or_else(|| Unopened::Unreadable("it holds no document".to_owned()))
}

fn unopened_end(end: &Cursor<'_>, other: &str, unopened: &Unopened, resolution: &mut Resolution) {
    let why = match unopened {
        // Alone, nothing beside the text is at hand, and a relationship says nothing of this contract's own columns.
        Unopened::Alone | Unopened::Remote(_) => return,
        Unopened::Missing => "does not exist".to_owned(),
        Unopened::Outside => "lies outside of the folders that are checked".to_owned(),
        Unopened::Unreadable(why) => format!("cannot be read: {why}"),
    };
    let message = format!("relationship leads to `{other}`, which {why}");
    let help = "mend the path; it is relative to this file";
    let diagnostic = Diagnostic::new("read.unresolved_reference", message, end.span(), help);
    resolution.diagnostics.push((end.local().0, diagnostic));
}
