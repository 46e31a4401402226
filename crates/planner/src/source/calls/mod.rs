//! Calls that somebody made, read as needs: what recordings, HARs and logs have in common.
//!
//! A [`Call`] is a method, where it was sent to, and how it ended. [`Calls`] takes them one by one, keeps what differs and
//! forgets the rest: a million calls of the same few operations take the room of those few.

mod located;
mod s3;
mod target;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use flarekeep_catalogue::{AccountId, Method, Operation, ZoneId, harmless_path, is_plain, route};

use super::{BucketName, Origin, Place, Reading, StatedNeed, Unread, ZoneName, Zones};
pub use located::{Located, locate, locate_call, locate_in_bucket};
use s3::S3Face;
use target::{API, S3Target, Target, path_style, target};

/// How many different needs a source may have: a plan over more is none that anybody reads.
const MOST_NEEDS: usize = 50_000;
/// How many different calls that nothing answers are told one by one.
const MOST_UNREAD: usize = 50;
/// Uploads of assets, of Pages and, below an account, of Workers: their calls carry the credential that `/upload-token` or
/// an upload session gave, and no API token (wrangler 4.164.0, read in its npm package).
const UPLOADS: [&str; 2] = ["/pages/assets/", "workers/assets/upload"];

/// What wrangler asks after a refusal, to say who it is: it is then no part of the work (seen on a recording server with
/// wrangler 4.164.0, which does so after code 10000).
const LOOK_UPS: [&str; 4] = ["/user/tokens/verify", "/user", "/accounts", "/memberships"];

/// Whether a call is one that wrangler makes after a refusal, to say who it is: of these paths below `/client/v4`.
#[must_use]
pub fn is_look_up(method: &str, target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    method.eq_ignore_ascii_case("GET") && path.split_once(API).is_some_and(|(_, path)| LOOK_UPS.contains(&path))
}

/// Whether calls that failed count: those that were answered with status 400 or above, or with error codes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Failed {
    /// They count as all others do: what was refused is what is needed, and what was not found was allowed.
    #[default]
    Include,
    /// They do not count. A call whose answer is not known counts.
    Exclude,
    /// Nothing else counts. A call whose answer is not known does not.
    Only,
}

/// A call that was made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Call<'a> {
    /// The method, in any case.
    pub method: &'a str,
    /// Where it was sent to: a URL, or a path with `/client/v4` before it or without.
    pub target: &'a str,
    /// What it was, where that is known better than the target says it: of R2's S3 face at an address of its own.
    pub operation: Option<&'static Operation>,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// Whether the answer held error codes.
    pub errors: bool,
    /// Where in the source it is.
    pub at: At,
}

/// Where in a source a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// At a line, from 1.
    Line(usize),
    /// The entry with this number, from 1, where everything is in one line.
    Entry(usize),
    /// The call with this number, from 1, of those that were seen as they were made.
    Call(usize),
}

impl Default for At {
    fn default() -> Self {
        Self::Line(1)
    }
}

/// Why a call is no need, though it was made to Cloudflare's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LeftOut {
    /// wrangler asks who it is after a refusal, to say more in its message.
    AfterRefusal,
    /// The log does not tell which of several answers is the call's, and only failed calls were asked for.
    Unclear,
    /// Another token did it.
    OtherToken,
}

/// The calls of a source.
#[derive(Clone)]
pub struct Calls<'a> {
    source: &'a str,
    failed: Failed,
    face: S3Face,
    known: HashMap<(u16, Place), usize>,
    entries: Vec<Entry>,
    /// Whether an operation is told from its parts by the body alone.
    divided: HashMap<u16, bool>,
    told: HashSet<String>,
    unread: Vec<Unread>,
    unanswered: usize,
    beyond: usize,
    elsewhere: usize,
    own_credential: usize,
    set_aside: BTreeMap<LeftOut, usize>,
    left_out: Vec<Unread>,
    seen: bool,
    /// What the source says of zones beside its calls.
    pub zones: Zones,
}

#[derive(Clone)]
struct Entry {
    operation: &'static Operation,
    place: Place,
    origin: Origin,
    times: usize,
    refused: usize,
}

impl Call<'_> {
    fn is_failed(&self) -> bool {
        self.status.is_some_and(|status| status >= 400) || self.errors
    }

    /// Whether it was refused for want of a permission, as far as a status tells.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.status, Some(401 | 403))
    }
}

impl<'a> Calls<'a> {
    /// None yet.
    #[must_use]
    pub fn new(source: &'a str, failed: Failed) -> Self {
        Self {
            source,
            failed,
            face: S3Face::new(),
            known: HashMap::new(),
            entries: Vec::new(),
            divided: HashMap::new(),
            told: HashSet::new(),
            unread: Vec::new(),
            unanswered: 0,
            beyond: 0,
            elsewhere: 0,
            own_credential: 0,
            set_aside: BTreeMap::new(),
            left_out: Vec::new(),
            seen: false,
            zones: Zones::default(),
        }
    }

    /// Takes a call. What is no call of a method that the API has, as a browser's `OPTIONS`, is passed over.
    pub fn add(&mut self, call: &Call<'_>) {
        self.seen = true;
        let wanted = match self.failed {
            Failed::Include => true,
            Failed::Exclude => !call.is_failed(),
            Failed::Only => call.is_failed(),
        };
        let Ok(method) = call.method.parse::<Method>() else { return };
        if !wanted {
            return;
        }
        if let Some(operation) = call.operation {
            let place = self.place_of(operation, call.target);
            return self.need(operation, place, call);
        }
        match target(call.target) {
            Target::Api { path, query } => self.api(method, path, query, call),
            Target::S3(at) => {
                let head = call.method.eq_ignore_ascii_case("HEAD");
                match (self.face.operation(method, head, &at), place_in_r2(&at)) {
                    (Some(operation), Some(place)) => self.need(operation, place, call),
                    _ => self.unanswered(method, "an address of R2's S3 face", call.at),
                }
            }
            Target::Elsewhere => self.elsewhere += 1,
        }
    }

    /// Leaves out what wrangler asks after a refusal, to say who it is ([`is_look_up`]).
    pub fn leave_out_look_up(&mut self) {
        self.leave_out(LeftOut::AfterRefusal);
    }

    /// How many needs there are so far: an operation at a place is one.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.entries.len()
    }

    /// Leaves a call out, and remembers why.
    pub(super) fn leave_out(&mut self, why: LeftOut) {
        self.seen = true;
        *self.set_aside.entry(why).or_default() += 1;
    }

    /// Whether failed calls alone count.
    pub(super) fn wants_failed_alone(&self) -> bool {
        self.failed == Failed::Only
    }

    /// Says that a part of the source is not known; each thing once.
    pub(super) fn unread(&mut self, what: String, at: At) {
        self.seen = true;
        if self.told.contains(&what) {
            return;
        }
        if self.unread.len() >= MOST_UNREAD {
            self.unanswered += 1;
            return;
        }
        self.unread.push(Unread { origin: self.origin(at), what: what.clone() });
        self.told.insert(what);
    }

    /// Whether anything was seen that is a call, wherever to.
    pub(super) fn is_empty(&self) -> bool {
        !self.seen
    }

    /// What they need.
    #[must_use]
    pub fn finish(mut self) -> Reading {
        self.say_what_is_left_out();
        // Calls are taken when their answers are known, which can be in another order.
        self.entries.sort_by_key(|entry| entry.origin.line);
        let zones: BTreeSet<ZoneId> = self.entries.iter().filter_map(|entry| id_of(&entry.place)).collect();
        let mut reading =
            Reading { unread: self.unread, left_out: self.left_out, zones: self.zones, ..Reading::default() };
        for entry in self.entries {
            let places = places(entry.operation, entry.place, &zones, &reading.zones);
            reading.needs.extend(places.into_iter().map(|(place, taken)| StatedNeed {
                operation: entry.operation,
                place,
                why: why(entry.operation, entry.times, entry.refused, taken),
                origin: entry.origin.clone(),
            }));
        }
        reading
    }

    fn api(&mut self, method: Method, path: &str, query: &str, call: &Call<'_>) {
        let path = plainly_spelt(path);
        let [pages, workers] = UPLOADS;
        if path.starts_with(pages) || path.splitn(4, '/').nth(3).is_some_and(|rest| rest.starts_with(workers)) {
            self.own_credential += 1;
            return;
        }
        let Some(found) = route(method, &path) else {
            return self.unanswered(method, &shown(&path), call.at);
        };
        let mut place = Place {
            account: found.account().and_then(|id| id.parse().ok()),
            zone: found.zone().and_then(|id| id.parse().ok()).map(ZoneName::Id),
            bucket: None,
        };
        if lists_zones(found.operation) {
            place.account = value(query, "account.id").and_then(|id| id.parse().ok());
            place.zone = value(query, "name")
                .or_else(|| value(query, "name.exact"))
                .and_then(|name| host(&name))
                .map(ZoneName::Host);
        }
        self.need(found.operation, place, call);
    }

    /// The place of a call whose operation is known: the ids that its path names.
    fn place_of(&self, operation: &Operation, text: &str) -> Place {
        if operation.is_s3() {
            let at = match target(text) {
                Target::S3(at) => at,
                _ => path_style(text),
            };
            return place_in_r2(&at).unwrap_or_default();
        }
        let Target::Api { path, .. } = target(text) else { return Place::default() };
        let id = path.split('/').nth(2).unwrap_or_default();
        Place {
            account: id.parse().ok().filter(|_: &AccountId| operation.names_account()),
            zone: id.parse().ok().filter(|_| operation.names_zone()).map(ZoneName::Id),
            bucket: None,
        }
    }

    fn need(&mut self, operation: &'static Operation, mut place: Place, call: &Call<'_>) {
        if *self.divided.entry(operation.index).or_insert_with(|| operation.parts().next().is_some()) {
            let parts = operation.parts().map(|part| format!("--operation '{part}'")).collect::<Vec<_>>().join(" or ");
            let what = format!("what `{operation}` asks for is in its body, which is not read: give {parts}");
            return self.unread(what, call.at);
        }
        if operation.makes_zone() {
            place.zone = Some(ZoneName::Every);
        }
        let refused = usize::from(call.is_refused());
        if let Some(entry) = self.known.get(&(operation.index, place.clone())).and_then(|at| self.entries.get_mut(*at))
        {
            entry.times += 1;
            entry.refused += refused;
        } else if self.entries.len() < MOST_NEEDS {
            self.known.insert((operation.index, place.clone()), self.entries.len());
            let origin = self.origin(call.at);
            self.entries.push(Entry { operation, place, origin, times: 1, refused });
        } else {
            self.beyond += 1;
        }
    }

    fn unanswered(&mut self, method: Method, path: &str, at: At) {
        self.unread(format!("no known operation answers `{method} {path}`"), at);
    }

    fn origin(&self, at: At) -> Origin {
        match at {
            At::Line(line) => Origin::line(self.source, line),
            At::Entry(number) => Origin::item(self.source, format!("entry {number}")),
            At::Call(number) => Origin::item(self.source, format!("call {number}")),
        }
    }

    fn say_what_is_left_out(&mut self) {
        let calls = |count: usize| if count == 1 { "1 call".to_owned() } else { format!("{count} calls") };
        let nowhere = Origin { source: self.source.to_owned(), line: None, item: None };
        let all_of = |what: String| Unread { origin: nowhere.clone(), what };
        if self.unanswered > 0 {
            self.unread.push(all_of(format!("{} more that no known operation answers", calls(self.unanswered))));
        }
        if self.beyond > 0 {
            self.unread.push(all_of(format!("{} more beyond the first {MOST_NEEDS} that differ", calls(self.beyond))));
        }
        let mut said: Vec<String> = Vec::new();
        for (why, count) in &self.set_aside {
            let calls = calls(*count);
            said.push(match why {
                LeftOut::AfterRefusal => {
                    format!("{calls} of wrangler's own after a refusal, to say who it is")
                }
                LeftOut::Unclear => format!("{calls} of which the log does not tell whether they failed"),
                LeftOut::OtherToken => format!("{calls} that were not made with the token"),
            });
        }
        if self.own_credential > 0 {
            said.push(format!("{} to upload assets, with a credential of their own", calls(self.own_credential)));
        }
        if self.elsewhere > 0 {
            said.push(format!("{} to others than Cloudflare's API", calls(self.elsewhere)));
        }
        self.left_out = said.into_iter().map(all_of).collect();
    }
}

/// The places at which an operation is needed, and whether one was taken from the other calls. A list of zones is called
/// for those that are then called on.
fn places(operation: &Operation, place: Place, called: &BTreeSet<ZoneId>, known: &Zones) -> Vec<(Place, bool)> {
    let open = match &place.zone {
        None => true,
        Some(name) => known.find(name).is_none() && called.len() == 1,
    };
    if !lists_zones(operation) || !open || called.is_empty() {
        return vec![(place, false)];
    }
    called.iter().map(|zone| (Place { zone: Some(ZoneName::Id(*zone)), ..place.clone() }, true)).collect()
}

fn lists_zones(operation: &Operation) -> bool {
    operation.method == Method::Get && operation.path() == "/zones"
}

fn id_of(place: &Place) -> Option<ZoneId> {
    match place.zone {
        Some(ZoneName::Id(zone)) => Some(zone),
        _ => None,
    }
}

/// The place of a call of R2's S3 face; none where the bucket has a name that no bucket can have.
fn place_in_r2(at: &S3Target<'_>) -> Option<Place> {
    let plain = |text: &str| is_plain(text) || text.len() <= 63 && text.bytes().all(|byte| byte.is_ascii_lowercase());
    if !is_plain(at.jurisdiction) || !at.bucket.is_none_or(plain) {
        return None;
    }
    let bucket = at.bucket.map(|name| BucketName { jurisdiction: at.jurisdiction.to_owned(), name: name.to_owned() });
    Some(Place { account: at.account, bucket, ..Place::default() })
}

/// A path whose escapes of letters, digits, `-`, `.`, `_` and `~` are undone: they mean the same.
fn plainly_spelt(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut plain = String::with_capacity(path.len());
    let mut parts = path.split('%');
    plain.extend(parts.next());
    for part in parts {
        let code = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).map(char::from);
        match code.filter(|c| c.is_ascii_alphanumeric() || "-._~".contains(*c)) {
            Some(c) => {
                plain.push(c);
                plain.push_str(part.get(2..).unwrap_or_default());
            }
            None => plain.extend(["%", part]),
        }
    }
    Cow::Owned(plain)
}

/// A parameter of a query, decoded.
fn value(query: &str, name: &str) -> Option<String> {
    let (_, value) = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?;
    let spaced = value.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

/// A host's name in lower case, if the text is one. A list can also be filtered by `contains:` and the like.
fn host(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'*');
    let named = (1..=253).contains(&text.len()) && text.bytes().all(plain);
    named.then(|| text.trim_end_matches('.').to_ascii_lowercase())
}

/// A path as far as it may be repeated, with a mark for each id.
fn shown(path: &str) -> String {
    let is_id = |segment: &str| {
        let digits = segment.bytes().filter(|byte| *byte != b'-');
        matches!(segment.len(), 32 | 36)
            && digits.clone().count() == 32
            && digits.clone().all(|byte| byte.is_ascii_hexdigit())
    };
    let segments = path.split('/').map(|segment| if is_id(segment) { "{id}" } else { segment });
    harmless_path(&segments.collect::<Vec<_>>().join("/"))
}

/// The operation, and how often it was called.
fn why(operation: &Operation, times: usize, refused: usize, taken: bool) -> String {
    let calls = if times == 1 { "1 call".to_owned() } else { format!("{times} calls") };
    let often = match refused {
        0 => calls,
        1 if times == 1 => "refused".to_owned(),
        _ if refused == times => format!("{calls}, all refused"),
        _ => format!("{calls}, {refused} refused"),
    };
    let taken = if taken { "; the zone is taken to be the one that is called on" } else { "" };
    format!("{operation} ({often}{taken})")
}

#[cfg(test)]
mod tests;
