//! What people type, and the group that they look for.

use flarekeep_catalogue::{
    GroupProvenance, Matched, NameError, Scope, documented_names, group_by_id, groups, operation, resolve, search,
    synonyms,
};
use proptest::prelude::*;

/// The question and the first answer.
const FIRST: &[(&str, &str)] = &[
    ("dns edit", "DNS Write"),
    ("edit dns", "DNS Write"),
    ("dns", "DNS Read"),
    ("read dns records", "DNS Read"),
    ("create dns record", "DNS Write"),
    ("worker routes", "Workers Routes Read"),
    ("worker route edit", "Workers Routes Write"),
    ("r2", "Workers R2 Storage Read"),
    ("r2 edit", "Workers R2 Storage Write"),
    ("r2 object read", "Workers R2 Storage Read"),
    ("bucket item write", "Workers R2 Storage Bucket Item Write"),
    ("kv", "Workers KV Storage Read"),
    ("kv write", "Workers KV Storage Write"),
    ("worker secret", "Workers Scripts Read"),
    ("put worker secret", "Workers Scripts Write"),
    ("workers", "Workers Scripts Read"),
    ("wrangler deploy", "Workers Scripts Read"),
    ("cron triggers edit", "Workers Scripts Write"),
    ("purge", "Cache Purge"),
    ("purge cache", "Cache Purge"),
    ("cache purge", "Cache Purge"),
    ("clear cache", "Cache Purge"),
    ("cache rules edit", "Cache Settings Write"),
    ("wrokers scrpts", "Workers Scripts Read"),
    ("wrokers scrpts edit", "Workers Scripts Write"),
    ("custom hostname", "SSL and Certificates Read"),
    ("custom hostnames edit", "SSL and Certificates Write"),
    ("tunnel", "Cloudflare Tunnel Read"),
    ("argo tunnel edit", "Cloudflare Tunnel Write"),
    ("cloudflared write", "Cloudflare Tunnel Write"),
    ("waf", "Zone WAF Read"),
    ("zone waf edit", "Zone WAF Write"),
    ("waf zone", "Zone WAF Read"),
    ("redirect", "Dynamic URL Redirects Read"),
    ("bulk redirects edit", "Mass URL Redirects Write"),
    ("turnstile", "Turnstile Sites Read"),
    ("zero trust", "Zero Trust Read"),
    ("teams edit", "Zero Trust Write"),
    ("graphql", "Analytics Read"),
    ("account analytics", "Account Analytics Read"),
    ("zone analytics", "Analytics Read"),
    ("waitingroom", "Waiting Rooms Read"),
    ("page rules", "Page Rules Read"),
    ("pages", "Pages Read"),
    ("cloudflare pages edit", "Pages Write"),
    ("load balancer edit", "Load Balancers Write"),
    ("lb pool", "Load Balancing: Monitors and Pools Read"),
    ("api token", "API Tokens Read"),
    ("billing", "Billing Read"),
    ("d1", "D1 Read"),
    ("queue", "Queues Read"),
    ("hyperdrve", "Hyperdrive Read"),
    ("whoami", "User Details Read"),
    ("members", "Account Settings Read"),
    ("audit logs", "Access: Audit Logs Read"),
    ("logpush edit", "Logs Write"),
    ("letsencrypt edit", "DNS Write"),
    ("Zone:DNS:Edit", "DNS Write"),
    ("4755a26e", "DNS Write"),
    ("4755a26eedb94da69e1066d98aa820be", "DNS Write"),
    ("Page Shield edit", "Domain Page Shield"),
    ("zaraz admin", "Zaraz Admin"),
    ("durable objects", "Workers Scripts Read"),
    ("what permission do I need to purge the cache", "Cache Purge"),
];

#[test]
fn what_people_look_for_comes_first() {
    let mut wrong = Vec::new();
    for (question, expected) in FIRST {
        let hits = search(question);
        let names: Vec<_> = hits.iter().take(4).map(|hit| (hit.group.name, hit.score, hit.matched)).collect();
        if names.first().map(|(name, ..)| name) != Some(expected) {
            wrong.push(format!("{question}: not {expected} but {names:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_group_is_found_by_its_own_name_in_any_spelling() {
    for group in groups() {
        let scope = if group.scope == Scope::Unknown { String::new() } else { format!("{}:", group.scope) };
        // One spelling for each, in turns.
        let spellings = [group.name.to_owned(), group.name.to_lowercase(), format!("{scope}{}", group.name)];
        for spelling in spellings.into_iter().skip(usize::from(group.index) % 3).take(1) {
            let hits = search(&spelling);
            let first = hits.first().unwrap_or_else(|| panic!("{spelling} finds nothing"));
            // Where a name means several groups, any of them may be the first, and this one is as good.
            let ties = match resolve(&spelling) {
                Err(NameError::Ambiguous { groups, .. }) => groups.contains(&first.group),
                _ => false,
            };
            let uncertain = group.name == "Page Shield Write";
            assert!(first.group == group || ties || uncertain, "{spelling}: {}", first.group.name);
        }
        if let Some(id) = group.id {
            assert_eq!(search(&id.to_string())[0].group, group);
            assert_eq!(search(&id.to_string()[..10])[0].matched, Matched::Id);
        }
    }
    for name in documented_names() {
        let group = group_by_id(name.id).unwrap();
        let hits = search(&format!("{}:{}", group.scope, name.dashboard));
        assert_eq!(hits[0].group, group, "{}", name.dashboard);
    }
}

/// A level decides the order, and leaves nothing out.
#[test]
fn levels_rank_and_do_not_exclude() {
    let names = |question: &str| search(question).iter().map(|hit| hit.group.name).collect::<Vec<_>>();
    assert_eq!(names("dns edit")[..2], ["DNS Write", "DNS Read"]);
    assert_eq!(names("dns read")[..2], ["DNS Read", "DNS Write"]);
    assert!(names("zaraz").len() >= 3);
}

#[test]
fn what_is_nothing_finds_nothing() {
    for nothing in ["", " ", "::", "xyzzyplugh", "\u{1b}[2J", "ÄÖÜ"] {
        assert_eq!(search(nothing), [], "{nothing:?}");
    }
    // What only the paths of operations hold.
    let hits = search("leaked credential checks");
    assert!(matches!(hits.first().map(|hit| hit.matched), Some(Matched::Operations(_))), "{hits:?}");
}

/// Each synonym names groups that there are, and where its source is an operation, one of them is accepted there.
#[test]
fn synonyms_mean_groups_and_their_sources_hold() {
    for synonym in synonyms() {
        let hits = search(synonym.words);
        for means in synonym.means {
            assert!(
                hits.iter().any(|hit| means.split(' ').all(|word| hit.group.name.contains(word))),
                "{}: {means}",
                synonym.words
            );
        }
        if let Ok(operation) = operation(synonym.source) {
            let accepted = operation.accepts().any(|group| hits.iter().any(|hit| hit.group == group));
            assert!(accepted, "{}: {}", synonym.words, synonym.source);
        } else {
            assert!(!synonym.source.starts_with(['/', '{']) && !synonym.source.contains("{"), "{}", synonym.source);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_hits_in_order_and_the_same_again(
        text in prop_oneof![any::<String>(), "([a-z0-9]{1,12} ){0,20}", "[0-9a-f]{0,40}"],
    ) {
        let hits = search(&text);
        prop_assert!(hits.is_sorted_by_key(|hit| std::cmp::Reverse(hit.score)));
        prop_assert_eq!(&hits, &search(&text));
        prop_assert!(hits.iter().all(|hit| hit.group.provenance != GroupProvenance::Published || hit.group.id.is_some()));
    }
}
