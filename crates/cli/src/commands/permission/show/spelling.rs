//! How a group is spelt, and by whom.

use flarekeep_catalogue::{DashboardRow, Group, UncertainName, aliases, documented_names, uncertain_names};

/// The spellings of a group.
pub(super) struct Spellings {
    /// As the dashboard's form shows it; none where the form does not have the scope.
    pub(super) dashboard: Option<DashboardRow>,
    /// Whether Cloudflare's permissions page has the name.
    pub(super) on_the_page: bool,
    /// All others but the API's.
    pub(super) others: Vec<Spelling>,
    /// What is uncertain about the name on the page.
    pub(super) doubt: Option<&'static UncertainName>,
}

/// One more spelling.
pub(super) struct Spelling {
    pub(super) spelling: &'static str,
    /// Whose it is, or what is to be said of it; empty for a former one.
    pub(super) whose: &'static str,
}

impl Spellings {
    pub(super) fn of(group: &Group) -> Self {
        let page = documented_names().iter().find(|name| Some(name.id) == group.id);
        let renamed = page.filter(|page| !page.exact);
        let on_page = renamed.into_iter().flat_map(|page| [page.dashboard, page.api]);
        let mut others: Vec<Spelling> =
            on_page.map(|spelling| Spelling { spelling, whose: "Cloudflare's permissions page" }).collect();
        others.dedup_by(|a, b| a.spelling == b.spelling);
        others.extend(group.former_names().map(|spelling| Spelling { spelling, whose: "" }));
        let aliases = aliases().iter().filter(|alias| Some(alias.id) == group.id);
        others.extend(aliases.map(|alias| Spelling { spelling: alias.spelling, whose: alias.note }));
        others.retain(|other| other.spelling != group.name);
        let doubt = uncertain_names().iter().find(|name| Some(name.id) == group.id);
        Self { dashboard: group.dashboard(), on_the_page: page.is_some(), others, doubt }
    }
}
