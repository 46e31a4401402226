//! The user, memberships, accounts, zones: who sees which.

mod common;

use common::{Local, Minted, policy, unlimited};
use flarekeep_catalogue::Scope;
use flarekeep_emulator::{Options, ZoneList};
use serde_json::{Value, json};

const WORLD: &str = r#"
[[account]]
name = "Acme"
id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"
[[account]]
name = "Other"
id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2"
[[account]]
name = "Strangers"
id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa3"
[[user]]
email = "ada@example.com"
accounts = ["Acme", "Other"]
[[user]]
email = "eve@example.com"
accounts = ["Strangers"]
[[zone]]
name = "one.example"
account = "Acme"
id = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb1"
[[zone]]
name = "two.example"
account = "Acme"
status = "pending"
id = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2"
[[zone]]
name = "three.example"
account = "Other"
[[zone]]
name = "four.example"
account = "Strangers"
id = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb4"
"#;

const STRANGERS: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa3";
const FOUR: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb4";

async fn world() -> Local {
    Local::in_world(WORLD, unlimited()).await
}

/// The names in a list that is sorted.
async fn names(ask: common::Ask) -> Vec<String> {
    let reply = ask.send().await;
    let items = reply.result().as_array().unwrap().clone();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

async fn all_accounts_and_zones(local: &Local) -> Minted {
    local
        .user_token(&[
            policy(json!({"com.cloudflare.api.account.*": "*"}), Scope::Account, &["Account Settings Read"]),
            policy(json!({"com.cloudflare.api.account.zone.*": "*"}), Scope::Zone, &["Zone Read", "DNS Read"]),
        ])
        .await
}

#[tokio::test]
async fn zones_are_filtered_by_what_the_token_reaches() {
    let local = world().await;
    assert_eq!(names(local.admin("GET", "/zones")).await, ["one.example", "three.example", "two.example"]);
    assert_eq!(names(local.admin("GET", "/zones?name=two.example")).await, ["two.example"]);
    assert_eq!(names(local.admin("GET", "/zones?name=starts_with:t&status=active")).await, ["three.example"]);
    assert_eq!(names(local.admin("GET", "/zones?account.id={A}&per_page=1&page=2")).await, ["two.example"]);
    assert_eq!(names(local.admin("GET", "/zones?account.name=Other")).await, ["three.example"]);
    assert_eq!(names(local.admin("GET", "/zones?name=www.one.example&per_page=1")).await, Vec::<String>::new());

    let one = local.user_token(&[local.at_zone(&["Zone Read"])]).await;
    assert_eq!(names(local.by(&one, "GET", "/zones")).await, ["one.example"]);
    let acme = local.path("com.cloudflare.api.account.{A}");
    let nested = json!({ acme: {"com.cloudflare.api.account.zone.*": "*"} });
    let of_account = local.user_token(&[policy(nested, Scope::Zone, &["Zone Read"])]).await;
    assert_eq!(names(local.by(&of_account, "GET", "/zones")).await, ["one.example", "two.example"]);
    // A wildcard reaches no further than its user.
    let all = all_accounts_and_zones(&local).await;
    assert_eq!(names(local.by(&all, "GET", "/zones")).await, ["one.example", "three.example", "two.example"]);
    let mut denied = local.at_zone(&["Zone Read"]);
    denied["effect"] = "deny".into();
    let all_zones = policy(json!({"com.cloudflare.api.account.zone.*": "*"}), Scope::Zone, &["Zone Read"]);
    let but_one = local.user_token(&[all_zones.clone(), denied]).await;
    assert_eq!(names(local.by(&but_one, "GET", "/zones")).await, ["three.example", "two.example"]);
    let account_owned = local.account_token(&[all_zones]).await;
    assert_eq!(names(local.by(&account_owned, "GET", "/zones")).await, ["one.example", "two.example"]);
}

#[tokio::test]
async fn the_list_of_zones_without_zone_read_is_a_switch() {
    for (switch, status) in [(ZoneList::Refuse, 403), (ZoneList::Empty, 200)] {
        let local = Local::with(Options { zones_without_zone_read: switch, ..unlimited() }).await;
        let token = local.user_token(&[local.at_zone(&["DNS Write"])]).await;
        let reply = local.by(&token, "GET", "/zones").send().await;
        assert_eq!(reply.status, status);
        if status == 200 {
            assert_eq!(reply.result(), &json!([]));
        } else {
            reply.refused(403, 9109);
        }
        // The zone itself opens to almost any group at it.
        assert_eq!(local.by(&token, "GET", "/zones/{Z}").send().await.result()["status"], "active");
    }
}

#[tokio::test]
async fn accounts_are_filtered_too() {
    let local = world().await;
    assert_eq!(names(local.admin("GET", "/accounts")).await, ["Acme", "Other"]);
    assert_eq!(names(local.admin("GET", "/accounts?name=Other")).await, ["Other"]);
    assert_eq!(names(local.admin("GET", "/accounts?direction=desc")).await, ["Other", "Acme"]);
    let one = local.user_token(&[local.at_account(&["Workers Scripts Read"])]).await;
    assert_eq!(names(local.by(&one, "GET", "/accounts?page=1")).await, ["Acme"]);
    let all = all_accounts_and_zones(&local).await;
    assert_eq!(names(local.by(&all, "GET", "/accounts")).await, ["Acme", "Other"]);
    let none = local.user_token(&[local.at_user(&["User Details Read"])]).await;
    assert_eq!(names(local.by(&none, "GET", "/accounts")).await, Vec::<String>::new());
    let options = Options { account_tokens_list_accounts: true, ..unlimited() };
    let open = Local::with(options).await;
    let owned = open.account_token(&[open.at_account(&["Account Settings Read"])]).await;
    assert_eq!(names(open.by(&owned, "GET", "/accounts")).await.len(), 1);
}

#[tokio::test]
async fn strangers_and_places_that_do_not_exist() {
    let local = world().await;
    let all = all_accounts_and_zones(&local).await;
    let one = local.user_token(&[local.at_zone(&["DNS Read"])]).await;
    let nowhere = "f".repeat(32);
    for ask in [local.admin("GET", &format!("/accounts/{STRANGERS}")), local.by(&all, "GET", &format!("/zones/{FOUR}"))]
    {
        ask.send().await.refused(403, 9109);
    }
    let records = |zone: &str| format!("/zones/{zone}/dns_records");
    local.admin("GET", &records(FOUR)).send().await.refused(403, 10000);
    // Authorised as the policies say, and then not found.
    for ask in [local.admin("GET", &records(&nowhere)), local.by(&all, "GET", &records(&nowhere))] {
        let reply = ask.send().await;
        reply.refused(404, 7003);
        assert_eq!(reply.codes(), [7003, 7000]);
    }
    local.by(&one, "GET", &records(&nowhere)).send().await.refused(403, 10000);
    local.admin("GET", &format!("/accounts/{nowhere}")).send().await.refused(404, 7003);
    local.ask("GET", &records("example.com")).send().await.refused(404, 7003);
    // An id may be percent-encoded as any text in a path, and in either case.
    let zone = local.path("{Z}");
    let encoded: String = zone.bytes().map(|byte| format!("%{byte:02x}")).collect();
    local.admin("GET", &records(&encoded)).send().await.result();
    local.admin("GET", &records(&zone.to_uppercase())).send().await.result();
}

#[tokio::test]
async fn the_user_and_the_memberships() {
    let local = world().await;
    let user = local.admin("GET", "/user").send().await;
    assert_eq!(user.result()["email"], "ada@example.com");
    let token = local.user_token(&[local.at_user(&["User Details Read", "Memberships Read"])]).await;
    assert_eq!(local.by(&token, "GET", "/user").send().await.result()["id"], user.result()["id"]);
    let list = local.by(&token, "GET", "/memberships?page=1").send().await;
    let accounts: Vec<&Value> = list.result().as_array().unwrap().iter().map(|item| &item["account"]["name"]).collect();
    assert_eq!(accounts, ["Acme", "Other"]);
    let id = list.result()[1]["id"].as_str().unwrap();
    let one = local.by(&token, "GET", &format!("/memberships/{id}")).send().await;
    assert_eq!(one.result()["account"]["name"], "Other");
    let other = local.admin("GET", "/memberships?account.name=Other").send().await;
    assert_eq!(other.json["result_info"]["total_count"], 1);
    let poor = local.poor_token().await;
    local.by(&poor, "GET", "/user").send().await.refused(403, 9109);
    local.by(&poor, "GET", "/memberships").send().await.refused(403, 9109);
}

#[tokio::test]
async fn an_account_token_stays_in_its_account() {
    let local = world().await;
    let groups = &["Account API Tokens Write", "Workers R2 Storage Write"];
    let token = local.account_token(&[local.at_account(groups)]).await;
    local.by(&token, "GET", "/accounts/{A}/r2/buckets").send().await.result();
    for other in ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2", STRANGERS] {
        local.by(&token, "GET", &format!("/accounts/{other}/r2/buckets")).send().await.refused(403, 10000);
        local.by(&token, "GET", &format!("/accounts/{other}/tokens")).send().await.refused(403, 9109);
        local.by(&token, "GET", &format!("/accounts/{other}/tokens/verify")).send().await.refused(401, 1000);
    }
    // Unlabelled operations of another account stay closed whatever the switch says.
    local.by(&token, "GET", &format!("/accounts/{STRANGERS}/entitlements")).send().await.refused(403, 10000);
}
