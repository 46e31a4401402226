//! Sinks: what a delivery leaves behind, and what a failed one does not touch.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flarekeep_tokens::{Sink, SinkError};
use secrecy::SecretString;

const OLD: &str = "A=1\nTOKEN=old\n";

fn env(path: &Path) -> Sink {
    Sink::EnvFile { path: path.to_owned(), key: "TOKEN".to_owned() }
}

fn value() -> SecretString {
    SecretString::from("new")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn left_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into()).collect();
    names.sort();
    names
}

#[test]
fn only_the_owner_reads_what_was_delivered() {
    let folder = tempfile::tempdir().unwrap();
    for (name, before) in [("new", None), ("old", Some(0o644)), ("open", Some(0o666))] {
        for sink in [env as fn(&Path) -> Sink, |path| Sink::File(path.to_owned())] {
            let path = folder.path().join(name);
            if let Some(mode) = before {
                std::fs::write(&path, OLD).unwrap();
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            }
            sink(&path).prove().unwrap().deliver(value()).unwrap();
            assert_eq!(mode(&path), 0o600, "{name}");
            std::fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn a_link_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    std::fs::write(&real, OLD).unwrap();
    symlink("real", &link).unwrap();
    env(&link).prove().unwrap().deliver(value()).unwrap();
    assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("real"));
    assert_eq!(read(&real), "A=1\nTOKEN=new\n");
    Sink::File(link.clone()).prove().unwrap().deliver(value()).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(read(&real), "new\n");
}

/// As `.env -> shared/.env` where the folder is there and the file is not yet.
#[test]
fn a_link_to_a_file_that_is_not_there_yet_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    symlink("real", &link).unwrap();
    match env(&link).prove() {
        Ok(proved) => {
            proved.deliver(value()).unwrap();
            assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink(), "the link was replaced by the file");
            assert_eq!(read(&real), "TOKEN=new\n");
        }
        // To refuse it, before anything is minted, is as good.
        Err(_) => assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink()),
    }
}

#[test]
fn a_proof_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("env");
    std::fs::write(&path, OLD).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    drop(env(&path).prove().unwrap());
    drop(Sink::File(folder.path().join("absent")).prove().unwrap());
    assert_eq!((read(&path).as_str(), mode(&path)), (OLD, 0o640));
    assert_eq!(left_in(folder.path()), ["env"], "no temporary file is left");
}

#[test]
fn a_name_that_the_system_does_not_take_is_seen_by_the_proof() {
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("x".repeat(256));
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&long, &link).unwrap();
    for path in [&long, &link, &folder.path().join("a\0b")] {
        for sink in [Sink::File(path.clone()), env(path)] {
            assert!(matches!(sink.prove(), Err(SinkError::File { .. })), "{sink:?}");
        }
    }
    assert_eq!(left_in(folder.path()), ["link"]);
}

#[test]
fn a_delivery_that_fails_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("here"), folder.path().join("there"));
    std::fs::create_dir(&here).unwrap();
    std::fs::write(here.join("env"), OLD).unwrap();
    let proved = env(&here.join("env")).prove().unwrap();
    // The folder goes away between the proof and the delivery.
    std::fs::rename(&here, &there).unwrap();
    let error = proved.deliver(value()).unwrap_err();
    assert!(matches!(error, SinkError::File { .. }), "{error}");
    assert_eq!(read(&there.join("env")), OLD);

    let proved = Sink::File(there.join("env")).prove().unwrap();
    std::fs::remove_file(there.join("env")).unwrap();
    std::fs::create_dir(there.join("env")).unwrap();
    assert!(proved.deliver(value()).is_err(), "a folder stands in the file's place");
    assert!(there.join("env").is_dir());
}

#[test]
fn lines_that_others_wrote_after_the_proof_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("env");
    std::fs::write(&path, OLD).unwrap();
    let proved = env(&path).prove().unwrap();
    std::fs::write(&path, format!("{OLD}LATER=2\n")).unwrap();
    proved.deliver(value()).unwrap();
    assert_eq!(read(&path), "A=1\nTOKEN=new\nLATER=2\n");
    // And a file that somebody made where there was none.
    let path = folder.path().join("fresh");
    let proved = env(&path).prove().unwrap();
    std::fs::write(&path, "MINE=1").unwrap();
    proved.deliver(value()).unwrap();
    assert_eq!(read(&path), "MINE=1\nTOKEN=new\n");
}

/// Deliveries of many keys to one file at the same time lose none of them.
#[test]
fn deliveries_at_the_same_time_keep_each_others_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    let deliver = &|n: usize| {
        let sink = Sink::EnvFile { path: path.clone(), key: format!("KEY_{n}") };
        sink.prove().unwrap().deliver(value()).unwrap();
    };
    std::thread::scope(|scope| {
        for n in 0..16 {
            scope.spawn(move || deliver(n));
        }
    });
    assert_eq!(read(&path).lines().count(), 16);
}

#[test]
fn a_reader_sees_the_old_file_or_the_new_one_and_never_half() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("env");
    let long = |c: char| c.to_string().repeat(100_000);
    std::fs::write(&path, format!("TOKEN={}\n", long('a'))).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let (end, seen_at) = (done.clone(), path.clone());
    let (old, new) = (long('a'), long('b'));
    let reader = std::thread::spawn(move || {
        let mut reads = 0;
        while !end.load(Ordering::Relaxed) || reads == 0 {
            let content = read(&seen_at);
            let value = content.strip_prefix("TOKEN=").and_then(|rest| rest.strip_suffix('\n'));
            assert!(value == Some(&old) || value == Some(&new), "{} bytes were seen", content.len());
            reads += 1;
        }
        reads
    });
    for round in 0..60 {
        let value = SecretString::from(long(if round % 2 == 0 { 'b' } else { 'a' }));
        env(&path).prove().unwrap().deliver(value).unwrap();
    }
    done.store(true, Ordering::Relaxed);
    assert!(reader.join().unwrap() > 0);
}

#[test]
fn a_command_gets_the_value_on_its_standard_input_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    let command = format!("cat /proc/$$/cmdline /proc/$$/environ > '{path}/seen'; cat > '{path}/value'");
    Sink::Command(command).prove().unwrap().deliver(SecretString::from("s3cret-value")).unwrap();
    assert_eq!(read(&folder.path().join("value")), "s3cret-value\n");
    let seen = std::fs::read(folder.path().join("seen")).unwrap();
    assert!(!seen.is_empty() && !String::from_utf8_lossy(&seen).contains("s3cret"));
}

#[test]
fn a_command_that_fails_says_how() {
    let failed = |command: &str| {
        let sink = Sink::Command(command.to_owned());
        sink.prove().unwrap().deliver(value()).unwrap_err().to_string()
    };
    assert_eq!(failed("exit 7"), "the command `exit 7` ended with exit status: 7");
    assert!(failed("kill -9 $$").contains("signal: 9"));
    assert!(matches!(Sink::Command("no-such-command-here".into()).prove(), Err(SinkError::NoCommand(_))));
}
