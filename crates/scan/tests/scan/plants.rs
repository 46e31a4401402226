//! A hundred credentials of every kind are found, in files of every kind, and nothing else is.

use flarekeep_scan::walk::{Options, walk};
use flarekeep_scan::{Confidence, Tally};
use secrecy::ExposeSecret;

use crate::plant::{Draw, RULES, base64, formats};

fn scan(folder: &tempfile::TempDir) -> Tally {
    walk(&[folder.path().to_owned()], Options::default())
}

#[test]
fn a_hundred_of_every_kind_are_found() {
    for (seed, rule) in RULES.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let mut draw = Draw::new(seed as u64 + 1);
        let mut planted = Vec::new();
        for (at, (name, text)) in formats(rule).into_iter().cycle().take(100).enumerate() {
            let value = draw.value(rule);
            let below = folder.path().join(at.to_string());
            std::fs::create_dir(&below).unwrap();
            std::fs::write(below.join(name), text.replace("VALUE", &value)).unwrap();
            planted.push((format!("{at}/{name}"), value));
        }
        let found = scan(&folder).findings;
        for (path, value) in &planted {
            let is_there = |finding: &&flarekeep_scan::Finding| {
                finding.place.path.ends_with(&format!("/{path}")) && finding.value().expose_secret() == value
            };
            let finding = found.iter().find(is_there).unwrap_or_else(|| panic!("{rule} is not found in {path}"));
            assert_eq!(finding.form.rule, rule, "{path}");
            assert!(finding.confidence >= Confidence::Medium, "{path}");
        }
        let values: Vec<&str> = planted.iter().map(|(_, value)| value.as_str()).collect();
        assert!(found.iter().all(|finding| values.contains(&finding.value().expose_secret())), "{rule}: a false alarm");
    }
}

#[test]
fn a_place_is_a_line_and_a_character_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let value = Draw::new(7).value("user-token");
    std::fs::write(folder.path().join("a.txt"), format!("é\nüñ {value}\n")).unwrap();
    let found = scan(&folder).findings;
    assert_eq!((found[0].place.line, found[0].place.column), (2, 4));
}

/// Kubernetes keeps values in base64, with and without the line break that `echo` adds.
#[test]
fn what_is_kept_in_base64_is_found() {
    let mut draw = Draw::new(11);
    for rule in ["user-token", "account-token", "global-key", "legacy-token", "legacy-global-key", "r2-secret"] {
        for end in ["", "\n"] {
            let folder = tempfile::tempdir().unwrap();
            let value = draw.value(rule);
            let name = if rule == "r2-secret" { "R2_SECRET_ACCESS_KEY" } else { "CLOUDFLARE_API_TOKEN_KEY" };
            let text = format!("kind: Secret\ndata:\n  {name}: {}\n", base64(format!("{value}{end}").as_bytes()));
            std::fs::write(folder.path().join("secret.yaml"), text).unwrap();
            let found = scan(&folder).findings;
            assert_eq!(found.len(), 1, "{rule} {end:?}");
            assert_eq!((found[0].form.rule, found[0].value().expose_secret()), (rule, value.as_str()));
        }
    }
}

#[test]
fn what_looks_alike_is_no_finding() {
    let folder = tempfile::tempdir().unwrap();
    let mut draw = Draw::new(5);
    let (token, hash, key, secret) =
        (draw.value("legacy-token"), draw.hex(40), draw.value("legacy-global-key"), draw.value("r2-secret"));
    let texts = [
        format!("uses: cloudflare/wrangler-action@{hash}\n"),
        format!("commit = \"{hash}\" # cloudflare\n"),
        format!("checksum = \"{secret}\" # cloudflare r2\n"),
        format!("AWS_SECRET_ACCESS_KEY={token} # cloudflare\n"),
        format!("GITHUB_TOKEN={token} CLOUDFLARE_ACCOUNT_ID=x\n"),
        format!("token = \"{token}\"\n"),
        format!("api_key = \"{key}\"\n"),
        format!("secret_access_key = {secret}\n"),
        format!("CLOUDFLARE_API_TOKEN={}\n", "x".repeat(40)),
        "CLOUDFLARE_API_TOKEN=YOUR_CLOUDFLARE_API_TOKEN_GOES_HERE_0000\n".to_owned(),
        format!("CF_API_TOKEN_ID={token}\n"),
        format!("cfut_{}\n", "0".repeat(48)),
        format!("cfut_{}\n", &token[..30]),
        format!("v1.0-{}-{}\n", draw.hex(24), draw.hex(40)),
        format!("eyJhIjoi{}\n", draw.alphanumeric(120)),
    ];
    for (at, text) in texts.iter().enumerate() {
        std::fs::write(folder.path().join(at.to_string()), text).unwrap();
    }
    let found = scan(&folder).findings;
    assert!(
        found.is_empty(),
        "{:?}",
        found
            .iter()
            .map(|finding| texts[finding.place.path.rsplit('/').next().unwrap().parse::<usize>().unwrap()]
                .split('=')
                .next())
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_checksum_that_does_not_fit_is_told_with_little_confidence() {
    let folder = tempfile::tempdir().unwrap();
    let mut value = Draw::new(3).value("user-token");
    let last = if value.ends_with('0') { "1" } else { "0" };
    value.replace_range(value.len() - 1.., last);
    std::fs::write(folder.path().join("a"), &value).unwrap();
    let found = scan(&folder).findings;
    assert_eq!((found.len(), found[0].confidence), (1, Confidence::Low));
}

#[test]
fn a_comment_with_a_reason_allows_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let value = Draw::new(4).value("user-token");
    std::fs::write(folder.path().join("a"), format!("{value} # flarekeep:allow the emulator's own\n")).unwrap();
    let tally = scan(&folder);
    assert_eq!((tally.findings.len(), tally.allowed), (0, 1));
}

#[test]
fn ignore_files_are_respected_unless_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    std::fs::write(folder.path().join(".gitignore"), ".env\n").unwrap();
    let value = Draw::new(6).value("user-token");
    for name in [".env", ".hidden", ".git/config"] {
        std::fs::write(folder.path().join(name), &value).unwrap();
    }
    let found = scan(&folder).findings;
    assert_eq!(found.len(), 1, "hidden files are looked at, ignored ones and git's own are not");
    let all = Options { respect_ignore_files: false, ..Options::default() };
    assert_eq!(walk(&[folder.path().to_owned()], all).findings.len(), 2);
}
