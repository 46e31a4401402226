//! What a token may put into the tokens that it mints.

mod common;

use common::{Local, Minted, Reply, policy, unlimited};
use flarekeep_catalogue::Scope;
use flarekeep_emulator::{Ceiling, Options};
use serde_json::{Value, json};

async fn mint(local: &Local, by: &Minted, path: &str, policy: &Value) -> Reply {
    local.by(by, "POST", path).json(&json!({"name": "child", "policies": [policy]})).send().await
}

async fn local(ceiling: Ceiling) -> Local {
    Local::with(Options { ceiling, ..unlimited() }).await
}

/// The zones of the account, nested; one bucket of it.
fn nested(local: &Local) -> Value {
    let account = local.path("com.cloudflare.api.account.{A}");
    policy(json!({ account: {"com.cloudflare.api.account.zone.*": "*"} }), Scope::Zone, &["DNS Write"])
}

fn bucket(local: &Local) -> Value {
    let key = local.path("com.cloudflare.edge.r2.bucket.{A}_default_site");
    policy(json!({ key: "*" }), Scope::Bucket, &["Workers R2 Storage Bucket Item Read"])
}

#[tokio::test]
async fn as_observed_single_zones_are_held_to_it_and_wildcards_are_not() {
    let local = local(Ceiling::Observed).await;
    let path = "/accounts/{A}/tokens";
    let minter = local.account_token(&[local.at_account(&["Account API Tokens Write"])]).await;
    let one_zone = local.at_zone(&["DNS Write"]);
    let reply = mint(&local, &minter, path, &one_zone).await;
    reply.refused(400, 1001);
    assert_eq!(reply.message(), "Failed common permission check against resources. (Permission group: \"DNS Write\")");
    mint(&local, &minter, path, &nested(&local)).await.result();
    mint(&local, &minter, path, &bucket(&local)).await.result();
    mint(&local, &minter, path, &local.at_account(&["Workers Scripts Write"])).await.result();
    let holder =
        local.account_token(&[local.at_account(&["Account API Tokens Write"]), local.at_zone(&["DNS Write"])]).await;
    mint(&local, &holder, path, &one_zone).await.result();

    let user = local.user_token(&[local.at_user(&["API Tokens Write"])]).await;
    mint(&local, &user, "/user/tokens", &one_zone).await.result();
    let root = local.at_account(&["Account API Tokens Write"]);
    mint(&local, &user, "/user/tokens", &root).await.refused(400, 1001);
    mint(&local, &minter, path, &root).await.result();
}

#[tokio::test]
async fn strictly_nothing_is_granted_that_is_not_held() {
    let local = local(Ceiling::Strict).await;
    let path = "/accounts/{A}/tokens";
    let minter = local.account_token(&[local.at_account(&["Account API Tokens Write"]), nested(&local)]).await;
    mint(&local, &minter, path, &local.at_zone(&["DNS Write"])).await.result();
    mint(&local, &minter, path, &nested(&local)).await.result();
    mint(&local, &minter, path, &local.at_zone(&["DNS Read"])).await.refused(400, 1001);
    mint(&local, &minter, path, &bucket(&local)).await.refused(400, 1001);
    mint(&local, &minter, path, &local.at_account(&["Workers Scripts Write"])).await.refused(400, 1001);
    let groups = local.by(&minter, "GET", "/accounts/{A}/tokens/permission_groups").send().await;
    let groups = groups.result().as_array().unwrap().clone();
    assert_eq!(groups.iter().filter(|group| group["is_selectable"] == true).count(), 2);
}

#[tokio::test]
async fn without_a_ceiling_only_the_owner_s_reach_bounds_it() {
    let local = local(Ceiling::Off).await;
    let minter = local.account_token(&[local.at_account(&["Account API Tokens Write"])]).await;
    let path = "/accounts/{A}/tokens";
    mint(&local, &minter, path, &local.at_zone(&["DNS Write"])).await.result();
    let elsewhere = format!("com.cloudflare.api.account.{}", "e".repeat(32));
    let elsewhere = policy(json!({ elsewhere: "*" }), Scope::Account, &["Workers Scripts Write"]);
    mint(&local, &minter, path, &elsewhere).await.refused(400, 1001);
}

#[tokio::test]
async fn a_token_may_not_touch_tokens_without_the_group() {
    let local = local(Ceiling::Observed).await;
    let reader = local.user_token(&[local.at_user(&["API Tokens Read"])]).await;
    let path = format!("/user/tokens/{}", reader.id);
    local.by(&reader, "GET", "/user/tokens").send().await.result();
    local.by(&reader, "GET", "/user/tokens/permission_groups").send().await.result();
    local.by(&reader, "DELETE", &path).send().await.refused(403, 9109);
    local.by(&reader, "PUT", &format!("{path}/value")).json(&json!({})).send().await.refused(403, 9109);
    // Authorisation comes first: a body that is none is not looked at.
    local.by(&reader, "POST", "/user/tokens").body("application/json", "{").send().await.refused(403, 9109);
    let poor = local.poor_token().await;
    local.by(&poor, "GET", "/user/tokens/permission_groups").send().await.refused(403, 9109);
}
