//! What stands beside a credential and belongs to it: an account's id, an e-mail address, an access key's id.

use std::ops::Range;

use super::naming::ends_in;
use super::{is_in_run, tunnel};
use crate::finding::Beside;

/// How far around a credential its companions are looked for.
const AROUND: usize = 2048;
const ID: usize = 32;

/// What belongs to the credential at `place`, as far as the text around it tells.
#[must_use]
pub fn beside(data: &[u8], place: Range<usize>) -> Beside {
    let from = place.start.saturating_sub(AROUND);
    let around = data.get(from..data.len().min(place.end.saturating_add(AROUND))).unwrap_or_default();
    let middle = place.start - from;
    let of_tunnel = data.get(place).and_then(tunnel::account);
    Beside {
        account: of_tunnel.or_else(|| nearest(ids(around).filter(|id| is_account(around, id)), around, middle)),
        access_key_id: nearest(ids(around).filter(|id| is_access_key(around, id)), around, middle),
        email: nearest(addresses(around), around, middle),
    }
}

fn nearest(places: impl Iterator<Item = Range<usize>>, data: &[u8], middle: usize) -> Option<String> {
    let nearest = places.min_by_key(|place| place.start.abs_diff(middle))?;
    Some(String::from_utf8_lossy(data.get(nearest)?).into_owned())
}

/// The runs of 32 hexadecimal digits.
fn ids(data: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let run_ends = |at: usize| data.get(at).is_none_or(|byte| !is_in_run(*byte));
    (0..data.len()).filter_map(move |start| {
        let begins = start == 0 || run_ends(start - 1);
        let fits =
            begins && data.get(start..start + ID).is_some_and(|id| id.iter().all(is_hex)) && run_ends(start + ID);
        fits.then_some(start..start + ID)
    })
}

fn is_account(data: &[u8], id: &Range<usize>) -> bool {
    let behind = data.get(id.end..).unwrap_or_default();
    let before = data.get(id.start.saturating_sub(64)..id.start).unwrap_or_default();
    behind.starts_with(b".r2.cloudflarestorage")
        || before.ends_with(b"/accounts/")
        || is_named(before, &["accountid", "account", "accounttag"])
}

fn is_access_key(data: &[u8], id: &Range<usize>) -> bool {
    is_named(data.get(id.start.saturating_sub(64)..id.start).unwrap_or_default(), &["accesskeyid", "accesskey"])
}

/// Whether the last name before a value ends in one of these.
fn is_named(before: &[u8], ends: &[&str]) -> bool {
    let Some(end) = before.iter().rposition(|byte| is_in_run(*byte)) else { return false };
    let name = before.get(..=end).unwrap_or_default();
    let start = name.iter().rposition(|byte| !is_in_run(*byte)).map_or(0, |at| at + 1);
    let name = name.get(start..).unwrap_or_default();
    ends.iter().any(|end| ends_in(name, end))
}

fn addresses(data: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let in_address = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-+".contains(byte);
    memchr::memchr_iter(b'@', data).filter_map(move |at| {
        let before = data.get(..at)?.iter().rev().take(64).take_while(|byte| in_address(byte)).count();
        let behind = data.get(at + 1..)?.iter().take(128).take_while(|byte| in_address(byte)).count();
        let host = data.get(at + 1..at + 1 + behind)?;
        (before > 0 && host.contains(&b'.')).then_some(at - before..at + 1 + behind)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companions_are_found_by_their_names() {
        let (account, key, zone) = ("a1".repeat(16), "b2".repeat(16), "c3".repeat(16));
        let text = format!(
            "CLOUDFLARE_ZONE_ID={zone}\nCLOUDFLARE_ACCOUNT_ID={account}\nR2_ACCESS_KEY_ID={key}\nCF_EMAIL=ada@example.com\nSECRET=x"
        );
        let at = text.len() - 1;
        let found = beside(text.as_bytes(), at..at + 1);
        assert_eq!((found.account.as_deref(), found.access_key_id.as_deref()), (Some(&*account), Some(&*key)));
        assert_eq!(found.email.as_deref(), Some("ada@example.com"));
        let endpoint = format!("endpoint = https://{account}.r2.cloudflarestorage.com SECRET=x");
        assert_eq!(beside(endpoint.as_bytes(), endpoint.len() - 1..endpoint.len()).account, Some(account));
        assert_eq!(beside(b"SECRET=x", 7..8), Beside::default());
    }
}
