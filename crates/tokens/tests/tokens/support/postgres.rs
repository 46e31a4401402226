//! A PostgreSQL server of the test's own: on loopback and a socket, in a temporary folder, gone with the process.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub(crate) const USER: &str = "flarekeep";
pub(crate) const PASSWORD: &str = "not/a@real:password-of-anybody";
/// The password as a URL spells it.
pub(crate) const PASSWORD_IN_URL: &str = "not%2Fa%40real%3Apassword-of-anybody";

/// Set to `required` where a server must be found (.ci/run sets it): then its absence is a failure.
const REQUIRED: &str = "FLAREKEEP_TEST_POSTGRES";

/// A server that runs for as long as this process.
pub(crate) struct Server {
    port: u16,
    #[allow(dead_code, reason = "see `over_socket`")]
    socket: PathBuf,
    programs: PathBuf,
    /// The server ends when this end of its pipe is closed, however this process ends.
    _pipe: ChildStdin,
    _child: Child,
}

/// The server of this process; `None`, said on standard error, where PostgreSQL is not installed.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            let Some(programs) = programs() else {
                assert!(std::env::var_os(REQUIRED).is_none(), "PostgreSQL is not installed, and {REQUIRED} is set");
                // Past the capturing of output: it must be seen.
                let _ = writeln!(std::io::stderr(), "SKIPPED: PostgreSQL is not installed; its tests do nothing");
                return None;
            };
            Some(Server::start(programs))
        })
        .as_ref()
}

impl Server {
    /// The URL of a new, empty database.
    pub(crate) fn database(&self) -> String {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("flarekeep_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a database over loopback.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD_IN_URL}@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of the same database over the socket.
    #[allow(dead_code, reason = "the program's tests include this file, and go over loopback")]
    pub(crate) fn over_socket(&self, url: &str) -> String {
        format!("{url}?host={}", self.socket.display())
    }

    /// Runs a statement and gives its answer.
    pub(crate) fn sql(&self, database: &str, statement: &str) -> String {
        let output = Command::new(self.programs.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", USER])
            .args(["-p", &self.port.to_string(), "-d", database, "-c", statement])
            .env("PGPASSWORD", PASSWORD)
            .output()
            .unwrap();
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn start(programs: PathBuf) -> Self {
        let folder = tempfile::Builder::new().prefix("flarekeep-postgres-").tempdir_in(fast_folder()).unwrap().keep();
        std::fs::write(folder.join("password"), PASSWORD).unwrap();
        if is_root() {
            let status = Command::new("chown").args(["-R", "nobody:"]).arg(&folder).status().unwrap();
            assert!(status.success(), "the server's folder cannot be given away");
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let script = r#"
            cd "$2" || exit 1
            "$1/initdb" -D data -U "$4" --pwfile=password -A scram-sha-256 -E UTF8 $5 --no-sync >initdb.log 2>&1 || exit 1
            "$1/postgres" -D data -p "$3" -k "$2" -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off \
                -c max_connections=200 -c shared_buffers=16MB -c log_line_prefix='%p ' >server.log 2>&1 &
            server=$!
            cat >/dev/null
            kill -QUIT $server
            wait $server
            cd / && rm -rf "$2"
        "#;
        // An order of texts that is not that of their bytes, where the server can have one.
        let locale =
            if is_before_15(&programs) { "--locale=C" } else { "--locale=C --locale-provider=icu --icu-locale=en-US" };
        let mut command = as_nobody();
        command.args(["sh", "-c", script, "postgres-of-a-test"]).arg(&programs).arg(&folder);
        command.args([&port.to_string(), USER, locale]).current_dir("/");
        // A Ctrl-C in the terminal ends the test; the server ends after it.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { port, socket: folder.clone(), programs, _pipe: child.stdin.take().unwrap(), _child: child };
        let start = Instant::now();
        while !server.is_ready() {
            let log = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            let is_late = start.elapsed() > Duration::from_secs(60);
            assert!(!is_late, "PostgreSQL does not start: {}{}", log("initdb.log"), log("server.log"));
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn is_ready(&self) -> bool {
        let ready = Command::new(self.programs.join("pg_isready"))
            .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
            .status();
        ready.unwrap().success()
    }
}

/// Where the server's programs are: in the PATH, where `pg_config` says, or where Debian puts them.
fn programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let wanted = ["initdb", "postgres", "psql", "pg_isready"];
    folders.into_iter().find(|folder| wanted.iter().all(|program| folder.join(program).is_file()))
}

fn is_before_15(programs: &Path) -> bool {
    let output = Command::new(programs.join("postgres")).arg("--version").output().unwrap();
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = words.split([' ', '.']).find_map(|word| word.trim().parse::<u32>().ok());
    number.is_none_or(|number| number < 15)
}

/// PostgreSQL does not run as root.
fn as_nobody() -> Command {
    if !is_root() {
        return Command::new("env");
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.trim_ascii() == b"0"
}

/// A folder in memory, where there is one: nothing of a test outlives it.
pub(crate) fn fast_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if tempfile::tempfile_in(memory).is_ok() { memory.to_owned() } else { std::env::temp_dir() }
}
