//! The secret of a run: whoever connects to the proxy says it first.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use sha2::{Digest, Sha256};

/// The name before the secret in a proxy's URL; it says whose proxy that is, and is no secret.
const USER: &str = "flarekeep";

/// A secret. Its value is in the proxy's URL alone.
pub(crate) struct Secret {
    value: String,
    /// Of what the header holds behind `Basic`, decoded. Digests are compared, so that the time that takes tells nothing.
    digest: [u8; 32],
}

impl Secret {
    /// A new one, of 32 random bytes.
    pub(crate) fn generated() -> std::io::Result<Self> {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
        let value: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let digest = Sha256::digest(format!("{USER}:{value}")).into();
        Ok(Self { value, digest })
    }

    /// `flarekeep:SECRET`, as the part of a URL before its `@`.
    pub(crate) fn user_part(&self) -> String {
        format!("{USER}:{}", self.value)
    }

    /// Whether a text is it.
    pub(crate) fn is(&self, said: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(format!("{USER}:{said}")).into();
        digest == self.digest
    }

    /// The secret as a segment of a path.
    pub(crate) fn segment(&self) -> &str {
        &self.value
    }

    /// Whether a header `Proxy-Authorization` says it.
    pub(crate) fn is_said_by(&self, header: Option<&HeaderValue>) -> bool {
        let Some((scheme, said)) = header.and_then(|header| header.to_str().ok()?.split_once(' ')) else {
            return false;
        };
        let said = STANDARD.decode(said.trim()).unwrap_or_default();
        let digest: [u8; 32] = Sha256::digest(&said).into();
        scheme.eq_ignore_ascii_case("basic") && digest == self.digest
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_alone_opens() {
        let secret = Secret::generated().unwrap();
        let said = |scheme: &str, text: &str| {
            let header = HeaderValue::from_str(&format!("{scheme} {}", STANDARD.encode(text))).unwrap();
            secret.is_said_by(Some(&header))
        };
        let right = secret.user_part();
        assert!(said("Basic", &right) && said("basic", &right));
        assert!(!said("Bearer", &right) && !said("Basic", "flarekeep:") && !said("Basic", &right[..right.len() - 1]));
        assert!(!secret.is_said_by(None) && !secret.is_said_by(Some(&HeaderValue::from_static("Basic"))));
        assert!(!secret.is_said_by(Some(&HeaderValue::from_static("Basic !!!"))));
        assert_ne!(right, Secret::generated().unwrap().user_part());
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
