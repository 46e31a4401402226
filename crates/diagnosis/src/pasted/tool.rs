//! Which tool wrote a line, and what a command of wrangler's calls.

use flarekeep_catalogue::{Method, Operation, ToolCall, ToolCommand, recipe, tool_command};

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
}
