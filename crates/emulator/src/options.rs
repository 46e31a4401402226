//! The switches: what is not known about Cloudflare, or differs between its ages, and the emulator's own limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::faults::FaultRules;
use crate::log::LogEntry;
use crate::state::key::StateKey;

/// How the emulator behaves where Cloudflare's behaviour is not known. Each field says what is known, and the default.
#[derive(Clone)]
pub struct Options {
    /// Operations of which nobody has published the groups. Default: [`Unlabelled::Refuse`], since an emulator that
    /// calls them authorised would vouch for what it does not know. The Global API key may call them either way.
    pub unlabelled: Unlabelled,
    /// The shape of a refusal. Default: [`ErrorStyle::Classic`], which public reports still show in October 2026.
    pub error_style: ErrorStyle,
    /// The answer to a token that is expired, not yet valid, disabled or revoked. Undocumented; by convention of the
    /// community, and by default, [`BarredAnswer::InvalidToken`].
    pub barred: BarredAnswer,
    /// What verify answers to a token whose IP condition refuses the caller. Not established.
    /// Default: [`VerifyDenied::Location`], as on every other endpoint.
    pub verify_when_address_denied: VerifyDenied,
    /// A policy that holds a group at no resource of the group's scope. The documentation calls it ineffective and
    /// records no error. Default: [`ScopeMismatch::Accept`].
    pub scope_mismatch: ScopeMismatch,
    /// `GET /zones` by a token without Zone Read: a 403 (pulumi/pulumi-cloudflare#82) or an empty list (what ACME
    /// clients make of it). Default: [`ZoneList::Refuse`].
    pub zones_without_zone_read: ZoneList,
    /// Whether a token may mint what it does not hold. Default: [`Ceiling::Observed`]. The Global API key is never
    /// held to it, as its user is super administrator of the accounts.
    pub ceiling: Ceiling,
    /// Tokens of one user. Default: 50 (Cloudflare's limits page, 2026-04-20).
    pub tokens_per_user: usize,
    /// Tokens of one account. Default: 500 (the same page).
    pub tokens_per_account: usize,
    /// The answer at the quota. Cloudflare's is unknown, so the default is one of the emulator's own: 400, code 199003.
    pub quota_error: QuotaError,
    /// Calls per user, or per account-owned token, in a window. Default: 1,200 in five minutes (the same page);
    /// `None` switches the limit and its headers off.
    pub rate_limit: Option<RateLimit>,
    /// Whether the `iss`, `sub` and `aud` of a temporary R2 credential that was signed locally must be the parent's key,
    /// the endpoint's account and the endpoint's host, as Cloudflare's example sets them. That R2 looks at them is not
    /// documented. Default: [`SessionClaims::Checked`]; an absent one is not missed.
    pub session_claims: SessionClaims,
    /// Whether account-owned tokens may `GET /accounts`. Default: no, 400 with code 1001 (seen in December 2024).
    pub account_tokens_list_accounts: bool,
    /// Custom hostnames that one zone may hold. Default: 100, as included in the Free, Pro and Business plans.
    pub custom_hostnames_per_zone: usize,
    /// Bytes that all R2 objects and uploads may take together, as they lie in memory: their bytes, keys and metadata,
    /// and 1 KiB for each object, upload and part. Default: 512 MiB.
    pub object_bytes: u64,
    /// What the log of a state folder is sealed with. Default: a key that lies in the folder itself, which keeps nothing
    /// from those who can read the folder.
    pub state_key: Option<StateKey>,
    /// Called once for every call, when it is answered.
    pub on_decision: Option<OnDecision>,
    /// The time as seconds since 1970-01-01T00:00:00Z. Default: the system's clock.
    pub clock: Option<Clock>,
    /// The emulated time at the start, in seconds since 1970-01-01T00:00:00Z; it runs on from there. Default: what
    /// [`Self::clock`] says.
    pub now: Option<i64>,
    /// Faults that calls are to meet. Default: none.
    pub faults: Option<FaultRules>,
    /// How many decisions are kept for `GET /__flarekeep/decisions`. Default: 0, since each costs its explanation.
    pub decisions: usize,
}

/// Receives each decision.
pub type OnDecision = Arc<dyn Fn(&LogEntry) + Send + Sync>;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Operations of which nobody has published the groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlabelled {
    /// 403 with the emulator's own code 199002, which says so.
    Refuse,
    /// Any token that is valid may call them.
    AllowAuthorised,
}

/// The shape of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorStyle {
    /// `{"code":10000,"message":"Authentication error"}`.
    Classic,
    /// `{"code":10000,"message":"Forbidden","documentation_url":…}`, since 2026-08-20 for nearly all products.
    Enriched,
}

/// The answer to a token that cannot be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarredAnswer {
    /// 403 with 9109 `Invalid access token`; on verify 401 with 1000 `Invalid API Token`.
    InvalidToken,
    /// 401 with 10000 `Authentication error`; on verify 401 with 1000.
    AuthenticationError,
    /// As [`Self::InvalidToken`], but verify answers 200 and tells the status.
    StatusOnVerify,
}

/// What verify answers to a caller at an address that the token does not admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyDenied {
    /// 403 with 9109 and the address.
    Location,
    /// 401 with 1000 `Invalid API Token`.
    InvalidToken,
    /// 200: verify does not look at the address.
    Answered,
}

/// Groups in policies that name no resource of the group's scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeMismatch {
    /// The token is made, and the group grants nothing.
    Accept,
    /// 400 with code 1001.
    Reject,
}

/// The list of zones without Zone Read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneList {
    /// 403.
    Refuse,
    /// 200 with an empty list.
    Empty,
}

/// What a token may put into the tokens that it mints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ceiling {
    /// Anything that its owner reaches.
    Off,
    /// Nothing that it does not hold itself at that resource.
    Strict,
    /// As one tester saw it (cloudflare/terraform-provider-cloudflare#7241): an account-owned token must hold what it
    /// grants on single zones, and need not for nested wildcards, accounts and buckets. Any token must hold
    /// Account API Tokens Write in order to grant it.
    Observed,
}

/// The claims of a temporary R2 credential that say who signed it, and for where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionClaims {
    /// They must be true.
    Checked,
    /// They are not looked at.
    Ignored,
}

/// An error that nobody has recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaError {
    /// The HTTP status.
    pub status: u16,
    /// The code.
    pub code: u32,
    /// The message.
    pub message: String,
}

/// How many calls a principal may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Calls in one window.
    pub calls: u32,
    /// The window; who exceeds the limit is blocked for as long again.
    pub window: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            unlabelled: Unlabelled::Refuse,
            error_style: ErrorStyle::Classic,
            barred: BarredAnswer::InvalidToken,
            verify_when_address_denied: VerifyDenied::Location,
            scope_mismatch: ScopeMismatch::Accept,
            zones_without_zone_read: ZoneList::Refuse,
            ceiling: Ceiling::Observed,
            tokens_per_user: 50,
            tokens_per_account: 500,
            quota_error: QuotaError {
                status: 400,
                code: crate::http::OWN_QUOTA,
                message: "the owner holds as many tokens as it may".to_owned(),
            },
            rate_limit: Some(RateLimit { calls: 1_200, window: Duration::from_secs(300) }),
            session_claims: SessionClaims::Checked,
            account_tokens_list_accounts: false,
            custom_hostnames_per_zone: 100,
            object_bytes: 512 << 20,
            state_key: None,
            on_decision: None,
            clock: None,
            now: None,
            faults: None,
            decisions: 0,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("unlabelled", &self.unlabelled)
            .field("error_style", &self.error_style)
            .field("barred", &self.barred)
            .field("verify_when_address_denied", &self.verify_when_address_denied)
            .field("scope_mismatch", &self.scope_mismatch)
            .field("zones_without_zone_read", &self.zones_without_zone_read)
            .field("ceiling", &self.ceiling)
            .field("tokens_per_user", &self.tokens_per_user)
            .field("tokens_per_account", &self.tokens_per_account)
            .field("rate_limit", &self.rate_limit)
            .field("session_claims", &self.session_claims)
            .finish_non_exhaustive()
    }
}
