//! `flarekeep check --discover`, and what a check says must be refused.

use crate::support::{Local, shows};

#[test]
fn what_a_token_holds_is_learned_by_asking() {
    let local = Local::start();
    local.token("--name dns --operation 'POST /zones/{zone_id}/dns_records'");
    let before = local.emulator.state_hash();
    shows!("check_discover", local.run("check --discover").ended(0));
    let document = local.run("check --discover --json").ended(0).json();
    assert_eq!(document["read_itself"], false);
    let held: Vec<&str> =
        document["held"].as_array().unwrap().iter().map(|one| one["group"].as_str().unwrap()).collect();
    assert_eq!(held, ["DNS Write"]);
    assert!(document["requests"].as_u64() <= document["budget"].as_u64());
    assert_eq!(local.emulator.state_hash(), before, "nothing changes");
    shows!("check_discover_small_budget", local.run("check --discover --budget 10").ended(0));
    shows!("check_discover_no_budget", local.run("check --discover --budget 2").failed(2));
    local.run("check --discover --recipe saas-platform").ended(2);
}

#[test]
fn what_must_be_refused() {
    let local = Local::start();
    local.token("--name dns --operation 'POST /zones/{zone_id}/dns_records'");
    let wanted = "check --operation 'POST /zones/{zone_id}/dns_records'";
    let narrow = format!("{wanted} --refused 'POST /accounts/{{account_id}}/r2/buckets'");
    shows!("check_refused", local.run(&narrow).ended(0));
    // Whoever writes records also reads and removes them.
    let wide = format!("{wanted} --refused 'DELETE /zones/{{zone_id}}/dns_records/{{dns_record_id}}'");
    shows!("check_refused_allowed", local.run(&wide).ended(1));
    let both = format!("{wanted} --refused 'POST /zones/{{zone_id}}/dns_records'");
    shows!("check_refused_both", local.run(&both).failed(2));
    // By itself it is all of the check.
    local.run("check --refused 'POST /accounts/{account_id}/r2/buckets'").ended(0);
    shows!("check_refused_recipe", local.run(&format!("{wanted} --refused-recipe saas-platform")).ended(1));
}
