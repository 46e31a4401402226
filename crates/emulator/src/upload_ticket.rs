//! The JWTs that open the upload of assets, of Pages and of Workers: `GET …/upload-token` and
//! `POST …/assets-upload-session` give them, and the uploads take them in place of a token.
//!
//! They are signed with a secret of the world and nothing is kept of them. Each ends with the credential that asked for
//! it, by a roll too, and opens nothing that this credential could not ask for again: its status, time and address, the
//! rate limit and what it is granted are looked at as if it came itself. Whether that is so at Cloudflare is not
//! documented.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flarekeep_catalogue::{AccountId, Operation, operation};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::authentication::Denial;
use crate::credential::{hash, hex};
use crate::http::{ApiError, Call, Caller};
use crate::state::State;

/// What a ticket is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// What it opens, so that none is taken for another.
    pub(crate) kind: Kind,
    /// The account's id.
    pub(crate) account: String,
    /// The project, or the session.
    pub(crate) about: String,
    /// In seconds, as clients read it.
    pub(crate) exp: i64,
    /// How many files wrangler lets a directory hold.
    pub(crate) max_file_count_allowed: u32,
    /// Who asked for it: `token:ID` or `user:ID`.
    by: String,
    /// The beginning of the SHA-256 of the credential's secret.
    secret: String,
    /// The operation that gave it.
    via: String,
}

/// A ticket that opens an upload, and what must be granted to its bearer.
pub(crate) struct Opened {
    pub(crate) caller: Caller,
    /// The operation that gave the ticket, and where.
    pub(crate) operation: &'static Operation,
    pub(crate) account: AccountId,
    pub(crate) kind: Kind,
}

/// The uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Pages,
    /// A session of uploads for a Worker.
    Assets,
    /// All of a session's assets are there.
    AssetsComplete,
}

/// The life of a ticket in seconds: an hour for Workers' (docs: workers/static-assets/direct-upload), and so for Pages'.
const LIFE: i64 = 3600;

impl Ticket {
    /// Signs a ticket for the caller.
    pub(crate) fn issue(kind: Kind, call: &Call, about: &str, state: &State) -> Result<String, ApiError> {
        let account = call.account.ok_or_else(ApiError::no_route)?.to_string();
        let by = match &call.caller {
            Caller::Key(user) => format!("user:{user}"),
            Caller::Token(record) => format!("token:{}", record.stored.id),
        };
        let ticket = Self {
            kind,
            account,
            about: about.to_owned(),
            exp: call.at.0 + LIFE,
            max_file_count_allowed: 20_000,
            by,
            secret: secret(&call.caller, state),
            via: call.operation.to_string(),
        };
        // Texts and numbers always serialize.
        let claims = serde_json::to_vec(&ticket).unwrap_or_default();
        let head = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let text = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims));
        let mac = mac(state, &text).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac)))
    }

    /// Reads a ticket that this world signed and whose time is not over.
    pub(crate) fn read(text: &str, state: &State, now: i64) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (_, claims) = signed.split_once('.')?;
        mac(state, signed)?.verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        let ticket: Self = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        (now < ticket.exp).then_some(ticket)
    }

    /// The ticket in a call's headers.
    pub(crate) fn of(call: &Call, state: &State) -> Option<Self> {
        Self::read(call.header(AUTHORIZATION.as_str())?.strip_prefix("Bearer ")?.trim(), state, call.at.0)
    }

    fn opened(&self, state: &State) -> Option<Opened> {
        let (kind, id) = self.by.split_once(':')?;
        let caller = if kind == "token" {
            Caller::Token(state.tokens.with_id(id.parse().ok()?)?.clone())
        } else {
            Caller::Key(state.world.user(id.parse().ok()?)?.id)
        };
        let (operation, account) = (operation(&self.via).ok()?, self.account.parse().ok()?);
        (secret(&caller, state) == self.secret).then_some(Opened { caller, operation, account, kind: self.kind })
    }
}

impl Kind {
    /// The answer to a ticket that opens nothing.
    pub(crate) fn refusal(self) -> ApiError {
        match self {
            Self::Pages => ApiError::new(401, 8_000_013, "Authorization failed"),
            _ => ApiError::new(401, 10000, "Authentication error"),
        }
    }
}

/// What changes when a credential's secret does.
fn secret(caller: &Caller, state: &State) -> String {
    const LENGTH: usize = 16;
    let mut hash = match caller {
        Caller::Key(user) => {
            let key = state.world.user(*user).map(|user| user.global_key.as_bytes());
            hex(&hash(key.unwrap_or_default()))
        }
        Caller::Token(record) => record.stored.value_hash.clone(),
    };
    hash.truncate(LENGTH);
    hash
}

/// Lets a ticket's bearer in where an operation takes tickets; none where it takes none, or where the header holds a
/// credential of another kind.
pub(crate) fn admit(
    called: &Operation,
    account: Option<AccountId>,
    headers: &HeaderMap,
    state: &State,
    now: i64,
) -> Option<Result<Opened, Denial>> {
    let kind = match called.path() {
        path if path.starts_with("/pages/assets/") => Kind::Pages,
        path if path.ends_with("/workers/assets/upload") => Kind::Assets,
        _ => return None,
    };
    let given = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?.trim();
    if given.matches('.').count() != 2 {
        return None;
    }
    let ticket = Ticket::read(given, state, now)
        .filter(|ticket| ticket.kind == kind && account.is_none_or(|account| account.to_string() == ticket.account));
    let opened = ticket.and_then(|ticket| ticket.opened(state));
    Some(opened.ok_or_else(|| Denial { cause: "bad-credential", error: kind.refusal() }))
}

/// The secret is made of the users' Global API keys, which are random, kept, and shown to nobody else.
fn mac(state: &State, text: &str) -> Option<Hmac<Sha256>> {
    let keys: Vec<u8> = state.world.users.iter().flat_map(|user| user.global_key.bytes()).collect();
    let secret = hash(&[b"flarekeep upload tickets\0", keys.as_slice()].concat());
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}
