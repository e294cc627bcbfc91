//! Texts that nobody would write: each is an error with a place, or none, in bounded time; the tokens of a text are the text.
//!
//! Deliberately absent: what is right; `cargo xtask oracle --only modules` asks OPA.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_regolang::{Options, Source, check, syntax};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The program's threads have this much.
const STACK_BYTES: usize = 64 << 20;

/// Reads and checks a text as both versions.
fn judge(text: &str) {
    let tokens = syntax::tokens(text, true);
    let whole: String = tokens.iter().map(|token| &text[token.start..token.end]).collect();
    assert_eq!(whole, text);
    for version in [syntax::Version::V1, syntax::Version::V0] {
        let sources = [Source::new("t.rego", text)];
        match syntax::module(&sources[0], 0, version) {
            Ok(module) => {
                let checked = check(&sources, vec![module], &Options { thorough: true, ..Options::default() });
                for error in checked.errors {
                    assert!(!error.message.is_empty() && !error.text(&sources).is_empty());
                }
            }
            Err(errors) => assert!(!errors.is_empty() && errors.iter().all(|error| !error.message.is_empty())),
        }
    }
}

fn on_a_large_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run).expect("a thread");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn what_is_deep_long_or_no_text_at_all_is_told_in_bounded_time() {
    on_a_large_stack(|| {
        let deep = 100_000;
        let texts = [
            format!("package t\n\np := {}{}\n", "[".repeat(deep), "]".repeat(deep)),
            format!("package t\n\np := {}1{}\n", "(".repeat(deep), ")".repeat(deep)),
            format!("package t\n\np := {}\n", "{\"a\": ".repeat(deep)),
            format!("package t\n\np if {}x\n", "not ".repeat(deep)),
            format!("package t\n\np := {}1\n", "-".repeat(deep)),
            format!("package t\n\np := {}\n", "$\"{".repeat(deep)),
            format!("package t\n\np := x{}\n", ".a".repeat(deep)),
            format!("package t\n\np := 1{}\n", " + 1".repeat(deep)),
            format!("package t\n\np if {{ {} }}\n", "f(".repeat(deep)),
            format!("package t\n\np := 1 {}\n", "else := 2 if { input.x } ".repeat(deep / 10)),
            format!("package t\n{}", "p := [\n".repeat(deep)),
            format!("package t\n{}", "import data.a\n".repeat(deep)),
            format!("package t\n{}", "p contains 1 if x\n".repeat(deep / 10)),
            "package t\n\np := \"\0\"\n".to_owned(),
            "\0\0\0".to_owned(),
            "\u{feff}package t".to_owned(),
            "`".repeat(deep),
            "\"".repeat(deep),
            "#".repeat(deep),
            "package".to_owned(),
            String::new(),
        ];
        for text in &texts {
            let start = Instant::now();
            judge(text);
            // What is not linear takes minutes.
            let head: String = text.chars().take(40).collect();
            assert!(start.elapsed() < Duration::from_secs(60), "{head:?}: {:?}", start.elapsed());
        }
    });
}

fn texts(folder: &Path, found: &mut Vec<String>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            texts(&path, found);
        } else if path.extension().is_some_and(|end| end == "rego") {
            found.push(std::fs::read_to_string(&path).expect("a module"));
        }
    }
}

/// `FUZZ_SECONDS` and `FUZZ_SEED` from the environment.
#[test]
fn what_is_changed_anywhere_is_read_or_refused() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (seconds, seed) = (number("FUZZ_SECONDS", 2), number("FUZZ_SEED", 1));
    on_a_large_stack(move || {
        let mut library = Vec::new();
        texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies"), &mut library);
        let mut state = (seed ^ 0x5eed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut below = move |many: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from((state >> 33) % many.max(1) as u64).unwrap_or_default()
        };
        let odd: Vec<char> = "\0\t\n\r \"#$%&'()*+,-./0:;<=>[\\]_`aeifnu{|}é\u{2028}\u{feff}😀".chars().collect();
        let (end, mut tried) = (Instant::now() + Duration::from_secs(seconds), 0_u32);
        while Instant::now() < end {
            let mut text: Vec<char> = library[below(library.len())].chars().collect();
            for _ in 0..=below(8) {
                let (at, to) = (below(text.len()), below(text.len()));
                match below(4) {
                    0 => text[at] = odd[below(odd.len())],
                    1 => text.insert(at, odd[below(odd.len())]),
                    2 => drop(text.drain(at.min(to)..at.min(to) + below(20).min(text.len() - at.max(to)))),
                    _ => {
                        let part: Vec<char> = text[at.min(to)..at.max(to)].iter().take(200).copied().collect();
                        text.splice(at..at, part);
                    }
                }
                if text.is_empty() {
                    break;
                }
            }
            let text: String = text.into_iter().collect();
            if let Err(panic) = std::panic::catch_unwind(|| judge(&text)) {
                println!("seed {seed}, after {tried}:\n{text}");
                std::panic::resume_unwind(panic);
            }
            tried += 1;
        }
        assert!(tried > 20, "{tried} in {seconds} s");
    });
}
