//! `flarekeep plan --workflow`: from a workflow or a script to a plan.

use crate::support::{Home, shows};

const PLAN: &str = include_str!("../../../../examples/workflow/plan.txt");

/// A home with the example's files, as in the repository, and nobody to call.
fn home() -> Home {
    let mut home = Home::new();
    home.set("CLOUDFLARE_API_BASE_URL", "http://127.0.0.1:1/client/v4");
    home.write("examples/workflow/deploy.yml", include_str!("../../../../examples/workflow/deploy.yml"));
    let configuration = include_str!("../../../../examples/workflow/worker/wrangler.jsonc");
    home.write("examples/workflow/worker/wrangler.jsonc", configuration);
    home.write("examples/workflow/dns/main.tf", include_str!("../../../../examples/workflow/dns/main.tf"));
    home
}

#[test]
fn the_example_has_the_plan_beside_it() {
    let run = home().run("plan --workflow examples/workflow/deploy.yml").ended(0);
    assert_eq!(run.stdout, PLAN, "examples/workflow/plan.txt is what the command prints");
}

#[test]
fn what_cannot_be_read_is_said_with_its_line() {
    let home = home();
    home.write(
        "deploy.sh",
        "#!/bin/sh\ncd web\nnpx wrangler kv key put a b\nrclone sync dist r2:media\nmake deploy\n./missing.sh\n\
         wrangler frobnicate\nnpm run purge\n",
    );
    home.write(
        "web/package.json",
        "{\"scripts\": {\n  \"purge\": \"curl -X POST https://api.cloudflare.com/client/v4/zones/$Z/purge_cache\"\n}}",
    );
    shows!("plan_workflow_unread", home.run("plan --workflow deploy.sh").ended(0));
    home.write("ci.yml", "stages: [deploy]\n");
    shows!("plan_workflow_of_others", home.run("plan --workflow ci.yml").ended(2));
    home.write("broken.yml", "jobs:\n  a: [\n");
    shows!("plan_workflow_malformed", home.run("plan --workflow broken.yml").ended(2));
}
