//! References from outside: what they join, where a place in another file is, and every way in which one can fail.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::limits::ReadLimits;
use meshgate_core::model::{Context, Format, Input};
use meshgate_core::pointer::Place;
use meshgate_descriptor::{
    Descriptor, Extract, Files, Opened, Recognised, Resolution, Unopened, host, join, model, read, recognise,
};
use std::collections::HashMap;
use std::sync::Arc;

/// Files by name; the first is the descriptor.
struct Memory(HashMap<&'static str, String>);

impl Files for Memory {
    fn open(&self, from: &str, reference: &str) -> Result<Opened, Unopened> {
        if let Some(host) = host(reference) {
            return Err(Unopened::Remote(host.to_owned()));
        }
        if reference.starts_with("..") {
            return Err(Unopened::Outside);
        }
        let folder = from.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let file = format!("{folder}{reference}");
        let text = self.0.get(file.as_str()).ok_or(Unopened::Missing)?;
        Ok(Opened { bytes: text.clone().into_bytes(), file })
    }

    fn contract(&self, id: &str) -> Option<Opened> {
        let (file, text) = self.0.iter().find(|(_, text)| text.contains(&format!("id: {id}\n")))?;
        Some(Opened { file: (*file).to_owned(), bytes: text.clone().into_bytes() })
    }
}

fn joined(files: &[(&'static str, &str)]) -> (Descriptor, Resolution) {
    let (name, text) = files[0];
    let parsed = read(name, text.as_bytes(), &ReadLimits::default());
    assert_eq!(parsed.diagnostics, []);
    let document = parsed.documents.into_iter().next().unwrap();
    let format = match recognise(&document) {
        Recognised::Known(format) => format,
        other => panic!("{other:?}"),
    };
    let memory = Memory(files[1..].iter().map(|(name, text)| (*name, (*text).to_owned())).collect());
    join(name, document, format, &memory, &ReadLimits::default(), Arc::new(Extract::default()))
}

fn modelled(files: &[(&'static str, &str)]) -> Input {
    let (descriptor, resolution) = joined(files);
    assert_eq!(resolution.diagnostics, []);
    model(&descriptor, Context::default())
}

/// The rules and the underlined texts of what was told.
fn told(files: &[(&'static str, &str)]) -> Vec<(String, String)> {
    let (descriptor, resolution) = joined(files);
    let shown = resolution.diagnostics.iter().map(|(part, diagnostic)| {
        let text = descriptor.parts()[*part].document.text();
        (diagnostic.rule.to_owned(), diagnostic.span.slice(text).to_owned())
    });
    shown.collect()
}

const DPDS: &str = "dataProductDescriptor: 1.0.0\ninterfaceComponents:\n  outputPorts:\n";

#[test]
fn a_port_lives_in_another_file_and_so_does_its_api() {
    let port = r#"{"name": "p", "version": "1.0.0", "promises": {"platform": "eu.aws::s3",
        "api": {"name": "a", "version": "1", "definition": {"$ref": "../apis/a.yaml"}}}}"#;
    let files: [(&str, &str); 3] = [
        ("d/dp.yaml", &format!("{DPDS}  - {{$ref: ports/p.json, description: a comment}}\n")),
        ("d/ports/p.json", &port.replace("../apis", "apis")),
        (
            "d/ports/apis/a.yaml",
            "schema:\n  tables:\n  - name: t\n    definition:\n      columns:\n      - {name: c, dataType: text}\n",
        ),
    ];
    let input = modelled(&files);
    let port = &input.product.as_ref().unwrap().ports[0];
    assert_eq!((port.name.as_deref(), port.pointer.as_str()), (Some("p"), "d/ports/p.json#"));
    let column = &port.contract.as_ref().unwrap().schema[0].columns[0];
    assert_eq!(column.pointer, "d/ports/apis/a.yaml#/schema/tables/0/definition/columns/0");
    assert_eq!(input.raw["interfaceComponents"]["outputPorts"][0]["promises"]["platform"], "eu.aws::s3");

    // A pointer into the document leads through its references to the right file.
    let (descriptor, _) = joined(&files);
    for (place, expected) in [
        ("d/ports/apis/a.yaml#/schema/tables/0/name", (2, "/schema/tables/0/name")),
        ("/interfaceComponents/outputPorts/0/promises/platform", (1, "/promises/platform")),
        ("/interfaceComponents/outputPorts/0/owner/id", (1, "/owner/id")),
        ("/interfaceComponents/outputPorts/7", (0, "/interfaceComponents/outputPorts/7")),
    ] {
        let (part, pointer) = descriptor.locate(&Place::parse(place).unwrap()).unwrap();
        assert_eq!((part, pointer.as_str()), expected, "{place}");
    }
}

#[test]
fn fragments_are_found_however_they_are_written() {
    for reference in ["#/components/outputPorts/p", "#components/outputPorts/p", "#components.outputPorts.p"] {
        let text =
            format!("{DPDS}  - $ref: '{reference}'\ncomponents:\n  outputPorts:\n    p: {{name: p, version: 1.0.0}}\n");
        let input = modelled(&[("dp.yaml", &text)]);
        assert_eq!(input.product.unwrap().ports[0].pointer, "/components/outputPorts/p", "{reference}");
    }
    let input = modelled(&[("dp.yaml", &format!("{DPDS}  - $ref: all.yaml#/p/0\n")), ("all.yaml", "p: [{name: x}]\n")]);
    assert_eq!(input.product.unwrap().ports[0].pointer, "all.yaml#/p/0");
}

#[test]
fn what_hides_a_port_is_told_at_the_reference() {
    let text = format!(
        "{DPDS}  - $ref: missing.json\n  - $ref: '#/nowhere'\n  - $ref: '#/interfaceComponents/outputPorts/2'\n  \
         - $ref: ../secret.json\n  - $ref: https://example.com/p.json\n  - $ref: broken.json\n  - $ref: '#/interfaceComponents'\n"
    );
    let told = told(&[("dp.yaml", &text), ("broken.json", "{")]);
    let told: Vec<(&str, &str)> = told.iter().map(|(rule, text)| (rule.as_str(), text.as_str())).collect();
    assert_eq!(
        told,
        [
            ("read.unresolved_reference", "missing.json"),
            ("read.unresolved_reference", "'#/nowhere'"),
            ("read.circular_reference", "'#/interfaceComponents/outputPorts/2'"),
            ("read.unresolved_reference", "../secret.json"),
            ("read.unresolved_reference", "https://example.com/p.json"),
            ("read.unresolved_reference", "broken.json"),
            ("read.circular_reference", "'#/interfaceComponents'"),
        ]
    );
}

#[test]
fn circles_through_files_are_cut_where_they_close() {
    let told = told(&[
        ("dp.yaml", &format!("{DPDS}  - $ref: a.yaml\n")),
        ("a.yaml", "name: a\npromises: {$ref: b.yaml}\n"),
        ("b.yaml", "api: {$ref: a.yaml}\n"),
    ]);
    assert_eq!(told, [("read.circular_reference".to_owned(), "a.yaml".to_owned())]);
}

/// Looked at first where nothing of the model lies, and then from a port: neither way may leave a circle behind.
#[test]
fn circles_through_what_is_walked_twice_are_cut() {
    let circle = "{dataProductDescriptor: 1.0.0, internalComponents: {a: {$ref: '#/interfaceComponents/outputPorts/0'}},\n\
                  interfaceComponents: {outputPorts: [{$ref: '#/internalComponents/a'}]}}";
    let through_examples = "dataProductDescriptor: 1.0.0\n\
        internalComponents: {a: {$ref: '#/components/b'}}\n\
        interfaceComponents: {outputPorts: [{$ref: '#/components/b'}]}\n\
        components: {b: {name: b, examples: {api: {definition: {$ref: '#/internalComponents/a'}}}}}\n";
    let entered_within = "{dataProductDescriptor: 1.0.0, aa: {$ref: '#/bb/c'}, bb: {c: {$ref: '#/bb'}, d: {$ref: '#/bb'}},\n\
                          zz: {$ref: '#/bb/c'}, interfaceComponents: {outputPorts: []}}";
    for text in [circle, through_examples, entered_within] {
        let (descriptor, resolution) = joined(&[("dp.yaml", text)]);
        assert_eq!(resolution.diagnostics.first().map(|(_, told)| told.rule), Some("read.circular_reference"));
        let _ = (model(&descriptor, Context::default()), descriptor.to_value());
    }
}

/// References that lead on from one another to deep values come to more levels than any stack of ours is for.
#[test]
fn references_do_not_add_up_to_any_depth() {
    let mut text = format!("{DPDS}  - $ref: '#/components/d0'\ncomponents:\n");
    for at in 0..32 {
        let next = format!("{{$ref: '#/components/d{}'}}", at + 1);
        text += &format!("  d{at}: {}{next}{}\n", "{a: ".repeat(55), "}".repeat(55));
    }
    text += "  d32: {name: x}\n";
    assert_eq!(told(&[("dp.yaml", &text)]).first().map(|(rule, _)| rule.as_str()), Some("read.too_large"));
}

#[test]
fn a_recursive_schema_within_an_api_is_no_fault_of_the_descriptor() {
    let api = "openapi: 3.0.0\ncomponents:\n  schemas:\n    Node:\n      properties:\n        name: {type: string}\n        \
               next: {$ref: '#/components/schemas/Node'}\n";
    let inline: String = api.lines().map(|line| format!("          {line}\n")).collect();
    let port = |definition: &str| {
        format!(
            "{DPDS}  - name: p\n    version: 1.0.0\n    promises:\n      api:\n        name: a\n        definition:{definition}"
        )
    };
    for files in [
        vec![("dp.yaml", port(" {$ref: api.yaml}\n")), ("api.yaml", api.to_owned())],
        vec![("dp.yaml", port(&format!("\n{inline}")))],
    ] {
        let files: Vec<(&'static str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let input = modelled(&files);
        let table = &input.contracts[0].schema[0];
        assert_eq!(table.name.as_deref(), Some("Node"));
        assert_eq!(table.columns.iter().filter_map(|c| c.name.as_deref()).collect::<Vec<_>>(), ["name", "next"]);
    }
}

#[test]
fn references_that_multiply_are_bounded() {
    let mut text = format!("{DPDS}  - $ref: '#/components/l0'\ncomponents:\n");
    for level in 0..30 {
        let next = format!("{{$ref: '#/components/l{}'}}", level + 1);
        text += &format!("  l{level}: {{a: {next}, b: {next}}}\n");
    }
    text += "  l30: {name: x}\n";
    let told = told(&[("dp.yaml", &text)]);
    assert_eq!(told.first().map(|(rule, _)| rule.as_str()), Some("read.too_large"));
    // A text counts as often as it is referred to.
    let references = "{$ref: '#/components/x'}, ".repeat(2000);
    let text =
        format!("{DPDS}  - name: p\n    x-all: [{references}]\ncomponents: {{x: {{v: {}}}}}\n", "y".repeat(100_000));
    assert_eq!(self::told(&[("dp.yaml", &text)]).first().map(|(rule, _)| rule.as_str()), Some("read.too_large"));
}

/// Ports that a reference hides must be told, however it hides them.
#[test]
fn no_port_hides_behind_a_reference() {
    let restricted = "{name: o, version: 1.0.0, promises: {api: {name: a, definition: {properties: {iban: {classification: restricted}}}}}}";
    for (port, more) in [
        ("{$ref: null, name: o}", String::new()),
        ("{$ref: [x], name: o}", String::new()),
        ("{$ref: '#/definition/p'}", "definition: {p: {$ref: '#/definition/p'}}\n".to_owned()),
        ("{$ref: '#/api/definition/p'}", "api: {definition: {p: {$ref: '#/api/definition/p'}}}\n".to_owned()),
        (
            "{$ref: 'https://example.org/o.json'}",
            "internalComponents: {applicationComponents: [{$ref: '#/interfaceComponents/outputPorts/0'}]}\n".to_owned(),
        ),
        ("{$ref: port.txt}", String::new()),
    ] {
        let text = format!("{DPDS}  - {port}\n{more}");
        let told = told(&[("dp.yaml", &text), ("port.txt", "no: [yaml")]);
        assert!(told.first().is_some_and(|(rule, _)| rule.ends_with("_reference")), "{text}");
    }
    // A file is read whatever it is called; a key is what it is called before it is a path.
    for (reference, more) in [
        ("ports/o", String::new()),
        ("'#/x.y'", format!("x.y: {restricted}\nx: {{y: {{name: clean}}}}\n")),
        ("'#x.y'", format!("x.y: {restricted}\nx: {{y: {{name: clean}}}}\n")),
    ] {
        let text = format!("{DPDS}  - $ref: {reference}\n{more}");
        let input = modelled(&[("dp.yaml", &text), ("ports/o", restricted)]);
        assert_eq!(
            input.contracts[0].schema[0].columns[0].classification.as_deref(),
            Some("restricted"),
            "{reference}"
        );
    }
}

#[test]
fn parts_of_another_shape_are_told() {
    for text in [
        "dataProductDescriptor: 1.0.0\ninterfaceComponents: {outputPorts: {o: {name: o}}}\n",
        "dataProductDescriptor: 1.0.0\ninterfaceComponents: []\n",
        "kind: DataProduct\napiVersion: v1.0.0\noutputPorts: {o: {name: o}}\n",
        "kind: DataContract\napiVersion: v2.2.2\nschema: public\ndataset: [{table: t}]\n",
        "dataContractSpecification: 1.2.0\nmodels: [a]\n",
        "dataProductSpecification: 0.0.1\noutputPorts: x\n",
        "kind: dataproduct\nid: urn:dmb:dp:d:n:1\ncomponents: {o: {kind: outputport}}\n",
        "kind: dataproduct\nid: urn:dmb:dp:d:n:1\ncomponents: [{kind: output-port}]\n",
        "kind: dataproduct\nid: urn:dmb:dp:d:n:1\ncomponents: [{kind: outputport, dataContract: []}]\n",
        "kind: dataproduct\nid: urn:dmb:dp:d:n:1\ncomponents: [{kind: outputport, dataContract: {schema: [{name: a, children: {}}]}}]\n",
        "kind: DataContract\napiVersion: v2.2.2\ndataset: [{table: t, columns: {iban: {}}}]\n",
        "dataProductDescriptor: 1.0.0\ninterfaceComponents: {outputPorts: [{$ref: '#/components/p', promises: {}}]}\ncomponents: {p: {name: p}}\n",
        "schema: https://opendataproducts.org/v4.2\nversion: '4.2'\nproduct: {contract: {spec: text}}\n",
    ] {
        assert_eq!(
            told(&[("d.yaml", text)]).first().map(|(rule, _)| rule.as_str()),
            Some("read.unseen_part"),
            "{text}"
        );
    }
}

#[test]
fn a_contract_that_cannot_be_read_is_told_by_its_product() {
    let product = "kind: DataProduct\napiVersion: v1.0.0\noutputPorts:\n- {name: o, contractId: c.yaml}\n";
    for broken in ["kind: DataContract\nid: [x", "kind: DataContract\nid: a\nid: b\n", ""] {
        let told = told(&[("p.yaml", product), ("c.yaml", broken)]);
        assert_eq!(told, [("read.unresolved_reference".to_owned(), "c.yaml".to_owned())], "{broken}");
    }
    // Its own references are followed as its own standard has them.
    let dcs = "dataContractSpecification: 1.2.0\nid: c\nmodels: {m: {fields: {iban: {$ref: '#/definitions/iban'}}}}\n\
               definitions: {iban: {type: text, classification: restricted}}\n";
    let input = modelled(&[("p.yaml", product), ("c.yaml", dcs)]);
    assert_eq!(input.contracts[0].schema[0].columns[0].classification.as_deref(), Some("restricted"));
    // Of several contracts in one file, each port has its own; a number is as good an id as a text.
    let product = "kind: DataProduct\napiVersion: v1.0.0\noutputPorts:\n- {name: o, contractId: 7}\n- {name: p, contractId: orders}\n";
    let two = format!("{}---\n{CONTRACT}", CONTRACT.replace("orders", "7"));
    let input = modelled(&[("p.yaml", product), ("two.yaml", &two)]);
    let ids: Vec<_> = input.contracts.iter().map(|contract| contract.id.clone().unwrap()).collect();
    assert_eq!(ids, ["7", "orders"]);
}

#[test]
fn what_a_port_names_must_be_a_contract() {
    let product = "kind: DataProduct\napiVersion: v1.0.0\noutputPorts:\n- {name: o, contractId: c.yaml}\n";
    for other in ["a: 1\n", "Kind: DataContract\nschema: []\n"] {
        let (_, resolution) = joined(&[("p.yaml", product), ("c.yaml", other)]);
        assert!(resolution.diagnostics[0].1.message.contains("no data contract of a known standard"), "{other}");
    }
}

#[test]
fn a_contract_of_a_view_is_a_contract() {
    let product = "kind: DataProduct\napiVersion: v1.0.0\noutputPorts:\n- {name: o, contractId: c.yaml}\n";
    let view = "kind: virtualDataset\napiVersion: v2.2.2\nuuid: u\ndataset:\n- table: t\n  columns:\n  - column: c\n";
    let input = modelled(&[("p.yaml", product), ("c.yaml", view)]);
    let contract = input.product.as_ref().unwrap().ports[0].contract.as_ref().unwrap();
    assert_eq!(contract.schema[0].columns[0].name.as_deref(), Some("c"));
}

#[test]
fn every_contract_of_an_lf_product_is_in_sight() {
    let spec = |classification: &str| {
        format!(
            "{{id: c, type: ODCS, spec: {{kind: DataContract, schema: [{{name: t, properties: [{{name: a, classification: {classification}}}]}}]}}}}"
        )
    };
    for contract in [
        format!("product: {{contract: {{default: {}, other: {}}}}}\n", spec("internal"), spec("restricted")),
        format!("product: {{contract: {}}}\ncontract: {}\n", spec("internal"), spec("restricted")),
    ] {
        let input =
            modelled(&[("p.yaml", &format!("schema: https://opendataproducts.org/v4.2\nversion: '4.2'\n{contract}"))]);
        let found: Vec<_> =
            input.contracts.iter().map(|c| c.schema[0].columns[0].classification.clone().unwrap()).collect();
        assert_eq!(found, ["internal", "restricted"], "{contract}");
    }
}

#[test]
fn a_definition_without_columns_is_noticed() {
    for definition in ["'type Query { iban: String }'", "{schema: {tables: [{name: t, columns: {iban: {}}}]}}", "[]"] {
        let text = format!("{DPDS}  - name: o\n    promises:\n      api: {{name: a, definition: {definition}}}\n");
        let (_, resolution) = joined(&[("p.yaml", &text)]);
        assert_eq!(
            resolution.notices.iter().map(|notice| notice.rule).collect::<Vec<_>>(),
            ["reference.unseen"],
            "{text}"
        );
    }
    // Data in an example is no reference, and no file is looked for.
    let text = format!(
        "{DPDS}  - name: o\n    promises:\n      api: {{name: a, definition: {{properties: {{a: {{example: {{$ref: nowhere.json}}}}}}}}}}\n"
    );
    assert_eq!(told(&[("p.yaml", &text)]), []);
}

#[test]
fn many_ports_of_a_wide_contract_are_bounded() {
    let ports: String = (0..2000).map(|n| format!("- {{name: p{n}, contractId: orders}}\n")).collect();
    let product = format!("kind: DataProduct\napiVersion: v1.0.0\noutputPorts:\n{ports}");
    let columns: String = (0..2000).map(|n| format!("  - name: c{n}\n")).collect();
    let told = told(&[("p.yaml", &product), ("c.yaml", &format!("{CONTRACT}{columns}"))]);
    assert_eq!(told.first().map(|(rule, _)| rule.as_str()), Some("read.too_large"));
}

#[test]
fn ports_that_hold_their_own_columns_keep_them() {
    // More columns than contracts that ports share may come to.
    let columns: String = (0..100).map(|n| format!("c{n}: {{}}, ")).collect();
    let ports: String = (0..2000)
        .map(|n| {
            format!(
                "  - name: p{n}\n    promises:\n      api: {{name: a, definition: {{properties: {{{columns}}}}}}}\n"
            )
        })
        .collect();
    let input = modelled(&[("p.yaml", &format!("{DPDS}{ports}"))]);
    let product = input.product.as_ref().unwrap();
    assert_eq!(product.ports.len(), 2000);
    assert!(product.ports.iter().all(|port| port.contract.is_some()));
}

#[test]
fn remote_schemas_of_an_api_are_a_notice() {
    let text = format!(
        "{DPDS}  - name: p\n    promises:\n      api: {{name: a, definition: {{$ref: https://example.com/a.json}}}}\n"
    );
    let (_, resolution) = joined(&[("dp.yaml", &text)]);
    assert_eq!(resolution.diagnostics, []);
    assert_eq!(resolution.notices[0].rule, "reference.remote");
    assert!(resolution.notices[0].help.as_ref().unwrap().contains("--allow-host example.com"));
}

const CONTRACT: &str =
    "kind: DataContract\napiVersion: v3.1.0\nid: orders\nschema:\n- name: t\n  properties:\n  - name: c\n";

#[test]
fn a_product_finds_its_contracts_by_id_and_by_path() {
    for id in ["orders", "contracts/o.yaml"] {
        let product = format!(
            "kind: DataProduct\napiVersion: v1.0.0\noutputPorts:\n- name: o\n  contractId: {id}\n- name: p\n  contractId: {id}\n"
        );
        let input = modelled(&[("p.yaml", &product), ("contracts/o.yaml", CONTRACT)]);
        let contract = input.product.as_ref().unwrap().ports[0].contract.as_ref().unwrap();
        assert_eq!(contract.schema[0].columns[0].pointer, "contracts/o.yaml#/schema/0/properties/0", "{id}");
        assert_eq!(input.contracts.len(), 1, "a contract that two ports share is in sight once");
    }
    let product = "kind: DataProduct\napiVersion: v1.0.0\noutputPorts:\n- name: o\n  contractId: contracts/o.yaml\n";
    assert_eq!(told(&[("p.yaml", product)]), [("read.unresolved_reference".to_owned(), "contracts/o.yaml".to_owned())]);
    let product = "kind: DataProduct\napiVersion: v1.0.0\noutputPorts:\n- name: o\n  contractId: elsewhere\n";
    assert_eq!(told(&[("p.yaml", product)]), []);
}

#[test]
fn a_field_adds_to_the_definition_that_it_names() {
    let text = "dataContractSpecification: 1.2.0\nid: c\nmodels:\n  orders:\n    fields:\n      id:\n        $ref: '#/definitions/order_id'\n        \
                required: true\n        description: own\n      far:\n        $ref: defs.yaml#/mail\n\
                definitions:\n  order_id: {type: text, pii: true, classification: restricted, description: theirs}\n";
    let input = modelled(&[("c.yaml", text), ("defs.yaml", "mail: {type: string, classification: secret}\n")]);
    let [id, far] = input.contracts[0].schema[0].columns.as_slice() else { panic!() };
    assert_eq!((id.pii, id.classification.as_deref(), id.required), (Some(true), Some("restricted"), Some(true)));
    assert_eq!((id.description.as_deref(), id.pointer.as_str()), (Some("own"), "/models/orders/fields/id"));
    assert_eq!((far.classification.as_deref(), far.logical_type.as_deref()), (Some("secret"), Some("string")));
    assert_eq!(input.raw["models"]["orders"]["fields"]["id"]["classification"], "restricted");
    assert_eq!(input.format, Format::Dcs);
}

#[test]
fn relationships_are_followed_into_other_files() {
    let text = |to: &str| {
        format!(
            "kind: DataContract\napiVersion: v3.1.0\nid: c\nschema:\n- name: t\n  properties: [{{name: a, relationships: [{{to: '{to}'}}]}}]\n"
        )
    };
    let other = "kind: DataContract\napiVersion: v3.1.0\nid: o\nschema:\n- {name: u, id: u_tbl, properties: [{name: b, id: b_key, properties: [{name: n}]}]}\n";
    let said = |to: &str| {
        let (_, resolution) = joined(&[("c.yaml", &text(to)), ("o.yaml", other), ("broken.yaml", "a: [")]);
        let diagnostics = resolution.diagnostics.into_iter().map(|(_, diagnostic)| diagnostic.message);
        diagnostics.chain(resolution.notices.into_iter().map(|notice| notice.message)).collect::<Vec<_>>()
    };
    for fine in [
        "o.yaml#schema/u/properties/b",
        "o.yaml#/schema/u_tbl/properties/b_key",
        "o.yaml#schema/u/properties/b/properties/n",
        "t.a",
        "schema/t/properties/a",
        "https://example.com/o.yaml#schema/x",
    ] {
        assert_eq!(said(fine), Vec::<String>::new(), "{fine}");
    }
    for (wrong, message) in [
        ("o.yaml#schema/w/properties/b", "relationship names the table `w`, which `o.yaml` does not have"),
        ("o.yaml#schema/u/properties/c", "relationship names the column `c`, which `u` does not have"),
        ("missing.yaml#schema/u", "relationship leads to `missing.yaml`, which does not exist"),
        ("../o.yaml#schema/u", "relationship leads to `../o.yaml`, which lies outside of the folders that are checked"),
    ] {
        assert_eq!(said(wrong), [message], "{wrong}");
    }
    assert!(said("broken.yaml#schema/u")[0].starts_with("relationship leads to `broken.yaml`, which cannot be read"));
}

#[test]
fn relationships_that_lead_nowhere_are_noticed() {
    let text = "kind: DataContract\napiVersion: v3.1.0\nid: c\nschema:\n- name: t\n  relationships: [{from: t.a, to: u.b}]\n  properties:\n  \
                - name: a\n    relationships: [{to: u.x}, {to: v.b}, {to: 'https://x.org/o.yaml#schema/w/properties/q'}]\n\
                - name: u\n  properties: [{name: b}]\n";
    let (descriptor, resolution) = joined(&[("c.yaml", text)]);
    let said: Vec<&str> = resolution.notices.iter().map(|notice| notice.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "relationship names the column `x`, which `u` does not have",
            "relationship names the table `v`, which this contract does not have",
        ]
    );
    let input = model(&descriptor, Context::default());
    let references = &input.contracts[0].schema[0].columns[0].references;
    assert_eq!(references, &["u.x", "v.b", "https://x.org/o.yaml#schema/w/properties/q", "u.b"]);
}
