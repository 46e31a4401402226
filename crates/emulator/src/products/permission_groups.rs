//! The list of permission groups.

use flarekeep_catalogue::{Group, Scope};
use serde_json::{Value, json};

use super::Handler;
use super::tokens::may_grant_somewhere;
use crate::http::{Answer, Call, Outcome};
use crate::state::State;
use crate::state::groups::{grantable, id_of};
use crate::world::World;

pub(super) const OPERATIONS: super::Table = &[
    ("GET /user/tokens/permission_groups", Handler::Read(list)),
    ("GET /accounts/{account_id}/tokens/permission_groups", Handler::Read(list)),
];

/// One page, whatever is asked for. Account-owned tokens hold no user groups, so the account's list has none.
fn list(call: &Call, state: &State) -> Outcome {
    let (name, scope) = (call.query("name"), call.query("scope"));
    let wanted = |group: &&'static Group| {
        name.as_deref().is_none_or(|name| name.eq_ignore_ascii_case(group.name))
            && scope.as_deref().is_none_or(|scope| scope == group.scope.key())
            && !(call.account.is_some() && group.scope == Scope::User)
    };
    let shown: Vec<Value> = grantable().filter(wanted).map(|group| shown(group, call, &state.world)).collect();
    let count = shown.len();
    let info = json!({"page": 1, "per_page": count.max(20), "count": count, "total_count": count, "total_pages": 1});
    Ok(Answer::listed(&shown.into(), &info))
}

fn shown(group: &Group, call: &Call, world: &World) -> Value {
    let mut shown = json!({
        "id": id_of(group).to_string(),
        "name": group.name,
        "scopes": [group.scope.key()],
        "is_selectable": may_grant_somewhere(call, group, world),
    });
    if let (Some(category), Some(object)) = (category(group), shown.as_object_mut()) {
        object.insert("category".to_owned(), category.into());
    }
    shown
}

/// The category as the API spells it: `ai_and_machine_learning`.
fn category(group: &Group) -> Option<String> {
    let words = group.category().to_ascii_lowercase().replace(['&', '/'], "and");
    let spelt = words.split_whitespace().collect::<Vec<_>>().join("_");
    (!spelt.is_empty()).then_some(spelt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_those_of_the_api() {
        const KNOWN: [&str; 13] = [
            "developer_platform",
            "ai_and_machine_learning",
            "dns_and_zones",
            "app_security",
            "rules_and_configuration",
            "cloudflare_one_and_zero_trust",
            "analytics_and_logs",
            "network_services",
            "media",
            "email_and_messaging",
            "cache_and_performance",
            "account_and_billing",
            "other",
        ];
        for category in grantable().filter_map(category) {
            assert!(KNOWN.contains(&category.as_str()), "{category}");
        }
    }
}
