//! Which failures are repeated, and after how long. The only place that knows.

use std::time::Duration;

use backon::ExponentialBuilder;
use reqwest::Method;

use crate::error::Error;

/// How often and how patiently a call is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySettings {
    /// How many attempts a call has in all; 1 repeats nothing.
    pub attempts: u32,
    /// The pause after the first failure. It doubles each time, and up to as much again is added at random.
    pub first_delay: Duration,
    /// The longest wait that Cloudflare may ask for. A longer one is reported instead of waited.
    pub longest_wait: Duration,
}

impl Default for RetrySettings {
    /// Three attempts, a second's pause, a minute at most: as wrangler does.
    fn default() -> Self {
        Self { attempts: 3, first_delay: Duration::from_secs(1), longest_wait: Duration::from_secs(60) }
    }
}

impl RetrySettings {
    pub(crate) fn backoff(&self) -> ExponentialBuilder {
        ExponentialBuilder::default()
            .with_min_delay(self.first_delay)
            .with_max_delay(self.longest_wait)
            .with_max_times(self.attempts.saturating_sub(1) as usize)
            .with_jitter()
    }

    /// How long to wait after `error`; `None` to give up. `pause` is what the backoff proposes, if attempts are left.
    pub(crate) fn wait(&self, error: &Error, pause: Option<Duration>) -> Option<Duration> {
        let pause = pause?;
        match error {
            Error::RateLimited { retry_after: Some(asked), .. } if *asked > self.longest_wait => None,
            // The random part of the pause comes on top, so that many clients do not come back in the same instant.
            Error::RateLimited { retry_after: Some(asked), .. } => {
                Some(*asked + Duration::from_nanos(pause.subsec_nanos().into()))
            }
            _ => Some(pause),
        }
    }
}

/// Whether a request may be sent again after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// As its method says: GET, HEAD, PUT and DELETE do the same when they are done twice.
    ByMethod,
    /// After any passing failure: the caller knows that twice does no harm.
    Always,
    /// Only after a failure that proves that it was not carried out.
    IfNotActed,
    /// Never: one attempt is what was asked for.
    Never,
}

impl Repeat {
    pub(crate) fn after(self, method: &Method, error: &Error) -> bool {
        match self {
            Self::Never => false,
            Self::Always => is_passing(error),
            Self::IfNotActed => proves_inaction(error),
            Self::ByMethod if is_idempotent(method) => is_passing(error),
            Self::ByMethod => proves_inaction(error),
        }
    }
}

fn is_idempotent(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::PUT, Method::DELETE].contains(method)
}

/// No connection was made, or Cloudflare turned the call away at the door.
fn proves_inaction(error: &Error) -> bool {
    matches!(error, Error::Unreachable { .. } | Error::RateLimited { .. })
}

fn is_passing(error: &Error) -> bool {
    match error {
        Error::TimedOut { .. } | Error::AnswerLost { .. } | Error::Server { .. } => true,
        Error::NotJson { status, .. } => *status >= 500,
        other => proves_inaction(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Call;

    fn limited(seconds: u64) -> Error {
        Error::RateLimited { call: Call::new(Method::GET, "/x"), retry_after: Some(Duration::from_secs(seconds)) }
    }

    #[test]
    fn a_wait_that_was_asked_for_is_kept_and_a_long_one_is_not_waited() {
        let settings = RetrySettings::default();
        let pause = Some(Duration::from_millis(1_250));
        assert_eq!(settings.wait(&limited(30), pause), Some(Duration::from_millis(30_250)));
        assert_eq!(settings.wait(&limited(60), pause), Some(Duration::from_millis(60_250)));
        assert_eq!(settings.wait(&limited(61), pause), None);
        assert_eq!(settings.wait(&limited(1), None), None);
    }

    #[test]
    fn a_post_is_repeated_only_when_it_was_not_carried_out() {
        let call = || Call::new(Method::POST, "/x");
        let lost = Error::AnswerLost { call: call(), detail: String::new() };
        let unreachable = Error::Unreachable { call: call(), detail: String::new() };
        let allowed = |repeat: Repeat, method: Method, error: &Error| repeat.after(&method, error);
        assert!(!allowed(Repeat::ByMethod, Method::POST, &lost));
        assert!(!allowed(Repeat::ByMethod, Method::PATCH, &lost));
        assert!(allowed(Repeat::ByMethod, Method::POST, &unreachable));
        assert!(allowed(Repeat::ByMethod, Method::POST, &limited(1)));
        assert!(allowed(Repeat::Always, Method::POST, &lost));
        assert!(allowed(Repeat::ByMethod, Method::PUT, &lost));
        assert!(!allowed(Repeat::IfNotActed, Method::PUT, &lost));
        assert!(!allowed(Repeat::Never, Method::GET, &unreachable));
    }
}
