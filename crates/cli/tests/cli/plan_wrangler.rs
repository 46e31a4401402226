//! `flarekeep plan --wrangler`: from a Worker's configuration to a plan.

use crate::support::{ACCOUNT, Home, Local, ZONE, shows};

const EXAMPLE: &str = include_str!("../../../../examples/worker/wrangler.jsonc");
const PLAN: &str = include_str!("../../../../examples/worker/plan.txt");

/// A home with the example's files, as in the repository, and nobody to call.
fn home() -> Home {
    let mut home = Home::new();
    home.set("CLOUDFLARE_API_BASE_URL", "http://127.0.0.1:1/client/v4");
    home.write("examples/worker/wrangler.jsonc", EXAMPLE);
    home
}

#[test]
fn the_example_has_the_plan_beside_it() {
    let run = home().run("plan --wrangler examples/worker/wrangler.jsonc").ended(0);
    assert_eq!(run.stdout, PLAN, "examples/worker/plan.txt is what the command prints");
}

#[test]
fn an_environment_and_other_commands() {
    let home = home();
    shows!("plan_wrangler_env", home.run("plan --wrangler examples/worker/wrangler.jsonc --env staging -v").ended(0));
    shows!("plan_wrangler_tail", home.run("plan --wrangler examples/worker/wrangler.jsonc --for tail -v").ended(0));
    shows!("plan_wrangler_no_env", home.run("plan --wrangler examples/worker/wrangler.jsonc --env prod").ended(2));
    shows!(
        "plan_wrangler_no_command",
        home.run("plan --wrangler examples/worker/wrangler.jsonc --for depoly").ended(2)
    );
}

#[test]
fn a_configuration_that_cannot_be_read() {
    let home = home();
    home.write("wrangler.toml", "name = 'a'\nroutes = [\n");
    shows!("plan_wrangler_malformed", home.run("plan --wrangler wrangler.toml").ended(2));
    home.write("wrangler.toml", "name = 'a'\nhyperdrive = [{binding = 'H', id = 'x'}]\nroutes = ['*/x']\n");
    shows!("plan_wrangler_unread", home.run("plan --wrangler wrangler.toml").ended(0));
}

#[test]
fn zones_are_looked_up_by_the_names_in_it() {
    let local = Local::start();
    local.write("examples/worker/wrangler.jsonc", EXAMPLE);
    let typed = local.type_("plan --wrangler examples/worker/wrangler.jsonc --json");
    let run = typed.env_remove("CLOUDFLARE_ZONE_ID").run().ended(0);
    let resources = run.json()["policies"].to_string();
    assert!(resources.contains(ZONE) && resources.contains(ACCOUNT), "{resources}");
}
