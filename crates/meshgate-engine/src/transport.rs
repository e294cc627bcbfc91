//! The network that `http.send` has, when the configuration allows hosts: one agent, bounds, and no way into private
//! networks by way of a redirect.
//!
//! Deliberately absent: redirects, which the Rego crate follows itself, host by host; and credentials.

use crate::config::HttpSettings;
use meshgate_rego::{Network, Request, Response, Transport};
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

/// Makes the network of a configuration; off when no host is allowed.
pub fn network(settings: &HttpSettings) -> Arc<Network> {
    if settings.hosts.is_empty() {
        return Arc::default();
    }
    let mut network = Network::new(settings.hosts.clone(), Arc::new(Agents::new()));
    network.timeout = settings.timeout_ms.map_or(Duration::ZERO, Duration::from_millis);
    network.bytes_max = settings.bytes_max.unwrap_or(0);
    Arc::new(network)
}

/// One agent for hosts that were allowed by name, and one for where redirects lead.
struct Agents {
    named: Agent,
    public: Agent,
}

impl Agents {
    fn new() -> Self {
        let config = || Agent::config_builder().max_redirects(0).http_status_as_error(false).build();
        Self {
            named: config().into(),
            public: Agent::with_parts(config(), DefaultConnector::default(), PublicOnly::default()),
        }
    }
}

/// Looks names up, and refuses addresses that are not of the public network. What is connected to is what was looked at.
#[derive(Debug, Default)]
struct PublicOnly(DefaultResolver);

impl Resolver for PublicOnly {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        if found.iter().all(|address| is_public(address.ip())) {
            return Ok(found);
        }
        Err(Error::Other("a redirect leads to a private address".into()))
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || (a == 100 && (64..128).contains(&b)))
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            None => {
                !(v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_multicast()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local())
            }
        },
    }
}

impl Transport for Agents {
    fn send(&self, request: &Request) -> Result<Response, String> {
        let agent = if request.private { &self.named } else { &self.public };
        let mut builder = ureq::http::Request::builder().method(request.method.as_str()).uri(&request.url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let sent = builder.body(request.body.clone().unwrap_or_default()).map_err(|error| error.to_string())?;
        let sent = agent
            .configure_request(sent)
            .timeout_global(Some(request.timeout))
            .allow_non_standard_methods(true)
            .build();
        let response = agent.run(sent).map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let limit = u64::try_from(request.bytes_max).unwrap_or(u64::MAX);
        let body =
            response.into_body().into_with_config().limit(limit).read_to_vec().map_err(|error| error.to_string())?;
        Ok(Response { status, headers, body })
    }

    fn lookup(&self, host: &str) -> Result<Vec<String>, String> {
        let found = (host, 0).to_socket_addrs().map_err(|error| error.to_string())?;
        Ok(found.map(|address| address.ip().to_string()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::is_public;

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["8.8.8.8", "2606:4700::1111", "172.32.0.1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
