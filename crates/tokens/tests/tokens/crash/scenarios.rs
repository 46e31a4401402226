//! What is killed: each as a user runs it, again and again until it says that it is done.

use flarekeep_cloudflare::{BoxFuture, NewToken, Owner, Token};
use flarekeep_tokens::{
    Creation, Error, Grace, Kind, Program, Rotation, Signals, Surroundings, Variables, create, lend, pending,
    resume_own, roll, rotate, successor,
};
use jiff::{SignedDuration, Timestamp};

use super::deadly::Scene;
use super::declared::APPLY;
use super::stage;
use crate::support::{account_key, group, policy};

/// The name of the token that every scenario is about.
pub(crate) const NAME: &str = "kept";

/// What a child does, and what is true before and after.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What the journal calls it.
    pub(crate) does: Kind,
    /// Whether there is a token before, whose value all sinks hold.
    pub(crate) begins_with_one: bool,
    /// Whether every sink holds a value that works at every moment, the old one or the new one. A roll kills the old one by its nature.
    pub(crate) always_works: bool,
    /// How many tokens live when it is done. Where none does, it takes no sinks.
    pub(crate) leaves: usize,
    /// The command. Run again, it finishes what an earlier run began.
    pub(crate) act: fn(Scene) -> BoxFuture<'static, Result<(), Error>>,
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "create",
        does: Kind::Create,
        begins_with_one: false,
        always_works: false,
        leaves: 1,
        act: |scene| Box::pin(async move { create(&scene.desk, &creation(), &scene.sinks).await.map(drop) }),
    },
    Scenario {
        name: "rotate",
        does: Kind::Rotate,
        begins_with_one: true,
        always_works: true,
        leaves: 1,
        act: |scene| Box::pin(rotated(scene, None)),
    },
    Scenario {
        name: "rotate-grace",
        does: Kind::Rotate,
        begins_with_one: true,
        always_works: true,
        leaves: 1,
        act: |scene| Box::pin(rotated(scene, Some(Grace { seconds: 0, until_used: false }))),
    },
    Scenario {
        name: "roll",
        does: Kind::Roll,
        begins_with_one: true,
        always_works: false,
        leaves: 1,
        act: |scene| {
            Box::pin(async move {
                let token = old(&scene).await;
                roll(&scene.desk, Owner::User, &token, &scene.sinks).await.map(drop)
            })
        },
    },
    Scenario {
        name: "exec",
        does: Kind::Exec,
        begins_with_one: false,
        always_works: false,
        leaves: 0,
        act: |scene| Box::pin(lent(scene)),
    },
];

pub(crate) fn scenario(name: &str) -> &'static Scenario {
    SCENARIOS.iter().chain([&APPLY]).find(|scenario| scenario.name == name).unwrap()
}

impl Scenario {
    /// As many of these sinks as it takes: all or none.
    pub(crate) fn takes<'a, T>(&self, sinks: &'a [T]) -> &'a [T] {
        if self.leaves == 0 { &[] } else { sinks }
    }
}

pub(crate) fn creation() -> Creation {
    let policies = vec![policy("allow", &account_key(), &[group("Workers R2 Storage Write")])];
    let token = NewToken { name: NAME.to_owned(), policies, ..NewToken::default() };
    Creation { owner: Owner::User, token, declared: None }
}

/// Runs a command under a token of its own, as `flarekeep exec` does: what is unfinished first.
async fn lent(scene: Scene) -> Result<(), Error> {
    for (_, outcome) in resume_own(&scene.desk, None).await? {
        outcome?;
    }
    let mut signals = Signals::catch().unwrap();
    let token = NewToken { expires_on: Some(Timestamp::now() + SignedDuration::from_mins(15)), ..creation().token };
    let loan = lend(&scene.desk, Owner::User, &token).await?;
    let variables = Variables::for_command(&Surroundings::default(), &[]);
    let arguments = ["-c".into(), stage::borrower(&scene.folder.join("output")).into()];
    let sh = Program::find("sh".as_ref()).unwrap();
    let prepare = |command: &mut std::process::Command| variables.put_into(command, loan.id(), loan.value());
    let ended = sh.run(&arguments, prepare, &mut signals).await.unwrap();
    assert_eq!(ended.status(), 0, "the command did not find the value");
    loan.end().await
}

async fn rotated(scene: Scene, grace: Option<Grace>) -> Result<(), Error> {
    let (old, asked) = (old(&scene).await, Timestamp::now());
    let new = successor(&old, asked);
    let rotation = Rotation { owner: Owner::User, old, new, grace, declared: None, asked };
    rotate(&scene.desk, &rotation, &scene.sinks).await.map(drop)
}

/// The token that the command is about: the one that was there before or, where an earlier run has ended that one, the
/// one of its name.
async fn old(scene: &Scene) -> Token {
    let all = scene.eyes.tokens(Owner::User).list().await.unwrap();
    let by_id = all.iter().find(|token| Some(token.id.to_string()) == scene.old);
    let by_name = || all.iter().find(|token| token.name == NAME && pending(&token.name).is_none());
    by_id.or_else(by_name).cloned().expect("some token has the name")
}
