//! How the two statuses of a custom hostname move, by what is known of its DNS and the time. Pure: the same facts give the
//! same statuses however often and whenever they are asked for.

mod backoff;

use serde::{Deserialize, Serialize};

pub(super) use self::backoff::Schedule;

const DAY: i64 = 86_400;

/// The status of the hostname. Cloudflare has eight more, which need what is not simulated (migrations, tests, blocks).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HostnameStatus {
    Pending,
    Active,
    ActiveRedeploying,
    Moved,
    PendingDeletion,
    Deleted,
}

/// The status of the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SslStatus {
    Initializing,
    PendingValidation,
    PendingIssuance,
    PendingDeployment,
    Active,
    ValidationTimedOut,
    Expired,
    PendingDeletion,
}

/// What holds of a hostname for as long as nothing that it depends on changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// The name points to the zone, or its owner has published the ownership token.
    pub(super) owned: bool,
    /// Since when, in seconds, the zone's fallback origin is active; none where it is not going to be.
    pub(super) fallback_since: Option<i64>,
    /// The certificate authority accepts what is published.
    pub(super) validates: bool,
}

/// How fast it goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Seconds that each stage lasts at least.
    pub(super) delay: i64,
    /// When unanswered checks are made and when they end.
    pub(super) schedule: &'static Schedule,
    /// Whether checks are made at the times of the schedule alone, not as soon as they would pass.
    pub(super) scheduled: bool,
    /// Seconds after which a hostname that has moved is deleted.
    pub(super) moved_for: i64,
    /// Seconds for which a certificate is valid, and after which it is renewed.
    pub(super) valid_for: i64,
    pub(super) renewed_after: i64,
}

/// Where a hostname and its certificate stand, as of a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Course {
    pub(super) hostname: HostnameStatus,
    pub(super) hostname_since: i64,
    pub(super) ssl: SslStatus,
    /// For an active certificate: when it was issued or renewed last.
    pub(super) ssl_since: i64,
    /// Up to when all that happened is in here.
    pub(super) at: i64,
}

impl Rules {
    /// As documented (cloudflare-for-saas: hostname-validation/backoff-schedule, validation-status). Certificates of 90
    /// days, renewed from 30 days before their end (ssl/reference: certificate validity periods).
    pub(super) fn documented(delay: i64, scheduled: bool) -> Self {
        Self {
            delay: delay.max(0),
            schedule: backoff::documented(),
            scheduled,
            moved_for: 7 * DAY,
            valid_for: 90 * DAY,
            renewed_after: 60 * DAY,
        }
    }

    /// When a check can first pass that may pass from `ready` on, for what began at `since`; none after the last retry.
    fn check(&self, since: i64, ready: i64) -> Option<i64> {
        let ready = ready.max(since.saturating_add(self.delay));
        let check = if self.scheduled { self.schedule.first_from(since, ready)? } else { ready };
        (check <= self.schedule.end(since)).then_some(check)
    }
}

impl Course {
    /// Of a hostname that is made at this time.
    pub(super) fn begin(at: i64, rules: &Rules) -> Self {
        // Where stages take no time, the tokens are there at once.
        let ssl = if rules.delay == 0 { SslStatus::PendingValidation } else { SslStatus::Initializing };
        Self { hostname: HostnameStatus::Pending, hostname_since: at, ssl, ssl_since: at, at }
    }

    /// The course as it stands at `until`, where these facts have held since [`Course::at`].
    pub(super) fn advanced(&self, facts: &Facts, rules: &Rules, until: i64) -> Self {
        let mut course = self.clone();
        while let Some((at, status)) = course.next_of_hostname(facts, rules).filter(|(at, _)| *at <= until) {
            (course.hostname_since, course.hostname) = (at, status);
        }
        while let Some((at, status)) = course.next_of_ssl(facts, rules, until).filter(|(at, _)| *at <= until) {
            (course.ssl_since, course.ssl) = (at, status);
        }
        course.at = course.at.max(until);
        course
    }

    /// Validates anew from this time on, as a PATCH with the same `ssl` asks for. What is active stays so.
    pub(super) fn restart(&mut self, at: i64) {
        if matches!(self.hostname, HostnameStatus::Pending | HostnameStatus::Moved) {
            (self.hostname, self.hostname_since) = (HostnameStatus::Pending, at);
        }
        if matches!(self.ssl, SslStatus::PendingValidation | SslStatus::ValidationTimedOut | SslStatus::Expired) {
            self.validate(at);
        }
    }

    /// Validates for another certificate.
    pub(super) fn validate(&mut self, at: i64) {
        (self.ssl, self.ssl_since) = (SslStatus::PendingValidation, at);
    }

    /// Brings changed settings to an active hostname.
    pub(super) fn redeploy(&mut self, at: i64) {
        if self.hostname == HostnameStatus::Active {
            (self.hostname, self.hostname_since) = (HostnameStatus::ActiveRedeploying, at);
        }
    }

    pub(super) fn delete(&mut self, at: i64) {
        if self.hostname != HostnameStatus::PendingDeletion {
            (self.hostname, self.hostname_since) = (HostnameStatus::PendingDeletion, at);
            (self.ssl, self.ssl_since) = (SslStatus::PendingDeletion, at);
        }
    }

    /// Whether requests of the hostname are answered: both validations are done.
    pub(super) fn is_serving(&self) -> bool {
        matches!(self.hostname, HostnameStatus::Active | HostnameStatus::ActiveRedeploying)
            && self.ssl == SslStatus::Active
    }

    /// Whether the hostname exists no more.
    pub(super) fn is_over(&self) -> bool {
        self.hostname == HostnameStatus::Deleted
    }

    /// Whether it cannot be over at this time, whatever the facts are: the facts need not be found out then.
    pub(super) fn must_last_until(&self, rules: &Rules, until: i64) -> bool {
        match self.hostname {
            HostnameStatus::Pending | HostnameStatus::Active | HostnameStatus::ActiveRedeploying => {
                until < self.at.saturating_add(rules.moved_for)
            }
            HostnameStatus::Moved => until < self.hostname_since.saturating_add(rules.moved_for),
            HostnameStatus::PendingDeletion => until < self.hostname_since.saturating_add(rules.delay),
            HostnameStatus::Deleted => false,
        }
    }

    fn next_of_hostname(&self, facts: &Facts, rules: &Rules) -> Option<(i64, HostnameStatus)> {
        let since = self.hostname_since;
        Some(match self.hostname {
            HostnameStatus::Pending => {
                let live = facts.fallback_since.filter(|_| facts.owned);
                let check = live.and_then(|live| rules.check(since, live.max(self.at)));
                match check {
                    Some(at) => (at, HostnameStatus::Active),
                    None => (rules.schedule.end(since).max(since), HostnameStatus::Moved),
                }
            }
            HostnameStatus::Active if facts.owned => return None,
            HostnameStatus::Active => (since.max(self.at), HostnameStatus::Moved),
            HostnameStatus::ActiveRedeploying => (since.saturating_add(rules.delay), HostnameStatus::Active),
            HostnameStatus::Moved => (since.saturating_add(rules.moved_for), HostnameStatus::Deleted),
            HostnameStatus::PendingDeletion => (since.saturating_add(rules.delay), HostnameStatus::Deleted),
            HostnameStatus::Deleted => return None,
        })
    }

    fn next_of_ssl(&self, facts: &Facts, rules: &Rules, until: i64) -> Option<(i64, SslStatus)> {
        let since = self.ssl_since;
        let later = since.saturating_add(rules.delay);
        Some(match self.ssl {
            SslStatus::Initializing => (later, SslStatus::PendingValidation),
            SslStatus::PendingValidation => match rules.check(since, self.at.max(since)).filter(|_| facts.validates) {
                Some(at) => (at, SslStatus::PendingIssuance),
                None => (rules.schedule.end(since), SslStatus::ValidationTimedOut),
            },
            SslStatus::PendingIssuance => (later, SslStatus::PendingDeployment),
            SslStatus::PendingDeployment => (later, SslStatus::Active),
            SslStatus::Active => {
                let end = since.saturating_add(rules.valid_for);
                let renewal = since.saturating_add(rules.renewed_after).max(self.at);
                if facts.validates && renewal <= end {
                    // Each renewal is as the one before, so that those of years are one step.
                    let passed = (until.saturating_sub(renewal) / rules.renewed_after.max(1)).max(0);
                    (renewal.saturating_add(passed.saturating_mul(rules.renewed_after)), SslStatus::Active)
                } else {
                    (end, SslStatus::Expired)
                }
            }
            SslStatus::Expired if facts.validates => (since.max(self.at), SslStatus::PendingIssuance),
            SslStatus::Expired | SslStatus::ValidationTimedOut | SslStatus::PendingDeletion => return None,
        })
    }
}

#[cfg(test)]
mod tests;
