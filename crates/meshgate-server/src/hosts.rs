//! Which names the sidecar answers to, and what a browser may do. A page of anybody's can have its name lead to this machine
//! (DNS rebinding): then its requests name a host that is none of ours. And a page may send, without a word from us, requests
//! of the plainest content types.
//!
//! Deliberately absent: CORS. No page is meant to read from here.

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The names that are answered to.
#[derive(Debug, Clone)]
pub struct Hosts {
    /// Every one.
    any: bool,
    named: BTreeSet<String>,
}

impl Hosts {
    /// Those of a configuration, for a listener at an address.
    pub fn of(named: &[String], address: IpAddr) -> Self {
        let any = named.iter().any(|name| name == "*") || (named.is_empty() && !address.is_loopback());
        Self { any, named: named.iter().map(|name| plain(name)).collect() }
    }

    /// Is every name answered to?
    pub const fn any(&self) -> bool {
        self.any
    }

    /// Says why a request is not for us, if that is so: a status and a sentence.
    ///
    /// # Errors
    /// 400 when it names no host, or several; 421 when it names another one.
    pub fn takes(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        if self.any {
            return Ok(());
        }
        let mut said = headers.get_all(header::HOST).iter();
        let (first, more) = (said.next(), said.next());
        let whole = uri.authority().map(|authority| authority.as_str().as_bytes());
        let (Some(first), None) = (first.map(HeaderValue::as_bytes).or(whole), more) else {
            return Err((StatusCode::BAD_REQUEST, "the request names no host, or several (`Host`)"));
        };
        let ours = |name: &[u8]| std::str::from_utf8(name).is_ok_and(|name| self.is_ours(name));
        if ours(first) && whole.is_none_or(ours) {
            return Ok(());
        }
        Err((StatusCode::MISDIRECTED_REQUEST, "the request names a host that is not served here (`server.hosts`)"))
    }

    fn is_ours(&self, named: &str) -> bool {
        let name = plain(without_port(named));
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let is_loopback = match address {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => name == "localhost" || name.ends_with(".localhost"),
        };
        is_loopback || self.named.contains(&name)
    }
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.ends_with(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Does a request come from a page of somewhere else, or from one at all?
pub fn is_of_a_page(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    headers.contains_key(header::ORIGIN) || site.is_some_and(|site| site.eq_ignore_ascii_case(b"cross-site"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hosts: &Hosts, uri: &str, names: &[&str]) -> u16 {
        let mut headers = HeaderMap::new();
        for name in names {
            headers.append(header::HOST, name.parse().unwrap());
        }
        hosts.takes(&uri.parse().unwrap(), &headers).map_or_else(|(status, _)| status.as_u16(), |()| 200)
    }

    #[test]
    fn loopback_answers_to_loopback_names() {
        let hosts = Hosts::of(&["Mesh.example".to_owned()], "127.0.0.1".parse().unwrap());
        for name in [
            "localhost",
            "LOCALHOST:8181",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:8181",
            "[::1]",
            "mesh.example:80",
            "mesh.example.",
        ] {
            assert_eq!(of(&hosts, "/x", &[name]), 200, "{name}");
        }
        for name in ["evil.example", "localhost.evil.example", "10.0.0.1", "127.0.0.1.evil.example", "[::2]:1", ""] {
            assert_eq!(of(&hosts, "/x", &[name]), 421, "{name}");
        }
        assert_eq!(of(&hosts, "/x", &[]), 400);
        assert_eq!(of(&hosts, "/x", &["localhost", "localhost"]), 400);
        assert_eq!(of(&hosts, "http://evil.example/x", &["localhost"]), 421);
        assert_eq!(of(&hosts, "http://localhost/x", &[]), 200);
    }

    #[test]
    fn others_answer_to_all_unless_they_are_told() {
        let open = Hosts::of(&[], "0.0.0.0".parse().unwrap());
        assert!(open.any() && of(&open, "/x", &["anything"]) == 200);
        let named = Hosts::of(&["a".to_owned()], "10.1.2.3".parse().unwrap());
        assert_eq!((of(&named, "/x", &["a"]), of(&named, "/x", &["b"])), (200, 421));
        assert_eq!(of(&Hosts::of(&["*".to_owned()], "127.0.0.1".parse().unwrap()), "/x", &["b"]), 200);
    }
}
