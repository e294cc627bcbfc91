//! One page that needs nothing beside it: the verdict, each domain, each product, and every finding with its line.
//!
//! Deliberately absent: the network; no font, script or picture is fetched, and the page says so in its policy.

use crate::summary::{Summary, many, one_line, softened, verdict, waivable};
use meshgate_core::decide::Verdict;
use meshgate_core::finding::{Finding, Location};
use meshgate_core::report::{DescriptorReport, Report};
use meshgate_core::severity::Severity;
use std::collections::BTreeMap;
use std::fmt::Write;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// What domain a descriptor without one is shown under.
const NO_DOMAIN: &str = "no domain";
/// What configurations, rules and files that descriptors refer to are shown under.
const OTHER_FILES: &str = "other files";

/// Renders a report.
#[must_use]
pub fn render(report: &Report) -> String {
    let page = Page::of(report);
    let said = verdict(report.verdict);
    let counts = Summary::of(report);
    let mut body = String::new();
    let _ = writeln!(
        body,
        "<header class=\"{said}\"><h1>Meshgate <strong>{said}</strong></h1><p>{} in {}, {} loaded{}{}</p></header>",
        counts.words(),
        many(report.descriptors.len(), "descriptor"),
        many(report.rules, "rule"),
        match report.skipped {
            0 => String::new(),
            n => format!("; {} of no known format skipped", many(n, "file")),
        },
        match report.faults.len() {
            0 => String::new(),
            n => format!("; <b>{}</b>", many(n, "fault")),
        }
    );
    page.faults(&mut body);
    page.domains(&mut body);
    page.filters(&mut body);
    page.products(&mut body);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
         <title>Meshgate: {said}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}<script>\n{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

/// The report by domain and file.
struct Page<'a> {
    report: &'a Report,
    descriptors: BTreeMap<&'a str, Vec<&'a DescriptorReport>>,
    findings: BTreeMap<&'a str, Vec<&'a Finding>>,
}

impl<'a> Page<'a> {
    fn of(report: &'a Report) -> Self {
        let (mut descriptors, mut findings) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for descriptor in &report.descriptors {
            descriptors.entry(descriptor.file.as_str()).or_default().push(descriptor);
        }
        for finding in &report.findings {
            findings.entry(finding.location.file.as_str()).or_default().push(finding);
        }
        Self { report, descriptors, findings }
    }

    fn faults(&self, body: &mut String) {
        if self.report.faults.is_empty() {
            return;
        }
        body.push_str("<section><h2>Could not judge</h2><p>What failed has not judged, so it is denied.</p><ul class=\"faults\">\n");
        for fault in &self.report.faults {
            let file =
                fault.file.as_deref().map(|file| format!(" on <code>{}</code>", escape(file))).unwrap_or_default();
            let (rule, kind, message) = (escape(&fault.rule), fault.kind, quoted(&fault.message));
            let _ = writeln!(body, "<li><code>{rule}</code>{file}, {kind}: {message}</li>");
        }
        body.push_str("</ul></section>\n");
    }

    /// A row for each domain: how many are denied, and by how much.
    fn domains(&self, body: &mut String) {
        #[derive(Default)]
        struct Row {
            all: usize,
            denied: usize,
            counts: [usize; 4],
        }
        let mut rows: BTreeMap<(bool, String), Row> = BTreeMap::new();
        for descriptor in &self.report.descriptors {
            let row = rows.entry(order(domain(descriptor))).or_default();
            row.all += 1;
            row.denied += usize::from(descriptor.verdict == Verdict::Deny);
        }
        for (file, findings) in &self.findings {
            let row = rows.entry(order(self.domain_of(file))).or_default();
            for finding in findings {
                let at = match (&finding.waiver, finding.severity) {
                    (Some(_), _) => 3,
                    (None, Severity::Error) => 0,
                    (None, Severity::Warning) => 1,
                    (None, Severity::Info) => 2,
                };
                if let Some(count) = row.counts.get_mut(at) {
                    *count += 1;
                }
            }
        }
        body.push_str(
            "<section><h2>Domains</h2><table class=\"domains\"><thead><tr><th>domain</th><th>descriptors</th><th>denied</th>\
             <th>errors</th><th>warnings</th><th>infos</th><th>waived</th></tr></thead><tbody>\n",
        );
        for ((_, name), row) in &rows {
            let [errors, warnings, infos, waived] = row.counts;
            let share = (row.denied * 100).checked_div(row.all).unwrap_or(0);
            let _ = writeln!(
                body,
                "<tr><th><a href=\"#\" data-domain=\"{name}\">{name}</a></th><td>{}</td>\
                 <td class=\"share\" style=\"--share:{share}%\">{}</td><td>{errors}</td><td>{warnings}</td><td>{infos}</td><td>{waived}</td></tr>",
                row.all,
                row.denied,
                name = escape(name)
            );
        }
        body.push_str("</tbody></table></section>\n");
    }

    fn filters(&self, body: &mut String) {
        let option = |value: &str| format!("<option value=\"{0}\">{0}</option>", escape(value));
        let mut rules: Vec<&str> = self.report.findings.iter().map(|finding| finding.rule.as_str()).collect();
        rules.sort_unstable();
        rules.dedup();
        let mut domains: Vec<String> = self.report.descriptors.iter().map(domain).collect();
        domains.extend(self.findings.keys().map(|file| self.domain_of(file)));
        domains.sort();
        domains.dedup();
        let rules: String = rules.into_iter().map(option).collect();
        let domains: String = domains.iter().map(|domain| option(domain)).collect();
        let _ = writeln!(
            body,
            "<form id=\"filters\" aria-label=\"Filter findings\">\
             <label>Text <input type=\"search\" name=\"text\" placeholder=\"file, message, rule\"></label>\
             <label>Domain <select name=\"domain\"><option value=\"\">all</option>{domains}</select></label>\
             <label>Rule <select name=\"rule\"><option value=\"\">all</option>{rules}</select></label>\
             <label>Severity <select name=\"severity\"><option value=\"\">all</option><option>error</option>\
             <option>warning</option><option>info</option></select></label>\
             <label>State <select name=\"state\"><option value=\"\">all</option><option value=\"denies\">denies</option>\
             <option value=\"open\">does not deny</option><option value=\"waived\">waived</option>\
             <option value=\"new\">new</option></select></label>\
             <label class=\"check\"><input type=\"checkbox\" name=\"clean\"> also without findings</label>\
             <output id=\"shown\" aria-live=\"polite\"></output></form>"
        );
    }

    fn products(&self, body: &mut String) {
        let all = self.descriptors.keys().chain(self.findings.keys());
        let mut files: Vec<((bool, String), &str)> = all.map(|file| (order(self.domain_of(file)), *file)).collect();
        files.sort();
        files.dedup();
        body.push_str("<main>\n");
        let mut before: Option<&str> = None;
        for ((_, domain), file) in &files {
            if before != Some(domain) {
                let _ = writeln!(body, "<h2 class=\"domain\" data-of=\"{0}\">{0}</h2>", escape(domain));
                before = Some(domain);
            }
            self.product(body, domain, file);
        }
        body.push_str("</main>\n");
    }

    fn product(&self, body: &mut String, domain: &str, file: &str) {
        let descriptors = self.descriptors.get(file).map(Vec::as_slice).unwrap_or_default();
        let findings = self.findings.get(file).map(Vec::as_slice).unwrap_or_default();
        let denied = descriptors.iter().any(|descriptor| descriptor.verdict == Verdict::Deny)
            || findings.iter().any(|finding| finding.denies);
        // A file that is no descriptor has no verdict of its own.
        let state = match (denied, descriptors.is_empty()) {
            (true, _) => "denied",
            (false, false) => "allowed",
            (false, true) => "told",
        };
        let ids: Vec<String> = descriptors
            .iter()
            .map(|descriptor| {
                let id = descriptor.id.as_deref().map(|id| format!("{} ", escape(id))).unwrap_or_default();
                let kind = descriptor.kind.unwrap_or("not read").replace('-', " ");
                let format = descriptor.format.map(|format| format!(", {format}")).unwrap_or_default();
                let schema =
                    descriptor.schema.map(|schema| format!(", schema {}", schema.as_str())).unwrap_or_default();
                format!("{id}<small>{kind}{format}{schema}</small>")
            })
            .collect();
        let open = if denied { " open" } else { "" };
        let _ = writeln!(
            body,
            "<details class=\"product {state}\" data-domain=\"{}\" data-file=\"{}\"{open}><summary><span class=\"badge\">{state}</span> \
             <code>{}</code> {} <span class=\"count\">{}</span></summary>",
            escape(domain),
            escape(file),
            escape(file),
            ids.join(" · "),
            if findings.is_empty() { "no findings".to_owned() } else { many(findings.len(), "finding") }
        );
        for finding in findings {
            write_finding(body, finding);
        }
        if findings.is_empty() {
            let looked = descriptors.iter().map(|descriptor| descriptor.looked.len()).max().unwrap_or(0);
            let _ = writeln!(body, "<p class=\"none\">{} looked at it.</p>", many(looked, "rule"));
        }
        body.push_str("</details>\n");
    }

    fn domain_of(&self, file: &str) -> String {
        let descriptors = self.descriptors.get(file).and_then(|descriptors| descriptors.first());
        descriptors.map_or_else(|| OTHER_FILES.to_owned(), |descriptor| domain(descriptor))
    }
}

/// Domains by their names, and then what is of none.
fn order(domain: String) -> (bool, String) {
    (domain == NO_DOMAIN || domain == OTHER_FILES, domain)
}

fn domain(descriptor: &DescriptorReport) -> String {
    descriptor.domain.clone().filter(|domain| !domain.is_empty()).unwrap_or_else(|| NO_DOMAIN.to_owned())
}

fn write_finding(body: &mut String, finding: &Finding) {
    let state = match (&finding.waiver, finding.denies) {
        (Some(_), _) => "waived",
        (None, true) => "denies",
        (None, false) => "open",
    };
    let new = if finding.new == Some(true) { " new" } else { "" };
    let (severity, rule) = (finding.severity, escape(finding.rule.as_str()));
    let at = finding.location.range.start;
    let _ = writeln!(
        body,
        "<article class=\"finding {severity} {state}{new}\" data-severity=\"{severity}\" data-rule=\"{rule}\" data-state=\"{state}{new}\">\
         <h3><span class=\"severity\">{severity}</span> {} <code class=\"rule\">{rule}</code>{}</h3>\
         <p class=\"at\">line {}, column {}{}</p>",
        quoted(&finding.message),
        if new.is_empty() { "" } else { " <span class=\"tag\">new</span>" },
        at.line,
        at.column,
        match finding.location.pointer.as_str() {
            "" => String::new(),
            pointer => format!(" · <code>{}</code>", escape(pointer)),
        }
    );
    write_line(body, &finding.location, finding.label.as_deref());
    for related in &finding.related {
        let place = &related.location;
        let _ = writeln!(body, "<p class=\"at\">{}, line {}</p>", escape(&place.file), place.range.start.line);
        write_line(body, place, Some(&related.message));
    }
    if let Some(waiver) = &finding.waiver {
        let _ = writeln!(
            body,
            "<p class=\"waiver\"><b>waived</b> {} <small>{}</small></p>",
            escape(&waiver.line()),
            escape(&waiver.origin)
        );
    }
    if let Some(why) = softened(finding) {
        let _ = writeln!(body, "<p class=\"note\">{why}</p>");
    }
    if !finding.approvers.is_empty() {
        let _ = writeln!(body, "<p class=\"note\">{}</p>", escape(&waivable(finding)));
    }
    if let Some(help) = &finding.help {
        let _ = writeln!(body, "<p class=\"help\">{}</p>", quoted(help));
    }
    if let Some(docs) = &finding.docs {
        // Only what is a link of the web is made one: `javascript:` is a scheme, too.
        let docs = escape(docs);
        if docs.starts_with("https://") || docs.starts_with("http://") {
            let _ = writeln!(body, "<p class=\"docs\"><a href=\"{docs}\" rel=\"noreferrer\">{docs}</a></p>");
        } else {
            let _ = writeln!(body, "<p class=\"docs\">{docs}</p>");
        }
    }
    body.push_str("</article>\n");
}

fn write_line(body: &mut String, location: &Location, label: Option<&str>) {
    let Some(excerpt) = &location.excerpt else { return };
    let part = |from: usize, to: usize| escape(excerpt.text.get(from..to).unwrap_or_default());
    let cut = if excerpt.cut { "…" } else { "" };
    let label = label.map(|label| format!("\n<span class=\"label\">{}</span>", quoted(label))).unwrap_or_default();
    let _ = writeln!(
        body,
        "<pre><span class=\"number\">{}</span> {cut}{}<mark>{}</mark>{}{label}</pre>",
        excerpt.line,
        part(0, excerpt.start),
        part(excerpt.start, excerpt.end),
        part(excerpt.end, excerpt.text.len())
    );
}

/// Text of others, as text.
fn escape(text: &str) -> String {
    let text = if text.contains(char::is_control) { one_line(text) } else { text.to_owned() };
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// The same, what is quoted as code.
fn quoted(text: &str) -> String {
    let escaped = escape(text);
    let parts: Vec<&str> = escaped.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped;
    }
    let code = |(index, part): (usize, &&str)| match index % 2 {
        0 => (*part).to_owned(),
        _ => format!("<code>{part}</code>"),
    };
    parts.iter().enumerate().map(code).collect()
}
