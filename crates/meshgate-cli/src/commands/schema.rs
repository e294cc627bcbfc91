//! `meshgate schema`: JSON Schemas, for editors and for those who write rules.
//!
//! Deliberately absent: the schemas of the standards; those are in another notation, and `meshgate check` holds against them.

use crate::args::SchemaOf;
use crate::exit::{self, Status, print};
use anyhow::Result;

pub fn run(of: SchemaOf) -> Result<Status> {
    let schema = match of {
        SchemaOf::Config => meshgate_engine::config_schema(),
        SchemaOf::Report => meshgate_report::json::schema(),
        SchemaOf::Input => meshgate_engine::input_schema(),
    };
    print(&exit::json(&schema))?;
    Ok(Status::Allowed)
}
