//! `meshgate plugin new`: a folder that builds, and passes its test, with all that it needs beside it.
//!
//! The SDK is copied into the folder: a plugin is one unit, and goes on building when this program has changed.
//!
//! Deliberately absent: questions, overwriting, and capabilities that were not asked for.

use crate::args::{PluginLanguage, PluginNewArgs};
use crate::exit::{Status, print};
use anyhow::{Context, Result, bail};
use meshgate_engine::Capability;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

/// A file of the repository's `plugins/`, compiled into the program.
macro_rules! plugins {
    ($path:literal) => {
        include_str!(concat!("../../../../../plugins/", $path))
    };
}

/// Where a file goes, and what it holds.
type File = (&'static str, &'static str);

const COMMON: &[File] = &[
    ("README.md", plugins!("templates/common/README.md")),
    ("build", plugins!("templates/common/build")),
    ("meshgate.yaml", plugins!("templates/common/meshgate.yaml")),
    (".gitignore", plugins!("templates/common/gitignore")),
    ("examples/{{rule}}/fail_todo.odcs.yaml", plugins!("templates/common/fail_todo.odcs.yaml")),
    ("examples/{{rule}}/pass_described.odcs.yaml", plugins!("templates/common/pass_described.odcs.yaml")),
];

const RUST: &[File] =
    &[("Cargo.toml", plugins!("templates/rust/Cargo.toml")), ("src/lib.rs", plugins!("templates/rust/validator.rs"))];
const PYTHON: &[File] = &[
    ("app.py", plugins!("templates/python/app.py")),
    ("test_app.py", plugins!("templates/python/test_app.py")),
    ("wit/world.wit", plugins!("templates/common/world.wit")),
];
const TYPESCRIPT: &[File] = &[
    ("app.ts", plugins!("templates/typescript/app.ts")),
    ("test_app.ts", plugins!("templates/typescript/test_app.ts")),
    ("tsconfig.json", plugins!("templates/typescript/tsconfig.json")),
    ("wit/world.wit", plugins!("templates/common/world.wit")),
];
const C: &[File] =
    &[("plugin.c", plugins!("templates/c/plugin.c")), ("tests/test_plugin.c", plugins!("templates/c/test_plugin.c"))];

/// What is copied as it is.
const WIT: &str = plugins!("wit/meshgate-plugin.wit");
const TOOLCHAIN: &str = plugins!("sdk/toolchain.sh");
const SDK_RUST: &[File] = &[
    ("sdk/Cargo.toml", plugins!("sdk/rust/Cargo.toml")),
    ("sdk/src/lib.rs", plugins!("sdk/rust/src/lib.rs")),
    ("sdk/src/arena.rs", plugins!("sdk/rust/src/arena.rs")),
    ("sdk/src/describe.rs", plugins!("sdk/rust/src/describe.rs")),
    ("sdk/src/finding.rs", plugins!("sdk/rust/src/finding.rs")),
    ("sdk/src/guest.rs", plugins!("sdk/rust/src/guest.rs")),
    ("sdk/src/host.rs", plugins!("sdk/rust/src/host.rs")),
    ("sdk/src/host/testing.rs", plugins!("sdk/rust/src/host/testing.rs")),
    ("sdk/src/model.rs", plugins!("sdk/rust/src/model.rs")),
    ("sdk/src/plugin.rs", plugins!("sdk/rust/src/plugin.rs")),
    ("sdk/wit/meshgate-plugin.wit", WIT),
];
const SDK_PYTHON: &[File] = &[
    ("sdk/meshgate_sdk.py", plugins!("sdk/python/meshgate_sdk.py")),
    ("wit/deps/meshgate-plugin/meshgate-plugin.wit", WIT),
];
const SDK_TYPESCRIPT: &[File] = &[
    ("sdk/meshgate-sdk.ts", plugins!("sdk/typescript/meshgate-sdk.ts")),
    ("sdk/meshgate.d.ts", plugins!("sdk/typescript/meshgate.d.ts")),
    ("wit/deps/meshgate-plugin/meshgate-plugin.wit", WIT),
];
const SDK_C: &[File] = &[
    ("sdk/meshgate.h", plugins!("sdk/c/meshgate.h")),
    ("sdk/meshgate.c", plugins!("sdk/c/meshgate.c")),
    ("sdk/guest.c", plugins!("sdk/c/guest.c")),
    ("sdk/generated/everything.h", plugins!("sdk/c/generated/everything.h")),
    ("sdk/generated/everything.c", plugins!("sdk/c/generated/everything.c")),
];
const SDK_C_TYPES: &[u8] = include_bytes!("../../../../../plugins/sdk/c/generated/everything_component_type.o");

const C_WORLD: &str = "the bindings of the contract, written by wit-bindgen; what is not called is not imported";
const RUST_WORLD: &str = "the contract; what is not called is not imported";
const OWN_WORLD: &str = "the contract, and the capabilities that the plugin imports";

/// What differs between languages.
struct Language {
    name: &'static str,
    title: &'static str,
    needs: &'static str,
    source: &'static str,
    world: (&'static str, &'static str),
    files: [&'static [File]; 2],
}

fn language(of: PluginLanguage) -> Language {
    match of {
        PluginLanguage::Rust => Language {
            name: "rust",
            title: "Rust",
            needs: "It needs a Rust toolchain of 1.85 or newer. With `rustup target add wasm32-unknown-unknown` nothing else is \
                    fetched; without that target, `./build` fetches the sources of std from Debian.",
            source: "src/lib.rs",
            world: ("sdk/wit/", RUST_WORLD),
            files: [RUST, SDK_RUST],
        },
        PluginLanguage::Python => Language {
            name: "python",
            title: "Python",
            needs: "It needs Python 3.10 or newer with `venv`; `./build` fetches componentize-py. The component holds a whole \
                    interpreter: 19 MB, and a millisecond or more a call. A package in pure Python is bundled when it lies in this \
                    folder.",
            source: "app.py",
            world: ("wit/world.wit", OWN_WORLD),
            files: [PYTHON, SDK_PYTHON],
        },
        PluginLanguage::Typescript => Language {
            name: "typescript",
            title: "TypeScript",
            needs: "It needs Node 20 or newer with npm; `./build` fetches componentize-qjs, esbuild and the compiler.",
            source: "app.ts",
            world: ("wit/world.wit", OWN_WORLD),
            files: [TYPESCRIPT, SDK_TYPESCRIPT],
        },
        PluginLanguage::C => Language {
            name: "c",
            title: "C",
            needs: "It needs Python 3 with `venv`, through which `./build` fetches the compiler (zig) and wasm-tools.",
            source: "plugin.c",
            world: ("sdk/generated/", C_WORLD),
            files: [C, SDK_C],
        },
    }
}

const LIMITS: &str = "a second, 64 MiB and 10,000 findings a call, unless the platform sets others; beyond any of them, and when \
                      it fails, the descriptor is denied.";

pub fn run(args: &PluginNewArgs) -> Result<Status> {
    let wanted: Vec<Capability> =
        args.capability.iter().map(|text| Capability::parse(text)).collect::<Result<_, _>>()?;
    let folder = Path::new(&args.name);
    if folder.exists() {
        bail!("{} is there already: choose another name, or remove it", folder.display());
    }
    let language = language(args.lang);
    let values = values(&args.name, &language, &wanted);
    let fill = |text: &str| values.iter().fold(text.to_owned(), |text, (key, value)| text.replace(key, value));
    let [own, sdk] = language.files;
    for (path, text) in COMMON.iter().chain(own) {
        write(&folder.join(fill(path)), fill(text).as_bytes())?;
    }
    for (path, text) in sdk.iter().chain(&[("sdk/toolchain.sh", TOOLCHAIN)]) {
        write(&folder.join(path), text.as_bytes())?;
    }
    if args.lang == PluginLanguage::C {
        write(&folder.join("sdk/generated/everything_component_type.o"), SDK_C_TYPES)?;
    }
    for capability in &wanted {
        if let Capability::Files(name) = capability {
            let text = format!("What the plugin reads as the folder `{name}`.\n");
            write(&folder.join(name).join("README.md"), text.as_bytes())?;
        }
    }
    executable(&folder.join("build"))?;
    print(&format!(
        "{name}/ is a plugin in {title}: begin with {name}/{source}\n\n  cd {name}\n  ./build --test\n  ./build\n  meshgate \
         plugin test .\n",
        name = args.name,
        title = language.title,
        source = language.source
    ))?;
    Ok(Status::Allowed)
}

/// What stands in place of the templates' marks. No value holds a mark.
fn values(name: &str, language: &Language, wanted: &[Capability]) -> Vec<(&'static str, String)> {
    let quoted: Vec<String> = wanted.iter().map(|capability| format!("\"{capability}\"")).collect();
    let interfaces: BTreeSet<&str> = wanted.iter().map(Capability::interface).collect();
    let mut imports = String::new();
    for interface in &interfaces {
        let _ = writeln!(imports, "  import meshgate:plugin/{interface}@0.1.0;");
    }
    let but = match interfaces.len() {
        0 => String::new(),
        _ => format!(", but what it asks for: {}", quoted.join(", ").replace('"', "`")),
    };
    let calls: String = quoted.iter().map(|text| format!(".capability({text})")).collect();
    vec![
        ("{{rule}}", format!("{}.placeholder_description", name.replace('-', "_"))),
        ("{{language}}", language.name.to_owned()),
        ("{{title}}", language.title.to_owned()),
        ("{{needs}}", language.needs.to_owned()),
        ("{{source}}", language.source.to_owned()),
        ("{{world}}", language.world.0.to_owned()),
        ("{{world_is}}", language.world.1.to_owned()),
        ("{{imports}}", imports),
        ("{{grants}}", grants(wanted)),
        ("{{capabilities}}", quoted.join(", ")),
        ("{{capabilities_c}}", quoted.iter().map(|text| format!("{text}, ")).collect()),
        ("{{capability_calls}}", calls),
        ("{{but}}", but),
        ("{{limits}}", LIMITS.to_owned()),
        ("{{name}}", name.to_owned()),
    ]
}

/// The capabilities as `meshgate.yaml` grants them.
fn grants(wanted: &[Capability]) -> String {
    let (mut files, mut data, mut flags) = (Vec::new(), Vec::new(), BTreeSet::new());
    for capability in wanted {
        match capability {
            Capability::Files(name) => files.push(format!("{name}: {name}")),
            Capability::Data(path) => data.push(path.clone()),
            Capability::Clock => drop(flags.insert("clock")),
            Capability::Random => drop(flags.insert("random")),
        }
    }
    let mut text = String::new();
    if !wanted.is_empty() {
        text.push_str("    capabilities:\n");
    }
    if !files.is_empty() {
        let _ = writeln!(text, "      files: {{ {} }}", files.join(", "));
    }
    if !data.is_empty() {
        let _ = writeln!(text, "      data: [{}]", data.join(", "));
    }
    for flag in flags {
        let _ = writeln!(text, "      {flag}: true");
    }
    text
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let told = || format!("{} cannot be written", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(told)?;
    }
    std::fs::write(path, bytes).with_context(told)
}

#[cfg(unix)]
fn executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let all = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, all).with_context(|| format!("{} cannot be made executable", path.display()))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files below a folder, by their path from it.
    fn below(folder: &Path, from: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true if entry.ends_with("target") || entry.ends_with("wit") || entry.ends_with("__pycache__") => {}
                true => below(&entry, from, found),
                false => drop(found.insert(entry.strip_prefix(from).unwrap().display().to_string())),
            }
        }
    }

    #[test]
    fn every_file_of_an_sdk_is_copied() {
        let sdks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sdk");
        let mut folders = BTreeSet::new();
        for (name, files) in [("rust", SDK_RUST), ("python", SDK_PYTHON), ("typescript", SDK_TYPESCRIPT), ("c", SDK_C)]
        {
            let mut there = BTreeSet::new();
            below(&sdks.join(name), &sdks.join(name), &mut there);
            there.remove("Cargo.lock");
            // Not text: written beside the others.
            there.remove("generated/everything_component_type.o");
            let copied = files.iter().filter_map(|(path, _)| path.strip_prefix("sdk/"));
            let copied: BTreeSet<String> = copied.filter(|path| !path.ends_with(".wit")).map(str::to_owned).collect();
            assert_eq!(copied, there, "{name}");
            folders.insert(name);
        }
        assert_eq!(folders.len(), 4);
    }
}
