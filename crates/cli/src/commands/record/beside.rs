//! The plan beside the token that was used: what it has and did not use, and what it lacks.

use flarekeep_cloudflare as api;
use flarekeep_planner::Plan;
use flarekeep_policy::{Effect, Policy, Token};
use flarekeep_tokens::{IdentityOwner, identify, policy_from_wire};
use serde_json::{Value, json};

use crate::context::{Context, block_on, now};
use crate::output::table::table;
use crate::output::{CARE, FAINT, Output, plain, styled};
use crate::{place, secret};

/// A token's grants, held against what was called.
pub(super) struct Beside {
    name: String,
    id: String,
    /// Each as `GROUP at PLACE`.
    unused: Vec<String>,
    /// Operations that none of its policies allows.
    lacks: Vec<String>,
}

impl Beside {
    /// Reads the policies of the token in the environment, where somebody may: the credential that manages tokens, or the
    /// token itself. None where nobody may, or no token is given: that is no fault of the run.
    pub(super) fn read(context: &Context, plan: &Plan) -> Option<Self> {
        let credential = secret::given_subject(context).ok().flatten()?;
        let token = block_on(async {
            let subject = context.client(credential)?;
            let account = place::given_account(context).and_then(|text| text.parse().ok());
            let identity = identify(&subject, account).await?;
            let manager = context.optional_manager()?.unwrap_or(subject);
            let owner = match (identity.owner, account) {
                (IdentityOwner::Account, Some(account)) => api::Owner::Account(account),
                _ => api::Owner::User,
            };
            Ok(manager.tokens(owner).get(identity.id).await?)
        });
        token.ok().map(|token| Self::of(&token, plan))
    }

    fn of(token: &api::Token, plan: &Plan) -> Self {
        let policies: Vec<Policy> = token.policies.iter().filter_map(|policy| policy_from_wire(policy).ok()).collect();
        let allows = |policies: &[Policy], need: &flarekeep_planner::Need| {
            let request = need.request(plan.owner, now());
            Token::unconditional(plan.owner, policies.to_vec()).compile().decide(&request).allow
        };
        let lacks = plan.needs.iter().filter(|need| !allows(&policies, need)).map(|need| need.operation.to_string());
        let mut unused = Vec::new();
        for policy in policies.iter().filter(|policy| policy.effect == Effect::Allow) {
            for grant in &policy.groups {
                let Some(group) = grant.group() else { continue };
                for resource in &policy.resources {
                    let alone = [Policy::allowing(*grant, resource.clone())];
                    let used =
                        plan.needs.iter().any(|need| need.operation.accepts_group(group) && allows(&alone, need));
                    if !used {
                        unused.push(format!("{} at {}", group.name, place::in_words(&resource.to_string())));
                    }
                }
            }
        }
        unused.sort();
        unused.dedup();
        let mut lacks: Vec<String> = lacks.collect();
        lacks.dedup();
        Self { name: token.name.clone(), id: token.id.to_string(), unused, lacks }
    }

    pub(super) fn show(&self, output: Output) {
        const SHOWN: usize = 8;
        output.line(format!("\n  beside the token that was used, `{}`", plain(&self.name)));
        if self.unused.is_empty() && self.lacks.is_empty() {
            return output.line("    it has what was used, and nothing else that is known");
        }
        let rows = |word: &str, all: &[String]| -> Vec<[String; 2]> {
            let most = if output.verbose { all.len() } else { SHOWN };
            all.iter().take(most).map(|text| [word.to_owned(), plain(text)]).collect()
        };
        let mut all = rows(&styled(CARE, "lacks"), &self.lacks);
        all.extend(rows("not used", &self.unused));
        output.line(table(4, None, all));
        let more = (self.unused.len() + self.lacks.len()).saturating_sub(2 * SHOWN);
        if more > 0 && !output.verbose {
            output.line(styled(FAINT, "    and more (--verbose)"));
        }
    }

    pub(super) fn document(&self) -> Value {
        json!({ "id": self.id, "name": self.name, "unused": self.unused, "lacks": self.lacks })
    }
}
