//! What rules look at: a token with what it reaches, and the world around it.

use std::collections::BTreeSet;

use flarekeep_catalogue::AccountId;
use jiff::Timestamp;

use crate::mend::Mend;
use crate::reach::{Measured, TokenReach};
use crate::token::{OwnedBy, TokenRecord};
use crate::usage::TokenUsage;
use crate::world::World;

/// All that is audited.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) world: &'a World,
    /// The tokens, each once; for the rules that look around alone, since a token may be looked at before others are known.
    pub(crate) tokens: &'a [&'a TokenRecord],
}

/// One token.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) scene: &'a Scene<'a>,
    pub(crate) token: &'a TokenRecord,
    pub(crate) measured: &'a Measured,
    pub(crate) reach: &'a TokenReach,
    /// What it was seen to do; none where nothing was seen, or nobody looked.
    pub(crate) usage: Option<&'a TokenUsage>,
}

impl Subject<'_> {
    /// Whether it may be used at `now`: what is wrong with its permissions matters only then, and while it is switched
    /// off, since it can be switched on again.
    pub(crate) fn may_act(&self, now: Timestamp) -> bool {
        self.token.status.may_become_active() && self.token.expires_on.is_none_or(|end| end > now)
    }

    /// Whether its permissions are known and matter.
    pub(crate) fn has_known_policies(&self, now: Timestamp) -> bool {
        self.token.policies.is_some() && self.may_act(now)
    }

    /// When it was used for the last time, as far as Cloudflare or the logs know.
    pub(crate) fn last_use(&self) -> Option<Timestamp> {
        let seen = self.usage.into_iter().flat_map(TokenUsage::operations).filter_map(|(.., called)| called.last).max();
        self.token.last_used_on.max(seen)
    }

    /// Whether logs or recordings show any call of it.
    pub(crate) fn was_seen(&self) -> bool {
        self.usage.is_some_and(|usage| !usage.calls.is_empty() || usage.unknown > 0)
    }

    /// Whether a use at `last` is the trial of the token's value, right after it was made: a delivery that was proved.
    pub(crate) fn is_trial(&self, last: Timestamp) -> bool {
        const TRYING: i64 = 2 * 60;
        self.token.issued_on.is_some_and(|issued| last.as_second() - issued.as_second() <= TRYING)
    }

    /// The options that name its owner, with a blank before each.
    pub(crate) fn owner(&self) -> String {
        match self.token.owner {
            OwnedBy::Account(account) => format!(" --owner account --account {account}"),
            OwnedBy::User(_) | OwnedBy::Unknown => String::new(),
        }
    }

    /// The end of a command that names the token and its owner: `ID --owner account --account ID`.
    pub(crate) fn named(&self) -> String {
        format!("{}{}", self.token.id, self.owner())
    }

    /// The command that gives it the permissions of its work and no others, in the place of those that it has. What a
    /// person has to say stands in capitals.
    pub(crate) fn replan(&self, places: &str) -> String {
        self.command("update", &format!("--recipe RECIPE{places}"))
    }

    /// The mend that puts a successor in its place. Where the value goes, flarekeep knows of tokens alone that it made.
    pub(crate) fn rotation(&self, words: &str) -> Mend {
        let words = format!("{words}, and its value into SINK (without --to, where flarekeep put the old one)");
        Mend::command(words, self.command("rotate", "--to SINK"))
    }

    /// The command that makes another token of the same owner.
    pub(crate) fn another(&self) -> String {
        format!("flarekeep token create{} --recipe RECIPE --to SINK", self.owner())
    }

    /// The accounts in which it was seen, or whose own it is.
    pub(crate) fn accounts(&self) -> BTreeSet<AccountId> {
        if let OwnedBy::Account(account) = self.token.owner {
            return [account].into();
        }
        let owner = |zone| self.scene.world.zones.get(&zone).and_then(|facts| facts.account);
        let calls = self.usage.into_iter().flat_map(TokenUsage::operations);
        calls.filter_map(|(_, target, _)| target.account.or_else(|| target.zone.and_then(owner))).collect()
    }

    /// The command that does `verb` with the token and these arguments.
    pub(crate) fn command(&self, verb: &str, arguments: &str) -> String {
        let arguments = if arguments.is_empty() { String::new() } else { format!(" {arguments}") };
        format!("flarekeep token {verb} {}{arguments}", self.named())
    }
}

/// Whole days from one instant to a later one; negative where it is earlier.
pub(crate) fn days(from: Timestamp, to: Timestamp) -> i64 {
    const DAY: i64 = 24 * 60 * 60;
    (to.as_second() - from.as_second()).div_euclid(DAY)
}
