//! What is made of a module before regorus is given it, so that what may be undefined, what is negated, what shares a name and
//! what is taken apart means what it means in OPA. Each is a text over the author's, so that every place stays known.
//!
//! Deliberately absent: calls and operators; see `rewrite`.

pub mod bodies;
pub mod heads;
pub mod negation;
pub mod objects;
pub mod shadows;
pub mod terms;

/// A rule as a step leaves it, after so many rounds.
#[cfg(test)]
fn settled(
    rule: &str,
    rounds: usize,
    edits: impl Fn(&regorus::unstable::Module, &str) -> Vec<crate::text::Edit>,
) -> String {
    let mut text = crate::text::Text::new(&format!("package a\n\n{rule}"));
    for _ in 0..rounds {
        let source = regorus::Source::from_contents("a".to_owned(), text.now.clone()).unwrap();
        let mut parser = regorus::unstable::Parser::new(&source).unwrap();
        parser.enable_rego_v1().unwrap();
        let module = parser.parse().unwrap_or_else(|error| panic!("{}: {error}", text.now));
        let edits = edits(&module, &text.now);
        text.edit(edits);
    }
    text.now.trim_start_matches("package a\n\n").to_owned()
}
