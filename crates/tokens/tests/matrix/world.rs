//! Faults of what stands around a token: limits, lock-outs, changes that have not spread, roles of its user. Each is
//! mended as the diagnosis says, by time or by the right credential, and the call is answered otherwise then.

use std::time::Duration;

use flarekeep_cloudflare::TokenUpdate;
use flarekeep_emulator::{Ceiling, LockOut, Options, RateLimit};
use secrecy::ExposeSecret;

use crate::fault::Fault;
use crate::local::{DEMOTED, Local};
use crate::tally::Told;
use crate::walk::{Walk, bearer, mistyped, on_the_wire};

/// How many calls a user or an account's token may make in [`WINDOW`] seconds.
const CALLS: u32 = 16;
const WINDOW: i64 = 300;
/// Seconds that a change of policies takes to spread.
const SPREAD: i64 = 120;

/// An emulator with low limits. Who makes a token is held to no ceiling, so that a user without a role can have one that
/// would do: the user had the role when the token was made.
fn options(options: Options) -> Options {
    let window = Duration::from_secs(WINDOW.unsigned_abs());
    Options {
        rate_limit: Some(RateLimit { calls: CALLS, window }),
        lock_out: Some(LockOut { failures: 1, window }),
        propagation: u32::try_from(SPREAD).unwrap(),
        ceiling: Ceiling::Off,
        ..options
    }
}

impl Walk<'_> {
    /// The call under a token with such a fault, diagnosed twice. None where the fault cannot be, or leaves no trace.
    pub(crate) async fn walk_in_the_world(&self, fault: Fault) -> Option<Told> {
        if self.is_closed() {
            return None;
        }
        // Nothing of the faults before is counted any more.
        self.local.pass(2 * WINDOW);
        match fault {
            Fault::RateLimited => self.rate_limited().await,
            Fault::LockedOut => self.locked_out().await,
            Fault::NotPropagated => self.not_propagated().await,
            Fault::UserDemoted => self.of_demoted_user().await,
            _ => None,
        }
    }

    async fn rate_limited(&self) -> Option<Told> {
        let made = self.made(Fault::RateLimited, &self.policies).await?;
        let value = made.value.expose_secret();
        let mut answer = self.call(value).await;
        for _ in 0..CALLS {
            answer = self.call(value).await;
        }
        assert_eq!(answer.status, 429, "{}: {}", self.operation, answer.body);
        let told = self.told(Fault::RateLimited, &answer, value).await?;
        // Until when is said, and true.
        let wait = answer.after.unwrap();
        let said = format!("Cloudflare asks to wait {wait} s");
        assert!(told.alone.evidence.contains(&said), "{:?}", told.alone.evidence);
        let early = i64::try_from(wait).unwrap() - 1;
        self.local.pass(early);
        assert_eq!(self.call(value).await.status, 429);
        self.local.pass(1);
        assert_ne!(self.call(value).await.status, 429);
        self.gone(made).await;
        Some(told)
    }

    /// Only some products tell a lock-out; the others say what they say of any unknown value.
    async fn locked_out(&self) -> Option<Told> {
        let made = self.made(Fault::LockedOut, &self.policies).await?;
        let wrong = mistyped(made.value.expose_secret());
        let first = self.call(&wrong).await;
        let answer = self.call(&wrong).await;
        let told = match answer == first {
            true => None,
            false => self.told(Fault::LockedOut, &answer, &wrong).await,
        };
        if told.is_some() {
            assert_ne!(self.call(made.value.expose_secret()).await, answer, "the right credential is let in");
            self.local.pass(WINDOW);
            assert_eq!(self.call(&wrong).await, first, "it passes by itself");
        }
        self.gone(made).await;
        told
    }

    async fn not_propagated(&self) -> Option<Told> {
        let made = self.made(Fault::NotPropagated, &self.faulty(Fault::GroupTakenAway)?).await?;
        let update = TokenUpdate { policies: on_the_wire(&self.policies)?, ..TokenUpdate::from(&made.token) };
        self.local.pass(WINDOW);
        self.local.admin.tokens(self.wire).update(made.token.id, &update).await.unwrap();
        self.local.pass(5);
        let value = made.value.expose_secret();
        let answer = self.call(value).await;
        let told = self.told(Fault::NotPropagated, &answer, value).await;
        self.local.pass(SPREAD);
        assert_ne!(self.call(value).await, answer, "{}: a wait mends it", self.operation);
        self.gone(made).await;
        told
    }

    async fn of_demoted_user(&self) -> Option<Told> {
        let placed = self.operation.names_account() || self.operation.names_zone();
        let about_tokens = self.operation.path().starts_with("/accounts/{account_id}/tokens");
        let details = self.operation.path() == "/accounts/{account_id}";
        if self.wire != flarekeep_cloudflare::Owner::User || !placed || about_tokens || details {
            return None;
        }
        let local = self.local.of_user(DEMOTED);
        let walk = Walk::at(&local, self.operation, self.target.clone(), false)?;
        let made = walk.made(Fault::UserDemoted, &walk.policies).await?;
        // The token is as old as the role that its user had.
        local.pass(2 * WINDOW);
        let value = made.value.expose_secret();
        let answer = walk.call(value).await;
        let told = walk.told(Fault::UserDemoted, &answer, value).await;
        walk.gone(made).await;
        told
    }

    async fn call(&self, value: &str) -> crate::local::Answer {
        self.local.call(self.operation, &self.target, &bearer(value), self.body()).await
    }

    async fn told(&self, fault: Fault, answer: &crate::local::Answer, value: &str) -> Option<Told> {
        let refusal = self.refusal(&self.target, answer)?;
        let (alone, live) = (self.local.alone(&refusal), self.local.live(&refusal, value).await);
        Some(Told { truth: fault.truth()?, alone, live })
    }

    async fn gone(&self, made: flarekeep_cloudflare::CreatedToken) {
        self.local.pass(2 * WINDOW);
        self.local.admin.tokens(self.wire).delete(made.token.id).await.unwrap();
    }
}

impl Local {
    /// An emulator with low limits.
    pub(crate) async fn limited(settings: Options) -> Self {
        Self::start(options(settings)).await
    }
}
