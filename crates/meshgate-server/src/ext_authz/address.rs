//! The address of a request that a proxy asks about, taken apart as OPA's plugin for Envoy does.
//!
//! Deliberately absent: repair. A path that one program reads otherwise than the next is refused, since the policy would
//! decide about another one than is served.

use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

/// An address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// The steps of its path, unpacked.
    pub steps: Vec<String>,
    /// Its query, unpacked.
    pub query: BTreeMap<String, Vec<String>>,
}

impl Address {
    /// Reads `/path?query`, or a whole address.
    ///
    /// # Errors
    /// What is ambiguous about it.
    pub fn read(uri: &str) -> Result<Self, String> {
        // Some take what follows for a fragment, others for a part of the path.
        if uri.contains('#') {
            return Err("the address has a `#`".to_owned());
        }
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let whole = path.strip_prefix("https://").or_else(|| path.strip_prefix("http://"));
        let path = whole.map_or(path, |rest| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default());
        if !path.starts_with('/') {
            return Err(format!("the path `{}` does not begin with `/`", path.escape_default()));
        }
        let mut steps = Vec::new();
        let inner = path.strip_prefix('/').unwrap_or_default();
        let last = inner.split('/').count().saturating_sub(1);
        for (index, step) in inner.split('/').enumerate() {
            // An end of `/` is usual; nothing in between is not.
            if step.is_empty() && index == last {
                continue;
            }
            let text = percent_decode_str(step).decode_utf8().map_err(|_| "the path is not UTF-8".to_owned())?;
            let odd = text.is_empty()
                || matches!(text.as_ref(), "." | "..")
                || text.contains(['/', '\\', ';', '%'])
                || text.chars().any(char::is_control);
            if odd {
                return Err(format!("the path `{}` can be read in several ways", path.escape_default()));
            }
            steps.push(text.into_owned());
        }
        let mut pairs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            pairs.entry(key.into_owned()).or_default().push(value.into_owned());
        }
        Ok(Self { steps, query: pairs })
    }
}
