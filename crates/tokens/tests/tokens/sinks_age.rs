//! Encrypted files, decrypted by the crate and by the `age` program where it is installed.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use flarekeep_tokens::{Proof, Sink, SinkError};
use secrecy::SecretString;

use crate::sinks_pairs::keys;

#[test]
fn each_recipient_decrypts_what_was_delivered_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token.age");
    let (one, two, stranger) = (Identity::generate(), Identity::generate(), Identity::generate());
    let text = format!("age:{}:{},{}", path.display(), one.to_public(), two.to_public());
    let sink: Sink = text.parse().unwrap();
    std::fs::write(&path, "old").unwrap();
    let value = SecretString::from("the-value-itself");
    sink.prove().unwrap().deliver(&value).unwrap();
    let written = std::fs::read(&path).unwrap();
    assert!(written.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----"));
    assert!(!String::from_utf8_lossy(&written).contains("the-value"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    for identity in [&one, &two] {
        assert_eq!(age::decrypt(identity, &written).unwrap(), b"the-value-itself\n");
    }
    assert!(age::decrypt(&stranger, &written).is_err());
    assert!(matches!(sink.prove_delivery(&value).unwrap(), Proof::Unproved(_)));
    with_the_program(&one, &path, "the-value-itself\n");

    sink.prove_for(&keys().shape()).unwrap().deliver(keys()).unwrap();
    let lines = age::decrypt(&two, &std::fs::read(&path).unwrap()).unwrap();
    assert!(lines.starts_with(b"AWS_ACCESS_KEY_ID=0a0a"));
}

fn with_the_program(identity: &Identity, path: &std::path::Path, expected: &str) {
    let key = path.with_extension("key");
    std::fs::write(&key, identity.to_string().expose_secret()).unwrap();
    match Command::new("age").arg("--decrypt").arg("--identity").arg(&key).arg(path).output() {
        Ok(out) => {
            assert_eq!(String::from_utf8_lossy(&out.stdout), expected, "{}", String::from_utf8_lossy(&out.stderr));
        }
        Err(_) => crate::support::skipped("`age` is not installed (apt-get install age)"),
    }
}

#[test]
fn what_is_no_recipient_is_refused_before_minting() {
    let folder = tempfile::tempdir().unwrap();
    let bad = format!("age:{}:age1{}", folder.path().join("x").display(), "q".repeat(58));
    assert!(matches!(bad.parse::<Sink>().unwrap().prove(), Err(SinkError::Recipient { .. })));
    let nowhere = format!("age:{}:{}", folder.path().join("a/x").display(), Identity::generate().to_public());
    assert!(matches!(nowhere.parse::<Sink>().unwrap().prove(), Err(SinkError::File { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
