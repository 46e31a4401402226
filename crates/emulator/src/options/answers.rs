//! Switches of which a status, a code or an order is in dispute. `docs/emulator/switches.md` says what is known of each.

use std::time::Duration;

/// Repeated failures to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockOut {
    /// Failures from one address in a window; from the next on the answer is that of the lock-out.
    pub failures: u32,
    /// The window, which begins at the first failure. When it ends, all is forgotten.
    pub window: Duration,
}

/// The HTTP status of code 7003, `Could not route to …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unrouted {
    /// 404, as of late.
    NotFound,
    /// 400, as formerly.
    BadRequest,
}

/// The answer to a method that a path does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongMethod {
    /// 405 with 7001 `Method POST not available for that URI.`.
    NotAvailable,
    /// 405 with 10405 `Method not allowed`.
    NotAllowed,
}

/// The answer to a bearer token that is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MalformedBearer {
    /// 400 with 6003 and 6111 in its chain, at every product.
    InvalidHeaders,
    /// The same, but 400 with 9106 at Workers and Stream, and a bare 6111 on verify.
    ByProduct,
}

/// The answer to a call without any credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCredential {
    /// 400 with 9106, which names all three headers.
    NamesAll,
    /// 403 with 9106 `Missing X-Auth-Email header`.
    NamesEmail,
}

/// The answer to a path whose zone id is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadZoneId {
    /// That of any bad id: 7003.
    CouldNotRoute,
    /// 400 with 9109 `Invalid zone identifier`.
    InvalidIdentifier,
}

/// The order in which a token's policies and their groups are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyOrder {
    /// By what they hold, whatever order they were sent in; the same in every answer.
    Sorted,
    /// As they were sent.
    Kept,
    /// Another in each answer.
    Shuffled,
}

/// `com.cloudflare.api.account.zone.*`, not nested, in a token of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlatZones {
    /// It stands for all zones of the account.
    Accept,
    /// 400 with code 1001.
    Reject,
}

/// Whether a token that may mint tokens may mint one that may, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Regrant {
    /// It may.
    Allow,
    /// 400 with code 1001, for API Tokens Write and Account API Tokens Write.
    Refuse,
}

/// The key of the condition on addresses, as it is shown; both are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpKey {
    /// `request_ip`.
    Underscore,
    /// `request.ip`.
    Dot,
}

/// Times with a fraction of a second in a token's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fractions {
    /// They are cut off.
    Accept,
    /// 400.
    Reject,
}

/// What D1 Read may do with `/query` and `/raw`, for which the schema lists it beside D1 Write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum D1Read {
    /// Statements that read; those that write need D1 Write.
    ReadOnly,
    /// Anything, as the list of the schema says.
    AsListed,
}

/// Statuses and codes of which reports differ, each by the default of the switch that has its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disputed {
    /// The status of 9103 `Unknown X-Auth-Key or X-Auth-Email`: 403 (default) or 400.
    pub unknown_key: u16,
    /// The status of 10000 for an unknown token: 401 (default) or 403.
    pub unknown_token: u16,
    /// The status of 1000 `Invalid API Token` on verify: 401 (default) or 403.
    pub verify: u16,
    /// The code of `Method not allowed for this authentication scheme`: 10405 (default) or 10000.
    pub closed_code: u32,
}

impl Default for Disputed {
    fn default() -> Self {
        Self { unknown_key: 403, unknown_token: 401, verify: 401, closed_code: 10405 }
    }
}
