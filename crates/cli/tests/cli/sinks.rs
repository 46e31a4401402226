//! Sinks that cannot take a value: found out before anything is minted, or mended after.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::support::{Local, Run, shows};

const R2: &str = "--operation 'POST /accounts/{account_id}/r2/buckets'";

/// Creates a token into a sink that must be refused, with no token made on the way.
#[track_caller]
fn refused(local: &Local, sink: &str) -> Run {
    let before = local.emulator.state_hash();
    let run = local.run(&format!("token create --name x {R2} --to '{sink}' --yes")).failed(2);
    assert_eq!(local.emulator.state_hash(), before, "something was made:\n{}", run.shown());
    let minted = local.calls().iter().any(|call| call.starts_with("POST /client/v4/user/tokens"));
    assert!(!minted, "a token was minted before the sink was tried:\n{}", run.shown());
    run
}

fn git(local: &Local, arguments: &[&str]) {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
    let done = command.args(arguments).current_dir(local.folder()).env("HOME", local.folder()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn that_name_nothing() {
    let local = Local::start();
    for sink in ["vault", "env:", "file:", "command:", "http://example.com", ""] {
        let run = local.run(&format!("token create --name x {R2} --to '{sink}' --yes")).ended(2);
        assert!(run.stderr.contains("env:FILE[:KEY]"), "the sinks are not listed:\n{}", run.shown());
    }
    shows!("sink_bad_key", local.run(&format!("token create --name x {R2} --to 'env:.env:not a key' --yes")).ended(2));
    shows!("sink_unknown", local.run(&format!("token create --name x {R2} --to vault --yes")).ended(2));
    assert!(local.tokens().is_empty());
}

#[test]
fn in_a_missing_folder() {
    let local = Local::start();
    shows!("sink_missing_folder", refused(&local, "env:nowhere/.env"));
    shows!("sink_missing_folder_file", refused(&local, "file:nowhere/value"));
    shows!("sink_is_a_folder", {
        std::fs::create_dir(local.path("folder")).unwrap();
        refused(&local, "env:folder")
    });
    refused(&local, "file:/dev/null");
}

/// Root may write everywhere, so that permissions show nothing there; `/proc` refuses even root.
#[test]
fn that_cannot_be_written() {
    let local = Local::start();
    shows!("sink_unwritable_folder", refused(&local, "env:/proc/flarekeep.env"));
    refused(&local, "file:/proc/version");
    let locked = local.path("locked");
    std::fs::create_dir(&locked).unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(locked.join("probe"), "").is_err() {
        refused(&local, "env:locked/.env");
    }
}

#[test]
fn that_git_tracks() {
    let local = Local::start();
    git(&local, &["init", "--quiet"]);
    local.write(".env", "A=1\n");
    git(&local, &["add", ".env"]);
    shows!("sink_tracked", refused(&local, "env:.env"));
    shows!("sink_tracked_file", refused(&local, "file:.env"));
    // A link does not hide the file behind it.
    symlink(".env", local.path("link")).unwrap();
    refused(&local, "env:link");
    assert_eq!(local.read(".env"), "A=1\n");
    // One that git would take with the next `git add .` is written, with a remark.
    let run = local.run(&format!("token create --name x {R2} --to env:new.env --yes")).ended(0);
    shows!("sink_not_ignored", run.says("git does not ignore"));
    local.write(".gitignore", "ignored.env\n");
    let run = local.run(&format!("token create --name y {R2} --to env:ignored.env --yes")).ended(0);
    assert!(!run.stderr.contains("git"), "{}", run.shown());
}

#[test]
fn a_command_that_does_not_exist() {
    let local = Local::start();
    shows!("sink_no_command", refused(&local, "command:no-such-command-here --x"));
}

#[test]
fn a_command_that_fails_after_minting() {
    let local = Local::start();
    let run = local.run(&format!("token create --name x {R2} --to 'command:cat > /dev/null; exit 7' --yes")).failed(5);
    assert!(local.tokens().is_empty(), "the token is revoked again");
    assert!(local.calls().iter().any(|call| call == "POST /client/v4/user/tokens 200"), "it was minted");
    shows!("sink_command_fails", run.says("was revoked"));
    // One that the command prints is no leak of ours, and one that it does not read is not delivered.
    local.run(&format!("token create --name x {R2} --to 'command:false' --yes")).failed(5);
    assert!(local.tokens().is_empty());
}

#[test]
fn a_roll_is_refused_before_the_old_value_dies() {
    let local = Local::start();
    let value = local.narrow_token();
    for sink in ["env:nowhere/.env", "command:no-such-command-here", "file:/proc/value"] {
        local.run(&format!("token roll story --to {sink} --yes")).failed(2);
        assert!(local.is_alive(&value));
    }
    let run = local.run("token roll story --to command:false --yes").failed(5);
    assert!(!local.is_alive(&value));
    shows!("roll_undelivered", run);
    // What the hint says mends it.
    let id = local.tokens()[0].id;
    local.run(&format!("token roll {id} --to env:.env --yes")).ended(0);
    assert!(local.is_alive(&local.value_in(".env")));
}

#[test]
fn a_file_keeps_its_other_lines_its_link_and_its_mode() {
    let local = Local::start();
    local.write("real.env", "# ours\nA=1\nexport CLOUDFLARE_API_TOKEN=old\nB='two words'\n");
    symlink("real.env", local.path("link.env")).unwrap();
    local.run(&format!("token create --name x {R2} --to env:link.env --yes")).ended(0);
    assert!(std::fs::symlink_metadata(local.path("link.env")).unwrap().is_symlink());
    let content = local.read("real.env");
    let value = content.lines().nth(2).unwrap().strip_prefix("export CLOUDFLARE_API_TOKEN=").unwrap();
    assert!(local.is_alive(value));
    assert_eq!(content, format!("# ours\nA=1\nexport CLOUDFLARE_API_TOKEN={value}\nB='two words'\n"));
    assert_eq!(std::fs::metadata(local.path("real.env")).unwrap().permissions().mode() & 0o777, 0o600);
    local.run(&format!("token create --name y {R2} --to env:real.env:CI_TOKEN --yes")).ended(0);
    assert!(local.read("real.env").starts_with(&content) && local.read("real.env").contains("\nCI_TOKEN=cfut_"));
    let left = std::fs::read_dir(local.folder())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".flarekeep-"));
    assert_eq!(left.count(), 0, "no temporary file is left");
}

/// A hook sets variables that point git elsewhere, and a name may look like one of git's patterns.
#[test]
fn that_git_tracks_whatever_git_is_told() {
    let local = Local::start();
    std::fs::create_dir(local.path("elsewhere")).unwrap();
    local.write(".env", "A=1\n");
    local.write(":x.env", "A=1\n");
    git(&local, &["init", "-q"]);
    git(&local, &["--literal-pathspecs", "add", ".env", ":x.env"]);
    let elsewhere = local.path("elsewhere").display().to_string();
    let line = |sink: &str| format!("token create --name x {R2} --to '{sink}' --yes");
    local
        .type_(&line("env:.env"))
        .env("GIT_DIR", &elsewhere)
        .env("GIT_INDEX_FILE", "none")
        .run()
        .failed(2)
        .says("tracks");
    local.run(&line("file::x.env")).failed(2).says("tracks");
    assert!(local.tokens().is_empty());
}

#[test]
fn that_is_standard_output_leading_nowhere() {
    let local = Local::start();
    let flarekeep = env!("CARGO_BIN_EXE_flarekeep");
    for nowhere in [">&-", ">/dev/null"] {
        let line = format!("{flarekeep} token create --name x {R2} --to - --yes {nowhere}");
        let mut shell = Command::new("sh");
        shell.env_clear().args(["-c", &line]).current_dir(local.folder());
        shell
            .env("CLOUDFLARE_API_BASE_URL", local.running.api_url())
            .env("CLOUDFLARE_ACCOUNT_ID", crate::support::ACCOUNT);
        shell.env("CLOUDFLARE_EMAIL", &local.facts.email).env("CLOUDFLARE_API_KEY", &local.facts.global_key);
        assert_eq!(shell.output().unwrap().status.code(), Some(2), "{nowhere}");
        assert!(local.tokens().is_empty(), "{nowhere}");
    }
}

#[test]
fn commands_are_the_shells_to_read() {
    let local = Local::start();
    for (at, command) in ["FOO=1 cat >took", "(cat) >took", "true; cat >took", "\"cat\" >took"].iter().enumerate() {
        local.run(&format!("token create --name x{at} {R2} --to 'command:{command}' --yes")).ended(0);
        assert!(local.read("took").starts_with("cfut_"), "{command}");
    }
    refused(&Local::start(), "command:if then");
}
