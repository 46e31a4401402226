//! `flarekeep try`: the whole story on a local Cloudflare, in one process, with the same steps as the single commands.

mod sites;
mod visit;

use std::sync::Arc;

use flarekeep_catalogue::{Recipe, recipe};
use flarekeep_cloudflare::{Client, Credential, NewToken, Owner};
use flarekeep_emulator::{Emulator, Facts, Options, Running, Server, World};
use flarekeep_planner::{Plan, Target};
use flarekeep_tokens::{
    Created, Creation, DEFAULT_KEY, Desk, GroupIds, Rescue, Rotation, Sink, Sqlite, Why, Wish, create, identify,
    is_dead, policy_to_wire, propose, revoke, roll, rotate, settle, successor, why,
};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{check, fix, plan, token, why as why_command};
use crate::arguments::{self, Connection, Place};
use crate::context::{Context, block_on, now};
use crate::environment::Environment;
use crate::error::{CommandError, Kind};
use crate::output::{BAD, FAINT, GOOD, Output, STRONG, styled};
use crate::work::{Work, operation};
use crate::{CommandResult, Verdict};

const RECIPE: &str = "saas-platform";
/// What the narrow token is made for: R2 and nothing else.
const R2_ONLY: &str = "POST /accounts/{account_id}/r2/buckets";
/// The refused call that is explained.
const REFUSED: &str = "GET /zones/{zone_id}/workers/routes";

pub(crate) fn run(output: Output) -> CommandResult {
    block_on(async {
        let mut story = Story::begin(output).await?;
        story.plan()?;
        let narrow = story.create().await?;
        story.check(&narrow, "check_before").await?;
        story.why(&narrow).await?;
        story.fix(&narrow).await?;
        story.check(&narrow, "check_after").await?;
        let rolled = story.roll(&narrow).await?;
        let rotated = story.rotate(&rolled).await?;
        story.sites(&rotated).await?;
        story.revoke(&rotated).await?;
        story.end().await
    })
}

struct Story {
    output: Output,
    server: Running,
    folder: TempDir,
    context: Context,
    manager: Client,
    /// The journal of the story lies in its own folder.
    desk: Desk,
    recipe: Recipe,
    plan: Plan,
    target: Target,
    /// The document of `--json`, a field a step.
    document: Map<String, Value>,
    /// Whether every step ended as it should.
    holds: bool,
    step: u8,
}

/// The token of the story, and a client that shows its value.
struct Held {
    token: flarekeep_cloudflare::Token,
    client: Client,
}

impl Story {
    async fn begin(output: Output) -> Result<Self, CommandError> {
        let failed =
            |what: &str, error: std::io::Error| CommandError::new(Kind::Unreachable, format!("{what}: {error}"));
        let emulator = Emulator::new(World::generated(), Options::default());
        let facts = emulator.facts();
        let mut server = Server::start(emulator.clone(), ([127, 0, 0, 1], 0).into())
            .await
            .map_err(|error| failed("cannot start the local Cloudflare", error))?;
        sites::serve(&mut server, &emulator).await.map_err(|error| failed("cannot serve R2 and visitors", error))?;
        let folder = tempfile::tempdir().map_err(|error| failed("cannot make a temporary folder", error))?;
        let context = context(output, &server, &facts);
        let manager = context.client(Credential::global_key(&facts.email, &facts.global_key)?)?;
        let target = target(&facts);
        let journal = Arc::new(Sqlite::open(folder.path()).await?);
        let rescue = Rescue::new(folder.path(), manager.credential());
        let desk = Desk { manager: manager.clone(), journal, rescue, listener: None };
        let recipe = recipe(RECIPE)?;
        let plan = work(None, Some(RECIPE))?.plan(&target, arguments::Owner::User)?;
        let document = Map::from_iter([("emulator".to_owned(), emulator_document(&server, &facts))]);
        let mut story = Self {
            output,
            server,
            folder,
            context,
            manager,
            desk,
            recipe,
            plan,
            target,
            document,
            holds: true,
            step: 0,
        };
        story.heading("a local Cloudflare, in this process", "flarekeep emulate");
        story.line(format!("it answers at {}", story.server.api_url()));
        let zone = facts.zones.first().map(|zone| zone.name.as_str()).unwrap_or_default();
        story.line(format!("with account {}, zone {zone}, a user and their Global API key", facts.account_name));
        story.line("every operation is checked against the token's policies, as Cloudflare does it");
        Ok(story)
    }

    fn plan(&mut self) -> Result<(), CommandError> {
        self.heading("which permissions does the platform need?", "flarekeep plan --recipe saas-platform");
        plan::show(self.words(), &self.plan, Some(&self.recipe), &self.target)?;
        self.record("plan", plan::document(&self.plan, Some(&self.recipe), &self.target)?);
        self.holds &= self.plan.meets_all() && self.plan.certificate.optimal;
        Ok(())
    }

    async fn create(&mut self) -> Result<Held, CommandError> {
        let command = format!("flarekeep token create --name story --operation '{R2_ONLY}' --to env:.env");
        self.heading("a token that is too narrow: R2 only, made with the Global API key", &command);
        let narrow = work(Some(R2_ONLY), None)?.plan(&self.target, arguments::Owner::User)?;
        let policies = narrow.policies();
        let ids = GroupIds::for_policies(&self.manager, Owner::User, &policies).await?;
        let policies =
            policies.iter().map(|policy| policy_to_wire(policy, &ids)).collect::<Result<Vec<_>, _>>()?.concat();
        let token = NewToken { name: "story".to_owned(), policies, ..NewToken::default() };
        let sink = self.sink();
        let creation = Creation { owner: Owner::User, token, declared: None };
        let created = create(&self.desk, &creation, &[sink]).await?;
        token::create::report(
            self.words(),
            &created,
            &[Sink::EnvFile { path: ".env".into(), key: DEFAULT_KEY.into() }],
        );
        let Created { token, .. } = created;
        self.record("created", json!({ "id": token.id.to_string(), "name": token.name }));
        Ok(Held { token, client: self.delivered()? })
    }

    async fn check(&mut self, held: &Held, field: &str) -> Result<(), CommandError> {
        let before = field == "check_before";
        let question = if before { "is it enough?" } else { "is it enough now? every write is proven, too" };
        self.heading(question, "flarekeep check --recipe saas-platform");
        let tests = Some(self.recipe.tests.as_slice());
        let report = check::tested(self.words(), &held.client, &self.plan, tests, &self.target).await?;
        check::show(self.words(), &report);
        self.holds &= if before { report.tests.passed == 4 && report.tests.total == 8 } else { report.passes() };
        self.record(field, json!(report));
        Ok(())
    }

    async fn why(&mut self, held: &Held) -> Result<(), CommandError> {
        self.heading(
            "why is a call refused?",
            &format!("flarekeep why --operation '{REFUSED}' --recipe saas-platform"),
        );
        let question = Why {
            plan: Some(&self.plan),
            arguments: Some("--recipe saas-platform"),
            manager: Some(&self.manager),
            now: now(),
            patient: false,
        };
        let diagnosis = why(&held.client, operation(REFUSED)?.0, &self.target, &question).await?;
        why_command::show(self.words(), &diagnosis, true);
        self.holds &= diagnosis.cause() == flarekeep_diagnosis::Cause::MissingGroup;
        self.record("why", json!(diagnosis));
        Ok(())
    }

    async fn fix(&mut self, held: &Held) -> Result<(), CommandError> {
        self.heading("give it what it lacks, and nothing more", "flarekeep fix --recipe saas-platform");
        let proposal = propose(&self.manager, Owner::User, held.token.id, &Wish::of(&self.plan), now()).await?;
        fix::show(self.words(), &proposal);
        settle(&self.manager, &proposal).await?;
        self.record("fix", json!({ "added": proposal.added }));
        Ok(())
    }

    async fn roll(&mut self, held: &Held) -> Result<Held, CommandError> {
        self.heading("a new value; the old one dies at once", "flarekeep token roll story --to env:.env");
        roll(&self.desk, Owner::User, &held.token, &[self.sink()]).await?;
        let rolled = Held { token: held.token.clone(), client: self.delivered()? };
        let dead = is_dead(&held.client, None).await?;
        let alive = identify(&rolled.client, None).await?.is_active();
        self.state("the old value", !dead);
        self.state("the new value", alive);
        self.holds &= dead && alive;
        self.record("rolled", json!({ "old_value": life(!dead), "new_value": life(alive) }));
        Ok(rolled)
    }

    async fn rotate(&mut self, held: &Held) -> Result<Held, CommandError> {
        self.heading(
            "a successor takes its place; at no moment is there none that works",
            "flarekeep token rotate story",
        );
        let asked = jiff::Timestamp::now();
        // As it is now: `fix` gave it more.
        let old = self.manager.tokens(Owner::User).get(held.token.id).await?;
        let (owner, new) = (Owner::User, successor(&old, asked));
        let rotation = Rotation { owner, old, new, grace: None, declared: None, asked };
        let rotated = rotate(&self.desk, &rotation, &[self.sink()]).await?;
        let successor = Held { token: rotated.token, client: self.delivered()? };
        let dead = is_dead(&held.client, None).await?;
        let alive = identify(&successor.client, None).await?.is_active();
        self.state("the old token", !dead);
        self.state("its successor", alive);
        self.holds &= dead && alive;
        self.record("rotated", json!({ "old_token": life(!dead), "successor": life(alive) }));
        Ok(successor)
    }

    async fn revoke(&mut self, held: &Held) -> Result<(), CommandError> {
        self.heading("the end", "flarekeep token revoke story");
        revoke(&self.desk, Owner::User, &held.token).await?;
        let dead = is_dead(&held.client, None).await?;
        self.state("the value", !dead);
        self.holds &= dead;
        self.record("revoked", json!({ "id": held.token.id.to_string(), "value": life(!dead) }));
        Ok(())
    }

    async fn end(self) -> CommandResult {
        self.output.document(&self.document);
        self.line("");
        self.line(styled(FAINT, "the same commands work against `flarekeep emulate` in another terminal, and against"));
        self.line(styled(
            FAINT,
            "Cloudflare itself with CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY, or CLOUDFLARE_API_TOKEN",
        ));
        self.server.shutdown().await;
        Ok(Verdict::yes_if(self.holds))
    }

    fn heading(&mut self, title: &str, command: &str) {
        self.step += 1;
        self.line(format!("\n{} {}", styled(STRONG, format!("{}.", self.step)), styled(STRONG, title)));
        self.line(styled(FAINT, format!("   $ {command}\n")));
    }

    fn line(&self, text: impl std::fmt::Display) {
        self.output.line(text);
    }

    fn state(&self, what: &str, alive: bool) {
        self.line(format!("{what} is {}", styled(if alive { GOOD } else { BAD }, life(alive))));
    }

    fn record(&mut self, field: &str, value: Value) {
        self.document.insert(field.to_owned(), value);
    }

    /// How the steps print: their documents are fields of the story's, so that with `--json` they print nothing.
    fn words(&self) -> Output {
        self.output.part()
    }

    fn sink(&self) -> Sink {
        Sink::EnvFile { path: self.folder.path().join(".env"), key: DEFAULT_KEY.to_owned() }
    }

    /// A client for the value as the sink holds it: what was delivered is what works.
    fn delivered(&self) -> Result<Client, CommandError> {
        let failed = || CommandError::new(Kind::Partial, "the value is not in the file that it was delivered to");
        let content = std::fs::read_to_string(self.folder.path().join(".env")).map_err(|_| failed())?;
        let value = content.trim().strip_prefix("CLOUDFLARE_API_TOKEN=").ok_or_else(failed)?;
        self.context.client(Credential::token(value)?)
    }
}

fn life(alive: bool) -> &'static str {
    if alive { "alive" } else { "dead" }
}

fn context(output: Output, server: &Running, facts: &Facts) -> Context {
    Context {
        output,
        environment: Environment::empty(),
        connection: Connection { api_url: Some(server.api_url()), ..Connection::default() },
        place: Place {
            account: Some(facts.account_id.to_string()),
            zone: facts.zones.first().map(|zone| zone.id.to_string()),
            ..Place::default()
        },
        lender: None,
    }
}

fn target(facts: &Facts) -> Target {
    Target { account: Some(facts.account_id), zone: facts.zones.first().map(|zone| zone.id), ..Target::default() }
}

fn work(operation: Option<&str>, recipe: Option<&str>) -> Result<Work, CommandError> {
    Work::read(&arguments::Work {
        recipes: recipe.map(str::to_owned).into_iter().collect(),
        operations: operation.map(str::to_owned).into_iter().collect(),
        ..arguments::Work::default()
    })
}

/// Without the Global API key: it is of no use once the story has ended.
fn emulator_document(server: &Running, facts: &Facts) -> Value {
    let zones = facts.zones.iter().map(|zone| json!({ "id": zone.id.to_string(), "name": zone.name }));
    json!({
        "api": server.api_url(),
        "account_id": facts.account_id.to_string(),
        "zones": zones.collect::<Vec<_>>(),
    })
}
