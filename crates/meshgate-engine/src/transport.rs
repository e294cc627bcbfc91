//! The network that `http.send` has, when the configuration allows hosts: one agent, bounds, and no way into private
//! networks by way of a redirect.
//!
//! Deliberately absent: redirects, which the Rego crate follows itself, host by host; and credentials.

use crate::config::HttpSettings;
use ipnet::IpNet;
use meshgate_rego::{Network, Request, Response, Transport};
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error, Proxy};

/// Makes the network of a configuration; off when no host is allowed.
pub fn network(settings: &HttpSettings) -> Arc<Network> {
    if settings.hosts.is_empty() {
        return Arc::default();
    }
    let mut network = Network::new(settings.hosts.clone(), Arc::new(Agents::new(settings.proxy_from_environment)));
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
    fn new(from_environment: bool) -> Self {
        // A proxy would resolve names itself, and nobody would judge where they lead.
        let proxy = from_environment.then(Proxy::try_from_env).flatten();
        let config =
            || Agent::config_builder().max_redirects(0).http_status_as_error(false).proxy(proxy.clone()).build();
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

/// Networks that are not of the public one, by the registries of special-purpose addresses (RFC 6890 and those after it).
const SPECIAL: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    // Loopback, nowhere, and addresses of IPv4 written as those of IPv6.
    "::/96",
    "::ffff:0:0/96",
    "::ffff:0:0:0/96",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

fn is_public(address: IpAddr) -> bool {
    // An address of IPv4 may stand within one of IPv6: mapped, translated (NAT64), or tunnelled (6to4).
    let within = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => match v6.segments() {
            [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, ..] => {
                let [.., a, b, c, d] = v6.octets();
                Some([a, b, c, d])
            }
            [0x2002, high, low, ..] => {
                let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
                Some([a, b, c, d])
            }
            _ => None,
        },
    };
    if let Some(within) = within {
        return is_public(IpAddr::V4(within.into()));
    }
    let mut special = SPECIAL.iter().filter_map(|network| network.parse::<IpNet>().ok());
    !special.any(|network| network.contains(&address))
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
    fn every_network_of_the_table_is_one() {
        assert!(super::SPECIAL.iter().all(|network| network.parse::<ipnet::IpNet>().is_ok()));
    }

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
            "::10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::a00:1",
            "2002:0a00:0001::1",
            "2002:7f00:1::",
            "0.1.2.3",
            "192.0.0.8",
            "198.18.0.1",
            "198.19.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "2001:db8::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in
            ["8.8.8.8", "2606:4700::1111", "172.32.0.1", "64:ff9b::8.8.8.8", "2002:0808:0808::1", "198.20.0.1"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
