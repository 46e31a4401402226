use serde_json::json;

use super::matching::When;
use super::*;
use crate::faults::Face;

fn error(toml: &str) -> String {
    FaultRules::from_toml(toml).unwrap_err().to_string()
}

#[test]
fn errors_name_the_rule_and_the_key() {
    for (text, wanted) in [
        ("seed = -1", "beside the rules, key `seed`: must be a whole number"),
        ("colour = 1", "beside the rules, key `colour`: is not known"),
        ("[[rule]]", "rule number 1, key `action`: is missing"),
        ("[[rule]]\nname = 'a b'\ncut = true", "rule number 1, key `name`: must have"),
        ("[[rule]]\nname = 'a'\ncut = true\ndrop = 'before'", "rule `a`, key `cut`: excludes `drop`"),
        ("[[rule]]\nname = 'a'\nwhen = 1", "rule `a`, key `when`: is not known"),
        ("[[rule]]\nmatch = {face = 'ftp'}\ncut = true", "rule number 1, key `match.face`: must be api, s3 or edge"),
        ("[[rule]]\nmatch = {nth = 0}\ncut = true", "key `match.nth`: must be a whole number"),
        ("[[rule]]\nmatch = {nth = 1, every = 2}\ncut = true", "key `match.every`: excludes `nth`"),
        ("[[rule]]\nmatch = {probability = 1.5}\ncut = true", "key `match.probability`: must be a number from 0 to 1"),
        ("[[rule]]\nmatch = {path = 'x'}\ncut = true", "key `match.path`: must begin with `/`"),
        ("[[rule]]\nmatch = {path = '/a/**b'}\ncut = true", "key `match.path`: holds `**b`"),
        ("[[rule]]\nmatch = {token = 'x'}\ncut = true", "key `match.token`: "),
        ("[[rule]]\nmatch = {operation = 'GET /nothing'}\ncut = true", "key `match.operation`: "),
        (
            "[[rule]]\nmatch = {face = 's3', operation = 'GET /zones'}\ncut = true",
            "key `match.operation`: is of the other",
        ),
        ("[[rule]]\ndelay = '1h'", "key `delay`: is longer than ten minutes"),
        ("[[rule]]\ndelay = {from = '2s', to = '1s'}", "key `delay.to`: must not be less"),
        ("[[rule]]\nanswer = {status = 99}", "key `answer.status`: must be"),
        ("[[rule]]\nanswer = {status = 500, colour = 1}", "key `answer.colour`: is not known"),
        (
            "[[rule]]\nmatch = {face = 'api'}\nanswer = {status = 500, code = 'x'}",
            "key `answer.code`: must be a number",
        ),
        ("[[rule]]\nslow = {bytes = 0, every = '1s'}", "key `slow.bytes`: must be"),
        ("[[rule]]\npage = 404", "key `page`: must be 1015"),
        ("[[rule]]\ncut = 1.0", "key `cut`: must be true"),
        ("[[rule]]\ncontent_type = 'html'", "key `content_type`: must be"),
        (
            "[[rule]]\nname = 'a'\ncut = true\n[[rule]]\nname = 'a'\ncut = true",
            "key `name`: is the name of a rule before",
        ),
        ("[[rule]]\ncut = true\nx = [", "line 3: "),
    ] {
        let error = error(text);
        assert!(error.contains(wanted), "{text}\n  gave {error}\n  not  {wanted}");
    }
}

#[test]
fn toml_and_json_are_read_alike() {
    let toml =
        FaultRules::from_toml("seed = 7\n[[rule]]\nmatch = {every = 2}\ndelay = {from = '1ms', to = '9ms'}").unwrap();
    let json = json!({"seed": 7, "rule": [{"match": {"every": 2}, "delay": {"from": "1ms", "to": "9ms"}}]});
    let json = FaultRules::from_json(json.to_string().as_bytes()).unwrap();
    assert_eq!((toml.seed, json.seed), (7, 7));
    assert_eq!(toml.rules[0].shown(), json.rules[0].shown());
    assert_eq!(toml.rules[0].shown()["name"], "rule-1");
    assert_eq!(toml.rules[0].action, json.rules[0].action);
}

#[test]
fn which_requests_are_befallen() {
    let befallen = |when: When| (1..=6).filter(|met| when.befalls(7, "a", *met)).collect::<Vec<u64>>();
    assert_eq!(befallen(When::Always), [1, 2, 3, 4, 5, 6]);
    assert_eq!(befallen(When::Nth(3)), [3]);
    assert_eq!(befallen(When::Every(2)), [2, 4, 6]);
    assert_eq!(befallen(When::First(2)), [1, 2]);
    assert_eq!(befallen(When::Probability(1.0)).len(), 6);
    assert_eq!(befallen(When::Probability(0.0)).len(), 0);
    assert_eq!(befallen(When::Probability(0.5)), befallen(When::Probability(0.5)));
}

#[test]
fn delays_stay_in_their_range_and_follow_the_seed() {
    let rules = FaultRules::from_toml("[[rule]]\ndelay = {from = '10ms', to = '20ms'}").unwrap();
    let Action::Delay(delay) = rules.rules[0].action else { panic!() };
    let drawn = |seed| (1..=100).map(|met| delay.of(seed, "a", met).as_millis()).collect::<Vec<_>>();
    assert!(drawn(1).iter().all(|wait| (10..=20).contains(wait)));
    assert!(drawn(1).iter().any(|wait| *wait != drawn(1)[0]));
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
}

#[test]
fn operations_are_known_by_method_path_and_query() {
    let met = |operation: &str, face: Face, method: &str, path: &str, query: &str| {
        let matching = Matching::read(Some(&json!({"operation": operation}))).map_err(|_| ()).unwrap();
        matching.is_met(&Seen { face, method, path, query, token: None })
    };
    let zone = "/client/v4/zones/0123456789abcdef0123456789abcdef/dns_records";
    assert!(met("POST /zones/{zone_id}/dns_records", Face::Api, "POST", zone, ""));
    assert!(!met("POST /zones/{zone_id}/dns_records", Face::Api, "GET", zone, ""));
    let s3 = |operation: &str, method: &str, path: &str, query: &str| met(operation, Face::S3, method, path, query);
    assert!(s3("PUT s3://{bucket_name}/{object_key}", "PUT", "/media/a/b", "x-id=PutObject"));
    assert!(!s3("PUT s3://{bucket_name}/{object_key}", "PUT", "/media/a", "partNumber=1&uploadId=x"));
    assert!(s3(
        "PUT s3://{bucket_name}/{object_key}?partNumber&uploadId",
        "PUT",
        "/media/a",
        "partNumber=1&uploadId=x"
    ));
    assert!(s3("POST s3://{bucket_name}?delete", "POST", "/media", "delete"));
    assert!(s3("GET s3://{bucket_name}?list-type=2", "GET", "/media/", "prefix=a"));
    assert!(s3("GET s3://{bucket_name}?location", "GET", "/media", "location"));
    assert!(s3("GET s3://{bucket_name}", "HEAD", "/media", ""));
    assert!(s3("GET s3://", "GET", "/", ""));
}
