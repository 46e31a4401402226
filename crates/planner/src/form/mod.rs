//! A token's policies in the forms that people take them on in: a dashboard link, a guide, a call, Terraform, a workflow.
//!
//! A form is text and nothing else: none holds a credential, and whatever comes from outside (names, labels) is written
//! so that the reader of the form takes it as data. Ids that stand in for what nobody named stay what they are; the
//! caller puts words in their place.

mod commands;
mod curl;
mod dashboard;
mod edit;
mod github;
mod quote;
mod steps;
mod terraform;
mod url;
mod wrangler;

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::{AccountId, Group, RecipeCommand, Scope};
use flarekeep_policy::{Owner, Policy};
use ipnet::IpNet;
use serde_json::{Value, json};

pub use self::edit::{EditForms, TokenEdit, edit, roll_call};
use crate::name::usual_name;

/// A token that is to be made, before anybody made it.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenDraft {
    /// Its name; none where the reader chooses it.
    pub name: Option<String>,
    /// What it is for, in a word or two for names: `saas-platform`.
    pub purpose: Option<String>,
    /// A command that does the work, where there is one that fits everybody.
    pub command: Option<RecipeCommand>,
    /// Who is to own it.
    pub owner: Owner,
    /// What it is to grant.
    pub policies: Vec<Policy>,
    /// The addresses that may use it; none for no filter.
    pub allow_ips: Vec<IpNet>,
    /// When it ends, in RFC 3339.
    pub expires_on: Option<String>,
    /// When it begins, in RFC 3339.
    pub not_before: Option<String>,
    /// The account that the work is about.
    pub account: Option<AccountId>,
    /// Ids above that stand in for what nobody named.
    pub unnamed: BTreeSet<String>,
    /// What people call a resource, by its id: a zone's domain.
    pub labels: BTreeMap<String, String>,
    /// The arguments by which `flarekeep check` and `flarekeep token create` know the work.
    pub work: Vec<String>,
    /// Whether the policies are those of the recipe's documents, not the smallest ones.
    pub as_documented: bool,
}

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// The dashboard link that opens the token form filled in.
    Url,
    /// The guide to the dashboard's form.
    Steps,
    /// The call that makes the token.
    Curl,
    /// Terraform, for version 5 of the provider.
    Terraform,
    /// Terraform, for version 4 of the provider.
    TerraformV4,
    /// What a user of wrangler types.
    Wrangler,
    /// A part of a GitHub workflow.
    Github,
}

/// A token in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The form it has: the one that was asked for, but for a link that nothing could be put into, which becomes a guide.
    pub form: Form,
    /// The text, without a newline at its end.
    pub text: String,
    /// What the text leaves to be done by hand, in order.
    pub by_hand: Vec<String>,
}

/// Why a token has no such form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Version 4 of the Terraform provider has no resource for it.
    #[error("version 4 of the Terraform provider has no resource for an account's token")]
    AccountTokenInV4,
}

impl Form {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Steps => "steps",
            Self::Curl => "curl",
            Self::Terraform => "terraform",
            Self::TerraformV4 => "terraform-v4",
            Self::Wrangler => "wrangler",
            Self::Github => "github",
        }
    }
}

/// Writes a token in a form.
pub fn render(form: Form, draft: &TokenDraft) -> Result<Rendered, FormError> {
    match form {
        Form::Url => Ok(url::render(draft)),
        Form::Steps => Ok(steps::render(draft)),
        Form::Curl => Ok(curl::render(draft)),
        Form::Terraform => Ok(terraform::render(draft, terraform::Version::Five)),
        Form::TerraformV4 if matches!(draft.owner, Owner::Account(_)) => Err(FormError::AccountTokenInV4),
        Form::TerraformV4 => Ok(terraform::render(draft, terraform::Version::Four)),
        Form::Wrangler => Ok(wrangler::render(draft)),
        Form::Github => Ok(github::render(draft)),
    }
}

/// The dashboard's page of an owner's tokens: its link, and the menus that lead there.
#[must_use]
pub fn dashboard_page(owner: Owner) -> (&'static str, &'static str) {
    dashboard::page(owner)
}

impl TokenDraft {
    /// A token of this owner that grants nothing yet, and whose name and limits nobody has named.
    #[must_use]
    pub fn of(owner: Owner) -> Self {
        Self {
            name: None,
            purpose: None,
            command: None,
            owner,
            policies: Vec::new(),
            allow_ips: Vec::new(),
            expires_on: None,
            not_before: None,
            account: None,
            unnamed: BTreeSet::new(),
            labels: BTreeMap::new(),
            work: Vec::new(),
            as_documented: false,
        }
    }

    /// The condition on the client's address as the API takes it. An empty list would let nobody in: there is none.
    #[must_use]
    pub fn condition(&self) -> Option<Value> {
        let ranges: Vec<String> = self.allow_ips.iter().map(ToString::to_string).collect();
        (!ranges.is_empty()).then(|| json!({ "request_ip": { "in": ranges } }))
    }

    /// The known groups that the policies grant, each once, in order.
    fn groups(&self) -> Vec<&'static Group> {
        let mut groups: Vec<&'static Group> = Vec::new();
        for group in self.policies.iter().flat_map(Policy::known_groups) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }

    /// The groups whose id nobody has published.
    fn without_id(&self) -> Vec<&'static Group> {
        self.groups().into_iter().filter(|group| group.id.is_none()).collect()
    }

    /// The id and, where there is one, what people call it; that alone where the id stands in for it.
    fn called(&self, id: &str) -> String {
        match self.labels.get(id) {
            Some(label) if self.unnamed.contains(id) => quote::one_line(label),
            Some(label) => format!("{} ({id})", quote::one_line(label)),
            None => id.to_owned(),
        }
    }

    /// Whether a permission is for buckets: R2 takes it on the S3 API alone.
    fn grants_at_buckets(&self) -> bool {
        self.groups().iter().any(|group| group.scope == Scope::Bucket)
    }

    /// The name, or the usual one. A form that is pasted must work, and must not call a token by a word that stands for
    /// a name.
    fn name_or_usual(&self) -> String {
        self.name.clone().unwrap_or_else(|| usual_name(self.purpose.as_deref().unwrap_or("token")))
    }

    /// The name, or the pattern for one, for people who type it.
    fn name_or_pattern(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            let purpose = self.purpose.as_deref().unwrap_or("{purpose}");
            format!("{{project}}-{purpose}-{{environment}}")
        })
    }
}

#[cfg(test)]
pub(crate) mod samples;
