//! Who asks: bearer tokens out of files, signed tokens, certificates. What is compared is digests, all of them, so that the
//! time it takes says nothing of a token.
//!
//! Deliberately absent: what a caller may ask; that is the policy's (`front`).

use axum::http::{HeaderMap, header};
use meshgate_engine::{Authentication, JwtSettings, Signed, TokenSettings, fingerprint_of, verified, verifying};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

/// Bytes of a token that are looked at.
const TOKEN_MAX: usize = 16 << 10;

/// Bytes of a file of tokens, keys or certificates.
const SECRET_MAX: usize = 4 << 20;

/// Reads a file.
///
/// # Errors
/// With its name.
pub fn read_named(path: &Path) -> io::Result<String> {
    meshgate_engine::reading::text(path, SECRET_MAX)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// An error of a file's contents, with its name.
pub fn wrong(path: &Path, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("{}: {error}", path.display()))
}

struct Token {
    id: String,
    digest: [u8; 32],
}

#[derive(Default)]
struct Known {
    tokens: Vec<Token>,
    jwt: Option<Signed>,
}

/// The credentials that are taken.
pub struct Credentials {
    settings: Authentication,
    folder: PathBuf,
    known: RwLock<Known>,
    /// What the files were like when they were read.
    read: AtomicU64,
}

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
        let read = AtomicU64::new(fingerprint_of(&files(settings, folder)));
        let (known, gone) = known(settings, folder)?;
        match gone {
            Some(error) => Err(error),
            None => Ok(Some(Self {
                settings: settings.clone(),
                folder: folder.to_owned(),
                known: RwLock::new(known),
                read,
            })),
        }
    }

    /// Reads again what has changed. A token whose file is gone is taken no more.
    ///
    /// # Errors
    /// When a file cannot be read: what was known of it before goes on, and it is tried again. Or when one is gone.
    pub fn refresh(&self) -> io::Result<bool> {
        let now = fingerprint_of(&files(&self.settings, &self.folder));
        if now == self.read.load(Ordering::Relaxed) {
            return Ok(false);
        }
        // Requests want what is known: files are read before it is held.
        let (known, gone) = known(&self.settings, &self.folder)?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        self.read.store(now, Ordering::Relaxed);
        gone.map_or(Ok(true), Err)
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
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
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
        let claims = verified(token, known.jwt.as_ref()?)?;
        let id = claims.get("sub").and_then(Value::as_str)?.to_owned();
        // Whoever has a token is nobody whom others may call themselves.
        let taken = self.settings.tokens.iter().any(|token| token.id == id);
        (!taken).then_some(Identity { id, claims: Some(claims) })
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

fn files(settings: &Authentication, folder: &Path) -> Vec<PathBuf> {
    let tokens = settings.tokens.iter().map(|token| &token.file);
    tokens.chain(settings.jwt.iter().map(|jwt| &jwt.keys_file)).map(|file| folder.join(file)).collect()
}

/// What the files hold, and which one is gone, if one is.
fn known(settings: &Authentication, folder: &Path) -> io::Result<(Known, Option<io::Error>)> {
    let mut known = Known::default();
    let mut gone = None;
    for TokenSettings { id, file } in &settings.tokens {
        match digest_of(&folder.join(file)) {
            Ok(digest) => known.tokens.push(Token { id: id.clone(), digest }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => gone = Some(error),
            Err(error) => return Err(error),
        }
    }
    if let Some(settings) = &settings.jwt {
        match signed(settings, &folder.join(&settings.keys_file)) {
            Ok(signed) => known.jwt = Some(signed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => gone = Some(error),
            Err(error) => return Err(error),
        }
    }
    Ok((known, gone))
}

fn digest_of(file: &Path) -> io::Result<[u8; 32]> {
    let text = read_named(file)?;
    let token = text.trim();
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err(wrong(file, &"holds no token: one word"));
    }
    Ok(Sha256::digest(token.as_bytes()).into())
}

fn signed(settings: &JwtSettings, file: &Path) -> io::Result<Signed> {
    let keys = read_named(file)?;
    if keys.trim().is_empty() {
        return Err(wrong(file, &"holds no keys"));
    }
    let usual = || ["RS256", "ES256", "PS256"].map(str::to_owned).into();
    Ok(Signed {
        keys: verifying(&keys),
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
    fn a_token_whose_file_is_gone_is_taken_no_more_and_one_that_is_broken_is() {
        let folder = tempfile::tempdir().unwrap();
        let place = |text: &str| std::fs::write(folder.path().join("a"), text).unwrap();
        place("first");
        let tokens = vec![TokenSettings { id: "a".to_owned(), file: "a".into() }];
        let credentials = Credentials::of(&Authentication { tokens, jwt: None }, folder.path()).unwrap().unwrap();
        let known = |token: &str| credentials.identity(&headers(&[&format!("Bearer {token}")])).is_some();
        assert!(!credentials.refresh().unwrap() && known("first"));
        // In the middle of being written: it is said, tried again, and changes nothing.
        place("");
        assert!(credentials.refresh().is_err() && credentials.refresh().is_err() && known("first"));
        place("second-one");
        assert!(credentials.refresh().unwrap() && known("second-one") && !known("first"));
        std::fs::remove_file(folder.path().join("a")).unwrap();
        assert!(credentials.refresh().is_err() && !known("second-one"));
        place("third-of-them");
        assert!(credentials.refresh().unwrap() && known("third-of-them"));
    }

    #[test]
    fn an_empty_token_is_none() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "\n").unwrap();
        let tokens = vec![TokenSettings { id: "a".to_owned(), file: "a".into() }];
        assert!(Credentials::of(&Authentication { tokens, jwt: None }, folder.path()).is_err());
    }
}
