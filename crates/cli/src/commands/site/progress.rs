//! How far a long work has come, where somebody looks.

use std::io::IsTerminal;
use std::sync::Arc;

use flarekeep_sites::{Event, Listener};
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// A bar of bytes with the rate and the time left; none where nobody looks.
pub(in crate::commands) fn progress_bar(output: Output, length: u64, what: &'static str) -> ProgressBar {
    let template = "{msg} {bar:30} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta} left";
    bar(output, length, what, template)
}

/// A bar of objects.
pub(in crate::commands) fn object_bar(output: Output, what: &'static str) -> ProgressBar {
    bar(output, 0, what, "{msg} {bar:30} {human_pos}/{human_len} objects {eta} left")
}

/// Shows what is told on the bar, and says what is waited for.
pub(in crate::commands) fn shown_by(output: Output, bar: &ProgressBar) -> Listener {
    let bar = bar.clone();
    let number = |objects| u64::try_from(objects).unwrap_or(u64::MAX);
    Arc::new(move |event| match event {
        Event::Uploading { bytes, .. } | Event::Fetching { bytes } => bar.set_length(bytes),
        Event::Uploaded { bytes } | Event::Fetched { bytes } => bar.inc(bytes),
        Event::Removing { objects } => bar.set_length(number(objects)),
        Event::Removed { objects } => bar.inc(number(objects)),
        Event::Watching { longest } => bar.suspend(|| {
            let most = longest.as_secs();
            output.note(format!("a sweep or a removal may be under way: looking for {most} s whether it lives"));
        }),
    })
}

fn bar(output: Output, length: u64, what: &'static str, template: &str) -> ProgressBar {
    if output.quiet || output.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style).with_message(what)
}
