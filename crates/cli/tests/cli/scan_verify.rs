//! `flarekeep scan --verify` and `--respond`, against a local Cloudflare.

use crate::support::{Local, fresh_value};

#[test]
fn what_lives_is_told_and_ended() {
    let local = Local::start();
    let living = local.token("--name leaked --recipe wrangler-deploy");
    std::fs::rename(local.path(".env"), local.path("kept")).unwrap();
    local.write("leak.sh", &format!("export CLOUDFLARE_API_TOKEN={living}\n"));
    let dead = fresh_value("cfut_");
    local.keep_secret(&dead);
    local.write("old.sh", &dead);
    let run = local.run("scan leak.sh old.sh --verify --reach").ended(1);
    assert!(run.stdout.contains("alive") && run.stdout.contains("it may call "), "{}", run.shown());
    assert!(run.stdout.contains("Cloudflare does not know it"), "{}", run.shown());
    let document = local.run("scan leak.sh --verify --json").ended(1).json();
    assert_eq!(document["findings"][0]["life"]["verdict"], "alive");

    local.run("scan leak.sh old.sh --respond revoke").failed(2).says("nobody can be asked");
    local.run("scan leak.sh old.sh --respond revoke --dry-run").ended(1);
    assert!(local.is_alive(&living));
    local.run("scan leak.sh old.sh --respond revoke --yes").ended(1).says("revoked");
    assert!(!local.is_alive(&living));
    let record = local.read("flarekeep-response.jsonl");
    assert!(
        record.contains("\"did\":\"revoke\"") && record.contains("\"done\":true") && !record.contains(&living[5..20])
    );
}

/// A disk that is full is no reason to leave a token alive, nor to be silent about those that were ended.
#[test]
fn what_the_record_could_not_take_is_done_and_told() {
    let local = Local::start();
    let living: Vec<String> =
        ["one", "two"].map(|name| local.token(&format!("--name {name} --recipe wrangler-deploy"))).to_vec();
    std::fs::rename(local.path(".env"), local.path("kept")).unwrap();
    local.write("leak.sh", &living.join("\n"));
    let run = local.run("scan leak.sh --respond revoke --yes --record /dev/full").failed(5);
    let run = run.says("`/dev/full` lacks what was done: revoked token ").says("No space left on device");
    assert_eq!(run.stderr.matches("revoked token ").count(), 4, "{}", run.shown());
    assert!(living.iter().all(|value| !local.is_alive(value)));
}

/// What needs no network to be refused is refused at once; what fails later stands in the document of what was found.
#[test]
fn there_is_one_document() {
    let local = Local::start();
    let living = local.token("--name leaked --recipe wrangler-deploy");
    std::fs::rename(local.path(".env"), local.path("kept")).unwrap();
    let told = |line: &str| {
        let document = local.run(line).failed(2).json();
        (document["findings"].is_array(), document["error"]["message"].as_str().unwrap().to_owned())
    };
    for (line, message) in [
        ("scan kept --respond revoke --json", "nobody can be asked"),
        ("scan kept --respond roll --yes --json", "is not said"),
        ("scan kept --respond roll --yes --to - --json", "both want standard output"),
    ] {
        let calls = local.calls().len();
        let (found, error) = told(line);
        assert!(!found && error.contains(message), "{line}: {error}");
        assert_eq!(local.calls().len(), calls, "{line}");
    }
    let (found, error) = told("scan kept --respond revoke --yes --record nowhere/record --json");
    assert!(found && error.contains("cannot write"), "{error}");
    assert!(local.is_alive(&living));

    let document = local.run("scan kept --respond revoke --dry-run --json").ended(1).json();
    assert_eq!((&document["dry_run"], &document["response"][0]["done"]), (&true.into(), &false.into()));
    let document = local.run("scan kept --respond revoke --yes --record /dev/full -o json").failed(5).json();
    assert_eq!((&document["response"][0]["done"], &document["error"]["exit_status"]), (&true.into(), &5.into()));
    let document = local.run("scan kept --respond revoke --yes --json").ended(1).json();
    assert_eq!((document["response"].as_array().unwrap().len(), &document["error"]), (0, &serde_json::Value::Null));
}

#[test]
fn a_leaked_token_gets_a_new_value() {
    let local = Local::start();
    let living = local.token("--name leaked --recipe wrangler-deploy");
    std::fs::rename(local.path(".env"), local.path("kept")).unwrap();
    local.run("scan kept --respond roll --to env:new.env --yes").ended(1).says("rolled");
    assert!(!local.is_alive(&living));
    assert!(local.is_alive(&local.value_in("new.env")));
}

/// Who ends a token has to mend every file in which it stands.
#[test]
fn every_place_of_a_token_is_told() {
    let local = Local::start();
    let living = local.token("--name leaked --recipe wrangler-deploy");
    std::fs::rename(local.path(".env"), local.path("kept")).unwrap();
    local.write("again.txt", &format!("{living}\n").repeat(6));
    let run = local.run("scan again.txt kept --respond revoke --yes").ended(1);
    run.says("again.txt:1:1, again.txt:2:1, again.txt:3:1, again.txt:4:1, again.txt:5:1, 2 more");
    let record: serde_json::Value = serde_json::from_str(&local.read("flarekeep-response.jsonl")).unwrap();
    let places = record["places"].as_array().unwrap();
    assert_eq!((places.len(), &places[6]["path"]), (7, &"kept".into()));
}

#[test]
fn a_new_value_has_standard_output_for_itself() {
    let local = Local::start();
    let living = local.token("--name leaked --recipe wrangler-deploy");
    std::fs::rename(local.path(".env"), local.path("kept")).unwrap();
    let run = local.type_("scan kept --respond roll --to - --yes").asking_for_the_value().run().ended(1);
    assert!(local.is_alive(run.stdout.trim_end()) && !local.is_alive(&living));
    run.says("kept:1:").says("1 finding of 1 credential");
}

#[test]
fn a_global_key_is_asked_about_with_its_address() {
    let local = Local::start();
    local.write("a.env", &format!("CF_API_EMAIL={}\nCF_API_KEY={}\n", local.facts.email, local.facts.global_key));
    let run = local.run("scan a.env --verify").ended(1);
    assert!(run.stdout.contains("the key of ada@example.com"), "{}", run.shown());
}

#[test]
fn a_folder_does_not_say_where_its_leaks_are_sent() {
    let local = Local::start();
    let (theirs, found) = (fresh_value("cfut_"), fresh_value("cfut_"));
    let there = "CLOUDFLARE_API_BASE_URL=http://127.0.0.1:9/client/v4\n";
    for text in [there.to_owned(), format!("{there}CLOUDFLARE_API_TOKEN={theirs}\n")] {
        local.write(".env", &text);
        local.write("a.txt", &found);
        let line = local.type_("scan a.txt --verify").env_remove("CLOUDFLARE_API_BASE_URL");
        line.hiding(&found).run().failed(2).says(".env would send what was found to http://127.0.0.1:9");
    }
}
