//! What somebody wants mended.

use flarekeep_diagnosis::Change;
use flarekeep_planner::{Choice, Plan};
use ipnet::IpNet;
use jiff::Timestamp;

/// What is to be mended.
#[derive(Debug, Clone, Default)]
pub struct Wish<'a> {
    /// Work whose needs the token is to meet.
    pub work: Option<&'a Plan>,
    /// Whether what a policy denies to the work may be given back.
    pub undeny: bool,
    /// Groups that it is to hold, each at a resource.
    pub grants: Vec<Choice>,
    /// Groups that its policies are to deny no more, each at the resource where they do.
    pub lifts: Vec<Choice>,
    /// Ranges of addresses that may use it, beside those that may.
    pub allow: Vec<IpNet>,
    /// When it ends at the soonest: one that ends sooner ends then, and one without an end stays so.
    pub expires_on: Option<Timestamp>,
    /// When it begins at the latest.
    pub not_before: Option<Timestamp>,
    /// Whether it is switched on.
    pub enable: bool,
}

impl Wish<'_> {
    /// The wish to have the needs of this work met.
    #[must_use]
    pub fn of(work: &Plan) -> Wish<'_> {
        Wish { work: Some(work), ..Wish::default() }
    }

    /// The same with a change that a diagnosis proposes. A later end is set by [`Wish::expires_on`], since a diagnosis does
    /// not choose it.
    ///
    /// # Errors
    /// What to do otherwise, where no change of the token mends it.
    pub fn with(mut self, change: &Change, now: Timestamp) -> Result<Self, &'static str> {
        match change {
            Change::Grant { group, resource } => self.grants.push(Choice { group, resource: resource.clone() }),
            Change::Undeny { group, resource } => self.lifts.push(Choice { group, resource: resource.clone() }),
            Change::AllowAddress(address) => self.allow.push(IpNet::from(*address)),
            Change::MoveEnd if self.expires_on.is_none() => return Err("say when it is to end: --expires 90d"),
            Change::MoveEnd => {}
            Change::MoveStart => self.not_before = Some(now),
            Change::Enable => self.enable = true,
            Change::NewToken { of_user: true } => {
                return Err("make a user's token: flarekeep token create with the same work");
            }
            Change::NewToken { of_user: false } => return Err("make a new token: flarekeep token create"),
            Change::Endpoint(_) => return Err("call the bucket at the endpoint of its jurisdiction"),
            Change::Otherwise(advice) => return Err(advice),
        }
        Ok(self)
    }
}
