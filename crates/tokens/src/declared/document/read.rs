//! From the keys and values of the file to declared tokens.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use flarekeep_catalogue::{TokenId, UserId, is_hostile, operation, resolve, route};
use flarekeep_planner::Target;
use flarekeep_policy::{Effect, Grant, Resource, parse_range};
use ipnet::IpNet;
use jiff::Timestamp;
use toml::Spanned;

use super::{
    Age, At, BucketRef, Declared, Document, DocumentError, End, Granted, Problem, Purpose, UserRef, Whose, ZoneRef,
};
use crate::declared::keys;
use crate::declared::raw::{self, Table, Text, Texts, User, shown};
use crate::mark::pending;
use crate::sink::Sink;

/// The longest name that Cloudflare takes.
const LONGEST_NAME: usize = 120;
/// More tokens than a user (50) and an account (500) may have.
const MOST_TOKENS: usize = 1_000;
/// Stands for every zone, account or bucket.
const EVERY: &str = "*";

/// Reads a file.
pub(super) fn document(text: &str) -> Result<Document, DocumentError> {
    keys::check(text)?;
    let file: raw::File = toml::from_str(text).map_err(|error| DocumentError::of_toml(text, &error))?;
    let reader = Reader { text, defaults: &file.defaults };
    if file.token.len() > MOST_TOKENS {
        return Err(DocumentError { line: 1, problem: Box::new(Problem::TooMany(file.token.len())) });
    }
    let mut tokens = Vec::new();
    for (key, table) in &file.token {
        tokens.push(reader.token(key, table)?);
    }
    refuse_namesakes(&tokens)?;
    refuse_shared_sinks(&tokens)?;
    let project = file.defaults.project.as_ref().map(|project| project.get_ref().clone());
    Ok(Document { project, tokens })
}

/// Two declarations of one token would undo each other.
fn refuse_namesakes(tokens: &[Declared]) -> Result<(), DocumentError> {
    let mut names: BTreeMap<_, &Declared> = BTreeMap::new();
    let mut ids: BTreeMap<TokenId, &Declared> = BTreeMap::new();
    for token in tokens {
        let error = |problem| Err(DocumentError { line: token.line, problem: Box::new(problem) });
        let keys = |first: &Declared| (first.key.clone(), token.key.clone());
        if let Some((first, id)) = token.id.and_then(|id| Some((ids.insert(id, token)?, id))) {
            let (first, second) = keys(first);
            return error(Problem::SameId { first, second, id });
        }
        let account = token.account.as_deref().filter(|_| token.whose == Whose::Account);
        if let Some(first) = names.insert((token.whose, account, &token.name), token)
            && (first.id.is_none() || token.id.is_none())
        {
            let (first, second) = keys(first);
            return error(Problem::Namesakes { first, second, name: token.name.clone() });
        }
    }
    Ok(())
}

/// A sink keeps one value: of two that go to it one is lost.
fn refuse_shared_sinks(tokens: &[Declared]) -> Result<(), DocumentError> {
    let mut kept: BTreeMap<String, &Declared> = BTreeMap::new();
    // An env file keeps many values, and none beside a file that is nothing but a value.
    let mut files: BTreeMap<PathBuf, (bool, &Declared)> = BTreeMap::new();
    for token in tokens {
        for given in &token.sinks {
            let sink = given.clone().absolute(Path::new("/"));
            let error = |first: &Declared| {
                let (second, sink) = (shown(&token.key), given.to_string());
                let problem = Problem::SharedSink { first: shown(&first.key), line: first.line, second, sink };
                Err(DocumentError { line: token.line, problem: Box::new(problem) })
            };
            let whole = match &sink {
                Sink::File(path) => Some((path, true)),
                Sink::EnvFile { path, .. } => Some((path, false)),
                _ => None,
            };
            if let Some((path, whole)) = whole
                && let Some((other_is_whole, first)) = files.insert(path.components().collect(), (whole, token))
                && (whole || other_is_whole)
            {
                return error(first);
            }
            let spelling = match &sink {
                Sink::EnvFile { path, key } => {
                    Sink::EnvFile { path: path.components().collect(), key: key.clone() }.spelling()
                }
                other => other.spelling(),
            };
            if let Some(first) = kept.insert(spelling, token) {
                return error(first);
            }
        }
    }
    Ok(())
}

struct Reader<'a> {
    text: &'a str,
    defaults: &'a Table,
}

type Read<T> = Result<T, DocumentError>;

impl Reader<'_> {
    fn token(&self, key: &str, spanned: &Spanned<Table>) -> Read<Declared> {
        let (table, defaults) = (spanned.get_ref(), self.defaults);
        // The header ends just before the table's own keys, or spans with it.
        let line = self.line_of(key, &spanned.span());
        let here = |problem| DocumentError { line, problem: Box::new(problem) };
        let (allow, deny) = (
            table.allow_ips.as_ref().or(defaults.allow_ips.as_ref()),
            table.deny_ips.as_ref().or(defaults.deny_ips.as_ref()),
        );
        let not_before = table.not_before.as_ref().or(defaults.not_before.as_ref());
        let token = Declared {
            key: key.to_owned(),
            line,
            name: self.name(key, table).map_err(|problem| problem.map_or_else(|error| error, here))?,
            id: self.parsed("id", table.id.as_ref())?,
            whose: self.whose(table.owner.as_ref().or(defaults.owner.as_ref()))?,
            account: self.place("account", table.account.as_ref().or(defaults.account.as_ref()))?,
            zones: self.zones(table.zones.as_ref().or(defaults.zones.as_ref()))?,
            buckets: self.buckets(table.buckets.as_ref())?,
            purpose: self.purpose(table)?,
            allow_ips: self.ranges("allow_ips", allow)?,
            deny_ips: self.ranges("deny_ips", deny)?,
            not_before: not_before.map(|time| self.time("not_before", time)).transpose()?,
            end: self.end(table.expires.as_ref().or(defaults.expires.as_ref()))?,
            enabled: table.enabled.unwrap_or(true),
            sinks: self.sinks(table.sinks.as_ref())?,
            rotate_every: self.age("rotate_every", table.rotate_every.as_ref().or(defaults.rotate_every.as_ref()))?,
        };
        let work = &token.purpose;
        let planned = !(work.recipes.is_empty() && work.operations.is_empty());
        if work.plan.is_none() && work.grants.is_empty() && !planned {
            return Err(here(Problem::NoPurpose(shown(key))));
        }
        if work.plan.is_some() && planned {
            return Err(here(Problem::PlanAndMore(shown(key))));
        }
        match (token.not_before, token.end) {
            (Some(begin), End::At(end)) if begin >= end => Err(here(Problem::EndsFirst(shown(key)))),
            _ => Ok(token),
        }
    }

    /// The line of the token's header: toml's span of a table may begin at its first key.
    fn line_of(&self, key: &str, span: &Range<usize>) -> usize {
        let headers = [format!("[token.{key}]"), format!("[token.\"{key}\"]"), format!("[[token.{key}.grant]]")];
        let found =
            self.text.lines().position(|line| headers.iter().any(|header| line.trim_start().starts_with(header)));
        found.map_or_else(
            || DocumentError::at(self.text, span.start, Problem::NoPurpose(String::new())).line,
            |at| at + 1,
        )
    }

    fn error(
        &self,
        span: &Range<usize>,
        key: &'static str,
        reason: impl Into<String>,
        hint: Option<&str>,
    ) -> DocumentError {
        let problem = Problem::Value { key, reason: reason.into(), hint: hint.map(str::to_owned) };
        DocumentError::at(self.text, span.start, problem)
    }

    /// An error about one element of a list that may go over several lines.
    fn element(
        &self,
        span: &Range<usize>,
        element: &str,
        key: &'static str,
        reason: impl Into<String>,
        hint: Option<&str>,
    ) -> DocumentError {
        let inside = self.text.get(span.clone()).and_then(|list| list.find(element)).unwrap_or(0);
        self.error(&(span.start + inside..span.end), key, reason, hint)
    }

    /// A name as given, or of its parts. `Err(Err(problem))` has no place of its own.
    fn name(&self, key: &str, table: &Table) -> Result<String, Result<Problem, DocumentError>> {
        if let Some(name) = &table.name {
            let text = name.get_ref();
            let fits = (1..=LONGEST_NAME).contains(&text.chars().count()) && !text.contains(is_hostile);
            let fits = fits && pending(text).is_none();
            let wrong = || Err(DocumentError::at(self.text, name.span().start, Problem::Name(shown(text))));
            return if fits { Ok(text.clone()) } else { Err(wrong()) };
        }
        let defaults = self.defaults;
        let project = table.project.as_ref().or(defaults.project.as_ref());
        let environment = table.environment.as_ref().or(defaults.environment.as_ref());
        let parts = [
            ("project", project.map(|part| part.get_ref().as_str())),
            ("purpose", Some(table.purpose.as_ref().map_or(key, |purpose| purpose.get_ref()))),
            ("environment", environment.map(|part| part.get_ref().as_str())),
        ];
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let mut name = Vec::new();
        for (what, part) in parts {
            let Some(part) = part else { continue };
            if part.is_empty() || !part.chars().all(plain) || part.starts_with('-') || part.ends_with('-') {
                return Err(Ok(Problem::NamePart { part: shown(part), what }));
            }
            name.push(part);
        }
        let name = name.join("-");
        if name.len() > LONGEST_NAME { Err(Ok(Problem::Name(shown(&name)))) } else { Ok(name) }
    }

    fn whose(&self, given: Option<&Spanned<String>>) -> Read<Whose> {
        let Some(given) = given else { return Ok(Whose::default()) };
        match given.get_ref().as_str() {
            "user" => Ok(Whose::User),
            "account" => Ok(Whose::Account),
            other => Err(self.error(
                &given.span(),
                "owner",
                format!("`{}` owns no tokens", shown(other)),
                Some("owner = \"user\" or owner = \"account\""),
            )),
        }
    }

    /// An id or a name.
    fn place(&self, key: &'static str, given: Option<&Spanned<String>>) -> Read<Option<String>> {
        let Some(given) = given else { return Ok(None) };
        self.id_or_name(&given.span(), key, given.get_ref()).map(Some)
    }

    fn id_or_name(&self, span: &Range<usize>, key: &'static str, text: &str) -> Read<String> {
        let digits = text.chars().filter(char::is_ascii_hexdigit).count();
        let like_an_id = text.len() >= 24 && !text.contains('.') && digits * 10 >= text.len() * 9;
        let reason = match text {
            _ if text.trim().is_empty() => "it is empty".to_owned(),
            _ if text.contains(is_hostile) => "it holds a control character".to_owned(),
            // A text that was meant as an id, by its look, is not looked up as a name.
            _ if like_an_id && text.parse::<UserId>().is_err() => {
                format!("`{}` is no id: an id has 32 hexadecimal digits, this {}", shown(text), text.chars().count())
            }
            _ => return Ok(text.to_owned()),
        };
        Err(self.element(span, text, key, reason, Some("give an id or a name")))
    }

    fn zones(&self, given: Option<&Spanned<Texts>>) -> Read<Vec<ZoneRef>> {
        self.each(given, |span, text| {
            let (account, zone) = match text.rsplit_once('/') {
                Some((account, zone)) => (Some(self.id_or_name(span, "zones", account)?), zone),
                None => (None, text),
            };
            let zone =
                if zone == EVERY { None } else { Some(self.id_or_name(span, "zones", zone)?.to_ascii_lowercase()) };
            match (account.as_deref(), &zone) {
                (Some(EVERY), Some(_)) => Err(self.element(
                    span,
                    text,
                    "zones",
                    format!("`{}` names one zone of every account", shown(text)),
                    Some("a zone alone, as in \"example.com\", or all of them: \"*\", \"ACCOUNT/*\", \"*/*\""),
                )),
                _ => Ok(ZoneRef { account, zone }),
            }
        })
    }

    fn accounts(&self, given: Option<&Spanned<Texts>>) -> Read<Vec<String>> {
        self.each(given, |span, text| self.id_or_name(span, "account", text))
    }

    fn buckets(&self, given: Option<&Spanned<Texts>>) -> Read<Vec<BucketRef>> {
        self.each(given, |span, text| {
            BucketRef::read(text).ok_or_else(|| {
                self.element(
                    span,
                    text,
                    "buckets",
                    format!(
                        "`{}` is no bucket: a name has 3 to 63 lower-case letters, digits and hyphens",
                        shown(text)
                    ),
                    Some("as in \"media\", \"eu/media\", or \"*\" for every bucket of the account"),
                )
            })
        })
    }

    fn each<T>(&self, given: Option<&Spanned<Texts>>, read: impl Fn(&Range<usize>, &str) -> Read<T>) -> Read<Vec<T>> {
        let Some(given) = given else { return Ok(Vec::new()) };
        given.get_ref().0.iter().map(|text| read(&given.span(), text)).collect()
    }

    fn purpose(&self, table: &Table) -> Read<Purpose> {
        let texts = |given: Option<&Spanned<Texts>>| self.each(given, |_, text| Ok(text.to_owned()));
        let mut recipes = texts(table.recipe.as_ref())?;
        recipes.extend(texts(table.recipes.as_ref())?);
        Ok(Purpose {
            recipes,
            options: texts(table.options.as_ref())?,
            operations: self.each(table.operations.as_ref(), |span, text| {
                let wrong = |reason: String| {
                    self.element(span, text, "operations", reason, Some("flarekeep permission search finds them"))
                };
                let operation = operation(text).map_err(|error| wrong(error.to_string()))?;
                let path = text.split_whitespace().nth(1).unwrap_or_default();
                let path = path.strip_prefix("/client/v4").unwrap_or(path);
                let Some(route) = route(operation.method, path) else { return Ok((operation, Target::default())) };
                let concrete = |segment: Option<&str>| segment.filter(|id| !id.starts_with('{')).map(str::to_owned);
                let account = concrete(route.account()).map(|id| id.parse()).transpose();
                let zone = concrete(route.zone()).map(|id| id.parse()).transpose();
                match (account, zone) {
                    (Ok(account), Ok(zone)) => Ok((operation, Target { account, zone, ..Target::default() })),
                    _ => Err(wrong(format!("`{}` holds an id that is none", shown(text)))),
                }
            })?,
            plan: table.plan.as_ref().map(|path| path.get_ref().into()),
            grants: table.grant.iter().map(|grant| self.grant(grant)).collect::<Read<_>>()?,
        })
    }

    fn grant(&self, spanned: &Spanned<raw::Grant>) -> Read<Granted> {
        let grant = spanned.get_ref();
        let line = DocumentError::at(self.text, grant.permissions.span().start, Problem::Toml(String::new())).line;
        let effect = match grant.effect.as_ref().map(|effect| (effect.span(), effect.get_ref().as_str())) {
            None | Some((_, "allow")) => Effect::Allow,
            Some((_, "deny")) => Effect::Deny,
            Some((span, other)) => {
                let reason = format!("`{}` is no effect", shown(other));
                return Err(self.error(&span, "effect", reason, Some("effect = \"allow\" or effect = \"deny\"")));
            }
        };
        let permissions = self.each(Some(&grant.permissions), |span, text| {
            permission(text).map_err(|reason| {
                self.element(
                    span,
                    text,
                    "permissions",
                    reason,
                    Some("flarekeep permission search finds them; \"id:…\" names one by its id"),
                )
            })
        })?;
        if permissions.is_empty() {
            return Err(self.error(&grant.permissions.span(), "permissions", "it names none", None));
        }
        let user = match grant.user.as_ref().map(|user| (user.span(), user.get_ref())) {
            None | Some((_, User::Own(false))) => None,
            Some((_, User::Own(true))) => Some(UserRef::Own),
            Some((span, User::Id(id))) => {
                let id = id.parse().map_err(|_| {
                    self.error(&span, "user", format!("`{}` is no user's id", shown(id)), Some("user = true"))
                });
                Some(UserRef::Id(id?))
            }
        };
        let resources = grant.resources.as_ref().map(|list| self.resources(list)).transpose()?.unwrap_or_default();
        let at = At {
            zones: self.zones(grant.zones.as_ref())?,
            accounts: self.accounts(grant.account.as_ref())?,
            buckets: self.buckets(grant.buckets.as_ref())?,
            user,
            resources,
        };
        Ok(Granted { line, effect, permissions, at })
    }

    fn resources(&self, list: &Spanned<Vec<raw::Resource>>) -> Read<Vec<Resource>> {
        let read = |entry: &raw::Resource| {
            let value = entry.value.as_deref().unwrap_or(EVERY);
            let resource = match &entry.within {
                Some(outer) => Resource::read_nested(outer, &entry.key, value),
                None => Resource::read(&entry.key, value),
            };
            resource.map_err(|error| {
                let hint =
                    "as the API spells it: \"com.cloudflare.api.account.<id>\", or { within = \"…\", key = \"…\" }";
                self.element(&list.span(), &entry.key, "resources", error.to_string(), Some(hint))
            })
        };
        list.get_ref().iter().map(read).collect()
    }

    /// Address ranges, in the fewest. What Cloudflare makes of bits beyond a range's length is not known, and a reader
    /// would not know which of two things was meant.
    fn ranges(&self, key: &'static str, given: Option<&Spanned<Texts>>) -> Read<Vec<IpNet>> {
        let ranges = self.each(given, |span, text| {
            let range = parse_range(text).map_err(|error| self.element(span, text, key, error.to_string(), None))?;
            if range.addr() == range.network() {
                return Ok(range);
            }
            let (network, one) = (range.trunc(), IpNet::from(range.addr()));
            let reason = format!("`{range}` names an address and a network");
            Err(self.element(span, text, key, reason, Some(&format!("write {network} or {one}"))))
        })?;
        Ok(IpNet::aggregate(&ranges))
    }

    fn end(&self, given: Option<&Spanned<Text>>) -> Read<End> {
        match given {
            None => Ok(End::Never),
            Some(text) if text.get_ref().0 == "never" => Ok(End::Never),
            Some(text) => match text.get_ref().0.parse() {
                Ok(age) => Ok(End::After(age)),
                Err(_) => self.time("expires", text).map(End::At),
            },
        }
    }

    fn time(&self, key: &'static str, given: &Spanned<Text>) -> Read<Timestamp> {
        let text = &given.get_ref().0;
        let time = text.parse::<Timestamp>().ok().or_else(|| {
            // Cloudflare's dashboard takes a date as midnight UTC, too.
            let date = text.parse::<jiff::civil::Date>().ok()?;
            date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|time| time.timestamp())
        });
        let whole = time.and_then(|time| Timestamp::from_second(time.as_second()).ok());
        whole.ok_or_else(|| {
            if key == "expires" && is_number(text) {
                return self.unitless(&given.span(), key, text);
            }
            let hint = match key {
                "expires" => "as in \"90d\", \"12h\", \"2027-01-31\", \"2027-01-31T12:00:00Z\" or \"never\"",
                _ => "as in \"2027-01-31\" or \"2027-01-31T12:00:00Z\"",
            };
            self.error(&given.span(), key, format!("`{}` is no time", shown(text)), Some(hint))
        })
    }

    /// A number alone is so many of something that is not said.
    fn unitless(&self, span: &Range<usize>, key: &'static str, number: &str) -> DocumentError {
        let number = shown(number);
        let hint = format!("\"{number}d\" is so many days, \"{number}h\" hours, \"{number}w\" weeks");
        self.error(span, key, format!("`{number}` has no unit"), Some(&hint))
    }

    fn age(&self, key: &'static str, given: Option<&Spanned<Text>>) -> Read<Option<Age>> {
        let Some(given) = given else { return Ok(None) };
        let wrong = |reason: String| self.error(&given.span(), key, reason, Some("as in \"30d\", \"12h\" or \"4w\""));
        match given.get_ref().0.as_str() {
            "never" => Ok(None),
            text if is_number(text) => Err(self.unitless(&given.span(), key, text)),
            text => text.parse().map(Some).map_err(wrong),
        }
    }

    fn parsed(&self, key: &'static str, given: Option<&Spanned<String>>) -> Read<Option<TokenId>> {
        let Some(given) = given else { return Ok(None) };
        let wrong = || self.error(&given.span(), key, format!("`{}` is no token's id", shown(given.get_ref())), None);
        given.get_ref().parse().map(Some).map_err(|_| wrong())
    }

    fn sinks(&self, given: Option<&Spanned<Texts>>) -> Read<Vec<Sink>> {
        self.each(given, |span, text| {
            let hint = "as in sinks = [\"env:.env:CF_DNS_TOKEN\"]";
            let wrong = |reason: String| self.element(span, text, "sinks", reason, Some(hint));
            match text.parse::<Sink>() {
                // Nobody would keep what is printed.
                Ok(sink) if sink.prints() => Err(wrong("standard output keeps no value".to_owned())),
                Ok(sink) => Ok(sink),
                Err(error) => Err(wrong(error.to_string())),
            }
        })
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

/// A permission by any of its spellings, or by an id that need not be known.
fn permission(text: &str) -> Result<Grant, String> {
    let by_id = text.strip_prefix("id:");
    if let Some(id) = by_id.unwrap_or(text).trim().parse().ok().filter(|_| by_id.is_some()) {
        return Ok(flarekeep_policy::document::grant(Some(id), None).unwrap_or(Grant::Unknown(id)));
    }
    if by_id.is_some() {
        return Err(format!("`{}` is no id of a permission group", shown(text)));
    }
    resolve(text).map(|(group, _)| Grant::Group(group)).map_err(|error| match &error {
        flarekeep_catalogue::NameError::Unknown { nearest, .. } if !nearest.is_empty() => {
            format!("{error}; is `{}` meant?", nearest.join("` or `"))
        }
        _ => error.to_string(),
    })
}

impl BucketRef {
    /// Reads `media`, `eu/media` or `*`. A name has 3 to 63 lower-case letters, digits and hyphens (docs: r2/buckets).
    pub(in crate::declared) fn read(text: &str) -> Option<Self> {
        if text == EVERY {
            return Some(Self::Every);
        }
        let (jurisdiction, name) = text.split_once('/').unwrap_or(("default", text));
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let bounded = (3..=63).contains(&name.len()) && !name.starts_with('-') && !name.ends_with('-');
        let fits = bounded && plain(name) && !jurisdiction.is_empty() && plain(jurisdiction);
        fits.then(|| Self::One { jurisdiction: jurisdiction.to_owned(), name: name.to_owned() })
    }
}
