//! `crypto.x509.*` and `crypto.parse_private_keys`: certificates in the shape that Go's `crypto/x509` has in JSON, which
//! is what OPA's policies are written for.
//!
//! Deliberately absent: revocation lists, and name constraints: a chain that carries them is not verified here, so it is
//! not valid.

use super::keys::Private;
use super::{Operand, json, operand, pem, text, value_of};
use crate::context;
use anyhow::{Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regorus::Value;
use serde_json::{Map, Value as Json, json};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{AlgorithmIdentifier, FromDer as _, X509Certificate, X509Extension, X509Name};
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::SubjectPublicKeyInfo;

pub mod verify;

/// The DER of every certificate in a text: PEM, base64 of PEM, or base64 of DER.
pub fn ders(text: &str) -> Result<Vec<Vec<u8>>> {
    let bytes = pem::or_base64(text)?;
    if pem::is(&bytes) {
        let blocks = pem::all(&bytes);
        if blocks.is_empty() {
            bail!("failed to parse PEM certificates");
        }
        return blocks
            .into_iter()
            .map(|block| match block.label.as_str() {
                "CERTIFICATE" => Ok(block.contents),
                label => bail!("a PEM block is a `{label}`, not a certificate"),
            })
            .collect();
    }
    let mut found = Vec::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let (behind, _) = X509Certificate::from_der(rest).map_err(|_| anyhow!("x509: malformed certificate"))?;
        found.push(rest.get(..rest.len() - behind.len()).unwrap_or_default().to_vec());
        rest = behind;
    }
    Ok(found)
}

pub fn parse(der: &[u8]) -> Result<X509Certificate<'_>> {
    Ok(X509Certificate::from_der(der).map_err(|_| anyhow!("x509: malformed certificate"))?.1)
}

fn bytes(bytes: &[u8]) -> Json {
    Json::from(STANDARD.encode(bytes))
}

/// Go writes an empty list as null.
fn list<T: Into<Json>>(items: Vec<T>) -> Json {
    if items.is_empty() { Json::Null } else { items.into_iter().map(Into::into).collect() }
}

/// Numbers of any size, as JSON has them.
fn number(be: &[u8]) -> Json {
    let value = be.iter().fold(String::from("0x"), |hex, byte| format!("{hex}{byte:02x}"));
    let decimal = Value::from_json_str(&decimal(&value)).ok().and_then(|value| serde_json::to_value(&value).ok());
    decimal.unwrap_or(Json::Null)
}

/// Decimal digits of a hexadecimal number, by long division.
fn decimal(hex: &str) -> String {
    let mut digits: Vec<u32> = vec![0];
    for nibble in hex.trim_start_matches("0x").chars().filter_map(|c| c.to_digit(16)) {
        let mut carry = nibble;
        for digit in &mut digits {
            let value = *digit * 16 + carry;
            *digit = value % 10;
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    digits.iter().rev().filter_map(|digit| char::from_digit(*digit, 10)).collect()
}

fn name(name: &X509Name<'_>) -> Json {
    let parts: Vec<(String, String)> = name
        .iter_attributes()
        .map(|part| (part.attr_type().to_id_string(), part.as_str().unwrap_or_default().to_owned()))
        .collect();
    let all = |id: &str| list(parts.iter().filter(|(known, _)| known == id).map(|(_, value)| value.as_str()).collect());
    let last = |id: &str| parts.iter().rev().find(|(known, _)| known == id).map_or("", |(_, value)| value.as_str());
    let names = parts.iter().map(|(id, value)| json!({"Type": oid(id), "Value": value})).collect::<Vec<_>>();
    json!({
        "Country": all("2.5.4.6"), "Organization": all("2.5.4.10"), "OrganizationalUnit": all("2.5.4.11"),
        "Locality": all("2.5.4.7"), "Province": all("2.5.4.8"), "StreetAddress": all("2.5.4.9"),
        "PostalCode": all("2.5.4.17"), "SerialNumber": last("2.5.4.5"), "CommonName": last("2.5.4.3"),
        "Names": list(names), "ExtraNames": null,
    })
}

fn oid(text: &str) -> Json {
    text.split('.').filter_map(|part| part.parse::<u64>().ok()).collect()
}

/// The numbers of Go's `x509.SignatureAlgorithm`.
fn signature_algorithm(algorithm: &AlgorithmIdentifier<'_>) -> u8 {
    match algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.4" => 2,
        "1.2.840.113549.1.1.5" => 3,
        "1.2.840.113549.1.1.11" => 4,
        "1.2.840.113549.1.1.12" => 5,
        "1.2.840.113549.1.1.13" => 6,
        "1.2.840.10045.4.1" => 9,
        "1.2.840.10045.4.3.2" => 10,
        "1.2.840.10045.4.3.3" => 11,
        "1.2.840.10045.4.3.4" => 12,
        "1.2.840.113549.1.1.10" => 13,
        "1.3.101.112" => 16,
        _ => 0,
    }
}

/// The number of Go's `x509.PublicKeyAlgorithm`, and the key as Go writes it.
fn public_key(info: &SubjectPublicKeyInfo<'_>) -> (u8, Json) {
    match info.parsed() {
        Ok(PublicKey::RSA(key)) => {
            let exponent = key.try_exponent().unwrap_or_default();
            (1, json!({"N": number(key.modulus), "E": exponent}))
        }
        Ok(PublicKey::EC(point)) => {
            let data = point.data();
            let half = data.len().saturating_sub(1) / 2;
            let (x, y) = data.get(1..).unwrap_or_default().split_at_checked(half).unwrap_or_default();
            (3, json!({"Curve": {}, "X": number(x), "Y": number(y)}))
        }
        _ if info.algorithm.algorithm.to_id_string() == "1.3.101.112" => (4, bytes(&info.subject_public_key.data)),
        _ => (0, Json::Null),
    }
}

fn time(time: &ASN1Time) -> Json {
    let time = time.to_datetime();
    Json::from(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    ))
}

fn extensions(found: &[X509Extension<'_>]) -> Json {
    let one = |e: &X509Extension<'_>| json!({"Id": oid(&e.oid.to_id_string()), "Critical": e.critical, "Value": bytes(e.value)});
    list(found.iter().map(one).collect())
}

/// The alternative names of a subject: DNS, e-mail, IP, URI.
#[derive(Default)]
struct Names {
    dns: Vec<String>,
    email: Vec<String>,
    ip: Vec<String>,
    uri: Vec<String>,
}

impl Names {
    fn add(&mut self, names: &[GeneralName<'_>]) {
        for name in names {
            match name {
                GeneralName::DNSName(name) => self.dns.push((*name).to_owned()),
                GeneralName::RFC822Name(name) => self.email.push((*name).to_owned()),
                GeneralName::URI(name) => self.uri.push((*name).to_owned()),
                GeneralName::IPAddress(bytes) => {
                    let address: Option<std::net::IpAddr> = <[u8; 4]>::try_from(*bytes)
                        .map(std::net::IpAddr::from)
                        .or_else(|_| <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from))
                        .ok();
                    self.ip.extend(address.map(|address| address.to_string()));
                }
                _ => {}
            }
        }
    }

    fn write(self, into: &mut Map<String, Json>) {
        into.insert("DNSNames".to_owned(), list(self.dns));
        into.insert("EmailAddresses".to_owned(), list(self.email));
        into.insert("IPAddresses".to_owned(), list(self.ip));
        into.insert("URIs".to_owned(), list(self.uri.iter().map(|uri| url(uri)).collect()));
        into.insert("URIStrings".to_owned(), list(self.uri));
    }
}

/// Go's `url.URL`.
fn url(text: &str) -> Json {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    json!({"Scheme": scheme, "Opaque": "", "User": null, "Host": host, "Path": path, "RawPath": "",
           "OmitHost": false, "ForceQuery": false, "RawQuery": "", "Fragment": "", "RawFragment": ""})
}

/// The number of Go's `x509.ExtKeyUsage` of each usage.
fn extended_usages(usage: &x509_parser::extensions::ExtendedKeyUsage<'_>) -> Vec<u8> {
    let flags = [usage.any, usage.server_auth, usage.client_auth, usage.code_signing, usage.email_protection];
    let numbered = flags.iter().zip([0_u8, 1, 2, 3, 4]).filter(|(set, _)| **set).map(|(_, number)| number);
    let late = [(usage.time_stamping, 8), (usage.ocsp_signing, 9)];
    numbered.chain(late.into_iter().filter(|(set, _)| *set).map(|(_, number)| number)).collect()
}

/// Go's `x509.Certificate`.
fn certificate(der: &[u8]) -> Result<Json> {
    let parsed = parse(der)?;
    let tbs = &parsed.tbs_certificate;
    let (key_algorithm, key) = public_key(&tbs.subject_pki);
    let mut names = Names::default();
    let mut map = Map::new();
    let mut put = |name: &str, value: Json| map.insert(name.to_owned(), value);
    put("Raw", bytes(der));
    put("RawTBSCertificate", bytes(tbs.as_ref()));
    put("RawSubjectPublicKeyInfo", bytes(tbs.subject_pki.raw));
    put("RawSubject", bytes(tbs.subject.as_raw()));
    put("RawIssuer", bytes(tbs.issuer.as_raw()));
    put("Signature", bytes(&parsed.signature_value.data));
    put("SignatureAlgorithm", json!(signature_algorithm(&parsed.signature_algorithm)));
    put("PublicKeyAlgorithm", json!(key_algorithm));
    put("PublicKey", key);
    put("Version", json!(tbs.version.0 + 1));
    put("SerialNumber", number(tbs.raw_serial()));
    put("Issuer", name(&tbs.issuer));
    put("Subject", name(&tbs.subject));
    put("NotBefore", time(&tbs.validity.not_before));
    put("NotAfter", time(&tbs.validity.not_after));
    put("Extensions", extensions(tbs.extensions()));
    for absent in ["ExtraExtensions", "UnhandledCriticalExtensions", "UnknownExtKeyUsage", "PolicyIdentifiers"] {
        put(absent, Json::Null);
    }
    for empty in ["KeyUsage", "MaxPathLen"] {
        put(empty, json!(0));
    }
    for flag in ["BasicConstraintsValid", "IsCA", "MaxPathLenZero"] {
        put(flag, json!(false));
    }
    for absent in [
        "ExtKeyUsage",
        "SubjectKeyId",
        "AuthorityKeyId",
        "OCSPServer",
        "IssuingCertificateURL",
        "CRLDistributionPoints",
    ] {
        put(absent, Json::Null);
    }
    for extension in tbs.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(found) => names.add(&found.general_names),
            ParsedExtension::KeyUsage(usage) => {
                put("KeyUsage", json!(usage.flags));
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                put("ExtKeyUsage", list(extended_usages(usage)));
            }
            ParsedExtension::BasicConstraints(basic) => {
                put("BasicConstraintsValid", json!(true));
                put("IsCA", json!(basic.ca));
                put("MaxPathLen", basic.path_len_constraint.map_or(json!(-1), |length| json!(length)));
                put("MaxPathLenZero", json!(basic.path_len_constraint == Some(0)));
            }
            ParsedExtension::SubjectKeyIdentifier(id) => {
                put("SubjectKeyId", bytes(id.0));
            }
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                put("AuthorityKeyId", id.key_identifier.as_ref().map_or(Json::Null, |id| bytes(id.0)));
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                let of = |method: &str| -> Vec<String> {
                    let uris = access.accessdescs.iter().filter(|one| one.access_method.to_id_string() == method);
                    uris.filter_map(|one| match one.access_location {
                        GeneralName::URI(uri) => Some(uri.to_owned()),
                        _ => None,
                    })
                    .collect()
                };
                put("OCSPServer", list(of("1.3.6.1.5.5.7.48.1")));
                put("IssuingCertificateURL", list(of("1.3.6.1.5.5.7.48.2")));
            }
            ParsedExtension::UnsupportedExtension { oid: id } if extension.critical => {
                put("UnhandledCriticalExtensions", json!([oid(&id.to_id_string())]));
            }
            _ => {}
        }
    }
    names.write(&mut map);
    Ok(Json::Object(map))
}

fn certificates(ders: &[Vec<u8>]) -> Result<Value> {
    let found: Vec<Json> = ders.iter().map(|der| certificate(der)).collect::<Result<_>>()?;
    Ok(value_of(Json::Array(found)))
}

pub fn parse_certificates(values: &[Value]) -> Result<Value> {
    certificates(&ders(operand(values, 0)?)?)
}

pub fn parse_certificate_request(values: &[Value]) -> Result<Value> {
    let mut der = pem::or_base64(operand(values, 0)?)?;
    if pem::is(&der) {
        let (block, _) = pem::first(&der).ok_or_else(|| anyhow!("invalid PEM-encoded certificate signing request"))?;
        if block.label != "CERTIFICATE REQUEST" {
            bail!("invalid PEM-encoded certificate signing request");
        }
        der = block.contents;
    }
    let (_, request) =
        X509CertificationRequest::from_der(&der).map_err(|error| anyhow!("asn1: structure error: {error}"))?;
    let info = &request.certification_request_info;
    let (key_algorithm, key) = public_key(&info.subject_pki);
    let mut names = Names::default();
    for extension in request.requested_extensions().into_iter().flatten() {
        if let ParsedExtension::SubjectAlternativeName(found) = extension {
            names.add(&found.general_names);
        }
    }
    let mut map = Map::new();
    let mut put = |name: &str, value: Json| map.insert(name.to_owned(), value);
    put("Raw", bytes(&der));
    put("RawSubjectPublicKeyInfo", bytes(info.subject_pki.raw));
    put("RawSubject", bytes(info.subject.as_raw()));
    put("Version", json!(info.version.0));
    put("Signature", bytes(&request.signature_value.data));
    put("SignatureAlgorithm", json!(signature_algorithm(&request.signature_algorithm)));
    put("PublicKeyAlgorithm", json!(key_algorithm));
    put("PublicKey", key);
    put("Subject", name(&info.subject));
    names.write(&mut map);
    Ok(value_of(Json::Object(map)))
}

/// A private key as Go writes it.
fn private_key(key: &Private) -> Json {
    let Some(numbers) = key.rsa_numbers() else { return json!({}) };
    let of = |name: &str| numbers.iter().find(|(known, _)| *known == name).map_or(Json::Null, |(_, be)| number(be));
    json!({"N": of("n"), "E": of("e"), "D": of("d"), "Primes": [of("p"), of("q")],
           "Precomputed": {"Dp": of("dp"), "Dq": of("dq"), "Qinv": of("qi"), "CRTValues": []}})
}

/// The private keys among PEM blocks.
fn private_keys(bytes: &[u8]) -> Result<Vec<Private>> {
    let keys = pem::all(bytes).into_iter().filter(|block| block.label.ends_with("PRIVATE KEY"));
    keys.map(|block| Private::of_der(&block.contents)).collect()
}

pub fn parse_private_keys(values: &[Value]) -> Result<Value> {
    let given = operand(values, 0)?;
    if given.is_empty() {
        return Ok(Value::Null);
    }
    let bytes = pem::or_base64(given).unwrap_or_else(|_| given.as_bytes().to_vec());
    let keys = private_keys(&bytes)?;
    Ok(value_of(Json::Array(keys.iter().map(private_key).collect())))
}

pub fn parse_rsa_private_key(values: &[Value]) -> Result<Value> {
    let bytes = pem::or_base64(operand(values, 0)?)?;
    let keys = if pem::is(&bytes) { private_keys(&bytes)? } else { vec![Private::of_der(&bytes)?] };
    let numbers = keys.first().and_then(Private::rsa_numbers).ok_or_else(|| anyhow!("failed to parse an RSA key"))?;
    let encoded = numbers.into_iter().map(|(name, be)| (name.to_owned(), Json::from(super::jwt::BASE64URL.encode(be))));
    let jwk: Map<String, Json> = encoded.chain([("kty".to_owned(), Json::from("RSA"))]).collect();
    Ok(value_of(Json::Object(jwk)))
}

pub fn parse_keypair(values: &[Value]) -> Result<Value> {
    let chain = ders(operand(values, 0)?)?;
    let keys = private_keys(&pem::or_base64(operand(values, 1)?)?)?;
    let (Some(leaf), Some(key)) = (chain.first(), keys.first()) else {
        bail!("failed to find a certificate and a key")
    };
    if !verify::belongs(key, leaf)? {
        bail!("tls: private key does not match public key");
    }
    let pair = json!({
        "Certificate": chain.iter().map(|der| bytes(der)).collect::<Vec<_>>(), "PrivateKey": private_key(key),
        "SupportedSignatureAlgorithms": null, "OCSPStaple": null, "SignedCertificateTimestamps": null,
        "Leaf": certificate(leaf)?,
    });
    Ok(value_of(pair))
}

/// The certificates of an operand: a text, or an array of texts.
fn chain(value: Option<&Value>) -> Result<Vec<Vec<u8>>> {
    match value {
        Some(Value::String(text)) => ders(text),
        Some(array @ Value::Array(items)) => {
            super::weight::written(std::slice::from_ref(array))?;
            let each = items.iter().map(|item| ders(text(Some(item)).unwrap_or_default()));
            Ok(each.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
        }
        _ => bail!(Operand("operand 1 must be string or array".to_owned())),
    }
}

pub fn parse_and_verify(values: &[Value]) -> Result<Value> {
    verified(values, verify::Wanted::default())
}

fn verified(values: &[Value], wanted: verify::Wanted) -> Result<Value> {
    let ders = chain(values.first())?;
    match verify::chain(&ders, &wanted) {
        Some(chain) => Ok(Value::from(vec![Value::from(true), certificates(&chain)?])),
        None => Ok(Value::from(vec![Value::from(false), Value::new_array()])),
    }
}

pub fn parse_and_verify_with_options(values: &[Value]) -> Result<Value> {
    let Some(options @ Value::Object(_)) = values.get(1) else {
        bail!(Operand("operand 2 must be object".to_owned()));
    };
    let mut wanted = verify::Wanted::default();
    let Json::Object(options) = json(options)? else { bail!("the options are no object") };
    for (name, value) in options {
        match (name.as_str(), &value) {
            ("DNSName", Json::String(name)) => wanted.dns_name = Some(name.clone()),
            ("CurrentTime", Json::Number(time)) => {
                wanted.seconds = time.as_i64().map(|nanoseconds| nanoseconds / 1_000_000_000);
            }
            ("MaxConstraintComparisons", Json::Number(_)) => {}
            ("KeyUsages", Json::Array(usages)) => {
                let name = |usage: &Json| usage.as_str().map(str::to_owned);
                wanted.usages = usages
                    .iter()
                    .map(name)
                    .collect::<Option<_>>()
                    .ok_or_else(|| anyhow!("a key usage is no string"))?;
                if let Some(unknown) = wanted.usages.iter().find(|usage| !verify::is_usage(usage)) {
                    bail!("invalid key usage '{unknown}'");
                }
            }
            _ => bail!("invalid key option: {name}"),
        }
    }
    verified(values, wanted)
}

/// Returns the seconds of the evaluation's time.
fn now() -> i64 {
    context::now_ns() / 1_000_000_000
}
