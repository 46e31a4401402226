//! Where the credential may not change the token: who may, and how it is done by hand.

use flarekeep_catalogue::AccountId;
use flarekeep_cloudflare as api;
use flarekeep_planner::{EditForms, TokenDraft, TokenEdit, edit};
use flarekeep_policy::{Owner, Policy};
use flarekeep_tokens::{Fix, UNNAMED_USER, Wish};
use serde_json::json;

use super::named::Named;
use crate::context::{Context, now};
use crate::error::CommandError;
use crate::output::{BAD, STRONG, plain, styled};
use crate::place;

/// A change that this credential may not make.
pub(super) struct Without<'a> {
    pub(super) context: &'a Context,
    pub(super) named: &'a Named,
    pub(super) wish: &'a Wish<'a>,
    /// The change, where the token could be read.
    pub(super) fix: Option<&'a Fix>,
}

impl Without<'_> {
    /// Prints who may make the change, the steps, and the call.
    pub(super) fn tell(&self, grants: Vec<Policy>, account: Option<AccountId>) -> Result<(), CommandError> {
        let output = self.context.output;
        let forms = edit(&self.edit(grants, account));
        let forms = EditForms {
            link: forms.link,
            steps: forms.steps.iter().map(|step| place::in_words(step)).collect(),
            call: place::in_words(&forms.call),
        };
        let who = self.who();
        let name = self.name().map(|name| format!(" ({})", plain(&name))).unwrap_or_default();
        let token = match self.named.id {
            Some(id) => format!("change token {id}{name}"),
            None => format!("change tokens, nor see which is meant{name}"),
        };
        output.document(&json!({
            "token": { "id": self.named.id.map(|id| id.to_string()), "name": self.name() },
            "changed": false,
            "by_hand": { "credential": who, "link": forms.link, "steps": forms.steps, "call": forms.call },
        }));
        output.line(format!("{}: this credential may not {token}", styled(BAD, "not changed")));
        output.line(format!("who may: {who}\n"));
        output.line(styled(STRONG, "By hand, in the dashboard:"));
        for (at, step) in forms.steps.iter().enumerate() {
            output.line(format!("{:>3}. {step}", at + 1));
        }
        output.line(format!("\n{}\n", styled(STRONG, "Or by the API, with such a token in FLAREKEEP_ADMIN_TOKEN:")));
        output.line(&forms.call);
        Ok(())
    }

    /// The credential that may.
    fn who(&self) -> String {
        match self.named.owner {
            api::Owner::User => {
                "the Global API key of its user (CLOUDFLARE_EMAIL with CLOUDFLARE_API_KEY), or a token of \
                                 that user with API Tokens Write (FLAREKEEP_ADMIN_TOKEN)"
                    .to_owned()
            }
            api::Owner::Account(account) => format!(
                "a token with Account API Tokens Write at account {account} (FLAREKEEP_ADMIN_TOKEN), or the Global API \
                 key of one of its administrators (CLOUDFLARE_EMAIL with CLOUDFLARE_API_KEY)"
            ),
        }
    }

    fn name(&self) -> Option<String> {
        self.fix.map(|fix| fix.token.name.clone()).or_else(|| self.named.name.clone())
    }

    fn edit(&self, policies: Vec<Policy>, account: Option<AccountId>) -> TokenEdit {
        let wish = self.wish;
        let owner = match self.named.owner {
            api::Owner::User => Owner::User(UNNAMED_USER),
            api::Owner::Account(account) => Owner::Account(account),
        };
        let begun = wish.not_before.filter(|start| start.as_second() <= now().0);
        let draft = TokenDraft {
            name: self.name(),
            policies,
            allow_ips: wish.allow.clone(),
            expires_on: wish.expires_on.map(|time| time.to_string()),
            not_before: wish.not_before.filter(|_| begun.is_none()).map(|time| time.to_string()),
            account,
            unnamed: place::stand_ins(),
            ..TokenDraft::of(owner)
        };
        TokenEdit {
            draft,
            lifts: self.fix.map_or_else(|| wish.lifts.clone(), |fix| fix.lifts.clone()),
            enable: wish.enable,
            begun: begun.is_some(),
            whole: self.fix.and_then(|fix| serde_json::to_value(fix.update()).ok()),
            ..TokenEdit::of(owner, self.named.id)
        }
    }
}
