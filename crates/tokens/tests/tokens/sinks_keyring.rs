//! The keyring, against a real Secret Service (GNOME Keyring) in a session of its own, where it is installed.

use std::ffi::OsString;
use std::process::Command;
use std::time::Duration;

use flarekeep_tokens::{Programs, Proof, ReadBack, Shape, Sink, SinkError};
use secrecy::{ExposeSecret, SecretString};

use crate::sinks_pairs::keys;

/// Set in the session that the outer test starts.
const INSIDE: &str = "FLAREKEEP_TEST_KEYRING";

fn session(script: &str, test: &str) -> Option<String> {
    let is_there = |program: &str| {
        Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap().status.success()
    };
    if !is_there("dbus-run-session") || !is_there("gnome-keyring-daemon") {
        crate::support::skipped("no Secret Service is installed (apt-get install dbus gnome-keyring)");
        return None;
    }
    let home = tempfile::tempdir().unwrap();
    let run = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", &format!("{script} exec \"$@\""), "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "--include-ignored", test])
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env("XDG_DATA_HOME", home.path().join("data"))
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && told.contains("1 passed"), "{told}");
    Some(told)
}

#[test]
fn a_keyring_keeps_what_it_is_given() {
    let unlock = "printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null;";
    session(unlock, "sinks_keyring::inside_a_session");
}

#[test]
fn without_a_keyring_it_is_said_before_minting() {
    session("", "sinks_keyring::inside_a_session_without_a_keyring");
}

#[test]
#[ignore = "runs in a session of its own"]
fn inside_a_session() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let sink: Sink = "keyring:flarekeep/ci/deploy".parse().unwrap();
    assert!(matches!(sink.read_back().unwrap(), ReadBack::Absent));
    for text in ["first", "second"] {
        let value = SecretString::from(text);
        sink.prove().unwrap().deliver(&value).unwrap();
        assert_eq!(sink.prove_delivery(&value).unwrap(), Proof::ReadBack);
    }
    assert!(matches!(sink.prove_delivery(SecretString::from("other")), Err(SinkError::OtherValue(_))));
    sink.prove_for(&keys().shape()).unwrap().deliver(keys()).unwrap();
    assert_eq!(sink.prove_delivery(keys()).unwrap(), Proof::ReadBack);
    let pair: Sink = "keyring:flarekeep/ci/deploy/AWS_ACCESS_KEY_ID".parse().unwrap();
    let ReadBack::Value(id) = pair.read_back().unwrap() else { panic!("a pair is an entry of its own") };
    assert_eq!(id.expose_secret(), "0a".repeat(16));
}

#[test]
#[ignore = "runs in a session of its own"]
fn inside_a_session_without_a_keyring() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let programs = Programs::found_in(OsString::new(), Duration::from_secs(5));
    let sink: Sink = "keyring:flarekeep/x".parse().unwrap();
    let error = sink.prove_with(&Shape::Value, &programs).unwrap_err();
    assert!(matches!(error, SinkError::Keyring(_)), "{error}");
}
