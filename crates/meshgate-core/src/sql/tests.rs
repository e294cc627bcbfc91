//! What is written, read back by a real parser of each dialect: the same names and values, whatever is in them.
//!
//! Deliberately absent: engines; whether a table has the column is theirs to say.

use super::*;
use proptest::prelude::*;
use serde_json::json;
use sqlparser::ast::{BinaryOperator, Expr, InTarget, SetExpr, Statement, UnaryOperator, Value as Sql};
use sqlparser::dialect::{AnsiDialect, BigQueryDialect, DuckDbDialect, PostgreSqlDialect, SnowflakeDialect};
use sqlparser::parser::Parser;

fn parsed(text: &str, dialect: Dialect) -> Vec<Statement> {
    let parser: &dyn sqlparser::dialect::Dialect = match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::Trino => &AnsiDialect {},
        Dialect::Snowflake => &SnowflakeDialect {},
        Dialect::BigQuery => &BigQueryDialect {},
        Dialect::DuckDb => &DuckDbDialect {},
    };
    Parser::parse_sql(parser, text).unwrap_or_else(|error| panic!("{dialect:?}: {text}: {error}"))
}

/// The condition, as the only one of the only statement.
fn filter(text: &str, dialect: Dialect) -> Expr {
    let statements = parsed(&format!("SELECT 1 FROM t WHERE {text}"), dialect);
    let [Statement::Query(query)] = statements.as_slice() else { panic!("{text}: {statements:?}") };
    let SetExpr::Select(select) = query.body.as_ref() else { panic!("{text}") };
    assert!(query.order_by.is_none() && query.limit_clause.is_none(), "{text}");
    select.selection.clone().expect("a condition")
}

/// What a literal or an identifier is read as.
fn read(expr: &Expr) -> Value {
    match expr {
        Expr::Value(value) => match &value.value {
            Sql::SingleQuotedString(text) | Sql::EscapedStringLiteral(text) => json!(text),
            Sql::Number(text, _) => number(text),
            Sql::Boolean(is) => json!(is),
            Sql::Null => Value::Null,
            other => panic!("{other:?}"),
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => number(&format!("-{expr}")),
        other => panic!("{other:?}"),
    }
}

/// The standard library reads fractions to the last digit; serde_json, unless asked to, does not.
fn number(text: &str) -> Value {
    match text.contains(['.', 'e', 'E']) {
        true => json!(text.parse::<f64>().expect("a number")),
        false => serde_json::from_str(text).expect("a number"),
    }
}

fn column(expr: &Expr) -> &str {
    let Expr::Identifier(identifier) = expr else { panic!("{expr:?}") };
    &identifier.value
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "'", "\"", "`", "\\", "--", "/*", "*/", ";", "$$", "E'", "\n", "\r", "%", "_", " OR 1=1 ", "ü", "\u{202e}",
        "a", "''", "\\'", "\\\\", "{{", "#", "\t", "\u{2019}", "?", ":x", "@x", "0x", "N'", "\u{feff}",
    ]);
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = String> {
    hostile().prop_map(|text| format!("c{}", text.replace(|c: char| c.is_control(), "")))
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        hostile().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-1e15_f64..1e15).prop_map(Value::from),
    ]
}

/// Of some names BigQuery has none, and they are refused.
fn unsayable(name: &str, dialect: Dialect) -> bool {
    dialect == Dialect::BigQuery && name.contains(['`', '\\'])
}

proptest! {
    #[test]
    fn a_comparison_is_read_as_what_was_meant(name in name(), value in scalar(), ne in any::<bool>()) {
        for dialect in Dialect::ALL {
            let op = if ne { Op::Ne } else { Op::Eq };
            let said = condition(&Condition::Column { column: name.clone(), op, value: value.clone() }, dialect);
            if unsayable(&name, dialect) {
                prop_assert!(said.is_err());
                continue;
            }
            let said = said.expect("SQL");
            let Expr::BinaryOp { left, op, right } = filter(&said, dialect) else { panic!("{said}") };
            prop_assert_eq!(op, if ne { BinaryOperator::NotEq } else { BinaryOperator::Eq });
            prop_assert_eq!(column(&left), name.as_str());
            prop_assert_eq!(read(&right), value.clone(), "{:?}: {}", dialect, said);
        }
    }

    #[test]
    fn a_list_is_read_as_what_was_meant(name in name(), values in prop::collection::vec(scalar(), 1..4), not in any::<bool>()) {
        for dialect in Dialect::ALL.into_iter().filter(|dialect| !unsayable(&name, *dialect)) {
            let op = if not { Op::NotIn } else { Op::In };
            let said = condition(&Condition::Column { column: name.clone(), op, value: json!(values) }, dialect).expect("SQL");
            let Expr::In { expr, target: InTarget::List(list), negated, .. } = filter(&said, dialect) else {
                panic!("{said}")
            };
            prop_assert_eq!(column(&expr), name.as_str());
            prop_assert_eq!(negated, not);
            prop_assert_eq!(list.iter().map(read).collect::<Vec<_>>(), values.clone());
        }
    }

    #[test]
    fn masks_are_one_expression(name in name(), salt in hostile(), value in scalar(), first in 0_u64..9, last in 0_u64..9) {
        let masks = [
            (MaskKind::Null, None),
            (MaskKind::Redact, None),
            (MaskKind::Constant, Some(json!({"value": value}))),
            (MaskKind::Hash, None),
            (MaskKind::Hash, Some(json!({"salt": salt}))),
            (MaskKind::Hash, Some(json!({"key": "pii"}))),
            (MaskKind::Partial, Some(json!({"first": first, "last": last}))),
        ];
        for dialect in Dialect::ALL.into_iter().filter(|dialect| !unsayable(&name, *dialect)) {
            for (kind, args) in &masks {
                let said = mask(&Mask { column: name.clone(), kind: *kind, args: args.clone() }, dialect, &keys()).expect("SQL");
                let statements = parsed(&format!("SELECT {said} AS x FROM t"), dialect);
                let [Statement::Query(query)] = statements.as_slice() else { panic!("{said}") };
                let SetExpr::Select(select) = query.body.as_ref() else { panic!("{said}") };
                prop_assert!(select.projection.len() == 1 && select.selection.is_none() && select.from.len() == 1, "{}", said);
            }
        }
    }

    #[test]
    fn a_pattern_is_one_text(name in name(), pattern in hostile()) {
        for dialect in Dialect::ALL.into_iter().filter(|dialect| !unsayable(&name, *dialect)) {
            let filter_of = Condition::Column { column: name.clone(), op: Op::Like, value: json!(pattern) };
            // What a backslash before anything else means is not the same everywhere.
            let Ok(said) = condition(&filter_of, dialect) else { continue };
            let Expr::Like { expr, pattern: read_pattern, negated: false, .. } = filter(&said, dialect) else { panic!("{said}") };
            prop_assert_eq!(column(&expr), name.as_str());
            let wanted = if dialect == Dialect::BigQuery { pattern.clone() } else { escaped(&pattern, ESCAPE).expect("a pattern") };
            prop_assert_eq!(read(&read_pattern), json!(wanted));
        }
    }
}

/// The key `pii`.
fn keys() -> HashKeys {
    HashKeys::from([("pii".to_owned(), HashKey::new(&[7; 64]))])
}

#[test]
fn a_hash_has_its_key_or_is_not_said() {
    let of = |name: &str| Mask { column: "a".into(), kind: MaskKind::Hash, args: Some(json!({"key": name})) };
    for dialect in Dialect::ALL {
        let said = mask(&of("pii"), dialect, &keys()).expect("SQL");
        let key = keys();
        assert!(key["pii"].secrets().all(|secret| said.contains(secret)), "{said}");
        assert!(mask(&of("other"), dialect, &keys()).is_err());
    }
    assert!(!format!("{:?}", keys()).contains("31"));
}

#[test]
fn conditions_within_conditions_keep_their_brackets() {
    let one = |column: &str, value: i64| Condition::Column { column: column.into(), op: Op::Gt, value: json!(value) };
    let null = Condition::Column { column: "d".into(), op: Op::IsNull, value: json!(false) };
    let filters = [Condition::Any(vec![one("a", 1), Condition::All(vec![one("b", 2), null])]), one("c", 3)];
    let texts: Vec<String> = filters.iter().map(|filter| condition(filter, Dialect::Postgres).expect("SQL")).collect();
    let said = all_of(&texts).expect("a filter");
    assert_eq!(said, r#"(("a" > 1) OR (("b" > 2) AND ("d" IS NOT NULL))) AND ("c" > 3)"#);
    assert_eq!(all_of(&[]), None);
}

#[test]
fn what_cannot_be_said_is_refused() {
    let eq = |column: &str, value: Value| Condition::Column { column: column.into(), op: Op::Eq, value };
    for dialect in Dialect::ALL {
        assert!(condition(&eq("a", json!("x\0y")), dialect).is_err());
        assert!(condition(&eq("a\0", json!(1)), dialect).is_err());
        assert!(condition(&eq("", json!(1)), dialect).is_err());
        assert!(condition(&eq("a", json!({"x": 1})), dialect).is_err());
        assert!(condition(&Condition::Any(Vec::new()), dialect).is_err());
        let like = Condition::Column { column: "a".into(), op: Op::Like, value: json!("a\\b") };
        assert!(condition(&like, dialect).is_err());
    }
    let empty = Condition::Column { column: "a".into(), op: Op::In, value: json!([]) };
    assert_eq!(condition(&empty, Dialect::Trino).as_deref(), Ok("1 = 0"));
}
