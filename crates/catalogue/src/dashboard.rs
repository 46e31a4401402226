//! How the dashboard's form for tokens shows a group: three boxes, as in `Zone > DNS > Edit`.

use std::fmt;

use crate::group::{Group, Scope};
use crate::name::documented_names;
use crate::template::{Level, template_key};

/// The words at the end of a name that say its level; the dashboard writes Edit where the API writes Write.
const LEVELS: [(&str, &str); 9] = [
    ("read", "Read"),
    ("edit", "Edit"),
    ("write", "Edit"),
    ("revoke", "Revoke"),
    ("report", "Report"),
    ("run", "Run"),
    ("send", "Send"),
    ("bind", "Bind"),
    ("admin", "Admin"),
];

/// A group as a row of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DashboardRow {
    /// `Account`, `Zone` or `User`.
    pub scope: &'static str,
    /// What the group is for.
    pub resource: &'static str,
    /// How much it allows; empty where the name does not say.
    pub level: &'static str,
    /// Whether Cloudflare's page of permissions has the group. If not, the row is spelt by the page's rule, and the
    /// dashboard may spell it otherwise.
    pub on_the_page: bool,
}

impl Group {
    /// The group as the dashboard's form shows it; none where the form does not have the scope.
    #[must_use]
    pub fn dashboard(&self) -> Option<DashboardRow> {
        let scope = match self.scope {
            Scope::Account => "Account",
            Scope::Zone => "Zone",
            Scope::User => "User",
            Scope::Bucket | Scope::FlagshipApp | Scope::Unknown => return None,
        };
        let page = documented_names().iter().find(|name| self.id == Some(name.id)).map(|name| name.dashboard);
        let (name, on_the_page) = (page.unwrap_or(self.name), page.is_some());
        // Here the name of the product is the level, too: `Zone > Cache Purge > Purge`.
        if template_key(self).is_some_and(|key| key.level == Level::Purge) {
            return Some(DashboardRow { scope, resource: name, level: "Purge", on_the_page });
        }
        let level = |word: &str| LEVELS.into_iter().find(|(spelt, _)| spelt.eq_ignore_ascii_case(word));
        // The page's `DNS Write` is one of these: its other rows of the same column say Edit.
        let parts = name.rsplit_once(' ').and_then(|(rest, word)| Some((rest.trim_end_matches(':'), level(word)?.1)));
        let (resource, level) = parts.unwrap_or((name, ""));
        Some(DashboardRow { scope, resource, level, on_the_page })
    }
}

impl fmt::Display for DashboardRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} > {}", self.scope, self.resource)?;
        if self.level.is_empty() { Ok(()) } else { write!(f, " > {}", self.level) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::groups;
    use crate::name::resolve;

    fn row(name: &str) -> (String, bool) {
        let row = resolve(name).unwrap().0.dashboard().unwrap();
        (row.to_string(), row.on_the_page)
    }

    #[test]
    fn a_row_is_spelt_as_the_page_spells_it() {
        for (name, expected) in [
            ("Workers Scripts Write", "Account > Workers Scripts > Edit"),
            ("zone:Logs Read", "Zone > Logs > Read"),
            ("Cache Settings Write", "Zone > Cache Rules > Edit"),
            ("Cache Purge", "Zone > Cache Purge > Purge"),
            ("API Tokens Write", "User > API Tokens > Edit"),
            ("account:Access: Apps and Policies Revoke", "Account > Access: Apps and Policies > Revoke"),
            ("DNS Write", "Zone > DNS > Edit"),
        ] {
            assert_eq!(row(name), (expected.to_owned(), true));
        }
    }

    #[test]
    fn what_is_not_on_the_page_is_spelt_by_its_rule() {
        assert_eq!(row("DLS: Write"), ("Account > DLS > Edit".to_owned(), false));
        assert_eq!(row("SCIM Provisioning"), ("Account > SCIM Provisioning".to_owned(), false));
    }

    #[test]
    fn a_bucket_has_no_row() {
        assert_eq!(resolve("Workers R2 Storage Bucket Item Read").unwrap().0.dashboard(), None);
    }

    #[test]
    fn every_row_of_the_page_is_there_at_its_scope() {
        for row in groups().iter().filter_map(|group| Some((group, group.dashboard()?))) {
            let (group, row) = row;
            let levels = if row.level == "Edit" { vec!["Edit", "Write"] } else { vec![row.level] };
            let spellings = levels.into_iter().flat_map(|level| {
                [row.resource.to_owned(), format!("{} {level}", row.resource), format!("{}: {level}", row.resource)]
            });
            let spellings: Vec<String> = spellings.collect();
            let listed = documented_names().iter().any(|name| {
                Some(name.id) == group.id
                    && spellings.iter().any(|spelling| spelling.eq_ignore_ascii_case(name.dashboard))
            });
            assert_eq!(listed, row.on_the_page, "{row:?}");
        }
    }
}
