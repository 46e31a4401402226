//! The closed list of causes. Each has a page in docs/causes/.

use serde::Serialize;

/// Why a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It is not: the token may make it.
    NotRefused,
    /// The token holds no group that the operation accepts.
    MissingGroup,
    /// It holds one, at a kind of resource where the group takes no effect: an account's where a zone's is meant.
    WrongScope,
    /// It holds one, at another resource: another zone, account or bucket, or one where all are needed.
    OtherResource,
    /// A policy of the token withholds the call, whatever others allow.
    DeniedByPolicy,
    /// The endpoint takes no token that an account owns.
    AccountTokenNotSupported,
    /// The endpoint takes no token that a user owns.
    UserTokenNotSupported,
    /// The endpoint or the method takes no API token at all, but the Global API key alone.
    TokenNotSupported,
    /// The user who owns the token is no member of the account, or has a role that does not reach so far.
    UserLacksRight,
    /// The Global API key stands where a token belongs.
    KeyAsToken,
    /// A token stands where the Global API key belongs.
    TokenAsKey,
    /// No credential was sent.
    NoCredential,
    /// The credential's header is not written as one.
    MalformedHeader,
    /// The Global API key and the e-mail address do not belong together, or one of them is wrong.
    WrongKeyOrEmail,
    /// Cloudflare does not know the value: mistyped, revoked, rolled, or ended.
    UnknownToken,
    /// Cloudflare revoked the token, because its value was found in public.
    RevokedExposed,
    /// The token's time is over.
    Expired,
    /// The token's time has not come.
    NotYetValid,
    /// The token is switched off.
    Disabled,
    /// The client's address is not among those allowed.
    AddressNotAllowed,
    /// Too many calls.
    RateLimited,
    /// Too many calls with credentials that were refused: Cloudflare refuses all for a while.
    LockedOut,
    /// An id names nothing, or a thing of another kind.
    WrongId,
    /// The product is not switched on for the account or the zone, or its plan does not hold it.
    NotEnabled,
    /// A new token would hold more than its creator may give.
    BeyondCreator,
    /// A change of the token has not reached all of Cloudflare yet.
    NotPropagated,
    /// The S3 request's signature is not that of the key: a wrong secret, or a changed request.
    WrongSignature,
    /// It is not about permissions: the answer says something else.
    NotAboutPermissions,
}
