//! What can be read back from files, commands and standard output.

use flarekeep_tokens::{Proof, ReadBack, Sink, SinkError};
use secrecy::{ExposeSecret, SecretString};

fn value_in(sink: &Sink) -> Option<String> {
    match sink.read_back().unwrap() {
        ReadBack::Value(value) => Some(value.expose_secret().to_owned()),
        _ => None,
    }
}

#[test]
fn files_are_read_back_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (SecretString::from("one"), SecretString::from("other"));
    for form in ["env", "file"] {
        let sink: Sink = format!("{form}:{}", folder.path().join(form).display()).parse().unwrap();
        assert!(matches!(sink.read_back().unwrap(), ReadBack::Absent));
        assert!(matches!(sink.prove_delivery(&one), Err(SinkError::Absent(_))));
        sink.prove().unwrap().deliver(&one).unwrap();
        assert_eq!(sink.prove_delivery(&one).unwrap(), Proof::ReadBack);
        let error = sink.prove_delivery(&other).unwrap_err();
        assert!(matches!(error, SinkError::OtherValue(_)), "{error}");
        assert!(!error.to_string().contains("`one`"), "{error}");
        assert_eq!(value_in(&sink).as_deref(), Some("one"));
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    for sink in [Sink::Stdout, Sink::Command("cat".to_owned())] {
        assert!(matches!(sink.read_back().unwrap(), ReadBack::Cannot(_)));
        assert!(matches!(sink.prove_delivery(SecretString::from("v")).unwrap(), Proof::Unproved(_)));
    }
}

#[test]
fn what_this_build_leaves_out_is_said_before_minting() {
    let recipient = format!("age1{}", "q".repeat(58));
    for (form, text, built) in [
        ("age", format!("age:/nowhere/x:{recipient}"), cfg!(feature = "age")),
        ("keyring", "keyring:flarekeep/x".to_owned(), cfg!(feature = "keyring")),
    ] {
        let proved = text.parse::<Sink>().unwrap().prove();
        if !built {
            let told = proved.unwrap_err().to_string();
            assert!(told.contains(&format!("the feature `{form}`")), "{told}");
        }
    }
}
