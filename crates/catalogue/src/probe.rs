//! Probes: for an operation, one request that shows whether a token may call it, and changes nothing.
//!
//! A reading operation without an item in its path is its own probe. All others are in `catalogue/probes.toml`: each
//! request passes authorisation and must then fail, because a body is invalid or an id does not exist.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::tables;

/// A request that cannot succeed once it is authorised.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The operation, as `METHOD /template`.
    pub operation: String,
    /// Values for the path's parameters beyond the account and the zone. `{random}` stands for fresh hex digits.
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
    /// Why the request can change nothing.
    pub safe: String,
}

fn json() -> String {
    "application/json".to_owned()
}

#[derive(Deserialize)]
struct Table {
    probe: Vec<Probe>,
}

/// All probes of the catalogue.
///
/// # Errors
/// The table is part of the program; an error in it is a defect, which its test finds.
pub fn probes() -> Result<Vec<Probe>, toml::de::Error> {
    toml::from_str(tables::probes()).map(|table: Table| table.probe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;

    /// A write to a thing that is there already needs a body of the wrong type: a value that is merely odd might be taken.
    const ON_WHAT_IS_THERE: [(&str, &str); 1] =
        [("PUT /zones/{zone_id}/custom_hostnames/fallback_origin", r#"{"origin":[]}"#)];

    #[test]
    fn no_probe_writes_to_what_may_be_there() {
        for probe in probes().unwrap() {
            let method = crate::operation(&probe.operation).unwrap().method;
            let random = probe.parameters.values().any(|value| value.contains("{random}"));
            let reviewed = ON_WHAT_IS_THERE.contains(&(probe.operation.as_str(), probe.body.as_str()));
            let creates = matches!(method, Method::Get | Method::Post);
            assert!(creates || random || reviewed, "{} names nothing that cannot be there", probe.operation);
        }
    }

    #[test]
    fn every_probe_is_for_a_known_operation_and_fills_its_path() {
        let table: Table = toml::from_str(tables::probes()).unwrap();
        for probe in &table.probe {
            let operation = crate::operation(&probe.operation).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(operation.to_string(), probe.operation);
            assert!(!probe.authorised.is_empty(), "{operation} has no answer that proves anything");
            let parameters = operation.path().split('/').filter_map(|segment| segment.strip_prefix('{'));
            for parameter in parameters.map(|name| name.trim_end_matches('}')) {
                let known = matches!(parameter, "account_id" | "zone_id") || probe.parameters.contains_key(parameter);
                assert!(known, "{operation} leaves `{parameter}` open");
            }
        }
    }
}
