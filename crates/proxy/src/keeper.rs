//! Whoever keeps a credential to itself: the command has a stand-in that is worth nothing elsewhere, and its calls get the
//! real one here, if they may have it.

use std::fmt;
use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::http::uri::PathAndQuery;
use secrecy::{ExposeSecret, SecretString};

use crate::exchange::{CredentialKind, Exchange};
use crate::headers::ambiguity;
use crate::hosts::Face;
use crate::sigv4::{Again, Fault, Signed};

/// Uploads of assets, of Pages and of Workers: they carry what `/upload-token` or an upload session gave, and no API token
/// (wrangler 4.164.0).
const UPLOADS: [&str; 2] = ["/client/v4/pages/assets/", "/workers/assets/upload"];

/// Decides on calls before they are passed on.
pub trait Policy: Send + Sync + 'static {
    /// Whether the call may have the credential.
    fn decide(&self, call: &Exchange) -> Decision;
    /// A call is refused here, in words; or would be, where nothing is.
    fn refused(&self, call: &Exchange, why: &str);
}

/// Whether a call may have the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Allow,
    /// It may not.
    Refuse(Refusal),
}

/// What a refused call is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Cloudflare's code for such a refusal; 10000 where nothing better is known. The S3 face has `AccessDenied`.
    pub code: u32,
    /// Why, in a clause.
    pub why: String,
}

/// A token, and the pair of S3 keys that it is.
#[derive(Clone)]
pub struct Held {
    /// The token's value.
    pub token: SecretString,
    /// Its id.
    pub key_id: String,
    /// The SHA-256 of the value in lower-case hexadecimal (docs: r2/api/tokens).
    pub key_secret: SecretString,
}

/// Keeps a credential.
#[derive(Clone)]
pub struct Keeper {
    /// What the command has.
    pub stand_in: Held,
    /// What its calls get.
    pub real: Held,
    /// Which of them.
    pub policy: Arc<dyn Policy>,
    /// Whether nothing is refused, only told: whatever would be refused gets the credential all the same.
    pub only_tells: bool,
}

/// What a call shows.
enum Shown {
    /// Nothing: whatever it gets, everybody gets.
    Nothing,
    /// The stand-in.
    StandIn,
    /// What an earlier answer gave for it.
    OfAnUpload,
    /// Another credential.
    Other,
}

impl Keeper {
    /// Puts the real credential into a call that may have it: into its headers, or into a link that is signed.
    ///
    /// # Errors
    /// What the call is told that may not.
    pub(crate) fn admit(
        &self,
        call: &Exchange,
        path: &mut PathAndQuery,
        headers: &mut HeaderMap,
    ) -> Result<(), Refusal> {
        let refused = match self.shown(call, path, headers) {
            Shown::Nothing | Shown::OfAnUpload => return Ok(()),
            Shown::Other => {
                Some(Refusal { code: 10000, why: "it shows another credential than the one it was given".to_owned() })
            }
            Shown::StandIn => match (ambiguity(headers), self.policy.decide(call)) {
                (Some(why), _) => Some(Refusal { code: 10000, why }),
                (None, Decision::Allow) => None,
                (None, Decision::Refuse(refusal)) => Some(refusal),
            },
        };
        if let Some(refusal) = refused {
            self.policy.refused(call, &refusal.why);
            if !self.only_tells {
                return Err(refusal);
            }
        }
        self.swap(call, path, headers).inspect_err(|refusal| self.policy.refused(call, &refusal.why))
    }

    fn swap(&self, call: &Exchange, path: &mut PathAndQuery, headers: &mut HeaderMap) -> Result<(), Refusal> {
        if call.face == Face::Api {
            if self.is_stand_in(headers) {
                let mut value =
                    HeaderValue::from_str(&format!("Bearer {}", self.real.token.expose_secret())).map_err(|_| {
                        Refusal { code: 10000, why: "the token has a form that no header can have".to_owned() }
                    })?;
                value.set_sensitive(true);
                headers.insert(AUTHORIZATION, value);
            }
            return Ok(());
        }
        let Some(signed) = Signed::of(headers, path.query()).filter(|signed| self.signs(signed)) else {
            return Ok(());
        };
        let fault = |fault: Fault| Refusal { code: 10000, why: fault.to_string() };
        match signed.again(&call.method, path, headers, &self.stand_in, &self.real).map_err(fault)? {
            Again::Header(header) => drop(headers.insert(AUTHORIZATION, header)),
            Again::Link(link) => *path = link,
        }
        Ok(())
    }

    fn signs(&self, signed: &Signed) -> bool {
        signed.key_id() == self.stand_in.key_id
    }

    fn shown(&self, call: &Exchange, at: &PathAndQuery, headers: &HeaderMap) -> Shown {
        let path = call.url.splitn(4, '/').nth(3).unwrap_or_default();
        let uploads = || UPLOADS.iter().any(|upload| format!("/{path}").contains(upload));
        match call.credential {
            // Which of them counts nobody can say.
            _ if headers.get_all(AUTHORIZATION).iter().nth(1).is_some() => Shown::Other,
            CredentialKind::None => Shown::Nothing,
            CredentialKind::S3Keys => match Signed::of(headers, at.query()) {
                Some(signed) if self.signs(&signed) => Shown::StandIn,
                _ => Shown::Other,
            },
            _ if self.is_stand_in(headers) => Shown::StandIn,
            CredentialKind::Other if call.face == Face::Api && uploads() => Shown::OfAnUpload,
            _ => Shown::Other,
        }
    }

    fn is_stand_in(&self, headers: &HeaderMap) -> bool {
        // The key of another scheme beside it would go before it.
        let alone = !["x-auth-key", "x-auth-user-service-key"].iter().any(|key| headers.contains_key(*key));
        let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let value =
            shown.and_then(|shown| shown.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        alone && value.is_some_and(|(_, value)| value.trim() == self.stand_in.token.expose_secret())
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("only_tells", &self.only_tells).finish_non_exhaustive()
    }
}
