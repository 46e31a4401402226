//! Tests of the table and of its look-up.

use proptest::prelude::*;

use super::*;
use crate::operation::Method;

fn ask(line: &str) -> Result<Option<ToolCommand>, UnknownToolCommand> {
    let mut words = line.split_whitespace().map(str::to_owned);
    let program = words.next().unwrap();
    tool_command(&program, &words.collect::<Vec<_>>())
}

fn found(line: &str) -> ToolCommand {
    ask(line).unwrap().unwrap()
}

/// The operations of a command, and `+ NAME` for all else that it calls.
fn calls(line: &str) -> Vec<String> {
    let word = |call: &ToolCall| match call {
        ToolCall::Operation { operation, .. } => operation.to_string(),
        ToolCall::Recipe(recipe) | ToolCall::Remote(recipe) => format!("+ {}", recipe.name),
        ToolCall::NamedRecipe(name) => format!("+ {name}"),
        ToolCall::Wrangler(command) => format!("+ config {command}"),
        ToolCall::Terraform(command) => format!("+ terraform {command}"),
        ToolCall::OtherCredential(_) => "+ other".to_owned(),
        ToolCall::Unread(_) => "+ unread".to_owned(),
    };
    found(line).calls.iter().map(word).collect()
}

#[test]
fn every_row_reads() {
    for (program, rows) in rows() {
        for row in rows.iter().filter(|row| row.command != "(options)") {
            let at = format!("{program} {} {}", row.command, row.calls);
            let option = ["--recipe", "saas-platform"].map(str::to_owned);
            let read = row.calls(&Arguments::new(&option, ""));
            let wanted = row::list(row.calls).filter(|call| *call != "nothing").count();
            assert!(read.len() == wanted && !row.calls.is_empty(), "{at}");
            for name in row::list(row.names) {
                let (kind, place) = name.split_once('=').unwrap_or_default();
                let form = ["s3://", "remote:"].contains(&place);
                assert!(place.starts_with('-') || form || place.parse::<usize>().is_ok(), "{at}: {name}");
                assert!(["zone", "zone-of", "bucket", "worker", "endpoint", "folder"].contains(&kind), "{at}: {name}");
            }
            assert!(row.local.is_empty() || row.local.parse::<u32>().is_ok(), "{at}");
        }
    }
    for line in tables_lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), 8, "{line}");
        assert!(!cells[7].is_empty(), "no source: {line}");
    }
}

fn tables_lines() -> impl Iterator<Item = &'static str> {
    crate::tables::commands().lines()
}

/// A command that reads asks for nothing that could write; the names of commands say which read.
#[test]
fn reads_are_reads() {
    // Reads that Cloudflare's API answers to POST, and `migrations list`, which makes its table first.
    let posts = ["kv bulk get", "d1 info", "d1 insights", "r2 bucket info", "d1 migrations list"];
    for row in rows()["wrangler"].iter().filter(|row| !posts.contains(&row.command)) {
        let last = row.command.rsplit(' ').next().unwrap();
        if ["get", "list", "info", "view", "status", "describe"].contains(&last) {
            for call in row.calls(&Arguments::new(&[], "")) {
                let ToolCall::Operation { operation, .. } = call else { continue };
                assert_eq!(operation.method, Method::Get, "{}: {operation}", row.command);
            }
        }
    }
    let value = "/accounts/{account_id}/storage/kv/namespaces/{namespace_id}/values/{key_name}";
    assert_eq!(calls("wrangler kv key get greeting --binding KV --remote"), [format!("GET {value}")]);
    assert_eq!(calls("wrangler kv key put greeting hello --remote"), [format!("PUT {value}")]);
}

#[test]
fn options_before_and_between_the_words_are_passed_over() {
    for line in [
        "wrangler --config other.toml kv key list",
        "wrangler -c other.toml kv --env staging key list",
        "wrangler kv key list --env=staging",
    ] {
        assert_eq!(found(line).name, "wrangler kv key list", "{line}");
    }
    assert_eq!(calls("wrangler --cwd deploy tail"), ["+ config tail"]);
}

#[test]
fn what_is_not_in_the_table_is_unknown_not_nothing() {
    assert_eq!(ask("wrangler frobnicate").unwrap_err(), UnknownToolCommand { program: "wrangler" });
    assert!(ask("wrangler kv").is_err());
    assert!(ask("ls -l").unwrap().is_none());
    assert!(calls("aws ec2 describe-instances").is_empty());
    assert!(calls("certbot certonly --standalone -d example.com").is_empty());
}

#[test]
fn what_is_local_is_told_from_what_is_not() {
    assert_eq!(found("wrangler kv key put a b").local_since, Some(4));
    assert_eq!(found("wrangler d1 execute db --command x").local_since, Some(3));
    assert_eq!(found("wrangler kv namespace list").local_since, None);
    assert!(calls("wrangler dev").is_empty() && calls("wrangler types").is_empty());
    assert!(!calls("wrangler dev --remote").is_empty());
}

#[test]
fn conditions_choose_among_rows() {
    assert_eq!(calls("certbot certonly --dns-cloudflare -d example.com"), ["+ certbot-dns-cloudflare"]);
    assert_eq!(calls("certbot --authenticator dns-cloudflare"), ["+ certbot-dns-cloudflare"]);
    assert_eq!(calls("acme.sh --issue --dns dns_cf -d example.com"), ["+ acme-sh-dns-cf"]);
    assert!(calls("acme.sh --issue --dns dns_aws -d example.com").is_empty());
    assert_eq!(calls("lego --email a --dns=cloudflare -d example.com run"), ["+ lego-dns01"]);
    let endpoint = "--endpoint-url https://0123.r2.cloudflarestorage.com";
    assert_eq!(calls(&format!("aws s3 cp s3://media/a . {endpoint}")), ["+ r2-s3-read"]);
    assert_eq!(calls(&format!("aws {endpoint} s3 cp ./a s3://media/a")), ["+ upload-to-r2-bucket"]);
    assert_eq!(calls(&format!("aws s3 sync s3://a s3://b {endpoint}")), ["+ rclone-r2"]);
    assert!(calls("aws s3 cp ./a s3://media/a").is_empty());
    assert_eq!(calls("rclone sync r2:media ./media"), ["+ r2-s3-read"]);
    assert_eq!(calls("rclone sync ./media r2:media"), ["+ rclone-r2"]);
    assert_eq!(calls("flarekeep check --recipe saas-platform"), ["+ saas-platform"]);
    assert_eq!(calls("cloudflared tunnel create shop"), ["+ other"]);
}

#[test]
fn the_table_says_which_arguments_name_what() {
    let names = |line: &str| found(line).names;
    let hosts = vec![(ToolName::Hosts, "example.com,www.example.com".to_owned())];
    assert_eq!(names("certbot certonly --dns-cloudflare -d example.com,www.example.com"), hosts);
    let line = "aws s3 ls s3://media/a/ --endpoint-url https://0.eu.r2.cloudflarestorage.com";
    let endpoint = (ToolName::Endpoint, "https://0.eu.r2.cloudflarestorage.com".to_owned());
    assert_eq!(names(line), [(ToolName::Bucket, "media/a/".to_owned()), endpoint]);
    assert_eq!(names("rclone ls r2:media/a"), [(ToolName::Bucket, "r2:media/a".to_owned())]);
    assert_eq!(names("terraform -chdir=infra apply"), [(ToolName::Folder, "infra".to_owned())]);
    assert_eq!(names("wrangler email routing enable example.com"), [(ToolName::Zone, "example.com".to_owned())]);
}

/// The recipes name the commands of their needs: the table gives such a command that need.
#[test]
fn the_table_and_the_recipes_agree() {
    let mut compared = 0;
    for name in crate::recipe_names().filter(|name| name.starts_with("wrangler-")) {
        for need in crate::recipe(name).unwrap().all_needs {
            for command in need.why.split('`').skip(1).step_by(2).filter(|text| !text.contains('=')) {
                let command = command.strip_prefix("wrangler ").unwrap_or(command);
                let Ok(Some(found)) = ask(&format!("wrangler {command}")) else { continue };
                let words = found.name.split(' ').count() - 1;
                if words != command.split(' ').take_while(|word| !word.starts_with('-')).count() {
                    continue;
                }
                let named = |call: &ToolCall| match call {
                    ToolCall::Operation { operation, .. } => operation.index == need.operation.index,
                    ToolCall::Recipe(_) => true,
                    _ => false,
                };
                assert!(found.calls.iter().any(named), "{command}: {}", need.operation);
                compared += 1;
            }
        }
    }
    assert!(compared > 60, "{compared}");
}

proptest! {
    #[test]
    fn nothing_makes_a_look_up_panic(
        program in prop::sample::select(tools().collect::<Vec<_>>()),
        arguments in prop::collection::vec("(-{0,2}[a-z0-9=:/~!$ ]{0,12}|kv|key|put|s3|cp|tunnel|--remote|\\PC{0,5})", 0..8),
    ) {
        let _ = tool_command(program, &arguments);
    }
}
