//! `unexercised-grants`.

use flarekeep_audit::{Confidence, Severity, World, audit};
use serde_json::{Value, json};

use crate::common::{
    ACCOUNT, ZONE, account_policy, found_used, none, of_rule, only, settings, token, usage, world, zone_policy,
};

fn fields() -> Value {
    json!({"policies": [zone_policy(&["DNS Write", "Cache Purge"]), zone_policy(&["Zone Settings Read"])]})
}

#[test]
fn what_a_recording_does_not_show_is_found_with_the_narrower_plan() {
    let found = only(found_used("unexercised-grants", fields(), usage(&["POST /zones/{zone_id}/dns_records"], true)));
    assert_eq!(found.summary, "2 of its grants were used by nothing in the recording");
    assert!(found.details[0].contains("Cache Purge at zone example.com"), "{found:?}");
    let command = found.mends[0].command.as_deref().unwrap();
    assert!(
        command.contains("--operation 'POST /zones/{zone_id}/dns_records'") && command.ends_with(ZONE),
        "{command}"
    );
}

#[test]
fn the_narrower_plan_stands_in_the_reach() {
    let world = World { usage: Some(usage(&["POST /zones/{zone_id}/dns_records"], true)), ..world(&[token(fields())]) };
    let audit = audit(&world, &settings());
    let narrower = audit.tokens[0].reach.narrower.as_ref().unwrap();
    assert!(narrower.plan.as_ref().unwrap().certificate.optimal);
    assert!(narrower.score < audit.tokens[0].reach.score && narrower.lost_writes > 0);
    let names: Vec<_> =
        narrower.policies.iter().flat_map(flarekeep_policy::Policy::known_groups).map(|group| group.name).collect();
    assert_eq!(names, ["DNS Write"]);
}

#[test]
fn audit_logs_say_nothing_of_reads() {
    let found = only(found_used("unexercised-grants", fields(), usage(&["POST /zones/{zone_id}/dns_records"], false)));
    assert_eq!(found.summary, "one of its grants was used by nothing in audit logs that cover 80 days");
    assert!(!found.details[0].contains("Zone Settings Read"), "{found:?}");
}

#[test]
fn what_is_used_and_what_nobody_looked_at_is_not() {
    none("unexercised-grants", fields());
    let all = ["POST /zones/{zone_id}/dns_records"];
    assert!(found_used("unexercised-grants", json!({}), usage(&all, true)).is_empty());
    // A call that nobody knows may need anything.
    let mut unknown = usage(&all, true);
    unknown.tokens.values_mut().for_each(|seen| seen.unknown = 1);
    assert!(found_used("unexercised-grants", fields(), unknown).is_empty());
}

/// A group that may change something reads, too: in its place comes the one for reading.
#[test]
fn audit_logs_take_no_read_away() {
    let groups = ["DNS Write", "Zone Settings Write", "Page Rules Write", "SSL and Certificates Write"];
    let fields = json!({"policies": [zone_policy(&groups)]});
    let used = usage(&["POST /zones/{zone_id}/dns_records"], false);
    let world = World { usage: Some(used), ..world(&[token(fields)]) };
    let audit = audit(&world, &settings());
    let narrower = audit.tokens[0].reach.narrower.as_ref().unwrap();
    assert_eq!(narrower.lost_reads, 0);
    assert!(narrower.lost_writes > 20, "{}", narrower.lost_writes);
    let names: Vec<_> =
        narrower.policies.iter().flat_map(flarekeep_policy::Policy::known_groups).map(|group| group.name).collect();
    // Zone Settings Read opens one read that Zone Settings Write does not: nothing may be gained, so that stays.
    assert_eq!(names, ["DNS Write", "Page Rules Read", "SSL and Certificates Read", "Zone Settings Write"]);
    assert_eq!(narrower.lost.iter().map(|lost| lost.writes).sum::<usize>(), narrower.lost_writes);
    let found = only(of_rule("unexercised-grants", audit));
    assert!(found.details.iter().any(|line| line.starts_with("narrowed, it would lose ")), "{found:?}");
}

#[test]
fn no_group_of_the_catalogue_loses_a_read_to_audit_logs() {
    let mut narrowed = 0;
    for group in flarekeep_catalogue::groups() {
        let Some(id) = group.id else { continue };
        let mut policy = match group.scope {
            flarekeep_catalogue::Scope::Zone => zone_policy(&["DNS Write"]),
            flarekeep_catalogue::Scope::Account => account_policy(&[]),
            _ => continue,
        };
        policy["permission_groups"] = json!([{"id": id.to_string()}]);
        let fields = json!({"policies": [zone_policy(&["DNS Write"]), policy]});
        let used = usage(&["POST /zones/{zone_id}/dns_records"], false);
        let audit = audit(&World { usage: Some(used), ..world(&[token(fields)]) }, &settings());
        if let Some(narrower) = &audit.tokens[0].reach.narrower {
            assert_eq!(narrower.lost_reads, 0, "{}", group.name);
            narrowed += 1;
        }
    }
    assert!(narrowed > 60, "{narrowed}");
}

#[test]
fn logs_with_a_gap_cover_little() {
    let mut used = usage(&["POST /zones/{zone_id}/dns_records"], false);
    used.periods.clear();
    for day in ["2026-01-01T00:00:00Z", "2026-11-20T00:00:00Z"] {
        used.cover(ACCOUNT.parse().ok(), day.parse().unwrap(), day.parse().unwrap());
    }
    let found = only(found_used("unexercised-grants", fields(), used));
    assert!(found.summary.ends_with("in audit logs that cover 0 days"), "{}", found.summary);
    assert_eq!((found.confidence, found.severity), (Confidence::Low, Severity::Low));
}
