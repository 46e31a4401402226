//! The fold over the steps, beside a second reading that looks for each answer in the whole list.

use flarekeep_catalogue::TokenId;
use flarekeep_tokens::{Delivery, End, Progress, Step};

use crate::support::Dice;

const SINKS: usize = 3;

/// Any steps in any order: also those that no run would write.
fn any_steps(dice: &mut Dice) -> Vec<Step> {
    let count = dice.below(24);
    (0..count)
        .map(|_| {
            let id = TokenId::from_u128(u128::from(dice.below(3)));
            let name = format!("n{}", dice.below(3));
            // One sink too many: such a step is passed over.
            let sink = usize::try_from(dice.below(SINKS as u64 + 1)).unwrap();
            match dice.below(17) {
                0 | 1 => Step::Minting { name },
                2 => Step::Unminted { name },
                3 | 4 => Step::Minted { id },
                5 => Step::Rolling,
                6 | 7 => Step::Delivering { sink },
                8 => Step::Undelivered { sink },
                9 | 10 => Step::Delivered { sink },
                11 => Step::Checked,
                12 => Step::Revoking { id },
                13 => Step::Revoked { id },
                14 => Step::Unrolled,
                15 => Step::Dropped { sink },
                _ => Step::Finished { end: End::Done },
            }
        })
        .collect()
}

/// How far a sink is: what was said of it last, since the value was last made. One that was dropped stays so.
fn delivery_of(steps: &[Step], sink: usize) -> Delivery {
    let made = steps.iter().rposition(|step| matches!(step, Step::Minted { .. })).map_or(0, |last| last + 1);
    let of_it = |step: &Step| match step {
        Step::Delivering { sink: of } | Step::Undelivered { sink: of } => *of == sink,
        Step::Delivered { sink: of } | Step::Dropped { sink: of } => *of == sink,
        _ => false,
    };
    if matches!(steps.iter().rfind(|step| of_it(step)), Some(Step::Dropped { .. })) {
        return Delivery::Dropped;
    }
    let said = steps[made..].iter().rev().find_map(|step| match step {
        Step::Delivering { sink: of } if *of == sink => Some(Delivery::Begun),
        Step::Undelivered { sink: of } if *of == sink => Some(Delivery::Open),
        Step::Delivered { sink: of } if *of == sink => Some(Delivery::Done),
        _ => None,
    });
    said.unwrap_or_default()
}

/// The marked names that may be a token's which nobody has the value of: each that was about to be minted, but those
/// that were said not to be, and the last one before the first token.
fn marks_of(steps: &[Step]) -> Vec<String> {
    let first = steps.iter().position(|step| matches!(step, Step::Minted { .. })).unwrap_or(steps.len());
    let is_taken_back = |at: usize, name: &str, until: usize| {
        steps[at..until].iter().any(|step| matches!(step, Step::Unminted { name: of } if of == name))
    };
    let minting = |at: usize| match &steps[at] {
        Step::Minting { name } => Some(name),
        _ => None,
    };
    let became = (0..first)
        .rev()
        .find(|at| minting(*at).is_some_and(|name| !is_taken_back(*at, name, first)))
        .filter(|_| first < steps.len());
    (0..steps.len())
        .filter(|at| Some(*at) != became)
        .filter_map(|at| minting(at).filter(|name| !is_taken_back(at, name, steps.len())).cloned())
        .collect()
}

#[test]
fn the_fold_says_what_the_whole_list_says() {
    let (mut in_use, mut delivered, mut marked) = (0, 0, 0);
    let may_have = |one: &Delivery| *one == Delivery::Begun || *one == Delivery::Done;
    let has_or_never = |one: &Delivery| *one == Delivery::Done || *one == Delivery::Dropped;
    for seed in 0..20_000 {
        let steps = any_steps(&mut Dice(seed));
        let progress = Progress::after(SINKS, &steps);
        let deliveries: Vec<Delivery> = (0..SINKS).map(|sink| delivery_of(&steps, sink)).collect();
        assert_eq!(progress.deliveries, deliveries, "{seed}: {steps:?}");
        assert_eq!(progress.is_in_use(), deliveries.iter().any(may_have), "{seed}: {steps:?}");
        assert_eq!(progress.is_delivered(), deliveries.iter().all(has_or_never), "{seed}: {steps:?}");
        assert_eq!(progress.marks, marks_of(&steps), "{seed}: {steps:?}");
        let last = |wanted: fn(&Step) -> Option<TokenId>| steps.iter().rev().find_map(wanted);
        let minted = last(|step| if let Step::Minted { id } = step { Some(*id) } else { None });
        assert_eq!(progress.minted, minted, "{seed}: {steps:?}");
        let is_rolling =
            steps.iter().rev().find(|step| matches!(step, Step::Rolling | Step::Unrolled | Step::Minted { .. }));
        assert_eq!(progress.rolling, matches!(is_rolling, Some(Step::Rolling)), "{seed}: {steps:?}");
        let is_checked = steps.iter().rev().find(|step| matches!(step, Step::Checked | Step::Minted { .. }));
        assert_eq!(progress.checked, matches!(is_checked, Some(Step::Checked)), "{seed}: {steps:?}");
        in_use += usize::from(progress.is_in_use());
        delivered += usize::from(progress.is_delivered());
        marked += usize::from(!progress.marks.is_empty());
    }
    println!("20000 lists: {in_use} in use, {delivered} delivered, {marked} with a mark");
    assert!(in_use > 1000 && delivered > 20 && marked > 1000, "{in_use} {delivered} {marked}");
}

#[test]
fn a_value_is_in_use_from_the_moment_that_its_delivery_is_about_to_begin() {
    for seed in 0..2_000 {
        let mut dice = Dice(seed);
        let mut progress = Progress::after(SINKS, &any_steps(&mut dice));
        let sink = usize::try_from(dice.below(SINKS as u64)).unwrap();
        progress.take(&Step::Delivering { sink });
        assert!(progress.is_in_use() && !progress.is_delivered());
        // Nothing but an answer about the sink, or a new value, says otherwise.
        for step in any_steps(&mut dice) {
            if !matches!(step, Step::Minted { .. } | Step::Undelivered { .. } | Step::Dropped { .. }) {
                progress.take(&step);
                assert!(progress.is_in_use(), "{seed}: {step:?}");
            }
        }
    }
}

#[test]
fn a_change_without_sinks_is_delivered_and_never_in_use() {
    let progress = Progress::after(0, &any_steps(&mut Dice(1)));
    assert!(progress.is_delivered() && !progress.is_in_use());
}
