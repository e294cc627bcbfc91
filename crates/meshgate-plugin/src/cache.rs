//! Compiled code on disk: what took seconds to compile is mapped into memory in a millisecond.
//!
//! Loading it runs it as native code, so it comes only from a folder that this user owns and nobody else may enter. That is
//! looked at once, on the opened folder; everything afterwards goes through that handle.
//!
//! Deliberately absent: a cache where ownership cannot be told (no Unix). Trust in content: a file of another version,
//! machine or setting has another name, and wasmtime looks again.

use crate::compile::hex;
use crate::describe::Description;
use cap_std::fs::{Dir, OpenOptions};
use sha2::{Digest, Sha256};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use thiserror::Error;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Bytes that the folder may hold; the files that were used longest ago go first.
const BYTES_MAX: u64 = 1 << 30;
/// After this long an unfinished file has no writer any more.
const ABANDONED: Duration = Duration::from_secs(3600);
/// A file's time says when it was last used, this exactly.
const USED: Duration = Duration::from_secs(24 * 3600);
/// Bytes of a description.
const DESCRIPTION_BYTES_MAX: u64 = 4 << 20;

/// The folder cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}: {message}", path.display())]
pub struct CacheError {
    /// The folder.
    pub path: PathBuf,
    /// Why, and what to do.
    pub message: String,
}

/// The cache. Cloning shares it; processes share the folder.
#[derive(Debug, Clone)]
pub struct CodeCache {
    dir: Arc<Dir>,
}

/// What a component is called in the cache.
#[derive(Debug, Clone)]
pub struct Key(String);

impl Key {
    /// The digest of the component, and of everything that decides what it compiles to: wasmtime's version, the target, the
    /// settings.
    pub fn new(engine: &Engine, digest: &str) -> Self {
        struct Fingerprint(Sha256);
        impl Hasher for Fingerprint {
            fn write(&mut self, bytes: &[u8]) {
                self.0.update(bytes);
            }
            fn finish(&self) -> u64 {
                0
            }
        }
        let mut fingerprint = Fingerprint(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut fingerprint);
        let settings: Vec<u8> = fingerprint.0.finalize().iter().take(8).copied().collect();
        Self(format!("{digest}-{}", hex(&settings)))
    }
}

impl CodeCache {
    /// Opens a folder, making it when it is not there.
    ///
    /// # Errors
    /// [`CacheError`]: it cannot be made, is somebody else's, or others may enter it.
    pub fn open(path: &Path) -> Result<Self, CacheError> {
        let refuse = |message: String| CacheError { path: path.to_owned(), message };
        make(path).map_err(|error| refuse(format!("cannot be used: {error}")))?;
        let dir = Dir::open_ambient_dir(path, cap_std::ambient_authority())
            .map_err(|error| refuse(format!("cannot be opened: {error}")))?;
        private(&dir).map_err(refuse)?;
        Ok(Self { dir: Arc::new(dir) })
    }

    /// Returns what a component was compiled to, if that is here and whole.
    pub fn code(&self, engine: &Engine, key: &Key) -> Option<Component> {
        let file = self.file(&format!("{}.cwasm", key.0))?;
        mapped(engine, file)
    }

    /// Keeps what a component was compiled to. A failure is no harm: it is compiled again.
    pub fn keep_code(&self, key: &Key, component: &Component) {
        if let Ok(code) = component.serialize() {
            drop(self.write(&format!("{}.cwasm", key.0), &code));
            drop(self.prune());
        }
    }

    /// Returns what a component said of itself.
    pub fn description(&self, key: &Key) -> Option<Description> {
        let mut text = String::new();
        let file = self.file(&format!("{}.json", key.0))?;
        file.take(DESCRIPTION_BYTES_MAX).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Keeps what a component said of itself.
    pub fn keep_description(&self, key: &Key, description: &Description) {
        if let Ok(text) = serde_json::to_vec(description) {
            drop(self.write(&format!("{}.json", key.0), &text));
        }
    }

    fn file(&self, name: &str) -> Option<std::fs::File> {
        let file = open_own(&self.dir, name)?;
        // Its time is when it was last used, but it is not written at every use.
        let modified = file.metadata().ok()?.modified().ok()?;
        if modified.elapsed().is_ok_and(|ago| ago > USED) {
            drop(file.set_modified(SystemTime::now()));
        }
        Some(file)
    }

    /// Writes a file as a whole or not at all, whoever else writes it.
    fn write(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(std::io::Error::other)?;
        // Nobody else writes this name, on whatever machine or in whatever container they share the folder.
        let unfinished = format!(".{}.new", hex(&random));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        cap_std::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = self.dir.open_with(&unfinished, &options)?;
        let written = file.write_all(bytes).and_then(|()| {
            // A name must not outlive a power cut that its content did not.
            file.sync_all()?;
            self.dir.rename(&unfinished, &self.dir, name)
        });
        written.inspect_err(|_| drop(self.dir.remove_file(&unfinished)))
    }

    /// Makes room.
    fn prune(&self) -> std::io::Result<()> {
        let mut files = Vec::new();
        for entry in self.dir.entries()? {
            let entry = entry?;
            let about = entry.metadata()?;
            let (Ok(name), Ok(modified)) = (entry.file_name().into_string(), about.modified()) else { continue };
            let ago = modified.into_std().elapsed().unwrap_or_default();
            // What else somebody keeps in the folder is theirs.
            match own(&name) {
                Some(Own::Unfinished) if ago > ABANDONED => drop(self.dir.remove_file(&name)),
                Some(Own::Kept) if about.is_file() => files.push((ago, about.len(), name)),
                _ => {}
            }
        }
        files.sort_unstable();
        let mut total: u64 = 0;
        for (_, length, name) in files {
            total = total.saturating_add(length);
            if total > BYTES_MAX {
                drop(self.dir.remove_file(&name));
            }
        }
        Ok(())
    }
}

/// A file that the cache itself has written, by its name.
enum Own {
    Kept,
    Unfinished,
}

fn own(name: &str) -> Option<Own> {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(random) = name.strip_prefix('.').and_then(|name| name.strip_suffix(".new")) {
        return digits(random, 32).then_some(Own::Unfinished);
    }
    let stem = name.strip_suffix(".cwasm").or_else(|| name.strip_suffix(".json"))?;
    let (digest, settings) = stem.split_once('-')?;
    (digits(digest, 64) && digits(settings, 16)).then_some(Own::Kept)
}

#[cfg(unix)]
fn make(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    // A link that somebody else put here would lead into another folder of this user's.
    if path.is_symlink() {
        return Err(std::io::Error::other("it is a link; name the folder itself"));
    }
    if path.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make(_: &Path) -> std::io::Result<()> {
    Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "who may write a folder cannot be told on this system"))
}

#[cfg(unix)]
fn private(dir: &Dir) -> Result<(), String> {
    use cap_std::fs::MetadataExt;
    let about = dir.dir_metadata().map_err(|error| format!("cannot be looked at: {error}"))?;
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Err("belongs to another user; compiled code is only taken from a folder of your own".to_owned());
    }
    match about.mode() & 0o7777 {
        mode if mode & 0o077 == 0 => Ok(()),
        mode => Err(format!("has the mode {mode:04o}, so others may enter it; `chmod 700` it, or name another folder")),
    }
}

#[cfg(not(unix))]
fn private(_: &Dir) -> Result<(), String> {
    Err("who may write it cannot be told on this system".to_owned())
}

/// Opens a file of this user's that nobody else could have written, and no link.
#[cfg(unix)]
fn open_own(dir: &Dir, name: &str) -> Option<std::fs::File> {
    use cap_std::fs::OpenOptionsExt;
    use std::os::unix::fs::MetadataExt;
    let mut options = OpenOptions::new();
    options.read(true);
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    options.custom_flags(i32::try_from(flags.bits()).ok()?);
    let file = dir.open_with(name, &options).ok()?.into_std();
    let about = file.metadata().ok()?;
    let own = about.uid() == rustix::process::geteuid().as_raw() && about.mode() & 0o022 == 0;
    (about.is_file() && own).then_some(file)
}

#[cfg(not(unix))]
fn open_own(_: &Dir, _: &str) -> Option<std::fs::File> {
    None
}

/// Maps compiled code into memory, to be run.
#[expect(
    unsafe_code,
    reason = "wasmtime trusts compiled code: it is read from a file of a folder that only this user may enter"
)]
fn mapped(engine: &Engine, file: std::fs::File) -> Option<Component> {
    // By the handle that was looked at, not by a name that may lead elsewhere meanwhile.
    #[cfg(target_os = "linux")]
    {
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
        if Path::new(&path).exists() {
            // SAFETY: `CodeCache::keep_code` alone writes these files, from `Component::serialize`; `private` and `open_own`
            // have seen that nobody but this user could.
            return unsafe { Component::deserialize_file(engine, path) }.ok();
        }
    }
    let mut file = file;
    let mut code = Vec::new();
    file.read_to_end(&mut code).ok()?;
    // SAFETY: as above.
    unsafe { Component::deserialize(engine, code) }.ok()
}
