//! Says of modules what the checker says: one JSON object a line, one answer a line.
use meshgate_regolang::{Options, Source, check, syntax};
use std::io::{BufRead, Write};

fn main() {
    let run = || {
        let stdin = std::io::stdin();
        let mut out = std::io::stdout().lock();
        let options = Options::default();
        for line in stdin.lock().lines() {
            let line = line.unwrap();
            let case: serde_json::Value = serde_json::from_str(&line).unwrap();
            let version = if case["v0"] == true { syntax::Version::V0 } else { syntax::Version::V1 };
            let mut files: Vec<_> = case["modules"].as_object().unwrap().iter().map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned())).collect();
            files.sort();
            let sources: Vec<_> = files.into_iter().map(|(k, v)| Source::new(k, v)).collect();
            let mut modules = Vec::new();
            let mut errors = Vec::new();
            for (i, s) in sources.iter().enumerate() {
                match syntax::module(s, i as u32, version) {
                    Ok(m) => modules.push(m),
                    Err(e) => { errors = e; break; }
                }
            }
            if errors.is_empty() { errors = check(&sources, modules, &options).errors; }
            let said: Vec<_> = errors.iter().map(|e| e.text(&sources)).collect();
            writeln!(out, "{}", serde_json::to_string(&said).unwrap()).unwrap();
            out.flush().unwrap();
        }
    };
    std::thread::Builder::new().stack_size(256 << 20).spawn(run).unwrap().join().unwrap();
}
