//! What is killed: each as a user runs it, again and again until it says that it is done.

use flarekeep_cloudflare::{BoxFuture, NewToken, Owner, Token};
use flarekeep_tokens::{Creation, Error, Grace, Kind, Rotation, create, pending, roll, rotate, successor};
use jiff::Timestamp;

use super::deadly::Scene;
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
    /// How many tokens live when it is done.
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
];

pub(crate) fn scenario(name: &str) -> &'static Scenario {
    SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap()
}

pub(crate) fn creation() -> Creation {
    let policies = vec![policy("allow", &account_key(), &[group("Workers R2 Storage Write")])];
    let token = NewToken { name: NAME.to_owned(), policies, ..NewToken::default() };
    Creation { owner: Owner::User, token, declared: None }
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
