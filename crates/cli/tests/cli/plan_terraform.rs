//! `flarekeep plan --terraform`: from a plan, a state or a folder of Terraform to a plan.

use std::process::Command;

use crate::support::{ACCOUNT, Home, ZONE, shows};

const MAIN: &str = include_str!("../../../../examples/dns/main.tf");
const PLAN: &str = include_str!("../../../../examples/dns/plan.json");

/// A home with the example's files, as in the repository, and nobody to call.
fn home() -> Home {
    let mut home = Home::new();
    home.set("CLOUDFLARE_API_BASE_URL", "http://127.0.0.1:1/client/v4");
    home.write("examples/dns/main.tf", MAIN);
    home.write("examples/dns/plan.json", PLAN);
    home
}

#[test]
fn the_example_has_the_plans_beside_it() {
    let home = home();
    let of_plan = home.run("plan --terraform examples/dns/plan.json").ended(0);
    assert_eq!(of_plan.stdout, include_str!("../../../../examples/dns/plan.txt"), "what the command prints");
    let of_folder = home.run("plan --terraform examples/dns").ended(0);
    assert_eq!(of_folder.stdout, include_str!("../../../../examples/dns/plan-hcl.txt"), "what the command prints");
    // A zone that is given beside them is not theirs.
    let beside = home.run("plan --terraform examples/dns/plan.json --zone example.com").ended(0);
    assert_eq!(beside.stdout, of_plan.stdout);
}

#[test]
fn every_need_keeps_the_thing_it_came_from() {
    shows!("plan_terraform_needs", home().run("plan --terraform examples/dns/plan.json -v").ended(0));
}

#[test]
fn modules_of_the_folder_are_read_and_others_are_named() {
    let mut home = home();
    home.set("CLOUDFLARE_ACCOUNT_ID", ACCOUNT);
    home.set("CLOUDFLARE_ZONE_ID", ZONE);
    home.call(ACCOUNT, "[account]");
    home.call(ZONE, "[zone]");
    home.write(
        "edge/main.tf",
        "module \"near\" {\n  source = \"./near\"\n}\n\nmodule \"far\" {\n  source = \"acme/dns/cloudflare\"\n}\n\n\
         module \"above\" {\n  source = \"../above\"\n}\n",
    );
    home.write("edge/near/main.tf", "module \"inner\" {\n  source = \"./inner\"\n}\n");
    home.write(
        "edge/near/inner/main.tf",
        "variable \"zone\" {}\n\nresource \"cloudflare_workers_route\" \"shop\" {\n  zone_id = var.zone\n}\n\n\
         resource \"cloudflare_r2_bucket\" \"media\" {\n  account_id = var.account\n}\n\n\
         resource \"cloudflare_record\" \"old\" {\n  zone_id = var.zone\n}\n",
    );
    shows!("plan_terraform_modules", home.run("plan --terraform edge -v").ended(0));
}

#[test]
fn what_cannot_be_read() {
    let home = home();
    home.write("cut.json", PLAN.get(..2000).unwrap());
    shows!("plan_terraform_cut", home.run("plan --terraform cut.json").ended(2));
    home.write("bad/main.tf", "resource \"cloudflare_zone\" \"main\" {\n  name = [\n");
    shows!("plan_terraform_malformed", home.run("plan --terraform bad").ended(2));
    shows!("plan_terraform_one_file", home.run("plan --terraform bad/main.tf").ended(2));
    home.write("empty/notes.txt", "nothing");
    shows!("plan_terraform_empty", home.run("plan --terraform empty").ended(2));
}

/// Terraform itself, where it is in the path, has nothing to change in the example.
#[test]
fn terraform_would_format_the_example_no_other_way() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/dns");
    match Command::new("terraform").args(["fmt", "-check", "-diff", folder]).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(_) => eprintln!("terraform is not in the path"),
    }
}
