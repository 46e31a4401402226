//! A second way to find what has a prefix and a checksum: byte by byte, with nothing in common but the facts.

use flarekeep_scan::detect::{Setting, detect};
use proptest::prelude::*;

use crate::plant::Draw;

/// Every place where a prefix is followed by 40 letters and digits and their checksum; no two overlap.
fn naive(text: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for at in 0..text.len() {
        for prefix in ["cfut_", "cfat_", "cfk_"] {
            let Some(rest) = text.get(at..).and_then(|rest| rest.strip_prefix(prefix)) else { continue };
            let (Some(body), Some(sum)) = (rest.get(..40), rest.get(40..48)) else { continue };
            let is_body = body.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if is_body
                && sum == format!("{:08x}", crc(body.as_bytes()))
                && found.last().is_none_or(|(_, end)| *end <= at)
            {
                found.push((at, at + prefix.len() + 48));
            }
        }
    }
    found
}

/// CRC-32 of IEEE 802.3, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[test]
fn the_checksum_is_the_known_one() {
    assert_eq!(crc(b"123456789"), 0xcbf4_3926);
}

proptest! {
    #[test]
    fn both_ways_find_the_same(seed in 1_u64..) {
        let mut draw = Draw::new(seed);
        let mut text = String::new();
        for _ in 0..12 {
            let rule = ["user-token", "account-token", "global-key"][draw.number(3)];
            let mut piece = draw.value(rule);
            match draw.number(6) {
                0 => piece.truncate(draw.number(piece.len())),
                1 => piece.replace_range(10..11, "-"),
                2 => piece.insert_str(5, "cfk_"),
                _ => {}
            }
            text.push_str(&piece);
            let glue = ["", " ", "_", "a", "\n", "=", "é", "cfut_", "0"][draw.number(9)];
            text.push_str(glue);
        }
        let found = detect(text.as_bytes(), Setting::default());
        let high = found.iter().filter(|leak| leak.why == "its checksum fits");
        prop_assert_eq!(high.map(|leak| (leak.start, leak.end)).collect::<Vec<_>>(), naive(&text));
    }
}
