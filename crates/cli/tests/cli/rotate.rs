//! `flarekeep token rotate`, `resume` and `orphans`.

use flarekeep_cloudflare::{NewToken, Owner};

use crate::support::{Local, block_on, shows};

const R2: &str = "--operation 'POST /accounts/{account_id}/r2/buckets'";
const MORE: &str =
    "--operation 'POST /accounts/{account_id}/r2/buckets' --operation 'GET /zones/{zone_id}/dns_records'";

/// Replaces times, which differ from run to run.
fn timeless(work: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"\b20\d\d-\d\d-\d\d( \d\d:\d\d UTC)?", "[day]");
    settings.add_filter(r"\b[0-9a-f]{16}\b", "[change]");
    settings.add_filter(r"pending [0-9a-f]{8}", "pending [mark]");
    settings.bind(work);
}

#[test]
fn one_by_name_to_where_the_journal_knows_its_value_is() {
    let local = Local::start();
    let old = local.narrow_token();
    let id = local.tokens()[0].id;
    timeless(|| {
        shows!("rotate_without_yes", local.run("token rotate story").failed(2));
        shows!("rotate_plan", local.run("token rotate story --plan --grace 1h").ended(0));
        shows!("rotate_plan_json", local.run("token rotate story --dry-run --json").ended(0));
        assert!(local.is_alive(&old) && local.tokens().len() == 1);
        shows!("rotate", local.run("token rotate story --yes").ended(0));
        let new = local.value_in(".env");
        assert!(!local.is_alive(&old) && local.is_alive(&new));
        let [token] = &local.tokens()[..] else { panic!("one is left") };
        assert!(token.id != id && token.name == "story");
        let run = local.run(&format!("token rotate {} --expires 2999-01-31 --yes --json", token.id)).ended(0);
        assert_eq!(run.json()["expires_on"], "2999-01-31T00:00:00Z");
        shows!("rotate_json", run);
        assert!(!local.is_alive(&new) && local.is_alive(&local.value_in(".env")));
    });
    shows!("rotate_unknown", local.run("token rotate stroy --yes").failed(2));
    shows!("resume_nothing", local.run("token resume").ended(0));
}

#[test]
fn a_token_that_the_journal_does_not_know_needs_a_sink() {
    let local = Local::start();
    local.narrow_token();
    std::fs::remove_dir_all(local.path(".local")).unwrap();
    shows!("rotate_without_sink", local.run("token rotate story --yes").failed(2));
    local.run("token rotate story --to file:a --to env:b.env:CF --yes").ended(0);
    let value = local.read("a").trim().to_owned();
    assert!(local.is_alive(&value) && local.read("b.env") == format!("CF={value}\n"));
    // From now on it does, whichever folder the command is typed in.
    local.run("token rotate story --yes").ended(0);
    assert!(!local.is_alive(&value) && local.is_alive(local.read("a").trim()));
    let run = local.type_("token rotate story --to - --yes").asking_for_the_value().run().ended(0);
    assert!(local.is_alive(run.stdout.trim()) && !run.stderr.contains(run.stdout.trim()));
    local.run("token rotate story --to - --yes --json").failed(2);
}

#[test]
fn of_an_account() {
    let local = Local::start();
    let old = local.token(&format!("--name shared {R2} --owner account"));
    local.run("token rotate shared --yes").failed(2);
    local.run("token rotate shared --owner account --yes").ended(0);
    assert!(
        !local.is_alive(&old) && local.value_in(".env").starts_with("cfat_") && local.is_alive(&local.value_in(".env"))
    );
}

#[test]
fn with_fewer_permissions_and_never_with_more() {
    let local = Local::start();
    local.token(&format!("--name wide {MORE}"));
    timeless(|| {
        shows!("rotate_narrower_plan", local.run(&format!("token rotate wide {R2} --plan")).ended(0));
        local.run(&format!("token rotate wide {R2} --yes")).ended(0);
        assert_eq!(local.tokens()[0].policies.len(), 1);
        shows!("rotate_wider", local.run(&format!("token rotate wide {MORE} --yes")).failed(2));
    });
    let plan = local.run(&format!("plan {R2} -o json")).ended(0).stdout;
    local.write("plan.json", &plan);
    let run = local.run("token rotate wide --from-plan plan.json --yes --json").ended(0);
    assert_eq!(run.json()["name"], "wide");
    assert_eq!(local.tokens().len(), 1);
}

#[test]
fn all_and_those_that_are_due() {
    let local = Local::start();
    local.run(&format!("token create --name a {R2} --to env:a.env --yes")).ended(0);
    local.run(&format!("token create --name b {R2} --to env:b.env --expires 12h --yes")).ended(0);
    let policies = local.tokens()[0].policies.clone();
    let foreign = NewToken { name: "foreign".to_owned(), policies, ..Default::default() };
    block_on(local.admin().tokens(Owner::User).create(&foreign)).unwrap();
    let values = || ["a.env", "b.env"].map(|file| local.value_in(file));
    let before = values();
    timeless(|| {
        shows!("rotate_due_none", local.run("token rotate --due --yes").ended(0));
        shows!("rotate_all_young", local.run("token rotate --all --older-than 90d --yes --json").ended(0));
        shows!("rotate_all_plan", local.run("token rotate --all --plan").ended(0));
        assert_eq!(values(), before);
        shows!("rotate_all", local.run("token rotate --all --yes").ended(0));
        let after = values();
        assert!(before.iter().all(|value| !local.is_alive(value)) && after.iter().all(|value| local.is_alive(value)));
        // One sink fails: the other token is rotated all the same.
        std::fs::remove_file(local.path("b.env")).unwrap();
        std::fs::create_dir(local.path("b.env")).unwrap();
        let run = local.run("token rotate --all --yes --json").ended(5);
        shows!("rotate_all_partly", run);
        assert!(!local.is_alive(&after[0]) && local.is_alive(&after[1]) && local.is_alive(&local.value_in("a.env")));
        shows!("rotate_all_partly_words", local.run("token rotate --all --older-than 0s --yes").ended(5));
    });
    assert_eq!(local.tokens().len(), 3);
}

#[test]
fn one_whose_end_is_near_is_due() {
    let local = Local::start();
    local.run(&format!("token create --name short {R2} --to env:a.env --expires 90d --yes")).ended(0);
    let mut token = local.tokens()[0].clone();
    // Its life began long ago.
    token.not_before = Some("2020-01-01T00:00:00Z".parse().unwrap());
    token.expires_on = Some(jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 13));
    block_on(local.admin().tokens(Owner::User).update(token.id, &(&token).into())).unwrap();
    timeless(|| shows!("rotate_due", local.run("token rotate --due --yes").ended(0)));
    local.run("token rotate --due --yes").ended(0);
    assert_eq!(local.tokens().len(), 1);
}

#[test]
fn the_old_token_is_kept_until_the_new_one_is_used() {
    let local = Local::start();
    let old = local.narrow_token();
    timeless(|| {
        shows!("rotate_grace_unused", local.run("token rotate story --grace 1s --until-used --yes").failed(5));
        let new = local.value_in(".env");
        assert!(local.is_alive(&old) && local.is_alive(&new) && new != old);
        shows!("resume_dry_run", local.run("token resume --dry-run").ended(5));
        local.run("token list").ended(0).says("1 change is unfinished");
    });
    // `is_alive` used the new one: the next run sees that.
    local.run("token resume").ended(0);
    assert!(!local.is_alive(&old));
}

#[test]
fn a_time_of_grace_can_be_cut_short() {
    let local = Local::start();
    local.token(&format!("--name a {R2}"));
    let old = local.value_in(".env");
    timeless(|| {
        let run = local.run("token rotate --all --grace 1h --yes").ended(5);
        assert!(local.is_alive(&old));
        shows!("rotate_all_kept", run);
        shows!("resume_kept", local.run("token resume").ended(5));
        shows!("resume_now", local.run("token resume --now").ended(0));
    });
    assert!(!local.is_alive(&old) && local.is_alive(&local.value_in(".env")));
    let old = local.value_in(".env");
    local.run("token rotate a --grace 1s --yes").ended(0).says("is kept until");
    assert!(!local.is_alive(&old));
}

#[test]
fn a_change_that_stopped_is_taken_up_or_forgotten() {
    let local = Local::start();
    local.narrow_token();
    let old = local.value_in(".env");
    let line = "token rotate story --to env:.env --to 'command:cat > taken; test -e open' --yes";
    timeless(|| {
        shows!("rotate_sink_fails", local.run(line).failed(5));
        assert!(local.is_alive(&old) && local.is_alive(&local.value_in(".env")));
        shows!("resume_sink_fails", local.run("token resume").ended(5));
        let json = local.run("token resume --json --dry-run").ended(5);
        let change = json.json()["changes"][0]["change"].as_str().unwrap().to_owned();
        shows!("resume_json", json);
        shows!("forget_dry_run", local.type_(&format!("token resume --forget {change} --dry-run")).run().ended(0));
        local.run("token resume --forget 0000000000000000 --yes").failed(2);
        shows!("forget_none", local.run("token resume --forget zzz --yes").failed(2));
        local.write("open", "");
        // The same command finishes, though two tokens have the name now or one has a mark.
        local.run(line).ended(0);
    });
    assert!(!local.is_alive(&old) && local.tokens().len() == 1);
    assert_eq!(local.read("taken").trim(), local.value_in(".env"));
    local.run("token resume").ended(0);
}

#[test]
fn another_credentials_change_is_left_alone() {
    let mut local = Local::start();
    local.narrow_token();
    local.run("token create --name minter --permission 'User:API Tokens:Edit' --to env:minter.env --yes").ended(0);
    std::fs::remove_file(local.path("minter.env.bak")).ok();
    local.run("token rotate story --to env:.env --to 'command:false' --yes").failed(5);
    let minter = local.value_in("minter.env");
    local.forget_the_key();
    local.set("FLAREKEEP_ADMIN_TOKEN", &minter);
    timeless(|| {
        shows!("resume_foreign", local.run("token resume").ended(5));
        let run = local.run("token resume --dry-run --json").ended(5);
        let change = run.json()["changes"][0]["change"].as_str().unwrap().to_owned();
        shows!("forget", local.run(&format!("token resume --forget {change} --yes")).ended(0));
    });
    local.run("token resume").ended(0);
}

#[test]
fn orphans_are_found_and_swept() {
    let local = Local::start();
    local.narrow_token();
    let policies = local.tokens()[0].policies.clone();
    for mark in ["0123abcd", "4567abcd"] {
        let left = NewToken { name: format!("x (pending {mark})"), policies: policies.clone(), ..Default::default() };
        block_on(local.admin().tokens(Owner::User).create(&left)).unwrap();
    }
    timeless(|| {
        shows!("orphans_young", local.run("token orphans").ended(0));
        shows!("orphans", local.run("token orphans --older-than 0s").ended(0));
        local.run("token orphans --older-than 0s --sweep").failed(2);
        shows!("orphans_json", local.run("token orphans --older-than 0s --json").ended(0));
        shows!("orphans_sweep", local.run("token orphans --older-than 0s --sweep --yes").ended(0));
    });
    assert_eq!(local.tokens().len(), 1);
}
