use proptest::prelude::*;

use super::*;

const ZONE: &str = "9a7806061c88ada191ed06f989cc3dac";
const OTHER_ZONE: &str = "aaaa06061c88ada191ed06f989cc3dac";
const ACCOUNT: &str = "023e105f4ecef8ad9ca31a8372d0c353";

fn read(failed: Failed, calls: &[(&str, &str, Option<u16>)]) -> Reading {
    let mut found = Calls::new("x.har", failed);
    for (at, (method, target, status)) in calls.iter().enumerate() {
        found.add(&Call { method, target, status: *status, at: At::Line(at + 1), ..Call::default() });
    }
    found.finish()
}

fn done(calls: &[(&str, &str)]) -> Reading {
    let calls: Vec<_> = calls.iter().map(|(method, target)| (*method, *target, Some(200))).collect();
    read(Failed::Include, &calls)
}

fn needs(reading: &Reading) -> Vec<String> {
    reading
        .needs
        .iter()
        .map(|need| {
            let Place { account, zone, bucket } = &need.place;
            let mut text = need.operation.to_string();
            text.extend(account.map(|id| format!(" account {id}")));
            text.extend(zone.as_ref().map(|zone| match zone {
                ZoneName::Id(id) => format!(" zone {id}"),
                ZoneName::Host(host) => format!(" host {host}"),
                other => format!(" {other:?}"),
            }));
            text.extend(bucket.as_ref().map(|bucket| format!(" bucket {}/{}", bucket.jurisdiction, bucket.name)));
            text
        })
        .collect()
}

#[test]
fn a_call_is_its_operation_at_the_ids_of_its_path() {
    let api = "https://api.cloudflare.com/client/v4";
    let reading = done(&[
        ("GET", &format!("{api}/zones/{ZONE}/dns_records?page=2#x")),
        ("get", &format!("{api}/zones/{ZONE}/dns%5Frecords/")),
        ("PUT", &format!("{api}/accounts/{ACCOUNT}/workers/scripts/shop?excludeScript=true")),
        ("PUT", &format!("{api}/zones/{ZONE}/rulesets/phases/http_ratelimit/entrypoint")),
        ("GET", &format!("{api}/user/tokens/verify")),
        ("POST", &format!("{api}/zones")),
        ("PUT", &format!("https://{ACCOUNT}.eu.r2.cloudflarestorage.com/media/a%20b?x-id=PutObject")),
        ("OPTIONS", &format!("{api}/zones/{ZONE}/dns_records")),
    ]);
    assert_eq!(
        needs(&reading),
        [
            format!("GET /zones/{{zone_id}}/dns_records zone {ZONE}"),
            format!("PUT /accounts/{{account_id}}/workers/scripts/{{script_name}} account {ACCOUNT}"),
            format!("PUT /zones/{{zone_id}}/rulesets/phases/http_ratelimit/entrypoint zone {ZONE}"),
            "GET /user/tokens/verify".to_owned(),
            "POST /zones Every".to_owned(),
            format!("PUT s3://{{bucket_name}}/{{object_key}} account {ACCOUNT} bucket eu/media"),
        ]
    );
    assert_eq!(reading.needs[0].why, "GET /zones/{zone_id}/dns_records (2 calls)");
    assert_eq!(reading.needs[0].origin.to_string(), "x.har:1");
    assert!(reading.unread.is_empty());
}

#[test]
fn a_list_of_zones_is_called_for_the_zones_that_are_called_on() {
    let named = ("GET", "/zones?per_page=1&name=Shop.Example.com");
    let (records, others) = (format!("/zones/{ZONE}/dns_records"), format!("/zones/{OTHER_ZONE}/dns_records"));
    let list = |calls: &[(&str, &str)]| {
        needs(&done(calls))
            .into_iter()
            .filter(|need| need.starts_with("GET /zones ") || need == "GET /zones")
            .collect::<Vec<_>>()
    };
    assert_eq!(list(&[named]), ["GET /zones host shop.example.com"]);
    assert_eq!(list(&[named, ("GET", &records)]), [format!("GET /zones zone {ZONE}")]);
    assert_eq!(list(&[named, ("GET", &records), ("GET", &others)]), ["GET /zones host shop.example.com"]);
    assert_eq!(list(&[("GET", "/zones")]), ["GET /zones"]);
    let both = list(&[("GET", "/zones"), ("GET", &records), ("GET", &others)]);
    assert_eq!(both, [format!("GET /zones zone {ZONE}"), format!("GET /zones zone {OTHER_ZONE}")]);
    assert_eq!(list(&[("GET", &format!("/zones?account.id={ACCOUNT}"))]), [format!("GET /zones account {ACCOUNT}")]);
    assert_eq!(list(&[("GET", "/zones?name=contains%3Ashop")]), ["GET /zones"]);
}

#[test]
fn what_a_source_says_of_a_zone_goes_before_a_guess() {
    let mut calls = Calls::new("x.har", Failed::Include);
    calls.zones.add("example.com", OTHER_ZONE.parse().unwrap(), None);
    for target in ["/zones?name=example.com", &format!("/zones/{ZONE}/dns_records")] {
        calls.add(&Call { method: "GET", target, ..Call::default() });
    }
    assert_eq!(needs(&calls.finish())[0], "GET /zones host example.com");
}

#[test]
fn failed_calls_count_or_not() {
    let zone = |rest: &str| format!("/zones/{ZONE}/{rest}");
    let calls = [
        ("GET", zone("dns_records"), Some(200)),
        ("POST", zone("dns_records"), Some(403)),
        ("GET", zone("settings"), Some(404)),
        ("POST", zone("purge_cache"), Some(429)),
        ("POST", zone("purge_cache"), Some(200)),
        ("GET", zone("firewall/rules"), None),
    ];
    let calls: Vec<_> = calls.iter().map(|(method, target, status)| (*method, target.as_str(), *status)).collect();
    let count = |failed| read(failed, &calls).needs.len();
    assert_eq!((count(Failed::Include), count(Failed::Exclude), count(Failed::Only)), (5, 3, 3));
    let needs = read(Failed::Include, &calls).needs;
    let whys: Vec<_> = needs.iter().map(|need| need.why.rsplit_once(" (").unwrap().1).collect();
    assert_eq!(whys[1..4], ["refused)", "1 call)", "2 calls)"]);
}

#[test]
fn what_no_operation_answers_is_said_once_and_without_what_it_holds() {
    let secret = format!("cf{}_{}", "ut", "aB3".repeat(15));
    let reading = done(&[
        ("GET", &format!("/zones/{ZONE}/nowhere?token={secret}")),
        ("GET", &format!("/zones/{OTHER_ZONE}/nowhere")),
        ("POST", &format!("/nowhere/{secret}/\u{1b}[2J")),
        ("GET", &format!("https://{ACCOUNT}.r2.cloudflarestorage.com/media?acl&X-Amz-Signature={secret}")),
        ("POST", "https://api.cloudflare.com/client/v4/graphql"),
        ("POST", "/pages/assets/upload"),
        ("GET", "https://example.com/a"),
        ("GET", "https://example.com/b"),
    ]);
    assert!(reading.needs.is_empty());
    let said = reading.unread.iter().chain(&reading.left_out);
    let said: Vec<_> = said.map(|unread| format!("{}: {}", unread.origin, unread.what)).collect();
    assert_eq!(
        said,
        [
            "x.har:1: no known operation answers `GET /zones/{id}/nowhere`",
            "x.har:3: no known operation answers `POST /nowhere/[hidden]/…`",
            "x.har:4: no known operation answers `GET an address of R2's S3 face`",
            "x.har:5: what `POST /graphql` asks for is in its body, which is not read: \
             give --operation 'POST /graphql#account' or --operation 'POST /graphql#zone'",
            "x.har: 1 call to upload assets, with a credential of their own",
            "x.har: 2 calls to others than Cloudflare's API",
        ]
    );
}

#[test]
fn an_operation_that_is_known_wins_over_the_address() {
    let mut calls = Calls::new("x.jsonl", Failed::Include);
    let operation = flarekeep_catalogue::operation("PUT s3://{bucket_name}/{object_key}").ok();
    calls.add(&Call { method: "PUT", target: "http://127.0.0.1:9000/media/a.png", operation, ..Call::default() });
    let operation = flarekeep_catalogue::operation("POST /graphql#zone").ok();
    calls.add(&Call { method: "POST", target: "/client/v4/graphql", operation, ..Call::default() });
    let found = needs(&calls.finish());
    assert_eq!(found, ["PUT s3://{bucket_name}/{object_key} bucket default/media", "POST /graphql#zone"]);
}

#[test]
fn there_is_a_bound_to_everything() {
    let mut calls = Calls::new("x", Failed::Include);
    for at in 0..MOST_NEEDS + 100 {
        let target = format!("/zones/{at:032x}/dns_records");
        calls.add(&Call { method: "GET", target: &target, ..Call::default() });
        calls.add(&Call { method: "GET", target: &format!("/nowhere/x{}", "a".repeat(at % 90)), ..Call::default() });
    }
    let reading = calls.finish();
    assert_eq!((reading.needs.len(), reading.unread.len()), (MOST_NEEDS, MOST_UNREAD + 2));
    assert!(reading.unread.last().unwrap().what.starts_with("100 calls more beyond"));
}

proptest! {
    #[test]
    fn nothing_panics_and_nothing_hostile_is_said(method in "GET|POST|HEAD|x", target in "\\PC{0,60}|(https?://)?[a-z0-9.@:/?&=%#\u{1b}-]{0,80}") {
        let reading = read(Failed::Include, &[(&method, &target, Some(200))]);
        for unread in &reading.unread {
            prop_assert!(!unread.what.contains(flarekeep_catalogue::is_hostile), "{}", unread.what);
        }
    }

    #[test]
    fn order_and_repetition_change_no_need(picks in prop::collection::vec(0usize..6, 1..30)) {
        let all = [
            ("GET", format!("/zones/{ZONE}/dns_records")), ("POST", format!("/zones/{ZONE}/dns_records")),
            ("GET", format!("/accounts/{ACCOUNT}/workers/scripts")), ("GET", "/zones?name=example.com".to_owned()),
            ("GET", format!("/zones/{OTHER_ZONE}/settings")), ("GET", "/user".to_owned()),
        ];
        let pick = |order: &[usize]| {
            let calls: Vec<_> = order.iter().map(|at| (all[*at].0, all[*at].1.as_str())).collect();
            needs(&done(&calls)).into_iter().collect::<BTreeSet<_>>()
        };
        let mut other = picks.clone();
        other.reverse();
        other.extend(&picks);
        prop_assert_eq!(pick(&picks), pick(&other));
    }
}
