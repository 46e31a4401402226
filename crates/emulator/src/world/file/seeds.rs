//! Records, buckets, namespaces and tokens of a world's file.

use flarekeep_catalogue::{AccountId, NameError, ZoneId, resolve};
use flarekeep_policy::UnixSeconds;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use toml::Spanned;

use super::super::World;
use super::super::seed::{OwnerIn, Seed, setting};
use super::entries::{BucketEntry, DnsEntry, KvEntry, PolicyEntry, TokenEntry};
use super::{Reader, WorldError, ZoneEntry};
use crate::authentication::is_token_value;
use crate::credential::{fresh_id, hash, hex};
use crate::state::State;
use crate::state::groups::id_of;

/// How many of these things a file may hold, values of namespaces included.
const MOST: usize = 20_000;

/// Reads seeds, and makes each at once in a state that is thrown away, so that what the API would refuse is refused here.
pub(super) struct Nursery<'a> {
    reader: &'a Reader<'a>,
    world: World,
    state: State,
    hashes: Vec<String>,
    count: usize,
    env: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Nursery<'a> {
    pub(super) fn new(reader: &'a Reader<'a>, world: World, env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let state = State::new(world.clone());
        Self { reader, world, state, hashes: Vec::new(), count: 0, env }
    }

    /// The world with its seeds.
    pub(super) fn done(self) -> World {
        self.world
    }

    pub(super) fn settings(&mut self, entry: &ZoneEntry) -> Result<(), WorldError> {
        let name = entry.name.get_ref().to_ascii_lowercase();
        let Some(zone) = self.world.zones.iter().find(|zone| zone.name == name).map(|zone| zone.id) else {
            return Ok(());
        };
        for (name, value) in &entry.settings {
            self.sow("zone.settings", &entry.name, setting(zone, name, value))?;
        }
        Ok(())
    }

    pub(super) fn record(&mut self, entry: &DnsEntry) -> Result<(), WorldError> {
        let zone = self.zone("dns_record.zone", entry.zone.as_ref(), &entry.r#type)?;
        let id = self.given_id("dns_record.id", entry.id.as_ref())?;
        let mut body = Map::new();
        let text = |text: &String| Value::from(text.clone());
        body.insert("type".to_owned(), entry.r#type.get_ref().clone().into());
        body.insert("name".to_owned(), entry.name.clone().into());
        body.insert("ttl".to_owned(), entry.ttl.clone().unwrap_or_else(|| 1.into()));
        for (key, value) in [
            ("content", entry.content.as_ref().map(text)),
            ("data", entry.data.clone()),
            ("proxied", entry.proxied.map(Value::from)),
            ("priority", entry.priority.clone()),
            ("comment", entry.comment.as_ref().map(text)),
            ("tags", entry.tags.as_ref().map(|tags| json!(tags))),
        ] {
            if let Some(value) = value {
                body.insert(key.to_owned(), value);
            }
        }
        let seed = Seed::Call {
            operation: "POST /zones/{zone_id}/dns_records".to_owned(),
            account: None,
            zone: Some(zone.to_string()),
            parameters: vec![("zone_id".to_owned(), zone.to_string())],
            jurisdiction: None,
            body: body.into(),
            id,
        };
        self.sow("dns_record", &entry.r#type, seed)
    }

    pub(super) fn bucket(&mut self, entry: &BucketEntry) -> Result<(), WorldError> {
        let account = self.account("bucket.account", entry.account.as_ref(), &entry.name)?;
        let mut body = json!({"name": entry.name.get_ref()});
        for (key, value) in [("locationHint", &entry.location), ("storageClass", &entry.storage_class)] {
            if let (Some(value), Some(body)) = (value, body.as_object_mut()) {
                body.insert(key.to_owned(), value.clone().into());
            }
        }
        let seed = Seed::Call {
            operation: "POST /accounts/{account_id}/r2/buckets".to_owned(),
            account: Some(account.to_string()),
            zone: None,
            parameters: vec![("account_id".to_owned(), account.to_string())],
            jurisdiction: entry.jurisdiction.clone(),
            body,
            id: None,
        };
        self.sow("bucket", &entry.name, seed)
    }

    pub(super) fn namespace(&mut self, entry: &KvEntry) -> Result<(), WorldError> {
        let account = self.account("kv_namespace.account", entry.account.as_ref(), &entry.title)?;
        // The values' calls name the namespace, so it has an id from now on.
        let id = self.given_id("kv_namespace.id", entry.id.as_ref())?.unwrap_or_else(|| format!("{:032x}", fresh_id()));
        let call = |operation: &str, parameters: &[(&str, String)], body, id| Seed::Call {
            operation: operation.to_owned(),
            account: Some(account.to_string()),
            zone: None,
            parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            jurisdiction: None,
            body,
            id,
        };
        let of_account = ("account_id", account.to_string());
        let list = "POST /accounts/{account_id}/storage/kv/namespaces";
        let title = json!({"title": entry.title.get_ref()});
        self.sow("kv_namespace", &entry.title, call(list, std::slice::from_ref(&of_account), title, Some(id.clone())))?;
        let mut values: Vec<Value> =
            entry.values.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        for value in &entry.value {
            let mut item = json!({"key": value.key, "value": value.value});
            let number = |number: Option<i64>| number.map(Value::from);
            for (key, value) in [
                ("base64", value.base64.map(Value::from)),
                ("metadata", value.metadata.clone()),
                ("expiration", number(value.expiration)),
                ("expiration_ttl", number(value.expiration_ttl)),
            ] {
                if let (Some(value), Some(item)) = (value, item.as_object_mut()) {
                    item.insert(key.to_owned(), value);
                }
            }
            values.push(item);
        }
        self.count += values.len();
        let bulk = "PUT /accounts/{account_id}/storage/kv/namespaces/{namespace_id}/bulk";
        // One call carries 10,000 values.
        for some in values.chunks(10_000) {
            let parameters = [of_account.clone(), ("namespace_id", id.clone())];
            self.sow("kv_namespace.value", &entry.title, call(bulk, &parameters, json!(some), None))?;
        }
        Ok(())
    }

    pub(super) fn token(&mut self, entry: &TokenEntry) -> Result<(), WorldError> {
        let owner = self.owner(entry)?;
        let id = self.given_id("token.id", entry.id.as_ref())?;
        let value_hash = self.value(entry, &owner)?;
        let disabled = match entry.status.as_ref().map(|status| (status, status.get_ref().as_str())) {
            None | Some((_, "active")) => false,
            Some((_, "disabled")) => true,
            Some((at, _)) => return Err(self.reader.error("token.status", at.span(), "must be active or disabled")),
        };
        let mut policies = Vec::with_capacity(entry.policy.len());
        for policy in &entry.policy {
            policies.push(self.policy(policy)?);
        }
        let mut body = json!({"name": entry.name.get_ref(), "policies": policies});
        let time = |field, time: &Option<Spanned<toml::value::Datetime>>| {
            let Some(time) = time else { return Ok(None) };
            let read = time.get_ref().to_string().parse::<Timestamp>();
            let bad =
                |_| self.reader.error(field, time.span(), "must be a time with its zone, such as 2027-01-01T00:00:00Z");
            read.map(|read| Some(Value::from(read.to_string()))).map_err(bad)
        };
        let (start, end) = (time("token.not_before", &entry.not_before)?, time("token.expires_on", &entry.expires_on)?);
        let addresses = (entry.allow_from.is_some() || entry.deny_from.is_some())
            .then(|| json!({"request_ip": {"in": entry.allow_from, "not_in": entry.deny_from}}));
        for (key, value) in [("not_before", start), ("expires_on", end), ("condition", addresses)] {
            if let (Some(value), Some(body)) = (value, body.as_object_mut()) {
                body.insert(key.to_owned(), value);
            }
        }
        self.sow("token", &entry.name, Seed::Token { owner, body, id, value_hash, disabled })
    }

    /// Whose the token is: the account or the user that is named, or the only account.
    fn owner(&self, entry: &TokenEntry) -> Result<OwnerIn, WorldError> {
        let Some(owner) = &entry.owner else {
            return self.account("token.owner", None, &entry.name).map(|id| OwnerIn::Account(id.to_string()));
        };
        let user = self.world.users.iter().find(|user| user.email.eq_ignore_ascii_case(owner.get_ref()));
        match user {
            Some(user) => Ok(OwnerIn::User(user.id.to_string())),
            None => self.reader.account("token.owner", owner, &self.world).map(|id| OwnerIn::Account(id.to_string())),
        }
    }

    /// The hash of the token's value, where one is given. No error repeats a value.
    fn value(&mut self, entry: &TokenEntry, owner: &OwnerIn) -> Result<Option<String>, WorldError> {
        let (field, at, value) = match (&entry.value, &entry.value_from_env) {
            (None, None) => return Ok(None),
            (Some(_), Some(name)) => {
                return Err(self.reader.error("token.value_from_env", name.span(), "excludes `value`"));
            }
            (Some(value), None) => ("token.value", value.span(), value.get_ref().clone()),
            (None, Some(name)) => {
                let field = "token.value_from_env";
                let missing = || self.reader.error(field, name.span(), "names a variable that is not set");
                (field, name.span(), (self.env)(name.get_ref()).ok_or_else(missing)?)
            }
        };
        let form = "must be 40 to 80 letters, digits, hyphens and underscores, as tokens' values are";
        let other = match owner {
            OwnerIn::User(_) => ["cfat_", "cfk_"],
            OwnerIn::Account(_) => ["cfut_", "cfk_"],
        };
        if !is_token_value(&value) {
            return Err(self.reader.error(field, at, form));
        }
        if other.iter().any(|prefix| value.starts_with(prefix)) {
            let problem =
                "begins as the value of another kind of credential: `cfut_` is a user's token, `cfat_` an account's";
            return Err(self.reader.error(field, at, problem));
        }
        let hash = hex(&hash(value.as_bytes()));
        if self.hashes.contains(&hash) {
            return Err(self.reader.error(field, at, "is the value of another token"));
        }
        self.hashes.push(hash.clone());
        Ok(Some(hash))
    }

    fn policy(&self, entry: &PolicyEntry) -> Result<Value, WorldError> {
        let mut resources = Map::new();
        let mut scope = "";
        for resource in &entry.resources {
            let (of, key) = self.resource(resource)?;
            scope = of;
            resources.insert(key, "*".into());
        }
        let mut groups = Vec::with_capacity(entry.groups.len());
        for name in &entry.groups {
            let found = match resolve(name.get_ref()) {
                // The resource says which of several groups of one name is meant.
                Err(NameError::Ambiguous { .. }) if !scope.is_empty() => {
                    resolve(&format!("{scope}:{}", name.get_ref()))
                }
                found => found,
            };
            let bad = |error: NameError| self.reader.error("token.policy.groups", name.span(), &error.to_string());
            groups.push(json!({"id": id_of(found.map_err(bad)?.0).to_string()}));
        }
        let effect = entry.effect.as_deref().unwrap_or("allow");
        Ok(json!({"effect": effect, "resources": resources, "permission_groups": groups}))
    }

    /// The scope of a resource, where it says one, and its key: `zone:NAME`, `account:NAME`, `user:EMAIL`, `bucket:NAME`,
    /// `zone:*`, `account:*`, or a key as the API has it.
    fn resource(&self, given: &Spanned<String>) -> Result<(&'static str, String), WorldError> {
        let field = "token.policy.resources";
        let bad = |problem: &str| self.reader.error(field, given.span(), problem);
        let part = |name: &str| Spanned::new(given.span(), name.to_owned());
        match given.get_ref().split_once(':') {
            None if given.get_ref().starts_with("com.cloudflare.") => Ok(("", given.get_ref().clone())),
            Some(("zone", "*")) => Ok(("zone", "com.cloudflare.api.account.zone.*".to_owned())),
            Some(("zone", name)) => {
                let id = self.zone(field, Some(&part(name)), given)?;
                Ok(("zone", format!("com.cloudflare.api.account.zone.{id}")))
            }
            Some(("account", "*")) => Ok(("account", "com.cloudflare.api.account.*".to_owned())),
            Some(("account", name)) => {
                let id = self.reader.account(field, &part(name), &self.world)?;
                Ok(("account", format!("com.cloudflare.api.account.{id}")))
            }
            Some(("user", email)) => {
                let user = self.world.users.iter().find(|user| user.email.eq_ignore_ascii_case(email));
                let user = user.ok_or_else(|| bad("no user has this e-mail address"))?;
                Ok(("user", format!("com.cloudflare.api.user.{}", user.id)))
            }
            Some(("bucket", name)) => {
                // `NAME`, or `JURISDICTION/NAME`.
                let (jurisdiction, name) = name.split_once('/').unwrap_or(("default", name));
                let account = self.account(field, None, given)?;
                Ok(("bucket", format!("com.cloudflare.edge.r2.bucket.{account}_{jurisdiction}_{name}")))
            }
            _ => Err(bad("must be zone:NAME, account:NAME, user:EMAIL, bucket:NAME, or a key of the API")),
        }
    }

    fn sow<T>(&mut self, field: &'static str, at: &Spanned<T>, seed: Seed) -> Result<(), WorldError> {
        self.count += 1;
        if self.count > MOST {
            return Err(self.reader.error(field, at.span(), &format!("is one too many: a world holds {MOST} at most")));
        }
        let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs()).unwrap_or(i64::MAX);
        let planted = seed.plant(&mut self.state, UnixSeconds(now));
        planted.map_err(|error| {
            // The first is general where others say more.
            let items = error.errors.iter().flat_map(|item| std::iter::once(item).chain(&item.error_chain));
            let said: Vec<&str> = items.map(|item| item.message.as_str()).collect();
            self.reader.error(field, at.span(), &said.join(": "))
        })?;
        self.world.seeds.push(seed);
        Ok(())
    }

    fn given_id(&self, field: &'static str, given: Option<&Spanned<String>>) -> Result<Option<String>, WorldError> {
        let Some(given) = given else { return Ok(None) };
        let text = given.get_ref();
        let formed = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        formed
            .then(|| Some(text.to_ascii_lowercase()))
            .ok_or_else(|| self.reader.error(field, given.span(), "must have 32 hexadecimal digits"))
    }

    fn zone<T>(
        &self,
        field: &'static str,
        named: Option<&Spanned<String>>,
        at: &Spanned<T>,
    ) -> Result<ZoneId, WorldError> {
        let zones = &self.world.zones;
        match (named, zones.iter().next().filter(|_| zones.len() == 1)) {
            (Some(named), _) => {
                let name = named.get_ref();
                let found = zones.named(&name.to_ascii_lowercase()).or_else(|| zones.get(name.parse().ok()?));
                let missing = || self.reader.error(field, named.span(), &format!("no zone `{}`", name.escape_debug()));
                found.map(|zone| zone.id).ok_or_else(missing)
            }
            (None, Some(only)) => Ok(only.id),
            (None, None) => Err(self.reader.error(field, at.span(), "is needed, unless there is one zone")),
        }
    }

    fn account<T>(
        &self,
        field: &'static str,
        named: Option<&Spanned<String>>,
        at: &Spanned<T>,
    ) -> Result<AccountId, WorldError> {
        match (named, self.world.accounts.as_slice()) {
            (Some(named), _) => self.reader.account(field, named, &self.world),
            (None, [only]) => Ok(only.id),
            (None, _) => Err(self.reader.error(field, at.span(), "is needed, as there are several accounts")),
        }
    }
}
