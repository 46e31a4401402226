//! Diagnoses of single refusals, and that no fact makes one certain that is not.

use flarekeep_catalogue::{AccountId, Group, Operation, TokenId, UserId, ZoneId, groups, operations};
use flarekeep_diagnosis::{
    Cause, Change, Confidence, CredentialForm, Diagnosis, Known, Life, Look, Refusal, Said, Standing, Work, diagnose,
};
use flarekeep_planner::Target;
use flarekeep_policy::{
    self as policy, BucketKey, Effect, Grant, Owner, Policy, Request, Resource, Status, Token, UnixSeconds,
};
use proptest::prelude::*;

const ACCOUNT: AccountId = AccountId::from_u128(0xa1);
const OTHER_ACCOUNT: AccountId = AccountId::from_u128(0xa2);
const ZONE: ZoneId = ZoneId::from_u128(0x21);
const OTHER_ZONE: ZoneId = ZoneId::from_u128(0x22);
const USER: UserId = UserId::from_u128(0x41);
const NOW: UnixSeconds = UnixSeconds(1_790_000_000);

fn operation(text: &str) -> &'static Operation {
    flarekeep_catalogue::operation(text).unwrap()
}

fn group(name: &str) -> &'static Group {
    flarekeep_catalogue::resolve(name).unwrap().0
}

/// A refusal of reading the zone's records.
fn refusal(code: i64, message: &str) -> Refusal {
    Refusal {
        operation: Some(operation("GET /zones/{zone_id}/dns_records")),
        target: Target { account: Some(ACCOUNT), zone: Some(ZONE), ..Target::default() },
        status: Some(403),
        errors: vec![Said { code: Some(code), message: message.to_owned(), ..Said::default() }],
        ..Refusal::default()
    }
}

fn token(policies: Vec<Policy>) -> Token {
    Token::unconditional(Owner::User(USER), policies)
}

fn allow(name: &str, resource: Resource) -> Policy {
    Policy::allowing(Grant::Group(group(name)), resource)
}

fn alive(status: &str) -> Life {
    Life::Known {
        id: TokenId::from_u128(7),
        owner: Some(Owner::User(USER)),
        status: status.to_owned(),
        not_before: None,
        expires_on: None,
    }
}

fn told(refusal: &Refusal, known: &Known) -> Diagnosis {
    diagnose(refusal, known, &Work::default())
}

#[track_caller]
fn proves(diagnosis: &Diagnosis, cause: Cause) {
    assert_eq!((diagnosis.cause(), diagnosis.confidence()), (cause, Confidence::Proved), "{diagnosis:#?}");
    assert_eq!(diagnosis.findings.len(), 1);
    assert_eq!(diagnosis.next, None, "nothing is left to be told apart");
}

#[test]
fn an_answer_alone_leaves_open_what_it_does_not_say() {
    let open = told(&refusal(10000, "Authentication error"), &Known::default());
    assert_eq!((open.cause(), open.confidence()), (Cause::MissingGroup, Confidence::Likely));
    for cause in [Cause::OtherResource, Cause::UnknownToken, Cause::Expired, Cause::WrongId, Cause::NotPropagated] {
        assert!(open.findings.iter().any(|finding| finding.cause == cause), "{cause}");
    }
    assert!(!open.findings.iter().any(|finding| finding.cause == Cause::AccountTokenNotSupported), "DNS takes them");
    assert_eq!(open.look, Some(Look::Verify { account: Some(ACCOUNT) }));
    assert_eq!(open.accepts.first().map(String::as_str), Some("DNS Read (zone)"));
    let mend = open.mend.unwrap();
    assert!(mend.advice.starts_with("grant DNS Read at zone "), "{}", mend.advice);
    let command = format!("flarekeep fix --operation 'GET /zones/{{zone_id}}/dns_records' --zone {ZONE}");
    assert_eq!(mend.command, Some(command));
}

#[test]
fn a_living_token_is_none_that_cloudflare_does_not_know() {
    let known = Known { life: Some(alive("active")), now: Some(NOW), ..Known::default() };
    let open = told(&refusal(10000, "Authentication error"), &known);
    assert!(!open.findings.iter().any(|finding| finding.cause.is_of_life()), "{open:#?}");
    assert_eq!(open.look, Some(Look::Zone(ZONE)));
    proves(
        &told(&refusal(10000, "Authentication error"), &Known { life: Some(alive("disabled")), ..known }),
        Cause::Disabled,
    );
}

#[test]
fn policies_tell_what_is_missing() {
    let zone = Resource::Zone(ZONE);
    let known = |policies| Known {
        life: Some(alive("active")),
        token: Some(token(policies)),
        now: Some(NOW),
        ..Known::default()
    };
    let told = |known: &Known| told(&refusal(10000, "Authentication error"), known);
    proves(&told(&known(vec![allow("Zone Read", zone.clone())])), Cause::MissingGroup);
    proves(&told(&known(vec![allow("DNS Read", Resource::Account(ACCOUNT))])), Cause::WrongScope);
    let mut denied = vec![allow("DNS Read", zone.clone()), allow("DNS Read", zone.clone())];
    denied[1].effect = Effect::Deny;
    let denied = told(&known(denied));
    proves(&denied, Cause::DeniedByPolicy);
    assert!(matches!(denied.change, Some(Change::Undeny { .. })));
    // Whether the other zone is meant, or the id is wrong, takes a look at the zone.
    let other = told(&known(vec![allow("DNS Read", Resource::Zone(OTHER_ZONE))]));
    let causes: Vec<Cause> = other.findings.iter().map(|finding| finding.cause).collect();
    assert_eq!(causes, [Cause::OtherResource, Cause::WrongId]);
    assert_eq!(other.look, Some(Look::Zone(ZONE)));
    let mut looked = known(vec![allow("DNS Read", Resource::Zone(OTHER_ZONE))]);
    looked.zones.push((ZONE, Standing::Seen));
    proves(&told(&looked), Cause::OtherResource);
    looked.zones = vec![(ZONE, Standing::Absent)];
    let absent = told(&looked);
    assert_eq!((absent.cause(), absent.confidence()), (Cause::WrongId, Confidence::Proved));
}

#[test]
fn what_the_policies_allow_is_refused_for_another_cause() {
    let known = Known {
        life: Some(alive("active")),
        token: Some(token(vec![allow("DNS Read", Resource::Zone(ZONE))])),
        now: Some(NOW),
        changed_lately: Some(true),
        ..Known::default()
    };
    let told = told(&refusal(10000, "Authentication error"), &known);
    assert!(!told.findings.iter().any(|finding| finding.cause.is_of_policies()), "{told:#?}");
    assert_eq!((told.cause(), told.confidence()), (Cause::NotPropagated, Confidence::Likely));
}

#[test]
fn a_value_that_nobody_knows() {
    let known = |asked_account| Known { life: Some(Life::Unknown { asked_account }), ..Known::default() };
    let told =
        |known: &Known, form| told(&Refusal { credential: form, ..refusal(10000, "Authentication error") }, known);
    // It may be a token of the account's, whose endpoint was not asked.
    let open = told(&known(false), None);
    assert!(open.findings.iter().any(|finding| finding.cause == Cause::MissingGroup));
    let users = told(&known(false), Some(CredentialForm::Token { of_account: Some(false) }));
    assert!(
        users.findings.iter().all(|finding| finding.cause.is_of_life() || finding.cause == Cause::AddressNotAllowed),
        "{users:#?}"
    );
    assert_eq!(users.cause(), Cause::UnknownToken);
    let asked = told(&known(true), None);
    assert!(asked.findings.iter().any(|finding| finding.cause == Cause::OtherResource), "a token of another account");
    assert!(!asked.findings.iter().any(|finding| finding.cause == Cause::MissingGroup));
}

#[test]
fn what_the_header_shows_goes_before_what_the_number_says() {
    let mut seen = refusal(10000, "Authentication error");
    seen.credential = Some(CredentialForm::KeyAsToken);
    proves(&told(&seen, &Known::default()), Cause::KeyAsToken);
    let mut seen = refusal(6003, "Invalid request headers");
    seen.credential = Some(CredentialForm::Malformed("a newline at character 54".to_owned()));
    let malformed = told(&seen, &Known::default());
    proves(&malformed, Cause::MalformedHeader);
    assert!(malformed.evidence.iter().any(|line| line.contains("a newline at character 54")));
}

#[test]
fn an_account_owns_the_token_where_only_users_go() {
    let mut seen = refusal(9109, "Unauthorized to access requested resource");
    seen.operation = Some(operation("GET /user"));
    seen.credential = Some(CredentialForm::Token { of_account: Some(true) });
    let mut life = alive("active");
    if let Life::Known { owner, .. } = &mut life {
        *owner = Some(Owner::Account(ACCOUNT));
    }
    proves(&told(&seen, &Known { life: Some(life), ..Known::default() }), Cause::AccountTokenNotSupported);
}

/// A refusal of reading an object over the S3 face.
fn refused_by_s3(word: &str, bucket: &BucketKey) -> Refusal {
    Refusal {
        operation: Some(operation("GET s3://{bucket_name}/{object_key}")),
        target: Target { account: Some(ACCOUNT), bucket: Some(bucket.clone()), ..Target::default() },
        errors: vec![Said { word: Some(word.to_owned()), ..Said::default() }],
        credential: Some(CredentialForm::Signature),
        ..Refusal::default()
    }
}

fn bucket(jurisdiction: &str) -> BucketKey {
    BucketKey { account: ACCOUNT, jurisdiction: jurisdiction.to_owned(), name: "media".to_owned() }
}

#[test]
fn a_value_that_lives_does_not_vouch_for_the_key_id_of_s3() {
    let known = Known { life: Some(alive("active")), now: Some(NOW), ..Known::default() };
    let open = told(&refused_by_s3("Unauthorized", &bucket("default")), &known);
    let causes: Vec<Cause> = open.findings.iter().map(|finding| finding.cause).collect();
    assert!(causes.contains(&Cause::UnknownToken) && !causes.contains(&Cause::Disabled), "{open:#?}");
    assert!(open.evidence.iter().any(|line| line.starts_with("its S3 key id is ")), "{open:#?}");
}

#[test]
fn a_bucket_of_another_jurisdiction_is_named_with_its_endpoint() {
    let held = |at: &str| {
        let policies = vec![allow("Workers R2 Storage Bucket Item Read", Resource::Bucket(bucket(at)))];
        Known { life: Some(alive("active")), token: Some(token(policies)), now: Some(NOW), ..Known::default() }
    };
    for (called, at, host) in [("default", "eu", ".eu.r2."), ("eu", "default", &*format!("{ACCOUNT}.r2."))] {
        let told = told(&refused_by_s3("AccessDenied", &bucket(called)), &held(at));
        // A bucket of this name may be there, too: it is likely, and not proved.
        assert_eq!((told.cause(), told.confidence()), (Cause::WrongId, Confidence::Likely), "{told:#?}");
        assert_eq!(told.change, Some(Change::Endpoint(bucket(at))));
        assert!(told.mend.as_ref().unwrap().advice.contains(host), "{told:#?}");
    }
    let mut other = bucket("default");
    other.name = "other".to_owned();
    let told = told(&refused_by_s3("AccessDenied", &other), &held("eu"));
    assert_eq!(told.cause(), Cause::OtherResource, "{told:#?}");
}

/// Which paths are a product's that takes no such token is inferred, and the list of products changes.
#[test]
fn a_product_that_takes_no_accounts_token_as_far_as_is_known_is_not_certain() {
    let mut seen = refusal(10000, "Authentication error");
    seen.operation = Some(operation("GET /accounts/{account_id}/challenges/widgets"));
    seen.credential = Some(CredentialForm::Token { of_account: Some(true) });
    let mut life = alive("active");
    if let Life::Known { owner, .. } = &mut life {
        *owner = Some(Owner::Account(ACCOUNT));
    }
    let token = Token { owner: Owner::Account(ACCOUNT), ..token(vec![allow("DNS Read", Resource::Zone(ZONE))]) };
    for token in [None, Some(token)] {
        let diagnosis = told(&seen, &Known { life: Some(life.clone()), token, ..Known::default() });
        let first = (diagnosis.cause(), diagnosis.confidence());
        assert_eq!(first, (Cause::AccountTokenNotSupported, Confidence::Likely), "{diagnosis:#?}");
        assert!(diagnosis.findings.iter().any(|finding| finding.cause == Cause::MissingGroup), "{diagnosis:#?}");
    }
    // The answer's own words are certain.
    seen.errors[0].message = "Page Rules endpoint does not support account owned tokens.".to_owned();
    proves(&told(&seen, &Known::default()), Cause::AccountTokenNotSupported);
}

#[test]
fn a_repeated_call_that_passes_was_not_refused() {
    let known = Known { repeated: Some(true), ..Known::default() };
    proves(&told(&refusal(10000, "Authentication error"), &known), Cause::NotRefused);
}

#[test]
fn facts_that_contradict_the_answer_are_said_to() {
    let known = Known { life: Some(alive("active")), now: Some(NOW), ..Known::default() };
    let told = told(&refusal(9109, "Invalid access token"), &known);
    assert!(told.confidence() != Confidence::Proved);
    assert!(told.evidence.iter().any(|line| line.contains("used another value")), "{told:#?}");
}

/// An account's id in the place of a zone's (workers-sdk#2863).
#[test]
fn one_id_for_both_speaks_for_a_wrong_id() {
    let mut refused = refusal(10000, "Authentication error");
    refused.target.zone = Some(ZoneId::from_u128(0xa1));
    let diagnosis = told(&refused, &Known::default());
    assert_eq!((diagnosis.cause(), diagnosis.confidence()), (Cause::WrongId, Confidence::Likely));
    assert!(diagnosis.evidence.iter().any(|line| line.contains("one of the two is wrong")), "{:?}", diagnosis.evidence);
    refused.target.account = Some(OTHER_ACCOUNT);
    assert_ne!(told(&refused, &Known::default()).cause(), Cause::WrongId);
}

/// Every answer that the table knows by a number, at an operation of its kind.
#[test]
fn every_mend_has_a_way() {
    for cause in Cause::ALL {
        let known = Known { life: Some(alive("active")), now: Some(NOW), ..Known::default() };
        let said = Said {
            code: Some(9109),
            message: "Cannot use the access token from location: 192.0.2.7".to_owned(),
            ..Said::default()
        };
        let refusal = Refusal { errors: vec![said], address: "192.0.2.7".parse().ok(), ..refusal(0, "") };
        let told = diagnose(&refusal, &known, &Work::default());
        assert!(told.mend.as_ref().is_some_and(|mend| mend.call.is_some() && mend.steps.len() > 2), "{cause}");
    }
}

/// What truly is, and how Cloudflare's families word it.
#[derive(Debug, Clone)]
struct Case {
    operation: &'static Operation,
    token: Token,
    zone: ZoneId,
    known: Known,
    says: (i64, &'static str),
    truth: Cause,
}

fn resource() -> impl Strategy<Value = Resource> {
    prop_oneof![
        Just(Resource::Account(ACCOUNT)),
        Just(Resource::Account(OTHER_ACCOUNT)),
        Just(Resource::Zone(ZONE)),
        Just(Resource::Zone(OTHER_ZONE)),
        Just(Resource::AllZonesOf(ACCOUNT)),
        Just(Resource::AllZonesOf(OTHER_ACCOUNT)),
        Just(Resource::AllZones),
        Just(Resource::User(USER)),
    ]
}

/// A group that the operation accepts, or any.
fn policies(operation: &'static Operation) -> impl Strategy<Value = Vec<Policy>> {
    let accepted: Vec<u16> = operation.accepts().map(|group| group.index).collect();
    let one = prop_oneof![3 => prop::sample::select(accepted), 1 => 0..u16::try_from(groups().len()).unwrap()];
    let policy = (one, resource(), prop::bool::weighted(0.15)).prop_map(|(index, resource, deny)| Policy {
        effect: if deny { Effect::Deny } else { Effect::Allow },
        resources: vec![resource],
        groups: vec![Grant::Group(&groups()[usize::from(index)])],
    });
    prop::collection::vec(policy, 0..4)
}

fn cases() -> impl Strategy<Value = Case> {
    let labelled: Vec<&'static Operation> =
        operations().iter().filter(|operation| operation.accepts().next().is_some() && !operation.is_s3()).collect();
    let base = prop::sample::select(labelled).prop_flat_map(|operation| (Just(operation), policies(operation)));
    let state = prop_oneof![4 => Just(0), 1 => 1..6_i32];
    let facts = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (base, state, any::<bool>(), any::<bool>(), facts).prop_filter_map(
        "a refused call",
        |((operation, policies), state, right, allow_zone, facts)| {
            let (tells, reads, looks, in_account, timed, lately) = facts;
            let mut token = token(policies);
            let mut unknown = false;
            match state {
                1 => token.status = Status::Disabled,
                2 => token.expires_on = Some(UnixSeconds(NOW.0 - 10)),
                3 => token.not_before = Some(UnixSeconds(NOW.0 + 10)),
                4 => token.status = Status::RevokedExposed,
                5 => unknown = true,
                _ => {}
            }
            // A zone that is not there belongs to nobody.
            let zone = if right { ZONE } else { ZoneId::from_u128(0xdead) };
            let request = Request {
                operation,
                user: Some(USER),
                account: if operation.names_zone() && !right { None } else { Some(ACCOUNT) },
                zone: operation.names_zone().then_some(zone),
                bucket: None,
                ip: None,
                at: NOW,
            };
            let decision = token.decide(&request);
            let truth = match decision.cause {
                _ if unknown => Cause::UnknownToken,
                policy::Cause::RevokedExposed => Cause::RevokedExposed,
                policy::Cause::Disabled => Cause::Disabled,
                policy::Cause::Expired => Cause::Expired,
                policy::Cause::NotYetValid => Cause::NotYetValid,
                policy::Cause::OtherResource | policy::Cause::Granted if operation.names_zone() && !right => {
                    Cause::WrongId
                }
                policy::Cause::OtherResource => Cause::OtherResource,
                policy::Cause::WrongScope => Cause::WrongScope,
                policy::Cause::MissingGroup => Cause::MissingGroup,
                policy::Cause::Denied => Cause::DeniedByPolicy,
                policy::Cause::Granted => Cause::NotPropagated,
                _ => return None,
            };
            let says = match (truth.is_of_life(), allow_zone) {
                (_, true) => (10000, "Authentication error"),
                (true, false) => (9109, "Invalid access token"),
                (false, false) => (9109, "Unauthorized to access requested resource"),
            };
            let status = match (&token.status, state) {
                (Status::Disabled, _) => "disabled",
                (Status::RevokedExposed, _) => "revoked (exposed)",
                (_, 2) => "expired",
                _ => "active",
            };
            let life = match (unknown || !tells && state > 0, timed) {
                (true, _) => Some(Life::Unknown { asked_account: in_account }),
                (false, true) => Some(Life::Known {
                    id: TokenId::from_u128(7),
                    owner: Some(Owner::User(USER)),
                    status: status.to_owned(),
                    not_before: token.not_before,
                    expires_on: token.expires_on,
                }),
                (false, false) => None,
            };
            let standing = if right { Standing::Seen } else { Standing::Absent };
            let known = Known {
                now: Some(NOW),
                life,
                token: (reads && !unknown).then(|| token.clone()),
                zones: (looks && operation.names_zone()).then_some((zone, standing)).into_iter().collect(),
                accounts: (looks && operation.names_account())
                    .then_some((ACCOUNT, Standing::Seen))
                    .into_iter()
                    .collect(),
                changed_lately: (lately && truth == Cause::NotPropagated).then_some(true),
                repeated: None,
            };
            Some(Case { operation, token, zone, known, says, truth })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("FLAREKEEP_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000)
    ))]

    /// Whatever is known, what truly is stays among the causes, and nothing else is certain.
    #[test]
    fn no_fact_makes_a_wrong_cause_certain(case in cases()) {
        let Case { operation, token, zone, known, says, truth } = case;
        let in_zone = operation.names_zone();
        let refusal = Refusal {
            operation: Some(operation),
            target: Target {
                account: (!in_zone || zone == ZONE).then_some(ACCOUNT),
                zone: in_zone.then_some(zone),
                ..Target::default()
            },
            ..refusal(says.0, says.1)
        };
        let told = told(&refusal, &known);
        let causes: Vec<Cause> = told.findings.iter().map(|finding| finding.cause).collect();
        // A wrong id at a token that lacks the group as well: what is missing is missing there, too.
        let also = truth == Cause::MissingGroup || truth == Cause::WrongScope || truth == Cause::DeniedByPolicy;
        let right = |cause: Cause| cause == truth || also && cause == Cause::WrongId && zone != ZONE;
        // By its form an id that names nothing may be refused as an id of another's.
        prop_assert!(causes.iter().any(|cause| right(*cause)), "{truth} of {operation} is not in {causes:?}: {token:#?} {known:#?}");
        if told.findings.len() == 1 || told.confidence() == Confidence::Proved {
            prop_assert!(right(told.cause()), "{} of {operation}, not {truth}: {token:#?} {known:#?}", told.cause());
        }
        let mut unique = causes.clone();
        unique.sort();
        unique.dedup();
        prop_assert_eq!(unique.len(), causes.len());
        prop_assert!(told.look.is_none() || causes.len() > 1);
    }
}

/// The messages of `tests/real-errors/`, explained from the text alone: the cause that each thread found is among those
/// that fit, and none that it did not find is certain.
#[test]
fn real_errors_have_the_cause_that_their_threads_found() {
    #[derive(serde::Deserialize)]
    struct File {
        text: String,
        #[serde(default)]
        read: Vec<Read>,
    }
    #[derive(serde::Deserialize)]
    struct Read {
        #[serde(default)]
        expected: Vec<String>,
    }
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/real-errors");
    let (mut seen, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let file: File = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for (refusal, read) in flarekeep_diagnosis::pasted::read(&file.text).iter().zip(&file.read) {
            seen += 1;
            let told = told(refusal, &Known::default());
            let causes: Vec<&str> = told.findings.iter().map(|finding| finding.cause.slug()).collect();
            let lacks = read.expected.iter().any(|cause| !causes.contains(&cause.as_str()));
            let certain =
                told.confidence() == Confidence::Proved && !read.expected.iter().any(|cause| causes[0] == cause);
            if lacks || certain {
                wrong.push(format!("{}: {causes:?}, not {:?}", path.file_name().unwrap().display(), read.expected));
            }
        }
    }
    assert!(seen >= 40, "{seen}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_cause_has_its_page_and_no_page_is_spare() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for cause in Cause::ALL {
        let page = std::fs::read_to_string(root.join(cause.page())).unwrap_or_else(|error| panic!("{cause}: {error}"));
        assert!(page.contains(&format!("`{cause}`:")), "{cause}");
        for part in ["## How it looks", "## How to tell", "## How to mend it"] {
            assert!(page.contains(part), "{cause} lacks {part}");
        }
    }
    for entry in std::fs::read_dir(root.join("docs/causes")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(Cause::ALL.iter().any(|cause| name == format!("{cause}.md")), "{name} is of no cause");
    }
}
