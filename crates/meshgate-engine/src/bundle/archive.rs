//! Bundles in one file: `.tar.gz`, `.tgz` or `.tar`, as `opa build` writes them. They are read into memory and never
//! unpacked onto a disk.
//!
//! Deliberately absent: links and devices, which no bundle needs: an archive that has one is refused.

use super::Bounds;
use crate::engine::EngineError;
use crate::reading;
use flate2::read::MultiGzDecoder;
use std::io::{BufReader, Read};
use std::path::{Component, Path};
use tar::{Archive, EntryType};

/// Bytes of a block.
const BLOCK: usize = 512;

/// Is it the name of an archive?
pub fn is_one(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    [".tar.gz", ".tgz", ".tar"].iter().any(|end| name.ends_with(end))
}

/// The files that are wanted, by their names below the archive's root, in order. All count against the bounds: an archive of
/// a few bytes may hold any number of zeros.
pub fn read(path: &Path, bounds: &Bounds, wanted: fn(&str) -> bool) -> Result<Vec<(String, Vec<u8>)>, EngineError> {
    let refuse = |message: String| EngineError::new(path.display(), message);
    let file = BufReader::new(reading::open(path).map_err(|error| refuse(error.to_string()))?);
    let packed = path.extension().is_some_and(|extension| extension != "tar");
    let bytes: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    // Each file has a head of one block, and ends with one.
    let most = (bounds.bytes_max + bounds.files_max * 2 * BLOCK) as u64;
    let mut archive = Archive::new(bytes.take(most));
    let wrong = |error: std::io::Error| refuse(format!("is no archive: {error}"));
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let (mut left, mut entries) = (bounds.bytes_max as u64, 0_usize);
    for entry in archive.entries().map_err(wrong)? {
        let mut entry = entry.map_err(wrong)?;
        let kind = entry.header().entry_type();
        entries += 1;
        if entries > bounds.files_max {
            return Err(refuse(format!("holds more than {} files", bounds.files_max)));
        }
        if matches!(kind, EntryType::Directory | EntryType::XGlobalHeader) {
            continue;
        }
        let name =
            name(&entry.path().map_err(wrong)?).ok_or_else(|| refuse("has a file outside of itself".to_owned()))?;
        if !matches!(kind, EntryType::Regular | EntryType::Continuous) {
            return Err(refuse(format!("has `{name}`, which is no regular file")));
        }
        // What its head says is known before anything of it is unpacked.
        let size = entry.size();
        left = left
            .checked_sub(size)
            .ok_or_else(|| refuse(format!("holds more than {} bytes once it is unpacked", bounds.bytes_max)))?;
        if !wanted(&name) {
            continue;
        }
        if size > bounds.file_bytes_max as u64 {
            return Err(refuse(format!("has `{name}`, which has more than {} bytes", bounds.file_bytes_max)));
        }
        let mut bytes = Vec::new();
        entry.by_ref().take(size).read_to_end(&mut bytes).map_err(wrong)?;
        files.push((name, bytes));
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

    fn all(path: &Path) -> Result<Vec<(String, Vec<u8>)>, EngineError> {
        read(path, &Bounds::TREE, |_| true)
    }

    #[test]
    fn what_is_large_once_it_is_unpacked_is_refused_by_its_head() {
        let file = tempfile::Builder::new().suffix(".tar.gz").tempfile().unwrap();
        let mut builder = Builder::new(GzEncoder::new(file.reopen().unwrap(), Compression::fast()));
        let mut header = Header::new_gnu();
        header.set_path("x.bin").unwrap();
        header.set_size(80 << 20);
        header.set_cksum();
        builder.append(&header, std::io::repeat(0).take(80 << 20)).unwrap();
        builder.into_inner().unwrap().finish().unwrap();
        // It counts whether or not anybody wants it.
        let error = read(file.path(), &Bounds::TREE, |_| false).unwrap_err();
        assert!(error.message.contains("once it is unpacked"), "{error}");
        assert!(read(file.path(), &Bounds::ROOT, |_| false).unwrap().is_empty());
    }

    #[test]
    fn files_are_known_by_their_names_below_the_root() {
        let file = packed(&[
            ("/a/policy.rego", EntryType::Regular, "package a"),
            ("./data.json", EntryType::Regular, "{}"),
            ("a", EntryType::Directory, ""),
        ]);
        let names: Vec<String> = all(file.path()).unwrap().into_iter().map(|(name, _)| name).collect();
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
            assert!(all(packed(&[entry]).path()).is_err(), "{entry:?}");
        }
        let twice = packed(&[("a", EntryType::Regular, "1"), ("/a", EntryType::Regular, "2")]);
        assert!(all(twice.path()).is_err());
    }

    #[test]
    fn what_is_no_archive_is_an_error() {
        let file = tempfile::Builder::new().suffix(".tgz").tempfile().unwrap();
        std::fs::write(file.path(), "no archive").unwrap();
        assert!(all(file.path()).is_err());
    }
}
