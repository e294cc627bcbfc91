//! The one way to the bytes of a file, and to JSON in them. What a tree names is a regular file, no larger than a bound; what the command line
//! names may be a pipe besides, within the same bound.
//!
//! Deliberately absent: where a file may lie. `sources` and `layers` look at real paths before they come here.

use meshgate_core::size::has_more_values;
use serde::Deserialize;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Bytes of a file that the command line names, where nothing else is configured.
pub const NAMED_BYTES_MAX: usize = 64 << 20;

/// Reads a regular file. One byte more than the bound is read, so that whoever parses it says that it is too large.
///
/// # Errors
/// When it is not a regular file, or cannot be read. A pipe would wait for ever, a device never end.
pub fn regular(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    bounded(file, bytes_max)
}

/// The same, and a file that is larger than the bound is an error.
///
/// # Errors
/// When it is not a regular file, is too large, or cannot be read.
pub fn whole(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let bytes = regular(path, bytes_max)?;
    if bytes.len() > bytes_max { Err(too_large(bytes_max)) } else { Ok(bytes) }
}

/// Reads a regular file of text.
///
/// # Errors
/// When it is not a regular file of UTF-8, is too large, or cannot be read.
pub fn text(path: &Path, bytes_max: usize) -> io::Result<String> {
    String::from_utf8(whole(path, bytes_max)?).map_err(|_| io::Error::other("it is not UTF-8"))
}

/// Reads what somebody named on the command line: a regular file, or a pipe such as `<(…)`.
///
/// # Errors
/// When it is neither, is too large, or cannot be read.
pub fn named(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let bytes = named_for_reader(path, bytes_max)?;
    if bytes.len() > bytes_max { Err(too_large(bytes_max)) } else { Ok(bytes) }
}

/// The same for a reader that says itself what is too large: one byte more than the bound is read.
///
/// # Errors
/// When it is neither, or cannot be read.
pub fn named_for_reader(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    if is_pipe(path) { bounded(opened(path)?, bytes_max) } else { regular(path, bytes_max) }
}

/// Reads standard input, for a reader that says itself what is too large: one byte more than the bound is read.
///
/// # Errors
/// When it cannot be read.
pub fn standard_input(bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(limit(bytes_max)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads JSON that has no more values than so many. Its nesting is bounded by the parser.
///
/// # Errors
/// What it is not, in a sentence.
pub fn json<'a, T: Deserialize<'a>>(text: &'a [u8], values_max: usize) -> Result<T, String> {
    if has_more_values(text, values_max) {
        return Err(format!("it has more than {values_max} values"));
    }
    serde_json::from_slice(text).map_err(|error| error.to_string())
}

/// Is it a pipe?
#[must_use]
pub fn is_pipe(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Opens a regular file without waiting for anybody, whatever takes its place in the meantime.
///
/// # Errors
/// When it is not a regular file, or cannot be opened.
pub fn open(path: &Path) -> io::Result<File> {
    let not_regular = || io::Error::other("it is not a regular file");
    // To open a device may already do something.
    if !std::fs::metadata(path)?.is_file() {
        return Err(not_regular());
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default());
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular()) }
}

fn opened(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

fn bounded(file: File, bytes_max: usize) -> io::Result<Vec<u8>> {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(limit(bytes_max))).unwrap_or(0));
    file.take(limit(bytes_max)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn limit(bytes_max: usize) -> u64 {
    u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1)
}

fn too_large(bytes_max: usize) -> io::Error {
    io::Error::other(format!("it has more than {bytes_max} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_regular_files_is_read_from_a_tree() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain");
        std::fs::write(&plain, "12345").unwrap();
        assert_eq!(regular(&plain, 10).unwrap(), b"12345");
        assert_eq!(regular(&plain, 3).unwrap(), b"1234");
        assert!(whole(&plain, 3).unwrap_err().to_string().contains("more than 3 bytes"));
        for special in ["/dev/zero", "/dev/stdin", "/dev"] {
            assert!(regular(Path::new(special), 10).is_err(), "{special}");
        }
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(regular(&socket, 10).is_err() && named(&socket, 10).is_err());
    }
}
