//! After the change: waiting until Cloudflare has it everywhere, and checking again.

use std::io::IsTerminal;
use std::time::Duration;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::Client;
use flarekeep_policy::IpCondition;
use flarekeep_tokens::{CheckReport, Error, Fix, GrantAdvice, Identity, identify, token_from_wire, unsettle};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::named::seen;
use super::{Job, Output};
use crate::commands::check;
use crate::error::{CommandError, Kind};
use crate::output::{FAINT, GOOD, plain, styled};

/// A change can take a minute or two to reach Cloudflare's edge; what was refused is tried again for as long.
const PATIENCE: [u64; 6] = [1, 2, 5, 15, 30, 60];

/// What was seen after the change.
#[derive(Debug, Default)]
pub(super) struct Proof {
    pub(super) check: Option<CheckReport>,
    /// The token as its own value shows it, or why it does not.
    pub(super) life: Value,
    /// Why that is not what was wanted.
    pub(super) error: Option<CommandError>,
}

/// What the value in use shows of its token.
enum Life {
    Seen(Identity),
    /// It is another token's.
    Other(TokenId),
    /// Nobody tries: there is no value at hand, or it cannot be used from here.
    Untried(String),
    /// It is refused still.
    Refused(String),
}

impl Job<'_> {
    /// Waits until the token can be used, and meets the needs of the work.
    pub(super) async fn proof(&self, fix: &Fix) -> Result<Proof, CommandError> {
        let output = self.context.output;
        let subject = match &self.named.subject {
            Some(subject) => subject,
            None => return Ok(untried(output, fix, "no value of it is given to try it with")),
        };
        match self.life(fix, subject).await? {
            Life::Seen(identity) => self.checked(fix, subject, &identity).await,
            Life::Untried(why) => Ok(untried(output, fix, &why)),
            Life::Other(id) if !self.named.is_guessed => {
                Ok(untried(output, fix, &format!("the value in use is that of another token, {id}")))
            }
            Life::Other(id) => self.taken_back(fix, &format!("the value in use is that of another token, {id}")).await,
            Life::Refused(why) if self.named.is_guessed => self.taken_back(fix, &why).await,
            Life::Refused(why) => Ok(Proof {
                life: json!({ "refused": why }),
                error: Some(later(format!("the token was changed, and its value is still refused: {why}"))),
                ..Proof::default()
            }),
        }
    }

    async fn checked(&self, fix: &Fix, subject: &Client, identity: &Identity) -> Result<Proof, CommandError> {
        let output = self.context.output;
        let life = json!(identity);
        let Some(plan) = self.plan else {
            output.line(format!(
                "\n{} token {} ({}): it is {}, and its value is the same",
                styled(GOOD, "mended"),
                fix.token.id,
                plain(&fix.token.name),
                plain(&identity.status)
            ));
            return Ok(Proof { life, ..Proof::default() });
        };
        let tests = self.work.recipe().map(|recipe| recipe.tests.as_slice());
        let tested = async || check::tested(output, subject, plan, tests, &self.target).await;
        let report = settled(output, tested).await?;
        output.line("");
        check::show(output, &report);
        let error =
            (!report.passes()).then(|| later("the token was changed, and the check does not pass yet".to_owned()));
        Ok(Proof { check: Some(report), life, error })
    }

    /// Asks the value itself until it is taken, or the time that a change may take is over.
    async fn life(&self, fix: &Fix, subject: &Client) -> Result<Life, CommandError> {
        let admitted = token_from_wire(&fix.after(), fix.owner()).map_or(IpCondition::default(), |token| token.ip);
        let mut waits = PATIENCE.iter();
        loop {
            let why = match identify(subject, self.target.account).await {
                Ok(identity) if identity.id != fix.token.id => return Ok(Life::Other(identity.id)),
                Ok(identity) if identity.is_active() => return Ok(Life::Seen(identity)),
                Ok(identity) => format!("its status is {}", plain(&identity.status)),
                Err(Error::Call(refusal)) if refusal.is_location() => match seen(&refusal) {
                    Some(address) if !admitted.admits(Some(address)) => {
                        return Ok(Life::Untried(format!("it still bars {address}, from where this was tried")));
                    }
                    _ => plain(&refusal.to_string()),
                },
                Err(Error::Call(refusal)) if refusal.is_authentication() => plain(&refusal.to_string()),
                Err(error) => return Err(error.into()),
            };
            let Some(seconds) = waits.next() else { return Ok(Life::Refused(why)) };
            wait(self.context.output, *seconds, "its value is refused still").await;
        }
    }

    /// Takes the change back: it was made to another token than the one in use.
    async fn taken_back(&self, fix: &Fix, why: &str) -> Result<Proof, CommandError> {
        unsettle(&self.manager, fix).await?;
        Err(CommandError::usage(format!("token {} is not the one in use: it is as it was", fix.token.id))
            .because(why.to_owned())
            .hint("flarekeep token list shows the others; --token ID names the one that is meant"))
    }

    /// The grants of the work that the token in use was seen to lack; all of them where it cannot be tried.
    pub(super) async fn missing(&self) -> Vec<flarekeep_policy::Policy> {
        let Some(plan) = self.plan else { return Vec::new() };
        let Some(subject) = &self.named.subject else { return plan.policies() };
        let tests = self.work.recipe().map(|recipe| recipe.tests.as_slice());
        let Ok(report) = check::tested(self.context.output, subject, plan, tests, &self.target).await else {
            return plan.policies();
        };
        let sections = [&report.tests, &report.writes, &report.reads];
        let missing: Vec<&GrantAdvice> =
            sections.iter().flat_map(|section| &section.tests).filter_map(|test| test.grant.as_ref()).collect();
        let mut lacking = plan.clone();
        lacking.grants.retain(|grant| missing.contains(&&GrantAdvice::new(grant.group, &grant.resource)));
        lacking.policies()
    }
}

fn untried(output: Output, fix: &Fix, why: &str) -> Proof {
    let (id, name) = (fix.token.id, plain(&fix.token.name));
    output.line(format!(
        "\n{} token {id} ({name}); its value is the same, and was not tried: {why}",
        styled(GOOD, "changed")
    ));
    Proof { life: json!({ "untried": why }), ..Proof::default() }
}

fn later(message: String) -> CommandError {
    CommandError::new(Kind::Partial, message)
        .hint("a change can take minutes to reach Cloudflare's edge: run flarekeep check again")
}

/// Checks until nothing is missing any more, or the time that a change may take is over.
async fn settled(
    output: Output,
    tested: impl AsyncFn() -> Result<CheckReport, CommandError>,
) -> Result<CheckReport, CommandError> {
    let mut report = tested().await?;
    for seconds in PATIENCE {
        if !report.misses() {
            break;
        }
        wait(output, seconds, "not everywhere yet").await;
        report = tested().await?;
    }
    Ok(report)
}

/// Waits, and shows for how long where somebody watches.
async fn wait(output: Output, seconds: u64, why: &str) {
    if output.quiet || !std::io::stderr().is_terminal() {
        output.note(styled(FAINT, format!("{why}; checking again in {seconds} s")));
        return tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
    let style = ProgressStyle::with_template("  {msg}; checking again {bar:30} {pos}/{len} s");
    let bar = ProgressBar::new(seconds).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(why.to_owned());
    for _ in 0..seconds {
        bar.tick();
        tokio::time::sleep(Duration::from_secs(1)).await;
        bar.inc(1);
    }
    bar.finish_and_clear();
}
