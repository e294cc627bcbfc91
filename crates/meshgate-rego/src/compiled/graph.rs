//! What leads to what: cycles, and the longest way.
//!
//! Deliberately absent: recursion of our own; a policy may have a hundred thousand rules in a row.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Names, and the names that they lead to.
#[derive(Default)]
pub struct Graph(BTreeMap<String, BTreeSet<String>>);

enum Step {
    Enter(String),
    Leave(String),
}

impl Graph {
    /// Adds ways from a name.
    pub fn add<'a>(&mut self, from: &str, to: impl Iterator<Item = &'a str>) {
        self.0.entry(from.to_owned()).or_default().extend(to.map(str::to_owned));
    }

    /// Returns a cycle, its first name again at the end.
    pub fn cycle(&self) -> Option<Vec<String>> {
        let mut done = BTreeSet::new();
        for start in self.0.keys() {
            let mut way: Vec<String> = Vec::new();
            let mut on_way = BTreeSet::new();
            let mut steps = vec![Step::Enter(start.clone())];
            while let Some(step) = steps.pop() {
                match step {
                    Step::Enter(name) if on_way.contains(&name) => {
                        let begins = way.iter().position(|known| *known == name).unwrap_or(0);
                        let mut cycle = way.split_off(begins);
                        cycle.push(name);
                        return Some(cycle);
                    }
                    Step::Enter(name) if done.contains(&name) => {}
                    Step::Enter(name) => {
                        steps.push(Step::Leave(name.clone()));
                        let next = self.0.get(&name).into_iter().flatten();
                        steps.extend(next.cloned().map(Step::Enter));
                        on_way.insert(name.clone());
                        way.push(name);
                    }
                    Step::Leave(name) => {
                        way.pop();
                        on_way.remove(&name);
                        done.insert(name);
                    }
                }
            }
        }
        None
    }

    /// Returns the name that the longest way begins with, and its length. There must be no cycle.
    pub fn deepest(&self) -> Option<(String, usize)> {
        let mut depths: HashMap<&str, usize> = HashMap::new();
        for start in self.0.keys() {
            let mut steps = vec![(start.as_str(), false)];
            while let Some((name, left)) = steps.pop() {
                if depths.contains_key(name) {
                    continue;
                }
                let next = self.0.get(name).into_iter().flatten().map(String::as_str);
                if left {
                    let below = next.map(|name| depths.get(name).copied().unwrap_or(0)).max().unwrap_or(0);
                    depths.insert(name, below + 1);
                } else {
                    steps.push((name, true));
                    steps.extend(next.filter(|name| !depths.contains_key(name)).map(|name| (name, false)));
                }
            }
        }
        depths.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0))).map(|(name, depth)| (name.to_owned(), depth))
    }
}

#[cfg(test)]
mod tests {
    use super::Graph;

    fn graph(ways: &[(&str, &[&str])]) -> Graph {
        let mut graph = Graph::default();
        ways.iter().for_each(|(from, to)| graph.add(from, to.iter().copied()));
        graph
    }

    #[test]
    fn a_diamond_is_no_cycle() {
        let graph = graph(&[("a", &["b", "c"]), ("b", &["d"]), ("c", &["d"]), ("d", &[])]);
        assert_eq!(graph.cycle(), None);
        assert_eq!(graph.deepest(), Some(("a".to_owned(), 3)));
    }

    #[test]
    fn a_cycle_is_named_without_the_way_to_it() {
        let graph = graph(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])]);
        assert_eq!(graph.cycle().unwrap(), ["b", "c", "b"]);
        assert_eq!(self::graph(&[("x", &["x"])]).cycle().unwrap(), ["x", "x"]);
    }

    #[test]
    fn long_chains_cost_no_stack() {
        let names: Vec<String> = (0..100_000).map(|n| format!("f{n:06}")).collect();
        let mut graph = Graph::default();
        names.windows(2).for_each(|pair| graph.add(&pair[0], [pair[1].as_str()].into_iter()));
        assert_eq!(graph.cycle(), None);
        assert_eq!(graph.deepest(), Some(("f000000".to_owned(), 100_000)));
    }
}
