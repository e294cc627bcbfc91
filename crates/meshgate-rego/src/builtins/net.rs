//! `net.cidr_intersects`, `net.cidr_merge` and `net.cidr_contains_matches`, as OPA has them.
//!
//! Deliberately absent: looking names up; see `http`.

use super::{Operand, operand, text};
use anyhow::{Result, bail};
use ipnet::{IpNet, Ipv4Net};
use regorus::Value;
use std::collections::BTreeSet;
use std::net::IpAddr;

fn network(text: &str) -> Result<IpNet> {
    match text.parse::<IpNet>() {
        Ok(network) => Ok(network.trunc()),
        Err(_) => bail!("`{text}` is no network in CIDR notation"),
    }
}

/// A network, or an address as the network of its class, as Go's net package has it.
fn network_or_class(text: &str) -> Result<IpNet> {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            let prefix = match address.octets()[0] {
                0..128 => 8,
                128..192 => 16,
                _ => 24,
            };
            Ok(Ipv4Net::new(address, prefix).map(|network| IpNet::V4(network.trunc()))?)
        }
        Ok(IpAddr::V6(_)) => bail!("IPv6 invalid: needs prefix length"),
        Err(_) => network(text),
    }
}

/// A network, or an address alone.
fn network_or_address(text: &str) -> Result<IpNet> {
    text.parse::<IpAddr>().map_or_else(|_| network(text), |address| Ok(IpNet::from(address)))
}

pub fn intersects(values: &[Value]) -> Result<Value> {
    let (a, b) = (network(operand(values, 0)?)?, network(operand(values, 1)?)?);
    Ok(Value::from(a.contains(&b) || b.contains(&a)))
}

pub fn merge(values: &[Value]) -> Result<Value> {
    let texts: Vec<&Value> = match values.first() {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Set(items)) => items.iter().collect(),
        _ => bail!(Operand("operand must be an array or a set".to_owned())),
    };
    let networks = texts.into_iter().map(|value| match text(Some(value)) {
        Some(text) => network_or_class(text),
        None => bail!("element must be string"),
    });
    let networks: Vec<IpNet> = networks.collect::<Result<_>>()?;
    let merged: BTreeSet<Value> =
        IpNet::aggregate(&networks).into_iter().map(|network| Value::from(network.to_string())).collect();
    Ok(Value::from(merged))
}

/// The networks of an operand, each with what names it: an index, a key, or the element itself.
fn named(value: Option<&Value>) -> Result<Vec<(Value, IpNet)>> {
    let one = |value: &Value| {
        let found = match value {
            Value::Array(tuple) => text(tuple.first()),
            value => text(Some(value)),
        };
        match found {
            Some(text) => network_or_address(text),
            None => bail!("element must be string or non-empty array"),
        }
    };
    match value {
        Some(value @ Value::String(_)) => Ok(vec![(value.clone(), one(value)?)]),
        Some(Value::Array(items)) => {
            items.iter().enumerate().map(|(index, item)| Ok((Value::from(index), one(item)?))).collect()
        }
        Some(Value::Set(items)) => items.iter().map(|item| Ok((item.clone(), one(item)?))).collect(),
        Some(Value::Object(map)) => map.iter().map(|(key, item)| Ok((key.clone(), one(item)?))).collect(),
        _ => bail!(Operand("operand must be a string, an array, a set or an object".to_owned())),
    }
}

pub fn contains_matches(values: &[Value]) -> Result<Value> {
    let (networks, others) = (named(values.first())?, named(values.get(1))?);
    if networks.len().saturating_mul(others.len()) > super::PATHS_MAX * 10 {
        bail!(super::Exceeded("too many networks are compared".to_owned()));
    }
    let pairs = networks.iter().flat_map(|(name, network)| {
        let within = others.iter().filter(move |(_, other)| network.contains(other));
        within.map(move |(other, _)| Value::from(vec![name.clone(), other.clone()]))
    });
    Ok(Value::from(pairs.collect::<BTreeSet<Value>>()))
}
