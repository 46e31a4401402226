//! What mends a refusal, in three forms.

use std::net::IpAddr;

use flarekeep_catalogue::Group;
use flarekeep_policy::Resource;
use serde::Serialize;

/// The smallest change that mends a refusal.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Grant a group at a resource; the token's value stays.
    Grant {
        /// The group.
        group: &'static Group,
        /// Where.
        resource: Resource,
    },
    /// Take a group out of the policy that denies it.
    Undeny {
        /// The group.
        group: &'static Group,
        /// Where.
        resource: Resource,
    },
    /// Allow an address.
    AllowAddress(IpAddr),
    /// Give the token a later end, or none.
    MoveEnd,
    /// Give it an earlier beginning, or none.
    MoveStart,
    /// Switch it on.
    Enable,
    /// Another token: the value is dead, of the wrong kind, or never was one.
    NewToken {
        /// Whether an account must not own it.
        of_user: bool,
    },
    /// Nothing about the token: what the user does otherwise, in one line.
    Otherwise(&'static str),
}

/// A change in the three forms in which somebody can make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mend {
    /// What to do, in one line.
    pub advice: String,
    /// The command of this program that does it; none where there is none.
    pub command: Option<String>,
    /// The same by hand in the dashboard: a line a step.
    pub steps: Vec<String>,
    /// The API call: method, path and body, the credential left to the environment.
    pub call: Option<String>,
}
