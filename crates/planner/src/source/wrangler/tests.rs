use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::{Place, Reading, ZoneName};
use super::{Account, Asked, read};

const ZONE: &str = "023e105f4ecef8ad9ca31a8372d0c353";

fn reading(name: &str, text: &str) -> Reading {
    read(name, text, &Asked { account: Account::Set, ..Asked::default() }).unwrap()
}

fn toml(text: &str) -> Reading {
    reading("wrangler.toml", text)
}

/// The operations, each with its line.
fn calls(reading: &Reading) -> BTreeSet<(String, usize)> {
    reading.needs.iter().map(|need| (need.operation.to_string(), need.origin.line.unwrap())).collect()
}

fn operations(reading: &Reading) -> BTreeSet<String> {
    calls(reading).into_iter().map(|(operation, _)| operation).collect()
}

/// What a text needs more than a plain Worker.
fn more(text: &str) -> BTreeSet<String> {
    let plain = operations(&toml("name = 'a'\nmain = 'a.js'\n"));
    &operations(&toml(&format!("name = 'a'\nmain = 'a.js'\n{text}"))) - &plain
}

fn set(operations: &[&str]) -> BTreeSet<String> {
    operations.iter().map(|text| (*text).to_owned()).collect()
}

fn unread(reading: &Reading) -> String {
    reading.unread.iter().map(|unread| format!("{}: {}\n", unread.origin, unread.what)).collect()
}

#[test]
fn a_plain_worker_needs_what_the_recipe_always_calls() {
    let recipe = flarekeep_catalogue::recipe("wrangler-deploy").unwrap();
    let always: BTreeSet<_> = recipe.needs().map(|need| (need.operation.to_string(), 2)).collect();
    assert_eq!(calls(&toml("main = 'a.js'\nname = 'a'\n")), always);
    assert!(toml("name = 'a'").unread.is_empty());
    assert_eq!(calls(&toml("")), always.into_iter().map(|(operation, _)| (operation, 1)).collect());
}

#[test]
fn a_binding_with_an_id_needs_nothing_and_one_without_makes_what_is_missing() {
    assert_eq!(
        more("[[kv_namespaces]]\nbinding = 'A'\nid = 'x'\n[[d1_databases]]\nbinding = 'B'\ndatabase_id = 'y'"),
        set(&[])
    );
    assert_eq!(more("[[r2_buckets]]\nbinding = 'A'\nbucket_name = 'x'"), set(&[]));
    let kv = ["GET /accounts/{account_id}/storage/kv/namespaces", "POST /accounts/{account_id}/storage/kv/namespaces"];
    assert_eq!(more("kv_namespaces = [{binding = 'A', id = 'x'}, {binding = 'B'}]"), set(&kv));
    assert_eq!(more("kv_namespaces = [{binding = 'A', id = ''}]"), set(&kv));
    assert!(more("[[r2_buckets]]\nbinding = 'A'").contains("POST /accounts/{account_id}/r2/buckets"));
    assert!(
        more("[[d1_databases]]\nbinding = 'A'\ndatabase_name = 'b'")
            .contains("POST /accounts/{account_id}/d1/database")
    );
    assert!(more("[[queues.producers]]\nbinding = 'A'").contains("POST /accounts/{account_id}/queues"));
}

#[test]
fn each_part_adds_what_its_option_calls() {
    let cron = set(&["PUT /accounts/{account_id}/workers/scripts/{script_name}/schedules"]);
    assert_eq!(more("[triggers]\ncrons = ['* * * * *']"), cron);
    // An empty list takes the triggers away, which is a call too.
    assert_eq!(more("triggers = {crons = []}"), cron);
    assert_eq!(more("[triggers]"), set(&[]));
    let assets = "POST /accounts/{account_id}/workers/scripts/{script_name}/assets-upload-session";
    assert_eq!(more("[assets]\ndirectory = 'public'"), set(&[assets]));
    let consumer = "POST /accounts/{account_id}/queues/{queue_id}/consumers";
    assert!(more("[[queues.consumers]]\nqueue = 'q'").contains(consumer));
    assert!(more("[[queues.producers]]\nqueue = 'q'\nbinding = 'Q'").is_empty());
    let workflow = "PUT /accounts/{account_id}/workflows/{workflow_name}";
    assert!(more("[[workflows]]\nname = 'w'\nbinding = 'W'\nclass_name = 'W'").contains(workflow));
    assert!(more("[[workflows]]\nname = 'w'\nscript_name = 'a'").contains(workflow));
    assert!(more("[[workflows]]\nname = 'w'\nscript_name = 'other'").is_empty());
    assert!(
        more("[site]\nbucket = 'p'").contains("PUT /accounts/{account_id}/storage/kv/namespaces/{namespace_id}/bulk")
    );
    let secret = "PATCH /accounts/{account_id}/secrets_store/stores/{store_id}/secrets/{secret_id}";
    assert_eq!(more("[[secrets_store_secrets]]\nbinding = 'S'\nstore_id = 's'\nsecret_name = 'n'"), set(&[secret]));
    for nothing in ["vars = {a = 'b'}", "ai = {binding = 'AI'}", "workers_dev = false", "logpush = true"] {
        assert!(more(nothing).is_empty() && toml(nothing).unread.is_empty(), "{nothing}");
    }
}

/// The zones of the needs in zones, and whether the list of zones is asked.
fn zones(reading: &Reading) -> (BTreeSet<Option<ZoneName>>, bool) {
    let in_zone = reading.needs.iter().filter(|need| need.operation.names_zone());
    let lists = reading.needs.iter().any(|need| need.operation.path() == "/zones");
    (in_zone.map(|need| need.place.zone.clone()).collect(), lists)
}

#[test]
fn routes_are_needs_at_their_zones() {
    let read = toml(
        "name = 'a'\nroutes = [\n 'example.com/*',\n {pattern = '*.shop.example.net/x', zone_name = 'Example.net'},\n]\n",
    );
    let host = Some(ZoneName::Host("example.com".into()));
    let name = Some(ZoneName::Name("example.net".into()));
    assert_eq!(zones(&read), ([host.clone(), name].into(), true));
    let post = |line| ("POST /zones/{zone_id}/workers/routes".to_owned(), line);
    assert!(calls(&read).contains(&post(3)) && calls(&read).contains(&post(4)));
    // What goes, goes with it.
    assert_eq!(zones(&toml("name = 'a'\nroutes = ['example.com/*']")).0, [host.clone()].into());
    assert_eq!(zones(&toml("name = 'a'\nroute = 'example.com/*'")), ([host].into(), true));
    assert_eq!(zones(&toml("name = 'a'\nroutes = []")), (BTreeSet::new(), false));
}

#[test]
fn who_gives_a_zones_id_does_not_look_for_it() {
    let read =
        toml(&format!("routes = [{{pattern = 'example.com/*', zone_id = '{ZONE}', zone_name = 'example.com'}}]"));
    let id = ZONE.parse().unwrap();
    assert_eq!(zones(&read), ([Some(ZoneName::Id(id))].into(), false));
    assert_eq!(read.zones.find(&ZoneName::Name("example.com".into())), Some(id));
    let read = toml("routes = [{pattern = 'example.com/*', zone_id = 'YOUR_ZONE'}]");
    assert_eq!(zones(&read).0, [Some(ZoneName::Host("example.com".into()))].into());
    assert!(unread(&read).contains("no zone's id") && !unread(&read).contains("YOUR_ZONE"));
    let read = toml("routes = ['*/x']");
    assert_eq!(zones(&read).0.len(), 0);
    assert!(unread(&read).contains("wrangler.toml:1: `routes`: a route names no host"));
}

#[test]
fn a_custom_domain_is_no_route() {
    let read = toml("routes = [{pattern = 'shop.example.com', custom_domain = true}]");
    let (zones, lists) = zones(&read);
    assert_eq!((zones, lists), ([Some(ZoneName::Host("shop.example.com".into()))].into(), false));
    assert!(operations(&read).contains("PUT /accounts/{account_id}/workers/scripts/{script_name}/domains/records"));
}

const ENVIRONMENTS: &str = "\
name = 'shop'
account_id = '023e105f4ecef8ad9ca31a8372d0c353'
route = 'example.com/*'
kv_namespaces = [{binding = 'A'}]
triggers = {crons = ['* * * * *']}
[env.staging]
route = 'staging.example.com/*'
[env.production]
routes = []
triggers = {}
[[env.production.queues.consumers]]
queue = 'q'
";

fn environment(name: &str) -> Reading {
    read("wrangler.toml", ENVIRONMENTS, &Asked { environment: Some(name), commands: &[], ..Asked::default() }).unwrap()
}

#[test]
fn an_environment_inherits_keys_and_no_bindings() {
    let schedules = "PUT /accounts/{account_id}/workers/scripts/{script_name}/schedules";
    let namespaces = "POST /accounts/{account_id}/storage/kv/namespaces";
    let top = toml(ENVIRONMENTS);
    assert!(operations(&top).contains(schedules) && operations(&top).contains(namespaces));
    assert_eq!(zones(&top).0, [Some(ZoneName::Host("example.com".into()))].into());
    assert!(unread(&top).contains("the environments are not read: `staging`, `production`"), "{}", unread(&top));
    let staging = environment("staging");
    assert!(operations(&staging).contains(schedules) && !operations(&staging).contains(namespaces));
    assert_eq!(zones(&staging).0, [Some(ZoneName::Host("staging.example.com".into()))].into());
    assert!(staging.unread.is_empty(), "{}", unread(&staging));
    assert!(staging.needs.iter().all(|need| need.place.account.is_some()));
    let production = environment("production");
    assert!(!operations(&production).contains(schedules));
    assert!(zones(&production).0.is_empty() && operations(&production).contains("GET /accounts/{account_id}/queues"));
    let error = read("w.toml", ENVIRONMENTS, &Asked { environment: Some("prod"), commands: &[], ..Asked::default() })
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`w.toml` cannot be read, line 6: no environment `prod`; there: `staging`, `production`"
    );
}

#[test]
fn commands_have_their_own_needs() {
    let asked = |commands: &[&str]| {
        let commands: Vec<String> = commands.iter().map(|text| (*text).to_owned()).collect();
        read("wrangler.toml", ENVIRONMENTS, &Asked { environment: None, commands: &commands, ..Asked::default() })
            .unwrap()
    };
    let tail = asked(&["tail"]);
    assert!(operations(&tail).iter().all(|operation| operation.contains("/tails")), "{:?}", operations(&tail));
    let both = operations(&asked(&["deploy", "tail", "deploy"]));
    assert_eq!(both, &operations(&tail) | &operations(&toml(ENVIRONMENTS)));
    let triggers = operations(&asked(&["triggers deploy"]));
    assert!(triggers.contains("POST /zones/{zone_id}/workers/routes"));
    assert!(!triggers.contains("PUT /accounts/{account_id}/workers/scripts/{script_name}"));
    let upload = operations(&asked(&["versions upload"]));
    assert!(upload.contains("POST /accounts/{account_id}/storage/kv/namespaces"));
    assert!(!upload.iter().any(|operation| operation.contains("routes") || operation.contains("schedules")));
    assert!(unread(&asked(&["frobnicate"])).contains("what `wrangler frobnicate` calls is not recorded"));
    let d1 = operations(&asked(&["d1 migrations list"]));
    assert!(d1.contains("POST /accounts/{account_id}/d1/database/{database_id}/query") && d1.len() == 2, "{d1:?}");
    assert!(asked(&["types"]).needs.is_empty());
}

#[test]
fn a_pages_project_is_deployed_as_one() {
    let read = toml("name = 'docs'\npages_build_output_dir = 'dist'\n[[kv_namespaces]]\nbinding = 'A'");
    assert!(operations(&read).contains("POST /accounts/{account_id}/pages/projects/{project_name}/deployments"));
    assert!(!operations(&read).iter().any(|operation| operation.contains("/workers/")));
}

#[test]
fn what_is_not_recorded_is_said_and_no_value_is() {
    let text = "account_id = 'sw0rdfish'\nhyperdrive = [{binding = 'H', id = 'sw0rdfish'}]\ncontainers = [{image = 'sw0rdfish'}]\nr2_buckets = 'sw0rdfish'\n\"a\\u0007b\" = 'sw0rdfish'\n";
    let told = unread(&toml(text));
    for expected in [
        "wrangler.toml:1: `account_id` is no",
        "toml:2: `hyperdrive`: ",
        "toml:3: `containers`: ",
        "toml:4: `r2_buckets` is no list",
        "toml:5: `a\\u{7}b` is no key",
    ] {
        assert!(told.contains(expected), "{expected} in {told}");
    }
    assert!(!told.contains("sw0rdfish") && !told.contains('\u{7}'));
}

#[test]
fn the_account_goes_with_every_need() {
    let account = "023e105f4ecef8ad9ca31a8372d0c353".parse().ok();
    let read = toml(ENVIRONMENTS);
    assert!(read.needs.iter().all(|need| need.place.account == account));
    assert!(toml("name = 'a'").needs.iter().all(|need| need.place == Place::default()));
}

/// A configuration in both languages.
fn both(names: &[&str]) -> (String, String) {
    let toml = names.iter().map(|name| format!("[[{name}]]\nbinding = 'B'\n")).collect();
    let json = names.iter().map(|name| format!("\"{name}\": [{{\"binding\": \"B\"}}]")).collect::<Vec<_>>();
    (toml, format!("{{{}}}", json.join(",\n")))
}

proptest! {
    #[test]
    fn the_language_makes_no_difference(names in proptest::sample::subsequence(
        vec!["kv_namespaces", "r2_buckets", "d1_databases", "workflows", "hyperdrive", "secrets_store_secrets", "services"], 0..7,
    )) {
        let (in_toml, in_json) = both(&names);
        prop_assert_eq!(operations(&reading("w.toml", &in_toml)), operations(&reading("w.jsonc", &in_json)));
    }

    #[test]
    fn no_text_makes_it_panic_and_every_fault_has_a_line(text in "\\PC*", name in "w\\.(toml|json|jsonc|txt)") {
        if let Err(error) = read(&name, &text, &Asked::default()) {
            prop_assert!(error.line.is_some());
            prop_assert!(!error.reason.contains(char::is_control));
        }
    }

    /// Texts that are nearly configurations: parts of one, in any order.
    #[test]
    fn no_mixture_makes_it_panic(parts in proptest::collection::vec(proptest::sample::select(vec![
        "{", "}", "[", "]", "\"routes\"", "\"env\"", "\"a\"", ":", ",", "null", "1", "true", "\n", "routes", "env", "=", ".",
        "'example.com/*'", "[[kv_namespaces]]", "[env.a]", "\"*/\"", "{pattern = ''}", "//", "/*", "#",
    ]), 0..30), environment in proptest::option::of("a")) {
        let text = parts.concat();
        for name in ["w.toml", "w.json"] {
            let _ = read(name, &text, &Asked { environment: environment.as_deref(), commands: &[], ..Asked::default() });
        }
    }
}
