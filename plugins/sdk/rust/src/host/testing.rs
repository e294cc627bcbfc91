//! What capabilities answer in native tests: what the test sets up on its own thread, and nothing else.
//!
//! Deliberately absent: folders of the machine.

use super::files::{Entry, Error};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;

#[derive(Default)]
struct World {
    files: BTreeMap<(String, String), Vec<u8>>,
    data: BTreeMap<String, Value>,
    now: u64,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

/// Puts a file into a folder.
pub fn file(folder: &str, path: &str, content: impl Into<Vec<u8>>) {
    WORLD.with_borrow_mut(|world| world.files.insert((folder.to_owned(), path.to_owned()), content.into()));
}

/// Puts data at a path.
pub fn data(path: &str, value: Value) {
    WORLD.with_borrow_mut(|world| world.data.insert(path.to_owned(), value));
}

/// Sets the clock, in nanoseconds since 1970.
pub fn set_now(nanoseconds: u64) {
    WORLD.with_borrow_mut(|world| world.now = nanoseconds);
}

pub(super) fn read_file(folder: &str, path: &str) -> Result<Vec<u8>, Error> {
    let key = (folder.to_owned(), path.to_owned());
    WORLD.with_borrow(|world| world.files.get(&key).cloned()).ok_or(Error::NotFound)
}

pub(super) fn list_folder(folder: &str, path: &str) -> Result<Vec<Entry>, Error> {
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut found: BTreeMap<String, Entry> = BTreeMap::new();
    WORLD.with_borrow(|world| {
        for ((_, file), content) in world.files.iter().filter(|((of, _), _)| of == folder) {
            let Some(rest) = file.strip_prefix(&prefix) else { continue };
            let (name, is_folder) = rest.split_once('/').map_or((rest, false), |(name, _)| (name, true));
            let size = if is_folder { 0 } else { content.len() as u64 };
            found.insert(name.to_owned(), Entry { name: name.to_owned(), is_folder, size });
        }
    });
    if found.is_empty() { Err(Error::NotFound) } else { Ok(found.into_values().collect()) }
}

pub(super) fn read_data(path: &str) -> Option<String> {
    WORLD.with_borrow(|world| {
        let steps: Vec<&str> = path.split('/').collect();
        (0..=steps.len()).rev().find_map(|count| {
            let (at, below) = steps.split_at(count);
            let value = world.data.get(&at.join("/"))?;
            below.iter().try_fold(value, |value, step| value.get(step)).map(ToString::to_string)
        })
    })
}

pub(super) fn now() -> u64 {
    WORLD.with_borrow(|world| world.now)
}
