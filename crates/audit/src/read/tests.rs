mod holes;
mod usage;

use flarekeep_catalogue::AccountId;
use flarekeep_policy::Status;
use proptest::prelude::*;

use super::*;

const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";
const ZONE: &str = "9a7806061c88ada191ed06f989cc3dac";
const DNS_WRITE: &str = "4755a26eedb94da69e1066d98aa820be";

fn token(id: u128) -> String {
    format!(
        r#"{{"id":"{id:032x}","name":"dns","status":"active","issued_on":"2026-01-01T00:00:00Z","policies":[{{"effect":"allow",
        "resources":{{"com.cloudflare.api.account.zone.{ZONE}":"*"}},"permission_groups":[{{"id":"{DNS_WRITE}","name":"DNS Write"}}]}}]}}"#
    )
}

#[test]
fn the_apis_list_is_read_with_and_without_its_envelope() {
    let list = format!("[{},\n{}]", token(1), token(2));
    for text in [list.clone(), format!("{{\"success\":true,\"result\":{list}}}"), format!("\u{feff}{list}")] {
        let world = tokens_json("tokens.json", &text).unwrap();
        assert_eq!((world.tokens.len(), world.unread.len()), (2, 0), "{text}");
        assert_eq!(world.tokens[1].place.to_string(), "tokens.json:3");
        assert_eq!(world.tokens[0].policies().len(), 1);
    }
    for one in [token(1), format!("{{\"result\":{}}}", token(1))] {
        assert_eq!(tokens_json("t", &one).unwrap().tokens.len(), 1);
    }
}

#[test]
fn what_flarekeep_lists_has_owners_and_no_policies() {
    let text = format!(r#"[{{"id":"{:032x}","name":"ci","status":"expired","owner":"user","expires_on":null}}]"#, 7);
    let world = tokens_json("list.json", &text).unwrap();
    let found = &world.tokens[0];
    assert_eq!((found.owner, found.status, found.policies.is_none()), (OwnedBy::User(None), Status::Expired, true));
}

#[test]
fn a_world_names_its_accounts_and_zones() {
    let text = format!(
        r#"{{"as_of":"2026-11-01T00:00:00Z","accounts":[{{"id":"{ACCOUNT}","name":"Example","zones":1}}],
        "zones":[{{"id":"{ZONE}","name":"example.com","account":{{"id":"{ACCOUNT}"}}}}, {{"id":"x"}}],"tokens":[{}]}}"#,
        token(1)
    );
    let world = tokens_json("world.json", &text).unwrap();
    assert_eq!(world.as_of.unwrap().to_string(), "2026-11-01T00:00:00Z");
    let account: AccountId = ACCOUNT.parse().unwrap();
    assert_eq!(world.accounts[&account].zones, Some(1));
    assert_eq!(world.zones.values().next().unwrap().account, Some(account));
    assert_eq!(world.unread[0].what, "world.json:2");
}

#[test]
fn one_bad_token_does_not_hide_the_others_and_no_value_is_repeated() {
    let secret = format!("cf{}_{}", "ut", "aB3".repeat(16));
    let bad = [
        format!(r#"{{"id":"{secret}","name":"x"}}"#),
        format!(r#"{{"id":"{:032x}","policies":[],"expires_on":"{secret}"}}"#, 3),
        r#"{"name":"no id"}"#.to_owned(),
        "17".to_owned(),
    ];
    let text = format!("[{},\n{}]", bad.join(",\n"), token(1));
    let world = tokens_json("t.json", &text).unwrap();
    assert_eq!((world.tokens.len(), world.unread.len()), (1, bad.len()));
    assert!(!format!("{:?}", world.unread).contains(&secret[5..30]), "{:?}", world.unread);
    assert_eq!(world.unread[1].what, format!("t.json:2: token {:032x}", 3));
    assert_eq!(world.unread[2].what, "t.json:3: entry 3 of the list");
}

#[test]
fn owners_follow_from_what_is_there() {
    let read = |fields: &str, resource: &str| {
        let text = format!(
            r#"{{"id":"{:032x}",{fields}"policies":[{{"effect":"allow","resources":{{"{resource}":"*"}},"permission_groups":[{{"id":"4755a26eedb94da69e1066d98aa820be"}}]}}]}}"#,
            1
        );
        tokens_json("t", &text).unwrap().tokens[0].owner
    };
    let account = ACCOUNT.parse().unwrap();
    let at_account = format!("com.cloudflare.api.account.{ACCOUNT}");
    assert_eq!(read("", &at_account), OwnedBy::Unknown);
    assert_eq!(read("\"owner\":\"account\",", &at_account), OwnedBy::Account(account));
    assert_eq!(read("\"creator_email_at_creation\":\"a@example.com\",", &at_account), OwnedBy::Account(account));
    assert_eq!(read(&format!("\"account_id\":\"{ACCOUNT}\","), &at_account), OwnedBy::Account(account));
    let user = format!("com.cloudflare.api.user.{ACCOUNT}");
    assert_eq!(read("", &user), OwnedBy::User(Some(ACCOUNT.parse().unwrap())));
}

#[test]
fn groups_that_the_answer_calls_deprecated_are_kept() {
    let text =
        token(1).replace("\"DNS Write\"", "\"DNS Write\",\"meta\":{\"deprecated\":\"true\",\"eol_at\":\"2027-01-01\"}");
    let found = &tokens_json("t", &text).unwrap().tokens[0];
    assert_eq!(found.deprecated, [(DNS_WRITE.parse().unwrap(), Some("2027-01-01".to_owned()))]);
    assert!(tokens_json("t", &token(1)).unwrap().tokens[0].deprecated.is_empty());
}

#[test]
fn terraforms_state_of_both_versions_is_read_and_its_values_are_not() {
    let secret = format!("cf{}_{}", "ut", "aB3".repeat(16));
    let five = format!(
        r#"{{"version":4,"resources":[
        {{"mode":"managed","type":"cloudflare_account_token","name":"a","instances":[{{"attributes":{{"id":"{:032x}","name":"five",
          "account_id":"{ACCOUNT}","value":"{secret}","expires_on":null,"condition":{{"request_ip":{{"in":[],"not_in":[]}}}},
          "policies":[{{"effect":"allow","resources":"{{\"com.cloudflare.api.account.{ACCOUNT}\":\"*\"}}","permission_groups":[{{"id":"{DNS_WRITE}"}}]}}]}}}}]}},
        {{"mode":"managed","type":"cloudflare_api_token","name":"b","instances":[{{"attributes":{{"id":"{:032x}","name":"four","status":"active",
          "value":"{secret}","expires_on":"","condition":[{{"request_ip":[{{"in":["203.0.113.0/24"],"not_in":[]}}]}}],
          "policy":[{{"effect":"allow","resources":{{"com.cloudflare.api.account.zone.{ZONE}":"*"}},"permission_groups":["{DNS_WRITE}"]}}]}}}}]}},
        {{"mode":"managed","type":"cloudflare_zone","name":"c","instances":[{{"attributes":{{"id":"x"}}}}]}}]}}"#,
        5, 4
    );
    let world = tokens_json("terraform.tfstate", &five).unwrap();
    assert_eq!(world.unread, []);
    let [one, two] = world.tokens.as_slice() else { panic!("{:?}", world.tokens) };
    assert_eq!((one.owner.word(), one.place.to_string().as_str()), ("account", "terraform.tfstate:2"));
    assert_eq!(one.ip.within.as_ref().map(|set| set.0.len()), Some(0));
    assert_eq!((two.owner, two.expires_on), (OwnedBy::User(None), None));
    assert!(two.ip.within.is_some() && two.ip.not_within.is_none());
    assert!(!format!("{world:?}").contains(&secret));
    let shown = format!(
        r#"{{"format_version":"1.0","values":{{"root_module":{{"child_modules":[{{"resources":[{{"mode":"managed","type":"cloudflare_api_token",
        "values":{{"id":"{:032x}","name":"x","policies":[]}}}}]}}]}}}}}}"#,
        6
    );
    assert_eq!(tokens_json("t", &shown).unwrap().tokens.len(), 1);
}

#[test]
fn what_holds_no_tokens_is_an_error_with_its_line() {
    for (text, line) in [("", 1), ("{}", 1), ("\n\n[1,\n}", 4), ("{\"success\":false,\"errors\":[]}", 1), ("17", 1)] {
        let error = tokens_json("t.json", text).unwrap_err();
        assert_eq!(error.line, line, "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "[\\[\\]{}\",:a-z0-9 \n*._-]{0,80}") {
        let _ = tokens_json("t", &text);
        let _ = audit_log("t", &text);
    }

    #[test]
    fn no_mangled_token_panics(at in 0usize..400, with in "\\PC{0,3}") {
        let mut text = token(1);
        let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        text.insert_str(at, &with);
        let _ = tokens_json("t", &text);
    }
}
