//! References over the network, from hosts that were allowed by name (`--allow-host`).
//!
//! Deliberately absent: redirects, which lead to hosts that nobody allowed; credentials; and plain HTTP, except from this
//! machine itself.

use meshgate_descriptor::{Opened, Unopened};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use ureq::Agent;

/// Wall clock of one request.
const DEADLINE: Duration = Duration::from_secs(10);

/// Fetches files from allowed hosts, each once a run.
#[derive(Debug)]
pub struct Fetcher {
    hosts: Vec<String>,
    bytes_max: usize,
    agent: Agent,
    fetched: Mutex<HashMap<String, Result<Vec<u8>, Unopened>>>,
}

impl Fetcher {
    /// Allows these hosts (`host`, or `host:port`); `None` when there are none.
    pub fn new(hosts: &[String], bytes_max: usize) -> Option<Self> {
        if hosts.is_empty() {
            return None;
        }
        let agent = Agent::config_builder().timeout_global(Some(DEADLINE)).max_redirects(0).build().into();
        Some(Self { hosts: hosts.to_vec(), bytes_max, agent, fetched: Mutex::default() })
    }

    /// Fetches a URL; `None` when its host is not allowed.
    pub fn fetch(&self, host: &str, url: &str) -> Option<Result<Opened, Unopened>> {
        if !self.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host)) {
            return None;
        }
        let own = ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|own| host.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
        if !(url.starts_with("https://") || (own && url.starts_with("http://"))) {
            return Some(Err(Unopened::Unreadable("only https:// is fetched".to_owned())));
        }
        let known = || self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = known().get(url).cloned();
        let bytes = earlier.unwrap_or_else(|| {
            let bytes = self.request(url);
            known().insert(url.to_owned(), bytes.clone());
            bytes
        });
        Some(bytes.map(|bytes| Opened { file: url.to_owned(), bytes }))
    }

    fn request(&self, url: &str) -> Result<Vec<u8>, Unopened> {
        let failed = |error: ureq::Error| match error {
            ureq::Error::StatusCode(404) => Unopened::Missing,
            error => Unopened::Unreadable(error.to_string()),
        };
        let response = self.agent.get(url).call().map_err(failed)?;
        if response.status().is_redirection() {
            return Err(Unopened::Unreadable("it is a redirect, and those are not followed".to_owned()));
        }
        let limit = u64::try_from(self.bytes_max).unwrap_or(u64::MAX);
        response.into_body().into_with_config().limit(limit).read_to_vec().map_err(failed)
    }
}
