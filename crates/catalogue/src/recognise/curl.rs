//! curl commands. Values of options (headers, bodies, credentials) are passed over unread.

use super::call::{Said, located};
use super::{RecogniseError, Recognised, Remark, Subject, shell};
use crate::operation::Method;

/// The words behind `curl`, where the text holds such a command.
pub(super) fn words(text: &str) -> Option<Vec<String>> {
    let is_curl = |word: &str| {
        let name = word.rsplit(['/', '\\']).next().unwrap_or(word).trim_start_matches('@');
        matches!(name, "curl" | "curl.exe" | "$(curl")
    };
    if !text.contains("curl") {
        return None;
    }
    shell::words_after(text, is_curl)
}

/// The call that the command makes first.
pub(super) fn recognise(words: Vec<String>) -> Result<Recognised, RecogniseError> {
    let mut request = Request::default();
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        if word == "--next" || word == "-:" {
            request.more = true;
            break;
        }
        match word.strip_prefix("--") {
            Some("") => {}
            Some(long) => request.long(long, &mut words),
            None => match word.strip_prefix('-').filter(|rest| !rest.is_empty()) {
                Some(short) => request.short(short, &mut words),
                None => request.target(word),
            },
        }
    }
    let (said, mut remarks) = request.said();
    remarks.extend(request.more.then_some(Remark::FirstOnly));
    let url = request.url.ok_or(RecogniseError::NoUrl)?;
    let mut found = located(Subject::Curl, said, &url, remarks)?;
    // curl does send GET: nothing is assumed.
    found.remarks.retain(|remark| *remark != Remark::AssumedGet);
    if !matches!(said, Said::Nothing) {
        found.others.clear();
    }
    Ok(found)
}

/// What the options say of the request.
#[derive(Default)]
struct Request {
    method: Option<String>,
    body: bool,
    upload: bool,
    get: bool,
    head: bool,
    url: Option<String>,
    more: bool,
}

impl Request {
    fn said(&self) -> (Said, Vec<Remark>) {
        match &self.method {
            Some(method) => match method.parse::<Method>() {
                Ok(read) if method.eq_ignore_ascii_case("HEAD") => (Said::Method(read), vec![Remark::HeadIsGet]),
                Ok(read) => (Said::Method(read), Vec::new()),
                Err(()) => (Said::Nothing, vec![Remark::UnreadMethod]),
            },
            None if self.head => (Said::Method(Method::Get), vec![Remark::HeadIsGet]),
            None if self.get => (Said::Method(Method::Get), Vec::new()),
            None if self.upload => (Said::Method(Method::Put), vec![Remark::UploadMeansPut]),
            None if self.body => (Said::Method(Method::Post), vec![Remark::BodyMeansPost]),
            None => (Said::Method(Method::Get), Vec::new()),
        }
    }

    /// A long option, and its value behind `=` or in the next word.
    fn long(&mut self, option: &str, words: &mut impl Iterator<Item = String>) {
        let (name, attached) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (option, None),
        };
        match name {
            "get" => self.get = true,
            "head" => self.head = true,
            _ if takes_value(name) => {
                let value = attached.or_else(|| words.next()).unwrap_or_default();
                match name {
                    "request" => self.method = Some(value),
                    "url" => self.target(value),
                    "upload-file" => self.upload = true,
                    "json" => self.body = true,
                    _ if name.starts_with("data") || name.starts_with("form") => self.body = true,
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// A run of short options, as in `-sSXPOST`: the first that takes a value has the rest, or the next word.
    fn short(&mut self, options: &str, words: &mut impl Iterator<Item = String>) {
        for (at, option) in options.char_indices() {
            match option {
                'G' => self.get = true,
                'I' => self.head = true,
                _ if SHORT_WITH_VALUE.contains(option) => {
                    let attached = options.get(at + option.len_utf8()..).filter(|rest| !rest.is_empty());
                    let value = attached.map(str::to_owned).or_else(|| words.next()).unwrap_or_default();
                    match option {
                        'X' => self.method = Some(value),
                        'd' | 'F' => self.body = true,
                        'T' => self.upload = true,
                        _ => {}
                    }
                    return;
                }
                _ => {}
            }
        }
    }

    /// A word that is no option: a URL, if it looks like one. It may be the value of an option that is not known here.
    fn target(&mut self, word: String) {
        if !word.contains('/') {
            return;
        }
        match self.url.as_deref().map(is_url) {
            None => self.url = Some(word),
            Some(false) if is_url(&word) => self.url = Some(word),
            Some(_) => self.more |= is_url(&word),
        }
    }
}

fn is_url(word: &str) -> bool {
    word.contains("://") || word.contains("/client/v4/") || word.starts_with("api.cloudflare.com")
}

/// The short options of curl that take a value (its manual page).
const SHORT_WITH_VALUE: &str = "AbcCdDeEFhHKmoPQrtTuUwxXyYz";

/// Whether a long option of curl takes a value (its manual page).
fn takes_value(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "abstract-unix-socket",
        "aws-sigv4",
        "cacert",
        "capath",
        "cert",
        "cert-type",
        "ciphers",
        "config",
        "connect-timeout",
        "connect-to",
        "cookie",
        "cookie-jar",
        "create-file-mode",
        "crlfile",
        "curves",
        "dns-servers",
        "doh-url",
        "dump-header",
        "ech",
        "engine",
        "etag-compare",
        "etag-save",
        "expect100-timeout",
        "happy-eyeballs-timeout-ms",
        "haproxy-clientip",
        "header",
        "hostpubmd5",
        "interface",
        "ipfs-gateway",
        "json",
        "keepalive-time",
        "key",
        "key-type",
        "limit-rate",
        "local-port",
        "max-filesize",
        "max-redirs",
        "max-time",
        "netrc-file",
        "noproxy",
        "oauth2-bearer",
        "output",
        "output-dir",
        "parallel-max",
        "pass",
        "pinnedpubkey",
        "preproxy",
        "proto",
        "proto-default",
        "proto-redir",
        "proxy",
        "proxy-cacert",
        "proxy-cert",
        "proxy-header",
        "proxy-key",
        "proxy-pass",
        "proxy-user",
        "pubkey",
        "random-file",
        "range",
        "rate",
        "referer",
        "request",
        "request-target",
        "resolve",
        "retry",
        "retry-delay",
        "retry-max-time",
        "socks4",
        "socks5",
        "socks5-hostname",
        "speed-limit",
        "speed-time",
        "stderr",
        "time-cond",
        "tls-max",
        "tls13-ciphers",
        "tlsuser",
        "tlspassword",
        "trace",
        "trace-ascii",
        "unix-socket",
        "upload-file",
        "url",
        "url-query",
        "user",
        "user-agent",
        "variable",
        "write-out",
    ];
    let body = matches!(name.split('-').next(), Some("data" | "form")) && name != "form-escape";
    body || NAMES.contains(&name)
}
