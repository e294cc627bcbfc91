//! `meshgate serve`.
//!
//! Deliberately absent: running with half of the rules; what does not load keeps the sidecar from starting.

use crate::args::ServeArgs;
use crate::exit::{Status, say};
use crate::setup;
use anyhow::{Context, Result};
use meshgate_engine::{Additions, Config, Engine};
use meshgate_server::{Addresses, DecisionLog, LogTo, Reload, STACK_BYTES, Serving};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub fn run(args: &ServeArgs) -> Result<Status> {
    let near = args.descriptors.first().map_or(Path::new("."), PathBuf::as_path);
    let config = setup::rules_config(&args.setup, near)?;
    let additions = Additions { serving: Some(args.descriptors.clone()), ..setup::additions(&args.setup, None)? };
    let engine = make(&config, &additions)?;
    engine.warnings().iter().for_each(|warning| say(&format!("warning: {warning}")));
    let settings = config.base.as_ref().map_or_else(|| config.server.clone(), |base| base.server.clone());
    let main = args.listen.clone().or_else(|| settings.listen.clone());
    let admin = args.admin.clone().or_else(|| settings.admin.clone());
    let addresses = Addresses {
        main: main.unwrap_or_else(|| "127.0.0.1:8181".into()),
        admin: Some(admin.unwrap_or_else(|| "127.0.0.1:8282".into())).filter(|address| address != "off"),
    };
    let configured = settings.decision_log.as_ref().map(|file| config.folder.join(file).display().to_string());
    let log = match args.decision_log.clone().or(configured) {
        None => None,
        Some(to) => {
            let said = PathBuf::from(&to);
            let to = LogTo::parse(&to).map_err(anyhow::Error::msg)?;
            Some(
                DecisionLog::open(&to, &settings.labels)
                    .with_context(|| format!("the decision log `{}` cannot be appended to", said.display()))?,
            )
        }
    };
    let (rules, products, policies) =
        (engine.rules().len(), engine.access().products().count(), engine.access_policies().count());
    if products > 0 && policies == 0 {
        say("no access policy is loaded (package meshgate.access.<name>): every access is denied");
    }
    // Policies that are known to be quick are evaluated on these threads, and need the stack for it.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, usize::from))
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .context("the HTTP runtime cannot start")?;
    let reload: Reload = {
        let (config, additions) = (config.clone(), additions);
        Arc::new(move |before| {
            let additions = Additions { before: Some(before), ..additions.clone() };
            make(&config, &additions).map_err(|error| format!("{error:#}"))
        })
    };
    let serving = Serving { engine, settings, log, reload, say: Arc::new(say) };
    let answered = runtime.block_on(meshgate_server::serve(serving, addresses, |main, admin| {
        say(&format!(
            "meshgate serves {}, {} and {} on http://{main}",
            count(rules, "rule", "rules"),
            count(policies, "access policy", "access policies"),
            count(products, "descriptor", "descriptors")
        ));
        if let Some(admin) = admin {
            say(&format!("admin on http://{admin}"));
        }
    }))?;
    // Connections that are left are not waited for.
    runtime.shutdown_background();
    say(if answered {
        "stopped; every request taken was answered"
    } else {
        "stopped; requests that did not end in 10 s were left"
    });
    Ok(Status::Allowed)
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn make(config: &Config, additions: &Additions) -> Result<Engine> {
    setup::complete(Engine::new(config, additions).context("the engine cannot be made")?)
}
