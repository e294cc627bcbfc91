//! The answer to a request for access, as it goes over the wire.
//!
//! Deliberately absent: what the sidecar adds, the decision's id among it.

use meshgate_core::access::{AccessDecision, Condition, Mask, MaskKind};
use meshgate_core::decide::Verdict;
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::sql::{self, Dialect, HashKeys, Unsaid};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Answer {
    /// Given to every decision that is written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_id: Option<String>,
    /// `allow` or `deny`.
    #[schemars(extend("enum" = ["allow", "deny"]))]
    pub verdict: &'static str,
    /// Why: grants when it is allowed, otherwise what stood in the way.
    pub reasons: Vec<Reason>,
    /// What the caller must do for the decision to hold; empty when it is denied.
    pub obligations: Obligations,
    /// What it was decided by: policies, data and descriptors, as a digest.
    pub revision: String,
    /// What failed.
    #[serde(skip)]
    pub faults: Vec<Fault>,
}

/// Why, by one policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reason {
    /// The policy.
    pub rule: String,
    /// In a sentence.
    pub message: String,
}

/// What the caller must do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Obligations {
    /// `{column, mask, args?, reversible?, sql?}`, one a column; a hash without a key is `reversible`.
    pub masks: Vec<Value>,
    /// `{column, op, value}`, or `{any: […]}`, or `{all: […]}`; with `sql` where it was asked for. All of them hold.
    pub row_filters: Vec<Value>,
    /// Objects with a `kind`.
    pub duties: Vec<Value>,
    /// Filters and masks together, where SQL was asked for: `{dialect, where, columns}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<Value>,
}

impl Answer {
    /// The answer of a decision.
    #[must_use]
    pub fn of(decision: AccessDecision, dialect: Option<Dialect>, revision: &str, keys: &HashKeys) -> Self {
        let said = obligations(&decision, dialect, keys);
        let (decision, obligations) = match said {
            Ok(obligations) => (decision, obligations),
            // What cannot be said cannot be done, and the caller would show all.
            Err(error) => {
                let fault = Fault {
                    file: None,
                    rule: "sql".to_owned(),
                    kind: FaultKind::BadOutput,
                    message: error.to_string(),
                };
                (meshgate_core::access::decide(Vec::new(), vec![fault]), Obligations::default())
            }
        };
        let reasons = decision.reasons.into_iter().map(|reason| Reason { rule: reason.rule, message: reason.message });
        Self {
            decision_id: None,
            verdict: decision.verdict.as_str(),
            reasons: reasons.collect(),
            obligations,
            revision: revision.to_owned(),
            faults: decision.faults,
        }
    }

    /// A denial without a decision.
    #[must_use]
    pub fn denied(rule: &str, message: &str, revision: &str) -> Self {
        Self::of(AccessDecision::denied(rule, message), None, revision, &HashKeys::new())
    }

    /// Is it allowed?
    #[must_use]
    pub fn allows(&self) -> bool {
        self.verdict == Verdict::Allow.as_str()
    }
}

fn obligations(decision: &AccessDecision, dialect: Option<Dialect>, keys: &HashKeys) -> Result<Obligations, Unsaid> {
    // Nobody could make a hash of a key that is not there, whatever they speak.
    let named = |mask: &Mask| mask.args.as_ref()?.get("key")?.as_str().map(str::to_owned);
    if let Some(name) = decision.masks.iter().filter_map(named).find(|name| !keys.contains_key(name)) {
        return Err(Unsaid(format!("there is no key `{name}` for hash masks: `server.mask_keys` names their files")));
    }
    let mut masks: Vec<Value> = decision.masks.iter().map(told_mask).collect();
    let mut row_filters: Vec<Value> = decision.row_filters.iter().map(told_condition).collect();
    let mut together = None;
    if let Some(dialect) = dialect.filter(|_| decision.verdict == Verdict::Allow) {
        let add = |told: &mut Value, text: &str| {
            if let Some(map) = told.as_object_mut() {
                map.insert("sql".to_owned(), Value::from(text));
            }
        };
        let mut columns = Map::new();
        for (mask, told) in decision.masks.iter().zip(&mut masks) {
            let text = sql::mask(mask, dialect, keys)?;
            add(told, &text);
            columns.insert(mask.column.clone(), Value::from(text));
        }
        let mut texts = Vec::new();
        for (filter, told) in decision.row_filters.iter().zip(&mut row_filters) {
            let text = sql::condition(filter, dialect)?;
            add(told, &text);
            texts.push(text);
        }
        let filter = sql::all_of(&texts);
        together = Some(json!({"dialect": dialect.as_str(), "where": filter, "columns": columns}));
    }
    Ok(Obligations { masks, row_filters, duties: decision.duties.clone(), sql: together })
}

fn told_mask(mask: &Mask) -> Value {
    let mut told = json!({"column": mask.column, "mask": mask.kind.as_str()});
    let Some(map) = told.as_object_mut() else { return told };
    if let Some(args) = &mask.args {
        map.insert("args".to_owned(), args.clone());
    }
    // Of what few values there may be, all can be hashed and compared; a salt that is told does not hinder anybody.
    if mask.kind == MaskKind::Hash && mask.args.as_ref().is_none_or(|args| args.get("key").is_none()) {
        map.insert("reversible".to_owned(), Value::Bool(true));
    }
    told
}

fn told_condition(condition: &Condition) -> Value {
    let all = |conditions: &[Condition]| conditions.iter().map(told_condition).collect::<Vec<_>>();
    match condition {
        Condition::Column { column, op, value } => json!({"column": column, "op": op.as_str(), "value": value}),
        Condition::Any(conditions) => json!({"any": all(conditions)}),
        Condition::All(conditions) => json!({"all": all(conditions)}),
    }
}
