//! How a domain stands, and what its owner has to publish: in Cloudflare's own words, never invented.

use flarekeep_catalogue::ZoneId;
use flarekeep_cloudflare::{Client, CustomHostname};

use super::{DomainError, Host};
use crate::infrastructure::Smoke;

/// Something that the domain's owner publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publish {
    /// A DNS record: what leads visitors here, or proves whose the domain is.
    Record {
        /// What it is for.
        purpose: &'static str,
        /// Its name.
        name: String,
        /// `CNAME` or `TXT`.
        kind: &'static str,
        /// Its content.
        content: String,
    },
    /// A file on the domain's present web server.
    File {
        /// What it is for.
        purpose: &'static str,
        /// Where it is looked for.
        url: String,
        /// What it must hold.
        body: String,
    },
}

/// How a domain stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stand {
    /// The custom hostname's id; `None` where there is none.
    pub id: Option<String>,
    /// Its status, as Cloudflare says it.
    pub status: String,
    /// That of its certificate.
    pub ssl: String,
    /// Why it is not further, as Cloudflare says it.
    pub errors: Vec<String>,
    /// What its owner has to publish, as long as it is not live.
    pub publish: Vec<Publish>,
    /// Both statuses are active, so that the domain was proved and has its certificate, and nobody else was met at it.
    pub live: bool,
    /// Who answers at the domain: a proof by a TXT record alone makes a hostname active whose DNS still leads elsewhere.
    pub met: Met,
}

/// Who answers a visitor of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Met {
    /// Nobody asked.
    NotAsked,
    /// The platform's router.
    Router,
    /// Something else.
    Another {
        /// The HTTP status.
        status: u16,
    },
    /// Nobody, as far as this machine can tell: why, in words.
    Nobody {
        /// Why.
        why: String,
    },
}

impl Stand {
    /// The same, where whoever visits `host` gets this answer. One of something else shows that its DNS does not lead here.
    #[must_use]
    pub fn answered(self, answer: Smoke, host: &Host, target: &str) -> Self {
        match answer {
            // Its own refusals are the router's, too: of a tenant that is suspended, say.
            Smoke::Router | Smoke::Failing { .. } => Self { met: Met::Router, ..self },
            Smoke::Nothing { why } => Self { met: Met::Nobody { why }, ..self },
            Smoke::Another { status } => {
                Self { met: Met::Another { status }, live: false, publish: vec![leads_here(host, target)], ..self }
            }
        }
    }
}

/// How a domain stands at Cloudflare now.
///
/// # Errors
/// Any error of a call.
pub async fn stand(client: &Client, zone: ZoneId, host: &Host, target: &str) -> Result<Stand, DomainError> {
    let found = client.custom_hostnames(zone).list(Some(host.as_str())).await?;
    Ok(stand_of(found.first(), host, target))
}

/// How a custom hostname stands. `target` is where customers' domains point to.
#[must_use]
pub fn stand_of(found: Option<&CustomHostname>, host: &Host, target: &str) -> Stand {
    let Some(found) = found else {
        let (status, ssl) = ("missing".to_owned(), "missing".to_owned());
        return Stand {
            id: None,
            status,
            ssl,
            errors: Vec::new(),
            publish: Vec::new(),
            live: false,
            met: Met::NotAsked,
        };
    };
    let ssl = found.ssl.as_ref();
    let status = |status: Option<&String>| status.cloned().unwrap_or_else(|| "not known".to_owned());
    let live = found.is_live();
    Stand {
        id: Some(found.id.clone()),
        status: status(found.status.as_ref()),
        ssl: status(ssl.and_then(|ssl| ssl.status.as_ref())),
        errors: found.verification_errors.clone(),
        publish: if live { Vec::new() } else { to_publish(found, host, target) },
        live,
        met: Met::NotAsked,
    }
}

fn leads_here(host: &Host, target: &str) -> Publish {
    Publish::Record { purpose: "visitors", name: host.to_string(), kind: "CNAME", content: target.to_owned() }
}

fn to_publish(found: &CustomHostname, host: &Host, target: &str) -> Vec<Publish> {
    let is_active = found.status.as_deref() == Some("active");
    let ownership = found.ownership_verification.as_ref().filter(|_| !is_active).map(|record| Publish::Record {
        purpose: "ownership, before the CNAME is there",
        name: record.name.clone(),
        kind: "TXT",
        content: record.value.clone(),
    });
    let ssl = found.ssl.as_ref().filter(|ssl| ssl.status.as_deref() != Some("active"));
    let certificate = ssl.into_iter().flat_map(|ssl| &ssl.validation_records).flat_map(|record| {
        let txt = record.txt_name.clone().zip(record.txt_value.clone()).map(|(name, content)| Publish::Record {
            purpose: "certificate",
            name,
            kind: "TXT",
            content,
        });
        let file = record.http_url.clone().zip(record.http_body.clone()).map(|(url, body)| Publish::File {
            purpose: "certificate, before the CNAME is there",
            url,
            body,
        });
        txt.into_iter().chain(file)
    });
    std::iter::once(leads_here(host, target)).chain(ownership).chain(certificate).collect()
}
