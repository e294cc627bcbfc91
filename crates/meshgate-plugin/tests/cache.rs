//! The cache of compiled code: used when it is ours alone, never otherwise, and never believed when it is broken.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]
#![cfg(unix)]

mod support;

use meshgate_core::evaluate::Evaluator;
use meshgate_plugin::{CodeCache, Grants, Host, HostSettings};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use support::{component, input, load};

fn host(cache: &Path) -> Host {
    let cache = Some(CodeCache::open(cache).unwrap());
    Host::new(HostSettings { cache, ..HostSettings::default() }).unwrap()
}

fn works(host: &Host) {
    let plugin = load(host, &component("healthy"), "{}", Grants::default()).unwrap();
    assert_eq!(plugin.evaluate(&input()).remarks.len(), 1);
}

fn files(folder: &Path) -> BTreeMap<String, PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path())).collect()
}

fn code(folder: &Path) -> PathBuf {
    files(folder).into_values().find(|path| path.extension().is_some_and(|e| e == "cwasm")).unwrap()
}

fn refused(folder: &Path) -> String {
    CodeCache::open(folder).unwrap_err().to_string()
}

#[test]
fn code_and_description_are_kept_once() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("deep/er");
    works(&host(&folder));
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    let first = files(&folder);
    assert_eq!(first.len(), 2, "{first:?}");
    let written = fs::metadata(code(&folder)).unwrap().ino();
    works(&host(&folder));
    assert_eq!(files(&folder), first);
    assert_eq!(fs::metadata(code(&folder)).unwrap().ino(), written, "it was read, not written again");
}

#[test]
fn a_kept_description_is_what_is_used() {
    // Seen from outside: a description that was changed in the (own) folder is what the plugin is then called.
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    works(&host(&folder));
    let description = files(&folder).into_values().find(|path| path.extension().is_some_and(|e| e == "json")).unwrap();
    let text = fs::read_to_string(&description).unwrap();
    fs::write(&description, text.replace("\"0.1.0\"", "\"9.9.9\"")).unwrap();
    let plugin = load(&host(&folder), &component("healthy"), "{}", Grants::default()).unwrap();
    assert_eq!(plugin.version(), "9.9.9");
    fs::write(&description, "{").unwrap();
    let plugin = load(&host(&folder), &component("healthy"), "{}", Grants::default()).unwrap();
    assert_eq!(plugin.version(), "0.1.0", "one that is broken is asked for again");
}

#[test]
fn folders_that_others_may_enter_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    fs::create_dir(&folder).unwrap();
    for mode in [0o755, 0o770, 0o701, 0o720] {
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        let said = refused(&folder);
        assert!(said.contains(&format!("has the mode {mode:04o}")) && said.contains("chmod 700"), "{said}");
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(CodeCache::open(&folder).is_ok());
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(refused(&file).contains("cannot be"));
}

#[test]
fn folders_of_others_are_refused() {
    // Only root can make one.
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    if std::os::unix::fs::chown(&folder, Some(65534), None).is_err() {
        eprintln!("skipped: no right to give a folder away");
        return;
    }
    assert!(refused(&folder).contains("belongs to another user"));
}

#[test]
fn broken_code_is_compiled_again() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    works(&host(&folder));
    let path = code(&folder);
    let whole = fs::read(&path).unwrap();
    for broken in [&b""[..], b"garbage", &whole[..100], &whole[..whole.len() / 2]] {
        fs::remove_file(&path).unwrap();
        fs::write(&path, broken).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        works(&host(&folder));
        assert_eq!(fs::metadata(&path).unwrap().len(), whole.len() as u64, "the whole was written in its place");
    }
}

#[test]
fn code_that_others_could_have_written_is_not_run() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    works(&host(&folder));
    let path = code(&folder);
    let whole = fs::read(&path).unwrap();
    // Writable by others: compiled again, and replaced by a file that is not.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    works(&host(&folder));
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    // A link, even to good code, is not followed; it is replaced.
    let elsewhere = root.path().join("elsewhere.cwasm");
    fs::write(&elsewhere, &whole).unwrap();
    fs::remove_file(&path).unwrap();
    symlink(&elsewhere, &path).unwrap();
    works(&host(&folder));
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
}

#[test]
fn many_hosts_share_a_folder() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| works(&host(&folder)));
        }
    });
    let names = files(&folder);
    assert_eq!(names.len(), 2, "nothing unfinished is left: {names:?}");
}

#[test]
fn what_is_not_the_caches_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(100 * 24 * 3600);
    let file = |name: &str, length: u64| {
        let file = fs::File::create(folder.join(name)).unwrap();
        file.set_len(length).unwrap();
        file.set_modified(old).unwrap();
    };
    let kept = format!("{}-{}.cwasm", "a".repeat(64), "b".repeat(16));
    for (name, length) in [("thesis.txt", 7), ("draft.new", 7), ("backup.iso", 3 << 30), (kept.as_str(), 2 << 30)] {
        file(name, length);
    }
    file(&format!(".{}.new", "c".repeat(32)), 7);
    works(&host(&folder));
    let names = files(&folder);
    for name in ["thesis.txt", "draft.new", "backup.iso"] {
        assert!(names.contains_key(name), "{name} was somebody's");
    }
    assert!(!names.contains_key(&kept), "what is too much goes");
    assert_eq!(names.len(), 5, "and what nobody finishes: {names:?}");
}

#[test]
fn a_link_to_a_folder_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let (folder, link) = (root.path().join("own"), root.path().join("link"));
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    symlink(&folder, &link).unwrap();
    assert!(refused(&link).contains("it is a link"));
}
