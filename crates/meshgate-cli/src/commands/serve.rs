//! `meshgate serve`.
//!
//! Deliberately absent: running with half of the rules; what does not load keeps the sidecar from starting.

use crate::args::ServeArgs;
use crate::exit::{Status, say};
use crate::setup;
use anyhow::{Context, Result};
use meshgate_server::Addresses;
use std::path::Path;

pub fn run(args: &ServeArgs) -> Result<Status> {
    let config = setup::rules_config(&args.setup, Path::new("."))?;
    let engine = setup::complete_engine(&config, &args.setup)?;
    let main = args.listen.clone().or_else(|| config.server.listen.clone());
    let admin = args.admin.clone().or_else(|| config.server.admin.clone());
    let addresses = Addresses {
        main: main.unwrap_or_else(|| "127.0.0.1:8181".into()),
        admin: Some(admin.unwrap_or_else(|| "127.0.0.1:8282".into())).filter(|address| address != "off"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the HTTP runtime cannot start")?;
    let rules = engine.rules().len();
    runtime.block_on(meshgate_server::serve(engine, addresses, |main, admin| {
        say(&format!("meshgate serves {rules} rules on http://{main}"));
        if let Some(admin) = admin {
            say(&format!("admin on http://{admin}"));
        }
    }))?;
    say("stopped; every request taken was answered");
    Ok(Status::Allowed)
}
