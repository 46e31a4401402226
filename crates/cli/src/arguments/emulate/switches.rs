//! A switch of `flarekeep emulate` for each thing that is not known about Cloudflare.

use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use flarekeep_emulator::{
    BadZoneId, BarredAnswer, Ceiling, D1Read, Disputed, ErrorStyle, ExpiredLink, FlatZones, Fractions, IpKey, LockOut,
    MalformedBearer, NoCredential, Options, PolicyOrder, QuotaError, RateLimit, Regrant, ScopeMismatch, SessionClaims,
    Unlabelled, Unrouted, VerifyDenied, WrongMethod, ZoneList,
};

/// The emulator's own answer at the quota of tokens: Cloudflare's is not known.
const QUOTA: &str = "400,199003,the owner holds as many tokens as it may";

/// What is not known about Cloudflare, or changed in 2026. docs/emulator/switches.md says what is known of each.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is not known about Cloudflare")]
pub(super) struct Switches {
    /// The shape of a refusal: as ever, or as since August 2026
    #[arg(long, default_value = "classic", value_parser = one_of(&[
        ("classic", ErrorStyle::Classic),
        ("enriched", ErrorStyle::Enriched),
    ]))]
    errors: ErrorStyle,
    /// Operations of which nobody has published the groups
    #[arg(long, default_value = "refuse", value_parser = one_of(&[
        ("refuse", Unlabelled::Refuse),
        ("allow", Unlabelled::AllowAuthorised),
    ]))]
    unlabelled: Unlabelled,
    /// 1,200 calls in five minutes, then none for as long; or no limit
    #[arg(long, default_value = "on", action = clap::ArgAction::Set, value_parser = one_of(&[
        ("on", true),
        ("off", false),
    ]))]
    rate_limit: bool,
    /// Whether a token may mint what it does not hold
    #[arg(long, default_value = "observed", value_parser = one_of(&[
        ("observed", Ceiling::Observed),
        ("strict", Ceiling::Strict),
        ("off", Ceiling::Off),
    ]))]
    ceiling: Ceiling,
    /// The answer to a token that is expired, disabled, or not yet valid
    #[arg(long, default_value = "invalid-token", value_parser = one_of(&[
        ("invalid-token", BarredAnswer::InvalidToken),
        ("authentication-error", BarredAnswer::AuthenticationError),
        ("status-on-verify", BarredAnswer::StatusOnVerify),
    ]))]
    barred: BarredAnswer,
    /// What verify answers at an address that the token does not admit
    #[arg(long, default_value = "location", value_parser = one_of(&[
        ("location", VerifyDenied::Location),
        ("invalid-token", VerifyDenied::InvalidToken),
        ("answered", VerifyDenied::Answered),
    ]))]
    verify_denied: VerifyDenied,
    /// A group at a resource where it takes no effect
    #[arg(long, default_value = "accept", value_parser = one_of(&[
        ("accept", ScopeMismatch::Accept),
        ("reject", ScopeMismatch::Reject),
    ]))]
    scope_mismatch: ScopeMismatch,
    /// The list of zones without Zone Read
    #[arg(long, default_value = "refuse", value_parser = one_of(&[
        ("refuse", ZoneList::Refuse),
        ("empty", ZoneList::Empty),
    ]))]
    zone_list: ZoneList,
    /// Who signed a temporary R2 credential, and for which endpoint, as it says itself
    #[arg(long, default_value = "checked", value_parser = one_of(&[
        ("checked", SessionClaims::Checked),
        ("ignored", SessionClaims::Ignored),
    ]))]
    session_claims: SessionClaims,
    /// What D1 Read may do with queries
    #[arg(long, default_value = "read-only", value_parser = one_of(&[
        ("read-only", D1Read::ReadOnly),
        ("as-listed", D1Read::AsListed),
    ]))]
    d1_read: D1Read,
    /// The answer of the S3 face to a link whose time is over
    #[arg(long, default_value = "403", value_parser = one_of(&[
        ("403", ExpiredLink::Forbidden),
        ("400", ExpiredLink::BadRequest),
    ]))]
    expired_link: ExpiredLink,
    /// One write a second of each R2 key, as R2 documents it; or no limit
    #[arg(long, default_value = "off", action = clap::ArgAction::Set, value_parser = one_of(&[
        ("on", true),
        ("off", false),
    ]))]
    object_write_limit: bool,
    /// How often a call may fail to authenticate before its address is locked out; on: 10 times in five minutes
    #[arg(long, value_name = "on|off|N", default_value = "on", value_parser = |text: &str| limit(text, 10))]
    lock_out: Limit,
    /// Calls per second from one address; on: 200
    #[arg(long, value_name = "on|off|N", default_value = "off", value_parser = |text: &str| limit(text, 200))]
    address_limit: Limit,
    /// GraphQL's own limit of 320 queries in five minutes
    #[arg(long, default_value = "on", action = clap::ArgAction::Set, value_parser = one_of(&[
        ("on", true),
        ("off", false),
    ]))]
    graphql_limit: bool,
    /// 50 tokens a user and 500 an account; or as many as there may be
    #[arg(long, default_value = "on", action = clap::ArgAction::Set, value_parser = one_of(&[
        ("on", true),
        ("off", false),
    ]))]
    token_quotas: bool,
    /// The answer at the quota of tokens
    #[arg(long, value_name = "STATUS,CODE,MESSAGE", default_value = QUOTA, value_parser = quota_error)]
    quota_error: QuotaError,
    /// Seconds for which an edit of a token's policies has no effect yet
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    propagation: u32,
    /// Whether a token that may mint tokens may mint one that may, too
    #[arg(long, default_value = "allow", value_parser = one_of(&[
        ("allow", Regrant::Allow),
        ("refuse", Regrant::Refuse),
    ]))]
    regrant: Regrant,
    /// `com.cloudflare.api.account.zone.*`, not nested, in a token of an account
    #[arg(long, default_value = "accept", value_parser = one_of(&[
        ("accept", FlatZones::Accept),
        ("reject", FlatZones::Reject),
    ]))]
    flat_zones: FlatZones,
    /// The order in which a token's policies and groups are shown
    #[arg(long, default_value = "sorted", value_parser = one_of(&[
        ("sorted", PolicyOrder::Sorted),
        ("kept", PolicyOrder::Kept),
        ("shuffled", PolicyOrder::Shuffled),
    ]))]
    policy_order: PolicyOrder,
    /// The key of the condition on addresses, as it is shown
    #[arg(long, default_value = "request_ip", value_parser = one_of(&[
        ("request_ip", IpKey::Underscore),
        ("request.ip", IpKey::Dot),
    ]))]
    ip_key: IpKey,
    /// Fractions of a second in a token's times
    #[arg(long, default_value = "accept", value_parser = one_of(&[
        ("accept", Fractions::Accept),
        ("reject", Fractions::Reject),
    ]))]
    fractions: Fractions,
    /// The list of accounts for a token of an account
    #[arg(long, default_value = "refuse", action = clap::ArgAction::Set, value_parser = one_of(&[
        ("refuse", false),
        ("allow", true),
    ]))]
    account_list: bool,
    /// The status of code 7003: as of late, or as formerly
    #[arg(long, default_value = "404", value_parser = one_of(&[
        ("404", Unrouted::NotFound),
        ("400", Unrouted::BadRequest),
    ]))]
    unrouted: Unrouted,
    /// The code of the answer to a method that a path does not have
    #[arg(long, default_value = "7001", value_parser = one_of(&[
        ("7001", WrongMethod::NotAvailable),
        ("10405", WrongMethod::NotAllowed),
    ]))]
    wrong_method: WrongMethod,
    /// The code of the answer to a zone id that is none
    #[arg(long, default_value = "7003", value_parser = one_of(&[
        ("7003", BadZoneId::CouldNotRoute),
        ("9109", BadZoneId::InvalidIdentifier),
    ]))]
    bad_zone_id: BadZoneId,
    /// The answer to a malformed bearer token: 6003 with 6111, or as some products have it
    #[arg(long, default_value = "6003", value_parser = one_of(&[
        ("6003", MalformedBearer::InvalidHeaders),
        ("by-product", MalformedBearer::ByProduct),
    ]))]
    malformed_bearer: MalformedBearer,
    /// The status of 9106, the answer to no credential at all
    #[arg(long, default_value = "400", value_parser = one_of(&[
        ("400", NoCredential::NamesAll),
        ("403", NoCredential::NamesEmail),
    ]))]
    no_credential: NoCredential,
    /// The status of 9103, the answer to an unknown Global API key
    #[arg(long, default_value = "403", value_parser = one_of(&[("403", 403_u16), ("400", 400)]))]
    unknown_key: u16,
    /// The status of 10000 for an unknown token
    #[arg(long, default_value = "401", value_parser = one_of(&[("401", 401_u16), ("403", 403)]))]
    unknown_token: u16,
    /// The status of 1000, verify's refusal
    #[arg(long, default_value = "401", value_parser = one_of(&[("401", 401_u16), ("403", 403)]))]
    verify_status: u16,
    /// The code of `Method not allowed for this authentication scheme`
    #[arg(long, default_value = "10405", value_parser = one_of(&[("10405", 10405_u32), ("10000", 10000)]))]
    closed_method: u32,
}

/// A number of times; none for no limit.
#[derive(Debug, Clone, Copy)]
struct Limit(Option<u32>);

impl Switches {
    /// The emulator's options as the switches say.
    pub(super) fn options(&self) -> Options {
        let switches = self;
        let five_minutes = Duration::from_secs(300);
        Options {
            error_style: switches.errors,
            unlabelled: switches.unlabelled,
            rate_limit: switches.rate_limit.then_some(RateLimit { calls: 1_200, window: five_minutes }),
            ceiling: switches.ceiling,
            barred: switches.barred,
            verify_when_address_denied: switches.verify_denied,
            scope_mismatch: switches.scope_mismatch,
            zones_without_zone_read: switches.zone_list,
            session_claims: switches.session_claims,
            expired_link: switches.expired_link,
            d1_read: switches.d1_read,
            object_write_limit: switches.object_write_limit,
            lock_out: switches.lock_out.0.map(|failures| LockOut { failures, window: five_minutes }),
            address_limit: switches.address_limit.0,
            graphql_limit: switches.graphql_limit.then_some(RateLimit { calls: 320, window: five_minutes }),
            tokens_per_user: if switches.token_quotas { 50 } else { usize::MAX },
            tokens_per_account: if switches.token_quotas { 500 } else { usize::MAX },
            quota_error: switches.quota_error.clone(),
            propagation: switches.propagation,
            regrant: switches.regrant,
            flat_zones: switches.flat_zones,
            policy_order: switches.policy_order,
            ip_key: switches.ip_key,
            fractions: switches.fractions,
            account_tokens_list_accounts: switches.account_list,
            unrouted: switches.unrouted,
            wrong_method: switches.wrong_method,
            bad_zone_id: switches.bad_zone_id,
            malformed_bearer: switches.malformed_bearer,
            no_credential: switches.no_credential,
            disputed: Disputed {
                unknown_key: switches.unknown_key,
                unknown_token: switches.unknown_token,
                verify: switches.verify_status,
                closed_code: switches.closed_method,
            },
            ..Options::default()
        }
    }
}

/// Reads one of a few words, each of which stands for a value.
fn one_of<T: Copy + Send + Sync + 'static>(choices: &'static [(&'static str, T)]) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(choices.iter().map(|(word, _)| *word)).try_map(|given| {
        let choice = choices.iter().find(|(word, _)| *word == given);
        choice.map(|(_, value)| *value).ok_or("not one of the words")
    })
}

/// Reads `on`, `off`, or a number.
fn limit(text: &str, on: u32) -> Result<Limit, String> {
    match text {
        "on" => Ok(Limit(Some(on))),
        "off" => Ok(Limit(None)),
        number => {
            let wrong = || "write on, off, or how many".to_owned();
            number.parse().ok().filter(|times| *times > 0).map(|times| Limit(Some(times))).ok_or_else(wrong)
        }
    }
}

/// Reads `400,199003,the message`.
fn quota_error(text: &str) -> Result<QuotaError, String> {
    let mut parts = text.splitn(3, ',');
    let mut next = || parts.next().unwrap_or_default().trim();
    let (status, code, message) = (next().parse().ok(), next().parse().ok(), next().to_owned());
    let status = status.filter(|status: &u16| (400..600).contains(status));
    match (status, code) {
        (Some(status), Some(code)) if !message.is_empty() => Ok(QuotaError { status, code, message }),
        _ => Err("write a status of 400 or more, a code and a message, as in `403,1234,too many tokens`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    const TABLE: &str = include_str!("../../../../../docs/emulator/switches.md");

    /// Each row's option, default and other values.
    fn rows() -> Vec<(String, String, Vec<String>)> {
        let rows = TABLE.lines().filter(|line| line.starts_with("| `--"));
        rows.map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
            (words(cells[1])[0].trim_start_matches("--").to_owned(), words(cells[2])[0].clone(), words(cells[3]))
        })
        .collect()
    }

    #[test]
    fn the_table_of_the_documentation_has_every_switch_and_no_other() {
        let command = Switches::augment_args(Command::new("emulate"));
        let switches: Vec<_> = command.get_arguments().collect();
        let named: Vec<_> = switches.iter().filter_map(|switch| switch.get_long()).collect();
        let rows = rows();
        for (name, default, others) in &rows {
            let switch =
                switches.iter().find(|switch| switch.get_long() == Some(name)).unwrap_or_else(|| panic!("no --{name}"));
            assert_eq!(switch.get_default_values()[0].to_str(), Some(default.as_str()), "--{name}");
            let values = switch.get_possible_values();
            let mut given: Vec<_> = values.iter().map(|value| value.get_name().to_owned()).collect();
            given.retain(|value| value != default);
            if !given.is_empty() {
                assert_eq!(&given, others, "--{name}");
            }
        }
        let in_table: Vec<_> = rows.iter().map(|(name, _, _)| name.as_str()).collect();
        let missing: Vec<_> = named.iter().filter(|name| !in_table.contains(name)).collect();
        assert!(missing.is_empty() && in_table.len() == named.len(), "not in the table: {missing:?}");
    }

    #[test]
    fn the_defaults_are_the_library_s() {
        #[derive(Debug, clap::Parser)]
        struct Line {
            #[command(flatten)]
            switches: Switches,
        }
        let line = <Line as clap::Parser>::parse_from(["emulate"]);
        assert_eq!(format!("{:?}", line.switches.options()), format!("{:?}", Options::default()));
    }

    #[test]
    fn numbers_and_answers_are_read() {
        assert_eq!(
            [limit("on", 7), limit("off", 7), limit("3", 7)].map(|limit| limit.unwrap().0),
            [Some(7), None, Some(3)]
        );
        assert!(limit("0", 7).is_err() && limit("x", 7).is_err());
        assert!(quota_error("200,1,x").is_err() && quota_error("403,1").is_err() && quota_error("").is_err());
        assert_eq!(quota_error("403, 1, a, b").unwrap().message, "a, b");
    }
}
