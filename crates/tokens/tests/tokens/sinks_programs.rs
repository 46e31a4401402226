//! Sinks that go through other programs, with stand-ins for these that write down how they were called.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use flarekeep_tokens::{Payload, Programs, Proof, ProvedSink, ReadBack, Sink, SinkError};
use secrecy::{ExposeSecret, SecretString};

use crate::sinks_pairs::keys;

/// Every stand-in notes its arguments and its environment, and finds its own folder.
const NOTES: &str = r#"#!/bin/sh
here=$(dirname "$0")
printf '%s\n' "$(basename "$0") $*" >> "$here/argv"
tr '\0' '\n' < /proc/$$/environ >> "$here/environ"
"#;

const GH: &str = r#"
list() { for file in "$here"/secret.*; do [ -e "$file" ] && printf "$1" "${file##*/secret.}" "$(date -u -r "$file" +%FT%TZ)"; done; true; }
[ -e "$here/offline" ] && { echo 'You are not logged into any GitHub hosts.' >&2; exit 1; }
case "$1 $2" in
    "auth status") ;;
    "secret list")
        [ -e "$here/denied" ] && { echo 'HTTP 403: Resource not accessible' >&2; exit 1; }
        case "$*" in
            *--json*)
                [ -e "$here/old" ] && { echo 'unknown flag: --json' >&2; exit 1; }
                printf '['; list '{"name":"%s","updatedAt":"%s"},' | sed 's/,$//'; printf ']' ;;
            *) [ -n "$(list '%s %s')" ] || { echo 'no secrets found' >&2; exit 1; }; list '%s\t%s\n' ;;
        esac ;;
    "secret set")
        value=$(cat)
        [ -e "$here/broken" ] && { echo "cannot take $value, alas" >&2; exit 1; }
        [ -e "$here/forgets" ] || printf %s "$value" > "$here/secret.$3" ;;
    *) exit 64 ;;
esac
"#;

const WRANGLER: &str = r#"
case "$1 $2" in
    "secret list")
        [ "$4" = shop ] || { echo 'This Worker does not exist on your account. [code: 10007]' >&2; exit 1; }
        echo ' wrangler 4.0.0'; echo '---'; echo '['
        for file in "$here"/secret.*; do [ -e "$file" ] && echo "{\"name\":\"${file##*/secret.}\",\"type\":\"secret_text\"},"; done
        echo '{"name":"OTHER","type":"secret_text"}'; echo ']' ;;
    "secret put") cat > "$here/secret.$3" ;;
    *) exit 64 ;;
esac
"#;

/// Version 2 of the engine; version 1 where there is a file `v1`.
const VAULT: &str = r#"
case "$1 $2 $3" in
    "kv get -format=json")
        [ -e "$here/sealed" ] && { echo 'Error making API request. Code: 503. * Vault is sealed' >&2; exit 2; }
        [ -e "$here/there" ] || { echo "No value found at secret/data/ci" >&2; exit 2; }
        if [ -e "$here/v1" ]; then echo '{"data":{"OTHER":"kept"}}'
        else echo '{"data":{"data":{"OTHER":"kept"},"metadata":{"version":1}}}'; fi ;;
    "kv get -field="*)
        [ -e "$here/there" ] || { echo "No value found at secret/data/ci" >&2; exit 2; }
        cat "$here/secret.${3#-field=}" 2>/dev/null || { echo 'Field "x" not present in secret' >&2; exit 1; } ;;
    "kv put "*|"kv patch "*) touch "$here/there"; case "$4" in -) cat > "$here/document" ;; *=-) cat > "$here/secret.${4%=-}" ;; *) exit 64 ;; esac ;;
    *) exit 64 ;;
esac
"#;

const OP: &str = r#"
case "$1 $2" in
    "vault get") [ "$3" = Infra ] || { echo "\"$3\" isn't a vault in this account" >&2; exit 1; }; echo '{}' ;;
    "item get") cat "$here/item" 2>/dev/null || { echo "[ERROR] \"$3\" isn't an item in the \"Infra\" vault." >&2; exit 1; } ;;
    "item create"|"item edit") cat > "$here/item" ;;
    "read --no-newline") field=${3##*/}; sed -n "s/.*\"label\":\"$field\"[^}]*\"value\":\"\([^\"]*\)\".*/\1/p" "$here/item" | tr -d '\n' ;;
    *) exit 64 ;;
esac
"#;

/// A folder with stand-ins.
struct Bench(tempfile::TempDir);

impl Bench {
    fn with(name: &str, script: &str) -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        let path = bench.path(name);
        std::fs::write(&path, format!("{NOTES}{script}")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn programs(&self) -> Programs {
        Programs::found_in(self.0.path().into(), Duration::from_secs(20))
    }

    fn mark(&self, name: &str) {
        std::fs::write(self.path(name), "").unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn prove(&self, sink: &str) -> Result<ProvedSink, SinkError> {
        self.prove_for(sink, &Payload::from(value()))
    }

    fn prove_for(&self, sink: &str, payload: &Payload) -> Result<ProvedSink, SinkError> {
        sink.parse::<Sink>().unwrap().prove_with(&payload.shape(), &self.programs())
    }

    fn proof(&self, sink: &str, payload: impl Into<Payload>) -> Result<Proof, SinkError> {
        sink.parse::<Sink>().unwrap().prove_delivery_with(payload, &self.programs())
    }

    /// The last call's arguments, once it is sure that none of all the calls shows the value.
    #[track_caller]
    fn last_call(&self) -> String {
        let (argv, environ) = (self.read("argv"), self.read("environ"));
        for text in [&argv, &environ] {
            assert!(!text.contains(value().expose_secret()) && !text.contains(&"1b".repeat(32)), "{text}");
        }
        assert!(!environ.lines().any(|line| line.starts_with("FLAREKEEP_")), "{environ}");
        argv.lines().last().unwrap_or_default().to_owned()
    }
}

fn value() -> SecretString {
    SecretString::from(format!("cfut_{}", "Ab1x".repeat(12)))
}

#[test]
fn github_gets_the_secret_and_lists_it() {
    for old in [false, true] {
        let bench = Bench::with("gh", GH);
        if old {
            bench.mark("old");
        }
        let sink = "github:acme/shop:CF_TOKEN";
        let read = || sink.parse::<Sink>().unwrap().read_with(None, &bench.programs()).unwrap();
        assert!(matches!(read(), ReadBack::Absent));
        assert!(matches!(bench.proof(sink, value()), Err(SinkError::Absent(_))));
        bench.prove(sink).unwrap().deliver(value()).unwrap();
        assert_eq!(bench.read("secret.CF_TOKEN"), value().expose_secret());
        assert!(bench.read("argv").contains("gh secret set CF_TOKEN --repo acme/shop\n"), "{}", bench.read("argv"));
        assert!(bench.last_call().starts_with("gh secret list --repo acme/shop"));
        assert_eq!(bench.proof(sink, value()).unwrap(), Proof::Listed);
        assert!(matches!(read(), ReadBack::Listed { updated: Some(_) }));
        bench.prove_for("github:acme/shop", &keys()).unwrap().deliver(keys()).unwrap();
        assert_eq!(bench.read("secret.AWS_SECRET_ACCESS_KEY"), "1b".repeat(32));
        bench.last_call();
    }
}

#[test]
fn github_is_tried_before_minting() {
    let bench = Bench::with("gh", GH);
    bench.mark("denied");
    let told = bench.prove("github:acme/shop").unwrap_err().to_string();
    assert_eq!(told, "`gh` could not list the repository's secrets (exit status 1): HTTP 403: Resource not accessible");
    bench.mark("offline");
    let told = bench.prove("github:acme/shop").unwrap_err().to_string();
    assert!(told.contains("gh auth login") && told.contains("not logged into"), "{told}");
}

#[test]
fn what_github_forgets_is_found_out() {
    let bench = Bench::with("gh", GH);
    let sink = "github:acme/shop:CF";
    let proved = bench.prove(sink).unwrap();
    bench.mark("forgets");
    assert!(matches!(proved.deliver(value()), Err(SinkError::Absent(_))));
    // An older secret of the name is there, and stays the older one.
    std::fs::write(bench.path("secret.CF"), "old").unwrap();
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(86_400);
    std::fs::File::open(bench.path("secret.CF")).unwrap().set_modified(long_ago).unwrap();
    let told = bench.prove(sink).unwrap().deliver(value()).unwrap_err().to_string();
    assert!(told.contains("the time of its older value"), "{told}");
}

#[test]
fn a_program_that_repeats_the_value_is_not_repeated() {
    let bench = Bench::with("gh", GH);
    let proved = bench.prove("github:acme/shop:CF").unwrap();
    bench.mark("broken");
    let error = proved.deliver(value()).unwrap_err();
    assert_eq!(error.to_string(), "`gh` could not set the secret CF (exit status 1): cannot take [hidden], alas");
    assert!(!format!("{error:?}").contains("Ab1x"));
}

#[test]
fn a_worker_gets_its_secret_and_must_be_there() {
    let bench = Bench::with("wrangler", WRANGLER);
    let sink = "wrangler:shop:CF";
    assert!(matches!(bench.proof(sink, value()), Err(SinkError::Absent(_))));
    bench.prove(sink).unwrap().deliver(value()).unwrap();
    assert_eq!(bench.last_call(), "wrangler secret put CF --name shop");
    assert_eq!(bench.read("secret.CF"), value().expose_secret());
    assert_eq!(bench.proof(sink, value()).unwrap(), Proof::Listed);
    bench.prove_for("wrangler:shop", &keys()).unwrap().deliver(keys()).unwrap();
    assert_eq!(bench.proof("wrangler:shop", keys()).unwrap(), Proof::Listed);
    let told = bench.prove("wrangler:other").unwrap_err().to_string();
    assert!(told.contains("does not exist"), "wrangler would make one: {told}");
}

#[test]
fn vault_keeps_the_other_fields() {
    let bench = Bench::with("vault", VAULT);
    let sink = "vault:secret/ci#token";
    assert!(matches!(bench.proof(sink, value()), Err(SinkError::Absent(_))));
    bench.prove(sink).unwrap().deliver(value()).unwrap();
    assert_eq!(bench.last_call(), "vault kv put secret/ci token=-");
    assert_eq!(bench.read("secret.token"), value().expose_secret());
    assert_eq!(bench.proof(sink, value()).unwrap(), Proof::ReadBack);
    // There is something now.
    bench.prove(sink).unwrap().deliver(value()).unwrap();
    assert_eq!(bench.last_call(), "vault kv patch secret/ci token=-");
    bench.prove_for("vault:secret/ci", &keys()).unwrap().deliver(keys()).unwrap();
    assert_eq!(bench.last_call(), "vault kv patch secret/ci -");
    let document: serde_json::Value = serde_json::from_str(&bench.read("document")).unwrap();
    assert_eq!(document["AWS_SECRET_ACCESS_KEY"], "1b".repeat(32));
    // Version 1 knows no patch: all fields are written.
    bench.mark("v1");
    bench.prove(sink).unwrap().deliver(value()).unwrap();
    assert_eq!(bench.last_call(), "vault kv put secret/ci -");
    let document: serde_json::Value = serde_json::from_str(&bench.read("document")).unwrap();
    assert_eq!(document, serde_json::json!({"OTHER": "kept", "token": value().expose_secret()}));
    std::fs::write(bench.path("secret.token"), "another").unwrap();
    assert!(matches!(bench.proof(sink, value()), Err(SinkError::OtherValue(_))));
    bench.mark("sealed");
    let told = bench.prove(sink).unwrap_err().to_string();
    assert!(told.contains("sealed"), "{told}");
}

#[test]
fn one_password_makes_and_changes_items() {
    let bench = Bench::with("op", OP);
    let sink = "op:Infra/Cloudflare CI/token";
    assert!(matches!(bench.proof(sink, value()), Err(SinkError::Absent(_))));
    bench.prove(sink).unwrap().deliver(value()).unwrap();
    assert_eq!(bench.last_call(), "op item create --vault Infra -");
    assert_eq!(bench.proof(sink, value()).unwrap(), Proof::ReadBack);
    let old = r#"{"title":"Cloudflare CI","category":"API_CREDENTIAL","tags":["x"],"fields":[{"id":"u","label":"user","value":"me"},{"id":"q1","label":"token","type":"CONCEALED","value":"old"}]}"#;
    std::fs::write(bench.path("item"), old).unwrap();
    assert!(matches!(bench.proof(sink, value()), Err(SinkError::OtherValue(_))));
    bench.prove(sink).unwrap().deliver(value()).unwrap();
    assert_eq!(bench.last_call(), "op item edit Cloudflare CI --vault Infra");
    let item: serde_json::Value = serde_json::from_str(&bench.read("item")).unwrap();
    let mut expected: serde_json::Value = serde_json::from_str(old).unwrap();
    expected["fields"][1]["value"] = value().expose_secret().into();
    assert_eq!(item, expected);
    bench.prove_for("op://Infra/Cloudflare CI", &keys()).unwrap().deliver(keys()).unwrap();
    assert_eq!(bench.proof("op://Infra/Cloudflare CI", keys()).unwrap(), Proof::ReadBack);
    assert!(matches!(bench.proof("op://Infra/Cloudflare CI", value()), Err(SinkError::Absent(_))));
    bench.last_call();
    std::fs::write(bench.path("item"), r#"{"title":"x","category":"LOGIN","fields":[]}"#).unwrap();
    assert!(matches!(bench.prove(sink), Err(SinkError::Unsuitable(_))), "a login may hold a passkey");
    assert!(bench.prove("op:Other/x").is_err());
}

const ALL: [(&str, &str); 4] =
    [("gh", "github:acme/shop"), ("wrangler", "wrangler:shop"), ("vault", "vault:secret/x"), ("op", "op:Infra/x")];

#[test]
fn a_missing_program_is_said_with_how_to_get_it() {
    let bench = Bench::with("elsewhere", "");
    for (program, sink) in ALL {
        std::fs::write(bench.path(program), "not executable").unwrap();
        let error = bench.prove(sink).unwrap_err();
        let SinkError::NoProgram { install, .. } = error else { panic!("{sink}: {error}") };
        assert!(install.starts_with("install"), "{install}");
        // A program of the working directory is not what its name says.
        let here = Programs::found_in(OsString::from(".:"), Duration::from_secs(1));
        assert!(matches!(sink.parse::<Sink>().unwrap().read_with(None, &here), Err(SinkError::NoProgram { .. })));
    }
}

/// With what it started, so that nothing is left behind.
#[test]
fn a_program_that_hangs_is_stopped() {
    for (program, sink) in ALL {
        let bench = Bench::with(program, "sleep 600 & echo $! > \"$here/child\"; wait");
        let programs = Programs::found_in(bench.0.path().into(), Duration::from_millis(700));
        let start = Instant::now();
        let error = sink.parse::<Sink>().unwrap().prove_with(&Payload::from(value()).shape(), &programs).unwrap_err();
        assert!(error.to_string().contains("was stopped"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        let child = PathBuf::from(format!("/proc/{}/stat", bench.read("child").trim()));
        let is_gone = || std::fs::read_to_string(&child).map_or(true, |state| state.contains(" Z "));
        // A signal takes effect when the process is next scheduled.
        while !is_gone() {
            assert!(start.elapsed() < Duration::from_secs(10), "{program} left something running");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// What a program leaves running may hold its output open.
#[test]
fn a_program_that_leaves_something_running_is_not_waited_for() {
    let bench = Bench::with("wrangler", "echo '[]'; sleep 30 &");
    let start = Instant::now();
    bench.prove("wrangler:shop").unwrap();
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_program_that_takes_no_value_or_says_nonsense_is_an_error() {
    for (program, sink) in ALL {
        let bench = Bench::with(program, "echo 'certainly!'");
        match (program, bench.prove(sink)) {
            (_, Err(SinkError::ProgramFailed { how, .. })) => assert!(how.contains("not understood"), "{how}"),
            (program, other) => panic!("{program}: {other:?}"),
        }
        let failing = Bench::with(program, "kill -9 $$");
        let told = failing.prove(sink).unwrap_err().to_string();
        assert!(told.contains("signal: 9"), "{told}");
    }
}

/// In the environment of the process that the next test starts: itself, where it is set.
const INSIDE: &str = "TEST_OF_A_SINKS_ENVIRONMENT";

/// In a process of its own, whose environment holds credentials.
#[test]
fn no_sink_sees_the_credentials_that_manage_tokens() {
    let flarekeeps = ["FLAREKEEP_DATABASE_URL", "FLAREKEEP_ADMIN_TOKEN"];
    let keys = ["CLOUDFLARE_API_KEY", "CLOUDFLARE_GLOBAL_KEY", "CF_API_KEY"];
    let tokens = ["CLOUDFLARE_API_TOKEN", "CF_API_TOKEN"];
    if std::env::var_os(INSIDE).is_none() {
        let mut process = std::process::Command::new(std::env::current_exe().unwrap());
        process.args(["sinks_programs::no_sink_sees_the_credentials_that_manage_tokens", "--exact"]).env(INSIDE, "1");
        process.envs(flarekeeps.iter().chain(&keys).chain(&tokens).map(|name| (name, "a secret")));
        let output = process.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let sees = |environ: &str, name: &str| environ.lines().any(|line| line.starts_with(&format!("{name}=")));
    let gh = Bench::with("gh", GH);
    gh.prove("github:acme/shop:CF_TOKEN").unwrap().deliver(value()).unwrap();
    let seen = gh.read("environ");
    assert!(
        !flarekeeps.iter().chain(&keys).chain(&tokens).any(|name| sees(&seen, name)) && sees(&seen, INSIDE),
        "{seen}"
    );
    let wrangler = Bench::with("wrangler", WRANGLER);
    wrangler.prove("wrangler:shop:CF_TOKEN").unwrap().deliver(value()).unwrap();
    let seen = wrangler.read("environ");
    assert!(!flarekeeps.iter().chain(&keys).any(|name| sees(&seen, name)), "{seen}");
    assert!(tokens.iter().all(|name| sees(&seen, name)), "its own way to Cloudflare: {seen}");
    // The user's own command has what the user has, but for what is Flarekeep's.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seen");
    let command = format!("env > '{}'; cat > /dev/null", path.display());
    Sink::Command(command).prove().unwrap().deliver(value()).unwrap();
    let seen = std::fs::read_to_string(path).unwrap();
    assert!(!flarekeeps.iter().any(|name| sees(&seen, name)), "{seen}");
    assert!(keys.iter().chain(&tokens).all(|name| sees(&seen, name)), "{seen}");
}
