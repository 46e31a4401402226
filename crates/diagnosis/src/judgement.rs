//! What known facts say of each cause: which they prove, and which they contradict.

use std::collections::BTreeSet;

use flarekeep_catalogue::{AccountId, Operation, Rule};
use flarekeep_planner::Need;
use flarekeep_policy::{
    self as policy, BucketKey, Explanation, Grant, IpCondition, Owner, Resource, Status, Token, UnixSeconds, explain,
};

use crate::cause::Cause;
use crate::known::{Known, Life, Standing};
use crate::refusal::{CredentialForm, Refusal};

/// What is known of the causes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Judgement {
    /// Those that refuse the call whatever else is true.
    pub(crate) proved: BTreeSet<Cause>,
    /// Those that cannot be.
    pub(crate) excluded: BTreeSet<Cause>,
    /// Those that the catalogue does not expect here. It may be wrong.
    pub(crate) unexpected: BTreeSet<Cause>,
    /// The one that the policies speak for, where something keeps them from proving it.
    pub(crate) leaning: Option<Cause>,
    /// What the policies hold of what the call accepts.
    pub(crate) explanation: Option<Explanation>,
    /// The bucket of the same name that the policies hold in another jurisdiction than the one that was called.
    pub(crate) namesake: Option<BucketKey>,
}

const LIFE: [Cause; 5] =
    [Cause::UnknownToken, Cause::RevokedExposed, Cause::Expired, Cause::NotYetValid, Cause::Disabled];
const GRANTS: [Cause; 4] = [Cause::MissingGroup, Cause::WrongScope, Cause::OtherResource, Cause::DeniedByPolicy];
const FORMS: [Cause; 5] =
    [Cause::MalformedHeader, Cause::KeyAsToken, Cause::TokenAsKey, Cause::NoCredential, Cause::WrongKeyOrEmail];

impl Judgement {
    pub(crate) fn of(refusal: &Refusal, known: &Known) -> Self {
        let mut judgement = Self::default();
        judgement.by_the_catalogue(refusal);
        judgement.by_the_header(refusal.credential.as_ref());
        judgement.by_life(refusal, known);
        judgement.by_places(refusal, known);
        if let Some(token) = &known.token {
            judgement.by_bounds(token, refusal, known.now);
            judgement.by_policies(token, refusal, known);
        }
        if known.changed_lately == Some(false) {
            judgement.excluded.insert(Cause::NotPropagated);
        }
        // Who was asked proves more than who was not: a fact for a cause goes before one against it.
        judgement.excluded.retain(|cause| !judgement.proved.contains(cause));
        judgement
    }

    fn by_the_catalogue(&mut self, refusal: &Refusal) {
        let Some(operation) = refusal.operation else { return };
        if operation.rule == Rule::AnyToken {
            self.unexpected.extend(GRANTS);
        }
        if !operation.closed_to_account_tokens && !of_users(operation) {
            self.unexpected.insert(Cause::AccountTokenNotSupported);
        }
        if !operation.path().ends_with("/tokens/verify") {
            self.unexpected.insert(Cause::UserTokenNotSupported);
        }
        // The path leads to an operation: it names no account, zone or bucket, and nothing in it.
        if !operation.path().contains('{') {
            self.unexpected.insert(Cause::WrongId);
        }
    }

    fn by_the_header(&mut self, form: Option<&CredentialForm>) {
        let Some(form) = form else { return };
        let proved = match form {
            CredentialForm::Absent => Some(Cause::NoCredential),
            CredentialForm::KeyAsToken => Some(Cause::KeyAsToken),
            CredentialForm::TokenAsKey => Some(Cause::TokenAsKey),
            CredentialForm::Malformed(_) => Some(Cause::MalformedHeader),
            CredentialForm::Token { .. } | CredentialForm::Key | CredentialForm::Signature => None,
        };
        let theirs: &[Cause] = match form {
            CredentialForm::Key => &[Cause::WrongKeyOrEmail, Cause::KeyAsToken],
            // That it was signed says nothing of the form of the key id.
            CredentialForm::Signature => &[Cause::MalformedHeader],
            _ => &[],
        };
        let others = FORMS.into_iter().filter(|cause| Some(*cause) != proved && !theirs.contains(cause));
        self.excluded.extend(others);
        self.proved.extend(proved);
        match form {
            // No token was sent that could lack or lose anything.
            CredentialForm::Absent | CredentialForm::KeyAsToken | CredentialForm::TokenAsKey => {
                self.excluded.extend(LIFE.into_iter().chain(GRANTS));
            }
            CredentialForm::Key => {
                self.excluded.extend(LIFE.into_iter().chain(GRANTS));
                self.excluded.extend([Cause::AccountTokenNotSupported, Cause::AddressNotAllowed]);
            }
            CredentialForm::Token { of_account: Some(true) } => self.owned_by_account(),
            CredentialForm::Token { of_account: Some(false) } => self.owned_by_user(),
            _ => {}
        }
    }

    fn owned_by_user(&mut self) {
        self.excluded.insert(Cause::AccountTokenNotSupported);
    }

    fn owned_by_account(&mut self) {
        self.excluded.extend([Cause::UserTokenNotSupported, Cause::UserLacksRight]);
    }

    /// What verifying the token says.
    fn by_life(&mut self, refusal: &Refusal, known: &Known) {
        let of_account = match refusal.credential {
            Some(CredentialForm::Token { of_account }) => of_account,
            _ => None,
        };
        match &known.life {
            Some(Life::Known { owner, status, not_before, expires_on, .. }) => {
                self.excluded.insert(Cause::KeyAsToken);
                // What was verified is a value. That the key id of the S3 call is its token's, nobody has seen.
                if !is_s3(refusal) {
                    self.excluded.insert(Cause::UnknownToken);
                }
                self.by_state(Status::from_word(status), *not_before, *expires_on, known.now);
                match owner {
                    Some(Owner::User(_)) => self.owned_by_user(),
                    Some(Owner::Account(owner)) => self.by_owner(*owner, refusal, known),
                    None => {}
                }
            }
            Some(Life::Unknown { asked_account }) => {
                // The user's endpoint knows every token of a user, and the account's those of that account: a token of
                // another account is left, where its value does not say that a user owns it.
                let settled = of_account == Some(false) || *asked_account;
                if !settled {
                    return;
                }
                let elsewhere = of_account != Some(false);
                let kept = |cause: &Cause| {
                    cause.is_of_life()
                        || FORMS.contains(cause)
                        || matches!(cause, Cause::AddressNotAllowed | Cause::LockedOut | Cause::RateLimited)
                        || elsewhere
                            && matches!(
                                cause,
                                Cause::OtherResource
                                    | Cause::WrongId
                                    | Cause::AccountTokenNotSupported
                                    | Cause::UserTokenNotSupported
                            )
                };
                self.excluded.extend(Cause::ALL.iter().filter(|cause| !kept(cause)));
            }
            Some(Life::Barred) | None => {}
        }
    }

    /// What a token's status and times say of the causes that they are.
    fn by_state(
        &mut self,
        status: Status,
        not_before: Option<UnixSeconds>,
        expires_on: Option<UnixSeconds>,
        now: Option<UnixSeconds>,
    ) {
        let over = now.zip(expires_on).is_some_and(|(now, end)| now >= end);
        let early = now.zip(not_before).is_some_and(|(now, start)| now < start);
        let cause = match status {
            Status::RevokedExposed => Some(Cause::RevokedExposed),
            Status::Disabled => Some(Cause::Disabled),
            Status::Expired => Some(Cause::Expired),
            _ if over => Some(Cause::Expired),
            _ if early => Some(Cause::NotYetValid),
            _ => None,
        };
        if let Some(cause) = cause {
            self.proved.insert(cause);
        }
        let known = [Cause::RevokedExposed, Cause::Disabled, Cause::Expired, Cause::NotYetValid];
        // A word that nobody knows may stand for any of them; a start that lies ahead cannot be seen without the time.
        if status != Status::Unknown {
            let open = |cause: Cause| {
                now.is_none()
                    && match cause {
                        Cause::Expired => expires_on.is_some(),
                        Cause::NotYetValid => not_before.is_some(),
                        _ => false,
                    }
            };
            self.excluded.extend(known.into_iter().filter(|other| Some(*other) != cause && !open(*other)));
        }
    }

    /// What it says that an account owns the token.
    fn by_owner(&mut self, owner: AccountId, refusal: &Refusal, known: &Known) {
        self.owned_by_account();
        let Some(operation) = refusal.operation else { return };
        if of_users(operation) {
            self.proved.insert(Cause::AccountTokenNotSupported);
            self.excluded.extend(GRANTS);
        } else if operation.closed_to_account_tokens {
            // The table knows products, by a documentation that changes; which paths are theirs is inferred.
            self.leaning = Some(Cause::AccountTokenNotSupported);
        }
        let elsewhere = refusal.target.account.filter(|account| *account != owner);
        if let Some(account) = elsewhere
            && operation.names_account()
            && known.accounts.contains(&(account, Standing::Seen))
        {
            self.proved.insert(Cause::OtherResource);
        }
    }

    /// What looks at the account and the zone show.
    fn by_places(&mut self, refusal: &Refusal, known: &Known) {
        let target = &refusal.target;
        let zone = known.zones.iter().find(|(zone, _)| Some(*zone) == target.zone).map(|(_, standing)| *standing);
        let account = known.accounts.iter().find(|(account, _)| Some(*account) == target.account);
        let account = account.map(|(_, standing)| *standing);
        let Some(operation) = refusal.operation else { return };
        if one_id_for_both(refusal) && (operation.names_zone() || operation.names_account()) {
            self.leaning = Some(Cause::WrongId);
        }
        let place = if operation.names_zone() {
            zone
        } else if operation.names_account() {
            account
        } else {
            return;
        };
        match place {
            Some(Standing::Absent) if matches!(known.life, Some(Life::Known { .. })) => {
                self.proved.insert(Cause::WrongId);
            }
            // That the token may not be used at all is open.
            Some(Standing::Absent) => {
                self.excluded.extend(GRANTS.into_iter().chain([Cause::NotPropagated, Cause::UserLacksRight]));
                self.leaning = Some(Cause::WrongId);
            }
            // What stands in the path behind the account or the zone may be wrong still; that is no matter of
            // permissions, and answered otherwise.
            Some(Standing::Seen) if is_permission(refusal) => {
                self.excluded.insert(Cause::WrongId);
            }
            _ => {}
        }
    }

    /// What the token itself says of its status, its times and its addresses.
    fn by_bounds(&mut self, token: &Token, refusal: &Refusal, now: Option<UnixSeconds>) {
        self.by_state(token.status, token.not_before, token.expires_on, now);
        match token.owner {
            Owner::User(_) => self.owned_by_user(),
            Owner::Account(_) => self.owned_by_account(),
        }
        if token.ip == IpCondition::default() || refusal.address.is_some() && token.ip.admits(refusal.address) {
            self.excluded.insert(Cause::AddressNotAllowed);
        } else if refusal.address.is_some() {
            self.proved.insert(Cause::AddressNotAllowed);
        }
    }

    /// What the token's policies say of the call.
    fn by_policies(&mut self, token: &Token, refusal: &Refusal, known: &Known) {
        let Some(operation) = refusal.operation else { return };
        if let Owner::Account(owner) = token.owner {
            self.by_owner(owner, refusal, known);
        }
        if self.proved.contains(&Cause::AccountTokenNotSupported)
            || self.leaning == Some(Cause::AccountTokenNotSupported)
        {
            return;
        }
        let (explanation, exact) = explained(token, operation, refusal);
        let cause = match explanation.decision.cause {
            policy::Cause::MissingGroup => Some(Cause::MissingGroup),
            policy::Cause::WrongScope => Some(Cause::WrongScope),
            policy::Cause::OtherResource | policy::Cause::OutsideOwner => Some(Cause::OtherResource),
            policy::Cause::Denied => Some(Cause::DeniedByPolicy),
            policy::Cause::Granted | policy::Cause::AnyToken => None,
            _ => return,
        };
        self.explanation = Some(explanation);
        self.namesake = namesake(token, refusal).filter(|_| cause == Some(Cause::OtherResource));
        if self.namesake.is_some() {
            self.leaning = Some(Cause::WrongId);
        }
        match cause {
            // Another resource than that of a wrong id is another resource, too.
            Some(Cause::OtherResource) if exact => {
                self.excluded.extend(GRANTS.into_iter().filter(|other| *other != Cause::OtherResource));
                let is_right = self.excluded.contains(&Cause::WrongId) || !names_place(operation);
                if is_right {
                    self.proved.insert(Cause::OtherResource);
                } else {
                    self.excluded.extend([Cause::NotPropagated, Cause::NotAboutPermissions, Cause::UserLacksRight]);
                    self.excluded.extend([Cause::NotEnabled, Cause::BeyondCreator, Cause::TokenNotSupported]);
                    self.leaning = self.leaning.or(Some(Cause::OtherResource));
                }
            }
            Some(cause) if exact => {
                self.proved.insert(cause);
                self.excluded.extend(GRANTS.into_iter().filter(|other| *other != cause));
            }
            None if exact => self.excluded.extend(GRANTS),
            cause => self.leaning = self.leaning.or(cause),
        }
    }
}

/// The bucket that the policies name as the call does, but for its jurisdiction. Each has an endpoint of its own.
fn namesake(token: &Token, refusal: &Refusal) -> Option<BucketKey> {
    let called = refusal.target.bucket.as_ref()?;
    let mut held = token.policies.iter().flat_map(|policy| &policy.resources);
    held.find_map(|resource| match resource {
        Resource::Bucket(bucket) if bucket.account == called.account && bucket.name == called.name => {
            Some(bucket.clone()).filter(|bucket| bucket.jurisdiction != called.jurisdiction)
        }
        _ => None,
    })
}

/// Whether the call was one of the S3 face.
pub(crate) fn is_s3(refusal: &Refusal) -> bool {
    refusal.operation.is_some_and(Operation::is_s3)
        || refusal.credential == Some(CredentialForm::Signature)
        || refusal.errors.iter().any(|said| said.word.is_some() || said.message.contains("access key"))
}

/// Whether one id stands for the account and for the zone: one of the two is wrong.
pub(crate) fn one_id_for_both(refusal: &Refusal) -> bool {
    let (account, zone) = (refusal.target.account, refusal.target.zone);
    account.zip(zone).is_some_and(|(account, zone)| account.to_string() == zone.to_string())
}

/// Whether the answer is one of those that a missing right gets, not that of an id.
fn is_permission(refusal: &Refusal) -> bool {
    refusal.errors.iter().all(|said| !matches!(said.code, Some(7003 | 7000 | 1003 | 10006 | 10007 | 10013)))
}

/// Whether groups of users alone open the operation: no account's token can hold one.
fn of_users(operation: &Operation) -> bool {
    ["/user", "/memberships"]
        .iter()
        .any(|root| operation.path().strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

fn names_place(operation: &Operation) -> bool {
    operation.names_account() || operation.names_zone() || operation.names_bucket()
}

/// The decision of the token's policies on the call, whatever its status, times and address; and whether nothing keeps it
/// from being the right one: an inferred fact of the catalogue, a group or resource that is not known, a place that is not.
fn explained(token: &Token, operation: &'static Operation, refusal: &Refusal) -> (Explanation, bool) {
    let bare = Token::unconditional(token.owner, token.policies.clone());
    let asked = |account: Option<AccountId>| {
        let mut resource = refusal.target.clone();
        resource.account = resource.account.or(account);
        let need = Need { operation, resource, why: String::new(), origin: String::new() };
        explain(&bare, &need.request(bare.owner, UnixSeconds(0)))
    };
    let explanation = asked(None);
    let target = &refusal.target;
    let unknown_place = operation.names_account() && target.account.is_none()
        || operation.names_zone() && target.zone.is_none()
        || operation.names_bucket() && target.bucket.is_none();
    // Where no group that would do is held anywhere, the place is no matter.
    let held = |explanation: &Explanation| !explanation.held.is_empty();
    let unknown_place = unknown_place && held(&explanation);
    // Whoever owns the zone, it must come to the same.
    let owners = bare.policies.iter().flat_map(|policy| &policy.resources).filter_map(|resource| match resource {
        Resource::Account(account) | Resource::AllZonesOf(account) | Resource::ZoneOf(account, _) => Some(*account),
        _ => None,
    });
    let same = target.account.is_some()
        || owners.into_iter().all(|account| asked(Some(account)).decision.cause == explanation.decision.cause);
    let known_groups =
        bare.policies.iter().flat_map(|policy| &policy.groups).all(|grant| matches!(grant, Grant::Group(_)));
    let known_places = bare
        .policies
        .iter()
        .flat_map(|policy| &policy.resources)
        .all(|resource| !matches!(resource, Resource::Other(_)));
    let lists = !names_place(operation) && target.account.is_none() && target.zone.is_none() && held(&explanation);
    let exact = !operation.provenance.is_inferred()
        && !unknown_place
        && !lists
        && same
        && known_groups
        && known_places
        && operation.rule != Rule::Unlabelled;
    (explanation, exact)
}
