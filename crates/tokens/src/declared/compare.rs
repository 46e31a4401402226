//! The tokens that are there, and what the journal knows of them, beside what is declared.

use std::path::PathBuf;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Owner, Token};
use flarekeep_policy::Ownership;
use jiff::Timestamp;

use super::difference::{Difference, Kind, Living, difference, of_name};
use super::wanted::Wanted;
use crate::desk::Desk;
use crate::error::Error;
use crate::journal::{Declared, Holding};
use crate::sink::Sink;

/// One token that is declared, or was, and what has to be done about it.
#[derive(Debug, Clone)]
pub struct Change {
    /// What is declared; none where a declaration is gone.
    pub wanted: Option<Wanted>,
    /// Where its value goes.
    pub sinks: Vec<Sink>,
    /// The living token and who owns it.
    pub living: Option<(Token, Owner)>,
    /// What the journal knows of it.
    pub holding: Option<Holding>,
    /// What has to be done.
    pub difference: Difference,
}

/// Which file declares: two of one path are one only if they name the same project, since a path says little between
/// machines and containers that share a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file, as an absolute path without links.
    pub file: PathBuf,
    /// The project that its defaults name.
    pub project: Option<String>,
}

/// What a file declares beside what is there.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// A change for each token, those that need nothing among them.
    pub changes: Vec<Change>,
    /// What the journal still has of tokens that the file declared once: they are gone, and so is their declaration.
    pub gone: Vec<Holding>,
    /// Whether all of the tokens that the file declared once would be revoked, or most of several: then it may be another
    /// file, or an emptied one.
    pub needs_prune: bool,
}

/// Why declarations cannot be compared with what is there.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// Which token a declaration means cannot be told.
    #[error("{} tokens are named `{name}`", ids.len())]
    Namesakes {
        /// The declaration's key.
        key: String,
        /// The name.
        name: String,
        /// The tokens.
        ids: Vec<TokenId>,
    },
    /// A declaration means a token that is not there.
    #[error("no token has the id {id}")]
    NoSuchId {
        /// The declaration's key.
        key: String,
        /// The id.
        id: TokenId,
    },
    /// A call, the journal, or a policy that cannot be read.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Compares each declaration of a file with its living token; with `whole`, what the file declared once and does not any
/// more is to be revoked. Nothing is changed.
///
/// # Errors
/// Why they cannot be compared.
pub async fn compare(
    desk: &Desk,
    declared: Vec<(Wanted, Vec<Sink>)>,
    ownership: &Ownership,
    origin: &Origin,
    whole: bool,
    now: Timestamp,
) -> Result<Comparison, CompareError> {
    let api = desk.manager.base_url();
    let holdings = desk.journal.holdings().await.map_err(Error::from)?;
    let holdings: Vec<Holding> = holdings.into_iter().filter(|holding| holding.subject.api == api).collect();
    // Of what the journal did not see made it does not know who holds the value: that is nobody's to end.
    let of_file = |holding: &&Holding| {
        let same = |declared: &Declared| declared.file == origin.file && declared.project == origin.project;
        !holding.sinks.is_empty() && holding.declared.as_ref().is_some_and(same)
    };
    let claimed: Vec<TokenId> = declared.iter().filter_map(|(wanted, _)| wanted.id).collect();
    let mut owners: Vec<Owner> = declared.iter().map(|(wanted, _)| wanted.owner).collect();
    owners.extend(holdings.iter().filter(of_file).map(|holding| holding.subject.owner));
    let listed = Listed::of(desk, owners).await?;
    let mut changes = Vec::new();
    for (wanted, sinks) in declared {
        let living = match listed.meant(&wanted, holdings.iter().filter(of_file)) {
            Err(error @ CompareError::NoSuchId { .. }) => {
                Some(listed.successor(&wanted, &holdings, &claimed).ok_or(error)?)
            }
            found => found?,
        };
        let holding = living.and_then(|(token, _)| holdings.iter().find(|holding| holding.id == token.id)).cloned();
        let delivered = holding.as_ref().map(|holding| holding.sinks.as_slice()).filter(|sinks| !sinks.is_empty());
        let as_seen = living.map(|(token, owner)| Living { token, owner, delivered });
        let mut difference = difference(&wanted, as_seen.as_ref(), ownership, now)?;
        if let (Some(id), Some((token, _))) = (wanted.id, living)
            && id != token.id
        {
            difference.remarks.push(format!("token {id} was replaced, and its id is {} now", token.id));
        }
        let living = living.map(|(token, owner)| (token.clone(), owner));
        changes.push(Change { wanted: Some(wanted), sinks, living, holding, difference });
    }
    let mut gone = Vec::new();
    // Another user's credential sees none of this user's tokens: that they are gone does not follow.
    let sees = |owner: Owner| {
        let is_seen = |known: &Holding| known.subject.owner == owner && listed.by_id(owner, known.id).is_some();
        owner != Owner::User || holdings.iter().filter(of_file).any(is_seen)
    };
    if whole {
        for holding in holdings.iter().filter(of_file) {
            if changes.iter().any(|change| change.is_about(holding)) {
                continue;
            }
            match listed.by_id(holding.subject.owner, holding.id) {
                Some(token) => changes.push(Change {
                    wanted: None,
                    sinks: Vec::new(),
                    living: Some((token.clone(), holding.subject.owner)),
                    holding: Some(holding.clone()),
                    difference: Difference::revoke(),
                }),
                None if sees(holding.subject.owner) => gone.push(holding.clone()),
                None => {}
            }
        }
    }
    // A declared token that is to be made takes the place of what was known under its name.
    gone.retain(|holding| !changes.iter().any(|change| change.will_be(desk, holding)));
    let revoked = changes.iter().filter(|change| change.difference.kind == Kind::Revoke).count();
    let kept = holdings.iter().filter(of_file).filter(|holding| {
        changes
            .iter()
            .any(|change| change.wanted.is_some() && (change.is_about(holding) || change.will_be(desk, holding)))
    });
    let needs_prune = is_suspicious(revoked, kept.count());
    Ok(Comparison { changes, gone, needs_prune })
}

/// Whether so many of the tokens that a file declared once are not declared any more that it may be a mistake: all of
/// them, or more than half of at least four.
fn is_suspicious(revoked: usize, kept: usize) -> bool {
    revoked > 0 && (kept == 0 || (revoked + kept >= 4 && revoked > kept))
}

impl Change {
    /// The token's name, by which people know it.
    #[must_use]
    pub fn name(&self) -> &str {
        let living = self.living.as_ref().map(|(token, _)| token.name.as_str());
        self.wanted.as_ref().map(|wanted| wanted.name.as_str()).or(living).unwrap_or_default()
    }

    fn is_about(&self, holding: &Holding) -> bool {
        self.living.as_ref().is_some_and(|(token, _)| token.id == holding.id)
    }

    fn will_be(&self, desk: &Desk, holding: &Holding) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| desk.subject(wanted.owner, &wanted.name) == holding.subject)
    }
}

/// The tokens of each owner that was asked.
struct Listed(Vec<(Owner, Vec<Token>)>);

impl Listed {
    async fn of(desk: &Desk, owners: Vec<Owner>) -> Result<Self, Error> {
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

    /// The token that took the place of the one with the declared id, as far as the journal knows: the one that it has
    /// under the declared name, unless another declaration means that one.
    fn successor<'a>(
        &'a self,
        wanted: &Wanted,
        holdings: &[Holding],
        claimed: &[TokenId],
    ) -> Option<(&'a Token, Owner)> {
        let is_it = |holding: &&Holding| {
            holding.subject.owner == wanted.owner
                && holding.subject.name == wanted.name
                && !claimed.contains(&holding.id)
        };
        let holding = holdings.iter().find(is_it)?;
        Some((self.by_id(wanted.owner, holding.id)?, wanted.owner))
    }

    /// The token that a declaration means: by its id or its name, else the one that the journal knows of it under another
    /// owner.
    fn meant<'a>(
        &'a self,
        wanted: &Wanted,
        mut of_file: impl Iterator<Item = &'a Holding>,
    ) -> Result<Option<(&'a Token, Owner)>, CompareError> {
        let tokens = self.0.iter().find(|(owner, _)| *owner == wanted.owner).map(|(_, tokens)| tokens.as_slice());
        let found = of_name(wanted, tokens.unwrap_or_default());
        let (key, name) = (wanted.key.clone(), wanted.name.clone());
        match (found, wanted.id) {
            (Err(ids), _) => Err(CompareError::Namesakes { key, name, ids }),
            (Ok(Some(token)), _) => Ok(Some((token, wanted.owner))),
            (Ok(None), Some(id)) => Err(CompareError::NoSuchId { key, id }),
            (Ok(None), None) => {
                let known = of_file
                    .find(|holding| holding.subject.name == wanted.name && holding.subject.owner != wanted.owner);
                let owner = known.map(|holding| (holding, holding.subject.owner));
                Ok(owner.and_then(|(holding, owner)| Some((self.by_id(owner, holding.id)?, owner))))
            }
        }
    }
}
