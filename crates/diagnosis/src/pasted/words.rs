//! Errors as tools write them in their sentences.
//!
//! | form | who writes so |
//! |---|---|
//! | `Authentication error [code: 10000]` | wrangler 2 and later |
//! | `Code 10000: Authentication error` | wrangler 1, scripts |
//! | `HTTP status 403: Authentication error (10000)` | cloudflare-go before 1.0: Terraform until 4, Pulumi, lego, external-dns |
//! | `code: 10000, reason: Authentication error`, `code=10000 message=…` | cloudflared, origin-ca-issuer |
//! | `[{Code:6003 Message:Invalid request headers ErrorChain:[{Code:6111 …` | Caddy |
//! | `Error: 9109: Invalid access token`, `<- 6111: …` | cert-manager |
//! | `Error determining zone_id: 6003 Invalid request headers.` | certbot |

use super::clean;
use crate::refusal::Said;

/// Words of which an error's message has at least one: a number in brackets behind anything else is no code.
const TELLING: &[&str] = &[
    "authenti",
    "authoriz",
    "permission",
    "invalid",
    "unknown",
    "not found",
    "allowed",
    "denied",
    "missing",
    "token",
    "header",
    "access",
    "route",
    "quota",
    "limit",
    "entitl",
    "error",
    "fail",
    "forbidden",
    "support",
    "must",
    "cannot",
    "unable",
    "not ",
    "enable",
    "wait",
    "actor",
];

/// What answers say, where a tool passes on the words without their code (reference: Cloudflare's messages, as threads
/// about each tool show them).
const PHRASES: &[&str] = &[
    "Authentication error",
    "Invalid request headers",
    "Invalid access token",
    "Invalid API Token",
    "Unauthorized to access requested resource",
    "Cannot use the access token from location",
    "Max auth failures reached",
    "Unknown X-Auth-Key or X-Auth-Email",
    "Invalid format for Authorization header",
    "Invalid format for X-Auth-Key header",
    "does not support account owned tokens",
    "not allowed for the api_token authentication scheme",
    "insufficient permissions",
    "consider throttling your request speed",
    "perhaps your object identifier is invalid",
    "Unable to authenticate request",
    "requires permission 'com.cloudflare.api.",
    "You are being rate limited",
    "Failed common permission check",
    "exceeded available rate limit retries",
    // As people say it who pass on no message at all.
    "Rate limit exceeded",
    "Token not found",
    "Invalid zone ID",
    "Invalid zone identifier",
    "Expired token",
    // What tools say whose list of zones held none by this name.
    "Unable to determine zone_id",
    "ould not find zone",
    "zone could not be found",
    // Pages of Cloudflare's edge, which answers before the API does.
    "you have been blocked",
    "Attention Required! | Cloudflare",
    "Just a moment...",
];

/// Numbers of the edge's pages, which have no words beside them: `error code: 1020`.
const PAGES: [i64; 8] = [1006, 1007, 1008, 1009, 1010, 1012, 1015, 1020];

/// How many errors one line can hold.
const MOST: usize = 8;
/// At how many places of a line a code is looked for.
const MOST_LOOKS: usize = 64;

/// The errors of a line that have codes. `before` is the line before, whose sentence may go on here.
pub(super) fn coded(line: &str, before: &str) -> Vec<Said> {
    if line.contains("rror 1015") {
        // The page that the edge shows.
        return vec![said(1015, "You are being rate limited".to_owned())];
    }
    let forms: [&dyn Fn() -> Vec<Said>; 5] =
        [&|| wrangler(line, before), &|| structs(line), &|| named(line), &|| bracketed(line), &|| leading(line)];
    forms.iter().map(|form| form()).find(|found| !found.is_empty()).unwrap_or_default()
}

/// What a line says of an error without its code: the phrase and what follows it.
pub(super) fn phrase(line: &str) -> Option<Said> {
    let at = PHRASES.iter().filter_map(|phrase| line.find(phrase)).min()?;
    // A page's tags are none of its words.
    let begins = sentence(line.get(..at)?).rsplit('>').next().unwrap_or_default().len();
    let start = at - begins.min(at);
    let text = line.get(start..)?;
    let end = text.find(['{', '\n', '"', '<']).filter(|end| *end > begins).unwrap_or(text.len());
    Some(Said { message: clean::message(text.get(..end)?), ..Said::default() })
}

/// `MESSAGE [code: 10000]`
fn wrangler(line: &str, before: &str) -> Vec<Said> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((message, behind)) = rest.split_once("[code: ").filter(|_| found.len() < MOST) {
        let (code, tail) = digits(behind);
        rest = tail.strip_prefix(']').unwrap_or(tail);
        let Some(code) = code else { continue };
        let message = message.rsplit("[ERROR]").next().unwrap_or_default();
        let goes_on = found.is_empty() && message.trim_start().starts_with(|c: char| c.is_ascii_lowercase());
        let message = match goes_on {
            true => clean::message(&format!("{before} {message}")),
            false => clean::message(message),
        };
        found.push(said(code, message));
    }
    found
}

/// `{Code:6003 Message:Invalid request headers ErrorChain:[…]}`
fn structs(line: &str) -> Vec<Said> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((_, behind)) = rest.split_once("{Code:").filter(|_| found.len() < MOST) {
        let (code, tail) = digits(behind);
        rest = tail;
        let message = tail.strip_prefix(" Message:").and_then(|text| text.split(['}', '{']).next());
        let message = message.map(|text| text.split(" ErrorChain:").next().unwrap_or(text));
        if let (Some(code), Some(message)) = (code, message) {
            found.push(said(code, clean::message(message)));
        }
    }
    found
}

/// `code: 10000, reason: Authentication error`, `code=10000 message=…`, `Code 10000: …`, `error code: 1015`
fn named(line: &str) -> Vec<Said> {
    let mut from = 0;
    for _ in 0..MOST_LOOKS {
        let Some(at) = find_ignoring_case(line, from, "code") else { break };
        from = at + "code".len();
        let before = line.get(..at).unwrap_or_default();
        let behind = line.get(from..).unwrap_or_default();
        let (code, rest) = digits(behind.trim_start_matches([' ', ':', '=']));
        let before = before.trim_end();
        let status = before.len().checked_sub("status".len()).and_then(|at| before.get(at..));
        let status = status.is_some_and(|word| word.eq_ignore_ascii_case("status"));
        let Some(code) = code.filter(|code| !status && !(100..600).contains(code) && behind.len() > rest.len()) else {
            continue;
        };
        let rest = rest.trim_start_matches([',', ':', ';', ' ', ']', ')']);
        let rest = ["reason:", "message:", "message="].iter().find_map(|name| rest.strip_prefix(name)).unwrap_or(rest);
        let message = rest.split(['"', '{']).next().unwrap_or_default();
        let message = clean::message(message);
        if is_telling(&message) || PAGES.contains(&code) && line.contains("rror code: ") {
            return vec![said(code, message)];
        }
    }
    Vec::new()
}

/// `… : Authentication error (10000)`
fn bracketed(line: &str) -> Vec<Said> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, _) in line.match_indices('(').take(MOST_LOOKS) {
        let behind = line.get(at + 1..).unwrap_or_default();
        let (code, rest) = digits(behind);
        let Some(code) = code.filter(|code| rest.starts_with(')') && (*code >= 1000 || *code == 971)) else { continue };
        let message = sentence(line.get(start..at).unwrap_or_default());
        start = at;
        let message = clean::message(message.trim_start_matches(|c: char| c == ')' || c == ',' || c.is_ascii_digit()));
        if is_telling(&message) && found.len() < MOST {
            found.push(said(code, message));
        }
    }
    found
}

/// `…: 6003 Invalid request headers.`, `Error: 9109: Invalid access token`, `<- 6111: …`
fn leading(line: &str) -> Vec<Said> {
    for (at, separator) in line.match_indices(": ").chain(line.match_indices("<- ")).take(MOST_LOOKS) {
        let (code, rest) = digits(line.get(at + separator.len()..).unwrap_or_default());
        let message = rest.strip_prefix(": ").or_else(|| rest.strip_prefix(' ')).unwrap_or_default();
        let Some(code) = code.filter(|code| *code >= 1000 || *code == 0 || *code == 971) else { continue };
        if message.starts_with(|c: char| c.is_ascii_uppercase()) && is_telling(message) {
            // certbot's own advice follows the answer's words.
            let end = message.find(". Please").or_else(|| message.find(['{', '"', '\n'])).unwrap_or(message.len());
            return vec![said(code, clean::message(message.get(..end).unwrap_or_default()))];
        }
    }
    Vec::new()
}

/// The end of a text from where its last sentence begins: behind a colon, or a mark.
fn sentence(text: &str) -> &str {
    let start =
        [": ", "] ", "✘ ", "\" ", "=\""].iter().filter_map(|mark| text.rfind(mark).map(|at| at + mark.len())).max();
    start.and_then(|start| text.get(start..)).unwrap_or(text)
}

fn is_telling(message: &str) -> bool {
    let start = message.char_indices().nth(200).map_or(message.len(), |(at, _)| at);
    let lower = message.get(..start).unwrap_or_default().to_ascii_lowercase();
    TELLING.iter().any(|word| lower.contains(word))
}

fn said(code: i64, message: String) -> Said {
    Said { code: Some(code), message, ..Said::default() }
}

/// The number of at most six digits that a text begins with, and the rest.
fn digits(text: &str) -> (Option<i64>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    (number.parse().ok().filter(|_| number.len() <= 6), rest)
}

fn find_ignoring_case(text: &str, from: usize, word: &str) -> Option<usize> {
    let bytes = text.as_bytes().get(from..)?;
    bytes.windows(word.len()).position(|window| window.eq_ignore_ascii_case(word.as_bytes())).map(|at| at + from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(line: &str) -> Vec<String> {
        let shown = |said: &Said| format!("{} {}", said.code.unwrap_or(-1), said.message);
        coded(line, "Could not route to /x, perhaps your object").iter().map(shown).collect()
    }

    #[test]
    fn each_tools_form_is_read() {
        for (line, expected) in [
            ("  Authentication error [code: 10000]", "10000 Authentication error"),
            (
                "  - Invalid format for Authorization header [code: 6111]",
                "6111 Invalid format for Authorization header",
            ),
            (
                "  identifier is invalid? [code: 7003]",
                "7003 Could not route to /x, perhaps your object identifier is invalid?",
            ),
            ("⚠️  Code 10000: Authentication error", "10000 Authentication error"),
            ("Error: error creating DNS record: Authentication error (10000)", "10000 Authentication error"),
            ("HTTP status 403: Unknown X-Auth-Key or X-Auth-Email (9103)", "9103 Unknown X-Auth-Key or X-Auth-Email"),
            ("Failed to list tunnels: code: 10000, reason: Authentication error", "10000 Authentication error"),
            (
                "\"error\":\"Cloudflare API Error code=10000 message=Authentication error\",\"x\":1",
                "10000 Authentication error",
            ),
            ("Error determining zone_id: 6003 Invalid request headers. Please confirm", "6003 Invalid request headers"),
            ("  Error: 9109: Invalid access token", "9109 Invalid access token"),
            ("error code: 1015", "1015 "),
            ("<title>Error 1015</title><h1>Error 1015</h1>", "1015 You are being rate limited"),
            (
                "got error status: HTTP 403: [{Code:9109 Message:Invalid access token ErrorChain:[]}]",
                "9109 Invalid access token",
            ),
        ] {
            assert_eq!(codes(line), [expected], "{line}");
        }
        let chain =
            "HTTP 400: [{Code:6003 Message:Invalid request headers ErrorChain:[{Code:6111 Message:Invalid format}]}]";
        assert_eq!(codes(chain), ["6003 Invalid request headers", "6111 Invalid format"]);
    }

    #[test]
    fn other_numbers_are_no_codes() {
        for line in [
            "Total Upload: 415 KiB",
            "copyright (2024)",
            "HTTP status code: 403",
            "Error code: 403 - {}",
            "exit code 1",
            "Invalid value (12)",
            "line: 5000 rows",
        ] {
            assert_eq!(codes(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn words_without_a_code_are_known() {
        let line = "octodns_cloudflare.CloudflareAuthenticationError: Unauthorized to access requested resource";
        assert_eq!(phrase(line).unwrap().message, "Unauthorized to access requested resource");
        let line = "Error: 0: Actor 'com.cloudflare.api.token.x' requires permission 'com.cloudflare.api.account.zone.list' to list zones";
        assert!(phrase(line).unwrap().message.starts_with("Actor 'com"));
        assert_eq!(phrase("all is well"), None);
    }
}
