//! From the names that a schema or a live list uses to those of the catalogue.

use std::collections::{BTreeSet, HashMap};

use super::{GroupFacts, OperationFact};
use crate::group::{Group, Scope, group_by_id, groups};
use crate::operation::{Method, Operation};
use crate::route::route;

/// The catalogue's groups by every name that is known of them.
pub(super) struct Names<'a> {
    exact: HashMap<&'static str, Vec<&'static Group>>,
    loose: HashMap<String, Vec<&'static Group>>,
    /// The groups whose ids a live list has under names that the catalogue does not know.
    renamed: HashMap<&'a str, &'static Group>,
}

impl<'a> Names<'a> {
    /// The names of the catalogue and, where there is a live list, of the groups that it has under other names.
    pub(super) fn new(live: Option<&'a GroupFacts>) -> Self {
        let (mut exact, mut loose): (HashMap<_, Vec<_>>, HashMap<_, Vec<_>>) = (HashMap::new(), HashMap::new());
        for group in groups() {
            exact.entry(group.name).or_default().push(group);
            for name in std::iter::once(group.name).chain(group.former_names()) {
                let named = loose.entry(loosened(name)).or_default();
                if !named.contains(&group) {
                    named.push(group);
                }
            }
        }
        let mut renamed: HashMap<&str, &'static Group> = HashMap::new();
        for fact in live.iter().flat_map(|facts| &facts.groups).filter(|fact| !exact.contains_key(fact.name.as_str())) {
            renamed.extend(group_by_id(fact.id).map(|group| (fact.name.as_str(), group)));
        }
        Self { exact, loose, renamed }
    }

    /// The groups that a name may mean: those called just so, else those once called so or spelt a little otherwise.
    pub(super) fn called(&self, name: &str) -> &[&'static Group] {
        let found = self.exact.get(name).or_else(|| self.loose.get(&loosened(name)));
        found.map(Vec::as_slice).unwrap_or_default()
    }

    /// The catalogue's name for a group: with its scope behind it where another group has the same name.
    pub(super) fn of(&self, group: &Group) -> String {
        match self.exact.get(group.name).map_or(0, Vec::len) {
            0 | 1 => group.name.to_owned(),
            _ => format!("{}@{}", group.name, group.scope.word()),
        }
    }

    /// The groups that an operation accepts, by their names.
    pub(super) fn accepted(&self, operation: &Operation) -> BTreeSet<String> {
        operation.accepts().map(|group| self.of(group)).collect()
    }

    /// The labels of a schema at this path, by the catalogue's names. Of a name at two scopes the operation's own scope
    /// is meant, and both where the schema lists the name twice (the gathered data's README, section 2).
    pub(super) fn of_labels(&self, path: &str, labels: &[String]) -> BTreeSet<String> {
        let own = if path.starts_with("/zones/") { Scope::Zone } else { Scope::Account };
        let mut names = BTreeSet::new();
        for label in labels {
            let found = self.called(label);
            let twice = labels.iter().filter(|other| *other == label).count() > 1;
            match found {
                [] => drop(names.insert(label.clone())),
                [one] => drop(names.insert(self.of(one))),
                several => {
                    let any = twice || several.iter().all(|group| group.scope != own);
                    let meant = several.iter().filter(|group| any || group.scope == own);
                    names.extend(meant.map(|group| self.of(group)));
                }
            }
        }
        names
    }

    /// The groups of an operation's fact. A name that only the live list has, for an id that the catalogue knows, is
    /// that group: it was renamed.
    pub(super) fn of_fact(&self, fact: &OperationFact) -> BTreeSet<String> {
        let canonical = |name: &String| self.renamed.get(name.as_str()).map_or(name.clone(), |group| self.of(group));
        fact.groups.iter().map(canonical).collect()
    }
}

/// The operation that a template of any parameter names stands for.
pub(super) fn find(method: Method, path: &str) -> Option<&'static Operation> {
    let found = route(method, path)?.operation;
    (blanked(found.path()) == blanked(path)).then_some(found)
}

/// A path without the names of its parameters.
fn blanked(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        match c {
            '{' => inside = true,
            '}' => inside = false,
            _ if inside => continue,
            _ => {}
        }
        out.push(c);
    }
    out
}

/// Lower case, punctuation as spaces, and the old last word `edit` as `write`.
fn loosened(name: &str) -> String {
    let spaced: String = name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let mut words: Vec<&str> = spaced.split_whitespace().collect();
    if let Some(last) = words.last_mut()
        && *last == "edit"
    {
        *last = "write";
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_odd_names_of_the_schema_are_known() {
        let names = Names::new(None);
        // The data set's README, section 2.
        for (odd, name) in [
            ("Zone Zone Read", "Zone Read"),
            ("Zone Zone Edit", "Zone Write"),
            ("Zone DNS Edit", "DNS Write"),
            ("Account Filter Lists Read", "Account Rule Lists Read"),
            ("Account Filter Lists Edit", "Account Rule Lists Write"),
            ("Artifacts Edit", "Artifacts Write"),
            ("Access: SCIM Logs Read", "Access: SCIM logs read"),
            ("Teams Report", "Zero Trust Report"),
            ("Browser Run Write", "Browser Rendering Write"),
        ] {
            assert_eq!(
                names.of_labels("/accounts/{x}/y", &[odd.to_owned()]),
                BTreeSet::from([name.to_owned()]),
                "{odd}"
            );
        }
    }

    #[test]
    fn a_name_at_two_scopes_is_the_one_of_the_path_and_both_where_it_stands_twice() {
        let names = Names::new(None);
        let labels = |path: &str, times| {
            names.of_labels(path, &vec!["Logs Read".to_owned(); times]).into_iter().collect::<Vec<_>>()
        };
        assert_eq!(labels("/zones/{zone}/logs", 1), ["Logs Read@zone"]);
        assert_eq!(labels("/accounts/{account}/logs", 1), ["Logs Read@account"]);
        assert_eq!(labels("/zones/{zone}/logs", 2), ["Logs Read@account", "Logs Read@zone"]);
    }

    #[test]
    fn an_operation_is_found_under_any_parameter_names_and_only_as_a_template() {
        let found = |path| find(Method::Put, path).map(Operation::path);
        assert_eq!(found("/zones/{z}/dns_records/{r}"), Some("/zones/{zone_id}/dns_records/{dns_record_id}"));
        assert_eq!(found("/zones/{z}/dns_records/import"), None);
    }
}
