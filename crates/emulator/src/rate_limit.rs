//! How many calls a principal may make: all of a user's credentials count together, an account's tokens each by itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use flarekeep_catalogue::{TokenId, UserId};
use flarekeep_policy::{Owner, UnixSeconds};

use crate::http::{ApiError, Caller};
use crate::options::RateLimit;

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Principal {
    User(UserId),
    AccountToken(TokenId),
}

/// The windows of all principals.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    windows: RwLock<Windows>,
}

#[derive(Debug, Default)]
struct Windows {
    of: HashMap<Principal, Arc<Mutex<Window>>>,
    /// How many were left when those that are over were dropped last.
    kept: usize,
}

/// As many windows are kept whether they are over or not.
const FEW: usize = 1024;

#[derive(Debug, Default)]
struct Window {
    ends: i64,
    calls: u32,
    blocked: bool,
}

/// What is left to a principal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) remaining: u32,
    /// Seconds until the window ends.
    pub(crate) resets: i64,
}

impl Standing {
    /// The standing of one that has not called yet.
    pub(crate) fn fresh(limit: RateLimit) -> Self {
        Self { remaining: limit.calls, resets: seconds(limit) }
    }
}

impl Limiter {
    /// Counts one call. The second value is the answer to a call too many.
    pub(crate) fn count(&self, caller: &Caller, limit: RateLimit, at: UnixSeconds) -> (Standing, Result<(), ApiError>) {
        let window = self.window(principal(caller), at);
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if at.0 >= window.ends {
            *window = Window { ends: at.0 + seconds(limit), calls: 0, blocked: false };
        }
        if !window.blocked && window.calls >= limit.calls {
            // Who exceeds the limit is blocked for a whole window from then on.
            *window = Window { ends: at.0 + seconds(limit), calls: limit.calls, blocked: true };
        }
        let resets = (window.ends - at.0).max(1);
        if window.blocked {
            let error = ApiError::new(429, 971, "Please wait and consider throttling your request speed");
            return (Standing { remaining: 0, resets }, Err(error.retry_after(resets.unsigned_abs())));
        }
        window.calls += 1;
        (Standing { remaining: limit.calls - window.calls, resets }, Ok(()))
    }

    /// Forgets all calls.
    pub(crate) fn forget(&self) {
        *self.windows.write().unwrap_or_else(PoisonError::into_inner) = Windows::default();
    }

    fn window(&self, of: Principal, at: UnixSeconds) -> Arc<Mutex<Window>> {
        if let Some(window) = self.windows.read().unwrap_or_else(PoisonError::into_inner).of.get(&of) {
            return window.clone();
        }
        let mut windows = self.windows.write().unwrap_or_else(PoisonError::into_inner);
        windows.make_room(at);
        windows.of.entry(of).or_default().clone()
    }
}

impl Windows {
    /// Drops the windows that are over, once there are twice as many as were left the last time.
    fn make_room(&mut self, at: UnixSeconds) {
        if self.of.len() < FEW.max(self.kept.saturating_mul(2)) {
            return;
        }
        let runs = |window: &Arc<Mutex<Window>>| at.0 < window.lock().unwrap_or_else(PoisonError::into_inner).ends;
        // One that is held elsewhere is being counted in.
        self.of.retain(|_, window| Arc::strong_count(window) > 1 || runs(window));
        self.kept = self.of.len();
    }
}

fn principal(caller: &Caller) -> Principal {
    match caller {
        Caller::Key(user) => Principal::User(*user),
        Caller::Token(record) => match record.stored.owner {
            Owner::User(user) => Principal::User(user),
            Owner::Account(_) => Principal::AccountToken(record.stored.id),
        },
    }
}

fn seconds(limit: RateLimit) -> i64 {
    i64::try_from(limit.window.as_secs()).unwrap_or(i64::MAX / 2).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_call_too_many_blocks_for_a_whole_window() {
        let limiter = Limiter::default();
        let limit = RateLimit { calls: 2, window: Duration::from_secs(300) };
        let caller = Caller::Key(UserId::from_u128(1));
        let count = |at| {
            let (standing, outcome) = limiter.count(&caller, limit, UnixSeconds(at));
            (standing.remaining, standing.resets, outcome.is_ok())
        };
        assert_eq!(count(0), (1, 300, true));
        assert_eq!(count(100), (0, 200, true));
        assert_eq!(count(250), (0, 300, false));
        assert_eq!(count(301), (0, 249, false));
        assert_eq!(count(550), (1, 300, true));
    }

    #[test]
    fn windows_that_are_over_are_not_kept() {
        let limiter = Limiter::default();
        let limit = RateLimit { calls: 2, window: Duration::from_secs(300) };
        let call = |user, at| limiter.count(&Caller::Key(UserId::from_u128(user)), limit, UnixSeconds(at)).0.remaining;
        let kept = || limiter.windows.read().unwrap().of.len();
        for user in 0..5000 {
            call(user, 0);
        }
        assert_eq!((kept(), call(7, 299)), (5000, 0), "a window that runs is kept");
        for user in 5000..15_000 {
            call(user, i64::try_from(user).unwrap());
        }
        assert!(kept() < 2500, "{}", kept());
        assert_eq!(call(14_999, 15_000), 0, "a window that runs is kept");
    }
}
