//! `meshgate init`: a commented configuration that works as it is.
//!
//! Deliberately absent: questions, and overwriting.

use crate::exit::{Status, say};
use anyhow::{Context, Result, bail};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

pub fn run() -> Result<Status> {
    let opened = OpenOptions::new().write(true).create_new(true).open("meshgate.yaml");
    let mut file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("meshgate.yaml is already here; delete it first if you want a new one")
        }
        Err(error) => return Err(error).context("meshgate.yaml cannot be written"),
    };
    file.write_all(meshgate_engine::TEMPLATE.as_bytes()).context("meshgate.yaml cannot be written")?;
    say("wrote meshgate.yaml; now run `meshgate check`");
    Ok(Status::Allowed)
}
