//! What is done to a token, to the call, or to what stands around them.

use flarekeep_diagnosis::Cause;

macro_rules! faults {
    ($($name:ident $truth:expr,)+) => {
        /// A fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Fault {
            $($name,)+
        }

        impl Fault {
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)+];

            /// The cause that it is; none where the policies say which.
            pub(crate) fn truth(self) -> Option<Cause> {
                match self { $(Self::$name => $truth,)+ }
            }
        }
    };
}

faults! {
    GroupTakenAway None,
    GroupMovedToAnotherKind None,
    ResourceChanged None,
    DeniedByPolicy None,
    Disabled Some(Cause::Disabled),
    Expired Some(Cause::Expired),
    NotYetValid Some(Cause::NotYetValid),
    RevokedExposed Some(Cause::RevokedExposed),
    AddressNotAllowed Some(Cause::AddressNotAllowed),
    ValueMistyped Some(Cause::UnknownToken),
    TokenDeleted Some(Cause::UnknownToken),
    AccountTokenUnsupported Some(Cause::AccountTokenNotSupported),
    HeaderMalformed Some(Cause::MalformedHeader),
    KeyAsToken Some(Cause::KeyAsToken),
    TokenAsKey Some(Cause::TokenAsKey),
    NoCredential Some(Cause::NoCredential),
    WrongKey Some(Cause::WrongKeyOrEmail),
    WrongId Some(Cause::WrongId),
    RateLimited Some(Cause::RateLimited),
    LockedOut Some(Cause::LockedOut),
    NotPropagated Some(Cause::NotPropagated),
    UserDemoted Some(Cause::UserLacksRight),
    ProductNotEnabled Some(Cause::NotEnabled),
    BeyondCreator Some(Cause::BeyondCreator),
    S3NoGroup None,
    S3OtherBucket None,
    S3BucketTokenForTheAccount None,
    S3ReadOnly None,
    S3OtherJurisdiction Some(Cause::WrongId),
    S3WrongSecret Some(Cause::WrongSignature),
    S3UnknownKey Some(Cause::UnknownToken),
    S3ValueAsKey Some(Cause::MalformedHeader),
}

impl Fault {
    /// Faults of a token and of its header, which any operation of the REST API meets.
    pub(crate) fn of_the_token() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|fault| *fault < Self::RateLimited)
    }

    /// Faults of what stands around the token, likewise.
    pub(crate) fn of_the_world() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|fault| (Self::RateLimited..=Self::UserDemoted).contains(fault))
    }

    /// Faults of the S3 face.
    pub(crate) fn of_s3() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|fault| *fault >= Self::S3NoGroup)
    }

    /// Whether the header alone is wrong, so that no client would send it again.
    pub(crate) fn is_of_the_header(self) -> bool {
        matches!(
            self,
            Self::HeaderMalformed | Self::KeyAsToken | Self::TokenAsKey | Self::NoCredential | Self::WrongKey
        )
    }
}
