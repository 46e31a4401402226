//! From a spelling that people use to the permission group that is meant.

mod spelling;

use crate::group::{Group, Scope, group_by_id, groups};
use crate::id::GroupId;
use crate::nearest::nearest;
use crate::tables;

use self::spelling::{Reading, readings};
pub(crate) use self::spelling::{is_level, spells, stem, words};

/// A name on Cloudflare's permissions page, in both of its spellings.
#[derive(Debug)]
pub struct DocumentedName {
    /// The dashboard's spelling, as in `Workers Scripts Edit`.
    pub dashboard: &'static str,
    /// The page's API spelling, as in `Workers Scripts Write`.
    pub api: &'static str,
    /// The group that is meant.
    pub id: GroupId,
    /// Whether the API calls the group just that.
    pub exact: bool,
}

/// A spelling met in other documents that no list of Cloudflare's has.
#[derive(Debug)]
pub struct Alias {
    /// The spelling.
    pub spelling: &'static str,
    /// The group that is meant.
    pub id: GroupId,
    /// What is wrong with the spelling.
    pub note: &'static str,
}

/// A name of Cloudflare's page that may mean either of two groups, and which one it is taken for.
#[derive(Debug)]
pub struct UncertainName {
    /// The scope at which the page lists the name.
    pub scope: Scope,
    /// The name, in the page's API spelling.
    pub name: &'static str,
    /// The group that it is taken for.
    pub id: GroupId,
    /// The group that it may mean instead.
    pub may_mean: GroupId,
    /// The doubt, in words.
    pub note: &'static str,
    /// Where the doubt comes from.
    pub source: &'static str,
}

/// The names of Cloudflare's permissions page.
pub fn documented_names() -> &'static [DocumentedName] {
    tables::documented_names()
}

/// The spellings of other documents.
pub fn aliases() -> &'static [Alias] {
    tables::aliases()
}

/// The names of Cloudflare's page that may mean either of two groups.
pub fn uncertain_names() -> &'static [UncertainName] {
    tables::uncertain_names()
}

/// Why a spelling names no single group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No group is called so.
    #[error("no permission group `{given}`")]
    Unknown {
        /// What was given.
        given: String,
        /// The names that are spelt most like it.
        nearest: Vec<String>,
    },
    /// The name means more than one group, as a rule one at each of two scopes.
    #[error("`{given}` means more than one permission group: write {}", quoted(choices).join(" or "))]
    Ambiguous {
        /// What was given.
        given: String,
        /// The groups that it may mean.
        groups: Vec<&'static Group>,
        /// For each of them the spelling that means it alone.
        choices: Vec<String>,
    },
}

/// Said of a group whose scope nobody has published, where it was asked for at one.
const SCOPE_UNKNOWN: &str = "at which scope this group takes effect is not known";

/// Finds the group that is meant by an id, a name in the dashboard's or the API's spelling, a former name, or one of
/// these behind its scope, as in `Zone:DNS:Edit`, `com.cloudflare.api.account.zone DNS Write` or `DNS Write (zone)`.
/// Case and punctuation do not matter. Returns the remark on the spelling where there is one.
pub fn resolve(given: &str) -> Result<(&'static Group, Option<&'static str>), NameError> {
    resolve_exactly(given).unwrap_or_else(|| {
        Err(NameError::Unknown {
            given: shortened(given),
            nearest: nearest(given, groups().iter().map(|group| group.name.to_owned())),
        })
    })
}

/// The same, without a look for the nearest names where nothing is called so.
pub(crate) fn resolve_exactly(given: &str) -> Option<Result<(&'static Group, Option<&'static str>), NameError>> {
    let bare = given.trim().trim_matches(['"', '\'', '`']);
    if let Some(group) = bare.parse().ok().and_then(group_by_id) {
        return Some(Ok((group, None)));
    }
    for reading in readings(bare) {
        if let Some(alias) = aliases().iter().find(|alias| spells(alias.spelling, &reading.words))
            && let Some(group) = group_by_id(alias.id)
        {
            return Some(Ok((group, Some(alias.note))));
        }
        let (found, remark) = called(&reading);
        match found.as_slice() {
            [one] => return Some(Ok((one, remark))),
            [] => {}
            many => {
                let choices = many.iter().map(|group| unmistakable(group)).collect();
                return Some(Err(NameError::Ambiguous { given: shortened(given), choices, groups: found }));
            }
        }
    }
    None
}

/// The shortest spelling that means this group and no other.
pub fn unmistakable(group: &Group) -> String {
    let means_it = |spelling: &str| {
        readings(spelling).find_map(|reading| Some(called(&reading).0).filter(|found| !found.is_empty()))
            == groups().get(usize::from(group.index)).map(|group| vec![group])
    };
    let scoped = format!("{}:{}", group.scope, group.name);
    match group.id {
        _ if means_it(group.name) => group.name.to_owned(),
        Some(id) if !means_it(&scoped) => id.to_string(),
        _ => scoped,
    }
}

/// The groups that carry the name of this reading, and what is to be said about that.
fn called(reading: &Reading<'_>) -> (Vec<&'static Group>, Option<&'static str>) {
    let words = &reading.words;
    let doubt = uncertain_names()
        .iter()
        .find(|uncertain| reading.scope.is_none_or(|scope| scope == uncertain.scope) && spells(uncertain.name, words));
    let remark = doubt.map(|doubt| doubt.note);
    if let (Some(doubt), Some(_)) = (doubt, reading.scope) {
        return (group_by_id(doubt.id).into_iter().collect(), remark);
    }
    let mut found: Vec<&'static Group> = groups()
        .iter()
        .filter(|group| spells(group.name, words) || group.former_names().any(|name| spells(name, words)))
        .collect();
    let documented = documented_names()
        .iter()
        .filter(|name| spells(name.dashboard, words) || spells(name.api, words))
        .filter_map(|name| group_by_id(name.id));
    for group in documented {
        if !found.contains(&group) {
            found.push(group);
        }
    }
    let Some(scope) = reading.scope else { return (found, remark) };
    let (placed, unplaced): (Vec<_>, Vec<_>) = found.into_iter().partition(|group| group.scope != Scope::Unknown);
    let there: Vec<_> = placed.into_iter().filter(|group| group.scope == scope).collect();
    match there.is_empty() {
        true => (unplaced, Some(SCOPE_UNKNOWN)),
        false => (there, remark),
    }
}

fn quoted(choices: &[String]) -> Vec<String> {
    choices.iter().map(|choice| format!("`{choice}`")).collect()
}

/// What was given, without control characters and cut short.
fn shortened(given: &str) -> String {
    given.escape_debug().take(120).collect()
}
