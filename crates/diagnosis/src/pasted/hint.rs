//! What words say of the operation, where the call itself is left out.

use flarekeep_catalogue::{
    Operation, Phase, TerraformType, operation, operations, sdk_method, terraform_renamed, terraform_type,
};

/// What tools and answers say of what was asked for, where they leave the request out (threads about lego, certbot,
/// Terraform, ddns-go and cloudflared; the last are the API's own words).
const HINTS: &[(&str, &str)] = &[
    ("to list zones", "GET /zones"),
    ("error listing Zone", "GET /zones"),
    ("error finding zone", "GET /zones"),
    ("ListZonesContext", "GET /zones"),
    ("ZonesByName", "GET /zones"),
    ("failed to find zone", "GET /zones"),
    ("rror determining zone_id", "GET /zones"),
    ("determine zone_id", "GET /zones"),
    ("existence of a zone named", "GET /zones"),
    ("查询域名信息发生异常", "GET /zones"),
    ("Failed to list tunnels", "GET /accounts/{account_id}/cfd_tunnel"),
    ("List accounts endpoint", "GET /accounts"),
];

/// The operation that a sentence speaks of.
pub(super) fn hinted(text: &str) -> Option<&'static Operation> {
    let (_, name) = HINTS.iter().find(|(words, _)| text.contains(words))?;
    operation(name).ok()
}

/// The operation whose page of Cloudflare's API reference an answer links, as since the changelog of 2026-08-20:
/// `…/api/resources/workers/subresources/scripts/methods/update`. The pages are named as the methods of the SDKs are. Of two
/// operations the one that is among `located`; none where that does not tell.
pub(super) fn documented(page: &str, located: &[&'static Operation]) -> Option<&'static Operation> {
    let (_, path) = page.split_once("/api/")?;
    let path = path.split(['?', '#']).next()?;
    // The pages of an SDK stand below its language: `/api/node/resources/…`.
    let at =
        path.find("resources/").filter(|at| *at == 0 || path.get(..*at).is_some_and(|before| before.ends_with('/')))?;
    let mut names = Vec::new();
    let mut segments = path.get(at..)?.split('/').filter(|segment| !segment.is_empty());
    while let (Some(kind), Some(name)) = (segments.next(), segments.next()) {
        if !matches!(kind, "resources" | "subresources" | "methods") {
            return None;
        }
        names.push(name);
    }
    let mut called = sdk_method(&names.join(".")).ok()?.operations();
    if located.is_empty() {
        let first = called.next()?;
        return called.next().is_none().then_some(first);
    }
    called.find(|operation| located.contains(operation))
}

/// What Terraform was about to do, as its older messages begin; their verbs are those of the provider's code.
pub(super) fn phase(line: &str) -> Option<Phase> {
    let line = line.to_ascii_lowercase();
    let verbs: &[(Phase, &[&str])] = &[
        (Phase::Create, &["error creating", "failed to create", "creating urn"]),
        (Phase::Update, &["error updating", "failed to update", "updating urn"]),
        (Phase::Delete, &["error deleting", "failed to delete", "deleting urn"]),
        (
            Phase::Read,
            &[
                "error finding",
                "error reading",
                "error fetching",
                "error listing",
                "failed to read",
                "failed to fetch",
                "error getting",
            ],
        ),
    ];
    verbs.iter().find(|(_, words)| words.iter().any(|word| line.contains(word))).map(|(phase, _)| *phase)
}

/// The resource or data source that a line of Terraform's names: `with cloudflare_record.www,`.
pub(super) fn terraform_name(line: &str) -> Option<&str> {
    let (_, rest) = line.trim_start().strip_prefix("with ").map(|rest| ("", rest))?;
    let at = rest.find("cloudflare_")?;
    let name = rest.get(at..)?;
    let end = name.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')).unwrap_or(name.len());
    let name = name.get(..end)?;
    (name.len() <= 100).then_some(name)
}

/// The operation that Terraform calls for a type in a phase, where there is one only.
pub(super) fn of_terraform(name: &str, phase: Phase) -> Option<&'static Operation> {
    let called = |name: &str| -> Vec<&'static Operation> {
        let types = terraform_type(name).unwrap_or_default();
        let all = types.iter().flat_map(TerraformType::operations);
        all.filter(|(called, _)| *called == phase).map(|(_, operation)| operation).collect()
    };
    let mut found = called(name);
    if found.is_empty() {
        found = terraform_renamed(name).map(called).unwrap_or_default();
    }
    found.dedup_by_key(|operation| operation.index);
    match found.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

/// The operation of R2's S3 face with this name.
pub(super) fn of_s3(name: &str) -> Option<&'static Operation> {
    let name = if name == "ListObjects" { "ListObjectsV2" } else { name };
    let name = if name == "HeadObject" { "GetObject" } else { name };
    operations().iter().find(|operation| operation.is_s3() && operation.operation_id() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hint_names_an_operation() {
        for (words, name) in HINTS {
            assert_eq!(hinted(words).map(ToString::to_string).as_deref(), Some(*name));
        }
    }

    #[test]
    fn terraforms_type_and_verb_tell_the_operation() {
        let name = terraform_name("  with module.dns.cloudflare_record.www[\"a\"],").unwrap();
        assert_eq!(name, "cloudflare_record");
        let verb = phase("Error: error creating DNS record \"www\"").unwrap();
        assert_eq!(of_terraform(name, verb).unwrap().to_string(), "POST /zones/{zone_id}/dns_records");
        assert_eq!(of_terraform("cloudflare_nothing", verb), None);
    }
}
