//! A token as the API writes it.

use std::collections::BTreeMap;
use std::fmt;

use flarekeep_catalogue::{GroupId, TokenId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::condition::{self, Condition};
use crate::wire;

/// A token, without its value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Token {
    /// Its id: no secret.
    #[serde(with = "wire::id")]
    pub id: TokenId,
    /// Its name, at most 120 characters. Names are not unique.
    pub name: String,
    /// Whether it may be used.
    #[serde(default)]
    pub status: Status,
    /// When it was made.
    #[serde(default, with = "wire::seconds")]
    pub issued_on: Option<Timestamp>,
    /// When it was last changed.
    #[serde(default, with = "wire::seconds")]
    pub modified_on: Option<Timestamp>,
    /// When it was last used, as far as Cloudflare knows.
    #[serde(default, with = "wire::seconds")]
    pub last_used_on: Option<Timestamp>,
    /// It is valid from here on.
    #[serde(default, with = "wire::seconds")]
    pub not_before: Option<Timestamp>,
    /// It is valid until here.
    #[serde(default, with = "wire::seconds")]
    pub expires_on: Option<Timestamp>,
    /// From where it may be used.
    #[serde(default)]
    pub condition: Option<Condition>,
    /// What it grants.
    pub policies: Vec<Policy>,
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NewToken {
    /// Its name, 1 to 120 characters.
    pub name: String,
    /// What it grants.
    pub policies: Vec<Policy>,
    /// From where it may be used.
    #[serde(skip_serializing_if = "condition::is_void")]
    pub condition: Option<Condition>,
    /// It is valid from here on.
    #[serde(with = "wire::seconds", skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// It is valid until here.
    #[serde(with = "wire::seconds", skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Timestamp>,
}

/// What a token shall be from now on. It replaces all of the token but its id and value: what is left out is removed.
/// Start from the token as it is (`TokenUpdate::from(&token)`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TokenUpdate {
    /// Its name, 1 to 120 characters.
    pub name: String,
    /// Active or disabled; `None` leaves it to Cloudflare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// What it grants.
    pub policies: Vec<Policy>,
    /// From where it may be used.
    #[serde(skip_serializing_if = "condition::is_void")]
    pub condition: Option<Condition>,
    /// It is valid from here on.
    #[serde(with = "wire::seconds", skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// It is valid until here.
    #[serde(with = "wire::seconds", skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Timestamp>,
}

/// One entry of a token: groups at resources. The API keeps no order of policies, nor of groups in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The policy's own id; read only.
    #[serde(default, skip_serializing)]
    pub id: Option<String>,
    /// Whether it grants or withholds.
    pub effect: Effect,
    /// Where: resource keys and what of them is meant.
    pub resources: BTreeMap<String, ResourceValue>,
    /// What.
    pub permission_groups: Vec<GroupReference>,
}

/// Whether a policy grants or withholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Grants.
    Allow,
    /// Withholds, whatever other policies grant.
    Deny,
}

/// What of a resource is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ResourceValue {
    /// The resource itself, written `"*"`.
    #[serde(with = "star")]
    All,
    /// Resources in it, as all zones of one account: `{"com.cloudflare.api.account.zone.*": "*"}`.
    Nested(BTreeMap<String, String>),
    /// A text that the API does not document. It is kept, so that an update does not lose it.
    Other(String),
}

/// A permission group in a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupReference {
    /// Its id, which is all that is written.
    #[serde(with = "wire::id")]
    pub id: GroupId,
    /// Its name, which is only read.
    #[serde(default, skip_serializing)]
    pub name: Option<String>,
}

/// Whether a token may be used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Status {
    /// In use.
    Active,
    /// Switched off; it can be switched on again.
    Disabled,
    /// Past its time.
    Expired,
    /// Any other, such as `revoked (exposed)`: Cloudflare found the value in public. Control characters are escaped.
    Other(String),
}

impl From<&Token> for TokenUpdate {
    /// The token as it is. Only a status that can be written is taken along.
    fn from(token: &Token) -> Self {
        let status = matches!(token.status, Status::Active | Status::Disabled).then(|| token.status.clone());
        Self {
            name: token.name.clone(),
            status,
            policies: token.policies.clone(),
            condition: token.condition.clone(),
            not_before: token.not_before,
            expires_on: token.expires_on,
        }
    }
}

impl From<GroupId> for GroupReference {
    fn from(id: GroupId) -> Self {
        Self { id, name: None }
    }
}

impl Default for Status {
    /// What is shown for an answer that does not say.
    fn default() -> Self {
        Self::Other("unknown".to_owned())
    }
}

impl From<String> for Status {
    fn from(text: String) -> Self {
        match text.as_str() {
            "active" => Self::Active,
            "disabled" => Self::Disabled,
            "expired" => Self::Expired,
            other => Self::Other(crate::text::shown(other, "")),
        }
    }
}

impl From<Status> for String {
    fn from(status: Status) -> Self {
        status.to_string()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Other(text) => text,
        })
    }
}

/// The text `"*"`, and no other.
mod star {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str("*")
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<(), D::Error> {
        match String::deserialize(from)?.as_str() {
            "*" => Ok(()),
            _ => Err(de::Error::custom("not `*`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "com.cloudflare.api.account.023e105f4ecef8ad9ca31a8372d0c353";

    fn policy() -> Policy {
        serde_json::from_value(serde_json::json!({
            "id": "f267e341f3dd4697bd3b9f71dd96247f",
            "effect": "allow",
            "resources": {ACCOUNT: {"com.cloudflare.api.account.zone.*": "*"}, "other": "*", "odd": "?"},
            "permission_groups": [{"id": "82e64a83756745bbbb1c9c2701bf816b", "name": "DNS Read", "meta": {"scopes": "x"}}]
        }))
        .unwrap()
    }

    #[test]
    fn a_policy_is_read_whole_and_written_without_what_the_api_adds() {
        let policy = policy();
        assert_eq!(policy.permission_groups[0].name.as_deref(), Some("DNS Read"));
        assert_eq!(policy.resources["other"], ResourceValue::All);
        assert_eq!(policy.resources["odd"], ResourceValue::Other("?".to_owned()));
        assert_eq!(
            serde_json::to_value(&policy).unwrap(),
            serde_json::json!({
                "effect": "allow",
                "resources": {ACCOUNT: {"com.cloudflare.api.account.zone.*": "*"}, "other": "*", "odd": "?"},
                "permission_groups": [{"id": "82e64a83756745bbbb1c9c2701bf816b"}]
            })
        );
    }

    #[test]
    fn times_are_written_in_whole_seconds() {
        let new = NewToken {
            name: "ci".to_owned(),
            not_before: Some("2026-01-01T00:00:00.987Z".parse().unwrap()),
            expires_on: Some("2026-02-01T01:00:00+01:00".parse().unwrap()),
            ..NewToken::default()
        };
        assert_eq!(
            serde_json::to_string(&new).unwrap(),
            r#"{"name":"ci","policies":[],"not_before":"2026-01-01T00:00:00Z","expires_on":"2026-02-01T00:00:00Z"}"#
        );
    }

    #[test]
    fn a_status_that_is_not_documented_is_kept() {
        let token: Token = serde_json::from_value(serde_json::json!({
            "id": "ed17574386854bf78a67040be0a770b0", "name": "x", "status": "revoked (exposed)",
            "issued_on": "2018-07-01T05:20:00Z", "last_used_on": null, "expires_on": "", "policies": []
        }))
        .unwrap();
        assert_eq!(token.status, Status::Other("revoked (exposed)".to_owned()));
        assert_eq!((token.last_used_on, token.expires_on), (None, None));
        assert_eq!(token.issued_on.unwrap().to_string(), "2018-07-01T05:20:00Z");
        assert_eq!(TokenUpdate::from(&token).status, None);
    }

    #[test]
    fn a_condition_that_says_nothing_is_not_written() {
        for open in ["null", "{}", r#"{"request_ip":{}}"#] {
            let condition = serde_json::from_str(open).unwrap();
            let new = NewToken { name: "x".to_owned(), condition, ..NewToken::default() };
            assert_eq!(serde_json::to_string(&new).unwrap(), r#"{"name":"x","policies":[]}"#);
        }
    }
}
