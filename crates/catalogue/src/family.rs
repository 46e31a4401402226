//! Families of products: few enough for the columns of a report.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::operation::Operation;
use crate::tables;

/// A family of products, as in `catalogue/families.tsv`: a division of our own, made by what a path begins with.
#[derive(Debug)]
pub struct Family {
    /// What it is called: `DNS`.
    pub name: &'static str,
    /// What its paths begin with: templates with `{}` for each parameter.
    pub(crate) paths: &'static [&'static str],
    /// Whether it is a window on data that Cloudflare shows to everybody: a leak of it gives nothing away.
    pub is_public: bool,
}

/// What belongs to no family of the table.
pub const OTHER_FAMILY: &str = "Other";

/// The families, in the order in which a report shows them.
pub fn families() -> &'static [Family] {
    tables::families()
}

impl Operation {
    /// The family of products that the operation belongs to: the one with the longest beginning of its path.
    pub fn family(&self) -> &'static str {
        self.family_row().map_or(OTHER_FAMILY, |family| family.name)
    }

    /// Whether it shows data that Cloudflare shows to everybody ([`Family::is_public`]).
    pub fn is_public(&self) -> bool {
        self.family_row().is_some_and(|family| family.is_public)
    }

    fn family_row(&self) -> Option<&'static Family> {
        let path = template(self.path());
        let beginnings =
            std::iter::successors(Some(path.as_str()), |path| path.rsplit_once('/').map(|(before, _)| before));
        beginnings.into_iter().find_map(|beginning| BY_PATH.get(beginning).copied())
    }
}

/// A path with `{}` for each of its parameters, and without what only a body tells apart.
fn template(path: &str) -> String {
    let path = path.split('#').next().unwrap_or_default();
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

static BY_PATH: LazyLock<HashMap<&'static str, &'static Family>> = LazyLock::new(|| {
    families().iter().flat_map(|family| family.paths.iter().map(move |path| (*path, family))).collect()
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::operation::{operation, operations};

    #[test]
    fn an_operation_is_of_the_family_with_the_longest_beginning() {
        let family = |text: &str| operation(text).unwrap().family();
        assert_eq!(family("POST /zones/{zone_id}/dns_records"), "DNS");
        assert_eq!(family("GET /zones"), "Zones");
        assert_eq!(family("GET /accounts/{account_id}"), "Account and billing");
        assert_eq!(family("POST /accounts/{account_id}/tokens"), "API tokens");
        assert_eq!(family("PUT s3://{bucket_name}/{object_key}"), "R2");
        assert_eq!(family("GET /ips"), OTHER_FAMILY);
    }

    #[test]
    fn radar_is_public_and_only_reads() {
        let radar: Vec<_> = operations().iter().filter(|operation| operation.is_public()).collect();
        assert!(radar.len() > 200 && radar.iter().all(|operation| operation.family() == "Radar"));
        assert!(radar.iter().all(|operation| !operation.mutates()), "an address to download from changes nothing");
        assert!(!operation("GET /user").unwrap().is_public());
    }

    #[test]
    fn whatever_a_group_opens_is_of_a_family_and_every_path_finds_something() {
        for operation in operations().iter().filter(|operation| operation.accepts().next().is_some()) {
            assert_ne!(operation.family(), OTHER_FAMILY, "{operation}");
        }
        let begins = |operation: &Operation, path: &str| {
            let whole = template(operation.path());
            whole.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut seen = BTreeSet::new();
        for path in families().iter().flat_map(|family| family.paths) {
            assert!(seen.insert(path), "{path} stands there twice");
            assert!(operations().iter().any(|operation| begins(operation, path)), "{path}");
        }
    }
}
