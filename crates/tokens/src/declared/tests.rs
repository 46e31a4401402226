//! Declarations read, placed and compared.

use std::net::IpAddr;

use flarekeep_catalogue::{AccountId, ZoneId, operations, recipe};
use flarekeep_cloudflare::{self as api, Token};
use flarekeep_policy::{BucketKey, CompiledToken, Owner, Ownership, Request, Resource, Status, UnixSeconds};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::samples::{ACCOUNT, any_token, known_token, now, respelled, wanted};
use super::*;
use crate::translate::{GroupIds, token_from_wire};

fn living(token: &Token, owner: api::Owner) -> Living<'_> {
    Living { token, owner, delivered: None }
}

fn compared(wanted: &Wanted, token: &Token) -> Difference {
    difference(wanted, Some(&living(token, wanted.owner)), &Ownership::new(), now()).unwrap()
}

fn owners() -> impl Strategy<Value = api::Owner> {
    prop::sample::select(vec![api::Owner::User, api::Owner::Account(ACCOUNT)])
}

/// What a file declares, without looking anything up.
fn declared(text: &str) -> Vec<Wanted> {
    let document = Document::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let place = |token: &Declared| {
        let recipes = token.purpose.recipes.iter().map(|name| recipe(name).unwrap()).collect();
        let places = Places {
            accounts: [("Acme".to_owned(), ACCOUNT)].into(),
            zones: [("example.com".to_owned(), (ZoneId::from_u128(1), Some(ACCOUNT)))].into(),
        };
        let placed = token.place(&places, &Sources { recipes, plan: None }, now());
        placed.unwrap_or_else(|error| panic!("{error}\n{text}")).wanted(&GroupIds::default()).unwrap()
    };
    document.tokens.iter().map(place).collect()
}

fn refused(text: &str) -> String {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => return error.problem.hint().map_or(error.to_string(), |hint| format!("{error} ({hint})")),
    };
    let place = |token: &Declared| {
        let recipes = token.purpose.recipes.iter().map(|name| recipe(name).unwrap()).collect();
        token.place(&Places::default(), &Sources { recipes, plan: None }, now()).err()
    };
    let error = document.tokens.iter().find_map(place).expect("nothing was refused");
    error.hint().map_or(error.to_string(), |hint| format!("{error} ({hint})"))
}

/// Every request of every operation at the places that the generated tokens name, and at any other, by whomever owns a
/// zone: what the compared tokens may do, decided one by one.
fn requests(owner: api::Owner) -> impl Iterator<Item = Request> {
    let accounts = [ACCOUNT, AccountId::from_u128(0xa2), AccountId::from_u128(0xa3)];
    let buckets = accounts.into_iter().flat_map(|account| {
        [("default", "media"), ("eu", "media"), ("default", "Not_a bucket"), ("default", "another")].map(
            |(jurisdiction, name)| BucketKey { account, jurisdiction: jurisdiction.to_owned(), name: name.to_owned() },
        )
    });
    let buckets: Vec<BucketKey> = buckets.collect();
    operations().iter().flat_map(move |operation| {
        let user = (owner == api::Owner::User).then_some(flarekeep_catalogue::UserId::from_u128(0x41));
        let request =
            Request { operation, user, account: None, zone: None, bucket: None, ip: None, at: UnixSeconds(0) };
        if operation.names_zone() {
            let zones = [1, 2, 3].map(ZoneId::from_u128);
            let at = |(zone, account)| Request { zone: Some(zone), account: Some(account), ..request.clone() };
            return zones
                .into_iter()
                .flat_map(|zone| accounts.map(|account| (zone, account)))
                .map(at)
                .collect::<Vec<_>>();
        }
        if operation.names_bucket() {
            let at = |bucket: &BucketKey| Request {
                account: Some(bucket.account),
                bucket: Some(bucket.clone()),
                ..request.clone()
            };
            return buckets.iter().map(at).collect();
        }
        if operation.names_account() || operation.is_s3() {
            return accounts.map(|account| Request { account: Some(account), ..request.clone() }).to_vec();
        }
        vec![request]
    })
}

fn compiled(token: &Token, owner: api::Owner) -> CompiledToken {
    let mut read = token_from_wire(token, owner).unwrap();
    read.status = Status::Active;
    (read.not_before, read.expires_on, read.ip) = (None, None, flarekeep_policy::IpCondition::default());
    if let Owner::User(user) = &mut read.owner {
        *user = flarekeep_catalogue::UserId::from_u128(0x41);
    }
    read.compile()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn another_spelling_is_no_drift(token in any_token(), owner in owners(), seed: u64) {
        let other = respelled(&token, seed);
        let found = compared(&wanted(&token, owner), &other);
        prop_assert_eq!(found.kind, Kind::Unchanged, "{:?}", found);
        prop_assert!(found.gained.is_empty() && found.lost.is_empty() && found.terms.is_empty());
    }

    #[test]
    fn what_is_imported_reads_back_unchanged(tokens in prop::collection::vec((any_token(), owners()), 1..5), seed: u64) {
        let here: Vec<Living<'_>> = tokens.iter().map(|(token, owner)| living(token, *owner)).collect();
        let import = import(&here, now());
        // Generated ones can begin after their end, and be left out for that alone.
        prop_assert_eq!(import.imported.len() + import.left_out.len(), tokens.len());
        let wanted = declared(&import.text);
        prop_assert_eq!(wanted.len(), import.imported.len());
        for (wanted, imported) in import.imported.iter().map(|one| (wanted.iter().find(|wanted| wanted.key == one.key).unwrap(), one)) {
            let (token, owner) = tokens.iter().find(|(token, _)| token.id == imported.id).unwrap();
            prop_assert_eq!(wanted.owner, *owner);
            let found = difference(wanted, Some(&living(&respelled(token, seed), *owner)), &Ownership::new(), now()).unwrap();
            prop_assert_eq!(found.kind, Kind::Unchanged, "{:?}\n{}", found, import.text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Against every operation asked at every place, one by one.
    #[test]
    fn gained_and_lost_are_what_decisions_say(old in known_token(), new in known_token(), owner in owners(), mix: bool) {
        // Two tokens that have much in common differ in less.
        let mut new = Token { name: old.name.clone(), condition: old.condition.clone(), not_before: old.not_before,
            expires_on: old.expires_on, status: old.status.clone(), ..new };
        if mix {
            new.policies.extend(old.policies.clone());
        }
        let (before, after) = (compiled(&old, owner), compiled(&new, owner));
        let (mut gains, mut loses) = (false, false);
        for request in requests(owner) {
            match (before.decide(&request).allow, after.decide(&request).allow) {
                (false, true) => gains = true,
                (true, false) => loses = true,
                _ => {}
            }
        }
        let found = compared(&wanted(&new, owner), &old);
        prop_assert_eq!((found.widens, found.narrows), (gains, loses), "{:?}", found);
        prop_assert_eq!(found.is_drift(), gains || loses);
        prop_assert_eq!(found.example.is_some(), gains);
    }

    #[test]
    fn addresses_differ_where_one_address_does(old in known_token(), new in known_token()) {
        let new = Token { condition: new.condition, ..old.clone() };
        let admits = |token: &Token, address: &str| {
            let read = token_from_wire(token, api::Owner::User).unwrap();
            read.ip.admits(Some(address.parse::<IpAddr>().unwrap()))
        };
        // One of each piece into which the generated ranges cut the addresses.
        let pieces = ["203.0.113.7", "203.0.113.8", "203.0.113.200", "10.0.0.1", "198.51.100.1", "2001:db8::1", "2001:db8::2", "2001::1"];
        let (mut gains, mut loses) = (false, false);
        for address in pieces {
            gains |= admits(&new, address) && !admits(&old, address);
            loses |= admits(&old, address) && !admits(&new, address);
        }
        let found = compared(&wanted(&new, api::Owner::User), &old);
        prop_assert_eq!((found.widens, found.narrows), (gains, loses), "{:?}", found);
    }
}

const PLAIN: &str = r#"
[defaults]
owner = "account"
account = "Acme"
project = "shop"
environment = "prod"
expires = "90d"
allow_ips = ["203.0.113.0/24"]
rotate_every = "30d"

[token.dns-updater]
recipe = "cert-manager-dns01"
zones = ["example.com"]
sinks = "env:.env:CF_DNS_TOKEN"

[token.media]
purpose = "uploads"
allow_ips = []
expires = "never"
[[token.media.grant]]
permissions = "Workers R2 Storage Bucket Item Write"
buckets = ["eu/media"]
[[token.media.grant]]
permissions = ["Zone:DNS:Read", "Workers Scripts Write"]
zones = ["example.com", "*"]
account = "Acme"
effect = "deny"
"#;

fn made(wanted: &Wanted, at: Timestamp) -> Token {
    let new = wanted.new_token(at);
    Token {
        id: flarekeep_catalogue::TokenId::from_u128(7),
        name: new.name,
        status: api::Status::Active,
        issued_on: Some(at),
        modified_on: Some(at),
        last_used_on: None,
        not_before: new.not_before,
        expires_on: new.expires_on,
        condition: new.condition,
        policies: new.policies,
    }
}

#[test]
fn a_file_reads_with_its_defaults() {
    let tokens = declared(PLAIN);
    let [dns, media] = tokens.as_slice() else { panic!("{tokens:?}") };
    assert_eq!((dns.name.as_str(), media.name.as_str()), ("shop-dns-updater-prod", "shop-uploads-prod"));
    assert_eq!(dns.owner, api::Owner::Account(ACCOUNT));
    assert_eq!((dns.end, media.end), (End::After("90d".parse().unwrap()), End::Never));
    assert_eq!(dns.allow_ips.len(), 1);
    assert!(media.allow_ips.is_empty());
    assert_eq!(dns.sinks, ["env:.env:CF_DNS_TOKEN"]);
    assert_eq!(dns.rotate_every.map(|age| age.to_string()).as_deref(), Some("30d"));
    let keys = |policy: &api::Policy| policy.resources.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&media.policies[0]), [format!("com.cloudflare.edge.r2.bucket.{ACCOUNT}_eu_media")]);
    let denied: Vec<_> = media.policies.iter().filter(|policy| policy.effect == api::Effect::Deny).collect();
    // Each permission stands at the places of its own scope.
    let scripts =
        denied.iter().find(|policy| policy.permission_groups[0].name.as_deref() == Some("Workers Scripts Write"));
    assert_eq!(keys(scripts.unwrap()), [format!("com.cloudflare.api.account.{ACCOUNT}")]);
    assert_eq!(
        denied.iter().filter(|policy| policy.permission_groups[0].name.as_deref() == Some("DNS Read")).count(),
        1
    );
}

#[test]
fn an_end_that_comes_nearer_is_no_drift() {
    let wanted = &declared(PLAIN)[0];
    let token = made(wanted, now());
    let day = |day: i64| now() + SignedDuration::from_hours(24 * day);
    let at =
        |token: &Token, time| difference(wanted, Some(&living(token, wanted.owner)), &Ownership::new(), time).unwrap();
    for days in [0, 1, 30, 89] {
        assert_eq!(at(&token, day(days)).kind, Kind::Unchanged, "{days}");
    }
    let over = at(&token, day(90));
    assert_eq!((over.kind, over.reasons.as_slice()), (Kind::Replace, &[Reason::Expired][..]));
    assert!(!over.widens && !over.narrows, "{over:?}");
    // No end, one that is too far away, and one of a shorter life.
    let endless = at(&Token { expires_on: None, ..token.clone() }, day(1));
    assert_eq!((endless.kind, endless.terms[0].to.as_str()), (Kind::Narrow, "2027-03-02T00:00:00Z"));
    let late = Token { expires_on: Some(day(200)), ..token.clone() };
    assert_eq!(at(&late, day(1)).kind, Kind::Narrow);
    assert_eq!(at(&late, day(110)).kind, Kind::Unchanged);
    let short = at(&Token { expires_on: Some(day(30)), ..token.clone() }, day(1));
    assert_eq!((short.kind, short.terms[0].to.as_str()), (Kind::Widen, "2027-03-01T00:00:00Z"));
    // What is done about it is no drift afterwards.
    for was in [Token { expires_on: None, ..token.clone() }, late, Token { expires_on: Some(day(30)), ..token.clone() }]
    {
        let mended = Token { expires_on: wanted.update(&was, day(1)).expires_on, ..was };
        assert_eq!(at(&mended, day(1)).kind, Kind::Unchanged);
        assert_eq!(at(&mended, day(20)).kind, Kind::Unchanged);
    }
}

/// A successor that lives longer than the old token did is allowed more; `--no-widen` must see it.
#[test]
fn a_longer_life_after_the_end_widens() {
    let wanted = declared(PLAIN).remove(0);
    let token = made(&wanted, now());
    let later = now() + SignedDuration::from_hours(24 * 91);
    let after = |end| {
        let wanted = Wanted { end, ..wanted.clone() };
        let found = difference(&wanted, Some(&living(&token, wanted.owner)), &Ownership::new(), later).unwrap();
        assert_eq!(found.kind, Kind::Replace);
        (found.widens, found.narrows)
    };
    assert_eq!(after(wanted.end), (false, false));
    assert_eq!(after(End::Never), (true, false));
    assert_eq!(after(End::After("91d".parse().unwrap())), (true, false));
    assert_eq!(after(End::After("30d".parse().unwrap())), (false, true));
    assert_eq!(after(End::At(later + SignedDuration::from_hours(24 * 90))), (false, false));
    assert_eq!(after(End::At(later + SignedDuration::from_hours(24 * 100))), (true, false));
}

#[test]
fn what_is_made_opens_something() {
    let wanted = declared(PLAIN).remove(0);
    let found = difference(&wanted, None, &Ownership::new(), now()).unwrap();
    assert!(found.opens() && found.remarks.is_empty());
    assert!(!compared(&wanted, &made(&wanted, now())).opens());
    // It would end first.
    let late = Wanted { rotate_every: Some("90d".parse().unwrap()), ..wanted };
    assert_eq!(difference(&late, None, &Ownership::new(), now()).unwrap().remarks.len(), 1);
    assert_eq!(compared(&late, &made(&late, now())).remarks.len(), 2, "and nobody knows who holds it");
}

#[test]
fn more_tokens_than_can_be_are_refused_at_once() {
    let token = |number: usize| format!("[token.t{number}]\nrecipe = \"cert-manager-dns01\"\n");
    let text = |tokens| (0..tokens).map(token).collect::<String>();
    assert!(refused(&text(1_001)).contains("1001 tokens are declared, and 1,000 at most are taken"));
    assert_eq!(Document::parse(&text(1_000)).unwrap().tokens.len(), 1_000);
}

#[test]
fn other_variables_of_one_file_are_other_sinks() {
    let token = |key: &str, sinks: &str| format!("[token.{key}]\nrecipe = \"cert-manager-dns01\"\nsinks = [{sinks}]\n");
    Document::parse(&(token("x", "\"env:.env:A\", \"file:a\"") + &token("y", "\"env:.env:B\", \"file:b\""))).unwrap();
    let project = "[defaults]\nproject = \"shop\"\n";
    assert_eq!(Document::parse(project).unwrap().project.as_deref(), Some("shop"));
    assert_eq!(Document::parse("").unwrap().project, None);
}

#[test]
fn what_has_to_be_done_is_named() {
    let wanted = &declared(PLAIN)[0];
    let token = made(wanted, now());
    let kind = |token: &Token| compared(wanted, token).kind;
    assert_eq!(difference(wanted, None, &Ownership::new(), now()).unwrap().kind, Kind::Create);
    assert_eq!(kind(&token), Kind::Unchanged);
    assert_eq!(kind(&Token { name: "old".to_owned(), ..token.clone() }), Kind::Rename);
    assert_eq!(kind(&Token { condition: None, ..token.clone() }), Kind::Narrow);
    assert_eq!(kind(&Token { status: api::Status::Disabled, ..token.clone() }), Kind::Widen);
    assert_eq!(kind(&Token { status: "revoked (exposed)".to_owned().into(), ..token.clone() }), Kind::Replace);
    assert_eq!(kind(&Token { policies: Vec::new(), ..token.clone() }), Kind::Widen);
    let later = Token { not_before: Some(now() + SignedDuration::from_hours(1)), ..token.clone() };
    assert_eq!(kind(&later), Kind::Widen);
    assert_eq!(
        kind(&Token { not_before: Some(now() - SignedDuration::from_hours(1)), ..token.clone() }),
        Kind::Unchanged
    );
    let mine = Living { token: &token, owner: api::Owner::User, delivered: None };
    assert_eq!(difference(wanted, Some(&mine), &Ownership::new(), now()).unwrap().reasons, [Reason::Owner]);
}

#[test]
fn a_sink_without_the_value_needs_a_new_one() {
    let wanted = &declared(PLAIN)[0];
    let token = made(wanted, now());
    let with = |delivered: &[&str]| {
        let delivered: Vec<String> = delivered.iter().map(|sink| (*sink).to_owned()).collect();
        let living = Living { token: &token, owner: wanted.owner, delivered: Some(&delivered) };
        difference(wanted, Some(&living), &Ownership::new(), now()).unwrap()
    };
    assert_eq!(with(&["env:.env:CF_DNS_TOKEN"]).kind, Kind::Unchanged);
    assert_eq!(with(&["env:.env"]).reasons, [Reason::Sink("env:.env:CF_DNS_TOKEN".to_owned())]);
    let more = with(&["env:.env:CF_DNS_TOKEN", "file:old"]);
    assert_eq!((more.kind, more.remarks.len()), (Kind::Unchanged, 1));
    // Nobody knows: that is said, and no reason to end a value that is in use.
    let unknown = compared(wanted, &token);
    assert_eq!((unknown.kind, unknown.remarks.len()), (Kind::Unchanged, 1));
}

#[test]
fn a_token_is_found_by_its_id_or_its_name() {
    let wanted = declared(PLAIN).remove(0);
    let one = made(&wanted, now());
    let two = Token { id: flarekeep_catalogue::TokenId::from_u128(8), ..one.clone() };
    let dead = Token { status: api::Status::Expired, ..two.clone() };
    let found = |wanted: &Wanted, tokens: &[Token]| of_name(wanted, tokens).map(|token| token.map(|token| token.id));
    assert_eq!(found(&wanted, &[]), Ok(None));
    assert_eq!(found(&wanted, &[dead.clone(), one.clone()]), Ok(Some(one.id)));
    assert_eq!(found(&wanted, std::slice::from_ref(&dead)), Ok(Some(dead.id)));
    assert_eq!(found(&wanted, &[one.clone(), two.clone()]), Err(vec![one.id, two.id]));
    let by_id = Wanted { id: Some(two.id), ..wanted };
    assert_eq!(found(&by_id, &[one, two.clone()]), Ok(Some(two.id)));
}

#[test]
fn the_same_name_twice_is_imported_by_id() {
    let one = made(&declared(PLAIN)[0], now());
    let two = Token { id: flarekeep_catalogue::TokenId::from_u128(8), ..one.clone() };
    let owner = api::Owner::Account(ACCOUNT);
    let import = import(&[living(&one, owner), living(&two, owner)], now());
    let wanted = declared(&import.text);
    assert_eq!(wanted.iter().map(|wanted| wanted.id).collect::<Vec<_>>(), [Some(one.id), Some(two.id)]);
    assert!(import.text.contains("# Several tokens have one name."), "{}", import.text);
}

#[test]
fn names_are_looked_up_once() {
    let document = Document::parse(PLAIN).unwrap();
    let names = Names::of(&document.tokens);
    assert_eq!(names.accounts.into_iter().collect::<Vec<_>>(), ["Acme"]);
    assert_eq!(names.zones.into_iter().collect::<Vec<_>>(), ["example.com"]);
}

#[test]
fn every_mistake_has_its_line_and_what_to_write() {
    let grant = |lines: &str| format!("[token.x]\n[[token.x.grant]]\npermissions = [\"DNS Read\"]\n{lines}");
    let work = |lines: &str| format!("[token.x]\nrecipe = \"cert-manager-dns01\"\n{lines}");
    let said = [
        ("[token.x\n".to_owned(), "line 1: "),
        (work("zone = \"example.com\""), "line 3: no key `zone` in [token.x] (is `zones` meant?)"),
        (
            "[defaults]\nsinks = \"env:.env\"".to_owned(),
            "line 2: no key `sinks` in [defaults] (`sinks` is a key of [token.NAME])",
        ),
        ("[tokens.x]\n".to_owned(), "line 1: no key `tokens` in the file (is `token` meant?)"),
        (grant("effekt = \"deny\""), "line 4: no key `effekt` in [token.x.grant] (is `effect` meant?)"),
        (
            work("allow_ips = [\n \"203.0.113.0/24\",\n \"home\",\n]"),
            "line 5: `allow_ips`: `home` is not an address range",
        ),
        (work("allow_ips = \"203.0.113.7/24\""), "(write 203.0.113.0/24 or 203.0.113.7/32)"),
        (work("expires = \"soon\""), "line 3: `expires`: `soon` is no time"),
        (work("expires = \"90\""), "line 3: `expires`: `90` has no unit (\"90d\" is so many days"),
        (work("expires = 90"), "line 3: `expires`: `90` has no unit"),
        (work("rotate_every = 30"), "line 3: `rotate_every`: `30` has no unit"),
        (
            format!("{}{}", work("sinks = \"env:.env:A\"\n"), "[token.y]\nrecipe = \"y\"\nsinks = \"env:./.env:A\""),
            "line 4: the values of the tokens `x` (line 1) and `y` would go to one sink: A in ./.env (a sink keeps one",
        ),
        (
            format!("{}{}", work("sinks = \"env:.env:A\"\n"), "[token.y]\nrecipe = \"y\"\nsinks = \"file:.env\""),
            "line 4: the values of the tokens `x` (line 1) and `y` would go to one sink: .env",
        ),
        (
            work("sinks = [\"file:a\", \"file:a\"]"),
            "line 1: the values of the token `x`, twice, would go to one sink: a (name the sink once)",
        ),
        (work("enabled = \"no\""), "line 3: invalid type"),
        (work("owner = \"team\""), "line 3: `owner`: `team` owns no tokens"),
        (work("sinks = \"vault\""), "line 3: `sinks`: `vault` is not a sink"),
        (
            "[token.x]\nname = \"x (pending 0123abcd)\"\nrecipe = \"x\"".to_owned(),
            "`x (pending 0123abcd)` is no name of a token",
        ),
        (work("sinks = \"-\""), "standard output keeps no value"),
        (
            work("zones = \"0123456789abcdef0123456789abcde\""),
            "line 3: `zones`: `0123456789abcdef0123456789abcde` is no id",
        ),
        (work("not_before = 2027-01-31\nexpires = 2027-01-30"), "line 1: the token `x` would end before it begins"),
        ("[token.x]\nowner = \"user\"".to_owned(), "line 1: nothing says what the token `x` is for"),
        ("[token.X]\nrecipe = \"x\"".to_owned(), "line 1: `X`, the purpose in the name of a token,"),
        (work("plan = \"plan.json\""), "line 1: the token `x` has a plan, and recipes or operations beside it"),
        (
            format!("{}\n[token.y]\nname = \"x\"\nrecipe = \"y\"", work("")),
            "line 4: the tokens `x` and `y` are both named `x`",
        ),
        (grant("effect = \"maybe\""), "line 4: `effect`: `maybe` is no effect"),
        (grant("zones = \"*/example.com\""), "line 4: `zones`: `*/example.com` names one zone of every account"),
        (
            "[token.x]\n[[token.x.grant]]\npermissions = [\"DNS Reed\"]".to_owned(),
            "line 3: `permissions`: no permission group `DNS Reed`; is `DNS Read`",
        ),
        ("[token.x]\noperations = [\"GET /nowhere\"]".to_owned(), "line 2: `operations`: "),
        (work("zones = \"example.com\""), "no zone is called `example.com`, or the credential cannot see it"),
        (work(""), "of the recipe cert-manager-dns01` needs a zone (zones = [\"…\"])"),
        (work("owner = \"account\""), "an account is to own the token, and none is named"),
        (work("zones = \"*\""), "every zone of which account is not said"),
        (grant(""), "`DNS Read` needs a zone (zones = [\"…\"])"),
        (
            grant("zones = \"00000000000000000000000000000001\"\nuser = true"),
            "line 3: none of the permissions takes effect at what `user` names",
        ),
        (
            work("expires = \"2026-11-30\"\nzones = \"00000000000000000000000000000001\""),
            "it would have ended already, at 2026-11-30T00:00:00Z",
        ),
    ];
    for (text, start) in said {
        let said = refused(&text);
        assert!(said.contains(start), "{text}\n{said}\nnot {start}");
    }
}

#[test]
fn resources_are_kept_as_they_are_spelt() {
    let text = r#"
[token.x]
[[token.x.grant]]
permissions = ["id:0000000000000000000000000000dead", "DNS Read"]
resources = [
    "com.cloudflare.api.account.000000000000000000000000000000a1",
    { within = "com.cloudflare.api.account.000000000000000000000000000000a1", key = "com.cloudflare.api.account.worker.script.*" },
]
"#;
    let document = Document::parse(text).unwrap();
    let [grant] = document.tokens[0].purpose.grants.as_slice() else { panic!() };
    assert_eq!(grant.at.resources[0], Resource::Account(ACCOUNT));
    let wanted = &declared(text)[0];
    assert_eq!(wanted.policies.iter().map(|policy| policy.permission_groups.len()).collect::<Vec<_>>(), [2, 2]);
}
