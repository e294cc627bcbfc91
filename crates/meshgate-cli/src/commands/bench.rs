//! `meshgate bench`: one query, timed in both gears.
//!
//! Deliberately absent: load over HTTP; this is the evaluation alone.

use crate::args::{BenchArgs, ListFormat};
use crate::commands::eval::input;
use crate::exit::{self, Status, print};
use anyhow::{Result, bail};
use meshgate_engine::{Ask, Timing};
use serde_json::json;
use std::fmt::Write;
use std::time::Duration;

pub fn run(args: &BenchArgs) -> Result<Status> {
    let ask = Ask {
        query: args.query.clone(),
        paths: args.given.data.clone(),
        input: input(args.given.input.as_ref())?,
        ..Ask::default()
    };
    let timed = match meshgate_engine::bench(ask, Duration::from_millis(args.millis)) {
        Ok(timed) => timed,
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(|error| format!("  {error}")).collect();
            bail!("the query cannot be timed:\n{}", lines.join("\n"));
        }
    };
    let text = match args.format {
        ListFormat::Json => {
            let told = |timing: &Timing| json!({"evaluations": timing.times, "mean_ns": timing.mean, "p50_ns": timing.p50, "p99_ns": timing.p99});
            let fast = match &timed.fast {
                Ok(timing) => told(timing),
                Err(reason) => json!({"not": reason}),
            };
            exit::json(&json!({"interpreter": told(&timed.interpreter), "fast": fast}))
        }
        ListFormat::Text => {
            let line = |name: &str, timing: &Timing| {
                let micros = |nanos: u64| Duration::from_nanos(nanos).as_secs_f64() * 1e6;
                format!(
                    "{name:<12} {:>9} evaluations  mean {:>9.2} µs  p50 {:>9.2} µs  p99 {:>9.2} µs\n",
                    timing.times,
                    micros(timing.mean),
                    micros(timing.p50),
                    micros(timing.p99)
                )
            };
            let mut text = line("interpreter", &timed.interpreter);
            match &timed.fast {
                Ok(timing) => {
                    text.push_str(&line("fast gear", timing));
                    let times = Duration::from_nanos(timed.interpreter.p50).as_secs_f64()
                        / Duration::from_nanos(timing.p50.max(1)).as_secs_f64();
                    let _ = writeln!(text, "the fast gear is {times:.1} times as fast");
                }
                Err(reason) => {
                    let _ = writeln!(text, "fast gear    not: {reason}");
                }
            }
            text
        }
    };
    print(&text)?;
    Ok(Status::Allowed)
}
