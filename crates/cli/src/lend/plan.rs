//! Which token is lent: by a recipe, for the account, the bucket and the zone at hand.

use flarekeep_catalogue::{AccountId, ZoneId, recipe};
use flarekeep_cloudflare::{self as api, Client, CredentialKind, NewToken};
use flarekeep_planner::{Options, Plan, Target, canonical, needs_of_recipe, plan as solve};
use flarekeep_policy::{BucketKey, Owner, Policy};
use flarekeep_sites::{Platform, layout};
use flarekeep_tokens::{GroupIds, lent_name, policy_to_wire};
use jiff::{SignedDuration, Timestamp};

use crate::arguments::Bucket;
use crate::bucket;
use crate::context::Context;
use crate::error::CommandError;
use crate::limits;
use crate::place::{self, SOME_USER, Wanted, given_account};

/// How long a lent token lives at most. It ends with its command, and nobody has the value of one whose command was
/// killed.
const LIFE: SignedDuration = SignedDuration::from_hours(4);

/// What a token is lent for.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// The recipe of the work.
    pub(crate) recipe: &'static str,
    /// Only the part of the work that changes nothing.
    pub(crate) reads: bool,
    /// Which zone it is done in.
    pub(crate) zone: Zone,
    /// What the token is called [default: as the recipe].
    pub(crate) name: Option<String>,
}

/// A zone, found before there is a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    /// The work is done in none.
    None,
    /// The one that was named.
    Named,
    /// The one that the bucket's platform is in.
    OfPlatform,
}

impl Wish {
    /// The work of `site` and `tenant`.
    pub(crate) const fn sites(reads: bool) -> Self {
        Self { recipe: "site-deployer", reads, zone: Zone::None, name: None }
    }

    /// The work of `platform`, in the zone that was named, by ids.
    pub(crate) const fn platform(name: String) -> Self {
        Self { recipe: "platform-deploy", reads: false, zone: Zone::Named, name: Some(name) }
    }

    /// The work of `domain`, and of whatever else touches custom hostnames.
    pub(crate) const fn domains(reads: bool) -> Self {
        Self { recipe: "domain-manager", reads, zone: Zone::OfPlatform, name: None }
    }
}

/// A token to be lent.
pub(crate) struct Planned {
    pub(crate) owner: api::Owner,
    pub(crate) account: AccountId,
    pub(crate) token: NewToken,
    pub(crate) policies: Vec<Policy>,
    /// How it was found, and what it rests on.
    pub(crate) plan: Plan,
    bucket: Bucket,
}

impl Planned {
    /// The command that makes a token for the same work, to keep.
    pub(crate) fn command(&self, recipe: &str) -> String {
        format!("flarekeep token create --recipe {recipe} --bucket {} --to SINK", self.bucket)
    }

    /// The permissions, by name.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &'static str> {
        self.policies.iter().flat_map(Policy::known_groups).map(|group| group.name)
    }
}

/// Plans the token; only what is not known of the place is asked for.
pub(crate) async fn plan(context: &Context, manager: &Client, wish: &Wish) -> Result<Planned, CommandError> {
    let target = target(context, manager, wish.zone).await?;
    let account = target.account.ok_or_else(|| {
        CommandError::usage("which account is meant is not known").hint("give --account, or set CLOUDFLARE_ACCOUNT_ID")
    })?;
    let is_accounts = manager.credential().kind() == CredentialKind::AccountToken;
    let (owner, engine_owner) = match is_accounts {
        true => (api::Owner::Account(account), Owner::Account(account)),
        false => (api::Owner::User, Owner::User(SOME_USER)),
    };
    let mut needs = needs_of_recipe(&recipe(wish.recipe)?, &target, engine_owner)?;
    needs.retain(|need| !wish.reads || !need.operation.mutates());
    let solved = solve(&needs, &Options::new(engine_owner));
    if let Some(impossible) = solved.impossible.first() {
        let operation = solved.needs.get(impossible.need).map(|need| need.operation.to_string()).unwrap_or_default();
        return Err(CommandError::usage(format!("`{operation}` cannot be granted: {}", impossible.reason)));
    }
    let policies = canonical(&solved.policies());
    let ids = GroupIds::for_policies(manager, owner, &policies).await?;
    let wire = policies.iter().map(|policy| policy_to_wire(policy, &ids)).collect::<Result<Vec<_>, _>>()?.concat();
    // In whole seconds, as Cloudflare takes it.
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
    let token = NewToken {
        name: limits::name(&lent_name(wish.name.as_deref().unwrap_or(wish.recipe)))?,
        policies: wire,
        condition: None,
        not_before: None,
        expires_on: Some(now.saturating_add(LIFE).unwrap_or(now)),
    };
    Ok(Planned { owner, account, token, policies, plan: solved, bucket: bucket::named(context)? })
}

async fn target(context: &Context, manager: &Client, zone: Zone) -> Result<Target, CommandError> {
    let mut target = match (zone, given_account(context)) {
        // Nothing else than the account has to be found.
        (Zone::None | Zone::OfPlatform, Some(text)) => {
            Target { account: Some(place::account(manager, text).await?), ..Target::default() }
        }
        _ => {
            let wanted = Wanted { account: true, zone: zone == Zone::Named, bucket: false };
            place::find(context, manager, wanted).await?
        }
    };
    let named = bucket::named(context)?;
    if let (Zone::OfPlatform, Some(account)) = (zone, target.account) {
        target.zone = Some(zone_of_platform(manager, account, &named).await?);
    }
    target.bucket =
        target.account.map(|account| BucketKey { account, jurisdiction: named.jurisdiction, name: named.name });
    Ok(target)
}

/// The zone that the bucket's platform is in, as its own note says.
async fn zone_of_platform(manager: &Client, account: AccountId, bucket: &Bucket) -> Result<ZoneId, CommandError> {
    let jurisdiction = bucket::jurisdiction(&bucket.jurisdiction)?;
    let note = manager.objects(account, &bucket.name, jurisdiction).get(layout::PLATFORM).await?;
    let platform = note.and_then(|bytes| Platform::read(&bytes).ok());
    platform.and_then(|platform| platform.zone_id.parse().ok()).ok_or_else(|| {
        CommandError::usage(format!("there is no platform in the bucket {}", bucket.name))
            .because("a domain is a custom hostname of the platform's zone")
            .hint("flarekeep platform deploy --zone NAME")
    })
}
