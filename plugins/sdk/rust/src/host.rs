//! What the host does for a plugin: in WebAssembly by the contract's interfaces, natively by what a test sets up.
//!
//! Deliberately absent: anything of the operating system. A native test that reads a file which it did not set up finds
//! nothing, as in the sandbox.

#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// Worth knowing.
    Info,
    /// Odd.
    Warning,
    /// The plugin failed.
    Error,
}

/// Writes to the host's log, which is bounded. Natively to standard error.
pub fn log(level: Level, message: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::guest::log(level, message);
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{level:?}: {message}");
}

/// Capability `files:NAME`: folders of the platform's, read only.
pub mod files {
    /// Why a file cannot be read.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Error {
        /// There is none.
        NotFound,
        /// A folder where a file was asked for, or the other way round.
        WrongKind,
        /// More than one call may read.
        TooLarge,
        /// Anything else.
        Failed(String),
    }

    impl std::fmt::Display for Error {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            match self {
                Self::NotFound => f.write_str("not found"),
                Self::WrongKind => f.write_str("not a file"),
                Self::TooLarge => f.write_str("too large"),
                Self::Failed(text) => f.write_str(text),
            }
        }
    }

    impl std::error::Error for Error {}

    /// What a folder holds.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Entry {
        /// Its name.
        pub name: String,
        /// Is it a folder?
        pub is_folder: bool,
        /// Bytes.
        pub size: u64,
    }

    /// The bytes of a file; the path is relative to the folder, with `/` between steps.
    ///
    /// # Errors
    /// [`Error`]. A path that leads out of the folder ends the call with a fault.
    pub fn read(folder: &str, path: &str) -> Result<Vec<u8>, Error> {
        #[cfg(target_arch = "wasm32")]
        return crate::guest::read_file(folder, path);
        #[cfg(not(target_arch = "wasm32"))]
        super::testing::read_file(folder, path)
    }

    /// The text of a file.
    ///
    /// # Errors
    /// As [`read`], and when it is not UTF-8.
    pub fn read_text(folder: &str, path: &str) -> Result<String, Error> {
        String::from_utf8(read(folder, path)?).map_err(|_| Error::Failed("not UTF-8".to_owned()))
    }

    /// What a folder holds, by name; the path of the granted folder itself is empty.
    ///
    /// # Errors
    /// As [`read`].
    pub fn list(folder: &str, path: &str) -> Result<Vec<Entry>, Error> {
        #[cfg(target_arch = "wasm32")]
        return crate::guest::list_folder(folder, path);
        #[cfg(not(target_arch = "wasm32"))]
        super::testing::list_folder(folder, path)
    }
}

/// Capability `data:PATH`: the data of the platform's bundles.
pub mod data {
    /// What stands at a path, as in `org/glossary/terms`; `None` when there is nothing.
    ///
    /// # Errors
    /// When it is not what was expected.
    pub fn read<T: serde::de::DeserializeOwned>(path: &str) -> Result<Option<T>, String> {
        #[cfg(target_arch = "wasm32")]
        let text = crate::guest::read_data(path);
        #[cfg(not(target_arch = "wasm32"))]
        let text = super::testing::read_data(path);
        let read = |text: String| serde_json::from_str(&text).map_err(|error| format!("data at `{path}`: {error}"));
        text.map(read).transpose()
    }
}

/// Capability `clock`.
pub mod clock {
    /// Nanoseconds since 1970-01-01T00:00:00Z. `Input::context.now` needs no capability, and may do.
    #[must_use]
    pub fn now() -> u64 {
        #[cfg(target_arch = "wasm32")]
        return crate::guest::now();
        #[cfg(not(target_arch = "wasm32"))]
        super::testing::now()
    }
}

/// Capability `random`.
pub mod random {
    /// Up to 65,536 random bytes. Natively they are zeros: tests are to be repeatable.
    #[must_use]
    pub fn bytes(length: u32) -> Vec<u8> {
        #[cfg(target_arch = "wasm32")]
        return crate::guest::random_bytes(length);
        #[cfg(not(target_arch = "wasm32"))]
        vec![0; length as usize]
    }
}
