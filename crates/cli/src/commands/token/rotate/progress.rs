//! What is shown while an old token is kept.

use std::io::IsTerminal;
use std::sync::Mutex;

use flarekeep_tokens::Glance;
use indicatif::ProgressBar;
use jiff::Timestamp;

use crate::output::{Output, plain};

/// A line that changes on a terminal; elsewhere a line when something was seen.
pub(super) struct Progress {
    output: Output,
    name: String,
    bar: Option<ProgressBar>,
    last: Mutex<Option<Glance>>,
}

impl Progress {
    pub(super) fn new(output: Output, name: &str) -> Self {
        let bar = (std::io::stderr().is_terminal() && !output.quiet).then(ProgressBar::new_spinner);
        Self { output, name: plain(name), bar, last: Mutex::new(None) }
    }

    /// Shows what is seen.
    pub(super) fn see(&self, glance: &Glance) {
        if let Some(bar) = &self.bar {
            let left = u64::try_from(glance.until.duration_since(Timestamp::now()).as_secs()).unwrap_or(0);
            bar.set_message(format!("{} left; {}", in_words(left), uses(glance)));
            bar.tick();
            return;
        }
        let Ok(mut last) = self.last.lock() else { return };
        match *last {
            None => self.output.note(format!(
                "the old token of {} is kept until {}; Ctrl-C leaves it so, and flarekeep token resume goes on",
                self.name, glance.until
            )),
            Some(seen) if seen != *glance => self.output.note(uses(glance)),
            Some(_) => {}
        }
        *last = Some(*glance);
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn uses(glance: &Glance) -> String {
    let word =
        |time: Option<Timestamp>| time.map_or("never".to_owned(), |time| time.strftime("%H:%M:%S UTC").to_string());
    format!("last use of the old one {}, of the new one {}", word(glance.old_used), word(glance.new_used))
}

fn in_words(seconds: u64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}
