//! A fuzz target for the reader and everything behind it: mutated descriptors must neither panic nor take long, and every
//! span must lie in its file. Runs for `FUZZ_SECONDS` (default 5) from a new seed each time; a failure prints the text and
//! the seed, `FUZZ_SEED` repeats it.
//!
//! Deliberately absent: coverage guidance; the mutations know YAML, JSON and the keys of the standards instead.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::limits::ReadLimits;
use meshgate_core::model::{Context, Format};
use meshgate_core::pointer::Place;
use meshgate_descriptor::{Extract, Files, Opened, Recognised, Unopened, check_schema, join, model, read, recognise};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

const SEEDS: &[&str] = &[
    "apiVersion: v3.1.0\nkind: DataContract\nid: &i c\nversion: 1.0.0\nstatus: active\nservers: [{server: s, type: kafka}]\nschema:\n\
     - name: t\n  relationships: [{from: t.a, to: u.b}]\n  quality: [{type: sql, query: |\n      select 1\n    , mustBe: 0}]\n  properties:\n  \
     - {name: a, logicalType: array, items: {properties: [{name: *i, tags: [pii]}]}}\n",
    "{\"dataProductDescriptor\": \"1.0.0\", \"info\": {\"name\": \"n\", \"owner\": {\"id\": \"o\"}}, \"interfaceComponents\": {\"outputPorts\": \
     [{\"$ref\": \"#/components/p\"}, {\"$ref\": \"x.json#/a\"}]}, \"components\": {\"p\": {\"promises\": {\"api\": {\"definition\": \
     {\"openapi\": \"3\", \"components\": {\"schemas\": {\"N\": {\"properties\": {\"n\": {\"$ref\": \"#/components/schemas/N\"}}}}}}}}}}}",
    "dataProductDescriptor: 1.0.0\ninternalComponents: {a: {$ref: '#/components/b'}, c: {$ref: '#/interfaceComponents/outputPorts/0'}}\n\
     interfaceComponents: {outputPorts: [{$ref: '#/components/b'}, {$ref: '#/internalComponents/c'}]}\n\
     components: {b: {name: b, api: {definition: {$ref: '#/internalComponents/a', examples: {$ref: 'x.json#/a'}}}}}\n",
    "dataProductDescriptor: 1.0.0\naa: {$ref: '#/bb/c'}\nbb: {c: {$ref: '#/bb'}, e: {$ref: '#/bb/c'}}\nzz: {$ref: '#/bb/c'}\ninterfaceComponents: {outputPorts: [{$ref: '#/zz'}]}\n",
    "dataContractSpecification: 1.2.0\nid: c\nmodels:\n  m:\n    fields:\n      f: {$ref: '#/definitions/d', items: {fields: {g: {type: text}}}}\n\
     definitions: {d: {type: record, fields: {x: {$ref: '#/definitions/d'}}}}\n",
    "kind: DataProduct\napiVersion: v1.0.0\nid: p\nstatus: active\noutputPorts: [{name: o, version: 1.0.0, contractId: x.json}]\n---\n- a\n",
    "schema: https://opendataproducts.org/v4.1\nversion: '4.1'\nproduct: {details: {en: {name: n}}, dataAccess: {a: {name: {en: x}}},\n  \
     SLA: {declarative: {b: {dimensions: [{dimension: uptime}]}}}, contract: {id: 1, spec: {kind: DataContract}}}\n",
    "kind: dataproduct\nid: urn:dmb:dp:d:n:1\ncomponents:\n- {kind: outputport, dataContract: {schema: [{name: a, constraint: PRIMARY_KEY}]}}\n",
    "a: &a [x, x]\nb: &b [*a, *a]\nc: {<<: {k: v}, <<: [{l: w}]}\nd: !!str 012\ne: 1e3\nf: 2020-01-01\n\u{feff}g: |+\n\n  h\r\n",
];

const WORDS: &[&str] = &[
    "$ref",
    "'#/'",
    "'#/definitions/d'",
    "&x",
    "*x",
    "<<",
    "!!int",
    "|",
    ">-",
    "---",
    "...",
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "? ",
    "\"",
    "'",
    "\\",
    "\t",
    "\r\n",
    "\n",
    "\u{feff}",
    "\u{0}",
    "é",
    "𝄞",
    "null",
    "~",
    "1e999",
    "-0",
    "0x1F",
    "kind",
    "DataContract",
    "properties",
    "items",
    "fields",
    "allOf",
    "customProperties",
    "type",
    "library",
    "vector",
    "9999999999999999999999",
    "%YAML 1.2",
    "#",
    ",",
    "x.json",
];

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n.max(1) as u64).unwrap()
    }
}

fn mutant(random: &mut Random) -> Vec<u8> {
    let mut bytes = SEEDS[random.below(SEEDS.len())].as_bytes().to_vec();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        let to = (at + random.below(40)).min(bytes.len());
        match random.below(6) {
            0 => {
                bytes.splice(at..at, WORDS[random.below(WORDS.len())].bytes());
            }
            1 => {
                bytes.splice(at..to, WORDS[random.below(WORDS.len())].bytes());
            }
            2 => {
                let piece = bytes[at..to].to_vec();
                let times = random.below(30);
                bytes.splice(at..at, piece.repeat(times));
            }
            3 => {
                let other = SEEDS[random.below(SEEDS.len())].as_bytes();
                let from = random.below(other.len());
                let piece = other[from..(from + random.below(80)).min(other.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => bytes.truncate(at),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u8::try_from(random.below(256)).unwrap();
                }
            }
        }
    }
    bytes
}

struct Other(Vec<u8>);

impl Files for Other {
    fn open(&self, _: &str, reference: &str) -> Result<Opened, Unopened> {
        match reference {
            "x.json" => Ok(Opened { file: "x.json".to_owned(), bytes: self.0.clone() }),
            _ => Err(Unopened::Missing),
        }
    }

    fn contract(&self, _: &str) -> Option<Opened> {
        Some(Opened { file: "x.json".to_owned(), bytes: self.0.clone() })
    }
}

fn all_of_it(bytes: &[u8], other: &[u8]) {
    let limits = ReadLimits::default();
    let files = Other(other.to_vec());
    for name in ["t.yaml", "t.json"] {
        let parsed = read(name, bytes, &limits);
        for diagnostic in &parsed.diagnostics {
            assert!(diagnostic.span.end <= parsed.text.len(), "{diagnostic:?}");
        }
        for document in parsed.documents {
            let recognised = match recognise(&document) {
                Recognised::Known(format) => format,
                _ => Format::Generic,
            };
            // What a text claims to be is one thing; every format must bear every text.
            for format in [recognised, Format::Dpds, Format::Dcs, Format::Odcs, Format::OdpsLf, Format::Witboost] {
                let extract = Arc::new(Extract::default());
                let (descriptor, resolution) = join(name, document.clone(), format, &files, &limits, extract);
                for (part, diagnostic) in &resolution.diagnostics {
                    assert!(diagnostic.span.end <= descriptor.parts()[*part].document.text().len());
                }
                let check = check_schema(&descriptor);
                let said = check.iter().flat_map(|c| c.violations.iter().chain(&c.referred).chain(&c.misspelt));
                for violation in said.chain(&resolution.notices) {
                    let text = descriptor.parts()[violation.part].document.text();
                    assert!(descriptor.span(violation.part, &violation.pointer).end <= text.len());
                }
                let input = model(&descriptor, Context::default()).to_value();
                for pointer in ["/product/pointer", "/contracts/0/schema/0/columns/0/pointer"] {
                    let place = input.pointer(pointer).and_then(|value| Place::parse(value.as_str()?).ok());
                    if let Some(place) = place {
                        let (part, pointer) = descriptor.locate(&place).expect("a place of the model is in sight");
                        let span = descriptor.span(part, &pointer);
                        let text = descriptor.parts()[part].document.text();
                        assert!(text.get(span.start..span.end).is_some(), "{span:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn mutants_neither_panic_nor_take_long() {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let now = SystemTime::UNIX_EPOCH.elapsed().map_or(1, |elapsed| u64::try_from(elapsed.as_nanos() >> 8).unwrap_or(1));
    let seed = std::env::var("FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(now | 1);
    let mut random = Random(seed);
    // Past the capture of output: an abort (a stack that overflows) takes captured output with it.
    let _ = writeln!(std::io::stderr(), "FUZZ_SEED={seed}");
    // The YAML parser's own panics are caught and told as diagnostics; their backtraces would bury ours.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let (started, mut rounds) = (Instant::now(), 0_u64);
    while started.elapsed() < Duration::from_secs(seconds) {
        let (bytes, other) = (mutant(&mut random), mutant(&mut random));
        let at = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| all_of_it(&bytes, &other)));
        if outcome.is_err() {
            // Again, with the words and the backtrace.
            std::panic::set_hook(hook);
            println!("FUZZ_SEED={seed}, round {rounds}:\n{}\n--- x.json\n{}", lossy(&bytes), lossy(&other));
            return all_of_it(&bytes, &other);
        }
        let shown = || format!("FUZZ_SEED={seed}, round {rounds}:\n{}\n--- x.json\n{}", lossy(&bytes), lossy(&other));
        // A few hundred bytes: seconds would be a blow-up, whatever the machine is doing.
        assert!(at.elapsed() < Duration::from_secs(20), "took {:?}: {}", at.elapsed(), shown());
        rounds += 1;
    }
    println!("{rounds} mutants from FUZZ_SEED={seed}");
    assert!(rounds > 0);
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
