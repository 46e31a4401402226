//! How sinks are spelled: back and forth, and what no system behind them would take.

use std::path::Path;

use flarekeep_tokens::{BadSink, Sink};
use proptest::prelude::*;

fn read(text: &str) -> Sink {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_spelling_is_as_short_as_it_can_be_read() {
    let recipient = format!("age1{}", "q".repeat(58));
    for (text, spelling) in [
        ("env:.env", "env:.env"),
        ("env:.env:CLOUDFLARE_API_TOKEN", "env:.env"),
        ("env:a:b:KEY", "env:a:b:KEY"),
        ("env:a:b:CLOUDFLARE_API_TOKEN", "env:a:b:CLOUDFLARE_API_TOKEN"),
        ("file:a:b", "file:a:b"),
        ("command:tee x", "command:tee x"),
        ("keyring:flarekeep/ci/deploy", "keyring:flarekeep/ci/deploy"),
        (&format!("age:a:b.age:{recipient}"), &format!("age:a:b.age:{recipient}")),
        ("github:acme/shop", "github:acme/shop:CLOUDFLARE_API_TOKEN"),
        ("github:acme/shop.js:CF", "github:acme/shop.js:CF"),
        ("wrangler:shop:CF", "wrangler:shop:CF"),
        ("vault:secret/ci/shop", "vault:secret/ci/shop#CLOUDFLARE_API_TOKEN"),
        ("vault:secret/ci/shop#token", "vault:secret/ci/shop#token"),
        ("op:Infra/Cloudflare CI/token", "op://Infra/Cloudflare CI/token"),
        ("op://Infra/Cloudflare", "op://Infra/Cloudflare/credential"),
        ("op:op://Infra/Cloudflare/token", "op://Infra/Cloudflare/token"),
        ("-", "-"),
        ("r2-keys:env:.env:CLOUDFLARE_API_TOKEN", "r2-keys:env:.env"),
        ("r2-keys:-", "r2-keys:-"),
        ("r2-keys[HTTPS://a.example.com:443/]:file:a]:b", "r2-keys[https://a.example.com]:file:a]:b"),
        (
            "r2-keys[http://[::1]:9000]:github:acme/shop",
            "r2-keys[http://[::1]:9000]:github:acme/shop:CLOUDFLARE_API_TOKEN",
        ),
        ("r2-keys[http://[::1]]:file:x", "r2-keys[http://[::1]]:file:x"),
    ] {
        assert_eq!(read(text).spelling(), spelling, "{text}");
        assert_eq!(read(spelling), read(text), "{text}");
    }
}

/// What stands in a name becomes an argument of a program, a part of an address or a line of a terminal.
#[test]
fn hostile_names_are_refused() {
    for text in [
        "github:--help/x",
        "github:acme/../x",
        "github:acme/shop/x",
        "github:acme",
        "github:acme/..",
        "github:acme/shop:--env",
        "github:acme/shop:GITHUB_TOKEN",
        "github:acme/shop:1X",
        "github:acme/sh\u{1b}[2Jop",
        "github:acme/shop:A=B",
        "wrangler:-x",
        "wrangler:shop:--name",
        "wrangler:shop:A B",
        "wrangler:a/b",
        "vault:-field=x/y",
        "vault:secret",
        "vault:secret/../sys",
        "vault:secret//x",
        "vault:secret/x#-y",
        "vault:secret/x#a=b",
        "vault:secret/x\n",
        "op:--vault/x/y",
        "op:a/b/c/d",
        "op:a",
        "op:a//c",
        "op:a/b/c=d",
        "keyring:service",
        "keyring:service/",
        "keyring:/name",
        "keyring:service/na\u{7}me",
        "age:file",
        "age::age1qqqq",
        "age:file:ssh-rsa AAAA",
        "age:file:age1QQQ",
        "age:file:age1qqq,",
        "r2-keys:r2-keys:env:.env",
        "r2-keys[https://a/path]:env:.env",
        "r2-keys[https://a:env:.env",
        "r2-keys[https://a]env:.env",
        "r2-keys[]:env:.env",
        "r2-keys:github:--help/x",
    ] {
        assert!(matches!(text.parse::<Sink>(), Err(BadSink::Name { .. })), "{text}: {:?}", text.parse::<Sink>());
        let told = text.parse::<Sink>().unwrap_err().to_string();
        assert!(!told.chars().any(char::is_control), "{told:?}");
    }
}

/// A secret key in a recipient's place is not said again.
#[test]
fn a_secret_key_is_not_repeated() {
    let told = format!("age:f:AGE-SECRET-KEY-1{}", "Q".repeat(58)).parse::<Sink>().unwrap_err().to_string();
    assert!(!told.contains("QQ"), "{told}");
}

#[test]
fn a_file_is_found_from_elsewhere_once_it_is_absolute() {
    let base = Path::new("/srv/shop");
    let recipient = format!("age1{}", "q".repeat(58));
    for (text, spelling) in [
        ("env:.env:KEY", "env:/srv/shop/.env:KEY".to_owned()),
        ("env:/etc/env", "env:/etc/env".to_owned()),
        ("file:a/b", "file:/srv/shop/a/b".to_owned()),
        (&format!("age:x.age:{recipient}"), format!("age:/srv/shop/x.age:{recipient}")),
        ("github:acme/shop:CF", "github:acme/shop:CF".to_owned()),
        ("r2-keys[https://a]:env:.env", "r2-keys[https://a]:env:/srv/shop/.env".to_owned()),
        ("command:tee x", "command:tee x".to_owned()),
    ] {
        assert_eq!(read(text).absolute(base).spelling(), spelling);
    }
}

proptest! {
    #[test]
    fn whatever_reads_is_spelled_so_that_it_reads_the_same(
        keys in "(r2-keys(\\[https?://([a-z]{1,3}|\\[::1\\])(:[0-9]{2,4})?/?\\])?:)?",
        form in "(env|file|command|keyring|age|github|wrangler|vault|op):",
        rest in "[a-zA-Z:/#._ =é-]{0,24}(:[A-Z_]{1,6})?(:age1[a-z0-9]{4}(,age1[a-z0-9]{4})?)?",
    ) {
        let text = format!("{keys}{form}{rest}");
        if let Ok(sink) = text.parse::<Sink>() {
            let spelling = sink.spelling();
            prop_assert_eq!(spelling.parse::<Sink>(), Ok(sink.clone()), "{} became {}", text, spelling);
            prop_assert_eq!(spelling.parse::<Sink>().unwrap().spelling(), spelling);
            let absolute = sink.absolute(Path::new("/a b/c:d"));
            prop_assert_eq!(absolute.spelling().parse::<Sink>(), Ok(absolute));
        }
    }
}
