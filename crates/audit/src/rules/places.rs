//! Where a token is granted what it holds at all places of a kind, and where it was seen to need that.

use flarekeep_catalogue::{Group, Operation, Scope};
use flarekeep_planner::Target;
use flarekeep_policy::{Effect, OperationSet, Policy, Resource};

use super::Subject;
use crate::usage::TokenUsage;

/// Groups that are in effect at resources that stand for many.
pub(super) struct Wide {
    /// The resources, each once.
    pub(super) resources: Vec<Resource>,
    /// The groups; those that may change something first.
    pub(super) groups: Vec<&'static Group>,
}

/// The groups of `scope` that the token holds at resources that are `wide`, as far as its reach has them there: what a
/// policy denies is none. `at` is what they open at any other place of the kind.
pub(super) fn wide(
    subject: &Subject<'_>,
    scope: Scope,
    at: &OperationSet,
    is_wide: impl Fn(&Resource) -> bool,
) -> Wide {
    let (mut resources, mut groups) = (Vec::new(), Vec::new());
    for policy in subject.token.policies().iter().filter(|policy| policy.effect == Effect::Allow) {
        let wide: Vec<&Resource> = policy.resources.iter().filter(|resource| is_wide(resource)).collect();
        let held: Vec<_> = policy.known_groups().filter(|group| group.scope == scope && opens(group, at)).collect();
        if !wide.is_empty() && !held.is_empty() {
            resources.extend(wide.into_iter().cloned());
            groups.extend(held);
        }
    }
    resources.sort();
    resources.dedup();
    groups.sort_by_key(|group| (group.is_named_for_reading(), group.name));
    groups.dedup();
    Wide { resources, groups }
}

/// Whether anything that the group opens is among the operations; a group of which nobody knows what it opens is taken at
/// its word.
pub(super) fn opens(group: &Group, operations: &OperationSet) -> bool {
    group.operation_indexes().is_empty() || group.operations().any(|operation| operations.contains(operation))
}

/// The groups of a policy that are in effect somewhere.
pub(super) fn effective<'a>(subject: &'a Subject<'_>) -> impl Iterator<Item = &'static Group> + 'a {
    let allows = subject.token.policies().iter().filter(|policy| policy.effect == Effect::Allow);
    let at_its_own = |policy: &'a Policy| {
        let fits = |group: &&Group| policy.resources.iter().any(|resource| resource.scope() == group.scope);
        policy.known_groups().filter(fits)
    };
    allows.flat_map(at_its_own).filter(|group| opens(group, &subject.measured.operations))
}

/// The calls that show where the token works: all of a recording, of audit logs those that changed something.
pub(super) fn telling<'a>(subject: &'a Subject<'_>) -> impl Iterator<Item = (&'static Operation, &'a Target)> {
    let recorded = is_recorded(subject);
    let calls = subject.usage.into_iter().flat_map(TokenUsage::operations);
    calls
        .filter(move |(operation, ..)| recorded || operation.mutates())
        .map(|(operation, target, _)| (operation, target))
}

/// Whether all calls of the token were recorded. Audit logs do not show reads.
pub(super) fn is_recorded(subject: &Subject<'_>) -> bool {
    subject.usage.is_some_and(|usage| usage.is_recorded)
}
