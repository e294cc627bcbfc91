//! Keys, as PEM, DER and JWK have them, and the signatures that `io.jwt.*` and `crypto.x509.*` make and check.
//!
//! Deliberately absent: keys of less than 1,024 bits of RSA, SHA-1 signatures, and primitives of our own: those are
//! RustCrypto's.

use super::jwt::BASE64URL;
use super::pem;
use anyhow::{Result, anyhow, bail};
use base64::Engine as _;
use ed25519_dalek::Signer as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use rsa::signature::hazmat::PrehashVerifier as _;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _, Verifier as _};
use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};
use rsa::{BoxedUint, PrivateKey as RsaPrivateKey, PublicKey as RsaPublicKey, pkcs1v15, pss};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    EdDsa,
}

impl Algorithm {
    /// Reads the name that a header has.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "HS256" => Self::Hs256,
            "HS384" => Self::Hs384,
            "HS512" => Self::Hs512,
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "ES512" => Self::Es512,
            "EdDSA" => Self::EdDsa,
            _ => return None,
        })
    }

    pub const fn is_hmac(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }
}

/// A key that signatures are checked with.
pub enum Public {
    Secret(Vec<u8>),
    Rsa(RsaPublicKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
}

/// A key, and what a key set says of it.
pub struct Named {
    /// Its name within a key set.
    pub kid: Option<String>,
    /// The one algorithm that it is for.
    pub algorithm: Option<Algorithm>,
    pub key: Public,
}

fn rsa_verifies(key: &RsaPublicKey, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> Option<bool> {
    let pkcs = || pkcs1v15::Signature::try_from(signature).ok();
    let pss = || pss::Signature::try_from(signature).ok();
    let key = key.clone();
    // Go takes any length of salt, so must this.
    Some(match algorithm {
        Algorithm::Rs256 => pkcs1v15::VerifyingKey::<Sha256>::new(key).verify(signed, &pkcs()?).is_ok(),
        Algorithm::Rs384 => pkcs1v15::VerifyingKey::<Sha384>::new(key).verify(signed, &pkcs()?).is_ok(),
        Algorithm::Rs512 => pkcs1v15::VerifyingKey::<Sha512>::new(key).verify(signed, &pkcs()?).is_ok(),
        Algorithm::Ps256 => pss::VerifyingKey::<Sha256>::new_with_auto_salt_len(key).verify(signed, &pss()?).is_ok(),
        Algorithm::Ps384 => pss::VerifyingKey::<Sha384>::new_with_auto_salt_len(key).verify(signed, &pss()?).is_ok(),
        Algorithm::Ps512 => pss::VerifyingKey::<Sha512>::new_with_auto_salt_len(key).verify(signed, &pss()?).is_ok(),
        _ => return None,
    })
}

impl Public {
    /// Says whether a signature is this key's. A key of another kind has not signed.
    pub fn verifies(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        let found = match (self, algorithm) {
            (Self::Secret(secret), _) if algorithm.is_hmac() => hmac_verifies(secret, algorithm, signed, signature),
            (Self::Rsa(key), _) => rsa_verifies(key, algorithm, signed, signature),
            (Self::P256(key), Algorithm::Es256) => p256::ecdsa::Signature::from_slice(signature)
                .ok()
                .map(|signature| key.verify(signed, &signature).is_ok()),
            (Self::P384(key), Algorithm::Es384) => p384::ecdsa::Signature::from_slice(signature)
                .ok()
                .map(|signature| key.verify(signed, &signature).is_ok()),
            (Self::P521(key), Algorithm::Es512) => p521::ecdsa::Signature::from_slice(signature)
                .ok()
                .map(|signature| key.verify(signed, &signature).is_ok()),
            (Self::Ed25519(key), Algorithm::EdDsa) => ed25519_dalek::Signature::from_slice(signature)
                .ok()
                .map(|signature| key.verify(signed, &signature).is_ok()),
            _ => None,
        };
        found.unwrap_or(false)
    }

    /// Says whether a signature of ECDSA in DER is this key's. The size is that of SHA-2, which need not be the curve's.
    pub fn verifies_der(&self, bits: u16, signed: &[u8], signature: &[u8]) -> bool {
        let digest = match bits {
            256 => Sha256::digest(signed).to_vec(),
            384 => Sha384::digest(signed).to_vec(),
            _ => Sha512::digest(signed).to_vec(),
        };
        match self {
            Self::P256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()),
            Self::P384(key) => p384::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()),
            Self::P521(key) => p521::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()),
            _ => false,
        }
    }

    /// Reads a `SubjectPublicKeyInfo`.
    pub fn of_spki(der: &[u8]) -> Result<Self> {
        if let Ok(key) = RsaPublicKey::from_public_key_der(der) {
            return Ok(Self::Rsa(key));
        }
        if let Ok(key) = p256::PublicKey::from_public_key_der(der) {
            return Ok(Self::P256(key.into()));
        }
        if let Ok(key) = p384::PublicKey::from_public_key_der(der) {
            return Ok(Self::P384(key.into()));
        }
        if let Ok(key) = p521::PublicKey::from_public_key_der(der) {
            return Ok(Self::P521(p521::ecdsa::VerifyingKey::from_sec1_bytes(&key.to_sec1_bytes())?));
        }
        if let Ok(key) = ed25519_dalek::VerifyingKey::from_public_key_der(der) {
            return Ok(Self::Ed25519(key));
        }
        bail!("the public key is of no known kind")
    }

    fn of_jwk(jwk: &Json) -> Result<Self> {
        let bytes = |name: &str| field(jwk, name);
        let point = |length: usize| -> Result<Vec<u8>> {
            let mut point = vec![4];
            for name in ["x", "y"] {
                let bytes = bytes(name)?;
                point.extend(std::iter::repeat_n(0, length.saturating_sub(bytes.len())));
                point.extend(bytes);
            }
            Ok(point)
        };
        let text = |name: &str| jwk.get(name).and_then(Json::as_str);
        Ok(match (text("kty"), text("crv")) {
            (Some("RSA"), _) => Self::Rsa(RsaPublicKey::new(integer(&bytes("n")?), integer(&bytes("e")?))?),
            (Some("oct"), _) => Self::Secret(bytes("k")?),
            (Some("EC"), Some("P-256")) => Self::P256(p256::ecdsa::VerifyingKey::from_sec1_bytes(&point(32)?)?),
            (Some("EC"), Some("P-384")) => Self::P384(p384::ecdsa::VerifyingKey::from_sec1_bytes(&point(48)?)?),
            (Some("EC"), Some("P-521")) => Self::P521(p521::ecdsa::VerifyingKey::from_sec1_bytes(&point(66)?)?),
            (Some("OKP"), Some("Ed25519")) => {
                let bytes: [u8; 32] = bytes("x")?.try_into().map_err(|_| anyhow!("`x` of a JWK has not 32 bytes"))?;
                Self::Ed25519(ed25519_dalek::VerifyingKey::from_bytes(&bytes)?)
            }
            _ => bail!("failed to parse a JWK key (set): its kind is unknown"),
        })
    }
}

fn hmac_verifies(secret: &[u8], algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> Option<bool> {
    macro_rules! verify {
        ($hash:ty) => {{
            let mut mac = Hmac::<$hash>::new_from_slice(secret).ok()?;
            mac.update(signed);
            mac.verify_slice(signature).is_ok()
        }};
    }
    Some(match algorithm {
        Algorithm::Hs256 => verify!(Sha256),
        Algorithm::Hs384 => verify!(Sha384),
        Algorithm::Hs512 => verify!(Sha512),
        _ => return None,
    })
}

fn field(jwk: &Json, name: &str) -> Result<Vec<u8>> {
    let text = jwk.get(name).and_then(Json::as_str).ok_or_else(|| anyhow!("a JWK has no `{name}`"))?;
    BASE64URL.decode(text).map_err(|error| anyhow!("`{name}` of a JWK: {error}"))
}

fn integer(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(bytes)
}

/// Reads a certificate or public key in PEM, a JWK, or a set of them.
pub fn public(text: &str) -> Result<Vec<Named>> {
    let alone = |key| vec![Named { kid: None, algorithm: None, key }];
    if let Some((block, rest)) = pem::first(text.as_bytes()) {
        if !rest.iter().all(u8::is_ascii_whitespace) {
            bail!("extra data after a PEM certificate block");
        }
        return match block.label.as_str() {
            "CERTIFICATE" => {
                let (_, certificate) = X509Certificate::from_der(&block.contents)?;
                Ok(alone(Public::of_spki(certificate.public_key().raw)?))
            }
            "PUBLIC KEY" => Ok(alone(Public::of_spki(&block.contents)?)),
            _ => bail!("failed to extract a Key from the PEM certificate"),
        };
    }
    let json: Json = serde_json::from_str(text).map_err(|error| anyhow!("failed to parse a JWK key (set): {error}"))?;
    let one = |jwk: &Json| -> Result<Named> {
        let text = |name: &str| jwk.get(name).and_then(Json::as_str);
        let key = Public::of_jwk(jwk)?;
        Ok(Named { kid: text("kid").map(str::to_owned), algorithm: text("alg").and_then(Algorithm::parse), key })
    };
    match json.get("keys").and_then(Json::as_array) {
        // A set may hold keys of kinds that are not ours to know; they have signed nothing that we can check.
        Some(keys) => Ok(keys.iter().filter_map(|jwk| one(jwk).ok()).collect()),
        None => Ok(vec![one(&json)?]),
    }
}

/// A key that signs.
pub enum Private {
    Secret(Vec<u8>),
    Rsa(Box<RsaPrivateKey>),
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    P521(p521::SecretKey),
    Ed25519(ed25519_dalek::SigningKey),
}

impl Private {
    pub fn of_jwk(jwk: &Json) -> Result<Self> {
        let bytes = |name: &str| field(jwk, name);
        let text = |name: &str| jwk.get(name).and_then(Json::as_str);
        let scalar = |length: usize| -> Result<Vec<u8>> {
            let bytes = bytes("d")?;
            Ok(std::iter::repeat_n(0, length.saturating_sub(bytes.len())).chain(bytes).collect())
        };
        Ok(match (text("kty"), text("crv")) {
            (Some("oct"), _) => Self::Secret(bytes("k")?),
            (Some("RSA"), _) => {
                let [n, e, d] = [integer(&bytes("n")?), integer(&bytes("e")?), integer(&bytes("d")?)];
                let primes = vec![integer(&bytes("p")?), integer(&bytes("q")?)];
                Self::Rsa(Box::new(RsaPrivateKey::from_components(n, e, d, primes)?))
            }
            (Some("EC"), Some("P-256")) => Self::P256(p256::SecretKey::from_slice(&scalar(32)?)?),
            (Some("EC"), Some("P-384")) => Self::P384(p384::SecretKey::from_slice(&scalar(48)?)?),
            (Some("EC"), Some("P-521")) => Self::P521(p521::SecretKey::from_slice(&scalar(66)?)?),
            (Some("OKP"), Some("Ed25519")) => {
                let bytes: [u8; 32] = bytes("d")?.try_into().map_err(|_| anyhow!("`d` of a JWK has not 32 bytes"))?;
                Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&bytes))
            }
            _ => bail!("failed to parse a JWK: its kind is unknown"),
        })
    }

    /// Reads a private key: PKCS#8, PKCS#1 or SEC 1.
    pub fn of_der(der: &[u8]) -> Result<Self> {
        if let Ok(key) = RsaPrivateKey::from_pkcs8_der(der).or_else(|_| RsaPrivateKey::from_pkcs1_der(der)) {
            return Ok(Self::Rsa(Box::new(key)));
        }
        if let Ok(key) = p256::SecretKey::from_pkcs8_der(der).or_else(|_| p256::SecretKey::from_der(der)) {
            return Ok(Self::P256(key));
        }
        if let Ok(key) = p384::SecretKey::from_pkcs8_der(der).or_else(|_| p384::SecretKey::from_der(der)) {
            return Ok(Self::P384(key));
        }
        if let Ok(key) = p521::SecretKey::from_pkcs8_der(der).or_else(|_| p521::SecretKey::from_der(der)) {
            return Ok(Self::P521(key));
        }
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_der(der) {
            return Ok(Self::Ed25519(key));
        }
        bail!("the private key is of no known kind")
    }

    pub fn sign(&self, algorithm: Algorithm, signed: &[u8]) -> Result<Vec<u8>> {
        macro_rules! mac {
            ($hash:ty, $secret:expr) => {{
                let mut mac =
                    Hmac::<$hash>::new_from_slice($secret).map_err(|_| anyhow!("the key is refused by HMAC"))?;
                mac.update(signed);
                mac.finalize().into_bytes().to_vec()
            }};
        }
        macro_rules! rsa {
            ($signer:ty, $key:expr) => {
                <$signer>::new($key.as_ref().clone()).try_sign_with_rng(&mut rand::rng(), signed)?.to_vec()
            };
        }
        Ok(match (self, algorithm) {
            (Self::Secret(secret), Algorithm::Hs256) => mac!(Sha256, secret),
            (Self::Secret(secret), Algorithm::Hs384) => mac!(Sha384, secret),
            (Self::Secret(secret), Algorithm::Hs512) => mac!(Sha512, secret),
            (Self::Rsa(key), Algorithm::Rs256) => rsa!(pkcs1v15::SigningKey<Sha256>, key),
            (Self::Rsa(key), Algorithm::Rs384) => rsa!(pkcs1v15::SigningKey<Sha384>, key),
            (Self::Rsa(key), Algorithm::Rs512) => rsa!(pkcs1v15::SigningKey<Sha512>, key),
            (Self::Rsa(key), Algorithm::Ps256) => rsa!(pss::SigningKey<Sha256>, key),
            (Self::Rsa(key), Algorithm::Ps384) => rsa!(pss::SigningKey<Sha384>, key),
            (Self::Rsa(key), Algorithm::Ps512) => rsa!(pss::SigningKey<Sha512>, key),
            (Self::P256(key), Algorithm::Es256) => {
                let signature: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from(key).sign(signed);
                signature.to_vec()
            }
            (Self::P384(key), Algorithm::Es384) => {
                let signature: p384::ecdsa::Signature = p384::ecdsa::SigningKey::from(key).sign(signed);
                signature.to_vec()
            }
            (Self::P521(key), Algorithm::Es512) => {
                let signer = p521::ecdsa::SigningKey::from_slice(&key.to_bytes())?;
                let signature: p521::ecdsa::Signature = signer.sign(signed);
                signature.to_vec()
            }
            (Self::Ed25519(key), Algorithm::EdDsa) => key.sign(signed).to_bytes().to_vec(),
            _ => bail!("the key is not one for this algorithm"),
        })
    }

    /// Returns the numbers of an RSA key by the names that JWK gives them.
    pub fn rsa_numbers(&self) -> Option<Vec<(&'static str, Vec<u8>)>> {
        let Self::Rsa(key) = self else { return None };
        let trimmed = |number: &BoxedUint| number.to_be_bytes().iter().copied().skip_while(|byte| *byte == 0).collect();
        let mut numbers: Vec<(&'static str, Vec<u8>)> =
            vec![("n", trimmed(key.n())), ("e", trimmed(key.e())), ("d", trimmed(key.d()))];
        let parts = key.primes().iter().zip(["p", "q"]).map(|(prime, name)| (name, trimmed(prime)));
        numbers.extend(parts);
        let derived = [("dp", key.dp()), ("dq", key.dq())];
        numbers.extend(derived.into_iter().filter_map(|(name, number)| Some((name, trimmed(number?)))));
        numbers.extend(key.crt_coefficient().map(|number| ("qi", trimmed(&number))));
        Some(numbers)
    }
}
