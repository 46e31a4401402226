//! A local Cloudflare for the run, with a token that may do everything there.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use flarekeep_catalogue::{R2_HOST, TokenId};
use flarekeep_cloudflare::{
    Client, CreatedToken, Credential, Effect, GroupFilter, GroupReference, NewToken, Owner, Policy, ResourceValue,
};
use flarekeep_emulator::{Emulator, Facts, Options, Running, Server};
use flarekeep_tokens::{Surroundings, Variables};
use secrecy::SecretString;

use super::world::fitting;
use crate::arguments::Place;
use crate::commands::{emulate, exec};
use crate::context::Context;
use crate::environment::{self, Environment};
use crate::error::{CommandError, Kind};
use crate::output::plain;

/// A local Cloudflare. It ends when this is dropped.
pub(super) struct Local {
    running: Running,
    pub(super) facts: Facts,
    token: TokenId,
    value: SecretString,
    variables: Variables,
}

impl Local {
    /// Starts one, in the world that a file says, or one that fits.
    pub(super) async fn start(context: &Context, world: Option<&Path>) -> Result<Self, CommandError> {
        let world = world.map_or_else(|| Ok(fitting(context)), emulate::world)?;
        let failed = |error: std::io::Error| {
            CommandError::new(Kind::Unreachable, format!("cannot start the local Cloudflare: {error}"))
        };
        // Nobody else is to be spared its calls.
        let options = Options { rate_limit: None, ..Options::default() };
        let emulator = Emulator::new(world, options);
        let facts = emulator.facts();
        let mut running = Server::start(emulator.clone(), ([127, 0, 0, 1], 0).into()).await.map_err(failed)?;
        running.serve_s3(&emulator, ([127, 0, 0, 1], 0).into()).await.map_err(failed)?;
        let manager = Client::builder(Credential::global_key(&facts.email, &facts.global_key)?)
            .base_url(&running.api_url())
            .build()?;
        let CreatedToken { token, value } = manager.tokens(Owner::User).create(&wide(&manager, &facts).await?).await?;
        let around = Surroundings {
            account: Some(facts.account_id),
            zone: facts.zones.first().map(|zone| zone.id),
            s3: true,
            s3_endpoint: Some(format!("https://{}.{R2_HOST}", facts.account_id)),
            emptied: environment::keys_in_dot_env(),
            ..Surroundings::default()
        };
        let variables = Variables::for_command(&around, &exec::present());
        let local = Self { running, facts, token: token.id, value, variables };
        let zones: Vec<String> = local.facts.zones.iter().map(|zone| plain(&zone.name)).collect();
        context.output.note(format!("a local Cloudflare, with {}: its answers are not Cloudflare's", zones.join(", ")));
        Ok(local)
    }

    /// Where its API is.
    pub(super) fn api(&self) -> String {
        self.running.api_url()
    }

    /// Where its S3 face is.
    pub(super) fn r2(&self) -> Option<String> {
        self.running.s3_endpoint()
    }

    /// Puts its token, account and zone into the environment of a command, and takes other credentials away.
    pub(super) fn put_into(&self, command: &mut Command) {
        self.variables.put_into(command, self.token, &self.value);
    }

    /// What the rest of the program has at hand there: nothing of the user's own.
    pub(super) fn context(&self, outer: &Context) -> Context {
        let given = outer.placed(outer.place.clone(), None);
        let place = Place {
            account: Some(self.facts.account_id.to_string()),
            zone: given.place.zone.clone().or_else(|| self.facts.zones.first().map(|zone| zone.id.to_string())),
            ..given.place.clone()
        };
        Context { environment: Environment::empty(), place, ..given }
    }
}

/// A token that may do all that any permission group allows: of the user, the account and its zones.
async fn wide(manager: &Client, facts: &Facts) -> Result<NewToken, CommandError> {
    let (user, account) = (facts.user_id, facts.account_id);
    let zones = BTreeMap::from([("com.cloudflare.api.account.zone.*".to_owned(), "*".to_owned())]);
    let places = [
        ("com.cloudflare.api.user", format!("com.cloudflare.api.user.{user}"), ResourceValue::All),
        ("com.cloudflare.api.account", format!("com.cloudflare.api.account.{account}"), ResourceValue::All),
        (
            "com.cloudflare.api.account.zone",
            format!("com.cloudflare.api.account.{account}"),
            ResourceValue::Nested(zones),
        ),
    ];
    let groups = manager.tokens(Owner::User).permission_groups(&GroupFilter::default()).await?;
    let policies = places.map(|(scope, resource, value)| Policy {
        id: None,
        effect: Effect::Allow,
        resources: BTreeMap::from([(resource, value)]),
        permission_groups: groups
            .iter()
            .filter(|group| group.scopes.iter().any(|other| other == scope))
            .map(|group| GroupReference { id: group.id, name: None })
            .collect(),
    });
    Ok(NewToken { name: "record".to_owned(), policies: policies.into(), ..NewToken::default() })
}
