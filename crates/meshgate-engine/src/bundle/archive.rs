//! Bundles in one file: `.tar.gz`, `.tgz` or `.tar`, as `opa build` writes them. They are read into memory and never
//! unpacked onto a disk.
//!
//! Deliberately absent: links and devices, which no bundle needs: an archive that has one is refused.

use crate::engine::EngineError;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Component, Path};
use tar::{Archive, EntryType};

/// Bytes of all files: an archive of a few bytes may hold any number of zeros.
const BYTES_MAX: u64 = 2 << 30;
/// Files.
const ENTRIES_MAX: usize = 100_000;

/// Is it the name of an archive?
pub fn is_one(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    [".tar.gz", ".tgz", ".tar"].iter().any(|end| name.ends_with(end))
}

/// The files, by their names below the archive's root, in order.
pub fn read(path: &Path) -> Result<Vec<(String, Vec<u8>)>, EngineError> {
    let refuse = |message: String| EngineError::new(path.display(), message);
    let file = BufReader::new(File::open(path).map_err(|error| refuse(error.to_string()))?);
    let packed = path.extension().is_some_and(|extension| extension != "tar");
    let bytes: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut archive = Archive::new(bytes.take(BYTES_MAX + 1));
    let wrong = |error: std::io::Error| refuse(format!("is no archive: {error}"));
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut left = BYTES_MAX;
    for entry in archive.entries().map_err(wrong)? {
        let mut entry = entry.map_err(wrong)?;
        let kind = entry.header().entry_type();
        if matches!(kind, EntryType::Directory | EntryType::XGlobalHeader) {
            continue;
        }
        let name =
            name(&entry.path().map_err(wrong)?).ok_or_else(|| refuse("has a file outside of itself".to_owned()))?;
        if !matches!(kind, EntryType::Regular | EntryType::Continuous) {
            return Err(refuse(format!("has `{name}`, which is no regular file")));
        }
        let mut bytes = Vec::new();
        entry.by_ref().take(left + 1).read_to_end(&mut bytes).map_err(wrong)?;
        left = left.checked_sub(bytes.len() as u64).ok_or_else(|| refuse("holds more than 2 GiB".to_owned()))?;
        files.push((name, bytes));
        if files.len() > ENTRIES_MAX {
            return Err(refuse(format!("holds more than {ENTRIES_MAX} files")));
        }
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some(twice) = files.windows(2).find(|pair| matches!(pair, [a, b] if a.0 == b.0)) {
        let name = twice.first().map(|(name, _)| name.as_str()).unwrap_or_default();
        return Err(refuse(format!("holds `{name}` twice")));
    }
    Ok(files)
}

/// OPA's names begin with a slash; nobody's lead out of the archive.
fn name(path: &Path) -> Option<String> {
    let mut steps = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(step) => steps.push(step.to_str()?),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(steps.join("/")).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tar::{Builder, Header};

    fn packed(entries: &[(&str, EntryType, &str)]) -> tempfile::NamedTempFile {
        let file = tempfile::Builder::new().suffix(".tar.gz").tempfile().unwrap();
        let mut builder = Builder::new(GzEncoder::new(file.reopen().unwrap(), Compression::fast()));
        for (name, kind, text) in entries {
            let mut header = Header::new_gnu();
            // Names that a well-behaved writer would refuse.
            let field = &mut header.as_old_mut().name;
            field.iter_mut().zip(name.bytes()).for_each(|(slot, byte)| *slot = byte);
            header.set_entry_type(*kind);
            header.set_size(text.len() as u64);
            header.set_cksum();
            builder.append(&header, text.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap();
        file
    }

    #[test]
    fn files_are_known_by_their_names_below_the_root() {
        let file = packed(&[
            ("/a/policy.rego", EntryType::Regular, "package a"),
            ("./data.json", EntryType::Regular, "{}"),
            ("a", EntryType::Directory, ""),
        ]);
        let names: Vec<String> = read(file.path()).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a/policy.rego", "data.json"]);
    }

    #[test]
    fn what_leads_out_or_is_no_file_is_refused() {
        for entry in [
            ("../a.rego", EntryType::Regular, "x"),
            ("a/../../b", EntryType::Regular, "x"),
            ("a.rego", EntryType::Symlink, ""),
            ("a.rego", EntryType::Link, ""),
            ("a.rego", EntryType::Fifo, ""),
        ] {
            assert!(read(packed(&[entry]).path()).is_err(), "{entry:?}");
        }
        let twice = packed(&[("a", EntryType::Regular, "1"), ("/a", EntryType::Regular, "2")]);
        assert!(read(twice.path()).is_err());
    }

    #[test]
    fn what_is_no_archive_is_an_error() {
        let file = tempfile::Builder::new().suffix(".tgz").tempfile().unwrap();
        std::fs::write(file.path(), "no archive").unwrap();
        assert!(read(file.path()).is_err());
    }
}
