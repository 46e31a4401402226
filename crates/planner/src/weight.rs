//! What a grant weighs: the reach that it adds.
//!
//! The reach of a group at a resource is counted over the operations that accept the group and take effect there: a
//! read counts [`READ`], an operation that may change something [`WRITE`]. Where the grant reaches many zones or
//! accounts of unknown number, each operation counts once for each of [`SOME`] of them, so that an account's group
//! never looks as narrow as the zone group that does the same. A grant that can mint tokens or manage members can give
//! itself everything else; it counts [`MINTING`] on top, which is more than all other groups together.
//!
//! A group that is not named for reading counts one write more than the lists show.
//!
//! A weight is the reach times [`SCALE`] plus a few points that only decide between equals: facts that are inferred and
//! wider resources lose.

use flarekeep_catalogue::{Group, GroupProvenance, Method, Operation};
use flarekeep_policy::Resource;

/// One unit of reach, in weight. The points for ties stay far below it.
pub const SCALE: u64 = 10_000;

const READ: u64 = 1;
const WRITE: u64 = 10;
/// For how many zones of an account, or accounts, a wide grant is counted.
const SOME: u64 = 10;
/// All groups of the catalogue at one account weigh less than half a million together.
const MINTING: u64 = 100_000_000;

/// The weight of one grant: what a plan makes least.
#[must_use]
pub fn weight(group: &Group, resource: &Resource) -> u64 {
    let minting = if group.operations().any(mints) { MINTING } else { 0 };
    // Others may open writes that no list of operations shows, as `Apps Write` does, which the lists know from reads
    // alone.
    let unlisted = if group.is_named_for_reading() { 0 } else { WRITE };
    let points = unproved(group) + width(resource);
    (reach(group, resource) + unlisted + minting).saturating_mul(SCALE).saturating_add(points)
}

/// The reach of a group at a resource, without what it could mint.
#[must_use]
pub fn reach(group: &Group, resource: &Resource) -> u64 {
    group.operations().map(|operation| cost(operation) * breadth(operation, resource)).sum()
}

/// Whether an operation makes or changes API tokens, members, or what members may do, so that whoever may call it can
/// give itself other rights: a POST, PUT or PATCH below `tokens`, `members` or `iam` of a user, an account or an
/// organisation, or of `memberships`. Tokens of products (Access service tokens, Stream, …) open no API.
#[must_use]
pub fn mints(operation: &Operation) -> bool {
    if !matches!(operation.method, Method::Post | Method::Put | Method::Patch) {
        return false;
    }
    let mut segments = operation.path().split('/').skip(1);
    let kind = match segments.next() {
        Some("memberships") => return true,
        Some("user") => segments.next(),
        Some("accounts" | "organizations") => segments.nth(1),
        _ => None,
    };
    kind.is_some_and(|kind| matches!(kind.split(':').next(), Some("tokens" | "members" | "iam")))
}

fn cost(operation: &Operation) -> u64 {
    if operation.mutates() { WRITE } else { READ }
}

/// How many resources the operation reaches under a grant at `resource`, as far as it matters.
fn breadth(operation: &Operation, resource: &Resource) -> u64 {
    match resource {
        Resource::Zone(_) | Resource::ZoneOf(..) => u64::from(!operation.names_account()),
        Resource::Account(_) | Resource::AllZonesOf(_) if operation.names_zone() => SOME,
        Resource::AllAccounts | Resource::AllZones | Resource::User(_) if operation.names_zone() => SOME * SOME,
        Resource::AllAccounts | Resource::AllZones | Resource::User(_) if operation.names_account() => SOME,
        _ => 1,
    }
}

/// The points of a group of which something is only inferred: its scope, or every operation that it opens.
fn unproved(group: &Group) -> u64 {
    let unpublished = u64::from(group.provenance != GroupProvenance::Published || group.id.is_none());
    let inferred = u64::from(group.operations().all(|operation| operation.provenance.is_inferred()));
    8 * unpublished + 4 * inferred
}

fn width(resource: &Resource) -> u64 {
    match resource {
        Resource::Bucket(_) | Resource::Zone(_) | Resource::ZoneOf(..) => 0,
        Resource::Account(_) | Resource::AllZonesOf(_) | Resource::AllBucketsOf(_) => 1,
        Resource::User(_) | Resource::AllAccounts | Resource::AllZones | Resource::Other(_) => 2,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use flarekeep_catalogue::{AccountId, Way, ZoneId, groups, operation, resolve, widenings};

    use super::*;

    const ACCOUNT: Resource = Resource::Account(AccountId::from_u128(0xa1));
    const ZONE: Resource = Resource::Zone(ZoneId::from_u128(0x21));

    #[test]
    fn groups_that_mint_tokens_or_manage_members_are_found_by_what_they_open() {
        let minting: BTreeSet<_> =
            groups().iter().filter(|group| group.operations().any(mints)).map(|group| group.name).collect();
        let expected = [
            "API Tokens Write",
            "Account API Tokens Write",
            "Account Settings Write",
            "Memberships Write",
            "SCIM Provisioning",
        ];
        assert_eq!(minting, BTreeSet::from(expected));
        assert!(!mints(operation("POST /accounts/{account_id}/access/service_tokens").unwrap()));
        assert!(!mints(operation("DELETE /accounts/{account_id}/tokens/{token_id}").unwrap()));
    }

    #[test]
    fn what_mints_is_a_known_way_to_widen() {
        for operation in flarekeep_catalogue::operations().iter().filter(|operation| mints(operation)) {
            let ways = widenings().iter().filter(|widening| widening.is_opened_by(operation));
            let ways: Vec<Way> = ways.map(|widening| widening.way).collect();
            assert!(ways.iter().any(|way| matches!(way, Way::Tokens | Way::Members)), "{operation}: {ways:?}");
        }
    }

    #[test]
    fn one_group_that_mints_weighs_more_than_all_others_together() {
        let (minting, harmless): (Vec<_>, Vec<_>) = groups().iter().partition(|group| group.operations().any(mints));
        let all: u64 = harmless.iter().map(|group| weight(group, &ACCOUNT)).sum();
        for group in minting {
            assert!(weight(group, &ACCOUNT) > 100 * all, "{}", group.name);
        }
    }

    #[test]
    fn reads_weigh_less_than_writes_and_zones_less_than_accounts() {
        let group = |name: &str| resolve(name).unwrap().0;
        assert!(weight(group("DNS Read"), &ZONE) < weight(group("DNS Write"), &ZONE));
        let (zone, account) = (group("Domain API Gateway"), group("Account API Gateway"));
        assert_eq!(reach(account, &ACCOUNT), 10 * reach(zone, &ZONE));
    }
}
