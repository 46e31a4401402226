//! A token of the API's list, made what is audited: by the reader that files are read by.

use flarekeep_audit::read::token_json;
use flarekeep_audit::{OwnedBy, Place, TokenRecord, TokenRef, Unread};
use flarekeep_catalogue::UserId;
use flarekeep_cloudflare::Owner;
use flarekeep_policy::document::user_in;
use serde_json::Value;

use crate::output::plain;

/// What became of one token of a list.
pub(super) enum Read {
    /// It can be read whole.
    Whole(Box<TokenRecord>),
    /// What it grants cannot be read; whether the API says it at all.
    InPart(Box<TokenRecord>, Unread, Said),
    /// It is none, or nobody knows which.
    Not(Unread),
}

/// Whether the API says what a token grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Yes,
    /// The schema lets a list leave it out; Cloudflare's lists do not.
    No,
}

/// Reads a token; `whose` says in words who owns it.
pub(super) fn read(token: &str, owner: Owner, whose: &str) -> Read {
    let read = |token: &str| token_json(token, owned_by(owner, None), Place::Live);
    let reason = match read(token) {
        Ok(record) if record.policies.is_some() => {
            let user = record.policies.as_deref().and_then(user_in);
            return Read::Whole(Box::new(TokenRecord { owner: owned_by(owner, user), ..record }));
        }
        Ok(record) => return in_part(record, whose, "the API says nothing of it", Said::No),
        Err(reason) => reason,
    };
    let mut token: Value = serde_json::from_str(token).unwrap_or_default();
    match read(&without_grants(&mut token)) {
        Ok(record) => in_part(TokenRecord { policies: None, ..record }, whose, &reason, Said::Yes),
        Err(_) => {
            let id = token.get("id").and_then(Value::as_str);
            let which = id.map_or_else(|| "a token".to_owned(), |id| format!("token {}", plain(id)));
            let why = format!("it is not what the API documents: {}", plain(&reason));
            Read::Not(Unread { what: format!("{which} of {whose}"), why })
        }
    }
}

fn owned_by(owner: Owner, user: Option<UserId>) -> OwnedBy {
    match owner {
        Owner::User => OwnedBy::User(user),
        Owner::Account(account) => OwnedBy::Account(account),
    }
}

/// The token without what it grants and where: it may be readable then.
fn without_grants(token: &mut Value) -> String {
    if let Some(fields) = token.as_object_mut() {
        fields.remove("policies");
        fields.remove("condition");
    }
    token.to_string()
}

fn in_part(record: TokenRecord, whose: &str, reason: &str, said: Said) -> Read {
    let what = format!("what token {} ({}) of {whose} grants", record.id, TokenRef::from(&record).name);
    Read::InPart(Box::new(record), Unread { what, why: plain(reason) }, said)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Read {
        super::read(&value.to_string(), Owner::User, "the user")
    }

    #[test]
    fn a_token_that_is_odd_is_said_to_be_and_kept_as_far_as_it_can_be_read() {
        let id = "ed17574386854bf78a67040be0a770b0";
        let policy = json!({"effect": "allow", "resources": {"com.cloudflare.api.account.*": "*"},
            "permission_groups": [{"id": "82e64a83756745bbbb1c9c2701bf816b"}]});
        let token = |policies: Value| json!({"id": id, "name": "x\u{1b}", "status": "active", "policies": policies});
        assert!(matches!(read(&token(json!([policy]))), Read::Whole(_)));
        for odd in [json!(7), json!([{"effect": "maybe"}])] {
            let Read::InPart(record, unread, Said::Yes) = read(&token(odd.clone())) else {
                panic!("it is not kept: {odd}")
            };
            assert_eq!(record.policies, None);
            assert!(unread.what.contains(id) && !unread.what.contains('\u{1b}'), "{}", unread.what);
        }
        let silent = json!({"id": id, "name": "x", "status": "active"});
        let no_groups = json!([{"effect": "allow", "resources": {"?": "*"}, "permission_groups": []}]);
        for silent in [silent, token(no_groups), token(json!([]))] {
            assert!(matches!(read(&silent), Read::InPart(_, _, Said::No)), "{silent}");
        }
        for none in [json!(null), json!([]), json!({"id": 5}), json!({"name": "x"})] {
            assert!(matches!(read(&none), Read::Not(_)));
        }
    }
}
