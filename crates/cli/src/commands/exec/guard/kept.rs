//! Variables of a command that hold a credential under a name that no tool of Cloudflare's reads: pure, but for what is handed in.

use flarekeep_catalogue::credential::PREFIXES;
use flarekeep_tokens::{Content, Variables};

/// What is shorter is a word, as an account's name, and stands anywhere.
const SHORTEST: usize = 24;

/// Takes away what else holds a credential: the value of a variable that is taken away or replaced (`TF_VAR_api_key`), or
/// whatever has the form of one.
pub(in crate::commands::exec) fn keep_back(variables: &mut Variables, environment: &[(String, String)]) {
    let is_set = |name: &str| variables.set.iter().any(|(set, _)| set == name);
    let is_secret = |name: &str| {
        let content = variables.set.iter().find(|(set, _)| set == name).map(|(_, content)| content);
        matches!(content, Some(Content::Value | Content::Secret)) || variables.removed.iter().any(|other| other == name)
    };
    let secrets: Vec<&str> = environment
        .iter()
        .filter(|(name, value)| value.len() >= SHORTEST && is_secret(name))
        .map(|(_, value)| value.as_str())
        .collect();
    let holds_one = |value: &str| {
        let formed = PREFIXES.iter().any(|prefix| value.find(prefix).is_some_and(|at| value.len() - at >= SHORTEST));
        formed || secrets.iter().any(|secret| value.contains(secret))
    };
    let kept: Vec<String> = environment
        .iter()
        .filter(|(name, value)| !is_set(name) && !variables.removed.contains(name) && holds_one(value))
        .map(|(name, _)| name.clone())
        .collect();
    variables.removed.extend(kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_under_another_name_is_kept_back() {
        let (key, token) = ("0a".repeat(19), format!("cf{}_{}", "at", "aB3x".repeat(12)));
        let own = "aB3x".repeat(10);
        let environment: Vec<(String, String)> = [
            ("CLOUDFLARE_API_KEY", key.as_str()),
            ("CLOUDFLARE_API_TOKEN", &own),
            ("CLOUDFLARE_EMAIL", "ada@example.com"),
            ("TF_VAR_key", &key),
            ("DEPLOY_HEADER", &format!("Authorization: Bearer {own}")),
            ("OTHER", &token),
            ("PATH", "/usr/bin"),
            ("GIT_AUTHOR_EMAIL", "ada@example.com"),
            ("PREFIX", "cfat_"),
            ("GITHUB_SHA", &"0b".repeat(20)),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let mut variables = Variables {
            set: vec![("CLOUDFLARE_API_TOKEN".to_owned(), Content::Value)],
            removed: vec!["CLOUDFLARE_API_KEY".to_owned(), "CLOUDFLARE_EMAIL".to_owned()],
        };
        keep_back(&mut variables, &environment);
        let removed = ["CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL", "TF_VAR_key", "DEPLOY_HEADER", "OTHER"];
        assert_eq!(variables.removed, removed);
    }
}
