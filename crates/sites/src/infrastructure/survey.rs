//! What of a platform is there.

use flarekeep_catalogue::AccountId;
use flarekeep_cloudflare::{
    Bucket, Client, DnsRecord, Error, FallbackOrigin, HostnameQuota, Jurisdiction, KvNamespace, Route, ScriptSettings,
    Subdomain, Zone,
};

use super::wanted::Wanted;

/// Where a bucket of a name is looked for, if it is not where it should be.
const JURISDICTIONS: [Jurisdiction; 3] = [Jurisdiction::Default, Jurisdiction::Eu, Jurisdiction::Fedramp];
/// R2's code for a bucket that does not exist in the jurisdiction.
const NO_SUCH_BUCKET: i64 = 10_006;

/// What is there, as far as a platform is concerned. Reading it changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// The zone.
    pub zone: Zone,
    /// The bucket, and where by law it lies.
    pub bucket: Option<(Bucket, Jurisdiction)>,
    /// The namespace.
    pub namespace: Option<KvNamespace>,
    /// The router's settings.
    pub script: Option<ScriptSettings>,
    /// Whether the router is reached under workers.dev; not asked where there is no router.
    pub subdomain: Option<Subdomain>,
    /// All records of the zone.
    pub records: Vec<DnsRecord>,
    /// All routes of the zone.
    pub routes: Vec<Route>,
    /// The fallback origin.
    pub fallback: Option<FallbackOrigin>,
    /// How many custom hostnames there may be; `None` where Cloudflare does not say.
    pub quota: Option<HostnameQuota>,
}

/// Looks at all parts at once.
///
/// # Errors
/// Any error of a call; the quota alone may be refused.
pub async fn survey(client: &Client, wanted: &Wanted) -> Result<Survey, Error> {
    let Wanted { account, zone, .. } = *wanted;
    let (scripts, records, routes) = (client.scripts(account), client.dns_records(zone), client.routes(zone));
    let (zone, bucket, namespace, (script, subdomain), records, routes, fallback, quota) = tokio::try_join!(
        async { client.zones().get(zone).await },
        bucket(client, account, wanted),
        namespace(client, account, &wanted.namespace),
        async {
            let script = scripts.settings(&wanted.worker).await?;
            let subdomain = if script.is_some() { Some(scripts.subdomain(&wanted.worker).await?) } else { None };
            Ok((script, subdomain))
        },
        records.list(),
        routes.list(),
        client.fallback_origin(zone),
        async { Ok(client.hostname_quota(zone).await.ok()) },
    )?;
    Ok(Survey { zone, bucket, namespace, script, subdomain, records, routes, fallback, quota })
}

async fn namespace(client: &Client, account: AccountId, title: &str) -> Result<Option<KvNamespace>, Error> {
    let all = client.kv_namespaces(account).list().await?;
    Ok(all.into_iter().find(|namespace| namespace.title == title))
}

async fn bucket(client: &Client, account: AccountId, wanted: &Wanted) -> Result<Option<(Bucket, Jurisdiction)>, Error> {
    let others = JURISDICTIONS.into_iter().filter(|other| *other != wanted.jurisdiction);
    for jurisdiction in std::iter::once(wanted.jurisdiction).chain(others) {
        match client.buckets(account, jurisdiction).get(&wanted.bucket).await {
            Ok(bucket) => return Ok(Some((bucket, jurisdiction))),
            Err(error) if error.has_code(NO_SUCH_BUCKET) => {}
            // A jurisdiction that the account may not use holds no bucket of it.
            Err(error) if jurisdiction != wanted.jurisdiction && error.is_permission() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
