//! Custom domains: hostnames of the account's zones that a Worker answers.

pub(in crate::products) mod of_script;

use flarekeep_catalogue::{AccountId, ZoneId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{account, exists, missing, not_json};
use crate::credential::{fresh_id, fresh_uuid};
use crate::http::{Answer, ApiError, Call, Outcome, is_hostname};
use crate::products::{Handler, owner, text as member};
use crate::state::rows::{self, BadRow, Changes, Rows, leaf};
use crate::state::{Map, Owned, State};
use crate::world::Zone;

pub(in crate::products) const OPERATIONS: crate::products::Table = &[
    ("GET /accounts/{account_id}/workers/domains", Handler::Read(list)),
    ("PUT /accounts/{account_id}/workers/domains", Handler::Write(put)),
    ("GET /accounts/{account_id}/workers/domains/{domain_id}", Handler::Read(details)),
    ("GET /accounts/{account_id}/workers/domains/records", Handler::Read(records)),
    ("GET /accounts/{account_id}/workers/domains/records/{domain_id}", Handler::Read(record_details)),
    ("DELETE /accounts/{account_id}/workers/domains/{domain_id}", Handler::Write(delete)),
];

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Domain {
    hostname: String,
    service: String,
    environment: String,
    zone_id: String,
    zone_name: String,
    cert_id: String,
    /// Whether it answers visitors.
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    previews_enabled: bool,
}

fn yes() -> bool {
    true
}

/// Custom domains by account and id, and by hostname. Only the former are saved.
#[derive(Debug, Clone, Default)]
pub(super) struct Domains {
    all: Owned<Domain>,
    /// Ids by account and hostname: each request at the edge looks its host up.
    names: Map<(String, String), String>,
}

leaf!(Domain);

/// The Worker that answers a custom domain.
pub(crate) fn service<'a>(state: &'a State, account: AccountId, hostname: &str) -> Option<&'a str> {
    let domain = state.workers_account.domains.named(&account.to_string(), hostname);
    domain.filter(|(_, domain)| domain.enabled).map(|(_, domain)| domain.service.as_str())
}

impl Domains {
    fn of(&self, owner: &str) -> Option<&Map<String, Domain>> {
        self.all.get(owner)
    }

    fn named(&self, owner: &str, hostname: &str) -> Option<(&str, &Domain)> {
        let id = self.names.get(&(owner.to_owned(), hostname.to_owned()))?;
        Some((id, self.all.get(owner)?.get(id)?))
    }

    fn put(&mut self, owner: &str, id: String, domain: Domain) {
        self.remove(owner, &id);
        self.names.insert((owner.to_owned(), domain.hostname.clone()), id.clone());
        self.all.entry(owner.to_owned()).or_default().insert(id, domain);
    }

    fn remove(&mut self, owner: &str, id: &str) -> Option<Domain> {
        let domain = self.all.get_mut(owner)?.remove(id)?;
        let named = (owner.to_owned(), domain.hostname.clone());
        // Another may have taken the name, where rows come in the order of ids.
        if self.names.get(&named).is_some_and(|other| other == id) {
            self.names.remove(&named);
        }
        Some(domain)
    }

    fn remove_where(&mut self, owner: &str, goes: impl Fn(&Domain) -> bool) {
        let all = self.all.get(owner).into_iter().flatten();
        let gone: Vec<String> = all.filter(|(_, domain)| goes(domain)).map(|(id, _)| id.clone()).collect();
        for id in gone {
            self.remove(owner, &id);
        }
    }

    /// Removes the domains of a zone that is removed.
    pub(super) fn forget_zone(&mut self, zone: ZoneId) {
        let zone = zone.to_string();
        for owner in self.all.keys().cloned().collect::<Vec<_>>() {
            self.remove_where(&owner, |domain| domain.zone_id == zone);
        }
    }
}

/// The rows of the domains by id.
impl Rows for Domains {
    fn compare(old: Option<&Self>, new: &Self, changes: &mut Changes) {
        Rows::compare(old.map(|old| &old.all), &new.all, changes);
    }

    fn apply(slot: &mut Option<Self>, place: &[String], row: Option<Value>) -> Result<(), BadRow> {
        let Some((owner, rest)) = place.split_first() else {
            *slot = None;
            return Ok(());
        };
        let domains = slot.get_or_insert_default();
        match rest {
            [] if row.is_none() => domains.remove_where(owner, |_| true),
            [] => return Err(BadRow::nowhere(place)),
            [id, rest @ ..] => match rows::read::<Domain>(rest, row)? {
                Some(domain) => domains.put(owner, id.clone(), domain),
                None => drop(domains.remove(owner, id)),
            },
        }
        Ok(())
    }
}

fn list(call: &Call, state: &State) -> Outcome {
    listed(call, state, shown)
}

/// The older list, which wrangler reads beside what the schema has.
fn records(call: &Call, state: &State) -> Outcome {
    listed(call, state, record)
}

fn listed(call: &Call, state: &State, shown: fn(&str, &Domain) -> Value) -> Outcome {
    let domains = state.workers_account.domains.of(&owner(call)?).into_iter().flatten();
    let asked = |name: &str, value: &str| call.query(name).is_none_or(|asked| asked == value);
    let domains = domains.filter(|(_, domain)| {
        asked("hostname", &domain.hostname)
            && asked("service", &domain.service)
            && asked("zone_id", &domain.zone_id)
            && asked("zone_name", &domain.zone_name)
            && asked("environment", &domain.environment)
    });
    Ok(Answer::page(domains.map(|(id, domain)| shown(id, domain)).collect(), call.page(100, 1, 1000)))
}

/// Attaches a hostname to a Worker; one that another Worker has is in use.
fn put(call: &Call, state: &mut State) -> Outcome {
    let (owner, account) = (owner(call)?, account(call)?);
    let body = call.object().ok_or_else(not_json)?;
    let field = |name: &str| member(&body, name).unwrap_or_default().to_owned();
    let (hostname, service) = (field("hostname").to_ascii_lowercase(), field("service"));
    let zone = zone(state, account, &hostname, (&field("zone_id"), &field("zone_name")))?;
    if !exists(state, account, &service) {
        return Err(missing());
    }
    let environment = member(&body, "environment").unwrap_or("production").to_owned();
    let (zone_id, zone_name) = (zone.id.to_string(), zone.name.clone());
    let domains = &mut state.workers_account.domains;
    let there = domains.named(&owner, &hostname);
    let (id, there) = match there {
        Some((_, domain)) if domain.service != service => {
            return Err(in_use());
        }
        Some((id, domain)) => (id.to_owned(), domain.clone()),
        None => {
            let cert_id = fresh_uuid();
            let new = Domain { cert_id, enabled: true, ..Domain::default() };
            (format!("{:032x}", fresh_id()), new)
        }
    };
    let domain = Domain { hostname, service, environment, zone_id, zone_name, ..there };
    let answer = Answer::result(&shown(&id, &domain));
    domains.put(&owner, id, domain);
    Ok(answer)
}

/// The account's zone that a hostname lies in: the one that is named by id or name, else the nearest.
fn zone<'a>(
    state: &'a State,
    account: AccountId,
    hostname: &str,
    (id, name): (&str, &str),
) -> Result<&'a Zone, ApiError> {
    let within = |zone: &str| hostname == zone || hostname.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'));
    let fits = state.world.zones.iter().filter(|zone| {
        let named = (id.is_empty() || zone.id.to_string() == id) && (name.is_empty() || zone.name == name);
        zone.account == account && within(&zone.name) && named
    });
    let zone = fits.max_by_key(|zone| zone.name.len()).filter(|_| is_hostname(hostname));
    // As people have seen it (cloudflare/workers-sdk#2906); its status is not told.
    let missing = || ApiError::new(400, 10083, format!("workers.api.error.zone_not_found for \"{hostname}\""));
    zone.ok_or_else(missing)
}

fn details(call: &Call, state: &State) -> Outcome {
    one(call, state, shown)
}

fn record_details(call: &Call, state: &State) -> Outcome {
    one(call, state, record)
}

fn one(call: &Call, state: &State, shown: fn(&str, &Domain) -> Value) -> Outcome {
    let id = call.parameter("domain_id");
    let domain = state.workers_account.domains.of(&owner(call)?).and_then(|domains| domains.get(id));
    domain.map(|domain| Answer::result(&shown(id, domain))).ok_or_else(no_domain)
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let domains = &mut state.workers_account.domains;
    domains.remove(&owner(call)?, call.parameter("domain_id")).ok_or_else(no_domain)?;
    Ok(Answer::result(&Value::Null))
}

/// Lets go of the domains of a Worker that is deleted.
pub(super) fn forget(owner: &str, service: &str, state: &mut State) {
    state.workers_account.domains.remove_where(owner, |domain| domain.service == service);
}

fn shown(id: &str, domain: &Domain) -> Value {
    json!({
        "id": id,
        "hostname": domain.hostname,
        "service": domain.service,
        "environment": domain.environment,
        "zone_id": domain.zone_id,
        "zone_name": domain.zone_name,
        "cert_id": domain.cert_id,
    })
}

/// As the older calls show it: with what of it is on.
fn record(id: &str, domain: &Domain) -> Value {
    let mut shown = shown(id, domain);
    if let Some(object) = shown.as_object_mut() {
        object.insert("enabled".to_owned(), domain.enabled.into());
        object.insert("previews_enabled".to_owned(), domain.previews_enabled.into());
    }
    shown
}

fn in_use() -> ApiError {
    ApiError::new(409, 100_116, "the hostname is in use by another Worker")
}

fn no_domain() -> ApiError {
    ApiError::new(404, 100_114, "the custom domain was not found")
}
