//! curl commands.

use flarekeep_catalogue::{RecogniseError, Recognised, Remark, recognise};

use super::state::{State, is_open};
use super::word::quoted;
use crate::source::{Place, ZoneName};

/// What a curl command calls, `arguments` without `curl` itself.
pub(super) fn read(state: &mut State<'_>, line: usize, arguments: &[String], varies: bool) {
    // Variables that are not known stand for one part of a path: what holds more cannot be read.
    let url = arguments.iter().find(|word| is_url(word));
    let Some(url) = url else {
        let in_file = arguments.iter().any(|word| word == "-K" || word.starts_with("--config"));
        let hidden = |word: &String| {
            is_open(word) && !word.contains(' ') && ["/zones", "/accounts/"].iter().any(|part| word.contains(part))
        };
        if in_file {
            state.unread(line, "what a curl command calls is in a file of options, which is not read");
        } else if arguments.iter().any(|word| names_cloudflare(word) || hidden(word)) {
            state.unread(line, "the address of a curl call is in a variable");
        }
        return;
    };
    let command = format!("curl {}", arguments.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "));
    match recognise(&command) {
        Ok(found) if found.remarks.contains(&Remark::UnreadMethod) || found.remarks.contains(&Remark::AllMethods) => {
            state.unread(line, "the method of a curl call is not known");
        }
        Ok(found) => call(state, line, &found, url, varies),
        Err(RecogniseError::Elsewhere { .. } | RecogniseError::NoUrl) => {}
        Err(_) => state.unread(line, "a curl command calls what is no known operation"),
    }
}

fn call(state: &mut State<'_>, line: usize, found: &Recognised, url: &str, varies: bool) {
    let zone = found.zone.map(ZoneName::Id).or_else(|| zone_asked_for(found, url));
    let place = Place { account: found.account, zone, bucket: None };
    if varies && place == Place::default() {
        state.unread(line, "the call is made with several values of a variable, and is planned for one");
    }
    for operation in &found.operations {
        state.need(line, operation, place.clone(), "called with curl");
    }
    if found.remarks.contains(&Remark::FirstOnly) {
        state.unread(line, "only the first call of a curl command is read");
    }
}

/// The zone that `GET /zones?name=example.com` asks for.
fn zone_asked_for(found: &Recognised, url: &str) -> Option<ZoneName> {
    let is_list = found.operations.iter().any(|operation| operation.path() == "/zones");
    let (_, query) = url.split_once('?').filter(|_| is_list)?;
    let name = query.split(['&', '#']).find_map(|pair| pair.strip_prefix("name="))?;
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    plain.then(|| ZoneName::Name(name.to_ascii_lowercase()))
}

fn is_url(word: &str) -> bool {
    !word.contains(' ')
        && (word.starts_with("http") && word.contains("://")
            || word.starts_with("api.cloudflare.com")
            || word.contains("/client/v4/"))
}

/// Whether a word speaks of Cloudflare: a header that sends its token.
pub(super) fn names_cloudflare(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.contains("cloudflare") || word.contains("$cf_") || word.contains("x-auth-key")
}
