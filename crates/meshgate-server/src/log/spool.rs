//! The spool: a bounded folder of files that events are appended to before their answers leave, until a sink over the
//! network has taken them. What is in it outlives the process; a sink that is down loses nothing.
//!
//! Deliberately absent: sending; see `upload`.

use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A file of the spool is ended at so many bytes, so that room is given back as it is sent.
const SEGMENT_BYTES: u64 = 8 << 20;
/// Where sending stands.
const CURSOR: &str = "cursor";

/// Where the next event to send lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    segment: u64,
    offset: u64,
}

struct Writing {
    segment: u64,
    file: Arc<File>,
    /// Bytes in it that are whole lines.
    bytes: u64,
    /// Bytes in all files.
    total: u64,
}

/// The folder, locked for this process.
pub struct Spool {
    folder: PathBuf,
    bytes_max: u64,
    segment_max: u64,
    /// What is written must be on the disk before it is answered for.
    durable: bool,
    writing: Mutex<Writing>,
    more: Condvar,
    cursor: Mutex<Cursor>,
    _lock: File,
}

/// Events that were taken from the spool to be sent.
pub struct Batch {
    /// Each a line of JSON without its end.
    pub lines: Vec<String>,
    /// Lines that are no whole event: the process ended while it wrote them, so that nobody was answered.
    pub torn: u64,
    next: Cursor,
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spool").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Spool {
    /// Opens a folder, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be written to, or another process has it.
    pub fn open(folder: &Path, bytes_max: u64, durable: bool) -> io::Result<Self> {
        private(folder)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| io::Error::new(io::ErrorKind::ResourceBusy, "another process uses this spool"))?;
        let segments = segments(folder)?;
        let total = segments.iter().map(|(_, bytes)| bytes).sum();
        let first = segments.first().map_or(1, |(number, _)| *number);
        // What was begun before is not added to: its last line may be a part of one.
        let segment = segments.last().map_or(1, |(number, _)| number + 1);
        let known = read_cursor(folder).filter(|cursor| cursor.segment >= first && cursor.segment <= segment);
        // A cursor is of a file that is there, or of the one behind the last.
        let fits = |cursor: &Cursor| match segments.iter().find(|(number, _)| *number == cursor.segment) {
            Some((_, bytes)) => cursor.offset <= *bytes,
            None => cursor.offset == 0,
        };
        let cursor = known.filter(fits).unwrap_or(Cursor { segment: first, offset: 0 });
        // What was sent, and could not be removed before the process ended.
        let mut total: u64 = total;
        for (number, bytes) in segments.iter().filter(|(number, _)| *number < cursor.segment) {
            fs::remove_file(folder.join(name(*number)))?;
            total -= bytes;
        }
        let file = Arc::new(begin(folder, segment)?);
        let segment_max = SEGMENT_BYTES.min(bytes_max / 4).max(1);
        Ok(Self {
            folder: folder.to_owned(),
            bytes_max,
            segment_max,
            durable,
            writing: Mutex::new(Writing { segment, file, bytes: 0, total }),
            more: Condvar::new(),
            cursor: Mutex::new(cursor),
            _lock: lock,
        })
    }

    /// The file that is written to, to have it written to the disk.
    pub fn file(&self) -> Arc<File> {
        Arc::clone(&self.writing.lock().unwrap_or_else(PoisonError::into_inner).file)
    }

    /// Bytes that wait, about.
    pub fn size(&self) -> u64 {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    /// Appends an event: a line, which has its end.
    ///
    /// # Errors
    /// The kind `StorageFull` when there is no room, and what the system says. Nothing of the event is left then.
    pub fn append(&self, line: &str) -> io::Result<()> {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = line.len() as u64;
        if writing.total + bytes > self.bytes_max {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the spool is full"));
        }
        if writing.bytes > 0 && writing.bytes + bytes > self.segment_max {
            let next = writing.segment + 1;
            if self.durable {
                writing.file.sync_data()?;
            }
            writing.file = Arc::new(begin(&self.folder, next)?);
            (writing.segment, writing.bytes) = (next, 0);
        }
        if let Err(error) = (&*writing.file).write_all(line.as_bytes()) {
            // A part of a line would be taken for the beginning of the next one.
            if writing.file.set_len(writing.bytes).is_err() {
                let next = writing.segment + 1;
                writing.file = Arc::new(begin(&self.folder, next)?);
                (writing.segment, writing.bytes) = (next, 0);
            }
            return Err(error);
        }
        writing.bytes += bytes;
        writing.total += bytes;
        drop(writing);
        self.more.notify_one();
        Ok(())
    }

    /// Waits until there is something to send, but not longer than this.
    pub fn wait(&self, most: Duration) {
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let cursor = *self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        if cursor.segment == writing.segment && cursor.offset >= writing.bytes {
            drop(self.more.wait_timeout(writing, most).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// The next events, as many as fit into so many bytes and so many lines; one at least.
    ///
    /// # Errors
    /// When the spool cannot be read.
    pub fn next(&self, bytes_max: u64, lines_max: usize) -> io::Result<Option<Batch>> {
        loop {
            let cursor = *self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
            let (current, end) = {
                let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
                (writing.segment, (cursor.segment == writing.segment).then_some(writing.bytes))
            };
            let batch = self.read(cursor, end, bytes_max, lines_max)?;
            if let Some(batch) = batch {
                return Ok(Some(batch));
            }
            if cursor.segment >= current {
                return Ok(None);
            }
            // All of that file was sent. A cursor that cannot be written keeps nothing back: `done` tells of the next one.
            let _ = self.advance(Cursor { segment: cursor.segment + 1, offset: 0 });
        }
    }

    fn read(&self, from: Cursor, end: Option<u64>, bytes_max: u64, lines_max: usize) -> io::Result<Option<Batch>> {
        let mut file = match File::open(self.folder.join(name(from.segment))) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let end = match end {
            Some(end) => end,
            None => file.metadata()?.len(),
        };
        file.seek(SeekFrom::Start(from.offset))?;
        let mut most = bytes_max.max(1);
        loop {
            let left = end.saturating_sub(from.offset);
            if left == 0 {
                return Ok(None);
            }
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(from.offset))?;
            (&mut file).take(most.min(left)).read_to_end(&mut bytes)?;
            let mut batch = Batch { lines: Vec::new(), torn: 0, next: from };
            let mut rest = bytes.as_slice();
            while batch.lines.len() < lines_max
                && let Some(at) = rest.iter().position(|byte| *byte == b'\n')
            {
                let (line, behind) = rest.split_at(at);
                rest = behind.get(1..).unwrap_or_default();
                batch.next.offset += at as u64 + 1;
                match std::str::from_utf8(line) {
                    Ok(line) if serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok() => {
                        batch.lines.push(line.to_owned());
                    }
                    _ => batch.torn += 1,
                }
            }
            if batch.next != from {
                return Ok(Some(batch));
            }
            if most >= left {
                // What is left of a file that nobody writes to any more is a part of a line.
                batch.next.offset = end;
                batch.torn += 1;
                return Ok(Some(batch));
            }
            // One line is longer than what fits; it is sent alone.
            most = most.saturating_mul(2);
        }
    }

    /// Says that a batch was taken: it is not sent again.
    ///
    /// # Errors
    /// When that cannot be written down; it may be sent twice then.
    pub fn done(&self, batch: &Batch) -> io::Result<()> {
        self.advance(batch.next)
    }

    fn advance(&self, to: Cursor) -> io::Result<()> {
        *self.cursor.lock().unwrap_or_else(PoisonError::into_inner) = to;
        let written = self.write_cursor(to);
        // Where the cursor cannot be written, the disk is full as a rule. The files that were sent are removed all the same:
        // that makes room for the cursor, and a file that is gone cannot be sent twice.
        let removed = self.remove_sent(to);
        match written {
            Ok(()) => removed,
            Err(_) => removed.and_then(|()| self.write_cursor(to)),
        }
    }

    fn write_cursor(&self, to: Cursor) -> io::Result<()> {
        let fresh = self.folder.join("cursor.new");
        fs::write(&fresh, format!("{} {}\n", to.segment, to.offset))?;
        fs::rename(&fresh, self.folder.join(CURSOR))
    }

    /// Removes the files of which all was sent, whatever kept them before.
    fn remove_sent(&self, to: Cursor) -> io::Result<()> {
        let mut outcome = Ok(());
        for (segment, bytes) in segments(&self.folder)?.into_iter().filter(|(segment, _)| *segment < to.segment) {
            match fs::remove_file(self.folder.join(name(segment))) {
                Ok(()) => {
                    let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
                    writing.total = writing.total.saturating_sub(bytes);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => outcome = Err(error),
            }
        }
        // Of one file, what is sent gives no room before all of it is.
        outcome
    }

    /// Is everything sent?
    pub fn is_drained(&self) -> bool {
        let cursor = *self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        cursor.segment == writing.segment && cursor.offset >= writing.bytes
    }

    /// Puts an event apart that the sink never takes, so that it is not lost and holds nothing up.
    ///
    /// # Errors
    /// When that is not written.
    pub fn put_apart(&self, line: &str) -> io::Result<()> {
        let path = self.folder.join("refused.jsonl");
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all([line, "\n"].concat().as_bytes())
    }
}

/// Events that wait in a folder, whoever uses it: for `meshgate decisions`.
///
/// # Errors
/// When it cannot be read.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(segments(folder)?.into_iter().map(|(number, _)| folder.join(name(number))).collect())
}

fn name(segment: u64) -> String {
    format!("{segment:020}.jsonl")
}

fn segments(folder: &Path) -> io::Result<Vec<(u64, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let number = entry.file_name().to_str().and_then(|name| name.strip_suffix(".jsonl")?.parse::<u64>().ok());
        if let Some(number) = number {
            found.push((number, entry.metadata()?.len()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn begin(folder: &Path, segment: u64) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create_new(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(folder.join(name(segment)))
}

fn read_cursor(folder: &Path) -> Option<Cursor> {
    let text = fs::read_to_string(folder.join(CURSOR)).ok()?;
    let (segment, offset) = text.trim().split_once(' ')?;
    Some(Cursor { segment: segment.parse().ok()?, offset: offset.parse().ok()? })
}

/// A folder that this user alone may enter: decisions say who asked for what.
fn private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(spool: &Spool, bytes: u64) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(batch) = spool.next(bytes, 100).unwrap() {
            all.extend(batch.lines.iter().cloned());
            spool.done(&batch).unwrap();
        }
        all
    }

    #[test]
    fn everything_comes_out_once_and_in_order_over_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let lines: Vec<String> = (0..200).map(|number| format!("{{\"n\":{number}}}")).collect();
        let mut out = Vec::new();
        for part in lines.chunks(50) {
            let spool = Spool::open(folder.path(), 4_000, false).unwrap();
            part.iter().for_each(|line| spool.append(&format!("{line}\n")).unwrap());
            // Some are sent, the rest waits for the next process.
            if let Some(batch) = spool.next(200, 100).unwrap() {
                out.extend(batch.lines.clone());
                spool.done(&batch).unwrap();
            }
        }
        let spool = Spool::open(folder.path(), 4_000, false).unwrap();
        out.extend(taken(&spool, 64));
        assert_eq!(out, lines);
        assert!(spool.is_drained());
        assert!(files(folder.path()).unwrap().len() <= 1 && spool.size() < 100);
    }

    #[test]
    fn a_full_spool_says_so_and_has_room_again_when_it_was_sent() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 1_000, false).unwrap();
        let mut count = 0;
        let error = loop {
            match spool.append("{\"event\":\"of some length\"}\n") {
                Ok(()) => count += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(taken(&spool, 10_000).len(), count);
        spool.append("{}\n").unwrap();
    }

    #[test]
    fn what_a_process_left_half_written_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name(1)), "{\"n\":1}\n{\"n\":").unwrap();
        let spool = Spool::open(folder.path(), 1 << 20, false).unwrap();
        spool.append("{\"n\":2}\n").unwrap();
        assert_eq!(taken(&spool, 1_000), ["{\"n\":1}", "{\"n\":2}"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_disk_that_was_full_has_room_again_when_what_is_in_it_was_sent() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 4_000, false).unwrap();
        while spool.append("{\"event\":\"of some length\"}\n").is_ok() {}
        let full = files(folder.path()).unwrap().len();
        assert!(full >= 4);
        // As on a full disk: the cursor cannot be written.
        fs::create_dir(folder.path().join("cursor.new")).unwrap();
        let mut sent = 0;
        while let Some(batch) = spool.next(100, 1).unwrap_or_default() {
            sent += batch.lines.len();
            let _ = spool.done(&batch);
        }
        assert!(sent > 100 && files(folder.path()).unwrap().len() <= 1, "{sent} of {full}");
        spool.append("{}\n").unwrap();
        // When there is room, it is written down.
        fs::remove_dir(folder.path().join("cursor.new")).unwrap();
        assert_eq!(taken(&spool, 1_000), ["{}"]);
        drop(spool);
        assert!(taken(&Spool::open(folder.path(), 4_000, false).unwrap(), 1_000).is_empty());
    }

    #[test]
    fn one_process_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let _spool = Spool::open(folder.path(), 1 << 20, false).unwrap();
        assert!(Spool::open(folder.path(), 1 << 20, false).is_err());
    }

    #[test]
    fn a_line_that_is_longer_than_a_batch_is_sent_alone() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 1 << 20, false).unwrap();
        let long = format!("\"{}\"", "x".repeat(5_000));
        for line in ["1", &long, "2"] {
            spool.append(&format!("{line}\n")).unwrap();
        }
        assert_eq!(taken(&spool, 16), ["1", &long, "2"]);
    }
}
