//! The rules that a site brings along, with what is wrong with them.

use flarekeep_sites::files::Tree;
use flarekeep_sites::manifest::{Compress, NotFound, Settings};
use flarekeep_sites::rules::{Fault, headers, redirects};

use crate::arguments::{Compression, HtmlHandling, NotFoundHandling};
use crate::error::CommandError;
use crate::output::{Output, counted, plain};

/// So many faults of a file are told; more are counted.
const MOST: usize = 5;

/// The settings that the site's own rules and the options say.
pub(super) fn settings(
    output: Output,
    tree: &Tree,
    html: HtmlHandling,
    not_found: Option<NotFoundHandling>,
    compress: &[Compression],
) -> Result<Settings, CommandError> {
    let (redirects, faults) = redirects(tree.redirects.as_deref().unwrap_or_default());
    tell(output, "_redirects", &faults)?;
    let (headers, faults) = headers(tree.headers.as_deref().unwrap_or_default());
    tell(output, "_headers", &faults)?;
    let usual = if redirects.single_page { NotFound::SinglePageApplication } else { NotFound::Page };
    let not_found = not_found.map_or(usual, Into::into);
    let compress =
        Compress { brotli: compress.contains(&Compression::Br), gzip: compress.contains(&Compression::Gzip) };
    Ok(Settings { html: html.into(), not_found, redirects, headers, compress })
}

/// Warns of what is passed over, and refuses what would be lost.
fn tell(output: Output, file: &str, faults: &[Fault]) -> Result<(), CommandError> {
    let told = |fault: &Fault| plain(&format!("{file} line {}: {}", fault.line, fault.what));
    let (fatal, passed): (Vec<&Fault>, Vec<&Fault>) = faults.iter().partition(|fault| fault.fatal);
    if !fatal.is_empty() {
        let (first, rest) = fatal.split_at(fatal.len().min(MOST));
        let error = CommandError::usage(format!("`{file}` cannot be deployed; nothing was uploaded"));
        let error = error.because(first.iter().map(|fault| told(fault)).collect::<Vec<_>>().join("; "));
        let more = if rest.is_empty() { String::new() } else { format!(", and of {} more", rest.len()) };
        return Err(error.hint(format!("mend these lines{more}; a rule with `*` or `:name` can stand for many")));
    }
    passed.iter().take(MOST).for_each(|fault| output.warn(told(fault)));
    if let more @ 1.. = passed.len().saturating_sub(MOST) {
        output.warn(format!("{file}: {} more", counted(more, "line")));
    }
    Ok(())
}
