//! Commands of programs that the catalogue knows: wrangler, certbot, rclone, terraform.

use flarekeep_catalogue::{R2_HOST, Recipe, ToolCall, ToolCommand, ToolName, recipe, tool_command};

use super::folder::joined;
use super::state::{State, is_open};
use crate::source::wrangler::{Account, without_configuration};
use crate::source::{BucketName, FollowKind, Place, ZoneName};

/// How many words of a command that is not known are repeated.
const MOST_SHOWN: usize = 2;

/// A command with its arguments, and the version that it asks for.
#[derive(Clone, Copy)]
pub(in crate::source) struct Asked<'a> {
    pub(in crate::source) program: &'a str,
    pub(in crate::source) arguments: &'a [String],
    pub(in crate::source) version: Option<u32>,
}

/// What a command needs; false where the catalogue does not know the program.
pub(in crate::source) fn read(state: &mut State<'_>, line: usize, asked: Asked<'_>) -> bool {
    let arguments = with_endpoint(state, asked);
    let found = match tool_command(asked.program, &arguments) {
        Ok(None) => return false,
        Err(_) => {
            let name = shown(asked.program, &arguments);
            state.unread(line, format!("what `{name}` calls is not known"));
            return true;
        }
        Ok(Some(found)) => found,
    };
    if is_local(state, line, &found, asked, &arguments) {
        return true;
    }
    if state.account_varies() && !found.calls.is_empty() {
        state.unread(line, format!("the account of `{}` takes several values, and it is planned for one", found.name));
    }
    let impossible = |(kind, value): &(ToolName, String)| {
        *kind == ToolName::Bucket && !is_open(value) && !value.is_empty() && bucket(value, "default").is_none()
    };
    if found.names.iter().any(impossible) {
        state.unread(
            line,
            format!("`{}` names no bucket that R2 can have: it is planned for the given one", found.name),
        );
    }
    let places = places(state, &found);
    for call in &found.calls {
        match call {
            ToolCall::Operation { operation, why } => {
                for place in &places {
                    state.need(line, operation, place.clone(), &format!("{why} (`{}`)", found.name));
                }
            }
            ToolCall::Recipe(recipe) => needs(state, line, recipe, &places),
            ToolCall::Remote(recipe) => remote(state, line, &found, recipe, &places, &arguments),
            ToolCall::NamedRecipe(name) => match recipe(name) {
                Ok(recipe) => needs(state, line, &recipe, &places),
                Err(_) => state.unread(line, format!("`{}` names a recipe that is not in the catalogue", found.name)),
            },
            ToolCall::Wrangler(command) => configured(state, line, command, &found, &arguments),
            ToolCall::Terraform(_) => terraform(state, line, &found),
            ToolCall::OtherCredential(why) | ToolCall::Unread(why) => {
                state.unread(line, format!("`{}`: {why}", found.name));
            }
        }
    }
    true
}

/// The program with those of its words that name its command, and nothing that could be a value.
fn shown(program: &str, arguments: &[String]) -> String {
    let plain = |word: &&String| {
        word.len() <= 24 && word.bytes().all(|byte| byte.is_ascii_lowercase() || b"-:".contains(&byte))
    };
    let words = arguments.iter().take_while(plain).take_while(|word| !word.starts_with('-')).take(MOST_SHOWN);
    std::iter::once(program).chain(words.map(String::as_str)).collect::<Vec<_>>().join(" ")
}

/// The arguments, with the endpoint that the AWS CLI takes from the environment.
fn with_endpoint(state: &State<'_>, asked: Asked<'_>) -> Vec<String> {
    let mut arguments = asked.arguments.to_vec();
    let given = arguments.iter().any(|word| word.starts_with("--endpoint-url"));
    let endpoint =
        ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "S3_ENDPOINT_URL"].iter().find_map(|name| state.known(name));
    if let Some(endpoint) = endpoint.filter(|_| !given && ["aws", "s5cmd"].contains(&asked.program)) {
        arguments.push(format!("--endpoint-url={endpoint}"));
    }
    arguments
}

/// Whether the command works on local data, or may; it is said where that is not plain from its words.
fn is_local(state: &mut State<'_>, line: usize, found: &ToolCommand, asked: Asked<'_>, arguments: &[String]) -> bool {
    let Some(since) = found.local_since else { return false };
    let given = |option: &str| arguments.iter().any(|word| word == option);
    if given("--remote") {
        return false;
    }
    if given("--local") {
        return true;
    }
    let version = asked.version.or(state.wrangler);
    if version.is_some_and(|version| version < since) {
        return false;
    }
    let what = format!("`{}` works on local data without `--remote`, from wrangler {since} on", found.name);
    state.unread(line, what);
    true
}

fn needs(state: &mut State<'_>, line: usize, recipe: &Recipe, places: &[Place]) {
    for need in recipe.needs() {
        for place in places {
            state.need(line, need.operation, place.clone(), &need.why);
        }
    }
}

/// Where a command works: one place for each zone or bucket that it names.
fn places(state: &State<'_>, found: &ToolCommand) -> Vec<Place> {
    let mut account = state.account();
    let mut jurisdiction = "default".to_owned();
    for (kind, value) in &found.names {
        if *kind == ToolName::Endpoint
            && let Some((owner, place)) = endpoint(value)
        {
            account = owner.parse().ok().or(account);
            jurisdiction = place.to_owned();
        }
    }
    let base = Place { account, ..Place::default() };
    let mut places = Vec::new();
    for (kind, value) in &found.names {
        let named = match kind {
            ToolName::Zone if !is_open(value) => vec![Place { zone: Some(zone(value)), ..base.clone() }],
            ToolName::Hosts => hosts(value).map(|zone| Place { zone: Some(zone), ..base.clone() }).collect(),
            ToolName::Bucket => bucket(value, &jurisdiction)
                .map(|bucket| Place { bucket: Some(bucket), ..base.clone() })
                .into_iter()
                .collect(),
            _ => Vec::new(),
        };
        for place in named {
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    if places.is_empty() {
        places.push(base);
    }
    places
}

fn zone(value: &str) -> ZoneName {
    value.parse().map_or_else(|_| ZoneName::Name(value.to_ascii_lowercase()), ZoneName::Id)
}

fn hosts(value: &str) -> impl Iterator<Item = ZoneName> {
    let hosts = value.split(',').map(str::trim).filter(|host| host.contains('.') && !is_open(host));
    hosts.map(|host| ZoneName::Host(host.strip_prefix("*.").unwrap_or(host).to_ascii_lowercase()))
}

/// The bucket of `media/a/b` or `remote:media/a/b`.
fn bucket(value: &str, jurisdiction: &str) -> Option<BucketName> {
    let path = value.split_once(':').map_or(value, |(_, path)| path);
    let name = path.split('/').find(|part| !part.is_empty())?;
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    plain.then(|| BucketName { jurisdiction: jurisdiction.to_owned(), name: name.to_owned() })
}

/// The account and the jurisdiction of `https://ACCOUNT.eu.r2.cloudflarestorage.com`.
fn endpoint(url: &str) -> Option<(&str, &str)> {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', ':']).next()?;
    let name = host.strip_suffix(R2_HOST)?.strip_suffix('.')?;
    Some(name.split_once('.').unwrap_or((name, "default")))
}

/// A command on a remote, which is R2 or another store: rclone's configuration says it, or the environment does.
fn remote(
    state: &mut State<'_>,
    line: usize,
    found: &ToolCommand,
    recipe: &Recipe,
    places: &[Place],
    arguments: &[String],
) {
    let given = |wanted: &str| arguments.iter().any(|word| word.to_ascii_lowercase().contains(wanted));
    let by_option = given(R2_HOST) || given("s3-provider=cloudflare") || given("provider=cloudflare");
    let names: Vec<&str> =
        found.names.iter().filter_map(|(_, value)| value.split_once(':')).map(|(remote, _)| remote).collect();
    let set = |remote: &str, key: &str, part: &str| {
        let name = format!("RCLONE_CONFIG_{}_{key}", remote.to_ascii_uppercase());
        state.known(&name).is_some_and(|value| value.to_ascii_lowercase().contains(part))
    };
    let by_environment = |remote: &&str| set(remote, "PROVIDER", "cloudflare") || set(remote, "ENDPOINT", R2_HOST);
    let by_name =
        |remote: &&str| remote.to_ascii_lowercase().split(['-', '_']).any(|part| part == "r2" || part == "cloudflare");
    if by_option || names.iter().any(by_environment) {
        needs(state, line, recipe, places);
    } else if names.iter().any(by_name) {
        state.unread(
            line,
            format!("that the remote of `{}` is R2 is taken from its name: rclone's configuration says it", found.name),
        );
        needs(state, line, recipe, places);
    } else {
        state.unread(line, format!("whether the remote of `{}` is R2 is in rclone's configuration", found.name));
    }
}

/// A command of which wrangler's configuration says what it calls.
fn configured(state: &mut State<'_>, line: usize, command: &str, found: &ToolCommand, arguments: &[String]) {
    let option = |names: &[&str]| value_of(arguments, names);
    if arguments.iter().any(|word| word == "--dry-run") {
        return;
    }
    let worker = found.names.iter().find(|(kind, _)| *kind == ToolName::Worker).map(|(_, value)| value.as_str());
    if let Some(worker) = worker.filter(|_| command == "tail") {
        return tail(state, line, worker);
    }
    let is_set = |name: &str| state.variables.get(name).is_some();
    let set = is_set("CLOUDFLARE_ACCOUNT_ID") || is_set("CF_ACCOUNT_ID");
    let account = match state.account() {
        Some(account) => Account::Is(account),
        None if set => Account::Set,
        None => Account::Unset,
    };
    let environment = option(&["--env", "-e"]).or_else(|| state.known("CLOUDFLARE_ENV").map(str::to_owned));
    if environment.as_deref().is_some_and(is_open) {
        state.unread(line, format!("which environment `{}` is for is in a variable", found.name));
    }
    let environment = environment.filter(|name| !is_open(name) && !name.is_empty());
    let folder = match (state.folder.clone(), option(&["--cwd"])) {
        (Some(folder), Some(below)) => joined(&folder, &below),
        (folder, _) => folder,
    };
    let file = option(&["--config", "-c"]);
    let path = folder.and_then(|folder| joined(&folder, file.as_deref().unwrap_or(".")));
    let commands = vec![command.to_owned()];
    match path {
        // All that the command calls is stated by who reads the configuration: it can name another account.
        Some(path) => state.follow(line, FollowKind::Wrangler { commands, environment, account }, path),
        None => {
            let needs = without_configuration(&commands, account, &state.origin(line));
            state.reading.needs.extend(needs);
            state.unread(line, format!("where the configuration of `{}` is depends on the run", found.name));
        }
    }
}

/// `wrangler tail WORKER` needs no configuration; a route in the Worker's place is looked up.
fn tail(state: &mut State<'_>, line: usize, worker: &str) {
    let by_route = worker.contains(['/', '.', '*']);
    let options = if by_route { vec!["by-route".to_owned()] } else { Vec::new() };
    let host = worker.split('/').next().filter(|host| by_route && !is_open(host));
    let zone =
        host.map(|host| ZoneName::Host(host.trim_start_matches("*.").trim_start_matches('*').to_ascii_lowercase()));
    let place = Place { account: state.account(), zone, bucket: None };
    if let Ok(recipe) = recipe("wrangler-tail").and_then(|recipe| recipe.with(&options)) {
        needs(state, line, &recipe, &[place]);
    }
}

fn terraform(state: &mut State<'_>, line: usize, found: &ToolCommand) {
    let below = found.names.iter().find(|(kind, _)| *kind == ToolName::Folder).map_or(".", |(_, value)| value.as_str());
    match state.folder.as_deref().and_then(|folder| joined(folder, below)) {
        Some(path) => {
            if state.terraform.insert(path.clone()) {
                state.follow(line, FollowKind::Terraform, path);
            }
        }
        None => {
            state.unread(line, format!("where `{}` finds its configuration depends on the run", found.name));
        }
    }
}

/// The value of an option, attached or in the next word.
fn value_of(arguments: &[String], names: &[&str]) -> Option<String> {
    arguments.iter().enumerate().find_map(|(at, word)| {
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        if !names.contains(&name) {
            return None;
        }
        value.map(str::to_owned).or_else(|| arguments.get(at + 1).cloned())
    })
}
