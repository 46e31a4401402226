//! Taking the steps.

use std::time::Duration;

use flarekeep_cloudflare::{Client, Error, Jurisdiction, Module, NewBucket, NewScript, Objects, Subdomain};
use serde_json::{Map, json};

use super::difference::{Step, bindings, excluded};
use super::router::{COMPATIBILITY_DATE, COMPATIBILITY_FLAGS, MODULES, fingerprint};
use super::survey::Survey;
use super::wanted::Wanted;
use crate::Platform;
use crate::layout;

/// Cloudflare's code for a route to a script that does not exist, or not everywhere yet.
const NO_SCRIPT_YET: i64 = 10_019;
/// How often a route is tried while its script spreads.
const ROUTE_ATTEMPTS: u32 = 5;
const ROUTE_PAUSE: Duration = Duration::from_secs(1);
/// How long a fallback origin is waited for.
const FALLBACK_ATTEMPTS: u32 = 60;
const FALLBACK_PAUSE: Duration = Duration::from_secs(1);

/// Takes steps, in their order.
#[derive(Debug)]
pub struct Builder<'a> {
    client: &'a Client,
    wanted: &'a Wanted,
    /// The namespace's id, as soon as there is one.
    namespace: Option<String>,
    excluded: Vec<String>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Built {
    /// It is done.
    Done,
    /// Cloudflare is at it still, and it will be done without us.
    UnderWay,
}

impl<'a> Builder<'a> {
    /// Begins where the survey found things.
    #[must_use]
    pub fn new(client: &'a Client, wanted: &'a Wanted, survey: &Survey) -> Self {
        let namespace = survey.namespace.as_ref().map(|namespace| namespace.id.clone());
        let excluded = excluded(wanted, survey).into_iter().map(|host| format!("{host}/*")).collect();
        Self { client, wanted, namespace, excluded }
    }

    /// Takes one step.
    ///
    /// # Errors
    /// Any error of a call.
    pub async fn take(&mut self, step: &Step) -> Result<Built, Error> {
        let Wanted { account, zone, jurisdiction, .. } = *self.wanted;
        match step {
            Step::MakeBucket => {
                let location_hint = self.wanted.location.clone();
                let new = NewBucket { name: self.wanted.bucket.clone(), location_hint, ..NewBucket::default() };
                self.client.buckets(account, jurisdiction).create(&new).await?;
            }
            Step::MakeNamespace => {
                let made = self.client.kv_namespaces(account).create(&self.wanted.namespace).await?;
                self.namespace = Some(made.id);
            }
            Step::UploadRouter { .. } => self.upload().await?,
            Step::CloseWorkersDev => {
                let closed = Subdomain { enabled: false, previews_enabled: false };
                self.client.scripts(account).set_subdomain(&self.wanted.worker, closed).await?;
            }
            Step::MakeRecord(record) => drop(self.client.dns_records(zone).create(record).await?),
            Step::MendRecord { id, to, .. } => drop(self.client.dns_records(zone).update(id, to).await?),
            Step::RemoveRecord { id, .. } => self.client.dns_records(zone).delete(id).await?,
            Step::MakeRoute { pattern, script } => self.route(pattern, script.as_deref()).await?,
            Step::SetFallback { origin } => drop(self.client.set_fallback_origin(zone, origin).await?),
            Step::AwaitFallback => return self.fallback().await,
        }
        Ok(Built::Done)
    }

    /// Writes into the bucket what was made. The last of all: who finds it finds a platform.
    ///
    /// # Errors
    /// Any error of a call.
    pub async fn sign(&self) -> Result<(), Error> {
        let Wanted { account, zone, domain, bucket, jurisdiction, worker, .. } = self.wanted;
        let platform = Platform {
            v: 1,
            domain: domain.clone(),
            zone_id: zone.to_string(),
            account_id: account.to_string(),
            kv_namespace_id: self.namespace.clone().unwrap_or_default(),
            worker: worker.clone(),
            bucket: bucket.clone(),
            jurisdiction: jurisdiction.as_str().to_owned(),
            excluded: self.excluded.clone(),
        };
        let objects = objects(self.client, self.wanted);
        let text = serde_json::to_vec_pretty(&platform).unwrap_or_default();
        if objects.get(layout::PLATFORM).await?.is_some_and(|found| *found == *text) {
            return Ok(());
        }
        objects.put(layout::PLATFORM, "application/json", text).await
    }

    async fn upload(&self) -> Result<(), Error> {
        let exports = json!({
            "default": { "type": "worker", "cache": { "enabled": false } },
            "Blob": { "type": "worker", "cache": { "enabled": true } },
        });
        let more = json!({
            "tags": [fingerprint()],
            "observability": { "enabled": true },
            "cache_options": { "enabled": true, "cross_version_cache": true },
            "exports": exports,
        });
        let script = NewScript {
            main_module: MODULES.first().map_or("", |module: &Module<'_>| module.name).to_owned(),
            compatibility_date: COMPATIBILITY_DATE.to_owned(),
            compatibility_flags: COMPATIBILITY_FLAGS.map(str::to_owned).to_vec(),
            bindings: bindings(self.wanted, self.namespace.as_deref().unwrap_or_default()),
            keep_bindings: vec!["secret_text".to_owned(), "secret_key".to_owned()],
            more: more.as_object().cloned().unwrap_or_else(Map::new),
        };
        self.client.scripts(self.wanted.account).upload(&self.wanted.worker, &script, MODULES).await?;
        Ok(())
    }

    async fn route(&self, pattern: &str, script: Option<&str>) -> Result<(), Error> {
        let routes = self.client.routes(self.wanted.zone);
        let mut attempt = 1;
        loop {
            match routes.create(pattern, script).await {
                Err(error) if error.has_code(NO_SCRIPT_YET) && attempt < ROUTE_ATTEMPTS => {
                    attempt += 1;
                    tokio::time::sleep(ROUTE_PAUSE).await;
                }
                answer => return answer.map(drop),
            }
        }
    }

    async fn fallback(&self) -> Result<Built, Error> {
        for _ in 0..FALLBACK_ATTEMPTS {
            let found = self.client.fallback_origin(self.wanted.zone).await?;
            if found.and_then(|found| found.status).as_deref() == Some("active") {
                return Ok(Built::Done);
            }
            tokio::time::sleep(FALLBACK_PAUSE).await;
        }
        Ok(Built::UnderWay)
    }
}

pub(super) fn objects(client: &Client, wanted: &Wanted) -> Objects {
    let jurisdiction: Jurisdiction = wanted.jurisdiction;
    client.objects(wanted.account, &wanted.bucket, jurisdiction)
}
