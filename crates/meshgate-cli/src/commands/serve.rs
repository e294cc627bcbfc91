//! `meshgate serve`.
//!
//! Deliberately absent: running with half of the rules; what does not load keeps the sidecar from starting.

use crate::args::ServeArgs;
use crate::exit::{Status, say};
use crate::setup;
use anyhow::{Context, Result, bail};
use meshgate_engine::{Additions, Config, Engine, LogFormat, LogSettings, ServerSettings};
use meshgate_server::{Addresses, DecisionLog, Loader, LogTo, STACK_BYTES, Serving, Source, Voice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub fn run(args: &ServeArgs) -> Result<Status> {
    let near = args.descriptors.first().map_or(Path::new("."), PathBuf::as_path);
    let config = setup::rules_config(&args.setup, near)?;
    let additions = Additions { serving: Some(args.descriptors.clone()), ..setup::additions(&args.setup, None)? };
    let loader = Loader::start().context("the thread that loads cannot start")?;
    let (config, additions) = (Arc::new(config), Arc::new(additions));
    let made = {
        let (config, additions) = (Arc::clone(&config), Arc::clone(&additions));
        loader.run(move || make(&config, &additions))
    };
    let engine = made.context("the engine failed to load")??;
    let settings = config.base.as_ref().map_or_else(|| config.server.clone(), |base| base.server.clone());
    let voice = Voice::new(said_log(args, settings.log)?, Arc::new(say));
    engine.warnings().iter().for_each(|warning| voice.warn(&format!("warning: {warning}")));
    let main = args.listen.clone().or_else(|| settings.listen.clone());
    let admin = args.admin.clone().or_else(|| settings.admin.clone());
    let addresses = Addresses {
        main: main.unwrap_or_else(|| "127.0.0.1:8181".into()),
        admin: Some(admin.unwrap_or_else(|| "127.0.0.1:8282".into())).filter(|address| address != "off"),
    };
    let (rules, products, policies) =
        (engine.rules().len(), engine.access().products().count(), engine.access_policies().count());
    if products > 0 && policies == 0 {
        voice.warn("no access policy is loaded (package meshgate.access.<name>): every access is denied");
    }
    // Policies that are known to be quick are evaluated on these threads, and need the stack for it.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, usize::from))
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .context("the HTTP runtime cannot start")?;
    let source: Source = {
        // The configuration that was used is read again, and no other one.
        let path = args.setup.config.config.clone().or_else(|| Config::discover(near));
        Arc::new(move |before| {
            let config = match &path {
                Some(path) => Config::read_root(path).map_err(|error| error.to_string())?,
                None => Config::default(),
            };
            let additions = Additions { before: Some(before), ..(*additions).clone() };
            make(&config, &additions).map_err(|error| format!("{error:#}"))
        })
    };
    let folder = config.base.as_ref().map_or(&config.folder, |base| &base.folder).clone();
    let log = decision_log(args.decision_log.as_deref(), &settings, &folder, &voice)?;
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let serving = Serving { engine, settings, folder, log, source, loader, voice: voice.clone() };
    let answered = runtime.block_on(meshgate_server::serve(serving, addresses, |main, admin| {
        voice.info(&format!(
            "meshgate serves {}, {} and {} on {scheme}://{main}",
            count(rules, "rule", "rules"),
            count(policies, "access policy", "access policies"),
            count(products, "descriptor", "descriptors")
        ));
        if let Some(admin) = admin {
            voice.info(&format!("admin on http://{admin}"));
        }
    }))?;
    // Connections that are left are not waited for.
    runtime.shutdown_background();
    voice.info(if answered {
        "stopped; every request taken was answered"
    } else {
        "stopped; requests that did not end in 10 s were left"
    });
    Ok(Status::Allowed)
}

/// How the sidecar speaks: what the command line and the environment say goes before the configuration.
fn said_log(args: &ServeArgs, configured: LogSettings) -> Result<LogSettings> {
    let level = match args.log_level.as_deref() {
        None => configured.level,
        Some(name) => {
            Voice::named(name).with_context(|| format!("the log level `{name}` is none of error, warn, info, debug"))?
        }
    };
    let format = match args.log_format.as_deref() {
        None => configured.format,
        Some("text") => LogFormat::Text,
        Some("json") => LogFormat::Json,
        Some(other) => bail!("the log format `{other}` is neither text nor json"),
    };
    Ok(LogSettings { level, format })
}

/// What the command line says goes before what the configuration says.
fn decision_log(
    said: Option<&str>,
    settings: &ServerSettings,
    folder: &Path,
    voice: &Voice,
) -> Result<Option<DecisionLog>> {
    let configured = settings.decision_log.clone();
    let to = match (said, &configured) {
        (Some(said), _) => vec![LogTo::parse(said).map_err(anyhow::Error::msg)?],
        (None, Some(configured)) => {
            let to = configured.to.iter().map(|to| LogTo::parse(to).map(|to| to.below(folder)));
            to.collect::<Result<_, _>>().map_err(anyhow::Error::msg)?
        }
        (None, None) => return Ok(None),
    };
    let voice = voice.clone();
    let say = Arc::new(move |text: &str| voice.warn(text));
    let log = DecisionLog::open(&to, &configured.unwrap_or_default(), &settings.labels, folder, say);
    log.context("the decision log cannot be written to").map(Some)
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn make(config: &Config, additions: &Additions) -> Result<Engine> {
    setup::complete(Engine::new(config, additions).context("the engine cannot be made")?)
}
