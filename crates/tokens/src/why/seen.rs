//! An answer of Cloudflare's as a refusal that can be explained.

use flarekeep_cloudflare::{self as api};
use flarekeep_diagnosis::{Refusal, Said};

/// What one attempt showed, with the answer as it came.
#[derive(Debug)]
pub(crate) enum Seen {
    /// The token may make the call.
    Authorised,
    /// It was refused so, or failed so.
    Refused(api::Error),
    /// A list does not hold the zone that is meant.
    NotListed,
    /// The attempt proves nothing.
    Unproven(String),
}

/// The refusal with what this answer says, about the same call.
pub(super) fn refusal_of(refused: &api::Error, call: &Refusal) -> Refusal {
    let mut errors = Vec::new();
    flatten(refused.errors(), &mut errors);
    if matches!(refused, api::Error::NotJson { content_type: Some(kind), .. } if kind.starts_with("text/html")) {
        errors.push(a_page());
    }
    let retry_after = match refused {
        api::Error::RateLimited { retry_after, .. } => retry_after.map(|after| after.as_secs()),
        _ => None,
    };
    // The status of an answer that was read from a text was not seen.
    let status = refused.status().filter(|status| *status != 0);
    let address = errors.iter().find_map(|said: &Said| said.message.rsplit_once("location: ")?.1.trim().parse().ok());
    Refusal { status, errors, retry_after, address, ..call.clone() }
}

/// A list of zones without the one that is meant, in the words of clients that look for it.
pub(super) fn not_listed() -> Said {
    Said { message: "could not find zone".to_owned(), ..Said::default() }
}

/// A page for browsers, in the place of an answer.
fn a_page() -> Said {
    Said { message: "a page of HTML, which the API does not answer with".to_owned(), ..Said::default() }
}

fn flatten(errors: &[api::ApiError], into: &mut Vec<Said>) {
    for error in errors {
        into.push(Said {
            code: Some(error.code).filter(|code| *code != 0),
            word: None,
            message: error.message.clone(),
            documentation_url: error.documentation_url.clone(),
        });
        flatten(&error.error_chain, into);
    }
}
