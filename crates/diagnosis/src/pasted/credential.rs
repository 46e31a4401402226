//! How a credential is written in its header. Its value is looked at here and goes no further: what comes back names
//! characters and places.

use flarekeep_catalogue::credential::{
    ACCOUNT_TOKEN, BODY, CHECKSUM, OAUTH_TOKEN, ORIGIN_CA_KEY, USER_TOKEN, has_prefix_of_token, is_global_key,
    name_of_stray,
};

use crate::refusal::CredentialForm;

/// Judges what stands behind `Authorization:`; none where the value is left out, as in `Bearer $TOKEN` or `Bearer ***`.
pub(super) fn authorization(value: &str) -> Option<CredentialForm> {
    let malformed = |what: &str| Some(CredentialForm::Malformed(what.to_owned()));
    let value = value.trim_start_matches(' ');
    if value.starts_with("AWS4-HMAC-SHA256") {
        return Some(CredentialForm::Signature);
    }
    let Some((_, rest)) = value.split_at_checked("Bearer".len()).filter(|(scheme, _)| is_bearer(scheme)) else {
        return match is_left_out(value) || value.starts_with("Basic") || value.is_empty() {
            true => None,
            false => malformed("`Bearer` is missing before the token"),
        };
    };
    if rest.trim().is_empty() {
        return malformed("nothing follows `Bearer`");
    }
    let token = rest.strip_prefix(' ').unwrap_or(rest);
    if token.len() == rest.len() && !is_left_out(token) {
        let what = stray(rest).map_or_else(|| "no space follows `Bearer`".to_owned(), |(at, what)| place(&what, at));
        return Some(CredentialForm::Malformed(what));
    }
    if token.split_at_checked("Bearer ".len()).is_some_and(|(again, _)| is_bearer(again.trim_end())) {
        return malformed("`Bearer` stands twice");
    }
    self::token(token)
}

/// Judges a token without its scheme.
fn token(token: &str) -> Option<CredentialForm> {
    if is_left_out(token) {
        return None;
    }
    if let Some((at, what)) = stray(token) {
        return Some(CredentialForm::Malformed(place(&what, at)));
    }
    let malformed = |what: &str| Some(CredentialForm::Malformed(what.to_owned()));
    match token {
        _ if is_global_key(token) => Some(CredentialForm::KeyAsToken),
        _ if token.starts_with(USER_TOKEN) => prefixed(token, Some(false)),
        _ if token.starts_with(ACCOUNT_TOKEN) => prefixed(token, Some(true)),
        _ if token.starts_with(ORIGIN_CA_KEY) => malformed("an Origin CA key stands where a token belongs"),
        _ if token.starts_with("eyJ") => {
            malformed("a token of a tunnel or of Access stands where an API token belongs")
        }
        _ if token.starts_with(OAUTH_TOKEN) || token.len() == BODY => Some(CredentialForm::Token { of_account: None }),
        // How Cloudflare takes other lengths is not known: nothing is claimed.
        _ => None,
    }
}

fn prefixed(token: &str, of_account: Option<bool>) -> Option<CredentialForm> {
    let expected = USER_TOKEN.len() + BODY + CHECKSUM;
    match token.len() == expected {
        true => Some(CredentialForm::Token { of_account }),
        false => Some(CredentialForm::Malformed(format!(
            "it has {} characters, where a token of this prefix has {expected}",
            token.len()
        ))),
    }
}

/// Judges what stands behind `X-Auth-Key:`.
pub(super) fn key(value: &str) -> Option<CredentialForm> {
    let value = value.trim_start_matches(' ');
    if is_left_out(value) {
        return None;
    }
    if value.trim().is_empty() {
        return Some(CredentialForm::Malformed("nothing follows `X-Auth-Key:`".to_owned()));
    }
    if let Some((at, what)) = stray(value) {
        return Some(CredentialForm::Malformed(format!("`X-Auth-Key` has {what} at {at}")));
    }
    match value {
        _ if is_global_key(value) => Some(CredentialForm::Key),
        _ if has_prefix_of_token(value) || value.len() == BODY => Some(CredentialForm::TokenAsKey),
        _ => None,
    }
}

/// Judges what stands behind `X-Auth-Email:`.
pub(super) fn email(value: &str) -> Option<CredentialForm> {
    let value = value.trim();
    let fits = value.contains('@') || is_left_out(value);
    (!fits).then(|| CredentialForm::Malformed("`X-Auth-Email` has no `@`".to_owned()))
}

fn is_bearer(word: &str) -> bool {
    word.eq_ignore_ascii_case("bearer")
}

/// Whether somebody left the value out, or a shell puts it in.
fn is_left_out(value: &str) -> bool {
    let value = value.trim_matches(|c: char| c.is_whitespace() || "\"'".contains(c));
    let repeats = |c: char| value.len() >= 3 && value.chars().all(|other| other.eq_ignore_ascii_case(&c));
    let words = ["redacted", "token", "secret", "your", "hidden", "removed", "masked", "omitted", "xxx", "***", "..."];
    let lower = value.to_ascii_lowercase();
    value.starts_with(['$', '<', '{', '[', '%'])
        || value.contains('…')
        || ['x', '*', '.', '-', '_', '#'].into_iter().any(repeats)
        || words.iter().any(|word| lower.contains(word))
}

/// The first character that no token has, with its place from 1.
fn stray(value: &str) -> Option<(usize, String)> {
    let stray = |c: char| !(c.is_ascii_alphanumeric() || "_-.+/=".contains(c));
    let (at, c) = value.chars().enumerate().find(|(_, c)| stray(*c))?;
    Some((at + 1, name_of_stray(c)))
}

fn place(what: &str, at: usize) -> String {
    format!("{what} at {at}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn malformed(value: &str) -> String {
        match authorization(value) {
            Some(CredentialForm::Malformed(what)) => what,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_stands_in_the_header_is_told_without_its_value() {
        let (new, old) = (format!("cfut_{}", "aB3x".repeat(12)), "aB3x".repeat(10));
        assert_eq!(authorization(&format!("Bearer {new}")), Some(CredentialForm::Token { of_account: Some(false) }));
        assert_eq!(authorization(&format!("bearer {old}")), Some(CredentialForm::Token { of_account: None }));
        let account = new.replace("cfut", "cfat");
        assert_eq!(authorization(&format!("Bearer {account}")), Some(CredentialForm::Token { of_account: Some(true) }));
        let key = "0a".repeat(18) + "1";
        assert_eq!(authorization(&format!("Bearer {key}")), Some(CredentialForm::KeyAsToken));
        assert_eq!(super::key(&key), Some(CredentialForm::Key));
        assert_eq!(super::key(&old), Some(CredentialForm::TokenAsKey));
        assert_eq!(authorization("AWS4-HMAC-SHA256 Credential=x"), Some(CredentialForm::Signature));
        for value in
            ["Bearer $TOKEN", "Bearer <API_TOKEN>", "Bearer ***", "Bearer [redacted]", "[redacted]", "Bearer \"$T\""]
        {
            assert_eq!(authorization(value), None, "{value}");
        }
    }

    #[test]
    fn a_stray_character_is_named_with_its_place() {
        let old = "aB3x".repeat(10);
        assert_eq!(malformed(&format!("Bearer \"{old}\"")), "a double quote at 1");
        assert_eq!(malformed(&format!("Bearer {old}\r")), "a carriage return at 41");
        assert_eq!(malformed(&format!("Bearer {old} ")), "a space at 41");
        assert_eq!(malformed(&format!("Bearer  {old}")), "a space at 1");
        assert_eq!(malformed(&format!("Bearer: {old}")), "a colon at 1");
        assert_eq!(malformed(&format!("Bearer Bearer {old}")), "`Bearer` stands twice");
        assert_eq!(malformed(&old), "`Bearer` is missing before the token");
        assert_eq!(malformed("Bearer "), "nothing follows `Bearer`");
        assert_eq!(
            malformed(&format!("Bearer cfut_{old}")),
            "it has 45 characters, where a token of this prefix has 53"
        );
        assert!(email("nobody").is_some() && email("a@example.com").is_none() && email("$MAIL").is_none());
    }
}
