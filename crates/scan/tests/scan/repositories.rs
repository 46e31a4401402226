//! Repositories: what was deleted is found, and nothing that a repository says is run.

use std::path::Path;
use std::process::Command;

use flarekeep_scan::{History, Holder, git};

use crate::plant::Draw;

fn run(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
        command.env_remove(name);
    }
    let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main"];
    let output = command.current_dir(folder).args(who).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn commit(folder: &Path, message: &str) -> String {
    run(folder, &["add", "-A"]);
    run(folder, &["commit", "-q", "--allow-empty", "-m", message]);
    run(folder, &["rev-parse", "HEAD"])
}

#[test]
fn what_was_deleted_is_found_with_the_commit_that_brought_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    run(folder, &["init", "-q"]);
    let mut draw = Draw::new(31);
    let (deleted, living, branched, told) =
        (draw.value("user-token"), draw.value("account-token"), draw.value("global-key"), draw.value("user-token"));
    commit(folder, "first");
    std::fs::create_dir(folder.join("d é")).unwrap();
    std::fs::write(folder.join("d é/.env"), format!("A={deleted}\n")).unwrap();
    let second = commit(folder, "second");
    std::fs::write(folder.join("d é/.env"), format!("A={deleted}\nB=1\n")).unwrap();
    commit(folder, "third");
    std::fs::remove_file(folder.join("d é/.env")).unwrap();
    std::fs::write(folder.join("living"), &living).unwrap();
    let fourth = commit(folder, &format!("fourth {told}"));
    run(folder, &["checkout", "-q", "-b", "other"]);
    std::fs::write(folder.join("branched"), &branched).unwrap();
    let fifth = commit(folder, "fifth");
    run(folder, &["checkout", "-q", "main"]);

    let found = git::scan(folder, 3).unwrap().findings;
    let shown: Vec<(Option<&str>, &str, u32, bool)> = found
        .iter()
        .map(|finding| {
            let history = finding.history.unwrap();
            (finding.place.commit.as_deref(), finding.place.path.as_str(), history.versions, history.is_in_head)
        })
        .collect();
    assert_eq!(
        shown,
        [
            (Some(second.as_str()), "d é/.env", 2, false),
            (Some(fourth.as_str()), "(message)", 1, true),
            (Some(fourth.as_str()), "living", 1, true),
            (Some(fifth.as_str()), "branched", 1, false),
        ]
    );
}

/// People count the lines of a message, not those of the object that git keeps.
#[test]
fn what_is_in_messages_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    run(folder, &["init", "-q"]);
    let mut draw = Draw::new(34);
    let mut value = || draw.value("user-token");
    let (told, signed, tagged, lost) = (value(), value(), value(), value());
    let first = commit(folder, &format!("the key is {told}"));
    commit(folder, &format!("more\n\nthe key is {told}"));
    run(folder, &["tag", "-a", "-m", &format!("tagged\n\n {tagged}"), "v1"]);
    run(folder, &["checkout", "-q", "-b", "other"]);
    run(folder, &["commit", "-q", "--allow-empty", "-m", "signed", "--author", &format!("{signed} <a@example.com>")]);
    run(folder, &["checkout", "-q", "main"]);
    std::fs::write(folder.join("lost"), &lost).unwrap();
    run(folder, &["hash-object", "-w", "lost"]);

    let found = git::scan(folder, 3).unwrap().findings;
    let shown = |value: &str| {
        let print = flarekeep_scan::fingerprint(value);
        let finding = found.iter().find(|finding| finding.fingerprint == print).unwrap();
        (finding.place.clone(), finding.history.unwrap())
    };
    let (place, history) = shown(&told);
    assert_eq!((place.commit, place.path.as_str(), place.line, place.column), (Some(first), "(message)", 1, 12));
    assert_eq!(history, History { holder: Holder::Message, versions: 2, is_in_head: true });
    let (place, history) = shown(&signed);
    assert_eq!(
        (place.path.as_str(), history.holder, history.is_in_head),
        ("(commit header)", Holder::CommitHeader, false)
    );
    let (place, history) = shown(&tagged);
    assert_eq!((place.line, history.holder), (3, Holder::Tag));
    assert!(place.path.starts_with("(tag "), "{}", place.path);
    let (place, history) = shown(&lost);
    assert_eq!((place.commit, place.line, history.holder), (None, 1, Holder::LostObject));
}

/// A generic name counts where the path speaks of Cloudflare, in history as in files.
#[test]
fn a_path_vouches_in_history_too() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["init", "-q"]);
    let mut draw = Draw::new(32);
    for name in ["wrangler.toml", "other.toml"] {
        std::fs::write(folder.path().join(name), format!("api_token = '{}'\n", draw.value("legacy-token"))).unwrap();
    }
    commit(folder.path(), "first");
    let found = git::scan(folder.path(), 3).unwrap().findings;
    assert_eq!(found.iter().map(|finding| finding.place.path.as_str()).collect::<Vec<_>>(), ["wrangler.toml"]);
}

/// Everything in a repository's configuration that could run a program leads to one that leaves a mark.
#[test]
fn nothing_that_a_repository_says_is_run() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    run(path, &["init", "-q"]);
    std::fs::write(path.join("a.txt"), Draw::new(33).value("user-token")).unwrap();
    std::fs::write(path.join(".gitattributes"), "* diff=evil filter=evil\n").unwrap();
    commit(path, "first");
    let (program, mark) = (path.join("evil.sh"), path.join("mark"));
    std::fs::write(&program, format!("#!/bin/sh\necho run >> '{}'\n", mark.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.display().to_string();
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.alternateRefsCommand",
        "core.editor",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "gpg.program",
        "pager.log",
        "alias.cat-file",
        "credential.helper",
        "uploadpack.packObjectsHook",
    ] {
        run(path, &["config", key, &program]);
    }
    run(path, &["config", "log.showSignature", "true"]);
    run(path, &["config", "extensions.partialClone", "evil"]);
    run(path, &["config", "remote.evil.url", &format!("ext::{program}")]);
    run(path, &["config", "protocol.ext.allow", "always"]);
    assert_eq!(git::scan(path, 3).unwrap().findings.len(), 1);
    assert!(!mark.exists(), "{}", std::fs::read_to_string(&mark).unwrap_or_default());
}

#[test]
fn what_is_no_repository_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let error = git::scan(folder.path(), 3).unwrap_err();
    assert!(error.to_string().contains("is in no git repository"), "{error}");
    // One without a commit holds nothing.
    run(folder.path(), &["init", "-q"]);
    assert!(git::scan(folder.path(), 3).unwrap().findings.is_empty());
}
