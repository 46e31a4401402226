//! Payloads of named pairs, and what every sink refuses to take.

use flarekeep_tokens::{BadPayload, Payload, Proof, ReadBack, Shape, Sink, SinkError};
use secrecy::{ExposeSecret, SecretString};

/// An S3 pair as R2 takes it, with values that are nobody's.
pub(crate) fn keys() -> Payload {
    let pair = |name: &str, value: String| (name.to_owned(), SecretString::from(value));
    let id = pair("AWS_ACCESS_KEY_ID", "0a".repeat(16));
    Payload::pairs([id, pair("AWS_SECRET_ACCESS_KEY", "1b".repeat(32))]).unwrap()
}

#[test]
fn an_env_file_gets_all_lines_in_one_replacement() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    std::fs::write(&path, "A=1\nexport AWS_SECRET_ACCESS_KEY=old\n# end\n").unwrap();
    let sink: Sink = format!("env:{}", path.display()).parse().unwrap();
    sink.prove_for(&keys().shape()).unwrap().deliver(keys()).unwrap();
    let (id, secret) = ("0a".repeat(16), "1b".repeat(32));
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        format!("A=1\nexport AWS_SECRET_ACCESS_KEY={secret}\n# end\nAWS_ACCESS_KEY_ID={id}\n")
    );
    assert_eq!(sink.prove_delivery(keys()).unwrap(), Proof::ReadBack);
    assert!(matches!(sink.read_back().unwrap(), ReadBack::Absent), "the sink's own key is not used");
    std::fs::write(&path, format!("AWS_ACCESS_KEY_ID={id}\n")).unwrap();
    assert!(matches!(sink.prove_delivery(keys()), Err(SinkError::Absent(_))));
}

#[test]
fn a_file_and_a_command_get_a_line_each() {
    let folder = tempfile::tempdir().unwrap();
    let (file, took) = (folder.path().join("keys"), folder.path().join("took"));
    let lines = format!("AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\n", "0a".repeat(16), "1b".repeat(32));
    let sink = Sink::File(file.clone());
    sink.prove_for(&keys().shape()).unwrap().deliver(keys()).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), lines);
    assert_eq!(sink.prove_delivery(keys()).unwrap(), Proof::ReadBack);
    let command = Sink::Command(format!("cat > '{}'", took.display()));
    command.prove_for(&keys().shape()).unwrap().deliver(keys()).unwrap();
    assert_eq!(std::fs::read_to_string(&took).unwrap(), lines);
    assert!(matches!(command.prove_delivery(keys()).unwrap(), Proof::Unproved(_)));
}

/// Before anything is minted, and whether the program is there or not.
#[test]
fn a_chosen_name_takes_no_pairs() {
    for sink in
        ["env:.env:MY_KEY", "github:acme/shop:MY_KEY", "wrangler:shop:MY_KEY", "vault:secret/x#mine", "op:a/b/mine"]
    {
        let error = sink.parse::<Sink>().unwrap().prove_for(&keys().shape()).unwrap_err();
        assert!(matches!(error, SinkError::NameForPairs { .. }), "{sink}: {error}");
    }
}

#[test]
fn a_payload_is_what_the_sink_was_proved_for() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::File(folder.path().join("x"));
    let value = SecretString::from("v");
    assert!(matches!(sink.prove().unwrap().deliver(keys()), Err(SinkError::OtherShape)));
    assert!(matches!(sink.prove_for(&keys().shape()).unwrap().deliver(&value), Err(SinkError::OtherShape)));
    assert!(!folder.path().join("x").exists());
}

/// A value comes from an answer, and an answer may hold anything: a line feed would set other variables.
#[test]
fn a_value_that_is_none_is_delivered_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    for value in ["", " ", "a\nPATH=/tmp", "a\u{1b}[2J", "a ", "it's"] {
        let sink: Sink = format!("env:{}", path.display()).parse().unwrap();
        let error = sink.prove().unwrap().deliver(SecretString::from(value)).unwrap_err();
        assert!(matches!(error, SinkError::UnfitValue), "{value:?}");
    }
    assert!(!path.exists());
}

#[test]
fn pairs_have_names_that_a_shell_takes_each_once() {
    let pairs = |names: &[&str]| {
        Payload::pairs(names.iter().map(|name| ((*name).to_owned(), SecretString::from("v"))))
            .map(|pairs| pairs.shape())
    };
    assert_eq!(pairs(&["A", "B"]).unwrap(), Shape::Pairs(vec!["A".to_owned(), "B".to_owned()]));
    assert_eq!(pairs(&[]).unwrap_err(), BadPayload::Empty);
    assert!(matches!(pairs(&["A", "A"]).unwrap_err(), BadPayload::Twice(_)));
    assert!(matches!(pairs(&["A\nB"]).unwrap_err(), BadPayload::Name(_)));
}

#[test]
fn no_value_is_in_what_debug_shows() {
    let shown = format!("{:?} {:?}", keys(), Payload::from(SecretString::from("v".repeat(40))));
    assert!(!shown.contains("0a0a") && !shown.contains("1b1b") && !shown.contains("vvv"), "{shown}");
}

#[test]
fn a_value_with_signs_of_its_own_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["a#b", "a b", "`id`", "$HOME", "a\"b", "=="] {
        for form in ["env", "file"] {
            let sink: Sink = format!("{form}:{}", folder.path().join(form).display()).parse().unwrap();
            let value = SecretString::from(text);
            sink.prove().unwrap().deliver(&value).unwrap();
            assert_eq!(sink.prove_delivery(&value).unwrap(), Proof::ReadBack, "{form} {text}");
            let ReadBack::Value(found) = sink.read_back().unwrap() else { panic!("{form} {text}") };
            assert_eq!(found.expose_secret(), text);
        }
    }
}
