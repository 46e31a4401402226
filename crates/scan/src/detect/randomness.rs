//! Whether a text was drawn by chance, or written by somebody.
//!
//! The bounds are far from what chance gives: less than one drawn value in a thousand is refused.

/// Whether it may be a token without a prefix: letters of both cases, many different ones, in no order.
pub(super) fn is_drawn_token(text: &[u8]) -> bool {
    let upper = text.iter().any(u8::is_ascii_uppercase);
    let lower = text.iter().any(u8::is_ascii_lowercase);
    // 40 of 62 characters have 29.6 different ones on average (deviation 2.3), and 24 changes of class (3).
    // Letters alone are mostly a name in `camelCase`: one drawn value in a thousand has no digit, and half of those change
    // between the cases as often as here.
    let least = if text.iter().any(u8::is_ascii_digit) { 12 } else { 20 };
    upper && lower && distinct(text) >= 18 && changes_of_class(text) >= least && !is_sequence(text)
}

/// Whether it may be hexadecimal digits drawn by chance.
pub(super) fn is_drawn_hex(text: &[u8]) -> bool {
    // 37 of 16 digits have 14.5 different ones on average.
    distinct(text) >= 9
        && text.iter().any(u8::is_ascii_digit)
        && text.iter().any(u8::is_ascii_alphabetic)
        && !is_sequence(text)
}

/// Whether what follows a prefix may have been drawn, and is no `XXXX` of an example.
pub(super) fn is_no_placeholder(text: &[u8]) -> bool {
    distinct(text) >= 12 && !is_sequence(text)
}

fn distinct(text: &[u8]) -> u32 {
    let mut seen = [0_u64; 4];
    for byte in text {
        if let Some(word) = seen.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }
    seen.iter().map(|word| word.count_ones()).sum()
}

fn changes_of_class(text: &[u8]) -> usize {
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let behind = text.get(1..).unwrap_or_default();
    text.iter().zip(behind).filter(|(a, b)| class(**a) != class(**b)).count()
}

/// Whether it counts (`0123456789abcdef`), or says the same again: more than a third of its characters follow so.
fn is_sequence(text: &[u8]) -> bool {
    // Slices, whose bytes the compiler compares many at a time.
    let behind = |gap: usize| text.iter().zip(text.get(gap..).unwrap_or_default());
    let follows = |gap: usize| usize::from(behind(gap).map(|(a, b)| u16::from(a == b)).sum::<u16>());
    let counts = usize::from(behind(1).map(|(a, b)| u16::from(a.wrapping_add(1) == *b)).sum::<u16>());
    let limit = text.len() / 3;
    counts > limit || [1, 2, 3, 4, 8, 10, 16].into_iter().any(|gap| follows(gap) > limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_is_not_drawn() {
        for written in [
            "YOUR_CLOUDFLARE_API_TOKEN_GOES_HERE_0000",
            "my-cloudflare-api-token-for-production-1",
            "cloudflareApiTokenForProductionAccounts1",
            "getZeroTrustTunnelCloudflaredTokenOutput",
            "aB3xaB3xaB3xaB3xaB3xaB3xaB3xaB3xaB3xaB3x",
            "0123456789012345678901234567890123456789",
        ] {
            assert!(!is_drawn_token(written.as_bytes()), "{written}");
        }
        assert!(!is_drawn_hex(&b"0123456789abcdef".repeat(4)));
        assert!(!is_drawn_hex(&b"0".repeat(37)));
        assert!(!is_no_placeholder(&b"X".repeat(48)));
    }

    #[test]
    fn what_chance_gives_is() {
        let (mut state, mut refused) = (1_u64, 0);
        let mut draw = |alphabet: &[u8], length: usize| -> Vec<u8> {
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as usize
            };
            (0..length).map(|_| alphabet[next() % alphabet.len()]).collect()
        };
        let all: Vec<u8> = (b'a'..=b'z').chain(b'A'..=b'Z').chain(b'0'..=b'9').chain(*b"_-").collect();
        for _ in 0..20_000 {
            refused += usize::from(!is_drawn_token(&draw(&all[..62], 40)));
            refused += usize::from(!is_drawn_token(&draw(&all, 40)));
            refused += usize::from(!is_drawn_hex(&draw(b"0123456789abcdef", 37)));
            refused += usize::from(!is_no_placeholder(&draw(&all[..62], 40)));
        }
        assert!(refused <= 60, "{refused} of 80,000 are refused");
    }
}
