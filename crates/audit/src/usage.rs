//! How tokens were used, as audit logs and recordings show it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use flarekeep_catalogue::{AccountId, Operation, TokenId, operations};
use flarekeep_planner::Target;
use jiff::{SignedDuration, Timestamp};

/// How tokens were used.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// What each token did. A token that is not in it did nothing that was seen.
    pub tokens: BTreeMap<TokenId, TokenUsage>,
    /// Whether audit logs were read: they show what was changed, and not what was only read.
    pub from_audit_logs: bool,
    /// The period that the audit logs cover: from the first entry, or from where they were asked for, to the last.
    pub period: Option<(Timestamp, Timestamp)>,
    /// The periods that they cover of each account, ascending and apart; under none what names no account. See
    /// [`Usage::cover`].
    pub periods: BTreeMap<Option<AccountId>, Vec<(Timestamp, Timestamp)>>,
    /// Uses of Global API keys.
    pub keys: Vec<KeyUse>,
    /// Where it was read.
    pub sources: Vec<String>,
}

/// What one token did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TokenUsage {
    /// Its calls that were let through, by operation (its position in the catalogue) and what it was called on.
    pub calls: BTreeMap<(u16, Target), Called>,
    /// Calls of which nobody knows which operation they are.
    pub unknown: u64,
    /// Whether a recording of all its calls was read, reads too.
    pub is_recorded: bool,
    /// The programs that made the calls, as they call themselves.
    pub user_agents: BTreeSet<String>,
    /// From where.
    pub addresses: BTreeSet<IpAddr>,
}

/// How often an operation was called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Called {
    /// How many times.
    pub times: u64,
    /// When for the last time, where that is known.
    pub last: Option<Timestamp>,
}

/// A call that was made with a Global API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// Whose key it was: the user's e-mail address, or its id.
    pub user: String,
    /// How many calls were seen.
    pub times: u64,
    /// When for the last time.
    pub last: Option<Timestamp>,
    /// From where.
    pub addresses: BTreeSet<IpAddr>,
}

/// Between two entries that lie further apart a part of the log may be missing.
const GAP: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Usage {
    /// Notes that a log covers this period of an account: one that was asked for and read to its end, or an entry's instant.
    /// Instants that lie within seven days of each other are one period: entries that lie further apart may be of two logs.
    pub fn cover(&mut self, account: Option<AccountId>, from: Timestamp, to: Timestamp) {
        self.period = Some(self.period.map_or((from, to), |(since, until)| (since.min(from), until.max(to))));
        let periods = self.periods.entry(account).or_default();
        let near = |(since, until): &(Timestamp, Timestamp)| {
            from.duration_since(*until) <= GAP && since.duration_since(to) <= GAP
        };
        let (mut start, mut end) = (from, to);
        periods.retain(|period| {
            let is_near = near(period);
            if is_near {
                (start, end) = (start.min(period.0), end.max(period.1));
            }
            !is_near
        });
        let at = periods.partition_point(|(since, _)| *since < start);
        periods.insert(at, (start, end));
    }

    /// Of how many days the logs of all these accounts were read; none where those of one were not. Of no account: of any.
    #[must_use]
    pub fn days_of(&self, accounts: &BTreeSet<AccountId>) -> Option<i64> {
        let days = |periods: &Vec<(Timestamp, Timestamp)>| -> i64 {
            periods.iter().map(|(from, to)| to.duration_since(*from).as_hours() / 24).sum()
        };
        if accounts.is_empty() {
            return self.periods.values().map(days).min();
        }
        let of = |account: &AccountId| self.periods.get(&Some(*account)).or_else(|| self.periods.get(&None)).map(days);
        accounts.iter().map(of).collect::<Option<Vec<i64>>>()?.into_iter().min()
    }

    /// Takes in what another record shows.
    pub fn merge(&mut self, other: Self) {
        for (token, usage) in other.tokens {
            self.tokens.entry(token).or_default().merge(usage);
        }
        self.from_audit_logs |= other.from_audit_logs;
        for (account, periods) in other.periods {
            periods.into_iter().for_each(|(from, to)| self.cover(account, from, to));
        }
        self.period = match (self.period, other.period) {
            (Some((from, to)), Some((since, until))) => Some((from.min(since), to.max(until))),
            (known, more) => known.or(more),
        };
        for key in other.keys {
            match self.keys.iter_mut().find(|known| known.user == key.user) {
                Some(known) => {
                    known.times = known.times.saturating_add(key.times);
                    known.last = known.last.max(key.last);
                    known.addresses.extend(key.addresses);
                }
                None => self.keys.push(key),
            }
        }
        self.sources.extend(other.sources);
    }
}

impl TokenUsage {
    /// Notes a call.
    pub fn note(&mut self, operation: &Operation, target: Target, at: Option<Timestamp>) {
        let called = self.calls.entry((operation.index, target)).or_default();
        called.times = called.times.saturating_add(1);
        called.last = called.last.max(at);
    }

    /// The operations that were called, with what they were called on.
    pub fn operations(&self) -> impl Iterator<Item = (&'static Operation, &Target, &Called)> {
        let known = |index: u16| operations().get(usize::from(index));
        self.calls.iter().filter_map(move |((index, target), called)| Some((known(*index)?, target, called)))
    }

    fn merge(&mut self, other: Self) {
        for (call, more) in other.calls {
            let called = self.calls.entry(call).or_default();
            called.times = called.times.saturating_add(more.times);
            called.last = called.last.max(more.last);
        }
        self.unknown = self.unknown.saturating_add(other.unknown);
        self.is_recorded |= other.is_recorded;
        self.user_agents.extend(other.user_agents);
        self.addresses.extend(other.addresses);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str) -> Timestamp {
        format!("{day}T00:00:00Z").parse().unwrap()
    }

    #[test]
    fn a_gap_is_not_covered_and_an_account_borrows_nothing_from_another() {
        let (one, other) = (AccountId::from_u128(1), AccountId::from_u128(2));
        let mut usage = Usage::default();
        usage.cover(Some(one), at("2026-01-01"), at("2026-01-01"));
        usage.cover(Some(one), at("2026-11-20"), at("2026-11-20"));
        assert_eq!(usage.days_of(&[one].into()), Some(0));
        usage.cover(Some(other), at("2026-10-01"), at("2026-11-20"));
        assert_eq!((usage.days_of(&[other].into()), usage.days_of(&[one, other].into())), (Some(50), Some(0)));
        assert_eq!(usage.days_of(&[AccountId::from_u128(3)].into()), None);
        assert_eq!(usage.period, Some((at("2026-01-01"), at("2026-11-20"))));
    }

    #[test]
    fn periods_that_touch_are_one_in_any_order() {
        let days = ["2026-01-20", "2026-01-01", "2026-01-07", "2026-01-14"];
        let mut usage = Usage::default();
        for day in days {
            let mut more = Usage::default();
            more.cover(None, at(day), at(day));
            usage.merge(more);
        }
        assert_eq!(usage.periods[&None], [(at("2026-01-01"), at("2026-01-20"))]);
    }
}
