//! Counts for Prometheus, under OPA's names where OPA has them.
//!
//! Deliberately absent: labels that callers choose, of which there would be no end.

use crate::app::App;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// OPA's buckets of `http_request_duration_seconds`, in nanoseconds, and as they are written.
const BUCKETS: [(u64, &str); 10] = [
    (1_000, "1e-06"),
    (5_000, "5e-06"),
    (10_000, "1e-05"),
    (50_000, "5e-05"),
    (100_000, "0.0001"),
    (500_000, "0.0005"),
    (1_000_000, "0.001"),
    (10_000_000, "0.01"),
    (100_000_000, "0.1"),
    (1_000_000_000, "1"),
];
/// What is asked, by the beginning of its path: OPA's words, and ours.
const HANDLERS: [(&str, &str); 14] = [
    ("/v1/data", "v1/data"),
    ("/v0/data", "v0/data"),
    ("/v1/decide", "v1/decide"),
    ("/v1/batch/decide", "v1/batch/decide"),
    ("/v1/batch/data", "v1/batch/data"),
    ("/v1/check", "v1/check"),
    ("/v1/policies", "v1/policies"),
    ("/v1/status", "v1/status"),
    ("/v1/config", "v1/config"),
    ("/access/v1", "access/v1"),
    ("/ext-authz", "ext-authz"),
    ("/api/v1/up/validator", "odm"),
    ("/health", "health"),
    ("/openapi.json", "openapi"),
];
const CODES: [u16; 17] = [200, 207, 400, 401, 403, 404, 405, 406, 408, 413, 415, 421, 422, 431, 500, 501, 503];
const METHODS: [&str; 3] = ["get", "post", "other"];

#[derive(Debug, Default)]
struct Histogram {
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    sum_ns: AtomicU64,
}

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    requests: Vec<Histogram>,
    /// Connections at this moment.
    pub connections: AtomicUsize,
    /// Connections that were not taken: too many, or too many of one address.
    pub refused: AtomicU64,
    /// Connections that were ended, since they were too slow or had nothing to ask.
    pub ended: AtomicU64,
    /// Handshakes that failed.
    pub handshakes: AtomicU64,
    /// Requests of callers that are not known, and that the policy did not let ask.
    pub unknown: AtomicU64,
    pub unauthorized: AtomicU64,
    /// Requests that named a host which is not served here.
    pub misdirected: AtomicU64,
    /// Requests that were told to come back.
    pub shed: AtomicU64,
    /// Bundles, descriptors and configuration: loaded, and failed to.
    pub loaded: AtomicU64,
    pub load_failed: AtomicU64,
    /// When they were last loaded, and how long that took.
    pub loaded_at_ns: AtomicI64,
    pub loading_ns: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        let all = (HANDLERS.len() + 1) * (CODES.len() + 1) * METHODS.len();
        Self {
            requests: (0..all).map(|_| Histogram::default()).collect(),
            connections: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            handshakes: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            unauthorized: AtomicU64::new(0),
            misdirected: AtomicU64::new(0),
            shed: AtomicU64::new(0),
            loaded: AtomicU64::new(1),
            load_failed: AtomicU64::new(0),
            loaded_at_ns: AtomicI64::new(now_ns()),
            loading_ns: AtomicU64::new(0),
        }
    }
}

/// Nanoseconds since 1970.
fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Which row is asked, by its path.
pub fn handler(path: &str) -> usize {
    let fits = |begin: &str| path.strip_prefix(begin).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    HANDLERS.iter().position(|(begin, _)| fits(begin)).unwrap_or(HANDLERS.len())
}

impl Metrics {
    /// Counts a request.
    pub fn request(&self, handler: usize, method: &axum::http::Method, code: u16, took: Duration) {
        let code = CODES.binary_search(&code).unwrap_or(CODES.len());
        let method = match method.as_str() {
            "GET" => 0,
            "POST" => 1,
            _ => 2,
        };
        let at = (handler * (CODES.len() + 1) + code) * METHODS.len() + method;
        let Some(histogram) = self.requests.get(at) else { return };
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.iter().position(|(most, _)| ns <= *most);
        if let Some(bucket) = bucket.and_then(|bucket| histogram.buckets.get(bucket)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        histogram.count.fetch_add(1, Ordering::Relaxed);
        histogram.sum_ns.fetch_add(ns, Ordering::Relaxed);
    }

    /// Notes that bundles and descriptors were loaded.
    pub fn loaded(&self, took: Duration) {
        self.loaded.fetch_add(1, Ordering::Relaxed);
        self.loaded_at_ns.store(now_ns(), Ordering::Relaxed);
        self.loading_ns.store(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Notes that they were not.
    pub fn failed(&self) {
        self.load_failed.fetch_add(1, Ordering::Relaxed);
    }
}

/// A label's value: the three escapes that the exposition format has, and no others.
fn label(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => written.push_str("\\\\"),
            '"' => written.push_str("\\\""),
            '\n' => written.push_str("\\n"),
            letter => written.push(letter),
        }
    }
    written
}

/// Writes one metric.
fn one(text: &mut String, name: &str, kind: &str, help: &str, values: &[(&str, String)]) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in values {
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

/// Everything, as Prometheus reads it.
pub fn text(app: &App) -> String {
    let mut text = String::new();
    let metrics = app.metrics();
    let current = app.current();
    let counts = current.engine.gear_counts();
    requests(&mut text, metrics);
    let number = |value: &AtomicU64| value.load(Ordering::Relaxed).to_string();
    let gears =
        [("{gear=\"interpreter\"}", counts.interpreter.to_string()), ("{gear=\"fast\"}", counts.fast.to_string())];
    one(&mut text, "meshgate_rego_evaluations_total", "counter", "Evaluations that a gear answered.", &gears);
    let plain = |text: &mut String, name: &str, kind: &str, help: &str, value: String| {
        one(text, name, kind, help, &[("", value)]);
    };
    let counters = [
        ("meshgate_rego_compared_total", "Evaluations in both gears.", counts.compared.to_string()),
        (
            "meshgate_rego_differences_total",
            "Comparisons that differed; the interpreter's answer counted.",
            counts.differences.to_string(),
        ),
        (
            "meshgate_connections_refused_total",
            "Connections that were not taken: too many, or too many of one address.",
            number(&metrics.refused),
        ),
        (
            "meshgate_connections_ended_total",
            "Connections that were ended: too slow, or nothing to ask.",
            number(&metrics.ended),
        ),
        ("meshgate_tls_handshakes_failed_total", "Handshakes that failed.", number(&metrics.handshakes)),
        ("meshgate_requests_unknown_total", "Requests of callers that are not known.", number(&metrics.unknown)),
        (
            "meshgate_requests_unauthorized_total",
            "Requests that the authorization policy did not let through.",
            number(&metrics.unauthorized),
        ),
        (
            "meshgate_requests_misdirected_total",
            "Requests that named a host which is not served here.",
            number(&metrics.misdirected),
        ),
        ("meshgate_requests_shed_total", "Requests that were told to come back.", number(&metrics.shed)),
        (
            "bundle_loaded_counter",
            "Loads of bundles, descriptors and configuration that took effect.",
            number(&metrics.loaded),
        ),
        (
            "bundle_failed_load_counter",
            "Loads that failed; what was loaded before goes on.",
            number(&metrics.load_failed),
        ),
    ];
    for (name, help, value) in counters {
        plain(&mut text, name, "counter", help, value);
    }
    let gauges = [
        (
            "meshgate_rego_slices",
            "Parts of bundles that answer for rules of very many definitions.",
            current.engine.slices().to_string(),
        ),
        ("meshgate_held_threads", "Threads that do work whose time was up.", app.held().0.to_string()),
        ("meshgate_requests_bytes", "Memory that requests hold.", app.requests_hold().to_string()),
        ("meshgate_waiting_requests", "Requests that wait for a thread.", app.waiting().to_string()),
        ("meshgate_connections", "Connections.", metrics.connections.load(Ordering::Relaxed).to_string()),
        (
            "last_success_bundle_activation",
            "When bundles were last loaded, nanoseconds since 1970.",
            metrics.loaded_at_ns.load(Ordering::Relaxed).to_string(),
        ),
        ("bundle_loading_duration_ns", "How long the last load took.", number(&metrics.loading_ns)),
        (
            "meshgate_stale_seconds",
            "For how long there is something that changed and cannot be loaded.",
            app.stale_for().map_or(0, |stale| stale.as_secs()).to_string(),
        ),
    ];
    for (name, help, value) in gauges {
        plain(&mut text, name, "gauge", help, value);
    }
    decisions(&mut text, app);
    let labels: Vec<(String, String)> = current
        .engine
        .bundles()
        .map(|bundle| {
            let labels = format!("{{name=\"{}\",active_revision=\"{}\"}}", label(bundle.name), label(bundle.revision));
            (labels, "1".to_owned())
        })
        .collect();
    let labels: Vec<(&str, String)> = labels.iter().map(|(label, one)| (label.as_str(), one.clone())).collect();
    one(&mut text, "meshgate_bundle_info", "gauge", "The bundles that answer.", &labels);
    text
}

fn requests(text: &mut String, metrics: &Metrics) {
    let name = "http_request_duration_seconds";
    let _ = writeln!(text, "# HELP {name} A histogram of duration for requests.\n# TYPE {name} histogram");
    let mut histograms = metrics.requests.iter();
    for handler in HANDLERS.iter().map(|(_, name)| *name).chain(["other"]) {
        for code in CODES.iter().map(u16::to_string).chain(["other".to_owned()]) {
            for method in METHODS {
                let Some(histogram) = histograms.next() else { return };
                let count = histogram.count.load(Ordering::Relaxed);
                if count == 0 {
                    continue;
                }
                let labels = format!("code=\"{code}\",handler=\"{handler}\",method=\"{method}\"");
                let mut sum = 0;
                for ((_, most), bucket) in BUCKETS.iter().zip(&histogram.buckets) {
                    sum += bucket.load(Ordering::Relaxed);
                    let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{most}\"}} {sum}");
                }
                let seconds = Duration::from_nanos(histogram.sum_ns.load(Ordering::Relaxed)).as_secs_f64();
                let _ = writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}");
                let _ = writeln!(text, "{name}_sum{{{labels}}} {seconds}\n{name}_count{{{labels}}} {count}");
            }
        }
    }
}

fn decisions(text: &mut String, app: &App) {
    let Some(log) = app.log() else { return };
    let counters = log.counters();
    let all = [
        ("written", "Events that were written.", &counters.written),
        ("unwritten", "Answers that did not leave, since their events were not written.", &counters.unwritten),
        ("shed", "Events that were lost, since there was no room (`full: shed`).", &counters.shed),
        ("dropped", "Events that `data.system.log.drop` left out.", &counters.dropped),
        ("kept_back", "Events whose mask failed: their contents were kept back.", &counters.kept_back),
        ("sent", "Events that the sink took.", &counters.sent),
        ("send_failures", "Requests to the sink that failed; they are made again.", &counters.failed),
        ("refused", "Events that the sink never takes; they are in `refused.jsonl`.", &counters.refused),
        ("torn", "Lines that a process left half-written.", &counters.torn),
    ];
    for (name, help, value) in all {
        let name = format!("meshgate_decision_log_{name}_total");
        one(text, &name, "counter", help, &[("", value.load(Ordering::Relaxed).to_string())]);
    }
    if let Some(bytes) = log.spooled() {
        let help = "Bytes of the spool, what was sent of its last file included.";
        one(text, "meshgate_decision_log_spool_bytes", "gauge", help, &[("", bytes.to_string())]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_their_handlers() {
        let name = |path: &str| HANDLERS.get(handler(path)).map_or("other", |(_, name)| name);
        assert_eq!(
            ["/v1/data", "/v1/data/a/b", "/v1/database", "/", "/access/v1/evaluation", "/health"].map(name),
            ["v1/data", "v1/data", "other", "other", "access/v1", "health"]
        );
    }

    #[test]
    fn labels_have_the_escapes_of_the_format_and_no_others() {
        assert_eq!(label("a\tb\u{200b}\"\\\n"), "a\tb\u{200b}\\\"\\\\\\n");
    }

    #[test]
    fn codes_are_in_order() {
        assert!(CODES.is_sorted());
    }
}
