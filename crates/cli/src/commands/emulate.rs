//! `flarekeep emulate`: a local Cloudflare.

mod coverage;
mod edge;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use flarekeep_catalogue::Operation;
use flarekeep_emulator::{Emulator, Facts, FaultRules, LogEntry, Options, Server, StateKey, World};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::arguments;
use crate::context::block_on;
use crate::environment::state_folder;
use crate::error::{CommandError, Kind};
use crate::output::{BAD, FAINT, GOOD, Output, STRONG, plain, styled};
use crate::recording::{Line, Recording};
use crate::{CommandResult, Verdict};

pub(crate) fn run(output: Output, arguments: &arguments::Emulate) -> CommandResult {
    if arguments.coverage {
        return coverage::run(output);
    }
    let world = arguments.world.as_deref().map_or_else(|| Ok(World::generated()), world)?;
    let mut options = steered(arguments.options(), &arguments.steering)?;
    let recording = arguments.recording.as_deref().map(|path| Recording::open(path, "--recording")).transpose()?;
    let explain = arguments.explain;
    if !output.quiet || recording.is_some() {
        options.on_decision = Some(Arc::new(move |entry: &LogEntry| {
            if let Some(recording) = &recording {
                recording.write(output, &lines(entry));
            }
            if !output.quiet {
                log(output, entry, explain);
            }
        }));
    }
    if let (Some(folder), Some(world)) = (&arguments.state, &arguments.world)
        && folder.read_dir().is_ok_and(|mut entries| entries.next().is_some())
    {
        output.warn(format!("`{}` holds a world already; `{}` is not read", folder.display(), world.display()));
    }
    if !arguments.listen.ip().is_loopback() {
        output.warn("other machines can reach this emulator, and its Global API key travels in clear");
    }
    if arguments.hostnames.dns_listen.is_some_and(|dns| !dns.ip().is_loopback()) {
        output.warn("other machines can ask this emulator's DNS, which tells all records of its zones");
    }
    if arguments.state.is_some() {
        options.state_key = Some(state_key()?);
    }
    let emulator = match &arguments.state {
        None => Emulator::new(world, options),
        Some(folder) => Emulator::open(folder, world, options).map_err(|error| {
            CommandError::usage(format!(
                "cannot open the state in `{}`: {}",
                folder.display(),
                plain(&error.to_string())
            ))
            .hint("--state names a folder that emulate wrote, or one that it can make")
        })?,
    };
    block_on(async {
        let facts = emulator.facts();
        let taken = |address: SocketAddr, error: io::Error, hint: &str| {
            CommandError::new(Kind::Unreachable, format!("cannot listen on {address}: {error}")).hint(hint)
        };
        let mut server = Server::start(emulator.clone(), arguments.listen)
            .await
            .map_err(|error| taken(arguments.listen, error, "--listen 127.0.0.1:0 takes any free port"))?;
        let s3 = SocketAddr::new(arguments.listen.ip(), arguments.s3_port);
        server
            .serve_s3(&emulator, s3)
            .await
            .map_err(|error| taken(s3, error, "without --s3-port, R2's S3 face takes any free port"))?;
        if let Some(dns) = arguments.hostnames.dns_listen {
            server
                .serve_dns(&emulator, dns)
                .await
                .map_err(|error| taken(dns, error, "--dns-listen 127.0.0.1:0 takes any free port"))?;
        }
        let s3 = server.s3_endpoint().unwrap_or_default();
        edge::serve(output, &mut server, &emulator, &arguments.edge).await?;
        let addresses = Addresses {
            api: local(&server.api_url(), arguments.listen),
            s3: local(&s3, arguments.listen),
            edge: server.edge_url().map(|edge| local(&edge, arguments.edge.edge_listen)),
            dns: server.dns_address(),
        };
        greet(output, &addresses, &facts);
        interrupted().await;
        server.shutdown().await;
        Ok(Verdict::Yes)
    })
}

/// Where clients of this machine find each face.
struct Addresses {
    api: String,
    s3: String,
    /// None where Workers do not run.
    edge: Option<String>,
    /// None where DNS is not asked for.
    dns: Option<SocketAddr>,
}

/// What a client needs to know, as one line of JSON.
fn document(addresses: &Addresses, facts: &Facts) -> Value {
    let zones = facts.zones.iter().map(|zone| json!({"id": zone.id.to_string(), "name": zone.name}));
    let tokens = facts.tokens.iter().map(|token| match &token.value {
        Some(value) => json!({"id": token.id.to_string(), "name": token.name, "value": value}),
        // Whoever wrote the world knows it.
        None => json!({"id": token.id.to_string(), "name": token.name}),
    });
    let mut document = json!({
        "api": addresses.api,
        "s3": addresses.s3,
        "edge": addresses.edge,
        "account_id": facts.account_id.to_string(),
        "zones": zones.collect::<Vec<_>>(),
        "email": facts.email,
        "global_key": facts.global_key,
        "user_id": facts.user_id.to_string(),
        "tokens": tokens.collect::<Vec<_>>(),
    });
    if let (Some(dns), Some(object)) = (addresses.dns, document.as_object_mut()) {
        object.insert("dns".to_owned(), dns.to_string().into());
    }
    document
}

/// The URL for clients of this machine: an unspecified address is no address to call.
fn local(url: &str, listen: SocketAddr) -> String {
    match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => url.replacen("0.0.0.0", "127.0.0.1", 1),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => url.replacen("[::]", "[::1]", 1),
        _ => url.to_owned(),
    }
}

fn greet(output: Output, addresses: &Addresses, facts: &Facts) {
    if output.json {
        use std::io::Write;
        let mut out = std::io::stdout();
        // One line, so that a script can read it while the emulator runs on.
        let _ = writeln!(out, "{}", document(addresses, facts)).and_then(|()| out.flush());
        return;
    }
    let Addresses { api, s3, edge, dns } = addresses;
    output.line(format!("{} answers at {api}\n", styled(STRONG, "a local Cloudflare")));
    output.line("  in another terminal:\n");
    output.line(format!("  export CLOUDFLARE_API_BASE_URL={api} CLOUDFLARE_BASE_URL={api}"));
    output.line(format!("  export CLOUDFLARE_ACCOUNT_ID={}", facts.account_id));
    for zone in facts.zones.iter().take(1) {
        output.line(format!("  export CLOUDFLARE_ZONE_ID={}    # {}", zone.id, plain(&zone.name)));
    }
    output.line(format!("  export CLOUDFLARE_EMAIL={} CLOUDFLARE_API_KEY={}", plain(&facts.email), facts.global_key));
    output.line(format!("  export R2_ENDPOINT={s3} AWS_ENDPOINT_URL_S3={s3} AWS_REGION=auto    # R2's S3 face"));
    if let Some(edge) = edge {
        output.line(format!("  export FLAREKEEP_EDGE_URL={edge}"));
        let host = facts.zones.first().map_or("<host>", |zone| zone.name.as_str());
        output.line(format!("  curl -H 'Host: {}' {edge}    # Workers answer here", plain(host)));
    }
    if let Some(dns) = dns {
        let name = facts.zones.first().map_or("", |zone| &zone.name);
        output.line(format!("  dig @{} -p {} {}    # DNS", dns.ip(), dns.port(), plain(name)));
    }
    for token in &facts.tokens {
        let Some(value) = &token.value else { continue };
        output.line(format!("  export CLOUDFLARE_API_TOKEN={value}    # the token `{}`", plain(&token.name)));
    }
    output.line("\n  flarekeep token create --recipe saas-platform --to env:.env --yes");
    output.line(styled(FAINT, "\n  the key is this emulator's own and opens nothing else; Ctrl-C ends it\n"));
}

/// One line on a decision. Where they are explained, the columns are: allow or deny, the status, the method, the cause, the
/// path, and the grounds.
fn log(output: Output, entry: &LogEntry, explain: bool) {
    let word = if entry.allowed { styled(GOOD, "allow") } else { styled(BAD, "deny ") };
    if explain {
        let LogEntry { status, method, cause, path, .. } = entry;
        let grounds = entry.grounds.as_ref().map_or_else(String::new, |grounds| format!("  {grounds}"));
        return output.note(format!("{word} {status} {method:<6} {cause:<19} {path}{grounds}"));
    }
    let line = match entry.allowed && !output.verbose {
        true => format!("{word} {} {} {}", entry.status, entry.method, entry.path),
        false => format!("{word} {} {}", entry.status, entry.sentence),
    };
    output.note(line);
}

/// What one call asked for, as a recording has it.
fn lines(entry: &LogEntry) -> Vec<Line> {
    let at = Timestamp::from_second(entry.at).unwrap_or_default();
    // Where the URL does not tell.
    let hidden = |operation: &&Operation| operation.is_s3() || operation.path().starts_with("/graphql");
    let line = |asked: &flarekeep_emulator::Asked| Line {
        operation: asked.operation.filter(hidden).map(ToString::to_string),
        ..Line::new(at, &entry.method, &asked.url, Some(entry.status), &entry.errors)
    };
    entry.asked.iter().map(line).collect()
}

/// The options with what tests steer.
fn steered(options: Options, steering: &arguments::Steering) -> Result<Options, CommandError> {
    let faults = steering.faults.as_deref().map(faults).transpose()?;
    let now = steering.now.map(jiff::Timestamp::as_second);
    Ok(Options { now, faults, decisions: usize::try_from(steering.decisions).unwrap_or(usize::MAX), ..options })
}

fn faults(path: &Path) -> Result<FaultRules, CommandError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| CommandError::usage(format!("cannot read `{}`: {error}", path.display())))?;
    FaultRules::from_toml(&text).map_err(|error| {
        CommandError::usage(format!("`{}` holds no rules for faults", path.display()))
            .because(plain(&error.to_string()))
            .hint("docs/emulator/faults.md has examples")
    })
}

pub(super) fn world(path: &Path) -> Result<World, CommandError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| CommandError::usage(format!("cannot read `{}`: {error}", path.display())))
        .map_err(|error| error.hint("docs/emulator/world.md has examples"))?;
    World::from_toml(&text).map_err(|error| {
        CommandError::usage(format!("`{}` is no world", path.display())).because(plain(&error.to_string()))
    })
}

/// The key of all state folders lies in the user's own folder, not beside what it keeps.
fn state_key() -> Result<StateKey, CommandError> {
    let folder = state_folder().ok_or_else(|| {
        CommandError::usage("there is no place for the key of the state").hint("set HOME or XDG_STATE_HOME")
    })?;
    let path = folder.join("emulator.key");
    StateKey::in_file(&path).map_err(|error| {
        CommandError::usage(format!("cannot use the key of the state in `{}`: {error}", path.display()))
            .hint("XDG_STATE_HOME names a folder that can be written")
    })
}

/// Waits for Ctrl-C, or for the signal that ends a service.
async fn interrupted() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
