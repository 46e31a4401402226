//! Chance that can be repeated: what comes of a seed, a rule and how often the rule was met.

/// A number of 64 bits that looks random and follows from its inputs alone. `draw` keeps several numbers of one call apart.
pub(super) fn number(seed: u64, rule: &str, met: u64, draw: u64) -> u64 {
    // FNV-1a of the name, then the steps of SplitMix64.
    let name = rule
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    [name, met, draw].into_iter().fold(mix(seed), |mixed, input| mix(mixed ^ input))
}

/// The same as a fraction: 0 or more and less than 1.
// 53 bits are what a float holds.
#[allow(clippy::cast_precision_loss)]
pub(super) fn fraction(seed: u64, rule: &str, met: u64, draw: u64) -> f64 {
    (number(seed, rule, met, draw) >> 11) as f64 / (1_u64 << 53) as f64
}

fn mix(state: u64) -> u64 {
    let mut mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_inputs_give_the_same_and_others_another() {
        let all = |seed, rule: &str| (1..=50).map(|met| number(seed, rule, met, 0)).collect::<Vec<_>>();
        assert_eq!(all(7, "a"), all(7, "a"));
        assert_ne!(all(7, "a"), all(8, "a"));
        assert_ne!(all(7, "a"), all(7, "b"));
        assert_ne!(number(7, "a", 1, 0), number(7, "a", 1, 1));
    }

    #[test]
    fn a_quarter_is_about_a_quarter() {
        let hits = (0..10_000).filter(|met| fraction(7, "a", *met, 0) < 0.25).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
    }
}
