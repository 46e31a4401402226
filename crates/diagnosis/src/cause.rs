//! The closed list of causes. Each has a page in docs/causes/.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! causes {
    ($($(#[doc = $doc:literal])+ $name:ident $slug:literal $sentence:literal,)+) => {
        /// Why a call is refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Cause {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Cause {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The word in documents and the name of the page: `missing-group`.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)+ }
            }

            /// What it means, in one line for people.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)+ }
            }
        }
    };
}

causes! {
    /// It is not: the token may make it.
    NotRefused "not-refused" "the token may make this call",
    /// The token holds no group that the operation accepts.
    MissingGroup "missing-group" "the token holds no permission group that this operation accepts",
    /// It holds one, at a kind of resource where the group takes no effect: an account's where a zone's is meant.
    WrongScope "wrong-scope" "a group is held at a kind of resource where it takes no effect",
    /// It holds one, at another resource: another zone, account or bucket, or one where all are needed.
    OtherResource "other-resource" "a group that would do is held at another resource",
    /// A policy of the token withholds the call, whatever others allow.
    DeniedByPolicy "denied-by-policy" "a policy of the token denies it, whatever others allow",
    /// The endpoint takes no token that an account owns.
    AccountTokenNotSupported "account-token-not-supported" "this endpoint takes no token that an account owns",
    /// The endpoint takes no token that a user owns.
    UserTokenNotSupported "user-token-not-supported" "this endpoint takes no token that a user owns",
    /// The endpoint or the method takes no API token at all, but the Global API key alone.
    TokenNotSupported "token-not-supported" "this endpoint takes no API token at all",
    /// The user who owns the token is no member of the account, or has a role that does not reach so far.
    UserLacksRight "user-lacks-right" "the user who owns the token may not do this in the account",
    /// The Global API key stands where a token belongs.
    KeyAsToken "key-as-token" "a Global API key stands where a token belongs",
    /// A token stands where the Global API key belongs.
    TokenAsKey "token-as-key" "a token stands where the Global API key belongs",
    /// No credential was sent.
    NoCredential "no-credential" "no credential was sent",
    /// The credential's header is not written as one.
    MalformedHeader "malformed-header" "the credential is not written as one",
    /// The Global API key and the e-mail address do not belong together, or one of them is wrong.
    WrongKeyOrEmail "wrong-key-or-email" "the Global API key and the e-mail address do not belong together",
    /// Cloudflare does not know the value: mistyped, revoked, rolled, or ended.
    UnknownToken "unknown-token" "Cloudflare does not know this value: mistyped, rolled or deleted",
    /// Cloudflare revoked the token, because its value was found in public.
    RevokedExposed "revoked-exposed" "Cloudflare revoked the token: its value was found in public",
    /// The token's time is over.
    Expired "expired" "the token's time is over",
    /// The token's time has not come.
    NotYetValid "not-yet-valid" "the token's time has not come",
    /// The token is switched off.
    Disabled "disabled" "the token is switched off",
    /// The client's address is not among those allowed.
    AddressNotAllowed "address-not-allowed" "the token may not be used from this address",
    /// Too many calls.
    RateLimited "rate-limited" "too many calls",
    /// Too many calls with credentials that were refused: Cloudflare refuses all for a while.
    LockedOut "locked-out" "too many calls with credentials that Cloudflare refused: it takes none for a while",
    /// An id names nothing, or a thing of another kind.
    WrongId "wrong-id" "an id or a name in the call names nothing, or a thing of another kind",
    /// The product is not switched on for the account or the zone, or its plan does not hold it.
    NotEnabled "not-enabled" "the product is not switched on there, or the plan does not hold it",
    /// A new token would hold more than its creator may give.
    BeyondCreator "beyond-creator" "the new token would hold more than its creator may give",
    /// A change of the token has not reached all of Cloudflare yet.
    NotPropagated "not-propagated" "a change of the token has not reached all of Cloudflare yet",
    /// The S3 request's signature is not that of the key: a wrong secret, or a changed request.
    WrongSignature "wrong-signature" "the S3 request's signature is not that of the key",
    /// It is not about permissions: the answer says something else.
    NotAboutPermissions "not-about-permissions" "the answer is not about permissions",
}

impl Cause {
    /// The page that explains it: `docs/causes/missing-group.md`.
    #[must_use]
    pub fn page(self) -> String {
        format!("docs/causes/{}.md", self.slug())
    }

    /// Whether the token's policies are to blame, and a grant mends it.
    #[must_use]
    pub const fn is_of_policies(self) -> bool {
        matches!(self, Self::MissingGroup | Self::WrongScope | Self::OtherResource | Self::DeniedByPolicy)
    }

    /// Whether the token's value may not be used now, whatever is called.
    #[must_use]
    pub const fn is_of_life(self) -> bool {
        matches!(self, Self::UnknownToken | Self::RevokedExposed | Self::Expired | Self::NotYetValid | Self::Disabled)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_have_the_slug() {
        for cause in Cause::ALL {
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.slug());
        }
    }
}
