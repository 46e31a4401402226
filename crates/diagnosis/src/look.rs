//! The calls that tell causes apart. None of them changes anything.

use flarekeep_catalogue::{AccountId, Operation, ZoneId};

use crate::cause::Cause;
use crate::known::{Known, Life};
use crate::refusal::{CredentialForm, Refusal};

/// Causes that a sentence names at most.
const SHOWN: usize = 4;

/// One more call, and what it would show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Verifying the token at the user's endpoint, and at the account's where one is known.
    Verify {
        /// The account whose endpoint is asked as well.
        account: Option<AccountId>,
    },
    /// Looking at the zone.
    Zone(ZoneId),
    /// Looking at the account.
    Account(AccountId),
    /// Reading the token's policies, by a credential that manages tokens.
    ReadToken,
    /// Making the call again, by a request that changes nothing, after a wait.
    Repeat,
}

impl Look {
    /// What it would show if this were the cause. Causes of which it shows the same it does not tell apart.
    fn shows(self, cause: Cause) -> &'static str {
        match self {
            Self::Verify { .. } => match cause {
                Cause::UnknownToken | Cause::KeyAsToken | Cause::MalformedHeader => "nobody's",
                Cause::Expired => "expired",
                Cause::Disabled => "disabled",
                Cause::RevokedExposed => "revoked",
                Cause::NotYetValid => "not yet valid",
                Cause::AddressNotAllowed => "refused for the address",
                Cause::AccountTokenNotSupported => "an account's",
                _ => "active",
            },
            Self::Zone(_) | Self::Account(_) => match cause {
                Cause::WrongId => "absent",
                _ => "there",
            },
            Self::ReadToken => match cause {
                Cause::MissingGroup | Cause::WrongScope | Cause::DeniedByPolicy | Cause::OtherResource => cause.slug(),
                Cause::Expired | Cause::Disabled | Cause::NotYetValid | Cause::RevokedExposed => cause.slug(),
                Cause::AddressNotAllowed => cause.slug(),
                _ => "allowed",
            },
            Self::Repeat => match cause {
                Cause::NotPropagated | Cause::RateLimited | Cause::LockedOut => "let through",
                _ => "refused again",
            },
        }
    }

    /// Whether it tells the two apart.
    #[must_use]
    pub fn separates(self, one: Cause, other: Cause) -> bool {
        self.shows(one) != self.shows(other)
    }

    /// The call in words, with the causes that it would tell apart.
    pub(crate) fn sentence(self, causes: &[Cause]) -> String {
        let call = match self {
            Self::Verify { account: None } => "GET /user/tokens/verify with this token".to_owned(),
            Self::Verify { account: Some(account) } => {
                format!("GET /user/tokens/verify, or /accounts/{account}/tokens/verify, with this token,")
            }
            Self::Zone(zone) => format!("GET /zones/{zone}, by a credential that sees all zones there,"),
            Self::Account(account) => format!("GET /accounts/{account}, by a credential that sees all accounts there,"),
            Self::ReadToken => "reading the token's policies, by a credential that manages tokens,".to_owned(),
            Self::Repeat => "the same call again in a minute or two".to_owned(),
        };
        let first = causes.first().copied().unwrap_or(Cause::NotAboutPermissions);
        let (with, without): (Vec<Cause>, Vec<Cause>) =
            causes.iter().partition(|cause| !self.separates(first, **cause));
        let list = |causes: &[Cause]| {
            let words: Vec<&str> = causes.iter().take(SHOWN).map(|cause| cause.slug()).collect();
            match causes.len().saturating_sub(SHOWN) {
                0 => words.join(", "),
                more => format!("{} and {more} more", words.join(", ")),
            }
        };
        format!("{call} tells {} from {}", list(&with), list(&without))
    }

    /// Those that were not made yet, the cheapest first.
    fn open(refusal: &Refusal, known: &Known) -> Vec<Self> {
        let target = &refusal.target;
        let mut open = Vec::new();
        let asked_all = match &known.life {
            None => false,
            Some(Life::Unknown { asked_account }) => {
                let users = refusal.credential == Some(CredentialForm::Token { of_account: Some(false) });
                *asked_account || users || target.account.is_none()
            }
            Some(_) => true,
        };
        if !asked_all {
            open.push(Self::Verify { account: target.account });
        }
        let in_zone = refusal.operation.is_none_or(Operation::names_zone);
        if let Some(zone) = target.zone.filter(|zone| in_zone && known.zones.iter().all(|(seen, _)| seen != zone)) {
            open.push(Self::Zone(zone));
        }
        let in_account = refusal.operation.is_none_or(Operation::names_account);
        let seen = |account: &AccountId| known.accounts.iter().any(|(seen, _)| seen == account);
        if let Some(account) = target.account.filter(|account| in_account && !seen(account)) {
            open.push(Self::Account(account));
        }
        if known.token.is_none() {
            open.push(Self::ReadToken);
        }
        if known.repeated.is_none() || known.changed_lately == Some(true) {
            open.push(Self::Repeat);
        }
        open
    }
}

/// The cheapest call that was not made and tells two of the causes apart, the likeliest pair first.
pub(crate) fn next(causes: &[Cause], refusal: &Refusal, known: &Known) -> Option<Look> {
    let open = Look::open(refusal, known);
    let pairs = causes.iter().enumerate().flat_map(|(at, one)| {
        let others = causes.iter().skip(at + 1);
        others.map(move |other| (*one, *other))
    });
    // Two of the same family are told apart by reading the policies, which takes a credential more: what only needs the
    // token itself goes first, if it leaves out any of the others.
    let cheap = open.iter().copied().filter(|look| !matches!(look, Look::ReadToken | Look::Repeat));
    let first = causes.first().copied()?;
    let by_itself = cheap.clone().find(|look| causes.iter().any(|other| look.separates(first, *other)));
    by_itself.or_else(|| {
        pairs.into_iter().find_map(|(one, other)| open.iter().copied().find(|look| look.separates(one, other)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_token_itself_can_ask_goes_before_what_a_manager_must_read() {
        let refusal = Refusal::default();
        let causes = [Cause::MissingGroup, Cause::OtherResource, Cause::UnknownToken];
        assert_eq!(next(&causes, &refusal, &Known::default()), Some(Look::Verify { account: None }));
        assert_eq!(next(&causes[..2], &refusal, &Known::default()), Some(Look::ReadToken));
        assert_eq!(next(&causes[..1], &refusal, &Known::default()), None);
        let pair = [Cause::NotPropagated, Cause::NotAboutPermissions];
        assert_eq!(next(&pair, &refusal, &Known::default()), Some(Look::Repeat));
    }
}
