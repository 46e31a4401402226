//! From a spelling that people use to the permission group that is meant.

use crate::group::{Group, Scope, group_by_id, groups};
use crate::id::GroupId;
use crate::nearest::nearest;
use crate::tables;

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

/// The names of Cloudflare's permissions page.
pub fn documented_names() -> &'static [DocumentedName] {
    tables::documented_names()
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
    /// The name exists at more than one scope.
    #[error("`{given}` exists at more than one scope: write {}", choices.join(" or "))]
    Ambiguous {
        /// What was given.
        given: String,
        /// The spellings that tell the scopes apart.
        choices: Vec<String>,
    },
}

/// Finds the group that is meant by an id, a name in the dashboard's or the API's spelling, a former name, or one of
/// these behind its scope, as in `Zone:DNS:Edit`. Returns the remark on the spelling where there is one.
pub fn resolve(given: &str) -> Result<(&'static Group, Option<&'static str>), NameError> {
    if let Some(group) = given.trim().parse().ok().and_then(group_by_id) {
        return Ok((group, None));
    }
    // The name as the API writes it: no other spelling has to be looked at.
    let mut exact = groups().iter().filter(|group| group.name == given);
    if let (Some(group), None) = (exact.next(), exact.next()) {
        return Ok((group, None));
    }
    let words = normalised(given);
    if let Some(alias) = tables::aliases().iter().find(|alias| normalised(alias.spelling) == words)
        && let Some(group) = group_by_id(alias.id)
    {
        return Ok((group, Some(alias.note)));
    }
    let (scope, scoped) = scope_prefix(&words);
    let mut found = called(&words, None);
    if found.is_empty() && scope.is_some() {
        found = called(scoped, scope);
    }
    match found.as_slice() {
        [one] => Ok((one, None)),
        [] => Err(NameError::Unknown {
            given: given.escape_debug().take(120).collect(),
            nearest: nearest(given, groups().iter().map(|group| group.name.to_owned())),
        }),
        many => Err(NameError::Ambiguous {
            given: given.escape_debug().take(120).collect(),
            choices: many.iter().map(|group| format!("`{}:{}`", group.scope.word(), group.name)).collect(),
        }),
    }
}

/// The groups that carry this normalised name, at `scope` if one is given.
fn called(words: &str, scope: Option<Scope>) -> Vec<&'static Group> {
    let mut found: Vec<&'static Group> = groups()
        .iter()
        .filter(|group| {
            normalised(group.name) == words || group.former_names.iter().any(|name| normalised(name) == words)
        })
        .collect();
    let documented = documented_names()
        .iter()
        .filter(|name| normalised(name.dashboard) == words || normalised(name.api) == words)
        .filter_map(|name| group_by_id(name.id));
    for group in documented {
        if !found.contains(&group) {
            found.push(group);
        }
    }
    found.retain(|group| scope.is_none_or(|scope| group.scope == scope));
    found
}

/// Lower case, punctuation as spaces, and the dashboard's last word `edit` as the API's `write`.
fn normalised(name: &str) -> String {
    let spaced: String = name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let mut words: Vec<&str> = spaced.split_whitespace().collect();
    if let Some(last) = words.last_mut()
        && *last == "edit"
    {
        *last = "write";
    }
    words.join(" ")
}

/// Splits a leading scope word off a normalised name.
fn scope_prefix(words: &str) -> (Option<Scope>, &str) {
    for scope in [Scope::User, Scope::Account, Scope::Zone, Scope::Bucket] {
        if let Some(rest) = words.strip_prefix(scope.word()).and_then(|rest| rest.strip_prefix(' ')) {
            return (Some(scope), rest);
        }
    }
    (None, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_resolve_in_both_spellings_and_behind_their_scope() {
        for spelling in
            ["DNS Write", "dns edit", "Zone:DNS:Edit", "Zone > DNS > Edit", "4755a26eedb94da69e1066d98aa820be"]
        {
            assert_eq!(resolve(spelling).map(|(group, _)| group.name), Ok("DNS Write"), "{spelling}");
        }
    }

    #[test]
    fn the_odd_spellings_of_other_documents_resolve_with_a_remark() {
        let (group, remark) = resolve("Zone:Custom Hostnames:Edit").unwrap();
        assert_eq!(group.name, "SSL and Certificates Write");
        assert!(remark.is_some());
        let (group, _) = resolve("Account:Cloudflare R2:Edit").unwrap();
        assert_eq!(group.name, "Workers R2 Storage Write");
    }

    #[test]
    fn every_spelling_of_the_permission_guides_resolves() {
        let spellings = [
            ("Account:Read", "Account Settings Read"),
            ("Account Settings Read", "Account Settings Read"),
            ("Account:Cloudflare R2:Edit", "Workers R2 Storage Write"),
            ("Workers R2 Storage Write", "Workers R2 Storage Write"),
            ("Account:Cloudflare Workers:Edit", "Workers Scripts Write"),
            ("Workers Scripts Read", "Workers Scripts Read"),
            ("Workers Scripts Write", "Workers Scripts Write"),
            ("Workers Routes Write", "Workers Routes Write"),
            ("Zone:Cloudflare Workers Routes:Edit", "Workers Routes Write"),
            ("Zone:Read", "Zone Read"),
            ("Zone:Custom Hostnames:Edit", "SSL and Certificates Write"),
            ("SSL and Certificates Read", "SSL and Certificates Read"),
            ("User:API Tokens:Edit", "API Tokens Write"),
        ];
        for (spelling, name) in spellings {
            assert_eq!(resolve(spelling).map(|(group, _)| group.name), Ok(name), "{spelling}");
        }
    }

    #[test]
    fn every_documented_name_resolves_behind_its_scope_in_both_spellings() {
        for name in documented_names() {
            let group = group_by_id(name.id).unwrap();
            if name.api.starts_with("Page Shield") && group.scope == Scope::Zone {
                // The page may mean Domain Page Shield or Page Shield Write: nobody has said, so it is asked.
                assert!(matches!(resolve("zone:Page Shield Edit"), Err(NameError::Ambiguous { .. })));
                continue;
            }
            for spelling in [name.dashboard, name.api] {
                let spelling = format!("{}:{spelling}", group.scope.word());
                assert_eq!(resolve(&spelling).map(|(group, _)| group.id), Ok(Some(name.id)), "{spelling}");
            }
        }
    }

    #[test]
    fn a_name_at_two_scopes_asks_which() {
        assert!(matches!(resolve("Logs Read"), Err(NameError::Ambiguous { .. })));
        assert_eq!(resolve("zone:Logs Read").map(|(group, _)| group.scope), Ok(Scope::Zone));
    }

    #[test]
    fn an_unknown_name_offers_the_nearest() {
        let Err(NameError::Unknown { nearest, .. }) = resolve("Workers Scrpts Write") else { panic!("resolved") };
        assert_eq!(nearest.first().map(String::as_str), Some("Workers Scripts Write"));
    }
}
