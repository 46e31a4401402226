//! What proves to Cloudflare who is calling, checked for its shape before any call.
//!
//! The formats are those of Cloudflare's page on token formats: `cfut_`, `cfat_` and `cfk_` are followed by 40 characters
//! and 8 hexadecimal digits of checksum; older tokens have 40 characters, older Global API keys 37 to 45 hexadecimal ones.

use std::fmt;

use flarekeep_catalogue::credential::{ACCOUNT_TOKEN, BODY, GLOBAL_KEY, OAUTH_TOKEN, USER_TOKEN};
use secrecy::{ExposeSecret, SecretString};

use crate::shape::{CredentialFault, check_email, check_key, check_token};

/// A credential of the Cloudflare API. `Debug` shows its kind and never its value.
#[derive(Clone)]
pub enum Credential {
    /// An API token, sent as `Authorization: Bearer`.
    Token(SecretString),
    /// A Global API key, sent with the e-mail address of its user as `X-Auth-Email` and `X-Auth-Key`.
    GlobalKey {
        /// The address with which the user signs in.
        email: String,
        /// The key.
        key: SecretString,
    },
}

/// What a credential looks like. The look proves nothing: only Cloudflare knows what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// A token owned by a user (`cfut_`).
    UserToken,
    /// A token owned by an account (`cfat_`).
    AccountToken,
    /// A token from before April 2026: 40 characters that do not say who owns it.
    LegacyToken,
    /// A Global API key.
    GlobalKey,
    /// An OAuth access token, as from `wrangler login` (`cfoat_`).
    OAuthToken,
    /// None of the known formats: a new one, or not a credential at all.
    Unknown,
}

impl Credential {
    /// An API token, when `raw` can be one. Only the shape is looked at, and an unknown shape passes: formats may come.
    ///
    /// # Errors
    /// A [`CredentialFault`] that says what is wrong and where, without the value.
    pub fn token(raw: &str) -> Result<Self, CredentialFault> {
        check_token(raw)?;
        Ok(Self::Token(raw.into()))
    }

    /// A Global API key with the e-mail address of its user, when they can be such a pair.
    ///
    /// # Errors
    /// A [`CredentialFault`] that says what is wrong and where, without the value.
    pub fn global_key(email: &str, raw: &str) -> Result<Self, CredentialFault> {
        check_email(email)?;
        check_key(raw)?;
        Ok(Self::GlobalKey { email: email.to_owned(), key: raw.into() })
    }

    /// What it looks like.
    #[must_use]
    pub fn kind(&self) -> CredentialKind {
        match self {
            Self::GlobalKey { .. } => CredentialKind::GlobalKey,
            Self::Token(value) => token_kind(value.expose_secret()),
        }
    }

    /// Whether the checksum at the end fits; `None` for a format without one.
    ///
    /// A misfit means "probably mistyped or cut", never more: Cloudflare does not publish the algorithm (CRC-32 over the
    /// 40 characters between prefix and checksum, computed from one public sample).
    #[must_use]
    pub fn checksum(&self) -> Option<bool> {
        let value = self.value().expose_secret();
        let rest = [USER_TOKEN, ACCOUNT_TOKEN, GLOBAL_KEY].iter().find_map(|prefix| value.strip_prefix(prefix))?;
        let Some((body, sum)) = rest.split_at_checked(BODY) else { return Some(false) };
        Some(format!("{:08x}", crc32fast::hash(body.as_bytes())) == sum)
    }

    /// The secret part.
    #[must_use]
    pub fn value(&self) -> &SecretString {
        match self {
            Self::Token(value) => value,
            Self::GlobalKey { key, .. } => key,
        }
    }

    /// The checks of [`Credential::token`] and [`Credential::global_key`], for one that was put together by hand.
    pub(crate) fn check(&self) -> Result<(), CredentialFault> {
        match self {
            Self::Token(value) => check_token(value.expose_secret()),
            Self::GlobalKey { email, key } => check_email(email).and_then(|()| check_key(key.expose_secret())),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({}, hidden)", self.kind())
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::UserToken => "user token",
            Self::AccountToken => "account token",
            Self::LegacyToken => "legacy token",
            Self::GlobalKey => "Global API key",
            Self::OAuthToken => "OAuth access token",
            Self::Unknown => "unknown",
        })
    }
}

fn token_kind(value: &str) -> CredentialKind {
    let legacy = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match value {
        _ if value.starts_with(USER_TOKEN) => CredentialKind::UserToken,
        _ if value.starts_with(ACCOUNT_TOKEN) => CredentialKind::AccountToken,
        _ if value.starts_with(OAUTH_TOKEN) => CredentialKind::OAuthToken,
        _ if value.len() == BODY && value.bytes().all(legacy) => CredentialKind::LegacyToken,
        _ => CredentialKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::TOKEN;

    /// A value of the new shape, put together here so that no scanner takes this file for a leak.
    fn shaped(prefix: &str) -> String {
        let body: String = (0..40).map(|i| char::from(b'A' + i % 26)).collect();
        format!("{prefix}{body}{:08x}", crc32fast::hash(body.as_bytes()))
    }

    fn fault(raw: &str) -> CredentialFault {
        Credential::token(raw).unwrap_err()
    }

    #[test]
    fn the_kind_is_read_from_the_shape() {
        let kind = |raw: &str| Credential::token(raw).unwrap().kind();
        assert_eq!(kind(&shaped("cfut_")), CredentialKind::UserToken);
        assert_eq!(kind(&shaped("cfat_")), CredentialKind::AccountToken);
        assert_eq!(kind("cfoat_something"), CredentialKind::OAuthToken);
        assert_eq!(kind(&"Aa-_".repeat(10)), CredentialKind::LegacyToken);
        assert_eq!(kind("a-shape.yet/to=come"), CredentialKind::Unknown);
    }

    #[test]
    fn a_checksum_is_known_for_the_prefixed_formats_only() {
        let sum = |raw: &str| Credential::token(raw).unwrap().checksum();
        assert_eq!(sum(&shaped("cfut_")), Some(true));
        assert_eq!(sum(&shaped("cfat_").replace('A', "B")), Some(false));
        assert_eq!(sum("cfut_short"), Some(false));
        assert_eq!(sum(&"Aa-_".repeat(10)), None);
        let key = Credential::global_key("a@example.com", &shaped("cfk_")).unwrap();
        assert_eq!(key.checksum(), Some(true));
    }

    #[test]
    fn a_stray_character_is_named_with_its_place() {
        assert_eq!(fault(""), CredentialFault::Empty { what: TOKEN });
        let stray = [
            ("\"abc\"", "a double quote", 1),
            ("abc'", "a single quote", 4),
            ("ab c", "a space", 3),
            ("abc\n", "a line break", 4),
            ("abc\r\n", "a carriage return", 4),
            ("\u{7}abc", "the control character U+0007", 1),
            ("é\u{201c}abc", "the non-ASCII character U+00E9", 1),
        ];
        for (raw, character, position) in stray {
            assert_eq!(fault(raw), CredentialFault::Character { what: TOKEN, character: character.into(), position });
        }
    }

    #[test]
    fn a_credential_in_the_wrong_place_is_recognised() {
        assert_eq!(fault("Bearer abc"), CredentialFault::BearerPrefix { what: TOKEN });
        assert_eq!(fault("bearer abc"), CredentialFault::BearerPrefix { what: TOKEN });
        assert_eq!(fault(&shaped("cfk_")), CredentialFault::GlobalKeyAsToken);
        assert_eq!(fault(&"0a".repeat(19)), CredentialFault::GlobalKeyAsToken);
        assert_eq!(fault("v1.0-0123"), CredentialFault::OriginCaKey);
        let as_key = |raw: &str| Credential::global_key("a@example.com", raw).unwrap_err();
        assert_eq!(as_key(&shaped("cfut_")), CredentialFault::TokenAsGlobalKey);
        assert_eq!(as_key(&shaped("cfat_")), CredentialFault::TokenAsGlobalKey);
        assert_eq!(Credential::global_key("nobody", "abc").unwrap_err(), CredentialFault::NotAnEmail);
    }

    #[test]
    fn hexadecimal_of_another_length_may_be_a_token() {
        assert!(Credential::token(&"0a".repeat(18)).is_ok());
        assert!(Credential::token(&"0A".repeat(20)).is_ok());
    }

    #[test]
    fn no_text_shows_the_value() {
        let secret = shaped("cfut_");
        let credential = Credential::token(&secret).unwrap();
        assert_eq!(format!("{credential:?}"), "Credential(user token, hidden)");
        let fault = Credential::token(&format!("{secret} ")).unwrap_err();
        assert!(!format!("{fault} {fault:?}").contains(&secret[5..15]));
    }
}
