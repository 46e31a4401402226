//! One question and its answer.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{A, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::names::{self, At};
use super::rdata;
use crate::state::State;
use crate::world::Zone;

/// Chains of CNAMEs are followed this far.
const LONGEST_CHAIN: usize = 8;

/// What is answered to a question.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) code: ResponseCode,
    pub(super) authoritative: bool,
    pub(super) answers: Vec<Record>,
    /// The start of authority that says for how long a name may be taken not to exist.
    pub(super) authority: Option<Record>,
}

/// Answers a question for the Internet class.
pub(super) fn resolve(state: &State, asked: &Name, kind: RecordType) -> Resolved {
    let mut answers = Vec::new();
    let mut owner = asked.clone();
    let first = text(asked);
    let mut current = first.clone();
    loop {
        let at = names::at(state, &current);
        let authoritative = names::zone_of(state, &first).is_some();
        let found = of(&at, &current, &owner, kind);
        if !found.is_empty() {
            answers.extend(found);
            return Resolved { code: ResponseCode::NoError, authoritative, answers, authority: None };
        }
        let alias = alias(&at, kind);
        if let Some((target, ttl)) = alias.filter(|_| answers.len() < LONGEST_CHAIN) {
            let next = text(&target);
            answers.push(Record::from_rdata(owner, ttl, RData::CNAME(CNAME(target.clone()))));
            (owner, current) = (target, next);
            continue;
        }
        // What a chain leads to may lie where nobody here knows: its first part is an answer all the same.
        let foreign = || !answers.is_empty() || state.foreign_dns.is_above_any(&current);
        let known = at.exists || (at.zone.is_none() && foreign());
        let code = if known { ResponseCode::NoError } else { ResponseCode::NXDomain };
        let authority = at.zone.and_then(soa);
        return Resolved { code, authoritative, answers, authority };
    }
}

/// The records of this type at a name, as the edge shows them, under the name that was asked for.
fn of(at: &At, current: &str, owner: &Name, kind: RecordType) -> Vec<Record> {
    let wanted = |own: RecordType| own == kind || kind == RecordType::ANY;
    let record = |ttl, data| Record::from_rdata(owner.clone(), ttl, data);
    let mut found = Vec::new();
    if at.entries.iter().any(|entry| entry.proxied) && wanted(RecordType::A) {
        found.push(record(300, RData::A(A(rdata::EDGE))));
    }
    for entry in at.entries.iter().filter(|entry| !entry.proxied) {
        if rdata::kind(entry).is_some_and(wanted)
            && let Some(data) = rdata::data(entry)
        {
            found.push(record(rdata::ttl(entry), data));
        }
    }
    if at.zone.is_some_and(|zone| zone.name == current) {
        if wanted(RecordType::SOA) {
            found.extend(rdata::soa().map(|data| record(1_800, data)));
        }
        if wanted(RecordType::NS) {
            found.extend(rdata::name_servers().map(|data| record(86_400, data)));
        }
    }
    found
}

/// Where a name leads to, and for how long.
fn alias(at: &At, kind: RecordType) -> Option<(Name, u32)> {
    let entry = at.entries.iter().find(|entry| entry.kind == "CNAME" && !entry.proxied)?;
    let target = rdata::name(entry.content).filter(|_| kind != RecordType::CNAME)?;
    Some((target, rdata::ttl(entry)))
}

fn soa(zone: &Zone) -> Option<Record> {
    Some(Record::from_rdata(rdata::name(&zone.name)?, 1_800, rdata::soa()?))
}

/// A name as the zones hold it: in lower case, without its last dot.
fn text(name: &Name) -> String {
    name.to_lowercase().to_ascii().trim_end_matches('.').to_owned()
}
