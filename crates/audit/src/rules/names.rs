//! What a token's name tells of where it is used. A guess, and findings that rest on it say so.
//!
//! Names of environments (`prod`, `staging`, `dev`) are not among the words: flarekeep's own names end in one, and it tells
//! nothing of a place. Nor are words of many meanings (`bot`, `home`).

/// Words of continuous integration and of programs that run there.
pub(super) const CI: &[&str] = &[
    "ci",
    "cd",
    "cicd",
    "github",
    "gitlab",
    "gha",
    "actions",
    "action",
    "workflow",
    "pipeline",
    "jenkins",
    "circleci",
    "buildkite",
    "drone",
    "travis",
    "bitbucket",
    "azuredevops",
    "teamcity",
    "argocd",
    "flux",
    "terraform",
    "atlantis",
    "pulumi",
    "spacelift",
    "renovate",
];

/// Words of machines whose address is as a rule their own.
pub(super) const SERVER: &[&str] = &[
    "server",
    "srv",
    "vps",
    "host",
    "backend",
    "cron",
    "nas",
    "router",
    "ddns",
    "k8s",
    "kubernetes",
    "cluster",
    "traefik",
    "caddy",
    "nginx",
    "certbot",
    "acme",
    "daemon",
    "worker01",
    "gateway",
];

/// Words of a desk.
pub(super) const LOCAL: &[&str] = &["local", "localhost", "laptop", "desktop", "macbook", "workstation"];

/// The first of `words` that is a word of the name.
pub(super) fn word_of(name: &str, words: &[&'static str]) -> Option<&'static str> {
    let mut parts = name.split(|c: char| !c.is_alphanumeric());
    parts.find_map(|part| words.iter().copied().find(|word| part.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customary_name_tells_nothing() {
        for name in
            ["shop-dns-prod", "shop-dns-staging", "shop-dns-dev", "shop-bot-management-prod", "shop-home-page-prod"]
        {
            assert!([CI, SERVER, LOCAL].iter().all(|words| word_of(name, words).is_none()), "{name}");
        }
    }

    #[test]
    fn whole_words_count_in_any_case() {
        assert_eq!(word_of("Shop CI deploy", CI), Some("ci"));
        assert_eq!(word_of("shop_github-actions", CI), Some("github"));
        assert_eq!(word_of("social", CI), None);
    }
}
