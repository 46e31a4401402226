//! What a member of an account may do there, as far as tokens need it. Cloudflare has many more roles; these four are
//! simplified, and what each reaches is the emulator's own reading:
//!
//! - Super administrators and administrators may do everything, make the account's tokens among it. (Of administrators
//!   one page of the documentation says so, another names super administrators alone.)
//! - Members with API Token Provisioning (changelog of 2026-10-01) may make tokens of the account, of what they hold by
//!   other roles, and see those that they made.
//! - Members with the read-only role may call what changes nothing, but for the account's tokens, and hold the groups that
//!   are named for reading.

use flarekeep_catalogue::{AccountId, Group, Operation, Scope, UserId};
use flarekeep_policy::Resource;
use serde::{Deserialize, Serialize};

use super::World;
use crate::text;

/// A role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything.
    SuperAdministrator,
    /// Everything, as far as the emulator goes.
    Administrator,
    /// The account's tokens, up to what is held otherwise.
    ApiTokenProvisioning,
    /// What changes nothing.
    ReadOnly,
}

/// A role of a user in an account. A user without any in one of its accounts is super administrator there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The user.
    #[serde(with = "text")]
    pub user: UserId,
    /// The account.
    #[serde(with = "text")]
    pub account: AccountId,
    /// The role.
    pub role: Role,
}

impl Role {
    /// All of them.
    pub(crate) const ALL: [Self; 4] =
        [Self::SuperAdministrator, Self::Administrator, Self::ApiTokenProvisioning, Self::ReadOnly];

    /// The role that a word of a world file stands for.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "super-administrator" => Self::SuperAdministrator,
            "administrator" => Self::Administrator,
            "api-token-provisioning" => Self::ApiTokenProvisioning,
            "read-only" => Self::ReadOnly,
            _ => return None,
        })
    }

    /// The role's name as memberships show it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SuperAdministrator => "Super Administrator - All Privileges",
            Self::Administrator => "Administrator",
            Self::ApiTokenProvisioning => "API Token Provisioning",
            Self::ReadOnly => "Administrator Read Only",
        }
    }

    /// What it reaches, in a sentence.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::SuperAdministrator => "May do everything in the account.",
            Self::Administrator => "May do everything in the account, as far as the emulator goes.",
            Self::ApiTokenProvisioning => "May make tokens of the account, of what is held by other roles.",
            Self::ReadOnly => "May see everything in the account but its tokens, and change nothing.",
        }
    }

    /// Whether it reads, and whether it writes, what the account holds.
    pub(crate) const fn reach(self) -> (bool, bool) {
        match self {
            Self::SuperAdministrator | Self::Administrator => (true, true),
            Self::ApiTokenProvisioning => (false, false),
            Self::ReadOnly => (true, false),
        }
    }

    const fn is_any_administrator(self) -> bool {
        matches!(self, Self::SuperAdministrator | Self::Administrator)
    }
}

impl World {
    /// The roles of a user in an account; none where the user is no member.
    pub(crate) fn roles(&self, user: UserId, account: AccountId) -> Vec<Role> {
        if !self.is_member(user, account) {
            return Vec::new();
        }
        let of_both = self.members.iter().filter(|member| (member.user, member.account) == (user, account));
        let roles: Vec<Role> = of_both.map(|member| member.role).collect();
        if roles.is_empty() { vec![Role::SuperAdministrator] } else { roles }
    }

    /// Whether a member's roles let it make a call in the account, whatever its token grants.
    pub(crate) fn permits(&self, user: UserId, account: AccountId, operation: &Operation) -> bool {
        // Most worlds name no roles.
        if self.members.is_empty() {
            return true;
        }
        let of_tokens = operation.path().starts_with("/accounts/{account_id}/tokens");
        self.roles(user, account).into_iter().any(|role| match role {
            Role::SuperAdministrator | Role::Administrator => true,
            Role::ApiTokenProvisioning => {
                of_tokens || operation.path() == "/accounts/{account_id}" && !operation.mutates()
            }
            Role::ReadOnly => !of_tokens && !operation.mutates(),
        })
    }

    /// Whether a user holds a group at all that a resource names, and so may put it into a token.
    pub(crate) fn may_grant(&self, user: UserId, group: &Group, resource: &Resource) -> bool {
        let account = match resource {
            Resource::Account(account) | Resource::ZoneOf(account, _) => *account,
            Resource::AllZonesOf(account) | Resource::AllBucketsOf(account) => *account,
            Resource::Bucket(bucket) => bucket.account,
            Resource::Zone(zone) => match self.zone(*zone) {
                Some(zone) => zone.account,
                None => return true,
            },
            Resource::User(_) | Resource::Other(_) => return true,
            Resource::AllAccounts | Resource::AllZones => {
                let mut accounts = self.user(user).into_iter().flat_map(|user| &user.accounts);
                return accounts.all(|account| self.holds(user, *account, group));
            }
        };
        self.holds(user, account, group)
    }

    /// Whether a user holds a group in an account by its roles; groups of the user itself belong to every user.
    pub(crate) fn holds(&self, user: UserId, account: AccountId, group: &Group) -> bool {
        let reads = group.is_named_for_reading();
        let grants = |role: Role| role.is_any_administrator() || role == Role::ReadOnly && reads;
        group.scope == Scope::User || self.roles(user, account).into_iter().any(grants)
    }

    /// Whether a user sees in an account only the tokens that it made itself.
    pub(crate) fn sees_own_tokens_alone(&self, user: UserId, account: AccountId) -> bool {
        !self.roles(user, account).into_iter().any(Role::is_any_administrator)
    }
}
