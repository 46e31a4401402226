//! The tokens that are there, and what the journal knows of them, beside what is declared.

use std::path::Path;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Owner, Token};
use flarekeep_tokens::declared::{Difference, Living, Wanted, difference, of_name};
use flarekeep_tokens::{Desk, Holding};
use jiff::Timestamp;

use super::Change;
use super::desired::Desired;
use crate::error::CommandError;
use crate::output::plain;

/// The tokens of each owner that was asked.
struct Listed(Vec<(Owner, Vec<Token>)>);

/// Compares each declaration with its living token; with `whole`, what this file declared once and does not any more is
/// to be revoked.
pub(super) async fn changes(
    desk: &Desk,
    desired: Desired,
    file: &Path,
    whole: bool,
    now: Timestamp,
) -> Result<Vec<Change>, CommandError> {
    let api = desk.manager.base_url();
    let holdings: Vec<Holding> =
        desk.journal.holdings().await?.into_iter().filter(|holding| holding.subject.api == api).collect();
    let of_file = |holding: &&Holding| holding.declared.as_ref().is_some_and(|declared| declared.file == file);
    let mut owners: Vec<Owner> = desired.tokens.iter().map(|(wanted, _)| wanted.owner).collect();
    owners.extend(holdings.iter().filter(of_file).map(|holding| holding.subject.owner));
    let listed = Listed::of(desk, owners).await?;
    let mut changes = Vec::new();
    for (wanted, sinks) in desired.tokens {
        let living = listed.meant(&wanted, holdings.iter().filter(of_file))?;
        let holding = living.and_then(|(token, _)| holdings.iter().find(|holding| holding.id == token.id)).cloned();
        let delivered = holding.as_ref().map(|holding| holding.sinks.as_slice());
        let as_seen = living.map(|(token, owner)| Living { token, owner, delivered });
        let difference = difference(&wanted, as_seen.as_ref(), &desired.ownership, now)?;
        let living = living.map(|(token, owner)| (token.clone(), owner));
        changes.push(Change { wanted: Some(wanted), sinks, living, holding, difference });
    }
    if whole {
        for holding in holdings.iter().filter(of_file) {
            let is_declared = changes.iter().any(|change| change.is_about(holding));
            // One that is gone already needs nothing.
            if let (false, Some(token)) = (is_declared, listed.by_id(holding.subject.owner, holding.id)) {
                changes.push(Change {
                    wanted: None,
                    sinks: Vec::new(),
                    living: Some((token.clone(), holding.subject.owner)),
                    holding: Some(holding.clone()),
                    difference: Difference::revoke(),
                });
            }
        }
    }
    Ok(changes)
}

impl Change {
    fn is_about(&self, holding: &Holding) -> bool {
        self.living.as_ref().is_some_and(|(token, _)| token.id == holding.id)
    }
}

impl Listed {
    async fn of(desk: &Desk, owners: Vec<Owner>) -> Result<Self, CommandError> {
        let mut listed: Vec<(Owner, Vec<Token>)> = Vec::new();
        for owner in owners {
            if !listed.iter().any(|(known, _)| *known == owner) {
                listed.push((owner, desk.manager.tokens(owner).list_with_expired().await?));
            }
        }
        Ok(Self(listed))
    }

    fn by_id(&self, owner: Owner, id: TokenId) -> Option<&Token> {
        let tokens = self.0.iter().find(|(known, _)| *known == owner).map(|(_, tokens)| tokens);
        tokens.and_then(|tokens| tokens.iter().find(|token| token.id == id))
    }

    /// The token that a declaration means: by its id or its name, else the one that the journal knows of it under another
    /// owner.
    fn meant<'a>(
        &'a self,
        wanted: &Wanted,
        mut of_file: impl Iterator<Item = &'a Holding>,
    ) -> Result<Option<(&'a Token, Owner)>, CommandError> {
        let tokens = self.0.iter().find(|(owner, _)| *owner == wanted.owner).map(|(_, tokens)| tokens.as_slice());
        let found = of_name(wanted, tokens.unwrap_or_default()).map_err(|ids| {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            CommandError::usage(format!("{} tokens are named `{}`", ids.len(), plain(&wanted.name)))
                .because("which of them the declaration means cannot be told")
                .hint(format!("id = \"{}\" in [token.{}]", ids.join("\" or \""), plain(&wanted.key)))
        })?;
        match (found, wanted.id) {
            (Some(token), _) => Ok(Some((token, wanted.owner))),
            (None, Some(id)) => Err(CommandError::usage(format!("no token has the id {id}"))
                .because(plain(&format!("[token.{}] is declared to be that one", wanted.key)))
                .hint("leave id out, and a token of this name is made")),
            (None, None) => {
                let known = of_file
                    .find(|holding| holding.subject.name == wanted.name && holding.subject.owner != wanted.owner);
                let owner = known.map(|holding| (holding, holding.subject.owner));
                Ok(owner.and_then(|(holding, owner)| Some((self.by_id(owner, holding.id)?, owner))))
            }
        }
    }
}
