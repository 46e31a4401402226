//! What a token is held to beside its permissions: its name, the addresses that may use it, its begin and its end; read
//! from the command line and, beneath that, from a plan file.

mod addresses;

use flarekeep_planner::PlanDocument;
use flarekeep_tokens::pending;
use ipnet::IpNet;
use jiff::{Span, Timestamp};

use crate::arguments::Limits;
use crate::error::CommandError;
use crate::output::{Output, plain};

/// What a token is held to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    /// Its name, if anybody gave one.
    pub(crate) name: Option<String>,
    /// The addresses that may use it, in the fewest ranges; none for no filter.
    pub(crate) allow_ips: Vec<IpNet>,
    /// When it ends.
    pub(crate) expires_on: Option<Timestamp>,
    /// When it begins.
    pub(crate) not_before: Option<Timestamp>,
}

/// Reads the limits. What the command line says of one replaces what the plan file says of it.
pub(crate) fn read(
    output: Output,
    name: Option<&str>,
    limits: &Limits,
    file: Option<&PlanDocument>,
) -> Result<Held, CommandError> {
    let stated = file.map(stated).transpose()?.unwrap_or_default();
    let allow_ips = match limits.allow_ips.as_slice() {
        [] => stated.allow_ips,
        given => addresses::read(output, given)?,
    };
    let held = Held {
        name: name.map(self::name).transpose()?.or(stated.name),
        allow_ips,
        expires_on: limits.expires.as_deref().map(expiry).transpose()?.or(stated.expires_on),
        not_before: limits.not_before.as_deref().map(beginning).transpose()?.or(stated.not_before),
    };
    match (held.not_before, held.expires_on) {
        (Some(begin), Some(end)) if begin >= end => Err(CommandError::usage("the token would end before it begins")
            .because(format!("it is to begin at {begin} and to end at {end}"))
            .hint("as in --not-before 2027-01-01 --expires 2027-03-31")),
        _ => Ok(held),
    }
}

/// A token's name, if Cloudflare would take it and a terminal shows it as it is. The mark of a token that is being made is
/// no part of a name: such a token would be swept away.
pub(crate) fn name(name: &str) -> Result<String, CommandError> {
    if let Some(start) = pending(name) {
        return Err(CommandError::usage(format!(
            "`{}` is what flarekeep calls a token that it is making",
            plain(name)
        ))
        .because("a token of such a name is taken for one that a stopped run has left")
        .hint(format!("without the mark: '{}'", plain(start))));
    }
    match name.chars().count() {
        1..=120 if plain(name) == name => Ok(name.to_owned()),
        _ => Err(CommandError::usage("a token's name has 1 to 120 characters, none of them a control character")
            .hint("by custom {project}-{purpose}-{environment}, as in --name shop-dns-prod")),
    }
}

/// What a plan file says.
fn stated(document: &PlanDocument) -> Result<Held, CommandError> {
    let condition = document.condition.as_ref().and_then(|condition| condition.request_ip.as_ref());
    let ranges = condition.map(|addresses| addresses.within.as_slice()).unwrap_or_default();
    let expires_on = document.expires_on.as_deref().map(|text| time_in_file("expires_on", text)).transpose()?;
    if let Some(end) = expires_on.filter(|end| *end <= Timestamp::now()) {
        return Err(CommandError::usage(format!("the plan's token would have ended already, at {end}"))
            .hint("give it another end: --expires 90d"));
    }
    Ok(Held {
        name: document.name.as_deref().map(name).transpose()?,
        allow_ips: addresses::merged(ranges)?,
        expires_on,
        not_before: document.not_before.as_deref().map(|text| time_in_file("not_before", text)).transpose()?,
    })
}

fn time_in_file(field: &str, text: &str) -> Result<Timestamp, CommandError> {
    text.parse().map_err(|_| {
        CommandError::usage(format!("`{}`, the plan's `{field}`, is no time", plain(text)))
            .hint("a time is written as in 2027-01-31T00:00:00Z")
    })
}

/// When a token ends: so long from now (`90d`, `12h`), or a date or time.
pub(crate) fn expiry(text: &str) -> Result<Timestamp, CommandError> {
    let wrong = |why: &str| {
        CommandError::usage(format!("`{}` is not a time in the future", plain(text)))
            .because(why.to_owned())
            .hint("as in --expires 90d, --expires 12h, --expires 2027-01-31 or --expires 2027-01-31T12:00:00Z")
    };
    let time = time(text).map_err(wrong)?;
    if time <= Timestamp::now() { Err(wrong("it is past")) } else { Ok(time) }
}

/// When a token begins, which may be past.
fn beginning(text: &str) -> Result<Timestamp, CommandError> {
    if text == "now" {
        return Ok(Timestamp::now());
    }
    time(text).map_err(|why| {
        CommandError::usage(format!("`{}` is no time", plain(text))).because(why).hint(
            "as in --not-before now, --not-before 2d, --not-before 2027-01-31 or --not-before 2027-01-31T12:00:00Z",
        )
    })
}

/// So long from now, or a date or time; in whole seconds, as Cloudflare takes it.
fn time(text: &str) -> Result<Timestamp, &'static str> {
    let time = if let Ok(time) = text.parse::<Timestamp>() {
        time
    } else if let Ok(date) = text.parse::<jiff::civil::Date>() {
        // Cloudflare's dashboard takes a date as midnight UTC, too.
        date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| "the date does not exist")?.timestamp()
    } else {
        let (number, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
        let hours = match (number.parse::<i64>(), unit) {
            (Ok(days), "d") => days.checked_mul(24),
            (Ok(weeks), "w") => weeks.checked_mul(24 * 7),
            (Ok(hours), "h") => Some(hours),
            _ => None,
        };
        let span = hours.and_then(|hours| Span::new().try_hours(hours).ok()).ok_or("it cannot be read")?;
        Timestamp::now().checked_add(span).map_err(|_| "it is too far away")?
    };
    Timestamp::from_second(time.as_second()).map_err(|_| "it is too far away")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_an_age_a_date_or_a_time() {
        let days = expiry("90d").unwrap().duration_since(Timestamp::now()).as_hours();
        assert!((90 * 24 - 1..=90 * 24).contains(&days));
        assert_eq!(expiry("2999-01-31").unwrap().to_string(), "2999-01-31T00:00:00Z");
        assert_eq!(expiry("2999-01-31T12:00:00Z").unwrap().to_string(), "2999-01-31T12:00:00Z");
        for wrong in ["", "d", "soon", "90x", "-1d", "2001-01-01", "99999999999999999d", "9é"] {
            assert!(expiry(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_has_no_mark() {
        assert!(name("x (pending)").is_ok() && name("x (pending 0123abcd) y").is_ok());
        let error = name("x (pending 0123abcd)").unwrap_err();
        assert_eq!(error.hints, ["without the mark: 'x'"]);
        assert!(name("").is_err() && name(&"x".repeat(121)).is_err());
    }

    #[test]
    fn a_token_may_begin_in_the_past_and_not_after_its_end() {
        assert_eq!(beginning("2001-01-01").unwrap().to_string(), "2001-01-01T00:00:00Z");
        assert!(beginning("soon").is_err());
        let output = Output { json: false, part: false, quiet: true, verbose: false };
        let limits = |begin: &str, end: &str| Limits {
            not_before: Some(begin.to_owned()),
            expires: Some(end.to_owned()),
            ..Limits::default()
        };
        assert!(read(output, None, &limits("1d", "2d"), None).is_ok());
        for (begin, end) in [("2d", "2d"), ("3d", "2d"), ("2999-02-01", "2999-01-31")] {
            assert!(read(output, None, &limits(begin, end), None).is_err(), "{begin} {end}");
        }
    }
}
