//! `flarekeep audit --fix`: the mends that take nothing from work that is being done; shown, asked for, made, and audited.

use std::collections::{BTreeMap, HashMap};

use flarekeep_audit::{Audit, Finding, SafeMend, Settings};
use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Client, CredentialKind, Owner, Status, Token, TokenUpdate};
use flarekeep_tokens::{Desk, GroupIds, change, policy_to_wire, revoke};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::collect::{self, Collected};
use super::{answer, audited};
use crate::arguments::{self, Consent, FixFindings};
use crate::consent::{self, Go};
use crate::context::Context;
use crate::desk;
use crate::error::CommandError;
use crate::output::{BAD, FAINT, GOOD, Output, STRONG, counted, plain, styled};
use crate::{CommandResult, Verdict};

/// The tokens as they were when they were audited.
type Seen = HashMap<TokenId, (Owner, Token)>;

/// What is done to one token.
#[derive(Debug, Default)]
struct Planned {
    /// All of them at once: an update replaces the whole token.
    mends: Vec<SafeMend>,
    /// What was found, and is mended: of two findings that want other policies the first is, and the next audit tells of
    /// the other.
    findings: Vec<Finding>,
}

/// What became of it.
struct Outcome {
    token: TokenId,
    name: String,
    words: String,
    rules: Vec<&'static str>,
    error: Option<CommandError>,
}

/// Fails at once where nobody could be asked later.
pub(super) fn able_to_ask(fix: FixFindings) -> Result<(), CommandError> {
    consent::able_to_ask(consent(fix))
}

/// Makes the mends of what was found, and audits again.
pub(super) async fn run(
    context: &Context,
    manager: &Client,
    arguments: &arguments::Audit,
    (collected, found): (Collected, Audit),
    settings: &Settings,
) -> CommandResult {
    // What the client cannot read whole it could not write back whole either: such a token is left alone.
    let tokens = collected
        .seen
        .iter()
        .filter_map(|(id, (owner, token))| Some((*id, (*owner, serde_json::from_str(token.get()).ok()?))));
    let seen: Seen = tokens.collect();
    let planned = planned(&found, &seen, own_id(manager, &seen).await);
    if planned.is_empty() {
        context.output.note("no finding has a mend that is safe to make without looking: nothing to do");
        return answer(context, arguments, &found, collected.holes, Some(&json!([])));
    }
    show(context, consent(arguments.fix), &planned);
    let question = format!("Make {}?", counted(planned.len(), "mend"));
    if consent::confirm(consent(arguments.fix), &question)? == Go::NoFurther {
        context.output.note("nothing was changed");
        let mends: Vec<Value> = planned.iter().map(|(id, planned)| planned.document(*id)).collect();
        return answer(context, arguments, &found, collected.holes, Some(&json!(mends)));
    }
    let outcomes = make(context, manager, &planned, &seen).await?;
    let mut again = collect::collect(context, manager, arguments, settings).await?;
    let found = audited(&again.world, settings.clone(), std::mem::take(&mut again.looked));
    let mends: Vec<Value> = outcomes.iter().map(Outcome::document).collect();
    let verdict = answer(context, arguments, &found, again.holes, Some(&json!(mends)))?;
    let failed = outcomes.iter().any(|outcome| outcome.error.is_some());
    Ok(if failed && verdict == Verdict::Yes { Verdict::Partly } else { verdict })
}

fn consent(fix: FixFindings) -> Consent {
    Consent { yes: fix.yes, dry_run: fix.dry_run }
}

/// The token that the audit itself uses: it is not mended by itself. Its owner's endpoint alone knows it.
async fn own_id(manager: &Client, seen: &Seen) -> Option<TokenId> {
    if manager.credential().kind() == CredentialKind::GlobalKey {
        return None;
    }
    let mut owners: Vec<Owner> = Vec::new();
    for (owner, _) in seen.values() {
        if !owners.contains(owner) {
            owners.push(*owner);
        }
    }
    for owner in owners {
        if let Ok(verified) = manager.tokens(owner).verify().await {
            return Some(verified.id);
        }
    }
    None
}

/// By token what is to be done. A token that ends needs nothing else.
fn planned(found: &Audit, seen: &Seen, own: Option<TokenId>) -> BTreeMap<TokenId, Planned> {
    let mut all: BTreeMap<TokenId, Planned> = BTreeMap::new();
    for finding in &found.findings {
        for mend in finding.mends.iter().filter_map(|mend| mend.safe.as_ref()) {
            let id = mend.token();
            if !seen.contains_key(&id) || own == Some(id) {
                continue;
            }
            let planned = all.entry(id).or_default();
            let is_made = match planned.mends.iter().find(|known| known.word() == mend.word()) {
                Some(known) => known == mend,
                None => {
                    planned.mends.push(mend.clone());
                    true
                }
            };
            if is_made {
                planned.findings.push(finding.clone());
            }
        }
    }
    for planned in all.values_mut() {
        let revokes = |mend: &SafeMend| matches!(mend, SafeMend::Revoke { .. });
        if planned.mends.iter().any(revokes) {
            planned.mends.retain(revokes);
        }
    }
    all
}

/// Shows the mends. Where somebody is asked next, `--quiet` does not hide what about.
fn show(context: &Context, consent: Consent, planned: &BTreeMap<TokenId, Planned>) {
    let output = Output { quiet: context.output.quiet && consent.yes, ..context.output };
    for (id, planned) in planned {
        let name = planned.name();
        output.note(format!("  {}  {}  {}", styled(STRONG, name), planned.words(), styled(FAINT, id)));
        for finding in &planned.findings {
            output.note(format!("      {}: {}", finding.rule.id, plain(&finding.summary)));
            for detail in &finding.details {
                output.note(format!("        {}", plain(detail)));
            }
        }
    }
    output.note("");
}

/// Makes them one after the other. What fails does not stop the others.
async fn make(
    context: &Context,
    manager: &Client,
    planned: &BTreeMap<TokenId, Planned>,
    seen: &Seen,
) -> Result<Vec<Outcome>, CommandError> {
    let desk = desk::open(context, manager.clone(), None).await?;
    let mut outcomes = Vec::new();
    for (id, planned) in planned {
        let Some((owner, token)) = seen.get(id) else { continue };
        let error = one(&desk, *owner, token, &planned.mends).await.err();
        let name = planned.name();
        match &error {
            None => context.output.note(format!("{} {name}: {}", styled(GOOD, "mended"), planned.words())),
            Some(error) => {
                context.output.warn(format!("{} {name}: {}", styled(BAD, "failed"), error.masked().message));
            }
        }
        let (words, rules) = (planned.words(), planned.rules());
        outcomes.push(Outcome { token: *id, name, words, rules, error });
    }
    Ok(outcomes)
}

/// Mends one token, if it still is as it was when that was proposed.
async fn one(desk: &Desk, owner: Owner, token: &Token, mends: &[SafeMend]) -> Result<(), CommandError> {
    let tokens = desk.manager.tokens(owner);
    let mut update = TokenUpdate::from(token);
    for mend in mends {
        match mend {
            SafeMend::Revoke { .. } => {
                return match tokens.get(token.id).await {
                    // Cloudflare forgets expired tokens by itself.
                    Err(error) if error.status() == Some(404) => Ok(()),
                    Err(error) => Err(error.into()),
                    Ok(now) if is_as_dead(&now, token, Timestamp::now()) => Ok(revoke(desk, owner, token).await?),
                    Ok(_) => Err(flarekeep_tokens::Error::Changed(token.id).into()),
                };
            }
            SafeMend::Expire { expires_on, .. } => update.expires_on = Some(*expires_on),
            SafeMend::Tidy { policies, .. } => {
                let ids = GroupIds::for_policies(&desk.manager, owner, policies).await?;
                let wire = policies.iter().map(|policy| policy_to_wire(policy, &ids));
                update.policies = wire.collect::<Result<Vec<_>, _>>()?.concat();
            }
        }
    }
    change(&tokens, token, &update).await?;
    Ok(())
}

/// Whether a token that was to be revoked is still one that nobody can use.
fn is_as_dead(now: &Token, seen: &Token, at: Timestamp) -> bool {
    let has_ended = now.expires_on.is_some_and(|end| end <= at);
    has_ended || now.status != Status::Active && now.status == seen.status
}

impl Planned {
    /// The token's name, as reports show it.
    fn name(&self) -> String {
        let token = self.findings.iter().find_map(|finding| finding.token.as_ref());
        token.map_or_else(String::new, |token| plain(&token.name))
    }

    /// The rules whose findings are mended.
    fn rules(&self) -> Vec<&'static str> {
        let mut rules: Vec<&str> = Vec::new();
        for finding in &self.findings {
            if !rules.contains(&finding.rule.id) {
                rules.push(finding.rule.id);
            }
        }
        rules
    }

    /// What is done, as an order.
    fn words(&self) -> String {
        let words = self.mends.iter().map(|mend| match mend {
            SafeMend::Revoke { .. } => "revoke".to_owned(),
            SafeMend::Expire { expires_on, .. } => format!("let it end on {}", expires_on.strftime("%Y-%m-%d")),
            SafeMend::Tidy { .. } => "write the same policies with less in them".to_owned(),
        });
        words.collect::<Vec<_>>().join(" and ")
    }

    fn document(&self, id: TokenId) -> Value {
        let name = self.name();
        json!({ "token": id.to_string(), "name": name, "mend": self.words(), "rules": self.rules(), "done": false })
    }
}

impl Outcome {
    fn document(&self) -> Value {
        let error = self.error.as_ref().map(|error| error.masked().message);
        json!({
            "token": self.token.to_string(),
            "name": self.name,
            "mend": self.words,
            "rules": self.rules,
            "done": error.is_none(),
            "error": error,
        })
    }
}
