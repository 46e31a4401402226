use super::*;
use crate::resource::{BucketKey, OtherResource};
use crate::token::{Effect, Grant};

const ACCOUNT: &str = "023e105f4ecef8ad9ca31a8372d0c353";
const USER: &str = "7c5dae5552338874e5053f2534d2767a";
/// DNS Write.
const DNS: &str = "4755a26eedb94da69e1066d98aa820be";

fn token() -> String {
    format!(
        r#"{{"id":"ed17574386854bf78a67040be0a770b0","name":"ci","status":"active","issued_on":"2026-01-01T00:00:00Z",
 "not_before":"2026-01-01T00:00:00.000Z","expires_on":"2026-02-01T01:00:00+01:00","last_used_on":null,
 "condition":{{"request_ip":{{"in":["203.0.113.0/24","2001:db8::1"],"not_in":[]}}}},
 "policies":[
  {{"id":"f267e341f3dd4697bd3b9f71dd96247f","effect":"allow",
    "resources":{{"com.cloudflare.api.account.{ACCOUNT}":{{"com.cloudflare.api.account.zone.*":"*"}},
                 "com.cloudflare.edge.r2.bucket.{ACCOUNT}_eu_media":"*","odd":"?"}},
    "permission_groups":[{{"id":"{DNS}","name":"DNS Write","meta":{{"key":1}}}},{{"name":"Zone Settings Read"}}]}},
  {{"effect":"deny","resources":{{"com.cloudflare.api.user.{USER}":"*"}},
    "permission_groups":[{{"id":"00000000000000000000000000000001","name":"Nothing Known"}}]}}]}}"#
    )
}

#[test]
fn a_token_is_read_whole() {
    let token = read(&token()).unwrap();
    assert_eq!(token.name.as_deref(), Some("ci"));
    assert_eq!(token.id.unwrap().to_string(), "ed17574386854bf78a67040be0a770b0");
    assert_eq!(
        (token.not_before, token.expires_on),
        (Some(UnixSeconds(1_767_225_600)), Some(UnixSeconds(1_769_904_000)))
    );
    assert_eq!(token.ip.within.as_ref().map(|set| set.0.len()), Some(2));
    assert_eq!(token.ip.not_within.as_ref().map(|set| set.0.len()), Some(0));
    let [allow, deny] = token.policies.as_slice() else { panic!("two policies") };
    let account = ACCOUNT.parse().unwrap();
    let bucket = BucketKey { account, jurisdiction: "eu".to_owned(), name: "media".to_owned() };
    let odd = OtherResource { outer: None, key: "odd".to_owned(), value: "?".to_owned() };
    let expected = [Resource::AllZonesOf(account), Resource::Bucket(bucket), Resource::Other(odd)];
    assert_eq!(allow.resources, expected);
    let names: Vec<_> = allow.known_groups().map(|group| group.name).collect();
    assert_eq!(names, ["DNS Write", "Zone Settings Read"]);
    assert_eq!((deny.effect, deny.groups.len()), (Effect::Deny, 1));
    assert!(matches!(deny.groups[0], Grant::Unknown(_)));
    assert_eq!(token.user(), Some(USER.parse().unwrap()));
}

#[test]
fn the_envelope_is_unwrapped_and_a_list_of_policies_is_enough() {
    let plain = read(&token()).unwrap();
    let answer = format!(r#"{{"success":true,"errors":[],"result":{},"messages":[{{"code":1}}]}}"#, token());
    assert_eq!(read(&answer), Ok(plain.clone()));
    let policies = &token()[token().find("[\n").unwrap()..token().len() - 1];
    assert_eq!(read_policies(policies), Ok(plain.policies));
    assert_eq!(read("[]").map(|token| token.status), Ok(Status::Active));
}

#[test]
fn what_is_left_out_or_null_says_nothing() {
    let bare = read(r#"{"policies":[]}"#).unwrap();
    for same in [
        r#"{"policies":[],"id":null,"name":null,"status":null,"not_before":null,"expires_on":"","condition":null}"#,
        r#"{"policies":[],"condition":{}}"#,
        r#"{"policies":[],"condition":{"request_ip":null}}"#,
        r#"{"policies":[],"condition":{"request.ip":{"in":null}}}"#,
    ] {
        assert_eq!(read(same).as_ref(), Ok(&bare), "{same}");
    }
}

#[test]
fn a_status_that_nobody_knows_is_not_taken_for_another() {
    let status = |word: &str| read(&format!(r#"{{"policies":[],"status":"{word}"}}"#)).unwrap().status;
    assert_eq!(status("active"), Status::Active);
    assert_eq!(status("expired"), Status::Expired);
    assert_eq!(status("revoked (exposed)"), Status::RevokedExposed);
    assert_eq!(status("disabled"), Status::Disabled);
    assert_eq!(status("asleep"), Status::Unknown);
}

#[test]
fn a_name_beside_an_unknown_id_is_no_proof() {
    let token = |id: &str| {
        let zone = format!("com.cloudflare.api.account.{ACCOUNT}");
        let group = format!(r#"{{"id":"{id}","name":"AI Search Read"}}"#);
        let policy = format!(r#"{{"effect":"allow","resources":{{"{zone}":"*"}},"permission_groups":[{group}]}}"#);
        read_token(&format!("[{policy}]"), Owner::User(USER.parse().unwrap())).unwrap()
    };
    let (old, new) = (token(&"2".repeat(32)), token(&"3".repeat(32)));
    assert!(matches!(old.policies[0].groups[0], Grant::Named(group, _) if group.name == "AI Search Read"));
    let compare = |old: &Token, new: &Token| crate::compare(old, new, &crate::Ownership::new(), UnixSeconds(0));
    let gained = compare(&old, &new).gained;
    assert_eq!((gained.example.is_none(), gained.unproved.len()), (true, 1));
    assert!(compare(&old, &old.clone()).is_same());
}

/// The last of two entries is what most readers take, and a union what would be compared.
#[test]
fn a_resource_that_is_named_twice_is_refused() {
    let zone = "com.cloudflare.api.account.zone.5a1b105f4ecef8ad9ca31a8372d0c353";
    let account = "com.cloudflare.api.account.023e105f4ecef8ad9ca31a8372d0c353";
    let policy = |resources: &str| {
        read(&format!(r#"[{{"effect":"allow","resources":{{{resources}}},"permission_groups":[]}}]"#))
    };
    assert!(policy(&format!(r#""{zone}":"*","{account}":{{"{zone}":"*"}}"#)).is_ok());
    for twice in [
        format!(r#""{zone}":"*","{zone}":"*""#),
        format!(r#""{account}":{{"{zone}":"*"}},"{account}":{{}}"#),
        format!(r#""{account}":{{"{zone}":"*","{zone}":"*"}}"#),
    ] {
        let error = policy(&twice).unwrap_err();
        assert!(error.message.ends_with("stands there twice"), "{error}");
    }
}

#[test]
fn errors_say_where_and_what_was_expected() {
    let zone = r#"{"policies":[{"effect":"allow","resources":{"com.cloudflare.api.account.zone.x":"*"}}]}"#;
    let groups = |groups: &str| format!(r#"[{{"effect":"allow","resources":{{}},"permission_groups":[{groups}]}}]"#);
    let cases = [
        ("", "line 1, column 1: EOF while parsing a value"),
        ("{", "line 1, column 1: EOF while parsing an object"),
        ("{}", "line 1, column 2: missing field `policies`"),
        (
            "7",
            "line 1, column 1: invalid type: integer `7`, expected a token as the API returns it, or a list of policies",
        ),
        (r#"{"result":null,"success":false}"#, "line 1, column 31: missing field `policies`"),
        ("[\n {\"effect\":\"maybe\"}]", "line 2, column 18: an effect is `allow` or `deny`"),
        (zone, "line 1, column 83: resource key `com.cloudflare.api.account.zone.x` does not end in an id or `*`"),
        (
            r#"{"policies":[],"expires_on":"soon"}"#,
            "line 1, column 34: `soon` is not a time: write it as in `2026-11-22T00:00:00Z`",
        ),
        (
            r#"{"policies":[],"expires_on":"2026-02-01T01:00:00.5Z"}"#,
            "line 1, column 52: `2026-02-01T01:00:00.5Z` is a fraction of a second: write whole seconds, as in \
             `2026-11-22T00:00:00Z`",
        ),
        (
            r#"{"policies":[],"condition":{"requestIp":{}}}"#,
            "line 1, column 39: unknown field `requestIp`, expected `request.ip` or `request_ip`",
        ),
        (
            r#"{"policies":[],"condition":{"request_ip":{"notIn":[]}}}"#,
            "line 1, column 49: unknown field `notIn`, expected `in` or `not_in`",
        ),
        (
            "{\"policies\":[],\"condition\":{\"request_ip\":{\"not_i\u{7f}\":[]}}}",
            "line 1, column 50: unknown field `not_i\\u{7f}`, expected `in` or `not_in`",
        ),
        (
            r#"{"policies":[],"condition":[]}"#,
            "line 1, column 27: invalid type: sequence, expected a condition: {\"request_ip\": {\"in\", \"not_in\"}}",
        ),
        (
            "[[]]",
            "line 1, column 1: invalid type: sequence, expected a policy: {\"effect\", \"resources\", \"permission_groups\"}",
        ),
        (&groups("{}"), "line 1, column 58: a permission group needs its `id`, or a `name`"),
        (&groups(r#"{"name":"Nope"}"#), "line 1, column 71: no permission group is called `Nope`: give its `id`"),
    ];
    for (text, said) in cases {
        assert_eq!(read(text).map_err(|error| error.to_string()), Err(said.to_owned()), "{text}");
    }
    let deep = "[".repeat(100_000);
    assert!(read(&deep).is_err());
    let deep = format!("{{\"policies\":[],\"x\":{}", "[".repeat(100_000));
    assert!(read(&deep).is_err());
}
