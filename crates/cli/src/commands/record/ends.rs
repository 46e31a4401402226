//! How the calls of a recording ended: each operation at each place, however often it was called.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::harmless_path;
use flarekeep_planner::source::calls::{Call, Located, locate_call};

use crate::output::plain;

/// The ends of calls, each a status; none is a call that got no answer.
type Statuses = BTreeSet<Option<u16>>;

/// What is called, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Called {
    /// The operation; the method and the path where no known one answers.
    pub(super) operation: String,
    /// `at zone 0123…`; empty where the call names no place.
    pub(super) place: String,
}

/// What was called, and how it ended.
#[derive(Debug, Default)]
pub(super) struct Ends(BTreeMap<Called, Statuses>);

impl Ends {
    /// Takes a call. What leads to others than Cloudflare is passed over, as in a plan.
    pub(super) fn take(&mut self, call: &Call<'_>) {
        let Some(located) = locate_call(call.operation, call.method, call.target) else { return };
        let operation = call.operation.or(located.operations.first().copied());
        let operation = operation.map_or_else(
            || format!("{} {}", plain(call.method), plain(&harmless_path(&located.path))),
            ToString::to_string,
        );
        let statuses = self.0.entry(Called { operation, place: place(&located) }).or_default();
        statuses.insert(call.status);
        // What a retry mended is no end of its own.
        if statuses.iter().any(|status| !is_passing(*status)) {
            statuses.retain(|status| !is_passing(*status));
        }
    }

    pub(super) fn calls(&self) -> impl Iterator<Item = &Called> {
        self.0.keys()
    }

    /// How a call ended; none where it was not made.
    pub(super) fn of(&self, called: &Called) -> Option<&Statuses> {
        self.0.get(called)
    }
}

/// The ends in words.
pub(super) fn in_words(statuses: Option<&Statuses>) -> String {
    let word = |status: &Option<u16>| status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    statuses.into_iter().flatten().map(word).collect::<Vec<_>>().join(", ")
}

/// Whether the same call may end otherwise a moment later: it got no answer, came too often, or met a fault of the server.
fn is_passing(status: Option<u16>) -> bool {
    status.is_none_or(|status| status == 429 || status >= 500)
}

fn place(located: &Located) -> String {
    match located {
        Located { bucket: Some(bucket), .. } if bucket.jurisdiction == "default" => {
            format!("at bucket {}", bucket.name)
        }
        Located { bucket: Some(bucket), .. } => format!("at bucket {}/{}", bucket.jurisdiction, bucket.name),
        Located { zone: Some(zone), .. } => format!("at zone {zone}"),
        Located { account: Some(account), .. } => format!("at account {account}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn ends(calls: &[(&str, &str, Option<u16>)]) -> Vec<String> {
        let mut ends = Ends::default();
        for (method, target, status) in calls {
            ends.take(&Call { method, target, status: *status, ..Call::default() });
        }
        let row = |call: &Called| format!("{} {} {}", call.operation, call.place, in_words(ends.of(call)));
        ends.calls().map(row).collect()
    }

    #[test]
    fn an_operation_at_a_place_is_one_however_often_it_is_called() {
        let (records, other) = (format!("/zones/{ID}/dns_records"), format!("/zones/{}/dns_records", "f".repeat(32)));
        let all = ends(&[
            ("GET", &records, Some(200)),
            ("GET", &format!("{records}?page=2"), Some(403)),
            ("GET", &other, Some(200)),
            ("PUT", &format!("https://{ID}.eu.r2.cloudflarestorage.com/media/a"), Some(200)),
            ("GET", "https://example.com/zones", Some(200)),
            ("GET", &format!("/accounts/{ID}/no/such/thing"), None),
        ]);
        let wanted = [
            format!("GET /accounts/{ID}/no/such/thing  no answer"),
            format!("GET /zones/{{zone_id}}/dns_records at zone {ID} 200, 403"),
            format!("GET /zones/{{zone_id}}/dns_records at zone {} 200", "f".repeat(32)),
            "PUT s3://{bucket_name}/{object_key} at bucket eu/media 200".to_owned(),
        ];
        assert_eq!(all, wanted);
    }

    #[test]
    fn what_a_retry_mended_is_no_end() {
        let statuses = |all: &[Option<u16>]| {
            ends(&all.iter().map(|status| ("GET", "/zones", *status)).collect::<Vec<_>>()).concat()
        };
        for mended in [&[Some(429), None, Some(200)][..], &[Some(200), Some(503)], &[Some(200)]] {
            assert_eq!(statuses(mended), "GET /zones  200");
        }
        assert_eq!(statuses(&[None, Some(503)]), "GET /zones  no answer, 503");
    }
}
