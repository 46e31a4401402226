//! Whole processes that manage tokens, against a Cloudflare that takes 20 ms for every answer: `apply` of declared tokens
//! and of no change, `token rotate`, `token list`, `exec`.
//!
//! `apply FLAREKEEP` runs the program against `flarekeep emulate`, behind a proxy in this process that holds every answer
//! back for 20 ms after it came; the emulator's recording counts the calls. Beside each figure stands the least that the
//! latency alone allows, in the same run. The bounds of docs/performance.md are checked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long Cloudflare takes to answer.
const LATENCY: Duration = Duration::from_millis(20);
/// How many tokens the program changes at once (crates/cli, `apply`).
const AT_ONCE: usize = 8;
/// A hundred tokens, applied.
const LIMIT: Duration = Duration::from_secs(4);
/// What Cloudflare takes of one user in five minutes, and what the client sends without a pause.
const ALLOWANCE: usize = 1_200;
const BURST: usize = 550;
/// Rounds of what makes a hundred tokens, and of what is quick.
const ROUNDS: usize = 5;
const QUICK_ROUNDS: usize = 20;

const ACCOUNT: &str = "aaaa0000aaaa0000aaaa0000aaaa0001";
const ZONE: &str = "bbbb0000bbbb0000bbbb0000bbbb0001";

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [flarekeep] = arguments.as_slice() else {
        eprintln!("usage: apply FLAREKEEP");
        return ExitCode::from(2);
    };
    let flarekeep = std::fs::canonicalize(flarekeep).expect("the program is there");
    let mut held = applied(&flarekeep);
    held &= beside_others(&flarekeep);
    held &= single_commands(&flarekeep);
    ExitCode::from(u8::from(!held))
}

/// New tokens where there are none, and then no change. The emulator keeps to Cloudflare's limit.
fn applied(flarekeep: &Path) -> bool {
    println!("applied where there is none; each answer takes {} ms, {AT_ONCE} at once", LATENCY.as_millis());
    println!(
        "{:>7} {:>10} {:>13} {:>7} {:>7} {:>12} {:>7}",
        "tokens", "apply", "latency alone", "ratio", "calls", "no change", "calls"
    );
    let mut held = true;
    for tokens in [10, 100] {
        let runs: Vec<(Run, Run)> = (0..ROUNDS)
            .map(|_| {
                let shop = Shop::open(flarekeep, "on");
                shop.declare(tokens);
                let (first, again) = (shop.run(&["apply", "--yes"]), shop.run(&["apply", "--yes"]));
                assert_eq!(shop.living(), tokens, "all are made");
                (first, again)
            })
            .collect();
        let (first, again) = (median(runs.iter().map(|run| run.0)), median(runs.iter().map(|run| run.1)));
        let bound = bound(first.calls, tokens);
        println!(
            "{tokens:>7} {:>7.0} ms {:>10.0} ms {:>7.2} {:>7} {:>9.0} ms {:>7}",
            milliseconds(first.time),
            milliseconds(bound),
            first.time.as_secs_f64() / bound.as_secs_f64(),
            first.calls,
            milliseconds(again.time),
            again.calls
        );
        held &= says(again.calls <= tokens.div_ceil(50).max(1), "at most one call per 50 tokens where nothing changed");
        if tokens == 100 {
            held &= says(first.time <= LIMIT, "a hundred tokens in at most 4 s");
            held &= says(
                first.calls < BURST && first.calls < ALLOWANCE,
                "fewer calls than the 1,200 of five minutes, and than the 550 that need no pause",
            );
        }
    }
    held
}

/// A hundred more beside others, up to four hundred. Each run keeps to the limit by itself, and all of them together do
/// not, so that the emulator's is off.
fn beside_others(flarekeep: &Path) -> bool {
    println!("\na hundred more beside those that live");
    println!("{:>7} {:>10} {:>7} {:>12} {:>7}", "living", "apply", "calls", "no change", "calls");
    let shop = Shop::open(flarekeep, "off");
    let mut held = true;
    for tokens in [100, 200, 300, 400] {
        shop.declare(tokens);
        let first = shop.run(&["apply", "--yes"]);
        let again = median((0..ROUNDS).map(|_| shop.run(&["apply", "--yes"])));
        println!(
            "{:>7} {:>7.0} ms {:>7} {:>9.0} ms {:>7}",
            tokens - 100,
            milliseconds(first.time),
            first.calls,
            milliseconds(again.time),
            again.calls
        );
        held &= again.calls <= tokens / 50;
    }
    says(held, "at most one call per 50 tokens where nothing changed")
}

/// One token rotated, the list of ten, and a command under a token of its own beside the bare command.
fn single_commands(flarekeep: &Path) -> bool {
    println!("\nsingle commands, median of {QUICK_ROUNDS}, ten tokens living");
    let shop = Shop::open(flarekeep, "off");
    shop.declare(10);
    shop.run(&["apply", "--yes"]);
    let exec = ["exec", "--operation", "GET /zones/{zone_id}", "--account", ACCOUNT, "--zone", ZONE, "--", "true"];
    let account = ["--owner", "account", "--account", ACCOUNT];
    let list = [["token", "list"].as_slice(), &account].concat();
    let rotate = [["token", "rotate", "t000", "--yes"].as_slice(), &account].concat();
    let mut runs: [Vec<Run>; 4] = Default::default();
    for _ in 0..QUICK_ROUNDS {
        runs[0].push(shop.bare("true"));
        runs[1].push(shop.run(&exec));
        runs[2].push(shop.run(&list));
        runs[3].push(shop.run(&rotate));
    }
    let names = ["true, bare", "flarekeep exec … -- true", "flarekeep token list", "flarekeep token rotate NAME"];
    for (name, runs) in names.iter().zip(runs) {
        let run = median(runs);
        let alone = LATENCY * u32::try_from(run.calls).expect("few");
        println!(
            "{name:<28} {:>7.1} ms   {:>3} calls, {:>4} ms of latency",
            milliseconds(run.time),
            run.calls,
            alone.as_millis()
        );
    }
    assert_eq!(shop.living(), 10, "none is left behind");
    true
}

/// The least that the latency allows: the calls of the tokens, so many at once, after those that come before.
fn bound(calls: usize, tokens: usize) -> Duration {
    let each = calls / tokens;
    let before = calls - each * tokens;
    LATENCY * u32::try_from(before + each * tokens.div_ceil(AT_ONCE)).expect("few")
}

/// What one run took.
#[derive(Debug, Clone, Copy)]
struct Run {
    time: Duration,
    calls: usize,
}

/// A folder with flarekeep.toml, and a slow Cloudflare.
struct Shop {
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
    fn open(flarekeep: &Path, rate_limit: &str) -> Self {
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

    /// Writes flarekeep.toml: so many tokens of the account, each with a value of its own in `tokens.env`.
    fn declare(&self, tokens: usize) {
        let token = |number| {
            format!(
                "[token.t{number:03}]\noperations = [\"GET /zones/{{zone_id}}\"]\nsinks = [\"env:tokens.env:T{number:03}\"]\n"
            )
        };
        let defaults = format!(
            "[defaults]\nowner = \"account\"\naccount = \"{ACCOUNT}\"\nzones = [\"{ZONE}\"]\nexpires = \"90d\"\n"
        );
        let text = defaults + &(0..tokens).map(token).collect::<String>();
        std::fs::write(self.folder.join("flarekeep.toml"), text).expect("the file is written");
    }

    /// Runs the program, which must succeed.
    fn run(&self, arguments: &[&str]) -> Run {
        self.time(
            Command::new(&self.flarekeep)
                .args(arguments)
                .env_clear()
                .envs(self.environment.iter().map(|(name, value)| (name, value))),
        )
    }

    fn bare(&self, command: &str) -> Run {
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

    /// How many values `tokens.env` has, each of them another.
    fn living(&self) -> usize {
        let text = std::fs::read_to_string(self.folder.join("tokens.env")).expect("the sink");
        let mut values: Vec<&str> =
            text.lines().filter_map(|line| line.split_once('=')).map(|(_, value)| value).collect();
        values.sort_unstable();
        values.dedup();
        values.len()
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

fn says(holds: bool, what: &str) -> bool {
    println!("  {} {what}", if holds { "ok  " } else { "MISS" });
    holds
}

/// The run of the middle time.
fn median(runs: impl IntoIterator<Item = Run>) -> Run {
    let mut runs: Vec<Run> = runs.into_iter().collect();
    runs.sort_by_key(|run| run.time);
    runs[runs.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
