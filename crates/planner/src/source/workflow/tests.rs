//! Tests on workflows as people write them.

use proptest::prelude::*;

use super::*;
use crate::source::wrangler::Account;
use crate::source::{Follow, FollowKind, StatedNeed, Unread};

const LISTED: &str = "GET /accounts/{account_id}/storage/kv/namespaces";

fn workflow(steps: &str) -> String {
    format!("on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n{steps}")
}

fn reading(text: &str) -> Reading {
    read("deploy.yml", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn needs(text: &str) -> Vec<String> {
    let need = |need: &StatedNeed| format!("{} {}", need.origin.line.unwrap(), need.operation);
    reading(text).needs.iter().map(need).collect()
}

fn unread(text: &str) -> Vec<String> {
    let unread = |unread: &Unread| format!("{} {}", unread.origin.line.unwrap(), unread.what);
    reading(text).unread.iter().map(unread).collect()
}

fn follows(text: &str) -> Vec<(usize, String, FollowKind)> {
    let follow = |follow: Follow| (follow.origin.line.unwrap(), follow.path, follow.kind);
    reading(text).follow.into_iter().map(follow).collect()
}

#[test]
fn a_command_keeps_its_line_in_every_form_of_text() {
    for (steps, line) in [
        ("      - run: npx wrangler kv namespace list\n", 6),
        ("      - run: 'npx wrangler kv namespace list'\n", 6),
        ("      - run: |\n          set -e\n          npx wrangler kv namespace list\n", 8),
        ("      - name: x\n        run: |-\n\n          npx wrangler kv namespace list\n", 9),
        ("      - run: >-\n          npx wrangler\n          kv namespace list\n", 7),
        ("      - {run: npx wrangler kv namespace list}\n", 6),
    ] {
        assert_eq!(needs(&workflow(steps)), [format!("{line} {LISTED}")], "{steps}");
    }
}

#[test]
fn the_folder_the_shell_and_the_environment_are_the_steps() {
    let text = "env:\n  ENVIRONMENT: live\ndefaults:\n  run:\n    working-directory: apps\njobs:\n  a:\n    steps:\n      \
        - run: wrangler deploy --env ${{ env.ENVIRONMENT }}\n      - working-directory: api\n        env: {ENVIRONMENT: beta}\n        \
        run: wrangler deploy --env $ENVIRONMENT\n      - shell: pwsh\n        run: wrangler deploy\n      - run: cd x\n      - run: wrangler versions upload\n";
    let kind = |command: &str, environment: Option<&str>| FollowKind::Wrangler {
        commands: vec![command.to_owned()],
        environment: environment.map(str::to_owned),
        account: Account::Unset,
    };
    assert_eq!(
        follows(text),
        [
            (9, "apps".to_owned(), kind("deploy", Some("live"))),
            (12, "api".to_owned(), kind("deploy", Some("beta"))),
            (16, "apps".to_owned(), kind("versions upload", None)),
        ]
    );
    assert_eq!(unread(text), ["14 commands for another shell than bash and sh are not read"]);
}

#[test]
fn wrangler_action_runs_wrangler() {
    let text = workflow(
        "      - uses: cloudflare/wrangler-action@v3\n        with:\n          apiToken: ${{ secrets.CLOUDFLARE_API_TOKEN }}\n          \
         accountId: 023e105f4ecef8ad9ca31a8372d0c353\n          workingDirectory: web\n          environment: live\n          \
         preCommands: |\n            echo hi\n            wrangler kv namespace list\n          secrets: |\n            A\n            B\n",
    );
    let found = reading(&text);
    assert_eq!(found.needs[0].origin.line, Some(14));
    assert_eq!(found.needs[0].place.account, "023e105f4ecef8ad9ca31a8372d0c353".parse().ok());
    assert!(
        needs(&text).contains(&"6 PATCH /accounts/{account_id}/workers/scripts/{script_name}/secrets-bulk".to_owned())
    );
    let account = Account::Is("023e105f4ecef8ad9ca31a8372d0c353".parse().unwrap());
    let kind = FollowKind::Wrangler { commands: vec!["deploy".into()], environment: Some("live".into()), account };
    assert_eq!(follows(&text), [(6, "web".to_owned(), kind)]);
    assert!(unread(&text).is_empty(), "{:?}", unread(&text));
    // Two commands, each on its line; an old version of wrangler calls Cloudflare for KV.
    let two = workflow(
        "      - uses: cloudflare/wrangler-action@v3\n        with:\n          accountId: ${{ vars.A }}\n          wranglerVersion: \"3.90.0\"\n          \
         command: |\n            kv key get a --binding B\n            pages project list\n",
    );
    assert_eq!(
        needs(&two),
        [
            format!("11 {LISTED}/{{namespace_id}}/values/{{key_name}}"),
            "12 GET /accounts/{account_id}/pages/projects".to_owned()
        ]
    );
    let alone = workflow("      - uses: cloudflare/wrangler-action@v3\n");
    assert!(unread(&alone)[0].contains("no account id is given") && follows(&alone).len() == 1);
}

#[test]
fn other_actions_are_unread_where_they_could_call_cloudflare() {
    let none = "      - uses: actions/checkout@v4\n      - uses: hashicorp/setup-terraform@v3\n      - uses: some/notifier@v1\n        with: {url: x}\n";
    assert_eq!(reading(&workflow(none)), Reading::default());
    let some = "      - uses: some/deployer@v1\n        env:\n          CLOUDFLARE_API_TOKEN: ${{ secrets.X }}\n      - uses: ./.github/actions/d\n        with: {token: '${{ secrets.CF_TOKEN }}'}\n";
    let what = "the action may call Cloudflare, and what it calls is not known";
    assert_eq!(unread(&workflow(some)), [format!("6 {what}"), format!("9 {what}")]);
    let purge = "      - uses: jakejarvis/cloudflare-purge-action@v0.3.0\n        env:\n          CLOUDFLARE_ZONE: 9a7806061c88ada191ed06f989cc3dac\n";
    let found = reading(&workflow(purge));
    assert_eq!(found.needs[0].operation.to_string(), "POST /zones/{zone_id}/purge_cache");
    assert!(found.needs[0].place.zone.is_some());
    let pages = workflow("      - uses: cloudflare/pages-action@v1\n");
    assert!(
        needs(&pages).contains(&"6 POST /accounts/{account_id}/pages/projects/{project_name}/deployments".to_owned())
    );
    let reusable = "jobs:\n  a:\n    uses: ./.github/workflows/x.yml\n    secrets: inherit\n  b:\n    uses: o/r/.github/workflows/y.yml@v1\n";
    assert_eq!(unread(reusable).len(), 1);
}

#[test]
fn anchors_are_shared_and_bounded() {
    let text = "jobs:\n  a:\n    steps: &steps\n      - run: wrangler kv namespace list\n  b:\n    steps: *steps\n";
    assert_eq!(needs(text).len(), 2);
    let mut laughs = "a0: &a0 [{run: true}]\n".to_owned();
    for n in 1..60 {
        let before = n - 1;
        laughs.push_str(&format!(
            "a{n}: &a{n} [*a{before}, *a{before}, *a{before}, *a{before}, *a{before}, *a{before}]\n"
        ));
    }
    laughs.push_str("jobs:\n  a: {steps: *a59}\n");
    assert_eq!(reading(&laughs), Reading::default());
    let step = "{run: wrangler kv namespace list}";
    let many = format!(
        "x: &s [{}]\njobs:\n{}",
        [step; 1000].join(", "),
        (0..1000).map(|n| format!("  j{n}: {{steps: *s}}\n")).collect::<String>()
    );
    let found = reading(&many);
    assert_eq!((found.needs.len(), found.unread.is_empty()), (MOST_STEPS, false));
}

#[test]
fn aliases_repeat_no_more_text_than_is_bounded() {
    let commands = "        wrangler kv namespace list\n".repeat(4000);
    let text = format!("jobs:\n  a:\n    steps:\n    - run: &x |\n{commands}{}", "    - run: *x\n".repeat(2000));
    let found = reading(&text);
    assert!(found.needs.len() < 60_000, "{}", found.needs.len());
    assert_eq!(found.unread[0].what, "aliases make more of the workflow than is read");
    // A large environment costs a step nothing.
    let variables: String = (0..10_000).map(|n| format!("  V{n}: abcdefghij\n")).collect();
    let text = format!("env:\n{variables}jobs:\n  a:\n    steps:\n{}", "    - run: echo\n".repeat(9_000));
    let began = std::time::Instant::now();
    assert_eq!(reading(&text), Reading::default());
    assert!(began.elapsed().as_secs() < 10);
}

#[test]
fn what_is_no_workflow_is_said_with_its_place() {
    let error = |text: &str| read("a.yml", text).unwrap_err();
    assert_eq!(error("stages: [a]\n").reason, "it is no GitHub workflow: it has no `jobs`");
    assert_eq!((error("a: b\nc: [1,\n").line.is_some(), error("\tjobs:").line), (true, Some(1)));
    assert!(error("jobs: &a {b: *a}\n").line.is_some());
    assert!(error(&"[".repeat(10_000)).line.is_some());
    assert!(read("a.yml", "").is_err());
    // YAML ends a line at a lone carriage return; an editor that shows the file does not.
    let returns = error("jobs:\r  a:\r\n  b: [1,\r\r\r");
    assert_eq!((returns.line, returns.column), (Some(2), Some(12)));
    let broken = workflow("      - run: |\n          echo 'open\n");
    assert!(unread(&broken)[0].starts_with("7 the commands cannot be read"));
}

#[test]
fn the_name_or_the_first_line_says_what_a_file_is() {
    let list = "wrangler kv namespace list\n";
    assert_eq!(read_commands("deploy.sh", list).unwrap().needs.len(), 1);
    assert_eq!(read_commands("deploy", &format!("#!/usr/bin/env bash\n{list}")).unwrap().needs.len(), 1);
    assert_eq!(read_commands("x.YAML", &workflow("      - run: wrangler kv namespace list\n")).unwrap().needs.len(), 1);
    assert!(read_commands("deploy", "#!/usr/bin/env python3\nprint()\n").is_err());
    assert!(read_commands("notes.txt", list).unwrap_err().reason.contains("neither"));
}

proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(text in "(jobs:\n|  a:\n|    steps:\n|      - run: |wrangler deploy\n|\\|\n|&a |\\*a |uses: |with: |[-:{}\\[\\],'\" \r\n#!%@>?]|\\PC){0,40}") {
        if let Err(error) = read("a.yml", &text) {
            let last = text.matches('\n').count() + 2;
            prop_assert!(error.line.is_some_and(|line| (1..=last).contains(&line)) && error.column.is_some(), "{error}");
        }
    }

    /// A step that is taken out takes its needs with it, and no other's.
    #[test]
    fn a_step_that_is_removed_takes_its_needs_with_it(kept in prop::collection::vec(any::<bool>(), 5)) {
        let steps = ["wrangler kv namespace list", "wrangler queues list", "wrangler r2 bucket list", "wrangler d1 list", "wrangler hyperdrive list"];
        let kept: Vec<&str> = steps.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(step, _)| step).collect();
        let text = workflow(&format!("      - run: 'true'\n{}", kept.iter().map(|step| format!("      - run: {step}\n")).collect::<String>()));
        prop_assert_eq!(reading(&text).needs.len(), kept.len());
    }
}
