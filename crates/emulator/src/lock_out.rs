//! Repeated failures to authenticate from one address. That there is a lock-out is known by its message alone
//! (`Max auth failures reached`, expected by the test of Homebrew's formula for wrangler beside `Invalid access token`);
//! how many failures it takes, how long it lasts and whether it is by address is not.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use flarekeep_policy::UnixSeconds;

use crate::options::LockOut;

/// Addresses that are remembered at most; the emulator is no firewall.
const MOST: usize = 10_000;

/// The failures of each address.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<HashMap<Option<IpAddr>, Window>>);

#[derive(Debug)]
struct Window {
    ends: i64,
    failures: u32,
}

impl Failures {
    /// Forgets what was counted.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Counts one failure, and says whether the address is locked out by those before it.
    pub(crate) fn count(&self, from: Option<IpAddr>, limit: LockOut, at: UnixSeconds) -> bool {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= MOST && !windows.contains_key(&from) {
            windows.retain(|_, window| at.0 < window.ends);
            if windows.len() >= MOST {
                return false;
            }
        }
        let ends = at.0.saturating_add(i64::try_from(limit.window.as_secs()).unwrap_or(i64::MAX));
        let window = windows.entry(from.map(|ip| ip.to_canonical())).or_insert(Window { ends, failures: 0 });
        if at.0 >= window.ends {
            *window = Window { ends, failures: 0 };
        }
        window.failures = window.failures.saturating_add(1);
        window.failures > limit.failures
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn failures_are_counted_for_each_address_until_the_window_ends() {
        let failures = Failures::default();
        let limit = LockOut { failures: 2, window: Duration::from_secs(300) };
        let (here, there) = (Some("203.0.113.7".parse().unwrap()), Some("203.0.113.8".parse().unwrap()));
        let count = |from, at| failures.count(from, limit, UnixSeconds(at));
        assert_eq!([count(here, 0), count(here, 1), count(here, 2), count(there, 2)], [false, false, true, false]);
        assert!(count(Some("::ffff:203.0.113.7".parse().unwrap()), 299), "the same address");
        assert!(!count(here, 300));
    }
}
