//! What cannot be deployed, and where nothing can be: each says what and how, and changes nothing.

use flarekeep_cloudflare::{Jurisdiction, NewBucket};
use flarekeep_emulator::Options;

use crate::support::{Local, block_on, shows};
use crate::tenant::{keys, with_platform};

#[test]
fn folders_that_cannot_be_deployed() {
    let local = with_platform();
    let before = local.emulator.state_hash();
    shows!("site_bad_nowhere", local.run("site deploy nowhere acme").failed(2));
    shows!("site_bad_file", local.run("site deploy public/index.html acme").failed(2));
    std::fs::create_dir(local.path("empty")).unwrap();
    shows!("site_bad_empty", local.run("site deploy empty acme").failed(2));
    local.write("huge/index.html", "x");
    // It takes no room, and reading it would take minutes.
    std::fs::File::create(local.path("huge/film.mp4")).unwrap().set_len(5 << 30).unwrap();
    let run = local.run("site deploy huge acme").failed(2);
    assert!(run.took.as_secs() < 20, "it was read: {:?}", run.took);
    shows!("site_bad_huge", run);
    local.write("control/a\u{7}b.html", "x");
    shows!("site_bad_control", local.run("site deploy control acme").failed(2));
    local.write("line/a\nb.html", "x");
    shows!("site_bad_line", local.run("site deploy line acme").failed(2));
    local.write("case/Index.html", "x");
    local.write("case/index.html", "y");
    shows!("site_bad_case", local.run("site deploy case acme").failed(2));
    local.write("circle/index.html", "x");
    local.write("circle/_redirects", "/a/* /b/:splat\n/b/* /c/:splat\n/c/* /a/:splat\n");
    shows!("site_bad_circle", local.run("site deploy circle acme").failed(2));
    let rules: String = (0..3_000).map(|number| format!("/p{number}/* /q/:splat\n")).collect();
    local.write("many-rules/index.html", "x");
    local.write("many-rules/_redirects", &rules);
    shows!("site_bad_many_rules", local.run("site deploy many-rules acme").failed(2));
    assert_eq!(local.emulator.state_hash(), before);
}

#[test]
fn too_many_files() {
    let local = with_platform();
    let before = local.emulator.state_hash();
    let folder = local.path("many");
    std::fs::create_dir(&folder).unwrap();
    for number in 0..=100_000 {
        std::fs::File::create(folder.join(format!("{number}.txt"))).unwrap();
    }
    shows!("site_bad_many", local.run("site deploy many acme").failed(2));
    assert_eq!(local.emulator.state_hash(), before);
}

#[test]
fn places_where_nothing_can_be_deployed() {
    let mut local = with_platform();
    // A token without R2.
    let (email, key) = (local.facts.email.clone(), local.facts.global_key.clone());
    let line = "token create --name kv --to env:kv.env --permission 'Workers KV Storage Write' --yes";
    local.type_(line).env("CLOUDFLARE_EMAIL", &email).env("CLOUDFLARE_API_KEY", &key).run().ended(0);
    let value = local.value_in("kv.env");
    let before = (keys(&local), local.emulator.state_hash());
    let run = local.type_("site deploy public acme").env("CLOUDFLARE_API_TOKEN", &value).run();
    shows!("site_bad_token_without_r2", run.failed(3));
    assert_eq!((keys(&local), local.emulator.state_hash()), before);
    // A bucket that lies in another jurisdiction, and one that lies nowhere.
    let new = NewBucket { name: "laws".to_owned(), location_hint: None, storage_class: None };
    block_on(local.admin().buckets(local.facts.account_id, Jurisdiction::Eu).create(&new)).unwrap();
    let line = "token create --name r2 --to env:r2.env --permission 'Workers R2 Storage Write' --yes";
    local.type_(line).env("CLOUDFLARE_EMAIL", &email).env("CLOUDFLARE_API_KEY", &key).run().ended(0);
    let value = local.value_in("r2.env");
    let before = local.emulator.state_hash();
    let run = local.type_("site deploy public acme --bucket laws").env("CLOUDFLARE_API_TOKEN", &value).run();
    shows!("site_bad_jurisdiction", run.failed(2));
    local.set("CLOUDFLARE_EMAIL", &email);
    local.set("CLOUDFLARE_API_KEY", &key);
    local.set("CLOUDFLARE_API_TOKEN", "");
    let run = local.type_("platform deploy --zone example.org --bucket laws --yes").env_remove("R2_BUCKET_NAME").run();
    shows!("platform_bad_jurisdiction", run.failed(2));
    assert_eq!(local.emulator.state_hash(), before);
}

#[test]
fn a_zone_that_is_pending() {
    let options = Options { rate_limit: None, ..Options::default() };
    let local = Local::in_world(options, "[[zone]]\nname = 'example.net'\nstatus = 'pending'\n");
    let before = local.emulator.state_hash();
    let typed = |line: &str| local.type_(line).env_remove("CLOUDFLARE_ZONE_ID").run();
    shows!("platform_bad_pending", typed("platform deploy --zone example.net --yes").failed(2));
    assert_eq!(local.emulator.state_hash(), before);
}
