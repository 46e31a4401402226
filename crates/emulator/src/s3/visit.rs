//! One call of the S3 face, from its arrival to the log.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::extract::{ConnectInfo, Request};
use axum::http::Extensions;
use axum::http::header::HOST;
use flarekeep_catalogue::AccountId;
use flarekeep_policy::{BucketKey, Request as Asked};
use s3s::{S3Result, s3_error};

use super::leave::Leave;
use crate::emulator::Inner;
use crate::log::Verdict;
use crate::products::r2_buckets::JURISDICTIONS;
use crate::session::Session;

/// What is known of a call beside its operation. It travels in the request's extensions.
#[derive(Debug, Clone)]
pub(super) struct Visit(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    place: Place,
    ip: Option<IpAddr>,
    session: OnceLock<Session>,
    leave: OnceLock<Leave>,
    outcome: Mutex<Outcome>,
}

/// Whose buckets an endpoint serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) account: AccountId,
    pub(super) jurisdiction: &'static str,
}

/// What became of a call.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    /// Whether the call came as far as a decision.
    pub(super) decided: bool,
    /// Whether R2 itself would not take the call, which its caller may make.
    pub(super) screened: bool,
}

impl Visit {
    /// Notes where a request comes from and whose buckets it is for.
    pub(super) fn of(request: &Request, emulator: &Inner) -> Self {
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let ip = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let place = Place::named(host).unwrap_or_else(|| Place::usual(emulator));
        Self(Arc::new(Shared {
            place,
            ip,
            session: OnceLock::new(),
            leave: OnceLock::new(),
            outcome: Mutex::default(),
        }))
    }

    /// The visit that a request is.
    pub(super) fn in_extensions(extensions: &Extensions) -> S3Result<Self> {
        // Every request was given its visit on arrival, so the error is for the compiler alone.
        extensions.get::<Self>().cloned().ok_or_else(|| s3_error!(InternalError))
    }

    pub(super) fn place(&self) -> &Place {
        &self.0.place
    }

    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.0.ip
    }

    /// The temporary credential that the call is signed with, where it is one.
    pub(super) fn session(&self) -> Option<&Session> {
        self.0.session.get()
    }

    /// Notes the temporary credential.
    pub(super) fn take_up(&self, session: Session) {
        // Arrival notes it once.
        drop(self.0.session.set(session));
    }

    /// What let the call in; none before it was.
    pub(super) fn leave(&self) -> Option<&Leave> {
        self.0.leave.get()
    }

    /// Notes what let the call in.
    pub(super) fn admit(&self, leave: Leave) {
        // A call is admitted once.
        drop(self.0.leave.set(leave));
    }

    /// Whether the call may make its bucket, where there is none: it wants to, and that was granted.
    pub(super) fn makes_bucket(&self) -> bool {
        let made = |asked: &Asked| asked.operation.operation_id() == "CreateBucket";
        self.leave().is_some_and(|leave| leave.requests.iter().any(made))
    }

    /// The key of a bucket of this endpoint.
    pub(super) fn bucket(&self, name: &str) -> BucketKey {
        let Place { account, jurisdiction } = self.place();
        BucketKey { account: *account, jurisdiction: (*jurisdiction).to_owned(), name: name.to_owned() }
    }

    pub(super) fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.0.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The place that a host names: `<account id>.r2.…`, `<account id>.<jurisdiction>.r2.…`.
    fn named(host: &str) -> Option<Self> {
        let host = super::hosts::in_host(host).map_or(host, |(_, rest)| rest);
        let mut labels = host.split(['.', ':']);
        let account = labels.next()?.parse().ok()?;
        let second = labels.next().unwrap_or_default();
        let jurisdiction = JURISDICTIONS.into_iter().find(|known| *known == second).unwrap_or("default");
        Some(Self { account, jurisdiction })
    }

    fn usual(emulator: &Inner) -> Self {
        Self { account: emulator.usual_account(), jurisdiction: "default" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_names_an_account_and_a_jurisdiction() {
        let id = "0123456789abcdef0123456789abcdef";
        let place = |host: &str| Place::named(host).map(|place| (place.account.to_string(), place.jurisdiction));
        assert_eq!(place(&format!("{id}.localhost:9000")), Some((id.to_owned(), "default")));
        assert_eq!(place(&format!("{id}.r2.cloudflarestorage.com")), Some((id.to_owned(), "default")));
        assert_eq!(place(&format!("{id}.eu.r2.cloudflarestorage.com")), Some((id.to_owned(), "eu")));
        assert_eq!(place(&format!("media.{id}.eu.r2.cloudflarestorage.com")), Some((id.to_owned(), "eu")));
        for none in ["127.0.0.1:9000", "[::1]:9000", "localhost", "", "site.localhost"] {
            assert_eq!(place(none), None, "{none}");
        }
    }
}
