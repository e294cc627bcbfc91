//! The files that an engine was made of, and whether they have changed: names, sizes, times and numbers, not contents.
//!
//! Deliberately absent: descriptors and what they refer to, which are looked after one by one; see `served`.

use crate::config::{CONFIG_FILE, Config};
use crate::engine::Additions;
use std::fs::Metadata;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// Files and folders that a root configuration and its additions lead to.
pub fn of(root: &Config, lower: Option<&Config>, additions: &Additions) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    for config in [Some(root), lower].into_iter().flatten() {
        let below = |path: &PathBuf| config.folder.join(path);
        if config.source.is_some() {
            all.push(config.source.as_ref().map_or_else(PathBuf::new, |source| PathBuf::from(&source.name)));
            all.push(config.folder.join(CONFIG_FILE));
        }
        all.extend(config.bundles.iter().map(|bundle| below(&bundle.path)));
        all.extend(config.plugins.iter().map(|plugin| below(&plugin.path)));
        all.extend(config.server.mask_keys.values().map(|key| below(&key.file)));
        all.extend(config.waiver_files.iter().map(below));
        all.extend(config.baseline.iter().map(below));
    }
    all.extend(additions.bundles.iter().chain(&additions.policies).chain(&additions.plugins).cloned());
    all.sort_unstable();
    all.dedup();
    all
}

/// What these files and folders are like now. Two that are alike have not changed in between.
#[must_use]
pub fn fingerprint_of(paths: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        note(path, &mut hasher, 0);
    }
    hasher.finish()
}

/// Folders within folders that are looked into.
const DEPTH_MAX: usize = 64;

fn note(path: &Path, hasher: &mut impl Hasher, depth: usize) {
    path.hash(hasher);
    let Ok(metadata) = std::fs::metadata(path) else { return false.hash(hasher) };
    if !metadata.is_dir() {
        return mark(&metadata, hasher);
    }
    let Ok(entries) = std::fs::read_dir(path) else { return false.hash(hasher) };
    let mut names: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    names.sort_unstable();
    for name in names {
        // What a ConfigMap's links lead to is seen by way of them.
        let hidden = name.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".."));
        if !hidden && depth < DEPTH_MAX {
            note(&name, hasher, depth + 1);
        }
    }
}

fn mark(metadata: &Metadata, hasher: &mut impl Hasher) {
    metadata.len().hash(hasher);
    metadata.modified().ok().hash(hasher);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (metadata.ino(), metadata.dev(), metadata.ctime_nsec(), metadata.ctime()).hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_changes_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().to_owned()];
        let mut seen = vec![fingerprint_of(&paths)];
        let steps: [&dyn Fn(); 5] = [
            &|| std::fs::write(folder.path().join("a.rego"), "1").unwrap(),
            &|| std::fs::write(folder.path().join("a.rego"), "2").unwrap(),
            &|| std::fs::create_dir(folder.path().join("b")).unwrap(),
            &|| std::fs::write(folder.path().join("b/data.json"), "{}").unwrap(),
            &|| std::fs::remove_file(folder.path().join("a.rego")).unwrap(),
        ];
        for step in steps {
            std::thread::sleep(std::time::Duration::from_millis(15));
            step();
            let now = fingerprint_of(&paths);
            assert_eq!(now, fingerprint_of(&paths));
            assert!(!seen.contains(&now));
            seen.push(now);
        }
    }
}
