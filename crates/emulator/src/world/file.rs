//! The world as a TOML file.

mod entries;
mod seeds;

use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use flarekeep_catalogue::{AccountId, UserId, ZoneId};
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use self::entries::{BucketEntry, DnsEntry, KvEntry, TokenEntry};
use self::seeds::Nursery;
use super::{Account, Member, PLANS, Role, User, World, Zone};
use crate::authentication::is_global_key;
use crate::credential::{Kind, fresh_id, fresh_value};
use crate::http::is_hostname;

/// Why a text is no world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// It is not TOML of the right shape; the message has line, column and key.
    #[error("{0}")]
    Syntax(String),
    /// A field holds what it cannot.
    #[error("line {line}, field `{field}`: {problem}")]
    Field {
        /// The line, from 1 on.
        line: usize,
        /// The field.
        field: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// Nobody could call anything.
    #[error("a world needs at least one `[[user]]` and one `[[account]]`")]
    Empty,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    user: Vec<UserEntry>,
    #[serde(default)]
    account: Vec<AccountEntry>,
    #[serde(default)]
    zone: Vec<ZoneEntry>,
    #[serde(default)]
    member: Vec<MemberEntry>,
    #[serde(default)]
    dns_record: Vec<DnsEntry>,
    #[serde(default)]
    bucket: Vec<BucketEntry>,
    #[serde(default)]
    kv_namespace: Vec<KvEntry>,
    #[serde(default)]
    token: Vec<TokenEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberEntry {
    user: Spanned<String>,
    account: Option<Spanned<String>>,
    role: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserEntry {
    email: Spanned<String>,
    id: Option<Spanned<String>>,
    global_key: Option<Spanned<String>>,
    accounts: Option<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountEntry {
    name: Spanned<String>,
    id: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneEntry {
    name: Spanned<String>,
    id: Option<Spanned<String>>,
    account: Option<Spanned<String>>,
    status: Option<Spanned<String>>,
    plan: Option<Spanned<String>>,
    #[serde(default)]
    settings: std::collections::BTreeMap<String, Value>,
}

/// The longest text that is read.
const LONGEST: usize = 16 << 20;

/// `env` knows the environment's variables, which may hold tokens' values.
pub(super) fn read(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<World, WorldError> {
    if text.len() > LONGEST {
        return Err(WorldError::Syntax(format!("it is longer than {LONGEST} bytes")));
    }
    // The error's own text quotes the line, and the line may hold a key.
    let file: File = toml::from_str(text).map_err(|error| {
        let line =
            error.span().map_or(0, |span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1);
        WorldError::Syntax(format!("line {line}: {}", error.message()))
    })?;
    let reader = Reader { text };
    let mut world = World::default();
    for entry in &file.account {
        let id = reader.id("account.id", entry.id.as_ref(), AccountId::from_u128)?;
        reader.unless(world.account(id).is_some(), "account.id", entry.id.as_ref(), "is taken")?;
        let name = entry.name.get_ref().clone();
        reader.unless(name.is_empty(), "account.name", Some(&entry.name), "is empty")?;
        world.accounts.push(Account { id, name });
    }
    for entry in &file.user {
        let user = reader.user(entry, &world)?;
        world.users.push(user);
    }
    for entry in &file.zone {
        let zone = reader.zone(entry, &world)?;
        world.zones.insert(zone);
    }
    for entry in &file.member {
        reader.member(entry, &mut world)?;
    }
    if world.users.is_empty() || world.accounts.is_empty() {
        return Err(WorldError::Empty);
    }
    let mut nursery = Nursery::new(&reader, world, env);
    file.zone.iter().try_for_each(|entry| nursery.settings(entry))?;
    file.dns_record.iter().try_for_each(|entry| nursery.record(entry))?;
    file.bucket.iter().try_for_each(|entry| nursery.bucket(entry))?;
    file.kv_namespace.iter().try_for_each(|entry| nursery.namespace(entry))?;
    file.token.iter().try_for_each(|entry| nursery.token(entry))?;
    Ok(nursery.done())
}

/// Knows the text, so that errors can name lines.
struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn user(&self, entry: &UserEntry, world: &World) -> Result<User, WorldError> {
        let email = entry.email.get_ref().clone();
        self.unless(!email.contains('@'), "user.email", Some(&entry.email), "is no e-mail address")?;
        let taken = world.users.iter().any(|user| user.email.eq_ignore_ascii_case(&email));
        self.unless(taken, "user.email", Some(&entry.email), "is taken")?;
        let id = self.id("user.id", entry.id.as_ref(), UserId::from_u128)?;
        self.unless(world.user(id).is_some(), "user.id", entry.id.as_ref(), "is taken")?;
        let global_key = match &entry.global_key {
            None => fresh_value(Kind::GlobalKey),
            Some(key) => {
                // The value is a secret: the message names the field and does not repeat it.
                let form = "must be 37 to 45 hexadecimal digits, or `cfk_` with 40 letters and digits and 8 hexadecimal digits";
                self.unless(!is_global_key(key.get_ref()), "user.global_key", Some(key), form)?;
                key.get_ref().clone()
            }
        };
        let accounts = match &entry.accounts {
            None => world.accounts.iter().map(|account| account.id).collect(),
            Some(named) => {
                named.iter().map(|name| self.account("user.accounts", name, world)).collect::<Result<_, _>>()?
            }
        };
        Ok(User { id, email, global_key, accounts })
    }

    fn zone(&self, entry: &ZoneEntry, world: &World) -> Result<Zone, WorldError> {
        let name = entry.name.get_ref().to_ascii_lowercase();
        self.unless(!is_hostname(&name), "zone.name", Some(&entry.name), "is no domain name")?;
        self.unless(world.zones.named(&name).is_some(), "zone.name", Some(&entry.name), "is taken")?;
        let id = self.id("zone.id", entry.id.as_ref(), ZoneId::from_u128)?;
        self.unless(world.zone(id).is_some(), "zone.id", entry.id.as_ref(), "is taken")?;
        let account = match (&entry.account, world.accounts.as_slice()) {
            (Some(named), _) => self.account("zone.account", named, world)?,
            (None, [only]) => only.id,
            (None, _) => {
                return Err(self.error("zone.account", entry.name.span(), "is needed, as there are several accounts"));
            }
        };
        let status = entry.status.as_ref().map_or("active", |status| status.get_ref()).to_owned();
        let known = ["active", "pending", "initializing", "moved"].contains(&status.as_str());
        self.unless(!known, "zone.status", entry.status.as_ref(), "must be active, pending, initializing or moved")?;
        let plan = entry.plan.as_ref().map_or("free", |plan| plan.get_ref()).to_owned();
        let problem = "must be free, pro, business or enterprise";
        self.unless(!PLANS.contains(&plan.as_str()), "zone.plan", entry.plan.as_ref(), problem)?;
        Ok(Zone { id, name, account, status, plan })
    }

    /// A role, which makes the user a member of the account where it is none yet.
    fn member(&self, entry: &MemberEntry, world: &mut World) -> Result<(), WorldError> {
        let account = match (&entry.account, world.accounts.as_slice()) {
            (Some(named), _) => self.account("member.account", named, world)?,
            (None, [only]) => only.id,
            (None, _) => {
                return Err(self.error(
                    "member.account",
                    entry.user.span(),
                    "is needed, as there are several accounts",
                ));
            }
        };
        let role = Role::from_word(entry.role.get_ref());
        let roles = "must be super-administrator, administrator, api-token-provisioning or read-only";
        let role = role.ok_or_else(|| self.error("member.role", entry.role.span(), roles))?;
        let email = entry.user.get_ref();
        let missing = || self.error("member.user", entry.user.span(), &format!("no user `{}`", email.escape_debug()));
        let user = world.users.iter_mut().find(|user| user.email.eq_ignore_ascii_case(email)).ok_or_else(missing)?;
        if !user.accounts.contains(&account) {
            user.accounts.push(account);
        }
        let user = user.id;
        world.members.push(Member { user, account, role });
        Ok(())
    }

    /// The id that was given, or a new one.
    fn id<T>(&self, field: &'static str, given: Option<&Spanned<String>>, make: fn(u128) -> T) -> Result<T, WorldError>
    where
        T: FromStr<Err: Display>,
    {
        let Some(given) = given else { return Ok(make(fresh_id())) };
        given.get_ref().parse().map_err(|problem: T::Err| self.error(field, given.span(), &problem.to_string()))
    }

    /// The account with this id or name.
    fn account(&self, field: &'static str, named: &Spanned<String>, world: &World) -> Result<AccountId, WorldError> {
        let name = named.get_ref();
        let by_id = name.parse().ok().and_then(|id| world.account(id));
        let found = by_id.or_else(|| world.accounts.iter().find(|account| account.name == *name));
        let missing = || self.error(field, named.span(), &format!("no account `{}`", name.escape_debug()));
        found.map(|account| account.id).ok_or_else(missing)
    }

    fn unless(
        &self,
        bad: bool,
        field: &'static str,
        at: Option<&Spanned<String>>,
        problem: &str,
    ) -> Result<(), WorldError> {
        if bad { Err(self.error(field, at.map_or(0..0, Spanned::span), problem)) } else { Ok(()) }
    }

    fn error(&self, field: &'static str, at: Range<usize>, problem: &str) -> WorldError {
        let line = self.text.bytes().take(at.start).filter(|byte| *byte == b'\n').count() + 1;
        WorldError::Field { line, field, problem: problem.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<World, WorldError> {
        super::read(text, &|name| (name == "SET").then(|| "e".repeat(40)))
    }

    #[test]
    fn what_is_absent_is_made() {
        let world =
            read("[[user]]\nemail = 'ada@example.com'\n[[account]]\nname = 'Acme'\n[[zone]]\nname = 'Example.COM'\n");
        let world = world.unwrap();
        assert_eq!(world.zones.iter().next().unwrap().name, "example.com");
        assert_eq!(world.zones.iter().next().unwrap().account, world.accounts[0].id);
        assert_eq!(world.users[0].accounts, [world.accounts[0].id]);
        assert!(is_global_key(&world.users[0].global_key));
    }

    #[test]
    fn errors_name_the_line_and_the_field() {
        let error =
            read("[[user]]\nemail = 'ada@example.com'\n[[account]]\nname = 'Acme'\nid = 'no id'\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 5, field `account.id`: `no id` is not an account id: an id has 32 hexadecimal digits"
        );
        let error = read("[[account]]\nname = 'Acme'\ncolour = 'red'\n").unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("colour"), "{error}");
        assert_eq!(read(""), Err(WorldError::Empty));
        let error = read("[[account]]\nname = 'A'\n[[user]]\nemail = 'a@b.c'\nglobal_key = 'secret'\n").unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }

    const PLACE: &str = "[[account]]\nname = 'Acme'\n[[user]]\nemail = 'a@b.c'\n[[zone]]\nname = 'example.com'\n";

    #[test]
    fn what_the_api_would_refuse_is_refused_with_its_line() {
        let token = "[[token]]\nname = 't'\n";
        let policy = "[[token.policy]]\ngroups = ['DNS Write']\nresources = ['zone:example.com']\n";
        for (text, wanted) in [
            (
                "[[dns_record]]\ntype = 'A'\nname = 'a'\ncontent = 'nowhere'\n".to_owned(),
                "line 8, field `dns_record`: ",
            ),
            ("[[dns_record]]\ntype = 'A'\nname = 'a'\ncontent = '192.0.2.1'\ncolour = 1\n".to_owned(), "line 11: "),
            (
                "[[dns_record]]\nzone = 'x.y'\ntype = 'A'\nname = 'a'\n".to_owned(),
                "line 8, field `dns_record.zone`: no zone",
            ),
            ("[[bucket]]\nname = 'No'\n".to_owned(), "line 8, field `bucket`: The specified bucket name is not valid."),
            ("[[bucket]]\nname = 'yes'\n[[bucket]]\nname = 'yes'\n".to_owned(), "line 10, field `bucket`: "),
            ("[[kv_namespace]]\ntitle = ''\n".to_owned(), "line 8, field `kv_namespace`: "),
            ("[[kv_namespace]]\ntitle = 'x'\nid = '12'\n".to_owned(), "line 9, field `kv_namespace.id`: must have 32"),
            (format!("{token}value = 'short'\n{policy}"), "line 9, field `token.value`: must be 40 to 80"),
            (format!("{token}value = 'cfut_{}'\n{policy}", "a".repeat(48)), "field `token.value`: begins as the value"),
            (format!("{token}value_from_env = 'UNSET'\n{policy}"), "field `token.value_from_env`: names a variable"),
            (format!("{token}owner = 'x@y.z'\n{policy}"), "line 9, field `token.owner`: no account"),
            (
                format!("{token}[[token.policy]]\ngroups = ['DNS Wrote']\nresources = ['zone:*']\n"),
                "line 10, field `token.policy.groups`: ",
            ),
            (
                format!("{token}[[token.policy]]\ngroups = ['DNS Write']\nresources = ['zone']\n"),
                "line 11, field `token.policy.resources`: must be",
            ),
            (format!("{token}expires_on = 2020-01-01\n{policy}"), "line 9, field `token.expires_on`: must be a time"),
            (
                format!("{token}value = '{v}'\n{policy}{token}value = '{v}'\n{policy}", v = "a".repeat(40)),
                "is the value of another token",
            ),
        ] {
            let error = read(&format!("{PLACE}{text}")).unwrap_err().to_string();
            assert!(error.contains(wanted), "{text}\n  gave {error}\n  not  {wanted}");
            assert!(!error.contains(&"a".repeat(40)), "{error}");
        }
        assert!(read(&format!("{PLACE}{token}value_from_env = 'SET'\n{policy}")).is_ok());
    }
}
