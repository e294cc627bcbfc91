//! Files that events are appended to directly: they outlive the process as soon as they are written, so that a file is its
//! own spool. Standard output is one of them.
//!
//! Deliberately absent: waiting. A pipe whose reader does not read is an error.

use meshgate_engine::Rotation;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is looked whether the file is still the one of that name.
const LOOK: Duration = Duration::from_secs(1);

/// A file that is appended to.
pub struct LogFile {
    path: PathBuf,
    file: Arc<File>,
    /// The last line in it is a part of one.
    broken: bool,
    bytes: u64,
    rotation: Option<Rotation>,
    /// What is written must be on the disk before it is answered for.
    durable: bool,
    looked: Instant,
    /// It is a socket, which is shared with others: it alone must not wait.
    socket: bool,
}

impl LogFile {
    /// Opens it. What a broken-off line left behind is ended.
    pub fn open(path: &Path, rotation: Option<Rotation>, durable: bool) -> io::Result<Self> {
        let file = append(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            broken: ends_within_a_line(path, bytes),
            file: Arc::new(file),
            bytes,
            rotation,
            durable,
            looked: Instant::now(),
            socket: false,
        })
    }

    /// Standard output: a file, a pipe, or a socket, as services have it whose output goes to a journal.
    pub fn stdout(durable: bool) -> io::Result<Self> {
        // Opened anew, it does not wait, and whoever else has it still does.
        if let Ok(opened) = Self::open(Path::new("/proc/self/fd/1"), None, durable) {
            return Ok(opened);
        }
        let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        #[cfg(unix)]
        let socket = std::os::unix::fs::FileTypeExt::is_socket(&file.metadata()?.file_type());
        #[cfg(not(unix))]
        let socket = false;
        Ok(Self {
            path: PathBuf::new(),
            file: Arc::new(file),
            broken: false,
            bytes: 0,
            rotation: None,
            durable,
            looked: Instant::now(),
            socket,
        })
    }

    fn put(&self, bytes: &[u8]) -> io::Result<()> {
        if !self.socket {
            return (&*self.file).write_all(bytes);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let flags = rustix::net::SendFlags::DONTWAIT | rustix::net::SendFlags::NOSIGNAL;
            let sent = rustix::net::send(&*self.file, rest, flags)?;
            rest = rest.get(sent..).unwrap_or_default();
        }
        Ok(())
    }

    /// The file, to have it written to the disk.
    pub fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Appends a line, which has its end.
    ///
    /// # Errors
    /// When it is not written, or only a part of it.
    pub fn write(&mut self, line: &str) -> io::Result<()> {
        self.keep_up()?;
        // What was written in part is no event, and must not spoil the one behind it.
        let written = if self.broken { self.put(["\n", line].concat().as_bytes()) } else { self.put(line.as_bytes()) };
        self.broken = written.is_err();
        self.bytes += line.len() as u64;
        written
    }

    /// Begins another file when this one is full, or was moved away by somebody else.
    fn keep_up(&mut self) -> io::Result<()> {
        let full = self.rotation.filter(|rotation| self.bytes >= rotation.bytes_max());
        if full.is_none() && self.looked.elapsed() < LOOK {
            return Ok(());
        }
        self.looked = Instant::now();
        let mine = self.file.metadata()?;
        if !mine.is_file() {
            return Ok(());
        }
        // What somebody else has moved away is not there to be numbered.
        if !std::fs::metadata(&self.path).is_ok_and(|there| same(&mine, &there)) {
            return self.reopen();
        }
        if let Some(rotation) = full {
            rotate(&self.path, rotation.keep())?;
            return self.reopen();
        }
        Ok(())
    }

    fn reopen(&mut self) -> io::Result<()> {
        if self.durable {
            self.file.sync_data()?;
        }
        let file = append(&self.path)?;
        self.bytes = file.metadata()?.len();
        self.file = Arc::new(file);
        self.broken = ends_within_a_line(&self.path, self.bytes);
        Ok(())
    }
}

#[cfg(unix)]
fn same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn same(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// `name` becomes `name.1`, that becomes `name.2`, up to so many.
fn rotate(path: &Path, keep: usize) -> io::Result<()> {
    let numbered = |number: usize| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    for number in (1..keep.max(1)).rev() {
        match std::fs::rename(numbered(number), numbered(number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    std::fs::rename(path, numbered(1))
}

/// Was the process that wrote last stopped in the middle of a line?
fn ends_within_a_line(path: &Path, bytes: u64) -> bool {
    use std::io::{Read, Seek, SeekFrom};
    if bytes == 0 || !path.is_file() {
        return false;
    }
    let mut last = [b'\n'];
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(bytes - 1))?;
        file.read_exact(&mut last)
    });
    read.is_ok() && last != *b"\n"
}

/// Opens what is appended to. A pipe whose reader does not read is an error, and no wait: the thread that writes has
/// connections to look after.
fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
        // Decisions say who asked for what.
        options.custom_flags(flags).mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_files_are_numbered_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.jsonl");
        let mut file = LogFile::open(&path, Some(Rotation { max_mib: 1, keep: Some(2) }), false).unwrap();
        let line = "x".repeat(600 << 10);
        for number in 0..8 {
            file.write(&format!("{number}{line}\n")).unwrap();
        }
        let first = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap().chars().next();
        assert_eq!((first("d.jsonl"), first("d.jsonl.1"), first("d.jsonl.2")), (Some('6'), Some('4'), Some('2')));
        assert!(!folder.path().join("d.jsonl.3").exists());
    }

    #[test]
    fn a_line_that_was_broken_off_spoils_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.jsonl");
        std::fs::write(&path, "{\"whole\":1}\n{\"half").unwrap();
        LogFile::open(&path, None, false).unwrap().write("{\"next\":2}\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"whole\":1}\n{\"half\n{\"next\":2}\n");
    }

    #[test]
    fn a_full_file_that_was_moved_away_numbers_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.jsonl");
        let mut file = LogFile::open(&path, Some(Rotation { max_mib: 1, keep: Some(3) }), false).unwrap();
        std::fs::write(folder.path().join("d.jsonl.1"), "before").unwrap();
        file.write(&format!("{}\n", "x".repeat(2 << 20))).unwrap();
        std::fs::rename(&path, folder.path().join("moved")).unwrap();
        for _ in 0..3 {
            file.write("next\n").unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "next\nnext\nnext\n");
        assert_eq!(std::fs::read_to_string(folder.path().join("d.jsonl.1")).unwrap(), "before");
    }

    #[test]
    fn a_file_that_was_moved_away_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.jsonl");
        let mut file = LogFile::open(&path, None, false).unwrap();
        file.write("1\n").unwrap();
        std::fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        std::thread::sleep(LOOK);
        file.write("2\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "2\n");
    }
}
