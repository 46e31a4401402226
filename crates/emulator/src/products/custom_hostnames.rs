//! Custom hostnames of a zone: what they are, where they stand, and how they come to life.
//!
//! Nothing runs beside the calls: where a hostname stands is computed when somebody looks, from the last time that it was
//! written down and the facts since then. Facts change by writes alone, and [`settle`] writes down what they change.

mod draft;
mod evidence;
mod fallback_origin;
mod filter;
mod lifecycle;
mod names;
mod reach;
mod shown;
mod table;

use flarekeep_catalogue::ZoneId;
use flarekeep_policy::UnixSeconds;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::draft::Draft;
use self::evidence::{Evidence, gather};
use self::filter::Filter;
use self::lifecycle::{Course, HostnameStatus, Rules};
use self::reach::Reach;
use self::shown::shown;
use super::Handler;
use crate::credential::fresh_uuid;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::options::{HostnameChecks, Hostnames, Options};
use crate::state::State;
use crate::text;

pub(crate) use self::table::Table;

pub(super) const OPERATIONS: super::Table = &[
    ("GET /zones/{zone_id}/custom_hostnames", Handler::Read(list)),
    ("POST /zones/{zone_id}/custom_hostnames", Handler::Write(create)),
    ("GET /zones/{zone_id}/custom_hostnames/quota", Handler::Read(quota)),
    ("GET /zones/{zone_id}/custom_hostnames/{custom_hostname_id}", Handler::Read(details)),
    ("PATCH /zones/{zone_id}/custom_hostnames/{custom_hostname_id}", Handler::Write(patch)),
    ("DELETE /zones/{zone_id}/custom_hostnames/{custom_hostname_id}", Handler::Write(delete)),
    ("GET /zones/{zone_id}/custom_hostnames/fallback_origin", Handler::Read(fallback_origin::details)),
    ("PUT /zones/{zone_id}/custom_hostnames/fallback_origin", Handler::Write(fallback_origin::put)),
    ("DELETE /zones/{zone_id}/custom_hostnames/fallback_origin", Handler::Write(fallback_origin::delete)),
];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct CustomHostname {
    id: String,
    #[serde(with = "text")]
    zone: ZoneId,
    draft: Draft,
    ssl_id: String,
    /// What the owner of the hostname must publish in order to prove it.
    ownership: String,
    /// What the owner must publish for the certificate: another value than for the hostname.
    validation: String,
    /// The second such value, of a wildcard certificate.
    wildcard_validation: String,
    created_at: i64,
    course: Course,
}

/// Where a hostname stands now, and why.
struct Standing {
    course: Course,
    evidence: Evidence,
}

/// Writes down where hostnames stand, before a write changes what they depend on: DNS or a fallback origin.
pub(crate) fn settle(before: &State, after: &mut State, now: UnixSeconds, options: &Options) {
    let dns = before.dns_records.is(&after.dns_records) && before.foreign_dns.is(&after.foreign_dns);
    if dns && before.custom_hostnames.0.ptr_eq(&after.custom_hostnames.0) {
        return;
    }
    let reach = if dns { None } else { Reach::of(before, after) };
    let mut settled = Vec::new();
    for (zone, own) in &before.custom_hostnames.0 {
        let Some(new) = after.custom_hostnames.0.get(zone) else { continue };
        let same_origin = own.fallback_origin == new.fallback_origin;
        if dns && same_origin {
            continue;
        }
        for (id, hostname) in &own.hostnames {
            if same_origin && reach.as_ref().is_some_and(|reach| !reach.concerns(hostname.base())) {
                continue;
            }
            // What the write itself changed it has settled.
            if new.hostnames.get(id) != Some(hostname) {
                continue;
            }
            let facts = gather(before, *zone, hostname, &options.hostnames, now.0).facts;
            if gather(after, *zone, hostname, &options.hostnames, now.0).facts != facts {
                let course = hostname.course.advanced(&facts, &rules(&options.hostnames), now.0);
                settled.push((*zone, id.clone(), course));
            }
        }
    }
    for (zone, id, course) in settled {
        if let Some(hostname) = after.custom_hostnames.0.get_mut(&zone).and_then(|own| own.hostnames.get_mut(&id)) {
            hostname.course = course;
        }
    }
}

impl CustomHostname {
    fn standing(&self, call: &Call, state: &State) -> Standing {
        self.standing_at(state, &call.options.hostnames, call.at.0)
    }

    fn standing_at(&self, state: &State, options: &Hostnames, now: i64) -> Standing {
        let evidence = gather(state, self.zone, self, options, now);
        Standing { course: self.course.advanced(&evidence.facts, &rules(options), now), evidence }
    }

    /// Whether it exists still. Most cannot be over yet, so that nothing has to be looked up for them.
    fn is_there(&self, call: &Call, state: &State) -> bool {
        self.course.must_last_until(&rules(&call.options.hostnames), call.at.0)
            || !self.standing(call, state).course.is_over()
    }
}

fn rules(options: &Hostnames) -> Rules {
    Rules::documented(i64::from(options.delay), options.checks == HostnameChecks::Scheduled)
}

fn list(call: &Call, state: &State) -> Outcome {
    let filter = Filter::read(call)?;
    let zone = call.zone.ok_or_else(ApiError::no_route)?;
    let all: Box<dyn Iterator<Item = &CustomHostname>> = match filter.exact() {
        Some(name) => Box::new(state.custom_hostnames.named(zone, name).into_iter()),
        None => Box::new(state.custom_hostnames.in_order(zone)),
    };
    let admitted = all.filter(|hostname| hostname.is_there(call, state) && filter.admits(hostname, call, state));
    let mut hostnames: Vec<&CustomHostname> = admitted.collect();
    if filter.by_status {
        hostnames.sort_by_cached_key(|hostname| shown::word(hostname.standing(call, state).course.ssl));
    }
    if call.descending() {
        hostnames.reverse();
    }
    let page = call.page(20, 5, 1000);
    let (total, skipped) = (hostnames.len(), page.skipped());
    let items = hostnames.into_iter().skip(skipped).take(page.per_page);
    let items: Vec<_> = items.map(|hostname| shown(hostname, &hostname.standing(call, state))).collect();
    let info = json!({
        "page": page.page,
        "per_page": page.per_page,
        "count": items.len(),
        "total_count": total,
        "total_pages": total.div_ceil(page.per_page),
    });
    Ok(Answer::listed(&items.into(), &info))
}

fn create(call: &Call, state: &mut State) -> Outcome {
    let zone = call.zone.ok_or_else(ApiError::no_route)?;
    let draft = Draft::read(call, state)?;
    if let Some(other) = state.custom_hostnames.named(zone, &draft.hostname) {
        if other.is_there(call, state) {
            return Err(ApiError::new(409, 1406, "Duplicate custom hostname found."));
        }
        let over = other.id.clone();
        state.custom_hostnames.remove(zone, &over);
    }
    let options = &call.options.hostnames;
    if options.hard_cap == 0 {
        return Err(ApiError::new(403, 1404, "No quota has been allocated for this zone."));
    }
    if state.custom_hostnames.count(zone) >= options.hard_cap {
        forget_what_is_over(call, zone, state);
    }
    if state.custom_hostnames.count(zone) >= options.hard_cap {
        return Err(ApiError::new(403, 1405, "Quota exceeded."));
    }
    let hostname = CustomHostname {
        id: fresh_uuid(),
        zone,
        draft,
        ssl_id: fresh_uuid(),
        ownership: fresh_uuid(),
        validation: fresh_uuid().replace('-', ""),
        wildcard_validation: fresh_uuid().replace('-', ""),
        created_at: call.at.0,
        course: Course::begin(call.at.0, &rules(options)),
    };
    state.custom_hostnames.put(hostname.clone());
    Ok(Answer::result(&as_written(&hostname, call, state)))
}

fn details(call: &Call, state: &State) -> Outcome {
    let hostname = found(call, state)?;
    Ok(Answer::result(&shown(hostname, &hostname.standing(call, state))))
}

/// Changes what the body names. The same `ssl` once more begins the validation anew.
fn patch(call: &Call, state: &mut State) -> Outcome {
    let mut hostname = found(call, state)?.clone();
    hostname.course = hostname.standing(call, state).course;
    let old = hostname.draft.clone();
    let again = hostname.draft.patch(call, state)?;
    if hostname.course.hostname == HostnameStatus::PendingDeletion {
        let message = "Modifying the custom hostname is not supported. Check your input and try again.";
        return Err(ApiError::new(409, 1439, message));
    }
    let of_certificate = |draft: &Draft| (draft.method.clone(), draft.wildcard, draft.authority.clone());
    if of_certificate(&old) != of_certificate(&hostname.draft) {
        hostname.course.restart(call.at.0);
        hostname.course.validate(call.at.0);
    } else if again {
        hostname.course.restart(call.at.0);
    }
    if old.settings != hostname.draft.settings || old.extra != hostname.draft.extra {
        hostname.course.redeploy(call.at.0);
    }
    state.custom_hostnames.put(hostname.clone());
    Ok(Answer::result(&as_written(&hostname, call, state)))
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let mut hostname = found(call, state)?.clone();
    hostname.course = hostname.standing(call, state).course;
    hostname.course.delete(call.at.0);
    let id = hostname.id.clone();
    if call.options.hostnames.delay == 0 {
        state.custom_hostnames.remove(hostname.zone, &id);
    } else {
        state.custom_hostnames.put(hostname);
    }
    Ok(Answer::result(&json!({"id": id})))
}

fn quota(call: &Call, state: &State) -> Outcome {
    let all = call.zone.into_iter().flat_map(|zone| state.custom_hostnames.in_order(zone));
    let used = all.filter(|hostname| hostname.is_there(call, state)).count();
    let hard_cap = call.options.hostnames.hard_cap;
    let allocated = call.options.custom_hostnames_per_zone.min(hard_cap);
    Ok(Answer::result(&json!({
        "allocated": allocated,
        "used": used,
        "exceeded": used >= allocated,
        "hard_cap": hard_cap,
    })))
}

/// A hostname as a write leaves it: what happens next, even at once, is for the next to look.
fn as_written(hostname: &CustomHostname, call: &Call, state: &State) -> serde_json::Value {
    let evidence = gather(state, hostname.zone, hostname, &call.options.hostnames, call.at.0);
    shown(hostname, &Standing { course: hostname.course.clone(), evidence })
}

/// Frees the places of the hostnames that are over.
fn forget_what_is_over(call: &Call, zone: ZoneId, state: &mut State) {
    let all = state.custom_hostnames.in_order(zone);
    let over = all.filter(|hostname| !hostname.is_there(call, state)).map(|hostname| hostname.id.clone());
    for id in over.collect::<Vec<_>>() {
        state.custom_hostnames.remove(zone, &id);
    }
}

/// A custom hostname as the edge sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Serving {
    pub(crate) zone: ZoneId,
    /// Whether both of its statuses are active: only then is it served.
    pub(crate) active: bool,
    /// Null where it has none.
    pub(crate) metadata: Value,
}

/// The custom hostname that a host is, or else the wildcard that it is one label below. That a hostname with a wildcard
/// certificate takes the traffic too is inferred from Cloudflare's page on the priority of hostnames.
///
/// An active one goes before those that are not; of several active ones in different zones the one that became so last,
/// as Cloudflare moves a hostname to the zone that it was proven for last.
pub(crate) fn serving(state: &State, host: &str, options: &Options, now: UnixSeconds) -> Option<Serving> {
    let table = &state.custom_hostnames;
    let above = host.split_once('.').map(|(_, above)| above);
    let below = above.into_iter().flat_map(|above| {
        let certified = table.everywhere(above).filter(|hostname| hostname.draft.wildcard);
        table.everywhere(&format!("*.{above}")).chain(certified).collect::<Vec<_>>()
    });
    let mut inactive = None;
    for named in [table.everywhere(host).collect(), below.collect::<Vec<_>>()] {
        let standing = named.into_iter().map(|one| (one, one.standing_at(state, &options.hostnames, now.0).course));
        let there = standing.filter(|(_, course)| !course.is_over());
        let best = there.max_by_key(|(_, course)| (course.is_serving(), course.hostname_since));
        let Some((hostname, course)) = best else { continue };
        let metadata = hostname.draft.extra.get("custom_metadata").cloned().unwrap_or_default();
        let serving = Serving { zone: hostname.zone, active: course.is_serving(), metadata };
        if serving.active {
            return Some(serving);
        }
        inactive.get_or_insert(serving);
    }
    inactive
}

fn found<'a>(call: &Call, state: &'a State) -> Result<&'a CustomHostname, ApiError> {
    let id = call.parameter("custom_hostname_id").to_ascii_lowercase();
    let hostname = call.zone.and_then(|zone| state.custom_hostnames.get(zone, &id));
    hostname
        .filter(|hostname| hostname.is_there(call, state))
        .ok_or_else(|| ApiError::new(404, 1436, "The custom hostname was not found."))
}

#[cfg(test)]
pub(crate) mod tests;
