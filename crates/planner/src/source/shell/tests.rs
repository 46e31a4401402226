//! Tests on scripts as people write them.

use proptest::prelude::*;

use super::*;
use crate::source::wrangler::Account;
use crate::source::{FollowKind, Place, ZoneName};

const ZONE: &str = "9a7806061c88ada191ed06f989cc3dac";
const API: &str = "https://api.cloudflare.com/client/v4";

fn reading(text: &str) -> Reading {
    read("deploy.sh", text).unwrap_or_else(|error| panic!("{error}"))
}

/// The needs, each `LINE OPERATION`.
fn needs(text: &str) -> Vec<String> {
    let need = |need: &crate::source::StatedNeed| format!("{} {}", need.origin.line.unwrap(), need.operation);
    reading(text).needs.iter().map(need).collect()
}

fn unread(text: &str) -> Vec<String> {
    let unread = |unread: &crate::source::Unread| format!("{} {}", unread.origin.line.unwrap(), unread.what);
    reading(text).unread.iter().map(unread).collect()
}

/// The files that are followed, each `LINE PATH`.
fn follows(text: &str) -> Vec<String> {
    let follow = |follow: &crate::source::Follow| format!("{} {}", follow.origin.line.unwrap(), follow.path);
    reading(text).follow.iter().map(follow).collect()
}

const LIST: &str = "wrangler kv namespace list";
const LISTED: &str = "GET /accounts/{account_id}/storage/kv/namespaces";

/// Wherever a command stands, it is found, on its line.
#[test]
fn commands_are_found_wherever_they_stand() {
    for text in [
        "set -e\nCMD",
        "true &&\\\nCMD",
        "if test -n \"$CI\"; then\n  CMD\nfi",
        "# comment with 'a quote\nCMD | jq -r '.[] | .id'",
        "x=$(\nCMD )",
        "x=\"a\n$(CMD)\"",
        "x=`\nCMD`",
        "deploy() {\n  CMD\n}\ndeploy",
        "function deploy {\n  CMD\n}",
        "for i in 1 2 3; do\n  CMD; done",
        "while read -r line\ndo CMD\ndone < file",
        "case \"$1\" in a|b) echo;;\n  deploy) CMD ;; esac",
        "(cd app;\nCMD)",
        "cat <<EOF > file\nCMD",
        "\nA=b C=\"d e\" CMD > out 2>&1",
        "echo hi;\n! CMD &",
        "echo a > /dev/null\nsudo -E env X=y npx --yes CMD",
        "bash -c 'echo'\nbash -euo pipefail -c 'CMD'",
        "arr=(a b\nc); CMD",
        "[[ $a == b && -n $c ]] ||\nCMD",
        "((i = 1 << 2))\ntime CMD",
        "cat <<< here\nCMD",
        "diff <(echo a) <(\nCMD)",
        "WRANGLER='npx wrangler@4'\n$WRANGLER kv namespace list",
    ] {
        let full = text.replace("CMD", LIST);
        let expected = if text.contains("<<EOF") { Vec::new() } else { vec![format!("2 {LISTED}")] };
        assert_eq!(needs(&full), expected, "{full}");
    }
}

#[test]
fn what_only_looks_like_a_command_is_none() {
    for text in [
        "echo 'wrangler kv namespace list'",
        "echo \"run wrangler kv namespace list\"",
        "# wrangler kv namespace list",
        "cat <<'EOF'\nwrangler kv namespace list\nEOF",
        "cat <<-EOF\n\twrangler kv namespace list\n\tEOF\ntrue",
        "grep wrangler package.json",
        "curl https://example.com/zones/1/purge_cache",
    ] {
        assert_eq!(reading(text), Reading::default(), "{text}");
    }
    assert_eq!(needs(&format!("cat <<EOF\ntext\nEOF\n{LIST}")), [format!("4 {LISTED}")]);
}

#[test]
fn a_curl_call_names_its_operation_and_its_zone() {
    let text = format!(
        "curl -sX POST \\\n  \"{API}/zones/{ZONE}/purge_cache\" \\\n  -H \"Authorization: Bearer $T\" --data '{{\"purge_everything\":true}}'"
    );
    let found = reading(&text);
    assert_eq!(needs(&text), ["1 POST /zones/{zone_id}/purge_cache"]);
    assert_eq!(found.needs[0].place, Place::zone(ZoneName::Id(ZONE.parse().unwrap())));
    let open = format!("curl -X DELETE {API}/zones/$ZONE_ID/dns_records/${{RECORD}}");
    assert_eq!(needs(&open), ["1 DELETE /zones/{zone_id}/dns_records/{dns_record_id}"]);
    assert_eq!(reading(&open).needs[0].place, Place::default());
    assert_eq!(unread(&open), [""; 0]);
    let by_name = format!("curl '{API}/zones?name=Example.com&status=active'");
    assert_eq!(reading(&by_name).needs[0].place, Place::zone(ZoneName::Name("example.com".into())));
    assert_eq!(
        unread(&format!("curl -X \"$METHOD\" {API}/zones/{ZONE}/dns_records")),
        ["1 the method of a curl call is not known"]
    );
    assert_eq!(unread(&format!("curl {API}/frobnicate")), ["1 a curl command calls what is no known operation"]);
}

#[test]
fn variables_that_the_script_sets_are_put_in() {
    let text = format!("API={API}\nexport ZONE={ZONE}\ncurl -X PATCH \"$API/zones/${{ZONE}}/settings/ssl\" -d x");
    assert_eq!(needs(&text), ["3 PATCH /zones/{zone_id}/settings/{setting_id}"]);
    assert_eq!(reading(&text).needs[0].place, Place::zone(ZoneName::Id(ZONE.parse().unwrap())));
    // What a branch changes is known no more, and the call is said to be made with several.
    let varies = format!("ZONE={ZONE}\nif x; then ZONE=other; fi\ncurl {API}/zones/$ZONE/dns_records");
    assert_eq!(reading(&varies).needs[0].place, Place::default());
    assert_eq!(unread(&varies), ["3 the call is made with several values of a variable, and is planned for one"]);
    let looped = format!("for zone in a b; do\ncurl {API}/zones/$zone/dns_records; done");
    assert_eq!(unread(&looped).len(), 1);
    // An assignment before a command holds for it alone.
    let alone = format!("Z={ZONE} true\ncurl {API}/zones/$Z/dns_records");
    assert_eq!(reading(&alone).needs[0].place, Place::default());
}

#[test]
fn wranglers_configuration_is_followed_from_where_the_command_runs() {
    let follow =
        |text: &str| reading(text).follow.into_iter().map(|follow| (follow.path, follow.kind)).collect::<Vec<_>>();
    let kind = |environment: Option<&str>| FollowKind::Wrangler {
        commands: vec!["deploy".into()],
        environment: environment.map(str::to_owned),
        account: Account::Unset,
    };
    for (text, path, environment) in [
        ("wrangler deploy", ".", None),
        ("cd apps/web && npx wrangler deploy --env production", "apps/web", Some("production")),
        ("wrangler deploy -c apps/api/wrangler.toml -e=staging", "apps/api/wrangler.toml", Some("staging")),
        ("cd apps; wrangler --cwd api deploy", "apps/api", None),
        ("(cd apps); wrangler deploy", ".", None),
        ("cd \"$(dirname \"$0\")/api\"\nwrangler deploy", "api", None),
        ("E=live\nwrangler deploy --env $E", ".", Some("live")),
        ("CLOUDFLARE_ENV=live wrangler deploy", ".", Some("live")),
    ] {
        assert_eq!(follow(text), [(path.to_owned(), kind(environment))], "{text}");
    }
    // The configuration can be another account's: who reads it states the deployment too.
    assert!(reading("wrangler deploy").needs.is_empty());
    let base = flarekeep_catalogue::recipe("wrangler-deploy").unwrap();
    assert_eq!(reading("cd $DIR && wrangler deploy").needs.len(), base.needs().count());
    assert!(follow("cd $DIR && wrangler deploy").is_empty());
    let account = |text: &str| match reading(text).follow.remove(0).kind {
        FollowKind::Wrangler { account, .. } => account,
        kind => panic!("{kind:?}"),
    };
    assert_eq!(
        account(&format!("export CLOUDFLARE_ACCOUNT_ID={ZONE}; wrangler deploy")),
        Account::Is(ZONE.parse().unwrap())
    );
    assert_eq!(account("CLOUDFLARE_ACCOUNT_ID=$(account) wrangler deploy"), Account::Set);
    assert_eq!(
        unread("cd $DIR && wrangler deploy"),
        ["1 where the configuration of `wrangler deploy` is depends on the run"]
    );
    assert_eq!(unread("wrangler deploy --env $E"), ["1 which environment `wrangler deploy` is for is in a variable"]);
    assert_eq!(reading("wrangler deploy --dry-run"), Reading::default());
}

#[test]
fn reads_need_no_more_than_reads() {
    let found = needs("wrangler kv key get greeting --binding KV --remote");
    assert_eq!(found, [format!("1 {LISTED}/{{namespace_id}}/values/{{key_name}}")]);
    assert_eq!(needs("wrangler@3 kv key get a"), [""; 0]);
    assert_eq!(needs("npx wrangler@3 kv key get a --binding KV").len(), 1);
    assert_eq!(
        unread("wrangler kv key put a b"),
        ["1 `wrangler kv key put` works on local data without `--remote`, from wrangler 4 on"]
    );
    assert_eq!(reading("wrangler kv key put a b --local"), Reading::default());
}

#[test]
fn other_tools_are_read_with_their_places() {
    let certbot = reading("certbot certonly --dns-cloudflare -d '*.example.com' -d example.org,www.example.org");
    let zones: Vec<_> = certbot.needs.iter().filter_map(|need| need.place.zone.clone()).collect();
    for host in ["example.com", "example.org", "www.example.org"] {
        assert!(zones.contains(&ZoneName::Host(host.to_owned())), "{host}");
    }
    let text = "aws s3 cp dist s3://media/site --recursive --endpoint-url https://023e105f4ecef8ad9ca31a8372d0c353.eu.r2.cloudflarestorage.com";
    let bucket = reading(text).needs[0].place.clone();
    assert_eq!(bucket.account, "023e105f4ecef8ad9ca31a8372d0c353".parse().ok());
    assert_eq!(bucket.bucket, Some(crate::source::BucketName { jurisdiction: "eu".into(), name: "media".into() }));
    assert!(reading("aws s3 cp dist s3://media/site --recursive").needs.is_empty());
    assert!(unread("rclone sync dist store:media")[0].contains("rclone's configuration"));
    assert!(!reading("rclone sync dist r2:media").needs.is_empty());
    let set = "export RCLONE_CONFIG_STORE_PROVIDER=Cloudflare\nrclone sync dist store:media";
    assert!(!reading(set).needs.is_empty() && unread(set).is_empty());
    assert_eq!(follows("cd infra\nterraform init\nterraform plan -out x\nterraform apply x"), ["3 infra"]);
    assert_eq!(follows("terraform -chdir=infra apply"), ["1 infra"]);
    assert!(unread("cloudflared tunnel create shop")[0].contains("not with an API token"));
    assert_eq!(unread("wrangler frobnicate --now"), ["1 what `wrangler frobnicate` calls is not known"]);
}

#[test]
fn scripts_that_are_called_are_followed() {
    assert_eq!(
        follows("./scripts/deploy.sh --now\nbash -e scripts/b.sh\nsource lib.sh"),
        ["1 scripts/deploy.sh", "2 scripts/b.sh", "3 lib.sh"]
    );
    let found = reading("cd web && npm run deploy");
    assert_eq!(found.follow[0].kind, FollowKind::PackageScript { script: "deploy".into(), arguments: Vec::new() });
    assert_eq!(found.follow[0].path, "web");
    assert_eq!(unread("make deploy"), ["1 what `make` runs is in other files, which are not read"]);
    let package = "{\n \"scripts\": {\n  \"predeploy\": \"wrangler kv namespace list\",\n  \"deploy\": \"wrangler deploy\"\n }\n}";
    let found = read_package_script("package.json", package, "deploy", &[], "web").unwrap();
    assert_eq!(found.needs[0].origin.to_string(), "package.json:3");
    assert_eq!((found.follow[0].path.as_str(), found.follow[0].origin.line), ("web", Some(4)));
    assert!(read_package_script("package.json", package, "other", &[], "").is_err());
    assert_eq!(read_package_script("package.json", "{\n!", "deploy", &[], "").unwrap_err().line, Some(2));
}

#[test]
fn a_package_script_gets_the_words_behind_it() {
    let package = "{\"scripts\":{\"predeploy\":\"wrangler kv namespace list\",\"deploy\":\"wrangler deploy\"}}";
    let words = ["--env", "it's live"].map(str::to_owned);
    let found = read_package_script("package.json", package, "deploy", &words, "").unwrap();
    let kind = FollowKind::Wrangler {
        commands: vec!["deploy".into()],
        environment: Some("it's live".into()),
        account: Account::Unset,
    };
    assert_eq!(found.follow[0].kind, kind);
    let found = reading("npm --prefix web run deploy -- --env live");
    let arguments = vec!["--env".to_owned(), "live".to_owned()];
    assert_eq!(found.follow[0].kind, FollowKind::PackageScript { script: "deploy".into(), arguments });
    assert_eq!(found.follow[0].path, "web");
}

#[test]
fn a_command_that_another_runs_is_read_or_said() {
    for text in [
        "op run -- npx CMD",
        "poetry run CMD",
        "find . -name x -exec CMD {} \\;",
        "retry 3 npx CMD",
        "flock /tmp/x CMD",
        "some-wrapper CMD",
        "su -c 'CMD' deploy",
        "bun CMD",
        "parallel 'CMD' ::: a b",
    ] {
        assert_eq!(needs(&text.replace("CMD", LIST)), [format!("1 {LISTED}")], "{text}");
    }
    for text in [
        "ssh host wrangler deploy",
        "ssh host 'cd x; wrangler deploy'",
        "notify 'wrangler deploy is done'",
        "bash /opt/deploy.sh",
        "/opt/deploy.sh",
        "curl -X POST \"$URL\" -H \"Authorization: Bearer $CF_API_TOKEN\"",
        "curl -X POST \"$API_URL/zones/$Z/purge_cache\"",
        "curl -K conf",
        "npm -w web run deploy",
    ] {
        assert_eq!((unread(text).len(), needs(text).len()), (1, 0), "{text}");
    }
    for text in
        ["command -v wrangler", "brew install terraform", "git commit -m 'wrangler deploy'", ". /etc/os-release"]
    {
        assert_eq!(reading(text), Reading::default(), "{text}");
    }
    let deep = "x -- ".repeat(100_000);
    assert_eq!(unread(&deep).len(), 1);
}

#[test]
fn a_case_on_one_line_keeps_all_its_branches() {
    let text = format!("case \"$1\" in prod) Z={ZONE};; *) Z=other;; esac\ncurl {API}/zones/$Z/dns_records");
    assert_eq!(reading(&text).needs[0].place, Place::default());
    assert_eq!(unread(&text), ["2 the call is made with several values of a variable, and is planned for one"]);
    let after = format!("case x in a) echo;; esac\nZ={ZONE}\ncurl {API}/zones/$Z/dns_records");
    assert!(reading(&after).needs[0].place.zone.is_some());
}

#[test]
fn arrays_and_escaped_quotes_are_bash() {
    for text in ["F=(\"$(pwd)/a\" 'b')\nCMD", "MSG=$'it\\'s done'\nCMD", "F=(a # it's\nb); CMD", "F=(a\n$(CMD))"] {
        assert_eq!(needs(&text.replace("CMD", LIST)), [format!("2 {LISTED}")], "{text}");
    }
    let url = format!("curl $'{API}/zones/{ZONE}/dns_records'");
    assert_eq!(needs(&url).len(), 1);
}

#[test]
fn an_account_that_varies_and_an_impossible_bucket_are_said() {
    let account = "023e105f4ecef8ad9ca31a8372d0c353";
    let text =
        format!("export CLOUDFLARE_ACCOUNT_ID={account}\n[ x = y ] && export CLOUDFLARE_ACCOUNT_ID=other\n{LIST}");
    assert_eq!(
        unread(&text),
        ["3 the account of `wrangler kv namespace list` takes several values, and it is planned for one"]
    );
    let bucket = format!("aws s3 ls s3://NAME --endpoint-url https://{account}.r2.cloudflarestorage.com");
    assert_eq!(unread(&bucket), ["1 `aws s3 ls` names no bucket that R2 can have: it is planned for the given one"]);
    assert_eq!(unread(&bucket.replace("NAME", "$NAME")), [""; 0]);
}

#[test]
fn many_commands_on_one_folder_are_one_file() {
    let began = std::time::Instant::now();
    let text: String = (0..20_000).map(|n| format!("terraform -chdir=d{n} apply\n")).collect();
    assert_eq!(reading(&text).follow.len(), 20_000);
    assert!(began.elapsed().as_secs() < 10);
}

#[test]
fn a_script_that_no_shell_would_run_is_an_error_with_its_place() {
    let error = read("a.sh", "true\necho 'open\n").unwrap_err();
    assert_eq!((error.line, error.column), (Some(2), Some(6)));
    assert!(read("a.sh", &"$(".repeat(1000)).is_err());
    assert!(read("a.sh", &"( ".repeat(1000)).is_err());
}

/// No value of a variable or an option is in any sentence.
#[test]
fn no_secret_is_repeated() {
    let secret = "s3cr3tvalue";
    let text = format!(
        "export CLOUDFLARE_API_TOKEN={secret}\nwrangler {secret}X\ncurl -H 'Authorization: Bearer {secret}' {API}/{secret}/x\n\
         wrangler secret put {secret}\nmake {secret}\nbash -c \"{secret} $( \"\nwget {API}/{secret}\ncd $A && ./x.sh {secret}\n)"
    );
    let text = text.replace("bash -c \"s3cr3tvalue $( \"\n", "");
    let text = text.trim_end_matches("\n)");
    let shown = format!("{:?}", reading(text).unread);
    assert!(!shown.contains(secret), "{shown}");
}

/// A megabyte of anything is read in a moment, however it is nested or repeated.
#[test]
fn a_long_script_is_read_in_one_pass() {
    for piece in [
        "! ",
        "a ",
        "a;",
        "$A",
        "${A}",
        "\"$A\" ",
        "A=$A$A;",
        "cat <<E\n",
        "if x; then ",
        "`",
        "wrangler ",
        "<(",
        "x=(",
        "\\\n",
    ] {
        let began = std::time::Instant::now();
        let _ = read("a.sh", &piece.repeat((1 << 19) / piece.len()));
        assert!(began.elapsed().as_secs() < 10, "{piece}");
    }
}

proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(text in "([a-z$ ]|[\"'`(){}<>|&;\\\\\n#=!]|wrangler |curl |deploy|kv |https://api.cloudflare.com/client/v4/zones|<<E\n|\\PC){0,60}") {
        if let Err(error) = read("a.sh", &text) {
            prop_assert!(error.line.is_some() && error.column.is_some());
        }
    }
}
