//! Policies whose calls are chosen to explode, in one sidecar with a policy that somebody needs: whatever they ask for, the
//! neighbour is answered, and the memory is given back.

use crate::requests::{Dice, TURN, asked, attack, median, neighbour, resident, settle};
use crate::sidecar::Sidecar;
use crate::support::folder;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const POLICY: &str = "package app\n\nimport rego.v1\n\ndefault allow := false\n\nallow if input.user == \"ada\"\n";
const CONFIG: &str =
    "version: 1\nbundles: [{ name: org, path: policy }]\nembedded: false\nserver:\n  limits: { deadline_ms: 200 }\n";
/// Policies of one run; each is asked for many times.
const POLICIES: usize = 300;

/// What arguments are made of.
fn pool() -> Vec<Value> {
    let many = |count: usize| (0..count).collect::<Vec<_>>();
    let tower = (0..14).fold(json!("x"), |below, _| json!([below, below]));
    let object: Value = (0..30_000).map(|n| (format!("k{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into();
    let graph: Value = (0..60)
        .map(|n| (format!("n{n}"), json!([format!("n{}", n + 1), format!("n{}", n + 2)])))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let networks: Vec<String> = (0..3_000).map(|n| format!("10.{}.{}.0/24", n / 250, n % 250)).collect();
    let copies: Vec<Value> = (0..40).map(|n| json!({"op": "copy", "from": "", "path": format!("/{n}")})).collect();
    vec![
        json!(1),
        json!(-1),
        json!(4_611_686_018_427_387_904_u64),
        json!(60_000),
        json!("1e999999999E"),
        json!("(a{1,100}){1,10}b"),
        json!("(a*)*(a|b|ab)*$"),
        json!("{a,{b,{c,{d,*}}}}*{a,b}*{a,b}*{a,b}"),
        json!("::/0"),
        json!("%1000000d%v%s%[1]v%[1]v"),
        json!("{{range .}}{{range $}}{{range $}}x{{end}}{{end}}{{end}}"),
        json!("a".repeat(100_000)),
        json!("é".repeat(200_000)),
        json!("9".repeat(200_000)),
        json!("[],".repeat(50_000)),
        json!("a*".repeat(2_000)),
        json!("{a,b}".repeat(500)),
        json!(many(200_000)),
        json!(vec!["a".repeat(10_000); 200]),
        json!(vec![many(300); 300]),
        json!(networks),
        json!(copies),
        tower,
        object,
        graph,
        json!({"items": {"anyOf": [{"pattern": "^(a+)+$"}, {"enum": many(1_000)}]}}),
    ]
}

/// Builtins that make something large of something small, or do much for it; and how many arguments they take.
const CALLS: &[(&str, usize)] = &[
    ("array.concat", 2),
    ("array.slice", 3),
    ("base64.encode", 1),
    ("bits.lsh", 2),
    ("concat", 2),
    ("count", 1),
    ("format_int", 2),
    ("glob.match", 3),
    ("glob.quote_meta", 1),
    ("graph.reachable", 2),
    ("graph.reachable_paths", 2),
    ("hex.encode", 1),
    ("indexof_n", 2),
    ("intersection", 1),
    ("json.filter", 2),
    ("json.marshal", 1),
    ("json.marshal_with_options", 2),
    ("json.match_schema", 2),
    ("json.patch", 2),
    ("json.remove", 2),
    ("json.unmarshal", 1),
    ("max", 1),
    ("net.cidr_contains_matches", 2),
    ("net.cidr_expand", 1),
    ("net.cidr_merge", 1),
    ("numbers.range", 2),
    ("numbers.range_step", 3),
    ("object.filter", 2),
    ("object.subset", 2),
    ("object.union", 2),
    ("object.union_n", 1),
    ("product", 1),
    ("regex.find_all_string_submatch_n", 3),
    ("regex.find_n", 3),
    ("regex.globs_match", 2),
    ("regex.match", 2),
    ("regex.replace", 3),
    ("regex.split", 2),
    ("regex.template_match", 4),
    ("replace", 3),
    ("sort", 1),
    ("split", 2),
    ("sprintf", 2),
    ("strings.any_prefix_match", 2),
    ("strings.count", 2),
    ("strings.render_template", 2),
    ("strings.replace_n", 2),
    ("strings.reverse", 1),
    ("sum", 1),
    ("to_number", 1),
    ("union", 1),
    ("units.parse", 1),
    ("units.parse_bytes", 1),
    ("upper", 1),
    ("urlquery.encode_object", 1),
    ("yaml.marshal", 1),
    ("yaml.unmarshal", 1),
];

/// Policies of one call each, and of operators and loops over what they give.
fn policies(dice: &mut Dice, pool: usize) -> String {
    let mut text = "package x\n\nimport rego.v1\n\nplain := count(numbers.range(1, 100000))\n".to_owned();
    for number in 0..POLICIES {
        let (name, arguments) = CALLS[dice.below(CALLS.len())];
        let mut argument = || format!("data.v[{}]", dice.below(pool));
        let of: Vec<String> = (0..arguments).map(|_| argument()).collect();
        let call = format!("{name}({})", of.join(", "));
        let (left, right) = (argument(), argument());
        let value = match number % 6 {
            0 => format!("[call, call == {left}] if some call in [{call}]"),
            1 => format!("[{left} | some _ in {right}]"),
            2 => format!("{{[a, b] | some a in {left}; some b in {right}}}"),
            _ => call,
        };
        let _ = write!(text, "\np{number} := {value}\n");
    }
    text
}

#[test]
fn policies_that_explode_hold_nobody_up() {
    let seconds = std::env::var("EXPLODE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let seed = std::env::var("EXPLODE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0x5eed);
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let pool = pool();
    let (text, data) = (policies(&mut Dice(seed), pool.len()), json!({"v": pool}).to_string());
    let files =
        [("meshgate.yaml", CONFIG), ("policy/app.rego", POLICY), ("policy/x.rego", &text), ("policy/data.json", &data)];
    let here = folder(&files);
    let sidecar = Sidecar::start(here.path(), &["--config", "meshgate.yaml"]);
    // The first requests make what a process keeps; slow ones are answered by threads of their own.
    for _ in 0..50 {
        neighbour(&sidecar);
        attack(&sidecar, "/v1/data/x/plain", "application/json", b"{}");
    }
    let (quiet, memory) = (median((0..50).map(|_| neighbour(&sidecar)).collect()), resident(&sidecar));
    let (done, sent, given) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let (seen, peak) = std::thread::scope(|scope| {
        let attackers: Vec<_> = (0..2)
            .map(|number| {
                let (sidecar, done, sent, given) = (&sidecar, &done, &sent, &given);
                scope.spawn(move || {
                    let mut dice = Dice(seed + 1 + number);
                    while !done.load(Ordering::Relaxed) {
                        let path = format!("/v1/data/x/p{}", dice.below(POLICIES));
                        let status = attack(sidecar, &path, "application/json", b"{}");
                        assert!(status != 0, "{path} is not answered (seed {seed})");
                        sent.fetch_add(1, Ordering::Relaxed);
                        given.fetch_add(u64::from(status == 200), Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let (began, mut seen, mut peak) = (Instant::now(), Vec::new(), 0);
        while began.elapsed() < Duration::from_secs(seconds) {
            seen.push(asked(&sidecar));
            peak = peak.max(resident(&sidecar));
        }
        done.store(true, Ordering::Relaxed);
        attackers.into_iter().for_each(|one| one.join().expect("a thread"));
        (seen, peak)
    });
    let (sent, given) = (sent.into_inner(), given.into_inner());
    let refused: Vec<&String> = seen.iter().filter_map(|one| one.as_ref().err()).collect();
    assert!(refused.len() <= 1 + seen.len() / 50, "{} of {}: {:?}", refused.len(), seen.len(), refused.first());
    assert!(sent > 20 && given > 0, "{given} of {sent}");
    let slow =
        median(seen.into_iter().filter_map(Result::ok).collect()).as_secs_f64() / quiet.as_secs_f64().max(0.000_5);
    let after = settle(&sidecar, memory);
    println!(
        "{given} of {sent} answered, seed {seed}; a neighbour waits {slow:.1} times as long; quiet {memory} MiB, at most {peak}, then {after}"
    );
    assert!(slow < 20.0, "a neighbour waits {slow:.1} times as long");
    assert!(peak < memory + 1_500, "{peak} MiB, {memory} before");
    assert!(after <= memory * 6 / 5, "{after} MiB after, {memory} before");
    let metrics = sidecar.send(&sidecar.admin, "GET /metrics HTTP/1.1", b"").2;
    assert!(metrics.contains("meshgate_held_threads 0\n"), "{metrics}");
    assert!(metrics.contains("meshgate_requests_bytes 0\n"), "{metrics}");
}
