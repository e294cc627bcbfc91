//! Reads and checks the program's own policies, and modules of ten megabytes; how long it takes for each kilobyte.
//!
//! Deliberately absent: OPA beside it; `cargo xtask oracle` runs both.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot read its files has nothing to measure")]

use meshgate_regolang::{Options, Source, check, syntax};
use std::path::Path;
use std::time::{Duration, Instant};

fn texts(folder: &Path, found: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            texts(&path, found);
        } else if path.extension().is_some_and(|end| end == "rego") && !path.to_string_lossy().ends_with("_test.rego") {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn timed(name: &str, files: &[(String, String)], rounds: u32) {
    let options = Options::default();
    let (mut parsing, mut checking) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        let start = Instant::now();
        let sources: Vec<_> = files.iter().map(|(name, text)| Source::new(name, text)).collect();
        let read = |(index, source)| syntax::module(source, index, syntax::Version::V1).unwrap();
        let modules: Vec<_> = (0..).zip(&sources).map(read).collect();
        parsing = parsing.min(start.elapsed());
        let start = Instant::now();
        let checked = check(&sources, modules, &options);
        checking = checking.min(start.elapsed());
        assert!(checked.errors.is_empty(), "{:?}", checked.errors.first().map(|error| error.text(&sources)));
    }
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    println!("{name}: {} files, {} KB: read in {parsing:?}, checked in {checking:?}", files.len(), bytes / 1024);
}

fn main() {
    let run = || {
        let mut files = Vec::new();
        texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies"), &mut files);
        timed("library", &files, 20);
        for modules in [200, 2_000] {
            let rules = |module: usize| {
                let rule = |index: usize| {
                    format!(
                        "r{index} contains x if {{\n\tsome x in input.items\n\tx.size > {index}\n\tnot startswith(x.name, \"a{index}\")\n\tdata.m{module}.r{}[x.name]\n}}\n",
                        index + 1
                    )
                };
                let last = "r64 contains x if some x in input.names\n";
                format!("package m{module}\n\n{}{last}", (0..64).map(rule).collect::<String>())
            };
            let files: Vec<_> = (0..modules).map(|module| (format!("m{module}.rego"), rules(module))).collect();
            timed("generated", &files, 3);
        }
    };
    std::thread::Builder::new().stack_size(256 << 20).spawn(run).unwrap().join().unwrap();
}
