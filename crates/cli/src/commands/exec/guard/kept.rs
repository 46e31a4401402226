//! Variables of a command that hold a credential under a name that no tool of Cloudflare's reads: pure, but for what is handed in.

use flarekeep_catalogue::credential::PREFIXES;
use flarekeep_catalogue::{Holds, variables as known};
use flarekeep_tokens::{Content, Variables};

/// What is shorter is a word, and stands anywhere.
const SHORTEST: usize = 24;

/// Takes away what else holds a credential: the value of a variable that is taken away or replaced (`TF_VAR_api_key`), or
/// whatever has the form of one.
pub(in crate::commands::exec) fn keep_back(variables: &mut Variables, environment: &[(String, String)]) {
    let is_set = |name: &str| variables.set.iter().any(|(set, _)| set == name);
    let is_secret = |name: &str| {
        let content = variables.set.iter().find(|(set, _)| set == name).map(|(_, content)| content);
        matches!(content, Some(Content::Value | Content::Secret))
            || variables.removed.iter().any(|other| other == name) && holds_secret(name)
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

/// Whether a variable holds a secret where it is set: an address, an e-mail address or the name of a file is none, and may
/// stand in others.
fn holds_secret(name: &str) -> bool {
    let is_secret =
        |holds| matches!(holds, Holds::Token | Holds::Key | Holds::S3KeyId | Holds::S3Secret | Holds::S3Other);
    known().any(|variable| variable.name == name && is_secret(variable.holds))
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
            ("CLOUDFLARE_EMAIL", "cloudflare-admin@example.com"),
            ("CLOUDFLARE_BASE_URL", "http://127.0.0.1:8787/client/v4"),
            ("PROBE_URL", "http://127.0.0.1:8787/client/v4/ips"),
            ("TF_VAR_key", &key),
            ("DEPLOY_HEADER", &format!("Authorization: Bearer {own}")),
            ("OTHER", &token),
            ("PATH", "/usr/bin"),
            ("GIT_AUTHOR_EMAIL", "cloudflare-admin@example.com"),
            ("PREFIX", "cfat_"),
            ("GITHUB_SHA", &"0b".repeat(20)),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let mut variables = Variables {
            set: vec![("CLOUDFLARE_API_TOKEN".to_owned(), Content::Value)],
            removed: ["CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL", "CLOUDFLARE_BASE_URL"].map(str::to_owned).into(),
        };
        keep_back(&mut variables, &environment);
        let kept = ["TF_VAR_key", "DEPLOY_HEADER", "OTHER"];
        assert_eq!(variables.removed[3..], kept);
    }
}
