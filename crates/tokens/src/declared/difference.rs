//! How a declared token differs from the living one, by meaning.
//!
//! The API keeps no order of policies and groups, gives names or none, splits policies, and has two spellings of its
//! condition. None of that is a difference. Every operation, place, address and second that one allows and the other does
//! not is one.

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare as api;
use flarekeep_policy::{Effect, Grant, Ownership, Resource, UnixSeconds};
use jiff::{SignedDuration, Timestamp};

use super::document::End;
use super::meaning::{self, Grants, Saying, whole};
use super::wanted::Wanted;
use crate::error::Error;
use crate::sink::Sink;
use crate::translate::UNNAMED_USER;

/// A token that is there.
#[derive(Debug, Clone, Copy)]
pub struct Living<'a> {
    /// The token.
    pub token: &'a api::Token,
    /// Who owns it.
    pub owner: api::Owner,
    /// The sinks, as spelled, that are known to hold its value; `None` where nobody knows where it is.
    pub delivered: Option<&'a [String]>,
}

/// What has to be done about a declared token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Nothing: it means what is declared.
    Unchanged,
    /// There is none: it is made.
    Create,
    /// It is told apart by its name only.
    Rename,
    /// It allows more than is declared: that is taken away.
    Narrow,
    /// It allows less than is declared: that is added.
    Widen,
    /// It allows more in one way and less in another.
    Change,
    /// It needs a new value, and so a successor.
    Replace,
    /// It was declared, and is no more.
    Revoke,
}

/// Why a token needs a new value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It belongs to somebody else than is declared.
    Owner,
    /// Its time is over.
    Expired,
    /// Cloudflare found its value in public and revoked it.
    Exposed,
    /// A sink does not hold its value, and nobody can read a value again.
    Sink(String),
}

/// One group at one resource that only one of the two tokens has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whether it is granted or withheld.
    pub effect: Effect,
    /// The group's name; its id where no name is known.
    pub group: String,
    /// The resource in words.
    pub place: String,
}

/// One term of a token that differs, beside what it grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// `name`, `addresses`, `begin`, `end`, `life`, `status`.
    pub what: &'static str,
    /// As it is.
    pub from: String,
    /// As it is declared.
    pub to: String,
    /// Whether more is allowed by it.
    pub widens: bool,
    /// Whether less is.
    pub narrows: bool,
}

/// How a declared token differs from the living one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What has to be done.
    pub kind: Kind,
    /// Whether the token will be allowed anything that it is not allowed now.
    pub widens: bool,
    /// Whether it will be refused anything that it is allowed now.
    pub narrows: bool,
    /// Why it needs a new value; empty unless it does.
    pub reasons: Vec<Reason>,
    /// What the declared token says and the living one does not.
    pub gained: Vec<Entry>,
    /// The reverse.
    pub lost: Vec<Entry>,
    /// What else differs.
    pub terms: Vec<Term>,
    /// A call that only the declared token allows.
    pub example: Option<String>,
    /// What cannot be compared, and is left as it is.
    pub remarks: Vec<String>,
}

/// Compares a declared token with the living one, if there is one.
///
/// # Errors
/// If a policy of either cannot be read.
pub fn difference(
    wanted: &Wanted,
    living: Option<&Living<'_>>,
    ownership: &Ownership,
    now: Timestamp,
) -> Result<Difference, Error> {
    let since = UnixSeconds(now.as_second());
    let Some(living) = living else {
        let grants = meaning::grants((&wanted.policies, wanted.owner), (&[], wanted.owner), ownership, since)?;
        let remarks = late_rotation(wanted).into_iter().collect();
        return Ok(Difference { gained: entries(&grants.added), remarks, ..Difference::bare(Kind::Create) });
    };
    let grants =
        meaning::grants((&wanted.policies, wanted.owner), (&living.token.policies, living.owner), ownership, since)?;
    let reasons = reasons(wanted, living, now);
    let is_over = reasons.iter().any(|reason| matches!(reason, Reason::Expired | Reason::Exposed));
    let terms = terms(wanted, living.token, is_over, now);
    let widens = grants.is_wider || terms.iter().any(|term| term.widens);
    let narrows = grants.is_narrower || terms.iter().any(|term| term.narrows);
    let kind = match (widens, narrows) {
        _ if !reasons.is_empty() => Kind::Replace,
        (true, true) => Kind::Change,
        (true, false) => Kind::Widen,
        (false, true) => Kind::Narrow,
        (false, false) if terms.is_empty() => Kind::Unchanged,
        (false, false) => Kind::Rename,
    };
    let Grants { added, removed, example, is_wider, is_narrower } = grants;
    // What is only spelt otherwise is no difference.
    let shown = |entries: Vec<Entry>| if is_wider || is_narrower { entries } else { Vec::new() };
    Ok(Difference {
        kind,
        widens,
        narrows,
        reasons,
        gained: shown(entries(&added)),
        lost: shown(entries(&removed)),
        terms,
        example,
        remarks: remarks(wanted, living),
    })
}

impl Difference {
    /// A token that was declared and is no more.
    #[must_use]
    pub fn revoke() -> Self {
        Self { narrows: true, ..Self::bare(Kind::Revoke) }
    }

    /// Whether something will be allowed that is not allowed now: by this token, or because there was none.
    #[must_use]
    pub fn opens(&self) -> bool {
        self.widens || self.kind == Kind::Create
    }

    /// Whether anything has to be done.
    #[must_use]
    pub fn is_drift(&self) -> bool {
        self.kind != Kind::Unchanged
    }

    fn bare(kind: Kind) -> Self {
        Self {
            kind,
            widens: false,
            narrows: false,
            reasons: Vec::new(),
            gained: Vec::new(),
            lost: Vec::new(),
            terms: Vec::new(),
            example: None,
            remarks: Vec::new(),
        }
    }
}

impl Kind {
    /// The word that is shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Create => "create",
            Self::Rename => "rename",
            Self::Narrow => "narrow",
            Self::Widen => "widen",
            Self::Change => "change",
            Self::Replace => "replace",
            Self::Revoke => "revoke",
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Owner => f.write_str("somebody else is to own it"),
            Self::Expired => f.write_str("its time is over"),
            Self::Exposed => f.write_str("Cloudflare revoked it, because its value was found in public"),
            Self::Sink(sink) => write!(f, "{sink} does not have its value"),
        }
    }
}

fn reasons(wanted: &Wanted, living: &Living<'_>, now: Timestamp) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if wanted.owner != living.owner {
        reasons.push(Reason::Owner);
    }
    let status = flarekeep_policy::Status::from_word(&living.token.status.to_string());
    if status == flarekeep_policy::Status::RevokedExposed {
        reasons.push(Reason::Exposed);
    } else if status == flarekeep_policy::Status::Expired || living.token.expires_on.is_some_and(|end| end <= now) {
        reasons.push(Reason::Expired);
    }
    if let Some(delivered) = living.delivered {
        let holds = |sink: &String| delivered.iter().any(|known| same_sink(known, sink));
        reasons.extend(wanted.sinks.iter().filter(|sink| !holds(sink)).cloned().map(Reason::Sink));
    }
    reasons
}

/// Whether two spellings mean one sink.
fn same_sink(one: &str, other: &str) -> bool {
    one == other || one.parse::<Sink>().is_ok_and(|sink| other.parse() == Ok(sink))
}

/// What differs beside the policies. The end of a token whose time is over is no matter of drift; that its successor is to
/// live longer is one.
fn terms(wanted: &Wanted, living: &api::Token, is_over: bool, now: Timestamp) -> Vec<Term> {
    let mut terms = Vec::new();
    if wanted.name != living.name {
        let (from, to) = (living.name.clone(), wanted.name.clone());
        terms.push(Term { what: "name", from, to, widens: false, narrows: false });
    }
    let (new, old) = (meaning::wanted_addresses(wanted), meaning::living_addresses(living));
    let (widens, narrows) = (meaning::admits_more(&new, &old), meaning::admits_more(&old, &new));
    if widens || narrows {
        let (from, to) = (meaning::addresses_in_words(&old), meaning::addresses_in_words(&new));
        terms.push(Term { what: "addresses", from, to, widens, narrows });
    }
    let time = |time: Option<Timestamp>, none: &str| time.map_or(none.to_owned(), |time| whole(time).to_string());
    // A beginning that is past is none any more.
    let begin = |time: Option<Timestamp>| time.map(whole).filter(|time| *time > now);
    let (new, old) = (begin(wanted.not_before), begin(living.not_before));
    if new != old {
        let (from, to) = (time(old, "at once"), time(new, "at once"));
        terms.push(Term { what: "begin", from, to, widens: new < old, narrows: new > old });
    }
    if is_over {
        terms.extend(life(wanted, living, now));
    } else {
        let (new, old) = (meaning::end(wanted.end, living, now), living.expires_on.map(whole));
        if new != old {
            let last = |end: Option<Timestamp>| end.unwrap_or(Timestamp::MAX);
            let (widens, narrows) = (last(new) > last(old), last(new) < last(old));
            terms.push(Term { what: "end", from: time(old, "never"), to: time(new, "never"), widens, narrows });
        }
        let declared = if wanted.enabled { api::Status::Active } else { api::Status::Disabled };
        let differs = match living.status {
            api::Status::Active => !wanted.enabled,
            api::Status::Disabled => wanted.enabled,
            _ => false,
        };
        if differs {
            let (from, to) = (living.status.to_string(), declared.to_string());
            terms.push(Term { what: "status", from, to, widens: wanted.enabled, narrows: !wanted.enabled });
        }
    }
    terms
}

/// How long the successor of a token whose time is over is to live, where that is another time than the old one had.
fn life(wanted: &Wanted, living: &api::Token, now: Timestamp) -> Option<Term> {
    let since = living.not_before.or(living.issued_on);
    let had = living.expires_on.map(|end| since.map_or(SignedDuration::ZERO, |since| end.duration_since(since)));
    let has = match wanted.end {
        End::Never => None,
        End::After(age) => Some(age.duration()),
        End::At(end) => Some(end.duration_since(now)),
    };
    let long = |life: Option<SignedDuration>| life.unwrap_or(SignedDuration::MAX);
    let slack = has.map_or(SignedDuration::ZERO, meaning::slack);
    if long(has).saturating_sub(long(had)).abs() <= slack {
        return None;
    }
    let words = |life: Option<SignedDuration>| match life {
        None => "without an end".to_owned(),
        Some(life) if life.as_hours() % 24 == 0 => format!("{}d", life.as_hours() / 24),
        Some(life) => format!("{}h", life.as_hours()),
    };
    let (widens, narrows) = (long(has) > long(had), long(has) < long(had));
    Some(Term { what: "life", from: words(had), to: words(has), widens, narrows })
}

/// Says so where a token ends before its rotation is due.
fn late_rotation(wanted: &Wanted) -> Option<String> {
    match (wanted.rotate_every, wanted.end) {
        (Some(every), End::After(age)) if every >= age => {
            Some(format!("rotate_every is {every}, and it ends after {age}: it is not due before its end"))
        }
        _ => None,
    }
}

fn remarks(wanted: &Wanted, living: &Living<'_>) -> Vec<String> {
    let mut remarks: Vec<String> = late_rotation(wanted).into_iter().collect();
    if living.delivered.is_none() && !wanted.sinks.is_empty() {
        remarks.push(format!(
            "nobody knows who holds its value: flarekeep token rotate '{}' --to … delivers a new one",
            living.token.name
        ));
    }
    if let Some(delivered) = living.delivered {
        let left = delivered.iter().filter(|known| !wanted.sinks.iter().any(|sink| same_sink(known, sink)));
        remarks.extend(left.map(|sink| format!("{sink} holds its value and is not declared any more")));
    }
    if let api::Status::Other(word) = &living.token.status
        && flarekeep_policy::Status::from_word(word) == flarekeep_policy::Status::Unknown
    {
        remarks.push(format!("its status is `{word}`, of which nobody knows what it means"));
    }
    remarks
}

/// What is said, in words, one group at one place each.
fn entries(said: &[(Saying, Grant)]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = said
        .iter()
        .map(|(saying, grant)| Entry {
            effect: if saying.denies { Effect::Deny } else { Effect::Allow },
            group: grant.group().map_or_else(|| saying.group.to_string(), |group| group.name.to_owned()),
            place: match &saying.resource {
                Resource::User(UNNAMED_USER) => "the user".to_owned(),
                resource => resource.to_string(),
            },
        })
        .collect();
    entries.sort_by(|a, b| {
        (a.effect == Effect::Deny, &a.place, &a.group).cmp(&(b.effect == Effect::Deny, &b.place, &b.group))
    });
    entries
}

/// Which living token is meant by a declared one: by its id, else by its name. A dead one is meant only where no other is.
///
/// # Errors
/// The ids, where several living tokens have the name.
pub fn of_name<'a>(wanted: &Wanted, tokens: &'a [api::Token]) -> Result<Option<&'a api::Token>, Vec<TokenId>> {
    if let Some(id) = wanted.id {
        return Ok(tokens.iter().find(|token| token.id == id));
    }
    let named: Vec<&api::Token> = tokens.iter().filter(|token| token.name == wanted.name).collect();
    let is_usable =
        |token: &&&api::Token| flarekeep_policy::Status::from_word(&token.status.to_string()).may_become_active();
    let usable: Vec<&api::Token> = named.iter().filter(is_usable).copied().collect();
    match (usable.as_slice(), named.as_slice()) {
        ([one], _) => Ok(Some(one)),
        // The latest of the dead.
        ([], dead) => Ok(dead.iter().max_by_key(|token| token.issued_on).copied()),
        (several, _) => Err(several.iter().map(|token| token.id).collect()),
    }
}
