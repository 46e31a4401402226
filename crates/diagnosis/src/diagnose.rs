//! From what was seen and what is known to the causes that fit.

use flarekeep_catalogue::{Operation, UserId};
use flarekeep_planner::{Need, Options, Plan, candidates, plan, weight};
use flarekeep_policy::{Effect, Hold, Owner};

use crate::cause::Cause;
use crate::diagnosis::{Confidence, Diagnosis, Finding};
use crate::evidence;
use crate::judgement::{Judgement, is_s3};
use crate::known::{Known, Life};
use crate::look;
use crate::mend::{Change, Mended};
use crate::refusal::Refusal;
use crate::refusals::admitted;

/// The work that the mend should serve.
#[derive(Debug, Clone, Copy, Default)]
pub struct Work<'a> {
    /// The plan of the whole work, where it is more than this call.
    pub plan: Option<&'a Plan>,
    /// How this program's arguments name it: `--recipe saas-platform`. Without it the operation is named.
    pub arguments: Option<&'a str>,
}

/// Why a call was refused.
///
/// The causes are those that the answer admits (`catalogue/refusals.toml`) and that no fact contradicts. One is
/// [`Confidence::Proved`] where facts leave no other: the answer names it, or the token's own status or policies refuse
/// the call.
///
/// `known` must be about the credential that the refused call used, and about the time of the call: a token that was
/// changed since explains nothing.
#[must_use]
pub fn diagnose(refusal: &Refusal, known: &Known, work: &Work<'_>) -> Diagnosis {
    let judgement = Judgement::of(refusal, known);
    let (findings, contradicted) = match known.repeated {
        Some(true) => (vec![(Cause::NotRefused, Confidence::Proved)], false),
        _ => findings(refusal, known, &judgement),
    };
    let causes: Vec<Cause> = findings.iter().map(|(cause, _)| *cause).collect();
    let first = causes.first().copied().unwrap_or(Cause::NotAboutPermissions);
    let mut evidence = evidence::of(refusal, known, &judgement);
    if contradicted {
        evidence.push(
            "what is known of the token now does not fit this answer: the call used another value, or the token has \
             changed since"
                .to_owned(),
        );
    }
    let look = (causes.len() > 1).then(|| look::next(&causes, refusal, known)).flatten();
    let change = change(first, refusal, known, &judgement, work);
    let words = work.arguments.map(str::to_owned).or_else(|| arguments(refusal));
    let mended = Mended { id: id(known), owner: owner(refusal, known), work: words.as_deref(), now: known.now };
    let grants_help = causes.iter().any(|cause| cause.is_of_policies());
    Diagnosis {
        operation: refusal.operation.map(ToString::to_string),
        findings: findings
            .into_iter()
            .map(|(cause, confidence)| Finding { cause, confidence, page: cause.page() })
            .collect(),
        evidence,
        accepts: refusal.operation.filter(|_| grants_help).map_or_else(Vec::new, |_| accepts(refusal, known)),
        mend: change.as_ref().map(|change| {
            let mut mend = mended.by(change);
            mend.advice.push_str(&namesake(change, refusal));
            mend
        }),
        change,
        next: look.map(|look| look.sentence(&causes)),
        look,
    }
}

/// The causes that fit, the likeliest first; and whether the facts contradict all that the answer admits.
fn findings(refusal: &Refusal, known: &Known, judgement: &Judgement) -> (Vec<(Cause, Confidence)>, bool) {
    let admitted = admitted(refusal);
    let proved: Vec<Cause> = admitted.causes.iter().copied().filter(|cause| judgement.proved.contains(cause)).collect();
    if let [one] = proved.as_slice() {
        return (vec![(*one, Confidence::Proved)], false);
    }
    if proved.len() > 1 {
        return (proved.into_iter().map(|cause| (cause, Confidence::Likely)).collect(), false);
    }
    let left = |causes: &[Cause]| -> Vec<Cause> {
        causes.iter().copied().filter(|cause| !judgement.excluded.contains(cause)).collect()
    };
    let leading = left(admitted.causes.get(..admitted.leading).unwrap_or_default());
    let mut causes = left(&admitted.causes);
    let contradicted = causes.is_empty();
    if contradicted {
        causes.clone_from(&admitted.causes);
    }
    // What the catalogue does not expect here is left out, but never the last; then no more is sure.
    let expected = |cause: &Cause| !judgement.unexpected.contains(cause) || admitted.sure;
    let before = causes.len();
    if causes.iter().any(expected) {
        causes.retain(expected);
    }
    let whole = before == causes.len();
    let favoured = judgement.leaning.or(Some(Cause::NotPropagated).filter(|_| known.changed_lately == Some(true)));
    let favoured = favoured.filter(|cause| causes.contains(cause));
    if let Some(favoured) = favoured {
        causes.sort_by_key(|cause| *cause != favoured);
    }
    if let [one] = causes.as_slice() {
        let sure = admitted.sure && whole && !contradicted;
        return (vec![(*one, if sure { Confidence::Proved } else { Confidence::Likely })], contradicted);
    }
    let likely = |cause: Cause| match favoured {
        Some(favoured) => cause == favoured,
        None if leading.is_empty() => !contradicted && cause == Cause::UnknownToken,
        None => !contradicted && leading.contains(&cause),
    };
    let rated =
        causes.into_iter().map(|cause| (cause, if likely(cause) { Confidence::Likely } else { Confidence::Possible }));
    (rated.collect(), contradicted)
}

/// The smallest change that mends a cause.
fn change(cause: Cause, refusal: &Refusal, known: &Known, judgement: &Judgement, work: &Work<'_>) -> Option<Change> {
    let outside = matches!((owner_known(refusal, known), refusal.target.account), (Some(Owner::Account(owner)), Some(account)) if owner != account);
    Some(match cause {
        Cause::NotRefused | Cause::NotAboutPermissions => return None,
        Cause::OtherResource if outside => {
            Change::Otherwise("use a token of the account that owns the resource, or a user's token")
        }
        Cause::MissingGroup | Cause::WrongScope | Cause::OtherResource => grant(refusal, known, work)?,
        Cause::DeniedByPolicy => match judgement.explanation.iter().flat_map(|it| &it.held).find(|hold| denies(hold)) {
            Some(hold) => Change::Undeny { group: hold.group, resource: hold.resource.clone() },
            None => Change::Otherwise("take the group out of the policy that denies it"),
        },
        Cause::AccountTokenNotSupported => Change::NewToken { of_user: true },
        Cause::UserTokenNotSupported => Change::Otherwise("use a token that the account owns"),
        Cause::TokenNotSupported => {
            Change::Otherwise("make this call with the Global API key and its address, or do it in the dashboard")
        }
        Cause::UserLacksRight => Change::Otherwise(
            "have an administrator of the account invite the user, or give the user a role that reaches so far",
        ),
        Cause::KeyAsToken => Change::Otherwise(
            "make a token and send that; a Global API key goes into X-Auth-Key, with its address in X-Auth-Email",
        ),
        Cause::TokenAsKey => Change::Otherwise(
            "send the token as `Authorization: Bearer …`: in tools it belongs into CLOUDFLARE_API_TOKEN, not into a key's \
             variable",
        ),
        Cause::NoCredential => {
            Change::Otherwise("send a credential: is CLOUDFLARE_API_TOKEN set where the call is made, and not empty?")
        }
        Cause::MalformedHeader if is_s3(refusal) => Change::Otherwise(
            "the S3 key id is the token's id, 32 digits, and the secret is the SHA-256 of its value: flarekeep token r2-keys \
             gives both",
        ),
        Cause::MalformedHeader => Change::Otherwise(
            "give the token as it was shown: no quotes, spaces or newline, nothing but `Bearer ` before it",
        ),
        Cause::WrongKeyOrEmail => Change::Otherwise(
            "take the key and the address of one user, as My Profile > API Tokens > Global API Key shows them; or a token",
        ),
        Cause::UnknownToken | Cause::RevokedExposed => Change::NewToken { of_user: false },
        Cause::Expired => Change::MoveEnd,
        Cause::NotYetValid => Change::MoveStart,
        Cause::Disabled => Change::Enable,
        Cause::AddressNotAllowed => match refusal.address {
            Some(address) => Change::AllowAddress(address),
            None => Change::Otherwise("add this address to the token's IP condition, or call from one that is in it"),
        },
        Cause::RateLimited => {
            Change::Otherwise("wait five minutes, or as long as `retry-after` says, then make fewer calls")
        }
        Cause::LockedOut => {
            Change::Otherwise("stop the calls with the refused credential, wait, then send the right one")
        }
        Cause::WrongId if let Some(bucket) = &judgement.namesake => Change::Endpoint(bucket.clone()),
        Cause::WrongId => Change::Otherwise(
            "compare the ids and names in the path with the dashboard: an account's id and a zone's look alike, and a \
             bucket of a jurisdiction is seen at its own endpoint alone",
        ),
        Cause::NotEnabled => {
            Change::Otherwise("switch the product on in the dashboard, on the account's or the zone's page for it")
        }
        Cause::BeyondCreator => Change::Otherwise(
            "make the token with a credential that holds all that it is to grant, or by an administrator in the dashboard",
        ),
        Cause::NotPropagated => Change::Otherwise("wait a minute or two and call again"),
        Cause::WrongSignature => Change::Otherwise(
            "the S3 secret is the SHA-256 of the token's value in hex, and rolling the token changes it",
        ),
    })
}

/// The grant of the work's plan for this call, or the smallest for it alone.
fn grant(refusal: &Refusal, known: &Known, work: &Work<'_>) -> Option<Change> {
    let operation = refusal.operation?;
    let of_work = work.plan.and_then(|plan| plan.grant_for(operation)).cloned();
    let alone = || plan(&[need(operation, refusal)], &Options::new(owner(refusal, known))).grants.into_iter().next();
    let grant = of_work.or_else(alone)?;
    Some(Change::Grant { group: grant.group, resource: grant.resource })
}

/// The accepted group that is named after the operation's product, where another is granted: people expect that one.
fn namesake(change: &Change, refusal: &Refusal) -> String {
    let (Change::Grant { group, .. }, Some(operation)) = (change, refusal.operation) else { return String::new() };
    let level = if operation.mutates() { "Write" } else { "Read" };
    let name = format!("{} {level}", operation.product());
    match operation.accepts().find(|other| other.name == name && other != group) {
        Some(other) => format!(" (the smallest; {}, named for it, does too)", other.name),
        None => String::new(),
    }
}

/// The groups that the call accepts, those with the least reach first.
fn accepts(refusal: &Refusal, known: &Known) -> Vec<String> {
    let Some(operation) = refusal.operation else { return Vec::new() };
    let mut accepts = candidates(&need(operation, refusal), &Options::new(owner(refusal, known))).unwrap_or_default();
    accepts.sort_by_key(|choice| weight(choice.group, &choice.resource));
    if accepts.is_empty() {
        // The place is not known: the groups are.
        return operation.accepts().map(|group| format!("{} ({})", group.name, group.scope)).collect();
    }
    accepts.iter().map(|choice| format!("{} ({})", choice.group.name, choice.group.scope)).collect()
}

fn need(operation: &'static Operation, refusal: &Refusal) -> Need {
    Need { operation, resource: refusal.target.clone(), why: String::new(), origin: String::new() }
}

/// The arguments by which this program knows the refused call.
fn arguments(refusal: &Refusal) -> Option<String> {
    let operation = refusal.operation?;
    let mut words = vec![format!("--operation '{operation}'")];
    let target = &refusal.target;
    words.extend(target.account.filter(|_| operation.names_account()).map(|id| format!("--account {id}")));
    words.extend(target.zone.filter(|_| operation.names_zone()).map(|id| format!("--zone {id}")));
    Some(words.join(" "))
}

fn denies(hold: &Hold) -> bool {
    hold.effect == Effect::Deny && hold.covers
}

fn id(known: &Known) -> Option<flarekeep_catalogue::TokenId> {
    match &known.life {
        Some(Life::Known { id, .. }) => Some(*id),
        _ => None,
    }
}

fn owner_known(refusal: &Refusal, known: &Known) -> Option<Owner> {
    let of_life = match &known.life {
        Some(Life::Known { owner, .. }) => *owner,
        _ => None,
    };
    let of_prefix = match refusal.credential {
        Some(crate::refusal::CredentialForm::Token { of_account: Some(true) }) => {
            refusal.target.account.map(Owner::Account)
        }
        _ => None,
    };
    known.token.as_ref().map(|token| token.owner).or(of_life).or(of_prefix)
}

/// Who owns the token; a user whose id nobody asked, where that is not known.
fn owner(refusal: &Refusal, known: &Known) -> Owner {
    owner_known(refusal, known).unwrap_or(Owner::User(UNNAMED_USER))
}

/// Stands for the user that owns a user's token, where nobody has asked who that is.
pub const UNNAMED_USER: UserId = UserId::from_u128(0xc0000000_00000000_00000000_00000000);
