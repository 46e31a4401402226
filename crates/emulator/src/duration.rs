//! Durations as people write them: `250ms`, `90d`, `1h30m`.

use std::time::Duration;

/// Reads whole numbers, each with its unit: `ms`, `s`, `m`, `h`, `d` or `w`; none for anything else, and for what is
/// longer than a `u64` of milliseconds.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut whole: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, behind) = rest.split_at_checked(rest.find(|letter: char| !letter.is_ascii_digit())?)?;
        let unit_ends = behind.find(|letter: char| !letter.is_ascii_lowercase()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(unit_ends)?;
        let milliseconds: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return None,
        };
        whole = whole.checked_add(number.parse::<u64>().ok()?.checked_mul(milliseconds)?)?;
        rest = behind;
    }
    Some(Duration::from_millis(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_their_units() {
        let seconds = |text| parse(text).map(|duration| duration.as_secs_f64());
        assert_eq!(seconds("250ms"), Some(0.25));
        assert_eq!(seconds(" 1h30m "), Some(5_400.0));
        assert_eq!(seconds("90d"), Some(90.0 * 86_400.0));
        assert_eq!(seconds("1w1d"), Some(8.0 * 86_400.0));
        assert_eq!(seconds("0s"), Some(0.0));
        for bad in
            ["", "s", "5", "-1h", "1.5h", "1 h", "1y", "1h30", "99999999999999999999s", "18446744073709551615w", "é"]
        {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
