//! The arguments of `meshgate decisions`.
//!
//! Deliberately absent: what is done with them.

use super::ConfigArgs;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, ClapArgs)]
pub struct DecisionsArgs {
    #[command(subcommand)]
    pub command: DecisionsCommand,
}

#[derive(Debug, Subcommand)]
pub enum DecisionsCommand {
    /// List decisions, the latest last
    Show {
        #[command(flatten)]
        from: FromArgs,
        #[command(flatten)]
        which: WhichArgs,
        /// So many of the latest; 0 is all
        #[arg(short = 'n', long, default_value_t = 50, value_name = "N")]
        limit: usize,
        /// How to list them
        #[arg(long, default_value = "text")]
        format: DecisionsFormat,
    },
    /// Show the latest decisions, and go on as they come
    Tail {
        #[command(flatten)]
        from: FromArgs,
        #[command(flatten)]
        which: WhichArgs,
        /// So many to begin with
        #[arg(short = 'n', long, default_value_t = 10, value_name = "N")]
        lines: usize,
        /// End after those, instead of waiting for more
        #[arg(long)]
        no_follow: bool,
        /// How to show them
        #[arg(long, default_value = "text")]
        format: DecisionsFormat,
    },
    /// Say who asked for what, what was answered, why, and by which policies
    Explain {
        /// The decision's id, or the beginning of it
        id: String,
        #[command(flatten)]
        from: FromArgs,
    },
    /// Write decisions as JSON lines, or as Parquet for an analyst to query
    Export {
        #[command(flatten)]
        from: FromArgs,
        #[command(flatten)]
        which: WhichArgs,
        /// Where to: a name that ends in `.parquet` or `.jsonl`
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

/// Where decisions are read from.
#[derive(Debug, Clone, ClapArgs)]
pub struct FromArgs {
    /// A decision log, with the numbered files beside it, or the folder of a spool; those of the configuration when none
    /// is named
    #[arg(long = "log", value_name = "FILE|FOLDER")]
    pub log: Vec<PathBuf>,
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Which decisions.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct WhichArgs {
    /// Those that allow, or that deny
    #[arg(long, value_name = "allow|deny")]
    pub verdict: Option<Said>,
    /// Those of this path, or below it: `meshgate/decide`
    #[arg(long)]
    pub path: Option<String>,
    /// Those that this subject asked for
    #[arg(long, value_name = "ID")]
    pub subject: Option<String>,
    /// Those about this product
    #[arg(long, value_name = "ID")]
    pub product: Option<String>,
    /// Those that rest on this rule
    #[arg(long, value_name = "ID")]
    pub rule: Option<String>,
    /// Those of this trace
    #[arg(long, value_name = "ID")]
    pub trace: Option<String>,
    /// From then on: `2026-11-25`, or `2026-11-25T10:00:00Z`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Until then
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Those that failed
    #[arg(long)]
    pub errors: bool,
}

/// What a decision says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Said {
    Allow,
    Deny,
}

/// How decisions are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DecisionsFormat {
    /// A line each, for people.
    Text,
    /// As they were written.
    Jsonl,
}
