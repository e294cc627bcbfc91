//! Chains of certificates: from the last one given to the first, which is trusted.
//!
//! Deliberately absent: leniency. A critical extension that is not understood, a signature of a kind that is not known,
//! or name constraints make a chain invalid.

use super::parse;
use crate::builtins::keys::{Algorithm, Private, Public};
use anyhow::Result;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::X509Certificate;

/// Certificates that may be given; the ways through them are tried one after another.
const CERTIFICATES_MAX: usize = 64;

/// What a chain is held to.
pub struct Wanted {
    /// A name of the leaf.
    pub dns_name: Option<String>,
    /// The time; now when absent.
    pub seconds: Option<i64>,
    /// Go's names of what the leaf is to be for; any of them is enough.
    pub usages: Vec<String>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { dns_name: None, seconds: None, usages: vec!["KeyUsageServerAuth".to_owned()] }
    }
}

/// Says whether this is one of Go's names of usages.
pub fn is_usage(name: &str) -> bool {
    const KNOWN: &[&str] = &[
        "KeyUsageAny",
        "KeyUsageServerAuth",
        "KeyUsageClientAuth",
        "KeyUsageCodeSigning",
        "KeyUsageEmailProtection",
        "KeyUsageIPSECEndSystem",
        "KeyUsageIPSECTunnel",
        "KeyUsageIPSECUser",
        "KeyUsageTimeStamping",
        "KeyUsageOCSPSigning",
    ];
    KNOWN.contains(&name)
}

/// Returns the certificates from leaf to root; the first that is given is trusted, the last is the leaf.
pub fn chain(ders: &[Vec<u8>], wanted: &Wanted) -> Option<Vec<Vec<u8>>> {
    if ders.len() > CERTIFICATES_MAX {
        return None;
    }
    let parsed: Vec<X509Certificate<'_>> = ders.iter().map(|der| parse(der)).collect::<Result<_>>().ok()?;
    let (leaf, others) = parsed.split_last()?;
    let seconds = wanted.seconds.unwrap_or_else(super::now);
    if others.is_empty() || !fits(leaf, wanted) {
        return None;
    }
    let mut way = vec![parsed.len() - 1];
    loop {
        let at = *way.last()?;
        let one = parsed.get(at)?;
        if !is_sound(one, seconds) {
            return None;
        }
        if at == 0 {
            return way.iter().map(|index| ders.get(*index).cloned()).collect();
        }
        // Each certificate but the leaf must be an authority for those below it.
        let below = way.len() - 1;
        let issues = |index: &usize| {
            let issuer = parsed.get(*index);
            !way.contains(index) && issuer.is_some_and(|issuer| is_issuer(issuer, one, below))
        };
        way.push((0..others.len()).find(issues)?);
    }
}

/// Says whether a certificate is valid now and carries nothing critical that is not understood.
fn is_sound(certificate: &X509Certificate<'_>, seconds: i64) -> bool {
    let validity = certificate.validity();
    let understood = |extension: &ParsedExtension<'_>| {
        matches!(
            extension,
            ParsedExtension::KeyUsage(_)
                | ParsedExtension::ExtendedKeyUsage(_)
                | ParsedExtension::BasicConstraints(_)
                | ParsedExtension::SubjectAlternativeName(_)
                | ParsedExtension::SubjectKeyIdentifier(_)
                | ParsedExtension::AuthorityKeyIdentifier(_)
                | ParsedExtension::CertificatePolicies(_)
        )
    };
    let constrained = |extension: &ParsedExtension<'_>| matches!(extension, ParsedExtension::NameConstraints(_));
    validity.not_before.timestamp() <= seconds
        && seconds <= validity.not_after.timestamp()
        && certificate.extensions().iter().all(|extension| {
            let parsed = extension.parsed_extension();
            (!extension.critical || understood(parsed)) && !constrained(parsed)
        })
}

fn is_issuer(issuer: &X509Certificate<'_>, issued: &X509Certificate<'_>, below: usize) -> bool {
    let Ok(Some(basic)) = issuer.basic_constraints() else { return false };
    let signs = issuer.key_usage().is_ok_and(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign()));
    let long = basic.value.path_len_constraint.is_none_or(|most| below <= usize::try_from(most).unwrap_or(usize::MAX));
    basic.value.ca && signs && long && issuer.subject() == issued.issuer() && is_signed_by(issued, issuer)
}

fn is_signed_by(issued: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    let Ok(key) = Public::of_spki(issuer.public_key().raw) else { return false };
    let (signed, signature) = (issued.tbs_certificate.as_ref(), issued.signature_value.data.as_ref());
    match issued.signature_algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.11" => key.verifies(Algorithm::Rs256, signed, signature),
        "1.2.840.113549.1.1.12" => key.verifies(Algorithm::Rs384, signed, signature),
        "1.2.840.113549.1.1.13" => key.verifies(Algorithm::Rs512, signed, signature),
        "1.2.840.10045.4.3.2" => key.verifies_der(256, signed, signature),
        "1.2.840.10045.4.3.3" => key.verifies_der(384, signed, signature),
        "1.2.840.10045.4.3.4" => key.verifies_der(512, signed, signature),
        "1.3.101.112" => key.verifies(Algorithm::EdDsa, signed, signature),
        _ => false,
    }
}

/// Says whether a leaf is for what is wanted, by usage and by name.
fn fits(leaf: &X509Certificate<'_>, wanted: &Wanted) -> bool {
    let Ok(usage) = leaf.extended_key_usage() else { return false };
    let for_any = wanted.usages.iter().any(|name| name == "KeyUsageAny");
    let used = usage.is_none_or(|usage| {
        let usage = usage.value;
        usage.any
            || wanted.usages.iter().any(|name| match name.as_str() {
                "KeyUsageServerAuth" => usage.server_auth,
                "KeyUsageClientAuth" => usage.client_auth,
                "KeyUsageCodeSigning" => usage.code_signing,
                "KeyUsageEmailProtection" => usage.email_protection,
                "KeyUsageTimeStamping" => usage.time_stamping,
                "KeyUsageOCSPSigning" => usage.ocsp_signing,
                _ => false,
            })
    });
    let named = |host: &str| {
        let names = leaf.subject_alternative_name().ok().flatten();
        names.is_some_and(|names| {
            names.value.general_names.iter().any(|name| match name {
                GeneralName::DNSName(pattern) => is_named(host, pattern),
                _ => false,
            })
        })
    };
    (for_any || used) && wanted.dns_name.as_deref().is_none_or(named)
}

/// `*.example.com` stands for one label.
fn is_named(host: &str, pattern: &str) -> bool {
    let (host, pattern) = (host.trim_end_matches('.').to_lowercase(), pattern.to_lowercase());
    match (pattern.strip_prefix("*."), host.split_once('.')) {
        (Some(suffix), Some((label, rest))) => !label.is_empty() && rest == suffix,
        _ => host == pattern,
    }
}

/// Says whether a private key is that of a certificate.
pub fn belongs(key: &Private, der: &[u8]) -> Result<bool> {
    const PROOF: &[u8] = b"meshgate";
    let public = Public::of_spki(parse(der)?.public_key().raw)?;
    let tried = [Algorithm::Rs256, Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];
    Ok(tried.into_iter().any(|algorithm| {
        key.sign(algorithm, PROOF).is_ok_and(|signature| public.verifies(algorithm, PROOF, &signature))
    }))
}
