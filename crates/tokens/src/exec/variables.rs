//! What a command finds in its environment: the names that its tools read, and none that would give it more.

use std::process::Command;

use flarekeep_catalogue::{AccountId, Holds, TokenId, Variable, ZoneId, operations, variables};
use flarekeep_policy::{Effect, Policy};
use secrecy::{ExposeSecret, SecretString};

use crate::r2_keys::KeyPair;

/// What S3 clients give for R2's region (docs: r2/api/s3/api).
const REGION: &str = "auto";

/// What is known of the place where a command works.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The account.
    pub account: Option<AccountId>,
    /// The zone.
    pub zone: Option<ZoneId>,
    /// Where the API is, if that is not Cloudflare's own address.
    pub api: Option<String>,
    /// The recipes whose work the command does: their tools may read names of their own.
    pub recipes: Vec<String>,
    /// Whether the token may be used at R2's S3 face.
    pub s3: bool,
    /// Where that is; what the command finds already stays where nobody knows.
    pub s3_endpoint: Option<String>,
    /// Whether the S3 keys that are set already are R2's: others are none of Cloudflare's business.
    pub s3_keys_are_r2s: bool,
    /// More names for the value.
    pub more: Vec<String>,
    /// Variables of a Global API key that a program would read from a file where they are not set: they are set, to
    /// nothing.
    pub emptied: Vec<String>,
}

/// What becomes of the variables of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables {
    /// Those that are set, and to what.
    pub set: Vec<(String, Content)>,
    /// Those that were there and are taken away.
    pub removed: Vec<String>,
}

/// What a variable is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The token's value.
    Value,
    /// The token's id, which is its access key at the S3 face.
    KeyId,
    /// The SHA-256 of the value in lower-case hexadecimal, which is the secret there (docs: r2/api/tokens).
    Secret,
    /// This, which is no secret.
    Text(String),
}

impl Surroundings {
    fn is_read(&self, variable: &Variable) -> bool {
        variable.is_read_for(None) || self.recipes.iter().any(|recipe| variable.is_read_for(Some(recipe)))
    }
}

impl Variables {
    /// What becomes of the variables of a command that is started where these are set.
    #[must_use]
    pub fn for_command(around: &Surroundings, present: &[String]) -> Self {
        let mut set: Vec<(String, Content)> = Vec::new();
        for variable in variables().filter(|variable| around.is_read(variable)) {
            let text = |id: Option<String>| id.map(Content::Text);
            let content = match variable.holds {
                Holds::Token => Some(Content::Value),
                Holds::Account => text(around.account.map(|id| id.to_string())),
                Holds::Zone => text(around.zone.map(|id| id.to_string())),
                Holds::Api => text(around.api.clone()),
                Holds::S3KeyId => around.s3.then_some(Content::KeyId),
                Holds::S3Secret => around.s3.then_some(Content::Secret),
                Holds::S3Region => text(around.s3.then(|| REGION.to_owned())),
                Holds::S3Endpoint => text(around.s3_endpoint.clone().filter(|_| around.s3)),
                Holds::Key | Holds::Email | Holds::S3Other => None,
            };
            set.extend(content.map(|content| (variable.name.to_owned(), content)));
        }
        let is_set = |set: &[(String, Content)], name: &str| set.iter().any(|(other, _)| other == name);
        for name in &around.more {
            set.retain(|(other, _)| other != name);
            set.push((name.clone(), Content::Value));
        }
        for name in &around.emptied {
            if !is_set(&set, name) {
                set.push((name.clone(), Content::Text(String::new())));
            }
        }
        let removed = present.iter().filter(|name| !is_set(&set, name) && is_in_the_way(name, around));
        let removed = removed.cloned().collect();
        Self { set, removed }
    }

    /// Puts them into the environment that a command will have.
    pub fn put_into(&self, command: &mut Command, token: TokenId, value: &SecretString) {
        for name in &self.removed {
            command.env_remove(name);
        }
        for (name, content) in &self.set {
            match content {
                Content::Value => command.env(name, value.expose_secret()),
                Content::KeyId => command.env(name, token.to_string()),
                Content::Secret => command.env(name, KeyPair::derived(token, value).secret_access_key.expose_secret()),
                Content::Text(text) => command.env(name, text),
            };
        }
    }
}

/// Whether a variable would give the command another credential than the token, or send it elsewhere.
fn is_in_the_way(name: &str, around: &Surroundings) -> bool {
    variables().filter(|variable| variable.is_named(name)).any(|variable| match variable.holds {
        Holds::S3Other => around.s3 || around.s3_keys_are_r2s,
        Holds::S3KeyId | Holds::S3Secret => around.s3_keys_are_r2s,
        Holds::Api => around.api.is_none(),
        _ => variable.is_of_a_credential(),
    })
}

/// Whether policies allow anything at R2's S3 face: their token is a pair of keys there, too.
#[must_use]
pub fn grants_s3(policies: &[Policy]) -> bool {
    let mut groups = policies.iter().filter(|policy| policy.effect == Effect::Allow).flat_map(Policy::known_groups);
    groups.any(|group| operations().iter().any(|operation| operation.names_bucket() && operation.accepts_group(group)))
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::resolve;
    use flarekeep_policy::{Grant, Resource};

    use super::*;

    const ACCOUNT: AccountId = AccountId::from_u128(0xa1);

    fn names(variables: &Variables) -> Vec<&str> {
        variables.set.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn present(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_command_gets_the_names_that_its_tools_read() {
        let bare = Variables::for_command(&Surroundings::default(), &[]);
        assert_eq!(bare.set, [("CLOUDFLARE_API_TOKEN".to_owned(), Content::Value)]);
        let around = Surroundings { account: Some(ACCOUNT), recipes: present(&["lego-dns01"]), ..Default::default() };
        let lego = Variables::for_command(&around, &[]);
        assert_eq!(names(&lego), ["CLOUDFLARE_API_TOKEN", "CF_DNS_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID"]);
        let around =
            Surroundings { more: present(&["DNS_TOKEN"]), api: Some("http://x".to_owned()), ..Default::default() };
        let more = ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_BASE_URL", "CLOUDFLARE_BASE_URL", "DNS_TOKEN"];
        assert_eq!(names(&Variables::for_command(&around, &[])), more);
    }

    #[test]
    fn nothing_that_gives_more_is_left() {
        let others = ["PATH", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "CLOUDFLARE_ACCOUNT_ID"];
        let wider = [
            "CLOUDFLARE_API_KEY",
            "CLOUDFLARE_GLOBAL_KEY",
            "CLOUDFLARE_EMAIL",
            "CF_API_KEY_FILE",
            "FLAREKEEP_ADMIN_TOKEN",
            "CF_DNS_API_TOKEN",
            "CLOUDFLARE_BASE_URL",
        ];
        let all = [&others[..], &wider[..], &["CLOUDFLARE_API_TOKEN"]].concat();
        let variables = Variables::for_command(&Surroundings::default(), &present(&all));
        assert_eq!(variables.removed, wider);
        let around = Surroundings { s3_keys_are_r2s: true, ..Surroundings::default() };
        let keys = present(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"]);
        assert_eq!(Variables::for_command(&around, &keys).removed, keys[..2]);
        let around = Surroundings { emptied: present(&["CLOUDFLARE_API_KEY"]), ..Surroundings::default() };
        let variables = Variables::for_command(&around, &present(&["CLOUDFLARE_API_KEY"]));
        assert_eq!(variables.set.last(), Some(&("CLOUDFLARE_API_KEY".to_owned(), Content::Text(String::new()))));
        assert!(variables.removed.is_empty());
    }

    #[test]
    fn a_token_of_buckets_is_a_pair_of_keys() {
        let endpoint = Some("https://r2.example".to_owned());
        let around = Surroundings { s3: true, s3_endpoint: endpoint, ..Surroundings::default() };
        let variables = Variables::for_command(&around, &present(&["AWS_SESSION_TOKEN", "AWS_PROFILE"]));
        let pair = [
            "CLOUDFLARE_API_TOKEN",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_ENDPOINT_URL_S3",
        ];
        assert_eq!(names(&variables), pair);
        assert_eq!(variables.removed, ["AWS_SESSION_TOKEN", "AWS_PROFILE"]);
    }

    #[test]
    fn buckets_and_accounts_r2_are_told_from_all_else() {
        let grants = |name, effect| {
            let groups = vec![Grant::Group(resolve(name).unwrap().0)];
            grants_s3(&[Policy { effect, resources: vec![Resource::Account(ACCOUNT)], groups }])
        };
        assert!(grants("Workers R2 Storage Bucket Item Read", Effect::Allow));
        assert!(grants("Workers R2 Storage Write", Effect::Allow));
        assert!(!grants("Workers R2 Storage Write", Effect::Deny));
        assert!(!grants("Workers Scripts Write", Effect::Allow));
    }
}
