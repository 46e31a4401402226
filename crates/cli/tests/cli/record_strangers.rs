//! Another user of the machine, who is there while `flarekeep record` runs.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::support::Home;

/// What the command does: it opens the way to the folder of the run, calls once, and asks what is open to its own user and to
/// another, who has nothing of its environment.
const OWN: &str = r#"run=${SSL_CERT_FILE%/*}
for above in .. ../.. ../../.. ../../../..; do chmod 755 "$run/$above"; done
curl -s -o /dev/null https://api.cloudflare.com/client/v4/zones
set -- "$run" "${HTTPS_PROXY##*@}" "$PWD/calls.jsonl" $$ $PPID
env -i PATH="$PATH" sh ask.sh "$@" >own
env -i PATH="$PATH" setpriv --reuid=65534 --regid=65534 --clear-groups sh ask.sh "$@" >strangers
"#;

/// What is open: `FOLDER ADDRESS RECORDING PID PID`.
const ASK: &str = r#"try() { name=$1; shift; if "$@" >/dev/null 2>&1; then echo "$name: open"; else echo "$name: closed"; fi; }
try "the folder of the run" ls "$1"
try "its roots" cat "$1/trusted.pem"
try "its lock" sh -c ': >>"$0"' "$1/lock"
try "the recording" cat "$3"
try "the recording, written" sh -c ': >>"$0"' "$3"
try "the environment of the command" cat "/proc/$4/environ"
try "the environment of flarekeep" cat "/proc/$5/environ"
url=https://api.cloudflare.com/client/v4/zones
echo "the proxy: $(curl -s -o /dev/null -w '%{http_connect}' -x "http://$2" "$url")"
echo "the proxy, by a guess: $(curl -s -o /dev/null -w '%{http_connect}' -x "http://flarekeep:0@$2" "$url")"
echo "its address: $(curl -s -o /dev/null -w '%{http_code}' "http://$2/client/v4/zones")"
"#;

#[test]
fn nothing_of_a_run_is_open_to_another_user() {
    let home = Home::new();
    if std::fs::metadata(home.folder()).unwrap().uid() != 0 {
        // Only root can become another user: whoever goes without this test says so.
        assert!(
            std::env::var_os("FLAREKEEP_ONE_USER").is_some(),
            "this test becomes another user, and needs root; FLAREKEEP_ONE_USER=1 goes without it"
        );
        return;
    }
    std::fs::set_permissions(home.folder(), PermissionsExt::from_mode(0o755)).unwrap();
    home.write("own.sh", OWN);
    home.write("ask.sh", ASK);
    home.run("record --to emulator --out calls.jsonl --quiet -- sh own.sh").ended(0);
    let lines = |name: &str| home.read(name).lines().map(str::to_owned).collect::<Vec<_>>();
    // What is asked is there, and the secret counts even for the run's own user.
    let own = [
        "the folder of the run: open",
        "its roots: open",
        "its lock: open",
        "the recording: open",
        "the recording, written: open",
        "the environment of the command: open",
    ];
    assert_eq!(lines("own")[..6], own);
    let strangers = [
        "the folder of the run: closed",
        "its roots: closed",
        "its lock: closed",
        "the recording: closed",
        "the recording, written: closed",
        "the environment of the command: closed",
        "the environment of flarekeep: closed",
        "the proxy: 407",
        "the proxy, by a guess: 407",
        "its address: 407",
    ];
    assert_eq!(lines("strangers"), strangers);
    assert_eq!(lines("own")[7..], strangers[7..]);
    assert_eq!(lines("calls.jsonl").len(), 1, "what was refused is no call");
}
