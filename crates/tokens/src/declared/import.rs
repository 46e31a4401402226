//! Living tokens as `flarekeep.toml`: what is written says what they say, and reading it back finds no difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use flarekeep_catalogue::{AccountId, Group, GroupId, Scope, TokenId, group_by_id, is_hostile, resolve};
use flarekeep_cloudflare as api;
use flarekeep_policy::{Resource, Status};
use jiff::Timestamp;

use super::difference::Living;
use super::document::BucketRef;
use super::meaning::{self, Saying, sayings, whole};
use super::raw::shown;
use crate::mark::pending;
use crate::translate::policy_from_wire;

/// A file made of living tokens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Import {
    /// The file.
    pub text: String,
    /// The tokens in it.
    pub imported: Vec<Imported>,
    /// The tokens that cannot be declared, and why.
    pub left_out: Vec<(TokenId, String, &'static str)>,
}

/// A token of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its key.
    pub key: String,
    /// Its id.
    pub id: TokenId,
    /// Its name.
    pub name: String,
}

/// Writes a file that declares these tokens as they are at `now`.
#[must_use]
pub fn import(tokens: &[Living<'_>], now: Timestamp) -> Import {
    let mut sorted: Vec<&Living<'_>> = tokens.iter().collect();
    sorted.sort_by(|a, b| (&a.token.name, a.token.id).cmp(&(&b.token.name, b.token.id)));
    let mut import = Import::default();
    let mut found = Vec::new();
    for living in sorted {
        match read(living, now) {
            Ok(said) => found.push((living, said)),
            Err(why) => import.left_out.push((living.token.id, living.token.name.clone(), why)),
        }
    }
    let same =
        found.first().map(|(living, _)| living.owner).filter(|owner| found.iter().all(|(one, _)| one.owner == *owner));
    import.text = head(&found, &import.left_out);
    if let Some(owner) = same {
        let _ = write!(import.text, "\n[defaults]\n{}", owner_lines(owner));
    }
    let mut keys = BTreeSet::new();
    for (living, said) in &found {
        let key = key(&living.token.name, &mut keys);
        let repeated = repeats(&found, living);
        import.text.push_str(&table(living, said, &key, same.is_none(), repeated));
        import.imported.push(Imported { key, id: living.token.id, name: living.token.name.clone() });
    }
    import
}

/// What a token's policies say, if a file can say it.
fn read(living: &Living<'_>, now: Timestamp) -> Result<BTreeSet<Saying>, &'static str> {
    let token = living.token;
    let status = Status::from_word(&token.status.to_string());
    if !status.may_become_active() || token.expires_on.is_some_and(|end| end <= now) {
        return Err("it is dead");
    }
    if token.name.is_empty() || token.name.chars().count() > 120 || token.name.contains(is_hostile) {
        return Err("its name cannot be written");
    }
    if pending(&token.name).is_some() {
        return Err("it is being made, or was left by a stopped run");
    }
    if token.condition.as_ref().is_some_and(api::Condition::locks_everybody_out) {
        return Err("its list of addresses is empty, so that it works from nowhere");
    }
    if token.not_before.zip(token.expires_on).is_some_and(|(begin, end)| whole(begin) >= whole(end)) {
        return Err("it ends before it begins");
    }
    let policies = token.policies.iter().map(policy_from_wire).collect::<Result<Vec<_>, _>>();
    let policies = policies.map_err(|_| "one of its policies cannot be read")?;
    let said = sayings(&token.policies, &policies);
    if said.is_empty() { Err("it grants nothing") } else { Ok(said) }
}

fn repeats(found: &[(&Living<'_>, BTreeSet<Saying>)], living: &Living<'_>) -> bool {
    let same = |one: &Living<'_>| one.owner == living.owner && one.token.name == living.token.name;
    found.iter().filter(|(one, _)| same(one)).count() > 1
}

fn head(found: &[(&Living<'_>, BTreeSet<Saying>)], left_out: &[(TokenId, String, &'static str)]) -> String {
    let mut text =
        "# Declared tokens: flarekeep apply makes them so. docs/flarekeep-toml.md says what may stand here.\n"
            .to_owned();
    let repeated: Vec<_> = found.iter().filter(|(living, _)| repeats(found, living)).collect();
    if !repeated.is_empty() {
        text.push_str("#\n# Several tokens have one name. Each of them is known by its id here:\n");
        for (living, _) in repeated {
            let _ = writeln!(text, "#   {} {}", living.token.id, shown(&living.token.name));
        }
    }
    if !left_out.is_empty() {
        text.push_str("#\n# Left out:\n");
        for (id, name, why) in left_out {
            let _ = writeln!(text, "#   {id} {}: {why}", shown(name));
        }
    }
    text
}

fn owner_lines(owner: api::Owner) -> String {
    match owner {
        api::Owner::User => "owner = \"user\"\n".to_owned(),
        api::Owner::Account(account) => format!("owner = \"account\"\naccount = \"{account}\"\n"),
    }
}

/// A key of its own, of the letters that a name by custom has.
fn key(name: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let words: String = name.chars().map(plain).collect();
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    let base = if words.is_empty() { "token".to_owned() } else { words.join("-") };
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let free = std::iter::once(base.clone()).chain(numbered).find(|key| !taken.contains(key)).unwrap_or(base);
    taken.insert(free.clone());
    free
}

fn table(living: &Living<'_>, said: &BTreeSet<Saying>, key: &str, with_owner: bool, with_id: bool) -> String {
    let token = living.token;
    let mut text = format!("\n[token.{key}]\n");
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "{key} = {value}");
    };
    if token.name != key {
        line("name", &quoted(&token.name));
    }
    if with_id {
        line("id", &quoted(&token.id.to_string()));
    }
    if token.status == api::Status::Disabled {
        line("enabled", "false");
    }
    let addresses = meaning::living_addresses(token);
    for (key, set) in [("allow_ips", &addresses.within), ("deny_ips", &addresses.not_within)] {
        if let Some(set) = set.as_ref().filter(|set| !set.0.is_empty()) {
            let ranges: Vec<_> = set.0.iter().map(ipnet::IpNet::trunc).collect();
            let ranges = ipnet::IpNet::aggregate(&ranges).into_iter().map(|range| range.to_string());
            line(key, &list(ranges));
        }
    }
    for (key, time) in [("not_before", token.not_before), ("expires", token.expires_on)] {
        if let Some(time) = time {
            line(key, &quoted(&whole(time).to_string()));
        }
    }
    if let Some(sinks) = living.delivered.filter(|sinks| !sinks.is_empty()) {
        line("sinks", &list(sinks.iter().cloned()));
    }
    if with_owner {
        text.push_str(&owner_lines(living.owner));
    }
    let account = match living.owner {
        api::Owner::Account(account) => Some(account),
        api::Owner::User => None,
    };
    for ((denies, at), groups) in grants(said, account) {
        let _ = write!(text, "\n[[token.{key}.grant]]\npermissions = {}\n{}", list(groups.into_iter()), at.lines());
        if denies {
            text.push_str("effect = \"deny\"\n");
        }
    }
    text
}

/// Places of one kind, as a grant names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Zones(BTreeSet<String>),
    Accounts(BTreeSet<String>),
    Buckets(BTreeSet<String>),
    User(String),
    Resources(BTreeSet<Resource>),
}

impl At {
    fn lines(&self) -> String {
        let named = |key: &str, places: &BTreeSet<String>| format!("{key} = {}\n", list(places.iter().cloned()));
        match self {
            Self::Zones(zones) => named("zones", zones),
            Self::Accounts(accounts) => named("account", accounts),
            Self::Buckets(buckets) => named("buckets", buckets),
            Self::User(user) => format!("user = {}\n", quoted(user)),
            Self::Resources(resources) => {
                let each: Vec<String> = resources.iter().map(literal).collect();
                format!("resources = [{}]\n", each.join(", "))
            }
        }
    }
}

/// The permissions, each kind of places with the groups that are granted there.
fn grants(said: &BTreeSet<Saying>, account: Option<AccountId>) -> BTreeMap<(bool, At), BTreeSet<String>> {
    let mut by_group: BTreeMap<(bool, GroupId), BTreeSet<&Resource>> = BTreeMap::new();
    for saying in said {
        by_group.entry((saying.denies, saying.group)).or_default().insert(&saying.resource);
    }
    let mut grants: BTreeMap<(bool, At), BTreeSet<String>> = BTreeMap::new();
    for ((denies, id), resources) in by_group {
        let group = group_by_id(id);
        let (mut named, mut spelled) = (BTreeSet::new(), BTreeSet::new());
        for resource in resources {
            match group.and_then(|group| name_of(resource, group, account)) {
                Some(name) => _ = named.insert(name),
                None => _ = spelled.insert(resource.clone()),
            }
        }
        let permission = group.map_or_else(|| format!("id:{id}"), |group| spelling(group, id));
        let mut put = |at| grants.entry((denies, at)).or_default().insert(permission.clone());
        if !spelled.is_empty() {
            put(At::Resources(spelled));
        }
        match group.map(|group| group.scope) {
            _ if named.is_empty() => {}
            Some(Scope::Zone) => _ = put(At::Zones(named)),
            Some(Scope::Account) => _ = put(At::Accounts(named)),
            Some(Scope::Bucket) => _ = put(At::Buckets(named)),
            _ => named.into_iter().for_each(|user| _ = put(At::User(user))),
        }
    }
    grants
}

/// What a grant calls a resource at which this group takes effect; none where it has no word for it.
fn name_of(resource: &Resource, group: &Group, account: Option<AccountId>) -> Option<String> {
    if resource.scope() != group.scope {
        return None;
    }
    match resource {
        Resource::User(user) => Some(user.to_string()),
        Resource::Account(account) => Some(account.to_string()),
        Resource::AllAccounts => Some("*".to_owned()),
        Resource::Zone(zone) => Some(zone.to_string()),
        Resource::ZoneOf(account, zone) => Some(format!("{account}/{zone}")),
        Resource::AllZonesOf(account) => Some(format!("{account}/*")),
        Resource::AllZones => Some("*/*".to_owned()),
        Resource::Bucket(bucket) if account == Some(bucket.account) => {
            let text = match bucket.jurisdiction.as_str() {
                "default" => bucket.name.clone(),
                other => format!("{other}/{}", bucket.name),
            };
            let (jurisdiction, name) = (bucket.jurisdiction.clone(), bucket.name.clone());
            (BucketRef::read(&text) == Some(BucketRef::One { jurisdiction, name })).then_some(text)
        }
        Resource::AllBucketsOf(owner) if account == Some(*owner) => Some("*".to_owned()),
        Resource::Bucket(_) | Resource::AllBucketsOf(_) | Resource::Other(_) => None,
    }
}

/// The group's name, where it means this group and no other.
fn spelling(group: &Group, id: GroupId) -> String {
    let means = |text: &String| resolve(text).is_ok_and(|(found, _)| found.id == Some(id));
    let spellings = [group.name.to_owned(), format!("{} ({})", group.name, group.scope)];
    spellings.into_iter().find(means).unwrap_or_else(|| format!("id:{id}"))
}

/// A resource as the API spells it.
fn literal(resource: &Resource) -> String {
    let (key, inner) = resource.keys();
    let value = match resource.value() {
        "*" => String::new(),
        other => format!(", value = {}", quoted(other)),
    };
    match inner {
        Some(inner) => format!("{{ within = {}, key = {}{value} }}", quoted(&key), quoted(&inner)),
        None if value.is_empty() => quoted(&key),
        None => format!("{{ key = {}{value} }}", quoted(&key)),
    }
}

fn list(texts: impl Iterator<Item = String>) -> String {
    format!("[{}]", texts.map(|text| quoted(&text)).collect::<Vec<_>>().join(", "))
}

/// A text as TOML writes it on one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // What a terminal or a reader of the file would obey is not shown as it is.
            c if is_hostile(c) => _ = write!(quoted, "\\U{:08X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
