//! Tokens with their owner and what they need, for the commands that look after several.

use flarekeep_cloudflare::Token;
use flarekeep_tokens::care::Reason;

use super::account;
use crate::arguments::{Owner, Whose};
use crate::context::{Context, block_on, owner};
use crate::error::CommandError;
use crate::output::plain;

/// A token and who owns it.
pub(super) struct Owned {
    pub(super) owner: Owner,
    pub(super) token: Token,
}

/// All tokens that are meant, those that expired lately included.
pub(super) fn listed(context: &Context, whose: Whose) -> Result<Vec<Owned>, CommandError> {
    block_on(async {
        let manager = context.manager()?;
        let mut all = Vec::new();
        for each in whose.owners() {
            let target = account(context, &manager, *each).await?;
            let tokens = manager.tokens(owner(*each, &target)?).list_with_expired().await?;
            all.extend(tokens.into_iter().map(|token| Owned { owner: *each, token }));
        }
        Ok(all)
    })
}

impl Owned {
    /// The owner in the word that the options take.
    pub(super) const fn owner_word(&self) -> &'static str {
        match self.owner {
            Owner::User => "user",
            Owner::Account => "account",
        }
    }

    /// The token as a command line names it: by its name where that needs no quotes and no other has it.
    pub(super) fn named(&self, among: &[Owned]) -> String {
        let name = &self.token.name;
        let bare = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) && !name.starts_with('-');
        let alone = among.iter().filter(|other| other.token.name == *name && other.owner == self.owner).count() == 1;
        let named = if bare && alone && !name.is_empty() { plain(name) } else { self.token.id.to_string() };
        match self.owner {
            Owner::User => named,
            Owner::Account => format!("{named} --owner account"),
        }
    }
}

/// The command that answers a reason; `named` names the token.
pub(super) fn remedy(reason: &Reason, named: &str) -> String {
    match reason {
        Reason::Revoked(_) | Reason::Ends { .. } | Reason::Ended(_) | Reason::Unchanged(_) | Reason::Old { .. } => {
            format!("flarekeep token rotate {named}")
        }
        Reason::Pending => "flarekeep token resume".to_owned(),
        Reason::LockedToNobody | Reason::UnknownStatus(_) => format!("flarekeep token show {named}"),
        Reason::NoEnd => format!("flarekeep token update {named} --expires 90d"),
        Reason::Unused(_) | Reason::NeverUsed(_) => format!("flarekeep token disable {named}"),
        Reason::Disabled => format!("flarekeep token revoke {named}"),
    }
}

/// What the command of a reason is good for.
pub(super) const fn remedy_for(reason: &Reason) -> &'static str {
    match reason {
        Reason::Revoked(_) | Reason::Ends { .. } | Reason::Ended(_) | Reason::Unchanged(_) | Reason::Old { .. } => {
            "makes a successor and ends it, without a gap"
        }
        Reason::Pending => "finishes or undoes what a stopped run left",
        Reason::LockedToNobody | Reason::UnknownStatus(_) => "shows it whole",
        Reason::NoEnd => "gives it an end",
        Reason::Unused(_) | Reason::NeverUsed(_) => "shows whether anybody misses it; enable takes it back",
        Reason::Disabled => "ends it for good",
    }
}
