//! Redirects that never end: each rule is followed from a path that it matches.

use std::collections::HashSet;

use super::pattern::{self, Part};
use super::{Fault, Redirects};

/// Browsers give up after 20 (Fetch standard).
const MOST_STEPS: usize = 20;

/// A fault for every rule that leads in a circle. `lines` has the rules' lines, the fixed ones first.
pub(super) fn loops(rules: &Redirects, lines: &[(usize, String)]) -> Vec<Fault> {
    let rows = Rows::new(rules);
    let mut faults = Vec::new();
    for (line, from) in lines {
        let start = example(from);
        let mut path = start.clone();
        let mut seen = HashSet::from([start.clone()]);
        for _ in 0..MOST_STEPS {
            match rows.step(&path) {
                None => break,
                Some((next, 301..=308)) => path = next,
                // What is served is not asked for again.
                Some(_) => break,
            }
            if !seen.insert(path.clone()) || seen.len() > MOST_STEPS {
                faults.push(Fault::fatal(*line, format!("`{start}` is redirected without end, by way of `{path}`")));
                break;
            }
        }
    }
    faults
}

struct Rows<'a> {
    rules: &'a Redirects,
    patterns: Vec<Vec<Part>>,
}

impl<'a> Rows<'a> {
    fn new(rules: &'a Redirects) -> Self {
        let patterns = rules.dynamic.iter().map(|rule| pattern::parts(&rule.from).unwrap_or_default()).collect();
        Self { rules, patterns }
    }

    /// Where a path without a query is sent within the site.
    fn step(&self, path: &str) -> Option<(String, u16)> {
        let found = match self.rules.fixed.get(path) {
            Some((to, status)) => Some((to.clone(), *status)),
            None => self.rules.dynamic.iter().zip(&self.patterns).find_map(|(rule, parts)| {
                let values = pattern::matched(parts, path).filter(|_| rule.query.is_empty())?;
                Some((pattern::filled(&rule.to, &values), rule.status))
            }),
        };
        // A page under its file's name is redirected to its clean address.
        let (to, status) = found.or_else(|| Some((path.strip_suffix("/index.html")?.to_owned() + "/", 307)))?;
        let to = to.split(['?', '#']).next().unwrap_or_default();
        to.starts_with('/').then(|| (to.to_owned(), status))
    }
}

/// A path that the pattern matches.
fn example(from: &str) -> String {
    let parts = pattern::parts(from).unwrap_or_default();
    parts
        .into_iter()
        .map(|part| match part {
            Part::Literal(text) => text,
            Part::Splat => "a/b".to_owned(),
            Part::Name(_) => "a".to_owned(),
        })
        .collect()
}
