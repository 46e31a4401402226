//! The whole program against a Cloudflare that takes [`LATENCY`] for every answer, and counts the calls.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long Cloudflare takes to answer.
pub const LATENCY: Duration = Duration::from_millis(20);
/// The account of the world.
pub const ACCOUNT: &str = "aaaa0000aaaa0000aaaa0000aaaa0001";
/// Its zone, `example.com`.
pub const ZONE: &str = "bbbb0000bbbb0000bbbb0000bbbb0001";

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// From its start to its end.
    pub time: Duration,
    /// How many calls Cloudflare answered.
    pub calls: usize,
}

/// A folder to work in, and a slow Cloudflare. The credential is the user's Global API key.
pub struct Shop {
    flarekeep: PathBuf,
    folder: PathBuf,
    environment: Vec<(&'static str, String)>,
    emulator: Child,
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.emulator.kill().expect("it runs");
        self.emulator.wait().expect("it ends");
        std::fs::remove_dir_all(&self.folder).expect("the folder goes");
    }
}

impl Shop {
    /// Opens it for this program; `rate_limit` is that of `emulate --rate-limit`.
    pub fn open(flarekeep: &Path, rate_limit: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("flarekeep-bench-{}-{number}", std::process::id()));
        std::fs::create_dir(&folder).expect("a folder");
        let world = format!(
            "[[account]]\nname = 'Acme'\nid = '{ACCOUNT}'\n[[user]]\nemail = 'ada@example.com'\n\
             [[zone]]\nname = 'example.com'\nid = '{ZONE}'\n"
        );
        std::fs::write(folder.join("world.toml"), world).expect("the world is written");
        let mut emulator = Command::new(flarekeep)
            .args(["emulate", "--json", "--quiet", "--listen", "127.0.0.1:0", "--rate-limit", rate_limit])
            .args(["--world", "world.toml", "--recording", "calls.jsonl"])
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the emulator starts");
        let mut first = String::new();
        BufReader::new(emulator.stdout.take().expect("a pipe")).read_line(&mut first).expect("its first line");
        let facts: serde_json::Value = serde_json::from_str(&first).expect("its facts");
        let fact = |name: &str| facts[name].as_str().expect("a text").to_owned();
        let (api, host) = (fact("api"), fact("api"));
        let host = host.trim_start_matches("http://").split('/').next().expect("a host").parse().expect("an address");
        let environment = vec![
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", folder.display().to_string()),
            ("CLOUDFLARE_API_BASE_URL", api.replace(&format!("{host}"), &slowed(host).to_string())),
            ("CLOUDFLARE_EMAIL", fact("email")),
            ("CLOUDFLARE_API_KEY", fact("global_key")),
        ];
        Self { flarekeep: flarekeep.to_owned(), folder, environment, emulator }
    }

    /// How many calls were answered so far.
    fn calls(&self) -> usize {
        let recording = std::fs::read(self.folder.join("calls.jsonl")).unwrap_or_default();
        recording.iter().filter(|byte| **byte == b'\n').count()
    }

    /// From now on the credential is the token in this file of the folder, in place of the user's key.
    pub fn use_token(&mut self, file: &str) {
        let value = std::fs::read_to_string(self.folder.join(file)).expect("the token");
        self.environment.retain(|(name, _)| !matches!(*name, "CLOUDFLARE_EMAIL" | "CLOUDFLARE_API_KEY"));
        self.environment.push(("CLOUDFLARE_API_TOKEN", value.trim().to_owned()));
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs the program, which must succeed.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.time(
            Command::new(&self.flarekeep)
                .args(arguments)
                .env_clear()
                .envs(self.environment.iter().map(|(name, value)| (name, value))),
        )
    }

    /// Runs another program beside it.
    pub fn bare(&self, command: &str) -> Run {
        self.time(&mut Command::new(command))
    }

    fn time(&self, command: &mut Command) -> Run {
        let before = self.calls();
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let start = Instant::now();
        let output = command.output().expect("the program starts");
        let time = start.elapsed();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Run { time, calls: self.calls() - before }
    }
}

/// The address of a proxy before this one: what the client sends is passed on at once, what comes back after
/// [`LATENCY`], in its order and without adding up where it comes in parts.
fn slowed(upstream: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A connection that broke is the business of those at its ends.
            let _ = connect(client, upstream);
        }
    });
    address
}

fn connect(client: TcpStream, upstream: SocketAddr) -> std::io::Result<()> {
    let server = TcpStream::connect(upstream)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(std::net::Shutdown::Write);
    });
    let (send, receive) = mpsc::channel::<(Instant, Vec<u8>)>();
    let (mut from_server, mut to_client) = (server, client);
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from_server.read(&mut buffer) {
            if send.send((Instant::now() + LATENCY, buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in receive {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to_client.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(std::net::Shutdown::Both);
    });
    Ok(())
}

/// The run of the middle time.
pub fn median(runs: impl IntoIterator<Item = Run>) -> Run {
    let mut runs: Vec<Run> = runs.into_iter().collect();
    runs.sort_by_key(|run| run.time);
    runs[runs.len() / 2]
}

/// Prints whether a bound holds, and gives it back.
pub fn says(holds: bool, what: &str) -> bool {
    println!("  {} {what}", if holds { "ok  " } else { "MISS" });
    holds
}

/// A time in milliseconds.
pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
