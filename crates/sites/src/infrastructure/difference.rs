//! The steps from what is there to what is wanted. Nothing of somebody else's is changed: where it is in the way, that is
//! a conflict.

use std::collections::BTreeSet;

use flarekeep_cloudflare::{DnsRecord, Jurisdiction, NewDnsRecord};
use serde_json::Value;

use super::router;
use super::survey::Survey;
use super::wanted::{EVERYTHING, MARK, Wanted};

/// The routes that a zone may have (Cloudflare's limits of Workers).
const MOST_ROUTES: usize = 1_000;

/// One thing to do. They come in the order in which they are to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make the bucket.
    MakeBucket,
    /// Make the namespace.
    MakeNamespace,
    /// Upload the router.
    UploadRouter {
        /// What differs; empty where there is no router.
        differs: Vec<&'static str>,
    },
    /// Close the router's address under workers.dev, where a foreign Host would reach tenants.
    CloseWorkersDev,
    /// Make a DNS record.
    MakeRecord(NewDnsRecord),
    /// Make a record of ours say again what it should.
    MendRecord {
        /// The record.
        id: String,
        /// What it says.
        from: String,
        /// What it should.
        to: NewDnsRecord,
    },
    /// Remove a record of ours that belonged to another domain.
    RemoveRecord {
        /// The record.
        id: String,
        /// Its name.
        name: String,
    },
    /// Make a route: to the router, or an exception from it.
    MakeRoute {
        /// Which requests.
        pattern: String,
        /// To which script; `None` for an exception.
        script: Option<String>,
    },
    /// Set the fallback origin.
    SetFallback {
        /// The name.
        origin: String,
    },
    /// Wait until the fallback origin is active.
    AwaitFallback,
}

/// What is in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The zone belongs to another account.
    #[error("the zone `{zone}` belongs to another account")]
    OtherAccount {
        /// The zone's name.
        zone: String,
    },
    /// The zone is not active yet, or no more.
    #[error("the zone `{zone}` is {status}: nothing in it is served until its nameservers are Cloudflare's")]
    NotActive {
        /// The zone's name.
        zone: String,
        /// Its status.
        status: String,
    },
    /// A bucket cannot change its jurisdiction.
    #[error("the bucket `{bucket}` lies in the jurisdiction `{}`, which it cannot leave", found.as_str())]
    OtherJurisdiction {
        /// The bucket.
        bucket: String,
        /// Where it lies.
        found: Jurisdiction,
    },
    /// A record of somebody's has the name.
    #[error("`{name}` has a record that the platform did not make: {kind} {content}")]
    RecordTaken {
        /// The name.
        name: String,
        /// The record's type.
        kind: String,
        /// What it says.
        content: String,
    },
    /// A route of somebody's has the pattern.
    #[error("the route `{pattern}` leads to {}", script.as_deref().map_or("no Worker".to_owned(), |script| format!("the Worker `{script}`")))]
    RouteTaken {
        /// The pattern.
        pattern: String,
        /// Where it leads.
        script: Option<String>,
    },
    /// A zone has one fallback origin, and this one has another.
    #[error("the zone's fallback origin is `{origin}`")]
    FallbackTaken {
        /// The one that it has.
        origin: String,
    },
    /// Every host that stays out takes one route.
    #[error("{hosts} hosts of the zone would need an exception each, and a zone has at most {MOST_ROUTES} routes")]
    TooManyHosts {
        /// How many.
        hosts: usize,
    },
}

/// The steps, or all that is in the way.
///
/// # Errors
/// When anything is.
pub fn difference(wanted: &Wanted, survey: &Survey) -> Result<Vec<Step>, Vec<Conflict>> {
    let mut found = Found { wanted, survey, steps: Vec::new(), conflicts: Vec::new() };
    found.zone();
    found.bucket();
    if survey.namespace.is_none() {
        found.steps.push(Step::MakeNamespace);
    }
    found.router();
    for record in wanted.records() {
        found.record(record);
    }
    found.routes();
    found.fallback();
    found.leftovers();
    if found.conflicts.is_empty() { Ok(found.steps) } else { Err(found.conflicts) }
}

/// The hosts that the router leaves alone: those named, and those that had a proxied record before the platform came.
pub(super) fn excluded(wanted: &Wanted, survey: &Survey) -> BTreeSet<String> {
    let ours: Vec<String> = wanted.records().into_iter().map(|record| record.name).collect();
    let theirs =
        survey.records.iter().filter(|record| record.proxied && is_address(&record.kind) && !is_marked(record));
    let theirs = theirs.map(|record| record.name.to_ascii_lowercase()).filter(|name| !ours.contains(name));
    wanted.excluded.iter().cloned().chain(theirs).collect()
}

/// Whether the platform made it.
fn is_marked(record: &DnsRecord) -> bool {
    record.comment.as_deref() == Some(MARK)
}

struct Found<'a> {
    wanted: &'a Wanted,
    survey: &'a Survey,
    steps: Vec<Step>,
    conflicts: Vec<Conflict>,
}

impl Found<'_> {
    fn zone(&mut self) {
        let zone = &self.survey.zone;
        if zone.account.as_ref().is_some_and(|account| account.id != self.wanted.account) {
            self.conflicts.push(Conflict::OtherAccount { zone: zone.name.clone() });
        }
        if let Some(status) = zone.status.as_ref().filter(|status| *status != "active") {
            self.conflicts.push(Conflict::NotActive { zone: zone.name.clone(), status: status.clone() });
        }
    }

    fn bucket(&mut self) {
        match &self.survey.bucket {
            None => self.steps.push(Step::MakeBucket),
            Some((_, found)) if *found != self.wanted.jurisdiction => {
                let bucket = self.wanted.bucket.clone();
                self.conflicts.push(Conflict::OtherJurisdiction { bucket, found: *found });
            }
            Some(_) => {}
        }
    }

    fn router(&mut self) {
        let differs = match &self.survey.script {
            None => Some(Vec::new()),
            Some(settings) => {
                let tagged = settings.tags.iter().flatten().any(|tag| *tag == router::fingerprint());
                let wanted = self.survey.namespace.as_ref().map(|namespace| bindings(self.wanted, &namespace.id));
                let bound = |wanted: &Value| settings.bindings.iter().any(|found| includes(found, wanted));
                let all_bound = wanted.is_some_and(|wanted| wanted.iter().all(bound));
                let differs: Vec<_> = [(!tagged).then_some("its code"), (!all_bound).then_some("its bindings")]
                    .into_iter()
                    .flatten()
                    .collect();
                (!differs.is_empty()).then_some(differs)
            }
        };
        if let Some(differs) = differs {
            self.steps.push(Step::UploadRouter { differs });
        }
        // A new script's address is open where the account's default is.
        if self.survey.subdomain.is_none_or(|subdomain| subdomain.enabled || subdomain.previews_enabled) {
            self.steps.push(Step::CloseWorkersDev);
        }
    }

    fn record(&mut self, wanted: NewDnsRecord) {
        let of_name = |record: &&DnsRecord| record.name.eq_ignore_ascii_case(&wanted.name) && is_address(&record.kind);
        let found: Vec<&DnsRecord> = self.survey.records.iter().filter(of_name).collect();
        let says_it = |record: &&&DnsRecord| {
            record.kind == wanted.kind && record.content == wanted.content && record.proxied == wanted.proxied
        };
        let ours = |record: &&&DnsRecord| is_marked(record);
        if found.iter().any(|record| says_it(&record)) {
            return;
        }
        match (found.iter().find(ours), found.first()) {
            (Some(record), _) => {
                let from =
                    format!("{} {}{}", record.kind, record.content, if record.proxied { "" } else { ", not proxied" });
                self.steps.push(Step::MendRecord { id: record.id.clone(), from, to: wanted });
            }
            (None, Some(other)) => self.conflicts.push(Conflict::RecordTaken {
                name: wanted.name,
                kind: other.kind.clone(),
                content: other.content.clone(),
            }),
            (None, None) => self.steps.push(Step::MakeRecord(wanted)),
        }
    }

    /// The exceptions first: otherwise the router would answer for others until they are there.
    fn routes(&mut self) {
        let hosts = excluded(self.wanted, self.survey);
        if hosts.len() >= MOST_ROUTES {
            self.conflicts.push(Conflict::TooManyHosts { hosts: hosts.len() });
            return;
        }
        for host in hosts {
            let pattern = format!("{host}/*");
            // A host that has a Worker of its own keeps it: the narrower route wins.
            if !self.survey.routes.iter().any(|route| route.pattern == pattern) {
                self.steps.push(Step::MakeRoute { pattern, script: None });
            }
        }
        match self.survey.routes.iter().find(|route| route.pattern == EVERYTHING) {
            Some(route) if route.script.as_ref() == Some(&self.wanted.worker) => {}
            Some(route) => self
                .conflicts
                .push(Conflict::RouteTaken { pattern: EVERYTHING.to_owned(), script: route.script.clone() }),
            None => self
                .steps
                .push(Step::MakeRoute { pattern: EVERYTHING.to_owned(), script: Some(self.wanted.worker.clone()) }),
        }
    }

    fn fallback(&mut self) {
        let origin = self.wanted.fallback();
        let found = self.survey.fallback.as_ref();
        match found.and_then(|found| found.origin.clone()) {
            Some(other) if other != origin && !self.is_ours(&other) => {
                self.conflicts.push(Conflict::FallbackTaken { origin: other });
                return;
            }
            Some(same) if same == origin => {}
            _ => self.steps.push(Step::SetFallback { origin }),
        }
        if found.and_then(|found| found.status.as_deref()) != Some("active") {
            self.steps.push(Step::AwaitFallback);
        }
    }
}

impl Found<'_> {
    /// Whether the platform made a record of this name, for this domain or another one.
    fn is_ours(&self, name: &str) -> bool {
        self.survey.records.iter().any(|record| is_marked(record) && record.name.eq_ignore_ascii_case(name))
    }

    /// Records of a platform that had another domain. Last: until then its fallback origin may be in use.
    fn leftovers(&mut self) {
        let wanted = self.wanted.records();
        let is_wanted = |record: &DnsRecord| wanted.iter().any(|wanted| wanted.name.eq_ignore_ascii_case(&record.name));
        let left = self.survey.records.iter().filter(|record| is_marked(record) && !is_wanted(record));
        self.steps.extend(left.map(|record| Step::RemoveRecord { id: record.id.clone(), name: record.name.clone() }));
    }
}

/// What the router finds in its `env`.
pub(super) fn bindings(wanted: &Wanted, namespace: &str) -> Vec<Value> {
    let mut bucket = serde_json::json!({ "type": "r2_bucket", "name": "BUCKET", "bucket_name": wanted.bucket });
    if wanted.jurisdiction != Jurisdiction::Default {
        bucket["jurisdiction"] = wanted.jurisdiction.as_str().into();
    }
    vec![
        bucket,
        serde_json::json!({ "type": "kv_namespace", "name": "KV", "namespace_id": namespace }),
        serde_json::json!({ "type": "plain_text", "name": "PLATFORM_DOMAIN", "text": wanted.domain }),
        // The router is uploaded with the platform's cache before its blobs (`cache_options`).
        serde_json::json!({ "type": "plain_text", "name": "BLOB_CACHE", "text": "on" }),
        serde_json::json!({ "type": "version_metadata", "name": "VERSION" }),
    ]
}

/// Whether a binding that was found says all that the wanted one says.
fn includes(found: &Value, wanted: &Value) -> bool {
    wanted.as_object().is_some_and(|wanted| wanted.iter().all(|(key, value)| found.get(key) == Some(value)))
}

/// Types of records that decide where a name's requests go.
fn is_address(kind: &str) -> bool {
    matches!(kind, "A" | "AAAA" | "CNAME")
}
