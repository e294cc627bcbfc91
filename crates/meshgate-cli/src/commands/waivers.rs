//! `meshgate waivers`: every waiver, what it covers, and whether it still should be there.
//!
//! Deliberately absent: writing waivers; who approves one writes it where a review sees it.

use crate::args::{ListFormat, WaiversArgs};
use crate::exit::{self, Status, print};
use crate::judging::{Against, judge, say_errors};
use anyhow::Result;
use meshgate_engine::{Outcome, WaiverReport};
use serde_json::json;
use std::fmt::Write;

pub fn run(args: &WaiversArgs) -> Result<Status> {
    let outcome = judge(&args.run, &Against::default())?;
    let Outcome { waivers, errors, .. } = &outcome;
    let text = match args.format {
        ListFormat::Json => {
            let rows: Vec<_> = waivers.iter().map(row).collect();
            exit::json(&json!(rows))
        }
        ListFormat::Text => table(waivers),
    };
    print(&text)?;
    say_errors(&outcome);
    let bad = waivers.iter().any(|waiver| matches!(waiver.state, "expired" | "refused" | "unused"));
    Ok(match (errors.is_empty(), args.strict && bad) {
        (false, _) => Status::Failed,
        (true, true) => Status::Denied,
        (true, false) => Status::Allowed,
    })
}

fn row(waiver: &WaiverReport) -> serde_json::Value {
    json!({
        "rule": waiver.rule, "scope": waiver.scope, "state": waiver.state, "why": waiver.why, "approver": waiver.approver,
        "reason": waiver.reason, "expires": waiver.expires.to_string(), "days_left": waiver.days_left,
        "ticket": waiver.ticket, "findings": waiver.findings, "in_view": waiver.in_view, "origin": waiver.origin
    })
}

fn table(waivers: &[WaiverReport]) -> String {
    if waivers.is_empty() {
        return "no waivers\n".to_owned();
    }
    let mut text = String::new();
    for waiver in waivers {
        let scope = if waiver.scope.is_empty() { "everywhere".to_owned() } else { waiver.scope.join(", ") };
        let left = match waiver.days_left {
            n if n < -1 => format!("{} days ago", -n),
            -1 => "yesterday".to_owned(),
            0 => "today is its last day".to_owned(),
            1 => "1 day left".to_owned(),
            n => format!("{n} days left"),
        };
        let covers = match (waiver.in_view, waiver.findings) {
            (false, _) => "not looked at in this run".to_owned(),
            (true, 0) => "covers nothing".to_owned(),
            (true, 1) => "1 finding".to_owned(),
            (true, n) => format!("{n} findings"),
        };
        let _ = writeln!(text, "{:<8}{}  {scope}", waiver.state, waiver.rule);
        let _ = writeln!(text, "        until {} ({left}), {covers}, approved by {}", waiver.expires, waiver.approver);
        if let Some(why) = &waiver.why {
            let _ = writeln!(text, "        refused: {why}");
        }
        let ticket = waiver.ticket.as_ref().map(|ticket| format!(" [{ticket}]")).unwrap_or_default();
        let reason = waiver.reason.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "        {reason}{ticket}\n        {}\n", waiver.origin);
    }
    let count = |state: &str| waivers.iter().filter(|waiver| waiver.state == state).count();
    let mut said = vec![format!("{} in all", waivers.len())];
    for (state, words) in
        [("expired", "expired"), ("refused", "refused"), ("unused", "unused"), ("soon", "expiring soon")]
    {
        if count(state) > 0 {
            said.push(format!("{} {words}", count(state)));
        }
    }
    let _ = writeln!(text, "waivers: {}", said.join(", "));
    text
}
