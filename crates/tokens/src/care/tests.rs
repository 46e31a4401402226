use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Condition, RequestIp};

use super::*;

const NOW: i64 = 1_800_000_000;

fn at(days: i64) -> Option<Timestamp> {
    Some(second(days * DAY))
}

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW + seconds).unwrap()
}

/// A token that needs no care: made and used lately, with an end far away.
fn well() -> Token {
    Token {
        id: TokenId::from_u128(1),
        name: "shop-dns-prod".to_owned(),
        status: Status::Active,
        issued_on: at(-5),
        modified_on: at(-5),
        last_used_on: at(-1),
        not_before: None,
        expires_on: at(60),
        condition: None,
        policies: Vec::new(),
    }
}

/// So many seconds after a making 30 days ago.
fn tried(seconds: i64) -> Option<Timestamp> {
    Some(second(-30 * DAY + seconds))
}

/// What is used later than the trial of its value counts as used.
#[test]
fn a_trial_is_no_use() {
    let made = |used| Token { last_used_on: used, issued_on: at(-30), modified_on: at(-30), ..well() };
    assert!(matches!(reasons(&made(tried(5)), &Thresholds::default(), second(0))[..], [Reason::NeverUsed(30)]));
    assert!(matches!(reasons(&made(tried(121)), &Thresholds::default(), second(0))[..], []));
    let later = reasons(&made(tried(121)), &Thresholds { unused: 29, ..Thresholds::default() }, second(0));
    assert!(matches!(later[..], [Reason::Unused(29)]), "{later:?}");
}

fn ids(token: &Token) -> Vec<&'static str> {
    reasons(token, &Thresholds::default(), second(0)).iter().map(Reason::id).collect()
}

#[test]
fn a_token_that_is_well_has_no_reason() {
    assert_eq!(ids(&well()), [""; 0]);
}

#[test]
fn each_reason_stands_alone() {
    let cases: [(Token, &str); 13] = [
        (Token { status: Status::Other("revoked (exposed)".to_owned()), ..well() }, "revoked"),
        (Token { status: Status::Other("paused".to_owned()), ..well() }, "unknown-status"),
        (Token { expires_on: at(3), ..well() }, "ends"),
        (Token { name: "ci (pending 0123abcd)".to_owned(), ..well() }, "pending"),
        (Token { condition: locked(), ..well() }, "locked-to-nobody"),
        (Token { status: Status::Expired, expires_on: at(-3), ..well() }, "ended"),
        (Token { expires_on: at(-3), ..well() }, "ended"),
        (Token { last_used_on: at(-30), ..well() }, "unused"),
        (Token { last_used_on: None, issued_on: at(-30), modified_on: at(-30), ..well() }, "never-used"),
        (Token { last_used_on: tried(120), issued_on: at(-30), modified_on: at(-30), ..well() }, "never-used"),
        (Token { expires_on: None, ..well() }, "no-end"),
        (Token { issued_on: at(-90), modified_on: at(-90), ..well() }, "unchanged"),
        (Token { status: Status::Disabled, expires_on: None, last_used_on: None, ..well() }, "disabled"),
    ];
    for (token, id) in cases {
        assert_eq!(ids(&token), [id], "{token:?}");
    }
}

fn locked() -> Option<Condition> {
    Some(Condition { request_ip: Some(RequestIp { within: Some(Vec::new()), not_within: None }) })
}

#[test]
fn a_change_may_have_been_a_new_value_and_naming_a_new_token_is_none() {
    let old = |modified_on| Token { issued_on: at(-200), modified_on, ..well() };
    assert_eq!(ids(&old(at(-10))), [""; 0], "it may have been rolled ten days ago");
    assert_eq!(ids(&old(at(-100))), ["old"]);
    assert_eq!(ids(&old(Some(second(-200 * DAY + 3)))), ["unchanged"], "the mark was taken off after three seconds");
    assert_eq!(ids(&old(None)), ["unchanged"]);
    assert_eq!(ids(&Token { issued_on: None, ..old(None) }), [""; 0]);
}

#[test]
fn a_token_that_is_not_valid_yet_is_not_called_unused() {
    let token = Token { issued_on: at(-40), modified_on: at(-40), last_used_on: None, ..well() };
    assert_eq!(ids(&token), ["never-used"]);
    assert_eq!(ids(&Token { not_before: at(1), ..token }), [""; 0]);
}

#[test]
fn the_smallest_threshold_that_holds_the_days_is_named() {
    let within = |seconds| ending(&Token { expires_on: Some(second(seconds)), ..well() }, &[30, 14, 7, 1], second(0));
    assert_eq!(within(31 * DAY), None);
    assert_eq!(within(30 * DAY + 1), None);
    assert_eq!(within(30 * DAY), Some((30, 30)));
    assert_eq!(within(14 * DAY), Some((14, 14)));
    assert_eq!(within(7 * DAY + 1), Some((7, 14)));
    assert_eq!(within(DAY), Some((1, 1)));
    assert_eq!(within(1), Some((0, 1)));
    assert_eq!(within(0), Some((0, 0)), "at its end a token is not accepted any more");
    assert_eq!(within(-DAY), Some((-1, 0)));
    assert_eq!(within(-30 * DAY), Some((-30, 0)));
    assert_eq!(within(-30 * DAY - 1), None);
    assert_eq!(ending(&Token { expires_on: None, ..well() }, &[30], second(0)), None);
    assert_eq!(ending(&Token { status: Status::Disabled, ..well() }, &[90], second(0)), None);
    assert_eq!(ending(&well(), &[], second(0)), None);
}

#[test]
fn what_presses_most_comes_first() {
    let token = Token { name: "x (pending 0123abcd)".to_owned(), issued_on: at(-100), modified_on: None, ..well() };
    assert_eq!(
        ids(&Token { expires_on: None, last_used_on: None, ..token.clone() }),
        ["pending", "unchanged", "no-end", "never-used"]
    );
    assert_eq!(ids(&Token { expires_on: at(20), ..token }), ["ends", "pending", "unchanged"]);
    let rank = |within| Reason::Ends { days: 0, within }.rank();
    assert!(rank(1) < rank(7) && rank(7) < rank(14) && rank(14) < rank(30));
    assert!(rank(u32::MAX) < Reason::Pending.rank() && Reason::Revoked(String::new()).rank() < rank(0));
}

/// Whatever the dates are, nothing overflows and what is said agrees with a plain reading of them.
#[test]
fn dates_of_every_kind_agree_with_a_second_reading() {
    let dates = [None, at(-4000), at(-91), at(-90), at(-31), at(-29), at(-1), at(0), at(1), at(29), at(31), at(4000)];
    for issued_on in dates {
        for modified_on in dates {
            for last_used_on in dates {
                for expires_on in dates {
                    let token = Token { issued_on, modified_on, last_used_on, expires_on, ..well() };
                    let found = ids(&token);
                    let says = |id| found.contains(&id);
                    let past =
                        |time: Option<Timestamp>, days: i64| time.is_some_and(|time| time <= second(-days * DAY));
                    let ended = past(expires_on, 0);
                    assert_eq!(says("ended"), ended, "{token:?}");
                    assert_eq!(says("no-end"), expires_on.is_none());
                    assert_eq!(says("ends"), !ended && expires_on.is_some_and(|end| end <= second(30 * DAY)));
                    // At the moment of its making its value is tried.
                    let used = last_used_on.filter(|used| issued_on != Some(*used));
                    assert_eq!(says("unused"), !ended && past(used, 30));
                    assert_eq!(says("never-used"), !ended && used.is_none() && past(issued_on, 30));
                    let changed = modified_on.is_some() && modified_on > issued_on;
                    assert_eq!(says("unchanged"), !ended && past(issued_on, 90) && !changed);
                    assert_eq!(says("old"), !ended && past(issued_on, 90) && changed && past(modified_on, 90));
                }
            }
        }
    }
}
