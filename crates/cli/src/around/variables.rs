//! What a command finds in its environment, so that its calls go through the proxy: pure, but for what is handed in.

use flarekeep_cloudflare::DEFAULT_BASE_URL;
use flarekeep_proxy::is_concerned_by;

/// Variables that say all that is trusted; what they name is replaced.
const ALL_TRUSTED: [&str; 3] = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
/// The same, of which some programs in Go fail where it is set (the AWS SDK for Go, with a client of the program's own):
/// replaced where it is set, and left alone where not. boto3 and awscli take `REQUESTS_CA_BUNDLE` as well.
const ALL_TRUSTED_IF_SET: [&str; 1] = ["AWS_CA_BUNDLE"];
/// Variables that say what is trusted beside the system's roots.
const ALSO_TRUSTED: [&str; 2] = ["NODE_EXTRA_CA_CERTS", "DENO_CERT"];
/// Variables that would send calls past the proxy.
const BASE_URLS: [&str; 2] = ["CLOUDFLARE_API_BASE_URL", "CLOUDFLARE_BASE_URL"];
/// This machine itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The variables that name files of certificates already, which stay trusted.
pub(super) fn named_files(set: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let names = ALL_TRUSTED.iter().chain(&ALL_TRUSTED_IF_SET).chain(&ALSO_TRUSTED);
    let mut files: Vec<String> = names.filter_map(|name| set(name)).filter(|file| !file.is_empty()).collect();
    files.sort();
    files.dedup();
    files
}

/// What the proxy is to its command.
#[derive(Debug)]
pub(super) struct Way<'a> {
    /// With the secret.
    pub(super) proxy: &'a str,
    /// All that is trusted.
    pub(super) all: &'a str,
    /// What is trusted beside the system's roots.
    pub(super) beside: &'a str,
    /// The API's address at the proxy, where clients are to be given it.
    pub(super) api: Option<&'a str>,
}

/// The variables that are set for the command, where `set` says what it would find otherwise. A `.env` in its folder says
/// what `dot_env` says.
pub(super) fn variables(
    way: &Way<'_>,
    set: impl Fn(&str) -> Option<String>,
    dot_env: impl Fn(&str) -> bool,
) -> Vec<(&'static str, String)> {
    let mut variables = vec![("HTTPS_PROXY", way.proxy.to_owned()), ("https_proxy", way.proxy.to_owned())];
    let kept = not_proxied(&set("no_proxy").or_else(|| set("NO_PROXY")).unwrap_or_default());
    variables.extend(["NO_PROXY", "no_proxy"].map(|name| (name, kept.clone())));
    variables.extend(ALL_TRUSTED.map(|name| (name, way.all.to_owned())));
    let present = ALL_TRUSTED_IF_SET.into_iter().filter(|name| set(name).is_some());
    variables.extend(present.map(|name| (name, way.all.to_owned())));
    variables.extend(ALSO_TRUSTED.map(|name| (name, way.beside.to_owned())));
    // Node's own `fetch`, which asks for no proxy otherwise.
    variables.push(("NODE_USE_ENV_PROXY", "1".to_owned()));
    let redirecting = BASE_URLS.into_iter().filter(|name| way.api.is_some() || set(name).is_some() || dot_env(name));
    variables.extend(redirecting.map(|name| (name, way.api.unwrap_or(DEFAULT_BASE_URL).to_owned())));
    variables
}

/// The hosts that are gone to straight: those that were, less Cloudflare's, and this machine.
fn not_proxied(list: &str) -> String {
    let kept = list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty() && !is_concerned_by(entry));
    let mut hosts: Vec<&str> = kept.collect();
    let more: Vec<&str> = LOOPBACK.into_iter().filter(|host| !hosts.contains(host)).collect();
    hosts.extend(more);
    hosts.join(",")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const WAY: Way<'static> =
        Way { proxy: "http://u:s@127.0.0.1:1", all: "/run/all.pem", beside: "/run/beside.pem", api: None };

    fn made(present: &[(&str, &str)], dot_env: &[&str]) -> BTreeMap<&'static str, String> {
        let set = |name: &str| present.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
        variables(&WAY, set, |name| dot_env.contains(&name)).into_iter().collect()
    }

    #[test]
    fn runtimes_find_the_proxy_and_its_authority() {
        let made = made(&[], &[]);
        for name in ["HTTPS_PROXY", "https_proxy"] {
            assert_eq!(made[name], WAY.proxy);
        }
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
            assert_eq!(made[name], WAY.all);
        }
        assert_eq!((made["NODE_EXTRA_CA_CERTS"].as_str(), made["NODE_USE_ENV_PROXY"].as_str()), (WAY.beside, "1"));
        assert_eq!(made["no_proxy"], "localhost,127.0.0.1,::1");
        assert!(!made.contains_key("AWS_CA_BUNDLE") && !made.contains_key("CLOUDFLARE_BASE_URL"));
    }

    #[test]
    fn what_would_lead_past_the_proxy_does_not() {
        let present = [
            ("NO_PROXY", "10.0.0.0/8, .example.com,.cloudflare.com,*,127.0.0.1"),
            ("AWS_CA_BUNDLE", "/own.pem"),
            ("CLOUDFLARE_BASE_URL", "http://127.0.0.1:8787/client/v4"),
        ];
        let made = made(&present, &["CLOUDFLARE_API_BASE_URL"]);
        assert_eq!(made["NO_PROXY"], "10.0.0.0/8,.example.com,127.0.0.1,localhost,::1");
        assert_eq!(made["AWS_CA_BUNDLE"], WAY.all);
        for name in BASE_URLS {
            assert_eq!(made[name], DEFAULT_BASE_URL);
        }
    }

    #[test]
    fn files_that_are_named_stay_trusted() {
        let files = named_files(|name| match name {
            "SSL_CERT_FILE" | "CURL_CA_BUNDLE" => Some("/own.pem".to_owned()),
            "NODE_EXTRA_CA_CERTS" => Some("/node.pem".to_owned()),
            "DENO_CERT" => Some(String::new()),
            _ => None,
        });
        assert_eq!(files, ["/node.pem", "/own.pem"]);
    }
}
