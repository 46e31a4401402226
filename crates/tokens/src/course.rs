//! The course of a new value: minted, sealed, delivered, tried, named. Every step is written down before and after.
//!
//! A course is walked by whoever began the change, or by whoever takes it up after a run that was killed ([`resume`]).
//! INVARIANT: a token whose value a sink may hold is not ended before every sink has another that works.
//!
//! [`resume`]: crate::resume

use std::time::Duration;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{self as api, Client, Credential, NewToken, Status, Token, TokenUpdate, Tokens};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::desk::Desk;
use crate::error::Error;
use crate::identity::identify_as;
use crate::journal::{
    Change, ChangeId, Declared, Delivery, End, Entry, Grace, Holding, Kind, Known, Progress, Step, Subject,
};
use crate::mark::marked;
use crate::sink::{Payload, ProvedSink, ReadBack, Sink};

/// How often a new value is tried that Cloudflare does not know yet, and after which pause.
const TRIALS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(500);

/// A change under way.
#[derive(Debug)]
pub(crate) struct Course<'a> {
    desk: &'a Desk,
    pub(crate) tokens: Tokens,
    pub(crate) change: Change,
    pub(crate) progress: Progress,
    /// What the user should know, though it stopped nothing.
    pub(crate) remarks: Vec<String>,
    /// A client of the token that was made or rolled, once its value was tried.
    new: Option<Client>,
    /// A client of the token that is replaced, where a sink still held its value.
    old: Option<Client>,
    /// Whether the old value was seen to be refused.
    pub(crate) old_is_refused: bool,
}

/// What a change is begun with.
#[derive(Debug, Clone)]
pub(crate) struct Beginning<'a> {
    pub(crate) kind: Kind,
    pub(crate) subject: Subject,
    pub(crate) replaces: Option<TokenId>,
    pub(crate) sinks: &'a [Sink],
    pub(crate) declared: Option<Declared>,
    pub(crate) grace: Option<Grace>,
}

/// The sinks as the journal spells them: with absolute paths, since a later run may be typed in another folder.
pub(crate) fn spelled(sinks: &[Sink]) -> Vec<String> {
    let here = std::env::current_dir().unwrap_or_default();
    sinks.iter().map(|sink| sink.clone().absolute(&here).spelling()).collect()
}

impl<'a> Course<'a> {
    /// Writes the change down. The caller holds the subject's lock and has proved the sinks.
    pub(crate) async fn begin(desk: &'a Desk, beginning: Beginning<'_>) -> Result<Self, Error> {
        let Beginning { kind, subject, replaces, sinks, declared, grace } = beginning;
        let change = Change {
            id: ChangeId::random(),
            kind,
            subject,
            manager: desk.fingerprint(),
            replaces,
            sinks: spelled(sinks),
            declared,
            grace,
            begun: Timestamp::now(),
        };
        desk.journal.begin(&change).await?;
        Ok(Self::of(desk, Entry { change, steps: Vec::new() }))
    }

    /// The course of a change that is written down.
    pub(crate) fn of(desk: &'a Desk, entry: Entry) -> Self {
        let progress = entry.progress();
        let tokens = desk.manager.tokens(entry.change.subject.owner);
        Self {
            desk,
            tokens,
            change: entry.change,
            progress,
            remarks: Vec::new(),
            new: None,
            old: None,
            old_is_refused: false,
        }
    }

    /// Writes a step down.
    pub(crate) async fn step(&mut self, step: Step) -> Result<(), Error> {
        self.desk.journal.append(self.change.id, &step).await?;
        self.progress.take(&step);
        self.desk.tell(&self.change, &step);
        Ok(())
    }

    /// Mints under a marked name. When the answer is lost, what was minted is found by its mark and ended, and one more
    /// is minted, under a mark of its own.
    pub(crate) async fn mint(&mut self, new: &NewToken) -> Result<SecretString, Error> {
        let mut lost_before = false;
        loop {
            let name = marked(&new.name);
            self.step(Step::Minting { name: name.clone() }).await?;
            match self.tokens.create(&NewToken { name: name.clone(), ..new.clone() }).await {
                Ok(created) => return self.have(created.token.id, created.value).await,
                Err(error) if !error.may_have_acted() => {
                    self.step(Step::Unminted { name }).await?;
                    return Err(error.into());
                }
                Err(error) if lost_before => return Err(Error::Unanswered(Box::new(error))),
                Err(error) => {
                    let swept = match self.sweep().await? {
                        0 => "no token was made by it",
                        _ => "the token that it made, whose value nobody has, was revoked",
                    };
                    self.remarks.push(format!("an answer was lost ({error}); {swept}"));
                    lost_before = true;
                }
            }
        }
    }

    /// Gives the token of the change a new value; the old one dies. A lost answer is mended by rolling once more: the
    /// value that was lost is dead then, too.
    pub(crate) async fn roll(&mut self, id: TokenId) -> Result<SecretString, Error> {
        let began = !self.progress.rolling;
        if began {
            self.step(Step::Rolling).await?;
        }
        let value = match self.tokens.roll(id).await {
            Err(lost) if lost.may_have_acted() => {
                self.remarks.push(format!("an answer was lost ({lost}); the value was rolled once more"));
                let doubtful = |call| Error::RollDoubtful { id, call: Box::new(call) };
                self.tokens.roll(id).await.map_err(doubtful)?
            }
            Err(refused) => {
                // The value is the one that it was; unless an earlier run, whose answer was lost, made another.
                if began {
                    self.step(Step::Unrolled).await?;
                }
                return Err(refused.into());
            }
            Ok(value) => value,
        };
        let value = self.have(id, value).await?;
        self.supersede(id).await?;
        Ok(value)
    }

    /// Gives up the earlier rolls of a token that has a new value now: theirs are dead.
    async fn supersede(&self, id: TokenId) -> Result<(), Error> {
        for entry in self.desk.journal.unfinished().await? {
            let change = &entry.change;
            let is_superseded = change.kind == Kind::Roll
                && change.id != self.change.id
                && change.subject == self.change.subject
                && change.replaces == Some(id);
            if is_superseded {
                Course::of(self.desk, entry).give_up().await?;
            }
        }
        Ok(())
    }

    /// Keeps a value that was just made, and writes its token down.
    async fn have(&mut self, id: TokenId, value: SecretString) -> Result<SecretString, Error> {
        // A command's token ends with its command: nobody delivers it later.
        if self.change.kind != Kind::Exec {
            self.desk.rescue.keep(self.change.id, &value)?;
        }
        self.step(Step::Minted { id }).await?;
        Ok(value)
    }

    /// Delivers to the sinks that do not have the value yet, in their order, until one fails. Those that were dropped are
    /// not among `sinks`.
    pub(crate) async fn deliver(&mut self, value: &SecretString, sinks: Vec<ProvedSink>) -> Result<(), Error> {
        let payload = self.progress.minted.map_or_else(|| value.into(), |id| Payload::of_token(id, value));
        let places: Vec<usize> = self.progress.places().collect();
        for (sink, proved) in places.into_iter().zip(sinks) {
            if self.progress.deliveries.get(sink) == Some(&Delivery::Done) {
                continue;
            }
            self.step(Step::Delivering { sink }).await?;
            if let Err(error) = proved.deliver_and_prove(&payload) {
                // A program may have taken the value before it failed. What nobody relied on before can end all the same.
                if self.change.kind == Kind::Create || !error.may_have_taken() {
                    self.step(Step::Undelivered { sink }).await?;
                }
                return Err(Error::Undelivered(error));
            }
            self.step(Step::Delivered { sink }).await?;
        }
        Ok(())
    }

    /// Tries the new value, waiting a little where Cloudflare does not know it at once.
    pub(crate) async fn try_out(&mut self, value: &SecretString) -> Result<(), Error> {
        let id = self.progress.minted;
        let client =
            self.desk.manager.with_credential(Credential::token(value.expose_secret()).map_err(api::Error::from)?)?;
        for trial in 1..=TRIALS {
            match identify_as(&client, self.change.subject.owner).await {
                Ok(identity) if Some(identity.id) == id => {
                    if !identity.is_active() {
                        self.remarks.push(format!("the token is {}", identity.status));
                    }
                    self.new = Some(client);
                    break;
                }
                Ok(identity) => return Err(Error::OtherToken { id: identity.id }),
                Err(Error::Call(error)) if error.is_location() => {
                    let remark = "the new value cannot be tried from here: its token does not admit this address";
                    self.remarks.push(remark.to_owned());
                    break;
                }
                Err(Error::Call(error)) if error.is_authentication() => {
                    if let Some(why) = self.rests().await? {
                        self.remarks.push(format!("the new value cannot be tried: its token {why}"));
                        break;
                    }
                    if trial == TRIALS {
                        return Err(error.into());
                    }
                    tokio::time::sleep(PAUSE * trial).await;
                }
                Err(error) => return Err(error),
            }
        }
        self.step(Step::Checked).await
    }

    /// Why no value of the new token can work now. That the successor of another is disabled is no reason: that other must
    /// not end for it.
    async fn rests(&self) -> Result<Option<&'static str>, Error> {
        let Some(id) = self.progress.minted else { return Ok(None) };
        let token = match self.tokens.get(id).await {
            // A manager that rolled itself, or one that may not read: nothing is known.
            Err(error) if error.is_authentication() => return Ok(None),
            answer => answer?,
        };
        Ok(match token.status {
            _ if token.not_before.is_some_and(|begin| begin > Timestamp::now()) => Some("begins later"),
            Status::Disabled if self.change.kind != Kind::Rotate => Some("is disabled"),
            _ => None,
        })
    }

    /// Takes the mark off the token's name. The token is read first: what somebody changed meanwhile stays.
    pub(crate) async fn name(&mut self) -> Result<Option<Token>, Error> {
        let Some(id) = self.progress.minted else { return Ok(None) };
        self.step(Step::Naming).await?;
        let token = match (self.tokens.get(id).await, &self.new) {
            // The manager rolled itself: its value is the new one now.
            (Err(error), Some(new)) if error.is_authentication() && self.change.kind == Kind::Roll => {
                self.tokens = new.tokens(self.change.subject.owner);
                self.tokens.get(id).await?
            }
            (answer, _) => answer?,
        };
        let name = &self.change.subject.name;
        let token = match &token.name == name {
            true => token,
            false => self.tokens.update(id, &TokenUpdate { name: name.clone(), ..TokenUpdate::from(&token) }).await?,
        };
        self.step(Step::Named).await?;
        Ok(Some(token))
    }

    /// Goes on as the token itself, where it is the manager's own and an earlier run rolled it: what that run was known by is
    /// dead, and opens the rescue file still.
    pub(crate) async fn go_on_as_itself(&mut self) -> Result<(), Error> {
        let (Some(id), Kind::Roll) = (self.progress.minted, self.change.kind) else { return Ok(()) };
        let Err(refusal) = self.tokens.get(id).await else { return Ok(()) };
        if !refusal.is_authentication() {
            return Ok(());
        }
        let Some(value) = self.desk.rescue.open(self.change.id)? else { return Ok(()) };
        let credential = Credential::token(value.expose_secret()).map_err(api::Error::from)?;
        let client = self.desk.manager.with_credential(credential)?;
        if identify_as(&client, self.change.subject.owner).await.is_ok_and(|identity| identity.id == id) {
            self.tokens = client.tokens(self.change.subject.owner);
        }
        Ok(())
    }

    /// The token that takes the place of another, which must not end unless this one is there.
    pub(crate) async fn successor(&self, id: TokenId) -> Result<Token, Error> {
        match self.tokens.get(id).await {
            Ok(token) if token.status == Status::Disabled => Err(Error::NoSuccessor { id, state: "disabled" }),
            Err(error) if error.status() == Some(404) => Err(Error::NoSuccessor { id, state: "deleted" }),
            answer => Ok(answer?),
        }
    }

    /// Ends a token, and shows that Cloudflare knows it no more.
    pub(crate) async fn end(&mut self, id: TokenId) -> Result<(), Error> {
        if self.progress.revoked.contains(&id) {
            return Ok(());
        }
        self.step(Step::Revoking { id }).await?;
        end(&self.tokens, id).await?;
        match self.tokens.get(id).await {
            Err(error) if error.status() == Some(404) => {}
            // The token that ended was the manager's own: it cannot even ask any more.
            Err(error) if error.is_authentication() => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Err(Error::StillAlive(id)),
        }
        self.step(Step::Revoked { id }).await
    }

    /// Keeps the value of the old token in mind, where a sink that can be read has it: once the token has ended, it is
    /// tried. Nothing fails here; what cannot be read is not tried, and R2 keys alone hold no value.
    pub(crate) async fn remember_old(&mut self, sinks: &[Sink]) {
        if self.change.kind != Kind::Rotate {
            return;
        }
        let open = |place: usize| self.progress.deliveries.get(place) == Some(&Delivery::Open);
        let held = self.progress.places().zip(sinks).filter(|(place, _)| open(*place)).find_map(|(_, sink)| match sink
            .read_back()
        {
            Ok(ReadBack::Value(value)) => Some(value),
            _ => None,
        });
        let Some(credential) = held.and_then(|value| Credential::token(value.expose_secret()).ok()) else { return };
        let Ok(client) = self.desk.manager.with_credential(credential) else { return };
        let owner = identify_as(&client, self.change.subject.owner).await;
        if owner.is_ok_and(|identity| Some(identity.id) == self.change.replaces) {
            self.old = Some(client);
        }
    }

    /// Tries the old value: its token has ended.
    pub(crate) async fn try_old(&mut self) {
        let Some(client) = self.old.take() else { return };
        for trial in 1..=TRIALS {
            match identify_as(&client, self.change.subject.owner).await {
                Err(Error::Call(error)) if error.is_authentication() => {
                    self.old_is_refused = true;
                    return;
                }
                Ok(_) if trial < TRIALS => tokio::time::sleep(PAUSE * trial).await,
                Ok(_) => {
                    let remark =
                        "the old token is deleted, and its value is taken all the same: look again in a minute";
                    self.remarks.push(remark.to_owned());
                }
                // Whether it is dead cannot be seen now; that the token is gone was.
                Err(_) => return,
            }
        }
    }

    /// Writes down that all is done, and what is known of the token from now on.
    pub(crate) async fn finish(mut self) -> Result<Vec<String>, Error> {
        self.sweep().await?;
        self.desk.rescue.discard(self.change.id)?;
        let holding = self.progress.minted.map(|id| Holding {
            subject: self.change.subject.clone(),
            id,
            sinks: self.progress.places().filter_map(|place| self.change.sinks.get(place).cloned()).collect(),
            declared: self.change.declared.clone(),
            since: Timestamp::now(),
        });
        let known = match (&holding, self.change.kind) {
            (_, Kind::Exec) | (None, _) => Known::AsBefore,
            (Some(holding), _) => Known::Holding(holding),
        };
        self.close(End::Done, known).await?;
        Ok(self.remarks)
    }

    /// Ends what was made, and writes down that all is as it was.
    pub(crate) async fn undo(&mut self) -> Result<(), Error> {
        self.sweep().await?;
        if let (Some(id), false) = (self.progress.minted, self.change.kind == Kind::Roll) {
            self.step(Step::Revoking { id }).await?;
            end(&self.tokens, id).await?;
            self.step(Step::Revoked { id }).await?;
        }
        self.desk.rescue.discard(self.change.id)?;
        self.close(End::Undone, Known::AsBefore).await
    }

    /// Writes down that nobody goes on with it. What it made stays as it is.
    pub(crate) async fn give_up(&mut self) -> Result<(), Error> {
        self.desk.rescue.discard(self.change.id)?;
        self.close(End::Forgotten, Known::AsBefore).await
    }

    async fn close(&mut self, end: End, known: Known<'_>) -> Result<(), Error> {
        let step = Step::Finished { end };
        self.desk.journal.finish(&self.change, &step, known).await?;
        self.progress.take(&step);
        self.desk.tell(&self.change, &step);
        Ok(())
    }

    /// Ends the tokens that were minted without this run having their value.
    async fn sweep(&mut self) -> Result<usize, Error> {
        if self.progress.marks.is_empty() {
            return Ok(0);
        }
        let marks = self.progress.marks.clone();
        let doubtful = |call| Error::Doubtful { name: marks.join("`, `"), call: Box::new(call) };
        let all = self.tokens.list().await.map_err(doubtful)?;
        let orphans =
            all.into_iter().filter(|token| marks.contains(&token.name) && Some(token.id) != self.progress.minted);
        let mut swept = 0;
        for orphan in orphans {
            end(&self.tokens, orphan.id).await.map_err(doubtful)?;
            swept += 1;
        }
        Ok(swept)
    }
}

/// Deletes a token; one that is not there any more is what was wanted.
pub(crate) async fn end(tokens: &Tokens, id: TokenId) -> Result<(), api::Error> {
    match tokens.delete(id).await {
        Err(error) if error.status() != Some(404) => Err(error),
        _ => Ok(()),
    }
}
