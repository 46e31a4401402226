//! What a token is held to beside its permissions, read from the command line: its name, addresses and end.

use flarekeep_policy::{IpSet, parse_range};
use jiff::{Span, Timestamp};

use crate::arguments::Limits;
use crate::error::CommandError;
use crate::output::plain;

/// A token's name, if Cloudflare would take it and a terminal shows it as it is.
pub(crate) fn name(name: &str) -> Result<String, CommandError> {
    match name.chars().count() {
        1..=120 if plain(name) == name => Ok(name.to_owned()),
        _ => Err(CommandError::usage("a token's name has 1 to 120 characters, none of them a control character")
            .hint("by custom {project}-{purpose}-{environment}, as in --name shop-dns-prod")),
    }
}

/// The addresses that may use it; none for no filter.
pub(crate) fn ranges(limits: &Limits) -> Result<IpSet, CommandError> {
    let ranges = limits.allow_ips.iter().map(|range| parse_range(range)).collect::<Result<Vec<_>, _>>();
    ranges.map(IpSet).map_err(|error| {
        CommandError::usage(error.to_string()).hint("as in --allow-ip 203.0.113.0/24, as often as needed")
    })
}

/// When it ends.
pub(crate) fn end(limits: &Limits) -> Result<Option<Timestamp>, CommandError> {
    limits.expires.as_deref().map(expiry).transpose()
}

/// When a token ends: so long from now (`90d`, `12h`), or a date or time.
fn expiry(text: &str) -> Result<Timestamp, CommandError> {
    let wrong = |why: &str| {
        CommandError::usage(format!("`{}` is not a time in the future", plain(text)))
            .because(why.to_owned())
            .hint("as in --expires 90d, --expires 12h, --expires 2027-01-31 or --expires 2027-01-31T12:00:00Z")
    };
    let now = Timestamp::now();
    let time = if let Ok(time) = text.parse::<Timestamp>() {
        time
    } else if let Ok(date) = text.parse::<jiff::civil::Date>() {
        // Cloudflare's dashboard takes a date as midnight UTC, too.
        date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong("the date does not exist"))?.timestamp()
    } else {
        let (number, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
        let hours = match (number.parse::<i64>(), unit) {
            (Ok(days), "d") => days.checked_mul(24),
            (Ok(weeks), "w") => weeks.checked_mul(24 * 7),
            (Ok(hours), "h") => Some(hours),
            _ => None,
        };
        let span =
            hours.and_then(|hours| Span::new().try_hours(hours).ok()).ok_or_else(|| wrong("it cannot be read"))?;
        now.checked_add(span).map_err(|_| wrong("it is too far away"))?
    };
    // Cloudflare takes whole seconds.
    let time = Timestamp::from_second(time.as_second()).map_err(|_| wrong("it is too far away"))?;
    if time <= now { Err(wrong("it is past")) } else { Ok(time) }
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
}
