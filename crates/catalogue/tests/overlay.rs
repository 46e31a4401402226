//! An overlay made from the catalogue itself says nothing; every single change of it is reported, and nothing else.

use std::sync::LazyLock;

use flarekeep_catalogue::overlay::{
    Change, Contradiction, Fact, GroupFact, GroupFacts, ListOwner, OpenApi, Overlay, OverlayError, changes,
    contradictions,
};
use flarekeep_catalogue::{
    Group, GroupId, Method, Operation, Provenance, Rule, Scope, group_by_id, groups, operations,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const LABEL: &str = "x-api-token-group";

/// The catalogue's operations as a document of Cloudflare's would have them.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut paths = Map::new();
    for operation in operations().iter().filter(|operation| is_of_schema(operation)) {
        let entry = match operation.provenance {
            Provenance::Schema => json!({ LABEL: operation.accepts().map(|group| group.name).collect::<Vec<_>>() }),
            _ => json!({ "summary": "no label" }),
        };
        let item = paths.entry(operation.path()).or_insert_with(|| json!({ "parameters": [] }));
        item[operation.method.as_str().to_lowercase()] = entry;
    }
    json!({ "openapi": "3.0.3", "info": { "title": "Cloudflare API", "version": "4.0.0" }, "paths": paths })
});

fn is_of_schema(operation: &Operation) -> bool {
    operation.path().starts_with('/') && !operation.operation_id().is_empty() && !operation.withdrawn
}

/// The catalogue's groups as the user's live list would have them.
fn live() -> Vec<GroupFact> {
    groups().iter().filter_map(|group| Some(fact(group, group.id?))).collect()
}

fn fact(group: &Group, id: GroupId) -> GroupFact {
    GroupFact { name: group.name.to_owned(), id, scopes: vec![group.scope.key().to_owned()], category: None }
}

fn overlay(list: Vec<GroupFact>, owner: ListOwner, document: &Value) -> Overlay {
    let document: OpenApi = serde_json::from_value(document.clone()).unwrap();
    let (day, source) = ("2026-11-22T00:00:00Z".to_owned(), "a test".to_owned());
    let overlay = Overlay {
        groups: Some(GroupFacts::new(day.clone(), source.clone(), owner, list).unwrap()),
        operations: Some(document.facts(day, source).unwrap()),
        ..Overlay::default()
    };
    // It goes through a file, as a user's does.
    let read: Overlay = serde_json::from_str(&serde_json::to_string(&overlay).unwrap()).unwrap();
    assert_eq!(read, overlay);
    read.checked().unwrap()
}

/// All that a plan could rest on.
static FACTS: LazyLock<Vec<Fact>> = LazyLock::new(|| {
    let mut facts: Vec<Fact> = groups().iter().map(Fact::Group).collect();
    for operation in operations() {
        match operation.rule {
            Rule::AllOf => facts.push(Fact::Accepts(operation, operation.accepts().collect())),
            _ => facts.extend(operation.accepts().map(|group| Fact::Accepts(operation, vec![group]))),
        }
        if operation.rule == Rule::AnyToken {
            facts.push(Fact::AnyToken(operation));
        }
    }
    facts
});

fn denied(overlay: &Overlay) -> Vec<Contradiction> {
    contradictions(overlay, &FACTS)
}

#[test]
fn the_catalogue_itself_is_no_news() {
    for owner in [ListOwner::User, ListOwner::Account] {
        let of_owner = |fact: &GroupFact| owner == ListOwner::User || fact.scopes != [Scope::User.key()];
        let overlay = overlay(live().into_iter().filter(of_owner).collect(), owner, &DOCUMENT);
        assert!(overlay.operations.as_ref().unwrap().whole);
        assert_eq!(overlay.operations.as_ref().unwrap().operations, []);
        assert_eq!(changes(&overlay), []);
        assert_eq!(denied(&overlay), []);
    }
    assert!(FACTS.len() > 5_000, "only {} facts are looked at", FACTS.len());
}

#[test]
fn what_a_list_could_not_have_is_not_gone() {
    let mut list = live();
    list.retain(|fact| fact.scopes == [Scope::Zone.key()]);
    assert_eq!(changes(&overlay(list, ListOwner::User, &DOCUMENT)), []);
}

#[test]
fn a_list_that_has_few_of_a_scope_shows_nothing_of_it_to_be_gone() {
    let of_account = |fact: &GroupFact| fact.scopes == [Scope::Account.key()];
    let all = live().into_iter().filter(of_account).count();
    for (kept, gone) in [(1, 0), (all.div_ceil(2) - 1, 0), (all.div_ceil(2), all / 2), (all - 1, 1)] {
        let mut left = kept;
        let mut list = live();
        list.retain(|fact| !of_account(fact) || left.checked_sub(1).inspect(|rest| left = *rest).is_some());
        let overlay = overlay(list, ListOwner::User, &DOCUMENT);
        assert_eq!((changes(&overlay).len(), denied(&overlay).len()), (gone, gone), "{kept} of {all}");
    }
}

#[test]
fn a_list_of_other_ids_shows_nothing_to_be_gone() {
    let list = vec![GroupFact {
        name: "Teapots Write".to_owned(),
        id: GroupId::from_u128(1),
        scopes: vec![Scope::Account.key().to_owned(), Scope::Zone.key().to_owned()],
        category: None,
    }];
    let overlay = overlay(list, ListOwner::User, &DOCUMENT);
    assert!(matches!(changes(&overlay).as_slice(), [Change::NewGroup { .. }]));
    assert_eq!(denied(&overlay), []);
}

#[test]
fn a_part_of_the_document_shows_nothing_to_be_gone() {
    let path = "/zones/{zone_id}/dns_records";
    let document = json!({ "paths": { path: DOCUMENT["paths"][path] } });
    let overlay = overlay(live(), ListOwner::User, &document);
    assert!(!overlay.operations.as_ref().unwrap().whole);
    assert_eq!(changes(&overlay), []);
}

#[test]
fn a_renamed_group_is_the_same_group_in_a_document_that_has_the_new_name() {
    let dns = flarekeep_catalogue::resolve("DNS Write").unwrap().0;
    let mut list = live();
    list.iter_mut().find(|fact| Some(fact.id) == dns.id).unwrap().name = "Name Server Write".to_owned();
    let text = DOCUMENT.to_string().replace("\"DNS Write\"", "\"Name Server Write\"");
    let overlay = overlay(list, ListOwner::User, &serde_json::from_str(&text).unwrap());
    assert!(overlay.operations.as_ref().unwrap().operations.len() > 5);
    let renamed = Change::Renamed { from: dns.name, to: "Name Server Write".to_owned(), id: dns.id.unwrap() };
    assert_eq!(changes(&overlay), [renamed]);
    assert_eq!(denied(&overlay), []);
}

#[test]
fn spellings_that_are_known_are_no_renames() {
    let text = DOCUMENT
        .to_string()
        .replace("\"Zone Write\"", "\"Zone Zone Edit\"")
        .replace("\"DNS Write\"", "\"Zone DNS Edit\"");
    let mut list = live();
    for fact in &mut list {
        if let Some(former) = group_by_id(fact.id).and_then(|group| group.former_names().next()) {
            fact.name = former.to_owned();
        }
    }
    assert_eq!(changes(&overlay(list, ListOwner::User, &serde_json::from_str(&text).unwrap())), []);
}

#[test]
fn an_old_name_at_another_id_is_told() {
    let dns = flarekeep_catalogue::resolve("DNS Write").unwrap().0;
    let (id, other) = (dns.id.unwrap(), GroupId::from_u128(0xfeed));
    let moved = |list| denied(&overlay(list, ListOwner::User, &DOCUMENT));
    let contradiction = [Contradiction::NameMoved { group: dns.name, id, now: other }];
    // The old id got another name.
    let mut list = live();
    list.iter_mut().find(|fact| fact.id == id).unwrap().name = "Name Server Write".to_owned();
    list.push(fact(dns, other));
    assert_eq!(moved(list.clone()), contradiction);
    // The old id is gone.
    list.retain(|fact| fact.id != id);
    assert_eq!(moved(list), contradiction);
}

#[test]
fn groups_without_an_id_get_one_and_an_inferred_scope_may_be_wrong() {
    let nameless = groups().iter().find(|group| group.id.is_none() && group.scope == Scope::Account).unwrap();
    let id = GroupId::from_u128(0xbeef);
    let learned =
        |scope: &str| Change::IdLearned { name: nameless.name.to_owned(), id, scopes: vec![scope.to_owned()] };
    let mut list = live();
    list.push(fact(nameless, id));
    let right = overlay(list.clone(), ListOwner::User, &DOCUMENT);
    assert_eq!((changes(&right), denied(&right)), (vec![learned(Scope::Account.key())], vec![]));
    let (from, to) = (Scope::Account.key(), vec![Scope::Zone.key().to_owned()]);
    list.last_mut().unwrap().scopes.clone_from(&to);
    let wrong = overlay(list, ListOwner::User, &DOCUMENT);
    let moved = Change::ScopeChanged { name: nameless.name.to_owned(), id, from: Some(from), to: to.clone() };
    assert_eq!(changes(&wrong), [learned(Scope::Zone.key()), moved]);
    assert_eq!(denied(&wrong), [Contradiction::ScopeMoved { group: nameless.name, scope: from, now: to }]);
}

#[test]
fn an_operation_that_any_token_may_call_and_that_gets_a_group_is_told() {
    let any =
        operations().iter().find(|operation| operation.rule == Rule::AnyToken && is_of_schema(operation)).unwrap();
    let mut document = DOCUMENT.clone();
    document["paths"][any.path()][any.method.as_str().to_lowercase()] = json!({ LABEL: ["DNS Read"] });
    let overlay = overlay(live(), ListOwner::User, &document);
    let needed = Contradiction::GroupNeeded { operation: any.to_string(), accepts: vec!["DNS Read".to_owned()] };
    assert_eq!((changes(&overlay).len(), denied(&overlay)), (1, vec![needed]));
}

#[test]
fn what_the_catalogue_corrects_is_no_news() {
    let corrected: Vec<_> =
        operations().iter().filter(|known| is_of_schema(known) && corrects_the_schema(known)).collect();
    assert!(!corrected.is_empty());
    let mut document = DOCUMENT.clone();
    for known in corrected {
        document["paths"][known.path()][known.method.as_str().to_lowercase()] =
            json!({ LABEL: ["DNS Read", "DNS Write"] });
    }
    let overlay = overlay(live(), ListOwner::User, &document);
    assert_eq!((changes(&overlay), denied(&overlay)), (vec![], vec![]));
}

#[test]
fn a_need_that_another_grant_meets_as_well_is_not_denied_unless_all_are_needed() {
    let reads =
        operations().iter().find(|operation| operation.to_string() == "GET /zones/{zone_id}/dns_records").unwrap();
    let by: Vec<_> = reads.accepts().collect();
    let mut document = DOCUMENT.clone();
    document["paths"][reads.path()]["get"] = json!({ LABEL: ["DNS Read"] });
    let overlay = overlay(live(), ListOwner::User, &document);
    let rests_on = |groups: &[&'static Group]| contradictions(&overlay, &[Fact::Accepts(reads, groups.to_vec())]).len();
    assert!(by.len() > 1);
    assert_eq!(rests_on(&by), 0);
    assert_eq!(rests_on(&[flarekeep_catalogue::resolve("DNS Write").unwrap().0]), 1);
}

#[test]
fn garbage_is_refused() {
    let facts = |document: Value| {
        let document: OpenApi = serde_json::from_value(document).unwrap();
        document.facts(String::new(), String::new()).map(|_| ()).unwrap_err()
    };
    assert_eq!(facts(json!({})), OverlayError::NoOperations);
    assert_eq!(facts(json!({ "paths": { "/pets": { "get": { LABEL: ["DNS Read"] } } } })), OverlayError::NotCloudflare);
    assert_eq!(facts(json!({ "paths": { "/zones": { "get": {} } } })), OverlayError::NoLabels);
    let hostile = json!({ "paths": { "/zones": { "get": { LABEL: ["\u{1b}[2J"] } } } });
    assert_eq!(facts(hostile), OverlayError::BadText { what: "group name" });
    let long = json!({ "paths": { format!("/{}", "x".repeat(400)): { "get": { LABEL: ["DNS Read"] } } } });
    assert_eq!(facts(long), OverlayError::BadText { what: "path" });
    assert!(
        serde_json::from_value::<OpenApi>(json!({ "paths": { "/zones": { "get": { LABEL: "DNS Read" } } } })).is_err()
    );
    let list = |list| GroupFacts::new(String::new(), String::new(), ListOwner::User, list).unwrap_err();
    assert_eq!(list(vec![]), OverlayError::NoGroups);
    let one = live().remove(0);
    let other = GroupFact { name: "Other".to_owned(), ..one.clone() };
    assert_eq!(list(vec![one.clone(), other]), OverlayError::Twice(one.id));
    let nameless = GroupFact { name: String::new(), ..one };
    assert_eq!(list(vec![nameless]), OverlayError::BadText { what: "group name" });
    assert_eq!(Overlay { format: 2, ..Overlay::default() }.checked(), Err(OverlayError::Format(2)));
}

/// One random change, with what must be reported of it.
#[derive(Debug, Clone)]
enum Mutation {
    Drop(GroupId),
    Rename(GroupId, String),
    Move(GroupId, Scope),
    Replace(GroupId, u128),
    Add(u128, String, Scope),
    Learn(usize, u128),
    Unlabel(usize),
    LoseGroup(usize, usize),
    GainGroup(usize, usize),
    Label(usize, usize),
    Remove(usize),
    Invent(String, usize),
    RenameParameters,
    Shuffle,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let ids: Vec<GroupId> = groups().iter().filter_map(|group| group.id).collect();
    let id = move || prop::sample::select(ids.clone());
    let scope = || prop::sample::select(vec![Scope::User, Scope::Account, Scope::Zone, Scope::Bucket]);
    let name = || "[A-Z][a-z]{5,12} Zyx[a-z]{3} (Read|Write)";
    let labelled = || (0..operations().len()).prop_filter("of the schema", |at| is_labelled(&operations()[*at]));
    let unlabelled = || {
        (0..operations().len())
            .prop_filter("unlabelled", |at| is_of_schema(&operations()[*at]) && !is_labelled(&operations()[*at]))
            .prop_filter("not corrected", |at| !corrects_the_schema(&operations()[*at]))
    };
    let nameless = || {
        (0..groups().len())
            .prop_filter("without an id", |at| groups()[*at].id.is_none() && groups()[*at].scope != Scope::Unknown)
    };
    // No such id is the catalogue's.
    let fresh = || 1..1u128 << 100;
    prop_oneof![
        id().prop_map(Mutation::Drop),
        (id(), name()).prop_map(|(id, name)| Mutation::Rename(id, name)),
        (id(), scope()).prop_map(|(id, scope)| Mutation::Move(id, scope)),
        (id(), fresh()).prop_map(|(id, new)| Mutation::Replace(id, new)),
        (fresh(), name(), scope()).prop_map(|(id, name, scope)| Mutation::Add(id, name, scope)),
        (nameless(), fresh()).prop_map(|(group, id)| Mutation::Learn(group, id)),
        labelled().prop_map(Mutation::Unlabel),
        (labelled(), any::<usize>()).prop_map(|(operation, at)| Mutation::LoseGroup(operation, at)),
        (labelled(), 0..groups().len()).prop_map(|(operation, group)| Mutation::GainGroup(operation, group)),
        (unlabelled(), 0..groups().len()).prop_map(|(operation, group)| Mutation::Label(operation, group)),
        labelled().prop_map(Mutation::Remove),
        ("[a-z]{4,9}", 0..groups().len()).prop_map(|(path, group)| Mutation::Invent(path, group)),
        Just(Mutation::RenameParameters),
        Just(Mutation::Shuffle),
    ]
}

/// Whether the list has the ids of at least half of the scope's groups.
fn holds_half(list: &[GroupFact], scope: Scope) -> bool {
    let ids: Vec<_> = groups().iter().filter(|group| group.scope == scope).filter_map(|group| group.id).collect();
    ids.iter().filter(|id| list.iter().any(|fact| fact.id == **id)).count() * 2 >= ids.len()
}

fn is_labelled(operation: &Operation) -> bool {
    is_of_schema(operation) && operation.provenance == Provenance::Schema
}

/// Whether the catalogue knows better than the schema: a schema that differs is no news then.
fn corrects_the_schema(operation: &Operation) -> bool {
    let better = matches!(operation.provenance, Provenance::Documented | Provenance::Observed);
    better && operation.accepts().next().is_some()
}

/// The catalogue's name for a group in a list of an operation.
fn named(group: &Group) -> String {
    let shared = groups().iter().filter(|other| other.name == group.name).count() > 1;
    if shared { format!("{}@{}", group.name, group.scope) } else { group.name.to_owned() }
}

fn changed(operation: &'static Operation, gained: Vec<String>, lost: Vec<String>) -> Change {
    let was = operation.provenance.word();
    Change::OperationChanged { path: operation.path(), method: operation.method, gained, lost, was }
}

/// The labels of an operation with its own groups.
fn labels(groups: &[&Group]) -> Value {
    json!({ LABEL: groups.iter().map(|group| group.name).collect::<Vec<_>>() })
}

/// Makes the change and says what must be reported.
fn mutate(mutation: Mutation, list: &mut Vec<GroupFact>, document: &mut Value) -> Vec<Change> {
    let at = |list: &[GroupFact], id: GroupId| list.iter().position(|fact| fact.id == id).unwrap();
    let set = |document: &mut Value, operation: &Operation, entry: Value| {
        document["paths"][operation.path()][operation.method.as_str().to_lowercase()] = entry;
    };
    match mutation {
        Mutation::Drop(id) => {
            list.remove(at(list, id));
            let group = group_by_id(id).unwrap();
            let few = !holds_half(list, group.scope);
            if few { vec![] } else { vec![Change::GroupGone { name: group.name, id, scope: group.scope.key() }] }
        }
        Mutation::Rename(id, to) => {
            let position = at(list, id);
            list[position].name.clone_from(&to);
            vec![Change::Renamed { from: group_by_id(id).unwrap().name, to, id }]
        }
        Mutation::Move(id, scope) => {
            let group = group_by_id(id).unwrap();
            let position = at(list, id);
            list[position].scopes = vec![scope.key().to_owned()];
            if group.scope == scope {
                return vec![];
            }
            let (name, to) = (group.name.to_owned(), vec![scope.key().to_owned()]);
            vec![Change::ScopeChanged { name, id, from: Some(group.scope.key()), to }]
        }
        Mutation::Replace(from, new) => {
            let to = GroupId::from_u128(new);
            let position = at(list, from);
            list[position].id = to;
            let group = group_by_id(from).unwrap();
            vec![Change::IdChanged { name: group.name.to_owned(), scope: group.scope.key(), from, to }]
        }
        Mutation::Add(id, name, scope) => {
            let (id, scopes) = (GroupId::from_u128(id), vec![scope.key().to_owned()]);
            list.push(GroupFact { name: name.clone(), id, scopes: scopes.clone(), category: None });
            vec![Change::NewGroup { name, id, scopes }]
        }
        Mutation::Learn(group, id) => {
            let (group, id) = (&groups()[group], GroupId::from_u128(id));
            list.push(fact(group, id));
            vec![Change::IdLearned { name: group.name.to_owned(), id, scopes: vec![group.scope.key().to_owned()] }]
        }
        Mutation::Unlabel(operation) => {
            let operation = &operations()[operation];
            set(document, operation, json!({ LABEL: null }));
            vec![changed(operation, vec![], sorted(operation.accepts().map(named)))]
        }
        Mutation::LoseGroup(operation, at) => {
            let operation = &operations()[operation];
            let known: Vec<_> = operation.accepts().collect();
            let lost = known[at % known.len()].name;
            let kept: Vec<_> = known.iter().copied().filter(|group| group.name != lost).collect();
            set(document, operation, labels(&kept));
            vec![changed(
                operation,
                vec![],
                sorted(known.iter().filter(|group| group.name == lost).map(|group| named(group))),
            )]
        }
        Mutation::GainGroup(operation, group) => {
            let (operation, group) = (&operations()[operation], &groups()[group]);
            let mut known: Vec<_> = operation.accepts().collect();
            if known.iter().any(|known| known.name == group.name) {
                return vec![];
            }
            known.push(group);
            set(document, operation, labels(&known));
            vec![changed(operation, vec![meant(operation, group)], vec![])]
        }
        Mutation::Label(operation, group) => {
            let (operation, group) = (&operations()[operation], &groups()[group]);
            let mut known: Vec<_> = operation.accepts().collect();
            let (path, method, was) = (operation.path(), operation.method, operation.provenance.word());
            if known.iter().any(|known| known.name == group.name) {
                set(document, operation, labels(&known));
                return vec![Change::OperationConfirmed { path, method, was }];
            }
            known.push(group);
            set(document, operation, labels(&known));
            vec![changed(operation, vec![meant(operation, group)], vec![])]
        }
        Mutation::Remove(operation) => {
            let operation = &operations()[operation];
            let item = document["paths"][operation.path()].as_object_mut().unwrap();
            item.remove(&operation.method.as_str().to_lowercase());
            vec![Change::OperationGone { path: operation.path(), method: operation.method }]
        }
        Mutation::Invent(path, group) => {
            let (path, group) = (format!("/zones/{{zone_id}}/zyx_{path}"), &groups()[group]);
            document["paths"][&path] = json!({ "post": labels(&[group]) });
            let groups = groups().iter().filter(|other| other.name == group.name);
            let zone: Vec<_> = groups.clone().filter(|group| group.scope == Scope::Zone).map(named).collect();
            let groups = if zone.is_empty() { sorted(groups.map(named)) } else { zone };
            vec![Change::NewOperation { path, method: Method::Post, groups }]
        }
        Mutation::RenameParameters => {
            let text = document.to_string().replace("{zone_id}", "{zone_identifier}").replace("{account_id}", "{a}");
            *document = serde_json::from_str(&text).unwrap();
            vec![]
        }
        Mutation::Shuffle => {
            list.reverse();
            vec![]
        }
    }
}

/// What a label means at an operation: of a name at two scopes the one of the path.
fn meant(operation: &Operation, group: &Group) -> String {
    let own = if operation.path().starts_with("/zones/") { Scope::Zone } else { Scope::Account };
    groups().iter().find(|other| other.name == group.name && other.scope == own).map_or_else(|| named(group), named)
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn every_single_change_is_reported_and_only_it(mutation in mutation()) {
        let (mut list, mut document) = (live(), DOCUMENT.clone());
        let expected = mutate(mutation, &mut list, &mut document);
        let overlay = overlay(list, ListOwner::User, &document);
        prop_assert_eq!(changes(&overlay), expected.clone());
        // A fact is denied if and only if a change takes something away.
        let takes_away = expected.iter().any(|change| match change {
            Change::GroupGone { .. } | Change::IdChanged { .. } | Change::ScopeChanged { .. } | Change::OperationGone { .. } => true,
            Change::OperationChanged { path, method, gained, lost, .. } => !lost.is_empty() || {
                let called = |operation: &&Operation| operation.path() == *path && operation.method == *method;
                let operation = operations().iter().find(called).unwrap();
                operation.rule == Rule::AnyToken && !gained.is_empty()
            },
            _ => false,
        });
        prop_assert_eq!(!denied(&overlay).is_empty(), takes_away);
    }
}
