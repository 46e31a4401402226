use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

const YES: Facts = Facts { owned: true, fallback_since: Some(0), validates: true };
const NO: Facts = Facts { owned: false, fallback_since: Some(0), validates: false };

/// Small numbers, so that a second implementation can go through all seconds.
fn small(delay: i64, scheduled: bool) -> Rules {
    static SCHEDULE: LazyLock<Schedule> = LazyLock::new(|| Schedule::of([5, 7, 11, 17].into_iter()));
    Rules { delay, schedule: &SCHEDULE, scheduled, moved_for: 23, valid_for: 90, renewed_after: 60 }
}

/// The same second by second: at each, everything happens that can.
fn slowly(start: &Course, facts: &Facts, rules: &Rules, until: i64) -> Course {
    let mut course = start.clone();
    for now in start.at..=until {
        // No more than this many steps can be taken in one second.
        for _ in 0..8 {
            step(&mut course, facts, rules, now);
        }
    }
    course.at = course.at.max(until);
    course
}

fn step(course: &mut Course, facts: &Facts, rules: &Rules, now: i64) {
    use HostnameStatus as H;
    use SslStatus as S;
    let stayed = |since: i64| now >= since + rules.delay;
    let ends = [5, 12, 23, 40];
    let checks = |since: i64| {
        let is_retry = ends.contains(&(now - since));
        stayed(since) && now - since <= 40 && (is_retry || !rules.scheduled)
    };
    let since = course.hostname_since;
    let live = facts.fallback_since.is_some_and(|from| from <= now);
    let next = match course.hostname {
        H::Pending if facts.owned && live && checks(since) => Some(H::Active),
        H::Pending if now - since >= 40 => Some(H::Moved),
        H::Active if !facts.owned => Some(H::Moved),
        H::ActiveRedeploying if stayed(since) => Some(H::Active),
        H::Moved if now - since >= 23 => Some(H::Deleted),
        H::PendingDeletion if stayed(since) => Some(H::Deleted),
        _ => None,
    };
    if let Some(next) = next {
        (course.hostname, course.hostname_since) = (next, now);
    }
    let since = course.ssl_since;
    let next = match course.ssl {
        S::Initializing if stayed(since) => Some(S::PendingValidation),
        S::PendingValidation if facts.validates && checks(since) => Some(S::PendingIssuance),
        S::PendingValidation if now - since >= 40 => Some(S::ValidationTimedOut),
        S::PendingIssuance if stayed(since) => Some(S::PendingDeployment),
        S::PendingDeployment if stayed(since) => Some(S::Active),
        S::Active if facts.validates && (60..=90).contains(&(now - since)) => Some(S::Active),
        S::Active if now - since >= 90 => Some(S::Expired),
        S::Expired if facts.validates => Some(S::PendingIssuance),
        _ => None,
    };
    if let Some(next) = next {
        (course.ssl, course.ssl_since) = (next, now);
    }
}

#[derive(Debug, Clone)]
enum Happening {
    Facts(Facts),
    Restart,
    Redeploy,
    Delete,
}

fn happenings() -> impl Strategy<Value = Vec<(i64, Happening)>> {
    let facts = (any::<bool>(), proptest::option::of(0_i64..200), any::<bool>())
        .prop_map(|(owned, fallback_since, validates)| Happening::Facts(Facts { owned, fallback_since, validates }));
    let one = prop_oneof![
        8 => facts,
        2 => Just(Happening::Restart),
        1 => Just(Happening::Redeploy),
        1 => Just(Happening::Delete),
    ];
    proptest::collection::vec((0_i64..60, one), 0..12)
}

proptest! {
    /// The quick way and the slow one agree at every change and at the end.
    #[test]
    fn it_is_as_second_by_second(happenings in happenings(), delay in 0_i64..6, scheduled: bool, rest in 0_i64..400) {
        let rules = small(delay, scheduled);
        let (mut quick, mut facts, mut now) = (Course::begin(0, &rules), NO, 0);
        for (wait, happening) in happenings {
            now += wait;
            let slow = slowly(&quick, &facts, &rules, now);
            quick = quick.advanced(&facts, &rules, now);
            prop_assert_eq!(&quick, &slow);
            match happening {
                Happening::Facts(new) => facts = new,
                Happening::Restart => quick.restart(now),
                Happening::Redeploy => quick.redeploy(now),
                Happening::Delete => quick.delete(now),
            }
        }
        let end = now + rest;
        prop_assert_eq!(quick.advanced(&facts, &rules, end), slowly(&quick, &facts, &rules, end));
    }

    /// Looking in between changes nothing, and what is over stays over.
    #[test]
    fn looking_changes_nothing(
        owned: bool, fallback in proptest::option::of(0_i64..100_000), validates: bool,
        delay in 0_i64..100, scheduled: bool, looks in proptest::collection::vec(0_i64..40_000_000, 1..6),
    ) {
        let rules = Rules::documented(delay, scheduled);
        let facts = Facts { owned, fallback_since: fallback, validates };
        let start = Course::begin(0, &rules);
        let mut looked = start.clone();
        let mut sorted = looks;
        sorted.sort_unstable();
        for at in &sorted {
            if looked.must_last_until(&rules, *at) {
                prop_assert!(!looked.advanced(&facts, &rules, *at).is_over());
            }
            let next = looked.advanced(&facts, &rules, *at);
            prop_assert!(!looked.is_over() || next.is_over());
            prop_assert!(next.hostname_since >= looked.hostname_since && next.ssl_since >= looked.ssl_since);
            prop_assert!(next.hostname_since <= *at || next.hostname == looked.hostname);
            looked = next;
        }
        let last = sorted.last().copied().unwrap_or(0);
        prop_assert_eq!(start.advanced(&facts, &rules, last), looked);
    }

    /// A hostname is active only where it is owned and the fallback origin was active.
    #[test]
    fn nothing_is_active_without_a_reason(owned: bool, fallback in proptest::option::of(0_i64..900_000), until in 0_i64..2_000_000) {
        let rules = Rules::documented(0, false);
        let facts = Facts { owned, fallback_since: fallback, validates: false };
        let course = Course::begin(0, &rules).advanced(&facts, &rules, until);
        if course.hostname == HostnameStatus::Active {
            prop_assert!(owned && fallback.is_some_and(|from| from <= until));
        }
        prop_assert_ne!(course.ssl, SslStatus::Active);
    }
}

#[test]
fn stages_take_their_time() {
    let rules = Rules::documented(2, false);
    let at = |until| Course::begin(100, &rules).advanced(&YES, &rules, until);
    assert_eq!((at(101).hostname, at(101).ssl), (HostnameStatus::Pending, SslStatus::Initializing));
    assert_eq!((at(102).hostname, at(102).ssl), (HostnameStatus::Active, SslStatus::PendingValidation));
    assert_eq!(at(104).ssl, SslStatus::PendingIssuance);
    assert_eq!(at(106).ssl, SslStatus::PendingDeployment);
    assert_eq!((at(108).ssl, at(108).ssl_since), (SslStatus::Active, 108));
}

#[test]
fn what_never_validates_moves_and_is_deleted() {
    let rules = Rules::documented(0, false);
    let at = |until| Course::begin(0, &rules).advanced(&NO, &rules, until);
    let end = rules.schedule.end(0);
    assert_eq!((at(end - 1).hostname, at(end - 1).ssl), (HostnameStatus::Pending, SslStatus::PendingValidation));
    assert_eq!((at(end).hostname, at(end).ssl), (HostnameStatus::Moved, SslStatus::ValidationTimedOut));
    assert!(!at(end + 7 * DAY - 1).is_over());
    assert!(at(end + 7 * DAY).is_over());
    let mut again = at(end + 5);
    again.restart(end + 5);
    let again = again.advanced(&YES, &rules, end + 6);
    assert_eq!((again.hostname, again.ssl), (HostnameStatus::Active, SslStatus::Active));
}

#[test]
fn the_schedule_alone_may_decide_when() {
    let rules = Rules::documented(0, true);
    let at = |until| Course::begin(0, &rules).advanced(&YES, &rules, until);
    assert_eq!(at(59).hostname, HostnameStatus::Pending);
    assert_eq!((at(60).hostname, at(60).ssl), (HostnameStatus::Active, SslStatus::Active));
    let late = Course { at: 61, ..Course::begin(0, &rules) };
    assert_eq!(late.advanced(&YES, &rules, 122).hostname, HostnameStatus::Pending);
    assert_eq!(late.advanced(&YES, &rules, 123).hostname, HostnameStatus::Active);
}

#[test]
fn certificates_are_renewed_or_expire() {
    let rules = Rules::documented(0, false);
    let active = Course::begin(0, &rules).advanced(&YES, &rules, 10);
    let years = active.advanced(&YES, &rules, 1_000_000 * DAY);
    assert_eq!(years.ssl, SslStatus::Active);
    assert!(years.ssl_since + 60 * DAY > 1_000_000 * DAY);
    assert_eq!(active.advanced(&NO, &rules, 90 * DAY - 1).ssl, SslStatus::Active);
    let expired = active.advanced(&NO, &rules, 90 * DAY);
    assert_eq!(expired.ssl, SslStatus::Expired);
    assert_eq!(expired.advanced(&YES, &rules, 90 * DAY + 1).ssl, SslStatus::Active);
}
