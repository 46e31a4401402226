//! The third form of a mend, the call: a shell runs it as it is printed, with the real curl and jq, and the token is then
//! what `fix` would have made of it, and nothing else is changed.

use std::collections::BTreeSet;
use std::process::Command;

use flarekeep_catalogue::{Operation, operation};
use flarekeep_cloudflare::{
    Condition, CreatedToken, NewToken, Owner, Policy, ResourceValue, Status, Token, TokenUpdate,
};
use flarekeep_diagnosis::{Cause, Change, Diagnosis};
use flarekeep_emulator::{BarredAnswer, Options, TokenMark};
use flarekeep_tokens::{Why, Wish, propose, why};
use secrecy::ExposeSecret;

use crate::support::{ACCOUNT, Local, OTHER_ZONE, TARGET, ZONE, account_key, group, now, policy, skipped, zone_key};

const RECORDS: &str = "POST /zones/{zone_id}/dns_records";
const SCRIPT: &str = "PUT /accounts/{account_id}/workers/scripts/{script_name}";

/// Whether both programs are there. Where they must be, as in CI, their absence fails the test.
fn has_programs() -> bool {
    let missing: Vec<_> =
        ["curl", "jq"].into_iter().filter(|name| Command::new(name).arg("--version").output().is_err()).collect();
    let required = std::env::var_os("FLAREKEEP_TEST_JQ").is_some();
    assert!(missing.is_empty() || !required, "not installed, and required: {missing:?}");
    if !missing.is_empty() {
        skipped(&format!("the calls of mends were not run, as there is no {}", missing.join(" and no ")));
    }
    missing.is_empty()
}

/// An emulator in which verifying tells a token's status, and a token that manages tokens.
struct Stage {
    local: Local,
    manager: CreatedToken,
}

impl Stage {
    async fn set() -> Self {
        let options = Options { barred: BarredAnswer::StatusOnVerify, ..Options::default() };
        let local = Local::with(options).await;
        let user = local.admin().user().await.unwrap().id;
        let policies = vec![
            policy("allow", &format!("com.cloudflare.api.user.{user}"), &[group("API Tokens Write")]),
            policy("allow", &account_key(), &[group("Account API Tokens Write")]),
        ];
        let new = NewToken { name: "manager".to_owned(), policies, ..NewToken::default() };
        let manager = local.admin().tokens(Owner::User).create(&new).await.unwrap();
        Self { local, manager }
    }

    async fn token(&self, owner: Owner, new: NewToken) -> CreatedToken {
        let new = NewToken { name: "it's \"mended\"".to_owned(), ..new };
        self.local.admin().tokens(owner).create(&new).await.unwrap()
    }

    async fn read(&self, owner: Owner, made: &CreatedToken) -> Token {
        self.local.admin().tokens(owner).get(made.token.id).await.unwrap()
    }

    /// Why the call is refused, for a manager who may read the token.
    async fn why(&self, made: &CreatedToken, operation: &'static Operation) -> Diagnosis {
        let (client, manager) = (self.local.client_of(&made.value), self.local.client_of(&self.manager.value));
        let question = Why { plan: None, arguments: None, manager: Some(&manager), now: now(), patient: false };
        why(&client, operation, &TARGET, &question).await.unwrap()
    }

    /// Runs a call as it is printed, but for where the API is; gives what it printed, and whether it succeeded.
    async fn run(&self, call: &str) -> (String, bool) {
        let script = call.replace("https://api.cloudflare.com/client/v4", &self.local.api_url());
        let folder = tempfile::tempdir().unwrap();
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script).current_dir(folder.path()).env_remove("CLOUDFLARE_API_TOKEN");
        shell.env("FLAREKEEP_ADMIN_TOKEN", self.manager.value.expose_secret());
        // The emulator answers on this thread.
        let output = tokio::task::spawn_blocking(move || shell.output()).await.unwrap().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (text, output.status.success())
    }

    /// The token lacks something for a call, for this cause. The call of the mend makes of it what `fix` would make, and the
    /// value it had does the work.
    async fn mended(
        &self,
        owner: Owner,
        new: NewToken,
        before: impl FnOnce(&mut TokenUpdate),
        called: &str,
        cause: Cause,
    ) {
        let operation: &'static Operation = operation(called).unwrap();
        let made = self.token(owner, new).await;
        let mut update = TokenUpdate::from(&made.token);
        before(&mut update);
        self.local.admin().tokens(owner).update(made.token.id, &update).await.unwrap();
        let was = self.read(owner, &made).await;
        let told = self.why(&made, operation).await;
        assert_eq!(told.cause(), cause, "{told:#?}");
        let (mend, change) = (told.mend.unwrap(), told.change.unwrap());
        // Where the diagnosis does not know which token it is, it says so, and its reader does.
        let call = mend.call.unwrap().replace("TOKEN_ID", &made.token.id.to_string());
        let end = call.split_once(".expires_on = \"").map(|(_, rest)| rest.split_once('"').unwrap().0.parse().unwrap());
        let wish = Wish { expires_on: end, ..Wish::default() }.with(&change, jiff::Timestamp::now()).unwrap();
        let to_be = propose(&self.local.admin(), owner, made.token.id, &wish, now()).await.unwrap().after();
        let (said, success) = self.run(&call).await;
        assert!(success && said.contains("\"success\":true"), "{call}\n{said}");
        let is = self.read(owner, &made).await;
        assert_eq!(shape(&is), shape(&to_be), "{call}");
        assert_ne!(shape(&is), shape(&was));
        // Whoever has the value finds that the call is let through.
        let after = self.why(&made, operation).await;
        assert_eq!(after.cause(), Cause::NotRefused, "{after:#?}");
    }
}

/// All of a token that can be written, without the order and the grouping of its policies.
fn shape(token: &Token) -> impl PartialEq + std::fmt::Debug {
    let status = if token.status == Status::Expired { Status::Active } else { token.status.clone() };
    let times = (token.not_before, token.expires_on);
    (token.name.clone(), status, triples(&token.policies), token.condition.clone(), times)
}

fn triples(policies: &[Policy]) -> BTreeSet<String> {
    let keys = |policy: &Policy| -> Vec<String> {
        let nested = |outer: &str, value: &ResourceValue| match value {
            ResourceValue::All => vec![outer.to_owned()],
            other => vec![format!("{outer} {other:?}")],
        };
        policy.resources.iter().flat_map(|(key, value)| nested(key, value)).collect()
    };
    let of_policy = |policy: &Policy| -> Vec<String> {
        let groups = policy.permission_groups.iter().map(|group| group.id.to_string());
        groups.flat_map(|group| keys(policy).into_iter().map(move |key| format!("{group} at {key}"))).collect()
    };
    let each = policies.iter().flat_map(|policy| {
        let effect = format!("{:?}", policy.effect);
        of_policy(policy).into_iter().map(move |one| format!("{effect} {one}"))
    });
    each.collect()
}

fn holds(policies: Vec<Policy>) -> NewToken {
    NewToken { policies, ..NewToken::default() }
}

fn writer() -> NewToken {
    holds(vec![policy("allow", &zone_key(ZONE), &[group("DNS Write")])])
}

#[tokio::test]
async fn a_grant() {
    if !has_programs() {
        return;
    }
    let stage = Stage::set().await;
    let other = || {
        let condition = Condition::from_lists(vec!["127.0.0.0/8".parse().unwrap()], Vec::new());
        let expires_on = "2999-01-01T00:00:00Z".parse().ok();
        let policies = vec![
            policy("allow", &zone_key(OTHER_ZONE), &[group("Zone Read"), group("DNS Read")]),
            policy("deny", &zone_key(OTHER_ZONE), &[group("DNS Write")]),
        ];
        NewToken { condition, expires_on, ..holds(policies) }
    };
    stage.mended(Owner::User, other(), |_| {}, RECORDS, Cause::MissingGroup).await;
    stage.mended(Owner::User, other(), |_| {}, SCRIPT, Cause::MissingGroup).await;
    stage.mended(Owner::Account(ACCOUNT), other(), |_| {}, RECORDS, Cause::MissingGroup).await;
    let elsewhere = holds(vec![policy("allow", &zone_key(OTHER_ZONE), &[group("DNS Write")])]);
    stage.mended(Owner::User, elsewhere, |_| {}, RECORDS, Cause::OtherResource).await;
    let misplaced = holds(vec![policy("allow", &account_key(), &[group("DNS Write")])]);
    stage.mended(Owner::User, misplaced, |_| {}, RECORDS, Cause::WrongScope).await;
}

#[tokio::test]
async fn a_denial_that_is_lifted() {
    if !has_programs() {
        return;
    }
    let stage = Stage::set().await;
    let mut denial = policy("deny", &zone_key(ZONE), &[group("DNS Write"), group("Zone Write")]);
    denial.resources.insert(zone_key(OTHER_ZONE), ResourceValue::All);
    let policies = vec![policy("allow", &zone_key(ZONE), &[group("DNS Write")]), denial];
    for owner in [Owner::User, Owner::Account(ACCOUNT)] {
        stage.mended(owner, holds(policies.clone()), |_| {}, RECORDS, Cause::DeniedByPolicy).await;
    }
}

#[tokio::test]
async fn limits_that_bar() {
    if !has_programs() {
        return;
    }
    let stage = Stage::set().await;
    let far = || vec!["203.0.113.0/24".parse().unwrap()];
    for owner in [Owner::User, Owner::Account(ACCOUNT)] {
        let listed = NewToken { condition: Condition::from_lists(far(), far()), ..writer() };
        stage.mended(owner, listed, |_| {}, RECORDS, Cause::AddressNotAllowed).await;
        // It is an exception alone that bars: no list is made that would shut all others out.
        let excepted = Condition::from_lists(Vec::new(), vec!["127.0.0.1/32".parse().unwrap()]);
        let excepted = NewToken { condition: excepted, ..writer() };
        stage.mended(owner, excepted, |_| {}, RECORDS, Cause::AddressNotAllowed).await;
        let second = |seconds| jiff::Timestamp::from_second(now().0 + seconds).ok();
        stage.mended(owner, writer(), |update| update.status = Some(Status::Disabled), RECORDS, Cause::Disabled).await;
        stage.mended(owner, writer(), |update| update.expires_on = second(-60), RECORDS, Cause::Expired).await;
        stage.mended(owner, writer(), |update| update.not_before = second(3600), RECORDS, Cause::NotYetValid).await;
    }
}

/// An exception that holds more than the address: no program of jq's parts it, and nothing is written.
#[tokio::test]
async fn what_a_call_cannot_mend_it_leaves() {
    if !has_programs() {
        return;
    }
    let stage = Stage::set().await;
    let condition = Condition::from_lists(Vec::new(), vec!["127.0.0.0/8".parse().unwrap()]);
    let made = stage.token(Owner::User, NewToken { condition, ..writer() }).await;
    let call = stage.why(&made, operation(RECORDS).unwrap()).await.mend.unwrap().call.unwrap();
    let before = stage.local.emulator.state_hash();
    let (said, success) = stage.run(&call.replace("TOKEN_ID", &made.token.id.to_string())).await;
    assert!(!success && said.contains("part that by hand"), "{said}");
    assert_eq!(stage.local.emulator.state_hash(), before);
}

/// A token that was found in public gets another value, which the answer holds; all else stays.
#[tokio::test]
async fn another_value() {
    if !has_programs() {
        return;
    }
    let stage = Stage::set().await;
    for owner in [Owner::User, Owner::Account(ACCOUNT)] {
        let made = stage.token(owner, writer()).await;
        assert!(stage.local.emulator.mark_token(made.token.id, TokenMark::Exposed));
        let told = stage.why(&made, operation(RECORDS).unwrap()).await;
        assert_eq!((told.cause(), told.change), (Cause::RevokedExposed, Some(Change::NewToken { of_user: false })));
        let was = stage.read(owner, &made).await;
        let (said, success) = stage.run(&told.mend.unwrap().call.unwrap()).await;
        let answer: serde_json::Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
        assert!(success && answer["success"] == true, "{answer}");
        let value = answer["result"].as_str().unwrap();
        assert_ne!(value, made.value.expose_secret());
        assert_eq!(triples(&stage.read(owner, &made).await.policies), triples(&was.policies));
    }
}
