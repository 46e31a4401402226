//! The rules: what an operation without a list may accept, judged by the labelled ones around it.
//!
//! A rule sees only labelled operations (known from the schema, from documents or from use), never another inference, and leaves out those
//! that the caller hides, which is how a rule is measured.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::inference::labels::{Accepted, Class, Operation, squeezed};

/// How many labelled operations of a product must agree for [`Rule::Product`], and over how many of its resources.
const MANY: usize = 5;
const RESOURCES: usize = 3;

/// A way to infer, most trusted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rule {
    /// All labelled operations of the class in the whole product agree: at least five, over three resources.
    Product,
    /// All labelled operations of the class under the longest prefix that has any agree: at least two.
    Neighbours,
    /// A labelled operation has a parameter where this one has a word: `…/settings/{setting_id}`.
    Template,
    /// There is a single labelled operation of the class under the longest prefix that has any.
    OneNeighbour,
    /// What the labelled operations under the longest prefix have in common, where they do not agree.
    Common,
    /// A pair of groups, `X Read` and `X Write`, is named as the path is.
    Name,
    /// The same path below `/zones/{}` for `/accounts/{}`, or the other way round.
    Twin,
}

/// How far a rule is trusted: what its measured soundness must reach with whole blocks hidden. A test holds them to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Confidence {
    /// At least 98 in 100.
    High,
    /// At least 95 in 100.
    Medium,
    /// Less, or too few cases to say: only tells where a gathered guess may come from.
    Low,
}

/// What a rule says, and from what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inference {
    pub(crate) accepted: Accepted,
    pub(crate) rule: Rule,
    /// The evidence, as a clause: `all 7 labelled writes below … accept Pages Write`.
    pub(crate) basis: String,
}

/// The labelled operations, found by class and prefix.
pub(crate) struct Neighbours<'a> {
    operations: &'a [Operation],
    levels: &'a BTreeMap<(String, String), BTreeMap<String, String>>,
    below: HashMap<(Class, &'a [String]), Vec<usize>>,
}

impl Rule {
    pub(crate) const ALL: [Self; 7] =
        [Self::Product, Self::Neighbours, Self::Template, Self::OneNeighbour, Self::Common, Self::Name, Self::Twin];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Neighbours => "neighbours",
            Self::Template => "template",
            Self::OneNeighbour => "one-neighbour",
            Self::Common => "common",
            Self::Name => "name",
            Self::Twin => "twin",
        }
    }

    pub(crate) fn confidence(self) -> Confidence {
        match self {
            Self::Product => Confidence::High,
            Self::Neighbours => Confidence::Medium,
            Self::Template | Self::OneNeighbour | Self::Common | Self::Name | Self::Twin => Confidence::Low,
        }
    }
}

impl Confidence {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// The least share of answers whose groups are all truly accepted.
    #[cfg(test)]
    pub(crate) fn bar(self) -> f64 {
        match self {
            Self::High => 0.98,
            Self::Medium => 0.95,
            Self::Low => 0.0,
        }
    }
}

impl<'a> Neighbours<'a> {
    pub(crate) fn new(
        operations: &'a [Operation],
        levels: &'a BTreeMap<(String, String), BTreeMap<String, String>>,
    ) -> Self {
        let mut below: HashMap<(Class, &[String]), Vec<usize>> = HashMap::new();
        for (at, operation) in operations.iter().enumerate().filter(|(_, operation)| operation.is_labelled()) {
            for depth in 1..=operation.segments.len() {
                below.entry((operation.class(), operation.prefix(depth))).or_default().push(at);
            }
        }
        Self { operations, levels, below }
    }

    /// What the operation at this position accepts, from what is not hidden; the most trusted rule that may say so.
    pub(crate) fn infer(&self, at: usize, hidden: &dyn Fn(usize) -> bool) -> Option<Inference> {
        let trusted = Rule::ALL.into_iter().filter(|rule| rule.confidence() < Confidence::Low);
        trusted.filter_map(|rule| self.apply(rule, at, hidden)).next()
    }

    /// What one rule says.
    pub(crate) fn apply(&self, rule: Rule, at: usize, hidden: &dyn Fn(usize) -> bool) -> Option<Inference> {
        let operation = &self.operations[at];
        let root = operation.root()?;
        if hands_out_a_credential(operation) {
            return None;
        }
        let (accepted, basis) = match rule {
            Rule::Product => self.product(at, root, hidden),
            Rule::Neighbours => self.nearest(at, root, hidden).and_then(|(depth, found)| self.agree(at, depth, &found)),
            Rule::OneNeighbour => self.nearest(at, root, hidden).and_then(|(depth, found)| self.one(at, depth, &found)),
            Rule::Common => self.nearest(at, root, hidden).and_then(|(depth, found)| self.common(at, depth, &found)),
            Rule::Template => self.template(at, root, hidden),
            Rule::Name => self.name(operation, root),
            Rule::Twin => self.twin(at, hidden),
        }?;
        Some(Inference { accepted, rule, basis })
    }

    /// The labelled operations of the same class below a prefix of the operation, without itself and what is hidden.
    fn labelled(&self, at: usize, depth: usize, hidden: &dyn Fn(usize) -> bool) -> Vec<usize> {
        let operation = &self.operations[at];
        let found = self.below.get(&(operation.class(), operation.prefix(depth)));
        found.into_iter().flatten().copied().filter(|other| *other != at && !hidden(*other)).collect()
    }

    /// The longest prefix, down to the product, that has labelled operations, and those.
    fn nearest(&self, at: usize, root: usize, hidden: &dyn Fn(usize) -> bool) -> Option<(usize, Vec<usize>)> {
        (root..=self.operations[at].segments.len())
            .rev()
            .map(|depth| (depth, self.labelled(at, depth, hidden)))
            .find(|(_, found)| !found.is_empty())
    }

    fn product(&self, at: usize, root: usize, hidden: &dyn Fn(usize) -> bool) -> Option<(Accepted, String)> {
        let found = self.labelled(at, root, hidden);
        let resources: BTreeSet<_> = found.iter().map(|other| self.operations[*other].prefix(root + 1)).collect();
        if found.len() < MANY || resources.len() < RESOURCES {
            return None;
        }
        self.agree(at, root, &found)
    }

    fn agree(&self, at: usize, depth: usize, found: &[usize]) -> Option<(Accepted, String)> {
        let operation = &self.operations[at];
        let accepted = &self.operations[*found.first()?].accepted;
        if found.len() < 2 || found.iter().any(|other| self.operations[*other].accepted != *accepted) {
            return None;
        }
        let (number, class, prefix) = (found.len(), operation.class().plural(), operation.written_prefix(depth));
        let all = if number == 2 { "both".to_owned() } else { format!("all {number}") };
        Some((accepted.clone(), format!("{all} labelled {class} below {prefix} accept {}", named(accepted))))
    }

    fn one(&self, at: usize, depth: usize, found: &[usize]) -> Option<(Accepted, String)> {
        let [other] = found else { return None };
        let (operation, other) = (&self.operations[at], &self.operations[*other]);
        let (class, prefix) = (operation.class().singular(), operation.written_prefix(depth));
        let basis = format!("the only labelled {class} below {prefix} accepts {}", named(&other.accepted));
        Some((other.accepted.clone(), basis))
    }

    fn common(&self, at: usize, depth: usize, found: &[usize]) -> Option<(Accepted, String)> {
        let lists = || found.iter().map(|other| &self.operations[*other].accepted);
        let first = lists().next()?;
        let common: Accepted = first.iter().filter(|name| lists().all(|list| list.contains(name))).cloned().collect();
        if common.is_empty() || lists().all(|list| *list == common) {
            return None;
        }
        let operation = &self.operations[at];
        let (class, prefix) = (operation.class().plural(), operation.written_prefix(depth));
        let basis =
            format!("the {} labelled {class} below {prefix} differ, and all accept {}", found.len(), named(&common));
        Some((common, basis))
    }

    fn template(&self, at: usize, root: usize, hidden: &dyn Fn(usize) -> bool) -> Option<(Accepted, String)> {
        let operation = &self.operations[at];
        let covers = |other: &usize| {
            let other = &self.operations[*other];
            other.method == operation.method
                && other.segments.len() == operation.segments.len()
                && other.segments != operation.segments
                && other.segments.iter().zip(&operation.segments).all(|(theirs, ours)| theirs == ours || theirs == "{}")
        };
        let found = self.labelled(at, root, hidden).into_iter().find(covers)?;
        let other = &self.operations[found];
        let basis = format!("{} {} covers it and accepts {}", other.method, other.path, named(&other.accepted));
        Some((other.accepted.clone(), basis))
    }

    fn name(&self, operation: &Operation, root: usize) -> Option<(Accepted, String)> {
        let scope = match operation.segments[0].as_str() {
            "accounts" => "account",
            "zones" => "zone",
            _ => return None,
        };
        let product = &operation.segments[root - 1];
        let resource = operation.segments.get(root).filter(|segment| *segment != "{}");
        let longer = resource.map(|resource| squeezed(&format!("{product}{resource}")));
        let levels = longer.into_iter().chain([squeezed(product)]).find_map(|words| {
            let spellings = [words.clone(), format!("{words}s"), words.trim_end_matches('s').to_owned()];
            let pair = |levels: &&BTreeMap<String, String>| levels.contains_key("Read") && levels.contains_key("Write");
            spellings.into_iter().find_map(|words| self.levels.get(&(words, scope.to_owned())).filter(pair))
        })?;
        let accepting: &[&str] = if operation.class() == Class::Read { &["Read", "Write"] } else { &["Write"] };
        let accepted: Accepted = accepting.iter().filter_map(|level| levels.get(*level).cloned()).collect();
        let basis = format!("the path is named as {} is", named(&accepted));
        Some((accepted, basis))
    }

    fn twin(&self, at: usize, hidden: &dyn Fn(usize) -> bool) -> Option<(Accepted, String)> {
        let operation = &self.operations[at];
        let other = match operation.segments[0].as_str() {
            "accounts" => "zones",
            "zones" => "accounts",
            _ => return None,
        };
        let mut segments = operation.segments.clone();
        segments[0] = other.to_owned();
        let candidates = self.below.get(&(operation.class(), segments.as_slice()))?;
        let same = |other: &&usize| {
            let other = &self.operations[**other];
            other.segments == segments && other.method == operation.method
        };
        let found = candidates.iter().filter(|other| !hidden(**other)).find(same)?;
        let other = &self.operations[*found];
        let basis = format!("{} {} accepts {}", other.method, other.path, named(&other.accepted));
        Some((other.accepted.clone(), basis))
    }
}

/// Whether the answer is a secret: such reads often ask for the level of a write (`…/cfd_tunnel/{}/token`).
fn hands_out_a_credential(operation: &Operation) -> bool {
    const CREDENTIALS: [&str; 4] = ["token", "secret", "credential", "jwt"];
    let last = operation.segments.iter().rev().find(|segment| *segment != "{}");
    operation.class() == Class::Read
        && last.is_some_and(|last| last.split(['-', '_']).any(|word| CREDENTIALS.contains(&word.trim_end_matches('s'))))
}

/// The groups in words: all of few, the first of many.
fn named(accepted: &[String]) -> String {
    let names: Vec<&str> = accepted.iter().map(|name| name.split('@').next().unwrap_or(name)).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [first, second] => format!("{first} or {second}"),
        [first, second, rest @ ..] => format!("{first}, {second} or {} more", rest.len()),
    }
}
