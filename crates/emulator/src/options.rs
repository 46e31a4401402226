//! The switches: what is not known about Cloudflare, or differs between its ages, and the emulator's own limits.

mod answers;
mod hostnames;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::hostnames::{HostnameChecks, HostnameDns, Hostnames, Plan, ReservedNames};
use crate::faults::FaultRules;
use crate::log::LogEntry;
use crate::state::key::StateKey;

pub use self::answers::{
    BadZoneId, D1Read, Disputed, FlatZones, Fractions, IpKey, LockOut, MalformedBearer, NoCredential, PolicyOrder,
    Regrant, Unrouted, WrongMethod,
};

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
    /// GraphQL's own limit, counted beside the other. Default: 320 queries in five minutes (the same page: by cost, 320 at
    /// most; here each query costs one).
    pub graphql_limit: Option<RateLimit>,
    /// Calls per second and address (the same page: 200). Default: `None`, since tests call faster than people do.
    pub address_limit: Option<u32>,
    /// When repeated failures to authenticate lock an address out. Default: after 10 in five minutes; both numbers are the
    /// emulator's own, as nobody has published Cloudflare's. Valid credentials are never locked out.
    pub lock_out: Option<LockOut>,
    /// Seconds for which an edit of a token's policies has no effect yet. Default: 0; a minute or two were seen.
    pub propagation: u32,
    /// The HTTP status of code 7003. Default: [`Unrouted::NotFound`].
    pub unrouted: Unrouted,
    /// The answer to a method that a path does not have. Default: [`WrongMethod::NotAvailable`].
    pub wrong_method: WrongMethod,
    /// The answer to a malformed bearer token. Default: [`MalformedBearer::InvalidHeaders`].
    pub malformed_bearer: MalformedBearer,
    /// The answer to no credential. Default: [`NoCredential::NamesAll`].
    pub no_credential: NoCredential,
    /// The answer to a zone id that is none. Default: [`BadZoneId::CouldNotRoute`].
    pub bad_zone_id: BadZoneId,
    /// Statuses and codes in dispute.
    pub disputed: Disputed,
    /// The order of a token's policies. Default: [`PolicyOrder::Sorted`], since the API does not preserve it.
    pub policy_order: PolicyOrder,
    /// The flat wildcard over zones in an account's token. Default: [`FlatZones::Accept`].
    pub flat_zones: FlatZones,
    /// Minting tokens that mint. Default: [`Regrant::Allow`].
    pub regrant: Regrant,
    /// How the condition on addresses is shown. Default: [`IpKey::Underscore`].
    pub ip_key: IpKey,
    /// Fractions of a second in times. Default: [`Fractions::Accept`].
    pub fractions: Fractions,
    /// Whether the `iss`, `sub` and `aud` of a temporary R2 credential that was signed locally must be the parent's key,
    /// the endpoint's account and the endpoint's host, as Cloudflare's example sets them. That R2 looks at them is not
    /// documented. Default: [`SessionClaims::Checked`]; an absent one is not missed.
    pub session_claims: SessionClaims,
    /// The answer to a link whose time is over: what miniflare gives, which follows R2 closely, or what Cloudflare's page
    /// r2/api/error-codes says. Default: [`ExpiredLink::Forbidden`].
    pub expired_link: ExpiredLink,
    /// Whether a second write of one key within a second gets 429, as R2's limits say. Default: no, since tests write
    /// fast.
    pub object_write_limit: bool,
    /// What D1 Read may do with `/query` and `/raw`. Default: [`D1Read::ReadOnly`]; how Cloudflare refuses is not known.
    pub d1_read: D1Read,
    /// Whether account-owned tokens may `GET /accounts`. Default: no, 400 with code 1001 (seen in December 2024).
    pub account_tokens_list_accounts: bool,
    /// Custom hostnames that are allocated to one zone, a number that may be exceeded: [`Hostnames::hard_cap`] may not.
    /// Default: 100, as included in the Free, Pro and Business plans.
    pub custom_hostnames_per_zone: usize,
    /// How custom hostnames come to life.
    pub hostnames: Hostnames,
    /// Bytes that all R2 objects and uploads may take together, as they lie in memory: their bytes, keys and metadata,
    /// and 1 KiB for each object, upload and part. Default: 512 MiB.
    pub object_bytes: u64,
    /// What the log of a state folder is sealed with. Default: a key that lies in the folder itself, which keeps nothing
    /// from those who can read the folder.
    pub state_key: Option<StateKey>,
    /// Whether every answer says in the header `x-flarekeep-why` why it was allowed or refused. Default: no.
    pub explain: bool,
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

/// The answer of the S3 face to a link whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiredLink {
    /// 403 `ExpiredRequest`.
    Forbidden,
    /// 400 `ExpiredRequest`.
    BadRequest,
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
            graphql_limit: Some(RateLimit { calls: 320, window: Duration::from_secs(300) }),
            address_limit: None,
            lock_out: Some(LockOut { failures: 10, window: Duration::from_secs(300) }),
            propagation: 0,
            unrouted: Unrouted::NotFound,
            wrong_method: WrongMethod::NotAvailable,
            malformed_bearer: MalformedBearer::InvalidHeaders,
            no_credential: NoCredential::NamesAll,
            bad_zone_id: BadZoneId::CouldNotRoute,
            disputed: Disputed::default(),
            policy_order: PolicyOrder::Sorted,
            flat_zones: FlatZones::Accept,
            regrant: Regrant::Allow,
            ip_key: IpKey::Underscore,
            fractions: Fractions::Accept,
            session_claims: SessionClaims::Checked,
            expired_link: ExpiredLink::Forbidden,
            object_write_limit: false,
            d1_read: D1Read::ReadOnly,
            account_tokens_list_accounts: false,
            custom_hostnames_per_zone: 100,
            hostnames: Hostnames::default(),
            object_bytes: 512 << 20,
            state_key: None,
            explain: false,
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
            .field("account_tokens_list_accounts", &self.account_tokens_list_accounts)
            .field("quota_error", &self.quota_error)
            .field("graphql_limit", &self.graphql_limit)
            .field("address_limit", &self.address_limit)
            .field("lock_out", &self.lock_out)
            .field("propagation", &self.propagation)
            .field("unrouted", &self.unrouted)
            .field("wrong_method", &self.wrong_method)
            .field("malformed_bearer", &self.malformed_bearer)
            .field("no_credential", &self.no_credential)
            .field("bad_zone_id", &self.bad_zone_id)
            .field("disputed", &self.disputed)
            .field("policy_order", &self.policy_order)
            .field("flat_zones", &self.flat_zones)
            .field("regrant", &self.regrant)
            .field("ip_key", &self.ip_key)
            .field("fractions", &self.fractions)
            .field("explain", &self.explain)
            .field("expired_link", &self.expired_link)
            .field("object_write_limit", &self.object_write_limit)
            .field("d1_read", &self.d1_read)
            .field("hostnames", &self.hostnames)
            .finish_non_exhaustive()
    }
}
