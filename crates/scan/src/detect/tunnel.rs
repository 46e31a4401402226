//! The token of a tunnel: base64 of `{"a": account, "t": tunnel, "s": secret}`.

use serde::Deserialize;

use super::base64::decode;

#[derive(Deserialize)]
struct Token {
    a: String,
    t: String,
    s: String,
}

/// The account of the tunnel, if the text is the token of one.
pub(super) fn account(text: &[u8]) -> Option<String> {
    let token: Token = serde_json::from_slice(&decode(text)?).ok()?;
    let hex = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_uuid = hex(&token.t.replace('-', ""), 32);
    let is_secret = decode(token.s.as_bytes()).is_some_and(|secret| secret.len() >= 16);
    (hex(&token.a, 32) && is_uuid && is_secret).then_some(token.a)
}
