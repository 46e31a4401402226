//! What a line says of a request or an answer.

use flarekeep_catalogue::Method;

/// The longest address that is kept, in bytes.
const LONGEST_TARGET: usize = 2048;
/// How many words of a line are looked at.
const MOST_WORDS: usize = 400;
/// The words that stand beside a status.
const REASONS: &[&str] = &[
    "Forbidden",
    "Unauthorized",
    "Bad",
    "Client",
    "Not",
    "Too",
    "Method",
    "Conflict",
    "Internal",
    "Service",
    "Gateway",
    "Error",
    "AccessDenied",
    "SignatureDoesNotMatch",
];

/// A request that a line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// The method, in any case, where the line says it.
    pub(super) method: Option<String>,
    /// A URL or a path, as it stands there.
    pub(super) target: String,
}

/// The request that a line names. `method` is one that stood alone in the line before.
pub(super) fn asked(line: &str, method: Option<&str>) -> Option<Asked> {
    if let Some((_, rest)) = line.split_once("A request to the Cloudflare API (") {
        let path = rest.split(") failed").next().unwrap_or(rest).split(')').next().unwrap_or_default();
        return path.starts_with('/').then(|| asked_at(None, path));
    }
    let mut before = "";
    for raw in line.split(|c: char| c.is_whitespace() || c == '<' || c == '>').take(MOST_WORDS) {
        let word = raw.trim_matches(around);
        if word.is_empty() {
            continue;
        }
        let named = is_method(before).then_some(before).or(method);
        let url = word.find("https://").or_else(|| word.find("http://")).and_then(|at| word.get(at..));
        if let Some(url) = url.filter(|url| url.contains("/client/v4/") || url.contains(".r2.cloudflarestorage.com")) {
            return Some(asked_at(named, url.split(['\'', '"', '`', '\\']).next().unwrap_or(url)));
        }
        let path = word.starts_with("/client/v4/")
            || ["/zones", "/accounts", "/user", "/memberships"].iter().any(|root| begins(word, root))
                && (is_method(before) || line.contains("loudflare"));
        let wire = is_method(before) && word.starts_with('/') && line.contains(" HTTP/");
        if path || wire {
            return Some(asked_at(named, word));
        }
        before = word;
    }
    None
}

/// A method that stands alone in a line, as `acme.sh` writes it: `[Tue Aug 4 06:11:51 UTC 2020] GET`.
pub(super) fn lone_method(line: &str) -> Option<&str> {
    let last = line.split_ascii_whitespace().next_back()?;
    let alone = line.trim() == last || line.trim_end().strip_suffix(last).is_some_and(|rest| rest.ends_with("] "));
    (alone && last.bytes().all(|byte| byte.is_ascii_uppercase()) && is_method(last)).then_some(last)
}

/// The status that a line names: any behind `HTTP/`, else one of a failure that stands where statuses do.
pub(super) fn status(line: &str) -> Option<u16> {
    if line.contains("Connection established") || line.contains("Connection Established") {
        return None;
    }
    let mut before = "";
    let mut words =
        line.split(|c: char| c.is_whitespace() || "=,".contains(c)).filter(|word| !word.is_empty()).peekable();
    let mut looked = 0;
    while let Some(raw) = words.next() {
        looked += 1;
        if looked > MOST_WORDS {
            return None;
        }
        let word = raw.trim_matches(around);
        if word.len() == 3
            && let Ok(status) = word.parse::<u16>()
            && (100..600).contains(&status)
        {
            let lower = before.trim_matches(around).to_ascii_lowercase();
            let wire = lower.starts_with("http/");
            let behind = words.peek().map(|word| word.trim_matches(around));
            let named = [
                "http",
                "status",
                "code",
                "statuscode",
                "status_code",
                "api",
                "error",
                "response",
                "status:",
                "状态码",
                "返回状态码",
            ]
            .iter()
            .any(|name| lower.trim_end_matches(':') == *name)
                || behind.is_some_and(|behind| REASONS.contains(&behind))
                || REASONS.contains(&before.trim_matches(around));
            let failure = status >= 400;
            if wire && status >= 200 || failure && named && !raw.starts_with("[code") {
                return Some(status);
            }
        }
        // `StatusCode:403`, `返回状态码:400`
        if let Some((name, number)) = word.rsplit_once(':')
            && number.len() == 3
            && let Ok(status @ 400..600) = number.parse::<u16>()
            && name.to_ascii_lowercase().ends_with("code")
        {
            return Some(status);
        }
        before = raw;
    }
    None
}

/// A header: its name in lower case, and what follows the colon, spaces at the end included.
pub(super) fn header(line: &str) -> Option<(String, &str)> {
    let line = line.trim_start().trim_start_matches(['<', '>', '|']).trim_start();
    let (name, value) = line.split_once(':')?;
    let fits = (3..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let name = name.to_ascii_lowercase();
    let known = matches!(name.as_str(), "authorization" | "x-auth-key" | "x-auth-email" | "retry-after" | "host");
    (fits && known).then_some((name, value))
}

pub(super) fn is_method(word: &str) -> bool {
    let one_case = |case: fn(&u8) -> bool| word.bytes().all(|byte| case(&byte));
    (3..=6).contains(&word.len())
        && (one_case(u8::is_ascii_uppercase) || one_case(u8::is_ascii_lowercase))
        && word.parse::<Method>().is_ok()
}

/// Whether a path begins with this segment.
fn begins(path: &str, segment: &str) -> bool {
    path.strip_prefix(segment).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

fn asked_at(method: Option<&str>, target: &str) -> Asked {
    let target = if target.len() <= LONGEST_TARGET { target } else { target.split('?').next().unwrap_or_default() };
    let target = if target.len() <= LONGEST_TARGET { target } else { "" };
    Asked { method: method.map(str::to_owned), target: target.to_owned() }
}

/// What stands around a word.
fn around(c: char) -> bool {
    "\"'`()[]{},;:.!?<>*│".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_known_in_many_tools_words() {
        let said = |line: &str| {
            asked(line, None).map(|asked| format!("{} {}", asked.method.unwrap_or_default(), asked.target))
        };
        for (line, expected) in [
            (
                "✘ [ERROR] A request to the Cloudflare API (/accounts/x/workers/scripts/a) failed.",
                " /accounts/x/workers/scripts/a",
            ),
            (
                "-- START CF API REQUEST: PUT https://api.cloudflare.com/client/v4/zones/x",
                "PUT https://api.cloudflare.com/client/v4/zones/x",
            ),
            (
                "POST \"https://api.cloudflare.com/client/v4/zones/x/dns_records\": 403 Forbidden",
                "POST https://api.cloudflare.com/client/v4/zones/x/dns_records",
            ),
            (
                "403 Client Error: Forbidden for url: https://api.cloudflare.com/client/v4/zones?name=a",
                " https://api.cloudflare.com/client/v4/zones?name=a",
            ),
            ("Cloudflare API Error for GET \"/zones?name=a\"", "GET /zones?name=a"),
            ("> PUT /client/v4/zones/x/settings/ssl HTTP/2", "PUT /client/v4/zones/x/settings/ssl"),
            ("Cloudflare API 403 on /zones/x/email/routing/dns: code 10000", " /zones/x/email/routing/dns"),
            (
                "urllib3: https://api.cloudflare.com:443 \"GET /client/v4/zones?name=a HTTP/1.1\" 400 None",
                "GET /client/v4/zones?name=a",
            ),
            ("> GET /bucket?list-type=2 HTTP/1.1", "GET /bucket?list-type=2"),
            (
                "url='https://api.cloudflare.com/client/v4/zones?name=a'",
                " https://api.cloudflare.com/client/v4/zones?name=a",
            ),
        ] {
            assert_eq!(said(line).as_deref(), Some(expected), "{line}");
        }
        for line in ["see https://developers.cloudflare.com/api/", "cd /user/local", "GET it done", ""] {
            assert_eq!(said(line), None, "{line}");
        }
        assert_eq!(lone_method("[Tue Aug  4 06:11:51 UTC 2020] GET"), Some("GET"));
        assert_eq!(lone_method("please GET"), None);
    }

    #[test]
    fn statuses_are_known_and_other_numbers_are_not() {
        for (line, expected) in [
            ("< HTTP/2 403", 403),
            ("HTTP/1.1 200 OK", 200),
            ("\"HTTP/1.1 403 Forbidden\"", 403),
            ("POST \"https://x\": 403 Forbidden {", 403),
            ("HTTP status 403: x", 403),
            ("Error code: 403 - {", 403),
            ("StatusCode: 403, RequestID", 403),
            ("\tstatus code: 403, request id:", 403),
            (" ,返回状态码: 400", 400),
            ("got error status: HTTP 403: [{", 403),
            ("403 Client Error: Forbidden", 403),
            ("-- START CF API RESPONSE: Forbidden 403", 403),
            ("Authentication failed (status: 400)", 400),
            ("zone_resp: <Response [403]>", 403),
        ] {
            assert_eq!(status(line), Some(expected), "{line}");
        }
        for line in ["< HTTP/1.1 200 Connection established", "415 KiB", "took 403 ms", "[code: 10000]", "line 403"] {
            assert_eq!(status(line), None, "{line}");
        }
    }
}
