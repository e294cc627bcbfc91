//! Who asks: bearer tokens out of files, signed tokens, certificates. What is compared is digests, all of them, so that the
//! time it takes says nothing of a token.
//!
//! Deliberately absent: what a caller may ask; that is the policy's (`front`).

use axum::http::{HeaderMap, header};
use meshgate_engine::{Authentication, JwtSettings, Signed, TokenSettings, verified};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

/// Bytes of a token that are looked at.
const TOKEN_MAX: usize = 16 << 10;

/// A file, and when it was last changed.
#[derive(Debug, Clone)]
pub struct Watched {
    path: PathBuf,
    changed: Option<SystemTime>,
}

impl Watched {
    /// Watches a file from now on.
    pub fn new(path: PathBuf) -> Self {
        let changed = modified(&path);
        Self { path, changed }
    }

    /// Has it changed since it was last looked at?
    pub fn has_changed(&mut self) -> bool {
        let now = modified(&self.path);
        let changed = now.is_some() && now != self.changed;
        self.changed = now.or(self.changed);
        changed
    }

    /// Reads it.
    ///
    /// # Errors
    /// With its name.
    pub fn read(&self) -> io::Result<String> {
        std::fs::read_to_string(&self.path).map_err(|error| self.named(&error))
    }

    /// An error, with the file's name.
    pub fn named(&self, error: &dyn std::fmt::Display) -> io::Error {
        io::Error::other(format!("{}: {error}", self.path.display()))
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

struct Token {
    id: String,
    file: Watched,
    digest: [u8; 32],
}

struct Jwt {
    settings: JwtSettings,
    file: Watched,
    signed: Signed,
}

#[derive(Default)]
struct Known {
    tokens: Vec<Token>,
    jwt: Option<Jwt>,
}

/// The credentials that are taken.
pub struct Credentials(RwLock<Known>);

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not even digests are shown.
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads what the configuration names; `None` when it names nothing, and everybody is answered.
    ///
    /// # Errors
    /// When a file cannot be read, or holds nothing.
    pub fn of(settings: &Authentication, folder: &Path) -> io::Result<Option<Self>> {
        if settings.tokens.is_empty() && settings.jwt.is_none() {
            return Ok(None);
        }
        let token = |TokenSettings { id, file }: &TokenSettings| {
            let file = Watched::new(folder.join(file));
            Ok(Token { id: id.clone(), digest: digest_of(&file)?, file })
        };
        let tokens = settings.tokens.iter().map(token).collect::<io::Result<Vec<_>>>()?;
        let jwt = settings.jwt.as_ref().map(|settings| {
            let file = Watched::new(folder.join(&settings.keys_file));
            Ok::<_, io::Error>(Jwt { signed: signed(settings, &file)?, file, settings: settings.clone() })
        });
        Ok(Some(Self(RwLock::new(Known { tokens, jwt: jwt.transpose()? }))))
    }

    /// Reads again what has changed.
    ///
    /// # Errors
    /// When a file cannot be read: what was known before goes on.
    pub fn refresh(&self) -> io::Result<bool> {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = false;
        let mut failed = None;
        for token in &mut known.tokens {
            if token.file.has_changed() {
                match digest_of(&token.file) {
                    Ok(digest) => (token.digest, changed) = (digest, true),
                    Err(error) => failed = Some(error),
                }
            }
        }
        if let Some(jwt) = &mut known.jwt
            && jwt.file.has_changed()
        {
            match signed(&jwt.settings, &jwt.file) {
                Ok(signed) => (jwt.signed, changed) = (signed, true),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(changed), Err)
    }

    /// Who sent these headers; `None` when that is not known.
    pub fn identity(&self, headers: &HeaderMap) -> Option<Identity> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let value = values.next()?.to_str().ok()?;
        if values.next().is_some() {
            return None;
        }
        let (scheme, token) = value.split_once(' ')?;
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.len() > TOKEN_MAX {
            return None;
        }
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut found = None;
        for token in &known.tokens {
            let differs = token.digest.iter().zip(&digest).fold(0_u8, |sum, (a, b)| sum | (a ^ b));
            if differs == 0 {
                found = Some(token.id.clone());
            }
        }
        if let Some(id) = found {
            return Some(Identity { id, claims: None });
        }
        let claims = verified(token, &known.jwt.as_ref()?.signed)?;
        let id = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(Identity { id, claims: Some(claims) })
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The token's id, or the subject of a signed one.
    pub id: String,
    /// The claims of a signed one.
    pub claims: Option<Value>,
}

impl Identity {
    /// As the authorization policy sees it.
    pub fn told(&self) -> (Value, Value) {
        (json!(self.id), self.claims.clone().unwrap_or_default())
    }
}

fn digest_of(file: &Watched) -> io::Result<[u8; 32]> {
    let text = file.read()?;
    let token = text.trim();
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err(file.named(&"holds no token: one word"));
    }
    Ok(Sha256::digest(token.as_bytes()).into())
}

fn signed(settings: &JwtSettings, file: &Watched) -> io::Result<Signed> {
    let keys = file.read()?;
    if keys.trim().is_empty() {
        return Err(file.named(&"holds no keys"));
    }
    let usual = || ["RS256", "ES256", "PS256"].map(str::to_owned).into();
    Ok(Signed {
        keys,
        issuer: settings.issuer.clone(),
        audience: settings.audience.clone(),
        algorithms: settings.algorithms.clone().unwrap_or_else(usual),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn tokens_are_known_by_their_files_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "secret-a\n").unwrap();
        std::fs::write(folder.path().join("b"), "secret-b").unwrap();
        let token = |id: &str| TokenSettings { id: id.to_owned(), file: id.into() };
        let settings = Authentication { tokens: vec![token("a"), token("b")], jwt: None };
        let credentials = Credentials::of(&settings, folder.path()).unwrap().unwrap();
        let of = |values: &[&str]| credentials.identity(&headers(values)).map(|identity| identity.id);
        assert_eq!(of(&["Bearer secret-a"]).as_deref(), Some("a"));
        assert_eq!(of(&["bearer  secret-b"]).as_deref(), Some("b"));
        for wrong in [&["Bearer secret-c"][..], &["Bearer"], &["Basic secret-a"], &[], &["Bearer secret-a", "Bearer x"]]
        {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
        assert!(!format!("{credentials:?}").contains("secret"));
    }

    #[test]
    fn an_empty_token_is_none() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "\n").unwrap();
        let tokens = vec![TokenSettings { id: "a".to_owned(), file: "a".into() }];
        assert!(Credentials::of(&Authentication { tokens, jwt: None }, folder.path()).is_err());
    }
}
