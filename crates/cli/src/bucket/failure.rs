//! What a failed change of a site means for its user.

use flarekeep_sites::SiteError;
use flarekeep_sites::files::Refusal;
use flarekeep_sites::s3::StoreError;

use crate::error::{CommandError, Kind};
use crate::output::plain;

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        let mut error = Self::usage(plain(&refusal.to_string())).hint(refusal.remedy());
        if let Refusal::Empty { left_out: left_out @ 1.., .. } = refusal {
            error = error.because(format!("all that is in it is left out ({left_out})"));
        }
        error
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let message = plain(&error.to_string());
        match error {
            StoreError::NoBucket { .. } => Self::usage(message)
                .because("it has not been made, or lies in another jurisdiction, where this endpoint does not look")
                .hint("flarekeep platform deploy makes it; --bucket eu/NAME or R2_JURISDICTION=eu looks elsewhere"),
            StoreError::Refused { status: 401 | 403, bucket, .. } => Self::new(Kind::Refused, message)
                .because("the keys are not for this bucket or this tenant, or not for writing, or a minute old at most")
                .hint(format!(
                    "flarekeep check --recipe upload-to-r2-bucket --bucket {bucket} says what the token lacks"
                )),
            StoreError::Refused { status: 429 | 500.., .. } => {
                Self::new(Kind::Unreachable, message).hint("run the same command again: what is uploaded is kept")
            }
            StoreError::Refused { .. } => Self::usage(message),
            StoreError::Lost { .. } => {
                Self::new(Kind::Unreachable, message).hint("run the same command again: what is uploaded is kept")
            }
            StoreError::Changed => Self::usage(message).hint("let the build end first, then deploy again"),
            StoreError::Malformed { .. } => Self::usage(message)
                .because("it was written by another program, or another version of this one")
                .hint("flarekeep site status TENANT"),
        }
    }
}

impl From<SiteError> for CommandError {
    fn from(error: SiteError) -> Self {
        let message = plain(&error.to_string());
        match error {
            SiteError::Store(error) => error.into(),
            SiteError::File(refusal) => refusal.into(),
            SiteError::Overtaken { tenant, .. } => Self::new(Kind::Partial, message)
                .because("the other deploy ended first; what this one uploaded is kept, and is live nowhere")
                .hint(format!("flarekeep site status {tenant} shows theirs; deploy again to put yours in its place")),
            SiteError::Sweeping { .. } => Self::new(Kind::Partial, message)
                .because("nothing was changed")
                .hint("run the same command again when that has ended"),
            SiteError::Deploying { tenant, .. } => Self::new(Kind::Partial, message)
                .because("what it counts on must stay; nothing was changed")
                .hint(format!("when it has ended: flarekeep site gc {tenant}"))
                .hint(format!(
                    "if it was killed: flarekeep site deploy DIR {tenant} of the same files ends it; a mark counts for a day"
                )),
            SiteError::NoSite { .. } => Self::usage(message).hint("flarekeep tenant list shows who has one"),
            SiteError::NoRelease { tenant, .. } => {
                Self::usage(message).hint(format!("flarekeep site list {tenant} shows those there are"))
            }
            SiteError::Unfinished { tenant, .. } => Self::usage(message)
                .because("its deploy is under way, or was killed")
                .hint(format!("flarekeep site deploy DIR {tenant} uploads what is missing, as a release of its own")),
            SiteError::NoPrevious { tenant } => {
                Self::usage(message).hint(format!("flarekeep site list {tenant} shows what can be promoted"))
            }
            SiteError::Quota { tenant, what, .. } => Self::usage(message)
                .because("nothing was uploaded, and the live site is what it was")
                .hint(format!("flarekeep tenant quota {tenant} --{what} NUMBER allows more")),
            SiteError::Contended { .. } => {
                Self::new(Kind::Partial, message).because("nothing was changed").hint("run the same command again")
            }
            SiteError::Edge { .. } => Self::new(Kind::Partial, message)
                .because("nothing else was taken away: visitors would see half of a site")
                .hint("run the same command again"),
        }
    }
}
