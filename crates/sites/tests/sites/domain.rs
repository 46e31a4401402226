//! Domains: whose they are, how they stand, and that stopping anywhere leaves nothing that the same call does not mend.

use std::sync::atomic::Ordering;

use flarekeep_cloudflare::Client;
use flarekeep_sites::domain::{Added, DomainError, Host, Publish, add, remove, rows, stand};
use flarekeep_sites::infrastructure::{Builder, difference, survey};
use flarekeep_sites::{Platform, Slug};

use crate::memory::{Memory, MemoryEdge};
use crate::support::{Death, Local, ZONE, wanted_in};

const NOW: &str = "2026-01-02T03:04:05Z";

/// A platform that stands, two tenants, and an edge that remembers.
struct Place {
    local: Local,
    bucket: Memory,
    edge: MemoryEdge,
    platform: Platform,
}

impl Place {
    async fn new() -> Self {
        let local = Local::start().await;
        let (client, wanted) = (local.client(), wanted_in(ZONE, "example.com"));
        let found = survey(&client, &wanted).await.unwrap();
        let mut builder = Builder::new(&client, &wanted, &found);
        for step in difference(&wanted, &found).unwrap() {
            builder.take(&step).await.unwrap();
        }
        let bucket = Memory::default();
        for tenant in ["acme", "globex"] {
            let row = serde_json::json!({ "v": 1, "tenant": tenant, "created": NOW }).to_string();
            bucket.put(&format!("platform/tenants/{tenant}.json"), &row);
        }
        let platform = serde_json::json!({
            "v": 1, "domain": "example.com", "zone_id": ZONE.to_string(), "account_id": "", "kv_namespace_id": "", "worker": "",
        });
        Self { local, bucket, edge: MemoryEdge::default(), platform: serde_json::from_value(platform).unwrap() }
    }

    async fn add(&self, client: &Client, host: &str, tenant: &str) -> Result<Added, DomainError> {
        let (host, tenant): (Host, Slug) = (host.parse().unwrap(), tenant.parse().unwrap());
        add(&self.bucket.store(), client, &self.edge, &self.platform, ZONE, (&host, &tenant), NOW).await
    }

    async fn remove(&self, client: &Client, host: &str) -> Result<String, DomainError> {
        remove(&self.bucket.store(), client, &self.edge, &self.platform, ZONE, &host.parse().unwrap()).await
    }

    fn edge_keys(&self) -> Vec<String> {
        self.edge.values.lock().unwrap().keys().cloned().collect()
    }
}

#[tokio::test]
async fn a_domain_is_live_when_cloudflare_says_so() {
    let place = Place::new().await;
    let client = place.local.client();
    let added = place.add(&client, "www.acme.test", "acme").await.unwrap();
    assert!(added.is_new && !added.stand.live);
    let Publish::Record { name, kind, content, .. } = &added.stand.publish[0] else { panic!("a record") };
    assert_eq!((name.as_str(), *kind, content.as_str()), ("www.acme.test", "CNAME", "customers.example.com"));
    // What else is to be published is what Cloudflare says, word for word.
    let found = client.custom_hostnames(ZONE).list(Some("www.acme.test")).await.unwrap().remove(0);
    let token = found.ownership_verification.unwrap();
    let shown = |wanted: &str| {
        let is_it = |publish: &Publish| matches!(publish, Publish::Record { content, .. } if content == wanted);
        added.stand.publish.iter().any(is_it)
    };
    assert!(shown(&token.value));
    assert_eq!(place.edge_keys(), ["host:www.acme.test"]);
    place.local.set_dns("www.acme.test", "CNAME", "customers.example.com").await;
    let stand = stand(&client, ZONE, &"www.acme.test".parse().unwrap(), "customers.example.com").await.unwrap();
    assert!(stand.live && stand.publish.is_empty(), "{stand:?}");
    let again = place.add(&client, "www.acme.test", "acme").await.unwrap();
    assert!(!again.is_new && again.stand.live, "an active one stays so");
}

#[tokio::test]
async fn a_domain_is_of_one_tenant() {
    let place = Place::new().await;
    let client = place.local.client();
    place.add(&client, "www.acme.test", "acme").await.unwrap();
    let taken = place.add(&client, "WWW.acme.test.", "globex").await.unwrap_err();
    assert!(matches!(&taken, DomainError::Taken { tenant, .. } if tenant == "acme"), "{taken}");
    let own = place.add(&client, "globex.example.com", "acme").await.unwrap_err();
    assert!(matches!(own, DomainError::Own { .. }), "{own}");
    let nobody = place.add(&client, "www.initech.test", "initech").await.unwrap_err();
    assert!(matches!(nobody, DomainError::NoTenant { .. }), "{nobody}");
    let unknown = place.remove(&client, "www.initech.test").await.unwrap_err();
    assert!(matches!(unknown, DomainError::Unknown { .. }), "{unknown}");
    assert_eq!(place.remove(&client, "www.acme.test").await.unwrap(), "acme");
    assert!(client.custom_hostnames(ZONE).list(None).await.unwrap().is_empty());
    assert!(rows(&place.bucket.store(), None).await.unwrap().is_empty() && place.edge_keys().is_empty());
    place.add(&client, "www.acme.test", "globex").await.unwrap();
    let of = |rows: Vec<flarekeep_sites::domain::Row>| rows.into_iter().map(|row| row.tenant).collect::<Vec<_>>();
    assert_eq!(of(rows(&place.bucket.store(), Some(&"globex".parse().unwrap())).await.unwrap()), ["globex"]);
    assert!(rows(&place.bucket.store(), Some(&"acme".parse().unwrap())).await.unwrap().is_empty());
}

#[tokio::test]
async fn cut_at_any_call_the_same_command_goes_on() {
    for death in [Death::BeforeItActs, Death::AfterItActed] {
        for call in 0.. {
            let place = Place::new().await;
            let (dying, calls) = place.local.dying_at(call, death);
            let cut = place.add(&dying, "www.acme.test", "acme").await.is_err();
            place.add(&place.local.client(), "www.acme.test", "acme").await.unwrap();
            assert_eq!(place.local.client().custom_hostnames(ZONE).list(None).await.unwrap().len(), 1);
            assert_eq!(rows(&place.bucket.store(), None).await.unwrap().len(), 1);
            if !cut && calls.load(Ordering::SeqCst) <= call {
                break;
            }
        }
        for call in 0.. {
            let place = Place::new().await;
            place.add(&place.local.client(), "www.acme.test", "acme").await.unwrap();
            let (dying, calls) = place.local.dying_at(call, death);
            match place.remove(&dying, "www.acme.test").await {
                Err(_) => drop(place.remove(&place.local.client(), "www.acme.test").await.unwrap()),
                Ok(_) if calls.load(Ordering::SeqCst) <= call => break,
                Ok(_) => {}
            }
            assert!(place.local.client().custom_hostnames(ZONE).list(None).await.unwrap().is_empty());
            assert!(rows(&place.bucket.store(), None).await.unwrap().is_empty() && place.edge_keys().is_empty());
        }
    }
}
