//! The interface `files`: reading below a folder that was opened when the plugin was loaded.
//!
//! Deliberately absent: writing, and any path outside. cap-std resolves every step within the folder, links included; what
//! would lead out is not an answer to the guest but the end of the call.

use super::{State, Violation};
use crate::bindings::meshgate::plugin::files;
use cap_std::fs::{Dir, OpenOptions};
use files::{Entry, Error};
use std::io::{ErrorKind, Read};
use std::sync::Arc;

/// Bytes that one call may read, files and folders that it may open, entries that it may list.
const BYTES_MAX: u64 = 16 << 20;
const OPENED_MAX: usize = 1_000;
const ENTRIES_MAX: usize = 10_000;

/// What a call has read.
#[derive(Debug, Default)]
pub struct Usage {
    bytes: u64,
    opened: usize,
    entries: usize,
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl State {
    /// The granted folder, and whether this call may still open something in it.
    fn open(&mut self, folder: &str, path: &str) -> Answer<Arc<Dir>> {
        let Some(dir) = self.grants()?.files.get(folder).map(Arc::clone) else {
            let message = format!("asked for the folder `{}`, which it was not granted", super::shown(folder));
            return Err(Violation::capability(message));
        };
        if path.contains('\0') {
            return Ok(Err(Error::NotFound));
        }
        self.files.opened += 1;
        Ok(if self.files.opened > OPENED_MAX { Err(Error::TooLarge) } else { Ok(dir) })
    }
}

impl files::Host for State {
    fn read(&mut self, folder: String, path: String) -> Answer<Vec<u8>> {
        let dir = match self.open(&folder, &path)? {
            Ok(dir) => dir,
            Err(error) => return Ok(Err(error)),
        };
        let left = BYTES_MAX - self.files.bytes;
        match read(&dir, &path, left) {
            Ok(Ok(bytes)) => {
                self.files.bytes += bytes.len() as u64;
                Ok(Ok(bytes))
            }
            Ok(Err(error)) => Ok(Err(error)),
            Err(error) => told(&error, &folder, &path),
        }
    }

    fn list(&mut self, folder: String, path: String) -> Answer<Vec<Entry>> {
        let dir = match self.open(&folder, &path)? {
            Ok(dir) => dir,
            Err(error) => return Ok(Err(error)),
        };
        let left = ENTRIES_MAX - self.files.entries;
        match list(&dir, &path, left) {
            Ok(Ok(entries)) => {
                self.files.entries += entries.len();
                Ok(Ok(entries))
            }
            Ok(Err(error)) => Ok(Err(error)),
            Err(error) => told(&error, &folder, &path),
        }
    }
}

fn read(dir: &Dir, path: &str, left: u64) -> std::io::Result<Result<Vec<u8>, Error>> {
    let mut options = OpenOptions::new();
    options.read(true);
    // A pipe would be waited for before anyone could see that it is no file.
    #[cfg(unix)]
    cap_std::fs::OpenOptionsExt::custom_flags(&mut options, nonblocking());
    let file = dir.open_with(path, &options)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Ok(Err(Error::WrongKind));
    }
    if about.len() > left {
        return Ok(Err(Error::TooLarge));
    }
    let mut bytes = Vec::new();
    // One more than may be: a file that grows meanwhile is seen.
    file.take(left + 1).read_to_end(&mut bytes)?;
    Ok(if bytes.len() as u64 > left { Err(Error::TooLarge) } else { Ok(bytes) })
}

#[cfg(unix)]
fn nonblocking() -> i32 {
    i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0)
}

fn list(dir: &Dir, path: &str, left: usize) -> std::io::Result<Result<Vec<Entry>, Error>> {
    let listing = dir.read_dir(if path.is_empty() { "." } else { path })?;
    let mut entries = Vec::new();
    for entry in listing {
        let entry = entry?;
        if entries.len() >= left {
            return Ok(Err(Error::TooLarge));
        }
        // What has a name that is no text cannot be asked for either.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let about = entry.metadata()?;
        let is_folder = about.is_dir();
        entries.push(Entry { name, is_folder, size: if is_folder { 0 } else { about.len() } });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Ok(entries))
}

/// What an error of the system is to the guest; one that the system did not give is cap-std's: the path leads out.
fn told<T>(error: &std::io::Error, folder: &str, path: &str) -> Answer<T> {
    match error.kind() {
        ErrorKind::PermissionDenied if error.raw_os_error().is_none() => {
            let path = super::shown(path);
            Err(Violation::capability(format!("tried to leave the folder `{folder}` by the path `{path}`")))
        }
        ErrorKind::NotFound => Ok(Err(Error::NotFound)),
        ErrorKind::NotADirectory | ErrorKind::IsADirectory => Ok(Err(Error::WrongKind)),
        _ => Ok(Err(Error::Failed(error.to_string()))),
    }
}
