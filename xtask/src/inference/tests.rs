//! The rules on small tables, against a naive reading, and held to what is claimed of them.

use std::collections::BTreeSet;

use super::hiding::Hiding;
use super::labels::{Class, Operation, levels, operations};
use super::measure::{Tally, hidings, measure};
use super::rule::{Confidence, Neighbours, Rule};
use super::{read, report_of, table, with_report};

fn facts() -> [String; 3] {
    ["catalogue/operations.tsv", "catalogue/permission_groups.tsv", "catalogue/amendments.tsv"]
        .map(|name| read(name).unwrap())
}

/// A table of `METHOD path = group; group`, where `?` stands for no list.
fn small(lines: &[&str]) -> Vec<Operation> {
    let row = |line: &&str| {
        let (call, groups) = line.split_once(" = ").unwrap();
        let (method, path) = call.split_once(' ').unwrap();
        let (groups, provenance) = if groups == "?" { ("", "unknown") } else { (groups, "schema") };
        format!("{path}\t{method}\t\t\t{groups}\t{provenance}\t\n")
    };
    let rows: String = lines.iter().map(row).collect();
    let table = format!("path\tmethod\toperation_id\tproduct\tgroups\tprovenance\tflags\n{rows}");
    operations(&table, "path\tmethod\tflag\tgroups\tprovenance\tsource\n").unwrap()
}

/// What the first operation of such a table is inferred to accept, and why.
fn inferred(lines: &[&str], rule: Option<Rule>) -> Option<(String, String)> {
    let groups = levels("name\tscope\nPages Read\taccount\nPages Write\taccount\n").unwrap();
    let operations = small(lines);
    let neighbours = Neighbours::new(&operations, &groups);
    let answer = match rule {
        Some(rule) => neighbours.apply(rule, 0, &|_| false),
        None => neighbours.infer(0, &|_| false),
    };
    answer.map(|answer| (answer.accepted.join("; "), answer.basis))
}

const PAGES: [&str; 6] = [
    "PUT /accounts/{account_id}/pages/new = ?",
    "POST /accounts/{account_id}/pages/projects = Pages Write",
    "DELETE /accounts/{account_id}/pages/projects/{name} = Pages Write",
    "POST /accounts/{account_id}/pages/domains = Pages Write",
    "POST /accounts/{account_id}/pages/builds = Pages Write",
    "GET /accounts/{account_id}/pages/projects = Pages Read; Pages Write",
];

#[test]
fn neighbours_that_agree_are_believed_and_named() {
    let (accepted, basis) = inferred(&PAGES, None).unwrap();
    assert_eq!(accepted, "Pages Write");
    assert_eq!(basis, "all 4 labelled writes below /accounts/{account_id}/pages accept Pages Write");
    assert_eq!(inferred(&PAGES, Some(Rule::Product)), None, "four are not enough for the product as a whole");
    let five = [&PAGES[..], &["PATCH /accounts/{id}/pages/builds/{id} = Pages Write"]].concat();
    assert!(inferred(&five, Some(Rule::Product)).is_some());
    let another = [&five[..], &["PATCH /accounts/{id}/pages/keys/{id} = Keys Write"]].concat();
    assert_eq!(inferred(&another, None), None, "one that differs is enough to say nothing");
    let nearer = [&another[..], &["POST /accounts/{id}/pages/new = A", "PATCH /accounts/{id}/pages/new = A"]].concat();
    assert_eq!(inferred(&nearer, None).unwrap().0, "A", "the nearest ones count");
    let only_reads = ["PUT /accounts/{id}/pages = ?", "GET /accounts/{id}/pages = R", "GET /accounts/{id}/pages/x = R"];
    assert_eq!(inferred(&only_reads, None), None, "a read says nothing of a write");
}

#[test]
fn the_weak_rules_say_what_they_rest_on() {
    let says =
        |lines: &[&str], rule| inferred(lines, Some(rule)).map(|(accepted, basis)| format!("{accepted}: {basis}"));
    let settings = ["GET /zones/{zone_id}/settings/nel = ?", "GET /zones/{zone_id}/settings/{setting_id} = A; B"];
    let template = "A; B: GET /zones/{zone_id}/settings/{setting_id} covers it and accepts A or B";
    assert_eq!(says(&settings, Rule::Template).unwrap(), template);
    let one = "A; B: the only labelled read below /zones/{zone_id}/settings accepts A or B";
    assert_eq!(says(&settings, Rule::OneNeighbour).unwrap(), one);
    let differ = ["GET /zones/{z}/x/y = ?", "GET /zones/{z}/x/a = A; B; C; D", "GET /zones/{z}/x/b = B; C; D; E"];
    let common = "B; C; D: the 2 labelled reads below /zones/{z}/x differ, and all accept B, C or 1 more";
    assert_eq!(says(&differ, Rule::Common).unwrap(), common);
    let named = ["GET /accounts/{a}/pages/x = ?"];
    let name = "Pages Read; Pages Write: the path is named as Pages Read or Pages Write is";
    assert_eq!(says(&named, Rule::Name).unwrap(), name);
    let twin = ["GET /accounts/{a}/tags = ?", "GET /zones/{z}/tags = T"];
    assert_eq!(says(&twin, Rule::Twin).unwrap(), "T: GET /zones/{z}/tags accepts T");
}

#[test]
fn nothing_is_said_where_another_credential_is_likely() {
    for path in ["/tenants/{t}/a", "/radar/x/a", "/organizations/{o}/a", "/pages/assets/a", "/internal/submit/a"] {
        let beside = ["b", "c", "d"].map(|last| format!("GET {}{last} = A", path.trim_end_matches('a')));
        let lines: Vec<String> = [format!("GET {path} = ?")].into_iter().chain(beside).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert!(Rule::ALL.into_iter().all(|rule| inferred(&lines, Some(rule)).is_none()), "{path}");
    }
    let token = ["GET /accounts/{a}/t/{id}/token = ?", "GET /accounts/{a}/t/x = R", "GET /accounts/{a}/t/y = R"];
    assert_eq!(inferred(&token, None), None, "a read that hands out a credential may ask for a write");
    let upload = ["POST /accounts/{a}/t/{id}/token = ?", "POST /accounts/{a}/t/x = W", "PUT /accounts/{a}/t/y = W"];
    assert!(inferred(&upload, None).is_some());
}

/// The same rules read from the definition, with neither index nor prefix table.
fn naive(operations: &[Operation], at: usize, hidden: &dyn Fn(usize) -> bool) -> Option<Vec<String>> {
    let operation = &operations[at];
    let root = operation.root()?;
    let words = ["token", "tokens", "secret", "secrets", "credential", "credentials", "jwt", "jwts"];
    let last = operation.segments.iter().rfind(|segment| *segment != "{}").unwrap();
    if operation.method == "GET" && last.split(['-', '_']).any(|word| words.contains(&word)) {
        return None;
    }
    let shared = |other: &Operation| other.segments.iter().zip(&operation.segments).take_while(|(a, b)| a == b).count();
    let labelled: Vec<&Operation> = (0..operations.len())
        .filter(|other| *other != at && !hidden(*other) && operations[*other].is_labelled())
        .map(|other| &operations[other])
        .filter(|other| (other.method == "GET") == (operation.method == "GET") && shared(other) >= root)
        .collect();
    let resources: BTreeSet<_> = labelled.iter().map(|other| other.segments.get(root)).collect();
    let agree = |found: &[&Operation]| found.windows(2).all(|pair| pair[0].accepted == pair[1].accepted);
    if labelled.len() >= 5 && resources.len() >= 3 && agree(&labelled) {
        return Some(labelled[0].accepted.clone());
    }
    let longest = labelled.iter().map(|other| shared(other)).max()?;
    let nearest: Vec<&Operation> = labelled.into_iter().filter(|other| shared(other) == longest).collect();
    (nearest.len() >= 2 && agree(&nearest)).then(|| nearest[0].accepted.clone())
}

#[test]
fn the_rules_do_what_their_definition_says() {
    let [table, groups, amendments] = facts();
    let (operations, levels) = (operations(&table, &amendments).unwrap(), levels(&groups).unwrap());
    let neighbours = Neighbours::new(&operations, &levels);
    let nothing: Vec<usize> = Vec::new();
    let random = Hiding::Random.sets(&operations);
    let mut answered = 0;
    for (round, set) in [&nothing].into_iter().chain(random.iter().take(2)).enumerate() {
        let hidden: BTreeSet<usize> = set.iter().copied().collect();
        // Everything once, and then what is hidden; the naive reading is slow.
        for at in (0..operations.len()).filter(|at| if round == 0 { at % 3 == 0 } else { hidden.contains(at) }) {
            let answer = neighbours.infer(at, &|other| hidden.contains(&other)).map(|answer| answer.accepted);
            assert_eq!(answer, naive(&operations, at, &|other| hidden.contains(&other)), "{}", operations[at].path);
            answered += usize::from(answer.is_some());
        }
    }
    assert!(answered > 300, "{answered}");
}

#[test]
fn what_is_hidden_is_not_seen() {
    let [table, groups, amendments] = facts();
    let (operations, levels) = (operations(&table, &amendments).unwrap(), levels(&groups).unwrap());
    let neighbours = Neighbours::new(&operations, &levels);
    for set in Hiding::Random.sets(&operations).into_iter().take(5) {
        let hidden: BTreeSet<usize> = set.iter().copied().collect();
        let mut spoilt = operations.clone();
        set.iter().for_each(|at| spoilt[*at].accepted = vec!["a group that is nowhere else".to_owned()]);
        let spoilt_neighbours = Neighbours::new(&spoilt, &levels);
        for at in set {
            for rule in Rule::ALL {
                let is_hidden = |other: usize| hidden.contains(&other);
                let answers = [&neighbours, &spoilt_neighbours].map(|from| from.apply(rule, at, &is_hidden));
                assert_eq!(answers[0], answers[1], "{rule:?} looks at what is hidden: {}", operations[at].path);
            }
        }
    }
}

#[test]
fn each_confidence_holds_what_it_claims() {
    let [table, groups, amendments] = facts();
    let (operations, levels) = (operations(&table, &amendments).unwrap(), levels(&groups).unwrap());
    let neighbours = Neighbours::new(&operations, &levels);
    for (hiding, sets) in hidings(&operations) {
        if !matches!(hiding, Hiding::Single | Hiding::Block) {
            continue;
        }
        for confidence in [Confidence::High, Confidence::Medium] {
            let tally = measure(&operations, &neighbours, &sets, None, |neighbours, at, hidden| {
                neighbours.infer(at, hidden).filter(|answer| answer.rule.confidence() == confidence)
            });
            let soundness = tally.soundness().unwrap();
            assert!(tally.answered > 100 && soundness >= confidence.bar(), "{hiding:?} {confidence:?}: {tally:?}");
        }
    }
}

/// What docs/catalogue.md says of why nothing was labelled.
#[test]
fn the_surest_rule_is_not_sure_enough_of_writes_and_has_nothing_to_label() {
    let [table, groups, amendments] = facts();
    let (operations, levels) = (operations(&table, &amendments).unwrap(), levels(&groups).unwrap());
    let neighbours = Neighbours::new(&operations, &levels);
    let high = |neighbours: &Neighbours<'_>, at: usize, hidden: &dyn Fn(usize) -> bool| {
        neighbours.infer(at, hidden).filter(|answer| answer.rule.confidence() == Confidence::High)
    };
    for hiding in [Hiding::Block, Hiding::Tag] {
        let tally = measure(&operations, &neighbours, &hiding.sets(&operations), Some(Class::Write), high);
        assert!(tally.soundness().unwrap() < Confidence::High.bar(), "{hiding:?}: {tally:?}");
    }
    let open = (0..operations.len()).filter(|at| operations[*at].is_open());
    assert_eq!(open.filter(|at| high(&neighbours, *at, &|_| false).is_some()).count(), 0);
}

#[test]
fn an_answer_is_counted() {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    let mut tally = Tally::default();
    let truth = list(&["A", "B"]);
    for answer in [Some(list(&["A", "B"])), Some(list(&["B"])), Some(list(&["B", "C"])), None] {
        tally.count(&truth, answer.as_ref());
    }
    assert_eq!((tally.asked, tally.answered, tally.equal, tally.sound), (4, 3, 1, 2));
    assert_eq!((tally.groups_named, tally.groups_right, tally.groups_true), (5, 4, 8));
    assert_eq!((tally.coverage(), tally.group_precision(), tally.group_recall()), (Some(0.75), Some(0.8), Some(0.5)));
    assert_eq!(Tally::default().soundness(), None);
}

#[test]
fn the_page_shows_what_is_measured_now() {
    let [operations, groups, amendments] = facts();
    let page = read("docs/catalogue.md").unwrap();
    let now = with_report(
        &page,
        &report_of(&operations, &groups, &amendments, &read("catalogue/additions.tsv").unwrap()).unwrap(),
    )
    .unwrap();
    assert!(page == now, "docs/catalogue.md is out of date: run `cargo xtask inference --write`");
}

#[test]
fn the_evidence_is_what_the_rules_give_now() {
    let [operations, groups, _] = facts();
    let now = table(&operations, &groups).unwrap();
    let kept = read("catalogue/inferred.tsv").unwrap();
    assert!(kept == now, "catalogue/inferred.tsv is out of date: run `cargo xtask inference --write`");
}
