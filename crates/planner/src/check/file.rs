//! A plan file against the plan that it states: what it says twice it must say alike, and what it takes from the
//! catalogue the catalogue must say.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::is_hostile;
use flarekeep_policy::{Resource, UnixSeconds, parse_range};

use super::{Fault, Reading, facts, faults};
use crate::document::{PlanDocument, PlanFile, PolicyDocument, ResourceDocument, key, need_document, resource, shown};
use crate::options::Options;

/// What a check of a plan file found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileReport {
    /// What is wrong: with any of it the plan does not hold.
    pub faults: Vec<FileFault>,
    /// Facts of the catalogue that are others than the file states. The plan holds all the same, by the facts that are
    /// known now, where there is no fault.
    pub changes: Vec<Change>,
}

/// One thing that is wrong with a plan file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// The plan does not hold.
    #[error(transparent)]
    Plan(#[from] Fault),
    /// A need says two things of what it is called on.
    #[error("need {0} names another `resource` than its account, zone and bucket make")]
    NeedResource(usize),
    /// The grants are not in order.
    #[error("the grants are not in canonical order")]
    GrantOrder,
    /// A grant has another id than its group.
    #[error("`{0}` has another id in the catalogue")]
    GroupId(String),
    /// The list of needs that rest on inference is not that list.
    #[error("`inferred` does not list the needs whose groups are inferred")]
    Inferred,
    /// The policies grant what no grant does.
    #[error("the policies grant `{0}`, which no grant does")]
    PolicyMore(String),
    /// The policies do not grant what a grant does.
    #[error("the policies do not grant `{0}`")]
    PolicyLess(String),
    /// The policies say it in another form.
    #[error("the policies are not in canonical form: {0}")]
    PolicyForm(&'static str),
    /// A condition that lets nobody in, or names no range.
    #[error("the condition on addresses is none: {0}")]
    Condition(String),
    /// A name that no token can have.
    #[error("`{0}` is no token's name: that has 1 to 120 characters, none of them a control character")]
    Name(String),
    /// A time that is none.
    #[error("`{field}`: {problem}")]
    Time {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The token ends before it begins, or as it begins.
    #[error("the token would end before it begins: `expires_on` is not after `not_before`")]
    Backwards,
    /// The facts do not belong to the needs.
    #[error("the certificate's facts: {0}")]
    Facts(String),
}

/// A fact of the catalogue that is another than a plan file states.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{what} was `{stated}` when the plan was made, and is `{known}` now")]
pub struct Change {
    /// What it is about.
    pub what: String,
    /// What the file says.
    pub stated: String,
    /// What the catalogue says.
    pub known: String,
}

/// Checks a plan file: that its plan holds (as [`super::verify`] does), that its policies are its grants in canonical
/// form, and that the catalogue says what the certificate says that it says.
#[must_use]
pub fn verify_file(file: &PlanFile) -> FileReport {
    let (plan, document) = (&file.plan, &file.document);
    let options = Options::new(plan.owner);
    let reading = Reading::new(&plan.needs, &options);
    let mut report = FileReport::default();
    report.faults.extend(faults(&plan.needs, plan, &reading).into_iter().map(FileFault::Plan));
    check_needs(file, &mut report);
    if plan.grants.windows(2).any(|two| matches!(two, [one, next] if one.choice() >= next.choice())) {
        report.faults.push(FileFault::GrantOrder);
    }
    for (grant, stated) in plan.grants.iter().zip(&document.grants) {
        if stated.id != grant.group.id.map(|id| id.to_string()) {
            report.faults.push(FileFault::GroupId(grant.group.name.to_owned()));
        }
    }
    check_policies(file, &mut report.faults);
    check_limits(file, &mut report.faults);
    facts::check(file, &reading, &mut report);
    // A need and the facts say the same thing of an operation.
    report.changes.sort();
    report.changes.dedup();
    report
}

fn check_needs(file: &PlanFile, report: &mut FileReport) {
    let impossible: BTreeSet<usize> = file.plan.impossible.iter().map(|entry| entry.need).collect();
    let mut inferred = Vec::new();
    for (at, (need, stated)) in file.plan.needs.iter().zip(&file.document.needs).enumerate() {
        let known = need_document(need);
        if stated.resource != known.resource {
            report.faults.push(FileFault::NeedResource(at));
        }
        let what = |part: &str| format!("{part} of {}", need.operation);
        facts::compare(what("the provenance"), &stated.provenance, &known.provenance, &mut report.changes);
        facts::compare_basis(what("the basis"), stated.basis.as_ref(), known.basis.as_ref(), &mut report.changes);
        if need.operation.provenance.is_inferred() && !impossible.contains(&at) {
            inferred.push(at);
        }
    }
    if file.document.inferred != inferred {
        report.faults.push(FileFault::Inferred);
    }
}

/// The policies grant just what the grants do, each group in one policy, no two policies at the same resources, all in
/// order.
fn check_policies(file: &PlanFile, faults: &mut Vec<FileFault>) {
    let wanted: BTreeSet<(String, String)> = file
        .plan
        .grants
        .iter()
        .map(|grant| {
            let id = grant.group.id.map_or_else(|| grant.group.name.to_owned(), |id| id.to_string());
            (id, key(&grant.resource))
        })
        .collect();
    let names: BTreeMap<String, &str> =
        file.plan.grants.iter().filter_map(|grant| Some((grant.group.id?.to_string(), grant.group.name))).collect();
    let (mut granted, mut groups, mut places) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut order: Vec<Vec<Resource>> = Vec::new();
    for policy in &file.document.policies {
        if policy.effect != "allow" {
            faults.push(FileFault::PolicyForm("a plan denies nothing"));
        }
        let resources = keys(policy);
        let mut words = Vec::new();
        for group in &policy.permission_groups {
            let id = group.id.clone().or_else(|| group.name.clone()).unwrap_or_default();
            let name = names.get(&id).copied().unwrap_or(&id).to_owned();
            if group.name.as_ref() != Some(&name) {
                faults.push(FileFault::PolicyForm("a group has the id of one and the name of another"));
            }
            if !groups.insert(id.clone()) {
                faults.push(FileFault::PolicyForm("a group stands in two policies, or twice in one"));
            }
            granted.extend(resources.iter().map(|resource| (id.clone(), resource.clone())));
            words.push(name);
        }
        if !words.is_sorted() {
            faults.push(FileFault::PolicyForm("the groups of a policy are not ordered by name"));
        }
        if words.is_empty() || resources.is_empty() || !places.insert(resources.clone()) {
            faults.push(FileFault::PolicyForm("a policy is empty, or two are at the same resources"));
        }
        order.push(in_order(&resources));
    }
    if !order.is_sorted() {
        faults.push(FileFault::PolicyForm("they are not ordered by their resources"));
    }
    let words =
        |(id, resource): &(String, String)| shown(&format!("{} at {resource}", names.get(id).copied().unwrap_or(id)));
    faults.extend(granted.difference(&wanted).map(|more| FileFault::PolicyMore(words(more))));
    faults.extend(wanted.difference(&granted).map(|less| FileFault::PolicyLess(words(less))));
}

/// The keys of a policy's resources, as grants write them; what is not wholly granted is no resource of a plan.
fn keys(policy: &PolicyDocument) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (outer, value) in &policy.resources {
        match value {
            ResourceDocument::Whole(whole) if whole == "*" => _ = keys.insert(outer.clone()),
            ResourceDocument::Whole(other) => _ = keys.insert(format!("{outer}={other}")),
            ResourceDocument::Nested(inner) => {
                for (inner, whole) in inner {
                    let end = if whole == "*" { String::new() } else { format!("={whole}") };
                    keys.insert(format!("{outer}/{inner}{end}"));
                }
            }
        }
    }
    keys
}

fn in_order(keys: &BTreeSet<String>) -> Vec<Resource> {
    let mut resources: Vec<Resource> = keys.iter().filter_map(|key| resource(key)).collect();
    resources.sort();
    resources
}

/// The limits are such as a token can have. Which they are is anybody's choice.
fn check_limits(file: &PlanFile, faults: &mut Vec<FileFault>) {
    const LONGEST: usize = 120;
    let PlanDocument { name, not_before, expires_on, .. } = &file.document;
    if let Some(name) = name
        && (!(1..=LONGEST).contains(&name.chars().count()) || name.chars().any(is_hostile))
    {
        faults.push(FileFault::Name(shown(name)));
    }
    let mut time = |field: &'static str, text: &Option<String>| {
        let time = text.as_deref().map(UnixSeconds::parse)?;
        time.map_err(|error| faults.push(FileFault::Time { field, problem: error.to_string() })).ok()
    };
    let (begin, end) = (time("not_before", not_before), time("expires_on", expires_on));
    if begin.zip(end).is_some_and(|(begin, end)| begin >= end) {
        faults.push(FileFault::Backwards);
    }
    check_condition(file, faults);
}

/// A list of addresses that is there holds ranges: an empty one lets nobody in.
fn check_condition(file: &PlanFile, faults: &mut Vec<FileFault>) {
    let Some(addresses) = file.document.condition.as_ref().and_then(|condition| condition.request_ip.as_ref()) else {
        return;
    };
    if addresses.within.is_empty() {
        faults.push(FileFault::Condition("an empty list lets nobody in".to_owned()));
    }
    for range in &addresses.within {
        match parse_range(range) {
            Err(error) => faults.push(FileFault::Condition(error.to_string())),
            Ok(range) if range.addr() != range.network() => {
                faults.push(FileFault::Condition(format!("`{range}` names an address and a network")));
            }
            Ok(_) => {}
        }
    }
}
