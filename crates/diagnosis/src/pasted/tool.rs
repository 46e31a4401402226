//! Which tool wrote a line, and what its words say of the operation.

use flarekeep_catalogue::{
    Method, Operation, Phase, TerraformType, ToolCall, ToolCommand, operation, operations, recipe, sdk_method,
    terraform_renamed, terraform_type, tool_command,
};

use crate::refusal::Tool;

/// What a tool's lines hold and no other's. Of several, the one whose mark stands first in this list wrote it.
const MARKS: &[(Tool, &[&str])] = &[
    (
        Tool::Wrangler,
        &[
            "⛅",
            "[ERROR] A request to the Cloudflare API",
            "wrangler",
            "CF API REQUEST",
            "[ERROR] Received a bad response",
            "[code: ",
        ],
    ),
    (
        Tool::Acme,
        &[
            "certbot",
            "zone_id: ",
            "acme.sh",
            "acme:",
            "cert-manager",
            "PresentError",
            "presenting challenge",
            "dns_cf",
            "tls.obtain",
            "external-dns",
            "lego",
            "_acme-challenge",
            "solving challenges",
            "dynamic_dns",
        ],
    ),
    (
        Tool::Terraform,
        &[
            "  with cloudflare_",
            "with data.cloudflare_",
            "with module.",
            "terraform",
            "Terraform",
            "tofu",
            "pulumi",
            "cloudflare:index",
            "│ Error:",
            "resource \"cloudflare_",
            "in data \"cloudflare_",
            "cf-terraforming",
            "FATA[",
        ],
    ),
    (
        Tool::S3,
        &[
            "rclone",
            "when calling the ",
            "operation error S3",
            "s5cmd",
            "s3://",
            "r2.cloudflarestorage.com",
            "ERROR : Attempt",
            "botocore",
        ],
    ),
    (
        Tool::Sdk,
        &[
            "PermissionDeniedError",
            "AuthenticationError:",
            "BadRequestError",
            "RateLimitError",
            "APIStatusError",
            "CloudFlareAPIError",
            "error from makeRequest",
            "site-packages/cloudflare",
            "node_modules/cloudflare",
            "cloudflare.accounts.",
            "octodns",
        ],
    ),
    (Tool::Curl, &["curl ", "* Connected to ", "== Info: ", "* Using HTTP"]),
];

/// The tool that a line tells.
pub(super) fn tool(line: &str) -> Option<Tool> {
    MARKS.iter().find(|(_, marks)| marks.iter().any(|mark| line.contains(mark))).map(|(tool, _)| *tool)
}

/// The commands of wrangler that a line may be: where a shell's line names it.
pub(super) fn wrangler_command(line: &str) -> Option<ToolCommand> {
    let (_, rest) = line.split_once("wrangler")?;
    let rest = rest
        .strip_prefix(|c: char| c == '@')
        .map_or(rest, |rest| rest.trim_start_matches(|c: char| !c.is_whitespace()));
    let mut words: Vec<String> = rest
        .strip_prefix(' ')?
        .split_ascii_whitespace()
        .take(12)
        .map(|word| word.trim_matches(['`', '"', '\'']).to_owned())
        .collect();
    // Former names.
    for word in &mut words {
        if word == "publish" {
            "deploy".clone_into(word);
        }
    }
    let starts = |word: &String| word.starts_with(|c: char| c.is_ascii_lowercase() || c == '-');
    if !words.first().is_some_and(starts) {
        return None;
    }
    tool_command("wrangler", &words).ok().flatten()
}

/// The operation that a command of wrangler's calls, where it calls no other.
pub(super) fn only_call(command: &ToolCommand) -> Option<&'static Operation> {
    match command.calls.as_slice() {
        [ToolCall::Operation { operation, .. }] => Some(operation),
        _ => None,
    }
}

/// Of operations at one place, those that a command of wrangler's calls; all where that tells none.
pub(super) fn called_by(found: Vec<&'static Operation>, command: &ToolCommand) -> Vec<&'static Operation> {
    let of_recipe = |name: &str| -> Vec<u16> {
        let needs = recipe(name).map(|recipe| recipe.all_needs).unwrap_or_default();
        needs.iter().map(|need| need.operation.index).collect()
    };
    let called: Vec<u16> = command
        .calls
        .iter()
        .flat_map(|call| match call {
            ToolCall::Operation { operation, .. } => vec![operation.index],
            ToolCall::Recipe(recipe) => recipe.all_needs.iter().map(|need| need.operation.index).collect(),
            ToolCall::Wrangler(_) => of_recipe("wrangler-deploy"),
            _ => Vec::new(),
        })
        .collect();
    let of = |fits: &dyn Fn(&Operation) -> bool| -> Vec<&'static Operation> {
        found.iter().copied().filter(|operation| fits(operation)).collect()
    };
    let chosen = of(&|operation| called.contains(&operation.index));
    // wrangler looks at many things that the table does not list for each command; only few commands remove any.
    let removes = ["delete", "remove", "purge"].iter().any(|verb| command.name.contains(verb));
    let kept = of(&|operation| removes || operation.method != Method::Delete);
    [chosen, kept].into_iter().find(|chosen| !chosen.is_empty()).unwrap_or(found)
}

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
    fn tools_are_told_by_their_marks() {
        assert_eq!(tool(" ⛅️ wrangler 4.42.0"), Some(Tool::Wrangler));
        assert_eq!(tool("│   with cloudflare_record.www,"), Some(Tool::Terraform));
        assert_eq!(tool("2023/12/26 15:45:52 ERROR : rclone: x"), Some(Tool::S3));
        assert_eq!(tool("nothing of note"), None);
    }

    #[test]
    fn every_hint_names_an_operation() {
        for (words, name) in HINTS {
            assert_eq!(hinted(words).map(ToString::to_string).as_deref(), Some(*name));
        }
    }

    #[test]
    fn a_command_tells_the_operation_among_those_of_a_path() {
        let path = "/accounts/023e105f4ecef8ad9ca31a8372d0c353/d1/database";
        let found = flarekeep_planner::source::calls::locate(None, path).unwrap().operations;
        let command = wrangler_command("❯ npx wrangler d1 create demo").unwrap();
        let chosen = called_by(found, &command);
        assert_eq!(
            chosen.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["POST /accounts/{account_id}/d1/database"]
        );
        assert!(wrangler_command("> wrangler@4.0.0 deploy").is_some());
        assert!(wrangler_command(" ⛅️ wrangler 4.42.0").is_none());
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
