//! Taking a platform away again.

use flarekeep_cloudflare::{Client, Error};

use super::build::objects;
use super::survey::Survey;
use super::wanted::{EVERYTHING, MARK, Wanted};
use crate::Platform;
use crate::layout;

/// What is to be taken away, in this order: what answers goes first, what holds data last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// A route to the router, or an exception from it.
    Route {
        /// Its id.
        id: String,
        /// Which requests.
        pattern: String,
    },
    /// The custom hostnames of the tenants' domains. They go before the fallback origin, which they rest on, and before
    /// the bucket, which alone knows that they are the platform's.
    Hostnames {
        /// The domains.
        hosts: Vec<String>,
    },
    /// The fallback origin.
    Fallback,
    /// A DNS record of the platform.
    Record {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
    },
    /// The router.
    Router,
    /// The namespace with all that it holds.
    Namespace {
        /// Its id.
        id: String,
    },
    /// The bucket with all objects of the platform.
    Bucket,
}

impl Removal {
    /// All of the platform that the survey found. `document` says which exceptions were made for it, `hosts` are the domains
    /// in its registry.
    #[must_use]
    pub fn of(wanted: &Wanted, survey: &Survey, document: Option<&Platform>, hosts: Vec<String>) -> Vec<Self> {
        let excluded = document.map_or(&[] as &[String], |document| &document.excluded);
        let ours = |route: &&flarekeep_cloudflare::Route| match &route.script {
            Some(script) => route.pattern == EVERYTHING && *script == wanted.worker,
            None => excluded.contains(&route.pattern),
        };
        // The router's own route first: exceptions mean nothing without it.
        let (mut routes, exceptions): (Vec<_>, Vec<_>) =
            survey.routes.iter().filter(ours).partition(|route| route.script.is_some());
        routes.extend(exceptions);
        let routes =
            routes.into_iter().map(|route| Self::Route { id: route.id.clone(), pattern: route.pattern.clone() });
        let is_ours = survey.fallback.as_ref().and_then(|found| found.origin.as_ref()) == Some(&wanted.fallback());
        let records = survey.records.iter().filter(|record| record.comment.as_deref() == Some(MARK));
        let records = records.map(|record| Self::Record { id: record.id.clone(), name: record.name.clone() });
        let namespace = survey.namespace.as_ref().map(|namespace| Self::Namespace { id: namespace.id.clone() });
        routes
            .chain((!hosts.is_empty()).then_some(Self::Hostnames { hosts }))
            .chain(is_ours.then_some(Self::Fallback))
            .chain(records)
            .chain(survey.script.as_ref().map(|_| Self::Router))
            .chain(namespace)
            .chain(survey.bucket.as_ref().map(|_| Self::Bucket))
            .collect()
    }
}

/// Takes one thing away.
///
/// # Errors
/// Any error of a call.
pub async fn destroy(client: &Client, wanted: &Wanted, removal: &Removal) -> Result<(), Error> {
    let Wanted { account, zone, jurisdiction, .. } = *wanted;
    match removal {
        Removal::Route { id, .. } => client.routes(zone).delete(id).await,
        Removal::Hostnames { hosts } => {
            let hostnames = client.custom_hostnames(zone);
            for found in hostnames.list(None).await? {
                if hosts.iter().any(|host| host.eq_ignore_ascii_case(&found.hostname)) {
                    hostnames.delete(&found.id).await?;
                }
            }
            Ok(())
        }
        Removal::Fallback => client.delete_fallback_origin(zone).await,
        Removal::Record { id, .. } => client.dns_records(zone).delete(id).await,
        Removal::Router => client.scripts(account).delete(&wanted.worker, false).await,
        Removal::Namespace { id } => client.kv_namespaces(account).delete(id).await,
        Removal::Bucket => {
            let objects = objects(client, wanted);
            for prefix in [layout::SITES, layout::REGISTRY] {
                loop {
                    let keys = objects.keys(prefix, 1_000).await?;
                    if keys.is_empty() {
                        break;
                    }
                    objects.delete(&keys).await?;
                }
            }
            client.buckets(account, jurisdiction).delete(&wanted.bucket).await
        }
    }
}
