//! All tokens that the credential can read: the user's and every account's, and what is known of accounts and zones.
//!
//! A list of tokens has their policies in it, so that a token costs a fiftieth of a call. Lists of different owners, and the
//! pages of each, are read at once, within the client's own pace.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use flarekeep_audit::{Looked, OwnedBy, Settings, TokenRecord, Unread, World};
use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Client, CredentialKind, Error, Gate, Owner};
use serde_json::value::RawValue;

use super::lists::{One, Reader, Tokens};
use super::live::{self, Accounts, Around, Progress};
use super::logs;
use super::record::Read;
use crate::arguments::{self, Whose};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::counted;

/// So many calls are under way at once.
const AT_ONCE: usize = 32;

/// What was read.
pub(super) struct Collected {
    pub(super) world: World,
    /// The tokens that were looked at while others were still on their way.
    pub(super) looked: HashMap<TokenId, Box<Looked>>,
    /// The tokens as the API wrote them, for mends.
    pub(super) seen: HashMap<TokenId, (Owner, Box<RawValue>)>,
    /// How much of the tokens could not be read.
    pub(super) holes: usize,
}

/// Reads everything.
pub(super) async fn collect(
    context: &Context,
    manager: &Client,
    arguments: &arguments::Audit,
    settings: &Settings,
) -> Result<Collected, CommandError> {
    // What the audit will want to know of the catalogue is looked up while the network is waited for.
    let ready = std::thread::spawn(flarekeep_audit::prepare);
    let gate = Gate::new(AT_ONCE);
    let progress = Progress::start(context.output);
    let around = Arc::new(Around::new(manager.credential().kind() == CredentialKind::GlobalKey));
    // How a token was used is known when all logs were read.
    let wants_usage = !arguments.used.usage.is_empty() || !arguments.used.recording.is_empty();
    let reader = Reader {
        manager: manager.clone(),
        gate: gate.clone(),
        progress: progress.clone(),
        around: around.clone(),
        settings: (!wants_usage).then(|| Arc::new(settings.clone())),
        known: Arc::default(),
    };
    let wants_user = reads_users(context, manager, arguments.owner);
    let users = async {
        match wants_user {
            true => Some(reader.list(Owner::User, "the user".to_owned()).await),
            false => None,
        }
    };
    let accounts = async {
        let accounts = match arguments.owner {
            Whose::User => Accounts::default(),
            Whose::Account | Whose::All => live::accounts(context, manager, &gate).await?,
        };
        around.learn_accounts(&accounts.known);
        let lists = reader.lists(&accounts).await;
        Ok::<_, CommandError>((accounts, lists))
    };
    let (users, accounts, ()) = tokio::join!(users, accounts, around.learn_zones(manager, &gate));
    let (accounts, lists) = accounts?;
    progress.end();
    // It only fills tables; if it failed, the audit fills them.
    let _ = ready.join();
    let mut world = around.world().cloned().unwrap_or_default();
    world.is_part = arguments.owner != Whose::All || context.place.account.is_some();
    // Tokens that could not be read are said first.
    let beside = std::mem::take(&mut world.unread);
    let mut collected = Collected { world, looked: HashMap::new(), seen: HashMap::new(), holes: 0 };
    let mut failed = Vec::new();
    let mut readable = false;
    for list in users.into_iter().chain(lists) {
        readable |= list.read.is_ok();
        match list.read {
            Ok(read) => collected.take(&list.whose, list.owner, read),
            Err(error) => failed.push((list.owner, list.whose, error)),
        }
    }
    if !readable {
        return Err(nothing_readable(failed, accounts.error));
    }
    collected.holes += failed.len() + usize::from(accounts.error.is_some());
    collected.world.unread.extend(accounts.error.map(|error| Unread {
        what: "the list of accounts".to_owned(),
        why: format!("{}; --account names one, --owner user leaves them out", live::why(&error)),
    }));
    collected.world.unread.extend(failed.iter().map(|(owner, whose, error)| Unread {
        what: format!("the tokens of {whose}"),
        why: live::why_of_tokens(*owner, error),
    }));
    collected.world.unread.extend(beside);
    name_the_user(&mut collected.world.tokens);
    let before = collected.world.unread.len();
    logs::into(context, manager, arguments, &gate, &mut collected.world).await?;
    collected.holes += collected.world.unread.len() - before;
    Ok(collected)
}

/// Whether the user's tokens are read: an account's token has no user.
fn reads_users(context: &Context, manager: &Client, whose: Whose) -> bool {
    let is_accounts = manager.credential().kind() == CredentialKind::AccountToken;
    match whose {
        Whose::Account => false,
        Whose::User => true,
        Whose::All if is_accounts => {
            context.output.detail("the credential is an account's: there is no user whose tokens it could read");
            false
        }
        Whose::All => true,
    }
}

impl Collected {
    fn take(&mut self, whose: &str, owner: Owner, tokens: Tokens) {
        let mut known = HashSet::new();
        let (mut read, mut doubled) = (0_u64, 0_u64);
        for One { read: token, text, looked } in tokens.all {
            match token {
                Read::Whole(record) if known.insert(record.id) => {
                    self.looked.extend(looked.map(|looked| (record.id, looked)));
                    self.seen.insert(record.id, (owner, text));
                    self.world.tokens.push(*record);
                }
                Read::InPart(record, unread, _) if known.insert(record.id) => {
                    self.world.tokens.push(*record);
                    self.lack(unread);
                }
                Read::Not(unread) => self.lack(unread),
                Read::Whole(_) | Read::InPart(..) => doubled += 1,
            }
            read += 1;
        }
        let different = read - doubled;
        if let Some(promised) = tokens.promised.filter(|promised| *promised != different) {
            let words = |number: u64| counted(usize::try_from(number).unwrap_or(usize::MAX), "token");
            self.lack(Unread {
                what: format!("the tokens of {whose}, whole"),
                why: format!(
                    "the list speaks of {} and holds {}: it changed while it was read, or it is wrong; run the audit again",
                    words(promised),
                    words(different)
                ),
            });
        }
    }

    fn lack(&mut self, unread: Unread) {
        self.world.unread.push(unread);
        self.holes += 1;
    }
}

/// The failure where no list of tokens could be read.
fn nothing_readable(failed: Vec<(Owner, String, Error)>, accounts: Option<Error>) -> CommandError {
    let named = "--account ID names an account; --owner user audits the user's tokens";
    match (failed.into_iter().next(), accounts) {
        (Some((_, _, error)), _) => CommandError::from(error),
        (None, Some(error)) => CommandError::from(error).hint(named),
        (None, None) => {
            CommandError::usage("there are no tokens to be audited: the credential sees no account").hint(named)
        }
    }
}

/// All of a user's tokens have one owner, whom some of them name.
fn name_the_user(tokens: &mut [TokenRecord]) {
    let user = tokens.iter().find_map(|token| match token.owner {
        OwnedBy::User(user) => user,
        _ => None,
    });
    for token in tokens {
        if token.owner == OwnedBy::User(None) {
            token.owner = OwnedBy::User(user);
        }
    }
}
