//! Probes: for an operation, one request that shows whether a token may call it, and changes nothing.
//!
//! A reading operation without an item in its path is its own probe, but for those that act. All others are in `catalogue/probes.toml`: each
//! request passes authorisation and must then fail, because a body is invalid or an id does not exist.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::tables;

/// A request that cannot succeed once it is authorised: if it writes, it changes nothing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The operation, as `METHOD /template`.
    pub operation: String,
    /// Values for the path's parameters beyond the account and the zone. `{random}` stands for fresh hex digits, `{uuid}`
    /// for the same as a UUID.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// The query, without its question mark.
    #[serde(default)]
    pub query: String,
    /// The body; empty for none.
    #[serde(default)]
    pub body: String,
    /// The body's media type.
    #[serde(default = "json")]
    pub content_type: String,
    /// The error codes that only an authorised caller can get.
    pub authorised: Vec<i64>,
    /// The codes that refuse here, beside those that refuse everywhere.
    #[serde(default)]
    pub refused: Vec<i64>,
    /// Why the request can change nothing.
    pub safe: String,
    /// How the codes are known.
    pub confidence: ProbeConfidence,
}

/// How the codes of a probe are known. A code that is wrong makes a test *unproven*, never *pass*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProbeConfidence {
    /// Cloudflare documents them for this kind of call.
    Documented,
    /// Others saw them, in public.
    Observed,
    /// They are those of neighbours: the local Cloudflare answers so, and nobody is known to have seen it.
    Inferred,
}

impl ProbeConfidence {
    /// The word that is shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Observed => "observed",
            Self::Inferred => "inferred",
        }
    }
}

impl Probe {
    /// The body, with `{account_id}` filled in and a fresh value of `random` for each `{random}` and `{uuid}`.
    #[must_use]
    pub fn body_with(&self, account: &str, random: impl FnMut() -> u128) -> String {
        filled(&self.body.replace("{account_id}", account), random)
    }

    /// A parameter's value, likewise.
    #[must_use]
    pub fn parameter(&self, name: &str, random: impl FnMut() -> u128) -> Option<String> {
        self.parameters.get(name).map(|value| filled(value, random))
    }
}

/// `{random}` as 32 hexadecimal digits and `{uuid}` as a UUID (version 4), each of a number of its own.
fn filled(text: &str, mut random: impl FnMut() -> u128) -> String {
    let mut text = text.to_owned();
    while text.contains("{random}") {
        text = text.replacen("{random}", &format!("{:032x}", random()), 1);
    }
    while text.contains("{uuid}") {
        let digits = format!("{:032x}", random() & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62);
        let mut uuid = String::with_capacity(36);
        for (at, digit) in digits.chars().enumerate() {
            if matches!(at, 8 | 12 | 16 | 20) {
                uuid.push('-');
            }
            uuid.push(digit);
        }
        text = text.replacen("{uuid}", &uuid, 1);
    }
    text
}

fn json() -> String {
    "application/json".to_owned()
}

/// A GET that does something.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActingRead {
    /// The operation, as `METHOD /template`.
    pub operation: String,
    /// What it does.
    pub does: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    probe: Vec<Probe>,
    acts: Vec<ActingRead>,
}

/// All probes of the catalogue.
///
/// # Errors
/// The table is part of the program; an error in it is a defect, which its test finds.
pub fn probes() -> Result<Vec<Probe>, toml::de::Error> {
    toml::from_str(tables::probes()).map(|table: Table| table.probe)
}

/// The GETs that do something, and are therefore not tried.
///
/// # Errors
/// As of [`probes`].
pub fn acting_reads() -> Result<Vec<ActingRead>, toml::de::Error> {
    toml::from_str(tables::probes()).map(|table: Table| table.acts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;

    /// A write to a thing that is there already needs a body that cannot be stored: of the wrong type, or empty where
    /// something must be named. A value that is merely odd might be taken.
    const ON_WHAT_IS_THERE: [(&str, &str); 8] = [
        ("PUT /zones/{zone_id}/custom_hostnames/fallback_origin", r#"{"origin":[]}"#),
        ("PUT /accounts/{account_id}/workers/subdomain", r#"{"subdomain":[]}"#),
        ("PATCH /zones/{zone_id}", r#"{"type":"flarekeep-probe"}"#),
        ("PATCH /zones/{zone_id}/settings", "{}"),
        ("PATCH /zones/{zone_id}/settings/fonts", r#"{"value":[]}"#),
        ("PATCH /zones/{zone_id}/settings/speed_brain", r#"{"value":[]}"#),
        ("PATCH /zones/{zone_id}/settings/origin_h2_max_streams", r#"{"value":[]}"#),
        ("PATCH /zones/{zone_id}/settings/origin_max_http_version", r#"{"value":[]}"#),
    ];

    /// What refuses everywhere, or comes before authorisation: none of these proves that a caller is authorised.
    const NO_PROOF: [i64; 15] =
        [1000, 1001, 6003, 6111, 7000, 7001, 7003, 7403, 9103, 9106, 9107, 9109, 10000, 10001, 10405];

    #[test]
    fn no_probe_writes_to_what_may_be_there() {
        for probe in probes().unwrap() {
            let operation = crate::operation(&probe.operation).unwrap();
            let fresh = |value: &String| value.contains("{random}") || value.contains("{uuid}");
            let absent = probe.parameters.values().any(fresh);
            let names_absent = operation.method == Method::Put && fresh(&probe.body);
            let reviewed = ON_WHAT_IS_THERE.contains(&(probe.operation.as_str(), probe.body.as_str()));
            let reads = !operation.mutates();
            let invalid = operation.method == Method::Post && !probe.body.is_empty();
            assert!(
                reads || absent || names_absent || reviewed || invalid,
                "{} names nothing that cannot be there",
                probe.operation
            );
            assert!(operation.method != Method::Delete || absent, "{} may remove something", probe.operation);
        }
    }

    #[test]
    fn every_probe_is_for_a_known_operation_and_fills_its_path() {
        let table: Table = toml::from_str(tables::probes()).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for probe in &table.probe {
            let operation = crate::operation(&probe.operation).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(operation.to_string(), probe.operation);
            assert!(seen.insert(&probe.operation), "{operation} stands there twice");
            assert!(!probe.authorised.is_empty(), "{operation} has no answer that proves anything");
            let vague = |code: &&i64| NO_PROOF.contains(code) || probe.refused.contains(code);
            assert_eq!(probe.authorised.iter().find(vague), None, "{operation}: this code proves nothing");
            assert!(!probe.safe.is_empty(), "{operation}: why is it safe?");
            let parameters = operation.path().split('/').filter_map(|segment| segment.strip_prefix('{'));
            for parameter in parameters.map(|name| name.trim_end_matches('}')) {
                let known = matches!(parameter, "account_id" | "zone_id") || probe.parameters.contains_key(parameter);
                assert!(known, "{operation} leaves `{parameter}` open");
            }
        }
    }

    #[test]
    fn reads_that_act_have_no_probe() {
        let acting = acting_reads().unwrap();
        assert!(!acting.is_empty());
        for act in &acting {
            let operation = crate::operation(&act.operation).unwrap();
            assert!(operation.method == Method::Get && operation.to_string() == act.operation, "{operation}");
            assert!(probes().unwrap().iter().all(|probe| probe.operation != act.operation), "{operation}");
        }
    }

    #[test]
    fn the_table_holds_many_writes() {
        let all = probes().unwrap();
        let writes = all.iter().filter(|probe| crate::operation(&probe.operation).unwrap().mutates()).count();
        assert!(all.len() >= 150 && writes >= 100, "{} probes, {writes} of writes", all.len());
    }

    #[test]
    fn what_stands_for_an_id_is_fresh_each_time() {
        let mut next = 0xabc_u128;
        let shown = filled("{random}/{uuid}/{random}", || {
            next += 1;
            next
        });
        let zeros = "0".repeat(29);
        assert_eq!(shown, format!("{zeros}abd/00000000-0000-4000-8000-000000000abf/{zeros}abe"));
    }
}
