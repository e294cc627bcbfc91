//! The arguments, declared once.
//!
//! Deliberately absent: defaults that the configuration knows; an argument that is not given changes nothing.

mod check;
mod decisions;
mod plugin;

pub use check::{BaselineArgs, CheckArgs, RunArgs, SaidArgs, Target, WaiversArgs};
pub use decisions::{DecisionsArgs, DecisionsCommand, DecisionsFormat, FromArgs, Said, WhichArgs};
pub use plugin::{
    CacheArgs, GrantArgs, PluginArgs, PluginBenchArgs, PluginCommand, PluginInspectArgs, PluginLanguage, PluginNewArgs,
    PluginRunArgs, PluginTestArgs,
};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Policy checks for data products: Rego rules and sandboxed WASM plugins over data-product descriptors.
#[derive(Debug, Parser)]
#[command(name = "meshgate", version, about, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge descriptors; exits 0 when allowed, 1 when denied, 2 when the job could not be done
    Check(CheckArgs),
    /// Show what rules see of a file: the model, with the pointers to report
    Show(ShowArgs),
    /// Run the sidecar: checks and OPA's data API over HTTP
    Serve(ServeArgs),
    /// Show, follow, explain and export what a sidecar decided
    Decisions(DecisionsArgs),
    /// Run the policy tests (`test_…` rules of `…_test.rego` files); without a path, those of the embedded rules
    Test(TestArgs),
    /// Tell what is wrong or odd about Rego modules; without a path, the embedded ones
    Lint(LintArgs),
    /// Evaluate a query, as `opa eval` does
    Eval(EvalArgs),
    /// Time the evaluation of a query in both gears
    Bench(BenchArgs),
    /// List the loaded rules, or show one
    Rules(RulesArgs),
    /// Begin, look at, run, test and time WASM plugins
    Plugin(PluginArgs),
    /// Say what a rule looks for, why, and what to do
    Explain {
        /// The rule, for example `privacy.unmasked_restricted_column`
        rule: String,
        /// A file whose domain's or product's own rules count, too
        #[arg(long = "for", value_name = "FILE")]
        of: Option<PathBuf>,
        #[command(flatten)]
        setup: SetupArgs,
    },
    /// List the waivers: what each covers, until when, and which are expired, refused or unused
    Waivers(WaiversArgs),
    /// Write down what is found today, so that only what is new denies
    Baseline(BaselineArgs),
    /// Write a commented meshgate.yaml into this folder
    Init,
    /// Print the JSON Schema of the configuration, of the JSON report, or of what rules see as `input`
    Schema {
        /// Which one
        of: SchemaOf,
    },
}

/// What there is a JSON Schema of.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SchemaOf {
    Config,
    Report,
    Input,
}

/// What every command that reads a configuration takes.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct ConfigArgs {
    /// The configuration; otherwise `meshgate.yaml` is looked for from the checked path upwards
    #[arg(long, value_name = "FILE", env = "MESHGATE_CONFIG")]
    pub config: Option<PathBuf>,
}

/// What every command that loads rules takes.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct SetupArgs {
    #[command(flatten)]
    pub config: ConfigArgs,
    /// A folder of rules to add; may be given several times
    #[arg(long, value_name = "DIR")]
    pub bundle: Vec<PathBuf>,
    /// A folder of conftest policies to add: `deny`, `violation` and `warn` over the document as it is; may be given
    /// several times
    #[arg(long, value_name = "DIR")]
    pub policy: Vec<PathBuf>,
    /// A package of them whose rules count, `main` when not given; may be given several times
    #[arg(long, value_name = "PACKAGE", requires = "policy")]
    pub conftest_namespace: Vec<String>,
    /// A plugin to add (settings, if it needs any, stand in meshgate.yaml); may be given several times
    #[arg(long, value_name = "FILE.wasm")]
    pub plugin: Vec<PathBuf>,
    /// A profile whose rules are in force (starter, baseline, strict, gdpr, production, all), instead of those of meshgate.yaml; may
    /// be given several times
    #[arg(long, value_name = "NAME", value_delimiter = ',', env = "MESHGATE_PROFILE")]
    pub profile: Vec<String>,
    #[command(flatten)]
    pub cache: CacheArgs,
    /// Leave out the rules compiled into the program
    #[arg(long)]
    pub no_embedded: bool,
}

#[derive(Debug, ClapArgs)]
pub struct ShowArgs {
    /// A file, or `-` for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub setup: ConfigArgs,
    /// How to show it: `tree` for reading, `json` for the whole `input`
    #[arg(long, default_value = "tree")]
    pub format: ShowFormat,
}

/// How a model is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    Tree,
    Json,
}

#[derive(Debug, ClapArgs)]
pub struct ServeArgs {
    /// Descriptors of the data products that decisions are about, or folders of them
    #[arg(value_name = "DESCRIPTORS")]
    pub descriptors: Vec<PathBuf>,
    #[command(flatten)]
    pub setup: SetupArgs,
    /// Write every decision there, one JSON object a line: a file, `stdout`, or an address that takes what OPA sends
    #[arg(long, value_name = "FILE|stdout|URL", env = "MESHGATE_DECISION_LOG")]
    pub decision_log: Option<String>,
    /// Where data products ask; 127.0.0.1:8181 when neither this nor the configuration says
    #[arg(long, value_name = "ADDR", env = "MESHGATE_LISTEN")]
    pub listen: Option<String>,
    /// Where operators look, or `off`; 127.0.0.1:8282 when neither this nor the configuration says
    #[arg(long, value_name = "ADDR|off", env = "MESHGATE_ADMIN")]
    pub admin: Option<String>,
    /// How much the sidecar says of itself: error, warn, info, debug
    #[arg(long, value_name = "LEVEL", env = "MESHGATE_LOG_LEVEL")]
    pub log_level: Option<String>,
    /// How it says it: text, json
    #[arg(long, value_name = "FORMAT", env = "MESHGATE_LOG_FORMAT")]
    pub log_format: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub struct TestArgs {
    /// Folders or files of rules and tests
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only tests whose name (`package.test_name`) matches
    #[arg(long, value_name = "REGEX")]
    pub run: Option<String>,
    /// Say which lines the tests evaluate
    #[arg(long)]
    pub coverage: bool,
    /// Fail below this share of covered lines, in percent
    #[arg(long, value_name = "PERCENT", requires = "coverage")]
    pub threshold: Option<f64>,
    /// Time each test
    #[arg(long)]
    pub bench: bool,
    /// Name the tests that pass, too, and show what they print
    #[arg(long, short)]
    pub verbose: bool,
    /// Put the tests' inputs to both gears, and write the record of what is cleared for the fast one into each path
    #[arg(long)]
    pub clearance: bool,
    /// How to report
    #[arg(long, default_value = "text")]
    pub format: TestFormat,
}

/// How tests are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    Text,
    Json,
    Junit,
}

/// Text to read, or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    Text,
    Json,
}

#[derive(Debug, ClapArgs)]
pub struct LintArgs {
    /// Folders or files of rules
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Fail for warnings, too
    #[arg(long)]
    pub deny_warnings: bool,
    /// How to report
    #[arg(long, default_value = "text")]
    pub format: ListFormat,
}

/// What a query is asked of.
#[derive(Debug, ClapArgs)]
pub struct GivenArgs {
    /// Modules and data: folders, `.rego` files, JSON or YAML documents; may be given several times
    #[arg(long, short, value_name = "PATH")]
    pub data: Vec<PathBuf>,
    /// The input, JSON or YAML; `-` for standard input
    #[arg(long, short, value_name = "FILE")]
    pub input: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub struct EvalArgs {
    /// The query, for example `data.example.allow`
    #[arg(value_name = "QUERY")]
    pub query: String,
    #[command(flatten)]
    pub given: GivenArgs,
    /// How to answer
    #[arg(long, short, default_value = "json")]
    pub format: EvalFormat,
    /// Exit with 1 when the answer is undefined
    #[arg(long)]
    pub fail: bool,
    /// Exit with 1 when the answer is defined and not empty
    #[arg(long)]
    pub fail_defined: bool,
    /// Raise errors of builtins; without, what they make no sense of is undefined
    #[arg(long)]
    pub strict: bool,
    /// Say which lines were evaluated
    #[arg(long)]
    pub coverage: bool,
    /// Say how long it took, and which gear would answer
    #[arg(long)]
    pub profile: bool,
    /// Say what is not true, with its values: in the query, in each definition of the rules that it asks for, and in those
    /// that these ask for
    #[arg(long)]
    pub explain: bool,
    /// A host that `http.send` may reach; may be given several times
    #[arg(long, value_name = "HOST", value_parser = bare_host)]
    pub allow_host: Vec<String>,
}

/// How a query is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvalFormat {
    /// OPA's: `{"result": [{"expressions": […], "bindings": {…}}]}`
    Json,
    /// The value, for reading
    Pretty,
    /// The value of the first expression, as it is
    Raw,
    /// The values of all expressions
    Values,
    /// The bindings alone
    Bindings,
}

#[derive(Debug, ClapArgs)]
pub struct BenchArgs {
    /// The query: one rule, for example `data.example.allow`
    #[arg(value_name = "QUERY")]
    pub query: String,
    #[command(flatten)]
    pub given: GivenArgs,
    /// How long each gear is timed, in milliseconds
    #[arg(long, default_value = "1000")]
    pub millis: u64,
    /// How to report
    #[arg(long, default_value = "text")]
    pub format: ListFormat,
}

#[derive(Debug, ClapArgs)]
pub struct RulesArgs {
    #[command(subcommand)]
    pub command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// List the loaded rules
    List {
        /// Which rules look at this file, and why the others do not
        #[arg(long = "for", value_name = "FILE")]
        of: Option<PathBuf>,
        #[command(flatten)]
        said: SaidArgs,
        #[command(flatten)]
        setup: SetupArgs,
        /// How to report
        #[arg(long, default_value = "text")]
        format: ListFormat,
    },
    /// Show one rule
    Show {
        /// The rule
        rule: String,
        /// A file whose domain's or product's own rules count, too
        #[arg(long = "for", value_name = "FILE")]
        of: Option<PathBuf>,
        #[command(flatten)]
        setup: SetupArgs,
    },
    /// Write a page for each rule of a folder, beside the rule, and a table of all
    Pages(PagesArgs),
}

#[derive(Debug, ClapArgs)]
pub struct PagesArgs {
    /// A folder of rules
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Write nothing; exit with 1 when a page is not current
    #[arg(long)]
    pub check: bool,
}

/// A host as references have it. Anything else would match none of them, and nobody would learn why.
fn bare_host(text: &str) -> Result<String, String> {
    let odd = |c: char| c.is_whitespace() || "/?#@*".contains(c);
    if text.is_empty() || text.contains(odd) {
        return Err("write the bare host, with its port if it has one, as in `schemas.example.com`".to_owned());
    }
    Ok(text.to_owned())
}
