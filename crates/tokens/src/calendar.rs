//! The ends of tokens as a calendar file (RFC 5545).

use jiff::{Timestamp, tz::TimeZone};

/// The longest line in octets, without its end (RFC 5545, 3.1).
const LONGEST_LINE: usize = 75;

/// The end of one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What is the same for the same event in every writing, and for no other: a calendar replaces by it.
    pub uid: String,
    /// When it is.
    pub at: Timestamp,
    /// What it is, in a line.
    pub summary: String,
    /// What is to be done.
    pub description: String,
}

/// A calendar with the events, each with an alarm so many days before it. `now` is when it is written.
#[must_use]
pub fn calendar(events: &[Event], alarms: &[u32], now: Timestamp) -> String {
    let mut lines = Lines::default();
    lines.put("BEGIN", "VCALENDAR");
    lines.put("VERSION", "2.0");
    lines.put("PRODID", "-//flarekeep//token remind//EN");
    lines.put("CALSCALE", "GREGORIAN");
    lines.text("X-WR-CALNAME", "Cloudflare tokens");
    for event in events {
        lines.put("BEGIN", "VEVENT");
        lines.text("UID", &event.uid);
        lines.put("DTSTAMP", &time(now));
        lines.put("DTSTART", &time(event.at));
        lines.text("SUMMARY", &event.summary);
        lines.text("DESCRIPTION", &event.description);
        // Nobody is busy at the end of a token.
        lines.put("TRANSP", "TRANSPARENT");
        for days in alarms {
            lines.put("BEGIN", "VALARM");
            lines.put("ACTION", "DISPLAY");
            lines.text("DESCRIPTION", &event.summary);
            lines.put("TRIGGER", &format!("-P{days}D"));
            lines.put("END", "VALARM");
        }
        lines.put("END", "VEVENT");
    }
    lines.put("END", "VCALENDAR");
    lines.0
}

/// Lines of a calendar, each ended as the standard wants it.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// A property whose value is text, which may hold anything.
    fn text(&mut self, name: &str, value: &str) {
        self.put(name, &escaped(value));
    }

    /// A property, folded where it is too long. A character is never cut in two.
    fn put(&mut self, name: &str, value: &str) {
        let mut used = 0;
        for c in name.chars().chain([':']).chain(value.chars()) {
            if used + c.len_utf8() > LONGEST_LINE {
                self.0.push_str("\r\n ");
                used = 1;
            }
            self.0.push(c);
            used += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

/// A text value (RFC 5545, 3.3.11). Control characters have no place in one and are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A time in UTC (RFC 5545, 3.3.5).
fn time(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(summary: &str) -> String {
        let event = Event {
            uid: "1-2@flarekeep".to_owned(),
            at: "2027-01-31T12:00:05Z".parse().unwrap(),
            summary: summary.to_owned(),
            description: "run this".to_owned(),
        };
        calendar(&[event], &[30, 1], "2026-12-01T00:00:00Z".parse().unwrap())
    }

    /// A second reader: unfolded lines, names apart from values, text unescaped.
    fn read(text: &str) -> Vec<(String, String)> {
        let unfolded = text.replace("\r\n ", "");
        let pairs = unfolded.split_terminator("\r\n").map(|line| line.split_once(':').unwrap());
        let plain = |value: &str| {
            let (mut out, mut rest) = (String::new(), value.chars());
            while let Some(c) = rest.next() {
                out.push(match c {
                    '\\' => match rest.next().unwrap() {
                        'n' => '\n',
                        other => other,
                    },
                    c => c,
                });
            }
            out
        };
        pairs.map(|(name, value)| (name.to_owned(), plain(value))).collect()
    }

    #[test]
    fn every_property_is_there_and_every_begin_has_its_end() {
        let lines = read(&written("token ends"));
        let all = |name: &str| lines.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect::<Vec<_>>();
        assert_eq!(all("BEGIN"), ["VCALENDAR", "VEVENT", "VALARM", "VALARM"]);
        assert_eq!(all("END"), ["VALARM", "VALARM", "VEVENT", "VCALENDAR"]);
        assert_eq!(all("DTSTART"), ["20270131T120005Z"]);
        assert_eq!(all("DTSTAMP"), ["20261201T000000Z"]);
        assert_eq!(all("TRIGGER"), ["-P30D", "-P1D"]);
        assert_eq!(all("UID"), ["1-2@flarekeep"]);
    }

    #[test]
    fn any_text_comes_back_and_no_line_is_too_long() {
        let long = "é".repeat(200);
        let odd = format!("a,b;c\\n\\,d\nEND:VCALENDAR\r\n{}", "🔑".repeat(100));
        for summary in ["", "x", &long, &odd, &"y".repeat(67), &"y".repeat(68)] {
            let text = written(summary);
            assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
            assert!(text.split("\r\n").all(|line| line.len() <= LONGEST_LINE), "{text}");
            let found = read(&text).into_iter().find(|(name, _)| name == "SUMMARY").unwrap().1;
            assert_eq!(found, summary.replace('\r', ""));
            assert_eq!(read(&text).iter().filter(|(name, _)| name == "END").count(), 4, "nothing is put in between");
        }
    }

    #[test]
    fn a_line_is_folded_at_75_octets() {
        let text = written(&"y".repeat(68));
        assert!(text.contains(&format!("\r\nSUMMARY:{}\r\n y\r\n", "y".repeat(67))), "{text}");
    }
}
