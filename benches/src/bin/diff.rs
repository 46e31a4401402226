//! Two tokens compared, over all operations: beside the naive way, which asks `decide` for every operation at every zone,
//! account and owner, in the same run. Then the same with ten times as many zones, and again.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use flarekeep_catalogue::{AccountId, UserId, ZoneId, operations, resolve};
use flarekeep_policy::{Effect, Grant, Owner, Ownership, Policy, Request, Resource, Token, UnixSeconds, compare};

const USER: UserId = UserId::from_u128(7);
const ACCOUNTS: [AccountId; 2] = [AccountId::from_u128(8), AccountId::from_u128(9)];
const OTHER: AccountId = AccountId::from_u128(10);
const AT: UnixSeconds = UnixSeconds(0);
/// A diff over 1,000 zones takes at most this.
const BOUND: Duration = Duration::from_millis(100);

fn main() {
    let mut held = true;
    println!("{:>7}  {:>10}  {:>12}  {:>12}  {:>6}", "zones", "one policy", "one a zone", "decide", "ratio");
    for zones in [100, 1_000, 10_000] {
        let (old, new) = (token(zones, false, false), token(zones, false, true));
        let (old_apart, new_apart) = (token(zones, true, false), token(zones, true, true));
        let together = median(|| black_box(compare(&old, &new, &Ownership::new(), AT)).gained.operations().len());
        let apart =
            median(|| black_box(compare(&old_apart, &new_apart, &Ownership::new(), AT)).gained.operations().len());
        // The naive way is asked once, and not at all where it would take minutes.
        let naive = (zones <= 1_000).then(|| {
            let start = Instant::now();
            let gained = naive(&old, &new, zones);
            let took = start.elapsed();
            let said: BTreeSet<u16> =
                compare(&old, &new, &Ownership::new(), AT).gained.operations().iter().map(|o| o.index).collect();
            assert_eq!(gained, said, "both ways find the same");
            took
        });
        let ms = |took: Duration| format!("{:.2} ms", took.as_secs_f64() * 1e3);
        let ratio =
            naive.map_or_else(String::new, |naive| format!("{:.0}", naive.as_secs_f64() / together.as_secs_f64()));
        println!(
            "{zones:>7}  {:>10}  {:>12}  {:>12}  {ratio:>6}",
            ms(together),
            ms(apart),
            naive.map_or("-".to_owned(), ms)
        );
        if zones == 1_000 {
            held = together <= BOUND && apart <= BOUND;
        }
    }
    println!("{} two tokens of 1,000 zones: at most {} ms", if held { "ok  " } else { "MISS" }, BOUND.as_millis());
    std::process::exit(i32::from(!held));
}

fn median(mut work: impl FnMut() -> usize) -> Duration {
    let mut times: Vec<Duration> = (0..11)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

fn zone(n: usize) -> ZoneId {
    // Spread over all digits, as real ids are.
    ZoneId::from_u128((n as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

/// Groups of zones and accounts; the wider token has one group more at a tenth of the zones and at one account.
fn token(zones: usize, apart: bool, wider: bool) -> Token {
    let grants = |names: &[&str]| names.iter().map(|name| Grant::Group(resolve(name).unwrap().0)).collect::<Vec<_>>();
    let on =
        |resources: Vec<Resource>, names: &[&str]| Policy { effect: Effect::Allow, resources, groups: grants(names) };
    let names = ["DNS Write", "Zone Read", "Workers Routes Read"];
    let all = (0..zones).map(|n| Resource::Zone(zone(n)));
    let mut policies = match apart {
        true => all.map(|zone| on(vec![zone], &names)).collect(),
        false => vec![on(all.collect(), &names)],
    };
    policies.push(on(ACCOUNTS.map(Resource::Account).into(), &["Workers Scripts Read", "Account Settings Read"]));
    if wider {
        policies.push(on((0..zones / 10).map(|n| Resource::Zone(zone(n))).collect(), &["Zone Settings Write"]));
        policies.push(on(vec![Resource::Account(ACCOUNTS[0])], &["Workers Scripts Write"]));
    }
    Token::unconditional(Owner::User(USER), policies)
}

/// The operations that the new token allows somewhere where the old does not.
fn naive(old: &Token, new: &Token, zones: usize) -> BTreeSet<u16> {
    let (old, new) = (old.compile(), new.compile());
    let mut gained = BTreeSet::new();
    let some_zones: Vec<ZoneId> = (0..=zones).map(zone).collect();
    for operation in operations() {
        let mut ask = |account: Option<AccountId>, zone: Option<ZoneId>| {
            let request = Request { operation, user: Some(USER), account, zone, bucket: None, ip: None, at: AT };
            if new.decide(&request).allow && !old.decide(&request).allow {
                gained.insert(operation.index);
            }
        };
        let accounts = [ACCOUNTS[0], ACCOUNTS[1], OTHER];
        if operation.names_zone() {
            some_zones.iter().for_each(|zone| accounts.iter().for_each(|account| ask(Some(*account), Some(*zone))));
        } else {
            accounts.iter().for_each(|account| ask(Some(*account), None));
            ask(None, None);
        }
    }
    gained
}
