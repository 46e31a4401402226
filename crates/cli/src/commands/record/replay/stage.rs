//! A local Cloudflare on which the calls of a recording are made again.

use flarekeep_catalogue::Operation;
use flarekeep_cloudflare::{Bytes, Client, CreatedToken, Credential, NewToken, Owner};
use flarekeep_emulator::{Emulator, Facts, Options, Server};
use flarekeep_policy::Policy;
use flarekeep_tokens::{GroupIds, policy_to_wire};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::objects::Objects;
use super::script::Script;
use super::tried::Tried;
use crate::commands::token::create::name_the_user;
use crate::error::{CommandError, Kind};

/// The codes by which calls are refused for want of a permission (docs/emulator.md).
const REFUSALS: [u32; 4] = [7403, 9109, 10000, 199_002];

/// What was refused.
pub(super) struct Found {
    /// Under what is tried.
    pub(super) refused: Vec<String>,
    /// Under that less a grant: the grant, and what was refused.
    pub(super) without: Vec<(String, Vec<String>)>,
}

/// Makes the calls under what is tried, and under that less each of its grants.
pub(super) async fn replayed(script: &Script, tried: &Tried) -> Result<Found, CommandError> {
    let failed = |error: std::io::Error| {
        CommandError::new(Kind::Unreachable, format!("cannot start the local Cloudflare: {error}"))
    };
    let emulator = Emulator::new(script.world()?, Options { rate_limit: None, ..Options::default() });
    let facts = emulator.facts();
    let mut running = Server::start(emulator.clone(), ([127, 0, 0, 1], 0).into()).await.map_err(failed)?;
    running.serve_s3(&emulator, ([127, 0, 0, 1], 0).into()).await.map_err(failed)?;
    let objects = Objects::at(running.s3_endpoint().unwrap_or_default())?;
    let stage = Stage { api: running.api_url(), facts, objects };
    let refused = stage.refused(script, &tried.policies).await?;
    let mut without = Vec::new();
    for (name, policies) in tried.without_each() {
        without.push((name, stage.refused(script, &policies).await?));
    }
    running.shutdown().await;
    Ok(Found { refused, without })
}

/// A local Cloudflare with the accounts and zones of a recording.
struct Stage {
    api: String,
    facts: Facts,
    objects: Objects,
}

impl Stage {
    /// The calls that are refused to a token with these policies.
    async fn refused(&self, script: &Script, policies: &[Policy]) -> Result<Vec<String>, CommandError> {
        let manager = self.client(Credential::global_key(&self.facts.email, &self.facts.global_key)?)?;
        let mut policies = policies.to_vec();
        if policies.is_empty() {
            let signed = script.signed.iter().map(|call| call.operation);
            return Ok(script.calls.iter().map(|call| call.operation).chain(signed).map(ToString::to_string).collect());
        }
        name_the_user(&manager, &mut policies).await?;
        let ids = GroupIds::for_policies(&manager, Owner::User, &policies).await?;
        let wire = policies.iter().map(|policy| policy_to_wire(policy, &ids)).collect::<Result<Vec<_>, _>>()?.concat();
        let new = NewToken { name: "replay".to_owned(), policies: wire, ..NewToken::default() };
        let CreatedToken { token, value } = manager.tokens(Owner::User).create(&new).await?;
        let client = self.client(Credential::token(value.expose_secret())?)?;
        let mut refused = Vec::new();
        for call in &script.calls {
            let answer = client.raw(call.method.clone(), &call.path, body(call.operation)).await?;
            let is_refused = matches!(answer.status, 401 | 403) || answer.status == 200 && answer.success != Some(true);
            let by_code =
                answer.errors.iter().any(|error| u32::try_from(error.code).is_ok_and(|code| REFUSALS.contains(&code)));
            if is_refused && by_code || is_refused_by_graphql(&answer.body) {
                refused.push(call.operation.to_string());
            }
        }
        for call in &script.signed {
            if self.objects.refuses(call, token.id, &value, &self.facts).await? {
                refused.push(call.operation.to_string());
            }
        }
        manager.tokens(Owner::User).delete(token.id).await?;
        Ok(refused)
    }

    fn client(&self, credential: Credential) -> Result<Client, CommandError> {
        Ok(Client::builder(credential).base_url(&self.api).unpaced().build()?)
    }
}

/// GraphQL refuses with status 200 and an error of its own (docs: analytics/graphql-api/errors).
fn is_refused_by_graphql(answer: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    answer["errors"].as_array().is_some_and(|errors| errors.iter().any(|error| error["extensions"]["code"] == "authz"))
}

/// GraphQL is authorised by what its body asks for.
fn body(operation: &Operation) -> Option<(&'static str, Bytes)> {
    let list = match operation.path() {
        "/graphql#zone" => "zones",
        "/graphql#account" => "accounts",
        _ => return None,
    };
    let query = json!({ "query": format!("{{ viewer {{ {list} {{ __typename }} }} }}") });
    Some(("application/json", Bytes::from(query.to_string())))
}
