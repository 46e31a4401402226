//! `flarekeep token remind`: which tokens end soon, for people, schedulers and calendars.

use std::path::Path;

use flarekeep_cloudflare::Status;
use flarekeep_tokens::care::ending;
use flarekeep_tokens::{Event, calendar};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::care::{Owned, listed};
use crate::arguments::TokenRemind;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{BAD, CARE, FAINT, GOOD, counted, plain, styled, written};
use crate::save::save;
use crate::{CommandResult, Verdict};

/// A token that ends soon or ended lately.
struct Due<'a> {
    owned: &'a Owned,
    /// Whole days until its end; negative for one that ended.
    days: i64,
    /// The smallest of the days that were asked for in which it ends; none for one that ended.
    within: Option<u32>,
}

pub(crate) fn run(context: &Context, arguments: &TokenRemind) -> CommandResult {
    let to_stdout = arguments.ics.as_deref() == Some("-");
    if to_stdout && context.output.json {
        return Err(CommandError::usage("--ics - and --json both want standard output")
            .hint("--ics FILE keeps the calendar out of the document"));
    }
    let all = listed(context, arguments.owner)?;
    let now = Timestamp::now();
    let mut due: Vec<Due> = all
        .iter()
        .filter_map(|owned| {
            let (days, within) = ending(&owned.token, &arguments.days, now)?;
            Some(Due { owned, days, within: Some(within).filter(|_| days >= 0) })
        })
        .collect();
    due.sort_by(|a, b| {
        (a.owned.token.expires_on, &a.owned.token.name).cmp(&(b.owned.token.expires_on, &b.owned.token.name))
    });
    let events = events(&all, now);
    if let Some(to) = &arguments.ics {
        let mut days = arguments.days.clone();
        days.sort_unstable_by(|a, b| b.cmp(a));
        days.dedup();
        write(to, &calendar(&events, &days, now))?;
    }
    let endless = all.iter().filter(|owned| owned.token.expires_on.is_none()).count();
    context.output.document(&json!({
        "days": arguments.days,
        "due": due.iter().map(Due::document).collect::<Vec<_>>(),
        "without_end": endless,
        "next_end": events.first().map(|event| event.at.to_string()),
        "calendar": arguments.ics,
    }));
    let output = context.output;
    if due.is_empty() {
        let largest = arguments.days.iter().copied().max().unwrap_or_default();
        let next = events.first().map(|event| format!("; the next end is at {}", event.at)).unwrap_or_default();
        let none = format!("no token ends within {}", counted(largest as usize, "day"));
        output.beside(to_stdout, format!("{}{next}", styled(GOOD, none)));
    } else {
        output.beside(to_stdout, table(0, Some(["NAME", "OWNER", "ENDS", "", "ID"]), due.iter().map(Due::cells)));
        let first = due.first().map(|due| due.owned.named(&all)).unwrap_or_default();
        output
            .note(format!("\n  flarekeep token rotate {first}   {}", styled(FAINT, "makes a successor without a gap")));
    }
    if endless > 0 {
        let them = if endless == 1 { "has no end" } else { "have no end" };
        output.note(format!("{} {them}, and nobody is reminded of them", counted(endless, "token")));
    }
    if let (Some(file), false) = (&arguments.ics, to_stdout) {
        output.note(format!("{} in {}", counted(events.len(), "event"), plain(file)));
    }
    Ok(Verdict::yes_if(due.is_empty()))
}

impl Due<'_> {
    fn cells(&self) -> [String; 5] {
        let token = &self.owned.token;
        let when = match self.days {
            // Whole days are counted down: within the day after the end there is one less than none left.
            -1 => styled(BAD, "ended within a day"),
            i64::MIN..0 => styled(BAD, format!("ended {} ago", counted(self.days.unsigned_abs() as usize - 1, "day"))),
            0 => styled(BAD, "within a day"),
            days => {
                let style = if self.within.is_some_and(|within| within <= 7) { BAD } else { CARE };
                styled(style, format!("in {}", counted(days.unsigned_abs() as usize, "day")))
            }
        };
        [
            plain(&token.name),
            self.owned.owner_word().to_owned(),
            token.expires_on.map(|end| end.to_string()).unwrap_or_default(),
            when,
            styled(FAINT, token.id),
        ]
    }

    fn document(&self) -> Value {
        let token = &self.owned.token;
        json!({
            "id": token.id.to_string(),
            "name": token.name,
            "owner": self.owned.owner_word(),
            "status": token.status.to_string(),
            "expires_on": token.expires_on.map(|end| end.to_string()),
            "days_left": self.days,
            "within": self.within,
        })
    }
}

/// The ends that are to come of all tokens in use, in order.
fn events(all: &[Owned], now: Timestamp) -> Vec<Event> {
    let in_use = all.iter().filter(|owned| owned.token.status == Status::Active);
    let mut events: Vec<Event> = in_use
        .filter_map(|owned| {
            let token = &owned.token;
            let at = token.expires_on.filter(|end| *end > now)?;
            Some(Event {
                // Another end is another event: it replaces nothing, since the calendar is written whole.
                uid: format!("{}-{}@flarekeep", token.id, at.as_second()),
                at,
                summary: format!("Cloudflare token {} ends", plain(&token.name)),
                description: format!(
                    "Token {} of the {} is refused from then on.\nA successor, without a gap: flarekeep token rotate {}",
                    token.id,
                    owned.owner_word(),
                    owned.named(all),
                ),
            })
        })
        .collect();
    events.sort_by(|a, b| (a.at, &a.uid).cmp(&(b.at, &b.uid)));
    events
}

/// Writes the calendar whole or not at all.
fn write(to: &str, text: &str) -> Result<(), CommandError> {
    use std::io::Write;
    if to == "-" {
        written(std::io::stdout().write_all(text.as_bytes()));
        return Ok(());
    }
    save(Path::new(to), text).map_err(|error| {
        CommandError::usage(format!("cannot write the calendar to `{}`: {}", plain(to), error.kind()))
            .hint("--ics FILE, in a folder that is there; --ics - writes to standard output")
    })
}
