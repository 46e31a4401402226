//! Why a call is refused: gathers what can be known by calls that change nothing, and asks [`flarekeep_diagnosis`].

mod life;
mod seen;

use flarekeep_catalogue::Operation;
use flarekeep_cloudflare::{self as api, Client};
use flarekeep_diagnosis::{CredentialForm, Diagnosis, Known, Life, Look, Refusal, Standing, Work, diagnose};
use flarekeep_planner::{Plan, Target};
use flarekeep_policy::{Owner, UnixSeconds};

use self::life::life;
pub(crate) use self::seen::Seen;
use self::seen::refusal_of;
use crate::attempt::Probes;
use crate::error::Error;
use crate::translate::token_from_wire;

/// The question.
#[derive(Debug, Clone, Copy)]
pub struct Why<'a> {
    /// The plan of the whole work, where the mend should serve all of it and not this one call.
    pub plan: Option<&'a Plan>,
    /// How this program's arguments name the work: `--recipe saas-platform`.
    pub arguments: Option<&'a str>,
    /// Who may read the token's policies. Without it the token is asked to read itself.
    pub manager: Option<&'a Client>,
    /// The time.
    pub now: UnixSeconds,
    /// Whether the call may be repeated once more after a wait, where that would tell.
    pub patient: bool,
}

/// Calls that are made at most to tell causes apart.
const LOOKS: usize = 5;

/// How long a change may take to reach all of Cloudflare: a minute or two were seen.
const LATELY: i64 = 300;

/// How long is waited before a call is repeated.
const WAIT: std::time::Duration = std::time::Duration::from_secs(20);

/// Repeats a call by a request that changes nothing, and says why it is refused.
///
/// # Errors
/// When Cloudflare cannot be reached; a refused call is the answer.
pub async fn why(
    client: &Client,
    operation: &'static Operation,
    target: &Target,
    question: &Why<'_>,
) -> Result<Diagnosis, Error> {
    let refusal = Refusal { operation: Some(operation), target: target.clone(), ..Refusal::default() };
    let mut asker = Asker::new(client, refusal, question);
    asker.verify().await?;
    asker.repeat().await?;
    asker.look().await
}

/// Says why a call was refused that somebody saw, and makes the calls that tell the causes apart. They are made with the
/// client's credential, which must be the one that was refused.
///
/// # Errors
/// When Cloudflare cannot be reached.
pub async fn why_seen(client: &Client, refusal: &Refusal, question: &Why<'_>) -> Result<Diagnosis, Error> {
    Asker::new(client, refusal.clone(), question).look().await
}

/// Says why a call was refused that somebody saw; nothing is called.
#[must_use]
pub fn why_told(refusal: &Refusal, question: &Why<'_>) -> Diagnosis {
    let known = Known { now: Some(question.now), ..Known::default() };
    diagnose(refusal, &known, &question.work())
}

impl<'a> Why<'a> {
    fn work(&self) -> Work<'a> {
        Work { plan: self.plan, arguments: self.arguments }
    }
}

/// What is asked, and what is known so far.
struct Asker<'a> {
    client: &'a Client,
    question: &'a Why<'a>,
    refusal: Refusal,
    known: Known,
    /// Why a call was not made, or what it showed beside.
    remarks: Vec<String>,
    tried: Vec<Look>,
}

impl<'a> Asker<'a> {
    fn new(client: &'a Client, mut refusal: Refusal, question: &'a Why<'a>) -> Self {
        if refusal.credential.is_none() {
            let signed = refusal.operation.is_some_and(Operation::is_s3);
            refusal.credential = if signed { Some(CredentialForm::Signature) } else { form(client) };
        }
        let known = Known { now: Some(question.now), ..Known::default() };
        Self { client, question, refusal, known, remarks: Vec::new(), tried: Vec::new() }
    }

    /// Makes the calls that tell the causes apart, one after the other.
    async fn look(mut self) -> Result<Diagnosis, Error> {
        for _ in 0..LOOKS {
            let diagnosis = self.diagnosis();
            let Some(look) = diagnosis.look.filter(|look| !self.tried.contains(look)) else { break };
            self.tried.push(look);
            match look {
                Look::Verify { .. } => self.verify().await?,
                Look::ReadToken => self.read_token().await?,
                Look::Zone(zone) => {
                    let found = self.eyes().zones().get(zone).await.map(drop);
                    let standing = standing(found)?;
                    self.known.zones.push((zone, standing));
                }
                Look::Account(account) => {
                    let found = self.eyes().accounts().get(account).await.map(drop);
                    let standing = standing(found)?;
                    self.known.accounts.push((account, standing));
                }
                Look::Repeat if self.question.patient => {
                    tokio::time::sleep(WAIT).await;
                    self.repeat().await?;
                }
                Look::Repeat => break,
            }
        }
        Ok(self.diagnosis())
    }

    fn diagnosis(&self) -> Diagnosis {
        let mut diagnosis = diagnose(&self.refusal, &self.known, &self.question.work());
        diagnosis.evidence.extend(self.remarks.iter().cloned());
        diagnosis
    }

    /// Who looks at zones and accounts: whoever sees most of them.
    fn eyes(&self) -> &'a Client {
        self.question.manager.unwrap_or(self.client)
    }

    async fn verify(&mut self) -> Result<(), Error> {
        let (life, refused) = life(self.client, self.refusal.target.account).await?;
        self.known.life = life;
        // Where nothing else was seen, what verifying answered is what is explained.
        if let Some(refused) = refused.filter(|_| self.refusal.errors.is_empty() && self.refusal.status.is_none()) {
            let operation = self.refusal.operation.take();
            let said = refusal_of(&refused, &self.refusal);
            self.refusal = Refusal { operation, ..said };
        }
        Ok(())
    }

    /// Makes the call again by its probe, where it has one.
    async fn repeat(&mut self) -> Result<(), Error> {
        let Some(operation) = self.refusal.operation else { return Ok(()) };
        let barred = matches!(&self.known.life, Some(Life::Known { status, .. }) if status != "active");
        let attempt = match Probes::load()?.attempt(operation, &self.refusal.target) {
            Ok(attempt) => attempt,
            Err(reason) => {
                if !barred {
                    self.remarks.push(format!("the call was not repeated: {reason}"));
                }
                return Ok(());
            }
        };
        match attempt.seen(self.client).await? {
            Seen::Authorised => self.known.repeated = Some(true),
            Seen::Refused(refused) => {
                self.refusal = refusal_of(&refused, &self.refusal);
                self.known.repeated = None;
            }
            Seen::NotListed => {
                self.remarks.push("the list does not hold the zone".to_owned());
                self.refusal.errors = vec![seen::not_listed()];
            }
            Seen::Unproven(reason) => self.remarks.push(reason),
        }
        Ok(())
    }

    /// Reads the token's policies, by whoever manages tokens, else by the token itself.
    async fn read_token(&mut self) -> Result<(), Error> {
        let Some(Life::Known { id, owner, .. }) = self.known.life else {
            return Ok(());
        };
        let owner = match owner {
            Some(Owner::Account(account)) => api::Owner::Account(account),
            _ => api::Owner::User,
        };
        match self.eyes().tokens(owner).get(id).await {
            Ok(token) => {
                let modified = token.modified_on.map(jiff::Timestamp::as_second);
                self.known.changed_lately =
                    modified.map(|modified| (0..LATELY).contains(&(self.question.now.0 - modified)));
                self.known.token = Some(token_from_wire(&token, owner)?);
            }
            Err(error @ (api::Error::Refused { .. } | api::Error::NotJson { .. })) => {
                let why = match self.question.manager {
                    Some(_) => format!("the token's policies could not be read: {error}"),
                    None => {
                        "the token's policies were not read: that takes a credential that manages tokens".to_owned()
                    }
                };
                self.remarks.push(why);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// How the client's credential is written.
fn form(client: &Client) -> Option<CredentialForm> {
    Some(match client.credential().kind() {
        api::CredentialKind::UserToken => CredentialForm::Token { of_account: Some(false) },
        api::CredentialKind::AccountToken => CredentialForm::Token { of_account: Some(true) },
        api::CredentialKind::GlobalKey => CredentialForm::Key,
        api::CredentialKind::LegacyToken => CredentialForm::Token { of_account: None },
        _ => return None,
    })
}

/// What a look at a thing shows.
fn standing(found: Result<(), api::Error>) -> Result<Standing, Error> {
    let is_absent = |error: &api::Error| {
        error.has_code(7003) || error.errors().iter().any(|error| error.message.contains("zone identifier"))
    };
    match found {
        Ok(()) => Ok(Standing::Seen),
        Err(error) if is_absent(&error) => Ok(Standing::Absent),
        Err(api::Error::Refused { .. } | api::Error::NotJson { .. }) => Ok(Standing::Hidden),
        Err(error) => Err(error.into()),
    }
}
