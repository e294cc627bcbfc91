//! `meshgate test`.
//!
//! Deliberately absent: how tests are found and run; see `meshgate-rego`.

use crate::args::{TestArgs, TestFormat};
use crate::exit::{self, Status, print, say};
use anyhow::{Context, Result, bail};
use meshgate_engine::{EngineError, TestOptions, TestResult, TestRun};
use meshgate_report::xml::{escape, prose};
use regex::Regex;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::Path;

pub fn run(args: &TestArgs) -> Result<Status> {
    let run = args.run.as_deref().map(Regex::new).transpose().context("`--run` is no regular expression")?;
    let wanted = TestOptions { run, coverage: args.coverage, bench: args.bench };
    let done = match meshgate_engine::test_paths(&args.paths, wanted) {
        Ok(done) => done,
        Err(errors) => bail!("the tests cannot be run:\n{}", lines(&errors)),
    };
    done.warnings.iter().for_each(|warning| say(&format!("warning: {warning}")));
    if done.results.is_empty() {
        let why = if args.run.is_some() {
            "`--run` matches none"
        } else {
            "write rules that begin with `test_` in files that end in `_test.rego`"
        };
        bail!("no test found: {why}");
    }
    let text = match args.format {
        TestFormat::Json => as_json(&done),
        TestFormat::Junit => as_junit(&done),
        TestFormat::Text => as_text(&done, args),
    };
    print(&text)?;
    let failed = done.results.iter().any(|result| !result.passed && !result.skipped);
    let short = args.threshold.zip(done.percent()).filter(|(wanted, percent)| percent < wanted);
    if let Some((wanted, percent)) = short {
        say(&format!("coverage is {percent:.1} %, and should be {wanted} %"));
    }
    let mut status = if failed || short.is_some() { Status::Denied } else { Status::Allowed };
    if args.clearance && !clear(args)? {
        status = Status::Denied;
    }
    Ok(status)
}

fn lines(errors: &[EngineError]) -> String {
    errors.iter().map(|error| format!("  {error}")).collect::<Vec<_>>().join("\n")
}

/// Makes the records of clearance. A difference of the gears is a failure.
fn clear(args: &TestArgs) -> Result<bool> {
    let mut agreed = true;
    let paths: Vec<Option<&Path>> =
        if args.paths.is_empty() { vec![None] } else { args.paths.iter().map(|path| Some(path.as_path())).collect() };
    for path in paths {
        let cleared = match meshgate_engine::clear_path(path) {
            Ok(cleared) => cleared,
            Err(errors) => bail!("nothing can be cleared:\n{}", lines(&errors)),
        };
        for difference in &cleared.differences {
            agreed = false;
            say(&format!(
                "the gears differ on `{}`:\n  interpreter {}\n  fast gear   {}\n  input {}",
                difference.path, difference.interpreter, difference.fast, difference.input
            ));
        }
        for (path, why) in &cleared.not {
            say(&format!("not cleared: `{path}`: {why}"));
        }
        let count = cleared.record.cleared.len();
        match path {
            Some(path) => {
                let file = meshgate_engine::write_clearance(path, &cleared)?;
                let cleared =
                    if count == 1 { "1 entry point is".to_owned() } else { format!("{count} entry points are") };
                say(&format!("{cleared} cleared for the fast gear; written to {}", file.display()));
            }
            None => say(&format!("{count} entry points of the embedded rules are cleared for the fast gear")),
        }
    }
    Ok(agreed)
}

fn as_text(done: &TestRun, args: &TestArgs) -> String {
    let mut text = String::new();
    for result in &done.results {
        let word = if result.skipped {
            "SKIP"
        } else if result.passed {
            "PASS"
        } else {
            "FAIL"
        };
        if result.passed && !args.verbose && !args.bench {
            continue;
        }
        let message = result.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
        let _ = writeln!(text, "{word} {} ({}:{}){message}", result.name, result.file, result.line);
        if let Some(failure) = &result.failure {
            let _ = writeln!(text, "  {}:{}: not true: {}", failure.file, failure.line, failure.expression);
            for (part, value) in &failure.values {
                let _ = writeln!(text, "    {part} is {value}");
            }
        }
        if !result.passed || args.verbose {
            result.output.iter().for_each(|line| {
                let _ = writeln!(text, "  print {line}");
            });
        }
        if let Some((times, mean)) = result.timing {
            let _ = writeln!(text, "  {times} times, {:.1} µs each", mean.as_secs_f64() * 1e6);
        }
    }
    if let Some(coverage) = &done.coverage {
        for (file, lines) in coverage {
            let missing = ranges(lines.not_covered.iter().copied());
            let missing = if missing.is_empty() { String::new() } else { format!(", not covered: {missing}") };
            let _ = writeln!(text, "{:>5.1} % {file}{missing}", lines.percent());
        }
        let _ = writeln!(text, "coverage {:.1} % of lines", done.percent().unwrap_or(100.0));
    }
    let count = |of: fn(&&TestResult) -> bool| done.results.iter().filter(of).count();
    let (passed, skipped) = (count(|result| result.passed), count(|result| result.skipped));
    let failed = done.results.len() - passed - skipped;
    let _ = write!(text, "{passed} passed, {failed} failed");
    let _ = writeln!(text, "{}", if skipped == 0 { String::new() } else { format!(", {skipped} skipped") });
    text
}

/// `3-5, 9`.
fn ranges(lines: impl Iterator<Item = usize>) -> String {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for line in lines {
        match found.last_mut() {
            Some((_, end)) if *end + 1 == line => *end = line,
            _ => found.push((line, line)),
        }
    }
    let one = |(start, end): &(usize, usize)| if start == end { start.to_string() } else { format!("{start}-{end}") };
    found.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn as_json(done: &TestRun) -> String {
    let row = |result: &TestResult| {
        let mut row = json!({
            "name": result.name, "file": result.file, "line": result.line, "passed": result.passed,
            "message": result.message,
        });
        let Some(map) = row.as_object_mut() else { return row };
        if result.skipped {
            map.insert("skipped".to_owned(), json!(true));
        }
        if !result.output.is_empty() {
            map.insert("output".to_owned(), json!(result.output));
        }
        if let Some(failure) = &result.failure {
            let values: Map<String, Value> =
                failure.values.iter().map(|(part, value)| (part.clone(), json!(value))).collect();
            let told =
                json!({"file": failure.file, "line": failure.line, "expression": failure.expression, "values": values});
            map.insert("failure".to_owned(), told);
        }
        if let Some((times, mean)) = result.timing {
            map.insert(
                "timing".to_owned(),
                json!({"times": times, "ns": u64::try_from(mean.as_nanos()).unwrap_or(u64::MAX)}),
            );
        }
        row
    };
    let coverage = done.coverage.as_ref().map(|files| {
        let files: Map<String, Value> = files
            .iter()
            .map(|(file, lines)| {
                let told =
                    json!({"percent": lines.percent(), "covered": lines.covered, "not_covered": lines.not_covered});
                (file.clone(), told)
            })
            .collect();
        json!({"percent": done.percent(), "files": files})
    });
    let rows: Vec<Value> = done.results.iter().map(row).collect();
    exit::json(&json!({"tests": rows, "coverage": coverage}))
}

fn as_junit(done: &TestRun) -> String {
    let failures = done.results.iter().filter(|result| !result.passed && !result.skipped).count();
    let skipped = done.results.iter().filter(|result| result.skipped).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"meshgate test\" tests=\"{}\" failures=\"{failures}\" skipped=\"{skipped}\">\n",
        done.results.len()
    );
    for result in &done.results {
        let (class, name) = result.name.rsplit_once('.').unwrap_or(("", &result.name));
        let _ = write!(
            text,
            "<testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\" time=\"{:.6}\">",
            escape(class),
            escape(name),
            escape(&result.file),
            result.line,
            result.duration.as_secs_f64()
        );
        if result.skipped {
            text.push_str("<skipped/>");
        } else if !result.passed {
            let message = result.message.as_deref().unwrap_or("failed");
            let mut detail = String::new();
            if let Some(failure) = &result.failure {
                let _ = writeln!(detail, "{}:{}: {}", failure.file, failure.line, failure.expression);
                failure.values.iter().for_each(|(part, value)| {
                    let _ = writeln!(detail, "{part} is {value}");
                });
            }
            let _ = write!(text, "<failure message=\"{}\">{}</failure>", prose(message), prose(&detail));
        }
        text.push_str("</testcase>\n");
    }
    text.push_str("</testsuite>\n</testsuites>\n");
    text
}
