//! `meshgate plugin new`.
//!
//! Deliberately absent: anything yet.

use crate::args::PluginNewArgs;
use crate::exit::Status;
use anyhow::{Result, bail};

pub fn run(args: &PluginNewArgs) -> Result<Status> {
    bail!("not yet {} {:?} {:?}", args.name, args.lang, args.capability)
}
