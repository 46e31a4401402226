//! Platforms are built from nothing and from anything, taken away, and never double or in somebody's way.

use std::sync::atomic::Ordering;

use flarekeep_cloudflare::{Client, Error, Jurisdiction, NewBucket, NewCustomHostname, NewDnsRecord, NewHostnameSsl};
use flarekeep_sites::infrastructure::{Builder, Conflict, Removal, Step, Survey, Wanted, destroy, difference, survey};
use flarekeep_sites::{Platform, layout};

use crate::support::{ACCOUNT, Death, FOREIGN_ZONE, Local, PENDING_ZONE, ZONE, wanted_in};

fn wanted() -> Wanted {
    wanted_in(ZONE, "example.com")
}

/// What `platform deploy` does.
async fn build(client: &Client, wanted: &Wanted) -> Result<Vec<Step>, Error> {
    let found = survey(client, wanted).await?;
    let steps = difference(wanted, &found).expect("nothing is in the way");
    let mut builder = Builder::new(client, wanted, &found);
    for step in &steps {
        builder.take(step).await?;
    }
    builder.sign().await?;
    Ok(steps)
}

async fn conflicts(client: &Client, wanted: &Wanted) -> Vec<Conflict> {
    difference(wanted, &survey(client, wanted).await.unwrap()).unwrap_err()
}

fn record(name: &str, kind: &str, content: &str, proxied: bool) -> NewDnsRecord {
    let (name, kind, content) = (name.to_owned(), kind.to_owned(), content.to_owned());
    NewDnsRecord { name, kind, content, proxied, ttl: 1, comment: None }
}

fn hostname(name: &str) -> NewCustomHostname {
    let ssl = NewHostnameSsl { method: "http".to_owned(), ..NewHostnameSsl::default() };
    NewCustomHostname { hostname: name.to_owned(), ssl, custom_metadata: None }
}

async fn document(client: &Client) -> Platform {
    let objects = client.objects(ACCOUNT, "sites", Jurisdiction::Default);
    Platform::read(&objects.get(layout::PLATFORM).await.unwrap().expect("it is signed")).unwrap()
}

#[tokio::test]
async fn from_nothing_and_then_nothing_more() {
    let local = Local::start().await;
    let (client, wanted) = (local.client(), wanted());
    let steps = build(&client, &wanted).await.unwrap();
    let pattern = |step: &Step| match step {
        Step::MakeRoute { pattern, .. } => Some(pattern.clone()),
        _ => None,
    };
    let routes: Vec<String> = steps.iter().filter_map(pattern).collect();
    assert_eq!(routes, ["api.example.com/*", "*/*"], "exceptions come first");
    let found = survey(&client, &wanted).await.unwrap();
    assert_eq!(difference(&wanted, &found), Ok(vec![]));
    assert!(!found.subdomain.unwrap().enabled, "no tenant is reached through workers.dev");
    let document = document(&client).await;
    assert_eq!(document.kv_namespace_id, found.namespace.unwrap().id);
    assert_eq!(document.excluded, ["api.example.com/*"]);
    assert_eq!(build(&client, &wanted).await.unwrap(), []);
}

#[tokio::test]
async fn cut_at_any_call_it_is_built_by_the_same_command() {
    let whole = {
        let local = Local::start().await;
        let (client, calls) = local.dying_at(usize::MAX, Death::BeforeItActs);
        build(&client, &wanted()).await.unwrap();
        calls.load(Ordering::SeqCst)
    };
    assert!(whole > 15, "{whole} calls");
    for death in [Death::BeforeItActs, Death::AfterItActed] {
        for call in 0..whole {
            let local = Local::start().await;
            assert!(build(&local.dying_at(call, death).0, &wanted()).await.is_err(), "{death:?} at {call}");
            build(&local.client(), &wanted()).await.unwrap();
            let found = survey(&local.client(), &wanted()).await.unwrap();
            assert_eq!(difference(&wanted(), &found), Ok(vec![]), "{death:?} at {call}");
            assert_eq!((found.records.len(), found.routes.len()), (3, 2), "nothing is double: {death:?} at {call}");
            let namespaces = local.client().kv_namespaces(ACCOUNT).list().await.unwrap();
            assert_eq!(namespaces.len(), 1, "{death:?} at {call}");
        }
    }
}

#[tokio::test]
async fn hosts_that_are_there_stay_what_they_are() {
    let local = Local::start().await;
    let client = local.client();
    let records = client.dns_records(ZONE);
    for (name, proxied) in [("shop.example.com", true), ("mail.example.com", false)] {
        records.create(&record(name, "A", "192.0.2.7", proxied)).await.unwrap();
    }
    records.create(&record("example.com", "TXT", "\"v=spf1 -all\"", false)).await.unwrap();
    build(&client, &wanted()).await.unwrap();
    let routes = client.routes(ZONE).list().await.unwrap();
    let mut exceptions: Vec<&str> =
        routes.iter().filter(|route| route.script.is_none()).map(|route| route.pattern.as_str()).collect();
    exceptions.sort_unstable();
    assert_eq!(exceptions, ["api.example.com/*", "shop.example.com/*"]);
    assert_eq!(client.dns_records(ZONE).list().await.unwrap().len(), 6);
}

#[tokio::test]
async fn what_drifted_is_mended() {
    let local = Local::start().await;
    let (client, wanted) = (local.client(), wanted());
    build(&client, &wanted).await.unwrap();
    let records = client.dns_records(ZONE).list().await.unwrap();
    let wildcard = records.iter().find(|record| record.name == "*.example.com").unwrap();
    let comment = wildcard.comment.clone();
    let bent = NewDnsRecord { comment, ..record("*.example.com", "AAAA", "100::1", false) };
    client.dns_records(ZONE).update(&wildcard.id, &bent).await.unwrap();
    let route = client.routes(ZONE).list().await.unwrap().into_iter().find(|route| route.script.is_some()).unwrap();
    client.routes(ZONE).delete(&route.id).await.unwrap();
    let open = flarekeep_cloudflare::Subdomain { enabled: true, previews_enabled: true };
    client.scripts(ACCOUNT).set_subdomain("site-router", open).await.unwrap();
    let steps = build(&client, &wanted).await.unwrap();
    assert!(
        matches!(&steps[..], [Step::CloseWorkersDev, Step::MendRecord { .. }, Step::MakeRoute { .. }]),
        "{steps:?}"
    );
    assert_eq!(build(&client, &wanted).await.unwrap(), []);
    // Another domain is another binding, and needs records of its own.
    let below = Wanted { domain: "sites.example.com".to_owned(), ..wanted };
    let steps = build(&client, &below).await.unwrap();
    assert_eq!(steps.first(), Some(&Step::UploadRouter { differs: vec!["its bindings"] }));
    assert_eq!(build(&client, &below).await.unwrap(), []);
    let names: Vec<String> =
        client.dns_records(ZONE).list().await.unwrap().into_iter().map(|record| record.name).collect();
    assert!(names.len() == 3 && names.iter().all(|name| name.ends_with(".sites.example.com")), "{names:?}");
    assert_eq!(client.routes(ZONE).list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn nothing_of_others_is_changed() {
    let local = Local::start().await;
    let client = local.client();
    client.dns_records(ZONE).create(&record("*.example.com", "A", "192.0.2.7", true)).await.unwrap();
    client.dns_records(ZONE).create(&record("customers.example.com", "CNAME", "example.org", false)).await.unwrap();
    client.routes(ZONE).create("*/*", None).await.unwrap();
    let eu = NewBucket { name: "sites".to_owned(), ..NewBucket::default() };
    client.buckets(ACCOUNT, Jurisdiction::Eu).create(&eu).await.unwrap();
    client.set_fallback_origin(ZONE, "origin.example.com").await.ok();
    let found = conflicts(&client, &wanted()).await;
    let words: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(matches!(&found[0], Conflict::OtherJurisdiction { found: Jurisdiction::Eu, .. }), "{words:#?}");
    let taken = found.iter().filter(|conflict| matches!(conflict, Conflict::RecordTaken { .. })).count();
    assert_eq!(taken, 2, "{words:#?}");
    assert!(found.iter().any(|conflict| matches!(conflict, Conflict::RouteTaken { script: None, .. })), "{words:#?}");
}

#[tokio::test]
async fn a_zone_must_be_active_and_of_the_account() {
    let local = Local::start().await;
    let client = local.client();
    let pending = conflicts(&client, &wanted_in(PENDING_ZONE, "example.net")).await;
    assert_eq!(pending, [Conflict::NotActive { zone: "example.net".to_owned(), status: "pending".to_owned() }]);
    let foreign = conflicts(&client, &wanted_in(FOREIGN_ZONE, "example.org")).await;
    assert_eq!(foreign, [Conflict::OtherAccount { zone: "example.org".to_owned() }]);
}

#[tokio::test]
async fn taken_away_nothing_of_others_is_missing() {
    let local = Local::start().await;
    let (client, wanted) = (local.client(), wanted());
    client.dns_records(ZONE).create(&record("shop.example.com", "A", "192.0.2.7", true)).await.unwrap();
    client.routes(ZONE).create("www.example.com/*", None).await.unwrap();
    build(&client, &wanted).await.unwrap();
    let objects = client.objects(ACCOUNT, "sites", Jurisdiction::Default);
    objects.put("sites/acme/current.json", "application/json", "{}").await.unwrap();
    client.custom_hostnames(ZONE).create(&hostname("www.acme.test")).await.unwrap();
    client.custom_hostnames(ZONE).create(&hostname("www.others.test")).await.unwrap();
    let hosts = || vec!["www.acme.test".to_owned()];
    let removals = |found: &Survey, document: &Platform| Removal::of(&wanted, found, Some(document), hosts());
    let signed = document(&client).await;
    let all = removals(&survey(&client, &wanted).await.unwrap(), &signed);
    assert!(matches!(&all[0], Removal::Route { pattern, .. } if pattern == "*/*"), "what answers goes first");
    for removal in &all {
        destroy(&client, &wanted, removal).await.unwrap();
    }
    let left = survey(&client, &wanted).await.unwrap();
    assert_eq!(removals(&left, &signed), [Removal::Hostnames { hosts: hosts() }], "the bucket is gone that names them");
    let left_hosts = client.custom_hostnames(ZONE).list(None).await.unwrap();
    assert_eq!(left_hosts.iter().map(|left| left.hostname.as_str()).collect::<Vec<_>>(), ["www.others.test"]);
    assert_eq!((left.records.len(), left.routes.len()), (1, 1));
    assert_eq!((left.bucket, left.namespace, left.script, left.fallback), (None, None, None, None));
}
