//! The pages of docs/rules, so that a program can show them.

macro_rules! pages {
    ($($id:literal),* $(,)?) => {
        &[$(($id, include_str!(concat!("../../../../docs/rules/", $id, ".md")))),*]
    };
}

static PAGES: &[(&str, &str)] = pages![
    "all-accounts",
    "all-zones",
    "broad-template",
    "deprecated-group",
    "disabled",
    "expired",
    "expires-soon",
    "exposed",
    "global-key-in-use",
    "implied-group",
    "ineffective-grant",
    "locked-out",
    "manages-members",
    "many-purposes",
    "mints-tokens",
    "misplaced-ip-condition",
    "name-pattern",
    "near-quota",
    "never-used",
    "no-expiry",
    "no-ip-condition",
    "not-rotated",
    "open-ip-condition",
    "reaches-by-code",
    "shared-token",
    "unexercised-grants",
    "unknown-status",
    "unproved-grant",
    "unused",
    "user-token-in-ci",
];

/// The page of a rule, as Markdown; empty where there is none.
pub(crate) fn page(id: &str) -> &'static str {
    PAGES.iter().find(|(rule, _)| *rule == id).map_or("", |(_, page)| page)
}
