//! An audit with one of everything, and with any names in it.

use flarekeep_catalogue::{AccountId, TokenId, Way, operation};
use jiff::{SignedDuration, Timestamp};

use crate::accepted::{Acceptance, Accepted, Ignored};
use crate::audit::{Audit, Audited};
use crate::counts::Counts;
use crate::finding::{Finding, TokenRef};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::reach::{Level, ProductReach, TokenReach, WideningWay};
use crate::rule::{Check, Rule};
use crate::token::OwnedBy;
use crate::world::{Place, Unread};

const ACCOUNT: AccountId = AccountId::from_u128(0xa1);

static MINTS: Rule = Rule {
    id: "test-mints",
    title: "A token that can make tokens",
    severity: Severity::Critical,
    why: "Whoever has it has all that its owner has.",
    check: Check::Token(|_, _| Vec::new()),
};
static ENDLESS: Rule = Rule {
    id: "test-endless",
    title: "A token without an end",
    severity: Severity::Medium,
    why: "A leak is good for ever.",
    check: Check::Token(|_, _| Vec::new()),
};
static QUOTA: Rule = Rule {
    id: "test-quota",
    title: "An account that is nearly full",
    severity: Severity::Low,
    why: "The next token cannot be made.",
    check: Check::World(|_, _| Vec::new()),
};

/// The time of the audit.
pub(crate) fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

/// An audit in which every text from outside is `text`.
pub(crate) fn audit_with(text: &str) -> Audit {
    let text = &crate::text::shown(text);
    let tokens: Vec<Audited> = (0..4_u64).map(|at| audited(at, text)).collect();
    let about = |at: usize| tokens.get(at).map(|token: &Audited| token.token.clone());
    let findings = vec![
        finding(&MINTS, Severity::Critical, about(0), text, 1),
        finding(&ENDLESS, Severity::Medium, about(0), text, 2),
        finding(&ENDLESS, Severity::Medium, about(1), text, 3),
        finding(&QUOTA, Severity::Low, None, text, 4),
        finding(&ENDLESS, Severity::Info, about(2), text, 5),
    ];
    let acceptance = Acceptance {
        finding: "00000000000000aa".to_owned(),
        until: "2027-01-31".parse().unwrap(),
        because: text.clone(),
    };
    Audit {
        now: now(),
        findings,
        accepted: vec![Accepted {
            finding: finding(&ENDLESS, Severity::Medium, about(3), text, 0xaa),
            acceptance: acceptance.clone(),
        }],
        ignored: vec![Ignored { finding: finding(&QUOTA, Severity::Low, None, text, 0xbb), because: text.clone() }],
        expired_acceptances: vec![Acceptance { finding: "0000000000000002".to_owned(), ..acceptance.clone() }],
        stale_baseline: vec![acceptance],
        unread: vec![Unread { what: format!("the tokens of account {text}"), why: text.clone() }],
        usage_sources: vec![text.clone()],
        usage_period: Some((now() - SignedDuration::from_hours(24 * 30), now())),
        counts: Counts { critical: 1, high: 0, medium: 2, low: 1, info: 1 },
        tokens,
    }
}

/// The same with plain words.
pub(crate) fn audit() -> Audit {
    audit_with("shop-deploy-production")
}

/// An audit that found nothing, of nothing.
pub(crate) fn empty() -> Audit {
    Audit {
        now: now(),
        tokens: Vec::new(),
        findings: Vec::new(),
        accepted: Vec::new(),
        ignored: Vec::new(),
        expired_acceptances: Vec::new(),
        stale_baseline: Vec::new(),
        unread: Vec::new(),
        usage_sources: Vec::new(),
        usage_period: None,
        counts: Counts::default(),
    }
}

/// An audit of so many tokens, no two alike, with three findings for each two of them.
pub(crate) fn many(count: usize) -> Audit {
    const PRODUCTS: [&str; 12] = [
        "Zones",
        "DNS",
        "Workers",
        "R2",
        "Pages",
        "Certificates",
        "Firewall",
        "Rules",
        "Cache",
        "Zero Trust",
        "D1",
        "Tokens",
    ];
    const LEVELS: [Level; 4] = [Level::Read, Level::Write, Level::Read, Level::Write];
    let names = ["shop-deploy", "dns-sync", "billing-export", "ci", "terraform", "backup", "my token", "grafana-read"];
    let days = |days: usize| SignedDuration::from_hours(24 * i64::try_from(days).unwrap());
    let mut audit = audit();
    audit.tokens.clear();
    for at in 0..count {
        let mut token = audited(u64::try_from(at % 4).unwrap(), "Example Ltd");
        token.token.id = TokenId::from_u128(0x7000 + u128::try_from(at).unwrap());
        token.token.name = format!("{}-{at}", names[at % names.len()]);
        token.reach.score = u32::try_from(1000 - at * 1000 / count).unwrap();
        let is_reached = |(product, _): &(usize, _)| (at * 7 + product * 5) % (3 + at * 12 / count) < 3;
        let level = |product: usize| if product == 11 { Level::Widen } else { LEVELS[(at + product) % 4] };
        let reach = |(at, name)| ProductReach { product: name, level: level(at), reads: 3, writes: 2 };
        token.reach.products = PRODUCTS.into_iter().enumerate().filter(is_reached).map(reach).collect();
        token.issued_on = Some(now() - days(20 + at * 37 % 700));
        token.modified_on = Some(now() - days(at * 37 % 300));
        token.last_used_on = Some(now() - days(at * 11 % 200)).filter(|_| !at.is_multiple_of(6));
        token.expires_on = match at % 4 {
            0 => None,
            3 => Some(now() - days(at * 13 % 90 + 1)),
            _ => Some(now() + days(at * 17 % 400 + 1)),
        };
        audit.tokens.push(token);
    }
    let rules = [(&ENDLESS, Severity::Medium), (&MINTS, Severity::Critical), (&QUOTA, Severity::Low)];
    let findings = (0..count * 3 / 2).map(|at| {
        let (rule, severity) = rules[at % 3];
        let token = audit.tokens[at % count].token.clone();
        finding(rule, severity, Some(token), "Example Ltd", 0x1000 + u64::try_from(at).unwrap())
    });
    audit.findings = findings.collect();
    let of = |severity| audit.findings.iter().filter(|finding| finding.severity == severity).count();
    audit.counts.critical = of(Severity::Critical);
    audit.counts.medium = of(Severity::Medium);
    audit.counts.low = of(Severity::Low);
    audit.counts.info = 0;
    audit
}

fn finding(rule: &'static Rule, severity: Severity, token: Option<TokenRef>, text: &str, fingerprint: u64) -> Finding {
    let command = token.as_ref().map(|token| format!("flarekeep token update {} --expires 90d", token.id));
    Finding {
        rule,
        severity,
        confidence: Confidence::Medium,
        token,
        summary: format!("it has no end, and `POST /accounts/{{account_id}}/tokens` is open at {text}"),
        details: vec![format!("made for {text}"), "last changed 400 days ago".to_owned()],
        mends: vec![Mend { command, ..Mend::words("give it an end") }, Mend::words(format!("ask the owner of {text}"))],
        fingerprint: format!("{fingerprint:016x}"),
    }
}

fn audited(at: u64, text: &str) -> Audited {
    let days = |days: i64| Some(now() + SignedDuration::from_hours(24 * days));
    let place = match at % 2 {
        0 => Place::File { name: format!("dumps/{text}.json"), line: 12 },
        _ => Place::Live,
    };
    let owner = if at == 1 { OwnedBy::User(None) } else { OwnedBy::Account(ACCOUNT) };
    let product = |product, level| ProductReach { product, level, reads: 3, writes: 2 };
    let products = match at {
        0 => vec![product("Tokens and members", Level::Widen), product("DNS", Level::Write)],
        1 => vec![product("DNS", Level::Write), product("Workers", Level::Read)],
        2 => vec![product("DNS", Level::Read)],
        _ => Vec::new(),
    };
    let way = WideningWay {
        way: Way::Tokens,
        gains: "a token with any permission that the user has",
        operation: operation("POST /user/tokens").unwrap(),
        place: format!("user {text}"),
        is_inferred: false,
    };
    Audited {
        token: TokenRef { id: TokenId::from_u128(0x70 + u128::from(at)), name: text.to_owned(), owner, place },
        status: if at == 3 { "expired".to_owned() } else { "active".to_owned() },
        owner: format!("{} {text}", owner.word()),
        issued_on: days(-500),
        modified_on: days(-200),
        last_used_on: days(-3).filter(|_| at != 1),
        not_before: days(-500),
        expires_on: days(if at == 3 { -20 } else { 40 }).filter(|_| at > 0),
        reach: TokenReach {
            products,
            resources: vec![format!("zone {text}"), "every zone of account Example".to_owned()],
            reads: 12,
            writes: 7,
            widening: vec![way].into_iter().filter(|_| at == 0).collect(),
            unproved: vec![format!("group {text}")],
            score: 900 - 200 * u32::try_from(at).unwrap(),
            is_usable: at != 3,
            is_known: true,
            narrower: None,
        },
        worst: [Some(Severity::Critical), Some(Severity::Medium), Some(Severity::Info), None]
            [usize::try_from(at).unwrap()],
        findings: [2, 1, 1, 0][usize::try_from(at).unwrap()],
    }
}
