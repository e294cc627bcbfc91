//! A revision of git, through the `git` command: the list of its files, and their bytes.
//!
//! Deliberately absent: the work tree and the index; and anything that a repository could make git run (hooks, filters,
//! external diffs): blobs are read as they are stored.

use crate::discover::gitignore::{NAME, PATTERNS_MAX, Patterns};
use crate::sources::{name as shown_name, tidy};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// A revision.
pub struct Git {
    top: PathBuf,
    commit: String,
    /// Object ids by path in the repository.
    blobs: HashMap<String, String>,
    reader: Mutex<Option<Reader>>,
}

/// A running `git cat-file --batch`.
struct Reader {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Git {
    /// Opens a revision of the repository that the paths lie in.
    pub fn open(revision: &str, paths: &[PathBuf]) -> Result<Self, String> {
        if revision.starts_with('-') {
            return Err("a revision does not begin with `-`".to_owned());
        }
        let folder = |path: &PathBuf| {
            let real = std::fs::canonicalize(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let folder = if real.is_dir() { Some(real) } else { real.parent().map(Path::to_owned) };
            folder.ok_or_else(|| format!("{} lies nowhere", path.display()))
        };
        let mut tops = Vec::new();
        for path in paths {
            let top = text(&folder(path)?, &["rev-parse", "--show-toplevel"])?;
            tops.push(std::fs::canonicalize(top.trim_end_matches('\n')).map_err(|error| error.to_string())?);
        }
        tops.dedup();
        let [top] = tops.as_slice() else { return Err("the paths lie in several repositories".to_owned()) };
        let named = ["refs/tags/", "refs/heads/", "refs/remotes/"].iter().map(|kind| format!("{kind}{revision}"));
        let exists = |name: &String| text(top, &["rev-parse", "--verify", "--quiet", "--end-of-options", name]).is_ok();
        let named: Vec<String> = named.filter(exists).collect();
        if let [first, second, ..] = named.as_slice() {
            return Err(format!("there are {first} and {second}: name one of them in full"));
        }
        let wanted = format!("{revision}^{{commit}}");
        let commit = text(top, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])
            .map_err(|_| format!("there is no revision `{revision}` here; if it is another branch, fetch it first"))?
            .trim()
            .to_owned();
        let listed = bytes(top, &["ls-tree", "-r", "-z", "--full-tree", &commit])?;
        let mut blobs = HashMap::new();
        for entry in listed.split(|byte| *byte == 0) {
            let entry = String::from_utf8_lossy(entry);
            let Some((head, path)) = entry.split_once('\t') else { continue };
            let mut words = head.split(' ');
            // Links and submodules are no files.
            if let (Some(mode), Some("blob"), Some(id)) = (words.next(), words.next(), words.next())
                && mode.starts_with("100")
            {
                blobs.insert(path.to_owned(), id.to_owned());
            }
        }
        Ok(Self { top: top.clone(), commit, blobs, reader: Mutex::new(None) })
    }

    /// The beginning of the commit's id.
    pub fn short(&self) -> &str {
        self.commit.get(..12).unwrap_or(&self.commit)
    }

    /// The path in the repository of a file of today, which need not be there any more.
    pub fn path(&self, name: &Path) -> Option<String> {
        let absolute = tidy(&std::path::absolute(name).ok()?);
        // The nearest folder that is there tells where links lead.
        let there = absolute.ancestors().find(|folder| folder.exists())?;
        let real = std::fs::canonicalize(there).ok()?.join(absolute.strip_prefix(there).ok()?);
        Some(shown_name(real.strip_prefix(&self.top).ok()?))
    }

    /// Names of the YAML and JSON files at and below a path of the run.
    pub fn names(&self, path: &Path) -> Vec<String> {
        let Some(own) = self.path(path) else { return Vec::new() };
        let below = if own.is_empty() { String::new() } else { format!("{own}/") };
        let mut names: Vec<String> = self
            .blobs
            .keys()
            .filter(|blob| {
                let extension = blob.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
                matches!(extension.as_deref(), Some("yaml" | "yml" | "json"))
            })
            .filter_map(|blob| match blob.strip_prefix(&below) {
                Some(rest) => Some(shown_name(&tidy(&path.join(rest)))),
                None => (*blob == own).then(|| shown_name(&tidy(path))),
            })
            .collect();
        names.sort();
        let ignores = self.ignores();
        // What was ignored then was judged by nobody, whether or not git kept it.
        names.retain(|name| self.path(Path::new(name)).is_none_or(|path| !is_ignored(&path, &ignores)));
        names
    }

    /// The `.gitignore` files, by their folders, those further up first.
    fn ignores(&self) -> Vec<(String, Option<Patterns>)> {
        let folder =
            |blob: &str| blob.strip_suffix(NAME).filter(|at| at.is_empty() || at.ends_with('/')).map(str::to_owned);
        let mut files: Vec<(String, &String)> =
            self.blobs.iter().filter_map(|(blob, id)| Some((folder(blob)?, id))).collect();
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let mut left = PATTERNS_MAX;
        let mut of = |id: &String| {
            let patterns = Patterns::parse(Path::new(""), &self.blob(id).ok()?, left).ok()?;
            left -= patterns.count;
            Some(patterns)
        };
        files.into_iter().map(|(folder, id)| (folder, of(id))).collect()
    }

    /// How many files there are below a folder.
    pub fn count(&self, folder: &Path) -> usize {
        let Some(own) = self.path(folder) else { return 0 };
        let below = if own.is_empty() { own } else { format!("{own}/") };
        self.blobs.keys().filter(|blob| blob.starts_with(&below)).count()
    }

    /// Reads a file.
    pub fn read(&self, name: &Path) -> std::io::Result<Option<Vec<u8>>> {
        match self.path(name).and_then(|path| self.blobs.get(&path)) {
            Some(id) => self.blob(id).map(Some),
            None => Ok(None),
        }
    }

    fn blob(&self, id: &str) -> std::io::Result<Vec<u8>> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if reader.is_none() {
            *reader = Some(Reader::start(&self.top)?);
        }
        let read = match reader.as_mut() {
            Some(reader) => reader.read(id),
            None => return Err(std::io::Error::other("git does not run")),
        };
        if read.is_err() {
            // What is left in the pipe is nobody's.
            *reader = None;
        }
        read
    }

    /// Is this the content of a file then?
    pub fn is_same(&self, name: &Path, bytes: &[u8]) -> bool {
        let Some(id) = self.path(name).and_then(|path| self.blobs.get(&path)) else { return false };
        let head = format!("blob {}\0", bytes.len());
        let own = if id.len() == 64 {
            crate::bundle::hex(&Sha256::new().chain_update(head.as_bytes()).chain_update(bytes).finalize())
        } else {
            crate::bundle::hex(&Sha1::new().chain_update(head.as_bytes()).chain_update(bytes).finalize())
        };
        own == *id
    }
}

/// Is a path ignored? What stands deeper counts more, and so does what stands later.
fn is_ignored(path: &str, ignores: &[(String, Option<Patterns>)]) -> bool {
    ignores.iter().fold(false, |ignored, (folder, patterns)| {
        let Some(below) = path.strip_prefix(folder.as_str()) else { return ignored };
        // Where they are too many, nobody knows what was judged: then nothing was.
        let Some(patterns) = patterns else { return true };
        patterns.says_on_the_way(below).unwrap_or(ignored)
    })
}

impl Reader {
    fn start(top: &Path) -> std::io::Result<Self> {
        let mut child = command(top, &["cat-file", "--batch"]).stdin(Stdio::piped()).spawn()?;
        let (ask, answers) = (child.stdin.take(), child.stdout.take());
        let (Some(ask), Some(answers)) = (ask, answers) else { return Err(std::io::Error::other("git has no pipes")) };
        Ok(Self { child, ask, answers: BufReader::new(answers) })
    }

    fn read(&mut self, id: &str) -> std::io::Result<Vec<u8>> {
        writeln!(self.ask, "{id}")?;
        self.ask.flush()?;
        let mut head = String::new();
        self.answers.read_line(&mut head)?;
        let size = head.trim().rsplit_once(' ').and_then(|(_, size)| size.parse::<usize>().ok());
        let size = size.filter(|size| *size <= super::FILE_BYTES_MAX);
        let size = size.ok_or_else(|| std::io::Error::other(format!("git answered `{}`", head.trim())))?;
        let mut bytes = vec![0; size + 1];
        self.answers.read_exact(&mut bytes)?;
        bytes.truncate(size);
        Ok(bytes)
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    // What the tree or its configuration says must not make git run anything.
    command.arg("-C").arg(folder).args(["--no-optional-locks", "--no-replace-objects", "--no-pager"]);
    // A folder of the tree may be made to look like a repository, with a configuration of its own; objects that are not
    // there may be asked for from a remote, by a command that the configuration names.
    for setting in ["core.fsmonitor=false", "safe.bareRepository=explicit", "protocol.allow=never"] {
        command.args(["-c", setting]);
    }
    command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0").env("GIT_ALLOW_PROTOCOL", "none");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn bytes(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = command(folder, arguments).output().map_err(|error| format!("git cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().next().unwrap_or("git failed").trim_start_matches("fatal: ").to_owned())
}

fn text(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    String::from_utf8(bytes(folder, arguments)?).map_err(|_| "git answered with what is no text".to_owned())
}
