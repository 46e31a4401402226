//! Which operations the emulator simulates, which it answers as the published schema says, and which it only authorises.

use std::fmt;

use flarekeep_catalogue::{Operation, operation, operations};

use crate::{answers, products, s3};

/// What becomes of a call of an operation once it is authorised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coverage {
    /// It acts on the emulator's state.
    Simulated,
    /// It gets a minimal answer that the published schema accepts, and changes nothing.
    Schema,
    /// It gets 501 with code 199001; on R2's S3 face `NotImplemented`.
    NotSimulated,
}

impl Coverage {
    /// All of them, best first.
    pub const ALL: [Self; 3] = [Self::Simulated, Self::Schema, Self::NotSimulated];

    /// The word that is shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
            Self::Schema => "schema",
            Self::NotSimulated => "not simulated",
        }
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One operation and how it is covered.
#[derive(Debug, Clone, Copy)]
pub struct Covered {
    /// The operation.
    pub operation: &'static Operation,
    /// What becomes of its calls.
    pub coverage: Coverage,
    /// Whether the schema does not hold the answer itself, so that it is the envelope that answers have.
    pub presumed: bool,
}

/// Every operation of the catalogue, in its order.
#[must_use]
pub fn coverage() -> Vec<Covered> {
    operations().iter().map(covered).collect()
}

fn covered(operation: &'static Operation) -> Covered {
    let schema = answers::published(operation).filter(|_| operation.is_routed());
    let coverage = match (is_simulated(operation), schema) {
        (true, _) => Coverage::Simulated,
        (false, Some(_)) => Coverage::Schema,
        (false, None) => Coverage::NotSimulated,
    };
    let presumed = coverage == Coverage::Schema && schema.is_some_and(|answer| answer.presumed);
    Covered { operation, coverage, presumed }
}

fn is_simulated(called: &Operation) -> bool {
    if called.is_s3() {
        return s3::SIMULATED.contains(&snake_case(called.operation_id()).as_str());
    }
    // What only the body tells apart is simulated as the operation that it is a part of.
    let path = called.path().split('#').next().unwrap_or_default();
    let routed = operation(&format!("{} {path}", called.method));
    routed.is_ok_and(|routed| products::graphql::is_graphql(routed) || products::handler(routed).is_some())
}

/// `ListObjectsV2` as the trait spells it: `list_objects_v2`.
fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Coverage {
        covered(operation(name).unwrap()).coverage
    }

    #[test]
    fn each_kind_is_told_apart() {
        assert_eq!(of("GET /zones"), Coverage::Simulated);
        assert_eq!(of("POST /graphql"), Coverage::Simulated);
        assert_eq!(of("POST /graphql#zone"), Coverage::Simulated);
        assert_eq!(of("GET s3://{bucket_name}?list-type=2"), Coverage::Simulated);
        assert_eq!(of("GET /accounts/{account_id}/addressing/prefixes"), Coverage::Schema);
        assert_eq!(of("GET /accounts/{account_id}/browser-rendering/devtools/browser"), Coverage::NotSimulated);
    }

    #[test]
    fn every_operation_is_there_once() {
        let all = coverage();
        assert_eq!(all.len(), operations().len());
        // Every name of the trait's is an operation's or the twin of one that the catalogue has under one name.
        let twins = [
            "head_object",
            "list_objects",
            "copy_object",
            "upload_part_copy",
            "delete_object_tagging",
            "get_bucket_replication",
            "get_bucket_tagging",
            "get_bucket_versioning",
            "get_object_lock_configuration",
        ];
        let named: Vec<String> = operations()
            .iter()
            .filter(|operation| operation.is_s3())
            .map(|operation| snake_case(operation.operation_id()))
            .collect();
        for name in s3::SIMULATED {
            assert!(named.iter().any(|known| known == name) || twins.contains(name), "{name}");
        }
    }
}
