//! Which account and zone are meant: ids as they are, names looked up, and stand-ins where a plan needs neither.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use flarekeep_catalogue::{AccountId, Operation, UserId, ZoneId};
use flarekeep_cloudflare::Client;
use flarekeep_planner::Target;
use flarekeep_planner::source::{StatedNeed, ZoneName, zone_names};
use flarekeep_policy::BucketKey;

use crate::arguments::Bucket;
use crate::context::Context;
use crate::environment::{ACCOUNT, ZONE};
use crate::error::CommandError;
use crate::output::plain;

/// Stand-ins for what is not named. A plan made with them is shown with words in their place.
pub(crate) const SOME_ACCOUNT: AccountId = AccountId::from_u128(0xa0000000_00000000_00000000_00000000);
pub(crate) const SOME_ZONE: ZoneId = ZoneId::from_u128(ZONES);
const ZONES: u128 = 0xb0000000_00000000_00000000_00000000;
/// No bucket has such a name.
pub(crate) const SOME_BUCKET: &str = "<bucket>";
/// Given for a zone, it means all of the account's.
const EVERY_ZONE: &str = "*";
/// The user that owns a user's token, before anybody asked who that is.
pub(crate) use flarekeep_tokens::UNNAMED_USER as SOME_USER;

/// The zones that are known by name only. A stand-in is an id without any meaning of its own, and whoever prints it has to
/// find the name again.
static NAMED_ZONES: Mutex<BTreeMap<ZoneId, String>> = Mutex::new(BTreeMap::new());

/// A stand-in for a zone that is known by name only: the same for the same name in every run, so that a plan file is in
/// the same order whoever reads it.
pub(crate) fn stand_in_for(name: &str) -> ZoneId {
    // A name comes from a file that is anybody's, and goes into JSON, shells and Terraform.
    let harmless: String = name.chars().filter(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_')).collect();
    let mut zones = named_zones();
    let mut id = ZONES | u128::from(hash(&harmless)) << 1 | 1;
    // Two names of one hash are two zones; whoever chose them so gets another order, and nothing else.
    while zones.get(&ZoneId::from_u128(id)).is_some_and(|other| *other != harmless) {
        id += 2;
    }
    let zone = ZoneId::from_u128(id);
    zones.insert(zone, harmless);
    zone
}

/// The name of the zone that an id stands in for.
pub(crate) fn name_of_stand_in(zone: ZoneId) -> Option<String> {
    named_zones().get(&zone).cloned()
}

/// The text with the stand-ins as words. It takes time in the text's length, whatever the number of zones.
pub(crate) fn in_words(text: &str) -> String {
    in_words_of(text, &named_zones())
}

fn in_words_of(text: &str, named: &BTreeMap<ZoneId, String>) -> String {
    /// Digits of an id.
    const DIGITS: usize = 32;
    let (mut whole, mut copied) = (String::with_capacity(text.len()), 0);
    // The last digits before this place of the text, and how many of them stand in a row.
    let (mut value, mut digits) = (0_u128, 0);
    for (at, character) in text.char_indices() {
        let digit = character.to_digit(16).filter(|_| !character.is_ascii_uppercase());
        let Some(digit) = digit else {
            digits = 0;
            continue;
        };
        (value, digits) = (value << 4 | u128::from(digit), digits + 1);
        if digits >= DIGITS
            && let Some(word) = word_for(value, named)
        {
            whole.push_str(text.get(copied..at + 1 - DIGITS).unwrap_or_default());
            whole.push_str(&word);
            (copied, digits) = (at + 1, 0);
        }
    }
    whole.push_str(text.get(copied..).unwrap_or_default());
    whole
}

/// The word for an id, if it is a stand-in.
fn word_for(id: u128, named: &BTreeMap<ZoneId, String>) -> Option<Cow<'static, str>> {
    let zone = ZoneId::from_u128(id);
    if AccountId::from_u128(id) == SOME_ACCOUNT {
        Some("<account_id>".into())
    } else if zone == SOME_ZONE {
        Some("<zone_id>".into())
    } else if SOME_USER == UserId::from_u128(id) {
        Some("<user_id>".into())
    } else {
        named.get(&zone).map(|name| format!("{ZONE_OF}{name}>").into())
    }
}

/// The text with stand-ins for the words: what [`in_words`] made of it, undone.
pub(crate) fn without_words(text: &str) -> String {
    let (mut whole, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(Word { before, id, behind, .. }) = next_word(rest) {
        whole.extend([before, &id]);
        rest = behind;
    }
    whole + rest
}

/// The column in `text` of what stands at this line and column, from 1 in bytes, in the text [`without_words`] of it.
pub(crate) fn column_in_words(text: &str, line: usize, column: usize) -> usize {
    let mut rest = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let (mut here, mut there) = (0, 0);
    while let Some(Word { before, id, length, behind }) = next_word(rest) {
        if there + before.len() >= column {
            break;
        }
        (here, there) = (here + before.len() + length, there + before.len() + id.len());
        if there >= column {
            return here;
        }
        rest = behind;
    }
    here + column.saturating_sub(there)
}

/// A word for an id.
struct Word<'a> {
    before: &'a str,
    id: String,
    length: usize,
    behind: &'a str,
}

/// The first word of a text.
fn next_word(text: &str) -> Option<Word<'_>> {
    text.match_indices('<').find_map(|(at, _)| {
        let (before, from) = text.split_at(at);
        let fixed =
            |word: &str, id: &dyn std::fmt::Display| from.starts_with(word).then(|| (word.len(), id.to_string()));
        let (length, id) = fixed("<account_id>", &SOME_ACCOUNT)
            .or_else(|| fixed("<zone_id>", &SOME_ZONE))
            .or_else(|| fixed("<user_id>", &SOME_USER))
            .or_else(|| {
                let name = from.strip_prefix(ZONE_OF)?;
                // It ends within its JSON string.
                let (name, _) = name
                    .split_once(['>', '<', '"', '\n'])
                    .filter(|(before, _)| name[before.len()..].starts_with('>'))?;
                Some((ZONE_OF.len() + name.len() + 1, stand_in_for(name).to_string()))
            })?;
        Some(Word { before, id, length, behind: &from[length..] })
    })
}

/// The stand-ins' ids.
pub(crate) fn stand_ins() -> BTreeSet<String> {
    let named = named_zones().keys().map(ToString::to_string).collect::<Vec<_>>();
    named.into_iter().chain([SOME_ACCOUNT.to_string(), SOME_ZONE.to_string(), SOME_USER.to_string()]).collect()
}

/// How the word for a zone that is known by name begins.
const ZONE_OF: &str = "<zone_id of ";

/// FNV-1a: the same on every machine and in every run.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn named_zones() -> MutexGuard<'static, BTreeMap<ZoneId, String>> {
    NAMED_ZONES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the operations need of a place.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    pub(crate) account: bool,
    pub(crate) zone: bool,
    pub(crate) bucket: bool,
}

impl Wanted {
    pub(crate) fn by(operations: &[&'static Operation]) -> Self {
        let (zone, account) = (Operation::concerns_zone, Operation::concerns_account);
        let any = |wanted: &dyn Fn(&Operation) -> bool| operations.iter().any(|operation| wanted(operation));
        Self { account: any(&zone) || any(&account), zone: any(&zone), bucket: any(&Operation::names_bucket) }
    }

    /// What either wants.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            account: self.account || other.account,
            zone: self.zone || other.zone,
            bucket: self.bucket || other.bucket,
        }
    }

    /// The same, and what a need leaves open that a source states.
    pub(crate) fn and_stated(self, need: &StatedNeed) -> Self {
        let (operation, place) = (need.operation, &need.place);
        let zone = operation.concerns_zone() && place.zone.is_none();
        let bucket = operation.names_bucket() && place.bucket.is_none();
        let account = place.account.is_none() && (operation.concerns_account() || operation.names_bucket());
        Self { account: self.account || account || zone, zone: self.zone || zone, bucket: self.bucket || bucket }
    }
}

/// A place of which nothing is known: stand-ins for everything.
pub(crate) fn anywhere() -> Target {
    let bucket = BucketKey { account: SOME_ACCOUNT, jurisdiction: "default".to_owned(), name: SOME_BUCKET.to_owned() };
    Target { account: Some(SOME_ACCOUNT), zone: Some(SOME_ZONE), every_zone: false, bucket: Some(bucket) }
}

/// The place without asking anybody: ids as given, stand-ins for what is not given. `None` where a name is given.
pub(crate) fn offline(context: &Context) -> Option<Target> {
    let account = match given_account(context) {
        Some(text) => text.parse().ok()?,
        None => SOME_ACCOUNT,
    };
    let zone = match given_zone(context) {
        Some(EVERY_ZONE) => None,
        Some(text) => Some(text.parse().ok()?),
        None => Some(SOME_ZONE),
    };
    Some(Target { account: Some(account), zone, every_zone: zone.is_none(), bucket: Some(bucket(context, account)) })
}

/// The place for a reader who knows it by name, as the dashboard does: ids as given, stand-ins for names and for what is
/// not given. Nobody is asked.
pub(crate) fn by_name(context: &Context) -> Result<Target, CommandError> {
    refuse_empty(context)?;
    let account = match given_account(context).map(|text| (text, text.parse())) {
        Some((_, Ok(account))) => account,
        Some((text, Err(_))) => refuse_broken_id("account", text).map(|()| SOME_ACCOUNT)?,
        None => SOME_ACCOUNT,
    };
    let zone = match given_zone(context).map(|text| (text, text.parse())) {
        Some((EVERY_ZONE, _)) => None,
        Some((_, Ok(zone))) => Some(zone),
        Some((text, Err(_))) => refuse_broken_id("zone", text).map(|()| Some(SOME_ZONE))?,
        None => Some(SOME_ZONE),
    };
    Ok(Target { account: Some(account), zone, every_zone: zone.is_none(), bucket: Some(bucket(context, account)) })
}

/// The place, with names looked up and the account found by its zone, or because there is only one.
pub(crate) async fn find(context: &Context, client: &Client, wanted: Wanted) -> Result<Target, CommandError> {
    refuse_empty(context)?;
    let mut target = Target::default();
    if let Some(text) = given_account(context) {
        target.account = Some(account(client, text).await?);
    }
    if given_zone(context) == Some(EVERY_ZONE) {
        target.every_zone = true;
    } else if let Some(text) = given_zone(context) {
        let (zone, owner) = zone(client, text, wanted.account && target.account.is_none()).await?;
        target.zone = Some(zone);
        if let (Some(given), Some(owner)) = (target.account, owner)
            && given != owner
        {
            return Err(CommandError::usage(format!("zone `{}` belongs to another account", plain(text)))
                .because(format!("it is owned by account {owner}, and account {given} is named"))
                .hint("leave --account and CLOUDFLARE_ACCOUNT_ID out, or name the owner"));
        }
        target.account = target.account.or(owner);
    } else if wanted.zone {
        return Err(
            CommandError::usage("no zone is named").hint("give --zone ID or --zone NAME, or set CLOUDFLARE_ZONE_ID")
        );
    }
    if target.account.is_none() && (wanted.account || target.every_zone) {
        target.account = Some(only_account(context, client).await?);
    }
    if wanted.bucket && context.place.bucket.is_none() {
        return Err(CommandError::usage("no bucket is named").hint("give --bucket NAME, or --bucket eu/NAME"));
    }
    target.bucket = target.account.map(|account| bucket(context, account)).filter(|_| context.place.bucket.is_some());
    Ok(target)
}

/// The bucket that is named, or a stand-in.
fn bucket(context: &Context, account: AccountId) -> BucketKey {
    let given = context.place.bucket.clone();
    let Bucket { jurisdiction, name } =
        given.unwrap_or_else(|| Bucket { jurisdiction: "default".to_owned(), name: SOME_BUCKET.to_owned() });
    BucketKey { account, jurisdiction, name }
}

/// The zone with this name, or in which a host is, and the account that owns it. The names that a host's zone can have
/// are asked for one after the other, the longest first, as Cloudflare's own clients do it.
pub(crate) async fn zone_named(client: &Client, name: &ZoneName) -> Result<(ZoneId, Option<AccountId>), CommandError> {
    let (text, candidates): (&str, Vec<&str>) = match name {
        ZoneName::Name(name) => (name, vec![name]),
        ZoneName::Host(host) => (host, zone_names(host).filter(|name| name.contains('.')).collect()),
        ZoneName::Id(zone) => return Ok((*zone, None)),
        ZoneName::Every => return Err(none("zone", EVERY_ZONE)),
    };
    for candidate in candidates {
        if let Some(found) = zone_if_there(client, candidate).await? {
            return Ok(found);
        }
    }
    Err(none("zone", text))
}

/// The zone with just this name and the account that owns it, if it is there.
pub(crate) async fn zone_if_there(
    client: &Client,
    name: &str,
) -> Result<Option<(ZoneId, Option<AccountId>)>, CommandError> {
    match client.zones().by_name(name).await?.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some((one.id, one.account.as_ref().map(|account| account.id)))),
        many => Err(several("zone", name, many.iter().map(|zone| zone.id.to_string()))),
    }
}

/// Refuses an account or a zone that is named by nothing, as a script does whose variable is empty.
fn refuse_empty(context: &Context) -> Result<(), CommandError> {
    for (option, given) in [("--account", &context.place.account), ("--zone", &context.place.zone)] {
        if given.as_deref().is_some_and(|text| text.trim().is_empty()) {
            return Err(CommandError::usage(format!("{option} is empty"))
                .hint(format!("give an id or a name, or leave {option} out")));
        }
    }
    Ok(())
}

pub(crate) fn given_account(context: &Context) -> Option<&str> {
    context.place.account.as_deref().or(context.environment.get(ACCOUNT))
}

pub(crate) fn given_zone(context: &Context) -> Option<&str> {
    context.place.zone.as_deref().or(context.environment.get(ZONE))
}

/// The account that an id or a name stands for.
pub(crate) async fn account(client: &Client, text: &str) -> Result<AccountId, CommandError> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    refuse_broken_id("account", text)?;
    match client.accounts().by_name(text).await?.as_slice() {
        [one] => Ok(one.id),
        [] => Err(none("account", text)),
        many => Err(several("account", text, many.iter().map(|account| account.id.to_string()))),
    }
}

/// The zone and, where it is wanted and the credential may see it, the account that owns it.
async fn zone(client: &Client, text: &str, owner: bool) -> Result<(ZoneId, Option<AccountId>), CommandError> {
    if let Ok(id) = text.parse() {
        if !owner {
            return Ok((id, None));
        }
        return match client.zones().get(id).await {
            Ok(zone) => Ok((id, zone.account.map(|account| account.id))),
            // A token may work on a zone that it cannot look at.
            Err(refusal) if refusal.is_permission() => Ok((id, None)),
            Err(error) => Err(error.into()),
        };
    }
    refuse_broken_id("zone", text)?;
    match client.zones().by_name(text).await?.as_slice() {
        [one] => Ok((one.id, one.account.as_ref().map(|account| account.id))),
        [] => Err(none("zone", text)),
        many => Err(several("zone", text, many.iter().map(|zone| zone.id.to_string()))),
    }
}

async fn only_account(context: &Context, client: &Client) -> Result<AccountId, CommandError> {
    let named = |error: CommandError| error.hint("give --account ID, or set CLOUDFLARE_ACCOUNT_ID");
    match client.accounts().list().await.map_err(CommandError::from)?.as_slice() {
        [one] => {
            context.output.detail(format!("account {} ({}): the only one there is", one.id, plain(&one.name)));
            Ok(one.id)
        }
        [] => Err(named(CommandError::usage("no account is named, and the credential sees none"))),
        many => Err(named(CommandError::usage(format!("no account is named, and the credential sees {}", many.len())))),
    }
}

/// A text that was meant as an id, by its look, is not looked up as a name.
fn refuse_broken_id(kind: &str, text: &str) -> Result<(), CommandError> {
    let digits = text.chars().filter(char::is_ascii_hexdigit).count();
    let like_an_id = text.len() >= 24 && !text.contains('.') && digits * 10 >= text.len() * 9;
    if like_an_id {
        return Err(CommandError::usage(format!("`{}` is no {kind} id", plain(text)))
            .because(format!("an id has 32 hexadecimal digits; this has {} characters", text.chars().count()))
            .hint(format!("the dashboard shows the {kind} id on the overview page of the {kind}")));
    }
    Ok(())
}

fn none(kind: &str, text: &str) -> CommandError {
    CommandError::usage(format!("no {kind} is called `{}`, or the credential cannot see it", plain(text)))
        .hint(format!("give its id: --{kind} ID"))
}

fn several(kind: &str, text: &str, ids: impl Iterator<Item = String>) -> CommandError {
    CommandError::usage(format!("more than one {kind} is called `{}`", plain(text)))
        .hint(format!("give its id: {}", ids.collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_hash_are_two_zones() {
        let names = ["8yn0iYCKYHlIj4-BwPqk", "GReLUrM4wMqfg9yzV3KQ"];
        assert_eq!(hash(names[0]), hash(names[1]));
        let zones = names.map(stand_in_for);
        assert_ne!(zones[0], zones[1]);
        assert_eq!(names.map(stand_in_for), zones);
        assert_eq!(zones.map(|zone| name_of_stand_in(zone).unwrap()), names);
    }

    #[test]
    fn words_become_ids_and_ids_words() {
        let text = "a<<zone_id>b<zone_id of example.com>\n<account_id>, <user_id>é<zone_id of x\ny> <other> < ";
        let ids = without_words(text);
        assert!(
            !ids.contains("<account_id>")
                && !ids.contains("<zone_id>")
                && ids.ends_with("<zone_id of x\ny> <other> < ")
        );
        assert_eq!(in_words(&ids), text);
    }

    #[test]
    fn columns_are_those_of_the_text_that_has_words() {
        let text = "first\n{\"<account_id>\": <zone_id of example.com>, wrong}\nlast";
        let ids = without_words(text);
        let (line, line_of_ids) = (text.lines().nth(1).unwrap(), ids.lines().nth(1).unwrap());
        for sought in ["{", "\": ", ", wrong", "}"] {
            let (here, there) = (line.find(sought).unwrap() + 1, line_of_ids.find(sought).unwrap() + 1);
            assert_eq!(column_in_words(text, 2, there), here, "{sought}");
        }
        // Within an id it is the end of the word.
        assert_eq!(column_in_words(text, 2, 20), line.find('>').unwrap() + 1);
        assert_eq!(column_in_words(text, 1, 3), 3);
        assert_eq!(column_in_words(text, 9, 3), 3);
    }

    /// The same, a replacement per stand-in.
    fn naive(text: &str, named: &BTreeMap<ZoneId, String>) -> String {
        let mut text = text
            .replace(&SOME_ACCOUNT.to_string(), "<account_id>")
            .replace(&SOME_ZONE.to_string(), "<zone_id>")
            .replace(&SOME_USER.to_string(), "<user_id>");
        for (zone, name) in named {
            text = text.replace(&zone.to_string(), &format!("<zone_id of {name}>"));
        }
        text
    }

    #[test]
    fn stand_ins_become_the_words_that_a_naive_replacement_gives() {
        let zones = [1, 2, 3].map(|number| ZoneId::from_u128(ZONES | number << 1 | 1));
        let named: BTreeMap<_, _> = zones
            .iter()
            .zip(["a.example", "b.example", "é.example"].map(str::to_owned))
            .map(|(zone, name)| (*zone, name))
            .collect();
        let parts = [
            SOME_ACCOUNT.to_string(),
            SOME_ZONE.to_string(),
            SOME_USER.to_string(),
            zones[0].to_string(),
            zones[1].to_string(),
            zones[2].to_string(),
            ZoneId::from_u128(ZONES | 99).to_string(),
            zones[0].to_string().to_uppercase(),
            "0".to_owned(),
            "ff".to_owned(),
            "-".to_owned(),
            "é".to_owned(),
            "B".to_owned(),
            String::new(),
        ];
        let mut random = 1_u64;
        let mut next = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(random >> 33).unwrap()
        };
        for _ in 0..2000 {
            let text: String = (0..next() % 9).map(|_| parts[next() % parts.len()].as_str()).collect();
            assert_eq!(in_words_of(&text, &named), naive(&text, &named), "{text}");
        }
    }

    #[test]
    fn a_stand_in_is_found_within_more_digits_and_words_lead_back_to_it() {
        let zone = stand_in_for("shop.example");
        let text = format!("é0{zone}1 {SOME_ACCOUNT}{zone}");
        assert_eq!(in_words(&text), "é0<zone_id of shop.example>1 <account_id><zone_id of shop.example>");
        assert_eq!(without_words(&in_words(&text)), text);
    }

    #[test]
    fn many_zones_cost_no_more_per_text_than_few() {
        let named: BTreeMap<_, _> =
            (0..20_000).map(|n| (ZoneId::from_u128(ZONES | n << 1 | 1), format!("z{n}"))).collect();
        let text: String = named.keys().map(|zone| format!("/zones/{zone} ")).collect();
        // A pass over the text per zone would be 16 GB of text.
        assert!(in_words_of(&text, &named).ends_with("/zones/<zone_id of z19999> "));
    }
}
