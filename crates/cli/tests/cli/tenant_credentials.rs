//! Keys of a tenant's own folder: what is deployed with them, and what is not. That they open nothing else is shown by the
//! emulator's test s3_tenants.

use std::collections::BTreeMap;

use crate::support::{Local, Run, shows};
use crate::tenant::{call, keys, with_platform};

/// Keys for acme, of which no command may print a secret; and the token that made them, which is in no file any more.
struct Keys {
    token: String,
    variables: BTreeMap<String, String>,
}

impl Keys {
    fn of(local: &Local, token: &str, line: &str) -> Self {
        let run = local.type_(&format!("tenant credentials acme --to env:acme.env {line}"));
        run.env("CLOUDFLARE_API_TOKEN", token).run().ended(0);
        Self::read(local, token)
    }

    /// Those in `acme.env`.
    fn read(local: &Local, token: &str) -> Self {
        let text = local.read("acme.env");
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let variables: BTreeMap<_, _> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        for name in ["R2_SECRET_ACCESS_KEY", "R2_SESSION_TOKEN"] {
            local.keep_secret(&variables[name]);
        }
        Self { token: token.to_owned(), variables }
    }

    /// A command of whoever holds the keys alone.
    fn run(&self, local: &Local, line: &str) -> Run {
        self.variables.iter().fold(local.type_(line), |typed, (name, value)| typed.env(name, value)).run()
    }

    /// A command of whoever holds the token.
    fn operator(&self, local: &Local, line: &str) -> Run {
        local.type_(line).env("CLOUDFLARE_API_TOKEN", &self.token).run()
    }
}

fn place() -> (Local, String) {
    let local = with_platform();
    let token = local.value_in(".env");
    std::fs::remove_file(local.path(".env")).unwrap();
    local.keep_secret(&token);
    (local, token)
}

#[test]
fn a_tenant_deploys_with_them() {
    let (mut local, token) = place();
    let dry = local.type_("tenant credentials acme --to env:acme.env --dry-run").env("CLOUDFLARE_API_TOKEN", &token);
    shows!("tenant_credentials_dry_run", dry.run().ended(0));
    let own = Keys::of(&local, &token, "--ttl 15m");
    let names: Vec<&String> = own.variables.keys().collect();
    assert_eq!(
        names,
        ["R2_ACCESS_KEY_ID", "R2_BUCKET_NAME", "R2_ENDPOINT", "R2_SECRET_ACCESS_KEY", "R2_SESSION_TOKEN"]
    );
    let before = keys(&local);
    // Its first deploy: nothing is written but in its folder, and the edge is not told.
    let run = own.run(&local, "site deploy public acme --json").ended(5);
    call(&mut local, &run.json(), "[release 1]");
    assert_eq!(run.json()["live"], true);
    let now = keys(&local);
    assert!(now.difference(&before).all(|key| key.starts_with("sites/acme/")), "{now:?}");
    // The platform's side tells the edge, and enters the tenant in the registry.
    own.operator(&local, "site sync acme").ended(0);
    assert!(keys(&local).contains("platform/tenants/acme.json"));
    own.operator(&local, "domain add www.acme.test acme").ended(0);
    local.write("public/index.html", "<h1>two</h1>");
    let second = own.run(&local, "site deploy public acme").ended(5);
    let status = own.run(&local, "site status acme --json").ended(0).json();
    call(&mut local, &status, "[release 2]");
    drop(second);
    assert!(status["url"].is_null(), "where the site is was never seen with these keys: {status}");
    // With the platform's token it is known, and stays so.
    local.write("public/index.html", "<h1>three</h1>");
    own.operator(&local, "site deploy public acme").ended(0);
    local.write("public/index.html", "<h1>four</h1>");
    let run = own.run(&local, "site deploy public acme --json").ended(5);
    assert_eq!(run.json()["urls"][0], "https://acme.example.com/");
    call(&mut local, &run.json(), "[release 4]");
    own.run(&local, "site rollback acme").ended(5);
    own.run(&local, "site list acme").ended(0);
    own.run(&local, "site gc acme --yes").ended(0);
    own.run(&local, "site export acme out").ended(0);
    assert_eq!(local.read("out/index.html"), "<h1>three</h1>");
    local.write("public/index.html", "<h1>five</h1>");
    let run = own.run(&local, "site deploy public acme").ended(5);
    let status = own.run(&local, "site status acme --json").ended(0).json();
    call(&mut local, &status, "[release 5]");
    assert!(run.stderr.contains("flarekeep site sync acme"), "{}", run.shown());
    let nothing = own.run(&local, "site deploy public acme --message again").ended(0);
    shows!("tenant_credentials_unchanged", nothing);
}

#[test]
fn they_open_nothing_else() {
    let (local, token) = place();
    local.type_("site deploy public globex").env("CLOUDFLARE_API_TOKEN", &token).run().ended(0);
    let own = Keys::of(&local, &token, "");
    own.run(&local, "site deploy public acme").ended(5);
    own.operator(&local, "tenant quota acme --files 50").ended(0);
    let before = keys(&local);
    local.write("public/index.html", "<h1>mine</h1>");
    shows!("tenant_credentials_other", own.run(&local, "site deploy public globex").failed(3));
    for line in [
        "site status globex",
        "site list globex",
        "site export globex out",
        "site gc globex --yes",
        "site rollback globex",
        "site sync globex",
        "site remove globex --yes",
        "site import",
        "tenant list",
        "tenant show acme",
        "tenant show globex",
        "tenant quota acme --files 9999",
        "tenant quota acme",
        "tenant suspend globex",
        "tenant resume acme",
        "tenant remove globex --yes",
        "tenant remove acme --yes",
        "domain list",
        "domain add www.acme.test acme",
        "site deploy public acme www.acme.test",
    ] {
        let run = own.run(&local, line);
        assert!([2, 3].contains(&run.status), "{}", run.shown());
    }
    own.run(&local, "site status acme --bucket other").failed(3);
    assert_eq!(keys(&local), before);
    // Keys that only read.
    let reader = Keys::of(&local, &token, "--read");
    reader.run(&local, "site status acme").ended(0);
    reader.run(&local, "site deploy public acme").failed(3);
    assert_eq!(keys(&local), before);
    // A tenant that was suspended does not lift that itself.
    own.operator(&local, "tenant suspend acme").ended(0);
    own.run(&local, "site deploy public acme").ended(5);
    own.operator(&local, "site sync acme").ended(0);
    assert_eq!(own.operator(&local, "tenant show acme --json").ended(0).json()["state"], "suspended");
}

/// Whoever has the Global API key alone has the API sign, for a token that is named.
#[test]
fn the_api_signs_them_too() {
    let (local, token) = place();
    let id = local.tokens()[0].id.to_string();
    let (email, key) = (local.facts.email.clone(), local.facts.global_key.clone());
    let line = format!("tenant credentials acme --key-id {id} --ttl 2h --to env:acme.env --json");
    let run = local.type_(&line).env("CLOUDFLARE_EMAIL", &email).env("CLOUDFLARE_API_KEY", &key).run().ended(0);
    let made = run.json();
    assert_eq!((&made["signed_by"], &made["prefix"]), (&"api".into(), &"sites/acme/".into()));
    let own = Keys::read(&local, &token);
    own.run(&local, "site deploy public acme").ended(5);
    own.run(&local, "site deploy public globex").failed(3);
    let line = format!("tenant credentials acme --key-id {id} --to env:acme.env");
    let run = local.type_(&line).env("CLOUDFLARE_API_TOKEN", &token).run().ended(0);
    let until = run.stdout.split_once("until ").unwrap().1.split_once(';').unwrap().0.to_owned();
    let said = run.stdout.clone() + &run.stderr;
    insta::assert_snapshot!("tenant_credentials", said.replace(&until, "[in an hour]").replace(&id, "[id]"));
}

#[test]
fn what_makes_no_credentials() {
    let (local, token) = place();
    let typed = |line: &str| local.type_(line).env("CLOUDFLARE_API_TOKEN", &token).run();
    for line in [
        "tenant credentials www --to env:acme.env",
        "tenant credentials acme --read --write --to env:acme.env",
        "tenant credentials acme --ttl 8d --to env:acme.env",
        "tenant credentials acme --to - --json",
        "tenant credentials acme",
    ] {
        typed(line).ended(2);
    }
    assert!(!local.path("acme.env").exists());
}
