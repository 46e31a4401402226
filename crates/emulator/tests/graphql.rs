//! GraphQL: a query is authorised by what it asks for, and answered without data.

mod common;

use common::{Local, Minted, Reply};
use serde_json::json;

async fn ask(local: &Local, token: &Minted, query: &str) -> Reply {
    local.by(token, "POST", "/graphql").json(&json!({"query": local.path(query)})).send().await
}

const ACCOUNT: &str =
    "query {viewer {accounts(filter: {accountTag: \"{A}\"}) {workersInvocationsAdaptive {sum {requests}}}}}";
const ZONE: &str = "query {viewer {zones(filter: {zoneTag: \"{Z}\"}) {httpRequests1dGroups {sum {requests}}}}}";
const BOTH: &str = "{viewer {accounts(filter: {accountTag: \"{A}\"}) {x} zones(filter: {zoneTag: \"{Z}\"}) {y}}}";

#[tokio::test]
async fn a_query_needs_what_it_asks_for() {
    let local = Local::start().await;
    let of_account = local.user_token(&[local.at_account(&["Account Analytics Read"])]).await;
    let of_zone = local.user_token(&[local.at_zone(&["Analytics Read"])]).await;
    let of_both = local.at_account(&["Account Analytics Read"]);
    let of_both = local.account_token(&[of_both, local.at_zone(&["Analytics Read"])]).await;
    for (query, passes) in [
        (ACCOUNT, [true, false, true]),
        (ZONE, [false, true, true]),
        (BOTH, [false, false, true]),
        ("{viewer {budget}}", [true, true, true]),
    ] {
        for (token, passes) in [&of_account, &of_zone, &of_both].into_iter().zip(passes) {
            let reply = ask(&local, token, query).await;
            // A refusal is a success with an error inside.
            assert_eq!((reply.status, reply.is_refusal()), (200, !passes), "{query}: {}", reply.text);
        }
    }
    let none = local.poor_token().await;
    let refused = ask(&local, &none, "{viewer {budget}}").await;
    assert!(refused.is_refusal() && refused.json["data"].is_null(), "{}", refused.text);
    local.ask("POST", "/graphql").bearer(&"x".repeat(40)).json(&json!({})).send().await.refused(401, 10000);
}

#[tokio::test]
async fn the_answer_holds_no_data_and_says_so() {
    let local = Local::start().await;
    let token = local.user_token(&[local.at_zone(&["Analytics Read"])]).await;
    let reply = ask(&local, &token, ZONE).await;
    assert_eq!(reply.json, json!({"data": {"viewer": {"zones": []}}, "errors": null}));
    assert_eq!(reply.headers["x-flarekeep-simulated"], "empty");
    // A zone that nobody has is nobody's to read.
    let nowhere = ask(&local, &token, &ZONE.replace("{Z}", &"0".repeat(32))).await;
    assert!(nowhere.is_refusal(), "{}", nowhere.text);
    ask(&local, &token, "").await.refused(400, 400);
}
