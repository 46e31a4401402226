//! R2 keys in a sink: what is delivered, what is proved of it, and that a rotation finds them again.

use flarekeep_cloudflare::{NewToken, Owner};
use flarekeep_tokens::{
    Creation, KeyPair, Payload, Proof, ReadBack, Rotation, Sink, SinkError, create, resume_own, rotate, successor,
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::sinks_pairs::keys;
use crate::support::{Fault, Line, Local, account_key, group, policy};

fn token(value: &str) -> Payload {
    Payload::of_token("0a".repeat(16).parse().unwrap(), &SecretString::from(value))
}

/// The variables in an env file.
fn lines(file: &std::path::Path) -> Vec<(String, String)> {
    let content = std::fs::read_to_string(file).unwrap();
    let pairs = content.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_keys_are_delivered_and_read_back_and_the_value_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    std::fs::write(&path, "A=1\n").unwrap();
    let sink: Sink = format!("r2-keys[https://r2.example.com]:env:{}", path.display()).parse().unwrap();
    assert!(matches!(sink.prove_delivery(token("one")), Err(SinkError::Absent(_))));
    assert_eq!(sink.prove().unwrap().deliver_and_prove(token("one")).unwrap(), Proof::ReadBack);
    // By sha256sum.
    let secret = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
    let expected = [
        ("A", "1"),
        ("AWS_ACCESS_KEY_ID", &*"0a".repeat(16)),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_ENDPOINT_URL_S3", "https://r2.example.com"),
        ("AWS_REGION", "auto"),
    ];
    let lines = lines(&path);
    assert_eq!(lines.iter().map(|(name, value)| (&**name, &**value)).collect::<Vec<_>>(), expected);
    assert!(matches!(sink.read_back().unwrap(), ReadBack::Cannot(_)), "nobody gets a value out of keys");
    assert!(matches!(sink.prove_delivery(token("two")), Err(SinkError::OtherValue(_))));
    // Each variable counts.
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3", "AWS_REGION"] {
        let content = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, content.replace(name, "AWAY")).unwrap();
        assert!(matches!(sink.prove_delivery(token("one")), Err(SinkError::Absent(_))), "{name}");
        std::fs::write(&path, content).unwrap();
    }
}

#[test]
fn what_has_no_keys_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let sink: Sink = format!("r2-keys:file:{}", folder.path().join("keys").display()).parse().unwrap();
    let value = SecretString::from("value");
    assert!(matches!(sink.prove().unwrap().deliver(&value), Err(SinkError::NoTokenId)));
    assert!(matches!(sink.prove_for(&keys().shape()), Err(SinkError::NameForPairs { .. })));
    assert!(!folder.path().join("keys").exists());
    let named: Sink = "r2-keys:env:.env:MY_KEY".parse().unwrap();
    assert!(matches!(named.prove(), Err(SinkError::NameForPairs { .. })), "before anything is made");
}

/// Made, rotated, and rotated once more by a run that stops and another that takes it up: the keys in the file are always
/// those of the token that lives, and the journal alone knows where they go.
#[tokio::test]
async fn a_rotation_delivers_the_keys_of_the_successor() {
    let (local, folder) = (Local::start().await, tempfile::tempdir().unwrap());
    let (env, file) = (folder.path().join(".env"), folder.path().join("value"));
    let sinks: [Sink; 2] = [format!("r2-keys:env:{}", env.display()), format!("file:{}", file.display())]
        .map(|text| text.parse().unwrap());
    let agrees = |token: &flarekeep_cloudflare::Token| {
        let value = SecretString::from(std::fs::read_to_string(&file).unwrap().trim());
        let pair = KeyPair::derived(token.id, &value);
        let secret = pair.secret_access_key.expose_secret().to_owned();
        let expected = [("AWS_ACCESS_KEY_ID", token.id.to_string()), ("AWS_SECRET_ACCESS_KEY", secret)];
        assert_eq!(lines(&env), expected.map(|(name, value)| (name.to_owned(), value)));
        value
    };
    let policies = vec![policy("allow", &account_key(), &[group("Workers R2 Storage Write")])];
    let token = NewToken { name: "kept".to_owned(), policies, ..NewToken::default() };
    let desk = local.desk(&Line::good(), folder.path()).await;
    let made = create(&desk, &Creation { owner: Owner::User, token, declared: None }, &sinks).await.unwrap().token;
    assert!(local.is_alive(agrees(&made).expose_secret()).await);
    let rotation = |old: &flarekeep_cloudflare::Token| {
        let (old, asked) = (old.clone(), Timestamp::now());
        Rotation { owner: Owner::User, new: successor(&old, asked), old, grace: None, declared: None, asked }
    };
    let known = desk.journal.holdings().await.unwrap()[0].sinks.clone();
    let known: Vec<Sink> = known.iter().map(|sink| sink.parse().unwrap()).collect();
    let rotated = rotate(&desk, &rotation(&made), &known).await.unwrap();
    assert_ne!(rotated.token.id, made.id);
    assert!(rotated.old_is_refused, "the file held the old value");
    assert!(local.is_alive(agrees(&rotated.token).expose_secret()).await);
    // Keys alone hold no value that could be tried.
    let alone = rotate(&desk, &rotation(&rotated.token), &known[..1]).await.unwrap();
    assert!(!alone.old_is_refused);
    assert_eq!(lines(&env)[0].1, alone.token.id.to_string());
    // The line is cut once the successor is minted.
    let cut = local.desk(&Line::with(|call| (call >= 3).then_some(Fault::NotSent)), folder.path()).await;
    rotate(&cut, &rotation(&alone.token), &known).await.unwrap_err();
    let resumed = resume_own(&desk, None).await.unwrap();
    assert!(matches!(&resumed[..], [(_, Ok(_))]), "{resumed:?}");
    let [last] = &local.tokens().await[..] else { panic!("one lives") };
    assert_ne!(last.id, alone.token.id);
    agrees(last);
}
