//! Where decisions lie: a log with the numbered files that it was rotated into, or the folder of a spool.
//!
//! Deliberately absent: standard output and addresses, which keep nothing that could be read.

use super::decision::Decision;
use crate::args::FromArgs;
use crate::setup;
use anyhow::{Context, Result, bail};
use meshgate_engine::Config;
use meshgate_server::{LogTo, spooled_files};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// The files, the oldest first.
pub fn files(from: &FromArgs) -> Result<Vec<PathBuf>> {
    let named = if from.log.is_empty() { configured(from)? } else { from.log.clone() };
    let mut all = Vec::new();
    for path in named {
        if path.is_dir() {
            all.extend(spooled_files(&path).with_context(|| format!("{} cannot be read", path.display()))?);
            continue;
        }
        let numbered = numbered(&path);
        if numbered.is_empty() && !path.exists() {
            bail!("there is no `{}`", path.display());
        }
        all.extend(numbered.into_iter().rev());
        all.extend(path.exists().then_some(path));
    }
    Ok(all)
}

/// `<name>.1`, `<name>.2`, …
fn numbered(path: &Path) -> Vec<PathBuf> {
    (1..)
        .map(|number| {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        })
        .take_while(|path| path.exists())
        .collect()
}

fn configured(from: &FromArgs) -> Result<Vec<PathBuf>> {
    let config = setup::config(&from.config, Path::new("."))?;
    let root: &Config = config.base.as_deref().unwrap_or(&config);
    let Some(log) = &root.server.decision_log else {
        bail!("no decision log is configured (`server.decision_log`): name one with --log");
    };
    let mut found = Vec::new();
    for to in &log.to {
        match LogTo::parse(to).map_err(anyhow::Error::msg)?.below(&root.folder) {
            LogTo::File(path) => found.push(path),
            // What waits to be sent is here still.
            LogTo::Http(_) => {
                let folder = log.spool.folder.as_deref().unwrap_or(Path::new(".meshgate/spool"));
                found.extend(Some(root.folder.join(folder)).filter(|folder| folder.is_dir()));
            }
            LogTo::Stdout => {}
        }
    }
    if found.is_empty() {
        bail!("the configured decision log keeps nothing here: name a file, or the folder of a spool, with --log");
    }
    Ok(found)
}

/// Calls for each decision; returns how many lines are none.
pub fn each(files: &[PathBuf], mut tell: impl FnMut(Decision) -> Result<()>) -> Result<usize> {
    let mut broken = 0;
    for path in files {
        let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
        for line in BufReader::with_capacity(1 << 16, file).split(b'\n') {
            let line = line.with_context(|| format!("{} cannot be read", path.display()))?;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match std::str::from_utf8(&line).ok().and_then(Decision::read) {
                Some(decision) => tell(decision)?,
                None => broken += 1,
            }
        }
    }
    Ok(broken)
}
