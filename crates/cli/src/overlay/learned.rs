//! What the overlay knows of single groups: ids that nobody had published, new names, new groups.

use flarekeep_catalogue::overlay::{Fact, GroupFact, Meeting, Overlay, contradictions, meetings};
use flarekeep_catalogue::{Group, NameError, unmistakable};
use serde_json::{Value, json};

use super::{alarm, day, heeded};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::plain;

/// The overlay of a live list that came from the API that the command speaks to.
pub(crate) struct Learned(Overlay);

/// An entry of the live list that the catalogue does not have just so.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) fact: GroupFact,
    /// The catalogue's group, where it has one.
    pub(crate) group: Option<&'static Group>,
    /// When the list was fetched.
    as_of: String,
    /// The call that gave it.
    source: String,
}

/// What a name stands for.
pub(crate) enum Found {
    /// A group of the catalogue, the remark on the spelling, and what the overlay has learned of the group.
    Known(&'static Group, Option<String>),
    /// A group that only the overlay has.
    New(Box<Entry>),
}

/// The group of this name: the catalogue's, else one that the overlay knows under it.
pub(crate) fn resolve(context: &Context, name: &str) -> Result<Result<Found, NameError>, CommandError> {
    let unknown = match flarekeep_catalogue::resolve(name) {
        Ok((group, remark)) => return Ok(Ok(Found::Known(group, remark.map(str::to_owned)))),
        Err(ambiguous @ NameError::Ambiguous { .. }) => return Ok(Err(ambiguous)),
        Err(unknown) => unknown,
    };
    let mut entries = Learned::read(context).map(|learned| learned.called(name)).unwrap_or_default();
    let Some(entry) = entries.pop() else { return Ok(Err(unknown)) };
    if !entries.is_empty() {
        entries.push(entry);
        return Err(ambiguous(name, &entries));
    }
    Ok(Ok(match entry.group {
        Some(group) => Found::Known(group, Some(format!("Cloudflare lists it so now ({})", entry.origin()))),
        None => Found::New(Box::new(entry)),
    }))
}

fn ambiguous(name: &str, entries: &[Entry]) -> CommandError {
    let asked = CommandError::usage(format!("`{}` means more than one permission", plain(name)))
        .because("the overlay has several of this name");
    entries.iter().fold(asked, |asked, entry| {
        let spelling = entry.group.map_or_else(|| entry.fact.id.to_string(), unmistakable);
        asked.hint(format!("write `{spelling}`"))
    })
}

impl Learned {
    /// The overlay, if there is one that has a list of this API.
    pub(crate) fn read(context: &Context) -> Option<Self> {
        heeded(context).filter(|overlay| overlay.groups.is_some()).map(Self)
    }

    /// The entries that the catalogue does not have just so: other ids, other names, new groups; by id.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let Some(facts) = &self.0.groups else { return Vec::new() };
        let news = |(fact, meeting): (&GroupFact, Meeting)| {
            let group = match meeting {
                Meeting::ById(group) | Meeting::ByName(group) | Meeting::AnotherId { group, .. } => Some(group),
                Meeting::Nobody => None,
            };
            let same = |group: &Group| group.id == Some(fact.id) && !renamed(group, fact);
            let (as_of, source) = (facts.as_of.clone(), facts.source.clone());
            (!group.is_some_and(same)).then(|| Entry { fact: fact.clone(), group, as_of, source })
        };
        meetings(facts).into_iter().filter_map(news).collect()
    }

    /// The entries of this id or name.
    fn called(&self, name: &str) -> Vec<Entry> {
        let bare = name.trim().trim_matches(['"', '\'', '`']);
        let (id, words) = (bare.parse().ok(), folded(bare));
        let mut entries = self.entries();
        entries.retain(|entry| Some(entry.fact.id) == id || !words.is_empty() && folded(&entry.fact.name) == words);
        entries
    }

    /// Warns of what the list denies of a group.
    pub(crate) fn warn_of(&self, context: &Context, group: &'static Group) {
        alarm::warn(context, &self.0, &contradictions(&self.0, &[Fact::Group(group)]));
    }

    /// The operations that accept a group by the newer schema of the overlay, by the name that it has there.
    pub(crate) fn accepting(&self, name: &str) -> Vec<String> {
        let operations = self.0.operations.iter().flat_map(|facts| &facts.operations);
        let accepting = operations.filter(|operation| operation.groups.iter().any(|group| group == name));
        accepting.map(|operation| format!("{} {}", operation.method, plain(&operation.path))).collect()
    }
}

impl Entry {
    /// Where and when it was learned.
    pub(crate) fn origin(&self) -> String {
        format!("{}, {}", plain(&self.source), day(&self.as_of))
    }

    /// The entry's name, where the catalogue's group has another one.
    pub(crate) fn new_name(&self) -> Option<String> {
        self.group.filter(|group| renamed(group, &self.fact)).map(|_| plain(&self.fact.name))
    }

    /// The id, where nobody had published one.
    pub(crate) fn learned_id(&self) -> Option<String> {
        self.group.filter(|group| group.id.is_none()).map(|_| self.fact.id.to_string())
    }

    /// Whether the name holds all of these words.
    pub(crate) fn holds(&self, words: &str) -> bool {
        let name = folded(&self.fact.name);
        let words = folded(words);
        !words.is_empty() && words.iter().all(|word| name.iter().any(|own| own.starts_with(word.as_str())))
    }

    pub(crate) fn document(&self) -> Value {
        json!({
            "id": self.fact.id.to_string(),
            "name": self.fact.name,
            "resources": self.fact.scopes,
            "as_of": self.as_of,
            "source": self.source,
        })
    }
}

fn renamed(group: &Group, fact: &GroupFact) -> bool {
    fact.name != group.name && !group.former_names().any(|former| former == fact.name)
}

/// The words of a name in lower case, with the dashboard's last word `edit` as the API's `write`.
fn folded(name: &str) -> Vec<String> {
    let mut words: Vec<String> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    if let Some(last) = words.last_mut().filter(|last| *last == "edit") {
        "write".clone_into(last);
    }
    words
}
