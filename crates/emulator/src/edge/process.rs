//! One workerd, which runs one version of a Worker.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::UnixStream;
use tokio::process::{ChildStdin, Command};
use tokio::sync::watch;

use crate::log::printable;

/// Receives each line that a Worker writes, without control characters.
pub(super) type Listener = Arc<dyn Fn(&str) + Send + Sync>;

/// A workerd that runs. It ends when this is dropped, and when the emulator ends, however that ends.
pub(super) struct Process {
    folder: TempDir,
    /// Its other end is read by the shell that looks after workerd: at its end workerd is killed.
    _leash: ChildStdin,
    ended: watch::Receiver<bool>,
    /// The last errors that it wrote.
    errors: Arc<Mutex<Vec<String>>>,
    /// Whether it has answered a request.
    answered: AtomicBool,
}

/// Runs workerd until it ends, or until nothing holds the other end of standard input any more; then clears the folder,
/// which `$0` names.
const LEASH: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- &
worker=$!
(exec >/dev/null 2>&1; read -r _ <&3; kill -9 "$worker") &
leash=$!
exec 3<&-
wait "$worker"
code=$?
kill "$leash" 2>/dev/null
rm -f "$0"/* && rmdir "$0" 2>/dev/null
exit "$code"
"#;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long its end is waited for where it did not answer its first request.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// The longest line that is kept whole.
const LONGEST: usize = 8 << 10;

impl Process {
    /// A folder of its own for a process: only its owner may look into it.
    pub(super) fn folder() -> io::Result<TempDir> {
        tempfile::Builder::new().prefix("flarekeep-edge-").tempdir()
    }

    /// The socket that the process of a folder listens at.
    pub(super) fn socket(folder: &Path) -> PathBuf {
        folder.join("worker")
    }

    /// Starts workerd with a configuration and its files, and waits until it listens. The files hold secrets: they are
    /// removed once workerd has read them. An error is what workerd wrote.
    pub(super) async fn start(
        program: &Path,
        folder: TempDir,
        text: &str,
        files: &[(String, Bytes)],
        listener: Listener,
    ) -> Result<Self, String> {
        let failed = |what: &str, error: io::Error| format!("{what}: {error}");
        let config = folder.path().join("config.capnp");
        let written = std::iter::once((config.clone(), text.as_bytes()))
            .chain(files.iter().map(|(name, bytes)| (folder.path().join(name), bytes.as_ref())));
        let written: Vec<(PathBuf, &[u8])> = written.collect();
        for (path, bytes) in &written {
            std::fs::write(path, bytes).map_err(|error| failed("its files cannot be written", error))?;
        }
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(LEASH).arg(folder.path()).arg(program).arg("serve").arg(&config);
        // Nothing of the emulator's environment is a Worker's to see; and Ctrl-C is the emulator's.
        command.env_clear().env("PATH", "/usr/bin:/bin").process_group(0).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| failed("workerd cannot be run", error))?;
        let leash = child.stdin.take().ok_or("workerd has no standard input")?;
        let errors = Arc::new(Mutex::new(Vec::new()));
        let heard = [
            child.stdout.take().map(|out| tokio::spawn(listen(out, listener.clone(), None))),
            child.stderr.take().map(|err| tokio::spawn(listen(err, listener, Some(errors.clone())))),
        ];
        let (tell, mut ended) = watch::channel(false);
        tokio::spawn(async move {
            // However it ended: its lines say why.
            let _ = child.wait().await;
            for one in heard.into_iter().flatten() {
                let _ = one.await;
            }
            tell.send_replace(true);
        });
        let socket = Self::socket(folder.path());
        let up = async {
            while UnixStream::connect(&socket).await.is_err() {
                tokio::time::sleep(Duration::from_millis(4)).await;
            }
        };
        let started = tokio::select! {
            () = up => Ok(()),
            _ = ended.wait_for(|ended| *ended) => Err(()),
            () = tokio::time::sleep(PATIENCE) => Err(()),
        };
        for (path, _) in &written {
            // Gone already where workerd ended.
            let _ = std::fs::remove_file(path);
        }
        let process = Self { folder, _leash: leash, ended, errors, answered: AtomicBool::new(false) };
        match started {
            Ok(()) => Ok(process),
            Err(()) => Err(process.said().unwrap_or_else(|| "workerd ended without a word".to_owned())),
        }
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(Self::socket(self.folder.path())).await
    }

    pub(super) fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// The last errors that it wrote, if it wrote any.
    pub(super) fn said(&self) -> Option<String> {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        (!errors.is_empty()).then(|| errors.join(" "))
    }

    /// Notes that it has answered.
    pub(super) fn note_answer(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Whether it ended before it answered anything. It listens before it has looked at the script, so that only the first
    /// answer tells that the script is good.
    pub(super) async fn failed_at_start(&self) -> bool {
        if self.answered.load(Ordering::Relaxed) {
            return false;
        }
        let mut ended = self.ended.clone();
        let ended = tokio::time::timeout(LAST_WORDS, ended.wait_for(|ended| *ended)).await;
        ended.is_ok_and(|ended| ended.is_ok())
    }

    /// Forgets what it wrote, so that what it writes next is told from it; but not why it does not start.
    pub(super) fn forget(&self) {
        if !self.answered.load(Ordering::Relaxed) {
            return;
        }
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Takes lines to the listener, and the last of them to `kept`.
async fn listen(mut from: impl AsyncRead + Unpin, listener: Listener, kept: Option<Arc<Mutex<Vec<String>>>>) {
    const KEPT: usize = 5;
    let (mut line, mut chunk) = (Vec::new(), [0; 4096]);
    let tell = |line: &mut Vec<u8>| {
        let text = printable(String::from_utf8_lossy(line).trim_end(), LONGEST);
        line.clear();
        // What follows is of no use without workerd's symbols.
        let text = text.split("; sentryErrorContext").next().unwrap_or_default();
        if text.is_empty() || text.starts_with("stack: ") {
            return;
        }
        listener(text);
        if let Some(kept) = &kept {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() == KEPT {
                kept.remove(0);
            }
            kept.push(text.to_owned());
        }
    };
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        for byte in chunk.iter().take(read) {
            if *byte == b'\n' {
                tell(&mut line);
            } else if line.len() < LONGEST {
                line.push(*byte);
            }
        }
    }
    tell(&mut line);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that does as workerd would: it listens, and lives for a minute.
    fn program(folder: &Path, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let file = folder.join("program");
        std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    fn heard() -> (Listener, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = lines.clone();
        (Arc::new(move |line: &str| kept.lock().unwrap().push(line.to_owned())), lines)
    }

    #[tokio::test]
    async fn what_it_says_is_heard_and_its_end_is_an_error() {
        let own = tempfile::tempdir().unwrap();
        let program =
            program(own.path(), r#"printf 'out\033[31m\n'; cat "$(dirname "$2")/m0"; echo "bad: $1" >&2; exit 1"#);
        let (listener, lines) = heard();
        let folder = Process::folder().unwrap();
        let path = folder.path().to_owned();
        let files = [("m0".to_owned(), Bytes::from_static(b"code\n"))];
        let error = Process::start(&program, folder, "", &files, listener).await.err().unwrap();
        assert_eq!(error, "bad: serve");
        let mut lines = lines.lock().unwrap().clone();
        lines.sort();
        assert_eq!(lines, ["bad: serve", "code", "out\\u{1b}[31m"]);
        assert!(!path.exists(), "nothing stays behind");
    }

    #[tokio::test]
    async fn it_ends_with_its_handle() {
        let own = tempfile::tempdir().unwrap();
        let pid = own.path().join("pid");
        let folder = Process::folder().unwrap();
        // The socket is there from the start, so that the program counts as started.
        let _socket = tokio::net::UnixListener::bind(Process::socket(folder.path())).unwrap();
        let program = program(own.path(), &format!("echo $$ >{0}.new; mv {0}.new {0}; exec sleep 60", pid.display()));
        let process = Process::start(&program, folder, "", &[], Arc::new(|_: &str| {})).await.unwrap();
        while !pid.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let proc = PathBuf::from(format!("/proc/{}", std::fs::read_to_string(&pid).unwrap().trim()));
        assert!(proc.exists() && !process.has_ended());
        drop(process);
        for _ in 0..400 {
            if !proc.exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the program outlives its handle");
    }
}
